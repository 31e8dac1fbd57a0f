//! Attention by typed calls: for programs that ask the same kind of question many times a second.
//!
//! A [`AttendSpec`] is a statement with a fixed form and parameters, so it is planned as that statement is, and what it
//! answers is what the statement answers. What it saves is the text: it is made once with the spec, and known by the
//! database from the first call on. Rows leave as ids and numbers, without the data of nodes.

mod spec;

use std::sync::Arc;

use rayon::prelude::*;

pub use self::spec::AttendSpec;
use super::{
    Database, Inner, Params, QueryOptions, ReadTransaction,
    execute::{self, Run},
};
use crate::{
    Error, Result,
    graph::Snapshot,
    model::{NodeId, Value},
    query::execute::{Execution, Limits, Source},
};

/// Questions of one call below which all are answered by the thread that asks: others would take as long to wake.
const THREADED_MIN: usize = 64;

/// Questions a thread takes at a time: few enough that all are busy to the end, enough that taking them costs nothing.
const QUESTIONS_AT_ONCE: usize = 16;

/// A node that was ranked.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Attended {
    /// Which node.
    pub node: NodeId,
    /// Its weight; those of all candidates sum to 1.
    pub score: f32,
    /// How alike it and the query are; none where it has no vector, or nothing was asked for.
    pub similarity: Option<f32>,
}

impl Database {
    /// Ranks what a spec asks for: the best first, of equal ones the one with the lower id.
    ///
    /// # Errors
    /// As the statement that the spec stands for ([`AttendSpec::statement`]).
    pub fn attend(&self, spec: &AttendSpec) -> Result<Vec<Attended>> {
        self.inner.check_open()?;
        one(&self.inner, &self.inner.engine.snapshot(), spec, &limits(&self.inner, None), None)
    }

    /// Answers many specs on one state of the graph, as [`attend`](Self::attend) answers each, in their order; with several
    /// threads where the options allow them. How many there are changes no answer.
    ///
    /// ```
    /// use attendb::{AttendSpec, Database, model::Direction};
    ///
    /// # fn main() -> attendb::Result<()> {
    /// let db = Database::memory()?;
    /// db.execute("CREATE EMBEDDING mood FOR (n:Npc) ON n.mood DIMENSION 2", ())?;
    /// db.execute("UNWIND range(1, 9) AS i CREATE (:Npc {id: i, mood: [i, 10 - i]})", ())?;
    /// db.execute("MATCH (a:Npc), (b:Npc) WHERE a <> b CREATE (a)-[:KNOWS]->(b)", ())?;
    ///
    /// // Made once for each agent, asked every frame.
    /// let agents: Vec<AttendSpec> = (1..10)
    ///     .map(|id| {
    ///         AttendSpec::key("Npc", "id", id).follow(["KNOWS"], Direction::Out).label("Npc").query_start().limit(3)
    ///     })
    ///     .collect();
    /// for ranked in db.attend_many(&agents) {
    ///     assert_eq!(ranked?.len(), 3);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn attend_many(&self, specs: &[AttendSpec]) -> Vec<Result<Vec<Attended>>> {
        self.attend_many_with(specs, &QueryOptions::default())
    }

    /// As [`attend_many`](Self::attend_many), with limits: of time, for all together; of rows and memory, for each. What is
    /// not answered in time fails with [`Error::Deadline`], and the rest is answered all the same.
    pub fn attend_many_with(&self, specs: &[AttendSpec], options: &QueryOptions) -> Vec<Result<Vec<Attended>>> {
        match self.inner.check_open() {
            Ok(()) => many(&self.inner, &self.inner.engine.snapshot(), specs, options),
            Err(_) => specs.iter().map(|_| Err(Error::Closed)).collect(),
        }
    }
}

impl ReadTransaction {
    /// As [`Database::attend`], on the graph as this transaction sees it.
    ///
    /// # Errors
    /// As [`Database::attend`].
    pub fn attend(&self, spec: &AttendSpec) -> Result<Vec<Attended>> {
        self.inner.check_open()?;
        one(&self.inner, &self.snapshot, spec, &limits(&self.inner, None), None)
    }

    /// As [`Database::attend_many_with`], on the graph as this transaction sees it.
    pub fn attend_many(&self, specs: &[AttendSpec], options: &QueryOptions) -> Vec<Result<Vec<Attended>>> {
        match self.inner.check_open() {
            Ok(()) => many(&self.inner, &self.snapshot, specs, options),
            Err(_) => specs.iter().map(|_| Err(Error::Closed)).collect(),
        }
    }
}

fn limits(inner: &Arc<Inner>, options: Option<&QueryOptions>) -> Limits {
    let none = Params::new();
    // A question is too small for several threads; many are shared out among them.
    Limits { threads: 1, ..Run { options, ..Run::new(inner, "", &none) }.limits() }
}

fn many(
    inner: &Arc<Inner>,
    snapshot: &Arc<Snapshot>,
    specs: &[AttendSpec],
    options: &QueryOptions,
) -> Vec<Result<Vec<Attended>>> {
    let limits = limits(inner, Some(options));
    let answer = |spec: &AttendSpec| {
        // A short question may end before it looks at the clock.
        execute::check(&limits)?;
        one(inner, snapshot, spec, &limits, Some(options))
    };
    if specs.len() < THREADED_MIN || inner.options.n_threads() <= 1 {
        return specs.iter().map(answer).collect();
    }
    inner.in_pool(|| specs.par_iter().with_min_len(QUESTIONS_AT_ONCE).map(answer).collect())
}

/// Answers a spec on a state of the graph.
fn one(
    inner: &Arc<Inner>,
    snapshot: &Arc<Snapshot>,
    spec: &AttendSpec,
    limits: &Limits,
    options: Option<&QueryOptions>,
) -> Result<Vec<Attended>> {
    let text = spec.statement();
    let run = Run { options, ..Run::new(inner, text, spec.params()) };
    let entry = inner.compiled(text, snapshot, run.notes())?;
    let plan = entry.plan.as_ref().expect("a query has a plan");
    if plan.writes || entry.columns.len() != spec::N_COLUMNS {
        // An expression that closes the bracket it stands in goes on as it likes.
        return Err(Error::NotAllowed { what: format!("an expression that ends the clause it stands in: {text}") });
    }
    let values = run.values(plan)?;
    let mut execution = entry.pool.take().unwrap_or_else(|| Execution::prepare(plan.clone()));
    execution.start(values, Source::Read(snapshot.clone()), limits.clone());
    if let Some(numbers) = spec.vector()
        && let Some(at) = plan.params.iter().position(|name| **name == *spec::QUERY)
    {
        execution.give_vector(at, numbers.clone());
    }
    let mut ranked = Vec::new();
    let done = collect(&mut execution, &mut ranked);
    if done.is_ok()
        && let Some(answer) = run.answer(&entry)
    {
        inner.note((answer, execution.take_attended()));
    }
    execution.finish();
    match done {
        Ok(()) => entry.pool.give_back(execution),
        Err(_) => execute::drop_apart(execution),
    }
    done.map(|()| ranked).map_err(|error| execute::locate(error, text))
}

fn collect(execution: &mut Execution, into: &mut Vec<Attended>) -> Result<()> {
    let float = |value: Value| value.as_float().map(|x| x as f32);
    while let Some(n) = execution.next_batch()?.map(|batch| batch.len) {
        into.reserve(n);
        for row in 0..n {
            // A row without a candidate, of an optional pattern, cannot be: every spec asks for what it finds.
            let Some(node) = execution.column(0).node(row) else { continue };
            let score = float(execution.column(1).get(row)).unwrap_or_default();
            let similarity = float(execution.column(2).get(row));
            into.push(Attended { node: NodeId::new(node), score, similarity });
        }
    }
    Ok(())
}

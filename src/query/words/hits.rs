//! What a full-text index finds, best first.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{count_option, unknown_option};
use crate::{
    QueryError, Result,
    graph::{Ready, Snapshot},
    model::{Node, NodeId, RelId, Relationship, Value},
    query::procedure::ProcedureRows,
    text::ask::Ask,
};

/// What `SEARCH` calls, by the name it has in plans.
pub(crate) const SEARCH: [&str; 2] = ["search nodes", "search relationships"];

/// How many hits a search asks for first where nobody knows how many are wanted, and how many times more then.
const FIRST_HITS: usize = 64;
const HITS_FACTOR: usize = 8;

/// `db.index.fulltext.queryNodes(name, query, options)`.
pub(crate) fn query_nodes(view: &Snapshot, args: Vec<Value>) -> Result<ProcedureRows> {
    query(view, &args, false)
}

/// `db.index.fulltext.queryRelationships(name, query, options)`.
pub(crate) fn query_relationships(view: &Snapshot, args: Vec<Value>) -> Result<ProcedureRows> {
    query(view, &args, true)
}

/// What `SEARCH` of nodes calls: as `query_nodes`, as many as are asked for.
pub(crate) fn search_nodes(view: &Snapshot, args: Vec<Value>) -> Result<ProcedureRows> {
    growing(view, &args, false)
}

/// What `SEARCH` of relationships calls.
pub(crate) fn search_relationships(view: &Snapshot, args: Vec<Value>) -> Result<ProcedureRows> {
    growing(view, &args, true)
}

fn query(view: &Snapshot, args: &[Value], of_relationships: bool) -> Result<ProcedureRows> {
    let (mut skip, mut limit) = (0, None);
    if let Some(Value::Map(options)) = args.get(2) {
        for (name, value) in options.iter() {
            match &**name {
                "skip" => skip = count_option(name, value)?.unwrap_or(0),
                "limit" => limit = count_option(name, value)?,
                name => return Err(unknown_option("db.index.fulltext.queryNodes", name, &["skip", "limit"])),
            }
        }
    }
    let Some((ready, ask)) = asked(view, args, of_relationships)? else { return Ok(Box::new(std::iter::empty())) };
    let k = limit.map_or(usize::MAX, |limit| limit.saturating_add(skip));
    let hits = ready.search(view, &ask, k, &mut |_| Ok(true))?;
    let rows = hits.into_iter().skip(skip).map(move |hit| Ok(row(hit.id, hit.score, of_relationships)));
    Ok(Box::new(rows))
}

fn growing(view: &Snapshot, args: &[Value], of_relationships: bool) -> Result<ProcedureRows> {
    let Some((ready, ask)) = asked(view, args, of_relationships)? else { return Ok(Box::new(std::iter::empty())) };
    let wanted = match args.get(2) {
        Some(Value::Int(n)) => usize::try_from(*n).unwrap_or(0).max(1),
        _ => FIRST_HITS,
    };
    Ok(Box::new(Growing {
        view: view.clone(),
        ready,
        ask,
        of_relationships,
        wanted: wanted.saturating_mul(2).max(FIRST_HITS),
        left: Vec::new(),
        seen: FxHashSet::default(),
        is_at_end: false,
    }))
}

/// Returns the index and what is asked of it; `None` where that is nothing.
fn asked(view: &Snapshot, args: &[Value], of_relationships: bool) -> Result<Option<(Arc<Ready>, Ask)>> {
    let (Some(Value::String(name)), Some(Value::String(text))) = (args.first(), args.get(1)) else { return Ok(None) };
    let ready = view.ready_fulltext(name)?;
    if ready.index().is_of_relationships() != of_relationships {
        let (has, wanted) = if of_relationships { ("nodes", "relationships") } else { ("relationships", "nodes") };
        let message = format!("the full-text index `{name}` is of {has}, not of {wanted}");
        return Err(QueryError::run("22N31", "ArgumentError", "InvalidArgumentValue", message).into());
    }
    Ok(Ready::understand(text)?.map(|ask| (ready, ask)))
}

fn row(id: u32, score: f32, of_relationships: bool) -> Vec<Value> {
    let entity = if of_relationships {
        Value::Relationship(Relationship { id: RelId::new(id), data: None })
    } else {
        Value::Node(Node { id: NodeId::new(id), data: None })
    };
    vec![entity, Value::Float(score.into())]
}

/// Hits until nobody asks for more: each time more of them, since what is done with them may throw most away.
struct Growing {
    view: Snapshot,
    ready: Arc<Ready>,
    ask: Ask,
    of_relationships: bool,
    wanted: usize,
    /// Worst first.
    left: Vec<crate::text::words::Hit>,
    seen: FxHashSet<u32>,
    is_at_end: bool,
}

impl Iterator for Growing {
    type Item = Result<Vec<Value>>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.left.is_empty() && !self.is_at_end {
            let seen = &self.seen;
            let hits = match self.ready.search(&self.view, &self.ask, self.wanted, &mut |id| Ok(!seen.contains(&id))) {
                Ok(hits) => hits,
                Err(error) => {
                    self.is_at_end = true;
                    return Some(Err(error));
                }
            };
            self.is_at_end = hits.len() < self.wanted;
            self.wanted = self.wanted.saturating_mul(HITS_FACTOR);
            self.seen.extend(hits.iter().map(|hit| hit.id));
            self.left.extend(hits.into_iter().rev());
        }
        let hit = self.left.pop()?;
        let mut row = row(hit.id, hit.score, self.of_relationships);
        if self.of_relationships {
            let record = match self.view.rel(RelId::new(hit.id)) {
                Ok(record) => record,
                Err(error) => return Some(Err(error)),
            };
            let node = |id| Value::Node(Node { id, data: None });
            row.push(record.map_or(Value::Null, |record| node(record.start)));
            row.push(record.map_or(Value::Null, |record| node(record.end)));
        }
        Some(Ok(row))
    }
}

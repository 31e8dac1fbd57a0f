//! The engine's side: the same graph in several places, and what a query says there.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind},
    path::Path,
    time::Duration,
};

use attendb::{Database, Error, Options, Params, Phase, Value, WriteTransaction};

use super::{
    graph::Graph,
    value::{self, V},
};

/// A statement that takes longer is left out.
const DEADLINE: Duration = Duration::from_secs(10);

/// Where, and how, a query is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In memory, with every rule of the optimizer.
    Memory,
    /// In memory, without the rules.
    #[cfg(feature = "crash")]
    Plain,
    /// Reopened from disk, everything in blocks; asked by a prepared statement, the second time.
    Cold,
    /// From disk, a part in blocks and changes above them.
    Layered,
    /// Inside a transaction that has made the last changes.
    Uncommitted,
}

pub(super) const PLACES: &[Place] = &[
    Place::Memory,
    #[cfg(feature = "crash")]
    Place::Plain,
    Place::Cold,
    Place::Layered,
    Place::Uncommitted,
];

thread_local! {
    /// Where this thread panicked last, and why.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Notes a panic, instead of printing it.
pub(super) fn note_panic(info: &PanicHookInfo<'_>) {
    PANIC.set(info.to_string());
}

/// What the engine says.
#[derive(Debug)]
pub(super) enum Said {
    Rows(Vec<Vec<V>>),
    /// The query failed with an error of this type, and detail.
    Error(String, String),
    /// It was refused before it ran.
    Refused(String),
    /// It reached a limit, or its deadline.
    Limit,
    /// It broke, or answered with what the graph does not hold.
    Broken(String),
}

/// The databases that hold one graph.
pub(super) struct Engines<'g> {
    graph: &'g Graph,
    memory: Database,
    uncommitted: RefCell<WriteTransaction>,
    disk: Option<(Database, Database)>,
}

impl<'g> Engines<'g> {
    /// Makes the databases; those on disk only with a folder.
    pub(super) fn new(graph: &'g Graph, folder: Option<&Path>) -> Result<Self, String> {
        let memory = Database::memory_with(options()).map_err(text)?;
        make(&memory, graph)?;
        let disk = match folder {
            None => None,
            Some(folder) => Some((cold(graph, &folder.join("cold"))?, layered(graph, &folder.join("layered"))?)),
        };
        Ok(Self { graph, memory, uncommitted: uncommitted(graph)?.into(), disk })
    }

    /// Asks a query at a place; `None` where the place was not made.
    pub(super) fn ask(&self, place: Place, query: &str) -> Option<Said> {
        let db = match (place, &self.disk) {
            (Place::Cold, disk) => &disk.as_ref()?.0,
            (Place::Layered, disk) => &disk.as_ref()?.1,
            _ => &self.memory,
        };
        #[cfg(feature = "crash")]
        attendb::fault::leave_out_rules(place == Place::Plain);
        // Plans are kept by text: a blank more is another text.
        #[cfg(feature = "crash")]
        let query = &if place == Place::Plain { format!("{query} ") } else { query.to_owned() };
        let said = catch_unwind(AssertUnwindSafe(|| self.said(db, query, place)));
        #[cfg(feature = "crash")]
        attendb::fault::leave_out_rules(false);
        Some(said.unwrap_or_else(|_| Said::Broken(PANIC.take())))
    }

    fn said(&self, db: &Database, query: &str, place: Place) -> Said {
        let rows = match place {
            Place::Cold => db.prepare(query).and_then(|statement| {
                let _ = statement.query(params()).map(Iterator::count);
                statement.query(params())?.collect::<attendb::Result<Vec<_>>>()
            }),
            Place::Uncommitted => {
                let rows = self.uncommitted.borrow_mut().query(query, params());
                rows.and_then(Iterator::collect)
            }
            _ => db.query(query, params()).and_then(Iterator::collect),
        };
        let rows = match rows {
            Ok(rows) => rows,
            Err(Error::Query(error)) if error.phase == Phase::Compile => return Said::Refused(error.to_string()),
            Err(Error::Query(error)) => return Said::Error(error.kind.into(), error.to_string()),
            Err(Error::Limit { .. } | Error::Deadline { .. }) => return Said::Limit,
            Err(error) => return Said::Broken(error.to_string()),
        };
        let rows = rows.iter().map(|row| row.values().iter().map(|value| self.value(value)).collect());
        rows.collect::<Result<_, _>>().map_or_else(Said::Broken, Said::Rows)
    }

    /// Returns the reference's value of an engine's; nodes and relationships must be as the graph has them.
    fn value(&self, value: &Value) -> Result<V, String> {
        let place = |id: Value| id.as_int().and_then(|id| usize::try_from(id).ok()).ok_or("an entity without id");
        Ok(match value {
            Value::Null => V::Null,
            Value::Bool(b) => V::Bool(*b),
            Value::Int(n) => V::Int(*n),
            Value::Float(x) => V::Float(*x),
            Value::String(s) => V::str(s),
            Value::Date(date) => V::Date(i64::from(date.days())),
            Value::Point(point) => match point.coordinates() {
                [x, y] => V::Point(*x, *y),
                _ => return Err(format!("{value} is of no plane")),
            },
            Value::List(items) => V::List(items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?),
            Value::Map(map) => {
                V::Map(map.iter().map(|(key, v)| Ok((key.to_string(), self.value(v)?))).collect::<Result<_, String>>()?)
            }
            Value::Node(node) => {
                let at = place(node.get("id"))?;
                let known = self.graph.nodes.get(at).ok_or("a node that is not in the graph")?;
                let mut labels: Vec<&str> = node.labels().iter().map(|label| &**label).collect();
                labels.sort_unstable();
                let props = node.data.as_ref().ok_or("a node without data")?.properties.iter();
                let same = labels == known.labels && self.same(props, &known.props)?;
                if same { V::Node(at) } else { return Err(format!("node {at} is {value}")) }
            }
            Value::Relationship(rel) => {
                let at = place(rel.get("id"))?;
                let known = self.graph.rels.get(at).ok_or("a relationship that is not in the graph")?;
                let props = rel.data.as_ref().ok_or("a relationship without data")?.properties.iter();
                let same = rel.rel_type() == known.kind && self.same(props, &known.props)?;
                if same { V::Rel(at) } else { return Err(format!("relationship {at} is {value}")) }
            }
            Value::Path(path) => {
                let nodes: Result<Vec<usize>, _> = path.nodes.iter().map(|node| place(node.get("id"))).collect();
                let rels: Result<Vec<usize>, _> = path.relationships.iter().map(|rel| place(rel.get("id"))).collect();
                V::Path(nodes?, rels?)
            }
            other => return Err(format!("an unknown value {other}")),
        })
    }

    fn same<'v>(
        &self,
        props: impl Iterator<Item = (&'v std::sync::Arc<str>, &'v Value)>,
        known: &[(&'static str, V)],
    ) -> Result<bool, String> {
        let mut n = 0;
        for (key, value) in props {
            n += 1;
            let value = self.value(value)?;
            if !known.iter().any(|(known, v)| *known == &**key && *v == value) {
                return Ok(false);
            }
        }
        Ok(n == known.len())
    }
}

fn options() -> Options {
    Options { deadline: Some(DEADLINE), ..Options::default() }
}

fn params() -> Params {
    let mut params = Params::new();
    for (at, value) in value::params().iter().enumerate() {
        params.set(format!("p{at}"), given(value));
    }
    params
}

fn given(value: &V) -> Value {
    match value {
        V::Bool(b) => Value::Bool(*b),
        V::Int(n) => Value::Int(*n),
        V::Float(x) => Value::Float(*x),
        V::Str(s) => s.as_str().into(),
        V::List(items) => Value::list(items.iter().map(given)),
        _ => Value::Null,
    }
}

fn text(error: Error) -> String {
    error.to_string()
}

fn run(db: &Database, statement: &str) -> Result<(), String> {
    db.execute(statement, ()).map(drop).map_err(|error| format!("{statement}: {error}"))
}

fn index(db: &Database, graph: &Graph) -> Result<(), String> {
    if graph.indexed {
        run(db, "CREATE INDEX FOR (n:A) ON (n.x)")?;
        run(db, "CREATE INDEX FOR (n:A) ON (n.m)")?;
        run(db, "CREATE INDEX FOR (n:B) ON (n.s)")?;
        run(db, "CREATE INDEX FOR (n:B) ON (n.d)")?;
        run(db, "CREATE CONSTRAINT FOR (n:C) REQUIRE n.id IS UNIQUE")?;
    }
    Ok(())
}

fn make(db: &Database, graph: &Graph) -> Result<(), String> {
    index(db, graph)?;
    run(db, &graph.create())
}

fn cold(graph: &Graph, path: &Path) -> Result<Database, String> {
    let _ = std::fs::remove_dir_all(path);
    let db = Database::open_with(path, options()).map_err(text)?;
    make(&db, graph)?;
    db.checkpoint().map_err(text)?;
    db.close().map_err(text)?;
    Database::open_with(path, options()).map_err(text)
}

/// Makes more than there is to be, and half of the relationships later; a checkpoint; then what is to be, by changes.
fn layered(graph: &Graph, path: &Path) -> Result<Database, String> {
    let _ = std::fs::remove_dir_all(path);
    let db = Database::open_with(path, options()).map_err(text)?;
    index(&db, graph)?;
    first_half(graph).iter().try_for_each(|statement| run(&db, statement))?;
    db.checkpoint().map_err(text)?;
    second_half(graph).iter().try_for_each(|statement| run(&db, statement))?;
    Ok(db)
}

/// As [`layered`], in memory, and the changes are not committed.
fn uncommitted(graph: &Graph) -> Result<WriteTransaction, String> {
    let db = Database::memory_with(options()).map_err(text)?;
    index(&db, graph)?;
    first_half(graph).iter().try_for_each(|statement| run(&db, statement))?;
    let mut transaction = db.write().map_err(text)?;
    for statement in second_half(graph) {
        transaction.execute(&statement, ()).map_err(|error| format!("{statement}: {error}"))?;
    }
    Ok(transaction)
}

fn first_half(graph: &Graph) -> [String; 2] {
    let mut first = graph.clone();
    first.rels.truncate(graph.rels.len() / 2);
    let create = format!("{}, (d:A:B {{id: 99, x: 1}})-[:R]->(n0), (n0)-[:S]->(d)", first.create());
    [create, "MATCH (n {id: 0}) SET n.x = 77, n:D".into()]
}

fn second_half(graph: &Graph) -> Vec<String> {
    let x = graph.nodes[0].props.iter().find(|(key, _)| *key == "x").map_or(V::Null, |(_, v)| v.clone());
    let mut statements = vec![
        "MATCH (n {id: 99}) DETACH DELETE n".to_owned(),
        format!("MATCH (n {{id: 0}}) SET n.x = {} REMOVE n:D", x.literal()),
    ];
    statements.extend(graph.rels[graph.rels.len() / 2..].iter().map(|rel| {
        let props: Vec<String> = rel.props.iter().map(|(key, v)| format!("{key}: {}", v.literal())).collect();
        let ends = format!("(a {{id: {}}}), (b {{id: {}}})", rel.start, rel.end);
        format!("MATCH {ends} CREATE (a)-[:{} {{{}}}]->(b)", rel.kind, props.join(", "))
    }));
    statements
}

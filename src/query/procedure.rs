//! The procedures that `CALL` knows: those built in, and those that the application adds.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    bind::{Element, Kind},
    host::HostCall,
    words,
};
use crate::{Error, QueryError, Result, graph::Snapshot, model::Value};

/// A procedure of the application, which statements run by `CALL`.
///
/// It gets its arguments, checked against their types, and gives rows with a value for each output. A procedure without
/// outputs is called for what it does; the row that called it goes on.
///
/// ```
/// use attendb::{Database, Procedure, ValueType};
///
/// # fn main() -> attendb::Result<()> {
/// let db = Database::memory()?;
/// db.register(
///     Procedure::new("text.words", |args| {
///         let words: Vec<_> = args[0].as_str().unwrap_or_default().split(' ').map(|word| Ok(vec![word.into()])).collect();
///         Ok(words)
///     })
///     .argument("text", ValueType::String)
///     .output("word", ValueType::String),
/// )?;
/// let words: Vec<(String,)> =
///     db.query("CALL text.words('to be or') YIELD word WHERE word <> 'or' RETURN word", ())?.collect_as()?;
/// assert_eq!(words, [("to".to_owned(),), ("be".to_owned(),)]);
/// # Ok(())
/// # }
/// ```
pub struct Procedure {
    name: Arc<str>,
    args: Vec<Field>,
    /// How many arguments must be given; those left out are null.
    n_required: usize,
    outputs: Vec<Field>,
    body: Body,
}

/// An argument or an output.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: Arc<str>,
    pub(crate) value_type: ValueType,
}

/// The type of an argument or output. Every type admits null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueType {
    /// Anything.
    Any,
    /// A boolean.
    Boolean,
    /// An integer.
    Integer,
    /// A float; an integer is converted.
    Float,
    /// An integer or a float.
    Number,
    /// A string.
    String,
    /// A date.
    Date,
    /// A list of anything.
    List,
    /// A map.
    Map,
    /// A node.
    Node,
    /// A relationship.
    Relationship,
    /// A path.
    Path,
}

/// The rows of one call.
pub(crate) type ProcedureRows = Box<dyn Iterator<Item = Result<Vec<Value>>> + Send>;

enum Body {
    BuiltIn(fn(&Snapshot) -> Vec<Value>),
    Reads(fn(&Snapshot, Vec<Value>) -> Result<ProcedureRows>),
    Host(Box<dyn Fn(Vec<Value>) -> Result<ProcedureRows> + Send + Sync>),
    /// One of the database itself.
    Own(HostCall),
}

impl Procedure {
    /// Returns a procedure of this name (`namespace.name`) that runs `body`, as yet without arguments and outputs.
    ///
    /// The body runs while the statement does, maybe in several threads at once, and the rows it gives are read one by one:
    /// it must not write to the same database, which would wait for the statement that calls it.
    pub fn new<F, I>(name: impl AsRef<str>, body: F) -> Self
    where
        F: Fn(Vec<Value>) -> Result<I> + Send + Sync + 'static,
        I: IntoIterator<Item = Result<Vec<Value>>>,
        I::IntoIter: Send + 'static,
    {
        let body = move |args| Ok(Box::new(body(args)?.into_iter()) as ProcedureRows);
        let body = Body::Host(Box::new(body));
        Self { name: name.as_ref().into(), args: Vec::new(), n_required: 0, outputs: Vec::new(), body }
    }

    /// Adds an argument after the others.
    pub fn argument(mut self, name: impl AsRef<str>, value_type: ValueType) -> Self {
        self.args.push(Field { name: name.as_ref().into(), value_type });
        self.n_required = self.args.len();
        self
    }

    /// Adds an output after the others.
    pub fn output(mut self, name: impl AsRef<str>, value_type: ValueType) -> Self {
        self.outputs.push(Field { name: name.as_ref().into(), value_type });
        self
    }

    fn built_in(name: &str, output: &str, rows: fn(&Snapshot) -> Vec<Value>) -> Self {
        let outputs = vec![Field { name: output.into(), value_type: ValueType::String }];
        Self { name: name.into(), args: Vec::new(), n_required: 0, outputs, body: Body::BuiltIn(rows) }
    }

    /// Returns a built-in procedure that reads the graph.
    pub(crate) fn reads(name: &str, body: fn(&Snapshot, Vec<Value>) -> Result<ProcedureRows>) -> Self {
        Self { name: name.into(), args: Vec::new(), n_required: 0, outputs: Vec::new(), body: Body::Reads(body) }
    }

    /// Returns a procedure of the database itself.
    fn own(name: &str, call: HostCall) -> Self {
        Self { name: name.into(), args: Vec::new(), n_required: 0, outputs: Vec::new(), body: Body::Own(call) }
    }

    /// Returns which procedure of the database itself it is, if it is one.
    pub(crate) fn host_call(&self) -> Option<HostCall> {
        match self.body {
            Body::Own(call) => Some(call),
            _ => None,
        }
    }

    /// Returns whether calling it may change the graph.
    pub(crate) fn writes(&self) -> bool {
        self.host_call().is_some_and(HostCall::writes)
    }

    /// Adds an argument that may be left out, after those that must be given.
    fn may_have(mut self, name: &str, value_type: ValueType) -> Self {
        self.args.push(Field { name: name.into(), value_type });
        self
    }

    /// Returns how many arguments must be given.
    pub(crate) fn n_required(&self) -> usize {
        self.n_required
    }

    /// Returns one that stands for a clause, which parsing makes of a call: it is here to be listed, and its name taken.
    fn clause(name: &str, args: &[(&str, ValueType)], outputs: &[(&str, ValueType)]) -> Self {
        let fields = |fields: &[(&str, ValueType)]| -> Vec<Field> {
            fields.iter().map(|(name, value_type)| Field { name: (*name).into(), value_type: *value_type }).collect()
        };
        let (args, outputs) = (fields(args), fields(outputs));
        Self { name: name.into(), n_required: args.len(), args, outputs, body: Body::BuiltIn(|_| Vec::new()) }
    }

    /// Returns its name with its namespace.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Returns its arguments.
    pub(crate) fn args(&self) -> &[Field] {
        &self.args
    }

    /// Returns its outputs.
    pub(crate) fn outputs(&self) -> &[Field] {
        &self.outputs
    }

    /// Returns its arguments and outputs as `name(argument :: TYPE) :: (output :: TYPE)`.
    pub(crate) fn signature(&self) -> String {
        let list = |fields: &[Field]| {
            fields.iter().map(|field| format!("{} :: {}", field.name, field.value_type)).collect::<Vec<_>>().join(", ")
        };
        format!("{}({}) :: ({})", self.name, list(&self.args), list(&self.outputs))
    }

    /// Runs it.
    ///
    /// # Errors
    /// A query error where an argument is not of its type; what the procedure itself fails with.
    pub(crate) fn run(&self, mut args: Vec<Value>, view: &Snapshot) -> Result<ProcedureRows> {
        self.check_args(&mut args)?;
        match &self.body {
            Body::BuiltIn(rows) => Ok(Box::new(rows(view).into_iter().map(|value| Ok(vec![value])))),
            Body::Reads(body) => body(view, args),
            Body::Host(body) => body(args),
            Body::Own(_) => unreachable!("the operator asks the host"),
        }
    }

    /// Checks arguments against their types.
    ///
    /// # Errors
    /// A query error where one is not of its type.
    pub(crate) fn check_args(&self, args: &mut [Value]) -> Result<()> {
        for (value, field) in args.iter_mut().zip(&self.args) {
            if !field.value_type.take(value) {
                let message = format!("`{}` of `{}` is {}, not {value}", field.name, self.name, field.value_type);
                return Err(QueryError::type_error("InvalidArgumentType", message).into());
            }
        }
        Ok(())
    }

    /// Checks a row that the procedure gave.
    ///
    /// # Errors
    /// A query error where it does not have a value of its type for each output.
    pub(crate) fn check_row(&self, row: &mut [Value]) -> Result<()> {
        if row.len() != self.outputs.len() {
            let message = format!("`{}` gave a row of {} values, not of {}", self.name, row.len(), self.outputs.len());
            return Err(failure("InvalidOutput", message).into());
        }
        for (value, field) in row.iter_mut().zip(&self.outputs) {
            if !field.value_type.take(value) {
                let message =
                    format!("`{}` gave {value} as `{}`, which is {}", self.name, field.name, field.value_type);
                return Err(failure("InvalidOutput", message).into());
            }
        }
        Ok(())
    }
}

fn failure(detail: &'static str, message: String) -> QueryError {
    QueryError::run("52N37", "ProcedureError", detail, message)
}

impl Error {
    /// Returns the error of a procedure that could not do its work, for [`Procedure`]s to fail with.
    pub fn procedure(message: impl Into<String>) -> Self {
        failure("ProcedureFailed", message.into()).into()
    }
}

impl fmt::Debug for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Procedure").field(&self.signature()).finish()
    }
}

impl ValueType {
    /// Returns whether a value fits; an integer becomes a float where that is the type.
    fn take(self, value: &mut Value) -> bool {
        match (self, &*value) {
            (_, Value::Null) | (Self::Any, _) => true,
            (Self::Float, Value::Int(n)) => {
                *value = Value::Float(*n as f64);
                true
            }
            (Self::Boolean, Value::Bool(_))
            | (Self::Integer | Self::Number, Value::Int(_))
            | (Self::Float | Self::Number, Value::Float(_))
            | (Self::String, Value::String(_))
            | (Self::Date, Value::Date(_))
            | (Self::List, Value::List(_))
            | (Self::Map, Value::Map(_))
            | (Self::Node, Value::Node(_))
            | (Self::Relationship, Value::Relationship(_))
            | (Self::Path, Value::Path(_)) => true,
            _ => false,
        }
    }

    /// Returns what binding knows of such a value.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Any => Kind::Any,
            Self::Boolean => Kind::Bool,
            Self::Integer => Kind::Int,
            Self::Float => Kind::Float,
            Self::Number => Kind::Number,
            Self::String => Kind::String,
            Self::Date => Kind::Date,
            Self::List => Kind::List(Element::Any),
            Self::Map => Kind::Map,
            Self::Node => Kind::Node,
            Self::Relationship => Kind::Relationship,
            Self::Path => Kind::Path,
        }
    }

    /// Returns whether a value of this kind may fit.
    pub(crate) fn admits(self, kind: Kind) -> bool {
        match self {
            Self::Any => true,
            Self::Float | Self::Number => kind.may_be_number(),
            Self::Integer => kind.may_be(&[Kind::Int, Kind::Number]),
            Self::List => kind.may_be_list(),
            _ => kind.may_be(&[self.kind()]),
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "ANY",
            Self::Boolean => "BOOLEAN",
            Self::Integer => "INTEGER",
            Self::Float => "FLOAT",
            Self::Number => "NUMBER",
            Self::String => "STRING",
            Self::Date => "DATE",
            Self::List => "LIST",
            Self::Map => "MAP",
            Self::Node => "NODE",
            Self::Relationship => "RELATIONSHIP",
            Self::Path => "PATH",
        })
    }
}

/// Every procedure of a database, by its name in small letters. None is ever taken away or replaced, so that plans stay
/// right.
#[derive(Debug)]
pub(crate) struct Procedures(RwLock<BTreeMap<String, Arc<Procedure>>>);

impl Default for Procedures {
    fn default() -> Self {
        let known = built_in().into_iter().map(|procedure| (procedure.name.to_ascii_lowercase(), Arc::new(procedure)));
        Self(RwLock::new(known.collect()))
    }
}

impl Procedures {
    /// Adds a procedure.
    ///
    /// # Errors
    /// `NotAllowed` where there is one of this name.
    pub(crate) fn add(&self, procedure: Procedure) -> Result<()> {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let key = procedure.name.to_ascii_lowercase();
        if known.contains_key(&key) {
            return Err(Error::NotAllowed { what: format!("a second procedure `{}`", procedure.name) });
        }
        known.insert(key, Arc::new(procedure));
        Ok(())
    }

    /// Returns the procedure of this name, without regard to case.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Procedure>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&name.to_ascii_lowercase()).cloned()
    }

    /// Returns all procedures, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Procedure>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// The procedure that finds relationships by words.
pub(crate) const QUERY_RELATIONSHIPS: &str = "db.index.fulltext.queryRelationships";

/// The names of the procedures that every database has.
pub(crate) const BUILT_IN: &[&str] = &[
    "db.index.fulltext.queryNodes",
    QUERY_RELATIONSHIPS,
    "db.labels",
    "db.propertyKeys",
    "db.relationshipTypes",
    "kg.attend",
    "kg.link",
    "kg.archived",
    "kg.compact",
    "kg.compactions",
    "kg.history",
    "kg.pin",
    "kg.purge",
    "kg.reflect",
    "kg.reinforce",
    "kg.restore",
    "kg.undoCompaction",
    "kg.unpin",
    "kg.pause",
    "kg.resume",
    "kg.path",
    "kg.walk",
];

/// Returns the procedure that SEARCH calls.
pub(crate) fn search(of_relationships: bool) -> Procedure {
    let body = if of_relationships { words::search_relationships } else { words::search_nodes };
    let entity = if of_relationships { ValueType::Relationship } else { ValueType::Node };
    let search = Procedure::reads(words::SEARCH[usize::from(of_relationships)], body)
        .argument("index", ValueType::String)
        .argument("query", ValueType::String)
        .argument("limit", ValueType::Integer)
        .output("entity", entity)
        .output("score", ValueType::Float);
    if of_relationships { search.output("start", ValueType::Node).output("end", ValueType::Node) } else { search }
}

fn built_in() -> [Procedure; BUILT_IN.len()] {
    [
        Procedure::reads(BUILT_IN[0], words::query_nodes)
            .argument("indexName", ValueType::String)
            .argument("queryString", ValueType::String)
            .may_have("options", ValueType::Map)
            .output("node", ValueType::Node)
            .output("score", ValueType::Float),
        Procedure::reads(BUILT_IN[1], words::query_relationships)
            .argument("indexName", ValueType::String)
            .argument("queryString", ValueType::String)
            .may_have("options", ValueType::Map)
            .output("relationship", ValueType::Relationship)
            .output("score", ValueType::Float),
        Procedure::built_in(BUILT_IN[2], "label", |view| {
            let labels = view.catalog().labels().filter(|(id, _)| view.n_label(*id) > 0);
            labels.map(|(_, name)| Value::String(name.clone())).collect()
        }),
        Procedure::built_in(BUILT_IN[3], "propertyKey", |view| {
            view.catalog().keys().map(|(_, name)| Value::String(name.clone())).collect()
        }),
        Procedure::built_in(BUILT_IN[4], "relationshipType", |view| {
            let types = view.catalog().rel_types().filter(|(id, _)| view.n_type(*id) > 0);
            types.map(|(_, name)| Value::String(name.clone())).collect()
        }),
        Procedure::clause(
            BUILT_IN[5],
            &[("candidate", ValueType::Any), ("query", ValueType::Any), ("options", ValueType::Map)],
            &[
                ("score", ValueType::Float),
                ("similarity", ValueType::Float),
                ("logit", ValueType::Float),
                ("hops", ValueType::List),
                ("why", ValueType::Map),
            ],
        ),
        Procedure::reads(BUILT_IN[6], words::link)
            .argument("text", ValueType::String)
            .may_have("options", ValueType::Map)
            .output("node", ValueType::Node)
            .output("score", ValueType::Float)
            .output("matched", ValueType::String),
        Procedure::own(BUILT_IN[7], HostCall::Archived)
            .output("id", ValueType::Integer)
            .output("type", ValueType::String)
            .output("start", ValueType::Node)
            .output("end", ValueType::Node)
            .output("properties", ValueType::Map)
            .output("salience", ValueType::Float)
            .output("compaction", ValueType::Integer)
            .output("at", ValueType::Float)
            .output("reason", ValueType::String),
        Procedure::own(BUILT_IN[8], HostCall::Compact)
            .may_have("options", ValueType::Map)
            .output("id", ValueType::Integer)
            .output("relationship", ValueType::Any)
            .output("action", ValueType::String)
            .output("old", ValueType::Float)
            .output("new", ValueType::Float)
            .output("reason", ValueType::String),
        Procedure::own(BUILT_IN[9], HostCall::Compactions)
            .output("id", ValueType::Integer)
            .output("at", ValueType::Float)
            .output("actor", ValueType::String)
            .output("kind", ValueType::String)
            .output("policy", ValueType::String)
            .output("evidence", ValueType::String)
            .output("changes", ValueType::Integer)
            .output("undoneBy", ValueType::Integer)
            .output("hash", ValueType::String),
        Procedure::own(BUILT_IN[10], HostCall::History)
            .argument("relationship", ValueType::Any)
            .output("at", ValueType::Float)
            .output("salience", ValueType::Float)
            .output("cause", ValueType::String)
            .output("id", ValueType::Integer),
        Procedure::own(BUILT_IN[11], HostCall::Pin).argument("relationship", ValueType::Relationship),
        Procedure::own(BUILT_IN[12], HostCall::Purge)
            .argument("options", ValueType::Map)
            .output("purged", ValueType::Integer),
        Procedure::own(BUILT_IN[13], HostCall::Reflect)
            .may_have("options", ValueType::Map)
            .output("kind", ValueType::String)
            .output("subject", ValueType::String)
            .output("value", ValueType::Any)
            .output("reason", ValueType::String),
        Procedure::own(BUILT_IN[14], HostCall::Reinforce)
            .argument("queryId", ValueType::Integer)
            .argument("rewards", ValueType::List)
            .output("relationships", ValueType::Integer),
        Procedure::own(BUILT_IN[15], HostCall::Restore)
            .argument("relationship", ValueType::Any)
            .output("relationship", ValueType::Relationship),
        Procedure::own(BUILT_IN[16], HostCall::UndoCompaction)
            .argument("id", ValueType::Integer)
            .output("id", ValueType::Integer)
            .output("relationships", ValueType::Integer),
        Procedure::own(BUILT_IN[17], HostCall::Unpin).argument("relationship", ValueType::Relationship),
        Procedure::own(BUILT_IN[18], HostCall::Pause),
        Procedure::own(BUILT_IN[19], HostCall::Resume),
        Procedure::clause(
            BUILT_IN[20],
            &[("start", ValueType::Node), ("end", ValueType::Node), ("options", ValueType::Map)],
            &[
                ("path", ValueType::Path),
                ("relationships", ValueType::List),
                ("cost", ValueType::Float),
                ("score", ValueType::Float),
                ("similarity", ValueType::Float),
                ("logit", ValueType::Float),
                ("hops", ValueType::List),
                ("why", ValueType::Map),
            ],
        ),
        Procedure::clause(
            BUILT_IN[21],
            &[("start", ValueType::Node), ("query", ValueType::Any), ("options", ValueType::Map)],
            &[
                ("node", ValueType::Node),
                ("relationships", ValueType::List),
                ("path", ValueType::Path),
                ("score", ValueType::Float),
                ("similarity", ValueType::Float),
                ("logit", ValueType::Float),
                ("hops", ValueType::List),
                ("why", ValueType::Map),
            ],
        ),
    ]
}

//! What is asked by a typed call, and the statement that stands for it.

use std::{
    fmt::{self, Write},
    sync::{Arc, OnceLock},
};

use super::Params;
use crate::model::{Direction, NodeId, Value};

/// The parameter with what candidates are compared with.
pub(super) const QUERY: &str = "query";

/// The columns of its statement.
pub(super) const N_COLUMNS: usize = 3;

/// A question to attention: which nodes are candidates, what they are compared with, and how many are wanted.
///
/// In expressions ([`mask`](Self::mask), [`boost`](Self::boost)) the start is `me` and the candidate `x`; the relationships
/// of a pattern are `r`, of several paths to be aggregated, as everywhere in ATTEND. Numbers, vectors and names of nodes are
/// parameters, so specs that differ only in them share one plan.
///
/// ```
/// use attendb::{AttendSpec, model::Direction};
///
/// let spec = AttendSpec::key("Npc", "name", "Ada")
///     .follow(["KNOWS"], Direction::Out)
///     .hops(1, 2)
///     .query_in("text", &[0.0, 1.0])
///     .prior(0.5)
///     .mask("NOT coalesce(x.secret, false)")
///     .limit(10);
/// assert_eq!(
///     spec.statement(),
///     "MATCH (me:`Npc` {`name`: $key})-[r:`KNOWS`*1..2]->(x) ATTEND DISTINCT x IN (FOR $query ON `text` \
///      WHERE NOT coalesce(x.secret, false) PRIOR $prior LIMIT $limit) SCORE AS score, SIMILARITY AS similarity \
///      RETURN x, score, similarity"
/// );
/// ```
#[derive(Clone)]
pub struct AttendSpec {
    start: Start,
    hop: Option<Hop>,
    labels: Vec<String>,
    query: Query,
    spaces: Vec<(String, Option<f32>)>,
    mask: Option<String>,
    boosts: Vec<(String, String)>,
    options: Options,
    params: Params,
    /// The numbers of the parameter `query`, where it is a vector of finite ones.
    vector: Option<Arc<[f32]>>,
    text: OnceLock<String>,
}

/// Where the pattern starts.
#[derive(Clone)]
enum Start {
    /// Nowhere: all nodes are candidates.
    Everywhere,
    /// At nodes of these ids.
    Ids,
    /// At the nodes of a label with a value of a property.
    Key(String, String),
}

/// How candidates are reached from the start.
#[derive(Clone)]
struct Hop {
    types: Vec<String>,
    direction: Option<Direction>,
    /// The least and the most hops.
    range: Option<(u32, u32)>,
}

/// What candidates are compared with.
#[derive(Clone, Copy, PartialEq)]
enum Query {
    None,
    /// The parameter `query`.
    Given,
    /// The start's own vectors.
    Start,
}

/// Which options are set; their values are parameters.
#[derive(Clone, Copy, Default)]
struct Options {
    model: bool,
    temperature: bool,
    heads: bool,
    prior: bool,
    min_similarity: bool,
    min_weight: bool,
    limit: bool,
}

impl AttendSpec {
    fn new(start: Start) -> Self {
        Self {
            start,
            hop: None,
            labels: Vec::new(),
            query: Query::None,
            spaces: Vec::new(),
            mask: None,
            boosts: Vec::new(),
            options: Options::default(),
            params: Params::new(),
            vector: None,
            text: OnceLock::new(),
        }
    }

    /// Returns a question about all nodes; [`label`](Self::label) narrows it.
    pub fn everywhere() -> Self {
        Self::new(Start::Everywhere)
    }

    /// Returns a question about what is reached from a node.
    pub fn node(id: NodeId) -> Self {
        Self::nodes([id])
    }

    /// Returns a question about what is reached from any of some nodes.
    pub fn nodes(ids: impl IntoIterator<Item = NodeId>) -> Self {
        let ids = Value::list(ids.into_iter().map(|id| Value::Int(id.get().into())));
        Self::new(Start::Ids).with("ids", ids)
    }

    /// Returns a question about what is reached from the node of a label that has this value of a property.
    pub fn key(label: impl Into<String>, key: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(Start::Key(label.into(), key.into())).with("key", value.into())
    }

    /// Candidates are reached by relationships of these types (none: of any), followed this way.
    pub fn follow(mut self, types: impl IntoIterator<Item = impl Into<String>>, direction: Direction) -> Self {
        let types = types.into_iter().map(Into::into).collect();
        self.hop = Some(Hop { types, direction: Some(direction), range: None });
        self.changed()
    }

    /// Candidates are reached by relationships of these types (none: of any), followed either way.
    pub fn follow_both(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let types = types.into_iter().map(Into::into).collect();
        self.hop = Some(Hop { types, direction: None, range: None });
        self.changed()
    }

    /// Candidates are this many relationships away. By default one; of any type and either way where nothing says otherwise.
    pub fn hops(mut self, least: u32, most: u32) -> Self {
        let hop = self.hop.get_or_insert(Hop { types: Vec::new(), direction: None, range: None });
        hop.range = Some((least, most));
        self.changed()
    }

    /// Candidates have this label, or another that is given.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.labels.push(label.into());
        self.changed()
    }

    /// The query is a vector, for the spaces of [`space`](Self::space), or the only one of its dimension.
    pub fn query(self, vector: &[f32]) -> Self {
        let is_finite = vector.iter().all(|x| x.is_finite());
        Self { vector: is_finite.then(|| vector.into()), ..self.query_value(numbers(vector)) }
    }

    /// The query is a vector for one space.
    pub fn query_in(self, space: impl Into<String>, vector: &[f32]) -> Self {
        self.query(vector).named(space.into(), None)
    }

    /// The query is a text, for spaces that have an embedder.
    pub fn query_text(self, text: impl AsRef<str>) -> Self {
        self.query_value(Value::from(text.as_ref()))
    }

    /// The query is what the statement's `FOR` takes: a vector, a text, a map from spaces to vectors, null for none.
    pub fn query_value(mut self, value: Value) -> Self {
        self.query = Query::Given;
        self.with(QUERY, value)
    }

    /// The query is the start's own vectors. It needs one start.
    pub fn query_start(mut self) -> Self {
        self.query = Query::Start;
        self.changed()
    }

    /// Compares in this space, with this weight beside others.
    pub fn space(self, name: impl Into<String>, weight: f32) -> Self {
        self.named(name.into(), Some(weight))
    }

    /// Compares what a model makes of vectors, and adds what it says of relationship types. By default there is none.
    pub fn model(mut self, name: impl AsRef<str>) -> Self {
        self.options.model = true;
        self.with("model", Value::from(name.as_ref()))
    }

    /// Divides logits by this. By default 1.
    pub fn temperature(mut self, temperature: f32) -> Self {
        self.options.temperature = true;
        self.with("temperature", float(temperature))
    }

    /// Cuts vectors into so many heads. By default 1, or as many as the model has.
    pub fn heads(mut self, heads: u32) -> Self {
        self.options.heads = true;
        self.with("heads", Value::Int(heads.into()))
    }

    /// Weighs the logarithm of salience with this. By default 0.
    pub fn prior(mut self, prior: f32) -> Self {
        self.options.prior = true;
        self.with("prior", float(prior))
    }

    /// Leaves out what is less alike before weights are made.
    pub fn min_similarity(mut self, least: f32) -> Self {
        self.options.min_similarity = true;
        self.with("min_similarity", float(least))
    }

    /// Cuts off what weighs less.
    pub fn min_weight(mut self, least: f32) -> Self {
        self.options.min_weight = true;
        self.with("min_weight", float(least))
    }

    /// Wants at most so many. By default all.
    pub fn limit(mut self, limit: usize) -> Self {
        self.options.limit = true;
        self.with("limit", Value::Int(i64::try_from(limit).unwrap_or(i64::MAX)))
    }

    /// Leaves out candidates for which this expression is not true.
    pub fn mask(mut self, expression: impl Into<String>) -> Self {
        self.mask = Some(expression.into());
        self.changed()
    }

    /// Adds this expression to a candidate's logit, under a name.
    pub fn boost(mut self, name: impl Into<String>, expression: impl Into<String>) -> Self {
        self.boosts.push((name.into(), expression.into()));
        self.changed()
    }

    /// Gives a parameter that expressions use. Those of the statement itself have its own names.
    pub fn param(self, name: impl AsRef<str>, value: impl Into<Value>) -> Self {
        self.with(name.as_ref(), value.into())
    }

    /// Returns the statement that it stands for.
    pub fn statement(&self) -> &str {
        self.text.get_or_init(|| self.write().expect("writing to a string"))
    }

    /// Returns the statement's parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Returns the numbers of the parameter `query`.
    pub(super) fn vector(&self) -> Option<&Arc<[f32]>> {
        self.vector.as_ref()
    }

    fn named(mut self, space: String, weight: Option<f32>) -> Self {
        let at = self.spaces.len();
        if let Some(weight) = weight {
            self.params.set(format!("weight{at}"), float(weight));
        }
        self.spaces.push((space, weight));
        self.changed()
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        if name == QUERY {
            self.vector = None;
        }
        self.params.set(name, value);
        self.changed()
    }

    fn changed(mut self) -> Self {
        self.text = OnceLock::new();
        self
    }

    fn write(&self) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(256);
        let labels = joined(&self.labels);
        let (start, ids) = match &self.start {
            Start::Everywhere => (String::new(), ""),
            Start::Ids => ("(me)".to_owned(), " WHERE id(me) IN $ids"),
            Start::Key(label, key) => (format!("(me:{} {{{}: $key}})", Quoted(label), Quoted(key)), ""),
        };
        write!(text, "MATCH {start}")?;
        if !start.is_empty() {
            let any = Hop { types: Vec::new(), direction: None, range: None };
            let Hop { types, direction, range } = self.hop.as_ref().unwrap_or(&any);
            let (before, after) = match direction {
                Some(Direction::Out) => ("-", "->"),
                Some(Direction::In) => ("<-", "-"),
                None => ("-", "-"),
            };
            write!(text, "{before}[r{}", joined(types))?;
            if let Some((least, most)) = range {
                write!(text, "*{least}..{most}")?;
            }
            write!(text, "]{after}")?;
        }
        write!(text, "(x{labels}){ids} ATTEND DISTINCT x IN (")?;
        let mut options: Vec<String> = Vec::new();
        match self.query {
            Query::None => {}
            Query::Given => options.push("FOR $query".to_owned()),
            Query::Start => options.push("FOR me".to_owned()),
        }
        if !self.spaces.is_empty() {
            let spaces = self.spaces.iter().enumerate().map(|(at, (space, weight))| match weight {
                Some(_) => format!("{} WEIGHT $weight{at}", Quoted(space)),
                None => Quoted(space).to_string(),
            });
            options.push(format!("ON {}", spaces.collect::<Vec<_>>().join(", ")));
        }
        options.extend(self.mask.iter().map(|mask| format!("WHERE {mask}")));
        let Options { model, temperature, heads, prior, min_similarity, min_weight, limit } = self.options;
        options.extend(model.then(|| "MODEL $model".to_owned()));
        options.extend(temperature.then(|| "TEMPERATURE $temperature".to_owned()));
        options.extend(heads.then(|| "HEADS $heads".to_owned()));
        options.extend(prior.then(|| "PRIOR $prior".to_owned()));
        options.extend(self.boosts.iter().map(|(name, boost)| format!("BOOST ({boost}) AS {}", Quoted(name))));
        options.extend(min_similarity.then(|| "MIN SIMILARITY $min_similarity".to_owned()));
        options.extend(min_weight.then(|| "MIN WEIGHT $min_weight".to_owned()));
        options.extend(limit.then(|| "LIMIT $limit".to_owned()));
        write!(text, "{}) SCORE AS score, SIMILARITY AS similarity RETURN x, score, similarity", options.join(" "))?;
        Ok(text)
    }
}

impl fmt::Debug for AttendSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AttendSpec").field(&self.statement()).finish()
    }
}

/// A name in backticks, whatever is in it.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0.replace('`', "``"))
    }
}

/// Returns names of which one is enough, behind a colon.
fn joined(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| Quoted(name).to_string()).collect();
    if quoted.is_empty() { String::new() } else { format!(":{}", quoted.join("|")) }
}

fn float(x: f32) -> Value {
    Value::Float(x.into())
}

fn numbers(vector: &[f32]) -> Value {
    Value::List(vector.iter().map(|x| float(*x)).collect())
}

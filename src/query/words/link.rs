//! `kg.link`: the entities that a text may mean.

use std::{borrow::Cow, sync::Arc};

use super::{count_option, text_option, unknown_option, wrong_option};
use crate::{
    QueryError, Result,
    attention::{Metric, Path, similarity},
    graph::{Mention, Snapshot},
    model::{Fulltext, LabelId, Node, NodeId, Space, SpaceOwner, Value, vector},
    query::procedure::ProcedureRows,
    text::embed,
};

/// Entities given where no limit is.
const LIMIT: usize = 5;

/// How much likeness to the context counts beside the match: more than popularity, less than one stage of the match.
const CONTEXT: f64 = 0.07;

const OPTIONS: &[&str] = &["labels", "limit", "index", "context", "space"];

#[derive(Default)]
struct Options {
    labels: Option<Vec<Arc<str>>>,
    limit: Option<usize>,
    index: Option<Arc<str>>,
    context: Option<Value>,
    space: Option<Arc<str>>,
}

/// `kg.link(text, options)`.
pub(crate) fn link(view: &Snapshot, mut args: Vec<Value>) -> Result<ProcedureRows> {
    let options = match args.get_mut(1).map(std::mem::take) {
        Some(Value::Map(map)) => options(&map)?,
        _ => Options::default(),
    };
    let Some(Value::String(text)) = args.first() else { return Ok(Box::new(std::iter::empty())) };
    let labels: Vec<LabelId> = match &options.labels {
        Some(names) => names.iter().filter_map(|name| view.catalog().label(name)).collect(),
        None => Vec::new(),
    };
    // None of these labels is in use: there is nobody to be meant.
    if options.labels.is_some() && labels.is_empty() {
        return Ok(Box::new(std::iter::empty()));
    }
    let limit = options.limit.unwrap_or(LIMIT);
    let index = index(view, &options, &labels)?;
    let ready = view.ready_fulltext(&index.name)?;
    let mut found = ready.link(view, &Mention { text, labels: &labels, limit })?;
    if let Some(context) = options.context.as_ref().filter(|context| !context.is_null()) {
        let (space, context) = self::context(view, context, options.space.as_deref())?;
        let mut vectors = view.vectors(&space);
        for meant in &mut found {
            if let Some(vector) = vectors.get(meant.id.get())? {
                meant.score += CONTEXT * f64::from(similarity(Path::best(), Metric::Cosine, &context, &vector));
            }
        }
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    }
    found.truncate(limit);
    Ok(Box::new(found.into_iter().map(|meant| {
        let node = Value::Node(Node { id: meant.id, data: None });
        Ok(vec![node, Value::Float(meant.score), Value::String(meant.matched)])
    })))
}

fn options(map: &crate::model::Map) -> Result<Options> {
    let mut options = Options::default();
    for (name, value) in map.iter() {
        match &**name {
            "labels" => options.labels = labels(value)?,
            "limit" => options.limit = count_option(name, value)?,
            "index" => options.index = text_option(name, value)?,
            "space" => options.space = text_option(name, value)?,
            "context" => options.context = Some(value.clone()),
            name => return Err(unknown_option("kg.link", name, OPTIONS)),
        }
    }
    Ok(options)
}

fn labels(value: &Value) -> Result<Option<Vec<Arc<str>>>> {
    let wrong = || wrong_option("labels", "a list of strings", value);
    match value {
        Value::Null => Ok(None),
        Value::List(items) => {
            let names = items.iter().map(|item| match item {
                Value::String(name) => Ok(name.clone()),
                _ => Err(wrong()),
            });
            names.collect::<Result<_>>().map(Some)
        }
        _ => Err(wrong()),
    }
}

/// Returns the index that is asked for, or the only one that nodes with these labels can be in.
fn index(view: &Snapshot, options: &Options, labels: &[LabelId]) -> Result<Arc<Fulltext>> {
    let fits = |index: &&Arc<Fulltext>| match &index.owner {
        SpaceOwner::Relationships(_) => false,
        SpaceOwner::Nodes(of) => labels.is_empty() || of.is_empty() || labels.iter().any(|label| of.contains(label)),
    };
    if let Some(name) = &options.index {
        if let Some(index) = view.fulltext(name)
            && index.is_of_relationships()
        {
            let message = format!("the full-text index `{name}` is of relationships; kg.link finds nodes");
            return Err(QueryError::run("22N31", "ArgumentError", "InvalidArgumentValue", message).into());
        }
        return view.ready_fulltext(name).map(|ready| ready.index().clone());
    }
    let known: Vec<&Arc<Fulltext>> = view.catalog().fulltexts().iter().filter(fits).collect();
    match known.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let error = QueryError::run("22N71", "SchemaError", "NoSuchIndex", "no full-text index has names to link");
            Err(error.hint("make one: CREATE FULLTEXT INDEX names FOR (n:Label) ON EACH [n.name]").into())
        }
        several => {
            let names: Vec<String> = several.iter().map(|index| format!("'{}'", index.name)).collect();
            let message = format!("several full-text indexes have names to link: {}", names.join(", "));
            let error = QueryError::run("22N31", "ArgumentError", "AmbiguousIndex", message);
            Err(error.hint(format!("choose one: kg.link(text, {{index: {}}})", names[0])).into())
        }
    }
}

/// Returns the space that the context is in, and its vector there.
fn context(view: &Snapshot, value: &Value, name: Option<&str>) -> Result<(Arc<Space>, Vec<f32>)> {
    fn fail<T>(message: String) -> Result<T> {
        Err(QueryError::run("22N31", "ArgumentError", "InvalidArgumentValue", message).into())
    }
    let mut numbers = Vec::new();
    let is_vector = vector(value, &mut numbers).is_ok();
    let fits = |space: &Space| {
        matches!(space.owner, SpaceOwner::Nodes(_))
            && name.is_none_or(|name| *space.name == *name)
            && (!is_vector || space.dimension as usize == numbers.len())
            && (!matches!(value, Value::String(_)) || space.embedder.is_some())
    };
    let spaces: Vec<_> = view.catalog().spaces().iter().filter(|info| fits(&info.space)).collect();
    let space = match spaces.as_slice() {
        [only] => only.space.clone(),
        [] => return fail(format!("no embedding space of nodes is that of the context {}", short(value))),
        several => {
            let names: Vec<String> = several.iter().map(|info| format!("`{}`", info.space.name)).collect();
            return fail(format!(
                "the context may be in several embedding spaces: {}; name one by `space`",
                names.join(", ")
            ));
        }
    };
    let vector_of = |id: NodeId| -> Result<Vec<f32>> {
        match view.vectors(&space).get(id.get())?.map(Cow::into_owned) {
            Some(vector) => Ok(vector),
            None => fail(format!("node {id} of the context has no vector in the embedding space `{}`", space.name)),
        }
    };
    let vector = match value {
        _ if is_vector => numbers,
        Value::Node(node) => vector_of(node.id)?,
        Value::String(text) => match embed(text, space.dimension as usize) {
            Some(vector) => vector,
            None => return fail("the context has no words".into()),
        },
        Value::List(items) if items.iter().all(|item| matches!(item, Value::Node(_))) && !items.is_empty() => {
            let mut sum = vec![0.0; space.dimension as usize];
            for item in items.iter() {
                if let Value::Node(node) = item {
                    sum.iter_mut().zip(vector_of(node.id)?).for_each(|(sum, x)| *sum += x);
                }
            }
            sum
        }
        other => return Err(wrong_option("context", "a vector, a text, a node, or a list of nodes", other)),
    };
    Ok((space, vector))
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 40 { text.chars().take(40).chain(['…']).collect() } else { text }
}

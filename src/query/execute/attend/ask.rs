//! What a group is asked: the query's vectors in each space, weights, temperature.

use std::sync::Arc;

use super::{Chosen, Content, Ex, Spec, deviation, number};
use crate::{
    Error, QueryError, Result,
    attention::{self, Path},
    error::Span,
    graph::{HASH, Snapshot, SpaceInfo, no_model},
    model::{AttentionModel, Metric, SpaceOwner, Value, vector},
    query::{
        attend::AttendOutput,
        execute::{Context, batch::Batch},
        suggest,
    },
    text::embed_query,
};

/// A group's question, but for its candidates.
pub(super) struct Asked {
    pub(super) spaces: Vec<AskedSpace>,
    pub(super) heads: usize,
    pub(super) temperature: f32,
    pub(super) prior: f32,
    pub(super) min_similarity: Option<f32>,
    pub(super) model: Option<Arc<AttentionModel>>,
    /// The query, as the explanation shows it.
    pub(super) shown: Value,
}

/// A space of the question.
pub(super) struct AskedSpace {
    pub(super) info: SpaceInfo,
    /// The vectors are of nodes.
    pub(super) of_nodes: bool,
    pub(super) query: Vec<f32>,
    /// The queries of a model's heads.
    pub(super) folded: Option<Vec<f32>>,
    /// Weights sum to 1.
    pub(super) weight: f32,
    /// Logits of one unit of similarity.
    pub(super) gain: f32,
}

impl AskedSpace {
    pub(super) fn metric(&self) -> attention::Metric {
        kernel_metric(self.info.space.metric)
    }
}

/// Returns the metric as the kernels know it.
pub(super) const fn kernel_metric(metric: Metric) -> attention::Metric {
    match metric {
        Metric::Cosine => attention::Metric::Cosine,
        Metric::Dot => attention::Metric::Dot,
        Metric::Euclidean => attention::Metric::Euclidean,
    }
}

impl Asked {
    /// Evaluates what a group is asked on its first row.
    pub(super) fn of(ctx: &mut Context, spec: &mut Spec, all: &Batch, row: usize) -> Result<Self> {
        let above_0 = |x: f64| x > 0.0;
        let temperature =
            number(ctx, &mut spec.temperature, all, row, "TEMPERATURE", above_0, "a number above 0")?.unwrap_or(1.0);
        let prior = number(ctx, &mut spec.prior, all, row, "PRIOR", |_| true, "a finite number")?.unwrap_or(0.0);
        let whole = |x: f64| x >= 1.0 && x.fract() == 0.0 && x <= 65_536.0;
        let heads = number(ctx, &mut spec.heads, all, row, "HEADS", whole, "an integer of 1 or more")?;
        let model = chosen_model(ctx, spec)?;
        let heads = match (heads.map(|heads| heads as u32), &model) {
            (Some(heads), Some(model)) if heads != model.heads => {
                let message = format!("{heads} HEADS, and the model `{}` has {}", model.name, model.heads);
                let error = QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message);
                return Err(error.hint("leave HEADS out: a model says how many it has").into());
            }
            (_, Some(model)) => model.heads as usize,
            (heads, None) => heads.unwrap_or(1) as usize,
        };
        let min_similarity =
            number(ctx, &mut spec.min_similarity, all, row, "MIN SIMILARITY", |_| true, "a finite number")?;
        let query = match &mut spec.query {
            Some((query, _)) => Some(query.value(ctx, all, row)?),
            None => None,
        };
        let mut weights = Vec::with_capacity(spec.spaces.len());
        for (_, weight) in &mut spec.spaces {
            let weight = number(ctx, weight, all, row, "WEIGHT", |x| x >= 0.0, "a number of 0 or more")?;
            weights.push(weight.unwrap_or(1.0));
        }
        let locate = |error: Error| match (error, &spec.query) {
            (Error::Query(error), Some((_, span))) if error.span.is_none() => (*error).at(*span).into(),
            (error, _) => error,
        };
        let named = named_spaces(ctx, spec)?;
        let found = match &query {
            None if named.is_empty() => Vec::new(),
            None => {
                let message = "ATTEND has spaces but no query";
                let error = QueryError::run("22N00", "ArgumentError", "InvalidQuery", message);
                return Err(error.hint("say what they are compared with: FOR $vector, FOR me").into());
            }
            Some(query) => {
                let given = match &spec.query {
                    Some((Ex::Param(number), _)) => ctx.vectors.iter().find(|(given, _)| given == number),
                    _ => None,
                };
                queries(ctx.view(), spec, &named, query, given.map(|(_, numbers)| &**numbers)).map_err(locate)?
            }
        };
        let mut spaces = Vec::with_capacity(found.len());
        for (at, (info, query)) in found.into_iter().enumerate() {
            let (folded, gain) = match &model {
                Some(model) => {
                    let (folded, gain) = projected(model, &info, &query)?;
                    (Some(folded), gain)
                }
                None => (None, unprojected(ctx.view(), &info, &query, heads)?),
            };
            let weight = weights.get(at).copied().unwrap_or(1.0);
            let of_nodes = matches!(info.space.owner, SpaceOwner::Nodes(_));
            spaces.push(AskedSpace { info, of_nodes, query, folded, weight, gain });
        }
        let sum: f64 = spaces.iter().map(|space| f64::from(space.weight)).sum();
        if !spaces.is_empty() && sum <= 0.0 {
            let message = "the weights of the spaces are all 0";
            return Err(QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).into());
        }
        spaces.iter_mut().for_each(|space| space.weight = (f64::from(space.weight) / sum) as f32);
        let shows = |output: &AttendOutput| matches!(output, AttendOutput::Why | AttendOutput::WhyWithout);
        let is_shown = spec.outputs.iter().any(|(output, _)| shows(output));
        let shown = match query.filter(|_| is_shown) {
            Some(Value::List(items)) => Value::from(format!("a vector of {} numbers", items.len())),
            Some(Value::Map(map)) => Value::list(map.keys().map(|key| Value::String(key.clone()))),
            Some(other) => other,
            None => Value::Null,
        };
        Ok(Self { spaces, heads, temperature, prior, min_similarity, model, shown })
    }

    /// Returns the model, where it adds to logits by relationship type.
    pub(super) fn biases(&self) -> Option<&AttentionModel> {
        self.model.as_deref().filter(|model| !model.biases.is_empty())
    }

    /// Returns a similarity as other systems scale it: 0 to 1.
    pub(super) fn scaled(&self, similarity: f32) -> f32 {
        match self.spaces.first().map(|space| space.info.space.metric) {
            Some(Metric::Euclidean) => 1.0 / (1.0 - similarity),
            _ => f32::midpoint(1.0, similarity),
        }
    }
}

/// Returns the queries of a model's heads in a space, and what brings their similarities to the scale of logits: `1/√d_h`.
fn projected(model: &AttentionModel, info: &SpaceInfo, query: &[f32]) -> Result<(Vec<f32>, f32)> {
    let (name, space) = (&model.name, &info.space.name);
    let Some(one) = model.projection(space) else {
        let known: Vec<&str> = model.projections.iter().map(|one| &*one.space).collect();
        let hint = match known.as_slice() {
            [] => "it has biases only: leave FOR out".to_owned(),
            known => format!("name only spaces that it has with ON: {}", known.join(", ")),
        };
        return Err(wrong(format!("the model `{name}` has no matrices for the space `{space}`"), hint));
    };
    if one.dimension as usize != query.len() {
        let (found, wanted) = (one.dimension, query.len());
        let message =
            format!("the model `{name}` takes vectors of {found} numbers of the space `{space}`, which has {wanted}");
        return Err(wrong(message, "the space is not the one that it was made for: train it anew"));
    }
    let (heads, metric) = (model.heads as usize, kernel_metric(info.space.metric));
    match attention::fold(Path::best(), metric, heads, (&one.query, &one.key), query) {
        Some(folded) => Ok((folded, 1.0 / (one.width as f32).sqrt())),
        None => Err(wrong(
            format!("what the model `{name}` makes of the query in the space `{space}` is beyond 32 bits"),
            "give a shorter vector, or train it anew",
        )),
    }
}

/// Returns what brings the similarities of a space to the scale of logits without a model: one deviation is one.
fn unprojected(view: &Snapshot, info: &SpaceInfo, query: &[f32], heads: usize) -> Result<f32> {
    if !query.len().is_multiple_of(heads) {
        let message = format!("{heads} HEADS do not divide the {} dimensions of `{}`", query.len(), info.space.name);
        return Err(QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).into());
    }
    let deviation = deviation::of(view, info)?;
    Ok(if deviation > 0.0 { 1.0 / deviation } else { 1.0 })
}

/// Returns the name that is written out or given by a parameter; null is none.
fn chosen_name(ctx: &Context, chosen: &Chosen, what: &str) -> Result<Option<(Arc<str>, Span)>> {
    match chosen {
        Chosen::Name(name, span) => Ok(Some((name.clone(), *span))),
        Chosen::Param(number, span) => match &ctx.params[usize::from(*number)] {
            Value::String(name) => Ok(Some((name.clone(), *span))),
            // As if the option were not there.
            Value::Null => Ok(None),
            other => {
                let message = format!("the name of a {what} is a string, not {other} ({})", other.kind());
                Err(QueryError::type_error("InvalidArgumentType", message).at(*span).into())
            }
        },
    }
}

/// Returns the model that MODEL names.
fn chosen_model(ctx: &Context, spec: &Spec) -> Result<Option<Arc<AttentionModel>>> {
    let Some(chosen) = &spec.model else { return Ok(None) };
    let Some((name, span)) = chosen_name(ctx, chosen, "model")? else { return Ok(None) };
    match ctx.view().model(&name)? {
        Some(model) => Ok(Some(model)),
        None => Err(no_model(ctx.view(), &name).at(span).into()),
    }
}

/// Returns the space that is chosen, if any, and where it is written.
///
/// # Errors
/// A query error where there is none of this name, or it cannot hold what is ranked.
pub(super) fn chosen_space(ctx: &Context, spec: &Spec, chosen: &Chosen) -> Result<Option<(SpaceInfo, Span)>> {
    let view = ctx.view();
    let Some((name, span)) = chosen_name(ctx, chosen, "space")? else { return Ok(None) };
    let Some(info) = view.space(&name) else {
        let known: Vec<&str> = view.catalog().spaces().iter().map(|info| &*info.space.name).collect();
        let message = format!("there is no embedding space `{name}`");
        let error = QueryError::run("22N71", "SchemaError", "NoSuchEmbedding", message).at(span);
        let hint = suggest::hint(&name, known.iter().copied()).unwrap_or_else(|| match known.as_slice() {
            [] => "CREATE EMBEDDING makes one".to_owned(),
            known => format!("there are {}", known.join(", ")),
        });
        return Err(error.hint(hint).into());
    };
    let wanted = match spec.content {
        Content::Node | Content::Reached(_) => Some(true),
        Content::Relationship(_) => None,
    };
    let of_nodes = matches!(info.space.owner, SpaceOwner::Nodes(_));
    if wanted.is_some_and(|wanted| wanted != of_nodes) {
        let message = format!("the space `{name}` is one of relationships, and nodes are ranked");
        return Err(QueryError::run("22N00", "ArgumentError", "InvalidQuery", message).at(span).into());
    }
    Ok(Some((info.clone(), span)))
}

/// Returns the spaces that ON names.
fn named_spaces(ctx: &Context, spec: &Spec) -> Result<Vec<SpaceInfo>> {
    let mut named: Vec<SpaceInfo> = Vec::with_capacity(spec.spaces.len());
    for (chosen, _) in &spec.spaces {
        let Some((info, span)) = chosen_space(ctx, spec, chosen)? else { continue };
        if named.iter().any(|known| known.space.name == info.space.name) {
            let message = format!("the space `{}` is named twice", info.space.name);
            return Err(QueryError::run("22N00", "ArgumentError", "InvalidQuery", message).at(span).into());
        }
        named.push(info);
    }
    Ok(named)
}

/// Returns whether a space can hold what is ranked.
fn serves(content: Content, info: &SpaceInfo) -> bool {
    content_is_node(content) == matches!(info.space.owner, SpaceOwner::Nodes(_))
}

const fn content_is_node(content: Content) -> bool {
    matches!(content, Content::Node | Content::Reached(_))
}

/// Returns the query's vector in each space; `given` is the query's numbers, where it is a list and somebody has them.
fn queries(
    view: &Snapshot,
    spec: &Spec,
    named: &[SpaceInfo],
    query: &Value,
    given: Option<&[f32]>,
) -> Result<Vec<(SpaceInfo, Vec<f32>)>> {
    match query {
        Value::Null => Err(wrong("the query of FOR is null", "leave FOR out to rank by PRIOR and BOOST alone")),
        Value::List(_) => {
            let mut numbers = Vec::new();
            match given {
                Some(given) => numbers.extend_from_slice(given),
                None => vector(query, &mut numbers)
                    .map_err(|no| wrong(format!("the query of FOR {no}"), "give a list of numbers"))?,
            }
            let spaces = match named {
                [] => vec![only_space(view, spec.content, numbers.len())?],
                named => named.to_vec(),
            };
            let n = spaces.len();
            let mut of_space = |at| if at + 1 == n { std::mem::take(&mut numbers) } else { numbers.clone() };
            spaces.into_iter().enumerate().map(|(at, info)| check_length(info, of_space(at))).collect()
        }
        Value::Map(map) => {
            let mut found = Vec::new();
            for (name, value) in map.iter() {
                let Some(info) = view.space(name) else {
                    let known = view.catalog().spaces().iter().map(|info| &*info.space.name);
                    let error = QueryError::run(
                        "22N71",
                        "SchemaError",
                        "NoSuchEmbedding",
                        format!("the query of FOR has a vector for `{name}`, and there is no such embedding space"),
                    );
                    return Err(match suggest::hint(name, known) {
                        Some(hint) => error.hint(hint).into(),
                        None => error.into(),
                    });
                };
                if !named.is_empty() && !named.iter().any(|named| named.space.name == info.space.name) {
                    continue;
                }
                let mut numbers = Vec::new();
                vector(value, &mut numbers)
                    .map_err(|no| wrong(format!("the query of FOR for `{name}` {no}"), "give a list of numbers"))?;
                found.push(check_length(info.clone(), numbers)?);
            }
            order_as_named(named, found)
        }
        Value::Node(node) => {
            let own: Vec<SpaceInfo> = of_entity(view, named, true);
            entity_queries(view, spec, named, own, node.id.get(), "node")
        }
        Value::Relationship(rel) => {
            let own: Vec<SpaceInfo> = of_entity(view, named, false);
            entity_queries(view, spec, named, own, rel.id.get(), "relationship")
        }
        Value::String(text) => {
            let own = match named {
                [] => view.catalog().spaces().iter().filter(|info| serves(spec.content, info)).cloned().collect(),
                named => named.to_vec(),
            };
            let mut found = Vec::new();
            for info in own {
                let Some(embedder) = &info.space.embedder else { continue };
                let numbers = if *embedder.name == *HASH {
                    // Before: how rare words are is counted anew when the deviation is.
                    deviation::of(view, &info)?;
                    let frequencies = info.frequencies(|| deviation::frequencies(view, &info))?;
                    embed_query(text, info.space.dimension as usize, &frequencies)
                } else {
                    Some(view.embedders.call(&info, embedder, text)?)
                };
                let Some(numbers) = numbers else {
                    return Err(wrong(format!("the query of FOR has no words: {text:?}"), "give at least one"));
                };
                found.push((info, numbers));
            }
            if found.is_empty() {
                let message = "the query of FOR is text, and no embedding space of what is ranked has an embedder";
                return Err(wrong(message, "CREATE EMBEDDING ... EMBEDDER hash FROM n.description, or give a vector"));
            }
            order_as_named(named, found)
        }
        other => Err(wrong(
            format!("the query of FOR is {other} ({})", other.kind()),
            "give a vector, a map from spaces to vectors, or a node or relationship that has embeddings",
        )),
    }
}

fn of_entity(view: &Snapshot, named: &[SpaceInfo], nodes: bool) -> Vec<SpaceInfo> {
    let all = view.catalog().spaces().iter().filter(|info| matches!(info.space.owner, SpaceOwner::Nodes(_)) == nodes);
    all.filter(|info| named.is_empty() || named.iter().any(|named| named.space.name == info.space.name))
        .cloned()
        .collect()
}

/// Returns the vectors of a node or relationship in the spaces that candidates can have too.
fn entity_queries(
    view: &Snapshot,
    spec: &Spec,
    named: &[SpaceInfo],
    own: Vec<SpaceInfo>,
    id: u32,
    what: &str,
) -> Result<Vec<(SpaceInfo, Vec<f32>)>> {
    let mut found = Vec::new();
    for info in own {
        if !view.is_in_space(&info.space, id)? {
            continue;
        }
        if let Some(numbers) = view.space_column(&info.space).vector(id)?
            && (serves(spec.content, &info) || matches!(spec.content, Content::Relationship(_)))
        {
            found.push(check_length(info, numbers.into_owned())?);
        }
    }
    if found.is_empty() {
        let message = format!("the {what} of FOR has no embedding in the spaces that are compared");
        return Err(wrong(message, "give a vector, or set its embedding first"));
    }
    order_as_named(named, found)
}

/// Puts what was found in the order of ON; each space that is named must be there.
fn order_as_named(named: &[SpaceInfo], mut found: Vec<(SpaceInfo, Vec<f32>)>) -> Result<Vec<(SpaceInfo, Vec<f32>)>> {
    let mut ordered = Vec::with_capacity(found.len());
    for info in named {
        let Some(at) = found.iter().position(|(known, _)| known.space.name == info.space.name) else {
            let message = format!("the query of FOR has no vector for the space `{}`", info.space.name);
            return Err(wrong(message, "name only spaces that the query has"));
        };
        ordered.push(found.swap_remove(at));
    }
    ordered.append(&mut found);
    if ordered.is_empty() {
        return Err(wrong("the query of FOR has no vector", "give at least one"));
    }
    Ok(ordered)
}

/// Returns the only space of a dimension.
fn only_space(view: &Snapshot, content: Content, dimension: usize) -> Result<SpaceInfo> {
    let spaces = view.catalog().spaces();
    let fits = |info: &&SpaceInfo| info.space.dimension as usize == dimension;
    let mut own: Vec<&SpaceInfo> = spaces.iter().filter(|info| serves(content, info)).filter(fits).collect();
    if own.is_empty() && matches!(content, Content::Relationship(_)) {
        own = spaces.iter().filter(|info| matches!(info.space.owner, SpaceOwner::Nodes(_))).filter(fits).collect();
    }
    let names = |spaces: &[&SpaceInfo]| {
        let names = spaces.iter().map(|info| format!("`{}` ({})", info.space.name, info.space.dimension));
        names.collect::<Vec<_>>().join(", ")
    };
    match own.as_slice() {
        [only] => Ok((*only).clone()),
        [] if spaces.is_empty() => Err(wrong("there is no embedding space", "CREATE EMBEDDING makes one")),
        [] => {
            let all: Vec<&SpaceInfo> = spaces.iter().collect();
            let message = format!("no embedding space of what is ranked has {dimension} dimensions, as the query has");
            Err(wrong(message, format!("there are {}", names(&all))))
        }
        several => {
            let message = format!("several embedding spaces have {dimension} dimensions");
            Err(wrong(message, format!("name those that are meant with ON: {}", names(several))))
        }
    }
}

fn check_length(info: SpaceInfo, numbers: Vec<f32>) -> Result<(SpaceInfo, Vec<f32>)> {
    if numbers.len() == info.space.dimension as usize {
        return Ok((info, numbers));
    }
    let (name, wanted): (&Arc<str>, u32) = (&info.space.name, info.space.dimension);
    let message = format!("the query has {} numbers, and the embedding space `{name}` {wanted}", numbers.len());
    Err(wrong(message, "give a vector as long as those of the space"))
}

fn wrong(message: impl Into<String>, hint: impl Into<String>) -> Error {
    QueryError::run("22N00", "ArgumentError", "InvalidQuery", message).hint(hint.into()).into()
}

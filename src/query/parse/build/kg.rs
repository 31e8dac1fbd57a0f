//! Procedures that stand for a clause, for tools that only speak Cypher: a call becomes the clause, and is planned as such.
//!
//! `CALL kg.attend(x, $query, {limit: 10, spaces: {text: 0.7}}) YIELD score AS s WHERE s > 0.1` is
//! `ATTEND x IN (FOR $query ON text WEIGHT 0.7 LIMIT 10) SCORE AS s WHERE s > 0.1`. The options are written out as a map, for
//! they say what is planned; their values are any expressions that the clause takes there.

use super::{Builder, Result, fail, unexpected};
use crate::query::{
    ast::{Attend, AttendOutput, Call, Chosen, Clause, Expr, ExprKind, Name, Yield},
    suggest::suggest,
};

/// The name of the procedure that stands for `ATTEND`.
const ATTEND: &str = "kg.attend";

/// The options of `kg.attend`.
const OPTIONS: &[&str] = &[
    "distinct",
    "per",
    "spaces",
    "onNode",
    "where",
    "temperature",
    "heads",
    "prior",
    "model",
    "boosts",
    "minSimilarity",
    "minWeight",
    "beam",
    "lengthNorm",
    "limit",
];

/// What `kg.attend` yields.
const OUTPUTS: &[(&str, AttendOutput)] = &[
    ("score", AttendOutput::Score),
    ("similarity", AttendOutput::Similarity),
    ("logit", AttendOutput::Logit),
    ("hops", AttendOutput::Hops),
    ("why", AttendOutput::Why),
];

impl Builder<'_> {
    /// Returns the clause that a call stands for, or the call.
    pub(super) fn called(&self, call: Call) -> Result<Clause> {
        if !call.procedure.text.eq_ignore_ascii_case(ATTEND) {
            return Ok(Clause::Call(call));
        }
        let span = call.procedure.span;
        let usage = "write CALL kg.attend(x, $query, {limit: 10}) YIELD score";
        if call.optional {
            return fail(unexpected("kg.attend ranks rows that are there, so it cannot be OPTIONAL", call.span));
        }
        let mut args = call.args.unwrap_or_default().into_iter();
        let (target, query, options) = (args.next(), args.next(), args.next());
        if args.next().is_some() {
            return fail(unexpected("kg.attend takes a variable, a query and a map of options", span).hint(usage));
        }
        let (Some(target), Some(query)) = (target, query) else {
            return fail(unexpected("kg.attend needs what is ranked and what it is compared with", span).hint(usage));
        };
        let ExprKind::Variable(target) = target.kind else {
            return fail(unexpected("what kg.attend ranks is a variable", target.span).hint(usage));
        };
        let mut attend = Attend {
            // A null that is written out is none; one that turns up is an error, as in the clause.
            query: (query.kind != ExprKind::Null).then_some(query),
            outputs: outputs(call.yields)?,
            predicate: call.predicate,
            ..Attend::of(target, call.span)
        };
        match options.map(|options| (options.kind, options.span)) {
            None => {}
            Some((ExprKind::Map(entries), _)) => {
                for (at, (key, value)) in entries.iter().enumerate() {
                    if entries[..at].iter().any(|(other, _)| other.text == key.text) {
                        return fail(unexpected(format!("the option {} is given twice", key.text), key.span));
                    }
                    option(key, value, &mut attend)?;
                }
            }
            Some((_, span)) => {
                return fail(unexpected("the options of kg.attend are a map that is written out", span).hint(usage));
            }
        }
        Ok(Clause::Attend(Box::new(attend)))
    }
}

/// Takes an option.
fn option(key: &Name, value: &Expr, into: &mut Attend) -> Result<()> {
    match &*key.text {
        "distinct" => into.distinct = flag(key, value)?,
        "onNode" => into.on_node = flag(key, value)?,
        "lengthNorm" => into.length_norm = flag(key, value)?.then_some(key.span),
        "per" => into.per = variables(value)?,
        "spaces" => into.spaces = spaces(value)?,
        "model" => into.model = Some(chosen(value)?),
        "where" => into.mask = Some(value.clone()),
        "boosts" => {
            let ExprKind::Map(entries) = &value.kind else {
                return fail(unexpected("boosts are a map from names to expressions", value.span));
            };
            into.boosts = entries.iter().map(|(name, boost)| (boost.clone(), Some(name.clone()))).collect();
        }
        "temperature" => into.temperature = Some(value.clone()),
        "heads" => into.heads = Some(value.clone()),
        "prior" => into.prior = Some(value.clone()),
        "minSimilarity" => into.min_similarity = Some(value.clone()),
        "minWeight" => into.min_weight = Some(value.clone()),
        "beam" => into.beam = Some(value.clone()),
        "limit" => into.limit = Some(value.clone()),
        other => {
            let error = unexpected(format!("`{other}` is no option of kg.attend"), key.span);
            return fail(match suggest(other, OPTIONS.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("the options are {}", OPTIONS.join(", "))),
            });
        }
    }
    Ok(())
}

fn outputs(yields: Yield) -> Result<Vec<(AttendOutput, Name)>> {
    let items = match yields {
        Yield::Absent => return Ok(Vec::new()),
        Yield::All(span) => {
            return fail(unexpected("kg.attend follows a MATCH, so what it yields is named: YIELD score", span));
        }
        Yield::Items(items) => items,
    };
    let mut outputs = Vec::with_capacity(items.len());
    for item in items {
        let Some((_, output)) = OUTPUTS.iter().find(|(name, _)| **name == *item.output.text) else {
            let message = format!("kg.attend does not yield `{}`", item.output.text);
            let names: Vec<&str> = OUTPUTS.iter().map(|(name, _)| *name).collect();
            let error = unexpected(message, item.output.span);
            return fail(error.hint(format!("it yields {}; what is ranked is there already", names.join(", "))));
        };
        outputs.push((*output, item.alias.unwrap_or(item.output)));
    }
    Ok(outputs)
}

fn flag(key: &Name, value: &Expr) -> Result<bool> {
    match value.kind {
        ExprKind::Bool(flag) => Ok(flag),
        _ => fail(unexpected(format!("{} is true or false, written out", key.text), value.span)),
    }
}

/// Returns the variables of `a` or `[a, b]`.
fn variables(value: &Expr) -> Result<Vec<Name>> {
    match &value.kind {
        ExprKind::Variable(name) => Ok(vec![name.clone()]),
        ExprKind::List(items) => {
            let mut names = Vec::with_capacity(items.len());
            for item in items {
                names.append(&mut variables(item)?);
            }
            Ok(names)
        }
        _ => fail(unexpected("per is a variable, or a list of them", value.span)),
    }
}

/// Returns the spaces of `'text'`, `['text', $other]` or `{text: 0.7, image: 0.3}`.
fn spaces(value: &Expr) -> Result<Vec<(Chosen, Option<Expr>)>> {
    match &value.kind {
        ExprKind::Map(entries) => {
            let weighted = |(name, weight): &(Name, Expr)| (Chosen::Name(name.clone()), Some(weight.clone()));
            Ok(entries.iter().map(weighted).collect())
        }
        ExprKind::List(items) => items.iter().map(|item| Ok((chosen(item)?, None))).collect(),
        _ => Ok(vec![(chosen(value)?, None)]),
    }
}

/// Returns the name that a string or a parameter stands for.
fn chosen(value: &Expr) -> Result<Chosen> {
    match &value.kind {
        ExprKind::String(text) => Ok(Chosen::Name(Name { text: text.clone(), span: value.span })),
        ExprKind::Parameter(name) => Ok(Chosen::Parameter(name.clone())),
        _ => fail(unexpected("a name is a string that is written out, or a parameter", value.span)),
    }
}

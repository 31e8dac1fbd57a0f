//! Procedures that stand for clauses, for tools that only speak Cypher: a call becomes the clauses, and is planned as such.
//!
//! `CALL kg.attend(x, $query, {limit: 10, spaces: {text: 0.7}}) YIELD score AS s WHERE s > 0.1` is
//! `ATTEND x IN (FOR $query ON text WEIGHT 0.7 LIMIT 10) SCORE AS s WHERE s > 0.1`. The options are written out as a map, for
//! they say what is planned; their values are any expressions that the clause takes there. [`paths`] has the procedures that
//! bring their pattern with them.

mod paths;

use super::{Builder, Result, fail, unexpected};
use crate::{
    QueryError,
    query::{
        ast::{Attend, AttendOutput, Call, Chosen, Clause, Expr, ExprKind, Name, Yield, YieldItem},
        suggest::suggest,
    },
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
    /// Adds the clauses that a call stands for, or the call.
    pub(super) fn called(&self, call: Call, into: &mut Vec<Clause>) -> Result<()> {
        let is = |name: &str| call.procedure.text.eq_ignore_ascii_case(name);
        match () {
            () if is(ATTEND) => into.push(self.attend_call(call)?),
            () if is(paths::WALK) => into.extend(self.walk_call(call)?),
            () if is(paths::PATH) => into.extend(self.path_call(call)?),
            () => into.push(Clause::Call(call)),
        }
        Ok(())
    }

    fn attend_call(&self, call: Call) -> Result<Clause> {
        let usage = "write CALL kg.attend(x, $query, {limit: 10}) YIELD score";
        let [target, query] =
            arguments(&call, ATTEND, "ranks rows", ["what is ranked", "what it is compared with"], usage)?;
        let mut attend = Attend {
            query: given(query),
            outputs: outputs(ATTEND, call.yields.clone(), OUTPUTS)?,
            predicate: call.predicate.clone(),
            ..Attend::of(variable(target, "what kg.attend ranks", usage)?, call.span)
        };
        for (key, value) in options(call.args.as_deref(), ATTEND, usage)? {
            if !option(key, value, &mut attend)? {
                return fail(no_option(ATTEND, key, OPTIONS));
            }
        }
        Ok(Clause::Attend(Box::new(attend)))
    }
}

/// Returns the arguments of a call before its options.
fn arguments<'c>(call: &'c Call, name: &str, does: &str, needs: [&str; 2], usage: &str) -> Result<[&'c Expr; 2]> {
    let span = call.procedure.span;
    if call.optional {
        return fail(unexpected(format!("{name} {does} that are there, so it cannot be OPTIONAL"), call.span));
    }
    match call.args.as_deref().unwrap_or_default() {
        [first, second] | [first, second, _] => Ok([first, second]),
        [] | [_] => fail(unexpected(format!("{name} needs {} and {}", needs[0], needs[1]), span).hint(usage)),
        _ => {
            let message = format!("{name} takes {}, {} and a map of options", needs[0], needs[1]);
            fail(unexpected(message, span).hint(usage))
        }
    }
}

/// Returns the options of a call: a map that is written out, each once.
fn options<'c>(args: Option<&'c [Expr]>, name: &str, usage: &str) -> Result<&'c [(Name, Expr)]> {
    let Some(options) = args.and_then(|args| args.get(2)) else { return Ok(&[]) };
    let ExprKind::Map(entries) = &options.kind else {
        let message = format!("the options of {name} are a map that is written out");
        return fail(unexpected(message, options.span).hint(usage));
    };
    for (at, (key, _)) in entries.iter().enumerate() {
        if entries[..at].iter().any(|(other, _)| other.text == key.text) {
            return fail(unexpected(format!("the option {} is given twice", key.text), key.span));
        }
    }
    Ok(entries)
}

/// Returns the query: a null that is written out is none; one that turns up is an error, as in the clause.
fn given(query: &Expr) -> Option<Expr> {
    (query.kind != ExprKind::Null).then(|| query.clone())
}

fn variable(e: &Expr, what: &str, usage: &str) -> Result<Name> {
    match &e.kind {
        ExprKind::Variable(name) => Ok(name.clone()),
        _ => fail(unexpected(format!("{what} is a variable"), e.span).hint(usage)),
    }
}

fn no_option(name: &str, key: &Name, known: &[&str]) -> QueryError {
    let error = unexpected(format!("`{}` is no option of {name}", key.text), key.span);
    match suggest(&key.text, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("the options are {}", known.join(", "))),
    }
}

/// Takes an option of the clause; returns whether it is one.
fn option(key: &Name, value: &Expr, into: &mut Attend) -> Result<bool> {
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
        _ => return Ok(false),
    }
    Ok(true)
}

fn outputs<T: Copy>(name: &str, yields: Yield, known: &[(&str, T)]) -> Result<Vec<(T, Name)>> {
    let names = || known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let mut outputs = Vec::new();
    for item in items(name, yields)? {
        let Some((_, output)) = known.iter().find(|(name, _)| **name == *item.output.text) else {
            let error = unexpected(format!("{name} does not yield `{}`", item.output.text), item.output.span);
            return fail(error.hint(format!("it yields {}; what it is asked about is there already", names())));
        };
        outputs.push((*output, item.alias.unwrap_or(item.output)));
    }
    Ok(outputs)
}

/// Returns what is yielded by name.
fn items(name: &str, yields: Yield) -> Result<Vec<YieldItem>> {
    match yields {
        Yield::Absent => Ok(Vec::new()),
        Yield::All(span) => {
            fail(unexpected(format!("{name} follows a MATCH, so what it yields is named: YIELD score"), span))
        }
        Yield::Items(items) => Ok(items),
    }
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

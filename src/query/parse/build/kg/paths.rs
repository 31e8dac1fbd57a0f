//! `kg.walk` and `kg.path`: a pattern and what ranks its paths, in one call.
//!
//! `CALL kg.walk(me, $query, {types: ['KNOWS'], max: 3, beam: 32}) YIELD node AS x, relationships AS r, score` is
//! `MATCH (me)-[r:KNOWS*1..3]->(x) ATTEND r IN (FOR $query BEAM 32) SCORE AS score`;
//! `CALL kg.path(a, b, {types: 'ROAD', count: 3, query: $q, cost: r.km * (2 - similarity(r))}) YIELD path AS p,
//! relationships AS r, cost AS total` is `MATCH p = CHEAPEST 3 (a)-[r:ROAD]->+(b) ATTEND r IN (FOR $q) COST BY r.km * (2 -
//! similarity(r)) AS total`. In the options the relationships' variable is one of them, and `NODE` the node that it reaches, as
//! in the clauses; it is `relationships` where YIELD gives it no other name.

use super::{
    Builder, OPTIONS, Result, arguments, fail, given, items, no_option, option, options, unexpected, variable,
};
use crate::{
    Span,
    query::ast::{
        Attend, AttendOutput, Call, Clause, Cost, Direction, Expr, ExprKind, Hop, LabelExpr, Match, Name, NodePattern,
        PathLength, PathPattern, PathSelector, RelationshipPattern,
    },
};

/// The procedure that stands for a pattern whose paths are ranked.
pub(super) const WALK: &str = "kg.walk";

/// The procedure that stands for `CHEAPEST` and `COST BY`.
pub(super) const PATH: &str = "kg.path";

/// The options of the pattern.
const OF_PATTERN: [&str; 4] = ["types", "direction", "min", "max"];

/// Options of `ATTEND` that mean nothing where the pattern comes with it.
const NOT_OF_WALK: &[&str] = &["distinct"];
const NOT_OF_PATH: &[&str] = &["distinct", "per", "minWeight", "beam", "lengthNorm", "limit"];

/// What is yielded.
#[derive(Clone, Copy, PartialEq)]
enum Output {
    Node,
    Relationships,
    Path,
    Cost,
    Of(AttendOutput),
}

const WALK_OUTPUTS: &[(&str, Output)] = &[
    ("node", Output::Node),
    ("relationships", Output::Relationships),
    ("path", Output::Path),
    ("score", Output::Of(AttendOutput::Score)),
    ("similarity", Output::Of(AttendOutput::Similarity)),
    ("logit", Output::Of(AttendOutput::Logit)),
    ("hops", Output::Of(AttendOutput::Hops)),
    ("why", Output::Of(AttendOutput::Why)),
];

const PATH_OUTPUTS: &[(&str, Output)] = &[
    ("path", Output::Path),
    ("relationships", Output::Relationships),
    ("cost", Output::Cost),
    ("score", Output::Of(AttendOutput::Score)),
    ("similarity", Output::Of(AttendOutput::Similarity)),
    ("logit", Output::Of(AttendOutput::Logit)),
    ("hops", Output::Of(AttendOutput::Hops)),
    ("why", Output::Of(AttendOutput::Why)),
];

/// What a pattern is made of.
struct Pattern {
    types: Option<LabelExpr>,
    direction: Direction,
    length: PathLength,
}

impl Builder<'_> {
    pub(super) fn walk_call(&self, call: Call) -> Result<Vec<Clause>> {
        let usage = "write CALL kg.walk(me, $query, {types: 'KNOWS', max: 3}) YIELD node, score";
        let needs = ["where walks start", "what they are compared with"];
        let [start, query] = arguments(&call, WALK, "finds paths", needs, usage)?;
        let start = variable(start, "where kg.walk starts", usage)?;
        let query = given(query);
        let span = call.span;
        let names = Names::of(WALK, &call, WALK_OUTPUTS)?;
        let mut attend = Attend { query, ..Attend::of(names.relationships(span), span) };
        let mut pattern = Pattern::new(span);
        for (key, value) in options(call.args.as_deref(), WALK, usage)? {
            if !pattern.option(key, value)? && !allowed(key, value, &mut attend, NOT_OF_WALK)? {
                return fail(no_option(WALK, key, &known(NOT_OF_WALK, &[])));
            }
        }
        if pattern.length.max.is_none() && attend.beam.is_none() && attend.limit.is_none() {
            let error = unexpected("kg.walk needs to know how far: max, or a beam or a limit", call.procedure.span);
            return fail(error.hint(usage));
        }
        attend.outputs = names.of_attend();
        attend.predicate = call.predicate;
        let variable = names.get(Output::Node);
        let end = NodePattern { variable, labels: None, properties: None, predicate: None, span };
        let path = path(&names, (start, end), pattern, (PathSelector::All, None), span);
        Ok(vec![matched(path, span), Clause::Attend(Box::new(attend))])
    }

    pub(super) fn path_call(&self, call: Call) -> Result<Vec<Clause>> {
        let usage = "write CALL kg.path(a, b, {types: 'ROAD', cost: relationships.km}) YIELD path, cost";
        let [start, end] = arguments(&call, PATH, "finds paths", ["a start", "an end"], usage)?;
        let start = variable(start, "where kg.path starts", usage)?;
        let end = variable(end, "where kg.path ends", usage)?;
        let span = call.span;
        let names = Names::of(PATH, &call, PATH_OUTPUTS)?;
        let mut attend = Attend::of(names.relationships(span), span);
        let (mut pattern, mut cost, mut count) = (Pattern::new(span), None, None);
        let mut is_ranked = false;
        for (key, value) in options(call.args.as_deref(), PATH, usage)? {
            match &*key.text {
                "cost" => cost = Some(value.clone()),
                "count" => count = Some(Box::new(value.clone())),
                "query" => (attend.query, is_ranked) = (given(value), true),
                _ if pattern.option(key, value)? => {}
                _ if allowed(key, value, &mut attend, NOT_OF_PATH)? => is_ranked = true,
                _ => return fail(no_option(PATH, key, &known(NOT_OF_PATH, &["cost", "count", "query"]))),
            }
        }
        let Some(cost) = cost else {
            return fail(unexpected("kg.path needs what a relationship costs", call.procedure.span).hint(usage));
        };
        attend.outputs = names.of_attend();
        is_ranked |= !attend.outputs.is_empty();
        let end = NodePattern::given(end);
        let path = path(&names, (start, end), pattern, (PathSelector::Cheapest, count), span);
        let cost = Cost { cost, name: names.get(Output::Cost), predicate: call.predicate, span };
        let ranking = is_ranked.then(|| Clause::Attend(Box::new(attend)));
        let first = std::iter::once(matched(path, span));
        Ok(first.chain(ranking).chain([Clause::Cost(Box::new(cost))]).collect())
    }
}

/// The names that YIELD gives.
struct Names(Vec<(Output, Name)>);

impl Names {
    fn of(name: &str, call: &Call, known: &[(&str, Output)]) -> Result<Self> {
        let mut names: Vec<(Output, Name)> = Vec::new();
        for item in items(name, call.yields.clone())? {
            let Some((_, output)) = known.iter().find(|(name, _)| **name == *item.output.text) else {
                let all = known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                let error = unexpected(format!("{name} does not yield `{}`", item.output.text), item.output.span);
                return fail(error.hint(format!("it yields {all}")));
            };
            if names.iter().any(|(other, _)| other == output) {
                return fail(unexpected(format!("`{}` is yielded twice", item.output.text), item.output.span));
            }
            names.push((*output, item.alias.unwrap_or(item.output)));
        }
        Ok(Self(names))
    }

    fn get(&self, output: Output) -> Option<Name> {
        self.0.iter().find(|(known, _)| *known == output).map(|(_, name)| name.clone())
    }

    fn relationships(&self, span: Span) -> Name {
        self.get(Output::Relationships).unwrap_or_else(|| Name { text: "relationships".into(), span })
    }

    fn of_attend(&self) -> Vec<(AttendOutput, Name)> {
        let of = |(output, name): &(Output, Name)| match output {
            Output::Of(output) => Some((*output, name.clone())),
            _ => None,
        };
        self.0.iter().filter_map(of).collect()
    }
}

impl Pattern {
    fn new(span: Span) -> Self {
        Self { types: None, direction: Direction::Right, length: PathLength { min: None, max: None, span } }
    }

    /// Takes an option; returns whether it is one of the pattern.
    fn option(&mut self, key: &Name, value: &Expr) -> Result<bool> {
        match &*key.text {
            "types" => self.types = types(value)?,
            "direction" => {
                self.direction = match &value.kind {
                    ExprKind::String(text) if text.eq_ignore_ascii_case("out") => Direction::Right,
                    ExprKind::String(text) if text.eq_ignore_ascii_case("in") => Direction::Left,
                    ExprKind::String(text) if text.eq_ignore_ascii_case("both") => Direction::Either,
                    _ => return fail(unexpected("direction is 'out', 'in' or 'both', written out", value.span)),
                }
            }
            "min" => self.length.min = Some(hops(key, value)?),
            "max" => self.length.max = Some(hops(key, value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn hops(key: &Name, value: &Expr) -> Result<u32> {
    match value.kind {
        ExprKind::Int(n) if u32::try_from(n).is_ok() => Ok(n as u32),
        _ => fail(unexpected(format!("{} is a number of relationships, written out", key.text), value.span)),
    }
}

/// Returns the types of `'KNOWS'` or `['KNOWS', 'HEARD']`; none of an empty list: any.
fn types(value: &Expr) -> Result<Option<LabelExpr>> {
    let one = |value: &Expr| match &value.kind {
        ExprKind::String(text) => Ok(LabelExpr::Label(Name { text: text.clone(), span: value.span })),
        _ => fail(unexpected("types are strings that are written out", value.span)),
    };
    let ExprKind::List(items) = &value.kind else { return one(value).map(Some) };
    let mut all = items.iter().map(one).collect::<Result<Vec<_>>>()?;
    Ok(match all.len() {
        0 | 1 => all.pop(),
        _ => Some(LabelExpr::Or(all, value.span)),
    })
}

/// Takes an option of `ATTEND`, but for some.
fn allowed(key: &Name, value: &Expr, attend: &mut Attend, not: &[&str]) -> Result<bool> {
    Ok(!not.contains(&&*key.text) && option(key, value, attend)?)
}

/// Returns the options that there are.
fn known(not: &[&str], more: &[&'static str]) -> Vec<&'static str> {
    let of_attend = OPTIONS.iter().filter(|option| !not.contains(option));
    OF_PATTERN.iter().chain(more).chain(of_attend).copied().collect()
}

fn path(
    names: &Names,
    (start, end): (Name, NodePattern),
    Pattern { types, direction, length }: Pattern,
    (selector, count): (PathSelector, Option<Box<Expr>>),
    span: Span,
) -> PathPattern {
    let relationship = RelationshipPattern {
        variable: Some(names.relationships(span)),
        types,
        length: Some(length),
        group: None,
        properties: None,
        predicate: None,
        direction,
        span,
    };
    PathPattern {
        variable: names.get(Output::Path),
        selector,
        selects_first: selector != PathSelector::All,
        count,
        mode: None,
        inner: None,
        predicate: None,
        start: NodePattern::given(start),
        hops: vec![Hop { relationship, node: end }],
        span,
    }
}

fn matched(path: PathPattern, span: Span) -> Clause {
    Clause::Match(Match {
        optional: false,
        repeatable: false,
        patterns: vec![path],
        as_of: None,
        predicate: None,
        span,
    })
}

//! A plan as text: one operator a line, its input below it, with estimated rows.

mod attend;
mod expr;
mod profile;
mod rows;
#[cfg(test)]
mod tests;

use std::fmt::Write;

pub(crate) use self::profile::Sheet;
pub use self::profile::{OperatorProfile, Profile};

use self::expr::Printer;
use super::{
    chain::{ChainAggregate, ChainSource, Fold},
    plan::{ApplyKind, Expr, Follow, IntersectStep, Named, Op, Plan, Slot},
    search::{PathMode, PathSearch, PathStep},
    slots,
    stack::with_room,
    statistics::Statistics,
};
use crate::graph::RangeBound;

/// Returns the plan as an indented tree. The operator that gives the result is first; what it reads from is below it, and the
/// plan that runs for each of its rows, if it has one, below that.
pub(crate) fn explain(plan: &Plan, statistics: &dyn Statistics) -> String {
    let printer = Printer { slots: &plan.slots, params: &plan.params };
    let mut lines = Vec::new();
    lines.push(Line { depth: 0, text: result_title(plan), rows: None });
    with_room(plan.depth, || describe(&plan.root, 1, 1.0, &printer, statistics, &mut lines));
    let width = lines.iter().map(|line| 2 * line.depth + line.text.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        let used = 2 * line.depth + line.text.chars().count();
        write!(text, "{:indent$}{}", "", line.text, indent = 2 * line.depth).expect("a string takes all");
        if let Some(rows) = line.rows {
            write!(text, "{:gap$}  ~{} rows", "", rounded(rows), gap = width - used).expect("a string takes all");
        }
        text.push('\n');
    }
    text
}

fn result_title(plan: &Plan) -> String {
    let names: Vec<&str> = plan.columns.iter().map(|(name, _)| &**name).collect();
    format!("Result {}", if names.is_empty() { "no columns".to_owned() } else { names.join(", ") })
}

struct Line {
    depth: usize,
    text: String,
    rows: Option<f64>,
}

fn describe(
    op: &Op,
    depth: usize,
    argument: f64,
    printer: &Printer<'_>,
    statistics: &dyn Statistics,
    lines: &mut Vec<Line>,
) {
    let rows = rows::estimate(op, argument, statistics);
    lines.push(Line { depth, text: title(op, printer), rows: Some(rows) });
    match op {
        Op::Apply { input, inner, .. } | Op::Merge { input, inner, .. } | Op::Foreach { input, body: inner, .. } => {
            describe(inner, depth + 2, 1.0, printer, statistics, lines);
            describe(input, depth + 1, argument, printer, statistics, lines);
        }
        _ => slots::inputs(op, &mut |below| describe(below, depth + 1, argument, printer, statistics, lines)),
    }
}

fn title(op: &Op, p: &Printer<'_>) -> String {
    match op {
        Op::Argument => "Argument".to_owned(),
        Op::Nothing => "Nothing".to_owned(),
        Op::NodeScan { node, label, range: Some(range), .. } => {
            let label = label.as_ref().map_or_else(String::new, |label| format!(":{}", label.name));
            let bound = |(bound, e): &(RangeBound, Expr)| {
                let sign = match bound {
                    RangeBound::From => ">=",
                    RangeBound::To => "<=",
                    RangeBound::Prefix => "STARTS WITH",
                };
                format!("{} {sign} {}", range.key.name, p.expr(e))
            };
            let bounds: Vec<String> = range.bounds.iter().map(bound).collect();
            format!("NodeRangeScan ({}{label}) {}", p.slot(*node), bounds.join(", "))
        }
        Op::NodeScan { node, label: None, .. } => format!("NodeScan ({})", p.slot(*node)),
        Op::NodeScan { node, label: Some(label), .. } => format!("NodeScan ({}:{})", p.slot(*node), label.name),
        Op::NodeSeek { node, label, key, value, unique, .. } => {
            let unique = if *unique { " unique" } else { "" };
            format!("NodeSeek{unique} ({}:{} {{{}: {}}})", p.slot(*node), label.name, key.name, p.expr(value))
        }
        Op::NodeById { node, ids, .. } => format!("NodeById ({}) id {}", p.slot(*node), p.expr(ids)),
        Op::Expand(e) => {
            let rel = e.rel.map(|rel| p.slot(rel)).unwrap_or_default();
            let inside = format!("{rel}{}", types(&e.types));
            let name = if e.into { "ExpandInto" } else { "Expand" };
            format!("{name} {}{}", hop(p, e.from, &inside, e.follow, e.to), unique(p, &e.unique_from))
        }
        Op::Intersect(e) => {
            let step = |step: &IntersectStep| {
                let inside = format!("{}{}", step.rel.map(|rel| p.slot(rel)).unwrap_or_default(), types(&step.types));
                format!("{}{}", hop(p, step.from, &inside, step.follow, e.to), unique(p, &step.unique_from))
            };
            format!("Intersect {}", e.steps.iter().map(step).collect::<Vec<_>>().join(", "))
        }
        Op::VarExpand(e) => {
            let rels = e.rels.map(|rels| p.slot(rels)).unwrap_or_default();
            let inside = format!("{rels}{}{}", types(&e.types), length(e.min, e.max));
            let name = if e.into { "VarExpandInto" } else { "VarExpand" };
            let filter = e.rel_filter.as_ref().map(|f| format!(" where each {}", p.expr(f))).unwrap_or_default();
            format!("{name} {}{filter}{}", hop(p, e.from, &inside, e.follow, e.to), unique(p, &e.unique_from))
        }
        Op::ShortestPath(e) => {
            let inside = format!("{}{}{}", p.slot(e.rels), types(&e.types), length(e.min, e.max));
            let name = if e.all { "AllShortestPaths" } else { "ShortestPath" };
            let filter = e.rel_filter.as_ref().map(|f| format!(" where each {}", p.expr(f))).unwrap_or_default();
            format!("{name} {}{filter}", hop(p, e.from, &inside, e.follow, e.to))
        }
        Op::PathSearch(search) => path_search(search, p),
        Op::Attend(a) => attend::one(a, p),
        Op::AttendPaths(e) => attend::paths(e, p),
        Op::CheapestPaths(e) => attend::cheapest(e, p),
        Op::LimitPaths(e) => {
            let limit = e.limit.as_ref().map(|limit| format!(" {}", p.expr(limit))).unwrap_or_default();
            format!("LimitPaths{}{limit}", if e.distinct { " DISTINCT" } else { "" })
        }
        Op::Filter { predicate, .. } => format!("Filter {}", p.expr(predicate)),
        Op::Project { items, .. } => format!("Project {}", p.items(items)),
        Op::Aggregate { keys, aggregates, .. } => {
            let aggregates: Vec<String> =
                aggregates.iter().map(|(slot, a)| format!("{} AS {}", p.aggregate(a), p.slot(*slot))).collect();
            let by = if keys.is_empty() { String::new() } else { format!(" by {}", p.items(keys)) };
            format!("Aggregate {}{by}", aggregates.join(", "))
        }
        Op::ChainAggregate(chain) => chain_aggregate(chain, p),
        Op::Distinct { slots, .. } => format!("Distinct {}", p.list(slots)),
        Op::Sort { keys, limit, .. } => {
            let by: Vec<String> = keys
                .iter()
                .map(|key| format!("{}{}", p.expr(&key.expr), if key.descending { " DESC" } else { "" }))
                .collect();
            match limit {
                Some(limit) => format!("Top {} by {}", p.expr(limit), by.join(", ")),
                None => format!("Sort by {}", by.join(", ")),
            }
        }
        Op::Skip { count, .. } => format!("Skip {}", p.expr(count)),
        Op::Limit { count, .. } => format!("Limit {}", p.expr(count)),
        Op::Unwind { list, slot, .. } => format!("Unwind {} AS {}", p.expr(list), p.slot(*slot)),
        Op::Apply { kind, .. } => match kind {
            ApplyKind::Cross { once: false, .. } => "Apply".to_owned(),
            ApplyKind::Cross { once: true, .. } => "Apply once".to_owned(),
            ApplyKind::Optional { .. } => "OptionalApply".to_owned(),
            ApplyKind::Semi { anti: false } => "SemiApply".to_owned(),
            ApplyKind::Semi { anti: true } => "AntiSemiApply".to_owned(),
        },
        Op::Union { distinct: false, .. } => "UnionAll".to_owned(),
        Op::Union { distinct: true, .. } => "Union".to_owned(),
        Op::LoadCsv { url, slot, .. } => format!("LoadCsv {} AS {}", p.expr(url), p.slot(*slot)),
        Op::ProcedureCall { procedure, args, .. } => format!("ProcedureCall {}({})", procedure.name(), p.exprs(args)),
        Op::Eager { .. } => "Eager".to_owned(),
        Op::Create { create, .. } => format!("Create {}", p.create(create)),
        Op::Merge { create, .. } => format!("Merge {}", p.create(create)),
        Op::Set { items, .. } => format!("Set {}", p.set_items(items)),
        Op::Delete { targets, detach, .. } => {
            format!("{} {}", if *detach { "DetachDelete" } else { "Delete" }, p.exprs(targets))
        }
        Op::Foreach { list, slot, .. } => format!("Foreach {} IN {}", p.slot(*slot), p.expr(list)),
        #[allow(unreachable_patterns, reason = "operators of other rules print their name until they are listed here")]
        other => format!("{other:?}").split([' ', '(', '{']).next().unwrap_or_default().to_owned(),
    }
}

fn chain_aggregate(chain: &ChainAggregate, p: &Printer<'_>) -> String {
    let fold = |(slot, fold): &(Slot, Fold)| {
        let slot_of = |node: &usize| p.slot(chain.nodes[*node].slot);
        let what = match fold {
            Fold::Rows => "count(*)".to_owned(),
            Fold::Of { function, node, key } => format!("{}({}.{})", function.name(), slot_of(node), key.name),
            Fold::DistinctNodes { node } => format!("count(DISTINCT {})", slot_of(node)),
            Fold::DistinctValues { node, key } => format!("count(DISTINCT {}.{})", slot_of(node), key.name),
        };
        format!("{what} AS {}", p.slot(*slot))
    };
    let mut folds: Vec<String> = chain.folds.iter().map(fold).collect();
    if folds.is_empty() {
        folds.push("distinct".to_owned());
    }
    let by = if chain.keys.is_empty() { String::new() } else { format!(" by {}", p.items(&chain.keys)) };
    let mut shown = vec![false; chain.nodes.len()];
    let mut node = |at: usize| {
        let node = &chain.nodes[at];
        let slot = p.slot(node.slot);
        if std::mem::replace(&mut shown[at], true) {
            return format!("({slot})");
        }
        let labels: String = node.labels.iter().map(|label| format!(":{}", label.name)).collect();
        let found = match &node.source {
            ChainSource::Any => String::new(),
            ChainSource::Seek { key, value, .. } => format!(" {{{}: {}}}", key.name, p.expr(value)),
            ChainSource::Ids(ids) => format!(" id {}", p.expr(ids)),
        };
        let tests: Vec<String> = node.predicates.iter().map(|predicate| p.expr(predicate)).collect();
        let tests = if tests.is_empty() { String::new() } else { format!(" WHERE {}", tests.join(" AND ")) };
        format!("({slot}{labels}{found}{tests})")
    };
    let mut pattern = String::new();
    let mut last = None;
    for step in &chain.steps {
        if last == Some(step.from) {
            pattern += &format!("{step}{}", node(step.to));
        } else {
            let comma = if last.is_some() { ", " } else { "" };
            pattern += &format!("{comma}{}{step}{}", node(step.from), node(step.to));
        }
        last = Some(step.to);
    }
    if chain.steps.is_empty() {
        pattern = node(0);
    }
    let keep = chain
        .keep
        .as_ref()
        .map(|keep| {
            let order = if keep.descending { "greatest" } else { "least" };
            format!(", the {} of {order} {}", p.expr(&keep.count), p.slot(chain.folds[keep.fold].0))
        })
        .unwrap_or_default();
    format!("TrailAggregate {}{by} over {pattern}{keep}", folds.join(", "))
}

fn path_search(search: &PathSearch, p: &Printer<'_>) -> String {
    let pattern = &search.pattern;
    let mut text = format!("({})", p.slot(search.from));
    let n = pattern.parts.len();
    // As it is written, or from its right end, as it is searched.
    for i in 0..n {
        let at = if search.reversed { n - 1 - i } else { i };
        let part = &pattern.parts[at];
        let step = |step: &PathStep| {
            let follow = match (search.reversed, step.follow) {
                (true, Follow::Out) => Follow::In,
                (true, Follow::In) => Follow::Out,
                (_, follow) => follow,
            };
            let (left, right) = arrow(follow);
            format!("{left}[{}{}]{right}", p.slot(step.rel), types(&step.types))
        };
        let mut steps: Vec<String> = part.steps.iter().map(step).collect();
        if search.reversed {
            steps.reverse();
        }
        match part.repeat {
            None => text += &steps.join("()"),
            Some((min, max)) => {
                let where_each = part.tests.iter().map(|test| p.expr(test)).collect::<Vec<_>>().join(" AND ");
                let where_each = if where_each.is_empty() { where_each } else { format!(" where each {where_each}") };
                let most = max.map(|max| max.to_string()).unwrap_or_default();
                text += &format!("(({}){where_each}){{{min},{most}}}", steps.join("()"));
            }
        }
        let joint = if search.reversed { at.checked_sub(1) } else { Some(at) };
        if let Some(node) = joint.and_then(|joint| pattern.joints.get(joint)).filter(|_| i + 1 < n) {
            text += &format!("({})", p.slot(*node));
        }
    }
    text += &format!("({})", p.slot(search.to));
    let tests: Vec<String> = pattern.tests.iter().chain(&pattern.conditions).map(|test| p.expr(test)).collect();
    let tests = if tests.is_empty() { String::new() } else { format!(" where {}", tests.join(" AND ")) };
    let mode = match pattern.mode {
        PathMode::Walk => " walk",
        PathMode::Trail => "",
        PathMode::Acyclic => " acyclic",
        PathMode::Simple => " simple",
    };
    let select = match &pattern.select {
        None => String::new(),
        Some(select) if select.groups => format!(" shortest {} groups", p.expr(&select.count)),
        Some(select) => format!(" shortest {}", p.expr(&select.count)),
    };
    let name = if search.into { "PathSearchInto" } else { "PathSearch" };
    format!("{name}{select}{mode} {text}{tests}{}", unique(p, &search.unique_from))
}

fn arrow(follow: Follow) -> (&'static str, &'static str) {
    match follow {
        Follow::Out => ("-", "->"),
        Follow::In => ("<-", "-"),
        Follow::Both => ("-", "-"),
    }
}

fn hop(p: &Printer<'_>, from: Slot, inside: &str, follow: Follow, to: Slot) -> String {
    let (left, right) = arrow(follow);
    format!("({}){left}[{inside}]{right}({})", p.slot(from), p.slot(to))
}

fn types<I>(types: &[Named<I>]) -> String {
    if types.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = types.iter().map(|named| &*named.name).collect();
    format!(":{}", names.join("|"))
}

fn length(min: u32, max: Option<u32>) -> String {
    match max {
        Some(max) if max == min => format!("*{min}"),
        Some(max) => format!("*{min}..{max}"),
        None => format!("*{min}.."),
    }
}

fn unique(p: &Printer<'_>, slots: &[Slot]) -> String {
    if slots.is_empty() { String::new() } else { format!(" other than {}", p.list(slots)) }
}

fn rounded(rows: f64) -> String {
    if rows < 10.0 {
        let text = format!("{rows:.1}");
        return text.strip_suffix(".0").map(str::to_owned).unwrap_or(text);
    }
    if rows < 1e6 { format!("{rows:.0}") } else { format!("{rows:.1e}") }
}

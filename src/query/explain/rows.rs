//! Estimated rows of each operator.

use crate::{
    model::Value,
    query::{
        plan::{ApplyKind, Expr, Op},
        planner::cost,
        statistics::Statistics,
    },
};

/// The rows that a list of unknown length, a file or a procedure is taken to have.
const UNKNOWN: f64 = 10.0;
/// The share of rows that are different, where they are grouped.
const GROUPS: f64 = 0.1;

/// Returns about how many rows the operator gives, when its [`Op::Argument`] has so many.
pub(super) fn estimate(op: &Op, argument: f64, statistics: &dyn Statistics) -> f64 {
    let rows = |op: &Op| estimate(op, argument, statistics);
    cost::capped(match op {
        Op::Argument => argument,
        Op::Nothing => 0.0,
        Op::NodeScan { input, label, range, .. } => {
            let n = rows(input) * cost::nodes(statistics, label.as_ref().map_or(&[], std::slice::from_ref));
            if range.is_some() { n * cost::RANGE } else { n }
        }
        Op::NodeSeek { input, label, unique, .. } => {
            rows(input) * label.id.map_or(0.0, |id| cost::seek(statistics, id, *unique))
        }
        Op::NodeById { input, ids, .. } => rows(input) * items(ids).unwrap_or(1.0),
        Op::Expand(e) => {
            let n = cost::fan_out(statistics, &e.types, e.follow, &[]);
            let into = if e.into { (statistics.n_nodes() as f64).max(1.0) } else { 1.0 };
            rows(&e.input) * if e.rel_bound { n.min(1.0) } else { n } / into
        }
        Op::Intersect(e) => {
            let n_nodes = (statistics.n_nodes() as f64).max(1.0);
            let fan_outs = e.steps.iter().map(|step| cost::fan_out(statistics, &step.types, step.follow, &[]));
            rows(&e.input) * n_nodes * fan_outs.map(|n| n / n_nodes).product::<f64>()
        }
        Op::VarExpand(e) => {
            let n = cost::trails(cost::fan_out(statistics, &e.types, e.follow, &[]), e.min, e.max);
            rows(&e.input) * n / if e.into { (statistics.n_nodes() as f64).max(1.0) } else { 1.0 }
        }
        Op::PathSearch(e) => {
            let parts = e.pattern.parts.iter().map(|part| {
                let step: f64 = part.steps.iter().map(|s| cost::fan_out(statistics, &s.types, s.follow, &[])).product();
                part.repeat.map_or(step, |(min, max)| cost::trails(step, min, max))
            });
            let n: f64 = parts.product();
            rows(&e.input) * n / if e.into { (statistics.n_nodes() as f64).max(1.0) } else { 1.0 }
        }
        Op::ShortestPath(e) => rows(&e.input),
        Op::AttendPaths(e) => {
            let fan_out = cost::fan_out(statistics, &e.types, e.follow, &[]);
            let into = if e.into { (statistics.n_nodes() as f64).max(1.0) } else { 1.0 };
            let n = cost::trails(fan_out, e.min, e.max).min(e.paths_max()) / into;
            let tested = e.tests.iter().map(cost::share).product::<f64>();
            let n = rows(&e.attend.input) * n * tested;
            match &e.attend.limit {
                Some(Expr::Const(Value::Int(limit))) if e.cuts => n.min(rows(&e.attend.input) * *limit as f64),
                _ => n,
            }
        }
        Op::CheapestPaths(e) => match &e.cheapest.count {
            Expr::Const(Value::Int(n)) => rows(&e.attend.input) * *n as f64,
            _ => rows(&e.attend.input),
        },
        Op::LimitPaths(limit) => rows(&limit.input),
        Op::Attend(a) => match &a.limit {
            Some(Expr::Const(Value::Int(n))) if a.lookup.among.is_some() => rows(&a.input) * *n as f64,
            Some(Expr::Const(Value::Int(n))) if a.per.is_empty() => rows(&a.input).min(*n as f64),
            _ => rows(&a.input),
        },
        Op::Filter { input, predicate, .. } => rows(input) * cost::share(predicate),
        Op::Project { input, .. }
        | Op::Sort { input, limit: None, .. }
        | Op::Eager { input }
        | Op::Create { input, .. }
        | Op::Set { input, .. }
        | Op::Delete { input, .. }
        | Op::Foreach { input, .. }
        | Op::Skip { input, .. } => rows(input),
        Op::Merge { input, inner, .. } => rows(input) * estimate(inner, 1.0, statistics).max(1.0),
        Op::ChainAggregate(chain) => rows(&chain.general),
        Op::Aggregate { keys, .. } if keys.is_empty() => 1.0,
        Op::Aggregate { input, .. } | Op::Distinct { input, .. } => {
            let n = rows(input);
            (n * GROUPS).max(n.min(1.0))
        }
        Op::Sort { input, limit: Some(count), .. } | Op::Limit { input, count } => match count {
            Expr::Const(Value::Int(n)) => rows(input).min(*n as f64),
            _ => rows(input).min(UNKNOWN),
        },
        Op::Unwind { input, list, .. } => rows(input) * items(list).unwrap_or(UNKNOWN),
        Op::LoadCsv { input, .. } | Op::ProcedureCall { input, .. } => rows(input) * UNKNOWN,
        Op::Apply { input, inner, kind, .. } => {
            let outer = rows(input);
            let inner = estimate(inner, 1.0, statistics);
            outer
                * match kind {
                    ApplyKind::Cross { .. } => inner,
                    ApplyKind::Optional { .. } => inner.max(1.0),
                    ApplyKind::Semi { anti: false } => inner.min(1.0),
                    ApplyKind::Semi { anti: true } => 1.0 - inner.min(0.9),
                }
        }
        Op::Union { branches, .. } => branches.iter().map(|branch| rows(&branch.op)).sum(),
        #[allow(unreachable_patterns, reason = "operators of other rules give one row until they are listed here")]
        _ => 1.0,
    })
}

fn items(list: &Expr) -> Option<f64> {
    match list {
        Expr::List(items) => Some(items.len() as f64),
        Expr::Const(Value::List(items)) => Some(items.len() as f64),
        _ => None,
    }
}

//! PROFILE as data and as text: the plan's tree with what each operator took.

use std::{fmt, time::Duration};

use super::{Printer, result_title, rounded, rows::estimate, title};
use crate::query::{
    execute::measure::{Taken, subqueries},
    plan::{Op, Plan},
    slots,
    stack::with_room,
    statistics::Statistics,
};

/// What a statement under `PROFILE` took, operator by operator.
///
/// Printed, it is the plan's tree with its figures before it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The result, then its operators: each stands before what it reads, which is one deeper; the plan that runs for each
    /// of its rows (of a subquery, too) is two deeper.
    pub operators: Vec<OperatorProfile>,
}

/// What an operator took.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OperatorProfile {
    /// How deep it stands in the tree; the result is at 0.
    pub depth: usize,
    /// What it does, as `EXPLAIN` says it.
    pub operator: String,
    /// How many rows it was expected to give in each run of the plan it belongs to; the result has no estimate.
    pub rows_estimated: Option<f64>,
    /// The rows it gave, in all its runs.
    pub rows: u64,
    /// The batches in which it gave them.
    pub batches: u64,
    /// The time in it alone.
    pub time: Duration,
    /// The time in it and in everything below it.
    pub time_total: Duration,
    /// The most bytes it held at once of those that count against the memory of a statement.
    pub memory_bytes_max: u64,
    /// Of vector searches through an index: the share of the rows of the exact answer that they found, and of how many
    /// searches, the first of the run, that was measured. The time that took is not counted.
    pub recall: Option<(f64, u32)>,
}

// An estimate is capped to a finite number.
impl Eq for OperatorProfile {}

/// A plan's operators with their estimates, ready to be filled in when the plan has run.
pub(crate) struct Sheet<'p> {
    title: String,
    root: Node<'p>,
    /// See [`Plan::depth`].
    depth: usize,
}

struct Node<'p> {
    op: &'p Op,
    title: String,
    estimate: f64,
    below: Vec<Below<'p>>,
}

struct Below<'p> {
    node: Node<'p>,
    /// How much deeper it stands.
    deeper: usize,
    /// Stands there only where it ran: what an aggregation over trails falls back on.
    is_spare: bool,
}

impl<'p> Sheet<'p> {
    /// Writes down a plan; what it was expected to do is of the graph before it ran.
    pub(crate) fn of(plan: &'p Plan, statistics: &dyn Statistics) -> Self {
        let printer = Printer { slots: &plan.slots, params: &plan.params };
        let root = with_room(plan.depth, || node(&plan.root, 1.0, &printer, statistics));
        Self { title: result_title(plan), root, depth: plan.depth }
    }

    /// Fills in what the result and each operator took.
    pub(crate) fn fill(&self, result: Taken, taken: &dyn Fn(&Op) -> Option<Taken>) -> Profile {
        let mut operators = vec![line(0, &self.title, None, result)];
        let below = with_room(self.depth, || fill(&self.root, 1, taken, &mut operators));
        operators[0].time_total += below;
        Profile { operators }
    }
}

fn node<'p>(op: &'p Op, argument: f64, printer: &Printer<'_>, statistics: &dyn Statistics) -> Node<'p> {
    let mut below = Vec::new();
    let mut add = |op: &'p Op, argument, deeper, is_spare| {
        below.push(Below { node: node(op, argument, printer, statistics), deeper, is_spare });
    };
    subqueries(op, &mut |inner| add(inner, 1.0, 2, false));
    match op {
        Op::Apply { input, inner, .. } | Op::Merge { input, inner, .. } | Op::Foreach { input, body: inner, .. } => {
            add(inner, 1.0, 2, false);
            add(input, argument, 1, false);
        }
        Op::ChainAggregate(chain) => add(&chain.general, argument, 1, true),
        _ => slots::inputs(op, &mut |below| add(below, argument, 1, false)),
    }
    Node { op, title: title(op, printer), estimate: estimate(op, argument, statistics), below }
}

/// Adds the lines of an operator and what is below it; returns the time they took together.
fn fill(
    node: &Node<'_>,
    depth: usize,
    taken: &dyn Fn(&Op) -> Option<Taken>,
    lines: &mut Vec<OperatorProfile>,
) -> Duration {
    let at = lines.len();
    let own = taken(node.op).unwrap_or_default();
    lines.push(line(depth, &node.title, Some(node.estimate), own));
    let mut total = own.time;
    for below in &node.below {
        if !below.is_spare || taken(below.node.op).is_some_and(|taken| taken.asked > 0) {
            total += fill(&below.node, depth + below.deeper, taken, lines);
        }
    }
    lines[at].time_total = total;
    total
}

fn line(depth: usize, title: &str, rows_estimated: Option<f64>, taken: Taken) -> OperatorProfile {
    OperatorProfile {
        depth,
        operator: title.to_owned(),
        rows_estimated,
        rows: taken.rows,
        batches: taken.batches,
        time: taken.time,
        time_total: taken.time,
        memory_bytes_max: taken.bytes_max,
        recall: match taken.recall {
            (0, ..) => None,
            (n, _, 0) => Some((1.0, n)),
            (n, found, wanted) => Some((found as f64 / wanted as f64, n)),
        },
    }
}

impl fmt::Display for Profile {
    /// Writes a line for each operator: its figures under their names, then the tree. Long operators do not push the figures
    /// apart, as they stand last.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ["estimated", "rows", "batches", "own ms", "total ms", "memory"];
        let cells: Vec<[String; 6]> = self.operators.iter().map(cells).collect();
        let width = |at: usize| cells.iter().map(|line| line[at].len()).max().unwrap_or(0).max(names[at].len());
        let widths: Vec<usize> = (0..names.len()).map(width).collect();
        for (name, width) in names.iter().zip(&widths) {
            write!(f, "{name:>width$}  ")?;
        }
        writeln!(f, "operator")?;
        for (line, cells) in self.operators.iter().zip(&cells) {
            for (cell, width) in cells.iter().zip(&widths) {
                write!(f, "{cell:>width$}  ")?;
            }
            write!(f, "{:indent$}{}", "", line.operator, indent = 2 * line.depth)?;
            if let Some((recall, n)) = line.recall {
                write!(f, "  [recall {recall:.3} of {n} searches]")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn cells(line: &OperatorProfile) -> [String; 6] {
    let ms = |time: Duration| format!("{:.3}", time.as_secs_f64() * 1e3);
    [
        line.rows_estimated.map(|rows| format!("~{}", rounded(rows))).unwrap_or_default(),
        line.rows.to_string(),
        if line.depth == 0 { String::new() } else { line.batches.to_string() },
        ms(line.time),
        ms(line.time_total),
        if line.memory_bytes_max == 0 { String::new() } else { bytes(line.memory_bytes_max) },
    ]
}

fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = n as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{size:.1} {}", UNITS[unit]) }
}

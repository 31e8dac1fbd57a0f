//! What is said about a statement on standard error: remarks, effects, times, and how the database is.

use std::time::Duration;

use attendb::{Status, Summary};

use crate::settings::{Look, Switch};

/// What came of showing a result.
#[derive(Debug)]
pub(crate) struct Shown {
    /// How many rows; none where the statement returns none.
    pub(crate) rows: Option<Counted>,
    /// What the statement did.
    pub(crate) summary: Summary,
    /// How long it took, to the last row.
    pub(crate) took: Duration,
}

/// Rows written, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Rows written.
    pub(crate) shown: u64,
    /// All rows, or those that were counted.
    pub(crate) all: u64,
    /// Whether all were counted.
    pub(crate) is_exact: bool,
}

impl Counted {
    /// Returns it in words: `3 rows`, `20 of 3,412 rows`, `20 of more than 100,000 rows`.
    pub(crate) fn words(self) -> String {
        let noun = if self.all == 1 && self.is_exact { "row" } else { "rows" };
        match (self.shown == self.all, self.is_exact) {
            (true, true) => format!("{} {noun}", grouped(self.all)),
            (_, true) => format!("{} of {} {noun}", grouped(self.shown), grouped(self.all)),
            (_, false) => format!("{} of more than {} {noun}", grouped(self.shown), grouped(self.all)),
        }
    }
}

/// Says what a statement did. Where the rows were followed by their number, it is not said again.
pub(crate) fn tell(look: &Look, shown: &Shown, is_counted: bool) {
    for notice in &shown.summary.notices {
        eprintln!("note: {notice}");
    }
    let mut said = Vec::new();
    if look.tells_effects() {
        said.extend(shown.rows.filter(|_| !is_counted).map(Counted::words));
        said.extend(effects(&shown.summary));
    }
    if look.is_on(Switch::Timer) {
        said.push(times(shown));
    }
    if !said.is_empty() {
        eprintln!("{}", said.join(", "));
    }
}

/// Says how the database is.
pub(crate) fn stats(status: &Status) {
    eprintln!(
        "graph: {} nodes, {} relationships, commit {}",
        grouped(status.n_nodes),
        grouped(status.n_relationships),
        grouped(status.sequence)
    );
    eprintln!("memory: {} of blocks pinned, {} of changes", bytes(status.pinned_bytes), bytes(status.delta_bytes));
    eprintln!(
        "journal: {}, {} checkpoints, the last at commit {}",
        bytes(status.journal_bytes),
        grouped(status.n_checkpoints),
        grouped(status.checkpoint_sequence)
    );
    if status.n_accesses + status.n_accesses_dropped > 0 {
        let (waiting, dropped) = (grouped(status.n_accesses), grouped(status.n_accesses_dropped));
        eprintln!("noted: {waiting} accesses, {dropped} dropped");
    }
    for (what, problem) in [("checkpoint", &status.checkpoint_error), ("writing", &status.poisoned)] {
        if let Some(problem) = problem {
            eprintln!("{what} failed: {problem}");
        }
    }
}

fn times(shown: &Shown) -> String {
    let (parse, plan) = (shown.summary.parse_time, shown.summary.plan_time);
    let execute = shown.took.saturating_sub(parse + plan);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    format!("{:.3} ms (parse {:.3}, plan {:.3}, execute {:.3})", ms(shown.took), ms(parse), ms(plan), ms(execute))
}

/// Returns what a statement changed, in words.
fn effects(summary: &Summary) -> Vec<String> {
    let changes = [
        (summary.nodes_created, "nodes created"),
        (summary.nodes_deleted, "nodes deleted"),
        (summary.relationships_created, "relationships created"),
        (summary.relationships_deleted, "relationships deleted"),
        (summary.properties_set, "properties set"),
        (summary.labels_added, "labels added"),
        (summary.labels_removed, "labels removed"),
        (summary.saliences_set, "saliences set"),
        (summary.indexes_changed, "indexes changed"),
        (summary.policies_changed, "policies changed"),
        (summary.validities_changed, "validities changed"),
    ];
    changes.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{what}: {n}")).collect()
}

/// Returns a number with commas between its thousands.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns bytes in the unit people read.
fn bytes(n: u64) -> String {
    match n {
        0..10_000 => format!("{} B", grouped(n)),
        10_000..10_000_000 => format!("{} kB", grouped(n / 1000)),
        _ => format!("{} MB", grouped(n / 1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_in_words() {
        let words = |shown, all, is_exact| Counted { shown, all, is_exact }.words();
        assert_eq!(words(1, 1, true), "1 row");
        assert_eq!(words(0, 0, true), "0 rows");
        assert_eq!(words(20, 3412, true), "20 of 3,412 rows");
        assert_eq!(words(20, 100_000, false), "20 of more than 100,000 rows");
        assert_eq!(words(1_234_567, 1_234_567, true), "1,234,567 rows");
        assert_eq!(
            (bytes(9_999), bytes(10_500), bytes(12_000_000)),
            ("9,999 B".into(), "10 kB".into(), "12 MB".into())
        );
    }
}

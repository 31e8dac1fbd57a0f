//! Checks a view: every block's checksum, and that what is said twice is said alike.

use super::{
    column::borrow,
    counts::{Counts, TypeCounts},
    index::{Index, chunk_of, hash_ref},
    snapshot::{RelRecord, Snapshot},
};
use crate::{
    Result,
    model::{Direction, NodeId, NoteTable, RelId},
    storage::{BLOCK_LEN, split},
};

/// Problems listed: the first ones tell what is wrong, and a ruined database has millions.
const PROBLEMS_MAX: usize = 100;

/// What a check looked at, and what is wrong.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CheckReport {
    /// Nodes visited.
    pub n_nodes: u64,
    /// Relationships visited.
    pub n_relationships: u64,
    /// Property values visited; only a deep check reads them.
    pub n_values: u64,
    /// What is wrong, the first hundred.
    pub problems: Vec<String>,
    /// How much is wrong.
    pub n_problems: u64,
}

impl CheckReport {
    /// Returns whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.n_problems == 0
    }

    /// Adds something that is wrong.
    pub(crate) fn problem(&mut self, problem: impl FnOnce() -> String) {
        self.n_problems += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem());
        }
    }

    /// Counts what could not be read as a problem.
    fn read<T>(&mut self, read: Result<T>) -> Option<T> {
        read.map_err(|error| self.problem(|| error.to_string())).ok()
    }
}

/// Checks ends, edges of both directions and counts; `deep` also reads every property and every index entry.
pub(crate) fn check(view: &Snapshot, deep: bool) -> CheckReport {
    let mut report = CheckReport::default();
    let mut counts = Recount::new(view);
    extents(view, &mut report);
    nodes(view, deep, &mut counts, &mut report);
    relationships(view, deep, &mut counts, &mut report);
    edges(view, &mut report);
    let counted = counts.finish();
    if counted != *view.counts() {
        report.problem(|| format!("counts say {:?}, counting gives {counted:?}", view.counts()));
    }
    if deep {
        indexes(view, &mut report);
        spaces(view, &mut report);
        notes(view, &mut report);
        models(view, &mut report);
        fulltexts(view, &mut report);
    }
    report
}

/// Checks that full-text indexes say of the graph what it says itself.
fn fulltexts(view: &Snapshot, report: &mut CheckReport) {
    for index in view.catalog().fulltexts() {
        if let Some(Some((found, wanted))) = report.read(view.compare_fulltext(index)) {
            let name = &index.name;
            report.problem(|| {
                format!(
                    "the full-text index `{name}` has other words than the graph: of {found} texts, not of {wanted}"
                )
            });
        }
    }
}

/// Checks that what the database notes about itself can be read, and is about relationships that were given ids.
fn notes(view: &Snapshot, report: &mut CheckReport) {
    for table in NoteTable::ALL {
        let mut ids = Vec::new();
        let read = view.each_note(table, 0, &mut |id, _| {
            ids.push(id);
            Ok(())
        });
        report.read(read);
        if table.is_of_relationships()
            && let Some(id) = ids.last().filter(|id| **id >= view.rel_id_end)
        {
            report.problem(|| format!("there is a note of {table:?} about relationship {id}, which never was"));
        }
    }
}

/// Checks that models of attention are whole.
fn models(view: &Snapshot, report: &mut CheckReport) {
    for info in report.read(view.models()).unwrap_or_default() {
        report.read(view.whole_model(info));
    }
}

/// Checks that what embedding spaces promise holds: what their owners have there are vectors of them.
fn spaces(view: &Snapshot, report: &mut CheckReport) {
    for info in view.catalog().spaces() {
        let name = &info.space.name;
        let checked = view.each_no_vector(&info.space, &mut |id, wrong| {
            report.problem(|| format!("in the embedding space `{name}`, the value of id {id} {wrong}"));
            Ok(())
        });
        report.read(checked);
    }
}

struct Recount {
    n_nodes: u64,
    n_rels: u64,
    labels: Vec<u64>,
    types: Vec<TypeCounts>,
}

impl Recount {
    /// Starts at zero, with lists as long as those kept.
    fn new(view: &Snapshot) -> Self {
        let counts = view.counts();
        let of_type = |n| counts.of_type(crate::model::TypeId::new(n as u32));
        let zero = |counts: Option<&TypeCounts>| TypeCounts {
            starts: vec![0; counts.map_or(0, |counts| counts.starts.len())],
            ends: vec![0; counts.map_or(0, |counts| counts.ends.len())],
            ..TypeCounts::default()
        };
        let types = (0..counts.n_types()).map(|n| zero(of_type(n))).collect();
        Self { n_nodes: 0, n_rels: 0, labels: vec![0; counts.labels().len()], types }
    }

    fn finish(self) -> Counts {
        Counts::from_parts(self.n_nodes, self.n_rels, self.labels, self.types)
    }
}

fn bits(words: [u64; BLOCK_LEN / 64], block: u32) -> impl Iterator<Item = u32> {
    let first = block * BLOCK_LEN as u32;
    (0..BLOCK_LEN as u32).filter(move |at| words[*at as usize / 64] >> (at % 64) & 1 != 0).map(move |at| first + at)
}

fn add(numbers: &mut Vec<u64>, at: usize) {
    if numbers.len() <= at {
        numbers.resize(at + 1, 0);
    }
    numbers[at] += 1;
}

/// The next ids to be given must be free.
fn extents(view: &Snapshot, report: &mut CheckReport) {
    for (_, &next) in view.extents.open.iter() {
        let (block, local) = split(next);
        let Some(alive) = report.read(view.node_words(block)).filter(|_| local != 0) else { continue };
        if let Some(id) = bits(alive, block).find(|id| *id >= next) {
            report.problem(|| format!("node {id} exists, and ids from {next} are to be given yet"));
        }
    }
}

fn nodes(view: &Snapshot, deep: bool, counts: &mut Recount, report: &mut CheckReport) {
    for block in 0..view.n_node_blocks() {
        let Some(alive) = report.read(view.node_words(block)) else { continue };
        for (label, name) in view.catalog().labels() {
            let Some(words) = report.read(view.label_words(label, block)) else { continue };
            if let Some(at) = (0..words.len()).find(|at| words[*at] & !alive[*at] != 0) {
                report.problem(|| {
                    format!(
                        "label `{name}` is on nodes that do not exist, near id {}",
                        block as usize * BLOCK_LEN + at * 64
                    )
                });
            }
            bits(words, block).for_each(|_| add(&mut counts.labels, label.index()));
        }
        for id in bits(alive, block) {
            counts.n_nodes += 1;
            report.n_nodes += 1;
            if deep && let Some(properties) = report.read(view.node_props(NodeId::new(id))) {
                report.n_values += properties.len() as u64;
            }
        }
    }
}

fn relationships(view: &Snapshot, deep: bool, counts: &mut Recount, report: &mut CheckReport) {
    for block in 0..view.n_rel_blocks() {
        let Some(alive) = report.read(view.rel_words(block)) else { continue };
        for id in bits(alive, block) {
            counts.n_rels += 1;
            report.n_relationships += 1;
            if id >= view.rel_id_end {
                report.problem(|| {
                    format!("relationship {id} exists, and ids from {} are to be given yet", view.rel_id_end)
                });
            }
            let id = RelId::new(id);
            let Some(record) = report.read(view.rel_record(id)) else { continue };
            let Some(RelRecord { rel_type, start, end }) = record else {
                report.problem(|| format!("relationship {id} has no ends"));
                continue;
            };
            if counts.types.len() <= rel_type.index() {
                report.problem(|| format!("relationship {id} has the unknown type {rel_type}"));
                continue;
            }
            let of_type = &mut counts.types[rel_type.index()];
            of_type.n_rels += 1;
            of_type.n_self_loops += u64::from(start == end);
            for (node, numbers) in [(start, &mut of_type.starts), (end, &mut of_type.ends)] {
                if report.read(view.node_exists(node)) == Some(false) {
                    report.problem(|| format!("relationship {id} has the end {node}, which does not exist"));
                }
                for label in report.read(view.node_labels(node)).unwrap_or_default() {
                    add(numbers, label.index());
                }
            }
            if deep {
                if let Some(properties) = report.read(view.rel_props(id)) {
                    report.n_values += properties.len() as u64;
                }
                report.read(view.salience(id));
            }
        }
    }
}

/// Each edge must be that of a living relationship, and each relationship must have its edge at both ends, once.
fn edges(view: &Snapshot, report: &mut CheckReport) {
    for direction in [Direction::Out, Direction::In] {
        let mut seen = vec![0u64; view.n_rel_blocks() as usize * BLOCK_LEN / 64];
        let mut n_seen = 0u64;
        for rel_type in view.types() {
            let adjacency = view.adjacency(direction, rel_type);
            for id in 0..view.node_id_end() {
                let Some(edges) = report.read(adjacency.edges(NodeId::new(id))) else { break };
                edges.for_each(|neighbor, rel| {
                    let (start, end) = match direction {
                        Direction::Out => (id, neighbor),
                        Direction::In => (neighbor, id),
                    };
                    let expected = RelRecord { rel_type, start: NodeId::new(start), end: NodeId::new(end) };
                    if report.read(view.rel(RelId::new(rel))).flatten() != Some(expected) {
                        report.problem(|| {
                            format!("the {direction:?} edge {start} -> {end} is not that of relationship {rel}")
                        });
                        return;
                    }
                    let (word, bit) = (rel as usize / 64, rel % 64);
                    if seen[word] >> bit & 1 != 0 {
                        report.problem(|| format!("relationship {rel} has two {direction:?} edges"));
                    }
                    seen[word] |= 1 << bit;
                    n_seen += 1;
                });
            }
        }
        if n_seen != view.n_rels() {
            report.problem(|| format!("{n_seen} {direction:?} edges for {} relationships", view.n_rels()));
        }
    }
}

fn indexes(view: &Snapshot, report: &mut CheckReport) {
    for info in view.catalog().indexes() {
        let index = &view.indexes[info.number as usize];
        let column = view.node_column(info.key);
        let mut n_entries = 0;
        for (chunk, page) in index.chunks().iter() {
            for (fingerprint, id) in report.read(Index::entries(page)).unwrap_or_default() {
                n_entries += 1;
                let value = report.read(column.value(id)).unwrap_or_default();
                let hash = hash_ref(&borrow(&value));
                let is_right =
                    hash.is_some_and(|hash| hash as u32 == fingerprint && chunk_of(hash, index.chunks_log2()) == chunk);
                if !is_right || report.read(view.has_label(NodeId::new(id), info.label)) == Some(false) {
                    report.problem(|| format!("index `{}` names node {id}, whose value is {value}", info.name));
                }
            }
        }
        let mut expected = 0;
        for block in 0..view.n_node_blocks() {
            for id in bits(report.read(view.label_words(info.label, block)).unwrap_or_default(), block) {
                let value = report.read(column.value(id)).unwrap_or_default();
                if hash_ref(&borrow(&value)).is_none() {
                    continue;
                }
                expected += 1;
                let mut found = Vec::new();
                report.read(view.seek(info, &value, &mut found));
                if !found.contains(&id) {
                    report.problem(|| format!("index `{}` does not lead from {value} to node {id}", info.name));
                }
            }
        }
        if n_entries != expected || n_entries != index.n_entries() {
            let n_kept = index.n_entries();
            report.problem(|| {
                format!("index `{}` has {n_entries} entries, says {n_kept}, should have {expected}", info.name)
            });
        }
    }
}

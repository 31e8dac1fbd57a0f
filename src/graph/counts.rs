//! Exact counts, kept with every change: they let the planner choose, drop label tests that always hold, and count by
//! degree instead of by visit.

use std::sync::Arc;

use crate::model::{Direction, LabelId, TypeId};

/// How many of what there are. Cloning shares; changing copies one type's or the labels' numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) n_nodes: u64,
    pub(crate) n_rels: u64,
    labels: Arc<Vec<u64>>,
    types: Arc<Vec<Arc<TypeCounts>>>,
}

/// The numbers of one relationship type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TypeCounts {
    pub(crate) n_rels: u64,
    pub(crate) n_self_loops: u64,
    /// By the label of the start node.
    pub(crate) starts: Vec<u64>,
    /// By the label of the end node.
    pub(crate) ends: Vec<u64>,
}

impl TypeCounts {
    fn by_label(&self, direction: Direction) -> &Vec<u64> {
        match direction {
            Direction::Out => &self.starts,
            Direction::In => &self.ends,
        }
    }
}

impl Counts {
    /// Returns how many nodes have a label.
    pub(crate) fn n_label(&self, label: LabelId) -> u64 {
        self.labels.get(label.index()).copied().unwrap_or(0)
    }

    /// Returns the numbers of a relationship type.
    pub(crate) fn of_type(&self, rel_type: TypeId) -> Option<&TypeCounts> {
        self.types.get(rel_type.index()).map(|counts| &**counts)
    }

    /// Returns how many relationships of a type start (`Out`) or end (`In`) at a node with the label.
    pub(crate) fn n_type_ends(&self, rel_type: TypeId, direction: Direction, label: LabelId) -> u64 {
        let counts = self.of_type(rel_type).map(|counts| counts.by_label(direction));
        counts.and_then(|counts| counts.get(label.index())).copied().unwrap_or(0)
    }

    /// Returns the numbers as rows: (label, nodes).
    pub(crate) fn labels(&self) -> &[u64] {
        &self.labels
    }

    /// Returns how many types have numbers.
    pub(crate) fn n_types(&self) -> usize {
        self.types.len()
    }

    /// Returns the counts of these numbers.
    pub(crate) fn from_parts(n_nodes: u64, n_rels: u64, labels: Vec<u64>, types: Vec<TypeCounts>) -> Self {
        let types = types.into_iter().map(Arc::new).collect();
        Self { n_nodes, n_rels, labels: Arc::new(labels), types: Arc::new(types) }
    }

    /// Adds `by` to the nodes with a label.
    pub(crate) fn add_label(&mut self, label: LabelId, by: i64) {
        add(at(Arc::make_mut(&mut self.labels), label.index()), by);
    }

    /// Returns the numbers of a type to change them.
    pub(crate) fn type_mut(&mut self, rel_type: TypeId) -> &mut TypeCounts {
        Arc::make_mut(at(Arc::make_mut(&mut self.types), rel_type.index()))
    }

    /// Adds `by` relationships of a type at an end with the label.
    pub(crate) fn add_type_end(&mut self, rel_type: TypeId, direction: Direction, label: LabelId, by: i64) {
        let counts = self.type_mut(rel_type);
        let counts = match direction {
            Direction::Out => &mut counts.starts,
            Direction::In => &mut counts.ends,
        };
        add(at(counts, label.index()), by);
    }

    /// Adds `by` relationships of a type.
    pub(crate) fn add_rels(&mut self, rel_type: TypeId, by: i64, self_loops: i64) {
        add(&mut self.n_rels, by);
        let counts = self.type_mut(rel_type);
        add(&mut counts.n_rels, by);
        add(&mut counts.n_self_loops, self_loops);
    }

    /// Adds `by` nodes.
    pub(crate) fn add_nodes(&mut self, by: i64) {
        add(&mut self.n_nodes, by);
    }
}

fn at<T: Default>(numbers: &mut Vec<T>, index: usize) -> &mut T {
    if numbers.len() <= index {
        numbers.resize_with(index + 1, T::default);
    }
    &mut numbers[index]
}

/// Recovery of a bulk load applies changes to counts that it then replaces, so they may pass below zero there.
fn add(number: &mut u64, by: i64) {
    *number = number.wrapping_add_signed(by);
}

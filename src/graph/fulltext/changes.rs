//! What changed that full-text indexes and indexes of vectors care about: a list that views share, each transaction adding at its own end.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::storage::BLOCK_LEN;

/// Marks in one link of the list.
const LINK_MARKS: usize = 4096;

/// Something that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graph) enum Mark {
    Node(u32),
    Rel(u32),
    /// Any of a block's ids.
    NodeBlock(u32),
    RelBlock(u32),
    /// A node that may be in an indexed embedding space, or any of a block's.
    Vector(u32),
    VectorBlock(u32),
    /// The index of this number was made.
    Index(u32),
}

/// What changed since a commit. Cloning it is a reference count.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes(Option<Arc<Link>>);

#[derive(Debug)]
struct Link {
    marks: Vec<Mark>,
    before: Option<Arc<Link>>,
}

impl Drop for Link {
    /// A long list is not dropped link within link.
    fn drop(&mut self) {
        let mut next = self.before.take();
        while let Some(mut link) = next.and_then(Arc::into_inner) {
            next = link.before.take();
        }
    }
}

impl Changes {
    pub(in crate::graph) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns whether these are the very same changes as the others.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            // A link that somebody else holds is never added to.
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    pub(in crate::graph) fn push(&mut self, mark: Mark) {
        if let Some(link) = self.0.as_mut().and_then(Arc::get_mut)
            && link.marks.len() < LINK_MARKS
        {
            if link.marks.last() != Some(&mark) {
                link.marks.push(mark);
            }
            return;
        }
        self.0 = Some(Arc::new(Link { marks: vec![mark], before: self.0.take() }));
    }

    fn links(&self) -> impl Iterator<Item = &Link> {
        std::iter::successors(self.0.as_deref(), |link| link.before.as_deref())
    }

    /// Returns how many ids may have changed.
    pub(super) fn n_ids(&self) -> usize {
        let is_block = |mark: &Mark| matches!(mark, Mark::NodeBlock(_) | Mark::RelBlock(_) | Mark::VectorBlock(_));
        let weight = |mark: &Mark| if is_block(mark) { BLOCK_LEN } else { 1 };
        self.links().flat_map(|link| &link.marks).map(weight).sum()
    }

    pub(super) fn has_index(&self, number: u32) -> bool {
        self.links().any(|link| link.marks.contains(&Mark::Index(number)))
    }

    /// Adds the nodes, or the relationships, that may have changed.
    pub(super) fn ids(&self, of_relationships: bool, into: &mut FxHashSet<u32>) {
        for mark in self.links().flat_map(|link| &link.marks) {
            match (*mark, of_relationships) {
                (Mark::Node(id), false) | (Mark::Rel(id), true) => {
                    into.insert(id);
                }
                (Mark::NodeBlock(block), false) | (Mark::RelBlock(block), true) => {
                    let first = block * BLOCK_LEN as u32;
                    into.extend(first..first + BLOCK_LEN as u32);
                }
                _ => {}
            }
        }
    }
}

impl Changes {
    /// Adds the nodes whose vectors in indexed spaces may have changed.
    pub(in crate::graph) fn vector_ids(&self, into: &mut FxHashSet<u32>) {
        for mark in self.links().flat_map(|link| &link.marks) {
            match *mark {
                Mark::Vector(id) => drop(into.insert(id)),
                Mark::VectorBlock(block) => {
                    let first = block * BLOCK_LEN as u32;
                    into.extend(first..first + BLOCK_LEN as u32);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_share_what_was_before_and_not_what_comes() {
        let mut changes = Changes::default();
        changes.push(Mark::Node(1));
        let saved = changes.clone();
        changes.push(Mark::Node(2));
        changes.push(Mark::Rel(3));
        assert!(!saved.is(&changes) && saved.is(&saved.clone()) && !saved.is(&Changes::default()));
        let ids = |changes: &Changes, rels| {
            let mut ids = FxHashSet::default();
            changes.ids(rels, &mut ids);
            let mut ids: Vec<u32> = ids.into_iter().collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!((ids(&saved, false), ids(&changes, false), ids(&changes, true)), (vec![1], vec![1, 2], vec![3]));
        // A save point before each of very many changes.
        for id in 0..300_000 {
            let point = changes.clone();
            changes.push(Mark::Node(id));
            drop(point);
        }
        assert_eq!(ids(&changes, false).len(), 300_000);
    }
}

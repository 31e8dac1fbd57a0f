//! The rows of the input, in groups and by candidate.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Attend, Content};
use crate::{
    QueryError, Result,
    model::Value,
    query::{
        execute::{
            Context,
            batch::{Batch, Column, NULL_ID},
        },
        plan::Slot,
    },
};

/// Marks the end of a chain of rows.
const END: u32 = u32::MAX;

/// The rows that share a softmax.
#[derive(Default)]
pub(super) struct Group {
    pub(super) first_row: u32,
    /// Places in the list of candidates.
    pub(super) candidates: Vec<u32>,
    /// Rows without a candidate.
    pub(super) without: Vec<u32>,
}

/// One value of the target in a group, and its rows: the first, and by [`Rows::next`] those after it.
pub(super) struct Candidate {
    pub(super) id: u32,
    pub(super) first: u32,
    last: u32,
}

/// The rows of candidates: chained, so that a candidate is twelve bytes whether it has one row or a thousand.
#[derive(Default)]
pub(super) struct Rows {
    next: Vec<u32>,
}

impl Rows {
    /// Returns the chains of so many rows, none of them chained yet.
    pub(super) fn of_length(n: usize) -> Self {
        Self { next: vec![END; n] }
    }

    /// Chains rows into a candidate; none where there are none.
    pub(super) fn chain(&mut self, id: u32, rows: impl IntoIterator<Item = u32>) -> Option<Candidate> {
        let mut rows = rows.into_iter();
        let first = rows.next()?;
        let mut last = first;
        for row in rows {
            self.next[last as usize] = row;
            last = row;
        }
        Some(Candidate { id, first, last })
    }

    pub(super) fn of<'a>(&'a self, candidate: &Candidate) -> impl Iterator<Item = u32> + Clone + use<'a> {
        std::iter::successors(Some(candidate.first), |row| {
            self.next.get(*row as usize).copied().filter(|row| *row != END)
        })
    }
}

impl Attend {
    /// Finds the groups, and the candidates of each.
    pub(super) fn split(&self, ctx: &mut Context) -> Result<(Vec<Group>, Vec<Candidate>, Rows)> {
        let spec = &self.spec;
        let (mut groups, mut candidates) = (Vec::<Group>::new(), Vec::<Candidate>::new());
        if let (true, Some(ids)) = (spec.per.is_empty(), self.ascending()) {
            // Each row is a candidate of its own, as a scan gives them.
            let candidates = (0..).zip(ids).map(|(row, id)| Candidate { id: *id, first: row, last: row }).collect();
            let group = Group { first_row: 0, candidates: (0..ids.len() as u32).collect(), without: Vec::new() };
            return Ok((vec![group], candidates, Rows::default()));
        }
        let mut rows = Rows::of_length(self.all.len);
        let mut known: FxHashMap<u64, u32> = FxHashMap::default();
        let mut by_ids: FxHashMap<u32, u32> = FxHashMap::default();
        let mut by_values: FxHashMap<Vec<Value>, u32> = FxHashMap::default();
        let only_node = match spec.per.as_slice() {
            [slot] => match self.all.column(*slot) {
                Column::Nodes(ids) if ids.len() == self.all.len => Some(ids),
                _ => None,
            },
            _ => None,
        };
        for row in 0..self.all.len {
            ctx.tick(1)?;
            let next = groups.len() as u32;
            let group = match (only_node, spec.per.is_empty()) {
                (_, true) => 0,
                (Some(ids), _) => *by_ids.entry(ids[row]).or_insert(next),
                _ => {
                    let key: Vec<Value> = spec.per.iter().map(|slot| self.all.get(*slot, row)).collect();
                    *by_values.entry(key).or_insert(next)
                }
            };
            if group == next {
                groups.push(Group { first_row: row as u32, ..Group::default() });
            }
            let group_at = group;
            let group = &mut groups[group as usize];
            let column = self.all.column(spec.target);
            let id = match spec.content {
                Content::Node => column.node(row),
                _ => column.rel(row),
            };
            let Some(id) = id else {
                group.without.push(row as u32);
                continue;
            };
            let next = candidates.len() as u32;
            let at = *known.entry(u64::from(group_at) << 32 | u64::from(id)).or_insert(next);
            let row = row as u32;
            if at == next {
                candidates.push(Candidate { id, first: row, last: row });
                group.candidates.push(next);
            } else {
                let before = std::mem::replace(&mut candidates[at as usize].last, row);
                rows.next[before as usize] = row;
            }
        }
        Ok((groups, candidates, rows))
    }

    /// Returns the target's ids, where each is larger than the one before.
    fn ascending(&self) -> Option<&[u32]> {
        let (Column::Nodes(ids) | Column::Rels(ids)) = self.all.column(self.spec.target) else { return None };
        let ascends = ids.len() == self.all.len && ids.windows(2).all(|pair| pair[0] < pair[1]);
        (ascends && ids.last() != Some(&NULL_ID)).then_some(ids)
    }

    /// Fails where something that a whole group is asked differs in it.
    pub(super) fn check_constants(&self, groups: &[Group], candidates: &[Candidate], rows: &Rows) -> Result<()> {
        for constant in &self.spec.constants {
            for group in groups {
                let of = group.candidates.iter().flat_map(|at| rows.of(&candidates[*at as usize]));
                check_constant(&self.all, constant, group.first_row, of.chain(group.without.iter().copied()))?;
            }
        }
        Ok(())
    }
}

/// Fails where a slot has another value in one of the rows than in the first.
pub(super) fn check_constant(
    all: &Batch,
    (slot, name): &(Slot, Arc<str>),
    first: u32,
    mut rows: impl Iterator<Item = u32>,
) -> Result<()> {
    let first = all.get(*slot, first as usize);
    if rows.all(|row| all.get(*slot, row as usize).order(&first).is_eq()) {
        return Ok(());
    }
    let message = format!("`{name}` differs between the rows that ATTEND ranks together");
    let error = QueryError::run("22N00", "ArgumentError", "NotConstantInGroup", message);
    Err(error.hint(format!("write ATTEND ... PER {name} IN (...)")).into())
}

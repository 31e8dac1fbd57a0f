//! Building graphs and keeping them up to date, piece by piece.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{BREADTH, Kept, NearState, SCAN_BELOW, Snapshot, State};
use crate::{
    Result,
    attention::{Metric, Near, NearRoom, Path},
    model::{self, Space},
    storage::{BLOCK_LEN, block::Presence},
};

/// Nodes that may have changed, from which on a graph is brought up to date.
const DUE_IDS: usize = 256;

/// Vectors that are put in while searches wait: some milliseconds.
const ROWS_WHILE_WAITED: usize = 8;

/// Rows whose search is tried between two looks whether to go on.
const SECURED_AT_ONCE: usize = 16;

/// After as many changes as one in so many of its vectors, it is looked once more whether every vector is found.
const SECURE_PART: usize = 8;

/// Bytes of a vector in a graph, beside its codes: links, sizes, ids.
const BYTES_BESIDE: u64 = 200;

/// The work on graphs that is not done.
#[derive(Debug, Default)]
pub(crate) struct NearWork {
    tasks: Vec<Task>,
    /// The commit at which it was last looked what is to be done.
    looked: Option<u64>,
    room: NearRoom,
}

#[derive(Debug)]
struct Task {
    space: Arc<Space>,
    state: Arc<State>,
    view: Arc<Snapshot>,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// A new graph, not searched yet: put the vectors in from this block on.
    Fill { kept: Box<Kept>, block: u32, n: u64 },
    /// See to it that each of them is found, from this slot on.
    Secure { kept: Box<Kept>, from: u32 },
    /// Bring the graph that is searched up to date: of these nodes, those from a place on.
    Follow { ids: Vec<u32>, at: usize },
    /// See to it that each vector of the graph that is searched is found, between these slots.
    SecureAgain { from: u32, end: u32 },
}

impl NearWork {
    /// Returns whether something was begun.
    pub(crate) fn is_busy(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// Does what is due for a committed view, as long as `go_on` says so; `bytes_left` is how much memory graphs may take.
    /// Returns whether anything was done.
    ///
    /// # Errors
    /// `Corrupt` where a block is damaged: the index is then left as it is.
    pub(crate) fn step(
        &mut self,
        view: &Arc<Snapshot>,
        bytes_left: u64,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<bool> {
        if self.tasks.is_empty() {
            self.look(view, bytes_left)?;
        }
        let mut has_worked = false;
        while let Some(mut task) = self.tasks.pop() {
            let is_there = view.catalog().indexed_spaces().any(|info| Arc::ptr_eq(&info.space, &task.space));
            if !is_there {
                view.nears.retain(view);
                continue;
            }
            if !go_on() {
                self.tasks.push(task);
                break;
            }
            has_worked = true;
            if !task.go(&mut self.room, go_on)? {
                self.tasks.push(task);
                break;
            }
            self.looked = None;
            view.nears.count();
            view.fulltexts.forget_for_vectors(view, view.nears.oldest());
        }
        Ok(has_worked)
    }

    /// Finds what is to be done.
    fn look(&mut self, view: &Arc<Snapshot>, bytes_left: u64) -> Result<()> {
        if self.looked == Some(view.sequence()) || !view.nears.concern(view) {
            return Ok(());
        }
        self.looked = Some(view.sequence());
        view.nears.retain(view);
        for info in view.catalog().indexed_spaces() {
            let (space, state) = (info.space.clone(), view.nears.state(&info.space));
            if let Some(step) = state.due(view, &space, bytes_left)? {
                self.tasks.push(Task { space, state, view: view.clone(), step });
            }
        }
        view.fulltexts.forget_for_vectors(view, view.nears.oldest());
        Ok(())
    }
}

/// In what a graph is not as it should be.
enum Left {
    Nothing,
    /// It was long not looked whether all below this slot are found.
    Secure(u32),
    /// These nodes may have changed.
    Changed(Vec<u32>),
    /// There is none, or none that could be brought up to date.
    All,
}

impl State {
    fn left(&self, view: &Snapshot) -> Left {
        let kept = self.read();
        let Some(kept) = kept.as_ref().filter(|kept| !kept.near.is_worn()) else { return Left::All };
        let Some(changed) = self.changed(view, kept) else { return Left::All };
        if changed.ids.len() >= DUE_IDS || kept.from < kept.to {
            let mut ids: Vec<u32> = changed.ids.iter().copied().collect();
            ids.sort_unstable();
            return Left::Changed(ids);
        }
        if kept.near.n_unsecured() > kept.near.len() / SECURE_PART {
            return Left::Secure(kept.near.n_slots() as u32);
        }
        Left::Nothing
    }

    /// Returns what is to be done.
    fn due(&self, view: &Arc<Snapshot>, space: &Arc<Space>, bytes_left: u64) -> Result<Option<Step>> {
        match self.left(view) {
            Left::Nothing => return Ok(None),
            Left::Secure(end) => return Ok(Some(Step::SecureAgain { from: 0, end })),
            Left::Changed(ids) => {
                if let Some(kept) = self.write().as_mut() {
                    kept.to = kept.to.max(view.sequence());
                }
                return Ok(Some(Step::Follow { ids, at: 0 }));
            }
            Left::All => {}
        }
        let n = view.n_vectors(space)?;
        if n < SCAN_BELOW {
            *self.write() = None;
            self.set_progress(NearState::Scanned);
            return Ok(None);
        }
        if n * (u64::from(space.dimension) + BYTES_BESIDE) > bytes_left {
            if *super::lock(&self.progress) != NearState::TooLarge {
                log::warn!("the vectors of `{}` are not indexed: too little memory is left", space.name);
            }
            self.set_progress(NearState::TooLarge);
            return Ok(None);
        }
        let metric = metric(space);
        let length_max = if metric == Metric::Dot { longest(view, space)? } else { 0.0 };
        let kept = Kept {
            near: Near::new(Path::best(), metric, space.dimension as usize, length_max),
            ids: Vec::new(),
            slots: FxHashMap::default(),
            from: view.sequence(),
            to: view.sequence(),
        };
        Ok(Some(Step::Fill { kept: Box::new(kept), block: 0, n }))
    }
}

impl Task {
    /// Goes on as long as `go_on` says so; returns whether nothing is left to do.
    fn go(&mut self, room: &mut NearRoom, go_on: &mut dyn FnMut() -> bool) -> Result<bool> {
        loop {
            match &mut self.step {
                Step::Fill { kept, block, n } => {
                    if *block == self.view.n_space_blocks(&self.space) {
                        let kept = std::mem::replace(kept, Box::new(Kept::none()));
                        self.step = Step::Secure { kept, from: 0 };
                        continue;
                    }
                    // A block that was begun goes on where it was left.
                    let mut reader = self.view.vectors(&self.space);
                    let words = self.view.vector_words(&self.space, *block)?;
                    for local in Presence(words).iter() {
                        let id = *block * BLOCK_LEN as u32 + local as u32;
                        if kept.slots.contains_key(&id) {
                            continue;
                        }
                        if !go_on() {
                            self.state.set_progress(NearState::Building(kept.near.len() as u64, *n));
                            return Ok(false);
                        }
                        if let Some(row) = reader.get(id)?.filter(|row| row.len() == self.space.dimension as usize) {
                            kept.put(id, &row, room);
                        }
                    }
                    *block += 1;
                }
                Step::Secure { kept, from } => {
                    while (*from as usize) < kept.near.n_slots() {
                        if !go_on() {
                            return Ok(false);
                        }
                        *from = kept.near.secure(*from, SECURED_AT_ONCE, BREADTH, room);
                    }
                    let mut kept = std::mem::replace(kept, Box::new(Kept::none()));
                    kept.near.secured();
                    self.state.set_progress(NearState::Ready(kept.near.len() as u64));
                    *self.state.write() = Some(*kept);
                    return Ok(true);
                }
                Step::Follow { ids, at } => {
                    let mut reader = self.view.vectors(&self.space);
                    while *at < ids.len() {
                        if !go_on() {
                            return Ok(false);
                        }
                        let some = &ids[*at..ids.len().min(*at + ROWS_WHILE_WAITED)];
                        let mut kept = self.state.write();
                        let Some(kept) = kept.as_mut() else { return Ok(true) };
                        let first = kept.near.n_slots() as u32;
                        for id in some {
                            let row = reader.get(*id)?.filter(|row| row.len() == self.space.dimension as usize);
                            match row {
                                Some(row) => kept.put(*id, &row, room),
                                None => kept.take(*id),
                            }
                        }
                        kept.near.secure(first, ROWS_WHILE_WAITED, BREADTH, room);
                        *at += some.len();
                    }
                    if let Some(kept) = self.state.write().as_mut() {
                        kept.from = kept.to;
                        self.state.set_progress(NearState::Ready(kept.near.len() as u64));
                    }
                    return Ok(true);
                }
                Step::SecureAgain { from, end } => {
                    while from < end {
                        if !go_on() {
                            return Ok(false);
                        }
                        let mut kept = self.state.write();
                        let Some(kept) = kept.as_mut() else { return Ok(true) };
                        *from = kept.near.secure(*from, ROWS_WHILE_WAITED, BREADTH, room);
                    }
                    if let Some(kept) = self.state.write().as_mut() {
                        kept.near.secured();
                    }
                    return Ok(true);
                }
            }
        }
    }
}

impl Kept {
    /// What stands in for a graph that has moved on.
    fn none() -> Self {
        let near = Near::new(Path::best(), Metric::Dot, 1, 0.0);
        Self { near, ids: Vec::new(), slots: FxHashMap::default(), from: 0, to: 0 }
    }

    /// Puts the vector of a node in, in the place of another that it had.
    fn put(&mut self, id: u32, row: &[f32], room: &mut NearRoom) {
        if self.slots.get(&id).is_some_and(|slot| self.near.holds(*slot, row)) {
            return;
        }
        self.take(id);
        let slot = self.near.insert(row, room);
        self.ids.push(id);
        self.slots.insert(id, slot);
    }

    /// Takes the vector of a node out.
    fn take(&mut self, id: u32) {
        if let Some(slot) = self.slots.remove(&id) {
            self.near.remove(slot);
        }
    }
}

fn metric(space: &Space) -> Metric {
    match space.metric {
        model::Metric::Cosine => Metric::Cosine,
        model::Metric::Dot => Metric::Dot,
        model::Metric::Euclidean => Metric::Euclidean,
    }
}

/// Returns the length of the longest vector.
fn longest(view: &Snapshot, space: &Space) -> Result<f32> {
    let mut reader = view.vectors(space);
    let mut most = 0.0_f64;
    for block in 0..view.n_space_blocks(space) {
        for local in Presence(view.vector_words(space, block)?).iter() {
            if let Some(row) = reader.get(block * BLOCK_LEN as u32 + local as u32)? {
                most = most.max(row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum());
            }
        }
    }
    Ok(most.sqrt() as f32)
}

//! Walking towards a query.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    FAN, FAN_BOTTOM, Near,
    rows::{self, Probe},
};

/// Rows of level 1 from which a walk on level 0 begins, and so on: where rows lie in clumps, one may be the wrong clump.
const SEEDS: usize = 8;

/// Rows that a walk looks at before it is judged whether it takes enough of them.
const SEEN_BEFORE_JUDGED: usize = 512;

/// The lowest bit of a key: the row's links were followed.
pub(super) const DONE: u64 = 1;

/// A row that was found, and how far it is by its codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    pub(crate) slot: u32,
    pub(crate) distance: f32,
}

/// Is given slots, and bits for those that it is asked about; returns the bits of those it takes.
pub(crate) type Accept<'a, E> = dyn FnMut(&[u32], u32) -> Result<u32, E> + 'a;

/// Room that is used again from search to search.
#[derive(Debug, Default)]
pub(crate) struct Room {
    numbers: Vec<f32>,
    codes: Vec<i8>,
    pub(super) walk: Walk,
}

/// What a walk has seen.
#[derive(Debug, Default)]
pub(super) struct Walk {
    seen: Vec<u64>,
    touched: Vec<u32>,
    /// The nearest rows, in order.
    pub(super) pool: Vec<u64>,
    /// Seen, and their links not yet followed; the nearest first.
    open: BinaryHeap<Reverse<u64>>,
    /// The nearest that are taken, the farthest first.
    pub(super) best: BinaryHeap<u64>,
}

impl Walk {
    pub(super) fn begin(&mut self, n_slots: usize) {
        self.touched.drain(..).for_each(|slot| self.seen[slot as usize / 64] = 0);
        self.seen.resize(n_slots.div_ceil(64), 0);
        self.pool.clear();
        self.open.clear();
        self.best.clear();
    }

    /// Forgets what was seen on a level, but for the pool, from which the walk on the next begins.
    pub(super) fn go_down(&mut self) {
        self.touched.drain(..).for_each(|slot| self.seen[slot as usize / 64] = 0);
        for at in 0..self.pool.len() {
            self.pool[at] &= !DONE;
            self.see(slot_of(self.pool[at]));
        }
    }

    /// Takes those of some rows whose bits are set among the best.
    fn take(&mut self, slots: &[u32], distances: &[f32], breadth: usize, mut taken: u32) {
        while taken != 0 {
            let at = taken.trailing_zeros() as usize;
            taken &= taken - 1;
            let key = key(distances[at], slots[at]);
            if self.best.len() < breadth {
                self.best.push(key);
            } else if let Some(mut worst) = self.best.peek_mut()
                && key < *worst
            {
                *worst = key;
            }
        }
    }

    /// Returns whether a row is seen for the first time.
    #[inline]
    fn see(&mut self, slot: u32) -> bool {
        let (word, bit) = (&mut self.seen[slot as usize / 64], 1 << (slot % 64));
        let is_new = *word & bit == 0;
        if is_new {
            *word |= bit;
            self.touched.push(slot);
        }
        is_new
    }
}

/// Orders by distance, then by slot; slots have 31 bits. Distances are at least 0 but for rounding.
#[inline]
pub(super) fn key(distance: f32, slot: u32) -> u64 {
    u64::from((distance.max(0.0) + 0.0).to_bits()) << 32 | u64::from(slot) << 1
}

#[inline]
pub(super) fn slot_of(key: u64) -> u32 {
    key as u32 >> 1
}

#[inline]
pub(super) fn distance_of(key: u64) -> f32 {
    f32::from_bits((key >> 32) as u32)
}

impl Near {
    /// Finds about the nearest rows to a query, the nearest first: at most `breadth`, of which removed rows are left out.
    pub(crate) fn search(&self, query: &[f32], breadth: usize, room: &mut Room) -> Vec<Found> {
        let size = rows::code(self.metric, query, 0.0, &mut room.numbers, &mut room.codes);
        let probe = Probe { codes: &room.codes, size };
        let Some((entry, top)) = self.entry else { return Vec::new() };
        self.seed(&probe, (entry, top), 0, &mut room.walk);
        self.widen(&probe, 0, breadth, &mut room.walk);
        let mut found = Vec::with_capacity(breadth);
        for key in &room.walk.pool {
            let (slot, distance) = (slot_of(*key), distance_of(*key));
            let twins = self.twins.get(&slot).map_or(&[][..], Vec::as_slice);
            let all = std::iter::once(slot).chain(twins.iter().copied()).filter(|slot| self.is_alive(*slot));
            found.extend(all.take(breadth - found.len()).map(|slot| Found { slot, distance }));
        }
        found
    }

    /// Finds about the nearest rows to a query that `accept` takes, the nearest first; `breadth` of them, where so many are
    /// found. Returns `None` where more than `most` rows would have to be looked at.
    ///
    /// # Errors
    /// Those of `accept`.
    pub(crate) fn search_where<E>(
        &self,
        query: &[f32],
        breadth: usize,
        most: usize,
        room: &mut Room,
        accept: &mut Accept<'_, E>,
    ) -> Result<Option<Vec<Found>>, E> {
        let size = rows::code(self.metric, query, 0.0, &mut room.numbers, &mut room.codes);
        let probe = Probe { codes: &room.codes, size };
        let Some((entry, top)) = self.entry else { return Ok(Some(Vec::new())) };
        let walk = &mut room.walk;
        self.seed(&probe, (entry, top), 0, walk);
        if !self.walk(&probe, breadth, most, walk, accept)? {
            return Ok(None);
        }
        let mut keys = std::mem::take(&mut walk.best).into_vec();
        keys.sort_unstable();
        Ok(Some(keys.iter().map(|key| Found { slot: slot_of(*key), distance: distance_of(*key) }).collect()))
    }

    /// Puts the rows into the pool from which a walk on `level` begins: the nearest few of the level above, and on level 0 of
    /// those that are loose.
    pub(super) fn seed(&self, probe: &Probe<'_>, (entry, top): (u32, usize), level: usize, walk: &mut Walk) {
        walk.begin(self.n_slots());
        let mut distances = [0.0; FAN_BOTTOM];
        self.rows.distances(self.path, probe, &[entry], &mut distances);
        walk.see(entry);
        walk.pool.push(key(distances[0], entry));
        for above in (level + 1..=top).rev() {
            let breadth = if above == level + 1 { SEEDS } else { 1 };
            self.widen(probe, above, breadth, walk);
            walk.go_down();
        }
        if level == 0 && !self.loose.is_empty() {
            for slots in self.loose.chunks(FAN_BOTTOM) {
                self.rows.distances(self.path, probe, slots, &mut distances);
                walk.pool.extend(slots.iter().zip(distances).map(|(slot, distance)| key(distance, *slot)));
            }
            walk.pool.sort_unstable();
            walk.pool.dedup();
            walk.pool.truncate(FAN);
            for at in 0..walk.pool.len() {
                walk.see(slot_of(walk.pool[at]));
            }
        }
    }

    /// Follows the links of the nearest row of the pool that was not followed yet, and so on, until all of the `breadth`
    /// nearest are.
    pub(super) fn widen(&self, probe: &Probe<'_>, level: usize, breadth: usize, walk: &mut Walk) {
        let mut slots = [0; FAN_BOTTOM];
        let mut distances = [0.0; FAN_BOTTOM];
        walk.pool.truncate(breadth);
        let mut next = 0;
        while next < walk.pool.len() {
            if walk.pool[next] & DONE != 0 {
                next += 1;
                continue;
            }
            walk.pool[next] |= DONE;
            let mut n = 0;
            for link in self.links(slot_of(walk.pool[next]), level) {
                slots[n] = *link;
                n += usize::from(walk.see(*link));
            }
            self.rows.distances(self.path, probe, &slots[..n], &mut distances);
            for (slot, distance) in slots[..n].iter().zip(distances) {
                let key = key(distance, *slot);
                if walk.pool.len() >= breadth {
                    if walk.pool.last().is_some_and(|last| key > *last) {
                        continue;
                    }
                    walk.pool.pop();
                }
                let at = walk.pool.partition_point(|known| *known < key);
                walk.pool.insert(at, key);
                next = next.min(at);
            }
        }
    }

    /// Walks on level 0 from the pool until none of those not yet followed is nearer than the farthest of the `breadth` best
    /// that `accept` takes; returns whether it got there before it had looked at more than `most`.
    pub(super) fn walk<E>(
        &self,
        probe: &Probe<'_>,
        breadth: usize,
        most: usize,
        walk: &mut Walk,
        accept: &mut Accept<'_, E>,
    ) -> Result<bool, E> {
        let mut slots = [0; FAN_BOTTOM];
        let mut distances = [0.0; FAN_BOTTOM];
        let mut n = walk.pool.len();
        slots.iter_mut().zip(&walk.pool).for_each(|(slot, key)| *slot = slot_of(*key));
        let mut n_seen = 0;
        loop {
            self.rows.distances(self.path, probe, &slots[..n], &mut distances);
            n_seen += n;
            // Those that are near enough are followed, and taken where they may be.
            let mut near = 0_u32;
            for at in 0..n {
                let is_near = walk.best.len() < breadth
                    || walk.best.peek().is_some_and(|worst| key(distances[at], slots[at]) < *worst);
                if is_near {
                    near |= 1 << at;
                    walk.open.push(Reverse(key(distances[at], slots[at])));
                }
            }
            if near != 0 {
                walk.take(&slots[..n], &distances, breadth, accept(&slots[..n], near)?);
            }
            for at in (0..n).filter(|at| near >> at & 1 != 0 && !self.twins.is_empty()) {
                for twins in self.twins.get(&slots[at]).map_or(&[][..], Vec::as_slice).chunks(FAN_BOTTOM) {
                    if walk.best.len() == breadth && walk.best.peek().is_some_and(|w| key(distances[at], 0) > *w) {
                        break;
                    }
                    n_seen += twins.len();
                    let all = u32::MAX >> (FAN_BOTTOM - twins.len());
                    walk.take(twins, &[distances[at]; FAN_BOTTOM], breadth, accept(twins, all)?);
                }
            }
            // Or will be, as it looks: so few are taken.
            let is_vain =
                n_seen > SEEN_BEFORE_JUDGED && (walk.best.len() as u128) * (most as u128) < (breadth * n_seen) as u128;
            if n_seen > most || is_vain {
                return Ok(false);
            }
            n = 0;
            while n == 0 {
                let Some(Reverse(next)) = walk.open.pop() else { return Ok(true) };
                if walk.best.len() >= breadth && walk.best.peek().is_some_and(|worst| next > *worst) {
                    return Ok(true);
                }
                for link in self.links(slot_of(next), 0) {
                    slots[n] = *link;
                    n += usize::from(walk.see(*link));
                }
            }
        }
    }
}

//! Adding rows.

use std::hash::{Hash as _, Hasher as _};

use rustc_hash::FxHasher;

use super::{
    BREADTH_BUILD, FAN, FAN_BOTTOM, FLAT, LEVEL_MAX, NONE, Near,
    rows::{self, Probe, Size},
    search::{DONE, Room, distance_of, key, slot_of},
};

impl Near {
    /// Adds a row; returns its slot.
    pub(crate) fn insert(&mut self, row: &[f32], room: &mut Room) -> u32 {
        let mut codes = Vec::new();
        let size = rows::code(self.metric, row, self.radius, &mut Vec::new(), &mut codes);
        let slot = self.rows.push(&codes, size);
        let level = level_of(slot);
        self.make_room(slot, level);
        self.alive[slot as usize / 64] |= 1 << (slot % 64);
        self.n_alive += 1;
        self.n_unsecured += 1;
        let linked = *self.linked.entry(hash(&codes, size)).or_insert(slot);
        if linked != slot && self.is_row(linked, &codes, size) {
            self.twins.entry(linked).or_default().push(slot);
            return slot;
        }
        if let Some((entry, top)) = self.entry {
            let probe = Probe { codes: &codes, size };
            let walk = &mut room.walk;
            self.seed(&probe, (entry, top), level.min(top), walk);
            for level in (0..=level.min(top)).rev() {
                self.widen(&probe, level, BREADTH_BUILD, walk);
                walk.go_down();
                let near: Vec<u64> = walk.pool.iter().copied().filter(|key| self.is_alive(slot_of(*key))).collect();
                self.link(slot, level, &near);
            }
        }
        if self.entry.is_none_or(|(_, top)| level > top) {
            self.entry = Some((slot, level));
        }
        slot
    }

    /// Sees to it that rows are found by searches of this breadth for themselves: those that are not become *loose*, rows
    /// where every walk may begin. Looks at `n` slots from `from` on; returns one past the last.
    pub(crate) fn secure(&mut self, from: u32, n: usize, breadth: usize, room: &mut Room) -> u32 {
        let mut codes = Vec::new();
        let end = (self.n_slots() as u32).min(from.saturating_add(n as u32));
        for slot in from..end {
            // Rows with the same codes are found by the one that is linked, whether or not that can be.
            let is_linked = self.linked.get(&hash(self.rows.codes(slot), self.rows.probe(slot).size)) == Some(&slot);
            let is_wanted = self.is_alive(slot) || self.twins.contains_key(&slot);
            if is_linked && is_wanted && !self.finds(slot, breadth, &mut codes, room) {
                self.loose.push(slot);
            }
        }
        end
    }

    /// Says that it was looked at all rows whether they are found.
    pub(crate) fn secured(&mut self) {
        self.n_unsecured = 0;
    }

    /// Returns whether a search for the row itself finds it.
    fn finds(&self, slot: u32, breadth: usize, codes: &mut Vec<i8>, room: &mut Room) -> bool {
        let Some(entry) = self.entry else { return false };
        codes.clear();
        codes.extend_from_slice(self.rows.codes(slot));
        // As a query it is not lifted.
        let size = rows::Size { lift: 0.0, ..self.rows.probe(slot).size };
        let probe = Probe { codes, size };
        self.seed(&probe, entry, 0, &mut room.walk);
        self.widen(&probe, 0, breadth, &mut room.walk);
        room.walk.pool.iter().any(|key| slot_of(*key) == slot)
    }

    /// Returns whether a row is this one, as far as codes tell.
    pub(crate) fn holds(&self, slot: u32, row: &[f32]) -> bool {
        let mut codes = Vec::new();
        let size = rows::code(self.metric, row, self.radius, &mut Vec::new(), &mut codes);
        self.is_row(slot, &codes, size)
    }

    fn is_row(&self, slot: u32, codes: &[i8], size: Size) -> bool {
        let known = self.rows.probe(slot);
        known.codes == codes && known.size == size
    }

    /// Makes room for the links of a new row.
    fn make_room(&mut self, slot: u32, level: usize) {
        self.bottom.resize(self.bottom.len() + FAN_BOTTOM, NONE);
        self.upper_at.push(if level == 0 { FLAT } else { self.upper.len() as u32 });
        self.upper.resize(self.upper.len() + level * FAN, NONE);
        self.alive.resize((slot as usize + 1).div_ceil(64), 0);
    }

    /// Returns the bits of those that are alive.
    pub(crate) fn alive_of(&self, slots: &[u32], mut bits: u32) -> u32 {
        let mut alive = 0;
        while bits != 0 {
            let at = bits.trailing_zeros();
            bits &= bits - 1;
            alive |= u32::from(self.is_alive(slots[at as usize])) << at;
        }
        alive
    }

    /// Links a new row with some of those near it, both ways.
    fn link(&mut self, slot: u32, level: usize, near: &[u64]) {
        let chosen = self.choose(near, FAN);
        self.set_links(slot, level, &chosen);
        for other in chosen {
            let most = if level == 0 { FAN_BOTTOM } else { FAN };
            let mut links = self.links(other, level).to_vec();
            links.push(slot);
            if links.len() > most {
                let mut distances = [0.0; FAN_BOTTOM];
                let probe = self.rows.probe(other);
                let mut keys = Vec::with_capacity(links.len());
                for links in links.chunks(FAN_BOTTOM) {
                    self.rows.distances(self.path, &probe, links, &mut distances);
                    keys.extend(links.iter().zip(distances).map(|(link, distance)| key(distance, *link)));
                }
                keys.sort_unstable();
                links = self.choose(&keys, most);
            }
            self.set_links(other, level, &links);
        }
    }

    /// Chooses links among rows, the nearest first: one that is nearer to one chosen before than to the row itself is
    /// reached through that (algorithm 4 of the paper).
    fn choose(&self, near: &[u64], most: usize) -> Vec<u32> {
        let mut chosen = Vec::with_capacity(most);
        let mut distances = [0.0; FAN_BOTTOM];
        for key in near {
            let (slot, own) = (slot_of(*key), distance_of(*key));
            self.rows.distances(self.path, &self.rows.probe(slot), &chosen, &mut distances);
            if distances[..chosen.len()].iter().all(|distance| *distance > own) {
                chosen.push(slot);
                if chosen.len() == most {
                    break;
                }
            }
        }
        chosen
    }
}

fn hash(codes: &[i8], size: Size) -> u64 {
    let mut hasher = FxHasher::default();
    (codes, size.scale.to_bits(), size.half.to_bits()).hash(&mut hasher);
    hasher.finish()
}

/// Returns the level of a slot: by chance, but always the same.
fn level_of(slot: u32) -> usize {
    let mut bits = (u64::from(slot) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    (bits.leading_zeros() as usize / FAN.ilog2() as usize).min(LEVEL_MAX)
}

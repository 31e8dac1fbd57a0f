//! A graph in which near rows are linked, walked towards a query: the best few of very many rows, without looking at all.
//!
//! Hierarchical navigable small world (Malkov and Yashunin, Efficient and robust approximate nearest neighbor search using
//! hierarchical navigable small world graphs, 2018, algorithms 1, 2, 4 and 5): every row is on level 0, each level above has
//! one row in [`FAN`] of that below it; a search goes down greedily to level 0 and there keeps the best `breadth` found.
//!
//! Rows are kept as codes of 8 bits (a cosine's after its norm is made 1), which the kernels compare fast; what is found is
//! meant to be ranked once more by the exact numbers. All three metrics become one distance, half the square of the
//! Euclidean one, `d(x, y) = h_x + h_y - x·y - l_x·l_y`: `h` is half the square of the row's length, and for the dot product,
//! by which a row is not nearest to itself, a row is lifted by `l = √(r² - ‖x‖²)` into a dimension of its own, so that all
//! lie on a sphere of radius `r` (Bachrach et al., Speeding up the Xbox recommender system using a Euclidean transformation
//! for inner-product spaces, 2014); a query has `l = 0`.
//!
//! Rows with the same codes are one row to the graph, and found together. A row that is removed stays as a step on the way,
//! and is never found; [`Near::is_worn`] says when there are too many. Where rows lie in clumps, some are not reached from
//! where walks begin; [`Near::secure`] finds them, and walks begin there too.
//!
//! # Why none of the libraries
//! 200,000 rows of 128 numbers in a thousand clumps, cosine, best 10 of 1,000 queries, the time of one thread by its own
//! clock on a shared two-core machine (Zen 4, AVX-512); 16 links, 200 rows looked for when one is linked, for all:
//!
//! | | this | hnswlib 0.8.0 | hnsw_rs 0.3.5 |
//! |---|---:|---:|---:|
//! | made in | 39 s, and 18 s to see that all are found | 59 s | 530 s |
//! | queries/s where so many of the ten are found | .952: 15,900; .979: 11,900; .992: 7,300 | .956: 11,900; .974: 8,800; .994: 5,500 | .72: 640; .82: 270 |
//! | bytes beside the numbers themselves | 64 MB, with codes | 46 MB | 528 MB |
//! | filter | on the way, and says where it looked in vain | on the way | on the way |
//! | update, delete | another row, a mark; worn graphs are made anew | a mark, the place used again | none |
//! | what cannot be found | is looked for, and mended | is not known | is not known |
//! | needs | nothing | a C++ compiler | 60 other crates |
//!
//! usearch 2.26 is C++ as well, which would have to be compiled on every machine that builds this. Kernels and codes are
//! here anyway: what was missing are some hundred lines.

mod build;
mod rows;
mod search;
#[cfg(test)]
mod tests;

pub(crate) use self::search::{Found, Room};

use rustc_hash::FxHashMap;

use self::rows::CodedRows;
use super::{Metric, Path};

/// Links of a row on each level above 0, and those that a new row gets on level 0.
pub(crate) const FAN: usize = 16;

/// The most links of a row on level 0.
const FAN_BOTTOM: usize = 2 * FAN;

/// How many near rows are looked for when a row is linked: its links are chosen among them.
const BREADTH_BUILD: usize = 200;

/// The highest level: with one row in [`FAN`] on the next, 2^32 rows need no more.
const LEVEL_MAX: usize = 8;

/// No row.
const NONE: u32 = u32::MAX;

/// Where a list of links is on the levels above 0.
const FLAT: u32 = u32::MAX;

/// Rows by slot, and their links.
#[derive(Debug)]
pub(crate) struct Near {
    path: Path,
    metric: Metric,
    rows: CodedRows,
    /// `[n, FAN_BOTTOM]`; a list shorter than that ends with [`NONE`].
    bottom: Vec<u32>,
    /// Where the links of the upper levels begin in `upper`, [`FLAT`] where there are none.
    upper_at: Vec<u32>,
    upper: Vec<u32>,
    /// A bit for each row that can be found.
    alive: Vec<u64>,
    n_alive: usize,
    /// The row where searches begin, and its level.
    entry: Option<(u32, usize)>,
    /// For the dot product: the radius of the sphere.
    radius: f32,
    /// Rows with the same codes as one that is linked, by that one: links among many of them would lead nowhere else.
    twins: FxHashMap<u32, Vec<u32>>,
    /// The rows that are linked, by a hash of their codes.
    linked: FxHashMap<u64, u32>,
    /// Rows where every walk may begin, as no walk would reach them.
    loose: Vec<u32>,
    /// Rows that came or went since it was last looked at all whether they are found.
    n_unsecured: usize,
}

impl Near {
    /// Returns one without rows. `length_max` is the greatest length of a row that is expected; it only matters for the dot
    /// product, where what is longer is found less well.
    pub(crate) fn new(path: Path, metric: Metric, dimension: usize, length_max: f32) -> Self {
        Self {
            path,
            metric,
            rows: CodedRows::new(dimension),
            bottom: Vec::new(),
            upper_at: Vec::new(),
            upper: Vec::new(),
            alive: Vec::new(),
            n_alive: 0,
            entry: None,
            radius: length_max,
            twins: FxHashMap::default(),
            linked: FxHashMap::default(),
            loose: Vec::new(),
            n_unsecured: 0,
        }
    }

    /// Returns how many rows can be found.
    pub(crate) fn len(&self) -> usize {
        self.n_alive
    }

    /// Returns how many slots there are: rows that can be found, and rows that were removed.
    pub(crate) fn n_slots(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn n_loose(&self) -> usize {
        self.loose.len()
    }

    /// Returns how many bytes it holds.
    pub(crate) fn bytes(&self) -> usize {
        let words = self.bottom.capacity() + self.upper_at.capacity() + self.upper.capacity() + self.loose.capacity();
        let maps = 16 * self.linked.capacity() + 32 * self.twins.capacity();
        self.rows.bytes() + 4 * words + 8 * self.alive.capacity() + maps
    }

    /// Returns how many rows came or went since it was last looked at all whether they are found.
    pub(crate) fn n_unsecured(&self) -> usize {
        self.n_unsecured
    }

    /// Returns whether so many rows were removed that searches walk mostly over them: then it is to be built anew.
    pub(crate) fn is_worn(&self) -> bool {
        self.n_slots() - self.n_alive > self.n_alive / 2 + 64
    }

    /// Says that a row is not to be found any more.
    pub(crate) fn remove(&mut self, slot: u32) {
        let (word, bit) = (slot as usize / 64, 1 << (slot % 64));
        if self.alive[word] & bit != 0 {
            self.alive[word] &= !bit;
            self.n_alive -= 1;
            self.n_unsecured += 1;
        }
        if !self.twins.contains_key(&slot) {
            self.loose.retain(|loose| *loose != slot);
        }
    }

    #[inline]
    fn is_alive(&self, slot: u32) -> bool {
        self.alive[slot as usize / 64] >> (slot % 64) & 1 != 0
    }

    /// Returns the links of a row on a level.
    #[inline]
    fn links(&self, slot: u32, level: usize) -> &[u32] {
        let (list, from, n) = self.place(slot, level);
        let links = &list[from..from + n];
        &links[..links.iter().position(|link| *link == NONE).unwrap_or(n)]
    }

    /// Returns where the links of a row on a level are.
    fn place(&self, slot: u32, level: usize) -> (&[u32], usize, usize) {
        match level {
            0 => (&self.bottom, slot as usize * FAN_BOTTOM, FAN_BOTTOM),
            _ => (&self.upper, self.upper_at[slot as usize] as usize + (level - 1) * FAN, FAN),
        }
    }

    fn set_links(&mut self, slot: u32, level: usize, links: &[u32]) {
        let (_, from, n) = self.place(slot, level);
        let list = if level == 0 { &mut self.bottom } else { &mut self.upper };
        let to = &mut list[from..from + n];
        to[..links.len()].copy_from_slice(links);
        to[links.len()..].fill(NONE);
    }
}

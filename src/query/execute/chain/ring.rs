//! What a trail weighs: numbers that can be added over alternatives and multiplied along a pattern.

use std::fmt::Debug;

/// Weights with `+` over alternatives and `*` along the pattern; `ZERO` where there is no trail.
pub(super) trait Ring: Copy + PartialEq + Debug + Send + Sync {
    const ZERO: Self;
    /// One trail, nothing measured.
    const ONE: Self;
    /// Whether there is [`sub`](Self::sub).
    const SUBTRACTS: bool;

    /// Adds other trails.
    fn add(self, other: Self) -> Self;
    /// Combines with the trails of another part of the pattern.
    fn mul(self, other: Self) -> Self;
    /// Takes trails away that were added before.
    fn sub(self, other: Self) -> Self;
    /// Returns the weight of so many trails on which nothing was measured.
    fn times(n: u64) -> Self;

    /// Returns whether there is no trail.
    #[inline(always)]
    fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// Returns `len` zeroes, from the pool where it keeps some.
    fn zeroes(_pool: &mut Pool, len: usize) -> Vec<Self> {
        vec![Self::ZERO; len]
    }

    /// Gives zeroes back to the pool.
    fn give_back(_pool: &mut Pool, _zeroes: Vec<Self>) {}
}

/// Arrays of zeroes kept between runs: getting fresh memory of the size of a graph costs more than a short query.
#[derive(Debug, Default)]
pub(in crate::query) struct Pool {
    counts: Vec<Vec<u64>>,
    flags: Vec<Vec<bool>>,
    /// Which nodes were met, on a level and at the end.
    pub(super) levels: Stamps,
    pub(super) ends: Stamps,
}

/// A set of nodes that is emptied at no cost: a node is in it when it has the stamp of the moment.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    by_node: Vec<u32>,
    now: u32,
}

impl Stamps {
    /// Empties the set, and makes it large enough for nodes below `len`.
    pub(super) fn start(&mut self, len: usize) {
        if self.by_node.len() < len {
            self.by_node.resize(len, 0);
        }
        self.next();
    }

    /// Empties the set.
    pub(super) fn next(&mut self) {
        match self.now.checked_add(1) {
            Some(now) => self.now = now,
            None => {
                self.by_node.fill(0);
                self.now = 1;
            }
        }
    }

    /// Adds nodes, and to `new` those that were not in it.
    #[inline(always)]
    pub(super) fn add_all(&mut self, nodes: &[u32], new: &mut Vec<u32>) {
        // Whether a node is new is a coin toss to the processor: every node is written, and kept by counting on.
        let from = new.len();
        new.resize(from + nodes.len(), 0);
        let places = &mut new[from..];
        let mut n = 0;
        for &node in nodes {
            let stamp = &mut self.by_node[node as usize];
            places[n] = node;
            n += usize::from(*stamp != self.now);
            *stamp = self.now;
        }
        new.truncate(from + n);
    }
}

/// The most arrays of a kind that are kept.
const KEPT_MAX: usize = 2;

fn take<S: Ring>(kept: &mut Vec<Vec<S>>, len: usize) -> Vec<S> {
    match kept.pop() {
        Some(zeroes) if zeroes.len() == len => zeroes,
        _ => vec![S::ZERO; len],
    }
}

fn keep<S: Ring>(kept: &mut Vec<Vec<S>>, zeroes: Vec<S>) {
    debug_assert!(zeroes.iter().all(|weight| weight.is_zero()), "only zeroes are given back");
    if kept.len() < KEPT_MAX {
        kept.push(zeroes);
    }
}

/// The number of trails; `u64::MAX` is "too many".
impl Ring for u64 {
    const ZERO: Self = 0;
    const ONE: Self = 1;
    const SUBTRACTS: bool = true;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.saturating_mul(other)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        if self == Self::MAX { self } else { self - other }
    }

    #[inline(always)]
    fn times(n: u64) -> Self {
        n
    }

    fn zeroes(pool: &mut Pool, len: usize) -> Vec<Self> {
        take(&mut pool.counts, len)
    }

    fn give_back(pool: &mut Pool, zeroes: Vec<Self>) {
        keep(&mut pool.counts, zeroes);
    }
}

/// Whether there is a trail.
impl Ring for bool {
    const ZERO: Self = false;
    const ONE: Self = true;
    const SUBTRACTS: bool = false;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self | other
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self & other
    }

    fn sub(self, _other: Self) -> Self {
        unreachable!("existence has no difference")
    }

    #[inline(always)]
    fn times(n: u64) -> Self {
        n > 0
    }

    fn zeroes(pool: &mut Pool, len: usize) -> Vec<Self> {
        take(&mut pool.flags, len)
    }

    fn give_back(pool: &mut Pool, zeroes: Vec<Self>) {
        keep(&mut pool.flags, zeroes);
    }
}

/// Trails, and the sum over them of an integer of one node. A sum of 64-bit integers over fewer than `u64::MAX` trails
/// cannot overflow 128 bits; with more the number of trails says so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct IntSum {
    pub(super) n: u64,
    pub(super) sum: i128,
}

impl Ring for IntSum {
    const ZERO: Self = Self { n: 0, sum: 0 };
    const ONE: Self = Self { n: 1, sum: 0 };
    const SUBTRACTS: bool = true;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self { n: self.n.add(other.n), sum: self.sum.wrapping_add(other.sum) }
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // Only one side has measured anything.
        let sum = self.sum.wrapping_mul(other.n.into()).wrapping_add(other.sum.wrapping_mul(self.n.into()));
        Self { n: self.n.mul(other.n), sum }
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self { n: self.n.sub(other.n), sum: self.sum.wrapping_sub(other.sum) }
    }

    #[inline(always)]
    fn times(n: u64) -> Self {
        Self { n, sum: 0 }
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        self.n == 0
    }
}

/// Trails, and the sum over them of a float of one node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FloatSum {
    pub(super) n: u64,
    pub(super) sum: f64,
}

impl Ring for FloatSum {
    const ZERO: Self = Self { n: 0, sum: 0.0 };
    const ONE: Self = Self { n: 1, sum: 0.0 };
    /// Taking an infinity away again would leave a NaN.
    const SUBTRACTS: bool = false;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self { n: self.n.add(other.n), sum: self.sum + other.sum }
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        if self.n == 0 || other.n == 0 {
            return Self::ZERO;
        }
        let sum = if self.sum == 0.0 { other.sum * self.n as f64 } else { self.sum * other.n as f64 };
        Self { n: self.n.mul(other.n), sum }
    }

    fn sub(self, _other: Self) -> Self {
        unreachable!("sums of floats have no exact difference")
    }

    #[inline(always)]
    fn times(n: u64) -> Self {
        Self { n, sum: 0.0 }
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        self.n == 0
    }
}

/// The first of the ranks met on any trail: ranks order the values of one node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Best(pub(super) u32);

impl Best {
    /// Ranks are less than this.
    pub(super) const RANKS_MAX: u32 = u32::MAX - 1;
}

impl Ring for Best {
    const ZERO: Self = Self(u32::MAX);
    const ONE: Self = Self(Self::RANKS_MAX);
    const SUBTRACTS: bool = false;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        if self.is_zero() || other.is_zero() { Self::ZERO } else { self.add(other) }
    }

    fn sub(self, _other: Self) -> Self {
        unreachable!("ranks have no difference")
    }

    #[inline(always)]
    fn times(n: u64) -> Self {
        if n > 0 { Self::ONE } else { Self::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_follow_products_of_independent_parts() {
        let ages = [3i128, 5].map(|sum| IntSum { n: 1, sum });
        let both = ages[0].add(ages[1]).mul(IntSum::times(4));
        assert_eq!(both, IntSum { n: 8, sum: 32 });
        assert_eq!(both.sub(ages[1].mul(IntSum::times(4))), IntSum { n: 4, sum: 12 });
        assert_eq!(IntSum::times(3).mul(IntSum::ZERO), IntSum::ZERO);
    }

    #[test]
    fn too_many_trails_stay_too_many() {
        let many = u64::MAX.mul(2).add(1);
        assert_eq!((many.sub(5), many.mul(0)), (u64::MAX, 0));
    }

    #[test]
    fn the_best_rank_survives_where_there_is_a_trail() {
        assert_eq!(Best(7).mul(Best::ONE).add(Best(9)), Best(7));
        assert!(Best(7).mul(Best::ZERO).is_zero());
    }
}

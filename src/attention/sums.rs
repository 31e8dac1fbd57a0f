//! What the kernels are asked for: sums over the products of a query with rows, head by head.
//!
//! `Σ q·k`, `Σ q·k` together with `Σ k²`, or `Σ (q - k)²`. Each row has a sum of its own, made in an order that depends on
//! the number of dimensions only: beside which other rows it stands, and whether it is gathered or scanned, changes nothing.

/// The sum over the dimensions of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    /// `Σ q·k`.
    Dot,
    /// `Σ q·k`, and `Σ k²` in the same pass: the row is in the registers anyway, and a list of norms kept beside the rows
    /// would be one more miss of the cache for each.
    DotAndSquares,
    /// `Σ (q - k)²`. Not for codes, which have it from the other two, exactly.
    Distance,
}

/// How query and rows are cut into heads: head `h` compares `query[h·width..][..width]` with `row[h·step..][..width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) heads: usize,
    pub(super) width: usize,
    pub(super) step: usize,
}

impl Cut {
    /// Returns the cut of `dimension` into equal slices, one for each head.
    pub(super) fn slices(dimension: usize, heads: usize) -> Self {
        assert!(heads > 0 && dimension.is_multiple_of(heads), "{dimension} dimensions do not divide by {heads} heads");
        Self { heads, width: dimension / heads, step: dimension / heads }
    }

    /// Returns the cut where every head has a query of its own and sees the whole row.
    pub(super) fn folded(dimension: usize, heads: usize) -> Self {
        assert!(heads > 0, "attention needs a head");
        Self { heads, width: dimension, step: 0 }
    }

    /// Returns the number of dimensions of a row.
    pub(super) fn dimension(self) -> usize {
        self.step * (self.heads - 1) + self.width
    }
}

/// A query of `[heads, width]` and `n` rows anywhere in memory.
pub(super) struct Gather<'a, Q, T> {
    pub(super) sum: Sum,
    pub(super) cut: Cut,
    pub(super) query: &'a [Q],
    pub(super) rows: &'a [&'a [T]],
}

impl<Q, T> Gather<'_, Q, T> {
    /// Checks the shapes: sums `[heads, n]`; squares `[squares_heads, n]`, where they are asked for.
    pub(super) fn check(&self, sums: usize, squares: usize, squares_heads: usize) {
        let Cut { heads, width, .. } = self.cut;
        let dimension = self.cut.dimension();
        assert_eq!(self.query.len(), heads * width, "a query of {heads} heads of {width} dimensions");
        assert_eq!(sums, heads * self.rows.len(), "one sum for each head and row");
        if self.sum == Sum::DotAndSquares {
            assert_eq!(squares, squares_heads * self.rows.len(), "one sum of squares for each row");
        }
        for (at, row) in self.rows.iter().enumerate() {
            assert_eq!(row.len(), dimension, "row {at} has another number of dimensions than the query");
        }
    }

    /// Returns four rows from `at` on; behind the end, the last again.
    #[inline(always)]
    pub(super) fn four(&self, at: usize) -> [&[T]; 4] {
        let last = self.rows.len() - 1;
        [self.rows[at], self.rows[last.min(at + 1)], self.rows[last.min(at + 2)], self.rows[last.min(at + 3)]]
    }

    /// Returns what head `h` asks.
    #[inline(always)]
    pub(super) fn head(&self, h: usize) -> &[Q] {
        &self.query[h * self.cut.width..][..self.cut.width]
    }

    /// Returns the slices of four rows that head `h` sees.
    // Not by `map`: between functions with instructions of their own, closures handed to plain functions stay calls.
    #[inline(always)]
    pub(super) fn slices<'r>(&self, [a, b, c, d]: [&'r [T]; 4], h: usize) -> [&'r [T]; 4] {
        let (from, width) = (h * self.cut.step, self.cut.width);
        [&a[from..][..width], &b[from..][..width], &c[from..][..width], &d[from..][..width]]
    }
}

/// A query and the rows that stand one behind the other in `block`.
pub(super) struct Scan<'a, Q, T> {
    pub(super) sum: Sum,
    pub(super) query: &'a [Q],
    pub(super) block: &'a [T],
}

impl<Q, T> Scan<'_, Q, T> {
    /// Checks the shapes: one sum for each row; squares too, where they are asked for.
    pub(super) fn check(&self, sums: usize, squares: usize) {
        let rows = self.rows();
        assert_eq!(self.block.len(), rows * self.query.len(), "a block of whole rows");
        assert_eq!(sums, rows, "one sum for each row");
        if self.sum == Sum::DotAndSquares {
            assert_eq!(squares, rows, "one sum of squares for each row");
        }
    }

    /// Returns the number of rows.
    #[inline(always)]
    pub(super) fn rows(&self) -> usize {
        self.block.len() / self.query.len().max(1)
    }

    /// Returns four rows from `at` on; behind the end, the last again.
    #[inline(always)]
    pub(super) fn four(&self, at: usize) -> [&[T]; 4] {
        let (width, last) = (self.query.len(), self.rows() - 1);
        let row = |at: usize| &self.block[at.min(last) * width..][..width];
        [row(at), row(at + 1), row(at + 2), row(at + 3)]
    }
}

/// Bytes that come from memory together.
pub(super) const LINE_BYTES: usize = 64;

/// Bytes of rows that are asked for ahead of their use: as many lines as a core waits for at a time.
const AHEAD_BYTES: usize = 4096;

/// Bytes of one row that are asked for; what follows, the processor fetches by itself.
pub(super) const AHEAD_ROW_BYTES: usize = 1024;

/// Rows that are asked for ahead at most: of short ones, more would leave the cache again.
const AHEAD_ROWS_MAX: usize = 32;

/// Which rows to ask memory for before they are needed.
pub(super) struct Ahead {
    rows: usize,
    asked: usize,
    n: usize,
}

impl Ahead {
    pub(super) fn of<T>(rows: &[&[T]]) -> Self {
        let bytes = rows.first().map_or(0, |row| size_of_val(*row)).clamp(1, AHEAD_ROW_BYTES);
        Self { rows: (AHEAD_BYTES / bytes).clamp(4, AHEAD_ROWS_MAX), asked: 0, n: rows.len() }
    }

    /// Returns the rows to ask for when the four from `at` on are next.
    #[inline(always)]
    pub(super) fn move_to(&mut self, at: usize) -> core::ops::Range<usize> {
        let from = self.asked;
        self.asked = self.n.min(at + 4 + self.rows);
        from..self.asked
    }
}

/// Writes what was made of the four rows from `at` on to the places of those that exist.
#[inline(always)]
pub(super) fn put<S: Copy>(lanes: [S; 4], into: &mut [S], at: usize) {
    let into = &mut into[at..];
    match into.first_chunk_mut() {
        Some(into) => *into = lanes,
        None => into.iter_mut().zip(lanes).for_each(|(into, lane)| *into = lane),
    }
}

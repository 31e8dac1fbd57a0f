//! How much the similarities of a space vary: one unit of a logit is one standard deviation.
//!
//! A plain `softmax(q·k/√d)` over unit vectors is flat: with 384 dimensions the best of 50 gets .0204 where all alike get
//! .0200, and any other term decides alone. So the deviation is measured, on pairs of the space's own vectors: at most
//! [`SAMPLE`] vectors, chosen by a fixed seed, so that the same vectors give the same ranking everywhere.

use super::ask::kernel_metric;
use crate::{
    Result,
    attention::{Path, Rows, similarities},
    graph::{BLOCK_LEN, Presence, Snapshot, SpaceInfo},
    model::{SpaceOwner, Value},
    text::Frequencies,
};

/// The most vectors of the sample.
const SAMPLE: usize = 1024;

/// The most blocks they come from.
const BLOCKS: usize = 64;

/// The most texts in which words are counted: some hundred milliseconds.
const TEXTS: usize = 8192;

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// Vectors each of the sample is compared with.
const PARTNERS: usize = 4;

/// Returns the deviation of the similarities of a space; 0 where there are not two vectors, or all are alike.
///
/// It is measured when it is first asked for, and again when there are twice as many vectors.
pub(super) fn of(view: &Snapshot, info: &SpaceInfo) -> Result<f32> {
    let (known, n_known) = info.measured();
    if known > 0.0 && !info.is_due(view.sequence()) {
        return Ok(known);
    }
    let n = view.n_vectors(&info.space)?;
    if known > 0.0 && n < n_known.saturating_mul(2) {
        info.checked(view.sequence(), n);
        return Ok(known);
    }
    let deviation = measure(view, info)?;
    if deviation > 0.0 {
        info.remember(deviation, n);
    }
    info.checked(view.sequence(), n);
    Ok(deviation)
}

/// Returns in how many of the space's texts, or of a sample of them, words occur.
pub(super) fn frequencies(view: &Snapshot, info: &SpaceInfo) -> Result<Frequencies> {
    let mut frequencies = Frequencies::default();
    let Some(embedder) = &info.space.embedder else { return Ok(frequencies) };
    let column = match info.space.owner {
        SpaceOwner::Nodes(_) => view.node_column(embedder.from),
        SpaceOwner::Relationships(_) => view.rel_column(embedder.from),
    };
    for id in sample(view, info, TEXTS, &mut Random(SEED))? {
        if let Value::String(text) = column.value(id)? {
            frequencies.add(&text);
        }
    }
    Ok(frequencies)
}

/// A generator with a fixed seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    /// Moves `n` of the items to the front, all as likely.
    fn shuffle<T>(&mut self, items: &mut Vec<T>, n: usize) {
        for at in 0..items.len().min(n) {
            let other = at + self.below(items.len() - at);
            items.swap(at, other);
        }
        items.truncate(n);
    }
}

/// Returns at most `n` ids that have a vector of the space.
fn sample(view: &Snapshot, info: &SpaceInfo, n: usize, random: &mut Random) -> Result<Vec<u32>> {
    let space = &info.space;
    let mut blocks = Vec::new();
    for block in 0..view.n_space_blocks(space) {
        let words = view.vector_words(space, block)?;
        if words.iter().any(|word| *word != 0) {
            blocks.push((block, words));
        }
    }
    random.shuffle(&mut blocks, BLOCKS);
    let mut ids = Vec::new();
    for (block, words) in &blocks {
        ids.extend(Presence(*words).iter().map(|local| block * BLOCK_LEN as u32 + local as u32));
    }
    random.shuffle(&mut ids, n);
    Ok(ids)
}

fn measure(view: &Snapshot, info: &SpaceInfo) -> Result<f32> {
    let space = &info.space;
    let random = &mut Random(SEED);
    let ids = sample(view, info, SAMPLE, random)?;
    let mut reader = view.vectors(space);
    let mut vectors = Vec::with_capacity(ids.len());
    for id in ids {
        vectors.extend(reader.get(id)?.filter(|vector| vector.len() == space.dimension as usize));
    }
    if vectors.len() < 2 {
        return Ok(0.0);
    }
    let metric = kernel_metric(space.metric);
    let (mut n, mut sum, mut squares) = (0.0_f64, 0.0_f64, 0.0_f64);
    let mut found = [0.0; PARTNERS];
    for at in 0..vectors.len() {
        let others: [usize; PARTNERS] =
            std::array::from_fn(|_| (at + 1 + random.below(vectors.len() - 1)) % vectors.len());
        let rows = others.map(|other| &*vectors[other]);
        similarities(Path::best(), metric, &vectors[at], Rows::F32(&rows), &mut found);
        for similarity in found.map(f64::from) {
            (n, sum, squares) = (n + 1.0, sum + similarity, squares + similarity * similarity);
        }
    }
    let variance = (squares / n - (sum / n).powi(2)).max(0.0);
    let deviation = variance.sqrt() as f32;
    // Rounding alone is no deviation.
    Ok(if deviation.is_finite() && deviation > 1e-6 { deviation } else { 0.0 })
}

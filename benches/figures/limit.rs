//! The physical limit: hand-written loops over an in-memory CSR of the social graph, one thread, nothing durable, no
//! language. What a database can at best approach; measured in the same run as the database.

use std::{fs, hint::black_box, path::Path, time::Instant};

/// One direction of `Follows`: offsets by person id, and the persons reached.
struct Csr {
    offsets: Vec<u32>,
    targets: Vec<u32>,
}

impl Csr {
    fn new(n: usize, edges: &[(u32, u32)], reverse: bool) -> Self {
        let ends = |&(a, b): &(u32, u32)| if reverse { (b, a) } else { (a, b) };
        let mut offsets = vec![0u32; n + 2];
        for edge in edges {
            offsets[ends(edge).0 as usize + 1] += 1;
        }
        for i in 0..=n {
            offsets[i + 1] += offsets[i];
        }
        let mut at = offsets.clone();
        let mut targets = vec![0u32; edges.len()];
        for edge in edges {
            let (start, end) = ends(edge);
            targets[at[start as usize] as usize] = end;
            at[start as usize] += 1;
        }
        Self { offsets, targets }
    }

    fn of(&self, node: usize) -> &[u32] {
        &self.targets[self.offsets[node] as usize..self.offsets[node + 1] as usize]
    }

    /// Returns how many nodes three hops from `a` reach only over a relationship used twice (a -> b -> a -> b): the
    /// loops count them, the language does not. The data has no self-loops and no parallel relationships.
    fn only_by_repeating(&self, a: u32) -> u64 {
        let another_way = |b: u32| {
            self.of(a as usize)
                .iter()
                .any(|&x| self.of(x as usize).iter().any(|&y| (x, y) != (b, a) && self.of(y as usize).contains(&b)))
        };
        let mutual = self.of(a as usize).iter().filter(|&&b| self.of(b as usize).contains(&a));
        mutual.filter(|&&b| !another_way(b)).count() as u64
    }

    fn degree(&self, node: usize) -> u64 {
        u64::from(self.offsets[node + 1] - self.offsets[node])
    }
}

/// The answers that the database's must equal, and the times, in microseconds.
pub(crate) struct Limit {
    /// Parsing `follows.csv` and building both directions, in seconds.
    pub(crate) load_s: f64,
    pub(crate) hop1_us: f64,
    pub(crate) hop2_us: f64,
    pub(crate) hop3_us: f64,
    pub(crate) q1_us: f64,
    pub(crate) q8_us: f64,
    pub(crate) q9_us: f64,
    /// The most followed persons, as (followers, id).
    pub(crate) q1: Vec<(u64, u64)>,
    pub(crate) q8: u64,
    pub(crate) q9: u64,
    /// Different persons that trails of two and of three hops reach, by position in [`ids`].
    pub(crate) hop2: Vec<u64>,
    pub(crate) hop3: Vec<u64>,
    /// The number of persons.
    pub(crate) n: usize,
}

/// Persons that the point queries start at: spread over all ids, always the same.
pub(crate) fn ids(n: usize) -> Vec<usize> {
    (0..400u64).map(|i| ((i * 2_654_435_761) % n as u64) as usize + 1).collect()
}

/// Three hops reach thousands of persons: so many starts are enough.
pub(crate) const HOP3_STARTS: usize = 50;

/// Runs the loops.
pub(crate) fn measure(data: &Path) -> Limit {
    let started = Instant::now();
    let edges = read_pairs(&data.join("follows.csv"));
    let n = edges.iter().map(|e| e.0.max(e.1)).max().unwrap_or(0) as usize;
    let (out, into) = (Csr::new(n, &edges, false), Csr::new(n, &edges, true));
    let load_s = started.elapsed().as_secs_f64();
    drop(edges);
    let age = read_ages(&data.join("persons.csv"), n);

    let mut q1 = Vec::new();
    let q1_us = median_us(21, || {
        let mut top = [(0u64, 0u64); 3];
        for i in 1..=n {
            let degree = into.degree(i);
            if degree > top[2].0 {
                top[2] = (degree, i as u64);
                top.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            }
        }
        q1 = black_box(top).to_vec();
    });
    let (mut q8, mut q9) = (0, 0);
    let q8_us = median_us(21, || q8 = black_box((1..=n).map(|i| out.degree(i) * into.degree(i)).sum()));
    let q9_us = median_us(21, || {
        let young = (1..=n).filter(|&b| age[b] < 50);
        let paths = young.map(|b| out.of(b).iter().filter(|&&c| age[c as usize] > 25).count() as u64 * into.degree(b));
        q9 = black_box(paths.sum());
    });

    let ids = ids(n);
    let hop1_us = median_us(21, || {
        for &i in &ids {
            black_box(out.of(i).to_vec());
        }
    }) / ids.len() as f64;
    let mut scratch = Scratch { seen: vec![0; n + 1], epoch: 0 };
    let mut hop2 = vec![0; ids.len()];
    let hop2_us = median_us(5, || {
        for (at, &i) in ids.iter().enumerate() {
            hop2[at] = scratch.distinct(&out, out.of(i), None);
        }
    }) / ids.len() as f64;
    let mut hop3 = vec![0; HOP3_STARTS];
    let mut second = Vec::new();
    let hop3_us = median_us(5, || {
        for (at, &i) in ids[..HOP3_STARTS].iter().enumerate() {
            second.clear();
            scratch.distinct(&out, out.of(i), Some(&mut second));
            hop3[at] = scratch.distinct(&out, &second, None);
        }
    }) / HOP3_STARTS as f64;
    for (n, &i) in hop3.iter_mut().zip(&ids) {
        *n -= out.only_by_repeating(i as u32);
    }
    Limit { load_s, hop1_us, hop2_us, hop3_us, q1_us, q8_us, q9_us, q1, q8, q9, hop2, hop3, n }
}

/// Epoch-stamped marks: clearing is counting up.
struct Scratch {
    seen: Vec<u32>,
    epoch: u32,
}

impl Scratch {
    /// Counts the different nodes one hop behind `from`.
    fn distinct(&mut self, out: &Csr, from: &[u32], mut keep: Option<&mut Vec<u32>>) -> u64 {
        self.epoch += 1;
        let mut n = 0;
        for &b in from {
            for &c in out.of(b as usize) {
                if self.seen[c as usize] != self.epoch {
                    self.seen[c as usize] = self.epoch;
                    n += 1;
                    if let Some(keep) = &mut keep {
                        keep.push(c);
                    }
                }
            }
        }
        black_box(n)
    }
}

/// Returns the median time of `n` runs, in microseconds.
pub(crate) fn median_us(n: usize, mut body: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..n)
        .map(|_| {
            let started = Instant::now();
            body();
            started.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[n / 2]
}

fn read_pairs(path: &Path) -> Vec<(u32, u32)> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut pairs = Vec::with_capacity(bytes.len() / 10);
    let mut at = bytes.iter().position(|&c| c == b'\n').map_or(0, |at| at + 1);
    while at < bytes.len() {
        let mut pair = [0u32; 2];
        for (field, end) in pair.iter_mut().zip(*b",\n") {
            while at < bytes.len() && bytes[at] != end {
                *field = *field * 10 + u32::from(bytes[at] - b'0');
                at += 1;
            }
            at += 1;
        }
        pairs.push((pair[0], pair[1]));
    }
    pairs
}

fn read_ages(path: &Path, n: usize) -> Vec<u8> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut ages = vec![0; n + 1];
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let id: usize = fields[0].parse().expect("persons.csv starts with the id");
        ages[id] = fields[4].parse().expect("the fifth column of persons.csv is the age");
    }
    ages
}

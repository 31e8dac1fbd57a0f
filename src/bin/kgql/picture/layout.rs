//! Where nodes stand: distances in the picture close to distances in the graph.
//!
//! Each connected part is placed by itself, by stochastic gradient descent on its stress (Zheng, Pawar and Goodman, "Graph
//! Drawing by Stochastic Gradient Descent", IEEE TVCG 2019): every pair of nodes is pulled or pushed towards as many edge
//! lengths as there are edges between them, near pairs more than far ones. Then circles and captions that overlap are
//! pushed apart, and the parts are set side by side. The seed is fixed: the same graph gives the same picture.

/// The length of an edge in pixels, of a part with many nodes and of one with few, where types stand on the lines.
const EDGE: f64 = 105.0;
const EDGE_FEW: f64 = 150.0;

/// Up to how many nodes are few.
const FEW: usize = 40;

/// Rounds of descent: the paper's 15 converge; 40 look calmer and cost milliseconds.
const ROUNDS: usize = 40;

/// Rounds of pushing overlapping nodes apart: most are apart after ten, and all of the fullest picture within these.
const APART_ROUNDS: usize = 240;

/// Room between nodes, and between parts, in pixels.
const GAP: f64 = 10.0;
const PART_GAP: f64 = 50.0;

/// The widest caption that makes room for itself where there are many: longer ones are left out until there is room.
const CAPTION_ROOM_MAX: f64 = 96.0;

/// The height of a caption below its circle.
pub(super) const CAPTION_HEIGHT: f64 = 15.0;

/// The golden angle, which spreads points of a spiral evenly.
const GOLDEN: f64 = 2.399_963_229_728_653;

/// The room a node needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) radius: f64,
    pub(super) caption_width: f64,
}

impl Size {
    fn half_width(self) -> f64 {
        self.radius.max(self.caption_width / 2.0) + GAP / 2.0
    }

    fn half_height(self) -> f64 {
        self.radius + CAPTION_HEIGHT / 2.0 + GAP / 2.0
    }
}

/// Returns a place for each node.
pub(super) fn place(sizes: &[Size], edges: &[(usize, usize)]) -> Vec<(f64, f64)> {
    let mut neighbors = vec![Vec::new(); sizes.len()];
    for &(a, b) in edges.iter().filter(|(a, b)| a != b) {
        neighbors[a].push(b);
        neighbors[b].push(a);
    }
    let mut places = vec![(0.0, 0.0); sizes.len()];
    let mut parts = Vec::new();
    for part in parts_of(&neighbors) {
        let distances = distances(&part, &neighbors);
        let mut at = descend(&part, &distances);
        level(&mut at);
        let caption_max = if part.len() <= FEW { f64::INFINITY } else { CAPTION_ROOM_MAX };
        let own =
            part.iter().map(|&node| Size { caption_width: sizes[node].caption_width.min(caption_max), ..sizes[node] });
        let own: Vec<Size> = own.collect();
        push_apart(&mut at, &own);
        let (low, high) = bounds(&at, &own);
        for (&node, place) in part.iter().zip(&at) {
            places[node] = (place.0 - low.0, place.1 - low.1);
        }
        parts.push((part, (high.0 - low.0, high.1 - low.1)));
    }
    shelve(&parts, &mut places);
    places
}

/// Returns the connected parts, the largest first; the nodes of each in the order of a walk in breadth.
fn parts_of(neighbors: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut is_known = vec![false; neighbors.len()];
    let mut parts = Vec::new();
    // From the best connected one: it then starts in the middle.
    let mut starts: Vec<usize> = (0..neighbors.len()).collect();
    starts.sort_by_key(|&node| std::cmp::Reverse(neighbors[node].len()));
    for start in starts {
        if std::mem::replace(&mut is_known[start], true) {
            continue;
        }
        let mut part = vec![start];
        let mut next = 0;
        while let Some(&node) = part.get(next) {
            next += 1;
            for &neighbor in &neighbors[node] {
                if !std::mem::replace(&mut is_known[neighbor], true) {
                    part.push(neighbor);
                }
            }
        }
        parts.push(part);
    }
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts
}

/// Returns for each pair of a part how far they should be from each other.
fn distances(part: &[usize], neighbors: &[Vec<usize>]) -> Vec<Vec<f64>> {
    let mut at = vec![usize::MAX; neighbors.len()];
    part.iter().enumerate().for_each(|(position, &node)| at[node] = position);
    part.iter()
        .map(|&from| {
            let mut steps = vec![usize::MAX; part.len()];
            steps[at[from]] = 0;
            let mut queue = std::collections::VecDeque::from([from]);
            while let Some(node) = queue.pop_front() {
                for &neighbor in &neighbors[node] {
                    if steps[at[neighbor]] == usize::MAX {
                        steps[at[neighbor]] = steps[at[node]] + 1;
                        queue.push_back(neighbor);
                    }
                }
            }
            steps.into_iter().map(|steps| steps as f64).collect()
        })
        .collect()
}

/// Descends the stress from a spiral, in edge lengths; returns pixels.
fn descend(part: &[usize], distances: &[Vec<f64>]) -> Vec<(f64, f64)> {
    let n = part.len();
    let mut at: Vec<(f64, f64)> = (0..n)
        .map(|i| {
            let (radius, angle) = (0.6 * (i as f64).sqrt(), GOLDEN * i as f64);
            (radius * angle.cos(), radius * angle.sin())
        })
        .collect();
    let mut pairs: Vec<(usize, usize)> = (0..n).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
    let farthest = distances.iter().flatten().fold(1.0f64, |max, d| max.max(*d));
    let (first, last) = (farthest * farthest, 0.1f64);
    let fall = (last / first).ln() / (ROUNDS - 1) as f64;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..ROUNDS {
        let step = first * (fall * round as f64).exp();
        random.shuffle(&mut pairs);
        for &(a, b) in &pairs {
            let wanted = distances[a][b];
            let move_by = (step / (wanted * wanted)).min(1.0);
            let (dx, dy) = (at[a].0 - at[b].0, at[a].1 - at[b].1);
            let is = dx.hypot(dy).max(1e-9);
            let by = move_by * (is - wanted) / 2.0 / is;
            at[a] = (at[a].0 - by * dx, at[a].1 - by * dy);
            at[b] = (at[b].0 + by * dx, at[b].1 + by * dy);
        }
    }
    // Many nodes within few steps of each other need longer edges, or they lie on top of each other.
    let edge = if n <= FEW { EDGE_FEW } else { EDGE };
    let room = edge * ((n as f64) / (4.0 * farthest * farthest)).sqrt().clamp(1.0, 3.0);
    at.iter().map(|(x, y)| (x * room, y * room)).collect()
}

/// Turns the points so that they are wider than high.
fn level(at: &mut [(f64, f64)]) {
    let n = at.len() as f64;
    let (mx, my) = at.iter().fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x / n, sy + y / n));
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in at.iter() {
        xx += (x - mx) * (x - mx);
        xy += (x - mx) * (y - my);
        yy += (y - my) * (y - my);
    }
    let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
    let (sin, cos) = (-angle).sin_cos();
    for (x, y) in at.iter_mut() {
        let (dx, dy) = (*x - mx, *y - my);
        (*x, *y) = (dx * cos - dy * sin, dx * sin + dy * cos);
    }
}

/// Pushes nodes apart that overlap, each pair along the shorter way out.
fn push_apart(at: &mut [(f64, f64)], sizes: &[Size]) {
    for _ in 0..APART_ROUNDS {
        let mut is_moved = false;
        for a in 0..at.len() {
            for b in 0..a {
                let (dx, dy) = (at[a].0 - at[b].0, at[a].1 - at[b].1);
                let x = sizes[a].half_width() + sizes[b].half_width() - dx.abs();
                let y = sizes[a].half_height() + sizes[b].half_height() - dy.abs();
                if x <= 0.0 || y <= 0.0 {
                    continue;
                }
                is_moved = true;
                if x < y {
                    let by = 0.25 * x * if dx < 0.0 { -1.0 } else { 1.0 };
                    at[a].0 += by;
                    at[b].0 -= by;
                } else {
                    let by = 0.25 * y * if dy < 0.0 { -1.0 } else { 1.0 };
                    at[a].1 += by;
                    at[b].1 -= by;
                }
            }
        }
        if !is_moved {
            return;
        }
    }
}

/// Returns the corners of what nodes need.
fn bounds(at: &[(f64, f64)], sizes: &[Size]) -> ((f64, f64), (f64, f64)) {
    let mut low = (f64::INFINITY, f64::INFINITY);
    let mut high = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    for ((x, y), size) in at.iter().zip(sizes) {
        low = (low.0.min(x - size.half_width()), low.1.min(y - size.half_height()));
        high = (high.0.max(x + size.half_width()), high.1.max(y + size.half_height()));
    }
    (low, high)
}

/// Sets the parts side by side in rows, about half as wide again as high.
fn shelve(parts: &[(Vec<usize>, (f64, f64))], places: &mut [(f64, f64)]) {
    let area: f64 = parts.iter().map(|(_, (w, h))| (w + PART_GAP) * (h + PART_GAP)).sum();
    let widest = parts.iter().map(|(_, (w, _))| *w).fold(0.0, f64::max);
    let width = (1.5 * area).sqrt().max(widest);
    let (mut x, mut y, mut height) = (0.0f64, 0.0f64, 0.0f64);
    for (part, (w, h)) in parts {
        if x > 0.0 && x + w > width {
            (x, y, height) = (0.0, y + height + PART_GAP, 0.0);
        }
        for &node in part {
            places[node] = (places[node].0 + x, places[node].1 + y);
        }
        x += w + PART_GAP;
        height = height.max(*h);
    }
}

/// xorshift64*: the pairs' order must be mixed, not secret.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, (self.next() % (at as u64 + 1)) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { radius: 10.0, caption_width: 40.0 };

    fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
        (a.0 - b.0).hypot(a.1 - b.1)
    }

    #[test]
    fn a_chain_is_stretched_out_and_the_same_every_time() {
        let edges: Vec<(usize, usize)> = (1..8).map(|n| (n - 1, n)).collect();
        let at = place(&[SIZE; 8], &edges);
        assert_eq!(at, place(&[SIZE; 8], &edges));
        assert!(distance(at[0], at[7]) > 6.0 * EDGE, "{at:?}");
        assert!(at.iter().all(|(x, y)| x.is_finite() && y.is_finite()));
    }

    #[test]
    fn nothing_stands_on_something_else() {
        // A star, a ring, and three alone.
        let mut edges: Vec<(usize, usize)> = (1..20).map(|n| (0, n)).collect();
        edges.extend((20..30).map(|n| (n, if n == 29 { 20 } else { n + 1 })));
        let at = place(&[SIZE; 33], &edges);
        for a in 0..at.len() {
            for b in 0..a {
                assert!(distance(at[a], at[b]) > 2.0 * SIZE.radius, "{a} {b}: {:?} {:?}", at[a], at[b]);
            }
        }
    }

    #[test]
    fn the_largest_picture_is_placed() {
        let n = super::super::NODES_MAX;
        let edges: Vec<(usize, usize)> = (1..n).map(|a| (a, a * 7919 % a)).collect();
        assert!(place(&vec![SIZE; n], &edges).iter().all(|(x, y)| x.is_finite() && y.is_finite()));
        assert!(place(&[], &[]).is_empty());
        assert_eq!(place(&[SIZE], &[(0, 0)]).len(), 1);
    }
}

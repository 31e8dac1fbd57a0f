//! Random graphs: self-loops, parallel relationships, missing properties, properties of mixed kinds.

use super::{super::model::Numbers, value::V};

pub(super) const TYPES: &[&str] = &["R", "R", "R", "S", "S", "T"];

/// What the property `s` is taken from.
pub(super) const TEXTS: &[&str] = &["", "a", "ab", "Ab", "b a", "abab", "\u{e4}b", "12", "1.5", "true"];

#[derive(Debug, Clone)]
pub(super) struct GraphNode {
    pub(super) labels: Vec<&'static str>,
    pub(super) props: Vec<(&'static str, V)>,
}

#[derive(Debug, Clone)]
pub(super) struct GraphRel {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: &'static str,
    pub(super) props: Vec<(&'static str, V)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<GraphNode>,
    pub(super) rels: Vec<GraphRel>,
    /// Whether `A.x`, `A.m`, `B.s` and `B.d` have an index, and `C.id` is unique.
    pub(super) indexed: bool,
}

pub(super) fn pick<T: Copy>(random: &mut Numbers, items: &[T]) -> T {
    items[random.below(items.len() as u64) as usize]
}

/// Returns a value of any kind that can be stored.
pub(super) fn mixed(random: &mut Numbers) -> V {
    match random.below(11) {
        9 => V::Date(date(random)),
        10 => point(random),
        0 | 1 => V::Int(random.below(4) as i64 - 1),
        2 => V::Float(pick(random, &[-0.5, 0.0, 1.0, 1.5, 2.0])),
        3 | 4 => V::str(pick(random, TEXTS)),
        5 => V::Bool(random.chance(1, 2)),
        6 => V::List(ints(random)),
        7 => V::Int(pick(random, &[9_007_199_254_740_993, i64::MAX, i64::MIN + 1])),
        _ => V::Float(pick(random, &[9_007_199_254_740_992.0, 1e300, -2.25])),
    }
}

/// Returns a date, of a few around leap days and the turn of a year.
pub(super) fn date(random: &mut Numbers) -> i64 {
    pick(random, &[-1, 0, 789, 19_722, 19_723, 19_782, 19_783]) + random.below(2) as i64
}

pub(super) fn point(random: &mut Numbers) -> V {
    V::Point(pick(random, &[-1.0, 0.0, 0.5, 3.0]), pick(random, &[-1.0, 0.0, 4.0]))
}

pub(super) fn ints(random: &mut Numbers) -> Vec<V> {
    (0..random.below(4)).map(|_| V::Int(random.below(4) as i64)).collect()
}

impl Graph {
    pub(super) fn random(random: &mut Numbers) -> Self {
        let (is_large, is_huge) = (random.chance(1, 8), random.chance(1, 20));
        let n = if is_huge { 60 } else { 1 + random.below(if is_large { 14 } else { 5 }) as usize };
        let nodes = (0..n)
            .map(|id| {
                let labels = ["A", "B", "C"].into_iter().zip([6, 5, 2]).filter(|(_, n)| random.chance(*n, 10));
                let labels = labels.map(|(label, _)| label).collect();
                let mut props = vec![("id", V::Int(id as i64))];
                let mut some = |key, v: V, random: &mut Numbers| {
                    if random.chance(2, 3) {
                        props.push((key, v));
                    }
                };
                some("x", V::Int(random.below(3) as i64), random);
                some("f", V::Float(pick(random, &[-1.5, 0.0, 0.5, 1.0, 2.25])), random);
                some("s", V::str(pick(random, TEXTS)), random);
                some("b", V::Bool(random.chance(1, 2)), random);
                some("m", mixed(random), random);
                some("l", V::List(ints(random)), random);
                some("d", V::Date(date(random)), random);
                some("p", point(random), random);
                GraphNode { labels, props }
            })
            .collect();
        let loops = random.chance(1, 2);
        let mut rels = Vec::new();
        let n_rels = if is_huge { 120 } else { 2 + random.below(if is_large { 30 } else { 10 }) };
        for _ in 0..n_rels {
            let (start, end) = (random.below(n as u64) as usize, random.below(n as u64) as usize);
            if start == end && !loops {
                continue;
            }
            let mut props = vec![("id", V::Int(rels.len() as i64))];
            if random.chance(2, 3) {
                props.push(("x", V::Int(random.below(3) as i64)));
            }
            if random.chance(1, 2) {
                props.push(("m", mixed(random)));
            }
            rels.push(GraphRel { start, end, kind: pick(random, TYPES), props });
        }
        Self { nodes, rels, indexed: random.chance(1, 2) }
    }

    /// Returns the one statement that makes it.
    pub(super) fn create(&self) -> String {
        let map = |props: &[(&str, V)]| {
            let entries: Vec<String> = props.iter().map(|(key, v)| format!("{key}: {}", v.literal())).collect();
            format!(" {{{}}}", entries.join(", "))
        };
        let nodes = self.nodes.iter().enumerate().map(|(at, node)| {
            let labels: String = node.labels.iter().map(|label| format!(":{label}")).collect();
            format!("(n{at}{labels}{})", map(&node.props))
        });
        let rels =
            self.rels.iter().map(|rel| format!("(n{})-[:{}{}]->(n{})", rel.start, rel.kind, map(&rel.props), rel.end));
        format!("CREATE {}", nodes.chain(rels).collect::<Vec<_>>().join(", "))
    }
}

//! The graph as the judge sees it: relationships in a row, and which of them share an end, a pair or a type.

use rustc_hash::FxHashMap;

/// No group: the pair the other way round does not exist.
pub(crate) const NONE: u32 = u32::MAX;

/// The two entities of a relationship and its type, by numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The entity it starts at.
    pub(crate) head: u32,
    /// The entity it leads to.
    pub(crate) tail: u32,
    /// The number of its type.
    pub(crate) kind: u32,
}

/// The relationships there are, as far as judging needs to know them.
pub(crate) trait Ties {
    /// Returns the number above the ids of all relationships.
    fn relationships(&self) -> u32;
    /// Returns the ends of one, or `None` where no relationship has this id.
    fn ends(&self, rel: u32) -> Option<Ends>;
}

/// Ways in which relationships belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Head,
    Tail,
    Type,
    HeadType,
    TailType,
    Pair,
}

/// Every way, in the order of [`Frame::groups`].
pub(crate) const WAYS: usize = 6;

/// Members numbered by group: `of[slot]` is the group of a relationship, `sizes[group]` how many are in it.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pub(crate) of: Vec<u32>,
    pub(crate) sizes: Vec<u32>,
}

impl Groups {
    fn new(keys: impl Iterator<Item = u64>, n: usize) -> Groups {
        Groups::mapped(keys, n).0
    }

    fn mapped(keys: impl Iterator<Item = u64>, n: usize) -> (Groups, FxHashMap<u64, u32>) {
        let mut numbers: FxHashMap<u64, u32> = FxHashMap::default();
        let mut groups = Groups { of: Vec::with_capacity(n), sizes: Vec::new() };
        for key in keys {
            let next = groups.sizes.len() as u32;
            let group = *numbers.entry(key).or_insert(next);
            if group == next {
                groups.sizes.push(0);
            }
            groups.sizes[group as usize] += 1;
            groups.of.push(group);
        }
        (groups, numbers)
    }

    /// Returns the sum of `values` (one for each relationship) in each group.
    pub(crate) fn sums(&self, values: &[f32]) -> Vec<f32> {
        let mut sums = vec![0.0; self.sizes.len()];
        for (group, value) in self.of.iter().zip(values) {
            sums[*group as usize] += value;
        }
        sums
    }
}

/// The relationships that exist, in order of their ids ("slots"), grouped in every way.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The id of the relationship in each slot, ascending.
    pub(crate) ids: Vec<u32>,
    /// Dense numbers of entities: the head of each slot.
    pub(crate) heads: Vec<u32>,
    /// The tail of each slot.
    pub(crate) tails: Vec<u32>,
    /// How many entities have relationships.
    pub(crate) n_entities: usize,
    /// How many relationships start at each entity.
    pub(crate) outs: Vec<u32>,
    /// How many lead to each entity.
    pub(crate) ins: Vec<u32>,
    /// The groups of each way, in the order of [`By`].
    pub(crate) groups: [Groups; WAYS],
    /// For each slot the pair group of the same two entities the other way round, or [`NONE`].
    pub(crate) reverse: Vec<u32>,
}

impl Frame {
    /// Returns the relationships of a graph in groups.
    pub(crate) fn new(ties: &impl Ties) -> Frame {
        let mut ids = Vec::new();
        let (mut heads, mut tails, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
        let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
        for id in 0..ties.relationships() {
            let Some(ends) = ties.ends(id) else { continue };
            let mut number = |entity| {
                let next = numbers.len() as u32;
                *numbers.entry(entity).or_insert(next)
            };
            ids.push(id);
            heads.push(number(ends.head));
            tails.push(number(ends.tail));
            kinds.push(ends.kind);
        }
        let (n, n_entities) = (ids.len(), numbers.len());
        let (mut outs, mut ins) = (vec![0; n_entities], vec![0; n_entities]);
        for (head, tail) in heads.iter().zip(&tails) {
            outs[*head as usize] += 1;
            ins[*tail as usize] += 1;
        }
        let two = |a: u32, b: u32| u64::from(a) << 32 | u64::from(b);
        let both = |left: &[u32], right: &[u32]| Groups::new(left.iter().zip(right).map(|(a, b)| two(*a, *b)), n);
        let (pairs, pair_numbers) = Groups::mapped(heads.iter().zip(&tails).map(|(head, tail)| two(*head, *tail)), n);
        let reversed = heads.iter().zip(&tails).map(|(head, tail)| pair_numbers.get(&two(*tail, *head)));
        let reverse = reversed.map(|group| group.copied().unwrap_or(NONE)).collect();
        let of = |keys: &[u32]| Groups::new(keys.iter().map(|key| u64::from(*key)), n);
        let groups = [of(&heads), of(&tails), of(&kinds), both(&heads, &kinds), both(&tails, &kinds), pairs];
        Frame { ids, heads, tails, n_entities, outs, ins, groups, reverse }
    }

    /// Returns how many relationships there are.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns the slot of a relationship.
    pub(crate) fn slot(&self, id: u32) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }
}

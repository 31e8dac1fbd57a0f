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
    /// Returns how similar its content is to what is attended lately (a cosine, -1 to 1), where there is a space for it.
    fn similarity(&self, _rel: u32) -> Option<f32> {
        None
    }
}

/// Ways in which relationships belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// They start at the same entity.
    Head,
    /// They lead to the same entity.
    Tail,
    /// They are of one type.
    Type,
    /// They start at the same entity and are of one type.
    HeadType,
    /// They lead to the same entity and are of one type.
    TailType,
    /// They lead from one entity to the same other.
    Pair,
}

/// How many ways there are.
pub(crate) const WAYS: usize = 6;

/// Members numbered by group: `of[slot]` is the group of a relationship, `sizes[group]` how many are in it.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pub(crate) of: Vec<u32>,
    pub(crate) sizes: Vec<u32>,
}

impl Groups {
    /// Returns groups of equal keys, numbered as they come, and the number of each key.
    fn of(keys: impl Iterator<Item = u64>) -> (Groups, FxHashMap<u64, u32>) {
        let mut numbers: FxHashMap<u64, u32> = FxHashMap::default();
        let numbered = keys.map(|key| {
            let next = numbers.len() as u32;
            *numbers.entry(key).or_insert(next)
        });
        let of: Vec<u32> = numbered.collect();
        (Groups::numbered(of, numbers.len()), numbers)
    }

    /// Returns the `n` groups that these numbers tell.
    fn numbered(of: Vec<u32>, n: usize) -> Groups {
        let mut sizes = vec![0; n];
        for group in &of {
            sizes[*group as usize] += 1;
        }
        Groups { of, sizes }
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
    /// How many entities have relationships; they are numbered from 0, and so are the groups by head and by tail.
    pub(crate) n_entities: usize,
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
            kinds.push(u64::from(ends.kind));
        }
        let n_entities = numbers.len();
        let two = |(a, b): (&u32, &u32)| u64::from(*a) << 32 | u64::from(*b);
        let typed =
            |ends: &[u32]| Groups::of(ends.iter().zip(&kinds).map(|(end, kind)| u64::from(*end) << 32 | kind)).0;
        let (head_types, tail_types) = (typed(&heads), typed(&tails));
        let (pairs, numbered) = Groups::of(heads.iter().zip(&tails).map(two));
        let back = tails.iter().zip(&heads).map(two);
        let reverse = back.map(|pair| numbered.get(&pair).copied().unwrap_or(NONE)).collect();
        let types = Groups::of(kinds.iter().copied()).0;
        let (heads, tails) = (Groups::numbered(heads, n_entities), Groups::numbered(tails, n_entities));
        Frame { ids, n_entities, groups: [heads, tails, types, head_types, tail_types, pairs], reverse }
    }

    /// Returns the entity that each relationship starts at.
    pub(crate) fn heads(&self) -> &[u32] {
        &self.groups[By::Head as usize].of
    }

    /// Returns the entity that each relationship leads to.
    pub(crate) fn tails(&self) -> &[u32] {
        &self.groups[By::Tail as usize].of
    }

    /// Returns how many relationships start at each entity.
    pub(crate) fn outs(&self) -> &[u32] {
        &self.groups[By::Head as usize].sizes
    }

    /// Returns how many relationships lead to each entity.
    pub(crate) fn ins(&self) -> &[u32] {
        &self.groups[By::Tail as usize].sizes
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Relationships from a list, of which some may be absent.
    pub(crate) struct Listed(pub(crate) Vec<Option<Ends>>);

    impl Listed {
        /// Heads, types and tails.
        pub(crate) fn new(ties: &[(u32, u32, u32)]) -> Listed {
            Listed(ties.iter().map(|(head, kind, tail)| Some(Ends { head: *head, tail: *tail, kind: *kind })).collect())
        }
    }

    impl Ties for Listed {
        fn relationships(&self) -> u32 {
            self.0.len() as u32
        }

        fn ends(&self, rel: u32) -> Option<Ends> {
            self.0[rel as usize]
        }
    }

    /// Each of `n` entities is tied to the next.
    pub(crate) fn ring(n: u32) -> Listed {
        Listed::new(&(0..n).map(|entity| (entity, 0, (entity + 1) % n)).collect::<Vec<_>>())
    }

    #[test]
    fn groups_of_every_way_with_a_gap() {
        let mut listed = Listed::new(&[(7, 1, 9), (7, 2, 9), (9, 1, 7), (5, 1, 9), (7, 1, 5)]);
        listed.0[1] = None;
        let frame = Frame::new(&listed);
        assert_eq!(frame.ids, [0, 2, 3, 4]);
        assert_eq!((frame.slot(2), frame.slot(1)), (Some(1), None));
        let size = |by: By, slot: usize| frame.groups[by as usize].sizes[frame.groups[by as usize].of[slot] as usize];
        assert_eq!([size(By::Head, 0), size(By::Tail, 0), size(By::Type, 0), size(By::Pair, 0)], [2, 2, 4, 1]);
        assert_eq!([size(By::HeadType, 0), size(By::TailType, 0)], [2, 2]);
        let pair = &frame.groups[By::Pair as usize].of;
        assert_eq!(frame.reverse, [pair[1], pair[0], NONE, NONE]);
    }
}

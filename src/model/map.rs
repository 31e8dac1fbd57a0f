//! Maps of a value: entries in the order of their keys, in one piece of memory.
//!
//! Most maps have a handful of entries: properties of a node, an explanation, a row of JSON. A vector of exactly as many is
//! smaller than a tree's node, found in as fast, and freed at once. Making one of many entries is a sort
//! ([`FromIterator`], [`Extend`]); inserting single keys one by one moves what lies behind each.

use std::{fmt, ops::Index, sync::Arc};

use super::Value;

/// Values by name, in the order of the names; each name once.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Map(Vec<(Arc<str>, Value)>);

impl Map {
    /// Returns a map without entries.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns a map with room for so many entries.
    pub fn with_capacity(n: usize) -> Self {
        Self(Vec::with_capacity(n))
    }

    /// Returns how many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn place(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(key))
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.place(key).ok().map(|at| &self.0[at].1)
    }

    /// Returns the value of a key, for changing.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.place(key).ok().map(|at| &mut self.0[at].1)
    }

    /// Returns whether there is a value of a key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.place(key).is_ok()
    }

    /// Sets the value of a key, and returns the one that it had.
    pub fn insert(&mut self, key: Arc<str>, value: Value) -> Option<Value> {
        // Keys often come in order.
        if self.0.last().is_none_or(|(last, _)| **last < *key) {
            self.0.push((key, value));
            return None;
        }
        match self.place(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Removes a key, and returns the value that it had.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.place(key).ok().map(|at| self.0.remove(at).1)
    }

    /// Keeps the entries for which this is true.
    pub fn retain(&mut self, mut keeps: impl FnMut(&Arc<str>, &mut Value) -> bool) {
        self.0.retain_mut(|(key, value)| keeps(key, value));
    }

    /// Returns the entries in the order of their keys.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Returns the keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> + DoubleEndedIterator + Clone {
        self.0.iter().map(|(key, _)| key)
    }

    /// Returns the values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> + DoubleEndedIterator + Clone {
        self.0.iter().map(|(_, value)| value)
    }

    /// Returns the values in the order of their keys, for changing.
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Value> + DoubleEndedIterator {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// Sorts what was put together; of entries of one key the last counts.
    fn order(&mut self) {
        if self.0.is_sorted_by(|(a, _), (b, _)| a < b) {
            return;
        }
        self.0.sort_by(|(a, _), (b, _)| a.cmp(b));
        // Equal keys stay in the order in which they came.
        self.0.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                std::mem::swap(&mut later.1, &mut kept.1);
            }
            is_same
        });
    }
}

/// The entries of a [`Map`] in the order of their keys.
pub(super) type Iter<'a> =
    std::iter::Map<std::slice::Iter<'a, (Arc<str>, Value)>, fn(&'a (Arc<str>, Value)) -> (&'a Arc<str>, &'a Value)>;

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Arc<str>, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Map {
    type Item = (Arc<str>, Value);
    type IntoIter = std::vec::IntoIter<(Arc<str>, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(Arc<str>, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Value)>>(entries: I) -> Self {
        let mut map = Self(entries.into_iter().collect());
        map.order();
        map
    }
}

impl Extend<(Arc<str>, Value)> for Map {
    fn extend<I: IntoIterator<Item = (Arc<str>, Value)>>(&mut self, entries: I) {
        self.0.extend(entries);
        self.order();
    }
}

impl<const N: usize> From<[(Arc<str>, Value); N]> for Map {
    fn from(entries: [(Arc<str>, Value); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl Index<&str> for Map {
    type Output = Value;

    fn index(&self, key: &str) -> &Value {
        self.get(key).unwrap_or_else(|| panic!("the map has no key `{key}`"))
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Whatever is done to it, it is what a tree is.
    #[test]
    fn it_is_as_a_tree() {
        let mut state = 7_u64;
        let mut below = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        for _ in 0..200 {
            let (mut map, mut tree) = (Map::new(), BTreeMap::<Arc<str>, Value>::new());
            for _ in 0..below(60) {
                let key: Arc<str> = format!("k{}", below(20)).into();
                let value = Value::Int(below(1000) as i64);
                match below(5) {
                    0 => assert_eq!(map.remove(&key), tree.remove(&key)),
                    1 => {
                        let more: Vec<(Arc<str>, Value)> =
                            (0..below(6)).map(|n| (format!("k{}", below(20)).into(), Value::Int(n as i64))).collect();
                        map.extend(more.clone());
                        tree.extend(more);
                    }
                    _ => assert_eq!(map.insert(key.clone(), value.clone()), tree.insert(key.clone(), value)),
                }
                assert_eq!(map.get(&key), tree.get(&key));
            }
            assert!(map.iter().eq(tree.iter()), "{map:?} {tree:?}");
            assert_eq!(map, tree.into_iter().collect());
        }
    }
}

//! The names of predicates and classes: short where they can be, and never the same for two IRIs.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{RESOURCE, URI};

/// Predicates and classes by number.
#[derive(Debug, Default)]
pub(in crate::import) struct Terms {
    iris: Vec<Arc<str>>,
    numbers: FxHashMap<Arc<str>, u32>,
    /// Namespace to prefix, as the file declares them.
    prefixes: FxHashMap<Box<str>, Box<str>>,
}

impl Terms {
    /// Returns the number of an IRI.
    pub(super) fn number(&mut self, iri: String) -> u32 {
        if let Some(number) = self.numbers.get(&*iri) {
            return *number;
        }
        let (iri, number): (Arc<str>, _) = (iri.into(), self.iris.len() as u32);
        self.iris.push(iri.clone());
        self.numbers.insert(iri, number);
        number
    }

    /// Takes note of a prefix.
    pub(super) fn declare(&mut self, prefix: &str, namespace: &str) {
        if !prefix.is_empty() {
            self.prefixes.insert(namespace.into(), prefix.into());
        }
    }

    /// Returns the name of every term, and adds those that are new to what is known of earlier files.
    pub(in crate::import) fn names(&self, known: &mut Vec<(Arc<str>, Arc<str>)>) -> Vec<Arc<str>> {
        let mut taken: FxHashSet<Arc<str>> = known.iter().map(|(name, _)| name.clone()).collect();
        taken.extend([RESOURCE, URI, VOCABULARY].map(Arc::from));
        let old: FxHashMap<Arc<str>, Arc<str>> = known.iter().map(|(name, iri)| (iri.clone(), name.clone())).collect();
        let mut names = Vec::with_capacity(self.iris.len());
        for iri in &self.iris {
            let name = old.get(iri).cloned().unwrap_or_else(|| {
                let name = self.new_name(iri, &taken);
                taken.insert(name.clone());
                known.push((name.clone(), iri.clone()));
                name
            });
            names.push(name);
        }
        names
    }

    fn new_name(&self, iri: &Arc<str>, taken: &FxHashSet<Arc<str>>) -> Arc<str> {
        let (namespace, local) = iri.split_at(iri.rfind(['#', '/', ':']).map_or(0, |at| at + 1));
        if local.is_empty() {
            return iri.clone();
        }
        // A name with `@` in it is a property's language.
        if !taken.contains(local) && !local.contains('@') {
            return local.into();
        }
        let declared = self.prefixes.get(namespace).map(|prefix| format!("{prefix}__{local}"));
        let numbered = (1..).map(|n| format!("ns{n}__{local}"));
        let free = declared.into_iter().chain(numbered).find(|name| !taken.contains(&**name));
        free.expect("one of endless numbers is free").into()
    }
}

/// The label of the node that says what the names stand for.
pub(in crate::import) const VOCABULARY: &str = "RdfVocabulary";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_differ() {
        let mut terms = Terms::default();
        for iri in ["http://a/x#name", "http://b/name", "http://c/name", "http://d/", "urn:b:uri", "http://a/x#age"] {
            terms.number(iri.to_owned());
        }
        terms.declare("b", "http://b/");
        let mut known = vec![("age".into(), "http://other/age".into())];
        let names = terms.names(&mut known);
        let expected = ["name", "b__name", "ns1__name", "http://d/", "ns1__uri", "ns1__age"];
        assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), expected);
        assert_eq!(known.len(), 7);
        // The next file sees other prefixes and another order, and comes to the same names.
        let mut again = Terms::default();
        for iri in ["http://c/name", "http://b/name", "http://other/age"] {
            again.number(iri.to_owned());
        }
        assert_eq!(again.names(&mut known).iter().map(|n| &**n).collect::<Vec<_>>(), ["ns1__name", "b__name", "age"]);
        assert_eq!(known.len(), 7);
    }
}

//! A picture of the whole graph, and the difference of two: side effects as openCypher's TCK defines them.

use std::collections::{BTreeMap, BTreeSet};

use attendb::{
    Database, Error,
    model::{Map, Value},
};

/// Everything in the graph, by id.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Graph {
    /// Labels and properties of each node.
    pub(crate) nodes: BTreeMap<u64, (BTreeSet<String>, BTreeMap<String, String>)>,
    /// Start, end, type and properties of each relationship.
    pub(crate) relationships: BTreeMap<u64, (u64, u64, String, BTreeMap<String, String>)>,
}

impl Graph {
    /// Reads the whole graph.
    pub(crate) fn read(db: &Database) -> Result<Self, Error> {
        let mut graph = Self::default();
        for row in super::run(db, "MATCH (n) RETURN n", &Map::new())?.rows {
            let [Value::Node(node)] = row.as_slice() else { panic!("MATCH (n) RETURN n gave {row:?}") };
            let data = node.data.as_ref().expect("a result's node has its data");
            let labels = data.labels.iter().map(|label| label.to_string()).collect();
            graph.nodes.insert(node.id.into(), (labels, text(&data.properties)));
        }
        for row in super::run(db, "MATCH ()-[r]->() RETURN r", &Map::new())?.rows {
            let [Value::Relationship(relationship)] = row.as_slice() else {
                panic!("MATCH ()-[r]->() RETURN r gave {row:?}")
            };
            let data = relationship.data.as_ref().expect("a result's relationship has its data");
            let entry = (data.start.into(), data.end.into(), data.rel_type.to_string(), text(&data.properties));
            graph.relationships.insert(relationship.id.into(), entry);
        }
        Ok(graph)
    }

    /// Returns what changed from `self` to `after`: `+nodes`, `-properties` and so on, without zeros.
    pub(crate) fn effects(&self, after: &Self) -> BTreeMap<String, i64> {
        let mut effects = BTreeMap::new();
        let mut note = |name: &str, n: usize| {
            if n > 0 {
                effects.insert(name.to_owned(), n as i64);
            }
        };
        let missing = |a: &Self, b: &Self| a.nodes.keys().filter(|id| !b.nodes.contains_key(id)).count();
        note("+nodes", missing(after, self));
        note("-nodes", missing(self, after));
        let missing =
            |a: &Self, b: &Self| a.relationships.keys().filter(|id| !b.relationships.contains_key(id)).count();
        note("+relationships", missing(after, self));
        note("-relationships", missing(self, after));
        let (old, new) = (self.labels(), after.labels());
        note("+labels", new.difference(&old).count());
        note("-labels", old.difference(&new).count());
        let (old, new) = (self.properties(), after.properties());
        note("+properties", new.difference(&old).count());
        note("-properties", old.difference(&new).count());
        effects
    }

    fn labels(&self) -> BTreeSet<&String> {
        self.nodes.values().flat_map(|(labels, _)| labels).collect()
    }

    /// Each property of each entity with its value: a changed value is one gone and one new.
    fn properties(&self) -> BTreeSet<(bool, u64, &String, &String)> {
        let nodes = self.nodes.iter().flat_map(|(id, (_, map))| map.iter().map(|(k, v)| (false, *id, k, v)));
        let relationships =
            self.relationships.iter().flat_map(|(id, (_, _, _, map))| map.iter().map(|(k, v)| (true, *id, k, v)));
        nodes.chain(relationships).collect()
    }
}

fn text(map: &Map) -> BTreeMap<String, String> {
    map.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

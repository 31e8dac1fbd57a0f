//! Counts over random multigraphs, compared with brute force.
//!
//! The engine answers `count(*)` over patterns by degrees and exact statistics where it can. Here every trail is
//! enumerated by a few nested loops over a list of relationships: slow, and simple enough to believe. Graphs hold
//! self-loops, parallel relationships, unlabelled nodes and missing properties; queries cover 1 to 3 hops in all
//! directions, types, labels, filters, repeated variables, variable lengths, and grouped or distinct counts.

use std::collections::{BTreeMap, BTreeSet};

use attendb::{Database, model::Value};

use super::support::{must, random::Random};

const NODES: u64 = 14;
const RELATIONSHIPS: u64 = 40;
const GRAPHS: u64 = 4;
const QUERIES_PER_GRAPH: u64 = 250;
const LABELS: [&str; 2] = ["A", "B"];
const TYPES: [&str; 2] = ["R", "S"];

struct Node {
    labels: Vec<&'static str>,
    x: Option<i64>,
}

struct Relationship {
    start: usize,
    end: usize,
    kind: &'static str,
    w: i64,
}

struct Graph {
    nodes: Vec<Node>,
    relationships: Vec<Relationship>,
}

impl Graph {
    fn random(random: &mut Random) -> Self {
        let node = |random: &mut Random| Node {
            labels: LABELS.into_iter().filter(|_| random.chance(3, 5)).collect(),
            x: random.chance(4, 5).then(|| random.below(4) as i64),
        };
        let nodes = (0..NODES).map(|_| node(random)).collect();
        let relationships = (0..RELATIONSHIPS).map(|_| {
            let start = random.below(NODES) as usize;
            // Hubs, so that parallel relationships are common, and one in eight a self-loop.
            let end = if random.chance(1, 8) { start } else { (random.below(NODES) * random.below(2)) as usize };
            Relationship { start, end, kind: TYPES[random.below(2) as usize], w: random.below(3) as i64 }
        });
        Self { relationships: relationships.collect(), nodes }
    }

    /// Writes the graph into a database, the relationships in pieces so that some share a statement and some do not.
    fn store(&self, db: &Database) {
        for (id, node) in self.nodes.iter().enumerate() {
            let labels: String = node.labels.iter().map(|label| format!(":{label}")).collect();
            let x = node.x.map_or(String::new(), |x| format!(", x: {x}"));
            must(db, &format!("CREATE ({labels} {{id: {id}{x}}})"));
        }
        for piece in self.relationships.chunks(7) {
            let rows: Vec<String> = piece
                .iter()
                .map(|r| format!("{{a: {}, b: {}, w: {}, t: '{}'}}", r.start, r.end, r.w, r.kind))
                .collect();
            for kind in TYPES {
                must(
                    db,
                    &format!(
                        "UNWIND [{}] AS r WITH r WHERE r.t = '{kind}' MATCH (a {{id: r.a}}), (b {{id: r.b}}) \
                         CREATE (a)-[:{kind} {{w: r.w}}]->(b)",
                        rows.join(", ")
                    ),
                );
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Follow {
    Out,
    In,
    Both,
}

#[derive(Clone)]
struct Hop {
    follow: Follow,
    types: Vec<&'static str>,
    /// `w` of the relationship must be this.
    w: Option<i64>,
    /// Least and most relationships, where the hop is of variable length.
    range: Option<(usize, usize)>,
}

#[derive(Clone)]
struct Spot {
    variable: usize,
    label: Option<&'static str>,
    /// `x` of the node must be below this.
    x_below: Option<i64>,
}

/// A chain of spots and hops; two spots with the same variable are the same node.
#[derive(Clone)]
struct Query {
    spots: Vec<Spot>,
    hops: Vec<Hop>,
    answer: Answer,
    /// Splits the pattern into two MATCH clauses behind this hop: relationships may repeat across them.
    split: Option<usize>,
}

/// A way to write a query.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// From left to right.
    Forward,
    /// From right to left, every arrow turned.
    Reversed,
    /// With the counting behind a `WITH *`.
    Behind,
}

#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Count,
    CountDistinctLast,
    CountX,
    SumX,
    GroupByFirst,
    GroupByLast,
    GroupByFirstDistinctLast,
    GroupByLabelless,
}

impl Query {
    fn random(random: &mut Random) -> Self {
        let n_hops = 1 + random.below(3) as usize;
        let mut spots: Vec<Spot> = Vec::new();
        for variable in 0..=n_hops {
            if variable > 0 && random.chance(1, 8) {
                let earlier = spots[random.below(variable as u64) as usize].variable;
                spots.push(Spot { variable: earlier, label: None, x_below: None });
                continue;
            }
            spots.push(Spot {
                variable,
                label: random.chance(2, 5).then(|| *random.pick(&LABELS)),
                x_below: random.chance(1, 4).then(|| 1 + random.below(3) as i64),
            });
        }
        let hop = |random: &mut Random| Hop {
            follow: *random.pick(&[Follow::Out, Follow::Out, Follow::In, Follow::Both]),
            types: match random.below(4) {
                0 => vec!["R"],
                1 => vec!["S"],
                2 => vec!["R", "S"],
                _ => vec![],
            },
            w: random.chance(1, 8).then(|| random.below(3) as i64),
            range: None,
        };
        let mut hops: Vec<Hop> = (0..n_hops).map(|_| hop(random)).collect();
        if n_hops < 3 && random.chance(1, 4) {
            let min = random.below(3) as usize;
            let at = random.below(n_hops as u64) as usize;
            hops[at].range = Some((min, (min + random.below(2) as usize).max(1)));
        }
        let answer = *random.pick(&[
            Answer::Count,
            Answer::Count,
            Answer::CountDistinctLast,
            Answer::CountX,
            Answer::SumX,
            Answer::GroupByFirst,
            Answer::GroupByLast,
            Answer::GroupByFirstDistinctLast,
            Answer::GroupByLabelless,
        ]);
        let split = (n_hops > 1 && random.chance(1, 6)).then(|| random.below(n_hops as u64 - 1) as usize);
        Self { spots, hops, answer, split }
    }

    fn text(&self, form: Form) -> String {
        let mut seen = BTreeSet::new();
        let mut filters: Vec<String> = Vec::new();
        let mut spot = |spot: &Spot| {
            // The spot that made the variable says what holds of it.
            let spot = &self.spots[spot.variable];
            let first = seen.insert(spot.variable);
            let label = spot.label.filter(|_| first).map_or(String::new(), |label| format!(":{label}"));
            if let (Some(x), true) = (spot.x_below, first) {
                filters.push(format!("n{}.x < {x}", spot.variable));
            }
            format!("(n{}{label})", spot.variable)
        };
        let reversed = form == Form::Reversed;
        let n_hops = self.hops.len();
        let mut text = format!("MATCH {}", spot(&self.spots[if reversed { n_hops } else { 0 }]));
        for step in 0..n_hops {
            let at = if reversed { n_hops - 1 - step } else { step };
            let hop = &self.hops[at];
            let types = if hop.types.is_empty() { String::new() } else { format!(":{}", hop.types.join("|")) };
            let range = hop.range.map_or(String::new(), |(min, max)| format!("*{min}..{max}"));
            let w = hop.w.map_or(String::new(), |w| format!(" {{w: {w}}}"));
            let inner = if types.is_empty() && range.is_empty() && w.is_empty() {
                String::new()
            } else {
                format!("[{types}{range}{w}]")
            };
            text += &match (hop.follow, reversed) {
                (Follow::Out, false) | (Follow::In, true) => format!("-{inner}->"),
                (Follow::In, false) | (Follow::Out, true) => format!("<-{inner}-"),
                (Follow::Both, _) => format!("-{inner}-"),
            };
            text += &spot(&self.spots[if reversed { at } else { at + 1 }]);
            if self.split == Some(at) {
                text += &format!(" MATCH (n{})", self.spots[at + 1].variable);
            }
        }
        if !filters.is_empty() {
            text += &format!(" WHERE {}", filters.join(" AND "));
        }
        if form == Form::Behind {
            text += " WITH *";
        }
        let first = self.spots[0].variable;
        let last = self.spots[n_hops].variable;
        text + &match self.answer {
            Answer::Count => " RETURN count(*)".to_owned(),
            Answer::CountDistinctLast => format!(" RETURN count(DISTINCT n{last})"),
            Answer::CountX => format!(" RETURN count(n{last}.x)"),
            Answer::SumX => format!(" RETURN sum(n{last}.x)"),
            Answer::GroupByFirst => format!(" RETURN n{first}.id, count(*)"),
            Answer::GroupByLast => format!(" WITH n{last} AS k, count(*) AS c RETURN k.id, c"),
            Answer::GroupByFirstDistinctLast => {
                format!(" WITH n{first} AS k, count(DISTINCT n{last}) AS c RETURN k.id, c")
            }
            Answer::GroupByLabelless => format!(" RETURN n{last}.x, count(*)"),
        }
    }

    /// Returns the ways to write the query that must answer the same.
    fn forms(&self) -> Vec<String> {
        let reversed = self.split.is_none().then(|| self.text(Form::Reversed));
        [self.text(Form::Forward), self.text(Form::Behind)].into_iter().chain(reversed).collect()
    }

    /// Returns the answer by enumeration: group to number.
    fn answer(&self, graph: &Graph) -> BTreeMap<Option<i64>, i64> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        let mut bound = vec![None; self.spots.len()];
        for node in 0..graph.nodes.len() {
            if self.fits(graph, &self.spots[0], node) {
                bound[self.spots[0].variable] = Some(node);
                self.walk(graph, 0, node, &mut bound, &mut Vec::new(), &mut found);
            }
        }
        let x = |node: usize| graph.nodes[node].x;
        let mut out: BTreeMap<Option<i64>, i64> = BTreeMap::new();
        match self.answer {
            Answer::Count => _ = out.insert(None, found.len() as i64),
            Answer::CountDistinctLast => {
                let last: BTreeSet<usize> = found.iter().map(|(_, last)| *last).collect();
                out.insert(None, last.len() as i64);
            }
            Answer::CountX => _ = out.insert(None, found.iter().filter(|(_, last)| x(*last).is_some()).count() as i64),
            Answer::SumX => _ = out.insert(None, found.iter().filter_map(|(_, last)| x(*last)).sum()),
            Answer::GroupByFirst => found.iter().for_each(|(a, _)| *out.entry(Some(*a as i64)).or_default() += 1),
            Answer::GroupByLast => found.iter().for_each(|(_, b)| *out.entry(Some(*b as i64)).or_default() += 1),
            Answer::GroupByFirstDistinctLast => {
                let pairs: BTreeSet<(usize, usize)> = found.into_iter().collect();
                pairs.iter().for_each(|(a, _)| *out.entry(Some(*a as i64)).or_default() += 1);
            }
            Answer::GroupByLabelless => found.iter().for_each(|(_, b)| *out.entry(x(*b)).or_default() += 1),
        }
        out
    }

    fn fits(&self, graph: &Graph, spot: &Spot, node: usize) -> bool {
        let node = &graph.nodes[node];
        spot.label.is_none_or(|label| node.labels.contains(&label))
            && spot.x_below.is_none_or(|x| node.x.is_some_and(|own| own < x))
    }

    /// Follows hop `at` from `node`; `used` holds the relationships of this MATCH.
    fn walk(
        &self,
        graph: &Graph,
        at: usize,
        node: usize,
        bound: &mut Vec<Option<usize>>,
        used: &mut Vec<usize>,
        found: &mut Vec<(usize, usize)>,
    ) {
        let Some(hop) = self.hops.get(at) else {
            let first = bound[self.spots[0].variable].expect("the first is bound");
            found.push((first, node));
            return;
        };
        let (min, max) = hop.range.unwrap_or((1, 1));
        self.extend(graph, at, node, 0, (min, max), bound, used, found);
    }

    #[expect(clippy::too_many_arguments, reason = "the state of a brute-force search, plainly")]
    fn extend(
        &self,
        graph: &Graph,
        at: usize,
        node: usize,
        length: usize,
        range: (usize, usize),
        bound: &mut Vec<Option<usize>>,
        used: &mut Vec<usize>,
        found: &mut Vec<(usize, usize)>,
    ) {
        if length >= range.0 {
            self.arrive(graph, at, node, bound, used, found);
        }
        if length == range.1 {
            return;
        }
        let hop = &self.hops[at];
        for (id, relationship) in graph.relationships.iter().enumerate() {
            let kind = hop.types.is_empty() || hop.types.contains(&relationship.kind);
            if !kind || hop.w.is_some_and(|w| w != relationship.w) || used.contains(&id) {
                continue;
            }
            let mut next = Vec::new();
            if hop.follow != Follow::In && relationship.start == node {
                next.push(relationship.end);
            }
            // A self-loop is one match of an undirected hop, not two.
            if hop.follow != Follow::Out
                && relationship.end == node
                && !(hop.follow == Follow::Both && !next.is_empty())
            {
                next.push(relationship.start);
            }
            for other in next {
                used.push(id);
                self.extend(graph, at, other, length + 1, range, bound, used, found);
                used.pop();
            }
        }
    }

    fn arrive(
        &self,
        graph: &Graph,
        at: usize,
        node: usize,
        bound: &mut Vec<Option<usize>>,
        used: &mut Vec<usize>,
        found: &mut Vec<(usize, usize)>,
    ) {
        let spot = &self.spots[at + 1];
        let before = bound[spot.variable];
        if before.is_some_and(|other| other != node) {
            return;
        }
        if before.is_none() && !self.fits(graph, spot, node) {
            return;
        }
        bound[spot.variable] = Some(node);
        if self.split == Some(at) {
            self.walk(graph, at + 1, node, bound, &mut Vec::new(), found);
        } else {
            self.walk(graph, at + 1, node, bound, used, found);
        }
        bound[spot.variable] = before;
    }
}

fn engine(db: &Database, text: &str) -> BTreeMap<Option<i64>, i64> {
    let mut out = BTreeMap::new();
    for row in must(db, text).rows {
        let (key, value) = match row.as_slice() {
            [value] => (None, value),
            [Value::Null, value] => (None, value),
            [key, value] => (key.as_int(), value),
            _ => panic!("{text}\nunexpected row {row:?}"),
        };
        let value = value.as_int().unwrap_or_else(|| panic!("{text}\nno integer: {value}"));
        assert_eq!(out.insert(key, value), None, "{text}\na group twice: {key:?}");
    }
    out
}

/// Where a graph is when it is asked.
fn with_databases(graph: &Graph, mut check: impl FnMut(&Database, &str)) {
    let db = Database::memory().expect("a database in memory");
    graph.store(&db);
    check(&db, "in memory");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let db = Database::open(&path).expect("a database on disk");
    graph.store(&db);
    check(&db, "on disk, in the journal");
    db.checkpoint().expect("a checkpoint");
    check(&db, "after a checkpoint");
    db.close().expect("a clean close");
    let db = Database::open(&path).expect("the database opens again");
    check(&db, "reopened");
    // Changes above blocks: delete what is added, so that the graph is the same again.
    must(
        &db,
        "MATCH (a {id: 0}), (b {id: 1}) CREATE (a)-[:R {w: 0, extra: true}]->(b), (a)-[:S {w: 1, extra: true}]->(a)",
    );
    must(&db, "MATCH ()-[r]->() WHERE r.extra DELETE r");
    must(&db, "MATCH (a {id: 2}) SET a:Extra REMOVE a:Extra");
    check(&db, "with changes above blocks");
    let report = db.check(true).expect("the check runs");
    assert!(report.is_sound(), "{report:?}");
}

#[test]
fn counts_agree_with_enumeration() {
    for seed in 1..=GRAPHS {
        let mut random = Random::new(seed);
        let graph = Graph::random(&mut random);
        let queries: Vec<Query> = (0..QUERIES_PER_GRAPH).map(|_| Query::random(&mut random)).collect();
        let answers: Vec<_> = queries.iter().map(|query| query.answer(&graph)).collect();
        let mut failures = Vec::new();
        with_databases(&graph, |db, place| {
            for (query, answer) in queries.iter().zip(&answers) {
                for text in query.forms() {
                    let got = engine(db, &text);
                    if got != *answer {
                        failures.push(format!("{text}\n  {place}: got {got:?}\n  enumerated {answer:?}"));
                    }
                }
            }
        });
        assert!(failures.is_empty(), "seed {seed}: {} wrong\n{}", failures.len(), failures.join("\n"));
    }
}

/// The oracle must know the rules itself: a triangle with a self-loop and a parallel pair, counted by hand.
#[test]
fn the_oracle_counts_as_by_hand() {
    let relationship = |start, end| Relationship { start, end, kind: "R", w: 0 };
    let node = || Node { labels: vec!["A"], x: Some(1) };
    let graph = Graph {
        nodes: vec![node(), node(), node()],
        relationships: vec![relationship(0, 1), relationship(0, 1), relationship(1, 2), relationship(2, 2)],
    };
    let spot = |variable| Spot { variable, label: None, x_below: None };
    let hop = |follow| Hop { follow, types: vec![], w: None, range: None };
    let count = |hops: Vec<Hop>| {
        let spots = (0..=hops.len()).map(spot).collect();
        Query { spots, hops, answer: Answer::Count, split: None }.answer(&graph)[&None]
    };
    assert_eq!(count(vec![hop(Follow::Out)]), 4);
    assert_eq!(count(vec![hop(Follow::Both)]), 7);
    // 0-1-2 twice, 1-2-2 once; the loop is not followed twice.
    assert_eq!(count(vec![hop(Follow::Out), hop(Follow::Out)]), 3);
    // There and back over the parallel pair: 0=1=0 and 1=0=1, two orders each; 0-1-2 and back, four; 1-2-2 and back, two.
    assert_eq!(count(vec![hop(Follow::Both), hop(Follow::Both)]), 10);
    let loops =
        Query { spots: vec![spot(0), spot(0)], hops: vec![hop(Follow::Out)], answer: Answer::Count, split: None };
    assert_eq!(loops.answer(&graph)[&None], 1);
}

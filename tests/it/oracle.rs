//! Aggregations over random multigraphs, compared with brute force.
//!
//! The engine answers counts over patterns by degrees, weights and exact statistics where it can. Here every trail is
//! enumerated by a few nested loops over a list of relationships: slow, and simple enough to believe. Graphs hold
//! self-loops, parallel relationships, unlabelled nodes and missing properties, or lack just these (plans may rely on
//! that); queries cover chains and trees of 1 to 3 hops in all directions, types, labels, filters, repeated variables,
//! variable lengths, and grouped, distinct, summed and cut-off answers.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    env,
};

use attendb::{Database, Params, Value, WriteTransaction};

use super::support::{must, random::Random};

const NODES: u64 = 12;
const RELATIONSHIPS: u64 = 32;
const QUERIES_PER_GRAPH: u64 = 120;
const LABELS: [&str; 2] = ["A", "B"];
const TYPES: [&str; 2] = ["R", "S"];

/// Seeds of an ordinary run; `ORACLE_SEEDS=100..200` looks further.
const SEEDS: std::ops::Range<u64> = 1..7;

#[derive(Clone)]
struct Node {
    labels: Vec<&'static str>,
    x: Option<i64>,
}

#[derive(Clone)]
struct Relationship {
    start: usize,
    end: usize,
    kind: &'static str,
    w: i64,
}

#[derive(Clone)]
struct Graph {
    nodes: Vec<Node>,
    relationships: Vec<Relationship>,
}

impl Graph {
    /// Returns a graph of one of three kinds: anything; without self-loops; and with `R` leading only from `A` to `B`.
    fn random(random: &mut Random, kind: u64) -> Self {
        let node = |random: &mut Random| Node {
            labels: LABELS.into_iter().filter(|_| random.chance(3, 5)).collect(),
            x: random.chance(4, 5).then(|| random.below(4) as i64),
        };
        let nodes: Vec<Node> = (0..NODES).map(|_| node(random)).collect();
        let mut relationships = Vec::new();
        while relationships.len() < RELATIONSHIPS as usize {
            let start = random.below(NODES) as usize;
            // Hubs, so that parallel relationships are common, and one in eight a self-loop.
            let end = if random.chance(1, 8) { start } else { (random.below(NODES) * random.below(2)) as usize };
            let rel_type = TYPES[random.below(2) as usize];
            let strict = kind == 2 && rel_type == "R";
            let has = |node: usize, label: &'static str| nodes[node].labels.contains(&label);
            if (kind == 1 && start == end) || (strict && !(has(start, "A") && has(end, "B"))) {
                continue;
            }
            relationships.push(Relationship { start, end, kind: rel_type, w: random.below(3) as i64 });
        }
        Self { nodes, relationships }
    }

    /// Writes the graph into a database, the relationships in pieces so that some share a statement and some do not.
    fn store(&self, db: &Database) {
        for (id, node) in self.nodes.iter().enumerate() {
            let labels: String = node.labels.iter().map(|label| format!(":{label}")).collect();
            let x = node.x.map_or(String::new(), |x| format!(", x: {x}"));
            must(db, &format!("CREATE ({labels} {{id: {id}{x}}})"));
        }
        for piece in self.relationships.chunks(7) {
            for kind in TYPES {
                let rows = piece.iter().filter(|r| r.kind == kind);
                let rows: Vec<String> = rows.map(|r| format!("{{a: {}, b: {}, w: {}}}", r.start, r.end, r.w)).collect();
                let text = format!(
                    "UNWIND [{}] AS r MATCH (a {{id: r.a}}), (b {{id: r.b}}) CREATE (a)-[:{kind} {{w: r.w}}]->(b)",
                    rows.join(", ")
                );
                must(db, &text);
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
    /// The variables at its ends; `from` was bound before.
    from: usize,
    to: usize,
    follow: Follow,
    types: Vec<&'static str>,
    /// `w` of the relationship must be this.
    w: Option<i64>,
    /// Least and most relationships, where the hop is of variable length.
    range: Option<(usize, usize)>,
    /// A new MATCH begins here: relationships may repeat across it.
    new_match: bool,
}

/// What holds of a variable.
#[derive(Clone, Default)]
struct Spot {
    label: Option<&'static str>,
    /// `x` of the node must be below this.
    x_below: Option<i64>,
}

#[derive(Clone, Copy)]
enum Key {
    Node(usize),
    Id(usize),
    X(usize),
}

#[derive(Clone, Copy)]
enum Aggregate {
    Count,
    CountDistinct(usize),
    CountX(usize),
    CountDistinctX(usize),
    SumX(usize),
    MinX(usize),
    MaxX(usize),
}

/// A pattern of hops over the variables `n0`, `n1`, ..., and what is asked of its matches.
#[derive(Clone)]
struct Query {
    spots: Vec<Spot>,
    hops: Vec<Hop>,
    keys: Vec<Key>,
    aggregate: Aggregate,
    /// Only so many groups, the greatest first.
    top: Option<usize>,
}

/// A way to write a query.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Left to right.
    Forward,
    /// Every arrow turned, the hops as separate parts in the other order.
    Turned,
    /// With the aggregation behind a `WITH *`.
    Behind,
}

/// Groups with their values, in order.
type Answer = Vec<(Vec<Option<i64>>, Option<i64>)>;

impl Query {
    fn random(random: &mut Random) -> Self {
        let n_hops = 1 + random.below(3) as usize;
        let is_tree = random.chance(1, 3);
        let spot = |random: &mut Random| Spot {
            label: random.chance(2, 5).then(|| *random.pick(&LABELS)),
            x_below: random.chance(1, 4).then(|| 1 + random.below(3) as i64),
        };
        let mut spots = vec![spot(random)];
        let mut hops: Vec<Hop> = Vec::new();
        for at in 0..n_hops {
            let last = hops.last().map_or(0, |hop| hop.to);
            let from = if is_tree { random.below(spots.len() as u64) as usize } else { last };
            let to = if random.chance(1, 8) { random.below(spots.len() as u64) as usize } else { spots.len() };
            if to == spots.len() {
                spots.push(spot(random));
            }
            hops.push(Hop {
                from,
                to,
                follow: *random.pick(&[Follow::Out, Follow::Out, Follow::In, Follow::Both]),
                types: match random.below(4) {
                    0 => vec!["R"],
                    1 => vec!["S"],
                    2 => vec!["R", "S"],
                    _ => vec![],
                },
                w: random.chance(1, 8).then(|| random.below(3) as i64),
                range: None,
                new_match: at > 0 && random.chance(1, 8),
            });
        }
        if n_hops < 3 && random.chance(1, 4) {
            let min = random.below(3) as usize;
            let at = random.below(n_hops as u64) as usize;
            hops[at].range = Some((min, (min + random.below(2) as usize).max(1)));
        }
        let variable = |random: &mut Random| random.below(spots.len() as u64) as usize;
        let key = |random: &mut Random| match random.below(3) {
            0 => Key::Node(variable(random)),
            1 => Key::Id(variable(random)),
            _ => Key::X(variable(random)),
        };
        let keys: Vec<Key> = (0..*random.pick(&[0, 0, 1, 1, 1, 2])).map(|_| key(random)).collect();
        let aggregate = match random.below(10) {
            0..=3 => Aggregate::Count,
            4 | 5 => Aggregate::CountDistinct(variable(random)),
            6 => Aggregate::CountX(variable(random)),
            7 => Aggregate::SumX(variable(random)),
            8 => Aggregate::CountDistinctX(variable(random)),
            _ => *random.pick(&[Aggregate::MinX(0), Aggregate::MaxX(spots.len() - 1)]),
        };
        let top = (!keys.is_empty() && random.chance(1, 4)).then(|| 1 + random.below(4) as usize);
        Self { spots, hops, keys, aggregate, top }
    }

    fn text(&self, form: Form) -> String {
        let mut seen = BTreeSet::new();
        let mut filters = Vec::new();
        let mut spot = |variable: usize| {
            let Spot { label, x_below } = &self.spots[variable];
            if !seen.insert(variable) {
                return format!("(n{variable})");
            }
            filters.extend(x_below.map(|x| format!("n{variable}.x < {x}")));
            format!("(n{variable}{})", label.map_or(String::new(), |label| format!(":{label}")))
        };
        let mut text = String::from("MATCH ");
        if form == Form::Turned {
            let parts: Vec<String> = self.hops.iter().rev().map(|hop| hop.text(true, &mut spot)).collect();
            text += &parts.join(", ");
        } else {
            for (at, hop) in self.hops.iter().enumerate() {
                let follows_on = at > 0 && !hop.new_match && self.hops[at - 1].to == hop.from;
                let part = hop.text(false, &mut spot);
                if follows_on {
                    // Written on from the node before, whose text is the part's beginning.
                    text += part.split_once(')').map_or("", |(_, rest)| rest);
                } else {
                    text += if at == 0 {
                        ""
                    } else if hop.new_match {
                        " MATCH "
                    } else {
                        ", "
                    };
                    text += &part;
                }
            }
        }
        if !filters.is_empty() {
            text += &format!(" WHERE {}", filters.join(" AND "));
        }
        if form == Form::Behind {
            text += " WITH *";
        }
        let aggregate = match self.aggregate {
            Aggregate::Count => "count(*)".to_owned(),
            Aggregate::CountDistinct(v) => format!("count(DISTINCT n{v})"),
            Aggregate::CountX(v) => format!("count(n{v}.x)"),
            Aggregate::CountDistinctX(v) => format!("count(DISTINCT n{v}.x)"),
            Aggregate::SumX(v) => format!("sum(n{v}.x)"),
            Aggregate::MinX(v) => format!("min(n{v}.x)"),
            Aggregate::MaxX(v) => format!("max(n{v}.x)"),
        };
        let name = |(at, key): (usize, &Key)| match key {
            Key::Node(v) => format!("n{v} AS k{at}"),
            Key::Id(v) => format!("n{v}.id AS k{at}"),
            Key::X(v) => format!("n{v}.x AS k{at}"),
        };
        let items: Vec<String> = self.keys.iter().enumerate().map(name).chain([format!("{aggregate} AS c")]).collect();
        let has_node = self.keys.iter().any(|key| matches!(key, Key::Node(_)));
        if has_node {
            let columns = self.keys.iter().enumerate().map(|(at, key)| match key {
                Key::Node(_) => format!("k{at}.id AS k{at}"),
                _ => format!("k{at}"),
            });
            let columns: Vec<String> = columns.chain(["c".to_owned()]).collect();
            text += &format!(" WITH {} RETURN {}", items.join(", "), columns.join(", "));
        } else {
            text += &format!(" RETURN {}", items.join(", "));
        }
        if let Some(top) = self.top {
            let keys: String = (0..self.keys.len()).map(|at| format!(", k{at}")).collect();
            text += &format!(" ORDER BY c DESC{keys} LIMIT {top}");
        }
        text
    }

    /// Returns the ways to write the query that must answer the same.
    fn forms(&self) -> Vec<String> {
        let one_match = self.hops.iter().all(|hop| !hop.new_match);
        let turned = one_match.then(|| self.text(Form::Turned));
        [self.text(Form::Forward), self.text(Form::Behind)].into_iter().chain(turned).collect()
    }

    /// Returns the answer by enumeration.
    fn answer(&self, graph: &Graph) -> Answer {
        let mut search =
            Search { query: self, graph, bound: vec![None; self.spots.len()], used: vec![], found: vec![] };
        for node in 0..graph.nodes.len() {
            if search.fits(self.hops[0].from, node) {
                search.bound[self.hops[0].from] = Some(node);
                search.walk(0);
                search.bound[self.hops[0].from] = None;
            }
        }
        let mut groups: BTreeMap<Vec<Option<i64>>, Vec<Vec<usize>>> = BTreeMap::new();
        if self.keys.is_empty() {
            groups.insert(Vec::new(), Vec::new());
        }
        for row in search.found {
            let key = self.keys.iter().map(|key| match *key {
                Key::Node(v) | Key::Id(v) => Some(row[v] as i64),
                Key::X(v) => graph.nodes[row[v]].x,
            });
            groups.entry(key.collect()).or_default().push(row);
        }
        let x = |row: &Vec<usize>, v: usize| graph.nodes[row[v]].x;
        let value = |rows: &Vec<Vec<usize>>| match self.aggregate {
            Aggregate::Count => Some(rows.len() as i64),
            Aggregate::CountDistinct(v) => Some(rows.iter().map(|row| row[v]).collect::<BTreeSet<_>>().len() as i64),
            Aggregate::CountX(v) => Some(rows.iter().filter(|row| x(row, v).is_some()).count() as i64),
            Aggregate::CountDistinctX(v) => {
                Some(rows.iter().filter_map(|row| x(row, v)).collect::<BTreeSet<_>>().len() as i64)
            }
            Aggregate::SumX(v) => Some(rows.iter().filter_map(|row| x(row, v)).sum()),
            Aggregate::MinX(v) => rows.iter().filter_map(|row| x(row, v)).min(),
            Aggregate::MaxX(v) => rows.iter().filter_map(|row| x(row, v)).max(),
        };
        let mut answer: Answer = groups.iter().map(|(key, rows)| (key.clone(), value(rows))).collect();
        match self.top {
            // Null is the greatest value, in keys as in counts.
            Some(top) => {
                let place = |v: &Option<i64>| (v.is_none(), v.unwrap_or(0));
                answer.sort_by_key(|(key, value)| (Reverse(place(value)), key.iter().map(place).collect::<Vec<_>>()));
                answer.truncate(top);
            }
            None => answer.sort(),
        }
        answer
    }
}

impl Hop {
    fn text(&self, turned: bool, spot: &mut impl FnMut(usize) -> String) -> String {
        let types = if self.types.is_empty() { String::new() } else { format!(":{}", self.types.join("|")) };
        let range = self.range.map_or(String::new(), |(min, max)| format!("*{min}..{max}"));
        let w = self.w.map_or(String::new(), |w| format!(" {{w: {w}}}"));
        let inner = if types.is_empty() && range.is_empty() && w.is_empty() {
            String::new()
        } else {
            format!("[{types}{range}{w}]")
        };
        let (left, right) = if turned { (self.to, self.from) } else { (self.from, self.to) };
        let left = spot(left);
        let arrow = match (self.follow, turned) {
            (Follow::Out, false) | (Follow::In, true) => format!("-{inner}->"),
            (Follow::In, false) | (Follow::Out, true) => format!("<-{inner}-"),
            (Follow::Both, _) => format!("-{inner}-"),
        };
        left + &arrow + &spot(right)
    }
}

struct Search<'a> {
    query: &'a Query,
    graph: &'a Graph,
    /// The node of each variable.
    bound: Vec<Option<usize>>,
    /// The relationships of this MATCH so far.
    used: Vec<usize>,
    /// The nodes of all variables, for each match.
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn fits(&self, variable: usize, node: usize) -> bool {
        let (spot, node) = (&self.query.spots[variable], &self.graph.nodes[node]);
        spot.label.is_none_or(|label| node.labels.contains(&label))
            && spot.x_below.is_none_or(|x| node.x.is_some_and(|own| own < x))
    }

    fn walk(&mut self, at: usize) {
        let Some(hop) = self.query.hops.get(at) else {
            self.found.push(self.bound.iter().map(|node| node.expect("every variable is bound")).collect());
            return;
        };
        let before = if hop.new_match { std::mem::take(&mut self.used) } else { Vec::new() };
        self.extend(at, self.bound[hop.from].expect("a hop starts at a bound node"), 0);
        if hop.new_match {
            self.used = before;
        }
    }

    fn extend(&mut self, at: usize, node: usize, length: usize) {
        let hop = &self.query.hops[at];
        let (min, max) = hop.range.unwrap_or((1, 1));
        if length >= min {
            self.arrive(at, node);
        }
        if length == max {
            return;
        }
        for (id, relationship) in self.graph.relationships.iter().enumerate() {
            let kind = hop.types.is_empty() || hop.types.contains(&relationship.kind);
            if !kind || hop.w.is_some_and(|w| w != relationship.w) || self.used.contains(&id) {
                continue;
            }
            // A self-loop is one match of an undirected hop, not two.
            let out = hop.follow != Follow::In && relationship.start == node;
            let into = hop.follow != Follow::Out && relationship.end == node && !(out && hop.follow == Follow::Both);
            for next in [out.then_some(relationship.end), into.then_some(relationship.start)].into_iter().flatten() {
                self.used.push(id);
                self.extend(at, next, length + 1);
                self.used.pop();
            }
        }
    }

    fn arrive(&mut self, at: usize, node: usize) {
        let to = self.query.hops[at].to;
        let before = self.bound[to];
        if before.map_or(self.fits(to, node), |other| other == node) {
            self.bound[to] = Some(node);
            self.walk(at + 1);
            self.bound[to] = before;
        }
    }
}

fn answer_of(rows: impl Iterator<Item = Vec<Value>>, query: &Query, text: &str) -> Answer {
    let int = |value: &Value| match value {
        Value::Null => None,
        value => Some(value.as_int().unwrap_or_else(|| panic!("{text}\nno integer: {value}"))),
    };
    let row = |row: Vec<Value>| {
        let (value, keys) = row.split_last().expect("a row has columns");
        (keys.iter().map(int).collect(), int(value))
    };
    let mut answer: Answer = rows.map(row).collect();
    if query.top.is_none() {
        answer.sort();
    }
    answer
}

/// Queries with their answers, and how they are asked.
struct Questions {
    asked: Vec<(Query, Answer)>,
    failures: Vec<String>,
}

impl Questions {
    fn new(queries: &[Query], graph: &Graph) -> Self {
        Self { asked: queries.iter().map(|q| (q.clone(), q.answer(graph))).collect(), failures: Vec::new() }
    }

    fn ask(&mut self, place: &str, mut rows: impl FnMut(&str) -> Vec<Vec<Value>>) {
        for (query, expected) in &self.asked {
            for text in query.forms() {
                let got = answer_of(rows(&text).into_iter(), query, &text);
                if got != *expected {
                    self.failures.push(format!("{text}\n  {place}: got {got:?}\n  enumerated {expected:?}"));
                }
            }
        }
    }

    fn settle(self, seed: u64) {
        let n = self.failures.len();
        assert!(n == 0, "seed {seed}: {n} wrong\n{}", self.failures[..n.min(20)].join("\n"));
    }
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = env::var("ORACLE_SEEDS") else { return SEEDS };
    let (from, to) = text.split_once("..").expect("ORACLE_SEEDS is a range, like 100..200");
    from.parse().expect("a number")..to.parse().expect("a number")
}

#[test]
fn aggregations_agree_with_enumeration() {
    for seed in seeds() {
        let mut random = Random::new(seed);
        let graph = Graph::random(&mut random, seed % 3);
        let queries: Vec<Query> = (0..QUERIES_PER_GRAPH).map(|_| Query::random(&mut random)).collect();
        let mut questions = Questions::new(&queries, &graph);
        let db = Database::memory().expect("a database in memory");
        graph.store(&db);
        questions.ask("in memory", |text| must(&db, text).rows);

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("db");
        let db = Database::open(&path).expect("a database on disk");
        graph.store(&db);
        db.checkpoint().expect("a checkpoint");
        questions.ask("after a checkpoint", |text| must(&db, text).rows);
        db.close().expect("a clean close");
        let db = Database::open(&path).expect("the database opens again");
        // Changes above blocks: what is added is taken away again, so that the graph is the same.
        must(&db, "MATCH (a {id: 0}), (b {id: 1}) CREATE (a)-[:R {extra: true}]->(b), (a)-[:S {extra: true}]->(a)");
        must(&db, "MATCH ()-[r]->() WHERE r.extra DELETE r");
        must(&db, "MATCH (a {id: 2}) SET a:Extra REMOVE a:Extra");
        questions.ask("reopened, with changes above blocks", |text| must(&db, text).rows);
        let report = db.check(true).expect("the check runs");
        assert!(report.is_sound(), "{report:?}");
        questions.settle(seed);
    }
}

/// Plans may rely on what the graph lacks (self-loops, other labels at the ends of a type): when it gains that, the same
/// statements must answer by the new graph, prepared or not, in other transactions and in the one that made it.
#[test]
fn plans_follow_the_graph() {
    for seed in seeds() {
        let mut random = Random::new(seed + 1000);
        let graph = Graph::random(&mut random, 1 + seed % 2);
        let queries: Vec<Query> = (0..QUERIES_PER_GRAPH / 2).map(|_| Query::random(&mut random)).collect();
        let db = Database::memory().expect("a database in memory");
        graph.store(&db);
        let mut before = Questions::new(&queries, &graph);
        before.ask("before", |text| must(&db, text).rows);
        before.settle(seed);

        let mut grown = graph.clone();
        let node = random.below(NODES) as usize;
        for kind in TYPES {
            grown.relationships.push(Relationship { start: node, end: node, kind, w: 1 });
        }
        let mut after = Questions::new(&queries, &grown);
        let mut transaction: WriteTransaction = db.write().expect("a transaction");
        let text = format!("MATCH (a {{id: {node}}}) CREATE (a)-[:R {{w: 1}}]->(a), (a)-[:S {{w: 1}}]->(a)");
        transaction.execute(&text, ()).expect("it runs");
        after.ask("in the transaction that added a self-loop", |text| {
            let rows = transaction.query(text, Params::new()).unwrap_or_else(|error| panic!("{text}\n{error}"));
            rows.map(|row| row.expect("a row").values().to_vec()).collect()
        });
        let mut outside = Questions::new(&queries, &graph);
        outside.ask("outside of it", |text| must(&db, text).rows);
        outside.settle(seed);
        transaction.commit().expect("it commits");
        after.ask("after it", |text| must(&db, text).rows);
        after.settle(seed);
    }
}

/// The oracle must know the rules itself: a chain with a self-loop and a parallel pair, counted by hand.
#[test]
fn the_oracle_counts_as_by_hand() {
    let relationship = |start, end| Relationship { start, end, kind: "R", w: 0 };
    let node = || Node { labels: vec!["A"], x: Some(1) };
    let graph = Graph {
        nodes: vec![node(), node(), node()],
        relationships: vec![relationship(0, 1), relationship(0, 1), relationship(1, 2), relationship(2, 2)],
    };
    let hop = |(from, to), follow| Hop { from, to, follow, types: vec![], w: None, range: None, new_match: false };
    let count = |hops: Vec<Hop>| {
        let spots = vec![Spot::default(); 1 + hops.iter().map(|hop| hop.to).max().unwrap_or(0)];
        let query = Query { spots, hops, keys: vec![], aggregate: Aggregate::Count, top: None };
        query.answer(&graph)[0].1
    };
    assert_eq!(count(vec![hop((0, 1), Follow::Out)]), Some(4));
    assert_eq!(count(vec![hop((0, 1), Follow::Both)]), Some(7));
    // 0-1-2 twice, 1-2-2 once; the loop is not followed twice.
    assert_eq!(count(vec![hop((0, 1), Follow::Out), hop((1, 2), Follow::Out)]), Some(3));
    // There and back over the parallel pair: 0=1=0 and 1=0=1, two orders each; 0-1-2 and back, four; 1-2-2 and back, two.
    assert_eq!(count(vec![hop((0, 1), Follow::Both), hop((1, 2), Follow::Both)]), Some(10));
    assert_eq!(count(vec![hop((0, 0), Follow::Out)]), Some(1));
    // Two out of one node, in both orders: from 0 the pair.
    assert_eq!(count(vec![hop((0, 1), Follow::Out), hop((0, 2), Follow::Out)]), Some(2));
}

//! Random patterns over random graphs, against an enumeration of all matches that knows no plans.

use std::fmt::Write;

use super::*;

/// Graphs, and queries on each. More of both by `ATTENDB_RANDOM_GRAPHS`.
const N_GRAPHS: u64 = 40;
const N_QUERIES: u64 = 40;
/// Rows beyond which a query is not compared: it would take long and show nothing new.
const ROWS_MAX: usize = 20_000;

/// A xorshift generator.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

#[derive(Debug)]
pub(super) struct Graph {
    /// Labels A and B, and x.
    pub(super) nodes: Vec<(bool, bool, Option<i64>)>,
    /// Start, end, type, y.
    pub(super) rels: Vec<(usize, usize, &'static str, i64)>,
}

impl Graph {
    pub(super) fn new(random: &mut Random) -> Self {
        let n = 3 + random.below(4);
        let nodes = (0..n)
            .map(|_| (random.one_in(2), random.one_in(3), (!random.one_in(4)).then(|| random.below(2) as i64)))
            .collect();
        let n_rels = random.below(9);
        let loops = random.one_in(2);
        let mut rels = Vec::new();
        for _ in 0..n_rels {
            let (start, end) = (random.below(n), random.below(n));
            if start != end || loops {
                rels.push((start, end, random.pick(&["R", "S"]), random.below(2) as i64));
            }
        }
        Self { nodes, rels }
    }

    pub(super) fn create(&self) -> String {
        let mut parts = Vec::new();
        for (i, (a, b, x)) in self.nodes.iter().enumerate() {
            let labels = format!("{}{}", if *a { ":A" } else { "" }, if *b { ":B" } else { "" });
            let x = x.map_or("null".to_owned(), |x| x.to_string());
            parts.push(format!("(n{i}{labels} {{n: {i}, x: {x}}})"));
        }
        for (i, (start, end, rel_type, y)) in self.rels.iter().enumerate() {
            parts.push(format!("(n{start})-[:{rel_type} {{n: {i}, y: {y}}}]->(n{end})"));
        }
        format!("CREATE {}", parts.join(", "))
    }
}

#[derive(Debug, Clone, Default)]
struct NodeSpec {
    variable: Option<usize>,
    labels: &'static str,
    x: Option<i64>,
}

#[derive(Debug, Clone)]
struct RelSpec {
    variable: Option<usize>,
    types: &'static str,
    /// 0 right, 1 left, 2 either.
    direction: usize,
    length: Option<(usize, usize)>,
    y: Option<i64>,
}

#[derive(Debug, Clone)]
struct PathSpec {
    start: NodeSpec,
    hops: Vec<(RelSpec, NodeSpec)>,
}

#[derive(Debug, Clone)]
enum Test {
    SameX(usize, usize),
    XAbove(usize),
    SameNode(usize, usize, bool),
    XIsNull(usize),
    XIn(usize),
    IsA(usize),
    Linked(usize, usize, bool),
    LinkedOut(usize, bool),
}

#[derive(Debug, Clone)]
struct Clause {
    optional: bool,
    paths: Vec<PathSpec>,
    tests: Vec<Test>,
}

const LABELS: &[&str] = &["", "", "", ":A", ":B", ":A:B", ":!A", ":A|B"];
const TYPES: &[&str] = &["", ":R", ":R", ":S", ":R|S"];

fn clauses(random: &mut Random) -> Vec<Clause> {
    let mut n_rels = 0;
    let mut known: Vec<usize> = Vec::new();
    let n_clauses = 1 + random.below(3);
    (0..n_clauses)
        .map(|at| {
            let n_paths = 1 + usize::from(random.one_in(3));
            let paths: Vec<PathSpec> = (0..n_paths).map(|_| path(random, &mut n_rels, &mut known)).collect();
            let n_tests = if known.is_empty() { 0 } else { random.below(3) };
            let tests = (0..n_tests).map(|_| test(random, &known)).collect();
            Clause { optional: at > 0 && random.one_in(2), paths, tests }
        })
        .collect()
}

fn path(random: &mut Random, n_rels: &mut usize, known: &mut Vec<usize>) -> PathSpec {
    let mut node = |random: &mut Random| {
        let variable = (!random.one_in(4)).then(|| random.below(4));
        known.extend(variable.filter(|variable| !known.contains(variable)));
        NodeSpec { variable, labels: random.pick(LABELS), x: random.one_in(5).then(|| random.below(2) as i64) }
    };
    let start = node(random);
    let n_hops = random.below(3);
    let hops = (0..n_hops)
        .map(|_| {
            let length = random.one_in(4).then(|| {
                let min = random.below(3);
                (min, min + random.below(2))
            });
            *n_rels += 1;
            let rel = RelSpec {
                variable: random.one_in(2).then_some(*n_rels),
                types: random.pick(TYPES),
                direction: random.below(3),
                length,
                y: random.one_in(6).then(|| random.below(2) as i64),
            };
            (rel, node(random))
        })
        .collect();
    PathSpec { start, hops }
}

fn test(random: &mut Random, known: &[usize]) -> Test {
    let (v, w) = (random.pick(known), random.pick(known));
    match random.below(8) {
        0 => Test::SameX(v, w),
        1 => Test::XAbove(v),
        2 => Test::SameNode(v, w, random.one_in(2)),
        3 => Test::XIsNull(v),
        4 => Test::XIn(v),
        5 => Test::IsA(v),
        6 => Test::Linked(v, w, random.one_in(2)),
        _ => Test::LinkedOut(v, random.one_in(2)),
    }
}

fn text(clauses: &[Clause]) -> String {
    let mut out = String::new();
    for clause in clauses {
        let paths: Vec<String> = clause.paths.iter().map(path_text).collect();
        write!(out, "{}MATCH {} ", if clause.optional { "OPTIONAL " } else { "" }, paths.join(", ")).unwrap();
        if !clause.tests.is_empty() {
            let tests: Vec<String> = clause.tests.iter().map(test_text).collect();
            write!(out, "WHERE {} ", tests.join(" AND ")).unwrap();
        }
    }
    out
}

fn node_text(node: &NodeSpec) -> String {
    let variable = node.variable.map_or(String::new(), |v| format!("v{v}"));
    let x = node.x.map_or(String::new(), |x| format!(" {{x: {x}}}"));
    format!("({variable}{}{x})", node.labels)
}

fn path_text(path: &PathSpec) -> String {
    let mut out = node_text(&path.start);
    for (rel, node) in &path.hops {
        let (left, right) = [("-", "->"), ("<-", "-"), ("-", "-")][rel.direction];
        let variable = rel.variable.map_or(String::new(), |v| format!("r{v}"));
        let length = rel.length.map_or(String::new(), |(min, max)| format!("*{min}..{max}"));
        let y = rel.y.map_or(String::new(), |y| format!(" {{y: {y}}}"));
        write!(out, "{left}[{variable}{}{length}{y}]{right}{}", rel.types, node_text(node)).unwrap();
    }
    out
}

fn test_text(test: &Test) -> String {
    match test {
        Test::SameX(v, w) => format!("v{v}.x = v{w}.x"),
        Test::XAbove(v) => format!("v{v}.x > 0"),
        Test::SameNode(v, w, true) => format!("v{v} = v{w}"),
        Test::SameNode(v, w, false) => format!("v{v} <> v{w}"),
        Test::XIsNull(v) => format!("v{v}.x IS NULL"),
        Test::XIn(v) => format!("v{v}.x IN [1, 1, 2]"),
        Test::IsA(v) => format!("v{v}:A"),
        Test::Linked(v, w, true) => format!("(v{v})-[:R]->(v{w})"),
        Test::Linked(v, w, false) => format!("NOT (v{v})-[:R]->(v{w})"),
        Test::LinkedOut(v, true) => format!("(v{v})-[:S]->({{x: 1}})"),
        Test::LinkedOut(v, false) => format!("(NOT (v{v})-[:S]->() OR v{v}.x = 0)"),
    }
}

/// What variables are bound to: outer `None` is unbound, inner `None` is null.
#[derive(Debug, Clone, PartialEq, Default)]
struct Row {
    nodes: [Option<Option<usize>>; 4],
    rels: Vec<(usize, Option<Vec<usize>>)>,
}

struct Enumeration<'g> {
    graph: &'g Graph,
    out: Vec<Row>,
}

impl Enumeration<'_> {
    fn label_fits(&self, node: usize, labels: &str) -> bool {
        let (a, b, _) = self.graph.nodes[node];
        match labels {
            "" => true,
            ":A" => a,
            ":B" => b,
            ":A:B" => a && b,
            ":!A" => !a,
            _ => a || b,
        }
    }

    /// Binds a node; the rest follows for each node it can be.
    fn node(&mut self, spec: &NodeSpec, row: &Row, only: Option<usize>, then: &mut dyn FnMut(&mut Self, usize, Row)) {
        let bound = spec.variable.and_then(|v| row.nodes[v]);
        for node in 0..self.graph.nodes.len() {
            let fits = only.is_none_or(|only| only == node)
                && bound.is_none_or(|bound| bound == Some(node))
                && self.label_fits(node, spec.labels)
                && spec.x.is_none_or(|x| self.graph.nodes[node].2 == Some(x));
            if fits {
                let mut row = row.clone();
                if let Some(v) = spec.variable {
                    row.nodes[v] = Some(Some(node));
                }
                then(self, node, row);
            }
        }
    }

    fn paths(&mut self, paths: &[PathSpec], row: Row, used: &[usize]) {
        let Some((path, rest)) = paths.split_first() else {
            self.out.push(row);
            return;
        };
        self.node(&path.start, &row, None, &mut |this, at, row| this.hops(&path.hops, rest, at, row, used));
    }

    fn hops(&mut self, hops: &[(RelSpec, NodeSpec)], paths: &[PathSpec], at: usize, row: Row, used: &[usize]) {
        let Some(((rel, node), rest)) = hops.split_first() else {
            return self.paths(paths, row, used);
        };
        let (min, max) = rel.length.unwrap_or((1, 1));
        self.trail(rel, (min, max), at, &mut Vec::new(), used, &mut |this, end, trail| {
            let mut row = row.clone();
            if let Some(v) = rel.variable {
                row.rels.push((v, Some(trail.to_vec())));
            }
            let used: Vec<usize> = used.iter().chain(trail).copied().collect();
            this.node(node, &row, Some(end), &mut |this, at, row| this.hops(rest, paths, at, row, &used));
        });
    }

    fn trail(
        &mut self,
        spec: &RelSpec,
        (min, max): (usize, usize),
        at: usize,
        trail: &mut Vec<usize>,
        used: &[usize],
        then: &mut dyn FnMut(&mut Self, usize, &[usize]),
    ) {
        if trail.len() >= min {
            then(self, at, trail);
        }
        if trail.len() == max {
            return;
        }
        for rel in 0..self.graph.rels.len() {
            let (start, end, rel_type, y) = self.graph.rels[rel];
            let fits = (spec.types.is_empty() || spec.types.contains(rel_type))
                && spec.y.is_none_or(|wanted| wanted == y)
                && !trail.contains(&rel)
                && !used.contains(&rel);
            if !fits {
                continue;
            }
            let mut ends = Vec::new();
            if spec.direction != 1 && start == at {
                ends.push(end);
            }
            if spec.direction != 0 && end == at && !(spec.direction == 2 && start == end) {
                ends.push(start);
            }
            for to in ends {
                trail.push(rel);
                self.trail(spec, (min, max), to, trail, used, then);
                trail.pop();
            }
        }
    }

    fn holds(&self, test: &Test, row: &Row) -> bool {
        let node = |v: &usize| row.nodes[*v].expect("tests are of known variables");
        let x = |v: &usize| node(v).and_then(|node| self.graph.nodes[node].2);
        let linked = |from: &usize, to: &dyn Fn(usize) -> bool, wanted: &str| {
            let Some(from) = node(from) else { return false };
            self.graph.rels.iter().any(|(start, end, rel_type, _)| *start == from && to(*end) && *rel_type == wanted)
        };
        match test {
            Test::SameX(v, w) => x(v).is_some() && x(v) == x(w),
            Test::XAbove(v) => x(v).is_some_and(|x| x > 0),
            Test::SameNode(v, w, same) => match (node(v), node(w)) {
                (Some(v), Some(w)) => (v == w) == *same,
                _ => false,
            },
            Test::XIsNull(v) => x(v).is_none(),
            Test::XIn(v) => x(v) == Some(1),
            Test::IsA(v) => node(v).is_some_and(|node| self.graph.nodes[node].0),
            Test::Linked(v, w, wanted) => linked(v, &|to| Some(to) == node(w), "R") == *wanted,
            Test::LinkedOut(v, true) => linked(v, &|to| self.graph.nodes[to].2 == Some(1), "S"),
            Test::LinkedOut(v, false) => !linked(v, &|_| true, "S") || x(v) == Some(0),
        }
    }
}

/// Returns all rows of the clauses, or `None` where there are too many.
fn enumerate(graph: &Graph, clauses: &[Clause]) -> Option<Vec<Row>> {
    let mut rows = vec![Row::default()];
    for clause in clauses {
        let mut next = Vec::new();
        for row in rows {
            let mut enumeration = Enumeration { graph, out: Vec::new() };
            enumeration.paths(&clause.paths, row.clone(), &[]);
            let mut matches = std::mem::take(&mut enumeration.out);
            matches.retain(|row| clause.tests.iter().all(|test| enumeration.holds(test, row)));
            if matches.is_empty() && clause.optional {
                let mut row = row;
                for path in &clause.paths {
                    for node in std::iter::once(&path.start).chain(path.hops.iter().map(|(_, node)| node)) {
                        if let Some(v) = node.variable {
                            row.nodes[v].get_or_insert(None);
                        }
                    }
                    row.rels.extend(path.hops.iter().filter_map(|(rel, _)| rel.variable).map(|v| (v, None)));
                }
                matches.push(row);
            }
            next.extend(matches);
            if next.len() > ROWS_MAX {
                return None;
            }
        }
        rows = next;
    }
    Some(rows)
}

/// Returns the projection that shows all variables, and a row as it shows it.
fn shown(clauses: &[Clause]) -> (Vec<usize>, Vec<(usize, bool)>) {
    let (mut nodes, mut rels) = (Vec::new(), Vec::new());
    for path in clauses.iter().flat_map(|clause| &clause.paths) {
        for node in std::iter::once(&path.start).chain(path.hops.iter().map(|(_, node)| node)) {
            nodes.extend(node.variable);
        }
        rels.extend(path.hops.iter().filter_map(|(rel, _)| rel.variable.map(|v| (v, rel.length.is_some()))));
    }
    nodes.sort_unstable();
    nodes.dedup();
    (nodes, rels)
}

fn row_text(row: &Row, nodes: &[usize], rels: &[(usize, bool)]) -> String {
    let mut parts: Vec<String> =
        nodes.iter().map(|v| row.nodes[*v].flatten().map_or("null".to_owned(), |node| node.to_string())).collect();
    for (v, many) in rels {
        let (_, trail) = row.rels.iter().find(|(other, _)| other == v).expect("every variable is bound");
        parts.push(match trail {
            None => "null".to_owned(),
            Some(trail) if *many => format!("{trail:?}"),
            Some(trail) => trail[0].to_string(),
        });
    }
    parts.join(" ")
}

#[test]
fn matches_agree_with_enumeration() {
    let n_graphs = std::env::var("ATTENDB_RANDOM_GRAPHS").ok().and_then(|n| n.parse().ok()).unwrap_or(N_GRAPHS);
    let mut n_compared = 0;
    for seed in 1..=n_graphs {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let graph = Graph::new(&mut random);
        let mut session = Session::new();
        session.run(&graph.create()).unwrap();
        if seed % 2 == 0 {
            let Some(Source::Write(transaction)) = &mut session.source else { panic!("no run is on") };
            transaction.create_index(None, "A", "x", false, true).unwrap();
        }
        for _ in 0..N_QUERIES {
            let clauses = clauses(&mut random);
            let matching = text(&clauses);
            let Some(rows) = enumerate(&graph, &clauses) else { continue };
            let (nodes, rels) = shown(&clauses);
            let mut expected: Vec<String> = rows.iter().map(|row| row_text(row, &nodes, &rels)).collect();
            expected.sort();
            let mut columns: Vec<String> = nodes.iter().map(|v| format!("v{v}.n")).collect();
            columns.extend(rels.iter().map(
                |(v, many)| {
                    if *many { format!("[x IN r{v} | x.n]") } else { format!("r{v}.n") }
                },
            ));
            let explained = |session: &Session, query: &str| {
                let plan = session.compile(query).unwrap();
                let Some(Source::Write(transaction)) = &session.source else { panic!("no run is on") };
                super::super::explain::explain(&plan, transaction.view())
            };
            if !columns.is_empty() {
                let query = format!("{matching}RETURN {}", columns.join(", "));
                let mut got = session.run(&query).unwrap_or_else(|error| panic!("{query}\n{error}\n{graph:?}"));
                got.sort();
                assert!(
                    got == expected,
                    "graph {seed}: {}\n{query}\n{}got {got:?}\nnot {expected:?}",
                    graph.create(),
                    explained(&session, &query)
                );
            }
            let query = format!("{matching}RETURN count(*)");
            let got = session.run(&query).unwrap_or_else(|error| panic!("{query}\n{error}\n{graph:?}"));
            assert!(
                got == [rows.len().to_string()],
                "graph {seed}: {}\n{query}\n{}got {got:?}, not {}",
                graph.create(),
                explained(&session, &query),
                rows.len()
            );
            if let [first, .., last] = nodes[..] {
                let query = format!("{matching}WITH v{first} AS a, count(DISTINCT v{last}) AS n RETURN a.n, n");
                let got = session.run(&query).unwrap_or_else(|error| panic!("{query}\n{error}\n{graph:?}"));
                let mut groups: Vec<(Option<usize>, Vec<usize>)> = Vec::new();
                for row in &rows {
                    let (key, value) = (row.nodes[first].flatten(), row.nodes[last].flatten());
                    let at = groups.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
                        groups.push((key, Vec::new()));
                        groups.len() - 1
                    });
                    let values = &mut groups[at].1;
                    if let Some(value) = value.filter(|value| !values.contains(value)) {
                        values.push(value);
                    }
                }
                let mut wanted: Vec<String> = groups
                    .iter()
                    .map(|(key, values)| {
                        format!("{} {}", key.map_or("null".to_owned(), |key| key.to_string()), values.len())
                    })
                    .collect();
                let mut got = got;
                got.sort();
                wanted.sort();
                assert!(
                    got == wanted,
                    "graph {seed}: {}\n{query}\n{}got {got:?}\nnot {wanted:?}",
                    graph.create(),
                    explained(&session, &query)
                );
            }
            n_compared += 1;
        }
    }
    assert!(n_compared > n_graphs * N_QUERIES / 2, "only {n_compared} queries were compared");
}

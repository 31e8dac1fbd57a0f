//! Random path patterns (repetitions, selectors, modes) over random graphs, against an enumeration of all paths.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    random::{Graph, Random},
    *,
};

const N_GRAPHS: u64 = 60;
const N_QUERIES: u64 = 60;
/// The longest walks that are enumerated where a pattern has no bound.
const WALK_MAX: usize = 7;
/// Paths beyond which a query is not compared.
const PATHS_MAX: usize = 5_000;

struct Step {
    types: &'static str,
    /// 0 right, 1 left, 2 either.
    direction: usize,
    y: Option<i64>,
}

#[derive(Clone, Copy, PartialEq)]
enum Test {
    None,
    /// The numbers of the first and the last node ascend.
    Ascends,
    /// The first and the last node have the same x, which may be null.
    SameX,
    /// The numbers of both relationships ascend.
    RelsAscend,
}

struct Part {
    steps: Vec<Step>,
    repeat: Option<(usize, Option<usize>)>,
    test: Test,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Mode {
    Walk,
    Trail,
    Acyclic,
    Simple,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Select {
    All,
    Any(usize),
    Shortest(usize),
    Groups(usize),
}

struct Pattern {
    ends: [&'static str; 2],
    parts: Vec<Part>,
    joints: Vec<&'static str>,
    mode: Mode,
    repeatable: bool,
    select: Select,
    /// The length that the predicate of the whole path forbids.
    forbidden: Option<usize>,
    text: String,
    columns: String,
}

const LABELS: &[&str] = &["", "", "", ":A", ":!A"];

fn pattern(random: &mut Random) -> Pattern {
    let select = match random.below(6) {
        0 => Select::Any(1 + random.below(2)),
        1 => Select::Shortest(1 + random.below(3)),
        2 => Select::Groups(1 + random.below(2)),
        3 => Select::Groups(1),
        _ => Select::All,
    };
    let repeatable = random.one_in(4);
    let written = if repeatable {
        None
    } else {
        random.pick(&[None, None, Some(Mode::Trail), Some(Mode::Acyclic), Some(Mode::Simple), Some(Mode::Walk)])
    };
    let mode = match written {
        _ if repeatable => Mode::Walk,
        None | Some(Mode::Walk) => Mode::Trail,
        Some(mode) => mode,
    };
    let parts: Vec<Part> = (0..1 + random.below(3))
        .map(|_| {
            let repeat = (!random.one_in(3)).then(|| {
                let min = random.below(3);
                let bounded = random.one_in(2) || mode == Mode::Walk && select == Select::All;
                (min, bounded.then(|| (min + random.below(2)).max(1)))
            });
            let n = if repeat.is_some() { 1 + random.below(2) } else { 1 };
            let steps = (0..n).map(|_| Step {
                types: random.pick(&["", "", ":R", ":S", ":R|S"]),
                direction: random.below(3),
                y: random.one_in(6).then(|| random.below(2) as i64),
            });
            let steps = steps.collect();
            let test = match random.below(6) {
                0 if repeat.is_some() => Test::Ascends,
                1 if repeat.is_some() => Test::SameX,
                2 if repeat.is_some() && n == 2 => Test::RelsAscend,
                _ => Test::None,
            };
            Part { steps, repeat, test }
        })
        .collect();
    let joints: Vec<&str> = (1..parts.len()).map(|_| random.pick(LABELS)).collect();
    let ends = [random.pick(LABELS), random.pick(LABELS)];
    let forbidden = random.one_in(6).then(|| 1 + random.below(2));
    let mut prefix = match select {
        Select::All => random.pick(&["", "", "ALL "]).to_owned(),
        Select::Any(n) => format!("ANY {n} "),
        Select::Shortest(n) => format!("SHORTEST {n} "),
        Select::Groups(1) if random.one_in(2) => "ALL SHORTEST ".to_owned(),
        Select::Groups(n) => format!("SHORTEST {n} "),
    };
    if let Some(mode) = written {
        write!(prefix, "{} ", format!("{mode:?}").to_uppercase()).unwrap();
    }
    if matches!(select, Select::Groups(_)) && !prefix.starts_with("ALL") {
        prefix += "GROUPS ";
    }
    let mut text = format!("(a{})", ends[0]);
    let mut columns = "[n IN nodes(p) | n.n], [r IN relationships(p) | r.n]".to_owned();
    for (i, part) in parts.iter().enumerate() {
        let step = |at: usize| {
            let (left, right) = [("-", "->"), ("<-", "-"), ("-", "-")][part.steps[at].direction];
            let y = part.steps[at].y.map_or(String::new(), |y| format!(" {{y: {y}}}"));
            format!("{left}[{}{i}{}{y}]{right}", ["r", "s"][at], part.steps[at].types)
        };
        match part.repeat {
            None => {
                text += &step(0);
                write!(columns, ", r{i}.n").unwrap();
            }
            Some((min, max)) => {
                let inside = (0..part.steps.len()).map(step).collect::<Vec<_>>().join("()");
                let test = match part.test {
                    Test::None => String::new(),
                    Test::Ascends => format!(" WHERE x{i}.n < z{i}.n"),
                    Test::SameX => format!(" WHERE x{i}.x = z{i}.x"),
                    Test::RelsAscend => format!(" WHERE r{i}.n < s{i}.n"),
                };
                let max = max.map_or(String::new(), |max| max.to_string());
                write!(text, "((x{i}){inside}(z{i}){test}){{{min},{max}}}").unwrap();
                write!(columns, ", [n IN x{i} | n.n], [n IN z{i} | n.n], [r IN r{i} | r.n]").unwrap();
                if part.steps.len() == 2 {
                    write!(columns, ", [r IN s{i} | r.n]").unwrap();
                }
            }
        }
        if let Some(labels) = joints.get(i) {
            write!(text, "(j{i}{labels})").unwrap();
            write!(columns, ", j{i}.n").unwrap();
        }
    }
    write!(text, "(b{})", ends[1]).unwrap();
    let repeat = if repeatable { "REPEATABLE ELEMENTS " } else { "" };
    text = match forbidden {
        None => format!("MATCH {repeat}p = {prefix}{text} "),
        Some(n) => format!("MATCH {repeat}{prefix}(p = {text} WHERE length(p) <> {n}) "),
    };
    Pattern { ends, parts, joints, mode, repeatable, select, forbidden, text, columns }
}

/// A path: first node, last node, length, and its row.
type Path = (usize, usize, usize, String);

struct Enumeration<'g> {
    graph: &'g Graph,
    pattern: &'g Pattern,
    nodes: Vec<usize>,
    rels: Vec<usize>,
    /// Where each part begins.
    begins: Vec<usize>,
    /// Some walk was cut off.
    is_cut: bool,
    out: Vec<Path>,
}

impl Enumeration<'_> {
    fn is_labelled(&self, node: usize, labels: &str) -> bool {
        match labels {
            "" => true,
            ":A" => self.graph.nodes[node].0,
            _ => !self.graph.nodes[node].0,
        }
    }

    /// Goes on behind so many parts.
    fn run(&mut self, part: usize) {
        let at = *self.nodes.last().unwrap();
        if part > 0 && part < self.pattern.parts.len() && !self.is_labelled(at, self.pattern.joints[part - 1]) {
            return;
        }
        if self.out.len() > PATHS_MAX {
            return;
        }
        if part == self.pattern.parts.len() {
            if self.is_labelled(at, self.pattern.ends[1]) && self.pattern.forbidden != Some(self.rels.len()) {
                let row = self.row();
                self.out.push((self.nodes[0], at, self.rels.len(), row));
            }
            return;
        }
        self.begins.push(self.rels.len());
        match self.pattern.parts[part].repeat {
            None => self.step(part, 0, &mut |this| this.run(part + 1)),
            Some(_) => self.repetition(part, 0),
        }
        self.begins.pop();
    }

    fn repetition(&mut self, part: usize, n: usize) {
        let (min, max) = self.pattern.parts[part].repeat.unwrap();
        if n >= min {
            self.run(part + 1);
        }
        if max.is_none_or(|max| n < max) {
            self.step(part, 0, &mut |this| {
                if this.holds(part) {
                    this.repetition(part, n + 1);
                }
            });
        }
    }

    fn holds(&self, part: usize) -> bool {
        let n = self.pattern.parts[part].steps.len();
        let (first, last) = (self.nodes[self.nodes.len() - 1 - n], self.nodes[self.nodes.len() - 1]);
        let x = |node: usize| self.graph.nodes[node].2;
        match self.pattern.parts[part].test {
            Test::None => true,
            Test::Ascends => first < last,
            Test::SameX => x(first).is_some() && x(first) == x(last),
            Test::RelsAscend => self.rels[self.rels.len() - 2] < self.rels[self.rels.len() - 1],
        }
    }

    /// Takes the rest of the steps of a part.
    fn step(&mut self, part: usize, at: usize, then: &mut dyn FnMut(&mut Self)) {
        let pattern = self.pattern;
        let Some(step) = pattern.parts[part].steps.get(at) else { return then(self) };
        if pattern.mode == Mode::Walk && self.rels.len() >= WALK_MAX {
            self.is_cut = true;
            return;
        }
        let node = *self.nodes.last().unwrap();
        for rel in 0..self.graph.rels.len() {
            let (start, end, rel_type, y) = self.graph.rels[rel];
            if !(step.types.is_empty() || step.types.contains(rel_type)) || step.y.is_some_and(|wanted| wanted != y) {
                continue;
            }
            let mut ends = Vec::new();
            if step.direction != 1 && start == node {
                ends.push(end);
            }
            if step.direction != 0 && end == node && !(step.direction == 2 && start == end) {
                ends.push(start);
            }
            for to in ends {
                let is_closed = self.nodes.len() > 1 && self.nodes[0] == node;
                let is_legal = match pattern.mode {
                    Mode::Walk => true,
                    Mode::Trail => !self.rels.contains(&rel),
                    Mode::Acyclic => !self.nodes.contains(&to),
                    // Relationships differ, so that there and back by the same one is no path.
                    Mode::Simple => {
                        let is_new = !self.nodes.contains(&to) || to == self.nodes[0];
                        !is_closed && is_new && !self.rels.contains(&rel)
                    }
                };
                if is_legal {
                    self.nodes.push(to);
                    self.rels.push(rel);
                    self.step(part, at + 1, then);
                    self.nodes.pop();
                    self.rels.pop();
                }
            }
        }
    }

    fn row(&self) -> String {
        let mut parts = vec![format!("{:?}", self.nodes), format!("{:?}", self.rels)];
        for (i, part) in self.pattern.parts.iter().enumerate() {
            let begin = self.begins[i];
            let end = self.begins.get(i + 1).copied().unwrap_or(self.rels.len());
            let n = part.steps.len();
            if part.repeat.is_some() {
                let every = |of: &[usize], at: usize| {
                    format!("{:?}", (begin..end).step_by(n).map(|i| of[i + at]).collect::<Vec<_>>())
                };
                parts.extend([every(&self.nodes, 0), every(&self.nodes, n), every(&self.rels, 0)]);
                parts.extend((n == 2).then(|| every(&self.rels, 1)));
            } else {
                parts.push(self.rels[begin].to_string());
            }
            if i + 1 < self.pattern.parts.len() {
                parts.push(self.nodes[end].to_string());
            }
        }
        parts.join(" ")
    }
}

/// Returns how many paths of which length each pair of ends must have, where the selector leaves open which.
fn selected(paths: &[Path], select: Select) -> Vec<(usize, usize, usize)> {
    let mut pairs: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (first, last, length, _) in paths {
        pairs.entry((*first, *last)).or_default().push(*length);
    }
    let mut out = Vec::new();
    for ((first, last), mut lengths) in pairs {
        lengths.sort_unstable();
        let n = match select {
            Select::All => lengths.len(),
            Select::Any(n) | Select::Shortest(n) => n.min(lengths.len()),
            Select::Groups(n) => {
                let mut different = lengths.clone();
                different.dedup();
                let longest = different[n.min(different.len()) - 1];
                lengths.iter().filter(|length| **length <= longest).count()
            }
        };
        // Of ANY the lengths are open.
        let any = matches!(select, Select::Any(_));
        out.extend(lengths[..n].iter().map(|length| (first, last, if any { 0 } else { *length })));
    }
    out
}

/// Returns whether the enumeration, which stops at a length, has seen all paths that are to be selected.
fn is_enough(paths: &[Path], select: Select, is_cut: bool) -> bool {
    if !is_cut {
        return true;
    }
    let mut pairs: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (first, last, length, _) in paths {
        pairs.entry((*first, *last)).or_default().push(*length);
    }
    pairs.values_mut().all(|lengths| match select {
        Select::All => false,
        Select::Any(n) | Select::Shortest(n) => lengths.len() >= n,
        Select::Groups(n) => {
            lengths.sort_unstable();
            lengths.dedup();
            lengths.len() >= n
        }
    })
}

/// Returns whether a row is of two ends that no walk of those enumerated joins.
fn is_beyond(row: &str, paths: &[Path]) -> bool {
    let nodes = row[1..].split(']').next().unwrap();
    let nodes: Vec<usize> = nodes.split(", ").map(|node| node.parse().unwrap()).collect();
    let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
    nodes.len() > WALK_MAX + 1 && !paths.iter().any(|path| (path.0, path.1) == (first, last))
}

#[test]
fn path_patterns_agree_with_enumeration() {
    let n_graphs = std::env::var("ATTENDB_RANDOM_GRAPHS").ok().and_then(|n| n.parse().ok()).unwrap_or(N_GRAPHS);
    let (mut n_compared, mut n_found) = (0, 0);
    for seed in 1..=n_graphs {
        let mut random = Random(seed.wrapping_mul(0xD134_2543_DE82_EF95) | 1);
        let graph = Graph::new(&mut random);
        let mut session = Session::new();
        session.run(&graph.create()).unwrap();
        for _ in 0..N_QUERIES {
            let pattern = pattern(&mut random);
            let mut found = Enumeration {
                graph: &graph,
                pattern: &pattern,
                nodes: Vec::new(),
                rels: Vec::new(),
                begins: Vec::new(),
                is_cut: false,
                out: Vec::new(),
            };
            for node in 0..graph.nodes.len() {
                if found.is_labelled(node, pattern.ends[0]) {
                    found.nodes = vec![node];
                    found.run(0);
                }
            }
            let (paths, is_cut) = (found.out, found.is_cut);
            if paths.len() > PATHS_MAX || !is_enough(&paths, pattern.select, is_cut) {
                continue;
            }
            // A node bound before makes the search begin elsewhere.
            let before = random.pick(&["", "MATCH (b) ", "MATCH (a), (b) "]);
            let query = format!("{before}{}RETURN {}", pattern.text, pattern.columns);
            let got = match session.run(&query) {
                Ok(got) => got,
                Err(error) if pattern.repeatable && error.to_string().contains("without an upper bound") => continue,
                Err(error) => panic!("{query}\n{error}\n{graph:?}"),
            };
            let context = || format!("graph {seed}: {}\n{query}\ngot {got:?}\nof {paths:?}", graph.create());
            let mut left: Vec<&Path> = paths.iter().collect();
            let mut is: Vec<(usize, usize, usize)> = Vec::new();
            for row in &got {
                if is_cut && is_beyond(row, &paths) {
                    continue;
                }
                let at = left.iter().position(|path| path.3 == *row);
                let at = at.unwrap_or_else(|| panic!("{row} is no match, or one too many\n{}", context()));
                let (first, last, length, _) = left.swap_remove(at);
                is.push((*first, *last, if matches!(pattern.select, Select::Any(_)) { 0 } else { *length }));
            }
            is.sort_unstable();
            let mut wanted = selected(&paths, pattern.select);
            wanted.sort_unstable();
            assert!(is == wanted, "selected {is:?}, not {wanted:?}\n{}", context());
            n_compared += 1;
            n_found += got.len();
        }
    }
    assert!(n_compared > n_graphs * N_QUERIES / 2, "only {n_compared} queries were compared");
    assert!(n_found as u64 > n_compared, "only {n_found} paths were found");
}

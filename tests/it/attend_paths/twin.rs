//! A twin that enumerates every path and makes every softmax anew, in f64, over random graphs.

use std::collections::BTreeMap;

use attendb::{Database, Value, params};

use crate::support::{must, random::Random};

const NODES: u64 = 9;

/// A relationship as it is followed.
#[derive(Clone, Copy)]
struct Edge {
    id: i64,
    to: usize,
}

/// A random graph, and what the twin knows of it.
struct World {
    db: Database,
    vectors: Vec<Option<[f64; 3]>>,
    /// From, to, whether it is of type `A`, its weight.
    rels: Vec<(usize, usize, bool, i64)>,
    query: [f64; 3],
    /// Logits of a unit of similarity.
    gain: f64,
}

/// What is asked.
#[derive(Clone, Debug)]
struct Asked {
    start: usize,
    /// `->`, `<-`, `-`.
    direction: usize,
    only_a: bool,
    min: usize,
    max: usize,
    /// Relationships lighter than this are no candidates.
    weight_min: i64,
    /// Nor those to this node.
    shunned: usize,
    /// Only paths to nodes from this one on leave.
    end_min: usize,
    temperature: f64,
    boost: f64,
    beam: Option<Vec<usize>>,
    limit: Option<usize>,
    length_norm: bool,
    min_weight: Option<f64>,
}

fn world(random: &mut Random) -> World {
    let db = Database::memory().unwrap();
    must(&db, "CREATE EMBEDDING text FOR (n:N) ON n.vec DIMENSION 3");
    let number = |random: &mut Random| random.below(2001) as f64 / 1000.0 - 1.0;
    let vector = |random: &mut Random| [number(random), number(random), number(random)];
    let mut vectors = Vec::new();
    for i in 0..NODES {
        let vector = (random.below(8) > 0).then(|| vector(random));
        let value = vector.map_or(Value::Null, |vector| Value::list(vector.map(Value::Float)));
        db.execute("CREATE (:N {i: $i, vec: $vec})", params! { "i": i as i64, "vec": value }).unwrap();
        // As it is kept.
        vectors.push(vector.map(|vector| vector.map(|x| f64::from(x as f32))));
    }
    let mut rels = Vec::new();
    for _ in 0..random.below(28) {
        let rel = (random.below(NODES), random.below(NODES), random.below(3) > 0, random.below(5) as i64);
        let kind = if rel.2 { "A" } else { "B" };
        let text = format!("MATCH (a:N {{i: $a}}), (b:N {{i: $b}}) CREATE (a)-[:{kind} {{w: $w}}]->(b)");
        db.execute(&text, params! { "a": rel.0 as i64, "b": rel.1 as i64, "w": rel.3 }).unwrap();
        rels.push((rel.0 as usize, rel.1 as usize, rel.2, rel.3));
    }
    let query = vector(random);
    let value = Value::list(query.map(Value::Float));
    let unit = db.query(
        "MATCH (n:N) WHERE n.vec IS NOT NULL ATTEND n IN (FOR $q) LOGIT AS z, SIMILARITY AS s RETURN z, s",
        params! { "q": value },
    );
    let units: Vec<f64> = unit
        .unwrap()
        .map(|row| {
            let row = row.unwrap();
            let number = |at: usize| row.values()[at].as_float().unwrap();
            (number(0), number(1))
        })
        .filter(|(_, similarity)| similarity.abs() > 0.05)
        .map(|(logit, similarity)| logit / similarity)
        .collect();
    World { db, vectors, rels, query, gain: units.first().copied().unwrap_or(1.0) }
}

fn asked(random: &mut Random) -> Asked {
    let mut below = |n: u64| random.below(n) as usize;
    let min = below(3);
    let width = |below: &mut dyn FnMut(u64) -> usize| 1 + below(5);
    Asked {
        start: below(NODES),
        direction: below(3),
        only_a: below(2) == 0,
        min,
        max: min + below(3),
        weight_min: below(3) as i64,
        shunned: below(2 * NODES),
        end_min: below(4),
        temperature: [0.5, 1.0, 3.0][below(3)],
        boost: [0.0, 0.3][below(2)],
        beam: match below(3) {
            0 => None,
            1 => Some(vec![width(&mut below)]),
            _ => Some(vec![width(&mut below), width(&mut below)]),
        },
        limit: (below(2) == 0).then(|| 1 + below(6)),
        length_norm: below(3) == 0,
        min_weight: (below(4) == 0).then(|| 0.001 * (1 + below(200)) as f64),
    }
}

impl Asked {
    fn text(&self) -> String {
        let (left, right) = [("-", "->"), ("<-", "-"), ("-", "-")][self.direction];
        let kind = if self.only_a { ":A" } else { "" };
        let mut options = format!("FOR $q WHERE NODE.i <> {} TEMPERATURE {}", self.shunned, self.temperature);
        if self.boost != 0.0 {
            options += &format!(" BOOST {} * r.w AS heavy", self.boost);
        }
        match self.beam.as_deref() {
            None => {}
            Some([one]) => options += &format!(" BEAM {one}"),
            Some(several) => options += &format!(" BEAM {several:?}"),
        }
        if self.length_norm {
            options += " LENGTH NORM";
        }
        if let Some(least) = self.min_weight {
            options += &format!(" MIN WEIGHT {least}");
        }
        if let Some(limit) = self.limit {
            options += &format!(" LIMIT {limit}");
        }
        format!(
            "MATCH (a:N {{i: $a}}){left}[r{kind}*{}..{} WHERE r.w >= {}]{right}(b:N WHERE b.i >= {}) ATTEND r IN ({options}) \
             SCORE AS s, HOPS AS h, WHY AS y RETURN [x IN r | id(x)], s, h, y",
            self.min, self.max, self.weight_min, self.end_min
        )
    }
}

/// A path that the twin found: its relationships, the log of its score, its end.
#[derive(Clone)]
struct Path {
    rels: Vec<i64>,
    log: f64,
    end: usize,
}

impl World {
    fn edges(&self, asked: &Asked, at: usize) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (id, (from, to, is_a, weight)) in self.rels.iter().enumerate() {
            if asked.only_a && !is_a || *weight < asked.weight_min {
                continue;
            }
            if asked.direction != 1 && *from == at {
                edges.push(Edge { id: id as i64, to: *to });
            }
            if asked.direction != 0 && *to == at && !(asked.direction == 2 && from == to) {
                edges.push(Edge { id: id as i64, to: *from });
            }
        }
        edges
    }

    fn similarity(&self, node: usize) -> Option<f64> {
        let dot = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let (q, k) = (&self.query, self.vectors[node].as_ref()?);
        Some(dot(q, k) / (dot(q, q) * dot(k, k)).sqrt())
    }

    /// Returns the continuations of a path with the logs of their scores.
    fn longer(&self, asked: &Asked, path: &Path) -> Vec<Path> {
        let edges: Vec<Edge> = self
            .edges(asked, path.end)
            .into_iter()
            .filter(|edge| !path.rels.contains(&edge.id) && edge.to != asked.shunned)
            .collect();
        let known: Vec<f64> = edges.iter().filter_map(|edge| self.similarity(edge.to)).collect();
        let mean = if known.is_empty() { 0.0 } else { known.iter().sum::<f64>() / known.len() as f64 };
        let logits: Vec<f64> = edges
            .iter()
            .map(|edge| {
                let similarity = self.similarity(edge.to).unwrap_or(mean);
                self.gain * similarity / asked.temperature + asked.boost * self.rels[edge.id as usize].3 as f64
            })
            .collect();
        let sum: f64 = logits.iter().map(|z| z.exp()).sum();
        let go = |(edge, logit): (&Edge, &f64)| {
            let rels = path.rels.iter().copied().chain([edge.id]).collect();
            Path { rels, log: path.log + (logit.exp() / sum).ln(), end: edge.to }
        };
        edges.iter().zip(&logits).map(go).collect()
    }

    fn paths(&self, asked: &Asked) -> Vec<(Vec<i64>, f64)> {
        let mut level = vec![Path { rels: Vec::new(), log: 0.0, end: asked.start }];
        let mut found = Vec::new();
        for n in 0..=asked.max {
            if n > 0 {
                level = level.iter().flat_map(|path| self.longer(asked, path)).collect();
                level.sort_by(|a, b| b.log.total_cmp(&a.log).then(a.rels.cmp(&b.rels)));
                if let Some(beam) = &asked.beam {
                    level.truncate(beam[(n - 1).min(beam.len() - 1)]);
                }
            }
            if n >= asked.min {
                found.extend(level.iter().cloned());
            }
        }
        let norm = |path: &Path| if asked.length_norm { path.rels.len().max(1) as f64 } else { 1.0 };
        let mut ranked: Vec<(Vec<i64>, f64)> = found
            .iter()
            .filter(|path| path.end >= asked.end_min)
            .map(|path| (path.rels.clone(), (path.log / norm(path)).exp()))
            .filter(|(_, score)| asked.min_weight.is_none_or(|least| *score >= least))
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(asked.limit.unwrap_or(usize::MAX));
        ranked
    }

    fn answer(&self, asked: &Asked) -> Vec<(Vec<i64>, f64)> {
        let query = Value::list(self.query.map(Value::Float));
        let text = asked.text();
        let rows = self.db.query(&text, params! { "a": asked.start as i64, "q": query });
        let rows = rows.unwrap_or_else(|error| panic!("{text}: {error}"));
        let row = |row: attendb::Result<attendb::Row>| {
            let row = row.unwrap_or_else(|error| panic!("{text}: {error}"));
            let [Value::List(rels), Value::Float(score), hops, why] = row.values() else { panic!("{text}: {row:?}") };
            let rels: Vec<i64> = rels.iter().map(|rel| rel.as_int().unwrap()).collect();
            check_hops(hops, &rels, *score, asked);
            let Value::Map(why) = why else { panic!("{why}") };
            check_hops(why.get("hops").unwrap(), &rels, *score, asked);
            (rels, *score)
        };
        rows.map(row).collect()
    }
}

/// The weights of the hops multiply to the score; in the explanation the heads average to the weight, and parts sum to logits.
fn check_hops(hops: &Value, rels: &[i64], score: f64, asked: &Asked) {
    let Value::List(hops) = hops else { panic!("{hops}") };
    assert_eq!(hops.len(), rels.len());
    let mut log = 0.0;
    for (hop, id) in hops.iter().zip(rels) {
        let Value::Map(hop) = hop else { panic!("{hop}") };
        let Some(Value::Relationship(rel)) = hop.get("relationship") else { panic!("{hop:?}") };
        assert_eq!(i64::from(rel.id.get()), *id);
        let weight = hop.get("weight").and_then(Value::as_float).unwrap();
        log += weight.ln();
        if let Some(Value::List(heads)) = hop.get("heads") {
            let Value::Map(head) = &heads[0] else { panic!() };
            let get = |key: &str| head.get(key).and_then(Value::as_float).unwrap();
            assert!((get("weight") - weight).abs() < 1e-6, "{hop:?}");
            let parts = |key: &str| match head.get(key) {
                Some(Value::Map(parts)) => parts
                    .values()
                    .map(|part| match part {
                        Value::Map(part) => part.get("logit").and_then(Value::as_float).unwrap(),
                        other => panic!("{other}"),
                    })
                    .sum::<f64>(),
                other => panic!("{other:?}"),
            };
            let sum = parts("spaces") + parts("boosts") + get("prior") + get("relation");
            assert!((sum - get("logit")).abs() < 1e-5, "{hop:?}");
        }
    }
    let norm = if asked.length_norm { rels.len().max(1) as f64 } else { 1.0 };
    assert!(((log / norm).exp() - score).abs() < 1e-6);
}

/// Returns how the two differ, scores that are as good as equal taken for equal.
fn difference(got: &[(Vec<i64>, f64)], want: &[(Vec<i64>, f64)]) -> Option<String> {
    let near = |a: f64, b: f64| (a - b).abs() <= 2e-5 * a.abs().max(b.abs()) + 1e-12;
    if got.len() != want.len() || got.iter().zip(want).any(|((_, a), (_, b))| !near(*a, *b)) {
        return Some(format!("got  {got:?}\nwant {want:?}"));
    }
    // Of paths with as good as equal scores either may come first, or be the one that is cut.
    let of: BTreeMap<&Vec<i64>, f64> = want.iter().map(|(rels, score)| (rels, *score)).collect();
    let last = want.last().map_or(0.0, |(_, score)| *score);
    let lacks = |(rels, score): &&(Vec<i64>, f64)| match of.get(rels) {
        Some(known) => !near(*known, *score),
        None => !near(*score, last),
    };
    got.iter().find(lacks).map(|odd| format!("{odd:?}\ngot  {got:?}\nwant {want:?}"))
}

#[test]
fn random_graphs_give_what_enumerating_gives() {
    let mut random = Random::new(11);
    let mut n_rows = 0;
    let (mut n_long, mut n_cut) = (0, 0);
    for round in 0..150 {
        let world = world(&mut random);
        for _ in 0..12 {
            let asked = asked(&mut random);
            let (got, want) = (world.answer(&asked), world.paths(&asked));
            if let Some(difference) = difference(&got, &want) {
                panic!("round {round}: {}\n{asked:?}\n{difference}", asked.text());
            }
            n_rows += got.len();
            n_long += got.iter().filter(|(rels, _)| rels.len() > 2).count();
            let all = world.paths(&Asked { beam: None, limit: None, ..asked.clone() });
            n_cut += usize::from(all.len() > want.len());
        }
    }
    assert!(n_rows > 2_000 && n_long > 200 && n_cut > 100, "too little was compared: {n_rows} {n_long} {n_cut}");
}

//! The formula, word for word, in f64; and that explanations are exact.

use std::fs;

use attendb::{
    AttendSpec, Database, Value,
    model::{Direction, Map},
};

use super::files::{memory, numbers, refused, safetensors};
use crate::support::{must, random::Random, run};

const HEADS: usize = 4;

/// A space of the tests: name, dimension, width of a head, metric.
const SPACES: [(&str, usize, usize, &str); 3] =
    [("text", 6, 5, "COSINE"), ("image", 8, 2, "DOT"), ("place", 3, 3, "EUCLIDEAN")];

/// A graph, a model, and the same numbers outside of both.
struct World {
    db: Database,
    /// Of node `i` in each space; empty where it has none.
    vectors: Vec<[Vec<f32>; 3]>,
    /// `Wq`, `Wk` of each space.
    matrices: Vec<[Vec<f32>; 2]>,
    _dir: tempfile::TempDir,
}

const N: usize = 40;

fn list(numbers: &[f32]) -> Value {
    Value::list(numbers.iter().map(|x| Value::Float((*x).into())))
}

fn world(seed: u64) -> World {
    let dir = tempfile::tempdir().unwrap();
    let db = memory(dir.path());
    let random = &mut Random::new(seed);
    for (name, d, _, metric) in SPACES {
        must(&db, &format!("CREATE EMBEDDING {name} FOR (n:Npc) ON n.{name} DIMENSION {d} METRIC {metric}"));
    }
    let mut vectors = Vec::new();
    for i in 0..N {
        let of = SPACES.map(|(name, d, ..)| match (name, i % 7) {
            ("image", 3) => Vec::new(),
            _ => numbers(d, random),
        });
        let mut node = Map::from_iter([("i".into(), Value::Int(i as i64))]);
        for ((name, ..), vector) in SPACES.iter().zip(&of).filter(|(_, vector)| !vector.is_empty()) {
            node.insert((*name).into(), list(vector));
        }
        let node = Map::from_iter([("node".into(), Value::from(node))]);
        run(&db, "CREATE (n:Npc) SET n = $node", &node).unwrap();
        vectors.push(of);
    }
    // 0 to 9 know everybody after them, by one of two types.
    must(&db, "MATCH (a:Npc), (b:Npc) WHERE a.i < 10 AND b.i > a.i AND b.i % 2 = 0 CREATE (a)-[:KNOWS]->(b)");
    must(&db, "MATCH (a:Npc), (b:Npc) WHERE a.i < 10 AND b.i > a.i AND b.i % 2 = 1 CREATE (a)-[:HEARD]->(b)");
    let matrices: Vec<[Vec<f32>; 2]> =
        SPACES.iter().map(|(_, d, w, _)| [(); 2].map(|()| numbers(HEADS * w * d, random))).collect();
    let mut tensors = vec![("b_rel.HEARD".to_owned(), vec![], vec![-0.75])];
    for ((name, d, w, _), [query, key]) in SPACES.iter().zip(&matrices) {
        tensors.push((format!("{name}.Wq"), vec![HEADS, *w, *d], query.clone()));
        tensors.push((format!("{name}.Wk"), vec![HEADS, *w, *d], key.clone()));
    }
    fs::write(dir.path().join("m.safetensors"), safetensors(&tensors, None)).unwrap();
    must(&db, "COPY MODEL m FROM 'm.safetensors'");
    World { db, vectors, matrices, _dir: dir }
}

impl World {
    /// `⟨Wq_h q, Wk_h k⟩ / √d_h` of each head, of unit vectors in a space of cosines.
    fn heads(&self, space: usize, q: &[f32], k: &[f32]) -> Vec<f64> {
        let (_, d, width, metric) = SPACES[space];
        let wide = |vector: &[f32]| {
            let vector: Vec<f64> = vector.iter().map(|x| f64::from(*x)).collect();
            let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
            let by = if metric == "COSINE" { norm } else { 1.0 };
            vector.into_iter().map(|x| x / by).collect::<Vec<f64>>()
        };
        let (q, k) = (wide(q), wide(k));
        let project = |matrix: &[f32], row: usize, vector: &[f64]| -> f64 {
            matrix[row * d..][..d].iter().zip(vector).map(|(m, x)| f64::from(*m) * x).sum()
        };
        let [query, key] = &self.matrices[space];
        let head = |h: usize| {
            let products = (0..width).map(|at| {
                let row = h * width + at;
                project(query, row, &q) * project(key, row, &k)
            });
            products.sum::<f64>() / (width as f64).sqrt()
        };
        (0..HEADS).map(head).collect()
    }

    /// The logits `[heads][candidates]` of a query over candidates, with weights of the spaces that sum to 1.
    fn logits(&self, query: &[Vec<f32>], weights: &[f64], candidates: &[usize], extra: &[f64]) -> Vec<Vec<f64>> {
        let mut logits = vec![extra.to_vec(); HEADS];
        for (space, (q, weight)) in query.iter().zip(weights).enumerate().filter(|(_, (q, _))| !q.is_empty()) {
            let terms: Vec<Option<Vec<f64>>> = candidates
                .iter()
                .map(|i| &self.vectors[*i][space])
                .map(|k| (!k.is_empty()).then(|| self.heads(space, q, k)))
                .collect();
            for (h, logits) in logits.iter_mut().enumerate() {
                let known: Vec<f64> = terms.iter().flatten().map(|heads| heads[h]).collect();
                let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
                for (logit, term) in logits.iter_mut().zip(&terms) {
                    *logit += weight * term.as_ref().map_or(mean, |heads| heads[h]);
                }
            }
        }
        logits
    }
}

/// The mean over the heads of their softmaxes.
fn weights(logits: &[Vec<f64>]) -> Vec<f64> {
    let mut mean = vec![0.0; logits[0].len()];
    for head in logits {
        let sum: f64 = head.iter().map(|z| z.exp()).sum();
        mean.iter_mut().zip(head).for_each(|(mean, z)| *mean += z.exp() / sum / HEADS as f64);
    }
    mean
}

fn number(value: &Value) -> f64 {
    value.as_float().unwrap_or_else(|| panic!("{value} is no float"))
}

fn get<'a>(map: &'a Value, key: &str) -> &'a Value {
    match map {
        Value::Map(map) => map.get(key).unwrap_or_else(|| panic!("no {key} in {map:?}")),
        other => panic!("{other} is no map"),
    }
}

/// Checks an explanation of one softmax: parts sum to the logit, heads average to weight and logit; and that its logits are
/// those of the formula.
#[track_caller]
fn check_why(heads: &Value, weight: f64, logit: Option<f64>, expected: &[f64], relation: f64) {
    let Value::List(heads) = heads else { panic!("{heads}") };
    assert_eq!(heads.len(), HEADS);
    let mut mean = (0.0, 0.0);
    for (head, expected) in heads.iter().zip(expected) {
        let (Value::Map(spaces), Value::Map(boosts)) = (get(head, "spaces"), get(head, "boosts")) else { panic!() };
        let parts = spaces.iter().chain(boosts.iter()).map(|(_, part)| number(get(part, "logit"))).sum::<f64>();
        let sum = parts + number(get(head, "prior")) + number(get(head, "relation"));
        assert!((sum - number(get(head, "logit"))).abs() < 1e-6, "{head}");
        assert!((sum - expected).abs() < 1e-5, "{head} is not {expected}");
        assert!((number(get(head, "relation")) - relation).abs() < 1e-7, "{head}");
        mean.0 += number(get(head, "weight")) / HEADS as f64;
        mean.1 += number(get(head, "logit")) / HEADS as f64;
    }
    assert!((mean.0 - weight).abs() < 1e-6, "{} is not {weight}", mean.0);
    assert!(logit.is_none_or(|logit| (mean.1 - logit).abs() < 1e-6), "{} is not {logit:?}", mean.1);
}

#[test]
fn a_model_is_its_formula_and_its_explanation() {
    for seed in 1..6 {
        let world = world(seed);
        let query: Vec<Vec<f32>> = SPACES.iter().map(|(_, d, ..)| numbers(*d, &mut Random::new(100 + seed))).collect();
        let given = SPACES.iter().zip(&query).map(|((name, ..), vector)| ((*name).into(), list(vector)));
        let params = Map::from_iter([("q".into(), Value::from(given.collect::<Map>()))]);
        let table = run(
            &world.db,
            "MATCH (n:Npc) WHERE n.i >= 10 ATTEND n IN (FOR $q ON text WEIGHT 0.5, image WEIGHT 0.3, place WEIGHT 0.2 \
             MODEL m BOOST 0.01 * n.i AS late) SCORE AS s, LOGIT AS z, SIMILARITY AS sim, WHY AS w \
             RETURN n.i, s, z, sim, w",
            &params,
        )
        .unwrap();
        let candidates: Vec<usize> = (10..N).collect();
        let extra: Vec<f64> = candidates.iter().map(|i| 0.01 * *i as f64).collect();
        let logits = world.logits(&query, &[0.5, 0.3, 0.2], &candidates, &extra);
        let shares = weights(&logits);
        assert_eq!(table.rows.len(), candidates.len());
        let mut last = f64::INFINITY;
        for row in &table.rows {
            let i = row[0].as_int().unwrap() as usize - 10;
            let (weight, logit) = (number(&row[1]), number(&row[2]));
            assert!((weight - shares[i]).abs() < 1e-6, "{i}: {weight} is not {}", shares[i]);
            assert!(weight <= last);
            last = weight;
            let expected: Vec<f64> = logits.iter().map(|head| head[i]).collect();
            check_why(get(&row[4], "heads"), weight, Some(logit), &expected, 0.0);
            assert_eq!(get(&row[4], "model").to_string(), "{name: 'm', version: 1}");
        }
        // How alike they are is the same with and without a model.
        let plain = run(
            &world.db,
            "MATCH (n:Npc) WHERE n.i >= 10 ATTEND n IN (FOR $q ON text WEIGHT 0.5, image WEIGHT 0.3, place WEIGHT 0.2) \
             SIMILARITY AS sim, WHY AS w RETURN n.i, sim, w.model IS NULL ORDER BY n.i",
            &params,
        )
        .unwrap();
        let mut with: Vec<(i64, f64)> =
            table.rows.iter().map(|row| (row[0].as_int().unwrap(), number(&row[3]))).collect();
        with.sort_by_key(|(i, _)| *i);
        for (row, (_, with)) in plain.rows.iter().zip(with) {
            assert!((number(&row[1]) - with).abs() < 1e-6);
            assert_eq!(row[2], Value::Bool(true));
        }
    }
}

#[test]
fn types_add_their_biases_to_relationships_and_to_nodes_by_the_best_way() {
    let world = world(7);
    let query = world.vectors[0].clone();
    let text =
        "MATCH (a:Npc {i: 1})-[r]->(x) ATTEND r IN (FOR $q ON NODE text MODEL m) SCORE AS s, WHY AS w RETURN x.i, s, w";
    let params = Map::from_iter([("q".into(), list(&query[0]))]);
    let candidates: Vec<usize> = (2..N).collect();
    let bias = |i: usize| if i % 2 == 1 { -0.75 } else { 0.0 };
    let extra: Vec<f64> = candidates.iter().map(|i| bias(*i)).collect();
    let only = [query[0].clone()];
    let logits = world.logits(&only, &[1.0], &candidates, &extra);
    let shares = weights(&logits);
    let rows = run(&world.db, text, &params).unwrap().rows;
    assert_eq!(rows.len(), candidates.len());
    for row in &rows {
        let i = row[0].as_int().unwrap() as usize - 2;
        assert!((number(&row[1]) - shares[i]).abs() < 1e-6);
        let expected: Vec<f64> = logits.iter().map(|head| head[i]).collect();
        check_why(get(&row[2], "heads"), shares[i], None, &expected, bias(i + 2));
    }
    // A node: the best sum of the biases on the ways to it. From 8, two steps lead by 9 only; 9 is odd.
    let text =
        "MATCH (a:Npc {i: 8})-[*1..2]->(x) ATTEND DISTINCT x IN (MODEL m) WHY AS w RETURN x.i, w.heads[0].relation";
    for row in must(&world.db, text).rows {
        let i = row[0].as_int().unwrap() as usize;
        // One step costs the type's bias; so does the second, beside that of the first: never better.
        assert_eq!(number(&row[1]), bias(i), "{i}");
    }
    let text = "MATCH (a:Npc {i: 8})-[*2]->(x) ATTEND DISTINCT x IN (MODEL m) WHY AS w RETURN x.i, w.heads[0].relation";
    for row in must(&world.db, text).rows {
        assert_eq!(number(&row[1]), -0.75 + bias(row[0].as_int().unwrap() as usize));
    }
}

#[test]
fn each_hop_of_a_path_is_asked_with_the_model() {
    let world = world(9);
    let params = Map::from_iter([("q".into(), list(&world.vectors[3][0]))]);
    for beam in ["", "BEAM 5000"] {
        let text = format!(
            "MATCH (a:Npc {{i: 7}})-[r*2]->(x) ATTEND r IN (FOR $q ON NODE text MODEL m {beam}) \
             SCORE AS s, WHY AS w RETURN x.i, s, w"
        );
        let rows = run(&world.db, &text, &params).unwrap().rows;
        assert!(rows.len() > 50);
        for row in &rows {
            let Value::List(hops) = get(&row[2], "hops") else { panic!() };
            let product: f64 = hops.iter().map(|hop| number(get(hop, "weight"))).product();
            assert!((product - number(&row[1])).abs() < 1e-6);
            for (hop, from) in hops.iter().zip([7, 0]) {
                // The first hop's candidates are known; the second's, by how many there are: all after 8 or 9.
                let n = get(hop, "candidates").as_int().unwrap() as usize;
                let candidates: Vec<usize> = (N - n..N).collect();
                assert!(from == 0 || n == N - 8);
                let extra: Vec<f64> = candidates.iter().map(|i| if i % 2 == 1 { -0.75 } else { 0.0 }).collect();
                let logits = world.logits(&[world.vectors[3][0].clone()], &[1.0], &candidates, &extra);
                let shares = weights(&logits);
                let weight = number(get(hop, "weight"));
                let at = (0..candidates.len()).find(|at| (shares[*at] - weight).abs() < 1e-6);
                let at = at.unwrap_or_else(|| panic!("no candidate has {weight}"));
                let expected: Vec<f64> = logits.iter().map(|head| head[at]).collect();
                check_why(get(hop, "heads"), weight, None, &expected, extra[at]);
            }
            assert_eq!(get(&row[2], "model").to_string(), "{name: 'm', version: 1}");
        }
    }
    // And of the cheapest: what attention(r) says there is the weight of one relationship.
    let text = "MATCH p = CHEAPEST 1 (a:Npc {i: 1})-[r]->{1,1}(b:Npc {i: 9}) ATTEND r IN (FOR $q ON NODE text MODEL m) \
                COST BY 1 - attention(r) AS c RETURN c";
    let cost = number(&run(&world.db, text, &params).unwrap().rows[0][0]);
    let candidates: Vec<usize> = (2..N).collect();
    let extra: Vec<f64> = candidates.iter().map(|i| if i % 2 == 1 { -0.75 } else { 0.0 }).collect();
    let shares = weights(&world.logits(&[world.vectors[3][0].clone()], &[1.0], &candidates, &extra));
    assert!((1.0 - cost - shares[7]).abs() < 1e-6, "{cost}");
}

#[test]
fn the_typed_call_and_the_procedure_are_the_clause() {
    let world = world(11);
    let q = list(&world.vectors[5][0]);
    let params = Map::from_iter([("q".into(), q.clone())]);
    let clause = "MATCH (a:Npc {i: 2})-[:KNOWS]->(x) ATTEND DISTINCT x IN (FOR $q ON text MODEL m LIMIT 5) SCORE AS s \
                  RETURN id(x), s";
    let rows = run(&world.db, clause, &params).unwrap().rows;
    assert_eq!(rows.len(), 5);
    let called = "MATCH (a:Npc {i: 2})-[:KNOWS]->(x) CALL kg.attend(x, $q, {distinct: true, spaces: 'text', model: 'm', \
                  limit: 5}) YIELD score AS s RETURN id(x), s";
    assert_eq!(run(&world.db, called, &params).unwrap().rows, rows);
    let explained = |text: &str| run(&world.db, &format!("EXPLAIN {text}"), &params).unwrap().rows;
    assert_eq!(explained(clause), explained(called));
    assert!(explained(clause).iter().any(|row| row[0].to_string().contains("model m")));
    let spec = AttendSpec::key("Npc", "i", 2)
        .follow(["KNOWS"], Direction::Out)
        .query_in("text", &world.vectors[5][0])
        .model("m")
        .limit(5);
    let typed = world.db.attend(&spec).unwrap();
    for (typed, row) in typed.iter().zip(&rows) {
        assert_eq!(i64::from(typed.node.get()), row[0].as_int().unwrap());
        assert!((f64::from(typed.score) - number(&row[1])).abs() < 1e-7);
    }
    assert_eq!(typed.len(), 5);
}

#[test]
fn what_a_model_cannot_do_is_refused() {
    let world = world(13);
    let of = |inside: &str, message: &str| {
        refused(&world.db, &format!("MATCH (x:Npc) ATTEND x IN ({inside}) RETURN x"), &[message]);
    };
    of("FOR [1, 0, 0] MODEL npc", "there is no model `npc`");
    of("FOR [1, 0, 0] MODEL npc", "there are m");
    of("FOR [1, 0, 0] ON place MODEL m HEADS 3", "3 HEADS, and the model `m` has 4");
    of("FOR [1, 0, 0, 0, 0, 0, 0] MODEL m", "no embedding space");
    must(&world.db, "CREATE EMBEDDING more FOR (n:Npc) ON n.more DIMENSION 4");
    of("FOR [1, 0, 0, 0] ON more MODEL m", "has no matrices for the space `more`");
    must(&world.db, "DROP EMBEDDING more");
    must(&world.db, "DROP EMBEDDING place");
    must(&world.db, "MATCH (n) REMOVE n.place");
    must(&world.db, "CREATE EMBEDDING place FOR (n:Npc) ON n.place DIMENSION 4");
    of("FOR [1, 0, 0, 0] ON place MODEL m", "takes vectors of 3 numbers of the space `place`, which has 4");
    of("FOR [3e38, 3e38, 3e38, 3e38, 3e38, 3e38, 3e38, 3e38] ON image MODEL m", "beyond 32 bits");
    let null = Map::from_iter([("m".into(), Value::Null), ("n".into(), Value::Int(3))]);
    let text = "MATCH (x:Npc) ATTEND x IN (FOR [1, 0, 0, 0, 0, 0] ON text MODEL $m LIMIT 1) RETURN x";
    assert_eq!(run(&world.db, text, &null).unwrap().rows.len(), 1, "null is none");
    let error = run(&world.db, &text.replace("$m", "$n"), &null).err().unwrap().to_string();
    assert!(error.contains("the name of a model is a string"), "{error}");
    // As many HEADS as it has may be said.
    assert_eq!(
        must(&world.db, "MATCH (x:Npc) ATTEND x IN (FOR [1, 0, 0, 0, 0, 0] ON text MODEL m HEADS 4 LIMIT 1) RETURN x")
            .rows
            .len(),
        1
    );
}

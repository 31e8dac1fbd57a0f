//! Each rule of ATTEND on paths, with a graph where breaking it shows.

use attendb::{Database, Value, params};

use crate::support::must;

/// A road map. `vec` is the direction of what each place is about; the query of most tests is `[1, 0]`, so the smaller the angle
/// the better. From `a` there are a near way (`b`, then only `far`) and a worse one (`c`, then only `near`).
pub(super) fn map() -> Database {
    let db = Database::memory().unwrap();
    for text in [
        "CREATE EMBEDDING text FOR (n:Place) ON n.vec DIMENSION 2",
        "UNWIND [['a', 0.0], ['b', 0.2], ['c', 0.7], ['far', 2.5], ['near', 0.1], ['mid', 2.4]] AS row \
         CREATE (:Place {name: row[0], vec: [cos(row[1]), sin(row[1])]})",
        "UNWIND [['a', 'b', 1], ['a', 'c', 2], ['b', 'far', 3], ['b', 'mid', 4], ['c', 'near', 5], ['near', 'a', 6]] AS row \
         MATCH (x:Place {name: row[0]}), (y:Place {name: row[1]}) CREATE (x)-[:ROAD {km: row[2]}]->(y)",
    ] {
        must(&db, text);
    }
    db
}

/// The rows as text, values apart by blanks, floats with three digits.
pub(super) fn said(db: &Database, text: &str) -> Vec<String> {
    let show = |value: &Value| match value {
        Value::Float(x) => format!("{x:.3}"),
        Value::String(text) => text.to_string(),
        other => other.to_string().replace('\'', ""),
    };
    must(db, text).rows.iter().map(|row| row.iter().map(show).collect::<Vec<_>>().join(" ")).collect()
}

/// The ways from `a`: the pattern's relationship and what stands behind it, the options, and the rest.
fn ways(db: &Database, pattern: &str, options: &str) -> Vec<String> {
    said(
        db,
        &format!(
            "MATCH (a:Place {{name: 'a'}}){pattern} ATTEND r IN (FOR [1, 0] {options}) SCORE AS s \
             RETURN [x IN r | endNode(x).name], s"
        ),
    )
}

#[track_caller]
pub(super) fn refused(db: &Database, text: &str, message: &str, hint: &str) {
    let found = db.query(text, params! { "zero": 0 }).and_then(|rows| rows.collect::<attendb::Result<Vec<_>>>());
    let error = found.expect_err(text).to_string();
    assert!(error.contains(message), "{text}\n{error}\nexpected: {message}");
    assert!(error.contains(hint), "{text}\n{error}\nexpected the hint: {hint}");
}

fn number(value: &Value) -> f64 {
    value.as_float().unwrap_or_else(|| panic!("{value} is no float"))
}

fn score(row: &str) -> f64 {
    row.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_path_is_the_product_of_the_softmaxes_on_its_way() {
    let db = map();
    let all = ways(&db, "-[r:ROAD*1..2]->(b)", "");
    assert_eq!(all.len(), 5, "{all:?}");
    let of = |names: &str| score(all.iter().find(|row| row.starts_with(&format!("[{names}] "))).expect(names));
    assert!((of("b") + of("c") - 1.0).abs() < 0.002, "one softmax at the start: {all:?}");
    assert!((of("b, far") + of("b, mid") - of("b")).abs() < 0.002, "what follows `b` shares its weight: {all:?}");
    assert!((of("c, near") - of("c")).abs() < 0.002, "the only road has weight 1: {all:?}");
    assert!(all.is_sorted_by(|a, b| score(a) >= score(b)), "{all:?}");
    // A relationship of its own is a path of one.
    let one = ways(&db, "-[r:ROAD*1..1]->(b)", "");
    let single = said(
        &db,
        "MATCH (:Place {name: 'a'})-[r:ROAD]->(b) ATTEND r IN (FOR [1, 0]) SCORE AS s, HOPS AS h \
         RETURN [b.name], s, size(h), h[0].weight = s, id(h[0].relationship) = id(r)",
    );
    assert_eq!(single, one.iter().map(|row| format!("{row} 1 true true")).collect::<Vec<_>>());
}

#[test]
fn every_way_of_writing_a_repetition_is_the_same() {
    let db = map();
    let want = ways(&db, "-[r:ROAD*1..3]->(b)", "BEAM 3 LIMIT 5");
    for pattern in ["-[r:ROAD]->{1,3}(b)", "((x)-[r:ROAD]->(y)){1,3}(b)", "(()-[r:ROAD]->()){1,3}(b)"] {
        assert_eq!(ways(&db, pattern, "BEAM 3 LIMIT 5"), want, "{pattern}");
    }
    // `a` is reached again, and goes on by roads that are not used yet.
    let longest = ways(&db, "-[r:ROAD]->+(b)", "");
    assert_eq!(longest, ways(&db, "-[r:ROAD*]->(b)", ""));
    assert!(longest.iter().any(|row| row.starts_with("[c, near, a, b, mid] ")), "{longest:?}");
    assert!(!longest.iter().any(|row| row.contains("a, c")), "no road twice: {longest:?}");
    // From right to left, as it is written.
    let back = said(
        &db,
        "MATCH (n:Place {name: 'near'})<-[r:ROAD*1..2]-(x) ATTEND r IN (FOR [1, 0]) SCORE AS s \
         RETURN [y IN r | startNode(y).name], s",
    );
    assert_eq!(back, ["[c] 1.000", "[c, a] 1.000"]);
    let both = said(
        &db,
        "MATCH (n:Place {name: 'near'})-[r:ROAD*1]-(x) ATTEND r IN (FOR [1, 0]) SCORE AS s RETURN x.name, s < 1.0",
    );
    assert_eq!(both, ["a true", "c true"]);
}

#[test]
fn candidates_are_of_hops_and_the_end_only_decides_what_leaves() {
    let db = map();
    let all = ways(&db, "-[r:ROAD*1..2]->(b)", "");
    let of = |list: &[String], names: &str| {
        list.iter().find(|row| row.starts_with(&format!("[{names}] "))).map_or(-1.0, |row| score(row))
    };
    // What the end, WHERE, or a filter behind says takes no weight away and gives none.
    for text in [
        "-[r:ROAD*1..2]->(b:Place {name: 'mid'})",
        "-[r:ROAD*1..2]->(b WHERE b.name = 'mid')",
        "-[r:ROAD*1..2]->(b) WHERE b.name = 'mid'",
        "-[r:ROAD*1..2]->(b) WHERE none(x IN r WHERE x.km IN [2, 3]) AND size(r) = 2",
    ] {
        assert_eq!(ways(&db, text, ""), [format!("[b, mid] {:.3}", of(&all, "b, mid"))], "{text}");
    }
    // The pattern's own conditions and the mask do.
    for (pattern, options) in [
        ("-[r:ROAD*1..2 WHERE r.km <> 3]->(b)", ""),
        ("((x)-[r:ROAD]->(y) WHERE y.name <> 'far'){1,2}(b)", ""),
        ("-[r:ROAD*1..2]->(b)", "WHERE NODE.name <> 'far'"),
        ("-[r:ROAD*1..2]->(b)", "WHERE r.km <> 3"),
        ("-[r:ROAD*1..2]->(b)", "MIN SIMILARITY -0.77"),
    ] {
        let masked = ways(&db, pattern, options);
        assert_eq!(of(&masked, "b, far"), -1.0);
        assert_eq!(of(&masked, "b, mid"), of(&masked, "b"), "{pattern} {options}: {masked:?}");
    }
    // A mask that leaves nothing ends a path there; what it is so far leaves.
    assert_eq!(ways(&db, "-[r:ROAD*1..3]->(b)", "WHERE r.km < 2"), ["[b] 1.000"]);
    assert_eq!(ways(&db, "-[r:ROAD*2..3]->(b)", "WHERE r.km < 2"), Vec::<String>::new());
    // MIN WEIGHT is of whole paths.
    let heavy = ways(&db, "-[r:ROAD*1..2]->(b)", "MIN WEIGHT 0.4");
    assert_eq!(heavy, all.iter().filter(|row| score(row) >= 0.4).cloned().collect::<Vec<_>>());
    assert!(heavy.len() < all.len() && !heavy.is_empty());
}

#[test]
fn a_beam_keeps_the_best_at_each_step_and_says_so() {
    let db = map();
    // Greedy: `b` is better than `c`, so what follows `c` is never looked at.
    let greedy = ways(&db, "-[r:ROAD*2..2]->(b)", "BEAM 1");
    assert_eq!(greedy.len(), 1);
    assert!(greedy[0].starts_with("[b, mid]"), "{greedy:?}");
    let wide = ways(&db, "-[r:ROAD*2..2]->(b)", "BEAM [2, 1]");
    assert_eq!(wide, ways(&db, "-[r:ROAD*2..2]->(b)", "LIMIT 1"));
    assert!(wide[0].starts_with("[c, near]") || score(&wide[0]) > score(&greedy[0]) - 1e-9, "{wide:?}");
    // The last width goes on; one for each step and group.
    assert_eq!(ways(&db, "-[r:ROAD*1..3]->(b)", "BEAM [1]").len(), 2, "`b`, and `mid` behind it");
    assert_eq!(ways(&db, "-[r:ROAD*1..2]->(b)", "BEAM [2, 3]").len(), 5);
    let why = |beam: &str| {
        said(
            &db,
            &format!(
                "MATCH (:Place {{name: 'a'}})-[r:ROAD*2..2]->(b) ATTEND r IN (FOR [1, 0] {beam} LIMIT 1) WHY AS w \
                 RETURN w.exact, w.beam, w.lengthNorm, size(w.hops), w.hops[0].candidates, w.query"
            ),
        )
    };
    assert_eq!(why("BEAM 1"), ["false [1] false 2 2 a vector of 2 numbers"]);
    assert_eq!(why("BEAM [9, 9]"), ["true [9, 9] false 2 2 a vector of 2 numbers"]);
    assert_eq!(why("BEAM null"), ["true null false 2 2 a vector of 2 numbers"]);
}

#[test]
fn the_work_follows_the_beam() {
    let db = Database::memory().unwrap();
    must(&db, "CREATE EMBEDDING text FOR (n:N) ON n.vec DIMENSION 2");
    // 30 nodes of each of 12 layers, each with roads to all of the next: 30^11 ways.
    must(&db, "UNWIND range(0, 359) AS i CREATE (:N {i: i, vec: [cos(i * 0.7), sin(i * 0.7)]})");
    must(&db, "MATCH (a:N), (b:N) WHERE b.i / 30 = a.i / 30 + 1 CREATE (a)-[:R]->(b)");
    let text = |n: u32, options: &str| {
        format!(
            "MATCH (:N {{i: 0}})-[r:R*{n}]->(b) ATTEND r IN (FOR [1, 0] TEMPERATURE 0.1 {options}) SCORE AS s \
             RETURN size(r), s, b.i / 30"
        )
    };
    let beam = said(&db, &text(11, "BEAM 8"));
    assert_eq!(beam.len(), 8);
    assert!(beam.iter().all(|row| row.starts_with("11 ") && row.ends_with(" 11")), "{beam:?}");
    // Without one, who wants the best few does not wait for all 24 million.
    let best = said(&db, &text(5, "LIMIT 2"));
    assert_eq!(best, said(&db, &text(5, "BEAM 1000 LIMIT 2")));
}

#[test]
fn groups_are_starts_and_what_per_says_and_limit_counts_paths() {
    let db = map();
    let of = |rest: &str| said(&db, &format!("MATCH (a:Place)-[r:ROAD*1..2]->(b) WHERE a.name < 'c' ATTEND r {rest}"));
    assert_eq!(of("IN (FOR [1, 0] LIMIT 1) RETURN a.name, b.name"), ["a b", "b mid"]);
    refused(
        &db,
        "UNWIND [[1, 0], [0, 1]] AS q MATCH (a:Place {name: 'b'})-[r:ROAD*1..2]->(b) ATTEND r IN (FOR q) RETURN r",
        "`q` differs between the rows that ATTEND ranks together",
        "PER q",
    );
    refused(
        &db,
        "UNWIND [1, 2] AS q MATCH (a:Place {name: 'b'})-[r:ROAD*1..2]->(b) ATTEND r IN (FOR [1, 0] BEAM q) RETURN r",
        "`q` differs",
        "PER q",
    );
    refused(
        &db,
        "UNWIND [1, 2] AS q MATCH (a:Place {name: 'b'})-[r:ROAD*1..2 WHERE r.km > q]->(b) ATTEND r IN (FOR [1, 0]) RETURN r",
        "`q` differs",
        "PER q",
    );
    let per = said(
        &db,
        "UNWIND [[1, 0], [-1, 0]] AS q MATCH (a:Place {name: 'a'})-[r:ROAD*2..2]->(b) ATTEND r PER q IN (FOR q LIMIT 1) \
         SCORE AS s RETURN q[0], b.name, s > 0.5",
    );
    assert_eq!(per.len(), 2);
    assert!(per[1].starts_with("-1 near") || per[1].starts_with("-1 far"), "{per:?}");
    // PER what else the pattern finds, though a plan would rather find it later.
    let per = said(
        &db,
        "MATCH (q:Place {name: 'near'}), (a:Place {name: 'a'})-[r:ROAD*1..1]->(b) ATTEND r PER q IN (FOR q LIMIT 1) \
         RETURN q.name, b.name",
    );
    assert_eq!(per, ["near b"]);
    // The end too: for each one, the ways to it.
    let per = said(
        &db,
        "MATCH (a:Place {name: 'a'})-[r:ROAD*1..2]->(b) ATTEND r PER b IN (FOR b LIMIT 1) RETURN b.name, size(r) ORDER BY b.name",
    );
    assert_eq!(per, ["b 1", "c 1", "far 2", "mid 2", "near 2"]);
    // Rows that share a start share its paths; DISTINCT gives one row for each.
    let rows = "UNWIND [1, 2] AS n MATCH (a:Place {name: 'a'})-[r:ROAD*1..2]->(b) ATTEND";
    let all = said(&db, &format!("{rows} r IN (FOR [1, 0] LIMIT 2) SCORE AS s RETURN n, b.name"));
    assert_eq!(all.len(), 4, "two paths, each with both rows: {all:?}");
    assert_eq!(
        said(&db, &format!("{rows} DISTINCT r IN (FOR [1, 0] LIMIT 2) SCORE AS s RETURN size(r), s > 0.0")).len(),
        2
    );
    refused(&db, &format!("{rows} DISTINCT r IN (FOR [1, 0]) RETURN b"), "variable `b` is not defined", "");
}

#[test]
fn limit_counts_the_paths_for_which_the_whole_pattern_matches() {
    let db = map();
    must(
        &db,
        "MATCH (m:Place {name: 'mid'}), (f:Place {name: 'far'}) CREATE (m)-[:SELLS]->(:Ware {of: 'mid'}), \
               (m)-[:SELLS]->(:Ware {of: 'mid'}), (f)-[:SELLS]->(:Ware {of: 'far'})",
    );
    let of = |rest: &str| {
        said(
            &db,
            &format!(
                "MATCH (a:Place {{name: 'a'}})-[r:ROAD*1..2]->(b)-[:SELLS]->(w) ATTEND {rest} SCORE AS s \
                 RETURN [x IN r | endNode(x).name], s"
            ),
        )
    };
    let all = of("r IN (FOR [1, 0])");
    assert_eq!(
        all.iter().map(|row| row.split(']').next().unwrap()).collect::<Vec<_>>(),
        ["[b, mid", "[b, mid", "[b, far"]
    );
    assert_eq!(of("r IN (FOR [1, 0] LIMIT 1)"), all[..2]);
    assert_eq!(of("DISTINCT r IN (FOR [1, 0] LIMIT 2)"), [all[0].clone(), all[2].clone()]);
    // The same where `b` is known from an earlier clause, or the plan finds it first.
    for text in [
        "MATCH (b {name: 'far'}) MATCH (a:Place {name: 'a'})-[r:ROAD*1..2]->(b) ATTEND r IN (FOR [1, 0] LIMIT 1) SCORE AS s RETURN s",
        "MATCH (w:Ware {of: 'far'})<-[:SELLS]-(b)<-[:X*0..1]-(b2), (a:Place {name: 'a'})-[r:ROAD*1..2]->(b) \
         ATTEND r IN (FOR [1, 0] LIMIT 1) SCORE AS s RETURN s",
    ] {
        assert_eq!(said(&db, text), [format!("{:.3}", score(&all[2]))], "{text}");
    }
    // Relationships of one MATCH differ: a path that uses another's leaves no row, and keeps its weight.
    let apart = said(
        &db,
        "MATCH (a:Place {name: 'a'})-[q:ROAD]->(x {name: 'b'}), (a)-[r:ROAD*1..1]->(b) ATTEND r IN (FOR [1, 0]) SCORE AS s \
         RETURN b.name, s < 0.5",
    );
    assert_eq!(apart, ["c true"]);
}

#[test]
fn the_score_may_be_normed_by_length() {
    let db = map();
    let plain = ways(&db, "-[r:ROAD*0..2]->(b)", "");
    assert_eq!(plain[0], "[] 1.000", "nothing is certain: {plain:?}");
    let normed = ways(&db, "-[r:ROAD*1..2]->(b)", "LENGTH NORM");
    for row in &normed {
        let n = row.split(']').next().unwrap().split(',').count() as f64;
        let names = row.split(" 0").next().unwrap().split(" 1").next().unwrap();
        let product = score(plain.iter().find(|plain| plain.starts_with(&format!("{names} "))).unwrap());
        assert!((score(row).powf(n) - product).abs() < 0.005, "{row} {product}");
    }
    assert!(normed[0].starts_with("[c, near]") || normed[0].starts_with("[b]"), "{normed:?}");
    assert_ne!(
        normed.iter().map(|r| &r[..4]).collect::<Vec<_>>(),
        plain[1..].iter().map(|r| &r[..4]).collect::<Vec<_>>()
    );
}

#[test]
fn outputs_are_of_the_whole_path() {
    let db = map();
    let rows = must(
        &db,
        "MATCH p = (:Place {name: 'a'})-[r:ROAD*0..2]->(b) ATTEND r IN (FOR [1, 0] PRIOR 0.5 BOOST 0.1 * r.km AS km) \
         SCORE AS s, LOGIT AS z, SIMILARITY AS sim, HOPS AS h, WHY AS w RETURN s, z, sim, h, w, length(p), size(r)",
    )
    .rows;
    assert_eq!(rows.len(), 6);
    for row in &rows {
        let Value::List(hops) = &row[3] else { panic!("{}", row[3]) };
        assert_eq!((hops.len() as i64, &row[5]), (row[6].as_int().unwrap(), &row[6]));
        let (mut product, mut logit) = (1.0, 0.0);
        let Value::Map(why) = &row[4] else { panic!("{}", row[4]) };
        let Some(Value::List(parts)) = why.get("hops") else { panic!("{why:?}") };
        for (hop, part) in hops.iter().zip(parts.iter()) {
            let (Value::Map(hop), Value::Map(part)) = (hop, part) else { panic!("{hop} {part}") };
            assert!(matches!(hop.get("relationship"), Some(Value::Relationship(_))));
            product *= number(hop.get("weight").unwrap());
            let Some(Value::List(heads)) = part.get("heads") else { panic!("{part:?}") };
            let Value::Map(head) = &heads[0] else { panic!() };
            logit += number(head.get("logit").unwrap());
        }
        assert!((product - number(&row[0])).abs() < 1e-6, "{row:?}");
        assert!((logit - number(&row[1])).abs() < 1e-5, "{row:?}");
    }
    let alone = rows.iter().find(|row| row[6] == Value::Int(0)).unwrap();
    assert_eq!((&alone[2], number(&alone[1])), (&Value::Null, 0.0));
    let two = rows.iter().find(|row| row[6] == Value::Int(2)).unwrap();
    assert!(number(&two[2]).abs() <= 1.0);
    // The WHERE behind filters and changes no weight; a node is ranked by what was left.
    let left = said(
        &db,
        "MATCH (:Place {name: 'a'})-[r:ROAD*1..2]->(b) ATTEND r IN (FOR [1, 0]) SCORE AS s WHERE s < 0.5 AND size(r) = 2 \
         ATTEND b IN (FOR [0, 1]) SCORE AS t RETURN b.name, s, t < 1.0",
    );
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn content_is_of_the_relationship_else_of_the_node_it_reaches() {
    let db = map();
    must(&db, "CREATE EMBEDDING said FOR ()-[r:ROAD]-() ON r.vec DIMENSION 2");
    must(&db, "MATCH ()-[r:ROAD]->() SET r.vec = [r.km, 1]");
    let best = |inside: &str| {
        let text = format!(
            "MATCH (a:Place {{name: 'a'}})-[r:ROAD*2..2]->(b) ATTEND r IN ({inside} LIMIT 1) RETURN [x IN r | x.km]"
        );
        said(&db, &text).join("; ")
    };
    assert_eq!(best("FOR [1, 0] ON NODE text"), "[2, 5]");
    assert_eq!(best("FOR [1, 0]"), "[2, 5]", "longer roads are more alike");
    assert_eq!(best("FOR [0, 1] ON said"), "[1, 3]");
    assert_eq!(best("FOR {text: [-1, 0]} ON text"), "[2, 5]", "`c` is less unlike");
    refused(
        &db,
        "MATCH (a:Place)-[r:ROAD*1..2]->(b) ATTEND r IN (FOR [1, 0] ON NODE said) RETURN r",
        "`said` is one of relationships",
        "",
    );
    // Without a query, priors and boosts rank alone.
    assert_eq!(best("BOOST r.km AS km"), "[2, 5]");
    assert_eq!(best("BOOST -r.km AS km"), "[1, 3]");
}

#[test]
fn halves_and_codes_are_compared_as_single_relationships_are() {
    for storage in ["F32", "F16", "INT8"] {
        let folder = tempfile::tempdir().unwrap();
        let db = Database::open(folder.path().join("map.kg")).unwrap();
        must(&db, &format!("CREATE EMBEDDING text FOR (n:N) ON n.vec DIMENSION 3 STORAGE {storage}"));
        must(&db, "UNWIND range(0, 40) AS i CREATE (:N {i: i, vec: [cos(i), sin(i), (i % 7) / 7.0]})");
        must(&db, "MATCH (a:N), (b:N) WHERE (a.i * 7 + b.i) % 5 = 0 CREATE (a)-[:R]->(b)");
        db.checkpoint().unwrap();
        must(&db, "MATCH (n:N {i: 4}) SET n.vec = [0.1, 0.2, 0.3]");
        let of = |pattern: &str, rel: &str| {
            let text = format!(
                "MATCH (a:N {{i: 3}})-[{pattern}]->(b) ATTEND r IN (FOR [1, 0.3, 0.2]) SCORE AS s, SIMILARITY AS sim \
                 RETURN id({rel}), s, sim"
            );
            must(&db, &text).rows.iter().map(|row| format!("{row:?}")).collect::<Vec<_>>()
        };
        let (one, single) = (of("r:R*1..1", "r[0]"), of("r:R", "r"));
        assert!(one.len() > 4);
        assert_eq!(one, single, "{storage}");
    }
}

#[test]
fn it_stands_in_optional_matches_subqueries_and_transactions() {
    let db = map();
    let optional = said(
        &db,
        "MATCH (n:Place) WHERE n.name IN ['mid', 'c'] OPTIONAL MATCH (n)-[r:ROAD*1..2]->(b) ATTEND r IN (FOR [1, 0] LIMIT 1) \
         SCORE AS s, HOPS AS h RETURN n.name, b.name, s, size(h) ORDER BY n.name",
    );
    assert_eq!(optional, ["c near 1.000 1", "mid null null null"]);
    let nested = said(
        &db,
        "MATCH (n:Place) CALL (n) { MATCH (n)-[r:ROAD*1..3]->(b) ATTEND r IN (FOR n BEAM 2 LIMIT 1) SCORE AS s RETURN b, s } \
         RETURN n.name, b.name ORDER BY n.name",
    );
    assert_eq!(nested.len(), 4, "{nested:?}");
    let collected = said(
        &db,
        "MATCH (n:Place {name: 'a'}) RETURN COLLECT { MATCH (n)-[r:ROAD*1..2]->(b) ATTEND r IN (FOR [1, 0] LIMIT 2) RETURN b.name }, \
         EXISTS { MATCH (n)-[r:ROAD*1..2]->(b) ATTEND r IN (FOR [1, 0] WHERE false) RETURN b }",
    );
    assert_eq!(collected, ["[b, c] false"]);
    // A transaction ranks what it wrote itself; what is written later is not seen.
    let mut tx = db.write().unwrap();
    tx.execute("MATCH (m:Place {name: 'mid'}) CREATE (m)-[:ROAD {km: 9}]->(:Place {name: 'new', vec: [1, 0]})", ())
        .unwrap();
    let text =
        "MATCH (a:Place {name: 'a'})-[r:ROAD*3..3]->(b) ATTEND r IN (FOR [1, 0] BEAM 4) RETURN b.name ORDER BY b.name";
    let names: Vec<Value> = tx.query(text, ()).unwrap().map(|row| row.unwrap().values()[0].clone()).collect();
    assert_eq!(names, [Value::from("a"), Value::from("new")]);
    drop(tx);
    must(
        &db,
        "MATCH (a:Place {name: 'a'})-[r:ROAD*1..2]->(b) ATTEND r IN (FOR [1, 0]) SCORE AS s CREATE (a)-[:ROAD {km: 100}]->(b)",
    );
    assert_eq!(said(&db, "MATCH ()-[r:ROAD {km: 100}]->() RETURN count(*)"), ["5"]);
}

#[test]
fn the_same_from_blocks_as_from_changes() {
    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path().join("map.kg")).unwrap();
    must(&db, "CREATE EMBEDDING text FOR (n:N) ON n.vec DIMENSION 3");
    must(&db, "UNWIND range(0, 2999) AS i CREATE (:N {i: i, vec: [cos(i), sin(i), (i % 7) / 7.0]})");
    must(&db, "CREATE CONSTRAINT FOR (n:N) REQUIRE n.i IS UNIQUE");
    must(
        &db,
        "MATCH (a:N) UNWIND [a.i * 7 % 2999, a.i * 13 % 2993, (a.i + 1) % 3000] AS i MATCH (b:N {i: i}) CREATE (a)-[:R]->(b)",
    );
    let ask = || {
        let text = "UNWIND [1, 20, 300] AS i MATCH (a:N {i: i})-[r:R*1..3]-(b) ATTEND r IN (FOR [1, 0, 0] BEAM 16 LIMIT 20) SCORE AS s \
                    RETURN i, [x IN r | id(x)], s";
        must(&db, text).rows.iter().map(|row| format!("{row:?}")).collect::<Vec<_>>()
    };
    let before = ask();
    assert_eq!(before.len(), 60);
    assert!(db.checkpoint().unwrap());
    assert_eq!(ask(), before);
    must(&db, "MATCH (a:N {i: 20})-[r:R]->(b) WITH r LIMIT 1 DELETE r");
    assert_ne!(ask(), before);
}

#[test]
fn the_plan_shows_one_operator() {
    let db = map();
    let plan = |text: &str| said(&db, &format!("EXPLAIN {text}")).join("\n");
    let text = "MATCH (a:Place {name: 'a'})-[r:ROAD*1..3 WHERE r.km > 0]->(b WHERE b.name <> 'y') ATTEND r IN (FOR [1, 0] WHERE NODE.name <> 'x' \
                BEAM [64, 32] LENGTH NORM LIMIT 5) SCORE AS s RETURN b.name, s";
    let fused = plan(text);
    assert!(fused.contains("AttendPaths (a)-[:ROAD*1..3]->(b) where each"), "{fused}");
    assert!(fused.contains("beam [64, 32] length norm that end where"), "{fused}");
    assert!(!fused.contains("VarExpand") && !fused.contains("LimitPaths"), "{fused}");
    let more = plan(
        "MATCH (a:Place {name: 'a'})-[r:ROAD*1..3]->(b)-[:SELLS]->(c) ATTEND r IN (FOR [1, 0] BEAM 4 LIMIT 5) RETURN c",
    );
    let (limit, paths) = (more.find("LimitPaths 5"), more.find("AttendPaths (a)-[:ROAD*1..3]->(b)"));
    assert!(limit.zip(paths).is_some_and(|(limit, paths)| limit < paths), "{more}");
    // Left to right, though from the right there would be less to do.
    must(&db, "CREATE CONSTRAINT FOR (p:Place) REQUIRE p.name IS UNIQUE");
    let left = plan("MATCH (a:Place)-[r:ROAD*1..3]->(b:Place {name: 'near'}) ATTEND r IN (FOR [1, 0] BEAM 4) RETURN a");
    assert!(left.contains("AttendPaths") && left.contains("(a)-[:ROAD*1..3]->(b)"), "{left}");
}

#[test]
fn what_is_asked_wrongly_is_refused_with_a_hint() {
    let db = map();
    let inside = |options: &str, message: &str, hint: &str| {
        refused(
            &db,
            &format!("MATCH (a)-[r:ROAD*1..2]->(b) ATTEND r IN (FOR [1, 0] {options}) RETURN r"),
            message,
            hint,
        );
    };
    for beam in ["0", "-1", "1.5", "[]", "[4, 0]", "[4, -2]"] {
        // Constant: before anything runs.
        let text = format!("MATCH (a)-[r:ROAD*1..2]->(b) ATTEND r IN (FOR [1, 0] BEAM {beam}) RETURN r");
        let error = db.prepare(&text).err().unwrap_or_else(|| panic!("{text} compiles")).to_string();
        assert!(error.contains("BEAM keeps 1 path or more") && error.contains("BEAM [64, 32, 16]"), "{error}");
    }
    inside("BEAM $zero", "BEAM must be an integer of 1 or more", "BEAM [64, 32, 16]");
    inside("BEAM 'wide'", "an integer or a list of integers", "");
    inside("BEAM 1 BEAM 2", "BEAM is given twice", "");
    inside("LIMIT -1", "LIMIT must be an integer of 0 or more", "");
    inside("BOOST count(*)", "a relationship of a path that is on its way has none", "");
    inside("BOOST b.x", "may differ between the rows of one candidate", "");
    inside("BOOST 'x' AS x", "a number, as BOOST adds", "");
    let of = |text: &str, message: &str, hint: &str| refused(&db, text, message, hint);
    of("MATCH (a)-[r:ROAD*1..2]->(b) ATTEND r PER r IN (FOR [1, 0]) RETURN r", "PER names what is ranked", "");
    of(
        "MATCH (a)-[r:ROAD*1..2]->(b) WITH r ATTEND r IN (FOR [1, 0]) RETURN r",
        "ATTEND on the path `r` comes right behind its MATCH",
        "put it before the other clauses",
    );
    of(
        "MATCH (a)-[r:ROAD*1..2]->(b) ATTEND b IN (FOR [1, 0]) ATTEND r IN (FOR [1, 0]) RETURN r",
        "comes right behind its MATCH",
        "put it before the other clauses",
    );
    of(
        "MATCH (a)-[r:ROAD]->(b) WITH collect(r) AS all ATTEND all IN (FOR [1, 0]) RETURN all",
        "follows the MATCH that finds it",
        "MATCH (a)-[r:TYPE*1..3]->(b) ATTEND r IN (...)",
    );
    of(
        "MATCH SHORTEST 2 (a {name: 'a'})-[r:ROAD]->+(b {name: 'mid'}) ATTEND r IN (FOR [1, 0]) RETURN r",
        "selected by the number of its relationships",
        "LIMIT keeps the best paths",
    );
    of(
        "MATCH p = shortestPath((a {name: 'a'})-[r:ROAD*]->(b {name: 'mid'})) ATTEND r IN (FOR [1, 0]) RETURN r",
        "selected by the number of its relationships",
        "LIMIT keeps the best paths",
    );
    of("MATCH ((x)-[r:ROAD]->(y)-[q:ROAD]->(z)){1,2} ATTEND r IN (FOR [1, 0]) RETURN r", "ATTEND", "");
    of(
        "MATCH ACYCLIC (a)-[r:ROAD]->{1,2}(b) ATTEND r IN (FOR [1, 0]) RETURN r",
        "searched as a whole",
        "rank one relationship repeated in one direction",
    );
    of(
        "MATCH (a)-[r:ROAD*1..2]->(b)-[q:ROAD*1..2]->(c) ATTEND r IN (FOR [1, 0]) ATTEND q IN (FOR [1, 0]) RETURN r",
        "one path of a MATCH is ranked already",
        "in a MATCH of its own",
    );
    of(
        "MATCH p = (a)-[r:ROAD*1..2]->(b) ATTEND r PER p IN (FOR [1, 0]) RETURN r",
        "reads `p`, which is found only with the path or behind it",
        "",
    );
}

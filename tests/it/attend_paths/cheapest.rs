//! CHEAPEST and COST BY: each rule, and random graphs beside a walk over all simple paths.

use attendb::{Database, Value, params};

use crate::support::{must, random::Random};

/// Roads between `a` and `d`: over `b` 2 and 2, over `c` 1 and 4, straight 7; from `b` to `c` 0.5.
fn map() -> Database {
    let db = Database::memory().unwrap();
    for text in [
        "CREATE EMBEDDING text FOR (n:Place) ON n.vec DIMENSION 2",
        "UNWIND [['a', 0.0], ['b', 2.0], ['c', 0.1], ['d', 0.3], ['far', 1.0]] AS row \
         CREATE (:Place {name: row[0], vec: [cos(row[1]), sin(row[1])]})",
        "UNWIND [['a', 'b', 2.0], ['b', 'd', 2.0], ['a', 'c', 1.0], ['c', 'd', 4.0], ['a', 'd', 7.0], ['b', 'c', 0.5]] AS row \
         MATCH (x:Place {name: row[0]}), (y:Place {name: row[1]}) CREATE (x)-[:ROAD {km: row[2]}]->(y)",
    ] {
        must(&db, text);
    }
    db
}

fn said(db: &Database, text: &str) -> Vec<String> {
    let show = |value: &Value| match value {
        Value::Float(x) => format!("{x:.2}"),
        other => other.to_string().replace('\'', ""),
    };
    must(db, text).rows.iter().map(|row| row.iter().map(show).collect::<Vec<_>>().join(" ")).collect()
}

#[track_caller]
fn refused(db: &Database, text: &str, message: &str, hint: &str) {
    let found = db.query(text, ()).and_then(|rows| rows.collect::<attendb::Result<Vec<_>>>());
    let error = found.expect_err(text).to_string();
    assert!(error.contains(message) && error.contains(hint), "{text}\n{error}\nexpected: {message}, {hint}");
}

/// The ways from `a` to `d`.
fn ways(db: &Database, selector: &str, rest: &str) -> Vec<String> {
    let ends = "(a:Place {name: 'a'})-[r:ROAD]->+(d:Place {name: 'd'})";
    said(db, &format!("MATCH p = {selector} {ends} {rest} RETURN [n IN nodes(p) | n.name], total"))
}

#[test]
fn the_cheapest_come_first_and_no_place_twice() {
    let db = map();
    let all = ["[a, b, d] 4.00", "[a, c, d] 5.00", "[a, b, c, d] 6.50", "[a, d] 7.00"];
    assert_eq!(ways(&db, "CHEAPEST 9", "COST BY r.km AS total"), all);
    assert_eq!(ways(&db, "CHEAPEST 3", "COST BY r.km AS total"), all[..3]);
    assert_eq!(ways(&db, "CHEAPEST", "COST BY r.km AS total"), all[..1]);
    assert_eq!(ways(&db, "CHEAPEST 2", "COST BY 1 AS total"), ["[a, d] 1.00", "[a, b, d] 2.00"]);
    // The WHERE behind tests what was chosen, and adds none.
    assert_eq!(ways(&db, "CHEAPEST 2", "COST BY r.km AS total WHERE total > 4 AND size(r) = 2"), all[1..2]);
    assert_eq!(ways(&db, "CHEAPEST 2", "WHERE a.name = 'a' COST BY r.km AS total"), all[..2]);
    // A road is closed by its cost, or by the pattern.
    let closed = "COST BY CASE endNode(r).name WHEN 'b' THEN 1.0 / 0.0 ELSE r.km END AS total";
    assert_eq!(ways(&db, "CHEAPEST 3", closed), ["[a, c, d] 5.00", "[a, d] 7.00"]);
    assert_eq!(
        ways(&db, "CHEAPEST 3", "COST BY CASE NODE.name WHEN 'b' THEN 1.0 / 0.0 ELSE r.km END AS total").len(),
        2
    );
    let inline = "MATCH p = CHEAPEST 3 (a {name: 'a'})-[r:ROAD WHERE r.km <> 2.0]->+(d {name: 'd'}) COST BY r.km AS total \
                  RETURN [n IN nodes(p) | n.name], total";
    assert_eq!(said(&db, inline), ["[a, c, d] 5.00", "[a, d] 7.00"]);
    // Lengths.
    let of = |pattern: &str| {
        said(
            &db,
            &format!(
                "MATCH p = CHEAPEST 4 (a {{name: 'a'}}){pattern}(d {{name: 'd'}}) COST BY r.km AS total \
                 RETURN [n IN nodes(p) | n.name], total"
            ),
        )
    };
    assert_eq!(of("-[r:ROAD*1..1]->"), all[3..]);
    assert_eq!(of("-[r:ROAD]->"), all[3..]);
    assert_eq!(of("-[r:ROAD]->{3,5}"), all[2..3]);
    assert_eq!(of("-[r:ROAD*..2]->"), [all[0], all[1], all[3]]);
    assert_eq!(of("<-[r:ROAD*]-"), Vec::<String>::new());
    let back = "MATCH p = CHEAPEST (d {name: 'd'})<-[r:ROAD*]-(a {name: 'a'}) COST BY r.km AS total \
                RETURN [n IN nodes(p) | n.name], total";
    assert_eq!(said(&db, back), ["[d, b, a] 4.00"]);
    // Undirected: over `c` and `b`, the other way round, too.
    assert_eq!(of("-[r:ROAD*]-")[..2], ["[a, c, b, d] 3.50", "[a, b, d] 4.00"]);
    // From a place to itself: nowhere, and the cheapest circle.
    let circle = "MATCH p = CHEAPEST 2 (a {name: 'a'})-[r:ROAD*0..]-(a) COST BY r.km AS total RETURN length(p), total";
    assert_eq!(said(&db, circle), ["0 0.00", "3 3.50"]);
}

#[test]
fn costs_read_similarity_and_attention() {
    let db = map();
    // `b` is unlike the query: the way over `c` costs less though it is longer.
    let q = "ATTEND r IN (FOR [1, 0])";
    assert_eq!(
        ways(&db, "CHEAPEST", &format!("{q} COST BY r.km * (2 - similarity(r)) AS total"))[0][..9],
        *"[a, c, d]"
    );
    assert_eq!(
        ways(&db, "CHEAPEST", "ATTEND r IN (FOR [-1, 0]) COST BY r.km * (2 - similarity(r)) AS total")[0][..9],
        *"[a, b, d]"
    );
    // What `-ln(attention)` costs is what a path's weight is: the same ways as ATTEND alone ranks.
    let cheapest = said(
        &db,
        "MATCH CHEAPEST 9 (a {name: 'a'})-[r:ROAD*1..3]->(d {name: 'd'}) ATTEND r IN (FOR [1, 0] TEMPERATURE 0.7) SCORE AS s, \
         HOPS AS h COST BY -log(attention(r)) AS total RETURN [x IN r | id(x)], s, round(exp(-total) * 1000) = round(s * 1000), \
         size(h)",
    );
    let ranked = said(
        &db,
        "MATCH (a {name: 'a'})-[r:ROAD*1..3]->(d {name: 'd'}) ATTEND r IN (FOR [1, 0] TEMPERATURE 0.7) SCORE AS s \
         RETURN [x IN r | id(x)], s, true, size(r)",
    );
    assert_eq!(cheapest, ranked);
    assert_eq!(cheapest.len(), 4);
    // Masks close roads; the WHERE behind may ask for the path's own.
    let masked = "ATTEND r IN (FOR [1, 0] WHERE NODE.name <> 'b') COST BY r.km AS total";
    assert_eq!(ways(&db, "CHEAPEST 9", masked), ["[a, c, d] 5.00", "[a, d] 7.00"]);
    let alike = format!("{q} COST BY r.km AS total WHERE similarity(r) > 0.9 AND attention(r) < 1");
    assert_eq!(ways(&db, "CHEAPEST 9", &alike), ["[a, c, d] 5.00", "[a, d] 7.00"]);
    // The query may differ from row to row.
    let rows = said(
        &db,
        "UNWIND [[1, 0], [-1, 0]] AS q MATCH p = CHEAPEST (a {name: 'a'})-[r:ROAD]->+(d {name: 'd'}) ATTEND r IN (FOR q) \
         COST BY r.km * (2 - similarity(r)) AS total RETURN q[0], [n IN nodes(p) | n.name]",
    );
    assert_eq!(rows, ["1 [a, c, d]", "-1 [a, b, d]"]);
}

#[test]
fn it_stands_where_a_match_stands() {
    let db = map();
    let pairs = said(
        &db,
        "MATCH (x:Place {name: 'a'}), (y:Place) WHERE y.name <> 'a' MATCH CHEAPEST (x)-[r:ROAD]->+(y) COST BY r.km AS total \
         RETURN y.name, total ORDER BY y.name",
    );
    assert_eq!(pairs, ["b 2.00", "c 1.00", "d 4.00"]);
    let optional = said(
        &db,
        "MATCH (x:Place {name: 'a'}), (y:Place) WHERE y.name IN ['far', 'c'] OPTIONAL MATCH CHEAPEST (x)-[r:ROAD]->+(y) \
         COST BY r.km AS total RETURN y.name, total, size(r) ORDER BY y.name",
    );
    assert_eq!(optional, ["c 1.00 1", "far null null"]);
    let inside = said(
        &db,
        "MATCH (y:Place {name: 'd'}) RETURN COLLECT { MATCH CHEAPEST 2 (:Place {name: 'a'})-[r:ROAD]->+(y) COST BY r.km AS t \
         RETURN t } AS ts",
    );
    assert_eq!(inside, ["[4.0, 5.0]"]);
    let plan =
        said(&db, "EXPLAIN MATCH CHEAPEST 2 (a {name: 'a'})-[r:ROAD]->+(d {name: 'd'}) COST BY r.km AS t RETURN t")
            .join("\n");
    assert!(plan.contains("CheapestPaths 2 (a)-[:ROAD*1..]->(d) by"), "{plan}");
}

#[test]
fn what_is_asked_wrongly_is_refused_with_a_hint() {
    let db = map();
    let ends = "(a {name: 'a'})-[r:ROAD]->+(d {name: 'd'})";
    let of = |text: &str, message: &str, hint: &str| refused(&db, text, message, hint);
    of(&format!("MATCH CHEAPEST {ends} COST BY r.km - 3 RETURN r"), "it must be 0 or more", "infinity closes a road");
    of(&format!("MATCH CHEAPEST {ends} COST BY r.miles RETURN r"), "is null", "coalesce");
    of(&format!("MATCH CHEAPEST {ends} COST BY 0.0 / 0.0 RETURN r"), "it must be 0 or more", "");
    of(&format!("MATCH CHEAPEST {ends} COST BY 'far' RETURN r"), "a number, as COST BY sums", "");
    of(&format!("MATCH CHEAPEST {ends} RETURN r"), "CHEAPEST needs to know what a relationship costs", "");
    of(&format!("MATCH {ends} COST BY r.km RETURN r"), "COST BY follows the MATCH of a CHEAPEST path", "CHEAPEST 3");
    of(
        &format!("MATCH CHEAPEST {ends} COST BY similarity(r) RETURN r"),
        "needs the relationships to be ranked",
        "put ATTEND r",
    );
    of(&format!("MATCH {ends} RETURN similarity(r)"), "exists only in COST BY", "SIMILARITY AS s");
    let ranked = format!("MATCH CHEAPEST {ends} ATTEND r IN (FOR [1, 0]) COST BY");
    of(&format!("{ranked} similarity(a) RETURN r"), "is of the relationship of the path", "write similarity(r)");
    let option = |option: &str, message: &str| {
        of(
            &format!("MATCH CHEAPEST {ends} ATTEND r IN (FOR [1, 0] {option}) COST BY r.km RETURN r"),
            message,
            "CHEAPEST says how many",
        );
    };
    option("LIMIT 3", "LIMIT has no meaning for CHEAPEST");
    option("BEAM 3", "BEAM has no meaning for CHEAPEST");
    option("LENGTH NORM", "LENGTH NORM has no meaning for CHEAPEST");
    of(
        "MATCH CHEAPEST (a)-[r:ROAD]->(b)-[q:ROAD]->(d) COST BY r.km RETURN r",
        "one relationship repeated",
        "CHEAPEST 3",
    );
    of("MATCH CHEAPEST 0 (a)-[r:ROAD]->+(b) COST BY r.km RETURN r", "at least one path", "");
    let error = db.query(&format!("MATCH CHEAPEST $k {ends} COST BY r.km RETURN r"), params! { "k": 0 });
    let error = error.and_then(|rows| rows.collect::<attendb::Result<Vec<_>>>()).unwrap_err().to_string();
    assert!(error.contains("at least one path"), "{error}");
}

#[test]
fn the_explanation_of_a_cheapest_path_is_exact() {
    let db = map();
    let number = |value: &Value| value.as_float().unwrap_or_else(|| panic!("{value} is no float"));
    let get = |map: &Value, key: &str| match map {
        Value::Map(map) => map.get(key).cloned().unwrap_or_else(|| panic!("no {key} in {map:?}")),
        other => panic!("{other} is no map"),
    };
    let text = "MATCH CHEAPEST 4 (a:Place {name: 'a'})-[r:ROAD]->+(d:Place {name: 'd'}) \
                ATTEND r IN (FOR [1, 0] ON NODE text HEADS 2 BOOST r.km / 4.0 AS km) SCORE AS s, LOGIT AS z, HOPS AS h, WHY AS w \
                COST BY r.km * (2 - attention(r)) AS total RETURN r, s, z, h, w, total";
    let rows = must(&db, text).rows;
    assert_eq!(rows.len(), 4);
    for row in &rows {
        let (Value::List(rels), Value::List(steps), why) = (&row[0], &row[3], &row[4]) else { panic!() };
        let Value::List(hops) = get(why, "hops") else { panic!("{why}") };
        assert_eq!((hops.len(), hops.len()), (rels.len(), steps.len()));
        let (mut product, mut cost, mut logit) = (1.0, 0.0, 0.0);
        for ((hop, rel), step) in hops.iter().zip(rels.iter()).zip(steps.iter()) {
            assert_eq!(get(hop, "relationship").to_string(), rel.to_string());
            assert_eq!(get(hop, "weight"), get(step, "weight"));
            product *= number(&get(hop, "weight"));
            cost += number(&get(hop, "cost"));
            let Value::List(heads) = get(hop, "heads") else { panic!("{hop}") };
            let mean = |key: &str| heads.iter().map(|head| number(&get(head, key))).sum::<f64>() / heads.len() as f64;
            assert_eq!(heads.len(), 2);
            assert!((mean("weight") - number(&get(hop, "weight"))).abs() < 1e-6);
            logit += mean("logit");
            for head in heads.iter() {
                let parts = number(&get(&get(&get(head, "spaces"), "text"), "logit"))
                    + number(&get(&get(&get(head, "boosts"), "km"), "logit"));
                assert!((parts - number(&get(head, "logit"))).abs() < 1e-6, "{head}");
            }
        }
        assert!((product - number(&row[1])).abs() < 1e-6 && (logit - number(&row[2])).abs() < 1e-5, "{why}");
        assert!((cost - number(&row[5])).abs() < 1e-9 && (number(&get(why, "cost")) - cost).abs() < 1e-9, "{why}");
        assert_eq!(get(why, "query").to_string(), "'a vector of 2 numbers'");
    }
    let text = text.replace("WHY AS w", "WHY WITHOUT AS w");
    refused(&db, &text, "WHY WITHOUT has no meaning for a path", "rank the node that it ends at");
}

#[test]
fn random_graphs_give_what_walking_all_simple_paths_gives() {
    let mut random = Random::new(23);
    let mut n_paths = 0;
    for round in 0..60 {
        let db = Database::memory().unwrap();
        must(&db, "UNWIND range(0, 6) AS i CREATE (:N {i: i})");
        let mut rels: Vec<(u64, u64, f64)> = Vec::new();
        for _ in 0..random.below(18) {
            let rel = (random.below(7), random.below(7), random.below(1000) as f64 / 64.0);
            let text = "MATCH (a:N {i: $a}), (b:N {i: $b}) CREATE (a)-[:R {w: $w}]->(b)";
            db.execute(text, params! { "a": rel.0 as i64, "b": rel.1 as i64, "w": rel.2 }).unwrap();
            rels.push(rel);
        }
        for _ in 0..10 {
            let (from, to, both, k) = (random.below(7), random.below(7), random.below(2) == 0, 1 + random.below(5));
            let (min, max) = (1 + random.below(2), 2 + random.below(4));
            let mut want = Vec::new();
            walk(&rels, both, (from, to), (min, max), &mut vec![], 0.0, &mut want);
            want.sort_by(f64::total_cmp);
            want.truncate(k as usize);
            let right = if both { "-" } else { "->" };
            let text = format!(
                "MATCH CHEAPEST {k} (a:N {{i: {from}}})-[r:R*{min}..{max}]{right}(b:N {{i: {to}}}) COST BY r.w AS total \
                 RETURN total, reduce(sum = 0.0, x IN r | sum + x.w) = total"
            );
            let got = must(&db, &text).rows;
            let totals: Vec<f64> = got.iter().map(|row| row[0].as_float().unwrap()).collect();
            assert_eq!(totals, want, "round {round}: {text}\n{rels:?}");
            assert!(got.iter().all(|row| row[1] == Value::Bool(true)), "{text}");
            n_paths += got.len();
        }
    }
    assert!(n_paths > 300, "too little was compared: {n_paths}");
}

/// Walks every simple path; sixty-fourths add up exactly.
fn walk(
    rels: &[(u64, u64, f64)],
    both: bool,
    (from, to): (u64, u64),
    (min, max): (u64, u64),
    way: &mut Vec<(usize, u64)>,
    cost: f64,
    into: &mut Vec<f64>,
) {
    let at = way.last().map_or(from, |(_, node)| *node);
    if !way.is_empty() && at == to {
        if way.len() as u64 >= min {
            into.push(cost);
        }
        return;
    }
    if way.len() as u64 == max {
        return;
    }
    for (id, (start, end, w)) in rels.iter().enumerate() {
        let mut ends = Vec::new();
        if *start == at {
            ends.push(*end);
        }
        if both && *end == at && start != end {
            ends.push(*start);
        }
        for next in ends {
            let was_there = next == from || way.iter().any(|(_, node)| *node == next);
            if (was_there && next != to) || way.iter().any(|(rel, _)| *rel == id) {
                continue;
            }
            way.push((id, next));
            walk(rels, both, (from, to), (min, max), way, cost + w, into);
            way.pop();
        }
    }
}

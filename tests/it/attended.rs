//! `attended(x, 'space')`: what a group of ATTEND saw.

use attendb::{Database, Value, model::Map};

use crate::support::{must, run};

/// Agents that know others; `vec` and `wide` are two spaces of nodes, `said` one of relationships.
fn town() -> Database {
    let db = Database::memory().unwrap();
    for text in [
        "CREATE EMBEDDING text FOR (n:Npc) ON n.vec DIMENSION 2",
        "CREATE EMBEDDING wide FOR (n:Npc) ON n.wide DIMENSION 19 STORAGE INT8",
        "CREATE EMBEDDING said FOR ()-[r]-() ON r.vec DIMENSION 3",
        "UNWIND range(0, 9) AS i CREATE (n:Npc {id: i, vec: [cos(i / 3.0), sin(i / 3.0)]}) \
         SET n.wide = CASE WHEN i % 3 = 0 THEN null ELSE [k IN range(1, 19) | sin(i * k)] END",
        "MATCH (a:Npc), (b:Npc) WHERE a.id < 3 AND b.id > a.id CREATE (a)-[:KNOWS {vec: [a.id, b.id, 1]}]->(b)",
    ] {
        must(&db, text);
    }
    db
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::List(items) => items.iter().map(|x| x.as_float().unwrap()).collect(),
        other => panic!("{other} is no list"),
    }
}

/// `Σ weight · vector` of rows with both; without a vector there is nothing to add.
fn summed(db: &Database, text: &str) -> Vec<f64> {
    let mut sum = Vec::new();
    for row in must(db, text).rows {
        if row[1].is_null() {
            continue;
        }
        let vector = numbers(&row[1]);
        sum.resize(vector.len(), 0.0);
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += row[0].as_float().unwrap() * x);
    }
    sum
}

#[track_caller]
fn near(found: &Value, wanted: &[f64]) {
    let found = numbers(found);
    assert_eq!(found.len(), wanted.len());
    assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?} is not {wanted:?}");
}

#[track_caller]
fn refused(db: &Database, text: &str, message: &str) {
    let found = db.query(text, ()).and_then(|rows| rows.collect::<attendb::Result<Vec<_>>>());
    let error = found.expect_err(text).to_string();
    assert!(error.contains(message), "{text}\n{error}\nexpected: {message}");
}

#[test]
fn it_is_the_sum_over_the_group_before_any_cut() {
    let db = town();
    let matched = "MATCH (me:Npc {id: 0})-[:KNOWS]->(x) ATTEND x IN";
    let asked = "FOR [0.3, 0.9] ON text BOOST x.id / 9.0 AS late WHERE x.id <> 5 TEMPERATURE 0.7";
    for space in ["text", "wide"] {
        let key = if space == "text" { "vec" } else { "wide" };
        let want = summed(&db, &format!("{matched} ({asked}) SCORE AS s RETURN s, x.{key}"));
        for cut in ["", "LIMIT 1", "MIN WEIGHT 0.2", "LIMIT 3 MIN WEIGHT 0.01"] {
            let rows = must(&db, &format!("{matched} ({asked} {cut}) RETURN attended(x, '{space}') AS v")).rows;
            assert_eq!(rows.len(), 1, "an aggregate: one row");
            near(&rows[0][0], &want);
        }
        // Beside other aggregates, in a WITH, written twice, by a parameter; DISTINCT changes no weight.
        let space = Map::from_iter([("space".into(), space.into())]);
        let text = format!(
            "MATCH (me:Npc {{id: 0}})-[:KNOWS]->(x) ATTEND DISTINCT x IN ({asked} LIMIT 2) SCORE AS s \
             WITH count(*) AS n, attended(x, $space) AS v, sum(s) AS s, size(attended(x, $space)) AS size WHERE n = 2 RETURN v, n, size"
        );
        let rows = run(&db, &text, &space).unwrap().rows;
        near(&rows[0][0], &want);
        assert_eq!((rows[0][1].as_int(), rows[0][2].as_int()), (Some(2), Some(want.len() as i64)));
    }
    let want = summed(&db, &format!("{matched} ({asked}) SCORE AS s RETURN s, x.vec"));
    // A WHERE behind ATTEND drops rows, no weights.
    let rows = must(&db, &format!("{matched} ({asked}) SCORE AS s WHERE s > 0.15 RETURN attended(x, 'text')")).rows;
    near(&rows[0][0], &want);
    // Two spaces at once, and what was seen asks the next question.
    let rows = must(
        &db,
        &format!(
            "{matched} ({asked}) WITH attended(x, 'text') AS seen, attended(x, 'wide') AS wide \
             MATCH (y:Npc) ATTEND y IN (FOR seen ON text LIMIT 1) SIMILARITY AS sim RETURN y.id, sim, size(wide)"
        ),
    )
    .rows;
    let norm = (want[0] * want[0] + want[1] * want[1]).sqrt();
    let similarity = |i: f64| ((i / 3.0).cos() * want[0] + (i / 3.0).sin() * want[1]) / norm;
    let best = (0..10).max_by(|a, b| similarity(f64::from(*a)).total_cmp(&similarity(f64::from(*b)))).unwrap();
    assert_eq!((rows[0][0].as_int(), rows[0][2].as_int()), (Some(best.into()), Some(19)));
    assert!((rows[0][1].as_float().unwrap() - similarity(best.into())).abs() < 1e-5);
}

#[test]
fn each_group_has_its_own() {
    let db = town();
    let attend = "MATCH (me:Npc)-[:KNOWS]->(x) ATTEND x PER me IN (FOR me ON text LIMIT 2)";
    let rows = must(&db, &format!("{attend} RETURN me.id, attended(x, 'text') AS v, count(*) ORDER BY me.id")).rows;
    assert_eq!(rows.len(), 3);
    for row in &rows {
        let id = row[0].as_int().unwrap();
        let alone = format!(
            "MATCH (me:Npc {{id: {id}}})-[:KNOWS]->(x) ATTEND x IN (FOR me ON text) SCORE AS s RETURN s, x.vec"
        );
        near(&row[1], &summed(&db, &alone));
        assert_eq!(row[2].as_int(), Some(2));
    }
    refused(&db, &format!("{attend} RETURN attended(x, 'text')"), "these rows are of several");
    refused(&db, &format!("{attend} RETURN attended(x, 'text')"), "group by what PER names");
    // Relationships: what they say, or the nodes that they reach; one softmax for each that they leave.
    let attend = "MATCH (me:Npc {id: 1})-[r:KNOWS]->(x) ATTEND r IN (FOR [1, 2, 0.5] ON said LIMIT 1)";
    for (call, key) in [("attended(r, 'said')", "r.vec"), ("attended(r, 'wide')", "x.wide")] {
        let rows = must(&db, &format!("{attend} RETURN {call}")).rows;
        let all = attend.replace(" LIMIT 1", "");
        near(&rows[0][0], &summed(&db, &format!("{all} SCORE AS s RETURN s, {key}")));
    }
}

#[test]
fn nothing_seen_is_null() {
    let db = town();
    let null = |text: &str| assert_eq!(must(&db, text).rows, [[Value::Null]], "{text}");
    null("MATCH (x:Npc) WHERE x.id % 3 = 0 ATTEND x IN (FOR [1, 0]) RETURN attended(x, 'wide')");
    null("MATCH (x:Npc) ATTEND x IN (FOR [1, 0] WHERE false) RETURN attended(x, 'text')");
    null("MATCH (me:Npc {id: 9}) OPTIONAL MATCH (me)-[:KNOWS]->(x) ATTEND x IN (FOR me) RETURN attended(x, 'text')");
    let rows = must(
        &db,
        "MATCH (me:Npc {id: 0}) OPTIONAL MATCH (me)-[:KNOWS]->(x) ATTEND x IN (FOR me) RETURN attended(x, 'text')",
    );
    assert_eq!(numbers(&rows.rows[0][0]).len(), 2);
}

#[test]
fn elsewhere_it_is_refused() {
    let db = town();
    let matched = "MATCH (me:Npc {id: 0})-[r:KNOWS]->(x)";
    let attend = format!("{matched} ATTEND x IN (FOR me)");
    let of = |text: String, message: &str| refused(&db, &text, message);
    of(format!("{matched} RETURN attended(x, 'text')"), "in the WITH or RETURN that follows it");
    of(format!("{attend} WITH x, me RETURN attended(x, 'text')"), "in the WITH or RETURN that follows it");
    of(format!("{attend} RETURN attended(me, 'text')"), "in the WITH or RETURN that follows it");
    of(format!("{attend} WHERE attended(x, 'text') IS NULL RETURN x"), "is not allowed");
    of(format!("{attend} RETURN sum(attended(x, 'text'))"), "stands inside another aggregating function");
    of(format!("{attend} RETURN attended(DISTINCT x, 'text')"), "DISTINCT means nothing");
    of(format!("{attend} RETURN attended(x)"), "attended");
    of(format!("{attend} RETURN attended(x.vec, 'text')"), "a variable that ATTEND ranks");
    of(format!("{attend} RETURN attended(x, me.name)"), "a string that is written out, or a parameter");
    of(format!("{attend} RETURN attended(x, 'txt')"), "did you mean `text`");
    of(format!("{attend} RETURN attended(x, 'said')"), "is one of relationships");
    of(
        "MATCH (me:Npc {id: 0})-[r:KNOWS*1..2]->(x) ATTEND r IN (FOR me) RETURN attended(r, 'text')".to_owned(),
        "attended() is of what ATTEND ranks",
    );
    of(
        format!("{attend} CALL {{ WITH x RETURN attended(x, 'text') AS v }} RETURN v"),
        "in the WITH or RETURN that follows it",
    );
    let null = Map::from_iter([("space".into(), Value::Null)]);
    let error = run(&db, &format!("{attend} RETURN attended(x, $space)"), &null).err().unwrap().to_string();
    assert!(error.contains("the space of attended() is null"), "{error}");
    // The plan says it; a name that nothing asks for is no word.
    let plan = must(&db, &format!("EXPLAIN {attend} RETURN attended(x, 'text')")).rows;
    assert!(plan.iter().any(|row| row[0].to_string().contains("Attend x for me sums text")), "{plan:?}");
    assert_eq!(must(&db, "WITH 1 AS attended RETURN attended").rows, [[Value::Int(1)]]);
}

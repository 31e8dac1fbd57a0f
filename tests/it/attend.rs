//! ATTEND, SEARCH and the embeddings they work on: each rule of the clause, with a graph where breaking it shows.

use attendb::{Database, Params, Value, model::Map, params};

use super::support::must;

/// A small town. `vec` is the direction of what each is about; the angles to Ada's are 0, 0.1, 0.5, 1.0 and 2.5.
fn town() -> Database {
    let db = Database::memory().unwrap();
    for text in [
        "CREATE EMBEDDING text FOR (n:Npc) ON n.vec DIMENSION 2",
        "UNWIND [['Ada', 0.0, 0], ['Bo', 0.1, 1], ['Cy', 0.5, 2], ['Di', 1.0, 3], ['Ed', 2.5, 4]] AS row \
         CREATE (:Npc {name: row[0], vec: [cos(row[1]), sin(row[1])], rank: row[2]})",
        "CREATE (:Npc {name: 'Flo'})",
        "MATCH (a:Npc {name: 'Ada'}), (x:Npc) WHERE x <> a CREATE (a)-[:KNOWS {since: x.rank}]->(x)",
        "MATCH (b:Npc {name: 'Bo'}), (x:Npc) WHERE x.name IN ['Cy', 'Di'] CREATE (b)-[:KNOWS]->(x)",
    ] {
        must(&db, text);
    }
    db
}

/// The rows as text, values apart by blanks, floats with three digits.
fn said(db: &Database, text: &str) -> Vec<String> {
    let show = |value: &Value| match value {
        Value::Float(x) => format!("{x:.3}"),
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    };
    must(db, text).rows.iter().map(|row| row.iter().map(show).collect::<Vec<_>>().join(" ")).collect()
}

#[track_caller]
fn refused(db: &Database, text: &str, parameters: impl Into<Params>, message: &str) {
    let found = db.query(text, parameters).and_then(|rows| rows.collect::<attendb::Result<Vec<_>>>());
    let error = found.expect_err(text).to_string();
    assert!(error.contains(message), "{text}\n{error}\nexpected: {message}");
}

fn number(value: &Value) -> f64 {
    value.as_float().unwrap_or_else(|| panic!("{value} is no float"))
}

#[test]
fn the_order_is_that_of_similarity_and_weights_sum_to_1() {
    let db = town();
    let rows = must(
        &db,
        "MATCH (me:Npc {name: 'Ada'})-[:KNOWS]->(x) WHERE x.vec IS NOT NULL \
         ATTEND x IN (FOR me) SCORE AS s, SIMILARITY AS sim, LOGIT AS z RETURN x.name, s, sim, z",
    )
    .rows;
    let names: Vec<String> = rows.iter().map(|row| row[0].to_string()).collect();
    assert_eq!(names, ["'Bo'", "'Cy'", "'Di'", "'Ed'"]);
    let sum: f64 = rows.iter().map(|row| number(&row[1])).sum();
    assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    for (row, angle) in rows.iter().zip([0.1_f64, 0.5, 1.0, 2.5]) {
        assert!((number(&row[2]) - angle.cos()).abs() < 1e-6, "{row:?}");
    }
    // A logit is a number of standard deviations: the same distance in similarity is the same distance in logits, and the
    // weights are their softmax.
    let unit = number(&rows[0][3]) / number(&rows[0][2]);
    assert!(unit > 1.0, "one deviation is less than 1: {unit}");
    assert!(rows.iter().all(|row| (number(&row[3]) / number(&row[2]) - unit).abs() < 1e-4));
    let shares: Vec<f64> = rows.iter().map(|row| number(&row[3]).exp()).collect();
    let total: f64 = shares.iter().sum();
    assert!(rows.iter().zip(&shares).all(|(row, share)| (number(&row[1]) - share / total).abs() < 1e-5));
}

#[test]
fn one_softmax_ranks_all_rows_and_per_makes_one_for_each_binding() {
    let db = town();
    let all =
        said(&db, "MATCH (me:Npc)-[:KNOWS]->(x) ATTEND x IN (FOR [1, 0] LIMIT 1) SCORE AS s RETURN me.name, x.name");
    assert_eq!(all, ["Ada Bo"]);
    let per =
        said(&db, "MATCH (me:Npc)-[:KNOWS]->(x) ATTEND x PER me IN (FOR me LIMIT 1) SCORE AS s RETURN me.name, x.name");
    assert_eq!(per, ["Ada Bo", "Bo Cy"]);
    refused(
        &db,
        "MATCH (me:Npc)-[:KNOWS]->(x) ATTEND x IN (FOR me) RETURN x",
        (),
        "`me` differs between the rows that ATTEND ranks together",
    );
    refused(
        &db,
        "MATCH (me:Npc)-[:KNOWS]->(x) ATTEND x IN (FOR [1, 0] LIMIT me.rank) RETURN x",
        (),
        "write ATTEND ... PER me IN (...)",
    );
    // What does not differ needs no PER.
    assert_eq!(said(&db, "MATCH (me {name: 'Bo'})-[:KNOWS]->(x) ATTEND x IN (FOR me LIMIT 1) RETURN x.name"), ["Cy"]);
}

#[test]
fn rows_keep_their_number_unless_distinct_is_said() {
    let db = town();
    let text = |distinct: &str| {
        format!(
            "MATCH (me:Npc {{name: 'Ada'}})-[:KNOWS*1..2]->(x) ATTEND {distinct} x PER me IN (FOR me LIMIT 2) SCORE AS s \
             RETURN me.name, x.name, s"
        )
    };
    let all = said(&db, &text(""));
    assert_eq!(all.len(), 3, "Bo once, Cy by two paths; LIMIT counts candidates: {all:?}");
    assert_eq!(all[1], all[2]);
    let distinct = said(&db, &text("DISTINCT"));
    assert_eq!(distinct, [all[0].clone(), all[1].clone()]);
    // DISTINCT keeps the candidate and what PER names.
    refused(
        &db,
        "MATCH p = (me:Npc {name: 'Ada'})-[:KNOWS]->(x) ATTEND DISTINCT x IN (FOR [1, 0]) RETURN length(p)",
        (),
        "variable `p` is not defined",
    );
}

#[test]
fn masks_and_minima() {
    let db = town();
    let of = |inside: &str| {
        said(
            &db,
            &format!(
                "MATCH (a {{name: 'Ada'}})-[:KNOWS]->(x) ATTEND x IN (FOR a {inside}) SCORE AS s RETURN x.name, s"
            ),
        )
    };
    // Null masks, as in every WHERE; what is masked takes no weight.
    assert_eq!(of("WHERE x.rank < 2"), ["Bo 1.000"]);
    assert_eq!(of("WHERE false"), Vec::<String>::new());
    // MIN SIMILARITY masks before the softmax, MIN WEIGHT cuts after it.
    let similar = of("MIN SIMILARITY 0.8");
    assert_eq!(similar.len(), 2);
    let share = |row: &String| row.split(' ').nth(1).unwrap().parse::<f64>().unwrap();
    assert!((similar.iter().map(share).sum::<f64>() - 1.0).abs() < 0.002, "{similar:?}");
    let heavy = of("MIN WEIGHT 0.2");
    assert!(heavy.len() < 5 && heavy.iter().all(|row| share(row) >= 0.2), "{heavy:?}");
    assert!(heavy.iter().map(share).sum::<f64>() < 0.999, "cut, not renormalised: {heavy:?}");
    // Adding what is irrelevant lifts nobody over the bar: nothing relevant is no rows.
    assert_eq!(of("WHERE x.rank > 2 MIN SIMILARITY 0.9"), Vec::<String>::new());
    // A null option is one that was not given.
    assert_eq!(of("MIN SIMILARITY null LIMIT null").len(), 5);
}

#[test]
fn nulls_are_no_candidates_and_lacking_a_space_is_neutral() {
    let db = town();
    let rows = said(
        &db,
        "MATCH (n:Npc) WHERE n.rank >= 3 OPTIONAL MATCH (n)<-[:KNOWS]-(x {name: 'Bo'}) ATTEND x IN (FOR [1, 0]) SCORE AS s, \
         SIMILARITY AS sim RETURN n.name, x.name, s, sim",
    );
    assert_eq!(rows, ["Di Bo 1.000 0.995", "Ed null null null"]);
    // Flo has no vector: in the middle, without a similarity, and said so.
    let rows = must(
        &db,
        "MATCH (a {name: 'Ada'})-[:KNOWS]->(x) ATTEND x IN (FOR a) SIMILARITY AS sim, LOGIT AS z, WHY AS w \
         RETURN x.name, sim, z, w.heads[0].spaces.text.lacking",
    )
    .rows;
    let flo = rows.iter().find(|row| row[0] == Value::from("Flo")).unwrap();
    assert_eq!((&flo[1], &flo[3]), (&Value::Null, &Value::Bool(true)));
    let others: Vec<f64> = rows.iter().filter(|row| row[0] != Value::from("Flo")).map(|row| number(&row[2])).collect();
    assert!((number(&flo[2]) - others.iter().sum::<f64>() / 4.0).abs() < 1e-5);
    refused(&db, "MATCH (x:Npc) ATTEND x IN (FOR null) RETURN x", (), "the query of FOR is null");
    refused(
        &db,
        "MATCH (f:Npc {name: 'Flo'}), (x:Npc) ATTEND x IN (FOR f) RETURN x",
        (),
        "the node of FOR has no embedding",
    );
}

#[test]
fn boosts_and_priors_rank_alone_or_beside_similarity() {
    let db = town();
    let by_rank = "MATCH (a {name: 'Ada'})-[:KNOWS]->(x) ATTEND x IN (BOOST x.rank AS rank) SCORE AS s, WHY AS w RETURN x.name, \
                   s, w.heads[0].boosts.rank.null";
    let rows = said(&db, by_rank);
    assert!(rows[0].starts_with("Ed ") && rows[4].starts_with("Flo 0."), "{rows:?}");
    assert!(rows[4].ends_with("true"), "a null boost is 0, and said: {rows:?}");
    // Aggregates over a candidate's rows: the number of paths.
    let rows = said(
        &db,
        "MATCH p = ({name: 'Ada'})-[:KNOWS*1..2]->(x) ATTEND DISTINCT x IN (BOOST count(*) AS paths BOOST -min(length(p)) AS near) \
         LOGIT AS z RETURN x.name, z ORDER BY z DESC, x.name",
    );
    assert_eq!(rows, ["Cy 1.000", "Di 1.000", "Bo 0.000", "Ed 0.000", "Flo 0.000"]);
    refused(
        &db,
        "MATCH p = (a)-[:KNOWS]->(x:Npc) ATTEND x IN (BOOST length(p)) RETURN x",
        (),
        "may differ between the rows of one candidate",
    );
    // The default prior is 0: saliences of any spread change nothing; given, they do, and content still counts.
    let order = |inside: &str| {
        said(
            &db,
            &format!(
                "MATCH (a {{name: 'Ada'}})-[:KNOWS]->(x) WHERE x.vec IS NOT NULL ATTEND x IN (FOR a {inside}) RETURN x.name"
            ),
        )
    };
    let plain = order("");
    assert_eq!(plain, order("PRIOR 0.5"), "all saliences are 1");
    assert_eq!(plain, order("PRIOR null"));
}

#[test]
fn a_filter_behind_changes_no_weight_and_a_second_attend_sees_what_is_left() {
    let db = town();
    let of = |rest: &str| {
        said(&db, &format!("MATCH ({{name: 'Ada'}})-[:KNOWS]->(x) ATTEND x IN (FOR [1, 0]) SCORE AS s {rest}"))
    };
    let all = of("RETURN x.name, s");
    let filtered = of("WHERE x.rank <> 1 RETURN x.name, s");
    assert_eq!(filtered, all[1..].iter().filter(|row| !row.starts_with("Flo")).cloned().collect::<Vec<_>>());
    let again = of("WHERE x.rank <> 1 ATTEND x IN (FOR [1, 0] LIMIT 1) SCORE AS t RETURN x.name, s, t");
    assert_eq!(again.len(), 1);
    assert!(again[0].starts_with("Cy ") && !again[0].ends_with("1.000"), "{again:?}");
    // Outputs are columns: they survive WITH, sort and aggregate.
    assert_eq!(of("WITH x, s ORDER BY s LIMIT 1 RETURN x.name"), ["Ed"]);
    assert_eq!(of("RETURN count(s), sum(s) > 0.999"), ["5 true"]);
    refused(&db, "MATCH (x:Npc) ATTEND x IN (FOR [1, 0]) SCORE AS x RETURN x", (), "variable `x` exists already");
}

#[test]
fn it_stands_where_rows_are() {
    let db = town();
    assert_eq!(said(&db, "MATCH (n:Npc) WITH n AS x ATTEND x IN (FOR [1, 0] LIMIT 1) RETURN x.name"), ["Ada"]);
    assert_eq!(
        said(
            &db,
            "MATCH (n:Npc) WITH collect(n) AS all UNWIND all AS x ATTEND x IN (FOR [0, 1] LIMIT 1) RETURN x.name"
        ),
        ["Di"]
    );
    assert_eq!(
        said(
            &db,
            "MATCH (me:Npc)-[:KNOWS]->() WITH DISTINCT me CALL (me) { MATCH (me)-[:KNOWS]->(x) ATTEND x IN (FOR me LIMIT 1) \
             SCORE AS s RETURN x, s } RETURN me.name, x.name ORDER BY me.name"
        ),
        ["Ada Bo", "Bo Cy"]
    );
    assert_eq!(
        said(&db, "RETURN COLLECT { MATCH (x:Npc) ATTEND x IN (FOR [1, 0] LIMIT 2) RETURN x.name } AS c"),
        ["['Ada', 'Bo']"]
    );
    refused(&db, "MATCH (n) ATTEND n.name IN (FOR [1]) RETURN n", (), "found");
    refused(&db, "UNWIND [1] AS x ATTEND x IN (FOR [1, 0]) RETURN x", (), "as ATTEND ranks");
    refused(&db, "ATTEND x IN (FOR [1]) RETURN 1", (), "variable `x` is not defined");
}

#[test]
fn several_spaces_are_fused_by_their_weights() {
    let db = town();
    must(&db, "CREATE EMBEDDING image FOR (n:Npc) ON n.look DIMENSION 3 METRIC DOT");
    must(&db, "MATCH (n:Npc) WHERE n.rank > 0 SET n.look = [n.rank, 1, 0]");
    let of = |inside: &str| {
        let text =
            format!("MATCH ({{name: 'Ada'}})-[:KNOWS]->(x) WHERE x.rank > 0 ATTEND x IN ({inside}) RETURN x.name");
        said(&db, &text).join(" ")
    };
    assert_eq!(of("FOR {text: [1, 0], image: [1, 0, 0]} ON text"), "Bo Cy Di Ed");
    assert_eq!(of("FOR {text: [1, 0], image: [1, 0, 0]} ON image"), "Ed Di Cy Bo");
    assert_eq!(of("FOR {text: [1, 0], image: [1, 0, 0]} ON text WEIGHT 1, image WEIGHT 0"), "Bo Cy Di Ed");
    assert_eq!(of("FOR {text: [1, 0], image: [1, 0, 0]} ON text WEIGHT 0, image WEIGHT 3"), "Ed Di Cy Bo");
    // A vector goes to the only space of its length.
    assert_eq!(of("FOR [1, 0, 0]"), "Ed Di Cy Bo");
    let why = must(
        &db,
        "MATCH ({name: 'Ada'})-[:KNOWS]->(x) ATTEND x IN (FOR {text: [1, 0], image: [1, 0, 0]}) WHY AS w RETURN w",
    );
    for row in &why.rows {
        check_parts(&row[0], 2);
    }
    must(&db, "CREATE EMBEDDING more FOR (n:Npc) ON n.more DIMENSION 2");
    refused(&db, "MATCH (x:Npc) ATTEND x IN (FOR [1, 0]) RETURN x", (), "ON: `text` (2), `more` (2)");
}

/// The parts of a head sum to its logit, the heads average to the weight.
fn check_parts(why: &Value, n_spaces: usize) {
    let get = |map: &Value, key: &str| match map {
        Value::Map(map) => map.get(key).cloned().unwrap_or_else(|| panic!("no {key} in {map:?}")),
        other => panic!("{other} is no map"),
    };
    let Value::List(heads) = get(why, "heads") else { panic!("{why}") };
    for head in heads.iter() {
        let (Value::Map(spaces), Value::Map(boosts)) = (get(head, "spaces"), get(head, "boosts")) else {
            panic!("{why}")
        };
        assert_eq!(spaces.len(), n_spaces);
        let parts = spaces.iter().chain(boosts.iter()).map(|(_, part)| number(&get(part, "logit"))).sum::<f64>();
        let sum = parts + number(&get(head, "prior")) + number(&get(head, "relation"));
        assert!((sum - number(&get(head, "logit"))).abs() < 1e-6, "{head}");
    }
}

#[test]
fn the_explanation_is_exact() {
    let db = town();
    must(&db, "CREATE EMBEDDING four FOR (n:Npc) ON n.four DIMENSION 4");
    must(&db, "MATCH (n:Npc) WHERE n.rank IS NOT NULL SET n.four = [n.rank, 1, -n.rank, 0.5]");
    let rows = must(
        &db,
        "MATCH (a {name: 'Ada'})-[:KNOWS]->(x) ATTEND x IN (FOR {four: [0.5, 1, 0, 2]} HEADS 2 TEMPERATURE 0.5 PRIOR 0.3 \
         BOOST 0.25 * x.rank AS rank WHERE x.rank <> 2) SCORE AS s, LOGIT AS z, WHY AS w RETURN s, z, w",
    )
    .rows;
    assert_eq!(rows.len(), 3);
    for row in &rows {
        check_parts(&row[2], 1);
        let Value::Map(why) = &row[2] else { panic!() };
        assert_eq!((why.get("candidates"), why.get("masked")), (Some(&Value::Int(5)), Some(&Value::Int(2))));
        let Some(Value::List(heads)) = why.get("heads") else { panic!() };
        let of = |head: &Value, key: &str| match head {
            Value::Map(head) => number(head.get(key).unwrap()),
            _ => panic!("{head}"),
        };
        let mean = |key: &str| heads.iter().map(|head| of(head, key)).sum::<f64>() / heads.len() as f64;
        assert_eq!(heads.len(), 2);
        assert!((mean("weight") - number(&row[0])).abs() < 1e-6);
        assert!((mean("logit") - number(&row[1])).abs() < 1e-5);
    }
}

#[test]
fn relationships_are_ranked_at_each_node_they_start_from() {
    let db = town();
    let of = |inside: &str, rest: &str| {
        said(
            &db,
            &format!("MATCH (me:Npc)-[r:KNOWS]->(x) ATTEND r IN ({inside}) SCORE AS s RETURN me.name, x.name{rest}"),
        )
    };
    // Content: the nodes reached, where relationships have no space.
    assert_eq!(of("FOR [0, 1] LIMIT 1", ""), ["Ada Di", "Bo Di"]);
    assert_eq!(of("FOR [0, 1] WHERE NODE.name <> 'Di' LIMIT 1", ""), ["Ada Ed", "Bo Cy"]);
    assert_eq!(of("FOR [0, 1] WHERE r.since > 3", ""), ["Ada Ed"]);
    // Left to right as written, whatever the direction.
    let back = said(
        &db,
        "MATCH (x:Npc {name: 'Cy'})<-[r:KNOWS]-(y) ATTEND r IN (FOR [1, 0]) SCORE AS s RETURN y.name, s < 1.0",
    );
    assert_eq!(back, ["Ada true", "Bo true"]);
    // Their own space comes first.
    must(&db, "CREATE EMBEDDING said FOR ()-[r:KNOWS]-() ON r.vec DIMENSION 2");
    must(&db, "MATCH ()-[r:KNOWS]->(x) SET r.vec = [coalesce(x.rank, 0), 1]");
    assert_eq!(of("FOR [1, 0] ON said LIMIT 1", ""), ["Ada Ed", "Bo Di"]);
    assert_eq!(of("FOR [1, 0] LIMIT 1", ""), ["Ada Ed", "Bo Di"]);
    assert_eq!(of("FOR [1, 0] ON NODE text LIMIT 1", ""), ["Ada Bo", "Bo Cy"]);
    refused(&db, "MATCH (x:Npc) ATTEND x IN (FOR [1, 0] ON said) RETURN x", (), "`said` is one of relationships");
    refused(&db, "MATCH (x:Npc) ATTEND x IN (FOR [1, 0] ON NODE text) RETURN x", (), "ON NODE is for relationships");
}

#[test]
fn what_is_asked_wrongly_is_refused_with_a_hint() {
    let db = town();
    let of = |inside: &str, message: &str| {
        refused(&db, &format!("MATCH (x:Npc) ATTEND x IN ({inside}) RETURN x"), params! { "zero": 0 }, message);
    };
    of("FOR [1, 0, 0]", "there are `text` (2)");
    of("FOR [1, 'a']", "where a number belongs");
    of("FOR [1, 0.0 / 0.0]", "not finite");
    of("FOR [1, 0] ON txet", "did you mean `text`");
    of("FOR [1, 0] ON text, text", "named twice");
    of("FOR [1, 0] ON text WEIGHT -1", "WEIGHT must be a number of 0 or more");
    of("FOR [1, 0] ON text WEIGHT 0", "are all 0");
    of("FOR [1, 0] TEMPERATURE 0", "TEMPERATURE must be a number above 0");
    of("FOR [1, 0] TEMPERATURE $zero", "TEMPERATURE must be a number above 0");
    of("FOR [1, 0] HEADS 3", "do not divide");
    of("FOR [1, 0] HEADS 1.5", "an integer of 1 or more");
    of("FOR [1, 0] LIMIT -1", "LIMIT must be an integer of 0 or more");
    of("FOR [1, 0] TEMPERATURE 'hot'", "a number, as this option needs");
    of("FOR 'words'", "no embedding space of what is ranked has an embedder");
    of("FOR 7", "give a vector");
    of("FOR {txet: [1, 0]}", "did you mean `text`");
    of("ON text", "ATTEND has spaces but no query");
    of("FOR [1, 0] MODEL npc", "there is no model `npc`");
    of("FOR [1, 0] BEAM 3", "BEAM is for the relationships of a path");
    of("FOR [1, 0] LENGTH NORM", "LENGTH NORM is for the relationships of a path");
    refused(&db, "MATCH (x:Npc) ATTEND x IN (FOR [1, 0]) HOPS AS h RETURN x", (), "HOPS is for relationships");
}

#[test]
fn search_is_accepted_as_others_write_it() {
    let db = town();
    let rows = said(
        &db,
        "MATCH (n:Npc) SEARCH n IN (VECTOR INDEX text FOR [1, 0] WHERE n.rank > 0 LIMIT 2) SCORE AS score WHERE score > 0.9 \
         RETURN n.name, score",
    );
    assert_eq!(rows, ["Bo 0.998", "Cy 0.939"]);
    // For each incoming row; whoever has no vector is in no index.
    let rows = said(
        &db,
        "UNWIND [[1, 0], [0, 1]] AS v MATCH (n:Npc) SEARCH n IN (VECTOR INDEX text FOR v LIMIT 9) RETURN v[0], n.name",
    );
    assert_eq!(rows.len(), 10, "{rows:?}");
    assert_eq!((&*rows[0], &*rows[5]), ("1 Ada", "0 Di"));
}

#[test]
fn embeddings_are_checked_wherever_they_are_written() {
    let db = town();
    refused(
        &db,
        "CREATE (:Npc {vec: [1]})",
        (),
        "has 1 numbers; the embedding space `text` keeps vectors of 2 numbers",
    );
    refused(&db, "MATCH (n:Npc) SET n.vec = 'x'", (), "no list of numbers");
    refused(&db, "MATCH (n:Npc {name: 'Ada'}) SET n += {vec: [1, 0.0 / 0.0]}", (), "not finite");
    refused(&db, "CREATE (n:Other {vec: [1, 2, 3]}) SET n:Npc", (), "has 3 numbers");
    refused(&db, "MERGE (n:Npc {name: 'new'}) ON CREATE SET n.vec = [1, 2, 3]", (), "has 3 numbers");
    // Others may have what they like there, and what fits is kept in 32 bits.
    must(&db, "CREATE (:Other {vec: 'text'}), (:Npc {name: 'Gus', vec: [1, 0.1]})");
    assert_eq!(said(&db, "MATCH (n:Npc {name: 'Gus'}) RETURN n.vec = [1.0, 0.10000000149011612]"), ["true"]);
    // A space over what is there already: every value must fit.
    must(&db, "CREATE (:Late {v: [1, 2]}), (:Late {v: [3, 4]})");
    must(&db, "CREATE EMBEDDING late FOR (n:Late) ON n.v DIMENSION 2 METRIC EUCLIDEAN");
    assert_eq!(
        said(&db, "MATCH (n:Late) ATTEND n IN (FOR [3, 3] ON late) SIMILARITY AS s RETURN s"),
        ["-1.000", "-5.000"]
    );
    refused(&db, "CREATE EMBEDDING all FOR (n) ON n.vec DIMENSION 2", (), "embedding space `all`");
    refused(&db, "CREATE EMBEDDING text FOR (n:Npc) ON n.vec DIMENSION 2", (), "exists already");
    must(&db, "CREATE EMBEDDING text IF NOT EXISTS FOR (n:Npc) ON n.vec DIMENSION 2");
    refused(&db, "CREATE EMBEDDING x FOR (n:Npc) ON n.x DIMENSION 0", (), "1 to 16384 dimensions");
    refused(&db, "CREATE EMBEDDING x FOR (n:Npc) ON n.x DIMENSION $d", params! { "d": "3" }, "must be an integer");
    refused(&db, "CREATE EMBEDDING x FOR (n:Npc) ON n.x DIMENSION 3 METRIC COSIN", (), "did you mean `COSINE`");
    refused(&db, "CREATE EMBEDDING x FOR (n:Npc) ON n.x DIMENSION 3 STORAGE INT4", (), "did you mean `INT8`");
    refused(&db, "DROP EMBEDDING txt", (), "there is no embedding space `txt`");
    must(&db, "DROP EMBEDDING txt IF EXISTS");
    must(&db, "DROP EMBEDDING late");
    must(&db, "MATCH (n:Late) SET n.v = 'anything'");
    let shown = said(&db, "SHOW EMBEDDINGS YIELD name, entity, dimension, metric, vectors WHERE vectors > 0");
    assert_eq!(shown, ["text NODE 2 COSINE 6"]);
}

#[test]
fn vectors_survive_checkpoints_reopening_and_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.kg");
    let ask = |db: &Database| {
        let rows = must(
            db,
            "MATCH (x:Npc) ATTEND x IN (FOR [1, 0, 0]) SCORE AS s RETURN x.id, s ORDER BY s DESC, x.id LIMIT 20",
        )
        .rows;
        rows.iter().map(|row| format!("{} {:?}", row[0], row[1])).collect::<Vec<_>>()
    };
    let db = Database::open(&path).unwrap();
    must(&db, "CREATE EMBEDDING text FOR (n:Npc) ON n.vec DIMENSION 3");
    must(&db, "UNWIND range(0, 2999) AS i CREATE (:Npc {id: i, vec: [cos(i), sin(i), (i % 7) / 7.0]})");
    must(&db, "MATCH (n:Npc) WHERE n.id % 10 = 3 REMOVE n.vec");
    let before = ask(&db);
    assert!(db.checkpoint().unwrap());
    assert_eq!(ask(&db), before, "from blocks, as from changes");
    must(&db, "MATCH (n:Npc {id: 44}) SET n.vec = [0, 0, 1]");
    must(&db, "MATCH (n:Npc {id: 44}) SET n.vec = [cos(44), sin(44), (44 % 7) / 7.0]");
    assert_eq!(ask(&db), before, "over blocks");
    let mut stream = Vec::new();
    db.save_to(&mut stream).unwrap();
    assert_eq!(ask(&Database::load_from(stream.as_slice()).unwrap()), before, "from the stream");
    drop(db);
    let db = Database::open(&path).unwrap();
    assert_eq!(ask(&db), before, "opened again");
    assert!(db.check(true).unwrap().is_sound());
    // A transaction ranks what it wrote itself.
    let mut tx = db.write().unwrap();
    tx.execute("CREATE (:Npc {id: 9999, vec: [1, 0, 0]})", ()).unwrap();
    let best = tx.query("MATCH (x:Npc) ATTEND x IN (FOR [1, 0, 0] LIMIT 2) RETURN x.id", ()).unwrap();
    assert_eq!(best.map(|row| row.unwrap().values()[0].clone()).collect::<Vec<_>>(), [Value::Int(0), Value::Int(9999)]);
    drop(tx);
    must(&db, "MATCH (n:Npc) WHERE n.id <> 710 DETACH DELETE n");
    assert_eq!(must(&db, "MATCH (x:Npc) ATTEND x IN (FOR [1, 0, 0]) RETURN x.id").rows, [vec![Value::Int(710)]]);
}

#[test]
fn a_map_of_vectors_can_be_a_parameter() {
    let db = town();
    let vectors: Map = [("text".into(), Value::list([Value::Float(0.0), Value::Float(1.0)]))].into_iter().collect();
    let rows = db
        .query(
            "MATCH (x:Npc) ATTEND x IN (FOR $q ON $space LIMIT $k) RETURN x.name",
            params! { "q": Value::from(vectors), "space": "text", "k": 1 },
        )
        .unwrap();
    assert_eq!(rows.map(|row| row.unwrap().values()[0].clone()).collect::<Vec<_>>(), [Value::from("Di")]);
}

#[test]
fn an_embedder_makes_the_vectors_of_texts_and_keeps_them() {
    let db = Database::memory().unwrap();
    let texts = [
        (1, "The bell of the mill was stolen at night."),
        (2, "Fish soup with the herbs of the garden."),
        (3, "Who sells herbs at the market?"),
        (4, "The old miller sleeps badly since the theft of the bell."),
        (5, "The road to the coast is closed by the snow."),
    ];
    for (id, text) in &texts[..2] {
        db.execute("CREATE (:Note {id: $id, text: $text})", params! { "id": *id, "text": *text }).unwrap();
    }
    must(&db, "CREATE EMBEDDING gist FOR (n:Note) ON n.gist DIMENSION 1024 EMBEDDER hash FROM n.text");
    for (id, text) in &texts[2..] {
        db.execute("CREATE (:Note {id: $id, text: $text})", params! { "id": *id, "text": *text }).unwrap();
    }
    let of = |query: &str| {
        let text = format!("MATCH (n:Note) ATTEND n IN (FOR {query} MIN SIMILARITY 0.1 LIMIT 2) RETURN n.id");
        said(&db, &text).join(" ")
    };
    assert_eq!(of("'stolen bell'"), "1 4");
    assert_eq!(of("'herbs, soup'"), "2 3");
    assert_eq!(of("'SNOWED road'"), "5");
    assert_eq!(of("'zzz qqq'"), "");
    // Kept up to date: a new text, a text that goes, a label that comes later.
    must(&db, "MATCH (n:Note {id: 5}) SET n.text = 'The bell rang.'");
    assert!(of("'bell rang'").starts_with('5'));
    must(&db, "MATCH (n:Note {id: 5}) REMOVE n.text");
    assert_eq!(said(&db, "MATCH (n:Note {id: 5}) RETURN n.gist IS NULL"), ["true"]);
    must(&db, "CREATE (n:Other {id: 6, text: 'an anvil'}) SET n:Note");
    assert_eq!(of("'anvil'"), "6");
    let shown = said(&db, "SHOW EMBEDDINGS YIELD name, embedder, source, vectors");
    assert_eq!(shown, ["gist hash text 5"]);
    refused(&db, "MATCH (n:Note) ATTEND n IN (FOR '?!') RETURN n", (), "has no words");
    refused(
        &db,
        "CREATE EMBEDDING e FOR (n) ON n.v DIMENSION 8 EMBEDDER bert FROM n.text",
        (),
        "there is no embedder `bert`",
    );
    // Relationships say things too.
    must(&db, "CREATE EMBEDDING said FOR ()-[r:SAID]-() ON r.gist DIMENSION 128 EMBEDDER hash FROM r.words");
    must(
        &db,
        "MATCH (a:Note {id: 1}), (b:Note {id: 2}) CREATE (a)-[:SAID {words: 'I heard the bell'}]->(b), (a)-[:SAID {words: 'soup again'}]->(b)",
    );
    let best = "MATCH (:Note {id: 1})-[r:SAID]->() ATTEND r IN (FOR 'the bell' ON said LIMIT 1) RETURN r.words";
    assert_eq!(said(&db, best), ["I heard the bell"]);
    // As the stream has it.
    let mut stream = Vec::new();
    db.save_to(&mut stream).unwrap();
    let copy = Database::load_from(stream.as_slice()).unwrap();
    must(&copy, "CREATE (:Note {id: 7, text: 'a silver spoon'})");
    assert_eq!(said(&copy, "MATCH (n:Note) ATTEND n IN (FOR 'spoons of silver' LIMIT 1) RETURN n.id"), ["7"]);
    assert!(copy.check(true).unwrap().is_sound());
}

#[test]
fn bulk_loads_are_checked_and_embedded_too() {
    let folder = tempfile::tempdir().unwrap();
    let options = attendb::Options { files: attendb::FileAccess::Any, ..attendb::Options::default() };
    let db = Database::open_with(folder.path().join("bulk.kg"), options).unwrap();
    must(&db, "CREATE EMBEDDING text FOR (n:Doc) ON n.vec DIMENSION 3");
    must(&db, "CREATE EMBEDDING gist FOR (n:Doc) ON n.gist DIMENSION 64 EMBEDDER hash FROM n.words");
    let line =
        |id: usize, numbers: &str| format!("{{\"id\":{id},\"vec\":[{numbers}],\"words\":\"word{id} of many\"}}\n");
    let file = |name: &str, lines: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, lines).unwrap();
        path.display().to_string()
    };
    let good = file("good.jsonl", (0..2000).map(|id| line(id, &format!("{id},1,0.1"))).collect());
    must(&db, &format!("COPY Doc FROM '{good}' (KEY id)"));
    assert_eq!(said(&db, "MATCH (n:Doc) RETURN count(n.vec), count(n.gist)"), ["2000 2000"]);
    assert_eq!(said(&db, "MATCH (n:Doc) ATTEND n IN (FOR [1, 1000, 0] ON text LIMIT 1) RETURN n.id"), ["0"]);
    assert_eq!(said(&db, "MATCH (n:Doc) ATTEND n IN (FOR 'word777' LIMIT 1) RETURN n.id"), ["777"]);
    let bad = file("bad.jsonl", (2000..3000).map(|id| line(id, if id == 2500 { "1,2" } else { "1,2,3" })).collect());
    refused(&db, &format!("COPY Doc FROM '{bad}' (KEY id)"), (), "has 2 numbers");
    assert_eq!(said(&db, "MATCH (n:Doc) RETURN count(*)"), ["2000"]);
}

#[test]
fn the_procedure_is_the_clause() {
    let db = town();
    let explained = |text: &str| {
        let rows = must(&db, &format!("EXPLAIN {text}")).rows;
        rows.iter().map(|row| row[0].to_string()).collect::<Vec<_>>()
    };
    let matched = "MATCH (me:Npc {name: 'Ada'})-[r:KNOWS]->(x)";
    for (call, clause) in [
        ("CALL kg.attend(x, me) RETURN x.name", "ATTEND x IN (FOR me) RETURN x.name"),
        (
            "CALL kg.attend(x, [0.3, 1], {limit: 2, spaces: 'text'}) YIELD score, similarity AS sim, logit AS z, why AS w \
             RETURN x.name, score, sim, z, w.candidates",
            "ATTEND x IN (FOR [0.3, 1] ON text LIMIT 2) SCORE AS score, SIMILARITY AS sim, LOGIT AS z, WHY AS w \
             RETURN x.name, score, sim, z, w.candidates",
        ),
        (
            "call KG.Attend(x, me, {distinct: true, per: [me], spaces: {text: 0.5}, where: x.rank < 3 OR x.rank = 4, \
             temperature: 1 / 2.0, heads: 2, prior: 0.5, boosts: {rank: x.rank / 10.0, n: count(*)}, minSimilarity: -1, \
             minWeight: 0.001}) YIELD score AS s WHERE s > 0.1 RETURN me.name, x.name, s",
            "ATTEND DISTINCT x PER me IN (FOR me ON text WEIGHT 0.5 WHERE x.rank < 3 OR x.rank = 4 TEMPERATURE 1 / 2.0 \
             HEADS 2 PRIOR 0.5 BOOST x.rank / 10.0 AS rank BOOST count(*) AS n MIN SIMILARITY -1 MIN WEIGHT 0.001) \
             SCORE AS s WHERE s > 0.1 RETURN me.name, x.name, s",
        ),
        (
            "CALL kg.attend(x, null, {per: me, boosts: {rank: x.rank}}) YIELD score RETURN x.name, score",
            "ATTEND x PER me IN (BOOST x.rank AS rank) SCORE AS score RETURN x.name, score",
        ),
        (
            "CALL kg.attend(r, [1, 0], {onNode: true, spaces: ['text']}) YIELD score AS s RETURN x.name, s",
            "ATTEND r IN (FOR [1, 0] ON NODE text) SCORE AS s RETURN x.name, s",
        ),
    ] {
        let (call, clause) = (format!("{matched} {call}"), format!("{matched} {clause}"));
        assert_eq!(explained(&call), explained(&clause), "{call}");
        assert!(explained(&call).iter().any(|line| line.contains("Attend")), "{call}");
        let answer = said(&db, &call);
        assert!(answer == said(&db, &clause) && !answer.is_empty(), "{call}");
    }
    let of = |call: &str, message: &str| refused(&db, &format!("{matched} CALL kg.attend{call} RETURN x"), (), message);
    of("(x)", "needs what is ranked and what it is compared with");
    of("(x, me, {}, 1)", "takes what is ranked, what it is compared with and a map");
    of("(x.vec, me)", "what kg.attend ranks is a variable");
    of("(x, me, $options)", "a map that is written out");
    of("(x, me, {limt: 3})", "did you mean `limit`");
    of("(x, me, {limit: 3, limit: 4})", "the option limit is given twice");
    of("(x, me, {distinct: $d})", "distinct is true or false, written out");
    of("(x, me, {per: 'me'})", "per is a variable");
    of("(x, me, {spaces: [x]})", "a name is a string");
    of("(x, me, {boosts: 1})", "boosts are a map");
    of("(x, me) YIELD weight", "kg.attend does not yield `weight`");
    refused(&db, &format!("{matched} OPTIONAL CALL kg.attend(x, me) RETURN x"), (), "cannot be OPTIONAL");
    let register = db.register(attendb::Procedure::new("kg.attend", |_| Ok(Vec::new())));
    assert!(register.is_err(), "the name is taken");
}

//! `kg.walk` and `kg.path`: the plans and the answers of the clauses that they stand for.

use attendb::Database;

use super::rules::{map, refused, said};
use crate::support::must;

fn explained(db: &Database, text: &str) -> Vec<String> {
    must(db, &format!("EXPLAIN {text}")).rows.iter().map(|row| row[0].to_string()).collect()
}

#[track_caller]
fn same(db: &Database, call: &str, clauses: &str, operator: &str) {
    assert_eq!(explained(db, call), explained(db, clauses), "{call}");
    assert!(explained(db, call).iter().any(|line| line.contains(operator)), "{call}");
    let answer = said(db, call);
    assert!(answer == said(db, clauses) && !answer.is_empty(), "{call}: {answer:?}");
}

#[test]
fn a_walk_is_attend_on_the_relationships_of_a_pattern() {
    let db = map();
    must(&db, "MATCH (a {name: 'far'}), (b {name: 'a'}) CREATE (a)-[:PATH {km: 9}]->(b)");
    let from = "MATCH (me:Place {name: 'a'})";
    for (call, pattern, attend) in [
        (
            "(me, [1, 0], {max: 2}) YIELD node AS x, score AS s RETURN x.name, s",
            "(me)-[relationships*..2]->(x)",
            "relationships IN (FOR [1, 0]) SCORE AS s RETURN x.name, s",
        ),
        (
            "(me, [1, 0], {types: 'ROAD', min: 2, max: 3, beam: [2, 1], limit: 4, lengthNorm: true, spaces: 'text', \
             onNode: true}) YIELD node, relationships AS r, path AS p, score, similarity, logit, hops, why AS w WHERE score > 0.1 \
             RETURN node.name, [x IN r | x.km], length(p), score, similarity, logit, size(hops), w.exact",
            "p = (me)-[r:ROAD*2..3]->(node)",
            "r IN (FOR [1, 0] ON NODE text BEAM [2, 1] LIMIT 4 LENGTH NORM) SCORE AS score, SIMILARITY AS similarity, \
             LOGIT AS logit, HOPS AS hops, WHY AS w WHERE score > 0.1 \
             RETURN node.name, [x IN r | x.km], length(p), score, similarity, logit, size(hops), w.exact",
        ),
        (
            "(me, null, {types: ['ROAD', 'PATH'], direction: 'both', max: 2, where: r.km < 5 AND NODE.name <> 'c', \
             boosts: {km: r.km / 10.0}, temperature: 0.5}) YIELD relationships AS r, node AS x, score AS s RETURN x.name, s",
            "(me)-[r:ROAD|PATH*..2]-(x)",
            "r IN (WHERE r.km < 5 AND NODE.name <> 'c' TEMPERATURE 0.5 BOOST r.km / 10.0 AS km) SCORE AS s RETURN x.name, s",
        ),
        (
            "(me, me, {direction: 'IN', types: [], limit: 3}) YIELD node AS x RETURN x.name",
            "(me)<-[relationships*]-(x)",
            "relationships IN (FOR me LIMIT 3) RETURN x.name",
        ),
    ] {
        same(
            &db,
            &format!("{from} CALL kg.walk{call}"),
            &format!("{from} MATCH {pattern} ATTEND {attend}"),
            "AttendPaths",
        );
    }
    let of = |call: &str, message: &str, hint: &str| {
        refused(&db, &format!("{from} CALL kg.walk{call} RETURN 1"), message, hint)
    };
    of("(me)", "needs where walks start and what they are compared with", "write CALL kg.walk");
    of("(me, [1, 0])", "needs to know how far", "max: 3");
    of("(me.name, [1, 0], {max: 2})", "where kg.walk starts is a variable", "");
    of("(me, [1, 0], {max: 2, distinct: true})", "`distinct` is no option of kg.walk", "");
    of("(me, [1, 0], {limt: 2})", "`limt` is no option of kg.walk", "did you mean `limit`");
    of("(me, [1, 0], {max: $n})", "max is a number of relationships, written out", "");
    of("(me, [1, 0], {max: -1})", "max is a number of relationships", "");
    of("(me, [1, 0], {direction: 'up', max: 1})", "'out', 'in' or 'both'", "");
    of("(me, [1, 0], {types: [me], max: 1})", "types are strings", "");
    of("(me, [1, 0], {max: 1}) YIELD cost", "kg.walk does not yield `cost`", "it yields node, relationships");
    of("(me, [1, 0], {max: 1}) YIELD score, score AS t", "yielded twice", "");
    of("(me, [1, 0], {max: 1}) YIELD *", "what it yields is named", "");
    of("(you, [1, 0], {max: 1}) YIELD score", "`you`", "");
    refused(&db, &format!("{from} OPTIONAL CALL kg.walk(me, [1, 0], {{max: 1}}) RETURN 1"), "cannot be OPTIONAL", "");
}

#[test]
fn a_path_is_cheapest_and_cost_by() {
    let db = map();
    let ends = "MATCH (a:Place {name: 'a'}), (b:Place {name: 'far'})";
    for (call, clauses) in [
        (
            "(a, b, {types: 'ROAD', cost: relationships.km}) YIELD path AS p, cost AS total RETURN length(p), total",
            "p = CHEAPEST (a)-[relationships:ROAD*]->(b) COST BY relationships.km AS total RETURN length(p), total",
        ),
        (
            "(a, b, {types: 'ROAD', count: 1 + 1, min: 1, max: 4, query: [1, 0], onNode: true, spaces: ['text'], \
             where: r.km < 9, cost: r.km * (2 - similarity(r)), boosts: {km: -r.km}, heads: 2}) \
             YIELD relationships AS r, cost, score AS s, similarity AS sim, hops AS h, logit AS z, why AS w WHERE cost > 1 \
             RETURN [x IN r | x.km], cost, s, sim, size(h), z, w.cost",
            "CHEAPEST $two (a)-[r:ROAD*1..4]->(b) ATTEND r IN (FOR [1, 0] ON NODE text WHERE r.km < 9 HEADS 2 BOOST -r.km AS km) \
             SCORE AS s, SIMILARITY AS sim, HOPS AS h, LOGIT AS z, WHY AS w COST BY r.km * (2 - similarity(r)) AS cost \
             WHERE cost > 1 RETURN [x IN r | x.km], cost, s, sim, size(h), z, w.cost",
        ),
    ] {
        let plan =
            |text: &str| explained(&db, text).iter().map(|line| line.replace("(1 + 1)", "2")).collect::<Vec<_>>();
        let (call, clauses) =
            (format!("{ends} CALL kg.path{call}"), format!("{ends} MATCH {}", clauses.replace("$two", "2")));
        let call = call.replace("1 + 1", "2");
        assert_eq!(plan(&call), plan(&clauses), "{call}");
        same(&db, &call, &clauses, "CheapestPaths");
    }
    let of = |call: &str, message: &str, hint: &str| {
        refused(&db, &format!("{ends} CALL kg.path{call} RETURN 1"), message, hint)
    };
    of("(a, b)", "kg.path needs what a relationship costs", "cost: relationships.km");
    of("(a, 'b', {cost: 1})", "where kg.path ends is a variable", "");
    of("(a, b, {cost: 1, beam: 3})", "`beam` is no option of kg.path", "the options are");
    of("(a, b, {cost: 1, cuont: 3})", "`cuont` is no option", "did you mean `count`");
    of("(a, b, {cost: similarity(relationships)})", "needs the relationships to be ranked", "");
    of("(a, b, {cost: 1}) YIELD node", "kg.path does not yield `node`", "it yields path");
    for name in ["kg.walk", "kg.path"] {
        assert!(db.register(attendb::Procedure::new(name, |_| Ok(Vec::new()))).is_err(), "the name is taken");
    }
}

//! `kgql demo`, and the world it builds.

use std::{fs, path::Path};

use serde_json::json;

use crate::{kgql, kgql_in, lines};

#[test]
fn the_demo_answers_seven_questions_and_leaves_a_database() {
    let dir = tempfile::tempdir().unwrap();
    let out = kgql(["demo".as_ref(), dir.path().as_os_str()]).ok();
    for n in 1..=7 {
        assert!(out.contains(&format!("\n{n}. ")), "question {n}: {out}");
    }
    assert_eq!(out.matches('┌').count(), 7, "{out}");
    for answer in
        ["Tobin Reed", "Greta Oxley", "foreign gold", "Pym's Clocks", "cut the weir", "Smugglers took", "hermit's goat"]
    {
        assert!(out.contains(answer), "{answer}: {out}");
    }
    assert!(out.contains("To go on"), "{out}");
    let count = "MATCH (n) WITH count(n) AS nodes MATCH ()-[r]->() RETURN nodes, count(r) AS relationships";
    let counted = kgql_in(dir.path(), ["otterford.kg", "--mode", "jsonl", "-c", count], "").ok();
    assert_eq!(lines(&counted), [json!({"nodes": rows(ENTITIES), "relationships": rows(RELATIONSHIPS)})]);
    let deep = kgql_in(dir.path(), ["check", "otterford.kg", "--deep"], "");
    assert_eq!(deep.code, 0, "{deep:?}");
    let again = kgql(["demo".as_ref(), dir.path().as_os_str()]);
    assert_eq!(again.code, 2, "{again:?}");
}

#[test]
fn the_world_is_consistent() {
    let dir = tempfile::tempdir().unwrap();
    kgql(["demo".as_ref(), dir.path().as_os_str()]).ok();
    let none = |query: &str| {
        let out = kgql_in(dir.path(), ["otterford.kg", "--mode", "csv", "-c", query], "").ok();
        assert_eq!(out, "n\n0\n", "{query}");
    };
    // Nobody hears a rumour before it starts, before the teller, or about themselves.
    none("MATCH (:Npc)-[h:HEARD]->(r:Rumour) WHERE h.since < r.started RETURN count(h) AS n");
    none(
        "MATCH (:Npc)-[h:HEARD]->(r:Rumour) MATCH (t:Npc {id: h.source}) OPTIONAL MATCH (t)-[e:HEARD]->(r) \
         WITH h, e WHERE e IS NULL OR e.since > h.since RETURN count(h) AS n",
    );
    none("MATCH (a:Npc)-[h:HEARD]->(:Rumour)-[:ABOUT]->(a:Npc) WHERE h.kind = 'told' RETURN count(h) AS n");
    // Everybody lives somewhere, knows somebody, and every road leads back.
    none("MATCH (a:Npc) WHERE NOT (a)-[:LIVES_IN]->(:Place) OR NOT (a)-[:KNOWS]-(:Npc) RETURN count(a) AS n");
    none("MATCH (a:Place)-[:ROAD]->(b:Place) WHERE NOT (b)-[:ROAD]->(a) RETURN count(*) AS n");
    none("MATCH (n) WHERE n.description IS NULL AND n.text IS NULL RETURN count(n) AS n");
}

const ENTITIES: &[&str] = &[
    "npcs.jsonl",
    "places.csv",
    "items.csv",
    "events.jsonl",
    "rumours.jsonl",
    "secrets.csv",
    "groups.csv",
    "topics.csv",
];

const RELATIONSHIPS: &[&str] = &[
    "road.csv",
    "part_of.csv",
    "lives_in.csv",
    "works_at.csv",
    "kept_at.csv",
    "happened_at.csv",
    "knows.csv",
    "opinion.csv",
    "kin.csv",
    "member_of.csv",
    "owns.csv",
    "expert_in.csv",
    "took_part.csv",
    "involves.csv",
    "led_to.csv",
    "heard.csv",
    "told.csv",
    "about_npc.csv",
    "about_place.csv",
    "about_item.csv",
    "about_event.csv",
    "keeps.csv",
    "concerns.csv",
];

/// Returns how many rows the files have: lines, less a header.
fn rows(names: &[&str]) -> usize {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/world");
    let count = |name: &&str| {
        let lines = fs::read_to_string(world.join(name)).unwrap().lines().count();
        lines - usize::from(name.ends_with(".csv"))
    };
    names.iter().map(count).sum()
}

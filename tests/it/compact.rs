//! Compactions: what they do, say, refuse, and take back.

use attendb::{Database, Options, QueryOptions, Value, params};

use super::support::{must, random::Random};

/// Checks that a statement is refused, and that the error says this.
fn refused(db: &Database, text: &str, part: &str) {
    match db.query(text, ()).and_then(|rows| rows.collect::<Result<Vec<_>, _>>()) {
        Ok(_) => panic!("{text}\nis not refused"),
        Err(error) => assert!(error.to_string().contains(part), "{text}\n{error}"),
    }
}

const N_NPCS: u64 = 40;

/// People who know one another, each with a vector; a ranking there depends on salience.
fn town(seed: u64, replay_queries: usize) -> Database {
    let db = Database::memory_with(Options { notice: true, replay_queries, ..Options::default() }).unwrap();
    must(&db, "CREATE EMBEDDING text FOR (n:Npc) ON n.vec DIMENSION 2");
    let made = "UNWIND range(0, $n - 1) AS i CREATE (:Npc {name: 'n' + i, vec: [cos(i * 0.1), sin(i * 0.1)]})";
    db.execute(made, params! { "n": N_NPCS as i64 }).unwrap();
    let mut random = Random::new(seed);
    for _ in 0..200 {
        let (a, b) = (random.below(N_NPCS) as i64, random.below(N_NPCS) as i64);
        let knows = "MATCH (a:Npc {name: 'n' + $a}), (b:Npc {name: 'n' + $b}) \
                     CREATE (a)-[:KNOWS {since: $since, how: ['well', 'a bit'][$since % 2]}]->(b)";
        db.execute(knows, params! { "a": a, "b": b, "since": random.below(50) as i64 }).unwrap();
    }
    db
}

const RANK: &str = "MATCH (a:Npc {name: $name})-[:KNOWS*1..2]->(x) \
                    ATTEND DISTINCT x IN (FOR a PRIOR 1.0 LIMIT 10) SCORE AS s, LOGIT AS z RETURN x.name, s, z";

fn ask(db: &Database, name: u64, source: &str) {
    let options = QueryOptions { source: Some(source.into()), ..QueryOptions::default() };
    db.query_with(RANK, params! { "name": format!("n{name}") }, &options).unwrap().for_each(|row| drop(row.unwrap()));
}

/// Everything but the ledger and the clock.
fn picture(db: &Database) -> Vec<String> {
    let mut stream = Vec::new();
    db.save_to(&mut stream).unwrap();
    let lines = String::from_utf8(stream).unwrap();
    let told = |line: &&str| {
        !line.starts_with("{\"note\":1,") && !line.starts_with("{\"note\":4,\"id\":0,") && !line.starts_with("{\"end\"")
    };
    lines.lines().filter(told).map(|line| line[..line.len() - 10].to_owned()).collect()
}

/// Every ranking, to the last bit.
fn rankings(db: &Database) -> Vec<String> {
    let quiet = QueryOptions { notice: Some(false), ..QueryOptions::default() };
    (0..N_NPCS)
        .map(|name| {
            let rows = db.query_with(RANK, params! { "name": format!("n{name}") }, &quiet).unwrap();
            rows.map(|row| {
                let row = row.unwrap();
                let bits = |at: usize| row.values()[at].as_float().unwrap().to_bits();
                format!("{} {:x} {:x}; ", row.values()[0], bits(1), bits(2))
            })
            .collect()
        })
        .collect()
}

fn compact(db: &Database, options: &str) -> Vec<Vec<Value>> {
    must(db, &format!("CALL kg.compact({options}) YIELD id, relationship, action, old, new, reason")).rows
}

fn n_rels(db: &Database) -> u64 {
    db.status().n_relationships
}

#[test]
fn a_share_stays_and_it_is_what_was_attended() {
    let db = town(1, 0);
    (0..20).for_each(|_| ask(&db, 3, "me"));
    let used = "MATCH (a:Npc {name: 'n3'})-[r:KNOWS]->() RETURN count(r)";
    let before = must(&db, used).rows;
    let dry = compact(&db, "{keepFraction: 0.25, dryRun: true}");
    assert_eq!(n_rels(&db), 200, "a dry run changes nothing");
    assert!(dry.iter().all(|row| row[0] == Value::Null));
    let done = compact(&db, "{keepFraction: 0.25}");
    assert_eq!(n_rels(&db), 50);
    // The same relationships, deeds, values and reasons; the dry run has no number.
    assert_eq!(
        dry.iter().map(|row| &row[1..]).collect::<Vec<_>>(),
        done.iter().map(|row| &row[1..]).collect::<Vec<_>>()
    );
    assert_eq!(must(&db, used).rows, before, "everything at whom was asked for is there");
    assert!(done.iter().any(|row| row[2] == "archive".into() && row[5].to_string().contains("never attended")));
    assert!(done.iter().any(|row| row[2] == "reinforce".into() && row[5].to_string().contains("attended 20 times")));
    assert_eq!(must(&db, "CALL kg.archived() YIELD id RETURN count(*)").rows[0][0], 150.into());
    assert!(db.check(true).unwrap().is_sound());
}

#[test]
fn what_is_archived_can_be_looked_at_and_comes_back() {
    let db = town(2, 0);
    let before = picture(&db);
    let done = compact(&db, "{keepFraction: 0.5, reweigh: false}");
    let archived =
        must(&db, "CALL kg.archived() YIELD id, type, start, end, properties, salience, reason RETURN *").rows;
    assert_eq!(archived.len(), 100);
    assert_eq!(archived.len(), done.len());
    let row = must(
        &db,
        "CALL kg.archived() YIELD id, type, start, end, properties, salience \
         RETURN type, start.name STARTS WITH 'n', end.name STARTS WITH 'n', keys(properties), salience LIMIT 1",
    );
    assert_eq!(row.rows[0][..3], ["KNOWS".into(), true.into(), true.into()]);
    assert_eq!(row.rows[0][4], 1.0.into());
    let restored =
        must(&db, "CALL kg.archived() YIELD id CALL kg.restore(id) YIELD relationship RETURN relationship.how");
    assert_eq!(restored.rows.len(), 100);
    assert!(picture(&db) == before);
    assert_eq!(n_rels(&db), 200);
    refused(&db, "CALL kg.restore(3) YIELD relationship RETURN 1", "not in the archive");
}

#[test]
fn what_is_purged_is_gone() {
    let db = town(3, 0);
    compact(&db, "{keepFraction: 0.5}");
    let undo = "CALL kg.compactions() YIELD id, kind WHERE kind = 'compaction' CALL kg.undoCompaction(id) YIELD relationships \
                RETURN relationships";
    assert_eq!(must(&db, "CALL kg.purge({before: 5}) YIELD purged").rows[0][0], 0.into());
    assert_eq!(must(&db, "CALL kg.purge({before: 1e12}) YIELD purged").rows[0][0], 100.into());
    assert_eq!(must(&db, "CALL kg.archived() YIELD id RETURN count(*)").rows[0][0], 0.into());
    refused(&db, undo, "cannot be undone: purge");
    refused(&db, "CALL kg.purge({})", "before");
    refused(&db, "CALL kg.purge({after: 1})", "no option `after`");
}

#[test]
fn pinned_relationships_stay() {
    let db = town(4, 0);
    must(&db, "MATCH ()-[r:KNOWS]->() WHERE r.since < 10 CALL kg.pin(r)");
    let pinned = must(&db, "MATCH ()-[r:KNOWS]->() WHERE r.since < 10 RETURN count(r)").rows;
    compact(&db, "{keepFraction: 0.0}");
    assert_eq!(must(&db, "MATCH ()-[r]->() RETURN count(r)").rows, pinned);
    must(&db, "MATCH ()-[r:KNOWS]->() CALL kg.unpin(r)");
    compact(&db, "{keepFraction: 0.0}");
    assert_eq!(n_rels(&db), 0);
}

#[test]
fn a_pattern_says_what_a_compaction_is_about() {
    let db = town(5, 0);
    let old = must(&db, "MATCH ()-[r:KNOWS]->() WHERE r.since < 25 RETURN count(r)").rows[0][0].as_int().unwrap();
    compact(&db, "{keepFraction: 0.0, match: '()-[r:KNOWS]->() WHERE r.since < 25'}");
    assert_eq!(n_rels(&db) as i64, 200 - old);
    refused(&db, "CALL kg.compact({match: '()-[x]->()'}) YIELD id RETURN id", "no pattern with a relationship `r`");
    refused(&db, "CALL kg.compact({match: '(r)', keepFraction: 0.5}) YIELD id RETURN id", "`r`");
}

#[test]
fn wrong_options_are_refused() {
    let db = town(6, 0);
    for (options, part) in [
        ("{keepFraction: 1.5}", "0 to 1"),
        ("{keepFraction: -0.1}", "0 or more"),
        ("{keepFraction: 'x'}", "`keepFraction`"),
        ("{keepFraction: 0.5, below: 0.1}", "not both"),
        ("{keepfraction: 0.5}", "no option `keepfraction`"),
        ("{dryRun: 1}", "true or false"),
    ] {
        refused(&db, &format!("CALL kg.compact({options}) YIELD id RETURN id"), part);
    }
    refused(&db, "CALL kg.undoCompaction(7) YIELD id RETURN id", "no compaction 7");
    refused(&db, "CALL kg.pin(1)", "RELATIONSHIP");
    assert_eq!(n_rels(&db), 200);
}

#[test]
fn the_same_facts_become_one() {
    let db = Database::memory().unwrap();
    must(&db, "CREATE (a:A)-[:R {x: 1}]->(b:B), (a)-[:R {x: 1}]->(b), (a)-[:R {x: 2}]->(b), (a)-[:R {x: 1}]->(b)");
    let done = compact(&db, "{keepFraction: 1.0}");
    assert_eq!(done.len(), 2);
    assert!(done.iter().all(|row| row[2] == "merge".into() && row[5].to_string().contains("the same as relationship")));
    assert_eq!(must(&db, "MATCH ()-[r]->() RETURN r.x ORDER BY r.x").rows, [[1.into()], [2.into()]]);
    must(&db, "CALL kg.undoCompaction(0) YIELD id RETURN id");
    assert_eq!(n_rels(&db), 4);
}

/// A compaction that would take away what recent queries return.
#[test]
fn a_harmful_compaction_refuses_itself_and_a_harmless_one_does_not() {
    let db = town(7, 64);
    (0..40).for_each(|n| ask(&db, n % N_NPCS, "me"));
    let before = picture(&db);
    let row = &compact(&db, "{keepFraction: 0.02, reweigh: false}")[0];
    assert_eq!(row[2], "refuse".into(), "{row:?}");
    assert!(row[5].to_string().contains("below the limit of 0.9"), "{row:?}");
    assert_eq!(n_rels(&db), 200);
    // Nothing but what was folded in before it.
    let graph = |picture: &[String]| -> Vec<String> {
        picture.iter().filter(|line| !line.starts_with("{\"note\"")).cloned().collect()
    };
    assert_eq!(graph(&picture(&db)), graph(&before));
    let told = must(&db, "CALL kg.reflect() YIELD kind, reason WHERE kind = 'refusal' RETURN reason").rows;
    assert_eq!(told.len(), 1);
    // Somebody who wants it all the same says so.
    let forced = compact(&db, "{keepFraction: 0.02, reweigh: false, minRecall: 0, minCorrelation: 0}");
    assert!(forced.iter().all(|row| row[2] == "archive".into() || row[2] == "merge".into()));
    must(&db, &format!("CALL kg.undoCompaction({}) YIELD id RETURN id", forced[0][0]));
    // What nobody asks for may go.
    must(&db, "MATCH (a:Npc {name: 'n0'}) UNWIND range(1, 30) AS i CREATE (a)-[:MET {day: i}]->(:Stone {i: i})");
    let harmless = compact(&db, "{keepFraction: 0.0, match: '()-[r:MET]->()'}");
    assert_eq!(harmless.iter().filter(|row| row[2] == "archive".into()).count(), 30, "{:?}", harmless[0]);
}

#[test]
fn the_ledger_tells_all_and_cannot_be_rewritten() {
    let db = town(8, 0);
    (0..5).for_each(|_| ask(&db, 3, "me"));
    compact(&db, "{keepFraction: 0.9}");
    must(&db, "CALL kg.undoCompaction(0) YIELD id RETURN id");
    let told = must(&db, "CALL kg.compactions() YIELD id, actor, kind, policy, changes, undoneBy, hash RETURN *").rows;
    assert_eq!(told.len(), 2);
    let kinds = must(&db, "CALL kg.compactions() YIELD kind, undoneBy, policy RETURN kind, undoneBy").rows;
    assert_eq!(kinds, [["compaction".into(), 1.into()], ["undo".into(), Value::Null]]);
    let history = must(
        &db,
        "MATCH (:Npc {name: 'n3'})-[r:KNOWS]->() CALL kg.history(r) YIELD at, salience, cause, id \
         RETURN id, cause ORDER BY id LIMIT 2",
    );
    assert!(history.rows[0][1].to_string().contains("compaction by kg.compact: reinforce"), "{:?}", history.rows);
    refused(&db, "CALL kg.undoCompaction(0) YIELD id RETURN id", "undone already, by 1");
    refused(&db, "CALL kg.undoCompaction(1) YIELD id RETURN id", "it is a undo");
    assert!(db.check(true).unwrap().is_sound());
}

#[test]
fn a_policy_says_how_salience_goes_and_lets_go_what_has_faded() {
    let db = town(9, 0);
    must(&db, "CREATE POLICY well FOR ()-[r:KNOWS]-() WHERE r.how = 'well' HALF LIFE 0.001 FLOOR 0.2");
    must(&db, "CREATE POLICY bits FOR ()-[r:KNOWS]-() WHERE r.how = 'a bit' ON ACCESS 0.5 ON REJECT -2.0");
    (0..4).for_each(|_| ask(&db, 3, "me"));
    // What was asked counts from when it is folded in.
    compact(&db, "{keepFraction: 1.0, reweigh: false}");
    std::thread::sleep(std::time::Duration::from_millis(30));
    compact(&db, "{}");
    let saliences = |how: &str| -> Vec<f64> {
        let text = format!("MATCH ()-[r {{how: '{how}'}}]->() RETURN DISTINCT salience(r) AS s ORDER BY s");
        db.query(&text, ()).unwrap().collect_as::<(f64,)>().unwrap().into_iter().map(|(s,)| s).collect()
    };
    let well = saliences("well");
    assert!(well.iter().all(|s| (s - 0.2).abs() < 1e-3), "{well:?}");
    let bits = saliences("a bit");
    assert!(bits[0] == 1.0 && bits.len() > 1, "what nobody attended to is as it was: {bits:?}");
    assert_eq!(n_rels(&db), 200, "nothing may go unasked");
    must(&db, "ALTER POLICY well PRUNE ALLOWED");
    compact(&db, "{}");
    let left = must(&db, "MATCH ()-[r {how: 'well'}]->() RETURN count(r)").rows[0][0].as_int().unwrap();
    assert!(left <= n_rels(&db) as i64 / 20, "{left}: but for what holds together what was asked for");
    assert_eq!(saliences("a bit"), bits);
}

/// The database compacts itself in small records, unless it is paused.
#[test]
fn the_database_compacts_itself_as_its_policies_say() {
    let options = Options {
        notice: true,
        background: false,
        compact_every: Some(std::time::Duration::ZERO),
        compact_grace: std::time::Duration::ZERO,
        ..Options::default()
    };
    let db = Database::memory_with(options).unwrap();
    must(&db, "UNWIND range(1, 400) AS i CREATE (:A {i: i})-[:SAW {i: i}]->(:B {i: i})");
    must(&db, "CREATE POLICY p FOR ()-[r:SAW]-() WHERE r.i > 100 HALF LIFE 0.001 FLOOR 0.1 PRUNE ALLOWED");
    let second = std::time::Duration::from_secs(1);
    let look = || must(&db, "MATCH (a:A {i: 1})-[:SAW]->(b) ATTEND b IN (PRIOR 1.0) RETURN b.i");
    look();
    must(&db, "CALL kg.pause()");
    std::thread::sleep(second);
    assert!(!db.step(second).unwrap(), "it is paused");
    assert_eq!(db.status().n_accesses, 1);
    must(&db, "CALL kg.resume()");
    look();
    assert!(db.step(second).unwrap());
    // The last relationships of some are protected: a twentieth of what stays.
    assert_eq!(n_rels(&db), 105);
    let records =
        must(&db, "CALL kg.compactions() YIELD actor, kind, changes WHERE kind = 'compaction' RETURN actor, changes");
    assert_eq!(records.rows.len(), 3, "{:?}", records.rows);
    assert!(records.rows.iter().all(|row| row[0] == "background".into()));
    // Any of them can be taken back alone.
    must(
        &db,
        "CALL kg.compactions() YIELD id, kind WHERE kind = 'compaction' WITH min(id) AS id \
               CALL kg.undoCompaction(id) YIELD relationships RETURN relationships",
    );
    assert!((200..=105 + 128).contains(&n_rels(&db)), "{}", n_rels(&db));
    assert!(db.check(true).unwrap().is_sound());
}

#[test]
fn feedback_to_an_answer_changes_what_led_to_it() {
    let db = town(10, 0);
    let rows = db.query(RANK, params! { "name": "n3" }).unwrap();
    let id = rows.summary().query_id.unwrap();
    let names: Vec<String> = rows.map(|row| row.unwrap().values()[0].as_str().unwrap().to_owned()).collect();
    let node =
        |name: &str| must(&db, &format!("MATCH (n {{name: '{name}'}}) RETURN id(n)")).rows[0][0].as_int().unwrap();
    let give = |reward: f64| {
        let text =
            "CALL kg.reinforce($id, [{entity: $entity, reward: $reward}]) YIELD relationships RETURN relationships";
        let entity = node(&names[0]);
        db.query(text, params! { "id": id as i64, "entity": entity, "reward": reward })
            .and_then(|rows| rows.collect_as::<(i64,)>())
    };
    let before = picture(&db);
    assert!(give(1.0).unwrap()[0].0 > 0);
    let raised = must(&db, "MATCH ()-[r]->() WHERE salience(r) > 1 RETURN count(r)").rows[0][0].as_int().unwrap();
    assert!(raised > 0);
    let text = "CALL kg.compactions() YIELD id, kind WHERE kind = 'reinforcement' CALL kg.undoCompaction(id) YIELD id AS u RETURN u";
    must(&db, text);
    let graph = |lines: Vec<String>| -> Vec<String> {
        lines.into_iter().filter(|line| !line.starts_with("{\"note\"")).collect()
    };
    assert_eq!(graph(picture(&db)), graph(before), "salience is as before; that it was rewarded stays known");
    give(-1.0).unwrap();
    assert!(must(&db, "MATCH ()-[r]->() WHERE salience(r) < 1 RETURN count(r)").rows[0][0].as_int().unwrap() > 0);
    assert!(give(1.5).unwrap_err().to_string().contains("-1 to 1"));
    refused(&db, "CALL kg.reinforce(999, []) YIELD relationships RETURN 1", "no answer 999");
    let other = node("n20");
    let unreached = format!("CALL kg.reinforce({id}, [{{entity: {other}, reward: 1}}]) YIELD relationships RETURN 1");
    if !names.contains(&"n20".to_owned()) {
        assert!(db.query(&unreached, ()).is_err());
    }
}

/// Compactions, feedback and restorations at random, undone in any order that is allowed: state and rankings are as before,
/// to the last bit.
#[test]
fn undoing_is_exact() {
    let n_rounds = std::env::var("ATTENDB_UNDO_ROUNDS").map_or(50, |rounds| rounds.parse().unwrap());
    let (mut n_undone, mut n_refused) = (0, 0);
    for seed in 0..n_rounds {
        let db = town(seed, 0);
        let mut random = Random::new(seed + 1000);
        for _ in 0..random.below(20) {
            ask(&db, random.below(N_NPCS), "me");
        }
        if random.below(2) == 0 {
            db.checkpoint().unwrap();
        }
        // Accesses that wait are folded in by the first call, which no undoing takes back.
        must(&db, "CALL kg.compact({keepFraction: 1.0, reweigh: false}) YIELD id RETURN id");
        must(
            &db,
            "CALL kg.compactions() YIELD id, kind WHERE kind = 'compaction' CALL kg.undoCompaction(id) YIELD id AS u RETURN u",
        );
        let first = must(&db, "CALL kg.compactions() YIELD id RETURN count(*)").rows[0][0].as_int().unwrap();
        let (before, ranked) = (picture(&db), rankings(&db));
        for _ in 0..1 + random.below(4) {
            let keep = 0.5 + random.below(50) as f64 / 100.0;
            let since = random.below(50);
            match random.below(3) {
                0 => drop(compact(&db, &format!("{{keepFraction: {keep}}}"))),
                1 => drop(compact(&db, &format!("{{keepFraction: {keep}, match: '()-[r {{how: \"well\"}}]->()'}}"))),
                _ => drop(must(
                    &db,
                    &format!(
                        "CALL kg.archived() YIELD id, properties WHERE properties.since < {since} \
                         CALL kg.restore(id) YIELD relationship RETURN count(*)"
                    ),
                )),
            }
            if random.below(3) == 0 {
                db.checkpoint().unwrap();
            }
        }
        // In random order, again and again until nothing is left: what is refused must have left everything as it was.
        loop {
            let left = "CALL kg.compactions() YIELD id, kind, undoneBy \
                        WHERE id >= $first AND undoneBy IS NULL AND kind <> 'undo' RETURN id";
            let ids: Vec<i64> = db
                .query(left, params! { "first": first })
                .unwrap()
                .collect_as::<(i64,)>()
                .unwrap()
                .into_iter()
                .map(|(id,)| id)
                .collect();
            if ids.is_empty() {
                break;
            }
            let id = ids[random.below(ids.len() as u64) as usize];
            let now = picture(&db);
            match db.query("CALL kg.undoCompaction($id) YIELD id RETURN id", params! { "id": id }) {
                Ok(_) => n_undone += 1,
                Err(error) => {
                    n_refused += 1;
                    assert!(error.to_string().contains("after it"), "{error}");
                    assert!(picture(&db) == now);
                }
            }
        }
        assert!(picture(&db) == before, "seed {seed}");
        if random.below(2) == 0 {
            db.checkpoint().unwrap();
        }
        assert_eq!(rankings(&db), ranked, "seed {seed}");
        assert!(db.check(true).unwrap().is_sound());
    }
    println!("{n_rounds} rounds, {n_undone} undone, {n_refused} refused");
    assert!(n_undone > n_rounds && n_refused > 0);
}

/// The demo's story of a week: what it says it does, and that everything is as before in the end.
#[test]
fn a_week_of_the_town_is_forgotten_in_part_and_taken_back() {
    let world = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/world");
    let db = Database::memory_with(Options::default().file_roots([&world])).unwrap();
    let run = |script: &str| -> Vec<Vec<Vec<Value>>> {
        let text = std::fs::read_to_string(world.join(script)).unwrap();
        attendb::split_statements(&text).into_iter().map(|statement| must(&db, statement).rows).collect()
    };
    run("load.kgql");
    let before = must(&db, "MATCH ()-[h:HEARD]->() RETURN count(h), sum(salience(h))").rows;
    let told = run("forgetting.kgql");
    let deeds: Vec<&Value> = told[5].iter().map(|row| &row[0]).collect();
    assert_eq!(deeds, [&"archive".into(), &"decay".into(), &"reinforce".into()]);
    assert_eq!(told[5][0][1], 134.into(), "a quarter of 535");
    assert_eq!(told[6].len(), 3);
    assert_eq!(told[7].len(), 3);
    assert!(!told[8].is_empty());
    assert!(told[9].iter().any(|row| row[0] == "signal".into()), "{:?}", told[9]);
    assert_eq!(must(&db, "MATCH ()-[h:HEARD]->() RETURN count(h), sum(salience(h))").rows, before);
}

//! Full-text indexes: what is found is what the statement's own view of the graph has, whatever happened before.

use std::{collections::BTreeSet, fs, path::Path};

use attendb::{Database, Options, Value, params};

use super::support::{
    files::{copy, image},
    must,
    random::Random,
};

fn town(db: &Database) {
    for text in [
        "CREATE FULLTEXT INDEX names FOR (n:Npc|Place) ON EACH [n.name, n.aliases]",
        "CREATE (:Npc {name: 'Ada Miller', aliases: ['the miller', 'Élodie']}), (:Npc {name: 'Bo Stone'}), \
         (:Place {name: 'The Old Mill', aliases: ['mill by the river']}), (:Place {name: 'Stone Bridge'}), \
         (:Beast {name: 'Old Wolf'}), (:Npc {name: 7})",
    ] {
        must(db, text);
    }
}

/// The names that are found, best first.
fn found(db: &Database, text: &str) -> Vec<String> {
    let rows = db
        .query(
            "CALL db.index.fulltext.queryNodes('names', $text) YIELD node RETURN coalesce(toString(node.name), '?')",
            params! { "text": text },
        )
        .unwrap();
    rows.collect_as::<(String,)>().unwrap().into_iter().map(|(name,)| name).collect()
}

#[track_caller]
fn refused(db: &Database, text: &str, message: &str) {
    let found = db.query(text, ()).and_then(|rows| rows.collect::<attendb::Result<Vec<_>>>());
    let error = found.err().unwrap_or_else(|| panic!("{text} is not refused")).to_string();
    assert!(error.contains(message), "{text}\n{error}\nexpected: {message}");
}

/// Returns how many rows there are; an error is none.
fn n_rows(rows: attendb::Result<attendb::Rows>) -> usize {
    rows.and_then(|rows| rows.collect::<attendb::Result<Vec<_>>>()).unwrap().len()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[test]
fn words_find_what_has_them() {
    let db = Database::memory().unwrap();
    town(&db);
    assert_eq!(sorted(found(&db, "mill")), ["The Old Mill"]);
    assert_eq!(sorted(found(&db, "STONE")), ["Bo Stone", "Stone Bridge"]);
    assert_eq!(sorted(found(&db, "elodie")), ["Ada Miller"], "accents and lists");
    assert_eq!(sorted(found(&db, "mil*")), ["Ada Miller", "The Old Mill"]);
    assert_eq!(sorted(found(&db, "stome~1")), ["Bo Stone", "Stone Bridge"]);
    assert_eq!(sorted(found(&db, "\"old mill\"")), ["The Old Mill"]);
    assert_eq!(found(&db, "\"mill old\""), Vec::<String>::new());
    assert_eq!(sorted(found(&db, "name:mill aliases:miller")), ["Ada Miller", "The Old Mill"]);
    assert_eq!(sorted(found(&db, "stone -bridge")), ["Bo Stone"]);
    assert_eq!(sorted(found(&db, "stone AND bridge")), ["Stone Bridge"]);
    assert_eq!(sorted(found(&db, "NOT stone")), Vec::<String>::new(), "nothing is asked for");
    assert_eq!(found(&db, "old stone bridge")[0], "Stone Bridge", "more words are better");
    assert_eq!(found(&db, "old^9 bridge")[0], "The Old Mill");
    assert_eq!(found(&db, ""), Vec::<String>::new());
    assert_eq!(found(&db, "wolf"), Vec::<String>::new(), "of no label of the index");
    let scores: Vec<(f64,)> = db
        .query("CALL db.index.fulltext.queryNodes('names', 'stone') YIELD score RETURN score", ())
        .unwrap()
        .collect_as()
        .unwrap();
    assert!(scores[0].0 >= scores[1].0 && scores[1].0 > 0.0);
    let limited: Vec<(i64,)> = db
        .query("CALL db.index.fulltext.queryNodes('names', 'stone', {skip: 1, limit: 1}) YIELD node RETURN 1", ())
        .unwrap()
        .collect_as()
        .unwrap();
    assert_eq!(limited.len(), 1);
}

#[test]
fn an_index_of_nothing_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for db in [Database::memory().unwrap(), Database::open(folder.path().join("db")).unwrap()] {
        must(&db, "CREATE FULLTEXT INDEX names FOR (n:Npc) ON EACH [n.name]");
        for round in 0..3 {
            for text in ["mill", "mi*", "mlil~2", "\"old mill\"", "NOT mill AND old"] {
                assert_eq!(found(&db, text), [""; 0], "{text}, round {round}");
            }
            must(&db, "CREATE (:Npc {name: 'Old Mill'})");
            assert_eq!(found(&db, "mi*"), ["Old Mill"]);
            must(&db, "MATCH (n:Npc) DELETE n");
            db.checkpoint().unwrap();
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let db = Database::memory().unwrap();
    refused(
        &db,
        "CALL db.index.fulltext.queryNodes('names', 'x') YIELD node RETURN node",
        "no full-text index `names`",
    );
    town(&db);
    let query = |text: &str| format!("CALL db.index.fulltext.queryNodes('names', '{text}') YIELD node RETURN node");
    refused(&db, &query("old (mill"), "`(` without `)` (at character 5");
    refused(&db, &query("title:mill"), "has no property `title`");
    refused(&db, &query("m*ll"), "wildcard");
    refused(&db, "CALL db.index.fulltext.queryRelationships('names', 'x') YIELD score RETURN score", "is of nodes");
    refused(&db, "CALL db.index.fulltext.queryNodes('names', 'x', {top: 1}) YIELD node RETURN node", "no option `top`");
    refused(&db, "CREATE FULLTEXT INDEX names FOR (n:A) ON EACH [n.x]", "exists already");
    refused(&db, "CREATE FULLTEXT INDEX other FOR (n:Place|Npc) ON EACH [n.name, n.aliases]", "`names`");
    refused(&db, "CREATE INDEX names FOR (n:A) ON (n.x)", "exists already");
    refused(&db, "CREATE FULLTEXT INDEX f FOR (n:A) ON EACH [n.x] OPTIONS {analyzer: 'klingon'}", "no analyzer");
    refused(&db, "CREATE FULLTEXT INDEX f FOR (n:A) ON EACH [n.x] OPTIONS {speed: 3}", "no option `speed`");
    refused(&db, "DROP FULLTEXT INDEX nothing", "no full-text index `nothing`");
    must(&db, "CREATE FULLTEXT INDEX names IF NOT EXISTS FOR (n:A) ON EACH [n.x]");
    must(&db, "DROP FULLTEXT INDEX nothing IF EXISTS");
}

#[test]
fn declarations_are_shown_dropped_and_carried() {
    let db = Database::memory().unwrap();
    town(&db);
    must(
        &db,
        "CREATE FULLTEXT INDEX FOR ()-[r:SAID]-() ON EACH [r.text] \
         OPTIONS {indexConfig: {`fulltext.analyzer`: 'english', `fulltext.eventually_consistent`: true}}",
    );
    let shown = |db: &Database| -> Vec<String> {
        let rows = must(db, "SHOW INDEXES YIELD name, type, label, property ORDER BY name").rows;
        rows.iter().map(|row| row.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")).collect()
    };
    let wanted =
        ["'fulltext_SAID_text' 'FULLTEXT' '()-[:SAID]-()' 'text'", "'names' 'FULLTEXT' 'Npc|Place' 'name, aliases'"];
    assert_eq!(shown(&db), wanted);
    let mut stream = Vec::new();
    db.save_to(&mut stream).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.kg");
    Database::restore(&path, stream.as_slice()).unwrap();
    let other = Database::open(&path).unwrap();
    assert_eq!(shown(&other), wanted);
    assert_eq!(found(&other, "mill"), found(&db, "mill"));
    let mut again = Vec::new();
    other.save_to(&mut again).unwrap();
    assert!(stream == again, "the same database gives the same bytes");
    must(&db, "DROP INDEX fulltext_SAID_text");
    must(&db, "DROP FULLTEXT INDEX names");
    assert!(shown(&db).is_empty());
    refused(&db, "CALL db.index.fulltext.queryNodes('names', 'x') YIELD node RETURN node", "no full-text index");
}

#[test]
fn each_view_finds_what_it_has() {
    let db = Database::memory().unwrap();
    town(&db);
    let before = db.read().unwrap();
    let old = |text: &str| -> usize {
        let query = "CALL db.index.fulltext.queryNodes('names', $text) YIELD node RETURN node.name";
        n_rows(before.query(query, params! { "text": text }))
    };
    assert_eq!(old("mill"), 1);
    must(&db, "MATCH (n:Place {name: 'The Old Mill'}) SET n.name = 'The New Tower', n.aliases = null");
    must(&db, "MATCH (n:Npc {name: 'Bo Stone'}) REMOVE n:Npc");
    must(&db, "MATCH (n:Place {name: 'Stone Bridge'}) DETACH DELETE n");
    must(&db, "CREATE (:Place {aliases: ['millpond', 'the mill lake']})");
    assert_eq!((found(&db, "tower").len(), found(&db, "old").len(), found(&db, "stone").len()), (1, 0, 0));
    assert_eq!(found(&db, "mill").len(), 1);
    assert_eq!((old("tower"), old("old"), old("stone"), old("mill")), (0, 1, 2, 1));
    // A transaction finds what it has changed itself, what it rolls back is gone.
    let mut writing = db.write().unwrap();
    let mut own = |text: &str, word: &str| -> usize {
        writing.execute(text, ()).unwrap();
        let query = "CALL db.index.fulltext.queryNodes('names', $text) YIELD node RETURN node.name";
        n_rows(writing.query(query, params! { "text": word }))
    };
    assert_eq!(own("CREATE (:Npc {name: 'Zoe Tower'})", "tower"), 2);
    assert_eq!(own("MATCH (n:Place) SET n.name = 'Cellar'", "tower"), 1);
    assert_eq!(own("MATCH (n:Npc) WHERE n.name CONTAINS 'Tower' DETACH DELETE n", "tower"), 0);
    assert_eq!(found(&db, "tower").len(), 1, "others do not see it");
    writing.rollback();
    assert_eq!(found(&db, "tower").len(), 1);
    // An index is searched in the transaction that makes it, and is gone with it.
    let mut writing = db.write().unwrap();
    writing.execute("CREATE FULLTEXT INDEX beasts FOR (n:Beast) ON EACH [n.name]", ()).unwrap();
    let query = "CALL db.index.fulltext.queryNodes('beasts', 'wolf') YIELD node RETURN node";
    assert_eq!(n_rows(writing.query(query, ())), 1);
    writing.rollback();
    refused(&db, query, "no full-text index `beasts`");
    assert!(db.check(true).unwrap().is_sound());
}

#[test]
fn a_statement_that_writes_finds_what_it_wrote() {
    let db = Database::memory().unwrap();
    town(&db);
    let rows: Vec<(String,)> = db
        .query(
            "CREATE (:Place {name: 'Mill Road'}) WITH 1 AS one \
             CALL db.index.fulltext.queryNodes('names', 'mill') YIELD node RETURN node.name ORDER BY node.name",
            (),
        )
        .unwrap()
        .collect_as()
        .unwrap();
    assert_eq!(rows.into_iter().map(|(name,)| name).collect::<Vec<_>>(), ["Mill Road", "The Old Mill"]);
}

fn words_of(db: &Database, text: &str) -> Vec<String> {
    let rows = must(db, text).rows;
    rows.iter().map(|row| row.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn search_finds_before_the_pattern_is_matched() {
    let db = Database::memory().unwrap();
    town(&db);
    must(&db, "MATCH (a:Npc {name: 'Ada Miller'}), (p:Place) CREATE (a)-[:LIVES]->(p)");
    must(&db, "UNWIND range(1, 300) AS i CREATE (:Npc {name: 'mill mill mill ' + i})");
    // The best three hundred are no places: the pattern goes on looking until there are enough.
    let text = "MATCH (p:Place) SEARCH p IN (FULLTEXT INDEX names FOR 'mill' LIMIT 2) SCORE AS s RETURN p.name, s > 0";
    assert_eq!(words_of(&db, text), ["'The Old Mill' true"]);
    let text = "MATCH (a)-[:LIVES]->(p) SEARCH p IN (FULLTEXT INDEX names FOR 'mill OR stone' LIMIT 5) \
                RETURN a.name, p.name ORDER BY p.name";
    assert_eq!(words_of(&db, text), ["'Ada Miller' 'Stone Bridge'", "'Ada Miller' 'The Old Mill'"]);
    let text = "MATCH (n) SEARCH n IN (FULLTEXT INDEX names FOR 'stone' WHERE n:Place LIMIT 1) RETURN n.name";
    assert_eq!(words_of(&db, text), ["'Stone Bridge'"], "the condition inside comes before the limit");
    let text = "MATCH (n) SEARCH n IN (FULLTEXT INDEX names FOR 'stone' LIMIT 5) SCORE AS s WHERE n:Npc RETURN n.name";
    assert_eq!(words_of(&db, text), ["'Bo Stone'"]);
    let text = "MATCH (n:Npc) SEARCH n IN (FULLTEXT INDEX names FOR 'mill' LIMIT 7) RETURN count(*)";
    assert_eq!(words_of(&db, text), ["7"]);
    // For each row before, and kept where it finds nothing.
    let text = "UNWIND ['bridge', 'unicorn', 'tower OR river'] AS word \
                OPTIONAL MATCH (n:Place) SEARCH n IN (FULLTEXT INDEX names FOR word LIMIT 1) RETURN word, n.name";
    assert_eq!(words_of(&db, text), ["'bridge' 'Stone Bridge'", "'unicorn' null", "'tower OR river' 'The Old Mill'"]);
    // A candidate with several matches counts once.
    must(&db, "MATCH (a:Npc {name: 'Bo Stone'}), (p:Place) CREATE (a)-[:LIVES]->(p), (a)-[:LIVES]->(p)");
    let text = "MATCH (a)-[:LIVES]->(p:Place) SEARCH p IN (FULLTEXT INDEX names FOR 'stone' LIMIT 1) RETURN count(*)";
    assert_eq!(words_of(&db, text), ["3"]);
    let parameters = params! { "index": "names", "words": "bridge" };
    let text = "MATCH (n) SEARCH n IN (FULLTEXT INDEX $index FOR $words LIMIT 1) RETURN n.name";
    let rows: Vec<(String,)> = db.query(text, parameters).unwrap().collect_as().unwrap();
    assert_eq!(rows, [("Stone Bridge".to_owned(),)]);
    refused(&db, "MATCH (n) WITH n SEARCH n IN (FULLTEXT INDEX names FOR 'x' LIMIT 1) RETURN n", "behind the MATCH");
    refused(&db, "MATCH (n) SEARCH m IN (FULLTEXT INDEX names FOR 'x' LIMIT 1) RETURN n", "does not name");
    refused(&db, "MATCH (n) SEARCH n IN (FULLTEXT INDEX names FOR 3 LIMIT 1) RETURN n", "a string");
}

#[test]
fn relationships_are_found_too() {
    let db = Database::memory().unwrap();
    must(&db, "CREATE FULLTEXT INDEX said FOR ()-[r:SAID|WROTE]-() ON EACH [r.text] OPTIONS {language: 'english'}");
    must(
        &db,
        "CREATE (a:Npc {name: 'Ada'})-[:SAID {text: 'the mills are running'}]->(b:Npc {name: 'Bo'}), \
         (b)-[:WROTE {text: 'a mill runs dry'}]->(a), (a)-[:THOUGHT {text: 'mill'}]->(b)",
    );
    let text = "CALL db.index.fulltext.queryRelationships('said', 'run mill') YIELD relationship AS r \
                RETURN type(r), startNode(r).name ORDER BY type(r)";
    assert_eq!(words_of(&db, text), ["'SAID' 'Ada'", "'WROTE' 'Bo'"]);
    let text = "MATCH (x)-[r]->(y) SEARCH r IN (FULLTEXT INDEX said FOR 'dry' LIMIT 3) RETURN x.name, y.name";
    assert_eq!(words_of(&db, text), ["'Bo' 'Ada'"]);
    let text = "MATCH (y)<-[r:SAID]-(x:Npc) SEARCH r IN (FULLTEXT INDEX said FOR 'mill' LIMIT 3) RETURN x.name, y.name";
    assert_eq!(words_of(&db, text), ["'Ada' 'Bo'"]);
    let text = "MATCH (x)-[r]-(y) SEARCH r IN (FULLTEXT INDEX said FOR 'dry' LIMIT 3) RETURN x.name ORDER BY x.name";
    assert_eq!(words_of(&db, text), ["'Ada'", "'Bo'"]);
    must(&db, "MATCH ()-[r:WROTE]->() DELETE r");
    must(&db, "MATCH ()-[r:SAID]->() SET r.text = 'nothing'");
    let text = "CALL db.index.fulltext.queryRelationships('said', 'mill nothing') YIELD relationship RETURN count(*)";
    assert_eq!(words_of(&db, text), ["1"]);
}

#[test]
fn languages_differ() {
    let db = Database::memory().unwrap();
    for (label, analyzer) in [("S", "simple"), ("E", "english"), ("G", "german"), ("C", "cjk")] {
        let options = format!("OPTIONS {{analyzer: '{analyzer}'}}");
        must(&db, &format!("CREATE FULLTEXT INDEX {label} FOR (n:{label}) ON EACH [n.text] {options}"));
        must(&db, &format!("CREATE (:{label} {{text: 'Die Häuser running 東京都に住む'}})"));
    }
    let n = |index: &str, text: &str| {
        let query = "CALL db.index.fulltext.queryNodes($index, $text) YIELD node RETURN node";
        n_rows(db.query(query, params! { "index": index, "text": text }))
    };
    assert_eq!((n("S", "run"), n("E", "run"), n("S", "RUNNING")), (0, 1, 1));
    assert_eq!((n("S", "Haus"), n("G", "Haus"), n("G", "hauser")), (0, 1, 1));
    for index in ["S", "E", "C"] {
        assert_eq!((n(index, "東京"), n(index, "京都"), n(index, "住む"), n(index, "東住")), (1, 1, 1, 0), "{index}");
        assert_eq!((n(index, "む*"), n(index, "東京都に"), n(index, "都"), n(index, "む")), (1, 1, 1, 1), "{index}");
    }
}

#[test]
fn an_eventual_index_is_as_its_files_are() {
    let db = Database::memory_with(Options { background: false, ..Options::default() }).unwrap();
    must(&db, "CREATE FULLTEXT INDEX names FOR (n:A) ON EACH [n.name] OPTIONS {eventually_consistent: true}");
    must(&db, "CREATE (:A {name: 'first'})");
    assert_eq!(found(&db, "first").len(), 1, "what is not there is made");
    must(&db, "CREATE (:A {name: 'second'})");
    assert_eq!(found(&db, "second").len(), 0);
    assert!(db.step(std::time::Duration::MAX).unwrap());
    assert_eq!(found(&db, "second").len(), 1);
    // Nobody is found who is gone.
    must(&db, "MATCH (n:A {name: 'second'}) DELETE n");
    assert_eq!(found(&db, "second").len(), 0);
}

/// The twin: the names with the word, looked for one by one.
fn by_looking(db: &Database, word: &str) -> BTreeSet<i64> {
    let text = "MATCH (n) WHERE (n:A OR n:B) AND (n.one = $w OR n.one STARTS WITH $w + ' ' OR n.one ENDS WITH ' ' + $w \
                OR $w IN coalesce(n.two, [])) RETURN id(n)";
    db.query(text, params! { "w": word }).unwrap().collect_as::<(i64,)>().unwrap().into_iter().map(|(id,)| id).collect()
}

fn by_index(db: &Database, word: &str) -> BTreeSet<i64> {
    let text = "CALL db.index.fulltext.queryNodes('f', $w) YIELD node RETURN id(node)";
    let ids: Vec<(i64,)> = db.query(text, params! { "w": word }).unwrap().collect_as().unwrap();
    let set: BTreeSet<i64> = ids.iter().map(|(id,)| *id).collect();
    assert_eq!(set.len(), ids.len(), "each once");
    set
}

const WORDS: [&str; 6] = ["mill", "stone", "river", "tower", "bell", "wolf"];

/// One change, seldom a large one.
fn change(random: &mut Random) -> String {
    let label = *random.pick(&["A", "B", "C"]);
    let (one, two) = (*random.pick(&WORDS), *random.pick(&WORDS));
    match random.below(9) {
        0..3 => format!("CREATE (:{label} {{one: '{one} {two}', two: ['{two}']}})"),
        3 => format!("MATCH (n:{label}) WITH n ORDER BY n.one, id(n) LIMIT 2 SET n.one = '{one}'"),
        4 => format!("MATCH (n:{label}) WITH n ORDER BY id(n) DESC LIMIT 2 SET n:B, n.two = ['{two}', '{one}']"),
        5 => format!("MATCH (n:{label}) WITH n ORDER BY id(n) LIMIT 1 REMOVE n:A, n.one"),
        6 => format!("MATCH (n:{label}) WITH n ORDER BY id(n) LIMIT 2 DETACH DELETE n"),
        7 if random.chance(1, 4) => format!("UNWIND range(1, 700) AS i CREATE (:{label} {{one: '{one} ' + i}})"),
        _ => format!("MATCH (n) WHERE n.one = '{one}' SET n.one = '{two} {one}'"),
    }
}

fn compare(db: &Database, what: &str) {
    for word in WORDS {
        assert_eq!(by_index(db, word), by_looking(db, word), "{what}: {word}");
    }
}

#[test]
fn random_changes_leave_no_ghosts_and_lose_nothing() {
    for seed in 0..6 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.kg");
        let mut random = Random::new(seed);
        let options = || Options { background: seed % 2 == 0, ..Options::default() };
        let mut db = Database::open_with(&path, options()).unwrap();
        must(&db, "CREATE FULLTEXT INDEX f FOR (n:A|B) ON EACH [n.one, n.two]");
        for step in 0..60 {
            match random.below(12) {
                0 => drop(db.checkpoint().unwrap()),
                1 => drop(db.step(std::time::Duration::MAX).unwrap()),
                2 => {
                    if random.chance(1, 2) {
                        db.close().unwrap();
                    } else {
                        // As a process that was killed leaves it.
                        let left = dir.path().join("left.kg");
                        let _ = fs::remove_dir_all(&left);
                        copy(&path, &left);
                        drop(db);
                        fs::remove_dir_all(&path).unwrap();
                        fs::rename(&left, &path).unwrap();
                    }
                    db = Database::open_with(&path, options()).unwrap();
                }
                3 => {
                    let mut writing = db.write().unwrap();
                    for _ in 0..3 {
                        writing.execute(&change(&mut random), ()).unwrap();
                    }
                    if random.chance(1, 2) {
                        writing.rollback();
                    } else {
                        writing.commit().unwrap();
                    }
                }
                _ => drop(db.execute(&change(&mut random), ()).unwrap()),
            }
            if random.chance(1, 2) {
                compare(&db, &format!("seed {seed} step {step}"));
            }
        }
        compare(&db, &format!("seed {seed} at the end"));
        let report = db.check(true).unwrap();
        assert!(report.is_sound(), "{:?}", report.problems);
        db.close().unwrap();
    }
}

/// A database with an index whose files are there, closed.
fn made(path: &Path) {
    let db = Database::open(path).unwrap();
    town(&db);
    assert_eq!(found(&db, "mill").len(), 1);
    db.close().unwrap();
    assert!(path.join("fulltext").is_dir());
}

#[test]
fn damaged_and_missing_files_are_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.kg");
    made(&path);
    let whole = image(&path.join("fulltext"));
    let files: Vec<_> = whole.iter().filter_map(|(path, bytes)| bytes.as_ref().map(|bytes| (path, bytes))).collect();
    assert!(files.len() > 3);
    for (file, bytes) in files {
        for damage in 0..4 {
            fs::remove_dir_all(path.join("fulltext")).unwrap();
            for (path, bytes) in &whole {
                match bytes {
                    None => fs::create_dir_all(path).unwrap(),
                    Some(bytes) => {
                        fs::create_dir_all(path.parent().unwrap()).unwrap();
                        fs::write(path, bytes).unwrap();
                    }
                }
            }
            let mut bytes = bytes.clone();
            match damage {
                0 => fs::remove_file(file).unwrap(),
                1 => fs::write(file, &bytes[..bytes.len() / 2]).unwrap(),
                2 => fs::write(file, b"").unwrap(),
                _ => {
                    let at = bytes.len() / 3;
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 4;
                    }
                    fs::write(file, &bytes).unwrap();
                }
            }
            let db = Database::open(&path).unwrap();
            assert_eq!(sorted(found(&db, "mill stone")), ["Bo Stone", "Stone Bridge", "The Old Mill"], "{file:?}");
            assert!(db.check(true).unwrap().is_sound());
            drop(db);
        }
    }
    fs::remove_dir_all(path.join("fulltext")).unwrap();
    fs::write(path.join("fulltext"), b"no directory").unwrap();
    let db = Database::open(&path).unwrap();
    assert_eq!(found(&db, "mill"), ["The Old Mill"]);
}

#[test]
fn files_ahead_of_the_graph_are_thrown_away() {
    let dir = tempfile::tempdir().unwrap();
    let (path, before) = (dir.path().join("x.kg"), dir.path().join("before.kg"));
    made(&path);
    copy(&path, &before);
    let db = Database::open(&path).unwrap();
    for at in 0..3 {
        must(&db, &format!("CREATE (:Npc {{name: 'Lost Mill {at}'}})"));
    }
    db.close().unwrap();
    // What a power loss leaves that takes the latest commits from the journal, and not from the words.
    fs::remove_dir_all(before.join("fulltext")).unwrap();
    copy(&path.join("fulltext"), &before.join("fulltext"));
    let db = Database::open(&before).unwrap();
    assert!(!before.join("fulltext/0").exists(), "before anything is committed");
    for at in 0..3 {
        must(&db, &format!("CREATE (:Npc {{name: 'Found Stone {at}'}})"));
    }
    assert_eq!(found(&db, "mill"), ["The Old Mill"]);
    assert_eq!(found(&db, "found").len(), 3);
}

#[test]
fn reading_only_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.kg");
    made(&path);
    let db = Database::open(&path).unwrap();
    must(&db, "CREATE (:Place {name: 'Mill Road'})");
    let left = dir.path().join("left.kg");
    copy(&path, &left);
    drop(db);
    let before = image(&left);
    let db = Database::open_with(&left, Options { read_only: true, ..Options::default() }).unwrap();
    assert_eq!(sorted(found(&db, "mill")), ["Mill Road", "The Old Mill"]);
    assert!(db.check(true).unwrap().is_sound());
    drop(db);
    assert!(image(&left) == before, "every byte stays");
}

/// Who is meant: names, the texts that fit, and scores, best first.
fn meant(db: &Database, text: &str, options: &str) -> Vec<(String, String)> {
    let query = format!(
        "CALL kg.link($text, {options}) YIELD node, score, matched WITH node, score, matched WHERE score > 0 \
         RETURN coalesce(node.name, '?'), matched"
    );
    db.query(&query, params! { "text": text }).unwrap().collect_as().unwrap()
}

#[test]
fn mentions_find_who_is_meant() {
    let db = Database::memory().unwrap();
    must(&db, "CREATE FULLTEXT INDEX names FOR (n:Npc|Place) ON EACH [n.name, n.aliases]");
    must(
        &db,
        "CREATE (:Place {name: 'The Old Mill', aliases: ['Mühle']}), (:Place {name: 'Old Miller Tower'}), \
         (a:Npc {name: 'Ada Stone'}), (b:Npc {name: 'ADA STONE'}), (c:Npc {name: 'Ada Stone'}), \
         (:Npc {name: 'Milo'}), (c)-[:KNOWS]->(a), (c)-[:KNOWS]->(b)",
    );
    let best = |text: &str| meant(&db, text, "{limit: 1}").into_iter().next().map(|(name, _)| name);
    assert_eq!(best("The Old Mill").as_deref(), Some("The Old Mill"));
    assert_eq!(best("the old mill").as_deref(), Some("The Old Mill"));
    assert_eq!(best("muhle").as_deref(), Some("The Old Mill"), "by an alias without its accent");
    assert_eq!(best("the odl mill").as_deref(), Some("The Old Mill"), "one typo");
    assert_eq!(best("teh odl mill").as_deref(), Some("The Old Mill"), "two typos");
    assert_eq!(best("the old mil by the river").as_deref(), Some("The Old Mill"), "words");
    assert_eq!(best("zzz qqq"), None);
    assert_eq!(meant(&db, "muhle", "{}")[0].1, "Mühle", "the text that fits is told");
    // The exact name before the folded one; among those of one name, the one that is known best.
    let all = meant(&db, "Ada Stone", "{limit: 3}");
    assert_eq!(all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["Ada Stone", "Ada Stone", "ADA STONE"]);
    let degrees = must(&db, "CALL kg.link('Ada Stone', {limit: 1}) YIELD node RETURN COUNT { (node)--() }").rows;
    assert_eq!(degrees[0][0].as_int(), Some(2));
    // Labels are kept to, whatever fits better.
    assert_eq!(meant(&db, "Milo", "{labels: ['Place']}").iter().filter(|(name, _)| name == "Milo").count(), 0);
    assert_eq!(meant(&db, "Milo", "{labels: ['Nobody']}"), []);
    assert_eq!(n_rows(db.query("CALL kg.link(null) YIELD node RETURN node", ())), 0);
    refused(&db, "CALL kg.link('x', {lables: ['A']}) YIELD node RETURN node", "no option `lables`");
    refused(&db, "CALL kg.link('x', {index: 'other'}) YIELD node RETURN node", "no full-text index `other`");
    refused(&db, "CALL kg.link('x', {labels: 'A'}) YIELD node RETURN node", "a list of strings");
    must(&db, "CREATE FULLTEXT INDEX places FOR (n:Place) ON EACH [n.name]");
    refused(&db, "CALL kg.link('x') YIELD node RETURN node", "several full-text indexes");
    assert_eq!(meant(&db, "old mill", "{index: 'places', limit: 1}")[0].0, "The Old Mill");
}

#[test]
fn the_context_decides_between_equals() {
    let db = Database::memory().unwrap();
    must(&db, "CREATE FULLTEXT INDEX names FOR (n:E) ON EACH [n.name]");
    must(&db, "CREATE EMBEDDING about FOR (n:E) ON n.vec DIMENSION 2");
    must(
        &db,
        "CREATE (:E {name: 'Mercury', kind: 'planet', vec: [1.0, 0.0]}), \
         (m:E {name: 'Mercury', kind: 'god', vec: [0.0, 1.0]}), (:E {name: 'Jupiter', vec: [1.0, 0.1]}), (m)-[:OF]->(m)",
    );
    let kind = |context: &str| {
        let text = format!("CALL kg.link('mercury', {{limit: 1, context: {context}}}) YIELD node RETURN node.kind");
        words_of(&db, &text).join(" ")
    };
    assert_eq!(kind("null"), "'god'", "the better known");
    assert_eq!(kind("[1.0, 0.0]"), "'planet'");
    assert_eq!(kind("[0.0, 2.0]"), "'god'");
    let text =
        "MATCH (j:E {name: 'Jupiter'}) CALL kg.link('mercury', {limit: 1, context: j}) YIELD node RETURN node.kind";
    assert_eq!(words_of(&db, text), ["'planet'"], "like a node");
    refused(&db, "CALL kg.link('mercury', {context: 'a text'}) YIELD node RETURN node", "no embedding space");
    refused(&db, "CALL kg.link('mercury', {context: [1.0]}) YIELD node RETURN node", "no embedding space");
}

#[test]
fn what_is_loaded_in_bulk_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.kg");
    let file = dir.path().join("names.csv");
    let rows: String = (0..3000).map(|at| format!("{at},stone {at}\n")).collect();
    fs::write(&file, format!("key,name\n{rows}")).unwrap();
    let options = || Options { background: false, ..Options::default() }.file_roots([dir.path()]);
    let db = Database::open_with(&path, options()).unwrap();
    must(&db, "CREATE FULLTEXT INDEX names FOR (n:Name) ON EACH [n.name]");
    must(&db, "CREATE (:Name {name: 'first'})");
    assert_eq!(found(&db, "first").len(), 1);
    let before = db.read().unwrap();
    must(&db, &format!("COPY Name FROM '{}' (KEY key)", file.display()));
    assert_eq!((found(&db, "stone").len(), found(&db, "2999").len()), (3000, 1));
    let old = before.query("CALL db.index.fulltext.queryNodes('names', 'stone') YIELD node RETURN node", ());
    assert_eq!(n_rows(old), 0);
    // As a process that was killed leaves it: the load is in the journal, the words are not.
    let left = dir.path().join("left.kg");
    copy(&path, &left);
    let other = Database::open_with(&left, options()).unwrap();
    assert_eq!((found(&other, "stone").len(), found(&other, "first").len()), (3000, 1));
    assert!(other.check(true).unwrap().is_sound());
}

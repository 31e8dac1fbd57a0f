//! Text to tree to text, and back.

use super::{print, shape};
use crate::query::{
    parse,
    parse::{split_statements, tests::tck},
};

/// Checks that the text of a statement's tree is of the same tree, and is the text of that one. Returns it.
#[track_caller]
pub(in crate::query) fn check_round_trip(text: &str) -> String {
    let tree = parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    let printed = print(&tree);
    let again = parse(&printed).unwrap_or_else(|error| panic!("{text}\nis printed as\n{printed}\n{error}"));
    assert_eq!(shape(&again), shape(&tree), "{text}\nis printed as\n{printed}");
    assert_eq!(print(&again), printed, "{text}");
    assert_eq!(split_statements(&printed), [&printed], "{text}");
    printed
}

/// Checks what texts are printed as.
#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(check_round_trip(text), *expected, "{text}");
    }
}

#[track_caller]
fn check_expr(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        check(&[(&format!("RETURN {text}"), &format!("RETURN {expected}"))]);
    }
}

#[test]
fn parentheses_stand_where_they_must() {
    check_expr(&[
        ("((1 + 2)) * (3)", "(1 + 2) * 3"),
        ("a - (b - c) - d", "a - (b - c) - d"),
        ("(a AND b) AND c AND (d OR e XOR f)", "(a AND b) AND c AND (d OR e XOR f)"),
        ("NOT (NOT (a = b)) AND (NOT c)", "NOT NOT a = b AND NOT c"),
        ("a = NOT b", "a = (NOT b)"),
        ("(a < b) < c", "(a < b) < c"),
        ("(a IS NULL) IS NOT NULL = b IN c", "a IS NULL IS NOT NULL = b IN c"),
        ("-(1) + -1 - -(-1) - (-a).b", "-(1) + -1 - --1 - (-a).b"),
        ("(-1).a + (1).a + (-1)[0] + -1 ^ 2 + -(1.5)", "(-1).a + 1.a + (-1)[0] + -1 ^ 2 + -(1.5)"),
        ("- NOT - a ^ + b", "-(NOT -a ^ +b)"),
        ("(n:A|B).x + n:A:B + (n:(A))", "(n:A|B).x + n:A:B + n:A"),
        ("[(x IN xs)] + [x IN xs, 1] + [x IN (xs IN ys)]", "[(x IN xs)] + [x IN xs, 1] + [x IN (xs IN ys)]"),
        ("[x IN xs WHERE (x:A|B) OR x:A&!C | x:(A|B)]", "[x IN xs WHERE (x:A|B) OR x:A&!C | (x:A|B)]"),
        ("[x = 1, (x:A|B)] + x[(x:A|B)] + f(x:A|B)", "[x = 1, (x:A|B)] + x[(x:A|B)] + f(x:A|B)"),
        ("[x IN xs | (x IS NOT TYPED INT|FLOAT)]", "[x IN xs | (x IS NOT :: INTEGER | FLOAT)]"),
        (
            "(x IS :: INT) > (x IS :: LIST<INT NOT NULL> NOT NULL)",
            "(x IS :: INTEGER) > (x IS :: LIST<INTEGER NOT NULL> NOT NULL)",
        ),
        ("(n:A OR b) - ([b]) - (c OR d)", "(n:A OR b) - ([b]) - (c OR d)"),
        ("(a + b) - [b] - -(c OR d)", "a + b - [b] - -(c OR d)"),
        ("reduce(s = (a = b), x IN (a IN b) | s)", "reduce(s = (a = b), x IN (a IN b) | s)"),
        (
            "all(x IN (a OR b) WHERE x) || none(x IN xs WHERE (x)-->())",
            "all(x IN (a OR b) WHERE x) || none(x IN xs WHERE (x)-->())",
        ),
    ]);
}

#[test]
fn values_read_back_as_they_are() {
    check_expr(&[
        ("0x10 + 0o10 + 1_000 - -0x8000000000000000", "16 + 8 + 1000 - -9223372036854775808"),
        (
            ".1 + 1e300 + -0.0 + 1E-7 + 1.0 + 123456789012345678.0",
            "0.1 + 1e300 + -0.0 + 1e-7 + 1.0 + 1.2345678901234568e17",
        ),
        (r#""it's\n\t\\ \u0001 é\u00e9 \"""#, r#"'it\'s\n\t\\ \u0001 éé "'"#),
        ("$p + $`a b` + $0 + $1a + $in", "$p + $`a b` + $0 + $1a + $in"),
        ("{`a``b`: 1, in: 2, `end`: 3, `1a`: 4}.`case`", "{`a``b`: 1, in: 2, `end`: 3, `1a`: 4}.`case`"),
        ("[null, TRUE, fAlse, [], {}]", "[null, true, false, [], {}]"),
    ]);
}

#[test]
fn names_are_quoted_where_a_word_could_stand() {
    check(&[
        (
            "MATCH (`node`:Node)-[in:IN]->(`x y`:`end`) RETURN node.in AS path, in",
            "MATCH (`node`:Node)-[`in`:IN]->(`x y`:`end`) RETURN `node`.in AS `path`, `in`",
        ),
        (
            "RETURN count(n), length(p), `a..b`(1), a.count(2), `x y`.f(3), time()",
            "RETURN count(n), length(p), `a..b`(1), a.count(2), `x y`.f(3), time()",
        ),
        ("RETURN leading(1), size(`leading`(1)), distinct", "RETURN `leading`(1), size(`leading`(1)), `distinct`"),
        ("CALL db.in() YIELD in AS x RETURN x", "CALL db.in() YIELD `in` AS x RETURN x"),
        (
            "create policy policy if not exists for ()-[policy:POLICY|`a b`]-() where policy.for <> (1 + 2) \
             half life duration('P30D') on reject -0.3 floor $f prune allowed prior 0.3 on access 0.1 priority 2",
            "CREATE POLICY `policy` IF NOT EXISTS FOR ()-[`policy`:POLICY|`a b`]-() WHERE `policy`.for <> 1 + 2 \
             HALF LIFE duration('P30D') ON REJECT -0.3 FLOOR $f PRIOR 0.3 ON ACCESS 0.1 PRIORITY 2 PRUNE ALLOWED",
        ),
        ("ALTER POLICY p PRUNE NOT ALLOWED FLOOR null", "ALTER POLICY p FLOOR null PRUNE NOT ALLOWED"),
        (
            "copy access log from $f (on error skip, to `to`, from b(k), columns (time int), header false)",
            "COPY ACCESS LOG FROM $f (FROM b(k), TO `to`, HEADER false, COLUMNS (`time` INTEGER), ON ERROR SKIP)",
        ),
        (
            "create validity if not exists for ()-[r:A|`b c`]-() on (r.since, r.`until`) clock $now",
            "CREATE VALIDITY IF NOT EXISTS FOR ()-[r:A|`b c`]-() ON (r.since, r.until) CLOCK $now",
        ),
        ("DROP VALIDITY FOR ()-[x]->() IF EXISTS", "DROP VALIDITY FOR ()-[x]-() IF EXISTS"),
        (
            "MATCH (a)-->(at) AT TIME (1 + $t) WHERE a.x OPTIONAL MATCH (any) AT ANY TIME RETURN at",
            "MATCH (a)-->(`at`) AT TIME 1 + $t WHERE a.x OPTIONAL MATCH (`any`) AT ANY TIME RETURN `at`",
        ),
        ("DROP POLICY p IF EXISTS", "DROP POLICY p IF EXISTS"),
        (
            "SHOW POLICY WHERE prior > 0",
            "SHOW POLICIES YIELD name, types, condition, halfLifeSeconds, `floor`, pruneAllowed, `prior`, onAccess, onReject, `priority`, `relationships` WHERE `prior` > 0",
        ),
        ("CREATE INDEX index FOR (x:For) ON (x.on)", "CREATE INDEX `index` FOR (n:For) ON (n.on)"),
    ]);
}

#[test]
fn patterns() {
    check(&[
        (
            "MATCH p = (a:A:B {x: 1})-[r:R|S*1..3]->()<--()--(:A&(B|C)&!(D|!%)) RETURN p",
            "MATCH p = (a:A:B {x: 1})-[r:R|S*1..3]->()<--()--(:A&(B|C)&!(D|!%)) RETURN p",
        ),
        (
            "MATCH (a)-[:R]->+(b)-[*2..2]-()-[*..2]-()-[*1..]-()-[*]-() RETURN 1",
            "MATCH (a)-[:R*1..]->(b)-[*2]-()-[*..2]-()-[*1..]-()-[*]-() RETURN 1",
        ),
        (
            "MATCH ((a)-->(b)-->(c) WHERE a.x)+((c)--(d)){2} ((e)<--(f)){,3} RETURN 1",
            "MATCH ()((a)-->(b)-->(c) WHERE a.x)+()((c)--(d)){2}()((e)<--(f)){0,3}() RETURN 1",
        ),
        (
            "MATCH (where WHERE true), (WHERE ($p)), (WHERE ({a: 1}.a)), (:A WHERE $p) RETURN 1",
            "MATCH (`where` WHERE true), (WHERE ($p)), (WHERE ({a: 1}.a)), (:A WHERE $p) RETURN 1",
        ),
        (
            "MATCH ANY (a)-->(b), p = SHORTEST 2 PATHS (q = (a)-->(b) WHERE q) RETURN 1",
            "MATCH ANY SHORTEST (a)-->(b), p = SHORTEST 2 (q = (a)-->(b) WHERE q) RETURN 1",
        ),
        (
            "MATCH SHORTEST GROUP (a)-->(b), SHORTEST $n ACYCLIC PATHS GROUPS ((a)-->(b)), ALL (a)-->(b), TRAIL (a) RETURN 1",
            "MATCH ALL SHORTEST (a)-->(b), SHORTEST $n ACYCLIC GROUPS (a)-->(b), (a)-->(b), TRAIL (a) RETURN 1",
        ),
        (
            "MATCH p = CHEAPEST 3 (a)-[r:ROAD]->{1,3}(b) COST BY (r.km) * 2 AS total WHERE total < 9 RETURN p",
            "MATCH p = CHEAPEST 3 (a)-[r:ROAD*1..3]->(b) COST BY r.km * 2 AS total WHERE total < 9 RETURN p",
        ),
        (
            "MATCH (a)-->(reinforce) ATTEND reinforce IN (FOR $q) REINFORCE reinforce by (- 0.5) RETURN 1",
            "MATCH (a)-->(`reinforce`) ATTEND `reinforce` IN (FOR $q) REINFORCE `reinforce` BY -0.5 RETURN 1",
        ),
        ("MATCH CHEAPEST (a)-[r]->(b) COST BY 1 RETURN r", "MATCH CHEAPEST (a)-[r]->(b) COST BY 1 RETURN r"),
        (
            "MATCH p = shortestPath((a)-[*]->(b)), allShortestPaths((a)-->(b)) RETURN 1",
            "MATCH p = shortestPath((a)-[*]->(b)), allShortestPaths((a)-->(b)) RETURN 1",
        ),
        (
            "MATCH (n) WHERE NOT (n)-->() AND exists((n)--()) OR ((n)-->()) = true RETURN exists((n)-->())",
            "MATCH (n) WHERE NOT (n)-->() AND (n)--() OR exists((n)-->()) = true RETURN exists((n)-->())",
        ),
        (
            "RETURN [p = (a)-->(b) WHERE (a)--() | p], [shortestPath((a)-->(b)) | 1], shortestPath((a)-->(b))",
            "RETURN [p = (a)-->(b) WHERE (a)--() | p], [shortestPath((a)-->(b)) | 1], shortestPath((a)-->(b))",
        ),
        ("CREATE (a $p)-[:R $q]->({k: 1})", "CREATE (a $p)-[:R $q]->({k: 1})"),
    ]);
}

#[test]
fn what_was_written_otherwise_is_printed_as_what_it_became() {
    check(&[
        (
            "RETURN EXISTS { (a)-->(b) WHERE a.x }, COUNT { (a) }",
            "RETURN EXISTS { MATCH (a)-->(b) WHERE a.x }, COUNT { MATCH (a) }",
        ),
        (
            "RETURN trim(LEADING 'x' FROM y), normalize(x, nfc), x IS NOT NORMALIZED, x IS NFD NORMALIZED",
            "RETURN ltrim(y, 'x'), normalize(x, NFC), x IS NOT NFC NORMALIZED, x IS NFD NORMALIZED",
        ),
        (
            "MATCH (n) RETURN property_exists(n, k)",
            "MATCH (n) RETURN CASE WHEN n IS NULL THEN null ELSE n.k IS NOT NULL END",
        ),
        (
            "RETURN CASE x WHEN 1, > 2 THEN 3 WHEN > 1 OR y THEN 4 WHEN IS NULL, IS NOT TYPED INT THEN 5 END",
            "RETURN CASE x WHEN = 1, > 2 THEN 3 WHEN > 1 OR y THEN 4 WHEN IS NULL, IS NOT :: INTEGER THEN 5 END",
        ),
        (
            "RETURN CASE x WHEN IS NOT NORMALIZED = true THEN 1 WHEN STARTS WITH 'a' IS NULL THEN 2 END",
            "RETURN CASE x WHEN IS NOT NFC NORMALIZED = true THEN 1 WHEN STARTS WITH 'a' IS NULL THEN 2 END",
        ),
        ("RETURN 1 AS x NEXT RETURN x", "WITH 1 AS x RETURN x"),
        ("RETURN 1 AS x ORDER BY x NEXT SKIP 1 RETURN x", "RETURN 1 AS x ORDER BY x NEXT SKIP 1 RETURN x"),
        ("RETURN 1 AS x LIMIT 2 NEXT SKIP 1 RETURN x", "WITH 1 AS x LIMIT 2 SKIP 1 RETURN x"),
        (
            "{ RETURN 1 AS x NEXT ORDER BY x RETURN x } UNION RETURN 2 AS x",
            "{ RETURN 1 AS x NEXT ORDER BY x RETURN x } UNION RETURN 2 AS x",
        ),
        ("RETURN 1 AS x NEXT CALL db.labels()", "RETURN 1 AS x NEXT CALL db.labels()"),
        (
            "RETURN 1 AS x UNION RETURN 2 AS x NEXT CALL db.labels() YIELD *",
            "RETURN 1 AS x UNION RETURN 2 AS x NEXT CALL db.labels() YIELD *",
        ),
        ("SHOW INDEX WHERE name = 'a'", "SHOW INDEXES YIELD name, type, label, property WHERE name = 'a'"),
        (
            "SHOW INDEXES YIELD name AS n, type ORDER BY n LIMIT 2 WHERE n = 'a' RETURN n, 1 AS one",
            "SHOW INDEXES YIELD name AS n, type ORDER BY n LIMIT 2 WHERE n = 'a' RETURN n, 1 AS one",
        ),
        (
            "MERGE (a) ON MATCH SET a.x = 1 ON CREATE SET a:A, a += {} ON MATCH SET a = {}",
            "MERGE (a) ON CREATE SET a:A, a += {} ON MATCH SET a.x = 1, a = {}",
        ),
    ]);
    for text in [
        "WHEN true THEN RETURN 1 AS x WHEN EXISTS { (a) } THEN RETURN 2 AS x ELSE { RETURN 3 AS x UNION RETURN 4 AS x }",
        "RETURN EXISTS { { RETURN 1 AS x UNION MATCH (n) RETURN n AS x } UNION MATCH (n) }",
        "RETURN COLLECT { WHEN true THEN RETURN 1 AS x ELSE RETURN 2 AS x }",
        "RETURN EXISTS { WHEN true THEN CALL db.labels() YIELD label RETURN label }",
    ] {
        check_round_trip(text);
    }
}

#[test]
fn clauses_and_statements() {
    for text in [
        "PROFILE MATCH (n) OPTIONAL MATCH REPEATABLE ELEMENTS (n)-->(m) WITH DISTINCT *, n.x AS x ORDER BY x DESC, n SKIP 1 LIMIT $l WHERE x > 1 RETURN *",
        "EXPLAIN UNWIND [1] AS x LET y = x, z = y FILTER y > 1 FOR i IN [1] WITH OFFSET j FOR k IN [2] WITH ORDINALITY l ORDER BY x SKIP 1 LIMIT 2 RETURN x UNION ALL RETURN 1 AS x",
        "MATCH (n) SET n.x = 1, n[k] = 2, n = {}, n += $m, n:A:B, (n OR m).y = 3, nodes(p)[0].z = 4, SALIENCE r = 1 + n.x REMOVE n.x, n[k], n:A:B DETACH DELETE n, m DELETE o FINISH",
        "MATCH (n) FOREACH (x IN [1, (n:A|B)] | SET n.x = (n:A|B) CREATE (n)-[:R]->() FOREACH (y IN x | MERGE (z:A))) RETURN n",
        "OPTIONAL CALL db.labels() YIELD label AS l WHERE l = 'a' CALL (l) { RETURN l AS m } OPTIONAL CALL (*) { RETURN 1 AS o } CALL () { RETURN 2 AS p } CALL { RETURN 3 AS q } RETURN *",
        "CALL db.labels",
        "CALL db.labels YIELD -",
        "LOAD CSV WITH HEADERS FROM 'x' AS row FIELDTERMINATOR ';' LOAD CSV FROM $f AS r RETURN row",
        "MATCH (x) ATTEND DISTINCT x PER a, b IN (FOR $q ON NODE text WEIGHT 0.5, $s WHERE NOT x.y MODEL npc BOOST 1 AS near BOOST 2 LENGTH NORM TEMPERATURE 1 HEADS 2 PRIOR 3 MIN SIMILARITY 4 MIN WEIGHT 5 BEAM [6] LIMIT 7) SCORE AS s, WHY WITHOUT AS w WHERE s > 1 RETURN x",
        "MATCH (x) ATTEND x IN () RETURN x",
        "MATCH (n) SEARCH n IN (FULLTEXT INDEX $i FOR 'a b' LIMIT 5) RETURN n",
        "MATCH (n) SEARCH n IN (VECTOR INDEX i FOR $v WHERE n.x > 1 LIMIT 5) SCORE AS s WHERE s > 0.5 RETURN n",
        "MATCH (n) SEARCH n IN (VECTOR INDEX i FOR $v EXACT LIMIT 5) RETURN n",
        "MATCH (n) SEARCH n IN (VECTOR INDEX i FOR $v WHERE n.x > 1 BREADTH $b + 1 LIMIT 5) RETURN n",
        "CREATE CONSTRAINT c IF NOT EXISTS FOR (n:A) REQUIRE n.k IS UNIQUE",
        "CREATE INDEX FOR (n:A) ON (n.k)",
        "DROP INDEX i IF EXISTS",
        "DROP CONSTRAINT c",
        "DROP EMBEDDING e",
        "DROP FULLTEXT INDEX f IF EXISTS",
        "CREATE FULLTEXT INDEX f IF NOT EXISTS FOR (n:A|B) ON EACH [n.x, n.y] OPTIONS {analyzer: $a}",
        "CREATE FULLTEXT INDEX FOR ()-[r:T]-() ON EACH [r.x]",
        "CREATE EMBEDDING e IF NOT EXISTS FOR (x:A|B) ON x.v DIMENSION 3 METRIC cosine STORAGE $s INDEX hnsw EMBEDDER hash FROM x.t",
        "CREATE EMBEDDING e FOR ()-[r]-() ON r.v DIMENSION $d",
        "SHOW FUNCTIONS",
        "SHOW PROCEDURES YIELD name",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "COPY A FROM 'f' (KEY k, MODE MERGE, FORMAT csv, DELIMITER ';', QUOTE '\\'', NULL '', HEADER false, COLUMNS (a INTEGER, `b c` LOCALDATETIME), ON ERROR SKIP)",
        "COPY R FROM $f (FROM A(k), TO B)",
        "COPY FROM 'f'",
        "COPY EMBEDDING $e FROM 'f' (KEY A(k), VECTOR v, IDS $i, FORMAT csv, COLUMNS (a LIST), ON ERROR SKIP)",
        "COPY EMBEDDING e FROM 'f' (KEY A, IDS 'i')",
        "COPY MODEL $m FROM $f (SPACE e, KEYS 'k', HEADS 8)",
        "COPY MODEL m FROM 'f' (HEADS $h)",
        "COPY MODEL m FROM 'f'",
        "DROP MODEL m IF EXISTS",
        "SHOW MODELS YIELD name, version",
        "COPY (MATCH (n) RETURN n) TO 'f' (HEADER true)",
        "DESCRIBE 'f' (FORMAT arrows, COLUMNS (a POINT))",
        "SUMMARIZE ()",
        "SUMMARIZE (:A)",
        "SUMMARIZE ()-[]-()",
        "SUMMARIZE ()-[:R]-()",
    ] {
        check(&[(text, text)]);
    }
}

#[test]
fn queries_of_the_tck_come_back() {
    let Some(features) = tck::features() else { return };
    check_cases(&features);
}

#[test]
fn queries_of_the_suite_and_the_examples_come_back() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    check_cases(&root.join("tests/suite/features"));
    let mut n_statements = 0;
    for file in ["openflights/load", "openflights/shortest", "world/load", "world/questions"] {
        let script = std::fs::read_to_string(root.join("examples").join(file).with_extension("kgql")).unwrap();
        for statement in split_statements(&script) {
            check_round_trip(statement);
            n_statements += 1;
        }
    }
    assert!(n_statements > 20, "{n_statements}");
}

fn check_cases(folder: &std::path::Path) {
    let cases = tck::cases_under(folder);
    let parsed = cases.iter().filter(|case| parse(&case.query).is_ok());
    let n_parsed = parsed.map(|case| drop(check_round_trip(&case.query))).count();
    println!("{n_parsed} queries under {}", folder.display());
    assert!(n_parsed > 300, "{n_parsed}");
}

//! What texts become.

use super::*;
use crate::query::print::tests::check_round_trip;

#[track_caller]
fn check_expr(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(render::expr(&expr(text)), *expected, "{text}");
        check_round_trip(&format!("RETURN {text}"));
    }
}

#[track_caller]
fn check_query(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(render::query(&query(text)), *expected, "{text}");
        check_round_trip(text);
    }
}

#[test]
fn literals() {
    check_expr(&[
        ("1_000", "1000"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0x1F", "31"),
        ("-0o17", "-15"),
        (".5", "0.5"),
        ("-1.5e3", "-1500.0"),
        ("1E-2", "0.01"),
        ("'it\\'s'", "\"it's\""),
        ("\"it's\"", "\"it's\""),
        ("TRUE", "true"),
        ("Null", "null"),
        ("[]", "[]"),
        ("[1, [2]]", "[1, [2]]"),
        ("{}", "{}"),
        ("{a: 1, `b c`: {null: null}}", "{a: 1, b c: {null: null}}"),
        ("$p", "$p"),
        ("$0", "$0"),
        ("$`a b`", "$a b"),
        ("`x y`", "x y"),
        ("größe", "größe"),
    ]);
}

#[test]
fn precedence() {
    check_expr(&[
        ("a OR b XOR c AND d", "(a OR (b XOR (c AND d)))"),
        ("a AND b AND c OR d", "((a AND b AND c) OR d)"),
        ("NOT a = b AND c", "((NOT (a = b)) AND c)"),
        ("NOT NOT a", "(NOT (NOT a))"),
        ("a = NOT b", "(a = (NOT b))"),
        ("a < b <= c <> d", "(a < b <= c <> d)"),
        ("a = b IS NULL", "(a = (b IS NULL))"),
        ("a IS NOT NULL IS NULL", "((a IS NOT NULL) IS NULL)"),
        ("a + b IN c + d", "((a + b) IN (c + d))"),
        ("a = b IN c", "(a = (b IN c))"),
        ("a STARTS WITH b + c", "(a STARTS WITH (b + c))"),
        ("a ENDS WITH b AND c CONTAINS d OR e =~ f", "(((a ENDS WITH b) AND (c CONTAINS d)) OR (e =~ f))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("1 + 2 * 3 % 4 / 5", "(1 + (((2 * 3) % 4) / 5))"),
        ("2 ^ 3 ^ 4 * 5", "(((2 ^ 3) ^ 4) * 5)"),
        ("-2 ^ 2", "(-2 ^ 2)"),
        ("-a ^ 2", "((-a) ^ 2)"),
        ("- -1", "(--1)"),
        ("-a.b", "(-a.b)"),
        ("+a - -b", "((+a) - (-b))"),
        ("a[0].b[1..]", "a[0].b[1..]"),
        ("a[..2] + a[..] + a[-2..-1]", "((a[..2] + a[..]) + a[-2..-1])"),
        ("(a OR b) AND c", "((a OR b) AND c)"),
        ("((1))", "1"),
        ("n:A:B AND m:A|B&!C", "((n:(A&B)) AND (m:(A|(B&!C))))"),
        ("n.x IN [1, 2] AND NOT n.y", "((n.x IN [1, 2]) AND (NOT n.y))"),
    ]);
}

#[test]
fn expressions() {
    check_expr(&[
        ("count(*)", "count(*)"),
        ("count(DISTINCT n)", "count(DISTINCT n)"),
        ("count(distinct)", "count(distinct)"),
        ("kg.sim.cosine(a, b).c", "kg.sim.cosine(a, b).c"),
        ("f()", "f()"),
        ("CASE x WHEN 1 THEN 'a' ELSE 'b' END", "CASE x WHEN 1 THEN \"a\" ELSE \"b\" END"),
        ("CASE WHEN a THEN b WHEN c THEN d END", "CASE WHEN a THEN b WHEN c THEN d END"),
        ("[x IN xs]", "[each x IN xs]"),
        ("[(x IN xs)]", "[(x IN xs)]"),
        ("[x IN xs, 1]", "[(x IN xs), 1]"),
        ("[x IN xs WHERE x:A | x.name]", "[each x IN xs WHERE (x:A) | x.name]"),
        ("[x IN xs WHERE x > 1]", "[each x IN xs WHERE (x > 1)]"),
        ("[x IN xs | [y IN x | y]]", "[each x IN xs | [each y IN x | y]]"),
        ("[(a)-->(b:X|Y) WHERE b.z | b]", "[match (a)-[]->(b:(X|Y)) WHERE b.z | b]"),
        ("[p = (a)-[:R|S]->() | p]", "[match p = (a)-[:(R|S)]->() | p]"),
        ("all(x IN xs WHERE x > 0)", "All<x IN xs WHERE (x > 0)>"),
        ("NONE(x IN xs + ys WHERE x)", "None<x IN (xs + ys) WHERE x>"),
        ("any(x IN xs)", "Any<x IN xs>"),
        ("single(n IN nodes(p) WHERE (n)-->())", "Single<n IN nodes(p) WHERE <(n)-[]->()>>"),
        ("reduce(s = 0, x IN xs | s + x)", "reduce<s = 0, x IN xs | (s + x)>"),
        ("exists(n.x)", "exists(n.x)"),
        ("exists((n)-->())", "<(n)-[]->()>"),
        ("shortestPath((a)-[:R*..5]-(b))", "<shortest (a)-[:R*..5]-(b)>"),
        ("length(allShortestPaths((a)-[*]->(b)))", "length(<all shortest (a)-[*]->(b)>)"),
        ("EXISTS { (a)-->(b) WHERE b.x }", "EXISTS { MATCH (a)-[]->(b) WHERE b.x }"),
        ("EXISTS { MATCH (a) RETURN a UNION MATCH (b) }", "EXISTS { MATCH (a); RETURN a AS `a` UNION MATCH (b) }"),
        ("COUNT { (a) } > 1", "(COUNT { MATCH (a) } > 1)"),
        ("COLLECT { MATCH (a) RETURN a.x }", "COLLECT { MATCH (a); RETURN a.x AS `a.x` }"),
        ("n{.a, .*, b: 1 + 2, c}", "n{.a, .*, b: (1 + 2), c}"),
        ("count{.a}", "count{.a}"),
        ("(a) - 1", "(a - 1)"),
        ("(a)-[1, 2]", "(a - [1, 2])"),
        ("(a) - -(b)", "(a - (-b))"),
        ("(a < -1)", "(a < -1)"),
        ("f(a)-(b)", "(f(a) - b)"),
    ]);
}

#[test]
fn patterns() {
    check_query(&[
        ("MATCH (), (a), (:A), (a:A:B {x: 1}) RETURN 1", "MATCH (), (a), (:A), (a:(A&B) {x: 1}); RETURN 1 AS `1`"),
        ("MATCH (a:A|B&!C WHERE a.x > 1) RETURN *", "MATCH (a:(A|(B&!C)) WHERE (a.x > 1)); RETURN *"),
        ("MATCH (a:%&!(B|C)) RETURN *", "MATCH (a:(%&!(B|C))); RETURN *"),
        ("MATCH (a)-->(b)<--(c)--(d)<-->(e) RETURN *", "MATCH (a)-[]->(b)<-[]-(c)-[]-(d)-[]-(e); RETURN *"),
        ("MATCH (a)-[r:A|B|:C {x: $p}]->(b) RETURN *", "MATCH (a)-[r:(A|B|C) {x: $p}]->(b); RETURN *"),
        ("MATCH (a)<-[r WHERE r.x]-(b) RETURN *", "MATCH (a)<-[r WHERE r.x]-(b); RETURN *"),
        (
            "MATCH ()-[*]-()-[*2]-()-[*1..]-()-[*..3]-()-[r:A*1..3 {x: 1}]-() RETURN *",
            "MATCH ()-[*]-()-[*2..2]-()-[*1..]-()-[*..3]-()-[r:A*1..3 {x: 1}]-(); RETURN *",
        ),
        ("MATCH p = (a)-->(), (b) RETURN *", "MATCH p = (a)-[]->(), (b); RETURN *"),
        ("MATCH p = shortestPath((a)-[*]->(b)) RETURN p", "MATCH shortest p = (a)-[*]->(b); RETURN p AS `p`"),
        ("MATCH allShortestPaths((a)-[*]->(b)) RETURN 1", "MATCH all shortest (a)-[*]->(b); RETURN 1 AS `1`"),
        ("MATCH (a) WHERE (a)-[:R]->({x: 1}) RETURN a", "MATCH (a) WHERE <(a)-[:R]->( {x: 1})>; RETURN a AS `a`"),
        (
            "MATCH (a) WHERE NOT (a)<-[:R]-() OR a.x = 1 RETURN a",
            "MATCH (a) WHERE ((NOT <(a)<-[:R]-()>) OR (a.x = 1)); RETURN a AS `a`",
        ),
        ("CREATE (a $p)-[:R $q]->(b)", "CREATE (a $p)-[:R $q]->(b)"),
        (
            "MATCH (where), (where WHERE where.x), (WHERE true) RETURN 1",
            "MATCH (where), (where WHERE where.x), ( WHERE true); RETURN 1 AS `1`",
        ),
    ]);
}

#[test]
fn clauses() {
    check_query(&[
        (
            "MATCH (n) OPTIONAL MATCH (n)-->(m) WHERE m.x = 1 RETURN n",
            "MATCH (n); OPTIONAL MATCH (n)-[]->(m) WHERE (m.x = 1); RETURN n AS `n`",
        ),
        (
            "MATCH (n) WITH DISTINCT n.x AS x, count( * ) ORDER BY x DESC, n.y ASC SKIP 1 LIMIT $l WHERE x > 1 RETURN *, x + 1",
            "MATCH (n); WITH DISTINCT n.x AS `x`, count(*) AS `count( * )` ORDER x DESC, n.y SKIP 1 LIMIT $l WHERE (x > 1); RETURN *, (x + 1) AS `x + 1`",
        ),
        (
            "RETURN 1 UNION ALL RETURN 2 UNION ALL RETURN 3",
            "RETURN 1 AS `1` UNION ALL RETURN 2 AS `2` UNION ALL RETURN 3 AS `3`",
        ),
        ("RETURN 1 AS a UNION RETURN 2 AS a", "RETURN 1 AS `a` UNION RETURN 2 AS `a`"),
        ("UNWIND [1, 2] AS x RETURN x;", "UNWIND [1, 2] AS x; RETURN x AS `x`"),
        ("CREATE (a:A {x: 1})-[:R]->(b), (c)", "CREATE (a:A {x: 1})-[:R]->(b), (c)"),
        (
            "MERGE (a {x: 1}) ON CREATE SET a.y = 1, a:A ON MATCH SET a += {z: 2} ON CREATE SET a = $p",
            "MERGE (a {x: 1}) CREATED [a.y := 1, a:A, a := $p] MATCHED [a += {z: 2}]",
        ),
        (
            "MATCH (n) SET n.x = 1, (n).y = 2, n:A:B, n = {}, n += $m, nodes[0].z = 3, n.a.b = 4, salience r = 5, salience.x = 6",
            "MATCH (n); SET n.x := 1, n.y := 2, n:A, B, n := {}, n += $m, nodes[0].z := 3, n.a.b := 4, SALIENCE r := 5, salience.x := 6",
        ),
        ("MATCH (n) REMOVE n.x, n:A:B, (n).y", "MATCH (n); REMOVE n.x, n:A, B, n.y"),
        ("MATCH (n) DETACH DELETE n, n.x DELETE m[0]", "MATCH (n); DETACH DELETE n, n.x; DELETE m[0]"),
        ("CALL db.labels", "standalone CALL db.labels"),
        ("CALL db.labels() YIELD *", "standalone CALL db.labels() YIELD *"),
        (
            "MATCH (n) CALL kg.link(n.x, {limit: 5}) YIELD node AS m, score WHERE score > 1 RETURN m",
            "MATCH (n); CALL kg.link(n.x, {limit: 5}) YIELD [node AS m, score] WHERE (score > 1); RETURN m AS `m`",
        ),
        (
            "MATCH (n) CALL { WITH n MATCH (n)-->(m) RETURN m } RETURN m",
            "MATCH (n); CALL { WITH n AS `n`; MATCH (n)-[]->(m); RETURN m AS `m` }; RETURN m AS `m`",
        ),
        ("MATCH (n) CALL (n) { RETURN n AS x } RETURN x", "MATCH (n); CALL (n) { RETURN n AS `x` }; RETURN x AS `x`"),
        (
            "MATCH p = (a)-->(b) FOREACH (n IN nodes(p) | SET n.x = 1 FOREACH(m IN [n] | CREATE (m:A)))",
            "MATCH p = (a)-[]->(b); FOREACH (n IN nodes(p) | SET n.x := 1; FOREACH (m IN [n] | CREATE (m:A)))",
        ),
        (
            "LOAD CSV WITH HEADERS FROM 'x.csv' AS row FIELDTERMINATOR ';' CREATE ({x: row.x})",
            "LOAD CSV WITH HEADERS \"x.csv\" AS row SEPARATOR ';'; CREATE ( {x: row.x})",
        ),
        (
            "LOAD CSV FROM $f + '.csv' AS row RETURN row[0]",
            "LOAD CSV ($f + \".csv\") AS row; RETURN row[0] AS `row[0]`",
        ),
        ("match(n)return(n.x)//c\n/* d */", "MATCH (n); RETURN n.x AS `(n.x)`"),
    ]);
}

#[test]
fn statements() {
    let name = |text: &str| Some(text.to_owned());
    for (text, constraint) in [
        ("CREATE CONSTRAINT FOR (n:Person) REQUIRE n.id IS UNIQUE", (None, false)),
        ("create constraint c IF NOT EXISTS for (p:Person) require (p.id) is unique;", (name("c"), true)),
        ("CREATE CONSTRAINT for FOR (n:Person) REQUIRE n.id IS UNIQUE", (name("for"), false)),
    ] {
        let Statement::CreateConstraint(create) = statement(text) else { panic!("{text}") };
        let found = (create.name.map(|name| name.text.to_string()), create.if_not_exists);
        assert_eq!((found, &*create.label.text, &*create.key.text), (constraint, "Person", "id"), "{text}");
    }
    let Statement::CreateIndex(create) = statement("CREATE INDEX IF NOT EXISTS FOR (n:Person) ON (n.name)") else {
        panic!()
    };
    assert_eq!((create.name, create.if_not_exists, &*create.key.text), (None, true, "name"));
    let Statement::DropIndex(drop) = statement("DROP INDEX i IF EXISTS") else { panic!() };
    assert_eq!((&*drop.name.text, drop.if_exists), ("i", true));
    assert!(matches!(statement("DROP CONSTRAINT c"), Statement::DropConstraint(drop) if !drop.if_exists));
    assert!(matches!(statement("SHOW CONSTRAINTS"), Statement::Show(Show { what: Shown::Constraints, query: None })));
    assert!(matches!(statement("SHOW INDEXES;"), Statement::Show(Show { what: Shown::Indexes, query: None })));
    assert!(matches!(statement("BEGIN"), Statement::Begin(_)));
    assert!(matches!(statement("begin transaction"), Statement::Begin(_)));
    assert!(matches!(statement("COMMIT"), Statement::Commit(_)));
    assert!(matches!(statement("ROLLBACK;"), Statement::Rollback(_)));
    assert!(matches!(statement("EXPLAIN MATCH (n) RETURN n"), Statement::Explain(query) if query.parts.len() == 1));
    assert!(
        matches!(statement("PROFILE RETURN 1 UNION RETURN 2"), Statement::Profile(query) if query.parts.len() == 2)
    );
}

#[test]
fn copy() {
    let Statement::CopyFrom(copy) = statement(
        "COPY Npc FROM 'npcs.csv' (mode MERGE, KEY id, DELIM ';', QUOTE '\\'', NULL 'NA', HEADER false, \
         COLUMNS (id INTEGER, `full name` STRING, born DATE, tags LIST), ON ERROR SKIP, FORMAT csv)",
    ) else {
        panic!()
    };
    assert_eq!(copy.target.as_ref().map(|name| &*name.text), Some("Npc"));
    assert!(matches!(&copy.file, Text::Literal(file, _) if &**file == "npcs.csv"));
    assert_eq!(copy.key.as_ref().map(|key| &*key.text), Some("id"));
    assert_eq!((copy.mode, copy.skip_errors), (Some(CopyMode::Merge), true));
    assert_eq!(
        copy.file_options,
        FileOptions {
            format: Some(FileFormat::Csv),
            delimiter: Some(';'),
            quote: Some('\''),
            null: Some("NA".into()),
            header: Some(false),
        }
    );
    let columns: Vec<_> = copy.columns.iter().map(|column| (&*column.name.text, column.kind)).collect();
    assert_eq!(
        columns,
        [
            ("id", ColumnKind::Integer),
            ("full name", ColumnKind::String),
            ("born", ColumnKind::Date),
            ("tags", ColumnKind::List),
        ]
    );
    let Statement::CopyFrom(copy) = statement("COPY KNOWS FROM $file (FROM Npc(id), TO Place)") else { panic!() };
    assert!(matches!(&copy.file, Text::Parameter(name) if &*name.text == "file"));
    let (from, to) = (copy.from.unwrap(), copy.to.unwrap());
    assert_eq!((&*from.label.text, from.key.map(|key| key.text.to_string())), ("Npc", Some("id".into())));
    assert_eq!((&*to.label.text, to.key), ("Place", None));
    let Statement::CopyTo(copy) = statement("COPY (MATCH (n) RETURN n.x) TO 'out.tsv' (DELIMITER '\\t', HEADER)")
    else {
        panic!()
    };
    assert_eq!((copy.file_options.delimiter, copy.file_options.header), (Some('\t'), Some(true)));
    assert_eq!(copy.query.parts[0].clauses.len(), 2);
    assert!(
        matches!(statement("COPY FROM FROM 'x.csv'"), Statement::CopyFrom(copy) if copy.target.as_ref().is_some_and(|name| &*name.text == "FROM"))
    );
    assert!(
        matches!(statement("DESCRIBE 'x.csv' (HEADER false, COLUMNS (a INTEGER))"), Statement::Describe(copy) if copy.columns.len() == 1)
    );
    for (text, expected) in [
        ("SUMMARIZE ()", Summarize::Nodes(None)),
        ("SUMMARIZE ()-->()", Summarize::Relationships(None)),
        ("summarize ()-[]-()", Summarize::Relationships(None)),
    ] {
        assert_eq!(statement(text), Statement::Summarize(expected));
    }
    assert!(matches!(statement("SUMMARIZE (:Npc)"), Statement::Summarize(Summarize::Nodes(Some(_)))));
    assert!(matches!(statement("SUMMARIZE ()-[:R]->()"), Statement::Summarize(Summarize::Relationships(Some(_)))));
    let Statement::CopyEmbedding(copy) =
        statement("COPY EMBEDDING $space FROM 'v.npy' (IDS $ids, KEY Npc(id), ON ERROR SKIP)")
    else {
        panic!()
    };
    assert!(matches!((&copy.space, &copy.ids), (Chosen::Parameter(_), Some(Text::Parameter(_)))));
    assert_eq!((&*copy.key.label.text, copy.skip_errors, copy.vector), ("Npc", true, None));
    let Statement::CopyEmbedding(copy) = statement("copy embedding text from 'v.jsonl' (key Npc, vector vec)") else {
        panic!()
    };
    assert!(matches!(&copy.space, Chosen::Name(name) if &*name.text == "text"));
    assert_eq!((copy.key.key, &*copy.vector.unwrap().text), (None, "vec"));
    assert!(matches!(statement("COPY EMBEDDING FROM 'x.csv'"), Statement::CopyFrom(_)));
    let Statement::CopyModel(copy) = statement("COPY MODEL npc FROM 'wq.npy' (SPACE $s, KEYS 'wk.npy', HEADS 8)")
    else {
        panic!()
    };
    assert!(matches!(&copy.model, Chosen::Name(name) if &*name.text == "npc"));
    assert!(matches!((&copy.space, &copy.keys), (Some(Chosen::Parameter(_)), Some(Text::Literal(..)))));
    assert_eq!(copy.heads.as_ref().map(render::expr).as_deref(), Some("8"));
    let Statement::CopyModel(copy) = statement("copy model $m from $f") else { panic!() };
    assert!(matches!((&copy.model, &copy.file), (Chosen::Parameter(_), Text::Parameter(_))));
    assert_eq!((&copy.space, &copy.keys, &copy.heads), (&None, &None, &None));
    assert!(matches!(statement("COPY MODEL FROM 'x.csv'"), Statement::CopyFrom(_)));
    assert!(matches!(statement("DROP MODEL m IF EXISTS"), Statement::DropModel(drop) if drop.if_exists));
    assert!(matches!(statement("SHOW MODELS"), Statement::Show(show) if show.what == Shown::Models));
    assert!(matches!(statement("COPY FROM 'x.nt'"), Statement::CopyFrom(copy) if copy.target.is_none()));
}

#[test]
fn keywords_are_names_where_that_is_unambiguous() {
    let extra = ["attend", "embedding", "reinforce", "policy", "key", "mode", "PERme", "columns", "any", "reduce"];
    for word in super::super::words::WORDS.iter().map(|(word, _)| *word).chain(extra) {
        for word in [word.to_owned(), word.to_lowercase()] {
            for text in [
                format!("RETURN 1 AS {word}"),
                format!("MATCH (n:{word}) RETURN n"),
                format!("MATCH (n:{word}:{word}|{word} {{{word}: 1}})-[:{word}|{word}*1..2]->() RETURN n.{word}"),
                format!("MATCH (n) SET n.{word} = 1, n:{word} REMOVE n.{word}, n:{word}"),
                format!("RETURN {{{word}: ${word}}}.{word} AS {word}, n{{.{word}, {word}: 1}}"),
                format!("WITH 1 AS {word} MATCH ({word}:{word}) MATCH ({word})-[{word}:{word}]->() RETURN *"),
                format!("UNWIND [1] AS {word} CREATE ({word})"),
                format!("CALL {word}.{word}() YIELD {word} AS {word} WITH * RETURN 1"),
                format!("CREATE {word} = (a)-[:R]->(b)"),
                format!("CREATE INDEX {word} FOR ({word}:{word}) ON ({word}.{word})"),
                format!("COPY {word} FROM 'f.csv' (KEY {word}, COLUMNS ({word} STRING))"),
                format!("FOREACH ({word} IN [1] | CREATE ({word}))"),
                format!("SUMMARIZE (:{word})"),
                format!("SUMMARIZE ()-[:{word}]->()"),
            ] {
                check_round_trip(&text);
            }
            let literal = ["NOT", "CASE", "NULL", "TRUE", "FALSE"].contains(&word.to_uppercase().as_str());
            if !literal {
                let text = format!("WITH 1 AS {word} RETURN {word}, {word}.x, {word} + 1, [{word}], {word}:A");
                let rendered = render::query(&query(&text));
                check_round_trip(&text);
                assert!(rendered.contains(&format!("({word} + 1)")), "{rendered}");
            }
        }
    }
}

#[test]
fn spans_are_where_things_stand() {
    let text = "MATCH (n:Person) WHERE n.age  > 30 RETURN n.name AS x";
    let query = query(text);
    let at = |span: crate::Span| &text[span.start as usize..span.end as usize];
    let [Clause::Match(found), Clause::Return(projection)] = query.parts[0].clauses.as_slice() else { panic!() };
    assert_eq!(at(query.span), text);
    assert_eq!(at(found.span), "MATCH (n:Person) WHERE n.age  > 30");
    assert_eq!(at(found.patterns[0].span), "(n:Person)");
    assert_eq!(at(found.predicate.as_ref().unwrap().span), "n.age  > 30");
    assert_eq!(at(projection.items[0].span), "n.name AS x");
    assert_eq!(at(projection.items[0].expr.span), "n.name");
    let ExprKind::Property(_, key) = &projection.items[0].expr.kind else { panic!() };
    assert_eq!(at(key.span), "name");
}

#[test]
fn attention() {
    let plain = " GIVES []";
    check_query(&[
        (
            "MATCH (x) ATTEND x IN (FOR $q) RETURN x",
            &format!("MATCH (x); ATTEND x PER [] FOR=$q ON[] BOOSTS []{plain}; RETURN x AS `x`"),
        ),
        (
            "MATCH (me)-[:KNOWS*1..3]->(x) WHERE me.a ATTEND DISTINCT x PER me IN (FOR $query ON text WEIGHT 0.7, $s \
             WEIGHT 0.3 WHERE NOT coalesce(x.secret, false) TEMPERATURE 0.7 MODEL npc PRIOR 0.5 HEADS 4 \
             BOOST (-0.1 * min(length(p))) AS near BOOST 1 MIN SIMILARITY 0.35 MIN WEIGHT 0.02 LIMIT 10 LENGTH NORM \
             BEAM [64, 32]) SCORE AS s, SIMILARITY AS sim, LOGIT AS z, HOPS AS h, WHY AS why WHERE s > .1 RETURN x",
            "MATCH (me)-[:KNOWS*1..3]->(x) WHERE me.a; ATTEND DISTINCT x PER [me] FOR=$query ON[text*0.7, $s*0.3] \
             MASK=(NOT coalesce(x.secret, false)) TEMPERATURE=0.7 HEADS=4 PRIOR=0.5 MODEL=npc \
             BOOSTS [(-0.1 * min(length(p))) AS near, 1] SIMILAR=0.35 WEIGHTY=0.02 BEAM=[64, 32] NORM LIMIT=10 \
             GIVES [SCORE AS s, SIMILARITY AS sim, LOGIT AS z, HOPS AS h, WHY AS why] KEEP (s > 0.1); RETURN x AS `x`",
        ),
        (
            "MATCH ()-[r]->() ATTEND r IN (ON NODE text FOR me) WHY WITHOUT AS w ATTEND r IN () RETURN r",
            &format!(
                "MATCH ()-[r]->(); ATTEND r PER [] FOR=me ON NODE[text] BOOSTS [] GIVES [WHY WITHOUT AS w]; \
                 ATTEND r PER [] FOR=- ON[] BOOSTS []{plain}; RETURN r AS `r`"
            ),
        ),
        (
            "MATCH (x) ATTEND distinct IN (ON node WEIGHT 1) RETURN x",
            &format!("MATCH (x); ATTEND distinct PER [] FOR=- ON[node*1] BOOSTS []{plain}; RETURN x AS `x`"),
        ),
        (
            "MATCH (x) ATTEND distinct PER per IN (ON node LIMIT 1) RETURN x",
            &format!("MATCH (x); ATTEND distinct PER [per] FOR=- ON[node] BOOSTS [] LIMIT=1{plain}; RETURN x AS `x`"),
        ),
        (
            "MATCH (x) ATTEND x IN (WHERE x.a) WHERE x.b WITH x ATTEND DISTINCT x IN (WHERE x.c) WHERE x.d RETURN x",
            &format!(
                "MATCH (x); ATTEND x PER [] FOR=- ON[] MASK=x.a BOOSTS []{plain} KEEP x.b; WITH x AS `x`; \
                 ATTEND DISTINCT x PER [] FOR=- ON[] MASK=x.c BOOSTS []{plain} KEEP x.d; RETURN x AS `x`"
            ),
        ),
        (
            "MATCH (x) ATTEND x IN () WHERE (x.b) RETURN x",
            &format!("MATCH (x); ATTEND x PER [] FOR=- ON[] BOOSTS []{plain} KEEP x.b; RETURN x AS `x`"),
        ),
        (
            "MATCH (n) SEARCH n IN (VECTOR INDEX i FOR $v WHERE n.x > 1 LIMIT 5) SCORE AS s WHERE s > .5 RETURN n",
            "MATCH (n); SEARCH n IN i FOR $v WHERE (n.x > 1) LIMIT 5 SCORE s KEEP (s > 0.5); RETURN n AS `n`",
        ),
        ("NO NOTICE MATCH (n) RETURN n", "MATCH (n); RETURN n AS `n`"),
    ]);
}

#[test]
fn embeddings() {
    let Statement::CreateEmbedding(create) = statement(
        "CREATE EMBEDDING text IF NOT EXISTS FOR (n:Npc|Place) ON n.vec DIMENSION 384 METRIC COSINE STORAGE $s \
         EMBEDDER hash FROM n.description",
    ) else {
        panic!()
    };
    let names: Vec<&str> = create.owner.names.iter().map(|name| &*name.text).collect();
    assert_eq!((&*create.name.text, create.if_not_exists, &*create.key.text), ("text", true, "vec"));
    assert_eq!((create.owner.is_relationship, names.as_slice()), (false, ["Npc", "Place"].as_slice()));
    assert_eq!(render::expr(&create.dimension), "384");
    assert!(matches!(&create.metric, Some(Chosen::Name(name)) if &*name.text == "COSINE"));
    assert!(matches!(&create.storage, Some(Chosen::Parameter(name)) if &*name.text == "s"));
    assert!(matches!(&create.embedder, Some((Chosen::Name(_), from)) if &*from.text == "description"));
    let Statement::CreateEmbedding(create) = statement("CREATE EMBEDDING if FOR ()-[r]-() ON r.v DIMENSION $d") else {
        panic!()
    };
    assert!(create.owner.is_relationship && create.owner.names.is_empty() && !create.if_not_exists);
    assert!(matches!(statement("DROP EMBEDDING e IF EXISTS"), Statement::DropEmbedding(drop) if drop.if_exists));
}

//! Long and deep input: refused or accepted in time, never a stack overflow.

use self::nested::{CHAINED, LEVELS_ACCEPTED, LEVELS_REFUSED, NESTED};
use super::*;

/// What nests, as the campaign `parse` has it.
#[path = "../../../bin/crash/campaigns/parse/nested.rs"]
mod nested;

/// The longest statement that there may be.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Runs on a thread with a small stack.
fn on_stack(bytes: usize, work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(bytes).spawn(work).unwrap().join().unwrap();
}

#[test]
fn deep_nesting_is_refused_on_a_small_stack() {
    on_stack(256 << 10, || {
        let n = 100_000;
        for text in [
            format!("RETURN {}1{}", "(".repeat(n), ")".repeat(n)),
            format!("RETURN {}", "(".repeat(n)),
            format!("RETURN {}", "[".repeat(n)),
            format!("RETURN {}", "{a: ".repeat(n)),
            format!("RETURN {}", "{".repeat(n)),
            format!("RETURN {}1", "NOT ".repeat(n)),
            format!("RETURN {}1", "- ".repeat(n)),
            format!("RETURN {}a", "-".repeat(n)),
            format!("RETURN {}1", "+ - NOT ".repeat(n / 4)),
            format!("RETURN {}", "CASE ".repeat(n)),
            format!("RETURN {}", "CASE WHEN ".repeat(n)),
            format!("RETURN {}", "CASE 1 WHEN 1 THEN ".repeat(n / 4)),
            format!("MATCH {}", "(a WHERE ".repeat(n)),
            format!("MATCH {}", "(".repeat(n)),
            format!("MATCH (a:{}A) RETURN a", "!".repeat(n)),
            format!("MATCH (a:{}A{}) RETURN a", format!("{}(", "!".repeat(120)).repeat(200), ")".repeat(200)),
            format!("RETURN {}", "f(".repeat(n)),
            format!("RETURN {}", "EXISTS { MATCH (a) WHERE ".repeat(n / 4)),
            format!("RETURN a{}", "[0".repeat(n)),
            format!("RETURN a{}", ".b".repeat(n)),
            format!("RETURN a{}", "[0]".repeat(n)),
            format!("RETURN a{}", " IS NULL".repeat(n)),
            format!("FOREACH {}", "(x IN xs | FOREACH ".repeat(n / 4)),
        ] {
            let error = failure(&text);
            assert_eq!(error.detail, "UnexpectedSyntax", "{error}");
        }
    });
}

#[test]
fn whatever_nests_is_read_copied_printed_and_dropped_on_a_small_stack() {
    on_stack(256 << 10, || {
        for construct in NESTED {
            let tree = statement(&construct.text(LEVELS_ACCEPTED));
            assert!(format!("{:?}", tree.clone()).len() > LEVELS_ACCEPTED, "{}", construct.name);
            drop(tree);
            failure(&construct.unclosed(construct.levels_max(LEVELS_REFUSED, TEXT_BYTES_MAX)));
        }
        for construct in CHAINED {
            let tree = parse(&construct.text(construct.levels_max(LEVELS_REFUSED, TEXT_BYTES_MAX)));
            assert!(!format!("{:?}", tree.clone()).is_empty(), "{}", construct.name);
        }
    });
}

#[test]
fn the_allowed_nesting_fits_a_small_stack() {
    // Frames of unoptimized code are several times as large.
    on_stack(if cfg!(debug_assertions) { 2 << 20 } else { 1 << 20 }, || {
        let n = super::super::lex::NESTING_MAX;
        for (before, after) in [
            ("(", ")"),
            ("[", "]"),
            ("{a: ", "}"),
            ("f(", ")"),
            ("a[", "]"),
            ("-(", ")"),
            ("1 + (", ")"),
            ("[x IN ", "]"),
            ("CASE WHEN ", " THEN 1 END"),
            ("COUNT { MATCH (a WHERE ", ") }"),
        ] {
            let per_level = before.matches(['(', '[', '{']).count().max(1);
            let n = n / per_level;
            let text = format!("RETURN {}1{}", before.repeat(n), after.repeat(n));
            statement(&text);
            let text = format!("RETURN {}1{}", before.repeat(n + 1), after.repeat(n + 1));
            assert!(failure(&text).message.contains("nested deeper"), "{text}");
        }
        for quantifier in ["", "+"] {
            let after = format!("){quantifier}").repeat(n - 1);
            assert_eq!(
                failure(&format!("MATCH {}(a)-->(b){after} RETURN 1", "(".repeat(n - 1))).detail,
                "UnexpectedSyntax"
            );
        }
        // All levels of precedence in each bracket: the tree becomes too deep first.
        let text = format!("RETURN {}1{}", "1 OR 1 XOR 1 AND NOT 1 = 1 IN 1 + 1 * 1 ^ -(".repeat(n), ")".repeat(n));
        assert!(failure(&text).message.contains("deeper than"));
    });
}

/// What is read has the room that its depth asks for, not its length.
#[test]
fn levels_are_brackets_in_one_another_and_every_not() {
    let levels = |text: &str| super::super::lex::lex(text).unwrap().levels;
    for (text, expected) in [
        ("RETURN 1", 0),
        ("RETURN (1), [2], {a: 3}", 1),
        ("MATCH (a) WHERE (a.x IN [CASE WHEN (1) THEN 2 END]) RETURN a", 4),
        ("RETURN NOT a AND NOT (b OR NOT c)", 4),
    ] {
        assert_eq!(levels(text), expected, "{text}");
    }
    assert_eq!(levels(&format!("RETURN [1{}]", ", (NOT 1)".repeat(1000))), 2 + EXPR_DEPTH_MAX);
}

#[test]
fn long_flat_chains_are_accepted_or_refused() {
    on_stack(1 << 20, || {
        let chain = |operator: &str, n: usize| format!("RETURN 1{}", format!(" {operator} 1").repeat(n));
        for operator in ["OR", "AND", "XOR", "<", "="] {
            drop(statement(&chain(operator, 10_000)));
        }
        for operator in ["+", "-", "*", "^", "IN", "STARTS WITH"] {
            drop(statement(&chain(operator, EXPR_DEPTH_MAX - 1)));
            assert!(failure(&chain(operator, EXPR_DEPTH_MAX)).message.contains("deeper than"), "{operator}");
            failure(&chain(operator, 10_000));
        }
        drop(statement(&format!("MATCH (a:A{}) RETURN a", "|A".repeat(10_000))));
        drop(statement(&format!("MATCH (a){} RETURN a", "-->()".repeat(10_000))));
        drop(statement(&format!("RETURN 1{}", " UNION RETURN 1".repeat(10_000))));
        drop(statement(&format!("CREATE (a){}", " CREATE (a)".repeat(10_000))));
    });
}

#[test]
fn long_statements_parse_and_too_long_ones_are_refused() {
    let row = "{id: 12345, name: 'someone', tags: ['a', 'b'], at: {x: 1.5, y: -2}}, ";
    let text =
        format!("UNWIND [{}{{}}] AS row MERGE (n:P {{id: row.id}}) SET n += row", row.repeat((200 << 10) / row.len()));
    assert!(text.len() > 190 << 10);
    statement(&text);
    let broken = text.replace("MERGE", "MEGRE");
    assert_eq!(failure(&broken).hint.as_deref(), Some("did you mean `MERGE`?"));
    let error = failure(&format!("RETURN '{}'", "x".repeat(1 << 20)));
    assert!(error.message.contains("1048576"), "{error}");
}

/// Shapes that a grammar with backtracking parses in exponential time.
#[test]
fn nested_alternatives_are_not_parsed_twice() {
    for (before, middle, after) in [
        ("(a)-[{k: ", "1", "}] "),
        ("({k: ", "1", "})"),
        ("[x IN ", "xs", " WHERE x | y]"),
        ("(a WHERE ", "1", ")"),
        ("(p = (a)-->", "()", "()-->(b))+"),
        ("EXISTS { (a WHERE ", "true", ") }"),
        ("all(x IN ", "xs", " WHERE true)"),
        ("count{a: ", "1", "}"),
        ("CASE ", "1", " WHEN 1 THEN 2"),
        ("CALL { ", "RETURN 1", " } "),
    ] {
        for wrong in ["", " oops oops"] {
            let text = format!("RETURN {}{middle}{wrong}{}", before.repeat(60), after.repeat(60));
            let _ = parse(&text);
            let _ = parse(&format!("MATCH {}{middle}{wrong}{} RETURN 1", before.repeat(60), after.repeat(60)));
        }
    }
}

/// Every prefix of every statement is read without a panic, and so is every statement with a piece missing.
#[test]
fn broken_statements_are_refused_not_feared() {
    let texts = [
        "MATCH p = (a:A|!B {x: $p})-[r:R*1..3 WHERE r.w > .5]->(b)<--() WHERE NOT (a)-->(b) AND a.x IN [1, 2] RETURN p",
        "CREATE CONSTRAINT c IF NOT EXISTS FOR (n:L) REQUIRE n.k IS UNIQUE",
        "COPY K FROM 'f.csv' (FROM A(id), TO B, DELIM ';', COLUMNS (x INT), ON ERROR SKIP)",
        "WITH [x IN xs WHERE x:A | x.n] AS l, reduce(s = 0, y IN l | s + y) AS s, CASE s WHEN 1 THEN 'é\\u00e9' ELSE n{.*, a: 1} END AS c \
         ORDER BY c DESC LIMIT 3 WHERE EXISTS { (n)--() } MERGE (`a b`) ON CREATE SET n += {a: -1} RETURN *",
    ];
    for text in texts {
        statement(&text.replace("FOO", ""));
        for (at, _) in text.char_indices() {
            let _ = parse(&text[..at]);
            for length in 1..8 {
                if let Some(rest) = text.get(at + length..) {
                    let _ = parse(&format!("{}{rest}", &text[..at]));
                }
            }
        }
    }
}

/// Prints what parsing costs: `cargo test --release --lib parsing_costs -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a check"]
fn parsing_costs() {
    let ten = "MATCH (me:Person {name: $name})-[:KNOWS*1..2]->(friend:Person) WHERE friend.age > 30 AND NOT friend = me \
               OPTIONAL MATCH (friend)-[w:WORKS_AT]->(c:Company) WITH me, friend, collect(DISTINCT c.name) AS companies, count(*) AS n \
               WHERE n > 1 UNWIND companies AS company MATCH (company_node:Company {name: company})<-[:OWNS]-(owner) \
               WITH me, friend, company, owner ORDER BY owner.name DESC SKIP 1 LIMIT 100 MERGE (me)-[r:LINKED {via: company}]->(owner) \
               ON CREATE SET r.since = 2024, r.weight = 0.5 ON MATCH SET r.weight = r.weight + 0.1 SET friend.seen = true \
               WITH friend, owner, CASE WHEN owner.age >= 65 THEN 'senior' ELSE 'active' END AS kind \
               RETURN friend.name AS name, kind, [x IN friend.tags WHERE x STARTS WITH 'a' | x] AS tags, count(owner) AS owners ORDER BY owners DESC LIMIT 10";
    let short = "MATCH (n:Person {id: $id}) RETURN n.name, n.age";
    for (what, text) in [("ten clauses", ten), ("keyed read", short)] {
        let time = |work: &dyn Fn()| {
            let mut best = f64::MAX;
            for _ in 0..20 {
                let start = std::time::Instant::now();
                (0..500).for_each(|_| work());
                best = best.min(start.elapsed().as_secs_f64() / 500.0 * 1e6);
            }
            best
        };
        let tokens = super::super::lex::lex(text).unwrap();
        let lex = time(&|| drop(std::hint::black_box(super::super::lex::lex(text))));
        let read = time(&|| {
            use pest::Parser;
            let pairs = super::super::Grammar::parse(super::super::Rule::statement, &tokens.codes);
            std::hint::black_box(pairs.is_ok());
        });
        let all = time(&|| drop(std::hint::black_box(parse(text))));
        println!("{what}: {} bytes, {} tokens: {all:.1} us (lex {lex:.1}, pest {read:.1})", text.len(), tokens.len());
    }
}

//! What is refused, where and why.

use super::*;

/// Checks where each error points (the text under the caret), its detail, and a piece of its message and hint.
#[track_caller]
fn check_errors(cases: &[(&str, &str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (text, at, detail, said) in cases {
        let error = failure(text);
        let span = error.span.unwrap();
        let found = (&text[span.start as usize..span.end as usize], error.detail);
        let shown = error.to_string();
        if found != (*at, *detail) || !shown.contains(said) || error.place.is_none() {
            wrong.push(format!("{text}\n{shown}\nexpected at `{at}`, {detail}, saying: {said}"));
        }
        for word in ["name_", "Rule", "OPERATOR", "infix"] {
            assert!(!shown.contains(word), "{shown}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn misspelled_keywords_are_recognized_at_their_place() {
    let syntax = "UnexpectedSyntax";
    for (text, at, meant) in [
        ("MACTH (n) RETURN n", "MACTH", "MATCH"),
        ("MATCH (n) RETRUN n", "RETRUN", "RETURN"),
        ("MATCH (n) WEHRE n.x = 1 RETURN n", "WEHRE", "WHERE"),
        ("MATCH (n) RETURN n ODER BY n.x", "ODER", "ORDER"),
        ("MATCH (n) RETURN n LIMT 3", "LIMT", "LIMIT"),
        ("RETURN DISTINT n.x", "DISTINT", "DISTINCT"),
        ("RETURN CASE WEN 1 THEN 2 END", "WEN", "WHEN"),
        ("RETURN CASE WHEN a THN 2 END", "THN", "THEN"),
        ("RETURN n.x IS NUL", "NUL", "NULL"),
        ("RETURN n.x STARS WITH 'a'", "STARS", "STARTS"),
        ("OPTINAL MATCH (n) RETURN n", "OPTINAL", "OPTIONAL"),
        ("CREATE CONSTRANT FOR (n:L) REQUIRE n.k IS UNIQUE", "CONSTRANT", "CONSTRAINT"),
        ("CREATE INDEX FOR (n:L) IN (n.k)", "IN", "ON"),
        ("LOAD CSV FRM 'x' AS r RETURN r", "FRM", "FROM"),
        ("COPY Person FRMO 'x.csv'", "FRMO", "FROM"),
        ("COPY Person FROM 'x.csv' (KEYY id)", "KEYY", "KEY"),
        ("COPY Person FROM 'x.csv' (MODE MERG)", "MERG", "MERGE"),
        ("COPY Person FROM 'x.csv' (COLUMNS (a STRNG))", "STRNG", "STRING"),
    ] {
        // Two letters are too few to compare.
        let said = if at.len() > 2 { format!("did you mean `{meant}`?") } else { format!("expected {meant}") };
        check_errors(&[(text, at, syntax, &said)]);
    }
}

#[test]
fn the_place_and_the_expected_words_are_named() {
    let syntax = "UnexpectedSyntax";
    let order = "InvalidClauseComposition";
    check_errors(&[
        ("", "", syntax, "there is no statement"),
        ("RETURN", "", syntax, "the statement ends where DISTINCT, an expression or `*` is expected"),
        ("RETURN 1 +", "", syntax, "the statement ends where an expression is expected"),
        ("RETURN a IS NULL[0]", "0]", syntax, "put the test in parentheses"),
        ("RETURN a IS :: INT.b", "b", syntax, "put the test in parentheses"),
        ("RETURN a IS NFC NORMALIZED {.b}", ".b}", syntax, "put the test in parentheses"),
        ("RETURN CASE a WHEN IS NOT NULL (b) THEN 1 END", "b)", syntax, "put the test in parentheses"),
        ("RETURN EXISTS { WHEN true THEN MATCH (a) }", "", order, "the query ends in MATCH"),
        ("RETURN COUNT { { MATCH (a) UNION MATCH (b) } UNION MATCH (c) }", "", order, "the query ends in MATCH"),
        ("FOO", "FOO", syntax, "expected a statement, found `FOO`"),
        ("RETURN [, ]", ",", syntax, "expected an expression or `]`, found `,`"),
        ("RETURN {a 1}", "1", syntax, "expected `:`, found `1`"),
        ("MATCH (a:) RETURN a", ")", syntax, "a name"),
        ("MATCH (n) WHERE RETURN n", "RETURN", syntax, "an expression is missing before `RETURN`"),
        ("UNWIND [1] x RETURN x", "x", syntax, "expected AS"),
        ("RETURN 1; RETURN 2", ";", syntax, "only one statement"),
        ("MATCH (n RETURN n", "(", syntax, "`(` is opened here and never closed"),
        ("RETURN [1, (2]", "(", syntax, "`(` is opened here and never closed"),
        ("RETURN 1)", ")", syntax, "`)` closes nothing"),
        ("RETURN 'abc", "'", syntax, "the string is opened here and never closed"),
        ("RETURN `abc", "`", syntax, "the quoted name is opened here and never closed"),
        ("RETURN 1 /* abc", "/*", syntax, "the comment is opened here and never closed"),
        ("RETURN 'it''s'", "'s'", syntax, "a quote inside a string is written"),
        ("RETURN a == 1", "==", syntax, "write = for"),
        ("RETURN a != 1", "!=", syntax, "write <> for"),
        ("RETURN a && b", "&&", syntax, "write AND"),
        ("RETURN $", "$", syntax, "no parameter name"),
        ("RETURN 1 # 2", "#", syntax, "no meaning"),
        ("RETURN 42 — 41", "—", "InvalidUnicodeCharacter", "write the ASCII sign -"),
        ("RETURN ‘a’", "‘", "InvalidUnicodeCharacter", "write the ASCII quotes"),
        ("RETURN 12ab", "12ab", "InvalidNumberLiteral", "is not a number"),
        ("RETURN 0x", "0x", "InvalidNumberLiteral", "no digit"),
        ("RETURN 9223372036854775808", "9223372036854775808", "IntegerOverflow", "64 bits"),
        ("RETURN -9223372036854775809", "-9223372036854775809", "IntegerOverflow", "64 bits"),
        ("RETURN 1.34E999", "1.34E999", "FloatingPointOverflow", "largest float"),
        ("RETURN '\\uH'", "\\u", "InvalidUnicodeLiteral", "4 hexadecimal digits"),
        ("MATCH (n)-[:A..]->(m) RETURN n", "..", "InvalidRelationshipPattern", "the length of a path"),
        ("MATCH (n)-[:A*-2]->(m) RETURN n", "-", "InvalidRelationshipPattern", "the length of a path"),
        ("MATCH (n $p) RETURN n", "$p", "InvalidParameterUse", "name the properties"),
        ("MATCH (n) DELETE n:A", "n:A", "InvalidDelete", "REMOVE n:Label"),
        ("MATCH (n) SET n:A|B", "|", syntax, "only labels can be set or removed"),
        ("MATCH (n) REMOVE n", "n", syntax, "REMOVE takes properties and labels"),
        ("MATCH (n) RETURN (n)-->()", "(n)-->()", syntax, "EXISTS { pattern }"),
        ("RETURN [x WHERE x | y]", "|", syntax, "variable IN list"),
        ("RETURN [x WHERE x]", "WHERE x", syntax, "variable IN list"),
        ("RETURN all(x)", "all(x)", syntax, "all(x IN list WHERE x > 0)"),
        ("RETURN reduce(x IN y | z)", "reduce(x IN y | z)", syntax, "reduce(total = 0"),
        ("RETURN sum(*)", "sum(*)", syntax, "only count takes `*`"),
        ("RETURN 1 (2)", "2)", syntax, "only a name can be called"),
        ("MATCH (n)", "", order, "RETURN or an updating clause is missing"),
        ("MATCH (n) WITH n", "", order, "the query ends in WITH"),
        ("RETURN 1 MATCH (n) RETURN n", "MATCH (n)", order, "use WITH to go on"),
        ("CREATE (a) MATCH (b) RETURN b", "MATCH (b)", order, "put a WITH between"),
        ("RETURN 1 UNION RETURN 2 UNION ALL RETURN 3", "UNION ALL", order, "cannot be mixed"),
        ("MATCH (n) WHERE EXISTS { MATCH (n) SET n.x = 1 } RETURN n", "SET n.x = 1", order, "only read"),
        ("MATCH (n) CALL p() YIELD * RETURN n", "YIELD *", syntax, "name the outputs"),
        ("COPY A FROM 'a.csv' (KEY id, KEY id)", "KEY", syntax, "given twice"),
        ("COPY A FROM 'a.csv' (DELIM ',', DELIMITER ';')", "DELIMITER", syntax, "given twice"),
        ("COPY A FROM 'a.csv' (FROM B)", "COPY A FROM 'a.csv' (FROM B)", syntax, "FROM needs TO"),
        ("COPY A FROM 'a.csv' (KEY id, FROM B, TO C)", "id", syntax, "relationships have no KEY"),
        ("COPY ACCESS LOG FROM 'a.tsv' (FROM B)", "COPY ACCESS LOG FROM 'a.tsv' (FROM B)", syntax, "needs FROM and TO"),
        ("COPY ACCESS LOG FROM 'a.tsv' (KEY b)", "KEY", syntax, "no option here"),
        ("COPY A FROM 'a.csv' (DELIM 'ab')", "'ab'", syntax, "must be one character"),
        ("COPY A FROM 'a.csv' (HEADER maybe)", "maybe", syntax, "HEADER needs true or false"),
        ("CREATE INDEX FOR (n:L) ON (m.k)", "m", syntax, "not the variable of FOR"),
    ]);
}

#[test]
fn what_is_not_built_yet_says_so() {
    for (text, at, what) in [
        ("BACKUP TO 'dir'", "BACKUP TO", "BACKUP TO"),
        ("RESTORE FROM $dir", "RESTORE FROM", "RESTORE FROM"),
        ("MATCH (n) RANKED AT TIME $t RETURN n", "RANKED AT TIME", "RANKED AT TIME"),
    ] {
        check_errors(&[(text, at, "UnexpectedSyntax", &format!("not supported yet: {what}"))]);
    }
}

#[test]
fn what_is_wrong_with_attention() {
    let syntax = "UnexpectedSyntax";
    check_errors(&[
        ("MATCH (x) ATTEND x IN (FOR $q FOR $p) RETURN x", "FOR $p", syntax, "FOR is given twice"),
        (
            "MATCH (x) ATTEND x IN (MIN SIMILARITY .1 MIN WEIGHT .2 MIN SIMILARITY .3) RETURN x",
            "MIN SIMILARITY .3",
            syntax,
            "twice",
        ),
        (
            "MATCH (x) ATTEND x IN (FOR $q) SCORE AS s, SCORE AS t RETURN x",
            "SCORE AS t",
            syntax,
            "SCORE is given twice",
        ),
        ("MATCH (x) REINFORCE x", "", syntax, "BY"),
        (
            "MATCH (x) FOREACH (y IN [x] | REINFORCE x BY 1)",
            "REINFORCE x BY 1",
            "InvalidClauseComposition",
            "cannot stand in FOREACH",
        ),
        ("MATCH (x) ATTEND x (FOR $q) RETURN x", "(", syntax, "IN"),
        ("MATCH (x) ATTEND x IN (FOR) RETURN x", ")", syntax, "expected"),
        ("MATCH (x) ATTEND x IN (LENGTH) RETURN x", ")", syntax, "NORM"),
        (
            "CREATE (x) ATTEND x IN (FOR $q) RETURN x",
            "ATTEND x IN (FOR $q)",
            "InvalidClauseComposition",
            "put a WITH between",
        ),
        ("MATCH (x) ATTEND x IN (FOR $q)", "", "InvalidClauseComposition", "ends in ATTEND"),
        ("CREATE EMBEDDING t FOR (n) ON n.v", "CREATE EMBEDDING t FOR (n) ON n.v", syntax, "number of dimensions"),
        ("CREATE EMBEDDING t FOR (n) ON m.v DIMENSION 3", "m", syntax, "not the variable of FOR"),
        ("CREATE EMBEDDING t FOR (n) ON n.v DIMENSION 3 DIMENSION 4", "DIMENSION 4", syntax, "given twice"),
        ("CREATE FULLTEXT INDEX f FOR (n:L) ON EACH [n.x, m.y]", "m", syntax, "not the variable of FOR"),
        ("CREATE FULLTEXT INDEX FOR (n:L) ON EACH [n.x, n.x]", "x", syntax, "given twice"),
    ]);
}

#[test]
fn what_is_wrong_with_policies() {
    let syntax = "UnexpectedSyntax";
    let start = "CREATE POLICY p FOR ()-[r]-()";
    check_errors(&[
        (&format!("{start} FLOOR 1 FLOOR 2"), "FLOOR 2", syntax, "FLOOR is given twice"),
        (&format!("{start} ON ACCESS 1 ON REJECT 2 ON ACCESS 3"), "ON ACCESS 3", syntax, "ON ACCESS is given twice"),
        (&format!("{start} PRUNE ALLOWED PRUNE NOT ALLOWED"), "PRUNE NOT ALLOWED", syntax, "PRUNE is given twice"),
        ("CREATE POLICY p FOR (n:Npc) FLOOR 1", "(n:Npc)", syntax, "a policy is of relationships"),
        ("ALTER POLICY p HALF LIFE 1 HALF LIFE 2", "HALF LIFE 2", syntax, "HALF LIFE is given twice"),
        ("CREATE VALIDITY FOR (n:Npc) ON (n.a, n.b)", "(n:Npc)", syntax, "a validity is of relationships"),
        ("CREATE VALIDITY FOR ()-[r]-() ON (r.a, r.a)", "a", syntax, "both ends"),
        ("CREATE VALIDITY FOR ()-[r]-() ON (r.a, q.b)", "q", syntax, "not the variable of FOR"),
        ("CREATE VALIDITY FOR ()-[r]-() ON (r.a, r.b) CLOCK 3", "3", syntax, "CLOCK takes a parameter"),
        ("MATCH (n) AT TIME 3 AT ANY TIME RETURN n", "AT ANY TIME", syntax, "about one time"),
        ("SHOW POLICIES YIELD nmae", "nmae", "UndefinedVariable", "did you mean `name`?"),
    ]);
}

#[test]
fn words_of_attention_are_names() {
    statement("CREATE embedding = (a)-[:R]->(b)");
    statement("MATCH (attend:Heads) RETURN attend.attend AS reinforce");
}

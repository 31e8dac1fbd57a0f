//! No word is reserved: each keyword of the grammar, as the name of anything, means what any other name there means. Where a
//! value can stand, a few words mean themselves: variables of those names are written in backticks there.

use super::*;
use crate::query::keywords;

/// Statements with a name in places of every kind. They run in a graph of their own.
const TEMPLATES: &[&str] = &[
    "MATCH (@:A) RETURN @.v AS x",
    "MATCH (n:@) RETURN count(*) AS x",
    "MATCH (n:A&!@) RETURN count(*) AS x",
    "MATCH (n:B|@) RETURN count(*) AS x",
    "MATCH ()-[r:@]->() RETURN count(r) AS x",
    "MATCH ()-[@:R]->() RETURN @.w AS x",
    "MATCH ()-[@:R|S|@]->() RETURN @.w AS x",
    "MATCH (n:A) RETURN n.@ AS x",
    "MATCH (n:A) WHERE n.@ IS NULL RETURN n.v AS x",
    "MATCH (n:A {@: 1}) RETURN n.v AS x",
    "MATCH @ = (:A)-[:R]->() RETURN length(@) AS x",
    "MATCH (n:A) WHERE (n)-[:@]->(:@) OR n:@ RETURN count(*) AS x",
    "MATCH (n:A) RETURN n{.@} AS x",
    "MATCH (n:A) SET n.@ = 1, n:@ REMOVE n:@ RETURN n.@ AS x",
    "CREATE (n:@ {@: 1})-[r:@ {@: 2}]->() RETURN labels(n) AS x, type(r) AS y, n.@ + r.@ AS z",
    "CREATE INDEX @ FOR (@:@) ON (@.@)",
    "CREATE CONSTRAINT @ IF NOT EXISTS FOR (@:@) REQUIRE @.@ IS UNIQUE",
    "DROP INDEX @ IF EXISTS",
    "RETURN {@: 1}.@ AS x",
    "RETURN 1 AS @",
    "RETURN $@ AS x",
    "WITH 1 AS @ RETURN @",
    "WITH 1 AS @ WHERE @ = 1 RETURN *",
    "WITH 1 AS a, 2 AS @ ORDER BY @ RETURN a, @ AS x ORDER BY @ LIMIT 1",
    "WITH 1 AS @ RETURN @ + 1 AS x, -@ AS y, 2 - @ AS z",
    "WITH 1 AS @ RETURN (@) AS x, [@] AS y, {k: @} AS z, [1, @] AS u, coalesce(null, @) AS v",
    "WITH true AS @ RETURN NOT @ AS x, @ AND true AS y, false OR @ AS z",
    "WITH 'a' AS @ RETURN @ STARTS WITH 'a' AS x, @ IS NULL AS y, @ IN ['a'] AS z, NOT @ = 'b' AS w",
    "WITH 'a' AS @ RETURN @ IS :: STRING AS x, @ IS NORMALIZED AS y, @ || 'b' AS z, trim(@) AS w",
    "WITH 3 AS @ RETURN CASE 5 WHEN > @ THEN 1 ELSE 2 END AS x, 5 > @ AS y, @ < 5 AS z",
    "WITH 1 AS @ RETURN CASE @ WHEN 1 THEN 'a' ELSE 'b' END AS x, CASE WHEN @ > 0 THEN @ ELSE @ END AS y",
    "WITH [1, 2] AS @ RETURN [y IN @ WHERE y > 1 | y] AS x, @[0] AS y, @[..1] AS z, size(@) AS w",
    "RETURN [@ IN [1, 2] WHERE @ > 1 | @ * 2] AS x, any(@ IN [1, 2] WHERE @ = 2) AS y",
    "RETURN reduce(@ = 0, y IN [1, 2] | @ + y) AS x, reduce(y = 0, @ IN [1, 2] | @ + y) AS z",
    "WITH {v: 1} AS @ RETURN @{.v, w: 2} AS x, @.v AS y, @['v'] AS z",
    "UNWIND [1, 2] AS @ RETURN @ ORDER BY @ DESC",
    "UNWIND [1, 2] AS @ RETURN DISTINCT @ SKIP 1",
    "UNWIND [1, 2] AS @ RETURN count(DISTINCT @) AS x, sum(@) AS y",
    "LET @ = 1 FILTER @ = 1 RETURN @ AS x",
    "FOR @ IN [1] WITH OFFSET i RETURN @ AS x, i",
    "WITH 1 AS @ CALL (@) { RETURN @ + 1 AS y } RETURN y",
    "WITH 1 AS @ RETURN EXISTS { MATCH (n:A) WHERE n.v = @ } AS x, COLLECT { UNWIND [@] AS y RETURN y } AS z",
    "CALL { RETURN 1 AS @ } RETURN @ AS x",
    "MATCH (n:A) FOREACH (@ IN [1] | SET n.w = @)",
    "RETURN 1 AS @ NEXT RETURN @ + 1 AS x",
    "RETURN 1 AS @ UNION RETURN 2 AS @",
    "WHEN true THEN RETURN 1 AS @ ELSE RETURN 2 AS @",
    "MATCH (@:A) ATTEND @ IN (BOOST @.v AS b LIMIT 1) SCORE AS s RETURN @.v AS x",
    "MATCH (n:A) ATTEND n IN (BOOST n.v AS @ WHERE n.@ IS NULL) SCORE AS @ RETURN @ AS x",
    "MATCH (n:A)-[@:R]->() ATTEND DISTINCT @ IN (TEMPERATURE 2 BOOST @.w) RETURN type(@) AS x",
    "MATCH (n:A) WITH n, 1 AS @ ATTEND DISTINCT n PER @ IN (PRIOR 0) RETURN n.v + @ AS x",
    "CREATE EMBEDDING @ FOR (@:@) ON @.@ DIMENSION 3",
    "CREATE EMBEDDING e IF NOT EXISTS FOR ()-[@:@|R]-() ON @.@ DIMENSION 3 METRIC DOT",
    "DROP EMBEDDING @ IF EXISTS",
];

/// The words that mean themselves where a value, or what comes before it, can stand.
const MEAN_THEMSELVES: [&str; 8] = ["AS", "CASE", "DISTINCT", "FALSE", "NOT", "NULL", "TRUE", "WHEN"];

/// What a statement answers, with the names of columns.
fn answer(text: &str, name: &str) -> Result<String> {
    let db = Database::memory_with(Options { background: false, ..Options::default() })?;
    db.execute("CREATE (:A {v: 1})-[:R {w: 2}]->(:B)", ())?;
    let mut params = crate::Params::new();
    params.set(name, 5);
    let mut rows = db.query(text, params)?;
    let mut said = format!("{:?}", rows.columns());
    while let Some(row) = rows.next_row()? {
        said += &format!(" {:?}", row.values().iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    Ok(format!("{said} {:?}", db.status().n_nodes))
}

#[test]
fn every_keyword_is_a_name_like_any_other() {
    let mut wrong = Vec::new();
    for template in TEMPLATES {
        let plain = answer(&template.replace('@', "zzz"), "zzz").unwrap_or_else(|error| panic!("{template}: {error}"));
        for word in keywords() {
            let lower = word.to_ascii_lowercase();
            for name in [word, &lower] {
                let is_same = |found: &str| found.replace(name, "zzz") == plain.replace(name, "zzz");
                let text = template.replace('@', name);
                let mut found = answer(&text, name);
                if MEAN_THEMSELVES.contains(&word) && !found.as_ref().is_ok_and(|found| is_same(found)) {
                    found = answer(&template.replace('@', &format!("`{name}`")), name);
                }
                match found {
                    Ok(found) if is_same(&found) => {}
                    Ok(found) => wrong.push(format!("{text}: {found}, not {plain}")),
                    Err(error) => wrong.push(format!("{text}: {error}")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

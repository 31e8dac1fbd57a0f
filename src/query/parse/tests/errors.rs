//! What is refused, where and why.

use super::*;

#[test]
fn try_messages() {
    for text in [
        "MACTH (n) RETURN n",
        "MATCH (n) RETRUN n",
        "MATCH (n) WEHRE n.x = 1 RETURN n",
        "MATCH (n) RETURN n ODER BY n.x",
        "MATCH (n RETURN n",
        "RETURN 1 +",
        "RETURN",
        "",
        "MATCH (n)",
        "RETURN DISTINT n.x",
        "CREATE CONSTRANT FOR (n:L) REQUIRE n.k IS UNIQUE",
        "MATCH (n) RETURN n; RETURN 2",
        "MATCH (n)-[:A..]->(m) RETURN n",
        "MATCH (n)-[:A*-2]->(m) RETURN n",
        "RETURN 'it''s'",
        "MATCH (x) ATTEND x IN (FOR $q) RETURN x",
        "CREATE EMBEDDING text FOR (n) ON n.x",
        "SHOW EMBEDDINGS",
        "RETURN CASE WEN 1 THEN 2 END",
        "RETURN n.x IS NUL",
        "MATCH p = SHORTEST 3 (a)--(b) RETURN p",
        "RETURN a == 1",
        "LOAD CSV FRM 'x' AS r RETURN r",
        "MATCH (n) RETURN n LIMT 3",
        "MATCH (n) SET n.x == 1",
        "MATCH (n) WHERE RETURN n",
        "COPY Person FROM 'x.csv' (KEYY id)",
        "RETURN [, ]",
        "UNWIND [1] S x RETURN x",
        "MATCH (a)->(b) RETURN a",
        "FOO",
        "RETURN (1",
        "RETURN 1)",
        "RETURN {a 1}",
        "RETURN count(DISTINCT x, ",
        "MATCH (a:) RETURN a",
    ] {
        println!("{text}\n{}\n", failure(text).clone());
    }
}

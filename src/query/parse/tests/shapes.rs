//! What texts become.

use super::*;

#[test]
fn a_query_is_its_clauses() {
    assert_eq!(query("MATCH (n) RETURN n").parts[0].clauses.len(), 2);
}

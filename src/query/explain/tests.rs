//! Plans as text, statement by statement.

use super::*;
use crate::query::{
    compile::{Compilation, Compiled, statement},
    parse::parse,
    procedure::Procedures,
    statistics::table::Table,
};

fn compile(text: &str) -> crate::Result<Compilation> {
    match statement(parse(text)?, &Table::social(), &Procedures::default(), false)? {
        Compiled::Query(compilation) => Ok(compilation),
        other => panic!("no query: {other:?}"),
    }
}

/// Checks the operators of a query's plan, one a line, without estimates.
#[track_caller]
fn check_plan(query: &str, expected: &str) {
    let plan = compile(query).unwrap().plan;
    let text = explain(&plan, &Table::social());
    let lines = text.lines().skip(1).map(|line| line.split("  ~").next().unwrap_or(line).trim_end());
    let got: Vec<&str> = lines.map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
    let indent = expected.lines().nth(1).map_or(0, |line| line.len() - line.trim_start().len());
    let wanted: Vec<&str> =
        expected.lines().skip(1).filter(|line| !line.trim().is_empty()).map(|line| &line[indent..]).collect();
    assert_eq!(got, wanted, "\n{text}");
}

/// Checks the detail and the start of the message of a query's error.
#[track_caller]
fn check_error(query: &str, detail: &str, message: &str) {
    let error = compile(query).expect_err(query);
    let error = error.as_query().expect("a query error").clone();
    assert_eq!(error.detail, detail, "{query}: {error}");
    assert!(error.message.contains(message), "{query}: {error}");
}

#[test]
fn a_unique_index_is_the_start() {
    check_plan(
        "MATCH (a:Person {id: $id})-[:KNOWS]->(b:Person) WHERE b.age > 30 RETURN b.name",
        "
        Project b.name AS b.name
          Filter b.age > 30
            Expand (a)-[:KNOWS]->(b)
              NodeSeek unique (a:Person {id: $id})
                Argument",
    );
}

#[test]
fn the_selective_end_is_the_start() {
    check_plan(
        "MATCH (p:Person)-[:LIVES_IN]->(c:City {name: 'Ulm'}) RETURN collect(p) AS all",
        "
        Aggregate collect(p) AS all
          Expand (c)<-[:LIVES_IN]-(p)
            Filter c.name = 'Ulm'
              NodeScan (c:City)
                Argument",
    );
}

#[test]
fn a_label_of_where_finds_the_index_too() {
    check_plan(
        "MATCH (p) WHERE p:Person AND p.id = 7 RETURN p.age AS age",
        "
        Project p.age AS age
          NodeSeek unique (p:Person {id: 7})
            Argument",
    );
}

#[test]
fn relationships_of_one_match_differ_where_they_can_meet() {
    // KNOWS has self-loops; without them a chain needs no test.
    check_plan(
        "MATCH (:Admin)-[:KNOWS]->(b)-[:KNOWS]->(c) RETURN c",
        "
        Expand (b)-[:KNOWS]->(c) other than _1
          Expand (_0)-[_1:KNOWS]->(b)
            NodeScan (_0:Admin)
              Argument",
    );
    let plan = compile("MATCH (a:Person {id: 1})-[:LIVES_IN]->(b)-[:LIVES_IN]->(c) RETURN c").unwrap().plan;
    assert_eq!(plan.assumptions.len(), 1, "{:?}", plan.assumptions);
    assert!(!explain(&plan, &Table::social()).contains("other than"));
}

#[test]
fn both_ends_bound_is_an_expand_into() {
    check_plan(
        "MATCH (a:Person {id: 1}), (b:Person {id: 2}) MATCH (a)-[r:KNOWS]->(b) RETURN r",
        "
        ExpandInto (a)-[r:KNOWS]->(b)
          NodeSeek unique (b:Person {id: 2})
            NodeSeek unique (a:Person {id: 1})
              Argument",
    );
}

#[test]
fn where_of_an_optional_match_belongs_to_it() {
    check_plan(
        "MATCH (a:Admin) OPTIONAL MATCH (a)-[:KNOWS]->(b) WHERE b.age > a.age RETURN a, b",
        "
        OptionalApply
            Filter b.age > a.age
              Expand (a)-[:KNOWS]->(b)
                Argument
          NodeScan (a:Admin)
            Argument",
    );
}

#[test]
fn pattern_predicates_become_semi_joins() {
    check_plan(
        "MATCH (a:Admin) WHERE NOT (a)-[:KNOWS]->() AND a.age = 1 RETURN a",
        "
        AntiSemiApply
            Expand (a)-[:KNOWS]->(_2)
              Argument
          Filter a.age = 1
            NodeScan (a:Admin)
              Argument",
    );
}

#[test]
fn order_with_limit_is_a_top() {
    check_plan(
        "MATCH (a:Admin) RETURN a.name AS name ORDER BY a.age DESC SKIP 2 LIMIT 3",
        "
        Limit 3
          Skip 2
            Top 5 by a.age DESC
              Project a.name AS name
                NodeScan (a:Admin)
                  Argument",
    );
}

#[test]
fn writes_wait_for_reads() {
    check_plan(
        "MATCH (a:Admin) CREATE (b:Admin {name: a.name}) WITH b MATCH (c:Admin) RETURN count(c) AS n",
        "
        Aggregate count(c) AS n
          NodeScan (c:Admin)
            Eager
              Create (b:Admin {name: a.name})
                Eager
                  NodeScan (a:Admin)
                    Argument",
    );
}

#[test]
fn nothing_is_carried_that_nobody_reads() {
    let plan =
        compile("MATCH p = (a:Admin)-[r:KNOWS]->(b) WITH a, b.age AS age WHERE age > 3 RETURN age").unwrap().plan;
    let Op::Project { input, items } = &plan.root else { panic!("{:?}", plan.root) };
    assert_eq!(items.len(), 1, "the path is not made");
    let Op::Filter { input, carry, .. } = &**input else { panic!("{input:?}") };
    assert_eq!(carry.len(), 1);
    let Op::Expand(expand) = &**input else { panic!("{input:?}") };
    assert_eq!((expand.rel, expand.carry.len()), (None, 0));
}

#[test]
fn errors_name_the_thing() {
    check_error("MATCH (person) RETURN persn", "UndefinedVariable", "`persn`");
    check_error("MATCH (a) MATCH ()-[a]->() RETURN a", "VariableTypeConflict", "`a`");
    check_error("RETURN foo(1)", "UnknownFunction", "`foo()`");
    check_error("RETURN size()", "InvalidNumberOfArguments", "size");
    check_error("MATCH (n) RETURN n.a + count(*)", "AmbiguousAggregationExpression", "`n`");
    check_error("MATCH (n) WHERE count(n) > 1 RETURN n", "InvalidAggregation", "count");
    check_error("MATCH (n) RETURN count(count(n))", "NestedAggregation", "count");
    check_error("MATCH (n) RETURN n LIMIT -1", "NegativeIntegerArgument", "-1");
    check_error("MATCH (n) RETURN n LIMIT n.x", "NonConstantExpression", "`n`");
    check_error("MATCH ()-[r]->()-[r]->() RETURN r", "RelationshipUniquenessViolation", "`r`");
    check_error("MATCH (a) CREATE (a)", "VariableAlreadyBound", "`a`");
    check_error("CREATE (a)-[:A|B]->(b)", "NoSingleRelationshipType", "one type");
    check_error("CREATE (a)-[:A]-(b)", "RequiresDirectedRelationship", "direction");
    check_error("MATCH (n) DELETE n:Person", "InvalidDelete", "");
    check_error("RETURN 1 AS a UNION RETURN 2 AS b", "DifferentColumnsInUnion", "(a) and (b)");
    check_error("MATCH (n) WITH n.x RETURN 1", "NoExpressionAlias", "n.x");
    check_error("RETURN 1 AS a, 2 AS a", "ColumnNameConflict", "`a`");
    check_error("RETURN 1 AND true", "InvalidArgumentType", "an integer");
    check_error("MATCH (n) RETURN (n)-->()", "UnexpectedSyntax", "pattern");
}

#[test]
fn aggregates_and_keys_mix() {
    check_plan(
        "MATCH (n:Admin) RETURN n.name, n.age AS age, n.age + count(*) AS c ORDER BY n.name, count(*)",
        "
        Sort by n.name, _3
          Project age + _3 AS c
            Aggregate count(*) AS _3 by n.name AS n.name, n.age AS age
              NodeScan (n:Admin)
                Argument",
    );
    check_error("MATCH (n) RETURN n.age, count(*) ORDER BY n.name", "UndefinedVariable", "`n`");
    check_error("MATCH (n) RETURN DISTINCT n.age ORDER BY n.name", "UndefinedVariable", "`n`");
}

#[test]
fn trails_that_are_only_aggregated_are_not_walked() {
    check_plan(
        "MATCH (a:Person)-[:KNOWS]->(b:Person) WHERE a.age > 30 \
         RETURN b.name AS name, count(a.id) AS n, avg(a.age) AS age ORDER BY n DESC LIMIT 3",
        "
        Limit 3
          Top 3 by n DESC
            TrailAggregate count(a.id) AS n, avg(a.age) AS age by b.name AS name over (a:Person WHERE a.age > 30)-[:KNOWS]->(b), the 3 of greatest n",
    );
    check_plan(
        "MATCH (a:Person {id: $id})-[:KNOWS*2]->(b) MATCH (b)-[:LIVES_IN]->(c) RETURN count(DISTINCT c) AS n",
        "
        TrailAggregate count(DISTINCT c) AS n over (a:Person {id: $id})-[:KNOWS*2]->(b)-[:LIVES_IN]->(c)",
    );
    // Two nodes in one predicate, or a pattern with a cycle: every trail must be looked at.
    for query in [
        "MATCH (a:Person)-[:KNOWS]->(b) WHERE a.age > b.age RETURN count(*)",
        "MATCH (a:Person)-[:KNOWS]->(b)-[:KNOWS]->(a) RETURN count(*)",
        "MATCH (a:Person)-[r:KNOWS]->(b) RETURN sum(r.weight)",
        "MATCH (a:Person)-[:KNOWS*]->(b) RETURN count(*)",
    ] {
        let text = explain(&compile(query).unwrap().plan, &Table::social());
        assert!(!text.contains("TrailAggregate"), "{text}");
    }
}

#[test]
fn unknown_names_are_noticed() {
    let notices = compile("MATCH (n:Persn) RETURN n.nme").unwrap().notices;
    let messages: Vec<&str> = notices.iter().map(|notice| &*notice.message).collect();
    assert_eq!(
        messages,
        [
            "label `Persn` does not exist; did you mean `Person`?",
            "property key `nme` does not exist; did you mean `name`?"
        ]
    );
}

#[test]
fn a_list_of_keys_is_sought_once_each() {
    check_plan(
        "MATCH (a:Person) WHERE a.id IN [1, 1.0, 2] RETURN a",
        "
        Apply
            Distinct a
              NodeSeek unique (a:Person {id: _1})
                Unwind [1, 1.0, 2] AS _1
                  Argument
          Argument",
    );
}

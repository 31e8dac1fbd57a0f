//! Plans made by hand, over a small graph: a ring of people who know the next one, and one self-loop.

use std::sync::{Arc, atomic::AtomicBool};

use super::{Execution, Limits, Source, Summary};
use crate::{
    Error,
    error::Span,
    graph::{Snapshot, Transaction, tests::Random},
    model::Value,
    query::{
        compile::{self, Compiled},
        function::Aggregator,
        plan::{
            Aggregate, ApplyKind, Arithmetic, Comparison, CreateNode, CreatePattern, CreateRel, Expand, Expr, Follow,
            KeyRef, LabelRef, Op, Plan, SetItem, Slot, SlotInfo, SlotKind, SortKey, TypeRef, VarExpand,
        },
        procedure::Procedures,
    },
    storage::Store,
};

const WIDTH: u16 = 8;
const RING: i64 = 5;

fn s(n: u16) -> Slot {
    Slot(n)
}

fn slot(n: u16) -> Expr {
    Expr::Slot(s(n))
}

fn int(n: i64) -> Expr {
    Expr::Const(Value::Int(n))
}

fn label(name: &str) -> LabelRef {
    LabelRef { name: name.into(), id: None }
}

fn property(n: u16, key: &str) -> Expr {
    Expr::Property { base: Box::new(slot(n)), key: KeyRef { name: key.into(), id: None }, span: Span::default() }
}

fn compare(op: Comparison, a: Expr, b: Expr) -> Expr {
    Expr::Compare(op, Box::new(a), Box::new(b))
}

fn argument() -> Box<Op> {
    Box::new(Op::Argument)
}

fn scan(node: u16) -> Op {
    Op::NodeScan { input: argument(), node: s(node), label: Some(label("Person")), range: None, carry: vec![] }
}

fn expand(input: Op, from: u16, to: u16, follow: Follow, carry: &[u16]) -> Op {
    Op::Expand(Box::new(Expand {
        input,
        from: s(from),
        rel: Some(s(to + 1)),
        to: s(to),
        follow,
        types: vec![TypeRef { name: "KNOWS".into(), id: None }],
        into: false,
        rel_bound: false,
        unique_from: vec![],
        carry: carry.iter().map(|&n| s(n)).collect(),
    }))
}

fn trails(input: Op, min: u32, max: Option<u32>) -> Op {
    Op::VarExpand(Box::new(VarExpand {
        input,
        from: s(0),
        rels: Some(s(2)),
        to: s(1),
        follow: Follow::Out,
        types: vec![],
        min,
        max,
        into: false,
        rels_bound: false,
        reversed: false,
        rel_filter: None,
        unique_from: vec![],
        carry: vec![s(0)],
    }))
}

fn plan(root: Op, columns: &[u16]) -> Arc<Plan> {
    Arc::new(Plan {
        root,
        slots: (0..WIDTH).map(|n| SlotInfo { name: format!("v{n}").into(), kind: SlotKind::Value }).collect(),
        columns: columns.iter().map(|&n| (format!("v{n}").into(), s(n))).collect(),
        params: vec![],
        writes: true,
        depth: WIDTH.into(),
        catalog_version: 0,
        assumptions: Default::default(),
    })
}

fn collect(execution: &mut Execution) -> Result<Vec<Vec<Value>>, Error> {
    let mut rows = Vec::new();
    while let Some(n) = execution.next_batch()?.map(|batch| batch.len) {
        for row in 0..n {
            let columns = 0..execution.plan().columns.len();
            rows.push(columns.map(|column| execution.value(row, column)).collect::<Result<_, _>>()?);
        }
    }
    Ok(rows)
}

fn run(source: Source, root: Op, columns: &[u16]) -> (Source, Summary, Vec<Vec<Value>>) {
    let mut execution = Execution::new(plan(root, columns), vec![], source, Limits::default());
    let rows = collect(&mut execution).unwrap();
    let (source, summary) = execution.finish().unwrap();
    (source, summary, rows)
}

/// Runs over the ring and returns the rows as text.
fn check(root: Op, columns: &[u16], expected: &[&str]) {
    let (_, _, rows) = run(ring(), root, columns);
    let rows: Vec<String> =
        rows.iter().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(rows, expected);
}

fn project(input: Op, items: Vec<(u16, Expr)>) -> Op {
    Op::Project { input: Box::new(input), items: items.into_iter().map(|(n, expr)| (s(n), expr)).collect() }
}

fn filter(input: Op, predicate: Expr) -> Op {
    Op::Filter { input: Box::new(input), predicate, carry: vec![] }
}

fn ring() -> Source {
    let range = Expr::Const(Value::list((0..RING).map(Value::Int)));
    let unwind = Op::Unwind { input: argument(), list: range, slot: s(0), carry: vec![] };
    let node = CreateNode {
        slot: s(1),
        labels: vec![label("Person")],
        properties: Some(Expr::Map(vec![("id".into(), slot(0))])),
    };
    let create = CreatePattern { nodes: vec![node], rels: vec![], paths: vec![] };
    let source = Source::Write(Box::new(Transaction::new(Snapshot::empty(Arc::new(Store::memory())))));
    let (source, summary, _) = run(source, Op::Create { input: Box::new(unwind), create }, &[]);
    assert_eq!((summary.nodes_created, summary.labels_added, summary.properties_set), (5, 5, 5));
    // (a), (b) WHERE b.id = (a.id + 1) % 5 OR a.id = 0 AND b.id = 0
    let second = Op::NodeScan {
        input: Box::new(scan(0)),
        node: s(1),
        label: Some(label("Person")),
        range: None,
        carry: vec![s(0)],
    };
    let arithmetic = |op, a, b| Expr::Arithmetic { op, left: Box::new(a), right: Box::new(b), span: Span::default() };
    let next = arithmetic(Arithmetic::Rem, arithmetic(Arithmetic::Add, property(0, "id"), int(1)), int(RING));
    let is_next = compare(Comparison::Eq, property(1, "id"), next);
    let zero = |n| compare(Comparison::Eq, property(n, "id"), int(0));
    let pairs = filter(second, Expr::Or(vec![is_next, Expr::And(vec![zero(0), zero(1)])]));
    let rel = CreateRel {
        slot: s(2),
        rel_type: TypeRef { name: "KNOWS".into(), id: None },
        start: s(0),
        end: s(1),
        properties: None,
    };
    let create = CreatePattern { nodes: vec![], rels: vec![rel], paths: vec![] };
    let eager = Op::Eager { input: Box::new(pairs) };
    let (source, summary, _) = run(source, Op::Create { input: Box::new(eager), create }, &[]);
    assert_eq!(summary.relationships_created, 6);
    source
}

#[test]
fn expanding_either_way_meets_a_self_loop_once() {
    let both = expand(filter(scan(0), compare(Comparison::Eq, property(0, "id"), int(0))), 0, 1, Follow::Both, &[]);
    let sorted = Op::Sort {
        input: Box::new(project(both, vec![(3, property(1, "id"))])),
        keys: vec![SortKey { expr: slot(3), descending: true }],
        limit: None,
        carry: vec![s(3)],
    };
    check(sorted, &[3], &["4", "1", "0"]);
}

#[test]
fn trails_use_no_relationship_twice() {
    let from_zero = filter(scan(0), compare(Comparison::Eq, property(0, "id"), int(0)));
    let count = |min, max| Op::Aggregate {
        input: Box::new(trails(from_zero.clone(), min, max)),
        keys: vec![],
        aggregates: vec![(s(3), Aggregate { function: Aggregator::Count, arg: None, extra: None, distinct: false })],
    };
    // The loop first, last or not at all, and a prefix of the ring: 1 + 5 + 5 and the whole ring with the loop after it.
    check(count(1, None), &[3], &["12"]);
    check(count(0, Some(1)), &[3], &["3"]);
    check(count(2, Some(1)), &[3], &["0"]);
}

#[test]
fn optional_rows_keep_the_order_of_their_outer_rows() {
    let inner =
        filter(expand(Op::Argument, 0, 1, Follow::Out, &[0]), compare(Comparison::Gt, property(1, "id"), int(2)));
    let optional = Op::Apply {
        input: Box::new(scan(0)),
        inner: Box::new(inner),
        kind: ApplyKind::Optional { nulls: vec![s(1), s(2)], per_row: false },
        carry: vec![s(0)],
    };
    let shown = project(optional, vec![(3, property(0, "id")), (4, property(1, "id"))]);
    check(shown, &[3, 4], &["0 null", "1 null", "2 3", "3 4", "4 null"]);
}

#[test]
fn semi_and_anti_split_the_rows() {
    let kept = |anti| {
        let inner = filter(
            expand(Op::Argument, 0, 1, Follow::Out, &[0]),
            compare(Comparison::Lt, property(1, "id"), property(0, "id")),
        );
        let semi = Op::Apply {
            input: Box::new(scan(0)),
            inner: Box::new(inner),
            kind: ApplyKind::Semi { anti },
            carry: vec![s(0)],
        };
        project(semi, vec![(3, property(0, "id"))])
    };
    check(kept(false), &[3], &["4"]);
    check(kept(true), &[3], &["0", "1", "2", "3"]);
}

#[test]
fn groups_by_node_and_by_value() {
    let in_edges = expand(scan(0), 0, 1, Follow::Both, &[0]);
    let count = |key| Op::Aggregate {
        input: Box::new(in_edges.clone()),
        keys: vec![(s(4), key)],
        aggregates: vec![
            (s(5), Aggregate { function: Aggregator::Count, arg: None, extra: None, distinct: false }),
            (s(6), Aggregate { function: Aggregator::Sum, arg: Some(property(1, "id")), extra: None, distinct: false }),
        ],
    };
    let by_node = project(count(slot(0)), vec![(7, property(4, "id"))]);
    check(by_node, &[7, 5, 6], &["0 3 5", "1 2 2", "2 2 4", "3 2 6", "4 2 3"]);
    let parity = Expr::Arithmetic {
        op: Arithmetic::Rem,
        left: Box::new(property(0, "id")),
        right: Box::new(int(2)),
        span: Span::default(),
    };
    check(count(parity), &[4, 5, 6], &["0 7 12", "1 4 8"]);
}

#[test]
fn merge_sees_what_it_made() {
    let list = Expr::Const(Value::list([7, 8, 7].map(Value::Int)));
    let unwind = Op::Unwind { input: argument(), list, slot: s(0), carry: vec![] };
    let inner_scan =
        Op::NodeScan { input: argument(), node: s(1), label: Some(label("New")), range: None, carry: vec![s(0)] };
    let inner = filter(inner_scan, compare(Comparison::Eq, property(1, "id"), slot(0)));
    let node = CreateNode {
        slot: s(1),
        labels: vec![label("New")],
        properties: Some(Expr::Map(vec![("id".into(), slot(0))])),
    };
    let set = |value| SetItem::Property { target: slot(1), key: KeyRef { name: "how".into(), id: None }, value };
    let merge = Op::Merge {
        input: Box::new(unwind),
        inner: Box::new(inner),
        create: CreatePattern { nodes: vec![node], rels: vec![], paths: vec![] },
        on_match: vec![set(Expr::Const("matched".into()))],
        on_create: vec![set(Expr::Const("created".into()))],
        carry: vec![s(0)],
    };
    let (_, summary, rows) = run(ring(), project(merge, vec![(2, property(1, "how"))]), &[0, 2]);
    assert_eq!(summary.nodes_created, 2);
    let last = rows.last().unwrap();
    assert_eq!((last[0].to_string(), last[1].to_string()), ("7".into(), "'matched'".into()));
}

#[test]
fn deleting_a_connected_node_needs_detach() {
    let delete = |detach| {
        let input = filter(scan(0), compare(Comparison::Eq, property(0, "id"), int(0)));
        Op::Delete { input: Box::new(input), targets: vec![slot(0), slot(0)], detach }
    };
    let mut refused = Execution::new(plan(delete(false), &[]), vec![], ring(), Limits::default());
    let error = refused.drain().unwrap_err();
    assert_eq!(error.as_query().unwrap().detail, "DeleteConnectedNode");
    let (_, summary, _) = run(ring(), delete(true), &[]);
    assert_eq!((summary.nodes_deleted, summary.relationships_deleted), (1, 3));
    let read = project(delete(true), vec![(1, property(0, "id"))]);
    let mut gone = Execution::new(plan(read, &[1]), vec![], ring(), Limits::default());
    assert_eq!(gone.drain().unwrap_err().as_query().unwrap().detail, "DeletedEntityAccess");
}

#[test]
fn limits_stop_a_product_and_a_cancelled_run() {
    let mut product = scan(0);
    for node in 1..WIDTH {
        let carry = (0..node).map(s).collect();
        product = Op::NodeScan { input: Box::new(product), node: s(node), label: None, range: None, carry };
    }
    let sorted = Op::Eager { input: Box::new(product.clone()) };
    let limits = Limits { memory_max: 1 << 20, ..Limits::default() };
    let mut execution = Execution::new(plan(sorted, &[0]), vec![], ring(), limits);
    assert!(matches!(execution.drain(), Err(Error::Limit { max, .. }) if max == 1 << 20));
    let limits = Limits { cancel: Some(Arc::new(AtomicBool::new(true))), ..Limits::default() };
    let mut execution = Execution::new(plan(product.clone(), &[]), vec![], ring(), limits);
    assert!(matches!(execution.drain(), Err(Error::Cancelled)));
    let limits = Limits { rows_max: 1000, ..Limits::default() };
    let mut execution = Execution::new(plan(product, &[0]), vec![], ring(), limits);
    assert!(matches!(execution.drain(), Err(Error::Limit { max: 1000, .. })));
}

#[test]
fn a_prepared_run_repeats() {
    let top = Op::Limit {
        input: Box::new(Op::Sort {
            input: Box::new(project(scan(0), vec![(1, property(0, "id"))])),
            keys: vec![SortKey { expr: slot(1), descending: true }],
            limit: Some(int(2)),
            carry: vec![s(1)],
        }),
        count: int(2),
    };
    let mut execution = Execution::prepare(plan(top, &[1]));
    let mut source = ring();
    for _ in 0..3 {
        execution.start(vec![], source, Limits::default());
        assert_eq!(collect(&mut execution).unwrap(), [[Value::Int(4)], [Value::Int(3)]]);
        source = execution.finish().unwrap().0;
    }
}

/// Runs a query over the ring and returns its rows.
fn query(text: &str, limits: Limits) -> Result<Vec<Vec<Value>>, Error> {
    let source = ring();
    let statement = crate::query::parse(text).unwrap();
    let Compiled::Query(compilation) =
        compile::statement(statement, source.view(), &Procedures::default(), false).unwrap()
    else {
        panic!("{text} is no query");
    };
    collect(&mut Execution::new(compilation.plan, vec![], source, limits))
}

#[test]
fn sorting_many_runs_is_stable_and_total() {
    let text = "UNWIND range(0, 99999) AS i RETURN i, i * 7919 % 1000 AS k ORDER BY k DESC";
    let rows = query(text, Limits::default()).unwrap();
    let rows: Vec<(i64, i64)> = rows.iter().map(|row| (row[0].as_int().unwrap(), row[1].as_int().unwrap())).collect();
    assert_eq!(rows.len(), 100_000);
    assert!(rows.windows(2).all(|pair| pair[0].1 > pair[1].1 || pair[0].1 == pair[1].1 && pair[0].0 < pair[1].0));
    let top = query(&format!("{text} LIMIT 3"), Limits::default()).unwrap();
    let top: Vec<(i64, i64)> = top.iter().map(|row| (row[0].as_int().unwrap(), row[1].as_int().unwrap())).collect();
    assert_eq!(top, rows[..3]);
}

#[test]
fn unwinding_a_range_lists_nothing() {
    let limits = Limits { memory_max: 1 << 16, ..Limits::default() };
    let rows = query("UNWIND range(1, 1000000) AS i RETURN sum(i) AS s", limits.clone()).unwrap();
    assert_eq!(rows, [[Value::Int(500_000_500_000)]]);
    let listed = query("RETURN size(range(1, 1000000)) AS n", limits);
    assert!(matches!(listed, Err(Error::Limit { .. })));
}

#[test]
fn predicates_remembered_for_each_string_are_those_of_each_row() {
    let text =
        "MATCH (a:Person) SET a.kind = CASE a.id WHEN 0 THEN null WHEN 1 THEN 7 ELSE ['Odd', 'eVen'][a.id % 2] END
        WITH a ORDER BY a.id WHERE toLower(a.kind) IN ['even', 'none'] RETURN a.id";
    let error = query(text, Limits::default()).unwrap_err();
    assert_eq!(error.as_query().unwrap().kind, "TypeError");
    let rows = query(&text.replace("WHEN 1 THEN 7", ""), Limits::default()).unwrap();
    assert_eq!(rows, [[Value::Int(1)], [Value::Int(3)]]);
}

#[test]
fn groups_by_properties_of_one_node_are_groups_of_values() {
    let text = "MATCH (a:Person)-[:KNOWS]->(b) RETURN a.id % 2 AS odd, count(*) AS n, sum(b.id) AS ids ORDER BY odd";
    let rows = query(text, Limits::default()).unwrap();
    let rows: Vec<String> = rows.iter().map(|row| format!("{} {} {}", row[0], row[1], row[2])).collect();
    assert_eq!(rows, ["0 4 4", "1 2 6"]);
}

#[test]
fn shortest_paths_are_the_shortest_of_all_trails() {
    let mut random = Random(7);
    let mut source = Source::Write(Box::new(Transaction::new(Snapshot::empty(Arc::new(Store::memory())))));
    let mut execute = |text: &str| -> Vec<Vec<Value>> {
        let statement = crate::query::parse(text).unwrap();
        let view = std::mem::replace(&mut source, nothing());
        let Compiled::Query(compilation) =
            compile::statement(statement, view.view(), &Procedures::default(), false).unwrap()
        else {
            panic!("{text} is no query");
        };
        let mut execution = Execution::new(compilation.plan, vec![], view, Limits::default());
        let rows = collect(&mut execution).unwrap();
        source = execution.finish().unwrap().0;
        rows
    };
    execute("UNWIND range(0, 8) AS i CREATE (:N {id: i})");
    for _ in 0..13 {
        let (a, b) = (random.below(9), random.below(9));
        execute(&format!("MATCH (a:N {{id: {a}}}), (b:N {{id: {b}}}) CREATE (a)-[:R]->(b)"));
    }
    for arrow in ["-[:R*]->", "<-[:R*]-", "-[:R*]-", "-[:R*..2]->"] {
        let pair = "MATCH (a:N), (b:N) WHERE a <> b";
        let all = format!(
            "{pair} MATCH p = (a){arrow}(b) WITH a, b, collect(length(p)) AS lengths
             UNWIND lengths AS l WITH a, b, min(l) AS least, lengths
             RETURN a.id, b.id, least, size([x IN lengths WHERE x = least]) AS n ORDER BY a.id, b.id"
        );
        let shortest = format!(
            "{pair} MATCH p = allShortestPaths((a){arrow}(b))
             RETURN a.id, b.id, min(length(p)) AS least, count(DISTINCT p) AS n ORDER BY a.id, b.id"
        );
        let one = format!(
            "{pair} MATCH p = shortestPath((a){arrow}(b))
             RETURN a.id, b.id, min(length(p)) AS least, count(*) AS n ORDER BY a.id, b.id"
        );
        let (all, shortest, one) = (execute(&all), execute(&shortest), execute(&one));
        assert!(all.len() > 10, "{arrow}: the graph is too thin to test anything");
        assert_eq!(shortest, all, "{arrow}");
        let lengths = |rows: &[Vec<Value>]| rows.iter().map(|row| row[..3].to_vec()).collect::<Vec<_>>();
        assert_eq!(lengths(&one), lengths(&all), "{arrow}");
        assert!(one.iter().all(|row| row[3] == Value::Int(1)), "{arrow}");
    }
}

fn nothing() -> Source {
    Source::Read(Arc::new(Snapshot::empty(Arc::new(Store::memory()))))
}

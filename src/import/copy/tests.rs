//! `COPY` into a graph in memory: what is new, what is changed, what is refused and where.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    super::{options::Format, tests::Scratch},
    *,
};
use crate::{
    Error,
    graph::{BULK_ROWS_MIN, Snapshot},
    model::{Direction, NodeId, RelId},
    storage::Store,
};

struct Graph {
    tx: Transaction,
    generation: u64,
    /// Whether all files go into one transaction.
    in_one: bool,
}

fn nodes(label: &str, key: Option<&str>, mode: CopyMode) -> CopyTarget {
    CopyTarget::Nodes { label: label.into(), key: key.map(Into::into), mode: Some(mode) }
}

fn people() -> CopyTarget {
    nodes("Person", Some("id"), CopyMode::Merge)
}

fn end(label: &str, key: Option<&str>) -> CopyEnd {
    CopyEnd { label: label.into(), key: key.map(Into::into) }
}

fn knows(mode: CopyMode) -> CopyTarget {
    CopyTarget::Rels { rel_type: "KNOWS".into(), start: end("Person", None), end: end("Person", None), mode }
}

impl Graph {
    fn new() -> Self {
        Self { tx: Transaction::new(Snapshot::empty(Arc::new(Store::memory()))), generation: 0, in_one: false }
    }

    fn copy_with(&mut self, text: &str, target: &CopyTarget, on_error: OnError) -> Result<CopyReport> {
        let source = Scratch::new().file("in.csv", text.as_bytes());
        let options = FormatOptions { on_error, ..FormatOptions::new(Format::Csv) };
        if !self.in_one {
            self.tx = Transaction::new(self.tx.view().clone());
        }
        let limits = ReadLimits { threads: 2, ..ReadLimits::default() };
        let mut next = || {
            self.generation += 1;
            self.generation
        };
        copy_from(&mut self.tx, &mut next, &source, &options, target, &limits, &mut |_| Ok(()))
    }

    fn copy(&mut self, text: &str, target: &CopyTarget) -> CopyReport {
        self.copy_with(text, target, OnError::Stop).unwrap()
    }

    fn refusal(&mut self, text: &str, target: &CopyTarget) -> String {
        let point = self.tx.save();
        let error = self.copy_with(text, target, OnError::Stop).unwrap_err();
        self.tx.restore(point);
        error.to_string()
    }

    /// Returns the nodes of a label by key, as text.
    fn nodes(&self, label: &str) -> BTreeMap<String, String> {
        let view = self.tx.view();
        let label = view.catalog().label(label).unwrap();
        let mut found = BTreeMap::new();
        for id in (0..view.node_id_end()).map(NodeId::new).filter(|id| view.has_label(*id, label).unwrap()) {
            let properties = view.node_props(id).unwrap();
            let text = |(key, value): &(_, Value)| format!("{}: {value}", view.catalog().key_name(*key));
            let texts: Vec<_> = properties.iter().map(text).collect();
            assert!(found.insert(texts[0].clone(), texts[1..].join(", ")).is_none());
        }
        found
    }

    /// Returns the relationships as (start's key, end's key, properties).
    fn rels(&self) -> Vec<(String, String, String)> {
        let view = self.tx.view();
        let key = view.catalog().key("id").unwrap();
        let rel = |id: RelId| {
            let record = view.rel(id).unwrap()?;
            let name = |id| view.node_prop(id, key).unwrap().to_string();
            let properties: Vec<_> = view.rel_props(id).unwrap().iter().map(|(_, value)| value.to_string()).collect();
            Some((name(record.start), name(record.end), properties.join(",")))
        };
        let mut rels: Vec<_> = (0..view.rel_id_end).filter_map(|id| rel(RelId::new(id))).collect();
        rels.sort();
        rels
    }
}

/// A file of people long enough for the bulk loader.
fn many(n: usize) -> String {
    let row = |id: usize| format!("{id},name {},{}\n", id % 7, if id.is_multiple_of(3) { "" } else { "1.5" });
    "id,name,height\n".to_owned() + &(1..=n).map(row).collect::<String>()
}

#[test]
fn the_second_time_nothing_changes() {
    for n in [3, BULK_ROWS_MIN * 4] {
        let mut graph = Graph::new();
        let report = graph.copy(&many(n), &people());
        assert_eq!((report.n_rows, report.n_created(), report.n_updated), (n as u64, n as u64, 0));
        assert_eq!((report.n_properties, report.constraint_created), ((n * 3 - n / 3) as u64, true));
        let before = graph.nodes("Person");
        assert_eq!(before.len(), n);
        assert_eq!(before["id: 2"], "name: 'name 2', height: 1.5");
        assert_eq!(before["id: 3"], "name: 'name 3'");
        let report = graph.copy(&many(n), &people());
        assert_eq!((report.n_rows, report.n_created(), report.n_updated, report.n_properties), (n as u64, 0, 0, 0));
        assert!(!report.constraint_created);
        assert_eq!(graph.nodes("Person"), before);
    }
}

#[test]
fn merging_changes_what_differs_and_adds_what_is_new() {
    for n in [3, BULK_ROWS_MIN * 4] {
        let mut graph = Graph::new();
        graph.copy(&many(n), &people());
        let more = many(n * 2).replace("\n2,name 2,1.5\n", "\n2,,1.5\n").replace("\n1,name 1,", "\n1,Ada,");
        let report = graph.copy(&more, &people());
        assert_eq!((report.n_created(), report.n_updated), (n as u64, 2));
        let nodes = graph.nodes("Person");
        assert_eq!(nodes.len(), 2 * n);
        assert_eq!((&*nodes["id: 1"], &*nodes["id: 2"]), ("name: 'Ada', height: 1.5", "height: 1.5"));
        let last = n * 2;
        assert!(nodes[&format!("id: {last}")].starts_with(&format!("name: 'name {}'", last % 7)));
    }
}

#[test]
fn columns_not_in_the_file_stay() {
    let mut graph = Graph::new();
    graph.copy("id,a,b\n1,x,y\n", &people());
    graph.copy("b,id\nz,1\n", &people());
    assert_eq!(graph.nodes("Person")["id: 1"], "a: 'x', b: 'z'");
}

#[test]
fn refused_nodes_name_line_and_column() {
    let mut graph = Graph::new();
    graph.copy("id,name\n7,Ada\n", &people());
    let create = nodes("Person", Some("id"), CopyMode::Create);
    for (text, target, message) in [
        ("id,name\n1,a\n,b\n", people(), "in.csv, line 3, column 1 (id): no value for the key"),
        ("id\n\n", people(), "in.csv, line 2, column 1 (id): no value for the key"),
        (
            "name,id\na,1\nb,2\nc,1\n",
            people(),
            "in.csv, line 4, column 2 (id): 1 stands on line 2 already, and must be unique",
        ),
        ("name\na\n", people(), "in.csv, line 1: no column \"id\" for the key (there are: name)"),
        ("id\n1\n7\n", create, "in.csv, line 3, column 1 (id): a node (:Person {id: 7}) exists already"),
        (
            "id\n1\n7\n",
            nodes("Person", None, CopyMode::Create),
            "in.csv, line 3, column 1 (id): a node (:Person {id: 7}) exists already",
        ),
        ("id\n1.5\nNaN\n", people(), "in.csv, line 3, column 1 (id): NaN equals nothing and cannot be a key"),
        (
            "id\na\n\"7\"\na\n",
            people(),
            "in.csv, line 4, column 1 (id): 'a' stands on line 2 already, and must be unique",
        ),
    ] {
        assert_eq!(graph.refusal(text, &target), message, "{text}");
        assert_eq!(graph.nodes("Person").len(), 1);
    }
    graph.tx.create_index(None, "City", "id", false, false).unwrap();
    assert!(graph.refusal("id\n1\n", &nodes("City", Some("id"), CopyMode::Merge)).contains("is an index only"));
}

#[test]
fn other_unique_properties_hold_too() {
    let mut graph = Graph::new();
    graph.tx.create_index(None, "Person", "mail", true, false).unwrap();
    graph.copy("id,mail\n1,a\n2,b\n3,\n4,\n", &people());
    assert_eq!(
        graph.refusal("id,mail\n5,c\n6,c\n", &people()),
        "in.csv, line 3, column 2 (mail): 'c' stands on line 2 already, and must be unique"
    );
    assert_eq!(
        graph.refusal("id,mail\n1,a\n2,a\n", &people()),
        "in.csv, line 3, column 2 (mail): 'a' stands on line 2 already, and must be unique"
    );
    assert_eq!(
        graph.refusal("id,mail\n5,a\n", &people()),
        "in.csv, line 2, column 2 (mail): a node (:Person {mail: 'a'}) exists already"
    );
    assert_eq!(graph.copy("id,mail\n1,a\n2,c\n", &people()).n_updated, 1);
}

#[test]
fn without_a_key_every_row_is_a_node() {
    let mut graph = Graph::new();
    let merge = nodes("Event", None, CopyMode::Merge);
    assert!(graph.refusal("what\nx\n", &merge).contains("MODE MERGE needs a KEY"));
    let target = nodes("Event", None, CopyMode::Create);
    graph.copy("what,who\nx,a\ny,\n", &target);
    assert_eq!(graph.copy("what,who\nz,\n", &target).n_created(), 1);
    assert_eq!(graph.nodes("Event").len(), 3);
    assert!(graph.tx.view().catalog().indexes().is_empty());
}

#[test]
fn bad_nodes_are_skipped() {
    let mut graph = Graph::new();
    let report = graph.copy_with("id,n\n1,1\n,2\n3\n1,3\n2,4\n", &people(), OnError::Skip).unwrap();
    assert_eq!((report.n_rows, report.n_created(), report.rejections.count), (2, 2, 3));
    let lines: Vec<_> = report.rejections.errors.iter().map(|error| (error.line, error.column)).collect();
    assert_eq!(lines, [(3, 1), (4, 2), (5, 1)]);
    assert_eq!(graph.nodes("Person").len(), 2);
}

#[test]
fn relationships_join_keys() {
    for n in [10, BULK_ROWS_MIN * 3] {
        let mut graph = Graph::new();
        graph.copy(&many(n), &people());
        let pair = |row: usize| (row * 7 % n + 1, row * 11 % n + 1);
        let text = |row: usize| format!("{},{},{row}\n", pair(row).0, pair(row).1);
        let file = "from,to,since\n".to_owned() + &(0..n).map(text).collect::<String>();
        let report = graph.copy(&file, &knows(CopyMode::Create));
        assert_eq!((report.n_rows, report.n_created(), report.n_properties), (n as u64, n as u64, n as u64));
        let mut expected: Vec<_> =
            (0..n).map(|row| (pair(row).0.to_string(), pair(row).1.to_string(), row.to_string())).collect();
        expected.sort();
        assert_eq!(graph.rels(), expected);
        let view = graph.tx.view();
        let knows = view.catalog().rel_type("KNOWS").unwrap();
        let degrees = |id| view.adjacency(Direction::In, knows).degree(NodeId::new(id)).unwrap() as usize;
        assert_eq!((0..view.node_id_end()).map(degrees).sum::<usize>(), n);
    }
}

#[test]
fn merged_relationships_stay_one() {
    let mut graph = Graph::new();
    graph.copy("id\n1\n2\n3\n", &people());
    let file = "a,b,w\n1,2,5\n2,3,6\n1,2,7\n";
    let report = graph.copy(file, &knows(CopyMode::Merge));
    assert_eq!((report.n_rows, report.n_created(), report.n_updated), (3, 2, 0));
    let report = graph.copy(file, &knows(CopyMode::Merge));
    assert_eq!((report.n_created(), report.n_updated), (0, 0));
    let report = graph.copy("a,b,w\n2,3,\n3,3,1\n", &knows(CopyMode::Merge));
    assert_eq!((report.n_created(), report.n_updated), (1, 1));
    let rel = |a: &str, b: &str, w: &str| (a.to_owned(), b.to_owned(), w.to_owned());
    assert_eq!(graph.rels(), [rel("1", "2", "7"), rel("2", "3", ""), rel("3", "3", "1")]);
    graph.copy(file, &knows(CopyMode::Create));
    assert_eq!(graph.rels().len(), 6);
}

#[test]
fn refused_relationships_name_line_and_key() {
    let mut graph = Graph::new();
    graph.copy("id\n1\n2\n", &people());
    graph.copy("id,code\nx,1\n", &nodes("City", Some("id"), CopyMode::Merge));
    let file = "a,b\n1,2\n\n1,3\n9,1\n";
    let create = knows(CopyMode::Create);
    assert_eq!(graph.refusal(file, &create), "in.csv, line 4, column 2 (b): no node :Person has the key 3");
    assert_eq!(graph.refusal("a,b\n1,\n", &create), "in.csv, line 2, column 2 (b): no value for the key");
    assert_eq!(
        graph.refusal("a,b\n1,\"2\"\n", &create),
        "in.csv, line 2, column 2 (b): no node :Person has the key '2' (a text; declare the column INTEGER to mean the number)"
    );
    assert!(graph.refusal("a\n1\n", &create).starts_with("in.csv, line 1: a file of relationships starts with two"));
    let report = graph.copy_with(file, &create, OnError::Skip).unwrap();
    assert_eq!((report.n_created(), report.rejections.count), (1, 2));
    let to = |end| CopyTarget::Rels {
        rel_type: "IN".into(),
        start: super::tests::end("Person", None),
        end,
        mode: CopyMode::Create,
    };
    let lives = "a,b\n1,x\n";
    assert!(graph.refusal(lives, &to(end("Town", None))).contains("no property of :Town is unique"));
    assert!(graph.refusal(lives, &to(end("City", Some("code")))).contains("City.code is not unique"));
    graph.tx.create_index(None, "City", "code", true, false).unwrap();
    assert!(graph.refusal(lives, &to(end("City", None))).contains("several properties of :City are unique (id, code)"));
    assert_eq!(graph.copy(lives, &to(end("City", Some("id")))).n_created(), 1);
    assert_eq!(graph.copy("a,b\n2.0,1\n1.0,1\n", &to(end("City", Some("code")))).n_created(), 2);
}

#[test]
fn keys_of_every_kind_are_found() {
    let far = "id\n-9223372036854775808\n9223372036854775807\n0\n";
    for (ids, keys) in [
        (far, "-9223372036854775808,0"),
        ("id\n1.5\n2.0\n", "2,1.5"),
        ("id\nb\na\n", "a,b"),
        ("id\n2000-01-01\n2000-01-02\n", "2000-01-02,2000-01-01"),
    ] {
        let mut graph = Graph::new();
        graph.copy(ids, &people());
        assert_eq!(graph.copy(&format!("a,b\n{keys}\n"), &knows(CopyMode::Create)).n_created(), 1, "{ids}");
    }
    let mut graph = Graph::new();
    graph.copy("id\n1\n3\n", &people());
    for missing in ["0", "2", "4", "-9223372036854775808", "9223372036854775807"] {
        let text = graph.refusal(&format!("a,b\n1,{missing}\n"), &knows(CopyMode::Create));
        assert!(text.ends_with(&format!("has the key {missing}")), "{text}");
    }
    assert!(
        matches!(graph.copy_with("a,b\n", &knows(CopyMode::Create), OnError::Stop), Ok(report) if report.n_rows == 0)
    );
}

#[test]
fn an_error_of_reading_comes_first() {
    let mut graph = Graph::new();
    let error = graph.copy_with("id\n1\n1,2\n", &people(), OnError::Stop).unwrap_err();
    assert!(matches!(error, Error::Import(error) if error.line == 3));
}

/// Loads the ten files of the generated social graph into memory: see `measure_social_graph`.
#[test]
#[ignore = "a measurement"]
fn measure_social_load() {
    let directory = std::env::var("SOCIAL_DIR").expect("SOCIAL_DIR names the directory of the files");
    let node = |file: &'static str, label: &str| (file, nodes(label, Some("id"), CopyMode::Merge));
    let rel = |file: &'static str, rel_type: &str, from: &str, to: &str| {
        let rel_type = rel_type.into();
        let target = CopyTarget::Rels { rel_type, start: end(from, None), end: end(to, None), mode: CopyMode::Create };
        (file, target)
    };
    let files = [
        node("persons", "Person"),
        node("cities", "City"),
        node("states", "State"),
        node("countries", "Country"),
        node("interests", "Interest"),
        rel("follows", "Follows", "Person", "Person"),
        rel("lives_in", "LivesIn", "Person", "City"),
        rel("interested_in", "HasInterest", "Person", "Interest"),
        rel("city_in", "CityIn", "City", "State"),
        rel("state_in", "StateIn", "State", "Country"),
    ];
    for _ in 0..3 {
        let mut graph = Graph::new();
        let start = std::time::Instant::now();
        for (generation, (file, target)) in files.iter().enumerate() {
            let step = std::time::Instant::now();
            let source = super::super::FileAccess::Any.open(&format!("{directory}/{file}.csv")).unwrap();
            let options = FormatOptions::new(Format::Csv);
            let limits = ReadLimits::default();
            let imported = read_table(&source, &options, &limits, &mut |_| Ok(())).unwrap();
            let read = step.elapsed();
            let generation = generation as u64 + 1;
            graph.tx = Transaction::new(graph.tx.view().clone());
            let mut check = || Ok(());
            let mut generations = || generation;
            let mut job = Job { tx: &mut graph.tx, generations: &mut generations, check: &mut check };
            let report = copy_table(&mut job, file, imported, target, OnError::Stop, 1).unwrap();
            println!("{file:>14} {:8} read {read:?}, {:?} in all", report.n_created(), step.elapsed());
        }
        println!("{:?}", start.elapsed());
    }
}

#[test]
fn later_files_of_a_transaction_give_the_same() {
    let n = BULK_ROWS_MIN * 2;
    let rels = "a,b\n".to_owned() + &(1..n).map(|id| format!("{id},{}\n", id + 1)).collect::<String>();
    let graphs = [false, true].map(|in_one| {
        let mut graph = Graph::new();
        graph.in_one = in_one;
        graph.copy("id\n0\n", &people());
        graph.copy(&many(n), &people());
        graph.copy(&rels, &knows(CopyMode::Merge));
        graph.copy(&rels, &knows(CopyMode::Merge));
        (graph.nodes("Person"), graph.rels())
    });
    assert_eq!(graphs[0], graphs[1]);
    assert_eq!((graphs[0].0.len(), graphs[0].1.len()), (n + 1, n - 1));
}

#[test]
fn a_cancelled_copy_stops_between_rows() {
    let mut graph = Graph::new();
    graph.copy(&many(BULK_ROWS_MIN * 8), &people());
    let scratch = Scratch::new();
    let changed = many(BULK_ROWS_MIN * 8).replace("name", "other").replacen("other", "name", 1);
    let source = scratch.file("in.csv", changed.as_bytes());
    let options = FormatOptions::new(Format::Csv);
    // How often it asks in all; the last times are between the rows that are changed one by one.
    let copy = |n_allowed: usize| {
        let (mut tx, mut n_asked) = (Transaction::new(graph.tx.view().clone()), 0);
        let mut tick = |_| {
            n_asked += 1;
            if n_asked > n_allowed { Err(Error::Cancelled) } else { Ok(()) }
        };
        let copied = copy_from(&mut tx, &mut || 9, &source, &options, &people(), &ReadLimits::default(), &mut tick);
        (tx, copied, n_asked)
    };
    let (_, copied, n_all) = copy(usize::MAX);
    assert!(copied.is_ok());
    let (tx, copied, _) = copy(n_all - 1);
    assert!(matches!(copied, Err(Error::Cancelled)));
    let view = tx.view();
    let name = view.catalog().key("name").unwrap();
    let is_changed = |id: u32| view.node_prop(NodeId::new(id), name).unwrap().to_string().starts_with("'other");
    let n_changed = (0..view.node_id_end()).filter(|id| is_changed(*id)).count();
    assert!(n_changed > 0 && n_changed < BULK_ROWS_MIN * 8, "{n_changed}");
}

/// A file without a line has no columns at all.
#[test]
fn an_empty_file_of_json_lines_is_no_rows() {
    let source = Scratch::new().file("in.jsonl", b"");
    let mut tx = Graph::new().tx;
    let options = FormatOptions::new(Format::JsonLines);
    let target = nodes("A", None, CopyMode::Create);
    let report =
        copy_from(&mut tx, &mut || 1, &source, &options, &target, &ReadLimits::default(), &mut |_| Ok(())).unwrap();
    assert_eq!((report.n_rows, report.n_created()), (0, 0));
}

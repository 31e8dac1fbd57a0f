//! Columnar files through statements: Parquet and Arrow in and out.

use std::{fs, sync::Arc};

use arrow_array::{
    ArrayRef, FixedSizeListArray, Int32Array, Int64Array, RecordBatch, StringArray, StructArray, types::Float32Type,
};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field};
use attendb::{CancelHandle, Error, QueryOptions};
use parquet::arrow::ArrowWriter;

use super::{place::Place, support::count};

fn of(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("it opens");
    writer.write(batch).expect("it is written");
    writer.close().expect("it closes");
    bytes
}

fn arrow(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &batch.schema()).expect("it opens");
    writer.write(batch).expect("it is written");
    writer.into_inner().expect("it closes")
}

fn people() -> RecordBatch {
    let vectors = vec![Some(vec![Some(0.5f32), Some(1.0)]), Some(vec![Some(-2.0), Some(0.0)])];
    of(vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2]))),
        ("name", Arc::new(StringArray::from(vec!["Ada", "Bo"]))),
        ("vector", Arc::new(FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(vectors, 2))),
    ])
}

#[test]
fn nodes_and_relationships_come_from_columns() {
    let place = Place::new();
    place.file("people.parquet", parquet(&people()));
    assert_eq!(place.rows("COPY Person FROM 'people.parquet' (KEY id)"), ["'people.parquet' 2 2 0 0"]);
    assert_eq!(place.rows("COPY Person FROM 'people.parquet' (KEY id)"), ["'people.parquet' 2 0 0 0"]);
    assert_eq!(
        place.rows("MATCH (p:Person) RETURN p.name, p.vector ORDER BY p.id"),
        ["'Ada' [0.5, 1.0]", "'Bo' [-2.0, 0.0]"]
    );
    let knows = of(vec![
        ("a", Arc::new(Int32Array::from(vec![1, 2, 9])) as ArrayRef),
        ("b", Arc::new(Int32Array::from(vec![2, 1, 1]))),
        ("since", Arc::new(Int32Array::from(vec![1999, 2001, 2024]))),
    ]);
    place.file("knows.arrow", arrow(&knows));
    assert_eq!(
        place.refused("COPY KNOWS FROM 'knows.arrow' (FROM Person, TO Person)"),
        "knows.arrow, line 3, column 1 (a): no node :Person has the key 9"
    );
    assert_eq!(
        place.rows("COPY KNOWS FROM 'knows.arrow' (FROM Person, TO Person, ON ERROR SKIP)"),
        ["'knows.arrow' 2 2 0 1"]
    );
    assert_eq!(place.rows("MATCH (:Person {id: 1})-[k:KNOWS]->(b) RETURN k.since, b.name"), ["1999 'Bo'"]);
    // Names of columns that say what they are, as in a header of neo4j-admin.
    let cities = of(vec![
        ("id:ID(City)", Arc::new(Int64Array::from(vec![7, 8])) as ArrayRef),
        ("pop:long", Arc::new(Int64Array::from(vec![10, 20]))),
        (":LABEL", Arc::new(StringArray::from(vec!["Old;Town", ""]))),
    ]);
    place.file("cities.feather", arrow(&cities));
    assert_eq!(place.rows("COPY FROM 'cities.feather'"), ["'cities.feather' 2 2 0 0"]);
    assert_eq!(count(&place.db, "MATCH (c:City:Town {pop: 10}) RETURN count(*)"), 1);
    place.sound();
}

#[test]
fn columns_are_described_loaded_and_refused() {
    let place = Place::new();
    let fields = StructArray::from(vec![(
        Arc::new(Field::new("x", DataType::Int32, true)),
        Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef,
    )]);
    place.file("people.parquet", parquet(&people()));
    place.file("structs.parquet", parquet(&of(vec![("s", Arc::new(fields) as ArrayRef)])));
    let described = place.rows("DESCRIBE 'people.parquet'");
    assert!(described.len() == 3 && described[2].contains("vector"), "{described:?}");
    assert_eq!(
        place.rows("LOAD CSV WITH HEADERS FROM 'people.parquet' AS row RETURN row.id + 1, row.name"),
        ["2 'Ada'", "3 'Bo'"]
    );
    assert_eq!(place.rows("LOAD CSV WITH HEADERS FROM 'structs.parquet' AS row RETURN row.s.x"), ["1", "2"]);
    assert_eq!(place.rows("LOAD CSV FROM 'structs.parquet' AS row RETURN row[0].x"), ["1", "2"]);
    for (statement, reason) in [
        ("COPY S FROM 'structs.parquet'", "a struct or map cannot be a property; LOAD CSV FROM reads it as a map"),
        ("COPY S FROM 'people.parquet' (HEADER false)", "HEADER means nothing for a columnar file"),
        ("COPY S FROM 'people.parquet' (DELIMITER ';')", "DELIMITER means nothing for a columnar file"),
        ("LOAD CSV FROM 'people.parquet' AS row FIELDTERMINATOR ';' RETURN row", "a columnar file has none"),
        ("LOAD CSV FROM 'people.parquet.gz' AS row RETURN row", "has no .gz around it"),
        ("COPY S FROM 'people.parquet' (FORMAT arrow)", "no Arrow file and no Arrow stream"),
        ("COPY S FROM '../people.parquet'", "it lies outside the allowed directories"),
        ("COPY S FROM 'none.parquet'", "cannot open none.parquet"),
    ] {
        place.file("people.parquet.gz", "");
        let error = place.refused(statement);
        assert!(error.contains(reason), "{statement}: {error}");
    }
}

#[test]
fn columns_go_out_and_come_back() {
    let place = Place::new();
    place.file("people.parquet", parquet(&people()));
    place.rows("COPY Person FROM 'people.parquet' (KEY id)");
    for name in ["out.parquet", "out.arrow", "out.feather", "out.arrows"] {
        let query = "MATCH (p:Person) RETURN p.id AS id, p.name AS name, p.vector AS vector, date('2024-02-29') AS day, \
                     null AS none ORDER BY p.id";
        assert_eq!(place.rows(&format!("COPY ({query}) TO '{name}'")), [format!("'{name}' 2")]);
        let rows = format!("LOAD CSV FROM '{name}' AS row RETURN row");
        assert_eq!(
            place.rows(&rows),
            ["[1, 'Ada', [0.5, 1.0], 2024-02-29, null]", "[2, 'Bo', [-2.0, 0.0], 2024-02-29, null]"],
            "{name}"
        );
        let error = place.refused(&format!("COPY (UNWIND [1, 'x'] AS x RETURN x) TO '{name}'"));
        assert!(error.contains("column \"x\": row 2 is STRING, and those before are INTEGER"), "{error}");
        assert_eq!(place.rows(&rows).len(), 2, "what was there is there still");
    }
    let other = "COPY (RETURN 1 AS x) TO 'other' (FORMAT parquet)";
    assert_eq!(place.rows(other), ["'other' 1"]);
    assert!(fs::read(place.folder.path().join("other")).expect("it is there").starts_with(b"PAR1"));
}

#[test]
fn an_import_of_columns_stops_when_told() {
    let place = Place::new();
    place.file("people.parquet", parquet(&people()));
    let cancel = CancelHandle::default();
    cancel.cancel();
    let options = QueryOptions { cancel: Some(cancel), ..QueryOptions::default() };
    let stopped = place.db.query_with("COPY Person FROM 'people.parquet'", (), &options).map(drop);
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    assert_eq!(count(&place.db, "MATCH (p:Person) RETURN count(*)"), 0);
}

//! Files made by the foreign writers, read; rows written, and read back; and files that are broken everywhere.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array, DictionaryArray,
    DurationMillisecondArray, FixedSizeListArray, Float32Array, Float64Array, Int8Array, Int32Array, Int64Array,
    LargeStringArray, ListArray, MapArray, NullArray, RecordBatch, StringArray, StringViewArray, StructArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, UInt16Array, UInt64Array,
    types::{Float32Type, Int32Type},
};
use arrow_buffer::OffsetBuffer;
use arrow_ipc::{
    CompressionType,
    writer::{FileWriter, IpcWriteOptions, StreamWriter},
};
use arrow_schema::{DataType, Field, Schema};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, GzipLevel, ZstdLevel},
    file::properties::{WriterProperties, WriterPropertiesBuilder},
};

use super::Rows;
use crate::{
    Error, Result,
    import::{
        RowWriter,
        options::{ColumnType, DeclaredColumn, Format, FormatOptions, OnError},
        read::{Imported, ReadLimits, read_table},
        tests::Scratch,
    },
    model::{Map, Value},
};

pub(super) fn options(format: Format) -> FormatOptions {
    FormatOptions::new(format)
}

fn read_with(bytes: &[u8], options: &FormatOptions, limits: &ReadLimits) -> Result<Imported> {
    let scratch = Scratch::new();
    read_table(&scratch.file("in", bytes), options, limits, &mut |_| Ok(()))
}

pub(super) fn read(bytes: &[u8], format: Format) -> Result<Imported> {
    read_with(bytes, &options(format), &ReadLimits::default())
}

pub(super) fn refused(result: Result<Imported>) -> String {
    result.expect_err("it is refused").to_string()
}

/// Returns a column as text.
fn column(imported: &Imported, name: &str) -> String {
    let at = imported.table.position(name).unwrap_or_else(|| panic!("no column {name}"));
    let values: Vec<_> =
        (0..imported.table.n_rows).map(|row| imported.table.columns[at].value(row).to_string()).collect();
    values.join(" ")
}

pub(super) fn parquet_with(batches: &[RecordBatch], properties: WriterPropertiesBuilder) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batches[0].schema(), Some(properties.build())).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.close().unwrap();
    bytes
}

pub(super) fn parquet(batch: &RecordBatch) -> Vec<u8> {
    parquet_with(std::slice::from_ref(batch), WriterProperties::builder())
}

pub(super) fn packed(compression: Option<CompressionType>) -> IpcWriteOptions {
    IpcWriteOptions::default().try_with_compression(compression).unwrap()
}

pub(super) fn arrow_file(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

pub(super) fn arrow_stream(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

/// Returns a file of each format and compression.
pub(super) fn files(batch: &RecordBatch) -> Vec<(&'static str, Format, Vec<u8>)> {
    let batches = std::slice::from_ref(batch);
    let mut files = Vec::new();
    for (name, compression) in [
        ("plain", Compression::UNCOMPRESSED),
        ("snappy", Compression::SNAPPY),
        ("zstd", Compression::ZSTD(ZstdLevel::default())),
        ("lz4", Compression::LZ4_RAW),
        ("gzip", Compression::GZIP(GzipLevel::default())),
    ] {
        let properties = WriterProperties::builder().set_compression(compression);
        files.push((name, Format::Parquet, parquet_with(batches, properties)));
    }
    for (name, compression) in
        [("plain", None), ("lz4", Some(CompressionType::LZ4_FRAME)), ("zstd", Some(CompressionType::ZSTD))]
    {
        files.push((name, Format::Arrow, arrow_file(batches, packed(compression))));
        files.push((name, Format::ArrowStream, arrow_stream(batches, packed(compression))));
    }
    files
}

pub(super) fn of(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// Returns a batch of two rows and a null one, of what a property can be.
fn properties() -> RecordBatch {
    let dictionary: DictionaryArray<Int32Type> = [Some("red"), Some("blue"), None].into_iter().collect();
    let vectors = vec![Some(vec![Some(0.5f32), Some(-1.0)]), Some(vec![Some(2.0), Some(3.0)]), None];
    let lists = vec![Some(vec![Some(1), Some(2)]), Some(vec![]), None];
    let texts = {
        let items = StringArray::from(vec!["a", "b"]);
        let field = Arc::new(Field::new_list_field(DataType::Utf8, true));
        let nulls = [true, true, false].into_iter().collect();
        ListArray::new(field, OffsetBuffer::from_lengths([0, 2, 0]), Arc::new(items), Some(nulls))
    };
    of(vec![
        ("i8", Arc::new(Int8Array::from(vec![Some(-5), Some(7), None]))),
        ("u16", Arc::new(UInt16Array::from(vec![Some(65535), Some(0), None]))),
        ("i64", Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None]))),
        ("u64", Arc::new(UInt64Array::from(vec![Some(1), Some(i64::MAX as u64), None]))),
        ("f32", Arc::new(Float32Array::from(vec![Some(0.5), Some(f32::INFINITY), None]))),
        ("f64", Arc::new(Float64Array::from(vec![Some(0.1), Some(-1e300), None]))),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("text", Arc::new(StringArray::from(vec![Some("é"), Some(""), None]))),
        ("large", Arc::new(LargeStringArray::from(vec![Some("x"), Some("a text that fits no view"), None]))),
        ("view", Arc::new(StringViewArray::from(vec![Some("x"), Some("a text that fits no view"), None]))),
        ("color", Arc::new(dictionary)),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(-719_528), None]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_500_000), Some(-1), None]))),
        ("instant", Arc::new(TimestampMicrosecondArray::from(vec![Some(0), Some(1), None]).with_timezone("+02:00"))),
        ("time", Arc::new(Time64MicrosecondArray::from(vec![Some(1), Some(3_600_000_000), None]))),
        (
            "price",
            Arc::new(
                Decimal128Array::from(vec![Some(12_345), Some(-1), None]).with_precision_and_scale(10, 2).unwrap(),
            ),
        ),
        (
            "whole",
            Arc::new(
                Decimal128Array::from(vec![Some(12_345), Some(-1), None]).with_precision_and_scale(20, 0).unwrap(),
            ),
        ),
        ("vector", Arc::new(FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(vectors, 2))),
        ("list", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))),
        ("texts", Arc::new(texts)),
    ])
}

#[test]
fn parquet_and_arrow_columns_keep_their_types() {
    for (name, format, bytes) in files(&properties()) {
        let imported = read(&bytes, format).unwrap_or_else(|error| panic!("{name} {format:?}: {error}"));
        assert_eq!(imported.table.n_rows, 3, "{name} {format:?}");
        assert_eq!(imported.table.lines.line_of(2), 3);
        for (column_name, expected) in [
            ("i8", "-5 7 null"),
            ("u16", "65535 0 null"),
            ("i64", "-9223372036854775808 9223372036854775807 null"),
            ("u64", "1 9223372036854775807 null"),
            ("f32", "0.5 Infinity null"),
            ("f64", "0.1 -1e300 null"),
            ("flag", "true false null"),
            ("text", "'é' '' null"),
            ("large", "'x' 'a text that fits no view' null"),
            ("view", "'x' 'a text that fits no view' null"),
            ("color", "'red' 'blue' null"),
            ("day", "1970-01-01 0000-01-01 null"),
            ("at", "'1970-01-01T00:00:01.5' '1969-12-31T23:59:59.999999' null"),
            ("instant", "'1970-01-01T00:00:00Z' '1970-01-01T00:00:00.000001Z' null"),
            ("time", "'00:00:00.000001' '01:00:00' null"),
            ("price", "123.45 -0.01 null"),
            ("whole", "12345 -1 null"),
            ("vector", "[0.5, -1.0] [2.0, 3.0] null"),
            ("list", "[1, 2] [] null"),
            ("texts", "[] ['a', 'b'] null"),
        ] {
            let quoted = column(&imported, column_name);
            assert_eq!(quoted, expected.replace('\'', quote()), "{name} {format:?} {column_name}");
        }
    }
}

/// Returns the quote that texts of values have where they are shown alone.
fn quote() -> &'static str {
    if Value::from("x").to_string() == "x" { "" } else { "'" }
}

#[test]
fn parquet_has_no_columns_of_these_types_but_arrow_has() {
    let batch = of(vec![
        ("none", Arc::new(NullArray::new(2))),
        ("ms", Arc::new(Date64Array::from(vec![86_400_000, -1]))),
        ("took", Arc::new(DurationMillisecondArray::from(vec![1500, 0]))),
    ]);
    let imported = read(&arrow_file(&[batch], IpcWriteOptions::default()), Format::ArrowStream).unwrap();
    assert_eq!(column(&imported, "none"), "null null");
    assert_eq!(column(&imported, "ms"), "1970-01-02 1969-12-31");
    assert_eq!(column(&imported, "took"), "'PT1.5S' 'PT0S'".replace('\'', quote()));
}

#[test]
fn parquet_rows_that_cannot_be_kept_name_their_place() {
    let lists = vec![Some(vec![Some(1)]), Some(vec![None]), Some(vec![])];
    let batch = of(vec![
        ("big", Arc::new(UInt64Array::from(vec![u64::MAX, 2, 3]))),
        ("list", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))),
    ]);
    for (_, format, bytes) in files(&batch) {
        assert_eq!(
            refused(read(&bytes, format)),
            "in, line 1, column 1 (big): the number 18446744073709551615 does not fit a 64-bit integer"
        );
        let skipping = FormatOptions { on_error: OnError::Skip, ..options(format) };
        let imported = read_with(&bytes, &skipping, &ReadLimits::default()).unwrap();
        assert_eq!((column(&imported, "big"), imported.rejections.count), ("3".to_owned(), 2));
        assert_eq!(imported.table.lines.line_of(0), 3);
        assert_eq!(
            imported.rejections.errors[1].to_string(),
            "in, line 2, column 2 (list): a list that holds null cannot be a property"
        );
    }
}

#[test]
fn parquet_columns_that_no_property_can_be_are_refused() {
    let fields = StructArray::from(vec![(
        Arc::new(Field::new("x", DataType::Int32, true)),
        Arc::new(Int32Array::from(vec![1])) as ArrayRef,
    )]);
    let inner = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
    let field = Arc::new(Field::new_list_field(inner.data_type().clone(), true));
    let nested = ListArray::new(field, OffsetBuffer::from_lengths([1]), Arc::new(inner), None);
    let bytes = BinaryArray::from(vec![&b"caf\xC3\xA9"[..]]);
    for (array, reason) in [
        (Arc::new(fields) as ArrayRef, "a struct or map cannot be a property; LOAD CSV FROM reads it as a map"),
        (Arc::new(nested), "a list within a list cannot be a property"),
        (Arc::new(bytes.clone()), "no value can be bytes; a column of UTF-8 can be declared: COLUMNS (name STRING)"),
    ] {
        for (_, format, bytes) in files(&of(vec![("a", array.clone())])) {
            assert_eq!(refused(read(&bytes, format)), format!("in, column 1 (a): {reason}"));
        }
    }
    for (_, format, bytes) in files(&of(vec![("a", Arc::new(bytes))])) {
        let declared = DeclaredColumn { name: "a".into(), column_type: Some(ColumnType::String) };
        let imported =
            read_with(&bytes, &FormatOptions { columns: vec![declared], ..options(format) }, &ReadLimits::default());
        assert_eq!(imported.unwrap().table.columns[0].value(0), Value::from("café"));
    }
    let schema = Schema::new(vec![Field::new("a", DataType::Int32, true), Field::new("a", DataType::Int32, true)]);
    let one = || Arc::new(Int32Array::from(vec![1])) as ArrayRef;
    let twice = RecordBatch::try_new(Arc::new(schema), vec![one(), one()]).unwrap();
    assert_eq!(refused(read(&parquet(&twice), Format::Parquet)), "in, column 2: column \"a\" is named twice");
}

#[test]
fn parquet_columns_become_what_is_declared() {
    let batch = of(vec![
        ("id", Arc::new(Int64Array::from(vec![7, 8]))),
        ("day", Arc::new(StringArray::from(vec!["2024-02-29", "x"]))),
        ("n", Arc::new(Int64Array::from(vec![1, 2]))),
    ]);
    let declared = |columns: &[(&str, ColumnType)]| {
        let column =
            |(name, kind): &(&str, ColumnType)| DeclaredColumn { name: (*name).into(), column_type: Some(*kind) };
        let columns = columns.iter().map(column).collect();
        FormatOptions { columns, on_error: OnError::Skip, ..options(Format::Parquet) }
    };
    let bytes = parquet(&batch);
    let columns = [("id", ColumnType::String), ("day", ColumnType::Date), ("n", ColumnType::Float)];
    let imported = read_with(&bytes, &declared(&columns), &ReadLimits::default()).unwrap();
    assert_eq!(imported.table.columns[0].value(0), Value::from("7"));
    assert_eq!((column(&imported, "day"), column(&imported, "n")), ("2024-02-29".to_owned(), "1.0".to_owned()));
    assert_eq!(imported.rejections.errors[0].to_string(), "in, line 2, column 2 (day): \"x\" is no DATE");
    let missing = read_with(&bytes, &declared(&[("nam", ColumnType::String)]), &ReadLimits::default());
    assert_eq!(refused(missing), "in: no column \"nam\" in the file (id, day, n)");
}

#[test]
fn parquet_rows_come_in_groups_and_windows() {
    let n_rows = 40_000usize;
    let part = |from: usize| {
        let ids = Int64Array::from_iter_values((from..from + n_rows / 2).map(|n| n as i64));
        let texts: StringArray = (from..from + n_rows / 2).map(|n| (n % 3 > 0).then(|| format!("t{n}"))).collect();
        let big =
            UInt64Array::from_iter_values((from..from + n_rows / 2).map(|n| if n == 30_000 { u64::MAX } else { 1 }));
        of(vec![("id", Arc::new(ids) as ArrayRef), ("text", Arc::new(texts)), ("big", Arc::new(big))])
    };
    let parts = [part(0), part(n_rows / 2)];
    let properties =
        WriterProperties::builder().set_max_row_group_row_count(Some(9000)).set_data_page_row_count_limit(500);
    for (format, bytes) in [
        (Format::Parquet, parquet_with(&parts, properties)),
        (Format::Arrow, arrow_file(&parts, packed(Some(CompressionType::LZ4_FRAME)))),
        (Format::Arrow, arrow_stream(&parts, IpcWriteOptions::default())),
    ] {
        assert!(refused(read(&bytes, format)).starts_with("in, line 30001, column 3 (big): the number"));
        let skipping = FormatOptions { on_error: OnError::Skip, ..options(format) };
        let imported = read_with(&bytes, &skipping, &ReadLimits::default()).unwrap();
        let table = &imported.table;
        assert_eq!(table.n_rows, n_rows - 1);
        for row in [0, 1, 8191, 8192, 19_999, 29_999, 30_000, n_rows - 2] {
            let id = row + usize::from(row >= 30_000);
            assert_eq!(table.columns[0].value(row), Value::Int(id as i64));
            let text = if id % 3 > 0 { Value::from(format!("t{id}")) } else { Value::Null };
            assert!(table.columns[1].value(row).same(&text), "row {row}");
            assert_eq!(table.lines.line_of(row), id as u64 + 1);
        }
        // It stops when it is told to, long before the end.
        let scratch = Scratch::new();
        let mut n_ticks = 0;
        let stopped = read_table(&scratch.file("in", &bytes), &skipping, &ReadLimits::default(), &mut |_| {
            n_ticks += 1;
            if n_ticks == 3 { Err(Error::Cancelled) } else { Ok(()) }
        });
        assert!(matches!(stopped, Err(Error::Cancelled)) && n_ticks == 3);
    }
}

#[test]
fn parquet_is_loaded_as_maps_with_types() {
    let fields = StructArray::from(vec![
        (Arc::new(Field::new("x", DataType::Int32, true)), Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef),
        (
            Arc::new(Field::new("y", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec![None, Some("b")])) as ArrayRef,
        ),
    ]);
    let entries = StructArray::from(vec![
        (Arc::new(Field::new("key", DataType::Utf8, false)), Arc::new(StringArray::from(vec!["k", "l"])) as ArrayRef),
        (
            Arc::new(Field::new("value", DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![Some(5), None])) as ArrayRef,
        ),
    ]);
    let entries_field = Arc::new(Field::new("entries", entries.data_type().clone(), false));
    let map = MapArray::new(entries_field, OffsetBuffer::from_lengths([2, 0]), entries, None, false);
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None]), None]);
    let batch = of(vec![("s", Arc::new(fields)), ("m", Arc::new(map)), ("l", Arc::new(lists))]);
    for (name, format, bytes) in files(&batch) {
        let scratch = Scratch::new();
        let source = scratch.file("in", &bytes);
        let rows = |with_headers| {
            let rows = Rows::open(&source, &options(format), with_headers).unwrap();
            rows.map(|row| row.unwrap().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            rows(true),
            ["{l: [1, null], m: {k: 5, l: null}, s: {x: 1, y: null}}", "{l: null, m: {}, s: {x: 2, y: 'b'}}"],
            "{name} {format:?}"
        );
        assert_eq!(rows(false)[1], "[{x: 2, y: 'b'}, {}, null]");
    }
}

fn write(scratch: &Scratch, format: Format, names: &[&str], rows: &[Vec<Value>]) -> Result<u64> {
    let names: Vec<Arc<str>> = names.iter().map(|name| (*name).into()).collect();
    let mut writer = RowWriter::create(&scratch.access(), "out", options(format), &names, 1 << 30)?;
    rows.iter().try_for_each(|row| writer.write(row))?;
    writer.finish(&mut || Ok(()))
}

#[test]
fn parquet_that_is_written_is_read_back() {
    let date = |days| Value::Date(crate::model::Date::from_days(days));
    let map: Map = [("k".into(), Value::Int(1))].into();
    let rows: Vec<Vec<Value>> = (0..3)
        .map(|n| {
            let value = |value: Value| if n == 1 { Value::Null } else { value };
            vec![
                Value::Int(i64::MIN + n),
                value(Value::Float(f64::NAN)),
                if n == 0 { Value::Int(1) } else { Value::Float(0.5) },
                value(Value::Bool(n == 0)),
                value(Value::from("é\n")),
                value(date(n as i32 - 700_000)),
                value(Value::list([Value::Int(n), Value::Int(2)])),
                if n == 0 { Value::list([]) } else { Value::list([Value::Float(1.5), Value::Int(1)]) },
                value(Value::from(map.clone())),
                Value::Null,
            ]
        })
        .collect();
    let names = ["int", "float", "number", "flag", "text", "day", "list", "floats", "map", "none"];
    for format in [Format::Parquet, Format::Arrow, Format::ArrowStream] {
        let scratch = Scratch::new();
        assert_eq!(write(&scratch, format, &names, &rows).unwrap(), 3);
        let source = scratch.access().open("out").unwrap();
        let imported = read_table(&source, &options(format), &ReadLimits::default(), &mut |_| Ok(())).unwrap();
        for (at, column) in imported.table.columns.iter().enumerate() {
            for (row, values) in rows.iter().enumerate() {
                let expected = match (&values[at], at) {
                    (Value::Int(n), 2) => Value::Float(*n as f64),
                    (Value::Map(_), _) => Value::from("{\"k\":1}"),
                    (Value::List(items), 7) => {
                        Value::list(items.iter().map(|item| Value::Float(item.as_float().unwrap())))
                    }
                    (value, _) => value.clone(),
                };
                let found = column.value(row);
                assert!(found.same(&expected) && found.kind() == expected.kind(), "{}: {found}", names[at]);
            }
        }
        // Nothing is a file, too.
        let scratch = Scratch::new();
        assert_eq!(write(&scratch, format, &["a", "b"], &[]).unwrap(), 0);
        let source = scratch.access().open("out").unwrap();
        let imported = read_table(&source, &options(format), &ReadLimits::default(), &mut |_| Ok(())).unwrap();
        assert_eq!((imported.table.n_rows, imported.table.names.len()), (0, 2));
    }
}

#[test]
fn parquet_has_one_type_a_column() {
    let hint = "a column of such a file has one type; convert its values, perhaps with toString()";
    for (values, reason) in [
        ([Value::Int(1), Value::Null, Value::from("x")], "row 3 is STRING, and those before are INTEGER"),
        (
            [Value::list([]), Value::list([Value::Int(1)]), Value::Int(1)],
            "row 3 is INTEGER, and those before are LIST of INTEGER",
        ),
        (
            [Value::Null, Value::Null, Value::list([Value::Int(1), Value::from("x")])],
            "row 3 is a LIST of several kinds, and those before are NULL",
        ),
        (
            [Value::from(Map::new()), Value::from("x"), Value::Null],
            "row 2 is STRING, and those before are MAP or part of the graph",
        ),
    ] {
        let rows: Vec<_> = values.into_iter().map(|value| vec![value]).collect();
        for format in [Format::Parquet, Format::Arrow, Format::ArrowStream] {
            let scratch = Scratch::new();
            let error = write(&scratch, format, &["a"], &rows).unwrap_err();
            assert_eq!(error.to_string(), format!("cannot convert: column \"a\": {reason}: {hint}"));
            assert_eq!(std::fs::read_dir(scratch.path("")).unwrap().count(), 0, "nothing is left");
        }
    }
    // The types wait for values, but once rows are written they stand.
    let n_rows = 140_000i64;
    let rows = |last: Value| {
        let value = |n| if n < n_rows - 1 { Value::Int(n) } else { last.clone() };
        (0..n_rows)
            .map(|n| vec![value(n), if n < 135_000 { Value::Null } else { Value::from("late") }])
            .collect::<Vec<_>>()
    };
    let scratch = Scratch::new();
    assert_eq!(write(&scratch, Format::Parquet, &["a", "b"], &rows(Value::Int(1))).unwrap(), 140_000);
    let source = scratch.access().open("out").unwrap();
    let imported = read_table(&source, &options(Format::Parquet), &ReadLimits::default(), &mut |_| Ok(())).unwrap();
    assert_eq!(imported.table.columns[1].value(139_999), Value::from("late"));
    let error = write(&scratch, Format::Parquet, &["a", "b"], &rows(Value::Float(0.5))).unwrap_err();
    assert!(error.to_string().contains("row 140000 is FLOAT, and those before are INTEGER"), "{error}");
}

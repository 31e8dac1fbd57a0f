//! Reading whole files: against a naive parser on random input, at every chunk boundary, and every refusal by name.

use std::{fs, io::Write as _, path::PathBuf, sync::Arc};

use super::{
    FileAccess, ReadLimits,
    files::FileSource,
    options::{ColumnType, DeclaredColumn, Format, FormatOptions, OnError},
    read::{Imported, read_table},
};
use crate::{
    Error, ImportError, Result,
    model::{ColumnData, Date, Value},
};

pub(super) struct Scratch {
    directory: tempfile::TempDir,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn access(&self) -> FileAccess {
        FileAccess::Roots(vec![self.directory.path().to_path_buf()])
    }

    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> FileSource {
        fs::write(self.path(name), bytes).unwrap();
        self.access().open(name).unwrap()
    }
}

fn read_with(bytes: &[u8], options: &FormatOptions, chunk_bytes: usize, threads: usize) -> Result<Imported> {
    let scratch = Scratch::new();
    let source = scratch.file("in", bytes);
    let limits = ReadLimits { threads, chunk_bytes, ..ReadLimits::default() };
    read_table(&source, options, &limits, &mut |_| Ok(()))
}

fn csv() -> FormatOptions {
    FormatOptions::new(Format::Csv)
}

fn json() -> FormatOptions {
    FormatOptions::new(Format::JsonLines)
}

fn read(text: &str, options: &FormatOptions) -> Imported {
    read_with(text.as_bytes(), options, 1 << 20, 1).unwrap()
}

fn columns(imported: &Imported) -> Vec<(String, Vec<Value>)> {
    let table = &imported.table;
    let values = |at: usize| (0..table.n_rows).map(|row| table.columns[at].value(row)).collect();
    table.names.iter().enumerate().map(|(at, name)| (name.to_string(), values(at))).collect()
}

fn column(text: &str) -> Vec<Value> {
    columns(&read(&format!("x\n{text}"), &csv())).remove(0).1
}

fn refused(bytes: &[u8], options: &FormatOptions) -> ImportError {
    match read_with(bytes, options, 1 << 20, 1) {
        Err(Error::Import(error)) => *error,
        other => panic!("{other:?}"),
    }
}

fn declared(names: &[(&str, Option<ColumnType>)]) -> Vec<DeclaredColumn> {
    names.iter().map(|(name, column_type)| DeclaredColumn { name: (*name).into(), column_type: *column_type }).collect()
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<Value> {
    texts.map(Value::from).to_vec()
}

#[test]
fn types_are_those_of_the_whole_column() {
    assert_eq!(column("1\n\n-2\n"), [Value::Int(1), Value::Null, Value::Int(-2)]);
    assert_eq!(column("1\n2.5\n3\n"), [1.0, 2.5, 3.0].map(Value::Float));
    assert_eq!(column("true\nfalse\n"), [true, false].map(Value::Bool));
    assert_eq!(column("2000-01-01\n"), [Value::Date(Date::new(2000, 1, 1).unwrap())]);
    assert_eq!(column("1\n007\n"), texts(["1", "007"]));
    assert_eq!(column("1.50\n1e3\nx\n"), texts(["1.50", "1e3", "x"]));
    assert_eq!(column("1\n\"2\"\n\"\"\n"), texts(["1", "2", ""]));
    assert_eq!(column("+1\n"), texts(["+1"]));
    assert_eq!(column("99999999999999999999\n1\n"), texts(["99999999999999999999", "1"]));
    assert_eq!(column("true\n1\n"), texts(["true", "1"]));
    assert_eq!(column("\n\n"), [Value::Null, Value::Null]);
    let imported = read("x\n\n", &csv());
    assert!(matches!(imported.table.columns[0].data, ColumnData::Null(1)));
}

#[test]
fn a_type_is_found_wrong_in_every_later_chunk() {
    let cases = [
        ("1\n2\n3\nx\n", texts(["1", "2", "3", "x"])),
        ("1.50\n2\n\n3e0\nx\n", vec!["1.50".into(), "2".into(), Value::Null, "3e0".into(), "x".into()]),
        ("x\n1.50\n2\n", texts(["x", "1.50", "2"])),
        ("true\n\n1.0\n", vec!["true".into(), Value::Null, "1.0".into()]),
        ("1\n\n2.5\n", vec![Value::Float(1.0), Value::Null, Value::Float(2.5)]),
        ("\n\n2000-01-01\n5\n", vec![Value::Null, Value::Null, "2000-01-01".into(), "5".into()]),
        ("2.5\n1\ntrue\n", texts(["2.5", "1", "true"])),
    ];
    for (text, expected) in cases {
        for chunk_bytes in 1..20 {
            for threads in [1, 3] {
                let bytes = format!("x\n{text}");
                let imported = read_with(bytes.as_bytes(), &csv(), chunk_bytes, threads).unwrap();
                assert_eq!(columns(&imported).remove(0).1, expected, "{text:?} in chunks of {chunk_bytes}");
            }
        }
    }
}

#[test]
fn headers_byte_order_marks_and_line_ends() {
    let text = "\u{feff}\r\n\"a b\",\"c\"\"d\"\r\n1,x\r\n\r\n2,y";
    for chunk_bytes in 1..30 {
        let imported = read_with(text.as_bytes(), &csv(), chunk_bytes, 1).unwrap();
        let expected = [("a b".to_owned(), [1, 2].map(Value::Int).to_vec()), ("c\"d".to_owned(), texts(["x", "y"]))];
        assert_eq!(columns(&imported), expected);
        assert_eq!([0, 1].map(|row| imported.table.lines.line_of(row)), [3, 5]);
    }
    let only_header = read("a,b", &csv());
    assert_eq!((only_header.table.n_rows, only_header.table.names.len()), (0, 2));
}

#[test]
fn dialects() {
    let options = FormatOptions {
        delimiter: b';',
        quote: Some(b'\''),
        null: Some("\\N".into()),
        header: false,
        columns: declared(&[("id", None), ("name", Some(ColumnType::String))]),
        ..csv()
    };
    let imported = read("1;'a;b'\n\\N;\\N\n3;'\\N'\n", &options);
    let expected = [
        ("id".to_owned(), vec![Value::Int(1), Value::Null, Value::Int(3)]),
        ("name".to_owned(), vec!["a;b".into(), Value::Null, "\\N".into()]),
    ];
    assert_eq!(columns(&imported), expected);
    let unnamed = read("1,x\n", &FormatOptions { header: false, ..csv() });
    assert_eq!(columns(&unnamed).iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["column1", "column2"]);
    let tabs = read("a\tb\n1\t\"x\ty\"\n", &FormatOptions::new(Format::Tsv));
    assert_eq!(columns(&tabs)[1].1, texts(["x\ty"]));
    let bare = read("a\n\"x\n", &FormatOptions { quote: None, ..csv() });
    assert_eq!(columns(&bare)[0].1, texts(["\"x"]));
}

#[test]
fn declared_types_hold() {
    let columns_of = |column_type| FormatOptions { columns: declared(&[("x", Some(column_type))]), ..csv() };
    let read_as = |column_type, text: &str| columns(&read(&format!("x\n{text}"), &columns_of(column_type))).remove(0).1;
    assert_eq!(read_as(ColumnType::Integer, "007\n+1\n\"5\"\n\n"), [7.into(), 1.into(), 5.into(), Value::Null]);
    assert_eq!(read_as(ColumnType::Float, "1\nNaN\n-Infinity\n"), [1.0, f64::NAN, f64::NEG_INFINITY].map(Value::Float));
    assert_eq!(read_as(ColumnType::Boolean, "TRUE\nFalse\n"), [true, false].map(Value::Bool));
    assert_eq!(
        read_as(ColumnType::String, "1\n2000-01-01\n\"\"\n\n"),
        ["1".into(), "2000-01-01".into(), "".into(), Value::Null]
    );
    let list = Value::list([Value::Int(1), Value::from("a")]);
    assert_eq!(read_as(ColumnType::List, "\"[1,\"\"a\"\"]\"\n[]\n"), [list, Value::list([])]);
    for (column_type, text, reason) in [
        (
            ColumnType::Integer,
            "9223372036854775808",
            "the number \"9223372036854775808\" does not fit a 64-bit integer",
        ),
        (ColumnType::Integer, "1.5", "\"1.5\" is no INTEGER"),
        (ColumnType::Float, "1e999", "the number \"1e999\" does not fit a 64-bit float"),
        (ColumnType::Float, "inf", "\"inf\" is no FLOAT"),
        (ColumnType::Boolean, "1", "\"1\" is no BOOLEAN"),
        (ColumnType::Date, "2001-02-29", "\"2001-02-29\" is no DATE"),
        (ColumnType::List, "[[1]]", "\"[[1]]\" is no LIST"),
        (ColumnType::List, "{}", "\"{}\" is no LIST"),
    ] {
        let error = refused(format!("x,y\n,\n{text},\n").as_bytes(), &columns_of(column_type));
        let expected =
            ImportError { file: "in".into(), line: 3, column: 1, field: Some("x".into()), reason: reason.into() };
        assert_eq!(error, expected);
    }
}

#[test]
fn refusals_name_the_place() {
    type Case = (&'static [u8], u64, u64, Option<&'static str>, &'static str);
    let cases: [Case; 14] = [
        (b"", 1, 0, None, "the file is empty"),
        (b"a,b\n1,2\n3\n", 3, 2, Some("b"), "the row has 1 field, not 2"),
        (b"a,b\n1,2\n\n3,4,5\n", 4, 3, None, "the row has 3 fields, not 2"),
        (b"a,b\n1,\"x\n\ny\"\n3,\"4\n5,6\n", 5, 2, Some("b"), "the quote that opens here is never closed"),
        (b"a,b\n1,\"x\"y\n", 2, 2, Some("b"), "text after the closing quote"),
        (b"a,b\n1,2\n3,x\xE9y\n", 3, 2, Some("b"), "byte 0xE9, number 2 of the field, is not UTF-8"),
        (b"a,\xFFb\n", 1, 2, None, "in the header: byte 0xFF"),
        (b"a,a\n", 1, 2, None, "column \"a\" is named twice"),
        (b"\na,\n", 2, 2, None, "a column without a name"),
        (b"a,\"b\n", 1, 2, None, "in the header: the quote"),
        (b"\xFF\xFEa\0", 1, 0, None, "the file is UTF-16"),
        (b"a\n\xFF\n\xFF\n", 2, 1, Some("a"), "byte 0xFF"),
        (b"a,b\n\xFF,1\n1\n", 2, 1, Some("a"), "byte 0xFF"),
        (b"a,b\n1\n\xFF,1\n", 2, 2, Some("b"), "the row has 1"),
    ];
    for (bytes, line, column, field, reason) in cases {
        for chunk_bytes in [1, 5, 1 << 20] {
            for threads in [1, 4] {
                let error = match read_with(bytes, &csv(), chunk_bytes, threads) {
                    Err(Error::Import(error)) => *error,
                    other => panic!("{other:?} for {bytes:?}"),
                };
                assert!(error.reason.starts_with(reason), "{error}");
                let place = (error.line, error.column, error.field.as_deref());
                assert_eq!(place, (line, column, field), "{error} in chunks of {chunk_bytes}");
            }
        }
    }
    let error = refused(b"a,b\n", &FormatOptions { columns: declared(&[("c", None)]), ..csv() });
    assert_eq!(error.to_string(), "in, line 1: no column \"c\" in the header (a, b)");
}

#[test]
fn bad_rows_are_skipped_and_counted() {
    let options = FormatOptions {
        on_error: OnError::Skip,
        columns: declared(&[("n", Some(ColumnType::Integer)), ("d", Some(ColumnType::Date))]),
        ..csv()
    };
    let bytes = b"n,d,t\n1,,a\nx,y,b\n2,2000-01-01\n3,2000-01-01,\"c\nc\"\n4,2000-13-01,d\n5,,\xC3\n6,,e\n7,\"open\n";
    for chunk_bytes in 1..80 {
        for threads in [1, 3] {
            let imported = read_with(bytes, &options, chunk_bytes, threads).unwrap();
            assert_eq!(columns(&imported)[0].1, [1, 3, 6].map(Value::Int), "in chunks of {chunk_bytes}");
            assert_eq!([0, 1, 2].map(|row| imported.table.lines.line_of(row)), [2, 5, 9]);
            let places: Vec<_> = imported.rejections.errors.iter().map(|e| (e.line, e.column)).collect();
            assert_eq!(places, [(3, 1), (4, 3), (7, 2), (8, 3), (10, 2)]);
        }
    }
    let many = "n,d\n".to_owned() + &"x\n".repeat(500);
    let imported = read(&many, &options);
    assert_eq!((imported.rejections.count, imported.rejections.errors.len(), imported.table.n_rows), (500, 100, 0));
}

#[test]
fn json_lines() {
    let text =
        "{\"id\":1,\"name\":\"a\\n\",\"tags\":[\"x\",2]}\n\n{\"name\":null,\"id\":2.5,\"ok\":true}\r\n{}\n{\"name\":7}";
    for chunk_bytes in 1..100 {
        for threads in [1, 3] {
            let imported = read_with(text.as_bytes(), &json(), chunk_bytes, threads).unwrap();
            let expected = [
                ("id", vec![Value::Float(1.0), Value::Float(2.5), Value::Null, Value::Null]),
                ("name", vec!["a\n".into(), Value::Null, Value::Null, Value::Int(7)]),
                ("tags", vec![Value::list(["x".into(), Value::Int(2)]), Value::Null, Value::Null, Value::Null]),
                ("ok", vec![Value::Null, true.into(), Value::Null, Value::Null]),
            ];
            assert_eq!(columns(&imported), expected.map(|(name, values)| (name.to_owned(), values)));
            assert_eq!([0, 1, 2, 3].map(|row| imported.table.lines.line_of(row)), [1, 3, 4, 5]);
        }
    }
}

#[test]
fn json_refusals_name_line_and_field() {
    let types = declared(&[("d", Some(ColumnType::Date)), ("n", Some(ColumnType::Integer))]);
    let options = FormatOptions { columns: types, ..json() };
    for (line, field, reason) in [
        ("{\"a\":{}}", Some("a"), "an object within an object"),
        ("{\"a\":[[1]]}", Some("a"), "a list within a list"),
        ("{\"a\":[null]}", Some("a"), "a list that holds null"),
        ("{\"a\":1,\"a\":2}", Some("a"), "the key comes twice"),
        ("{\"d\":\"2000-1-1\"}", Some("d"), "\"2000-1-1\" is no DATE"),
        ("{\"n\":1.5}", Some("n"), "\"1.5\" is no INTEGER"),
        ("{\"n\":18446744073709551615}", Some("n"), "the number 18446744073709552000 does not fit"),
        ("{\"a\":1,}", None, "no JSON object: trailing comma at byte 8"),
        ("[1]", None, "no JSON object: invalid type: sequence, expected an object"),
        ("{\"a\":1", None, "no JSON object: EOF while parsing an object at byte 6, after the field \"a\""),
        ("{} {}", None, "no JSON object: trailing characters"),
    ] {
        let error = refused(format!("{{\"ok\":1}}\n{line}\n").as_bytes(), &options);
        assert!(error.reason.starts_with(reason), "{error}");
        assert_eq!((error.line, error.column, error.field.as_deref()), (2, 0, field), "{error}");
    }
    let skipped =
        read("{\"a\":1}\n{\"a\":\"x\",\"b\":{}}\n{\"a\":2}\n", &FormatOptions { on_error: OnError::Skip, ..json() });
    assert_eq!(columns(&skipped), [("a".to_owned(), [1, 2].map(Value::Int).to_vec())]);
    assert_eq!(skipped.rejections.errors[0].line, 2);
    let dated = read("{\"d\":\"2000-01-01\",\"n\":null}\n", &options);
    assert_eq!(columns(&dated)[0].1, [Value::Date(Date::new(2000, 1, 1).unwrap())]);
}

#[test]
fn gzip_in_several_members_and_broken() {
    let pack = |text: &str| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    let mut bytes = pack("a\n1\n");
    bytes.extend(pack("2\n3\n"));
    let options = FormatOptions { gzip: true, ..csv() };
    let imported = read_with(&bytes, &options, 3, 1).unwrap();
    assert_eq!(columns(&imported)[0].1, [1, 2, 3].map(Value::Int));
    bytes.truncate(bytes.len() - 6);
    assert!(matches!(read_with(&bytes, &options, 1 << 20, 1), Err(Error::Io { .. })));
    assert!(matches!(read_with(b"a\n1\n", &options, 1 << 20, 1), Err(Error::Io { .. })));
}

#[test]
fn limits_stop_reading() {
    let scratch = Scratch::new();
    let source = scratch.file("in.csv", ("a\n".to_owned() + &"1\n".repeat(5000)).as_bytes());
    let limits = ReadLimits { table_bytes_max: 1000, chunk_bytes: 1000, ..ReadLimits::default() };
    let full = read_table(&source, &csv(), &limits, &mut |_| Ok(()));
    assert!(matches!(full, Err(Error::Limit { max: 1000, .. })));
    let limits = ReadLimits { chunk_bytes: 1000, ..ReadLimits::default() };
    let mut seen = Vec::new();
    let cancelled = read_table(&source, &csv(), &limits, &mut |n| {
        seen.push(n);
        if n > 2500 { Err(Error::Cancelled) } else { Ok(()) }
    });
    assert!(matches!(cancelled, Err(Error::Cancelled)));
    assert_eq!(seen.len(), 3);
}

#[test]
fn an_endless_field_is_cut_off() {
    let long = format!("a,b\n1,2\n3,\"{}\n4,5\n", "x".repeat(17 << 20));
    assert!(refused(long.as_bytes(), &csv()).reason.contains("never closed"));
    let long = format!("a,b\n1,2\n3,{}\n4,5\n", "x".repeat(17 << 20));
    let error = refused(long.as_bytes(), &csv());
    assert_eq!((error.line, error.column), (3, 2));
    assert!(error.reason.contains("longer than"), "{error}");
}

/// What a text means, by the plainest of parsers: a byte at a time, no chunks, no types.
fn naive(text: &str) -> Vec<Vec<Option<String>>> {
    let mut rows = Vec::new();
    let (mut row, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    let mut started = false;
    let end_field = |row: &mut Vec<Option<String>>, field: &mut String, quoted: &mut bool| {
        let text = std::mem::take(field);
        row.push((*quoted || !text.is_empty()).then_some(text));
        *quoted = false;
    };
    while let Some(c) = chars.next() {
        match c {
            '"' if field.is_empty() && !quoted => {
                quoted = true;
                loop {
                    match chars.next() {
                        Some('"') if chars.peek() == Some(&'"') => field.push(chars.next().unwrap()),
                        Some('"') => break,
                        Some(c) => field.push(c),
                        None => panic!("never closed"),
                    }
                }
                started = true;
            }
            ',' => {
                end_field(&mut row, &mut field, &mut quoted);
                started = true;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                if started {
                    end_field(&mut row, &mut field, &mut quoted);
                    rows.push(std::mem::take(&mut row));
                }
                started = false;
            }
            c => {
                field.push(c);
                started = true;
            }
        }
    }
    if started {
        end_field(&mut row, &mut field, &mut quoted);
        rows.push(row);
    }
    rows
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

#[test]
fn random_texts_agree_with_the_naive_parser() {
    let mut random = Random(7);
    for round in 0..400 {
        let n_columns = 2 + random.below(3) as usize;
        let mut text = String::new();
        for _ in 0..random.below(40) {
            for column in 0..n_columns {
                if column > 0 {
                    text.push(',');
                }
                if random.below(3) == 0 {
                    text.push('"');
                    for _ in 0..random.below(12) {
                        text.push_str(random.pick(&["a", "\"\"", ",", "\n", "\r\n", "é", "日本語", " "]));
                    }
                    text.push('"');
                } else if random.below(4) > 0 {
                    text.push_str(random.pick(&["x", "12", "longer text without end", "é", "5\" disk", "-", " "]));
                }
            }
            text.push_str(random.pick(&["\n", "\n", "\r\n", "\n\n", "\n\r\n"]));
        }
        if random.below(2) == 0 && text.ends_with('\n') {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        let text_type = Some(ColumnType::String);
        let names = ["a", "b", "c", "d"].map(|name| (name, text_type));
        let options = FormatOptions { header: false, columns: declared(&names[..n_columns]), ..csv() };
        let expected = naive(&text);
        let chunk_bytes = 1 + random.below(300) as usize;
        let threads = 1 + random.below(3) as usize;
        let imported = read_with(text.as_bytes(), &options, chunk_bytes, threads).unwrap();
        let table = &imported.table;
        let got: Vec<Vec<Option<String>>> = (0..table.n_rows)
            .map(|row| table.columns.iter().map(|c| c.value(row).as_str().map(str::to_owned)).collect())
            .collect();
        assert_eq!(got, expected, "round {round}: {text:?}");
    }
}

#[test]
fn every_boundary_of_a_text_is_harmless() {
    let text =
        "id,name,when\n1,\"a, \"\"b\"\"\n\",2000-01-01\n2,,\r\n\n3,\"\",1999-12-31\n-4,\"5\"\" disk\",2001-02-03\n";
    let whole = columns(&read(text, &csv()));
    let name: Arc<str> = "a, \"b\"\n".into();
    assert_eq!(whole[1].1, [Value::from(name), Value::Null, "".into(), "5\" disk".into()]);
    assert_eq!(whole[0].1, [1, 2, 3, -4].map(Value::Int));
    for chunk_bytes in 1..text.len() + 2 {
        for threads in [1, 2] {
            let imported = read_with(text.as_bytes(), &csv(), chunk_bytes, threads).unwrap();
            assert_eq!(columns(&imported), whole);
            let lines: Vec<_> = (0..4).map(|row| imported.table.lines.line_of(row)).collect();
            assert_eq!(lines, [2, 4, 6, 7]);
        }
    }
}

/// What reading says, in full, to be compared.
fn outcome(bytes: &[u8], options: &FormatOptions, chunk_bytes: usize, threads: usize) -> String {
    match read_with(bytes, options, chunk_bytes, threads) {
        Err(error) => error.to_string(),
        Ok(imported) => {
            let lines: Vec<_> = (0..imported.table.n_rows).map(|row| imported.table.lines.line_of(row)).collect();
            format!("{:?} {lines:?} {:?}", columns(&imported), imported.rejections)
        }
    }
}

#[test]
fn hostile_bytes_mean_the_same_in_chunks_of_any_size() {
    let csv_pieces: [&[u8]; 18] = [
        b"\"",
        b"\"",
        b"\"\"",
        b",",
        b",",
        b"\n",
        b"\n",
        b"\r\n",
        b"\r",
        b"a",
        b"1",
        b"-2.5",
        b"true",
        b"2000-01-01",
        b"\xC3\xA9",
        b"\xFF",
        b" ",
        b"\0",
    ];
    let json_pieces: [&[u8]; 18] = [
        b"{\"a\":1}\n",
        b"{\"a\":2.5}\n",
        b"{\"a\":\"x\",\"b\":[1]}\n",
        b"{\"b\":null}\n",
        b"{",
        b"}",
        b"\n",
        b"\n",
        b"\"",
        b"[1,",
        b"]",
        b"\\",
        b"{\"a\":{}}\n",
        b"{\"a\":true}\n",
        b"\r\n",
        b"\xFF",
        b"1e400",
        b"{\"c\":18446744073709551616}\n",
    ];
    let mut random = Random(11);
    let (mut n_errors, mut n_rejected) = (0, 0);
    for round in 0..200 {
        let is_json = round % 4 == 0;
        let pieces = if is_json { json_pieces } else { csv_pieces };
        let mut bytes: Vec<u8> = if is_json { Vec::new() } else { b"a,b\n".to_vec() };
        for _ in 0..random.below(40) {
            bytes.extend_from_slice(pieces[random.below(pieces.len() as u64) as usize]);
        }
        let on_error = if random.below(2) == 0 { OnError::Stop } else { OnError::Skip };
        let column_type = [None, Some(ColumnType::Integer), Some(ColumnType::Date)][random.below(3) as usize];
        let columns = declared(&[("a", column_type)]);
        let header = is_json || random.below(3) > 0;
        let columns = if header { columns } else { Vec::new() };
        let options = FormatOptions { on_error, columns, header, ..if is_json { json() } else { csv() } };
        let whole = outcome(&bytes, &options, 1 << 20, 1);
        n_errors += usize::from(whole.starts_with("in, line"));
        n_rejected += usize::from(whole.contains("ImportError"));
        for (chunk_bytes, threads) in [(1, 1), (1, 3), (2, 1), (3, 2), (7, 3), (20, 1), (50, 4)] {
            let parts = outcome(&bytes, &options, chunk_bytes, threads);
            let text = String::from_utf8_lossy(&bytes);
            assert_eq!(parts, whole, "round {round}, chunks of {chunk_bytes} on {threads}: {text:?}");
        }
    }
    assert!(n_errors > 30 && n_rejected > 30, "{n_errors} {n_rejected}");
}

/// Reads the ten files of the generated social graph, as `cargo test --release measure -- --ignored --nocapture` with
/// its directory in `SOCIAL_DIR`.
#[test]
#[ignore = "a measurement"]
fn measure_social_graph() {
    let directory = std::env::var("SOCIAL_DIR").expect("SOCIAL_DIR names the directory of the files");
    let threads = std::env::var("THREADS").map_or(1, |n| n.parse().unwrap());
    let files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    let limits = ReadLimits { threads, ..ReadLimits::default() };
    for _ in 0..5 {
        let (mut n_bytes, mut n_rows, start) = (0, 0, std::time::Instant::now());
        for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "csv")) {
            let start = std::time::Instant::now();
            let source = FileAccess::Any.open(file.to_str().unwrap()).unwrap();
            let imported = read_table(&source, &csv(), &limits, &mut |_| Ok(())).unwrap();
            n_bytes += source.bytes();
            n_rows += imported.table.n_rows;
            let rate = source.bytes() as f64 / start.elapsed().as_secs_f64() / 1e6;
            println!("{:>20} {rate:6.0} MB/s {:?}", file.file_name().unwrap().display(), start.elapsed());
        }
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{n_rows} rows, {n_bytes} bytes in {:.1} ms, {:.0} MB/s",
            seconds * 1e3,
            n_bytes as f64 / seconds / 1e6
        );
    }
}

/// A float whose digits text would keep, in a file without a header, and text in a later piece: read again as text once,
/// not for ever.
#[test]
fn floats_that_turn_out_to_be_text_without_a_header() {
    let options = FormatOptions { header: false, ..FormatOptions::new(Format::Csv) };
    let imported = read_with(b"-0.1\n-0.020x\n", &options, 1, 1).unwrap();
    let texts: Vec<String> = (0..2).map(|row| imported.table.columns[0].value(row).to_string()).collect();
    assert_eq!(texts, ["'-0.1'", "'-0.020x'"]);
}

/// A byte order mark in the middle is no mark, however small the pieces are.
#[test]
fn a_byte_order_mark_counts_at_the_start_only() {
    let options = FormatOptions { on_error: OnError::Skip, ..FormatOptions::new(Format::JsonLines) };
    for chunk_bytes in [1, 2, 3, 4, 100] {
        let bad = |text: &[u8]| read_with(text, &options, chunk_bytes, 1).unwrap().rejections.count;
        assert_eq!(bad(b"\n\n\n\xEF\xBB\xBF\n\n\x87"), 2, "in pieces of {chunk_bytes}");
        assert_eq!(bad(b"\xEF\xBB\xBF{}\n"), 0, "in pieces of {chunk_bytes}");
    }
}

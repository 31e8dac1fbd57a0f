//! Rows into files: written beside the target under another name, made durable, then renamed. All or nothing.
//!
//! What `COPY TO` writes, `COPY FROM` reads back as the same values: null is the empty field, the empty text `""`, and
//! texts that would read as numbers, booleans or dates are quoted. Lists and maps are JSON text in CSV (declare the
//! column `LIST` to read a list back); nodes, relationships and paths are JSON in every format but GraphML, which holds nothing else. JSON has no NaN and no
//! infinity: they are null there.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    sync::Arc,
};

use flate2::{Compression, write::GzEncoder};

use super::{
    columnar,
    convert::shown,
    files::{FileAccess, FileTarget},
    graphml::GraphMl,
    numbers::{self, Kind},
    options::{Format, FormatOptions},
};
use crate::{Error, Result, model::Value};

/// Writes rows into a file that appears when [`finish`](Self::finish) returns; dropped before, it leaves nothing.
pub(crate) struct RowWriter {
    target: FileTarget,
    out: Out,
    options: FormatOptions,
    /// For GraphML, what is written at the end.
    graph: Option<GraphMl>,
    columns: Vec<Arc<str>>,
    /// For JSON lines, each column's name as JSON text.
    keys: Vec<String>,
    line: Vec<u8>,
    n_rows: u64,
}

enum Out {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
    Columns(Box<columnar::Writer>),
}

/// Bytes collected before they are written.
const BUFFER_BYTES: usize = 1 << 17;

impl RowWriter {
    /// Starts a file of rows with these columns. A format that is written at the end keeps up to `bytes_max` until then.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] where the file may not be written, [`Error::Io`] where it cannot.
    pub(crate) fn create(
        access: &FileAccess,
        name: &str,
        options: FormatOptions,
        columns: &[Arc<str>],
        bytes_max: u64,
    ) -> Result<Self> {
        options.check()?;
        if options.format.is_rdf() {
            return Err(Error::NotAllowed {
                what: format!("writing {name}: triples are only read, rows are no triples"),
            });
        }
        let (target, file) = access.create(name)?;
        let file = BufWriter::with_capacity(BUFFER_BYTES, file);
        let out = if options.format.is_columnar() {
            Out::Columns(Box::new(columnar::Writer::create(&target, file, &options, columns, bytes_max)?))
        } else if options.gzip {
            Out::Gzip(Box::new(GzEncoder::new(file, Compression::default())))
        } else {
            Out::Plain(file)
        };
        let json_key = |name: &Arc<str>| serde_json::Value::from(&**name).to_string();
        let keys = columns.iter().map(json_key).collect();
        let columns = columns.to_vec();
        let graph = (options.format == Format::GraphMl).then(|| GraphMl::new(bytes_max));
        let mut writer = Self { target, out, options, graph, columns, keys, line: Vec::new(), n_rows: 0 };
        if writer.options.header && matches!(writer.options.format, Format::Csv | Format::Tsv) {
            writer.header()?;
        }
        Ok(writer)
    }

    /// Writes a row.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Full`]; [`Error::Convert`] where a text needs quotes and there are none.
    pub(crate) fn write(&mut self, row: &[Value]) -> Result<()> {
        assert_eq!(row.len(), self.columns.len(), "a value for every column");
        if let Out::Columns(out) = &mut self.out {
            out.write(row, &self.target)?;
            self.n_rows += 1;
            return Ok(());
        }
        self.line.clear();
        match self.options.format {
            Format::JsonLines => self.json(row),
            Format::Csv | Format::Tsv => self.delimited(row)?,
            Format::GraphMl => {
                let graph = self.graph.as_mut().expect("made with the writer");
                self.columns.iter().zip(row).try_for_each(|(column, value)| graph.add(column, value))?;
            }
            Format::NTriples | Format::Turtle => unreachable!("refused when the writer was made"),
            Format::Parquet | Format::Arrow | Format::ArrowStream => unreachable!("taken by the writer of columns"),
        }
        self.n_rows += 1;
        self.flush_line()
    }

    /// Makes the file durable and lets it appear under its name. Returns the number of rows. `check` may stop it.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Full`]; then a file that was there before is there still.
    pub(crate) fn finish(mut self, check: &mut dyn FnMut() -> Result<()>) -> Result<u64> {
        if let Some(graph) = self.graph.take() {
            let fail = |error: &io::Error| self.target.error(error);
            match &mut self.out {
                Out::Plain(out) => graph.write(out, fail, check)?,
                Out::Gzip(out) => graph.write(out, fail, check)?,
                Out::Columns(_) => unreachable!("a graph is no columns"),
            }
        }
        let done = match self.out {
            Out::Plain(out) => out.into_inner().map_err(|e| e.into_error()),
            Out::Gzip(out) => out.finish().and_then(|out| out.into_inner().map_err(|e| e.into_error())),
            Out::Columns(out) => out.finish(&self.target)?.into_inner().map_err(|e| e.into_error()),
        };
        let file = done.map_err(|error| self.target.error(&error))?;
        check()?;
        self.target.publish(&file)?;
        Ok(self.n_rows)
    }

    fn header(&mut self) -> Result<()> {
        let columns = std::mem::take(&mut self.columns);
        for (at, name) in columns.iter().enumerate() {
            if at > 0 {
                self.line.push(self.options.delimiter);
            }
            if let Err(reason) = push_text(&mut self.line, name, &self.options, false) {
                return Err(Error::Convert { what: format!("the name of column {name:?}: {reason}") });
            }
        }
        self.columns = columns;
        self.line.push(b'\n');
        self.flush_line()
    }

    fn delimited(&mut self, row: &[Value]) -> Result<()> {
        for (at, value) in row.iter().enumerate() {
            if at > 0 {
                self.line.push(self.options.delimiter);
            }
            let line = &mut self.line;
            let pushed = match value {
                Value::Null => {
                    line.extend_from_slice(self.options.null.as_deref().unwrap_or_default().as_bytes());
                    Ok(())
                }
                Value::String(text) => push_text(line, text, &self.options, true),
                Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::Date(_)
                | Value::Temporal(_)
                | Value::Point(_) => push_text(line, &value.to_string(), &self.options, false),
                value => push_text(line, &json_text(value), &self.options, true),
            };
            pushed.map_err(|reason| Error::Convert { what: format!("column {:?}: {reason}", self.columns[at]) })?;
        }
        self.line.push(b'\n');
        Ok(())
    }

    fn json(&mut self, row: &[Value]) {
        self.line.push(b'{');
        for (at, (key, value)) in self.keys.iter().zip(row).enumerate() {
            if at > 0 {
                self.line.push(b',');
            }
            self.line.extend_from_slice(key.as_bytes());
            self.line.push(b':');
            serde_json::to_writer(&mut self.line, value).expect("values have text keys, and memory takes every byte");
        }
        self.line.extend_from_slice(b"}\n");
    }

    fn flush_line(&mut self) -> Result<()> {
        let written = match &mut self.out {
            Out::Plain(out) => out.write_all(&self.line),
            Out::Gzip(out) => out.write_all(&self.line),
            Out::Columns(_) => unreachable!("columns are written without lines"),
        };
        self.line.clear();
        written.map_err(|error| self.target.error(&error))
    }
}

/// Returns a value as JSON text.
pub(super) fn json_text(value: &Value) -> String {
    serde_json::to_string(value).expect("values have text keys")
}

/// Adds a field; `is_text` where the value is a text, which must not read as anything else.
fn push_text(line: &mut Vec<u8>, text: &str, options: &FormatOptions, is_text: bool) -> Result<(), String> {
    let bytes = text.as_bytes();
    let structural = |c: &u8| *c == options.delimiter || matches!(*c, b'\n' | b'\r') || Some(*c) == options.quote;
    let must = bytes.iter().any(structural);
    let null = options.null.as_deref() == Some(text);
    let should = bytes.is_empty() || null || (is_text && numbers::kind_of(bytes) != Kind::Str);
    match options.quote {
        None if must => Err(format!("{} needs quotes, and there are none", shown(text))),
        Some(quote) if must || should => {
            line.push(quote);
            for byte in bytes {
                if *byte == quote {
                    line.push(quote);
                }
                line.push(*byte);
            }
            line.push(quote);
            Ok(())
        }
        _ => {
            line.extend_from_slice(bytes);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{
        super::{
            ReadLimits,
            options::{ColumnType, DeclaredColumn},
            read::read_table,
            tests::Scratch,
        },
        *,
    };
    use crate::model::{Date, Map};

    fn names(names: &[&str]) -> Vec<Arc<str>> {
        names.iter().map(|name| (*name).into()).collect()
    }

    fn written(options: &FormatOptions, columns: &[&str], rows: &[Vec<Value>]) -> (Scratch, Vec<u8>) {
        let scratch = Scratch::new();
        let mut writer =
            RowWriter::create(&scratch.access(), "out", options.clone(), &names(columns), u64::MAX).unwrap();
        rows.iter().for_each(|row| writer.write(row).unwrap());
        assert_eq!(writer.finish(&mut || Ok(())).unwrap(), rows.len() as u64);
        let bytes = fs::read(scratch.path("out")).unwrap();
        (scratch, bytes)
    }

    fn round_trip(options: FormatOptions, declared: Option<ColumnType>, values: &[Value]) {
        let rows: Vec<_> = values.iter().map(|value| vec![Value::Int(1), value.clone()]).collect();
        let (scratch, bytes) = written(&options, &["a", "b,\n"], &rows);
        let columns = declared.map(|t| vec![DeclaredColumn { name: "b,\n".into(), column_type: Some(t) }]);
        let options = FormatOptions { columns: columns.unwrap_or_default(), ..options };
        let source = scratch.access().open("out").unwrap();
        let imported = read_table(&source, &options, &ReadLimits::default(), &mut |_| Ok(())).unwrap();
        let column = &imported.table.columns[1];
        let read: Vec<_> = (0..column.len()).map(|row| column.value(row)).collect();
        assert_eq!(read, values, "{}", String::from_utf8_lossy(&bytes));
        for (read, value) in read.iter().zip(values) {
            assert_eq!(read.kind(), value.kind());
        }
    }

    #[test]
    fn values_survive_the_round_trip() {
        let date = |days| Value::Date(Date::from_days(days));
        let texts = ["", "a,b", "\"", "x\ny\r", "7", "-1.5", "true", "2000-01-01", "NaN", "\\N", "é;\t", " "];
        let columns = [
            vec![Value::Int(i64::MIN), Value::Null, Value::Int(i64::MAX)],
            vec![Value::Float(2.0), Value::Float(-1e300), Value::Float(0.1), Value::Float(1e-7), Value::Float(1e16)],
            vec![Value::Bool(true), Value::Null, Value::Bool(false)],
            vec![date(0), date(-700_000), date(2_900_000)],
            texts.map(Value::from).to_vec(),
        ];
        let pipes = FormatOptions {
            delimiter: b'|',
            quote: Some(b'\''),
            null: Some("\\N".into()),
            ..FormatOptions::new(Format::Csv)
        };
        for format in [FormatOptions::new(Format::Csv), FormatOptions::new(Format::Tsv), pipes] {
            for gzip in [false, true] {
                columns.iter().for_each(|values| round_trip(FormatOptions { gzip, ..format.clone() }, None, values));
            }
            let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Value::Float);
            round_trip(format.clone(), None, &special);
            let lists = [Value::list([Value::Int(1), Value::from("a,\"")]), Value::Null, Value::list([])];
            round_trip(format, Some(ColumnType::List), &lists);
        }
        let json = || FormatOptions::new(Format::JsonLines);
        round_trip(json(), Some(ColumnType::Date), &columns[3]);
        for values in [&columns[0], &columns[1], &columns[2], &columns[4]] {
            round_trip(json(), None, values);
        }
        round_trip(json(), None, &[Value::list([Value::Int(1)]), Value::Int(7), Value::from("x"), Value::Null]);
    }

    #[test]
    fn json_lines_are_objects() {
        let map: Map = [("k".into(), Value::Float(f64::NAN))].into();
        let row = vec![Value::from("é\""), Value::from(map)];
        let (_, bytes) = written(&FormatOptions::new(Format::JsonLines), &["a", "b\""], &[row]);
        assert_eq!(String::from_utf8(bytes).unwrap(), "{\"a\":\"é\\\"\",\"b\\\"\":{\"k\":null}}\n");
    }

    #[test]
    fn an_unfinished_file_leaves_the_old_one() {
        let scratch = Scratch::new();
        scratch.file("out.csv", b"old");
        let create = || {
            let options = FormatOptions::new(Format::Csv);
            RowWriter::create(&scratch.access(), "out.csv", options, &names(&["a"]), u64::MAX).unwrap()
        };
        let mut writer = create();
        writer.write(&[Value::Int(1)]).unwrap();
        drop(writer);
        assert_eq!(fs::read(scratch.path("out.csv")).unwrap(), b"old");
        let mut writer = create();
        writer.write(&[Value::Int(1)]).unwrap();
        writer.finish(&mut || Ok(())).unwrap();
        assert_eq!(fs::read(scratch.path("out.csv")).unwrap(), b"a\n1\n");
        assert_eq!(fs::read_dir(scratch.path("")).unwrap().count(), 1);
    }

    #[test]
    fn without_quotes_what_needs_them_is_refused() {
        let scratch = Scratch::new();
        let options = FormatOptions { quote: None, ..FormatOptions::new(Format::Tsv) };
        let mut writer = RowWriter::create(&scratch.access(), "out.tsv", options, &names(&["a"]), u64::MAX).unwrap();
        writer.write(&[Value::from("a,\"b")]).unwrap();
        let error = writer.write(&[Value::from("a\tb")]).unwrap_err();
        assert_eq!(error.to_string(), "cannot convert: column \"a\": \"a\\tb\" needs quotes, and there are none");
    }
}

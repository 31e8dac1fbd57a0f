//! Rows into a columnar file. Each column has one type, which its values say.
//!
//! Integers beside floats are floats, as in an import; values of other kinds beside each other are refused, since no
//! type would hold both. Lists are lists (of lists, too); maps, nodes, relationships and paths are JSON texts, as in CSV,
//! wherever they stand. A column without any value is one of texts.
//!
//! The types are settled by the first rows: as many as are written at once, and more while a column has no value yet
//! and there is memory. A later value that does not fit them is refused.

use std::{fs::File, io, io::BufWriter, sync::Arc};

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, new_null_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};

use crate::{
    Error, Result,
    import::{
        files::FileTarget,
        options::{Format, FormatOptions},
        write::json_text,
    },
    model::{Column, ColumnData, Value},
};

/// Writes a columnar file.
pub(in crate::import) struct Writer {
    format: Format,
    names: Vec<Arc<str>>,
    /// The rows that are not written yet.
    columns: Vec<Column>,
    n_rows: usize,
    /// What they take, about, and may take.
    bytes: usize,
    bytes_max: usize,
    n_written: u64,
    out: Out,
}

enum Out {
    /// The types are not settled yet.
    Waiting(BufWriter<File>),
    Open(Sink, Vec<Kind>, SchemaRef),
    /// Writing failed.
    Broken,
}

enum Sink {
    Parquet(Box<ArrowWriter<BufWriter<File>>>),
    File(Box<FileWriter<BufWriter<File>>>),
    Stream(Box<StreamWriter<BufWriter<File>>>),
}

/// The type of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// It has no value.
    Unknown,
    Int,
    Float,
    Bool,
    Date,
    Text,
    /// Maps and parts of the graph, as JSON.
    Json,
    List(Box<Kind>),
}

/// The rows written at once: a group of Parquet, a batch of Arrow. Readers take a group whole into memory.
const GROUP_ROWS: usize = 1 << 17;

/// The bytes written at once, about.
const GROUP_BYTES: usize = 64 << 20;

/// The most bytes that wait for the types to be settled: the places of texts within a batch are 31-bit numbers.
const WAITING_BYTES_MAX: u64 = 1 << 30;

impl Writer {
    /// Starts a file with these columns. Up to `bytes_max` of rows wait until the types are settled.
    ///
    /// # Errors
    /// None here; without the feature, [`Error::NotAllowed`].
    pub(in crate::import) fn create(
        _: &FileTarget,
        file: BufWriter<File>,
        options: &FormatOptions,
        names: &[Arc<str>],
        bytes_max: u64,
    ) -> Result<Self> {
        Ok(Self {
            format: options.format,
            names: names.to_vec(),
            columns: vec![Column::nulls(0); names.len()],
            n_rows: 0,
            bytes: 0,
            bytes_max: bytes_max.min(WAITING_BYTES_MAX) as usize,
            n_written: 0,
            out: Out::Waiting(file),
        })
    }

    /// Takes a row.
    ///
    /// # Errors
    /// [`Error::Convert`] where a value does not fit its column, [`Error::Io`], [`Error::Full`].
    pub(in crate::import) fn write(&mut self, row: &[Value], target: &FileTarget) -> Result<()> {
        if let Out::Open(_, kinds, _) = &self.out {
            for (at, (kind, value)) in kinds.iter().zip(row).enumerate() {
                // Once rows are written, their types stand.
                let joined = kind_of_value(value).and_then(|found| kind.clone().joined(found));
                if joined.as_ref() != Some(kind) {
                    return Err(self.misfit(at, self.n_rows, kind, value));
                }
            }
        }
        for (column, value) in self.columns.iter_mut().zip(row) {
            self.bytes += cost(value);
            column.push(value.clone())?;
        }
        self.n_rows += 1;
        let is_group = self.n_rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES;
        if is_group && (self.is_settled() || self.bytes >= self.bytes_max) {
            self.flush(target)?;
        }
        Ok(())
    }

    /// Writes what is left, and the end of the file.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub(in crate::import) fn finish(mut self, target: &FileTarget) -> Result<BufWriter<File>> {
        if self.n_rows > 0 || matches!(self.out, Out::Waiting(_)) {
            self.flush(target)?;
        }
        let Out::Open(sink, ..) = self.out else { unreachable!("nothing is finished after an error") };
        match sink {
            Sink::Parquet(writer) => writer.into_inner().map_err(|error| parquet_error(target, error)),
            Sink::File(writer) => writer.into_inner().map_err(|error| arrow_error(target, error)),
            Sink::Stream(writer) => writer.into_inner().map_err(|error| arrow_error(target, error)),
        }
    }

    fn is_settled(&self) -> bool {
        matches!(self.out, Out::Open(..)) || self.columns.iter().all(|column| column.n_present() > 0)
    }

    fn flush(&mut self, target: &FileTarget) -> Result<()> {
        let columns = std::mem::replace(&mut self.columns, vec![Column::nulls(0); self.names.len()]);
        let (mut sink, kinds, schema) = match std::mem::replace(&mut self.out, Out::Broken) {
            Out::Open(sink, kinds, schema) => (sink, kinds, schema),
            Out::Waiting(file) => {
                let kinds = columns.iter().enumerate().map(|(at, column)| self.settle(at, column));
                let kinds = kinds.collect::<Result<Vec<Kind>>>()?;
                let field = |(name, kind): (&Arc<str>, &Kind)| Field::new(&**name, kind.data_type(), true);
                let fields: Vec<Field> = self.names.iter().zip(&kinds).map(field).collect();
                let schema = Arc::new(Schema::new(fields));
                (self.open(file, &schema, target)?, kinds, schema)
            }
            Out::Broken => unreachable!("nothing is written after an error"),
        };
        let arrays =
            columns.iter().zip(&kinds).map(|(column, kind)| array(column, kind)).collect::<Result<Vec<_>>>()?;
        if self.n_rows > 0 {
            let batch = RecordBatch::try_new(schema.clone(), arrays).map_err(|error| arrow_error(target, error))?;
            match &mut sink {
                Sink::Parquet(writer) => {
                    writer.write(&batch).and_then(|()| writer.flush()).map_err(|error| parquet_error(target, error))?
                }
                Sink::File(writer) => writer.write(&batch).map_err(|error| arrow_error(target, error))?,
                Sink::Stream(writer) => writer.write(&batch).map_err(|error| arrow_error(target, error))?,
            }
        }
        self.out = Out::Open(sink, kinds, schema);
        self.n_written += self.n_rows as u64;
        (self.n_rows, self.bytes) = (0, 0);
        Ok(())
    }

    fn open(&self, file: BufWriter<File>, schema: &SchemaRef, target: &FileTarget) -> Result<Sink> {
        match self.format {
            Format::Parquet => {
                let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
                let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties.build()));
                writer.map(|writer| Sink::Parquet(Box::new(writer))).map_err(|error| parquet_error(target, error))
            }
            Format::Arrow => FileWriter::try_new(file, schema)
                .map(|writer| Sink::File(Box::new(writer)))
                .map_err(|error| arrow_error(target, error)),
            _ => StreamWriter::try_new(file, schema)
                .map(|writer| Sink::Stream(Box::new(writer)))
                .map_err(|error| arrow_error(target, error)),
        }
    }

    /// Returns the type of a column's first rows.
    fn settle(&self, at: usize, column: &Column) -> Result<Kind> {
        kind_of_column(column).map(Kind::settled).map_err(|row| {
            let kinds = (0..row).filter_map(|row| kind_of_value(&column.value(row)));
            let before = kinds.reduce(|a, b| a.clone().joined(b).unwrap_or(a)).unwrap_or(Kind::Unknown);
            self.misfit(at, row, &before, &column.value(row))
        })
    }

    /// Returns the error of a value that does not fit those before it.
    fn misfit(&self, at: usize, row: usize, before: &Kind, value: &Value) -> Error {
        let found = kind_of_value(value).map_or_else(|| "a LIST of several kinds".to_owned(), |kind| kind.name());
        let (name, before) = (&self.names[at], before.name());
        let row = self.n_written + row as u64 + 1;
        let hint = "a column of such a file has one type; convert its values, perhaps with toString()";
        Error::Convert { what: format!("column {name:?}: row {row} is {found}, and those before are {before}: {hint}") }
    }
}

impl Kind {
    /// Returns the type that holds the values of both, if there is one.
    fn joined(self, other: Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Unknown, kind) | (kind, Self::Unknown) => kind,
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Self::Float,
            (Self::List(a), Self::List(b)) => Self::List(Box::new(a.joined(*b)?)),
            (a, b) if a == b => a,
            _ => return None,
        })
    }

    /// Makes what is unknown a text.
    fn settled(self) -> Self {
        match self {
            Self::Unknown => Self::Text,
            Self::List(item) => Self::List(Box::new(item.settled())),
            kind => kind,
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Unknown | Self::Text | Self::Json => DataType::Utf8,
            Self::List(item) => DataType::List(Arc::new(Field::new_list_field(item.data_type(), true))),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Unknown => "NULL".to_owned(),
            Self::Int => "INTEGER".to_owned(),
            Self::Float => "FLOAT".to_owned(),
            Self::Bool => "BOOLEAN".to_owned(),
            Self::Date => "DATE".to_owned(),
            Self::Text => "STRING".to_owned(),
            Self::Json => "MAP or part of the graph".to_owned(),
            Self::List(item) if **item == Self::Unknown => "LIST".to_owned(),
            Self::List(item) => format!("LIST of {}", item.name()),
        }
    }
}

/// Returns the type of a value; `None` for a list of several kinds.
fn kind_of_value(value: &Value) -> Option<Kind> {
    Some(match value {
        Value::Null => Kind::Unknown,
        Value::Int(_) => Kind::Int,
        Value::Float(_) => Kind::Float,
        Value::Bool(_) => Kind::Bool,
        Value::Date(_) => Kind::Date,
        Value::String(_) | Value::Temporal(_) | Value::Point(_) => Kind::Text,
        Value::List(items) => {
            let item = items.iter().try_fold(Kind::Unknown, |kind, item| kind.joined(kind_of_value(item)?))?;
            Kind::List(Box::new(item))
        }
        Value::Map(_) | Value::Node(_) | Value::Relationship(_) | Value::Path(_) => Kind::Json,
    })
}

/// Returns the type of a column, or the first row that differs from those before.
fn kind_of_column(column: &Column) -> std::result::Result<Kind, usize> {
    Ok(match &column.data {
        ColumnData::Null(_) => Kind::Unknown,
        ColumnData::Int(_) => Kind::Int,
        ColumnData::Float(_) => Kind::Float,
        ColumnData::Bool(_) => Kind::Bool,
        ColumnData::Date(_) => Kind::Date,
        ColumnData::Str(_) => Kind::Text,
        ColumnData::Mixed(values) => {
            let join = |kind: Kind, (row, value): (usize, &Value)| {
                kind_of_value(value).and_then(|found| kind.joined(found)).ok_or(row)
            };
            values.iter().enumerate().try_fold(Kind::Unknown, join)?
        }
    })
}

/// Returns the array of a column whose values all fit a type.
fn array(column: &Column, kind: &Kind) -> Result<ArrayRef> {
    let nulls = || match &column.data {
        ColumnData::Mixed(_) => Some((0..column.len()).map(|row| !column.is_null(row)).collect::<NullBuffer>()),
        _ => column.present.as_ref().map(|bits| (0..bits.len()).map(|row| bits.get(row)).collect()),
    };
    Ok(match (kind, &column.data) {
        (_, ColumnData::Null(n)) => new_null_array(&kind.data_type(), *n),
        (Kind::Int, ColumnData::Int(values)) => Arc::new(Int64Array::new(values.clone().into(), nulls())),
        (Kind::Float, ColumnData::Float(values)) => Arc::new(Float64Array::new(values.clone().into(), nulls())),
        (Kind::Float, ColumnData::Int(values)) => {
            let floats: ScalarBuffer<f64> = values.iter().map(|n| *n as f64).collect();
            Arc::new(Float64Array::new(floats, nulls()))
        }
        (Kind::Bool, ColumnData::Bool(values)) => Arc::new(BooleanArray::new(values.clone().into(), nulls())),
        (Kind::Date, ColumnData::Date(values)) => Arc::new(Date32Array::new(values.clone().into(), nulls())),
        (Kind::Text, ColumnData::Str(texts)) => {
            let text = |row| if column.is_null(row) { None } else { Some(texts.get(row)) };
            Arc::new((0..texts.len()).map(text).collect::<StringArray>())
        }
        (Kind::Text, ColumnData::Mixed(values)) => {
            let text = |value: &Value| match value {
                Value::Null => None,
                Value::String(text) => Some(text.to_string()),
                value => Some(value.to_string()),
            };
            Arc::new(values.iter().map(text).collect::<StringArray>())
        }
        (Kind::Json, ColumnData::Mixed(values)) => {
            let json = |value: &Value| if value.is_null() { None } else { Some(json_text(value)) };
            Arc::new(values.iter().map(json).collect::<StringArray>())
        }
        (Kind::List(item), ColumnData::Mixed(values)) => {
            let mut items = Column::nulls(0);
            let mut lengths = Vec::with_capacity(values.len());
            for value in values {
                let list = if let Value::List(list) = value { &**list } else { &[] };
                lengths.push(list.len());
                list.iter().try_for_each(|item| items.push(item.clone()))?;
            }
            let field = Arc::new(Field::new_list_field(item.data_type(), true));
            Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(lengths), array(&items, item)?, nulls()))
        }
        (kind, _) => unreachable!("the values were seen to be {}", kind.name()),
    })
}

/// Returns the bytes a value takes while it waits, about.
fn cost(value: &Value) -> usize {
    let map = |map: &crate::model::Map| map.iter().map(|(key, value)| 48 + key.len() + cost(value)).sum::<usize>();
    8 + match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(|item| 16 + cost(item)).sum(),
        Value::Map(entries) => map(entries),
        Value::Node(node) => 64 + node.data.as_ref().map_or(0, |data| map(&data.properties)),
        Value::Relationship(rel) => 64 + rel.data.as_ref().map_or(0, |data| map(&data.properties)),
        Value::Path(path) => {
            let nodes = path.nodes.iter().map(|node| cost(&Value::Node(node.clone())));
            nodes.chain(path.relationships.iter().map(|rel| cost(&Value::Relationship(rel.clone())))).sum()
        }
        _ => 0,
    }
}

fn parquet_error(target: &FileTarget, error: ParquetError) -> Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => target.error(&error),
            Err(error) => target.error(&io::Error::other(error)),
        },
        error => target.error(&io::Error::other(error)),
    }
}

fn arrow_error(target: &FileTarget, error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, error) => target.error(&error),
        error => target.error(&io::Error::other(error)),
    }
}

//! What a statement may say about a file: its format, its columns, and what happens to a bad row.

use std::{path::Path, sync::Arc};

use crate::{Error, ImportError, Result, model::temporal::TemporalKind};

/// The formats of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Comma-separated values (RFC 4180).
    Csv,
    /// The same with tabs.
    Tsv,
    /// One JSON object a line.
    JsonLines,
    /// One triple a line.
    NTriples,
    /// Triples with abbreviations.
    Turtle,
    /// A graph in XML; written only.
    GraphMl,
    /// Parquet.
    Parquet,
    /// An Arrow IPC file (Feather); a stream is read as well.
    Arrow,
    /// An Arrow IPC stream; a file is read as well.
    ArrowStream,
}

/// How a file is read or written.
#[derive(Debug, Clone)]
pub(crate) struct FormatOptions {
    /// The format of the rows.
    pub(crate) format: Format,
    /// Whether the bytes are gzip.
    pub(crate) gzip: bool,
    /// The byte between two fields of CSV and TSV.
    pub(crate) delimiter: u8,
    /// The byte around fields of CSV and TSV; `None` takes every byte as it is.
    pub(crate) quote: Option<u8>,
    /// A text that, unquoted, means null, beside the empty field.
    pub(crate) null: Option<Arc<str>>,
    /// Whether the first row of CSV and TSV names the columns.
    pub(crate) header: bool,
    /// Declared columns. With a header (or JSON) each gives the type of the column of its name; without one they are
    /// the file's columns in order.
    pub(crate) columns: Vec<DeclaredColumn>,
    /// What happens to a bad row.
    pub(crate) on_error: OnError,
}

/// A column a statement declares.
#[derive(Debug, Clone)]
pub(crate) struct DeclaredColumn {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Its type; inferred where there is none.
    pub(crate) column_type: Option<ColumnType>,
}

/// The types a column may be declared to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    /// 64-bit integers; leading zeros and a plus sign are fine.
    Integer,
    /// 64-bit floats; `NaN`, `Infinity` and `-Infinity` too.
    Float,
    /// `true` and `false`, in any case.
    Boolean,
    /// `YYYY-MM-DD`.
    Date,
    /// A time, a moment or a duration, as the function of its name reads it.
    Temporal(TemporalKind),
    /// A point: `point({x: 1, y: 2})`, or the map alone.
    Point,
    /// Text as it stands.
    String,
    /// A list of scalars; a JSON array in CSV and TSV.
    List,
    /// A list of scalars of this type, with `;` between them, as headers of neo4j-admin declare it.
    ListOf(&'static ColumnType),
}

/// What happens to a bad row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OnError {
    /// It fails the statement, and nothing of the file is kept.
    #[default]
    Stop,
    /// It is left out and reported.
    Skip,
}

/// The rows left out of an import.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rejections {
    /// The first of them, in file order, at most [`REJECTIONS_KEPT_MAX`].
    pub(crate) errors: Vec<ImportError>,
    /// How many there were.
    pub(crate) count: u64,
}

/// How many rejected rows are described; all are counted. A report is for people, and a wrong delimiter rejects all.
pub(crate) const REJECTIONS_KEPT_MAX: usize = 100;

/// The longest row: an unclosed quote must not read the rest of a large file into memory.
pub(crate) const ROW_BYTES_MAX: usize = 64 << 20;

/// The longest field: longer texts are not properties but documents, and one field must not fill the memory budget.
pub(crate) const FIELD_BYTES_MAX: usize = 16 << 20;

/// The most bytes a compressed file may unfold into: gzip reaches a factor of 1,000, so a small file can fill a disk.
pub(crate) const DECOMPRESSED_BYTES_MAX: u64 = 64 << 30;

/// The most columns of a file: each costs memory in every chunk.
pub(crate) const COLUMNS_MAX: usize = 4096;

impl FormatOptions {
    /// Returns the options of a format, uncompressed.
    pub(crate) const fn new(format: Format) -> Self {
        Self {
            format,
            gzip: false,
            delimiter: if matches!(format, Format::Tsv) { b'\t' } else { b',' },
            quote: Some(b'"'),
            null: None,
            header: true,
            columns: Vec::new(),
            on_error: OnError::Stop,
        }
    }

    /// Returns the options of the format a file's name ends in.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] where the name ends in none of the known formats.
    pub(crate) fn of_path(path: &Path) -> Result<Self> {
        let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let (stem, gzip) = name.strip_suffix(".gz").map_or((&*name, false), |stem| (stem, true));
        let format = stem.rsplit_once('.').and_then(|(_, extension)| Format::of_name(extension)).ok_or_else(|| {
            Error::NotAllowed {
                what: format!(
                    "no format is known for the file {}: name it .csv, .tsv, .jsonl, .nt, .ttl or .graphml (or .gz of one), .parquet or .arrow, or say FORMAT",
                    path.display()
                ),
            }
        })?;
        Self { gzip, ..Self::new(format) }.checked(path)
    }

    /// Returns the options of a format whatever the file's name; `.gz` still means gzip.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] where no file is both.
    pub(crate) fn of_format(format: Format, path: &Path) -> Result<Self> {
        let gzip = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
        Self { gzip, ..Self::new(format) }.checked(path)
    }

    fn checked(self, path: &Path) -> Result<Self> {
        if self.gzip && self.format.is_columnar() {
            let what = format!("{}: a columnar file compresses its own parts and has no .gz around it", path.display());
            return Err(Error::NotAllowed { what });
        }
        Ok(self)
    }

    /// Returns the declared type of a column.
    pub(crate) fn declared_type(&self, name: &str) -> Option<ColumnType> {
        self.columns.iter().find(|c| &*c.name == name).and_then(|c| c.column_type)
    }

    /// Checks that the bytes that structure a row differ.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] names the byte.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |what: String| Err(Error::NotAllowed { what });
        let bad = |byte: u8| !byte.is_ascii() || matches!(byte, b'\n' | b'\r' | 0);
        if bad(self.delimiter) {
            return refuse(format!("the delimiter {:?}: it must be one ASCII character", self.delimiter as char));
        }
        match self.quote {
            Some(quote) if bad(quote) => {
                refuse(format!("the quote {:?}: it must be one ASCII character", quote as char))
            }
            Some(quote) if quote == self.delimiter => {
                refuse(format!("quote and delimiter are both {:?}", quote as char))
            }
            _ => Ok(()),
        }
    }
}

impl Format {
    /// Returns the format of a name or an extension: `csv`, `tsv`, `jsonl`, `ndjson`, `nt`, `ttl`, `graphml`, `parquet`, `arrow`,
    /// `feather`, `ipc`, `arrows`.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "nt" | "ntriples" => Some(Self::NTriples),
            "ttl" | "turtle" => Some(Self::Turtle),
            "graphml" => Some(Self::GraphMl),
            "parquet" => Some(Self::Parquet),
            "arrow" | "feather" | "ipc" => Some(Self::Arrow),
            "arrows" => Some(Self::ArrowStream),
            _ => None,
        }
    }

    /// Returns whether a file of it is triples instead of rows.
    pub(crate) const fn is_rdf(self) -> bool {
        matches!(self, Self::NTriples | Self::Turtle)
    }

    /// Returns whether a file of it is columns with types instead of text.
    pub(crate) const fn is_columnar(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow | Self::ArrowStream)
    }
}

impl ColumnType {
    /// Returns the name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Float => "FLOAT",
            Self::Boolean => "BOOLEAN",
            Self::Date => "DATE",
            Self::Temporal(kind) => kind.name(),
            Self::Point => "POINT",
            Self::String => "STRING",
            Self::List | Self::ListOf(_) => "LIST",
        }
    }
}

impl Rejections {
    /// Adds a row.
    pub(crate) fn push(&mut self, error: ImportError) {
        self.count += 1;
        if self.errors.len() < REJECTIONS_KEPT_MAX {
            self.errors.push(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_in_the_name() {
        let of = |name: &str| FormatOptions::of_path(Path::new(name)).map(|o| (o.format, o.gzip, o.delimiter));
        assert_eq!(of("a/B.CSV").unwrap(), (Format::Csv, false, b','));
        assert_eq!(of("x.tsv.gz").unwrap(), (Format::Tsv, true, b'\t'));
        assert_eq!(of("x.v2.ndjson").unwrap(), (Format::JsonLines, false, b','));
        for name in ["x", "x.dat", "x.gz", ".gz", "csv"] {
            assert!(of(name).unwrap_err().to_string().contains(name), "{name}");
        }
        assert_eq!(of("x.Feather").unwrap(), (Format::Arrow, false, b','));
        assert!(of("x.parquet.gz").unwrap_err().to_string().contains("has no .gz around it"));
        assert!(FormatOptions::of_format(Format::ArrowStream, Path::new("x.gz")).is_err());
    }

    #[test]
    fn structure_bytes_must_differ() {
        let options = |delimiter, quote| FormatOptions { delimiter, quote, ..FormatOptions::new(Format::Csv) };
        assert!(options(b';', None).check().is_ok());
        assert!(options(b'"', Some(b'"')).check().is_err());
        assert!(options(b'\n', None).check().is_err());
        assert!(options(b',', Some(0xC3)).check().is_err());
    }
}

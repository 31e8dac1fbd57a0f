//! What moves data in and out of files, and looks at it.

use std::sync::Arc;

use super::{Chosen, Expr, Name, Query};
use crate::{Span, model::temporal::TemporalKind};

/// `COPY Name FROM 'file' (options)`. With `KEY` (or neither `FROM` nor `TO`) the target is a node label, with
/// `FROM` and `TO` it is a relationship type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyFrom {
    /// The label or relationship type to fill; absent where the file itself says what its rows are.
    pub(crate) target: Option<Name>,
    /// The file to read.
    pub(crate) file: Text,
    /// `KEY property`: nodes are found by this property, which becomes unique.
    pub(crate) key: Option<Name>,
    /// `MODE MERGE|CREATE`.
    pub(crate) mode: Option<CopyMode>,
    /// `FROM Label[(key)]`: where the relationships start. Present exactly when `to` is.
    pub(crate) from: Option<CopyEnd>,
    /// `TO Label[(key)]`: where the relationships end.
    pub(crate) to: Option<CopyEnd>,
    /// How the file is written.
    pub(crate) file_options: FileOptions,
    /// `COLUMNS (name TYPE, ...)`: declared types of columns.
    pub(crate) columns: Vec<CopyColumn>,
    /// `ON ERROR SKIP`: rejected rows are reported and left out, instead of stopping the import.
    pub(crate) skip_errors: bool,
    /// The whole statement.
    pub(crate) span: Span,
}

impl CopyFrom {
    /// Returns the statement without options.
    pub(crate) fn of_file(file: Text, span: Span) -> Self {
        Self {
            target: None,
            file,
            key: None,
            mode: None,
            from: None,
            to: None,
            file_options: FileOptions::default(),
            columns: Vec::new(),
            skip_errors: false,
            span,
        }
    }
}

/// `COPY EMBEDDING space FROM 'file' (KEY Label(property), ...)`: the vectors of nodes that exist.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyEmbedding {
    /// The embedding space to fill.
    pub(crate) space: Chosen,
    /// The file with the vectors.
    pub(crate) file: Text,
    /// `KEY Label[(property)]`: how nodes are found.
    pub(crate) key: CopyEnd,
    /// `VECTOR column`: the column with the vectors, by default of the name of the space's property.
    pub(crate) vector: Option<Name>,
    /// `IDS 'file'`: the keys, a line for each row of a file that holds numbers only.
    pub(crate) ids: Option<Text>,
    /// How the file is written.
    pub(crate) file_options: FileOptions,
    /// `COLUMNS (name TYPE, ...)`: declared types of columns.
    pub(crate) columns: Vec<CopyColumn>,
    /// `ON ERROR SKIP`.
    pub(crate) skip_errors: bool,
    /// The whole statement.
    pub(crate) span: Span,
}

/// `COPY MODEL name FROM 'file' (options)`: a model of attention, or its next version.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyModel {
    /// The model's name.
    pub(crate) model: Chosen,
    /// The file with the model, or with the matrix of queries.
    pub(crate) file: Text,
    /// `SPACE space`: whose matrices they are, where the file does not say.
    pub(crate) space: Option<Chosen>,
    /// `KEYS 'file'`: the matrix of keys.
    pub(crate) keys: Option<Text>,
    /// `HEADS n`: a number, or a parameter.
    pub(crate) heads: Option<Expr>,
    /// The whole statement.
    pub(crate) span: Span,
}

/// `COPY ACCESS LOG FROM 'file' (FROM Label, TO Label, ...)`: what was attended elsewhere, and when.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyAccesses {
    /// The file with the accesses.
    pub(crate) file: Text,
    /// `FROM Label[(key)]`: where their relationships start.
    pub(crate) from: CopyEnd,
    /// `TO Label[(key)]`: where they end.
    pub(crate) to: CopyEnd,
    /// How the file is written.
    pub(crate) file_options: FileOptions,
    /// `COLUMNS (name TYPE, ...)`: declared types of columns.
    pub(crate) columns: Vec<CopyColumn>,
    /// `ON ERROR SKIP`.
    pub(crate) skip_errors: bool,
    /// The whole statement.
    pub(crate) span: Span,
}

/// `COPY (query) TO 'file' (options)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyTo {
    /// The query whose rows are written.
    pub(crate) query: Query,
    /// The file to write.
    pub(crate) file: Text,
    /// How the file is to be written.
    pub(crate) file_options: FileOptions,
    /// The whole statement.
    pub(crate) span: Span,
}

/// What is summarized.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Summarize {
    /// The nodes of a label, or all.
    Nodes(Option<Name>),
    /// The relationships of a type, or all.
    Relationships(Option<Name>),
}

/// The options about the form of a file. What is absent follows from the file's name, or the default.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct FileOptions {
    /// `FORMAT csv|tsv|jsonl|nt|ttl|graphml`.
    pub(crate) format: Option<FileFormat>,
    /// `DELIM ','` (also `DELIMITER`).
    pub(crate) delimiter: Option<char>,
    /// `QUOTE '"'`.
    pub(crate) quote: Option<char>,
    /// `NULL 'text'`: the text that stands for null.
    pub(crate) null: Option<Arc<str>>,
    /// `HEADER true|false`.
    pub(crate) header: Option<bool>,
}

/// What `COPY` does with a node whose key exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CopyMode {
    /// Updates it.
    Merge,
    /// Refuses the row.
    Create,
}

/// One end of the relationships of a `COPY`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyEnd {
    /// The label of the end nodes.
    pub(crate) label: Name,
    /// The property that finds them, where it was written.
    pub(crate) key: Option<Name>,
}

/// A declared column of a `COPY`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyColumn {
    /// The column's name: that of the header, or the name it gets where there is no header.
    pub(crate) name: Name,
    /// Its type.
    pub(crate) kind: ColumnKind,
}

/// A declared type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// `STRING`.
    String,
    /// `INTEGER`.
    Integer,
    /// `FLOAT`.
    Float,
    /// `BOOLEAN`.
    Boolean,
    /// `DATE`.
    Date,
    /// `TIME`, `LOCALTIME`, `DATETIME`, `LOCALDATETIME`, `DURATION`.
    Temporal(TemporalKind),
    /// `POINT`.
    Point,
    /// `LIST`.
    List,
}

/// A file format that `COPY` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileFormat {
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// One JSON object a line.
    JsonLines,
    /// One RDF triple a line.
    NTriples,
    /// RDF triples with abbreviations.
    Turtle,
    /// A graph in XML; written only.
    GraphMl,
    /// Columns with types, in groups of rows.
    Parquet,
    /// Batches of Arrow's columns; written with an index at the end.
    Arrow,
    /// The same without one.
    ArrowStream,
}

/// Text that is either written out or given by a parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Text {
    /// A string literal.
    Literal(Arc<str>, Span),
    /// `$name`.
    Parameter(Name),
}

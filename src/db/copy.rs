//! `COPY` statements: from the words of the language to those of the importer.

use std::sync::Arc;

use crate::{
    QueryError, Result, Value,
    import::{
        copy::{CopyEnd, CopyMode, CopyTarget, LogWanted, VectorLayout, VectorsWanted},
        options::{ColumnType, DeclaredColumn, Format, FormatOptions, OnError},
    },
    query::ast,
};

/// Returns the text of a file name: written out, or given by a parameter.
///
/// # Errors
/// A query error where the parameter is missing or no string.
pub(super) fn text(text: &ast::Text, params: &super::Params) -> Result<Arc<str>> {
    match text {
        ast::Text::Literal(text, _) => Ok(text.clone()),
        ast::Text::Parameter(name) => match params.get(&name.text) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => {
                let message = format!("parameter ${} must be a string, not {other} ({})", name.text, other.kind());
                Err(QueryError::type_error("InvalidArgumentType", message).at(name.span).into())
            }
            None => Err(super::execute::missing_parameter(&name.text).at(name.span).into()),
        },
    }
}

/// Returns how a file is written.
///
/// # Errors
/// Where nothing says which format it is, or a character is no single byte.
pub(super) fn format(file: &str, options: &ast::FileOptions) -> Result<FormatOptions> {
    let path = std::path::Path::new(file);
    let mut format = match options.format {
        Some(format) => FormatOptions::of_format(
            match format {
                ast::FileFormat::Csv => Format::Csv,
                ast::FileFormat::Tsv => Format::Tsv,
                ast::FileFormat::JsonLines => Format::JsonLines,
                ast::FileFormat::NTriples => Format::NTriples,
                ast::FileFormat::Turtle => Format::Turtle,
                ast::FileFormat::GraphMl => Format::GraphMl,
                ast::FileFormat::Parquet => Format::Parquet,
                ast::FileFormat::Arrow => Format::Arrow,
                ast::FileFormat::ArrowStream => Format::ArrowStream,
            },
            path,
        )?,
        None => FormatOptions::of_path(path)?,
    };
    if format.format.is_columnar() {
        refuse_for_columns(options)?;
    }
    if let Some(delimiter) = options.delimiter {
        format.delimiter = byte("delimiter", delimiter)?;
    }
    if let Some(quote) = options.quote {
        format.quote = Some(byte("quote", quote)?);
    }
    format.null.clone_from(&options.null);
    format.header = options.header.unwrap_or(format.header);
    Ok(format)
}

/// Returns how a file to be read is written, and which columns are declared.
///
/// # Errors
/// As [`format`].
pub(super) fn readable(copy: &ast::CopyFrom, file: &str) -> Result<FormatOptions> {
    let mut options = format(file, &copy.file_options)?;
    options.columns = copy.columns.iter().map(declared).collect();
    Ok(options)
}

fn declared(column: &ast::CopyColumn) -> DeclaredColumn {
    DeclaredColumn { name: column.name.text.clone(), column_type: Some(column_type(column.kind)) }
}

/// Returns how the file of a `COPY … FROM` is written, and what it fills.
///
/// # Errors
/// As [`format`].
pub(super) fn source(copy: &ast::CopyFrom, file: &str) -> Result<(FormatOptions, CopyTarget)> {
    let mut options = readable(copy, file)?;
    options.on_error = if copy.skip_errors { OnError::Skip } else { OnError::Stop };
    let mode = copy.mode.map(|mode| match mode {
        ast::CopyMode::Merge => CopyMode::Merge,
        ast::CopyMode::Create => CopyMode::Create,
    });
    if options.format.is_rdf() {
        refuse_for_rdf(copy)?;
        return Ok((options, CopyTarget::Whole { mode: None }));
    }
    let Some(name) = &copy.target else { return Ok((options, CopyTarget::Whole { mode })) };
    let name = name.text.clone();
    let target = match (&copy.from, &copy.to) {
        (Some(from), Some(to)) => {
            // Relationships have no key, so each row is one more.
            let mode = mode.unwrap_or(CopyMode::Create);
            CopyTarget::Rels { rel_type: name, start: copy_end(from), end: copy_end(to), mode }
        }
        _ => CopyTarget::Nodes { label: name, key: copy.key.as_ref().map(|key| key.text.clone()), mode },
    };
    Ok((options, target))
}

/// Returns how the file of a `COPY EMBEDDING` is written, and whose vectors it has.
///
/// # Errors
/// As [`format`]; where an option means nothing for such a file, or one that it needs is missing.
pub(super) fn vectors(
    copy: &ast::CopyEmbedding,
    file: &str,
    params: &super::Params,
) -> Result<(VectorLayout, VectorsWanted)> {
    let refuse = |message: String, hint: &str| {
        let error = QueryError::run("22023", "ArgumentError", "InvalidArgumentValue", message).at(copy.span);
        Err(error.hint(hint).into())
    };
    let wanted = VectorsWanted {
        key: copy_end(&copy.key),
        vector: copy.vector.as_ref().map(|name| name.text.clone()),
        ids: copy.ids.as_ref().map(|ids| text(ids, params)).transpose()?,
        on_error: if copy.skip_errors { OnError::Skip } else { OnError::Stop },
    };
    if let Some(layout) = VectorLayout::of_numbers(std::path::Path::new(file)) {
        let ast::FileOptions { format, delimiter, quote, null, header } = &copy.file_options;
        let given = [
            ("VECTOR", copy.vector.is_some()),
            ("COLUMNS", !copy.columns.is_empty()),
            ("FORMAT", format.is_some()),
            ("DELIMITER", delimiter.is_some()),
            ("QUOTE", quote.is_some()),
            ("NULL", null.is_some()),
            ("HEADER", header.is_some()),
        ];
        if let Some((what, _)) = given.iter().find(|(_, is_given)| *is_given) {
            let message = format!("{what} means nothing for {file}, whose rows are numbers only");
            return refuse(message, "write (KEY Label(property), IDS 'ids.txt')");
        }
        if wanted.ids.is_none() {
            let message = format!("nothing says whose vectors the rows of {file} are");
            return refuse(message, "add IDS 'ids.txt': a file with the key of each row in a line of its own");
        }
        return Ok((layout, wanted));
    }
    if wanted.ids.is_some() {
        let message = format!("IDS means nothing for {file}, whose rows have keys");
        return refuse(message, "KEY Label(property) names the column with the keys, and VECTOR that with the vectors");
    }
    let mut options = format(file, &copy.file_options)?;
    if options.format.is_rdf() {
        return refuse(
            format!("{file} has triples, and no vectors"),
            "COPY EMBEDDING reads .jsonl, .csv, .npy and .fvecs",
        );
    }
    options.columns = copy.columns.iter().map(declared).collect();
    options.on_error = wanted.on_error;
    Ok((VectorLayout::Table(options), wanted))
}

/// Returns how the file of a `COPY ACCESS LOG` is written, and what it is of.
///
/// # Errors
/// As [`format`]; where the file has no rows.
pub(super) fn accesses(copy: &ast::CopyAccesses, file: &str) -> Result<LogWanted> {
    let mut format = format(file, &copy.file_options)?;
    if format.format.is_rdf() {
        let message = format!("{file} has triples, and no accesses");
        let error = QueryError::run("22023", "ArgumentError", "InvalidArgumentValue", message).at(copy.span);
        return Err(error.hint("COPY ACCESS LOG reads .tsv, .csv and .jsonl").into());
    }
    format.columns = copy.columns.iter().map(declared).collect();
    format.on_error = if copy.skip_errors { OnError::Skip } else { OnError::Stop };
    Ok(LogWanted { start: copy_end(&copy.from), end: copy_end(&copy.to), format })
}

/// Refuses what means nothing for triples: a file of them says itself what everything is.
fn refuse_for_rdf(copy: &ast::CopyFrom) -> Result<()> {
    let ast::FileOptions { format: _, delimiter, quote, null, header } = &copy.file_options;
    let given = [
        ("a name after COPY", copy.target.is_some()),
        ("KEY", copy.key.is_some()),
        ("MODE", copy.mode.is_some()),
        ("COLUMNS", !copy.columns.is_empty()),
        ("DELIMITER", delimiter.is_some()),
        ("QUOTE", quote.is_some()),
        ("NULL", null.is_some()),
        ("HEADER", header.is_some()),
    ];
    let Some((what, _)) = given.iter().find(|(_, is_given)| *is_given) else { return Ok(()) };
    let message = format!("{what} means nothing for a file of triples, which says itself what its nodes are");
    let error = QueryError::run("22023", "ArgumentError", "InvalidArgumentValue", message).at(copy.span);
    Err(error.hint("COPY FROM 'file.ttl', perhaps with (ON ERROR SKIP)").into())
}

/// Refuses what means nothing for a file whose columns have names, types and nulls of their own.
fn refuse_for_columns(options: &ast::FileOptions) -> Result<()> {
    let ast::FileOptions { format: _, delimiter, quote, null, header } = options;
    let given = [
        ("DELIMITER", delimiter.is_some()),
        ("QUOTE", quote.is_some()),
        ("NULL", null.is_some()),
        ("HEADER", header.is_some()),
    ];
    let Some((what, _)) = given.iter().find(|(_, is_given)| *is_given) else { return Ok(()) };
    let message =
        format!("{what} means nothing for a columnar file, which names its columns and marks its nulls itself");
    Err(QueryError::run("22023", "ArgumentError", "InvalidArgumentValue", message).into())
}

fn copy_end(end: &ast::CopyEnd) -> CopyEnd {
    CopyEnd { label: end.label.text.clone(), key: end.key.as_ref().map(|key| key.text.clone()) }
}

fn column_type(kind: ast::ColumnKind) -> ColumnType {
    match kind {
        ast::ColumnKind::String => ColumnType::String,
        ast::ColumnKind::Integer => ColumnType::Integer,
        ast::ColumnKind::Float => ColumnType::Float,
        ast::ColumnKind::Boolean => ColumnType::Boolean,
        ast::ColumnKind::Date => ColumnType::Date,
        ast::ColumnKind::Temporal(kind) => ColumnType::Temporal(kind),
        ast::ColumnKind::Point => ColumnType::Point,
        ast::ColumnKind::List => ColumnType::List,
    }
}

fn byte(what: &str, c: char) -> Result<u8> {
    u8::try_from(c).ok().filter(u8::is_ascii).ok_or_else(|| {
        let message = format!("the {what} {c:?} must be one ASCII character");
        QueryError::run("22023", "ArgumentError", "InvalidArgumentValue", message).into()
    })
}

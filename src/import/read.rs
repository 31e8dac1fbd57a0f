//! Reading a file into a table: chunks in, columns out, in parallel where threads are given.
//!
//! Chunks are parsed apart and joined in file order, so the first error is the first of the file however many threads
//! there are. Each chunk finds out its own types; joining widens. Only where floats must become the text they were is
//! the file read a second time, with that column as text.

use std::sync::Arc;

use rayon::prelude::*;

use super::{
    admin::{self, Role},
    chunks::{Chunk, Chunks},
    columnar,
    convert::{Fields, Wanted, invalid_utf8},
    csv::{BadRow, Dialect, Index},
    files::FileSource,
    header::{Header, cut_header},
    json_lines,
    numbers::{Kind, PAD},
    options::{COLUMNS_MAX, ColumnType, Format, FormatOptions, OnError, Rejections},
};
use crate::{
    Error, ImportError, Result,
    model::{Bits, Column, ColumnData, Lines, Table, TextLost},
};

/// What reading a file may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadLimits {
    /// How many chunks are parsed at once, in the rayon pool the caller is in.
    pub(crate) threads: usize,
    /// The most memory the table may take.
    pub(crate) table_bytes_max: u64,
    /// How much text is parsed at a time.
    pub(crate) chunk_bytes: usize,
    /// Whether reading ends where the memory does, instead of failing.
    pub(crate) is_sample: bool,
}

/// A file's rows, and those that were none.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    /// The rows.
    pub(crate) table: Table,
    /// Whether the file goes on, but not the memory.
    pub(crate) is_cut: bool,
    /// What each column is for, where the header is one of neo4j-admin; else none.
    pub(crate) roles: Vec<Role>,
    /// The rows left out; empty unless bad rows are to be skipped.
    pub(crate) rejections: Rejections,
}

/// The rows of a chunk.
#[derive(Debug, Default)]
pub(super) struct ChunkRows {
    /// The names of the columns, where the chunk knows them (JSON).
    pub(super) names: Vec<Arc<str>>,
    /// The columns.
    pub(super) columns: Vec<Column>,
    /// The number of rows.
    pub(super) n_rows: usize,
    /// The lines of the rows, from 0.
    pub(super) lines: Lines,
    /// The number of line ends.
    pub(super) n_lines: u64,
    /// The bad rows, by line.
    pub(super) bad: Vec<BadRow>,
}

/// The text parsed at a time: a chunk and its index stay in a core's second-level cache.
pub(super) const CHUNK_BYTES: usize = 512 << 10;

impl Default for ReadLimits {
    fn default() -> Self {
        Self { threads: 1, table_bytes_max: u64::MAX, chunk_bytes: CHUNK_BYTES, is_sample: false }
    }
}

/// Reads a file. `tick` is told how many bytes of text have been read so far, and may stop it.
///
/// # Errors
/// [`Error::Import`] for the first bad row, unless bad rows are to be skipped; [`Error::Io`], [`Error::Limit`], and
/// what `tick` returns.
pub(crate) fn read_table(
    source: &FileSource,
    options: &FormatOptions,
    limits: &ReadLimits,
    tick: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Imported> {
    options.check()?;
    if options.format == Format::GraphMl {
        return Err(Error::NotAllowed { what: format!("reading {}: GraphML is only written", source.name) });
    }
    if options.format.is_columnar() {
        return columnar::read_table(source, options, limits, tick);
    }
    let mut as_text = Vec::new();
    loop {
        let mut reading = Reading {
            source,
            options,
            limits,
            as_text: &as_text,
            imported: Imported::default(),
            types: Vec::new(),
            line: 1,
            header_read: !options.header || options.format == Format::JsonLines,
            n_bytes: 0,
        };
        match reading.run(tick)? {
            Ok(()) => return reading.finish(),
            Err(LostColumn(column)) => as_text.push(column),
        }
    }
}

/// A column whose floats turned out to be text.
struct LostColumn(usize);

struct Reading<'a> {
    source: &'a FileSource,
    options: &'a FormatOptions,
    limits: &'a ReadLimits,
    as_text: &'a [usize],
    imported: Imported,
    /// The types that the header declares.
    types: Vec<Option<ColumnType>>,
    line: u64,
    header_read: bool,
    n_bytes: u64,
}

impl Reading<'_> {
    fn run(&mut self, tick: &mut dyn FnMut(u64) -> Result<()>) -> Result<Result<(), LostColumn>> {
        let mut chunks = Chunks::open(self.source, self.options, self.limits.chunk_bytes)?;
        let mut spare: Vec<Vec<u8>> = Vec::new();
        let mut wave: Vec<Chunk> = Vec::new();
        loop {
            // The first chunk goes alone: it tells the names and the likely types.
            let size = if self.imported.table.columns.is_empty() { 1 } else { self.limits.threads.max(1) };
            while wave.len() < size {
                let Some(chunk) = chunks.next(spare.pop().unwrap_or_default())? else { break };
                wave.push(chunk);
            }
            if wave.is_empty() {
                return Ok(Ok(()));
            }
            if !self.header_read {
                self.read_header(&mut wave[0])?;
            }
            let wanted = self.wanted();
            let parsed: Vec<Result<ChunkRows>> = match &mut *wave {
                [chunk] => vec![self.parse(&chunk.buffer, &wanted)],
                wave => wave.par_iter().map(|chunk| self.parse(&chunk.buffer, &wanted)).collect(),
            };
            for (rows, chunk) in parsed.into_iter().zip(&wave) {
                self.n_bytes += (chunk.buffer.len() - PAD) as u64;
                if let Err(lost) = self.join(rows?)? {
                    return Ok(Err(lost));
                }
                if let Some(cut) = &chunk.cut {
                    self.reject(ImportError { line: self.line, ..cut.clone() })?;
                }
            }
            spare.extend(wave.drain(..).map(|chunk| chunk.buffer));
            tick(self.n_bytes)?;
            if self.imported.is_cut {
                return Ok(Ok(()));
            }
        }
    }

    fn finish(mut self) -> Result<Imported> {
        if !self.header_read {
            return Err(self.error(1, 0, "the file is empty; a header was expected".to_owned()).into());
        }
        let table = &mut self.imported.table;
        table.columns.iter_mut().for_each(Column::settle_numbers);
        for column in &self.options.columns {
            if table.position(&column.name).is_some() {
                continue;
            }
            if self.options.format == Format::JsonLines || !self.options.header {
                table.names.push(column.name.clone());
                table.columns.push(Column::nulls(table.n_rows));
            }
        }
        Ok(self.imported)
    }

    /// Takes the names of the columns from the first row, and cuts it off the chunk.
    fn read_header(&mut self, chunk: &mut Chunk) -> Result<()> {
        let header = cut_header(&mut chunk.buffer, Dialect::of(self.options), &mut self.line)
            .map_err(|bad| self.error(bad.line, bad.column, bad.reason))?;
        let Some(Header { mut names, line }) = header else { return Ok(()) };
        if let Some(fields) = admin::fields(&names) {
            let fields = fields.map_err(|(at, reason)| self.error(line, at + 1, format!("in the header: {reason}")))?;
            names = fields.iter().map(|field| field.name.clone()).collect();
            self.types = fields.iter().map(|field| field.column_type).collect();
            self.imported.roles = fields.into_iter().map(|field| field.role).collect();
        }
        for declared in &self.options.columns {
            if !names.contains(&declared.name) {
                let names: Vec<_> = names.iter().map(|name| &**name).collect();
                let reason = format!("no column {:?} in the header ({})", declared.name, names.join(", "));
                return Err(self.error(line, 0, reason).into());
            }
        }
        self.imported.table.columns = vec![Column::nulls(0); names.len()];
        self.imported.table.names = names;
        self.header_read = true;
        Ok(())
    }

    /// Returns what every known column is to become.
    fn wanted(&self) -> Vec<Wanted> {
        let column = |(at, name): (usize, &Arc<str>)| {
            if self.imported.roles.get(at) == Some(&Role::Ignore) {
                return Wanted::Ignored;
            }
            if let Some(declared) = self.declared_type(at, name) {
                return Wanted::Declared(declared);
            }
            if self.as_text.contains(&at) {
                return Wanted::Inferred(Some(Kind::Str));
            }
            Wanted::Inferred(match self.imported.table.columns[at].data {
                ColumnData::Int(_) => Some(Kind::Int),
                ColumnData::Float(_) => Some(Kind::Float),
                ColumnData::Bool(_) => Some(Kind::Bool),
                ColumnData::Date(_) => Some(Kind::Date),
                ColumnData::Str(_) => Some(Kind::Str),
                ColumnData::Null(_) | ColumnData::Mixed(_) => None,
            })
        };
        self.imported.table.names.iter().enumerate().map(column).collect()
    }

    /// Returns the type that the statement or else the header declares for a column.
    fn declared_type(&self, at: usize, name: &str) -> Option<ColumnType> {
        self.options.declared_type(name).or_else(|| self.types.get(at).copied().flatten())
    }

    fn parse(&self, buffer: &[u8], wanted: &[Wanted]) -> Result<ChunkRows> {
        match self.options.format {
            Format::Csv | Format::Tsv => self.parse_delimited(buffer, wanted),
            Format::JsonLines => json_lines::parse(buffer, self.options),
            Format::NTriples | Format::Turtle | Format::GraphMl => unreachable!("a graph is no table"),
            Format::Parquet | Format::Arrow | Format::ArrowStream => unreachable!("columns are no text"),
        }
    }

    fn parse_delimited(&self, buffer: &[u8], wanted: &[Wanted]) -> Result<ChunkRows> {
        let stop = self.options.on_error == OnError::Stop;
        let dialect = Dialect::of(self.options);
        // Without a header, declared columns tell how many fields there are; else the first row does.
        let n_fields = match wanted.len() {
            0 => Some(self.options.columns.len()).filter(|n| *n > 0),
            n => Some(n),
        };
        let mut index = Index::new(buffer, dialect, n_fields, stop);
        if index.n_fields() > COLUMNS_MAX {
            return Err(Error::Limit { what: "columns of a file", max: COLUMNS_MAX as u64 });
        }
        let mut bad = std::mem::take(&mut index.bad);
        if str::from_utf8(&buffer[PAD..]).is_err() {
            drop_invalid_rows(buffer, &mut index, &mut bad);
        }
        let declared: Vec<Wanted>;
        let wanted = if wanted.is_empty() {
            let column = |at: usize| self.options.columns.get(at).and_then(|c| c.column_type);
            // Without a header nobody knows the columns yet, but a round before may have found that one is text.
            let inferred = |at: usize| Wanted::Inferred(self.as_text.contains(&at).then_some(Kind::Str));
            declared =
                (0..index.n_fields()).map(|at| column(at).map_or_else(|| inferred(at), Wanted::Declared)).collect();
            &declared
        } else {
            wanted
        };
        let null = self.options.null.as_ref().map(|null| null.as_bytes());
        let fields = Fields { buffer, index: &index, dialect, null };
        let mut refused = Vec::new();
        let columns = (0..index.n_fields()).map(|at| fields.column(at, wanted[at], &mut refused));
        let mut columns = columns.collect::<Result<Vec<Column>>>()?;
        let mut rows = ChunkRows { n_rows: index.n_rows, n_lines: index.n_lines, ..ChunkRows::default() };
        rows.lines = std::mem::take(&mut index.lines);
        if !refused.is_empty() {
            let mut keep = Bits::filled(rows.n_rows, true);
            refused.iter().for_each(|(row, _)| keep.clear(*row));
            columns = columns.iter().map(|column| column.retain(&keep)).collect();
            rows.lines = rows.lines.retain(&keep);
            rows.n_rows = keep.count();
            // One report a row: of its first refused field.
            refused.sort_by_key(|(row, bad)| (*row, bad.column));
            refused.dedup_by_key(|(row, _)| *row);
            bad.extend(refused.into_iter().map(|(_, bad)| bad));
        }
        bad.sort_by_key(|bad| (bad.line, bad.column));
        Ok(ChunkRows { columns, bad, ..rows })
    }

    /// Adds a chunk's rows to the table.
    fn join(&mut self, rows: ChunkRows) -> Result<Result<(), LostColumn>> {
        let first_line = self.line;
        self.line += rows.n_lines;
        if self.imported.table.names.is_empty() && self.options.format != Format::JsonLines {
            let declared = |at: usize| self.options.columns.get(at).map(|c| c.name.clone());
            let name = |at: usize| declared(at).unwrap_or_else(|| format!("column{}", at + 1).into());
            self.imported.table.names = (0..rows.columns.len()).map(name).collect();
            self.imported.table.columns = vec![Column::nulls(0); rows.columns.len()];
        }
        for bad in rows.bad {
            let error = self.error(first_line + bad.line, bad.column, bad.reason);
            self.reject(ImportError { field: bad.field.or(error.field.clone()), ..error })?;
        }
        let table = &mut self.imported.table;
        table.lines.append(&rows.lines, table.n_rows as u64, first_line);
        let first = table.n_rows == 0;
        if self.options.format == Format::JsonLines {
            join_by_name(table, rows.names, rows.columns, rows.n_rows)?;
        } else {
            for (at, column) in rows.columns.into_iter().enumerate() {
                let is_declared = self.options.declared_type(&table.names[at]).is_some()
                    || self.types.get(at).is_some_and(Option::is_some);
                let whole = &mut table.columns[at];
                if is_declared {
                    whole.append(column)?;
                } else if let Err(TextLost) = whole.append_as_text(column)? {
                    return Ok(Err(LostColumn(at)));
                }
            }
        }
        table.n_rows += rows.n_rows;
        if first && table.n_rows > 0 && !self.options.gzip {
            self.reserve();
        }
        if self.imported.table.heap_bytes() as u64 > self.limits.table_bytes_max {
            if self.limits.is_sample {
                self.imported.is_cut = true;
                return Ok(Ok(()));
            }
            return Err(Error::Limit { what: "bytes of an imported table", max: self.limits.table_bytes_max });
        }
        Ok(Ok(()))
    }

    /// Makes room for the rest of the file, going by the rows so far.
    fn reserve(&mut self) {
        let table = &mut self.imported.table;
        let so_far = (self.n_bytes as f64).max(1.0);
        // A little more, since rows are rarely all of one length.
        let factor = self.source.bytes() as f64 / so_far * 1.02;
        let room = (self.limits.table_bytes_max as usize).saturating_sub(table.heap_bytes());
        if factor > 1.0 && table.heap_bytes() as f64 * factor < room as f64 {
            let n_rows = (table.n_rows as f64 * factor) as usize;
            table.columns.iter_mut().for_each(|column| column.reserve(n_rows));
        }
    }

    fn reject(&mut self, error: ImportError) -> Result<()> {
        match self.options.on_error {
            OnError::Stop => Err(error.into()),
            OnError::Skip => {
                self.imported.rejections.push(error);
                Ok(())
            }
        }
    }

    fn error(&self, line: u64, column: usize, reason: String) -> ImportError {
        let name = column.checked_sub(1).and_then(|at| self.imported.table.names.get(at));
        let field = name.map(ToString::to_string);
        ImportError { file: self.source.name.clone(), line, column: column as u64, field, reason }
    }
}

/// Takes the rows that are not UTF-8 out of the index.
fn drop_invalid_rows(buffer: &[u8], index: &mut Index, bad: &mut Vec<BadRow>) {
    let mut keep = Bits::filled(index.n_rows, true);
    for row in 0..index.n_rows {
        let refused = (0..index.n_fields()).find_map(|c| invalid_utf8(&buffer[index.span(row, c)]).map(|at| (c, at)));
        let Some((column, (at, byte))) = refused else { continue };
        let reason = format!("byte 0x{byte:02X}, number {} of the field, is not UTF-8", at + 1);
        bad.push(BadRow { line: index.lines.line_of(row), column: column + 1, field: None, reason });
        keep.clear(row);
    }
    if !keep.all() {
        index.retain(&keep);
    }
}

/// Adds rows whose columns are told apart by name; a column one side lacks is null there.
fn join_by_name(table: &mut Table, names: Vec<Arc<str>>, columns: Vec<Column>, n_rows: usize) -> Result<()> {
    for (name, column) in names.into_iter().zip(columns) {
        let at = table.position(&name).unwrap_or_else(|| {
            table.names.push(name);
            table.columns.push(Column::nulls(table.n_rows));
            table.columns.len() - 1
        });
        table.columns[at].append(column)?;
    }
    if table.columns.len() > COLUMNS_MAX {
        return Err(Error::Limit { what: "columns of a file", max: COLUMNS_MAX as u64 });
    }
    for column in &mut table.columns {
        let missing = table.n_rows + n_rows - column.len();
        column.append_nulls(missing);
    }
    Ok(())
}

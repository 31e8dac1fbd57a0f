//! `COPY EMBEDDING`: the vectors of nodes that exist, found by key. Setting is all it does: no node is made.
//!
//! What a row may hold is what SET would take: a vector of the space, finite, of its length, of a node that has embeddings
//! there. Rows that may not be kept are settled before anything is changed.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    sync::Arc,
};

use rustc_hash::FxHashSet;

use super::{
    CopyEnd, CopyReport, Job, ReadLimits,
    admin::find_either,
    keys::{NONE, find_duplicates, find_nodes, look},
    rels::unique_index,
};
use crate::{
    Error, ImportError, QueryError, Result,
    graph::{SpaceInfo, Transaction},
    import::{
        files::FileSource,
        options::{ColumnType, DeclaredColumn, FormatOptions, OnError, ROW_BYTES_MAX, Rejections},
        read::read_table,
        vectors::{self, NumberFormat},
    },
    model::{Bits, Column, ColumnData, Lines, NoVector, NodeId, SpaceOwner, Strings, Table, Value, vector},
};

/// How a file of vectors is written.
#[derive(Debug, Clone)]
pub(crate) enum VectorLayout {
    /// Rows of numbers; the keys stand in another file.
    Numbers(NumberLayout),
    /// Rows with a key and a vector.
    Table(FormatOptions),
}

/// Rows of numbers, perhaps as gzip.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NumberLayout {
    format: NumberFormat,
    gzip: bool,
}

/// Whose vectors a file has, and where it has them.
#[derive(Debug, Clone)]
pub(crate) struct VectorsWanted {
    /// The label and the unique property that find the nodes.
    pub(crate) key: CopyEnd,
    /// The column with the vectors; by default that of the space's property.
    pub(crate) vector: Option<Arc<str>>,
    /// The file with a key in each line, for a file of numbers.
    pub(crate) ids: Option<Arc<str>>,
    /// What happens to a bad row.
    pub(crate) on_error: OnError,
}

/// The files of one statement.
#[derive(Clone, Copy)]
pub(crate) struct VectorFiles<'a> {
    /// The vectors.
    pub(crate) source: &'a FileSource,
    /// The keys, where they stand apart.
    pub(crate) ids: Option<&'a FileSource>,
    /// How the vectors are written.
    pub(crate) layout: &'a VectorLayout,
}

impl VectorLayout {
    /// Returns the layout of a file of numbers, where its name says that it is one.
    pub(crate) fn of_numbers(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let (stem, gzip) = name.strip_suffix(".gz").map_or((&*name, false), |stem| (stem, true));
        let format = match stem.rsplit_once('.')?.1 {
            "npy" => NumberFormat::Npy,
            "fvecs" => NumberFormat::Fvecs,
            _ => return None,
        };
        Some(Self::Numbers(NumberLayout { format, gzip }))
    }
}

/// Reads the vectors of a file into an embedding space.
///
/// # Errors
/// [`Error::Import`] for a bad row, unless bad rows are to be skipped; a query error where the space is one of
/// relationships or no unique property finds the nodes; and what reading, the graph and `tick` return.
pub(crate) fn copy_vectors(
    tx: &mut Transaction,
    generations: &mut dyn FnMut() -> u64,
    info: &SpaceInfo,
    files: VectorFiles<'_>,
    wanted: &VectorsWanted,
    limits: &ReadLimits,
    tick: &mut (dyn FnMut(u64) -> Result<()> + Send),
) -> Result<CopyReport> {
    let SpaceOwner::Nodes(_) = info.space.owner else {
        let message = format!("the space `{}` is one of relationships, which have no key", info.space.name);
        let error = QueryError::run("22N00", "ArgumentError", "InvalidArgumentValue", message);
        return Err(error.hint("COPY TYPE FROM ... (FROM Label, TO Label, MODE MERGE) sets their vectors").into());
    };
    let mut taken = Taken::default();
    let mut n_bytes = 0;
    match files.layout {
        VectorLayout::Numbers(layout) => {
            let ids = files.ids.expect("a file of numbers comes with one of keys");
            let keys = Keys { column: read_ids(ids, limits, tick)?, file: &ids.name, lines: None };
            taken.find(tx, info, &keys, wanted, &mut || tick(0))?;
            let n_keys = keys.column.len();
            let mut n_rows = 0;
            vectors::read(
                files.source,
                layout.format,
                layout.gzip,
                &mut |n| {
                    n_bytes = n;
                    tick(n)
                },
                &mut |row, numbers| {
                    n_rows = row + 1;
                    if row >= n_keys {
                        return Err(whole(
                            files.source,
                            format!("it has more rows than {} has lines: {n_keys}", ids.name),
                        ));
                    }
                    taken.add(info, row, limits, |into| {
                        into.extend_from_slice(numbers);
                        Ok(())
                    })
                },
            )?;
            if n_rows < n_keys {
                let reason = format!("it has {n_rows} rows, and {} has {n_keys} lines", ids.name);
                return Err(whole(files.source, reason));
            }
            let described = Described { keys, vectors: (&files.source.name, None), rejections: Rejections::default() };
            apply(Job { tx, generations, check: &mut || tick(n_bytes) }, info, taken, described, wanted)
        }
        VectorLayout::Table(options) => {
            let name = wanted.vector.clone().unwrap_or_else(|| tx.view().catalog().key_name(info.space.key).clone());
            let mut options = options.clone();
            if options.declared_type(&name).is_none() && options.header {
                options.columns.push(DeclaredColumn { name: name.clone(), column_type: Some(ColumnType::List) });
            }
            let imported = read_table(files.source, &options, limits, &mut |n| {
                n_bytes = n;
                tick(n)
            })?;
            let table = imported.table;
            let index = unique_index(tx.view(), &wanted.key)?;
            let key_name = tx.view().catalog().key_name(index.key).clone();
            let key_at = column_of(files.source, &table, &key_name, "the key")?;
            let vector_at = column_of(files.source, &table, &name, "the vectors")?;
            let Table { mut columns, lines, n_rows, .. } = table;
            let values = std::mem::replace(&mut columns[vector_at], Column::nulls(0));
            let lines = Some(&lines);
            let column = columns.swap_remove(key_at);
            let keys = Keys { column, file: &files.source.name, lines };
            taken.find(tx, info, &keys, wanted, &mut || tick(n_bytes))?;
            for row in 0..n_rows {
                look(row, &mut || tick(n_bytes))?;
                taken.add(info, row, limits, |into| vector(&values.value(row), into))?;
            }
            let vectors = (&*files.source.name, Some(&*name));
            let described = Described { keys, vectors, rejections: imported.rejections };
            apply(Job { tx, generations, check: &mut || tick(n_bytes) }, info, taken, described, wanted)
        }
    }
}

/// The keys of the rows.
struct Keys<'a> {
    column: Column,
    file: &'a str,
    /// The line of each row; the row's own number where a line is a row.
    lines: Option<&'a Lines>,
}

impl Keys<'_> {
    fn line(&self, row: usize) -> u64 {
        self.lines.map_or(row as u64 + 1, |lines| lines.line_of(row))
    }
}

/// The vectors to set, and the rows that are none.
#[derive(Default)]
struct Taken {
    /// The node of each row.
    nodes: Vec<u32>,
    /// Nodes, and where their numbers stand: the number of rows before.
    rows: Vec<(u32, u32)>,
    numbers: Vec<f32>,
    wrong: Vec<(u32, Wrong)>,
}

/// Why a row cannot be kept. Small, since every row of a large file may be one.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    NoKey,
    NotANumber,
    Duplicate(u32),
    Dangling,
    NotInSpace,
    Vector(NoVector),
    NoVector,
}

impl Taken {
    /// Finds the node of each row.
    fn find(
        &mut self,
        tx: &Transaction,
        info: &SpaceInfo,
        keys: &Keys<'_>,
        wanted: &VectorsWanted,
        check: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let index = unique_index(tx.view(), &wanted.key)?;
        // Only what stands in lines of its own does not say whether it is a number or a text.
        self.nodes = match keys.lines {
            None => find_either(tx.view(), &index, &keys.column, check)?,
            Some(_) => find_nodes(tx.view(), &index, &keys.column, check)?,
        };
        let wrong = &mut self.wrong;
        find_duplicates(&keys.column, check, |row, why| {
            wrong.push((
                row as u32,
                match why {
                    super::Why::Duplicate(first) => Wrong::Duplicate(first),
                    _ => Wrong::NotANumber,
                },
            ));
        })?;
        wrong.iter().for_each(|(row, _)| self.nodes[*row as usize] = NONE);
        let known: FxHashSet<u32> = wrong.iter().map(|(row, _)| *row).collect();
        for row in 0..self.nodes.len() {
            look(row, check)?;
            let why = match self.nodes[row] {
                NONE if known.contains(&(row as u32)) => continue,
                NONE if keys.column.is_null(row) => Wrong::NoKey,
                NONE => Wrong::Dangling,
                id if !tx.view().is_in_space(&info.space, id)? => Wrong::NotInSpace,
                _ => continue,
            };
            self.nodes[row] = NONE;
            self.wrong.push((row as u32, why));
        }
        Ok(())
    }

    /// Adds the vector of a row that `put` writes.
    fn add(
        &mut self,
        info: &SpaceInfo,
        row: usize,
        limits: &ReadLimits,
        put: impl FnOnce(&mut Vec<f32>) -> std::result::Result<(), NoVector>,
    ) -> Result<()> {
        if self.nodes[row] == NONE {
            return Ok(());
        }
        let before = self.numbers.len();
        let done = put(&mut self.numbers).and_then(|()| info.space.admit_numbers(&mut self.numbers[before..]));
        match done {
            Ok(()) => self.rows.push((self.nodes[row], self.rows.len() as u32)),
            Err(wrong) => {
                self.numbers.truncate(before);
                let wrong =
                    if matches!(wrong, NoVector::NoList("NULL")) { Wrong::NoVector } else { Wrong::Vector(wrong) };
                self.wrong.push((row as u32, wrong));
            }
        }
        if (self.numbers.len() * 4) as u64 > limits.table_bytes_max {
            return Err(Error::Limit { what: "bytes of imported vectors", max: limits.table_bytes_max });
        }
        Ok(())
    }
}

/// What names a row in a message.
struct Described<'a> {
    keys: Keys<'a>,
    /// The file with the vectors, and the column.
    vectors: (&'a str, Option<&'a str>),
    /// The rows that were none when they were read.
    rejections: Rejections,
}

impl Described<'_> {
    fn error(&self, row: u32, wrong: Wrong, info: &SpaceInfo, wanted: &VectorsWanted) -> ImportError {
        let row = row as usize;
        let label = &wanted.key.label;
        let value = self.keys.column.value(row);
        let space = &info.space;
        let reason = match wrong {
            Wrong::NoKey => "no value for the key".to_owned(),
            Wrong::NotANumber => "NaN equals nothing and cannot be a key".to_owned(),
            Wrong::Duplicate(first) => {
                format!("{value} stands on line {} already, and a node has one vector", self.keys.line(first as usize))
            }
            Wrong::Dangling => format!("no node :{label} has the key {value}"),
            Wrong::NotInSpace => {
                format!("the node :{label} with the key {value} has no embeddings in `{}`", space.name)
            }
            Wrong::NoVector => "no vector".to_owned(),
            Wrong::Vector(wrong) => format!(
                "the vector of {value} {wrong}; the embedding space `{}` keeps vectors of {} numbers",
                space.name, space.dimension
            ),
        };
        let (file, field) = self.vectors;
        let field = field.map(str::to_owned);
        match (wrong, self.keys.lines) {
            (Wrong::NoVector | Wrong::Vector(_), None) => {
                let reason = format!("row {}: {reason}", row + 1);
                ImportError { file: file.to_owned(), line: 0, column: 0, field: None, reason }
            }
            (Wrong::NoVector | Wrong::Vector(_), Some(_)) => {
                ImportError { file: file.to_owned(), line: self.keys.line(row), column: 0, field, reason }
            }
            _ => {
                let line = self.keys.line(row);
                ImportError { file: self.keys.file.to_owned(), line, column: 0, field: None, reason }
            }
        }
    }
}

/// Sets what was read.
fn apply(
    job: Job<'_>,
    info: &SpaceInfo,
    mut taken: Taken,
    mut described: Described<'_>,
    wanted: &VectorsWanted,
) -> Result<CopyReport> {
    taken.wrong.sort_unstable_by_key(|(row, _)| *row);
    let mut rejections = std::mem::take(&mut described.rejections);
    for (row, wrong) in &taken.wrong {
        if wanted.on_error == OnError::Stop {
            return Err(described.error(*row, *wrong, info, wanted).into());
        }
        if rejections.errors.len() < super::REJECTIONS_KEPT_MAX {
            rejections.errors.push(described.error(*row, *wrong, info, wanted));
        }
        rejections.count += 1;
    }
    let n_rows = taken.rows.len() as u64;
    let n_set = if job.tx.can_load_vectors(info, taken.rows.len()) {
        let generation = (job.generations)();
        job.tx.bulk_vectors(generation, &info.space, &mut taken.rows, &taken.numbers, job.check)?
    } else {
        let dimension = info.space.dimension as usize;
        let mut n_set = 0;
        for (at, (id, row)) in taken.rows.iter().enumerate() {
            look(at, job.check)?;
            let numbers = &taken.numbers[*row as usize * dimension..][..dimension];
            let value = numbers.iter().map(|x| Value::Float(f64::from(*x)));
            let value = Value::List(value.collect());
            n_set += u64::from(job.tx.set_node(NodeId::new(*id), info.space.key, value)?);
        }
        n_set
    };
    Ok(CopyReport { n_rows, n_updated: n_set, n_properties: n_set, rejections, ..CopyReport::default() })
}

fn column_of(source: &FileSource, table: &Table, name: &str, what: &str) -> Result<usize> {
    table.position(name).ok_or_else(|| {
        let names: Vec<_> = table.names.iter().map(|name| &**name).collect();
        whole(source, format!("no column {name:?} for {what} (there are: {})", names.join(", ")))
    })
}

/// Returns the error of a file of which no one row is meant.
fn whole(source: &FileSource, reason: String) -> Error {
    ImportError { file: source.name.clone(), line: 0, column: 0, field: None, reason }.into()
}

/// Reads the lines of a file, each a key.
fn read_ids(source: &FileSource, limits: &ReadLimits, tick: &mut dyn FnMut(u64) -> Result<()>) -> Result<Column> {
    let gzip = source.name.to_ascii_lowercase().ends_with(".gz");
    let mut reader = BufReader::with_capacity(1 << 16, source.reader(gzip)?);
    let mut texts = Strings::default();
    let mut present = Bits::default();
    let (mut line, mut n_bytes) = (Vec::new(), 0);
    for at in 0.. {
        look(at, &mut || tick(0))?;
        line.clear();
        let mut bounded = (&mut reader).take(ROW_BYTES_MAX as u64);
        let n = bounded.read_until(b'\n', &mut line).map_err(|error| source.error("read", &error))?;
        n_bytes += n as u64;
        if n == 0 {
            break;
        }
        let bad = |reason: String| {
            let file = source.name.clone();
            Error::from(ImportError { file, line: at as u64 + 1, column: 0, field: None, reason })
        };
        if n_bytes > limits.table_bytes_max || n == ROW_BYTES_MAX {
            return Err(Error::Limit { what: "bytes of keys", max: limits.table_bytes_max.min(ROW_BYTES_MAX as u64) });
        }
        let text = std::str::from_utf8(&line).map_err(|_| bad("the line is not UTF-8".to_owned()))?;
        let text = text.strip_prefix('\u{feff}').filter(|_| at == 0).unwrap_or(text).trim();
        texts.push(text)?;
        present.push(!text.is_empty());
    }
    Ok(Column::new(ColumnData::Str(texts), present))
}

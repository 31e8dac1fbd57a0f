//! What is in a file: its columns with types, nulls and samples, and the rows that are none.

use std::sync::Arc;

use super::{
    admin::Role,
    files::FileSource,
    options::{FormatOptions, OnError, Rejections},
    rdf,
    read::{ReadLimits, read_table},
};
use crate::{
    Result,
    model::{Tally, Value},
};

/// What is in a file.
#[derive(Debug, Default)]
pub(crate) struct Description {
    /// The columns of a table; labels, properties and relationship types of triples.
    pub(crate) columns: Vec<Described>,
    /// How many rows, or triples, were read, without the bad ones.
    pub(crate) n_rows: u64,
    /// Whether reading stopped before the file's end: there is no more memory for it.
    pub(crate) is_cut: bool,
    /// The bad rows.
    pub(crate) rejections: Rejections,
}

/// A column.
#[derive(Debug)]
pub(crate) struct Described {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// What it would become: `property`, `label`, `key of :City`, …
    pub(crate) role: String,
    /// Its values.
    pub(crate) tally: Tally,
    /// How many rows have none.
    pub(crate) n_nulls: u64,
}

/// How many rows are summed up between two questions whether to go on.
const TICK_ROWS: usize = 4096;

/// Describes a file. As much of it is read as fits the limits.
///
/// # Errors
/// Where the file's header or its bytes are none of the format; what reading and `tick` return.
pub(crate) fn describe(
    source: &FileSource,
    options: &FormatOptions,
    limits: &ReadLimits,
    tick: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Description> {
    let options = FormatOptions { on_error: OnError::Skip, ..options.clone() };
    let limits = ReadLimits { is_sample: true, ..*limits };
    if options.format.is_rdf() {
        return triples(rdf::read(source, &options, &limits, tick)?);
    }
    let imported = read_table(source, &options, &limits, tick)?;
    let table = &imported.table;
    let mut columns = Vec::with_capacity(table.columns.len());
    for (at, column) in table.columns.iter().enumerate() {
        let mut tally = Tally::default();
        for row in 0..table.n_rows {
            if row.is_multiple_of(TICK_ROWS) {
                tick(source.bytes())?;
            }
            tally.add(&column.value(row));
        }
        let n_nulls = table.n_rows as u64 - tally.n_filled;
        let role = imported.roles.get(at).map_or_else(|| "property".to_owned(), role);
        columns.push(Described { name: table.names[at].clone(), role, tally, n_nulls });
    }
    Ok(Description { columns, n_rows: table.n_rows as u64, is_cut: imported.is_cut, rejections: imported.rejections })
}

fn role(role: &Role) -> String {
    let of = |what: &str, space: &Option<Arc<str>>| match space {
        Some(space) => format!("{what} of :{space}"),
        None => what.to_owned(),
    };
    match role {
        Role::Property => "property".to_owned(),
        Role::Id(space) => of("key", space),
        Role::Start(space) => of("start: key", space),
        Role::End(space) => of("end: key", space),
        Role::Labels => "labels".to_owned(),
        Role::Type => "relationship type".to_owned(),
        Role::Ignore => "ignored".to_owned(),
    }
}

/// Describes triples: each class, property and relationship type, with the resources as samples where there are no
/// values.
fn triples(triples: rdf::Triples) -> Result<Description> {
    let names = triples.terms.names(&mut Vec::new());
    let uri = |number: u32| Value::String(triples.resources[number as usize].clone());
    let mut columns: Vec<Described> = Vec::new();
    let new =
        |name: Arc<str>, role: &str| Described { name, role: role.to_owned(), tally: Tally::default(), n_nulls: 0 };
    let all = triples.properties.iter().map(|(term, language)| match language {
        Some(language) => format!("{}@{language}", names[*term as usize]).into(),
        None => names[*term as usize].clone(),
    });
    let mut properties: Vec<Described> = all.map(|name| new(name, "property")).collect();
    for (_, property, value) in &triples.values {
        properties[*property as usize].tally.add(value);
    }
    let mut labels: Vec<Option<Described>> = names.iter().map(|_| None).collect();
    for (resource, class) in &triples.labels {
        let name = &names[*class as usize];
        labels[*class as usize].get_or_insert_with(|| new(name.clone(), "label")).tally.add(&uri(*resource));
    }
    let mut types: Vec<Option<Described>> = names.iter().map(|_| None).collect();
    for (predicate, _, end) in &triples.rels {
        let name = &names[*predicate as usize];
        types[*predicate as usize].get_or_insert_with(|| new(name.clone(), "relationship type")).tally.add(&uri(*end));
    }
    columns.extend(labels.into_iter().flatten());
    columns.extend(properties);
    columns.extend(types.into_iter().flatten());
    Ok(Description { columns, n_rows: triples.n_triples, is_cut: triples.is_cut, rejections: triples.rejections })
}

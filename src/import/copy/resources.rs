//! Triples as resources: nodes with all their labels and properties at once, then relationships type by type.
//!
//! Resources of the same labels stand beside each other, so that their columns are dense. They are loaded in portions,
//! since a column has room for every row of its portion, and RDF has many predicates that few subjects use. What
//! existing nodes get is set last: bulk loads want a transaction without changes.

use std::{mem, ops::Range, sync::Arc};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    CopyMode, CopyReport, Job, Rejects,
    keys::NONE,
    nodes::{self, Nodes},
    rels,
};
use crate::{
    Result,
    graph::Snapshot,
    import::{
        options::OnError,
        rdf::{RESOURCE, Triples, URI, VOCABULARY},
    },
    model::{Bits, Column, ColumnData, KeyId, LabelId, Lines, NodeId, Strings, Table, Value},
    storage::BLOCK_LEN,
};

/// The most slots of the columns of one portion: about 128 MB of numbers.
const PORTION_SLOTS: usize = 16 << 20;

/// A name and the IRI it stands for.
type Named = (Arc<str>, Arc<str>);

/// What is yet to be done to nodes that existed.
#[derive(Default)]
struct Pending {
    values: Vec<(NodeId, KeyId, Value)>,
    labels: Vec<(NodeId, LabelId)>,
}

/// Brings triples into the graph.
///
/// # Errors
/// As [`copy_from`](super::copy_from).
pub(super) fn copy(job: &mut Job<'_>, file: &str, mut triples: Triples, on_error: OnError) -> Result<CopyReport> {
    let mut report = CopyReport::default();
    let (node, mut vocabulary) = read_vocabulary(job.tx.view())?;
    let n_known = vocabulary.len();
    let names = triples.terms.names(&mut vocabulary);
    let rows = Rows::new(&mut triples, &names, job.check)?;
    let mut rejects = Rejects { file, on_error, rows: Vec::new(), read: mem::take(&mut triples.rejections) };
    let mut ids: Vec<u32> = Vec::with_capacity(rows.resources.len());
    let mut pending = Pending::default();
    let (mut values, mut labels) = (&*rows.values, &*rows.labels);
    while ids.len() < rows.resources.len() {
        let first = ids.len();
        let (n_values, end) = portion(first, rows.resources.len(), values);
        let (mine, rest) = values.split_at(n_values);
        values = rest;
        let (my_labels, rest) = labels.split_at(labels.partition_point(|(row, _)| (*row as usize) < end));
        labels = rest;
        (job.check)()?;
        let table = table(&rows, first..end, mine)?;
        (job.check)()?;
        let more = label_bits(&names, first..end, my_labels);
        let nodes = Nodes { label: RESOURCE, key: Some(URI), mode: CopyMode::Merge, more: &more };
        let placed = nodes::place(job, &table, &nodes, &mut rejects, &mut report)?;
        note_changes(job, &table, &placed, &more, &mut pending)?;
        ids.extend(placed.ids);
    }
    drop(rows.values);
    report.n_rows = triples.n_triples;
    load_rels(job, &names, &rows.places, &ids, mem::take(&mut triples.rels), &mut report)?;
    apply(job, pending, &mut report)?;
    if vocabulary.len() > n_known {
        write_vocabulary(job, node, &vocabulary)?;
    }
    report.rejections = rejects.read;
    Ok(report)
}

/// Triples in the order of rows: resources of the same labels together.
struct Rows {
    /// By row.
    resources: Vec<Arc<str>>,
    /// The row of each resource's number.
    places: Vec<u32>,
    /// The properties' names.
    properties: Vec<Arc<str>>,
    /// Row, class: in order.
    labels: Vec<(u32, u32)>,
    /// Row, property, value: in order of row and property, then as in the file.
    values: Vec<(u32, u32, Value)>,
}

impl Rows {
    fn new(triples: &mut Triples, names: &[Arc<str>], check: &mut dyn FnMut() -> Result<()>) -> Result<Self> {
        let resources = mem::take(&mut triples.resources);
        let mut labels = mem::take(&mut triples.labels);
        check()?;
        labels.sort_unstable();
        labels.dedup();
        let mut classes: Vec<&[(u32, u32)]> = vec![&[]; resources.len()];
        for same in labels.chunk_by(|a, b| a.0 == b.0) {
            classes[same[0].0 as usize] = same;
        }
        let key = |number: &u32| classes[*number as usize].iter().map(|(_, class)| *class);
        let mut order: Vec<u32> = (0..resources.len() as u32).collect();
        order.sort_by(|a, b| key(a).cmp(key(b)));
        check()?;
        let mut places = vec![0; resources.len()];
        order.iter().enumerate().for_each(|(row, number)| places[*number as usize] = row as u32);
        labels.iter_mut().for_each(|(resource, _)| *resource = places[*resource as usize]);
        labels.sort_unstable();
        let mut values = mem::take(&mut triples.values);
        values.iter_mut().for_each(|(resource, _, _)| *resource = places[*resource as usize]);
        check()?;
        values.sort_by_key(|(row, property, _)| (*row, *property));
        check()?;
        let name = |(term, language): &(u32, Option<Arc<str>>)| match language {
            Some(language) => format!("{}@{language}", names[*term as usize]).into(),
            None => names[*term as usize].clone(),
        };
        let properties = triples.properties.iter().map(name).collect();
        let resources = order.iter().map(|number| resources[*number as usize].clone()).collect();
        Ok(Self { resources, places, properties, labels, values })
    }
}

/// Returns how many of the values belong to the rows from `first` of one portion, and where it ends.
fn portion(first: usize, n_rows: usize, values: &[(u32, u32, Value)]) -> (usize, usize) {
    let mut seen: FxHashSet<u32> = FxHashSet::default();
    let (mut at, mut row) = (0, first);
    while row < n_rows {
        let from = at;
        while values.get(at).is_some_and(|(of, _, _)| *of as usize == row) {
            seen.insert(values[at].1);
            at += 1;
        }
        let n_before = row - first;
        if n_before > 0 && n_before.is_multiple_of(BLOCK_LEN) && n_before * (seen.len() + 1) > PORTION_SLOTS {
            return (from, row);
        }
        row += 1;
    }
    (at, n_rows)
}

/// Returns the nodes of some rows, with the values of these.
fn table(rows: &Rows, range: Range<usize>, values: &[(u32, u32, Value)]) -> Result<Table> {
    let mut uris = Strings::with_capacity(range.len());
    for uri in &rows.resources[range.clone()] {
        uris.push(uri)?;
    }
    // Several values of a property are one list.
    let mut by_property: FxHashMap<u32, Vec<(usize, Value)>> = FxHashMap::default();
    for same in values.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let (row, property, first) = &same[0];
        let value = if same.len() == 1 {
            first.clone()
        } else {
            union(Value::Null, same.iter().map(|(_, _, value)| value.clone()))
        };
        by_property.entry(*property).or_default().push((*row as usize - range.start, value));
    }
    let mut names = vec![Arc::from(URI)];
    let mut columns = vec![Column::full(ColumnData::Str(uris))];
    let mut properties: Vec<_> = by_property.into_iter().collect();
    properties.sort_unstable_by_key(|(property, _)| *property);
    for (property, values) in properties {
        names.push(rows.properties[property as usize].clone());
        columns.push(column(values, range.len())?);
    }
    Ok(Table { names, columns, n_rows: range.len(), lines: Lines::default() })
}

/// Returns a column of values with their rows. Each keeps its kind: in RDF a literal's type is its own.
fn column(values: Vec<(usize, Value)>, n_rows: usize) -> Result<Column> {
    let is_alike = values.windows(2).all(|two| two[0].1.kind() == two[1].1.kind());
    if is_alike && !matches!(values[0].1, Value::List(_)) {
        let mut column = Column::nulls(0);
        for (row, value) in values {
            column.append_nulls(row - column.len());
            column.push(value)?;
        }
        column.append_nulls(n_rows - column.len());
        return Ok(column);
    }
    let mut all = vec![Value::Null; n_rows];
    values.into_iter().for_each(|(row, value)| all[row] = value);
    Ok(Column::full(ColumnData::Mixed(all)))
}

/// Returns one value, or the list of the different ones.
fn union(old: Value, new: impl IntoIterator<Item = Value>) -> Value {
    let mut all: Vec<Value> = match old {
        Value::Null => Vec::new(),
        Value::List(items) => items.to_vec(),
        value => vec![value],
    };
    let n_old = all.len();
    let is_same = |a: &Value, b: &Value| a.kind() == b.kind() && a.same(b);
    let news = new.into_iter().flat_map(|value| match value {
        Value::List(items) => items.to_vec(),
        Value::Null => Vec::new(),
        value => vec![value],
    });
    for value in news {
        if !all.iter().any(|known| is_same(known, &value)) {
            all.push(value);
        }
    }
    if all.len() == 1 && n_old <= 1 { all.swap_remove(0) } else { Value::list(all) }
}

fn label_bits(names: &[Arc<str>], range: Range<usize>, labels: &[(u32, u32)]) -> Vec<(Arc<str>, Bits)> {
    let mut places: FxHashMap<u32, usize> = FxHashMap::default();
    let mut bits: Vec<(Arc<str>, Bits)> = Vec::new();
    for (row, class) in labels {
        let at = *places.entry(*class).or_insert_with(|| {
            bits.push((names[*class as usize].clone(), Bits::filled(range.len(), false)));
            bits.len() - 1
        });
        bits[at].1.set(*row as usize - range.start);
    }
    bits
}

/// Notes what nodes that exist do not have yet.
fn note_changes(
    job: &mut Job<'_>,
    table: &Table,
    placed: &nodes::Placed,
    more: &[(Arc<str>, Bits)],
    pending: &mut Pending,
) -> Result<()> {
    for row in (0..table.n_rows).filter(|row| placed.existing.get(*row)) {
        job.check_at(row)?;
        let id = NodeId::new(placed.ids[row]);
        for (key, at) in &placed.properties {
            let value = table.columns[*at].value(row);
            if value.is_null() || table.names[*at].as_ref() == URI {
                continue;
            }
            let old = job.tx.view().node_prop(id, *key)?;
            let n_old = if let Value::List(items) = &old { Some(items.len()) } else { None };
            let all = union(old.clone(), [value]);
            let is_new = match (&all, n_old) {
                (Value::List(items), Some(n)) => items.len() > n,
                (Value::List(_), None) => true,
                _ => old.is_null(),
            };
            if is_new {
                pending.values.push((id, *key, all));
            }
        }
        for (label, _) in placed.more.iter().zip(more).filter(|(_, (_, rows))| rows.get(row)) {
            if !job.tx.view().has_label(id, *label)? {
                pending.labels.push((id, *label));
            }
        }
    }
    Ok(())
}

/// Loads the relationships, the most frequent types first: these are bulk loads.
fn load_rels(
    job: &mut Job<'_>,
    names: &[Arc<str>],
    places: &[u32],
    ids: &[u32],
    mut rels: Vec<(u32, u32, u32)>,
    report: &mut CopyReport,
) -> Result<()> {
    (job.check)()?;
    rels.sort_unstable();
    rels.dedup();
    let mut types: Vec<&[(u32, u32, u32)]> = rels.chunk_by(|a, b| a.0 == b.0).collect();
    types.sort_by_key(|same| std::cmp::Reverse(same.len()));
    for same in types {
        (job.check)()?;
        let id = |resource: u32| ids[places[resource as usize] as usize];
        let ends = same.iter().map(|(_, start, end)| (id(*start), id(*end)));
        // A resource that was left out takes its relationships with it.
        let (starts, stops): (Vec<u32>, Vec<u32>) = ends.filter(|(a, b)| *a != NONE && *b != NONE).unzip();
        let table = Table { n_rows: starts.len(), ..Table::default() };
        rels::load(job, &names[same[0].0 as usize], table, starts, stops, CopyMode::Merge, report)?;
    }
    Ok(())
}

fn apply(job: &mut Job<'_>, pending: Pending, report: &mut CopyReport) -> Result<()> {
    let mut changed: Vec<NodeId> = Vec::new();
    for (at, (id, key, value)) in pending.values.into_iter().enumerate() {
        job.check_at(at)?;
        report.n_properties += u64::from(job.tx.set_node(id, key, value)?);
        changed.push(id);
    }
    for (at, (id, label)) in pending.labels.into_iter().enumerate() {
        job.check_at(at)?;
        report.n_labels += u64::from(job.tx.add_label(id, label)?);
        changed.push(id);
    }
    changed.sort_unstable();
    changed.dedup();
    report.n_updated += changed.len() as u64;
    Ok(())
}

/// Returns the node that says what names stand for, and what it says.
fn read_vocabulary(view: &Snapshot) -> Result<(Option<NodeId>, Vec<Named>)> {
    let catalog = view.catalog();
    let Some(label) = catalog.label(VOCABULARY) else { return Ok((None, Vec::new())) };
    let (Some(names), Some(iris)) = (catalog.key("names"), catalog.key("iris")) else { return Ok((None, Vec::new())) };
    for block in 0..view.n_node_blocks() {
        let words = view.label_words(label, block)?;
        let Some(at) = words.iter().position(|word| *word != 0) else { continue };
        let id = NodeId::new(block * BLOCK_LEN as u32 + at as u32 * 64 + words[at].trailing_zeros());
        let pairs = match (view.node_prop(id, names)?, view.node_prop(id, iris)?) {
            (Value::List(names), Value::List(iris)) => names.iter().zip(iris.iter()).filter_map(pair).collect(),
            _ => Vec::new(),
        };
        return Ok((Some(id), pairs));
    }
    Ok((None, Vec::new()))
}

fn pair((name, iri): (&Value, &Value)) -> Option<(Arc<str>, Arc<str>)> {
    match (name, iri) {
        (Value::String(name), Value::String(iri)) => Some((name.clone(), iri.clone())),
        _ => None,
    }
}

fn write_vocabulary(job: &mut Job<'_>, node: Option<NodeId>, vocabulary: &[(Arc<str>, Arc<str>)]) -> Result<()> {
    let label = job.tx.label(VOCABULARY)?;
    let id = match node {
        Some(id) => id,
        None => job.tx.create_node(&[label])?,
    };
    let (names, iris) = (job.tx.key("names")?, job.tx.key("iris")?);
    let list =
        |pick: fn(&Named) -> &Arc<str>| Value::list(vocabulary.iter().map(|pair| Value::String(pick(pair).clone())));
    job.tx.set_node(id, names, list(|pair| &pair.0))?;
    job.tx.set_node(id, iris, list(|pair| &pair.1))?;
    Ok(())
}

//! A view entity by entity, in the order of ids: each block is read once, looked at, and let go again, so a walk takes
//! the memory of one block of ids whatever the size of the graph.

use super::{
    base::{Layered, Looked, Pin},
    column::{ColumnDelta, ColumnTable, borrow},
    paged::{Family, Paged},
    snapshot::{BitsPage, RelRecord, SALIENCE_INITIAL, Snapshot, rank},
};
use crate::{
    Error, Result,
    model::{KeyId, LabelId, NodeId, RelId, TypeId},
    storage::{BLOCK_LEN, BLOCK_WORDS, BlockKey, ColumnBlock, ValueRef},
};

/// Properties of one entity, in the order of their keys.
pub(crate) type Properties<'a> = [(KeyId, ValueRef<'a>)];

/// Shown what a walk comes to.
pub(crate) trait Walker {
    /// A node: its labels and properties, each in the order of ids.
    ///
    /// # Errors
    /// Any, which end the walk.
    fn node(&mut self, id: NodeId, labels: &[LabelId], properties: &Properties<'_>) -> Result<()>;

    /// A relationship.
    ///
    /// # Errors
    /// Any, which end the walk.
    fn rel(&mut self, id: RelId, record: RelRecord, salience: f32, properties: &Properties<'_>) -> Result<()>;

    /// A block that cannot be read, and why. Where this returns `Ok`, the walk goes on without it.
    ///
    /// # Errors
    /// Any, which end the walk.
    fn unreadable(&mut self, key: BlockKey, error: Error) -> Result<()>;
}

impl Snapshot {
    /// Shows every node, then every relationship.
    ///
    /// # Errors
    /// Those of the walker; `Corrupt` where a relationship has no ends.
    pub(crate) fn walk(&self, walker: &mut dyn Walker) -> Result<()> {
        for block in 0..self.n_node_blocks() {
            self.walk_nodes(block, walker)?;
        }
        for block in 0..self.n_rel_blocks() {
            self.walk_rels(block, walker)?;
        }
        Ok(())
    }

    fn walk_nodes(&self, block: u32, walker: &mut dyn Walker) -> Result<()> {
        let alive = look_words(&self.nodes_alive, block, walker)?.unwrap_or_default();
        let mut labels = Vec::new();
        for (label, table) in self.labels.iter() {
            let words = look_words(table, block, walker)?.unwrap_or_default();
            if words.iter().any(|word| *word != 0) {
                labels.push((LabelId::new(label as u32), words));
            }
        }
        let columns = Columns::look(&self.node_columns, block, walker)?;
        let (mut of_node, mut properties) = (Vec::new(), Vec::new());
        for local in places(&alive) {
            of_node.clear();
            of_node.extend(labels.iter().filter(|(_, words)| has(words, local)).map(|(label, _)| *label));
            columns.collect(local, &mut properties);
            walker.node(NodeId::new(id_at(block, local)), &of_node, &properties)?;
        }
        Ok(())
    }

    fn walk_rels(&self, block: u32, walker: &mut dyn Walker) -> Result<()> {
        let alive = look_words(&self.rels_alive, block, walker)?.unwrap_or_default();
        let records = self.look_records(block, walker)?;
        let saliences = self.look_saliences(block, walker)?;
        let columns = Columns::look(&self.rel_columns, block, walker)?;
        let mut properties = Vec::new();
        for local in places(&alive) {
            let id = RelId::new(id_at(block, local));
            let Some(record) = records[local] else {
                return Err(Error::corrupt(format_args!("relationship {id}"), "its ends", "none"));
            };
            columns.collect(local, &mut properties);
            walker.rel(id, record, saliences[local], &properties)?;
        }
        Ok(())
    }

    /// Returns types and ends of a block of relationships, the living and the dead.
    pub(super) fn look_records(&self, block: u32, walker: &mut dyn Walker) -> Result<Vec<Option<RelRecord>>> {
        let mut records = vec![None; BLOCK_LEN];
        let Some(page) = self.records.get(block) else { return Ok(records) };
        let rel_types = look(&page.rel_type, walker)?;
        let starts = look(&page.start, walker)?;
        let ends = look(&page.end, walker)?;
        let places = match page.some_places() {
            Some(_) => match look(&page.places, walker)? {
                Some(places) => Some(*places.words()),
                // Without it nobody knows whose the columns are.
                None => Some([0; BLOCK_WORDS]),
            },
            None => None,
        };
        if let (Some(rel_types), Some(starts), Some(ends)) = (&rel_types, &starts, &ends) {
            for (local, record) in records.iter_mut().enumerate() {
                let Some(local) = places.map_or(Some(local), |words| rank(&words, local)) else { continue };
                if let (Some(rel_type), Some(start), Some(end)) =
                    (rel_types.get(local), starts.get(local), ends.get(local))
                {
                    let (start, end) = (NodeId::new(start), NodeId::new(end));
                    *record = Some(RelRecord { rel_type: TypeId::new(rel_type), start, end });
                }
            }
        }
        if let Some(delta) = &page.delta {
            delta.iter().for_each(|(local, record)| records[local] = Some(*record));
        }
        Ok(records)
    }

    fn look_saliences(&self, block: u32, walker: &mut dyn Walker) -> Result<Vec<f32>> {
        let mut saliences = vec![SALIENCE_INITIAL; BLOCK_LEN];
        let Some(page) = self.saliences.get(block) else { return Ok(saliences) };
        if let Some(base) = look(page, walker)? {
            for (local, salience) in saliences.iter_mut().enumerate() {
                *salience = base.get(local).unwrap_or(SALIENCE_INITIAL);
            }
        }
        if let Some(delta) = &page.delta {
            delta.iter().for_each(|(local, salience)| saliences[local] = *salience);
        }
        Ok(saliences)
    }
}

/// One property of a block of ids: what is stored, and what changed since.
struct OfKey<'a> {
    key: KeyId,
    base: Option<Looked<'a, ColumnBlock>>,
    delta: Option<&'a ColumnDelta>,
}

/// The properties of a block of ids.
struct Columns<'a> {
    columns: Vec<OfKey<'a>>,
}

impl<'a> Columns<'a> {
    fn look(family: &'a Family<super::column::ColumnPage>, block: u32, walker: &mut dyn Walker) -> Result<Self> {
        let mut columns = Vec::new();
        for (key, table) in family.iter() {
            let table: &ColumnTable = table;
            let Some(page) = table.get(block).filter(|page| !page.is_empty()) else { continue };
            let (base, delta) = (look(page, walker)?, page.delta.as_deref());
            columns.push(OfKey { key: KeyId::new(key as u32), base, delta });
        }
        Ok(Self { columns })
    }

    /// Puts the properties of the id in a place into a list.
    fn collect<'s>(&'s self, local: usize, properties: &mut Vec<(KeyId, ValueRef<'s>)>) {
        properties.clear();
        for OfKey { key, base, delta } in &self.columns {
            let value = match delta.and_then(|delta| delta.get(local)) {
                Some(value) => borrow(value),
                None => base.as_ref().map_or(ValueRef::Null, |base| base.get(local)),
            };
            if !matches!(value, ValueRef::Null) {
                properties.push((*key, value));
            }
        }
    }
}

/// Returns the stored block of a page; `None` also where it cannot be read and the walk goes on without.
pub(super) fn look<'a, B: Pin, D: Clone + Default>(
    page: &'a Layered<B, D>,
    walker: &mut dyn Walker,
) -> Result<Option<Looked<'a, B>>> {
    match (page.look(), &page.base) {
        (Err(error @ (Error::Corrupt { .. } | Error::Io { .. })), Some(base)) => {
            walker.unreadable(base.key(), error).map(|()| None)
        }
        (looked, _) => looked,
    }
}

/// Returns the bits of a block; `None` where it cannot be read and the walk goes on without.
pub(super) fn look_words(
    table: &Paged<BitsPage>,
    block: u32,
    walker: &mut dyn Walker,
) -> Result<Option<[u64; BLOCK_WORDS]>> {
    let Some(page) = table.get(block) else { return Ok(Some([0; BLOCK_WORDS])) };
    if let Some(bits) = &page.delta {
        return Ok(Some(bits.0));
    }
    if page.base.is_none() {
        return Ok(Some([0; BLOCK_WORDS]));
    }
    Ok(look(page, walker)?.map(|base| *base.words()))
}

/// Returns the places whose bits are set, in order.
pub(super) fn places(words: &[u64; BLOCK_WORDS]) -> impl Iterator<Item = usize> + '_ {
    (0..BLOCK_LEN).filter(|local| has(words, *local))
}

/// Returns whether a bit is set.
pub(super) fn has(words: &[u64; BLOCK_WORDS], local: usize) -> bool {
    words[local / 64] >> (local % 64) & 1 != 0
}

/// Returns the id in a place of a block.
pub(super) fn id_at(block: u32, local: usize) -> u32 {
    block * BLOCK_LEN as u32 + local as u32
}

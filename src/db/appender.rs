//! Appenders: many rows of one label or type, without a statement each.

use std::sync::Arc;

use super::{WriteTransaction, entities::names};
use crate::{
    Error, Result, Value,
    graph::{BULK_ROWS_MIN, Transaction},
    model::{Column, ColumnData, KeyId, NodeId},
};

/// Collects nodes of one label; [`finish`](Self::finish) adds them to the transaction as columns.
#[derive(Debug)]
pub struct NodeAppender<'tx> {
    tx: &'tx mut WriteTransaction,
    label: Arc<str>,
    rows: Columns,
}

/// Collects relationships of one type; [`finish`](Self::finish) adds them to the transaction as columns.
#[derive(Debug)]
pub struct RelationshipAppender<'tx> {
    tx: &'tx mut WriteTransaction,
    rel_type: Arc<str>,
    starts: Vec<u32>,
    ends: Vec<u32>,
    rows: Columns,
}

impl WriteTransaction {
    /// Returns an appender of nodes of a label with these properties.
    pub fn append_nodes(&mut self, label: &str, properties: &[&str]) -> NodeAppender<'_> {
        NodeAppender { tx: self, label: label.into(), rows: Columns::new(properties) }
    }

    /// Returns an appender of relationships of a type with these properties.
    pub fn append_relationships(&mut self, rel_type: &str, properties: &[&str]) -> RelationshipAppender<'_> {
        let rows = Columns::new(properties);
        RelationshipAppender { tx: self, rel_type: rel_type.into(), starts: Vec::new(), ends: Vec::new(), rows }
    }
}

impl NodeAppender<'_> {
    /// Adds a node: a value for each property, null for none.
    ///
    /// # Errors
    /// `Convert` where there are too few or too many values, or one cannot be stored.
    pub fn append(&mut self, values: impl IntoIterator<Item = Value>) -> Result<()> {
        self.rows.push(values)
    }

    /// Adds the nodes to the transaction. Returns their ids, in order.
    ///
    /// # Errors
    /// `Constraint` where a property must be unique and is not: none is added.
    pub fn finish(self) -> Result<Vec<NodeId>> {
        let Self { tx, label, rows } = self;
        let generation = tx.inner.engine.next_generation();
        tx.change(|tx| {
            let label = tx.label(&label)?;
            let keys = rows.keys(tx)?;
            let (n_rows, columns) = (rows.n_rows, rows.into_columns());
            if tx.can_load() && n_rows >= BULK_ROWS_MIN {
                let columns: Vec<(KeyId, &Column)> = keys.into_iter().zip(&columns).collect();
                let first = tx.bulk_nodes(generation, label, n_rows, &columns, &mut || Ok(()))?;
                return Ok((0..n_rows as u32).map(|row| NodeId::new(first + row)).collect());
            }
            let mut ids = Vec::with_capacity(n_rows);
            for row in 0..n_rows {
                let id = tx.create_node(&[label])?;
                for (key, column) in keys.iter().zip(&columns) {
                    tx.set_node(id, *key, column.value(row))?;
                }
                ids.push(id);
            }
            Ok(ids)
        })
    }
}

impl RelationshipAppender<'_> {
    /// Adds a relationship: its ends, and a value for each property, null for none.
    ///
    /// # Errors
    /// `Convert` where there are too few or too many values, or one cannot be stored.
    pub fn append(&mut self, start: NodeId, end: NodeId, values: impl IntoIterator<Item = Value>) -> Result<()> {
        self.rows.push(values)?;
        self.starts.push(start.get());
        self.ends.push(end.get());
        Ok(())
    }

    /// Adds the relationships to the transaction. Returns how many.
    ///
    /// # Errors
    /// A query error where an end does not exist: none is added.
    pub fn finish(self) -> Result<usize> {
        let Self { tx, rel_type, starts, ends, rows } = self;
        let generation = tx.inner.engine.next_generation();
        tx.change(|tx| {
            let rel_type = tx.rel_type(&rel_type)?;
            let keys = rows.keys(tx)?;
            let (n_rows, columns) = (rows.n_rows, rows.into_columns());
            if tx.can_load() && n_rows >= BULK_ROWS_MIN {
                for id in starts.iter().chain(&ends) {
                    if !tx.view().node_exists(NodeId::new(*id))? {
                        return Err(Error::Convert {
                            what: format!("node {id}, an end of a relationship, does not exist"),
                        });
                    }
                }
                let columns: Vec<(KeyId, &Column)> = keys.into_iter().zip(&columns).collect();
                tx.bulk_rels(generation, rel_type, &starts, &ends, &columns, &mut || Ok(()))?;
                return Ok(n_rows);
            }
            for row in 0..n_rows {
                let id = tx.create_rel(rel_type, NodeId::new(starts[row]), NodeId::new(ends[row]))?;
                for (key, column) in keys.iter().zip(&columns) {
                    tx.set_rel(id, *key, column.value(row))?;
                }
            }
            Ok(n_rows)
        })
    }
}

/// Values by property.
#[derive(Debug)]
struct Columns {
    names: Vec<Arc<str>>,
    values: Vec<Vec<Value>>,
    n_rows: usize,
}

impl Columns {
    fn new(properties: &[&str]) -> Self {
        Self { names: names(properties), values: vec![Vec::new(); properties.len()], n_rows: 0 }
    }

    fn push(&mut self, values: impl IntoIterator<Item = Value>) -> Result<()> {
        let values: Vec<Value> = values.into_iter().collect();
        if values.len() != self.names.len() {
            let what = format!("a row of {} values into {} properties", values.len(), self.names.len());
            return Err(Error::Convert { what });
        }
        if let Some((name, value)) = self.names.iter().zip(&values).find(|(_, value)| !value.is_storable()) {
            let what = format!("property `{name}` cannot hold {value} ({})", value.kind());
            return Err(Error::Convert { what });
        }
        self.values.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        self.n_rows += 1;
        Ok(())
    }

    fn keys(&self, tx: &mut Transaction) -> Result<Vec<KeyId>> {
        self.names.iter().map(|name| tx.key(name)).collect()
    }

    fn into_columns(self) -> Vec<Column> {
        self.values.into_iter().map(|values| Column::full(ColumnData::Mixed(values))).collect()
    }
}

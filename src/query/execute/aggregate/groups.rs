//! The groups of an aggregation, found by their keys.

use crate::{
    Result,
    model::Value,
    query::{
        execute::{
            Context,
            batch::{Batch, Column, NULL_ID, node_value, value_bytes},
            eval::Ex,
            table::Table,
        },
        function::Function,
        plan::{Expr, Slot},
    },
};

/// No group yet, in the table of groups by node id.
const NO_GROUP: u32 = u32::MAX;

/// Keys that all depend on one node: they are computed once for each node.
pub(super) struct ByNode {
    pub(super) slot: Slot,
    /// The group of each node, by its id.
    pub(super) groups: Vec<u32>,
}

impl ByNode {
    /// Finds the group of each row; returns false, having done nothing, where the slot holds no nodes.
    pub(super) fn assign(
        &mut self,
        ctx: &mut Context,
        batch: &Batch,
        keys: &mut [(Slot, Ex)],
        groups: &mut Groups,
        group_of: &mut Vec<u32>,
    ) -> Result<bool> {
        let Column::Nodes(ids) = batch.column(self.slot) else { return Ok(false) };
        if ids.len() != batch.len || ids.contains(&NULL_ID) {
            return Ok(false);
        }
        group_of.clear();
        for (row, &id) in ids.iter().enumerate() {
            let group = match self.groups.get(id as usize) {
                Some(&group) if group != NO_GROUP => group,
                _ => {
                    let mut key = std::mem::take(&mut groups.row);
                    key.clear();
                    for (_, expr) in keys.iter_mut() {
                        key.push(expr.value(ctx, batch, row)?);
                    }
                    let group = match &key[..] {
                        [Value::Node(node)] => groups.by_node(node.id.get()),
                        key => groups.by_value(key),
                    };
                    groups.row = key;
                    if id as usize >= self.groups.len() {
                        self.groups.resize((id as usize + 1).next_power_of_two(), NO_GROUP);
                    }
                    self.groups[id as usize] = group;
                    group
                }
            };
            group_of.push(group);
        }
        Ok(true)
    }
}

/// Returns the one slot that expressions depend on, where they are made of its properties, constants and functions that
/// give the same for the same.
pub(super) fn only_slot(exprs: &[(Slot, Expr)]) -> Option<Slot> {
    fn visit(expr: &Expr, found: &mut Option<Slot>) -> bool {
        match expr {
            Expr::Const(_) | Expr::Param(_) => true,
            Expr::Slot(slot) => found.get_or_insert(*slot) == slot,
            Expr::Property { base, .. } => visit(base, found),
            Expr::Call { function, args, .. } => {
                !matches!(function, Function::Rand | Function::RandomUuid | Function::Timestamp)
                    && args.iter().all(|arg| visit(arg, found))
            }
            Expr::Arithmetic { left, right, .. } => visit(left, found) && visit(right, found),
            _ => false,
        }
    }
    let mut found = None;
    exprs.iter().all(|(_, expr)| visit(expr, &mut found)).then_some(found)?
}

/// The groups found, by their keys.
#[derive(Default)]
pub(super) struct Groups {
    pub(super) n: usize,
    pub(super) keys: Vec<Column>,
    /// The keys of a batch's rows, to be filled before [`Groups::assign`].
    pub(super) scratch: Vec<Column>,
    /// Groups of a single key that is a node, by its id.
    by_node: Vec<u32>,
    by_values: Table<Box<[Value]>, u32>,
    row: Vec<Value>,
    bytes: usize,
}

impl Groups {
    pub(super) fn new(n_keys: usize) -> Self {
        Self { keys: vec![Column::Absent; n_keys], scratch: vec![Column::Absent; n_keys], ..Self::default() }
    }

    pub(super) fn clear(&mut self) {
        self.n = 0;
        self.keys.iter_mut().for_each(Column::clear);
        self.by_node.clear();
        self.by_values.clear();
        self.bytes = 0;
    }

    /// Finds the group of each row, making those that are new.
    pub(super) fn assign(&mut self, len: usize, group_of: &mut Vec<u32>) {
        group_of.clear();
        if let [Column::Nodes(ids)] = &self.scratch[..] {
            group_of.extend_from_slice(ids);
            for at in group_of.iter_mut() {
                *at = match self.by_node.get(*at as usize) {
                    Some(&group) if group != NO_GROUP => group,
                    _ if *at == NULL_ID => self.by_value(&[Value::Null]),
                    _ => self.by_node(*at),
                };
            }
            return;
        }
        for row in 0..len {
            let mut key = std::mem::take(&mut self.row);
            key.clear();
            key.extend(self.scratch.iter().map(|column| column.get(row)));
            let group = match &key[..] {
                [Value::Node(node)] => self.by_node(node.id.get()),
                key => self.by_value(key),
            };
            self.row = key;
            group_of.push(group);
        }
    }

    #[inline]
    fn by_node(&mut self, id: u32) -> u32 {
        let index = id as usize;
        if index >= self.by_node.len() {
            self.by_node.resize((index + 1).next_power_of_two(), NO_GROUP);
        }
        if self.by_node[index] == NO_GROUP {
            self.by_node[index] = self.n as u32;
            if self.n == 0 {
                self.keys[0].refill_nodes().push(id);
            } else {
                self.keys[0].push(node_value(id), self.n);
            }
            self.n += 1;
        }
        self.by_node[index]
    }

    fn by_value(&mut self, key: &[Value]) -> u32 {
        if let Some(&group) = self.by_values.get(key) {
            return group;
        }
        let group = self.n as u32;
        self.bytes += 32 + 2 * key.iter().map(value_bytes).sum::<usize>();
        self.by_values.insert(key.into(), group);
        for (column, value) in self.keys.iter_mut().zip(key) {
            if self.n == 0 {
                column.fill(value, 1);
            } else {
                column.push(value.clone(), self.n);
            }
        }
        self.n += 1;
        group
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.by_node.len() * 4
    }
}

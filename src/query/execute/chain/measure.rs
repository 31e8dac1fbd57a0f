//! What is made of a property: sums, counts and best values, by node of a place or of all trails.

use super::filter::all_have;
use super::{
    Stop,
    filter::column,
    groups::Run,
    hold,
    mask::{Mask, block_ids},
    ring::{Best, FloatSum, IntSum, Ring},
};
use crate::{
    Error,
    graph::{BLOCK_LEN, BLOCK_WORDS, CleanColumn, Column, Snapshot, ValueRef},
    model::Value,
    query::{
        execute::{batch, eval::values::arithmetic},
        function::Aggregator,
        plan::Arithmetic,
    },
};

/// Up to so many nodes, what is measured is read where it is asked for.
const LIFTED_FEW: u64 = if cfg!(test) { 2 } else { 4096 };

/// What was measured, by row.
pub(super) enum Measured {
    Counts(Vec<u64>),
    Ints(Vec<IntSum>),
    Floats(Vec<FloatSum>),
    /// Ranks, and the values by rank.
    Best(Vec<Best>, Vec<Value>),
}

impl Measured {
    /// Returns the number of trails that were measured on.
    pub(super) fn n(&self, row: usize) -> u64 {
        match self {
            Self::Counts(counts) => counts[row],
            Self::Ints(sums) => sums[row].n,
            Self::Floats(sums) => sums[row].n,
            Self::Best(..) => unreachable!("a best value counts nothing"),
        }
    }

    /// Returns it by the rows of `nodes`, of which `known` is a part; both ascend.
    pub(super) fn align(self, known: &[u32], nodes: &[u32]) -> Self {
        fn align<S: Ring>(measured: Vec<S>, known: &[u32], nodes: &[u32]) -> Vec<S> {
            let mut known = known.iter().zip(measured).peekable();
            let mut next = |node: &u32| known.next_if(|(id, _)| *id == node).map_or(S::ZERO, |(_, weight)| weight);
            nodes.iter().map(&mut next).collect()
        }
        match self {
            Self::Counts(counts) => Self::Counts(align(counts, known, nodes)),
            Self::Ints(sums) => Self::Ints(align(sums, known, nodes)),
            Self::Floats(sums) => Self::Floats(align(sums, known, nodes)),
            Self::Best(best, values) => Self::Best(align(best, known, nodes), values),
        }
    }

    /// Returns the results of `n` groups.
    pub(super) fn finish(
        self,
        function: Aggregator,
        n: usize,
        place: impl Fn(usize) -> usize,
    ) -> Result<batch::Column, Stop> {
        fn group<S: Ring>(rows: Vec<S>, n: usize, place: impl Fn(usize) -> usize) -> Vec<S> {
            let mut groups = vec![S::ZERO; n];
            for (row, weight) in rows.into_iter().enumerate() {
                let group = &mut groups[place(row)];
                *group = group.add(weight);
            }
            groups
        }
        Ok(match self {
            Self::Counts(counts) => {
                let counts = group(counts, n, place).into_iter();
                batch::Column::Ints(
                    counts.map(|n| i64::try_from(n).map_err(|_| too_large())).collect::<Result<_, _>>()?,
                )
            }
            Self::Ints(sums) => {
                let sums = group(sums, n, place).into_iter().map(|sum| int_result(function, sum));
                batch::Column::Values(sums.collect::<Result<_, _>>()?)
            }
            Self::Floats(sums) => {
                let sums = group(sums, n, place).into_iter().map(|FloatSum { n, sum }| match function {
                    Aggregator::Avg if n == 0 => Value::Null,
                    Aggregator::Avg => Value::Float(sum / n as f64),
                    _ if n == 0 => Value::Int(0),
                    _ => Value::Float(sum),
                });
                batch::Column::Values(sums.collect())
            }
            Self::Best(best, values) => {
                let best = group(best, n, place).into_iter();
                batch::Column::Values(
                    best.map(|Best(rank)| values.get(rank as usize).cloned().unwrap_or_default()).collect(),
                )
            }
        })
    }
}

impl Run<'_, '_> {
    /// Measures a property of another place for each node of a place.
    pub(super) fn measure(
        &mut self,
        group: usize,
        function: Aggregator,
        node: usize,
        key: &str,
    ) -> Result<(Vec<u32>, Measured), Stop> {
        let snapshot = self.ground.snapshot;
        let column = column(snapshot, key);
        if function == Aggregator::Count {
            let lift = |id: u32| Ok(u64::from(!matches!(column.get(id)?, ValueRef::Null)));
            let found = self.weights_at::<u64>(group, Some((node, &lift)))?;
            return Ok((ids(&found), Measured::Counts(weights(found))));
        }
        let mask = self.mask(node)?;
        if matches!(function, Aggregator::Min | Aggregator::Max) {
            hold(self.ground.values, mask.n(snapshot) as usize * (size_of::<Value>() + 8))?;
            let (ranks, values) = ranks(snapshot, &mask, column, function == Aggregator::Max)?;
            let lift = |id: u32| Ok(Best(ranks[id as usize]));
            let found = self.weights_at::<Best>(group, Some((node, &lift)))?;
            return Ok((ids(&found), Measured::Best(weights(found), values)));
        }
        match kind_of(snapshot, &mask, column)? {
            Kind::Ints if mask.n(snapshot) > LIFTED_FEW && all_have(snapshot, &mask, column)? => {
                // Every node has one, and most will be asked for: decoded once, by block.
                hold(self.ground.values, snapshot.node_id_end() as usize * size_of::<u64>())?;
                let mut numbers = u64::zeroes(self.ground.pool, snapshot.node_id_end() as usize);
                decode(snapshot, &mask, column, &mut numbers)?;
                let lift = |id: u32| Ok(IntSum { n: 1, sum: (numbers[id as usize] as i64).into() });
                let found = self.weights_at::<IntSum>(group, Some((node, &lift)));
                numbers.fill(0);
                u64::give_back(self.ground.pool, numbers);
                let found = found?;
                Ok((ids(&found), Measured::Ints(weights(found))))
            }
            Kind::Ints => {
                let lift = |id: u32| {
                    Ok(match column.get(id)? {
                        ValueRef::Int(number) => IntSum { n: 1, sum: number.into() },
                        _ => IntSum::ZERO,
                    })
                };
                let found = self.weights_at::<IntSum>(group, Some((node, &lift)))?;
                Ok((ids(&found), Measured::Ints(weights(found))))
            }
            Kind::Floats => {
                let lift = |id: u32| {
                    Ok(match column.get(id)? {
                        ValueRef::Float(number) => FloatSum { n: 1, sum: number },
                        _ => FloatSum::ZERO,
                    })
                };
                let found = self.weights_at::<FloatSum>(group, Some((node, &lift)))?;
                Ok((ids(&found), Measured::Floats(weights(found))))
            }
            Kind::Texts | Kind::Other => Err(Stop::General),
        }
    }

    /// Aggregates a property of nodes that so many trails go through each.
    pub(super) fn fold(&mut self, function: Aggregator, key: &str, weights: &[(u32, u64)]) -> Result<Value, Stop> {
        let column = column(self.ground.snapshot, key);
        let mut n = 0u64;
        let (mut ints, mut floats, mut n_floats) = (0i128, 0.0f64, 0u64);
        let mut best: Option<Value> = None;
        for &(id, times) in weights {
            let value = column.get(id)?;
            if matches!(value, ValueRef::Null) || times == 0 {
                continue;
            }
            n = n.add(times);
            match function {
                Aggregator::Count => {}
                Aggregator::Min | Aggregator::Max => {
                    let value = value.to_value();
                    let better = best.as_ref().is_none_or(|best| {
                        let order = value.order(best);
                        if function == Aggregator::Min { order.is_lt() } else { order.is_gt() }
                    });
                    if better {
                        best = Some(value);
                    }
                }
                Aggregator::Sum | Aggregator::Avg => match value {
                    ValueRef::Int(number) => ints = ints.wrapping_add(i128::from(number).wrapping_mul(times.into())),
                    ValueRef::Float(number) => {
                        floats += number * times as f64;
                        n_floats += 1;
                    }
                    _ => return Err(Stop::General),
                },
                _ => return Err(Stop::General),
            }
        }
        self.ground.values.tick(weights.len())?;
        if n == u64::MAX {
            return Err(too_large());
        }
        Ok(match function {
            Aggregator::Count => count(n)?,
            Aggregator::Min | Aggregator::Max => best.unwrap_or_default(),
            _ if n_floats > 0 => {
                let sum = floats + ints as f64;
                Value::Float(if function == Aggregator::Avg { sum / n as f64 } else { sum })
            }
            _ => int_result(function, IntSum { n, sum: ints })?,
        })
    }
}

fn int_result(function: Aggregator, IntSum { n, sum }: IntSum) -> Result<Value, Stop> {
    if n == u64::MAX {
        return Err(too_large());
    }
    if function == Aggregator::Avg {
        return Ok(if n == 0 { Value::Null } else { Value::Float(sum as f64 / n as f64) });
    }
    i64::try_from(sum).map(Value::Int).map_err(|_| too_large())
}

pub(super) fn count(n: u64) -> Result<Value, Stop> {
    i64::try_from(n).map(Value::Int).map_err(|_| too_large())
}

/// Returns the error of adding integers beyond the largest. Walking the trails would say so too, but not in our time.
fn too_large() -> Stop {
    let sum = arithmetic(Arithmetic::Add, &Value::Int(i64::MAX), &Value::Int(1));
    sum.map_or_else(Stop::Error, |_| Stop::General)
}

/// What values a property has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Integers, or none at all.
    Ints,
    Floats,
    Texts,
    Other,
}

/// Returns what values the nodes of a mask have.
pub(super) fn kind_of(snapshot: &Snapshot, mask: &Mask, column: Column<'_>) -> Result<Kind, Error> {
    let mut kind = None;
    for block in 0..snapshot.n_node_blocks() {
        let words = mask.block(snapshot, block)?;
        if words == [0; BLOCK_WORDS] {
            continue;
        }
        let of_block = match column.clean_block(block)? {
            CleanColumn::Empty => continue,
            CleanColumn::Whole(values) if values.presence().count() == 0 => continue,
            CleanColumn::Whole(values) if values.ints().is_some() => Kind::Ints,
            CleanColumn::Whole(values) if values.floats().is_some() => Kind::Floats,
            CleanColumn::Whole(values) if values.strs().is_some() => Kind::Texts,
            _ => {
                let mut found = None;
                for id in block_ids(block, &words) {
                    let of_value = match column.get(id)? {
                        ValueRef::Null => continue,
                        ValueRef::Int(_) => Kind::Ints,
                        ValueRef::Float(_) => Kind::Floats,
                        ValueRef::Str(_) => Kind::Texts,
                        _ => Kind::Other,
                    };
                    if found.is_some_and(|found| found != of_value) {
                        return Ok(Kind::Other);
                    }
                    found = Some(of_value);
                }
                let Some(found) = found else { continue };
                found
            }
        };
        if kind.is_some_and(|kind| kind != of_block) {
            return Ok(Kind::Other);
        }
        kind = Some(of_block);
    }
    Ok(kind.unwrap_or(Kind::Ints))
}

/// Writes the integers of a mask's nodes, by node.
fn decode(snapshot: &Snapshot, mask: &Mask, column: Column<'_>, numbers: &mut [u64]) -> Result<(), Error> {
    let mut decoded = [0i64; BLOCK_LEN];
    for block in 0..snapshot.n_node_blocks() {
        let words = mask.block(snapshot, block)?;
        if words == [0; BLOCK_WORDS] {
            continue;
        }
        let from = block as usize * BLOCK_LEN;
        let numbers = &mut numbers[from..from + BLOCK_LEN];
        match column.clean_block(block)? {
            CleanColumn::Whole(values) if values.ints().is_some() => {
                if let Some(ints) = values.ints() {
                    ints.fill_i64(&mut decoded);
                }
                numbers.iter_mut().zip(&decoded).for_each(|(number, decoded)| *number = *decoded as u64);
            }
            _ => {
                for id in block_ids(block, &words) {
                    if let ValueRef::Int(number) = column.get(id)? {
                        numbers[id as usize % BLOCK_LEN] = number as u64;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Returns the rank of each node's value, and the values by rank: least first, or greatest first.
fn ranks(
    snapshot: &Snapshot,
    mask: &Mask,
    column: Column<'_>,
    descending: bool,
) -> Result<(Vec<u32>, Vec<Value>), Error> {
    let mut values: Vec<(Value, u32)> = Vec::new();
    for block in 0..snapshot.n_node_blocks() {
        for id in block_ids(block, &mask.block(snapshot, block)?) {
            let value = column.value(id)?;
            if !value.is_null() {
                values.push((value, id));
            }
        }
    }
    values.sort_by(|(a, _), (b, _)| if descending { b.order(a) } else { a.order(b) });
    let mut ranks = vec![Best::ZERO.0; snapshot.node_id_end() as usize];
    values.iter().enumerate().for_each(|(rank, (_, id))| ranks[*id as usize] = rank as u32);
    Ok((ranks, values.into_iter().map(|(value, _)| value).collect()))
}

fn ids<S>(found: &[(u32, S)]) -> Vec<u32> {
    found.iter().map(|(id, _)| *id).collect()
}

fn weights<S>(found: Vec<(u32, S)>) -> Vec<S> {
    found.into_iter().map(|(_, weight)| weight).collect()
}

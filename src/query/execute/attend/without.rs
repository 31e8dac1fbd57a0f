//! `WHY WITHOUT`: the relationship that matters most to a candidate's rank.
//!
//! For each relationship that any of a candidate's rows came by, the group is ranked once more without the rows that came by
//! it: what mask and boosts aggregate, saliences and the softmax are those of the rows that are left, so that the rank is the
//! one that the same query finds once the relationship is deleted. The one that lowers the candidate most is told: to no rank at
//! all, else to the last rank, else to the lowest logit; none, where no single one lowers it. A relationship that several
//! candidates came by is tried once for all of them. Cost: a ranking of the group for each relationship on the way to what is
//! returned.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Spec,
    ask::Asked,
    groups::{Candidate, Rows},
    inner::Inner,
    score::{Candidates, score},
    way::on_way,
};
use crate::{
    Result,
    attention::Attention,
    model::RelId,
    query::{
        execute::{Context, batch::Batch},
        plan::Slot,
    },
};

/// What becomes of a candidate without a relationship.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Without {
    pub(super) rel: RelId,
    /// From 1; none where nothing leads to it any more.
    pub(super) rank: Option<usize>,
}

/// A candidate that is returned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Its place in the list of candidates.
    pub(super) at: u32,
    pub(super) rank: usize,
    pub(super) logit: f32,
}

/// Returns, for each of the standings, the relationship without which it stands worst.
pub(super) fn without(
    ctx: &mut Context,
    spec: &mut Spec,
    asked: &Asked,
    of: Candidates<'_>,
    group: &[u32],
    standings: &[Standing],
    (kept, batch): (&[Slot], &mut Batch),
) -> Result<Vec<Option<Without>>> {
    let mut attention = Attention::default();
    // Which rows of the group came by each relationship that leads to a standing.
    let mut rows_by: FxHashMap<RelId, FxHashSet<u32>> = FxHashMap::default();
    let mut standings_by: Vec<(RelId, usize)> = Vec::new();
    for (at, standing) in standings.iter().enumerate() {
        for row in of.chains.of(&of.list[standing.at as usize]) {
            on_way(of.batch, &spec.ways, row, |rel| {
                rows_by.entry(rel).or_default();
                standings_by.push((rel, at));
                Ok(())
            })?;
        }
    }
    standings_by.sort_unstable();
    standings_by.dedup();
    for at in group {
        for row in of.chains.of(&of.list[*at as usize]) {
            on_way(of.batch, &spec.ways, row, |rel| {
                if let Some(rows) = rows_by.get_mut(&rel) {
                    rows.insert(row);
                }
                Ok(())
            })?;
        }
    }
    let mut worst: Vec<Option<(Without, f32)>> = vec![None; standings.len()];
    for of_rel in standings_by.chunk_by(|a, b| a.0 == b.0) {
        let rel = of_rel[0].0;
        let gone = &rows_by[&rel];
        let (list, chains) = left(of, group, gone);
        ctx.tick(list.len() * 64)?;
        let inner = Inner::of(ctx, spec, of.batch, &list, &chains, (kept, batch))?;
        let places: Vec<u32> = (0..list.len() as u32).collect();
        let candidates = Candidates { batch: of.batch, list: &list, chains: &chains, inner: &inner };
        let ranked: FxHashMap<u32, (usize, f32)> =
            score(ctx.view(), spec, asked, candidates, &places, &mut attention, |_, attention| {
                let ranked = attention.top(list.len());
                let rank = |(place, ranked): (usize, crate::attention::Ranked)| {
                    let logit = attention.logit(ranked.index).unwrap_or(f32::NEG_INFINITY);
                    (list[ranked.index as usize].id, (place + 1, logit))
                };
                Ok(ranked.into_iter().enumerate().map(rank).collect())
            })?;
        for (_, at) in of_rel {
            let standing = standings[*at];
            let found = ranked.get(&of.list[standing.at as usize].id).copied();
            let (rank, logit) = (found.map(|found| found.0), found.map_or(f32::NEG_INFINITY, |found| found.1));
            let is_lower =
                rank.is_none_or(|rank| rank > standing.rank || (rank == standing.rank && logit < standing.logit));
            // No rank is worse than the last.
            let order = |rank: Option<usize>| rank.unwrap_or(usize::MAX);
            let is_worst = worst[*at].is_none_or(|(known, known_logit)| {
                (order(rank), known_logit)
                    .partial_cmp(&(order(known.rank), logit))
                    .is_some_and(std::cmp::Ordering::is_gt)
            });
            if is_lower && is_worst {
                worst[*at] = Some((Without { rel, rank }, logit));
            }
        }
    }
    Ok(worst.into_iter().map(|worst| worst.map(|(without, _)| without)).collect())
}

/// Returns a group's candidates without some rows, in the order of their ids.
fn left(of: Candidates<'_>, group: &[u32], gone: &FxHashSet<u32>) -> (Vec<Candidate>, Rows) {
    let mut chains = Rows::of_length(of.batch.len);
    let mut list = Vec::with_capacity(group.len());
    for at in group {
        let candidate = &of.list[*at as usize];
        list.extend(chains.chain(candidate.id, of.chains.of(candidate).filter(|row| !gone.contains(row))));
    }
    (list, chains)
}

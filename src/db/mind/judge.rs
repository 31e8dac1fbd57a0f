//! Every relationship of a view as choosing sees it: judged, and with what protects it.

use std::hash::{Hash as _, Hasher as _};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use crate::{
    Result,
    db::policy::Covered,
    graph::{Snapshot, encode_value},
    metacognition::{
        attention::{self, Attention, Relations},
        choose::Fact,
        judge::{frame::Ends, model::Judge, state::RelState},
        ledger::{self, Evidence},
    },
    model::{NoteTable, Policy, RelId},
};

/// The relationships of a view, judged.
pub(super) struct Judged {
    pub(super) facts: Vec<Fact>,
    /// In the order of `facts`.
    pub(super) evidence: Vec<Evidence>,
    /// The text of the query that attended last, as a hash, in the order of `facts`.
    pub(super) queries: Vec<u64>,
    /// The judge, where it has learnt just now.
    pub(super) learnt: Option<Judge>,
}

/// Judges every relationship; `scope` has those a compaction is about, or is `None` for all; `policies` say which of them must
/// stay and how far each may fall; what may be younger than `grace` seconds must stay too.
///
/// # Errors
/// `Corrupt` where a block is damaged.
pub(super) fn judge(view: &Snapshot, scope: Option<&FxHashSet<u32>>, policies: &Covered, grace: f64) -> Result<Judged> {
    let mut attended: FxHashMap<u32, Attention> = FxHashMap::default();
    attention::each(view, &mut |id, attention| {
        attended.insert(id.get(), attention);
        Ok(())
    })?;
    let mut pinned = FxHashSet::default();
    view.each_note(NoteTable::Pin, 0, &mut |id, _| {
        pinned.insert(id);
        Ok(())
    })?;
    let (clock, begun) = (super::now(view)?, begun(view)?);
    let (now, young_from) = (clock.now, if grace > 0.0 { clock.young_from(grace) } else { u32::MAX });
    let mut facts = Vec::with_capacity(view.n_rels() as usize);
    each_rel(view, &mut |id, record| {
        let policy = policies.of(id);
        let prune_allowed = policy.and_then(|policy| policy.prune_allowed);
        facts.push(Fact {
            rel: id.get(),
            start: record.start.get(),
            end: record.end.get(),
            rel_type: record.rel_type.get(),
            same: u64::from(id.get()),
            salience: view.salience(id)?,
            judged: 0.0,
            is_attended: attended.get(&id.get()).is_some_and(|attention| attention.n_accesses > 0),
            must_stay: pinned.contains(&id.get()) || id.get() >= young_from || prune_allowed == Some(false),
            floor: policy.map_or(0.0, |policy| policy.floor as f32),
            target: policy.and_then(|policy| target(policy, attended.get(&id.get()), now, begun)),
            may_go: prune_allowed == Some(true),
            in_scope: scope.is_none_or(|scope| scope.contains(&id.get())),
        });
        Ok(())
    })?;
    find_same(view, &mut facts)?;
    let mut relations = vec![None; view.rel_id_end as usize];
    for fact in &facts {
        relations[fact.rel as usize] = Some(Ends { head: fact.start, tail: fact.end, kind: fact.rel_type });
    }
    let relations = Relations(relations);
    let (judge, is_new) = attention::judge(view, &relations)?;
    let state = |rel: u32| attended.get(&rel).map_or_else(RelState::default, |attention| attention.state);
    let judged = judge.judge(&relations, &state, attention::standing(view)?.shown);
    for fact in &mut facts {
        fact.judged = judged[fact.rel as usize];
    }
    let of = |fact: &Fact| {
        let attention = attended.get(&fact.rel);
        Evidence {
            judged: fact.judged,
            n_accesses: attention.map_or(0, |attention| attention.n_accesses),
            n_sources: attention.map_or(0, |attention| attention.state.distinct_sources().round() as u32),
            last: attention.map_or(f64::NEG_INFINITY, |attention| attention.last),
        }
    };
    let evidence = facts.iter().map(of).collect();
    let queries =
        facts.iter().map(|fact| attended.get(&fact.rel).map_or(0, |attention| attention.last_query)).collect();
    Ok(Judged { facts, evidence, queries, learnt: is_new.then_some(judge) })
}

/// Returns the salience that a policy gives a relationship, where it says how salience goes:
///
/// ```text
/// floor + (1 + onAccess · attention + onReject · rejections - floor) · 2^(-age / halfLife)
/// ```
///
/// `attention` is the sum of the weights of all accesses, `age` the time since the last of them, or since the first record of
/// the ledger where there was none (the policy's own is in it).
fn target(policy: &Policy, attention: Option<&Attention>, now: f64, begun: f64) -> Option<f32> {
    if policy.half_life_seconds.is_none() && policy.on_access.is_none() && policy.on_reject.is_none() {
        return None;
    }
    let state = attention.map_or_else(RelState::default, |attention| attention.state);
    let last = attention.map(|attention| attention.last).filter(|last| last.is_finite()).unwrap_or(begun);
    let fade = policy.half_life_seconds.map_or(1.0, |half_life| 2_f64.powf(-(now - last).max(0.0) / half_life));
    let gained = policy.on_access.unwrap_or(0.0) * f64::from(state.total);
    let lost = policy.on_reject.unwrap_or(0.0) * f64::from(state.rejections);
    Some((policy.floor + (1.0 + gained + lost - policy.floor) * fade) as f32)
}

/// Returns when the first record of the ledger was made.
fn begun(view: &Snapshot) -> Result<f64> {
    Ok(ledger::find(view, 0)?.map_or(f64::NEG_INFINITY, |(record, _)| record.at))
}

fn each_rel(view: &Snapshot, visit: &mut dyn FnMut(RelId, crate::graph::RelRecord) -> Result<()>) -> Result<()> {
    for block in 0..view.n_rel_blocks() {
        for (at, mut word) in view.rel_words(block)?.into_iter().enumerate() {
            while word != 0 {
                let id = RelId::new(block * crate::graph::BLOCK_LEN as u32 + at as u32 * 64 + word.trailing_zeros());
                word &= word - 1;
                if let Some(record) = view.rel_record(id)? {
                    visit(id, record)?;
                }
            }
        }
    }
    Ok(())
}

/// Sets what says which relationships of one type between the same ends are the same: only those have their properties read.
fn find_same(view: &Snapshot, facts: &mut [Fact]) -> Result<()> {
    let mut seen: FxHashMap<(u32, u32, u32), u32> = FxHashMap::default();
    let mut twins = FxHashSet::default();
    for fact in facts.iter() {
        let key = (fact.rel_type, fact.start, fact.end);
        if seen.insert(key, fact.rel).is_some() {
            twins.insert(key);
        }
    }
    for fact in facts.iter_mut().filter(|fact| twins.contains(&(fact.rel_type, fact.start, fact.end))) {
        let mut hasher = FxHasher::default();
        for (key, value) in view.rel_props(RelId::new(fact.rel))? {
            let mut bytes = Vec::new();
            encode_value(&value, &mut bytes);
            (key.get(), bytes).hash(&mut hasher);
        }
        fact.same = hasher.finish();
    }
    Ok(())
}

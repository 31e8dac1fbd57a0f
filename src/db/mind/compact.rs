//! `kg.compact`: judge, choose, do; and look what recent queries make of it before it counts.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{
    Inner,
    args::{self, CompactOptions},
    judge::{self, Judged},
    look::reason,
    now,
    replay::{self, CORRELATION_MIN, Compared, RECALL_MIN},
    told,
};
use crate::{
    Error, QueryError, Result,
    db::{
        Params, QueryOptions,
        execute::{self, Run, check},
        policy::covered,
    },
    graph::{Snapshot, Transaction},
    metacognition::{
        archive, attention,
        choose::{Action, Keep, Limits as ChoiceLimits, Strategy, Usual},
        ledger::{self, Change, Deed, Entry, Kind},
    },
    model::{RelId, Value},
    query::execute::Limits,
};

/// The share of those kept that protection may take, before any refusal; each refusal since the last compaction doubles it.
const PROTECTED_SHARE: f64 = 0.05;
const PROTECTED_SHARE_MAX: f64 = 0.5;

/// Who compacts by itself.
const BACKGROUND: &str = "background";

/// Relationships changed between two looks whether to go on.
const CHANGES_BETWEEN_CHECKS: usize = 1024;

/// `kg.compact(options)`: a row for each change, or for a dry run each that would be made; one row where it refused itself.
///
/// # Errors
/// Those of options; `Cancelled`, `Deadline`; `Corrupt` where a block is damaged.
pub(super) fn call(
    inner: &Arc<Inner>,
    transaction: &mut Transaction,
    options: &Value,
    limits: &Limits,
) -> Result<Vec<Vec<Value>>> {
    let options = args::compact(options)?;
    run(inner, transaction, &options, "kg.compact", limits)
}

/// Compacts.
///
/// # Errors
/// As [`call`].
pub(super) fn run(
    inner: &Arc<Inner>,
    transaction: &mut Transaction,
    options: &CompactOptions,
    actor: &str,
    limits: &Limits,
) -> Result<Vec<Vec<Value>>> {
    let before = Arc::new(transaction.view().clone());
    let scope = match &options.matching {
        Some(pattern) => Some(matching(inner, pattern, &before)?),
        None => None,
    };
    let policies = covered(&before, &inner.procedures, limits)?;
    let judged = judge::judge(&before, scope.as_ref(), &policies, options.grace)?;
    check(limits)?;
    let keep = match (options.keep_fraction, options.below) {
        (Some(fraction), _) => Keep::Fraction(fraction),
        (None, Some(below)) => Keep::Above(below as f32),
        (None, None) => Keep::Policies,
    };
    let protected_share = protected_share(&before)?;
    let reweigh = options.reweigh.unwrap_or(true);
    let actions = Usual.choose(&judged.facts, &ChoiceLimits { keep, protected_share, reweigh });
    check(limits)?;
    let changes = changes(&judged, &actions);
    let next = ledger::next_id(&before)?;
    let id = if options.dry_run { Value::Null } else { Value::Int(next.into()) };
    let rows = rows(&before, &judged, &actions, &id)?;
    if options.dry_run {
        return Ok(rows);
    }
    if let Some(judge) = &judged.learnt {
        attention::keep_judge(transaction, judge)?;
    }
    if changes.is_empty() {
        return Ok(rows);
    }
    let mut clock = now(&before)?;
    let point = transaction.save();
    apply(transaction, &changes, next, clock.now, limits)?;
    let after = Arc::new(transaction.view().clone());
    let compared = replay::compare(inner, &inner.mind.reservoir().queries(), &before, &after)?;
    let policy = told_limits(options, protected_share);
    if let Some(why) = harm(&compared, options) {
        transaction.restore(point);
        let id = refuse(transaction, actor, &policy, &why)?;
        let row = [Value::Int(id.into()), Value::Null, "refuse".into(), Value::Null, Value::Null, why.into()];
        return Ok(vec![row.into()]);
    }
    let evidence = told_comparison(&compared);
    let entry = Entry {
        at: clock.now,
        kind: Kind::Compaction,
        actor,
        policy: &policy,
        evidence: &evidence,
        undoes: None,
        changes: &changes,
    };
    ledger::append(transaction, &entry)?;
    clock.keep(transaction)?;
    Ok(rows)
}

fn apply(transaction: &mut Transaction, changes: &[Change], id: u32, at: f64, limits: &Limits) -> Result<()> {
    for changes in changes.chunks(CHANGES_BETWEEN_CHECKS) {
        check(limits)?;
        for change in changes {
            let rel = RelId::new(change.rel);
            if change.deed.puts_away() {
                archive::put_away(transaction, rel, id, at)?;
            } else {
                transaction.set_salience(rel, change.new)?;
            }
        }
    }
    Ok(())
}

/// What a compaction by policies comes to.
pub(super) struct Planned {
    pub(super) changes: Vec<Change>,
    pub(super) policy: String,
    pub(super) evidence: String,
}

/// Judges and chooses as the policies say, on a snapshot, and tries there what it comes to. Returns `None` where there is
/// nothing to do, or it refuses itself, which the ledger then tells.
///
/// # Errors
/// Those of a commit; `Corrupt` where a block is damaged.
pub(super) fn plan_by_policies(inner: &Arc<Inner>) -> Result<Option<Planned>> {
    let before = inner.engine.snapshot();
    let options = CompactOptions { grace: inner.options.compact_grace.as_secs_f64(), ..CompactOptions::default() };
    let policies = covered(&before, &inner.procedures, &Limits::default())?;
    let judged = judge::judge(&before, None, &policies, options.grace)?;
    let protected_share = protected_share(&before)?;
    let choice = ChoiceLimits { keep: Keep::Policies, protected_share, reweigh: true };
    let actions = Usual.choose(&judged.facts, &choice);
    let changes = changes(&judged, &actions);
    if let Some(judge) = &judged.learnt {
        let mut writer = inner.engine.begin()?;
        let mut transaction = writer.take();
        let kept = attention::keep_judge(&mut transaction, judge);
        writer.put(transaction);
        kept?;
        writer.commit(inner.options.durability)?;
    }
    if changes.is_empty() {
        return Ok(None);
    }
    let mut trial = Transaction::new((*before).clone());
    apply(&mut trial, &changes, 0, 0.0, &Limits::default())?;
    let after = Arc::new(trial.view().clone());
    let compared = replay::compare(inner, &inner.mind.reservoir().queries(), &before, &after)?;
    let policy = told_limits(&options, protected_share);
    if let Some(why) = harm(&compared, &options) {
        let mut writer = inner.engine.begin()?;
        let mut transaction = writer.take();
        let refused = refuse(&mut transaction, BACKGROUND, &policy, &why);
        writer.put(transaction);
        refused?;
        writer.commit(inner.options.durability)?;
        return Ok(None);
    }
    Ok(Some(Planned { changes, policy, evidence: told_comparison(&compared) }))
}

/// Makes some of the changes of a plan, in a transaction of their own. What is no longer as it was judged is left alone.
///
/// # Errors
/// Those of a commit; `Corrupt` where a block is damaged.
pub(super) fn commit_part(inner: &Inner, policy: &str, evidence: &str, changes: &[Change]) -> Result<()> {
    let mut writer = inner.engine.begin()?;
    let mut transaction = writer.take();
    let done = do_part(&mut transaction, policy, evidence, changes);
    writer.put(transaction);
    done?;
    writer.commit(inner.options.durability).map(drop)
}

fn do_part(transaction: &mut Transaction, policy: &str, evidence: &str, changes: &[Change]) -> Result<()> {
    let mut still = Vec::with_capacity(changes.len());
    for change in changes {
        let rel = RelId::new(change.rel);
        if transaction.view().rel_exists(rel)? && transaction.view().salience(rel)? == change.old {
            still.push(*change);
        }
    }
    if still.is_empty() {
        return Ok(());
    }
    let mut clock = now(transaction.view())?;
    let id = ledger::next_id(transaction.view())?;
    apply(transaction, &still, id, clock.now, &Limits::default())?;
    let entry = Entry {
        at: clock.now,
        kind: Kind::Compaction,
        actor: BACKGROUND,
        policy,
        evidence,
        undoes: None,
        changes: &still,
    };
    ledger::append(transaction, &entry)?;
    clock.keep(transaction)
}

fn refuse(transaction: &mut Transaction, actor: &str, policy: &str, why: &str) -> Result<u32> {
    let mut clock = now(transaction.view())?;
    let entry = Entry { at: clock.now, kind: Kind::Refusal, actor, policy, evidence: why, undoes: None, changes: &[] };
    let id = ledger::append(transaction, &entry)?;
    clock.keep(transaction)?;
    Ok(id)
}

fn told_comparison(compared: &Compared) -> String {
    let Compared { n_queries, recall, correlation } = compared;
    format!("{n_queries} recent queries replayed: recall {recall:.3}, rank correlation {correlation:.3}")
}

/// Returns the share that protection may take: each refusal since the last compaction doubles it.
fn protected_share(view: &Snapshot) -> Result<f64> {
    Ok((PROTECTED_SHARE * 2_f64.powi(refusals(view)?)).min(PROTECTED_SHARE_MAX))
}

/// Returns the relationships that a pattern matches as `r`.
fn matching(inner: &Arc<Inner>, pattern: &str, view: &Arc<Snapshot>) -> Result<FxHashSet<u32>> {
    let text = format!("MATCH {pattern} RETURN DISTINCT id(r) AS id, type(r) AS type");
    let params = Params::default();
    let options = QueryOptions { notice: Some(false), ..QueryOptions::default() };
    let run = Run { options: Some(&options), ..Run::new(inner, &text, &params) };
    let wrong = |error: Error| -> Error {
        let message = format!("`match` is no pattern with a relationship `r`: {error}");
        let error = QueryError::run("22N31", "ArgumentError", "InvalidArgumentValue", message);
        error.hint("for example: match: '()-[r:HEARD]->() WHERE r.since < 10'").into()
    };
    let mut rows = execute::on_snapshot(run, view).map_err(wrong)?;
    let mut found = FxHashSet::default();
    while let Some(row) = rows.next_row()? {
        match row.values().first() {
            Some(Value::Int(id)) => found.extend(u32::try_from(*id)),
            Some(Value::Null) | None => {}
            Some(other) => {
                let message = format!("`r` in `match` is a relationship, not {other}");
                return Err(QueryError::type_error("InvalidArgumentType", message).into());
            }
        }
    }
    Ok(found)
}

/// Returns how many compactions refused themselves since the last that did not.
fn refusals(view: &Snapshot) -> Result<i32> {
    let mut n = 0;
    ledger::each(view, 0, &mut |record, _| {
        match record.kind {
            Kind::Refusal => n += 1,
            Kind::Compaction => n = 0,
            _ => {}
        }
        Ok(())
    })?;
    Ok(n)
}

fn changes(judged: &Judged, actions: &[Action]) -> Vec<Change> {
    let mut changes = Vec::new();
    for ((fact, evidence), action) in judged.facts.iter().zip(&judged.evidence).zip(actions) {
        let (deed, new) = match action {
            Action::Keep => continue,
            Action::Reinforce(new) => (Deed::Reinforce, *new),
            Action::Decay(new) => (Deed::Decay, *new),
            Action::Merge(_) => (Deed::Merge, 0.0),
            Action::Archive => (Deed::Archive, 0.0),
        };
        changes.push(Change { rel: fact.rel, deed, old: fact.salience, new, evidence: *evidence });
    }
    changes
}

fn rows(view: &Snapshot, judged: &Judged, actions: &[Action], id: &Value) -> Result<Vec<Vec<Value>>> {
    let mut rows = Vec::new();
    let all = judged.facts.iter().zip(&judged.evidence).zip(&judged.queries).zip(actions);
    for (((fact, evidence), query), action) in all {
        let (deed, new) = match action {
            Action::Keep => continue,
            Action::Reinforce(new) => (Deed::Reinforce, Value::Float((*new).into())),
            Action::Decay(new) => (Deed::Decay, Value::Float((*new).into())),
            Action::Merge(_) => (Deed::Merge, Value::Null),
            Action::Archive => (Deed::Archive, Value::Null),
        };
        let mut why = reason(evidence);
        if *query != 0 {
            why.push_str(&format!(", by query {query:016x}"));
        }
        if let Action::Merge(into) = action {
            why = format!("the same as relationship {into}; {why}");
        }
        let rel = told(view, RelId::new(fact.rel))?;
        let old = Value::Float(fact.salience.into());
        rows.push(vec![id.clone(), rel, deed.name().into(), old, new, why.into()]);
    }
    Ok(rows)
}

fn told_limits(options: &CompactOptions, protected_share: f64) -> String {
    let mut told = match (options.keep_fraction, options.below) {
        (Some(fraction), _) => format!("keepFraction {fraction}"),
        (None, Some(below)) => format!("below {below}"),
        (None, None) => "policies".to_owned(),
    };
    if let Some(pattern) = &options.matching {
        told.push_str(&format!(", match {pattern}"));
    }
    told.push_str(&format!(", protected {protected_share}"));
    told
}

/// Returns why a compaction refuses itself, if it must.
fn harm(compared: &Compared, options: &CompactOptions) -> Option<String> {
    let (recall_min, correlation_min) =
        (options.recall.unwrap_or(RECALL_MIN), options.correlation.unwrap_or(CORRELATION_MIN));
    let n = compared.n_queries;
    if compared.recall < recall_min {
        let by = recall_min - compared.recall;
        return Some(format!(
            "of the answers of {n} recent queries it would keep {:.3}, {by:.3} below the limit of {recall_min}",
            compared.recall
        ));
    }
    if compared.correlation < correlation_min {
        let by = correlation_min - compared.correlation;
        return Some(format!(
            "the order of {n} recent queries' answers would correlate {:.3}, {by:.3} below the limit of {correlation_min}",
            compared.correlation
        ));
    }
    None
}

//! `CREATE`, `ALTER`, `DROP` and `SHOW POLICY`, and which relationships each policy is of; `CREATE` and `DROP VALIDITY`.

use std::{fmt::Write as _, sync::Arc};

use super::{cache, execute::Run, mind};
use crate::{
    Error, QueryError, Result, Span, Value,
    graph::{Snapshot, Transaction},
    metacognition::ledger::{self, Entry, Kind},
    model::{Policy, RelId, Validity, temporal::Temporal},
    query::{
        ast::{self, PolicyOption},
        compile::Compilation,
        execute::{Execution, Limits, Source},
        policy::{AlterPolicy, CreatePolicy},
        procedure::Procedures,
        suggest,
    },
};

/// Bytes of a statement that the ledger keeps, as the reason of a change.
const TOLD_BYTES_MAX: usize = 4096;

/// Creates a policy. Returns whether it is new.
///
/// # Errors
/// A query error where an option has no value that it may have, where the condition asks for parameters, or as
/// [`Transaction::create_policy`].
pub(super) fn create(run: Run<'_>, statement: &CreatePolicy, transaction: &mut Transaction) -> Result<bool> {
    let ast::CreatePolicy { name, if_not_exists, owner, condition, options, .. } = &statement.create;
    if let Some(covered) = &statement.covered
        && let Some(parameter) = covered.plan.params.first()
    {
        let message = format!("the condition of a policy holds for ever, and ${parameter} only for this statement");
        let error = QueryError::syntax("UnexpectedSyntax", message, condition.as_ref().map_or(name.span, |of| of.1));
        return Err(error.hint("write the value itself").into());
    }
    let values = values(run, statement.values.as_ref(), transaction.view())?;
    let mut types = Vec::with_capacity(owner.names.len());
    for name in &owner.names {
        let rel_type = transaction.rel_type(&name.text)?;
        if !types.contains(&rel_type) {
            types.push(rel_type);
        }
    }
    let condition = condition.as_ref().map(|(_, Span { start, end })| {
        Arc::from(run.text.get(*start as usize..*end as usize).expect("a condition is a part of its statement"))
    });
    let mut policy = Policy::new(name.text.clone(), types, owner.variable.clone(), condition);
    set(&mut policy, options, &values)?;
    let is_new = transaction.create_policy(&policy, *if_not_exists).map_err(|error| at(error, name.span))?;
    if is_new {
        tell(run, &name.text, transaction)?;
    }
    Ok(is_new)
}

/// Changes what a policy says.
///
/// # Errors
/// A query error where there is no such policy, or an option has no value that it may have.
pub(super) fn alter(run: Run<'_>, statement: &AlterPolicy, transaction: &mut Transaction) -> Result<()> {
    let ast::AlterPolicy { name, options } = &statement.alter;
    let Some((id, mut policy)) = transaction.view().policy(&name.text)? else {
        return Err(unknown(name, transaction.view()));
    };
    let values = values(run, statement.values.as_ref(), transaction.view())?;
    set(&mut policy, options, &values)?;
    transaction.put_policy(id, &policy)?;
    tell(run, &name.text, transaction)
}

/// Drops a policy. Returns whether it was there.
///
/// # Errors
/// A query error where there is no policy of this name and `IF EXISTS` was not written.
pub(super) fn drop(run: Run<'_>, drop: &ast::DropSchema, transaction: &mut Transaction) -> Result<bool> {
    match transaction.view().policy(&drop.name.text)? {
        Some((id, _)) => {
            transaction.remove_policy(id)?;
            tell(run, &drop.name.text, transaction)?;
            Ok(true)
        }
        None if drop.if_exists => Ok(false),
        None => Err(unknown(&drop.name, transaction.view())),
    }
}

/// Declares when relationships hold. Returns whether that is new.
///
/// # Errors
/// As [`Transaction::create_validity`].
pub(super) fn create_validity(create: &ast::CreateValidity, transaction: &mut Transaction) -> Result<bool> {
    let mut types = Vec::with_capacity(create.owner.names.len());
    for name in &create.owner.names {
        let rel_type = transaction.rel_type(&name.text)?;
        if !types.contains(&rel_type) {
            types.push(rel_type);
        }
    }
    let (since, until) = (transaction.key(&create.since.text)?, transaction.key(&create.until.text)?);
    let validity = Validity { types, since, until, clock: create.clock.as_ref().map(|name| name.text.clone()) };
    transaction.create_validity(&validity, create.if_not_exists).map_err(|error| at(error, create.span))
}

/// Drops a validity. Returns whether it was there.
///
/// # Errors
/// As [`Transaction::drop_validity`].
pub(super) fn drop_validity(drop: &ast::DropValidity, transaction: &mut Transaction) -> Result<bool> {
    let mut types: Vec<&str> = drop.owner.names.iter().map(|name| &*name.text).collect();
    types.sort_unstable();
    types.dedup();
    transaction.drop_validity(&types, drop.if_exists).map_err(|error| at(error, drop.span))
}

/// Tells the ledger of a change: the statement that made it.
fn tell(run: Run<'_>, name: &str, transaction: &mut Transaction) -> Result<()> {
    let statement = run.text.trim();
    let entry = Entry {
        at: mind::now(transaction.view())?.now,
        kind: Kind::Policy,
        actor: "statement",
        policy: name,
        evidence: &statement[..statement.floor_char_boundary(TOLD_BYTES_MAX)],
        undoes: None,
        changes: &[],
    };
    ledger::append(transaction, &entry).map(std::mem::drop)
}

/// Returns the rows of `SHOW POLICIES`, in the order in which they hold.
///
/// # Errors
/// As [`covered`].
pub(super) fn shown(run: Run<'_>, view: &Arc<Snapshot>) -> Result<Vec<Vec<Value>>> {
    let covered = covered(view, &run.inner.procedures, &run.limits())?;
    let n_rels = covered.counts();
    let catalog = view.catalog();
    let float = |number: Option<f64>| number.map_or(Value::Null, Value::Float);
    let row = |(policy, n_rels): (Policy, u64)| {
        vec![
            Value::String(policy.name),
            Value::list(policy.types.iter().map(|rel_type| Value::String(catalog.type_name(*rel_type).clone()))),
            policy.condition.map_or(Value::Null, Value::String),
            float(policy.half_life_seconds),
            Value::Float(policy.floor),
            policy.prune_allowed.map_or(Value::Null, Value::Bool),
            float(policy.prior),
            float(policy.on_access),
            float(policy.on_reject),
            Value::Int(policy.priority),
            Value::Int(n_rels as i64),
        ]
    };
    Ok(covered.policies.into_iter().zip(n_rels).map(row).collect())
}

/// Which policy is of which relationship.
#[derive(Debug)]
pub(crate) struct Covered {
    /// The policies, in the order in which they hold.
    pub(crate) policies: Vec<Policy>,
    /// By relationship: the place of its policy, and one more; 0 and nothing for none.
    of: Vec<u16>,
}

impl Covered {
    /// Returns of how many relationships each policy is.
    fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.policies.len()];
        for place in self.of.iter().filter(|place| **place > 0) {
            counts[usize::from(*place) - 1] += 1;
        }
        counts
    }

    /// Returns the policy of a relationship.
    pub(crate) fn of(&self, rel: RelId) -> Option<&Policy> {
        let place = self.of.get(rel.get() as usize).copied().unwrap_or(0);
        self.policies.get(usize::from(place).checked_sub(1)?)
    }
}

/// Asks of every policy which relationships it is of, as a query with its condition finds them: the first one in the order of
/// priority holds.
///
/// # Errors
/// A query error that names the policy where its condition fails; those of a query.
pub(crate) fn covered(view: &Arc<Snapshot>, procedures: &Procedures, limits: &Limits) -> Result<Covered> {
    let policies = view.policies()?;
    let mut of: Vec<u16> = Vec::new();
    for (place, policy) in policies.iter().enumerate() {
        let text = query_of(policy, view);
        let named = |error: Error| match error {
            Error::Query(error) => {
                let QueryError { code, kind, detail, message, .. } = *error;
                let message = format!("the condition of policy `{}` fails: {message}", policy.name);
                let error = QueryError::run(code, kind, detail, message);
                Error::from(error.hint("drop the policy and create it anew"))
            }
            error => error,
        };
        let entry = cache::Entry::compile(&text, view, procedures, false).map_err(named)?;
        let plan = entry.plan.expect("a query has a plan");
        let mut execution = Execution::new(plan, Vec::new(), Source::Read(view.clone()), limits.clone());
        while let Some(n_rows) = execution.next_batch().map_err(named)?.map(|batch| batch.len) {
            for row in 0..n_rows {
                let Some(rel) = execution.column(0).rel(row) else { continue };
                let at = rel as usize;
                if of.len() <= at {
                    of.resize(at + 1, 0);
                }
                if of[at] == 0 {
                    of[at] = place as u16 + 1;
                }
            }
        }
    }
    Ok(Covered { policies, of })
}

/// Returns the query for the relationships of a policy.
fn query_of(policy: &Policy, view: &Snapshot) -> String {
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let variable = quoted(&policy.variable);
    let mut text = format!("MATCH ()-[{variable}");
    for (at, rel_type) in policy.types.iter().enumerate() {
        let separator = if at == 0 { ':' } else { '|' };
        let _ = write!(text, "{separator}{}", quoted(view.catalog().type_name(*rel_type)));
    }
    text.push_str("]->() AT ANY TIME");
    if let Some(condition) = &policy.condition {
        let _ = write!(text, " WHERE {condition}");
    }
    let _ = write!(text, "\nRETURN {variable}");
    text
}

/// Returns the values of the options, in their order.
fn values(run: Run<'_>, query: Option<&Compilation>, view: &Snapshot) -> Result<Vec<Value>> {
    let Some(query) = query else { return Ok(Vec::new()) };
    let params = run.values(&query.plan)?;
    let source = Source::Read(Arc::new(view.clone()));
    let mut execution = Execution::new(query.plan.clone(), params, source, run.limits());
    execution.next_batch()?;
    Ok((0..query.plan.columns.len()).map(|column| execution.column(column).get(0)).collect())
}

/// Sets what the options say; null means the default.
fn set(policy: &mut Policy, options: &ast::PolicyOptions, values: &[Value]) -> Result<()> {
    for ((option, expr), value) in options.values.iter().zip(values) {
        let number = |fits: fn(f64) -> bool, wanted: &str| {
            let number = match value {
                Value::Null => return Ok(None),
                Value::Int(number) => *number as f64,
                Value::Float(number) => *number,
                other => return Err(wrong(*option, other, wanted, expr.span)),
            };
            let fits = number.is_finite() && fits(number);
            if fits { Ok(Some(number)) } else { Err(wrong(*option, value, wanted, expr.span)) }
        };
        match option {
            PolicyOption::HalfLife => policy.half_life_seconds = half_life(value, expr.span)?,
            PolicyOption::Floor => {
                let floor = number(|floor| (0.0..=1.0).contains(&floor), "a number from 0 to 1")?;
                policy.floor = floor.unwrap_or(0.0);
            }
            PolicyOption::Prior => policy.prior = number(|_| true, "a finite number")?,
            PolicyOption::OnAccess => {
                policy.on_access = number(|by| by >= 0.0, "a number of 0 or more: an access weakens nothing")?;
            }
            PolicyOption::OnReject => {
                policy.on_reject = number(|by| by <= 0.0, "a number of 0 or less: a rejection strengthens nothing")?;
            }
            PolicyOption::Priority => {
                policy.priority = match value {
                    Value::Null => 0,
                    Value::Int(priority) => *priority,
                    other => return Err(wrong(*option, other, "an integer", expr.span)),
                };
            }
        }
    }
    policy.prune_allowed = options.prune.or(policy.prune_allowed);
    Ok(())
}

/// Returns the seconds of a half life: a duration, with months of average length, or a number of seconds.
fn half_life(value: &Value, span: Span) -> Result<Option<f64>> {
    let seconds = match value {
        Value::Null => return Ok(None),
        Value::Int(seconds) => *seconds as f64,
        Value::Float(seconds) => *seconds,
        Value::Temporal(temporal) => match &**temporal {
            Temporal::Duration(duration) => duration.seconds_on_average(),
            _ => f64::NAN,
        },
        _ => f64::NAN,
    };
    if seconds.is_finite() && seconds > 0.0 {
        return Ok(Some(seconds));
    }
    Err(wrong(PolicyOption::HalfLife, value, "a duration, or a number of seconds, above 0", span))
}

fn wrong(option: PolicyOption, value: &Value, wanted: &str, span: Span) -> Error {
    let message = format!("{} must be {wanted}, not {value}", option.words());
    let error = QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).at(span);
    match option {
        PolicyOption::HalfLife => error.hint("write HALF LIFE duration('P30D')").into(),
        PolicyOption::Floor => error.hint("salience falls no lower than FLOOR: FLOOR 0.05").into(),
        _ => error.into(),
    }
}

fn unknown(name: &ast::Name, view: &Snapshot) -> Error {
    let message = format!("there is no policy `{}`", name.text);
    let error = QueryError::run("22N71", "SchemaError", "NoSuchPolicy", message).at(name.span);
    let known = match view.policies() {
        Ok(policies) => policies.into_iter().map(|policy| policy.name).collect::<Vec<_>>(),
        Err(error) => return error,
    };
    let hint = suggest::hint(&name.text, known.iter().map(|name| &**name)).unwrap_or_else(|| match known.as_slice() {
        [] => "CREATE POLICY makes one".to_owned(),
        known => format!("there are {}", known.join(", ")),
    });
    error.hint(hint).into()
}

fn at(error: Error, span: Span) -> Error {
    match error {
        Error::Query(error) => error.at(span).into(),
        error => error,
    }
}

//! Compiled statements by text: the same text is parsed and planned once, as long as its plan stays right.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustc_hash::FxHashMap;

use super::statement::Pool;
use crate::{
    Result,
    graph::Snapshot,
    query::{
        compile::{self, Compiled},
        parse,
        plan::Plan,
        procedure::Procedures,
    },
};

/// Statements kept; when there are more, all are forgotten: a program that makes up texts is better off with parameters.
const ENTRIES_MAX: usize = 512;

/// The longest text kept.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// A compiled statement.
pub(super) struct Entry {
    pub(super) text: Arc<str>,
    pub(super) compiled: Compiled,
    pub(super) plan: Option<Arc<Plan>>,
    pub(super) columns: Arc<[Arc<str>]>,
    pub(super) notices: Vec<String>,
    pub(super) pool: Arc<Pool>,
    /// It was compiled to note what it attends to.
    pub(super) notes: bool,
    pub(super) parse_time: Duration,
    pub(super) plan_time: Duration,
}

impl Entry {
    /// Parses, binds and plans, so that it notes what it attends to or not.
    pub(super) fn compile(text: &str, view: &Snapshot, procedures: &Procedures, notes: bool) -> Result<Self> {
        let start = Instant::now();
        let parsed = parse(text).map_err(|error| super::execute::locate(error, text))?;
        let parse_time = start.elapsed();
        let start = Instant::now();
        let compiled = compile::statement(parsed, view, procedures, notes);
        let compiled = compiled.map_err(|error| super::execute::locate(error, text))?;
        let compilation = match &compiled {
            Compiled::Query(query) | Compiled::Explain(query) | Compiled::Profile(query) => Some(query),
            Compiled::CopyTo(copy) => Some(&copy.query),
            Compiled::Show(_, query) => query.as_ref(),
            _ => None,
        };
        let plan = compilation.map(|query| Arc::clone(&query.plan));
        let columns = plan.iter().flat_map(|plan| &plan.columns).map(|(name, _)| name.clone()).collect();
        let remarks = match &compiled {
            Compiled::CreatePolicy(create) => create.covered.as_ref(),
            _ => compilation,
        };
        let notices = remarks.map_or_else(Vec::new, |query| query.notices.iter().map(|n| n.message.clone()).collect());
        let plan_time = start.elapsed();
        Ok(Self {
            text: text.into(),
            compiled,
            plan,
            columns,
            notices,
            pool: Arc::default(),
            notes,
            parse_time,
            plan_time,
        })
    }

    /// Returns whether the plan gives right answers on a view, and notes what it should.
    #[inline]
    pub(super) fn is_valid(&self, view: &Snapshot, notes: bool) -> bool {
        self.notes == notes
            && self.plan.as_ref().is_none_or(|plan| {
                plan.catalog_version == view.catalog().version()
                    && plan.assumptions.iter().all(|assumption| assumption.holds(view))
            })
    }
}

/// Compiled statements by text: those that note nothing, and those that note what they attend to. A text that is asked both
/// ways in turn is compiled twice, not each time.
#[derive(Default)]
pub(super) struct Cache([Mutex<FxHashMap<Arc<str>, Arc<Entry>>>; 2]);

impl Cache {
    /// Returns the statement of a text, compiled for a view.
    pub(super) fn get(&self, text: &str, view: &Snapshot, procedures: &Procedures, notes: bool) -> Result<Arc<Entry>> {
        let entries = &self.0[usize::from(notes)];
        let known = entries.lock().unwrap_or_else(PoisonError::into_inner).get(text).cloned();
        if let Some(entry) = known.filter(|entry| entry.is_valid(view, notes)) {
            return Ok(entry);
        }
        let entry = Arc::new(Entry::compile(text, view, procedures, notes)?);
        if text.len() <= TEXT_BYTES_MAX {
            let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
            if entries.len() >= ENTRIES_MAX {
                entries.clear();
            }
            entries.insert(Arc::clone(&entry.text), Arc::clone(&entry));
        }
        Ok(entry)
    }
}

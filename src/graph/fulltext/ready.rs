//! An index made ready for one view: its words as they are in the files, and what the view has otherwise.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{
    Changes, Fulltexts, Snapshot,
    hub::{self, TAIL_IDS_MAX, lock},
};
use crate::{
    Error, QueryError, Result,
    model::Fulltext,
    text::{
        ask::{self, Ask},
        words::{self, Hit, Near, Part, Sight},
    },
};

/// Views for which an index is kept ready: the newest, and those of some transactions.
const READY_MAX: usize = 4;

/// Parts in memory that are searched beside the files: each commit that is searched for adds one, until they are made one.
const TAILS_MAX: usize = 8;

/// An index as a view sees it.
pub(crate) struct Ready {
    index: Arc<Fulltext>,
    sequence: u64,
    own: Changes,
    /// The files, and the commit they are at; then what later views have otherwise than the part before, the newest last.
    at: u64,
    parts: Vec<Seen>,
    /// The view is not what the files are.
    changed: bool,
}

/// A part, without what later ones say otherwise.
#[derive(Clone)]
struct Seen {
    part: Part,
    except: FxHashSet<u32>,
}

impl Seen {
    fn whole(part: Part) -> Self {
        Self { part, except: FxHashSet::default() }
    }
}

impl Snapshot {
    /// Returns a full-text index made ready for this view.
    ///
    /// # Errors
    /// A query error where there is none of this name; `Corrupt`, `Io` where it cannot be made.
    pub(crate) fn ready_fulltext(&self, name: &str) -> Result<Arc<Ready>> {
        let Some(index) = self.fulltext(name) else {
            let message = format!("there is no full-text index `{name}`");
            let mut names = self.catalog().fulltexts().iter().map(|index| format!("`{}`", index.name));
            let error = QueryError::run("22N71", "SchemaError", "NoSuchIndex", message);
            return Err(match names.next() {
                None => error.hint("make one: CREATE FULLTEXT INDEX names FOR (n:Label) ON EACH [n.name]"),
                Some(first) => error.hint(format!("there is {}", names.fold(first, |all, name| all + ", " + &name))),
            }
            .into());
        };
        let state = self.fulltexts.state(index.number);
        // Files that change while the view does not are seen where nothing else is.
        let known = lock(&state.ready).iter().find(|ready| !index.eventual && ready.is_for(self)).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let ready = Arc::new(self.make_ready(index)?);
        let mut kept = lock(&state.ready);
        if kept.len() >= READY_MAX {
            kept.remove(0);
        }
        kept.push(ready.clone());
        Ok(ready)
    }

    fn make_ready(&self, index: &Arc<Fulltext>) -> Result<Ready> {
        if Fulltexts::is_private(self, index) {
            return self.all_in_memory(index);
        }
        // A view with changes of its own is no commit: the files must not follow it.
        let is_committed = self.changes.is_empty();
        let mut words = self.fulltexts.words(index);
        let changed = words.as_ref().and_then(|(_, at)| self.changed_since(index, *at));
        let is_far = match (&words, &changed) {
            (Some((_, at)), Some(ids)) => !index.eventual && ids.len() > TAIL_IDS_MAX && *at < self.sequence(),
            (Some((_, at)), None) => *at < self.sequence(),
            (None, _) => true,
        };
        if is_far && is_committed {
            match self.fulltexts.catch_up_one(self, index) {
                Ok(_) => words = self.fulltexts.words(index),
                Err(error) => {
                    log::warn!("the full-text index `{}` is searched without its files: {error}", index.name);
                    if matches!(error, Error::Corrupt { .. }) {
                        self.fulltexts.forget(index);
                    }
                }
            }
        }
        let Some((files, at)) = words else { return self.all_in_memory(index) };
        let Some(except) = self.changed_since(index, at) else { return self.all_in_memory(index) };
        let changed = !except.is_empty();
        let parts = if index.eventual || !changed {
            vec![Seen::whole(files)]
        } else if let Some(parts) = self.one_more(index, at)? {
            parts
        } else {
            let tail = Part::of(index.layout(), &mut |sink| hub::changes(self, index, &except, sink))?;
            vec![Seen { part: files, except }, Seen::whole(tail)]
        };
        let (index, own) = (index.clone(), self.changes.clone());
        Ok(Ready { index, sequence: self.sequence(), own, at, parts, changed })
    }

    /// Returns the parts of the newest commit before this one that was searched, and one of what changed since.
    fn one_more(&self, index: &Fulltext, at: u64) -> Result<Option<Vec<Seen>>> {
        let is_before = |ready: &&Arc<Ready>| {
            let is_commit = ready.own.is_empty() && self.changes.is_empty();
            is_commit && ready.at == at && ready.sequence < self.sequence() && ready.parts.len() <= TAILS_MAX
        };
        let state = self.fulltexts.state(index.number);
        let before = lock(&state.ready).iter().filter(is_before).max_by_key(|ready| ready.sequence).cloned();
        let Some(before) = before else { return Ok(None) };
        let since = self.changed_since(index, before.sequence);
        let Some(since) = since.filter(|since| since.len() <= TAIL_IDS_MAX) else { return Ok(None) };
        let mut parts = before.parts.clone();
        if !since.is_empty() {
            parts.iter_mut().for_each(|seen| seen.except.extend(&since));
            parts.push(Seen::whole(Part::of(index.layout(), &mut |sink| hub::changes(self, index, &since, sink))?));
        }
        Ok(Some(parts))
    }

    fn changed_since(&self, index: &Fulltext, at: u64) -> Option<FxHashSet<u32>> {
        self.fulltexts.difference(index, (at, self.sequence()), &self.changes)
    }

    fn all_in_memory(&self, index: &Arc<Fulltext>) -> Result<Ready> {
        let files = Part::of(index.layout(), &mut |sink| self.each_text(index, &mut |id, texts| sink.add(id, texts)))?;
        let (index, own) = (index.clone(), self.changes.clone());
        let (sequence, parts) = (self.sequence(), vec![Seen::whole(files)]);
        Ok(Ready { index, sequence, own, at: sequence, parts, changed: false })
    }
}

impl Snapshot {
    /// Returns what an index says otherwise than the graph: how many texts it has, and how many it should have.
    ///
    /// # Errors
    /// `Corrupt`, `Io` where it cannot be read.
    pub(in crate::graph) fn compare_fulltext(&self, index: &Arc<Fulltext>) -> Result<Option<(u64, u64)>> {
        let ready = self.ready_fulltext(&index.name)?;
        if index.eventual && ready.changed {
            return Ok(None);
        }
        let digest = |ready: &Ready| words::digest(&ready.sights().collect::<Vec<_>>());
        let (found, wanted) = (digest(&ready)?, digest(&self.all_in_memory(index)?)?);
        Ok((found != wanted).then_some((found.0, wanted.0)))
    }
}

impl Ready {
    fn is_for(&self, view: &Snapshot) -> bool {
        self.sequence == view.sequence() && self.own.is(&view.changes)
    }

    /// Returns the index.
    pub(crate) fn index(&self) -> &Arc<Fulltext> {
        &self.index
    }

    fn sights(&self) -> impl Iterator<Item = Sight<'_>> {
        self.parts
            .iter()
            .map(|seen| Sight { part: &seen.part, except: (!seen.except.is_empty()).then_some(&seen.except) })
    }

    /// Returns what a search text asks for; nothing where it is empty.
    ///
    /// # Errors
    /// A query error where it is not understood, with the place in the text.
    pub(crate) fn understand(text: &str) -> Result<Option<Ask>> {
        ask::parse(text).map_err(|fault| {
            let error = QueryError::run("22N31", "ArgumentError", "InvalidSearchText", fault.to_string());
            error.hint("words, \"phrases\", prefix*, typos~, property:word, AND, OR, NOT; \\ before a sign takes it as it is").into()
        })
    }

    /// Returns the best `k` that fit what is asked and that `accept` takes, best first.
    ///
    /// # Errors
    /// A query error where a property is asked for that the index does not have; those of `accept`; `Corrupt`, `Io`.
    pub(crate) fn search(
        &self,
        view: &Snapshot,
        ask: &Ask,
        k: usize,
        accept: &mut dyn FnMut(u32) -> Result<bool>,
    ) -> Result<Vec<Hit>> {
        let sights: Vec<Sight<'_>> = self.sights().collect();
        let field_of = |name: &str| {
            let key_name = |key| view.catalog().key_name(key);
            let at = self.index.keys.iter().position(|key| **key_name(*key) == *name);
            at.ok_or_else(|| {
                let message = format!("the full-text index `{}` has no property `{name}`", self.index.name);
                let names: Vec<String> = self.index.keys.iter().map(|key| format!("`{}`", key_name(*key))).collect();
                let error = QueryError::run("22N31", "ArgumentError", "InvalidSearchText", message);
                error.hint(format!("it has {}; write `\\:` for the sign", names.join(", "))).into()
            })
        };
        words::search(&sights, ask, &field_of, k, &mut |id| {
            // What the files say of the graph is believed of nobody who is not there.
            Ok(view.is_in_fulltext(&self.index, id)? && accept(id)?)
        })
    }

    /// Returns how rare each of some words is among the texts: `ln(1 + N/(1 + df))`.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub(super) fn rarity<'w>(&self, words: impl Iterator<Item = &'w str>) -> Result<Vec<f64>> {
        let sights: Vec<Sight<'_>> = self.sights().collect();
        words::rarity(&sights, words)
    }

    /// Visits each node that has a text of this plainest form, until `visit` returns false.
    ///
    /// # Errors
    /// Those of `visit`; `Corrupt`, `Io`.
    pub(crate) fn named(&self, view: &Snapshot, form: &str, visit: &mut dyn FnMut(u32) -> Result<bool>) -> Result<()> {
        let sights: Vec<Sight<'_>> = self.sights().collect();
        words::named(&sights, form, &mut |id| Ok(!view.is_in_fulltext(&self.index, id)? || visit(id)?))
    }

    /// Returns the plainest forms of texts that are 1 to `most` typos off, the nearest first.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub(crate) fn near(&self, form: &str, most: u8) -> Result<Vec<Near>> {
        let sights: Vec<Sight<'_>> = self.sights().collect();
        words::near(&sights, form, most)
    }
}

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
const READY_MAX: usize = 8;

/// An index as a view sees it.
pub(crate) struct Ready {
    index: Arc<Fulltext>,
    sequence: u64,
    own: Changes,
    files: Part,
    /// What the files say otherwise than the view.
    except: FxHashSet<u32>,
    /// What the view says of those.
    tail: Option<Part>,
    /// The view is not what the files are.
    changed: bool,
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
        let ready = Ready {
            index: index.clone(),
            sequence: self.sequence(),
            own: self.changes.clone(),
            files,
            except: FxHashSet::default(),
            tail: None,
            changed: !except.is_empty(),
        };
        if index.eventual || except.is_empty() {
            return Ok(ready);
        }
        let tail = Part::of(index.layout(), &mut |sink| hub::changes(self, index, &except, sink))?;
        Ok(Ready { except, tail: Some(tail), ..ready })
    }

    fn changed_since(&self, index: &Fulltext, at: u64) -> Option<FxHashSet<u32>> {
        self.fulltexts.difference(index, (at, self.sequence()), &self.changes)
    }

    fn all_in_memory(&self, index: &Arc<Fulltext>) -> Result<Ready> {
        let files = Part::of(index.layout(), &mut |sink| self.each_text(index, &mut |id, texts| sink.add(id, texts)))?;
        Ok(Ready {
            index: index.clone(),
            sequence: self.sequence(),
            own: self.changes.clone(),
            files,
            except: FxHashSet::default(),
            tail: None,
            changed: false,
        })
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
        let files = Sight { part: &self.files, except: (!self.except.is_empty()).then_some(&self.except) };
        std::iter::once(files).chain(self.tail.iter().map(|part| Sight { part, except: None }))
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

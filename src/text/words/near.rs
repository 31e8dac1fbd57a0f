//! Looking up names: in their plainest form, exactly and with typos.

use rustc_hash::FxHashSet;
use tantivy::{DocSet, TERMINATED, Term, query::FuzzyTermQuery, schema::IndexRecordOption};

use super::{NAME_CHARS_MAX, Sight, fault, search::io};
use crate::{Result, text::fold::typos};

/// A name that is near, and how many typos it is off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Near {
    pub(crate) typos: usize,
    pub(crate) form: String,
}

/// Visits each id of which a text has this plainest form, until `visit` returns false.
///
/// # Errors
/// Those of `visit`; `Corrupt`, `Io` where the index cannot be read.
pub(crate) fn named(sights: &[Sight<'_>], form: &str, visit: &mut dyn FnMut(u32) -> Result<bool>) -> Result<()> {
    for sight in sights {
        let Some(field) = sight.part.fields.whole else { continue };
        let term = Term::from_field_text(field, form);
        for reader in sight.part.searcher.segment_readers() {
            let index = reader.inverted_index(field).map_err(fault)?;
            let Some(mut postings) = index.read_postings(&term, IndexRecordOption::Basic).map_err(io)? else {
                continue;
            };
            let ids = reader.fast_fields().u64("id").map_err(fault)?.first_or_default_col(0);
            while postings.doc() != TERMINATED {
                let doc = postings.doc();
                let id = ids.get_val(doc) as u32;
                let is_alive = reader.alive_bitset().is_none_or(|alive| alive.is_alive(doc));
                if is_alive && sight.sees(id) && !visit(id)? {
                    return Ok(());
                }
                postings.advance();
            }
        }
    }
    Ok(())
}

/// Returns the plainest forms of names that are 1 to `most` typos off, the nearest first.
///
/// # Errors
/// `Corrupt`, `Io` where the index cannot be read.
pub(crate) fn near(sights: &[Sight<'_>], form: &str, most: u8) -> Result<Vec<Near>> {
    if form.chars().count() > NAME_CHARS_MAX {
        return Ok(Vec::new());
    }
    let mut found = FxHashSet::default();
    for sight in sights {
        let Some(field) = sight.part.fields.whole else { continue };
        let fuzzy = FuzzyTermQuery::new(Term::from_field_text(field, form), most, true);
        for reader in sight.part.searcher.segment_readers() {
            let index = reader.inverted_index(field).map_err(fault)?;
            let mut stream = index.terms().search(fuzzy.automaton().map_err(fault)?).into_stream().map_err(io)?;
            while stream.advance() {
                if let Ok(other) = std::str::from_utf8(stream.key())
                    && other != form
                {
                    found.insert(other.to_owned());
                }
            }
        }
    }
    let most = usize::from(most);
    let mut near: Vec<Near> =
        found.into_iter().map(|other| Near { typos: typos(form, &other, most).unwrap_or(most), form: other }).collect();
    near.sort();
    Ok(near)
}

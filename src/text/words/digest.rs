//! What an index says in one number, to compare two of them.

use tantivy::{DocSet, TERMINATED, postings::Postings, schema::IndexRecordOption};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Sight, fault, search::io};
use crate::Result;

/// Returns how many ids the parts have together, and the sum of the hashes of each word of each field of each id and how
/// often it is there.
///
/// # Errors
/// `Corrupt`, `Io` where the index cannot be read.
pub(crate) fn digest(sights: &[Sight<'_>]) -> Result<(u64, u64)> {
    let (mut n_ids, mut sum) = (0, 0_u64);
    for sight in sights {
        let fields = &sight.part.fields;
        for reader in sight.part.searcher.segment_readers() {
            let ids = reader.fast_fields().u64("id").map_err(fault)?.first_or_default_col(0);
            let seen = |doc| {
                let id = ids.get_val(doc) as u32;
                let is_alive = reader.alive_bitset().is_none_or(|alive| alive.is_alive(doc));
                (is_alive && sight.sees(id)).then_some(id)
            };
            n_ids += (0..reader.max_doc()).filter_map(seen).count() as u64;
            for (at, field) in fields.texts.iter().chain(&fields.whole).enumerate() {
                let index = reader.inverted_index(*field).map_err(fault)?;
                let mut terms = index.terms().stream().map_err(io)?;
                while terms.advance() {
                    let word = xxh3_64_with_seed(terms.key(), at as u64);
                    let option = IndexRecordOption::WithFreqs;
                    let mut postings = index.read_postings_from_terminfo(terms.value(), option).map_err(io)?;
                    while postings.doc() != TERMINATED {
                        if let Some(id) = seen(postings.doc()) {
                            let place = [id.to_le_bytes(), postings.term_freq().to_le_bytes()].concat();
                            sum = sum.wrapping_add(xxh3_64_with_seed(&place, word));
                        }
                        postings.advance();
                    }
                }
            }
        }
    }
    Ok((n_ids, sum))
}

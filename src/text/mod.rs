//! Words: what a text is like, which texts have which words, without knowing what is stored or asked.
//!
//! [`embed`] makes vectors of texts; [`words`] is an index of words, and [`ask`] the small language in which it is asked.

pub(crate) mod ask;
pub(crate) mod fold;
mod hash;
#[cfg_attr(not(feature = "text"), path = "absent.rs")]
pub(crate) mod words;

pub(crate) use hash::{Frequencies, embed, embed_query};

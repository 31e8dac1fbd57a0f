//! Words: what a text is like, without knowing what is stored or asked.

mod hash;

pub(crate) use hash::{Frequencies, embed, embed_query};

//! Full-text indexes: which properties of what are searched by words, and how a text becomes words.

use std::sync::Arc;

use super::{KeyId, SpaceOwner};

/// The most properties of one index: a query asks each of them for each of its words.
pub(crate) const FULLTEXT_KEYS_MAX: usize = 32;

/// A full-text index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulltext {
    /// Its name.
    pub name: Arc<str>,
    /// What is found.
    pub owner: SpaceOwner,
    /// The properties that are searched: texts, and lists of texts.
    pub keys: Vec<KeyId>,
    /// How texts become words.
    pub analyzer: Analyzer,
    /// A search need not see the latest commits.
    pub eventual: bool,
    /// Never reused; names its directory.
    pub number: u32,
}

/// How a text becomes words. Case and accents count in none; runs of Chinese, Japanese and Korean characters become each two
/// neighbours in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Analyzer {
    /// Words as they are.
    #[default]
    Simple,
    /// Words without the endings of a language.
    Stemmed(Stemming),
}

macro_rules! languages {
    ($($language:ident $name:literal),*) => {
        /// The languages whose endings are known.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "languages")]
        pub enum Stemming {
            $($language),*
        }

        impl Analyzer {
            /// All analyzers. Their order is part of the format.
            pub(crate) const ALL: &[(&str, Self)] =
                &[("simple", Self::Simple), $(($name, Self::Stemmed(Stemming::$language))),*];
        }
    };
}

languages! {
    Arabic "arabic", Danish "danish", Dutch "dutch", English "english", Finnish "finnish", French "french",
    German "german", Greek "greek", Hungarian "hungarian", Italian "italian", Norwegian "norwegian",
    Portuguese "portuguese", Romanian "romanian", Russian "russian", Spanish "spanish", Swedish "swedish",
    Tamil "tamil", Turkish "turkish"
}

/// Other names of the analyzer `simple`, which texts and tools know.
const SIMPLE: [&str; 4] = ["standard-no-stop-words", "standard-folding", "cjk", "unicode_whitespace"];

impl Analyzer {
    /// Returns the analyzer of a name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        if SIMPLE.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Some(Self::Simple);
        }
        Self::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, analyzer)| *analyzer)
    }

    /// Returns its place among all.
    pub(crate) fn number(self) -> u8 {
        Self::ALL.iter().position(|(_, analyzer)| *analyzer == self).unwrap_or_default() as u8
    }

    /// Returns the analyzer of a place.
    pub(crate) fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).map(|(_, analyzer)| *analyzer)
    }

    /// Returns its name.
    pub fn name(self) -> &'static str {
        Self::ALL[usize::from(self.number())].0
    }
}

//! Names: which of them are quoted.
//!
//! A variable, and whatever else stands where a word of the language might, is quoted where it is such a word. Behind a dot,
//! a colon or a `$`, and as the key of a map, every word is a name, and is quoted only where the lexer takes it for
//! something else. Two words are quoted everywhere, as the lexer counts them: `CASE` and `END`.

use super::Printer;
use crate::query::{
    ast::{Chosen, Name},
    parse::{Word, word},
};

/// Words that mean something where an expression begins, or just before.
const BEGINNERS: &[&str] =
    &["NOT", "NULL", "TRUE", "FALSE", "DISTINCT", "WHERE", "WHEN", "LEADING", "TRAILING", "BOTH"];

/// Words whose number the lexer keeps.
const COUNTED: &[&str] = &["CASE", "END"];

impl Printer {
    /// Prints a name where a word of the language could stand.
    pub(super) fn name(&mut self, name: &Name) {
        self.name_of(&name.text, |_| false);
    }

    /// Prints a name where nothing but a name can stand.
    pub(super) fn key(&mut self, name: &Name) {
        self.name_of(&name.text, |word| !is_one_of(word, COUNTED));
    }

    /// Prints `$name`.
    pub(super) fn parameter(&mut self, name: &Name) {
        self.put("$");
        // Behind `$` a word may begin with a digit.
        if name.text.starts_with(|c: char| c.is_ascii_digit()) && word(&format!("_{}", name.text)) == Word::Name {
            self.put(&name.text);
        } else {
            self.key(name);
        }
    }

    /// Prints the dotted name of a function or a procedure. Returns its last part, where that is not quoted.
    pub(super) fn dotted<'n>(&mut self, name: &'n Name) -> Option<&'n str> {
        let parts: Vec<&str> = name.text.split('.').collect();
        if parts.contains(&"") {
            self.quoted(&name.text);
            return None;
        }
        let mut bare = None;
        for (at, part) in parts.into_iter().enumerate() {
            if at > 0 {
                self.put(".");
            }
            let stands = |word: &str| !is_one_of(word, COUNTED) && (at > 0 || !is_one_of(word, BEGINNERS));
            bare = self.name_of(part, stands).then_some(part);
        }
        bare
    }

    pub(super) fn chosen(&mut self, chosen: &Chosen) {
        match chosen {
            Chosen::Name(name) => self.name(name),
            Chosen::Parameter(name) => self.parameter(name),
        }
    }

    /// Prints a name, quoted unless it is no word of the language or one that may stand here. Returns whether it is bare.
    fn name_of(&mut self, text: &str, keyword_stands: impl Fn(&str) -> bool) -> bool {
        let bare = match word(text) {
            Word::Name => true,
            Word::Keyword => keyword_stands(text),
            Word::None => false,
        };
        if bare {
            self.put(text)
        } else {
            self.quoted(text)
        }
        bare
    }

    fn quoted(&mut self, text: &str) {
        self.put(&format!("`{}`", text.replace('`', "``")));
    }
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

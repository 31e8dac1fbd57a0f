//! From a text to its words.

use tantivy::tokenizer::{Language, Stemmer, TextAnalyzer, Token, TokenFilter, TokenStream, Tokenizer};

use crate::{
    model::{Analyzer, Stemming},
    text::fold::fold_into,
};

/// The most bytes of a word: what is longer is no word that anybody writes twice, and is cut.
const WORD_BYTES_MAX: usize = 255;

/// Returns what makes words of texts; those that are `asked` for are parts of what is stored.
pub(super) fn analyzer(analyzer: Analyzer, asked: bool) -> TextAnalyzer {
    match analyzer {
        Analyzer::Simple => TextAnalyzer::builder(Words { asked, folds: true, ..Words::default() }).build(),
        // Endings are cut off words with their accents, which some languages tell them by.
        Analyzer::Stemmed(language) => TextAnalyzer::builder(Words { asked, ..Words::default() })
            .filter(Stemmer::new(known(language)))
            .filter(Fold)
            .build(),
    }
}

fn known(language: Stemming) -> Language {
    macro_rules! same {
        ($($name:ident),*) => {
            match language { $(Stemming::$name => Language::$name),* }
        };
    }
    same!(
        Arabic, Danish, Dutch, English, Finnish, French, German, Greek, Hungarian, Italian, Norwegian, Portuguese,
        Romanian, Russian, Spanish, Swedish, Tamil, Turkish
    )
}

/// Whether a character stands for itself, without spaces between words: Chinese, Japanese, Korean.
pub(super) fn is_ideograph(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11ff}' | '\u{3040}'..='\u{30ff}' | '\u{3130}'..='\u{318f}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{3ffff}')
}

/// Runs of letters and digits, in small letters. A run of ideographs gives each two neighbours, and the last one alone: so
/// one that is asked for is found wherever it stands, as what some pair begins with. Of several that are asked for, the
/// last has a pair already.
#[derive(Clone, Default)]
struct Words {
    /// Without accents too.
    folds: bool,
    asked: bool,
    /// Where words begin and end in the text.
    places: Vec<(usize, usize)>,
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = Cut<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Cut<'a> {
        self.places.clear();
        self.token.reset();
        if text.is_ascii() {
            cut_ascii(text.as_bytes(), &mut self.places);
        } else {
            cut(text, self.asked, &mut self.places);
        }
        Cut { words: self, text, at: 0 }
    }
}

fn cut_ascii(text: &[u8], places: &mut Vec<(usize, usize)>) {
    let mut begin = None;
    for (at, byte) in text.iter().enumerate() {
        match (byte.is_ascii_alphanumeric(), begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) => {
                places.push((from, at));
                begin = None;
            }
            _ => {}
        }
    }
    places.extend(begin.map(|from| (from, text.len())));
}

fn cut(text: &str, asked: bool, places: &mut Vec<(usize, usize)>) {
    let mut begin: Option<usize> = None;
    // Of a run of ideographs: where the one before this begins, and whether a pair ends with it.
    let mut before: Option<(usize, bool)> = None;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if is_ideograph(c) {
            places.extend(begin.take().map(|from| (from, at)));
            if let Some((from, _)) = before {
                places.push((from, end));
            }
            before = Some((at, before.is_some()));
            continue;
        }
        if let Some((from, is_paired)) = before.take()
            && !(asked && is_paired)
        {
            places.push((from, at));
        }
        // A mark belongs to the letter before it.
        let is_part = c.is_alphanumeric() || (begin.is_some() && unicode_normalization::char::is_combining_mark(c));
        match (is_part, begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) => {
                places.push((from, at));
                begin = None;
            }
            _ => {}
        }
    }
    let last = before.filter(|(_, is_paired)| !(asked && *is_paired)).map(|(from, _)| from);
    places.extend(last.or(begin).map(|from| (from, text.len())));
}

/// The words of one text.
struct Cut<'a> {
    words: &'a mut Words,
    text: &'a str,
    at: usize,
}

impl TokenStream for Cut<'_> {
    fn advance(&mut self) -> bool {
        let Words { folds, places, token, .. } = &mut *self.words;
        loop {
            let Some(&(from, to)) = places.get(self.at) else { return false };
            self.at += 1;
            token.text.clear();
            let word = &self.text[from..to];
            if *folds || word.is_ascii() {
                fold_into(word, &mut token.text);
            } else {
                token.text.extend(word.chars().flat_map(char::to_lowercase));
            }
            if token.text.is_empty() {
                continue;
            }
            shorten(&mut token.text);
            (token.offset_from, token.offset_to) = (from, to);
            token.position = token.position.wrapping_add(1);
            return true;
        }
    }

    fn token(&self) -> &Token {
        &self.words.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.words.token
    }
}

fn shorten(word: &mut String) {
    if word.len() > WORD_BYTES_MAX {
        let end = (0..=WORD_BYTES_MAX).rev().find(|at| word.is_char_boundary(*at)).unwrap_or(0);
        word.truncate(end);
    }
}

/// Takes the accents off words.
#[derive(Clone)]
struct Fold;

impl TokenFilter for Fold {
    type Tokenizer<T: Tokenizer> = Folding<T>;

    fn transform<T: Tokenizer>(self, tokenizer: T) -> Folding<T> {
        Folding { inner: tokenizer, buffer: String::new() }
    }
}

#[derive(Clone)]
struct Folding<T> {
    inner: T,
    buffer: String,
}

impl<T: Tokenizer> Tokenizer for Folding<T> {
    type TokenStream<'a> = Folded<'a, T::TokenStream<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        Folded { inner: self.inner.token_stream(text), buffer: &mut self.buffer }
    }
}

struct Folded<'a, S> {
    inner: S,
    buffer: &'a mut String,
}

impl<S: TokenStream> TokenStream for Folded<'_, S> {
    fn advance(&mut self) -> bool {
        if !self.inner.advance() {
            return false;
        }
        let text = &mut self.inner.token_mut().text;
        if !text.is_ascii() {
            self.buffer.clear();
            fold_into(text, self.buffer);
            std::mem::swap(text, self.buffer);
        }
        true
    }

    fn token(&self) -> &Token {
        self.inner.token()
    }

    fn token_mut(&mut self) -> &mut Token {
        self.inner.token_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(of: Analyzer, text: &str) -> Vec<String> {
        let mut analyzer = analyzer(of, false);
        let mut stream = analyzer.token_stream(text);
        let mut words = Vec::new();
        while stream.advance() {
            assert_eq!(stream.token().position, words.len());
            words.push(stream.token().text.clone());
        }
        words
    }

    #[test]
    fn texts_are_cut_into_words() {
        let simple = |text| words(Analyzer::Simple, text);
        assert_eq!(simple("The OLD-Mill, 2nd élan!"), ["the", "old", "mill", "2nd", "elan"]);
        assert_eq!(simple("E\u{301}lan Größe"), ["elan", "große"]);
        assert_eq!(simple("東京都に住む Tokyo"), ["東京", "京都", "都に", "に住", "住む", "む", "tokyo"]);
        let mut asked = analyzer(Analyzer::Simple, true);
        let mut stream = asked.token_stream("東京 木");
        assert!(stream.advance() && stream.token().text == "東京" && stream.advance() && stream.token().text == "木");
        assert!(!stream.advance());
        drop(stream);
        assert_eq!(simple("木"), ["木"]);
        assert_eq!(simple("x木y"), ["x", "木", "y"]);
        assert_eq!(simple(" ,;"), Vec::<String>::new());
        assert_eq!(simple(&"é".repeat(1000))[0].len(), WORD_BYTES_MAX);
    }

    #[test]
    fn endings_are_cut_off() {
        assert_eq!(words(Analyzer::Stemmed(Stemming::English), "Running mills"), ["run", "mill"]);
        assert_eq!(
            words(Analyzer::Stemmed(Stemming::German), "Häuser"),
            words(Analyzer::Stemmed(Stemming::German), "Haus")
        );
    }
}

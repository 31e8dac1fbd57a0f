//! Texts without case and accents, and how many typos are between two of them.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Adds a text to `out` without case and accents (Unicode NFKD without combining marks, lower case).
pub(crate) fn fold_into(text: &str, out: &mut String) {
    if text.is_ascii() {
        out.extend(text.chars().map(|c| c.to_ascii_lowercase()));
    } else {
        out.extend(text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase));
    }
}

/// Returns the form in which two names are the same that differ in case, accents, and in what stands between words: the
/// words with a space between. A name without letters and digits is its own form.
pub(crate) fn whole(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    let mut form = String::with_capacity(folded.len());
    for word in folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !form.is_empty() {
            form.push(' ');
        }
        form.push_str(word);
    }
    if form.is_empty() { folded.trim().to_owned() } else { form }
}

/// Returns how many typos are between two texts (a letter more, less, another, or two neighbours the other way round: the
/// distance of Damerau and Levenshtein in which no letter is changed twice), or `None` where there are more than `max`.
pub(crate) fn typos(a: &str, b: &str, max: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > max {
        return None;
    }
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let other = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + other);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        if row.iter().min().is_some_and(|least| *least > max) && last.iter().min().is_some_and(|least| *least > max) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    Some(last[b.len()]).filter(|n| *n <= max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form() {
        assert_eq!(whole("  The OLD-Mill, Élan "), "the old mill elan");
        assert_eq!(whole("E\u{301}lan"), whole("élan"));
        assert_eq!(whole(" $ "), "$");
        assert_eq!(whole(""), "");
    }

    #[test]
    fn typos_are_counted() {
        for (a, b, n) in
            [("mill", "mill", 0), ("mil", "mill", 1), ("mlil", "mill", 1), ("mall", "mill", 1), ("", "ab", 2)]
        {
            assert_eq!(typos(a, b, 2), Some(n), "{a} {b}");
            assert_eq!(typos(b, a, 2), Some(n), "{b} {a}");
        }
        assert_eq!(typos("mill", "mole", 1), None);
        assert_eq!(typos("mill", "tower", 2), None);
        assert_eq!(typos("größe", "grösse", 2), Some(2));
    }
}

//! "Did you mean": the known name closest to a wrong one.

/// The longest name that is compared: longer ones are no slips of the finger.
const NAME_CHARS_MAX: usize = 64;

/// So many letters that a longer name begins with are more than chance.
const BEGUN_CHARS_MIN: usize = 4;

/// Returns the candidate most like `wanted`: the same but for case, or at most a third of its letters away (one letter
/// always, except in names of one or two). Of equally close ones, the first. Where there is none, the first that begins with
/// it.
pub(crate) fn suggest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let n_wanted = wanted.chars().count();
    if n_wanted > NAME_CHARS_MAX {
        return None;
    }
    let allowed = if n_wanted < 3 { 0 } else { (n_wanted / 3).max(1) };
    let wanted: Vec<char> = wanted.chars().flat_map(char::to_lowercase).collect();
    let mut best: Option<(usize, &str)> = None;
    let mut begun = None;
    for candidate in candidates {
        let letters: Vec<char> = candidate.chars().take(NAME_CHARS_MAX + 1).flat_map(char::to_lowercase).collect();
        if begun.is_none() && n_wanted >= BEGUN_CHARS_MIN && letters.starts_with(&wanted) {
            begun = Some(candidate);
        }
        if letters.len() > NAME_CHARS_MAX || letters.len().abs_diff(wanted.len()) > allowed {
            continue;
        }
        let away = distance(&wanted, &letters);
        if away <= allowed && best.is_none_or(|(least, _)| away < least) {
            best = Some((away, candidate));
        }
    }
    best.map(|(_, candidate)| candidate).or(begun)
}

/// Returns the hint for a wrong name, if there is a candidate.
pub(crate) fn hint<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    suggest(wanted, candidates).map(|name| format!("did you mean `{name}`?"))
}

/// Returns the number of insertions, deletions, replacements and swaps of neighbours between the two.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row[j + 1] = least;
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_else() {
        let known = ["Person", "Place", "KNOWS", "name"];
        assert_eq!(suggest("Persn", known), Some("Person"));
        assert_eq!(suggest("person", known), Some("Person"));
        assert_eq!(suggest("Pesron", known), Some("Person"));
        assert_eq!(suggest("knwos", known), Some("KNOWS"));
        assert_eq!(suggest("Robot", known), None);
        assert_eq!(suggest("n", known), None);
        assert_eq!(suggest("pers", known), Some("Person"));
        assert_eq!(suggest("Per", known), None);
        assert_eq!(hint("nane", known).as_deref(), Some("did you mean `name`?"));
    }
}

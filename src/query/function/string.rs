//! Functions of strings. Positions and lengths count characters (Unicode scalar values).

use unicode_normalization::{UnicodeNormalization, is_nfc, is_nfd, is_nfkc, is_nfkd};

use super::{Function, out_of_range, wrong_type};
use crate::{Result, model::Value};

/// Returns what a function gives for strings; no argument is null.
pub(super) fn call(function: Function, args: &[Value]) -> Result<Value> {
    let string = |at: usize| -> Result<&str> {
        match &args[at] {
            Value::String(s) => Ok(s),
            other => Err(wrong_type(function, other, "a string").into()),
        }
    };
    let count = |at: usize| -> Result<usize> {
        match &args[at] {
            Value::Int(n) => usize::try_from(*n).map_err(|_| out_of_range(function, format!("{n} is negative")).into()),
            other => Err(wrong_type(function, other, "an integer").into()),
        }
    };
    let text = string(0)?;
    Ok(match function {
        Function::ToLower | Function::Lower => text.to_lowercase().into(),
        Function::ToUpper | Function::Upper => text.to_uppercase().into(),
        Function::Trim => text.trim().into(),
        Function::LTrim if args.len() == 1 => text.trim_start().into(),
        Function::RTrim if args.len() == 1 => text.trim_end().into(),
        Function::BTrim if args.len() == 1 => text.trim().into(),
        Function::LTrim | Function::RTrim | Function::BTrim => {
            let chars = string(1)?;
            match function {
                Function::LTrim => text.trim_start_matches(|c| chars.contains(c)).into(),
                Function::RTrim => text.trim_end_matches(|c| chars.contains(c)).into(),
                _ => text.trim_matches(|c| chars.contains(c)).into(),
            }
        }
        Function::Replace if args.len() > 3 => text.replacen(string(1)?, string(2)?, count(3)?).into(),
        Function::Replace => text.replace(string(1)?, string(2)?).into(),
        Function::StringIndexOf => Value::Int(text.find(string(1)?).map_or(-1, |at| text[..at].chars().count() as i64)),
        Function::Normalize => {
            let form = if args.len() > 1 { string(1)? } else { "NFC" };
            match form {
                "NFC" => text.nfc().collect::<String>(),
                "NFD" => text.nfd().collect(),
                "NFKC" => text.nfkc().collect(),
                _ => text.nfkd().collect(),
            }
            .into()
        }
        Function::Split => match separators(&args[1]) {
            Some(separators) => split(text, &separators),
            None => return Err(wrong_type(function, &args[1], "a string or a list of strings").into()),
        },
        Function::ByteLength => Value::Int(text.len() as i64),
        Function::Left => part(text, 0, Some(count(1)?)).into(),
        Function::Right => {
            let n_chars = text.chars().count();
            part(text, n_chars.saturating_sub(count(1)?), None).into()
        }
        Function::Substring => {
            let length = if args.len() > 2 { Some(count(2)?) } else { None };
            part(text, count(1)?, length).into()
        }
        _ => Value::Int(text.chars().count() as i64),
    })
}

/// Returns whether a string is in a normalization form; null where it is no string.
pub(super) fn is_normalized(text: &Value, form: &Value) -> Value {
    let (Value::String(text), Value::String(form)) = (text, form) else { return Value::Null };
    Value::Bool(match &**form {
        "NFC" => is_nfc(text),
        "NFD" => is_nfd(text),
        "NFKC" => is_nfkc(text),
        _ => is_nfkd(text),
    })
}

/// Returns the strings of a list with another one between each two; null where one is null.
pub(super) fn join(list: &Value, between: &Value) -> Result<Value> {
    let wrong = |value: &Value, wanted| wrong_type(Function::StringJoin, value, wanted);
    let Value::List(items) = list else { return Err(wrong(list, "a list of strings").into()) };
    let Value::String(between) = between else { return Err(wrong(between, "a string").into()) };
    let mut texts = Vec::with_capacity(items.len());
    for item in items.iter() {
        match item {
            Value::Null => return Ok(Value::Null),
            Value::String(text) => texts.push(&**text),
            _ => return Err(wrong(list, "a list of strings").into()),
        }
    }
    Ok(texts.join(between).into())
}

/// Returns the length of `replace(text, from, to)`.
pub(super) fn replaced_bytes(text: &str, from: &str, to: &str) -> usize {
    if to.len() <= from.len() {
        return text.len();
    }
    let n_places = text.matches(from).count();
    (text.len() - n_places * from.len()).saturating_add(n_places.saturating_mul(to.len()))
}

/// Returns into how many pieces `split()` cuts a text.
pub(super) fn n_pieces(text: &str, by: &Value) -> usize {
    separators(by).map_or(0, |separators| pieces(text, &separators).count())
}

fn split(text: &str, separators: &[&str]) -> Value {
    Value::list(pieces(text, separators).map(Value::from))
}

/// Returns the separators that a string or a list of strings says.
fn separators(by: &Value) -> Option<Vec<&str>> {
    fn string(value: &Value) -> Option<&str> {
        match value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
    match by {
        Value::List(items) => items.iter().map(string).collect(),
        one => Some(vec![string(one)?]),
    }
}

/// Returns what stands between the separators; where one is empty, the characters. At one place the first one counts.
fn pieces<'t>(text: &'t str, separators: &[&str]) -> impl Iterator<Item = &'t str> {
    let mut rest = Some(text);
    let by_chars = separators.contains(&"");
    std::iter::from_fn(move || {
        let text = rest?;
        if by_chars {
            let first = text.chars().next()?;
            rest = Some(&text[first.len_utf8()..]);
            return Some(&text[..first.len_utf8()]);
        }
        let found = separators.iter().filter_map(|separator| Some((text.find(separator)?, separator.len())));
        match found.min_by_key(|(at, _)| *at) {
            Some((at, len)) => {
                rest = Some(&text[at + len..]);
                Some(&text[..at])
            }
            None => rest.take(),
        }
    })
}

/// Returns the characters from `start`, at most `length` of them.
fn part(text: &str, start: usize, length: Option<usize>) -> &str {
    let at = |n: usize, from: usize| text[from..].char_indices().nth(n).map_or(text.len(), |(at, _)| from + at);
    let from = at(start, 0);
    let to = length.map_or(text.len(), |length| at(length, from));
    &text[from..to]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_count_characters() {
        assert_eq!(part("héllo", 1, Some(2)), "él");
        assert_eq!(part("héllo", 9, Some(2)), "");
        assert_eq!(part("héllo", 3, None), "lo");
        assert_eq!(call(Function::Right, &["héllo".into(), Value::Int(4)]).unwrap(), "éllo".into());
        assert!(call(Function::Left, &["x".into(), Value::Int(-1)]).is_err());
    }

    #[test]
    fn lengths_are_known_beforehand() {
        for (text, from, to) in [("banana", "an", "xyz"), ("banana", "", "--"), ("banana", "an", ""), ("", "a", "bb")] {
            let made = text.replace(from, to).len();
            let told = replaced_bytes(text, from, to);
            assert!(told == made || (to.len() <= from.len() && told >= made), "{text} {from} {to}: {told}");
        }
        assert_eq!((n_pieces("a,b,", &",".into()), n_pieces("ab", &"".into())), (3, 2));
    }

    #[test]
    fn split_by_nothing_gives_characters() {
        assert_eq!(split("a,b,", &[","]).to_string(), "['a', 'b', '']");
        assert_eq!(split("ab", &[""]).to_string(), "['a', 'b']");
        assert_eq!(split("a,b;c", &[",", ";"]).to_string(), "['a', 'b', 'c']");
    }
}

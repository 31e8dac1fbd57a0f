//! `--param name=value`: the value is a KGQL literal where it reads as one, else a string.

use attendb::{Database, Params, Value};

use crate::failure::Failure;

/// Returns the parameters of the command line.
///
/// # Errors
/// [`Failure::Usage`] where a name is missing, wrong, or given twice.
pub(crate) fn parse(given: &[String]) -> Result<Params, Failure> {
    let mut params = Params::new();
    for text in given {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| Failure::Usage(format!("--param takes NAME=VALUE, but got '{text}'")))?;
        let name = name.strip_prefix('$').unwrap_or(name);
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(Failure::Usage(format!("'{name}' is no name of a parameter (in --param '{text}')")));
        }
        if params.get(name).is_some() {
            return Err(Failure::Usage(format!("the parameter '{name}' is given twice")));
        }
        params.set(name, literal(value));
    }
    Ok(params)
}

/// Returns the value a literal spells, or else the text. Only what cannot be meant as bare text is read as the language
/// reads it, so that `2024-01-01` and `a + b` stay as they are.
fn literal(text: &str) -> Value {
    let number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    if text.eq_ignore_ascii_case("null") {
        Value::Null
    } else if let Ok(b) = text.to_ascii_lowercase().parse::<bool>() {
        Value::Bool(b)
    } else if let Ok(n) = text.parse::<i64>() {
        Value::Int(n)
    } else if let (true, Ok(x)) = (text.chars().all(number), text.parse::<f64>()) {
        Value::Float(x)
    } else if text.starts_with(['\'', '"', '[', '{']) {
        evaluated(text).unwrap_or_else(|| Value::from(text))
    } else {
        Value::from(text)
    }
}

/// Returns the value of a constant expression, if that is what the text is.
fn evaluated(text: &str) -> Option<Value> {
    let mut rows = Database::memory().ok()?.query(&format!("RETURN ({text}\n) AS value"), ()).ok()?;
    let row = rows.next_row().ok()??;
    match row.values() {
        [value] => Some(value.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Value {
        parse(&[text.to_owned()]).unwrap().iter().next().unwrap().1.clone()
    }

    #[test]
    fn literals_keep_their_type_and_the_rest_is_text() {
        assert_eq!(one("n=42"), Value::Int(42));
        assert_eq!(one("n=-1.5"), Value::Float(-1.5));
        assert_eq!(one("$b=true"), Value::Bool(true));
        assert_eq!(one("l=[1, 'a']"), Value::list([Value::Int(1), Value::from("a")]));
        assert_eq!(one("s='42'"), Value::from("42"));
        assert_eq!(one("s=Ada Fenn"), Value::from("Ada Fenn"));
        assert_eq!(one("s=a=b"), Value::from("a=b"));
        assert_eq!(one("s="), Value::from(""));
        for text in ["2024-01-01", "1 + 1", "Infinity", "nan", "[1, 2", "'a' AS b, 'c'", "e"] {
            assert_eq!(one(&format!("s={text}")), Value::from(text));
        }
    }

    #[test]
    fn bad_names_are_refused() {
        for text in ["novalue", "=1", "a b=1"] {
            assert!(matches!(parse(&[text.to_owned()]), Err(Failure::Usage(_))), "{text}");
        }
        assert!(parse(&["a=1".to_owned(), "a=2".to_owned()]).is_err());
    }
}

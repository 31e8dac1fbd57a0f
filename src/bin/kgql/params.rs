//! Parameters: `--param name=value`, where the value is a KGQL literal if it reads as one and else a string, and
//! `.param name => expression`.

use attendb::{Database, Error, Params, Value};

use crate::failure::Failure;

/// What `.param` does.
#[derive(Debug, PartialEq)]
pub(crate) enum Change {
    /// Lists all.
    List,
    /// Shows one.
    Show(String),
    /// Sets one to the value of an expression.
    Set(String, String),
    /// Sets one to a literal, or else a text.
    SetText(String, Value),
    /// Sets those of a map.
    SetAll(String),
    /// Forgets all, or one.
    Clear(Option<String>),
}

impl Change {
    /// Parses what follows `.param`.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('{') {
            return Ok(Self::SetAll(text.to_owned()));
        }
        if let Some((name, expression)) = text.split_once("=>") {
            let name = checked(name.trim())?;
            return match expression.trim() {
                "" => Err(format!(".param {name} => needs an expression")),
                expression => Ok(Self::Set(name, expression.to_owned())),
            };
        }
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        match (word, rest) {
            ("" | "list", "") => Ok(Self::List),
            ("clear", "") => Ok(Self::Clear(None)),
            ("clear" | "unset", name) => Ok(Self::Clear(Some(checked(name)?))),
            ("set", rest) => match rest.split_once(char::is_whitespace) {
                Some((name, value)) => Ok(Self::SetText(checked(name)?, literal(value.trim()))),
                None => Err(".param set takes a name and a value".to_owned()),
            },
            (name, "") => Ok(Self::Show(checked(name)?)),
            _ => Err(format!(".param takes NAME => EXPRESSION, but got '{text}'")),
        }
    }
}

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
        let name = checked(name).map_err(|why| Failure::Usage(format!("{why} (in --param '{text}')")))?;
        if params.get(&name).is_some() {
            return Err(Failure::Usage(format!("the parameter '{name}' is given twice")));
        }
        params.set(name, literal(value));
    }
    Ok(params)
}

/// Returns the value of an expression over the parameters there are. It sees no graph and no file.
///
/// # Errors
/// What the expression said.
pub(crate) fn value(expression: &str, params: &Params) -> Result<Value, Error> {
    let db = Database::memory()?;
    let mut rows = db.query(&format!("RETURN ({expression}\n) AS value"), params)?;
    let row = rows.next_row()?;
    match row.as_ref().map(|row| row.values()) {
        Some([value]) => Ok(value.clone()),
        _ => Err(Error::NotAllowed { what: format!("'{expression}' as one expression") }),
    }
}

/// Returns a name without its `$`.
fn checked(name: &str) -> Result<String, String> {
    let bare = name.strip_prefix('$').unwrap_or(name);
    if bare.is_empty() || !bare.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(format!("'{name}' is no name of a parameter"));
    }
    Ok(bare.to_owned())
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
        value(text, &Params::new()).unwrap_or_else(|_| Value::from(text))
    } else {
        Value::from(text)
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

    #[test]
    fn changes_by_their_form() {
        assert_eq!(Change::parse(""), Ok(Change::List));
        assert_eq!(Change::parse("x => 1 + 1"), Ok(Change::Set("x".into(), "1 + 1".into())));
        assert_eq!(Change::parse("$x"), Ok(Change::Show("x".into())));
        assert_eq!(Change::parse("set x Ada Fenn"), Ok(Change::SetText("x".into(), "Ada Fenn".into())));
        assert_eq!(Change::parse("clear"), Ok(Change::Clear(None)));
        assert_eq!(Change::parse("clear x"), Ok(Change::Clear(Some("x".into()))));
        assert_eq!(Change::parse("{a: 1}"), Ok(Change::SetAll("{a: 1}".into())));
        for wrong in ["x =>", "a b", "=> 1", "set x", "a-b => 1"] {
            assert!(Change::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(value("$n + 1", &attendb::params! { "n": 1 }).unwrap(), Value::Int(2));
    }
}

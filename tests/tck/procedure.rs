//! Procedures that a scenario gives as a table of arguments and outputs.

use attendb::{Procedure, ValueType, model::Value};

use super::value::{self, Expected};

/// Returns the procedure that answers from a table: for its arguments, the outputs of each row that begins with them.
pub(crate) fn of(signature: &str, table: &[Vec<String>]) -> Result<Procedure, String> {
    let (name, rest) = signature.split_once('(').ok_or("a signature has arguments")?;
    let (args, outputs) = rest.split_once(") :: (").ok_or("a signature has outputs")?;
    let (args, outputs) = (fields(args)?, fields(outputs.trim_end_matches(')'))?);
    let names = args.iter().chain(&outputs).map(|(name, _)| name.as_str());
    let rows: Vec<Vec<Value>> = match table {
        [header, rows @ ..] if names.clone().eq(header.iter().map(String::as_str)) => {
            let cell = |cell: &String| value::parse(cell).and_then(Expected::into_value);
            rows.iter().map(|row| row.iter().map(cell).collect()).collect::<Result<_, String>>()?
        }
        [] => Vec::new(),
        [header] if names.clone().next().is_none() && header.iter().all(String::is_empty) => Vec::new(),
        _ => return Err(format!("the table of {name} has other columns than its signature")),
    };
    let n_args = args.len();
    let mut procedure = Procedure::new(name, move |given: Vec<Value>| {
        let fits = |row: &&Vec<Value>| row.iter().zip(&given).all(|(value, given)| value.same(given));
        Ok(rows.iter().filter(fits).map(|row| Ok(row[n_args..].to_vec())).collect::<Vec<_>>())
    });
    for (name, value_type) in args {
        procedure = procedure.argument(name, value_type);
    }
    for (name, value_type) in outputs {
        procedure = procedure.output(name, value_type);
    }
    Ok(procedure)
}

fn fields(text: &str) -> Result<Vec<(String, ValueType)>, String> {
    let field = |text: &str| {
        let (name, value_type) = text.split_once("::").ok_or_else(|| format!("no type in {text:?}"))?;
        let value_type = match value_type.trim().trim_end_matches('?') {
            "ANY" => ValueType::Any,
            "BOOLEAN" => ValueType::Boolean,
            "INTEGER" => ValueType::Integer,
            "FLOAT" => ValueType::Float,
            "NUMBER" => ValueType::Number,
            "STRING" => ValueType::String,
            "MAP" => ValueType::Map,
            "NODE" => ValueType::Node,
            "RELATIONSHIP" => ValueType::Relationship,
            "PATH" => ValueType::Path,
            other => return Err(format!("unknown type {other}")),
        };
        Ok((name.trim().to_owned(), value_type))
    };
    text.split(',').filter(|text| !text.trim().is_empty()).map(field).collect()
}

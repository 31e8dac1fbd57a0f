//! What several harnesses share: running a statement to the end, and a picture of the whole graph.
#![allow(dead_code, reason = "each harness uses its part")]

pub(crate) mod files;
pub(crate) mod graph;
pub(crate) mod random;

use attendb::{
    Database, Error, Params,
    model::{Map, Value},
};

/// All rows of a result.
pub(crate) struct Table {
    /// Column names.
    pub(crate) columns: Vec<String>,
    /// Rows, each as long as `columns`.
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Runs a statement to its end.
pub(crate) fn run(db: &Database, text: &str, params: &Map) -> Result<Table, Error> {
    let result = db.query(text, Params::from(params.clone()))?;
    let columns = result.columns().iter().map(|name| name.to_string()).collect();
    let mut rows = Vec::new();
    for row in result {
        rows.push(row?.values().to_vec());
    }
    Ok(Table { columns, rows })
}

/// Runs a statement that must succeed.
pub(crate) fn must(db: &Database, text: &str) -> Table {
    run(db, text, &Map::new()).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// Returns the single integer that a statement answers.
pub(crate) fn count(db: &Database, text: &str) -> i64 {
    let table = must(db, text);
    match table.rows.as_slice() {
        [row] if row.len() == 1 => row[0].as_int().unwrap_or_else(|| panic!("{text}\nno integer: {}", row[0])),
        rows => panic!("{text}\n{} rows instead of one value", rows.len()),
    }
}

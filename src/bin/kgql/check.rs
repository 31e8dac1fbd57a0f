//! `kgql check`: verifies a database and says what is wrong with it.

use std::path::Path;

use attendb::{Database, Options};

use crate::{carry::check_there, failure::Failure, output::write_out};

/// Checks the database in a directory.
///
/// # Errors
/// [`Failure::Damaged`] where something is wrong, which has been told; otherwise what [`check_there`] or opening it said.
pub(crate) fn run(path: &Path, deep: bool) -> Result<(), Failure> {
    check_there(path)?;
    let db = Database::open_with(path, Options::default())?;
    let report = db.check(deep)?;
    for problem in &report.problems {
        eprintln!("damaged: {problem}");
    }
    let unlisted = report.n_problems - report.problems.len() as u64;
    if unlisted > 0 {
        eprintln!("damaged: and {unlisted} more");
    }
    write_out(|out| {
        writeln!(
            out,
            "{}: {} nodes, {} relationships, {} property values checked, {} problems",
            if report.is_sound() { "sound" } else { "damaged" },
            report.n_nodes,
            report.n_relationships,
            report.n_values,
            report.n_problems
        )
    })?;
    if !report.is_sound() {
        return Err(Failure::Damaged);
    }
    Ok(db.close()?)
}

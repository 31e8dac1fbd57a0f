//! AttenDB, asked what it would keep: by its own statements only.

use std::{collections::HashMap, error::Error, fmt::Write as _, fs};

use attendb::{Database, Options, Rows, Value};

use super::logs::Log;

/// Returns for each share of relationships to keep which of them AttenDB would.
pub(crate) fn kept(log: &Log, keep: &[f64]) -> Result<Vec<Vec<bool>>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let db = Database::memory_with(Options::default().file_roots([folder.path()]))?;
    let write = |name: &str, text: &str| -> Result<String, Box<dyn Error>> {
        let path = folder.path().join(name);
        fs::write(&path, text)?;
        Ok(path.display().to_string())
    };
    let mut entities = String::from("id\n");
    (0..log.n_entities).try_for_each(|id| writeln!(entities, "{id}"))?;
    run(&db, &format!("COPY Entity FROM '{}' (KEY id)", write("entities.tsv", &entities)?))?;
    let mut of_kind = vec![String::from("from\tto\n"); log.n_kinds];
    for rel in &log.rels {
        writeln!(of_kind[rel.kind as usize], "{}\t{}", rel.head, rel.tail)?;
    }
    for (kind, lines) in of_kind.iter().enumerate() {
        let path = write("relationships.tsv", lines)?;
        run(&db, &format!("COPY K{kind} FROM '{path}' (FROM Entity, TO Entity)"))?;
    }
    let mut accesses = String::from("time\tfrom\ttype\tto\tsource\n");
    for access in &log.earlier {
        let rel = log.rels[access.rel as usize];
        write!(accesses, "{}\t{}\tK{}\t{}\t", access.time, rel.head, rel.kind, rel.tail)?;
        match access.source {
            0 => accesses.push('\n'),
            source => writeln!(accesses, "user {source}")?,
        }
    }
    run(&db, &format!("COPY ACCESS LOG FROM '{}' (FROM Entity, TO Entity)", write("accesses.tsv", &accesses)?))?;

    let numbers: HashMap<(i64, String, i64), usize> = log
        .rels
        .iter()
        .enumerate()
        .map(|(at, rel)| ((i64::from(rel.head), format!("K{}", rel.kind), i64::from(rel.tail)), at))
        .collect();
    keep.iter()
        .map(|keep| {
            let text = format!(
                "CALL kg.compact({{keepFraction: {keep}, dryRun: true}}) YIELD relationship AS r, action \
                 WITH r, action WHERE action IN ['archive', 'merge'] \
                 RETURN startNode(r).id, type(r), endNode(r).id"
            );
            let mut kept = vec![true; log.rels.len()];
            for row in db.query(&text, ())? {
                let row = row?;
                let [Value::Int(head), Value::String(kind), Value::Int(tail)] = row.values() else {
                    return Err("a relationship without ends".into());
                };
                let rel = numbers.get(&(*head, kind.to_string(), *tail)).ok_or("a relationship that was not loaded")?;
                kept[*rel] = false;
            }
            Ok(kept)
        })
        .collect()
}

/// Runs a statement to its end.
fn run(db: &Database, text: &str) -> Result<(), Box<dyn Error>> {
    let rows: Rows = db.query(text, ()).map_err(|error| format!("{text}: {error}"))?;
    for row in rows {
        row?;
    }
    Ok(())
}

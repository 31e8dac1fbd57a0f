//! Any bytes as a file: rows or an error that names the place; what was imported is sound and can be written out.
#![no_main]

use attendb::{Database, Options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, bytes) = input;
    let name = ["a.csv", "a.tsv", "a.jsonl", "a.csv.gz"][choice as usize % 4];
    let dir = tempfile::tempdir().expect("a directory for the file");
    std::fs::write(dir.path().join(name), bytes).expect("a small file");
    let options = Options { background: false, threads: 1, ..Options::default() };
    let db = Database::memory_with(options.file_roots([dir.path()])).expect("a database in memory needs nothing");
    if db.execute(&format!("COPY A FROM '{name}'"), ()).is_ok() {
        assert!(db.check(true).expect("an open database").is_sound());
        let rows = "MATCH (n:A) RETURN properties(n) AS p ORDER BY id(n)";
        let before: Vec<_> = db.query(rows, ()).expect("a valid query").map(|row| row.expect("a row")).collect();
        db.execute("COPY (MATCH (n:A) RETURN properties(n) AS p) TO 'out.jsonl'", ()).expect("a place to write");
        assert_eq!(before.len(), db.query(rows, ()).expect("a valid query").count());
    }
});

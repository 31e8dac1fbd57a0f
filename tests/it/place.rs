//! A database in memory beside a folder of files that its statements may read and write.

use std::fs;

use attendb::{Database, Options};

pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) db: Database,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { background: false, ..Options::default() }.file_roots([folder.path()]);
        Self { folder, db: Database::memory_with(options).expect("it opens") }
    }

    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), text).expect("a file is written");
    }

    /// Returns the rows as text.
    pub(crate) fn rows(&self, text: &str) -> Vec<String> {
        let rows = self.db.query(text, ()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let row = |row: attendb::Row| row.values().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        rows.map(|found| row(found.expect("it answers"))).collect()
    }

    /// Returns the first row as text.
    pub(crate) fn row(&self, text: &str) -> String {
        self.rows(text).into_iter().next().unwrap_or_else(|| panic!("{text}: no row"))
    }

    /// Returns why a statement is refused.
    pub(crate) fn refused(&self, text: &str) -> String {
        self.db.execute(text, ()).expect_err(text).to_string()
    }

    /// Looks whether everything that is stored agrees.
    pub(crate) fn sound(&self) {
        let report = self.db.check(true).expect("the check runs");
        assert!(report.is_sound(), "{report:?}");
    }
}

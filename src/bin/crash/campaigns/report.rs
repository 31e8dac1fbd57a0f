//! What a campaign says at its end.

use std::{fmt::Write as _, fs, thread};

/// Failures printed in full; the rest is counted.
const FAILURES_SHOWN_MAX: usize = 20;

/// What a campaign did, and what it found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// What was done, in words and counts: seed, kills, commits, time.
    pub(crate) what: String,
    /// Cases that went as they must.
    pub(crate) passed: u64,
    /// What went wrong, one text a case.
    pub(crate) failures: Vec<String>,
    /// The name of the planted fault: then a failure is what must be found.
    pub(crate) planted: Option<&'static str>,
}

impl Report {
    /// Returns whether all is well: nothing failed, or the planted fault was caught.
    pub(crate) fn is_good(&self) -> bool {
        self.planted.is_some() != self.failures.is_empty()
    }

    /// Returns whether nothing was run, for a reason that the text says.
    pub(crate) fn is_skipped(&self) -> bool {
        self.passed == 0 && self.failures.is_empty() && self.planted.is_none()
    }

    /// Returns how many cases count as passed and as failed: a planted fault is one case.
    pub(crate) fn counts(&self) -> (u64, u64) {
        match self.planted {
            Some(_) => (u64::from(self.is_good()), u64::from(!self.is_good())),
            None => (self.passed, self.failures.len() as u64),
        }
    }

    /// Returns the report as text.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", self.what);
        let shown = if self.planted.is_some() { 1 } else { FAILURES_SHOWN_MAX };
        for failure in self.failures.iter().take(shown) {
            let _ = writeln!(text, "  {failure}");
        }
        if self.failures.len() > shown {
            let _ = writeln!(text, "  and {} more", self.failures.len() - shown);
        }
        if let Some(name) = self.planted {
            let word = if self.is_good() { "caught" } else { "NOT caught" };
            let _ = writeln!(text, "the planted fault {name} was {word}");
        }
        text
    }

    /// Prints the report and its counts.
    #[allow(dead_code, reason = "the tests print the sum of all")]
    pub(crate) fn print(&self) {
        let (passed, failed) = self.counts();
        print!("{}", self.text());
        println!("machine: {}", machine());
        println!("{passed} passed, {failed} failed");
    }
}

/// Returns the processor, its threads and the memory, for whoever compares figures.
fn machine() -> String {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map_or("unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    format!(
        "{}, {threads} threads, memory {}",
        field("/proc/cpuinfo", "model name"),
        field("/proc/meminfo", "MemTotal")
    )
}

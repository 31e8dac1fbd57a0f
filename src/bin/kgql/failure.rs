//! What ends a run early: the exit codes, and how an error is told.

use std::{fmt, io, process::ExitCode};

use attendb::Error;

/// Why a run ended early. Each has been told, or is told by [`Failure::tell`].
#[derive(Debug)]
pub(crate) enum Failure {
    /// The database refused or failed; the place is `file:line` of the statement, where there is a file.
    Database {
        /// Where the statement stands.
        place: Option<String>,
        /// What the database said.
        error: Error,
    },
    /// The command line, a parameter or a dot command is wrong.
    Usage(String),
    /// A file of ours could not be read or written.
    Io(String),
    /// Whoever read the output has stopped reading: nothing is left to do, and nothing to tell.
    OutputClosed,
    /// `check` found the database damaged, and has told how.
    Damaged,
}

/// The exit codes, as `--help` lists them.
const EXIT_QUERY: u8 = 1;
const EXIT_USAGE: u8 = 2;
const EXIT_STORAGE: u8 = 3;
/// 128 + SIGINT, as shells report an interrupted program.
pub(crate) const EXIT_INTERRUPTED: u8 = 130;

impl Failure {
    /// Returns the failure of writing to standard output.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Io(format!("cannot write to standard output: {error}")),
        }
    }

    /// Says on standard error what happened.
    pub(crate) fn tell(&self, color: bool) {
        let (red, plain) = if color { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        match self {
            Self::OutputClosed | Self::Damaged => {}
            other => eprintln!("{red}error{plain}: {other}"),
        }
    }

    /// Returns the code the program ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Database { error, .. } => exit_code(error),
            Self::Usage(_) => EXIT_USAGE,
            Self::Io(_) | Self::Damaged => EXIT_STORAGE,
            Self::OutputClosed => 0,
        })
    }

    /// Returns whether an interactive session cannot go on after it.
    pub(crate) const fn is_fatal(&self) -> bool {
        matches!(self, Self::OutputClosed | Self::Database { error: Error::Poisoned { .. } | Error::Closed, .. })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database { place: None, error }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database { place: Some(place), error } => write!(f, "{place}: {error}"),
            Self::Database { place: None, error } => error.fmt(f),
            Self::Usage(message) | Self::Io(message) => f.write_str(message),
            Self::OutputClosed => f.write_str("the output is closed"),
            Self::Damaged => f.write_str("the database is damaged"),
        }
    }
}

fn exit_code(error: &Error) -> u8 {
    match error {
        Error::Cancelled => EXIT_INTERRUPTED,
        Error::Corrupt { .. }
        | Error::AlreadyOpen { .. }
        | Error::Version { .. }
        | Error::Full { .. }
        | Error::Io { .. }
        | Error::Poisoned { .. }
        | Error::Closed => EXIT_STORAGE,
        _ => EXIT_QUERY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_help() {
        let corrupt = Error::Corrupt { what: "root".into(), expected: "1".into(), got: "2".into() };
        assert_eq!(exit_code(&corrupt), EXIT_STORAGE);
        assert_eq!(exit_code(&Error::Cancelled), EXIT_INTERRUPTED);
        assert_eq!(exit_code(&Error::Limit { what: "rows", max: 1 }), EXIT_QUERY);
    }

    #[test]
    fn a_reader_that_leaves_is_no_error() {
        let closed = Failure::output(&io::ErrorKind::BrokenPipe.into());
        assert!(matches!(closed, Failure::OutputClosed));
        assert!(matches!(Failure::output(&io::ErrorKind::StorageFull.into()), Failure::Io(_)));
    }
}

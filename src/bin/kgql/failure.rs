//! What ends a run early: the exit codes, and how an error is told.

use std::{fmt, io, process::ExitCode};

use attendb::Error;
use serde_json::{Value as Json, json};

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
    /// What was asked for is refused by `--safe`.
    Unsafe(String),
    /// A file of ours could not be read or written.
    Io(String),
    /// Whoever read the output has stopped reading: nothing is left to do, and nothing to tell.
    OutputClosed,
    /// The user left the pager before the end: the statement ends there.
    PagerLeft,
    /// `check` found the database damaged, and has told how.
    Damaged,
    /// `dump --salvage` wrote what there is, and has told what is not.
    Lost,
}

/// How errors are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// As text.
    Plain,
    /// As text with colours.
    Color,
    /// As one JSON object a line.
    Json,
}

/// The exit codes, as `--help` lists them.
const EXIT_QUERY: u8 = 1;
const EXIT_USAGE: u8 = 2;
const EXIT_STORAGE: u8 = 3;
/// As `fsck` reports errors that are left.
const EXIT_LOST: u8 = 4;
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
    pub(crate) fn tell(&self, voice: Voice) {
        if matches!(self, Self::OutputClosed | Self::PagerLeft | Self::Damaged | Self::Lost) {
            return;
        }
        match voice {
            Voice::Json => eprintln!("{}", self.json()),
            Voice::Plain => eprintln!("error: {self}"),
            Voice::Color => eprintln!("\u{1b}[1;31merror\u{1b}[0m: {self}"),
        }
    }

    /// Returns it as an object that has always the same members: `code` (GQLSTATUS, or a word), `kind`, `message`, `file`,
    /// `line`, `column` (from 1), `hint`, `exit_code`; what is not known is null.
    pub(crate) fn json(&self) -> Json {
        let (mut file, mut line, mut column) = (Json::Null, Json::Null, Json::Null);
        let (mut code, mut kind, mut hint) =
            (Json::from(self.word()), Json::from(self.word()), Json::from(self.hint()));
        let mut message = self.to_string();
        if let Self::Database { place, error } = self {
            file = place.as_deref().and_then(|place| place.rsplit_once(':')).map(|(file, _)| file).into();
            match error {
                Error::Query(query) => {
                    message = query.message.clone();
                    (code, kind) = (query.code.into(), format!("{}.{}", query.kind, query.detail).into());
                    hint = query.hint.as_deref().into();
                    if let Some(place) = &query.place {
                        (line, column) = (place.line.into(), place.column.into());
                    }
                }
                Error::Import(import) => {
                    message = import.reason.clone();
                    file = import.file.as_str().into();
                    (line, column) = (import.line.into(), import.column.into());
                }
                other => message = other.to_string(),
            }
        }
        json!({
            "code": code,
            "kind": kind,
            "message": message,
            "file": file,
            "line": line,
            "column": column,
            "hint": hint,
            "exit_code": self.code(),
        })
    }

    /// Returns the code the program ends with.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Database { error, .. } => exit_code(error),
            Self::Usage(_) | Self::Unsafe(_) => EXIT_USAGE,
            Self::Io(_) | Self::Damaged => EXIT_STORAGE,
            Self::Lost => EXIT_LOST,
            Self::OutputClosed | Self::PagerLeft => 0,
        }
    }

    /// Returns [`code`](Self::code) for `main`.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// Returns whether no run can go on after it.
    pub(crate) const fn is_fatal(&self) -> bool {
        matches!(self, Self::OutputClosed | Self::Database { error: Error::Poisoned { .. } | Error::Closed, .. })
    }

    /// Returns what to do about it, where the message does not say.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Database { error: Error::AlreadyOpen { process_id, .. }, .. } => {
                let owner =
                    process_id.map_or_else(|| "the process that has it".to_owned(), |id| format!("process {id}"));
                Some(format!(
                    "one process owns a database: end {owner}, or ask there. --readonly needs that too: it reads a private \
                     copy, and blocks cannot be copied while they are written"
                ))
            }
            Self::Unsafe(_) => Some("start kgql without --safe".to_owned()),
            Self::Usage(_) => Some(".help lists the commands, kgql --help the options".to_owned()),
            _ => None,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Usage(_) => "Usage",
            Self::Unsafe(_) => "NotAllowed",
            Self::Io(_) => "Io",
            Self::OutputClosed | Self::PagerLeft => "OutputClosed",
            Self::Damaged => "Damaged",
            Self::Lost => "Lost",
            Self::Database { error, .. } => match error {
                Error::Query(_) => "Query",
                Error::Constraint { .. } => "Constraint",
                Error::Limit { .. } => "Limit",
                Error::Deadline { .. } => "Deadline",
                Error::Cancelled => "Cancelled",
                Error::Import(_) => "Import",
                Error::Corrupt { .. } => "Corrupt",
                Error::AlreadyOpen { .. } => "AlreadyOpen",
                Error::Version { .. } => "Version",
                Error::Full { .. } => "Full",
                Error::Io { .. } => "Io",
                Error::NotAllowed { .. } => "NotAllowed",
                Error::Poisoned { .. } => "Poisoned",
                Error::Closed => "Closed",
                Error::Convert { .. } => "Convert",
                _ => "Error",
            },
        }
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
            Self::Database { place: Some(place), error } => write!(f, "{place}: {error}")?,
            Self::Database { place: None, error } => error.fmt(f)?,
            Self::Usage(message) | Self::Io(message) | Self::Unsafe(message) => return f.write_str(message),
            Self::OutputClosed | Self::PagerLeft => return f.write_str("the output is closed"),
            Self::Damaged => return f.write_str("the database is damaged"),
            Self::Lost => return f.write_str("a part of the database is lost"),
        }
        // Errors of queries bring their own.
        self.hint().map_or(Ok(()), |hint| write!(f, "\n  hint: {hint}"))
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
        assert_eq!((Failure::Damaged.code(), Failure::Lost.code()), (EXIT_STORAGE, EXIT_LOST));
    }

    #[test]
    fn a_reader_that_leaves_is_no_error() {
        let closed = Failure::output(&io::ErrorKind::BrokenPipe.into());
        assert!(matches!(closed, Failure::OutputClosed));
        assert!(matches!(Failure::output(&io::ErrorKind::StorageFull.into()), Failure::Io(_)));
    }

    #[test]
    fn objects_have_always_the_same_members() {
        let members =
            |failure: Failure| -> Vec<String> { failure.json().as_object().unwrap().keys().cloned().collect() };
        let expected = members(Failure::Usage("x".into()));
        assert_eq!(expected.len(), 8);
        assert_eq!(members(Error::Cancelled.into()), expected);
        let open = Failure::from(Error::AlreadyOpen { path: "x.kg".into(), process_id: Some(7) });
        assert!(open.to_string().contains("hint: ") && open.json()["hint"].as_str().unwrap().contains("process 7"));
    }
}

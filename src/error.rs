//! The one error type of the crate.
//!
//! Variants are by *what the caller can do*: mend the query, mend the file, free space, wait for the other
//! process, restore a backup. Context lives in the variant's fields; no foreign type appears in them.

use std::{fmt, io, path::Path, path::PathBuf};

/// The result of anything that can fail in AttenDB.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, by what the caller can do about it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// The statement is wrong, at compile time or while it ran.
    Query(Box<QueryError>),
    /// A uniqueness constraint would be violated: nothing of the statement was kept.
    Constraint {
        /// The label whose nodes must differ.
        label: String,
        /// The property that must be unique.
        key: String,
        /// The value that exists already, as KGQL text.
        value: String,
    },
    /// A named limit was reached: the statement stopped and its memory was given back.
    Limit {
        /// Which limit ("rows", "memory", "node ids", ...).
        what: &'static str,
        /// Its value, in the unit of `what`.
        max: u64,
    },
    /// The statement ran past its deadline.
    Deadline {
        /// The time it was allowed, in milliseconds.
        allowed_ms: u64,
    },
    /// The statement was cancelled through its cancel handle.
    Cancelled,
    /// A row of an imported file was rejected.
    Import(Box<ImportError>),
    /// Stored bytes are not what they must be.
    Corrupt {
        /// The file, segment, block or frame.
        what: String,
        /// What should have been there.
        expected: String,
        /// What was found.
        got: String,
    },
    /// Another process, or another handle of this one, holds the database.
    AlreadyOpen {
        /// The database directory.
        path: PathBuf,
        /// The process that holds it, where it could be read.
        process_id: Option<u32>,
    },
    /// The database, or a part of it, was written by a version this one does not read. Nothing was touched.
    Version {
        /// The database directory, or the segment, root, record or block in it.
        path: PathBuf,
        /// The format version found: of that part, where it is a part.
        found: u32,
        /// The version this build reads and writes.
        supported: u32,
    },
    /// No space is left (on the disk, in the user's quota, below the limit on file sizes where the program ignores
    /// `SIGXFSZ`), or the journal reached its limit while the checkpointer is stalled. Nothing of the commit was kept; it may
    /// be tried again once space is free. Reading goes on.
    Full {
        /// What could not be written.
        what: String,
    },
    /// The operating system refused an operation on a file.
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// The kind of failure.
        kind: io::ErrorKind,
        /// The system's own words.
        message: String,
    },
    /// The operation is not allowed on this handle (read-only, file access off, path outside the roots).
    NotAllowed {
        /// What was refused, and which option allows it.
        what: String,
    },
    /// An earlier failure made this handle unusable for writing; reopening recovers.
    Poisoned {
        /// The first failure.
        cause: String,
    },
    /// The database is closed.
    Closed,
    /// A value could not be converted into the type the caller asked for.
    Convert {
        /// What was wanted and what was found.
        what: String,
    },
}

impl Error {
    /// Returns the error of an I/O operation on `path`; where there is no room it becomes [`Error::Full`].
    pub(crate) fn io(action: &'static str, path: impl AsRef<Path>, error: &io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        if Self::is_no_room(error.kind()) {
            return Self::Full { what: format!("{action} {}: {error}", path.display()) };
        }
        Self::Io { action, path, kind: error.kind(), message: error.to_string() }
    }

    /// Returns whether a failure is one of room: the disk, the user's part of it, or the largest file allowed.
    pub(crate) fn is_no_room(kind: io::ErrorKind) -> bool {
        matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
    }

    /// Returns a corruption error.
    pub(crate) fn corrupt(what: impl fmt::Display, expected: impl fmt::Display, got: impl fmt::Display) -> Self {
        Self::Corrupt { what: what.to_string(), expected: expected.to_string(), got: got.to_string() }
    }

    /// Returns the error of a part of the database that has another version.
    pub(crate) fn version(part: impl fmt::Display, found: impl Into<u32>, supported: impl Into<u32>) -> Self {
        Self::Version { path: part.to_string().into(), found: found.into(), supported: supported.into() }
    }

    /// Returns the error with the database's directory before the name of a part that has another version.
    pub(crate) fn in_database(self, dir: &Path) -> Self {
        match self {
            Self::Version { path, found, supported } if !path.starts_with(dir) => {
                Self::Version { path: dir.join(path), found, supported }
            }
            other => other,
        }
    }

    /// Returns the query error inside, if this is one.
    pub fn as_query(&self) -> Option<&QueryError> {
        match self {
            Self::Query(error) => Some(error),
            _ => None,
        }
    }
}

impl std::error::Error for Error {}

impl From<QueryError> for Error {
    fn from(error: QueryError) -> Self {
        Self::Query(Box::new(error))
    }
}

impl From<ImportError> for Error {
    fn from(error: ImportError) -> Self {
        Self::Import(Box::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(error) => error.fmt(f),
            Self::Constraint { label, key, value } => {
                write!(f, "a node (:{label} {{{key}: {value}}}) exists already and {label}.{key} is unique")
            }
            Self::Limit { what, max } => write!(f, "limit reached: {what} (max {max})"),
            Self::Deadline { allowed_ms } => write!(f, "deadline passed: the statement may take {allowed_ms} ms"),
            Self::Cancelled => write!(f, "cancelled"),
            Self::Import(error) => error.fmt(f),
            Self::Corrupt { what, expected, got } => write!(f, "corrupt {what}: expected {expected}, got {got}"),
            Self::AlreadyOpen { path, process_id: Some(id) } => {
                write!(f, "{} is open already, in process {id}", path.display())
            }
            Self::AlreadyOpen { path, process_id: None } => write!(f, "{} is open already", path.display()),
            Self::Version { path, found, supported } => write!(
                f,
                "{} has format version {found}; this build reads version {supported}; nothing was touched",
                path.display()
            ),
            Self::Full { what } => write!(f, "no space left: {what}; free some and try again"),
            Self::Io { action, path, message, .. } => write!(f, "cannot {action} {}: {message}", path.display()),
            Self::NotAllowed { what } => write!(f, "not allowed: {what}"),
            Self::Poisoned { cause } => {
                write!(f, "writing stopped after a failure ({cause}); reopen the database to recover")
            }
            Self::Closed => write!(f, "the database is closed"),
            Self::Convert { what } => write!(f, "cannot convert: {what}"),
        }
    }
}

/// A stretch of a statement's text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Returns the span of `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end) }
    }

    /// Returns the smallest span holding both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// When a query error was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Before anything ran.
    Compile,
    /// While the statement ran.
    Run,
}

/// A statement that is wrong: where, why, and what to do.
#[derive(Debug, Clone)]
pub struct QueryError {
    /// The five-character GQLSTATUS code, e.g. `42001`.
    pub code: &'static str,
    /// When it was found.
    pub phase: Phase,
    /// The openCypher error type, e.g. `SyntaxError`.
    pub kind: &'static str,
    /// The openCypher detail, e.g. `UndefinedVariable`.
    pub detail: &'static str,
    /// What is wrong, naming the thing and the value.
    pub message: String,
    /// Where, in the statement's text.
    pub span: Option<Span>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The line and column (both from 1, in characters) and the text of that line, once the source is known.
    pub place: Option<Place>,
}

/// A position in a statement, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The text of that line (shortened around the place when very long).
    pub text: String,
    /// Where in `text` the caret goes, in characters from 0.
    pub caret: usize,
    /// How many characters to underline, at least 1.
    pub width: usize,
}

/// The longest piece of a source line that an error prints: a terminal's width.
const PLACE_CHARS_MAX: usize = 100;

impl QueryError {
    /// Returns a compile-time `SyntaxError` (GQLSTATUS 42001).
    pub(crate) fn syntax(detail: &'static str, message: impl Into<String>, span: Span) -> Self {
        Self::compile("42001", "SyntaxError", detail, message, span)
    }

    /// Returns a compile-time error.
    pub(crate) fn compile(
        code: &'static str,
        kind: &'static str,
        detail: &'static str,
        message: impl Into<String>,
        span: Span,
    ) -> Self {
        Self {
            code,
            phase: Phase::Compile,
            kind,
            detail,
            message: message.into(),
            span: Some(span),
            hint: None,
            place: None,
        }
    }

    /// Returns a run-time error.
    pub(crate) fn run(
        code: &'static str,
        kind: &'static str,
        detail: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { code, phase: Phase::Run, kind, detail, message: message.into(), span: None, hint: None, place: None }
    }

    /// Returns a run-time `TypeError` (GQLSTATUS 22G03).
    pub(crate) fn type_error(detail: &'static str, message: impl Into<String>) -> Self {
        Self::run("22G03", "TypeError", detail, message)
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds where it is, unless that is known already.
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// Finds line and column in the statement's text.
    pub(crate) fn locate(mut self, source: &str) -> Self {
        if let (Some(span), None) = (self.span, &self.place) {
            self.place = Some(Place::find(source, span));
        }
        self
    }
}

impl Place {
    /// Returns the place of `span` in `source`.
    pub(crate) fn find(source: &str, span: Span) -> Self {
        let floor = |mut at: usize| {
            at = at.min(source.len());
            while !source.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (start, end) = (floor(span.start as usize), floor(span.end as usize));
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let line = source[..start].bytes().filter(|&b| b == b'\n').count() + 1;
        let before = source[line_start..start].chars().count();
        let width = source[start..end.clamp(start, line_end)].chars().count().max(1);
        let skipped = before.saturating_sub(PLACE_CHARS_MAX / 2);
        let text: String = source[line_start..line_end]
            .chars()
            .skip(skipped)
            .take(PLACE_CHARS_MAX)
            .map(|c| if c == '\t' || c == '\r' { ' ' } else { c })
            .collect();
        let caret = before - skipped;
        let width = width.min(text.chars().count().saturating_sub(caret).max(1));
        Self { line, column: before + 1, text, caret, width }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{} {}]", self.kind, self.message, self.code, self.detail)?;
        if let Some(place) = &self.place {
            write!(f, "\n  at line {}, column {}", place.line, place.column)?;
            write!(f, "\n  | {}", place.text)?;
            write!(f, "\n  | {}{}", " ".repeat(place.caret), "^".repeat(place.width))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// A rejected row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    /// The file as the statement named it.
    pub file: String,
    /// Line, from 1 (of the decompressed text); 0 where no one line is meant.
    pub line: u64,
    /// Column, from 1: the field's number; 0 where the whole line is meant.
    pub column: u64,
    /// The field's name, where the file has a header.
    pub field: Option<String>,
    /// Why it was rejected, naming the value.
    pub reason: String,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ", column {}", self.column)?;
        }
        if let Some(field) = &self.field {
            write!(f, " ({field})")?;
        }
        write!(f, ": {}", self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_points_at_the_span() {
        let source = "MATCH (n)\nRETURN é.nam, m";
        let at = source.find("nam").unwrap();
        let error = QueryError::syntax("X", "unknown", Span::new(at, at + 3)).hint("did you mean `name`?");
        let text = error.locate(source).to_string();
        assert_eq!(
            text,
            "SyntaxError: unknown [42001 X]\n  at line 2, column 10\n  | RETURN é.nam, m\n  |          ^^^\n  hint: did you mean `name`?"
        );
    }

    /// The numbers are the same on Linux, whatever the processor.
    #[cfg(target_os = "linux")]
    #[test]
    fn whatever_has_no_room_is_full() {
        const ENOSPC: i32 = 28;
        const EDQUOT: i32 = 122;
        const EFBIG: i32 = 27;
        const EIO: i32 = 5;
        let error = |number| Error::io("write to", "x", &io::Error::from_raw_os_error(number));
        for number in [ENOSPC, EDQUOT, EFBIG] {
            let text = error(number).to_string();
            assert!(matches!(error(number), Error::Full { .. }) && text.contains("write to x"), "{text}");
            assert!(text.ends_with("free some and try again"), "{text}");
        }
        assert!(matches!(error(EIO), Error::Io { .. }));
    }

    #[test]
    fn place_survives_spans_outside_the_text() {
        let place = Place::find("é", Span::new(1, 900));
        assert_eq!((place.line, place.column, place.width), (1, 1, 1));
    }
}

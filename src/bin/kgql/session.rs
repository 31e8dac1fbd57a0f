//! Runs statements and dot commands, and shows what comes of them.

use std::{
    fs,
    io::{self, BufWriter, IsTerminal, Write},
    path::Path,
    time::{Duration, Instant},
};

use attendb::{Database, Error, Params, QueryOptions, Rows, Summary, Value};

use crate::{
    bench, cancel, dot,
    failure::Failure,
    picture::{self, Seen},
    progress::Progress,
    prompt::Names,
    render::{self, Mode, Page, RenderError},
    schema,
    script::{self, Kind, Piece},
};

/// How deep `.read` may nest: a file that reads itself must not exhaust the stack.
const READ_DEPTH_MAX: usize = 16;

/// The size of the buffer before standard output.
const OUT_BUFFER_BYTES: usize = 64 << 10;

/// A database, an open transaction or none, and how answers are shown.
pub(crate) struct Shell {
    session: attendb::Session,
    params: Params,
    look: Look,
    progress: Progress,
    read_depth: usize,
    /// What of the last result can be drawn.
    seen: Seen,
}

/// How answers are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// How rows are written.
    pub(crate) mode: Mode,
    /// Whether each statement's time is told.
    pub(crate) timer: bool,
    /// How often each statement is run and measured instead of shown.
    pub(crate) bench: Option<u32>,
    /// Whether a person is typing: then errors do not end the run, and effects are told.
    pub(crate) interactive: bool,
    /// Whether standard error takes colours.
    pub(crate) color: bool,
}

/// Whether to go on after a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// With what follows.
    Continue,
    /// Not: `.quit`.
    Quit,
}

impl Shell {
    /// Returns a shell without an open transaction.
    pub(crate) fn new(db: Database, params: Params, look: Look, progress: Progress) -> Self {
        Self { session: db.session(), params, look, progress, read_depth: 0, seen: Seen::default() }
    }

    /// Returns whether a transaction is open.
    pub(crate) fn in_transaction(&self) -> bool {
        self.session.is_in_transaction()
    }

    /// Returns the names that completion offers.
    pub(crate) fn names(&self) -> Names {
        schema::names(self.session.database())
    }

    /// Runs the statements and dot commands of a text; `file` is named in errors.
    ///
    /// # Errors
    /// The first failure ends it, unless a person is typing: then it is told, and the rest of the text dropped.
    pub(crate) fn run(&mut self, text: &str, file: Option<&Path>) -> Result<Flow, Failure> {
        for piece in script::pieces(text) {
            match self.run_piece(piece, file) {
                Ok(Flow::Continue) => {}
                Ok(Flow::Quit) => return Ok(Flow::Quit),
                Err(failure) if self.look.interactive && !failure.is_fatal() => {
                    failure.tell(self.look.color);
                    return Ok(Flow::Continue);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(Flow::Continue)
    }

    /// Runs a file.
    ///
    /// # Errors
    /// As [`Shell::run`]; [`Failure::Io`] where the file cannot be read or is no UTF-8.
    pub(crate) fn run_file(&mut self, path: &Path) -> Result<Flow, Failure> {
        let refuse = |why: String| Failure::Io(format!("cannot read {}: {why}", path.display()));
        let bytes = fs::read(path).map_err(|error| refuse(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            refuse(format!("it is not UTF-8 at byte {at}"))
        })?;
        self.run(&text, Some(path))
    }

    /// Ends the session: an open transaction is dropped, the database closed.
    ///
    /// # Errors
    /// What closing the database said.
    pub(crate) fn close(self) -> Result<(), Failure> {
        let db = self.session.database().clone();
        if self.session.is_in_transaction() {
            eprintln!("note: the open transaction was rolled back");
        }
        drop(self.session);
        Ok(db.close()?)
    }

    fn run_piece(&mut self, piece: Piece<'_>, file: Option<&Path>) -> Result<Flow, Failure> {
        match piece.kind {
            Kind::Dot => self.run_dot(piece.text),
            Kind::Statement => {
                let result = self.run_statement(piece.text);
                result.map(|()| Flow::Continue).map_err(|failure| located(failure, piece, file))
            }
        }
    }

    fn run_dot(&mut self, line: &str) -> Result<Flow, Failure> {
        match dot::parse(line).map_err(Failure::Usage)? {
            dot::Command::Graph(path) => picture::draw(&mut self.session, &self.seen, &path)?,
            dot::Command::Help => write_out(|out| out.write_all(dot::HELP.as_bytes()))?,
            dot::Command::Schema => {
                let text = schema::describe(&self.session.database().schema());
                write_out(|out| out.write_all(text.as_bytes()))?;
            }
            dot::Command::Mode(None) => eprintln!("mode: {}", self.look.mode.name()),
            dot::Command::Mode(Some(mode)) => self.look.mode = mode,
            dot::Command::Timer(on) => {
                self.look.timer = on.unwrap_or(!self.look.timer);
                eprintln!("timer: {}", if self.look.timer { "on" } else { "off" });
            }
            dot::Command::Read(_) if self.read_depth == READ_DEPTH_MAX => {
                return Err(Failure::Usage(format!("files read each other {READ_DEPTH_MAX} deep: is there a circle?")));
            }
            dot::Command::Read(path) => {
                self.read_depth += 1;
                let flow = self.run_file(&path);
                self.read_depth -= 1;
                return flow;
            }
            dot::Command::Quit => return Ok(Flow::Quit),
        }
        Ok(Flow::Continue)
    }

    fn run_statement(&mut self, text: &str) -> Result<(), Failure> {
        let running = cancel::Running::begin();
        let options = QueryOptions { cancel: Some(running.handle().clone()), ..QueryOptions::default() };
        if let Some(times) = self.look.bench {
            let line = bench::measure(self.session.database(), text, &self.params, times, running.handle())?;
            return write_out(|out| writeln!(out, "{line}"));
        }
        let started = Instant::now();
        let bar = self.progress.begin();
        let rows = self.session.query_with(text, &self.params, &options)?;
        drop(bar);
        let (n_rows, summary) = self.show(rows)?;
        self.tell(n_rows, &summary, started.elapsed());
        Ok(())
    }

    /// Writes the rows; returns how many and what the statement did.
    fn show(&mut self, mut rows: Rows) -> Result<(Option<u64>, Summary), Failure> {
        if let (Mode::Box, Some(profile)) = (self.look.mode, rows.summary().profile.clone()) {
            // A tree is for people; the other modes write its rows.
            write_out(|out| write!(out, "{profile}"))?;
            return Ok((None, rows.summary().clone()));
        }
        let columns: Vec<_> = rows.columns().to_vec();
        if columns.is_empty() {
            while rows.next_row()?.is_some() {}
            return Ok((None, rows.summary().clone()));
        }
        self.seen = Seen::default();
        let seen = &mut self.seen;
        let names: Vec<&str> = columns.iter().map(|name| &**name).collect();
        let each = std::iter::from_fn(|| match rows.next_row() {
            Ok(row) => row.map(|row| {
                seen.see(row.values());
                Ok::<Vec<Value>, Error>(row.values().to_vec())
            }),
            Err(error) => Some(Err(error)),
        });
        let stdout = io::stdout();
        let page = page(&stdout);
        let mut out = BufWriter::with_capacity(OUT_BUFFER_BYTES, stdout.lock());
        let result = render::render(self.look.mode, page, &names, each, &mut out);
        // What was written before an error is shown too: the rows up to it are right.
        let flushed = out.flush();
        let n_rows = result.map_err(|error| match error {
            RenderError::Rows(error) => Failure::from(error),
            RenderError::Output(error) => Failure::output(&error),
        })?;
        flushed.map_err(|error| Failure::output(&error))?;
        Ok((Some(n_rows), rows.summary().clone()))
    }

    /// Says on standard error what the statement did.
    fn tell(&self, n_rows: Option<u64>, summary: &Summary, took: Duration) {
        for notice in &summary.notices {
            eprintln!("note: {notice}");
        }
        let mut said = Vec::new();
        if let (true, Some(n)) = (self.look.interactive || self.look.timer, n_rows) {
            said.push(format!("{n} row{}", if n == 1 { "" } else { "s" }));
        }
        if self.look.interactive || self.look.timer {
            said.extend(effects(summary));
        }
        if self.look.timer {
            said.push(format!("{:.3} ms", took.as_secs_f64() * 1e3));
        }
        if !said.is_empty() {
            eprintln!("{}", said.join(", "));
        }
    }
}

/// Returns what a statement changed, in words.
fn effects(summary: &Summary) -> Vec<String> {
    let changes = [
        (summary.nodes_created, "nodes created"),
        (summary.nodes_deleted, "nodes deleted"),
        (summary.relationships_created, "relationships created"),
        (summary.relationships_deleted, "relationships deleted"),
        (summary.properties_set, "properties set"),
        (summary.labels_added, "labels added"),
        (summary.labels_removed, "labels removed"),
        (summary.indexes_changed, "indexes changed"),
    ];
    changes.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{what}: {n}")).collect()
}

/// Adds the statement's file and line to an error of the database, and counts the error's own line from the file's
/// first.
fn located(failure: Failure, piece: Piece<'_>, file: Option<&Path>) -> Failure {
    let Failure::Database { place: None, mut error } = failure else { return failure };
    if let Error::Query(query) = &mut error
        && let Some(place) = &mut query.place
    {
        place.line += piece.line - 1;
    }
    Failure::Database { place: file.map(|path| format!("{}:{}", path.display(), piece.line)), error }
}

/// Writes to standard output.
pub(crate) fn write_out(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    write(&mut out).and_then(|()| out.flush()).map_err(|error| Failure::output(&error))
}

fn page(stdout: &io::Stdout) -> Page {
    if !stdout.is_terminal() {
        return Page::default();
    }
    Page { width: render::terminal_width(), color: color_allowed() }
}

/// Returns whether colours are wanted: NO_COLOR is unset or empty (see <https://no-color.org>).
pub(crate) fn color_allowed() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

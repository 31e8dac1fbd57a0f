//! Runs statements and dot commands, and shows what comes of them.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use attendb::{Database, Error, Params, QueryOptions, Rows, Value};

use crate::{
    bench, cancel,
    dot::{self, Command},
    failure::Failure,
    help,
    output::{Output, write_out},
    params::{self, Change},
    picture::{self, Seen},
    progress::Progress,
    prompt::Names,
    render::{self, Mode, RenderError},
    schema,
    script::{self, Kind, Piece},
    settings::{Look, Measure, Reader, Switch, limit, word},
    told::{self, Counted, Shown},
};

/// How deep `.read` may nest: a file that reads itself must not exhaust the stack.
const READ_DEPTH_MAX: usize = 16;

/// Rows that are counted behind those that are shown: who wants to know more precisely asks for `count(*)`.
const COUNTED_ROWS_MAX: u64 = 1_000_000;

/// How long they are counted: nobody waits longer for a number that was not asked for.
const COUNTED_TIME_MAX: Duration = Duration::from_secs(2);

/// How many rows are counted between two looks at the clock.
const ROWS_BETWEEN_LOOKS: u64 = 1024;

/// A database, an open transaction or none, and how answers are shown.
pub(crate) struct Shell {
    session: attendb::Session,
    params: Params,
    look: Look,
    output: Output,
    progress: Progress,
    files: Files,
    read_depth: usize,
    /// The exit code of the first failure that did not end the run.
    failed: Option<u8>,
    /// What of the last result can be drawn.
    seen: Seen,
}

/// Whether dot commands may touch files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Files {
    /// They may.
    Allowed,
    /// They may not, and nothing that is typed changes it.
    Denied,
}

/// Whether to go on after a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// With what follows.
    Continue,
    /// Not: `.quit`, with its code if it has one.
    Quit(Option<u8>),
}

impl Shell {
    /// Returns a shell without an open transaction.
    pub(crate) fn new(db: Database, params: Params, look: Look, progress: Progress, files: Files) -> Self {
        let output = Output::default();
        let seen = Seen::default();
        Self { session: db.session(), params, look, output, progress, files, read_depth: 0, failed: None, seen }
    }

    /// Returns whether a transaction is open.
    pub(crate) fn in_transaction(&self) -> bool {
        self.session.is_in_transaction()
    }

    /// Returns the database.
    pub(crate) fn database(&self) -> &Database {
        self.session.database()
    }

    /// Returns the names that completion offers.
    pub(crate) fn names(&self) -> Names {
        schema::names(self.session.database(), &self.params)
    }

    /// Runs the statements and dot commands of a text; `file` is named in errors.
    ///
    /// # Errors
    /// The first failure ends it. With `.bail off` it is told instead: at the prompt the rest of the text is dropped,
    /// elsewhere the run goes on and ends with the failure's code.
    pub(crate) fn run(&mut self, text: &str, file: Option<&Path>) -> Result<Flow, Failure> {
        for piece in script::pieces(text) {
            match self.run_piece(piece, file) {
                Ok(Flow::Continue) => {}
                Ok(quit) => return Ok(quit),
                Err(failure) if self.look.is_on(Switch::Bail) || failure.is_fatal() => return Err(failure),
                Err(failure) => {
                    failure.tell(self.look.voice);
                    if self.look.reader == Reader::Person {
                        return Ok(Flow::Continue);
                    }
                    if failure.code() == crate::failure::EXIT_INTERRUPTED {
                        return Ok(Flow::Quit(Some(failure.code())));
                    }
                    self.failed.get_or_insert(failure.code());
                }
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

    /// Ends the session: an open transaction is dropped, the database closed. Returns the code of a failure that was
    /// told.
    ///
    /// # Errors
    /// What closing the database said.
    pub(crate) fn close(self) -> Result<Option<u8>, Failure> {
        let db = self.session.database().clone();
        if self.session.is_in_transaction() {
            eprintln!("note: the open transaction was rolled back");
        }
        drop(self.session);
        db.close()?;
        Ok(self.failed)
    }

    fn run_piece(&mut self, piece: Piece<'_>, file: Option<&Path>) -> Result<Flow, Failure> {
        if self.look.is_on(Switch::Echo) {
            let end = if piece.kind == Kind::Statement { ";" } else { "" };
            self.output.text(&self.look, &format!("{}{end}\n", piece.text))?;
        }
        match piece.kind {
            Kind::Dot => self.run_dot(piece.text),
            Kind::Statement => {
                let result = self.run_statement(piece.text);
                result.map(|()| Flow::Continue).map_err(|failure| located(failure, piece, file))
            }
        }
    }

    fn run_dot(&mut self, line: &str) -> Result<Flow, Failure> {
        let command = dot::parse(line).map_err(Failure::Usage)?;
        if self.files == Files::Denied && command.touches_files() {
            return Err(Failure::Unsafe(format!("'{line}' touches files or programs, and --safe forbids that")));
        }
        match command {
            Command::Graph(path) => picture::draw(&mut self.session, &self.seen, &path)?,
            Command::Help(of) => {
                let text = help::text(of.as_deref()).map_err(Failure::Usage)?;
                self.output.text(&self.look, &text)?;
            }
            Command::Schema => {
                let db = self.session.database();
                let text = schema::describe(&db.schema(), &db.connections()?);
                self.output.text(&self.look, &text)?;
            }
            Command::Mode(None) => eprintln!("mode: {}", self.look.mode.name()),
            Command::Mode(Some(mode)) => self.look.mode = mode,
            Command::Switch(switch, on) => {
                let on = on.unwrap_or(!self.look.is_on(switch));
                self.look.set(switch, on);
                if self.look.reader == Reader::Person {
                    eprintln!("{}: {}", switch.name(), word(on));
                }
            }
            Command::Measure(measure, None) => {
                eprintln!("{}: {}", &measure.command()[1..], limit(self.look.max(measure)));
            }
            Command::Measure(measure, Some(max)) => self.look.set_max(measure, max),
            Command::Null(text) => self.look.null = text.map(Into::into),
            Command::Output(path) => self.output.keep(path.as_deref())?,
            Command::Once(path) => self.output.once(&path)?,
            Command::Import(statement) => self.run_statement(&statement)?,
            Command::Statement(statement) => self.run_statement(statement)?,
            Command::Param(change) => self.change_params(change)?,
            Command::Print(text) => self.output.text(&self.look, &format!("{text}\n"))?,
            Command::Show => self.show_settings()?,
            Command::Read(_) if self.read_depth == READ_DEPTH_MAX => {
                return Err(Failure::Usage(format!("files read each other {READ_DEPTH_MAX} deep: is there a circle?")));
            }
            Command::Read(path) => {
                self.read_depth += 1;
                let flow = self.run_file(&path);
                self.read_depth -= 1;
                return flow;
            }
            Command::Quit(code) => return Ok(Flow::Quit(code)),
        }
        Ok(Flow::Continue)
    }

    fn show_settings(&mut self) -> Result<(), Failure> {
        let mut list = self.look.list();
        list.push(("output", self.output.name()));
        let files = if self.files == Files::Denied { "denied (--safe)" } else { "allowed" };
        list.push(("files", files.to_owned()));
        let text: String = list.iter().map(|(name, value)| format!("{name:>10}: {value}\n")).collect();
        self.output.text(&self.look, &text)
    }

    fn change_params(&mut self, change: Change) -> Result<(), Failure> {
        match change {
            Change::List => {
                let text: String = self.params.iter().map(|(name, value)| format!("${name} => {value}\n")).collect();
                self.output.text(&self.look, &text)?;
            }
            Change::Show(name) => match self.params.get(&name) {
                Some(value) => {
                    let text = format!("${name} => {value}\n");
                    self.output.text(&self.look, &text)?;
                }
                None => return Err(Failure::Usage(format!("there is no parameter ${name}: .params lists them"))),
            },
            Change::Set(name, expression) => {
                let value = params::value(&expression, &self.params)?;
                self.params.set(name, value);
            }
            Change::SetText(name, value) => {
                self.params.set(name, value);
            }
            Change::SetAll(expression) => match params::value(&expression, &self.params)? {
                Value::Map(map) => map.iter().for_each(|(name, value)| {
                    self.params.set(name, value.clone());
                }),
                other => return Err(Failure::Usage(format!(".param takes a map of parameters, but got {other}"))),
            },
            Change::Clear(None) => self.params = Params::new(),
            Change::Clear(Some(name)) => {
                if self.params.get(&name).is_none() {
                    return Err(Failure::Usage(format!("there is no parameter ${name}: .params lists them")));
                }
                let others = self.params.iter().filter(|(known, _)| *known != name);
                self.params = others.map(|(name, value)| (name.to_owned(), value.clone())).collect();
            }
        }
        Ok(())
    }

    fn run_statement(&mut self, text: &str) -> Result<(), Failure> {
        let running = cancel::Running::begin();
        let options = QueryOptions {
            cancel: Some(running.handle().clone()),
            notice: Some(self.look.is_on(Switch::Notice)),
            ..QueryOptions::default()
        };
        if let Some(times) = self.look.bench {
            let line = bench::measure(self.session.database(), text, &self.params, times, running.handle())?;
            return write_out(|out| writeln!(out, "{line}"));
        }
        let started = Instant::now();
        let bar = self.progress.begin();
        let rows = self.session.query_with(text, &self.params, &options)?;
        drop(bar);
        let shown = match self.show(rows, started) {
            Err(Failure::PagerLeft) => return Ok(()),
            shown => shown?,
        };
        let is_cut = shown.rows.is_some_and(|rows| rows.shown != rows.all || !rows.is_exact);
        let mut is_counted = false;
        if let (true, Some(rows)) = (is_cut || self.look.reader == Reader::Agent, shown.rows) {
            // Among rows for programs it would be one more row.
            if self.look.mode.is_for_programs() {
                eprintln!("{}", rows.words());
            } else {
                self.output.text(&self.look, &format!("{}\n", rows.words()))?;
            }
            is_counted = true;
        }
        told::tell(&self.look, &shown, is_counted);
        if self.look.is_on(Switch::Stats) {
            told::stats(&self.session.database().status());
        }
        Ok(())
    }

    /// Writes the rows, as many as are to be shown, and counts the rest.
    fn show(&mut self, mut rows: Rows, started: Instant) -> Result<Shown, Failure> {
        if !rows.columns().is_empty() {
            self.seen = Seen::default();
        }
        if let (Mode::Box, Some(profile)) = (self.look.mode, rows.summary().profile.clone()) {
            // A tree is for people; the other modes write its rows.
            self.output.text(&self.look, &profile.to_string())?;
            return Ok(Shown { rows: None, summary: rows.summary().clone(), took: started.elapsed() });
        }
        let columns: Vec<_> = rows.columns().to_vec();
        if columns.is_empty() {
            while rows.next_row()?.is_some() {}
            return Ok(Shown { rows: None, summary: rows.summary().clone(), took: started.elapsed() });
        }
        let names: Vec<&str> = columns.iter().map(|name| &**name).collect();
        let (mode, bounds) = (self.look.mode, self.look.bounds());
        let rows_max = self.look.max(Measure::Rows).unwrap_or(usize::MAX);
        let seen = &mut self.seen;
        self.output.write(&self.look, |page, mut out| {
            let short = |value: &Value| match bounds {
                Some(bounds) => render::shorten(value.clone(), bounds),
                None => value.clone(),
            };
            let each = std::iter::from_fn(|| match rows.next_row() {
                Ok(row) => row.map(|row| {
                    seen.see(row.values());
                    Ok::<Vec<Value>, Error>(row.values().iter().map(short).collect())
                }),
                Err(error) => Some(Err(error)),
            });
            let shown = render::render(mode, page, &names, each.take(rows_max), &mut out)?;
            let counted = count(&mut rows, shown, shown == rows_max as u64).map_err(RenderError::Rows)?;
            let took = started.elapsed();
            Ok(Shown { rows: Some(counted), summary: rows.summary().clone(), took })
        })
    }
}

/// Counts the rows behind those that were shown, up to a limit and for a while.
fn count(rows: &mut Rows, shown: u64, may_have_more: bool) -> Result<Counted, Error> {
    let until = Instant::now() + COUNTED_TIME_MAX;
    let mut all = shown;
    while may_have_more && rows.advance()? {
        if all - shown == COUNTED_ROWS_MAX || (all.is_multiple_of(ROWS_BETWEEN_LOOKS) && Instant::now() >= until) {
            return Ok(Counted { shown, all, is_exact: false });
        }
        all += 1;
    }
    Ok(Counted { shown, all, is_exact: true })
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

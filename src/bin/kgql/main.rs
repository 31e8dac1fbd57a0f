//! `kgql`: runs KGQL from a prompt, a file or the command line. Uses only the library's public API.
//!
//! Rows go to standard output and everything said about them to standard error, so that output can be piped.

mod args;
mod bench;
mod cancel;
mod carry;
mod check;
mod demo;
mod dot;
mod failure;
mod file_size;
mod help;
mod output;
mod pager;
mod params;
mod picture;
mod progress;
mod prompt;
mod render;
mod schema;
mod script;
mod session;
mod settings;
mod told;

use std::{
    io::{self, IsTerminal, Read},
    path::Path,
    process::ExitCode,
};

use attendb::{Database, FileAccess, Options};
use clap::Parser;

use crate::{
    args::{Cli, Command, Run},
    failure::{Failure, Voice},
    output::color_allowed,
    progress::Progress,
    prompt::{Input, Prompt},
    session::{Files, Flow, Shell},
    settings::{Look, Reader, Switch},
};

fn main() -> ExitCode {
    let is_for_agent = std::env::args_os().any(|arg| arg == "--agent");
    let voice = match color_allowed() && io::stderr().is_terminal() {
        _ if is_for_agent => Voice::Json,
        true => Voice::Color,
        false => Voice::Plain,
    };
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if is_for_agent && error.use_stderr() => {
            let failure = Failure::Usage(error.to_string().trim_end().to_owned());
            failure.tell(voice);
            return failure.exit_code();
        }
        Err(error) => error.exit(),
    };
    cancel::install();
    file_size::let_writes_fail();
    let result = match cli.command {
        Some(Command::Check { database, deep }) => check::run(&database, deep).map(|()| None),
        Some(Command::Demo { directory }) => demo::run(directory.as_deref(), voice).map(|()| None),
        Some(Command::Dump { database, file, salvage: true, .. }) => {
            carry::salvage(&database, file.as_deref()).map(|()| None)
        }
        Some(Command::Dump { database, file, readonly, salvage: false }) => {
            carry::dump(&database, file.as_deref(), readonly).map(|()| None)
        }
        Some(Command::Restore { database, file }) => carry::restore(&database, file.as_deref()).map(|()| None),
        Some(Command::Backup { database, directory, readonly }) => {
            carry::backup(&database, &directory, readonly).map(|()| None)
        }
        None => run(cli.run, voice),
    };
    match result {
        Ok(code) => ExitCode::from(code.unwrap_or_default()),
        Err(failure) => {
            failure.tell(voice);
            failure.exit_code()
        }
    }
}

/// Opens the database and runs what the command line says. Returns the code to end with.
fn run(run: Run, voice: Voice) -> Result<Option<u8>, Failure> {
    let path = run.database.as_ref().ok_or_else(|| Failure::Usage("which database?".to_owned()))?;
    let params = params::parse(&run.params)?;
    let typed = run.commands.is_empty() && run.file.is_empty();
    let reader = match typed && io::stdin().is_terminal() {
        _ if run.agent => Reader::Agent,
        true => Reader::Person,
        false => Reader::Script,
    };
    let files = if run.safe { Files::Denied } else { Files::Allowed };
    let mut look = Look::new(reader, voice);
    look.mode = run.mode.unwrap_or(look.mode);
    look.bench = run.bench;
    look.set(Switch::Timer, run.timer);
    if run.safe {
        look.set(Switch::Pager, false);
    }
    let progress = Progress::new(reader != Reader::Agent);
    let db = open(path, &run, files, &progress)?;
    let mut shell = Shell::new(db, params, look, progress, files);
    let result = if reader == Reader::Person {
        converse(&mut shell, voice == Voice::Color, files)
    } else if typed {
        let mut text = String::new();
        match io::stdin().read_to_string(&mut text) {
            Ok(_) => shell.run(&text, None),
            Err(error) => Err(Failure::Io(format!("cannot read standard input: {error}"))),
        }
    } else {
        run_all(&mut shell, &run.commands, &run.file)
    };
    // The statement's failure is the one to report; closing still has to happen.
    let closed = shell.close();
    match result? {
        Flow::Quit(Some(code)) => closed.map(|_| Some(code)),
        _ => closed,
    }
}

fn run_all(shell: &mut Shell, commands: &[String], files: &[std::path::PathBuf]) -> Result<Flow, Failure> {
    for text in commands {
        if let quit @ Flow::Quit(_) = shell.run(text, None)? {
            return Ok(quit);
        }
    }
    for path in files {
        if let quit @ Flow::Quit(_) = shell.run_file(path)? {
            return Ok(quit);
        }
    }
    Ok(Flow::Continue)
}

/// Reads and runs until `.quit` or the end of the input.
fn converse(shell: &mut Shell, color: bool, files: Files) -> Result<Flow, Failure> {
    eprintln!("kgql {}: statements end with a semicolon; .help helps, .quit leaves", env!("CARGO_PKG_VERSION"));
    let mut prompt = Prompt::new(shell.database().clone(), color, files == Files::Allowed);
    loop {
        prompt.set_names(shell.names());
        match prompt.read(shell.in_transaction()) {
            Input::Text(text) => {
                if let quit @ Flow::Quit(_) = shell.run(&text, None)? {
                    return Ok(quit);
                }
            }
            Input::Dropped => {}
            Input::End => return Ok(Flow::Continue),
        }
    }
}

/// Opens a database; `:memory:` is one in memory. Statements may read and write any file the user may, unless `--safe`.
fn open(path: &Path, run: &Run, files: Files, progress: &Progress) -> Result<Database, Failure> {
    let files = if files == Files::Denied { FileAccess::Denied } else { FileAccess::Any };
    let options = Options { files, read_only: run.readonly, progress: Some(progress.hook()), ..Options::default() };
    Ok(if path == Path::new(":memory:") {
        Database::memory_with(options)?
    } else {
        Database::open_with(path, options)?
    })
}

//! `kgql`: runs KGQL from a prompt, a file or the command line. Uses only the library's public API.
//!
//! Rows go to standard output and everything said about them to standard error, so that output can be piped.

mod args;
mod bench;
mod cancel;
mod check;
mod demo;
mod dot;
mod failure;
mod params;
mod picture;
mod progress;
mod prompt;
mod render;
mod schema;
mod script;
mod session;

use std::{
    io::{self, IsTerminal, Read},
    path::Path,
    process::ExitCode,
};

use attendb::{Database, FileAccess, Options};
use clap::Parser;

use crate::{
    args::{Cli, Command, Run},
    failure::Failure,
    progress::Progress,
    prompt::{Input, Prompt},
    render::Mode,
    session::{Flow, Look, Shell, color_allowed},
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let color = color_allowed() && io::stderr().is_terminal();
    cancel::install();
    let result = match cli.command {
        Some(Command::Check { database, deep }) => check::run(&database, deep),
        Some(Command::Demo { directory }) => demo::run(directory.as_deref(), color),
        None => run(cli.run, color),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell(color);
            failure.exit_code()
        }
    }
}

/// Opens the database and runs what the command line says.
fn run(run: Run, color: bool) -> Result<(), Failure> {
    let path = run.database.ok_or_else(|| Failure::Usage("which database?".to_owned()))?;
    let params = params::parse(&run.params)?;
    let typed = run.commands.is_empty() && run.file.is_empty();
    let interactive = typed && io::stdin().is_terminal();
    let look = Look { mode: run.mode.unwrap_or(Mode::Box), timer: run.timer, bench: run.bench, interactive, color };
    let progress = Progress::new();
    let db = open(&path, &progress)?;
    let mut shell = Shell::new(db, params, look, progress);
    let result = if interactive {
        converse(&mut shell, color)
    } else if typed {
        let mut text = String::new();
        match io::stdin().read_to_string(&mut text) {
            Ok(_) => shell.run(&text, None).map(drop),
            Err(error) => Err(Failure::Io(format!("cannot read standard input: {error}"))),
        }
    } else {
        run_all(&mut shell, &run.commands, &run.file)
    };
    // The statement's failure is the one to report; closing still has to happen.
    result.and(shell.close())
}

fn run_all(shell: &mut Shell, commands: &[String], files: &[std::path::PathBuf]) -> Result<(), Failure> {
    for text in commands {
        if shell.run(text, None)? == Flow::Quit {
            return Ok(());
        }
    }
    for path in files {
        if shell.run_file(path)? == Flow::Quit {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads and runs until `.quit` or the end of the input.
fn converse(shell: &mut Shell, color: bool) -> Result<(), Failure> {
    eprintln!("kgql {}: statements end with a semicolon; .help helps, .quit leaves", env!("CARGO_PKG_VERSION"));
    let mut prompt = Prompt::new(color);
    loop {
        prompt.set_names(shell.names());
        match prompt.read(shell.in_transaction()) {
            Input::Text(text) => {
                if shell.run(&text, None)? == Flow::Quit {
                    return Ok(());
                }
            }
            Input::Dropped => {}
            Input::End => return Ok(()),
        }
    }
}

/// Opens a database; `:memory:` is one in memory. Statements may read and write any file the user may.
fn open(path: &Path, progress: &Progress) -> Result<Database, Failure> {
    let options = Options { files: FileAccess::Any, progress: Some(progress.hook()), ..Options::default() };
    Ok(if path == Path::new(":memory:") {
        Database::memory_with(options)?
    } else {
        Database::open_with(path, options)?
    })
}

//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::render::Mode;

/// What follows the options in `kgql --help`.
const AFTER_HELP: &str = "\
With neither -c nor -f, statements come from the terminal's prompt, or from standard input when that is no terminal.
Rows go to standard output, everything else to standard error.

Exit codes: 0 fine, 1 a statement failed, 2 wrong usage, 3 files or storage, 4 salvaged but for what is lost,
130 interrupted.";

/// Runs KGQL against an AttenDB database.
#[derive(Debug, Parser)]
#[command(name = "kgql", version, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
#[command(subcommand_negates_reqs = true)]
pub(crate) struct Cli {
    /// What to do instead of running statements.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Running statements.
    #[command(flatten)]
    pub(crate) run: Run,
}

/// Other things the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verifies checksums and invariants of a database
    Check {
        /// The database's directory
        #[arg(value_name = "DB")]
        database: PathBuf,
        /// Also recounts: every out-edge has its in-edge, no end dangles, indexes and counts agree with the data
        #[arg(long)]
        deep: bool,
    },
    /// Writes a whole database as one plain stream of checksummed lines, for `restore`
    Dump {
        /// The database's directory
        #[arg(value_name = "DB")]
        database: PathBuf,
        /// Where to write; standard output if left out
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// Changes not one byte of the database: a private copy is read
        #[arg(long, alias = "read-only")]
        readonly: bool,
        /// Takes what is whole from a damaged database, and says on standard error what is not; changes nothing of it.
        /// Exits with 4, the stream whole, where anything is lost
        #[arg(long, conflicts_with = "readonly")]
        salvage: bool,
    },
    /// Makes a database of what `dump` wrote; it appears when all of it is there
    Restore {
        /// The directory to make, absent or empty
        #[arg(value_name = "DB")]
        database: PathBuf,
        /// What to read; standard input if left out
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Copies a database into a new directory, block by block
    Backup {
        /// The database's directory
        #[arg(value_name = "DB")]
        database: PathBuf,
        /// The directory to make, absent or empty
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Changes not one byte of the database: a private copy is read
        #[arg(long, alias = "read-only")]
        readonly: bool,
    },
    /// Builds the town of Otterford and asks it seven questions
    Demo {
        /// Where to put the database; a new temporary directory if left out
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

/// Running statements.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The database's directory, made if absent; `:memory:` for one that vanishes at the end
    #[arg(value_name = "DB", required = true)]
    pub(crate) database: Option<PathBuf>,
    /// Runs these statements (may be repeated)
    #[arg(short = 'c', long = "command", value_name = "QUERY", conflicts_with = "file")]
    pub(crate) commands: Vec<String>,
    /// Runs the statements of this file (may be repeated)
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub(crate) file: Vec<PathBuf>,
    /// Sets $NAME; VALUE is a KGQL literal, or else a string
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    /// How rows are written [default: box; with --agent, markdown]
    #[arg(short, long, value_enum)]
    pub(crate) mode: Option<Mode>,
    /// Says how long each statement took
    #[arg(long)]
    pub(crate) timer: bool,
    /// Opens only what exists and changes not one byte of it: a private copy is read
    #[arg(long, alias = "read-only")]
    pub(crate) readonly: bool,
    /// No file access for statements and dot commands, no pager; nothing that is typed changes that
    #[arg(long)]
    pub(crate) safe: bool,
    /// For language models: few rows and short values, no colours, errors as one JSON object on standard error
    #[arg(long)]
    pub(crate) agent: bool,
    /// Runs each statement N times, prepared, after a warm-up, and prints its timings as a JSON line
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) bench: Option<u32>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_database_or_a_command_is_needed() {
        assert!(Cli::try_parse_from(["kgql"]).is_err());
        assert!(Cli::try_parse_from(["kgql", "x.kg", "-c", "RETURN 1", "-f", "a"]).is_err());
        assert!(Cli::try_parse_from(["kgql", "x.kg", "--bench", "0"]).is_err());
        let cli = Cli::try_parse_from(["kgql", ":memory:", "-c", "a", "-c", "b", "--mode", "jsonl"]).unwrap();
        assert_eq!((cli.run.commands.len(), cli.run.mode), (2, Some(Mode::Jsonl)));
        let cli = Cli::try_parse_from(["kgql", "check", "x.kg", "--deep"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Check { deep: true, .. })));
        assert!(matches!(
            Cli::try_parse_from(["kgql", "demo"]).unwrap().command,
            Some(Command::Demo { directory: None })
        ));
    }
}

//! Dot commands: what the shell itself does. Parsing is pure; the session carries them out.

use std::path::PathBuf;

use crate::render::Mode;

/// A command to the shell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// `.graph FILE`
    Graph(PathBuf),
    /// `.help`
    Help,
    /// `.schema`
    Schema,
    /// `.mode [MODE]`; without a mode it says the present one.
    Mode(Option<Mode>),
    /// `.timer [on|off]`; without a word it switches.
    Timer(Option<bool>),
    /// `.read FILE`
    Read(PathBuf),
    /// `.quit`
    Quit,
}

/// The names, for completion.
pub(crate) const NAMES: [&str; 7] = [".graph", ".help", ".mode", ".quit", ".read", ".schema", ".timer"];

/// What `.help` says.
pub(crate) const HELP: &str = "\
.graph FILE      draws the last result's nodes, relationships and paths: .html, .svg, .dot, .gv or .mmd
.help            this text
.schema          labels, types and property keys with their counts, indexes and constraints
.mode [MODE]     how rows are written: box, csv, json, jsonl, markdown
.timer [on|off]  how long each statement took
.read FILE       runs the statements of a file
.quit            leaves (so does Ctrl-D)

A statement ends with a semicolon and may span lines. Ctrl-C cancels a running statement.
BEGIN; opens a transaction, COMMIT; keeps it, ROLLBACK; drops it. EXPLAIN before a query shows its plan;
PROFILE runs it and shows what each part of the plan took.
";

/// Parses a line that starts with a dot.
///
/// # Errors
/// What is wrong with it, for people.
pub(crate) fn parse(line: &str) -> Result<Command, String> {
    let line = line.trim().trim_end_matches(';').trim_end();
    let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let argument = argument.trim();
    let alone = |command| {
        if argument.is_empty() { Ok(command) } else { Err(format!("{name} takes nothing, but got '{argument}'")) }
    };
    match name.to_ascii_lowercase().as_str() {
        ".graph" if argument.is_empty() => Err(".graph needs a file: .html, .svg, .dot, .gv or .mmd".to_owned()),
        ".graph" => Ok(Command::Graph(PathBuf::from(unquoted(argument)))),
        ".help" => alone(Command::Help),
        ".schema" => alone(Command::Schema),
        ".quit" | ".exit" => alone(Command::Quit),
        ".mode" if argument.is_empty() => Ok(Command::Mode(None)),
        ".mode" => Mode::of_name(argument).map(|mode| Command::Mode(Some(mode))).ok_or_else(|| {
            let known: Vec<&str> = Mode::ALL.iter().map(|mode| mode.name()).collect();
            format!("unknown mode '{argument}': one of {}", known.join(", "))
        }),
        ".timer" => match argument.to_ascii_lowercase().as_str() {
            "" => Ok(Command::Timer(None)),
            "on" => Ok(Command::Timer(Some(true))),
            "off" => Ok(Command::Timer(Some(false))),
            _ => Err(format!(".timer takes on or off, but got '{argument}'")),
        },
        ".read" if argument.is_empty() => Err(".read needs a file".to_owned()),
        ".read" => Ok(Command::Read(PathBuf::from(unquoted(argument)))),
        _ => Err(format!("unknown command '{name}': .help lists them")),
    }
}

fn unquoted(text: &str) -> &str {
    let inside = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inside('\'').or_else(|| inside('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_with_and_without_arguments() {
        assert_eq!(parse(".help"), Ok(Command::Help));
        assert_eq!(parse(".MODE jsonl;"), Ok(Command::Mode(Some(Mode::Jsonl))));
        assert_eq!(parse(".timer"), Ok(Command::Timer(None)));
        assert_eq!(parse(".timer off"), Ok(Command::Timer(Some(false))));
        assert_eq!(parse(".read 'a b.kgql'"), Ok(Command::Read("a b.kgql".into())));
        assert_eq!(parse(".exit"), Ok(Command::Quit));
    }

    #[test]
    fn mistakes_name_the_word() {
        for (line, word) in [(".mod", ".mod"), (".mode xml", "xml"), (".timer soon", "soon"), (".quit now", "now")] {
            assert!(parse(line).unwrap_err().contains(word), "{line}");
        }
        assert!(parse(".read").is_err());
    }

    #[test]
    fn every_offered_name_is_known_and_in_the_help() {
        for name in NAMES {
            let line = if [".graph", ".read"].contains(&name) { format!("{name} x") } else { name.to_owned() };
            assert!(parse(&line).is_ok(), "{name}");
            assert!(HELP.contains(name), "{name}");
        }
    }
}

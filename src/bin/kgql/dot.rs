//! Dot commands: what the shell itself does. Parsing is pure; the session carries them out. A line that starts with a
//! colon is the same: that is how Neo4j's shell writes them.

use std::path::PathBuf;

use crate::{
    help,
    params::Change,
    render::Mode,
    settings::{Measure, Switch},
};

/// A command to the shell.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// `.graph FILE`
    Graph(PathBuf),
    /// `.help [COMMAND]`
    Help(Option<String>),
    /// `.schema`
    Schema,
    /// `.mode [MODE]`; without a mode it says the present one.
    Mode(Option<Mode>),
    /// `.timer [on|off]` and the like; without a word it switches.
    Switch(Switch, Option<bool>),
    /// `.width [N|off]` and the like; without a word it says the present one.
    Measure(Measure, Option<Option<usize>>),
    /// `.nullvalue [TEXT]`; without a text, as the mode has it.
    Null(Option<String>),
    /// `.output [FILE]`; without a file, standard output.
    Output(Option<PathBuf>),
    /// `.once FILE`
    Once(PathBuf),
    /// `.import FILE NAME …`: a COPY statement.
    Import(String),
    /// `.param …`
    Param(Change),
    /// `.print TEXT`
    Print(String),
    /// `.show`
    Show,
    /// `.read FILE`
    Read(PathBuf),
    /// A statement of the language under another name: `:begin`.
    Statement(&'static str),
    /// `.quit [CODE]`
    Quit(Option<u8>),
}

impl Command {
    /// Returns the file it touches, if it does: `--safe` refuses those.
    pub(crate) fn touches_files(&self) -> bool {
        matches!(self, Self::Graph(_) | Self::Output(Some(_)) | Self::Once(_) | Self::Import(_) | Self::Read(_))
            || matches!(self, Self::Switch(Switch::Pager, on) if *on != Some(false))
    }
}

/// Parses a line that starts with a dot or a colon.
///
/// # Errors
/// What is wrong with it, for people.
pub(crate) fn parse(line: &str) -> Result<Command, String> {
    let line = line.trim().trim_end_matches(';').trim_end();
    let (given, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let argument = argument.trim();
    let name = given.to_ascii_lowercase().replacen(':', ".", 1);
    let alone = |command| {
        if argument.is_empty() { Ok(command) } else { Err(format!("{given} takes nothing, but got '{argument}'")) }
    };
    let file = || match unquoted(argument) {
        "" => Err(format!("{given} needs a file")),
        pipe if pipe.starts_with('|') => Err(format!("{given} writes files, not to programs: got '{pipe}'")),
        path => Ok(PathBuf::from(path)),
    };
    if let Some(switch) = Switch::ALL.into_iter().find(|switch| name == switch.command()) {
        return on_off(given, argument).map(|on| Command::Switch(switch, on));
    }
    if let Some(measure) = Measure::ALL.into_iter().find(|measure| name == measure.command()) {
        return number_or_off(given, argument).map(|n| Command::Measure(measure, n));
    }
    match &*name {
        ".help" if argument.is_empty() => Ok(Command::Help(None)),
        ".help" => Ok(Command::Help(Some(format!(".{}", argument.trim_start_matches(['.', ':']))))),
        ".schema" => alone(Command::Schema),
        ".indexes" => alone(Command::Statement("SHOW INDEXES")),
        ".begin" => alone(Command::Statement("BEGIN")),
        ".commit" => alone(Command::Statement("COMMIT")),
        ".rollback" => alone(Command::Statement("ROLLBACK")),
        ".show" => alone(Command::Show),
        ".quit" | ".exit" if argument.is_empty() => Ok(Command::Quit(None)),
        ".quit" | ".exit" => match argument.parse() {
            Ok(code) => Ok(Command::Quit(Some(code))),
            Err(_) => Err(format!("{given} takes an exit code from 0 to 255, but got '{argument}'")),
        },
        ".mode" if argument.is_empty() => Ok(Command::Mode(None)),
        ".mode" => Mode::of_name(argument).map(|mode| Command::Mode(Some(mode))).ok_or_else(|| {
            let known: Vec<&str> = Mode::ALL.iter().map(|mode| mode.name()).collect();
            format!("unknown mode '{argument}': one of {}", known.join(", "))
        }),
        ".nullvalue" => Ok(Command::Null((!argument.is_empty()).then(|| unquoted(argument).to_owned()))),
        ".output" if argument.is_empty() || argument == "stdout" => Ok(Command::Output(None)),
        ".output" => file().map(|path| Command::Output(Some(path))),
        ".graph" => file().map(Command::Graph),
        ".once" => file().map(Command::Once),
        ".read" | ".source" => file().map(Command::Read),
        ".import" => import(argument).map(Command::Import),
        ".param" | ".params" => Change::parse(argument).map(Command::Param),
        ".print" => Ok(Command::Print(unquoted(argument).to_owned())),
        _ => Err(match attendb::similar(&name, help::names()) {
            Some(near) => format!("unknown command '{given}': did you mean {near}? .help lists them"),
            None => format!("unknown command '{given}': .help lists them"),
        }),
    }
}

fn on_off(name: &str, argument: &str) -> Result<Option<bool>, String> {
    match argument.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "on" | "yes" | "1" => Ok(Some(true)),
        "off" | "no" | "0" => Ok(Some(false)),
        _ => Err(format!("{name} takes on or off, but got '{argument}'")),
    }
}

fn number_or_off(name: &str, argument: &str) -> Result<Option<Option<usize>>, String> {
    match argument.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "off" | "auto" | "0" => Ok(Some(None)),
        number => match number.parse() {
            Ok(n) => Ok(Some(Some(n))),
            Err(_) => Err(format!("{name} takes a number or off, but got '{argument}'")),
        },
    }
}

/// Returns the COPY statement that `.import` stands for.
fn import(argument: &str) -> Result<String, String> {
    const FORM: &str = ".import takes FILE LABEL [KEY property], or FILE TYPE FROM Label TO Label, or FILE NAME (options \
                        of COPY)";
    let (file, rest) = first_word(argument);
    let (name, options) = first_word(rest);
    if file.is_empty() || name.is_empty() {
        return Err(FORM.to_owned());
    }
    let words: Vec<&str> = options.split_whitespace().collect();
    let is = |word: &str, keyword: &str| word.eq_ignore_ascii_case(keyword);
    let options = match words[..] {
        [] => String::new(),
        _ if options.starts_with('(') && options.ends_with(')') => format!(" {options}"),
        [key, property] if is(key, "KEY") => format!(" (KEY {property})"),
        [from, start, to, end] if is(from, "FROM") && is(to, "TO") => format!(" (FROM {start}, TO {end})"),
        _ => return Err(format!("{FORM}; but got '{options}'")),
    };
    let file = unquoted(file).replace('\\', "\\\\").replace('\'', "\\'");
    Ok(format!("COPY {name} FROM '{file}'{options}"))
}

/// Splits off the first word, which may be quoted.
fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = match text.chars().next() {
        Some(quote @ ('\'' | '"' | '`')) => text[1..].find(quote).map_or(text.len(), |at| at + 2),
        _ => text.find(char::is_whitespace).unwrap_or(text.len()),
    };
    (&text[..end], text[end..].trim())
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
        assert_eq!(parse(".help"), Ok(Command::Help(None)));
        assert_eq!(parse(".help mode"), Ok(Command::Help(Some(".mode".into()))));
        assert_eq!(parse(".MODE jsonl;"), Ok(Command::Mode(Some(Mode::Jsonl))));
        assert_eq!(parse(".timer"), Ok(Command::Switch(Switch::Timer, None)));
        assert_eq!(parse(".timer off"), Ok(Command::Switch(Switch::Timer, Some(false))));
        assert_eq!(parse(".read 'a b.kgql'"), Ok(Command::Read("a b.kgql".into())));
        assert_eq!(parse(":source x"), Ok(Command::Read("x".into())));
        assert_eq!(parse(".exit"), Ok(Command::Quit(None)));
        assert_eq!(parse(":exit 3"), Ok(Command::Quit(Some(3))));
        assert_eq!(parse(".output"), Ok(Command::Output(None)));
        assert_eq!(parse(".nullvalue ''"), Ok(Command::Null(Some(String::new()))));
        assert_eq!(parse(".maxrows 20"), Ok(Command::Measure(Measure::Rows, Some(Some(20)))));
        assert_eq!(parse(".maxrows off"), Ok(Command::Measure(Measure::Rows, Some(None))));
        assert_eq!(parse(":begin"), Ok(Command::Statement("BEGIN")));
    }

    #[test]
    fn imports_are_copies() {
        let copy = |line: &str| match parse(line) {
            Ok(Command::Import(text)) => text,
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(copy(".import 'it is.csv' Npc key id"), "COPY Npc FROM 'it is.csv' (KEY id)");
        assert_eq!(copy(".import it's.csv Npc"), "COPY Npc FROM 'it\\'s.csv'");
        assert_eq!(copy(".import a.csv ROAD from Place to Place"), "COPY ROAD FROM 'a.csv' (FROM Place, TO Place)");
        assert_eq!(
            copy(".import a.csv `a b` (KEY id, ON ERROR SKIP)"),
            "COPY `a b` FROM 'a.csv' (KEY id, ON ERROR SKIP)"
        );
        for line in [".import", ".import a.csv", ".import a.csv Npc id", ".import a.csv R FROM A"] {
            assert!(parse(line).unwrap_err().contains("takes FILE LABEL"), "{line}");
        }
    }

    #[test]
    fn mistakes_name_the_word() {
        let wrong = [
            (".mod", ".mode"),
            (".mode xml", "xml"),
            (".timer soon", "soon"),
            (".quit now", "now"),
            (".maxrows many", "many"),
            (".once", "file"),
            (".output |less", "|less"),
            (".schema Npc", "Npc"),
            (".parm", ".param"),
            (".xyzzy", ".xyzzy"),
        ];
        for (line, word) in wrong {
            assert!(parse(line).unwrap_err().contains(word), "{line}");
        }
        assert!(parse(".read").is_err());
    }
}

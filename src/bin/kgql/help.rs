//! What `.help` says, and with it the names of the dot commands.

use std::fmt::Write as _;

/// A command: how it is written, and what it does.
type Line = (&'static str, &'static str);

/// The commands in groups, as people look for them.
const GROUPS: &[(&str, &[Line])] = &[
    (
        "Looking",
        &[
            (".help [COMMAND]", "this text, or the line of one command"),
            (".schema", "labels, types and property keys with their counts, indexes and constraints"),
            (".indexes", "indexes and constraints"),
            (".show", "the settings"),
        ],
    ),
    (
        "How rows are written",
        &[
            (".mode [MODE]", "box, table, csv, tsv, json, jsonl, markdown, line, html or none"),
            (".headers [on|off]", "the columns' names above the rows"),
            (".nullvalue [TEXT]", "what stands for null; without a text, as the mode has it"),
            (".width [N|off]", "the most characters of a cell"),
            (".maxwidth [N|auto]", "the most characters of a line of a box or a table"),
            (".maxrows [N|off]", "the most rows that are written; the rest are counted"),
            (".pager [on|off]", "long results through $PAGER, or less"),
            (".output [FILE]", "rows go to a file; without one, to standard output again"),
            (".once FILE", "the next result goes to a file"),
            (".graph FILE", "draws the last result's nodes, relationships and paths: .html, .svg, .dot, .gv or .mmd"),
            (".print [TEXT]", "writes a text where rows go"),
        ],
    ),
    (
        "Running",
        &[
            (".read FILE", "runs the statements of a file (also :source)"),
            (".import FILE LABEL [KEY property]", "COPY of nodes; the file's header names the properties"),
            (".import FILE TYPE FROM Label TO Label", "COPY of relationships"),
            (".param NAME => EXPRESSION", "sets $NAME (also :param); .param {a: 1, b: 2} sets several"),
            (".params", "the parameters"),
            (".param clear [NAME]", "forgets all parameters, or one"),
            (".notice [on|off]", "whether what ATTEND returns is noted for what learns from it"),
            (".begin, .commit, .rollback", "the statements BEGIN, COMMIT and ROLLBACK"),
            (".bail [on|off]", "whether the first failure ends the run"),
            (".quit [CODE]", "leaves (also .exit; so does Ctrl-D)"),
        ],
    ),
    (
        "Being told",
        &[
            (".timer [on|off]", "how long each statement took: to parse, to plan, to execute"),
            (".stats [on|off]", "after each statement, what it did and how the database is"),
            (".echo [on|off]", "each statement before it runs"),
        ],
    ),
];

/// What follows the groups.
const NOTES: &str = "
A statement ends with a semicolon and may span lines. Ctrl-C cancels a running statement.
BEGIN; opens a transaction, COMMIT; keeps it, ROLLBACK; drops it. EXPLAIN before a query shows its plan;
PROFILE runs it and shows what each part of the plan took.
";

/// Returns the names of the commands, each once.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let lines = GROUPS.iter().flat_map(|(_, lines)| lines.iter());
    let words = lines.flat_map(|(form, _)| form.split([' ', ',']).filter(|word| word.starts_with('.')));
    let mut before = "";
    words.chain([".exit"]).filter(move |name| std::mem::replace(&mut before, name) != *name)
}

/// Returns the text of `.help`, or the lines of one command.
///
/// # Errors
/// Where there is no such command, for people.
pub(crate) fn text(command: Option<&str>) -> Result<String, String> {
    let width = GROUPS.iter().flat_map(|(_, lines)| lines.iter()).map(|(form, _)| form.len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut line = |(form, what): &Line| {
        writeln!(text, "  {form:width$}  {what}").expect("writing to a string does not fail");
    };
    if let Some(command) = command {
        let is_meant = |form: &str| form.split([' ', ',']).any(|word| word.eq_ignore_ascii_case(command));
        GROUPS.iter().flat_map(|(_, lines)| lines.iter()).filter(|(form, _)| is_meant(form)).for_each(&mut line);
        if text.is_empty() {
            let near = attendb::similar(command, names());
            let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
            return Err(format!("there is no command '{command}'{hint}"));
        }
        return Ok(text);
    }
    for (title, lines) in GROUPS {
        writeln!(text, "{title}").expect("writing to a string does not fail");
        for (form, what) in *lines {
            writeln!(text, "  {form:width$}  {what}").expect("writing to a string does not fail");
        }
    }
    text.push_str(NOTES);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_command_and_every_command_has_help() {
        for name in names() {
            if let Err(message) = crate::dot::parse(name) {
                assert!(!message.contains("unknown"), "{message}");
            }
            assert!(name == ".exit" || text(Some(name)).unwrap().contains(name), "{name}");
        }
        assert!(names().count() > 20);
    }

    #[test]
    fn a_wrong_name_is_told_with_the_near_one() {
        assert!(text(Some(".moed")).unwrap_err().contains(".mode"));
    }
}

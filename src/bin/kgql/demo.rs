//! `kgql demo`: builds the town of Otterford, which is bundled with the program, and asks it seven questions.

use std::{
    env, fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process,
    time::Instant,
};

use attendb::{Database, Options, Params};

use crate::{
    failure::{Failure, Voice},
    output::write_out,
    progress::Progress,
    script::{self, Kind},
    session::{Files, Shell},
    settings::{Look, Reader},
};

macro_rules! world {
    ($($name:literal),+ $(,)?) => {
        /// The files of `examples/world`, by name.
        const WORLD: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../examples/world/", $name)))),+];
    };
}

world![
    "about_event.csv",
    "about_item.csv",
    "about_npc.csv",
    "about_place.csv",
    "concerns.csv",
    "events.jsonl",
    "expert_in.csv",
    "groups.csv",
    "happened_at.csv",
    "heard.csv",
    "involves.csv",
    "items.csv",
    "keeps.csv",
    "kept_at.csv",
    "kin.csv",
    "knows.csv",
    "led_to.csv",
    "lives_in.csv",
    "load.kgql",
    "member_of.csv",
    "npcs.jsonl",
    "opinion.csv",
    "owns.csv",
    "part_of.csv",
    "places.csv",
    "questions.kgql",
    "README.md",
    "road.csv",
    "rumours.jsonl",
    "secrets.csv",
    "told.csv",
    "took_part.csv",
    "topics.csv",
    "works_at.csv",
];

/// Builds the world below `directory` (or a new temporary one) and shows the questions with their answers.
///
/// # Errors
/// [`Failure::Usage`] where the directory holds a world already; otherwise what files or the database said.
pub(crate) fn run(directory: Option<&Path>, voice: Voice) -> Result<(), Failure> {
    let root = directory.map_or_else(temporary, Path::to_path_buf);
    let world = root.join("world");
    let database = root.join("otterford.kg");
    if database.exists() {
        let shown = database.display();
        return Err(Failure::Usage(format!("{shown} exists already: open it with `kgql {shown}`, or name another")));
    }
    let started = Instant::now();
    fs::create_dir_all(&world).map_err(|error| io_failure("create", &world, &error))?;
    for (name, text) in WORLD {
        let path = world.join(name);
        fs::write(&path, text).map_err(|error| io_failure("write", &path, &error))?;
    }
    let db = Database::open_with(&database, Options::default().file_roots([&world]))?;
    load(&db)?;
    let took = started.elapsed();
    write_out(|out| {
        writeln!(
            out,
            "Otterford, the 20th of October 1431: a bell is gone, a mill stands still, and everybody talks."
        )?;
        writeln!(out, "Loaded in {} ms into {}", took.as_millis(), database.display())
    })?;
    let look = Look::new(Reader::Script, voice);
    let mut shell = Shell::new(db, Params::new(), look, Progress::new(false), Files::Allowed);
    for (comment, query) in questions(file("questions.kgql")) {
        let (bold, plain) =
            if voice == Voice::Color && io::stdout().is_terminal() { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
        write_out(|out| {
            writeln!(out, "\n{bold}{comment}{plain}\n")?;
            query.lines().try_for_each(|line| writeln!(out, "    {line}"))?;
            writeln!(out)
        })?;
        shell.run(query, None)?;
    }
    shell.close()?;
    write_out(|out| how_to_go_on(out, &database, &world))
}

fn how_to_go_on(out: &mut dyn Write, database: &Path, world: &Path) -> io::Result<()> {
    let program = env::args().next().unwrap_or_else(|| "kgql".to_owned());
    let (database, world) = (database.display(), world.display());
    writeln!(out, "\nTo go on, ask it yourself (.schema shows what there is):")?;
    writeln!(out, "  {program} {database}")?;
    writeln!(out, "Or one question at a time:")?;
    writeln!(out, "  {program} {database} -c \"MATCH (n:Npc {{id: 'nell'}})-[:KEEPS]->(s) RETURN s.text\"")?;
    writeln!(out, "Verify every checksum and count:")?;
    writeln!(out, "  {program} check {database} --deep")?;
    writeln!(out, "What the files mean is in {world}/README.md; {world}/load.kgql loaded them.")
}

/// Runs the script that loads the files.
fn load(db: &Database) -> Result<(), Failure> {
    for piece in script::pieces(file("load.kgql")) {
        db.execute(piece.text, Params::new())?;
    }
    Ok(())
}

/// Returns a bundled file.
fn file(name: &str) -> &'static str {
    WORLD.iter().find(|(known, _)| *known == name).map(|(_, text)| *text).expect("the file is in the list above")
}

/// Returns each statement with the comment above it, without the slashes.
fn questions(script: &str) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let mut seen = 0;
    for piece in script::pieces(script).into_iter().filter(|piece| piece.kind == Kind::Statement) {
        let lines = script.lines().skip(seen).take(piece.line - 1 - seen);
        let comment: Vec<&str> = lines
            .skip_while(|line| !is_numbered(line))
            .filter_map(|line| line.strip_prefix("//"))
            .map(str::trim)
            .collect();
        found.push((comment.join("\n   "), piece.text));
        seen = piece.line - 1 + piece.text.lines().count();
    }
    found
}

/// Returns whether a question starts here: `// 1. ...`.
fn is_numbered(line: &str) -> bool {
    line.strip_prefix("// ").is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()))
}

fn temporary() -> PathBuf {
    env::temp_dir().join(format!("kgql-demo-{}", process::id()))
}

fn io_failure(action: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::Io(format!("cannot {action} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_the_script_loads_is_bundled_and_each_bundled_file_is_used() {
        let script = file("load.kgql");
        let loaded: Vec<&str> = script.split('\'').skip(1).step_by(2).filter(|name| name.contains('.')).collect();
        for name in &loaded {
            assert!(WORLD.iter().any(|(known, _)| known == name), "{name}");
        }
        for (name, _) in WORLD.iter().filter(|(name, _)| name.ends_with(".csv") || name.ends_with(".jsonl")) {
            assert!(loaded.contains(name), "{name}");
        }
    }

    #[test]
    fn there_are_seven_questions_each_with_its_words() {
        let questions = questions(file("questions.kgql"));
        assert_eq!(questions.len(), 7);
        for (at, (comment, query)) in questions.iter().enumerate() {
            assert!(comment.starts_with(&format!("{}. ", at + 1)), "{comment}");
            assert!(query.starts_with("MATCH"), "{query}");
        }
    }
}

//! The prompt: reedline's only home. Reads statements (over several lines, until the semicolon) and dot commands.

mod complete;
mod highlight;

use std::{
    borrow::Cow,
    collections::HashMap,
    env, fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reedline::{
    ColumnarMenu, Completer, CompletionResult, EditCommand, Emacs, FileBackedHistory, KeyCode, KeyModifiers,
    MenuBuilder, PromptEditMode, PromptHistorySearch, Reedline, ReedlineEvent, ReedlineMenu, Signal, Span, Suggestion,
    ValidationResult, Validator, default_emacs_keybindings,
};

use attendb::{Database, QueryOptions};
pub(crate) use complete::Names;
use complete::Owner;

use crate::{help, script};

/// How many entries the history file keeps: a few months of an active user, read at each start.
const HISTORY_ENTRIES_MAX: usize = 10_000;

/// The name under which reedline finds the completion menu.
const MENU: &str = "completion";

/// A line editor with history and completion.
pub(crate) struct Prompt {
    editor: Reedline,
    names: Arc<Mutex<Names>>,
}

/// What came of reading from the prompt.
pub(crate) enum Input {
    /// A complete text.
    Text(String),
    /// Ctrl-C: what was typed is dropped.
    Dropped,
    /// Ctrl-D, or the terminal is gone.
    End,
}

impl Prompt {
    /// Returns a prompt; the history file is left out where no place for it is found, or none is wanted.
    pub(crate) fn new(db: Database, color: bool, keeps_history: bool) -> Self {
        let names = Arc::new(Mutex::new(Names::default()));
        let mut keys = default_emacs_keybindings();
        let menu = ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu(MENU.to_owned()), ReedlineEvent::MenuNext]);
        keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, menu);
        let newline = ReedlineEvent::Edit(vec![EditCommand::InsertNewline]);
        keys.add_binding(KeyModifiers::ALT, KeyCode::Enter, newline);
        let mut editor = Reedline::create()
            .with_completer(Box::new(NameCompleter { names: Arc::clone(&names), known: Known::new(db.clone()) }))
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(ColumnarMenu::default().with_name(MENU))))
            .with_edit_mode(Box::new(Emacs::new(keys)))
            .with_validator(Box::new(UntilSemicolon))
            .with_ansi_colors(color);
        if color {
            editor = editor.with_highlighter(Box::new(highlight::Colors { names: Arc::clone(&names), db }));
        }
        if let Some(history) = keeps_history.then(history).flatten() {
            editor = editor.with_history(Box::new(history));
        }
        Self { editor, names }
    }

    /// Sets the names that completion offers.
    pub(crate) fn set_names(&self, names: Names) {
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// Reads a complete text.
    pub(crate) fn read(&mut self, in_transaction: bool) -> Input {
        match self.editor.read_line(&Line { in_transaction }) {
            Ok(Signal::Success(text)) => Input::Text(text),
            Ok(Signal::CtrlC) => Input::Dropped,
            Ok(_) | Err(_) => Input::End,
        }
    }
}

/// Returns the history in the user's data directory, or `None` where there is no such directory.
fn history() -> Option<FileBackedHistory> {
    let path = history_path(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))?;
    fs::create_dir_all(path.parent()?).ok()?;
    FileBackedHistory::with_file(HISTORY_ENTRIES_MAX, path).ok()
}

fn history_path(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let data = if cfg!(windows) {
        variable("APPDATA")?
    } else if let Some(data) = variable("XDG_DATA_HOME") {
        data
    } else if cfg!(target_os = "macos") {
        variable("HOME")?.join("Library").join("Application Support")
    } else {
        variable("HOME")?.join(".local").join("share")
    };
    Some(data.join("kgql").join("history"))
}

/// The text before what is typed.
struct Line {
    in_transaction: bool,
}

impl reedline::Prompt for Line {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed(if self.in_transaction { "kgql*" } else { "kgql" })
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("> ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("    | ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        Cow::Owned(format!("(search: {}) ", search.term))
    }
}

/// Enter runs the text once a semicolon closes it; before, it starts a new line.
struct UntilSemicolon;

impl Validator for UntilSemicolon {
    fn validate(&self, text: &str) -> ValidationResult {
        if script::is_complete(text) { ValidationResult::Complete } else { ValidationResult::Incomplete }
    }
}

/// How long completion may look for properties: nobody notices so little.
const LOOK_MAX: Duration = Duration::from_millis(50);

/// Nodes or relationships whose properties stand for those of all.
const LOOKED_AT_MAX: usize = 200;

/// The properties of labels and types, looked for when first asked for after a commit.
struct Known {
    db: Database,
    found: Mutex<(u64, HashMap<Owner, Vec<String>>)>,
}

impl Known {
    fn new(db: Database) -> Self {
        Self { db, found: Mutex::default() }
    }

    fn properties(&self, owner: &Owner) -> Vec<String> {
        let sequence = self.db.status().sequence;
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.0 != sequence {
            *found = (sequence, HashMap::new());
        }
        found.1.entry(owner.clone()).or_insert_with(|| self.look(owner)).clone()
    }

    fn look(&self, owner: &Owner) -> Vec<String> {
        let quoted = |name: &str| name.replace('`', "``");
        let pattern = match owner {
            Owner::Label(label) => format!("(x:`{}`)", quoted(label)),
            Owner::Type(name) => format!("()-[x:`{}`]->()", quoted(name)),
        };
        let text = format!("MATCH {pattern} WITH x LIMIT {LOOKED_AT_MAX} UNWIND keys(x) AS key RETURN DISTINCT key");
        let options = QueryOptions { deadline: Some(LOOK_MAX), ..QueryOptions::default() };
        let keys = self.db.query_with(&text, (), &options).and_then(|rows| rows.collect_as::<(String,)>());
        // No properties are offered where they cannot be read: a statement will say why.
        keys.unwrap_or_default().into_iter().map(|(key,)| key).collect()
    }
}

struct NameCompleter {
    names: Arc<Mutex<Names>>,
    known: Known,
}

impl Completer for NameCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let found = complete::complete(line, pos, &names, help::names(), &|owner| self.known.properties(owner));
        let suggestion = |value: String| Suggestion {
            append_whitespace: !value.ends_with('('),
            value,
            span: Span::new(found.start, pos),
            ..Suggestion::default()
        };
        CompletionResult::fresh(found.words.into_iter().map(suggestion).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_those_of_the_label_until_the_next_commit() {
        let db = Database::memory().unwrap();
        db.execute("CREATE (:`a b` {x: 1, y: 2})-[:R {z: 3}]->(:B {w: 4})", ()).unwrap();
        let known = Known::new(db.clone());
        let of = |owner: Owner| {
            let mut keys = known.properties(&owner);
            keys.sort();
            keys
        };
        assert_eq!(of(Owner::Label("a b".into())), ["x", "y"]);
        assert_eq!(of(Owner::Type("R".into())), ["z"]);
        assert_eq!(of(Owner::Label("none`".into())), Vec::<String>::new());
        db.execute("MATCH (b:B) SET b.v = 1", ()).unwrap();
        assert_eq!(of(Owner::Label("B".into())), ["v", "w"]);
    }

    #[test]
    #[cfg(not(windows))]
    fn the_history_is_in_the_users_data_directory() {
        let home = |name: &str| (name == "HOME").then(|| PathBuf::from("/home/ada"));
        assert!(history_path(home).unwrap().starts_with("/home/ada"));
        let xdg = |name: &str| (name == "XDG_DATA_HOME").then(|| PathBuf::from("/data"));
        assert_eq!(history_path(xdg), Some(PathBuf::from("/data/kgql/history")));
        assert_eq!(history_path(|_| None), None);
    }
}

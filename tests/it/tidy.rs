//! Keeps the picture of the house true: modules depend downward only, each foreign crate has its place, every file says
//! what it is.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The layers from the bottom up. A module may use those of lower number; siblings share a number and are blind to each
/// other. `crate::` in the library's root is not a layer.
const LAYERS: &[(&str, u32)] = &[
    ("error", 0),
    ("model", 0),
    ("storage", 1),
    ("text", 1),
    ("attention", 1),
    ("graph", 2),
    ("query", 4),
    ("learn", 4),
    ("metacognition", 4),
    ("extract", 4),
    ("import", 4),
    ("db", 5),
    ("fuzzing", 6),
];

/// Where each foreign crate lives: a path below `src` that its uses must start with.
const PLACES: &[(&str, &[&str])] = &[
    ("sled", &["storage/store.rs", "storage/store/"]),
    ("crc32fast", &["storage/sledfiles/"]),
    ("zstd", &["storage/sledfiles/"]),
    ("rkyv", &["storage/block/", "storage/block.rs"]),
    ("bincode", &["storage/codec.rs", "storage/codec/", "metacognition/"]),
    ("sha2", &["metacognition/ledger.rs"]),
    ("pest", &["query/parse/", "query/parse.rs"]),
    ("pest_derive", &["query/parse/", "query/parse.rs"]),
    ("stacker", &["query/stack.rs"]),
    ("unicode_normalization", &["query/function/string.rs", "text/"]),
    ("tantivy", &["text/words/"]),
    ("ndarray", &["attention/"]),
    ("reedline", &["bin/kgql/"]),
    ("clap", &["bin/kgql/"]),
    ("nu_ansi_term", &["bin/kgql/"]),
    ("comfy_table", &["bin/kgql/"]),
    ("indicatif", &["bin/kgql/"]),
    ("ctrlc", &["bin/kgql/"]),
    ("signal_hook", &["bin/kgql/"]),
    ("rustix", &["import/files/"]),
    ("oxrdf", &["import/rdf/"]),
    ("oxttl", &["import/rdf/"]),
    ("arrow_array", &["import/columnar/"]),
    ("arrow_buffer", &["import/columnar/"]),
    ("arrow_ipc", &["import/columnar/"]),
    ("arrow_schema", &["import/columnar/"]),
    ("parquet", &["import/columnar/"]),
    ("terminal_size", &["bin/kgql/"]),
    ("flate2", &["import/"]),
    ("xxhash_rust", &["storage/", "graph/index.rs", "db/stream/", "db/mind/", "text/"]),
    ("rayon", &["attention/", "query/", "import/", "db/", "graph/", "storage/"]),
    ("serde_json", &["model/", "import/", "query/", "db/", "bin/"]),
];

struct Source {
    /// Path below `src`, with forward slashes.
    name: String,
    text: String,
}

impl Source {
    /// Returns the module the file belongs to: the first folder, or the file's stem.
    fn module(&self) -> &str {
        self.name.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// Returns lines of code with their numbers, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        lines.map(|(at, line)| (at + 1, line.split_once(" // ").map_or(line, |(code, _)| code)))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&root).expect("a file below src").to_string_lossy().replace('\\', "/");
        Source { name, text: fs::read_to_string(&path).expect("a source file is readable") }
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources is readable") {
        let path = entry.expect("an entry is readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn layer(module: &str) -> Option<u32> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// Returns the modules that a line names after `crate::`, also inside braces: `use crate::{graph, model::Value}`.
fn modules_named(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        // `$crate::` in a macro and `pub(in crate::x)` name paths too; a longer word ending in crate does not.
        if line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &line[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut start = 0;
            for (at, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth > 0 => depth -= 1,
                    ',' | '}' if depth == 0 => {
                        found.push(first_word(&list[start..at]));
                        start = at + 1;
                        if c == '}' {
                            break;
                        }
                    }
                    _ => {}
                }
            }
        } else {
            found.push(first_word(rest));
        }
    }
    found
}

fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    &text[..text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len())]
}

fn upward_uses(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let Some(own) = layer(source.module()) else { return found };
    // `use crate::{` may span lines: join what belongs together.
    let joined = join_uses(source);
    for (line, text) in &joined {
        for module in modules_named(text) {
            // `error` and `model` may know each other: they are the ground.
            let allowed = |other: u32| other < own || module == source.module() || (other == 0 && own == 0);
            if layer(module).is_some_and(|other| !allowed(other)) {
                found.push(format!("src/{}:{line}: {} must not know {module}", source.name, source.module()));
            }
        }
    }
    found
}

fn join_uses(source: &Source) -> Vec<(usize, String)> {
    let mut joined: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (at, line) in source.code() {
        if open && let Some((_, text)) = joined.last_mut() {
            text.push_str(line.trim());
        } else {
            joined.push((at, line.to_owned()));
        }
        let text = joined.last().map_or("", |(_, text)| text);
        let is_use = text.trim_start().starts_with("use ") || text.trim_start().starts_with("pub use ");
        open = is_use && !text.contains(';');
    }
    joined
}

fn misplaced(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (at, line) in source.code() {
        for (name, places) in PLACES {
            let named = line.match_indices(name).any(|(start, _)| {
                let before = line[..start].chars().next_back();
                let after = &line[start + name.len()..];
                // A path, not a word in a string: `name::`, or `use name;`.
                !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '"' | ':' | '.'))
                    && (after.starts_with("::") || (line.trim_start().starts_with("use ") && after.starts_with(';')))
            });
            if named && !places.iter().any(|place| source.name.starts_with(place)) {
                found.push(format!("src/{}:{at}: {name} belongs into src/{}", source.name, places[0]));
            }
        }
    }
    found
}

#[test]
fn modules_depend_downward() {
    let found: Vec<String> = sources().iter().flat_map(upward_uses).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_foreign_crate_is_in_its_place() {
    let found: Vec<String> = sources().iter().flat_map(misplaced).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    let silent = |s: &&Source| s.text.lines().count() > 1 && !s.text.trim_start().starts_with("//!");
    let missing: Vec<String> = sources().iter().filter(silent).map(|s| s.name.clone()).collect();
    assert!(missing.is_empty(), "no module documentation: {}", missing.join(", "));
}

#[test]
fn every_module_has_a_layer() {
    let known = |source: &Source| matches!(source.module(), "lib" | "bin") || layer(source.module()).is_some();
    let missing: Vec<String> = sources().iter().filter(|s| !known(s)).map(|s| s.name.clone()).collect();
    assert!(missing.is_empty(), "no layer for {}", missing.join(", "));
}

/// The hunters must be able to catch something.
#[test]
fn planted_faults_are_caught() {
    let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
    let upward = [
        ("storage/x.rs", "use crate::query::ast::Name;"),
        ("graph/x.rs", "use crate::{\n    model::{self, Value},\n    db::Options,\n};"),
        ("query/x.rs", "fn f() { crate::import::run() }"),
        ("model/x.rs", "use crate::graph;"),
    ];
    for (name, text) in upward {
        assert_eq!(upward_uses(&source(name, text)).len(), 1, "{name}: {text}");
    }
    for (name, text) in [("query/x.rs", "use crate::{graph::Snapshot, error::Span};"), ("db/x.rs", "use crate::query;")]
    {
        assert_eq!(upward_uses(&source(name, text)), Vec::<String>::new());
    }
    assert_eq!(misplaced(&source("graph/x.rs", "use sled::Db;")).len(), 1);
    assert_eq!(misplaced(&source("storage/store.rs", "use sled::Db;")), Vec::<String>::new());
    assert_eq!(misplaced(&source("graph/x.rs", "let text = \"sled::Db\"; // sled::Db")), Vec::<String>::new());
}

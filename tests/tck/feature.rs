//! Reads feature files and expands outlines: one [`Scenario`] per row of their `Examples`.

use std::{fs, path::Path};

use gherkin::{Feature, GherkinEnv, Step, Table};

/// A scenario as it is run: background first, placeholders replaced.
pub(crate) struct Scenario {
    /// The feature file, relative to the folder of features, with forward slashes.
    pub(crate) file: String,
    /// The scenario's own name, placeholders as written.
    pub(crate) name: String,
    /// 0 for a plain scenario, else the row of its examples from 1, counted over all its tables.
    pub(crate) row: usize,
    /// Tags of feature, scenario and examples.
    pub(crate) tags: Vec<String>,
    /// What to do, in order.
    pub(crate) steps: Vec<Line>,
}

/// One step with what hangs below it.
#[derive(Clone)]
pub(crate) struct Line {
    /// The text after the keyword.
    pub(crate) text: String,
    /// The doc string.
    pub(crate) body: Option<String>,
    /// The table.
    pub(crate) table: Option<Vec<Vec<String>>>,
}

impl Scenario {
    /// Returns the folder of the file: `clauses/match`.
    pub(crate) fn area(&self) -> &str {
        self.file.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// Reads every `.feature` file below `folder`, in order of path.
pub(crate) fn load(folder: &Path) -> Result<Vec<Scenario>, String> {
    let mut files = Vec::new();
    collect(folder, &mut files).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    files.sort();
    let mut scenarios = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let feature = Feature::parse(escape_cells(&text), GherkinEnv::default());
        let feature = feature.map_err(|error| format!("cannot parse {}: {error}", path.display()))?;
        expand(&name, &feature, &mut scenarios);
    }
    Ok(scenarios)
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "feature") {
            files.push(path);
        }
    }
    Ok(())
}

/// The parser knows only `\n`, `\|` and `\\` in a cell and gives up on others, where Gherkin keeps the backslash.
fn escape_cells(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        if line.trim_start().starts_with('|') {
            let mut chars = line.chars().peekable();
            while let Some(c) = chars.next() {
                out.push(c);
                if c == '\\' {
                    match chars.peek() {
                        Some('n' | '|' | '\\') => out.extend(chars.next()),
                        _ => out.push('\\'),
                    }
                }
            }
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

fn expand(file: &str, feature: &Feature, scenarios: &mut Vec<Scenario>) {
    let background: Vec<Line> = feature.background.iter().flat_map(|b| &b.steps).map(line).collect();
    for scenario in &feature.scenarios {
        let mut steps = background.clone();
        steps.extend(scenario.steps.iter().map(line));
        let mut tags = feature.tags.clone();
        tags.extend(scenario.tags.iter().cloned());
        let name = scenario.name.clone();
        if scenario.examples.is_empty() {
            scenarios.push(Scenario { file: file.into(), name, row: 0, tags, steps });
            continue;
        }
        let mut row = 0;
        for examples in &scenario.examples {
            let Some(Table { rows, .. }) = &examples.table else { continue };
            let mut tags = tags.clone();
            tags.extend(examples.tags.iter().cloned());
            let Some((names, values)) = rows.split_first() else { continue };
            for cells in values {
                row += 1;
                let steps = steps.iter().map(|step| substitute(step, names, cells)).collect();
                scenarios.push(Scenario { file: file.into(), name: name.clone(), row, tags: tags.clone(), steps });
            }
        }
    }
}

fn line(step: &Step) -> Line {
    Line {
        text: step.value.clone(),
        body: step.docstring.as_ref().map(|text| text.trim_matches('\n').trim_end().to_owned()),
        table: step.table.as_ref().map(|table| table.rows.clone()),
    }
}

fn substitute(line: &Line, names: &[String], cells: &[String]) -> Line {
    let replace = |text: &String| {
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        // One pass, so that a replaced value is never searched again.
        while let Some(open) = rest.find('<') {
            let (before, after) = rest.split_at(open);
            out.push_str(before);
            let hit = names
                .iter()
                .zip(cells)
                .find(|(name, _)| after[1..].strip_prefix(name.as_str()).is_some_and(|tail| tail.starts_with('>')));
            match hit {
                Some((name, cell)) => {
                    out.push_str(cell);
                    rest = &after[name.len() + 2..];
                }
                None => {
                    out.push('<');
                    rest = &after[1..];
                }
            }
        }
        out.push_str(rest);
        out
    };
    Line {
        text: replace(&line.text),
        body: line.body.as_ref().map(replace),
        table: line.table.as_ref().map(|rows| rows.iter().map(|row| row.iter().map(replace).collect()).collect()),
    }
}

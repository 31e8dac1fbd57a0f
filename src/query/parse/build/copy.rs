//! `COPY` and its options.

use pest::iterators::Pair;
use rustc_hash::FxHashSet;

use super::{Builder, Nodes, Result, Rule, fail, next, next_if, unexpected};
use crate::{
    Span,
    model::temporal::TemporalKind,
    query::{
        ast::{
            ColumnKind, CopyAccesses, CopyColumn, CopyEmbedding, CopyEnd, CopyFrom, CopyMode, CopyModel, CopyTo,
            FileFormat, FileOptions, Statement, Summarize, Text,
        },
        parse::words::code,
        suggest::suggest,
    },
};

/// The options of `COPY ... FROM`.
const FROM_OPTIONS: &[&str] =
    &["KEY", "MODE", "FROM", "TO", "DELIM", "DELIMITER", "QUOTE", "NULL", "HEADER", "COLUMNS", "ON", "FORMAT"];

/// The options of `COPY EMBEDDING`.
const EMBEDDING_OPTIONS: &[&str] =
    &["KEY", "VECTOR", "IDS", "DELIM", "DELIMITER", "QUOTE", "NULL", "HEADER", "COLUMNS", "ON", "FORMAT"];

/// The options of `COPY MODEL`.
const MODEL_OPTIONS: &[&str] = &["SPACE", "KEYS", "HEADS"];
/// The options of `COPY ACCESS LOG`.
const ACCESSES_OPTIONS: &[&str] =
    &["FROM", "TO", "DELIM", "DELIMITER", "QUOTE", "NULL", "HEADER", "COLUMNS", "ON", "FORMAT"];

/// The options of `COPY ... TO`.
const TO_OPTIONS: &[&str] = &["DELIM", "DELIMITER", "QUOTE", "NULL", "HEADER", "FORMAT"];

/// The options of `DESCRIBE`.
const DESCRIBE_OPTIONS: &[&str] = &["DELIM", "DELIMITER", "QUOTE", "NULL", "HEADER", "COLUMNS", "FORMAT"];

/// The types of columns.
const COLUMN_KINDS: &[(&str, ColumnKind)] = &[
    ("STRING", ColumnKind::String),
    ("INTEGER", ColumnKind::Integer),
    ("INT", ColumnKind::Integer),
    ("FLOAT", ColumnKind::Float),
    ("BOOLEAN", ColumnKind::Boolean),
    ("BOOL", ColumnKind::Boolean),
    ("DATE", ColumnKind::Date),
    ("TIME", ColumnKind::Temporal(TemporalKind::Time)),
    ("LOCALTIME", ColumnKind::Temporal(TemporalKind::LocalTime)),
    ("DATETIME", ColumnKind::Temporal(TemporalKind::DateTime)),
    ("LOCALDATETIME", ColumnKind::Temporal(TemporalKind::LocalDateTime)),
    ("DURATION", ColumnKind::Temporal(TemporalKind::Duration)),
    ("POINT", ColumnKind::Point),
    ("LIST", ColumnKind::List),
];

/// The formats of files.
const FORMATS: &[(&str, FileFormat)] = &[
    ("csv", FileFormat::Csv),
    ("tsv", FileFormat::Tsv),
    ("jsonl", FileFormat::JsonLines),
    ("nt", FileFormat::NTriples),
    ("ttl", FileFormat::Turtle),
    ("graphml", FileFormat::GraphMl),
    ("parquet", FileFormat::Parquet),
    ("arrow", FileFormat::Arrow),
    ("arrows", FileFormat::ArrowStream),
];

impl Builder<'_> {
    pub(super) fn copy_from(&mut self, pair: Pair<'_, Rule>) -> Result<Statement> {
        let span = self.span(&pair);
        let mut nodes = pair.into_inner().peekable();
        if let Some(embedding) = next_if(&mut nodes, Rule::copy_embedding) {
            let copy = self.copy_embedding(embedding, nodes, span)?;
            return Ok(Statement::CopyEmbedding(Box::new(copy)));
        }
        if let Some(model) = next_if(&mut nodes, Rule::copy_model) {
            return Ok(Statement::CopyModel(Box::new(self.copy_model(model, nodes, span)?)));
        }
        if next_if(&mut nodes, Rule::copy_accesses).is_some() {
            return Ok(Statement::CopyAccesses(Box::new(self.copy_accesses(nodes, span)?)));
        }
        let target = next_if(&mut nodes, Rule::name).map(|name| self.name(&name)).transpose()?;
        let file = self.text(&next(&mut nodes))?;
        let mut copy = CopyFrom { target, ..CopyFrom::of_file(file, span) };
        let mut seen = Vec::new();
        for option in nodes {
            let option_span = self.span(&option);
            let (word, mut rest) = self.option_word(option, FROM_OPTIONS, &mut seen)?;
            match word {
                "KEY" => copy.key = Some(self.option_name(&mut rest, word, option_span)?),
                "MODE" => {
                    copy.mode = Some(self.choice(
                        &mut rest,
                        word,
                        option_span,
                        &[("MERGE", CopyMode::Merge), ("CREATE", CopyMode::Create)],
                    )?)
                }
                "FROM" => copy.from = Some(self.copy_end(&mut rest, word, option_span)?),
                "TO" => copy.to = Some(self.copy_end(&mut rest, word, option_span)?),
                "COLUMNS" => copy.columns = self.columns(&mut rest, option_span)?,
                "ON" => copy.skip_errors = self.on_error(&mut rest, word, option_span)?,
                _ => self.file_option(&mut rest, word, option_span, &mut copy.file_options)?,
            }
            self.option_end(&mut rest, word)?;
        }
        if copy.target.is_none() && (copy.from.is_some() || copy.to.is_some() || copy.key.is_some()) {
            return fail(
                unexpected("KEY, FROM and TO need the name of what is copied", span)
                    .hint("write COPY Label FROM ... (KEY property), or COPY TYPE FROM ... (FROM Label, TO Label)"),
            );
        }
        match (&copy.from, &copy.to, &copy.key) {
            (Some(_), None, _) => fail(unexpected("FROM needs TO: where the relationships end", span)),
            (None, Some(_), _) => fail(unexpected("TO needs FROM: where the relationships start", span)),
            (Some(_), Some(_), Some(key)) => fail(
                unexpected("relationships have no KEY", key.span)
                    .hint("the keys of the two ends are written FROM Label(key), TO Label(key)"),
            ),
            _ => Ok(Statement::CopyFrom(Box::new(copy))),
        }
    }

    fn copy_embedding(&mut self, embedding: Pair<'_, Rule>, mut nodes: Nodes<'_>, span: Span) -> Result<CopyEmbedding> {
        let space = self.chosen(&next(&mut embedding.into_inner().peekable()))?;
        let file = self.text(&next(&mut nodes))?;
        let (mut key, mut vector, mut ids, mut skip_errors) = (None, None, None, false);
        let (mut file_options, mut columns) = (FileOptions::default(), Vec::new());
        let mut seen = Vec::new();
        for option in nodes {
            let option_span = self.span(&option);
            let (word, mut rest) = self.option_word(option, EMBEDDING_OPTIONS, &mut seen)?;
            match word {
                "KEY" => key = Some(self.copy_end(&mut rest, word, option_span)?),
                "VECTOR" => vector = Some(self.option_name(&mut rest, word, option_span)?),
                "IDS" => match next_if(&mut rest, Rule::text) {
                    Some(pair) => ids = Some(self.text(&pair)?),
                    None => {
                        return fail(unexpected("IDS needs the name of a file with a key in each line", option_span));
                    }
                },
                "COLUMNS" => columns = self.columns(&mut rest, option_span)?,
                "ON" => skip_errors = self.on_error(&mut rest, word, option_span)?,
                _ => self.file_option(&mut rest, word, option_span, &mut file_options)?,
            }
            self.option_end(&mut rest, word)?;
        }
        let Some(key) = key else {
            let error = unexpected("COPY EMBEDDING needs a KEY that finds the nodes", span);
            return fail(error.hint("write COPY EMBEDDING space FROM ... (KEY Label(property))"));
        };
        Ok(CopyEmbedding { space, file, key, vector, ids, file_options, columns, skip_errors, span })
    }

    fn copy_model(&mut self, model: Pair<'_, Rule>, mut nodes: Nodes<'_>, span: Span) -> Result<CopyModel> {
        let model = self.chosen(&next(&mut model.into_inner().peekable()))?;
        let file = self.text(&next(&mut nodes))?;
        let (mut space, mut keys, mut heads) = (None, None, None);
        let mut seen = Vec::new();
        for option in nodes {
            let option_span = self.span(&option);
            let (word, mut rest) = self.option_word(option, MODEL_OPTIONS, &mut seen)?;
            let value = rest.next();
            match (word, &value) {
                ("SPACE", Some(pair)) if pair.as_rule() == Rule::name || self.code(pair) == code::PARAMETER => {
                    space = Some(self.chosen(pair)?);
                }
                ("SPACE", _) => return fail(unexpected("SPACE needs the name of an embedding space", option_span)),
                ("KEYS", Some(pair)) if pair.as_rule() == Rule::text => keys = Some(self.text(pair)?),
                ("KEYS", _) => return fail(unexpected("KEYS needs the name of a file with a matrix", option_span)),
                (_, Some(pair)) if pair.as_rule() == Rule::integer || self.code(pair) == code::PARAMETER => {
                    heads = Some(self.count_of(pair)?);
                }
                _ => return fail(unexpected("HEADS needs a number", option_span)),
            }
            self.option_end(&mut rest, word)?;
        }
        Ok(CopyModel { model, file, space, keys, heads, span })
    }

    fn copy_accesses(&mut self, mut nodes: Nodes<'_>, span: Span) -> Result<CopyAccesses> {
        let file = self.text(&next(&mut nodes))?;
        let (mut from, mut to, mut skip_errors) = (None, None, false);
        let (mut file_options, mut columns) = (FileOptions::default(), Vec::new());
        let mut seen = Vec::new();
        for option in nodes {
            let option_span = self.span(&option);
            let (word, mut rest) = self.option_word(option, ACCESSES_OPTIONS, &mut seen)?;
            match word {
                "FROM" => from = Some(self.copy_end(&mut rest, word, option_span)?),
                "TO" => to = Some(self.copy_end(&mut rest, word, option_span)?),
                "COLUMNS" => columns = self.columns(&mut rest, option_span)?,
                "ON" => skip_errors = self.on_error(&mut rest, word, option_span)?,
                _ => self.file_option(&mut rest, word, option_span, &mut file_options)?,
            }
            self.option_end(&mut rest, word)?;
        }
        let (Some(from), Some(to)) = (from, to) else {
            let error = unexpected("COPY ACCESS LOG needs FROM and TO: what finds the ends of relationships", span);
            return fail(error.hint("write COPY ACCESS LOG FROM ... (FROM Label, TO Label)"));
        };
        Ok(CopyAccesses { file, from, to, file_options, columns, skip_errors, span })
    }

    /// Takes what is left of `ON ERROR SKIP`.
    fn on_error(&self, rest: &mut Nodes<'_>, word: &str, span: Span) -> Result<bool> {
        self.choice(rest, word, span, &[("ERROR", ())])?;
        self.choice(rest, "ON ERROR", span, &[("SKIP", ())])?;
        Ok(true)
    }

    /// A file to describe has the options of one to copy that say how it is written.
    pub(super) fn describe(&mut self, pair: Pair<'_, Rule>) -> Result<CopyFrom> {
        let span = self.span(&pair);
        let mut nodes = pair.into_inner().peekable();
        let file = self.text(&next(&mut nodes))?;
        let mut described = CopyFrom::of_file(file, span);
        let mut seen = Vec::new();
        for option in nodes {
            let option_span = self.span(&option);
            let (word, mut rest) = self.option_word(option, DESCRIBE_OPTIONS, &mut seen)?;
            match word {
                "COLUMNS" => described.columns = self.columns(&mut rest, option_span)?,
                _ => self.file_option(&mut rest, word, option_span, &mut described.file_options)?,
            }
            self.option_end(&mut rest, word)?;
        }
        Ok(described)
    }

    pub(super) fn summarize(&mut self, pair: Pair<'_, Rule>) -> Result<Summarize> {
        let Some(inner) = pair.into_inner().next() else { return Ok(Summarize::Nodes(None)) };
        Ok(match inner.as_rule() {
            Rule::summarized_type => {
                let name = inner.into_inner().next().map(|name| self.name(&name)).transpose()?;
                Summarize::Relationships(name)
            }
            _ => Summarize::Nodes(Some(self.name(&inner)?)),
        })
    }

    pub(super) fn copy_to(&mut self, pair: Pair<'_, Rule>) -> Result<CopyTo> {
        let span = self.span(&pair);
        let mut nodes = pair.into_inner().peekable();
        let query = self.query(next(&mut nodes))?;
        let file = self.text(&next(&mut nodes))?;
        let mut file_options = FileOptions::default();
        let mut seen = Vec::new();
        for option in nodes {
            let option_span = self.span(&option);
            let (word, mut rest) = self.option_word(option, TO_OPTIONS, &mut seen)?;
            self.file_option(&mut rest, word, option_span, &mut file_options)?;
            self.option_end(&mut rest, word)?;
        }
        Ok(CopyTo { query, file, file_options, span })
    }

    /// Takes an option's first word: a known one, not seen before.
    fn option_word<'c>(
        &self,
        option: Pair<'c, Rule>,
        known: &'static [&'static str],
        seen: &mut Vec<&'static str>,
    ) -> Result<(&'static str, Nodes<'c>)> {
        let mut nodes = option.into_inner().peekable();
        let word = next(&mut nodes);
        let (text, span) = (self.token_text(&word), self.span(&word));
        let found = known.iter().find(|known| known.eq_ignore_ascii_case(text));
        let Some(&found) = found.filter(|_| word.as_rule() == Rule::name) else {
            let error = unexpected(format!("`{text}` is no option here"), span);
            return fail(match suggest(text, known.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("the options are {}", known.join(", "))),
            });
        };
        let same = if found == "DELIM" { "DELIMITER" } else { found };
        if seen.contains(&same) {
            return fail(unexpected(format!("the option {found} is given twice"), span));
        }
        seen.push(same);
        Ok((same, nodes))
    }

    /// Refuses what an option leaves over.
    fn option_end(&self, rest: &mut Nodes<'_>, word: &str) -> Result<()> {
        match rest.next() {
            None => Ok(()),
            Some(extra) => fail(
                unexpected(
                    format!("`{}` is too much for the option {word}", self.token_text(&extra)),
                    self.span(&extra),
                )
                .hint("options are separated by commas"),
            ),
        }
    }

    fn option_name(&self, rest: &mut Nodes<'_>, word: &str, span: Span) -> Result<crate::query::ast::Name> {
        match next_if(rest, Rule::name) {
            Some(pair) => self.name(&pair),
            None => fail(unexpected(format!("the option {word} needs a name"), span)),
        }
    }

    /// Takes one of some words.
    fn choice<T: Copy>(&self, rest: &mut Nodes<'_>, word: &str, span: Span, words: &[(&str, T)]) -> Result<T> {
        let all = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or ");
        let Some(pair) = rest.next() else {
            return fail(unexpected(format!("{word} needs {} after it", all()), span));
        };
        let text = self.token_text(&pair).trim_matches(['\'', '"']);
        if let Some((_, value)) = words.iter().find(|(known, _)| known.eq_ignore_ascii_case(text)) {
            return Ok(*value);
        }
        let error = unexpected(format!("{word} needs {}, not `{text}`", all()), self.span(&pair));
        fail(match suggest(text, words.iter().map(|(word, _)| *word)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        })
    }

    fn copy_end(&self, rest: &mut Nodes<'_>, word: &str, span: Span) -> Result<CopyEnd> {
        let label = self.option_name(rest, word, span)?;
        let Some(list) = next_if(rest, Rule::copy_list) else { return Ok(CopyEnd { label, key: None }) };
        let list_span = self.span(&list);
        let names: Vec<_> = list.into_inner().flat_map(Pair::into_inner).collect();
        match names.as_slice() {
            [key] => Ok(CopyEnd { label, key: Some(self.name(key)?) }),
            _ => fail(unexpected("one property is needed here", list_span)),
        }
    }

    fn columns(&self, rest: &mut Nodes<'_>, span: Span) -> Result<Vec<CopyColumn>> {
        let Some(list) = next_if(rest, Rule::copy_list) else {
            return fail(unexpected("COLUMNS needs (name TYPE, ...)", span));
        };
        let mut columns: Vec<CopyColumn> = Vec::new();
        let mut names = FxHashSet::default();
        for entry in list.into_inner() {
            let entry_span = self.span(&entry);
            let mut nodes = entry.into_inner().peekable();
            let name = self.name(&next(&mut nodes))?;
            if !names.insert(name.text.clone()) {
                return fail(unexpected(format!("the column `{}` is declared twice", name.text), name.span));
            }
            let kind = self.choice(&mut nodes, &format!("the column `{}`", name.text), entry_span, COLUMN_KINDS)?;
            self.option_end(&mut nodes, "COLUMNS")?;
            columns.push(CopyColumn { name, kind });
        }
        Ok(columns)
    }

    fn file_option(&self, rest: &mut Nodes<'_>, word: &str, span: Span, options: &mut FileOptions) -> Result<()> {
        let mut character = |what| match next_if(rest, Rule::text) {
            Some(pair) => self.character(&pair, what).map(Some),
            None => fail(unexpected(format!("{what} needs a string of one character"), span)),
        };
        match word {
            "DELIMITER" => options.delimiter = character(word)?,
            "QUOTE" => options.quote = character(word)?,
            "NULL" => {
                let value = next_if(rest, Rule::text).map(|pair| self.text(&pair)).transpose()?;
                let Some(Text::Literal(value, _)) = value else {
                    return fail(unexpected("NULL needs a string: the text that stands for null", span));
                };
                options.null = Some(value);
            }
            "HEADER" => {
                options.header = match rest.peek() {
                    None => Some(true),
                    Some(_) => Some(self.choice(rest, word, span, &[("true", true), ("false", false)])?),
                };
            }
            _ => {
                options.format = Some(self.choice(rest, "FORMAT", span, FORMATS)?);
            }
        }
        Ok(())
    }
}

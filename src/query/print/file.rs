//! `COPY` and its kin.

use super::Printer;
use crate::{
    model::temporal::TemporalKind,
    query::ast::{
        ColumnKind, CopyAccesses, CopyColumn, CopyEmbedding, CopyEnd, CopyFrom, CopyMode, CopyModel, CopyTo,
        FileFormat, FileOptions, Summarize,
    },
};

impl Printer {
    pub(super) fn copy_from(&mut self, copy: &CopyFrom) {
        self.put("COPY ");
        if let Some(target) = &copy.target {
            self.name(target);
            self.put(" ");
        }
        self.put("FROM ");
        self.text(&copy.file);
        self.options(|options| {
            if let Some(key) = &copy.key {
                options.put("KEY ").name(key);
            }
            match copy.mode {
                Some(CopyMode::Merge) => drop(options.put("MODE MERGE")),
                Some(CopyMode::Create) => drop(options.put("MODE CREATE")),
                None => {}
            }
            for (word, end) in [("FROM ", &copy.from), ("TO ", &copy.to)] {
                if let Some(end) = end {
                    options.put(word).copy_end(end);
                }
            }
            options.file(&copy.file_options);
            options.columns(&copy.columns);
            if copy.skip_errors {
                options.put("ON ERROR SKIP");
            }
        });
    }

    pub(super) fn copy_embedding(&mut self, copy: &CopyEmbedding) {
        self.put("COPY EMBEDDING ");
        self.chosen(&copy.space);
        self.put(" FROM ");
        self.text(&copy.file);
        self.options(|options| {
            options.put("KEY ").copy_end(&copy.key);
            if let Some(vector) = &copy.vector {
                options.put("VECTOR ").name(vector);
            }
            if let Some(ids) = &copy.ids {
                options.put("IDS ").text(ids);
            }
            options.file(&copy.file_options);
            options.columns(&copy.columns);
            if copy.skip_errors {
                options.put("ON ERROR SKIP");
            }
        });
    }

    pub(super) fn copy_model(&mut self, copy: &CopyModel) {
        self.put("COPY MODEL ");
        self.chosen(&copy.model);
        self.put(" FROM ");
        self.text(&copy.file);
        self.options(|options| {
            if let Some(space) = &copy.space {
                options.put("SPACE ").chosen(space);
            }
            if let Some(keys) = &copy.keys {
                options.put("KEYS ").text(keys);
            }
            if let Some(heads) = &copy.heads {
                options.put("HEADS ").expr(heads);
            }
        });
    }

    pub(super) fn copy_accesses(&mut self, copy: &CopyAccesses) {
        self.put("COPY ACCESS LOG FROM ");
        self.text(&copy.file);
        self.options(|options| {
            options.put("FROM ").copy_end(&copy.from);
            options.put("TO ").copy_end(&copy.to);
            options.file(&copy.file_options);
            options.columns(&copy.columns);
            if copy.skip_errors {
                options.put("ON ERROR SKIP");
            }
        });
    }

    pub(super) fn copy_to(&mut self, copy: &CopyTo) {
        self.put("COPY ");
        self.inside(["(", ")"], false, false, |printer| printer.query(&copy.query));
        self.put(" TO ");
        self.text(&copy.file);
        self.options(|options| options.file(&copy.file_options));
    }

    pub(super) fn describe(&mut self, copy: &CopyFrom) {
        self.put("DESCRIBE ");
        self.text(&copy.file);
        self.options(|options| {
            options.file(&copy.file_options);
            options.columns(&copy.columns);
        });
    }

    pub(super) fn summarize(&mut self, what: &Summarize) {
        let (brackets, name) = match what {
            Summarize::Nodes(name) => (["SUMMARIZE (", ")"], name),
            Summarize::Relationships(name) => (["SUMMARIZE ()-[", "]-()"], name),
        };
        self.put(brackets[0]);
        if let Some(name) = name {
            self.put(":");
            self.key(name);
        }
        self.put(brackets[1]);
    }

    fn copy_end(&mut self, end: &CopyEnd) {
        self.name(&end.label);
        if let Some(key) = &end.key {
            self.put("(");
            self.name(key);
            self.put(")");
        }
    }

    /// Prints options in parentheses, if there are any.
    fn options(&mut self, print: impl FnOnce(&mut Options<'_>)) {
        let begin = self.out.len();
        let mut options = Options { printer: self, any: false };
        print(&mut options);
        if options.any {
            self.out.insert_str(begin, " (");
            self.put(")");
        }
    }
}

/// Options, with commas between them.
struct Options<'p> {
    printer: &'p mut Printer,
    any: bool,
}

impl Options<'_> {
    /// Begins another option.
    fn put(&mut self, text: &str) -> &mut Printer {
        if self.any {
            self.printer.put(", ");
        }
        self.any = true;
        self.printer.put(text);
        self.printer
    }

    fn file(&mut self, options: &FileOptions) {
        let FileOptions { format, delimiter, quote, null, header } = options;
        if let Some(format) = format {
            self.put("FORMAT ").put(format_word(*format));
        }
        for (word, character) in [("DELIMITER ", delimiter), ("QUOTE ", quote)] {
            if let Some(character) = character {
                self.put(word).string(character.encode_utf8(&mut [0; 4]));
            }
        }
        if let Some(null) = null {
            self.put("NULL ").string(null);
        }
        if let Some(header) = header {
            self.put(if *header { "HEADER true" } else { "HEADER false" });
        }
    }

    fn columns(&mut self, columns: &[CopyColumn]) {
        if columns.is_empty() {
            return;
        }
        let printer = self.put("COLUMNS (");
        printer.list(columns, |printer, column| {
            printer.name(&column.name);
            printer.put(" ");
            printer.put(column_word(column.kind));
        });
        printer.put(")");
    }
}

const fn format_word(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Csv => "csv",
        FileFormat::Tsv => "tsv",
        FileFormat::JsonLines => "jsonl",
        FileFormat::NTriples => "nt",
        FileFormat::Turtle => "ttl",
        FileFormat::GraphMl => "graphml",
        FileFormat::Parquet => "parquet",
        FileFormat::Arrow => "arrow",
        FileFormat::ArrowStream => "arrows",
    }
}

const fn column_word(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::String => "STRING",
        ColumnKind::Integer => "INTEGER",
        ColumnKind::Float => "FLOAT",
        ColumnKind::Boolean => "BOOLEAN",
        ColumnKind::Date => "DATE",
        ColumnKind::Temporal(TemporalKind::Time) => "TIME",
        ColumnKind::Temporal(TemporalKind::LocalTime) => "LOCALTIME",
        ColumnKind::Temporal(TemporalKind::DateTime) => "DATETIME",
        ColumnKind::Temporal(TemporalKind::LocalDateTime) => "LOCALDATETIME",
        ColumnKind::Temporal(TemporalKind::Duration) => "DURATION",
        ColumnKind::Point => "POINT",
        ColumnKind::List => "LIST",
    }
}

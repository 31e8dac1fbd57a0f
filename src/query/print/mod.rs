//! The syntax tree to text: the one way to write a statement.
//!
//! Parsing what was printed gives the same tree, but for spans and for the names of columns that are the text as it was
//! written; printing that gives the same bytes. The tests hold it to that, and so does the fuzz target `roundtrip`: a text
//! that the parser reads in another way than it says shows up as a tree that does not come back. Nothing else prints trees,
//! so this is compiled for those two only.
//!
//! - Words of the language are in capitals, one blank between two tokens where there is one at all, all in one line.
//! - Parentheses stand where precedence asks for them, or where the text would be read as something else: see [`expr`].
//! - Names are quoted where the lexer would not read them as a name, and words of the language where they would be one: see
//!   [`names`].
//! - What the parser makes of other forms (`NEXT`, `WHEN ... THEN`, quantifiers `+` and `{2}` of one relationship) is
//!   printed as what it became.

mod attend;
mod clause;
mod expr;
mod file;
mod names;
mod pattern;
mod schema;
mod shape;
#[cfg(test)]
pub(in crate::query) mod tests;

pub(crate) use self::shape::shape;
use super::ast::{Statement, Text};

/// Returns the text of a statement.
pub(crate) fn print(statement: &Statement) -> String {
    let mut printer = Printer { out: String::new(), predicate: false, bars: false };
    printer.statement(statement);
    printer.out
}

/// What has been printed, and where printing is.
struct Printer {
    out: String,
    /// A pattern can stand here as it is.
    predicate: bool,
    /// A `|` here, outside further brackets, is read as the one before a result.
    bars: bool,
}

impl Printer {
    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Query(query) => self.query(query),
            Statement::Unnoticed(query) => {
                self.put("NO NOTICE ");
                self.query(query);
            }
            Statement::Explain(query) => {
                self.put("EXPLAIN ");
                self.query(query);
            }
            Statement::Profile(query) => {
                self.put("PROFILE ");
                self.query(query);
            }
            Statement::CreateConstraint(create) => self.create_constraint(create),
            Statement::CreateIndex(create) => self.create_index(create),
            Statement::DropConstraint(drop) => self.drop_schema("CONSTRAINT", drop),
            Statement::DropIndex(drop) => self.drop_schema("INDEX", drop),
            Statement::CreateEmbedding(create) => self.create_embedding(create),
            Statement::DropEmbedding(drop) => self.drop_schema("EMBEDDING", drop),
            Statement::CreateFulltext(create) => self.create_fulltext(create),
            Statement::DropFulltext(drop) => self.drop_schema("FULLTEXT INDEX", drop),
            Statement::CreatePolicy(create) => self.create_policy(create),
            Statement::AlterPolicy(alter) => self.alter_policy(alter),
            Statement::DropPolicy(drop) => self.drop_schema("POLICY", drop),
            Statement::DropModel(drop) => self.drop_schema("MODEL", drop),
            Statement::CreateValidity(create) => self.create_validity(create),
            Statement::DropValidity(drop) => self.drop_validity(drop),
            Statement::Show(show) => self.show(show),
            Statement::Begin(_) => self.put("BEGIN"),
            Statement::Commit(_) => self.put("COMMIT"),
            Statement::Rollback(_) => self.put("ROLLBACK"),
            Statement::CopyFrom(copy) => self.copy_from(copy),
            Statement::CopyEmbedding(copy) => self.copy_embedding(copy),
            Statement::CopyModel(copy) => self.copy_model(copy),
            Statement::CopyAccesses(copy) => self.copy_accesses(copy),
            Statement::CopyTo(copy) => self.copy_to(copy),
            Statement::Describe(copy) => self.describe(copy),
            Statement::Summarize(what) => self.summarize(what),
        }
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Puts a blank, where the last thing is none.
    fn blank(&mut self) {
        if !self.out.ends_with(' ') {
            self.out.push(' ');
        }
    }

    /// Puts all items, with commas between them.
    fn list<T>(&mut self, items: &[T], mut put: impl FnMut(&mut Self, &T)) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.put(", ");
            }
            put(self, item);
        }
    }

    /// Puts a string, between single quotes.
    fn string(&mut self, text: &str) {
        self.out.push('\'');
        for c in text.chars() {
            match c {
                '\\' => self.put("\\\\"),
                '\'' => self.put("\\'"),
                '\n' => self.put("\\n"),
                '\t' => self.put("\\t"),
                '\r' => self.put("\\r"),
                '\u{8}' => self.put("\\b"),
                '\u{c}' => self.put("\\f"),
                c if c.is_control() => self.put(&format!("\\u{:04x}", u32::from(c))),
                c => self.out.push(c),
            }
        }
        self.out.push('\'');
    }

    fn text(&mut self, text: &Text) {
        match text {
            Text::Literal(text, _) => self.string(text),
            Text::Parameter(name) => self.parameter(name),
        }
    }

    /// Prints between brackets, in which a `|` and a pattern mean this.
    fn inside(&mut self, brackets: [&str; 2], bars: bool, predicate: bool, print: impl FnOnce(&mut Self)) {
        let outer = (self.bars, self.predicate);
        (self.bars, self.predicate) = (bars, predicate);
        self.put(brackets[0]);
        print(self);
        self.put(brackets[1]);
        (self.bars, self.predicate) = outer;
    }
}

//! Expressions: an operand is in parentheses where it binds less tightly than its place asks for.
//!
//! Beside precedence there are texts which are not what they look like, and get parentheses that precedence does not ask for:
//! - `[x IN xs]` is a comprehension, so a list of that one item is `[(x IN xs)]`;
//! - a `|` between labels or types would be read as the one before a result, directly in square brackets, `reduce` and
//!   `FOREACH`: `[(n:A|B)]`;
//! - `(a:A ...) - [b] - (c)` would be a pattern, so a list that is taken off what ends in `)` is in parentheses;
//! - `x IS :: INTEGER > y` goes on with the type;
//! - `-(1)` is not the number -1.
//!
//! A pattern is printed as it is where it may stand so, and else as `exists(pattern)`.

mod operator;

use self::operator::Level;
use super::Printer;
use crate::query::{
    ast::{Expr, ExprKind, LabelExpr, MapItem, Name, PathPattern, PathSelector, Quantifier, Query},
    function::NORMALIZED,
    stack::with_some_room,
};

/// The forms of Unicode normalization, which are words.
const NORMAL_FORMS: &[&str] = &["NFC", "NFD", "NFKC", "NFKD"];

impl Printer {
    /// Prints an expression in which patterns may not stand.
    pub(super) fn expr(&mut self, e: &Expr) {
        self.expr_where(e, false);
    }

    /// Prints an expression that is a predicate.
    pub(super) fn predicate_of(&mut self, e: &Expr) {
        self.expr_where(e, true);
    }

    fn expr_where(&mut self, e: &Expr, predicate: bool) {
        let outer = std::mem::replace(&mut self.predicate, predicate);
        self.operand(e, Level::Or);
        self.predicate = outer;
    }

    /// Prints what owns a property or an item.
    pub(super) fn owner(&mut self, e: &Expr) {
        self.operand(e, Level::Operand);
    }

    /// Prints an expression where one stands that binds at least as tightly as `least`.
    fn operand(&mut self, e: &Expr, least: Level) {
        with_some_room(|| {
            if self.stands(e, least) {
                self.bare(e, least);
            } else {
                let predicate = self.predicate;
                self.inside(["(", ")"], false, predicate, |printer| printer.bare(e, Level::Or));
            }
        });
    }

    /// Returns whether an expression needs no parentheses.
    fn stands(&self, e: &Expr, least: Level) -> bool {
        operator::level(e) >= least && !(self.bars && has_bar(e)) || operator::begins_with_subject(e)
    }

    /// Prints an expression without parentheses around it.
    fn bare(&mut self, e: &Expr, least: Level) {
        match &e.kind {
            ExprKind::Null => self.put("null"),
            ExprKind::Bool(value) => self.put(if *value { "true" } else { "false" }),
            ExprKind::Int(value) => self.put(&value.to_string()),
            // The shortest digits that read back as the same number.
            ExprKind::Float(value) => self.put(&format!("{value:?}")),
            ExprKind::String(value) => self.string(value),
            ExprKind::List(items) => self.items(items),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Parameter(name) => self.parameter(name),
            ExprKind::Variable(name) => self.name(name),
            ExprKind::Property(owner, key) => {
                self.owner(owner);
                self.put(".");
                self.key(key);
            }
            ExprKind::Index(list, index) => {
                self.owner(list);
                self.inside(["[", "]"], true, false, |printer| printer.expr(index));
            }
            ExprKind::Slice { list, from, to } => {
                self.owner(list);
                self.inside(["[", "]"], true, false, |printer| {
                    from.iter().for_each(|from| printer.expr(from));
                    printer.put("..");
                    to.iter().for_each(|to| printer.expr(to));
                });
            }
            ExprKind::HasLabels(owner, labels) => {
                self.owner(owner);
                self.put(":");
                self.labels(labels);
            }
            ExprKind::Call { function, distinct, args } => self.call_of(e, &function.text, *distinct, args),
            ExprKind::CountStar => self.put("count(*)"),
            ExprKind::Case { subject, branches, otherwise } => self.case(subject.as_deref(), branches, otherwise),
            ExprKind::CaseOf { subject, branches, otherwise } => self.case_of(subject, branches, otherwise),
            ExprKind::Subject => {}
            ExprKind::ListComprehension { .. }
            | ExprKind::PatternComprehension { .. }
            | ExprKind::Quantifier { .. }
            | ExprKind::Reduce { .. } => self.over_items(e),
            ExprKind::Pattern(path) => self.pattern(path, least),
            ExprKind::Exists(query) => self.subquery_of("EXISTS", query),
            ExprKind::Count(query) => self.subquery_of("COUNT", query),
            ExprKind::Collect(query) => self.subquery_of("COLLECT", query),
            ExprKind::MapProjection { subject, items } => {
                self.name(subject);
                self.inside(["{", "}"], false, false, |printer| printer.list(items, Self::map_item));
            }
            _ => self.operation(e),
        }
    }

    /// Prints a list.
    fn items(&mut self, items: &[Expr]) {
        self.inside(["[", "]"], true, false, |printer| match items {
            [only] if operator::is_member(only) => {
                printer.inside(["(", ")"], false, false, |printer| printer.bare(only, Level::Or));
            }
            items => printer.list(items, Self::expr),
        });
    }

    /// Prints `{key: value, ...}`.
    pub(super) fn map(&mut self, entries: &[(Name, Expr)]) {
        self.inside(["{", "}"], false, false, |printer| {
            printer.list(entries, |printer, (key, value)| {
                printer.key(key);
                printer.put(": ");
                printer.expr(value);
            });
        });
    }

    fn map_item(&mut self, item: &MapItem) {
        match item {
            MapItem::Property(key) => {
                self.put(".");
                self.key(key);
            }
            MapItem::AllProperties(_) => self.put(".*"),
            MapItem::Entry(key, value) => {
                self.key(key);
                self.put(": ");
                self.expr(value);
            }
            MapItem::Variable(name) => self.name(name),
        }
    }

    fn call_of(&mut self, e: &Expr, function: &str, distinct: bool, args: &[Expr]) {
        if operator::is_normal_test(e) {
            return self.operation(e);
        }
        let ExprKind::Call { function: name, .. } = &e.kind else { return };
        let bare = self.dotted(name);
        let bars = bare.is_some_and(|last| last.eq_ignore_ascii_case("reduce") || last.eq_ignore_ascii_case("foreach"));
        self.inside(["(", ")"], bars, false, |printer| {
            printer.put(if distinct { "DISTINCT " } else { "" });
            match args {
                // The second argument is a word, not a string.
                [text, Expr { kind: ExprKind::String(form), .. }]
                    if function.eq_ignore_ascii_case("normalize") && NORMAL_FORMS.contains(&&**form) =>
                {
                    printer.expr(text);
                    printer.put(", ");
                    printer.put(form);
                }
                args => printer.list(args, Self::expr),
            }
        });
    }

    fn case(&mut self, subject: Option<&Expr>, branches: &[(Expr, Expr)], otherwise: &Option<Box<Expr>>) {
        self.put("CASE");
        if let Some(subject) = subject {
            self.put(" ");
            self.expr(subject);
        }
        for (when, then) in branches {
            self.put(" WHEN ");
            self.expr_where(when, subject.is_none());
            self.put(" THEN ");
            self.expr(then);
        }
        self.otherwise(otherwise);
    }

    fn case_of(&mut self, subject: &Expr, branches: &[(Expr, Expr)], otherwise: &Option<Box<Expr>>) {
        self.put("CASE ");
        self.expr(subject);
        for (when, then) in branches {
            self.put(" WHEN ");
            match &when.kind {
                ExprKind::Or(tests) if tests.iter().all(operator::begins_with_subject) => {
                    self.list(tests, Self::expr);
                }
                _ => self.expr(when),
            }
            self.put(" THEN ");
            self.expr(then);
        }
        self.otherwise(otherwise);
    }

    fn otherwise(&mut self, otherwise: &Option<Box<Expr>>) {
        if let Some(otherwise) = otherwise {
            self.put(" ELSE ");
            self.expr(otherwise);
        }
        self.put(" END");
    }

    /// Prints what does something for each item of a list, or for each match.
    fn over_items(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::ListComprehension { variable, list, predicate, result } => {
                self.inside(["[", "]"], true, false, |printer| {
                    printer.name(variable);
                    printer.put(" IN ");
                    printer.operand(list, Level::Sum);
                    printer.r#where(predicate.as_deref());
                    result.iter().for_each(|result| printer.result(result));
                });
            }
            ExprKind::PatternComprehension { pattern, predicate, result } => {
                self.inside(["[", "]"], true, false, |printer| {
                    printer.path(pattern);
                    printer.r#where(predicate.as_deref());
                    printer.result(result);
                });
            }
            ExprKind::Quantifier { quantifier, variable, list, predicate } => {
                let brackets = match quantifier {
                    Quantifier::All => ["all(", ")"],
                    Quantifier::Any => ["any(", ")"],
                    Quantifier::None => ["none(", ")"],
                    Quantifier::Single => ["single(", ")"],
                };
                self.inside(brackets, false, false, |printer| {
                    printer.name(variable);
                    printer.put(" IN ");
                    printer.operand(list, Level::Sum);
                    printer.r#where(predicate.as_deref());
                });
            }
            ExprKind::Reduce { accumulator, initial, variable, list, step } => {
                self.inside(["reduce(", ")"], true, false, |printer| {
                    printer.name(accumulator);
                    printer.put(" = ");
                    printer.operand(initial, Level::Predicate);
                    printer.put(", ");
                    printer.name(variable);
                    printer.put(" IN ");
                    printer.operand(list, Level::Sum);
                    printer.result(step);
                });
            }
            other => unreachable!("{other:?} does nothing for each item"),
        }
    }

    /// Prints ` | result`.
    fn result(&mut self, result: &Expr) {
        self.put(" | ");
        self.expr(result);
    }

    /// Prints a pattern that is a predicate, or the shortest path that it finds.
    fn pattern(&mut self, path: &PathPattern, least: Level) {
        if path.selector != PathSelector::All || self.predicate && least <= Level::Not {
            return self.path(path);
        }
        self.inside(["exists(", ")"], false, true, |printer| printer.path(path));
    }

    fn subquery_of(&mut self, word: &str, query: &Query) {
        self.put(word);
        self.inside([" { ", " }"], false, false, |printer| printer.query(query));
    }

    /// Prints `value IS [NOT] NFC NORMALIZED`.
    fn normal_test(&mut self, e: &Expr, negated: bool) {
        let ExprKind::Call { args, .. } = &e.kind else { unreachable!("{NORMALIZED} is a call") };
        let [value, Expr { kind: ExprKind::String(form), .. }] = &args[..] else {
            unreachable!("{NORMALIZED} has two arguments")
        };
        self.tested(value, if negated { "IS NOT " } else { "IS " });
        self.put(form);
        self.put(" NORMALIZED");
    }
}

/// Returns whether the text of an expression has a `|` of its own.
fn has_bar(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::HasLabels(_, labels) => matches!(labels, LabelExpr::Or(..)),
        ExprKind::IsTyped(_, test) => test.to_string().contains('|'),
        ExprKind::Not(inner) => matches!(inner.kind, ExprKind::IsTyped(..)) && has_bar(inner),
        _ => false,
    }
}

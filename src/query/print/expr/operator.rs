//! Operators, and how tightly they bind.

use super::NORMAL_FORMS;
use crate::query::{
    ast::{BinaryOp, CompareOp, Expr, ExprKind},
    function::NORMALIZED,
    print::Printer,
};

/// How tightly an expression binds: the higher, the tighter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    Xor,
    And,
    /// `NOT`, and patterns, behind which no operator may stand that could go on with them.
    Not,
    Comparison,
    Predicate,
    Sum,
    Product,
    Power,
    /// A sign before what it belongs to.
    Prefix,
    /// Labels behind a value.
    Labels,
    /// What a dot or a bracket can follow.
    Operand,
}

/// Returns how tightly an expression binds.
pub(super) fn level(e: &Expr) -> Level {
    match &e.kind {
        ExprKind::Or(_) => Level::Or,
        ExprKind::Xor(_) => Level::Xor,
        ExprKind::And(_) => Level::And,
        ExprKind::Not(inner) if is_test(inner) => Level::Predicate,
        ExprKind::Not(_) => Level::Not,
        ExprKind::Comparison { .. } => Level::Comparison,
        ExprKind::Binary { op, .. } => level_of(*op),
        ExprKind::IsNull(_) | ExprKind::IsNotNull(_) | ExprKind::IsTyped(..) => Level::Predicate,
        ExprKind::Call { .. } if is_normal_test(e) => Level::Predicate,
        ExprKind::Negate(_) | ExprKind::Plus(_) => Level::Prefix,
        ExprKind::Int(value) if *value < 0 => Level::Prefix,
        ExprKind::Float(value) if value.is_sign_negative() => Level::Prefix,
        ExprKind::HasLabels(..) => Level::Labels,
        _ => Level::Operand,
    }
}

const fn level_of(op: BinaryOp) -> Level {
    match op {
        BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Concat => Level::Sum,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => Level::Product,
        BinaryOp::Power => Level::Power,
        BinaryOp::In | BinaryOp::StartsWith | BinaryOp::EndsWith | BinaryOp::Contains | BinaryOp::Matches => {
            Level::Predicate
        }
    }
}

/// Returns whether an expression is written `value IS ...` and can be written `value IS NOT ...`.
fn is_test(e: &Expr) -> bool {
    matches!(e.kind, ExprKind::IsTyped(..)) || is_normal_test(e)
}

/// Returns whether an expression is written `value IS NFC NORMALIZED`.
pub(super) fn is_normal_test(e: &Expr) -> bool {
    let ExprKind::Call { function, distinct: false, args } = &e.kind else { return false };
    let [_, Expr { kind: ExprKind::String(form), .. }] = &args[..] else { return false };
    &*function.text == NORMALIZED && NORMAL_FORMS.contains(&&**form)
}

/// Returns whether an expression is `variable IN list`.
pub(super) fn is_member(e: &Expr) -> bool {
    matches!(&e.kind, ExprKind::Binary { op: BinaryOp::In, left, .. } if matches!(left.kind, ExprKind::Variable(_)))
}

/// Returns whether an expression is a test of the subject of a `CASE`, which is not written: its text begins with an operator.
pub(super) fn begins_with_subject(mut e: &Expr) -> bool {
    loop {
        e = match &e.kind {
            ExprKind::Subject => return true,
            ExprKind::And(all) | ExprKind::Or(all) | ExprKind::Xor(all) => &all[0],
            ExprKind::Comparison { first, .. } => first,
            ExprKind::Binary { left, .. } => left,
            ExprKind::IsNull(value) | ExprKind::IsNotNull(value) | ExprKind::IsTyped(value, _) => value,
            ExprKind::Not(test) if is_test(test) => test,
            ExprKind::Call { args, .. } if is_normal_test(e) => &args[0],
            _ => return false,
        };
    }
}

impl Printer {
    /// Prints an expression with an operator.
    pub(super) fn operation(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::And(all) => self.joined(all, "AND ", Level::Not),
            ExprKind::Or(all) => self.joined(all, "OR ", Level::Xor),
            ExprKind::Xor(all) => self.joined(all, "XOR ", Level::And),
            ExprKind::Not(inner) => match &inner.kind {
                ExprKind::IsTyped(value, test) => {
                    self.tested(value, "IS NOT :: ");
                    self.put(&test.to_string());
                }
                _ if is_normal_test(inner) => self.normal_test(inner, true),
                _ => {
                    self.put("NOT ");
                    self.operand(inner, Level::Not);
                }
            },
            ExprKind::Comparison { first, rest } => {
                self.compared(first);
                for (op, right) in rest {
                    self.blank();
                    self.put(compare_sign(*op));
                    self.compared(right);
                }
            }
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right),
            ExprKind::Negate(inner) => {
                self.put("-");
                // `-1` would be a number.
                let is_number = matches!(inner.kind, ExprKind::Int(_) | ExprKind::Float(_));
                if is_number && level(inner) == Level::Operand {
                    self.inside(["(", ")"], false, false, |printer| printer.bare(inner, Level::Or));
                } else {
                    self.operand(inner, Level::Prefix);
                }
            }
            ExprKind::Plus(inner) => {
                self.put("+");
                self.operand(inner, Level::Prefix);
            }
            ExprKind::IsNull(value) => self.tested(value, "IS NULL"),
            ExprKind::IsNotNull(value) => self.tested(value, "IS NOT NULL"),
            ExprKind::IsTyped(value, test) => {
                self.tested(value, "IS :: ");
                self.put(&test.to_string());
            }
            ExprKind::Call { .. } => self.normal_test(e, false),
            other => unreachable!("{other:?} has no operator"),
        }
    }

    /// Prints a value and the test behind it.
    pub(super) fn tested(&mut self, value: &Expr, test: &str) {
        self.operand(value, Level::Predicate);
        self.blank();
        self.put(test);
    }

    fn joined(&mut self, all: &[Expr], word: &str, least: Level) {
        for (at, e) in all.iter().enumerate() {
            if at > 0 {
                self.blank();
                self.put(word);
            }
            self.operand(e, least);
        }
    }

    /// Prints an operand of a comparison: behind a type, `<` and `>` would be of it.
    fn compared(&mut self, e: &Expr) {
        let is_typed = match &e.kind {
            ExprKind::Not(inner) => matches!(inner.kind, ExprKind::IsTyped(..)),
            kind => matches!(kind, ExprKind::IsTyped(..)),
        };
        let least = if is_typed { Level::Sum } else { Level::Predicate };
        self.operand(e, least);
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr) {
        let level = level_of(op);
        self.operand(left, level);
        let closes = self.out.ends_with(')');
        self.blank();
        self.put(binary_sign(op));
        let begin = self.out.len();
        let tighter = match level {
            Level::Sum => Level::Product,
            Level::Product => Level::Power,
            Level::Power => Level::Prefix,
            _ => Level::Sum,
        };
        self.operand(right, tighter);
        if op == BinaryOp::Subtract && closes && self.out[begin..].starts_with('[') {
            self.out.insert(begin, '(');
            self.put(")");
        }
    }
}

const fn compare_sign(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => "= ",
        CompareOp::NotEqual => "<> ",
        CompareOp::Less => "< ",
        CompareOp::LessEqual => "<= ",
        CompareOp::Greater => "> ",
        CompareOp::GreaterEqual => ">= ",
    }
}

const fn binary_sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+ ",
        BinaryOp::Subtract => "- ",
        BinaryOp::Concat => "|| ",
        BinaryOp::Multiply => "* ",
        BinaryOp::Divide => "/ ",
        BinaryOp::Modulo => "% ",
        BinaryOp::Power => "^ ",
        BinaryOp::In => "IN ",
        BinaryOp::StartsWith => "STARTS WITH ",
        BinaryOp::EndsWith => "ENDS WITH ",
        BinaryOp::Contains => "CONTAINS ",
        BinaryOp::Matches => "=~ ",
    }
}

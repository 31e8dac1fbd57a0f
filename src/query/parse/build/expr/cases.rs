//! `CASE` in its three forms: of conditions, of values that a subject may have, and of tests that a subject may pass.

use pest::iterators::Pair;

use super::{Tall, above, operators::Level};
use crate::{
    Span,
    query::{
        ast::{CompareOp, Expr, ExprKind},
        parse::build::{Builder, Result, Rule, fail, first, unexpected},
    },
};

impl Builder<'_> {
    pub(super) fn case(&mut self, pair: Pair<'_, Rule>) -> Result<Tall> {
        let span = self.span(&pair);
        let (mut subject, mut whens, mut otherwise, mut height) = (None, Vec::new(), None, 0);
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::when => whens.push(child),
                rule => {
                    let is_else = rule == Rule::r#else;
                    let (value, tall) = self.tall_where(if is_else { first(child) } else { child }, false)?;
                    height = height.max(tall);
                    *if is_else { &mut otherwise } else { &mut subject } = Some(value);
                }
            }
        }
        let is_plain = |when: &Pair<'_, Rule>| {
            let rules: Vec<Rule> = when.clone().into_inner().map(|child| child.as_rule()).collect();
            rules == [Rule::expr, Rule::then]
        };
        let extended = !whens.iter().all(is_plain);
        let mut branches = Vec::with_capacity(whens.len());
        for when in whens {
            let (mut tests, mut then) = (Vec::new(), None);
            let place = self.span(&when);
            for child in when.into_inner() {
                if child.as_rule() == Rule::then {
                    let (value, tall) = self.tall_where(first(child), false)?;
                    height = height.max(tall);
                    then = Some(*value);
                    continue;
                }
                if extended && subject.is_none() {
                    return fail(
                        unexpected("a CASE without a subject has one condition in each WHEN", place)
                            .hint("write CASE x WHEN 1, 2 THEN ... or CASE WHEN x = 1 OR x = 2 THEN ..."),
                    );
                }
                let (test, tall) =
                    if extended { self.subject_test(child)? } else { self.tall_where(child, subject.is_none())? };
                height = height.max(tall);
                tests.push(*test);
            }
            let condition = if tests.len() == 1 {
                tests.remove(0)
            } else {
                let (any, tall) = above(ExprKind::Or(tests), place, height)?;
                height = tall;
                *any
            };
            branches.push((condition, then.expect("the grammar ends it with THEN")));
        }
        let kind = match subject {
            Some(subject) if extended => ExprKind::CaseOf { subject, branches, otherwise },
            subject => ExprKind::Case { subject, branches, otherwise },
        };
        above(kind, span, height)
    }

    /// Returns what is asked of the subject: that it is a value, or passes a test.
    fn subject_test(&mut self, pair: Pair<'_, Rule>) -> Result<Tall> {
        let span = self.span(&pair);
        let subject = |span: Span| Expr::new(ExprKind::Subject, Span { start: span.start, end: span.start });
        if pair.as_rule() == Rule::tested {
            let outer = std::mem::replace(&mut self.predicate, false);
            let mut nodes = pair.into_inner().peekable();
            let test = self.climb_from((Box::new(subject(span)), 1), &mut nodes, Level::Or);
            self.predicate = outer;
            return test;
        }
        let (value, height) = self.tall_where(pair, false)?;
        let rest = vec![(CompareOp::Equal, *value)];
        above(ExprKind::Comparison { first: Box::new(subject(span)), rest }, span, height)
    }
}

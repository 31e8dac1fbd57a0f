//! Operators: precedence climbing over the flat list that the grammar gives.

use pest::iterators::Pair;

use super::{Tall, above, too_deep, wrap};
use crate::{
    Span,
    query::{
        ast::{BinaryOp, CompareOp, EXPR_DEPTH_MAX, Expr, ExprKind, Name},
        function::NORMALIZED,
        parse::{
            build::{Builder, Nodes, Result, Rule, fail, first_token, next, next_if, unexpected},
            literal,
            words::{Code, code},
        },
    },
};

/// How tightly an operator binds: the higher, the tighter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    Xor,
    And,
    Comparison,
    Predicate,
    Sum,
    Product,
    Power,
    /// Tighter than every binary operator.
    Operand,
}

/// What an infix operator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    Xor,
    And,
    Compare(CompareOp),
    Binary(BinaryOp),
}

impl Builder<'_> {
    /// Returns an operand and everything behind it that binds at least as tightly as `least`.
    pub(super) fn climb(&mut self, nodes: &mut Nodes<'_>, least: Level) -> Result<Tall> {
        let left = self.prefixed(nodes)?;
        self.climb_from(left, nodes, least)
    }

    /// Returns the right side of an operator. Sides within sides are counted, so that recursion stops before the
    /// height of the whole is known.
    fn right_side(&mut self, nodes: &mut Nodes<'_>, operator: Level) -> Result<Tall> {
        self.n_operators += 1;
        if self.n_operators > EXPR_DEPTH_MAX {
            return fail(too_deep(self.span(nodes.peek().expect("an operand comes"))));
        }
        let tall = self.climb(nodes, operator.tighter());
        self.n_operators -= 1;
        tall
    }

    pub(super) fn climb_from(&mut self, mut left: Tall, nodes: &mut Nodes<'_>, least: Level) -> Result<Tall> {
        while let Some(pair) = nodes.peek() {
            if matches!(pair.as_rule(), Rule::null_test | Rule::type_test | Rule::typed | Rule::normal_test) {
                if least > Level::Predicate {
                    break;
                }
                left = self.is_test(left, next(nodes))?;
                continue;
            }
            if !is_infix(pair) {
                let span = self.span(pair);
                let error = unexpected("nothing of a value can stand behind a test", span);
                return fail(error.hint("put the test in parentheses"));
            }
            let operator = self.operator(self.code(pair));
            let level = operator.level();
            if level < least {
                break;
            }
            left = match operator {
                Operator::And | Operator::Or | Operator::Xor => self.chain_of(left, operator, nodes)?,
                Operator::Compare(_) => self.comparison(left, nodes)?,
                Operator::Binary(op) => {
                    next(nodes);
                    let right = self.right_side(nodes, level)?;
                    let (span, height) = (left.0.span.to(right.0.span), left.1.max(right.1));
                    let kind = ExprKind::Binary { op, left: left.0, right: right.0 };
                    above(kind, span, height)?
                }
            };
        }
        Ok(left)
    }

    /// Returns a test that `IS` begins, or `::`.
    fn is_test(&mut self, left: Tall, test: Pair<'_, Rule>) -> Result<Tall> {
        let negated = self.code(&test) == code::NOT;
        let span = self.span(&test);
        match test.as_rule() {
            Rule::null_test => {
                let kind = if negated { ExprKind::IsNotNull } else { ExprKind::IsNull };
                wrap(left, kind, |left| left.to(span))
            }
            Rule::normal_test => {
                let n_tokens = test.as_span().as_str().len() / 2;
                // `NORMALIZED` is the last word, `NOT` may be the first; the form is what stands between.
                let form = (n_tokens == 2 + usize::from(negated)).then(|| first_token(&test) + usize::from(negated));
                let form = form.map_or("NFC".to_owned(), |at| self.tokens.text(self.text, at).to_ascii_uppercase());
                let function = Name { text: NORMALIZED.into(), span };
                let (value, height) = left;
                let whole = value.span.to(span);
                let args = vec![*value, Expr::new(ExprKind::String(form.into()), span)];
                let called = above(ExprKind::Call { function, distinct: false, args }, whole, height)?;
                if negated { wrap(called, ExprKind::Not, |span| span) } else { Ok(called) }
            }
            _ => self.type_test(left, test),
        }
    }

    /// Takes all operands that the same logical operator joins.
    fn chain_of(&mut self, left: Tall, operator: Operator, nodes: &mut Nodes<'_>) -> Result<Tall> {
        let (first, mut height) = left;
        let mut span = first.span;
        let mut operands = vec![*first];
        while nodes.next_if(|pair| is_infix(pair) && self.operator(self.code(pair)) == operator).is_some() {
            let (operand, tall) = self.right_side(nodes, operator.level())?;
            height = height.max(tall);
            span = span.to(operand.span);
            operands.push(*operand);
        }
        let kind = match operator {
            Operator::And => ExprKind::And(operands),
            Operator::Or => ExprKind::Or(operands),
            _ => ExprKind::Xor(operands),
        };
        above(kind, span, height)
    }

    fn comparison(&mut self, left: Tall, nodes: &mut Nodes<'_>) -> Result<Tall> {
        let (first, mut height) = left;
        let mut span = first.span;
        let mut rest = Vec::with_capacity(1);
        while let Some(pair) = nodes.peek().filter(|pair| is_infix(pair)) {
            let Operator::Compare(op) = self.operator(self.code(pair)) else { break };
            next(nodes);
            let (operand, tall) = self.right_side(nodes, Level::Comparison)?;
            height = height.max(tall);
            span = span.to(operand.span);
            rest.push((op, *operand));
        }
        above(ExprKind::Comparison { first, rest }, span, height)
    }

    /// Returns an operand with the prefix operators before it: `-` and `+` bind tightly, `NOT` looser than a comparison.
    fn prefixed(&mut self, nodes: &mut Nodes<'_>) -> Result<Tall> {
        let mut prefixes = Vec::new();
        while let Some(prefix) = next_if(nodes, Rule::prefix) {
            prefixes.push((self.code(&prefix), self.span(&prefix)));
            if prefixes.len() > EXPR_DEPTH_MAX {
                return fail(too_deep(self.span(&prefix)));
            }
        }
        let negative = prefixes.last().is_some_and(|(code, _)| *code == code::MINUS);
        let mut tall = match self.negative_number(nodes, negative.then(|| prefixes[prefixes.len() - 1].1))? {
            Some(number) => {
                prefixes.pop();
                number
            }
            None => self.operand(nodes)?,
        };
        for (sign, place) in prefixes.into_iter().rev() {
            let kind = match sign {
                code::NOT => {
                    tall = self.climb_from(tall, nodes, Level::Comparison)?;
                    ExprKind::Not
                }
                code::MINUS => ExprKind::Negate,
                _ => ExprKind::Plus,
            };
            tall = wrap(tall, kind, |span| place.to(span))?;
        }
        Ok(tall)
    }

    /// Returns the number that comes next, if a minus sign stands before it and nothing that binds tighter follows.
    fn negative_number(&mut self, nodes: &mut Nodes<'_>, minus: Option<Span>) -> Result<Option<Tall>> {
        let Some(minus) = minus else { return Ok(None) };
        let Some(pair) = nodes.peek().filter(|pair| pair.as_rule() == Rule::literal) else { return Ok(None) };
        let (place, written) = (self.span(pair), self.code(pair));
        // A literal is one token, so what follows it is the next one.
        let after = self.tokens.code(first_token(pair) + 1);
        if matches!(after, code::DOT | code::LBRACKET | code::COLON | code::LPAREN) {
            return Ok(None);
        }
        let kind = match written {
            code::INTEGER => ExprKind::Int(literal::integer(self.token_text(pair), true, minus.to(place))?),
            code::FLOAT => ExprKind::Float(-literal::float(self.token_text(pair), place)?),
            _ => return Ok(None),
        };
        next(nodes);
        Ok(Some((Box::new(Expr::new(kind, minus.to(place))), 1)))
    }

    fn operator(&self, code: Code) -> Operator {
        match code {
            code::AND => Operator::And,
            code::OR => Operator::Or,
            code::XOR => Operator::Xor,
            code::EQUAL => Operator::Compare(CompareOp::Equal),
            code::NOT_EQUAL => Operator::Compare(CompareOp::NotEqual),
            code::LESS => Operator::Compare(CompareOp::Less),
            code::LESS_EQUAL => Operator::Compare(CompareOp::LessEqual),
            code::GREATER => Operator::Compare(CompareOp::Greater),
            code::GREATER_EQUAL => Operator::Compare(CompareOp::GreaterEqual),
            code::PLUS => Operator::Binary(BinaryOp::Add),
            code::MINUS => Operator::Binary(BinaryOp::Subtract),
            code::CONCAT => Operator::Binary(BinaryOp::Concat),
            code::STAR => Operator::Binary(BinaryOp::Multiply),
            code::SLASH => Operator::Binary(BinaryOp::Divide),
            code::PERCENT => Operator::Binary(BinaryOp::Modulo),
            code::CARET => Operator::Binary(BinaryOp::Power),
            code::IN => Operator::Binary(BinaryOp::In),
            code::STARTS => Operator::Binary(BinaryOp::StartsWith),
            code::ENDS => Operator::Binary(BinaryOp::EndsWith),
            code::CONTAINS => Operator::Binary(BinaryOp::Contains),
            code::MATCHES => Operator::Binary(BinaryOp::Matches),
            other => unreachable!("{other:?} is no operator of the grammar"),
        }
    }
}

impl Operator {
    fn level(self) -> Level {
        match self {
            Self::Or => Level::Or,
            Self::Xor => Level::Xor,
            Self::And => Level::And,
            Self::Compare(_) => Level::Comparison,
            Self::Binary(BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Concat) => Level::Sum,
            Self::Binary(BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo) => Level::Product,
            Self::Binary(BinaryOp::Power) => Level::Power,
            Self::Binary(_) => Level::Predicate,
        }
    }
}

impl Level {
    fn tighter(self) -> Self {
        match self {
            Self::Or => Self::Xor,
            Self::Xor => Self::And,
            Self::And => Self::Comparison,
            Self::Comparison => Self::Predicate,
            Self::Predicate => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Power,
            Self::Power | Self::Operand => Self::Operand,
        }
    }
}

fn is_infix(pair: &Pair<'_, Rule>) -> bool {
    matches!(pair.as_rule(), Rule::simple_infix | Rule::worded_infix)
}

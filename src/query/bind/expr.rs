//! Binding of expressions: names, static kinds, and everything that is wrong whatever the data.

use std::sync::Arc;

use super::{Binder, Kind, Place, aggregate, fail, kind::Element, same};
use crate::{
    QueryError, Result, Span,
    model::Value,
    query::{
        ast::{self, ExprKind},
        function::{Aggregator, Function},
        plan::{Arithmetic, Comparison, Expr, KeyRef, LabelTest, Quantifier, StringTest},
    },
};

/// A bound expression and its kind.
pub(super) type Typed = (Expr, Kind);

impl<'a> Binder<'a> {
    /// Binds an expression that gives a value; a pattern is no value.
    pub(super) fn expr(&mut self, e: &'a ast::Expr) -> Result<Typed> {
        if !self.computed.is_empty()
            && let Some(typed) = self.find_computed(e)
        {
            return Ok(typed);
        }
        Ok(match &e.kind {
            ExprKind::Null => (Expr::Const(Value::Null), Kind::Null),
            ExprKind::Bool(b) => (Expr::Const(Value::Bool(*b)), Kind::Bool),
            ExprKind::Int(n) => (Expr::Const(Value::Int(*n)), Kind::Int),
            ExprKind::Float(x) => (Expr::Const(Value::Float(*x)), Kind::Float),
            ExprKind::String(s) => (Expr::Const(Value::String(s.clone())), Kind::String),
            ExprKind::List(items) => {
                let mut element = Kind::Null;
                let mut exprs = Vec::with_capacity(items.len());
                for item in items {
                    let (expr, kind) = self.expr(item)?;
                    element = element.join(kind);
                    exprs.push(expr);
                }
                (Expr::List(exprs), element.listed())
            }
            ExprKind::Map(entries) => (self.map(entries)?, Kind::Map),
            ExprKind::Parameter(name) => (Expr::Param(self.param(&name.text)?), Kind::Any),
            ExprKind::Variable(name) => {
                let variable = self.variable(name)?;
                (variable.read(), variable.kind)
            }
            ExprKind::Property(base, key) => self.property(base, key, e.span)?,
            ExprKind::Index(base, index) => self.index(base, index)?,
            ExprKind::Slice { list, from, to } => {
                let (base, kind) = self.expr(list)?;
                if !kind.may_be_list() {
                    return Err(wrong_argument(kind, "a list, of which a range can be taken", list.span));
                }
                let from = self.optional(from.as_deref())?;
                let to = self.optional(to.as_deref())?;
                (Expr::Slice { base: Box::new(base), from, to }, kind)
            }
            ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Xor(_) | ExprKind::Not(_) => self.logical(e, false)?,
            ExprKind::Comparison { first, rest } => (self.comparison(first, rest)?, Kind::Bool),
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right, e.span)?,
            ExprKind::Negate(operand) => {
                let (expr, kind) = self.number(operand)?;
                (Expr::Negate(Box::new(expr)), kind)
            }
            ExprKind::Plus(operand) => {
                let (expr, kind) = self.number(operand)?;
                // Twice negated: the executor then checks that it is a number.
                let exact = matches!(kind, Kind::Int | Kind::Float | Kind::Number);
                let expr = if exact { expr } else { Expr::Negate(Box::new(Expr::Negate(Box::new(expr)))) };
                (expr, kind)
            }
            ExprKind::IsNull(operand) => (Expr::IsNull(Box::new(self.expr(operand)?.0)), Kind::Bool),
            ExprKind::IsNotNull(operand) => (Expr::IsNotNull(Box::new(self.expr(operand)?.0)), Kind::Bool),
            ExprKind::IsTyped(operand, test) => {
                (Expr::IsTyped(Box::new(self.expr(operand)?.0), Arc::new(test.clone())), Kind::Bool)
            }
            ExprKind::HasLabels(subject, labels) => {
                let (expr, kind) = self.expr(subject)?;
                if !kind.may_be(&[Kind::Node, Kind::Relationship]) {
                    return Err(wrong_argument(kind, "a node or relationship, which can have labels", subject.span));
                }
                (Expr::HasLabels(Box::new(expr), self.label_test(labels, kind)), Kind::Bool)
            }
            ExprKind::Call { function, distinct, args } => self.call(e, function, *distinct, args)?,
            ExprKind::CountStar => self.aggregate(e, Aggregator::Count, false, &[])?,
            ExprKind::Case { subject, branches, otherwise } => {
                self.case(subject.as_deref(), branches, otherwise.as_deref())?
            }
            ExprKind::CaseOf { subject, branches, otherwise } => {
                self.case_of(subject, branches, otherwise.as_deref())?
            }
            ExprKind::Subject => {
                let (local, kind) = self.subject.expect("a test stands in its CASE");
                (Expr::Local(local), kind)
            }
            ExprKind::ListComprehension { variable, list, predicate, result } => {
                let (list, kind) = self.list(list)?;
                let (local, mark) = self.enter_local(variable, kind.element());
                let filter = predicate.as_deref().map(|p| self.predicate(p)).transpose()?.map(Box::new);
                let mapped = result.as_deref().map(|r| self.expr(r)).transpose()?;
                self.leave_local(mark, 1);
                let result_kind = mapped.as_ref().map_or(kind, |(_, kind)| kind.listed());
                let map = mapped.map(|(expr, _)| Box::new(expr));
                (Expr::Comprehension { local, list: Box::new(list), filter, map }, result_kind)
            }
            ExprKind::Quantifier { quantifier, variable, list, predicate } => {
                let (list, kind) = self.list(list)?;
                let (local, mark) = self.enter_local(variable, kind.element());
                let predicate = match predicate {
                    Some(predicate) => self.predicate(predicate)?,
                    None => Expr::Local(local),
                };
                self.leave_local(mark, 1);
                let quantifier = match quantifier {
                    ast::Quantifier::All => Quantifier::All,
                    ast::Quantifier::Any => Quantifier::Any,
                    ast::Quantifier::None => Quantifier::None,
                    ast::Quantifier::Single => Quantifier::Single,
                };
                let (list, predicate) = (Box::new(list), Box::new(predicate));
                (Expr::Quantified { quantifier, local, list, predicate }, Kind::Bool)
            }
            ExprKind::Reduce { accumulator, initial, variable, list, step } => {
                let (init, _) = self.expr(initial)?;
                let (list, kind) = self.list(list)?;
                let (acc, mark) = self.enter_local(accumulator, Kind::Any);
                self.enter_local(variable, kind.element());
                let (body, _) = self.expr(step)?;
                self.leave_local(mark, 2);
                let (init, list, body) = (Box::new(init), Box::new(list), Box::new(body));
                (Expr::Reduce { acc, init, list, body }, Kind::Any)
            }
            ExprKind::Pattern(pattern) if pattern.selector == ast::PathSelector::All => {
                return Err(fail(
                    "UnexpectedSyntax",
                    "a pattern is a predicate, not a value: use it in WHERE, EXISTS { }, or [pattern | value]",
                    e.span,
                ));
            }
            ExprKind::Pattern(pattern) => self.shortest_path(pattern)?,
            ExprKind::Exists(query) => (self.exists(query)?, Kind::Bool),
            ExprKind::Count(query) => (self.count(query)?, Kind::Int),
            ExprKind::Collect(query) => self.collect(query)?,
            ExprKind::PatternComprehension { pattern, predicate, result } => {
                self.pattern_comprehension(pattern, predicate.as_deref(), result)?
            }
            ExprKind::MapProjection { subject, items } => (self.map_projection(subject, items)?, Kind::Map),
        })
    }

    /// Binds an expression where a condition is wanted: patterns are allowed, and it must not be known to be no boolean.
    pub(super) fn predicate(&mut self, e: &'a ast::Expr) -> Result<Expr> {
        let (expr, kind) = self.condition(e)?;
        if !kind.may_be_bool() {
            return Err(wrong_argument(kind, "a condition", e.span));
        }
        Ok(expr)
    }

    /// Binds a predicate as the list of its conjuncts.
    pub(super) fn conjuncts(&mut self, e: &'a ast::Expr, into: &mut Vec<Expr>) -> Result<()> {
        match &e.kind {
            ExprKind::And(items) => {
                for item in items {
                    self.conjuncts(item, into)?;
                }
            }
            _ => into.push(self.predicate(e)?),
        }
        Ok(())
    }

    fn condition(&mut self, e: &'a ast::Expr) -> Result<Typed> {
        match &e.kind {
            ExprKind::Pattern(pattern) if pattern.selector == ast::PathSelector::All => {
                Ok((self.pattern_predicate(pattern)?, Kind::Bool))
            }
            ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Xor(_) | ExprKind::Not(_) => self.logical(e, true),
            _ => self.expr(e),
        }
    }

    fn logical(&mut self, e: &'a ast::Expr, patterns: bool) -> Result<Typed> {
        if !self.computed.is_empty()
            && let Some(typed) = self.find_computed(e)
        {
            return Ok(typed);
        }
        let expr = match &e.kind {
            ExprKind::And(items) => Expr::And(self.operands(items, "AND", patterns)?),
            ExprKind::Or(items) => Expr::Or(self.operands(items, "OR", patterns)?),
            ExprKind::Xor(items) => {
                let mut operands = self.operands(items, "XOR", patterns)?;
                // In pairs, and pairs of pairs: a long chain is no deep tree.
                while operands.len() > 1 {
                    let mut rest = operands.into_iter();
                    operands = std::iter::from_fn(|| {
                        let left = rest.next()?;
                        Some(match rest.next() {
                            Some(right) => Expr::Xor(Box::new(left), Box::new(right)),
                            None => left,
                        })
                    })
                    .collect();
                }
                operands.pop().expect("the parser gives at least two operands")
            }
            ExprKind::Not(operand) => Expr::Not(Box::new(self.operand(operand, "NOT", patterns)?)),
            _ => return self.expr(e),
        };
        Ok((expr, Kind::Bool))
    }

    fn operands(&mut self, items: &'a [ast::Expr], operator: &str, patterns: bool) -> Result<Vec<Expr>> {
        items.iter().map(|item| self.operand(item, operator, patterns)).collect()
    }

    fn operand(&mut self, item: &'a ast::Expr, operator: &str, patterns: bool) -> Result<Expr> {
        let (expr, kind) = if patterns { self.condition(item)? } else { self.expr(item)? };
        if !kind.may_be_bool() {
            return Err(wrong_argument(kind, &format!("a boolean, as {operator} needs"), item.span));
        }
        Ok(expr)
    }

    fn find_computed(&mut self, e: &'a ast::Expr) -> Option<Typed> {
        let simple = matches!(
            e.kind,
            ExprKind::Variable(_) | ExprKind::Property(..) | ExprKind::Call { .. } | ExprKind::CountStar
        );
        if self.computed_simple && !simple {
            return None;
        }
        if let ExprKind::Variable(name) = &e.kind
            && self.scope.find(&name.text).is_some()
        {
            return None;
        }
        let computed = self.computed.iter().find(|computed| same::same(computed.expr, e))?;
        if self.n_locals > 0 && self.reads_local(e) {
            return None;
        }
        Some((Expr::Slot(computed.slot), computed.kind))
    }

    fn optional(&mut self, e: Option<&'a ast::Expr>) -> Result<Option<Box<Expr>>> {
        e.map(|e| Ok(Box::new(self.expr(e)?.0))).transpose()
    }

    /// Binds an expression that must be able to be a list.
    pub(super) fn list(&mut self, e: &'a ast::Expr) -> Result<Typed> {
        let (expr, kind) = self.expr(e)?;
        if !kind.may_be_list() {
            return Err(wrong_argument(kind, "a list", e.span));
        }
        Ok((expr, kind))
    }

    fn number(&mut self, e: &'a ast::Expr) -> Result<Typed> {
        let (expr, kind) = self.expr(e)?;
        if !kind.may_be_number() {
            return Err(wrong_argument(kind, "a number", e.span));
        }
        Ok((expr, kind))
    }

    /// Binds the entries of a map.
    pub(super) fn map(&mut self, entries: &'a [(ast::Name, ast::Expr)]) -> Result<Expr> {
        let mut bound = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            bound.push((key.text.clone(), self.expr(value)?.0));
        }
        Ok(Expr::Map(bound))
    }

    fn map_projection(&mut self, subject: &ast::Name, items: &'a [ast::MapItem]) -> Result<Expr> {
        let variable = self.variable(subject)?;
        let (base, kind) = (variable.read(), variable.kind);
        if !kind.may_be(&[Kind::Node, Kind::Relationship, Kind::Map]) {
            return Err(wrong_argument(kind, "a node, relationship or map", subject.span));
        }
        let mut all = false;
        let mut entries = Vec::with_capacity(items.len());
        for item in items {
            match item {
                ast::MapItem::AllProperties(_) => all = true,
                ast::MapItem::Property(key) => {
                    let value = Expr::Property { base: Box::new(base.clone()), key: self.key(key), span: key.span };
                    entries.push((key.text.clone(), value));
                }
                ast::MapItem::Entry(key, value) => entries.push((key.text.clone(), self.expr(value)?.0)),
                ast::MapItem::Variable(name) => entries.push((name.text.clone(), self.variable(name)?.read())),
            }
        }
        Ok(Expr::MapProjection { base: Box::new(base), all, entries })
    }

    fn property(&mut self, base: &'a ast::Expr, key: &ast::Name, span: Span) -> Result<Typed> {
        let (expr, kind) = self.expr(base)?;
        let key = match kind {
            Kind::Node | Kind::Relationship => self.key(key),
            Kind::Path => {
                return Err(fail(
                    "InvalidArgumentType",
                    format!("a path has no property `{}`: take one of its nodes or relationships", key.text),
                    span,
                ));
            }
            Kind::Any | Kind::Null | Kind::Map | Kind::Date => {
                KeyRef { name: key.text.clone(), id: self.statistics.key(&key.text) }
            }
            _ => {
                let message = format!("{} has no property `{}`", kind.name(), key.text);
                return Err(type_error(message, span));
            }
        };
        Ok((Expr::Property { base: Box::new(expr), key, span }, Kind::Any))
    }

    fn index(&mut self, base: &'a ast::Expr, index: &'a ast::Expr) -> Result<Typed> {
        let (list, kind) = self.expr(base)?;
        let (at, at_kind) = self.expr(index)?;
        let listed = match kind {
            Kind::List(_) => kind.element(),
            _ if kind.may_be(&[Kind::Map, Kind::Node, Kind::Relationship]) => Kind::Any,
            _ => return Err(type_error(format!("{} has no elements", kind.name()), base.span)),
        };
        if matches!(kind, Kind::List(_)) && !at_kind.may_be(&[Kind::Int, Kind::Number]) {
            return Err(type_error(format!("a list is indexed by an integer, not {}", at_kind.name()), index.span));
        }
        Ok((Expr::Index { base: Box::new(list), index: Box::new(at) }, listed))
    }

    fn comparison(&mut self, first: &'a ast::Expr, rest: &'a [(ast::CompareOp, ast::Expr)]) -> Result<Expr> {
        let mut left = self.expr(first)?.0;
        let mut parts = Vec::with_capacity(rest.len());
        for (i, (op, right)) in rest.iter().enumerate() {
            let right = self.expr(right)?.0;
            let op = match op {
                ast::CompareOp::Equal => Comparison::Eq,
                ast::CompareOp::NotEqual => Comparison::Ne,
                ast::CompareOp::Less => Comparison::Lt,
                ast::CompareOp::LessEqual => Comparison::Le,
                ast::CompareOp::Greater => Comparison::Gt,
                ast::CompareOp::GreaterEqual => Comparison::Ge,
            };
            let next = if i + 1 < rest.len() { right.clone() } else { Expr::Const(Value::Null) };
            parts.push(Expr::Compare(op, Box::new(std::mem::replace(&mut left, next)), Box::new(right)));
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::And(parts) })
    }

    fn binary(&mut self, op: ast::BinaryOp, left: &'a ast::Expr, right: &'a ast::Expr, span: Span) -> Result<Typed> {
        use ast::BinaryOp;
        let arithmetic = match op {
            BinaryOp::In => {
                let item = self.expr(left)?.0;
                let list = self.list(right)?.0;
                return Ok((Expr::In(Box::new(item), Box::new(list)), Kind::Bool));
            }
            BinaryOp::StartsWith => return self.string_test(StringTest::StartsWith, left, right),
            BinaryOp::EndsWith => return self.string_test(StringTest::EndsWith, left, right),
            BinaryOp::Contains => return self.string_test(StringTest::Contains, left, right),
            BinaryOp::Matches => return self.string_test(StringTest::Matches, left, right),
            BinaryOp::Concat => return self.concat(left, right, span),
            BinaryOp::Add => Arithmetic::Add,
            BinaryOp::Subtract => Arithmetic::Sub,
            BinaryOp::Multiply => Arithmetic::Mul,
            BinaryOp::Divide => Arithmetic::Div,
            BinaryOp::Modulo => Arithmetic::Rem,
            BinaryOp::Power => Arithmetic::Pow,
        };
        let (a, a_kind) = self.expr(left)?;
        let (b, b_kind) = self.expr(right)?;
        if arithmetic != Arithmetic::Add {
            for (kind, at) in [(a_kind, left.span), (b_kind, right.span)] {
                if !kind.may_be_number() && kind != Kind::Date {
                    return Err(wrong_argument(kind, "a number", at));
                }
            }
        }
        let kind = match (a_kind, b_kind) {
            (Kind::Int, Kind::Int) if arithmetic != Arithmetic::Pow => Kind::Int,
            (Kind::Float, Kind::Int | Kind::Number | Kind::Float) | (Kind::Int | Kind::Number, Kind::Float) => {
                Kind::Float
            }
            (Kind::Int | Kind::Number, Kind::Int | Kind::Number) => Kind::Number,
            (Kind::String, Kind::String | Kind::Int | Kind::Float | Kind::Number)
            | (Kind::Int | Kind::Float | Kind::Number, Kind::String)
                if arithmetic == Arithmetic::Add =>
            {
                Kind::String
            }
            (Kind::List(_), Kind::List(_)) => a_kind.join(b_kind),
            (Kind::List(_), _) | (_, Kind::List(_)) if arithmetic == Arithmetic::Add => Kind::List(Element::Any),
            _ => Kind::Any,
        };
        Ok((Expr::Arithmetic { op: arithmetic, left: Box::new(a), right: Box::new(b), span }, kind))
    }

    /// Binds `a || b`.
    fn concat(&mut self, left: &'a ast::Expr, right: &'a ast::Expr, span: Span) -> Result<Typed> {
        let (a, a_kind) = self.expr(left)?;
        let (b, b_kind) = self.expr(right)?;
        for (kind, at) in [(a_kind, left.span), (b_kind, right.span)] {
            if !kind.may_be_list() && kind != Kind::String {
                let message = format!("this is {}, not a string or a list, as `||` joins", kind.name());
                let error = QueryError::syntax("InvalidArgumentType", message, at);
                return Err(error.hint("the one or the other of two conditions is OR").into());
            }
        }
        let kind = match (a_kind, b_kind) {
            (Kind::String, Kind::List(_)) => {
                return Err(wrong_argument(b_kind, "a string, as before `||`", right.span));
            }
            (Kind::List(_), Kind::String) => return Err(wrong_argument(b_kind, "a list, as before `||`", right.span)),
            (Kind::List(_), Kind::List(_)) | (Kind::String, Kind::String) => a_kind.join(b_kind),
            _ => Kind::Any,
        };
        Ok((Expr::Call { function: Function::Concat, args: vec![a, b], span }, kind))
    }

    fn string_test(&mut self, test: StringTest, left: &'a ast::Expr, right: &'a ast::Expr) -> Result<Typed> {
        let (left, right) = (self.expr(left)?.0, self.expr(right)?.0);
        Ok((Expr::StringTest(test, Box::new(left), Box::new(right)), Kind::Bool))
    }

    fn case(
        &mut self,
        subject: Option<&'a ast::Expr>,
        branches: &'a [(ast::Expr, ast::Expr)],
        otherwise: Option<&'a ast::Expr>,
    ) -> Result<Typed> {
        let operand = self.optional(subject)?;
        let mut kind = Kind::Null;
        let mut bound = Vec::with_capacity(branches.len());
        for (when, then) in branches {
            let when = if operand.is_some() { self.expr(when)?.0 } else { self.predicate(when)? };
            let (then, then_kind) = self.expr(then)?;
            kind = kind.join(then_kind);
            bound.push((when, then));
        }
        let otherwise = match otherwise {
            None => None,
            Some(otherwise) => {
                let (expr, otherwise_kind) = self.expr(otherwise)?;
                kind = kind.join(otherwise_kind);
                Some(Box::new(expr))
            }
        };
        Ok((Expr::Case { operand, branches: bound, otherwise }, kind))
    }

    /// Binds the extended form of `CASE`: its subject is the variable of a list of one, so that it is computed once.
    fn case_of(
        &mut self,
        subject: &'a ast::Expr,
        branches: &'a [(ast::Expr, ast::Expr)],
        otherwise: Option<&'a ast::Expr>,
    ) -> Result<Typed> {
        let (subject, kind) = self.expr(subject)?;
        let local = self.n_locals;
        self.n_locals += 1;
        let mut taken = Kind::Null;
        let mut bound = Vec::with_capacity(branches.len());
        for (condition, then) in branches {
            let outer = self.subject.replace((local, kind));
            let condition = self.predicate(condition);
            self.subject = outer;
            let (then, kind) = self.expr(then)?;
            taken = taken.join(kind);
            bound.push((condition?, then));
        }
        let otherwise = otherwise.map(|otherwise| self.expr(otherwise)).transpose()?;
        self.n_locals -= 1;
        let result = otherwise.as_ref().map_or(taken, |(_, kind)| taken.join(*kind));
        let otherwise = otherwise.map(|(expr, _)| Box::new(expr));
        let case = Expr::Case { operand: None, branches: bound, otherwise };
        let list = Box::new(Expr::List(vec![subject]));
        let one = Expr::Comprehension { local, list, filter: None, map: Some(Box::new(case)) };
        Ok((Expr::Index { base: Box::new(one), index: Box::new(Expr::Const(Value::Int(0))) }, result))
    }

    /// Returns the test that a label expression makes.
    pub(super) fn label_test(&mut self, labels: &ast::LabelExpr, subject: Kind) -> LabelTest {
        match labels {
            ast::LabelExpr::Label(name) => {
                match subject {
                    Kind::Relationship => drop(self.rel_type(name)),
                    _ => drop(self.label(name)),
                }
                LabelTest::Is(name.text.clone())
            }
            ast::LabelExpr::Any(_) => LabelTest::Any,
            ast::LabelExpr::Not(inner, _) => LabelTest::Not(Box::new(self.label_test(inner, subject))),
            ast::LabelExpr::And(items, _) => {
                LabelTest::And(items.iter().map(|item| self.label_test(item, subject)).collect())
            }
            ast::LabelExpr::Or(items, _) => {
                LabelTest::Or(items.iter().map(|item| self.label_test(item, subject)).collect())
            }
        }
    }

    /// Brings the variable of a comprehension into scope; returns its number and what [`Binder::leave_local`] needs.
    pub(super) fn enter_local(&mut self, name: &ast::Name, kind: Kind) -> (u16, usize) {
        let (local, mark) = (self.n_locals, self.scope.len());
        self.n_locals += 1;
        self.scope.add_local(name.text.clone(), local, kind);
        (local, mark)
    }

    /// Takes the `n` variables of a comprehension out of scope.
    pub(super) fn leave_local(&mut self, mark: usize, n: u16) {
        self.scope.truncate(mark);
        self.n_locals -= n;
    }

    /// Returns whether the expression reads the variable of a comprehension around it.
    fn reads_local(&self, e: &ast::Expr) -> bool {
        let mut reads = false;
        same::walk(e, &mut |inner| {
            if let ExprKind::Variable(name) = &inner.kind {
                reads |= self.scope.find(&name.text).is_some_and(|v| matches!(v.place, Place::Local(_)));
            }
        });
        reads
    }

    /// Binds with another meaning of aggregating functions.
    pub(super) fn with_aggregation<T>(
        &mut self,
        mode: aggregate::Mode,
        bind: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let before = std::mem::replace(&mut self.aggregation, mode);
        let bound = bind(self);
        self.aggregation = before;
        bound
    }
}

/// Returns the error of a value that cannot be what is needed of it.
#[cold]
pub(super) fn wrong_argument(kind: Kind, wanted: &str, span: Span) -> crate::Error {
    fail("InvalidArgumentType", format!("this is {}, not {wanted}", kind.name()), span)
}

/// Returns a compile-time `TypeError`.
#[cold]
fn type_error(message: String, span: Span) -> crate::Error {
    QueryError::compile("22G03", "TypeError", "InvalidArgumentType", message, span).into()
}

//! Calls of functions: names, numbers of arguments, and the kinds they take and give.

use super::{
    Binder, Kind,
    expr::{Typed, wrong_argument},
    fail,
    kind::Element,
};
use crate::{
    QueryError, Result,
    query::{
        ast::{self, ExprKind},
        function::{Aggregator, Function},
        plan::Expr,
        suggest,
    },
};

impl<'a> Binder<'a> {
    /// Binds a call of a function, aggregating ones included.
    pub(super) fn call(
        &mut self,
        e: &'a ast::Expr,
        name: &'a ast::Name,
        distinct: bool,
        args: &'a [ast::Expr],
    ) -> Result<Typed> {
        if let Some(function) = Aggregator::find(&name.text) {
            let (min, max) = function.arity();
            check_arity(name, args.len(), min, max)?;
            return self.aggregate(e, function, distinct, args);
        }
        if let Some(of_hop) = self.of_hop(name, args)? {
            return Ok(of_hop);
        }
        let Some(function) = Function::find(&name.text) else { return Err(unknown_function(name)) };
        let function = if args.is_empty() { function.without_arguments().unwrap_or(function) } else { function };
        let (min, max) = function.arity();
        check_arity(name, args.len(), min, max)?;
        if distinct {
            let message = format!("DISTINCT is for aggregating functions, and `{}` is none", function.name());
            return Err(fail("UnexpectedSyntax", message, e.span));
        }
        if function == Function::Exists {
            return self.exists_of(&args[0]);
        }
        let mut bound = Vec::with_capacity(args.len());
        let mut kinds = Vec::with_capacity(args.len());
        for arg in args {
            let (expr, kind) = self.expr(arg)?;
            bound.push(expr);
            kinds.push(kind);
        }
        if let Some(wanted) = wanted(function, kinds.first().copied()) {
            return Err(wrong_argument(kinds[0], wanted, args[0].span));
        }
        if function == Function::Degree && self.is_timed()? {
            let node = bound.pop().expect("it takes one argument");
            return Ok((self.held_degree(node, e.span)?, Kind::Int));
        }
        Ok((Expr::Call { function, args: bound, span: e.span }, result(function, &kinds)))
    }

    /// `exists(n.key)` and `exists(pattern)`.
    fn exists_of(&mut self, arg: &'a ast::Expr) -> Result<Typed> {
        let expr = match &arg.kind {
            ExprKind::Pattern(pattern) if pattern.selector == ast::PathSelector::All => {
                self.pattern_predicate(pattern)?
            }
            ExprKind::Property(..) | ExprKind::Index(..) => Expr::IsNotNull(Box::new(self.expr(arg)?.0)),
            _ => {
                self.expr(arg)?;
                return Err(fail("InvalidArgumentType", "`exists()` takes a property or a pattern", arg.span));
            }
        };
        Ok((expr, Kind::Bool))
    }
}

/// Returns what the first argument must be, if it is known not to be that.
fn wanted(function: Function, first: Option<Kind>) -> Option<&'static str> {
    use Function as F;
    let kind = first?;
    let (fits, wanted) = match function {
        F::Type => (kind.may_be(&[Kind::Relationship]), "a relationship, as `type()` needs"),
        F::StartNode => (kind.may_be(&[Kind::Relationship]), "a relationship, as `startNode()` needs"),
        F::EndNode => (kind.may_be(&[Kind::Relationship]), "a relationship, as `endNode()` needs"),
        F::Salience => (kind.may_be(&[Kind::Relationship]), "a relationship, as `salience()` needs"),
        F::Labels => (kind.may_be(&[Kind::Node]), "a node, as `labels()` needs"),
        F::Degree => (kind.may_be(&[Kind::Node]), "a node, as `degree()` needs"),
        F::Id => (kind.may_be(&[Kind::Node, Kind::Relationship]), "a node or relationship, as `id()` needs"),
        F::ElementId => {
            (kind.may_be(&[Kind::Node, Kind::Relationship]), "a node or relationship, as `elementId()` needs")
        }
        F::Properties => (
            kind.may_be(&[Kind::Node, Kind::Relationship, Kind::Map]),
            "a node, relationship or map, as `properties()` needs",
        ),
        F::Keys => (
            kind.may_be(&[Kind::Node, Kind::Relationship, Kind::Map]),
            "a node, relationship or map, as `keys()` needs",
        ),
        F::Length => (kind.may_be(&[Kind::Path]), "a path, as `length()` needs; `size()` is for lists and strings"),
        F::Nodes => (kind.may_be(&[Kind::Path]), "a path, as `nodes()` needs"),
        F::Relationships => (kind.may_be(&[Kind::Path]), "a path, as `relationships()` needs"),
        F::Size => {
            (kind.may_be_list() || kind == Kind::String, "a list or string, as `size()` needs; `length()` is for paths")
        }
        _ => (true, ""),
    };
    (!fits).then_some(wanted)
}

/// Returns the kind of the result.
fn result(function: Function, kinds: &[Kind]) -> Kind {
    use Function as F;
    let first = kinds.first().copied().unwrap_or(Kind::Any);
    match function {
        F::Id | F::Degree | F::Length | F::Size | F::ToInteger | F::ToIntegerOrNull | F::CharLength => Kind::Int,
        F::CharacterLength | F::Sign | F::Timestamp => Kind::Int,
        F::ElementId | F::Type | F::ToString | F::ToStringOrNull | F::ValueType => Kind::String,
        F::ToLower | F::ToUpper | F::Lower | F::Upper | F::Trim | F::LTrim | F::RTrim | F::BTrim => Kind::String,
        F::Replace | F::Substring | F::Left | F::Right => Kind::String,
        F::Labels | F::Keys | F::Split => Kind::List(Element::String),
        F::Properties => Kind::Map,
        F::StartNode | F::EndNode => Kind::Node,
        F::Nodes => Kind::List(Element::Node),
        F::Relationships => Kind::List(Element::Relationship),
        F::Range => Kind::List(Element::Int),
        F::Head | F::Last => first.element(),
        F::Tail | F::Reverse => first,
        F::Coalesce => kinds.iter().copied().reduce(Kind::join).unwrap_or(Kind::Any),
        F::NullIf => first,
        F::Exists | F::IsEmpty | F::ToBoolean | F::ToBooleanOrNull | F::IsNan => Kind::Bool,
        F::Date => Kind::Date,
        F::Cardinality | F::CollIndexOf | F::StringIndexOf => Kind::Int,
        F::Normalize | F::StringJoin => Kind::String,
        F::IsNormalized | F::Holds => Kind::Bool,
        F::VectorCosine | F::VectorEuclidean => Kind::Float,
        F::PointDistance => Kind::Float,
        F::PointWithinBBox => Kind::Bool,
        F::Abs => {
            if first.may_be_number() {
                first
            } else {
                Kind::Any
            }
        }
        F::Salience | F::ToFloat | F::ToFloatOrNull | F::Ceil | F::Floor | F::Round | F::Sqrt | F::Exp => Kind::Float,
        F::Log | F::Log10 | F::E | F::Pi | F::Sin | F::Cos | F::Tan | F::Cot | F::Asin | F::Acos => Kind::Float,
        F::Sinh | F::Cosh | F::Tanh | F::Coth | F::Power => Kind::Float,
        F::ByteLength => Kind::Int,
        F::RandomUuid => Kind::String,
        F::ToBooleanList => Kind::List(Element::Bool),
        F::ToIntegerList => Kind::List(Element::Int),
        F::ToFloatList => Kind::List(Element::Float),
        F::ToStringList => Kind::List(Element::String),
        F::Atan | F::Atan2 | F::Degrees | F::Radians | F::Haversin | F::Rand => Kind::Float,
        #[allow(unreachable_patterns, reason = "functions added later give any kind until they are listed here")]
        _ => Kind::Any,
    }
}

fn check_arity(name: &ast::Name, n_args: usize, min: usize, max: usize) -> Result<()> {
    if (min..=max).contains(&n_args) {
        return Ok(());
    }
    let wanted = match (min, max) {
        (0, 0) => "no arguments".to_owned(),
        (1, 1) => "1 argument".to_owned(),
        _ if min == max => format!("{min} arguments"),
        (_, usize::MAX) => format!("at least {min} argument{}", if min == 1 { "" } else { "s" }),
        _ => format!("{min} to {max} arguments"),
    };
    let message = format!("`{}()` takes {wanted}, not {n_args}", name.text);
    Err(fail("InvalidNumberOfArguments", message, name.span))
}

#[cold]
fn unknown_function(name: &ast::Name) -> crate::Error {
    let known = Function::ALL.iter().map(|(_, name, ..)| *name).chain(Aggregator::ALL.iter().map(|(_, name)| *name));
    let mut error = QueryError::syntax("UnknownFunction", format!("there is no function `{}()`", name.text), name.span);
    if let Some(hint) = suggest::hint(&name.text, known) {
        error = error.hint(hint);
    }
    error.into()
}

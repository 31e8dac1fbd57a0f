//! Walking parsed expressions, and telling whether two say the same.

use crate::query::ast::{Expr, ExprKind, LabelExpr, MapItem, Name};

/// Calls `visit` on the expression and on every expression inside it, outermost first. Queries and patterns inside are left
/// out: what they name has scopes of its own.
pub(super) fn walk<'a>(e: &'a Expr, visit: &mut impl FnMut(&'a Expr)) {
    visit(e);
    children(e, &mut |child| walk(child, visit));
}

fn children<'a>(e: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    let option = |e: &'a Option<Box<Expr>>, visit: &mut dyn FnMut(&'a Expr)| {
        if let Some(e) = e {
            visit(e);
        }
    };
    match &e.kind {
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::String(_)
        | ExprKind::Parameter(_)
        | ExprKind::Variable(_)
        | ExprKind::CountStar
        | ExprKind::Subject
        | ExprKind::Pattern(_)
        | ExprKind::Exists(_)
        | ExprKind::Count(_)
        | ExprKind::Collect(_)
        | ExprKind::PatternComprehension { .. } => {}
        ExprKind::List(items) | ExprKind::And(items) | ExprKind::Or(items) | ExprKind::Xor(items) => {
            items.iter().for_each(visit);
        }
        ExprKind::Map(entries) => entries.iter().for_each(|(_, value)| visit(value)),
        ExprKind::Property(base, _)
        | ExprKind::Not(base)
        | ExprKind::Negate(base)
        | ExprKind::Plus(base)
        | ExprKind::IsNull(base)
        | ExprKind::IsNotNull(base)
        | ExprKind::IsTyped(base, _)
        | ExprKind::HasLabels(base, _) => visit(base),
        ExprKind::Index(base, index) => {
            visit(base);
            visit(index);
        }
        ExprKind::Slice { list, from, to } => {
            visit(list);
            option(from, visit);
            option(to, visit);
        }
        ExprKind::Comparison { first, rest } => {
            visit(first);
            rest.iter().for_each(|(_, operand)| visit(operand));
        }
        ExprKind::Binary { left, right, .. } => {
            visit(left);
            visit(right);
        }
        ExprKind::Call { args, .. } => args.iter().for_each(visit),
        ExprKind::Case { subject, branches, otherwise } => {
            option(subject, visit);
            for (when, then) in branches {
                visit(when);
                visit(then);
            }
            option(otherwise, visit);
        }
        ExprKind::CaseOf { subject, branches, otherwise } => {
            visit(subject);
            for (condition, then) in branches {
                visit(condition);
                visit(then);
            }
            option(otherwise, visit);
        }
        ExprKind::ListComprehension { list, predicate, result, .. } => {
            visit(list);
            option(predicate, visit);
            option(result, visit);
        }
        ExprKind::Quantifier { list, predicate, .. } => {
            visit(list);
            option(predicate, visit);
        }
        ExprKind::Reduce { initial, list, step, .. } => {
            visit(initial);
            visit(list);
            visit(step);
        }
        ExprKind::MapProjection { items, .. } => {
            for item in items {
                if let MapItem::Entry(_, value) = item {
                    visit(value);
                }
            }
        }
    }
}

/// Returns whether both expressions are written the same, spaces and letter case of keywords aside. Expressions that bring
/// variables of their own are never the same.
pub(super) fn same(a: &Expr, b: &Expr) -> bool {
    let list = |a: &[Expr], b: &[Expr]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b));
    let option = |a: &Option<Box<Expr>>, b: &Option<Box<Expr>>| match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => same(a, b),
        _ => false,
    };
    let name = |a: &Name, b: &Name| a.text == b.text;
    match (&a.kind, &b.kind) {
        (ExprKind::Null, ExprKind::Null) | (ExprKind::CountStar, ExprKind::CountStar) => true,
        (ExprKind::Subject, ExprKind::Subject) => true,
        (ExprKind::Bool(a), ExprKind::Bool(b)) => a == b,
        (ExprKind::Int(a), ExprKind::Int(b)) => a == b,
        (ExprKind::Float(a), ExprKind::Float(b)) => a.to_bits() == b.to_bits(),
        (ExprKind::String(a), ExprKind::String(b)) => a == b,
        (ExprKind::Parameter(a), ExprKind::Parameter(b)) | (ExprKind::Variable(a), ExprKind::Variable(b)) => name(a, b),
        (ExprKind::List(a), ExprKind::List(b))
        | (ExprKind::And(a), ExprKind::And(b))
        | (ExprKind::Or(a), ExprKind::Or(b))
        | (ExprKind::Xor(a), ExprKind::Xor(b)) => list(a, b),
        (ExprKind::Map(a), ExprKind::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, v), (l, w))| name(k, l) && same(v, w))
        }
        (ExprKind::Property(a, k), ExprKind::Property(b, l)) => name(k, l) && same(a, b),
        (ExprKind::Index(a, i), ExprKind::Index(b, j)) => same(a, b) && same(i, j),
        (ExprKind::Slice { list: a, from: af, to: at }, ExprKind::Slice { list: b, from: bf, to: bt }) => {
            same(a, b) && option(af, bf) && option(at, bt)
        }
        (ExprKind::Not(a), ExprKind::Not(b))
        | (ExprKind::Negate(a), ExprKind::Negate(b))
        | (ExprKind::Plus(a), ExprKind::Plus(b))
        | (ExprKind::IsNull(a), ExprKind::IsNull(b))
        | (ExprKind::IsNotNull(a), ExprKind::IsNotNull(b)) => same(a, b),
        (ExprKind::IsTyped(a, s), ExprKind::IsTyped(b, t)) => s == t && same(a, b),
        (ExprKind::HasLabels(a, l), ExprKind::HasLabels(b, m)) => same(a, b) && same_labels(l, m),
        (ExprKind::Comparison { first: a, rest: r }, ExprKind::Comparison { first: b, rest: s }) => {
            same(a, b) && r.len() == s.len() && r.iter().zip(s).all(|((o, x), (p, y))| o == p && same(x, y))
        }
        (ExprKind::Binary { op: o, left: a, right: b }, ExprKind::Binary { op: p, left: c, right: d }) => {
            o == p && same(a, c) && same(b, d)
        }
        (
            ExprKind::Call { function: f, distinct: d, args: a },
            ExprKind::Call { function: g, distinct: e, args: b },
        ) => d == e && f.text.eq_ignore_ascii_case(&g.text) && list(a, b),
        (
            ExprKind::Case { subject: a, branches: r, otherwise: o },
            ExprKind::Case { subject: b, branches: s, otherwise: p },
        ) => {
            option(a, b)
                && option(o, p)
                && r.len() == s.len()
                && r.iter().zip(s).all(|((w, t), (v, u))| same(w, v) && same(t, u))
        }
        (
            ExprKind::CaseOf { subject: a, branches: r, otherwise: o },
            ExprKind::CaseOf { subject: b, branches: s, otherwise: p },
        ) => {
            same(a, b)
                && option(o, p)
                && r.len() == s.len()
                && r.iter().zip(s).all(|((w, t), (v, u))| same(w, v) && same(t, u))
        }
        _ => false,
    }
}

fn same_labels(a: &LabelExpr, b: &LabelExpr) -> bool {
    let list = |a: &[LabelExpr], b: &[LabelExpr]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_labels(a, b));
    match (a, b) {
        (LabelExpr::Label(a), LabelExpr::Label(b)) => a.text == b.text,
        (LabelExpr::Any(_), LabelExpr::Any(_)) => true,
        (LabelExpr::Not(a, _), LabelExpr::Not(b, _)) => same_labels(a, b),
        (LabelExpr::And(a, _), LabelExpr::And(b, _)) | (LabelExpr::Or(a, _), LabelExpr::Or(b, _)) => list(a, b),
        _ => false,
    }
}

//! What a statement about policies asks the language: the relationships of a policy, and the values of its options.

use std::sync::Arc;

use super::{
    ast::{
        self, AsOf, Clause, Declared, Direction, Expr, ExprKind, Hop, Item, LabelExpr, Match, Name, NodePattern,
        PathPattern, PathSelector, Projection, Query, RelationshipPattern, SingleQuery, Union,
    },
    compile::Compilation,
};
use crate::Span;

/// `CREATE POLICY`, made ready.
#[derive(Debug, Clone)]
pub(crate) struct CreatePolicy {
    /// The statement.
    pub(crate) create: ast::CreatePolicy,
    /// The query for its relationships, where it has a condition.
    pub(crate) covered: Option<Compilation>,
    /// The query for the values of its options, a column each; none where there is no option.
    pub(crate) values: Option<Compilation>,
}

/// `ALTER POLICY`, made ready.
#[derive(Debug, Clone)]
pub(crate) struct AlterPolicy {
    /// The statement.
    pub(crate) alter: ast::AlterPolicy,
    /// As of [`CreatePolicy`].
    pub(crate) values: Option<Compilation>,
}

/// Returns the query `MATCH ()-[r:A|B]->() AT ANY TIME WHERE condition RETURN r`.
pub(super) fn covered(owner: &Declared, condition: &Expr, span: Span) -> Query {
    let variable = Name { text: owner.variable.clone(), span };
    let mut types: Vec<LabelExpr> = owner.names.iter().cloned().map(LabelExpr::Label).collect();
    let types = if types.len() < 2 { types.pop() } else { Some(LabelExpr::Or(types, span)) };
    let node = || NodePattern { variable: None, labels: None, properties: None, predicate: None, span };
    let relationship = RelationshipPattern {
        variable: Some(variable.clone()),
        types,
        length: None,
        group: None,
        properties: None,
        predicate: None,
        direction: Direction::Right,
        span,
    };
    let pattern = PathPattern {
        variable: None,
        selector: PathSelector::All,
        selects_first: false,
        count: None,
        mode: None,
        inner: None,
        predicate: None,
        start: node(),
        hops: vec![Hop { relationship, node: node() }],
        span,
    };
    let predicate = Some(condition.clone());
    let matched =
        Match { optional: false, repeatable: false, patterns: vec![pattern], as_of: Some(AsOf::Any), predicate, span };
    let expr = Expr::new(ExprKind::Variable(variable.clone()), span);
    let item = Item { expr, alias: None, column: variable.text, span };
    query(vec![Clause::Match(matched), returning(vec![item], span)], span)
}

/// Returns the query `RETURN value, value, ...` of the options, if there are any.
pub(super) fn values(options: &ast::PolicyOptions) -> Option<Query> {
    let span = options.values.first()?.1.span;
    let item = |(option, value): &(ast::PolicyOption, Expr)| {
        let column: Arc<str> = option.words().into();
        let alias = Some(Name { text: column.clone(), span: value.span });
        Item { expr: value.clone(), alias, column, span: value.span }
    };
    Some(query(vec![returning(options.values.iter().map(item).collect(), span)], span))
}

fn returning(items: Vec<Item>, span: Span) -> Clause {
    Clause::Return(Projection { distinct: false, star: false, items, order: Vec::new(), skip: None, limit: None, span })
}

fn query(clauses: Vec<Clause>, span: Span) -> Query {
    Query { parts: vec![SingleQuery { clauses, span }], union: Union::All, span }
}

//! `MATCH … SEARCH x IN (FULLTEXT INDEX …)`: what the words find comes first, and the pattern is matched from there.
//!
//! Both clauses together become a subquery for each row: a call that gives the index's hits, best first and only as many as
//! are asked for; those are kept of which the pattern, its WHERE and the one in the parentheses have a match; after the
//! limit, the pattern is matched from what is left.

use std::sync::Arc;

use super::{
    Binder, BoundClause, BoundMatch, BoundProjection, BoundQuery, BoundSingle, Column, Kind, aggregate::Mode,
    expr::wrong_argument, pattern::NewVariables,
};
use crate::{
    QueryError, Result,
    model::Value,
    query::{
        ast,
        plan::{Expr, Follow, Slot, SlotKind, SubqueryKind},
        procedure,
    },
};

impl<'a> Binder<'a> {
    /// Binds a MATCH and the SEARCH behind it.
    pub(super) fn matched_search(
        &mut self,
        matched: &'a ast::Match,
        search: &'a ast::Search,
        into: &mut Vec<BoundClause>,
    ) -> Result<()> {
        self.aggregation = Mode::Forbidden("in SEARCH");
        if self.scope.find(&search.target.text).is_some() {
            let message = format!("SEARCH finds `{}`, which exists already", search.target.text);
            let error = QueryError::syntax("VariableAlreadyBound", message, search.target.span);
            return Err(error.hint("search in the first MATCH that names it").into());
        }
        let of_relationships = match target_of(matched, &search.target.text) {
            Some(Target::Node) => false,
            Some(Target::Relationship) => true,
            None => {
                let message = format!("SEARCH finds `{}`, which the MATCH before it does not name", search.target.text);
                let error = QueryError::syntax("UndefinedVariable", message, search.target.span);
                return Err(error.hint("name there the node, or the single relationship, to be found").into());
            }
        };
        if search.lookup.is_some() {
            let message = "EXACT and BREADTH are for vector indexes: a full-text index finds all there is";
            return Err(QueryError::syntax("UnexpectedSyntax", message, search.span).into());
        }
        let args = self.search_arguments(search)?;
        let limit = args[2].clone();
        let (slot_kind, kind) =
            if of_relationships { (SlotKind::Relationship, Kind::Relationship) } else { (SlotKind::Node, Kind::Node) };
        let target = self.declare(&search.target, slot_kind, kind)?;
        // One hit has one match: it need not be looked for twice.
        let is_single = is_single(matched, &search.target.text) && !(of_relationships && self.is_timed()?);
        let predicate = if is_single { None } else { Some(self.has_match(matched, search)?) };
        let mut bound = self.match_clause(matched)?;
        let optional = std::mem::take(&mut bound.optional);
        let mut yields = vec![(0, target)];
        yields.extend(known_ends(&mut bound, target));
        let mut slots: Vec<Slot> = bound.graph.new_slots.clone();
        slots.extend(yields.iter().map(|(_, slot)| *slot));
        let filter = search.filter.as_ref().map(|filter| self.predicate(filter)).transpose()?;
        if let Some(score) = &search.score {
            let slot = self.declare(score, SlotKind::Value, Kind::Float)?;
            yields.push((1, slot));
            slots.push(slot);
        }
        let project = |projection| BoundClause::Project(Box::new(projection));
        let limited = project(BoundProjection { limit: Some(limit), ..BoundProjection::default() });
        let filtered =
            filter.map(|filter| project(BoundProjection { predicate: Some(filter), ..BoundProjection::default() }));
        let procedure = Arc::new(procedure::search(of_relationships));
        let call = BoundClause::Procedure { optional: false, procedure, args, yields, predicate };
        let matched = BoundClause::Match(bound);
        let clauses = if is_single {
            [call, matched].into_iter().chain(filtered).chain([limited]).collect()
        } else {
            [call, limited, matched].into_iter().chain(filtered).collect()
        };
        let column = |slot: &Slot| Column { name: self.slots[slot.index()].name.clone(), slot: *slot, kind: Kind::Any };
        let columns: Vec<Column> = slots.iter().map(column).collect();
        let parts = vec![BoundSingle { clauses, columns: columns.clone() }];
        into.push(BoundClause::Subquery { optional, query: BoundQuery { parts, union: None, columns }, unit: false });
        self.ranked_filter(search.predicate.as_ref(), into)
    }

    /// Returns the name of the index, the words, and the limit.
    fn search_arguments(&mut self, search: &'a ast::Search) -> Result<Vec<Expr>> {
        let index = match &search.index {
            ast::Chosen::Name(name) => Expr::Const(Value::String(name.text.clone())),
            ast::Chosen::Parameter(name) => Expr::Param(self.param(&name.text)?),
        };
        let (query, kind) = self.expr(&search.query)?;
        if !kind.may_be(&[Kind::String]) {
            return Err(wrong_argument(kind, "a string, as words are searched for by", search.query.span));
        }
        let (limit, kind) = self.expr(&search.limit)?;
        if !kind.may_be(&[Kind::Int, Kind::Number]) {
            return Err(wrong_argument(kind, "an integer, as LIMIT needs", search.limit.span));
        }
        Ok(vec![index, query, limit])
    }

    /// Returns whether the pattern has a match that both conditions are true of.
    fn has_match(&mut self, matched: &'a ast::Match, search: &'a ast::Search) -> Result<Expr> {
        let (graph, inputs) = self.inside(|binder| {
            let mut graph = binder.pattern_graph(&matched.patterns, NewVariables::Declared, matched.repeatable)?;
            for predicate in matched.predicate.iter().chain(&search.filter) {
                binder.aggregation = Mode::Forbidden("in WHERE");
                binder.conjuncts(predicate, &mut graph.predicates)?;
            }
            Ok(graph)
        })?;
        let inner = Box::new(self.plan_graph(graph)?);
        Ok(Expr::Subquery { inner, inputs, kind: SubqueryKind::Exists, once: false })
    }
}

/// What a pattern's variable is.
enum Target {
    Node,
    Relationship,
}

fn target_of(matched: &ast::Match, name: &str) -> Option<Target> {
    let is = |variable: &Option<ast::Name>| variable.as_ref().is_some_and(|variable| *variable.text == *name);
    for pattern in &matched.patterns {
        if is(&pattern.start.variable) || pattern.hops.iter().any(|hop| is(&hop.node.variable)) {
            return Some(Target::Node);
        }
        let is_plain = |hop: &&ast::Hop| hop.relationship.length.is_none() && hop.relationship.group.is_none();
        if pattern.hops.iter().filter(is_plain).any(|hop| is(&hop.relationship.variable)) {
            return Some(Target::Relationship);
        }
    }
    None
}

/// Returns whether each hit has at most one match: a node alone, or a relationship with its ends, in one direction.
fn is_single(matched: &ast::Match, name: &str) -> bool {
    let [pattern] = matched.patterns.as_slice() else { return false };
    match pattern.hops.as_slice() {
        [] => true,
        [hop] => {
            let is_target = hop.relationship.variable.as_ref().is_some_and(|variable| *variable.text == *name);
            is_target && matches!(hop.relationship.direction, ast::Direction::Right | ast::Direction::Left)
        }
        _ => false,
    }
}

/// Takes the ends of a relationship that is found as known too, where the pattern says which is which: the call tells
/// them. Returns the outputs and where they go.
fn known_ends(bound: &mut BoundMatch, target: Slot) -> Vec<(usize, Slot)> {
    let graph = &mut bound.graph;
    let Some(rel) = graph.rels.iter().find(|rel| rel.slot == target && rel.bound) else { return Vec::new() };
    let (start, end) = match rel.follow {
        Follow::Out => (rel.left, rel.right),
        Follow::In => (rel.right, rel.left),
        Follow::Both => return Vec::new(),
    };
    let mut known = Vec::new();
    for (output, node) in [(2, start), (3, end)] {
        let node = &mut graph.nodes[node];
        if !node.bound {
            node.bound = true;
            known.push((output, node.slot));
            graph.new_slots.retain(|slot| *slot != node.slot);
        }
    }
    known
}

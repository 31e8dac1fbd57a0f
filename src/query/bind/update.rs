//! Clauses that change the graph.

use super::{
    Binder, BoundClause, Kind, PatternGraph, PatternNode, PatternRel, Place,
    aggregate::Mode,
    already_bound,
    expr::wrong_argument,
    fail,
    pattern::{is_plain, parameter_use},
    type_conflict,
};
use crate::{
    Error, Result, Span,
    model::Value,
    query::{
        ast::{self, ExprKind, LabelExpr, PathSelector},
        plan::{
            Comparison, CreateNode, CreatePattern, CreateRel, Expr, Follow, KeyRef, LabelRef, SetItem, Slot, SlotKind,
            TypeRef,
        },
    },
};

/// What is different between CREATE and MERGE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    Create,
    Merge,
}

/// Variables that the clause at hand makes.
type Made = Vec<(ast::Name, Slot, Kind)>;

impl<'a> Binder<'a> {
    /// Binds the patterns of a CREATE. What they make is in scope afterwards, but not for their own properties.
    pub(super) fn create(&mut self, patterns: &'a [ast::PathPattern]) -> Result<CreatePattern> {
        let mut create = CreatePattern { nodes: Vec::new(), rels: Vec::new(), paths: Vec::new() };
        let mut made = Made::new();
        for pattern in patterns {
            self.create_path(pattern, Maker::Create, &mut create, &mut made)?;
            // Properties of later paths may read nodes of earlier ones; relationships are made after all nodes.
            for (name, slot, kind) in made.extract_if(.., |(_, _, kind)| *kind == Kind::Node) {
                self.scope.add(name.text, slot, kind);
            }
        }
        for (name, slot, kind) in made {
            self.scope.add(name.text, slot, kind);
        }
        Ok(create)
    }

    fn create_path(
        &mut self,
        pattern: &'a ast::PathPattern,
        maker: Maker,
        create: &mut CreatePattern,
        made: &mut Made,
    ) -> Result<()> {
        if pattern.selector != PathSelector::All || pattern.is_restricted() {
            return Err(fail("InvalidClauseComposition", "a shortest path can only be matched", pattern.span));
        }
        let lone = pattern.hops.is_empty();
        let mut left = self.create_node(&pattern.start, lone, maker, create, made)?;
        let mut steps = vec![left];
        for hop in &pattern.hops {
            let rel = &hop.relationship;
            let (rel_type, slot) = self.create_rel(rel, maker, made)?;
            let properties = self.made_properties(rel.properties.as_ref(), maker)?;
            if let Some(name) = &rel.variable {
                made.push((name.clone(), slot, Kind::Relationship));
            }
            let right = self.create_node(&hop.node, false, maker, create, made)?;
            let (start, end) = if rel.direction == ast::Direction::Left { (right, left) } else { (left, right) };
            create.rels.push(CreateRel { slot, rel_type, start, end, properties });
            steps.extend([slot, right]);
            left = right;
        }
        if let Some(name) = &pattern.variable {
            if self.scope.find(&name.text).is_some() || made.iter().any(|(other, ..)| other.text == name.text) {
                return Err(already_bound(name));
            }
            let slot = self.slot(name.text.clone(), SlotKind::Path)?;
            create.paths.push((slot, Expr::Path(steps)));
            made.push((name.clone(), slot, Kind::Path));
        }
        Ok(())
    }

    fn create_node(
        &mut self,
        node: &'a ast::NodePattern,
        lone: bool,
        maker: Maker,
        create: &mut CreatePattern,
        made: &mut Made,
    ) -> Result<Slot> {
        if let Some(predicate) = &node.predicate {
            return Err(fail("UnexpectedSyntax", "WHERE is not possible in a pattern that is made", predicate.span));
        }
        if let Some(name) = &node.variable {
            let known = match made.iter().find(|(other, ..)| other.text == name.text) {
                Some((_, slot, kind)) => Some((*slot, *kind)),
                None => self.scope.find(&name.text).map(|variable| match variable.place {
                    Place::Slot(slot) => (slot, variable.kind),
                    Place::Local(_) => unreachable!("clauses do not stand inside comprehensions"),
                }),
            };
            if let Some((slot, kind)) = known {
                if lone || node.labels.is_some() || node.properties.is_some() {
                    return Err(already_bound(name));
                }
                if !kind.may_be(&[Kind::Node]) {
                    return Err(type_conflict(name, kind, "a node"));
                }
                return Ok(slot);
            }
        }
        let labels = self.made_labels(node.labels.as_ref(), node.span)?;
        let properties = self.made_properties(node.properties.as_ref(), maker)?;
        let slot = match &node.variable {
            Some(name) => {
                let slot = self.slot(name.text.clone(), SlotKind::Node)?;
                made.push((name.clone(), slot, Kind::Node));
                slot
            }
            None => self.unnamed_slot(SlotKind::Node)?,
        };
        create.nodes.push(CreateNode { slot, labels, properties });
        Ok(slot)
    }

    fn create_rel(&mut self, rel: &'a ast::RelationshipPattern, maker: Maker, made: &Made) -> Result<(TypeRef, Slot)> {
        if let Some(length) = rel.length {
            let message = "a relationship that is made has no variable length";
            return Err(fail("CreatingVarLength", message, length.span));
        }
        if let Some(predicate) = &rel.predicate {
            return Err(fail("UnexpectedSyntax", "WHERE is not possible in a pattern that is made", predicate.span));
        }
        if let Some(name) = &rel.variable
            && (self.scope.find(&name.text).is_some() || made.iter().any(|(other, ..)| other.text == name.text))
        {
            return Err(already_bound(name));
        }
        let Some(LabelExpr::Label(rel_type)) = &rel.types else {
            let message = "a relationship that is made has exactly one type: write `-[:TYPE]->`";
            return Err(fail("NoSingleRelationshipType", message, rel.span));
        };
        if maker == Maker::Create && rel.direction == ast::Direction::Either {
            let message = "a relationship that is created has a direction: write `-->` or `<--`";
            return Err(fail("RequiresDirectedRelationship", message, rel.span));
        }
        let rel_type = self.rel_type(rel_type);
        let slot = match &rel.variable {
            Some(name) => self.slot(name.text.clone(), SlotKind::Relationship)?,
            None => self.unnamed_slot(SlotKind::Relationship)?,
        };
        Ok((rel_type, slot))
    }

    fn made_labels(&mut self, labels: Option<&LabelExpr>, node_span: Span) -> Result<Vec<LabelRef>> {
        match labels {
            Some(labels) if !is_plain(labels) => {
                let message = "a node that is made has a list of labels: write `:A:B`";
                Err(fail("UnexpectedSyntax", message, node_span))
            }
            labels => Ok(self.plain_labels(labels)),
        }
    }

    fn made_properties(&mut self, properties: Option<&'a ast::Properties>, maker: Maker) -> Result<Option<Expr>> {
        match properties {
            None => Ok(None),
            Some(ast::Properties::Map(entries, _)) => Ok(Some(self.map(entries)?)),
            Some(ast::Properties::Parameter(name)) if maker == Maker::Merge => Err(parameter_use(name)),
            Some(ast::Properties::Parameter(name)) => Ok(Some(Expr::Param(self.param(&name.text)?))),
        }
    }

    /// Binds a MERGE: what it makes, and the same as a graph to match.
    pub(super) fn merge(&mut self, clause: &'a ast::Merge) -> Result<BoundClause> {
        let mut create = CreatePattern { nodes: Vec::new(), rels: Vec::new(), paths: Vec::new() };
        let mut made = Made::new();
        for _ in &clause.pattern.hops {
            self.count_step()?;
        }
        self.create_path(&clause.pattern, Maker::Merge, &mut create, &mut made)?;
        for (name, slot, kind) in made {
            self.scope.add(name.text, slot, kind);
        }
        let mut graph = self.graph_of(&create, &clause.pattern);
        self.hold(&mut graph)?;
        let on_match = self.set_items(&clause.on_match)?;
        let on_create = self.set_items(&clause.on_create)?;
        Ok(BoundClause::Merge { graph, create, on_match, on_create })
    }

    /// Returns the graph that matches what `create` makes.
    fn graph_of(&self, create: &CreatePattern, pattern: &ast::PathPattern) -> PatternGraph {
        let mut graph = PatternGraph::default();
        for node in &create.nodes {
            graph.nodes.push(PatternNode { slot: node.slot, bound: false, labels: node.labels.clone() });
            graph.new_slots.push(node.slot);
            self.equalities(node.slot, node.properties.as_ref(), pattern.span, &mut graph.predicates);
        }
        for (rel, hop) in create.rels.iter().zip(&pattern.hops) {
            let mut end = |slot: Slot| {
                graph.nodes.iter().position(|node| node.slot == slot).unwrap_or_else(|| {
                    graph.nodes.push(PatternNode { slot, bound: true, labels: Vec::new() });
                    graph.nodes.len() - 1
                })
            };
            let (left, right) = (end(rel.start), end(rel.end));
            let either = hop.relationship.direction == ast::Direction::Either;
            graph.rels.push(PatternRel {
                slot: rel.slot,
                bound: false,
                left,
                right,
                follow: if either { Follow::Both } else { Follow::Out },
                types: vec![rel.rel_type.clone()],
                length: None,
                filter: None,
                search: None,
                attend: None,
                cheapest: None,
            });
            graph.new_slots.push(rel.slot);
            self.equalities(rel.slot, rel.properties.as_ref(), pattern.span, &mut graph.predicates);
        }
        graph.paths.extend(create.paths.iter().cloned());
        graph.new_slots.extend(create.paths.iter().map(|(slot, _)| *slot));
        graph
    }

    fn equalities(&self, slot: Slot, properties: Option<&Expr>, span: Span, into: &mut Vec<Expr>) {
        let Some(Expr::Map(entries)) = properties else { return };
        for (name, value) in entries {
            let key = KeyRef { name: name.clone(), id: self.statistics.key(name) };
            let property = Expr::Property { base: Box::new(Expr::Slot(slot)), key, span };
            into.push(Expr::Compare(Comparison::Eq, Box::new(property), Box::new(value.clone())));
        }
    }

    /// Binds the items of SET.
    pub(super) fn set_items(&mut self, items: &'a [ast::SetItem]) -> Result<Vec<SetItem>> {
        let mut bound = Vec::with_capacity(items.len());
        self.aggregation = Mode::Forbidden("in SET");
        for item in items {
            bound.push(match item {
                ast::SetItem::Property { target, key, value, .. } => {
                    SetItem::Property { target: self.entity(target)?, key: self.key(key), value: self.expr(value)?.0 }
                }
                ast::SetItem::Dynamic { target, key, value, .. } => SetItem::Dynamic {
                    target: self.entity(target)?,
                    key: self.computed_key(key)?,
                    value: self.expr(value)?.0,
                    span: key.span,
                },
                ast::SetItem::Replace { variable, value, .. } => {
                    SetItem::Replace { target: self.entity_variable(variable)?, map: self.properties_map(value)? }
                }
                ast::SetItem::Merge { variable, value, .. } => {
                    SetItem::Merge { target: self.entity_variable(variable)?, map: self.properties_map(value)? }
                }
                ast::SetItem::Labels { variable, labels, .. } => SetItem::AddLabels {
                    target: self.node_variable(variable)?,
                    labels: labels.iter().map(|label| self.label(label)).collect(),
                },
                ast::SetItem::Salience { variable, value, span } => SetItem::Salience {
                    target: self.relationship_variable(variable)?,
                    value: self.salience(value)?,
                    span: *span,
                },
            });
        }
        Ok(bound)
    }

    /// Binds the items of REMOVE.
    pub(super) fn remove_items(&mut self, items: &'a [ast::RemoveItem]) -> Result<Vec<SetItem>> {
        let mut bound = Vec::with_capacity(items.len());
        self.aggregation = Mode::Forbidden("in REMOVE");
        for item in items {
            bound.push(match item {
                ast::RemoveItem::Property { target, key, .. } => SetItem::Property {
                    target: self.entity(target)?,
                    key: self.key(key),
                    value: Expr::Const(Value::Null),
                },
                ast::RemoveItem::Dynamic { target, key, .. } => SetItem::Dynamic {
                    target: self.entity(target)?,
                    key: self.computed_key(key)?,
                    value: Expr::Const(Value::Null),
                    span: key.span,
                },
                ast::RemoveItem::Labels { variable, labels, .. } => SetItem::RemoveLabels {
                    target: self.node_variable(variable)?,
                    labels: labels.iter().map(|label| self.label(label)).collect(),
                },
            });
        }
        Ok(bound)
    }

    fn computed_key(&mut self, e: &'a ast::Expr) -> Result<Expr> {
        let (expr, kind) = self.expr(e)?;
        if !kind.may_be(&[Kind::String]) {
            return Err(wrong_argument(kind, "a string, as the key of a property is", e.span));
        }
        Ok(expr)
    }

    fn entity(&mut self, e: &'a ast::Expr) -> Result<Expr> {
        let (expr, kind) = self.expr(e)?;
        if !kind.may_be(&[Kind::Node, Kind::Relationship]) {
            return Err(wrong_argument(kind, "a node or relationship", e.span));
        }
        Ok(expr)
    }

    fn entity_variable(&mut self, name: &ast::Name) -> Result<Expr> {
        let variable = self.variable(name)?;
        if !variable.kind.may_be(&[Kind::Node, Kind::Relationship]) {
            return Err(wrong_argument(variable.kind, "a node or relationship", name.span));
        }
        Ok(variable.read())
    }

    fn node_variable(&mut self, name: &ast::Name) -> Result<Expr> {
        let variable = self.variable(name)?;
        if !variable.kind.may_be(&[Kind::Node]) {
            return Err(wrong_argument(variable.kind, "a node, which alone has labels", name.span));
        }
        Ok(variable.read())
    }

    fn relationship_variable(&mut self, name: &ast::Name) -> Result<Expr> {
        let variable = self.variable(name)?;
        if !variable.kind.may_be(&[Kind::Relationship]) {
            let wanted = "a relationship, which alone has a salience";
            let error = wrong_argument(variable.kind, wanted, name.span);
            return Err(match error {
                Error::Query(error) if matches!(variable.kind, Kind::List(_)) => {
                    error.hint(format!("UNWIND {} AS one gives its relationships one by one", name.text)).into()
                }
                error => error,
            });
        }
        Ok(variable.read())
    }

    fn salience(&mut self, e: &'a ast::Expr) -> Result<Expr> {
        let (expr, kind) = self.expr(e)?;
        if kind == Kind::Null || !kind.may_be(&[Kind::Int, Kind::Float, Kind::Number]) {
            return Err(wrong_argument(kind, "a number above 0, as a salience is", e.span));
        }
        Ok(expr)
    }

    fn properties_map(&mut self, e: &'a ast::Expr) -> Result<Expr> {
        let (expr, kind) = self.expr(e)?;
        if !kind.may_be(&[Kind::Map, Kind::Node, Kind::Relationship]) {
            return Err(wrong_argument(kind, "a map, node or relationship", e.span));
        }
        Ok(expr)
    }

    /// Binds a DELETE.
    pub(super) fn delete(&mut self, clause: &'a ast::Delete) -> Result<BoundClause> {
        self.aggregation = Mode::Forbidden("in DELETE");
        let mut targets = Vec::with_capacity(clause.exprs.len());
        for e in &clause.exprs {
            if let ExprKind::HasLabels(subject, _) = &e.kind {
                self.expr(subject)?;
                let message = "a label or type cannot be deleted: `REMOVE n:Label` takes a label off a node";
                return Err(fail("InvalidDelete", message, e.span));
            }
            let (expr, kind) = self.expr(e)?;
            if !kind.may_be(&[Kind::Node, Kind::Relationship, Kind::Path]) {
                return Err(wrong_argument(kind, "a node, relationship or path, which can be deleted", e.span));
            }
            targets.push(expr);
        }
        Ok(BoundClause::Delete { targets, detach: clause.detach })
    }

    /// Binds a FOREACH, whose variables end with it.
    pub(super) fn foreach(&mut self, clause: &'a ast::Foreach) -> Result<BoundClause> {
        let (list, kind) = self.list(&clause.list)?;
        let mark = self.scope.len();
        let slot = self.declare(&clause.variable, SlotKind::Value, kind.element())?;
        let mut body = Vec::with_capacity(clause.clauses.len());
        for inner in &clause.clauses {
            use ast::Clause as C;
            if !matches!(inner, C::Create(_) | C::Merge(_) | C::Set(_) | C::Remove(_) | C::Delete(_) | C::Foreach(_)) {
                let message = "FOREACH only changes the graph: CREATE, MERGE, SET, REMOVE, DELETE, FOREACH";
                return Err(fail("InvalidClauseComposition", message, clause.span));
            }
            self.count_step()?;
            self.clause(inner, &mut body, &mut Vec::new())?;
        }
        self.scope.truncate(mark);
        Ok(BoundClause::Foreach { list, slot, body })
    }
}

//! Patterns of MATCH, MERGE, pattern predicates and comprehensions become graphs.

use rustc_hash::FxHashSet;

use super::{
    Binder, Kind, Length, PatternGraph, PatternNode, PatternRel, Place, Selector, fail, kind::Element, search,
    type_conflict,
};
use crate::{
    Result,
    query::{
        ast::{self, LabelExpr, PathSelector},
        function::Function,
        plan::{Comparison, Expr, Follow, LabelRef, Quantifier, Slot, SlotKind, TypeRef},
    },
};

/// How a pattern's new variables are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NewVariables {
    /// They come into scope.
    Declared,
    /// They are errors: a pattern predicate only tests.
    Refused,
}

impl<'a> Binder<'a> {
    /// Binds the path patterns of one clause. New variables are in scope afterwards.
    pub(super) fn pattern_graph(
        &mut self,
        patterns: &'a [ast::PathPattern],
        new: NewVariables,
        repeatable: bool,
    ) -> Result<PatternGraph> {
        let mut graph = PatternGraph { repeatable, ..PatternGraph::default() };
        search::check_alone(patterns, repeatable)?;
        // First all variables, because properties may refer to those further right.
        let mut starts = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            self.count_step()?;
            let first_rel = graph.rels.len();
            starts.push((self.path(&mut graph, pattern, new)?, first_rel));
        }
        for (pattern, (start, first_rel)) in patterns.iter().zip(starts) {
            self.path_conditions(&mut graph, pattern, start, first_rel)?;
        }
        self.hold(&mut graph)?;
        Ok(graph)
    }

    /// Adds a path pattern's nodes and relationships; returns the index of its first node.
    fn path(&mut self, graph: &mut PatternGraph, pattern: &'a ast::PathPattern, new: NewVariables) -> Result<usize> {
        let names = || pattern.variable.iter().chain(&pattern.inner);
        for name in names() {
            self.check_new(name)?;
        }
        let start = self.node(graph, &pattern.start, new)?;
        let mut left = start;
        let mut steps = vec![graph.nodes[left].slot];
        let is_whole = search::is_whole(pattern, graph.repeatable);
        if is_whole {
            if pattern.hops.is_empty() {
                return Err(search::no_hops(pattern));
            }
            let rel = self.search(graph, left, &pattern.hops, Some(pattern), new)?;
            steps.extend([graph.rels[rel].slot, graph.nodes[graph.rels[rel].right].slot]);
        }
        for hop in pattern.hops.iter().filter(|_| !is_whole) {
            self.count_step()?;
            let rel =
                if search::is_searched(&hop.relationship, graph.repeatable) && pattern.selector == PathSelector::All {
                    self.search(graph, left, std::slice::from_ref(hop), None, new)?
                } else {
                    // The slot of the relationship comes before that of the node it leads to, as they are read.
                    let rel = self.relationship(graph, &hop.relationship, pattern.selector, left, new)?;
                    if let Some(group) = &hop.relationship.group {
                        self.group_variables(graph, group, rel)?;
                    }
                    graph.rels[rel].right = self.node(graph, &hop.node, new)?;
                    rel
                };
            left = graph.rels[rel].right;
            steps.extend([graph.rels[rel].slot, graph.nodes[left].slot]);
        }
        if pattern.selector == PathSelector::Cheapest {
            self.cheapest(graph, pattern)?;
        } else if !is_whole {
            check_selector(pattern)?;
        }
        for name in names() {
            let slot = self.declare(name, SlotKind::Path, Kind::Path)?;
            graph.paths.push((slot, Expr::Path(steps.clone())));
            graph.new_slots.push(slot);
        }
        Ok(start)
    }

    pub(super) fn node(
        &mut self,
        graph: &mut PatternGraph,
        node: &'a ast::NodePattern,
        new: NewVariables,
    ) -> Result<usize> {
        let known = match &node.variable {
            None => None,
            Some(name) => match self.scope.find(&name.text) {
                None if new == NewVariables::Refused || node.is_given() => return Err(self.undefined(name)),
                None => None,
                Some(variable) if variable.kind.may_be(&[Kind::Node]) => match variable.place {
                    Place::Slot(slot) => Some(slot),
                    Place::Local(_) => unreachable!("locals become slots where a subquery begins"),
                },
                Some(variable) => return Err(type_conflict(name, variable.kind, "a node")),
            },
        };
        let labels = self.plain_labels(node.labels.as_ref());
        if let Some(slot) = known {
            if let Some(at) = graph.nodes.iter().position(|node| node.slot == slot) {
                for label in labels {
                    if !graph.nodes[at].labels.contains(&label) {
                        graph.nodes[at].labels.push(label);
                    }
                }
                return Ok(at);
            }
            graph.nodes.push(PatternNode { slot, bound: true, labels });
        } else {
            let slot = match &node.variable {
                Some(name) => self.declare(name, SlotKind::Node, Kind::Node)?,
                None => self.unnamed_slot(SlotKind::Node)?,
            };
            graph.new_slots.push(slot);
            graph.nodes.push(PatternNode { slot, bound: false, labels });
        }
        Ok(graph.nodes.len() - 1)
    }

    fn relationship(
        &mut self,
        graph: &mut PatternGraph,
        rel: &'a ast::RelationshipPattern,
        selector: PathSelector,
        left: usize,
        new: NewVariables,
    ) -> Result<usize> {
        let many = rel.length.is_some() || selector != PathSelector::All;
        let (kind, slot_kind, what) = if many {
            (Kind::List(Element::Relationship), SlotKind::Relationships, "a list of relationships")
        } else {
            (Kind::Relationship, SlotKind::Relationship, "a relationship")
        };
        let known = match &rel.variable {
            None => None,
            Some(name) => match self.scope.find(&name.text) {
                None if new == NewVariables::Refused => return Err(self.undefined(name)),
                None => None,
                Some(variable) => {
                    let fits = if many {
                        variable.kind.may_be(&[kind, Kind::List(Element::Any), Kind::List(Element::Null)])
                    } else {
                        variable.kind.may_be(&[kind])
                    };
                    if !fits {
                        return Err(type_conflict(name, variable.kind, what));
                    }
                    let Place::Slot(slot) = variable.place else {
                        unreachable!("locals become slots where a subquery begins")
                    };
                    if graph.rels.iter().any(|rel| rel.slot == slot) {
                        return Err(fail(
                            "RelationshipUniquenessViolation",
                            format!("relationship `{}` stands twice in one pattern, which never matches", name.text),
                            name.span,
                        ));
                    }
                    Some(slot)
                }
            },
        };
        let bound = known.is_some();
        let slot = match (known, &rel.variable) {
            (Some(slot), _) => slot,
            (None, Some(name)) => self.declare(name, slot_kind, kind)?,
            (None, None) => self.unnamed_slot(slot_kind)?,
        };
        if !bound {
            graph.new_slots.push(slot);
        }
        let length = match rel.length {
            None if selector == PathSelector::All => None,
            length => Some(Length {
                min: length.and_then(|length| length.min).unwrap_or(1),
                max: length.map_or(Some(1), |length| length.max),
                selector: selector.into(),
            }),
        };
        let follow = direction(rel.direction);
        let types = match &rel.types {
            Some(types) => self.plain_types(types).unwrap_or_default(),
            None => Vec::new(),
        };
        graph.rels.push(PatternRel {
            slot,
            bound,
            left,
            right: left,
            follow,
            types,
            length,
            filter: None,
            search: None,
            attend: None,
            cheapest: None,
        });
        Ok(graph.rels.len() - 1)
    }

    /// Binds what must hold of the pattern's nodes and relationships.
    fn path_conditions(
        &mut self,
        graph: &mut PatternGraph,
        pattern: &'a ast::PathPattern,
        start: usize,
        first_rel: usize,
    ) -> Result<()> {
        if search::is_whole(pattern, graph.repeatable) {
            return self.search_conditions(graph, first_rel, &pattern.hops, Some(pattern));
        }
        let start = graph.nodes[start].slot;
        self.node_conditions(graph, &pattern.start, start)?;
        for (i, hop) in pattern.hops.iter().enumerate() {
            if graph.rels[first_rel + i].search.is_some() {
                self.search_conditions(graph, first_rel + i, std::slice::from_ref(hop), None)?;
                continue;
            }
            self.relationship_conditions(graph, &hop.relationship, first_rel + i)?;
            let right = graph.nodes[graph.rels[first_rel + i].right].slot;
            self.node_conditions(graph, &hop.node, right)?;
        }
        Ok(())
    }

    pub(super) fn node_conditions(
        &mut self,
        graph: &mut PatternGraph,
        node: &'a ast::NodePattern,
        slot: Slot,
    ) -> Result<()> {
        if let Some(labels) = &node.labels
            && !is_plain(labels)
        {
            let test = self.label_test(labels, Kind::Node);
            graph.predicates.push(Expr::HasLabels(Box::new(Expr::Slot(slot)), test));
        }
        self.properties(node.properties.as_ref(), &Expr::Slot(slot), &mut graph.predicates)?;
        if let Some(predicate) = &node.predicate {
            self.conjuncts(predicate, &mut graph.predicates)?;
        }
        Ok(())
    }

    fn relationship_conditions(
        &mut self,
        graph: &mut PatternGraph,
        rel: &'a ast::RelationshipPattern,
        at: usize,
    ) -> Result<()> {
        let special = rel.types.as_ref().filter(|types| !is_plain_types(types));
        let slot = graph.rels[at].slot;
        if graph.rels[at].length.is_none() {
            if let Some(types) = special {
                let test = self.label_test(types, Kind::Relationship);
                graph.predicates.push(Expr::HasLabels(Box::new(Expr::Slot(slot)), test));
            }
            self.properties(rel.properties.as_ref(), &Expr::Slot(slot), &mut graph.predicates)?;
            if let Some(predicate) = &rel.predicate {
                self.conjuncts(predicate, &mut graph.predicates)?;
            }
            return Ok(());
        }
        // Each relationship of a variable length is local 0 while it is tested.
        let mark = self.scope.len();
        let local = self.n_locals;
        debug_assert_eq!(local, 0, "patterns are bound at the start of a clause or subquery");
        if let Some(name) = &rel.variable {
            self.enter_local(name, Kind::Relationship);
        } else {
            self.n_locals += 1;
        }
        let mut tests = Vec::new();
        if let Some(types) = special {
            let test = self.label_test(types, Kind::Relationship);
            tests.push(Expr::HasLabels(Box::new(Expr::Local(local)), test));
        }
        match &rel.group {
            Some(group) => self.group_conditions(rel, group, local, &mut tests)?,
            None => self.own_conditions(rel, local, &mut tests)?,
        }
        self.leave_local(mark, 1);
        graph.rels[at].filter = match tests.len() {
            0 => None,
            1 => tests.pop(),
            _ => Some(Expr::And(tests)),
        };
        Ok(())
    }

    /// Binds what a variable-length relationship says of each of its relationships.
    fn own_conditions(&mut self, rel: &'a ast::RelationshipPattern, local: u16, tests: &mut Vec<Expr>) -> Result<()> {
        self.properties(rel.properties.as_ref(), &Expr::Local(local), tests)?;
        match &rel.predicate {
            Some(predicate) => self.conjuncts(predicate, tests),
            None => Ok(()),
        }
    }

    /// Declares the variables of the nodes in a quantified pattern: outside it they are lists.
    fn group_variables(&mut self, graph: &mut PatternGraph, group: &'a ast::Group, rel: usize) -> Result<()> {
        let (slot, follow) = (graph.rels[rel].slot, graph.rels[rel].follow);
        for (node, function) in [&group.start, &group.end].into_iter().zip(ends(follow)) {
            let Some(name) = &node.variable else { continue };
            let variable = self.declare(name, SlotKind::Value, Kind::List(Element::Node))?;
            let end = Expr::Call { function, args: vec![Expr::Local(0)], span: name.span };
            let (list, map) = (Box::new(Expr::Slot(slot)), Some(Box::new(end)));
            graph.paths.push((variable, Expr::Comprehension { local: 0, list, filter: None, map }));
            graph.new_slots.push(variable);
        }
        Ok(())
    }

    /// Binds what a quantified pattern says of each repetition: there its nodes are the ends of the relationship.
    fn group_conditions(
        &mut self,
        rel: &'a ast::RelationshipPattern,
        group: &'a ast::Group,
        local: u16,
        tests: &mut Vec<Expr>,
    ) -> Result<()> {
        let mark = self.scope.len();
        for node in [&group.start, &group.end] {
            match &node.variable {
                Some(name) => drop(self.enter_local(name, Kind::Node)),
                None => self.n_locals += 1,
            }
        }
        let mut inner = Vec::new();
        for (node, at) in [(&group.start, local + 1), (&group.end, local + 2)] {
            if let Some(labels) = &node.labels {
                let test = self.label_test(labels, Kind::Node);
                inner.push(Expr::HasLabels(Box::new(Expr::Local(at)), test));
            }
            self.properties(node.properties.as_ref(), &Expr::Local(at), &mut inner)?;
            if let Some(predicate) = &node.predicate {
                self.conjuncts(predicate, &mut inner)?;
            }
        }
        self.own_conditions(rel, local, &mut inner)?;
        if let Some(predicate) = &group.predicate {
            self.conjuncts(predicate, &mut inner)?;
        }
        self.leave_local(mark, 2);
        if inner.is_empty() {
            return Ok(());
        }
        let follow = direction(rel.direction);
        let mut test = Expr::And(inner);
        for (function, at) in ends(follow).into_iter().zip([local + 1, local + 2]).rev() {
            let end = Expr::Call { function, args: vec![Expr::Local(local)], span: rel.span };
            let (list, predicate) = (Box::new(Expr::List(vec![end])), Box::new(test));
            test = Expr::Quantified { quantifier: Quantifier::Any, local: at, list, predicate };
        }
        tests.push(test);
        Ok(())
    }

    pub(super) fn properties(
        &mut self,
        properties: Option<&'a ast::Properties>,
        entity: &Expr,
        into: &mut Vec<Expr>,
    ) -> Result<()> {
        match properties {
            None => {}
            Some(ast::Properties::Parameter(name)) => return Err(parameter_use(name)),
            Some(ast::Properties::Map(entries, _)) => {
                for (key, value) in entries {
                    let value = self.expr(value)?.0;
                    let property =
                        Expr::Property { base: Box::new(entity.clone()), key: self.key(key), span: key.span };
                    into.push(Expr::Compare(Comparison::Eq, Box::new(property), Box::new(value)));
                }
            }
        }
        Ok(())
    }

    /// Returns the labels of a conjunction of labels; of anything else, none.
    pub(super) fn plain_labels(&mut self, labels: Option<&ast::LabelExpr>) -> Vec<LabelRef> {
        match labels {
            Some(LabelExpr::Label(name)) => vec![self.label(name)],
            Some(LabelExpr::And(items, _)) if labels.is_some_and(is_plain) => {
                let mut labels: Vec<LabelRef> = Vec::with_capacity(items.len());
                let mut seen = FxHashSet::default();
                for item in items {
                    let new = self.plain_labels(Some(item)).into_iter().filter(|label| seen.insert(label.name.clone()));
                    labels.extend(new);
                }
                labels
            }
            _ => Vec::new(),
        }
    }

    /// Returns the types of a choice of types, each once.
    pub(super) fn plain_types(&mut self, types: &ast::LabelExpr) -> Option<Vec<TypeRef>> {
        match types {
            LabelExpr::Label(name) => Some(vec![self.rel_type(name)]),
            LabelExpr::Or(items, _) if is_plain_types(types) => {
                let mut all: Vec<TypeRef> = Vec::with_capacity(items.len());
                let mut seen = FxHashSet::default();
                for item in items {
                    all.extend(self.plain_types(item)?.into_iter().filter(|one| seen.insert(one.name.clone())));
                }
                Some(all)
            }
            _ => None,
        }
    }
}

impl From<PathSelector> for Selector {
    fn from(selector: PathSelector) -> Self {
        match selector {
            PathSelector::All => Self::All,
            PathSelector::Shortest => Self::Shortest,
            PathSelector::AllShortest => Self::AllShortest,
            PathSelector::Cheapest => Self::Cheapest,
        }
    }
}

pub(super) fn direction(direction: ast::Direction) -> Follow {
    match direction {
        ast::Direction::Right => Follow::Out,
        ast::Direction::Left => Follow::In,
        ast::Direction::Either => Follow::Both,
    }
}

/// Returns what gives the nodes before and behind a relationship that is followed so.
fn ends(follow: Follow) -> [Function; 2] {
    match follow {
        Follow::In => [Function::EndNode, Function::StartNode],
        Follow::Out | Follow::Both => [Function::StartNode, Function::EndNode],
    }
}

/// Returns whether it is a label or a conjunction of labels.
pub(super) fn is_plain(labels: &LabelExpr) -> bool {
    match labels {
        LabelExpr::Label(_) => true,
        LabelExpr::And(items, _) => items.iter().all(is_plain),
        _ => false,
    }
}

/// Returns whether it is a type or a choice of types.
pub(super) fn is_plain_types(types: &LabelExpr) -> bool {
    match types {
        LabelExpr::Label(_) => true,
        LabelExpr::Or(items, _) => items.iter().all(is_plain_types),
        _ => false,
    }
}

/// Returns the error of a parameter where a map of properties must be written.
#[cold]
pub(super) fn parameter_use(name: &ast::Name) -> crate::Error {
    fail(
        "InvalidParameterUse",
        format!("parameter `${}` cannot be a whole map of properties here: name the properties", name.text),
        name.span,
    )
}

fn check_selector(pattern: &ast::PathPattern) -> Result<()> {
    if pattern.selector == PathSelector::All {
        return Ok(());
    }
    if pattern.hops.len() != 1 {
        return Err(fail(
            "InvalidArgumentType",
            "a shortest path is between two nodes: exactly one relationship pattern",
            pattern.span,
        ));
    }
    match pattern.hops[0].relationship.length {
        Some(ast::PathLength { min: Some(min), span, .. }) if min > 1 => {
            Err(fail("InvalidArgumentType", format!("the least length of a shortest path is 0 or 1, not {min}"), span))
        }
        _ => Ok(()),
    }
}

//! Patterns that are searched as a whole: repetitions of several relationships, and paths with a selector, a mode or a predicate of
//! their own.
//!
//! While the conditions of a repetition are bound, its variables are the nodes and relationships of one repetition; outside they are
//! lists, made of the list of relationships and the nodes that these lead through.

use super::{
    Binder, Kind, Length, PatternGraph, PatternNode, PatternRel, Selector, fail, kind::Element, pattern::NewVariables,
};
use crate::{
    QueryError, Result, Span,
    model::Value,
    query::{
        ast::{self, Hop, LabelExpr, PathSelector},
        function::Function,
        plan::{Arithmetic, Comparison, Expr, Follow, Slot, SlotKind, TypeRef},
        search::{Part, PathMode, PathStep, SearchPattern, Select},
        slots,
    },
};

/// Returns whether a path pattern must be searched from end to end.
pub(super) fn is_whole(pattern: &ast::PathPattern, repeatable: bool) -> bool {
    pattern.selects_first && pattern.selector != PathSelector::Cheapest
        || pattern.inner.is_some()
        || pattern.predicate.is_some()
        || matches!(pattern.mode, Some(PathMode::Acyclic | PathMode::Simple))
        || repeatable && pattern.mode == Some(PathMode::Trail)
}

/// Returns whether a relationship pattern must be searched on its own.
pub(super) fn is_searched(rel: &ast::RelationshipPattern, repeatable: bool) -> bool {
    let is_wide = rel.group.as_ref().is_some_and(|group| {
        let names_nodes = !group.start.is_empty() || !group.end.is_empty();
        !group.rest.is_empty() || names_nodes && rel.direction == ast::Direction::Either
    });
    is_wide || repeatable && rel.length.is_some()
}

/// Fails if a path is selected beside others, from which its relationships would have to differ.
pub(super) fn check_alone(patterns: &[ast::PathPattern], repeatable: bool) -> Result<()> {
    let Some(selective) = patterns.iter().find(|pattern| pattern.selects_first).filter(|_| !repeatable) else {
        return Ok(());
    };
    if patterns.iter().filter(|pattern| !pattern.hops.is_empty()).count() < 2 {
        return Ok(());
    }
    let message = "a path with a selector stands alone in its MATCH, where all relationships differ";
    let error = QueryError::syntax("UnexpectedSyntax", message, selective.span);
    Err(error.hint("match the other paths in a MATCH of their own, or write MATCH REPEATABLE ELEMENTS").into())
}

impl<'a> Binder<'a> {
    /// Adds hops that are searched as a whole, from the node `left`; returns the index of what stands for them.
    pub(super) fn search(
        &mut self,
        graph: &mut PatternGraph,
        left: usize,
        hops: &'a [Hop],
        whole: Option<&'a ast::PathPattern>,
        new: NewVariables,
    ) -> Result<usize> {
        let mode = match whole.and_then(|pattern| pattern.mode) {
            Some(PathMode::Walk) | None if graph.repeatable => PathMode::Walk,
            Some(PathMode::Walk) | None => PathMode::Trail,
            Some(mode) => mode,
        };
        let (parts, joints) = (Vec::with_capacity(hops.len()), Vec::new());
        let (tests, derived, conditions) = (Vec::new(), Vec::new(), Vec::new());
        // Told once the parts are known.
        let rels = graph.nodes[left].slot;
        let repeats = graph.repeatable;
        let mut pattern =
            SearchPattern { rels, parts, joints, tests, derived, conditions, mode, repeats, select: None };
        let mut before = graph.nodes[left].slot;
        let mut right = left;
        for (at, hop) in hops.iter().enumerate() {
            if whole.is_some() {
                self.count_step()?;
            }
            self.part(graph, &hop.relationship, before, &mut pattern)?;
            let known = self.node_before(&hop.node, graph.nodes[left].slot, &pattern);
            if at + 1 == hops.len() {
                // The start again is an end like others.
                let Some(joint) = known.filter(|slot| pattern.joints.contains(slot)) else {
                    right = self.node(graph, &hop.node, new)?;
                    break;
                };
                let (slot, labels) = (self.unnamed_slot(SlotKind::Node)?, self.plain_labels(hop.node.labels.as_ref()));
                pattern.tests.push(is_same(joint, slot));
                graph.new_slots.push(slot);
                graph.nodes.push(PatternNode { slot, bound: false, labels });
                right = graph.nodes.len() - 1;
                break;
            }
            before = match &hop.node.variable {
                Some(name) if known.is_none() => self.declare(name, SlotKind::Node, Kind::Node)?,
                _ => self.unnamed_slot(SlotKind::Node)?,
            };
            pattern.tests.extend(known.map(|known| is_same(known, before)));
            graph.new_slots.push(before);
            pattern.joints.push(before);
        }
        let slot = match &pattern.parts[..] {
            [part] if part.repeat.is_some() => part.slot,
            _ => {
                let slot = self.unnamed_slot(SlotKind::Relationships)?;
                graph.new_slots.push(slot);
                slot
            }
        };
        pattern.rels = slot;
        if let Some(path) = whole.filter(|path| path.selects_first) {
            let (count, span) = match &path.count {
                Some(count) => (self.expr(count)?.0, count.span),
                None => (Expr::Const(Value::Int(1)), path.span),
            };
            pattern.select = Some(Select { count, span, groups: path.selector == PathSelector::AllShortest });
        }
        let (min, max) = pattern.length();
        if mode == PathMode::Walk && max.is_none() && pattern.select.is_none() {
            let span = hops.iter().find_map(|hop| hop.relationship.length.filter(|length| length.max.is_none()));
            let span = span.map_or(hops[0].relationship.span, |length| length.span);
            let message = "where relationships may be repeated, there may be no end of paths";
            let error = QueryError::syntax("UnexpectedSyntax", message, span);
            return Err(error.hint("give the quantifier an upper bound, or the path a selector such as ANY").into());
        }
        let steps = || pattern.parts.iter().flat_map(|part| &part.steps);
        let mut types: Vec<TypeRef> = Vec::new();
        if steps().all(|step| !step.types.is_empty()) {
            for rel_type in steps().flat_map(|step| &step.types) {
                if !types.contains(rel_type) {
                    types.push(rel_type.clone());
                }
            }
        }
        let mut follows = steps().map(|step| step.follow);
        let first = follows.next().unwrap_or(Follow::Both);
        let follow = if follows.all(|follow| follow == first) { first } else { Follow::Both };
        let length = Some(Length { min, max, selector: Selector::All });
        let search = Some(Box::new(pattern));
        graph.rels.push(PatternRel {
            slot,
            bound: false,
            left,
            right,
            follow,
            types,
            length,
            filter: None,
            search,
            attend: None,
            cheapest: None,
        });
        Ok(graph.rels.len() - 1)
    }

    /// Returns the slot of a node that stands in the pattern already, as its start or between two parts.
    fn node_before(&self, node: &ast::NodePattern, start: Slot, pattern: &SearchPattern) -> Option<Slot> {
        match self.scope.find(&node.variable.as_ref()?.text)?.place {
            super::Place::Slot(slot) => Some(slot).filter(|slot| *slot == start || pattern.joints.contains(slot)),
            super::Place::Local(_) => None,
        }
    }

    /// Adds a part, and declares what it is outside.
    fn part(
        &mut self,
        graph: &mut PatternGraph,
        rel: &'a ast::RelationshipPattern,
        before: Slot,
        pattern: &mut SearchPattern,
    ) -> Result<()> {
        let Some(length) = rel.length else {
            let slot = match &rel.variable {
                Some(name) => self.declare(name, SlotKind::Relationship, Kind::Relationship)?,
                None => self.unnamed_slot(SlotKind::Relationship)?,
            };
            graph.new_slots.push(slot);
            let steps = vec![self.step(rel, slot)];
            pattern.parts.push(Part { slot, steps, nodes: Vec::new(), repeat: None, tests: Vec::new() });
            return Ok(());
        };
        let rest = rel.group.as_ref().map_or(&[][..], |group| &group.rest);
        let slot = match rel.variable.as_ref().filter(|_| rest.is_empty()) {
            Some(name) => self.declare(name, SlotKind::Relationships, Kind::List(Element::Relationship))?,
            None => self.unnamed_slot(SlotKind::Relationships)?,
        };
        graph.new_slots.push(slot);
        let mut steps = Vec::with_capacity(1 + rest.len());
        for rel in std::iter::once(rel).chain(rest.iter().map(|hop| &hop.relationship)) {
            self.count_step()?;
            let slot = self.unnamed_slot(SlotKind::Relationship)?;
            steps.push(self.step(rel, slot));
        }
        let mut nodes = Vec::new();
        if let Some(group) = &rel.group {
            for _ in 0..=steps.len() {
                nodes.push(self.unnamed_slot(SlotKind::Node)?);
            }
            self.lists(graph, rel, group, (before, slot), pattern)?;
        }
        let repeat = Some((length.min.unwrap_or(1), length.max));
        pattern.parts.push(Part { slot, steps, nodes, repeat, tests: Vec::new() });
        Ok(())
    }

    fn step(&mut self, rel: &ast::RelationshipPattern, slot: Slot) -> PathStep {
        let types = match &rel.types {
            Some(types) => self.plain_types(types).unwrap_or_default(),
            None => Vec::new(),
        };
        PathStep { rel: slot, follow: super::pattern::direction(rel.direction), types }
    }

    /// Declares the lists that the variables of a repetition are outside.
    fn lists(
        &mut self,
        graph: &mut PatternGraph,
        rel: &'a ast::RelationshipPattern,
        group: &'a ast::Group,
        (before, rels): (Slot, Slot),
        pattern: &mut SearchPattern,
    ) -> Result<()> {
        let n = 1 + group.rest.len();
        let mut derive = |slot: Slot, e: Expr| {
            graph.paths.push((slot, e.clone()));
            graph.new_slots.push(slot);
            pattern.derived.push((slot, e));
        };
        let named = nodes_of(group).any(|node| node.variable.is_some());
        let nodes = self.unnamed_slot(SlotKind::Value)?;
        if named {
            let path = Expr::Path(vec![before, rels]);
            derive(nodes, Expr::Call { function: Function::Nodes, args: vec![path], span: rel.span });
        }
        let relationships = std::iter::once(rel).chain(group.rest.iter().map(|hop| &hop.relationship));
        let mut relationships = relationships.enumerate();
        for (at, node) in nodes_of(group).enumerate() {
            if let Some(name) = &node.variable {
                let slot = self.declare(name, SlotKind::Value, Kind::List(Element::Node))?;
                derive(slot, every(nodes, rels, at, n, name.span));
            }
            if let Some((at, rel)) = relationships.next()
                && let Some(name) = rel.variable.as_ref().filter(|_| n > 1)
            {
                let slot = self.declare(name, SlotKind::Value, Kind::List(Element::Relationship))?;
                derive(slot, every(rels, rels, at, n, name.span));
            }
        }
        Ok(())
    }

    /// Binds what must hold of hops that are searched as a whole.
    pub(super) fn search_conditions(
        &mut self,
        graph: &mut PatternGraph,
        at: usize,
        hops: &'a [Hop],
        whole: Option<&'a ast::PathPattern>,
    ) -> Result<()> {
        let mut pattern = graph.rels[at].search.take().expect("the caller looked");
        let mut tests = Vec::new();
        for (i, hop) in hops.iter().enumerate() {
            let rel = &hop.relationship;
            if rel.length.is_some() {
                let part = &mut pattern.parts[i];
                let mark = self.scope.len();
                let (steps, nodes) = (part.steps.clone(), part.nodes.clone());
                self.repetition(rel, &steps, &nodes, &mut part.tests)?;
                self.scope.truncate(mark);
            } else {
                self.step_conditions(rel, pattern.parts[i].slot, &mut tests)?;
            }
            if let Some(joint) = pattern.joints.get(i) {
                self.element_conditions(&hop.node, *joint, &mut tests)?;
            }
        }
        let (left, right) = (graph.nodes[graph.rels[at].left].slot, graph.nodes[graph.rels[at].right].slot);
        let mark = graph.predicates.len();
        if let Some(path) = whole {
            self.node_conditions(graph, &path.start, left)?;
        }
        if let Some(hop) = hops.last() {
            self.node_conditions(graph, &hop.node, right)?;
        }
        tests.extend(graph.predicates.drain(mark..));
        if let Some(path) = whole {
            for name in [&path.variable, &path.inner].into_iter().flatten() {
                if let Some(super::Place::Slot(slot)) = self.scope.find(&name.text).map(|variable| variable.place) {
                    pattern.derived.push((slot, Expr::Path(vec![left, graph.rels[at].slot, right])));
                }
            }
            if let Some(predicate) = &path.predicate {
                self.conjuncts(predicate, &mut tests)?;
            }
        }
        for test in tests {
            let (mut is_own, mut is_whole) = (false, false);
            slots::reads(&test, &mut |slot| {
                is_own |= pattern.is_own(slot);
                is_whole |= pattern.is_of_whole(slot);
            });
            match (is_whole, is_own) {
                (true, _) => pattern.conditions.push(test),
                (false, true) => pattern.tests.push(test),
                // Of the ends alone: they are those of all paths between them.
                (false, false) => graph.predicates.push(test),
            }
        }
        if pattern.conditions.is_empty() {
            pattern.derived.clear();
        }
        graph.rels[at].search = Some(pattern);
        Ok(())
    }

    /// Binds what must hold of one repetition, whose variables are in scope afterwards.
    fn repetition(
        &mut self,
        rel: &'a ast::RelationshipPattern,
        steps: &[PathStep],
        nodes: &[Slot],
        tests: &mut Vec<Expr>,
    ) -> Result<()> {
        let Some(group) = &rel.group else {
            if let Some(name) = &rel.variable {
                self.scope.add(name.text.clone(), steps[0].rel, Kind::Relationship);
            }
            return self.step_conditions(rel, steps[0].rel, tests);
        };
        let rels = || std::iter::once(rel).chain(group.rest.iter().map(|hop| &hop.relationship)).zip(steps);
        for (node, slot) in nodes_of(group).zip(nodes) {
            if let Some(name) = &node.variable {
                self.scope.add(name.text.clone(), *slot, Kind::Node);
            }
        }
        for (rel, step) in rels() {
            if let Some(name) = &rel.variable {
                self.scope.add(name.text.clone(), step.rel, Kind::Relationship);
            }
        }
        for (node, slot) in nodes_of(group).zip(nodes) {
            self.element_conditions(node, *slot, tests)?;
        }
        for (rel, step) in rels() {
            self.step_conditions(rel, step.rel, tests)?;
        }
        match &group.predicate {
            Some(predicate) => self.conjuncts(predicate, tests),
            None => Ok(()),
        }
    }

    fn element_conditions(&mut self, node: &'a ast::NodePattern, slot: Slot, tests: &mut Vec<Expr>) -> Result<()> {
        if let Some(labels) = &node.labels {
            let test = self.label_test(labels, Kind::Node);
            tests.push(Expr::HasLabels(Box::new(Expr::Slot(slot)), test));
        }
        self.properties(node.properties.as_ref(), &Expr::Slot(slot), tests)?;
        match &node.predicate {
            Some(predicate) => self.conjuncts(predicate, tests),
            None => Ok(()),
        }
    }

    fn step_conditions(&mut self, rel: &'a ast::RelationshipPattern, slot: Slot, tests: &mut Vec<Expr>) -> Result<()> {
        if let Some(types) = rel.types.as_ref().filter(|types: &&LabelExpr| !super::pattern::is_plain_types(types)) {
            let test = self.label_test(types, Kind::Relationship);
            tests.push(Expr::HasLabels(Box::new(Expr::Slot(slot)), test));
        }
        self.properties(rel.properties.as_ref(), &Expr::Slot(slot), tests)?;
        match &rel.predicate {
            Some(predicate) => self.conjuncts(predicate, tests),
            None => Ok(()),
        }
    }
}

/// Returns the test that two slots hold the same node.
fn is_same(a: Slot, b: Slot) -> Expr {
    Expr::Compare(Comparison::Eq, Box::new(Expr::Slot(a)), Box::new(Expr::Slot(b)))
}

/// Returns the nodes of a repetition.
fn nodes_of(group: &ast::Group) -> impl Iterator<Item = &ast::NodePattern> {
    [&group.start, &group.end].into_iter().chain(group.rest.iter().map(|hop| &hop.node))
}

/// Returns the expression of each `n`-th of the items from `at` on: one for each repetition of `n` relationships.
fn every(items: Slot, rels: Slot, at: usize, n: usize, span: Span) -> Expr {
    let int = |n: usize| Expr::Const(Value::Int(i64::try_from(n).expect("patterns are short")));
    let size = Expr::Call { function: Function::Size, args: vec![Expr::Slot(rels)], span };
    let arithmetic = |op, left, right| Expr::Arithmetic { op, left: Box::new(left), right: Box::new(right), span };
    let last = arithmetic(Arithmetic::Add, arithmetic(Arithmetic::Sub, size, int(n)), int(at));
    let range = Expr::Call { function: Function::Range, args: vec![int(at), last, int(n)], span };
    let item = Expr::Index { base: Box::new(Expr::Slot(items)), index: Box::new(Expr::Local(0)) };
    Expr::Comprehension { local: 0, list: Box::new(range), filter: None, map: Some(Box::new(item)) }
}

/// Returns the error of a path that has nothing to select.
#[cold]
pub(super) fn no_hops(pattern: &ast::PathPattern) -> crate::Error {
    let message = "a path with a selector, a mode or parentheses has at least one relationship";
    fail("UnexpectedSyntax", message, pattern.span)
}

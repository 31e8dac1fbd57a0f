//! One clause's pattern as operators: finding, following, and testing each predicate as soon as what it reads is bound.

use super::{
    Planner, cost, needs_rows_apart,
    order::{self, NodeEstimate, Step},
    trail, unsupported,
};
use crate::{
    Result, Span,
    model::{Direction, LabelId},
    query::{
        bind::{Length, PatternGraph, PatternRel, Selector},
        function::Function,
        plan::{
            ApplyKind, Assumption, Comparison, Expand, Expr, Follow, LabelRef, LabelTest, Named, Op, ShortestPath,
            Slot, SlotKind, TypeRef, VarExpand,
        },
        slots,
    },
};

/// The fewest elements of a list by which nodes are sought rather than scanned, as estimated.
const LIST_ROWS: f64 = 10.0;

/// A predicate that is not tested yet.
struct Pending {
    expr: Expr,
    /// Slots of this pattern that it reads.
    needs: Vec<Slot>,
}

/// How a node is found by itself.
enum Access {
    Scan(Option<LabelRef>),
    /// By pending predicate `by`, an equality, through an index.
    Seek {
        by: usize,
        label: LabelRef,
        unique: bool,
    },
    /// By pending predicate `by`, `n.key IN list`, through an index.
    SeekEach {
        by: usize,
        label: LabelRef,
        unique: bool,
    },
    /// By pending predicate `by`, `id(n) = ...` or `id(n) IN ...`.
    ById {
        by: usize,
    },
}

/// A pattern on its way to operators.
struct Matching {
    graph: PatternGraph,
    pending: Vec<Option<Pending>>,
    /// Of each slot of the statement, whether this pattern has still to bind it.
    unbound: Vec<bool>,
    /// Relationships followed so far, by their index.
    followed: Vec<usize>,
    /// Paths not put together yet.
    paths: Vec<(Slot, Expr)>,
    op: Op,
}

impl Planner<'_> {
    /// Plans a pattern over the rows of an [`Op::Argument`].
    pub(crate) fn pattern(&mut self, graph: PatternGraph) -> Result<Op> {
        self.pattern_after(Op::Argument, graph)
    }

    /// Plans a pattern over the rows of `input`.
    pub(super) fn pattern_after(&mut self, input: Op, mut graph: PatternGraph) -> Result<Op> {
        self.label_predicates(&mut graph);
        trail::conditions(&mut graph)?;
        let mut unbound = vec![false; self.slots.len()];
        for slot in &graph.new_slots {
            unbound[slot.index()] = true;
        }
        let predicates = std::mem::take(&mut graph.predicates);
        let pending = predicates
            .into_iter()
            .map(|expr| {
                let mut needs = Vec::new();
                slots::reads(&expr, &mut |slot| {
                    if unbound.get(slot.index()) == Some(&true) && !needs.contains(&slot) {
                        needs.push(slot);
                    }
                });
                Some(Pending { expr, needs })
            })
            .collect();
        let paths = std::mem::take(&mut graph.paths);
        let mut matching = Matching { graph, pending, unbound, followed: Vec::new(), paths, op: input };
        let steps = self.order(&matching);
        matching.test_bound_nodes();
        matching.test();
        for step in steps {
            match step {
                Step::Node(node) => self.find(node, &mut matching)?,
                Step::EndOf(rel) => matching.find_end(rel),
                Step::Rel { rel, from_left } => self.follow(rel, from_left, &mut matching)?,
            }
            matching.test();
        }
        debug_assert!(matching.pending.iter().all(Option::is_none), "every predicate is tested once all is bound");
        Ok(matching.op)
    }

    /// Turns `n:Label` of WHERE into a label of the pattern, which a scan or seek can then use.
    fn label_predicates(&self, graph: &mut PatternGraph) {
        let PatternGraph { nodes, predicates, .. } = graph;
        predicates.retain(|predicate| {
            let Expr::HasLabels(subject, test) = predicate else { return true };
            let Expr::Slot(slot) = **subject else { return true };
            let Some(node) = nodes.iter_mut().find(|node| node.slot == slot && !node.bound) else { return true };
            let names: Vec<_> = match test {
                LabelTest::Is(name) => vec![name],
                LabelTest::And(tests) => {
                    let names = tests.iter().map(|test| match test {
                        LabelTest::Is(name) => Some(name),
                        _ => None,
                    });
                    match names.collect::<Option<Vec<_>>>() {
                        Some(names) => names,
                        None => return true,
                    }
                }
                _ => return true,
            };
            for name in names {
                let label = Named { name: name.clone(), id: self.statistics.label(name) };
                if !node.labels.contains(&label) {
                    node.labels.push(label);
                }
            }
            false
        });
    }

    fn order(&self, matching: &Matching) -> Vec<Step> {
        let graph = &matching.graph;
        if graph.rels.is_empty() && graph.nodes.len() == 1 {
            return if graph.nodes[0].bound { Vec::new() } else { vec![Step::Node(0)] };
        }
        let estimates: Vec<NodeEstimate> = (0..graph.nodes.len())
            .map(|at| {
                let (access, found) = self.access(at, matching, true);
                let used = match access {
                    Access::Scan(_) => None,
                    Access::Seek { by, .. } | Access::SeekEach { by, .. } | Access::ById { by } => Some(by),
                };
                let slot = graph.nodes[at].slot;
                let (mut share, mut found_share) = (1.0, 1.0);
                for (i, pending) in matching.pending.iter().enumerate() {
                    let Some(pending) = pending.as_ref().filter(|pending| pending.needs == [slot]) else { continue };
                    let kept = if Some(i) == used && found <= 1.0 {
                        found / cost::nodes(self.statistics, &graph.nodes[at].labels).max(1.0)
                    } else {
                        cost::share(&pending.expr)
                    };
                    share *= kept;
                    if Some(i) != used {
                        found_share *= kept;
                    }
                }
                let labels = &graph.nodes[at].labels;
                let rest = if labels.len() > 1 { cost::nodes(self.statistics, labels).min(found) } else { found };
                NodeEstimate { found: rest * found_share, work: found, share }
            })
            .collect();
        let needs: Vec<Vec<usize>> = graph.rels.iter().map(|rel| nodes_of_filter(rel, graph)).collect();
        let ready = |rel: usize, bound: &[bool]| needs[rel].iter().all(|node| bound[*node]);
        order::steps(graph, self.statistics, &estimates, &ready)
    }

    /// Returns the cheapest way to find a node by itself, and how many rows it gives. While ordering, what other nodes of
    /// the pattern give (`ordering`) is not counted on.
    fn access(&self, at: usize, matching: &Matching, ordering: bool) -> (Access, f64) {
        let node = &matching.graph.nodes[at];
        let slot = node.slot;
        let fewest = |label: &&LabelRef| label.id.map_or(0, |id| self.statistics.n_label(id));
        let mut best = match node.labels.iter().min_by_key(fewest) {
            None => (Access::Scan(None), self.statistics.n_nodes() as f64),
            Some(label) => (Access::Scan(Some(label.clone())), fewest(&label) as f64),
        };
        for (by, pending) in matching.pending.iter().enumerate() {
            let Some(pending) = pending else { continue };
            let others_bound = |other: &Slot| *other == slot || (!ordering && !matching.unbound[other.index()]);
            if !pending.needs.contains(&slot) || !pending.needs.iter().all(others_bound) {
                continue;
            }
            if let Some((key, value)) = equality(&pending.expr, slot) {
                match key {
                    Key::Id => best = (Access::ById { by }, 1.0),
                    Key::Property(_) if reads_slot(value, slot) => {}
                    Key::Property(key) => {
                        let Some(key) = key.id else { continue };
                        for label in &node.labels {
                            let Some(id) = label.id else { continue };
                            let Some(unique) = self.statistics.index(id, key) else { continue };
                            let found = cost::seek(self.statistics, id, unique);
                            if found < best.1 || matches!(best.0, Access::Scan(_)) {
                                best = (Access::Seek { by, label: label.clone(), unique }, found);
                            }
                        }
                    }
                }
            } else if let Some((key, list)) = membership(&pending.expr, slot) {
                if reads_slot(list, slot) {
                    continue;
                }
                let each = match list {
                    Expr::List(items) => items.len() as f64,
                    _ => LIST_ROWS,
                };
                match key {
                    Key::Id if each < best.1 => best = (Access::ById { by }, each),
                    Key::Id => {}
                    Key::Property(key) => {
                        let Some(key) = key.id else { continue };
                        for label in &node.labels {
                            let Some(id) = label.id else { continue };
                            let Some(unique) = self.statistics.index(id, key) else { continue };
                            let found = each * cost::seek(self.statistics, id, unique);
                            if found < best.1 {
                                best = (Access::SeekEach { by, label: label.clone(), unique }, found);
                            }
                        }
                    }
                }
            }
        }
        best
    }

    /// Finds a node by itself.
    fn find(&mut self, at: usize, matching: &mut Matching) -> Result<()> {
        let (access, _) = self.access(at, matching, false);
        let node = matching.graph.nodes[at].slot;
        let mut labels = std::mem::take(&mut matching.graph.nodes[at].labels);
        let input = Box::new(std::mem::replace(&mut matching.op, Op::Nothing));
        let carry = Vec::new;
        matching.op = match access {
            Access::Scan(label) => {
                labels.retain(|other| Some(other) != label.as_ref());
                Op::NodeScan { input, node, label, carry: carry() }
            }
            Access::Seek { by, label, unique } => {
                labels.retain(|other| *other != label);
                let pending = matching.pending[by].take().expect("the way was chosen by this predicate");
                let Some((Key::Property(key), value)) = split_equality(pending.expr, node) else {
                    unreachable!("the way was chosen by this equality")
                };
                Op::NodeSeek { input, node, label, key, value, unique, carry: carry() }
            }
            Access::SeekEach { by, label, unique } => {
                labels.retain(|other| *other != label);
                let pending = matching.pending[by].take().expect("the way was chosen by this predicate");
                let Some((Key::Property(key), list)) = split_membership(pending.expr, node) else {
                    unreachable!("the way was chosen by this membership")
                };
                let item = self.unnamed_slot(SlotKind::Value)?;
                matching.unbound.push(false);
                // A list may hold a value twice, or 1 and 1.0: each node counts once.
                let each = Op::Unwind { input: Box::new(Op::Argument), list, slot: item, carry: carry() };
                let value = Expr::Slot(item);
                let seek = Op::NodeSeek { input: Box::new(each), node, label, key, value, unique, carry: carry() };
                let inner = Op::Distinct { input: Box::new(seek), slots: vec![node], carry: carry() };
                let kind = ApplyKind::Cross { per_row: needs_rows_apart(&inner) };
                Op::Apply { input, inner: Box::new(inner), kind, carry: carry() }
            }
            Access::ById { by } => {
                let pending = matching.pending[by].take().expect("the way was chosen by this predicate");
                let ids = match membership(&pending.expr, node) {
                    Some(_) => split_membership(pending.expr, node),
                    None => split_equality(pending.expr, node),
                };
                let Some((_, ids)) = ids else { unreachable!("the way was chosen by this predicate") };
                Op::NodeById { input, node, ids, carry: carry() }
            }
        };
        matching.unbound[node.index()] = false;
        matching.test_labels(node, labels);
        Ok(())
    }

    /// Follows a relationship from one of its nodes.
    fn follow(&mut self, at: usize, from_left: bool, matching: &mut Matching) -> Result<()> {
        let unique_from = self.may_be_the_same(at, matching);
        let rel = &mut matching.graph.rels[at];
        let (from_at, to_at) = if from_left { (rel.left, rel.right) } else { (rel.right, rel.left) };
        let follow = if from_left { rel.follow } else { order::reverse(rel.follow) };
        let (slot, bound, length) = (rel.slot, rel.bound, rel.length);
        let types = std::mem::take(&mut rel.types);
        let rel_filter = rel.filter.take();
        let from = matching.graph.nodes[from_at].slot;
        let to = matching.graph.nodes[to_at].slot;
        let into = !matching.unbound[to.index()];
        let mut labels = Vec::new();
        if !into {
            labels = std::mem::take(&mut matching.graph.nodes[to_at].labels);
        }
        if let Some(filter) = &rel_filter {
            let mut early = None;
            slots::reads(filter, &mut |read| {
                if matching.unbound.get(read.index()) == Some(&true) {
                    early = Some(read);
                }
            });
            if let Some(early) = early {
                let name = &self.slots[early.index()].name;
                let message = format!(
                    "the condition of a variable-length relationship reads `{name}`, which is found only after it: \
                     test it in WHERE"
                );
                return Err(unsupported(message));
            }
        }
        if !into {
            self.drop_proven_labels(&mut labels, &types, follow, length);
        }
        let input = std::mem::replace(&mut matching.op, Op::Nothing);
        let carry = Vec::new();
        matching.op = match length {
            None => Op::Expand(Box::new(Expand {
                input,
                from,
                rel: Some(slot),
                to,
                follow,
                types: types.clone(),
                into,
                rel_bound: bound,
                unique_from,
                carry,
            })),
            Some(Length { min, max, selector: Selector::All }) => Op::VarExpand(Box::new(VarExpand {
                input,
                from,
                rels: Some(slot),
                to,
                follow,
                types: types.clone(),
                min,
                max,
                into,
                rels_bound: bound,
                reversed: !from_left,
                rel_filter,
                unique_from,
                carry,
            })),
            Some(Length { min, max, selector }) => {
                // A path is written from its left end.
                let (from, to, follow) =
                    if from_left { (from, to, follow) } else { (to, from, order::reverse(follow)) };
                Op::ShortestPath(Box::new(ShortestPath {
                    input,
                    from,
                    to,
                    rels: slot,
                    follow,
                    types: types.clone(),
                    min,
                    max,
                    all: selector == Selector::AllShortest,
                    rel_filter,
                    carry,
                }))
            }
        };
        matching.graph.rels[at].types = types;
        matching.followed.push(at);
        matching.unbound[slot.index()] = false;
        matching.unbound[to.index()] = false;
        matching.test_labels(to, labels);
        Ok(())
    }

    /// Returns the slots of relationships followed before that can hold the same relationship as this one.
    fn may_be_the_same(&mut self, at: usize, matching: &Matching) -> Vec<Slot> {
        let rels = &matching.graph.rels;
        let rel = &rels[at];
        if rel.length.is_some_and(|length| length.selector != Selector::All) {
            return Vec::new();
        }
        let mut same = Vec::new();
        for other in matching.followed.iter().map(|other| &rels[*other]) {
            if other.length.is_some_and(|length| length.selector != Selector::All) || !overlap(rel, other) {
                continue;
            }
            if self.only_loops_are_the_same(rel, other) {
                continue;
            }
            same.push(other.slot);
        }
        same
    }

    /// Returns whether both can only be the same relationship if it starts and ends at one node, and there is none such.
    fn only_loops_are_the_same(&mut self, a: &PatternRel, b: &PatternRel) -> bool {
        if self.writes || a.length.is_some() || b.length.is_some() || a.types.is_empty() || b.types.is_empty() {
            return false;
        }
        let ends = |rel: &PatternRel| match rel.follow {
            Follow::Out => Some((rel.left, rel.right)),
            Follow::In => Some((rel.right, rel.left)),
            Follow::Both => None,
        };
        let (Some((a_start, a_end)), Some((b_start, b_end))) = (ends(a), ends(b)) else { return false };
        if a_end != b_start && b_end != a_start {
            return false;
        }
        let shared = || a.types.iter().filter(|rel_type| b.types.contains(rel_type));
        if !shared().all(|rel_type| rel_type.id.is_some_and(|id| self.statistics.n_self_loops(id) == 0)) {
            return false;
        }
        let ids: Vec<_> = shared().filter_map(|rel_type| rel_type.id).collect();
        for id in ids {
            self.assume(Assumption::NoSelfLoops(id));
        }
        true
    }

    /// Drops the labels that every relationship of the types is known to lead to.
    fn drop_proven_labels(
        &mut self,
        labels: &mut Vec<LabelRef>,
        types: &[TypeRef],
        follow: Follow,
        length: Option<Length>,
    ) {
        // With no hop, the node is the one it starts from.
        if self.writes || types.is_empty() || length.is_some_and(|length| length.min == 0) {
            return;
        }
        labels.retain(|label| match label.id {
            Some(label) => !self.proves(label, types, follow),
            None => true,
        });
    }

    fn proves(&mut self, label: LabelId, types: &[TypeRef], follow: Follow) -> bool {
        let ends: &[Direction] = match follow {
            Follow::Out => &[Direction::In],
            Follow::In => &[Direction::Out],
            Follow::Both => &[Direction::In, Direction::Out],
        };
        let all = types.iter().all(|rel_type| {
            rel_type.id.is_some_and(|id| {
                let n = self.statistics.n_type(id);
                ends.iter().all(|end| self.statistics.n_type_ends(id, *end, label) == n)
            })
        });
        if all {
            for rel_type in types.iter().filter_map(|rel_type| rel_type.id) {
                for end in ends {
                    self.assume(Assumption::AllEnds { rel_type, end: *end, label });
                }
            }
        }
        all
    }

    fn assume(&mut self, assumption: Assumption) {
        if !self.assumptions.contains(&assumption) {
            self.assumptions.push(assumption);
        }
    }
}

impl Matching {
    /// Finds the left node of a relationship that is bound already.
    fn find_end(&mut self, at: usize) {
        let rel = &self.graph.rels[at];
        let end = |function| Expr::Call { function, args: vec![Expr::Slot(rel.slot)], span: Span::default() };
        let (start, end) = (end(Function::StartNode), end(Function::EndNode));
        let node = self.graph.nodes[rel.left].slot;
        let input = Box::new(std::mem::replace(&mut self.op, Op::Nothing));
        self.op = match rel.follow {
            Follow::Out => Op::Project { input, items: vec![(node, start)] },
            Follow::In => Op::Project { input, items: vec![(node, end)] },
            Follow::Both => {
                // Each end once: those of a self-loop are one.
                let is_loop = Expr::Compare(Comparison::Eq, Box::new(start.clone()), Box::new(end.clone()));
                let branches = vec![(is_loop, Expr::List(vec![start.clone()]))];
                let otherwise = Some(Box::new(Expr::List(vec![start, end])));
                let list = Expr::Case { operand: None, branches, otherwise };
                Op::Unwind { input, list, slot: node, carry: Vec::new() }
            }
        };
        self.unbound[node.index()] = false;
        let labels = std::mem::take(&mut self.graph.nodes[self.graph.rels[at].left].labels);
        self.test_labels(node, labels);
    }

    /// Tests what the pattern says of nodes that are bound already.
    fn test_bound_nodes(&mut self) {
        for at in 0..self.graph.nodes.len() {
            if !self.graph.nodes[at].bound {
                continue;
            }
            let slot = self.graph.nodes[at].slot;
            let labels = std::mem::take(&mut self.graph.nodes[at].labels);
            let alone = !self.graph.rels.iter().any(|rel| rel.left == at || rel.right == at);
            if labels.is_empty() && alone {
                self.filter(Expr::IsNotNull(Box::new(Expr::Slot(slot))));
            }
            self.test_labels(slot, labels);
        }
    }

    fn test_labels(&mut self, node: Slot, labels: Vec<LabelRef>) {
        let mut tests: Vec<LabelTest> = labels.into_iter().map(|label| LabelTest::Is(label.name)).collect();
        let test = match tests.len() {
            0 => return,
            1 => tests.remove(0),
            _ => LabelTest::And(tests),
        };
        self.filter(Expr::HasLabels(Box::new(Expr::Slot(node)), test));
    }

    /// Puts together the paths, and tests the predicates, for which all is bound.
    fn test(&mut self) {
        let mut items = Vec::new();
        let unbound = &mut self.unbound;
        self.paths.retain_mut(|(slot, path)| {
            let mut complete = true;
            slots::reads(path, &mut |read| complete &= !unbound[read.index()]);
            if complete {
                unbound[slot.index()] = false;
                items.push((*slot, std::mem::replace(path, Expr::Path(Vec::new()))));
            }
            !complete
        });
        if !items.is_empty() {
            let input = Box::new(std::mem::replace(&mut self.op, Op::Nothing));
            self.op = Op::Project { input, items };
        }
        let mut ready: Vec<Expr> = Vec::new();
        let mut late: Vec<Expr> = Vec::new();
        for pending in &mut self.pending {
            if pending.as_ref().is_some_and(|p| p.needs.iter().all(|slot| !self.unbound[slot.index()])) {
                let expr = pending.take().expect("looked at just now").expr;
                // Subqueries run for each row: what is cheaper goes first.
                if slots::has_subquery(&expr) { &mut late } else { &mut ready }.push(expr);
            }
        }
        match ready.len() {
            0 => {}
            1 => self.filter(ready.remove(0)),
            _ => self.filter(Expr::And(ready)),
        }
        for expr in late {
            self.filter(expr);
        }
    }

    fn filter(&mut self, predicate: Expr) {
        let input = Box::new(std::mem::replace(&mut self.op, Op::Nothing));
        self.op = Op::Filter { input, predicate, carry: Vec::new() };
    }
}

/// What of a node a predicate compares.
enum Key<K> {
    /// `id(n)`.
    Id,
    /// `n.key`.
    Property(K),
}

type KeyOf<'e> = Key<&'e crate::query::plan::KeyRef>;

fn key_of(e: &Expr, node: Slot) -> Option<KeyOf<'_>> {
    match e {
        Expr::Property { base, key, .. } if matches!(**base, Expr::Slot(slot) if slot == node) => {
            Some(Key::Property(key))
        }
        Expr::Call { function: Function::Id, args, .. } if matches!(args[..], [Expr::Slot(slot)] if slot == node) => {
            Some(Key::Id)
        }
        _ => None,
    }
}

/// Returns the key and the value of `key = value` or `value = key` for this node.
fn equality(e: &Expr, node: Slot) -> Option<(KeyOf<'_>, &Expr)> {
    let Expr::Compare(Comparison::Eq, left, right) = e else { return None };
    match (key_of(left, node), key_of(right, node)) {
        (Some(key), _) if !reads_slot(right, node) => Some((key, right)),
        (_, Some(key)) if !reads_slot(left, node) => Some((key, left)),
        _ => None,
    }
}

fn split_equality(e: Expr, node: Slot) -> Option<(Key<crate::query::plan::KeyRef>, Expr)> {
    let on_left = matches!(&e, Expr::Compare(Comparison::Eq, left, right)
        if key_of(left, node).is_some() && !reads_slot(right, node));
    let Expr::Compare(Comparison::Eq, left, right) = e else { return None };
    let (key, value) = if on_left { (left, right) } else { (right, left) };
    Some((own_key(*key)?, *value))
}

/// Returns the key and the list of `key IN list` for this node.
fn membership(e: &Expr, node: Slot) -> Option<(KeyOf<'_>, &Expr)> {
    let Expr::In(item, list) = e else { return None };
    Some((key_of(item, node)?, list))
}

fn split_membership(e: Expr, node: Slot) -> Option<(Key<crate::query::plan::KeyRef>, Expr)> {
    let Expr::In(item, list) = e else { return None };
    key_of(&item, node)?;
    Some((own_key(*item)?, *list))
}

fn own_key(e: Expr) -> Option<Key<crate::query::plan::KeyRef>> {
    match e {
        Expr::Property { key, .. } => Some(Key::Property(key)),
        Expr::Call { function: Function::Id, .. } => Some(Key::Id),
        _ => None,
    }
}

fn reads_slot(e: &Expr, slot: Slot) -> bool {
    let mut found = false;
    slots::reads(e, &mut |read| found |= read == slot);
    found
}

/// Returns whether a relationship could satisfy the types of both.
fn overlap(a: &PatternRel, b: &PatternRel) -> bool {
    a.types.is_empty() || b.types.is_empty() || a.types.iter().any(|rel_type| b.types.contains(rel_type))
}

/// Returns the nodes of the pattern that the relationship's own filter reads.
fn nodes_of_filter(rel: &PatternRel, graph: &PatternGraph) -> Vec<usize> {
    let mut needs = Vec::new();
    if let Some(filter) = &rel.filter {
        slots::reads(filter, &mut |slot| {
            needs.extend(graph.nodes.iter().position(|node| node.slot == slot && !node.bound));
        });
    }
    needs
}

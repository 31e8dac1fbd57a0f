//! One clause's pattern as operators: finding, following, and testing each predicate as soon as what it reads is bound.

use super::{
    Planner,
    access::Access,
    beam,
    cheapest::{self, Road},
    cost,
    order::{self, NodeEstimate, Step},
    trail, unsupported,
};
use crate::{
    Result, Span,
    query::{
        bind::{Length, PatternGraph, PatternRel, Selector},
        function::Function,
        plan::{Comparison, Expand, Expr, Follow, LabelRef, LabelTest, Named, Op, ShortestPath, Slot, VarExpand},
        search::SearchPattern,
        slots,
    },
};

/// A predicate that is not tested yet.
pub(super) struct Pending {
    pub(super) expr: Expr,
    /// Slots of this pattern that it reads.
    pub(super) needs: Vec<Slot>,
}

/// A pattern on its way to operators.
pub(super) struct Matching {
    pub(super) graph: PatternGraph,
    pub(super) pending: Vec<Option<Pending>>,
    /// Of each slot of the statement, whether this pattern has still to bind it.
    pub(super) unbound: Vec<bool>,
    /// Relationships followed so far, by their index.
    pub(super) followed: Vec<usize>,
    /// Paths not put together yet.
    paths: Vec<(Slot, Expr)>,
    /// One of the operators ranks the paths that it follows.
    pub(super) is_ranked: bool,
    pub(super) op: Op,
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
        let mut matching =
            Matching { graph, pending, unbound, followed: Vec::new(), paths, is_ranked: false, op: input };
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
        Ok(if matching.is_ranked { beam::cut(matching.op) } else { matching.op })
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
                    Access::Scan(_) | Access::Range { .. } => None,
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
                // What bounds a property is still to be tested, and counted below.
                let found_share =
                    if matches!(access, Access::Range { .. }) { found_share / cost::RANGE } else { found_share };
                let rest = if labels.len() > 1 { cost::nodes(self.statistics, labels).min(found) } else { found };
                NodeEstimate { found: rest * found_share, work: found, share }
            })
            .collect();
        let needs: Vec<Vec<usize>> = graph.rels.iter().map(|rel| nodes_of_filter(rel, graph)).collect();
        let rels: Vec<Vec<usize>> = graph.rels.iter().map(|rel| beam::rels_read(rel, graph)).collect();
        let ready = |rel: usize, nodes: &[bool], followed: &[bool]| {
            needs[rel].iter().all(|node| nodes[*node]) && rels[rel].iter().all(|other| followed[*other])
        };
        order::steps(graph, self.statistics, &estimates, &ready)
    }

    /// Follows a relationship from one of its nodes.
    fn follow(&mut self, at: usize, from_left: bool, matching: &mut Matching) -> Result<()> {
        let unique_from = self.may_be_the_same(at, matching);
        if matching.graph.rels[at].search.is_some() {
            return self.search(at, from_left, unique_from, matching);
        }
        let rel = &mut matching.graph.rels[at];
        let (from_at, to_at) = if from_left { (rel.left, rel.right) } else { (rel.right, rel.left) };
        let follow = if from_left { rel.follow } else { rel.follow.reversed() };
        let (slot, bound, length) = (rel.slot, rel.bound, rel.length);
        let types = std::mem::take(&mut rel.types);
        let rel_filter = rel.filter.take();
        let ranking = rel.attend.take();
        let cheapest = rel.cheapest.take();
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
            Some(Length { min, max, selector: Selector::All, .. }) => Op::VarExpand(Box::new(VarExpand {
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
            Some(length @ Length { selector: Selector::Cheapest, .. }) => {
                // A path is written from its left end.
                let (from, to, follow) = if from_left { (from, to, follow) } else { (to, from, follow.reversed()) };
                let road = Road { from, to, rels: slot, follow, types: types.clone(), length, rel_filter, unique_from };
                self.cheapest(cheapest, input, road, matching)?
            }
            Some(Length { min, max, selector, .. }) => {
                // A path is written from its left end.
                let (from, to, follow) = if from_left { (from, to, follow) } else { (to, from, follow.reversed()) };
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
        if let Some(ranking) = ranking {
            self.rank(*ranking, matching)?;
        }
        matching.graph.rels[at].types = types;
        matching.followed.push(at);
        matching.unbound[slot.index()] = false;
        matching.unbound[to.index()] = false;
        matching.test_labels(to, labels);
        Ok(())
    }
}

impl Matching {
    /// Marks the slots of a search as bound.
    pub(super) fn searched(&mut self, at: usize, pattern: &SearchPattern, to: Slot) {
        self.followed.push(at);
        for slot in [self.graph.rels[at].slot, to] {
            self.unbound[slot.index()] = false;
        }
        pattern.sets(&mut |slot| self.unbound[slot.index()] = false);
    }

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

    pub(super) fn test_labels(&mut self, node: Slot, labels: Vec<LabelRef>) {
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

/// Returns the nodes of the pattern that the relationship's own filter reads.
fn nodes_of_filter(rel: &PatternRel, graph: &PatternGraph) -> Vec<usize> {
    let mut needs = Vec::new();
    if let Some(filter) = &rel.filter {
        slots::reads(filter, &mut |slot| {
            needs.extend(graph.nodes.iter().position(|node| node.slot == slot && !node.bound));
        });
    }
    if let Some((attend, hops)) = rel.attend.as_deref() {
        beam::reads(attend, hops, &mut |slot| {
            needs.extend(graph.nodes.iter().position(|node| node.slot == slot && !node.bound));
        });
    }
    if let Some(cheapest) = &rel.cheapest {
        cheapest::reads(cheapest, &mut |slot| {
            needs.extend(graph.nodes.iter().position(|node| node.slot == slot && !node.bound));
        });
    }
    if let Some(search) = &rel.search {
        // Its ends it finds itself, or is told.
        let ends = [graph.nodes[rel.left].slot, graph.nodes[rel.right].slot];
        search.reads(&mut |slot| {
            if !ends.contains(&slot) {
                needs.extend(graph.nodes.iter().position(|node| node.slot == slot && !node.bound));
            }
        });
    }
    needs
}

//! `ATTEND` and `SEARCH`: what is ranked, what its expressions may see, and the columns they add.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{
    Binder, BoundClause, BoundProjection, Hidden, Kind, PatternRel, Place, Scope, Selector, Variable, aggregate::Mode,
    expr::wrong_argument, fail, kind::Element,
};
use crate::{
    Error, QueryError, Result, Span,
    model::Value,
    query::{
        ast::{self, AttendOutput},
        attend::{Attend, Chosen, Content, Lookup, Scale},
        function::Function,
        plan::{Expr, Op, Slot, SlotKind},
        slots,
    },
};

/// The name, inside the parentheses, of the node that a ranked relationship reaches.
pub(super) const NODE: &str = "NODE";

impl<'a> Binder<'a> {
    /// Binds an ATTEND, which follows the clauses of `into`.
    pub(super) fn attend(&mut self, clause: &'a ast::Attend, into: &mut Vec<BoundClause>) -> Result<()> {
        let (target, kind) = self.row_variable(&clause.target)?;
        let ends = match kind {
            Kind::Node => None,
            Kind::Relationship => Some(self.ends(&clause.target, target, into)?),
            Kind::List(Element::Relationship) => return self.attend_paths(clause, target, into),
            _ => {
                let wanted = "a node or a relationship, as ATTEND ranks";
                return Err(wrong_argument(kind, wanted, clause.target.span));
            }
        };
        refuse_of_paths(clause, ends.is_some())?;
        let content = match ends {
            None => Content::Node,
            Some((_, reached)) if clause.on_node => Content::Reached(reached),
            Some((_, reached)) => Content::Relationship(reached),
        };
        let mut per: Vec<Slot> = ends.iter().map(|(start, _)| *start).collect();
        let mut inner = vec![self.variable(&clause.target)?.clone()];
        self.per(clause, &mut per, &mut inner)?;
        if let Some((_, reached)) = ends {
            inner.insert(0, Variable { name: NODE.into(), place: Place::Slot(reached), kind: Kind::Node });
        }
        let mut attend = self.asked(clause, (target, content), per, inner)?;
        let path = path_to(target, into);
        match ends {
            Some(_) => self.default_prior(&mut attend, pattern_of(target, into))?,
            None => self.default_prior(&mut attend, path.iter().copied())?,
        }
        if attend.prior.is_some() || attend.model.is_some() || self.notes {
            attend.path = path.iter().map(|rel| rel.slot).collect();
        }
        if let Some((_, name)) = clause.outputs.iter().find(|(output, _)| *output == AttendOutput::WhyWithout) {
            attend.ways = ways_to(clause, name, into)?;
        }
        attend.outputs = self.outputs(clause)?;
        into.push(BoundClause::Attend(Box::new(attend)));
        self.ranked.add(target);
        self.ranked_filter(clause.predicate.as_ref(), into)
    }

    /// Adds the variables of PER: to what makes a group, and to what expressions inside may read.
    pub(super) fn per(&self, clause: &'a ast::Attend, per: &mut Vec<Slot>, inner: &mut Vec<Variable>) -> Result<()> {
        for name in &clause.per {
            let slot = self.row_variable(name)?.0;
            if !per.contains(&slot) {
                per.push(slot);
            }
            inner.push(self.variable(name)?.clone());
        }
        Ok(())
    }

    /// Where ATTEND does not say how much salience counts, or says null, a policy of the relationships followed may.
    pub(super) fn default_prior<'r>(
        &self,
        attend: &mut Attend,
        rels: impl Iterator<Item = &'r PatternRel>,
    ) -> Result<()> {
        let mut types = Vec::new();
        for rel in rels {
            match rel.types.as_slice() {
                [] => types.push(None),
                // A type that nothing has is not followed.
                some => types.extend(some.iter().filter(|rel_type| rel_type.id.is_some()).map(|rel_type| rel_type.id)),
            }
        }
        let Some(prior) = self.statistics.default_prior(&types)? else { return Ok(()) };
        let prior = Expr::Const(Value::Float(prior));
        attend.prior = Some(match attend.prior.take() {
            None => prior,
            Some(given @ Expr::Param(_)) => {
                Expr::Call { function: Function::Coalesce, args: vec![given, prior], span: Span::default() }
            }
            Some(given) => given,
        });
        Ok(())
    }

    /// Binds what the groups `per` are asked, with `inner` for the variables that expressions of single candidates see.
    pub(super) fn asked(
        &mut self,
        clause: &'a ast::Attend,
        (target, content): (Slot, Content),
        per: Vec<Slot>,
        inner: Vec<Variable>,
    ) -> Result<Attend> {
        self.aggregation = Mode::Forbidden("in the options of ATTEND");
        let query = match &clause.query {
            Some(query) => Some((self.expr(query)?.0, query.span)),
            None => None,
        };
        let mut spaces = Vec::with_capacity(clause.spaces.len());
        for (space, weight) in &clause.spaces {
            spaces.push((self.chosen(space)?, self.option(weight.as_ref())?));
        }
        let model = clause.model.as_ref().map(|model| self.chosen(model)).transpose()?;
        let temperature = self.option(clause.temperature.as_ref())?;
        let heads = self.option(clause.heads.as_ref())?;
        let prior = self.option(clause.prior.as_ref())?;
        let min_similarity = self.option(clause.min_similarity.as_ref())?;
        let min_weight = self.option(clause.min_weight.as_ref())?;
        let limit = self.option(clause.limit.as_ref())?;
        let mut constants: Vec<(Slot, Arc<str>)> = Vec::new();
        {
            let options = [&temperature, &heads, &prior, &min_similarity, &min_weight, &limit];
            let weights = spaces.iter().filter_map(|(_, weight)| weight.as_ref());
            let all = options.into_iter().flatten().chain(query.iter().map(|(query, _)| query)).chain(weights);
            all.for_each(|expr| self.add_constants(expr, &per, &mut constants));
        }
        let (mask, boosts, aggregates) = self.inner_expressions(clause, inner)?;
        Ok(Attend {
            input: Op::Nothing,
            target,
            content,
            per,
            distinct: clause.distinct,
            query,
            spaces,
            model,
            mask,
            temperature,
            heads,
            prior,
            min_similarity,
            min_weight,
            limit,
            boosts,
            aggregates,
            path: Vec::new(),
            ways: Vec::new(),
            notes: self.notes,
            constants,
            outputs: Vec::new(),
            sums: Vec::new(),
            scale: Scale::Weight,
            lookup: Lookup::default(),
            carry: Vec::new(),
        })
    }

    /// Adds what an option reads: it is the same in all rows of a group.
    pub(super) fn add_constants(&self, option: &Expr, per: &[Slot], constants: &mut Vec<(Slot, Arc<str>)>) {
        slots::reads(option, &mut |slot| {
            if !per.contains(&slot) && !constants.iter().any(|(known, _)| *known == slot) {
                constants.push((slot, self.slots[slot.index()].name.clone()));
            }
        });
    }

    /// Declares the columns that the clause adds, and leaves in scope what it keeps.
    pub(super) fn outputs(&mut self, clause: &'a ast::Attend) -> Result<Vec<(AttendOutput, Slot)>> {
        let mut outputs = Vec::with_capacity(clause.outputs.len());
        let mut declared = Vec::new();
        for (output, name) in &clause.outputs {
            let kind = match output {
                AttendOutput::Why | AttendOutput::WhyWithout => Kind::Map,
                AttendOutput::Hops => Kind::List(Element::Map),
                _ => Kind::Float,
            };
            self.check_new(name)?;
            let slot = self.slot(name.text.clone(), SlotKind::Value)?;
            outputs.push((*output, slot));
            declared.push(Variable { name: name.text.clone(), place: Place::Slot(slot), kind });
        }
        if clause.distinct {
            let keeps = |variable: &Variable| {
                variable.name == clause.target.text
                    || clause.per.iter().any(|name| name.text == variable.name)
                    || self.pinned.find(&variable.name).is_some()
            };
            let (kept, ended): (Vec<_>, Vec<_>) = self.scope.iter().cloned().partition(keeps);
            self.ended.extend(ended.into_iter().map(|variable| variable.name));
            self.scope = kept.into_iter().collect();
        }
        for variable in declared {
            let Place::Slot(slot) = variable.place else { continue };
            self.check_new(&ast::Name { text: variable.name.clone(), span: clause.span })?;
            self.scope.add(variable.name, slot, variable.kind);
        }
        Ok(outputs)
    }

    /// Binds a SEARCH in a vector index.
    pub(super) fn search_clause(&mut self, clause: &'a ast::Search, into: &mut Vec<BoundClause>) -> Result<()> {
        if clause.is_fulltext {
            let message = "SEARCH in a full-text index stands directly behind the MATCH that names what it finds";
            return Err(fail("InvalidClauseComposition", message, clause.span));
        }
        let (target, kind) = self.row_variable(&clause.target)?;
        if kind != Kind::Node {
            return Err(wrong_argument(kind, "a node, as SEARCH ranks", clause.target.span));
        }
        self.aggregation = Mode::Forbidden("in SEARCH");
        // The rows that came before the pattern was matched are searched for one by one.
        let matched = match into.last() {
            Some(BoundClause::Match(clause)) => clause.graph.new_slots.as_slice(),
            _ => &[],
        };
        let slot = |variable: &Variable| match variable.place {
            Place::Slot(slot) if slot != target && !matched.contains(&slot) => Some(slot),
            _ => None,
        };
        let per: Vec<Slot> = self.scope.iter().filter_map(slot).collect();
        let query = Some((self.expr(&clause.query)?.0, clause.query.span));
        let spaces = vec![(self.chosen(&clause.index)?, None)];
        let mask = clause.filter.as_ref().map(|filter| self.predicate(filter)).transpose()?;
        let limit = self.option(Some(&clause.limit))?;
        let breadth = match &clause.lookup {
            Some(ast::Lookup::Breadth(breadth)) => self.option(Some(breadth))?,
            _ => None,
        };
        let mut outputs = Vec::new();
        if let Some(name) = &clause.score {
            outputs.push((AttendOutput::Score, self.declare(name, SlotKind::Value, Kind::Float)?));
        }
        into.push(BoundClause::Attend(Box::new(Attend {
            input: Op::Nothing,
            target,
            content: Content::Node,
            per,
            distinct: false,
            query,
            spaces,
            model: None,
            mask,
            temperature: None,
            heads: None,
            prior: None,
            min_similarity: None,
            min_weight: None,
            limit,
            boosts: Vec::new(),
            aggregates: Vec::new(),
            path: Vec::new(),
            ways: Vec::new(),
            notes: false,
            constants: Vec::new(),
            outputs,
            sums: Vec::new(),
            scale: Scale::Similarity,
            lookup: Lookup { exact: matches!(clause.lookup, Some(ast::Lookup::Exact)), breadth, ..Lookup::default() },
            carry: Vec::new(),
        })));
        self.ranked_filter(clause.predicate.as_ref(), into)
    }

    /// Adds the WHERE behind: it filters ranked rows and changes no weight.
    pub(super) fn ranked_filter(
        &mut self,
        predicate: Option<&'a ast::Expr>,
        into: &mut Vec<BoundClause>,
    ) -> Result<()> {
        let Some(predicate) = predicate else { return Ok(()) };
        self.aggregation = Mode::Forbidden("in WHERE");
        let predicate = Some(self.predicate(predicate)?);
        into.push(BoundClause::Project(Box::new(BoundProjection { predicate, ..BoundProjection::default() })));
        Ok(())
    }

    /// Binds mask and boosts: they see the candidate and the variables of PER, and of the other variables only what
    /// aggregating functions make of them.
    #[expect(clippy::type_complexity, reason = "three parts of one operator")]
    fn inner_expressions(
        &mut self,
        clause: &'a ast::Attend,
        inner: Vec<Variable>,
    ) -> Result<(Option<Expr>, Vec<(Expr, Arc<str>)>, Vec<(Slot, crate::query::plan::Aggregate)>)> {
        let inner: Scope = self.pinned.iter().cloned().chain(inner).collect();
        let outer = std::mem::replace(&mut self.scope, inner);
        let hidden = self.hidden.replace(Hidden {
            scope: outer,
            detail: "AmbiguousAggregationExpression",
            message: "may differ between the rows of one candidate: name it in PER, or aggregate it, as in min(...)",
        });
        let (computed, aggregates) = (std::mem::take(&mut self.computed), std::mem::take(&mut self.aggregates));
        self.aggregation = Mode::Collected;
        let mut bind = || -> Result<_> {
            let mask = clause.mask.as_ref().map(|mask| self.predicate(mask)).transpose()?;
            let mut boosts = Vec::with_capacity(clause.boosts.len());
            let mut names = FxHashSet::default();
            for (at, (boost, name)) in clause.boosts.iter().enumerate() {
                let (expr, kind) = self.expr(boost)?;
                if !kind.may_be_number() {
                    return Err(wrong_argument(kind, "a number, as BOOST adds", boost.span));
                }
                let name = name.as_ref().map_or_else(|| format!("boost {}", at + 1).into(), |name| name.text.clone());
                if !names.insert(Arc::clone(&name)) {
                    return Err(fail("UnexpectedSyntax", format!("two boosts are named `{name}`"), boost.span));
                }
                boosts.push((expr, name));
            }
            Ok((mask, boosts))
        };
        let bound = bind();
        let collected = std::mem::replace(&mut self.aggregates, aggregates);
        self.computed = computed;
        let restored = std::mem::replace(&mut self.hidden, hidden);
        self.scope = restored.expect("it was put there").scope;
        let (mask, boosts) = bound?;
        Ok((mask, boosts, collected))
    }

    /// Binds an option that is a number for a whole group.
    pub(super) fn option(&mut self, option: Option<&'a ast::Expr>) -> Result<Option<Expr>> {
        let Some(option) = option else { return Ok(None) };
        let (expr, kind) = self.expr(option)?;
        if !kind.may_be_number() {
            return Err(wrong_argument(kind, "a number, as this option needs", option.span));
        }
        Ok(Some(expr))
    }

    fn chosen(&mut self, chosen: &ast::Chosen) -> Result<Chosen> {
        Ok(match chosen {
            ast::Chosen::Name(name) => Chosen::Name(name.text.clone(), name.span),
            ast::Chosen::Parameter(name) => Chosen::Param(self.param(&name.text)?, name.span),
        })
    }

    /// Returns the slot and kind of a variable of the row.
    pub(super) fn row_variable(&self, name: &ast::Name) -> Result<(Slot, Kind)> {
        let variable = self.variable(name)?;
        match variable.place {
            Place::Slot(slot) => Ok((slot, variable.kind)),
            Place::Local(_) => {
                Err(fail("UnexpectedSyntax", format!("`{}` is no variable of the row", name.text), name.span))
            }
        }
    }

    /// Returns the node that a relationship starts from and the one it reaches, left to right as it is written.
    fn ends(&self, name: &ast::Name, target: Slot, before: &[BoundClause]) -> Result<(Slot, Slot)> {
        let clauses =
            before.iter().rev().take_while(|clause| !matches!(clause, BoundClause::Project(p) if !p.keeps.is_empty()));
        for clause in clauses {
            let BoundClause::Match(clause) = clause else { continue };
            if let Some(rel) = clause.graph.rels.iter().find(|rel| rel.slot == target && !rel.bound) {
                return Ok((clause.graph.nodes[rel.left].slot, clause.graph.nodes[rel.right].slot));
            }
        }
        let message = format!("ATTEND on the relationship `{}` follows the MATCH that finds it", name.text);
        Err(fail("InvalidClauseComposition", message, name.span))
    }
}

/// Returns the pattern that finds the relationships of a path.
pub(super) fn pattern_of(target: Slot, before: &[BoundClause]) -> impl Iterator<Item = &PatternRel> {
    path_to(target, before).into_iter().filter(move |rel| rel.slot == target)
}

/// Returns the relationships, and lists of them, of the patterns in which the target was matched.
pub(super) fn path_to(target: Slot, before: &[BoundClause]) -> Vec<&PatternRel> {
    for clause in before.iter().rev() {
        if let BoundClause::Match(clause) = clause {
            let graph = &clause.graph;
            let has =
                graph.nodes.iter().any(|node| node.slot == target) || graph.rels.iter().any(|rel| rel.slot == target);
            if has {
                return graph.rels.iter().filter(|rel| rel.search.is_none()).collect();
            }
        }
    }
    Vec::new()
}

/// Returns the relationships, and lists of them, by which rows came to the target since the last projection: those that WHY
/// WITHOUT takes away.
fn ways_to(clause: &ast::Attend, output: &ast::Name, before: &[BoundClause]) -> Result<Vec<Slot>> {
    let refuse = |message: &str, hint: &str| {
        Err(QueryError::syntax("InvalidClauseComposition", message, output.span).hint(hint.to_owned()).into())
    };
    let mut ways = Vec::new();
    for clause in before.iter().rev() {
        match clause {
            BoundClause::Match(clause) => {
                let rels = &clause.graph.rels;
                if clause.optional {
                    return refuse(
                        "WHY WITHOUT takes relationships away, and an OPTIONAL MATCH gives rows without them too",
                        "use MATCH, or plain WHY",
                    );
                }
                let is_selected = |rel: &PatternRel| rel.length.is_some_and(|it| it.selector != Selector::All);
                if rels.iter().any(|rel| rel.search.is_some() || is_selected(rel)) {
                    return refuse(
                        "WHY WITHOUT takes relationships away, and a pattern that selects paths finds others instead",
                        "leave the selector out, or use plain WHY",
                    );
                }
                ways.extend(rels.iter().map(|rel| rel.slot));
            }
            BoundClause::Attend(_) | BoundClause::Unwind { .. } => {}
            _ => break,
        }
    }
    if ways.is_empty() {
        let message =
            format!("WHY WITHOUT tells which relationship matters most, and none leads to `{}`", clause.target.text);
        return refuse(&message, "MATCH the relationships that lead to it, or use plain WHY");
    }
    ways.dedup();
    Ok(ways)
}

/// Returns the error of WHY WITHOUT where paths are ranked.
pub(super) fn no_path_without(clause: &ast::Attend) -> Error {
    let is_it = |(output, _): &&(AttendOutput, ast::Name)| *output == AttendOutput::WhyWithout;
    let span = clause.outputs.iter().find(is_it).map_or(clause.span, |(_, name)| name.span);
    let message = "WHY WITHOUT has no meaning for a path, which is gone without any of its relationships";
    let error = QueryError::syntax("InvalidClauseComposition", message, span);
    error.hint("rank the node that it ends at, which other ways may lead to, or use plain WHY").into()
}

/// Refuses what only paths have.
fn refuse_of_paths(clause: &ast::Attend, is_relationship: bool) -> Result<()> {
    let refuse = |message: &str, hint: &str, span: Span| {
        Err(QueryError::syntax("UnexpectedSyntax", message, span).hint(hint.to_owned()).into())
    };
    if let Some(beam) = &clause.beam {
        let hint = "LIMIT keeps the best; a path is ranked as its relationships are: (a)-[r*1..3]->(b) ATTEND r";
        return refuse("BEAM is for the relationships of a path", hint, beam.span);
    }
    if let Some(span) = clause.length_norm {
        let hint = "a path is ranked as its relationships are: (a)-[r*1..3]->(b) ATTEND r";
        return refuse("LENGTH NORM is for the relationships of a path", hint, span);
    }
    if is_relationship {
        return Ok(());
    }
    if clause.on_node {
        let hint = "a node's own spaces are named without NODE: ON text";
        return refuse("ON NODE is for relationships", hint, clause.target.span);
    }
    match clause.outputs.iter().find(|(output, _)| *output == AttendOutput::Hops) {
        Some((_, name)) => {
            refuse("HOPS is for relationships", "rank the relationships that lead to the node: ATTEND r", name.span)
        }
        None => Ok(()),
    }
}

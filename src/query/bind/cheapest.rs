//! `CHEAPEST` and `COST BY`: which paths cost the least, by what their relationships cost.

use std::sync::Arc;

use super::{
    Binder, BoundClause, Kind, Length, PatternGraph, PatternRel, Place, Scope, Variable,
    aggregate::Mode,
    attend::{NODE, no_path_without, pattern_of},
    expr::wrong_argument,
    fail,
};
use crate::{
    QueryError, Result, Span,
    model::Value,
    query::{
        ast::{self, AttendOutput, ExprKind},
        attend::{Attend, Content, Lookup, Scale},
        bind::Selector,
        cheapest::{Cheapest, Given, Hop},
        plan::{Expr, Op, Slot, SlotKind},
    },
};

/// What `attention(r)` and `similarity(r)` are.
pub(super) struct OfHop {
    target: Arc<str>,
    attention: Slot,
    similarity: Slot,
    /// ATTEND ranks the relationships.
    is_ranked: bool,
}

impl<'a> Binder<'a> {
    /// Adds to a relationship pattern that only the cheapest of its paths are wanted.
    pub(super) fn cheapest(&mut self, graph: &mut PatternGraph, pattern: &'a ast::PathPattern) -> Result<()> {
        if pattern.hops.len() != 1 || pattern.is_restricted_inside() {
            let message = "CHEAPEST chooses among the paths of one relationship repeated";
            let error = QueryError::syntax("UnexpectedSyntax", message, pattern.span);
            return Err(error.hint("MATCH p = CHEAPEST 3 (a)-[r:ROAD]->+(b) COST BY r.km AS total").into());
        }
        let (count, span) = match &pattern.count {
            Some(count) => (self.expr(count)?.0, count.span),
            None => (Expr::Const(Value::Int(1)), pattern.span),
        };
        let hop = Hop {
            rel: self.unnamed_slot(SlotKind::Relationship)?,
            node: self.slot(NODE.into(), SlotKind::Node)?,
            attention: self.unnamed_slot(SlotKind::Value)?,
            similarity: self.unnamed_slot(SlotKind::Value)?,
        };
        let Some(rel) = graph.rels.last_mut() else { return Ok(()) };
        if rel.bound || rel.search.is_some() {
            let message = "CHEAPEST finds its relationships itself: one in one direction, repeated";
            return Err(fail("UnexpectedSyntax", message, pattern.span));
        }
        let cheapest = Cheapest { count, span, cost: None, hop, is_ranked: false, outputs: Vec::new() };
        rel.cheapest = Some(Box::new((unranked(hop), cheapest)));
        Ok(())
    }

    /// Binds the ATTEND between a CHEAPEST and its COST BY.
    pub(super) fn attend_cheapest(
        &mut self,
        clause: &'a ast::Attend,
        target: Slot,
        into: &mut Vec<BoundClause>,
    ) -> Result<()> {
        let refuse = |what: &str, span: Span| {
            let message = format!("{what} has no meaning for CHEAPEST, which chooses paths by their costs");
            let hint = "CHEAPEST says how many; COST BY may read attention(r) and similarity(r)";
            Err(QueryError::syntax("UnexpectedSyntax", message, span).hint(hint.to_owned()).into())
        };
        let options = [("LIMIT", &clause.limit), ("BEAM", &clause.beam), ("MIN WEIGHT", &clause.min_weight)];
        if let Some((what, option)) = options.iter().find_map(|(what, option)| Some((what, option.as_ref()?))) {
            return refuse(what, option.span);
        }
        if let Some(span) = clause.length_norm {
            return refuse("LENGTH NORM", span);
        }
        if clause.distinct {
            return refuse("DISTINCT", clause.target.span);
        }
        if let Some(name) = clause.per.first() {
            return refuse("PER", name.span);
        }
        let hop = self.cheapest_of(target, into).map(|rel| rel.1.hop).expect("the caller looked");
        let one = |name: &str, slot, kind| Variable { name: name.into(), place: Place::Slot(slot), kind };
        let inner = vec![one(NODE, hop.node, Kind::Node), one(&clause.target.text, hop.rel, Kind::Relationship)];
        let content = if clause.on_node { Content::Reached(hop.node) } else { Content::Relationship(hop.node) };
        let mut attend = self.asked(clause, (hop.rel, content), Vec::new(), inner)?;
        self.default_prior(&mut attend, pattern_of(target, into))?;
        if !attend.aggregates.is_empty() {
            let message =
                "an aggregate is of a candidate's rows, and a relationship of a path that is on its way has none";
            return Err(fail("InvalidAggregation", message, clause.span));
        }
        // Each row has a search of its own.
        attend.constants.clear();
        let outputs = self.outputs(clause)?;
        let given = outputs.iter().map(|(output, slot)| match output {
            AttendOutput::Score => Ok((Given::Score, *slot)),
            AttendOutput::Similarity => Ok((Given::Similarity, *slot)),
            AttendOutput::Logit => Ok((Given::Logit, *slot)),
            AttendOutput::Hops => Ok((Given::Hops, *slot)),
            AttendOutput::Why => Ok((Given::Why, *slot)),
            AttendOutput::WhyWithout => Err(no_path_without(clause)),
            other @ AttendOutput::Credit => {
                let message = format!("not supported yet: {} of CHEAPEST paths", other.word());
                Err(fail("UnexpectedSyntax", message, clause.span))
            }
        });
        let given = given.collect::<Result<Vec<_>>>()?;
        if let Some(found) = self.cheapest_of(target, into) {
            found.0 = attend;
            found.1.is_ranked = true;
            found.1.outputs.extend(given);
        }
        self.ranked_filter(clause.predicate.as_ref(), into)
    }

    /// Binds a COST BY.
    pub(super) fn cost_clause(&mut self, clause: &'a ast::Cost, into: &mut Vec<BoundClause>) -> Result<()> {
        let Some((target, hop, is_ranked)) = priced(into) else {
            let message = "COST BY follows the MATCH of a CHEAPEST path";
            let error = QueryError::syntax("InvalidClauseComposition", message, clause.span);
            return Err(error.hint("MATCH p = CHEAPEST 3 (a)-[r:ROAD]->+(b) COST BY r.km AS total").into());
        };
        let name = self.scope.iter().find(|variable| variable.place == Place::Slot(target)).map(|v| v.name.clone());
        let name = name.unwrap_or_else(|| " ".into());
        let own = |variable: &Variable| variable.name != name && &*variable.name != NODE;
        let one = |name: &str, slot, kind| Variable { name: name.into(), place: Place::Slot(slot), kind };
        let mut inner: Scope = self.scope.iter().filter(|variable| own(variable)).cloned().collect();
        inner.add(NODE.into(), hop.node, Kind::Node);
        if let Variable { name, place: Place::Slot(slot), kind } = one(&name, hop.rel, Kind::Relationship) {
            inner.add(name, slot, kind);
        }
        self.aggregation = Mode::Forbidden("in COST BY");
        let of_hop = |attention, similarity| OfHop { target: name.clone(), attention, similarity, is_ranked };
        self.of_hop = Some(of_hop(hop.attention, hop.similarity));
        let outer = std::mem::replace(&mut self.scope, inner);
        let cost = self.expr(&clause.cost);
        self.scope = outer;
        self.of_hop = None;
        let (cost, kind) = cost?;
        if !kind.may_be_number() {
            return Err(wrong_argument(kind, "a number, as COST BY sums", clause.cost.span));
        }
        if let Expr::Const(Value::Int(n)) = &cost
            && *n < 0
        {
            let error = QueryError::syntax("NumberOutOfRange", "a cost must be 0 or more", clause.cost.span);
            return Err(error.hint("infinity closes a road").into());
        }
        let mut outputs = Vec::new();
        if let Some(name) = &clause.name {
            outputs.push((Given::Total, self.declare(name, SlotKind::Value, Kind::Float)?));
        }
        // Behind, they are those of the whole path.
        let of_path = (self.unnamed_slot(SlotKind::Value)?, self.unnamed_slot(SlotKind::Value)?);
        if is_ranked {
            outputs.extend([(Given::Score, of_path.0), (Given::Similarity, of_path.1)]);
        }
        if let Some(found) = self.cheapest_of(target, into) {
            found.1.cost = Some((cost, clause.cost.span));
            found.1.outputs.extend(outputs);
        }
        self.of_hop = Some(of_hop(of_path.0, of_path.1));
        let filtered = self.ranked_filter(clause.predicate.as_ref(), into);
        self.of_hop = None;
        filtered
    }

    fn cheapest_of<'c>(&self, target: Slot, into: &'c mut [BoundClause]) -> Option<&'c mut (Attend, Cheapest)> {
        into.iter_mut().rev().find_map(|clause| match clause {
            BoundClause::Match(matched) => {
                let rel = matched.graph.rels.iter_mut().find(|rel| rel.slot == target)?;
                rel.cheapest.as_deref_mut()
            }
            _ => None,
        })
    }

    /// Binds `attention(r)` and `similarity(r)`.
    pub(super) fn of_hop(&self, name: &ast::Name, args: &[ast::Expr]) -> Result<Option<(Expr, Kind)>> {
        let is_attention = name.text.eq_ignore_ascii_case("attention");
        if !is_attention && !name.text.eq_ignore_ascii_case("similarity") {
            return Ok(None);
        }
        let refuse = |message: String, hint: &str| {
            Err(QueryError::syntax("UnknownFunction", message, name.span).hint(hint.to_owned()).into())
        };
        let Some(of) = &self.of_hop else {
            return refuse(
                format!("`{}` exists only in COST BY and the WHERE behind it", name.text),
                "elsewhere an output of ATTEND says it: SIMILARITY AS s",
            );
        };
        match args {
            [ast::Expr { kind: ExprKind::Variable(variable), .. }] if variable.text == of.target => {}
            _ => {
                return refuse(
                    format!("`{}` is of the relationship of the path", name.text),
                    &format!("write {}({})", name.text, of.target),
                );
            }
        }
        if !of.is_ranked {
            return refuse(
                format!("`{}` needs the relationships to be ranked", name.text),
                "put ATTEND r IN (FOR $q) between MATCH and COST BY",
            );
        }
        Ok(Some((Expr::Slot(if is_attention { of.attention } else { of.similarity }), Kind::Float)))
    }
}

/// Returns the cheapest path of the MATCH before, if there is one without costs yet: its list of relationships, its slots, and whether it
/// is ranked.
fn priced(into: &[BoundClause]) -> Option<(Slot, Hop, bool)> {
    let is_filter = |clause: &&BoundClause| matches!(clause, BoundClause::Project(p) if p.keeps.is_empty());
    let clause = into.iter().rev().find(|clause| !is_filter(clause))?;
    let BoundClause::Match(matched) = clause else { return None };
    matched.graph.rels.iter().find_map(|rel| {
        let cheapest = &rel.cheapest.as_ref()?.1;
        cheapest.cost.is_none().then_some((rel.slot, cheapest.hop, cheapest.is_ranked))
    })
}

/// Returns whether only the cheapest paths of a relationship pattern are wanted.
pub(super) fn is_cheapest(rel: &PatternRel) -> bool {
    matches!(rel.length, Some(Length { selector: Selector::Cheapest, .. }))
}

/// Returns what is asked where nothing is.
fn unranked(hop: Hop) -> Attend {
    Attend {
        input: Op::Nothing,
        target: hop.rel,
        content: Content::Relationship(hop.node),
        per: Vec::new(),
        distinct: false,
        query: None,
        spaces: Vec::new(),
        model: None,
        mask: None,
        temperature: None,
        heads: None,
        prior: None,
        min_similarity: None,
        min_weight: None,
        limit: None,
        boosts: Vec::new(),
        aggregates: Vec::new(),
        path: Vec::new(),
        ways: Vec::new(),
        notes: false,
        constants: Vec::new(),
        outputs: Vec::new(),
        sums: Vec::new(),
        scale: Scale::Weight,
        lookup: Lookup::default(),
        carry: Vec::new(),
    }
}

//! `ATTEND` on the relationships of a path: it becomes a part of the pattern that finds the path.

use super::{
    Binder, BoundClause, Kind, Length, PatternRel, Place, Selector, Variable,
    attend::{NODE, no_path_without, pattern_of},
    cheapest::is_cheapest,
    expr::wrong_argument,
    fail,
};
use crate::{
    QueryError, Result, Span,
    model::Value,
    query::{
        ast,
        attend::{AttendOutput, Content},
        beam::Hops,
        plan::{Expr, Slot, SlotKind},
    },
};

impl<'a> Binder<'a> {
    /// Binds an ATTEND whose target is the list of relationships of a path.
    pub(super) fn attend_paths(
        &mut self,
        clause: &'a ast::Attend,
        target: Slot,
        into: &mut Vec<BoundClause>,
    ) -> Result<()> {
        if let Some(BoundClause::Match(matched)) = into.last()
            && matched.graph.rels.iter().any(|rel| rel.slot == target && is_cheapest(rel))
        {
            return self.attend_cheapest(clause, target, into);
        }
        let start = self.start_of(&clause.target, target, into)?;
        if clause.outputs.iter().any(|(output, _)| *output == AttendOutput::WhyWithout) {
            return Err(no_path_without(clause));
        }
        if let Some(name) = clause.per.iter().find(|name| name.text == clause.target.text) {
            let message = format!("PER names what is ranked: `{}`", name.text);
            return Err(fail("UnexpectedSyntax", message, name.span));
        }
        let rel = self.slot(clause.target.text.clone(), SlotKind::Relationship)?;
        let node = self.slot(NODE.into(), SlotKind::Node)?;
        let numbers = (self.unnamed_slot(SlotKind::Value)?, self.unnamed_slot(SlotKind::Value)?);
        let one = |name: &str, slot, kind| Variable { name: name.into(), place: Place::Slot(slot), kind };
        let mut per = vec![start];
        let mut inner = vec![one(NODE, node, Kind::Node), one(&clause.target.text, rel, Kind::Relationship)];
        self.per(clause, &mut per, &mut inner)?;
        let content = if clause.on_node { Content::Reached(node) } else { Content::Relationship(node) };
        let mut attend = self.asked(clause, (rel, content), per, inner)?;
        self.default_prior(&mut attend, pattern_of(target, into))?;
        if !attend.aggregates.is_empty() {
            let message =
                "an aggregate is of a candidate's rows, and a relationship of a path that is on its way has none";
            return Err(fail("InvalidAggregation", message, clause.span));
        }
        let beam = self.beam(clause.beam.as_ref())?;
        if let Some(beam) = &beam {
            self.add_constants(beam, &attend.per, &mut attend.constants);
        }
        attend.outputs = self.outputs(clause)?;
        let hops = Hops { rel, node, beam, length_norm: clause.length_norm.is_some(), numbers };
        if let Some(BoundClause::Match(matched)) = into.last_mut()
            && let Some(found) = matched.graph.rels.iter_mut().find(|rel| rel.slot == target)
        {
            if let Some(filter) = &found.filter {
                self.add_constants(filter, &attend.per, &mut attend.constants);
            }
            found.attend = Some(Box::new((attend, hops)));
        }
        self.ranked_filter(clause.predicate.as_ref(), into)
    }

    /// Returns the node that the paths start from, where ATTEND can rank them.
    fn start_of(&self, name: &ast::Name, target: Slot, before: &[BoundClause]) -> Result<Slot> {
        let refuse = |message: String, hint: &str| {
            Err(QueryError::syntax("InvalidClauseComposition", message, name.span).hint(hint.to_owned()).into())
        };
        let text = &name.text;
        let is_it = |rel: &PatternRel| {
            !rel.bound
                && (rel.slot == target
                    || rel.search.as_ref().is_some_and(|s| s.parts.iter().any(|part| part.slot == target)))
        };
        let found = |clause: &BoundClause| matches!(clause, BoundClause::Match(m) if m.graph.rels.iter().any(is_it));
        let graph = match before.last() {
            Some(BoundClause::Match(matched)) if matched.graph.rels.iter().any(is_it) => &matched.graph,
            _ if before.iter().any(found) => {
                return refuse(
                    format!(
                        "ATTEND on the path `{text}` comes right behind its MATCH: the path is ranked while it is followed"
                    ),
                    "put it before the other clauses; what ATTEND ranks after it sees what it left",
                );
            }
            _ => {
                return refuse(
                    format!("ATTEND on the path `{text}` follows the MATCH that finds it"),
                    "MATCH (a)-[r:TYPE*1..3]->(b) ATTEND r IN (...)",
                );
            }
        };
        let rel = graph.rels.iter().find(|rel| is_it(rel)).expect("the guard looked");
        let selects = rel.length.is_some_and(|length| length.selector != Selector::All);
        match (&rel.search, rel.length) {
            _ if selects || rel.search.as_ref().is_some_and(|search| search.select.is_some()) => refuse(
                format!(
                    "`{text}` is selected by the number of its relationships, and ATTEND ranks paths by their weights"
                ),
                "leave the selector out: LIMIT keeps the best paths",
            ),
            (Some(_), _) => refuse(
                format!("not supported yet: ATTEND on `{text}`, a pattern that is searched as a whole"),
                "rank one relationship repeated in one direction, without a path mode: (a)-[r:TYPE]->{1,3}(b) ATTEND r",
            ),
            (None, None | Some(Length { .. })) => match graph.rels.iter().find(|rel| rel.attend.is_some()) {
                Some(_) => refuse(
                    "one path of a MATCH is ranked already".to_owned(),
                    "find the other in a MATCH of its own, behind this one",
                ),
                None => Ok(graph.nodes[rel.left].slot),
            },
        }
    }

    /// Binds the widths of a beam.
    fn beam(&mut self, beam: Option<&'a ast::Expr>) -> Result<Option<Expr>> {
        let Some(beam) = beam else { return Ok(None) };
        let (expr, kind) = self.expr(beam)?;
        if !kind.may_be_number() && !kind.may_be_list() {
            return Err(wrong_argument(kind, "an integer or a list of integers, as BEAM takes", beam.span));
        }
        check_beam(&expr, beam.span)?;
        Ok(Some(expr))
    }
}

/// Fails where a beam that is known now keeps nothing.
fn check_beam(beam: &Expr, span: Span) -> Result<()> {
    let wrong = |what: String| {
        let message = format!("BEAM keeps 1 path or more, not {what}");
        let hint = "BEAM 32 keeps the best 32 at each step, BEAM [64, 32, 16] fewer from step to step";
        Err(QueryError::syntax("NumberOutOfRange", message, span).hint(hint.to_owned()).into())
    };
    match beam {
        Expr::Const(Value::Int(n)) if *n < 1 => wrong(n.to_string()),
        Expr::Const(Value::Float(x)) => wrong(x.to_string()),
        Expr::Const(Value::List(items)) if items.is_empty() => wrong("an empty list".to_owned()),
        Expr::Const(Value::List(items)) => {
            items.iter().try_for_each(|item| check_beam(&Expr::Const(item.clone()), span))
        }
        Expr::List(items) if items.is_empty() => wrong("an empty list".to_owned()),
        Expr::List(items) => items.iter().try_for_each(|item| check_beam(item, span)),
        Expr::Negate(inner) => match &**inner {
            Expr::Const(number @ (Value::Int(_) | Value::Float(_))) => wrong(format!("-{number}")),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

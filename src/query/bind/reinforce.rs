//! `REINFORCE`: feedback to what an `ATTEND` of the same clauses returned.

use super::{Binder, BoundClause, Kind, aggregate::Mode, attend::path_to, cheapest::is_cheapest, expr::wrong_argument};
use crate::{
    QueryError, Result,
    query::{
        ast::{self, AttendOutput},
        attend::Scale,
        plan::{Expr, SetItem, Slot, SlotKind},
    },
};

impl<'a> Binder<'a> {
    /// Binds a REINFORCE: the ATTEND that ranked its target gets one more output, what led to each candidate.
    pub(super) fn reinforce(&mut self, clause: &'a ast::Reinforce, into: &mut [BoundClause]) -> Result<BoundClause> {
        let (target, _) = self.row_variable(&clause.target)?;
        let unnamed = self.unnamed_slot(SlotKind::Value)?;
        let credit = credit_of(&clause.target, target, unnamed, into)?;
        self.aggregation = Mode::Forbidden("in REINFORCE");
        let (reward, kind) = self.expr(&clause.reward)?;
        if kind == Kind::Null || !kind.may_be_number() {
            return Err(wrong_argument(kind, "a number from -1 to 1, as a reward is", clause.reward.span));
        }
        let credit = Expr::Slot(credit);
        Ok(BoundClause::Set(vec![SetItem::Reinforce { credit, reward, span: clause.reward.span }]))
    }
}

/// Returns the slot with the credit of what was ranked: `new`, if none has it yet.
fn credit_of(name: &ast::Name, target: Slot, new: Slot, into: &mut [BoundClause]) -> Result<Slot> {
    let refuse = |message: String, hint: String| {
        Err(QueryError::syntax("InvalidClauseComposition", message, name.span).hint(hint).into())
    };
    let text = &name.text;
    for at in (0..into.len()).rev() {
        let (before, here) = into.split_at_mut(at);
        let outputs = match &mut here[0] {
            BoundClause::Project(projection) if !projection.keeps.is_empty() => break,
            BoundClause::Attend(attend) if attend.target == target && attend.scale == Scale::Weight => {
                if attend.path.is_empty() {
                    attend.path = path_to(target, before).into_iter().map(|rel| rel.slot).collect();
                }
                &mut attend.outputs
            }
            BoundClause::Match(matched) => {
                let rels = &mut matched.graph.rels;
                if rels.iter().any(|rel| rel.slot == target && is_cheapest(rel)) {
                    return refuse(
                        format!("`{text}` was chosen by its costs, not by attention"),
                        "REINFORCE is for what ATTEND returns".to_owned(),
                    );
                }
                match rels.iter_mut().find(|rel| rel.slot == target).and_then(|rel| rel.attend.as_deref_mut()) {
                    Some((attend, _)) => &mut attend.outputs,
                    None => continue,
                }
            }
            _ => continue,
        };
        return Ok(match outputs.iter().find(|(output, _)| *output == AttendOutput::Credit) {
            Some((_, slot)) => *slot,
            None => {
                outputs.push((AttendOutput::Credit, new));
                new
            }
        });
    }
    refuse(
        format!("`{text}` was not attended: REINFORCE follows the ATTEND that ranks it"),
        format!("ATTEND {text} IN (...) REINFORCE {text} BY 0.5, with no WITH between"),
    )
}

//! WITH and RETURN: what is computed, grouped, ordered and kept, and the scope afterwards.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{
    Aggregation, Binder, BoundProjection, Column, Computed, Hidden, Kind, Place, Scope, Variable,
    aggregate::{self, Mode},
    expr::wrong_argument,
    fail, same,
};
use crate::{
    Result,
    model::Value,
    query::{
        ast::{self, ExprKind},
        plan::{Expr, Slot, SlotKind, SortKey},
    },
};

impl<'a> Binder<'a> {
    /// Binds a projection. The scope afterwards is what it keeps.
    pub(super) fn projection(
        &mut self,
        projection: &'a ast::Projection,
        predicate: Option<&'a ast::Expr>,
        is_with: bool,
    ) -> Result<(BoundProjection, Vec<Column>)> {
        let mut bound = BoundProjection::default();
        let aggregating: Vec<bool> = projection.items.iter().map(|item| aggregate::aggregates(&item.expr)).collect();
        let aggregates = aggregating.contains(&true);
        let mut columns = Vec::with_capacity(projection.items.len());
        if projection.star {
            self.star(projection, is_with, &mut columns)?;
        }
        let star_len = columns.len();
        self.check_names(projection, &columns, is_with)?;

        self.aggregation = Mode::Forbidden("here");
        let mut keys: Vec<(Slot, Expr)> =
            if aggregates { columns.iter().map(|c| (c.slot, Expr::Slot(c.slot))).collect() } else { Vec::new() };
        let mut computed = Vec::new();
        for (item, aggregating) in projection.items.iter().zip(&aggregating) {
            // Aggregating items come after all keys; until then they keep their place.
            let (mut slot, mut kind) = (Slot(u16::MAX), Kind::Any);
            if !aggregating {
                let (expr, expr_kind) = self.expr(&item.expr)?;
                kind = expr_kind;
                (slot, _) = match expr {
                    Expr::Slot(slot) => {
                        if aggregates && !keys.iter().any(|(key, _)| *key == slot) {
                            keys.push((slot, Expr::Slot(slot)));
                        }
                        (slot, ())
                    }
                    expr => {
                        let slot = self.slot(item.column.clone(), kind.slot())?;
                        if aggregates { &mut keys } else { &mut bound.items }.push((slot, expr));
                        (slot, ())
                    }
                };
                computed.push(Computed { expr: &item.expr, slot, kind });
            }
            columns.push(Column { name: item.column.clone(), slot, kind });
        }
        let before = std::mem::take(&mut self.scope);
        if aggregates {
            let aggregation = self.aggregating_items(
                projection,
                &aggregating,
                keys,
                &mut columns[star_len..],
                &mut computed,
                &before,
            )?;
            bound.aggregation = Some(aggregation);
        }
        bound.keeps = columns.iter().map(|column| column.slot).collect();
        if projection.distinct {
            let mut slots = bound.keeps.clone();
            slots.sort_unstable();
            slots.dedup();
            bound.distinct = Some(slots);
        }
        bound.is_wrapped = aggregates && self.pinned.len() > 0 && (is_with || self.reads_pinned(projection));
        let pinned = self.pinned.iter().filter(|_| is_with).cloned();
        let kept = columns.iter().map(|column| Variable {
            name: column.name.clone(),
            place: Place::Slot(column.slot),
            kind: column.kind,
        });
        let after: Scope = pinned.chain(kept).collect();
        if is_with {
            self.ended
                .extend(before.iter().map(|variable| variable.name.clone()).filter(|name| after.find(name).is_none()));
        }
        let barrier = aggregates || projection.distinct;
        let computed = self.order(projection, &mut bound, computed, &before, &after, barrier, aggregates)?;
        self.scope = Scope::default();
        bound.skip = projection.skip.as_ref().map(|count| self.count_of_rows(count, "SKIP")).transpose()?;
        bound.limit = projection.limit.as_ref().map(|count| self.count_of_rows(count, "LIMIT")).transpose()?;
        if let Some(predicate) = predicate {
            self.scope = if barrier { after.clone() } else { before.iter().chain(after.iter()).cloned().collect() };
            self.aggregation = Mode::Forbidden("in WHERE");
            let outer = std::mem::replace(&mut self.computed, computed);
            bound.predicate = Some(self.predicate(predicate)?);
            self.computed = outer;
        }
        self.scope = after;
        if is_with {
            check_aliases(projection)?;
        }
        Ok((bound, columns))
    }

    /// Binds ORDER BY, SKIP and LIMIT as a clause: the scope stays as it is.
    pub(super) fn page(&mut self, page: &'a ast::Page) -> Result<BoundProjection> {
        let mut bound = BoundProjection::default();
        for item in &page.order {
            self.aggregation = Mode::Forbidden("in ORDER BY");
            bound.order.push(SortKey { expr: self.expr(&item.expr)?.0, descending: item.descending });
        }
        bound.skip = page.skip.as_ref().map(|count| self.count_of_rows(count, "SKIP")).transpose()?;
        bound.limit = page.limit.as_ref().map(|count| self.count_of_rows(count, "LIMIT")).transpose()?;
        Ok(bound)
    }

    fn star(&self, projection: &ast::Projection, is_with: bool, columns: &mut Vec<Column>) -> Result<()> {
        for variable in self.scope.iter() {
            let is_pinned = self.pinned.iter().any(|pinned| pinned.name == variable.name);
            if let (Place::Slot(slot), false) = (variable.place, is_pinned) {
                columns.retain(|column: &Column| column.name != variable.name);
                columns.push(Column { name: variable.name.clone(), slot, kind: variable.kind });
            }
        }
        // By name, as the TCK has it: the order does not depend on how the pattern was written.
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        if columns.is_empty() && projection.items.is_empty() && !is_with {
            return Err(fail(
                "NoVariablesInScope",
                "`*` stands for all variables, and there are none",
                projection.span,
            ));
        }
        Ok(())
    }

    /// Checks that columns have names, and different ones.
    fn check_names(&self, projection: &ast::Projection, star: &[Column], is_with: bool) -> Result<()> {
        let mut seen: FxHashSet<&str> = star.iter().map(|column| &*column.name).collect();
        for item in &projection.items {
            let is_new = seen.insert(&item.column);
            if is_with && item.alias.is_none() && !matches!(item.expr.kind, ExprKind::Variable(_)) {
                // What an unnamed item is wrong about inside comes first.
                continue;
            }
            if !is_new {
                let message = format!("two columns have the name `{}`", item.column);
                return Err(fail("ColumnNameConflict", message, item.span));
            }
        }
        Ok(())
    }

    /// Returns whether an item that aggregates reads, beside its aggregating functions, what comes from outside a subquery.
    fn reads_pinned(&self, projection: &ast::Projection) -> bool {
        let mut reads = false;
        for item in projection.items.iter().filter(|item| aggregate::aggregates(&item.expr)) {
            if aggregate::is_aggregate(&item.expr) {
                continue;
            }
            same::walk(&item.expr, &mut |inner| {
                reads |= match &inner.kind {
                    ExprKind::Variable(name) => self.pinned.find(&name.text).is_some(),
                    ExprKind::MapProjection { subject, .. } => self.pinned.find(&subject.text).is_some(),
                    ExprKind::Exists(_) | ExprKind::Count(_) | ExprKind::Collect(_) => true,
                    ExprKind::Pattern(_) | ExprKind::PatternComprehension { .. } => true,
                    _ => false,
                };
            });
        }
        reads
    }

    /// Binds the items that aggregate.
    fn aggregating_items(
        &mut self,
        projection: &'a ast::Projection,
        aggregating: &[bool],
        keys: Vec<(Slot, Expr)>,
        columns: &mut [Column],
        computed: &mut Vec<Computed<'a>>,
        before: &Scope,
    ) -> Result<Aggregation> {
        // What an item may use beside aggregates: variables that are keys, and properties that are.
        self.scope = before
            .iter()
            .filter(|variable| {
                let is_key = keys.iter().any(|(key, expr)| {
                    matches!(expr, Expr::Slot(slot) if slot == key) && variable.place == Place::Slot(*key)
                });
                // What comes from outside a subquery is the same for all rows of a run of it.
                is_key
                    || self.pinned.iter().any(|pinned| pinned.name == variable.name && pinned.place == variable.place)
            })
            .cloned()
            .collect();
        self.hidden = Some(Hidden {
            scope: before.clone(),
            detail: "AmbiguousAggregationExpression",
            message: "is used beside an aggregating function, but is not one of the projection's other items: \
                      project it first with WITH",
        });
        let outer_aggregates = std::mem::take(&mut self.aggregates);
        let outer_computed = std::mem::replace(&mut self.computed, std::mem::take(computed));
        self.computed_simple = true;
        let mut after = Vec::new();
        let bound = self.with_aggregation(Mode::Collected, |binder| {
            for ((item, aggregating), column) in projection.items.iter().zip(aggregating).zip(columns) {
                if !aggregating {
                    continue;
                }
                let (expr, kind) = binder.expr(&item.expr)?;
                column.kind = kind;
                column.slot = match expr {
                    Expr::Slot(slot) if aggregate::is_aggregate(&item.expr) => {
                        binder.slots[slot.index()].name = item.column.clone();
                        slot
                    }
                    expr => {
                        let slot = binder.slot(item.column.clone(), SlotKind::Value)?;
                        after.push((slot, expr));
                        binder.computed.push(Computed { expr: &item.expr, slot, kind });
                        slot
                    }
                };
            }
            Ok(())
        });
        self.hidden = None;
        self.computed_simple = false;
        *computed = std::mem::replace(&mut self.computed, outer_computed);
        let aggregates = std::mem::replace(&mut self.aggregates, outer_aggregates);
        bound?;
        Ok(Aggregation { keys, aggregates, after })
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one projection, taken apart nowhere else")]
    fn order(
        &mut self,
        projection: &'a ast::Projection,
        bound: &mut BoundProjection,
        computed: Vec<Computed<'a>>,
        before: &Scope,
        after: &Scope,
        barrier: bool,
        aggregates: bool,
    ) -> Result<Vec<Computed<'a>>> {
        if projection.order.is_empty() {
            return Ok(computed);
        }
        self.scope = if barrier { after.clone() } else { before.iter().chain(after.iter()).cloned().collect() };
        let mentioned = if aggregates { mentioned_by_keys(projection, before) } else { Scope::default() };
        let outer = std::mem::replace(&mut self.computed, computed);
        for item in &projection.order {
            let mixed = aggregate::aggregates(&item.expr);
            self.computed_simple = mixed && !aggregate::is_aggregate(&item.expr);
            self.hidden = (mixed && aggregates).then(|| Hidden {
                scope: mentioned.clone(),
                detail: "AmbiguousAggregationExpression",
                message: "is used beside an aggregating function in ORDER BY, but is not projected by itself",
            });
            self.aggregation = Mode::Forbidden("in ORDER BY unless it is projected");
            let key = self.expr(&item.expr);
            self.hidden = None;
            self.computed_simple = false;
            bound.order.push(SortKey { expr: key?.0, descending: item.descending });
        }
        Ok(std::mem::replace(&mut self.computed, outer))
    }

    /// Binds the count of SKIP or LIMIT, which is the same for all rows.
    fn count_of_rows(&mut self, e: &'a ast::Expr, clause: &str) -> Result<Expr> {
        let mut variable = None;
        same::walk(e, &mut |inner| {
            if let ExprKind::Variable(name) = &inner.kind {
                variable.get_or_insert(name);
            }
        });
        if let Some(name) = variable {
            let message = format!("{clause} must be the same for all rows, and `{}` is a variable", name.text);
            return Err(fail("NonConstantExpression", message, e.span));
        }
        self.aggregation = Mode::Forbidden("in SKIP and LIMIT");
        let (expr, kind) = self.expr(e)?;
        if let Expr::Const(Value::Int(n)) = expr
            && n < 0
        {
            let message = format!("{clause} must not be negative, and is {n}");
            return Err(fail("NegativeIntegerArgument", message, e.span));
        }
        if matches!(expr, Expr::Const(Value::Null)) || !kind.may_be(&[Kind::Int, Kind::Number]) {
            return Err(wrong_argument(kind, &format!("an integer, as {clause} needs"), e.span));
        }
        Ok(expr)
    }
}

/// Checks that everything a WITH computes has a name.
fn check_aliases(projection: &ast::Projection) -> Result<()> {
    let named = |item: &ast::Item| item.alias.is_some() || matches!(item.expr.kind, ExprKind::Variable(_));
    match projection.items.iter().find(|item| !named(item)) {
        Some(item) => {
            let message = format!("`{}` in WITH has no name: add `AS name`", item.column);
            Err(fail("NoExpressionAlias", message, item.span))
        }
        None => Ok(()),
    }
}

/// Returns the variables that grouping keys mention.
fn mentioned_by_keys(projection: &ast::Projection, before: &Scope) -> Scope {
    let mut names: FxHashSet<&Arc<str>> = FxHashSet::default();
    for item in projection.items.iter().filter(|item| !aggregate::aggregates(&item.expr)) {
        same::walk(&item.expr, &mut |inner| {
            if let ExprKind::Variable(name) = &inner.kind {
                names.insert(&name.text);
            }
        });
    }
    before.iter().filter(|variable| names.contains(&variable.name)).cloned().collect()
}

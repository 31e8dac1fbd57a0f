//! Queries and their reading clauses.

use super::{
    Binder, BoundClause, BoundMatch, BoundProjection, BoundQuery, BoundSingle, Column, Kind, Scope, aggregate::Mode,
    bound::BoundUnion, expr::wrong_argument, fail, pattern::NewVariables,
};
use crate::{
    QueryError, Result, Span,
    model::Value,
    query::{
        ast::{self, Clause},
        function::Function,
        plan::{Arithmetic, Expr, SlotKind},
        procedure::Procedure,
        suggest,
    },
};

impl<'a> Binder<'a> {
    /// Binds a query in the scope at hand, which it leaves as it was.
    pub(super) fn query(&mut self, query: &'a ast::Query) -> Result<BoundQuery> {
        self.query_importing(query, false)
    }

    /// As [`Binder::query`]; with `by_with`, a part sees the scope at hand only through a WITH that begins it.
    pub(super) fn query_importing(&mut self, query: &'a ast::Query, by_with: bool) -> Result<BoundQuery> {
        let mut parts = Vec::with_capacity(query.parts.len());
        let scope = std::mem::take(&mut self.scope);
        let steps_before = self.n_steps;
        let mut steps_most = steps_before;
        for part in &query.parts {
            self.n_steps = steps_before;
            let imports = !by_with || matches!(part.clauses.first(), Some(Clause::With(_)));
            self.scope = if imports { scope.clone() } else { Scope::default() };
            parts.push(self.single(part)?);
            steps_most = steps_most.max(self.n_steps);
        }
        self.n_steps = steps_most;
        self.scope = scope;
        let first: &BoundSingle = parts.first().expect("the parser gives at least one single query");
        let mut columns = first.columns.clone();
        if parts.len() == 1 {
            return Ok(BoundQuery { parts, union: None, columns });
        }
        for (part, written) in parts.iter_mut().zip(&query.parts).skip(1) {
            // Names decide which columns belong together, not their order.
            let mut ordered = Vec::with_capacity(columns.len());
            for column in &columns {
                ordered.extend(part.columns.iter().find(|other| other.name == column.name).cloned());
            }
            if ordered.len() != columns.len() || part.columns.len() != columns.len() {
                let names =
                    |columns: &[Column]| columns.iter().map(|column| &*column.name).collect::<Vec<_>>().join(", ");
                let message = format!(
                    "the parts of a UNION have different columns: ({}) and ({})",
                    names(&columns),
                    names(&part.columns)
                );
                return Err(fail("DifferentColumnsInUnion", message, written.span));
            }
            part.columns = ordered;
        }
        for (i, column) in columns.iter_mut().enumerate() {
            let slot_kind = |part: &BoundSingle| self.slots[part.columns[i].slot.index()].kind;
            let first = slot_kind(&parts[0]);
            let same = parts.iter().all(|part| slot_kind(part) == first);
            let kind = parts.iter().map(|part| part.columns[i].kind).reduce(Kind::join);
            column.kind = kind.expect("there are at least two parts");
            column.slot = self.slot(column.name.clone(), if same { first } else { SlotKind::Value })?;
        }
        let into = columns.iter().map(|column| column.slot).collect();
        let distinct = query.union == ast::Union::Distinct;
        Ok(BoundQuery { parts, union: Some(BoundUnion { distinct, into }), columns })
    }

    fn single(&mut self, single: &'a ast::SingleQuery) -> Result<BoundSingle> {
        let ranked = std::mem::take(&mut self.ranked);
        let bound = self.single_ranked(single);
        self.ranked = ranked;
        bound
    }

    /// As [`Binder::single`], with nothing ranked before.
    fn single_ranked(&mut self, single: &'a ast::SingleQuery) -> Result<BoundSingle> {
        let mut clauses = Vec::with_capacity(single.clauses.len());
        let mut columns = Vec::new();
        let mut was_create = false;
        let mut written = single.clauses.iter().peekable();
        while let Some(clause) = written.next() {
            if let (Clause::Match(matched), Some(Clause::Search(search))) = (clause, written.peek())
                && search.is_fulltext
            {
                written.next();
                self.count_step()?;
                self.at_moment(matched.as_of.as_ref(), &mut clauses, |binder, into| {
                    binder.matched_search(matched, search, into)
                })?;
                was_create = false;
                continue;
            }
            // Planning makes one operator of neighbouring CREATEs.
            let is_create = matches!(clause, Clause::Create(_));
            if !(is_create && was_create) {
                self.count_step()?;
            }
            was_create = is_create;
            self.clause(clause, &mut clauses, &mut columns)?;
        }
        Ok(BoundSingle { clauses, columns })
    }

    /// Binds one clause after the others.
    pub(super) fn clause(
        &mut self,
        clause: &'a Clause,
        into: &mut Vec<BoundClause>,
        columns: &mut Vec<Column>,
    ) -> Result<()> {
        self.aggregation = Mode::Forbidden("here: only WITH and RETURN aggregate");
        let bound = match clause {
            Clause::Match(clause) => BoundClause::Match(
                self.at_moment(clause.as_of.as_ref(), into, |binder, _| binder.match_clause(clause))?,
            ),
            Clause::Unwind(clause) => self.unwind(&clause.list, &clause.variable)?,
            Clause::With(clause) => {
                let (projection, _) = self.projection(&clause.projection, clause.predicate.as_ref(), true)?;
                self.settle_sums(into);
                BoundClause::Project(Box::new(projection))
            }
            Clause::Return(clause) => {
                let (projection, returned) = self.projection(clause, None, false)?;
                self.settle_sums(into);
                *columns = returned;
                BoundClause::Project(Box::new(projection))
            }
            Clause::Create(clause) => BoundClause::Create(self.create(&clause.patterns)?),
            Clause::Merge(clause) => self.merge(clause)?,
            Clause::Set(clause) => BoundClause::Set(self.set_items(&clause.items)?),
            Clause::Remove(clause) => BoundClause::Set(self.remove_items(&clause.items)?),
            Clause::Delete(clause) => self.delete(clause)?,
            Clause::Foreach(clause) => self.foreach(clause)?,
            Clause::LoadCsv(clause) => {
                let (url, kind) = self.expr(&clause.file)?;
                if !kind.may_be(&[Kind::String]) {
                    return Err(wrong_argument(kind, "a string, as the name of a file must be", clause.file.span));
                }
                let separator = clause.separator.unwrap_or(',');
                let delimiter = u8::try_from(separator).ok().filter(u8::is_ascii).ok_or_else(|| {
                    let message = format!("the field terminator must be one ASCII character, not `{separator}`");
                    fail("InvalidArgumentType", message, clause.span)
                })?;
                let kind = if clause.headers { Kind::Map } else { Kind::List(super::kind::Element::Any) };
                let slot = self.declare(&clause.variable, SlotKind::Value, kind)?;
                BoundClause::LoadCsv { url, with_headers: clause.headers, delimiter, slot }
            }
            Clause::Let(clause) => self.r#let(clause)?,
            Clause::Filter(clause) => {
                self.aggregation = Mode::Forbidden("in FILTER");
                let predicate = Some(self.predicate(&clause.predicate)?);
                BoundClause::Project(Box::new(BoundProjection { predicate, ..BoundProjection::default() }))
            }
            Clause::For(clause) => self.r#for(clause, into)?,
            Clause::Page(clause) => BoundClause::Project(Box::new(self.page(clause)?)),
            Clause::Finish(_) => return Ok(()),
            Clause::Attend(clause) => return self.attend(clause, into),
            Clause::Search(clause) => return self.search_clause(clause, into),
            Clause::Cost(clause) => return self.cost_clause(clause, into),
            Clause::Reinforce(clause) => self.reinforce(clause, into)?,
            Clause::Call(clause) => self.procedure(clause, columns)?,
            Clause::Subquery(clause) => self.call_subquery(clause)?,
        };
        into.push(bound);
        Ok(())
    }

    /// Binds a LET; its items see the variables before it only.
    fn r#let(&mut self, clause: &'a ast::Let) -> Result<BoundClause> {
        self.aggregation = Mode::Forbidden("in LET");
        let mut items = Vec::with_capacity(clause.items.len());
        let mut variables = Vec::with_capacity(clause.items.len());
        for (name, value) in &clause.items {
            let (value, kind) = self.expr(value)?;
            let slot = match value {
                Expr::Slot(slot) => slot,
                value => {
                    let slot = self.slot(name.text.clone(), kind.slot())?;
                    items.push((slot, value));
                    slot
                }
            };
            variables.push((name, slot, kind));
        }
        for (name, slot, kind) in variables {
            self.check_new(name)?;
            self.scope.add(name.text.clone(), slot, kind);
        }
        Ok(BoundClause::Project(Box::new(BoundProjection { items, ..BoundProjection::default() })))
    }

    fn unwind(&mut self, list: &'a ast::Expr, variable: &ast::Name) -> Result<BoundClause> {
        let (list, kind) = self.expr(list)?;
        let element = if kind.may_be_list() { kind.element() } else { kind };
        let slot = self.declare(variable, SlotKind::Value, element)?;
        Ok(BoundClause::Unwind { list, slot })
    }

    /// Binds a FOR, which is an UNWIND. With an index, the places are counted and the items looked up.
    fn r#for(&mut self, clause: &'a ast::For, into: &mut Vec<BoundClause>) -> Result<BoundClause> {
        let Some((index, first_place)) = &clause.index else {
            return self.unwind(&clause.list, &clause.variable);
        };
        let (list, kind) = self.list(&clause.list)?;
        let project = |items| BoundClause::Project(Box::new(BoundProjection { items, ..BoundProjection::default() }));
        let call = |function, args| Expr::Call { function, args, span: clause.list.span };
        let int = |n| Expr::Const(Value::Int(n));
        let items = self.unnamed_slot(SlotKind::Value)?;
        into.push(project(vec![(items, list)]));
        // No list has no places.
        let length = call(Function::Coalesce, vec![call(Function::Size, vec![Expr::Slot(items)]), int(0)]);
        let last = subtract(length, int(1), clause.span);
        let at = self.unnamed_slot(SlotKind::Value)?;
        into.push(BoundClause::Unwind { list: call(Function::Range, vec![int(0), last]), slot: at });
        let item = Expr::Index { base: Box::new(Expr::Slot(items)), index: Box::new(Expr::Slot(at)) };
        let variable = self.declare(&clause.variable, SlotKind::Value, kind.element())?;
        let place = self.declare(index, SlotKind::Value, Kind::Int)?;
        let counted = subtract(Expr::Slot(at), int(-first_place), clause.span);
        Ok(project(vec![(variable, item), (place, counted)]))
    }

    /// Binds a MATCH; its new variables are in scope afterwards.
    pub(super) fn match_clause(&mut self, clause: &'a ast::Match) -> Result<BoundMatch> {
        let mut graph = self.pattern_graph(&clause.patterns, NewVariables::Declared, clause.repeatable)?;
        if let Some(predicate) = &clause.predicate {
            self.aggregation = Mode::Forbidden("in WHERE");
            self.conjuncts(predicate, &mut graph.predicates)?;
        }
        Ok(BoundMatch { optional: clause.optional, graph })
    }

    fn procedure(&mut self, clause: &'a ast::Call, columns: &mut Vec<Column>) -> Result<BoundClause> {
        let name = &clause.procedure;
        let Some(procedure) = self.procedures.find(&name.text) else {
            let mut error = QueryError::compile(
                "42001",
                "ProcedureError",
                "ProcedureNotFound",
                format!("there is no procedure `{}`", name.text),
                name.span,
            );
            let known = self.procedures.all();
            if let Some(hint) = suggest::hint(&name.text, known.iter().map(|known| &**known.name())) {
                error = error.hint(hint);
            }
            return Err(error.into());
        };
        let args = match &clause.args {
            Some(args) => self.procedure_args(&procedure, args, name.span)?,
            None if clause.standalone || procedure.args().is_empty() => {
                procedure.args().iter().map(|arg| Ok(Expr::Param(self.param(&arg.name)?))).collect::<Result<_>>()?
            }
            None => {
                let message = format!("`{}` takes arguments: {}", procedure.name(), procedure.signature());
                return Err(fail("InvalidArgumentPassingMode", message, name.span));
            }
        };
        let mut yields = Vec::new();
        let mut keep = |binder: &mut Self, at: usize, variable: &ast::Name| -> Result<()> {
            let kind = procedure.outputs()[at].value_type.kind();
            let slot = binder.declare(variable, SlotKind::Value, kind)?;
            yields.push((at, slot));
            if clause.standalone {
                columns.push(Column { name: variable.text.clone(), slot, kind });
            }
            Ok(())
        };
        match &clause.yields {
            ast::Yield::Items(items) => {
                for item in items {
                    let at = procedure.outputs().iter().position(|output| output.name == item.output.text);
                    let Some(at) = at else { return Err(unknown_output(&procedure, &item.output)) };
                    keep(self, at, item.alias.as_ref().unwrap_or(&item.output))?;
                }
            }
            ast::Yield::All(_) | ast::Yield::Absent if clause.standalone => {
                for (at, output) in procedure.outputs().iter().enumerate() {
                    keep(self, at, &ast::Name { text: output.name.clone(), span: clause.span })?;
                }
            }
            ast::Yield::All(span) => {
                let message = "`YIELD *` is for a call that is the whole query: name the outputs";
                return Err(fail("UnexpectedSyntax", message, *span));
            }
            ast::Yield::Absent => {}
        }
        self.aggregation = Mode::Forbidden("in WHERE");
        let mut tests = self.held_output(&procedure, &mut yields)?;
        tests.extend(clause.predicate.as_ref().map(|predicate| self.predicate(predicate)).transpose()?);
        let predicate = if tests.len() < 2 { tests.pop() } else { Some(Expr::And(tests)) };
        Ok(BoundClause::Procedure { optional: clause.optional, procedure, args, yields, predicate })
    }

    fn procedure_args(&mut self, procedure: &Procedure, args: &'a [ast::Expr], span: Span) -> Result<Vec<Expr>> {
        let wanted = procedure.args();
        if !(procedure.n_required()..=wanted.len()).contains(&args.len()) {
            let (n, s) = (wanted.len(), if wanted.len() == 1 { "" } else { "s" });
            let n = match procedure.n_required() {
                least if least < n => format!("{least} to {n}"),
                _ => n.to_string(),
            };
            let message = format!("`{}` takes {n} argument{s}, not {}", procedure.name(), args.len());
            let error = QueryError::syntax("InvalidNumberOfArguments", message, span);
            return Err(error.hint(procedure.signature()).into());
        }
        self.aggregation = Mode::Forbidden("in the arguments of a procedure");
        let mut bound = Vec::with_capacity(args.len());
        for (arg, wanted) in args.iter().zip(wanted) {
            let (expr, kind) = self.expr(arg)?;
            if !wanted.value_type.admits(kind) {
                let message = format!(
                    "`{}` of `{}` is {}, not {}",
                    wanted.name,
                    procedure.name(),
                    wanted.value_type,
                    kind.name()
                );
                return Err(fail("InvalidArgumentType", message, arg.span));
            }
            bound.push(expr);
        }
        bound.resize(wanted.len(), Expr::Const(Value::Null));
        Ok(bound)
    }
}

fn subtract(left: Expr, right: Expr, span: Span) -> Expr {
    Expr::Arithmetic { op: Arithmetic::Sub, left: Box::new(left), right: Box::new(right), span }
}

fn unknown_output(procedure: &Procedure, name: &ast::Name) -> crate::Error {
    let message = format!("procedure `{}` yields no `{}`", procedure.name(), name.text);
    let mut error = QueryError::syntax("UndefinedVariable", message, name.span);
    if let Some(hint) = suggest::hint(&name.text, procedure.outputs().iter().map(|output| &*output.name)) {
        error = error.hint(hint);
    }
    error.into()
}

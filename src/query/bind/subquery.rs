//! Queries and patterns inside expressions, and `CALL { }`.

use super::{
    Binder, BoundClause, Kind, Place, aggregate::Mode, already_bound, expr::Typed, fail, pattern::NewVariables,
};
use crate::{
    Result,
    query::{
        ast::{self, PathSelector},
        bind::{BoundProjection, BoundQuery, PatternGraph},
        function::Function,
        optimize,
        plan::{Expr, Op, Slot, SlotKind, SubqueryKind},
        planner,
    },
};

impl<'a> Binder<'a> {
    /// Binds what is inside an expression's subquery: variables of comprehensions around it become slots, which the
    /// second result sets.
    pub(super) fn inside<T>(&mut self, bind: impl FnOnce(&mut Self) -> Result<T>) -> Result<(T, Vec<(Slot, Expr)>)> {
        let mut inputs = Vec::new();
        let mut scope = self.scope.clone();
        for variable in scope.iter_mut() {
            if let Place::Local(local) = variable.place {
                let slot = self.slot(variable.name.clone(), SlotKind::Value)?;
                inputs.push((slot, Expr::Local(local)));
                variable.place = Place::Slot(slot);
            }
        }
        let pinned = std::mem::replace(&mut self.pinned, scope.clone());
        let outer_scope = std::mem::replace(&mut self.scope, scope);
        let n_locals = std::mem::take(&mut self.n_locals);
        let computed = std::mem::take(&mut self.computed);
        let computed_simple = std::mem::take(&mut self.computed_simple);
        let aggregates = std::mem::take(&mut self.aggregates);
        let aggregation = std::mem::replace(&mut self.aggregation, Mode::Forbidden("in a pattern"));
        let bound = bind(self);
        self.scope = outer_scope;
        self.pinned = pinned;
        self.n_locals = n_locals;
        self.computed = computed;
        self.computed_simple = computed_simple;
        self.aggregates = aggregates;
        self.aggregation = aggregation;
        Ok((bound?, inputs))
    }

    /// Binds a pattern that is true where it matches.
    pub(super) fn pattern_predicate(&mut self, pattern: &'a ast::PathPattern) -> Result<Expr> {
        if let Some(name) = &pattern.variable {
            return Err(self.undefined_path(name));
        }
        let (graph, inputs) =
            self.inside(|binder| binder.pattern_graph(std::slice::from_ref(pattern), NewVariables::Refused, false))?;
        let inner = Box::new(self.plan_graph(graph)?);
        Ok(Expr::Subquery { inner, inputs, kind: SubqueryKind::Exists, once: false })
    }

    fn undefined_path(&self, name: &ast::Name) -> crate::Error {
        let message = format!("a pattern used as a predicate cannot bind the path variable `{}`", name.text);
        fail("UnexpectedSyntax", message, name.span)
    }

    /// Binds `shortestPath(...)` and `allShortestPaths(...)` as values.
    pub(super) fn shortest_path(&mut self, pattern: &'a ast::PathPattern) -> Result<Typed> {
        let ((graph, path), inputs) = self.inside(|binder| {
            let mut graph = binder.pattern_graph(std::slice::from_ref(pattern), NewVariables::Refused, false)?;
            let path = binder.unnamed_slot(SlotKind::Path)?;
            let rel = &graph.rels[0];
            let steps = vec![graph.nodes[rel.left].slot, rel.slot, graph.nodes[rel.right].slot];
            graph.paths.push((path, Expr::Path(steps)));
            graph.new_slots.push(path);
            Ok((graph, path))
        })?;
        let inner = Box::new(self.plan_graph(graph)?);
        let kind = SubqueryKind::Collect(Box::new(Expr::Slot(path)));
        let paths = Expr::Subquery { inner, inputs, kind, once: false };
        Ok(if pattern.selector == PathSelector::Shortest {
            (Expr::Call { function: Function::Head, args: vec![paths], span: pattern.span }, Kind::Path)
        } else {
            (paths, Kind::Path.listed())
        })
    }

    /// Binds `EXISTS { }`.
    pub(super) fn exists(&mut self, query: &'a ast::Query) -> Result<Expr> {
        let (inner, inputs, _) = self.inner_query(query, "EXISTS")?;
        Ok(Expr::Subquery { inner, inputs, kind: SubqueryKind::Exists, once: false })
    }

    /// Binds `COUNT { }`.
    pub(super) fn count(&mut self, query: &'a ast::Query) -> Result<Expr> {
        let (inner, inputs, _) = self.inner_query(query, "COUNT")?;
        Ok(Expr::Subquery { inner, inputs, kind: SubqueryKind::Count, once: false })
    }

    /// Binds `COLLECT { }`.
    pub(super) fn collect(&mut self, query: &'a ast::Query) -> Result<Typed> {
        let (inner, inputs, columns) = self.inner_query(query, "COLLECT")?;
        let [(slot, kind)] = columns[..] else {
            let message = format!("COLLECT needs a query with one column, not {}", columns.len());
            return Err(fail("InvalidClauseComposition", message, query.span));
        };
        let collect = SubqueryKind::Collect(Box::new(Expr::Slot(slot)));
        // The list may be empty, and then its elements are of any kind; nothing is wrong with what is said of them.
        Ok((Expr::Subquery { inner, inputs, kind: collect, once: false }, kind.listed()))
    }

    #[expect(clippy::type_complexity, reason = "the parts of one expression, put together by the callers above")]
    fn inner_query(
        &mut self,
        query: &'a ast::Query,
        what: &str,
    ) -> Result<(Box<Op>, Vec<(Slot, Expr)>, Vec<(Slot, Kind)>)> {
        if super::writes(query, self.procedures) {
            let message = format!("a query in {what} {{ }} only reads");
            return Err(fail("InvalidClauseComposition", message, query.span));
        }
        let (bound, inputs) = self.inside(|binder| binder.query(query))?;
        let columns = bound.columns.iter().map(|column| (column.slot, column.kind)).collect();
        Ok((Box::new(self.plan_inner(bound)?), inputs, columns))
    }

    /// Binds `[pattern WHERE predicate | result]`.
    pub(super) fn pattern_comprehension(
        &mut self,
        pattern: &'a ast::PathPattern,
        predicate: Option<&'a ast::Expr>,
        result: &'a ast::Expr,
    ) -> Result<Typed> {
        let ((graph, result, kind), inputs) = self.inside(|binder| {
            let mut graph = binder.pattern_graph(std::slice::from_ref(pattern), NewVariables::Declared, false)?;
            if let Some(predicate) = predicate {
                binder.conjuncts(predicate, &mut graph.predicates)?;
            }
            let (result, kind) = binder.expr(result)?;
            Ok((graph, result, kind))
        })?;
        let inner = Box::new(self.plan_graph(graph)?);
        let collect = SubqueryKind::Collect(Box::new(result));
        Ok((Expr::Subquery { inner, inputs, kind: collect, once: false }, kind.listed()))
    }

    /// Binds `CALL { }`: its columns are new variables.
    pub(super) fn call_subquery(&mut self, clause: &'a ast::Subquery) -> Result<BoundClause> {
        let outer = self.scope.clone();
        let pinned = std::mem::take(&mut self.pinned);
        let mut query = match &clause.imports {
            None => self.query_importing(&clause.query, true)?,
            Some(ast::Imports::All) => {
                self.pinned = outer.clone();
                self.query(&clause.query)?
            }
            Some(ast::Imports::Names(names)) => {
                let mut scope = super::Scope::default();
                for name in names {
                    let variable = self.variable(name)?;
                    if let Place::Slot(slot) = variable.place {
                        scope.add(name.text.clone(), slot, variable.kind);
                    }
                }
                self.pinned = scope.clone();
                self.scope = scope;
                self.query(&clause.query)?
            }
        };
        self.scope = outer;
        self.pinned = pinned;
        if clause.optional {
            self.copy_outer_columns(&mut query)?;
        }
        for column in &query.columns {
            if self.scope.find(&column.name).is_some() {
                return Err(already_bound(&ast::Name { text: column.name.clone(), span: clause.span }));
            }
            self.scope.add(column.name.clone(), column.slot, column.kind);
        }
        let unit = query.columns.is_empty();
        if unit && !super::writes(&clause.query, self.procedures) {
            let message = "a query in CALL { } must end with RETURN, unless it changes the graph";
            return Err(fail("InvalidClauseComposition", message, clause.span));
        }
        Ok(BoundClause::Subquery { optional: clause.optional, query, unit })
    }

    /// Gives columns that are variables of the scope at hand slots of their own, so that they can become null alone.
    fn copy_outer_columns(&mut self, query: &mut BoundQuery) -> Result<()> {
        let (BoundQuery { parts, union: None, columns }, scope) = (query, &self.scope) else { return Ok(()) };
        let outer: Vec<Slot> = scope
            .iter()
            .filter_map(|variable| match variable.place {
                Place::Slot(slot) => Some(slot),
                Place::Local(_) => None,
            })
            .collect();
        let mut items = Vec::new();
        for column in columns.iter_mut().filter(|column| outer.contains(&column.slot)) {
            let slot = self.slot(column.name.clone(), SlotKind::Value)?;
            items.push((slot, Expr::Slot(std::mem::replace(&mut column.slot, slot))));
        }
        if !items.is_empty() {
            let copies = BoundProjection { items, ..BoundProjection::default() };
            parts[0].clauses.push(BoundClause::Project(Box::new(copies)));
        }
        Ok(())
    }

    pub(super) fn plan_graph(&mut self, graph: PatternGraph) -> Result<Op> {
        self.planner().pattern(graph)
    }

    fn plan_inner(&mut self, mut query: BoundQuery) -> Result<Op> {
        optimize::clauses(&mut query, &self.slots, self.rules);
        self.planner().inner(query)
    }

    fn planner(&mut self) -> planner::Planner<'_> {
        planner::Planner::new(self.statistics, &mut self.slots, &mut self.assumptions, self.writes)
    }
}

//! Queries and their clauses.

use super::Printer;
use crate::query::{
    ast::{
        AsOf, Call, Clause, Create, Delete, Expr, Filter, For, Foreach, Imports, Let, LoadCsv, Match, Merge, Name,
        Page, Projection, Query, Remove, RemoveItem, Set, SetItem, SingleQuery, SortItem, Subquery, Union, Unwind,
        With, Yield, YieldItem,
    },
    stack::with_some_room,
};

impl Printer {
    pub(super) fn query(&mut self, query: &Query) {
        with_some_room(|| self.query_here(query));
    }

    fn query_here(&mut self, query: &Query) {
        let alone = query.parts.len() == 1;
        for (at, part) in query.parts.iter().enumerate() {
            if at > 0 {
                self.put(if query.union == Union::All { " UNION ALL " } else { " UNION " });
            }
            if alone || next_at(&part.clauses).is_none() {
                self.single_query(part);
            } else {
                // Behind `NEXT` would stand the whole union.
                self.inside(["{ ", " }"], false, false, |printer| printer.single_query(part));
            }
        }
    }

    /// Prints the clauses, with `NEXT` where without it two would be read as one.
    fn single_query(&mut self, part: &SingleQuery) {
        let mut rest = &part.clauses[..];
        while let Some(at) = next_at(rest) {
            self.clauses(&rest[..at]);
            if at > 0 {
                self.blank();
            }
            match &rest[at] {
                Clause::With(with) => {
                    self.put("RETURN ");
                    self.projection(&with.projection);
                }
                Clause::Subquery(subquery) => self.query(&subquery.query),
                other => unreachable!("{other:?} does not end what stands before NEXT"),
            }
            self.put(" NEXT ");
            rest = &rest[at + 1..];
        }
        self.clauses(rest);
    }

    fn clauses(&mut self, clauses: &[Clause]) {
        for (at, clause) in clauses.iter().enumerate() {
            if at > 0 {
                self.blank();
            }
            self.clause(clause);
        }
    }

    fn clause(&mut self, clause: &Clause) {
        match clause {
            Clause::Match(clause) => self.r#match(clause),
            Clause::Unwind(Unwind { list, variable, .. }) => {
                self.put("UNWIND ");
                self.expr(list);
                self.alias(variable);
            }
            Clause::With(With { projection, predicate, .. }) => {
                self.put("WITH ");
                self.projection(projection);
                self.r#where(predicate.as_ref());
            }
            Clause::Return(projection) => {
                self.put("RETURN ");
                self.projection(projection);
            }
            Clause::Create(Create { patterns, .. }) => {
                self.put("CREATE ");
                self.list(patterns, Self::path);
            }
            Clause::Merge(clause) => self.merge(clause),
            Clause::Set(Set { items, .. }) => {
                self.put("SET ");
                self.list(items, Self::set_item);
            }
            Clause::Remove(Remove { items, .. }) => {
                self.put("REMOVE ");
                self.list(items, Self::remove_item);
            }
            Clause::Delete(Delete { detach, exprs, .. }) => {
                self.put(if *detach { "DETACH DELETE " } else { "DELETE " });
                self.list(exprs, Self::expr);
            }
            Clause::Call(clause) => self.call(clause),
            Clause::Subquery(clause) => self.subquery(clause),
            Clause::Foreach(clause) => self.foreach(clause),
            Clause::LoadCsv(clause) => self.load_csv(clause),
            Clause::Let(Let { items, .. }) => {
                self.put("LET ");
                self.list(items, |printer, (name, value)| {
                    printer.name(name);
                    printer.put(" = ");
                    printer.expr(value);
                });
            }
            Clause::Filter(Filter { predicate, .. }) => {
                self.put("FILTER ");
                self.predicate_of(predicate);
            }
            Clause::For(clause) => self.r#for(clause),
            Clause::Page(Page { order, skip, limit, .. }) => self.page(order, skip.as_ref(), limit.as_ref()),
            Clause::Finish(_) => self.put("FINISH"),
            Clause::Attend(clause) => self.attend(clause),
            Clause::Search(clause) => self.search(clause),
            Clause::Cost(clause) => self.cost(clause),
            Clause::Reinforce(clause) => {
                self.put("REINFORCE ");
                self.name(&clause.target);
                self.put(" BY ");
                self.expr(&clause.reward);
            }
        }
    }

    fn r#match(&mut self, clause: &Match) {
        let Match { optional, repeatable, patterns, as_of, predicate, .. } = clause;
        self.put(if *optional { "OPTIONAL MATCH " } else { "MATCH " });
        self.put(if *repeatable { "REPEATABLE ELEMENTS " } else { "" });
        self.list(patterns, Self::path);
        match as_of {
            Some(AsOf::At(time)) => {
                self.put(" AT TIME ");
                self.expr(time);
            }
            Some(AsOf::Any) => self.put(" AT ANY TIME"),
            None => {}
        }
        self.r#where(predicate.as_ref());
    }

    /// Prints ` WHERE predicate`, where there is one.
    pub(super) fn r#where(&mut self, predicate: Option<&Expr>) {
        if let Some(predicate) = predicate {
            self.blank();
            self.put("WHERE ");
            self.predicate_of(predicate);
        }
    }

    /// Prints ` AS name`.
    pub(super) fn alias(&mut self, name: &Name) {
        self.put(" AS ");
        self.name(name);
    }

    /// Prints what stands behind `WITH` or `RETURN`.
    pub(super) fn projection(&mut self, projection: &Projection) {
        let Projection { distinct, star, items, order, skip, limit, .. } = projection;
        self.put(if *distinct { "DISTINCT " } else { "" });
        if *star {
            self.put(if items.is_empty() { "*" } else { "*, " });
        }
        self.list(items, |printer, item| {
            printer.expr(&item.expr);
            item.alias.iter().for_each(|alias| printer.alias(alias));
        });
        if !order.is_empty() || skip.is_some() || limit.is_some() {
            self.put(" ");
        }
        self.page(order, skip.as_ref(), limit.as_ref());
    }

    pub(super) fn page(&mut self, order: &[SortItem], skip: Option<&Expr>, limit: Option<&Expr>) {
        if !order.is_empty() {
            self.put("ORDER BY ");
            self.list(order, |printer, key| {
                printer.expr(&key.expr);
                printer.put(if key.descending { " DESC" } else { "" });
            });
        }
        if let Some(skip) = skip {
            self.put(if order.is_empty() { "SKIP " } else { " SKIP " });
            self.expr(skip);
        }
        if let Some(limit) = limit {
            self.put(if order.is_empty() && skip.is_none() { "LIMIT " } else { " LIMIT " });
            self.expr(limit);
        }
    }

    fn merge(&mut self, clause: &Merge) {
        let Merge { pattern, on_create, on_match, .. } = clause;
        self.put("MERGE ");
        self.path(pattern);
        for (when, items) in [(" ON CREATE SET ", on_create), (" ON MATCH SET ", on_match)] {
            if !items.is_empty() {
                self.put(when);
                self.list(items, Self::set_item);
            }
        }
    }

    fn set_item(&mut self, item: &SetItem) {
        let value = match item {
            SetItem::Property { target, key, value, .. } => {
                self.owner(target);
                self.put(".");
                self.key(key);
                self.put(" = ");
                value
            }
            SetItem::Dynamic { target, key, value, .. } => {
                self.owner(target);
                self.inside(["[", "]"], true, false, |printer| printer.expr(key));
                self.put(" = ");
                value
            }
            SetItem::Replace { variable, value, .. } => {
                self.name(variable);
                self.put(" = ");
                value
            }
            SetItem::Merge { variable, value, .. } => {
                self.name(variable);
                self.put(" += ");
                value
            }
            SetItem::Salience { variable, value, .. } => {
                self.put("SALIENCE ");
                self.name(variable);
                self.put(" = ");
                value
            }
            SetItem::Labels { variable, labels, .. } => return self.label_names(variable, labels),
        };
        self.expr(value);
    }

    fn remove_item(&mut self, item: &RemoveItem) {
        match item {
            RemoveItem::Dynamic { target, key, .. } => {
                self.owner(target);
                self.inside(["[", "]"], true, false, |printer| printer.expr(key));
            }
            RemoveItem::Property { target, key, .. } => {
                self.owner(target);
                self.put(".");
                self.key(key);
            }
            RemoveItem::Labels { variable, labels, .. } => self.label_names(variable, labels),
        }
    }

    /// Prints `n:A:B`.
    fn label_names(&mut self, variable: &Name, labels: &[Name]) {
        self.name(variable);
        for label in labels {
            self.put(":");
            self.key(label);
        }
    }

    fn call(&mut self, clause: &Call) {
        let Call { optional, procedure, args, yields, predicate, .. } = clause;
        self.put(if *optional { "OPTIONAL CALL " } else { "CALL " });
        self.dotted(procedure);
        if let Some(args) = args {
            self.inside(["(", ")"], false, false, |printer| printer.list(args, Self::expr));
        }
        match yields {
            Yield::Absent => {}
            Yield::All(_) => self.put(" YIELD *"),
            Yield::Items(items) if items.is_empty() => self.put(" YIELD -"),
            Yield::Items(items) => {
                self.put(" YIELD ");
                self.list(items, Self::yield_item);
            }
        }
        self.r#where(predicate.as_ref());
    }

    pub(super) fn yield_item(&mut self, item: &YieldItem) {
        self.name(&item.output);
        item.alias.iter().for_each(|alias| self.alias(alias));
    }

    fn subquery(&mut self, clause: &Subquery) {
        let Subquery { optional, imports, query, .. } = clause;
        self.put(if *optional { "OPTIONAL CALL " } else { "CALL " });
        match imports {
            None => {}
            Some(Imports::All) => self.put("(*) "),
            Some(Imports::Names(names)) => {
                self.inside(["(", ") "], false, false, |printer| printer.list(names, Self::name));
            }
        }
        self.inside(["{ ", " }"], false, false, |printer| printer.query(query));
    }

    fn foreach(&mut self, clause: &Foreach) {
        let Foreach { variable, list, clauses, .. } = clause;
        self.put("FOREACH ");
        self.inside(["(", ")"], true, false, |printer| {
            printer.name(variable);
            printer.put(" IN ");
            printer.expr(list);
            printer.put(" | ");
            with_some_room(|| printer.clauses(clauses));
        });
    }

    fn load_csv(&mut self, clause: &LoadCsv) {
        let LoadCsv { headers, file, variable, separator, .. } = clause;
        self.put(if *headers { "LOAD CSV WITH HEADERS FROM " } else { "LOAD CSV FROM " });
        self.expr(file);
        self.alias(variable);
        if let Some(separator) = separator {
            self.put(" FIELDTERMINATOR ");
            self.string(separator.encode_utf8(&mut [0; 4]));
        }
    }

    fn r#for(&mut self, clause: &For) {
        let For { variable, list, index, .. } = clause;
        self.put("FOR ");
        self.name(variable);
        self.put(" IN ");
        self.expr(list);
        if let Some((name, first)) = index {
            self.put(if *first == 0 { " WITH OFFSET " } else { " WITH ORDINALITY " });
            self.name(name);
        }
    }
}

/// Returns the first clause that is told from the one behind it by `NEXT`: a projection behind which a page stands that
/// would be its own, or what comes before a call whose outputs are columns although it is not alone.
fn next_at(clauses: &[Clause]) -> Option<usize> {
    clauses.windows(2).position(|pair| match (&pair[0], &pair[1]) {
        (_, Clause::Call(Call { standalone: true, .. })) => true,
        (Clause::With(With { projection, predicate: None, .. }), Clause::Page(page)) => {
            let last = rank([projection.limit.is_some(), projection.skip.is_some(), !projection.order.is_empty()]);
            let first = 4 - rank([!page.order.is_empty(), page.skip.is_some(), page.limit.is_some()]);
            last < first
        }
        _ => false,
    })
}

/// Returns the number of the first that is there, counted from the end beginning with 1; 0 where none is.
fn rank(there: [bool; 3]) -> usize {
    there.iter().position(|is| *is).map_or(0, |at| 3 - at)
}

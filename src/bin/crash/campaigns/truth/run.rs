//! Runs queries clause by clause, each on all rows of the one before.

use super::{
    ast::{Clause, E, Projection, Query},
    eval::{Fault, Reference, Result, Row, set, with},
    matching::group_vars,
    value::V,
};

/// Rows beyond which a query is left out.
const ROWS_MAX: usize = 6_000;

/// What a query answers.
#[derive(Debug)]
pub(super) struct Answer {
    /// Groups of rows: groups are in order, the rows of each in any.
    pub(super) groups: Vec<Vec<Vec<V>>>,
    /// Where rows were cut off among equals: how many are returned, out of the one group.
    pub(super) cut: Option<usize>,
}

impl Reference<'_> {
    /// Answers a query.
    pub(super) fn answer(&self, query: &Query) -> Result<Answer> {
        if let [(_, part)] = &query.0[..]
            && !matches!(part[..], [Clause::When(..)])
        {
            let Some((Clause::Return(last), before)) = part.split_last() else { return Err(Fault::Invalid) };
            let rows = self.clauses(before, vec![Row::new()], &Row::new())?;
            return self.last(last, rows);
        }
        let rows = self.union(query, &Row::new())?;
        Ok(Answer { groups: vec![rows.into_iter().map(|(_, values)| values).collect()], cut: None })
    }

    /// Runs the last projection, and keeps what is known of the order.
    fn last(&self, projection: &Projection, rows: Vec<Row>) -> Result<Answer> {
        let columns: Vec<usize> = projection.items.iter().map(|(_, v)| *v).collect();
        let made = self.project(projection, rows, &Row::new())?;
        let n = made.len();
        let from = projection.skip.unwrap_or(0).min(n);
        let to = projection.limit.map_or(n, |limit| from.saturating_add(limit).min(n));
        let values = |row: &Row| columns.iter().map(|v| row[*v].clone().unwrap_or(V::Null)).collect::<Vec<V>>();
        if self.is_cut(&made, from) || self.is_cut(&made, to) {
            return Ok(Answer {
                groups: vec![made.iter().map(|made| values(&made.after)).collect()],
                cut: Some(to - from),
            });
        }
        let mut groups: Vec<Vec<Vec<V>>> = Vec::new();
        for at in from..to {
            if at == from || order(&made[at - 1].keys, &made[at].keys).is_ne() {
                groups.push(Vec::new());
            }
            groups.last_mut().ok_or(Fault::Invalid)?.push(values(&made[at].after));
        }
        Ok(Answer { groups, cut: None })
    }

    /// Returns whether the rows around a place could as well be in another order, and differ.
    fn is_cut(&self, rows: &[Made], at: usize) -> bool {
        at > 0 && at < rows.len() && order(&rows[at - 1].keys, &rows[at].keys).is_eq()
    }

    fn union(&self, query: &Query, outer: &Row) -> Result<Vec<(Vec<usize>, Vec<V>)>> {
        let mut all: Vec<(Vec<usize>, Vec<V>)> = Vec::new();
        for (_, part) in &query.0 {
            let columns = columns(part).ok_or(Fault::Invalid)?;
            for row in self.clauses(part, vec![outer.clone()], outer)? {
                let values = columns.iter().map(|v| row[*v].clone().ok_or(Fault::Invalid)).collect::<Result<_>>()?;
                all.push((columns.clone(), values));
            }
        }
        if query.0.iter().skip(1).any(|(all, _)| !all) {
            let mut kept: Vec<(Vec<usize>, Vec<V>)> = Vec::new();
            let mut seen = Vec::new();
            for (columns, values) in all {
                let row = V::List(values.clone());
                if !self.known(&row, &seen) {
                    seen.push(row);
                    kept.push((columns, values));
                }
            }
            all = kept;
        }
        Ok(all)
    }

    /// Runs clauses; what `outer` holds stays in scope throughout.
    pub(super) fn clauses(&self, clauses: &[Clause], mut rows: Vec<Row>, outer: &Row) -> Result<Vec<Row>> {
        self.ordered.set(false);
        for clause in clauses {
            rows = self.clause(clause, rows, outer)?;
            if rows.len() > ROWS_MAX {
                return Err(Fault::Long);
            }
        }
        Ok(rows)
    }

    fn clause(&self, clause: &Clause, rows: Vec<Row>, outer: &Row) -> Result<Vec<Row>> {
        let mut out = Vec::new();
        let mut ordered = false;
        match clause {
            Clause::Match { optional, repeatable, paths, filter } => {
                for row in rows {
                    let before = out.len();
                    for found in self.matches(paths, *repeatable, &row)? {
                        if self.holds(filter.as_ref(), &found)? {
                            out.push(found);
                        }
                    }
                    if *optional && out.len() == before {
                        out.push(with_nulls(paths, row));
                    }
                }
            }
            Clause::Unwind(list, var) => {
                for row in rows {
                    match self.value(list, &row)? {
                        V::Null => {}
                        V::List(items) | V::Bag(items) => {
                            out.extend(items.into_iter().map(|item| with(&row, *var, item)));
                        }
                        other => out.push(with(&row, *var, other)),
                    }
                }
            }
            Clause::With(projection, filter) => {
                let made = self.project(projection, rows, outer)?;
                let barrier = projection.distinct || projection.aggregates();
                let made = self.cut(projection, made);
                ordered = is_ordered(&made);
                for Made { before, after, .. } in made {
                    let seen = if barrier { after.clone() } else { over(&before, &after) };
                    if self.holds(filter.as_ref(), &seen)? {
                        out.push(after);
                    }
                }
            }
            Clause::Let(items) => {
                for row in rows {
                    let mut after = row.clone();
                    for (v, e) in items {
                        set(&mut after, *v, self.value(e, &row)?);
                    }
                    out.push(after);
                }
            }
            Clause::Filter(e) => {
                for row in rows {
                    if self.holds(Some(e), &row)? {
                        out.push(row);
                    }
                }
            }
            Clause::For(v, list, at) => {
                for row in rows {
                    let items = match self.value(list, &row)? {
                        V::Null => vec![],
                        list @ V::Bag(_) if at.is_some() => {
                            // Which item has which number is open.
                            self.look(&list);
                            list.items().unwrap_or_default().to_vec()
                        }
                        V::List(items) | V::Bag(items) => items,
                        _ => return Err(Fault::Invalid),
                    };
                    for (n, item) in items.into_iter().enumerate() {
                        let mut row = with(&row, *v, item);
                        if let Some((from, at)) = at {
                            set(&mut row, *at, V::Int(from + n as i64));
                        }
                        out.push(row);
                    }
                }
            }
            Clause::Page(projection) => {
                let all = Projection { star: true, ..projection.clone() };
                let made = self.project(&all, rows, outer)?;
                let made = self.cut(&all, made);
                ordered = is_ordered(&made);
                out.extend(made.into_iter().map(|made| made.after));
            }
            Clause::When(branches, otherwise) => {
                for row in rows {
                    let mut chosen = otherwise.as_ref();
                    for (e, part) in branches {
                        if self.truth(e, &row)? == Some(true) {
                            chosen = Some(part);
                            break;
                        }
                    }
                    if let Some(part) = chosen {
                        out.extend(self.clauses(part, vec![row.clone()], &row)?);
                    }
                }
            }
            Clause::Next(projection) => {
                let made = self.project(projection, rows, outer)?;
                let made = self.cut(projection, made);
                ordered = is_ordered(&made);
                out.extend(made.into_iter().map(|made| made.after));
            }
            Clause::Return(projection) => {
                let made = self.project(projection, rows, outer)?;
                let made = self.cut(projection, made);
                ordered = is_ordered(&made);
                out.extend(made.into_iter().map(|made| made.after));
            }
            Clause::Call(imports, query) => {
                for row in rows {
                    let mut seen = Row::new();
                    for v in imports {
                        set(&mut seen, *v, row.get(*v).cloned().flatten().ok_or(Fault::Invalid)?);
                    }
                    for (columns, values) in self.union(query, &seen)? {
                        let mut row = row.clone();
                        columns.iter().zip(values).for_each(|(v, value)| set(&mut row, *v, value));
                        out.push(row);
                    }
                }
            }
        }
        self.ordered.set(ordered);
        Ok(out)
    }

    fn holds(&self, filter: Option<&E>, row: &Row) -> Result<bool> {
        filter.map_or(Ok(true), |filter| Ok(self.truth(filter, row)? == Some(true)))
    }

    /// Skips and limits; an arbitrary choice makes the answer open.
    fn cut(&self, projection: &Projection, made: Vec<Made>) -> Vec<Made> {
        let n = made.len();
        let from = projection.skip.unwrap_or(0).min(n);
        let to = projection.limit.map_or(n, |limit| from.saturating_add(limit).min(n));
        if from < to && (self.is_cut(&made, from) || self.is_cut(&made, to)) {
            self.open.set(true);
        }
        made.into_iter().take(to).skip(from).collect()
    }

    /// Projects and orders.
    fn project(&self, projection: &Projection, rows: Vec<Row>, outer: &Row) -> Result<Vec<Made>> {
        let aggregates = projection.aggregates();
        let ordered = self.ordered.take();
        let mut pairs: Vec<(Row, Row)> = Vec::new();
        if aggregates {
            for group in self.groups(projection, rows)? {
                let first = group.first().cloned().unwrap_or_else(|| outer.clone());
                let mut after = outer.clone();
                for (e, v) in &projection.items {
                    self.ordered_group.set(ordered);
                    set(&mut after, *v, self.eval(e, &first, Some(&group))?);
                }
                pairs.push((after.clone(), after));
            }
        } else {
            for row in rows {
                let mut after = if projection.star { row.clone() } else { outer.clone() };
                for (e, v) in &projection.items {
                    set(&mut after, *v, self.value(e, &row)?);
                }
                pairs.push((row, after));
            }
        }
        if projection.distinct {
            let mut seen = Vec::new();
            let mut kept = Vec::new();
            for (before, after) in pairs {
                let columns = V::List(after.iter().map(|v| v.clone().unwrap_or(V::Null)).collect());
                if !self.known(&columns, &seen) {
                    seen.push(columns);
                    kept.push((before, after));
                }
            }
            pairs = kept;
        }
        let barrier = aggregates || projection.distinct;
        let mut made = Vec::new();
        for (before, after) in pairs {
            let seen = if barrier { after.clone() } else { over(&before, &after) };
            let mut keys = Vec::new();
            for (e, descending) in &projection.order {
                let key = self.value(e, &seen)?;
                self.look(&key);
                keys.push((key, *descending));
            }
            made.push(Made { keys, before, after });
        }
        made.sort_by(|a, b| order(&a.keys, &b.keys));
        Ok(made)
    }

    fn groups(&self, projection: &Projection, rows: Vec<Row>) -> Result<Vec<Vec<Row>>> {
        let keys: Vec<&E> = projection.items.iter().map(|(e, _)| e).filter(|e| !e.aggregates()).collect();
        if keys.is_empty() {
            return Ok(vec![rows]);
        }
        let mut known: Vec<V> = Vec::new();
        let mut groups: Vec<Vec<Row>> = Vec::new();
        for row in rows {
            let key = V::List(keys.iter().map(|e| self.value(e, &row)).collect::<Result<_>>()?);
            if self.known(&key, &known) {
                let at = known.iter().position(|other| other.order(&key).is_eq()).ok_or(Fault::Invalid)?;
                groups[at].push(row);
            } else {
                known.push(key);
                groups.push(vec![row]);
            }
        }
        Ok(groups)
    }
}

/// A projected row, what it was before, and the keys it is ordered by, each with whether it descends.
struct Made {
    keys: Vec<(V, bool)>,
    before: Row,
    after: Row,
}

/// Returns the columns of a query's part, in order.
fn columns(part: &[Clause]) -> Option<Vec<usize>> {
    match part.last()? {
        Clause::Return(last) => Some(last.items.iter().map(|(_, v)| *v).collect()),
        Clause::When(branches, _) => columns(&branches.first()?.1),
        _ => None,
    }
}

/// Returns whether the rows are in an order, without ties.
fn is_ordered(made: &[Made]) -> bool {
    made.iter().all(|made| !made.keys.is_empty())
        && made.windows(2).all(|pair| order(&pair[0].keys, &pair[1].keys).is_ne())
}

fn order(a: &[(V, bool)], b: &[(V, bool)]) -> std::cmp::Ordering {
    let by_key = a.iter().zip(b).map(|((a, descending), (b, _))| if *descending { b.order(a) } else { a.order(b) });
    by_key.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
}

/// Returns the variables of one row, those of another over them.
fn over(below: &Row, above: &Row) -> Row {
    let at = |row: &Row, v: usize| row.get(v).cloned().flatten();
    (0..below.len().max(above.len())).map(|v| at(above, v).or_else(|| at(below, v))).collect()
}

fn with_nulls(paths: &[super::ast::Path], mut row: Row) -> Row {
    let hops = |path: &super::ast::Path| {
        let group = |rel: &super::ast::Rel| rel.group.as_ref().map_or_else(Vec::new, |group| group_vars(group));
        let vars = path.hops.iter().flat_map(|(rel, node)| group(rel).into_iter().map(Some).chain([rel.var, node.var]));
        vars.collect::<Vec<_>>()
    };
    for var in paths.iter().flat_map(|path| [path.name, path.start.var].into_iter().chain(hops(path))).flatten() {
        if row.get(var).cloned().flatten().is_none() {
            set(&mut row, var, V::Null);
        }
    }
    row
}

//! Evaluates expressions, one row at a time.

use std::cell::Cell;

use super::{
    ast::{Clause, E, Path},
    graph::Graph,
    value::{V, date_text, params, ymd},
};

/// Steps of an evaluation beyond which a query is left out: it would take long and show nothing new.
const STEPS_MAX: u64 = 200_000;

/// What the variables hold; `None` is out of scope.
pub(super) type Row = Vec<Option<V>>;

/// Why there is no value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// The query fails with an error of this openCypher type.
    Error(&'static str),
    /// It takes too long.
    Long,
    /// It names what does not exist: no query that the campaign makes does, but one that is being shrunk may.
    Invalid,
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

const TYPE: Fault = Fault::Error("TypeError");
const ARITHMETIC: Fault = Fault::Error("ArithmeticError");
const ARGUMENT: Fault = Fault::Error("ArgumentError");

/// The reference: a graph, and what is noted while it is asked.
pub(super) struct Reference<'g> {
    pub(super) graph: &'g Graph,
    steps: Cell<u64>,
    /// Whether the answer depends on an order, or on a choice between equals, that the language leaves open.
    pub(super) open: Cell<bool>,
    /// Whether the rows that the last clause made are in an order, without ties.
    pub(super) ordered: Cell<bool>,
    /// Whether the rows being aggregated are.
    pub(super) ordered_group: Cell<bool>,
    /// Whether `NULL IN` and the like answer wrongly: the planted fault.
    pub(super) planted: bool,
}

impl<'g> Reference<'g> {
    pub(super) fn new(graph: &'g Graph, planted: bool) -> Self {
        Self {
            graph,
            steps: Cell::new(0),
            open: Cell::new(false),
            ordered: Cell::new(false),
            ordered_group: Cell::new(false),
            planted,
        }
    }

    pub(super) fn step(&self) -> Result<()> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS_MAX { Err(Fault::Long) } else { Ok(()) }
    }

    /// Notes that the order of a list was looked at.
    pub(super) fn look(&self, v: &V) {
        if v.is_open() {
            self.open.set(true);
        }
    }

    pub(super) fn value(&self, e: &E, row: &Row) -> Result<V> {
        self.eval(e, row, None)
    }

    pub(super) fn truth(&self, e: &E, row: &Row) -> Result<Option<bool>> {
        as_truth(&self.value(e, row)?)
    }

    /// Evaluates; `group` are the rows that aggregating functions aggregate.
    pub(super) fn eval(&self, e: &E, row: &Row, group: Option<&[Row]>) -> Result<V> {
        self.step()?;
        let eval = |e: &E| self.eval(e, row, group);
        let truth = |e: &E| as_truth(&self.eval(e, row, group)?);
        Ok(match e {
            E::Lit(v) => v.clone(),
            E::Param(at) => params()[*at].clone(),
            E::Var(v) => row.get(*v).cloned().flatten().ok_or(Fault::Invalid)?,
            E::Prop(base, key) => self.property(&eval(base)?, key)?,
            E::Arith(op, a, b) => self.arithmetic(op, &eval(a)?, &eval(b)?)?,
            E::Neg(a) => match eval(a)? {
                V::Null => V::Null,
                V::Int(n) => V::Int(n.checked_neg().ok_or(ARITHMETIC)?),
                V::Float(x) => V::Float(-x),
                _ => return Err(TYPE),
            },
            E::Compare(first, rest) => {
                let mut left = eval(first)?;
                let mut known = true;
                for (op, right) in rest {
                    let right = eval(right)?;
                    match self.compare(op, &left, &right) {
                        Some(true) => {}
                        Some(false) => return Ok(V::Bool(false)),
                        None => known = false,
                    }
                    left = right;
                }
                V::truth(known.then_some(true))
            }
            E::And(all) => {
                let mut known = true;
                for one in all {
                    match truth(one)? {
                        Some(true) => {}
                        Some(false) => return Ok(V::Bool(false)),
                        None => known = false,
                    }
                }
                V::truth(known.then_some(true))
            }
            E::Or(any) => {
                let mut known = true;
                for one in any {
                    match truth(one)? {
                        Some(true) => return Ok(V::Bool(true)),
                        Some(false) => {}
                        None => known = false,
                    }
                }
                V::truth(known.then_some(false))
            }
            E::Xor(a, b) => V::truth(truth(a)?.zip(truth(b)?).map(|(a, b)| a != b)),
            E::Not(a) => V::truth(truth(a)?.map(|truth| !truth)),
            E::IsNull(a, is) => V::Bool((eval(a)? == V::Null) == *is),
            E::In(item, list) => self.is_in(&eval(item)?, &eval(list)?)?,
            E::Test(test, a, b) => match (eval(a)?, eval(b)?) {
                (V::Str(a), V::Str(b)) => V::Bool(match *test {
                    "STARTS WITH" => a.starts_with(&b),
                    "ENDS WITH" => a.ends_with(&b),
                    _ => a.contains(&b),
                }),
                _ => V::Null,
            },
            E::Has(a, labels) => match eval(a)? {
                V::Null => V::Null,
                V::Node(node) => V::Bool(self.has(node, labels)),
                V::Rel(rel) => V::Bool(labels.trim_start_matches(':') == self.graph.rels[rel].kind),
                _ => return Err(TYPE),
            },
            E::List(items) => V::List(items.iter().map(eval).collect::<Result<_>>()?),
            E::Map(entries) => {
                V::Map(entries.iter().map(|(key, e)| Ok(((*key).to_owned(), eval(e)?))).collect::<Result<_>>()?)
            }
            E::Project(base, keys) => {
                let base = eval(base)?;
                if base == V::Null {
                    return Ok(V::Null);
                }
                V::Map(
                    keys.iter()
                        .map(|key| Ok(((*key).to_owned(), self.property(&base, key)?)))
                        .collect::<Result<_>>()?,
                )
            }
            E::Index(base, at) => self.index(&eval(base)?, &eval(at)?)?,
            E::Slice(base, from, to) => {
                let base = eval(base)?;
                let from = from.as_ref().map(|e| eval(e)).transpose()?;
                let to = to.as_ref().map(|e| eval(e)).transpose()?;
                self.slice(&base, from, to)?
            }
            E::Case(subject, branches, otherwise) => {
                let subject = subject.as_ref().map(|e| eval(e)).transpose()?;
                for (when, then) in branches {
                    let taken = match &subject {
                        Some(subject) => self.equals(subject, &eval(when)?),
                        None => truth(when)?,
                    };
                    if taken == Some(true) {
                        return eval(then);
                    }
                }
                otherwise.as_ref().map_or(Ok(V::Null), |e| eval(e))?
            }
            E::Call(name, args) => {
                let args: Vec<V> = args.iter().map(eval).collect::<Result<_>>()?;
                self.call(name, &args)?
            }
            E::Comprehension(var, list, filter, map) => {
                let list = eval(list)?;
                let Some(items) = self.items(&list)? else { return Ok(V::Null) };
                let mut made = Vec::new();
                for item in items {
                    let row = with(row, *var, item.clone());
                    if let Some(filter) = filter
                        && as_truth(&self.eval(filter, &row, group)?)? != Some(true)
                    {
                        continue;
                    }
                    made.push(map.as_ref().map_or(Ok(item.clone()), |map| self.eval(map, &row, group))?);
                }
                if matches!(list, V::Bag(_)) { V::bag(made) } else { V::List(made) }
            }
            E::Quantified(name, var, list, test) => {
                let list = eval(list)?;
                let Some(items) = self.items(&list)? else { return Ok(V::Null) };
                let (mut yes, mut no, mut unknown) = (0, 0, 0);
                for item in items {
                    match as_truth(&self.eval(test, &with(row, *var, item.clone()), group)?)? {
                        Some(true) => yes += 1,
                        Some(false) => no += 1,
                        None => unknown += 1,
                    }
                }
                V::truth(match *name {
                    "all" if no > 0 => Some(false),
                    "any" if yes > 0 => Some(true),
                    "none" if yes > 0 => Some(false),
                    "single" if yes > 1 => Some(false),
                    _ if unknown > 0 => None,
                    "single" => Some(yes == 1),
                    name => Some(name != "any"),
                })
            }
            E::Reduce(acc, init, var, list, body) => {
                let mut so_far = eval(init)?;
                let list = eval(list)?;
                let Some(items) = self.items(&list)? else { return Ok(V::Null) };
                self.look(&list);
                for item in items {
                    let row = with(&with(row, *acc, so_far), *var, item.clone());
                    so_far = self.eval(body, &row, group)?;
                }
                so_far
            }
            E::Tested(subject, branches, otherwise) => {
                let subject = eval(subject)?;
                for (tests, then) in branches {
                    for (op, other) in tests {
                        let taken = match *op {
                            "IS NULL" => Some(subject == V::Null),
                            "IS NOT NULL" => Some(subject != V::Null),
                            "" => self.equals(&subject, &eval(other)?),
                            "STARTS WITH" | "ENDS WITH" => match (&subject, eval(other)?) {
                                (V::Str(a), V::Str(b)) if *op == "STARTS WITH" => Some(a.starts_with(&b)),
                                (V::Str(a), V::Str(b)) => Some(a.ends_with(&b)),
                                _ => None,
                            },
                            op => self.compare(op, &subject, &eval(other)?),
                        };
                        if taken == Some(true) {
                            return eval(then);
                        }
                    }
                }
                otherwise.as_ref().map_or(Ok(V::Null), |e| eval(e))?
            }
            E::Later(date, days) => match eval(date)? {
                V::Null => V::Null,
                V::Date(date) => V::Date(date + days),
                _ => return Err(TYPE),
            },
            E::Linked(path) => V::Bool(!self.matches(std::slice::from_ref(&**path), false, row)?.is_empty()),
            E::Sub(name, inner) => self.sub(name, inner, row)?,
            E::PatternList(path, filter, map) => {
                let mut made = Vec::new();
                for row in self.matches(std::slice::from_ref(&**path), false, row)? {
                    if filter.as_ref().map_or(Ok(Some(true)), |e| self.truth(e, &row))? == Some(true) {
                        made.push(self.value(map, &row)?);
                    }
                }
                V::bag(made)
            }
            E::Agg(name, distinct, arg) => {
                self.aggregate(name, *distinct, arg.as_deref(), group.ok_or(Fault::Invalid)?)?
            }
        })
    }

    fn sub(&self, name: &str, inner: &[Clause], row: &Row) -> Result<V> {
        let rows = self.clauses(inner, vec![row.clone()], row)?;
        Ok(match name {
            "EXISTS" => V::Bool(!rows.is_empty()),
            "COUNT" => V::Int(rows.len() as i64),
            _ => {
                let Some(Clause::Return(projection)) = inner.last() else { return Err(Fault::Invalid) };
                let column = projection.items.first().ok_or(Fault::Invalid)?.1;
                let items = rows.iter().map(|row| row[column].clone().ok_or(Fault::Invalid)).collect::<Result<_>>()?;
                if self.ordered.get() { V::List(items) } else { V::bag(items) }
            }
        })
    }

    fn aggregate(&self, name: &str, distinct: bool, arg: Option<&E>, group: &[Row]) -> Result<V> {
        let Some(arg) = arg else { return Ok(V::Int(group.len() as i64)) };
        let mut values = Vec::new();
        for row in group {
            let value = self.value(arg, row)?;
            if value != V::Null && !(distinct && self.known(&value, &values)) {
                values.push(value);
            }
        }
        let extreme = |wanted: std::cmp::Ordering| {
            let mut best = V::Null;
            for value in &values {
                self.look(value);
                let order = value.order(&best);
                if best == V::Null || order == wanted {
                    best = value.clone();
                } else if order.is_eq() && *value != best {
                    self.open.set(true);
                }
            }
            best
        };
        Ok(match name {
            "count" => V::Int(values.len() as i64),
            "collect" if self.ordered_group.get() => V::List(values),
            "collect" => V::bag(values),
            "min" => extreme(std::cmp::Ordering::Less),
            "max" => extreme(std::cmp::Ordering::Greater),
            _ => {
                let floats: Vec<f64> = values.iter().map(|v| v.number().ok_or(TYPE)).collect::<Result<_>>()?;
                if floats.iter().any(|x| x.abs() > 1e15) && floats.len() > 1 {
                    // What is lost by rounding depends on the order.
                    self.open.set(true);
                }
                let ints: Option<Vec<i128>> =
                    values.iter().map(|v| if let V::Int(n) = v { Some(i128::from(*n)) } else { None }).collect();
                match (name, ints) {
                    ("sum", Some(ints)) => V::Int(ints.iter().sum::<i128>().try_into().map_err(|_| ARITHMETIC)?),
                    ("sum", None) => V::Float(floats.iter().sum()),
                    _ if floats.is_empty() => V::Null,
                    _ => V::Float(floats.iter().sum::<f64>() / floats.len() as f64),
                }
            }
        })
    }

    /// Returns whether the same value is among these, for `DISTINCT` and grouping.
    pub(super) fn known(&self, value: &V, among: &[V]) -> bool {
        self.look(value);
        let found = among.iter().find(|other| value.order(other).is_eq());
        if let Some(other) = found
            && other.text(false) != value.text(false)
        {
            // 1 and 1.0: which of them stands for both is open.
            self.open.set(true);
        }
        found.is_some()
    }

    fn equals(&self, a: &V, b: &V) -> Option<bool> {
        if (a.is_open() && b.items().is_some()) || (b.is_open() && a.items().is_some()) {
            self.open.set(true);
        }
        a.equals(b)
    }

    fn compare(&self, op: &str, a: &V, b: &V) -> Option<bool> {
        match op {
            "=" => self.equals(a, b),
            "<>" => self.equals(a, b).map(|equal| !equal),
            _ => {
                self.look(a);
                self.look(b);
                match a.compare(b) {
                    Some(order) => Some(match op {
                        "<" => order.is_lt(),
                        "<=" => order.is_le(),
                        ">" => order.is_gt(),
                        _ => order.is_ge(),
                    }),
                    None if a.number().is_some() && b.number().is_some() => Some(false),
                    None => None,
                }
            }
        }
    }

    fn is_in(&self, item: &V, list: &V) -> Result<V> {
        let Some(items) = self.items(list)? else { return Ok(V::Null) };
        let mut known = true;
        for other in items {
            match self.equals(item, other) {
                Some(true) => return Ok(V::Bool(true)),
                Some(false) => {}
                None => known = self.planted,
            }
        }
        Ok(V::truth(known.then_some(false)))
    }

    fn property(&self, base: &V, key: &str) -> Result<V> {
        let find = |props: &[(&str, V)]| {
            props.iter().find(|(known, _)| *known == key).map_or(V::Null, |(_, value)| value.clone())
        };
        Ok(match base {
            V::Null => V::Null,
            V::Node(node) => find(&self.graph.nodes[*node].props),
            V::Rel(rel) => find(&self.graph.rels[*rel].props),
            V::Map(map) => map.get(key).cloned().unwrap_or(V::Null),
            V::Date(days) => {
                let (year, month, day) = ymd(*days);
                match key {
                    "year" => V::Int(year),
                    "month" => V::Int(month),
                    "day" => V::Int(day),
                    // 1970-01-01 was a Thursday.
                    "dayOfWeek" => V::Int((days + 3).rem_euclid(7) + 1),
                    _ => return Err(Fault::Invalid),
                }
            }
            V::Point(x, y) => match key {
                "x" => V::Float(*x),
                "y" => V::Float(*y),
                _ => return Err(Fault::Invalid),
            },
            _ => return Err(TYPE),
        })
    }

    fn items<'v>(&self, list: &'v V) -> Result<Option<&'v [V]>> {
        match list {
            V::Null => Ok(None),
            other => other.items().map(Some).ok_or(TYPE),
        }
    }

    fn index(&self, base: &V, at: &V) -> Result<V> {
        self.look(base);
        Ok(match (base, at) {
            (V::Null, _) => V::Null,
            (V::List(_) | V::Bag(_) | V::Map(_) | V::Node(_) | V::Rel(_), V::Null) => V::Null,
            (V::List(items) | V::Bag(items), V::Int(at)) => {
                let at = if *at < 0 { *at + items.len() as i64 } else { *at };
                usize::try_from(at).ok().and_then(|at| items.get(at)).cloned().unwrap_or(V::Null)
            }
            (V::Map(_) | V::Node(_) | V::Rel(_), V::Str(key)) => self.property(base, key)?,
            _ => return Err(TYPE),
        })
    }

    fn slice(&self, base: &V, from: Option<V>, to: Option<V>) -> Result<V> {
        let Some(items) = self.items(base)? else { return Ok(V::Null) };
        self.look(base);
        let len = items.len() as i64;
        let bound = |bound: Option<V>, absent: i64| match bound {
            None => Ok(Some(absent)),
            Some(V::Null) => Ok(None),
            Some(V::Int(at)) => Ok(Some(if at < 0 { at.saturating_add(len).max(0) } else { at.min(len) })),
            Some(_) => Err(TYPE),
        };
        let (from, to) = (bound(from, 0)?, bound(to, len)?);
        Ok(from.zip(to).map_or(V::Null, |(from, to)| {
            V::List(if from < to { items[from as usize..to as usize].to_vec() } else { vec![] })
        }))
    }

    fn arithmetic(&self, op: &str, a: &V, b: &V) -> Result<V> {
        let joined = |a: &[V], b: &[V]| a.iter().chain(b).cloned().collect::<Vec<V>>();
        Ok(match (a, b) {
            (V::Null, _) | (_, V::Null) => V::Null,
            (V::Int(a), V::Int(b)) => {
                let (wide_a, wide_b) = (i128::from(*a), i128::from(*b));
                let wide = match op {
                    "+" => wide_a + wide_b,
                    "-" => wide_a - wide_b,
                    "*" => wide_a * wide_b,
                    "^" => return Ok(V::Float((*a as f64).powf(*b as f64))),
                    _ if *b == 0 => return Err(ARITHMETIC),
                    "/" => wide_a / wide_b,
                    _ => wide_a % wide_b,
                };
                V::Int(wide.try_into().map_err(|_| ARITHMETIC)?)
            }
            (V::Int(_) | V::Float(_), V::Int(_) | V::Float(_)) => {
                let (a, b) = (a.number().unwrap_or(0.0), b.number().unwrap_or(0.0));
                V::Float(match op {
                    "+" => a + b,
                    "-" => a - b,
                    "*" => a * b,
                    "/" => a / b,
                    "%" => a % b,
                    _ => a.powf(b),
                })
            }
            _ if op != "+" => return Err(TYPE),
            (V::List(a), V::List(b)) => V::List(joined(a, b)),
            (V::List(a) | V::Bag(a), V::List(b) | V::Bag(b)) => V::bag(joined(a, b)),
            (V::List(a), b) => V::List(joined(a, std::slice::from_ref(b))),
            (V::Bag(a), b) => V::bag(joined(a, std::slice::from_ref(b))),
            (a, V::List(b)) => V::List(joined(std::slice::from_ref(a), b)),
            (a, V::Bag(b)) => V::bag(joined(std::slice::from_ref(a), b)),
            (V::Str(a), V::Str(b)) => V::Str(format!("{a}{b}")),
            (V::Str(a), V::Int(_) | V::Float(_)) => V::Str(a.clone() + &self.to_string(b)),
            (V::Int(_) | V::Float(_), V::Str(b)) => V::Str(self.to_string(a) + b),
            _ => return Err(TYPE),
        })
    }

    fn to_string(&self, v: &V) -> String {
        match v {
            V::Float(x) if x.fract() == 0.0 && x.abs() < 1e15 => format!("{x:.1}"),
            V::Float(x) => {
                // How large, small and odd floats are written is open.
                self.open.set(self.open.get() || !(1e-3..1e15).contains(&x.abs()));
                x.to_string()
            }
            V::Str(s) => s.clone(),
            V::Date(days) => date_text(*days),
            other => other.text(false),
        }
    }

    fn call(&self, name: &str, args: &[V]) -> Result<V> {
        match name {
            "coalesce" => return Ok(args.iter().find(|v| **v != V::Null).cloned().unwrap_or(V::Null)),
            "nullIf" => {
                return Ok(if self.equals(&args[0], &args[1]) == Some(true) { V::Null } else { args[0].clone() });
            }
            "range" => return range(args),
            _ if args.contains(&V::Null) => return Ok(V::Null),
            _ => {}
        }
        let rest: Vec<Option<usize>> =
            args[1..].iter().map(|v| if let V::Int(n) = v { usize::try_from(*n).ok() } else { None }).collect();
        Ok(match (name, &args[0]) {
            ("abs", V::Int(n)) => V::Int(n.checked_abs().ok_or(ARITHMETIC)?),
            ("abs", V::Float(x)) => V::Float(x.abs()),
            ("sign", V::Int(n)) => V::Int(n.signum()),
            ("sign", V::Float(x)) => V::Int(i64::from(*x > 0.0) - i64::from(*x < 0.0)),
            ("ceil", v @ (V::Int(_) | V::Float(_))) => V::Float(v.number().ok_or(TYPE)?.ceil()),
            ("floor", v @ (V::Int(_) | V::Float(_))) => V::Float(v.number().ok_or(TYPE)?.floor()),
            ("round", v @ (V::Int(_) | V::Float(_))) => V::Float((v.number().ok_or(TYPE)? + 0.5).floor()),
            ("sqrt", v @ (V::Int(_) | V::Float(_))) => V::Float(v.number().ok_or(TYPE)?.sqrt()),
            ("toInteger", V::Int(n)) => V::Int(*n),
            ("toInteger", V::Bool(b)) => V::Int(i64::from(*b)),
            ("toInteger", V::Float(x)) => to_int(*x),
            ("toInteger", V::Str(s)) => s.parse().map(V::Int).or_else(|_| s.parse().map(to_int)).unwrap_or(V::Null),
            ("toFloat", V::Str(s)) => s.parse().map_or(V::Null, V::Float),
            ("toFloat", v @ (V::Int(_) | V::Float(_))) => V::Float(v.number().ok_or(TYPE)?),
            ("toBoolean", V::Bool(b)) => V::Bool(*b),
            ("toBoolean", V::Int(n)) => V::Bool(*n != 0),
            ("toBoolean", V::Str(s)) => s.to_lowercase().parse().map_or(V::Null, V::Bool),
            ("toString", v @ (V::Bool(_) | V::Int(_) | V::Float(_) | V::Str(_) | V::Date(_))) => {
                V::Str(self.to_string(v))
            }
            ("toUpper", V::Str(s)) => V::Str(s.to_uppercase()),
            ("toLower", V::Str(s)) => V::Str(s.to_lowercase()),
            ("trim", V::Str(s)) => V::str(s.trim()),
            ("reverse", V::Str(s)) => V::Str(s.chars().rev().collect()),
            ("reverse", V::List(items)) => V::List(items.iter().rev().cloned().collect()),
            ("reverse", V::Bag(items)) => V::bag(items.clone()),
            ("size", V::Str(s)) => V::Int(s.chars().count() as i64),
            ("size", V::List(items) | V::Bag(items)) => V::Int(items.len() as i64),
            ("isEmpty", V::Str(s)) => V::Bool(s.is_empty()),
            ("isEmpty", V::List(items) | V::Bag(items)) => V::Bool(items.is_empty()),
            ("isEmpty", V::Map(map)) => V::Bool(map.is_empty()),
            ("head" | "last" | "tail", list @ (V::List(items) | V::Bag(items))) => {
                self.look(list);
                match name {
                    "head" => items.first().cloned().unwrap_or(V::Null),
                    "last" => items.last().cloned().unwrap_or(V::Null),
                    _ => V::List(items.iter().skip(1).cloned().collect()),
                }
            }
            ("left" | "right" | "substring", V::Str(s)) => {
                let number = |v: &V| matches!(v, V::Int(_));
                if !args[1..].iter().all(number) {
                    return Err(TYPE);
                }
                let n = rest[0].ok_or(ARGUMENT)?;
                let skip = match name {
                    "left" => 0,
                    "right" => s.chars().count().saturating_sub(n),
                    _ => n,
                };
                let take = match (name, rest.get(1)) {
                    ("left", _) => n,
                    (_, Some(take)) => take.ok_or(ARGUMENT)?,
                    _ => usize::MAX,
                };
                V::Str(s.chars().skip(skip).take(take).collect())
            }
            ("replace", V::Str(s)) => match args {
                [_, V::Str(from), V::Str(to)] => V::Str(s.replace(from.as_str(), to)),
                _ => return Err(TYPE),
            },
            ("split", V::Str(s)) => match &args[1] {
                V::Str(by) if by.is_empty() => V::List(s.chars().map(|c| V::Str(c.to_string())).collect()),
                V::Str(by) => V::List(s.split(by.as_str()).map(V::str).collect()),
                _ => return Err(TYPE),
            },
            ("date", V::Date(days)) => V::Date(*days),
            ("daysBetween", V::Date(from)) => match &args[1] {
                V::Date(to) => V::Int(to - from),
                _ => return Err(TYPE),
            },
            ("point.distance", V::Point(x, y)) => match &args[1] {
                V::Point(to_x, to_y) => V::Float(((x - to_x).powi(2) + (y - to_y).powi(2)).sqrt()),
                _ => V::Null,
            },
            ("point.withinBBox", V::Point(x, y)) => match args {
                [_, V::Point(low_x, low_y), V::Point(high_x, high_y)] => {
                    V::Bool((low_x..=high_x).contains(&x) && (low_y..=high_y).contains(&y))
                }
                _ => V::Null,
            },
            ("length", V::Path(_, rels)) => V::Int(rels.len() as i64),
            ("nodes", V::Path(nodes, _)) => V::List(nodes.iter().map(|n| V::Node(*n)).collect()),
            ("relationships", V::Path(_, rels)) => V::List(rels.iter().map(|r| V::Rel(*r)).collect()),
            ("type", V::Rel(rel)) => V::str(self.graph.rels[*rel].kind),
            ("startNode", V::Rel(rel)) => V::Node(self.graph.rels[*rel].start),
            ("endNode", V::Rel(rel)) => V::Node(self.graph.rels[*rel].end),
            ("labels", V::Node(node)) => {
                V::bag(self.graph.nodes[*node].labels.iter().map(|label| V::str(label)).collect())
            }
            ("keys", V::Node(node)) => keys(&self.graph.nodes[*node].props),
            ("keys", V::Rel(rel)) => keys(&self.graph.rels[*rel].props),
            ("keys", V::Map(map)) => V::bag(map.keys().map(|key| V::str(key)).collect()),
            ("properties", V::Node(node)) => map(&self.graph.nodes[*node].props),
            ("properties", V::Rel(rel)) => map(&self.graph.rels[*rel].props),
            ("properties", V::Map(map)) => V::Map(map.clone()),
            _ => return Err(TYPE),
        })
    }

    /// Returns whether a node has labels, as a pattern writes them.
    pub(super) fn has(&self, node: usize, labels: &str) -> bool {
        let has = |label: &str| self.graph.nodes[node].labels.contains(&label);
        match labels {
            "" => true,
            ":%" => !self.graph.nodes[node].labels.is_empty(),
            ":A:B" | ":A&B" => has("A") && has("B"),
            ":!A" => !has("A"),
            ":!Z" => true,
            ":A|B" => has("A") || has("B"),
            ":B|Z" => has("B"),
            ":A&!B" => has("A") && !has("B"),
            ":(A|B)&C" => (has("A") || has("B")) && has("C"),
            one => has(&one[1..]),
        }
    }

    /// Returns the rows of a pattern: defined beside the clauses.
    pub(super) fn matches(&self, paths: &[Path], repeatable: bool, row: &Row) -> Result<Vec<Row>> {
        super::matching::matches(self, paths, repeatable, row)
    }
}

/// Returns the row with one more variable.
pub(super) fn with(row: &Row, var: usize, value: V) -> Row {
    let mut row = row.clone();
    set(&mut row, var, value);
    row
}

pub(super) fn set(row: &mut Row, var: usize, value: V) {
    if row.len() <= var {
        row.resize(var + 1, None);
    }
    row[var] = Some(value);
}

fn as_truth(v: &V) -> Result<Option<bool>> {
    match v {
        V::Null => Ok(None),
        V::Bool(b) => Ok(Some(*b)),
        _ => Err(TYPE),
    }
}

fn to_int(x: f64) -> V {
    if x.is_finite() && x.abs() < 9.2e18 { V::Int(x as i64) } else { V::Null }
}

fn range(args: &[V]) -> Result<V> {
    let mut numbers = [0, 0, 1];
    for (number, arg) in numbers.iter_mut().zip(args) {
        let V::Int(n) = arg else { return Err(ARGUMENT) };
        *number = i128::from(*n);
    }
    let [mut at, end, step] = numbers;
    if step == 0 {
        return Err(ARGUMENT);
    }
    let mut items = Vec::new();
    while (step > 0 && at <= end) || (step < 0 && at >= end) {
        if items.len() > 1_000 {
            return Err(Fault::Long);
        }
        items.push(V::Int(at as i64));
        at += step;
    }
    Ok(V::List(items))
}

fn keys(props: &[(&'static str, V)]) -> V {
    V::bag(props.iter().map(|(key, _)| V::str(key)).collect())
}

fn map(props: &[(&'static str, V)]) -> V {
    V::Map(props.iter().map(|(key, v)| ((*key).to_owned(), v.clone())).collect())
}

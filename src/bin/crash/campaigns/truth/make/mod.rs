//! Makes random queries that are valid: every name is in scope, every value of a kind that fits.

mod newer;
mod values;

use super::{
    super::model::Numbers,
    ast::{Clause, E, Node, Path, Projection, Query, Rel, Select, Way},
    graph::{TEXTS, date, mixed, pick},
    matching::group_vars,
    value::V,
};

/// What a value is known to be; each may be null.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Int,
    /// An integer or a float.
    Number,
    Text,
    Bool,
    Any,
    Ints,
    List,
    Date,
    Point,
    Node,
    Nodes,
    Rel,
    Rels,
    Path,
}

/// Kinds of values that are computed and compared.
const PLAIN: &[Kind] = &[
    Kind::Int,
    Kind::Int,
    Kind::Int,
    Kind::Number,
    Kind::Number,
    Kind::Text,
    Kind::Text,
    Kind::Bool,
    Kind::Bool,
    Kind::Any,
    Kind::Any,
    Kind::Ints,
    Kind::List,
    Kind::Date,
    Kind::Point,
];

const LABELS: &[&str] = &[
    "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "",
    ":A", ":A", ":A", ":B", ":B", ":C", ":A:B", ":A&B", ":!A", ":A|B", ":%", ":A&!B", ":(A|B)&C", ":Z", ":!Z", ":B|Z",
];

/// Types; nothing has the last.
const RELS: &[&str] = &["R", "R", "R", "R", "R", "S", "S", "S", "T", "T", "Z"];

/// Of [`LABELS`], those that say nothing.
const NO_LABELS: usize = 28;

/// Subqueries inside of subqueries.
const SUB_DEPTH_MAX: u32 = 2;

/// Where errors may come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Errors {
    /// Nothing can fail.
    Never,
    /// Only the values returned can: whether the query fails is certain.
    AtTheEnd,
    /// Anything can, and whether it is evaluated may depend on the plan.
    Anywhere,
}

pub(super) struct Maker<'r> {
    random: &'r mut Numbers,
    next: usize,
    scope: Vec<(usize, Kind)>,
    /// Whether what is made now may fail.
    wild: bool,
    /// Whether only variables, properties and constants are asked for: the shape is what counts.
    simple: bool,
    subs: u32,
    /// Subqueries made, with what was in scope: they are written again where all of that still is.
    made: Vec<(E, Vec<(usize, Kind)>)>,
    /// Whether `NEXT` may follow: not inside of another query.
    outermost: bool,
    /// Whether paths are those that may stand in expressions.
    plain_paths: bool,
}

/// Returns a query, and where it may fail.
pub(super) fn query(random: &mut Numbers) -> (Query, Errors) {
    let errors = match random.below(12) {
        0 => Errors::AtTheEnd,
        1 => Errors::Anywhere,
        _ => Errors::Never,
    };
    let simple = random.chance(1, 4);
    let mut maker = Maker {
        random,
        next: 0,
        scope: Vec::new(),
        wild: errors == Errors::Anywhere,
        simple,
        subs: 0,
        made: Vec::new(),
        outermost: false,
        plain_paths: false,
    };
    let query = maker.query(errors);
    // Rows that SKIP or LIMIT cuts off need not be made.
    let cuts = |last: &Projection| last.skip.is_some() || last.limit.is_some();
    let is_cut = |part: &[Clause]| matches!(part.last(), Some(Clause::Return(last)) if cuts(last));
    let errors = match errors {
        Errors::AtTheEnd if query.0.iter().any(|(_, part)| is_cut(part)) => Errors::Anywhere,
        other => other,
    };
    (query, errors)
}

impl Maker<'_> {
    fn chance(&mut self, n: u64, of: u64) -> bool {
        self.random.chance(n, of)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.random.below(n)
    }

    fn fresh(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    /// Returns a variable of a kind.
    fn var(&mut self, kind: Kind) -> Option<usize> {
        let known: Vec<usize> = self.scope.iter().filter(|(_, k)| *k == kind).map(|(v, _)| *v).collect();
        if known.is_empty() { None } else { Some(pick(self.random, &known)) }
    }

    fn query(&mut self, errors: Errors) -> Query {
        if self.chance(1, 14) {
            let all = self.chance(1, 2);
            let aliases: Vec<usize> = (0..1 + self.below(2)).map(|_| self.fresh()).collect();
            let parts = (0..2 + self.below(2)).map(|_| {
                self.scope.clear();
                let mut part = self.clauses(2);
                let items = aliases.iter().map(|v| (self.plain(1), *v)).collect();
                part.push(Clause::Return(Projection { distinct: self.chance(1, 6), items, ..Projection::default() }));
                (all, part)
            });
            return Query(parts.collect());
        }
        if errors == Errors::Never && self.chance(1, 30) {
            return Query(vec![(false, vec![self.when()])]);
        }
        self.outermost = true;
        let mut part = self.clauses(3);
        self.outermost = false;
        self.wild = errors != Errors::Never;
        let projection = self.projection(false);
        part.push(Clause::Return(projection));
        Query(vec![(false, part)])
    }

    fn clauses(&mut self, n_max: u64) -> Vec<Clause> {
        let n = if self.chance(1, 12) { 0 } else { 1 + self.below(n_max) };
        (0..n).map(|at| self.clause(at == 0)).collect()
    }

    fn clause(&mut self, is_first: bool) -> Clause {
        if self.chance(1, 4)
            && let Some(clause) = self.newer(is_first)
        {
            return clause;
        }
        match self.below(if is_first { 12 } else { 20 }) {
            0 => {
                let (list, kind) = match self.below(6) {
                    _ if self.chance(1, 30) => {
                        // More than a batch of rows.
                        (E::Call("range", vec![E::Lit(V::Int(1)), E::Lit(V::Int(1_100))]), Kind::Int)
                    }
                    0..4 if let Some(nodes) = self.var(Kind::Nodes) => (E::Var(nodes), Kind::Node),
                    0 | 1 => (self.value(Kind::Ints, 2), Kind::Int),
                    2 => (self.value(Kind::List, 2), Kind::Any),
                    3 => (self.value(Kind::Any, 1), Kind::Any),
                    4 => match self.var(Kind::Path) {
                        Some(path) => (E::Call("nodes", vec![E::Var(path)]), Kind::Node),
                        None => (E::List(vec![self.plain(1), self.plain(1)]), Kind::Any),
                    },
                    _ => match self.var(Kind::Rels) {
                        Some(rels) => (E::Var(rels), Kind::Rel),
                        None => (self.value(Kind::Ints, 1), Kind::Int),
                    },
                };
                let v = self.fresh();
                self.scope.push((v, kind));
                Clause::Unwind(list, v)
            }
            12..15 => {
                let projection = self.projection(true);
                let filter = self.chance(1, 4).then(|| self.truth(2, true));
                if !projection.star {
                    self.keep(&projection);
                }
                Clause::With(projection, filter)
            }
            15 if !self.scope.is_empty() => self.call(),
            16 if self.chance(1, 2) => {
                let way = pick(self.random, &[Way::Right, Way::Left, Way::Either]);
                let types = if self.chance(1, 2) { vec![pick(self.random, RELS)] } else { Vec::new() };
                let length = Some((self.below(2) as usize, self.chance(1, 2).then(|| 1 + self.below(4) as usize)));
                let rel = Rel { group: None, quantified: false, var: None, types, way, length, props: Vec::new() };
                let hops = vec![(rel, self.node(true, false))];
                let start = self.node(true, false);
                let name = self.fresh();
                self.scope.push((name, Kind::Path));
                let path = Path { name: Some(name), shortest: true, select: Select::Free, mode: "", start, hops };
                Clause::Match { optional: self.chance(1, 2), repeatable: false, paths: vec![path], filter: None }
            }
            n => {
                let optional = n > 17 || (is_first && n > 8);
                let paths = self.paths();
                let filter = self.chance(1, 4).then(|| self.truth(2, true));
                Clause::Match { optional, repeatable: false, paths, filter }
            }
        }
    }

    /// Forgets the variables that a projection does not keep: `projection` has left both in scope, its own behind.
    fn keep(&mut self, projection: &Projection) {
        let mut kept: Vec<(usize, Kind)> = Vec::new();
        for (_, v) in &projection.items {
            let kind = self.scope.iter().rev().find(|(w, _)| w == v).map_or(Kind::Any, |(_, kind)| *kind);
            kept.push((*v, kind));
        }
        self.scope = kept;
    }

    fn call(&mut self) -> Clause {
        let imports: Vec<(usize, Kind)> = self.scope.clone().into_iter().filter(|_| self.chance(1, 2)).collect();
        let mut outer = std::mem::replace(&mut self.scope, imports.clone());
        let outermost = std::mem::take(&mut self.outermost);
        let v = self.fresh();
        let (n_parts, all) = (if self.chance(1, 4) { 2 } else { 1 }, self.chance(1, 2));
        let mut parts = Vec::new();
        if n_parts == 1 && self.chance(1, 4) {
            parts.push((false, vec![self.when_of(&[v])]));
        }
        for _ in parts.len()..n_parts {
            self.scope.clone_from(&imports);
            let mut part = vec![self.clause(true)];
            let e = if self.chance(1, 2) { self.aggregate(Kind::Int) } else { self.value(Kind::Int, 2) };
            let mut projection = Projection { items: vec![(e, v)], ..Projection::default() };
            if n_parts == 1 && self.chance(1, 4) {
                projection.order.push((E::Var(v), self.chance(1, 2)));
                projection.limit = Some(self.below(3) as usize);
            }
            part.push(Clause::Return(projection));
            parts.push((all, part));
        }
        outer.push((v, Kind::Int));
        self.scope = outer;
        self.outermost = outermost;
        Clause::Call(imports.into_iter().map(|(v, _)| v).collect(), Query(parts))
    }

    /// Makes a projection. Afterwards its variables are in scope behind those before.
    fn projection(&mut self, is_with: bool) -> Projection {
        let before = self.scope.clone();
        let mut made = Projection { distinct: self.chance(1, 7), ..Projection::default() };
        let mut after: Vec<(usize, Kind)> = Vec::new();
        let aggregates = self.chance(if self.simple { 2 } else { 1 }, 3);
        made.star = is_with && !aggregates && !before.is_empty() && self.chance(1, 4);
        let seen = |made: &Projection, v: usize| made.items.iter().any(|(_, w)| *w == v);
        for (v, kind) in &before {
            let share = if aggregates { 3 } else { 6 };
            if !made.star && self.chance(share, 10) && !seen(&made, *v) {
                made.items.push((E::Var(*v), *v));
                after.push((*v, *kind));
            }
        }
        for _ in 0..self.below(3) {
            let mut kind = pick(self.random, PLAIN);
            let mut e = self.value(kind, 3);
            if self.chance(1, 8) && self.var(Kind::Node).is_some() {
                kind = Kind::Node;
                e = self.case(kind, 2);
            }
            let mut v = self.fresh();
            if is_with && !made.star && self.subs == 0 && self.chance(1, 6) && !before.is_empty() {
                // The name of a variable that was there before.
                let (shadowed, _) = pick(self.random, &before);
                if !seen(&made, shadowed) {
                    v = shadowed;
                }
            }
            made.items.push((e, v));
            after.push((v, kind));
        }
        let n_aggregates = if aggregates { 1 + self.below(2) } else { 0 };
        for _ in 0..n_aggregates {
            let kind = pick(self.random, &[Kind::Int, Kind::Int, Kind::Number, Kind::Any, Kind::List, Kind::Nodes]);
            let mut e = self.aggregate(kind);
            let key =
                made.items.iter().find(|(e, v)| matches!(e, E::Var(w) if w == v) && before.contains(&(*v, Kind::Int)));
            if let (Kind::Int, Some((_, key))) = (kind, key.cloned())
                && self.chance(1, 4)
            {
                e = E::Arith("+", E::Var(key).boxed(), e.boxed());
            }
            let v = self.fresh();
            made.items.push((e, v));
            let has_nodes = kind != Kind::Nodes || self.var(Kind::Node).is_some();
            after.push((v, if has_nodes { kind } else { Kind::List }));
        }
        if made.items.is_empty() && !made.star {
            let v = self.fresh();
            made.items.push((self.plain(2), v));
            after.push((v, Kind::Any));
        }
        let barrier = aggregates || made.distinct;
        if barrier && !made.star {
            self.scope.clear();
        }
        self.scope.retain(|(v, _)| !after.iter().any(|(w, _)| v == w));
        self.scope.extend(&after);
        if self.chance(2, 5) {
            for _ in 0..1 + self.below(3) {
                let kind = pick(self.random, &[Kind::Int, Kind::Int, Kind::Number, Kind::Text, Kind::Bool, Kind::Any]);
                let key = match self.var(Kind::Node) {
                    Some(node) if self.chance(1, 2) => E::Prop(E::Var(node).boxed(), "id"),
                    _ => self.value(kind, 1),
                };
                made.order.push((key, self.chance(1, 2)));
            }
        }
        if self.chance(1, 6) {
            made.skip = self.chance(1, 3).then(|| self.below(3) as usize);
            made.limit = self.chance(3, 4).then(|| self.below(6) as usize);
        }
        made
    }

    fn aggregate(&mut self, kind: Kind) -> E {
        let agg = |name, kind: Kind, this: &mut Self| {
            let arg = this.value(kind, 2);
            E::Agg(name, this.chance(1, 3), Some(arg.boxed()))
        };
        let any = pick(self.random, PLAIN);
        match kind {
            Kind::Int => match self.below(7) {
                0 | 1 => E::Agg("count", false, None),
                2 => agg("count", any, self),
                3 => match self.var(Kind::Node) {
                    Some(node) => E::Agg("count", self.chance(2, 3), Some(E::Var(node).boxed())),
                    None => agg("count", any, self),
                },
                4 => agg("sum", Kind::Int, self),
                5 => {
                    let name = pick(self.random, &["min", "max"]);
                    agg(name, Kind::Int, self)
                }
                _ => E::Call("size", vec![agg("collect", any, self)]),
            },
            Kind::Number => {
                let name = pick(self.random, &["sum", "avg", "min", "max"]);
                agg(name, Kind::Number, self)
            }
            Kind::Any => {
                let name = pick(self.random, &["min", "max"]);
                agg(name, any, self)
            }
            Kind::Nodes if self.var(Kind::Node).is_some() => agg("collect", Kind::Node, self),
            _ => agg("collect", any, self),
        }
    }

    fn paths(&mut self) -> Vec<Path> {
        let n = 1 + u64::from(self.chance(1, 6));
        let mut taken = Vec::new();
        (0..n).map(|_| self.path(true, &mut taken)).collect()
    }

    /// Makes a path pattern; only with `declares` it brings variables into scope.
    fn path(&mut self, declares: bool, taken: &mut Vec<usize>) -> Path {
        let start = self.node(declares, !declares);
        let n_hops = if declares { pick(self.random, &[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3]) } else { 1 + self.below(2) };
        let hops: Vec<(Rel, Node)> = (0..n_hops)
            .map(|_| {
                let grouped = declares && !self.plain_paths && self.chance(1, 10);
                let rel = if grouped { self.group(true) } else { self.rel(declares, taken) };
                taken.extend(rel.group.iter().flat_map(|group| group_vars(group)));
                (rel, self.node(declares, false))
            })
            .collect();
        let name = (declares && self.chance(1, 6)).then(|| self.fresh());
        self.scope.extend(name.map(|v| (v, Kind::Path)));
        Path { name, shortest: false, select: Select::Free, mode: "", start, hops }
    }

    fn node(&mut self, declares: bool, bound: bool) -> Node {
        let known = if bound || self.chance(1, 4) { self.var(Kind::Node) } else { None };
        let mut node = Node { var: known, labels: pick(self.random, LABELS), ..Node::default() };
        if known.is_none() && declares && self.chance(2, 3) {
            let v = self.fresh();
            node.var = Some(v);
            self.scope.push((v, Kind::Node));
        }
        // Where there may be an index.
        let of = if node.labels.contains(['A', 'B']) { 4 } else { 16 };
        if self.chance(1, of) {
            node.props.push(self.prop());
        }
        if let (Some(v), true) = (node.var, self.chance(1, 16)) {
            let x = E::Prop(E::Var(v).boxed(), "x");
            let test = E::Compare(x.boxed(), vec![(pick(self.random, &["<", ">=", "<>"]), E::Lit(V::Int(1)))]);
            node.filter = Some(test);
        }
        node
    }

    fn prop(&mut self) -> (&'static str, E) {
        match self.below(9) {
            8 => ("d", E::Lit(V::Date(date(self.random)))),
            0 | 1 => ("x", E::Lit(V::Int(self.below(3) as i64))),
            2 => ("s", E::Lit(V::str(pick(self.random, TEXTS)))),
            3 => ("m", E::Lit(mixed(self.random))),
            4 => ("x", E::Lit(V::Float(1.0))),
            5 => ("id", E::Lit(V::Int(self.below(4) as i64))),
            6 => (pick(self.random, &["x", "s", "m"]), E::Param(self.below(7) as usize)),
            _ => match self.var(Kind::Node) {
                Some(v) => {
                    let key = pick(self.random, &["x", "x", "s", "m", "m", "id"]);
                    let of = pick(self.random, &["x", "x", "s", "m", "m", "f", "l", "id"]);
                    (key, E::Prop(E::Var(v).boxed(), of))
                }
                None => ("x", E::Lit(V::Null)),
            },
        }
    }

    fn rel(&mut self, declares: bool, taken: &mut Vec<usize>) -> Rel {
        let types = (0..pick(self.random, &[0, 0, 0, 1, 1, 2])).map(|_| pick(self.random, RELS)).collect();
        let length = self.chance(1, 5).then(|| {
            let min = self.below(3) as usize;
            (min, self.chance(9, 10).then(|| min + self.below(2) as usize))
        });
        let way = pick(self.random, &[Way::Right, Way::Right, Way::Left, Way::Either]);
        let mut rel = Rel { group: None, quantified: false, var: None, types, way, length, props: Vec::new() };
        if length.is_none() && self.chance(1, 14) {
            rel.var = self.var(Kind::Rel).filter(|v| !taken.contains(v));
        }
        if length.is_some() && self.chance(1, 16) {
            rel.var = self.var(Kind::Rels).filter(|v| !taken.contains(v));
        }
        // Nothing that is bound already can be repeated.
        if rel.var.is_none() && declares && !self.plain_paths && length != Some((0, Some(0))) && self.chance(1, 3) {
            rel.quantified = length.is_some();
        }
        if rel.var.is_none() && declares && self.chance(1, 2) {
            let v = self.fresh();
            rel.var = Some(v);
            self.scope.push((v, if length.is_some() { Kind::Rels } else { Kind::Rel }));
        }
        taken.extend(rel.var);
        if self.chance(1, 12) {
            rel.props.push(("x", E::Lit(V::Int(self.below(2) as i64))));
        }
        rel
    }

    /// Makes what an `EXISTS`, `COUNT` or `COLLECT` runs.
    fn sub(&mut self, name: &'static str) -> E {
        let again = self.made.iter().rev().find(|(e, scope)| {
            matches!(e, E::Sub(other, _) if *other == name) && scope.iter().all(|known| self.scope.contains(known))
        });
        if let (Some(again), 0) = (again.map(|(e, _)| e.clone()), self.subs)
            && self.chance(1, 3)
        {
            return again;
        }
        let scope = self.scope.clone();
        let (outermost, plain_paths) = (std::mem::take(&mut self.outermost), std::mem::take(&mut self.plain_paths));
        self.subs += 1;
        let mut inner = Vec::new();
        for at in 0..1 + u64::from(self.chance(1, 4)) {
            if at > 0 && self.chance(1, 3) {
                let aggregates = self.chance(1, 2);
                let e = if aggregates { self.aggregate(Kind::Int) } else { self.plain(1) };
                let v = self.fresh();
                let mut projection = Projection { items: vec![(e, v)], ..Projection::default() };
                self.scope = scope.clone();
                self.scope.push((v, if aggregates { Kind::Int } else { Kind::Any }));
                if self.chance(1, 3) {
                    projection.order.push((E::Var(v), self.chance(1, 2)));
                    projection.limit = Some(1 + self.below(2) as usize);
                }
                inner.push(Clause::With(projection, None));
            }
            let optional = self.chance(1, 10);
            let paths = self.paths();
            let filter = self.chance(1, 2).then(|| self.truth(1, true));
            inner.push(Clause::Match { optional, repeatable: false, paths, filter });
        }
        if name == "COLLECT" || self.chance(1, 5) {
            let e = if self.chance(1, 3) { self.aggregate(Kind::Int) } else { self.plain(1) };
            let (v, distinct) = (self.fresh(), self.chance(1, 3));
            let mut projection = Projection { distinct, items: vec![(e, v)], ..Projection::default() };
            if self.chance(1, 3) {
                projection.order.push((E::Var(v), self.chance(1, 2)));
                projection.limit = self.chance(1, 2).then(|| 1 + self.below(2) as usize);
            }
            inner.push(Clause::Return(projection));
        }
        self.subs -= 1;
        let e = E::Sub(name, inner);
        if self.subs == 0 {
            self.made.push((e.clone(), scope.clone()));
        }
        self.scope = scope;
        (self.outermost, self.plain_paths) = (outermost, plain_paths);
        e
    }
}

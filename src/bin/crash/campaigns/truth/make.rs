//! Makes random queries that are valid: every name is in scope, every value of a kind that fits.

use super::{
    super::model::Numbers,
    ast::{Clause, E, Node, Path, Projection, Query, Rel, Way},
    graph::{TEXTS, ints, mixed, pick},
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
    Node,
    Nodes,
    Rel,
    Rels,
    Path,
}

/// Kinds of values that are computed and compared.
const PLAIN: &[Kind] = &[Kind::Int, Kind::Int, Kind::Number, Kind::Text, Kind::Bool, Kind::Any, Kind::Ints, Kind::List];

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
}

/// Returns a query, and where it may fail.
pub(super) fn query(random: &mut Numbers) -> (Query, Errors) {
    let errors = match random.below(12) {
        0 => Errors::AtTheEnd,
        1 => Errors::Anywhere,
        _ => Errors::Never,
    };
    let simple = random.chance(1, 4);
    let mut maker = Maker { random, next: 0, scope: Vec::new(), wild: errors == Errors::Anywhere, simple, subs: 0 };
    let query = maker.query(errors);
    // Rows that a LIMIT cuts off need not be made.
    let is_cut = |part: &[Clause]| matches!(part.last(), Some(Clause::Return(last)) if last.limit.is_some());
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
        let mut part = self.clauses(3);
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
                let rel = Rel { var: None, types, way, length, props: Vec::new() };
                let hops = vec![(rel, self.node(true, false))];
                let start = self.node(true, false);
                let name = self.fresh();
                self.scope.push((name, Kind::Path));
                let path = Path { name: Some(name), shortest: true, start, hops };
                Clause::Match { optional: self.chance(1, 2), paths: vec![path], filter: None }
            }
            n => {
                let optional = n > 17 || (is_first && n > 8);
                let paths = self.paths();
                let filter = self.chance(1, 4).then(|| self.truth(2, true));
                Clause::Match { optional, paths, filter }
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
        let v = self.fresh();
        let (n_parts, all) = (if self.chance(1, 4) { 2 } else { 1 }, self.chance(1, 2));
        let mut parts = Vec::new();
        for _ in 0..n_parts {
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
                let rel = self.rel(declares, taken);
                (rel, self.node(declares, false))
            })
            .collect();
        let name = (declares && self.chance(1, 6)).then(|| self.fresh());
        self.scope.extend(name.map(|v| (v, Kind::Path)));
        Path { name, shortest: false, start, hops }
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
        match self.below(8) {
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
        let mut rel = Rel { var: None, types, way, length, props: Vec::new() };
        if length.is_none() && self.chance(1, 14) {
            rel.var = self.var(Kind::Rel).filter(|v| !taken.contains(v));
        }
        if length.is_some() && self.chance(1, 16) {
            rel.var = self.var(Kind::Rels).filter(|v| !taken.contains(v));
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
        let scope = self.scope.clone();
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
            inner.push(Clause::Match { optional, paths, filter });
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
        self.scope = scope;
        E::Sub(name, inner)
    }

    fn plain(&mut self, depth: u32) -> E {
        let kind = pick(self.random, PLAIN);
        self.value(kind, depth)
    }

    /// Makes an expression of a kind; at depth 0 it is a literal, a variable or a property.
    fn value(&mut self, kind: Kind, depth: u32) -> E {
        if !self.simple && self.chance(1, 40) {
            return E::Lit(V::Null);
        }
        if self.chance(1, 3)
            && let Some(v) = self.var(kind)
        {
            return E::Var(v);
        }
        if depth == 0 || self.simple {
            return self.leaf(kind);
        }
        let d = depth - 1;
        if self.chance(1, 12) {
            return self.case(kind, d);
        }
        if self.chance(1, 14) {
            return E::Call("coalesce", vec![self.value(kind, d), self.value(kind, d)]);
        }
        if self.chance(1, 3) {
            return self.leaf(kind);
        }
        match kind {
            Kind::Int => self.int(d),
            Kind::Number => self.number(d),
            Kind::Text => self.text(d),
            Kind::Bool => self.truth(d, false),
            Kind::Ints => self.ints(d),
            Kind::List => self.list(d),
            Kind::Any => self.any(d),
            other => self.leaf(other),
        }
    }

    fn case(&mut self, kind: Kind, d: u32) -> E {
        let branches = 1 + self.below(2);
        if self.chance(1, 3) {
            let subject = pick(self.random, &[Kind::Int, Kind::Text, Kind::Any]);
            let of = self.value(subject, d).boxed();
            let branches = (0..branches).map(|_| (self.value(subject, d), self.value(kind, d))).collect();
            return E::Case(Some(of), branches, self.chance(1, 2).then(|| self.value(kind, d).boxed()));
        }
        let branches = (0..branches).map(|_| (self.truth(d, true), self.value(kind, d))).collect();
        E::Case(None, branches, self.chance(1, 2).then(|| self.value(kind, d).boxed()))
    }

    fn leaf(&mut self, kind: Kind) -> E {
        let key = match kind {
            Kind::Int => pick(self.random, &["x", "x", "id"]),
            Kind::Number => "f",
            Kind::Text => "s",
            Kind::Bool => "b",
            Kind::Any => pick(self.random, &["m", "m", "m", "m", "none"]),
            Kind::Ints => "l",
            _ => "",
        };
        let rel = if self.chance(1, 4) && matches!(key, "x" | "id" | "m") { self.var(Kind::Rel) } else { None };
        if let Some(v) = rel.or_else(|| self.var(Kind::Node))
            && !key.is_empty()
            && self.chance(2, 3)
        {
            return E::Prop(E::Var(v).boxed(), key);
        }
        if self.chance(1, 12) {
            let param = match kind {
                Kind::Int => Some(0),
                Kind::Text => Some(1),
                Kind::Any => Some(self.below(7) as usize),
                Kind::Number => Some(3),
                Kind::Bool => Some(4),
                Kind::Ints => Some(5),
                Kind::List => Some(6),
                _ => None,
            };
            if let Some(at) = param {
                return E::Param(at);
            }
        }
        E::Lit(match kind {
            Kind::Int if self.wild && self.chance(1, 12) => V::Int(i64::MAX - 1),
            Kind::Int => V::Int(self.below(7) as i64 - 2),
            Kind::Number => V::Float(pick(self.random, &[-1.5, 0.0, 0.5, 1.0, 2.0, 2.5])),
            Kind::Text => V::str(pick(self.random, TEXTS)),
            Kind::Bool => V::Bool(self.chance(1, 2)),
            Kind::Any => mixed(self.random),
            Kind::Ints => V::List(ints(self.random)),
            Kind::List => {
                let mut items = ints(self.random);
                if self.chance(1, 2) {
                    items.push(V::Null);
                }
                if self.chance(1, 2) {
                    items.push(mixed(self.random));
                }
                return E::List(items.into_iter().map(E::Lit).collect());
            }
            Kind::Node | Kind::Nodes | Kind::Rel | Kind::Rels | Kind::Path => {
                return self.var(kind).map_or(E::Lit(V::Null), E::Var);
            }
        })
    }

    fn int(&mut self, d: u32) -> E {
        match self.below(16) {
            0..=2 => {
                let op = pick(self.random, &["+", "-", "*"]);
                E::Arith(op, self.value(Kind::Int, d).boxed(), self.value(Kind::Int, d).boxed())
            }
            3 => {
                let by = if self.wild { self.value(Kind::Int, d) } else { E::Lit(V::Int(1 + self.below(3) as i64)) };
                E::Arith(pick(self.random, &["/", "%"]), self.value(Kind::Int, d).boxed(), by.boxed())
            }
            4 if self.var(Kind::Rel).is_some() => {
                let end = E::Call(pick(self.random, &["startNode", "endNode"]), vec![self.leaf(Kind::Rel)]);
                E::Prop(end.boxed(), pick(self.random, &["x", "id"]))
            }
            4 => E::Neg(self.value(Kind::Int, d).boxed()),
            5 => {
                let kind = pick(self.random, &[Kind::Text, Kind::Ints, Kind::List]);
                E::Call("size", vec![self.value(kind, d)])
            }
            6 => match self.var(Kind::Path) {
                Some(path) => E::Call("length", vec![E::Var(path)]),
                None => E::Call("abs", vec![self.value(Kind::Int, d)]),
            },
            7 => match self.var(Kind::Rels) {
                Some(rels) => E::Call("size", vec![E::Var(rels)]),
                None => E::Call("sign", vec![self.value(Kind::Number, d)]),
            },
            8 => {
                let kind = pick(self.random, &[Kind::Text, Kind::Number, Kind::Bool]);
                E::Call("toInteger", vec![self.value(kind, d)])
            }
            9 => E::Index(self.value(Kind::Ints, d).boxed(), self.value(Kind::Int, d).boxed()),
            10 => E::Call(pick(self.random, &["head", "last"]), vec![self.value(Kind::Ints, d)]),
            11 | 12 if self.subs < SUB_DEPTH_MAX => self.sub("COUNT"),
            13 => {
                let (list, init) = (self.value(Kind::Ints, d), self.value(Kind::Int, d));
                let (acc, v) = (self.fresh(), self.fresh());
                let body = E::Arith("+", E::Var(acc).boxed(), E::Var(v).boxed());
                E::Reduce(acc, init.boxed(), v, list.boxed(), body.boxed())
            }
            14 if self.wild => E::Arith("+", self.value(Kind::Any, d).boxed(), self.value(Kind::Int, d).boxed()),
            14 => E::Call("nullIf", vec![self.value(Kind::Int, d), self.value(Kind::Int, d)]),
            _ => E::Index(E::Map(vec![("a", self.value(Kind::Int, d))]).boxed(), E::Lit(V::str("a")).boxed()),
        }
    }

    fn number(&mut self, d: u32) -> E {
        let of =
            |this: &mut Self| if this.chance(1, 2) { this.value(Kind::Int, d) } else { this.value(Kind::Number, d) };
        match self.below(6) {
            0..=2 => {
                let op = pick(self.random, &["+", "-", "*", "/", "%"]);
                // One side is a float for certain: integers could be divided by zero.
                let float = E::Arith("+", E::Lit(V::Float(0.5)).boxed(), of(self).boxed());
                E::Arith(op, of(self).boxed(), float.boxed())
            }
            3 => E::Call("toFloat", vec![of(self)]),
            4 => E::Call(pick(self.random, &["floor", "ceil", "round", "abs"]), vec![of(self)]),
            _ => E::Arith("^", of(self).boxed(), E::Lit(V::Int(self.below(3) as i64)).boxed()),
        }
    }

    fn text(&mut self, d: u32) -> E {
        let n = |this: &mut Self| {
            if this.wild { this.value(Kind::Int, 0) } else { E::Lit(V::Int(this.below(4) as i64)) }
        };
        match self.below(11) {
            0 => E::Arith("+", self.value(Kind::Text, d).boxed(), self.value(Kind::Text, d).boxed()),
            1 => E::Arith("+", self.value(Kind::Text, d).boxed(), self.value(Kind::Int, d).boxed()),
            2 => {
                E::Call(pick(self.random, &["toUpper", "toLower", "trim", "reverse"]), vec![self.value(Kind::Text, d)])
            }
            3 => E::Call(pick(self.random, &["left", "right", "substring"]), vec![self.value(Kind::Text, d), n(self)]),
            4 => E::Call("substring", vec![self.value(Kind::Text, d), n(self), n(self)]),
            5 => {
                let args = (0..3).map(|_| self.value(Kind::Text, d)).collect();
                E::Call("replace", args)
            }
            6 | 7 => {
                let kind = pick(self.random, &[Kind::Int, Kind::Number, Kind::Bool, Kind::Text]);
                E::Call("toString", vec![self.value(kind, d)])
            }
            8 => match self.var(Kind::Rel) {
                Some(rel) => E::Call("type", vec![E::Var(rel)]),
                None => E::Call("trim", vec![self.value(Kind::Text, d)]),
            },
            9 => {
                let split = E::Call("split", vec![self.value(Kind::Text, d), self.value(Kind::Text, 0)]);
                E::Index(split.boxed(), E::Lit(V::Int(self.below(3) as i64 - 1)).boxed())
            }
            _ if self.wild => E::Call("toUpper", vec![self.value(Kind::Any, d)]),
            _ => E::Call("coalesce", vec![self.value(Kind::Text, d), E::Lit(V::str("z"))]),
        }
    }

    fn ints(&mut self, d: u32) -> E {
        match self.below(8) {
            0 => E::Call("range", vec![E::Lit(V::Int(self.below(3) as i64)), E::Lit(V::Int(self.below(5) as i64))]),
            1 => E::Arith("+", self.value(Kind::Ints, d).boxed(), self.value(Kind::Ints, d).boxed()),
            2 => E::Call(pick(self.random, &["tail", "reverse"]), vec![self.value(Kind::Ints, d)]),
            3 => {
                let bound = |this: &mut Self| this.chance(2, 3).then(|| this.value(Kind::Int, d.min(1)).boxed());
                E::Slice(self.value(Kind::Ints, d).boxed(), bound(self), bound(self))
            }
            4 => E::List((0..self.below(4)).map(|_| self.value(Kind::Int, d)).collect()),
            _ => {
                let list = self.value(Kind::Ints, d).boxed();
                let v = self.fresh();
                self.scope.push((v, Kind::Int));
                let filter = self.chance(1, 2).then(|| self.truth(d, true).boxed());
                let map = self.chance(1, 2).then(|| self.value(Kind::Int, d).boxed());
                self.scope.pop();
                E::Comprehension(v, list, filter, map)
            }
        }
    }

    fn list(&mut self, d: u32) -> E {
        match self.below(9) {
            0 | 1 => E::List((0..self.below(4)).map(|_| self.plain(d)).collect()),
            2 => E::Arith("+", self.value(Kind::List, d).boxed(), self.value(Kind::List, d).boxed()),
            3 => E::Call("split", vec![self.value(Kind::Text, d), self.value(Kind::Text, 0)]),
            4 => match self.var(Kind::Node) {
                Some(node) => E::Call(pick(self.random, &["labels", "keys"]), vec![E::Var(node)]),
                None => self.leaf(Kind::List),
            },
            5 if self.subs < SUB_DEPTH_MAX => self.sub("COLLECT"),
            6 if self.subs < SUB_DEPTH_MAX => {
                let scope = self.scope.clone();
                self.subs += 1;
                let path = self.path(true, &mut Vec::new());
                let filter = self.chance(1, 3).then(|| self.truth(d, true).boxed());
                let map = self.plain(d).boxed();
                self.subs -= 1;
                self.scope = scope;
                // A path of one node would be read as something else.
                if path.hops.is_empty() { self.leaf(Kind::List) } else { E::PatternList(Box::new(path), filter, map) }
            }
            _ => {
                let list = self.value(Kind::List, d).boxed();
                let v = self.fresh();
                self.scope.push((v, Kind::Any));
                let filter = self.chance(1, 2).then(|| self.truth(d, true).boxed());
                let map = self.chance(1, 2).then(|| self.plain(d).boxed());
                self.scope.pop();
                E::Comprehension(v, list, filter, map)
            }
        }
    }

    fn any(&mut self, d: u32) -> E {
        match self.below(6) {
            0 => E::Index(self.value(Kind::List, d).boxed(), self.value(Kind::Int, d).boxed()),
            1 => E::Prop(
                E::Map(vec![("a", self.plain(d)), ("b", self.plain(d))]).boxed(),
                pick(self.random, &["a", "c"]),
            ),
            2 => {
                let (a, b) = (self.plain(d), self.plain(d));
                E::Case(None, vec![(self.truth(d, true), a)], Some(b.boxed()))
            }
            3 => E::Map(vec![("a", self.plain(d)), ("b", self.plain(d))]),
            4 if self.chance(1, 2) && self.var(Kind::Node).is_some() => {
                E::Project(self.leaf(Kind::Node).boxed(), vec!["x", pick(self.random, &["s", "m", "none"])])
            }
            4 => match self.var(Kind::Node).or_else(|| self.var(Kind::Rel)) {
                Some(v) => E::Call("properties", vec![E::Var(v)]),
                None => self.leaf(Kind::Any),
            },
            _ => self.plain(d),
        }
    }

    /// Makes a condition; only where `patterns` says so it may be a pattern.
    fn truth(&mut self, d: u32, patterns: bool) -> E {
        let below = d.saturating_sub(1);
        match self.below(if d == 0 { 7 } else { 21 }) {
            0..=3 => self.comparison(below),
            4 => {
                let kind = pick(self.random, PLAIN);
                let of =
                    self.var(Kind::Node).filter(|_| self.chance(1, 3)).map_or_else(|| self.value(kind, below), E::Var);
                E::IsNull(of.boxed(), self.chance(1, 2))
            }
            5 if self.chance(1, 6) && self.var(Kind::Rel).is_some() => {
                E::Has(self.leaf(Kind::Rel).boxed(), pick(self.random, &[":R", ":S"]))
            }
            5 => match self.var(Kind::Node) {
                Some(node) => E::Has(E::Var(node).boxed(), pick(self.random, &LABELS[NO_LABELS..])),
                None => self.leaf(Kind::Bool),
            },
            6 => {
                let kind = pick(self.random, &[Kind::Int, Kind::Any, Kind::Text, Kind::Number]);
                E::In(self.value(kind, below).boxed(), self.some_list(below).boxed())
            }
            7 | 8 => {
                let all = (0..2 + self.below(2)).map(|_| self.truth(below, patterns)).collect();
                if self.chance(1, 2) { E::And(all) } else { E::Or(all) }
            }
            9 => E::Not(self.truth(below, patterns).boxed()),
            10 => E::Xor(self.truth(below, patterns).boxed(), self.truth(below, patterns).boxed()),
            20 if self.var(Kind::Rels).is_some() => {
                let list = self.leaf(Kind::Rels).boxed();
                let v = self.fresh();
                self.scope.push((v, Kind::Rel));
                let test = self.comparison(0).boxed();
                self.scope.pop();
                E::Quantified(pick(self.random, &["all", "any", "none", "single"]), v, list, test)
            }
            11 => {
                let test = pick(self.random, &["STARTS WITH", "ENDS WITH", "CONTAINS"]);
                let kind = pick(self.random, &[Kind::Text, Kind::Text, Kind::Any]);
                E::Test(test, self.value(kind, below).boxed(), self.value(Kind::Text, below).boxed())
            }
            12 => {
                let (list, kind) = match (self.var(Kind::Rels), self.var(Kind::Path)) {
                    (Some(rels), _) if self.chance(2, 3) => (E::Var(rels), Kind::Rel),
                    (_, Some(path)) if self.chance(2, 3) => (E::Call("nodes", vec![E::Var(path)]), Kind::Node),
                    _ => (self.value(Kind::Ints, below), Kind::Int),
                };
                let list = list.boxed();
                let v = self.fresh();
                self.scope.push((v, kind));
                let test = self.truth(below, true).boxed();
                self.scope.pop();
                E::Quantified(pick(self.random, &["all", "any", "none", "single"]), v, list, test)
            }
            13..=15 if patterns && self.var(Kind::Node).is_some() => {
                E::Linked(Box::new(self.path(false, &mut Vec::new())))
            }
            16 | 17 if self.subs < SUB_DEPTH_MAX => self.sub("EXISTS"),
            18 => match (self.var(Kind::Node), self.var(Kind::Node)) {
                (Some(a), Some(b)) => E::Compare(E::Var(a).boxed(), vec![(pick(self.random, &["=", "<>"]), E::Var(b))]),
                _ => self.leaf(Kind::Bool),
            },
            _ => self.value(Kind::Bool, below),
        }
    }

    fn some_list(&mut self, d: u32) -> E {
        if self.chance(1, 2) { self.value(Kind::Ints, d) } else { self.value(Kind::List, d) }
    }

    fn comparison(&mut self, d: u32) -> E {
        if let (Some(a), Some(b), true) = (self.var(Kind::Node), self.var(Kind::Node), self.chance(1, 3)) {
            // What an index or a join can answer.
            let key = pick(self.random, &["x", "x", "s", "m"]);
            let op = pick(self.random, &["=", "=", "=", "<>", "<", "<=", ">", ">="]);
            let of = |v: usize| E::Prop(E::Var(v).boxed(), key);
            let right = match key {
                _ if a != b && self.chance(1, 2) => of(b),
                "x" => E::Lit(V::Int(self.below(3) as i64)),
                "s" => E::Lit(V::str(pick(self.random, TEXTS))),
                _ => E::Lit(mixed(self.random)),
            };
            return E::Compare(of(a).boxed(), vec![(op, right)]);
        }
        let kind =
            pick(self.random, &[Kind::Int, Kind::Int, Kind::Number, Kind::Text, Kind::Bool, Kind::Any, Kind::List]);
        let other = if self.chance(1, 4) { pick(self.random, PLAIN) } else { kind };
        let mut rest = Vec::new();
        for _ in 0..if self.chance(1, 10) { 2 } else { 1 } {
            let op = pick(self.random, &["=", "=", "<>", "<", "<=", ">", ">="]);
            rest.push((op, self.value(other, d)));
        }
        E::Compare(self.value(kind, d).boxed(), rest)
    }
}

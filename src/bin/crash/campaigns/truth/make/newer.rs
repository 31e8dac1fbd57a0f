//! Makes what the language has got beside openCypher: clauses of their own for what `WITH` does, conditional queries, `NEXT`,
//! repetitions, path selectors and modes, tests in `CASE`.

use super::{
    super::{
        ast::{Clause, E, Group, Node, Path, Projection, Rel, Select, Way},
        graph::pick,
        value::V,
    },
    Kind, LABELS, Maker, PLAIN, RELS,
};

impl Maker<'_> {
    /// Makes a clause, where there may be one of these.
    pub(super) fn newer(&mut self, is_first: bool) -> Option<Clause> {
        Some(match self.below(if is_first { 5 } else { 11 }) {
            0 => {
                let items: Vec<(usize, E, Kind)> = (0..1 + self.below(2))
                    .map(|_| {
                        let kind = pick(self.random, PLAIN);
                        (self.fresh(), self.value(kind, 2), kind)
                    })
                    .collect();
                self.scope.extend(items.iter().map(|(v, _, kind)| (*v, *kind)));
                Clause::Let(items.into_iter().map(|(v, e, _)| (v, e)).collect())
            }
            1 => {
                let (list, kind) = match self.var(Kind::Nodes) {
                    Some(nodes) if self.chance(1, 2) => (E::Var(nodes), Kind::Node),
                    _ if self.chance(1, 2) => (self.value(Kind::Ints, 2), Kind::Int),
                    _ => (self.value(Kind::List, 2), Kind::Any),
                };
                let v = self.fresh();
                self.scope.push((v, kind));
                let at = self.chance(1, 2).then(|| (self.below(2) as i64, self.fresh()));
                self.scope.extend(at.map(|(_, at)| (at, Kind::Int)));
                Clause::For(v, list, at)
            }
            2..5 => self.selected(),
            5 | 6 if !self.scope.is_empty() => Clause::Filter(self.truth(2, true)),
            7 | 8 if !self.scope.is_empty() => {
                let mut page = Projection::default();
                for _ in 0..self.below(3) {
                    let kind = pick(self.random, &[Kind::Int, Kind::Int, Kind::Number, Kind::Text, Kind::Date]);
                    let key = match self.var(Kind::Node) {
                        Some(node) if self.chance(1, 2) => E::Prop(E::Var(node).boxed(), "id"),
                        _ => self.value(kind, 1),
                    };
                    page.order.push((key, self.chance(1, 2)));
                }
                page.skip = self.chance(1, 3).then(|| self.below(3) as usize);
                if page.order.is_empty() || self.chance(1, 2) {
                    page.limit = Some(self.below(6) as usize);
                }
                Clause::Page(page)
            }
            9 if self.outermost => {
                let projection = self.projection(false);
                self.keep(&projection);
                Clause::Next(projection)
            }
            _ => return None,
        })
    }

    /// Makes a conditional query.
    pub(super) fn when(&mut self) -> Clause {
        let columns: Vec<usize> = (0..1 + self.below(2)).map(|_| self.fresh()).collect();
        self.when_of(&columns)
    }

    /// Makes a conditional query with these columns.
    pub(super) fn when_of(&mut self, columns: &[usize]) -> Clause {
        let outer = self.scope.clone();
        let branch = |this: &mut Self| {
            this.scope.clone_from(&outer);
            let mut part = this.clauses(2);
            let items = columns.iter().map(|v| (this.value(Kind::Int, 2), *v)).collect();
            part.push(Clause::Return(Projection { items, ..Projection::default() }));
            part
        };
        let branches = (0..1 + self.below(2))
            .map(|_| {
                self.scope.clone_from(&outer);
                let condition = if self.chance(1, 2) { self.sub("EXISTS") } else { self.truth(2, true) };
                (condition, branch(self))
            })
            .collect();
        let otherwise = self.chance(1, 2).then(|| branch(self));
        self.scope = outer;
        Clause::When(branches, otherwise)
    }

    /// Makes a `CASE` with tests of its subject.
    pub(super) fn tested(&mut self, kind: Kind, d: u32) -> E {
        let subject = pick(self.random, &[Kind::Int, Kind::Number, Kind::Text, Kind::Any, Kind::Date]);
        let of = self.value(subject, d).boxed();
        let test = |this: &mut Self| {
            let ops: &[&'static str] = match subject {
                Kind::Text => &["", "=", "<", "STARTS WITH", "ENDS WITH", "IS NULL"],
                _ => &["", "=", "<>", "<", "<=", ">", ">=", "IS NULL", "IS NOT NULL"],
            };
            let op = pick(this.random, ops);
            let other = if op.contains("NULL") { E::Lit(V::Null) } else { this.value(subject, d) };
            (op, other)
        };
        let branches = (0..1 + self.below(2))
            .map(|_| ((0..1 + self.below(2)).map(|_| test(self)).collect(), self.value(kind, d)))
            .collect();
        let otherwise = self.chance(1, 2).then(|| self.value(kind, d).boxed());
        E::Tested(of, branches, otherwise)
    }

    /// Makes a match of one path that is searched as a whole.
    fn selected(&mut self) -> Clause {
        let select = match self.below(12) {
            0..3 => Select::AllShortest,
            3 => Select::AnyShortest,
            4 | 5 => Select::Shortest(1 + self.below(3) as usize),
            6 | 7 => Select::Groups(1 + self.below(2) as usize),
            8 => Select::Any(1 + self.below(3) as usize),
            9 => Select::All,
            _ => Select::Free,
        };
        let mode = pick(self.random, &["", "", "", "WALK", "TRAIL", "ACYCLIC", "SIMPLE"]);
        let repeatable = self.chance(1, 4);
        let start = self.node(true, false);
        let n_hops = 1 + self.below(2);
        let mut hops = Vec::new();
        for at in 0..n_hops {
            let rel = self.repeated(!repeatable);
            // What is inside of a path that is selected is not bound elsewhere.
            let node = if at + 1 < n_hops { self.inner_node(true) } else { self.node(true, false) };
            hops.push((rel, node));
        }
        let name = self.chance(1, 2).then(|| self.fresh());
        self.scope.extend(name.map(|v| (v, Kind::Path)));
        let path = Path { name, shortest: false, select, mode, start, hops };
        let filter = self.chance(1, 5).then(|| self.truth(1, true));
        Clause::Match { optional: self.chance(1, 5), repeatable, paths: vec![path], filter }
    }

    /// Makes a relationship or a repetition.
    fn repeated(&mut self, unbounded: bool) -> Rel {
        if self.chance(1, 3) {
            return self.group(unbounded);
        }
        let mut rel = self.plain_rel();
        if self.chance(3, 4) {
            let min = self.below(3) as usize;
            let max = if unbounded && self.chance(1, 2) { None } else { Some((min + self.below(3) as usize).max(1)) };
            (rel.length, rel.quantified) = (Some((min, max)), true);
        }
        if self.chance(1, 3) {
            let v = self.fresh();
            rel.var = Some(v);
            self.scope.push((v, if rel.length.is_some() { Kind::Rels } else { Kind::Rel }));
        }
        rel
    }

    fn plain_rel(&mut self) -> Rel {
        let types = (0..pick(self.random, &[0, 0, 1, 1, 2])).map(|_| pick(self.random, RELS)).collect();
        let way = pick(self.random, &[Way::Right, Way::Right, Way::Left, Way::Either]);
        let mut props = Vec::new();
        if self.chance(1, 12) {
            props.push(("x", E::Lit(V::Int(self.below(2) as i64))));
        }
        Rel { group: None, quantified: false, var: None, types, way, length: None, props }
    }

    /// Makes a node with a variable of its own or none.
    fn inner_node(&mut self, declares: bool) -> Node {
        let var = self.chance(1, 2).then(|| self.fresh());
        if declares {
            self.scope.extend(var.map(|v| (v, Kind::Node)));
        }
        Node { var, labels: pick(self.random, LABELS), ..Node::default() }
    }

    /// Makes a repetition of one relationship or two.
    pub(super) fn group(&mut self, unbounded: bool) -> Rel {
        let outer = std::mem::take(&mut self.scope);
        let start = self.inner_node(true);
        let mut hops = Vec::new();
        for _ in 0..1 + u64::from(self.chance(1, 3)) {
            let mut rel = self.plain_rel();
            rel.var = self.chance(1, 2).then(|| self.fresh());
            self.scope.extend(rel.var.map(|v| (v, Kind::Rel)));
            hops.push((rel, self.inner_node(true)));
        }
        let filter = (!self.scope.is_empty() && self.chance(1, 2)).then(|| self.comparison(0));
        let inside = std::mem::replace(&mut self.scope, outer);
        self.scope
            .extend(inside.into_iter().map(|(v, kind)| (v, if kind == Kind::Rel { Kind::Rels } else { Kind::Nodes })));
        let min = self.below(3) as usize;
        let max = if unbounded && self.chance(1, 3) { None } else { Some((min + self.below(2) as usize).max(1)) };
        let group = Group { start, hops, filter, min, max };
        let rel = Rel { group: Some(Box::new(group)), ..self.plain_rel() };
        Rel { types: Vec::new(), props: Vec::new(), ..rel }
    }
}

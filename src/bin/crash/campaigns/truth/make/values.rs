//! Makes expressions of a kind.

use super::{
    super::{
        ast::E,
        graph::{TEXTS, date, ints, mixed, pick, point},
        value::V,
    },
    Kind, LABELS, Maker, NO_LABELS, PLAIN, SUB_DEPTH_MAX,
};

impl Maker<'_> {
    pub(super) fn plain(&mut self, depth: u32) -> E {
        let kind = pick(self.random, PLAIN);
        self.value(kind, depth)
    }

    /// Makes an expression of a kind; at depth 0 it is a literal, a variable or a property.
    pub(super) fn value(&mut self, kind: Kind, depth: u32) -> E {
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
            Kind::Date if self.chance(1, 2) => E::Later(self.value(Kind::Date, d).boxed(), self.below(70) as i64 - 35),
            Kind::Date => E::Call("date", vec![self.value(Kind::Date, d)]),
            other => self.leaf(other),
        }
    }

    pub(super) fn case(&mut self, kind: Kind, d: u32) -> E {
        let branches = 1 + self.below(2);
        if self.chance(1, 4) {
            return self.tested(kind, d);
        }
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
            Kind::Date => "d",
            Kind::Point => "p",
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
            Kind::Date => V::Date(date(self.random)),
            Kind::Point => point(self.random),
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
        match self.below(18) {
            16 => E::Prop(self.value(Kind::Date, d).boxed(), pick(self.random, &["year", "month", "day", "dayOfWeek"])),
            17 => E::Call("daysBetween", vec![self.value(Kind::Date, d), self.value(Kind::Date, d)]),
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
        match self.below(8) {
            6 => E::Call("point.distance", vec![self.value(Kind::Point, d), self.value(Kind::Point, d)]),
            7 => E::Prop(self.value(Kind::Point, d).boxed(), pick(self.random, &["x", "y"])),
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
                let kind = pick(self.random, &[Kind::Int, Kind::Number, Kind::Bool, Kind::Text, Kind::Date]);
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
                let plain_paths = std::mem::replace(&mut self.plain_paths, true);
                let path = self.path(true, &mut Vec::new());
                self.plain_paths = plain_paths;
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
        match self.below(7) {
            5 if self.var(Kind::Node).is_some() => {
                // A property by a name that is computed.
                let name = match self.below(3) {
                    0 => E::Param(1),
                    1 => self.case(Kind::Text, d),
                    _ => E::Lit(V::str(pick(self.random, &["x", "s", "m", "none"]))),
                };
                E::Index(self.leaf(Kind::Node).boxed(), name.boxed())
            }
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
    pub(super) fn truth(&mut self, d: u32, patterns: bool) -> E {
        let below = d.saturating_sub(1);
        match self.below(if d == 0 { 7 } else { 22 }) {
            21 => {
                let corners = [(-1.0, -1.0), (0.0, 0.0), (3.0, 4.0), (0.5, 9.0)];
                let mut corner = || E::Lit(V::Point(pick(self.random, &corners).0, pick(self.random, &corners).1));
                let (low, high) = (corner(), corner());
                E::Call("point.withinBBox", vec![self.value(Kind::Point, below), low, high])
            }
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

    pub(super) fn comparison(&mut self, d: u32) -> E {
        if let (Some(a), Some(b), true) = (self.var(Kind::Node), self.var(Kind::Node), self.chance(1, 3)) {
            // What an index or a join can answer.
            let key = pick(self.random, &["x", "x", "s", "m", "d"]);
            let op = pick(self.random, &["=", "=", "=", "<>", "<", "<=", ">", ">="]);
            let of = |v: usize| E::Prop(E::Var(v).boxed(), key);
            let right = match key {
                _ if a != b && self.chance(1, 2) => of(b),
                "x" => E::Lit(V::Int(self.below(3) as i64)),
                "s" => E::Lit(V::str(pick(self.random, TEXTS))),
                "d" => E::Lit(V::Date(date(self.random))),
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

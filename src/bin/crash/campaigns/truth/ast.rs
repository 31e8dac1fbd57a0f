//! Queries as the campaign makes, evaluates and shrinks them, and their text.

use super::value::V;

/// An expression.
#[derive(Debug, Clone)]
pub(super) enum E {
    Lit(V),
    /// One of [`params`](super::value::params), by its place.
    Param(usize),
    Var(usize),
    Prop(Box<E>, &'static str),
    Arith(&'static str, Box<E>, Box<E>),
    Neg(Box<E>),
    Compare(Box<E>, Vec<(&'static str, E)>),
    And(Vec<E>),
    Or(Vec<E>),
    Xor(Box<E>, Box<E>),
    Not(Box<E>),
    IsNull(Box<E>, bool),
    In(Box<E>, Box<E>),
    /// `STARTS WITH`, `ENDS WITH`, `CONTAINS`.
    Test(&'static str, Box<E>, Box<E>),
    Has(Box<E>, &'static str),
    List(Vec<E>),
    Map(Vec<(&'static str, E)>),
    /// `x {.a, .b}`.
    Project(Box<E>, Vec<&'static str>),
    Index(Box<E>, Box<E>),
    Slice(Box<E>, Option<Box<E>>, Option<Box<E>>),
    Case(Option<Box<E>>, Vec<(E, E)>, Option<Box<E>>),
    Call(&'static str, Vec<E>),
    Comprehension(usize, Box<E>, Option<Box<E>>, Option<Box<E>>),
    Quantified(&'static str, usize, Box<E>, Box<E>),
    /// Accumulator, its first value, variable, list, body.
    Reduce(usize, Box<E>, usize, Box<E>, Box<E>),
    /// A pattern as a predicate.
    Linked(Box<Path>),
    /// `EXISTS`, `COUNT` or `COLLECT`.
    Sub(&'static str, Vec<Clause>),
    PatternList(Box<Path>, Option<Box<E>>, Box<E>),
    /// Without an argument it is `count(*)`.
    Agg(&'static str, bool, Option<Box<E>>),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) var: Option<usize>,
    pub(super) labels: &'static str,
    pub(super) props: Vec<(&'static str, E)>,
    pub(super) filter: Option<E>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Way {
    Right,
    Left,
    Either,
}

#[derive(Debug, Clone)]
pub(super) struct Rel {
    pub(super) var: Option<usize>,
    pub(super) types: Vec<&'static str>,
    pub(super) way: Way,
    /// Least and most relationships of a variable length.
    pub(super) length: Option<(usize, Option<usize>)>,
    pub(super) props: Vec<(&'static str, E)>,
}

#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) name: Option<usize>,
    /// Of the matches between two nodes, only the shortest.
    pub(super) shortest: bool,
    pub(super) start: Node,
    pub(super) hops: Vec<(Rel, Node)>,
}

#[derive(Debug, Clone)]
pub(super) enum Clause {
    Match {
        optional: bool,
        paths: Vec<Path>,
        filter: Option<E>,
    },
    Unwind(E, usize),
    With(Projection, Option<E>),
    Return(Projection),
    /// The variables it sees, and what it runs for each row.
    Call(Vec<usize>, Query),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Projection {
    pub(super) distinct: bool,
    pub(super) star: bool,
    pub(super) items: Vec<(E, usize)>,
    /// Keys, and whether each descends.
    pub(super) order: Vec<(E, bool)>,
    pub(super) skip: Option<usize>,
    pub(super) limit: Option<usize>,
}

/// The parts of a UNION, each with whether it is joined by UNION ALL.
#[derive(Debug, Clone)]
pub(super) struct Query(pub(super) Vec<(bool, Vec<Clause>)>);

impl Projection {
    pub(super) fn aggregates(&self) -> bool {
        self.items.iter().any(|(e, _)| e.aggregates())
    }
}

impl E {
    pub(super) fn boxed(self) -> Box<Self> {
        Box::new(self)
    }

    /// Returns whether it aggregates the rows of its own projection.
    pub(super) fn aggregates(&self) -> bool {
        match self {
            Self::Agg(..) => true,
            _ => {
                let mut found = false;
                self.clone().children(&mut |child| found |= child.aggregates());
                found
            }
        }
    }

    /// Visits the expressions right below, without those inside of subqueries.
    pub(super) fn children(&mut self, see: &mut dyn FnMut(&mut E)) {
        match self {
            Self::Lit(_) | Self::Param(_) | Self::Var(_) | Self::Sub(..) | Self::Linked(_) => {}
            Self::Prop(a, _)
            | Self::Project(a, _)
            | Self::Neg(a)
            | Self::Not(a)
            | Self::IsNull(a, _)
            | Self::Has(a, _) => see(a),
            Self::Arith(_, a, b)
            | Self::Xor(a, b)
            | Self::In(a, b)
            | Self::Test(_, a, b)
            | Self::Index(a, b)
            | Self::Quantified(_, _, a, b) => {
                see(a);
                see(b);
            }
            Self::Compare(a, rest) => {
                see(a);
                rest.iter_mut().for_each(|(_, e)| see(e));
            }
            Self::And(all) | Self::Or(all) | Self::List(all) | Self::Call(_, all) => all.iter_mut().for_each(see),
            Self::Map(entries) => entries.iter_mut().for_each(|(_, e)| see(e)),
            Self::Slice(a, from, to) => {
                see(a);
                from.iter_mut().chain(to).for_each(|e| see(e));
            }
            Self::Case(subject, branches, otherwise) => {
                subject.iter_mut().for_each(|e| see(e));
                for (when, then) in branches {
                    see(when);
                    see(then);
                }
                otherwise.iter_mut().for_each(|e| see(e));
            }
            Self::Comprehension(_, list, filter, map) => {
                see(list);
                filter.iter_mut().chain(map).for_each(|e| see(e));
            }
            Self::Reduce(_, init, _, list, body) => [init, list, body].into_iter().for_each(|e| see(e)),
            Self::PatternList(_, filter, map) => {
                filter.iter_mut().for_each(|e| see(e));
                see(map);
            }
            Self::Agg(_, _, arg) => arg.iter_mut().for_each(|e| see(e)),
        }
    }

    pub(super) fn text(&self) -> String {
        let list = |all: &[E], by: &str| all.iter().map(Self::text).collect::<Vec<_>>().join(by);
        let opt =
            |before: &str, e: &Option<Box<E>>| e.as_ref().map_or(String::new(), |e| before.to_owned() + &e.text());
        match self {
            Self::Lit(V::Int(n)) if *n < 0 => format!("({n})"),
            Self::Lit(v) => v.literal(),
            Self::Param(at) => format!("$p{at}"),
            Self::Var(v) => format!("v{v}"),
            Self::Prop(base, key) => format!("{}.{key}", base.text()),
            Self::Arith(op, a, b) => format!("({} {op} {})", a.text(), b.text()),
            Self::Neg(a) => format!("(-{})", a.text()),
            Self::Compare(first, rest) => {
                let rest: String = rest.iter().map(|(op, e)| format!(" {op} {}", e.text())).collect();
                format!("({}{rest})", first.text())
            }
            Self::And(all) => format!("({})", list(all, " AND ")),
            Self::Or(all) => format!("({})", list(all, " OR ")),
            Self::Xor(a, b) => format!("({} XOR {})", a.text(), b.text()),
            Self::Not(a) => format!("(NOT {})", a.text()),
            Self::IsNull(a, is) => format!("({} IS {}NULL)", a.text(), if *is { "" } else { "NOT " }),
            Self::In(a, b) => format!("({} IN {})", a.text(), b.text()),
            Self::Test(test, a, b) => format!("({} {test} {})", a.text(), b.text()),
            Self::Has(a, labels) => format!("({}{labels})", a.text()),
            Self::List(items) => format!("[{}]", list(items, ", ")),
            Self::Map(entries) => {
                let entries: Vec<String> = entries.iter().map(|(key, e)| format!("{key}: {}", e.text())).collect();
                format!("{{{}}}", entries.join(", "))
            }
            Self::Project(a, keys) => format!("{} {{.{}}}", a.text(), keys.join(", .")),
            Self::Index(a, at) => format!("{}[{}]", a.text(), at.text()),
            Self::Slice(a, from, to) => format!("{}[{}..{}]", a.text(), opt("", from), opt("", to)),
            Self::Case(subject, branches, otherwise) => {
                let branches: String =
                    branches.iter().map(|(when, then)| format!(" WHEN {} THEN {}", when.text(), then.text())).collect();
                format!("CASE{}{branches}{} END", opt(" ", subject), opt(" ELSE ", otherwise))
            }
            Self::Call(name, args) => format!("{name}({})", list(args, ", ")),
            Self::Comprehension(v, from, filter, map) => {
                format!("[v{v} IN {}{}{}]", from.text(), opt(" WHERE ", filter), opt(" | ", map))
            }
            Self::Quantified(name, v, from, test) => format!("{name}(v{v} IN {} WHERE {})", from.text(), test.text()),
            Self::Reduce(acc, init, v, from, body) => {
                format!("reduce(v{acc} = {}, v{v} IN {} | {})", init.text(), from.text(), body.text())
            }
            Self::Linked(path) => format!("({})", path.text()),
            Self::Sub(name, inner) => format!("{name} {{ {} }}", clauses(inner)),
            Self::PatternList(path, filter, map) => {
                format!("[{}{} | {}]", path.text(), opt(" WHERE ", filter), map.text())
            }
            Self::Agg(name, _, None) => format!("{name}(*)"),
            Self::Agg(name, distinct, Some(arg)) => {
                format!("{name}({}{})", if *distinct { "DISTINCT " } else { "" }, arg.text())
            }
        }
    }
}

impl Node {
    fn text(&self) -> String {
        let filter = self.filter.as_ref().map_or(String::new(), |e| format!(" WHERE {}", e.text()));
        format!("({}{}{}{filter})", name(self.var), self.labels, props(&self.props))
    }
}

impl Path {
    pub(super) fn text(&self) -> String {
        let mut text = self.start.text();
        for (rel, node) in &self.hops {
            let (left, right) = match rel.way {
                Way::Right => ("-", "->"),
                Way::Left => ("<-", "-"),
                Way::Either => ("-", "-"),
            };
            let types = if rel.types.is_empty() { String::new() } else { format!(":{}", rel.types.join("|")) };
            let length = rel.length.map_or(String::new(), |(min, max)| {
                format!("*{min}..{}", max.map_or(String::new(), |max| max.to_string()))
            });
            let inner = format!("{}{types}{length}{}", name(rel.var), props(&rel.props));
            text += &format!("{left}[{inner}]{right}{}", node.text());
        }
        if self.shortest {
            text = format!("allShortestPaths({text})");
        }
        self.name.map_or(String::new(), |v| format!("v{v} = ")) + &text
    }
}

impl Projection {
    fn text(&self) -> String {
        let star = self.star.then(|| "*".to_owned());
        let items = self.items.iter().map(|(e, v)| match e {
            E::Var(w) if v == w => format!("v{v}"),
            _ => format!("{} AS v{v}", e.text()),
        });
        let mut text = star.into_iter().chain(items).collect::<Vec<_>>().join(", ");
        if self.distinct {
            text = format!("DISTINCT {text}");
        }
        if !self.order.is_empty() {
            let keys = self.order.iter().map(|(e, descending)| e.text() + if *descending { " DESC" } else { "" });
            text += &format!(" ORDER BY {}", keys.collect::<Vec<_>>().join(", "));
        }
        text += &self.skip.map_or(String::new(), |n| format!(" SKIP {n}"));
        text + &self.limit.map_or(String::new(), |n| format!(" LIMIT {n}"))
    }
}

impl Clause {
    fn text(&self) -> String {
        let filtered = |e: &Option<E>| e.as_ref().map_or(String::new(), |e| format!(" WHERE {}", e.text()));
        match self {
            Self::Match { optional, paths, filter } => {
                let paths: Vec<String> = paths.iter().map(Path::text).collect();
                format!("{}MATCH {}{}", if *optional { "OPTIONAL " } else { "" }, paths.join(", "), filtered(filter))
            }
            Self::Unwind(e, v) => format!("UNWIND {} AS v{v}", e.text()),
            Self::With(projection, filter) => format!("WITH {}{}", projection.text(), filtered(filter)),
            Self::Return(projection) => format!("RETURN {}", projection.text()),
            Self::Call(imports, query) => {
                let imports: Vec<String> = imports.iter().map(|v| format!("v{v}")).collect();
                format!("CALL ({}) {{ {} }}", imports.join(", "), query.text())
            }
        }
    }
}

impl Query {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (at, (all, part)) in self.0.iter().enumerate() {
            if at > 0 {
                text += if *all { " UNION ALL " } else { " UNION " };
            }
            text += &clauses(part);
        }
        text
    }
}

fn clauses(clauses: &[Clause]) -> String {
    clauses.iter().map(Clause::text).collect::<Vec<_>>().join(" ")
}

fn name(var: Option<usize>) -> String {
    var.map_or(String::new(), |v| format!("v{v}"))
}

fn props(props: &[(&'static str, E)]) -> String {
    if props.is_empty() {
        return String::new();
    }
    let entries: Vec<String> = props.iter().map(|(key, e)| format!("{key}: {}", e.text())).collect();
    format!(" {{{}}}", entries.join(", "))
}

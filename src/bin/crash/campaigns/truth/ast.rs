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
    /// Tests of a subject: what stands before the other value, which `IS NULL` has not.
    Tested(Box<E>, Vec<(Vec<(&'static str, E)>, E)>, Option<Box<E>>),
    /// A date, so many days later.
    Later(Box<E>, i64),
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

/// A part of a path that is repeated.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) start: Node,
    pub(super) hops: Vec<(Rel, Node)>,
    pub(super) filter: Option<E>,
    pub(super) min: usize,
    pub(super) max: Option<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Rel {
    /// What stands in its place.
    pub(super) group: Option<Box<Group>>,
    /// The length is written as a quantifier.
    pub(super) quantified: bool,
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
    /// Of the matches between two nodes, only the shortest, by the function of that name.
    pub(super) shortest: bool,
    /// Which of the matches between two nodes.
    pub(super) select: Select,
    /// `TRAIL` and the like, or nothing.
    pub(super) mode: &'static str,
    pub(super) start: Node,
    pub(super) hops: Vec<(Rel, Node)>,
}

/// A path selector.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) enum Select {
    /// Nothing is written.
    #[default]
    Free,
    All,
    Any(usize),
    AnyShortest,
    AllShortest,
    Shortest(usize),
    Groups(usize),
}

#[derive(Debug, Clone)]
pub(super) enum Clause {
    Match {
        optional: bool,
        /// A relationship may occur more than once.
        repeatable: bool,
        paths: Vec<Path>,
        filter: Option<E>,
    },
    Unwind(E, usize),
    With(Projection, Option<E>),
    /// `RETURN ... NEXT`.
    Next(Projection),
    Let(Vec<(usize, E)>),
    Filter(E),
    /// Variable, list, and another variable that counts from 0 or from 1.
    For(usize, E, Option<(i64, usize)>),
    /// Order, skip and limit as a clause; the rest is empty.
    Page(Projection),
    /// A conditional query, which is all there is: conditions and branches, and what there is otherwise.
    When(Vec<(E, Vec<Clause>)>, Option<Vec<Clause>>),
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
            Self::Tested(subject, branches, otherwise) => {
                see(subject);
                for (tests, then) in branches {
                    tests.iter_mut().for_each(|(_, e)| see(e));
                    see(then);
                }
                otherwise.iter_mut().for_each(|e| see(e));
            }
            Self::Later(date, _) => see(date),
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
            Self::Tested(subject, branches, otherwise) => {
                let test = |(op, e): &(&str, E)| match *op {
                    "IS NULL" | "IS NOT NULL" => (*op).to_owned(),
                    "" => e.text(),
                    op => format!("{op} {}", e.text()),
                };
                let branch = |(tests, then): &(Vec<(&'static str, E)>, E)| {
                    let tests: Vec<String> = tests.iter().map(test).collect();
                    format!(" WHEN {} THEN {}", tests.join(", "), then.text())
                };
                let branches: String = branches.iter().map(branch).collect();
                format!("CASE {}{branches}{} END", subject.text(), opt(" ELSE ", otherwise))
            }
            Self::Later(date, days) => format!("({} + duration({{days: {days}}}))", date.text()),
            Self::Call("daysBetween", args) => format!("duration.inDays({}).days", list(args, ", ")),
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

impl Rel {
    fn text(&self) -> String {
        let bounds = |(min, max): (usize, Option<usize>), between: &str| {
            format!("{min}{between}{}", max.map_or(String::new(), |max| max.to_string()))
        };
        if let Some(group) = &self.group {
            let filter = group.filter.as_ref().map_or(String::new(), |e| format!(" WHERE {}", e.text()));
            let quantifier = bounds((group.min, group.max), ",");
            return format!("({}{filter}){{{quantifier}}}", chain(&group.start, &group.hops));
        }
        let (left, right) = match self.way {
            Way::Right => ("-", "->"),
            Way::Left => ("<-", "-"),
            Way::Either => ("-", "-"),
        };
        let types = if self.types.is_empty() { String::new() } else { format!(":{}", self.types.join("|")) };
        let (length, quantifier) = match self.length {
            None => (String::new(), String::new()),
            Some((0, None)) if self.quantified => (String::new(), "*".to_owned()),
            Some((1, None)) if self.quantified => (String::new(), "+".to_owned()),
            Some(length) if self.quantified => (String::new(), format!("{{{}}}", bounds(length, ","))),
            Some(length) => (format!("*{}", bounds(length, "..")), String::new()),
        };
        format!("{left}[{}{types}{length}{}]{right}{quantifier}", name(self.var), props(&self.props))
    }
}

fn chain(start: &Node, hops: &[(Rel, Node)]) -> String {
    start.text() + &hops.iter().map(|(rel, node)| rel.text() + &node.text()).collect::<String>()
}

impl Path {
    pub(super) fn text(&self) -> String {
        let mut text = chain(&self.start, &self.hops);
        if self.shortest {
            text = format!("allShortestPaths({text})");
        }
        let select = match self.select {
            Select::Free => String::new(),
            Select::All => "ALL ".into(),
            Select::Any(1) => "ANY ".into(),
            Select::Any(n) => format!("ANY {n} "),
            Select::AnyShortest => "ANY SHORTEST ".into(),
            Select::AllShortest => "ALL SHORTEST ".into(),
            Select::Shortest(n) => format!("SHORTEST {n} "),
            Select::Groups(n) => format!("SHORTEST {n} GROUPS "),
        };
        // `GROUPS` stands behind the mode.
        let mode = if self.mode.is_empty() { String::new() } else { format!("{} ", self.mode) };
        let before = match select.strip_suffix("GROUPS ") {
            Some(select) => format!("{select}{mode}GROUPS "),
            None => select + &mode,
        };
        self.name.map_or(String::new(), |v| format!("v{v} = ")) + &before + &text
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
            Self::Match { optional, repeatable, paths, filter } => {
                let paths: Vec<String> = paths.iter().map(Path::text).collect();
                let (optional, repeatable) =
                    (if *optional { "OPTIONAL " } else { "" }, if *repeatable { "REPEATABLE ELEMENTS " } else { "" });
                format!("{optional}MATCH {repeatable}{}{}", paths.join(", "), filtered(filter))
            }
            Self::Unwind(e, v) => format!("UNWIND {} AS v{v}", e.text()),
            Self::With(projection, filter) => format!("WITH {}{}", projection.text(), filtered(filter)),
            Self::Next(projection) => format!("RETURN {} NEXT", projection.text()),
            Self::Let(items) => {
                let items: Vec<String> = items.iter().map(|(v, e)| format!("v{v} = {}", e.text())).collect();
                format!("LET {}", items.join(", "))
            }
            Self::Filter(e) => format!("FILTER {}", e.text()),
            Self::For(v, list, at) => {
                let at = at.map_or(String::new(), |(from, v)| {
                    format!(" WITH {} v{v}", if from == 0 { "OFFSET" } else { "ORDINALITY" })
                });
                format!("FOR v{v} IN {}{at}", list.text())
            }
            Self::Page(projection) => projection.text().trim_start().to_owned(),
            Self::When(branches, otherwise) => {
                // One of two in braces.
                let text = |at: usize, part: &Vec<Clause>| {
                    if at.is_multiple_of(2) { clauses(part) } else { format!("{{ {} }}", clauses(part)) }
                };
                let whens = branches.iter().enumerate();
                let whens: Vec<String> =
                    whens.map(|(at, (e, part))| format!("WHEN {} THEN {}", e.text(), text(at, part))).collect();
                let otherwise = otherwise.iter().map(|part| format!(" ELSE {}", text(branches.len(), part)));
                whens.join(" ") + &otherwise.collect::<String>()
            }
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

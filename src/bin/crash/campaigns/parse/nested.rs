//! Everything that nests in the language, as data: the parser's tests read this table too.

/// Levels of each that must be accepted, and run.
pub(crate) const LEVELS_ACCEPTED: usize = 100;

/// Levels that must be refused.
pub(crate) const LEVELS_REFUSED: usize = 100_000;

/// A construct: `start`, then `before` once a level (with the level's number for `#`), `middle`, `after` once a level, and `end`.
pub(crate) struct Nested {
    /// The construct.
    pub(crate) name: &'static str,
    start: &'static str,
    before: &'static str,
    middle: &'static str,
    after: &'static str,
    end: &'static str,
}

impl Nested {
    /// Returns the statement with so many levels.
    pub(crate) fn text(&self, n: usize) -> String {
        format!("{}{}{}{}{}", self.start, self.opened(n), self.middle, self.after.repeat(n), self.end)
    }

    /// Returns the most levels that a statement of so many bytes has room for, at most `n`.
    pub(crate) fn levels_max(&self, n: usize, bytes: usize) -> usize {
        // A level's number has up to five more digits than its sign.
        let numbered = if self.before.contains('#') { 5 } else { 0 };
        n.min((bytes - self.text(0).len()) / (self.before.len() + self.after.len() + numbered))
    }

    /// Returns the statement cut off behind the last level's opening: nothing of it is closed.
    pub(crate) fn unclosed(&self, n: usize) -> String {
        format!("{}{}", self.start, self.opened(n))
    }

    fn opened(&self, n: usize) -> String {
        match self.before.contains('#') {
            true => (0..n).map(|level| self.before.replace('#', &level.to_string())).collect(),
            false => self.before.repeat(n),
        }
    }
}

const fn nested(name: &'static str, [start, before, middle, after, end]: [&'static str; 5]) -> Nested {
    Nested { name, start, before, middle, after, end }
}

/// What nests.
pub(crate) const NESTED: &[Nested] = &[
    nested("parentheses", ["RETURN ", "(", "1", ")", ""]),
    nested("sums in parentheses", ["RETURN ", "(1 + ", "1", ")", ""]),
    nested("conditions in parentheses", ["MATCH (n) WHERE ", "(n.x = 1 OR ", "true", ")", " RETURN n"]),
    nested("lists", ["RETURN ", "[", "1", "]", ""]),
    nested("maps", ["RETURN ", "{a: ", "1", "}", ""]),
    nested("map projections", ["WITH {} AS m RETURN ", "m{a: ", "1", "}", ""]),
    nested("indices in indices", ["RETURN ", "[0][", "0", "]", ""]),
    nested("conditions of CASE", ["RETURN ", "CASE WHEN ", "true", " THEN true END", ""]),
    nested("values of CASE", ["RETURN ", "CASE WHEN true THEN ", "1", " END", ""]),
    nested("otherwise of CASE", ["RETURN ", "CASE WHEN false THEN 0 ELSE ", "1", " END", ""]),
    nested("operands of CASE", ["RETURN ", "CASE ", "1", " WHEN 1 THEN 1 END", ""]),
    nested("calls", ["RETURN ", "abs(", "1", ")", ""]),
    nested("texts of trim", ["RETURN ", "trim(BOTH 'x' FROM ", "'y'", ")", ""]),
    nested("sides of trim", ["RETURN ", "trim(BOTH ", "'y'", " FROM 'x')", ""]),
    nested("later arguments", ["RETURN ", "coalesce(null, ", "1", ")", ""]),
    nested("arguments of aggregates", ["RETURN count(", "abs(", "1", ")", ")"]),
    nested("NOT", ["RETURN ", "NOT ", "true", "", ""]),
    nested("minus", ["RETURN ", "- ", "1", "", ""]),
    nested("plus", ["RETURN ", "+ ", "1", "", ""]),
    nested("minus of parentheses", ["RETURN ", "-(", "1", ")", ""]),
    nested("NOT of parentheses", ["RETURN ", "NOT (", "true", ")", ""]),
    nested("sums", ["RETURN ", "1 + ", "1", "", ""]),
    nested("powers", ["RETURN ", "1 ^ ", "1", "", ""]),
    nested("concatenations", ["RETURN ", "'a' || ", "'b'", "", ""]),
    nested("IN of lists", ["RETURN ", "1 IN [", "1", "]", ""]),
    nested("lists of comprehensions", ["RETURN ", "[x IN ", "[1]", " | x]", ""]),
    nested("filters of comprehensions", ["RETURN ", "[x IN [1] WHERE ", "true", "] = []", ""]),
    nested("results of comprehensions", ["RETURN ", "[x IN [1] | ", "1", "]", ""]),
    nested("filters of pattern comprehensions", ["RETURN ", "[()-->() WHERE ", "true", " | 1] = []", ""]),
    nested("results of pattern comprehensions", ["RETURN ", "[()-->() | ", "1", "]", ""]),
    nested("bodies of reduce", ["RETURN ", "reduce(s = 0, y IN [1] | ", "1", ")", ""]),
    nested("beginnings of reduce", ["RETURN ", "reduce(s = ", "1", ", y IN [1] | s)", ""]),
    nested("lists of reduce", ["RETURN ", "reduce(s = [], y IN ", "[1]", " | s + y)", ""]),
    nested("all", ["RETURN ", "all(x IN [1] WHERE ", "true", ")", ""]),
    nested("any", ["RETURN ", "any(x IN [1] WHERE ", "true", ")", ""]),
    nested("none", ["RETURN ", "none(x IN [1] WHERE ", "true", ")", ""]),
    nested("single", ["RETURN ", "single(x IN [1] WHERE ", "true", ")", ""]),
    nested("EXISTS of a pattern", ["RETURN ", "EXISTS { () WHERE ", "true", " }", ""]),
    nested("EXISTS of a query", ["RETURN ", "EXISTS { MATCH (a) WHERE ", "true", " RETURN a }", ""]),
    nested("EXISTS in WHERE", ["MATCH (a) WHERE ", "EXISTS { (a)-->(b) WHERE ", "true", " }", " RETURN a"]),
    nested("COUNT", ["RETURN ", "COUNT { MATCH () WHERE 0 = ", "0", " }", ""]),
    nested("COLLECT", ["RETURN ", "COLLECT { RETURN ", "1", " AS x }", ""]),
    nested("COLLECT of a pattern", ["RETURN ", "COLLECT { MATCH (a) RETURN ", "1", " AS x }", ""]),
    nested("EXISTS in nodes", ["MATCH ", "(a WHERE EXISTS { ", "()", " })", " RETURN 1"]),
    nested("EXISTS in repetitions", ["MATCH ", "(()-->() WHERE EXISTS { ", "()", " }){1,2}", " RETURN 1"]),
    nested("braces", ["", "{ ", "RETURN 1 AS x", " }", ""]),
    nested("braces behind NEXT", ["", "RETURN 1 AS x NEXT { ", "RETURN 1 AS x", " }", ""]),
    nested("braces before NEXT", ["", "{ ", "RETURN 1 AS x", " NEXT RETURN x }", ""]),
    nested("conditions of queries", ["", "WHEN EXISTS { ", "RETURN 1 AS x", " } THEN RETURN 1 AS x", ""]),
    nested("branches of queries", ["", "WHEN true THEN { ", "RETURN 1 AS x", " }", ""]),
    nested("otherwise of queries", ["", "WHEN false THEN RETURN 2 AS x ELSE { ", "RETURN 1 AS x", " }", ""]),
    nested("tests of CASE", ["RETURN ", "CASE 1 WHEN = ", "1", " THEN 1 END", ""]),
    nested("types", ["RETURN 1 IS :: ", "LIST<", "INT", ">", ""]),
    nested("CALL", ["", "CALL { ", "WITH 1 AS x", " RETURN x }", " RETURN x"]),
    nested("CALL of outer variables", ["WITH 1 AS a ", "CALL (a) { ", "WITH 1 AS x", " RETURN x }", " RETURN x"]),
    nested("optional CALL", ["", "OPTIONAL CALL { ", "WITH 1 AS x", " RETURN x }", " RETURN x"]),
    nested("CALL of unions", ["", "CALL { RETURN 1 AS x UNION ", "RETURN 1 AS x", " } RETURN x", ""]),
    nested("CALL of groups", ["", "CALL { ", "RETURN 1 AS x", " } RETURN count(*) AS x", ""]),
    nested("CALL that writes", ["", "CALL { ", "CREATE (:Made)", " }", ""]),
    nested("FOREACH", ["", "FOREACH (x# IN [1] | ", "CREATE (:Made)", ")", ""]),
    nested("label groups", ["MATCH (a:", "(", "A", ")", ") RETURN a"]),
    nested("negated labels", ["MATCH (a:", "!", "A", "", ") RETURN a"]),
    nested("negated label groups", ["MATCH (a) RETURN a:", "!(B|", "A", ")", ""]),
    nested("targets of SET", ["MATCH (a) SET ", "(", "a", ")", ".x = 1"]),
];

/// What does not nest, but makes long chains: any number of links is accepted, or refused by a limit.
pub(crate) const CHAINED: &[Nested] = &[
    nested("AND", ["RETURN ", "true AND ", "true", "", ""]),
    nested("OR", ["RETURN ", "true OR ", "true", "", ""]),
    nested("XOR", ["RETURN ", "true XOR ", "true", "", ""]),
    nested("indices of indices", ["RETURN []", "", "", "[0]", ""]),
    nested("properties of properties", ["WITH {} AS m RETURN m", "", "", ".a", ""]),
    nested("tests of tests", ["RETURN 1", "", "", " IS NULL", ""]),
    nested("comparisons", ["RETURN ", "1 < ", "1", "", ""]),
    nested("UNION", ["", "RETURN 1 AS x UNION ", "RETURN 1 AS x", "", ""]),
    nested("labels of a value", ["MATCH (a) RETURN a", "", "", ":A", ""]),
    nested("alternative labels", ["MATCH (a:", "A|", "A", "", ") RETURN a"]),
    nested("hops", ["MATCH ()", "", "", "-->()", " RETURN 1"]),
    nested("quantified patterns", ["MATCH ", "(()-->()){1,2}", "()", "", " RETURN 1"]),
    nested("CREATE", ["", "CREATE (:Made) ", "", "", ""]),
];

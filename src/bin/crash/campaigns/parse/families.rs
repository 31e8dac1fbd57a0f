//! Statements that are long in one way each: whatever a parser may do once too often for each of its tokens.

/// A family: `start`, the piece so many times (`#` in it is its number), and `end`.
pub(super) struct Family {
    pub(super) name: &'static str,
    start: &'static str,
    piece: &'static str,
    end: &'static str,
}

impl Family {
    /// Returns the statement of about so many bytes.
    pub(super) fn text(&self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 64);
        text.push_str(self.start);
        for n in 0.. {
            if text.len() + self.piece.len() + self.end.len() >= bytes {
                break;
            }
            match self.piece.split_once('#') {
                None => text.push_str(self.piece),
                // Numbers of one length, so that twice the bytes are twice the pieces.
                Some((before, after)) => text.extend([before, &format!("{n:06}"), after]),
            }
        }
        text.push_str(self.end);
        text
    }
}

const fn family(name: &'static str, [start, piece, end]: [&'static str; 3]) -> Family {
    Family { name, start, piece, end }
}

/// All families. Most are refused: for a limit, or for an error near their end, which the whole of them is read for.
pub(super) const FAMILIES: &[Family] = &[
    family("list", ["RETURN [", "1, ", "1]"]),
    family("list, wrong at the end", ["RETURN [", "1, ", "1] RETRUN"]),
    family("list of maps", ["RETURN [", "{a: 1, b: 'x'}, ", "1]"]),
    family("list of lists", ["RETURN [", "[], ", "1]"]),
    family("list of parentheses", ["RETURN [", "(1), ", "1]"]),
    family("list of strings", ["RETURN [", "'abc', ", "1]"]),
    family("list of calls", ["RETURN [", "abs(1), ", "1]"]),
    family("list of unknown calls", ["RETURN [", "f#(1), ", "1]"]),
    family("list of comprehensions", ["RETURN [", "[x IN [] | x], ", "1]"]),
    family("list of parameters", ["RETURN [", "$p#, ", "1]"]),
    family("list of one parameter", ["RETURN [", "$p, ", "1]"]),
    family("list of properties", ["MATCH (n) RETURN [", "n.k#, ", "1]"]),
    family("list of patterns", ["RETURN [", "EXISTS {()-->()}, ", "1]"]),
    family("list of nodes, or calls", ["RETURN [", "(a)-(b), ", "1]"]),
    family("list of quoted names", ["WITH 1 AS a RETURN [", "`a`, ", "a]"]),
    family("keys of a map", ["RETURN {", "k#: 1, ", "z: 1}"]),
    family("keys of a projection", ["WITH {} AS m RETURN m{", ".k#, ", "z: 1}"]),
    family("IN", ["RETURN 1 IN [", "1, ", "1]"]),
    family("string", ["RETURN '", "a", "'"]),
    family("escapes", ["RETURN '", "\\n", "'"]),
    family("escapes of code points", ["RETURN '", "\\u00e9", "'"]),
    family("wrong escapes", ["RETURN '", "\\q", "'"]),
    family("string without end", ["RETURN '", "\\'", ""]),
    family("quotes", ["RETURN ", "'", ""]),
    family("backticks", ["RETURN ", "`", ""]),
    family("name of backticks", ["RETURN `", "``", "`"]),
    family("quoted names", ["RETURN ", "`a` ", ""]),
    family("letters", ["RETURN ", "a", ""]),
    family("letters of other scripts", ["RETURN ", "é", ""]),
    family("digits", ["RETURN ", "1", ""]),
    family("digits and underscores", ["RETURN ", "1_", "1"]),
    family("comments", ["RETURN 1 ", "/* x */", ""]),
    family("comments of a line", ["RETURN 1 ", "// x\n", ""]),
    family("comments without end", ["RETURN 1 ", "/* ", ""]),
    family("slashes", ["RETURN 1 ", "/", ""]),
    family("blanks", ["RETURN 1", " ", ""]),
    family("wide blanks", ["RETURN 1", "\u{a0}", ""]),
    family("semicolons", ["RETURN 1", ";", ""]),
    family("commas", ["RETURN 1", ",", ""]),
    family("colons", ["RETURN a", ":", ""]),
    family("dots", ["RETURN a", ".", ""]),
    family("dashes", ["MATCH (a)", "-", ""]),
    family("bars", ["RETURN 1 ", "|", ""]),
    family("dollars", ["RETURN ", "$", ""]),
    family("square brackets", ["RETURN ", "[", ""]),
    family("round brackets", ["RETURN ", "(", ""]),
    family("curly brackets", ["RETURN ", "{", ""]),
    family("brackets in turn", ["RETURN ", "([", ""]),
    family("brackets crossed", ["RETURN ", "(]", ""]),
    family("brackets empty", ["RETURN ", "()", ""]),
    family("CASE without end", ["RETURN ", "CASE ", ""]),
    family("branches of CASE", ["RETURN CASE", " WHEN true THEN 1", " END"]),
    family("OR", ["RETURN true", " OR true", ""]),
    family("XOR", ["RETURN true", " XOR true", ""]),
    family("AND of a MATCH", ["MATCH (n) WHERE n.x = 1", " AND n.x = 1", " RETURN n"]),
    family("AND of IN", ["MATCH (n) WHERE n.x IN [1]", " AND n.x IN [1]", " RETURN n"]),
    family("comparisons", ["RETURN 1", " < 1", ""]),
    family("sums", ["RETURN 1", " + 1", ""]),
    family("NOT", ["RETURN ", "NOT ", "true"]),
    family("signs", ["RETURN ", "+ -", "1"]),
    family("tests", ["RETURN 1", " IS NULL", ""]),
    family("properties of properties", ["RETURN a", ".a", ""]),
    family("indices", ["RETURN a", "[0]", ""]),
    family("labels", ["MATCH (a", ":A", ") RETURN a"]),
    family("labels of many names", ["MATCH (a", ":A#", ") RETURN a"]),
    family("alternative labels", ["MATCH (a:A", "|A#", ") RETURN a"]),
    family("alternative types", ["MATCH ()-[:A", "|A#", "]->() RETURN 1"]),
    family("negated labels", ["MATCH (a:", "!", "A) RETURN a"]),
    family("hops", ["MATCH ()", "-->()", " RETURN 1"]),
    family("hops, wrong at the end", ["MATCH ()", "-->()", "--> RETURN 1"]),
    family("paths", ["MATCH (a)", ", (a#)", " RETURN 1"]),
    family("paths of one node", ["MATCH (a)", ", (a)", " RETURN 1"]),
    family("arrows", ["MATCH (a)", "<--", ""]),
    family("columns", ["WITH 1 AS a RETURN 1 AS x", ", a AS x#", ""]),
    family("columns of one name", ["RETURN 1 AS x", ", 1 AS x", ""]),
    family("keys of a group", ["MATCH (n) RETURN count(*)", ", n.k#", ""]),
    family("keys of ORDER BY", ["RETURN 1 AS a ORDER BY a", ", a", ""]),
    family("SET", ["MATCH (n) SET n.x = 1", ", n.x = 1", ""]),
    family("CREATE", ["", "CREATE (:A) ", ""]),
    family("nodes of a CREATE", ["CREATE (a)", ", (a#)", ""]),
    family("MATCH", ["", "MATCH (a) ", "RETURN 1"]),
    family("MERGE", ["", "MERGE (:A) ", ""]),
    family("UNWIND", ["", "UNWIND [1] AS x# ", "RETURN 1"]),
    family("WITH", ["", "WITH 1 AS a ", "RETURN a"]),
    family("UNION", ["RETURN 1 AS a", " UNION RETURN 1 AS a", ""]),
    family("FOREACH", ["", "FOREACH (x IN [] | CREATE (:A)) ", ""]),
    family("CALL", ["", "CALL { RETURN 1 AS x# } ", "RETURN 1"]),
    family("words", ["", "oops ", ""]),
    family("words of the language", ["", "RETURN ", ""]),
    family("columns of a COPY", ["COPY A FROM 'f' (COLUMNS (", "c# INT, ", "z INT))"]),
    family("types of a union", ["RETURN 1 IS :: INT", " | INT", ""]),
    family("types of lists", ["RETURN 1 IS :: INT", " LIST", ""]),
    family("NEXT", ["RETURN 1 AS x", " NEXT RETURN x", ""]),
    family("branches of WHEN", ["", "WHEN true THEN RETURN 1 AS x ", "ELSE RETURN 2 AS x"]),
    family("columns of WHEN", ["WHEN true THEN RETURN 1 AS z", ", 1 AS x#", " ELSE RETURN 1 AS z"]),
    family("columns of braces", ["{ RETURN 1 AS z", ", 1 AS x#", " UNION RETURN 1 AS z } UNION RETURN 1 AS z"]),
    family("LET", ["", "LET x# = 1 ", "RETURN 1"]),
    family("variables of a LET", ["LET z = 1", ", x# = 1", " RETURN 1"]),
    family("FILTER", ["", "FILTER true ", "RETURN 1"]),
    family("FOR", ["", "FOR x# IN [1] ", "RETURN 1"]),
    family("pages", ["", "LIMIT 1 ", "RETURN 1"]),
    family("tests of CASE", ["RETURN CASE 1 WHEN = 1", ", > 1", " THEN 1 END"]),
    family("quantified patterns", ["MATCH ()", "(()-->())+", "() RETURN 1"]),
    family("hops of a quantified pattern", ["MATCH (()", "-->()", ")+ RETURN 1"]),
    family("groups of labels", ["MATCH (a:A", "&(A|B)", ") RETURN a"]),
    family("spaces of ATTEND", ["MATCH (x) ATTEND x IN (FOR $q ON s", ", s#", ") RETURN x"]),
    family("variables of PER", ["MATCH (x) ATTEND x PER x", ", x", " IN (FOR $q) RETURN x"]),
    family("boosts of ATTEND", ["MATCH (x) ATTEND x IN (FOR $q", " BOOST x.k", ") RETURN x"]),
    family("imports of CALL", ["WITH 1 AS a CALL (a", ", a", ") { RETURN 1 AS x } RETURN x"]),
    family("columns of SHOW", ["SHOW INDEXES YIELD name", ", name AS x#", ""]),
    family("options", ["COPY A FROM 'f' (", "DELIM ';', ", "DELIM ';')"]),
];

//! What the word before the cursor may become: keywords and functions, labels, types, properties, dot commands.
//! A pure function of the text and the database's names.

/// The names a database has, as far as completion offers them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// Labels.
    pub(crate) labels: Vec<String>,
    /// Relationship types.
    pub(crate) types: Vec<String>,
    /// Property keys.
    pub(crate) keys: Vec<String>,
}

/// What may stand in place of the word before the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// Where the word starts; it ends at the cursor.
    pub(crate) start: usize,
    /// The words it may become, best first.
    pub(crate) words: Vec<String>,
}

/// The language's keywords, as completion writes them.
pub(super) const KEYWORDS: &[&str] = &[
    "ALL",
    "AND",
    "ANY",
    "AS",
    "ASC",
    "BEGIN",
    "BY",
    "CASE",
    "COLUMNS",
    "COMMIT",
    "CONSTRAINT",
    "CONTAINS",
    "COPY",
    "CREATE",
    "CSV",
    "DELETE",
    "DESC",
    "DETACH",
    "DISTINCT",
    "DROP",
    "ELSE",
    "END",
    "ENDS",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FOR",
    "FORMAT",
    "FROM",
    "HEADER",
    "HEADERS",
    "IF",
    "IN",
    "INDEX",
    "IS",
    "KEY",
    "LIMIT",
    "LOAD",
    "MATCH",
    "MERGE",
    "NONE",
    "NOT",
    "NULL",
    "ON",
    "OPTIONAL",
    "OR",
    "ORDER",
    "REMOVE",
    "REQUIRE",
    "RETURN",
    "ROLLBACK",
    "SET",
    "SINGLE",
    "SKIP",
    "STARTS",
    "THEN",
    "TO",
    "TRUE",
    "UNION",
    "UNIQUE",
    "UNWIND",
    "WHEN",
    "WHERE",
    "WITH",
    "XOR",
];

/// The functions that completion knows, without the parenthesis.
pub(super) const FUNCTIONS: &[&str] = &[
    "abs",
    "acos",
    "asin",
    "atan",
    "atan2",
    "avg",
    "ceil",
    "coalesce",
    "collect",
    "cos",
    "count",
    "degrees",
    "endNode",
    "exp",
    "floor",
    "head",
    "id",
    "keys",
    "labels",
    "last",
    "left",
    "length",
    "log",
    "lTrim",
    "max",
    "min",
    "nodes",
    "properties",
    "radians",
    "range",
    "reduce",
    "relationships",
    "replace",
    "reverse",
    "right",
    "round",
    "rTrim",
    "sign",
    "sin",
    "size",
    "split",
    "sqrt",
    "startNode",
    "substring",
    "sum",
    "tail",
    "tan",
    "toBoolean",
    "toFloat",
    "toInteger",
    "toLower",
    "toString",
    "toUpper",
    "trim",
    "type",
];

/// Returns what the word before `cursor` may become.
pub(crate) fn complete(text: &str, cursor: usize, names: &Names, dot_commands: &[&str]) -> Completion {
    let before = &text[..cursor];
    let start =
        before.rfind(|c: char| !is_word(c)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let word = &before[start..];
    let context = &before[..start];
    let line = context.rsplit('\n').next().unwrap_or_default();
    if line.trim_start() == "." && open_brackets(context).is_some_and(|open| open.is_empty()) {
        let dot = start - 1;
        return Completion { start: dot, words: matching(&before[dot..], dot_commands.iter().copied()) };
    }
    let words = match place(context) {
        Place::Text => Vec::new(),
        Place::Label => matching(word, names.labels.iter().map(String::as_str)),
        Place::Type => matching(word, names.types.iter().map(String::as_str)),
        Place::Property => matching(word, names.keys.iter().map(String::as_str)),
        Place::Anything if word.is_empty() => Vec::new(),
        Place::Anything => {
            let mut words: Vec<String> = matching(word, KEYWORDS.iter().copied());
            if word.chars().all(|c| c.is_lowercase()) {
                words.iter_mut().for_each(|word| word.make_ascii_lowercase());
            }
            words.extend(matching(word, FUNCTIONS.iter().copied()).into_iter().map(|name| name + "("));
            words.extend(matching(word, variables(text, start)));
            words
        }
    };
    Completion { start, words }
}

/// What may stand at a place of the text.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// The inside of a string or a comment.
    Text,
    /// A label.
    Label,
    /// A relationship type.
    Type,
    /// A property key.
    Property,
    /// A keyword, a function or a variable.
    Anything,
}

fn place(context: &str) -> Place {
    let Some(open) = open_brackets(context) else { return Place::Text };
    let trimmed = context.trim_end();
    let last = trimmed.chars().next_back();
    match (last, open.last()) {
        (Some('.'), _) if trimmed.len() == context.len() => Place::Property,
        (Some('{' | ','), Some('{')) => Place::Property,
        (Some(':' | '|' | '&' | '!'), Some('[')) => Place::Type,
        (Some(':' | '|' | '&' | '!'), Some('(') | None) => Place::Label,
        (_, _) => Place::Anything,
    }
}

/// Returns the brackets that are open at the end of the text; `None` inside a string or a comment.
fn open_brackets(text: &str) -> Option<Vec<char>> {
    let mut open = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' | '`' => loop {
                match chars.next()? {
                    '\\' if c != '`' => {
                        chars.next()?;
                    }
                    end if end == c => break,
                    _ => {}
                }
            },
            '/' if chars.peek() == Some(&'/') => {
                chars.find(|&c| c == '\n')?;
            }
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' => {
                open.pop();
            }
            ';' => open.clear(),
            _ => {}
        }
    }
    Some(open)
}

/// Returns the names that start with the prefix, in any case, sorted and each once.
fn matching<'a>(prefix: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let prefix = prefix.to_lowercase();
    let mut found: Vec<String> =
        names.filter(|name| name.to_lowercase().starts_with(&prefix)).map(str::to_owned).collect();
    found.sort_unstable_by_key(|name| name.to_lowercase());
    found.dedup();
    found
}

/// Returns the words of the text that are bound where variables are: behind `(`, `[`, `AS` or before `IN`.
fn variables(text: &str, except: usize) -> impl Iterator<Item = &str> {
    let mut at = 0;
    let mut before_word = "";
    let mut found = Vec::new();
    while let Some(first) = text[at..].find(is_word) {
        let start = at + first;
        let end = text[start..].find(|c: char| !is_word(c)).map_or(text.len(), |n| start + n);
        let word = &text[start..end];
        let gap = text[at..start].trim();
        let bound = gap.ends_with(['(', '[']) || (gap.is_empty() && before_word.eq_ignore_ascii_case("AS"));
        let is_name =
            word.starts_with(|c: char| !c.is_numeric()) && !KEYWORDS.iter().any(|k| k.eq_ignore_ascii_case(word));
        if bound && is_name && start != except {
            found.push(word);
        }
        before_word = word;
        at = end;
    }
    found.into_iter()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let names = Names {
            labels: own(&["Npc", "Place", "Planet"]),
            types: own(&["KNOWS", "KEEPS"]),
            keys: own(&["name", "kind"]),
        };
        complete(text, text.len(), &names, &[".help", ".mode"]).words
    }

    #[test]
    fn labels_types_and_properties_by_their_place() {
        assert_eq!(words("MATCH (n:"), ["Npc", "Place", "Planet"]);
        assert_eq!(words("MATCH (n:pl"), ["Place", "Planet"]);
        assert_eq!(words("MATCH (n:Npc|Pla"), ["Place", "Planet"]);
        assert_eq!(words("MATCH (n)-[r:K"), ["KEEPS", "KNOWS"]);
        assert_eq!(words("MATCH (n {"), ["kind", "name"]);
        assert_eq!(words("MATCH (n {kind: 'x', n"), ["name"]);
        assert_eq!(words("MATCH (n) RETURN n.n"), ["name"]);
    }

    #[test]
    fn keywords_keep_the_case_that_was_begun() {
        assert_eq!(words("ma"), ["match", "max("]);
        assert_eq!(words("RETU"), ["RETURN"]);
        assert_eq!(words("MATCH (n) WHERE toUp"), ["toUpper("]);
        assert_eq!(words("RETURN 1; "), Vec::<String>::new());
    }

    #[test]
    fn variables_are_offered_and_the_word_itself_is_not() {
        assert_eq!(words("MATCH (teller:Npc) RETURN tell"), ["teller"]);
        assert_eq!(words("MATCH (zebra"), Vec::<String>::new());
        assert_eq!(words("WITH 1 AS total RETURN tota"), ["total"]);
    }

    #[test]
    fn nothing_inside_strings_and_comments() {
        assert_eq!(words("RETURN 'ma"), Vec::<String>::new());
        assert_eq!(words("RETURN 'it\\'s ma"), Vec::<String>::new());
        assert_eq!(words("// ma"), Vec::<String>::new());
        assert_eq!(words("RETURN 'x' + ma"), ["match", "max("]);
    }

    #[test]
    fn dot_commands_at_the_start_of_a_line() {
        assert_eq!(words("."), [".help", ".mode"]);
        assert_eq!(words(".m"), [".mode"]);
        assert_eq!(complete("RETURN 1;\n.h", 12, &Names::default(), &[".help"]).start, 10);
    }

    #[test]
    fn no_cursor_fails() {
        let text = "MATCH (é:`ü {x: 'ß'}) // ö\n. RETURN é.";
        for cursor in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
            let _ = complete(text, cursor, &Names::default(), &[]);
        }
    }
}

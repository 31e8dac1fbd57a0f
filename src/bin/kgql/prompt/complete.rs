//! What the word before the cursor may become: keywords and functions, labels, types, properties, parameters, procedures,
//! dot commands. A pure function of the text and the database's names; which properties a label's nodes have is asked for.

/// The names a database has, as far as completion offers them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// Labels.
    pub(crate) labels: Vec<String>,
    /// Relationship types.
    pub(crate) types: Vec<String>,
    /// Property keys.
    pub(crate) keys: Vec<String>,
    /// Parameters, without the `$`.
    pub(crate) params: Vec<String>,
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
    "CALL",
    "CASE",
    "COLUMNS",
    "COMMIT",
    "CONSTRAINT",
    "CONSTRAINTS",
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
    "FILTER",
    "FINISH",
    "FOR",
    "FOREACH",
    "FORMAT",
    "FROM",
    "FUNCTIONS",
    "HEADER",
    "HEADERS",
    "IF",
    "IN",
    "INDEX",
    "INDEXES",
    "INSERT",
    "IS",
    "KEY",
    "LET",
    "LIMIT",
    "LOAD",
    "MATCH",
    "MERGE",
    "NODETACH",
    "NONE",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OPTIONAL",
    "OR",
    "ORDER",
    "ORDINALITY",
    "PROCEDURES",
    "PROFILE",
    "RANGE",
    "REMOVE",
    "REQUIRE",
    "RETURN",
    "ROLLBACK",
    "SET",
    "SHORTEST",
    "SHOW",
    "SINGLE",
    "SKIP",
    "STARTS",
    "THEN",
    "TO",
    "TRAIL",
    "TRUE",
    "UNION",
    "UNIQUE",
    "UNWIND",
    "WHEN",
    "WHERE",
    "WITH",
    "XOR",
    "YIELD",
];

/// The aggregates; the other functions are the library's to list.
pub(super) const AGGREGATES: &[&str] =
    &["avg", "collect", "count", "max", "min", "percentileCont", "percentileDisc", "stDev", "stDevP", "sum"];

/// Whose properties are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// Nodes with a label.
    Label(String),
    /// Relationships of a type.
    Type(String),
}

/// Returns the properties of an owner, as far as somebody knows them.
pub(crate) type PropertiesOf<'a> = dyn Fn(&Owner) -> Vec<String> + 'a;

/// Returns what the word before `cursor` may become.
pub(crate) fn complete<'a>(
    text: &str,
    cursor: usize,
    names: &Names,
    dot_commands: impl Iterator<Item = &'a str>,
    properties_of: &PropertiesOf<'_>,
) -> Completion {
    let before = &text[..cursor];
    let word_start = |is_part: fn(char) -> bool| {
        before.rfind(|c: char| !is_part(c)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8))
    };
    let start = word_start(is_word);
    let word = &before[start..];
    let context = &before[..start];
    let line = context.rsplit('\n').next().unwrap_or_default();
    if line.trim_start() == "." && open_brackets(context).is_some_and(|open| open.is_empty()) {
        let dot = start - 1;
        return Completion { start: dot, words: matching(&before[dot..], dot_commands) };
    }
    let dotted = word_start(|c| is_word(c) || c == '.');
    if last_word(&before[..dotted]).eq_ignore_ascii_case("CALL") && open_brackets(context).is_some() {
        return Completion { start: dotted, words: matching(&before[dotted..], attendb::procedure_names()) };
    }
    let words = match place(context) {
        Place::Text => Vec::new(),
        Place::Label => matching(word, names.labels.iter().map(String::as_str)),
        Place::Type => matching(word, names.types.iter().map(String::as_str)),
        Place::Parameter => matching(word, names.params.iter().map(String::as_str)),
        Place::Property(owner) => {
            let owner = owner.or_else(|| binding(text, variable(context)?, cursor));
            let own = owner.map(|owner| properties_of(&owner)).unwrap_or_default();
            let mut words = matching(word, own.iter().map(String::as_str));
            let others = names.keys.iter().filter(|key| !own.contains(*key));
            words.extend(matching(word, others.map(String::as_str)));
            words
        }
        Place::Anything if word.is_empty() => Vec::new(),
        Place::Anything => anything(text, start, word),
    };
    Completion { start, words }
}

/// Returns keywords (in the case that was begun), functions and variables.
fn anything(text: &str, start: usize, word: &str) -> Vec<String> {
    let is_lower = word.chars().all(|c| !c.is_uppercase());
    let mut words = matching(word, variables(text, start));
    let keywords = matching(word, KEYWORDS.iter().copied());
    words.extend(keywords.into_iter().map(|keyword| if is_lower { keyword.to_lowercase() } else { keyword }));
    let functions = attendb::function_names().chain(AGGREGATES.iter().copied());
    words.extend(matching(word, functions).into_iter().map(|name| name + "("));
    words
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
    /// A property key; the owner where the pattern says it.
    Property(Option<Owner>),
    /// A parameter.
    Parameter,
    /// A keyword, a function or a variable.
    Anything,
}

fn place(context: &str) -> Place {
    let Some(open) = open_brackets(context) else { return Place::Text };
    let trimmed = context.trim_end();
    let last = trimmed.chars().next_back();
    let is_adjacent = trimmed.len() == context.len();
    match (last, open.last()) {
        (Some('$'), _) if is_adjacent => Place::Parameter,
        (Some('.'), _) if is_adjacent => Place::Property(None),
        (Some('{' | ','), Some(&('{', at))) => {
            let pattern = open.len().checked_sub(2).map(|below| open[below]);
            Place::Property(pattern.and_then(|(bracket, from)| owner(bracket, &context[from + 1..at])))
        }
        (Some(':' | '|' | '&' | '!'), Some(('[', _))) => Place::Type,
        (Some(':' | '|' | '&' | '!'), Some(('(', _)) | None) => Place::Label,
        (_, _) => Place::Anything,
    }
}

/// Returns the owner that the inside of a pattern's bracket names: `n:Npc ` of `(n:Npc {`.
fn owner(bracket: char, inside: &str) -> Option<Owner> {
    let (_, after) = inside.split_once(':')?;
    let name = after.trim_start();
    let name = match name.strip_prefix('`') {
        Some(quoted) => quoted.split('`').next()?,
        None => &name[..name.find(|c: char| !is_word(c)).unwrap_or(name.len())],
    };
    match bracket {
        _ if name.is_empty() => None,
        '(' => Some(Owner::Label(name.to_owned())),
        '[' => Some(Owner::Type(name.to_owned())),
        _ => None,
    }
}

/// Returns the variable before a dot: `n` of `WHERE n.`
fn variable(context: &str) -> Option<&str> {
    let word = last_word(context.strip_suffix('.')?);
    (!word.is_empty()).then_some(word)
}

/// Returns the owner a variable has in a pattern: the last one before the cursor, or else the first one behind it.
fn binding(text: &str, variable: &str, cursor: usize) -> Option<Owner> {
    let mut found = None;
    for (at, bracket) in text.match_indices(['(', '[']) {
        let inside = &text[at + 1..];
        let end = inside.find([')', ']', '{', '*']).unwrap_or(inside.len());
        let Some((name, _)) = inside[..end].split_once(':') else { continue };
        if name.trim() != variable {
            continue;
        }
        if at >= cursor && found.is_some() {
            break;
        }
        found = bracket.chars().next().and_then(|bracket| owner(bracket, &inside[..end])).or(found);
    }
    found
}

/// Returns the word a text ends with, blanks behind it left out.
fn last_word(text: &str) -> &str {
    let text = text.trim_end();
    let start =
        text.rfind(|c: char| !is_word(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    &text[start..]
}

/// Returns the brackets that are open at the end of the text with their places; `None` inside a string or a comment.
pub(super) fn open_brackets(text: &str) -> Option<Vec<(char, usize)>> {
    let mut open = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' | '"' | '`' => loop {
                match chars.next()?.1 {
                    '\\' if c != '`' => {
                        chars.next()?;
                    }
                    end if end == c => break,
                    _ => {}
                }
            },
            '/' if chars.peek().is_some_and(|&(_, next)| next == '/') => {
                chars.find(|&(_, c)| c == '\n')?;
            }
            '(' | '[' | '{' => open.push((c, at)),
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

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let names = Names {
            labels: own(&["Npc", "Place", "Planet"]),
            types: own(&["KNOWS", "KEEPS"]),
            keys: own(&["altitude", "kind", "name", "since"]),
            params: own(&["from", "to"]),
        };
        let properties = |owner: &Owner| match owner {
            Owner::Label(label) if label == "Npc" => own(&["name", "kind"]),
            Owner::Type(name) if name == "KNOWS" => own(&["since"]),
            _ => Vec::new(),
        };
        complete(text, text.len(), &names, [".help", ".mode"].into_iter(), &properties).words
    }

    #[test]
    fn properties_of_the_label_in_scope_come_first() {
        assert_eq!(words("MATCH (n:Npc) WHERE n."), ["kind", "name", "altitude", "since"]);
        assert_eq!(words("MATCH (n:Npc)-[k:KNOWS*1..2]->(m) RETURN k."), ["since", "altitude", "kind", "name"]);
        assert_eq!(words("MATCH (n :Npc {"), ["kind", "name", "altitude", "since"]);
        assert_eq!(words("MATCH ()-[:KNOWS {"), ["since", "altitude", "kind", "name"]);
        assert_eq!(words("MATCH (n:Place), (m:Npc) WHERE m.n"), ["name"]);
        assert_eq!(words("MATCH (n) WHERE n."), ["altitude", "kind", "name", "since"]);
        let behind = "MATCH (a) WHERE n. MATCH (n:Npc)";
        let names = Names::default();
        let of = |owner: &Owner| vec![format!("{owner:?}")];
        let found = complete(behind, 18, &names, std::iter::empty(), &of);
        assert_eq!(found.words, ["Label(\"Npc\")"]);
    }

    #[test]
    fn parameters_and_procedures() {
        assert_eq!(words("RETURN $"), ["from", "to"]);
        assert_eq!(words("RETURN $f"), ["from"]);
        assert_eq!(words("CALL db.la"), ["db.labels"]);
        let all = words("CALL ");
        for name in ["db.index.fulltext.queryNodes", "db.labels", "db.relationshipTypes", "kg.attend", "kg.link"] {
            assert!(all.iter().any(|word| word == name), "{name} is not among {all:?}");
        }
        assert_eq!(words("RETURN isE"), ["isEmpty("]);
    }

    #[test]
    fn labels_types_and_properties_by_their_place() {
        assert_eq!(words("MATCH (n:"), ["Npc", "Place", "Planet"]);
        assert_eq!(words("MATCH (n:pl"), ["Place", "Planet"]);
        assert_eq!(words("MATCH (n:Npc|Pla"), ["Place", "Planet"]);
        assert_eq!(words("MATCH (n)-[r:K"), ["KEEPS", "KNOWS"]);
        assert_eq!(words("MATCH (n {"), ["altitude", "kind", "name", "since"]);
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
        assert_eq!(complete("RETURN 1;\n.h", 12, &Names::default(), [".help"].into_iter(), &|_| Vec::new()).start, 10);
    }

    #[test]
    fn no_cursor_fails() {
        let text = "MATCH (é:`ü {x: 'ß'}) // ö\n. RETURN é.";
        for cursor in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
            let _ = complete(text, cursor, &Names::default(), std::iter::empty(), &|_| Vec::new());
        }
    }
}

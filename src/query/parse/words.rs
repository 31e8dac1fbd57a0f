//! The alphabet of the grammar: a code of two bytes for every word, sign and class of token.
//!
//! `grammar/kgql.pest` is a grammar over tokens, and a token is two bytes of the text it reads: so a keyword is
//! one comparison, has a boundary by construction, and needs no rule about case, blanks or comments. Codes of
//! keywords start with a capital, which is how the grammar says "any word". A test holds the two files together.

/// A code.
pub(super) type Code = [u8; 2];

/// The codes of tokens that are no keyword.
pub(super) mod code {
    use super::Code;
    /// A word that is no keyword, or a quoted name.
    pub(crate) const IDENTIFIER: Code = *b"id";
    /// An integer literal.
    pub(crate) const INTEGER: Code = *b"li";
    /// A float literal.
    pub(crate) const FLOAT: Code = *b"lf";
    /// A string literal.
    pub(crate) const STRING: Code = *b"ls";
    /// A parameter.
    pub(crate) const PARAMETER: Code = *b"lp";
    /// `(`.
    pub(crate) const LPAREN: Code = *b"s(";
    /// `(` of the first node of a pattern that has a hop.
    pub(crate) const PATTERN_LPAREN: Code = *b"sp";
    /// `)`.
    pub(crate) const RPAREN: Code = *b") ";
    /// `[`.
    pub(crate) const LBRACKET: Code = *b"s[";
    /// `]`.
    pub(crate) const RBRACKET: Code = *b"] ";
    /// `{`.
    pub(crate) const LBRACE: Code = *b"s{";
    /// `}`.
    pub(crate) const RBRACE: Code = *b"} ";
    /// `,`.
    pub(crate) const COMMA: Code = *b", ";
    /// `.`.
    pub(crate) const DOT: Code = *b"s.";
    /// `..`.
    pub(crate) const DOTS: Code = *b"..";
    /// `:`.
    pub(crate) const COLON: Code = *b"s:";
    /// `;`.
    pub(crate) const SEMICOLON: Code = *b"; ";
    /// `|` between labels.
    pub(crate) const PIPE: Code = *b"| ";
    /// `|` before the result of a comprehension, `reduce` or `FOREACH`.
    pub(crate) const BAR: Code = *b"||";
    /// `&`.
    pub(crate) const AMP: Code = *b"& ";
    /// `!`.
    pub(crate) const BANG: Code = *b"! ";
    /// `+=`.
    pub(crate) const ADD_EQUAL: Code = *b"+=";
    /// `+`.
    pub(crate) const PLUS: Code = *b"o+";
    /// `-`.
    pub(crate) const MINUS: Code = *b"o-";
    /// `*`.
    pub(crate) const STAR: Code = *b"o*";
    /// `||`.
    pub(crate) const CONCAT: Code = *b"oc";
    /// `/`.
    pub(crate) const SLASH: Code = *b"o/";
    /// `%`.
    pub(crate) const PERCENT: Code = *b"o%";
    /// `^`.
    pub(crate) const CARET: Code = *b"o^";
    /// `=`.
    pub(crate) const EQUAL: Code = *b"o=";
    /// `=~`.
    pub(crate) const MATCHES: Code = *b"o~";
    /// `<>`.
    pub(crate) const NOT_EQUAL: Code = *b"o!";
    /// `<`.
    pub(crate) const LESS: Code = *b"o<";
    /// `<=`.
    pub(crate) const LESS_EQUAL: Code = *b"o{";
    /// `>`.
    pub(crate) const GREATER: Code = *b"o>";
    /// `>=`.
    pub(crate) const GREATER_EQUAL: Code = *b"o}";
    /// Declares a constant for the code of each keyword, and the list of all.
    macro_rules! keywords {
        ($($word:ident $code:literal,)*) => {
            $(pub(crate) const $word: Code = *$code;)*
            /// The keywords, sorted.
            pub(crate) const KEYWORDS: &[(&str, Code)] = &[$((stringify!($word), $word)),*];
        };
    }
    keywords! {
        ACCESS b"Aa",
        ACYCLIC b"Ae",
        ALL b"Al",
        ALLOWED b"Ao",
        ALLSHORTESTPATHS b"Sa",
        ALTER b"At",
        AND b"Ia",
        ANY b"Ay",
        AS b"As",
        ASC b"Ac",
        ASCENDING b"Ai",
        AT b"Ab",
        ATTEND b"An",
        BACKUP b"Ba",
        BEAM b"Be",
        BEGIN b"Bg",
        BOOST b"Bs",
        BOTH b"Bo",
        BREADTH b"Bd",
        BY b"By",
        CALL b"Ca",
        CASE b"Cs",
        CHEAPEST b"Ch",
        CLOCK b"Co",
        COLLECT b"Cl",
        COMMIT b"Cm",
        CONSTRAINT b"Cn",
        CONSTRAINTS b"Ct",
        CONTAINS b"Ic",
        COPY b"Cp",
        COST b"Cb",
        COUNT b"Cc",
        CREATE b"Cr",
        CSV b"Cv",
        DELETE b"De",
        DESC b"Dc",
        DESCENDING b"Dd",
        DESCRIBE b"Db",
        DETACH b"Dt",
        DIFFERENT b"Df",
        DIMENSION b"Dm",
        DISTINCT b"Di",
        DROP b"Dr",
        EACH b"Ea",
        ELEMENT b"Em",
        ELEMENTS b"Es",
        ELSE b"El",
        EMBEDDER b"Eb",
        EMBEDDING b"Ee",
        EMBEDDINGS b"Ed",
        END b"En",
        ENDS b"Ze",
        EXACT b"Et",
        EXISTS b"Ex",
        EXPLAIN b"Ep",
        FALSE b"Lf",
        FIELDTERMINATOR b"Ft",
        FILTER b"Fi",
        FINISH b"Fh",
        FLOOR b"Fl",
        FOR b"Fr",
        FOREACH b"Fe",
        FROM b"Fm",
        FULLTEXT b"Fu",
        FUNCTION b"Fn",
        FUNCTIONS b"Fs",
        GROUP b"Gr",
        GROUPS b"Gs",
        HALF b"Ha",
        HEADERS b"Hd",
        HEADS b"He",
        HOPS b"Ho",
        IF b"Gf",
        IN b"Ii",
        INDEX b"Nx",
        INDEXES b"Ne",
        INSERT b"Gi",
        IS b"Zs",
        LEADING b"Gd",
        LENGTH b"Ge",
        LET b"Gt",
        LIFE b"Ga",
        LIMIT b"Mt",
        LOAD b"Gl",
        LOG b"Go",
        LOGIT b"Gg",
        MATCH b"Ma",
        MERGE b"Me",
        METRIC b"Mr",
        MIN b"Mi",
        MODEL b"Mo",
        MODELS b"Md",
        NEXT b"Nt",
        NFC b"Nc",
        NFD b"Nm",
        NFKC b"Nk",
        NFKD b"Nq",
        NO b"Na",
        NODE b"Nb",
        NODETACH b"Nd",
        NORM b"Nr",
        NORMALIZED b"Nz",
        NOT b"No",
        NOTICE b"Ni",
        NULL b"Ln",
        OFFSET b"Of",
        ON b"On",
        OPTIONAL b"Op",
        OPTIONS b"Ot",
        OR b"Io",
        ORDER b"Od",
        ORDINALITY b"Oy",
        PATH b"Ph",
        PATHS b"Pt",
        PER b"Pe",
        POLICIES b"Pl",
        POLICY b"Po",
        PRIOR b"Pi",
        PRIORITY b"Py",
        PROCEDURE b"Pc",
        PROCEDURES b"Pd",
        PROFILE b"Pr",
        PRUNE b"Pu",
        RANGE b"Rg",
        RANKED b"Ra",
        REINFORCE b"Ri",
        REJECT b"Rj",
        RELATIONSHIP b"Rl",
        RELATIONSHIPS b"Rs",
        REMOVE b"Re",
        REPEATABLE b"Rp",
        REQUIRE b"Rq",
        RESTORE b"Ro",
        RETURN b"Rt",
        ROLLBACK b"Rb",
        SALIENCE b"Sl",
        SCORE b"Sc",
        SEARCH b"Sb",
        SET b"Se",
        SHORTEST b"Sr",
        SHORTESTPATH b"Sp",
        SHOW b"Sh",
        SIMILARITY b"Sm",
        SIMPLE b"Si",
        SKIP b"Sk",
        STARTS b"Za",
        STORAGE b"St",
        SUMMARIZE b"Su",
        TEMPERATURE b"Te",
        THEN b"Th",
        TIME b"Tm",
        TIMESTAMP b"Ts",
        TIMEZONE b"Tz",
        TO b"To",
        TRAIL b"Tl",
        TRAILING b"Tg",
        TRANSACTION b"Tr",
        TRUE b"Lt",
        TYPED b"Ty",
        UNION b"Un",
        UNIQUE b"Uq",
        UNWIND b"Uw",
        VALIDITY b"Va",
        VECTOR b"Ve",
        WALK b"Wk",
        WEIGHT b"Wg",
        WHEN b"Wh",
        WHERE b"We",
        WHY b"Wy",
        WITH b"Wi",
        WITHOUT b"Wt",
        XOR b"Ix",
        YIELD b"Yi",
    }
}

/// The keywords, sorted.
pub(super) const WORDS: &[(&str, Code)] = code::KEYWORDS;

/// The signs and how they are written.
const SIGNS: &[(&str, Code)] = &[
    ("(", code::LPAREN),
    ("(", code::PATTERN_LPAREN),
    (")", code::RPAREN),
    ("[", code::LBRACKET),
    ("]", code::RBRACKET),
    ("{", code::LBRACE),
    ("}", code::RBRACE),
    (",", code::COMMA),
    (".", code::DOT),
    ("..", code::DOTS),
    (":", code::COLON),
    (";", code::SEMICOLON),
    ("|", code::PIPE),
    ("|", code::BAR),
    ("&", code::AMP),
    ("!", code::BANG),
    ("+=", code::ADD_EQUAL),
    ("+", code::PLUS),
    ("-", code::MINUS),
    ("*", code::STAR),
    ("||", code::CONCAT),
    ("/", code::SLASH),
    ("%", code::PERCENT),
    ("^", code::CARET),
    ("=", code::EQUAL),
    ("=~", code::MATCHES),
    ("<>", code::NOT_EQUAL),
    ("<", code::LESS),
    ("<=", code::LESS_EQUAL),
    (">", code::GREATER),
    (">=", code::GREATER_EQUAL),
];

/// The longest keyword.
const WORD_BYTES_MAX: usize = 16;

/// Buckets of the keyword table: more than four for each word, so most words that are none miss at once.
const BUCKETS: usize = 1024;

/// Keywords by hash; open addressing. An entry is an index into [`WORDS`] plus one, 0 is empty.
static TABLE: [u8; BUCKETS] = table();

const fn table() -> [u8; BUCKETS] {
    let mut table = [0; BUCKETS];
    let mut index = 0;
    while index < WORDS.len() {
        let mut bucket = bucket(WORDS[index].0.as_bytes());
        while table[bucket] != 0 {
            bucket = (bucket + 1) % BUCKETS;
        }
        index += 1;
        table[bucket] = index as u8;
    }
    table
}

/// Returns where a word of at least one byte is sought first. Bit 5 is dropped, so case does not matter.
const fn bucket(word: &[u8]) -> usize {
    let (mut hash, mut at) = (word.len() as u32, 0);
    while at < word.len() {
        hash = hash.wrapping_mul(31).wrapping_add((word[at] & 0xdf) as u32);
        at += 1;
    }
    (hash.wrapping_mul(0x9e37_79b1) >> 20) as usize % BUCKETS
}

/// Returns the code of a keyword in any case, or of an identifier.
pub(super) fn word_code(word: &[u8]) -> Code {
    if word.len() > WORD_BYTES_MAX {
        return code::IDENTIFIER;
    }
    let mut bucket = bucket(word);
    while TABLE[bucket] != 0 {
        let (keyword, code) = WORDS[TABLE[bucket] as usize - 1];
        if keyword.as_bytes().eq_ignore_ascii_case(word) {
            return code;
        }
        bucket = (bucket + 1) % BUCKETS;
    }
    code::IDENTIFIER
}

/// Returns whether a code is a keyword's.
pub(super) fn is_keyword(code: Code) -> bool {
    code[0].is_ascii_uppercase() && code[1].is_ascii_lowercase()
}

/// Returns whether a token of this code can be a name.
pub(super) fn is_name(code: Code) -> bool {
    code == code::IDENTIFIER || is_keyword(code)
}

/// Returns every keyword.
#[cfg(test)]
pub(crate) fn keywords() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|(word, _)| *word)
}

/// Returns the keyword of a code.
pub(super) fn keyword(code: Code) -> Option<&'static str> {
    WORDS.iter().find(|(_, other)| *other == code).map(|(word, _)| *word)
}

/// Returns the sign of a code.
pub(super) fn sign(code: Code) -> Option<&'static str> {
    SIGNS.iter().find(|(_, other)| *other == code).map(|(sign, _)| *sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grammar_and_table_hold_the_same_codes() {
        let grammar = include_str!("../../../grammar/kgql.pest");
        let mut found = std::collections::BTreeSet::new();
        for line in grammar.lines() {
            let Some((name, body)) = line.split_once(" = _{ \"") else { continue };
            let name = name.trim_end();
            if name != name.to_ascii_uppercase() {
                continue;
            }
            let text = body.split('"').next().unwrap();
            let code: Code = text.as_bytes().try_into().unwrap();
            let named = keyword(code).or(sign(code)).unwrap_or_else(|| panic!("{name} has unknown code {text:?}"));
            if is_keyword(code) {
                assert_eq!(named, name.trim_end_matches('_'));
            }
            found.insert(named);
        }
        let missing: Vec<&str> = WORDS.iter().map(|(word, _)| *word).filter(|word| !found.contains(word)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn first_letters_say_what_the_grammar_takes_them_for() {
        let of = |first: u8| -> Vec<&str> {
            WORDS.iter().filter(|(_, code)| code[0] == first).map(|(word, _)| *word).collect()
        };
        assert_eq!(of(b'L'), ["FALSE", "NULL", "TRUE"], "literals");
        assert_eq!(of(b'I'), ["AND", "CONTAINS", "IN", "OR", "XOR"], "operators");
        assert_eq!(of(b'Z'), ["ENDS", "IS", "STARTS"], "operators of two words");
    }

    #[test]
    fn keywords_are_found_in_any_case_and_nothing_else_is() {
        for (word, code) in WORDS {
            assert_eq!(word_code(word.as_bytes()), *code);
            assert_eq!(word_code(word.to_ascii_lowercase().as_bytes()), *code);
            assert_eq!(word_code(format!("{word}S_").as_bytes()), code::IDENTIFIER);
            assert!(word.len() <= WORD_BYTES_MAX);
        }
        assert!(WORDS.is_sorted());
        let mut codes: Vec<Code> = WORDS.iter().chain(SIGNS).map(|(_, code)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), WORDS.len() + SIGNS.len());
    }
}

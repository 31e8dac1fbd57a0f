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
    /// `ACYCLIC`.
    pub(crate) const ACYCLIC: Code = *b"Ae";
    /// `ALL`.
    pub(crate) const ALL: Code = *b"Al";
    /// `ALLSHORTESTPATHS`.
    pub(crate) const ALLSHORTESTPATHS: Code = *b"Sa";
    /// `AND`.
    pub(crate) const AND: Code = *b"Ia";
    /// `ANY`.
    pub(crate) const ANY: Code = *b"Ay";
    /// `AS`.
    pub(crate) const AS: Code = *b"As";
    /// `ASC`.
    pub(crate) const ASC: Code = *b"Ac";
    /// `ASCENDING`.
    pub(crate) const ASCENDING: Code = *b"Ai";
    /// `BEGIN`.
    pub(crate) const BEGIN: Code = *b"Bg";
    /// `BOTH`.
    pub(crate) const BOTH: Code = *b"Bo";
    /// `BY`.
    pub(crate) const BY: Code = *b"By";
    /// `CALL`.
    pub(crate) const CALL: Code = *b"Ca";
    /// `CASE`.
    pub(crate) const CASE: Code = *b"Cs";
    /// `COLLECT`.
    pub(crate) const COLLECT: Code = *b"Cl";
    /// `COMMIT`.
    pub(crate) const COMMIT: Code = *b"Cm";
    /// `CONSTRAINT`.
    pub(crate) const CONSTRAINT: Code = *b"Cn";
    /// `CONSTRAINTS`.
    pub(crate) const CONSTRAINTS: Code = *b"Ct";
    /// `CONTAINS`.
    pub(crate) const CONTAINS: Code = *b"Ic";
    /// `COPY`.
    pub(crate) const COPY: Code = *b"Cp";
    /// `COUNT`.
    pub(crate) const COUNT: Code = *b"Cc";
    /// `CREATE`.
    pub(crate) const CREATE: Code = *b"Cr";
    /// `CSV`.
    pub(crate) const CSV: Code = *b"Cv";
    /// `DELETE`.
    pub(crate) const DELETE: Code = *b"De";
    /// `DESC`.
    pub(crate) const DESC: Code = *b"Dc";
    /// `DESCENDING`.
    pub(crate) const DESCENDING: Code = *b"Dd";
    /// `DESCRIBE`.
    pub(crate) const DESCRIBE: Code = *b"Db";
    /// `DETACH`.
    pub(crate) const DETACH: Code = *b"Dt";
    /// `DIFFERENT`.
    pub(crate) const DIFFERENT: Code = *b"Df";
    /// `DISTINCT`.
    pub(crate) const DISTINCT: Code = *b"Di";
    /// `DROP`.
    pub(crate) const DROP: Code = *b"Dr";
    /// `ELEMENT`.
    pub(crate) const ELEMENT: Code = *b"Em";
    /// `ELEMENTS`.
    pub(crate) const ELEMENTS: Code = *b"Es";
    /// `ELSE`.
    pub(crate) const ELSE: Code = *b"El";
    /// `END`.
    pub(crate) const END: Code = *b"En";
    /// `ENDS`.
    pub(crate) const ENDS: Code = *b"Ze";
    /// `EXISTS`.
    pub(crate) const EXISTS: Code = *b"Ex";
    /// `EXPLAIN`.
    pub(crate) const EXPLAIN: Code = *b"Ep";
    /// `FALSE`.
    pub(crate) const FALSE: Code = *b"Lf";
    /// `FIELDTERMINATOR`.
    pub(crate) const FIELDTERMINATOR: Code = *b"Ft";
    /// `FILTER`.
    pub(crate) const FILTER: Code = *b"Fi";
    /// `FINISH`.
    pub(crate) const FINISH: Code = *b"Fh";
    /// `FOR`.
    pub(crate) const FOR: Code = *b"Fr";
    /// `FOREACH`.
    pub(crate) const FOREACH: Code = *b"Fe";
    /// `FROM`.
    pub(crate) const FROM: Code = *b"Fm";
    /// `FUNCTION`.
    pub(crate) const FUNCTION: Code = *b"Fn";
    /// `FUNCTIONS`.
    pub(crate) const FUNCTIONS: Code = *b"Fs";
    /// `GROUP`.
    pub(crate) const GROUP: Code = *b"Gr";
    /// `GROUPS`.
    pub(crate) const GROUPS: Code = *b"Gs";
    /// `HEADERS`.
    pub(crate) const HEADERS: Code = *b"Hd";
    /// `IF`.
    pub(crate) const IF: Code = *b"Gf";
    /// `IN`.
    pub(crate) const IN: Code = *b"Ii";
    /// `INDEX`.
    pub(crate) const INDEX: Code = *b"Nx";
    /// `INDEXES`.
    pub(crate) const INDEXES: Code = *b"Ne";
    /// `INSERT`.
    pub(crate) const INSERT: Code = *b"Gi";
    /// `IS`.
    pub(crate) const IS: Code = *b"Zs";
    /// `LEADING`.
    pub(crate) const LEADING: Code = *b"Gd";
    /// `LET`.
    pub(crate) const LET: Code = *b"Gt";
    /// `LIMIT`.
    pub(crate) const LIMIT: Code = *b"Mt";
    /// `LOAD`.
    pub(crate) const LOAD: Code = *b"Gl";
    /// `MATCH`.
    pub(crate) const MATCH: Code = *b"Ma";
    /// `MERGE`.
    pub(crate) const MERGE: Code = *b"Me";
    /// `NEXT`.
    pub(crate) const NEXT: Code = *b"Nt";
    /// `NFC`.
    pub(crate) const NFC: Code = *b"Nc";
    /// `NFD`.
    pub(crate) const NFD: Code = *b"Nm";
    /// `NFKC`.
    pub(crate) const NFKC: Code = *b"Nk";
    /// `NFKD`.
    pub(crate) const NFKD: Code = *b"Nq";
    /// `NODETACH`.
    pub(crate) const NODETACH: Code = *b"Nd";
    /// `NORMALIZED`.
    pub(crate) const NORMALIZED: Code = *b"Nz";
    /// `NOT`.
    pub(crate) const NOT: Code = *b"No";
    /// `NULL`.
    pub(crate) const NULL: Code = *b"Ln";
    /// `OFFSET`.
    pub(crate) const OFFSET: Code = *b"Of";
    /// `ON`.
    pub(crate) const ON: Code = *b"On";
    /// `OPTIONAL`.
    pub(crate) const OPTIONAL: Code = *b"Op";
    /// `OR`.
    pub(crate) const OR: Code = *b"Io";
    /// `ORDER`.
    pub(crate) const ORDER: Code = *b"Od";
    /// `ORDINALITY`.
    pub(crate) const ORDINALITY: Code = *b"Oy";
    /// `PATH`.
    pub(crate) const PATH: Code = *b"Ph";
    /// `PATHS`.
    pub(crate) const PATHS: Code = *b"Pt";
    /// `PROCEDURE`.
    pub(crate) const PROCEDURE: Code = *b"Pc";
    /// `PROCEDURES`.
    pub(crate) const PROCEDURES: Code = *b"Pd";
    /// `PROFILE`.
    pub(crate) const PROFILE: Code = *b"Pr";
    /// `RANGE`.
    pub(crate) const RANGE: Code = *b"Rg";
    /// `RELATIONSHIP`.
    pub(crate) const RELATIONSHIP: Code = *b"Rl";
    /// `RELATIONSHIPS`.
    pub(crate) const RELATIONSHIPS: Code = *b"Rs";
    /// `REMOVE`.
    pub(crate) const REMOVE: Code = *b"Re";
    /// `REPEATABLE`.
    pub(crate) const REPEATABLE: Code = *b"Rp";
    /// `REQUIRE`.
    pub(crate) const REQUIRE: Code = *b"Rq";
    /// `RETURN`.
    pub(crate) const RETURN: Code = *b"Rt";
    /// `ROLLBACK`.
    pub(crate) const ROLLBACK: Code = *b"Rb";
    /// `SET`.
    pub(crate) const SET: Code = *b"Se";
    /// `SHORTEST`.
    pub(crate) const SHORTEST: Code = *b"Sr";
    /// `SHORTESTPATH`.
    pub(crate) const SHORTESTPATH: Code = *b"Sp";
    /// `SHOW`.
    pub(crate) const SHOW: Code = *b"Sh";
    /// `SIMPLE`.
    pub(crate) const SIMPLE: Code = *b"Si";
    /// `SKIP`.
    pub(crate) const SKIP: Code = *b"Sk";
    /// `STARTS`.
    pub(crate) const STARTS: Code = *b"Za";
    /// `SUMMARIZE`.
    pub(crate) const SUMMARIZE: Code = *b"Su";
    /// `THEN`.
    pub(crate) const THEN: Code = *b"Th";
    /// `TIME`.
    pub(crate) const TIME: Code = *b"Tm";
    /// `TIMESTAMP`.
    pub(crate) const TIMESTAMP: Code = *b"Ts";
    /// `TIMEZONE`.
    pub(crate) const TIMEZONE: Code = *b"Tz";
    /// `TO`.
    pub(crate) const TO: Code = *b"To";
    /// `TRAIL`.
    pub(crate) const TRAIL: Code = *b"Tl";
    /// `TRAILING`.
    pub(crate) const TRAILING: Code = *b"Tg";
    /// `TRANSACTION`.
    pub(crate) const TRANSACTION: Code = *b"Tr";
    /// `TRUE`.
    pub(crate) const TRUE: Code = *b"Lt";
    /// `TYPED`.
    pub(crate) const TYPED: Code = *b"Ty";
    /// `UNION`.
    pub(crate) const UNION: Code = *b"Un";
    /// `UNIQUE`.
    pub(crate) const UNIQUE: Code = *b"Uq";
    /// `UNWIND`.
    pub(crate) const UNWIND: Code = *b"Uw";
    /// `WALK`.
    pub(crate) const WALK: Code = *b"Wk";
    /// `WHEN`.
    pub(crate) const WHEN: Code = *b"Wh";
    /// `WHERE`.
    pub(crate) const WHERE: Code = *b"We";
    /// `WITH`.
    pub(crate) const WITH: Code = *b"Wi";
    /// `XOR`.
    pub(crate) const XOR: Code = *b"Ix";
    /// `YIELD`.
    pub(crate) const YIELD: Code = *b"Yi";
}

/// The keywords, sorted.
pub(super) const WORDS: &[(&str, Code)] = &[
    ("ACYCLIC", code::ACYCLIC),
    ("ALL", code::ALL),
    ("ALLSHORTESTPATHS", code::ALLSHORTESTPATHS),
    ("AND", code::AND),
    ("ANY", code::ANY),
    ("AS", code::AS),
    ("ASC", code::ASC),
    ("ASCENDING", code::ASCENDING),
    ("BEGIN", code::BEGIN),
    ("BOTH", code::BOTH),
    ("BY", code::BY),
    ("CALL", code::CALL),
    ("CASE", code::CASE),
    ("COLLECT", code::COLLECT),
    ("COMMIT", code::COMMIT),
    ("CONSTRAINT", code::CONSTRAINT),
    ("CONSTRAINTS", code::CONSTRAINTS),
    ("CONTAINS", code::CONTAINS),
    ("COPY", code::COPY),
    ("COUNT", code::COUNT),
    ("CREATE", code::CREATE),
    ("CSV", code::CSV),
    ("DELETE", code::DELETE),
    ("DESC", code::DESC),
    ("DESCENDING", code::DESCENDING),
    ("DESCRIBE", code::DESCRIBE),
    ("DETACH", code::DETACH),
    ("DIFFERENT", code::DIFFERENT),
    ("DISTINCT", code::DISTINCT),
    ("DROP", code::DROP),
    ("ELEMENT", code::ELEMENT),
    ("ELEMENTS", code::ELEMENTS),
    ("ELSE", code::ELSE),
    ("END", code::END),
    ("ENDS", code::ENDS),
    ("EXISTS", code::EXISTS),
    ("EXPLAIN", code::EXPLAIN),
    ("FALSE", code::FALSE),
    ("FIELDTERMINATOR", code::FIELDTERMINATOR),
    ("FILTER", code::FILTER),
    ("FINISH", code::FINISH),
    ("FOR", code::FOR),
    ("FOREACH", code::FOREACH),
    ("FROM", code::FROM),
    ("FUNCTION", code::FUNCTION),
    ("FUNCTIONS", code::FUNCTIONS),
    ("GROUP", code::GROUP),
    ("GROUPS", code::GROUPS),
    ("HEADERS", code::HEADERS),
    ("IF", code::IF),
    ("IN", code::IN),
    ("INDEX", code::INDEX),
    ("INDEXES", code::INDEXES),
    ("INSERT", code::INSERT),
    ("IS", code::IS),
    ("LEADING", code::LEADING),
    ("LET", code::LET),
    ("LIMIT", code::LIMIT),
    ("LOAD", code::LOAD),
    ("MATCH", code::MATCH),
    ("MERGE", code::MERGE),
    ("NEXT", code::NEXT),
    ("NFC", code::NFC),
    ("NFD", code::NFD),
    ("NFKC", code::NFKC),
    ("NFKD", code::NFKD),
    ("NODETACH", code::NODETACH),
    ("NORMALIZED", code::NORMALIZED),
    ("NOT", code::NOT),
    ("NULL", code::NULL),
    ("OFFSET", code::OFFSET),
    ("ON", code::ON),
    ("OPTIONAL", code::OPTIONAL),
    ("OR", code::OR),
    ("ORDER", code::ORDER),
    ("ORDINALITY", code::ORDINALITY),
    ("PATH", code::PATH),
    ("PATHS", code::PATHS),
    ("PROCEDURE", code::PROCEDURE),
    ("PROCEDURES", code::PROCEDURES),
    ("PROFILE", code::PROFILE),
    ("RANGE", code::RANGE),
    ("RELATIONSHIP", code::RELATIONSHIP),
    ("RELATIONSHIPS", code::RELATIONSHIPS),
    ("REMOVE", code::REMOVE),
    ("REPEATABLE", code::REPEATABLE),
    ("REQUIRE", code::REQUIRE),
    ("RETURN", code::RETURN),
    ("ROLLBACK", code::ROLLBACK),
    ("SET", code::SET),
    ("SHORTEST", code::SHORTEST),
    ("SHORTESTPATH", code::SHORTESTPATH),
    ("SHOW", code::SHOW),
    ("SIMPLE", code::SIMPLE),
    ("SKIP", code::SKIP),
    ("STARTS", code::STARTS),
    ("SUMMARIZE", code::SUMMARIZE),
    ("THEN", code::THEN),
    ("TIME", code::TIME),
    ("TIMESTAMP", code::TIMESTAMP),
    ("TIMEZONE", code::TIMEZONE),
    ("TO", code::TO),
    ("TRAIL", code::TRAIL),
    ("TRAILING", code::TRAILING),
    ("TRANSACTION", code::TRANSACTION),
    ("TRUE", code::TRUE),
    ("TYPED", code::TYPED),
    ("UNION", code::UNION),
    ("UNIQUE", code::UNIQUE),
    ("UNWIND", code::UNWIND),
    ("WALK", code::WALK),
    ("WHEN", code::WHEN),
    ("WHERE", code::WHERE),
    ("WITH", code::WITH),
    ("XOR", code::XOR),
    ("YIELD", code::YIELD),
];

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
const BUCKETS: usize = 512;

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

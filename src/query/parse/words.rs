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
    /// `ACCESS`.
    pub(crate) const ACCESS: Code = *b"Aa";
    /// `ACYCLIC`.
    pub(crate) const ACYCLIC: Code = *b"Ae";
    /// `ALL`.
    pub(crate) const ALL: Code = *b"Al";
    /// `ALLOWED`.
    pub(crate) const ALLOWED: Code = *b"Ao";
    /// `ALLSHORTESTPATHS`.
    pub(crate) const ALLSHORTESTPATHS: Code = *b"Sa";
    /// `ALTER`.
    pub(crate) const ALTER: Code = *b"At";
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
    /// `AT`.
    pub(crate) const AT: Code = *b"Ab";
    /// `ATTEND`.
    pub(crate) const ATTEND: Code = *b"An";
    /// `BACKUP`.
    pub(crate) const BACKUP: Code = *b"Ba";
    /// `BEAM`.
    pub(crate) const BEAM: Code = *b"Be";
    /// `BEGIN`.
    pub(crate) const BEGIN: Code = *b"Bg";
    /// `BOOST`.
    pub(crate) const BOOST: Code = *b"Bs";
    /// `BOTH`.
    pub(crate) const BOTH: Code = *b"Bo";
    /// `BY`.
    pub(crate) const BY: Code = *b"By";
    /// `CALL`.
    pub(crate) const CALL: Code = *b"Ca";
    /// `CASE`.
    pub(crate) const CASE: Code = *b"Cs";
    /// `CHEAPEST`.
    pub(crate) const CHEAPEST: Code = *b"Ch";
    /// `CLOCK`.
    pub(crate) const CLOCK: Code = *b"Co";
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
    /// `COST`.
    pub(crate) const COST: Code = *b"Cb";
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
    /// `DIMENSION`.
    pub(crate) const DIMENSION: Code = *b"Dm";
    /// `DISTINCT`.
    pub(crate) const DISTINCT: Code = *b"Di";
    /// `DROP`.
    pub(crate) const DROP: Code = *b"Dr";
    /// `EACH`.
    pub(crate) const EACH: Code = *b"Ea";
    /// `ELEMENT`.
    pub(crate) const ELEMENT: Code = *b"Em";
    /// `ELEMENTS`.
    pub(crate) const ELEMENTS: Code = *b"Es";
    /// `ELSE`.
    pub(crate) const ELSE: Code = *b"El";
    /// `EMBEDDER`.
    pub(crate) const EMBEDDER: Code = *b"Eb";
    /// `EMBEDDING`.
    pub(crate) const EMBEDDING: Code = *b"Ee";
    /// `EMBEDDINGS`.
    pub(crate) const EMBEDDINGS: Code = *b"Ed";
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
    /// `FLOOR`.
    pub(crate) const FLOOR: Code = *b"Fl";
    /// `FOR`.
    pub(crate) const FOR: Code = *b"Fr";
    /// `FOREACH`.
    pub(crate) const FOREACH: Code = *b"Fe";
    /// `FROM`.
    pub(crate) const FROM: Code = *b"Fm";
    /// `FULLTEXT`.
    pub(crate) const FULLTEXT: Code = *b"Fu";
    /// `FUNCTION`.
    pub(crate) const FUNCTION: Code = *b"Fn";
    /// `FUNCTIONS`.
    pub(crate) const FUNCTIONS: Code = *b"Fs";
    /// `GROUP`.
    pub(crate) const GROUP: Code = *b"Gr";
    /// `GROUPS`.
    pub(crate) const GROUPS: Code = *b"Gs";
    /// `HALF`.
    pub(crate) const HALF: Code = *b"Ha";
    /// `HEADERS`.
    pub(crate) const HEADERS: Code = *b"Hd";
    /// `HEADS`.
    pub(crate) const HEADS: Code = *b"He";
    /// `HOPS`.
    pub(crate) const HOPS: Code = *b"Ho";
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
    /// `LENGTH`.
    pub(crate) const LENGTH: Code = *b"Ge";
    /// `LET`.
    pub(crate) const LET: Code = *b"Gt";
    /// `LIFE`.
    pub(crate) const LIFE: Code = *b"Ga";
    /// `LIMIT`.
    pub(crate) const LIMIT: Code = *b"Mt";
    /// `LOAD`.
    pub(crate) const LOAD: Code = *b"Gl";
    /// `LOG`.
    pub(crate) const LOG: Code = *b"Go";
    /// `LOGIT`.
    pub(crate) const LOGIT: Code = *b"Gg";
    /// `MATCH`.
    pub(crate) const MATCH: Code = *b"Ma";
    /// `MERGE`.
    pub(crate) const MERGE: Code = *b"Me";
    /// `METRIC`.
    pub(crate) const METRIC: Code = *b"Mr";
    /// `MIN`.
    pub(crate) const MIN: Code = *b"Mi";
    /// `MODEL`.
    pub(crate) const MODEL: Code = *b"Mo";
    /// `MODELS`.
    pub(crate) const MODELS: Code = *b"Md";
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
    /// `NO`.
    pub(crate) const NO: Code = *b"Na";
    /// `NODE`.
    pub(crate) const NODE: Code = *b"Nb";
    /// `NODETACH`.
    pub(crate) const NODETACH: Code = *b"Nd";
    /// `NORM`.
    pub(crate) const NORM: Code = *b"Nr";
    /// `NORMALIZED`.
    pub(crate) const NORMALIZED: Code = *b"Nz";
    /// `NOT`.
    pub(crate) const NOT: Code = *b"No";
    /// `NOTICE`.
    pub(crate) const NOTICE: Code = *b"Ni";
    /// `NULL`.
    pub(crate) const NULL: Code = *b"Ln";
    /// `OFFSET`.
    pub(crate) const OFFSET: Code = *b"Of";
    /// `ON`.
    pub(crate) const ON: Code = *b"On";
    /// `OPTIONAL`.
    pub(crate) const OPTIONAL: Code = *b"Op";
    /// `OPTIONS`.
    pub(crate) const OPTIONS: Code = *b"Ot";
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
    /// `PER`.
    pub(crate) const PER: Code = *b"Pe";
    /// `POLICIES`.
    pub(crate) const POLICIES: Code = *b"Pl";
    /// `POLICY`.
    pub(crate) const POLICY: Code = *b"Po";
    /// `PRIOR`.
    pub(crate) const PRIOR: Code = *b"Pi";
    /// `PRIORITY`.
    pub(crate) const PRIORITY: Code = *b"Py";
    /// `PROCEDURE`.
    pub(crate) const PROCEDURE: Code = *b"Pc";
    /// `PROCEDURES`.
    pub(crate) const PROCEDURES: Code = *b"Pd";
    /// `PROFILE`.
    pub(crate) const PROFILE: Code = *b"Pr";
    /// `PRUNE`.
    pub(crate) const PRUNE: Code = *b"Pu";
    /// `RANGE`.
    pub(crate) const RANGE: Code = *b"Rg";
    /// `RANKED`.
    pub(crate) const RANKED: Code = *b"Ra";
    /// `REINFORCE`.
    pub(crate) const REINFORCE: Code = *b"Ri";
    /// `REJECT`.
    pub(crate) const REJECT: Code = *b"Rj";
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
    /// `RESTORE`.
    pub(crate) const RESTORE: Code = *b"Ro";
    /// `RETURN`.
    pub(crate) const RETURN: Code = *b"Rt";
    /// `ROLLBACK`.
    pub(crate) const ROLLBACK: Code = *b"Rb";
    /// `SALIENCE`.
    pub(crate) const SALIENCE: Code = *b"Sl";
    /// `SCORE`.
    pub(crate) const SCORE: Code = *b"Sc";
    /// `SEARCH`.
    pub(crate) const SEARCH: Code = *b"Sb";
    /// `SET`.
    pub(crate) const SET: Code = *b"Se";
    /// `SHORTEST`.
    pub(crate) const SHORTEST: Code = *b"Sr";
    /// `SHORTESTPATH`.
    pub(crate) const SHORTESTPATH: Code = *b"Sp";
    /// `SHOW`.
    pub(crate) const SHOW: Code = *b"Sh";
    /// `SIMILARITY`.
    pub(crate) const SIMILARITY: Code = *b"Sm";
    /// `SIMPLE`.
    pub(crate) const SIMPLE: Code = *b"Si";
    /// `SKIP`.
    pub(crate) const SKIP: Code = *b"Sk";
    /// `STARTS`.
    pub(crate) const STARTS: Code = *b"Za";
    /// `STORAGE`.
    pub(crate) const STORAGE: Code = *b"St";
    /// `SUMMARIZE`.
    pub(crate) const SUMMARIZE: Code = *b"Su";
    /// `TEMPERATURE`.
    pub(crate) const TEMPERATURE: Code = *b"Te";
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
    /// `VALIDITY`.
    pub(crate) const VALIDITY: Code = *b"Va";
    /// `VECTOR`.
    pub(crate) const VECTOR: Code = *b"Ve";
    /// `WALK`.
    pub(crate) const WALK: Code = *b"Wk";
    /// `WEIGHT`.
    pub(crate) const WEIGHT: Code = *b"Wg";
    /// `WHEN`.
    pub(crate) const WHEN: Code = *b"Wh";
    /// `WHERE`.
    pub(crate) const WHERE: Code = *b"We";
    /// `WHY`.
    pub(crate) const WHY: Code = *b"Wy";
    /// `WITH`.
    pub(crate) const WITH: Code = *b"Wi";
    /// `WITHOUT`.
    pub(crate) const WITHOUT: Code = *b"Wt";
    /// `XOR`.
    pub(crate) const XOR: Code = *b"Ix";
    /// `YIELD`.
    pub(crate) const YIELD: Code = *b"Yi";
}

/// The keywords, sorted.
pub(super) const WORDS: &[(&str, Code)] = &[
    ("ACCESS", code::ACCESS),
    ("ACYCLIC", code::ACYCLIC),
    ("ALL", code::ALL),
    ("ALLOWED", code::ALLOWED),
    ("ALLSHORTESTPATHS", code::ALLSHORTESTPATHS),
    ("ALTER", code::ALTER),
    ("AND", code::AND),
    ("ANY", code::ANY),
    ("AS", code::AS),
    ("ASC", code::ASC),
    ("ASCENDING", code::ASCENDING),
    ("AT", code::AT),
    ("ATTEND", code::ATTEND),
    ("BACKUP", code::BACKUP),
    ("BEAM", code::BEAM),
    ("BEGIN", code::BEGIN),
    ("BOOST", code::BOOST),
    ("BOTH", code::BOTH),
    ("BY", code::BY),
    ("CALL", code::CALL),
    ("CASE", code::CASE),
    ("CHEAPEST", code::CHEAPEST),
    ("CLOCK", code::CLOCK),
    ("COLLECT", code::COLLECT),
    ("COMMIT", code::COMMIT),
    ("CONSTRAINT", code::CONSTRAINT),
    ("CONSTRAINTS", code::CONSTRAINTS),
    ("CONTAINS", code::CONTAINS),
    ("COPY", code::COPY),
    ("COST", code::COST),
    ("COUNT", code::COUNT),
    ("CREATE", code::CREATE),
    ("CSV", code::CSV),
    ("DELETE", code::DELETE),
    ("DESC", code::DESC),
    ("DESCENDING", code::DESCENDING),
    ("DESCRIBE", code::DESCRIBE),
    ("DETACH", code::DETACH),
    ("DIFFERENT", code::DIFFERENT),
    ("DIMENSION", code::DIMENSION),
    ("DISTINCT", code::DISTINCT),
    ("DROP", code::DROP),
    ("EACH", code::EACH),
    ("ELEMENT", code::ELEMENT),
    ("ELEMENTS", code::ELEMENTS),
    ("ELSE", code::ELSE),
    ("EMBEDDER", code::EMBEDDER),
    ("EMBEDDING", code::EMBEDDING),
    ("EMBEDDINGS", code::EMBEDDINGS),
    ("END", code::END),
    ("ENDS", code::ENDS),
    ("EXISTS", code::EXISTS),
    ("EXPLAIN", code::EXPLAIN),
    ("FALSE", code::FALSE),
    ("FIELDTERMINATOR", code::FIELDTERMINATOR),
    ("FILTER", code::FILTER),
    ("FINISH", code::FINISH),
    ("FLOOR", code::FLOOR),
    ("FOR", code::FOR),
    ("FOREACH", code::FOREACH),
    ("FROM", code::FROM),
    ("FULLTEXT", code::FULLTEXT),
    ("FUNCTION", code::FUNCTION),
    ("FUNCTIONS", code::FUNCTIONS),
    ("GROUP", code::GROUP),
    ("GROUPS", code::GROUPS),
    ("HALF", code::HALF),
    ("HEADERS", code::HEADERS),
    ("HEADS", code::HEADS),
    ("HOPS", code::HOPS),
    ("IF", code::IF),
    ("IN", code::IN),
    ("INDEX", code::INDEX),
    ("INDEXES", code::INDEXES),
    ("INSERT", code::INSERT),
    ("IS", code::IS),
    ("LEADING", code::LEADING),
    ("LENGTH", code::LENGTH),
    ("LET", code::LET),
    ("LIFE", code::LIFE),
    ("LIMIT", code::LIMIT),
    ("LOAD", code::LOAD),
    ("LOG", code::LOG),
    ("LOGIT", code::LOGIT),
    ("MATCH", code::MATCH),
    ("MERGE", code::MERGE),
    ("METRIC", code::METRIC),
    ("MIN", code::MIN),
    ("MODEL", code::MODEL),
    ("MODELS", code::MODELS),
    ("NEXT", code::NEXT),
    ("NFC", code::NFC),
    ("NFD", code::NFD),
    ("NFKC", code::NFKC),
    ("NFKD", code::NFKD),
    ("NO", code::NO),
    ("NODE", code::NODE),
    ("NODETACH", code::NODETACH),
    ("NORM", code::NORM),
    ("NORMALIZED", code::NORMALIZED),
    ("NOT", code::NOT),
    ("NOTICE", code::NOTICE),
    ("NULL", code::NULL),
    ("OFFSET", code::OFFSET),
    ("ON", code::ON),
    ("OPTIONAL", code::OPTIONAL),
    ("OPTIONS", code::OPTIONS),
    ("OR", code::OR),
    ("ORDER", code::ORDER),
    ("ORDINALITY", code::ORDINALITY),
    ("PATH", code::PATH),
    ("PATHS", code::PATHS),
    ("PER", code::PER),
    ("POLICIES", code::POLICIES),
    ("POLICY", code::POLICY),
    ("PRIOR", code::PRIOR),
    ("PRIORITY", code::PRIORITY),
    ("PROCEDURE", code::PROCEDURE),
    ("PROCEDURES", code::PROCEDURES),
    ("PROFILE", code::PROFILE),
    ("PRUNE", code::PRUNE),
    ("RANGE", code::RANGE),
    ("RANKED", code::RANKED),
    ("REINFORCE", code::REINFORCE),
    ("REJECT", code::REJECT),
    ("RELATIONSHIP", code::RELATIONSHIP),
    ("RELATIONSHIPS", code::RELATIONSHIPS),
    ("REMOVE", code::REMOVE),
    ("REPEATABLE", code::REPEATABLE),
    ("REQUIRE", code::REQUIRE),
    ("RESTORE", code::RESTORE),
    ("RETURN", code::RETURN),
    ("ROLLBACK", code::ROLLBACK),
    ("SALIENCE", code::SALIENCE),
    ("SCORE", code::SCORE),
    ("SEARCH", code::SEARCH),
    ("SET", code::SET),
    ("SHORTEST", code::SHORTEST),
    ("SHORTESTPATH", code::SHORTESTPATH),
    ("SHOW", code::SHOW),
    ("SIMILARITY", code::SIMILARITY),
    ("SIMPLE", code::SIMPLE),
    ("SKIP", code::SKIP),
    ("STARTS", code::STARTS),
    ("STORAGE", code::STORAGE),
    ("SUMMARIZE", code::SUMMARIZE),
    ("TEMPERATURE", code::TEMPERATURE),
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
    ("VALIDITY", code::VALIDITY),
    ("VECTOR", code::VECTOR),
    ("WALK", code::WALK),
    ("WEIGHT", code::WEIGHT),
    ("WHEN", code::WHEN),
    ("WHERE", code::WHERE),
    ("WHY", code::WHY),
    ("WITH", code::WITH),
    ("WITHOUT", code::WITHOUT),
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

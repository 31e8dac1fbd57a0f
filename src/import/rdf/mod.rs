//! N-Triples and Turtle: triples into resources with labels, properties and relationships.
//!
//! # The mapping
//! It is the one users of neosemantics know, except that names are short wherever they can be:
//!
//! | RDF | graph |
//! |---|---|
//! | an IRI that is a subject, or the object of a relationship | a node `:Resource` whose `uri`, which is unique, holds it |
//! | a blank node | the same; `uri` is `_:file#label`, so that those of two files differ and a file loaded again finds its own |
//! | `rdf:type` with an IRI | a label: the class's local name |
//! | an object that is an IRI or blank | a relationship: the predicate's local name is its type |
//! | an object that is a literal | a property: the predicate's local name, `label@de` where there is a language |
//! | several literals of one predicate | a list of the different ones, in file order |
//!
//! A literal's type is that of its datatype: `xsd:integer` and what derives from it an integer, `xsd:decimal`, `double`
//! and `float` a float, `xsd:boolean` a boolean, `xsd:date` without a time zone a date. Everything else is a string, also
//! a number that does not fit 64 bits or a literal that is not of its type: nothing is lost but the datatype's name.
//!
//! The *local name* is what follows the last `#`, `/` or `:`. Where two IRIs have the same one, the first keeps it and the
//! other becomes `prefix__name`, with the prefix that the file declares for its namespace or else `ns1`, `ns2`, … What
//! each name stands for is kept in one node `:RdfVocabulary {names, iris}`, so that it means the same in the next file.
//!
//! A graph of RDF is a set: triples that are there already change nothing, and values of a file join those that a
//! property has. Anonymous nodes (`[]`, lists) are numbered as they come, so they are found again only in a file that is
//! unchanged up to them.

mod terms;

use std::{cell::RefCell, io, rc::Rc, sync::Arc};

use oxrdf::{BlankNode, Literal, NamedOrBlankNode, Term, Triple};
use oxttl::{NTriplesParser, TurtleParseError, TurtleParser};
use rustc_hash::FxHashMap;

pub(super) use self::terms::{Terms, VOCABULARY};
use super::{
    files::FileSource,
    options::{FIELD_BYTES_MAX, Format, FormatOptions, OnError, Rejections},
    read::ReadLimits,
};
use crate::{
    Error, ImportError, Result,
    model::{Date, Value, temporal::TemporalKind},
    storage::apart::drop_apart,
};

/// The label of every resource.
pub(super) const RESOURCE: &str = "Resource";

/// The property that holds a resource's IRI.
pub(super) const URI: &str = "uri";

/// The triples of a file, by what they become.
#[derive(Debug, Default)]
pub(super) struct Triples {
    /// The resources' IRIs, by number.
    pub(super) resources: Vec<Arc<str>>,
    /// The predicates and classes.
    pub(super) terms: Terms,
    /// The properties: predicate and language, by number.
    pub(super) properties: Vec<(u32, Option<Arc<str>>)>,
    /// The labels: resource, class.
    pub(super) labels: Vec<(u32, u32)>,
    /// The values: resource, property, value.
    pub(super) values: Vec<(u32, u32, Value)>,
    /// The relationships: predicate, start, end.
    pub(super) rels: Vec<(u32, u32, u32)>,
    /// How many triples were read.
    pub(super) n_triples: u64,
    /// Whether the file goes on, but not the memory.
    pub(super) is_cut: bool,
    /// What was left out.
    pub(super) rejections: Rejections,
}

/// How much text is read between two questions whether to go on.
const TICK_BYTES: usize = 64 << 10;

/// What a resource, property or value costs beside its text, about: hash table, reference counts, allocation.
const ENTRY_BYTES: u64 = 64;

/// Reads a file of triples. `tick` is told how many bytes of text have been read, and may stop it.
///
/// # Errors
/// [`Error::Import`] for the first triple that is none, unless such are to be skipped; [`Error::Io`], [`Error::Limit`],
/// and what `tick` returns.
pub(super) fn read(
    source: &FileSource,
    options: &FormatOptions,
    limits: &ReadLimits,
    tick: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Triples> {
    let stopped = Rc::new(RefCell::new(None));
    let reader =
        Ticking { inner: source.reader(options.gzip)?, n_bytes: 0, at_start: true, tick, stopped: stopped.clone() };
    let mut reading =
        Reading { source, options, limits, stopped, known: Known::default(), triples: Triples::default() };
    let done = reading.run(reader);
    let Reading { known, triples, .. } = reading;
    match done {
        Ok(()) => Ok(triples),
        Err(error) => {
            drop_apart((known, triples));
            Err(error)
        }
    }
}

struct Reading<'a> {
    source: &'a FileSource,
    options: &'a FormatOptions,
    limits: &'a ReadLimits,
    stopped: Rc<RefCell<Option<Error>>>,
    known: Known,
    triples: Triples,
}

/// What has a number already.
#[derive(Default)]
struct Known {
    resources: FxHashMap<Arc<str>, u32>,
    properties: FxHashMap<(u32, Option<Arc<str>>), u32>,
    /// Blank nodes without a label, in the order they came.
    anonymous: FxHashMap<u128, u32>,
    bytes: u64,
}

impl Reading<'_> {
    fn run(&mut self, reader: Ticking<'_>) -> Result<()> {
        if self.options.format == Format::NTriples {
            let mut parser = NTriplesParser::new().for_reader(reader);
            while let Some(triple) = parser.next().filter(|_| !self.triples.is_cut) {
                self.take(triple)?;
            }
        } else {
            let mut parser = TurtleParser::new().for_reader(reader);
            while let Some(triple) = parser.next().filter(|_| !self.triples.is_cut) {
                self.take(triple)?;
            }
            for (prefix, namespace) in parser.prefixes() {
                self.triples.terms.declare(prefix, namespace);
            }
        }
        Ok(())
    }

    fn take(&mut self, triple: std::result::Result<Triple, TurtleParseError>) -> Result<()> {
        match triple {
            Ok(triple) => self.add(triple),
            Err(TurtleParseError::Io(error)) => match self.stopped.borrow_mut().take() {
                Some(stopped) => Err(stopped),
                // The parser's way to say that a token does not fit its buffer.
                None if error.kind() == io::ErrorKind::OutOfMemory => Err(Error::Limit {
                    what: "bytes of a literal or IRI in a file of RDF",
                    max: FIELD_BYTES_MAX as u64,
                }),
                None => Err(self.source.error("read", &error)),
            },
            Err(TurtleParseError::Syntax(error)) => {
                let at = error.location().start;
                let (line, column) = (at.line + 1, at.column + 1);
                let reason = error.message().to_owned();
                let error = ImportError { file: self.source.name.clone(), line, column, field: None, reason };
                if self.options.on_error == OnError::Stop {
                    return Err(error.into());
                }
                self.triples.rejections.push(error);
                Ok(())
            }
        }
    }

    fn add(&mut self, triple: Triple) -> Result<()> {
        self.triples.n_triples += 1;
        let Triple { subject, predicate, object } = triple;
        let subject = match subject {
            NamedOrBlankNode::NamedNode(node) => self.resource(node.into_string()),
            NamedOrBlankNode::BlankNode(node) => self.blank(&node),
        };
        match object {
            Term::NamedNode(class) if predicate.as_str() == RDF_TYPE => {
                let class = self.term(class.into_string());
                self.triples.labels.push((subject, class));
            }
            Term::NamedNode(node) => {
                let (predicate, end) = (self.term(predicate.into_string()), self.resource(node.into_string()));
                self.triples.rels.push((predicate, subject, end));
            }
            Term::BlankNode(node) => {
                let (predicate, end) = (self.term(predicate.into_string()), self.blank(&node));
                self.triples.rels.push((predicate, subject, end));
            }
            Term::Literal(literal) => {
                let term = self.term(predicate.into_string());
                let property = self.property(term, literal.language());
                self.known.bytes += literal.value().len() as u64;
                self.triples.values.push((subject, property, value_of(&literal)));
            }
        }
        self.known.bytes += ENTRY_BYTES;
        if self.known.bytes > self.limits.table_bytes_max {
            if self.limits.is_sample {
                self.triples.is_cut = true;
                return Ok(());
            }
            return Err(Error::Limit { what: "bytes of imported triples", max: self.limits.table_bytes_max });
        }
        Ok(())
    }

    fn resource(&mut self, iri: String) -> u32 {
        if let Some(number) = self.known.resources.get(&*iri) {
            return *number;
        }
        let number = self.triples.resources.len() as u32;
        self.known.bytes += ENTRY_BYTES + iri.len() as u64;
        let iri: Arc<str> = iri.into();
        self.triples.resources.push(iri.clone());
        self.known.resources.insert(iri, number);
        number
    }

    fn blank(&mut self, node: &BlankNode) -> u32 {
        // Labels that read as numbers below this cannot be told from anonymous nodes by chance: those have 128 bits.
        let anonymous = node.as_ref().unique_id().filter(|id| *id > u128::from(u64::MAX));
        let file = &self.source.name;
        let iri = match anonymous {
            Some(id) => {
                let next = self.known.anonymous.len() as u32 + 1;
                // A label cannot hold `#`.
                format!("_:{file}##{}", self.known.anonymous.entry(id).or_insert(next))
            }
            None => format!("_:{file}#{}", node.as_str()),
        };
        self.resource(iri)
    }

    fn term(&mut self, iri: String) -> u32 {
        self.triples.terms.number(iri)
    }

    fn property(&mut self, term: u32, language: Option<&str>) -> u32 {
        let key = (term, language.map(Arc::from));
        *self.known.properties.entry(key).or_insert_with_key(|key| {
            self.triples.properties.push(key.clone());
            self.triples.properties.len() as u32 - 1
        })
    }
}

const RDF_TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
const XSD: &str = "http://www.w3.org/2001/XMLSchema#";

/// Returns the value of a literal; its text where it has no type of ours, or is not of its type.
fn value_of(literal: &Literal) -> Value {
    let text = literal.value();
    let datatype = literal.datatype();
    let typed = datatype.as_str().strip_prefix(XSD).and_then(|name| match name {
        "integer" | "int" | "long" | "short" | "byte" | "nonNegativeInteger" | "positiveInteger"
        | "nonPositiveInteger" | "negativeInteger" | "unsignedInt" | "unsignedLong" | "unsignedShort"
        | "unsignedByte" => text.trim().parse().ok().map(Value::Int),
        "decimal" | "double" | "float" => float_of(text.trim()).map(Value::Float),
        "boolean" => match text.trim() {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        "date" => Date::parse(text.trim().as_bytes()).map(Value::Date),
        // Without a zone it is not in UTC, but nowhere.
        "dateTime" => {
            let local = TemporalKind::LocalDateTime.parse(text.trim());
            local.or_else(|_| TemporalKind::DateTime.parse(text.trim())).ok().map(Value::from)
        }
        "dateTimeStamp" => TemporalKind::DateTime.parse(text.trim()).ok().map(Value::from),
        "time" => {
            let local = TemporalKind::LocalTime.parse(text.trim());
            local.or_else(|_| TemporalKind::Time.parse(text.trim())).ok().map(Value::from)
        }
        "duration" | "dayTimeDuration" | "yearMonthDuration" => {
            TemporalKind::Duration.parse(text.trim()).ok().map(Value::from)
        }
        _ => None,
    });
    typed.unwrap_or_else(|| Value::from(text))
}

fn float_of(text: &str) -> Option<f64> {
    match text {
        "INF" | "+INF" => Some(f64::INFINITY),
        "-INF" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        _ if text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) => {
            text.parse().ok().filter(|x: &f64| x.is_finite())
        }
        _ => None,
    }
}

/// Asks whether to go on while text is read, and takes a byte order mark off its start.
struct Ticking<'a> {
    inner: Box<dyn io::Read + Send>,
    n_bytes: u64,
    at_start: bool,
    tick: &'a mut dyn FnMut(u64) -> Result<()>,
    stopped: Rc<RefCell<Option<Error>>>,
}

impl io::Read for Ticking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Err(error) = (self.tick)(self.n_bytes) {
            *self.stopped.borrow_mut() = Some(error);
            return Err(io::Error::other("stopped"));
        }
        let room = buffer.len().min(TICK_BYTES);
        let mut n = self.inner.read(&mut buffer[..room])?;
        if self.at_start && n > 0 {
            self.at_start = false;
            while n < 3 && n < room {
                match self.inner.read(&mut buffer[n..room])? {
                    0 => break,
                    more => n += more,
                }
            }
            if buffer[..n].starts_with(b"\xEF\xBB\xBF") {
                buffer.copy_within(3..n, 0);
                n -= 3;
                if n == 0 {
                    return self.read(buffer);
                }
            }
        }
        self.n_bytes += n as u64;
        Ok(n)
    }
}

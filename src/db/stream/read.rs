//! Reading: lines to a graph being built. Nothing of a line is believed before its checksum was looked at, and little
//! after that: whoever wrote it may have meant harm.

use std::io::{BufRead, Read};

use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use super::{
    STREAM, StreamSummary, VERSION,
    text::{Fault, Scanner},
};
use crate::{
    Error, Result, Value,
    graph::{IndexTold, NameSort, Rebuild, RelTold},
    model::{Analyzer, Metric, Storage},
    storage::codec::{FulltextRecord, SpaceRecord},
};

/// Bytes of a line's end: a space, `#` and eight digits.
pub(super) const CHECK_BYTES: usize = 10;

/// Part of the memory a database may take that one line may, and the values read from it besides.
const LINE_PART: u64 = 4;

/// Bytes that a value takes at most beside its text.
const VALUE_BYTES: u64 = 64;

/// How the first line of every version begins.
pub(super) const MAGIC: &str = "{\"attendb\":\"dump\",\"version\":";

/// The order of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    First,
    Label,
    Type,
    Key,
    Index,
    Space,
    Fulltext,
    Blocks,
    Open,
    Next,
    Node,
    Relationship,
    Note,
    End,
}

/// The kinds of lines after the first, by how they begin.
const BEGINNINGS: [(&str, Stage); 14] = [
    ("{\"relationship\":", Stage::Relationship),
    ("{\"node\":", Stage::Node),
    ("{\"skip\":", Stage::Relationship),
    ("{\"note\":", Stage::Note),
    ("{\"label\":", Stage::Label),
    ("{\"type\":", Stage::Type),
    ("{\"key\":", Stage::Key),
    ("{\"index\":", Stage::Index),
    ("{\"space\":", Stage::Space),
    ("{\"fulltext\":", Stage::Fulltext),
    ("{\"blocks\":[", Stage::Blocks),
    ("{\"open\":", Stage::Open),
    ("{\"next_index\":", Stage::Next),
    ("{\"end\":\"dump\",\"nodes\":", Stage::End),
];

/// What is wrong with a line.
enum Wrong {
    Text(Fault),
    Graph(Error),
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        Self::Text(fault)
    }
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Graph(error)
    }
}

/// Tells a graph being built all lines of a stream.
///
/// # Errors
/// `Corrupt` with the number of the line; `Version`; `Limit` where a line is too long or the graph too large; `Io`.
pub(super) fn read(reader: &mut dyn BufRead, bytes_max: u64, rebuild: &mut Rebuild) -> Result<StreamSummary> {
    let mut lines = Lines {
        reader,
        line_bytes_max: bytes_max / LINE_PART,
        line: Vec::new(),
        chain: 0,
        whole: Xxh3::new(),
        summary: StreamSummary::default(),
        stage: Stage::First,
    };
    while lines.stage != Stage::End {
        lines.next()?;
        if let Err(wrong) = lines.understand(rebuild) {
            return Err(match wrong {
                Wrong::Text(fault) => lines.corrupt(fault.expected, fault.got),
                Wrong::Graph(Error::Corrupt { what, expected, got }) => {
                    Error::corrupt(format_args!("{STREAM}, line {}, {what}", lines.summary.n_lines), expected, got)
                }
                Wrong::Graph(error) => error,
            });
        }
    }
    lines.check_end()?;
    Ok(lines.summary)
}

struct Lines<'a> {
    reader: &'a mut dyn BufRead,
    line_bytes_max: u64,
    /// The line being read, without its end.
    line: Vec<u8>,
    chain: u64,
    whole: Xxh3,
    summary: StreamSummary,
    stage: Stage,
}

impl Lines<'_> {
    fn corrupt(&self, expected: impl std::fmt::Display, got: impl std::fmt::Display) -> Error {
        Error::corrupt(format_args!("{STREAM}, line {}", self.summary.n_lines), expected, got)
    }

    /// Reads the next line and checks that it is the one that was written there.
    fn next(&mut self) -> Result<()> {
        self.summary.checksum = self.whole.digest();
        self.line.clear();
        let mut limited = (&mut *self.reader).take(self.line_bytes_max);
        let n_bytes =
            limited.read_until(b'\n', &mut self.line).map_err(|error| Error::io("read", STREAM, &error))? as u64;
        self.summary.n_lines += 1;
        self.summary.n_bytes += n_bytes;
        if self.line.last() != Some(&b'\n') {
            if n_bytes == self.line_bytes_max {
                return Err(Error::Limit { what: "bytes of a line of the stream", max: self.line_bytes_max });
            }
            let got =
                if n_bytes == 0 { "the end of the stream" } else { "a part of a line, and the end of the stream" };
            return Err(self.corrupt(if self.stage == Stage::First { "a dump" } else { "a closing line" }, got));
        }
        if self.stage == Stage::First {
            self.check_version()?;
        }
        self.whole.update(&self.line);
        self.line.pop();
        let end = self.line.len().saturating_sub(CHECK_BYTES);
        let check = self.line.get(end..).and_then(|check| check.strip_prefix(b" #"));
        let check = check.and_then(|digits| std::str::from_utf8(digits).ok()).map(str::to_owned);
        let Some(check) = check else {
            return Err(self.corrupt("a checksum at the end", "none"));
        };
        self.line.truncate(end);
        self.chain = xxh3_64_with_seed(&self.line, self.chain);
        let expected = format!("{:08x}", self.chain as u32);
        if check != expected {
            return Err(self.corrupt(
                format_args!("checksum {expected} (this line, or one before it, was changed or is missing)"),
                check,
            ));
        }
        Ok(())
    }

    /// Looks at the version before anything else of the first line: a newer one may do all else in another way.
    fn check_version(&self) -> Result<()> {
        let digits = self.line.strip_prefix(MAGIC.as_bytes());
        let version: Option<u32> = digits.and_then(|digits| {
            let n = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
            std::str::from_utf8(&digits[..n]).ok()?.parse().ok()
        });
        match version {
            Some(VERSION) => Ok(()),
            Some(found) => Err(Error::Version { path: STREAM.into(), found, supported: VERSION }),
            None => Err(self.corrupt("a dump of attendb", "something else")),
        }
    }

    /// Checks that nothing follows the closing line.
    fn check_end(&mut self) -> Result<()> {
        let more = self.reader.fill_buf().map_err(|error| Error::io("read", STREAM, &error))?;
        if more.is_empty() {
            return Ok(());
        }
        self.summary.n_lines += 1;
        Err(self.corrupt("the end of the stream", "more"))
    }

    fn understand(&mut self, rebuild: &mut Rebuild) -> Result<(), Wrong> {
        let line = std::mem::take(&mut self.line);
        let understood = match std::str::from_utf8(&line) {
            Ok(text) => self.understand_text(text, rebuild),
            Err(error) => {
                let got = format!("other bytes after the first {}", error.valid_up_to());
                Err(Wrong::Text(Fault { expected: "UTF-8", got }))
            }
        };
        self.line = line;
        understood
    }

    fn understand_text(&mut self, text: &str, rebuild: &mut Rebuild) -> Result<(), Wrong> {
        let mut scanner = Scanner::new(text, self.line_bytes_max / VALUE_BYTES);
        if self.stage == Stage::First {
            scanner.expect(MAGIC)?;
            scanner.number::<u32>()?;
            scanner.expect(",\"generator\":")?;
            scanner.string()?;
            scanner.expect("}")?;
            self.stage = Stage::Label;
            return Ok(scanner.end()?);
        }
        let Some((beginning, stage)) = BEGINNINGS.iter().find(|(beginning, _)| scanner.take(beginning)) else {
            return Ok(scanner.fault("the beginning of a line")?);
        };
        let is_once = matches!(stage, Stage::Next | Stage::End);
        if *stage < self.stage || (is_once && *stage == self.stage) {
            return Ok(Scanner::new(text, 0).fault("a line that may follow those before")?);
        }
        if *stage > Stage::Next && self.stage < Stage::Next {
            return Ok(Scanner::new(text, 0).fault("{\"next_index\": before nodes and relationships")?);
        }
        self.stage = *stage;
        match stage {
            Stage::Label => name(&mut scanner, NameSort::Label, rebuild)?,
            Stage::Type => name(&mut scanner, NameSort::Type, rebuild)?,
            Stage::Key => name(&mut scanner, NameSort::Key, rebuild)?,
            Stage::Index => index(&mut scanner, rebuild)?,
            Stage::Space => space(&mut scanner, rebuild)?,
            Stage::Fulltext => fulltext(&mut scanner, rebuild)?,
            Stage::Blocks => blocks(&mut scanner, rebuild)?,
            Stage::Open => {
                let label = label_or_none(&mut scanner)?;
                scanner.expect(",\"next\":")?;
                rebuild.next_node(label, scanner.number()?)?;
                scanner.expect("}")?;
            }
            Stage::Next => {
                let index = scanner.number()?;
                scanner.expect(",\"next_relationship\":")?;
                rebuild.next_ids(index, scanner.number()?)?;
                scanner.expect("}")?;
                rebuild.begin()?;
            }
            Stage::Node => {
                node(&mut scanner, rebuild)?;
                self.summary.n_nodes += 1;
            }
            Stage::Relationship if *beginning == "{\"skip\":" => {
                rebuild.skip_rels(scanner.number()?)?;
                scanner.expect("}")?;
            }
            Stage::Relationship => {
                relationship(&mut scanner, rebuild)?;
                self.summary.n_relationships += 1;
            }
            Stage::Note => {
                let table = scanner.number()?;
                scanner.expect(",\"id\":")?;
                let id = scanner.number()?;
                scanner.expect(",\"hex\":")?;
                let note = bytes(&mut scanner)?;
                scanner.expect("}")?;
                rebuild.note(table, id, note)?;
            }
            Stage::First | Stage::End => self.closing(&mut scanner)?,
        }
        Ok(scanner.end()?)
    }

    fn closing(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Wrong> {
        let nodes = scanner.number()?;
        scanner.expect(",\"relationships\":")?;
        let relationships = scanner.number()?;
        scanner.expect(",\"lines\":")?;
        let lines = scanner.number()?;
        scanner.expect(",\"xxh3\":")?;
        let checksum = scanner.bits()?;
        scanner.expect("}")?;
        let said = (nodes, relationships, lines, checksum);
        let summary = &self.summary;
        let found = (summary.n_nodes, summary.n_relationships, summary.n_lines, summary.checksum);
        if said != found {
            let tell = |(nodes, relationships, lines, checksum): (u64, u64, u64, u64)| {
                format!("{nodes} nodes, {relationships} relationships, {lines} lines, xxh3 {checksum:016x}")
            };
            return Err(Wrong::Graph(self.corrupt(tell(said), tell(found))));
        }
        Ok(())
    }
}

/// Reads a string of hexadecimal digits, two a byte.
fn bytes(scanner: &mut Scanner<'_>) -> Result<Vec<u8>, Wrong> {
    let text = scanner.string()?;
    let digits = text.as_bytes();
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let pairs = digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
    match pairs.collect::<Option<Vec<u8>>>() {
        Some(bytes) if digits.len().is_multiple_of(2) => Ok(bytes),
        _ => Ok(scanner.fault("hexadecimal digits, two a byte")?),
    }
}

fn name(scanner: &mut Scanner<'_>, sort: NameSort, rebuild: &mut Rebuild) -> Result<(), Wrong> {
    let id = scanner.number()?;
    scanner.expect(",\"name\":")?;
    let name = scanner.string()?.into_owned();
    scanner.expect("}")?;
    Ok(rebuild.name(sort, id, name)?)
}

fn index(scanner: &mut Scanner<'_>, rebuild: &mut Rebuild) -> Result<(), Wrong> {
    let number = scanner.number()?;
    scanner.expect(",\"name\":")?;
    let name = scanner.string()?.into_owned();
    scanner.expect(",\"label\":")?;
    let label = scanner.number()?;
    scanner.expect(",\"key\":")?;
    let key = scanner.number()?;
    scanner.expect(",\"unique\":")?;
    let unique = scanner.take("true");
    if !unique {
        scanner.expect("false")?;
    }
    scanner.expect("}")?;
    Ok(rebuild.index(IndexTold { number, name, label, key, unique })?)
}

fn space(scanner: &mut Scanner<'_>, rebuild: &mut Rebuild) -> Result<(), Wrong> {
    let name = scanner.string()?.into_owned();
    let (of_relationships, owners) = owners(scanner)?;
    scanner.expect(",\"key\":")?;
    let key = scanner.number()?;
    scanner.expect(",\"dimension\":")?;
    let dimension = scanner.number()?;
    scanner.expect(",\"metric\":\"")?;
    let Some(metric) = Metric::ALL.iter().position(|metric| scanner.take(metric.name())) else {
        return Ok(scanner.fault("a metric")?);
    };
    scanner.expect("\"")?;
    let mut storage = Storage::F32;
    if scanner.take(",\"storage\":\"") {
        // The usual one is left out, so that the same database gives the same bytes.
        let Some(told) = Storage::ALL[1..].iter().find(|storage| scanner.take(storage.name())) else {
            return Ok(scanner.fault("a storage")?);
        };
        storage = *told;
        scanner.expect("\"")?;
    }
    let indexed = scanner.take(",\"indexed\":true");
    let mut embedder = None;
    if scanner.take(",\"embedder\":") {
        let name = scanner.string()?.into_owned();
        scanner.expect(",\"from\":")?;
        embedder = Some((name, scanner.number()?));
    }
    scanner.expect("}")?;
    // What was measured of its vectors is measured again.
    let space = SpaceRecord {
        name,
        of_relationships,
        owners,
        key,
        dimension,
        metric: metric as u8,
        embedder,
        deviation: 0,
        n_measured: 0,
    };
    Ok(rebuild.space(space, storage, indexed)?)
}

fn fulltext(scanner: &mut Scanner<'_>, rebuild: &mut Rebuild) -> Result<(), Wrong> {
    let number = scanner.number()?;
    scanner.expect(",\"name\":")?;
    let name = scanner.string()?.into_owned();
    let (of_relationships, owners) = owners(scanner)?;
    scanner.expect(",\"keys\":[")?;
    let keys = numbers(scanner)?;
    scanner.expect(",\"analyzer\":\"")?;
    let Some(analyzer) = Analyzer::ALL.iter().position(|(name, _)| scanner.take(&format!("{name}\""))) else {
        return Ok(scanner.fault("an analyzer")?);
    };
    let eventual = scanner.take(",\"eventual\":true");
    scanner.expect("}")?;
    let analyzer = analyzer as u8;
    Ok(rebuild.fulltext(FulltextRecord { name, of_relationships, owners, keys, analyzer, eventual, number })?)
}

/// Reads whether something is of relationships, and of which labels or types.
fn owners(scanner: &mut Scanner<'_>) -> Result<(bool, Vec<u32>), Fault> {
    scanner.expect(",\"of\":\"")?;
    let of_relationships = scanner.take("relationships");
    if !of_relationships {
        scanner.expect("nodes")?;
    }
    scanner.expect("\",\"owners\":[")?;
    Ok((of_relationships, numbers(scanner)?))
}

/// Reads the rest of a list of numbers.
fn numbers(scanner: &mut Scanner<'_>) -> Result<Vec<u32>, Fault> {
    let mut numbers = Vec::new();
    while !scanner.take("]") {
        if !numbers.is_empty() {
            scanner.expect(",")?;
        }
        numbers.push(scanner.number()?);
    }
    Ok(numbers)
}

fn blocks(scanner: &mut Scanner<'_>, rebuild: &mut Rebuild) -> Result<(), Wrong> {
    loop {
        rebuild.nodes_of(label_or_none(scanner)?)?;
        if scanner.take("]}") {
            return Ok(());
        }
        scanner.expect(",")?;
    }
}

fn label_or_none(scanner: &mut Scanner<'_>) -> Result<Option<u32>, Fault> {
    if scanner.take("null") { Ok(None) } else { scanner.number().map(Some) }
}

fn node(scanner: &mut Scanner<'_>, rebuild: &mut Rebuild) -> Result<(), Wrong> {
    let id = scanner.number()?;
    let mut labels = Vec::new();
    if scanner.take(",\"labels\":[") {
        loop {
            labels.push(scanner.number()?);
            if scanner.take("]") {
                break;
            }
            scanner.expect(",")?;
        }
    }
    let properties = properties(scanner)?;
    Ok(rebuild.node(id, &labels, properties)?)
}

fn relationship(scanner: &mut Scanner<'_>, rebuild: &mut Rebuild) -> Result<(), Wrong> {
    let id = scanner.number()?;
    scanner.expect(",\"type\":")?;
    let rel_type = scanner.number()?;
    scanner.expect(",\"start\":")?;
    let start = scanner.number()?;
    scanner.expect(",\"end\":")?;
    let end = scanner.number()?;
    let salience = if scanner.take(",\"salience\":") { scanner.single()? } else { 1.0 };
    let properties = properties(scanner)?;
    Ok(rebuild.rel(RelTold { id, rel_type, start, end, salience, properties })?)
}

/// Reads properties, where there are any, and the end of the object.
fn properties(scanner: &mut Scanner<'_>) -> Result<Vec<(u32, Value)>, Fault> {
    let mut properties = Vec::new();
    if scanner.take(",\"properties\":{") {
        loop {
            scanner.expect("\"")?;
            let key = scanner.number()?;
            scanner.expect("\":")?;
            properties.push((key, scanner.value()?));
            if scanner.take("}") {
                break;
            }
            scanner.expect(",")?;
        }
    }
    scanner.expect("}")?;
    Ok(properties)
}

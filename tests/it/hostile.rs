//! Files that mean harm, or that something broke: none may panic, hang or fill the memory, and each is refused with the
//! place and the reason, or read as what it plainly says. After each one the database is as it was.

use std::{
    fs,
    io::Write as _,
    panic,
    time::{Duration, Instant},
};

use attendb::{Database, Error, Options, QueryOptions};
use flate2::{Compression, write::GzEncoder};

use super::support::count;

/// How long one file may take: they are small, or refused before they are read.
const FILE_MAX: Duration = Duration::from_secs(20);

/// The memory of a statement.
const MEMORY_MAX: u64 = 64 << 20;

struct Case {
    /// The file's name, which says its format.
    name: &'static str,
    content: Vec<u8>,
    /// The options, if any.
    options: &'static str,
    /// A part of the error, or `n rows`.
    expected: &'static str,
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(content).expect("memory takes every byte");
    packer.finish().expect("memory takes every byte")
}

fn many(piece: &str, n: usize) -> Vec<u8> {
    piece.repeat(n).into_bytes()
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

const T: &str = "<http://x/s> <http://x/p> ";

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    let mut add = |name, content: Vec<u8>, options, expected| all.push(Case { name, content, options, expected });
    let nt = |object: &str| format!("{T}{object} .\n").into_bytes();

    // Nothing, and almost nothing.
    add("empty.csv", b"".to_vec(), "", "the file is empty");
    add("empty.tsv", b"".to_vec(), "", "the file is empty");
    add("empty.jsonl", b"".to_vec(), "", "0 rows");
    add("empty.nt", b"".to_vec(), "", "0 rows");
    add("empty.ttl", b"".to_vec(), "", "0 rows");
    add("empty.csv.gz", b"".to_vec(), "", "cannot read");
    add("blank.csv", b"\n\r\n\n".to_vec(), "", "the file is empty");
    add("blank.jsonl", b"\n \n\t\n".to_vec(), "", "0 rows");
    add("mark.csv", b"\xEF\xBB\xBF".to_vec(), "", "the file is empty");
    add("mark.jsonl", b"\xEF\xBB\xBF{\"a\":1}\n".to_vec(), "", "1 rows");
    add("mark.ttl", join(&[b"\xEF\xBB\xBF", &nt("1")]), "", "1 rows");
    add("mark.nt", join(&[b"\xEF\xBB\xBF", &nt("\"1\"")]), "", "1 rows");
    add("half-mark.csv", b"\xEF\xBB".to_vec(), "", "is not UTF-8");
    add("one-byte.csv", b"a".to_vec(), "", "0 rows");

    // Encodings.
    add("utf16.csv", b"\xFF\xFEa\0,\0b\0".to_vec(), "", "the file is UTF-16");
    add("utf16be.csv", b"\xFE\xFF\0a\0,".to_vec(), "", "the file is UTF-16");
    add("utf16.jsonl", b"\xFF\xFE{\0}\0".to_vec(), "", "the file is UTF-16");
    add("utf16.ttl", b"\xFF\xFE<\0".to_vec(), "", "line 1, column 1");
    add("latin1.csv", b"a,b\ncaf\xE9,1\n".to_vec(), "", "line 2, column 1 (a): byte 0xE9");
    add("latin1.jsonl", b"{\"a\":\"caf\xE9\"}\n".to_vec(), "", "byte 0xE9, number 10 of the line");
    add("latin1.nt", join(&[T.as_bytes(), b"\"caf\xE9\" .\n"]), "", "line 1");
    add("latin1.ttl", join(&[T.as_bytes(), b"\"caf\xE9\" .\n"]), "", "line 1");
    add("overlong.csv", b"a\n\xC0\xAF\n".to_vec(), "", "byte 0xC0");
    add("surrogate.csv", b"a\n\xED\xA0\x80\n".to_vec(), "", "byte 0xED");
    add("surrogate.jsonl", b"{\"a\":\"\\ud800\"}\n".to_vec(), "", "unexpected end of hex escape");
    add("surrogate.nt", nt("\"\\uD800\""), "", "line 1");
    add("cut-char.csv", b"a\nx\xE2\x82".to_vec(), "", "byte 0xE2");
    add("high.csv", b"a\n\xF8\x88\x80\x80\x80\n".to_vec(), "", "byte 0xF8");
    add("bad-header.csv", b"a,\xFF\n1,2\n".to_vec(), "", "in the header: byte 0xFF");

    // Zeros and control characters.
    add("nul.csv", b"a,b\n\0,\0\0\n".to_vec(), "", "1 rows");
    add("nuls.csv", vec![0; 100_000], "", "0 rows");
    add("nul.jsonl", b"{\"a\":\0}\n".to_vec(), "", "no JSON object");
    add("nul.nt", vec![0; 1000], "", "line 1");
    add("nul.ttl", vec![0; 1000], "", "line 1");
    add("bell.csv", b"a\n\x07\x1B[31m\n".to_vec(), "", "1 rows");
    add("cr.csv", b"a,b\r1,2\r3,4\r".to_vec(), "", "0 rows");
    add("mixed-ends.csv", b"a,b\r\n1,2\n3,4\r\n".to_vec(), "", "2 rows");

    // Quotes.
    add("open.csv", b"a,b\n1,\"x\n2,3\n".to_vec(), "", "the quote that opens here");
    add("open-header.csv", b"\"a,b\n1,2\n".to_vec(), "", "in the header: the quote");
    add("after-quote.csv", b"a\n\"x\"y\n".to_vec(), "", "text after the closing quote");
    add("only-quote.csv", b"a\n\"".to_vec(), "", "is never closed");
    add("quotes.csv", join(&[b"a\n", &many("\"", 100_001)]), "", "is never closed");
    add("even-quotes.csv", join(&[b"a\n", &many("\"", 100_002)]), "", "1 rows");
    add("open-long.csv", join(&[b"a\n\"", &many("x\n", 10 << 20)]), "", "the");
    add("inner-quote.csv", b"a,b\n5\" disk,x\"y\"z\n".to_vec(), "", "1 rows");

    // Rows and columns.
    add("ragged.csv", b"a,b\n1\n".to_vec(), "", "the row has 1 field, not 2");
    add("wide-row.csv", join(&[b"a\n", &many(",", 1_000_000), b"\n"]), "", "the row has 1000001 fields, not 1");
    add("wide.csv", join(&[&many("x,", 1_000_000), b"x\n"]), "", "the header names 1000001 columns");
    add("wide-bare.csv", join(&[&many(",", 1_000_000), b"\n"]), "HEADER false", "columns of a file");
    add("wide.jsonl", wide_json(5000), "", "columns of a file");
    add(
        "wide-apart.jsonl",
        (0..5000).flat_map(|n| format!("{{\"k{n}\":1}}\n").into_bytes()).collect(),
        "",
        "columns of a file",
    );
    add("twice.csv", b"a,b,a\n1,2,3\n".to_vec(), "", "column \"a\" is named twice");
    add("twice.jsonl", b"{\"a\":1,\"a\":2}\n".to_vec(), "", "the key comes twice");
    add("nameless.csv", b"a,,c\n1,2,3\n".to_vec(), "", "a column without a name");
    add("commas.csv", many(",", 1000), "", "a column without a name");
    add("long-name.csv", join(&[&many("x", 1 << 20), b"\n1\n"]), "", "1 rows");
    add("endless.csv", many("x", 80 << 20), "", "is longer than 67108864 bytes");
    add("endless.jsonl", join(&[b"{\"a\":\"", &many("x", 80 << 20)]), "", "is longer than 67108864 bytes");
    add("endless.nt", join(&[T.as_bytes(), b"\"", &many("x", 20 << 20)]), "", "bytes of a literal or IRI");
    add("endless.ttl", join(&[T.as_bytes(), b"\"\"\"", &many("x\n", 10 << 20)]), "", "bytes of a literal or IRI");
    add("endless-comment.ttl", join(&[b"# ", &many("x", 40 << 20)]), "", "bytes of a literal or IRI");
    add("field.csv", join(&[b"a\n", &many("x", 17 << 20), b"\n"]), "", "the field is longer than 16777216 bytes");
    add(
        "field.jsonl",
        join(&[b"{\"a\":\"", &many("x", 17 << 20), b"\"}\n"]),
        "",
        "the field is longer than 16777216 bytes",
    );
    add("text.csv", join(&[b"a\n", &many("x", 15 << 20), b"\n"]), "", "1 rows");
    add("rows.csv", join(&[b"a\n", &many("1234567\n", 10 << 20)]), "", "bytes of an imported table");
    add(
        "triples.nt",
        (0..600_000).flat_map(|n| format!("<h:{n}> <h:p> \"{n}\" .\n").into_bytes()).collect(),
        "",
        "bytes of imported triples",
    );

    // Numbers.
    add("huge.csv", b"a:int,b:int\n99999999999999999999999999999999,1\n".to_vec(), "", "does not fit a 64-bit integer");
    add("digits.csv", join(&[b"a\n", &many("9", 100_000), b"\n"]), "", "1 rows");
    add("exponent.csv", b"a:float,b:int\n1e999999999,1\n".to_vec(), "", "does not fit a 64-bit float");
    add("exponent.jsonl", b"{\"a\":1e999999999}\n".to_vec(), "", "number out of range");
    add("digits.jsonl", join(&[b"{\"a\":", &many("9", 100_000), b"}\n"]), "", "number out of range");
    add("small.jsonl", join(&[b"{\"a\":0.", &many("0", 100_000), b"1}\n"]), "", "1 rows");
    add("nan.jsonl", b"{\"a\":NaN}\n".to_vec(), "", "no JSON object");
    add("number.ttl", join(&[T.as_bytes(), &many("9", 100_000), b" .\n"]), "", "1 rows");
    add("exponent.ttl", join(&[T.as_bytes(), b"1e999999999 .\n"]), "", "1 rows");
    add("date.csv", b"a:date,b:int\n2001-02-30,1\n".to_vec(), "", "is no DATE");
    add("nan-key.csv", b"id\nNaN\nNaN\n".to_vec(), "KEY id", "NaN equals nothing");

    // JSON.
    add("deep.jsonl", join(&[b"{\"a\":", &many("[", 1_000_000), b"\n"]), "", "recursion limit exceeded");
    add("deep-objects.jsonl", many("{\"a\":", 1_000_000), "", "line 1");
    add("deep-closed.jsonl", join(&[b"{\"a\":", &many("[", 100_000), &many("]", 100_000), b"}"]), "", "");
    add("array.jsonl", b"[{\"a\":1}]\n".to_vec(), "", "expected an object");
    add("pretty.jsonl", b"{\n\"a\": 1\n}\n".to_vec(), "", "EOF while parsing");
    add("two.jsonl", b"{} {}\n".to_vec(), "", "trailing characters");
    add("comma.jsonl", b"{\"a\":1,}\n".to_vec(), "", "trailing comma");
    add("single.jsonl", b"{'a':1}\n".to_vec(), "", "key must be a string");
    add("text.jsonl", b"hello\n".to_vec(), "", "no JSON object");
    add("null-list.jsonl", b"{\"a\":[null]}\n".to_vec(), "", "a list that holds null");
    add("escape.jsonl", b"{\"a\":\"\\x\"}\n".to_vec(), "", "invalid escape");
    add("control.jsonl", b"{\"a\":\"\x01\"}\n".to_vec(), "", "control character");

    // Something else under the name.
    add(
        "xml.csv",
        b"<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>\n<a>&b;</a>\n".to_vec(),
        "",
        "2 rows",
    );
    add("xml.jsonl", b"<?xml version=\"1.0\"?>\n".to_vec(), "", "no JSON object");
    add("xml.nt", b"<?xml version=\"1.0\"?>\n<a/>\n".to_vec(), "", "line 1");
    add("xml.ttl", b"<?xml version=\"1.0\"?><a><b/></a>\n".to_vec(), "", "line 1");
    add("binary.csv", (0..=255).cycle().take(100_000).collect(), "", "");
    add("binary.jsonl", (0..=255).cycle().take(100_000).collect(), "", "line 1");
    add("binary.ttl", (0..=255).cycle().take(100_000).collect(), "", "line 1");
    add("binary.nt", (0..=255).cycle().take(100_000).collect(), "", "line 1");
    add("sql.csv", b"a\n'; MATCH (n) DETACH DELETE n; //\n".to_vec(), "", "1 rows");
    add("x.graphml", b"<graphml/>".to_vec(), "", "GraphML is only written");
    add("x.exe", b"MZ".to_vec(), "", "no format is known");

    // Packed.
    let packed = gzip(&many("a\n1\n", 1000));
    add("cut.csv.gz", packed[..packed.len() - 4].to_vec(), "", "cannot read");
    add("cut-early.csv.gz", packed[..5].to_vec(), "", "cannot read");
    add(
        "flipped.csv.gz",
        {
            let mut bytes = packed.clone();
            let at = bytes.len() - 6;
            bytes[at] ^= 1;
            bytes
        },
        "",
        "cannot read",
    );
    add("garbage.csv.gz", join(&[&packed, b"garbage"]), "", "cannot read");
    add("plain.csv.gz", b"a\n1\n".to_vec(), "", "cannot read");
    add("packed.csv", packed.clone(), "", "is not UTF-8");
    add("bomb.csv.gz", gzip(&vec![b'x'; 200 << 20]), "", "is longer than 67108864 bytes");
    add("bomb-rows.csv.gz", gzip(&many("1\n", 50 << 20)), "", "bytes of an imported table");
    add("bomb.jsonl.gz", gzip(&vec![b' '; 200 << 20]), "", "is longer than 67108864 bytes");
    add("bomb.ttl.gz", gzip(&vec![b' '; 100 << 20]), "", "");
    add("bomb.nt.gz", gzip(&vec![b'#'; 100 << 20]), "", "bytes of a literal or IRI");
    add("twice.csv.gz", gzip(&gzip(b"a\n1\n")), "", "is not UTF-8");
    add("cut.ttl.gz", gzip(&nt("1"))[..20].to_vec(), "", "cannot read");

    // Triples.
    add("deep.ttl", join(&[T.as_bytes(), &many("[ <h:p> ", 300_000)]), "", "");
    add("deep-lists.ttl", join(&[T.as_bytes(), &many("(", 300_000)]), "", "");
    add(
        "deep-closed.ttl",
        join(&[T.as_bytes(), &many("[ <h:p> ", 20_000), b"1 ", &many("]", 20_000), b" .\n"]),
        "",
        "20001 rows",
    );
    add("prefix.ttl", b"x:a x:b x:c .\n".to_vec(), "", "line 1");
    add("relative.ttl", b"<a> <b> <c> .\n".to_vec(), "", "line 1");
    add("literal-subject.nt", b"\"a\" <h:p> \"b\" .\n".to_vec(), "", "line 1, column 1");
    add("blank-predicate.nt", b"<h:a> _:p \"b\" .\n".to_vec(), "", "line 1");
    add("no-dot.nt", b"<h:a> <h:b> <h:c>\n<h:a> <h:b> <h:c> .\n".to_vec(), "", "line");
    add("quads.nt", b"<h:a> <h:b> <h:c> <h:g> .\n".to_vec(), "", "line 1");
    add("bad-iri.nt", b"<h:a b> <h:b> <h:c> .\n".to_vec(), "", "line 1");
    add("bad-language.nt", nt("\"a\"@1"), "", "line 1");
    add("bad-escape.nt", nt("\"\\q\""), "", "line 1");
    add("open.nt", join(&[T.as_bytes(), b"\"a\n"]), "", "line 1");
    add("open-iri.ttl", b"<http://x/".to_vec(), "", "line 1");
    add("long-iri.nt", join(&[b"<h:", &many("a", 1 << 20), b"> <h:p> \"x\" .\n"]), "", "1 rows");
    add(
        "prefixes.ttl",
        (0..100_000).flat_map(|n| format!("@prefix p{n}: <h:{n}/> .\n").into_bytes()).collect(),
        "",
        "0 rows",
    );
    add("star.ttl", b"<< <h:a> <h:b> <h:c> >> <h:p> 1 .\n".to_vec(), "", "line 1");
    add("base.ttl", b"@base <file:///etc/> . <passwd> <h:p> <shadow> .\n".to_vec(), "", "1 rows");

    // Headers of neo4j-admin.
    add("no-end.csv", b":START_ID(A),x\n1,2\n".to_vec(), "", "needs an :END_ID");
    add("no-space.csv", b":START_ID,:END_ID,:TYPE\n1,2,R\n".to_vec(), "", "no property of :Node is unique");
    add("rel-key.csv", b":START_ID(A),:END_ID(A)\n1,2\n".to_vec(), "KEY id", "which have no KEY");
    add("two-ids.csv", b":ID,id:ID(A)\n1,2\n".to_vec(), "", "named twice");
    add("bad-list.csv", b"id:ID,a:int[]\n1,1;x\n".to_vec(), "", "\"x\" is no INTEGER");
    add("label.csv", b"id:ID,:LABEL\n1,;;;A;A;;\n".to_vec(), "", "1 rows");
    add("labels.csv", join(&[b"id:ID,:LABEL\n1,", &many("A;", 100_000), b"\n"]), "", "1 rows");
    add("no-id.csv", b"id:ID,a:int\n,1\n".to_vec(), "", "no value for the key");
    all
}

fn wide_json(n: usize) -> Vec<u8> {
    let fields: Vec<String> = (0..n).map(|n| format!("\"k{n}\":1")).collect();
    format!("{{{}}}\n", fields.join(",")).into_bytes()
}

/// Returns the error, or how many rows there were.
fn outcome(db: &Database, text: &str) -> String {
    let options = QueryOptions { deadline: Some(FILE_MAX), ..QueryOptions::default() };
    match db.query_with(text, (), &options) {
        Ok(mut rows) => {
            let row = rows.next().expect("COPY answers a row").expect("it answers");
            format!("{} rows", row.get(1).as_int().expect("a count"))
        }
        Err(error @ Error::Deadline { .. }) => panic!("{text}: {error}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_hundred_hostile_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { background: false, memory_bytes_max: MEMORY_MAX, ..Options::default() };
    let cases = cases();
    assert!(cases.len() >= 100, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for Case { name, content, options: file_options, expected } in cases {
        let db = Database::memory_with(options.clone().file_roots([folder.path()])).expect("it opens");
        fs::write(folder.path().join(name), content).expect("a file is written");
        let is_rdf = [".nt", ".ttl"].iter().any(|ending| name.trim_end_matches(".gz").ends_with(ending));
        let target = if is_rdf { "" } else { "X" };
        let with = if file_options.is_empty() { String::new() } else { format!(" ({file_options})") };
        let began = Instant::now();
        let statement = format!("COPY {target} FROM '{name}'{with}");
        let found = panic::catch_unwind(panic::AssertUnwindSafe(|| outcome(&db, &statement)))
            .unwrap_or_else(|_| "a panic".to_owned());
        if !found.contains(expected) || found.len() > 500 {
            wrong.push(format!("{name}: {expected:?} is not in {:.300}", found));
        }
        if !found.ends_with(" rows") {
            assert_eq!(count(&db, "MATCH (n) RETURN count(*)"), 0, "{name} left something");
        }
        // The same file looked at, and with bad rows left out: no panic, no hang.
        for text in [format!("DESCRIBE '{name}'"), format!("COPY {target} FROM '{name}' (ON ERROR SKIP)")] {
            if let Err(error @ Error::Deadline { .. }) = db.execute(&text, ()) {
                wrong.push(format!("{text}: {error}"));
            }
        }
        if began.elapsed() > FILE_MAX {
            wrong.push(format!("{name} took {:?}", began.elapsed()));
        }
        fs::remove_file(folder.path().join(name)).expect("it was written");
        let report = db.check(true).expect("the check runs");
        assert!(report.is_sound(), "{name}: {report:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! Files of models, made here; and what is refused of them.

use std::{fs, path::Path};

use attendb::{Database, FileAccess, Options, Params, Value};

use crate::support::{must, random::Random, run};

/// A tensor of a file: name, shape, numbers.
pub(super) type Tensor = (String, Vec<usize>, Vec<f32>);

/// Returns the bytes of a safetensors file, with or without the metadata `heads`.
pub(super) fn safetensors(tensors: &[Tensor], heads: Option<&str>) -> Vec<u8> {
    let (mut entries, mut data) = (Vec::new(), Vec::new());
    if let Some(heads) = heads {
        entries.push(format!("\"__metadata__\":{{\"heads\":\"{heads}\",\"more\":\"text\"}}"));
    }
    for (name, shape, numbers) in tensors {
        let from = data.len();
        data.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
        let to = data.len();
        entries.push(format!("\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{from},{to}]}}"));
    }
    raw(&format!("{{{}}}", entries.join(",")), &data)
}

fn raw(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// Returns the bytes of a NumPy array.
pub(super) fn npy(shape: &str, numbers: &[f32]) -> Vec<u8> {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
    file
}

/// Returns so many numbers between -1 and 1.
pub(super) fn numbers(n: usize, random: &mut Random) -> Vec<f32> {
    (0..n).map(|_| random.below(2001) as f32 / 1000.0 - 1.0).collect()
}

pub(super) fn open(dir: &Path) -> Database {
    let files = FileAccess::Roots(vec![dir.to_owned()]);
    Database::open_with(dir.join("db"), Options { files, background: false, ..Options::default() }).unwrap()
}

/// Returns a database in memory that reads files of a directory.
pub(super) fn memory(dir: &Path) -> Database {
    let files = FileAccess::Roots(vec![dir.to_owned()]);
    Database::memory_with(Options { files, ..Options::default() }).unwrap()
}

#[track_caller]
pub(super) fn refused(db: &Database, text: &str, messages: &[&str]) {
    let found = db.query(text, Params::new()).and_then(|rows| rows.collect::<attendb::Result<Vec<_>>>());
    let error = found.expect_err(text).to_string();
    for message in messages {
        assert!(error.contains(message), "{text}\n{error}\nexpected: {message}");
    }
}

fn of(name: &str, shape: &[usize]) -> Tensor {
    let n = shape.iter().product();
    (name.to_owned(), shape.to_vec(), numbers(n, &mut Random::new(n as u64)))
}

/// Two spaces, one of relationships, and two relationship types.
fn spaces(db: &Database) {
    must(db, "CREATE EMBEDDING text FOR (n:Npc) ON n.vec DIMENSION 3");
    must(db, "CREATE EMBEDDING `my.said` FOR ()-[r]-() ON r.vec DIMENSION 2");
    must(db, "CREATE (:Npc)-[:KNOWS]->(:Npc)-[:HEARD]->(:Npc)");
}

#[test]
fn every_form_of_a_model_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let db = memory(dir.path());
    spaces(&db);
    let write = |name: &str, bytes: Vec<u8>| fs::write(dir.path().join(name), bytes).unwrap();
    let three = [of("text.Wq", &[2, 4, 3]), of("text.Wk", &[2, 4, 3])];
    write("three.safetensors", safetensors(&three, None));
    let flat = [of("text.Wq", &[8, 3]), of("text.Wk", &[8, 3])];
    write("flat.safetensors", safetensors(&flat, None));
    write("told.safetensors", safetensors(&flat, Some("4")));
    let all = [
        of("text.Wq", &[2, 4, 3]),
        of("text.Wk", &[2, 4, 3]),
        of("my.said.Wk", &[2, 1, 2]),
        of("my.said.Wq", &[2, 1, 2]),
        ("b_rel.KNOWS".to_owned(), vec![], vec![0.5]),
        ("b_rel.HEARD".to_owned(), vec![1], vec![-0.25]),
    ];
    write("all.safetensors", safetensors(&all, Some("2")));
    write("biases.safetensors", safetensors(&all[4..], None));
    write("wq.npy", npy("(8, 3)", &flat[0].2));
    write("wk.npy", npy("(2, 4, 3)", &flat[1].2));
    let said = |text: &str| {
        let rows = must(&db, text).rows;
        assert_eq!(rows.len(), 1, "{text}");
        rows[0].iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    for (statement, answer, shown) in [
        ("COPY MODEL a FROM 'three.safetensors'", "1 2 ['text']", "['text'] [4] {} 48"),
        ("COPY MODEL a FROM 'flat.safetensors'", "2 1 ['text']", "['text'] [8] {} 48"),
        ("COPY MODEL a FROM 'flat.safetensors' (HEADS 8)", "3 8 ['text']", "['text'] [1] {} 48"),
        ("COPY MODEL a FROM 'told.safetensors'", "4 4 ['text']", "['text'] [2] {} 48"),
        (
            "copy model a from 'all.safetensors'",
            "5 2 ['my.said', 'text']",
            "['my.said', 'text'] [1, 4] {HEARD: -0.25, KNOWS: 0.5} 56",
        ),
        ("COPY MODEL a FROM 'biases.safetensors'", "6 1 []", "[] [] {HEARD: -0.25, KNOWS: 0.5} 0"),
        ("COPY MODEL a FROM 'wq.npy' (SPACE text, KEYS 'wk.npy', HEADS 2)", "7 2 ['text']", "['text'] [4] {} 48"),
    ] {
        let file = statement.split('\'').nth(1).unwrap();
        assert_eq!(said(statement), format!("'{file}' 'a' {answer}"), "{statement}");
        let columns = "SHOW MODELS YIELD name, spaces, widths, biases, numbers RETURN spaces, widths, biases, numbers";
        assert_eq!(said(columns), shown, "{statement}");
    }
    let params = attendb::model::Map::from_iter([
        ("m".into(), Value::from("b")),
        ("f".into(), "flat.safetensors".into()),
        ("h".into(), Value::Int(2)),
    ]);
    let rows = run(&db, "COPY MODEL $m FROM $f (HEADS $h)", &params).unwrap().rows;
    assert_eq!(rows[0][1..4], ["b".into(), Value::Int(1), Value::Int(2)]);
    assert_eq!(must(&db, "SHOW MODELS").rows.len(), 2);
    // No word is reserved: MODEL is a label too.
    write("nodes.csv", b"id\n1\n2\n".to_vec());
    must(&db, "COPY MODEL FROM 'nodes.csv' (KEY id)");
    assert_eq!(must(&db, "MATCH (model:MODEL) RETURN model.id").rows.len(), 2);
}

#[test]
fn what_is_no_model_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let db = memory(dir.path());
    spaces(&db);
    let pair = |shape: &[usize]| vec![of("text.Wq", shape), of("text.Wk", shape)];
    let with = |more: Tensor| [pair(&[2, 4, 3]), vec![more]].concat();
    let mut sick = pair(&[2, 4, 3]);
    sick[1].2[7] = f32::NAN;
    for (tensors, heads, messages) in [
        (pair(&[2, 4, 5]), None, &["take vectors of 5 numbers", "the embedding space has 3"][..]),
        (pair(&[8, 5]), None, &["take vectors of 5 numbers"]),
        (pair(&[24]), None, &["m.safetensors (text.Wk)", "[24]", "[heads, d_h, d]"]),
        (pair(&[2, 4, 3]), Some("4"), &["2 heads by its shape", "4 are said"]),
        (pair(&[2, 4, 3]), Some("many"), &["`heads` of its metadata is no number"]),
        (pair(&[8, 3]), Some("3"), &["3 heads cannot share"]),
        (pair(&[8, 3]), Some("0"), &["0 heads; a model has 1 to 256"]),
        (pair(&[0, 3]), None, &["text.Wk"]),
        (vec![of("text.Wq", &[2, 4, 3])], None, &["no `text.Wk`"]),
        (vec![of("txt.Wq", &[2, 4, 3]), of("txt.Wk", &[2, 4, 3])], None, &["no such embedding space", "text"]),
        (vec![of("text.Wq", &[2, 4, 3]), of("text.Wk", &[2, 2, 3])], None, &["both must be alike"]),
        (with(of("text.bias", &[3])), None, &["(text.bias)", "b_rel.<TYPE>"]),
        (with(of("b_rel.KNWOS", &[1])), None, &["no relationship type `KNWOS`"]),
        (with(of("b_rel.KNOWS", &[2])), None, &["a bias is one number"]),
        (with(("b_rel.KNOWS".to_owned(), vec![1], vec![f32::INFINITY])), None, &["a bias of inf"]),
        (sick, None, &["(text.Wk)", "NaN in row 2, column 1"]),
        (vec![], None, &["no tensors"]),
    ] {
        fs::write(dir.path().join("m.safetensors"), safetensors(&tensors, heads)).unwrap();
        refused(&db, "COPY MODEL m FROM 'm.safetensors'", messages);
    }
    let one = "\"text.Wq\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[0,12]}";
    for (bytes, message) in [
        (b"abc".to_vec(), "within the length of its header"),
        (raw(&"x".repeat(30), &[])[..20].to_vec(), "ends within its header"),
        (u64::MAX.to_le_bytes().to_vec(), "are the most"),
        (raw("[1]", &[]), "no JSON object"),
        (raw("{\"text.Wq\":{\"dtype\":\"F32\"}}", &[]), "its header is none"),
        (raw("{\"__metadata__\":3}", &[]), "no map of texts"),
        (raw(&format!("{{{}}}", one.replace("F32", "I64")), &[0; 12]), "numbers of the type I64"),
        (raw(&format!("{{{one}}}"), &[0; 11]), "the file has 11 bytes there"),
        (raw(&format!("{{{}}}", one.replace("[0,12]", "[4,2]")), &[0; 12]), "it lies at 4 to 2"),
        (raw(&format!("{{{}}}", one.replace("[1,3]", "[1,2]")), &[0; 12]), "12 bytes for the shape"),
        (raw(&format!("{{{}}}", one.replace("[1,3]", "[4294967296,4294967296,9]")), &[0; 12]), "numbers in all"),
    ] {
        fs::write(dir.path().join("m.safetensors"), bytes).unwrap();
        refused(&db, "COPY MODEL m FROM 'm.safetensors'", &["m.safetensors", message]);
    }
    fs::write(dir.path().join("wq.npy"), npy("(2, 4, 3)", &[0.5; 24])).unwrap();
    fs::write(dir.path().join("wk.npy"), npy("(2, 4, 3)", &[0.5; 23])).unwrap();
    for (text, message) in [
        ("COPY MODEL m FROM 'wq.npy'", "a model needs two of a space"),
        ("COPY MODEL m FROM 'wq.npy' (SPACE text)", "a model needs two of a space"),
        ("COPY MODEL m FROM 'wq.npy' (SPACE text, KEYS 'wk.npy')", "wk.npy: the header promises"),
        ("COPY MODEL m FROM 'wq.npy' (SPACE txt, KEYS 'wk.npy')", "did you mean `text`"),
        ("COPY MODEL m FROM 'wq.npy' (SPACE `my.said`, KEYS 'wq.npy')", "take vectors of 3 numbers"),
        ("COPY MODEL m FROM 'wq.npy' (SPACE text, KEYS 'keys.txt')", "KEYS is no file of a matrix"),
        ("COPY MODEL m FROM 'wq.npy' (SPACE text, KEYS 'wq.npy', HEADS 3)", "3 are said"),
        ("COPY MODEL m FROM 'm.safetensors' (SPACE text)", "SPACE means nothing"),
        ("COPY MODEL m FROM 'm.safetensors' (HEADS 0)", "an integer of 1 to 256"),
        ("COPY MODEL m FROM 'm.safetensors' (HEADS)", "HEADS needs a number"),
        ("COPY MODEL m FROM 'm.safetensors' (KEY id)", "`KEY` is no option here"),
        ("COPY MODEL m FROM 'm.csv'", "no file of a model"),
    ] {
        refused(&db, text, &[message]);
    }
    assert!(must(&db, "SHOW MODELS").rows.is_empty(), "nothing of all that is kept");
}

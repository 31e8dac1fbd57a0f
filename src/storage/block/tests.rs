//! Every kind of block: what goes in comes out, the bytes stay what they were, and no flipped bit passes.

use super::*;
use crate::{
    model::{Date, KeyId, Metric, Space, SpaceOwner, Storage, Value},
    storage::key::BlockKind,
};

const KEY: BlockKey = BlockKey::new(BlockKind::OutAdjacency, 7, 3, 9);

/// A small generator of repeatable numbers (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Edges by place, as (neighbour, relationship id).
fn csr(edges: &[Vec<(u32, u32)>]) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let mut offsets = vec![0];
    for of_node in edges {
        offsets.push(offsets[offsets.len() - 1] + of_node.len() as u32);
    }
    let neighbors = edges.iter().flatten().map(|edge| edge.0).collect();
    (offsets, neighbors, edges.iter().flatten().map(|edge| edge.1).collect())
}

fn check_adjacency(edges: &[Vec<(u32, u32)>]) -> AdjacencyBlock {
    let (offsets, neighbors, rels) = csr(edges);
    let block = AdjacencyBlock::pin(&KEY, AdjacencyBlock::encode(&KEY, &offsets, &neighbors, &rels)).unwrap();
    for local in 0..BLOCK_LEN {
        let expected = edges.get(local).cloned().unwrap_or_default();
        let (neighbors, rels) = block.edges(local);
        let found: Vec<_> = neighbors.iter().copied().zip(rels.iter()).collect();
        assert_eq!(found, expected, "node {local}");
        assert_eq!(block.degree(local), expected.len());
        assert_eq!(block.neighbors(local), neighbors);
    }
    assert_eq!(block.n_edges(), neighbors.len());
    block
}

#[test]
fn adjacency_of_every_form() {
    let mut random = Random(1);
    let mut next_rel = 100;
    for (n_nodes, one_in, is_run) in [
        (1024, 1, true),
        (1024, 1, false),
        (1024, 8, true),
        (1024, 8, false),
        (700, 2, true),
        (3, 1, false),
        (0, 1, true),
    ] {
        let edges: Vec<Vec<(u32, u32)>> = (0..n_nodes)
            .map(|_| {
                let n = if random.below(one_in) == 0 { random.below(7) } else { 0 };
                let mut edge = || {
                    next_rel += if is_run { 1 } else { 1 + random.below(3) as u32 };
                    (random.next() as u32, next_rel)
                };
                let mut edges: Vec<(u32, u32)> = (0..n).map(|_| edge()).collect();
                // Neighbours ascend in a block; a run of relationships stays as it is.
                let mut neighbors: Vec<u32> = edges.iter().map(|edge| edge.0).collect();
                neighbors.sort_unstable();
                edges.iter_mut().zip(neighbors).for_each(|(edge, neighbor)| edge.0 = neighbor);
                edges
            })
            .collect();
        let block = check_adjacency(&edges);
        assert_eq!(block.offsets_neighbors().is_some(), n_nodes > 256 && one_in < 8, "{n_nodes}/{one_in}");
        if is_run {
            assert!((0..BLOCK_LEN).all(|local| matches!(block.edges(local).1, RelIds::Run { .. })));
        }
    }
    // A window of larger arrays, and ids that end at the last one.
    let block = AdjacencyBlock::encode(&KEY, &[50, 51, 53], &[1, 2, 3], &[u32::MAX - 2, u32::MAX - 1, u32::MAX]);
    let block = AdjacencyBlock::pin(&KEY, block).unwrap();
    assert_eq!(block.edges(1).1.get(1), u32::MAX);
}

#[test]
fn views_equal_the_checked_archive() {
    use rkyv::Archive;
    #[derive(Archive, rkyv::Serialize)]
    struct Record {
        bytes: Vec<u8>,
        halves: Vec<u16>,
        words: Vec<u32>,
        longs: Vec<u64>,
    }
    let mut random = Random(7);
    for len in [0, 1, 2, 3, 31, 1024, 5000] {
        let mut next = || random.next();
        let record = Record {
            bytes: (0..len).map(|_| next() as u8).collect(),
            halves: (0..len).map(|_| next() as u16).collect(),
            words: (0..len).map(|_| next() as u32).collect(),
            longs: (0..len).map(|_| next()).collect(),
        };
        let bytes = seal(&KEY, &record, 0);
        let archived = open::<ArchivedRecord>(&KEY, &bytes).unwrap();
        let byte_view = view::View::<u8>::new(&bytes, &archived.bytes);
        let half_view = view::View::<u16>::new(&bytes, &archived.halves);
        let word_view = view::View::<u32>::new(&bytes, &archived.words);
        let long_view = view::View::<u64>::new(&bytes, &archived.longs);
        drop(bytes.clone());
        assert_eq!(byte_view.as_slice(), archived.bytes.as_slice());
        assert!(
            half_view.as_slice().iter().eq(archived.halves.iter().map(|n| n.to_native()).collect::<Vec<_>>().iter())
        );
        assert!(
            word_view.as_slice().iter().eq(archived.words.iter().map(|n| n.to_native()).collect::<Vec<_>>().iter())
        );
        assert!(
            long_view.as_slice().iter().eq(archived.longs.iter().map(|n| n.to_native()).collect::<Vec<_>>().iter())
        );
        // The views live on without the handle they were made from.
        drop(bytes);
        assert_eq!(long_view.as_slice(), record.longs);
        assert_eq!(byte_view.as_slice(), record.bytes);
    }
}

#[test]
#[should_panic(expected = "a view must lie in the bytes that own it")]
fn a_view_into_other_bytes_is_refused() {
    let record = open_record();
    let (one, other) = (seal(&KEY, &record, 0), seal(&KEY, &record, 0));
    let archived = open::<rkyv::Archived<Vec<u32>>>(&KEY, &one).unwrap();
    view::View::<u32>::new(&other, archived);
}

fn open_record() -> Vec<u32> {
    vec![1, 2, 3]
}

fn check_column(values: &[Value]) -> ColumnBlock {
    let column = ColumnBlock::pin(&KEY, ColumnBlock::encode(&KEY, values)).unwrap();
    for local in 0..BLOCK_LEN {
        let (expected, found) = (values.get(local).cloned().unwrap_or_default(), column.get(local).to_value());
        assert!(found.same(&expected) && found.kind() == expected.kind(), "{local}: {expected} became {found}");
        if let (Value::Float(a), Value::Float(b)) = (&expected, &found) {
            assert_eq!(a.to_bits(), b.to_bits());
        }
        assert_eq!(column.presence().contains(local), !expected.is_null());
        match (&expected, column.ints(), column.dates(), column.floats(), column.strs()) {
            (Value::Int(n), Some(view), ..) => assert_eq!(view.get(local), *n),
            (Value::Date(date), _, Some(view), ..) => assert_eq!(view.get(local), i64::from(date.days())),
            (Value::Float(x), _, _, Some(view), ..) => assert_eq!(view.get(local).to_bits(), x.to_bits()),
            (Value::String(text), .., Some(StrView::Dict(dict))) => {
                assert_eq!(dict.words().get(dict.code(local)), &**text)
            }
            _ => {}
        }
    }
    column
}

#[test]
fn columns_of_every_kind() {
    let mut random = Random(3);
    let base = [0, -5, i64::MIN, i64::MAX - 0x1_0000_0000];
    for (n, (spread, base)) in
        [1u64, 0x100, 0x1_0000, 0x1_0000_0000].into_iter().flat_map(|s| base.map(|b| (s, b))).enumerate()
    {
        let values: Vec<Value> = (0..1024 - n).map(|_| Value::Int(base + (random.next() % spread) as i64)).collect();
        assert!(check_column(&values).ints().is_some());
        let with_gaps: Vec<Value> =
            values.into_iter().map(|v| if random.below(3) == 0 { Value::Null } else { v }).collect();
        check_column(&with_gaps);
    }
    check_column(&[Value::Int(i64::MIN), Value::Int(i64::MAX), Value::Int(0)]);
    check_column(&(0..1024).map(|n| Value::Bool(n % 3 == 0)).collect::<Vec<_>>());
    check_column(&[Value::Null, Value::Bool(true), Value::Null]);
    let floats = [0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, 1.5];
    check_column(&floats.map(Value::Float));
    assert!(matches!(
        check_column(&[const { Value::Float(2.5) }; 900]).floats(),
        Some(column::FloatView::Constant(2.5))
    ));
    check_column(&(0..1024).map(|n| Value::Date(Date::from_days(n * 17 - 9000))).collect::<Vec<_>>());
    let plain = check_column(&(0..1024).map(|n| Value::from(format!("é{n}"))).collect::<Vec<_>>());
    assert!(matches!(plain.strs(), Some(StrView::Plain)));
    for n_words in [1, 2, 300, 512] {
        let words = check_column(&(0..1024).map(|n| Value::from(format!("word {}", n % n_words))).collect::<Vec<_>>());
        let Some(StrView::Dict(dict)) = words.strs() else { panic!("few distinct words make a dictionary") };
        assert_eq!(dict.words().len(), n_words);
        assert_eq!(dict.words().iter().next(), Some("word 0"));
        assert_eq!(dict.words().get(dict.code(1023)), format!("word {}", 1023 % n_words));
    }
    check_column(&[Value::Null, Value::from(""), Value::from("x"), Value::from("")]);
    check_column(&[]);
    check_column(&[Value::Null, Value::Null]);
    check_column(&[
        Value::Null,
        Value::Int(1),
        Value::from("one"),
        Value::list([Value::Int(1), Value::from("é"), Value::Float(f64::NAN)]),
        Value::list([]),
        Value::Date(Date::from_days(-1)),
    ]);
}

#[test]
fn relationship_columns() {
    let mut random = Random(5);
    for spread in [1u64, 200, 60_000, u64::from(u32::MAX)] {
        for len in [0, 1, 1024] {
            let numbers: Vec<u32> = (0..len).map(|_| (random.next() % spread) as u32).collect();
            let column = U32Column::pin(&KEY, U32Column::encode(&KEY, &numbers)).unwrap();
            assert_eq!(column.len(), len);
            assert!((0..=len).map_while(|at| column.get(at)).eq(numbers.iter().copied()));
        }
    }
    for values in [vec![], vec![1.0; 1024], vec![0.5, 0.25, 1.0]] {
        let column = F32Column::pin(&KEY, F32Column::encode(&KEY, &values)).unwrap();
        assert!((0..=column.len()).map_while(|at| column.get(at)).eq(values));
    }
}

#[test]
fn bitmaps_and_hash_chunks() {
    let mut random = Random(11);
    for words in [[0; 16], [u64::MAX; 16], std::array::from_fn(|_| random.next())] {
        assert_eq!(BitmapBlock::pin(&KEY, BitmapBlock::encode(&KEY, &words)).unwrap().words(), &words);
    }
    for n in [0, 1, 2, 1000] {
        let mut entries: Vec<(u32, u32)> = (0..n).map(|id| (((random.next() as u32) << 8) | (id % 3), id)).collect();
        // Repeats, and the ends of the table, where probing wraps around.
        entries.extend((0..n.min(20)).map(|id| (u32::MAX, 5000 + id)));
        entries.extend((0..n.min(3)).map(|id| (0, 6000 + id)));
        let chunk = HashChunk::pin(&KEY, HashChunk::encode(&KEY, &entries)).unwrap();
        assert_eq!(chunk.iter().count(), entries.len());
        for fingerprint in entries.iter().map(|entry| entry.0).chain([0, 1, u32::MAX, 77]) {
            let mut expected: Vec<u32> = entries.iter().filter(|e| e.0 == fingerprint).map(|e| e.1).collect();
            let mut found: Vec<u32> = chunk.probe(fingerprint).collect();
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected);
        }
        let mut all: Vec<_> = chunk.iter().collect();
        all.sort_unstable();
        entries.sort_unstable();
        assert_eq!(all, entries);
    }
}

fn list(numbers: &[f32]) -> Value {
    Value::list(numbers.iter().map(|x| Value::Float(f64::from(*x))))
}

#[test]
fn vectors_are_kept_in_the_format_of_their_space_where_it_holds_them() {
    let mut random = Random(17);
    for dimension in [1, 2, 3, 17, 64] {
        for storage in Storage::ALL {
            let space = Space {
                name: "s".into(),
                owner: SpaceOwner::Nodes(Vec::new()),
                key: KeyId::new(0),
                dimension,
                metric: Metric::Dot,
                storage,
                embedder: None,
                indexed: false,
            };
            let mut vector = || {
                let next = |_| (random.next() % 2000) as f32 / 1000.0 - 1.0;
                let mut numbers: Vec<f32> = (0..dimension).map(next).collect();
                space.admit_numbers(&mut numbers).unwrap();
                numbers
            };
            let vectors: Vec<Option<Vec<f32>>> = (0..300).map(|at| (at % 5 != 2).then(&mut vector)).collect();
            let values: Vec<Value> = vectors.iter().map(|vector| vector.as_deref().map_or(Value::Null, list)).collect();
            let bytes = ColumnBlock::encode_as(&KEY, &values, storage);
            let direct = ColumnBlock::encode_vectors(&KEY, storage, |at| vectors.get(at)?.as_deref());
            assert_eq!(*bytes, *direct);
            let column = ColumnBlock::pin(&KEY, bytes).unwrap();
            for (at, vector) in vectors.iter().enumerate() {
                assert!(column.get(at).to_value().same(&values[at]), "{storage}, {at}");
                let row = column.vectors().unwrap().get(at);
                assert_eq!(row.map(|row| row.to_numbers().into_owned()), *vector);
                let fits = match row {
                    None => true,
                    Some(VectorRow::F32(_)) => storage == Storage::F32,
                    Some(VectorRow::F16(_)) => storage == Storage::F16,
                    Some(VectorRow::Int8(..)) => storage == Storage::Int8,
                };
                assert!(fits, "{storage}: {row:?}");
            }
            // One that the format does not hold, and all are kept in 32 bits.
            let mut values = values;
            values[7] = list(&vec![0.1; dimension as usize]);
            values[8] = list(&[vec![1.0; dimension as usize - 1], vec![1e-9]].concat());
            let column = ColumnBlock::pin(&KEY, ColumnBlock::encode_as(&KEY, &values, storage)).unwrap();
            assert!((0..300).all(|at| column.get(at).to_value().same(&values[at])), "{storage}");
        }
    }
}

fn samples() -> Vec<(&'static str, Bytes)> {
    let some = Presence([5; 16]);
    vec![
        ("adjacency, a run", AdjacencyBlock::encode(&KEY, &[0, 2, 3], &[4, 5, 6], &[1, 2, 3])),
        ("adjacency, ids", AdjacencyBlock::encode(&KEY, &[0, 2, 3], &[4, 5, 6], &[1, 3, 2])),
        ("ints", ColumnBlock::encode_ints(&KEY, &Presence::first(3), |at| -1 + at as i64)),
        ("floats", ColumnBlock::encode_floats(&KEY, &Presence::first(2), |at| at as f64)),
        ("bools", ColumnBlock::encode_bools(&KEY, &some, |at| at == 0)),
        ("words", ColumnBlock::encode_strs(&KEY, &Presence::first(4), |at| ["a", "bc"][at % 2])),
        ("strings", ColumnBlock::encode_strs(&KEY, &Presence::first(2), |at| ["a", "bc"][at])),
        ("dates", ColumnBlock::encode_dates(&KEY, &Presence::first(2), |at| 19_000 + at as i32)),
        ("mixed", ColumnBlock::encode(&KEY, &[Value::Int(1), Value::from("a"), Value::list([Value::Bool(true)])])),
        ("vectors", ColumnBlock::encode_as(&KEY, &[list(&[1.0, 0.1f32])], Storage::F16)),
        ("halves", ColumnBlock::encode_as(&KEY, &[list(&[1.0, -0.5, 3.0]), list(&[0.0, 2.0, 0.25])], Storage::F16)),
        ("codes", ColumnBlock::encode_as(&KEY, &[list(&[0.0, 0.0]), list(&[127.0, -3.0])], Storage::Int8)),
        ("u32", U32Column::encode(&KEY, &[1, 300])),
        ("f32", F32Column::encode(&KEY, &[1.0, 0.5])),
        ("bitmap", BitmapBlock::encode(&KEY, &[3; 16])),
        ("hash", HashChunk::encode(&KEY, &[(1, 2), (u32::MAX, 4)])),
        ("bytes", seal_bytes(&KEY, b"record")),
    ]
}

/// The bytes of small blocks, written down: a change here is a change of the format.
#[test]
fn bytes_are_golden() {
    let found: String = samples().iter().map(|(name, bytes)| format!("{name}: {}\n", hex(bytes))).collect();
    if std::env::var_os("REWRITE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/storage/block/golden.txt"), &found).unwrap();
    }
    assert_eq!(found, include_str!("golden.txt"), "run with REWRITE=1 and raise the format's version");
}

#[test]
fn every_flipped_bit_is_found() {
    for (name, bytes) in samples() {
        open_bytes(&KEY, &bytes).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = open_bytes(&KEY, &flipped).expect_err("a flipped bit passed");
            assert!(error.to_string().contains("OutAdjacency/7/3"), "{name}: {error}");
        }
        for len in 0..bytes.len() {
            assert!(open_bytes(&KEY, &bytes[..len]).is_err(), "{name} cut to {len}");
        }
        let other = BlockKey { generation: 10, ..KEY };
        assert!(open_bytes(&other, &bytes).is_err(), "{name} under another key");
    }
}

/// A record of the right checksum but nonsense inside (written by a bug, say) is an error too, never a bad read.
#[test]
fn a_record_of_another_kind_is_refused_or_read_safely() {
    for (_, bytes) in samples() {
        let everything: [fn(Bytes) -> bool; 6] = [
            |bytes| AdjacencyBlock::pin(&KEY, bytes).is_ok_and(|block| block.edges(1023).0.len() > 3),
            |bytes| {
                ColumnBlock::pin(&KEY, bytes)
                    .is_ok_and(|column| (0..BLOCK_LEN).any(|at| column.get(at).to_value().is_null()))
            },
            |bytes| U32Column::pin(&KEY, bytes).is_ok_and(|column| column.get(0) == Some(0)),
            |bytes| F32Column::pin(&KEY, bytes).is_ok_and(|column| column.get(0) == Some(0.0)),
            |bytes| BitmapBlock::pin(&KEY, bytes).is_ok(),
            |bytes| HashChunk::pin(&KEY, bytes).is_ok_and(|chunk| chunk.probe(1).count() > 9),
        ];
        for pin in everything {
            std::hint::black_box(pin(bytes.clone()));
        }
    }
}

/// Records whose checksum is right and whose numbers contradict each other.
#[test]
fn contents_that_contradict_each_other_are_refused() {
    let unordered = AdjacencyBlock::encode(&KEY, &[0, 2, 5], &[1, 9, 1, 3, 2], &[1, 2, 3, 4, 5]);
    assert!(AdjacencyBlock::pin(&KEY, unordered).is_err(), "neighbours that fall");
    let mut offsets = vec![0; 400];
    (0..400).for_each(|at| offsets[at] = at as u32 * 2);
    let mut neighbors: Vec<u32> = (0..798).map(|at| at % 2 * 7).collect();
    let rels: Vec<u32> = (0..798).rev().collect();
    assert!(AdjacencyBlock::pin(&KEY, AdjacencyBlock::encode(&KEY, &offsets, &neighbors, &rels)).is_ok());
    neighbors[501] = 0;
    neighbors[500] = 1;
    assert!(AdjacencyBlock::pin(&KEY, AdjacencyBlock::encode(&KEY, &offsets, &neighbors, &rels)).is_err());
    let run = AdjacencyBlock::pin(&KEY, AdjacencyBlock::encode(&KEY, &[0, 1, 1], &[1], &[u32::MAX])).unwrap();
    assert_eq!((run.edges(0).1.get(0), run.edges(1).1.len(), run.edges(1023).1.len()), (u32::MAX, 0, 0));

    let block = AdjacencyBlock::pin(&KEY, AdjacencyBlock::encode(&KEY, &[0, 2], &[1, 9], &[5, 6])).unwrap();
    assert!(block.check_ids(&KEY, 10, 7).is_ok());
    assert!(block.check_ids(&KEY, 9, 7).is_err() && block.check_ids(&KEY, 10, 6).is_err());
    let column = U32Column::pin(&KEY, U32Column::encode(&KEY, &[3, 900])).unwrap();
    assert!(column.check_ids(&KEY, 901).is_ok() && column.check_ids(&KEY, 900).is_err());
    assert_eq!((column.get(1), column.get(2), column.get(1023)), (Some(900), None, None));
    let salience = F32Column::pin(&KEY, F32Column::encode(&KEY, &[0.5])).unwrap();
    assert_eq!((salience.get(0), salience.get(1)), (Some(0.5), None));
    let chunk = HashChunk::pin(&KEY, HashChunk::encode(&KEY, &[(1, 8)])).unwrap();
    assert!(chunk.check_ids(&KEY, 9).is_ok() && chunk.check_ids(&KEY, 8).is_err());
}

/// Every byte of a record changed, the checksum made right again: refused, or read to the end without a panic. Among
/// them are codes without a word in places without a value, and days that are no dates.
#[test]
fn every_changed_byte_is_refused_or_harmless() {
    let words: Vec<Value> = (0..40).map(|n| if n % 3 == 1 { Value::Null } else { ["a", "bc"][n % 2].into() }).collect();
    let dates: Vec<Value> = (0..9).map(|n| Value::Date(Date::from_days(n * 100))).collect();
    let edges: Vec<u32> = (0..20).collect();
    let blocks = [
        (BlockKind::NodeProperty, ColumnBlock::encode(&KEY, &words)),
        (BlockKind::NodeProperty, ColumnBlock::encode(&KEY, &dates)),
        (BlockKind::NodeProperty, ColumnBlock::encode_as(&KEY, &[list(&[1.0, -0.5, 3.0])], Storage::F16)),
        (
            BlockKind::NodeProperty,
            ColumnBlock::encode_as(&KEY, &[list(&[127.0, -3.0]), list(&[1.0, 0.0])], Storage::Int8),
        ),
        (BlockKind::OutAdjacency, AdjacencyBlock::encode(&KEY, &[0, 9, 19], &edges[1..], &edges[..19])),
        (BlockKind::RelStart, U32Column::encode(&KEY, &[7, 1000, 9])),
        (BlockKind::RelSalience, F32Column::encode(&KEY, &[1.0, 0.5])),
        (BlockKind::Index, HashChunk::encode(&KEY, &[(1, 2), (1, 3), (9, 1)])),
        (BlockKind::Note, NoteBlock::encode(&KEY, [(1, &b"ab"[..]), (9, &b""[..]), (1023, &b"c"[..])].into_iter())),
    ];
    let (mut n_refused, mut n_read) = (0, 0);
    for (kind, bytes) in blocks {
        let key = BlockKey { kind, ..KEY };
        let record = &bytes[HEADER_LEN..];
        for at in 0..record.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff, record[at].wrapping_add(1), record[at].wrapping_sub(1)] {
                let mut changed = record.to_vec();
                changed[at] = byte;
                match crate::storage::fuzz::read_block(&key, seal_bytes(&key, &changed)) {
                    Ok(()) => n_read += 1,
                    Err(Error::Corrupt { .. }) => n_refused += 1,
                    Err(error) => panic!("{key}, byte {at}: {error}"),
                }
            }
        }
    }
    assert!(n_refused > 1000 && n_read > 500, "{n_refused} refused, {n_read} read");
}

/// What pinning costs, by kind of block, in microseconds.
#[test]
#[ignore = "a measurement"]
fn measure_pinning() {
    let mut random = Random(3);
    let offsets: Vec<u32> = (0..=1024).map(|at| at * 12).collect();
    let neighbors: Vec<u32> = (0..12 * 1024).map(|at| (at % 12) * 5000 + (random.next() % 5000) as u32).collect();
    let rels: Vec<u32> = (0..12 * 1024).rev().collect();
    let words: Vec<Value> =
        (0..1024).map(|n| if n % 7 == 3 { Value::Null } else { ["a", "bc", "d"][n % 3].into() }).collect();
    let dates: Vec<Value> = (0..1024).map(|_| Value::Date(Date::from_days((random.next() % 20_000) as i32))).collect();
    let ids: Vec<u32> = (0..1024).map(|_| (random.next() % 1_000_000) as u32).collect();
    let entries: Vec<(u32, u32)> = ids.iter().map(|id| (random.next() as u32, *id)).collect();
    let edges = AdjacencyBlock::encode(&KEY, &offsets, &neighbors, &rels);
    let (words, dates) = (ColumnBlock::encode(&KEY, &words), ColumnBlock::encode(&KEY, &dates));
    let (ids, chunk) = (U32Column::encode(&KEY, &ids), HashChunk::encode(&KEY, &entries));
    let measure = |what: &str, pin: &dyn Fn() -> bool| {
        let mut best = f64::MAX;
        for _ in 0..30 {
            let begun = std::time::Instant::now();
            assert!((0..200).all(|_| std::hint::black_box(pin())));
            best = best.min(begun.elapsed().as_secs_f64() * 1e6 / 200.0);
        }
        println!("{what}: {best:.2} us");
    };
    measure("12,288 edges", &|| AdjacencyBlock::pin(&KEY, edges.clone()).is_ok_and(|block| checked_edges(&block)));
    measure("1,024 words", &|| ColumnBlock::pin(&KEY, words.clone()).is_ok());
    measure("1,024 dates", &|| ColumnBlock::pin(&KEY, dates.clone()).is_ok());
    measure("1,024 ids", &|| U32Column::pin(&KEY, ids.clone()).is_ok_and(|block| checked_ids(&block)));
    measure("1,024 entries", &|| HashChunk::pin(&KEY, chunk.clone()).is_ok_and(|block| checked_chunk(&block)));
}

fn checked_edges(block: &AdjacencyBlock) -> bool {
    block.check_ids(&KEY, 1 << 20, 1 << 20).is_ok()
}

fn checked_ids(block: &U32Column) -> bool {
    block.check_ids(&KEY, 1 << 20).is_ok()
}

fn checked_chunk(block: &HashChunk) -> bool {
    block.check_ids(&KEY, 1 << 20).is_ok()
}

//! Files that are broken, or say that they are huge: each is an error, and none takes memory out of proportion.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, DictionaryArray, Int32Array, Int64Array, ListArray, NullArray, RecordBatch, StringArray, StringViewArray,
    types::Int32Type,
};
use arrow_buffer::OffsetBuffer;
use arrow_ipc::{CompressionType, writer::IpcWriteOptions};
use arrow_schema::{DataType, Field, Schema};
use parquet::{
    basic::{Compression, GzipLevel, ZstdLevel},
    file::properties::WriterProperties,
};

use super::{
    Rows,
    tests::{arrow_file, arrow_stream, files, of, options, packed, parquet, parquet_with, read, refused},
};
use crate::{
    Error, Result,
    import::{
        options::Format,
        read::{Imported, ReadLimits, read_table},
        tests::Scratch,
    },
};

/// Reads with little memory to take.
fn read_small(bytes: &[u8], format: Format) -> Result<Imported> {
    let limits = ReadLimits { table_bytes_max: 16 << 20, ..ReadLimits::default() };
    read_table(&Scratch::new().file("in", bytes), &options(format), &limits, &mut |_| Ok(()))
}

/// Reads with one reader or the other, and returns whether it found rows.
fn finds_rows(scratch: &Scratch, bytes: &[u8], format: Format, as_table: bool) -> bool {
    let source = scratch.file("in", bytes);
    if as_table {
        let limits = ReadLimits { table_bytes_max: 16 << 20, ..ReadLimits::default() };
        let table = read_table(&source, &options(format), &limits, &mut |_| Ok(()));
        return table.is_ok_and(|imported| imported.table.n_rows > 0);
    }
    let n_rows = Rows::open(&source, &options(format), true).map(|rows| rows.take_while(Result::is_ok).count());
    n_rows.is_ok_and(|n| n > 0)
}

fn small() -> RecordBatch {
    let lists = vec![Some(vec![Some(1), Some(2)]), None, Some(vec![])];
    let color: DictionaryArray<Int32Type> = [Some("red"), None, Some("blue")].into_iter().collect();
    of(vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("text", Arc::new(StringArray::from(vec![Some("a"), Some("a longer text than a view"), None]))),
        ("list", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))),
        ("color", Arc::new(color)),
    ])
}

#[test]
fn parquet_and_arrow_files_may_end_anywhere() {
    let scratch = Scratch::new();
    for (name, format, bytes) in files(&small()) {
        assert!(finds_rows(&scratch, &bytes, format, true), "{name} {format:?} is whole");
        for n in 0..bytes.len() {
            let found = finds_rows(&scratch, &bytes[..n], format, n % 2 == 0);
            // A stream may end after any message, with or without its mark.
            assert!(!found || format == Format::ArrowStream, "{name} {format:?} of {n} bytes");
        }
    }
}

#[test]
fn parquet_and_arrow_files_may_be_wrong_anywhere() {
    let scratch = Scratch::new();
    let is_tried = |name: &str, format| matches!((name, format), ("plain", Format::Parquet) | ("lz4", _));
    for (name, format, bytes) in files(&small()).into_iter().filter(|(name, format, _)| is_tried(name, *format)) {
        let mut n_read = 0;
        for at in 0..bytes.len() {
            for change in [0x01, 0xFF] {
                let mut broken = bytes.clone();
                broken[at] ^= change;
                n_read += usize::from(finds_rows(&scratch, &broken, format, at % 2 == 0));
            }
        }
        // Some bytes are values, or nothing at all.
        assert!(n_read > 0, "{name} {format:?}");
    }
}

#[test]
fn parquet_is_not_taken_for_what_it_is_not() {
    let cases: [(&[u8], Format, &str); 9] = [
        (b"", Format::Parquet, "no Parquet file: it is too short"),
        (b"a,b\n1,2\n3,4\n5,6\n", Format::Parquet, "no Parquet file, or not all of it: it does not end in PAR1"),
        (b"PAR1\xFF\xFF\xFF\x7FPAR1", Format::Parquet, "no Parquet file: its footer would be longer than the file"),
        (b"PAR1....\x00\x00\x00\x00PARE", Format::Parquet, "the file is encrypted"),
        (b"", Format::Arrow, "no Arrow file and no Arrow stream: it is too short"),
        (b"FEA1....", Format::Arrow, "the file is Feather, version 1; only version 2 is read"),
        (b"ARROW1\0\0....", Format::Arrow, "not all of an Arrow file: it is too short"),
        (
            b"ARROW1\0\0\0\0\0\0ARROW1",
            Format::Arrow,
            "no Arrow file and no Arrow stream: it does not start with a schema",
        ),
        (b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x00", Format::ArrowStream, "the file ends within a message"),
    ];
    for (bytes, format, reason) in cases {
        let error = refused(read(bytes, format));
        assert!(error.starts_with("in: ") && error.ends_with(reason), "{error}");
    }
}

#[test]
fn parquet_that_unpacks_into_too_much_is_refused_before_it_does() {
    let long = "a".repeat(30 << 20);
    let texts = of(vec![("text", Arc::new(StringArray::from(vec![&*long])))]);
    let zstd = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
    let constant = ListArray::new(
        Arc::new(Field::new_list_field(DataType::Int32, false)),
        OffsetBuffer::from_lengths([5_000_000]),
        Arc::new(Int32Array::from(vec![7; 5_000_000])),
        None,
    );
    let key = Int32Array::from(vec![0; 10_000]);
    let one = StringArray::from(vec![&long[..8 << 20]]);
    let dictionary = DictionaryArray::new(key, Arc::new(one));
    let views = StringViewArray::from(vec![&long[..8 << 20]; 2]);
    let views = arrow_array::StringViewArray::new(
        vec![views.views()[0]; 10_000].into(),
        views.data_buffers()[..1].to_vec(),
        None,
    );
    let group = "bytes that a group of rows unpacks into (max 16777216)";
    let batch = "bytes that a batch of rows unpacks into (max 16777216)";
    let table = "bytes of an imported table";
    for (what, bytes, format, limit) in [
        ("a long text", parquet_with(std::slice::from_ref(&texts), zstd), Format::Parquet, group),
        ("a long list", parquet(&of(vec![("list", Arc::new(constant))])), Format::Parquet, group),
        ("a long buffer", arrow_stream(&[texts], packed(Some(CompressionType::ZSTD))), Format::Arrow, batch),
        (
            "a shared text",
            arrow_file(&[of(vec![("d", Arc::new(dictionary))])], IpcWriteOptions::default()),
            Format::Arrow,
            table,
        ),
        (
            "views of a text",
            arrow_file(&[of(vec![("v", Arc::new(views))])], IpcWriteOptions::default()),
            Format::Arrow,
            table,
        ),
        (
            "rows of nothing",
            arrow_stream(&[of(vec![("n", Arc::new(NullArray::new(1 << 40)))])], IpcWriteOptions::default()),
            Format::Arrow,
            table,
        ),
    ] {
        // Without the parts that only say so: what is read is small.
        assert!(bytes.len() < 9 << 20, "{what}: {} bytes", bytes.len());
        match read_small(&bytes, format) {
            Err(error @ Error::Limit { .. }) => assert!(error.to_string().contains(limit), "{what}: {error}"),
            other => panic!("{what}: {other:?}"),
        }
        // A description is of as much as there is room for.
        let limits = ReadLimits { table_bytes_max: 16 << 20, is_sample: true, ..ReadLimits::default() };
        let scratch = Scratch::new();
        let sample = read_table(&scratch.file("in", &bytes), &options(format), &limits, &mut |_| Ok(())).unwrap();
        assert!(sample.is_cut && sample.table.names.len() == 1, "{what}");
    }
}

#[test]
fn parquet_pages_of_gzip_hold_what_they_say() {
    let texts = of(vec![("text", Arc::new(StringArray::from(vec!["a".repeat(100_000)])))]);
    let gzip = WriterProperties::builder()
        .set_compression(Compression::GZIP(GzipLevel::default()))
        .set_dictionary_enabled(false);
    let mut bytes = parquet_with(&[texts], gzip);
    // The header of the first page: its kind, and then the bytes it unpacks into.
    assert_eq!(bytes[4..7], [0x15, 0x00, 0x15]);
    assert!(read(&bytes, Format::Parquet).is_ok());
    bytes[7] &= 0x80;
    bytes[8] &= 0x80;
    let error = refused(read(&bytes, Format::Parquet));
    assert!(error.contains("column text: the page at byte 4 unpacks into more than the"), "{error}");
}

#[test]
fn parquet_schemas_nested_too_deep_are_refused() {
    let nested = |n: usize| {
        let list = |item, _| DataType::List(Arc::new(Field::new_list_field(item, true)));
        let schema = Schema::new(vec![Field::new("a", (0..n).fold(DataType::Int32, list), true)]);
        RecordBatch::new_empty(Arc::new(schema))
    };
    let error = refused(read(&parquet(&nested(100)), Format::Parquet));
    assert_eq!(error, "in: in the footer: a schema nested deeper than 64 levels");
    for bytes in [
        arrow_file(&[nested(100)], IpcWriteOptions::default()),
        arrow_stream(&[nested(100)], IpcWriteOptions::default()),
    ] {
        let error = refused(read(&bytes, Format::Arrow));
        assert!(error.contains("depth"), "{error}");
    }
    let scratch = Scratch::new();
    let source = scratch.file("in", &parquet(&nested(20)));
    assert_eq!(Rows::open(&source, &options(Format::Parquet), true).unwrap().count(), 0);
}

#[test]
fn parquet_or_not_the_schema_of_a_file_may_have_no_length() {
    let mut bytes = arrow_file(&[small()], IpcWriteOptions::default());
    let at = bytes.windows(4).position(|word| word == [0xFF; 4]).unwrap();
    let length = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
    bytes.copy_within(at + 8..at + 8 + length, at);
    bytes[at + length..at + 8 + length].fill(0);
    assert_eq!(read(&bytes, Format::Arrow).unwrap().table.n_rows, 3);
    let scratch = Scratch::new();
    for n in 0..bytes.len() {
        assert!(!finds_rows(&scratch, &bytes[..n], Format::Arrow, true), "{n} bytes");
    }
}

#[test]
fn parquet_has_only_so_many_columns() {
    let one = || Arc::new(Int32Array::from(vec![1])) as ArrayRef;
    let names: Vec<String> = (0..4097).map(|n| format!("c{n}")).collect();
    let batch = of(names.iter().map(|name| (name.as_str(), one())).collect());
    assert_eq!(
        refused(read(&arrow_stream(&[batch], IpcWriteOptions::default()), Format::Arrow)),
        "limit reached: columns of a file (max 4096)"
    );
}

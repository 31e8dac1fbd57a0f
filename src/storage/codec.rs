//! Values, facts and metadata as bytes: the only place that names bincode.
//!
//! bincode 2.0.1 (its 3.0.0 refuses to compile), standard configuration: little-endian, variable-length integers. Every
//! read has a limit and must consume all bytes. The records here mirror the model's types so that the model knows
//! nothing of bytes, and borrow from them so that a commit copies each string once.

mod fulltext;
mod meta;
mod model;
mod policy;
mod validity;

use std::sync::Arc;

use bincode::{
    BorrowDecode, Decode, Encode,
    config::{self, Configuration, Limit, LittleEndian, Varint},
    de::BorrowDecoder,
    enc::Encoder,
    error::{DecodeError, EncodeError},
};

pub(crate) use self::{
    fulltext::FulltextRecord,
    meta::{
        CATALOG_VERSION, COUNTS_VERSION, CatalogRecord, CountsRecord, IndexRecord, MANIFEST_VERSION, ManifestRecord,
        SpaceRecord, TypeCountsRecord, decode_catalog, decode_manifest, is_kept, kept_record,
    },
    model::{MODEL_VERSION, ModelRecord, ProjectionRecord},
    policy::{decode_policy, encode_policy},
    validity::{decode_validity, encode_validity},
};
use crate::{
    Error, Result,
    model::{Date, Fact, KeyId, LabelId, NodeId, NoteTable, Point, RelId, TypeId, Value, temporal::Temporal},
};

/// The most bytes one decoding may claim: a commit or a catalog larger than this is refused when written, so a length
/// beyond it is damage, not data.
pub(crate) const DECODE_BYTES_MAX: usize = 1 << 30;

const CONFIG: Config<DECODE_BYTES_MAX> = config::standard().with_limit::<DECODE_BYTES_MAX>();

type Config<const LIMIT: usize> = Configuration<LittleEndian, Varint, Limit<LIMIT>>;

/// Bytes up to which an input is small or middling. bincode makes room for as many items as a length says: that must be
/// in proportion to the bytes there are. No item takes more than 64 bytes in memory for each byte it was written as.
const SMALL: usize = 1 << 12;
const MIDDLING: usize = 1 << 18;
const SMALL_CONFIG: Config<{ SMALL * 64 }> = config::standard().with_limit::<{ SMALL * 64 }>();
const MIDDLING_CONFIG: Config<{ MIDDLING * 64 }> = config::standard().with_limit::<{ MIDDLING * 64 }>();

/// Facts encoded between two looks whether to go on: each takes less than a microsecond.
const FACTS_BETWEEN_CHECKS: usize = 1 << 12;

/// Version of the bytes of [`encode_facts`].
const FACTS_VERSION: u8 = 1;

/// A scalar, as stored.
#[derive(Encode, BorrowDecode)]
enum ScalarRecord<'a> {
    Bool(bool),
    Int(i64),
    /// The bits, so that every NaN survives.
    Float(u64),
    String(&'a str),
    Date(i32),
    Temporal(TemporalRecord),
    Point(PointRecord),
}

/// A time, a moment or a duration. Reading refuses numbers that are none.
struct TemporalRecord(Arc<Temporal>);

impl Encode for TemporalRecord {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.to_numbers().encode(encoder)
    }
}

impl<'a, C> BorrowDecode<'a, C> for TemporalRecord {
    fn borrow_decode<D: BorrowDecoder<'a, Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let (kind, numbers, zone) = <(u8, [i64; 4], Option<&'a str>)>::borrow_decode(decoder)?;
        let temporal = Temporal::from_numbers(kind, numbers, zone);
        temporal.map(|temporal| Self(Arc::new(temporal))).ok_or(DecodeError::Other("no time, moment or duration"))
    }
}

/// A point. Reading refuses what is none.
struct PointRecord(Arc<Point>);

impl Encode for PointRecord {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.to_bits().encode(encoder)
    }
}

impl<'a, C> BorrowDecode<'a, C> for PointRecord {
    fn borrow_decode<D: BorrowDecoder<'a, Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let (srid, bits) = <(u16, [u64; 3])>::borrow_decode(decoder)?;
        Point::from_bits(srid, bits).map(|point| Self(Arc::new(point))).ok_or(DecodeError::Other("no point"))
    }
}

/// A table of notes. Reading refuses an unknown one.
struct TableRecord(NoteTable);

impl Encode for TableRecord {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        (self.0.index() as u32).encode(encoder)
    }
}

impl<'a, C> BorrowDecode<'a, C> for TableRecord {
    fn borrow_decode<D: BorrowDecoder<'a, Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let table = NoteTable::from_number(u32::borrow_decode(decoder)?);
        table.map(Self).ok_or(DecodeError::Other("no table of notes"))
    }
}

/// A storable value: nesting stops at one list, as the language's properties do.
#[derive(Encode, BorrowDecode)]
enum ValueRecord<'a> {
    Null,
    Scalar(ScalarRecord<'a>),
    List(Vec<ScalarRecord<'a>>),
}

/// A fact. The order of the variants is part of the format.
#[derive(Encode, BorrowDecode)]
enum FactRecord<'a> {
    NameLabel(u32, &'a str),
    NameType(u32, &'a str),
    NameKey(u32, &'a str),
    CreateNode(u32, Vec<u32>),
    DeleteNode(u32),
    AddLabel(u32, u32),
    RemoveLabel(u32, u32),
    SetNode(u32, u32, ValueRecord<'a>),
    CreateRel {
        id: u32,
        rel_type: u32,
        start: u32,
        end: u32,
    },
    DeleteRel(u32),
    SetRel(u32, u32, ValueRecord<'a>),
    SetSalience(u32, u32),
    CreateIndex {
        name: &'a str,
        label: u32,
        key: u32,
        unique: bool,
    },
    DropIndex(&'a str),
    /// One whose vectors are kept in 32 bits.
    CreateSpace(SpaceRecord),
    DropSpace(&'a str),
    /// One whose vectors are kept otherwise: the place of how in the list of all.
    CreateSpaceStored(SpaceRecord, u8),
    CreateFulltext(FulltextRecord),
    DropFulltext(&'a str),
    /// A table, an id, and the note or nothing.
    Note(TableRecord, u32, Option<&'a [u8]>),
}

/// Returns the bytes of a batch's facts.
pub(crate) fn encode_facts(facts: &[Fact]) -> Vec<u8> {
    encode_facts_unless(facts, &mut || Ok(())).expect("nothing stops it")
}

/// As [`encode_facts`], and asks `check` now and then whether to go on.
///
/// # Errors
/// Those of `check`.
pub(crate) fn encode_facts_unless(facts: &[Fact], check: &mut dyn FnMut() -> Result<()>) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(16 + 24 * facts.len());
    bytes.push(FACTS_VERSION);
    write(&(facts.len() as u64), &mut bytes);
    for facts in facts.chunks(FACTS_BETWEEN_CHECKS) {
        check()?;
        facts.iter().for_each(|fact| write(&FactRecord::from(fact), &mut bytes));
    }
    Ok(bytes)
}

/// Returns the facts of a batch's bytes.
///
/// # Errors
/// [`Error::Version`] where they are of another version; [`Error::Corrupt`] where they are no facts.
pub(crate) fn decode_facts(bytes: &[u8]) -> Result<Vec<Fact>> {
    let Some((&version, mut rest)) = bytes.split_first() else {
        return Err(Error::corrupt("batch", "facts", "no bytes"));
    };
    if version != FACTS_VERSION {
        return Err(Error::version("facts of a commit", version, FACTS_VERSION));
    }
    let n_facts: u64 = read(&mut rest, "batch")?;
    // Every fact takes two bytes or more: a count that cannot be true must not become an allocation.
    if n_facts > rest.len() as u64 {
        return Err(Error::corrupt("batch", format_args!("at most {} facts", rest.len()), n_facts));
    }
    let facts = (0..n_facts).map(|_| read::<FactRecord<'_>>(&mut rest, "batch").map(Fact::from)).collect();
    check_end(rest, "batch")?;
    facts
}

/// Appends the bytes of a storable value.
///
/// # Panics
/// When the value is not storable: nothing else may get so far.
pub(crate) fn encode_value(value: &Value, bytes: &mut Vec<u8>) {
    write(&ValueRecord::from(value), bytes);
}

/// Returns the value of its bytes.
///
/// # Errors
/// [`Error::Corrupt`] where they are no value.
pub(crate) fn decode_value(mut bytes: &[u8]) -> Result<Value> {
    let record: ValueRecord<'_> = read(&mut bytes, "value")?;
    check_end(bytes, "value")?;
    Ok(record.into())
}

/// A version and metadata after it. `version` belongs to the record: one that no longer reads older bytes raises it.
///
/// # Panics
/// Never for records of plain fields.
pub(crate) fn encode_meta<T: Encode>(version: u8, record: &T) -> Vec<u8> {
    let mut bytes = vec![version];
    write(record, &mut bytes);
    bytes
}

/// Returns the metadata of its bytes.
///
/// # Errors
/// [`Error::Version`] where they are of another version; [`Error::Corrupt`] where they are none, or longer than the record.
pub(crate) fn decode_meta<T: Decode<()>>(version: u8, bytes: &[u8], what: &str) -> Result<T> {
    let (found, rest) = bytes.split_first().ok_or_else(|| Error::corrupt(what, "a record", "no bytes"))?;
    if *found != version {
        return Err(Error::version(what, *found, version));
    }
    let decoded = match rest.len() {
        0..=SMALL => bincode::decode_from_slice(rest, SMALL_CONFIG),
        n if n <= MIDDLING => bincode::decode_from_slice(rest, MIDDLING_CONFIG),
        _ => bincode::decode_from_slice(rest, CONFIG),
    };
    let (record, n_read) = decoded.map_err(|error| Error::corrupt(what, "a record", error))?;
    check_end(&rest[n_read..], what)?;
    Ok(record)
}

fn write<T: Encode>(record: &T, bytes: &mut Vec<u8>) {
    bincode::encode_into_std_write(record, bytes, CONFIG).expect("writing plain fields to memory");
}

fn read<'a, T: BorrowDecode<'a, ()>>(bytes: &mut &'a [u8], what: &str) -> Result<T> {
    let decoded = match bytes.len() {
        0..=SMALL => bincode::borrow_decode_from_slice(bytes, SMALL_CONFIG),
        n if n <= MIDDLING => bincode::borrow_decode_from_slice(bytes, MIDDLING_CONFIG),
        _ => bincode::borrow_decode_from_slice(bytes, CONFIG),
    };
    let (record, n_read) = decoded.map_err(|error| Error::corrupt(what, "a record", error))?;
    *bytes = &bytes[n_read..];
    Ok(record)
}

fn check_end(rest: &[u8], what: &str) -> Result<()> {
    match rest.len() {
        0 => Ok(()),
        n => Err(Error::corrupt(what, "the end of a record", format_args!("{n} bytes more"))),
    }
}

impl<'a> From<&'a Value> for ValueRecord<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::List(items) => Self::List(items.iter().map(ScalarRecord::from).collect()),
            scalar => Self::Scalar(scalar.into()),
        }
    }
}

impl<'a> From<&'a Value> for ScalarRecord<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Float(value.to_bits()),
            Value::String(value) => Self::String(value),
            Value::Date(value) => Self::Date(value.days()),
            Value::Temporal(value) => Self::Temporal(TemporalRecord(value.clone())),
            Value::Point(value) => Self::Point(PointRecord(value.clone())),
            value => panic!("a {} is not storable", value.kind()),
        }
    }
}

impl From<ScalarRecord<'_>> for Value {
    fn from(record: ScalarRecord<'_>) -> Self {
        match record {
            ScalarRecord::Bool(value) => Self::Bool(value),
            ScalarRecord::Int(value) => Self::Int(value),
            ScalarRecord::Float(bits) => Self::Float(f64::from_bits(bits)),
            ScalarRecord::String(value) => Self::String(value.into()),
            ScalarRecord::Date(days) => Self::Date(Date::from_days(days)),
            ScalarRecord::Temporal(TemporalRecord(value)) => Self::Temporal(value),
            ScalarRecord::Point(PointRecord(value)) => Self::Point(value),
        }
    }
}

impl From<ValueRecord<'_>> for Value {
    fn from(record: ValueRecord<'_>) -> Self {
        match record {
            ValueRecord::Null => Self::Null,
            ValueRecord::Scalar(scalar) => scalar.into(),
            ValueRecord::List(items) => Self::list(items.into_iter().map(Value::from)),
        }
    }
}

impl<'a> From<&'a Fact> for FactRecord<'a> {
    fn from(fact: &'a Fact) -> Self {
        match fact {
            Fact::NameLabel { id, name } => Self::NameLabel(id.get(), name),
            Fact::NameType { id, name } => Self::NameType(id.get(), name),
            Fact::NameKey { id, name } => Self::NameKey(id.get(), name),
            Fact::CreateNode { id, labels } => Self::CreateNode(id.get(), labels.iter().map(|id| id.get()).collect()),
            Fact::DeleteNode { id } => Self::DeleteNode(id.get()),
            Fact::AddLabel { id, label } => Self::AddLabel(id.get(), label.get()),
            Fact::RemoveLabel { id, label } => Self::RemoveLabel(id.get(), label.get()),
            Fact::SetNode { id, key, value } => Self::SetNode(id.get(), key.get(), value.into()),
            Fact::CreateRel { id, rel_type, start, end } => {
                Self::CreateRel { id: id.get(), rel_type: rel_type.get(), start: start.get(), end: end.get() }
            }
            Fact::DeleteRel { id } => Self::DeleteRel(id.get()),
            Fact::SetRel { id, key, value } => Self::SetRel(id.get(), key.get(), value.into()),
            Fact::SetSalience { id, salience } => Self::SetSalience(id.get(), salience.to_bits()),
            Fact::CreateIndex { name, label, key, unique } => {
                Self::CreateIndex { name, label: label.get(), key: key.get(), unique: *unique }
            }
            Fact::DropIndex { name } => Self::DropIndex(name),
            Fact::CreateSpace { space } => {
                match (SpaceRecord::new(space, (0.0, 0)), kept_record(space.storage, space.indexed)) {
                    (record, 0) => Self::CreateSpace(record),
                    (record, kept) => Self::CreateSpaceStored(record, kept),
                }
            }
            Fact::DropSpace { name } => Self::DropSpace(name),
            Fact::CreateFulltext { index } => Self::CreateFulltext(FulltextRecord::new(index)),
            Fact::DropFulltext { name } => Self::DropFulltext(name),
            Fact::Note { table, id, note } => Self::Note(TableRecord(*table), *id, note.as_deref()),
        }
    }
}

impl From<FactRecord<'_>> for Fact {
    fn from(record: FactRecord<'_>) -> Self {
        let (node, rel, label, key) = (NodeId::new, RelId::new, LabelId::new, KeyId::new);
        match record {
            FactRecord::NameLabel(id, name) => Self::NameLabel { id: label(id), name: name.into() },
            FactRecord::NameType(id, name) => Self::NameType { id: TypeId::new(id), name: name.into() },
            FactRecord::NameKey(id, name) => Self::NameKey { id: key(id), name: name.into() },
            FactRecord::CreateNode(id, labels) => {
                Self::CreateNode { id: node(id), labels: labels.into_iter().map(label).collect() }
            }
            FactRecord::DeleteNode(id) => Self::DeleteNode { id: node(id) },
            FactRecord::AddLabel(id, of) => Self::AddLabel { id: node(id), label: label(of) },
            FactRecord::RemoveLabel(id, of) => Self::RemoveLabel { id: node(id), label: label(of) },
            FactRecord::SetNode(id, of, value) => Self::SetNode { id: node(id), key: key(of), value: value.into() },
            FactRecord::CreateRel { id, rel_type, start, end } => {
                Self::CreateRel { id: rel(id), rel_type: TypeId::new(rel_type), start: node(start), end: node(end) }
            }
            FactRecord::DeleteRel(id) => Self::DeleteRel { id: rel(id) },
            FactRecord::SetRel(id, of, value) => Self::SetRel { id: rel(id), key: key(of), value: value.into() },
            FactRecord::SetSalience(id, bits) => Self::SetSalience { id: rel(id), salience: f32::from_bits(bits) },
            FactRecord::CreateIndex { name, label: of, key: on, unique } => {
                Self::CreateIndex { name: Arc::from(name), label: label(of), key: key(on), unique }
            }
            FactRecord::DropIndex(name) => Self::DropIndex { name: name.into() },
            FactRecord::CreateSpace(record) => Self::CreateSpace { space: Arc::new(record.space(0)) },
            FactRecord::CreateSpaceStored(record, kept) => Self::CreateSpace { space: Arc::new(record.space(kept)) },
            FactRecord::DropSpace(name) => Self::DropSpace { name: name.into() },
            FactRecord::CreateFulltext(record) => Self::CreateFulltext { index: Arc::new(record.index()) },
            FactRecord::DropFulltext(name) => Self::DropFulltext { name: name.into() },
            FactRecord::Note(TableRecord(table), id, note) => Self::Note { table, id, note: note.map(Arc::from) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        meta::tests::{fulltext, space},
        *,
    };
    use crate::model::Storage;

    fn every_fact() -> Vec<Fact> {
        let (node, rel, label, key) = (NodeId::new(300), RelId::new(u32::MAX - 1), LabelId::new(2), KeyId::new(1));
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Float(-0.0),
            Value::from("é"),
            Value::Date(Date::from_days(-3)),
            Value::from(Point::new(crate::model::Crs::Wgs84In3d, &[-0.5, 90.0, 1e9]).unwrap()),
            Value::list([Value::Int(1), Value::from("")]),
            Value::list([]),
        ];
        let mut facts = vec![
            Fact::NameLabel { id: label, name: "L".into() },
            Fact::NameType { id: TypeId::new(9), name: "T".into() },
            Fact::NameKey { id: key, name: "".into() },
            Fact::CreateNode { id: node, labels: vec![label, LabelId::new(0)] },
            Fact::DeleteNode { id: node },
            Fact::AddLabel { id: node, label },
            Fact::RemoveLabel { id: node, label },
            Fact::CreateRel { id: rel, rel_type: TypeId::new(0), start: node, end: NodeId::new(0) },
            Fact::DeleteRel { id: rel },
            Fact::SetSalience { id: rel, salience: 0.25 },
            Fact::CreateIndex { name: "i".into(), label, key, unique: true },
            Fact::DropIndex { name: "i".into() },
            Fact::CreateSpace { space: Arc::new(space(Storage::F32)) },
            Fact::CreateSpace { space: Arc::new(space(Storage::F16)) },
            Fact::DropSpace { name: "s".into() },
            Fact::CreateFulltext { index: Arc::new(fulltext()) },
            Fact::DropFulltext { name: "f".into() },
        ];
        for value in values {
            facts.push(Fact::SetNode { id: node, key, value: value.clone() });
            facts.push(Fact::SetRel { id: rel, key, value });
        }
        facts
    }

    #[test]
    fn facts_survive_and_no_cut_passes() {
        let facts = every_fact();
        let bytes = encode_facts(&facts);
        // Debug text, as null and NaN equal nothing.
        assert_eq!(format!("{:?}", decode_facts(&bytes).unwrap()), format!("{facts:?}"));
        for len in 0..bytes.len() {
            assert!(decode_facts(&bytes[..len]).is_err(), "cut to {len}");
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(decode_facts(&longer).is_err());
        assert!(decode_facts(&[FACTS_VERSION, 253, 255, 255, 255, 255, 255, 255, 255, 127]).is_err(), "a huge count");
    }

    #[test]
    fn bytes_are_golden() {
        let facts = [
            Fact::CreateRel {
                id: RelId::new(300),
                rel_type: TypeId::new(1),
                start: NodeId::new(2),
                end: NodeId::new(3),
            },
            Fact::SetNode { id: NodeId::new(4), key: KeyId::new(5), value: Value::from("ab") },
        ];
        assert_eq!(encode_facts(&facts), [1, 2, 8, 251, 44, 1, 1, 2, 3, 7, 4, 5, 1, 3, 2, b'a', b'b']);
    }

    #[test]
    fn meta_checks_version_and_end() {
        let catalog = CatalogRecord { labels: vec!["L".into()], next_rel: 7, ..CatalogRecord::default() };
        let mut bytes = encode_meta(CATALOG_VERSION, &catalog);
        assert_eq!(decode_meta::<CatalogRecord>(CATALOG_VERSION, &bytes, "catalog").unwrap(), catalog);
        assert!(decode_meta::<CatalogRecord>(CATALOG_VERSION + 1, &bytes, "catalog").is_err());
        bytes.push(0);
        assert!(decode_meta::<CatalogRecord>(CATALOG_VERSION, &bytes, "catalog").is_err());
        // A string that claims more than the limit is damage, not an allocation.
        let huge = [CATALOG_VERSION, 1, 253, 255, 255, 255, 255, 255, 255, 255, 127];
        assert!(decode_meta::<CatalogRecord>(CATALOG_VERSION, &huge, "catalog").is_err());
    }

    /// A length is believed as far as the bytes could bear it, before room is made.
    #[test]
    fn a_length_out_of_proportion_makes_no_room() {
        for len in [20_000_000u32, u32::MAX] {
            let list = [&[2, 252][..], &len.to_le_bytes(), &[0; 10]].concat();
            let error = decode_value(&list).unwrap_err().to_string();
            assert!(error.contains("Limit"), "{error}");
            let catalog = [&[CATALOG_VERSION, 252][..], &len.to_le_bytes(), &[0; 10]].concat();
            let error = decode_meta::<CatalogRecord>(CATALOG_VERSION, &catalog, "catalog").unwrap_err().to_string();
            assert!(error.contains("Limit"), "{error}");
        }
    }
}

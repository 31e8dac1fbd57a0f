//! Columns that every relationship has: ends and type as u32, salience as f32. They know no absence: whether an id is
//! alive is a bitmap's business, and whoever encodes fills gaps with a neighbour's value, which keeps columns narrow.

use rkyv::{Archive, Serialize};

use super::{
    BLOCK_LEN, Presence,
    ints::{ArchivedIntsRecord, Ints, IntsRecord},
    open, seal,
    view::View,
};
use crate::{
    Error, Result,
    storage::{bytes::Bytes, key::BlockKey},
};

#[derive(Archive, Serialize)]
struct U32Record {
    ints: IntsRecord,
    len: u16,
}

/// `values` is empty where all are `constant`.
#[derive(Archive, Serialize)]
struct F32Record {
    values: Vec<u32>,
    constant: u32,
    len: u16,
}

const _: () = assert!(size_of::<ArchivedU32Record>() == 48 && size_of::<ArchivedF32Record>() == 16);
const _: () = assert!(align_of::<ArchivedU32Record>() == 8 && align_of::<ArchivedIntsRecord>() == 8);

/// A pinned column of u32.
#[derive(Clone)]
pub(crate) struct U32Column {
    ints: Ints,
    len: usize,
}

impl U32Column {
    /// Returns the bytes of a column.
    pub(crate) fn encode(key: &BlockKey, values: &[u32]) -> Bytes {
        let ints = IntsRecord::new(&Presence::first(values.len()), |at| i64::from(values[at]));
        let size = 32 + ints.size();
        seal(key, &U32Record { ints, len: values.len() as u16 }, size)
    }

    /// Checks the bytes of a column and makes it readable.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they are not what `key` must hold.
    pub(crate) fn pin(key: &BlockKey, bytes: Bytes) -> Result<Self> {
        let record = open::<ArchivedU32Record>(key, &bytes)?;
        let len = check_len(key, record.len.to_native())?;
        let ints = Ints::pin(&bytes, &record.ints, len, key)?;
        if !ints.view().is_within(0, u32::MAX.into()) {
            return Err(Error::corrupt(key, "numbers of 32 bits", "others"));
        }
        Ok(Self { ints, len })
    }

    /// Checks that the numbers are below what the graph has of what they name.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where one is not.
    pub(crate) fn check_ids(&self, key: &BlockKey, end: u32) -> Result<()> {
        if self.len > 0 && !self.ints.view().is_within(0, i64::from(end) - 1) {
            return Err(Error::corrupt(key, format_args!("ids below {end}"), "others"));
        }
        Ok(())
    }

    /// Returns how many places the column has.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the number in place `local`, if the column reaches so far.
    #[inline]
    pub(crate) fn get(&self, local: usize) -> Option<u32> {
        (local < self.len).then(|| self.ints.view().get(local) as u32)
    }
}

/// A pinned column of f32.
#[derive(Clone)]
pub(crate) struct F32Column {
    values: View<u32>,
    constant: f32,
    len: usize,
}

impl F32Column {
    /// Returns the bytes of a column.
    pub(crate) fn encode(key: &BlockKey, values: &[f32]) -> Bytes {
        assert!(values.len() <= BLOCK_LEN, "{} places of {BLOCK_LEN}", values.len());
        let constant = values.first().copied().unwrap_or(0.0).to_bits();
        let is_constant = values.iter().all(|value| value.to_bits() == constant);
        let each = if is_constant { Vec::new() } else { values.iter().map(|value| value.to_bits()).collect() };
        let size = 32 + 4 * each.len();
        seal(key, &F32Record { values: each, constant, len: values.len() as u16 }, size)
    }

    /// Checks the bytes of a column and makes it readable.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they are not what `key` must hold.
    pub(crate) fn pin(key: &BlockKey, bytes: Bytes) -> Result<Self> {
        let record = open::<ArchivedF32Record>(key, &bytes)?;
        let len = check_len(key, record.len.to_native())?;
        if !record.values.is_empty() && record.values.len() != len {
            return Err(Error::corrupt(key, format_args!("{len} numbers"), record.values.len()));
        }
        let constant = f32::from_bits(record.constant.to_native());
        Ok(Self { values: View::new(&bytes, &record.values), constant, len })
    }

    /// Returns how many places the column has.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the number in place `local`, if the column reaches so far.
    #[inline]
    pub(crate) fn get(&self, local: usize) -> Option<f32> {
        match self.values.as_slice() {
            [] => (local < self.len).then_some(self.constant),
            values => values.get(local).map(|&bits| f32::from_bits(bits)),
        }
    }
}

fn check_len(key: &BlockKey, len: u16) -> Result<usize> {
    let len = usize::from(len);
    if len > BLOCK_LEN {
        return Err(Error::corrupt(key, format_args!("at most {BLOCK_LEN} places"), len));
    }
    Ok(len)
}

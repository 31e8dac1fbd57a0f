//! Arrays of lists, structs and maps into columns of values.

use arrow_array::{Array, OffsetSizeTrait, cast::AsArray};
use arrow_schema::DataType;

use super::convert::{Converter, settled};
use crate::{
    Result,
    model::{Column, ColumnData, Map, Value},
};

impl Converter {
    /// Returns the column of an array of lists, structs or maps.
    pub(super) fn nested(&mut self, array: &dyn Array) -> Result<Column> {
        let values = match array.data_type() {
            DataType::List(_) => self.offset_lists::<i32>(array)?,
            DataType::LargeList(_) => self.offset_lists::<i64>(array)?,
            DataType::FixedSizeList(_, length) => {
                let length = usize::try_from(*length).expect("arrays have no lists of negative length");
                let ends = (0..array.len()).map(|row| (row + 1) * length);
                self.lists(array, &**array.as_fixed_size_list().values(), ends)?
            }
            DataType::Struct(_) => self.structs(array)?,
            DataType::Map(..) => self.maps(array)?,
            other => unreachable!("columns of the type {other} are refused before"),
        };
        Ok(settled(Column::full(ColumnData::Mixed(values))))
    }

    fn offset_lists<O: OffsetSizeTrait>(&mut self, array: &dyn Array) -> Result<Vec<Value>> {
        let lists = array.as_list::<O>();
        let offsets = lists.value_offsets();
        let start = offsets[0].as_usize();
        let items = lists.values().slice(start, offsets[offsets.len() - 1].as_usize() - start);
        self.lists(array, &*items, offsets[1..].iter().map(|end| end.as_usize() - start))
    }

    /// Returns the lists whose items end at `ends`.
    fn lists(
        &mut self,
        array: &dyn Array,
        items: &dyn Array,
        ends: impl ExactSizeIterator<Item = usize>,
    ) -> Result<Vec<Value>> {
        let outer = std::mem::take(&mut self.bad);
        let items = self.column(items)?;
        let mut refused = std::mem::replace(&mut self.bad, outer);
        refused.sort_unstable();
        self.hold_values(&items)?;
        let mut refused = refused.into_iter().peekable();
        let mut start = 0;
        let mut lists = Vec::with_capacity(ends.len());
        for (row, end) in ends.enumerate() {
            let mut reason = None;
            while let Some((_, why)) = refused.next_if(|(at, _)| *at < end) {
                reason.get_or_insert(why);
            }
            if array.is_null(row) {
                lists.push(Value::Null);
            } else if let Some(reason) = reason {
                self.bad.push((row, format!("in the list: {reason}")));
                lists.push(Value::Null);
            } else if !self.is_free && (start..end).any(|at| items.is_null(at)) {
                self.bad.push((row, "a list that holds null cannot be a property".to_owned()));
                lists.push(Value::Null);
            } else {
                lists.push(Value::List((start..end).map(|at| items.value(at)).collect()));
            }
            start = end;
        }
        Ok(lists)
    }

    fn structs(&mut self, array: &dyn Array) -> Result<Vec<Value>> {
        let fields = array.as_struct();
        let mut columns = Vec::with_capacity(fields.num_columns());
        for (name, column) in fields.column_names().into_iter().zip(fields.columns()) {
            let column = self.column(&**column)?;
            self.hold_values(&column)?;
            columns.push((std::sync::Arc::<str>::from(name), column));
        }
        self.hold((array.len() * size_of::<Map>()) as u64)?;
        let map =
            |row: usize| -> Map { columns.iter().map(|(name, column)| (name.clone(), column.value(row))).collect() };
        Ok((0..array.len()).map(|row| if array.is_null(row) { Value::Null } else { Value::from(map(row)) }).collect())
    }

    fn maps(&mut self, array: &dyn Array) -> Result<Vec<Value>> {
        let maps = array.as_map();
        let offsets = maps.value_offsets();
        let (start, end) = (offsets[0] as usize, offsets[offsets.len() - 1] as usize);
        let entries = maps.entries().slice(start, end - start);
        let outer = std::mem::take(&mut self.bad);
        let keys = self.column(&**entries.column(0))?;
        let values = self.column(&**entries.column(1))?;
        let mut refused = std::mem::replace(&mut self.bad, outer);
        refused.sort_unstable();
        self.hold_values(&keys)?;
        self.hold_values(&values)?;
        let mut found = Vec::with_capacity(array.len());
        for (row, range) in offsets.windows(2).enumerate() {
            let (from, to) = (range[0] as usize - start, range[1] as usize - start);
            let first = refused.partition_point(|(at, _)| *at < from);
            if let Some((_, reason)) = refused.get(first).filter(|(at, _)| *at < to) {
                self.bad.push((row, format!("in the map: {reason}")));
            }
            let entry = |at: usize| match keys.value(at) {
                Value::String(key) => Some((key, values.value(at))),
                _ => None,
            };
            let map = (from..to).filter_map(entry).collect::<Map>();
            found.push(if array.is_null(row) { Value::Null } else { Value::from(map) });
        }
        Ok(found)
    }
}

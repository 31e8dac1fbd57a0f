//! The places of a column in the order of their values: what makes an ordered index of 1,024 values at a time.
//!
//! Nothing of it is stored: it follows from the block, which never changes, is made when first asked for (some ten
//! microseconds a block), and is kept beside the block at two bytes a value.

use super::{ColumnBlock, ValueRef};
use crate::model::Value;

impl ColumnBlock {
    /// Returns the places that have a value, ascending by the values' total order ([`Value::order`]).
    pub(crate) fn sorted(&self) -> &[u16] {
        self.order.get_or_init(|| self.sort())
    }

    fn sort(&self) -> Box<[u16]> {
        let mut places: Vec<u16> = self.presence().iter().map(|place| place as u16).collect();
        if let Some(ints) = self.ints().or_else(|| self.dates()) {
            places.sort_unstable_by_key(|place| ints.get(usize::from(*place)));
        } else if self.strs().is_some() {
            let text = |place: u16| match self.get(usize::from(place)) {
                ValueRef::Str(text) => text,
                _ => "",
            };
            places.sort_unstable_by(|a, b| text(*a).cmp(text(*b)));
        } else {
            let values: Vec<Value> = places.iter().map(|place| self.get(usize::from(*place)).to_value()).collect();
            let mut order: Vec<usize> = (0..places.len()).collect();
            order.sort_by(|a, b| values[*a].order(&values[*b]));
            places = order.into_iter().map(|at| places[at]).collect();
        }
        places.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{BlockKey, BlockKind};

    fn block(values: &[Value]) -> ColumnBlock {
        let key = BlockKey::new(BlockKind::NodeProperty, 0, 0, 1);
        ColumnBlock::pin(&key, ColumnBlock::encode(&key, values)).unwrap()
    }

    #[test]
    fn places_follow_the_order_of_values_of_every_kind() {
        let columns = [
            vec![Value::Int(5), Value::Null, Value::Int(-3), Value::Int(i64::MAX), Value::Int(0)],
            vec![Value::Float(f64::NAN), Value::Float(2.5), Value::Float(-1.0), Value::Null],
            vec![Value::from("b"), Value::from("a"), Value::Null, Value::from("ab"), Value::from("")],
            vec![Value::from("x"), Value::from("a"), Value::from("x"), Value::from("a"), Value::from("x")],
            vec![Value::Bool(true), Value::Bool(false), Value::Bool(true)],
            vec![Value::from("text"), Value::Int(3), Value::Float(2.5), Value::Bool(true), Value::Null],
            vec![],
        ];
        for values in columns {
            let block = block(&values);
            let sorted: Vec<&Value> = block.sorted().iter().map(|place| &values[usize::from(*place)]).collect();
            let mut expected: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
            expected.sort_by(|a, b| a.order(b));
            assert_eq!(sorted, expected);
        }
    }
}

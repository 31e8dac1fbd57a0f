//! What comprehensions, quantifiers and `reduce()` go through.

use std::sync::Arc;

use super::{Ex, at, values};
use crate::{
    Result,
    model::Value,
    query::{
        execute::{Context, batch::Batch},
        function::{Function, Range},
    },
};

/// The items of a list; the integers of a `range()` are counted, never listed.
pub(super) enum Over {
    /// The list, and the next item of it.
    List(Arc<[Value]>, usize),
    Range(Range),
}

impl Ex {
    /// Evaluates what `what` goes through; `None` is null.
    ///
    /// # Errors
    /// As [`Ex::value`]; `TypeError` where it is no list.
    pub(super) fn over(&mut self, what: &str, ctx: &mut Context, batch: &Batch, row: usize) -> Result<Option<Over>> {
        if let Self::Call { function: Function::Range, args, span, .. } = self {
            let args: Result<Vec<Value>> = args.iter_mut().map(|arg| arg.eval(ctx, batch, row)).collect();
            return at(Range::new(&args?), *span).map(|range| Some(Over::Range(range)));
        }
        let list = self.eval(ctx, batch, row)?;
        Ok(values::items(what, &list)?.map(|items| Over::List(items.clone(), 0)))
    }
}

impl Iterator for Over {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        match self {
            Self::List(items, at) => {
                let item = items.get(*at)?;
                *at += 1;
                Some(item.clone())
            }
            Self::Range(range) => range.next().map(Value::Int),
        }
    }
}

//! What a node must be, evaluated for all nodes by block, or for a few one by one.

use super::{
    Stop, Values,
    mask::{Bits, Mask, Words, block_ids, places},
};
use crate::{
    Error,
    graph::{BLOCK_LEN, BLOCK_WORDS, CleanColumn, Column, ColumnBlock, IntView, Presence, Snapshot, StrView, ValueRef},
    model::{LabelId, NodeId, Value},
    query::{
        execute::batch,
        function::Function,
        plan::{Comparison, Expr, Slot, StringTest},
    },
};

/// Below this share of all nodes, a list of candidates is tested one by one instead of all nodes by block.
const LIST_SHARE: usize = 32;

/// Up to so many words of a dictionary that pass are looked for with one comparison each, many places at a time.
const WORDS_COMPARED_MAX: usize = 4;

/// What a node of the pattern must be, with names resolved and constants evaluated.
pub(super) struct Filter<'a> {
    slot: Slot,
    /// Nothing can pass: a label that no node has.
    pub(super) impossible: bool,
    pub(super) labels: Vec<LabelId>,
    tests: Vec<Test<'a>>,
    /// Predicates of any other form.
    general: Vec<&'a Expr>,
    /// The candidates, where they were found by value or number.
    pub(super) found: Option<Vec<u32>>,
}

/// A test of one property.
struct Test<'a> {
    column: Column<'a>,
    kind: TestKind,
}

enum TestKind {
    /// Compares with a value that is not null.
    Compare(Comparison, Value),
    /// Compares the text in lower case.
    Lower(Comparison, Value),
    Text(StringTest, Value),
    IsNull,
    IsNotNull,
}

impl<'a> Filter<'a> {
    /// Returns a filter without predicates.
    pub(super) fn new(slot: Slot) -> Self {
        Self { slot, impossible: false, labels: Vec::new(), tests: Vec::new(), general: Vec::new(), found: None }
    }

    /// Adds a label.
    pub(super) fn label(&mut self, snapshot: &Snapshot, name: &str) {
        match snapshot.catalog().label(name) {
            Some(label) if snapshot.n_label(label) > 0 => {
                if !self.labels.contains(&label) {
                    self.labels.push(label);
                }
            }
            _ => self.impossible = true,
        }
    }

    /// Adds a predicate.
    pub(super) fn predicate(
        &mut self,
        snapshot: &'a Snapshot,
        predicate: &'a Expr,
        values: &mut dyn Values,
    ) -> Result<(), Stop> {
        match self.test(snapshot, predicate, values)? {
            Some(test) => self.tests.push(test),
            None => self.general.push(predicate),
        }
        Ok(())
    }

    /// Returns whether there is nothing but labels to look at.
    pub(super) fn labels_only(&self) -> bool {
        self.tests.is_empty() && self.general.is_empty() && self.found.is_none()
    }

    /// Returns a guess at how many nodes pass.
    pub(super) fn guess(&self, snapshot: &Snapshot) -> f64 {
        if let Some(found) = &self.found {
            return found.len() as f64;
        }
        let labelled = self.labels.iter().map(|&label| snapshot.n_label(label)).min();
        let tests = (self.tests.len() + self.general.len()) as i32;
        labelled.unwrap_or_else(|| snapshot.n_nodes()) as f64 * 0.3f64.powi(tests)
    }

    fn test(
        &self,
        snapshot: &'a Snapshot,
        predicate: &Expr,
        values: &mut dyn Values,
    ) -> Result<Option<Test<'a>>, Stop> {
        let property = |expr: &Expr| match expr {
            Expr::Property { base, key, .. } if matches!(**base, Expr::Slot(slot) if slot == self.slot) => {
                Some(column(snapshot, &key.name))
            }
            _ => None,
        };
        let (left, right, op) = match predicate {
            Expr::IsNull(inner) => {
                return Ok(property(inner).map(|column| Test { column, kind: TestKind::IsNull }));
            }
            Expr::IsNotNull(inner) => {
                return Ok(property(inner).map(|column| Test { column, kind: TestKind::IsNotNull }));
            }
            Expr::StringTest(test, left, right) if *test != StringTest::Matches && is_constant(right) => {
                let Some(column) = property(left) else { return Ok(None) };
                let value = values.constant(right)?;
                return Ok(Some(Test { column, kind: TestKind::Text(*test, value) }));
            }
            Expr::Compare(op, left, right) if is_constant(right) => (left, right, *op),
            Expr::Compare(op, left, right) if is_constant(left) => (right, left, flip(*op)),
            _ => return Ok(None),
        };
        if let Some(column) = property(left) {
            let value = values.constant(right)?;
            return Ok(Some(Test { column, kind: TestKind::Compare(op, value) }));
        }
        if let Expr::Call { function: Function::ToLower | Function::Lower, args, .. } = &**left
            && let [arg] = &args[..]
            && let Some(column) = property(arg)
        {
            let value = values.constant(right)?;
            return Ok(Some(Test { column, kind: TestKind::Lower(op, value) }));
        }
        Ok(None)
    }

    /// Evaluates the filter over all nodes.
    pub(super) fn mask(&self, snapshot: &Snapshot, values: &mut dyn Values) -> Result<Mask, Stop> {
        if self.impossible {
            return Ok(Mask::Ids(Vec::new()));
        }
        if let Some(found) = &self.found {
            let mut ids = found.clone();
            self.retain(snapshot, values, &mut ids)?;
            return Ok(Mask::Ids(ids));
        }
        match &self.labels[..] {
            [] if self.labels_only() => return Ok(Mask::All),
            [label] if self.labels_only() => return Ok(Mask::Label(*label)),
            _ => {}
        }
        let mut bits = Bits::none(snapshot);
        let mut n = 0;
        for block in 0..snapshot.n_node_blocks() {
            let mut words = self.base_words(snapshot, block)?;
            for test in &self.tests {
                test.block(block, &mut words)?;
            }
            if !self.general.is_empty() && words != [0; BLOCK_WORDS] {
                let ids: Vec<u32> = block_ids(block, &words).collect();
                let mut kept = ids;
                self.retain_general(values, &mut kept)?;
                words = [0; BLOCK_WORDS];
                for id in kept {
                    words[id as usize % BLOCK_LEN / 64] |= 1 << (id % 64);
                }
            }
            values.tick(BLOCK_WORDS)?;
            n += words.iter().map(|word| word.count_ones() as usize).sum::<usize>();
            bits.block_mut(block).copy_from_slice(&words);
        }
        if let [label] = self.labels[..]
            && n as u64 == snapshot.n_label(label)
        {
            return Ok(Mask::Label(label));
        }
        Ok(Mask::Bits(bits, n))
    }

    /// Keeps the nodes that pass.
    pub(super) fn retain(&self, snapshot: &Snapshot, values: &mut dyn Values, ids: &mut Vec<u32>) -> Result<(), Stop> {
        if self.impossible {
            ids.clear();
        }
        for &label in &self.labels {
            retain(ids, |id| snapshot.has_label(NodeId::new(id), label).map_err(Stop::Error))?;
        }
        for test in &self.tests {
            retain(ids, |id| test.kind.holds(&test.column.get(id)?))?;
        }
        if !self.general.is_empty() {
            self.retain_general(values, ids)?;
        }
        Ok(())
    }

    /// Returns whether so few candidates are better tested one by one.
    pub(super) fn prefers_list(&self, snapshot: &Snapshot, n: usize) -> bool {
        !self.labels_only() && n < snapshot.node_id_end() as usize / LIST_SHARE
    }

    fn retain_general(&self, values: &mut dyn Values, ids: &mut Vec<u32>) -> Result<(), Stop> {
        for predicate in &self.general {
            let mut kept = Vec::with_capacity(ids.len());
            for chunk in ids.chunks(batch::BATCH_ROWS_MAX) {
                let truth = values.column(predicate, self.slot, chunk)?;
                kept.extend(
                    chunk
                        .iter()
                        .enumerate()
                        .filter(|(row, _)| truth.get(*row).as_bool() == Some(true))
                        .map(|(_, id)| id),
                );
            }
            *ids = kept;
        }
        Ok(())
    }

    fn base_words(&self, snapshot: &Snapshot, block: u32) -> Result<Words, Stop> {
        let Some((first, rest)) = self.labels.split_first() else { return Ok(snapshot.node_words(block)?) };
        let mut words = snapshot.label_words(*first, block)?;
        for &label in rest {
            and(&mut words, &snapshot.label_words(label, block)?);
        }
        Ok(words)
    }
}

/// Returns the column of a name: an empty one where no node ever had it.
pub(super) fn column<'a>(snapshot: &'a Snapshot, name: &str) -> Column<'a> {
    match snapshot.catalog().key(name) {
        Some(key) => snapshot.node_column(key),
        None => Column::NONE,
    }
}

/// Returns whether all nodes of a mask have the property.
pub(super) fn all_have(snapshot: &Snapshot, mask: &Mask, column: Column<'_>) -> Result<bool, Error> {
    for block in 0..snapshot.n_node_blocks() {
        let mut words = mask.block(snapshot, block)?;
        let before = words;
        Test { column, kind: TestKind::IsNotNull }.block(block, &mut words).map_err(|stop| match stop {
            Stop::Error(error) => error,
            Stop::General => unreachable!("a test for null fits every value"),
        })?;
        if words != before {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Test<'_> {
    /// Keeps the bits of the nodes that pass.
    fn block(&self, block: u32, words: &mut Words) -> Result<(), Stop> {
        if *words == [0; BLOCK_WORDS] {
            return Ok(());
        }
        match self.column.clean_block(block)? {
            CleanColumn::Empty => {
                if !matches!(self.kind, TestKind::IsNull) {
                    *words = [0; BLOCK_WORDS];
                }
                Ok(())
            }
            CleanColumn::Whole(values) => self.whole(values, words),
            CleanColumn::Changed => {
                each(words, |local| self.kind.holds(&self.column.get(block * BLOCK_LEN as u32 + local as u32)?))
            }
        }
    }

    fn whole(&self, values: &ColumnBlock, words: &mut Words) -> Result<(), Stop> {
        let present = values.presence();
        match &self.kind {
            TestKind::IsNull => {
                words.iter_mut().zip(&present.0).for_each(|(word, there)| *word &= !there);
                return Ok(());
            }
            TestKind::IsNotNull => {
                and(words, &present.0);
                return Ok(());
            }
            TestKind::Compare(op, value) => {
                let number = match value {
                    Value::Int(n) => values.ints().map(|ints| (ints, *n)),
                    Value::Date(date) => values.dates().map(|days| (days, i64::from(date.days()))),
                    _ => None,
                };
                if let Some((ints, number)) = number {
                    and(words, &present.0);
                    and(words, &compare_ints(ints, present, *op, number));
                    return Ok(());
                }
            }
            TestKind::Lower(..) | TestKind::Text(..) => {}
        }
        and(words, &present.0);
        if let Some(StrView::Dict(dict)) = values.strs() {
            // Each word is looked at once, unless there are more words than nodes to look at.
            let n = words.iter().map(|word| word.count_ones()).sum::<u32>();
            if dict.words().len() <= n as usize {
                let truth = dict.words().iter().map(|word| self.kind.holds(&ValueRef::Str(word)));
                let truth: Vec<bool> = truth.collect::<Result<_, _>>()?;
                let n_true = truth.iter().filter(|is| **is).count();
                if n_true <= WORDS_COMPARED_MAX {
                    let mut any = [0; BLOCK_WORDS];
                    for code in (0..truth.len()).filter(|code| truth[*code]) {
                        let same = compare_ints(dict.codes(), present, Comparison::Eq, code as i64);
                        any.iter_mut().zip(&same).for_each(|(any, same)| *any |= same);
                    }
                    and(words, &any);
                    return Ok(());
                }
                return each(words, |local| Ok(truth[dict.code(local)]));
            }
        }
        each(words, |local| self.kind.holds(&values.get(local)))
    }
}

impl TestKind {
    fn holds(&self, stored: &ValueRef<'_>) -> Result<bool, Stop> {
        if matches!(stored, ValueRef::Null) {
            return Ok(matches!(self, Self::IsNull));
        }
        Ok(match (self, stored) {
            (Self::IsNull, _) => false,
            (Self::IsNotNull, _) => true,
            (Self::Compare(op, Value::String(text)), ValueRef::Str(stored)) => in_order(*op, (*stored).cmp(text)),
            (Self::Compare(op, Value::Int(number)), ValueRef::Int(stored)) => in_order(*op, stored.cmp(number)),
            (Self::Compare(op, value), stored) => compare(*op, &stored.to_value(), value),
            (Self::Lower(op, value), ValueRef::Str(stored)) => match value {
                Value::String(text) if *op == Comparison::Eq => lower_equals(stored, text),
                value => compare(*op, &batch::text(&stored.to_lowercase()), value),
            },
            (Self::Text(test, Value::String(text)), ValueRef::Str(stored)) => match test {
                StringTest::StartsWith => stored.starts_with(&**text),
                StringTest::EndsWith => stored.ends_with(&**text),
                StringTest::Contains => stored.contains(&**text),
                StringTest::Matches => return Err(Stop::General),
            },
            // What is no text: whether that is null or an error, the operators know.
            (Self::Lower(..) | Self::Text(..), _) => return Err(Stop::General),
        })
    }
}

fn lower_equals(stored: &str, text: &str) -> bool {
    if stored.is_ascii() {
        return stored.len() == text.len()
            && stored.bytes().zip(text.bytes()).all(|(a, b)| a.to_ascii_lowercase() == b);
    }
    stored.to_lowercase() == *text
}

fn compare(op: Comparison, stored: &Value, value: &Value) -> bool {
    match op {
        Comparison::Eq => stored.equals(value) == Some(true),
        Comparison::Ne => stored.equals(value) == Some(false),
        _ => stored.compare(value).is_some_and(|ordering| in_order(op, ordering)),
    }
}

fn in_order(op: Comparison, ordering: std::cmp::Ordering) -> bool {
    match op {
        Comparison::Eq => ordering.is_eq(),
        Comparison::Ne => ordering.is_ne(),
        Comparison::Lt => ordering.is_lt(),
        Comparison::Le => ordering.is_le(),
        Comparison::Gt => ordering.is_gt(),
        Comparison::Ge => ordering.is_ge(),
    }
}

fn flip(op: Comparison) -> Comparison {
    match op {
        Comparison::Lt => Comparison::Gt,
        Comparison::Le => Comparison::Ge,
        Comparison::Gt => Comparison::Lt,
        Comparison::Ge => Comparison::Le,
        same => same,
    }
}

/// Returns which integers of a block stand so to `number`.
fn compare_ints(ints: IntView<'_>, present: &Presence, op: Comparison, number: i64) -> Words {
    // As a range of the integers: `low <= x <= high`, or its complement.
    let (low, high, inside) = match op {
        Comparison::Eq => (number, number, true),
        Comparison::Ne => (number, number, false),
        Comparison::Ge => (number, i64::MAX, true),
        Comparison::Lt => (number, i64::MAX, false),
        Comparison::Le => (i64::MIN, number, true),
        Comparison::Gt => (i64::MIN, number, false),
    };
    /// Deltas only add to the base, without wrapping past the largest integer where the range of a block is that small.
    fn narrow<T: Copy + TryFrom<u64> + PartialOrd>(
        deltas: &[T],
        base: i64,
        (low, high): (i64, i64),
        inside: bool,
    ) -> Option<Words> {
        let below = |bound: i64| u64::try_from(i128::from(bound) - i128::from(base)).ok();
        // Nothing at or below `high` where it is less than the base; no upper bound where it is beyond the deltas.
        let Some(to) = below(high) else {
            return Some(if inside { [0; BLOCK_WORDS] } else { [u64::MAX; BLOCK_WORDS] });
        };
        let from = below(low).unwrap_or(0);
        let Ok(from) = T::try_from(from) else {
            return Some(if inside { [0; BLOCK_WORDS] } else { [u64::MAX; BLOCK_WORDS] });
        };
        let mut truth = [0u8; BLOCK_LEN];
        match T::try_from(to) {
            Ok(to) => {
                truth
                    .iter_mut()
                    .zip(deltas)
                    .for_each(|(t, &x)| *t = u8::from((x >= from) & (x <= to)) ^ u8::from(!inside));
            }
            Err(_) => truth.iter_mut().zip(deltas).for_each(|(t, &x)| *t = u8::from(x >= from) ^ u8::from(!inside)),
        }
        Some(pack(&truth))
    }
    let narrowed = match ints {
        IntView::Constant(value) => {
            let all = ((low..=high).contains(&value)) == inside;
            return [if all { u64::MAX } else { 0 }; BLOCK_WORDS];
        }
        IntView::W1 { base, deltas } if base < i64::MAX - 0xff => narrow(deltas, base, (low, high), inside),
        IntView::W2 { base, deltas } if base < i64::MAX - 0xffff => narrow(deltas, base, (low, high), inside),
        IntView::W4 { base, deltas } if base < i64::MAX - 0xffff_ffff => narrow(deltas, base, (low, high), inside),
        _ => None,
    };
    narrowed.unwrap_or_else(|| {
        let mut words = [0; BLOCK_WORDS];
        for local in present.iter() {
            if (low..=high).contains(&ints.get(local)) == inside {
                words[local / 64] |= 1 << (local % 64);
            }
        }
        words
    })
}

/// Gathers bytes that are 0 or 1 into bits.
fn pack(truth: &[u8; BLOCK_LEN]) -> Words {
    let mut words = [0; BLOCK_WORDS];
    for (word, bytes) in words.iter_mut().zip(truth.chunks_exact(64)) {
        for (at, eight) in bytes.chunks_exact(8).enumerate() {
            let eight = u64::from_le_bytes(eight.try_into().expect("eight bytes"));
            // Each byte's bit lands in the top byte, at its own place.
            *word |= (eight.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (at * 8);
        }
    }
    words
}

fn and(words: &mut Words, other: &Words) {
    words.iter_mut().zip(other).for_each(|(word, other)| *word &= other);
}

fn each(words: &mut Words, mut keep: impl FnMut(usize) -> Result<bool, Stop>) -> Result<(), Stop> {
    for (at, word) in words.iter_mut().enumerate() {
        for bit in places(*word) {
            if !keep(at * 64 + bit as usize)? {
                *word &= !(1 << bit);
            }
        }
    }
    Ok(())
}

fn retain(ids: &mut Vec<u32>, mut keep: impl FnMut(u32) -> Result<bool, Stop>) -> Result<(), Stop> {
    let mut result = Ok(());
    ids.retain(|&id| match keep(id) {
        Ok(keeps) => keeps,
        Err(stop) => {
            result = Err(stop);
            false
        }
    });
    result
}

/// Returns whether an expression is the same for every row.
pub(in crate::query) fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Const(_) | Expr::Param(_) => true,
        Expr::Negate(inner) => is_constant(inner),
        Expr::List(items) => items.iter().all(is_constant),
        Expr::Arithmetic { left, right, .. } => is_constant(left) && is_constant(right),
        Expr::Call { function, args, .. } => {
            !matches!(function, Function::Rand | Function::RandomUuid | Function::Timestamp)
                && args.iter().all(is_constant)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bytes_are_bits_in_order() {
        let mut truth = [0u8; BLOCK_LEN];
        for place in [0, 1, 7, 8, 63, 64, 700, 1023] {
            truth[place] = 1;
        }
        let bits: Vec<u32> = block_ids(0, &pack(&truth)).collect();
        assert_eq!(bits, [0, 1, 7, 8, 63, 64, 700, 1023]);
    }

    #[test]
    fn comparisons_of_packed_integers_agree_with_comparing_each() {
        let present = Presence::first(BLOCK_LEN);
        let bytes: Vec<u8> = (0..BLOCK_LEN).map(|at| (at * 7 % 256) as u8).collect();
        let shorts: Vec<u16> = (0..BLOCK_LEN).map(|at| (at * 77) as u16).collect();
        let ops = [Comparison::Eq, Comparison::Ne, Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge];
        for base in [-100, 0, 18, i64::MIN, i64::MAX - 10] {
            let views =
                [IntView::Constant(base), IntView::W1 { base, deltas: &bytes }, IntView::W2 { base, deltas: &shorts }];
            for view in views {
                for number in [-101, -100, 0, 18, 30, 155, 70_000, i64::MIN, i64::MAX] {
                    for op in ops {
                        let words = compare_ints(view, &present, op, number);
                        for local in 0..BLOCK_LEN {
                            let expected = in_order(op, view.get(local).cmp(&number));
                            let got = words[local / 64] >> (local % 64) & 1 != 0;
                            assert_eq!(got, expected, "{} {op:?} {number}", view.get(local));
                        }
                    }
                }
            }
        }
    }
}

//! What the writer is to do, and what the database must hold after it: both follow from a seed alone.
//!
//! A *stream* is one writing thread's sequence of operations 1, 2, 3, ... Each operation is one transaction that also
//! sets `n` of the stream's `Meta` node to its number, so the state says by itself how many operations it holds.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    hash::{DefaultHasher, Hash, Hasher},
};

/// Streams of small transactions; the last of them puts several statements into one transaction.
pub(crate) const STREAMS: usize = 4;

/// Items a stream may hold: small, so that a comparison of everything takes milliseconds.
const ITEMS_MAX: usize = 120;

/// One item in sixteen carries a text beyond any small buffer of a journal.
const LONG_TEXT_CHARS: u64 = 5_000;

/// Rows of the smallest import, and how many more there may be.
const IMPORT_ROWS: (u64, u64) = (20, 400);

/// An item: a node with a unique key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) v: Option<i64>,
    pub(crate) text: String,
    pub(crate) hot: bool,
}

/// What one stream's part of the graph must be.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    /// Items by key.
    pub(crate) items: BTreeMap<i64, Item>,
    /// Relationships by their number, with start and end.
    pub(crate) links: BTreeMap<i64, (i64, i64)>,
}

/// A change of the graph.
#[derive(Debug, Clone)]
enum Change {
    Create(Vec<(i64, Item)>, Option<i64>),
    SetValue(i64, Option<i64>),
    SetHot(i64, bool),
    Delete(i64),
    Link(i64, i64, i64),
    Unlink(i64, i64),
}

/// One operation: the statements of one transaction.
pub(crate) struct Operation {
    pub(crate) statements: Vec<String>,
}

/// A stream, advanced operation by operation.
#[derive(Clone)]
pub(crate) struct Stream {
    seed: u64,
    number: usize,
    /// Operations done.
    pub(crate) n: u64,
    pub(crate) state: State,
}

impl Stream {
    /// Returns a stream at its beginning.
    pub(crate) fn new(seed: u64, number: usize) -> Self {
        Self { seed, number, n: 0, state: State::default() }
    }

    /// Returns the stream after `n` operations.
    pub(crate) fn after(seed: u64, number: usize, n: u64) -> Self {
        let mut stream = Self::new(seed, number);
        while stream.n < n {
            stream.advance();
        }
        stream
    }

    /// Takes the next operation into the state and returns it.
    pub(crate) fn next(&mut self) -> Operation {
        let changes = self.advance();
        let last = changes.len() - 1;
        let statement = |(at, change): (usize, &Change)| self.statement(change, at == last);
        Operation { statements: changes.iter().enumerate().map(statement).collect() }
    }

    fn advance(&mut self) -> Vec<Change> {
        self.n += 1;
        let mut random = Numbers::new(self.seed, self.number as u64, self.n);
        let n_changes = if self.number + 1 == STREAMS { 1 + random.below(4) } else { 1 };
        let mut changes = Vec::new();
        for at in 0..n_changes {
            let change = self.choose(&mut random, at);
            self.apply(&change);
            changes.push(change);
        }
        changes
    }

    fn choose(&self, random: &mut Numbers, at: u64) -> Change {
        let fresh = |i: u64| (self.number as i64) * 1_000_000_000 + (self.n as i64) * 100 + (at * 10 + i) as i64;
        let n_items = self.state.items.len();
        let create = |random: &mut Numbers| {
            let items: Vec<(i64, Item)> = (0..1 + random.below(5)).map(|i| (fresh(i), item(random))).collect();
            Change::Create(items, random.chance(1, 2).then(|| fresh(0)))
        };
        if n_items < 4 {
            return create(random);
        }
        let pick = |random: &mut Numbers| {
            let at = random.below(n_items as u64) as usize;
            *self.state.items.keys().nth(at).expect("the place is within the items")
        };
        match random.below(12) {
            0..=3 if n_items < ITEMS_MAX => create(random),
            0..=1 => Change::Delete(pick(random)),
            2..=5 => Change::SetValue(pick(random), random.chance(4, 5).then(|| random.below(1000) as i64)),
            6..=7 => Change::SetHot(pick(random), random.chance(1, 2)),
            8..=10 => Change::Link(fresh(0), pick(random), pick(random)),
            _ => {
                let n_links = self.state.links.len() as u64;
                match self.state.links.iter().nth(random.below(n_links.max(1)) as usize) {
                    Some((w, (start, _))) => Change::Unlink(*w, *start),
                    None => Change::Delete(pick(random)),
                }
            }
        }
    }

    fn apply(&mut self, change: &Change) {
        let State { items, links } = &mut self.state;
        match change {
            Change::Create(new, link) => {
                if let (Some(w), [(first, _), ..]) = (link, new.as_slice()) {
                    let (last, _) = new.last().expect("there is a first");
                    links.insert(*w, (*first, *last));
                }
                items.extend(new.iter().cloned());
            }
            Change::SetValue(key, v) => items.get_mut(key).expect("it was picked").v = *v,
            Change::SetHot(key, hot) => items.get_mut(key).expect("it was picked").hot = *hot,
            Change::Delete(key) => {
                items.remove(key);
                links.retain(|_, (start, end)| start != key && end != key);
            }
            Change::Link(w, start, end) => _ = links.insert(*w, (*start, *end)),
            Change::Unlink(w, _) => _ = links.remove(w),
        }
    }

    /// Returns a change as a statement; the last of a transaction counts it.
    fn statement(&self, change: &Change, counts: bool) -> String {
        let t = self.number;
        let (meta, count) = if counts {
            (format!("(m:Meta {{t: {t}}})"), format!("SET m.n = {}, m.items = {}", self.n, self.state.items.len()))
        } else {
            (format!("(m:Meta {{t: {t}}})"), "SET m.busy = true".to_owned())
        };
        let tail = if counts { format!("{count}, m.busy = null") } else { count };
        match change {
            Change::Create(items, link) => {
                let mut text = format!("MATCH {meta} {tail} CREATE ");
                for (at, (key, item)) in items.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    let v = item.v.map_or("null".to_owned(), |v| v.to_string());
                    let hot = if item.hot { ":Hot" } else { "" };
                    write!(text, "{comma}(i{at}:Item{hot} {{key: {key}, t: {t}, v: {v}, text: '{}'}})", item.text)
                        .expect("a string takes it");
                }
                if let Some(w) = link {
                    write!(text, ", (i0)-[:LINK {{w: {w}}}]->(i{})", items.len() - 1).expect("a string takes it");
                }
                text
            }
            Change::SetValue(key, v) => {
                let v = v.map_or("null".to_owned(), |v| v.to_string());
                format!("MATCH {meta}, (i:Item {{key: {key}}}) {tail}, i.v = {v}")
            }
            Change::SetHot(key, true) => format!("MATCH {meta}, (i:Item {{key: {key}}}) {tail}, i:Hot"),
            Change::SetHot(key, false) => format!("MATCH {meta}, (i:Item {{key: {key}}}) {tail} REMOVE i:Hot"),
            Change::Delete(key) => format!("MATCH {meta}, (i:Item {{key: {key}}}) {tail} DETACH DELETE i"),
            Change::Link(w, a, b) if a == b => {
                format!("MATCH {meta}, (a:Item {{key: {a}}}) {tail} CREATE (a)-[:LINK {{w: {w}}}]->(a)")
            }
            Change::Link(w, a, b) => format!(
                "MATCH {meta}, (a:Item {{key: {a}}}), (b:Item {{key: {b}}}) {tail} CREATE (a)-[:LINK {{w: {w}}}]->(b)"
            ),
            Change::Unlink(w, a) => {
                format!("MATCH {meta}, (a:Item {{key: {a}}})-[l:LINK {{w: {w}}}]->() {tail} DELETE l")
            }
        }
    }
}

/// Returns how many rows import `n` has.
pub(crate) fn import_rows(seed: u64, n: u64) -> u64 {
    let (least, more) = IMPORT_ROWS;
    least + Numbers::new(seed, u64::MAX, n).below(more)
}

/// Returns the CSV of import `n`.
pub(crate) fn import_csv(seed: u64, n: u64) -> String {
    let mut text = String::from("key,batch,v\n");
    for row in 0..import_rows(seed, n) {
        writeln!(text, "{},{n},{}", n * 1000 + row, import_value(n, row)).expect("a string takes it");
    }
    text
}

/// Returns column `v` of a row of an import.
pub(crate) fn import_value(n: u64, row: u64) -> u64 {
    (n * 31 + row * 7) % 1000
}

fn item(random: &mut Numbers) -> Item {
    let n_chars = if random.chance(1, 16) { random.below(LONG_TEXT_CHARS) } else { random.below(20) };
    let text = (0..n_chars).map(|_| char::from(b'a' + random.below(26) as u8)).collect();
    Item { v: random.chance(4, 5).then(|| random.below(1000) as i64), text, hot: random.chance(1, 4) }
}

/// Random numbers that depend on the seed, the stream and the operation only (SplitMix64).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64, stream: u64, n: u64) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, stream, n).hash(&mut hasher);
        Self(hasher.finish())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) fn chance(&mut self, n: u64, of: u64) -> bool {
        self.below(of) < n
    }
}

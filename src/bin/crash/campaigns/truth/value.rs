//! Values of the reference: openCypher's equality, comparability and order, written down once more.

use std::{cmp::Ordering, collections::BTreeMap, fmt::Write as _};

/// A value. Nodes and relationships are places in the graph's lists.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum V {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    /// Days since 1970-01-01.
    Date(i64),
    /// A point on a plane.
    Point(f64, f64),
    List(Vec<V>),
    /// A list whose order the language leaves open.
    Bag(Vec<V>),
    Map(BTreeMap<String, V>),
    Node(usize),
    Rel(usize),
    Path(Vec<usize>, Vec<usize>),
}

impl V {
    /// Returns a list of open order; with one item or none it is a list like others.
    pub(super) fn bag(items: Vec<V>) -> Self {
        if items.len() < 2 { Self::List(items) } else { Self::Bag(items) }
    }

    pub(super) fn str(text: &str) -> Self {
        Self::Str(text.to_owned())
    }

    pub(super) fn truth(truth: Option<bool>) -> Self {
        truth.map_or(Self::Null, Self::Bool)
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Float(x) => Some(*x),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> Option<&[V]> {
        match self {
            Self::List(items) | Self::Bag(items) => Some(items),
            _ => None,
        }
    }

    /// Returns whether it holds a list of open order.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Bag(_) => true,
            Self::List(items) => items.iter().any(Self::is_open),
            Self::Map(map) => map.values().any(Self::is_open),
            _ => false,
        }
    }

    /// Returns `self = other`; `None` is null.
    pub(super) fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Null, _) | (_, Self::Null) => None,
            (Self::List(a), Self::List(b)) if a.len() == b.len() => all(a.iter().zip(b)),
            (Self::Map(a), Self::Map(b)) if a.keys().eq(b.keys()) => all(a.values().zip(b.values())),
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => {
                Some(numbers(self, other) == Some(Ordering::Equal))
            }
            _ => Some(self == other),
        }
    }

    /// Returns how both compare for `<`; `None` is null, or that nothing holds of `NaN`.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => numbers(self, other),
            (Self::Str(a), Self::Str(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Self::List(a), Self::List(b)) => {
                for (x, y) in a.iter().zip(b) {
                    match x.compare(y)? {
                        Ordering::Equal => {}
                        unequal => return Some(unequal),
                    }
                }
                Some(a.len().cmp(&b.len()))
            }
            _ => None,
        }
    }

    /// Returns the order of `ORDER BY`, ascending: maps, nodes, relationships, lists, paths, points, dates, strings, booleans,
    /// numbers with `NaN` last, null.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => {
                numbers(self, other).unwrap_or_else(|| {
                    self.number().is_some_and(f64::is_nan).cmp(&other.number().is_some_and(f64::is_nan))
                })
            }
            (Self::List(a), Self::List(b)) => by_items(a, b),
            (Self::Node(a), Self::Node(b)) | (Self::Rel(a), Self::Rel(b)) => a.cmp(b),
            (Self::Point(a, b), Self::Point(c, d)) => a.total_cmp(c).then(b.total_cmp(d)),
            (Self::Path(n, r), Self::Path(m, s)) => n.cmp(m).then_with(|| r.cmp(s)),
            (Self::Map(a), Self::Map(b)) => {
                a.len().cmp(&b.len()).then_with(|| a.keys().cmp(b.keys())).then_with(|| {
                    let pairs = a.values().zip(b.values());
                    pairs.map(|(x, y)| x.order(y)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
                })
            }
            _ => self.compare(other).unwrap_or_else(|| self.rank().cmp(&other.rank())),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Map(_) => 0,
            Self::Node(_) => 1,
            Self::Rel(_) => 2,
            Self::List(_) | Self::Bag(_) => 3,
            Self::Path(..) => 4,
            Self::Point(..) => 5,
            Self::Date(_) => 6,
            Self::Str(_) => 7,
            Self::Bool(_) => 8,
            Self::Int(_) | Self::Float(_) => 9,
            Self::Null => 10,
        }
    }

    /// Writes it as results are compared: floats to twelve digits, lists in order unless `sorted`.
    pub(super) fn text(&self, sorted: bool) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(b) => b.to_string(),
            Self::Int(n) => n.to_string(),
            Self::Float(x) if *x == 0.0 => "0.0".into(),
            Self::Float(x) => format!("{x:.11e}"),
            Self::Str(s) => format!("{s:?}"),
            Self::Date(days) => date_text(*days),
            Self::Point(x, y) => format!("point({x:?} {y:?})"),
            Self::List(items) | Self::Bag(items) => {
                let mut items: Vec<String> = items.iter().map(|item| item.text(sorted)).collect();
                if sorted {
                    items.sort();
                }
                format!("[{}]", items.join(", "))
            }
            Self::Map(map) => {
                let entries: Vec<String> = map.iter().map(|(key, v)| format!("{key}: {}", v.text(sorted))).collect();
                format!("{{{}}}", entries.join(", "))
            }
            Self::Node(n) => format!("({n})"),
            Self::Rel(r) => format!("[{r}]"),
            Self::Path(nodes, rels) => format!("<{nodes:?} {rels:?}>"),
        }
    }

    /// Writes it as KGQL; nodes, relationships and paths have no such text.
    pub(super) fn literal(&self) -> String {
        match self {
            Self::Float(x) => format!("{x:?}"),
            Self::Str(s) => format!("'{s}'"),
            Self::Date(days) => format!("date('{}')", date_text(*days)),
            Self::Point(x, y) => format!("point({{x: {x:?}, y: {y:?}}})"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::literal).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(map) => {
                let mut text = String::from("{");
                for (at, (key, value)) in map.iter().enumerate() {
                    let _ = write!(text, "{}{key}: {}", if at > 0 { ", " } else { "" }, value.literal());
                }
                text + "}"
            }
            other => other.text(false),
        }
    }
}

/// Returns the parameters `$p0`, `$p1`, ... of every query.
pub(super) fn params() -> [V; 7] {
    let ints = V::List(vec![V::Int(2), V::Int(0), V::Int(1)]);
    let list = V::List(vec![V::Int(1), V::Null, V::str("a")]);
    [V::Int(1), V::str("ab"), V::Null, V::Float(0.5), V::Bool(true), ints, list]
}

/// Returns year, month and day of a date, found by counting.
pub(super) fn ymd(days: i64) -> (i64, i64, i64) {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut left) = (1970, days);
    while left < 0 {
        year -= 1;
        left += if is_leap(year) { 366 } else { 365 };
    }
    while left >= if is_leap(year) { 366 } else { 365 } {
        left -= if is_leap(year) { 366 } else { 365 };
        year += 1;
    }
    let mut month = 1;
    for length in [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left + 1)
}

pub(super) fn date_text(days: i64) -> String {
    let (year, month, day) = ymd(days);
    format!("{year:04}-{month:02}-{day:02}")
}

fn all<'v>(pairs: impl Iterator<Item = (&'v V, &'v V)>) -> Option<bool> {
    let mut known = true;
    for (a, b) in pairs {
        match a.equals(b) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

fn by_items(a: &[V], b: &[V]) -> Ordering {
    let first = a.iter().zip(b).map(|(x, y)| x.order(y)).find(|o| o.is_ne());
    first.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// Compares numbers exactly, by way of 128-bit integers where both are whole.
fn numbers(a: &V, b: &V) -> Option<Ordering> {
    let whole = |v: &V| match v {
        V::Int(n) => Some(i128::from(*n)),
        V::Float(x) if x.fract() == 0.0 && x.abs() < 1e30 => Some(*x as i128),
        _ => None,
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.number()?.partial_cmp(&b.number()?),
    }
}

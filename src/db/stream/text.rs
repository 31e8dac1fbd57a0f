//! Strings and values as the stream spells them, in both directions.

use std::{borrow::Cow, io::Write};

use crate::{
    Value,
    graph::ValueRef,
    model::{Crs, Date, Point, temporal::Temporal},
};

/// Bytes of a text that an error shows.
const SHOWN_BYTES: usize = 40;

/// Appends a string in quotes.
pub(super) fn write_string(text: &str, line: &mut Vec<u8>) {
    line.push(b'"');
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        line.extend_from_slice(&bytes[from..at]);
        from = at + 1;
        match byte {
            b'"' => line.extend_from_slice(b"\\\""),
            b'\\' => line.extend_from_slice(b"\\\\"),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            b'\t' => line.extend_from_slice(b"\\t"),
            other => put(line, format_args!("\\u{other:04x}")),
        }
    }
    line.extend_from_slice(&bytes[from..]);
    line.push(b'"');
}

/// Appends anything that has a text.
pub(super) fn put(line: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    line.write_fmt(text).expect("memory takes every byte");
}

/// Appends a stored value.
pub(super) fn write_ref(value: &ValueRef<'_>, line: &mut Vec<u8>) {
    match value {
        ValueRef::Null => line.extend_from_slice(b"null"),
        ValueRef::Bool(value) => put(line, format_args!("{value}")),
        ValueRef::Int(number) => put(line, format_args!("{number}")),
        ValueRef::Float(number) => write_float(*number, line),
        ValueRef::Str(text) => write_string(text, line),
        ValueRef::Date(date) => write_date(*date, line),
        ValueRef::Mixed(value) => write_value(value, line),
    }
}

fn write_value(value: &Value, line: &mut Vec<u8>) {
    match value {
        Value::Bool(value) => put(line, format_args!("{value}")),
        Value::Int(number) => put(line, format_args!("{number}")),
        Value::Float(number) => write_float(*number, line),
        Value::String(text) => write_string(text, line),
        Value::Date(date) => write_date(*date, line),
        Value::Temporal(temporal) => write_temporal(temporal, line),
        Value::Point(point) => write_point(point, line),
        Value::List(items) => {
            line.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    line.push(b',');
                }
                write_value(item, line);
            }
            line.push(b']');
        }
        // No property holds any of these.
        Value::Null | Value::Map(_) | Value::Node(_) | Value::Relationship(_) | Value::Path(_) => {
            line.extend_from_slice(b"null");
        }
    }
}

/// What marks a time, a moment or a duration, and how many numbers each has, in the order of the kinds.
const TEMPORALS: [(&str, usize); 5] = [
    ("{\"$time\":[", 2),
    ("{\"$localtime\":[", 1),
    ("{\"$localdatetime\":[", 2),
    ("{\"$datetime\":[", 3),
    ("{\"$duration\":[", 4),
];

/// Appends the numbers of a time, a moment or a duration, and its zone where it has a name.
fn write_temporal(temporal: &Temporal, line: &mut Vec<u8>) {
    let (kind, numbers, zone) = temporal.to_numbers();
    let (mark, n_numbers) = TEMPORALS[usize::from(kind)];
    line.extend_from_slice(mark.as_bytes());
    for (at, number) in numbers[..n_numbers].iter().enumerate() {
        put(line, format_args!("{}{number}", if at > 0 { "," } else { "" }));
    }
    if let Some(zone) = zone {
        line.push(b',');
        write_string(zone, line);
    }
    line.extend_from_slice(b"]}");
}

/// Appends the number of a point's system and its coordinates.
fn write_point(point: &Point, line: &mut Vec<u8>) {
    put(line, format_args!("{{\"$point\":[{}", point.crs().srid()));
    for x in point.coordinates() {
        put(line, format_args!(",{x:?}"));
    }
    line.extend_from_slice(b"]}");
}

/// Appends the shortest text that reads back as the same number; the bits of what is none.
fn write_float(number: f64, line: &mut Vec<u8>) {
    if number.is_finite() {
        put(line, format_args!("{number:?}"));
    } else {
        put(line, format_args!("{{\"$float\":\"{:016x}\"}}", number.to_bits()));
    }
}

fn write_date(date: Date, line: &mut Vec<u8>) {
    if (0..=9999).contains(&date.ymd().0) {
        put(line, format_args!("{{\"$date\":\"{date}\"}}"));
    } else {
        put(line, format_args!("{{\"$date\":{}}}", date.days()));
    }
}

/// Why a text is not what it should be.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) expected: &'static str,
    pub(super) got: String,
}

/// Reads a line from left to right.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// How many values may be read yet: each takes more memory than text.
    n_values_left: u64,
}

impl<'a> Scanner<'a> {
    /// Returns the scanner of a line that may hold so many values.
    pub(super) fn new(text: &'a str, n_values_max: u64) -> Self {
        Self { text, at: 0, n_values_left: n_values_max }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Returns that something else should be here.
    pub(super) fn fault<T>(&self, expected: &'static str) -> Result<T, Fault> {
        let mut end = self.rest().len().min(SHOWN_BYTES);
        while !self.rest().is_char_boundary(end) {
            end -= 1;
        }
        let shown = &self.rest()[..end];
        let got = if shown.is_empty() { "the end of the line".to_owned() } else { format!("`{shown}`") };
        Err(Fault { expected, got })
    }

    /// Passes over a text where it stands here; returns whether it does.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let is_here = self.rest().starts_with(text);
        self.at += if is_here { text.len() } else { 0 };
        is_here
    }

    /// Passes over a text that must stand here.
    pub(super) fn expect(&mut self, text: &'static str) -> Result<(), Fault> {
        if self.take(text) { Ok(()) } else { self.fault(text) }
    }

    /// Checks that the line ends here.
    pub(super) fn end(&self) -> Result<(), Fault> {
        if self.rest().is_empty() { Ok(()) } else { self.fault("the end of the line") }
    }

    /// Reads a number without a sign.
    pub(super) fn number<T: std::str::FromStr>(&mut self) -> Result<T, Fault> {
        let digits = self.while_in(|byte| byte.is_ascii_digit());
        digits.parse().or_else(|_| {
            self.at -= digits.len();
            self.fault("a number that fits")
        })
    }

    /// Reads 16 hexadecimal digits in quotes.
    pub(super) fn bits(&mut self) -> Result<u64, Fault> {
        self.expect("\"")?;
        let digits = self.while_in(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match u64::from_str_radix(digits, 16) {
            Ok(bits) if digits.len() == 16 => self.expect("\"").map(|()| bits),
            _ => {
                self.at -= digits.len();
                self.fault("16 hexadecimal digits")
            }
        }
    }

    fn while_in(&mut self, is_in: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let n = rest.bytes().take_while(|byte| is_in(*byte)).count();
        self.at += n;
        &rest[..n]
    }

    /// Reads a string in quotes.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.expect("\"")?;
        let mut owned = String::new();
        loop {
            let plain = self.while_in(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
            if self.take("\"") {
                if owned.is_empty() {
                    return Ok(Cow::Borrowed(plain));
                }
                owned.push_str(plain);
                return Ok(Cow::Owned(owned));
            }
            owned.push_str(plain);
            self.expect("\\")?;
            owned.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Result<char, Fault> {
        let (escape, c) = match self.rest().bytes().next() {
            Some(b'"') => (1, '"'),
            Some(b'\\') => (1, '\\'),
            Some(b'/') => (1, '/'),
            Some(b'n') => (1, '\n'),
            Some(b'r') => (1, '\r'),
            Some(b't') => (1, '\t'),
            Some(b'b') => (1, '\u{8}'),
            Some(b'f') => (1, '\u{c}'),
            Some(b'u') => {
                let digits = self.rest().get(1..5).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
                // Characters beyond 16 bits are never escaped.
                let c = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
                match c {
                    Some(c) => (5, c),
                    None => return self.fault("an escaped character"),
                }
            }
            _ => return self.fault("an escaped character"),
        };
        self.at += escape;
        Ok(c)
    }

    /// Reads a value.
    pub(super) fn value(&mut self) -> Result<Value, Fault> {
        if !self.take("[") {
            return self.scalar();
        }
        let mut items = Vec::new();
        if !self.take("]") {
            loop {
                items.push(self.scalar()?);
                if self.take("]") {
                    break;
                }
                self.expect(",")?;
            }
        }
        Ok(Value::list(items))
    }

    fn scalar(&mut self) -> Result<Value, Fault> {
        match self.n_values_left.checked_sub(1) {
            Some(left) => self.n_values_left = left,
            None => return self.fault("fewer values on a line, for the memory there may be"),
        }
        match self.rest().bytes().next() {
            Some(b'"') => Ok(match self.string()? {
                Cow::Borrowed(text) => Value::from(text),
                Cow::Owned(text) => Value::from(text),
            }),
            Some(b'-' | b'0'..=b'9') => self.signed(),
            Some(b't') => self.expect("true").map(|()| Value::Bool(true)),
            Some(b'f') => self.expect("false").map(|()| Value::Bool(false)),
            Some(b'{') => self.tagged(),
            Some(b'[') => self.fault("a value, or a list of values that are none"),
            _ => self.fault("a value"),
        }
    }

    fn signed(&mut self) -> Result<Value, Fault> {
        let text = self.while_in(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'));
        let value = if text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
        } else {
            text.parse().ok().map(Value::Int)
        };
        value.map_or_else(
            || {
                self.at -= text.len();
                self.fault("a number of 64 bits")
            },
            Ok,
        )
    }

    /// Reads a number of single precision.
    pub(super) fn single(&mut self) -> Result<f32, Fault> {
        let text = self.while_in(|byte| matches!(byte, b'-' | b'.' | b'e' | b'0'..=b'9'));
        text.parse().or_else(|_| {
            self.at -= text.len();
            self.fault("a number of 32 bits")
        })
    }

    fn tagged(&mut self) -> Result<Value, Fault> {
        let value = if self.take("{\"$float\":") {
            let number = f64::from_bits(self.bits()?);
            if number.is_finite() {
                return self.fault("a number that is infinite or none before this");
            }
            Value::Float(number)
        } else if self.take("{\"$date\":\"") {
            let Some(date) = self.rest().as_bytes().get(..10).and_then(Date::parse) else {
                return self.fault("a date");
            };
            self.at += 10;
            self.expect("\"")?;
            Value::Date(date)
        } else if self.take("{\"$date\":") {
            let days = self.while_in(|byte| matches!(byte, b'-' | b'0'..=b'9'));
            let Ok(days) = days.parse() else { return self.fault("days of 32 bits before this") };
            Value::Date(Date::from_days(days))
        } else if self.take("{\"$point\":[") {
            self.point()?
        } else if let Some(kind) = TEMPORALS.iter().position(|(mark, _)| self.take(mark)) {
            self.temporal(kind)?
        } else {
            return self.fault("{\"$float\":, {\"$date\":, {\"$point\": or the mark of a time");
        };
        self.expect("}").map(|()| value)
    }

    fn point(&mut self) -> Result<Value, Fault> {
        let Some(crs) = Crs::of_srid(self.number()?) else {
            return self.fault("the number of a coordinate reference system before this");
        };
        let mut coordinates = [0.0; 3];
        for x in &mut coordinates[..crs.n_dimensions()] {
            self.expect(",")?;
            let digits = self.while_in(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'0'..=b'9'));
            let Ok(number) = digits.parse() else { return self.fault("a number of 64 bits before this") };
            *x = number;
        }
        let Ok(point) = Point::new(crs, &coordinates[..crs.n_dimensions()]) else {
            return self.fault("a point before this");
        };
        self.expect("]").map(|()| point.into())
    }

    fn temporal(&mut self, kind: usize) -> Result<Value, Fault> {
        let mut numbers = [0; 4];
        for (at, number) in numbers[..TEMPORALS[kind].1].iter_mut().enumerate() {
            if at > 0 {
                self.expect(",")?;
            }
            let digits = self.while_in(|byte| matches!(byte, b'-' | b'0'..=b'9'));
            let Ok(parsed) = digits.parse() else { return self.fault("a number of 64 bits before this") };
            *number = parsed;
        }
        let zone = if self.take(",") { Some(self.string()?) } else { None };
        let temporal = Temporal::from_numbers(kind as u8, numbers, zone.as_deref());
        let Some(temporal) = temporal else { return self.fault("a time, a moment or a duration before this") };
        self.expect("]").map(|()| temporal.into())
    }
}

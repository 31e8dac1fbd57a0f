//! The functions of the language: their names, how many arguments they take, and (in the files beside) what they do.
//!
//! Names are found without regard to case. A function here is pure: it sees its arguments and, for those that read an
//! entity (`labels`, `type`, `keys`, `properties`, `startNode`...), the snapshot.

mod coll;
mod convert;
mod entity;
mod list;
mod number;
mod scene;
mod spatial;
mod string;
mod temporal;
mod validity;
mod vector;

use super::value_type::TypeTest;
use crate::{Result, error::QueryError, model::Value};

pub(crate) use entity::property_map;
pub(crate) use list::Range;
pub(crate) use scene::{Clock, Gone, Scene};
pub(crate) use spatial::part as point_part;
pub(crate) use temporal::{arithmetic as temporal_arithmetic, part as temporal_part};

macro_rules! functions {
    ($($variant:ident $name:literal $min:literal ..= $max:literal),* $(,)?) => {
        /// A scalar or list function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Function {
            $(
                #[doc = concat!("`", $name, "()`")]
                $variant,
            )*
        }

        impl Function {
            /// Every function with its name as documented, and the least and most arguments it takes.
            pub(crate) const ALL: &[(Self, &'static str, usize, usize)] = &[$((Self::$variant, $name, $min, $max)),*];
        }
    };
}

/// So many arguments as one likes.
const ANY: usize = 255;

functions! {
    // Entities.
    Id "id" 1..=1, ElementId "elementId" 1..=1, Labels "labels" 1..=1, Type "type" 1..=1, Keys "keys" 1..=1,
    Properties "properties" 1..=1, StartNode "startNode" 1..=1, EndNode "endNode" 1..=1, Degree "degree" 1..=1,
    Salience "salience" 1..=1,
    // Paths and lists.
    Nodes "nodes" 1..=1, Relationships "relationships" 1..=1, Length "length" 1..=1, Size "size" 1..=1, Head "head" 1..=1,
    Last "last" 1..=1, Tail "tail" 1..=1, Range "range" 2..=3, Reverse "reverse" 1..=1, IsEmpty "isEmpty" 1..=1,
    // Anything.
    Coalesce "coalesce" 1..=255, Exists "exists" 1..=1, NullIf "nullIf" 2..=2, ValueType "valueType" 1..=1,
    // Conversion.
    ToBoolean "toBoolean" 1..=1, ToInteger "toInteger" 1..=1, ToFloat "toFloat" 1..=1, ToString "toString" 1..=1,
    ToBooleanOrNull "toBooleanOrNull" 1..=1, ToIntegerOrNull "toIntegerOrNull" 1..=1, ToFloatOrNull "toFloatOrNull" 1..=1,
    ToStringOrNull "toStringOrNull" 1..=1,
    // Strings.
    ToLower "toLower" 1..=1, ToUpper "toUpper" 1..=1, Lower "lower" 1..=1, Upper "upper" 1..=1, Trim "trim" 1..=1,
    LTrim "lTrim" 1..=2, RTrim "rTrim" 1..=2, BTrim "btrim" 1..=2, Replace "replace" 3..=4, Split "split" 2..=2,
    Substring "substring" 2..=3, Left "left" 2..=2, Right "right" 2..=2, CharLength "char_length" 1..=1,
    CharacterLength "character_length" 1..=1,
    // Numbers.
    Abs "abs" 1..=1, Ceil "ceil" 1..=1, Floor "floor" 1..=1, Round "round" 1..=3, Sign "sign" 1..=1, Sqrt "sqrt" 1..=1,
    Exp "exp" 1..=1, Log "log" 1..=1, Log10 "log10" 1..=1, E "e" 0..=0, Pi "pi" 0..=0, Sin "sin" 1..=1, Cos "cos" 1..=1,
    Tan "tan" 1..=1, Cot "cot" 1..=1, Asin "asin" 1..=1, Acos "acos" 1..=1, Atan "atan" 1..=1, Atan2 "atan2" 2..=2,
    Degrees "degrees" 1..=1, Radians "radians" 1..=1, Haversin "haversin" 1..=1, Rand "rand" 0..=0, IsNan "isNaN" 1..=1,
    Timestamp "timestamp" 0..=0,
    Sinh "sinh" 1..=1, Cosh "cosh" 1..=1, Tanh "tanh" 1..=1, Coth "coth" 1..=1, Power "power" 2..=2,
    // Conversion of each item of a list.
    ToBooleanList "toBooleanList" 1..=1, ToIntegerList "toIntegerList" 1..=1, ToFloatList "toFloatList" 1..=1,
    ToStringList "toStringList" 1..=1,
    // Others.
    ByteLength "byte_length" 1..=1, RandomUuid "randomUUID" 0..=0,
    Cardinality "cardinality" 1..=1, Mod "mod" 2..=2, Normalize "normalize" 1..=2,
    StringIndexOf "string.indexOf" 2..=2, StringJoin "string.join" 2..=2,
    // Lists.
    CollDistinct "coll.distinct" 1..=1, CollFlatten "coll.flatten" 1..=2, CollIndexOf "coll.indexOf" 2..=2,
    CollInsert "coll.insert" 3..=3, CollMax "coll.max" 1..=1, CollMin "coll.min" 1..=1, CollRemove "coll.remove" 2..=2,
    CollSort "coll.sort" 1..=1,
    // Vectors.
    VectorCosine "vector.similarity.cosine" 2..=2, VectorEuclidean "vector.similarity.euclidean" 2..=2,
    // Operators.
    Concat "||" 2..=2, IsNormalized "IS NORMALIZED" 2..=2, Holds "HOLDS AT" 3..=3,
    // Time.
    Date "date" 0..=1, Time "time" 0..=1, LocalTime "localtime" 0..=1, LocalDateTime "localdatetime" 0..=1,
    DateTime "datetime" 0..=1, Duration "duration" 1..=1, DateTruncate "date.truncate" 2..=3,
    TimeTruncate "time.truncate" 2..=3, LocalTimeTruncate "localtime.truncate" 2..=3,
    LocalDateTimeTruncate "localdatetime.truncate" 2..=3, DateTimeTruncate "datetime.truncate" 2..=3,
    DateTransaction "date.transaction" 0..=1, DateStatement "date.statement" 0..=1, DateRealtime "date.realtime" 0..=1,
    TimeTransaction "time.transaction" 0..=1, TimeStatement "time.statement" 0..=1, TimeRealtime "time.realtime" 0..=1,
    LocalTimeTransaction "localtime.transaction" 0..=1, LocalTimeStatement "localtime.statement" 0..=1,
    LocalTimeRealtime "localtime.realtime" 0..=1, LocalDateTimeTransaction "localdatetime.transaction" 0..=1,
    LocalDateTimeStatement "localdatetime.statement" 0..=1, LocalDateTimeRealtime "localdatetime.realtime" 0..=1,
    DateTimeTransaction "datetime.transaction" 0..=1, DateTimeStatement "datetime.statement" 0..=1,
    DateTimeRealtime "datetime.realtime" 0..=1, DateTimeFromEpoch "datetime.fromepoch" 1..=2,
    DateTimeFromEpochMillis "datetime.fromepochmillis" 1..=1, DurationBetween "duration.between" 2..=2,
    DurationInMonths "duration.inMonths" 2..=2, DurationInDays "duration.inDays" 2..=2,
    DurationInSeconds "duration.inSeconds" 2..=2,
    // Space.
    Point "point" 1..=1, PointDistance "point.distance" 2..=2, PointWithinBBox "point.withinBBox" 3..=3,
}

/// Other names, as GQL has them.
const ALIASES: &[(&str, Function)] = &[
    ("ceiling", Function::Ceil),
    ("duration_between", Function::DurationBetween),
    ("element_id", Function::ElementId),
    ("ln", Function::Log),
    ("local_datetime", Function::LocalDateTime),
    ("local_time", Function::LocalTime),
    ("octet_length", Function::ByteLength),
    ("path_length", Function::Length),
    ("zoned_datetime", Function::DateTime),
    ("zoned_time", Function::Time),
];

/// The name of the function that `IS NFC NORMALIZED` calls.
pub(crate) const NORMALIZED: &str = "IS NORMALIZED";

impl Function {
    /// Returns the function of this name, without regard to case.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let known = Self::ALL.iter().map(|(function, known, ..)| (*known, *function));
        known.chain(ALIASES.iter().copied()).find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, found)| found)
    }

    /// Returns the name as documented.
    pub(crate) fn name(self) -> &'static str {
        self.entry().1
    }

    /// Returns the least and the most arguments it takes.
    pub(crate) fn arity(self) -> (usize, usize) {
        let (_, _, min, max) = self.entry();
        (min, if max == ANY { usize::MAX } else { max })
    }

    fn entry(self) -> (Self, &'static str, usize, usize) {
        Self::ALL[self as usize]
    }
}

/// An aggregating function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregator {
    /// `count(x)`, and `count(*)` when it has no argument.
    Count,
    /// `sum(x)`.
    Sum,
    /// `avg(x)`.
    Avg,
    /// `min(x)`.
    Min,
    /// `max(x)`.
    Max,
    /// `collect(x)`.
    Collect,
    /// `stDev(x)`, of a sample.
    StDev,
    /// `stDevP(x)`, of a population.
    StDevP,
    /// `percentileCont(x, p)`.
    PercentileCont,
    /// `percentileDisc(x, p)`.
    PercentileDisc,
    /// `attended(x, 'space')`: what a group of `ATTEND` saw.
    Attended,
}

impl Aggregator {
    /// Every aggregating function with its name as documented.
    pub(crate) const ALL: &[(Self, &'static str)] = &[
        (Self::Count, "count"),
        (Self::Sum, "sum"),
        (Self::Avg, "avg"),
        (Self::Min, "min"),
        (Self::Max, "max"),
        (Self::Collect, "collect"),
        (Self::StDev, "stDev"),
        (Self::StDevP, "stDevP"),
        (Self::PercentileCont, "percentileCont"),
        (Self::PercentileDisc, "percentileDisc"),
        (Self::Attended, "attended"),
    ];

    /// Other names, as GQL has them.
    const ALIASES: &[(&str, Self)] = &[
        ("collect_list", Self::Collect),
        ("percentile_cont", Self::PercentileCont),
        ("percentile_disc", Self::PercentileDisc),
        ("stddev_pop", Self::StDevP),
        ("stddev_samp", Self::StDev),
        ("stdev_pop", Self::StDevP),
        ("stdev_samp", Self::StDev),
    ];

    /// Returns the aggregating function of this name, without regard to case.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let known = Self::ALL.iter().map(|(function, known)| (*known, *function));
        known
            .chain(Self::ALIASES.iter().copied())
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, found)| found)
    }

    /// Returns the name as documented.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Returns the least and the most arguments it takes.
    pub(crate) fn arity(self) -> (usize, usize) {
        match self {
            Self::PercentileCont | Self::PercentileDisc | Self::Attended => (2, 2),
            _ => (1, 1),
        }
    }
}

/// Returns what a function gives for these arguments.
///
/// # Errors
/// A query error where an argument is of a wrong type or out of range.
pub(crate) fn call(function: Function, args: &[Value], scene: &Scene<'_>) -> Result<Value> {
    use Function as F;
    match function {
        F::Coalesce => return Ok(args.iter().find(|v| !v.is_null()).cloned().unwrap_or_default()),
        F::Exists => return Ok(Value::Bool(!args[0].is_null())),
        F::NullIf => return Ok(if args[0].equals(&args[1]) == Some(true) { Value::Null } else { args[0].clone() }),
        F::ValueType => return Ok(TypeTest::of(&args[0]).to_string().into()),
        // An item may be null.
        F::CollInsert if !args[0].is_null() && !args[1].is_null() => return coll::call(function, args),
        F::Holds => return Ok(Value::Bool(validity::holds(&args[0], &args[1], &args[2], scene))),
        F::IsNormalized => return Ok(string::is_normalized(&args[0], &args[1])),
        F::ToBooleanOrNull | F::ToIntegerOrNull | F::ToFloatOrNull | F::ToStringOrNull => {
            return Ok(convert::or_null(function, &args[0]));
        }
        F::Range => return list::range(args),
        F::E => return Ok(Value::Float(std::f64::consts::E)),
        F::Pi => return Ok(Value::Float(std::f64::consts::PI)),
        F::Rand => return Ok(Value::Float(scene.random())),
        F::Timestamp => return Ok(Value::Int(scene.now_ms())),
        F::RandomUuid => return Ok(scene.random_uuid().into()),
        _ => {}
    }
    if args.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    match function {
        F::Id
        | F::ElementId
        | F::Labels
        | F::Type
        | F::Keys
        | F::Properties
        | F::StartNode
        | F::EndNode
        | F::Degree
        | F::Salience => entity::call(function, &args[0], scene),
        F::CollDistinct
        | F::CollFlatten
        | F::CollIndexOf
        | F::CollInsert
        | F::CollMax
        | F::CollMin
        | F::CollRemove
        | F::CollSort => coll::call(function, args),
        F::VectorCosine | F::VectorEuclidean => vector::call(function, args),
        F::StringJoin => string::join(&args[0], &args[1]),
        F::Cardinality => list::cardinality(&args[0]),
        F::Nodes | F::Relationships | F::Length | F::Size | F::Head | F::Last | F::Tail | F::Reverse | F::IsEmpty => {
            list::call(function, &args[0])
        }
        F::ToBoolean | F::ToInteger | F::ToFloat | F::ToString => convert::call(function, &args[0]),
        F::Concat => list::concat(&args[0], &args[1]),
        F::ToBooleanList | F::ToIntegerList | F::ToFloatList | F::ToStringList => convert::each(function, &args[0]),
        F::ToLower
        | F::ToUpper
        | F::Lower
        | F::Upper
        | F::Trim
        | F::LTrim
        | F::RTrim
        | F::BTrim
        | F::Replace
        | F::Split
        | F::Substring
        | F::Left
        | F::Right
        | F::CharLength
        | F::CharacterLength
        | F::Normalize
        | F::StringIndexOf
        | F::ByteLength => string::call(function, args),
        F::Point | F::PointDistance | F::PointWithinBBox => spatial::call(function, args),
        _ if function.is_of_time() => temporal::call(function, args, scene),
        _ => number::call(function, args),
    }
}

/// Returns about how many bytes the result will take where that is more than a handful: asked before the call, so that a
/// result that is too large is never made.
pub(crate) fn made_bytes(function: Function, args: &[Value]) -> usize {
    use Function as F;
    let item = size_of::<Value>();
    match (function, args) {
        (F::Range, _) => {
            Range::new(args).map_or(0, |range| usize::try_from(range.len()).unwrap_or(usize::MAX)).saturating_mul(item)
        }
        (F::Concat, [Value::String(a), Value::String(b)]) => a.len() + b.len(),
        (F::Concat, [Value::List(a), Value::List(b)]) => (a.len() + b.len()).saturating_mul(item),
        (F::Replace, [Value::String(text), Value::String(from), Value::String(to), ..]) => {
            string::replaced_bytes(text, from, to)
        }
        // A piece is an item, and a string of its own.
        (F::Split, [Value::String(text), by]) => text.len() + string::n_pieces(text, by).saturating_mul(item + 32),
        (
            F::ToLower
            | F::ToUpper
            | F::Lower
            | F::Upper
            | F::Trim
            | F::LTrim
            | F::RTrim
            | F::BTrim
            | F::Substring
            | F::Left
            | F::Right
            | F::Reverse,
            [Value::String(text), ..],
        ) => text.len(),
        // A character becomes 18 at most.
        (F::Normalize, [Value::String(text), ..]) => text.len().saturating_mul(18),
        (F::StringJoin, [Value::List(items), Value::String(between)]) => {
            let text = |item: &Value| item.as_str().map_or(0, str::len) + between.len();
            items.iter().map(text).fold(0, usize::saturating_add)
        }
        (F::CollFlatten, [Value::List(items), ..]) => coll::n_flat(items).saturating_mul(item),
        (F::CollDistinct | F::CollSort | F::CollInsert | F::CollRemove, [Value::List(items), ..]) => {
            // Beside the list a copy, or a table of what was seen.
            items.len().saturating_add(1).saturating_mul(3 * item)
        }
        (F::ToStringList, [Value::List(items)]) => items.len().saturating_mul(item + 32),
        (F::Reverse | F::Tail | F::ToBooleanList | F::ToIntegerList | F::ToFloatList, [Value::List(items)]) => {
            items.len().saturating_mul(item)
        }
        (F::Nodes | F::Relationships, [Value::Path(path)]) => path.nodes.len() * item,
        _ => 0,
    }
}

/// Returns the error of an argument of a wrong type.
fn wrong_type(function: Function, value: &Value, wanted: &str) -> QueryError {
    let message = format!("{}() takes {wanted}, not {} `{value}`", function.name(), value.kind());
    QueryError::type_error("InvalidArgumentValue", message)
}

/// Returns the error of an argument that is out of range.
fn out_of_range(function: Function, message: impl std::fmt::Display) -> QueryError {
    QueryError::run("22003", "ArgumentError", "NumberOutOfRange", format!("{}(): {message}", function.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(Function::find("TOLOWER"), Some(Function::ToLower));
        assert_eq!(Function::ToLower.name(), "toLower");
        assert_eq!(Function::Coalesce.arity(), (1, usize::MAX));
        assert_eq!(Aggregator::find("COUNT").map(Aggregator::name), Some("count"));
        assert_eq!(Aggregator::PercentileDisc.name(), "percentileDisc");
    }
}

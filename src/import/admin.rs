//! Headers as `neo4j-admin import` reads them: `id:ID(City),name,age:int,tags:string[],:LABEL`.
//!
//! | header | meaning |
//! |---|---|
//! | `id:ID(City)` | the key, property `id` (or the name before the colon), unique among the nodes of the label `City` |
//! | `:START_ID(City)`, `:END_ID(City)` | the keys of a relationship's ends, among the nodes of the label `City` |
//! | `:LABEL` | labels, `;` between them |
//! | `:TYPE` | the relationship's type |
//! | `:IGNORE` | not read |
//! | `age:int` | a property of this type; `string[]` and other lists have `;` between their items |
//!
//! An id space is a label here, since a label with a unique property is what finds nodes. A header counts as one of these
//! where a column has one of the words in capitals, or every column has a type. Points, and times for which the header gives
//! a zone other than UTC, are read as the text they are.

use std::sync::Arc;

use super::options::ColumnType;
use crate::model::temporal::TemporalKind;

/// What a column is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// A property.
    Property,
    /// The key of nodes, in an id space.
    Id(Option<Arc<str>>),
    /// The key of a relationship's start, in an id space.
    Start(Option<Arc<str>>),
    /// The key of a relationship's end, in an id space.
    End(Option<Arc<str>>),
    /// The labels of a node.
    Labels,
    /// The type of a relationship.
    Type,
    /// Nothing.
    Ignore,
}

/// A column of such a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// The property's name; for what is none, the header's word.
    pub(super) name: Arc<str>,
    /// What it is for.
    pub(super) role: Role,
    /// Its type, where the header says one.
    pub(super) column_type: Option<ColumnType>,
}

/// The name of a key that has none.
const KEY: &str = "id";

/// Returns what the columns of a header are; `None` where it is a list of plain names.
///
/// # Errors
/// The column, from 0, and what is wrong with it.
pub(super) fn fields(names: &[Arc<str>]) -> Option<Result<Vec<Field>, (usize, String)>> {
    let parsed: Vec<_> = names.iter().map(|name| field(name)).collect();
    let has_word = parsed.iter().flatten().any(|field| field.role != Role::Property);
    let all_typed = !parsed.is_empty() && parsed.iter().all(Option::is_some);
    if !has_word && !all_typed {
        return None;
    }
    let plain = |name: &Arc<str>| Field { name: name.clone(), role: Role::Property, column_type: None };
    let fields = parsed.into_iter().zip(names).map(|(field, name)| field.unwrap_or_else(|| plain(name)));
    Some(check(fields.collect()))
}

/// Checks that the columns together are nodes or relationships.
fn check(fields: Vec<Field>) -> Result<Vec<Field>, (usize, String)> {
    let place = |is: fn(&Role) -> bool| fields.iter().position(|field| is(&field.role));
    let start = place(|role| matches!(role, Role::Start(_)));
    let end = place(|role| matches!(role, Role::End(_)));
    match (start, end) {
        (Some(at), None) => return Err((at, ":START_ID needs an :END_ID in the header".to_owned())),
        (None, Some(at)) => return Err((at, ":END_ID needs a :START_ID in the header".to_owned())),
        _ => {}
    }
    let is_rels = start.is_some();
    for (at, field) in fields.iter().enumerate() {
        let misplaced = match field.role {
            Role::Labels if is_rels => Some(":LABEL is for nodes, but the header has :START_ID"),
            Role::Id(_) if is_rels => Some(":ID is for nodes, but the header has :START_ID"),
            Role::Type if !is_rels => Some(":TYPE is for relationships, but the header has no :START_ID"),
            _ => None,
        };
        if let Some(reason) = misplaced {
            return Err((at, reason.to_owned()));
        }
        let is_same = |other: &Field| match (&other.role, &field.role) {
            (Role::Ignore, _) | (_, Role::Ignore) => false,
            _ => other.name == field.name,
        };
        if fields[..at].iter().any(is_same) {
            return Err((at, format!("column {:?} is named twice", field.name)));
        }
    }
    Ok(fields)
}

/// Returns what a name with a known ending says.
fn field(header: &str) -> Option<Field> {
    // What stands in braces says how dates and numbers are written, and how ids are kept.
    let (header, options) = match header.split_once('{') {
        Some((header, options)) => (header, options.strip_suffix('}')?),
        None => (header, ""),
    };
    let (name, word) = header.rsplit_once(':')?;
    let (word, space) = match word.split_once('(') {
        Some((word, space)) => (word, Some(Arc::from(space.strip_suffix(')')?))),
        None => (word, None),
    };
    let space = space.filter(|space: &Arc<str>| !space.is_empty());
    let special = |role, column_type| Some(Field { name: format!(":{word}").into(), role, column_type });
    match word {
        "ID" => {
            let name = if name.is_empty() { KEY } else { name };
            Some(Field { name: name.into(), role: Role::Id(space), column_type: id_type(options) })
        }
        // Compared as text and as a number, whatever the node's file was found to hold.
        "START_ID" => special(Role::Start(space), Some(ColumnType::String)),
        "END_ID" => special(Role::End(space), Some(ColumnType::String)),
        "LABEL" => special(Role::Labels, Some(ColumnType::String)),
        "TYPE" => special(Role::Type, Some(ColumnType::String)),
        "IGNORE" => special(Role::Ignore, None),
        _ if name.is_empty() || space.is_some() => None,
        _ => {
            let column_type = match word.strip_suffix("[]") {
                // These say of values what they do not say themselves.
                _ if has_foreign_zone(options) || options.contains("crs") => ColumnType::String,
                Some(item) => ColumnType::ListOf(scalar(item)?),
                None => *scalar(word)?,
            };
            Some(Field { name: name.into(), role: Role::Property, column_type: Some(column_type) })
        }
    }
}

fn id_type(options: &str) -> Option<ColumnType> {
    let (_, kept) = options.split_once("id-type")?;
    match kept.trim_start_matches([':', ' ']).split([',', ' ']).next()? {
        "int" | "integer" | "long" => Some(ColumnType::Integer),
        "string" => Some(ColumnType::String),
        _ => None,
    }
}

/// Returns whether times without a zone are said to be in one that is not ours.
fn has_foreign_zone(options: &str) -> bool {
    let Some((_, zone)) = options.split_once("timezone") else { return false };
    let zone = zone.trim_start_matches([':', ' ']).split([',', ' ']).next().unwrap_or_default();
    !["UTC", "Z", "+00:00", "+0000"].contains(&zone.trim_matches(['\'', '"']))
}

fn scalar(word: &str) -> Option<&'static ColumnType> {
    Some(match word {
        "int" | "long" | "short" | "byte" => &ColumnType::Integer,
        "float" | "double" => &ColumnType::Float,
        "boolean" => &ColumnType::Boolean,
        "date" => &ColumnType::Date,
        "time" => &ColumnType::Temporal(TemporalKind::Time),
        "localtime" => &ColumnType::Temporal(TemporalKind::LocalTime),
        "datetime" => &ColumnType::Temporal(TemporalKind::DateTime),
        "localdatetime" => &ColumnType::Temporal(TemporalKind::LocalDateTime),
        "duration" => &ColumnType::Temporal(TemporalKind::Duration),
        "point" => &ColumnType::Point,
        "string" | "char" => &ColumnType::String,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(header: &str) -> Option<Result<Vec<Field>, (usize, String)>> {
        fields(&header.split(',').map(Arc::from).collect::<Vec<_>>())
    }

    #[test]
    fn headers_are_told_apart() {
        for plain in ["id,name", "id,dc:title", "id,age:int", "a:b", "", "a:string[", "x:ID(", ":int"] {
            assert_eq!(parse(plain), None, "{plain}");
        }
        let field = |name: &str, role, column_type| Field { name: name.into(), role, column_type };
        assert_eq!(
            parse(
                "id:ID(City){id-type: long},name,:LABEL,pop:long,tags:string[],at:datetime{timezone:UTC},:IGNORE,:IGNORE,\
                 then:time{timezone:+01:00}"
            ),
            Some(Ok(vec![
                field("id", Role::Id(Some("City".into())), Some(ColumnType::Integer)),
                field("name", Role::Property, None),
                field(":LABEL", Role::Labels, Some(ColumnType::String)),
                field("pop", Role::Property, Some(ColumnType::Integer)),
                field("tags", Role::Property, Some(ColumnType::ListOf(&ColumnType::String))),
                field("at", Role::Property, Some(ColumnType::Temporal(TemporalKind::DateTime))),
                field(":IGNORE", Role::Ignore, None),
                field(":IGNORE", Role::Ignore, None),
                field("then", Role::Property, Some(ColumnType::String)),
            ]))
        );
        assert_eq!(parse("a:int,b:date[]").map(|fields| fields.map(|fields| fields.len())), Some(Ok(2)));
        for (header, at, reason) in [
            (":START_ID,x", 0, "needs an :END_ID"),
            ("x,:END_ID", 1, "needs a :START_ID"),
            (":ID,:TYPE", 1, ":TYPE is for relationships"),
            (":START_ID,:END_ID,:LABEL", 2, ":LABEL is for nodes"),
            (":START_ID,:END_ID,:ID", 2, ":ID is for nodes"),
            (":ID,id:int", 1, "named twice"),
        ] {
            let (found, why) = parse(header).unwrap().unwrap_err();
            assert!(found == at && why.contains(reason), "{header}: {why}");
        }
    }
}

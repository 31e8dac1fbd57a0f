//! The TCK runner's own parts: its notation of values must read every form and must tell different values apart.

#[path = "../tck/value.rs"]
mod value;

use attendb::model::{Date, Value};
use value::{Expected, parse};

fn same(text: &str, actual: &Value) -> bool {
    parse(text).expect(text).matches(actual, true)
}

#[test]
fn every_form_is_read() {
    let forms = [
        "null",
        "true",
        "-17",
        "1.5e9",
        ".5",
        "-Inf",
        "NaN",
        "''",
        "'it\\'s'",
        "[]",
        "[1, 'a', null]",
        "{}",
        "{a: {b: [1]}}",
        "()",
        "(:A:B {x: 1})",
        "({x: 'y'})",
        "[:T]",
        "[:T {since: 1.0}]",
        "<()>",
        "<(:A)-[:T {a: 1}]->({b: 2})<-[:S]-()>",
        "[[:T], [:S]]",
        "[(), (:A)]",
        "(:`a b` {`c d`: 1})",
    ];
    for form in forms {
        assert!(parse(form).is_ok(), "{form}");
    }
    for bad in ["", "[1", "(:A", "1 2", "nul", "<(:A)-[:T]>", "{a 1}", "'open"] {
        assert!(parse(bad).is_err(), "{bad:?} was read");
    }
    assert_eq!(parse("'\\\\ \\n'"), Ok(Expected::String("\\ \n".into())));
}

#[test]
fn different_values_differ() {
    assert!(same("1", &Value::Int(1)) && !same("1", &Value::Float(1.0)) && !same("1.0", &Value::Int(1)));
    assert!(same("NaN", &Value::Float(f64::NAN)) && !same("NaN", &Value::Null));
    assert!(same("'a'", &Value::from("a")) && !same("'a'", &Value::from("b")) && !same("null", &Value::from("null")));
    assert!(same("'1984-10-11'", &Value::Date(Date::new(1984, 10, 11).expect("a date"))));
    let list = Value::list([Value::Int(1), Value::Int(2), Value::Int(2)]);
    assert!(same("[1, 2, 2]", &list) && !same("[2, 1, 2]", &list));
    assert!(parse("[2, 1, 2]").expect("a list").matches(&list, false));
    assert!(!parse("[2, 1, 1]").expect("a list").matches(&list, false));
}

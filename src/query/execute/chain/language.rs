//! Random queries over random graphs, with the rule and without it.

use std::sync::Arc;

use super::tests::{change, fold, graph};
use crate::{
    graph::{Snapshot, Transaction, tests::Random},
    model::Value,
    query::{
        compile,
        execute::{Execution, Limits, Source},
        explain::explain,
        optimize::Rules,
        plan::Plan,
    },
};

fn plan(text: &str, view: &Snapshot, factorizes: bool) -> Plan {
    let rules = if factorizes { Rules::ALL } else { Rules::walking() };
    compile::text_with_rules(text, view, rules).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn rows(plan: Plan, view: &Snapshot) -> Result<Vec<String>, String> {
    let params = vec![Value::Int(1); plan.params.len()];
    let n_columns = plan.columns.len();
    let source = Source::Read(Arc::new(view.clone()));
    let mut execution = Execution::new(Arc::new(plan), params, source, Limits::default());
    let mut rows = Vec::new();
    loop {
        let n = match execution.next_batch() {
            Ok(Some(batch)) => batch.len,
            Ok(None) => break,
            Err(error) => return Err(error.as_query().map_or(error.to_string(), |e| e.detail.to_string())),
        };
        for row in 0..n {
            let values = (0..n_columns).map(|column| execution.value(row, column).unwrap().to_string());
            rows.push(values.collect::<Vec<_>>().join(" | "));
        }
    }
    rows.sort_unstable();
    Ok(rows)
}

fn one<'a>(random: &mut Random, of: &[&'a str]) -> &'a str {
    of[random.below(of.len() as u64) as usize]
}

fn question(random: &mut Random) -> String {
    let n_nodes = 1 + random.below(4) as usize;
    let mut text = String::from("MATCH ");
    let node = |random: &mut Random, at: usize| {
        let label = one(random, &["", ":A", ":B"]);
        let map = one(random, &["", "", "", "", " {text: 'x'}", " {number: $p}"]);
        format!("(n{at}{label}{map})")
    };
    text += &node(random, 0);
    for at in 1..n_nodes {
        if random.below(6) == 0 {
            // Another clause starts from a node known before.
            let from = random.below(at as u64);
            text += &format!(" MATCH (n{from})");
        }
        let types = one(random, &["", "", ":R", ":S", ":T", ":R|T", ":S|T"]);
        let length = one(random, &["", "", "", "", "*1..2", "*2", "*2..3"]);
        let (left, right) = [("-", "->"), ("<-", "-"), ("-", "-")][random.below(3) as usize];
        text += &format!("{left}[{types}{length}]{right}{}", node(random, at));
    }
    let any = |random: &mut Random| random.below(n_nodes as u64);
    let key = |random: &mut Random| one(random, &["number", "float", "text"]);
    let tests: Vec<String> = (0..random.below(3))
        .map(|_| {
            let at = any(random);
            match random.below(9) {
                8 => format!("id(n{at}) = 0"),
                0 => format!("n{at}.number >= 1"),
                1 => format!("2 > n{at}.number"),
                2 => format!("toLower(n{at}.text) = toLower('Y')"),
                3 => format!("n{at}.{} IS NOT NULL", key(random)),
                4 => format!("(n{at}.float > 0.5 OR n{at}.text STARTS WITH 'x')"),
                5 => format!("n{at}.text <> 'x'"),
                6 => format!("id(n{at}) IN [0, 1, 1024]"),
                _ => format!("n{at}.number + 1 < $p + 2"),
            }
        })
        .collect();
    if !tests.is_empty() {
        text += &format!(" WHERE {}", tests.join(" AND "));
    }
    let group = any(random);
    let keys: Vec<String> = match random.below(5) {
        0 | 1 => vec![],
        2 => vec![format!("n{group} AS k0")],
        3 => vec![format!("n{group}.text AS k0")],
        _ => vec![format!("n{group}.number AS k0"), format!("n{group}.text AS k1")],
    };
    let n_folds = random.below(3) + u64::from(keys.is_empty());
    let folds: Vec<String> = (0..n_folds)
        .map(|number| {
            let at = any(random);
            let fold = match random.below(9) {
                0 => "count(*)".to_string(),
                1 => format!("count(n{at})"),
                2 => format!("count(n{at}.{})", key(random)),
                3 => format!("sum(n{at}.{})", one(random, &["number", "float"])),
                4 => format!("avg(n{at}.{})", one(random, &["number", "float", "text"])),
                5 => format!("min(n{at}.{})", key(random)),
                6 => format!("max(n{at}.{})", key(random)),
                7 => format!("count(DISTINCT n{at})"),
                _ => format!("count(DISTINCT n{at}.{})", key(random)),
            };
            format!("{fold} AS f{number}")
        })
        .collect();
    let distinct = if folds.is_empty() { "DISTINCT " } else { "" };
    text += &format!(" RETURN {distinct}{}", [&keys[..], &folds[..]].concat().join(", "));
    if !keys.is_empty() && !folds.is_empty() && random.below(2) == 0 {
        let by = (0..folds.len()).map(|n| format!("f{n} DESC")).chain((0..keys.len()).map(|n| format!("k{n}")));
        text += &format!(" ORDER BY {} LIMIT {}", by.collect::<Vec<_>>().join(", "), random.below(4));
    }
    text
}

/// Cases of [`the_rule_changes_no_result`].
const CASES: u64 = 800;

#[test]
fn the_rule_changes_no_result() {
    let mut n_recognized = 0u64;
    for seed in 0..CASES {
        let mut random = Random(seed + 1_000_000);
        let mut tx = graph(&mut random);
        if random.below(2) == 0 {
            tx.create_index(None, "A", "number", false, true).unwrap();
        }
        if random.below(3) == 0 {
            // Where the values happen to differ.
            let _ = tx.create_index(None, "B", "text", true, true);
        }
        let mut view = fold(&tx);
        if random.below(2) == 0 {
            let mut tx = Transaction::new(view);
            (0..4).for_each(|_| change(&mut random, &mut tx, false));
            view = tx.view().clone();
        }
        let text = question(&mut random);
        let factorized = plan(&text, &view, true);
        let shown = explain(&factorized, &view);
        n_recognized += u64::from(shown.contains("TrailAggregate"));
        let (got, expected) = (rows(factorized, &view), rows(plan(&text, &view, false), &view));
        assert_eq!(got, expected, "seed {seed}\n{text}\n{shown}");
    }
    assert!(n_recognized > CASES / 2, "{n_recognized}");
}

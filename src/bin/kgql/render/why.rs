//! Explanations of ATTEND as small trees, for people: a map that `WHY` gave is known by its keys.

use std::fmt::Write as _;

use attendb::{Value, model::Map};

/// The characters that a tree is drawn with.
#[derive(Clone, Copy)]
pub(super) struct Branches {
    /// Before one that others follow, and below it.
    next: [&'static str; 2],
    /// Before the last, and below it.
    last: [&'static str; 2],
}

/// Lines.
pub(super) const LINES: Branches = Branches { next: ["├ ", "│ "], last: ["└ ", "  "] };

/// The same of characters that every font has.
pub(super) const PLAIN_CHARACTERS: Branches = Branches { next: ["|- ", "|  "], last: ["`- ", "   "] };

/// A line and what stands below it.
struct Branch {
    text: String,
    below: Vec<Branch>,
}

/// Returns the tree of an explanation; nothing for any other value.
pub(super) fn tree(value: &Value, branches: Branches) -> Option<String> {
    let Value::Map(why) = value else { return None };
    let root = match (list(why, "heads"), list(why, "hops")) {
        (Some(heads), None) if why.get("candidates").is_some() && why.get("query").is_some() => {
            one("", why, heads, about(why))?
        }
        (None, Some(hops)) if why.get("exact").is_some() && why.get("query").is_some() => path(why, hops)?,
        _ => return None,
    };
    let mut text = root.text.clone();
    draw(&root, "", branches, &mut text);
    Some(text)
}

fn draw(branch: &Branch, indent: &str, branches: Branches, into: &mut String) {
    for (at, below) in branch.below.iter().enumerate() {
        let [mark, more] = if at + 1 == branch.below.len() { branches.last } else { branches.next };
        write!(into, "\n{indent}{mark}{}", below.text).expect("a string takes all");
        draw(below, &format!("{indent}{more}"), branches, into);
    }
}

/// Returns the branch of one softmax: what it gave, and of what.
fn one(title: &str, why: &Map, heads: &[Value], mut last: Vec<String>) -> Option<Branch> {
    let heads = heads.iter().map(|head| map(head)).collect::<Option<Vec<_>>>()?;
    let mean = |key: &str| heads.iter().filter_map(|head| number(head, key)).sum::<f64>() / heads.len().max(1) as f64;
    let cost = number(why, "cost").map_or(String::new(), |cost| format!("  cost {cost:.3}"));
    let text = format!("{title}weight {:.3}  logit {:.3}{cost}", mean("weight"), mean("logit"));
    let mut below: Vec<Branch> = match heads.as_slice() {
        [head] => parts(head),
        heads => {
            let head = |(at, head): (usize, &&Map)| {
                let of = |key: &str| number(head, key).unwrap_or_default();
                let text = format!("head {}  weight {:.3}  logit {:.3}", at + 1, of("weight"), of("logit"));
                Branch { text, below: parts(head) }
            };
            heads.iter().enumerate().map(head).collect()
        }
    };
    below.extend(last.drain(..).map(leaf));
    Some(Branch { text, below })
}

/// Returns what a head's logit is the sum of: all spaces and boosts, and what else is not 0.
fn parts(head: &Map) -> Vec<Branch> {
    let mut parts = Vec::new();
    for kind in ["spaces", "boosts"] {
        for (name, part) in head.get(kind).and_then(map).into_iter().flat_map(Map::iter) {
            let Some(part) = map(part) else { continue };
            let logit = number(part, "logit").unwrap_or_default();
            let flag = match (part.get("lacking"), part.get("null")) {
                (Some(Value::Bool(true)), _) => "  (has none: the mean of the others)",
                (_, Some(Value::Bool(true))) => "  (null)",
                _ => "",
            };
            parts.push(leaf(format!("{name} {logit:.3}{flag}")));
        }
    }
    for key in ["prior", "relation"] {
        if let Some(x) = number(head, key).filter(|x| *x != 0.0) {
            parts.push(leaf(format!("{key} {x:.3}")));
        }
    }
    parts
}

/// Returns the branch of a path: a branch for each of its relationships.
fn path(why: &Map, hops: &[Value]) -> Option<Branch> {
    let hops = hops.iter().map(map).collect::<Option<Vec<_>>>()?;
    let score: f64 = hops.iter().filter_map(|hop| number(hop, "weight")).product();
    let cost = number(why, "cost").map_or(String::new(), |cost| format!("  cost {cost:.3}"));
    let plural = if hops.len() == 1 { "" } else { "s" };
    let mut below = Vec::with_capacity(hops.len());
    for hop in &hops {
        let title = match hop.get("relationship") {
            Some(Value::Relationship(rel)) => match &rel.data {
                Some(data) => format!("{} {}  ", data.rel_type, rel.id),
                None => format!("relationship {}  ", rel.id),
            },
            _ => String::new(),
        };
        below.push(one(&title, hop, list(hop, "heads").unwrap_or_default(), counts(hop))?);
    }
    below.extend(about(why).into_iter().map(leaf));
    Some(Branch { text: format!("{} hop{plural}  score {score:.3}{cost}", hops.len()), below })
}

/// Returns how many candidates there were.
fn counts(why: &Map) -> Vec<String> {
    let int = |key: &str| why.get(key).and_then(Value::as_int);
    let masked = int("masked").filter(|n| *n > 0).map_or(String::new(), |n| format!(", {n} masked"));
    int("candidates")
        .map(|n| format!("of {n} candidate{}{masked}", if n == 1 { "" } else { "s" }))
        .into_iter()
        .collect()
}

/// Returns what holds of the whole.
fn about(why: &Map) -> Vec<String> {
    let mut lines = counts(why);
    if let Some(model) = why.get("model").and_then(map)
        && let (Some(Value::String(name)), Some(version)) = (model.get("name"), model.get("version"))
    {
        lines.push(format!("model {name}, version {version}"));
    }
    if why.get("exact") == Some(&Value::Bool(false)) {
        let is_path = why.get("hops").is_some();
        lines.push(
            if is_path { "a beam may have dropped a better one" } else { "vectors are rounded to 8 bits" }.to_owned(),
        );
    }
    if let Some(without) = why.get("without").and_then(map)
        && let Some(Value::Relationship(rel)) = without.get("relationship")
    {
        let then = match without.get("rank") {
            Some(Value::Int(rank)) => format!("rank {rank}"),
            _ => "gone".to_owned(),
        };
        lines.push(format!("without relationship {}: {then}", rel.id));
    }
    lines
}

fn leaf(text: String) -> Branch {
    Branch { text, below: Vec::new() }
}

fn map(value: &Value) -> Option<&Map> {
    match value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

fn list<'a>(map: &'a Map, key: &str) -> Option<&'a [Value]> {
    match map.get(key) {
        Some(Value::List(items)) => Some(items),
        _ => None,
    }
}

fn number(map: &Map, key: &str) -> Option<f64> {
    map.get(key).and_then(Value::as_float)
}

#[cfg(test)]
mod tests {
    use attendb::Database;

    use super::*;

    fn why(db: &Database, text: &str) -> Value {
        db.query(text, ()).unwrap().single().unwrap()
    }

    #[test]
    fn an_explanation_is_a_tree_and_nothing_else_is() {
        let db = Database::memory().unwrap();
        for text in [
            "CREATE EMBEDDING text FOR (n:N) ON n.vec DIMENSION 2",
            "UNWIND range(0, 3) AS i CREATE (:N {i: i, vec: [1, i]})",
            "MATCH (a:N {i: 0}), (b:N) WHERE b.i > 0 CREATE (a)-[:R]->(b)",
        ] {
            db.execute(text, ()).unwrap();
        }
        let lines = |text: &str, branches| tree(&why(&db, text), branches).unwrap_or_else(|| panic!("no tree: {text}"));
        let text = "MATCH (a:N {i: 0})-->(x) ATTEND x IN (FOR [1, 0] BOOST x.i / 2.0 AS late WHERE x.i < 3 LIMIT 1) \
                    WHY WITHOUT AS w RETURN w";
        let found = lines(text, LINES);
        let found: Vec<&str> = found.lines().collect();
        assert!(found[0].starts_with("weight 0.") && found[0].contains("  logit "), "{found:?}");
        assert!(found[1].starts_with("├ text ") && found[2].starts_with("├ late "), "{found:?}");
        assert_eq!(found[3], "├ of 3 candidates, 1 masked");
        assert!(found[4].starts_with("└ without relationship ") && found[4].ends_with(": gone"), "{found:?}");
        let found = lines("MATCH (x:N) ATTEND x IN (FOR [1, 0] HEADS 2 LIMIT 1) WHY AS w RETURN w", PLAIN_CHARACTERS);
        let found: Vec<&str> = found.lines().collect();
        assert!(found[1].starts_with("|- head 1  weight ") && found[2].starts_with("|  `- text "), "{found:?}");
        assert!(found[3].starts_with("|- head 2") && found[5] == "`- of 4 candidates", "{found:?}");
        let text = "MATCH (a:N {i: 0})-[r:R*1..2]->(x) ATTEND r IN (FOR [1, 0] LIMIT 1) WHY AS w RETURN w";
        let found = lines(text, LINES);
        assert!(
            found.starts_with("1 hop  score 0.") && found.contains("\n└ R ") | found.contains("\n└ relationship "),
            "{found}"
        );
        assert!(found.contains("\n  ├ text ") && found.ends_with("\n  └ of 3 candidates"), "{found}");
        for text in
            ["RETURN {heads: [1], candidates: 3}", "RETURN {hops: [], query: 1}", "RETURN [1]", "RETURN {}", "RETURN 1"]
        {
            assert!(tree(&why(&db, text), LINES).is_none(), "{text}");
        }
    }
}

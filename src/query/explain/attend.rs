//! The operators of attention as text.

use std::fmt::Write;

use super::{expr::Printer, hop, length, types, unique};
use crate::query::{
    attend::{Attend, Chosen, Scale},
    beam::AttendPaths,
    cheapest::CheapestPaths,
};

/// Returns the line of an operator that ranks candidates.
pub(super) fn one(a: &Attend, p: &Printer<'_>) -> String {
    let mut text = match a.scale {
        Scale::Weight => format!("Attend {}{}", if a.distinct { "DISTINCT " } else { "" }, p.slot(a.target)),
        Scale::Similarity => {
            let label = a.lookup.among.iter().flatten().map(|label| format!(":{}", label.name)).collect::<String>();
            let is_near = a.lookup.among.is_some() && a.lookup.indexed && !a.lookup.exact;
            format!("VectorSearch {}{label}{}", p.slot(a.target), if is_near { " approximately" } else { "" })
        }
    };
    options(a, p, &mut text);
    for (space, _) in &a.sums {
        write!(text, " sums {}", chosen(space, p)).expect("a string takes all");
    }
    text
}

/// Returns a name as it is written.
fn chosen(chosen: &Chosen, p: &Printer<'_>) -> String {
    match chosen {
        Chosen::Name(name, _) => name.to_string(),
        Chosen::Param(number, _) => format!("${}", p.params[usize::from(*number)]),
    }
}

/// Returns the line of an operator that ranks the paths that it follows.
pub(super) fn paths(e: &AttendPaths, p: &Printer<'_>) -> String {
    let rels = e.rels.map(|rels| p.slot(rels)).unwrap_or_default();
    let inside = format!("{rels}{}{}", types(&e.types), length(e.min, e.max));
    let name = if e.into { "AttendPathsInto" } else { "AttendPaths" };
    let distinct = if e.attend.distinct { "DISTINCT " } else { "" };
    let mut text = format!("{name} {distinct}{}", hop(p, e.from, &inside, e.follow, e.to));
    if let Some(filter) = &e.rel_filter {
        write!(text, " where each {}", p.expr(filter)).expect("a string takes all");
    }
    options(&e.attend, p, &mut text);
    if let Some(beam) = &e.hops.beam {
        write!(text, " beam {}", p.expr(beam)).expect("a string takes all");
    }
    if e.hops.length_norm {
        text.push_str(" length norm");
    }
    let tests: Vec<String> = e.tests.iter().map(|test| p.expr(test)).collect();
    if !tests.is_empty() {
        write!(text, " that end where {}", tests.join(" AND ")).expect("a string takes all");
    }
    text + &unique(p, &e.unique_from)
}

/// Returns the line of an operator that finds the cheapest paths.
pub(super) fn cheapest(e: &CheapestPaths, p: &Printer<'_>) -> String {
    let rels = e.rels.map(|rels| p.slot(rels)).unwrap_or_default();
    let inside = format!("{rels}{}{}", types(&e.types), length(e.min, e.max));
    let path = hop(p, e.from, &inside, e.follow, e.to);
    let mut text = format!("CheapestPaths {} {path}", p.expr(&e.cheapest.count));
    if let Some(filter) = &e.rel_filter {
        write!(text, " where each {}", p.expr(filter)).expect("a string takes all");
    }
    if let Some((cost, _)) = &e.cheapest.cost {
        write!(text, " by {}", p.expr(cost)).expect("a string takes all");
    }
    options(&e.attend, p, &mut text);
    text + &unique(p, &e.unique_from)
}

fn options(a: &Attend, p: &Printer<'_>, text: &mut String) {
    if !a.per.is_empty() {
        write!(text, " per {}", p.list(&a.per)).expect("a string takes all");
    }
    let spaces = a.spaces.iter().map(|(space, weight)| {
        let name = chosen(space, p);
        format!("{name}{}", weight.as_ref().map(|weight| format!(" * {}", p.expr(weight))).unwrap_or_default())
    });
    let spaces = spaces.collect::<Vec<_>>().join(", ");
    if let Some((query, _)) = &a.query {
        write!(text, " for {}", p.expr(query)).expect("a string takes all");
    }
    if !spaces.is_empty() {
        write!(text, " on {spaces}").expect("a string takes all");
    }
    if let Some(model) = &a.model {
        write!(text, " model {}", chosen(model, p)).expect("a string takes all");
    }
    for (word, option) in [
        ("where", &a.mask),
        ("temperature", &a.temperature),
        ("heads", &a.heads),
        ("prior", &a.prior),
        ("min similarity", &a.min_similarity),
        ("min weight", &a.min_weight),
        ("breadth", &a.lookup.breadth),
        ("limit", &a.limit),
    ] {
        if let Some(option) = option {
            write!(text, " {word} {}", p.expr(option)).expect("a string takes all");
        }
    }
    for (boost, name) in &a.boosts {
        write!(text, " boost {} as {name}", p.expr(boost)).expect("a string takes all");
    }
}

//! Asks random queries of random graphs, and compares every answer with a naive evaluation.
//!
//! The reference ([`eval`], [`matching`], [`mod@run`]) shares nothing with the engine: it evaluates the campaign's own tree of a
//! query ([`ast`]) over plain lists, clause by clause, by trying everything. Each query is asked in memory with and without
//! the optimizer's rules, of the same graph reopened from disk, of one whose last changes lie above blocks, and inside
//! a transaction that made them. Rows are compared as bags, in order where the query orders them. What the language leaves open
//! (which rows a LIMIT keeps among equals, the order inside of `collect()`, which of the paths of one length are selected, whether
//! 1 or 1.0 stands for both) the reference notices while it evaluates. A query that fails is shrunk, with its graph, and
//! printed.

mod ast;
mod engine;
mod eval;
mod graph;
mod make;
mod matching;
mod run;
mod shrink;
mod value;

use std::{panic, path::Path, time::Instant};

use self::{
    ast::Query,
    engine::{Engines, PLACES, Place, Said},
    eval::{Fault, Reference},
    graph::Graph,
    make::Errors,
    run::Answer,
    value::V,
};
use super::{Arguments, Campaign, Folder, Report, model::Numbers};

/// The campaign.
pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "truth",
    about: "random queries over random graphs; every answer must be that of a naive evaluation",
    usage: "[--queries N] [--plant wrong-reference|wrong-rule|push-into-optional|any-same|any-once|limit-below-conditions]",
    run: run_with,
    short,
    child: |_| None,
};

/// Queries of the full and of the short form; either planted fault shows within some hundreds.
const QUERIES: u64 = 100_000;
const QUERIES_SHORT: u64 = 2_000;
const QUERIES_PLANTED: u64 = 2_000;

/// Queries asked of a graph.
const QUERIES_PER_GRAPH: u64 = 200;

/// The reference takes an unknown `IN` for false: with it, the engine's right answers must count as wrong.
const WRONG_REFERENCE: &str = "wrong-reference";

/// The name of a wrong rule, and what plants it or takes it away.
type WrongRule = (&'static str, fn(bool));

/// Wrong rules of the optimizer.
#[cfg(feature = "crash")]
const WRONG_RULES: &[WrongRule] = &[
    ("wrong-rule", attendb::fault::take_less_for_equal),
    ("push-into-optional", attendb::fault::push_into_optional),
    ("any-same", attendb::fault::take_any_for_same),
    ("any-once", attendb::fault::run_any_once),
    ("limit-below-conditions", attendb::fault::limit_below_conditions),
];
#[cfg(not(feature = "crash"))]
const WRONG_RULES: &[WrongRule] = &[];

/// Returns the names of all that can be planted.
fn plants() -> impl Iterator<Item = &'static str> {
    std::iter::once(WRONG_REFERENCE).chain(WRONG_RULES.iter().map(|(name, _)| *name))
}

/// What a campaign did.
#[derive(Default)]
struct Tally {
    compared: u64,
    errors: u64,
    /// Of the answers, those with rows.
    with_rows: u64,
    /// Answers that the language leaves open, queries that are too long, errors that a plan may or may not meet.
    open: u64,
    long: u64,
    maybe: u64,
    graphs: u64,
    failures: Vec<String>,
}

/// How an answer is wrong.
#[derive(Debug, Clone, PartialEq)]
enum Wrong {
    Rows,
    NoError,
    Error(String),
    Refused(String),
    Broken(String),
}

enum Verdict {
    /// The same rows; whether there are any.
    Same(bool),
    SameError,
    Open,
    Long,
    Maybe,
    Wrong(Place, Wrong, String),
}

fn run_with(arguments: &Arguments) -> Result<Report, String> {
    let plant: String = arguments.get("plant", String::new())?;
    let planted = plants().find(|known| *known == plant);
    if planted.is_none() && !plant.is_empty() {
        return Err(format!("no fault is called {plant}"));
    }
    let (seed, n) = (arguments.get("seed", 1)?, arguments.get("queries", QUERIES)?);
    let folder = arguments.folder()?;
    arguments.check_all_taken()?;
    Ok(run(seed, n, planted, folder.path()))
}

fn short() -> Vec<Report> {
    let folder = || Folder::temporary().expect("a folder");
    let planted = plants().map(|plant| run(1, QUERIES_PLANTED, Some(plant), folder().path()));
    planted.chain([run(1, QUERIES_SHORT, None, folder().path())]).collect()
}

fn run(seed: u64, n: u64, plant: Option<&'static str>, folder: &Path) -> Report {
    let begun = Instant::now();
    let mut tally = Tally::default();
    for (name, set) in WRONG_RULES {
        set(plant == Some(*name));
    }
    // A panic is a failure like others, said at the end.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(engine::note_panic));
    for round in 0..n.div_ceil(QUERIES_PER_GRAPH) {
        let n = QUERIES_PER_GRAPH.min(n - round * QUERIES_PER_GRAPH);
        if let Err(error) = one_graph(seed, round, n, plant, folder, &mut tally) {
            tally.failures.push(format!("graph {round}: {error}"));
        }
        tally.graphs += 1;
        if plant.is_some() && !tally.failures.is_empty() {
            break;
        }
    }
    panic::set_hook(hook);
    for (_, set) in WRONG_RULES {
        set(false);
    }
    let what = format!(
        "truth: seed {seed}, {} queries over {} graphs, each asked of {} places: {} answers ({} of them with rows) and {} errors as \
         the reference has them; left out: {} whose answer the language leaves open, {} too long, {} whose error a plan may not meet; \
         {:.1} s",
        tally.compared + tally.errors + tally.open + tally.long + tally.maybe + tally.failures.len() as u64,
        tally.graphs,
        PLACES.len(),
        tally.compared,
        tally.with_rows,
        tally.errors,
        tally.open,
        tally.long,
        tally.maybe,
        begun.elapsed().as_secs_f64()
    );
    Report { what, passed: tally.compared + tally.errors, failures: tally.failures, planted: plant }
}

fn one_graph(
    seed: u64,
    round: u64,
    n: u64,
    plant: Option<&'static str>,
    folder: &Path,
    tally: &mut Tally,
) -> Result<(), String> {
    let graph = Graph::random(&mut Numbers::new(seed, 7_000, round));
    let wrong_reference = plant == Some(WRONG_REFERENCE);
    let engines = Engines::new(&graph, Some(folder))?;
    for at in 0..n {
        let (query, errors) = make::query(&mut Numbers::new(seed, 7_001 + at, round));
        match judge(&graph, &engines, &query, errors, wrong_reference) {
            Verdict::Same(has_rows) => {
                tally.compared += 1;
                tally.with_rows += u64::from(has_rows);
            }
            Verdict::SameError => tally.errors += 1,
            Verdict::Open => tally.open += 1,
            Verdict::Long => tally.long += 1,
            Verdict::Maybe => tally.maybe += 1,
            Verdict::Wrong(place, wrong, _) => {
                let mut fails = |graph: &Graph, query: &Query| {
                    let on_disk = matches!(place, Place::Cold | Place::Layered).then(|| folder.join("shrunk"));
                    let Ok(engines) = Engines::new(graph, on_disk.as_deref()) else { return false };
                    let verdict = judge(graph, &engines, query, errors, wrong_reference);
                    matches!(verdict, Verdict::Wrong(at, how, _) if at == place && how == wrong)
                };
                let typed = matches!(wrong, Wrong::Refused(_));
                let (small_graph, small_query) = shrink::shrink(&graph, &query, typed, &mut fails);
                let on_disk = folder.join("shrunk");
                let engines = Engines::new(&small_graph, Some(&on_disk))?;
                let verdict = judge(&small_graph, &engines, &small_query, errors, wrong_reference);
                let said =
                    if let Verdict::Wrong(_, _, said) = verdict { said } else { "it passes when asked again".into() };
                tally.failures.push(format!(
                    "graph {round}, query {at}, {place:?}, {wrong:?}:\n    {}{}\n    {}\n    {said}\n    shrunk from {}",
                    small_graph.create(),
                    if small_graph.indexed { " // with indexes" } else { "" },
                    small_query.text(),
                    query.text(),
                ));
                if plant.is_some() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Asks one query everywhere.
fn judge(graph: &Graph, engines: &Engines<'_>, query: &Query, errors: Errors, wrong_reference: bool) -> Verdict {
    let reference = Reference::new(graph, wrong_reference);
    let answer = reference.answer(query);
    if matches!(answer, Err(Fault::Long | Fault::Invalid)) {
        return Verdict::Long;
    }
    let text = query.text();
    let (mut same_error, mut maybe) = (false, false);
    for place in PLACES {
        let Some(said) = engines.ask(*place, &text) else { continue };
        let wrong = match (&answer, said) {
            (_, Said::Broken(how)) => Some((Wrong::Broken(how.clone()), how)),
            // What is known to be of a wrong kind is refused, where it may be at all.
            (_, Said::Refused(how)) if errors != Errors::Never && how.contains("InvalidArgumentType") => {
                maybe = true;
                None
            }
            (_, Said::Refused(how)) => Some((Wrong::Refused(how.lines().next().unwrap_or("").into()), how)),
            (_, Said::Limit) => return Verdict::Long,
            (Err(_), Said::Error(..)) => {
                same_error = true;
                None
            }
            (Err(_), Said::Rows(_)) if errors != Errors::AtTheEnd || reference.open.get() => {
                maybe = true;
                None
            }
            (Err(fault), Said::Rows(rows)) => {
                Some((Wrong::NoError, format!("{} where {fault:?} is", shown(&rows, false))))
            }
            (Ok(_), Said::Error(..)) if errors == Errors::Anywhere || reference.open.get() => {
                maybe = true;
                None
            }
            (Ok(answer), Said::Error(kind, how)) => {
                Some((Wrong::Error(kind), format!("{how} where {} is", answer_text(answer))))
            }
            (Ok(_), Said::Rows(_)) if reference.open.get() => None,
            (Ok(answer), Said::Rows(rows)) => (!is_same(answer, &rows))
                .then(|| (Wrong::Rows, format!("{} where {} is", shown(&rows, false), answer_text(answer)))),
        };
        if let Some((wrong, said)) = wrong {
            return Verdict::Wrong(*place, wrong, said);
        }
    }
    match (maybe, same_error) {
        (true, _) => Verdict::Maybe,
        (_, true) => Verdict::SameError,
        _ if reference.open.get() => Verdict::Open,
        _ => Verdict::Same(answer.is_ok_and(|answer| !answer.groups.iter().all(Vec::is_empty))),
    }
}

/// Returns whether rows are an answer.
fn is_same(answer: &Answer, rows: &[Vec<V>]) -> bool {
    let sorted = answer.groups.iter().flatten().flatten().any(V::is_open);
    let text = |rows: &[Vec<V>]| {
        let mut texts: Vec<String> = rows.iter().map(|row| row_text(row, sorted)).collect();
        texts.sort();
        texts
    };
    if let Some(n) = answer.cut {
        let mut left = text(&answer.groups[0]);
        return rows.len() == n
            && text(rows)
                .into_iter()
                .all(|row| left.iter().position(|other| *other == row).map(|at| left.remove(at)).is_some());
    }
    let mut rest = rows;
    for group in &answer.groups {
        let Some((part, after)) = rest.split_at_checked(group.len()) else { return false };
        if text(part) != text(group) {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

fn row_text(row: &[V], sorted: bool) -> String {
    row.iter().map(|v| v.text(sorted)).collect::<Vec<_>>().join(" | ")
}

fn shown(rows: &[Vec<V>], sorted: bool) -> String {
    let rows: Vec<String> = rows.iter().take(12).map(|row| row_text(row, sorted)).collect();
    format!("{{{}}}", rows.join("; "))
}

fn answer_text(answer: &Answer) -> String {
    let groups: Vec<String> = answer.groups.iter().map(|group| shown(group, false)).collect();
    groups.join(" then ") + &answer.cut.map_or(String::new(), |n| format!(" (any {n} of them)"))
}

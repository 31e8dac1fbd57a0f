//! Deep statements: 100 levels of whatever nests are run, and 100,000 are refused, on small stacks.

use std::{sync::Mutex, thread, time::Duration};

use attendb::{Database, Error};

use super::nested::{CHAINED, LEVELS_ACCEPTED, LEVELS_REFUSED, NESTED, Nested};
use crate::campaigns::{
    Folder,
    children::{say, talk},
    clock::thread_time,
};

/// How a child that goes deep is started.
const CHILD: &str = "child-parse";
const SHORT: &str = "short";

/// A child that has not ended by then hangs.
const CHILD_TIME_MAX: Duration = Duration::from_secs(300);

/// The longest statement that there may be.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// The stack of a thread that runs or refuses: an eighth of what Rust gives a thread.
const STACK_BYTES: usize = 256 << 10;

/// The time in which a statement must be refused. A machine that does something else has several tries, and the short form,
/// which runs beside other tests, much more time: it looks for what takes seconds.
const REFUSAL_TIME_MAX: Duration = Duration::from_millis(50);
const REFUSAL_TIME_MAX_SHORT: Duration = Duration::from_secs(2);
const TRIES: usize = 5;

/// Goes deep in a child, which a stack that overflows ends. Returns how much passed, and what went wrong.
pub(super) fn attack(stack: Option<usize>, is_short: bool) -> (u64, Vec<String>, String) {
    let talked = Folder::temporary().and_then(|folder| {
        let stack = stack.map_or("as it is".to_owned(), |stack| stack.to_string());
        talk(&[CHILD, &stack, if is_short { SHORT } else { "long" }], folder.path(), CHILD_TIME_MAX)
    });
    let lines = match talked {
        Ok(lines) => lines,
        Err(error) => return (0, vec![error], String::new()),
    };
    let (mut passed, mut failures, mut slowest, mut at, mut ended) =
        (0, Vec::new(), String::new(), String::new(), false);
    for line in lines {
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("A", what) => at = what.to_owned(),
            ("P", _) => passed += 1,
            ("F", why) => failures.push(format!("{at}: {why}")),
            ("S", what) => slowest = what.to_owned(),
            ("E", _) => ended = true,
            (_, why) => failures.push(format!("{at}: {why}")),
        }
    }
    if !ended && failures.is_empty() {
        failures.push(format!("{at}: the child ended without a word"));
    }
    (passed, failures, slowest)
}

/// Runs the program as the child, if these are its arguments.
pub(super) fn child(arguments: &[String]) -> Option<std::process::ExitCode> {
    let [name, stack, form, _] = arguments else { return None };
    let time_max = if form == SHORT { REFUSAL_TIME_MAX_SHORT } else { REFUSAL_TIME_MAX };
    (name == CHILD).then(|| match go_deep(stack.parse().ok(), time_max) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(_) => std::process::ExitCode::FAILURE,
    })
}

fn go_deep(stack: Option<usize>, time_max: Duration) -> Result<(), String> {
    let slowest = Mutex::new((Duration::ZERO, ""));
    for (construct, nests) in NESTED.iter().map(|it| (it, true)).chain(CHAINED.iter().map(|it| (it, false))) {
        say(&format!("A {}, {LEVELS_ACCEPTED} deep", construct.name))?;
        on_stack(stack.unwrap_or(STACK_BYTES), || tell(accepts(construct)))?;
        say(&format!("A {}, {LEVELS_REFUSED} deep", construct.name))?;
        let levels = construct.levels_max(LEVELS_REFUSED, TEXT_BYTES_MAX);
        if !nests {
            on_stack(STACK_BYTES, || tell(ends(&construct.text(levels))))?;
            continue;
        }
        for text in [construct.text(levels), construct.text(LEVELS_REFUSED), construct.unclosed(levels)] {
            on_stack(stack.unwrap_or(STACK_BYTES), || {
                let refused = refuses(&text, time_max).map(|time| {
                    let mut slowest = slowest.lock().expect("nobody panics with it");
                    *slowest = (*slowest).max((time, construct.name));
                });
                tell(refused)
            })?;
        }
    }
    let (time, name) = *slowest.lock().expect("nobody panics with it");
    say(&format!("S {:.1} ms, {name}", time.as_secs_f64() * 1e3))?;
    say("E")
}

fn on_stack(bytes: usize, work: impl FnOnce() -> Result<(), String> + Send) -> Result<(), String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(bytes).spawn_scoped(scope, work);
        thread.map_err(|error| error.to_string())?.join().map_err(|_| "it panicked".to_owned())?
    })
}

fn tell(outcome: Result<(), String>) -> Result<(), String> {
    match outcome {
        Ok(()) => say("P"),
        Err(why) => say(&format!("F {}", why.replace('\n', " "))),
    }
}

/// Runs a statement, also where it is explained or measured.
fn accepts(construct: &Nested) -> Result<(), String> {
    let db = Database::memory().map_err(|error| error.to_string())?;
    db.execute("CREATE ()-[:R]->()", ()).map_err(|error| error.to_string())?;
    let text = construct.text(LEVELS_ACCEPTED);
    for text in [format!("EXPLAIN {text}"), format!("PROFILE {text}"), text] {
        let rows = db.query(&text, ()).and_then(Iterator::collect::<attendb::Result<Vec<_>>>);
        rows.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Compiles a statement, whatever comes of it.
fn ends(text: &str) -> Result<(), String> {
    let db = Database::memory().map_err(|error| error.to_string())?;
    match db.prepare(text) {
        Ok(_) | Err(Error::Query(_) | Error::Limit { .. }) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// Returns in what time a statement was refused, with a place.
fn refuses(text: &str, time_max: Duration) -> Result<Duration, String> {
    let db = Database::memory().map_err(|error| error.to_string())?;
    let mut fastest = Duration::MAX;
    for _ in 0..TRIES {
        let begun = thread_time();
        let refused = db.prepare(text);
        fastest = fastest.min(thread_time() - begun);
        match refused {
            Ok(_) => return Err("accepted".into()),
            Err(Error::Query(error)) if error.span.is_some() => {}
            Err(error) => return Err(format!("refused without a place: {error}")),
        }
        if fastest < time_max {
            return Ok(fastest);
        }
    }
    if cfg!(debug_assertions) { Ok(fastest) } else { Err(format!("refused after {fastest:?} only")) }
}

//! Kills a fixed work at every call that changes a file, before the call and in the middle of each write, and a sample of
//! the recoveries after it again.
//!
//! Between two such calls nothing on the disk changes, so these are all the states that a kill can leave of this work.
//! The next process must open the database at once and find just what the acknowledged steps made, or one step more.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use attendb::{Database, Params};

use super::{
    Arguments, Campaign, Folder, Report,
    children::{say, talk},
    interpose::{self, Call, Decision, Watcher},
    model::Numbers,
    steps::{self, Work},
};

/// The campaign.
pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "calls",
    about: "SIGKILL at every file call of a fixed work, and at calls of the recovery after it",
    usage: "[--commits N] [--every N] [--recoveries N] [--plant report-before-commit]",
    run: run_with,
    short,
    child,
};

/// Small commits of the full and of the short form; there every so many calls are struck.
const COMMITS: usize = 200;
const COMMITS_SHORT: usize = 25;
const EVERY_SHORT: u64 = 11;

/// One kill in so many is followed by one of the recovery.
const RECOVERIES: u64 = 4;

/// A child that has not ended by then hangs.
const TIME_MAX: Duration = Duration::from_secs(30);

const PLANT: &str = "report-before-commit";
const STEPPER: &str = "--stepper";
const LOOKER: &str = "--looker";

/// What to run.
#[derive(Debug, Clone)]
struct Calls {
    commits: usize,
    /// Every how manyth call is struck.
    every: u64,
    /// One kill in how many is followed by another.
    recoveries: u64,
    seed: u64,
    plant: bool,
}

#[derive(Debug, Default)]
struct Verdict {
    /// Calls of the undisturbed work that change a file.
    n_calls: u64,
    kills: u64,
    torn: u64,
    recoveries: u64,
    acknowledged: u64,
    failures: Vec<String>,
}

fn run_with(arguments: &Arguments) -> Result<Report, String> {
    let plant: String = arguments.get("plant", String::new())?;
    if !plant.is_empty() && plant != PLANT {
        return Err(format!("no fault is called {plant}"));
    }
    let calls = Calls {
        commits: arguments.get("commits", COMMITS)?,
        every: arguments.get("every", 1)?,
        recoveries: arguments.get("recoveries", RECOVERIES)?,
        seed: arguments.get("seed", 1)?,
        plant: !plant.is_empty(),
    };
    let folder = arguments.folder()?;
    arguments.check_all_taken()?;
    run(&calls, folder.path())
}

fn short() -> Vec<Report> {
    if !interpose::is_here() {
        return vec![Report {
            what: "calls: skipped, file calls cannot be watched here".to_owned(),
            ..Report::default()
        }];
    }
    let calls = Calls { commits: COMMITS_SHORT, every: EVERY_SHORT, recoveries: RECOVERIES, seed: 1, plant: false };
    let planted = Calls { every: EVERY_SHORT * 5, plant: true, ..calls.clone() };
    let folder = Folder::temporary().expect("a folder");
    [planted, calls].iter().map(|calls| run(calls, folder.path()).expect("the work runs undisturbed")).collect()
}

fn run(calls: &Calls, folder: &Path) -> Result<Report, String> {
    let begun = Instant::now();
    let work = Work::new(folder, calls.commits)?;
    let digests = work.digests()?;
    let case = folder.join("case");
    let mut verdict = Verdict::default();
    let undisturbed = step(&case, calls, 0, false)?;
    verdict.n_calls = undisturbed.closed.ok_or_else(|| format!("the undisturbed work: {undisturbed:?}"))?;
    judge(&look(&case, calls, 0)?, &digests, work.len(), work.len())
        .map_err(|error| format!("undisturbed: {error}"))?;
    for at in (1..=verdict.n_calls).step_by(calls.every.max(1) as usize) {
        for torn in [false, true] {
            let mut name = String::new();
            if let Err(error) = strike(&case, calls, &digests, at, torn, &mut verdict, &mut name) {
                let word = if torn { "in the middle of" } else { "before" };
                verdict.failures.push(format!("killed {word} call {at} ({name}): {error}"));
                if calls.plant {
                    return Ok(report(calls, verdict, begun.elapsed()));
                }
            }
            if name != "write" {
                break;
            }
        }
    }
    Ok(report(calls, verdict, begun.elapsed()))
}

/// Kills the work at a call, perhaps the recovery too, and compares what is left.
fn strike(
    case: &Path,
    calls: &Calls,
    digests: &[u64],
    at: u64,
    torn: bool,
    verdict: &mut Verdict,
    name: &mut String,
) -> Result<(), String> {
    let session = step(case, calls, at, torn)?;
    name.clone_from(&session.struck);
    if let Some(broken) = session.broken {
        return Err(broken);
    }
    if session.closed.is_some() {
        // A run with fewer calls than the undisturbed one.
        return Ok(());
    }
    verdict.kills += 1;
    verdict.torn += u64::from(torn);
    verdict.acknowledged += session.acknowledged as u64;
    let mut random = Numbers::new(calls.seed, 5_000, at * 2 + u64::from(torn));
    if random.chance(1, calls.recoveries.max(1)) {
        let at = 1 + random.below(60);
        verdict.recoveries += u64::from(look(case, calls, at)?.broken.as_deref() == Some(""));
    }
    let most = (session.acknowledged + 1).min(digests.len() - 1);
    judge(&look(case, calls, 0)?, digests, session.acknowledged, most)
}

/// Compares what was found with what steps `least` to `most` leave.
fn judge(found: &Look, digests: &[u64], least: usize, most: usize) -> Result<(), String> {
    if let Some(broken) = &found.broken {
        return Err(if broken.is_empty() { "the next process died".to_owned() } else { broken.clone() });
    }
    let digest = found.digest.ok_or("the next process said nothing")?;
    steps::compare(digests, digest, least, most)
}

/// What a child that works said.
#[derive(Debug, Default)]
struct Session {
    acknowledged: usize,
    /// The kind of call it was killed at.
    struck: String,
    /// The number of calls, if it came to its end.
    closed: Option<u64>,
    broken: Option<String>,
}

/// What a child that looks said; broken without words if it was killed.
#[derive(Debug, Default)]
struct Look {
    digest: Option<u64>,
    broken: Option<String>,
}

/// Runs the work on an empty directory until call `at`, or to its end with 0.
fn step(case: &Path, calls: &Calls, at: u64, torn: bool) -> Result<Session, String> {
    let _ = fs::remove_dir_all(case);
    fs::create_dir_all(case).map_err(|error| format!("cannot create {}: {error}", case.display()))?;
    let mut session = Session::default();
    for line in
        talk(&[STEPPER, &calls.commits.to_string(), &at.to_string(), flag(torn), flag(calls.plant)], case, TIME_MAX)?
    {
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("A", n) => session.acknowledged = n.parse().unwrap_or(0),
            ("K", name) => session.struck = name.to_owned(),
            ("C", n) => session.closed = n.parse().ok(),
            _ => session.broken = Some(line),
        }
    }
    Ok(session)
}

/// Opens what is left, compares, commits once more and closes; killed at call `at`, if that is not 0.
fn look(case: &Path, calls: &Calls, at: u64) -> Result<Look, String> {
    let lines = talk(&[LOOKER, &calls.commits.to_string(), &at.to_string(), "", ""], case, TIME_MAX)?;
    let mut look = Look::default();
    let mut is_over = false;
    for line in lines {
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("D", digest) => look.digest = digest.parse().ok(),
            ("K", _) => {}
            ("C", _) => is_over = true,
            _ => look.broken = Some(line),
        }
    }
    if !is_over && look.broken.is_none() {
        look.broken = Some(String::new());
    }
    Ok(look)
}

fn flag(on: bool) -> &'static str {
    if on { "1" } else { "0" }
}

/// Counts the calls that change a file, and kills at one.
struct Killer {
    at: u64,
    torn: bool,
}

static CALLS: AtomicU64 = AtomicU64::new(0);

impl Watcher for Killer {
    fn before(&self, call: &Call<'_>) -> Decision {
        if !call.changes() || CALLS.fetch_add(1, Ordering::Relaxed) + 1 != self.at {
            return Decision::Pass;
        }
        // The parent strikes writes twice.
        let _ = say(&format!("K {}", call.name()));
        match call {
            Call::Write { bytes, .. } if self.torn => Decision::Kill(bytes.len() / 2),
            _ => Decision::Kill(0),
        }
    }
}

fn child(arguments: &[String]) -> Option<ExitCode> {
    let [kind, commits, at, torn, plant, case] = arguments else { return None };
    let is_stepper = kind == STEPPER;
    (is_stepper || kind == LOOKER).then_some(())?;
    let (commits, at) = (commits.parse().ok()?, at.parse().ok()?);
    let killer = Killer { at, torn: torn == "1" };
    let case = PathBuf::from(case);
    let result = if is_stepper { work(&case, commits, killer, plant == "1") } else { inspect(&case, commits, killer) };
    Some(match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _ = say(&format!("B {}", reason.replace('\n', " ")));
            ExitCode::FAILURE
        }
    })
}

fn work(case: &Path, commits: usize, killer: Killer, plant: bool) -> Result<(), String> {
    let work = Work::new(case.parent().unwrap_or(Path::new(".")), commits)?;
    interpose::watch(case, killer)?;
    for session in work.sessions() {
        let db = Database::open_with(case.join("db"), work.options()).map_err(|error| format!("open: {error}"))?;
        for number in session {
            if plant {
                say(&format!("A {}", number + 1))?;
            }
            work.run(&db, number).map_err(|error| format!("step {number}: {error}"))?;
            if !plant {
                say(&format!("A {}", number + 1))?;
            }
        }
        db.close().map_err(|error| format!("close: {error}"))?;
    }
    say(&format!("C {}", CALLS.load(Ordering::SeqCst)))
}

fn inspect(case: &Path, commits: usize, killer: Killer) -> Result<(), String> {
    let work = Work::new(case.parent().unwrap_or(Path::new(".")), commits)?;
    interpose::watch(case, killer)?;
    let (db, found) = work.look(&case.join("db"))?;
    say(&format!("D {found}"))?;
    // A database that opens must also go on; what is written here is taken away again, as others look later.
    for statement in ["CREATE (:Looked {n: 1})", "MATCH (l:Looked) DELETE l"] {
        db.execute(statement, Params::new()).map_err(|error| format!("the next commit: {error}"))?;
    }
    db.close().map_err(|error| format!("close: {error}"))?;
    say("C")
}

fn report(calls: &Calls, verdict: Verdict, took: Duration) -> Report {
    let what = format!(
        "calls: seed {}, work of {} small commits, 2 imports, 2 checkpoints and 2 closes, {} calls that change a file; every \
         {}. struck: {} kills, {} of them in the middle of a write, {} again in the recovery; {} steps acknowledged before \
         kills, {:.1} s",
        calls.seed,
        calls.commits,
        verdict.n_calls,
        calls.every,
        verdict.kills,
        verdict.torn,
        verdict.recoveries,
        verdict.acknowledged,
        took.as_secs_f64(),
    );
    let passed = verdict.kills.saturating_sub(verdict.failures.len() as u64);
    Report { what, passed, failures: verdict.failures, planted: calls.plant.then_some(PLANT) }
}

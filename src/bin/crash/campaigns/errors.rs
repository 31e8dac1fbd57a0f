//! Lets each file call of a fixed work fail, once or from then on: a broken device (EIO), a full disk (ENOSPC), a call
//! that does less than asked.
//!
//! No failure may abort, panic or hang; each is an error with a type. The same process must still answer what it
//! acknowledged, or say why it does not; once the device works again the next open, in this process and in another, must
//! find all that was acknowledged.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use attendb::{Database, Error, Params};

use super::{
    Arguments, Campaign, Folder, Report,
    children::{say, talk},
    interpose::{self, Call, Decision, Watcher},
    steps::{self, Work},
};

/// The campaign.
pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "errors",
    about: "each file call of a fixed work fails, once or for ever: EIO, ENOSPC, short reads and writes",
    usage: "[--commits N] [--every N] [--way eio-once|eio-ever|full-once|full-ever|short] [--plant lying-write]",
    run: run_with,
    short,
    child,
};

/// Small commits of the full and of the short form; there every so many calls fail.
const COMMITS: usize = 40;
const COMMITS_SHORT: usize = 15;
const EVERY_SHORT: u64 = 41;

/// A child that has not ended by then hangs.
const TIME_MAX: Duration = Duration::from_secs(30);

const PLANT: &str = "lying-write";
const CHILD: &str = "--failer";

/// `errno` of a broken device and of a full disk, on every system that these campaigns run on.
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    EioOnce,
    EioEver,
    FullOnce,
    FullEver,
    Short,
    Lie,
}

impl Way {
    /// The ways of the campaign, and the planted fault.
    const ALL: [Self; 6] = [Self::EioOnce, Self::EioEver, Self::FullOnce, Self::FullEver, Self::Short, Self::Lie];

    fn name(self) -> &'static str {
        match self {
            Self::EioOnce => "eio-once",
            Self::EioEver => "eio-ever",
            Self::FullOnce => "full-once",
            Self::FullEver => "full-ever",
            Self::Short => "short",
            Self::Lie => PLANT,
        }
    }

    fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    /// Returns what happens to a call, if it can fail in this way.
    fn strike(self, call: &Call<'_>) -> Option<Decision> {
        match (self, call) {
            (Self::EioOnce | Self::EioEver, _) => Some(Decision::Fail(EIO)),
            (Self::FullOnce | Self::FullEver, Call::Write { .. } | Call::MakeDir { .. } | Call::Rename { .. }) => {
                Some(Decision::Fail(ENOSPC))
            }
            (Self::FullOnce | Self::FullEver, Call::Open { creates: true, .. } | Call::Sync { .. }) => {
                Some(Decision::Fail(ENOSPC))
            }
            (Self::Short, Call::Write { bytes, .. }) => Some(Decision::Short((bytes.len() / 2).max(1))),
            (Self::Short, Call::Read { len, .. }) => Some(Decision::Short((len / 2).max(1))),
            (Self::Lie, Call::Write { .. }) => Some(Decision::Lie),
            _ => None,
        }
    }

    fn is_for_ever(self) -> bool {
        matches!(self, Self::EioEver | Self::FullEver)
    }
}

/// What to run.
#[derive(Debug, Clone)]
struct Errors {
    commits: usize,
    every: u64,
    ways: Vec<Way>,
    plant: bool,
}

#[derive(Debug, Default)]
struct Verdict {
    n_calls: u64,
    cases: u64,
    /// Cases in which an error was returned, by where: open, a step, close; and those that nobody noticed.
    at: [u64; 4],
    /// Cases in which the process went on after the error.
    went_on: u64,
    failures: Vec<String>,
}

fn run_with(arguments: &Arguments) -> Result<Report, String> {
    let plant: String = arguments.get("plant", String::new())?;
    if !plant.is_empty() && plant != PLANT {
        return Err(format!("no fault is called {plant}"));
    }
    let plant = !plant.is_empty();
    let ways = match arguments.find::<String>("way")? {
        Some(name) => vec![Way::find(&name).ok_or_else(|| format!("no way is called {name}"))?],
        None if plant => vec![Way::Lie],
        None => Way::ALL[..5].to_vec(),
    };
    let errors = Errors { commits: arguments.get("commits", COMMITS)?, every: arguments.get("every", 1)?, ways, plant };
    // There is no chance in it; the option is every campaign's.
    arguments.get("seed", 1)?;
    let folder = arguments.folder()?;
    arguments.check_all_taken()?;
    run(&errors, folder.path())
}

fn short() -> Vec<Report> {
    if !interpose::is_here() {
        return vec![Report {
            what: "errors: skipped, file calls cannot be watched here".to_owned(),
            ..Report::default()
        }];
    }
    let all = Errors { commits: COMMITS_SHORT, every: EVERY_SHORT, ways: Way::ALL[..5].to_vec(), plant: false };
    let planted = Errors { ways: vec![Way::Lie], every: 7, plant: true, ..all.clone() };
    let folder = Folder::temporary().expect("a folder");
    [planted, all].iter().map(|errors| run(errors, folder.path()).expect("the work runs undisturbed")).collect()
}

fn run(errors: &Errors, folder: &Path) -> Result<Report, String> {
    let begun = Instant::now();
    let work = Work::new(folder, errors.commits)?;
    let digests = work.digests()?;
    let case = folder.join("case");
    let mut verdict = Verdict::default();
    let session = step(&case, errors, 0, Way::EioOnce)?;
    verdict.n_calls = session.calls.ok_or_else(|| format!("the undisturbed work: {session:?}"))?;
    for &way in &errors.ways {
        for at in (1..=verdict.n_calls).step_by(errors.every.max(1) as usize) {
            let session = step(&case, errors, at, way)?;
            if session.struck.is_empty() {
                continue;
            }
            verdict.cases += 1;
            if let Err(error) = judge(&case, errors, &session, &digests, &mut verdict) {
                verdict.failures.push(format!("{} at call {at} ({}): {error}", way.name(), session.struck));
                if errors.plant {
                    return Ok(report(errors, verdict, begun.elapsed()));
                }
            }
        }
    }
    Ok(report(errors, verdict, begun.elapsed()))
}

/// What a child said.
#[derive(Debug, Default)]
struct Session {
    acknowledged: usize,
    /// The call that failed, and its file.
    struck: String,
    /// Where the first error came: `open`, `step`, `close`.
    failed: String,
    went_on: bool,
    calls: Option<u64>,
    broken: Option<String>,
}

fn step(case: &Path, errors: &Errors, at: u64, way: Way) -> Result<Session, String> {
    let _ = fs::remove_dir_all(case);
    fs::create_dir_all(case).map_err(|error| format!("cannot create {}: {error}", case.display()))?;
    let arguments = [CHILD, &errors.commits.to_string(), &at.to_string(), way.name()];
    let mut session = Session::default();
    for line in talk(&arguments, case, TIME_MAX)? {
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("A", n) => session.acknowledged = n.parse().unwrap_or(0),
            ("K", what) if session.struck.is_empty() => session.struck = what.to_owned(),
            ("K", _) => {}
            ("E", place) if session.failed.is_empty() => session.failed = place.to_owned(),
            ("E", _) => {}
            ("W", _) => session.went_on = true,
            ("C", n) => session.calls = n.parse().ok(),
            ("B", _) => session.broken = Some(line),
            // sled prints what it fails to read.
            _ => {}
        }
    }
    if session.calls.is_none() && session.broken.is_none() {
        session.broken = Some("the process ended without a word".to_owned());
    }
    Ok(session)
}

fn judge(
    case: &Path,
    errors: &Errors,
    session: &Session,
    digests: &[u64],
    verdict: &mut Verdict,
) -> Result<(), String> {
    let place = match session.failed.split(' ').next().unwrap_or("") {
        "open" => 0,
        "step" => 1,
        "close" => 2,
        _ => 3,
    };
    verdict.at[place] += 1;
    verdict.went_on += u64::from(session.went_on);
    if let Some(broken) = &session.broken {
        return Err(broken.clone());
    }
    // Another process, on a device that works.
    let last = step_again(case, errors)?;
    let most = (session.acknowledged + 1).min(digests.len() - 1);
    steps::compare(digests, last, session.acknowledged, most).map_err(|error| format!("another process: {error}"))
}

fn step_again(case: &Path, errors: &Errors) -> Result<u64, String> {
    let lines = talk(&[CHILD, &errors.commits.to_string(), "0", "look"], case, TIME_MAX)?;
    let digest = lines.iter().find_map(|line| line.strip_prefix("D ")?.parse().ok());
    match lines.iter().find(|line| line.starts_with('B')) {
        Some(broken) => Err(format!("another process: {broken}")),
        None => digest.ok_or_else(|| "another process said nothing".to_owned()),
    }
}

static CALLS: AtomicU64 = AtomicU64::new(0);

/// Counts all calls and lets one fail, or all from there on.
struct Failer {
    at: u64,
    way: Way,
}

impl Watcher for Failer {
    fn before(&self, call: &Call<'_>) -> Decision {
        let n = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        let is_struck = self.at != 0 && (n == self.at || n > self.at && self.way.is_for_ever());
        let Some(decision) = self.way.strike(call).filter(|_| is_struck) else { return Decision::Pass };
        if n == self.at {
            let _ = say(&format!("K {} {}", call.name(), call.path().display()));
        }
        decision
    }
}

fn child(arguments: &[String]) -> Option<ExitCode> {
    let [kind, commits, at, way, case] = arguments else { return None };
    (kind == CHILD).then_some(())?;
    let (commits, at) = (commits.parse().ok()?, at.parse().ok()?);
    let case = PathBuf::from(case);
    let result = match Way::find(way) {
        Some(way) => work(&case, commits, Failer { at, way }),
        None => look(&case, commits),
    };
    Some(match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _ = say(&format!("B {}", reason.replace('\n', " ")));
            ExitCode::FAILURE
        }
    })
}

fn made(case: &Path, commits: usize) -> Result<Work, String> {
    Work::new(case.parent().unwrap_or(Path::new(".")), commits)
}

fn work(case: &Path, commits: usize, failer: Failer) -> Result<(), String> {
    let work = made(case, commits)?;
    let digests = work.digests()?;
    let ever = failer.way.is_for_ever();
    interpose::watch(case, failer)?;
    let path = case.join("db");
    let mut acknowledged = 0;
    for session in work.sessions() {
        let end = session.end;
        let db = match Database::open_with(&path, work.options()) {
            Ok(db) => db,
            Err(error) => {
                note("open", &error)?;
                interpose::arm(!ever);
                Database::open_with(&path, work.options()).map_err(|error| format!("the second open: {error}"))?
            }
        };
        acknowledged = run_steps(&db, &work, session, &digests)?;
        if let Err(error) = db.close() {
            note("close", &error)?;
        }
        if acknowledged < end {
            break;
        }
    }
    interpose::arm(false);
    let db = Database::open_with(&path, work.options()).map_err(|error| format!("opening again: {error}"))?;
    let found = steps::digest(&db).map_err(|error| format!("reading again: {error}"))?;
    let most = (acknowledged + 1).min(work.len());
    steps::compare(&digests, found, acknowledged, most).map_err(|error| format!("opened again: {error}"))?;
    say(&format!("C {}", CALLS.load(Ordering::SeqCst)))
}

/// Runs the steps of a session, a failed one once more; returns how many were acknowledged in order.
fn run_steps(db: &Database, work: &Work, session: Range<usize>, digests: &[u64]) -> Result<usize, String> {
    let end = session.end;
    for number in session {
        if let Err(error) = work.run(db, number) {
            note("step", &error)?;
            // What failed is not there; what was acknowledged is, or it is said why it cannot be read.
            match steps::digest(db) {
                Ok(found) if found != digests[number] => {
                    return Err(format!("after the failed step {number} the process reads something else: {error}"));
                }
                Ok(_) => {}
                Err(reason) => note("read", &reason)?,
            }
            if let Err(error) = work.run(db, number) {
                note("step", &error)?;
                return Ok(number);
            }
            match steps::digest(db) {
                Ok(found) if found != digests[number + 1] => {
                    return Err(format!(
                        "step {number} was acknowledged at the second try, and something else is read"
                    ));
                }
                Ok(_) => {}
                Err(reason) => note("read", &reason)?,
            }
            say("W")?;
        }
        say(&format!("A {}", number + 1))?;
    }
    Ok(end)
}

/// Tells of an error, which must say what it is.
fn note(place: &str, error: &Error) -> Result<(), String> {
    let text = error.to_string();
    if text.len() < 10 {
        return Err(format!("{place} failed without a useful word: {error:?}"));
    }
    say(&format!("E {place} {}", text.replace('\n', " ")))
}

fn look(case: &Path, commits: usize) -> Result<(), String> {
    let (db, found) = made(case, commits)?.look(&case.join("db"))?;
    say(&format!("D {found}"))?;
    db.execute("CREATE (:Looked {n: 1})", Params::new()).map_err(|error| format!("the next commit: {error}"))?;
    db.close().map_err(|error| format!("close: {error}"))
}

fn report(errors: &Errors, verdict: Verdict, took: Duration) -> Report {
    let names: Vec<&str> = errors.ways.iter().map(|way| way.name()).collect();
    let [open, step, close, unnoticed] = verdict.at;
    let what = format!(
        "errors: work of {} small commits, 2 imports, 2 checkpoints and 2 closes, {} file calls; every {}. failed ({}): {} \
         cases, first error in open {open}, a step {step}, close {close}, none {unnoticed}; {} went on in the same \
         process; {:.1} s",
        errors.commits,
        verdict.n_calls,
        errors.every,
        names.join(", "),
        verdict.cases,
        verdict.went_on,
        took.as_secs_f64(),
    );
    let passed = verdict.cases.saturating_sub(verdict.failures.len() as u64);
    Report { what, passed, failures: verdict.failures, planted: errors.plant.then_some(PLANT) }
}

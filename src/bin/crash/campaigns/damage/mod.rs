//! Damages a file of a database in one place and looks whether anybody is told a lie.
//!
//! A flipped bit, a block of zeros, two blocks in each other's place, a cut: each case does one of them to one file of a
//! copy, opens it in a child and asks a fixed set of questions. Each answer must be the undamaged one or an error that says
//! what it is about; what does not come back in time, panics or aborts has failed. Where a question is answered by an
//! error, `check` must have found something too. The one exception is what [`attendb`] says of itself: damaged frames at
//! the very end of the journal, behind which nothing vouches for them, look like a torn tail.

mod made;
mod place;
mod victim;

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use self::victim::{Orders, Plant};
use super::{Arguments, Campaign, Folder, Report};

/// The campaign.
pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "damage",
    about: "damages one place of one file; every answer must be right or an error, nothing may hang",
    usage: "[--cases N] [--first N] [--plant other-answers|checksums-ignored]",
    run: run_with,
    short,
    child: |arguments| Orders::parse(arguments).map(|orders| victim::run(&orders)),
};

/// Cases of the full and of the short form, and in a build without optimisation.
const CASES: u64 = 20_000;
const CASES_SHORT: u64 = 150;
const CASES_DEBUG: u64 = 30;

/// The planted faults show within so many.
const CASES_PLANTED: u64 = 10;
#[cfg(feature = "crash")]
const CASES_PLANTED_IN_ENGINE: u64 = 300;

/// A case takes some hundredths of a second.
const HANGS_AFTER: Duration = Duration::from_secs(5);

/// What is still not there then hangs, however busy the machine is: a case that hung is tried again alone.
const HANGS_FOR_SURE_AFTER: Duration = Duration::from_secs(30);

/// What to run.
struct Cases {
    cases: u64,
    first: u64,
    seed: u64,
    plant: Plant,
}

#[derive(Default)]
struct Verdict {
    /// How many cases ended how, by the words of [`victim`].
    ends: BTreeMap<String, u64>,
    n_children: u64,
    n_slow: u64,
    failures: Vec<String>,
}

impl Verdict {
    /// Notes a failure, and shows it: a long campaign need not end before somebody looks.
    fn fail(&mut self, plant: Plant, what: String) {
        if plant == Plant::Nothing {
            eprintln!("{what}");
        }
        self.failures.push(what);
    }
}

fn run_with(arguments: &Arguments) -> Result<Report, String> {
    let plant: String = arguments.get("plant", Plant::Nothing.name().to_owned())?;
    let plant = Plant::find(&plant).ok_or_else(|| format!("no fault is called {plant}"))?;
    let cases = Cases {
        cases: arguments.get("cases", CASES)?,
        first: arguments.get("first", 0)?,
        seed: arguments.get("seed", 1)?,
        plant,
    };
    let folder = arguments.folder()?;
    arguments.check_all_taken()?;
    Ok(run(&cases, folder.path()))
}

fn short() -> Vec<Report> {
    let cases = if cfg!(debug_assertions) { CASES_DEBUG } else { CASES_SHORT };
    let campaigns = [
        Cases { cases: CASES_PLANTED, first: 0, seed: 1, plant: Plant::OtherAnswers },
        #[cfg(feature = "crash")]
        Cases { cases: CASES_PLANTED_IN_ENGINE, first: 0, seed: 1, plant: Plant::ChecksumsIgnored },
        Cases { cases, first: 0, seed: 1, plant: Plant::Nothing },
    ];
    campaigns.iter().map(|cases| run(cases, Folder::temporary().expect("a folder").path())).collect()
}

/// Runs a campaign in `folder`.
fn run(cases: &Cases, folder: &Path) -> Report {
    let begun = Instant::now();
    let mut verdict = Verdict::default();
    let made = made::make(folder);
    match &made {
        Ok(_) => attack(cases, folder, &mut verdict),
        Err(error) => verdict.failures.push(format!("making the databases: {error}")),
    }
    let took = begun.elapsed().as_secs_f64();
    let ends: Vec<String> = verdict.ends.iter().map(|(end, n)| format!("{n} {end}")).collect();
    let what = format!(
        "damage: seed {}, {} cases from {} on of two databases ({}), {}; {} children, {} slow cases, {took:.1} s ({:.1} ms \
         a case)",
        cases.seed,
        cases.cases,
        cases.first,
        made.unwrap_or_default(),
        ends.join(", "),
        verdict.n_children,
        verdict.n_slow,
        took * 1e3 / cases.cases.max(1) as f64,
    );
    let planted = (cases.plant != Plant::Nothing).then(|| cases.plant.name());
    let passed = cases.cases.saturating_sub(verdict.failures.len() as u64);
    Report { what, passed, failures: verdict.failures, planted }
}

fn attack(cases: &Cases, folder: &Path, verdict: &mut Verdict) {
    let end = cases.first + cases.cases;
    let mut next = cases.first;
    while next < end {
        // Where a fault was to be found, one is enough.
        if cases.plant != Plant::Nothing && !verdict.failures.is_empty() {
            return;
        }
        let orders = Orders { folder: folder.into(), seed: cases.seed, from: next, to: end, plant: cases.plant };
        match session(&orders, HANGS_AFTER, &mut next, verdict) {
            Ended::Itself => {}
            Ended::Failed(how) => {
                let what = place::describe(folder, cases.seed, next);
                verdict.fail(cases.plant, format!("case {next}: {how}: {what}"));
                next += 1;
            }
            Ended::Hung => {
                let alone = Orders { from: next, to: next + 1, ..orders };
                let case = next;
                match session(&alone, HANGS_FOR_SURE_AFTER, &mut next, verdict) {
                    Ended::Itself => verdict.n_slow += 1,
                    Ended::Failed(how) => {
                        verdict.fail(cases.plant, format!("case {case}: {how}"));
                        next = case + 1;
                    }
                    Ended::Hung => {
                        let what = place::describe(folder, cases.seed, case);
                        verdict.fail(cases.plant, format!("case {case}: it hangs: {what}"));
                        next = case + 1;
                    }
                }
            }
        }
    }
}

/// How a child ended.
enum Ended {
    /// It did what it was to do, or as much as one process should.
    Itself,
    Failed(ExitStatus),
    Hung,
}

/// Runs a child and takes its reports; `next` is the first case without one.
fn session(orders: &Orders, patience: Duration, next: &mut u64, verdict: &mut Verdict) -> Ended {
    verdict.n_children += 1;
    let (mut child, lines) = start(orders);
    loop {
        match lines.recv_timeout(patience) {
            Ok(line) => {
                if let Some((case, end, what)) = victim::parse_report(&line) {
                    *verdict.ends.entry(end.to_owned()).or_default() += 1;
                    if end == victim::FAILED {
                        verdict.fail(orders.plant, format!("case {case}: {what}"));
                    }
                    *next = case + 1;
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                let _ = child.wait();
                return Ended::Hung;
            }
            Err(RecvTimeoutError::Disconnected) => {
                let status = child.wait().expect("a child can be waited for");
                return if status.success() { Ended::Itself } else { Ended::Failed(status) };
            }
        }
    }
}

/// Starts a child, and a thread that reads what it says.
fn start(orders: &Orders) -> (Child, Receiver<String>) {
    let program = env::current_exe().expect("the program knows its own path");
    let mut child = Command::new(program)
        .args(orders.arguments())
        // sled runs the program `sync` at every open, which waits for everybody's disks; it goes on where there is none.
        .env("PATH", "")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // It shows where it was when it cannot read a leaf.
        .stderr(Stdio::null())
        .spawn()
        .expect("the program can start itself");
    let output = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    (child, lines)
}

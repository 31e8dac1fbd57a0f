//! Processes and threads race to open one directory: new, closed cleanly, or left by a killed owner.
//!
//! Exactly one wins; the others are told at once that it is open, and by whom, also while the winner still recovers.
//! After the owner was killed, the next open succeeds.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio},
    sync::Barrier,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use attendb::{Database, Error, Params};

use super::{Arguments, Campaign, Folder, Report, model::Numbers};

/// The campaign.
pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "openers",
    about: "processes and threads race to open one directory, also after the owner was killed",
    usage: "[--races N] [--answer-ms N] [--plant two-winners]",
    run: run_with,
    short,
    child,
};

/// Races of the full and of the short form.
const RACES: u64 = 500;
const RACES_SHORT: u64 = 40;

/// The planted fault shows in the first race of processes.
const RACES_PLANTED: u64 = 3;

/// How many race.
const OPENERS: usize = 8;

/// How long a refusal may take, in milliseconds. The tests, beside others on a busy machine, only tell one that waits.
const ANSWER_MS: u64 = 50;
const ANSWER_MS_SHORT: u64 = 5000;

/// Time from the last one's readiness to the start: all must have read when it is.
const START_AFTER: Duration = Duration::from_millis(3);

/// Before the start, the openers spin for so long instead of sleeping.
const SPIN: Duration = Duration::from_micros(100);

/// How long the next open after a kill may take, recovery included.
const REOPEN_MAX: Duration = Duration::from_secs(5);

/// Commits a winner writes before it goes, so that the next one has something to recover.
const COMMITS: u64 = 40;

const PLANT: &str = "two-winners";
const CHILD: &str = "--opener";

/// What to run.
struct Races {
    races: u64,
    seed: u64,
    answer_ms: u64,
    plant: bool,
}

/// What one opener got.
enum Outcome {
    Won(u32),
    Refused(Option<u32>, Duration),
    Other(String),
}

#[derive(Default)]
struct Verdict {
    fresh: u64,
    closed: u64,
    killed: u64,
    threads: u64,
    refusals: Vec<Duration>,
    reopens: Vec<Duration>,
    failures: Vec<String>,
}

fn run_with(arguments: &Arguments) -> Result<Report, String> {
    let plant: String = arguments.get("plant", String::new())?;
    if !plant.is_empty() && plant != PLANT {
        return Err(format!("no fault is called {plant}"));
    }
    let races = Races {
        races: arguments.get("races", RACES)?,
        seed: arguments.get("seed", 1)?,
        answer_ms: arguments.get("answer-ms", ANSWER_MS)?,
        plant: !plant.is_empty(),
    };
    let folder = arguments.folder()?;
    arguments.check_all_taken()?;
    Ok(run(&races, folder.path()))
}

fn short() -> Vec<Report> {
    let races = |races, plant| Races { races, seed: 1, answer_ms: ANSWER_MS_SHORT, plant };
    [races(RACES_PLANTED, true), races(RACES_SHORT, false)]
        .iter()
        .map(|races| run(races, Folder::temporary().expect("a folder").path()))
        .collect()
}

fn run(races: &Races, folder: &Path) -> Report {
    let begun = Instant::now();
    let mut verdict = Verdict::default();
    let path = folder.join("db");
    for n in 0..races.races {
        let mut random = Numbers::new(races.seed, 4_000, n);
        if random.chance(1, 3) {
            let _ = fs::remove_dir_all(&path);
        }
        verdict.fresh += u64::from(!path.exists());
        let failures = verdict.failures.len();
        let answer = Duration::from_millis(races.answer_ms);
        if random.chance(1, 4) && !races.plant {
            verdict.threads += 1;
            let outcomes = race_of_threads(&path);
            let winner = std::process::id();
            judge(&mut verdict, &outcomes.iter().map(|(outcome, _)| outcome).collect::<Vec<_>>(), winner, answer);
        } else {
            let end = End { kills: random.chance(1, 2), leaves: random.chance(1, 2) };
            race_of_processes(&mut verdict, &path, races, end, answer);
        }
        for failure in &mut verdict.failures[failures..] {
            *failure = format!("race {n}: {failure}");
        }
        if races.plant && !verdict.failures.is_empty() {
            break;
        }
    }
    report(races, verdict, begun.elapsed())
}

/// How a race ends.
struct End {
    /// The winner is killed.
    kills: bool,
    /// The next race finds what it left, which may be a journal to recover.
    leaves: bool,
}

/// Lets threads of this process race, and keeps what they opened until all have their answer.
fn race_of_threads(path: &Path) -> Vec<(Outcome, Option<Database>)> {
    let barrier = Barrier::new(OPENERS);
    thread::scope(|scope| {
        let racers: Vec<_> = (0..OPENERS)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    open(path)
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().expect("an opener does not panic")).collect()
    })
}

fn open(path: &Path) -> (Outcome, Option<Database>) {
    let begun = Instant::now();
    match Database::open(path) {
        Ok(db) => (Outcome::Won(std::process::id()), Some(db)),
        Err(Error::AlreadyOpen { process_id, .. }) => (Outcome::Refused(process_id, begun.elapsed()), None),
        Err(error) => (Outcome::Other(error.to_string()), None),
    }
}

/// A child that waits for the start, or holds what it opened.
struct Opener {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Opener {
    fn start(path: &Path) -> Self {
        let program = env::current_exe().expect("the program knows its own path");
        let mut child = Command::new(program)
            .arg(CHILD)
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can start itself");
        let orders = child.stdin.take().expect("standard input is a pipe");
        let answers = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        Self { child, orders, answers }
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        let _ = self.answers.read_line(&mut line);
        line.trim_end().to_owned()
    }

    fn outcome(&mut self) -> Outcome {
        let line = self.answer();
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["W"] => Outcome::Won(self.child.id()),
            ["O", id, us] => Outcome::Refused(id.parse().ok(), Duration::from_micros(us.parse().unwrap_or(u64::MAX))),
            _ => Outcome::Other(line),
        }
    }
}

fn race_of_processes(verdict: &mut Verdict, path: &Path, races: &Races, end: End, answer: Duration) {
    let End { kills, leaves } = end;
    let place = |at: usize| if races.plant { path.with_extension(at.to_string()) } else { path.to_path_buf() };
    let mut openers: Vec<Opener> = (0..OPENERS).map(|at| Opener::start(&place(at))).collect();
    for opener in &mut openers {
        opener.answer();
    }
    let start = since_epoch() + START_AFTER;
    for opener in &mut openers {
        let _ = writeln!(opener.orders, "{}", start.as_nanos());
    }
    let outcomes: Vec<Outcome> = openers.iter_mut().map(Opener::outcome).collect();
    let winner = outcomes.iter().find_map(|outcome| if let Outcome::Won(id) = outcome { Some(*id) } else { None });
    judge(verdict, &outcomes.iter().collect::<Vec<_>>(), winner.unwrap_or(0), answer);
    for mut opener in openers {
        if Some(opener.child.id()) == winner {
            // It has written by then.
            opener.answer();
            if kills {
                let _ = opener.child.kill();
            }
        }
        // The end of its orders is the order to close.
        drop(opener.orders);
        let status = opener.child.wait();
        if !kills && !status.as_ref().is_ok_and(|status| status.success()) {
            verdict.failures.push(format!("an opener ended with {status:?}"));
        }
    }
    verdict.killed += u64::from(kills);
    verdict.closed += u64::from(!kills);
    if leaves {
        return;
    }
    let begun = Instant::now();
    match Database::open(path) {
        Ok(db) => {
            verdict.reopens.push(begun.elapsed());
            if begun.elapsed() > REOPEN_MAX {
                verdict.failures.push(format!("the next open took {:?}", begun.elapsed()));
            }
            drop(db);
        }
        Err(error) => verdict.failures.push(format!("the next open failed: {error}")),
    }
}

fn judge(verdict: &mut Verdict, outcomes: &[&Outcome], winner: u32, answer: Duration) {
    let mut failures = Vec::new();
    let n_won = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Won(_))).count();
    if n_won != 1 {
        failures.push(format!("{n_won} opened the database"));
    }
    for outcome in outcomes {
        match outcome {
            Outcome::Won(_) => {}
            Outcome::Refused(id, took) => {
                verdict.refusals.push(*took);
                if *id != Some(winner) {
                    failures.push(format!("the refusal names process {id:?}, the winner is {winner}"));
                }
                if *took > answer {
                    failures.push(format!("the refusal took {took:?}"));
                }
            }
            Outcome::Other(text) => failures.push(format!("an opener was told: {text}")),
        }
    }
    verdict.failures.extend(failures);
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn child(arguments: &[String]) -> Option<ExitCode> {
    let [flag, path] = arguments else { return None };
    (flag == CHILD).then(|| match race(&PathBuf::from(path)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            println!("B {}", reason.replace('\n', " "));
            ExitCode::FAILURE
        }
    })
}

fn race(path: &Path) -> Result<(), String> {
    let say = |line: &str| {
        let mut out = io::stdout().lock();
        writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| error.to_string())
    };
    say("R")?;
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(|error| error.to_string())?;
    let nanos: u64 = line.trim().parse().map_err(|_| format!("a start at {line}"))?;
    let start = Duration::from_nanos(nanos);
    thread::sleep(start.saturating_sub(since_epoch() + SPIN));
    while since_epoch() < start {
        std::hint::spin_loop();
    }
    let (outcome, db) = open(path);
    match outcome {
        Outcome::Won(_) => say("W")?,
        Outcome::Refused(id, took) => {
            let id = id.map_or("none".to_owned(), |id| id.to_string());
            say(&format!("O {id} {}", took.as_micros()))?;
        }
        Outcome::Other(text) => return Err(text),
    }
    let Some(db) = db else { return Ok(()) };
    for n in 0..COMMITS {
        db.execute(&format!("CREATE (:Left {{n: {n}}})"), Params::new()).map_err(|error| error.to_string())?;
    }
    say("D")?;
    let _ = io::stdin().read(&mut [0]);
    db.close().map_err(|error| error.to_string())
}

fn report(races: &Races, verdict: Verdict, took: Duration) -> Report {
    let ms = |times: &[Duration], part: f64| {
        let mut times = times.to_vec();
        times.sort();
        let at = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
        times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    let what = format!(
        "openers: seed {}, {} races of {OPENERS} ({} on a new directory, {} of threads; {} owners killed, {} closed), {} \
         refusals (median {:.2} ms, 99 % {:.2} ms, longest {:.2} ms, allowed {} ms), next open median {:.1} ms, longest \
         {:.1} ms, {:.1} s",
        races.seed,
        races.races,
        verdict.fresh,
        verdict.threads,
        verdict.killed,
        verdict.closed,
        verdict.refusals.len(),
        ms(&verdict.refusals, 0.5),
        ms(&verdict.refusals, 0.99),
        ms(&verdict.refusals, 1.0),
        races.answer_ms,
        ms(&verdict.reopens, 0.5),
        ms(&verdict.reopens, 1.0),
        took.as_secs_f64(),
    );
    let passed = races.races.saturating_sub(verdict.failures.len() as u64);
    Report { what, passed, failures: verdict.failures, planted: races.plant.then_some(PLANT) }
}

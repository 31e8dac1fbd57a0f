//! Kills a writing database again and again and looks whether anything was lost.
//!
//! Small transactions on several threads, transactions of several statements, imports, checkpoints and readers run in a
//! child process that is killed by SIGKILL at a random moment, one in ten while it recovers. The next child compares what
//! it finds with the model: nothing acknowledged may be missing, nothing may be there that was not issued, and what is
//! there must be a prefix.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use attendb::Database;

use super::{
    Arguments, Campaign, Folder, Report, copy,
    model::{Numbers, STREAMS},
    writer::{self, Orders, Plant},
};

/// The campaign.
pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "kill",
    about: "SIGKILL at random moments under mixed load; the next process compares everything",
    usage: "[--kills N] [--plant ack-before-write|report-before-commit]",
    run: run_with,
    short,
    child: |arguments| Orders::parse(arguments).map(|orders| writer::run(&orders)),
};

/// Kills of the short form, and in a build without optimisation; `CRASH_KILLS` and `CRASH_SEED` say otherwise.
const KILLS: u64 = 200;
const KILLS_DEBUG: u64 = 20;

/// The planted fault shows at almost every kill; so many are more than enough.
const KILLS_PLANTED: u64 = 40;

/// Streams and imports.
const LINES: usize = STREAMS + 1;

/// A session lives at most so long once it writes, in milliseconds.
const LIFE_MS: u64 = 90;

/// A session to be killed in its recovery lives at most so long from its start, in milliseconds: about as long as it
/// needs to open, recover and compare.
const RECOVERY_MS: u64 = 50;

/// A session that has not opened the database by then hangs.
const OPEN_TIME_MAX: Duration = Duration::from_secs(60);

/// What to run.
#[derive(Debug, Clone)]
struct Kills {
    kills: u64,
    seed: u64,
    plant: Plant,
}

/// What happened.
#[derive(Debug, Default)]
struct Verdict {
    kills: u64,
    kills_in_recovery: u64,
    clean_closes: u64,
    buffered_sessions: u64,
    acknowledged: u64,
    imports: u64,
    took: Duration,
    /// One for each session that found something wrong.
    failures: Vec<String>,
}

/// What one session reported.
#[derive(Debug, Default)]
struct Session {
    found: Option<[u64; LINES]>,
    /// (line, number, acknowledged?) in the order of the reports.
    events: Vec<(usize, u64, bool)>,
    broken: Option<String>,
    closed: bool,
}

/// What the next session must find.
#[derive(Debug, Clone, Default)]
struct Bounds {
    /// At least so many operations.
    least: [u64; LINES],
    /// At most so many.
    most: [u64; LINES],
    /// The events of the sessions since the state was last seen.
    events: Vec<(usize, u64, bool)>,
}

impl Bounds {
    fn judge(&self, found: &[u64; LINES]) -> Result<(), String> {
        for (line, ((&found, &least), &most)) in found.iter().zip(&self.least).zip(&self.most).enumerate() {
            if found < least {
                return Err(format!("line {line}: {found} operations found, {least} were acknowledged"));
            }
            if found > most {
                return Err(format!("line {line}: {found} operations found, only {most} were issued"));
            }
        }
        // What was acknowledged before something else began must be there if the later is.
        let mut acknowledged = [0; LINES];
        for &(line, n, is_ack) in &self.events {
            if is_ack {
                acknowledged[line] = acknowledged[line].max(n);
            } else if n <= found[line] {
                for other in 0..LINES {
                    if acknowledged[other] > found[other] {
                        return Err(format!(
                            "operation {n} of line {line} is there, but not operation {} of line {other}, \
                             acknowledged before it began",
                            found[other] + 1
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

fn run_with(arguments: &Arguments) -> Result<Report, String> {
    let plant: String = arguments.get("plant", Plant::Nothing.name().to_owned())?;
    let plant = Plant::find(&plant).ok_or_else(|| format!("no fault is called {plant}"))?;
    let campaign = Kills { kills: arguments.get("kills", KILLS)?, seed: arguments.get("seed", 1)?, plant };
    let folder = arguments.folder()?;
    arguments.check_all_taken()?;
    Ok(report(&campaign, run(&campaign, folder.path())))
}

fn short() -> Vec<Report> {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
    let kills = number("CRASH_KILLS").unwrap_or(if cfg!(debug_assertions) { KILLS_DEBUG } else { KILLS });
    let seed = number("CRASH_SEED").unwrap_or(1);
    let campaigns =
        [Kills { kills: KILLS_PLANTED, seed: 7, plant: Plant::Harness }, Kills { kills, seed, plant: Plant::Nothing }];
    campaigns
        .iter()
        .map(|campaign| {
            let folder = Folder::temporary().expect("a folder");
            report(campaign, run(campaign, folder.path()))
        })
        .collect()
}

/// Runs a campaign in `folder`.
fn run(campaign: &Kills, folder: &Path) -> Verdict {
    let started = Instant::now();
    let mut verdict = Verdict::default();
    let mut bounds = Bounds::default();
    let mut n = 0;
    loop {
        n += 1;
        // The last session only looks and closes.
        let is_last = verdict.kills >= campaign.kills;
        let mut random = Numbers::new(campaign.seed, 3_000, n);
        let in_recovery = n > 1 && !is_last && random.chance(1, 8);
        let closes = is_last || random.chance(1, 8);
        let orders = Orders {
            path: folder.join("db"),
            seed: campaign.seed,
            session: n,
            buffered: random.chance(1, 4),
            plant: campaign.plant,
            close_after_ms: if closes { 1 + random.below(LIFE_MS / 2) } else { 0 },
        };
        let life = match (is_last, in_recovery) {
            (true, _) => OPEN_TIME_MAX,
            (_, true) => Duration::from_millis(random.below(RECOVERY_MS)),
            // Half of those that close are killed while they do.
            _ => Duration::from_millis(1 + orders.close_after_ms + random.below(LIFE_MS)),
        };
        let session = one(&orders, in_recovery, life);
        if let Some(reason) = judge(&orders, &session, &mut bounds, &mut verdict) {
            // What follows would only repeat it: begin anew, or end where a fault was to be found.
            if campaign.plant != Plant::Nothing {
                verdict.failures.push(format!("session {n}: {reason}"));
                break;
            }
            let kept = env::temp_dir().join(format!("attendb-kill-{}-{}-{n}", campaign.seed, std::process::id()));
            let is_kept = fs::rename(&orders.path, &kept).is_ok();
            let again = if is_kept { looked_at_again(&kept) } else { "it could not be kept".to_owned() };
            verdict.failures.push(format!("session {n}: {reason}\n    {again}"));
            if !is_kept {
                break;
            }
            bounds = Bounds::default();
        }
        if is_last {
            break;
        }
    }
    verdict.took = started.elapsed();
    verdict
}

/// Says what a copy of a database that failed is like when it is opened once more, and where the database itself is kept: damage
/// on the disk stays, what only went wrong while it was read does not.
fn looked_at_again(path: &Path) -> String {
    let again = path.with_extension("copy");
    let said = copy(path, &again).map_err(|error| error.to_string()).and_then(|()| {
        let db = Database::open(&again).map_err(|error| error.to_string())?;
        let report = db.check(true).map_err(|error| error.to_string())?;
        Ok(match report.problems.first() {
            None => "sound".to_owned(),
            Some(first) => format!("not sound either: {first}"),
        })
    });
    let _ = fs::remove_dir_all(&again);
    format!(
        "kept as {}; opened again, a copy is {}",
        path.display(),
        said.unwrap_or_else(|error| format!("refused: {error}"))
    )
}

/// Compares what a session found with what the ones before reported, and takes its own reports into the bounds.
fn judge(orders: &Orders, session: &Session, bounds: &mut Bounds, verdict: &mut Verdict) -> Option<String> {
    let mut failure = session.broken.clone();
    if let Some(found) = session.found {
        failure = failure.or(bounds.judge(&found).err());
        // What was seen in a reopened database has been made durable by its recovery.
        *bounds = Bounds { least: found, most: found, events: Vec::new() };
    }
    for &(line, n, is_ack) in &session.events {
        bounds.most[line] = bounds.most[line].max(n);
        if is_ack {
            verdict.acknowledged += 1;
            verdict.imports += u64::from(line == STREAMS);
            if !orders.buffered || session.closed {
                bounds.least[line] = bounds.least[line].max(n);
            }
        }
    }
    bounds.events.extend(&session.events);
    verdict.buffered_sessions += u64::from(orders.buffered);
    verdict.clean_closes += u64::from(session.closed);
    verdict.kills += u64::from(!session.closed);
    verdict.kills_in_recovery += u64::from(!session.closed && session.found.is_none());
    failure
}

/// Starts a writer, kills it after `life`, and returns what it reported.
fn one(orders: &Orders, in_recovery: bool, life: Duration) -> Session {
    let program = env::current_exe().expect("the program knows its own path");
    let mut child = Command::new(program)
        .args(orders.arguments())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can start itself");
    let out = child.stdout.take().expect("standard output is a pipe");
    let (ready, opened) = std::sync::mpsc::channel();
    let reader = thread::spawn(move || {
        let mut session = Session::default();
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            take(&mut session, &line);
            let _ = ready.send(());
        }
        session
    });
    let mut hung = false;
    if !in_recovery {
        hung =
            opened.recv_timeout(OPEN_TIME_MAX).is_err_and(|error| error == std::sync::mpsc::RecvTimeoutError::Timeout);
    }
    let until = Instant::now() + life;
    while Instant::now() < until && child.try_wait().is_ok_and(|status| status.is_none()) {
        thread::sleep(Duration::from_micros(500).min(until.saturating_duration_since(Instant::now())));
    }
    // SIGKILL on Unix: nothing of the process runs after it.
    let _ = child.kill();
    let status = child.wait().expect("the child can be waited for");
    let mut session = reader.join().expect("the reader does not panic");
    if hung {
        session.broken.get_or_insert(format!("did not open within {OPEN_TIME_MAX:?}"));
    }
    if status.code().is_some_and(|code| code != 0) {
        session.broken.get_or_insert(format!("ended by itself: {status}"));
    }
    session
}

fn take(session: &mut Session, line: &str) {
    let numbers = |rest: &str| -> Vec<u64> { rest.split(' ').filter_map(|word| word.parse().ok()).collect() };
    match line.split_once(' ') {
        Some(("P", rest)) => session.found = numbers(rest).try_into().ok(),
        Some((kind @ ("S" | "A"), rest)) => {
            if let [line, n] = numbers(rest)[..] {
                session.events.push((line as usize, n, kind == "A"));
            }
        }
        Some(("B", reason)) => _ = session.broken.get_or_insert(reason.to_owned()),
        _ if line == "C" => session.closed = true,
        // A line cut short by the kill.
        _ => {}
    }
}

/// Puts a verdict into words.
fn report(campaign: &Kills, verdict: Verdict) -> Report {
    let what = format!(
        "kill: seed {}, {} kills ({} before the writer had opened), {} clean closes, {} buffered sessions, {} \
         acknowledged commits, {} of them imports, {:.1} s ({:.0} ms a kill)",
        campaign.seed,
        verdict.kills,
        verdict.kills_in_recovery,
        verdict.clean_closes,
        verdict.buffered_sessions,
        verdict.acknowledged,
        verdict.imports,
        verdict.took.as_secs_f64(),
        verdict.took.as_secs_f64() * 1e3 / verdict.kills.max(1) as f64,
    );
    Report {
        what,
        passed: verdict.kills.saturating_sub(verdict.failures.len() as u64),
        failures: verdict.failures,
        planted: (campaign.plant != Plant::Nothing).then(|| campaign.plant.name()),
    }
}

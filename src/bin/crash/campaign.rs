//! The parent: starts writers, kills them, and judges what the next one finds.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    model::{Numbers, STREAMS},
    writer::{Orders, Plant},
};

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
pub(crate) struct Campaign {
    pub(crate) kills: u64,
    pub(crate) seed: u64,
    pub(crate) plant: Plant,
}

/// What happened.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) kills: u64,
    pub(crate) kills_in_recovery: u64,
    pub(crate) clean_closes: u64,
    pub(crate) buffered_sessions: u64,
    pub(crate) acknowledged: u64,
    pub(crate) imports: u64,
    pub(crate) took: Duration,
    /// One for each session that found something wrong.
    pub(crate) failures: Vec<String>,
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

/// Runs a campaign in `folder`.
pub(crate) fn run(campaign: &Campaign, folder: &Path) -> Verdict {
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
            verdict.failures.push(format!("session {n}: {reason}"));
            // What follows would only repeat it: begin anew, or end where a fault was to be found.
            if campaign.plant != Plant::Nothing || fs::remove_dir_all(&orders.path).is_err() {
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

/// Prints a verdict; returns whether nothing was wrong.
pub(crate) fn print(campaign: &Campaign, verdict: &Verdict) -> bool {
    println!(
        "crash campaign: seed {}, {} kills ({} before the writer had opened), {} clean closes, {} buffered sessions, \
         {} acknowledged commits, {} of them imports, {:.1} s ({:.0} ms a kill), {} threads",
        campaign.seed,
        verdict.kills,
        verdict.kills_in_recovery,
        verdict.clean_closes,
        verdict.buffered_sessions,
        verdict.acknowledged,
        verdict.imports,
        verdict.took.as_secs_f64(),
        verdict.took.as_secs_f64() * 1e3 / verdict.kills.max(1) as f64,
        thread::available_parallelism().map_or(1, |n| n.get()),
    );
    for failure in &verdict.failures {
        println!("  {failure}");
    }
    verdict.failures.is_empty()
}

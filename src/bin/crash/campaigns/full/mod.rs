//! A disk that is really full: a small file system in memory, filled up to a few bytes under a mixed load.
//!
//! Every *point* is a process of its own ([`point`]) with a disk of its own: it leaves so much free, works until it is told
//! that there is no room, and says what it saw. Nothing acknowledged may be lost, every refusal must say what to do, readers
//! must go on, and once there is room again everything must go on at once.

mod disk;
mod ledger;
mod load;
mod point;

use std::{
    collections::BTreeMap,
    env,
    io::Read as _,
    path::Path,
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Arguments, Campaign, Folder, Report};

/// The campaign.
pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "full",
    about: "a disk filled up under a mixed load: typed errors, nothing lost, readers go on, and so does all when there is room",
    usage: "[--points N] [--from N] [--plant acknowledge-refused|ack-without-room]",
    run: run_with,
    short,
    child: |arguments| point::child(arguments),
};

/// Points of the full and of the short form.
const POINTS: u64 = 100;
const POINTS_SHORT: u64 = 8;

/// The planted fault shows at almost every point.
const POINTS_PLANTED: u64 = 3;

/// A process that has not ended by then hangs.
const POINT_MAX: Duration = Duration::from_secs(120);

/// What to run.
struct Points {
    from: u64,
    points: u64,
    seed: u64,
    plant: Plant,
}

/// A fault that the campaign must catch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plant {
    Nothing,
    /// The load takes a refused commit for an acknowledged one.
    Harness,
    /// The database acknowledges commits that the disk had no room for.
    #[cfg(feature = "crash")]
    Engine,
}

impl Plant {
    const ALL: &[Self] = &[
        Self::Nothing,
        Self::Harness,
        #[cfg(feature = "crash")]
        Self::Engine,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Harness => "acknowledge-refused",
            #[cfg(feature = "crash")]
            Self::Engine => "ack-without-room",
        }
    }

    fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|plant| plant.name() == name)
    }
}

fn run_with(arguments: &Arguments) -> Result<Report, String> {
    let plant: String = arguments.get("plant", Plant::Nothing.name().to_owned())?;
    let points = Points {
        from: arguments.get("from", 0)?,
        points: arguments.get("points", POINTS)?,
        seed: arguments.get("seed", 1)?,
        plant: Plant::find(&plant).ok_or_else(|| format!("no fault is called {plant}"))?,
    };
    let folder = arguments.folder()?;
    arguments.check_all_taken()?;
    Ok(run(&points, folder.path()))
}

fn short() -> Vec<Report> {
    let points = |points, plant| Points { from: 0, points, seed: 1, plant };
    let folder = Folder::temporary().expect("a folder");
    let planted = run(&points(POINTS_PLANTED, Plant::Harness), folder.path());
    if planted.is_skipped() {
        return vec![planted];
    }
    vec![planted, run(&points(POINTS_SHORT, Plant::Nothing), folder.path())]
}

fn run(points: &Points, folder: &Path) -> Report {
    let begun = Instant::now();
    let Some(room) = disk::Room::find(folder) else {
        let what = "full: skipped: this user may mount no file system, nor make a place of its own to do so".into();
        return Report { what, ..Report::default() };
    };
    let (mut counts, mut failures, mut n_failed) = (BTreeMap::<String, u64>::new(), Vec::new(), 0);
    for n in points.from..points.from + points.points {
        let said = one(&room, points, folder, n);
        n_failed += u64::from(!said.failures.is_empty());
        failures.extend(said.failures.into_iter().map(|failure| format!("point {n}: {failure}")));
        for (name, count) in said.counts {
            let sum = counts.entry(name.clone()).or_default();
            *sum = if name.starts_with("longest") { count.max(*sum) } else { *sum + count };
        }
        if points.plant != Plant::Nothing && !failures.is_empty() {
            break;
        }
    }
    let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let what = format!(
        "full: seed {}, {} points from {}, {:.1} s\n  {}",
        points.seed,
        points.points,
        points.from,
        begun.elapsed().as_secs_f64(),
        counts.join("\n  ")
    );
    let planted = (points.plant != Plant::Nothing).then(|| points.plant.name());
    Report { what, passed: points.points.saturating_sub(n_failed), failures, planted }
}

/// What a point said.
#[derive(Default)]
struct Said {
    counts: Vec<(String, u64)>,
    failures: Vec<String>,
    has_ended: bool,
}

/// Runs a point.
fn one(room: &disk::Room, points: &Points, folder: &Path, n: u64) -> Said {
    let mut child = room
        .command()
        .arg(point::POINT)
        .arg(folder)
        .args([points.seed.to_string(), n.to_string(), points.plant.name().to_owned()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can start itself");
    let mut out = child.stdout.take().expect("standard output is a pipe");
    let mut err = child.stderr.take().expect("standard error is a pipe");
    let complaints = thread::spawn(move || {
        let mut text = String::new();
        let _ = err.read_to_string(&mut text);
        text
    });
    let answers = thread::spawn(move || {
        let mut text = String::new();
        let _ = out.read_to_string(&mut text);
        text
    });
    let status = wait(&mut child);
    let mut said = Said::default();
    for line in answers.join().expect("a reader does not panic").lines() {
        match line.split_once(' ') {
            Some(("C", rest)) => {
                let pair = rest.rsplit_once(' ').and_then(|(name, n)| Some((name.to_owned(), n.parse().ok()?)));
                said.counts.extend(pair);
            }
            Some(("X", reason)) => said.failures.push(reason.to_owned()),
            _ => said.has_ended |= line == "D",
        }
    }
    let complaints = complaints.join().expect("a reader does not panic");
    match status {
        None => said.failures.push(format!("it did not end within {POINT_MAX:?}")),
        Some(status) if !status.success() || !said.has_ended => {
            said.failures.push(format!("it ended with {status}: {}", complaints.trim()));
        }
        Some(_) => {}
    }
    said
}

/// Waits for a child, and kills it when it takes too long.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < POINT_MAX {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Returns the command that starts this program again.
fn this_program() -> Command {
    Command::new(env::current_exe().expect("the program knows its own path"))
}

/// Returns an exit code for what a child came to.
fn exit_code(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            println!("X {}", reason.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

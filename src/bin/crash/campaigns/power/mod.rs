//! Cuts the power: records what a fixed work writes and syncs, and opens what the disk may hold at any moment of it.
//!
//! Writes that were not synced are dropped, reordered and torn, lengths and names are lost ([`disk`] says what is
//! assumed). Of each image the next process must make a sound database that holds all steps that were acknowledged before
//! the cut, and at most the one that was under way.

mod disk;
mod record;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use attendb::Database;

use self::{
    disk::{Disk, Loss},
    record::{Event, Recorder},
};
use super::{
    Arguments, Campaign, Folder, Report,
    children::{say, talk},
    interpose,
    model::Numbers,
    steps::{self, Work},
};

/// The campaign.
pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "power",
    about: "a power cut at any moment of a fixed work: unsynced writes, lengths and names lost, reordered, torn",
    usage: "[--images N] [--from N] [--commits N] [--plant skip-sync]",
    run: run_with,
    short,
    child,
};

/// Images of the full and of the short form.
const IMAGES: u64 = 20_000;
const IMAGES_SHORT: u64 = 150;
const IMAGES_PLANTED: u64 = 60;

/// Small commits of the work.
const COMMITS: usize = 60;
const COMMITS_SHORT: usize = 20;

/// Images a child opens: it records the work anew.
const IMAGES_CHILD: u64 = 250;

/// An image that is not compared by then hangs, and so does a child.
const IMAGE_TIME_MAX: Duration = Duration::from_secs(30);
const CHILD_TIME_MAX: Duration = Duration::from_secs(300);

const PLANT: &str = "skip-sync";
const CHILD: &str = "--power";

/// The files whose syncs the planted fault leaves out.
const PLANTED_IN: &str = "journal";

/// What to run.
#[derive(Debug, Clone)]
struct Power {
    from: u64,
    images: u64,
    commits: usize,
    seed: u64,
    plant: bool,
}

#[derive(Debug, Default)]
struct Verdict {
    images: u64,
    n_events: u64,
    failures: Vec<String>,
}

fn run_with(arguments: &Arguments) -> Result<Report, String> {
    let plant: String = arguments.get("plant", String::new())?;
    if !plant.is_empty() && plant != PLANT {
        return Err(format!("no fault is called {plant}"));
    }
    let power = Power {
        from: arguments.get("from", 0)?,
        images: arguments.get("images", IMAGES)?,
        commits: arguments.get("commits", COMMITS)?,
        seed: arguments.get("seed", 1)?,
        plant: !plant.is_empty(),
    };
    let folder = arguments.folder()?;
    arguments.check_all_taken()?;
    if !interpose::is_here() {
        return Err("file calls can be watched on Linux with glibc only".to_owned());
    }
    run(&power, folder.path())
}

fn short() -> Vec<Report> {
    if !interpose::is_here() {
        return vec![Report {
            what: "power: skipped, file calls cannot be watched here".to_owned(),
            ..Report::default()
        }];
    }
    let power = Power { from: 0, images: IMAGES_SHORT, commits: COMMITS_SHORT, seed: 1, plant: false };
    let planted = Power { images: IMAGES_PLANTED, plant: true, ..power.clone() };
    let folder = Folder::temporary().expect("a folder");
    [planted, power].iter().map(|power| run(power, folder.path()).expect("the work runs undisturbed")).collect()
}

fn run(power: &Power, folder: &Path) -> Result<Report, String> {
    let begun = Instant::now();
    let mut verdict = Verdict::default();
    let end = power.from + power.images;
    let mut next = power.from;
    while next < end {
        let until = (next + IMAGES_CHILD).min(end);
        let orders = [next, until, power.seed, power.commits as u64, u64::from(power.plant)];
        let words: Vec<String> = orders.iter().map(u64::to_string).collect();
        let arguments: Vec<&str> = [CHILD].into_iter().chain(words.iter().map(String::as_str)).collect();
        let mut last = None;
        for line in talk(&arguments, folder, CHILD_TIME_MAX)? {
            match line.split_once(' ').unwrap_or((&line, "")) {
                ("I", n) => last = n.parse().ok(),
                ("N", n) => verdict.n_events = n.parse().unwrap_or(0),
                ("F", failure) => verdict.failures.push(failure.to_owned()),
                _ => verdict.failures.push(format!("image {last:?}: {line}")),
            }
        }
        let last: u64 = last.ok_or_else(|| format!("no image was made: {:?}", verdict.failures.last()))?;
        verdict.images += last + 1 - next;
        next = last + 1;
        if power.plant && !verdict.failures.is_empty() {
            break;
        }
    }
    Ok(report(power, verdict, begun.elapsed()))
}

fn child(arguments: &[String]) -> Option<ExitCode> {
    let [kind, orders @ .., folder] = arguments else { return None };
    (kind == CHILD).then_some(())?;
    let orders: Vec<u64> = orders.iter().map(|order| order.parse().ok()).collect::<Option<_>>()?;
    let [from, until, seed, commits, plant] = orders[..] else { return None };
    let power = Power { from, images: until - from, commits: commits as usize, seed, plant: plant == 1 };
    Some(match attack(&power, &PathBuf::from(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _ = say(&format!("B {}", reason.replace('\n', " ")));
            ExitCode::FAILURE
        }
    })
}

/// Records the work once, and opens images of it.
fn attack(power: &Power, folder: &Path) -> Result<(), String> {
    let work = Work::new(folder, power.commits)?;
    let digests = work.digests()?;
    let root = emptied(&folder.canonicalize().map_err(|error| error.to_string())?.join("work"))?;
    let events = record(power, &work, &root)?;
    say(&format!("N {}", events.len()))?;
    // In the order of the moments, so that the history is gone through once.
    let mut images: Vec<(usize, u64)> = (power.from..power.from + power.images)
        .map(|image| (Numbers::new(power.seed, 6_000, image).below(events.len() as u64 + 1) as usize, image))
        .collect();
    images.sort_unstable();
    let clock = watch_the_clock();
    let (mut disk, mut at, mut acknowledged) = (Disk::default(), 0, 0);
    for (moment, image) in images {
        for event in &events[at..moment] {
            if let Event::Acknowledged(n) = event {
                acknowledged = *n;
            }
            disk.apply(event);
        }
        at = moment;
        let mut random = Numbers::new(power.seed, 7_000, image);
        let loss = Loss::choose(&mut random);
        let place = emptied(&folder.join("image"))?;
        disk.save(&root, &place, loss, &mut random).map_err(|error| format!("writing an image: {error}"))?;
        clock.store(image + 1, Ordering::SeqCst);
        let most = (acknowledged + 1).min(work.len());
        if let Err(error) = look(&place.join("db"), &work, &digests, acknowledged, most) {
            let error = error.replace('\n', " ");
            say(&format!("F image {image}, cut after event {moment} of {}, {loss:?} lost: {error}", events.len()))?;
        }
        clock.store(0, Ordering::SeqCst);
    }
    say(&format!("I {}", power.from + power.images - 1))
}

/// Runs the work in a directory and returns what happened to its files.
fn record(power: &Power, work: &Work, root: &Path) -> Result<Vec<Event>, String> {
    let recorder = Recorder::new(power.plant.then_some(PLANTED_IN));
    interpose::watch(root, recorder.clone())?;
    for session in work.sessions() {
        let db = Database::open_with(root.join("db"), work.options()).map_err(|error| format!("open: {error}"))?;
        for number in session {
            work.run(&db, number).map_err(|error| format!("step {number}: {error}"))?;
            recorder.add(Event::Acknowledged(number + 1));
        }
        db.close().map_err(|error| format!("close: {error}"))?;
    }
    interpose::arm(false);
    Ok(recorder.take())
}

fn emptied(path: &Path) -> Result<PathBuf, String> {
    let _ = fs::remove_dir_all(path);
    fs::create_dir_all(path).map_err(|error| format!("cannot create {}: {error}", path.display()))?;
    Ok(path.to_path_buf())
}

/// Ends the process when an image takes too long. The number that is returned is that of the image plus one, 0 between.
fn watch_the_clock() -> Arc<AtomicU64> {
    let clock = Arc::new(AtomicU64::new(0));
    let watched = clock.clone();
    thread::spawn(move || {
        let (mut image, mut since) = (0, Instant::now());
        loop {
            thread::sleep(Duration::from_millis(50));
            let now = watched.load(Ordering::SeqCst);
            if now != image {
                (image, since) = (now, Instant::now());
            } else if image != 0 && since.elapsed() > IMAGE_TIME_MAX {
                let _ = say(&format!("F image {} hung for {IMAGE_TIME_MAX:?}", image - 1));
                let _ = say(&format!("I {}", image - 1));
                std::process::exit(1);
            }
        }
    });
    clock
}

/// Opens an image and compares it.
fn look(path: &Path, work: &Work, digests: &[u64], least: usize, most: usize) -> Result<(), String> {
    let (db, found) = work.look(path)?;
    steps::compare(digests, found, least, most)?;
    db.close().map_err(|error| format!("close: {error}"))
}

fn report(power: &Power, verdict: Verdict, took: Duration) -> Report {
    let what = format!(
        "power: seed {}, work of {} small commits, 2 imports, 2 checkpoints and 2 closes, {} events recorded; {} images \
         from {} on, {:.1} s",
        power.seed,
        power.commits,
        verdict.n_events,
        verdict.images,
        power.from,
        took.as_secs_f64(),
    );
    let passed = verdict.images.saturating_sub(verdict.failures.len() as u64);
    Report { what, passed, failures: verdict.failures, planted: power.plant.then_some(PLANT) }
}

//! Mixed load for long, with a checkpoint every second: memory, open files and disk must stay as they are.
//!
//! First every property is overwritten many times, and the disk is compared with what a fresh load of the same content
//! takes. Then writers and readers work; every second they pause, a checkpoint runs, and what is held is measured.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    sync::{
        Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use attendb::{Database, Options, params};

use super::{Arguments, Campaign, Folder, Report, heap, model::Numbers, verify};

/// The campaign.
pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "soak",
    about: "mixed load for long with a checkpoint every second: memory, files and disk must not grow",
    usage: "[--seconds N] [--nodes N] [--overwrites N] [--plant kept-memory|kept-file]",
    run: run_with,
    short,
    child: |_| None,
};

/// Length of the full form, of the short one and of its null controls.
const SECONDS: u64 = 30 * 60;
const SECONDS_SHORT: u64 = 8;
const SECONDS_PLANTED: u64 = 4;

/// Nodes, in the full and in the short form: so many that a journal's smallest segment is little beside them.
const NODES: u64 = 20_000;
const NODES_SHORT: u64 = 20_000;

/// How often every property is overwritten before the disk is measured.
const OVERWRITES: u64 = 100;
const OVERWRITES_SHORT: u64 = 100;

/// A line of the table for so many overwrites, each followed by a checkpoint.
const OVERWRITES_A_LINE: usize = 10;

/// Checkpoints of next to nothing after which only the last overwrite is named.
const SETTLING: u64 = 3;

/// What the disk may hold, as a multiple of a fresh load, in hundredths: before a checkpoint, and after it.
const DISK_MAX_PERCENT: u64 = 300;
const DISK_MAX_PERCENT_CHECKPOINTED: u64 = 150;

/// What memory may grow by, in bytes an hour. The plan cache fills and is emptied all the time, by some hundred kilobytes:
/// in seconds that is a steep line, and only a fast leak is told from it.
const GROWTH_MAX: f64 = (1 << 20) as f64;
const GROWTH_MAX_SHORT: f64 = 3600.0 * (1 << 20) as f64;

/// The part of the samples that is warm-up: caches fill.
const WARM_UP: (usize, usize) = (1, 4);

/// Files that come and go: a segment of the journal being prepared, one being sealed, directories being listed.
const FILES_SLACK: u64 = 4;

/// What the planted leak keeps at every sample.
const LEAK_BYTES: usize = 1 << 20;

/// Writers and readers.
const WORKERS: u64 = 4;

/// The time between two checkpoints, in the full and the short form.
const TICK: Duration = Duration::from_secs(1);
const TICK_SHORT: Duration = Duration::from_millis(250);

/// The planted faults, and what must be said of each: another failure does not count as noticing it.
const PLANTS: [(&str, &str); 2] = [("kept-memory", "bytes in use grow"), ("kept-file", "files are open")];

struct Soak {
    seconds: u64,
    nodes: u64,
    overwrites: u64,
    seed: u64,
    tick: Duration,
    growth_max: f64,
    /// Whether the resident set is judged too: in seconds it only shows the allocator's habits.
    judges_resident: bool,
    plant: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: f64,
    in_use: u64,
    resident: u64,
    files: u64,
    disk: u64,
}

fn run_with(arguments: &Arguments) -> Result<Report, String> {
    let plant: Option<String> = arguments.find("plant")?;
    let known = |name: String| PLANTS.iter().map(|plant| plant.0).find(|known| *known == name).ok_or(name);
    let plant = plant.map(known).transpose().map_err(|name| format!("no fault is called {name}"))?;
    let soak = Soak {
        seconds: arguments.get("seconds", SECONDS)?,
        nodes: arguments.get("nodes", NODES)?,
        overwrites: arguments.get("overwrites", OVERWRITES)?,
        seed: arguments.get("seed", 1)?,
        tick: TICK,
        growth_max: GROWTH_MAX,
        judges_resident: true,
        plant,
    };
    let folder = arguments.folder()?;
    arguments.check_all_taken()?;
    Ok(report(&soak, folder.path()))
}

fn short() -> Vec<Report> {
    let soak = |plant: Option<&'static str>| Soak {
        seconds: if plant.is_some() { SECONDS_PLANTED } else { SECONDS_SHORT },
        nodes: NODES_SHORT,
        overwrites: if plant.is_some() { 0 } else { OVERWRITES_SHORT },
        seed: 1,
        tick: TICK_SHORT,
        growth_max: GROWTH_MAX_SHORT,
        judges_resident: false,
        plant,
    };
    [Some(PLANTS[0].0), Some(PLANTS[1].0), None]
        .into_iter()
        .map(|plant| report(&soak(plant), Folder::temporary().expect("a folder").path()))
        .collect()
}

fn report(soak: &Soak, folder: &Path) -> Report {
    let mut report = Report { planted: soak.plant, ..Report::default() };
    report.what =
        format!("soak: seed {}, {} s, {} nodes, {} overwrites", soak.seed, soak.seconds, soak.nodes, soak.overwrites);
    if let Err(error) = run(soak, folder, &mut report) {
        report.failures.push(error);
    }
    if let Some((_, said)) = PLANTS.iter().find(|plant| soak.plant == Some(plant.0)) {
        report.failures.retain(|failure| failure.contains(said));
    }
    report
}

fn run(soak: &Soak, folder: &Path, report: &mut Report) -> Result<(), String> {
    let path = folder.join("db");
    let options = Options::default().file_roots([folder]);
    let db = Database::open_with(&path, options).map_err(|error| error.to_string())?;
    load(&db, soak.nodes)?;
    if soak.overwrites > 0 {
        overwrite(soak, &db, &path, folder, report)?;
    }
    let samples = work(soak, &db, &path)?;
    db.close().map_err(|error| error.to_string())?;
    judge(soak, &samples, report);
    Ok(())
}

/// Makes the content: nodes with a key, two numbers and a text, a chain of relationships with a weight.
fn load(db: &Database, nodes: u64) -> Result<(), String> {
    execute(db, "CREATE CONSTRAINT FOR (i:Item) REQUIRE i.key IS UNIQUE")?;
    let last = nodes - 1;
    execute(
        db,
        &format!("UNWIND range(0, {last}) AS k CREATE (:Item {{key: k, a: 0, b: 0.5, text: 'text 0 of ' + k}})"),
    )?;
    execute(
        db,
        &format!(
            "UNWIND range(1, {last}) AS k MATCH (a:Item {{key: k - 1}}), (b:Item {{key: k}}) CREATE (a)-[:NEXT {{w: 0}}]->(b)"
        ),
    )
}

fn overwrite_all(db: &Database, n: u64) -> Result<(), String> {
    execute(db, &format!("MATCH (i:Item) SET i.a = {n}, i.b = {n}.5, i.text = 'text {n} of ' + i.key"))?;
    execute(db, &format!("MATCH (:Item)-[r:NEXT]->() SET r.w = {n}"))
}

fn overwrite(soak: &Soak, db: &Database, path: &Path, folder: &Path, report: &mut Report) -> Result<(), String> {
    let mut seen = Vec::new();
    for n in 1..=soak.overwrites {
        overwrite_all(db, n)?;
        let before = bytes(path);
        db.checkpoint().map_err(|error| error.to_string())?;
        seen.push((n, before, [bytes(path), bytes(&path.join("blocks"))]));
    }
    // Two roots are kept, and the journal since the older: what the last overwrite replaced goes with the next roots.
    for n in 0..SETTLING {
        execute(db, &format!("MATCH (i:Item {{key: 0}}) SET i.a = {}", soak.overwrites + n % 2))?;
        db.checkpoint().map_err(|error| error.to_string())?;
    }
    execute(db, &format!("MATCH (i:Item {{key: 0}}) SET i.a = {}", soak.overwrites))?;
    let settled = [bytes(path), bytes(&path.join("blocks"))];
    // The same content in a new database: what is alive.
    let fresh = folder.join("fresh");
    let other = Database::open(&fresh).map_err(|error| error.to_string())?;
    load(&other, soak.nodes)?;
    overwrite_all(&other, soak.overwrites)?;
    let same = |db| verify::rows(db, "MATCH (i:Item) RETURN count(i), sum(i.a), sum(i.b), count(DISTINCT i.text)");
    if same(db)? != same(&other)? {
        return Err("the fresh load holds something else".into());
    }
    other.close().map_err(|error| error.to_string())?;
    let live = bytes(&fresh);
    let _ = fs::remove_dir_all(&fresh);
    let _ =
        write!(report.what, "\n  live {live} bytes; overwrites, disk before and after the checkpoint, as a multiple:");
    for (n, before, after) in seen.iter().skip(OVERWRITES_A_LINE - 1).step_by(OVERWRITES_A_LINE) {
        let factor = |bytes: u64| bytes as f64 / live as f64;
        let [all, blocks] = after.map(factor);
        let _ = write!(report.what, "\n  {n:>6} {:>8.2} {all:>8.2}, its blocks {blocks:>8.2}", factor(*before));
    }
    let [all, blocks] = settled.map(|bytes| bytes as f64 / live as f64);
    let _ = write!(report.what, "\n  settled         {all:>8.2}, its blocks {blocks:>8.2}");
    let before = seen.iter().map(|(_, before, _)| *before).max().unwrap_or(0);
    let [after, _] = settled;
    for (when, bytes, max) in [("before", before, DISK_MAX_PERCENT), ("after", after, DISK_MAX_PERCENT_CHECKPOINTED)] {
        if bytes * 100 > live * max {
            report.failures.push(format!("disk {when} a checkpoint: {bytes} bytes for {live} alive, {max} % allowed"));
        } else {
            report.passed += 1;
        }
    }
    Ok(())
}

/// Runs the load, and measures while it pauses.
fn work(soak: &Soak, db: &Database, path: &Path) -> Result<Vec<Sample>, String> {
    let (stop, gate) = (AtomicBool::new(false), RwLock::new(()));
    let (n_done, failure) = (AtomicU64::new(0), Mutex::new(None));
    let mut samples = Vec::with_capacity((soak.seconds * 8) as usize);
    let begun = Instant::now();
    let (mut kept, mut kept_files) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (stop, gate, n_done, failure) = (&stop, &gate, &n_done, &failure);
            scope.spawn(move || {
                let mut n = 0;
                while !stop.load(Ordering::Relaxed) {
                    let _open = gate.read().unwrap_or_else(PoisonError::into_inner);
                    n += 1;
                    if let Err(error) = step(db, soak, worker, n) {
                        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                        return;
                    }
                    n_done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut measure = || -> Result<(), String> {
            while begun.elapsed() < Duration::from_secs(soak.seconds) {
                thread::sleep(soak.tick);
                let _closed = gate.write().unwrap_or_else(PoisonError::into_inner);
                // The second one gives back what the first one's older root still named.
                for _ in 0..2 {
                    db.checkpoint().map_err(|error| error.to_string())?;
                }
                match soak.plant {
                    Some("kept-memory") => kept.push(vec![1_u8; LEAK_BYTES]),
                    Some(_) => kept_files.push(fs::File::open("/proc/self/statm").map_err(|error| error.to_string())?),
                    None => {}
                }
                samples.push(Sample {
                    at: begun.elapsed().as_secs_f64(),
                    in_use: heap::live_bytes() as u64,
                    resident: resident(),
                    files: fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64),
                    disk: bytes(path),
                });
            }
            Ok(())
        };
        let measured = measure();
        stop.store(true, Ordering::Relaxed);
        measured
    })?;
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(samples),
    }
}

/// One operation: what is there stays as much as it was.
fn step(db: &Database, soak: &Soak, worker: u64, n: u64) -> Result<(), String> {
    let mut random = Numbers::new(soak.seed, 5_000 + worker, n);
    let key = random.below(soak.nodes) as i64;
    let v = random.below(1000) as i64;
    let done = match random.below(8) {
        0 | 1 => db.execute(
            "MATCH (i:Item {key: $key}) SET i.a = $v, i.text = 'text ' + $v + ' of ' + i.key",
            params! { "key": key, "v": v },
        ),
        2 => db.execute(
            "MERGE (t:Kept {worker: $key}) ON CREATE SET t.v = $v ON MATCH SET t.v = $v",
            params! { "key": worker as i64, "v": v },
        ),
        3 => {
            let mut transaction = db.write().map_err(|error| error.to_string())?;
            let rolled = transaction.execute("CREATE (:Never {v: $v})", params! { "v": v });
            drop(transaction);
            rolled
        }
        4 | 5 => db.execute("MATCH (i:Item {key: $key})-[r:NEXT]->(j) RETURN i.text, r.w, j.a", params! { "key": key }),
        6 => db.execute("MATCH (i:Item) WHERE i.a = $v RETURN count(i)", params! { "v": v }),
        // A text of its own each time: plans must not pile up.
        _ => db.execute(&format!("MATCH (i:Item {{key: {key}}}) RETURN i.a + {v}"), ()),
    };
    done.map(drop).map_err(|error| error.to_string())
}

fn judge(soak: &Soak, samples: &[Sample], report: &mut Report) {
    let warm = &samples[samples.len() * WARM_UP.0 / WARM_UP.1..];
    if warm.len() < 3 {
        report.failures.push(format!("{} samples are too few", samples.len()));
        return;
    }
    let _ = write!(report.what, "\n  second, bytes in use, resident, files, disk:");
    for at in 0..=8 {
        let sample = samples[(samples.len() - 1) * at / 8];
        let _ = write!(
            report.what,
            "\n  {:>7.1} {:>11} {:>11} {:>4} {:>11}",
            sample.at, sample.in_use, sample.resident, sample.files, sample.disk
        );
    }
    let in_use = slope(warm, |sample| sample.in_use);
    let resident = slope(warm, |sample| sample.resident);
    let _ = write!(
        report.what,
        "\n  growth an hour by least squares over {} samples: {:.3} MiB in use, {:.3} MiB resident",
        warm.len(),
        in_use / GROWTH_MAX,
        resident / GROWTH_MAX
    );
    let grows = [("bytes in use", in_use, true), ("the resident set", resident, soak.judges_resident)];
    for (name, slope, _) in grows.into_iter().filter(|(_, _, is_judged)| *is_judged) {
        if slope > soak.growth_max {
            report.failures.push(format!("{name} grow by {:.2} MiB an hour", slope / GROWTH_MAX));
        } else {
            report.passed += 1;
        }
    }
    let files = warm.iter().map(|sample| sample.files);
    let (least, most) = (files.clone().min().unwrap_or(0), files.max().unwrap_or(0));
    if most - least > FILES_SLACK {
        report.failures.push(format!("between {least} and {most} files are open"));
    } else {
        report.passed += 1;
    }
}

/// Returns the growth in bytes an hour of the line that fits best.
fn slope(samples: &[Sample], value: impl Fn(&Sample) -> u64) -> f64 {
    let n = samples.len() as f64;
    let mean_at = samples.iter().map(|sample| sample.at).sum::<f64>() / n;
    let mean = samples.iter().map(|sample| value(sample) as f64).sum::<f64>() / n;
    let (mut above, mut below) = (0.0, 0.0);
    for sample in samples {
        above += (sample.at - mean_at) * (value(sample) as f64 - mean);
        below += (sample.at - mean_at).powi(2);
    }
    above / below * 3600.0
}

fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = text.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    // Pages have 4 KiB on every system that has this file and that the campaign is run on.
    pages * 4096
}

/// Returns the bytes a directory takes on the disk.
fn bytes(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes(&entry.path()),
            // A segment of the journal that waits to be begun, or not, as another thread has come to it.
            Ok(_) if entry.path().extension().is_some_and(|extension| extension == "new") => 0,
            Ok(metadata) => taken(&metadata),
            // Gone meanwhile.
            Err(_) => 0,
        })
        .sum()
}

#[cfg(unix)]
fn taken(metadata: &fs::Metadata) -> u64 {
    // Blocks of 512 bytes, whatever the file system's own are.
    std::os::unix::fs::MetadataExt::blocks(metadata) * 512
}

#[cfg(not(unix))]
fn taken(metadata: &fs::Metadata) -> u64 {
    metadata.len()
}

fn execute(db: &Database, text: &str) -> Result<(), String> {
    db.execute(text, ()).map(drop).map_err(|error| format!("{text}: {error}"))
}

//! Kills a writing database again and again and looks whether anything was lost.
//!
//! `cargo run --release --features crash --bin crash -- --kills 200 [--seed 1] [--dir FOLDER] [--plant ack-before-write]`.
//! Small transactions on several threads, transactions of several statements, imports, checkpoints and readers run in a
//! child process that is killed by SIGKILL at a random moment, one in ten while it recovers. The next child compares what
//! it finds with the model: nothing acknowledged may be missing, nothing may be there that was not issued, and what is
//! there must be a prefix. With `--plant ack-before-write` (or `report-before-commit`, a fault of the writer itself) the
//! run succeeds when the planted fault is caught.

mod campaign;
mod model;
mod verify;
mod writer;

use std::{env, fs, path::PathBuf, process::ExitCode};

use campaign::Campaign;
use writer::Plant;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some(orders) = writer::Orders::parse(&arguments) {
        return writer::run(&orders);
    }
    let mut campaign = Campaign { kills: 200, seed: 1, plant: Plant::Nothing };
    let mut folder = env::temp_dir().join(format!("attendb-crash-{}", std::process::id()));
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let value = rest.next().map(String::as_str);
        match (argument.as_str(), value, value.and_then(|value| value.parse().ok())) {
            ("--kills", _, Some(kills)) => campaign.kills = kills,
            ("--seed", _, Some(seed)) => campaign.seed = seed,
            ("--dir", Some(path), _) => folder = PathBuf::from(path),
            ("--plant", Some(name), _) if Plant::find(name).is_some() => {
                campaign.plant = Plant::find(name).expect("it was just found");
            }
            _ => {
                eprintln!("usage: crash [--kills N] [--seed S] [--dir FOLDER] [--plant NAME]");
                return ExitCode::from(2);
            }
        }
    }
    if let Err(error) = fs::create_dir_all(&folder) {
        eprintln!("cannot create {}: {error}", folder.display());
        return ExitCode::from(3);
    }
    let verdict = campaign::run(&campaign, &folder);
    let clean = campaign::print(&campaign, &verdict);
    let _ = fs::remove_dir_all(&folder);
    let planted = campaign.plant != Plant::Nothing;
    let good = clean != planted;
    if planted {
        println!("the planted fault {} was {}", campaign.plant.name(), if good { "caught" } else { "NOT caught" });
    }
    let failed = if planted { u64::from(!good) } else { verdict.failures.len() as u64 };
    println!("{} passed, {failed} failed", verdict.kills.saturating_sub(failed));
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

//! Compiles statements that are long or deep.
//!
//! Long: each of the [`families`] repeats one piece; twice the text may take at most 2.5 times the time, up to the longest
//! statement there may be, through parsing, binding and planning. Deep: see [`deep`].

mod deep;
mod families;
mod nested;

use std::{
    fmt::Write as _,
    hint::black_box,
    time::{Duration, Instant},
};

use attendb::Database;

use self::families::{FAMILIES, Family};
use super::{Arguments, Campaign, Report, clock::thread_time, model::Numbers};

/// The campaign.
pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "parse",
    about: "statements of up to 1 MiB and 100,000 levels: time grows as the text does, and no stack overflows",
    usage: "[--bytes N] [--runs N] [--plant quadratic|small-stack]",
    run: run_with,
    short,
    child: deep::child,
};

/// The longer text of each family: about the longest that is read, with some room for what makes each run's text its own.
const BYTES: usize = (1 << 20) - 64;
const BYTES_SHORT: usize = 128 << 10;

/// How often each text is compiled; the median counts.
const RUNS: usize = 7;
const RUNS_SHORT: usize = 5;

/// How many times as long the double text may take. The square of something would take four times as long.
const RATIO_MAX: f64 = 2.5;

/// The same for the short form, which runs beside other tests.
const RATIO_MAX_SHORT: f64 = 3.5;

/// Times that are shorter measure something else than the text.
const TIME_MIN: Duration = Duration::from_millis(2);

/// How often a ratio that is too large is measured again: the machine may do something else.
const TRIES: usize = 3;

/// The compiler reads the text again for each of its lines.
const QUADRATIC: &str = "quadratic";

/// What must go deep has a stack for nothing.
const SMALL_STACK: &str = "small-stack";
const SMALL_STACK_BYTES: usize = 16 << 10;

const PLANTS: &[&str] = &[QUADRATIC, SMALL_STACK];

/// How much is measured.
struct Form {
    bytes: usize,
    n_runs: usize,
    /// Other work runs beside it: only what is far beyond the bounds counts.
    is_short: bool,
}

impl Form {
    const fn ratio_max(&self) -> f64 {
        if self.is_short { RATIO_MAX_SHORT } else { RATIO_MAX }
    }
}

fn run_with(arguments: &Arguments) -> Result<Report, String> {
    let plant: String = arguments.get("plant", String::new())?;
    let planted = PLANTS.iter().copied().find(|known| *known == plant);
    if planted.is_none() && !plant.is_empty() {
        return Err(format!("no fault is called {plant}"));
    }
    let seed = arguments.get("seed", 1)?;
    let form = Form { bytes: arguments.get("bytes", BYTES)?, n_runs: arguments.get("runs", RUNS)?, is_short: false };
    arguments.check_all_taken()?;
    Ok(run(seed, &form, planted))
}

fn short() -> Vec<Report> {
    let form = Form { bytes: BYTES_SHORT, n_runs: RUNS_SHORT, is_short: true };
    let plants = PLANTS.iter().map(|plant| run(1, &form, Some(plant)));
    plants.chain([run(1, &form, None)]).collect()
}

fn run(seed: u64, form: &Form, plant: Option<&'static str>) -> Report {
    let (&Form { bytes, n_runs, .. }, ratio_max) = (form, form.ratio_max());
    let begun = Instant::now();
    let mut report = Report { planted: plant, ..Report::default() };
    let mut table = String::new();
    if plant != Some(SMALL_STACK) {
        // In another order each time: what one family leaves behind must not be the next one's luck.
        let mut families: Vec<&Family> = FAMILIES.iter().collect();
        let mut numbers = Numbers::new(seed, 0, 0);
        for at in (1..families.len()).rev() {
            families.swap(at, numbers.below(at as u64 + 1) as usize);
        }
        for family in families {
            let growth = (0..TRIES).map(|_| Growth::measure(family, bytes, n_runs, plant.is_some()));
            let growth = growth.reduce(|a, b| if a.is_good(ratio_max) { a } else { b }).expect("there is a try");
            let Growth { half, whole, ratio, refused } = &growth;
            let line = format!(
                "{:<26} {:>8.2} ms {:>8.2} ms  {ratio:>4.2}  {refused}",
                family.name,
                half.as_secs_f64() * 1e3,
                whole.as_secs_f64() * 1e3,
            );
            let _ = write!(table, "\n  {line}");
            match growth.is_good(ratio_max) {
                true => report.passed += 1,
                false => report.failures.push(line),
            }
            if plant.is_some() && !report.failures.is_empty() {
                break;
            }
        }
    }
    let mut depth = String::new();
    if plant != Some(QUADRATIC) {
        let (passed, failures, slowest) =
            deep::attack((plant == Some(SMALL_STACK)).then_some(SMALL_STACK_BYTES), form.is_short);
        report.passed += passed;
        report.failures.extend(failures);
        depth = format!("; the slowest of the deep ones was refused after {slowest}");
    }
    report.what = format!(
        "parse: seed {seed}, {} families of {} and {bytes} bytes, median of {n_runs} runs; {} that nest, {} that chain{depth}; \
         {:.1} s{table}",
        FAMILIES.len(),
        bytes / 2,
        nested::NESTED.len(),
        nested::CHAINED.len(),
        begun.elapsed().as_secs_f64(),
    );
    report
}

/// What a family took.
struct Growth {
    half: Duration,
    whole: Duration,
    ratio: f64,
    refused: String,
}

impl Growth {
    fn measure(family: &Family, bytes: usize, n_runs: usize, quadratic: bool) -> Self {
        let db = Database::memory().expect("memory needs nothing");
        let (half, whole) = (family.text(bytes / 2), family.text(bytes));
        let (mut halves, mut wholes, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        let mut refused = String::new();
        for run in 0..n_runs {
            let (half, _) = compile(&db, &half, run, quadratic);
            let (whole, said) = compile(&db, &whole, run, quadratic);
            halves.push(half);
            wholes.push(whole);
            ratios.push(whole.as_secs_f64() / half.as_secs_f64());
            refused = said;
        }
        ratios.sort_by(f64::total_cmp);
        Self { half: median(halves), whole: median(wholes), ratio: ratios[n_runs / 2], refused }
    }

    fn is_good(&self, ratio_max: f64) -> bool {
        self.ratio <= ratio_max || self.whole < TIME_MIN
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Returns what compiling a text takes of this thread's time, and what is said of it.
fn compile(db: &Database, text: &str, run: usize, quadratic: bool) -> (Duration, String) {
    // Plans are kept by text: each run has one of its own, where it does not matter.
    let text = format!("{}{text}", " ".repeat(run));
    let begun = thread_time();
    if quadratic {
        for at in (0..text.len()).step_by(64) {
            black_box(text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count());
        }
    }
    let said = match db.prepare(&text) {
        Ok(_) => String::new(),
        Err(error) => error.to_string().lines().next().unwrap_or("").chars().take(60).collect(),
    };
    (thread_time() - begun, said)
}

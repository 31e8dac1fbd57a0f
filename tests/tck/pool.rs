//! Runs scenarios in threads; one that panics or never ends costs itself only.

use std::{
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    feature::Scenario,
    scenario::{self, Outcome, Status},
};

/// A scenario takes milliseconds; ten seconds are a hang, even in a debug build on a busy machine.
const SCENARIO_TIME_MAX: Duration = Duration::from_secs(10);

/// How often the time limit is looked at.
const TICK: Duration = Duration::from_millis(200);

/// The stack of a thread that runs scenarios: what a main thread has on Linux.
const STACK_BYTES: usize = 8 << 20;

/// What each worker runs now and since when, by worker.
type Busy = Arc<Mutex<Vec<Option<(usize, Instant)>>>>;

/// Runs all scenarios; outcomes in the same order.
pub(crate) fn run(scenarios: &Arc<Vec<Scenario>>, root: &Path) -> Vec<Outcome> {
    // A panic is an outcome here, not a message.
    panic::set_hook(Box::new(|_| {}));
    let mut outcomes: Vec<Option<Outcome>> = scenarios.iter().map(|_| None).collect();
    let next = Arc::new(AtomicUsize::new(0));
    let busy: Busy = Arc::default();
    let (sender, receiver) = mpsc::channel();
    let root: Arc<Path> = Arc::from(root);
    let start = |sender: Sender<(usize, Outcome)>| {
        let (scenarios, next, busy, root) = (scenarios.clone(), next.clone(), busy.clone(), root.clone());
        let worker = {
            let mut busy = busy.lock().expect("no worker panics with the lock");
            busy.push(None);
            busy.len() - 1
        };
        let body = move || work(worker, &scenarios, &root, &next, &busy, &sender);
        thread::Builder::new().stack_size(STACK_BYTES).spawn(body).expect("a thread can be started");
    };
    let workers = thread::available_parallelism().map_or(2, |n| n.get());
    (0..workers).for_each(|_| start(sender.clone()));
    let mut missing = outcomes.len();
    while missing > 0 {
        match receiver.recv_timeout(TICK) {
            Ok((at, outcome)) => {
                if outcomes[at].is_none() {
                    outcomes[at] = Some(outcome);
                    missing -= 1;
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                let mut late = Vec::new();
                for slot in busy.lock().expect("no worker panics with the lock").iter_mut() {
                    if slot.is_some_and(|(_, since)| since.elapsed() > SCENARIO_TIME_MAX) {
                        late.extend(slot.take());
                    }
                }
                for (at, _) in late {
                    let outcome = Outcome::new(Status::Error, format!("ran longer than {SCENARIO_TIME_MAX:?}"));
                    if outcomes[at].replace(outcome).is_none() {
                        missing -= 1;
                    }
                    start(sender.clone());
                }
            }
            Err(RecvTimeoutError::Disconnected) => unreachable!("this function holds a sender"),
        }
    }
    let _ = panic::take_hook();
    outcomes.into_iter().map(|outcome| outcome.expect("none is missing")).collect()
}

fn work(
    worker: usize,
    scenarios: &[Scenario],
    root: &Path,
    next: &AtomicUsize,
    busy: &Mutex<Vec<Option<(usize, Instant)>>>,
    sender: &Sender<(usize, Outcome)>,
) {
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(scenario) = scenarios.get(at) else { return };
        busy.lock().expect("no worker panics with the lock")[worker] = Some((at, Instant::now()));
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| scenario::run(scenario, root)));
        let outcome = outcome.unwrap_or_else(|cause| {
            let cause = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
            Outcome::new(Status::Error, format!("panicked: {}", cause.unwrap_or("without a message")))
        });
        let abandoned = busy.lock().expect("no worker panics with the lock")[worker].take().is_none();
        if sender.send((at, outcome)).is_err() || abandoned {
            return;
        }
    }
}

//! A bar on the terminal for statements that read large files, once they have run for a second.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// How long a statement runs before a bar appears: what is faster needs none.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// How often the bar is drawn at most, in a second: more costs time and nobody sees it.
const DRAWN_PER_SECOND: u8 = 10;

/// What the bar shows.
const BAR: &str = "{msg} {bar:30} {bytes} of {total_bytes}, {rate}, {left} left";

/// What is shown instead where more is read than the file is long, because it is compressed.
const COUNTER: &str = "{msg} {spinner} {bytes}, {rate}, {elapsed}";

/// Shows how far the running statement's file has been read. Clones share the bar.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    is_shown: bool,
    running: Arc<Mutex<Option<Running>>>,
}

#[derive(Debug)]
struct Running {
    since: Instant,
    bar: Option<ProgressBar>,
}

/// While it lives, a statement runs; the bar vanishes with it.
#[derive(Debug)]
pub(crate) struct Statement<'a>(&'a Progress);

impl Progress {
    /// Returns one that shows nothing yet, or never anything.
    pub(crate) fn new(is_shown: bool) -> Self {
        Self { is_shown, running: Arc::default() }
    }

    /// Begins a statement.
    pub(crate) fn begin(&self) -> Statement<'_> {
        *self.lock() = Some(Running { since: Instant::now(), bar: None });
        Statement(self)
    }

    /// Returns what the database calls while it imports.
    pub(crate) fn hook(&self) -> attendb::Progress {
        let progress = self.clone();
        attendb::Progress::new(move |file, done, total| progress.report(file, done, total))
    }

    /// Takes note that so many bytes of the file have been read or written. Draws only on a terminal.
    pub(crate) fn report(&self, file: &str, done: u64, total: u64) {
        if !self.is_shown {
            return;
        }
        let mut running = self.lock();
        let Some(running) = &mut *running else { return };
        if running.bar.is_none() && running.since.elapsed() < SHOWN_AFTER {
            return;
        }
        let bar = running.bar.get_or_insert_with(|| {
            let target = ProgressDrawTarget::stderr_with_hz(DRAWN_PER_SECOND);
            ProgressBar::with_draw_target(Some(total), target)
                .with_style(style(BAR))
                .with_elapsed(running.since.elapsed())
                .with_message(file.to_owned())
        });
        if done > total && bar.length().is_some() {
            bar.unset_length();
            bar.set_style(style(COUNTER));
        }
        bar.set_position(done);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Statement<'_> {
    fn drop(&mut self) {
        if let Some(Running { bar: Some(bar), .. }) = self.0.lock().take() {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates are constants that parse")
        .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = write!(out, "{}/s", HumanBytes(rate(state.pos(), state.elapsed())));
        })
        .with_key("left", |state: &ProgressState, out: &mut dyn fmt::Write| {
            let left = left(state.pos(), state.len().unwrap_or_default(), state.elapsed());
            let _ = write!(out, "{:#}", HumanDuration(left));
        })
}

/// Returns bytes a second since the statement began: steadier than those of the last moments, which is what the time
/// that is left is guessed from.
fn rate(done: u64, elapsed: Duration) -> u64 {
    (done as f64 / elapsed.as_secs_f64().max(1e-3)) as u64
}

/// Returns how long the rest takes at the same rate.
fn left(done: u64, total: u64, elapsed: Duration) -> Duration {
    elapsed.mul_f64(total.saturating_sub(done) as f64 / done.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_what_was_done() {
        let two = Duration::from_secs(2);
        assert_eq!(rate(3_000_000, two), 1_500_000);
        assert_eq!(left(25, 100, two), Duration::from_secs(6));
        assert_eq!(left(100, 100, two), Duration::ZERO);
    }

    #[test]
    fn no_bar_before_its_time_and_none_left_behind() {
        let progress = Progress::new(true);
        progress.report("a.csv", 1, 2);
        assert!(progress.lock().is_none(), "nothing runs");
        let statement = progress.begin();
        progress.report("a.csv", 1, 2);
        assert!(progress.lock().as_ref().is_some_and(|running| running.bar.is_none()), "too early");
        if let Some(running) = &mut *progress.lock() {
            running.since = Instant::now().checked_sub(SHOWN_AFTER * 2).expect("the machine has run for two seconds");
        }
        progress.report("a.csv", 1, 2);
        let bar = progress.lock().as_ref().and_then(|running| running.bar.clone()).expect("a bar");
        assert_eq!((bar.position(), bar.length()), (1, Some(2)));
        progress.report("a.csv", 3, 2);
        assert_eq!((bar.position(), bar.length()), (3, None), "a compressed file is longer than its size");
        drop(statement);
        assert!(bar.is_finished() && progress.lock().is_none());
    }
}

//! Talks with children: the program started again, one line a message.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Says a line to the parent, in one write.
pub(crate) fn say(line: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).map_err(|error| error.to_string())
}

/// Runs a child on a folder and returns its lines. One more that starts with `B` is added if it hung, if it was ended by
/// a signal other than SIGKILL, or if it panicked to its end.
pub(crate) fn talk(arguments: &[&str], folder: &Path, time_max: Duration) -> Result<Vec<String>, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let child = Command::new(program).args(arguments).arg(folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("the program cannot start itself: {error}"))?;
    let out = child.stdout.take().expect("standard output is a pipe");
    let mut told = child.stderr.take().expect("standard error is a pipe");
    let reader = thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).collect::<Vec<_>>());
    let complaints = thread::spawn(move || {
        let mut text = String::new();
        let _ = told.read_to_string(&mut text);
        text
    });
    let broken = wait(&mut child, time_max);
    let mut lines = reader.join().unwrap_or_default();
    let complaint = complaints.join().unwrap_or_default().replace('\n', " ");
    lines.extend(broken.map(|broken| format!("B {broken} {complaint}")));
    Ok(lines)
}

/// Waits for a child, and kills it when its time is over. Returns what was wrong with its end.
fn wait(child: &mut Child, time_max: Duration) -> Option<String> {
    let begun = Instant::now();
    while begun.elapsed() < time_max {
        match child.try_wait() {
            Ok(None) => thread::sleep(Duration::from_micros(500)),
            Ok(Some(status)) => return wrong_end(status),
            Err(error) => return Some(format!("cannot be waited for: {error}")),
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    Some(format!("hung for {time_max:?}"))
}

fn wrong_end(status: std::process::ExitStatus) -> Option<String> {
    #[cfg(unix)]
    let is_killed = std::os::unix::process::ExitStatusExt::signal(&status) == Some(9);
    #[cfg(not(unix))]
    let is_killed = false;
    // 1 has its reason among the lines.
    (!is_killed && !matches!(status.code(), Some(0 | 1))).then(|| format!("ended with {status}"))
}

//! The `kgql` program from outside: what it prints where, and with which exit code it ends.
#![cfg(feature = "shell")]

mod cancel;
mod carry;
mod check;
mod demo;
mod dot;
mod errors;
mod file_size;
mod guarded;
mod output;
mod picture;
mod scripts;

use std::{
    ffi::OsStr,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};
#[cfg(unix)]
use std::{io::Read, process::Child};

/// What a run of the program left.
#[derive(Debug)]
struct Ran {
    /// Standard output.
    out: String,
    /// Standard error.
    err: String,
    /// The exit code; -1 where a signal ended it.
    code: i32,
}

impl Ran {
    /// Returns standard output of a run that must have succeeded.
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }
}

/// Runs the program with nothing on standard input.
fn kgql<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Ran {
    kgql_in(Path::new("."), args, "")
}

/// Runs the program in a directory with a text on standard input.
fn kgql_in<S: AsRef<OsStr>>(directory: &Path, args: impl IntoIterator<Item = S>, stdin: &str) -> Ran {
    let mut child = command(args)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut pipe = child.stdin.take().expect("a pipe was asked for");
    // The program may end (wrong usage) before it reads all of it.
    let _ = pipe.write_all(stdin.as_bytes());
    drop(pipe);
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
    Ran { out: text(output.stdout), err: text(output.stderr), code: output.status.code().unwrap_or(-1) }
}

fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kgql"));
    command.args(args).env_remove("NO_COLOR");
    command
}

/// Starts the program, whose first statement answers `ready`, and waits for that.
#[cfg(unix)]
fn start_until_ready(command: &mut Command) -> Child {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let out = child.stdout.as_mut().expect("a pipe was asked for");
    let mut seen = String::new();
    let mut buffer = [0; 256];
    while !seen.contains("ready") {
        let n = out.read(&mut buffer).expect("the pipe is readable");
        assert!(n > 0, "the program ended early: {seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
    child
}

/// Sends what Ctrl-C sends.
#[cfg(unix)]
fn send_interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill starts");
    assert!(sent.success());
}

/// Runs statements in memory, as JSON lines.
#[track_caller]
fn answer(text: &str) -> Vec<serde_json::Value> {
    lines(&kgql([":memory:", "--mode", "jsonl", "-c", text]).ok())
}

/// Parses JSON lines.
#[track_caller]
fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

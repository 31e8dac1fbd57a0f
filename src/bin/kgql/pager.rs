//! Long results through the user's pager: `$PAGER`, or `less` as git calls it (quits where one screen holds it all, takes
//! colours, leaves the screen as it is). What fits the screen is written at once, without it.

use std::{
    env,
    io::{self, Write},
    process::{Child, ChildStdin, Command, Stdio},
};

/// How `less` behaves where nobody said how: quit if one screen, colours, no clearing.
const LESS: &str = "FRX";

/// Lines of a screen whose height is not known: those of the oldest terminals.
const LINES_DEFAULT: usize = 24;

/// Lines that the prompt and what is said about the rows take.
const LINES_BESIDE: usize = 3;

/// A result on its way to the screen, or to the pager once it is longer.
pub(crate) struct Paged<W: Write> {
    direct: W,
    state: State,
    lines_max: usize,
}

enum State {
    /// It may still fit.
    Held { bytes: Vec<u8>, n_lines: usize },
    /// It goes through the pager.
    Piped(Child, ChildStdin),
    /// There is no pager.
    Direct,
}

impl<W: Write> Paged<W> {
    /// Returns one that shows nothing yet.
    pub(crate) fn new(direct: W) -> Self {
        let height = terminal_size::terminal_size().map_or(LINES_DEFAULT, |(_, height)| usize::from(height.0));
        let lines_max = height.saturating_sub(LINES_BESIDE);
        Self { direct, state: State::Held { bytes: Vec::new(), n_lines: 0 }, lines_max }
    }

    /// Shows what is left, and waits until the pager ends.
    ///
    /// # Errors
    /// `BrokenPipe` where the pager was left before the end.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        match self.state {
            State::Held { bytes, .. } => self.direct.write_all(&bytes)?,
            State::Piped(mut child, stdin) => {
                drop(stdin);
                child.wait()?;
            }
            State::Direct => {}
        }
        self.direct.flush()
    }

    /// Starts the pager; without one the screen takes it all.
    fn start(&mut self, bytes: &[u8]) -> io::Result<()> {
        match command(env::var_os("PAGER").filter(|value| !value.is_empty())).stdin(Stdio::piped()).spawn() {
            Ok(mut child) => {
                let mut stdin = child.stdin.take().expect("a pipe was asked for");
                let written = stdin.write_all(bytes);
                self.state = State::Piped(child, stdin);
                written
            }
            Err(_) => {
                self.state = State::Direct;
                self.direct.write_all(bytes)
            }
        }
    }
}

impl<W: Write> Write for Paged<W> {
    fn write(&mut self, new: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Held { bytes, n_lines } => {
                bytes.extend_from_slice(new);
                *n_lines += new.iter().filter(|&&byte| byte == b'\n').count();
                if *n_lines > self.lines_max {
                    let bytes = std::mem::take(bytes);
                    self.start(&bytes)?;
                }
                Ok(new.len())
            }
            State::Piped(_, stdin) => stdin.write(new),
            State::Direct => self.direct.write(new),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns how the pager is called: what `$PAGER` says, by the shell, as everybody does.
fn command(pager: Option<std::ffi::OsString>) -> Command {
    let Some(pager) = pager else {
        let mut less = Command::new("less");
        if env::var_os("LESS").is_none() {
            less.env("LESS", LESS);
        }
        return less;
    };
    let mut shell = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    shell.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(pager);
    shell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_written_at_once() {
        let mut out = Vec::new();
        let mut paged = Paged::new(&mut out);
        paged.lines_max = 3;
        paged.write_all(b"1\n2\n3\n").unwrap();
        assert!(matches!(paged.state, State::Held { n_lines: 3, .. }));
        paged.finish().unwrap();
        assert_eq!(out, b"1\n2\n3\n");
    }

    #[test]
    #[cfg(unix)]
    fn what_does_not_fit_goes_through_the_pager() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("seen");
        let mut out = Vec::new();
        let mut paged = Paged::new(&mut out);
        paged.lines_max = 1;
        let pager = format!("cat > '{}'", file.display());
        let mut child = command(Some(pager.into())).stdin(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        paged.state = State::Piped(child, stdin);
        paged.write_all(b"1\n2\n").unwrap();
        paged.finish().unwrap();
        assert_eq!(std::fs::read(file).unwrap(), b"1\n2\n");
        assert!(out.is_empty());
    }
}

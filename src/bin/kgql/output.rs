//! Where rows go: standard output, a pager, or the file of `.output` or `.once`.

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

use attendb::Error;

use crate::{
    failure::Failure,
    pager::Paged,
    render::{self, Page, RenderError},
    settings::{Look, Measure, Switch},
};

/// The size of the buffer before a file or standard output.
const BUFFER_BYTES: usize = 64 << 10;

/// Where rows go.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Until `.output` says otherwise.
    kept: Option<Target>,
    /// For the next result alone.
    once: Option<Target>,
}

#[derive(Debug)]
struct Target {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Target {
    fn create(path: &Path) -> Result<Self, Failure> {
        match File::create(path) {
            Ok(file) => Ok(Self { path: path.to_path_buf(), file: BufWriter::with_capacity(BUFFER_BYTES, file) }),
            Err(error) => Err(Failure::Io(format!("cannot write {}: {error}", path.display()))),
        }
    }
}

impl Output {
    /// Sends rows to a file, or to standard output again.
    ///
    /// # Errors
    /// [`Failure::Io`] where the file cannot be made; then nothing changes.
    pub(crate) fn keep(&mut self, path: Option<&Path>) -> Result<(), Failure> {
        self.kept = path.map(Target::create).transpose()?;
        Ok(())
    }

    /// Sends the next result to a file.
    ///
    /// # Errors
    /// As [`keep`](Self::keep).
    pub(crate) fn once(&mut self, path: &Path) -> Result<(), Failure> {
        self.once = Some(Target::create(path)?);
        Ok(())
    }

    /// Returns where rows go, for `.show`.
    pub(crate) fn name(&self) -> String {
        self.kept.as_ref().map_or_else(|| "standard output".to_owned(), |target| target.path.display().to_string())
    }

    /// Lets `write` write a result, and sees it out.
    ///
    /// # Errors
    /// Those of the rows; [`Failure::OutputClosed`], [`Failure::PagerLeft`], [`Failure::Io`] where they cannot be written.
    pub(crate) fn write<T>(
        &mut self,
        look: &Look,
        write: impl FnOnce(&Page, &mut dyn Write) -> Result<T, RenderError<Error>>,
    ) -> Result<T, Failure> {
        let mut once = self.once.take();
        if let Some(target) = once.as_mut().or(self.kept.as_mut()) {
            let page = page(look, None);
            let result = write(&page, &mut target.file);
            let failed = |error: &io::Error| Failure::Io(format!("cannot write {}: {error}", target.path.display()));
            // What was written before an error is kept too: the rows up to it are right.
            let flushed = target.file.flush();
            return finish(result, flushed, failed);
        }
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let page = page(look, terminal.then(render::terminal_width).flatten());
        if terminal && look.is_on(Switch::Pager) {
            let mut paged = Paged::new(stdout.lock());
            let result = write(&page, &mut paged);
            let ended = paged.finish();
            return finish(result, ended, |error| match error.kind() {
                io::ErrorKind::BrokenPipe => Failure::PagerLeft,
                _ => Failure::output(error),
            });
        }
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, stdout.lock());
        let result = write(&page, &mut out);
        let flushed = out.flush();
        finish(result, flushed, Failure::output)
    }

    /// Writes a text.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub(crate) fn text(&mut self, look: &Look, text: &str) -> Result<(), Failure> {
        self.write(look, |_, out| out.write_all(text.as_bytes()).map_err(RenderError::from))
    }
}

fn finish<T>(
    result: Result<T, RenderError<Error>>,
    flushed: io::Result<()>,
    failed: impl Fn(&io::Error) -> Failure,
) -> Result<T, Failure> {
    let value = result.map_err(|error| match error {
        RenderError::Rows(error) => Failure::from(error),
        RenderError::Output(error) => failed(&error),
    })?;
    flushed.map_err(|error| failed(&error))?;
    Ok(value)
}

/// Returns the page of a file or a pipe, or of a terminal of some width.
fn page(look: &Look, terminal: Option<u16>) -> Page {
    Page {
        width: look.max(Measure::Line).map(|n| u16::try_from(n).unwrap_or(u16::MAX)).or(terminal),
        color: terminal.is_some() && color_allowed() && look.reader != crate::settings::Reader::Agent,
        headers: look.is_on(Switch::Headers),
        null: look.null.clone(),
        cell_max: look.max(Measure::Cell),
    }
}

/// Returns whether colours are wanted: NO_COLOR is unset or empty (see <https://no-color.org>).
pub(crate) fn color_allowed() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Writes to standard output.
pub(crate) fn write_out(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    write(&mut out).and_then(|()| out.flush()).map_err(|error| Failure::output(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{failure::Voice, settings::Reader};

    #[test]
    fn files_take_one_result_or_all() {
        let dir = tempfile::tempdir().unwrap();
        let (kept, once) = (dir.path().join("kept"), dir.path().join("once"));
        let look = Look::new(Reader::Script, Voice::Plain);
        let mut output = Output::default();
        output.keep(Some(&kept)).unwrap();
        output.once(&once).unwrap();
        for text in ["1\n", "2\n", "3\n"] {
            output.text(&look, text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(once).unwrap(), "1\n");
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), "2\n3\n");
        assert!(output.keep(Some(&dir.path().join("none/x"))).is_err());
        output.text(&look, "4\n").unwrap();
        assert_eq!(std::fs::read_to_string(kept).unwrap(), "2\n3\n4\n", "a wrong file changes nothing");
    }
}

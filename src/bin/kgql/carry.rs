//! `kgql dump`, `kgql restore`, `kgql backup`: whole databases out and in.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use attendb::{Database, Error, Options};

use crate::{
    cancel::Running,
    failure::Failure,
    progress::{Progress, Statement},
};

/// Ends the name of a file being written.
const SUFFIX: &str = ".partial";

/// Writes the database in a directory to a file, or to standard output.
///
/// # Errors
/// What opening or reading it said; [`Failure::Io`] where the file cannot be written, and then it does not appear.
pub(crate) fn dump(path: &Path, file: Option<&Path>, readonly: bool) -> Result<(), Failure> {
    let db = open(path, readonly)?;
    let summary = write_to(file, "dump", |out| db.save_to(out))?;
    eprintln!(
        "dumped {} nodes, {} relationships: {} bytes, xxh3 {:016x}",
        summary.n_nodes, summary.n_relationships, summary.n_bytes, summary.checksum
    );
    Ok(db.close()?)
}

/// Writes what is whole of a damaged database in a directory to a file, or to standard output.
///
/// # Errors
/// As [`dump`]; [`Failure::Lost`] where something is lost, which has been told: all else is written.
pub(crate) fn salvage(path: &Path, file: Option<&Path>) -> Result<(), Failure> {
    check_there(path)?;
    let report = write_to(file, "salvage", |out| Database::salvage(path, out))?;
    for line in &report.rebuilt {
        eprintln!("rebuilt: {line}");
    }
    for line in &report.lost {
        eprintln!("lost: {line}");
    }
    let unlisted = report.n_lost - report.lost.len() as u64;
    if unlisted > 0 {
        eprintln!("lost: and {unlisted} more");
    }
    eprintln!(
        "salvaged {} nodes, {} relationships from {}; lost {} nodes, {} relationships, at most {} property values",
        report.summary.n_nodes,
        report.summary.n_relationships,
        report.source,
        report.n_nodes_lost,
        report.n_relationships_lost,
        report.n_values_lost_max
    );
    let n_lost = report.n_lost + report.n_nodes_lost + report.n_relationships_lost + report.n_values_lost_max;
    if n_lost > 0 { Err(Failure::Lost) } else { Ok(()) }
}

/// Lets `write` write a stream to a file, or to standard output.
fn write_to<T>(
    file: Option<&Path>,
    name: &'static str,
    write: impl FnOnce(&mut dyn Write) -> attendb::Result<T>,
) -> Result<T, Failure> {
    let progress = Progress::new(true);
    match file {
        None => watch(&progress, name, 0, |watched| write(&mut watched.of(io::stdout().lock()))),
        Some(file) => {
            let target = Target::create(file)?;
            let written = watch(&progress, name, 0, |watched| write(&mut watched.of(&target.file)))?;
            target.keep()?;
            Ok(written)
        }
    }
}

/// Makes a database in a directory of a file, or of standard input.
///
/// # Errors
/// What is wrong with the stream, with its line; [`Failure::Io`] where the file cannot be read.
pub(crate) fn restore(path: &Path, file: Option<&Path>) -> Result<(), Failure> {
    let progress = Progress::new(true);
    let summary = match file {
        None => watch(&progress, "restore", 0, |watched| Database::restore(path, watched.of(io::stdin().lock())))?,
        Some(file) => {
            let failed = |error: io::Error| Failure::Io(format!("cannot read {}: {error}", file.display()));
            let opened = File::open(file).map_err(failed)?;
            let size = opened.metadata().map_err(failed)?.len();
            watch(&progress, "restore", size, |watched| Database::restore(path, watched.of(opened)))?
        }
    };
    eprintln!("restored {} nodes, {} relationships into {}", summary.n_nodes, summary.n_relationships, path.display());
    Ok(())
}

/// Copies the database in a directory into a new one.
///
/// # Errors
/// What opening or copying it said.
pub(crate) fn backup(path: &Path, directory: &Path, readonly: bool) -> Result<(), Failure> {
    let db = open(path, readonly)?;
    db.backup(directory)?;
    let status = db.status();
    eprintln!("copied {} nodes, {} relationships into {}", status.n_nodes, status.n_relationships, directory.display());
    Ok(db.close()?)
}

/// Refuses a directory that is not there, is empty, or is none.
///
/// # Errors
/// [`Failure::Io`].
pub(crate) fn check_there(path: &Path) -> Result<(), Failure> {
    let reason = match fs::read_dir(path).and_then(|mut entries| entries.next().transpose()) {
        Ok(Some(_)) => return Ok(()),
        Ok(None) => "it is an empty directory".to_owned(),
        Err(error) => match error.kind() {
            io::ErrorKind::NotADirectory if path.exists() => "it is a file, not a directory".to_owned(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "there is no such directory".to_owned(),
            _ => error.to_string(),
        },
    };
    Err(Failure::Io(format!("{} is no database: {reason}", path.display())))
}

/// Opens a database that must exist.
fn open(path: &Path, readonly: bool) -> Result<Database, Failure> {
    check_there(path)?;
    Ok(Database::open_with(path, Options { read_only: readonly, background: false, ..Options::default() })?)
}

/// A file that appears under its name when it is whole.
struct Target {
    file: File,
    path: PathBuf,
    /// Where it is written; `None` where the name is that of a device or pipe, which is written in place.
    partial: Option<PathBuf>,
}

impl Target {
    fn create(path: &Path) -> Result<Self, Failure> {
        let is_special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let partial = (!is_special).then(|| {
            let mut name = path.as_os_str().to_os_string();
            name.push(SUFFIX);
            PathBuf::from(name)
        });
        let file = File::create(partial.as_deref().unwrap_or(path)).map_err(|error| failed(path, &error))?;
        Ok(Self { file, path: path.to_path_buf(), partial })
    }

    /// Makes it durable and gives it its name.
    fn keep(mut self) -> Result<(), Failure> {
        if let Some(partial) = self.partial.take() {
            let kept = self.file.sync_all().and_then(|()| fs::rename(&partial, &self.path));
            self.partial = kept.is_err().then_some(partial);
            kept.map_err(|error| failed(&self.path, &error))?;
        }
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            let _ = fs::remove_file(partial);
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::Io(format!("cannot write {}: {error}", path.display()))
}

/// Runs what reads or writes a stream; Ctrl-C ends it, and its progress is shown.
fn watch<T>(
    progress: &Progress,
    name: &'static str,
    size: u64,
    run: impl FnOnce(Watch<'_>) -> attendb::Result<T>,
) -> Result<T, Failure> {
    let running = Running::begin();
    let handle = running.handle().clone();
    let watch = Watch { progress, name, size, running: Some(running), _shown: progress.begin() };
    run(watch).map_err(|error| match error {
        Error::Io { .. } if handle.is_cancelled() => Error::Cancelled.into(),
        error => error.into(),
    })
}

/// What a stream is to be watched with.
struct Watch<'a> {
    progress: &'a Progress,
    name: &'static str,
    size: u64,
    /// Gone once the stream has ended: what follows cannot be stopped half-way, but the program can.
    running: Option<Running>,
    _shown: Statement<'a>,
}

impl<'a> Watch<'a> {
    fn of<S>(self, stream: S) -> Watched<'a, S> {
        Watched { watch: self, stream, n_bytes: 0 }
    }
}

/// A stream that is watched.
struct Watched<'a, S> {
    watch: Watch<'a>,
    stream: S,
    n_bytes: u64,
}

impl<S> Watched<'_, S> {
    fn check(&self) -> io::Result<()> {
        match &self.watch.running {
            Some(running) if running.handle().is_cancelled() => Err(io::Error::other("interrupted")),
            _ => Ok(()),
        }
    }

    fn count(&mut self, n_bytes: usize) {
        self.n_bytes += n_bytes as u64;
        self.watch.progress.report(self.watch.name, self.n_bytes, self.watch.size);
    }
}

impl<S: Read> Read for Watched<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let n_bytes = self.stream.read(buffer)?;
        if n_bytes == 0 {
            self.watch.running = None;
        }
        self.count(n_bytes);
        Ok(n_bytes)
    }
}

impl<S: Write> Write for Watched<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        let n_bytes = self.stream.write(bytes)?;
        self.count(n_bytes);
        Ok(n_bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

//! Which files a statement may touch, and opening them.
//!
//! A relative path starts at the first root (or the current directory); an absolute one must name one of the roots it
//! lies in. Files are opened beneath their root in one step, or component by component, so neither `..` nor a symbolic
//! link nor a directory renamed meanwhile leads out. Only regular files are opened: a FIFO would block for ever, and a
//! device has no end.

#[cfg(unix)]
mod beneath;
#[cfg(not(unix))]
mod portable;

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read, Seek},
    path::{Component, Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

#[cfg(unix)]
use self::beneath::Folder;
#[cfg(not(unix))]
use self::portable::Folder;
use super::options::DECOMPRESSED_BYTES_MAX;
use crate::{Error, Result};

/// Which files statements may read and write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FileAccess {
    /// None: the default, since a statement may come from someone else.
    #[default]
    Denied,
    /// Those under these directories; relative paths start at the first.
    Roots(Vec<PathBuf>),
    /// Every file the process may touch; relative paths start at the current directory.
    Any,
}

/// A file opened for reading.
#[derive(Debug)]
pub(crate) struct FileSource {
    /// The file as the statement named it.
    pub(crate) name: String,
    file: File,
    bytes: u64,
}

/// A file to be written: it appears under its name when it is whole.
#[derive(Debug)]
pub(crate) struct FileTarget {
    /// The file as the statement named it.
    pub(crate) name: String,
    folder: Folder,
    file_name: OsString,
    /// What it is called until then; deleted when dropped before.
    temporary: Option<OsString>,
}

/// Makes the temporary files of one process differ.
static SERIAL: AtomicU64 = AtomicU64::new(0);

impl FileAccess {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] outside the roots or where it is no regular file; [`Error::Io`] where it cannot be opened.
    pub(crate) fn open(&self, name: &str) -> Result<FileSource> {
        let (root, path) = self.resolve(name)?;
        let file = root.file(&path).map_err(|error| failure("open", name, &error))?;
        let Some(file) = file else { return Err(irregular(name)) };
        let bytes = file.metadata().map_err(|error| Error::io("open", name, &error))?.len();
        Ok(FileSource { name: name.to_owned(), file, bytes })
    }

    /// Creates a file to be written under another name beside the one it is to have: its directory exists, and what it
    /// replaces is a regular file or nothing.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn create(&self, name: &str) -> Result<(FileTarget, File)> {
        let (root, path) = self.resolve(name)?;
        let Some(Component::Normal(file_name)) = path.components().next_back() else {
            return Err(Error::NotAllowed { what: format!("{name} names no file") });
        };
        let fail = |error: io::Error| failure("write", name, &error);
        let folder = root.folder(path.parent().unwrap_or(Path::new(""))).map_err(fail)?;
        if folder.is_regular(file_name).map_err(fail)? == Some(false) {
            return Err(irregular(name));
        }
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let temporary = OsString::from(format!(".{}.{}-{serial}.part", file_name.to_string_lossy(), process::id()));
        let file = folder.create_new(&temporary).map_err(fail)?;
        let file_name = file_name.to_owned();
        Ok((FileTarget { name: name.to_owned(), folder, file_name, temporary: Some(temporary) }, file))
    }

    /// Returns the directory that a name starts at, and the path from there.
    fn resolve(&self, name: &str) -> Result<(Folder, PathBuf)> {
        if name.is_empty() || name.contains('\0') {
            return Err(Error::NotAllowed { what: format!("{name:?} names no file") });
        }
        let open =
            |root: &Path, anywhere| Folder::open(root, anywhere).map_err(|error| Error::io("open", name, &error));
        match self {
            Self::Denied => Err(Error::NotAllowed {
                what: format!("access to {name}: file access is off (Options::files allows it)"),
            }),
            Self::Any => Ok((open(Path::new("."), true)?, PathBuf::from(name))),
            Self::Roots(roots) if Path::new(name).is_relative() => match roots.first() {
                Some(root) => Ok((open(root, false)?, PathBuf::from(name))),
                None => Err(outside(name)),
            },
            Self::Roots(roots) => {
                let found = roots.iter().find_map(|root| Some((root, below(root, Path::new(name))?)));
                let Some((root, path)) = found else { return Err(outside(name)) };
                Ok((open(root, false)?, path))
            }
        }
    }
}

/// Returns the path from a root to what an absolute path names, where its first components are the root's.
fn below(root: &Path, path: &Path) -> Option<PathBuf> {
    let as_given = path.strip_prefix(root).ok().filter(|_| root.is_absolute());
    as_given.map(Path::to_owned).or_else(|| {
        let root = fs::canonicalize(if root.as_os_str().is_empty() { Path::new(".") } else { root }).ok()?;
        path.strip_prefix(root).ok().map(Path::to_owned)
    })
}

fn failure(action: &'static str, name: &str, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::CrossesDevices => outside(name),
        _ => Error::io(action, name, error),
    }
}

fn irregular(name: &str) -> Error {
    Error::NotAllowed { what: format!("{name} is no regular file") }
}

impl FileTarget {
    /// Makes a file that is written durable, and lets it appear under its name; what had it is replaced.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Full`]; then a file that was there before is there still.
    pub(crate) fn publish(mut self, file: &File) -> Result<()> {
        let temporary = self.temporary.take().expect("a file is published once");
        let done = file.sync_all().and_then(|()| self.folder.rename(&temporary, &self.file_name));
        if done.is_err() {
            self.temporary = Some(temporary);
        }
        done.and_then(|()| self.folder.sync()).map_err(|error| self.error(&error))
    }

    /// Returns the error of writing this file.
    pub(crate) fn error(&self, error: &io::Error) -> Error {
        Error::io("write", &self.name, error)
    }
}

impl Drop for FileTarget {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // Nothing depends on it, and there is no one to tell.
            drop(self.folder.remove(temporary));
        }
    }
}

fn outside(name: &str) -> Error {
    Error::NotAllowed { what: format!("access to {name}: it lies outside the allowed directories") }
}

impl FileSource {
    /// Returns the file's length on disk.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the error of an operation on this file.
    pub(crate) fn error(&self, action: &'static str, error: &io::Error) -> Error {
        Error::io(action, &self.name, error)
    }

    /// Returns a handle for reading at any place; it shares its position with every other of this file.
    ///
    /// # Errors
    /// [`Error::Io`] where there are no more handles.
    #[cfg(feature = "parquet")]
    pub(crate) fn handle(&self) -> Result<File> {
        self.file.try_clone().map_err(|e| self.error("read", &e))
    }

    /// Returns the text from its start, unpacked where it is gzip. One reader at a time: they share a position.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be rewound.
    pub(crate) fn reader(&self, gzip: bool) -> Result<Box<dyn Read + Send>> {
        let mut file = self.file.try_clone().map_err(|e| self.error("read", &e))?;
        file.rewind().map_err(|e| self.error("read", &e))?;
        if gzip {
            let unpacked = flate2::read::MultiGzDecoder::new(io::BufReader::with_capacity(1 << 16, file));
            return Ok(Box::new(Capped { inner: unpacked, left: DECOMPRESSED_BYTES_MAX }));
        }
        Ok(Box::new(file))
    }
}

/// Fails instead of reading more than a limit.
struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(n as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it unpacks into more than {DECOMPRESSED_BYTES_MAX} bytes"),
            )
        })?;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn text(source: &FileSource) -> String {
        io::read_to_string(source.reader(false).unwrap()).unwrap()
    }

    #[test]
    fn roots_hold_against_dots_links_and_absolute_paths() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::write(root.join("sub/in.csv"), "in").unwrap();
        fs::write(directory.path().join("out.csv"), "out").unwrap();
        let access = FileAccess::Roots(vec![root.clone()]);
        let source = access.open("sub/../sub/in.csv").unwrap();
        assert_eq!((text(&source), text(&source)), ("in".to_owned(), "in".to_owned()));
        assert_eq!(text(&access.open(root.join("sub/in.csv").to_str().unwrap()).unwrap()), "in");
        let out = directory.path().join("out.csv");
        for name in ["../out.csv", "sub/../../out.csv", out.to_str().unwrap()] {
            assert!(matches!(access.open(name), Err(Error::NotAllowed { .. })), "{name}");
            assert!(matches!(access.create(name), Err(Error::NotAllowed { .. })), "{name}");
        }
        let (target, mut file) = access.create("sub/new.csv").unwrap();
        file.write_all(b"new").unwrap();
        assert!(!root.join("sub/new.csv").exists());
        target.publish(&file).unwrap();
        assert_eq!(fs::read(root.join("sub/new.csv")).unwrap(), b"new");
        drop(access.create("sub/in.csv").unwrap());
        assert_eq!(
            (fs::read(root.join("sub/in.csv")).unwrap(), fs::read_dir(root.join("sub")).unwrap().count()),
            (b"in".to_vec(), 2)
        );
        assert!(matches!(access.open("sub/none.csv"), Err(Error::Io { .. })));
        assert!(matches!(access.open("sub"), Err(Error::NotAllowed { .. })));
        assert!(matches!(access.create("sub"), Err(Error::NotAllowed { .. })));
        assert!(matches!(access.create("sub/.."), Err(Error::NotAllowed { .. })));
        assert!(matches!(FileAccess::Denied.open("x"), Err(Error::NotAllowed { .. })));
        assert!(matches!(FileAccess::Roots(Vec::new()).open("x"), Err(Error::NotAllowed { .. })));
        assert_eq!(text(&FileAccess::Any.open(out.to_str().unwrap()).unwrap()), "out");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_judged_by_where_they_lead() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(directory.path().join("out.csv"), "out").unwrap();
        std::os::unix::fs::symlink("../out.csv", root.join("link.csv")).unwrap();
        std::os::unix::fs::symlink("..", root.join("up")).unwrap();
        let access = FileAccess::Roots(vec![root]);
        assert!(matches!(access.open("link.csv"), Err(Error::NotAllowed { .. })));
        assert!(matches!(access.create("link.csv"), Err(Error::NotAllowed { .. })));
        assert!(matches!(access.create("up/new.csv"), Err(Error::NotAllowed { .. })));
        assert!(matches!(FileAccess::Any.open("/dev/zero"), Err(Error::NotAllowed { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_never_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let made = process::Command::new("mkfifo").arg(directory.path().join("fifo.csv")).status().unwrap();
        assert!(made.success());
        let socket = std::os::unix::net::UnixListener::bind(directory.path().join("socket.csv")).unwrap();
        let access = FileAccess::Roots(vec![directory.path().to_owned()]);
        for name in ["fifo.csv", "socket.csv", "."] {
            assert!(matches!(access.open(name), Err(Error::NotAllowed { .. })), "{name}");
            assert!(matches!(access.create(name), Err(Error::NotAllowed { .. })), "{name}");
        }
        drop(socket);
    }

    /// Someone swaps a directory for a link that leads out, while files in it are opened and written.
    #[cfg(unix)]
    #[test]
    fn a_race_does_not_lead_out() {
        let directory = tempfile::tempdir().unwrap();
        let (root, out) = (directory.path().join("root"), directory.path().join("out"));
        for folder in [&root.join("sub"), &out] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(root.join("sub/x.csv"), "in").unwrap();
        fs::write(out.join("x.csv"), "secret").unwrap();
        std::os::unix::fs::symlink(&out, root.join("evil")).unwrap();
        let access = FileAccess::Roots(vec![root.clone()]);
        let is_done = std::sync::atomic::AtomicBool::new(false);
        let n_opened = std::thread::scope(|scope| {
            scope.spawn(|| {
                let swap = |a: &str, b: &str| fs::rename(root.join(a), root.join(b)).unwrap();
                while !is_done.load(Ordering::Relaxed) {
                    swap("sub", "aside");
                    swap("evil", "sub");
                    swap("sub", "evil");
                    swap("aside", "sub");
                }
            });
            let mut n_opened = 0;
            for _ in 0..4000 {
                if let Ok(source) = access.open("sub/x.csv") {
                    assert_eq!(text(&source), "in");
                    n_opened += 1;
                }
                if let Ok((target, mut file)) = access.create("sub/x.csv") {
                    file.write_all(b"in").unwrap();
                    // The directory it was made in may have another name by now, but it is the same one.
                    target.publish(&file).unwrap();
                }
            }
            is_done.store(true, Ordering::Relaxed);
            n_opened
        });
        assert!(n_opened > 0, "the race was never won");
        assert_eq!(fs::read(out.join("x.csv")).unwrap(), b"secret");
        assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
    }
}

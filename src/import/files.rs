//! Which files a statement may touch, and opening them.
//!
//! A path is resolved against the first root (or the current directory), then made canonical: `..` and symbolic links
//! are followed first and judged by where they lead. Only regular files are opened: a FIFO would block for ever, and a
//! device has no end.

use std::{
    env,
    fs::{self, File},
    io::{self, Read, Seek},
    path::{Component, Path, PathBuf},
};

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
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl FileAccess {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] outside the roots or where it is no regular file; [`Error::Io`] where it cannot be opened.
    pub(crate) fn open(&self, name: &str) -> Result<FileSource> {
        let path = self.resolve(name)?;
        let canonical = fs::canonicalize(&path).map_err(|e| Error::io("open", name, &e))?;
        self.check_inside(name, &canonical)?;
        let regular = |file: &fs::Metadata| {
            let what = format!("{name} is no regular file");
            if file.is_file() { Ok(file.len()) } else { Err(Error::NotAllowed { what }) }
        };
        regular(&fs::metadata(&canonical).map_err(|e| Error::io("open", name, &e))?)?;
        let file = File::open(&canonical).map_err(|e| Error::io("open", name, &e))?;
        let bytes = regular(&file.metadata().map_err(|e| Error::io("open", name, &e))?)?;
        Ok(FileSource { name: name.to_owned(), path: canonical, file, bytes })
    }

    /// Returns where a file may be written: its directory exists, and what it replaces is a regular file or nothing.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn target(&self, name: &str) -> Result<PathBuf> {
        let path = self.resolve(name)?;
        let file_name = match path.components().next_back() {
            Some(Component::Normal(file_name)) => file_name.to_owned(),
            _ => return Err(Error::NotAllowed { what: format!("{name} names no file") }),
        };
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let directory = fs::canonicalize(parent).map_err(|e| Error::io("write", name, &e))?;
        let target = directory.join(file_name);
        self.check_inside(name, &target)?;
        match fs::symlink_metadata(&target) {
            Ok(old) if !old.is_file() => Err(Error::NotAllowed { what: format!("{name} is no regular file") }),
            Ok(_) => Ok(target),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(target),
            Err(e) => Err(Error::io("write", name, &e)),
        }
    }

    fn resolve(&self, name: &str) -> Result<PathBuf> {
        if name.is_empty() || name.contains('\0') {
            return Err(Error::NotAllowed { what: format!("{name:?} names no file") });
        }
        match self {
            Self::Denied => Err(Error::NotAllowed {
                what: format!("access to {name}: file access is off (Options::files allows it)"),
            }),
            Self::Any => Ok(PathBuf::from(name)),
            Self::Roots(roots) => match roots.first() {
                Some(root) => Ok(root.join(name)),
                None => Err(outside(name)),
            },
        }
    }

    fn check_inside(&self, name: &str, canonical: &Path) -> Result<()> {
        let Self::Roots(roots) = self else { return Ok(()) };
        let inside = roots.iter().any(|root| {
            let root = if root.as_os_str().is_empty() { env::current_dir() } else { fs::canonicalize(root) };
            root.is_ok_and(|root| canonical.starts_with(root))
        });
        if inside { Ok(()) } else { Err(outside(name)) }
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

    /// Returns the path that was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the error of an operation on this file.
    pub(crate) fn error(&self, action: &'static str, error: &io::Error) -> Error {
        Error::io(action, &self.name, error)
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
            assert!(matches!(access.target(name), Err(Error::NotAllowed { .. })), "{name}");
        }
        assert_eq!(access.target("sub/new.csv").unwrap(), fs::canonicalize(&root).unwrap().join("sub/new.csv"));
        assert!(matches!(access.open("sub/none.csv"), Err(Error::Io { .. })));
        assert!(matches!(access.open("sub"), Err(Error::NotAllowed { .. })));
        assert!(matches!(access.target("sub"), Err(Error::NotAllowed { .. })));
        assert!(matches!(access.target("sub/.."), Err(Error::NotAllowed { .. })));
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
        assert!(matches!(access.target("link.csv"), Err(Error::NotAllowed { .. })));
        assert!(matches!(access.target("up/new.csv"), Err(Error::NotAllowed { .. })));
        assert!(matches!(FileAccess::Any.open("/dev/zero"), Err(Error::NotAllowed { .. })));
    }
}

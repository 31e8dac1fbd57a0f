//! Opening files beneath a directory, so that no name and no race leads out of it.
//!
//! Every step is taken from an open directory. On Linux the kernel resolves the whole path below it (`openat2` with
//! `RESOLVE_BENEATH`): symbolic links are followed only as long as they stay inside. Where there is no `openat2`, each
//! component is opened by itself, and a symbolic link anywhere is refused.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::fd::OwnedFd,
    path::{Component, Path},
};

use rustix::{
    fs::{self, AtFlags, CWD, FileType, Mode, OFlags},
    io::Errno,
};

/// An open directory.
#[derive(Debug)]
pub(super) struct Folder {
    fd: OwnedFd,
    /// Whether paths may lead out of it.
    anywhere: bool,
}

/// How files are opened for reading: without waiting for the other end of a FIFO, and without a terminal taking over.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Folder {
    /// Opens a directory that the application named; `anywhere` where paths may lead out of it.
    pub(super) fn open(path: &Path, anywhere: bool) -> io::Result<Self> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        Ok(Self { fd: fs::openat(CWD, path, DIRECTORY, Mode::empty())?, anywhere })
    }

    /// Opens a regular file for reading; `None` where it is something else.
    pub(super) fn file(&self, path: &Path) -> io::Result<Option<File>> {
        // Opening alone can do something to a device: it is looked at first.
        if !is_regular(&self.resolve(path, OFlags::from_bits_retain(PATH_ONLY) | OFlags::CLOEXEC)?)? {
            return Ok(None);
        }
        let file = self.resolve(path, READ)?;
        Ok(if is_regular(&file)? { Some(File::from(file)) } else { None })
    }

    /// Opens a directory.
    pub(super) fn folder(&self, path: &Path) -> io::Result<Self> {
        Ok(Self { fd: self.resolve(path, DIRECTORY)?, anywhere: self.anywhere })
    }

    /// Returns whether what has this name is a regular file, not a link to one; `None` where there is nothing.
    pub(super) fn is_regular(&self, name: &OsStr) -> io::Result<Option<bool>> {
        match fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Creates a file that must not exist.
    pub(super) fn create_new(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(fs::openat(&self.fd, name, flags, Mode::from_raw_mode(0o666))?))
    }

    /// Gives a file another name; what had that name, also a link, is replaced.
    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(fs::renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Deletes a file.
    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Makes the names durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.fd)?)
    }

    fn resolve(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        if self.anywhere {
            return Ok(fs::openat(&self.fd, path, flags, Mode::empty())?);
        }
        match beneath(&self.fd, path, flags) {
            // No such call, or a sandbox that does not know it.
            Err(Errno::NOSYS | Errno::PERM) => walk(&self.fd, path, flags),
            Err(Errno::XDEV | Errno::LOOP) => Err(outside()),
            opened => Ok(opened?),
        }
    }
}

/// `O_PATH`: a file that can be looked at, not read. Elsewhere than on Linux the file is opened without waiting.
#[cfg(target_os = "linux")]
const PATH_ONLY: u32 = OFlags::PATH.bits();
#[cfg(not(target_os = "linux"))]
const PATH_ONLY: u32 = OFlags::NONBLOCK.bits();

/// How often a path is resolved again because something in it was renamed meanwhile.
#[cfg(target_os = "linux")]
const ATTEMPTS_MAX: u32 = 16;

#[cfg(target_os = "linux")]
fn beneath(root: &OwnedFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    use rustix::fs::ResolveFlags;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut opened = Err(Errno::AGAIN);
    for _ in 0..ATTEMPTS_MAX {
        opened = fs::openat2(root, path, flags, Mode::empty(), resolve);
        if !matches!(opened, Err(Errno::AGAIN | Errno::INTR)) {
            break;
        }
    }
    opened
}

#[cfg(not(target_os = "linux"))]
fn beneath(_: &OwnedFd, _: &Path, _: OFlags) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}

/// Opens a path component by component, following no link.
fn walk(root: &OwnedFd, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::CurDir => {}
            _ => return Err(outside()),
        }
    }
    let last = names.pop().unwrap_or(OsStr::new("."));
    let step = |from: &OwnedFd, name: &OsStr, flags: OFlags| {
        fs::openat(from, name, flags | OFlags::NOFOLLOW, Mode::empty()).map_err(|error| match error {
            Errno::LOOP => outside(),
            other => other.into(),
        })
    };
    let mut at: Option<OwnedFd> = None;
    for name in names {
        at = Some(step(at.as_ref().unwrap_or(root), name, DIRECTORY)?);
    }
    step(at.as_ref().unwrap_or(root), last, flags)
}

fn is_regular(file: &OwnedFd) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(fs::fstat(file)?.st_mode) == FileType::RegularFile)
}

/// What a path that leads out is refused with.
fn outside() -> io::Error {
    io::ErrorKind::CrossesDevices.into()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn walking_refuses_links_and_dots() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/b/x"), "x").unwrap();
        std::os::unix::fs::symlink("a", root.join("link")).unwrap();
        std::os::unix::fs::symlink("a/b/x", root.join("file")).unwrap();
        let folder = Folder::open(&root, false).unwrap();
        let mut text = String::new();
        File::from(walk(&folder.fd, Path::new("./a/b/x"), READ).unwrap()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "x");
        for path in ["link/b/x", "file", "../root/a/b/x", "a/../a/b/x", "/etc/passwd"] {
            assert!(walk(&folder.fd, Path::new(path), READ).is_err(), "{path}");
        }
        // Links that stay inside are fine where the kernel resolves them.
        #[cfg(target_os = "linux")]
        assert!(folder.file(Path::new("link/b/x")).unwrap().is_some());
    }
}

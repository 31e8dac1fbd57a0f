//! A small disk, and what fills it.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::this_program;

/// What a file system in memory gives away at once.
const PAGE: u64 = 4096;

/// What a disk grows by when there is room again. What was taken is not always enough: sled keeps the old blocks until the new
/// ones are durable, and slots of sizes that nothing asks for any more.
const ROOM: u64 = 24 << 20;

/// Zeros written at once.
const PIECE: usize = 64 << 10;

/// The options of `unshare` that give a process its own mounts: for root, and for whom the system allows to be root of its
/// own. They vanish with the process, however it ends.
const WAYS: [&str; 2] = ["-m", "-Urm"];

/// How a process may mount a disk.
pub(super) struct Room {
    way: &'static str,
}

impl Room {
    /// Tries to mount one in a folder.
    pub(super) fn find(folder: &Path) -> Option<Self> {
        let way = WAYS.into_iter().find(|way| {
            let mut probe = Command::new("unshare");
            probe.arg(way).args(["mount", "-t", "tmpfs", "tmpfs"]).arg(folder);
            probe.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        })?;
        Some(Self { way })
    }

    /// Returns the command that starts this program where it may mount.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new("unshare");
        command.arg(self.way).arg(this_program().get_program());
        command
    }
}

/// A disk, unmounted when dropped or when the process ends.
pub(super) struct Disk {
    path: PathBuf,
    bytes: u64,
    filler: Option<File>,
}

impl Disk {
    /// Mounts one of `bytes`, a part of which is taken until [`clear`](Self::clear).
    pub(super) fn mount(path: &Path, bytes: u64, taken: u64) -> Result<Self, String> {
        fs::create_dir_all(path).map_err(|error| error.to_string())?;
        mount(path, &format!("size={bytes}"))?;
        let disk = Self { path: path.to_path_buf(), bytes, filler: None };
        let reserve = File::create(disk.path.join("reserve")).and_then(|file| fill(&file, taken));
        reserve.map_err(|error| format!("the disk's reserve: {error}"))?;
        Ok(disk)
    }

    pub(super) fn free(&self) -> u64 {
        fs2::available_space(&self.path).unwrap_or(0)
    }

    /// Takes what is free but for `left` bytes.
    pub(super) fn fill(&mut self, left: u64) -> Result<(), String> {
        let path = self.path.join("filler");
        let file = match self.filler.take() {
            Some(file) => file,
            None => OpenOptions::new().create(true).append(true).open(&path).map_err(|error| error.to_string())?,
        };
        loop {
            let more = self.free().saturating_sub(left) / PAGE * PAGE;
            // Others may have taken it meanwhile.
            if more == 0 || fill(&file, more.min(PIECE as u64)).is_err() {
                break;
            }
        }
        self.filler = Some(file);
        Ok(())
    }

    /// Removes what was taken, and makes the disk larger. The filler may not have begun: a load can find no room beside the reserve alone.
    pub(super) fn clear(&mut self) -> Result<(), String> {
        let filler = self.filler.take().map(|_| "filler");
        for name in filler.into_iter().chain(["reserve"]) {
            fs::remove_file(self.path.join(name)).map_err(|error| format!("{name}: {error}"))?;
        }
        mount(&self.path, &format!("remount,size={}", self.bytes + ROOM))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

fn mount(path: &Path, options: &str) -> Result<(), String> {
    let mut command = Command::new("mount");
    let status = command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).status();
    let status = status.map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("mount -o {options} ended with {status}")) }
}

fn fill(mut file: &File, bytes: u64) -> std::io::Result<()> {
    let mut left = bytes;
    while left > 0 {
        let n = left.min(PIECE as u64);
        file.write_all(&[0; PIECE][..n as usize])?;
        left -= n;
    }
    Ok(())
}

//! What the operating system knows: memory of this process, bytes of a directory, the machine's name.

use std::{fs, path::Path};

/// Returns a line of `/proc/self/status` in MiB (`VmHWM` is the peak, `VmRSS` the present), or none elsewhere.
pub(crate) fn memory_mb(line: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let text = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':'))?;
    let kib: f64 = text.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// Returns the bytes of all files below a directory, as allocated on disk where that is known.
pub(crate) fn disk_mb(path: &Path) -> f64 {
    fn bytes(path: &Path) -> u64 {
        let Ok(entries) = fs::read_dir(path) else { return fs::metadata(path).map_or(0, |m| allocated(&m)) };
        entries.flatten().map(|entry| bytes(&entry.path())).sum()
    }
    bytes(path) as f64 / (1 << 20) as f64
}

#[cfg(unix)]
fn allocated(metadata: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.blocks() * 512
}

#[cfg(not(unix))]
fn allocated(metadata: &fs::Metadata) -> u64 {
    metadata.len()
}

/// Returns the processor's name, as Linux tells it.
pub(crate) fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or("unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}

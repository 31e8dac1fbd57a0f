//! The options of a campaign: `--name value` pairs.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
};

/// The options given; each is taken by the campaign that knows it.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    values: BTreeMap<String, String>,
    taken: RefCell<Vec<String>>,
}

impl Arguments {
    /// Returns the pairs of a command line.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut values = BTreeMap::new();
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { return Err(format!("{} needs a value", pair[0])) };
            let name = name.strip_prefix("--").ok_or_else(|| format!("an option cannot be {name}"))?;
            values.insert(name.to_owned(), value.clone());
        }
        Ok(Self { values, taken: RefCell::default() })
    }

    /// Returns the value of an option, or what it is when left out.
    pub(crate) fn get<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        Ok(self.find(name)?.unwrap_or(default))
    }

    /// Returns the value of an option, if it was given.
    pub(crate) fn find<T: FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        self.taken.borrow_mut().push(name.to_owned());
        let parse = |text: &String| text.parse().map_err(|_| format!("--{name} cannot be {text}"));
        self.values.get(name).map(parse).transpose()
    }

    /// Returns the folder to work in, made if absent: `--dir`, or a temporary one.
    pub(crate) fn folder(&self) -> Result<Folder, String> {
        match self.find::<PathBuf>("dir")? {
            Some(path) => Folder::at(path),
            None => Folder::temporary(),
        }
    }

    /// Refuses options that no campaign has asked for by now: a misspelt one must not be ignored.
    pub(crate) fn check_all_taken(&self) -> Result<(), String> {
        let taken = self.taken.borrow();
        let unknown = self.values.keys().find(|name| !taken.contains(name));
        unknown.map_or(Ok(()), |name| Err(format!("there is no option --{name}")))
    }
}

/// A folder that is deleted when dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes a folder of this process beside the system's other temporary ones.
    pub(crate) fn temporary() -> Result<Self, String> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let n = MADE.fetch_add(1, Ordering::Relaxed);
        Self::at(env::temp_dir().join(format!("attendb-crash-{}-{n}", std::process::id())))
    }

    /// Makes the folder at a path.
    pub(crate) fn at(path: PathBuf) -> Result<Self, String> {
        fs::create_dir_all(&path).map_err(|error| format!("cannot create {}: {error}", path.display()))?;
        Ok(Self(path))
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Copies a directory.
pub(crate) fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

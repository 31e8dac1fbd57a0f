//! The child: damages, opens, asks and judges, case after case, and says after each how it ended.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use attendb::{Database, Error, Options};

use super::{
    made::{self, Answers, NAMES, QUESTIONS},
    place,
};

/// How a case ends.
pub(super) const FAILED: &str = "failed";
const BY_OPEN: &str = "found by open";
const BY_CHECK: &str = "found by check";
const TORN: &str = "looked like a torn tail";
const DEAD: &str = "in dead bytes";
const SAME: &str = "changed nothing";

/// Handles that an error left open a child may collect: each has some eighty files, and a process may have a thousand.
const LEFT_OPEN_MAX: u32 = 8;

/// The first argument of a child.
const CHILD: &str = "--damage-victim";

/// A fault that the campaign must catch: its null control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plant {
    /// None: nothing may be found.
    Nothing,
    /// The answers that are expected are those of another database.
    OtherAnswers,
    /// The database checks no checksum of its own.
    #[cfg(feature = "crash")]
    ChecksumsIgnored,
}

impl Plant {
    const ALL: &[Self] = &[
        Self::Nothing,
        Self::OtherAnswers,
        #[cfg(feature = "crash")]
        Self::ChecksumsIgnored,
    ];

    /// Returns the name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::OtherAnswers => "other-answers",
            #[cfg(feature = "crash")]
            Self::ChecksumsIgnored => "checksums-ignored",
        }
    }

    /// Returns the plant of a name.
    pub(super) fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|plant| plant.name() == name)
    }
}

/// What the parent asks of a child.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    /// Where the databases are.
    pub(super) folder: PathBuf,
    pub(super) seed: u64,
    /// The first case, and the first no more.
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) plant: Plant,
}

impl Orders {
    /// Returns the arguments that carry the orders to a child.
    pub(super) fn arguments(&self) -> Vec<String> {
        let numbers = [self.seed, self.from, self.to].map(|number| number.to_string());
        let mut arguments = vec![CHILD.to_owned(), self.folder.display().to_string()];
        arguments.extend(numbers);
        arguments.push(self.plant.name().into());
        arguments
    }

    /// Returns the orders in a child's arguments, if it is a child.
    pub(super) fn parse(arguments: &[String]) -> Option<Self> {
        let [flag, folder, seed, from, to, plant] = arguments else { return None };
        (flag == CHILD).then_some(())?;
        Some(Self {
            folder: folder.into(),
            seed: seed.parse().ok()?,
            from: from.parse().ok()?,
            to: to.parse().ok()?,
            plant: Plant::find(plant)?,
        })
    }
}

/// Returns case, end and details in a line of a child, if it is a report: sled writes lines of its own.
pub(super) fn parse_report(line: &str) -> Option<(u64, &str, &str)> {
    let mut fields = line.strip_prefix("case\t")?.splitn(3, '\t');
    Some((fields.next()?.parse().ok()?, fields.next()?, fields.next()?))
}

/// Runs a child.
pub(super) fn run(orders: &Orders) -> ExitCode {
    #[cfg(feature = "crash")]
    if orders.plant == Plant::ChecksumsIgnored {
        attendb::fault::ignore_checksums();
    }
    let Ok(mut answers) = made::read_answers(&orders.folder) else { return ExitCode::FAILURE };
    if orders.plant == Plant::OtherAnswers
        && let Some(mut last) = answers.last_entry()
    {
        last.get_mut()[0] ^= 1;
    }
    let mut n_left_open = 0;
    for case in orders.from..orders.to {
        let tried = Case { orders, answers: &answers, case }.run();
        n_left_open += u32::from(tried.is_left_open);
        let what = tried.what.replace(['\n', '\t'], " ");
        let mut out = io::stdout().lock();
        if writeln!(out, "case\t{case}\t{}\t{what}", tried.end).and_then(|()| out.flush()).is_err() {
            return ExitCode::FAILURE;
        }
        if n_left_open >= LEFT_OPEN_MAX {
            break;
        }
    }
    ExitCode::SUCCESS
}

/// What became of a case.
struct Tried {
    end: &'static str,
    what: String,
    is_left_open: bool,
}

struct Case<'a> {
    orders: &'a Orders,
    answers: &'a Answers,
    case: u64,
}

/// What was seen of an open database.
#[derive(Default)]
struct Seen {
    has_error: bool,
    is_found: bool,
    is_torn: bool,
}

impl Case<'_> {
    fn run(&self) -> Tried {
        let damage = place::choose(&self.orders.folder, self.orders.seed, self.case);
        let made = self.orders.folder.join(damage.database);
        let path = self.orders.folder.join("damaged");
        let ended = |end, what, is_left_open| Tried { end, what, is_left_open };
        let _ = fs::remove_dir_all(&path);
        let bytes = match super::super::copy(&made, &path).and_then(|()| fs::read(made.join(&damage.file))) {
            Ok(bytes) => bytes,
            Err(error) => return ended(FAILED, format!("copying: {error}"), false),
        };
        let damaged = damage.apply(&bytes);
        if damaged == bytes && self.orders.plant == Plant::Nothing {
            return ended(SAME, String::new(), false);
        }
        if let Err(error) = fs::write(path.join(&damage.file), &damaged) {
            return ended(FAILED, format!("damaging: {error}"), false);
        }
        let db = match open(&path, self.case % 8 == 7) {
            Ok(db) => db,
            Err(error) if is_about_damage(&error) => return ended(BY_OPEN, error.to_string(), true),
            Err(error) => return ended(FAILED, format!("{damage}: open says {error:?}"), true),
        };
        // Damage of another file than the journal's last is never a torn tail, and neither is a closed database's.
        let is_tail = damage.database == NAMES[0] && Some(&damage.file) == last_segment(&made).as_ref();
        let may_be = |sequence| is_tail && place::is_torn_tail(&bytes, &damaged, sequence);
        match self.look(db, &path, &may_be) {
            Err(what) => ended(FAILED, format!("{damage}: {what}"), true),
            Ok(Seen { is_found: true, .. }) => ended(BY_CHECK, String::new(), true),
            Ok(Seen { is_torn: true, .. }) => ended(TORN, String::new(), false),
            Ok(_) => ended(DEAD, String::new(), false),
        }
    }

    /// Asks and checks, in either order; of some cases also after a checkpoint, and after the next open.
    fn look(&self, db: Database, path: &Path, may_be: &dyn Fn(u64) -> bool) -> Result<Seen, String> {
        let mut seen = Seen::default();
        if self.case.is_multiple_of(2) {
            self.check(&db, &mut seen)?;
            self.ask(&db, may_be, &mut seen)?;
        } else {
            self.ask(&db, may_be, &mut seen)?;
            self.check(&db, &mut seen)?;
        }
        if seen.has_error && !seen.is_found {
            return Err("a question was answered by an error, and check found nothing".into());
        }
        if self.case % 4 < 2 {
            match db.checkpoint() {
                Ok(_) => {}
                Err(error) if is_about_damage(&error) => seen.is_found = true,
                Err(error) => return Err(format!("checkpoint says {error:?}")),
            }
            self.ask(&db, may_be, &mut seen)?;
            // Where sled was left open, so is its lock.
            if db.close().is_ok() && !seen.is_found && !seen.has_error {
                let db = open(path, false).map_err(|error| format!("the next open says {error:?}"))?;
                self.ask(&db, may_be, &mut seen)?;
                self.check(&db, &mut seen)?;
            }
        }
        Ok(seen)
    }

    fn check(&self, db: &Database, seen: &mut Seen) -> Result<(), String> {
        let report = db.check(true).map_err(|error| format!("check says {error:?}"))?;
        seen.is_found |= !report.is_sound();
        Ok(())
    }

    fn ask(&self, db: &Database, may_be: &dyn Fn(u64) -> bool, seen: &mut Seen) -> Result<(), String> {
        let asked = made::ask(db);
        if let Some(error) =
            asked.iter().filter_map(|answer| answer.as_ref().err()).find(|error| !is_about_damage(error))
        {
            return Err(format!("a question says {error:?}"));
        }
        seen.has_error |= asked.iter().any(Result::is_err);
        let fits = |right: &[u64]| {
            asked.iter().zip(right).position(|(answer, right)| answer.as_ref().is_ok_and(|answer| answer != right))
        };
        let (_, right) = self.answers.last_key_value().ok_or("no answers")?;
        let Some(wrong) = fits(right) else { return Ok(()) };
        let earlier = self.answers.iter().rev().skip(1).find(|(_, right)| fits(right).is_none());
        match earlier {
            Some((sequence, _)) if may_be(*sequence) => {
                seen.is_torn = true;
                Ok(())
            }
            Some((sequence, _)) => Err(format!("the commits after {sequence} are missing")),
            None => Err(format!("a wrong answer to {}", QUESTIONS[wrong])),
        }
    }
}

fn open(path: &Path, read_only: bool) -> Result<Database, Error> {
    Database::open_with(path, Options { background: false, read_only, ..Options::default() })
}

/// Returns whether an error is one that tells of damage.
fn is_about_damage(error: &Error) -> bool {
    matches!(error, Error::Corrupt { .. } | Error::Io { .. } | Error::Version { .. } | Error::Poisoned { .. })
}

/// Returns the journal's last segment, below the database.
fn last_segment(path: &Path) -> Option<PathBuf> {
    let files = place::files(path).into_iter().map(|(file, _)| file);
    files.filter(|file| file.extension().is_some_and(|extension| extension == "journal")).max()
}

//! How answers are shown: modes, switches, widths. `.show` tells them.

use std::sync::Arc;

use crate::{
    failure::Voice,
    render::{Bounds, Mode},
};

/// What is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// Each statement's time is told.
    Timer,
    /// What each statement did and how the database is.
    Stats,
    /// Each statement is written before it runs.
    Echo,
    /// The columns' names stand above rows.
    Headers,
    /// The first failure ends the run.
    Bail,
    /// Long results go through a pager.
    Pager,
    /// What answers attend to is noted.
    Notice,
}

impl Switch {
    /// All of them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Timer, Self::Stats, Self::Echo, Self::Headers, Self::Bail, Self::Pager, Self::Notice];

    /// Returns the dot command that switches it.
    pub(crate) const fn command(self) -> &'static str {
        match self {
            Self::Timer => ".timer",
            Self::Stats => ".stats",
            Self::Echo => ".echo",
            Self::Headers => ".headers",
            Self::Bail => ".bail",
            Self::Pager => ".pager",
            Self::Notice => ".notice",
        }
    }

    /// Returns its name.
    pub(crate) fn name(self) -> &'static str {
        &self.command()[1..]
    }
}

/// What has a greatest value, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Characters of a cell.
    Cell,
    /// Characters of a line.
    Line,
    /// Rows of a result.
    Rows,
}

impl Measure {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Cell, Self::Line, Self::Rows];

    /// Returns the dot command that sets it.
    pub(crate) const fn command(self) -> &'static str {
        match self {
            Self::Cell => ".width",
            Self::Line => ".maxwidth",
            Self::Rows => ".maxrows",
        }
    }
}

/// How answers are shown.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// How rows are written.
    pub(crate) mode: Mode,
    switches: [bool; Switch::ALL.len()],
    measures: [Option<usize>; Measure::ALL.len()],
    /// What stands for null; none as the mode has it.
    pub(crate) null: Option<Arc<str>>,
    /// How often each statement is run and measured instead of shown.
    pub(crate) bench: Option<u32>,
    /// Who reads it.
    pub(crate) reader: Reader,
    /// How errors are told.
    pub(crate) voice: Voice,
}

/// Who reads what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A program, or a person afterwards.
    Script,
    /// A person who is typing: errors do not end the run, and effects are told.
    Person,
    /// A language model: all is bounded, and effects are told.
    Agent,
}

/// Rows an agent is shown: enough to see what they are like, and few enough to be read.
const AGENT_ROWS_MAX: usize = 20;

/// The most of a value an agent is shown: a sentence or two, the beginning of a vector.
const AGENT_BOUNDS: Bounds = Bounds { text_max: 200, items_max: 8 };

/// Characters of a cell an agent is shown: nested lists within their bounds can still be long.
const AGENT_CELL_MAX: usize = 400;

impl Look {
    /// Returns the look for a reader.
    pub(crate) fn new(reader: Reader, voice: Voice) -> Self {
        let (mode, measures) = match reader {
            Reader::Agent => (Mode::Markdown, [Some(AGENT_CELL_MAX), None, Some(AGENT_ROWS_MAX)]),
            _ => (Mode::Box, [None; Measure::ALL.len()]),
        };
        let mut look =
            Self { mode, switches: [false; Switch::ALL.len()], measures, null: None, bench: None, reader, voice };
        look.set(Switch::Headers, true);
        look.set(Switch::Bail, reader != Reader::Person);
        look.set(Switch::Pager, reader == Reader::Person);
        look
    }

    /// Returns whether something is on.
    pub(crate) fn is_on(&self, switch: Switch) -> bool {
        self.switches[switch as usize]
    }

    /// Switches something on or off.
    pub(crate) fn set(&mut self, switch: Switch, on: bool) {
        self.switches[switch as usize] = on;
    }

    /// Returns the greatest value of something.
    pub(crate) fn max(&self, measure: Measure) -> Option<usize> {
        self.measures[measure as usize]
    }

    /// Sets the greatest value of something.
    pub(crate) fn set_max(&mut self, measure: Measure, max: Option<usize>) {
        self.measures[measure as usize] = max;
    }

    /// Returns what of a value is shown; none for all of it.
    pub(crate) fn bounds(&self) -> Option<&'static Bounds> {
        (self.reader == Reader::Agent).then_some(&AGENT_BOUNDS)
    }

    /// Returns whether effects are told without being asked for.
    pub(crate) fn tells_effects(&self) -> bool {
        self.reader != Reader::Script || self.is_on(Switch::Timer) || self.is_on(Switch::Stats)
    }

    /// Returns the settings as names and values.
    pub(crate) fn list(&self) -> Vec<(&'static str, String)> {
        let mut list = vec![("mode", self.mode.name().to_owned())];
        for switch in Switch::ALL {
            list.push((switch.name(), word(self.is_on(switch)).to_owned()));
        }
        for measure in Measure::ALL {
            list.push((&measure.command()[1..], limit(self.max(measure))));
        }
        list.push(("nullvalue", self.null.as_ref().map_or_else(|| "as the mode has it".into(), |n| format!("'{n}'"))));
        list
    }
}

/// Returns the word for a switch.
pub(crate) const fn word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// Returns the word for a limit.
pub(crate) fn limit(max: Option<usize>) -> String {
    max.map_or_else(|| "off".to_owned(), |n| n.to_string())
}

//! What a build without the feature `text` says to searches for words.

use std::{convert::Infallible, path::Path, sync::Arc};

use rustc_hash::FxHashSet;

use super::ask::Ask;
use crate::{Error, Result, model::Analyzer};

/// What an index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) n_fields: usize,
    pub(crate) analyzer: Analyzer,
    pub(crate) has_names: bool,
}

/// The texts of an id: of each property, one or several.
pub(crate) type Texts = Vec<(usize, Arc<str>)>;

/// An index: none here.
pub(crate) struct WordIndex(Infallible);

/// A part of an index: none here.
#[derive(Clone)]
pub(crate) struct Part(Infallible);

/// Takes texts: none here.
pub(crate) struct Sink<'a>(Infallible, std::marker::PhantomData<&'a ()>);

/// A part, without some ids.
pub(crate) struct Sight<'a> {
    pub(crate) part: &'a Part,
    pub(crate) except: Option<&'a FxHashSet<u32>>,
}

/// An id, and how well it fits.
pub(crate) struct Hit {
    pub(crate) id: u32,
    pub(crate) score: f32,
}

/// A name that is near, and how many typos it is off.
pub(crate) struct Near {
    pub(crate) typos: usize,
    pub(crate) form: String,
}

/// What is told of the words in an index.
type Feed<'a> = dyn FnMut(&mut Sink<'_>) -> Result<()> + 'a;

fn absent<T>(layout: Layout) -> Result<T> {
    let Layout { n_fields, analyzer, has_names } = layout;
    let of = if has_names { "nodes" } else { "relationships" };
    let what = format!(
        "searching {n_fields} properties of {of} for {} words: this build searches none (build with --features text)",
        analyzer.name()
    );
    Err(Error::NotAllowed { what })
}

impl WordIndex {
    /// Refuses to make one.
    pub(crate) fn create(_: Option<&Path>, layout: Layout) -> Result<Self> {
        absent(layout)
    }

    /// Finds none.
    pub(crate) fn open(_: &Path, _: Layout, _: bool) -> Option<(Self, String)> {
        None
    }

    /// Writes it.
    pub(crate) fn write(&self, _: &str, _: bool, _: &mut Feed<'_>) -> Result<()> {
        match self.0 {}
    }

    /// Returns it as it is now.
    pub(crate) fn part(&self) -> Part {
        match self.0 {}
    }
}

impl Part {
    /// Refuses to make one.
    pub(crate) fn of(layout: Layout, _: &mut Feed<'_>) -> Result<Self> {
        absent(layout)
    }

    /// Returns how many ids it has.
    pub(crate) fn n_ids(&self) -> u64 {
        match self.0 {}
    }
}

impl Sink<'_> {
    /// Forgets an id.
    pub(crate) fn remove(&mut self, _: u32) {
        match self.0 {}
    }

    /// Adds an id.
    pub(crate) fn add(&mut self, _: u32, _: &[(usize, Arc<str>)]) -> Result<()> {
        match self.0 {}
    }
}

fn nobody<T>(sights: &[Sight<'_>]) -> Result<T> {
    match sights.first().map(|sight| (sight.part.0, sight.except)) {
        Some((never, _)) => match never {},
        None => Err(Error::NotAllowed { what: "searching without an index".into() }),
    }
}

/// Finds nobody.
pub(crate) fn search(
    sights: &[Sight<'_>],
    _: &Ask,
    _: &dyn Fn(&str) -> Result<usize>,
    _: usize,
    _: &mut dyn FnMut(u32) -> Result<bool>,
) -> Result<Vec<Hit>> {
    nobody(sights)
}

/// Knows no words.
pub(crate) fn rarity<'w>(sights: &[Sight<'_>], _: impl Iterator<Item = &'w str>) -> Result<Vec<f64>> {
    nobody(sights)
}

/// Finds nobody.
pub(crate) fn named(sights: &[Sight<'_>], _: &str, _: &mut dyn FnMut(u32) -> Result<bool>) -> Result<()> {
    nobody(sights)
}

/// Finds nothing.
pub(crate) fn near(sights: &[Sight<'_>], _: &str, _: u8) -> Result<Vec<Near>> {
    nobody(sights)
}

/// Compares nothing.
pub(crate) fn digest(sights: &[Sight<'_>]) -> Result<(u64, u64)> {
    nobody(sights)
}

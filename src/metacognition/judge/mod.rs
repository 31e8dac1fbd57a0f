//! Judging: how likely is each relationship to be attended soon? Numbers in, numbers out; no graph, no storage, no clock of
//! the wall.
//!
//! 1. Each access becomes part of its relationship's [`state`]: a few numbers that decay by the *attention clock*, which
//!    moves by what accesses count. [`source`] sees to it that a source that floods counts little more than the others.
//! 2. [`frame`] groups relationships by what they share; [`usage`] sums states over the groups; [`flow`] lets what is used
//!    flow on; [`meeting`] looks what stands between two ends. [`signals`] makes a row of bytes of all that.
//! 3. A [`lesson`] keeps the rows of one time, and counts what is attended from then on. When it ends, [`trees`] are fitted
//!    to lessons: which signals told what came? That is learning, and it happens while the graph is used ([`learner`]).
//! 4. [`model`] judges by it: salience = trust × μ / (1 + μ), with μ the accesses expected and trust from feedback; and says
//!    why. [`reflect`] tells how well lessons were foreseen before they were learnt from, and what changed.
//!
//! What must not be known here: ids of the graph other than dense numbers, names, policies, time of day.

mod flow;
pub(crate) mod frame;
mod growing;
pub(crate) mod learner;
pub(crate) mod lesson;
mod meeting;
pub(crate) mod model;
mod numbers;
pub(crate) mod reflect;
pub(crate) mod signals;
pub(crate) mod source;
pub(crate) mod state;
pub(crate) mod trees;
mod usage;

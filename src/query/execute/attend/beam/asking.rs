//! The softmax of one node on a path, over what can come next.

use super::{
    super::{ask::Asked, score::Posed},
    candidates::Candidates,
};
use crate::{
    Result,
    attention::{Attention, Question},
    graph::Snapshot,
};

/// What asks, with room that is used again.
#[derive(Default)]
pub(in super::super) struct Asking {
    attention: Attention,
    places: Vec<u32>,
}

/// What the candidates got.
pub(in super::super) struct Answer<'a> {
    pub(in super::super) question: &'a Question<'a>,
    pub(in super::super) attention: &'a Attention,
    /// The candidates of the question, among all.
    pub(in super::super) places: &'a [u32],
    /// How many there were before the mask.
    pub(in super::super) n_candidates: usize,
}

impl Asking {
    /// Asks the candidates at a node, without the relationships `gone` (ascending) that the path has already, and hands on the
    /// answer.
    pub(in super::super) fn ask<R>(
        &mut self,
        view: &Snapshot,
        asked: &Asked,
        candidates: &Candidates,
        (node, gone): (u32, &[u32]),
        take: impl FnOnce(&Answer<'_>) -> R,
    ) -> Result<R> {
        let mut n_candidates = 0;
        self.places.clear();
        for at in candidates.of(node) {
            if gone.binary_search(&candidates.rels[at]).is_ok() {
                continue;
            }
            n_candidates += 1;
            if !candidates.is_masked(at) {
                self.places.push(at as u32);
            }
        }
        let places = &self.places;
        // References where the vectors lie; copies only of those that changed since their block was written.
        let mut vectors = Vec::with_capacity(asked.spaces.len());
        for space in &asked.spaces {
            let ids = if space.of_nodes { &candidates.reached } else { &candidates.rels };
            let id = |at: usize| Some(ids[places[at] as usize]);
            vectors.push(view.vectors(&space.info.space).gather(places.len(), id)?);
        }
        let pick = |of: &[f32]| places.iter().map(|at| of[*at as usize]).collect::<Vec<f32>>();
        let saliences = if candidates.saliences.is_empty() { Vec::new() } else { pick(&candidates.saliences) };
        let biases = if candidates.biases.is_empty() { Vec::new() } else { pick(&candidates.biases) };
        let posed = Posed {
            n: places.len(),
            vectors: &vectors,
            saliences: &saliences,
            biases: &biases,
            boosts: candidates.boosts.iter().map(|boost| pick(boost)).collect(),
            selection: None,
            similarity_min: asked.min_similarity,
        };
        Ok(posed.answer(asked, &mut self.attention, |question, attention| {
            take(&Answer { question, attention, places, n_candidates })
        }))
    }
}

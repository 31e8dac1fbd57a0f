//! A group's candidates made into a question of the kernels, with references to where their vectors lie.

use super::{
    Content, Scale, Spec,
    ask::Asked,
    groups::{Candidate, Rows},
    inner::Inner,
    refs::Refs,
    way::{bias, salience},
};
use crate::{
    Result,
    attention::{self, Attention, Path, Question},
    graph::{GatheredRows, Snapshot, SpaceInfo},
    model::SpaceOwner,
    query::execute::batch::Batch,
};

/// The candidates of all groups, and the rows that they come from.
#[derive(Clone, Copy)]
pub(super) struct Candidates<'a> {
    pub(super) batch: &'a Batch,
    pub(super) list: &'a [Candidate],
    pub(super) chains: &'a Rows,
    pub(super) inner: &'a Inner,
}

impl Candidates<'_> {
    /// Returns the node or relationship that has the vector of a candidate in a space.
    pub(super) fn id_in(&self, content: Content, info: &SpaceInfo, at: u32) -> Option<u32> {
        let of_nodes = matches!(info.space.owner, SpaceOwner::Nodes(_));
        let candidate = &self.list[at as usize];
        match (content, of_nodes) {
            (Content::Node, _) | (Content::Relationship(_), false) => Some(candidate.id),
            (Content::Relationship(slot) | Content::Reached(slot), _) => {
                self.batch.column(slot).node(candidate.first as usize)
            }
        }
    }
}

/// Scores the candidates at `group` of the list, in the order of their ids, and shows the answer to `then`.
pub(super) fn score<R>(
    view: &Snapshot,
    spec: &Spec,
    asked: &Asked,
    of: Candidates<'_>,
    group: &[u32],
    attention: &mut Attention,
    then: impl FnOnce(&Question<'_>, &mut Attention) -> Result<R>,
) -> Result<R> {
    let (n, content) = (group.len(), spec.content);
    let candidate = |at: usize| &of.list[group[at] as usize];
    // References where the vectors lie; copies only of those that changed since their block was written.
    let mut vectors = Vec::with_capacity(asked.spaces.len());
    for space in &asked.spaces {
        let id = |at: usize| of.id_in(content, &space.info, group[at]);
        vectors.push(view.vectors(&space.info.space).gather(n, id)?);
    }
    let mut saliences = Vec::new();
    if asked.prior != 0.0 {
        for at in 0..n {
            let id = if content == Content::Node { None } else { Some(candidate(at).id) };
            saliences.push(salience(view, &spec.path, of.batch, of.chains.of(candidate(at)), id)?);
        }
    }
    let mut biases = Vec::new();
    if let Some(model) = asked.biases() {
        for at in 0..n {
            let id = if content == Content::Node { None } else { Some(candidate(at).id) };
            biases.push(bias(view, model, &spec.path, of.batch, of.chains.of(candidate(at)), id)?);
        }
    }
    let pick = |boost: &Vec<f32>| group.iter().map(|at| boost[*at as usize]).collect();
    let posed = Posed {
        n,
        vectors: &vectors,
        saliences: &saliences,
        biases: &biases,
        boosts: of.inner.boosts.iter().map(pick).collect(),
        selection: Some(&of.inner.selection(group)),
        // A candidate without a vector is in no vector index.
        similarity_min: match spec.scale {
            Scale::Weight => asked.min_similarity,
            Scale::Similarity => Some(f32::MIN),
        },
    };
    posed.answer(asked, attention, then)
}

/// What a softmax is over, beside what is asked.
pub(super) struct Posed<'a> {
    /// How many candidates.
    pub(super) n: usize,
    /// Their vectors in each space of the question.
    pub(super) vectors: &'a [GatheredRows<'a>],
    /// Empty where there is no prior.
    pub(super) saliences: &'a [f32],
    /// Empty where no model has any.
    pub(super) biases: &'a [f32],
    pub(super) boosts: Vec<Vec<f32>>,
    /// A bit for each that is not masked; none where all are in.
    pub(super) selection: Option<&'a [u64]>,
    pub(super) similarity_min: Option<f32>,
}

impl Posed<'_> {
    /// Asks the kernels, and shows the question and its answer to `then`.
    pub(super) fn answer<R>(
        &self,
        asked: &Asked,
        attention: &mut Attention,
        then: impl FnOnce(&Question<'_>, &mut Attention) -> R,
    ) -> R {
        let rows: Vec<Refs<'_>> = self.vectors.iter().map(Refs::of).collect();
        let spaces: Vec<attention::Space<'_>> = asked
            .spaces
            .iter()
            .zip(&rows)
            .map(|(space, rows)| attention::Space {
                metric: space.metric(),
                weight: space.weight,
                gain: space.gain,
                query: &space.query,
                folded: space.folded.as_deref(),
                rows: rows.rows(),
            })
            .collect();
        let boosts: Vec<&[f32]> = self.boosts.iter().map(Vec::as_slice).collect();
        let question = Question {
            candidates: self.n,
            heads: asked.heads,
            spaces: &spaces,
            temperature: asked.temperature,
            prior: asked.prior,
            saliences: self.saliences,
            biases: self.biases,
            boosts: &boosts,
            selection: self.selection,
            similarity_min: self.similarity_min,
        };
        attention.answer(Path::best(), &question);
        then(&question, attention)
    }
}

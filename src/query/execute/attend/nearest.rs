//! `SEARCH` among all nodes of a label: through the space's index, or block by block over every vector.
//!
//! What the index finds is scored by the vectors of the view, as everything is that it does not tell of; where it may have
//! missed what is wanted, every vector is looked at. A filter is asked while the index is walked: as many are found as are
//! wanted, or every node is asked. Cost: by the index some hundred rows, else a pass over all vectors.

use std::time::Instant;

use super::{
    Spec,
    ask::{Asked, AskedSpace},
    limit_of, number,
    refs::Refs,
};
use crate::{
    Result,
    attention::{self, Block, NearRoom, Path, Top, similarities},
    graph::{BREADTH, NearFound, NearQuery, Presence, Snapshot},
    model::{LabelId, NodeId, SpaceOwner, Value},
    query::{
        attend as plan,
        execute::{
            Builder, Context, Operator,
            batch::{BATCH_ROWS_MAX, Batch},
            build,
            eval::Ex,
            scan::label_id,
        },
        plan::{LabelRef, Slot},
    },
    storage::{
        BLOCK_LEN,
        block::{VectorRows, Vectors},
    },
};

/// The most nodes a walk looks at where a filter takes few of them, a part of all: then asking every node costs less.
const LOOKED_PART: usize = 32;

/// As many as are wanted are scored exactly so many times.
const BREADTH_FACTOR: usize = 2;

/// Searches of a measured run that are answered exactly too.
const RECALL_SAMPLE: u32 = 16;

/// Finds, for each input row, the nearest nodes.
pub(in crate::query::execute) struct Nearest {
    input: Box<dyn Operator>,
    spec: Spec,
    label: Option<LabelRef>,
    exact: bool,
    breadth: Option<Ex>,
    filter: Filter,
    batch: Batch,
    row: usize,
    /// What was found: input row, node, score.
    rows: Vec<u32>,
    ids: Vec<u32>,
    scores: Vec<f32>,
    given: usize,
    room: NearRoom,
    is_measured: bool,
    held: u64,
    carry: Vec<Slot>,
}

/// What is asked of a node.
struct Filter {
    mask: Option<Ex>,
    target: Slot,
    /// What it reads of the input row.
    reads: Vec<Slot>,
    batch: Batch,
    rows: Vec<u32>,
}

impl Filter {
    /// Keeps the nodes that satisfy the filter beside a row of `input`.
    fn retain(&mut self, ctx: &mut Context, (input, row): (&Batch, usize), ids: &mut Vec<u32>) -> Result<()> {
        let Some(mask) = &mut self.mask else { return Ok(()) };
        let mut n_kept = 0;
        for from in (0..ids.len()).step_by(BATCH_ROWS_MAX) {
            let to = ids.len().min(from + BATCH_ROWS_MAX);
            self.rows.clear();
            self.rows.resize(to - from, row as u32);
            self.batch.gather(input, &self.rows, &self.reads);
            self.batch.column_mut(self.target).refill_nodes().extend_from_slice(&ids[from..to]);
            self.rows.clear();
            self.rows.extend(0..(to - from) as u32);
            mask.retain(ctx, &self.batch, &mut self.rows)?;
            for at in &self.rows {
                ids[n_kept] = ids[from + *at as usize];
                n_kept += 1;
            }
        }
        ids.truncate(n_kept);
        Ok(())
    }
}

/// What one input row asks for.
struct Wanted<'a> {
    view: &'a Snapshot,
    space: &'a AskedSpace,
    /// The label, where not all of the space's owners have it.
    label: Option<LabelId>,
    k: usize,
}

/// A node, and how alike it is.
type Hit = (u32, f32);

impl Nearest {
    pub(in crate::query::execute) fn build(
        plan: &plan::Attend,
        label: Option<&LabelRef>,
        builder: &mut Builder,
    ) -> Self {
        let mut reads = Vec::new();
        if let Some(mask) = &plan.mask {
            crate::query::slots::reads(mask, &mut |slot| {
                if slot != plan.target && !reads.contains(&slot) {
                    reads.push(slot);
                }
            });
        }
        let input = build(&plan.input, builder);
        let mut spec = Spec::build(plan, builder);
        Self {
            input,
            label: label.cloned(),
            exact: plan.lookup.exact,
            breadth: plan.lookup.breadth.as_ref().map(|breadth| Ex::build(breadth, builder)),
            filter: Filter {
                mask: spec.mask.take(),
                target: plan.target,
                reads,
                batch: builder.batch(),
                rows: Vec::new(),
            },
            spec,
            batch: builder.batch(),
            row: 0,
            rows: Vec::new(),
            ids: Vec::new(),
            scores: Vec::new(),
            given: 0,
            room: NearRoom::default(),
            is_measured: builder.is_measuring(),
            held: 0,
            carry: plan.carry.clone(),
        }
    }

    /// Returns how many are wanted, how wide to look, and for what.
    fn asked(&mut self, ctx: &mut Context, row: usize) -> Result<(usize, Option<f32>, Asked)> {
        let limit = match &mut self.spec.limit {
            Some(limit) => limit_of(&limit.value(ctx, &self.batch, row)?)?,
            None => usize::MAX,
        };
        let fits = |x: f64| x >= 1.0 && x.fract() == 0.0 && x <= f64::from(1 << 24);
        let wanted = "an integer of 1 or more";
        let breadth = number(ctx, &mut self.breadth, &self.batch, row, "BREADTH", fits, wanted)?;
        Ok((limit, breadth, Asked::of(ctx, &mut self.spec, &self.batch, row)?))
    }

    /// Returns whether any node is there and satisfies the filter.
    fn has_candidate(&mut self, ctx: &mut Context, row: usize) -> Result<bool> {
        let view = ctx.source().shared_view();
        let label = match &self.label {
            None => None,
            Some(label) => match label_id(&view, label) {
                Some(id) => Some(id),
                None => return Ok(false),
            },
        };
        for block in 0..view.n_node_blocks() {
            let words = match label {
                Some(label) => view.label_words(label, block)?,
                None => view.node_words(block)?,
            };
            let mut ids: Vec<u32> =
                Presence(words).iter().map(|local| block * BLOCK_LEN as u32 + local as u32).collect();
            ctx.tick(ids.len() + 1)?;
            self.filter.retain(ctx, (&self.batch, row), &mut ids)?;
            if !ids.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Searches for the next input row.
    fn search(&mut self, ctx: &mut Context) -> Result<()> {
        let row = self.row;
        self.row += 1;
        let (limit, breadth, asked) = match self.asked(ctx, row) {
            Ok(asked) => asked,
            // Where there is nobody to compare with, nothing is asked.
            Err(error) => return if self.has_candidate(ctx, row)? { Err(error) } else { Ok(()) },
        };
        let view = ctx.source().shared_view();
        let label = match &self.label {
            None => None,
            Some(label) => match label_id(&view, label) {
                Some(id) => Some(id),
                None => return Ok(()),
            },
        };
        let (Some(space), 1..) = (asked.spaces.first(), limit) else { return Ok(()) };
        let owned = match &space.info.space.owner {
            SpaceOwner::Nodes(labels) => labels.as_slice(),
            SpaceOwner::Relationships(_) => &[],
        };
        let label = label.filter(|label| owned != [*label]);
        let wanted = Wanted { view: &view, space, label, k: limit };
        let breadth = breadth.map_or(BREADTH.max(limit.saturating_mul(BREADTH_FACTOR)), |n| (n as usize).max(limit));
        let near = if self.exact { None } else { self.near(ctx, &wanted, row, breadth)? };
        let hits = match near {
            Some(hits) => {
                if self.is_measured && ctx.wants_recall(RECALL_SAMPLE) {
                    let before = Instant::now();
                    let exact = self.scan(ctx, &wanted, row)?;
                    let n = exact.iter().filter(|hit| hits.contains(hit)).count();
                    ctx.add_recall(before, n, exact.len());
                }
                hits
            }
            None => self.scan(ctx, &wanted, row)?,
        };
        for (id, similarity) in hits {
            self.rows.push(row as u32);
            self.ids.push(id);
            self.scores.push(asked.scaled(similarity));
        }
        ctx.hold(&mut self.held, self.ids.len() * 12)
    }

    /// Returns the nearest by the index; `None` where every vector is to be looked at.
    fn near(&mut self, ctx: &mut Context, wanted: &Wanted<'_>, row: usize, breadth: usize) -> Result<Option<Vec<Hit>>> {
        let Wanted { view, space, label, k } = *wanted;
        let Self { filter, batch, room, .. } = self;
        let input = (&*batch, row);
        let query = NearQuery { vector: &space.query, breadth, looked_part: LOOKED_PART };
        let is_free = label.is_none() && filter.mask.is_none();
        let found = if is_free {
            ctx.tick(breadth * 32)?;
            view.near(&space.info.space, query, room, None)?
        } else {
            let mut some = Vec::with_capacity(32);
            let mut accept = |ids: &[u32]| {
                ctx.tick(32)?;
                some.clear();
                some.extend_from_slice(ids);
                keep_labelled(view, label, &mut some)?;
                filter.retain(ctx, input, &mut some)?;
                // What is kept stands in the same order.
                let mut kept = some.iter().peekable();
                let bit = |(at, id): (usize, &u32)| u32::from(kept.next_if_eq(&id).is_some()) << at;
                Ok(ids.iter().enumerate().map(bit).fold(0, |all, bit| all | bit))
            };
            view.near(&space.info.space, query, room, Some(&mut accept))?
        };
        let Some(NearFound { found: mut ids, mut rest }) = found else { return Ok(None) };
        if !is_free {
            keep_labelled(view, label, &mut rest)?;
            filter.retain(ctx, input, &mut rest)?;
        }
        ctx.tick(rest.len())?;
        ids.append(&mut rest);
        ids.sort_unstable();
        ids.dedup();
        let mut scores = Vec::new();
        score(view, space, &mut ids, &mut scores)?;
        if ids.len() < k {
            return Ok(None);
        }
        // In the order of ids, so that of equal scores the lower id comes first.
        let best = attention::top(&scores, k);
        Ok(Some(best.iter().map(|ranked| (ids[ranked.index as usize], ranked.score)).collect()))
    }

    /// Returns the nearest of all.
    fn scan(&mut self, ctx: &mut Context, wanted: &Wanted<'_>, row: usize) -> Result<Vec<Hit>> {
        let Wanted { view, space, label, k } = *wanted;
        let of = &space.info.space;
        let mut reader = view.vectors(of);
        let (mut ids, mut scores, mut packed) = (Vec::new(), Vec::new(), Vec::new());
        let mut all = vec![f32::NEG_INFINITY; BLOCK_LEN];
        let mut top = Top::new(k);
        for block in 0..view.n_space_blocks(of) {
            let first = block * BLOCK_LEN as u32;
            let (mut words, vectors) = reader.block(block)?;
            if let Some(label) = label {
                let labelled = view.label_words(label, block)?;
                words.iter_mut().zip(labelled).for_each(|(word, labelled)| *word &= labelled);
            }
            ctx.tick(Presence(words).count() * 16 + 1)?;
            if let (Some(vectors), None) = (vectors, &self.filter.mask)
                && vectors.presence().0 == words
            {
                packed.resize(vectors.presence().count(), 0.0);
                attention::scan(Path::best(), space.metric(), &space.query, rows_of(vectors), None, &mut packed);
                all.fill(f32::NEG_INFINITY);
                Presence(words).iter().zip(&packed).for_each(|(local, score)| all[local] = *score);
                top.extend(first, &all);
                continue;
            }
            ids.clear();
            ids.extend(Presence(words).iter().map(|local| first + local as u32));
            self.filter.retain(ctx, (&self.batch, row), &mut ids)?;
            if !ids.is_empty() {
                score(view, space, &mut ids, &mut scores)?;
                all.fill(f32::NEG_INFINITY);
                ids.iter().zip(&scores).for_each(|(id, score)| all[(id - first) as usize] = *score);
                top.extend(first, &all);
            }
        }
        Ok(top.finish().iter().map(|ranked| (ranked.index, ranked.score)).collect())
    }
}

/// Keeps the nodes that have a label.
fn keep_labelled(view: &Snapshot, label: Option<LabelId>, ids: &mut Vec<u32>) -> Result<()> {
    let Some(label) = label else { return Ok(()) };
    let mut result = Ok(());
    ids.retain(|id| match view.has_label(NodeId::new(*id), label) {
        Ok(has) => has,
        Err(error) => {
            result = Err(error);
            false
        }
    });
    result
}

/// Writes how alike the vectors of nodes are; drops the nodes without one.
fn score(view: &Snapshot, space: &AskedSpace, ids: &mut Vec<u32>, scores: &mut Vec<f32>) -> Result<()> {
    let gathered = view.vectors(&space.info.space).gather_present(ids)?;
    scores.resize(ids.len(), 0.0);
    similarities(Path::best(), space.metric(), &space.query, Refs::of(&gathered).rows(), scores);
    Ok(())
}

fn rows_of(vectors: &Vectors) -> Block<'_> {
    match vectors.rows() {
        VectorRows::F32(numbers) => Block::F32(numbers),
        VectorRows::F16(halves) => Block::F16(halves),
        VectorRows::Int8(codes, scales) => Block::I8 { codes, scales },
    }
}

impl Operator for Nearest {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if self.given == self.ids.len() {
            self.rows.clear();
            self.ids.clear();
            self.scores.clear();
            self.given = 0;
            ctx.release(&mut self.held);
            while self.ids.len() < BATCH_ROWS_MAX {
                if self.row == self.batch.len {
                    // Rows of one batch leave together.
                    if !self.ids.is_empty() {
                        break;
                    }
                    if !self.input.next(ctx, &mut self.batch)? {
                        return Ok(false);
                    }
                    self.row = 0;
                }
                self.search(ctx)?;
            }
        }
        let (at, end) = (self.given, self.ids.len().min(self.given + BATCH_ROWS_MAX));
        self.given = end;
        out.gather(&self.batch, &self.rows[at..end], &self.carry);
        out.column_mut(self.filter.target).refill_nodes().extend_from_slice(&self.ids[at..end]);
        for (_, slot) in &self.spec.outputs {
            let scores = self.scores[at..end].iter().map(|score| Value::Float((*score).into()));
            out.column_mut(*slot).refill_values().extend(scores);
        }
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.batch.clear();
        self.row = 0;
        self.ids.clear();
        self.given = 0;
        ctx.release(&mut self.held);
    }
}

//! `ATTEND` and `SEARCH`: the candidates of each group are scored where their vectors lie, ranked and cut.
//!
//! The input is read whole (a softmax needs all its candidates). Rows fall into groups, in a group into candidates;
//! what the query says of a group is evaluated on the group's first row, what it says of a candidate (mask, boosts) on the
//! candidate's first row, beside what was aggregated over all its rows. Vectors are never copied where their block keeps
//! them: the kernel gets references. Cost: a row costs a hash lookup, a candidate its dot products.

mod ask;
mod beam;
mod cheapest;
mod credit;
mod deviation;
mod groups;
mod inner;
mod nearest;
mod refs;
mod score;
mod sum;
mod way;
mod why;
mod without;

use std::sync::Arc;

use self::{
    ask::Asked,
    groups::{Candidate, Group, Rows},
    inner::Inner,
    score::Candidates,
    without::Standing,
};
pub(super) use self::{
    beam::{AttendPaths, LimitPaths},
    cheapest::CheapestPaths,
    credit::read as read_credit,
    nearest::Nearest,
};
use super::{
    Attended, Builder, Context, Operator,
    aggregate::One,
    batch::{BATCH_ROWS_MAX, Batch, value_bytes},
    build,
    eval::Ex,
};
use crate::{
    Error, QueryError, Result,
    attention::{Attention, Ranked},
    error::Span,
    model::{Map, Value},
    query::{
        attend::{self as plan, AttendOutput, Chosen, Content, Scale},
        plan::Slot,
    },
};

/// Ranks the candidates of each group.
pub(super) struct Attend {
    input: Box<dyn Operator>,
    spec: Spec,
    /// What is kept of the input.
    kept: Vec<Slot>,
    batch: Batch,
    all: Batch,
    attention: Attention,
    /// Rows of `all` as they leave.
    order: Vec<u32>,
    /// The outputs of each of them, then the sums of its group.
    given: Vec<Vec<Value>>,
    at: Option<usize>,
    held: u64,
}

/// The operator's expressions, ready to run.
struct Spec {
    target: Slot,
    content: Content,
    per: Vec<Slot>,
    distinct: bool,
    query: Option<(Ex, Span)>,
    spaces: Vec<(Chosen, Option<Ex>)>,
    model: Option<Chosen>,
    mask: Option<Ex>,
    temperature: Option<Ex>,
    heads: Option<Ex>,
    prior: Option<Ex>,
    min_similarity: Option<Ex>,
    min_weight: Option<Ex>,
    limit: Option<Ex>,
    boosts: Vec<(Ex, Arc<str>)>,
    aggregates: Vec<One>,
    path: Vec<Slot>,
    ways: Vec<Slot>,
    notes: bool,
    constants: Vec<(Slot, Arc<str>)>,
    outputs: Vec<(AttendOutput, Slot)>,
    sums: Vec<(Chosen, Slot)>,
    scale: Scale,
    carry: Vec<Slot>,
}

impl Spec {
    fn build(plan: &plan::Attend, builder: &mut Builder) -> Self {
        let mut one = |e: &Option<crate::query::plan::Expr>| e.as_ref().map(|e| Ex::build(e, builder));
        Self {
            target: plan.target,
            content: plan.content,
            per: plan.per.clone(),
            distinct: plan.distinct,
            temperature: one(&plan.temperature),
            heads: one(&plan.heads),
            prior: one(&plan.prior),
            min_similarity: one(&plan.min_similarity),
            min_weight: one(&plan.min_weight),
            limit: one(&plan.limit),
            spaces: plan.spaces.iter().map(|(space, weight)| (space.clone(), one(weight))).collect(),
            model: plan.model.clone(),
            query: plan.query.as_ref().map(|(query, span)| (Ex::build(query, builder), *span)),
            mask: plan.mask.as_ref().map(|mask| Ex::predicate(mask, builder)),
            boosts: plan.boosts.iter().map(|(e, name)| (Ex::build(e, builder), name.clone())).collect(),
            aggregates: plan.aggregates.iter().map(|(slot, aggregate)| One::build(*slot, aggregate, builder)).collect(),
            path: plan.path.clone(),
            ways: plan.ways.clone(),
            notes: plan.notes,
            constants: plan.constants.clone(),
            outputs: plan.outputs.clone(),
            sums: plan.sums.clone(),
            scale: plan.scale,
            carry: plan.carry.clone(),
        }
    }
}

/// A candidate that is returned.
struct Returned {
    /// Its place in the list of candidates.
    at: u32,
    score: f32,
    similarity: Option<f32>,
    logit: Option<f32>,
    /// The explanation; empty where nobody asks.
    why: Map,
}

impl Attend {
    pub(super) fn build(plan: &plan::Attend, builder: &mut Builder) -> Self {
        let input = build(&plan.input, builder);
        let mut kept = plan.carry.clone();
        let mut keep = |slot: Slot| {
            if !kept.contains(&slot) {
                kept.push(slot);
            }
        };
        plan.reads(&mut keep);
        plan.exprs(&mut |e| crate::query::slots::reads(e, &mut keep));
        let spec = Spec::build(plan, builder);
        Self {
            input,
            given: vec![Vec::new(); spec.outputs.len() + spec.sums.len()],
            spec,
            kept,
            batch: builder.batch(),
            all: builder.batch(),
            attention: Attention::default(),
            order: Vec::new(),
            at: None,
            held: 0,
        }
    }

    fn collect(&mut self, ctx: &mut Context) -> Result<()> {
        self.all.clear();
        self.all.ordinals = None;
        self.order.clear();
        self.given.iter_mut().for_each(Vec::clear);
        let mut bytes = 0;
        while self.input.next(ctx, &mut self.batch)? {
            ctx.tick(self.batch.len)?;
            bytes += self.batch.bytes();
            // Beside the row: its candidate, its place in the order.
            ctx.hold(&mut self.held, bytes + (self.all.len + self.batch.len) * 24)?;
            self.all.append(&self.batch, &self.kept);
        }
        if self.all.len == 0 {
            return Ok(());
        }
        let (groups, candidates, rows) = self.split(ctx)?;
        self.check_constants(&groups, &candidates, &rows)?;
        let inner = Inner::of(ctx, &mut self.spec, &self.all, &candidates, &rows, (&self.kept, &mut self.batch))?;
        for group in groups {
            self.rank(ctx, group, &candidates, &rows, &inner)?;
        }
        Ok(())
    }

    /// Ranks a group and puts its rows in order.
    fn rank(
        &mut self,
        ctx: &mut Context,
        mut group: Group,
        all: &[Candidate],
        chains: &Rows,
        inner: &Inner,
    ) -> Result<()> {
        group.candidates.sort_unstable_by_key(|at| all[*at as usize].id);
        let row = group.first_row as usize;
        let spec = &mut self.spec;
        let limit = match &mut spec.limit {
            Some(limit) => limit_of(&limit.value(ctx, &self.all, row)?)?,
            None => usize::MAX,
        };
        let min_weight = number(ctx, &mut spec.min_weight, &self.all, row, "MIN WEIGHT", |_| true, "a number")?;
        let asked = Asked::of(ctx, spec, &self.all, row)?;
        let n = group.candidates.len();
        let content = spec.content;
        ctx.tick(n * 64)?;
        let wants = |output| spec.outputs.iter().any(|(known, _)| *known == output);
        let (wants_plain, wants_without) = (wants(AttendOutput::Why), wants(AttendOutput::WhyWithout));
        let wants_credit = wants(AttendOutput::Credit);
        let wants_why = wants_plain || wants_without;
        let of = Candidates { batch: &self.all, list: all, chains, inner };
        let returned = score::score(
            ctx.view(),
            spec,
            &asked,
            of,
            &group.candidates,
            &mut self.attention,
            |question, attention| {
                let n_masked = if wants_why { n - attention.weights().count() } else { 0 };
                let counts = (n, n_masked);
                let told = why::Told { spec, asked: &asked, question, attention, counts };
                let ranked = attention.top(limit.min(n)).into_iter();
                let ranked = ranked.take_while(|ranked| min_weight.is_none_or(|least| ranked.score >= least));
                let returned = ranked.map(|Ranked { index, score }| Returned {
                    at: group.candidates[index as usize],
                    score,
                    similarity: attention.similarity(index),
                    logit: attention.logit(index),
                    why: match wants_why {
                        true => told.map(index, &inner.boost_was_null, &group.candidates),
                        false => Map::new(),
                    },
                });
                Ok(returned.collect::<Vec<_>>())
            },
        )?;
        let without = if wants_without {
            let standing = |(place, returned): (usize, &Returned)| Standing {
                at: returned.at,
                rank: place + 1,
                logit: returned.logit.unwrap_or(f32::NEG_INFINITY),
            };
            let standings: Vec<Standing> = returned.iter().enumerate().map(standing).collect();
            let room = (&*self.kept, &mut self.batch);
            without::without(ctx, spec, &asked, of, &group.candidates, &standings, room)?
        } else {
            vec![None; returned.len()]
        };
        let sums = sum::sums(ctx, spec, of, &group.candidates, &self.attention)?;
        let n_before = self.order.len();
        let mut bytes: usize = sums.iter().map(value_bytes).sum();
        // All explanations of a group have about the same size.
        let mut why_bytes = None;
        for (Returned { at, score, similarity, logit, mut why }, without) in returned.into_iter().zip(without) {
            let candidate = &all[at as usize];
            let before = self.order.len();
            self.order.extend(chains.of(candidate).take(if spec.distinct { 1 } else { usize::MAX }));
            let n_rows = self.order.len() - before;
            let rel = (content != Content::Node).then_some(candidate.id);
            if spec.notes {
                way::note(&mut ctx.attended, &spec.path, &self.all, chains.of(candidate), rel, score)?;
            }
            let credit = match wants_credit {
                true => credit::of_rows(ctx, &spec.path, &self.all, chains.of(candidate), rel)?,
                false => Value::Null,
            };
            let told = match (wants_plain, wants_without) {
                (false, _) => Value::Null,
                (true, false) => Value::from(std::mem::take(&mut why)),
                (true, true) => Value::from(why.clone()),
            };
            let told_without = if wants_without {
                why::add_without(&mut why, without);
                Value::from(why)
            } else {
                Value::Null
            };
            for ((output, _), given) in spec.outputs.iter().zip(&mut self.given) {
                let float = |x: Option<f32>| x.map_or(Value::Null, |x| Value::Float(x.into()));
                let value = match output {
                    AttendOutput::Score if spec.scale == Scale::Similarity => {
                        float(similarity.map(|x| asked.scaled(x)))
                    }
                    AttendOutput::Score => float(Some(score)),
                    AttendOutput::Similarity => float(similarity),
                    AttendOutput::Logit => float(logit),
                    AttendOutput::Why => told.clone(),
                    AttendOutput::WhyWithout => told_without.clone(),
                    AttendOutput::Credit => credit.clone(),
                    AttendOutput::Hops => match content {
                        Content::Node => Value::Null,
                        _ => Value::list([why::hop(candidate.id, score)]),
                    },
                };
                bytes += match output {
                    AttendOutput::Hops | AttendOutput::Credit => value_bytes(&value),
                    AttendOutput::Why | AttendOutput::WhyWithout => {
                        *why_bytes.get_or_insert_with(|| value_bytes(&value))
                    }
                    _ => size_of::<Value>(),
                };
                given.extend(std::iter::repeat_n(value, n_rows));
            }
        }
        let n_rows = self.order.len() - n_before;
        for (sum, given) in sums.into_iter().zip(&mut self.given[spec.outputs.len()..]) {
            given.extend(std::iter::repeat_n(sum, n_rows));
        }
        if spec.scale == Scale::Weight {
            let without = if spec.distinct { &group.without[..group.without.len().min(1)] } else { &group.without };
            self.order.extend_from_slice(without);
            self.given.iter_mut().for_each(|given| given.extend(std::iter::repeat_n(Value::Null, without.len())));
        }
        let mut held = self.held as usize;
        held += bytes;
        ctx.hold(&mut self.held, held)
    }
}

impl Operator for Attend {
    fn next(&mut self, ctx: &mut Context, out: &mut Batch) -> Result<bool> {
        if self.at.is_none() {
            self.collect(ctx)?;
        }
        let at = self.at.unwrap_or(0);
        let end = self.order.len().min(at + BATCH_ROWS_MAX);
        self.at = Some(end);
        if at == end {
            return Ok(false);
        }
        out.gather(&self.all, &self.order[at..end], &self.spec.carry);
        let slots = self.spec.outputs.iter().map(|(_, slot)| slot).chain(self.spec.sums.iter().map(|(_, slot)| slot));
        for (slot, given) in slots.zip(&self.given) {
            out.column_mut(*slot).refill_values().extend_from_slice(&given[at..end]);
        }
        Ok(true)
    }

    fn reset(&mut self, ctx: &mut Context) {
        self.input.reset(ctx);
        self.at = None;
        ctx.release(&mut self.held);
    }
}

/// Returns an option's number; null means it was not given.
fn number(
    ctx: &mut Context,
    option: &mut Option<Ex>,
    batch: &Batch,
    row: usize,
    what: &str,
    fits: impl Fn(f64) -> bool,
    wanted: &str,
) -> Result<Option<f32>> {
    let Some(option) = option else { return Ok(None) };
    let value = option.value(ctx, batch, row)?;
    let number = match &value {
        Value::Null => return Ok(None),
        Value::Int(n) => *n as f64,
        Value::Float(x) => *x,
        other => {
            let message = format!("{what} must be {wanted}, not {other} ({})", other.kind());
            return Err(QueryError::type_error("InvalidArgumentType", message).into());
        }
    };
    if !(number.is_finite() && (number as f32).is_finite() && fits(number)) {
        let message = format!("{what} must be {wanted}, not {value}");
        return Err(QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message).into());
    }
    Ok(Some(number as f32))
}

fn limit_of(value: &Value) -> Result<usize> {
    match value {
        Value::Null => Ok(usize::MAX),
        Value::Int(n) if *n >= 0 => Ok(usize::try_from(*n).unwrap_or(usize::MAX)),
        other => {
            let message = format!("LIMIT must be an integer of 0 or more, not {other}");
            Err(Error::from(QueryError::run("22003", "ArgumentError", "NumberOutOfRange", message)))
        }
    }
}

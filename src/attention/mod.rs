//! Attention over candidates: how alike a query and rows are, one softmax over a group, the best few. A leaf: numbers in,
//! numbers out. Must not know ids, storage or locks; which row belongs to whom is the caller's.
//!
//! # Formula
//! For head `h` of `H`, candidate `i` of `n`, spaces `s` (scaled dot-product attention: Vaswani et al., Attention Is All You
//! Need, 2017, equation 1, with the terms of the language added):
//!
//! ```text
//! z_hi = (Σ_s w_s·g_s·sim(q_sh, k_sih)) / T  +  λ·ln(salience_i)  +  bias_i  +  Σ boosts_i
//! a_hi = exp(z_hi - max_j z_hj) / Σ_j exp(z_hj - max_j z_hj)            softmax over the candidates
//! a_i  = Σ_h a_hi / H                                                   the candidate's weight
//! ```
//!
//! `sim` is the space's [`Metric`]: `⟨q, k⟩`, the same divided by both norms, or minus the squared distance. Without a model
//! a vector of `d` numbers is cut into `H` slices of `d/H`; norms are those of the whole vectors, so that a head's parts sum
//! to the similarity of the whole. With a model each head has a query of `d` numbers into which both projections are folded
//! ([`fold`], [`Space::folded`]), and `sim` is `⟨Wq_h q, Wk_h k⟩`, for a cosine of the vectors divided by their norms; what
//! [`Attention::similarity`] says stays the metric's, of the vectors themselves.
//!
//! # Shapes and types
//! A query is `[d]` of `f32`, folded ones `[H, d]`. Rows are `[n, d]`: slices anywhere in memory ([`Rows`]), read where they
//! are, or one block ([`Block`]). They are stored as `f32`, as halves (16 bits each), or as codes of 8 bits with one `f32` scale
//! a row ([`quantize`]). Norms are not stored: a cosine sums `Σ k²` in the pass that sums `Σ q·k`, which costs less than
//! fetching a norm from elsewhere. Weights, logits, boosts are `[n]` of `f32`. A wrong shape is a panic: it is a bug of
//! the caller, never data.
//!
//! # Masking
//! A mask is a logit of minus infinity: the weight is exactly 0, and where all are masked all weights are 0. A candidate is
//! masked by the selection (then its rows are not read) or by [`Question::similarity_min`]. One that lacks a space (an empty
//! row) gets the mean similarity of the unmasked that have it, head by head.
//!
//! # Numbers
//! Nothing is ever not a number or infinite, for finite rows and queries: a similarity whose parts f32 cannot hold is made once
//! more in f64, where no sum of products of f32 overflows, and what f32 cannot hold at the end is the largest that it can. A
//! row that holds a not-a-number has the smallest similarity. Logits are kept between `f32::MIN` and `f32::MAX` at each
//! addition, so no two infinities ever meet; the largest logit is finite or all are masked, so a softmax divides by at least 1.
//!
//! # Ties and repeatability
//! The higher score is better, of equal ones the lower index. On one [`Path`] (set of instructions) a row's similarity is the
//! same to the bit wherever and beside whatever it stands, gathered or scanned, on one thread or many. Between paths
//! similarities differ by rounding: the tests bound it by `8e-7·(1 + √d/4)` of `‖q‖·‖k‖`; sums of codes, softmax, weighted
//! sums and selection do not differ.
//!
//! # Cost
//! `n·d` multiply-adds for each space (`H·n·d` folded) and `H·n` exponentials. In the caches arithmetic is the limit, beyond
//! them memory: rows are asked for while others are summed, and fewer bytes is what helps most (halves, codes with
//! [`rerank`]). A row that starts at a multiple of 64 bytes takes one line of memory less. The bench `attention` measures it.
//!
//! # The files
//! `fold` brings a model into the query. `similarity` and `codes` make similarities of the sums (`sums`) that `avx512`, `avx2` or
//! `portable` make, as `path` finds what the processor has; `loops` is the softmax, compiled for each. `attend` answers
//! a [`Question`], `top` chooses. `naive` is the twin of all of it in f64, for the tests.

mod attend;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod codes;
mod exact;
mod fold;
mod loops;
mod near;
mod number;
mod path;
mod portable;
mod similarity;
mod sums;
mod top;

pub(crate) use self::attend::{Attention, HeadParts, Question, Space, attend_many, attended, softmax};
pub(crate) use self::fold::fold;
pub(crate) use self::near::{Found, Near, Room as NearRoom};
pub(crate) use self::path::Path;
pub(crate) use self::similarity::{Block, Metric, Rows, scan, similarities, similarity};
pub(crate) use self::top::{RERANK_FACTOR, Ranked, Top, rerank, top};

pub(crate) use crate::model::{half_from_f32, half_to_f32, quantize};

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;

//! What a group saw: the sum of its candidates' vectors by their weights, for `attended(x, 'space')`.

use super::{Spec, ask, score::Candidates};
use crate::{
    QueryError, Result,
    attention::{Attention, Path, attended},
    model::Value,
    query::execute::Context,
};

/// Returns `Σ a_i·v_i` over the group that `attention` answered last, for each space that is asked for: a list of floats, or
/// null where no candidate that has a weight has a vector there.
pub(super) fn sums(
    ctx: &Context,
    spec: &Spec,
    of: Candidates<'_>,
    group: &[u32],
    attention: &Attention,
) -> Result<Vec<Value>> {
    if spec.sums.is_empty() {
        return Ok(Vec::new());
    }
    let view = ctx.view();
    let (places, weights): (Vec<u32>, Vec<f32>) = attention.weights().unzip();
    let sum = |(chosen, _): &(super::Chosen, _)| {
        let Some((info, _)) = ask::chosen_space(ctx, spec, chosen)? else {
            let message = "the space of attended() is null";
            return Err(QueryError::run("22N00", "ArgumentError", "InvalidQuery", message).into());
        };
        let id = |at: usize| of.id_in(spec.content, &info, group[places[at] as usize]);
        let vectors = view.vectors(&info.space).gather(places.len(), id)?;
        let rows = super::refs::Refs::of(&vectors);
        if rows.rows().are_empty() {
            return Ok(Value::Null);
        }
        let mut sum = vec![0.0; info.space.dimension as usize];
        attended(Path::best(), rows.rows(), &weights, &mut sum);
        Ok(Value::List(sum.into_iter().map(|x| Value::Float(x.into())).collect()))
    };
    spec.sums.iter().map(sum).collect()
}

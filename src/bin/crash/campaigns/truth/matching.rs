//! Finds the matches of patterns by trying everything.

use super::{
    ast::{E, Node, Path, Way},
    eval::{Reference, Result, Row, set},
    value::V,
};

/// A match on its way: the variables so far, and what is to be tested once all are bound.
#[derive(Clone)]
struct State<'p> {
    row: Row,
    /// Relationships taken: none is taken twice.
    used: Vec<usize>,
    /// The path so far.
    nodes: Vec<usize>,
    rels: Vec<usize>,
    tests: Vec<(V, &'p [(&'static str, E)])>,
    filters: Vec<&'p E>,
}

/// Returns a row for each match.
pub(super) fn matches(reference: &Reference<'_>, paths: &[Path], row: &Row) -> Result<Vec<Row>> {
    let start = State { row: row.clone(), used: vec![], nodes: vec![], rels: vec![], tests: vec![], filters: vec![] };
    let mut states = vec![start];
    for path in paths {
        let mut all = Vec::new();
        for mut state in states {
            let mut next = Vec::new();
            state.nodes.clear();
            state.rels.clear();
            for node in 0..reference.graph.nodes.len() {
                at_node(reference, path, 0, &path.start, node, state.clone(), &mut next)?;
            }
            if path.shortest {
                keep_shortest(&mut next);
                // Whether a node has a shortest path to itself that is a cycle is open.
                if next.iter().any(|state| !state.rels.is_empty() && state.nodes.first() == state.nodes.last()) {
                    reference.open.set(true);
                }
            }
            all.extend(next);
        }
        states = all;
    }
    let mut rows = Vec::new();
    'states: for state in states {
        for (entity, props) in &state.tests {
            for (key, wanted) in *props {
                let test =
                    E::Compare(E::Prop(E::Lit(entity.clone()).boxed(), key).boxed(), vec![("=", wanted.clone())]);
                if reference.truth(&test, &state.row)? != Some(true) {
                    continue 'states;
                }
            }
        }
        for filter in &state.filters {
            if reference.truth(filter, &state.row)? != Some(true) {
                continue 'states;
            }
        }
        rows.push(state.row);
    }
    Ok(rows)
}

/// Keeps of the matches between the same two nodes those of the fewest relationships.
fn keep_shortest(states: &mut Vec<State<'_>>) {
    let ends = |state: &State<'_>| (state.nodes.first().copied(), state.nodes.last().copied());
    let all: Vec<_> = states.iter().map(|state| (ends(state), state.rels.len())).collect();
    states.retain(|state| all.iter().all(|(other, len)| *other != ends(state) || state.rels.len() <= *len));
}

/// Binds a variable, or returns whether it is bound to this already.
fn bind(row: &mut Row, var: Option<usize>, value: V) -> bool {
    match var.map(|var| (var, row.get(var).cloned().flatten())) {
        None => true,
        Some((_, Some(bound))) => bound == value,
        Some((var, None)) => {
            set(row, var, value);
            true
        }
    }
}

fn at_node<'p>(
    reference: &Reference<'_>,
    path: &'p Path,
    hop: usize,
    spec: &'p Node,
    node: usize,
    mut state: State<'p>,
    out: &mut Vec<State<'p>>,
) -> Result<()> {
    reference.step()?;
    if !reference.has(node, spec.labels) || !bind(&mut state.row, spec.var, V::Node(node)) {
        return Ok(());
    }
    state.tests.push((V::Node(node), &spec.props));
    state.filters.extend(&spec.filter);
    if hop == 0 {
        state.nodes.push(node);
    }
    let Some((rel, _)) = path.hops.get(hop) else {
        if let Some(name) = path.name {
            set(&mut state.row, name, V::Path(state.nodes.clone(), state.rels.clone()));
        }
        out.push(state);
        return Ok(());
    };
    let (min, max) = rel.length.unwrap_or((1, Some(1)));
    trail(reference, path, hop, (min, max), node, &mut Vec::new(), &state, out)
}

/// Follows the hop's relationships from a node, one after the other.
#[expect(clippy::too_many_arguments, reason = "the state of one search")]
fn trail<'p>(
    reference: &Reference<'_>,
    path: &'p Path,
    hop: usize,
    (min, max): (usize, Option<usize>),
    node: usize,
    taken: &mut Vec<(usize, usize)>,
    state: &State<'p>,
    out: &mut Vec<State<'p>>,
) -> Result<()> {
    reference.step()?;
    let (spec, next) = &path.hops[hop];
    if taken.len() >= min {
        let mut state = state.clone();
        let rels: Vec<usize> = taken.iter().map(|(rel, _)| *rel).collect();
        let value = match spec.length {
            None => V::Rel(rels[0]),
            Some(_) => V::List(rels.iter().map(|rel| V::Rel(*rel)).collect()),
        };
        if bind(&mut state.row, spec.var, value) {
            state.used.extend(&rels);
            state.rels.extend(&rels);
            state.nodes.extend(taken.iter().map(|(_, node)| *node));
            state.tests.extend(rels.iter().map(|rel| (V::Rel(*rel), &*spec.props)));
            at_node(reference, path, hop + 1, next, node, state, out)?;
        }
    }
    if max.is_some_and(|max| taken.len() >= max) {
        return Ok(());
    }
    for (at, rel) in reference.graph.rels.iter().enumerate() {
        let fits = spec.types.is_empty() || spec.types.contains(&rel.kind);
        if !fits || state.used.contains(&at) || taken.iter().any(|(other, _)| *other == at) {
            continue;
        }
        let forward = spec.way != Way::Left && rel.start == node;
        let backward = spec.way != Way::Right && rel.end == node && !(forward && rel.start == rel.end);
        for (goes, to) in [(forward, rel.end), (backward, rel.start)] {
            if goes {
                taken.push((at, to));
                trail(reference, path, hop, (min, max), to, taken, state, out)?;
                taken.pop();
            }
        }
    }
    Ok(())
}

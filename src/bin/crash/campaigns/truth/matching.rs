//! Finds the matches of patterns by trying everything.

use super::{
    ast::{E, Group, Node, Path, Rel, Select, Way},
    eval::{Fault, Reference, Result, Row, set},
    value::V,
};

/// A match on its way: the variables so far, and what is to be tested once all are bound.
#[derive(Clone)]
struct State<'p> {
    row: Row,
    /// Relationships taken: none is taken twice, unless the clause says so.
    used: Vec<usize>,
    /// The path so far.
    nodes: Vec<usize>,
    rels: Vec<usize>,
    tests: Vec<(V, &'p [(&'static str, E)])>,
    filters: Vec<&'p E>,
    repeatable: bool,
}

/// Returns a row for each match.
pub(super) fn matches(reference: &Reference<'_>, paths: &[Path], repeatable: bool, row: &Row) -> Result<Vec<Row>> {
    let start = State {
        row: row.clone(),
        used: vec![],
        nodes: vec![],
        rels: vec![],
        tests: vec![],
        filters: vec![],
        repeatable,
    };
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
            next.retain(|state| keeps_to(path.mode, state));
            if path.select != Select::Free {
                // What is inside of the pattern holds before paths are selected.
                let mut kept = Vec::new();
                for mut state in next {
                    if holds(reference, &state)? {
                        (state.tests, state.filters) = (vec![], vec![]);
                        kept.push(state);
                    }
                }
                next = select(reference, path.select, kept);
            }
            all.extend(next);
        }
        states = all;
    }
    let mut rows = Vec::new();
    for state in states {
        if holds(reference, &state)? {
            rows.push(state.row);
        }
    }
    Ok(rows)
}

/// Returns whether what is to be tested holds.
fn holds(reference: &Reference<'_>, state: &State<'_>) -> Result<bool> {
    for (entity, props) in &state.tests {
        if !has(reference, entity, props, &state.row)? {
            return Ok(false);
        }
    }
    for filter in &state.filters {
        if reference.truth(filter, &state.row)? != Some(true) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has(reference: &Reference<'_>, entity: &V, props: &[(&'static str, E)], row: &Row) -> Result<bool> {
    for (key, wanted) in props {
        let test = E::Compare(E::Prop(E::Lit(entity.clone()).boxed(), key).boxed(), vec![("=", wanted.clone())]);
        if reference.truth(&test, row)? != Some(true) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Keeps of the matches between the same two nodes those of the fewest relationships.
fn keep_shortest(states: &mut Vec<State<'_>>) {
    let ends = |state: &State<'_>| (state.nodes.first().copied(), state.nodes.last().copied());
    let all: Vec<_> = states.iter().map(|state| (ends(state), state.rels.len())).collect();
    states.retain(|state| all.iter().all(|(other, len)| *other != ends(state) || state.rels.len() <= *len));
}

/// Returns whether a path has nothing twice that its mode forbids.
fn keeps_to(mode: &str, state: &State<'_>) -> bool {
    let is_once = |items: &[usize]| items.iter().enumerate().all(|(at, item)| !items[..at].contains(item));
    match mode {
        "TRAIL" => is_once(&state.rels),
        "ACYCLIC" => is_once(&state.nodes),
        "SIMPLE" => {
            let is_closed = state.nodes.len() > 1 && state.nodes.first() == state.nodes.last();
            is_once(&state.nodes[usize::from(is_closed)..])
        }
        _ => true,
    }
}

/// Keeps of the paths between the same two nodes those that are wanted; where the language leaves open which they are, the
/// answer is.
fn select<'p>(reference: &Reference<'_>, select: Select, states: Vec<State<'p>>) -> Vec<State<'p>> {
    let ends = |state: &State<'_>| (state.nodes[0], state.nodes[state.nodes.len() - 1]);
    let mut all: Vec<((usize, usize), Vec<State<'p>>)> = Vec::new();
    for state in states {
        match all.iter_mut().find(|(other, _)| *other == ends(&state)) {
            Some((_, group)) => group.push(state),
            None => all.push((ends(&state), vec![state])),
        }
    }
    let mut kept = Vec::new();
    for (_, mut group) in all {
        group.sort_by_key(|state| state.rels.len());
        let length = |at: usize| group[at].rels.len();
        let mut lengths: Vec<usize> = group.iter().map(|state| state.rels.len()).collect();
        lengths.dedup();
        let first_of = |n: usize| {
            let wanted = &lengths[..n.min(lengths.len())];
            group.iter().filter(|state| wanted.contains(&state.rels.len())).count()
        };
        let n = match select {
            Select::Free | Select::All => group.len(),
            Select::AllShortest => first_of(1),
            Select::Groups(n) => first_of(n),
            Select::Any(n) => {
                if n < group.len() {
                    reference.open.set(true);
                }
                n
            }
            Select::AnyShortest | Select::Shortest(_) => {
                let n = if let Select::Shortest(n) = select { n } else { 1 };
                if n < group.len() && length(n - 1) == length(n) {
                    reference.open.set(true);
                }
                n
            }
        };
        group.truncate(n);
        kept.append(&mut group);
    }
    kept
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
    if let Some(group) = &rel.group {
        let mut lists: Vec<(usize, Vec<V>)> = group_vars(group).into_iter().map(|v| (v, Vec::new())).collect();
        return repeat(reference, path, hop, group, 0, node, &mut lists, &state, out);
    }
    let (min, max) = rel.length.unwrap_or((1, Some(1)));
    trail(reference, path, hop, (min, max), node, &mut Vec::new(), &state, out)
}

/// Returns the relationships that go from a node as a pattern says, and where they lead.
fn steps(reference: &Reference<'_>, spec: &Rel, node: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, rel) in reference.graph.rels.iter().enumerate() {
        if !spec.types.is_empty() && !spec.types.contains(&rel.kind) {
            continue;
        }
        let forward = spec.way != Way::Left && rel.start == node;
        let backward = spec.way != Way::Right && rel.end == node && !(forward && rel.start == rel.end);
        found.extend(
            [(forward, rel.end), (backward, rel.start)].iter().filter(|(goes, _)| *goes).map(|(_, to)| (at, *to)),
        );
    }
    found
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
    for (at, to) in steps(reference, spec, node) {
        if !state.repeatable && (state.used.contains(&at) || taken.iter().any(|(other, _)| *other == at)) {
            continue;
        }
        taken.push((at, to));
        trail(reference, path, hop, (min, max), to, taken, state, out)?;
        taken.pop();
    }
    Ok(())
}

/// Returns the variables inside of a repetition, each of which is a list outside.
pub(super) fn group_vars(group: &Group) -> Vec<usize> {
    let hops = group.hops.iter().flat_map(|(rel, node)| [rel.var, node.var]);
    std::iter::once(group.start.var).chain(hops).flatten().collect()
}

/// Repeats a part of the path from a node, `n` times so far. `lists` are its variables, `state` what was gone.
#[expect(clippy::too_many_arguments, reason = "the state of one search")]
fn repeat<'p>(
    reference: &Reference<'_>,
    path: &'p Path,
    hop: usize,
    group: &'p Group,
    n: usize,
    node: usize,
    lists: &mut Vec<(usize, Vec<V>)>,
    state: &State<'p>,
    out: &mut Vec<State<'p>>,
) -> Result<()> {
    reference.step()?;
    if n >= group.min {
        let mut state = state.clone();
        for (var, items) in lists.iter() {
            set(&mut state.row, *var, V::List(items.clone()));
        }
        at_node(reference, path, hop + 1, &path.hops[hop].1, node, state, out)?;
    }
    if group.max.is_some_and(|max| n >= max) {
        return Ok(());
    }
    let mut found = Vec::new();
    once(reference, group, 0, node, state.clone(), &mut found)?;
    for mut once in found {
        let values: Vec<V> = lists
            .iter()
            .map(|(var, _)| once.row.get(*var).cloned().flatten().ok_or(Fault::Invalid))
            .collect::<Result<_>>()?;
        let to = once.nodes[once.nodes.len() - 1];
        once.row.clone_from(&state.row);
        lists.iter_mut().zip(values).for_each(|((_, items), value)| items.push(value));
        repeat(reference, path, hop, group, n + 1, to, lists, &once, out)?;
        for (_, items) in lists.iter_mut() {
            items.pop();
        }
    }
    Ok(())
}

/// Finds the ways to go a repetition once, from its part `at` on.
fn once<'p>(
    reference: &Reference<'_>,
    group: &'p Group,
    at: usize,
    node: usize,
    mut state: State<'p>,
    out: &mut Vec<State<'p>>,
) -> Result<()> {
    reference.step()?;
    let spec = if at == 0 { &group.start } else { &group.hops[at - 1].1 };
    if !reference.has(node, spec.labels) || !bind(&mut state.row, spec.var, V::Node(node)) {
        return Ok(());
    }
    if !has(reference, &V::Node(node), &spec.props, &state.row)? {
        return Ok(());
    }
    let Some((rel, _)) = group.hops.get(at) else {
        if group.filter.as_ref().map_or(Ok(Some(true)), |filter| reference.truth(filter, &state.row))? == Some(true) {
            out.push(state);
        }
        return Ok(());
    };
    for (taken, to) in steps(reference, rel, node) {
        if !state.repeatable && state.used.contains(&taken) {
            continue;
        }
        let mut state = state.clone();
        if !bind(&mut state.row, rel.var, V::Rel(taken)) || !has(reference, &V::Rel(taken), &rel.props, &state.row)? {
            continue;
        }
        state.used.push(taken);
        state.rels.push(taken);
        state.nodes.push(to);
        once(reference, group, at + 1, to, state, out)?;
    }
    Ok(())
}

//! Makes a failing query, and its graph, smaller while they fail in the same way.

use super::{
    ast::{Clause, E, Node, Path, Projection, Query, Select, Way},
    graph::Graph,
    value::V,
};

/// Attempts after which the smallest so far has to do.
const ATTEMPTS_MAX: usize = 4_000;

/// Returns the smallest graph and query found for which `fails` is true. With `typed`, expressions are left out whole: others
/// in their place would be of other kinds.
pub(super) fn shrink(
    graph: &Graph,
    query: &Query,
    typed: bool,
    fails: &mut dyn FnMut(&Graph, &Query) -> bool,
) -> (Graph, Query) {
    let (mut graph, mut query) = (graph.clone(), query.clone());
    let mut left = ATTEMPTS_MAX;
    loop {
        let size = (graph.create().len(), query.text().len());
        let (mut site, mut edit) = (0, 0);
        while left > 0 {
            let mut smaller = query.clone();
            match change(&mut smaller, site, edit, typed) {
                Change::Made => {
                    left -= 1;
                    if smaller.text().len() < query.text().len() && fails(&graph, &smaller) {
                        query = smaller;
                    } else {
                        edit += 1;
                    }
                }
                Change::NoSuchEdit => (site, edit) = (site + 1, 0),
                Change::NoSuchSite => break,
            }
        }
        let mut at = 0;
        while let (Some(smaller), true) = (without(&graph, at), left > 0) {
            left -= 1;
            if fails(&smaller, &query) {
                graph = smaller;
            } else {
                at += 1;
            }
        }
        if left == 0 || (graph.create().len(), query.text().len()) == size {
            return (graph, query);
        }
    }
}

/// Returns the graph without its `at`th part; `None` behind the last.
fn without(graph: &Graph, mut at: usize) -> Option<Graph> {
    let mut graph = graph.clone();
    if at < graph.rels.len() {
        graph.rels.remove(at);
        renumber(&mut graph);
        return Some(graph);
    }
    at -= graph.rels.len();
    if graph.nodes.len() > 1 {
        if at < graph.nodes.len() {
            graph.nodes.remove(at);
            graph.rels.retain(|rel| rel.start != at && rel.end != at);
            for rel in &mut graph.rels {
                rel.start -= usize::from(rel.start > at);
                rel.end -= usize::from(rel.end > at);
            }
            renumber(&mut graph);
            return Some(graph);
        }
        at -= graph.nodes.len();
    }
    if graph.indexed {
        if at == 0 {
            graph.indexed = false;
            return Some(graph);
        }
        at -= 1;
    }
    let props =
        graph.nodes.iter_mut().map(|node| &mut node.props).chain(graph.rels.iter_mut().map(|rel| &mut rel.props));
    for props in props {
        // The first is the id.
        if at + 1 < props.len() {
            props.remove(at + 1);
            return Some(graph);
        }
        at -= props.len() - 1;
    }
    for node in &mut graph.nodes {
        if at < node.labels.len() {
            node.labels.remove(at);
            return Some(graph);
        }
        at -= node.labels.len();
    }
    None
}

fn renumber(graph: &mut Graph) {
    graph.nodes.iter_mut().enumerate().for_each(|(at, node)| node.props[0].1 = V::Int(at as i64));
    graph.rels.iter_mut().enumerate().for_each(|(at, rel)| rel.props[0].1 = V::Int(at as i64));
}

#[derive(Clone, Copy)]
enum Change {
    Made,
    NoSuchEdit,
    NoSuchSite,
}

/// A place of a query where something can be left out.
enum Site<'q> {
    Parts(&'q mut Vec<(bool, Vec<Clause>)>),
    Clauses(&'q mut Vec<Clause>),
    Optional(&'q mut bool),
    Items(&'q mut Vec<(usize, E)>),
    Branches(&'q mut Vec<(E, Vec<Clause>)>),
    Otherwise(&'q mut Option<Vec<Clause>>),
    Paths(&'q mut Vec<Path>),
    Path(&'q mut Path),
    Node(&'q mut Node),
    Filter(&'q mut Option<E>),
    Projection(&'q mut Projection),
    Expr(&'q mut E),
}

/// Applies one edit at one site.
fn change(query: &mut Query, site: usize, edit: usize, typed: bool) -> Change {
    let (mut at, mut change) = (0, Change::NoSuchSite);
    walk_query(query, &mut |found| {
        if at == site {
            let is_left = typed && matches!(found, Site::Expr(_));
            change = if !is_left && apply(found, edit) { Change::Made } else { Change::NoSuchEdit };
        }
        at += 1;
    });
    change
}

fn apply(site: Site<'_>, edit: usize) -> bool {
    match site {
        Site::Parts(parts) => {
            if parts.len() > 1 && edit < parts.len() {
                parts.remove(edit);
                return true;
            }
            false
        }
        Site::Clauses(clauses) => {
            if clauses.len() > 1 && edit < clauses.len() {
                clauses.remove(edit);
                return true;
            }
            false
        }
        Site::Items(items) => {
            if items.len() > 1 && edit < items.len() {
                items.remove(edit);
                return true;
            }
            false
        }
        Site::Branches(branches) => {
            if branches.len() > 1 && edit < branches.len() {
                branches.remove(edit);
                return true;
            }
            false
        }
        Site::Otherwise(otherwise) => edit == 0 && otherwise.take().is_some(),
        Site::Optional(optional) => edit == 0 && std::mem::take(optional),
        Site::Paths(paths) => {
            if paths.len() > 1 && edit < paths.len() {
                paths.remove(edit);
                return true;
            }
            false
        }
        Site::Path(path) => path_edit(path, edit),
        Site::Node(node) => {
            match edit {
                0 => node.labels = "",
                1 => drop(node.props.pop()),
                _ => node.var = None,
            }
            edit < 3
        }
        Site::Filter(filter) => edit == 0 && filter.take().is_some(),
        Site::Projection(projection) => projection_edit(projection, edit),
        Site::Expr(e) => expr_edit(e, edit),
    }
}

fn path_edit(path: &mut Path, edit: usize) -> bool {
    match edit {
        0 => {
            path.shortest = false;
            path.select = Select::Free;
            path.hops.pop();
        }
        1 if !path.hops.is_empty() => path.start = path.hops.remove(0).1,
        2 => path.name = None,
        3 => path.select = Select::Free,
        4 => path.mode = "",
        _ => {
            let (at, edit) = ((edit.max(5) - 5) / 8, (edit.max(5) - 5) % 8);
            let Some((rel, _)) = path.hops.get_mut(at) else { return edit == 1 && at == 0 };
            match edit {
                5 => rel.group = None,
                6 => rel.group.iter_mut().for_each(|group| group.filter = None),
                7 => {
                    if let Some(group) = rel.group.as_mut().filter(|group| group.hops.len() > 1) {
                        group.hops.pop();
                    }
                }
                0 => drop(rel.types.pop()),
                1 if !path.shortest => rel.length = None,
                1 => path.shortest = false,
                2 => drop(rel.props.pop()),
                3 => rel.var = None,
                _ => rel.way = Way::Either,
            }
        }
    }
    true
}

fn projection_edit(projection: &mut Projection, edit: usize) -> bool {
    match edit {
        0 => projection.distinct = false,
        1 => projection.skip = None,
        2 => projection.limit = None,
        3 => projection.star = false,
        _ => {
            let at = edit - 4;
            if at < projection.order.len() {
                projection.order.remove(at);
            } else if at - projection.order.len() < projection.items.len() && projection.items.len() > 1 {
                projection.items.remove(at - projection.order.len());
            } else {
                return false;
            }
        }
    }
    true
}

/// Replaces an expression by a constant or a part of it.
fn expr_edit(e: &mut E, edit: usize) -> bool {
    const CONSTANTS: [V; 4] = [V::Null, V::Bool(true), V::Bool(false), V::Int(1)];
    let simple = match CONSTANTS.get(edit) {
        Some(constant) => E::Lit(constant.clone()),
        None => {
            let mut parts = Vec::new();
            e.children(&mut |child| parts.push(child.clone()));
            let n_parts = parts.len();
            match (parts.into_iter().nth(edit - CONSTANTS.len()), &mut *e) {
                (Some(part), _) => part,
                (None, E::And(all) | E::Or(all) | E::List(all)) => {
                    let at = edit - CONSTANTS.len() - n_parts;
                    if at < all.len() && all.len() > 1 {
                        all.remove(at);
                        return true;
                    }
                    return false;
                }
                _ => return false,
            }
        }
    };
    *e = simple;
    true
}

fn walk_query(query: &mut Query, see: &mut dyn FnMut(Site<'_>)) {
    see(Site::Parts(&mut query.0));
    query.0.iter_mut().for_each(|(_, clauses)| walk_clauses(clauses, see));
}

fn walk_clauses(clauses: &mut Vec<Clause>, see: &mut dyn FnMut(Site<'_>)) {
    see(Site::Clauses(clauses));
    for clause in clauses {
        match clause {
            Clause::Match { optional, repeatable, paths, filter } => {
                see(Site::Optional(optional));
                see(Site::Optional(repeatable));
                see(Site::Paths(paths));
                paths.iter_mut().for_each(|path| walk_path(path, see));
                walk_filter(filter, see);
            }
            Clause::Unwind(e, _) | Clause::For(_, e, _) | Clause::Filter(e) => walk(e, see),
            Clause::Let(items) => {
                see(Site::Items(items));
                items.iter_mut().for_each(|(_, e)| walk(e, see));
            }
            Clause::When(branches, otherwise) => {
                see(Site::Branches(branches));
                see(Site::Otherwise(otherwise));
                for (e, part) in branches {
                    walk(e, see);
                    walk_clauses(part, see);
                }
                otherwise.iter_mut().for_each(|part| walk_clauses(part, see));
            }
            Clause::With(projection, filter) => {
                walk_projection(projection, see);
                walk_filter(filter, see);
            }
            Clause::Return(projection) | Clause::Next(projection) | Clause::Page(projection) => {
                walk_projection(projection, see);
            }
            Clause::Call(_, query) => walk_query(query, see),
        }
    }
}

fn walk_filter(filter: &mut Option<E>, see: &mut dyn FnMut(Site<'_>)) {
    see(Site::Filter(filter));
    filter.iter_mut().for_each(|e| walk(e, see));
}

fn walk_projection(projection: &mut Projection, see: &mut dyn FnMut(Site<'_>)) {
    see(Site::Projection(projection));
    projection.items.iter_mut().for_each(|(e, _)| walk(e, see));
    projection.order.iter_mut().for_each(|(e, _)| walk(e, see));
}

fn walk_path(path: &mut Path, see: &mut dyn FnMut(Site<'_>)) {
    see(Site::Path(path));
    let Path { start, hops, .. } = path;
    for node in std::iter::once(start).chain(hops.iter_mut().flat_map(|(rel, node)| {
        let inside = rel
            .group
            .iter_mut()
            .flat_map(|group| std::iter::once(&mut group.start).chain(group.hops.iter_mut().map(|(_, node)| node)));
        inside.chain([node])
    })) {
        see(Site::Filter(&mut node.filter));
        see(Site::Node(node));
    }
}

fn walk(e: &mut E, see: &mut dyn FnMut(Site<'_>)) {
    see(Site::Expr(e));
    match e {
        E::Sub(_, clauses) => walk_clauses(clauses, see),
        E::Linked(path) | E::PatternList(path, ..) => walk_path(path, see),
        _ => {}
    }
    e.children(&mut |child| walk(child, see));
}

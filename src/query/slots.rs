//! Which slots an expression reads, and which an operator sets.

use super::plan::{Aggregate, ApplyKind, CreatePattern, Expr, Op, SetItem, Slot, SubqueryKind};

/// Calls `visit` for every slot the expression reads from its row, slots that its subqueries read included.
pub(crate) fn reads(expr: &Expr, visit: &mut dyn FnMut(Slot)) {
    match expr {
        Expr::Slot(slot) => visit(*slot),
        Expr::Path(slots) => slots.iter().copied().for_each(visit),
        Expr::Subquery { inner, inputs, kind, .. } => {
            let mut set: Vec<Slot> = inputs.iter().map(|(slot, _)| *slot).collect();
            sets(inner, &mut |slot| set.push(slot));
            let mut from_row = |slot: Slot| {
                if !set.contains(&slot) {
                    visit(slot);
                }
            };
            op_reads(inner, &mut from_row);
            if let SubqueryKind::Collect(item) = kind {
                reads(item, &mut from_row);
            }
            for (_, input) in inputs {
                reads(input, visit);
            }
        }
        _ => children(expr, &mut |child| reads(child, visit)),
    }
}

/// Returns whether the expression holds a subquery.
pub(crate) fn has_subquery(expr: &Expr) -> bool {
    if matches!(expr, Expr::Subquery { .. }) {
        return true;
    }
    let mut found = false;
    children(expr, &mut |child| found = found || has_subquery(child));
    found
}

/// Calls `visit` for every expression directly inside this one (not for what is in a subquery's plan).
pub(crate) fn children<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    match expr {
        Expr::Const(_) | Expr::Param(_) | Expr::Slot(_) | Expr::Local(_) | Expr::Path(_) => {}
        Expr::Property { base, .. }
        | Expr::Not(base)
        | Expr::IsNull(base)
        | Expr::IsNotNull(base)
        | Expr::Negate(base)
        | Expr::IsTyped(base, _)
        | Expr::HasLabels(base, _) => visit(base),
        Expr::Index { base, index } => {
            visit(base);
            visit(index);
        }
        Expr::Slice { base, from, to } => {
            visit(base);
            from.iter().chain(to).for_each(|e| visit(e));
        }
        Expr::And(items) | Expr::Or(items) | Expr::List(items) => items.iter().for_each(visit),
        Expr::Xor(a, b)
        | Expr::Compare(_, a, b)
        | Expr::StringTest(_, a, b)
        | Expr::In(a, b)
        | Expr::Arithmetic { left: a, right: b, .. } => {
            visit(a);
            visit(b);
        }
        Expr::Map(entries) => entries.iter().for_each(|(_, e)| visit(e)),
        Expr::MapProjection { base, entries, .. } => {
            visit(base);
            entries.iter().for_each(|(_, e)| visit(e));
        }
        Expr::Case { operand, branches, otherwise } => {
            operand.iter().for_each(|e| visit(e));
            for (when, then) in branches {
                visit(when);
                visit(then);
            }
            otherwise.iter().for_each(|e| visit(e));
        }
        Expr::Call { args, .. } => args.iter().for_each(visit),
        Expr::Comprehension { list, filter, map, .. } => {
            visit(list);
            filter.iter().chain(map).for_each(|e| visit(e));
        }
        Expr::Quantified { list, predicate, .. } => {
            visit(list);
            visit(predicate);
        }
        Expr::Reduce { init, list, body, .. } => {
            visit(init);
            visit(list);
            visit(body);
        }
        Expr::Subquery { inputs, kind, .. } => {
            inputs.iter().for_each(|(_, e)| visit(e));
            if let SubqueryKind::Collect(item) = kind {
                visit(item);
            }
        }
    }
}

/// Calls `visit` for every expression directly inside this one, for changing.
pub(crate) fn children_mut(expr: &mut Expr, visit: &mut dyn FnMut(&mut Expr)) {
    match expr {
        Expr::Const(_) | Expr::Param(_) | Expr::Slot(_) | Expr::Local(_) | Expr::Path(_) => {}
        Expr::Property { base, .. }
        | Expr::Not(base)
        | Expr::IsNull(base)
        | Expr::IsNotNull(base)
        | Expr::Negate(base)
        | Expr::IsTyped(base, _)
        | Expr::HasLabels(base, _) => visit(base),
        Expr::Index { base, index } => {
            visit(base);
            visit(index);
        }
        Expr::Slice { base, from, to } => {
            visit(base);
            from.iter_mut().chain(to).for_each(|e| visit(e));
        }
        Expr::And(items) | Expr::Or(items) | Expr::List(items) => items.iter_mut().for_each(visit),
        Expr::Xor(a, b)
        | Expr::Compare(_, a, b)
        | Expr::StringTest(_, a, b)
        | Expr::In(a, b)
        | Expr::Arithmetic { left: a, right: b, .. } => {
            visit(a);
            visit(b);
        }
        Expr::Map(entries) => entries.iter_mut().for_each(|(_, e)| visit(e)),
        Expr::MapProjection { base, entries, .. } => {
            visit(base);
            entries.iter_mut().for_each(|(_, e)| visit(e));
        }
        Expr::Case { operand, branches, otherwise } => {
            operand.iter_mut().for_each(|e| visit(e));
            for (when, then) in branches {
                visit(when);
                visit(then);
            }
            otherwise.iter_mut().for_each(|e| visit(e));
        }
        Expr::Call { args, .. } => args.iter_mut().for_each(visit),
        Expr::Comprehension { list, filter, map, .. } => {
            visit(list);
            filter.iter_mut().chain(map).for_each(|e| visit(e));
        }
        Expr::Quantified { list, predicate, .. } => {
            visit(list);
            visit(predicate);
        }
        Expr::Reduce { init, list, body, .. } => {
            visit(init);
            visit(list);
            visit(body);
        }
        Expr::Subquery { inputs, kind, .. } => {
            inputs.iter_mut().for_each(|(_, e)| visit(e));
            if let SubqueryKind::Collect(item) = kind {
                visit(item);
            }
        }
    }
}

/// Calls `visit` for every operator directly below this one.
pub(crate) fn inputs<'o>(op: &'o Op, visit: &mut dyn FnMut(&'o Op)) {
    match op {
        Op::Argument | Op::Nothing | Op::ChainAggregate(_) => {}
        Op::NodeScan { input, .. }
        | Op::NodeSeek { input, .. }
        | Op::NodeById { input, .. }
        | Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Aggregate { input, .. }
        | Op::Distinct { input, .. }
        | Op::Sort { input, .. }
        | Op::Skip { input, .. }
        | Op::Limit { input, .. }
        | Op::Unwind { input, .. }
        | Op::LoadCsv { input, .. }
        | Op::ProcedureCall { input, .. }
        | Op::Eager { input }
        | Op::Create { input, .. }
        | Op::Set { input, .. }
        | Op::Delete { input, .. } => visit(input),
        Op::Expand(expand) => visit(&expand.input),
        Op::Intersect(intersect) => visit(&intersect.input),
        Op::VarExpand(expand) => visit(&expand.input),
        Op::ShortestPath(path) => visit(&path.input),
        Op::PathSearch(search) => visit(&search.input),
        Op::Attend(attend) => visit(&attend.input),
        Op::AttendPaths(paths) => visit(&paths.attend.input),
        Op::CheapestPaths(paths) => visit(&paths.attend.input),
        Op::LimitPaths(limit) => visit(&limit.input),
        Op::Apply { input, inner, .. } | Op::Merge { input, inner, .. } => {
            visit(input);
            visit(inner);
        }
        Op::Foreach { input, body, .. } => {
            visit(input);
            visit(body);
        }
        Op::Union { branches, .. } => branches.iter().for_each(|branch| visit(&branch.op)),
    }
}

/// Calls `visit` for every operator directly below this one, for changing.
pub(crate) fn inputs_mut(op: &mut Op, visit: &mut dyn FnMut(&mut Op)) {
    match op {
        Op::Argument | Op::Nothing | Op::ChainAggregate(_) => {}
        Op::NodeScan { input, .. }
        | Op::NodeSeek { input, .. }
        | Op::NodeById { input, .. }
        | Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Aggregate { input, .. }
        | Op::Distinct { input, .. }
        | Op::Sort { input, .. }
        | Op::Skip { input, .. }
        | Op::Limit { input, .. }
        | Op::Unwind { input, .. }
        | Op::LoadCsv { input, .. }
        | Op::ProcedureCall { input, .. }
        | Op::Eager { input }
        | Op::Create { input, .. }
        | Op::Set { input, .. }
        | Op::Delete { input, .. } => visit(input),
        Op::Expand(expand) => visit(&mut expand.input),
        Op::Intersect(intersect) => visit(&mut intersect.input),
        Op::VarExpand(expand) => visit(&mut expand.input),
        Op::ShortestPath(path) => visit(&mut path.input),
        Op::PathSearch(search) => visit(&mut search.input),
        Op::Attend(attend) => visit(&mut attend.input),
        Op::AttendPaths(paths) => visit(&mut paths.attend.input),
        Op::CheapestPaths(paths) => visit(&mut paths.attend.input),
        Op::LimitPaths(limit) => visit(&mut limit.input),
        Op::Apply { input, inner, .. } | Op::Merge { input, inner, .. } => {
            visit(input);
            visit(inner);
        }
        Op::Foreach { input, body, .. } => {
            visit(input);
            visit(body);
        }
        Op::Union { branches, .. } => branches.iter_mut().for_each(|branch| visit(&mut branch.op)),
    }
}

/// Calls `visit` for every expression that the operator itself evaluates.
pub(crate) fn exprs<'o>(op: &'o Op, visit: &mut dyn FnMut(&'o Expr)) {
    match op {
        Op::Argument
        | Op::Nothing
        | Op::ChainAggregate(_)
        | Op::NodeScan { range: None, .. }
        | Op::Expand(_)
        | Op::Intersect(_)
        | Op::Distinct { .. }
        | Op::Apply { .. }
        | Op::Union { .. }
        | Op::Eager { .. } => {}
        Op::NodeScan { range: Some(range), .. } => range.bounds.iter().for_each(|(_, e)| visit(e)),
        Op::NodeSeek { value: e, .. }
        | Op::NodeById { ids: e, .. }
        | Op::Filter { predicate: e, .. }
        | Op::Skip { count: e, .. }
        | Op::Limit { count: e, .. }
        | Op::Unwind { list: e, .. }
        | Op::Foreach { list: e, .. }
        | Op::LoadCsv { url: e, .. } => visit(e),
        Op::VarExpand(expand) => expand.rel_filter.iter().for_each(visit),
        Op::ShortestPath(path) => path.rel_filter.iter().for_each(visit),
        Op::PathSearch(search) => search.pattern.exprs(visit),
        Op::Attend(attend) => attend.exprs(visit),
        Op::AttendPaths(paths) => paths.exprs(visit),
        Op::CheapestPaths(paths) => paths.exprs(visit),
        Op::LimitPaths(limit) => limit.limit.iter().for_each(visit),
        Op::Project { items, .. } => items.iter().for_each(|(_, e)| visit(e)),
        Op::Aggregate { keys, aggregates, .. } => {
            keys.iter().for_each(|(_, e)| visit(e));
            for (_, Aggregate { arg, extra, .. }) in aggregates {
                arg.iter().chain(extra).for_each(&mut *visit);
            }
        }
        Op::Sort { keys, limit, .. } => {
            keys.iter().for_each(|key| visit(&key.expr));
            limit.iter().for_each(visit);
        }
        Op::ProcedureCall { args, .. } => args.iter().for_each(visit),
        Op::Create { create, .. } => create_exprs(create, visit),
        Op::Merge { create, on_match, on_create, .. } => {
            create_exprs(create, visit);
            on_match.iter().chain(on_create).for_each(|item| set_exprs(item, visit));
        }
        Op::Set { items, .. } => items.iter().for_each(|item| set_exprs(item, visit)),
        Op::Delete { targets, .. } => targets.iter().for_each(visit),
    }
}

/// Calls `visit` for every expression that the operator itself evaluates, for changing.
pub(crate) fn exprs_mut(op: &mut Op, visit: &mut dyn FnMut(&mut Expr)) {
    match op {
        Op::Argument
        | Op::Nothing
        | Op::ChainAggregate(_)
        | Op::NodeScan { range: None, .. }
        | Op::Expand(_)
        | Op::Intersect(_)
        | Op::Distinct { .. }
        | Op::Apply { .. }
        | Op::Union { .. }
        | Op::Eager { .. } => {}
        Op::NodeScan { range: Some(range), .. } => range.bounds.iter_mut().for_each(|(_, e)| visit(e)),
        Op::NodeSeek { value: e, .. }
        | Op::NodeById { ids: e, .. }
        | Op::Filter { predicate: e, .. }
        | Op::Skip { count: e, .. }
        | Op::Limit { count: e, .. }
        | Op::Unwind { list: e, .. }
        | Op::Foreach { list: e, .. }
        | Op::LoadCsv { url: e, .. } => visit(e),
        Op::VarExpand(expand) => expand.rel_filter.iter_mut().for_each(visit),
        Op::ShortestPath(path) => path.rel_filter.iter_mut().for_each(visit),
        Op::PathSearch(search) => search.pattern.exprs_mut(visit),
        Op::Attend(attend) => attend.exprs_mut(visit),
        Op::AttendPaths(paths) => paths.exprs_mut(visit),
        Op::CheapestPaths(paths) => paths.exprs_mut(visit),
        Op::LimitPaths(limit) => limit.limit.iter_mut().for_each(visit),
        Op::Project { items, .. } => items.iter_mut().for_each(|(_, e)| visit(e)),
        Op::Aggregate { keys, aggregates, .. } => {
            keys.iter_mut().for_each(|(_, e)| visit(e));
            for (_, Aggregate { arg, extra, .. }) in aggregates {
                arg.iter_mut().chain(extra).for_each(&mut *visit);
            }
        }
        Op::Sort { keys, limit, .. } => {
            keys.iter_mut().for_each(|key| visit(&mut key.expr));
            limit.iter_mut().for_each(visit);
        }
        Op::ProcedureCall { args, .. } => args.iter_mut().for_each(visit),
        Op::Create { create, .. } => create_exprs_mut(create, visit),
        Op::Merge { create, on_match, on_create, .. } => {
            create_exprs_mut(create, visit);
            on_match.iter_mut().chain(on_create).for_each(|item| set_exprs_mut(item, visit));
        }
        Op::Set { items, .. } => items.iter_mut().for_each(|item| set_exprs_mut(item, visit)),
        Op::Delete { targets, .. } => targets.iter_mut().for_each(visit),
    }
}

fn create_exprs<'o>(create: &'o CreatePattern, visit: &mut dyn FnMut(&'o Expr)) {
    create.nodes.iter().filter_map(|node| node.properties.as_ref()).for_each(&mut *visit);
    create.rels.iter().filter_map(|rel| rel.properties.as_ref()).for_each(&mut *visit);
    create.paths.iter().for_each(|(_, e)| visit(e));
}

fn create_exprs_mut(create: &mut CreatePattern, visit: &mut dyn FnMut(&mut Expr)) {
    create.nodes.iter_mut().filter_map(|node| node.properties.as_mut()).for_each(&mut *visit);
    create.rels.iter_mut().filter_map(|rel| rel.properties.as_mut()).for_each(&mut *visit);
    create.paths.iter_mut().for_each(|(_, e)| visit(e));
}

fn set_exprs<'o>(item: &'o SetItem, visit: &mut dyn FnMut(&'o Expr)) {
    match item {
        SetItem::Property { target, value, .. } | SetItem::Salience { target, value, .. } => {
            visit(target);
            visit(value);
        }
        SetItem::Dynamic { target, key, value, .. } => {
            visit(target);
            visit(key);
            visit(value);
        }
        SetItem::Replace { target, map } | SetItem::Merge { target, map } => {
            visit(target);
            visit(map);
        }
        SetItem::AddLabels { target, .. } | SetItem::RemoveLabels { target, .. } => visit(target),
        SetItem::Reinforce { credit, reward, .. } => {
            visit(credit);
            visit(reward);
        }
    }
}

fn set_exprs_mut(item: &mut SetItem, visit: &mut dyn FnMut(&mut Expr)) {
    match item {
        SetItem::Property { target, value, .. } | SetItem::Salience { target, value, .. } => {
            visit(target);
            visit(value);
        }
        SetItem::Dynamic { target, key, value, .. } => {
            visit(target);
            visit(key);
            visit(value);
        }
        SetItem::Replace { target, map } | SetItem::Merge { target, map } => {
            visit(target);
            visit(map);
        }
        SetItem::AddLabels { target, .. } | SetItem::RemoveLabels { target, .. } => visit(target),
        SetItem::Reinforce { credit, reward, .. } => {
            visit(credit);
            visit(reward);
        }
    }
}

/// Calls `visit` for every slot that the operator itself reads besides those in its expressions.
pub(crate) fn own_reads(op: &Op, visit: &mut dyn FnMut(Slot)) {
    match op {
        Op::Expand(e) => {
            visit(e.from);
            if e.into {
                visit(e.to);
            }
            if e.rel_bound {
                e.rel.into_iter().for_each(&mut *visit);
            }
            e.unique_from.iter().copied().for_each(visit);
        }
        Op::Intersect(intersect) => {
            for step in &intersect.steps {
                visit(step.from);
                step.unique_from.iter().copied().for_each(&mut *visit);
            }
        }
        Op::VarExpand(e) => {
            visit(e.from);
            if e.into {
                visit(e.to);
            }
            if e.rels_bound {
                e.rels.into_iter().for_each(&mut *visit);
            }
            e.unique_from.iter().copied().for_each(visit);
        }
        Op::ShortestPath(path) => {
            visit(path.from);
            visit(path.to);
        }
        Op::PathSearch(search) => {
            visit(search.from);
            if search.into {
                visit(search.to);
            }
            search.unique_from.iter().copied().for_each(visit);
        }
        Op::Attend(attend) => attend.reads(visit),
        Op::AttendPaths(paths) => paths.reads(visit),
        Op::CheapestPaths(paths) => paths.reads(visit),
        Op::LimitPaths(limit) => [limit.numbers.0, limit.numbers.1].into_iter().for_each(visit),
        Op::Distinct { slots, .. } => slots.iter().copied().for_each(visit),
        Op::Union { branches, .. } => {
            branches.iter().flat_map(|branch| &branch.columns).copied().for_each(visit);
        }
        Op::Create { create, .. } | Op::Merge { create, .. } => {
            let made = |slot: &Slot| create.nodes.iter().any(|node| node.slot == *slot);
            create.rels.iter().flat_map(|rel| [rel.start, rel.end]).filter(|slot| !made(slot)).for_each(visit);
        }
        _ => {}
    }
}

/// Calls `visit` for every slot that the operator itself sets.
pub(crate) fn own_sets(op: &Op, visit: &mut dyn FnMut(Slot)) {
    match op {
        Op::NodeScan { node: slot, .. }
        | Op::NodeSeek { node: slot, .. }
        | Op::NodeById { node: slot, .. }
        | Op::Unwind { slot, .. }
        | Op::LoadCsv { slot, .. }
        | Op::Foreach { slot, .. } => visit(*slot),
        Op::Expand(e) => {
            if !e.into {
                visit(e.to);
            }
            if !e.rel_bound {
                e.rel.into_iter().for_each(visit);
            }
        }
        Op::Intersect(intersect) => {
            visit(intersect.to);
            intersect.steps.iter().filter_map(|step| step.rel).for_each(visit);
        }
        Op::VarExpand(e) => {
            if !e.into {
                visit(e.to);
            }
            if !e.rels_bound {
                e.rels.into_iter().for_each(visit);
            }
        }
        Op::ShortestPath(path) => visit(path.rels),
        Op::Attend(attend) => attend.sets(visit),
        Op::AttendPaths(paths) => paths.sets(visit),
        Op::CheapestPaths(paths) => paths.sets(visit),
        Op::PathSearch(search) => {
            if !search.into {
                visit(search.to);
            }
            search.pattern.sets(visit);
        }
        Op::Project { items, .. } => items.iter().for_each(|(slot, _)| visit(*slot)),
        Op::Aggregate { keys, aggregates, .. } => {
            // A key that is a slot already stays where it is.
            keys.iter().filter(|(slot, e)| !matches!(e, Expr::Slot(s) if s == slot)).for_each(|(slot, _)| visit(*slot));
            aggregates.iter().for_each(|(slot, _)| visit(*slot));
        }
        Op::ChainAggregate(chain) => chain.outputs().for_each(visit),
        Op::ProcedureCall { yields, .. } => yields.iter().for_each(|(_, slot)| visit(*slot)),
        Op::Union { into, .. } => into.iter().copied().for_each(visit),
        Op::Create { create, .. } | Op::Merge { create, .. } => {
            create.nodes.iter().for_each(|node| visit(node.slot));
            create.rels.iter().for_each(|rel| visit(rel.slot));
            create.paths.iter().for_each(|(slot, _)| visit(*slot));
        }
        _ => {}
    }
}

/// Calls `visit` for every slot that an operator that only reads the graph mentions by itself, for changing: those it reads,
/// sets and makes null. Returns false for one that has more to it than this knows.
pub(crate) fn own_mentions_mut(op: &mut Op, visit: &mut dyn FnMut(&mut Slot)) -> bool {
    match op {
        Op::Argument
        | Op::Nothing
        | Op::Filter { .. }
        | Op::Sort { .. }
        | Op::Skip { .. }
        | Op::Limit { .. }
        | Op::Apply { kind: ApplyKind::Cross { .. } | ApplyKind::Semi { .. }, .. } => {}
        Op::NodeScan { node: slot, .. }
        | Op::NodeSeek { node: slot, .. }
        | Op::NodeById { node: slot, .. }
        | Op::Unwind { slot, .. } => visit(slot),
        Op::Expand(e) => {
            visit(&mut e.from);
            visit(&mut e.to);
            e.rel.iter_mut().chain(&mut e.unique_from).for_each(visit);
        }
        Op::Intersect(e) => {
            visit(&mut e.to);
            for step in &mut e.steps {
                visit(&mut step.from);
                step.rel.iter_mut().chain(&mut step.unique_from).for_each(&mut *visit);
            }
        }
        Op::VarExpand(e) => {
            visit(&mut e.from);
            visit(&mut e.to);
            e.rels.iter_mut().chain(&mut e.unique_from).for_each(visit);
        }
        Op::ShortestPath(path) => {
            visit(&mut path.from);
            visit(&mut path.to);
            visit(&mut path.rels);
        }
        Op::Project { items, .. } => items.iter_mut().for_each(|(slot, _)| visit(slot)),
        Op::Aggregate { keys, aggregates, .. } => {
            keys.iter_mut().for_each(|(slot, _)| visit(slot));
            aggregates.iter_mut().for_each(|(slot, _)| visit(slot));
        }
        Op::Distinct { slots, .. } => slots.iter_mut().for_each(visit),
        Op::Apply { kind: ApplyKind::Optional { nulls, .. }, .. } => nulls.iter_mut().for_each(visit),
        Op::Union { branches, into, .. } => {
            branches.iter_mut().flat_map(|branch| &mut branch.columns).chain(into).for_each(visit);
        }
        Op::PathSearch(_)
        | Op::Attend(_)
        | Op::AttendPaths(_)
        | Op::CheapestPaths(_)
        | Op::LimitPaths(_)
        | Op::ChainAggregate(_)
        | Op::LoadCsv { .. }
        | Op::ProcedureCall { .. }
        | Op::Eager { .. }
        | Op::Create { .. }
        | Op::Merge { .. }
        | Op::Set { .. }
        | Op::Delete { .. }
        | Op::Foreach { .. } => return false,
    }
    true
}

/// Calls `visit` for every slot that the operator or one below it sets.
pub(crate) fn sets(op: &Op, visit: &mut dyn FnMut(Slot)) {
    own_sets(op, visit);
    inputs(op, &mut |below| sets(below, visit));
}

/// Calls `visit` for every slot that the operator or one below it reads.
pub(crate) fn op_reads(op: &Op, visit: &mut dyn FnMut(Slot)) {
    own_reads(op, visit);
    exprs(op, &mut |e| reads(e, visit));
    inputs(op, &mut |below| op_reads(below, visit));
}

//! Paths, nodes, relationships, labels.

use super::Printer;
use crate::query::{
    ast::{
        Direction, Expr, Hop, LabelExpr, NodePattern, PathLength, PathPattern, PathSelector, Properties,
        RelationshipPattern,
    },
    search::PathMode,
    stack::with_some_room,
};

impl Printer {
    /// Prints a path with its variable and everything that says which paths are wanted.
    pub(super) fn path(&mut self, path: &PathPattern) {
        if let Some(name) = &path.variable {
            self.name(name);
            self.put(" = ");
        }
        if !path.selects_first && path.selector != PathSelector::All {
            let is_all = path.selector == PathSelector::AllShortest;
            let brackets = if is_all { ["allShortestPaths(", ")"] } else { ["shortestPath(", ")"] };
            return self.inside(brackets, false, false, |printer| printer.chain(path));
        }
        match (path.selector, &path.count) {
            (PathSelector::All, _) => {}
            (PathSelector::Shortest, None) => self.put("ANY SHORTEST "),
            (PathSelector::AllShortest, None) => self.put("ALL SHORTEST "),
            (PathSelector::Cheapest, None) => self.put("CHEAPEST "),
            (selector, Some(count)) => {
                self.put(if selector == PathSelector::Cheapest { "CHEAPEST " } else { "SHORTEST " });
                self.expr(count);
                self.put(" ");
            }
        }
        self.put(match path.mode {
            None => "",
            Some(PathMode::Walk) => "WALK ",
            Some(PathMode::Trail) => "TRAIL ",
            Some(PathMode::Acyclic) => "ACYCLIC ",
            Some(PathMode::Simple) => "SIMPLE ",
        });
        if path.selector == PathSelector::AllShortest && path.count.is_some() {
            self.put("GROUPS ");
        }
        if path.inner.is_none() && path.predicate.is_none() {
            return self.chain(path);
        }
        self.inside(["(", ")"], false, false, |printer| {
            if let Some(name) = &path.inner {
                printer.name(name);
                printer.put(" = ");
            }
            printer.chain(path);
            printer.r#where(path.predicate.as_deref());
        });
    }

    /// Prints the nodes and what is between them; nodes beside a repetition too that were not written.
    fn chain(&mut self, path: &PathPattern) {
        self.node(&path.start);
        self.hops(&path.hops);
    }

    fn hops(&mut self, hops: &[Hop]) {
        for Hop { relationship, node } in hops {
            self.hop(relationship);
            self.node(node);
        }
    }

    fn node(&mut self, node: &NodePattern) {
        self.inside(["(", ")"], false, false, |printer| {
            let NodePattern { variable, labels, properties, predicate, .. } = node;
            let begin = printer.out.len();
            variable.iter().for_each(|name| printer.name(name));
            printer.declared_labels(labels.as_ref());
            printer.properties(begin, properties.as_ref(), predicate.as_deref());
        });
    }

    fn declared_labels(&mut self, labels: Option<&LabelExpr>) {
        if let Some(labels) = labels {
            self.put(":");
            self.labels(labels);
        }
    }

    /// Prints what may end a node or a relationship that began at `begin`.
    fn properties(&mut self, begin: usize, properties: Option<&Properties>, predicate: Option<&Expr>) {
        if properties.is_some() && self.out.len() > begin {
            self.put(" ");
        }
        match properties {
            None => {}
            Some(Properties::Map(entries, _)) => self.map(entries),
            Some(Properties::Parameter(name)) => self.parameter(name),
        }
        let Some(predicate) = predicate else { return };
        let alone = self.out.len() == begin;
        self.put(if alone { "WHERE " } else { " WHERE " });
        let begin = self.out.len();
        self.predicate_of(predicate);
        // Before these, a `WHERE` alone would be the variable.
        if alone && self.out[begin..].starts_with(['{', '$']) {
            self.out.insert(begin, '(');
            self.put(")");
        }
    }

    /// Prints a relationship with its arrow, or what is repeated with the quantifier.
    fn hop(&mut self, relationship: &RelationshipPattern) {
        let Some(group) = &relationship.group else { return self.arrow(relationship, relationship.length) };
        self.inside(["(", ")"], false, false, |printer| {
            printer.node(&group.start);
            printer.arrow(relationship, None);
            printer.node(&group.end);
            printer.hops(&group.rest);
            printer.r#where(group.predicate.as_ref());
        });
        let PathLength { min, max, .. } = relationship.length.expect("a group has a quantifier");
        let min = min.unwrap_or(0);
        self.put(&match max {
            None if min == 0 => "*".to_owned(),
            None if min == 1 => "+".to_owned(),
            None => format!("{{{min},}}"),
            Some(max) if max == min => format!("{{{min}}}"),
            Some(max) => format!("{{{min},{max}}}"),
        });
    }

    fn arrow(&mut self, relationship: &RelationshipPattern, length: Option<PathLength>) {
        let RelationshipPattern { variable, types, properties, predicate, direction, .. } = relationship;
        self.put(if *direction == Direction::Left { "<-" } else { "-" });
        let is_plain = variable.is_none() && types.is_none() && properties.is_none() && predicate.is_none();
        if !is_plain || length.is_some() {
            self.inside(["[", "]"], false, false, |printer| {
                let begin = printer.out.len();
                variable.iter().for_each(|name| printer.name(name));
                printer.declared_labels(types.as_ref());
                length.iter().for_each(|length| printer.length(*length));
                printer.properties(begin, properties.as_ref(), predicate.as_deref());
            });
        }
        self.put(if *direction == Direction::Right { "->" } else { "-" });
    }

    fn length(&mut self, length: PathLength) {
        self.put(&match (length.min, length.max) {
            (None, None) => "*".to_owned(),
            (Some(min), None) => format!("*{min}.."),
            (None, Some(max)) => format!("*..{max}"),
            (Some(min), Some(max)) if min == max => format!("*{min}"),
            (Some(min), Some(max)) => format!("*{min}..{max}"),
        });
    }

    /// Prints labels and how they combine.
    pub(super) fn labels(&mut self, labels: &LabelExpr) {
        match labels {
            LabelExpr::Or(any, _) => self.joined_labels(any, "|", |one| matches!(one, LabelExpr::Or(..))),
            LabelExpr::And(all, _) => {
                let is_plain = all.iter().all(|one| matches!(one, LabelExpr::Label(_)));
                let sign = if is_plain { ":" } else { "&" };
                self.joined_labels(all, sign, |one| matches!(one, LabelExpr::Or(..) | LabelExpr::And(..)));
            }
            one => self.label(one, false),
        }
    }

    fn joined_labels(&mut self, labels: &[LabelExpr], sign: &str, is_group: impl Fn(&LabelExpr) -> bool) {
        for (at, one) in labels.iter().enumerate() {
            if at > 0 {
                self.put(sign);
            }
            match one {
                LabelExpr::And(..) if !is_group(one) => self.labels(one),
                _ => self.label(one, is_group(one)),
            }
        }
    }

    fn label(&mut self, label: &LabelExpr, grouped: bool) {
        with_some_room(|| match label {
            _ if grouped => self.inside(["(", ")"], false, false, |printer| printer.labels(label)),
            LabelExpr::Label(name) => self.key(name),
            LabelExpr::Any(_) => self.put("%"),
            LabelExpr::Not(inner, _) => {
                self.put("!");
                self.label(inner, matches!(**inner, LabelExpr::Or(..) | LabelExpr::And(..)));
            }
            LabelExpr::And(..) | LabelExpr::Or(..) => self.labels(label),
        });
    }
}

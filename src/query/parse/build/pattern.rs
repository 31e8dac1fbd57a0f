//! Paths, nodes, relationships, labels.

use pest::iterators::Pair;

use super::{Builder, Nodes, Result, Rule, fail, first_token, next, next_if, unexpected};
use crate::{
    QueryError, Span,
    query::{
        ast::{
            Direction, Expr, ExprKind, Group, Hop, LabelExpr, Name, NodePattern, PathLength, PathPattern, PathSelector,
            Properties, RelationshipPattern,
        },
        parse::{literal, words::code},
        search::PathMode,
    },
};

/// The most `!` before a label, those before the groups it stands in with them: more are no use, and would make the tree deep.
const BANGS_MAX: usize = 128;

/// The most hops that a variable-length relationship can be told to take.
const HOPS_MAX: i64 = u32::MAX as i64;

impl Builder<'_> {
    /// Returns the paths of the `path` pairs that come next.
    pub(super) fn paths(&mut self, nodes: &mut Nodes<'_>, matching: bool) -> Result<Vec<PathPattern>> {
        let mut paths = Vec::new();
        while let Some(path) = next_if(nodes, Rule::path) {
            paths.push(self.path(path, matching)?);
        }
        Ok(paths)
    }

    /// Returns a path pattern. Where it is matched (not created) a parameter cannot stand for properties.
    pub(super) fn path(&mut self, pair: Pair<'_, Rule>, matching: bool) -> Result<PathPattern> {
        let span = self.span(&pair);
        let mut nodes = pair.into_inner().peekable();
        let variable = match next_if(&mut nodes, Rule::path_name) {
            Some(pair) => Some(self.name(&pair)?),
            None => None,
        };
        let mut path = match next_if(&mut nodes, Rule::shortest) {
            Some(pair) => {
                let selector = match self.code(&pair) {
                    code::SHORTESTPATH => PathSelector::Shortest,
                    _ => PathSelector::AllShortest,
                };
                if !matching {
                    return fail(unexpected("shortestPath can be matched, not created", self.span(&pair)));
                }
                self.chain(&mut pair.into_inner().peekable(), selector, span, matching)?
            }
            None => return self.prefixed_path(nodes, variable, span, matching),
        };
        path.variable = variable;
        Ok(path)
    }

    /// Returns a path with what is written before it: a selector, a mode.
    fn prefixed_path(
        &mut self,
        mut nodes: Nodes<'_>,
        variable: Option<Name>,
        span: Span,
        matching: bool,
    ) -> Result<PathPattern> {
        let prefix = nodes.peek().filter(|pair| !is_step(pair.as_rule())).map(|pair| self.span(pair));
        let (mut selector, mut count, mut selects_first) = (PathSelector::All, None, false);
        if let Some(pair) = next_if(&mut nodes, Rule::selector) {
            let (start, code_after) = (self.code(&pair), self.tokens.code(first_token(&pair) + 1));
            selects_first = start != code::ALL || code_after == code::SHORTEST;
            selector = match start {
                code::ALL if selects_first => PathSelector::AllShortest,
                code::ALL => PathSelector::All,
                code::CHEAPEST => PathSelector::Cheapest,
                _ => PathSelector::Shortest,
            };
            count = pair.into_inner().next().map(|pair| self.path_count(&pair)).transpose()?.map(Box::new);
            if start == code::SHORTEST && count.is_none() && !nodes.clone().any(|p| p.as_rule() == Rule::path_groups) {
                let message = "SHORTEST needs the number of paths";
                let span = prefix.unwrap_or(span);
                return fail(unexpected(message, span).hint("write SHORTEST 1, ALL SHORTEST, or SHORTEST 1 GROUPS"));
            }
        }
        let mode = next_if(&mut nodes, Rule::path_mode).map(|pair| match self.code(&pair) {
            code::WALK => PathMode::Walk,
            code::ACYCLIC => PathMode::Acyclic,
            code::SIMPLE => PathMode::Simple,
            _ => PathMode::Trail,
        });
        if let Some(pair) = next_if(&mut nodes, Rule::path_groups) {
            let starts_shortest =
                prefix.is_some_and(|p| self.text[p.start as usize..].to_ascii_uppercase().starts_with("SHORTEST"));
            if selector != PathSelector::Shortest || !starts_shortest {
                let message = "only SHORTEST selects groups";
                return fail(unexpected(message, self.span(&pair)).hint("write SHORTEST 1 GROUPS"));
            }
            selector = PathSelector::AllShortest;
        }
        if let Some(prefix) = prefix.filter(|_| !matching) {
            return fail(unexpected("paths are selected where they are matched, not where they are made", prefix));
        }
        let is_alone = nodes.peek().is_some_and(|pair| {
            pair.as_rule() == Rule::quantified
                && !pair.clone().into_inner().any(|child| child.as_rule() == Rule::quantifier)
        });
        let mut path = if is_alone {
            let pair = next(&mut nodes);
            let inside = self.span(&pair);
            if !matching {
                return fail(unexpected("a pattern that is made does not stand in parentheses", inside));
            }
            if let Some(more) = nodes.next() {
                return fail(parenthesized(self.span(&more)));
            }
            let mut nodes = pair.into_inner().peekable();
            let inner = next_if(&mut nodes, Rule::path_name).map(|pair| self.name(&pair)).transpose()?;
            let mut path = self.chain(&mut nodes, selector, span, matching)?;
            path.inner = inner;
            path.predicate =
                next_if(&mut nodes, Rule::r#where).map(|pair| self.r#where(pair)).transpose()?.map(Box::new);
            path
        } else {
            self.chain(&mut nodes, selector, span, matching)?
        };
        path.variable = variable;
        path.selects_first = selects_first;
        path.count = count;
        path.mode = mode;
        Ok(path)
    }

    /// Returns how many paths, or lengths, a selector wants.
    fn path_count(&mut self, pair: &Pair<'_, Rule>) -> Result<Expr> {
        let span = self.span(pair);
        if pair.as_rule() == Rule::parameter {
            return Ok(Expr { kind: ExprKind::Parameter(self.parameter(pair)?), span });
        }
        let count = literal::integer(self.token_text(pair), false, span)?;
        if count < 1 {
            let message = format!("a selector wants at least one path, not {count}");
            return fail(QueryError::syntax("NumberOutOfRange", message, span));
        }
        Ok(Expr { kind: ExprKind::Int(count), span })
    }

    /// Returns the path of a chain of nodes and relationships.
    pub(super) fn chain(
        &mut self,
        nodes: &mut Nodes<'_>,
        selector: PathSelector,
        span: Span,
        matching: bool,
    ) -> Result<PathPattern> {
        let nowhere = Span { start: span.end, end: span.end };
        let mut start: Option<NodePattern> = None;
        let mut hops = Vec::new();
        // The relationship whose right node is still to come.
        let mut open: Option<RelationshipPattern> = None;
        while let Some(pair) = nodes.next_if(|pair| is_step(pair.as_rule())) {
            let rule = pair.as_rule();
            if rule == Rule::node {
                let node = self.node(pair, matching)?;
                match open.take() {
                    Some(relationship) => hops.push(Hop { relationship, node }),
                    None => start = Some(node),
                }
                continue;
            }
            let relationship = if rule == Rule::quantified {
                if let Some(relationship) = open.take() {
                    hops.push(Hop { relationship, node: NodePattern::unnamed(nowhere) });
                }
                self.group(pair, matching)?
            } else {
                self.relationship(pair, matching)?
            };
            if let Some(before) = open.replace(relationship) {
                return fail(unexpected("between a quantified pattern and a relationship stands a node", before.span));
            }
        }
        hops.extend(open.map(|relationship| Hop { relationship, node: NodePattern::unnamed(nowhere) }));
        let start = start.unwrap_or_else(|| NodePattern::unnamed(nowhere));
        Ok(PathPattern {
            variable: None,
            selector,
            selects_first: false,
            count: None,
            mode: None,
            inner: None,
            predicate: None,
            start,
            hops,
            span,
        })
    }

    /// Returns the relationship of a quantified pattern, with the nodes beside it.
    fn group(&mut self, pair: Pair<'_, Rule>, matching: bool) -> Result<RelationshipPattern> {
        let span = self.span(&pair);
        if !matching {
            let message = "a relationship that is made has no variable length";
            return fail(QueryError::syntax("CreatingVarLength", message, span));
        }
        let Some(quantifier) = pair.clone().into_inner().find(|child| child.as_rule() == Rule::quantifier) else {
            return fail(parenthesized(span));
        };
        let mut nodes = pair.into_inner().peekable();
        if let Some(pair) = next_if(&mut nodes, Rule::path_name) {
            let message = "a path inside a quantified pattern has no name";
            return fail(unexpected(message, self.span(&pair)).hint("name the whole path"));
        }
        // Refused before it is gone into: a tree as deep as the brackets would be.
        if let Some(pair) = nodes.clone().find(|child| child.as_rule() == Rule::quantified) {
            return fail(unexpected("quantified patterns do not stand in each other", self.span(&pair)));
        }
        let chain = self.chain(&mut nodes, PathSelector::All, span, matching)?;
        let predicate = next_if(&mut nodes, Rule::r#where).map(|pair| self.r#where(pair)).transpose()?;
        if let Some(length) = chain.hops.iter().find_map(|hop| hop.relationship.length) {
            return fail(unexpected("quantified patterns do not stand in each other", length.span));
        }
        let mut hops = chain.hops.into_iter();
        let Some(Hop { mut relationship, node: end }) = hops.next() else {
            return fail(unexpected("a quantified pattern has a relationship", span));
        };
        relationship.length = Some(self.quantified(quantifier)?);
        relationship.group = Some(Box::new(Group { start: chain.start, end, rest: hops.collect(), predicate }));
        relationship.span = span;
        Ok(relationship)
    }

    fn node(&mut self, pair: Pair<'_, Rule>, matching: bool) -> Result<NodePattern> {
        let mut node =
            NodePattern { variable: None, labels: None, properties: None, predicate: None, span: self.span(&pair) };
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::pattern_name => node.variable = Some(self.name(&child)?),
                Rule::labels => node.labels = Some(self.labels(child)?),
                Rule::r#where => node.predicate = Some(Box::new(self.r#where(child)?)),
                _ => node.properties = Some(self.properties(child, matching)?),
            }
        }
        Ok(node)
    }

    fn relationship(&mut self, pair: Pair<'_, Rule>, matching: bool) -> Result<RelationshipPattern> {
        let tokens = pair.as_span();
        let left = self.tokens.code(tokens.start() / 2) == code::LESS;
        let quantifier = pair.clone().into_inner().find(|child| child.as_rule() == Rule::quantifier);
        let end = quantifier.map_or(tokens.end() / 2, |quantifier| first_token(&quantifier));
        let right = self.tokens.code(end - 1) == code::GREATER;
        let direction = match (left, right) {
            (true, false) => Direction::Left,
            (false, true) => Direction::Right,
            _ => Direction::Either,
        };
        let mut relationship = RelationshipPattern {
            variable: None,
            types: None,
            length: None,
            group: None,
            properties: None,
            predicate: None,
            direction,
            span: self.span(&pair),
        };
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::pattern_name => relationship.variable = Some(self.name(&child)?),
                Rule::labels => relationship.types = Some(self.labels(child)?),
                Rule::length => relationship.length = Some(self.length(child)?),
                Rule::quantifier if relationship.length.is_some() => {
                    let message = "a relationship has a length in its brackets or a quantifier behind them, not both";
                    return fail(unexpected(message, self.span(&child)));
                }
                Rule::quantifier => relationship.length = Some(self.quantified(child)?),
                Rule::r#where => relationship.predicate = Some(Box::new(self.r#where(child)?)),
                _ => relationship.properties = Some(self.properties(child, matching)?),
            }
        }
        Ok(relationship)
    }

    fn properties(&mut self, pair: Pair<'_, Rule>, matching: bool) -> Result<Properties> {
        let span = self.span(&pair);
        if pair.as_rule() == Rule::map {
            return Ok(Properties::Map(self.entries(pair)?.0, span));
        }
        let name = self.parameter(&pair)?;
        if matching {
            let what = format!("the parameter ${} cannot stand for the properties of a pattern here", name.text);
            return fail(
                QueryError::syntax("InvalidParameterUse", what, span)
                    .hint(format!("name the properties: {{key: ${}.key}}; CREATE takes a whole map", name.text)),
            );
        }
        Ok(Properties::Parameter(name))
    }

    fn length(&mut self, pair: Pair<'_, Rule>) -> Result<PathLength> {
        let span = self.span(&pair);
        let (mut bounds, mut dots) = ([None, None], false);
        for child in pair.into_inner() {
            if child.as_rule() == Rule::dots {
                dots = true;
                continue;
            }
            bounds[usize::from(dots)] = Some(self.n_hops(&child)?);
        }
        let [min, max] = bounds;
        Ok(PathLength { min, max: if dots { max } else { min }, span })
    }

    /// Returns the length that a quantifier says: `+`, `*`, `{2}`, `{1,3}`, `{1,}`, `{,3}`.
    fn quantified(&mut self, pair: Pair<'_, Rule>) -> Result<PathLength> {
        let span = self.span(&pair);
        let (mut min, mut max) = match self.code(&pair) {
            code::PLUS => return Ok(PathLength { min: Some(1), max: None, span }),
            code::STAR => return Ok(PathLength { min: Some(0), max: None, span }),
            _ => (None, None),
        };
        let mut has_comma = false;
        for child in pair.into_inner() {
            if child.as_rule() == Rule::comma {
                has_comma = true;
            } else {
                *if has_comma { &mut max } else { &mut min } = Some(self.n_hops(&child)?);
            }
        }
        let min = min.unwrap_or(0);
        let max = if has_comma { max } else { Some(min) };
        if max.is_some_and(|max| max == 0 || max < min) {
            let message = "the upper bound of a quantifier is at least 1 and at least its lower bound";
            return fail(QueryError::syntax("InvalidRelationshipPattern", message, span));
        }
        Ok(PathLength { min: Some(min), max, span })
    }

    /// Returns a number of relationships.
    fn n_hops(&mut self, pair: &Pair<'_, Rule>) -> Result<u32> {
        let place = self.span(pair);
        let value = literal::integer(self.token_text(pair), false, place)?;
        if value >= HOPS_MAX {
            let message = format!("a path of {value} relationships is longer than any");
            return fail(QueryError::syntax("InvalidRelationshipPattern", message, place));
        }
        Ok(u32::try_from(value).expect("it is no more than the most hops"))
    }

    /// Returns the labels after a colon: `!` binds closest, then `&` and `:`, then `|`.
    pub(super) fn labels(&mut self, pair: Pair<'_, Rule>) -> Result<LabelExpr> {
        let span = self.span(&pair);
        let mut nodes = pair.into_inner().peekable();
        let mut any = Vec::new();
        loop {
            let mut all = vec![self.label(&mut nodes)?];
            let mut more = false;
            while let Some(operator) = next_if(&mut nodes, Rule::label_operator) {
                if self.code(&operator) == code::PIPE {
                    more = true;
                    break;
                }
                all.push(self.label(&mut nodes)?);
            }
            any.push(one_or(all, LabelExpr::And));
            if !more {
                let mut labels = one_or(any, LabelExpr::Or);
                if let LabelExpr::And(_, whole) | LabelExpr::Or(_, whole) = &mut labels {
                    *whole = span;
                }
                return Ok(labels);
            }
        }
    }

    fn label(&mut self, nodes: &mut Nodes<'_>) -> Result<LabelExpr> {
        let mut bangs = Vec::new();
        while let Some(bang) = next_if(nodes, Rule::bang) {
            bangs.push(self.span(&bang));
            if self.n_bangs + bangs.len() > BANGS_MAX {
                return fail(unexpected(format!("more than {BANGS_MAX} `!` before a label"), self.span(&bang)));
            }
        }
        let pair = next(nodes);
        self.n_bangs += bangs.len();
        let mut label = match pair.as_rule() {
            Rule::name => LabelExpr::Label(self.name(&pair)?),
            Rule::wildcard => LabelExpr::Any(self.span(&pair)),
            _ => self.labels(pair)?,
        };
        self.n_bangs -= bangs.len();
        for bang in bangs.into_iter().rev() {
            let span = bang.to(label.span());
            label = LabelExpr::Not(Box::new(label), span);
        }
        Ok(label)
    }

    /// Returns the labels of `n:A:B` where they are set or removed: names and nothing else.
    pub(super) fn label_names(&mut self, pair: Pair<'_, Rule>) -> Result<Vec<Name>> {
        let mut names = Vec::new();
        for child in pair.into_inner() {
            let plain = match child.as_rule() {
                Rule::name => {
                    names.push(self.name(&child)?);
                    true
                }
                Rule::label_operator => self.tokens.code(first_token(&child)) == code::COLON,
                _ => false,
            };
            if !plain {
                return fail(
                    unexpected("only labels can be set or removed, not label expressions", self.span(&child))
                        .hint("write n:A:B"),
                );
            }
        }
        Ok(names)
    }
}

impl NodePattern {
    /// Returns the pattern of any node.
    fn unnamed(span: Span) -> Self {
        Self { variable: None, labels: None, properties: None, predicate: None, span }
    }

    /// Returns whether it is `()`.
    pub(crate) fn is_empty(&self) -> bool {
        self.variable.is_none() && self.labels.is_none() && self.properties.is_none() && self.predicate.is_none()
    }
}

#[cold]
fn parenthesized(span: Span) -> QueryError {
    unexpected("parentheses stand around a whole path, or have a quantifier", span)
}

/// Returns whether a pair is a part of a chain.
fn is_step(rule: Rule) -> bool {
    matches!(rule, Rule::node | Rule::relationship | Rule::quantified)
}

impl LabelExpr {
    fn span(&self) -> Span {
        match self {
            Self::Label(name) => name.span,
            Self::Any(span) | Self::Not(_, span) | Self::And(_, span) | Self::Or(_, span) => *span,
        }
    }
}

/// Returns the only element, or all of them joined.
fn one_or(mut labels: Vec<LabelExpr>, join: fn(Vec<LabelExpr>, Span) -> LabelExpr) -> LabelExpr {
    if labels.len() == 1 {
        return labels.swap_remove(0);
    }
    let span = labels[0].span().to(labels[labels.len() - 1].span());
    join(labels, span)
}

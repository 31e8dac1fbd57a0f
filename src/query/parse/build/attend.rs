//! Attention: `ATTEND`, `SEARCH`, and what follows a pattern beside them.

use pest::iterators::Pair;

use super::{Builder, Nodes, Result, Rule, fail, first_token, next, next_if, unexpected};
use crate::{
    Span,
    query::{
        ast::{Attend, AttendOutput, Chosen, Clause, Cost, Lookup, Reinforce, Search},
        parse::words::code,
    },
};

impl Builder<'_> {
    pub(super) fn attend(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        let marker = next(nodes);
        let distinct = !marker.as_str().is_empty();
        let target = self.name(&next(nodes))?;
        let per = match next_if(nodes, Rule::per) {
            Some(per) => per.into_inner().map(|name| self.name(&name)).collect::<Result<_>>()?,
            None => Vec::new(),
        };
        let mut attend = Attend { distinct, per, ..Attend::of(target, span) };
        let end = self.inside_end(nodes);
        let mut seen: Vec<&'static str> = Vec::new();
        while let Some(option) = nodes.next_if(|pair| pair.as_rule() != Rule::output && first_token(pair) < end) {
            self.attend_option(option, &mut attend, &mut seen)?;
        }
        while let Some(pair) = next_if(nodes, Rule::output) {
            let (span, output) = (self.span(&pair), self.output(&pair));
            if attend.outputs.iter().any(|(known, _)| *known == output) {
                return fail(unexpected(format!("{} is given twice", output.word()), span));
            }
            attend.outputs.push((output, self.name(&super::first(pair))?));
        }
        attend.predicate = next_if(nodes, Rule::r#where).map(|pair| self.r#where(pair)).transpose()?;
        Ok(Clause::Attend(Box::new(attend)))
    }

    /// Returns the token that closes the parentheses of the options: the options lie before it, a `WHERE` behind it is
    /// another one.
    fn inside_end(&self, nodes: &Nodes<'_>) -> usize {
        let Some(first) = nodes.clone().next() else { return usize::MAX };
        let (mut depth, mut at) = (0_usize, first_token(&first));
        // Nothing is inside where the first thing left stands behind the parenthesis.
        if self.tokens.code(at - 1) == code::RPAREN {
            return at;
        }
        loop {
            match self.tokens.code(at) {
                code::LPAREN | code::PATTERN_LPAREN => depth += 1,
                code::RPAREN if depth == 0 => return at,
                code::RPAREN => depth -= 1,
                _ if at >= self.tokens.len() => return at,
                _ => {}
            }
            at += 1;
        }
    }

    fn output(&self, pair: &Pair<'_, Rule>) -> AttendOutput {
        match self.code(pair) {
            code::SCORE => AttendOutput::Score,
            code::SIMILARITY => AttendOutput::Similarity,
            code::LOGIT => AttendOutput::Logit,
            code::HOPS => AttendOutput::Hops,
            _ if self.tokens.code(first_token(pair) + 1) == code::WITHOUT => AttendOutput::WhyWithout,
            _ => AttendOutput::Why,
        }
    }

    /// Takes one option; all but `BOOST` are there once.
    fn attend_option(&mut self, pair: Pair<'_, Rule>, into: &mut Attend, seen: &mut Vec<&'static str>) -> Result<()> {
        let (span, rule) = (self.span(&pair), pair.as_rule());
        let second = self.tokens.code(first_token(&pair) + 1);
        let word = match (rule, self.code(&pair)) {
            (Rule::attend_for, _) => "FOR",
            (Rule::attend_on, _) => "ON",
            (Rule::r#where, _) => "WHERE",
            (Rule::number, code::TEMPERATURE) => "TEMPERATURE",
            (Rule::number, code::HEADS) => "HEADS",
            (Rule::number, _) => "PRIOR",
            (Rule::minimum, _) if second == code::SIMILARITY => "MIN SIMILARITY",
            (Rule::minimum, _) => "MIN WEIGHT",
            (Rule::model, _) => "MODEL",
            (Rule::beam, _) => "BEAM",
            (Rule::length_norm, _) => "LENGTH NORM",
            (Rule::boost, _) => "BOOST",
            _ => "LIMIT",
        };
        if word != "BOOST" {
            if seen.contains(&word) {
                return fail(unexpected(format!("{word} is given twice"), span));
            }
            seen.push(word);
        }
        if rule == Rule::attend_on {
            return self.spaces(pair, into);
        }
        if rule == Rule::length_norm {
            into.length_norm = Some(span);
            return Ok(());
        }
        let mut parts = pair.into_inner().peekable();
        let value = next(&mut parts);
        match word {
            "MODEL" => into.model = Some(self.chosen(&value)?),
            "WHERE" => into.mask = Some(self.predicate_of(value)?),
            _ => {
                let value = self.expr(value)?;
                let place = match word {
                    "FOR" => &mut into.query,
                    "TEMPERATURE" => &mut into.temperature,
                    "HEADS" => &mut into.heads,
                    "PRIOR" => &mut into.prior,
                    "MIN SIMILARITY" => &mut into.min_similarity,
                    "MIN WEIGHT" => &mut into.min_weight,
                    "BEAM" => &mut into.beam,
                    "LIMIT" => &mut into.limit,
                    _ => {
                        let name = parts.next().map(|name| self.name(&name)).transpose()?;
                        into.boosts.push((value, name));
                        return Ok(());
                    }
                };
                *place = Some(value);
            }
        }
        Ok(())
    }

    fn spaces(&mut self, pair: Pair<'_, Rule>, into: &mut Attend) -> Result<()> {
        let nodes = &mut pair.into_inner().peekable();
        into.on_node = next_if(nodes, Rule::on_node).is_some();
        for space in nodes {
            let mut parts = space.into_inner().peekable();
            let name = self.chosen(&next(&mut parts))?;
            let weight = parts.next().map(|weight| self.expr(weight)).transpose()?;
            into.spaces.push((name, weight));
        }
        Ok(())
    }

    /// Returns a name or a parameter that stands for one.
    pub(super) fn chosen(&self, pair: &Pair<'_, Rule>) -> Result<Chosen> {
        if self.code(pair) == code::PARAMETER {
            return Ok(Chosen::Parameter(self.parameter(pair)?));
        }
        Ok(Chosen::Name(self.name(pair)?))
    }

    pub(super) fn search(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        let target = next(nodes);
        // SEARCH name IN ( FULLTEXT INDEX ...
        let kind = first_token(&target) + 3;
        let target = self.name(&target)?;
        let index = self.chosen(&next(nodes))?;
        let query = self.expr(next(nodes))?;
        let filter = next_if(nodes, Rule::r#where).map(|pair| self.r#where(pair)).transpose()?;
        let lookup = next_if(nodes, Rule::lookup).map(|pair| self.lookup(pair)).transpose()?;
        let limit = self.expr(super::first(next(nodes)))?;
        let score = next_if(nodes, Rule::name).map(|name| self.name(&name)).transpose()?;
        let predicate = next_if(nodes, Rule::r#where).map(|pair| self.r#where(pair)).transpose()?;
        let is_fulltext = self.tokens.code(kind) == code::FULLTEXT;
        Ok(Clause::Search(Box::new(Search {
            target,
            is_fulltext,
            index,
            query,
            filter,
            lookup,
            limit,
            score,
            predicate,
            span,
        })))
    }

    fn lookup(&mut self, pair: Pair<'_, Rule>) -> Result<Lookup> {
        Ok(match pair.into_inner().next() {
            Some(breadth) => Lookup::Breadth(self.expr(breadth)?),
            None => Lookup::Exact,
        })
    }

    /// `COST BY expr [AS name] [WHERE predicate]`.
    pub(super) fn cost(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        let cost = self.expr(next(nodes))?;
        let name = next_if(nodes, Rule::name).map(|name| self.name(&name)).transpose()?;
        let predicate = next_if(nodes, Rule::r#where).map(|pair| self.r#where(pair)).transpose()?;
        Ok(Clause::Cost(Box::new(Cost { cost, name, predicate, span })))
    }

    /// `REINFORCE target BY reward`.
    pub(super) fn reinforce(&mut self, nodes: &mut Nodes<'_>, span: Span) -> Result<Clause> {
        let target = self.name(&next(nodes))?;
        let reward = self.expr(next(nodes))?;
        Ok(Clause::Reinforce(Box::new(Reinforce { target, reward, span })))
    }
}

//! Policies and validities.

use pest::iterators::Pair;

use super::{Builder, Nodes, Result, Rule, fail, first_token, next, next_if, unexpected};
use crate::query::{
    ast::{
        AlterPolicy, AsOf, CreatePolicy, CreateValidity, Declared, DropValidity, Expr, ExprKind, PolicyOption,
        PolicyOptions, Statement,
    },
    parse::words::code,
};

impl Builder<'_> {
    pub(super) fn create_policy(&mut self, pair: Pair<'_, Rule>) -> Result<Statement> {
        let span = self.span(&pair);
        let nodes = &mut pair.into_inner().peekable();
        let name = self.name(&next(nodes))?;
        let if_not_exists = next_if(nodes, Rule::if_not_exists).is_some();
        let owner = next(nodes);
        let owner_span = self.span(&owner);
        let owner = self.declared(owner)?;
        if !owner.is_relationship {
            let error = unexpected("a policy is of relationships, and these are nodes", owner_span);
            return fail(error.hint("write FOR ()-[r:TYPE]-()"));
        }
        let condition = match next_if(nodes, Rule::r#where) {
            Some(pair) => {
                let text = pair.clone().into_inner().next().map(|condition| self.span(&condition));
                Some((self.r#where(pair)?, text.expect("WHERE has a predicate")))
            }
            None => None,
        };
        let options = self.policy_options(nodes)?;
        let create = CreatePolicy { name, if_not_exists, owner, owner_span, condition, options, span };
        Ok(Statement::CreatePolicy(Box::new(create)))
    }

    pub(super) fn alter_policy(&mut self, pair: Pair<'_, Rule>) -> Result<Statement> {
        let nodes = &mut pair.into_inner().peekable();
        let name = self.name(&next(nodes))?;
        Ok(Statement::AlterPolicy(Box::new(AlterPolicy { name, options: self.policy_options(nodes)? })))
    }

    fn policy_options(&mut self, nodes: &mut Nodes<'_>) -> Result<PolicyOptions> {
        let mut options = PolicyOptions::default();
        for pair in nodes {
            let (span, at) = (self.span(&pair), first_token(&pair));
            let word = self.tokens.code(if self.code(&pair) == code::ON { at + 1 } else { at });
            let option = match word {
                code::HALF => PolicyOption::HalfLife,
                code::FLOOR => PolicyOption::Floor,
                code::PRIOR => PolicyOption::Prior,
                code::ACCESS => PolicyOption::OnAccess,
                code::REJECT => PolicyOption::OnReject,
                code::PRIORITY => PolicyOption::Priority,
                _ => {
                    if options.prune.replace(self.tokens.code(at + 1) != code::NOT).is_some() {
                        return fail(unexpected("PRUNE is given twice", span));
                    }
                    continue;
                }
            };
            if options.values.iter().any(|(other, _)| *other == option) {
                return fail(unexpected(format!("{} is given twice", option.words()), span));
            }
            let value = self.expr(next(&mut pair.into_inner().peekable()))?;
            options.values.push((option, value));
        }
        Ok(options)
    }

    pub(super) fn create_validity(&mut self, pair: Pair<'_, Rule>) -> Result<Statement> {
        let span = self.span(&pair);
        let nodes = &mut pair.into_inner().peekable();
        let if_not_exists = next_if(nodes, Rule::if_not_exists).is_some();
        let owner = self.timed(next(nodes))?;
        let since = self.declared_key(next(nodes), &owner)?;
        let until = self.declared_key(next(nodes), &owner)?;
        if since.text == until.text {
            return fail(unexpected(format!("`{}` cannot be both ends of the time", until.text), until.span));
        }
        let clock = match nodes.next().map(|clock| self.expr(clock)).transpose()? {
            None => None,
            Some(Expr { kind: ExprKind::Parameter(name), .. }) => Some(name),
            Some(other) => {
                let error = unexpected("CLOCK takes a parameter, which statements then give", other.span);
                return fail(error.hint("write CLOCK $now"));
            }
        };
        let create = CreateValidity { if_not_exists, owner, since, until, clock, span };
        Ok(Statement::CreateValidity(Box::new(create)))
    }

    pub(super) fn drop_validity(&mut self, pair: Pair<'_, Rule>) -> Result<Statement> {
        let span = self.span(&pair);
        let nodes = &mut pair.into_inner().peekable();
        let owner = self.timed(next(nodes))?;
        let if_exists = next_if(nodes, Rule::if_exists).is_some();
        Ok(Statement::DropValidity(Box::new(DropValidity { owner, if_exists, span })))
    }

    /// Returns the relationships that have a time.
    fn timed(&self, pair: Pair<'_, Rule>) -> Result<Declared> {
        let span = self.span(&pair);
        let owner = self.declared(pair)?;
        if !owner.is_relationship {
            let error = unexpected("a validity is of relationships, and these are nodes", span);
            return fail(error.hint("write FOR ()-[r:TYPE]-()"));
        }
        Ok(owner)
    }

    /// `AT TIME t`, `AT ANY TIME`, `RANKED AT TIME t` behind a pattern.
    pub(super) fn as_of(&mut self, nodes: &mut Nodes<'_>) -> Result<Option<AsOf>> {
        let mut as_of = None;
        while let Some(pair) = next_if(nodes, Rule::as_of) {
            let (span, at) = (self.span(&pair), first_token(&pair));
            let is_ranked = self.code(&pair) == code::RANKED;
            let time = pair.into_inner().next().map(|time| self.expr(time)).transpose()?;
            if is_ranked {
                return self.not_yet(at, "RANKED AT TIME");
            }
            if as_of.replace(time.map_or(AsOf::Any, AsOf::At)).is_some() {
                return fail(unexpected("a pattern is about one time", span));
            }
        }
        Ok(as_of)
    }
}

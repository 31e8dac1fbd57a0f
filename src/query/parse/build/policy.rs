//! Policies.

use pest::iterators::Pair;

use super::{Builder, Nodes, Result, Rule, fail, first_token, next, next_if, unexpected};
use crate::query::{
    ast::{AlterPolicy, CreatePolicy, PolicyOption, PolicyOptions, Statement},
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
}

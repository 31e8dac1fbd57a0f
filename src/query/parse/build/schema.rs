//! Constraints and indexes, and what else has a name to be dropped by.

use pest::iterators::Pair;

use super::{Builder, Result, Rule, fail, first_token, next, next_if, unexpected};
use crate::query::{
    ast::{CreateSchema, DropSchema, Statement},
    parse::words::code,
};

impl Builder<'_> {
    pub(super) fn create_schema(&mut self, pair: Pair<'_, Rule>) -> Result<CreateSchema> {
        let span = self.span(&pair);
        let mut names = Vec::with_capacity(5);
        let mut if_not_exists = false;
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::if_not_exists => if_not_exists = true,
                _ => names.push(self.name(&child)?),
            }
        }
        let key = names.pop().expect("variable.key");
        let owner = names.pop().expect("variable.key");
        let label = names.pop().expect("variable:Label");
        let variable = names.pop().expect("variable:Label");
        if owner.text != variable.text {
            return fail(unexpected(
                format!("`{}` is not the variable of FOR, which is `{}`", owner.text, variable.text),
                owner.span,
            ));
        }
        Ok(CreateSchema { name: names.pop(), if_not_exists, label, key, span })
    }

    pub(super) fn drop_schema(&mut self, pair: Pair<'_, Rule>) -> Result<Statement> {
        let span = self.span(&pair);
        let at = first_token(&pair);
        let what = self.tokens.code(at + 1);
        let mut nodes = pair.into_inner().peekable();
        let name = self.name(&next(&mut nodes))?;
        let if_exists = next_if(&mut nodes, Rule::if_exists).is_some();
        let drop = DropSchema { name, if_exists, span };
        Ok(match what {
            code::CONSTRAINT => Statement::DropConstraint(drop),
            code::INDEX => Statement::DropIndex(drop),
            code::EMBEDDING => Statement::DropEmbedding(drop),
            code::MODEL => Statement::DropModel(drop),
            code::POLICY => Statement::DropPolicy(drop),
            _ => Statement::DropFulltext(drop),
        })
    }
}

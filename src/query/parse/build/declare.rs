//! What is declared of nodes or relationships: embeddings and full-text indexes.

use pest::iterators::Pair;

use super::{Builder, Result, Rule, fail, first_token, next, next_if, unexpected};
use crate::query::{
    ast::{CreateEmbedding, CreateFulltext, Declared, Expr, ExprKind, Name, Statement},
    parse::{literal, words::code},
};

impl Builder<'_> {
    pub(super) fn create_embedding(&mut self, pair: Pair<'_, Rule>) -> Result<Statement> {
        let span = self.span(&pair);
        let nodes = &mut pair.into_inner().peekable();
        let name = self.name(&next(nodes))?;
        let if_not_exists = next_if(nodes, Rule::if_not_exists).is_some();
        let owner = self.declared(next(nodes))?;
        let key = self.declared_key(next(nodes), &owner)?;
        let (mut dimension, mut metric, mut storage, mut index, mut embedder) = (None, None, None, None, None);
        for option in nodes {
            let (place, word) = (self.span(&option), self.code(&option));
            let mut parts = option.into_inner().peekable();
            let value = next(&mut parts);
            let is_second = match word {
                code::DIMENSION => dimension.replace(self.count_of(&value)?).is_some(),
                code::METRIC => metric.replace(self.chosen(&value)?).is_some(),
                code::INDEX => index.replace(self.chosen(&value)?).is_some(),
                code::STORAGE => storage.replace(self.chosen(&value)?).is_some(),
                _ => {
                    let from = self.declared_key(next(&mut parts), &owner)?;
                    embedder.replace((self.chosen(&value)?, from)).is_some()
                }
            };
            if is_second {
                return fail(unexpected("this option is given twice", place));
            }
        }
        let Some(dimension) = dimension else {
            let error = unexpected("CREATE EMBEDDING needs the number of dimensions", span);
            return fail(error.hint("write DIMENSION 384, as long as the vectors are"));
        };
        let create =
            CreateEmbedding { name, if_not_exists, owner, key, dimension, metric, storage, index, embedder, span };
        Ok(Statement::CreateEmbedding(Box::new(create)))
    }

    /// Returns a number or the parameter that stands for it.
    pub(super) fn count_of(&self, pair: &Pair<'_, Rule>) -> Result<Expr> {
        let span = self.span(pair);
        if self.code(pair) == code::PARAMETER {
            return Ok(Expr::new(ExprKind::Parameter(self.parameter(pair)?), span));
        }
        Ok(Expr::new(ExprKind::Int(literal::integer(self.token_text(pair), false, span)?), span))
    }

    /// Returns the nodes or relationships that something is declared of.
    pub(super) fn declared(&self, pair: Pair<'_, Rule>) -> Result<Declared> {
        let is_relationship = self.tokens.code(first_token(&pair) + 1) == code::RPAREN;
        let mut names = pair.into_inner().map(|name| self.name(&name)).collect::<Result<Vec<_>>>()?;
        let variable = names.remove(0).text;
        Ok(Declared { is_relationship, variable, names })
    }

    /// Returns the key of `n.key`, where `n` is the variable of `owner`.
    pub(super) fn declared_key(&self, pair: Pair<'_, Rule>, owner: &Declared) -> Result<Name> {
        let nodes = &mut pair.into_inner().peekable();
        let (variable, key) = (self.name(&next(nodes))?, self.name(&next(nodes))?);
        if variable.text != owner.variable {
            let message = format!("`{}` is not the variable of FOR, which is `{}`", variable.text, owner.variable);
            return fail(unexpected(message, variable.span));
        }
        Ok(key)
    }

    pub(super) fn create_fulltext(&mut self, pair: Pair<'_, Rule>) -> Result<Statement> {
        let span = self.span(&pair);
        let nodes = &mut pair.into_inner().peekable();
        let name = next_if(nodes, Rule::name).map(|name| self.name(&name)).transpose()?;
        let if_not_exists = next_if(nodes, Rule::if_not_exists).is_some();
        let owner = self.declared(next(nodes))?;
        let mut keys: Vec<Name> = Vec::new();
        while let Some(key) = next_if(nodes, Rule::declared_key) {
            let key = self.declared_key(key, &owner)?;
            if keys.iter().any(|known| known.text == key.text) {
                return fail(unexpected(format!("the property `{}` is given twice", key.text), key.span));
            }
            keys.push(key);
        }
        let options = nodes.next().map(|options| self.expr(options)).transpose()?;
        let create = CreateFulltext { name, if_not_exists, owner, keys, options, span };
        Ok(Statement::CreateFulltext(Box::new(create)))
    }
}

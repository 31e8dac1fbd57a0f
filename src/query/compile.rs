//! A parsed statement made ready to run: bound, planned, optimized.

use std::sync::Arc;

#[cfg(test)]
use super::parse::parse;
use super::{
    ast::{self, Statement},
    bind,
    notice::Notice,
    optimize::{self, Rules},
    plan::Plan,
    planner, policy,
    procedure::Procedures,
    stack,
    statistics::Statistics,
};
use crate::Result;
#[cfg(test)]
use crate::{Error, graph::Snapshot};

/// A statement ready to run.
#[derive(Debug, Clone)]
pub(crate) enum Compiled {
    /// A query.
    Query(Compilation),
    /// `EXPLAIN`: the plan is shown, nothing runs.
    Explain(Compilation),
    /// `PROFILE`: runs, and is measured.
    Profile(Compilation),
    /// `CREATE CONSTRAINT`.
    CreateConstraint(ast::CreateSchema),
    /// `CREATE INDEX`.
    CreateIndex(ast::CreateSchema),
    /// `DROP CONSTRAINT`.
    DropConstraint(ast::DropSchema),
    /// `DROP INDEX`.
    DropIndex(ast::DropSchema),
    /// `CREATE EMBEDDING`.
    CreateEmbedding(Box<ast::CreateEmbedding>),
    /// `DROP EMBEDDING`.
    DropEmbedding(ast::DropSchema),
    /// `CREATE FULLTEXT INDEX`.
    CreateFulltext(Box<ast::CreateFulltext>),
    /// `DROP FULLTEXT INDEX`.
    DropFulltext(ast::DropSchema),
    /// `CREATE POLICY`.
    CreatePolicy(Box<policy::CreatePolicy>),
    /// `ALTER POLICY`.
    AlterPolicy(Box<policy::AlterPolicy>),
    /// `DROP POLICY`.
    DropPolicy(ast::DropSchema),
    /// `DROP MODEL`.
    DropModel(ast::DropSchema),
    /// `CREATE VALIDITY`.
    CreateValidity(Box<ast::CreateValidity>),
    /// `DROP VALIDITY`.
    DropValidity(Box<ast::DropValidity>),
    /// `SHOW`, and the query over its rows.
    Show(ast::Shown, Option<Compilation>),
    /// `BEGIN`.
    Begin,
    /// `COMMIT`.
    Commit,
    /// `ROLLBACK`.
    Rollback,
    /// `COPY Name FROM 'file'`.
    CopyFrom(Box<ast::CopyFrom>),
    /// `COPY EMBEDDING space FROM 'file'`.
    CopyEmbedding(Box<ast::CopyEmbedding>),
    /// `COPY MODEL name FROM 'file'`.
    CopyModel(Box<ast::CopyModel>),
    /// `COPY ACCESS LOG FROM 'file'`.
    CopyAccesses(Box<ast::CopyAccesses>),
    /// `COPY (query) TO 'file'`.
    CopyTo(Box<CopyTo>),
    /// `DESCRIBE 'file'`.
    Describe(Box<ast::CopyFrom>),
    /// `SUMMARIZE`.
    Summarize(ast::Summarize),
}

/// A query's plan, and what its author should be told.
#[derive(Debug, Clone)]
pub(crate) struct Compilation {
    /// The plan, shared by all runs of the statement.
    pub(crate) plan: Arc<Plan>,
    /// Remarks.
    pub(crate) notices: Vec<Notice>,
    /// It notes what it attends to.
    pub(crate) notes: bool,
}

/// A query whose rows go to a file.
#[derive(Debug, Clone)]
pub(crate) struct CopyTo {
    /// The query.
    pub(crate) query: Compilation,
    /// The file.
    pub(crate) file: ast::Text,
    /// How the file is to be written.
    pub(crate) file_options: ast::FileOptions,
}

/// Compiles a statement's text against a snapshot: parse, bind, plan, optimize. (Databases do it in two steps, to time
/// them apart.)
///
/// # Errors
/// The statement's first error, with its place in the text.
#[cfg(test)]
pub(crate) fn compile(text: &str, snapshot: &Snapshot) -> Result<Compiled> {
    statement(parse(text)?, snapshot, &Procedures::default(), false).map_err(|error| match error {
        Error::Query(error) => error.locate(text).into(),
        other => other,
    })
}

/// Binds, plans and optimizes a parsed statement; where `notes`, a query's operators note what they attend to. The error's
/// place is not located yet.
///
/// # Errors
/// The statement's first error.
pub(crate) fn statement(
    statement: Statement,
    statistics: &dyn Statistics,
    procedures: &Procedures,
    notes: bool,
) -> Result<Compiled> {
    Ok(match statement {
        Statement::Query(query) => {
            Compiled::Query(with_rules(&query, statistics, procedures, Rules::in_force(), notes)?)
        }
        Statement::Unnoticed(query) => Compiled::Query(self::query(&query, statistics, procedures)?),
        Statement::Explain(query) => Compiled::Explain(self::query(&query, statistics, procedures)?),
        Statement::Profile(query) => Compiled::Profile(self::query(&query, statistics, procedures)?),
        Statement::CreateConstraint(create) => Compiled::CreateConstraint(create),
        Statement::CreateIndex(create) => Compiled::CreateIndex(create),
        Statement::DropConstraint(drop) => Compiled::DropConstraint(drop),
        Statement::DropIndex(drop) => Compiled::DropIndex(drop),
        Statement::CreateEmbedding(create) => Compiled::CreateEmbedding(create),
        Statement::DropEmbedding(drop) => Compiled::DropEmbedding(drop),
        Statement::CreateFulltext(create) => Compiled::CreateFulltext(create),
        Statement::DropFulltext(drop) => Compiled::DropFulltext(drop),
        Statement::CreatePolicy(create) => {
            let of = |of: Option<ast::Query>| of.map(|of| query(&of, statistics, procedures)).transpose();
            let covered = create.condition.as_ref();
            let covered = of(covered.map(|(condition, span)| policy::covered(&create.owner, condition, *span)))?;
            let values = of(policy::values(&create.options))?;
            Compiled::CreatePolicy(Box::new(policy::CreatePolicy { create: *create, covered, values }))
        }
        Statement::AlterPolicy(alter) => {
            let values = policy::values(&alter.options);
            let values = values.map(|of| query(&of, statistics, procedures)).transpose()?;
            Compiled::AlterPolicy(Box::new(policy::AlterPolicy { alter: *alter, values }))
        }
        Statement::DropPolicy(drop) => Compiled::DropPolicy(drop),
        Statement::DropModel(drop) => Compiled::DropModel(drop),
        Statement::CreateValidity(create) => Compiled::CreateValidity(create),
        Statement::DropValidity(drop) => Compiled::DropValidity(drop),
        Statement::Show(show) => {
            let query = show.query.map(|query| self::query(&query, statistics, procedures)).transpose()?;
            Compiled::Show(show.what, query)
        }
        Statement::Begin(_) => Compiled::Begin,
        Statement::Commit(_) => Compiled::Commit,
        Statement::Rollback(_) => Compiled::Rollback,
        Statement::CopyFrom(copy) => Compiled::CopyFrom(copy),
        Statement::CopyEmbedding(copy) => Compiled::CopyEmbedding(copy),
        Statement::CopyModel(copy) => Compiled::CopyModel(copy),
        Statement::CopyAccesses(copy) => Compiled::CopyAccesses(copy),
        Statement::Describe(describe) => Compiled::Describe(describe),
        Statement::Summarize(summarize) => Compiled::Summarize(summarize),
        Statement::CopyTo(copy) => {
            let ast::CopyTo { query, file, file_options, .. } = *copy;
            Compiled::CopyTo(Box::new(CopyTo {
                query: self::query(&query, statistics, procedures)?,
                file,
                file_options,
            }))
        }
    })
}

/// Binds, plans and optimizes a query that notes nothing.
fn query(query: &ast::Query, statistics: &dyn Statistics, procedures: &Procedures) -> Result<Compilation> {
    with_rules(query, statistics, procedures, Rules::in_force(), false)
}

/// Binds, plans and optimizes a query by these rules only.
pub(crate) fn with_rules(
    query: &ast::Query,
    statistics: &dyn Statistics,
    procedures: &Procedures,
    rules: Rules,
    notes: bool,
) -> Result<Compilation> {
    let levels = stack::levels_of_text((query.span.end - query.span.start) as usize, planner::DEPTH_MAX);
    stack::with_room(levels, || {
        let (mut bound, notices, assumptions) = bind::bind(query, statistics, procedures, rules, notes)?;
        optimize::clauses(&mut bound.query, &bound.slots, rules);
        let mut plan = planner::plan(bound, statistics, assumptions)?;
        optimize::optimize(&mut plan, rules);
        Ok(Compilation { plan: Arc::new(plan), notices, notes })
    })
}

/// Compiles a query's text by these rules only.
#[cfg(test)]
pub(crate) fn text_with_rules(text: &str, statistics: &dyn Statistics, rules: Rules) -> Result<Plan> {
    let Statement::Query(query) = parse(text)? else { panic!("no query: {text}") };
    let compilation = with_rules(&query, statistics, &Procedures::default(), rules, false)?;
    Ok(Arc::unwrap_or_clone(compilation.plan))
}

//! Running a statement: which transaction it gets, and what becomes of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub(super) use crate::storage::apart::drop_apart;

use super::{
    Inner, Params, QueryOptions, Rows, Summary,
    access::{Answer, Noted},
    cache::Entry,
    copy, embedding, fulltext, look,
    mind::{self, Around},
    model, policy, profile,
    statement::Pool,
};
use crate::{
    Error, Phase, QueryError, Result, Value,
    graph::{Snapshot, Stop, Transaction, Writer},
    import::{self, ReadLimits, RowWriter, copy::CopyReport, options::Rejections},
    query::{
        ast,
        compile::Compiled,
        execute::{Execution, FileRows, Limits, OpenFile, Source, asks_host, batch::value_bytes, hydrate},
        explain,
        plan::Plan,
    },
};

/// Rows given their data between two looks whether to go on.
const ROWS_BETWEEN_CHECKS: usize = 1024;

/// A statement, its parameters, and what it may use.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) inner: &'a Arc<Inner>,
    pub(super) text: &'a str,
    pub(super) params: &'a Params,
    pub(super) options: Option<&'a QueryOptions>,
}

impl<'a> Run<'a> {
    pub(super) fn new(inner: &'a Arc<Inner>, text: &'a str, params: &'a Params) -> Self {
        Self { inner, text, params, options: None }
    }

    pub(super) fn limits(&self) -> Limits {
        let defaults = &self.inner.options;
        let options = self.options;
        let deadline = options.and_then(|options| options.deadline).or(defaults.deadline);
        Limits {
            deadline: deadline.map(|allowed| (Instant::now() + allowed, allowed.as_millis() as u64)),
            cancel: options.and_then(|options| options.cancel.as_ref()).map(|handle| handle.0.clone()),
            rows_max: options.and_then(|options| options.rows_max).unwrap_or(defaults.rows_max),
            memory_max: options.and_then(|options| options.memory_bytes_max).unwrap_or(defaults.memory_bytes_max),
            threads: defaults.threads,
        }
    }

    /// Returns whether a query is to note what it attends to.
    pub(super) fn notes(&self) -> bool {
        self.options.and_then(|options| options.notice).unwrap_or(self.inner.options.notice)
    }

    /// Numbers the answer of a query that notes what it attends to.
    pub(super) fn answer(&self, entry: &Entry) -> Option<Answer> {
        let notes = matches!(&entry.compiled, Compiled::Query(query) if query.notes);
        notes.then(|| {
            if !matches!(&entry.compiled, Compiled::Query(query) if query.plan.writes) {
                self.inner.mind.reservoir().offer(&entry.text, self.params, self.inner.options.replay_queries);
            }
            let source = self.options.and_then(|options| options.source.clone());
            self.inner.accesses.answer(&entry.text, source)
        })
    }

    pub(super) fn values(&self, plan: &Plan) -> Result<Vec<Value>> {
        let value = |name: &Arc<str>| {
            let value = self.params.get(name).cloned();
            value.ok_or_else(|| {
                let error = missing_parameter(name);
                Error::from(match crate::query::parameter_span(self.text, name) {
                    Some(span) => error.at(span).locate(self.text),
                    None => error,
                })
            })
        };
        plan.params.iter().map(value).collect()
    }

    pub(super) fn summary(&self, entry: &Entry, was_known: bool) -> Summary {
        let time = |time: Duration| if was_known { Duration::ZERO } else { time };
        Summary {
            notices: entry.notices.clone(),
            parse_time: time(entry.parse_time),
            plan_time: time(entry.plan_time),
            ..Summary::default()
        }
    }

    pub(super) fn refuse_if_read_only(&self) -> Result<()> {
        if self.inner.options.read_only {
            return Err(Error::NotAllowed { what: "changing a database opened read-only".into() });
        }
        Ok(())
    }
}

/// Adds to a query error the place in the text.
pub(super) fn locate(error: Error, text: &str) -> Error {
    match error {
        Error::Query(error) => Error::Query(Box::new(error.locate(text))),
        other => other,
    }
}

pub(super) fn missing_parameter(name: &str) -> QueryError {
    let message = format!("parameter ${name} has no value");
    QueryError { phase: Phase::Compile, ..QueryError::run("42N51", "ParameterMissing", "MissingParameter", message) }
        .hint("give it with the statement")
}

/// Reads the rest of the rows, and returns what the statement changed.
pub(super) fn drain(mut rows: Rows) -> Result<Summary> {
    while rows.advance()? {}
    Ok(rows.summary().clone())
}

/// Runs a statement in a transaction of its own. `known` is how it was compiled before; returns how it is compiled now.
pub(super) fn auto(run: Run<'_>, known: Option<Arc<Entry>>) -> Result<(Arc<Entry>, Rows)> {
    run.inner.check_open()?;
    let snapshot = run.inner.engine.snapshot();
    let (entry, was_known) = match known {
        Some(entry) if entry.is_valid(&snapshot, run.notes()) => (entry, true),
        _ => (run.inner.compiled(run.text, &snapshot, run.notes())?, false),
    };
    if needs_writer(&entry) {
        run.refuse_if_read_only()?;
        run.inner.wait_for_room()?;
        let limits = run.limits();
        if run.inner.accesses.counts().0 > 0 && entry.plan.as_ref().is_some_and(|plan| asks_host(&plan.root)) {
            mind::fold_waiting(run.inner)?;
        }
        let mut writer = run.inner.engine.begin_unless(&mut || check(&limits))?;
        let mut rows = alone(run, &mut writer)?;
        // The last look: a commit that has begun is not stopped.
        check(&run.limits())?;
        let sequence = writer.commit(run.inner.options.durability)?;
        run.inner.wake();
        rows.take_noted().into_iter().for_each(|noted| run.inner.note(noted));
        rows.set_sequence(sequence);
        return Ok((entry, rows));
    }
    let rows = read(run, &entry, was_known, snapshot)?;
    Ok((entry, rows))
}

/// Runs a statement that reads on a snapshot.
pub(super) fn on_snapshot(run: Run<'_>, snapshot: &Arc<Snapshot>) -> Result<Rows> {
    run.inner.check_open()?;
    let entry = run.inner.compiled(run.text, snapshot, run.notes())?;
    if needs_writer(&entry) {
        return Err(Error::NotAllowed {
            what: "changing the database in a read transaction; begin a write one".into(),
        });
    }
    read(run, &entry, false, snapshot.clone())
}

fn needs_writer(entry: &Entry) -> bool {
    match &entry.compiled {
        Compiled::Query(query) | Compiled::Profile(query) => query.plan.writes,
        Compiled::CreateConstraint(_)
        | Compiled::CreateIndex(_)
        | Compiled::DropConstraint(_)
        | Compiled::DropIndex(_)
        | Compiled::CreateEmbedding(_)
        | Compiled::DropEmbedding(_)
        | Compiled::CreateFulltext(_)
        | Compiled::DropFulltext(_)
        | Compiled::CreatePolicy(_)
        | Compiled::AlterPolicy(_)
        | Compiled::DropPolicy(_)
        | Compiled::CreateValidity(_)
        | Compiled::DropValidity(_)
        | Compiled::DropModel(_)
        | Compiled::CopyFrom(_)
        | Compiled::CopyEmbedding(_)
        | Compiled::CopyModel(_)
        | Compiled::CopyAccesses(_) => true,
        _ => false,
    }
}

fn read(run: Run<'_>, entry: &Arc<Entry>, was_known: bool, snapshot: Arc<Snapshot>) -> Result<Rows> {
    let mut summary = run.summary(entry, was_known);
    match &entry.compiled {
        Compiled::Query(_) => {
            let plan = entry.plan.as_ref().expect("a query has a plan");
            let mut execution = entry.pool.take().unwrap_or_else(|| Execution::prepare(plan.clone()));
            execution.start(run.values(plan)?, Source::Read(snapshot), run.limits());
            let answer = run.answer(entry);
            summary.query_id = answer.as_ref().map(|answer| answer.id);
            surround(&mut execution, run.inner);
            if entry.columns.is_empty() {
                // It is called for what it does, and there are no rows to ask for.
                while execution.next_batch().map_err(|error| locate(error, run.text))?.is_some() {}
                let noted = answer.map(|answer| (answer, execution.take_attended()));
                execution.finish();
                entry.pool.give_back(execution);
                return Ok(table(&[], Vec::new(), summary).noting(noted));
            }
            let pool: Arc<Pool> = entry.pool.clone();
            Ok(Rows::stream(
                entry.columns.clone(),
                execution,
                Some(pool),
                entry.text.clone(),
                run.inner.clone(),
                summary,
            )
            .answering(answer))
        }
        Compiled::Explain(query) => {
            let lines = explain::explain(&query.plan, &*snapshot);
            Ok(table(&["plan"], lines.lines().map(|line| vec![Value::from(line)]).collect(), summary))
        }
        Compiled::Show(what, _) => show(run, entry, *what, snapshot, summary),
        Compiled::CopyTo(copy) => {
            let plan = entry.plan.as_ref().expect("a query has a plan");
            let file = copy::text(&copy.file, run.params)?;
            let format = copy::format(&file, &copy.file_options)?;
            let mut execution = Execution::new(plan.clone(), run.values(plan)?, Source::Read(snapshot), run.limits());
            surround(&mut execution, run.inner);
            let limits = run.limits();
            let mut out =
                RowWriter::create(&run.inner.options.files, &file, format, &entry.columns, limits.memory_max)?;
            let n_columns = entry.columns.len();
            let mut row = Vec::with_capacity(n_columns);
            while let Some(batch) = execution.next_batch().map_err(|error| locate(error, run.text))? {
                for at in 0..batch.len {
                    row.clear();
                    for column in 0..n_columns {
                        row.push(execution.value(at, column)?);
                    }
                    out.write(&row)?;
                }
            }
            let n_rows = out.finish(&mut || check(&limits))?;
            Ok(table(&["file", "rows"], vec![vec![Value::String(file), Value::Int(n_rows as i64)]], summary))
        }
        Compiled::Describe(statement) => describe(run, statement, summary),
        Compiled::Summarize(summarize) => {
            let limits = run.limits();
            let (rows, notices) = look::summarized(&snapshot, summarize, &mut || check(&limits))?;
            Ok(table(look::SUMMARIZED, rows, Summary { notices, ..summary }))
        }
        Compiled::Begin | Compiled::Commit | Compiled::Rollback => Err(Error::NotAllowed {
            what: "BEGIN, COMMIT and ROLLBACK outside a session; use Database::session or Database::write".into(),
        }),
        Compiled::Profile(_) => {
            let plan = entry.plan.as_ref().expect("a query has a plan");
            let (_, done) = profile::run(run, plan, Source::Read(snapshot), summary);
            done.map_err(|error| locate(error, run.text))
        }
        Compiled::CreateConstraint(_)
        | Compiled::CreateIndex(_)
        | Compiled::DropConstraint(_)
        | Compiled::DropIndex(_)
        | Compiled::CreateEmbedding(_)
        | Compiled::DropEmbedding(_)
        | Compiled::CreateFulltext(_)
        | Compiled::DropFulltext(_)
        | Compiled::CreatePolicy(_)
        | Compiled::AlterPolicy(_)
        | Compiled::DropPolicy(_)
        | Compiled::CreateValidity(_)
        | Compiled::DropValidity(_)
        | Compiled::DropModel(_)
        | Compiled::CopyFrom(_)
        | Compiled::CopyEmbedding(_)
        | Compiled::CopyModel(_)
        | Compiled::CopyAccesses(_) => unreachable!("statements that change something get the writer"),
    }
}

/// Runs a statement inside a write transaction. When it fails, what it changed is undone and the rest stays. What it attended
/// to counts once the transaction is committed.
pub(super) fn within(run: Run<'_>, writer: &mut Writer, noted: &mut Vec<Noted>) -> Result<Rows> {
    run.inner.check_open()?;
    let transaction = writer.take();
    let point = transaction.save();
    let (mut transaction, done) = statement(run, transaction);
    transaction.ask(Stop::default());
    if done.is_err() {
        transaction.restore(point);
    }
    writer.put(transaction);
    let mut rows = done.map_err(|error| locate(error, run.text))?;
    noted.extend(rows.take_noted());
    Ok(rows)
}

/// Runs the only statement of a write transaction: when it fails, dropping the writer undoes it.
fn alone(run: Run<'_>, writer: &mut Writer) -> Result<Rows> {
    let (transaction, done) = statement(run, writer.take());
    writer.put(transaction);
    done.map_err(|error| locate(error, run.text))
}

fn statement(run: Run<'_>, mut transaction: Transaction) -> (Transaction, Result<Rows>) {
    let limits = run.limits();
    if limits.cancel.is_some() || limits.deadline.is_some() {
        transaction.ask(Stop::new(move || check(&limits)));
    }
    let entry = match run.inner.compiled(run.text, transaction.view(), run.notes()) {
        Ok(entry) => entry,
        Err(error) => return (transaction, Err(error)),
    };
    match &entry.compiled {
        Compiled::Query(query) if query.plan.writes => write(run, &entry, transaction),
        Compiled::Profile(query) if query.plan.writes => profile::write(run, &entry, transaction),
        _ => {
            let done = other(run, &entry, &mut transaction);
            (transaction, done)
        }
    }
}

/// Runs a statement that is no query that writes.
fn other(run: Run<'_>, entry: &Arc<Entry>, transaction: &mut Transaction) -> Result<Rows> {
    let mut summary = run.summary(entry, false);
    match &entry.compiled {
        Compiled::CreateConstraint(create) | Compiled::CreateIndex(create) => {
            run.refuse_if_read_only()?;
            let unique = matches!(entry.compiled, Compiled::CreateConstraint(_));
            let ast::CreateSchema { name, label, key, if_not_exists, .. } = create;
            let name = name.as_ref().map(|name| &*name.text);
            let made = transaction.create_index(name, &label.text, &key.text, unique, *if_not_exists)?;
            summary.indexes_changed = u64::from(made);
            Ok(table(&[], Vec::new(), summary))
        }
        Compiled::DropConstraint(drop) | Compiled::DropIndex(drop) => {
            run.refuse_if_read_only()?;
            let dropped = transaction.drop_index(&drop.name.text, drop.if_exists)?;
            summary.indexes_changed = u64::from(dropped);
            Ok(table(&[], Vec::new(), summary))
        }
        Compiled::CreateEmbedding(create) => {
            run.refuse_if_read_only()?;
            let made = embedding::create(create, run.params, transaction)?;
            summary.indexes_changed = u64::from(made);
            Ok(table(&[], Vec::new(), summary))
        }
        Compiled::DropEmbedding(drop) => {
            run.refuse_if_read_only()?;
            let dropped = transaction.drop_space(&drop.name.text, drop.if_exists)?;
            summary.indexes_changed = u64::from(dropped);
            Ok(table(&[], Vec::new(), summary))
        }
        Compiled::CreateFulltext(create) => {
            run.refuse_if_read_only()?;
            let made = fulltext::create(create, run.params, transaction)?;
            summary.indexes_changed = u64::from(made);
            Ok(table(&[], Vec::new(), summary))
        }
        Compiled::DropFulltext(drop) => {
            run.refuse_if_read_only()?;
            let dropped = fulltext::drop(drop, transaction)?;
            summary.indexes_changed = u64::from(dropped);
            Ok(table(&[], Vec::new(), summary))
        }
        Compiled::CreatePolicy(create) => {
            run.refuse_if_read_only()?;
            summary.policies_changed = u64::from(policy::create(run, create, transaction)?);
            Ok(table(&[], Vec::new(), summary))
        }
        Compiled::AlterPolicy(alter) => {
            run.refuse_if_read_only()?;
            policy::alter(run, alter, transaction)?;
            summary.policies_changed = 1;
            Ok(table(&[], Vec::new(), summary))
        }
        Compiled::DropPolicy(drop) => {
            run.refuse_if_read_only()?;
            summary.policies_changed = u64::from(policy::drop(run, drop, transaction)?);
            Ok(table(&[], Vec::new(), summary))
        }
        Compiled::DropModel(drop) => {
            run.refuse_if_read_only()?;
            let dropped = transaction.drop_model(&drop.name.text, drop.if_exists)?;
            summary.indexes_changed = u64::from(dropped);
            Ok(table(&[], Vec::new(), summary))
        }
        Compiled::CopyModel(copy) => {
            run.refuse_if_read_only()?;
            copy_model(run, copy, transaction, summary)
        }
        Compiled::CreateValidity(create) => {
            run.refuse_if_read_only()?;
            summary.validities_changed = u64::from(policy::create_validity(create, transaction)?);
            Ok(table(&[], Vec::new(), summary))
        }
        Compiled::DropValidity(drop) => {
            run.refuse_if_read_only()?;
            summary.validities_changed = u64::from(policy::drop_validity(drop, transaction)?);
            Ok(table(&[], Vec::new(), summary))
        }
        Compiled::CopyFrom(copy) => {
            run.refuse_if_read_only()?;
            copy_from(run, copy, transaction, summary)
        }
        Compiled::CopyEmbedding(copy) => {
            run.refuse_if_read_only()?;
            copy_embedding(run, copy, transaction, summary)
        }
        Compiled::CopyAccesses(copy) => {
            run.refuse_if_read_only()?;
            copy_accesses(run, copy, transaction, summary)
        }
        _ => held(read(run, entry, false, Arc::new(transaction.view().clone()))?),
    }
}

/// Runs a query that writes, to its end. The transaction comes back whatever happens.
fn write(run: Run<'_>, entry: &Entry, transaction: Transaction) -> (Transaction, Result<Rows>) {
    let plan = entry.plan.as_ref().expect("a query has a plan");
    let values = match run.refuse_if_read_only().and_then(|()| run.values(plan)) {
        Ok(values) => values,
        Err(error) => return (transaction, Err(error)),
    };
    let mut execution = entry.pool.take().unwrap_or_else(|| Execution::prepare(plan.clone()));
    execution.start(values, Source::Write(Box::new(transaction)), run.limits());
    surround(&mut execution, run.inner);
    let mut rows = Vec::new();
    let done = collect(&mut execution, entry.columns.len(), &mut rows);
    let attended = execution.take_attended();
    let saliences = execution.take_saliences();
    let Some((Source::Write(mut transaction), changes)) = execution.finish() else {
        unreachable!("the run was given a transaction to write in");
    };
    if done.is_err() {
        drop_apart((execution, std::mem::take(&mut rows)));
    } else {
        entry.pool.give_back(execution);
    }
    let done = done.and_then(|()| match saliences.is_empty() {
        true => Ok(()),
        false => mind::tell_saliences(&mut transaction, &saliences),
    });
    let view = transaction.view();
    let done = done.and_then(|()| {
        let limits = run.limits();
        for rows in rows.chunks_mut(ROWS_BETWEEN_CHECKS) {
            check(&limits)?;
            for value in rows.iter_mut().flatten() {
                *value = hydrate(view, std::mem::take(value))?;
            }
        }
        Ok(())
    });
    let mut summary = run.summary(entry, false);
    summary.add(&changes);
    let answer = run.answer(entry);
    summary.query_id = answer.as_ref().map(|answer| answer.id);
    let noted = answer.map(|answer| (answer, attended));
    (*transaction, done.map(|()| Rows::held(entry.columns.clone(), rows, summary).noting(noted)))
}

/// Returns about how many bytes a kept row takes; the list of rows doubles when it is full.
fn row_bytes(row: &[Value]) -> usize {
    3 * size_of::<Vec<Value>>() + row.iter().map(value_bytes).sum::<usize>()
}

/// Runs to the end and keeps the rows: a statement that writes is done before anybody sees them.
fn collect(execution: &mut Execution, n_columns: usize, rows: &mut Vec<Vec<Value>>) -> Result<()> {
    let mut held = 0;
    let mut bytes = 0;
    while let Some(batch) = execution.next_batch()? {
        let len = batch.len;
        if n_columns > 0 {
            for at in 0..len {
                rows.push((0..n_columns).map(|column| execution.column(column).get(at)).collect());
            }
            bytes += rows[rows.len() - len..].iter().map(|row| row_bytes(row)).sum::<usize>();
            execution.hold(&mut held, bytes)?;
        }
    }
    Ok(())
}

/// The most memory the rows of a file to be described may take: enough to know it, and no more than one statement's.
const DESCRIBE_BYTES_MAX: u64 = 256 << 20;

fn describe(run: Run<'_>, statement: &ast::CopyFrom, summary: Summary) -> Result<Rows> {
    let inner = run.inner;
    let file = copy::text(&statement.file, run.params)?;
    let format = copy::readable(statement, &file)?;
    let source = inner.options.files.open(&file)?;
    let limits = run.limits();
    let reading = ReadLimits {
        threads: inner.options.n_threads(),
        table_bytes_max: limits.memory_max.min(DESCRIBE_BYTES_MAX),
        ..ReadLimits::default()
    };
    let mut tick = |_| check(&limits);
    let description = inner.in_pool(|| import::describe::describe(&source, &format, &reading, &mut tick))?;
    let (rows, notices) = look::described(&description);
    Ok(table(look::DESCRIBED, rows, Summary { notices, ..summary }))
}

fn copy_from(run: Run<'_>, copy: &ast::CopyFrom, transaction: &mut Transaction, summary: Summary) -> Result<Rows> {
    let inner = run.inner;
    let file = copy::text(&copy.file, run.params)?;
    let (format, target) = copy::source(copy, &file)?;
    let source = inner.options.files.open(&file)?;
    let limits = run.limits();
    let reading = reading(inner, &limits);
    let mut tick = ticks(inner, &file, source.bytes(), &limits);
    let mut generations = || inner.engine.next_generation();
    let report = inner.in_pool(|| {
        import::copy::copy_from(transaction, &mut generations, &source, &format, &target, &reading, &mut tick)
    })?;
    drop(tick);
    Ok(copied(file, &report, summary))
}

fn copy_embedding(
    run: Run<'_>,
    copy: &ast::CopyEmbedding,
    transaction: &mut Transaction,
    summary: Summary,
) -> Result<Rows> {
    let inner = run.inner;
    let file = copy::text(&copy.file, run.params)?;
    let info = embedding::chosen(&copy.space, run.params, transaction.view())?;
    let (layout, wanted) = copy::vectors(copy, &file, run.params)?;
    let source = inner.options.files.open(&file)?;
    let ids = wanted.ids.as_ref().map(|ids| inner.options.files.open(ids)).transpose()?;
    let limits = run.limits();
    let reading = reading(inner, &limits);
    let mut tick = ticks(inner, &file, source.bytes(), &limits);
    let mut generations = || inner.engine.next_generation();
    let files = import::copy::VectorFiles { source: &source, ids: ids.as_ref(), layout: &layout };
    let report = inner.in_pool(|| {
        import::copy::copy_vectors(transaction, &mut generations, &info, files, &wanted, &reading, &mut tick)
    })?;
    drop(tick);
    Ok(copied(file, &report, summary))
}

fn copy_model(
    run: Run<'_>,
    copy: &ast::CopyModel,
    transaction: &mut Transaction,
    mut summary: Summary,
) -> Result<Rows> {
    let limits = run.limits();
    let (file, made) = model::copy(copy, run, transaction, &mut |_| check(&limits))?;
    summary.indexes_changed = 1;
    let row = vec![
        Value::String(file),
        Value::String(made.name.clone()),
        Value::Int(made.version.into()),
        Value::Int(made.heads.into()),
        Value::list(made.projections.iter().map(|one| Value::String(one.space.clone()))),
    ];
    Ok(table(&["file", "model", "version", "heads", "spaces"], vec![row], summary))
}

fn copy_accesses(
    run: Run<'_>,
    copy: &ast::CopyAccesses,
    transaction: &mut Transaction,
    mut summary: Summary,
) -> Result<Rows> {
    let inner = run.inner;
    let file = copy::text(&copy.file, run.params)?;
    let wanted = copy::accesses(copy, &file)?;
    let source = inner.options.files.open(&file)?;
    let limits = run.limits();
    let reading = reading(inner, &limits);
    let mut tick = ticks(inner, &file, source.bytes(), &limits);
    let mut n_folded = 0;
    let mut take = |transaction: &mut Transaction, accesses: &[import::copy::LoggedAccess]| {
        n_folded += mind::fold_log(transaction, &accesses.iter().map(mind::logged).collect::<Vec<_>>())?;
        Ok(())
    };
    let report =
        inner.in_pool(|| import::copy::copy_accesses(transaction, &source, &wanted, &reading, &mut tick, &mut take))?;
    drop(tick);
    if report.n_late > 0 {
        summary.notices.push(format!(
            "{} of {} accesses have an earlier time than one above them; each was taken where it stands",
            report.n_late, report.n_rows
        ));
    }
    tell_rejected(&report.rejections, &mut summary);
    let numbers = [report.n_rows, n_folded as u64, report.rejections.count];
    let mut row = vec![Value::String(file)];
    row.extend(numbers.map(|n| Value::Int(n as i64)));
    Ok(table(&["file", "rows", "accesses", "rejected"], vec![row], summary))
}

fn reading(inner: &Inner, limits: &Limits) -> ReadLimits {
    ReadLimits { threads: inner.options.n_threads(), table_bytes_max: limits.memory_max, ..ReadLimits::default() }
}

/// Returns what is told how many bytes of a file have been read.
fn ticks<'a>(
    inner: &'a Inner,
    file: &'a str,
    bytes: u64,
    limits: &'a Limits,
) -> impl FnMut(u64) -> Result<()> + Send + 'a {
    move |n_read| {
        if let Some(progress) = &inner.options.progress {
            progress.report(file, n_read, bytes);
        }
        check(limits)
    }
}

/// Adds which rows were left out.
fn tell_rejected(rejected: &Rejections, summary: &mut Summary) {
    summary.notices.extend(rejected.errors.iter().map(|error| format!("left out: {error}")));
    if rejected.count > rejected.errors.len() as u64 {
        summary.notices.push(format!("{} rows were left out in all", rejected.count));
    }
}

/// Returns the row that says what became of a file.
fn copied(file: Arc<str>, report: &CopyReport, mut summary: Summary) -> Rows {
    let rejected = &report.rejections;
    tell_rejected(rejected, &mut summary);
    summary.nodes_created = report.n_nodes;
    summary.labels_added = report.n_labels;
    summary.relationships_created = report.n_rels;
    summary.properties_set = report.n_properties;
    summary.indexes_changed = u64::from(report.constraint_created);
    let numbers = [report.n_rows, report.n_created(), report.n_updated, rejected.count];
    let mut row = vec![Value::String(file)];
    row.extend(numbers.map(|n| Value::Int(n as i64)));
    table(&["file", "rows", "created", "updated", "rejected"], vec![row], summary)
}

/// Returns the error of a deadline that has passed, or of a cancellation.
pub(super) fn check(limits: &Limits) -> Result<()> {
    if limits.cancel.as_ref().is_some_and(|cancel| cancel.load(std::sync::atomic::Ordering::Relaxed)) {
        return Err(Error::Cancelled);
    }
    match limits.deadline {
        Some((until, allowed_ms)) if Instant::now() >= until => Err(Error::Deadline { allowed_ms }),
        _ => Ok(()),
    }
}

/// Lists what there is; with a query, what that makes of the list.
fn show(run: Run<'_>, entry: &Entry, what: ast::Shown, view: Arc<Snapshot>, summary: Summary) -> Result<Rows> {
    let rows = match what {
        ast::Shown::Functions => look::functions(),
        ast::Shown::Procedures => look::procedures(&run.inner.procedures),
        ast::Shown::Embeddings => embedding::shown(&view)?,
        ast::Shown::Policies => policy::shown(run, &view)?,
        ast::Shown::Models => model::shown(&view)?,
        ast::Shown::Indexes => look::indexes(&view, false),
        ast::Shown::Constraints => look::indexes(&view, true),
    };
    let Some(plan) = &entry.plan else { return Ok(table(what.columns(), rows, summary)) };
    let map = |row: Vec<Value>| {
        let entries = what.columns().iter().zip(row).map(|(column, value)| (Arc::from(*column), value));
        Value::from(entries.collect::<crate::model::Map>())
    };
    let mut params = run.params.clone();
    params.set(ast::Show::ROWS, Value::list(rows.into_iter().map(map)));
    let values = Run { params: &params, ..run }.values(plan)?;
    let execution = Execution::new(plan.clone(), values, Source::Read(view), run.limits());
    Ok(Rows::stream(entry.columns.clone(), execution, None, entry.text.clone(), run.inner.clone(), summary))
}

pub(super) fn table(columns: &[&str], rows: Vec<Vec<Value>>, summary: Summary) -> Rows {
    Rows::held(columns.iter().map(|name| Arc::from(*name)).collect(), rows, summary)
}

/// Reads all rows of a stream now.
fn held(mut rows: Rows) -> Result<Rows> {
    let mut values = Vec::new();
    while let Some(row) = rows.next_row()? {
        values.push(row.values().to_vec());
    }
    let noted = rows.take_noted();
    Ok(Rows::held(rows.columns().into(), values, rows.summary().clone()).noting(noted))
}

/// Tells an execution what it needs of the database around it.
pub(super) fn surround(execution: &mut Execution, inner: &Arc<Inner>) {
    if execution.needs_files() {
        execution.allow_files(inner.opener.clone());
    }
    if execution.needs_host() {
        execution.set_host(Arc::new(Around(inner.clone())));
    }
}

/// Returns what opens the files of rows within what the options allow.
pub(super) fn make_opener(files: import::FileAccess) -> OpenFile {
    Arc::new(move |name: &str, with_headers, delimiter| {
        let name = name.strip_prefix("file:///").unwrap_or(name);
        let source = files.open(name)?;
        Ok(import::open_rows(&source, with_headers, delimiter)? as FileRows)
    })
}

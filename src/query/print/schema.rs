//! What is declared, dropped and shown.

use super::Printer;
use crate::query::ast::{
    AlterPolicy, Clause, CreateEmbedding, CreateFulltext, CreatePolicy, CreateSchema, CreateValidity, Declared,
    DropSchema, DropValidity, Expr, ExprKind, Item, Name, PolicyOptions, Projection, Query, Show, Shown, With,
    YieldItem,
};

impl Printer {
    pub(super) fn create_constraint(&mut self, create: &CreateSchema) {
        self.put("CREATE CONSTRAINT ");
        self.schema_head(create);
        self.put(" REQUIRE n.");
        self.key(&create.key);
        self.put(" IS UNIQUE");
    }

    pub(super) fn create_index(&mut self, create: &CreateSchema) {
        self.put("CREATE INDEX ");
        self.schema_head(create);
        self.put(" ON (n.");
        self.key(&create.key);
        self.put(")");
    }

    /// Prints `[name] [IF NOT EXISTS] FOR (n:Label)`: no tree keeps the variable.
    fn schema_head(&mut self, create: &CreateSchema) {
        if let Some(name) = &create.name {
            self.name(name);
            self.put(" ");
        }
        self.put(if create.if_not_exists { "IF NOT EXISTS " } else { "" });
        self.put("FOR (n:");
        self.key(&create.label);
        self.put(")");
    }

    pub(super) fn drop_schema(&mut self, what: &str, drop: &DropSchema) {
        self.put("DROP ");
        self.put(what);
        self.put(" ");
        self.name(&drop.name);
        self.put(if drop.if_exists { " IF EXISTS" } else { "" });
    }

    pub(super) fn create_embedding(&mut self, create: &CreateEmbedding) {
        let CreateEmbedding { name, if_not_exists, owner, key, dimension, metric, storage, index, embedder, .. } =
            create;
        self.put("CREATE EMBEDDING ");
        self.name(name);
        self.put(if *if_not_exists { " IF NOT EXISTS FOR " } else { " FOR " });
        self.declared(owner);
        self.put(" ON ");
        self.declared_key(owner, key);
        self.put(" DIMENSION ");
        self.expr(dimension);
        for (word, chosen) in [(" METRIC ", metric), (" STORAGE ", storage), (" INDEX ", index)] {
            if let Some(chosen) = chosen {
                self.put(word);
                self.chosen(chosen);
            }
        }
        if let Some((embedder, from)) = embedder {
            self.put(" EMBEDDER ");
            self.chosen(embedder);
            self.put(" FROM ");
            self.declared_key(owner, from);
        }
    }

    pub(super) fn create_fulltext(&mut self, create: &CreateFulltext) {
        let CreateFulltext { name, if_not_exists, owner, keys, options, .. } = create;
        self.put("CREATE FULLTEXT INDEX ");
        if let Some(name) = name {
            self.name(name);
            self.put(" ");
        }
        self.put(if *if_not_exists { "IF NOT EXISTS FOR " } else { "FOR " });
        self.declared(owner);
        self.put(" ON EACH [");
        self.list(keys, |printer, key| printer.declared_key(owner, key));
        self.put("]");
        if let Some(options) = options {
            self.put(" OPTIONS ");
            self.expr(options);
        }
    }

    pub(super) fn create_policy(&mut self, create: &CreatePolicy) {
        self.put("CREATE POLICY ");
        self.name(&create.name);
        self.put(if create.if_not_exists { " IF NOT EXISTS FOR " } else { " FOR " });
        self.declared(&create.owner);
        self.r#where(create.condition.as_ref().map(|(condition, _)| condition));
        self.policy_options(&create.options);
    }

    pub(super) fn alter_policy(&mut self, alter: &AlterPolicy) {
        self.put("ALTER POLICY ");
        self.name(&alter.name);
        self.policy_options(&alter.options);
    }

    pub(super) fn create_validity(&mut self, create: &CreateValidity) {
        self.put("CREATE VALIDITY ");
        self.put(if create.if_not_exists { "IF NOT EXISTS FOR " } else { "FOR " });
        self.declared(&create.owner);
        self.put(" ON (");
        self.declared_key(&create.owner, &create.since);
        self.put(", ");
        self.declared_key(&create.owner, &create.until);
        self.put(")");
        if let Some(clock) = &create.clock {
            self.put(" CLOCK ");
            self.parameter(clock);
        }
    }

    pub(super) fn drop_validity(&mut self, drop: &DropValidity) {
        self.put("DROP VALIDITY FOR ");
        self.declared(&drop.owner);
        self.put(if drop.if_exists { " IF EXISTS" } else { "" });
    }

    fn policy_options(&mut self, options: &PolicyOptions) {
        for (option, value) in &options.values {
            self.put(" ");
            self.put(option.words());
            self.put(" ");
            self.expr(value);
        }
        match options.prune {
            Some(true) => self.put(" PRUNE ALLOWED"),
            Some(false) => self.put(" PRUNE NOT ALLOWED"),
            None => {}
        }
    }

    fn declared(&mut self, owner: &Declared) {
        let brackets = if owner.is_relationship { ["()-[", "]-()"] } else { ["(", ")"] };
        self.inside(brackets, false, false, |printer| {
            printer.name(&variable(owner));
            for (at, name) in owner.names.iter().enumerate() {
                printer.put(if at == 0 { ":" } else { "|" });
                printer.key(name);
            }
        });
    }

    /// Prints `n.key`.
    fn declared_key(&mut self, owner: &Declared, key: &Name) {
        self.name(&variable(owner));
        self.put(".");
        self.key(key);
    }

    pub(super) fn show(&mut self, show: &Show) {
        self.put("SHOW ");
        self.put(match show.what {
            Shown::Constraints => "CONSTRAINTS",
            Shown::Indexes => "INDEXES",
            Shown::Functions => "FUNCTIONS",
            Shown::Procedures => "PROCEDURES",
            Shown::Embeddings => "EMBEDDINGS",
            Shown::Policies => "POLICIES",
            Shown::Models => "MODELS",
        });
        if let Some(query) = &show.query {
            self.yielded(query);
        }
    }

    /// Prints what became a query over the rows of the list as it was written: `YIELD` and what follows.
    fn yielded(&mut self, query: &Query) {
        let [Clause::Unwind(_), Clause::With(With { projection, predicate, .. }), Clause::Return(returned)] =
            &query.parts[0].clauses[..]
        else {
            unreachable!("SHOW makes three clauses")
        };
        self.put(" YIELD ");
        self.list(&projection.items, |printer, item| {
            let (ExprKind::Property(_, output), Some(alias)) = (&item.expr.kind, &item.alias) else {
                unreachable!("SHOW takes its columns from a row")
            };
            let alias = (alias.text != output.text).then(|| alias.clone());
            printer.yield_item(&YieldItem { output: output.clone(), alias });
        });
        let Projection { order, skip, limit, .. } = projection;
        if !order.is_empty() || skip.is_some() || limit.is_some() {
            self.put(" ");
        }
        self.page(order, skip.as_ref(), limit.as_ref());
        self.r#where(predicate.as_ref());
        if !returns_all(projection, returned) {
            self.put(" RETURN ");
            self.projection(returned);
        }
    }
}

fn variable(owner: &Declared) -> Name {
    Name { text: owner.variable.clone(), span: crate::Span::default() }
}

/// Returns whether just the columns of `before` are returned, as they are without `RETURN`.
fn returns_all(before: &Projection, returned: &Projection) -> bool {
    let Projection { distinct: false, star: false, items, order, skip: None, limit: None, .. } = returned else {
        return false;
    };
    let is = |(item, before): (&Item, &Item)| {
        let Item { expr: Expr { kind: ExprKind::Variable(name), .. }, alias: None, .. } = item else { return false };
        before.alias.as_ref().is_some_and(|alias| alias.text == name.text)
    };
    order.is_empty() && items.len() == before.items.len() && items.iter().zip(&before.items).all(is)
}

//! `ATTEND` and `SEARCH`.

use super::Printer;
use crate::query::ast::{Attend, Cost, Lookup, Search};

impl Printer {
    pub(super) fn attend(&mut self, clause: &Attend) {
        self.put(if clause.distinct { "ATTEND DISTINCT " } else { "ATTEND " });
        self.name(&clause.target);
        if !clause.per.is_empty() {
            self.put(" PER ");
            self.list(&clause.per, Self::name);
        }
        self.put(" IN ");
        self.inside(["(", ")"], false, false, |printer| printer.attend_options(clause));
        if !clause.outputs.is_empty() {
            self.put(" ");
            self.list(&clause.outputs, |printer, (output, name)| {
                printer.put(output.word());
                printer.alias(name);
            });
        }
        self.r#where(clause.predicate.as_ref());
    }

    fn attend_options(&mut self, clause: &Attend) {
        let begin = self.out.len();
        let option = |printer: &mut Self, word: &str| {
            if printer.out.len() > begin {
                printer.put(" ");
            }
            printer.put(word);
        };
        if let Some(query) = &clause.query {
            option(self, "FOR ");
            self.expr(query);
        }
        if !clause.spaces.is_empty() {
            option(self, if clause.on_node { "ON NODE " } else { "ON " });
            self.list(&clause.spaces, |printer, (space, weight)| {
                printer.chosen(space);
                if let Some(weight) = weight {
                    printer.put(" WEIGHT ");
                    printer.expr(weight);
                }
            });
        }
        if let Some(mask) = &clause.mask {
            option(self, "WHERE ");
            self.predicate_of(mask);
        }
        if let Some(model) = &clause.model {
            option(self, "MODEL ");
            self.chosen(model);
        }
        for (boost, name) in &clause.boosts {
            option(self, "BOOST ");
            self.expr(boost);
            name.iter().for_each(|name| self.alias(name));
        }
        if clause.length_norm.is_some() {
            option(self, "LENGTH NORM");
        }
        for (word, value) in [
            ("TEMPERATURE ", &clause.temperature),
            ("HEADS ", &clause.heads),
            ("PRIOR ", &clause.prior),
            ("MIN SIMILARITY ", &clause.min_similarity),
            ("MIN WEIGHT ", &clause.min_weight),
            ("BEAM ", &clause.beam),
            ("LIMIT ", &clause.limit),
        ] {
            if let Some(value) = value {
                option(self, word);
                self.expr(value);
            }
        }
    }

    pub(super) fn search(&mut self, clause: &Search) {
        let Search { target, is_fulltext, index, query, filter, lookup, limit, score, predicate, .. } = clause;
        self.put("SEARCH ");
        self.name(target);
        self.put(" IN ");
        self.inside(["(", ")"], false, false, |printer| {
            printer.put(if *is_fulltext { "FULLTEXT INDEX " } else { "VECTOR INDEX " });
            printer.chosen(index);
            printer.put(" FOR ");
            printer.expr(query);
            printer.r#where(filter.as_ref());
            match lookup {
                Some(Lookup::Exact) => printer.put(" EXACT"),
                Some(Lookup::Breadth(breadth)) => {
                    printer.put(" BREADTH ");
                    printer.expr(breadth);
                }
                None => {}
            }
            printer.put(" LIMIT ");
            printer.expr(limit);
        });
        if let Some(score) = score {
            self.put(" SCORE");
            self.alias(score);
        }
        self.r#where(predicate.as_ref());
    }

    pub(super) fn cost(&mut self, clause: &Cost) {
        let Cost { cost, name, predicate, .. } = clause;
        self.put("COST BY ");
        self.expr(cost);
        if let Some(name) = name {
            self.alias(name);
        }
        self.r#where(predicate.as_ref());
    }
}

//! Expressions of a plan as text, close to how they are written.

use crate::query::plan::{
    Aggregate, Arithmetic, Comparison, CreatePattern, Expr, LabelTest, Quantifier, SetItem, Slot, SlotInfo, StringTest,
    SubqueryKind,
};
use std::sync::Arc;

/// The longest value that is printed whole, in characters.
const VALUE_CHARS_MAX: usize = 60;

/// Prints with the names of a plan.
pub(super) struct Printer<'p> {
    pub(super) slots: &'p [SlotInfo],
    pub(super) params: &'p [Arc<str>],
}

impl Printer<'_> {
    /// Returns a slot's variable, or a number for one without a name.
    pub(super) fn slot(&self, slot: Slot) -> String {
        match self.slots.get(slot.index()) {
            Some(info) if !info.name.starts_with(' ') => info.name.to_string(),
            _ => format!("_{}", slot.0),
        }
    }

    pub(super) fn list(&self, slots: &[Slot]) -> String {
        slots.iter().map(|slot| self.slot(*slot)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn items(&self, items: &[(Slot, Expr)]) -> String {
        let item = |(slot, e): &(Slot, Expr)| match e {
            Expr::Slot(same) if same == slot => self.slot(*slot),
            _ => format!("{} AS {}", self.expr(e), self.slot(*slot)),
        };
        items.iter().map(item).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn exprs(&self, exprs: &[Expr]) -> String {
        exprs.iter().map(|e| self.expr(e)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn aggregate(&self, aggregate: &Aggregate) -> String {
        let distinct = if aggregate.distinct { "DISTINCT " } else { "" };
        let args: Vec<String> = aggregate.arg.iter().chain(&aggregate.extra).map(|e| self.expr(e)).collect();
        let args = if args.is_empty() { "*".to_owned() } else { args.join(", ") };
        format!("{}({distinct}{args})", aggregate.function.name())
    }

    pub(super) fn create(&self, create: &CreatePattern) -> String {
        let node = |node: &crate::query::plan::CreateNode| {
            let labels: String = node.labels.iter().map(|label| format!(":{}", label.name)).collect();
            let properties = node.properties.as_ref().map(|e| format!(" {}", self.expr(e))).unwrap_or_default();
            format!("({}{labels}{properties})", self.slot(node.slot))
        };
        let rel = |rel: &crate::query::plan::CreateRel| {
            let properties = rel.properties.as_ref().map(|e| format!(" {}", self.expr(e))).unwrap_or_default();
            let (start, end) = (self.slot(rel.start), self.slot(rel.end));
            format!("({start})-[{}:{}{properties}]->({end})", self.slot(rel.slot), rel.rel_type.name)
        };
        create.nodes.iter().map(node).chain(create.rels.iter().map(rel)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn set_items(&self, items: &[SetItem]) -> String {
        let labels = |labels: &[crate::query::plan::LabelRef]| {
            labels.iter().map(|label| format!(":{}", label.name)).collect::<String>()
        };
        let item = |item: &SetItem| match item {
            SetItem::Property { target, key, value } => {
                format!("{}.{} = {}", self.expr(target), key.name, self.expr(value))
            }
            SetItem::Dynamic { target, key, value, .. } => {
                format!("{}[{}] = {}", self.expr(target), self.expr(key), self.expr(value))
            }
            SetItem::Replace { target, map } => format!("{} = {}", self.expr(target), self.expr(map)),
            SetItem::Merge { target, map } => format!("{} += {}", self.expr(target), self.expr(map)),
            SetItem::AddLabels { target, labels: added } => format!("{}{}", self.expr(target), labels(added)),
            SetItem::RemoveLabels { target, labels: removed } => {
                format!("remove {}{}", self.expr(target), labels(removed))
            }
            SetItem::Reinforce { reward, .. } => format!("reinforce by {}", self.expr(reward)),
            SetItem::Salience { target, value, .. } => {
                format!("salience({}) = {}", self.expr(target), self.expr(value))
            }
        };
        items.iter().map(item).collect::<Vec<_>>().join(", ")
    }

    /// Returns an expression as text.
    pub(super) fn expr(&self, e: &Expr) -> String {
        match e {
            Expr::Const(value) => {
                let text = value.to_string();
                if text.chars().count() <= VALUE_CHARS_MAX {
                    return text;
                }
                text.chars().take(VALUE_CHARS_MAX).chain("...".chars()).collect()
            }
            Expr::Param(index) => {
                format!("${}", self.params.get(usize::from(*index)).map_or("?", |name| &**name))
            }
            Expr::Slot(slot) => self.slot(*slot),
            Expr::Local(local) => format!("x{local}"),
            Expr::Property { base, key, .. } => format!("{}.{}", self.part(base), key.name),
            Expr::Index { base, index } => format!("{}[{}]", self.part(base), self.expr(index)),
            Expr::Slice { base, from, to } => {
                let end = |e: &Option<Box<Expr>>| e.as_ref().map(|e| self.expr(e)).unwrap_or_default();
                format!("{}[{}..{}]", self.part(base), end(from), end(to))
            }
            Expr::And(items) => self.joined(items, " AND "),
            Expr::Or(items) => self.joined(items, " OR "),
            Expr::Xor(a, b) => format!("{} XOR {}", self.part(a), self.part(b)),
            Expr::Not(inner) => format!("NOT {}", self.part(inner)),
            Expr::Compare(comparison, a, b) => {
                let operator = match comparison {
                    Comparison::Eq => "=",
                    Comparison::Ne => "<>",
                    Comparison::Lt => "<",
                    Comparison::Le => "<=",
                    Comparison::Gt => ">",
                    Comparison::Ge => ">=",
                };
                format!("{} {operator} {}", self.part(a), self.part(b))
            }
            Expr::StringTest(test, a, b) => {
                let operator = match test {
                    StringTest::StartsWith => "STARTS WITH",
                    StringTest::EndsWith => "ENDS WITH",
                    StringTest::Contains => "CONTAINS",
                    StringTest::Matches => "=~",
                };
                format!("{} {operator} {}", self.part(a), self.part(b))
            }
            Expr::In(item, list) => format!("{} IN {}", self.part(item), self.part(list)),
            Expr::IsNull(inner) => format!("{} IS NULL", self.part(inner)),
            Expr::IsNotNull(inner) => format!("{} IS NOT NULL", self.part(inner)),
            Expr::IsTyped(inner, test) => format!("{} IS :: {test}", self.part(inner)),
            Expr::Arithmetic { op, left, right, .. } => {
                let operator = match op {
                    Arithmetic::Add => "+",
                    Arithmetic::Sub => "-",
                    Arithmetic::Mul => "*",
                    Arithmetic::Div => "/",
                    Arithmetic::Rem => "%",
                    Arithmetic::Pow => "^",
                };
                format!("{} {operator} {}", self.part(left), self.part(right))
            }
            Expr::Negate(inner) => format!("-{}", self.part(inner)),
            Expr::List(items) => format!("[{}]", self.exprs(items)),
            Expr::Map(entries) => format!("{{{}}}", self.entries(entries)),
            Expr::MapProjection { base, all, entries } => {
                let all = if *all { ".*, " } else { "" };
                format!("{}{{{all}{}}}", self.part(base), self.entries(entries))
            }
            Expr::HasLabels(subject, test) => format!("{}:{}", self.part(subject), label_test(test)),
            Expr::Case { operand, branches, otherwise } => {
                let mut text = "CASE".to_owned();
                if let Some(operand) = operand {
                    text += &format!(" {}", self.expr(operand));
                }
                for (when, then) in branches {
                    text += &format!(" WHEN {} THEN {}", self.expr(when), self.expr(then));
                }
                if let Some(otherwise) = otherwise {
                    text += &format!(" ELSE {}", self.expr(otherwise));
                }
                text + " END"
            }
            Expr::Call { function, args, .. } => format!("{}({})", function.name(), self.exprs(args)),
            Expr::Comprehension { local, list, filter, map } => {
                let filter = filter.as_ref().map(|e| format!(" WHERE {}", self.expr(e))).unwrap_or_default();
                let map = map.as_ref().map(|e| format!(" | {}", self.expr(e))).unwrap_or_default();
                format!("[x{local} IN {}{filter}{map}]", self.expr(list))
            }
            Expr::Quantified { quantifier, local, list, predicate } => {
                let name = match quantifier {
                    Quantifier::All => "all",
                    Quantifier::Any => "any",
                    Quantifier::None => "none",
                    Quantifier::Single => "single",
                };
                format!("{name}(x{local} IN {} WHERE {})", self.expr(list), self.expr(predicate))
            }
            Expr::Reduce { acc, init, list, body } => {
                let (init, list, body) = (self.expr(init), self.expr(list), self.expr(body));
                format!("reduce(x{acc} = {init}, x{} IN {list} | {body})", acc + 1)
            }
            Expr::Path(slots) => format!("path({})", self.list(slots)),
            Expr::Subquery { kind, once, .. } => {
                let once = if *once { "once " } else { "" };
                match kind {
                    SubqueryKind::Exists => format!("{once}EXISTS {{ ... }}"),
                    SubqueryKind::Count => format!("{once}COUNT {{ ... }}"),
                    SubqueryKind::Collect(item) => format!("{once}COLLECT {{ ... {} }}", self.expr(item)),
                }
            }
        }
    }

    /// Returns an operand, in parentheses where it has operators of its own.
    fn part(&self, e: &Expr) -> String {
        let text = self.expr(e);
        match e {
            Expr::And(_)
            | Expr::Or(_)
            | Expr::Xor(..)
            | Expr::Not(_)
            | Expr::Compare(..)
            | Expr::StringTest(..)
            | Expr::In(..)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTyped(..)
            | Expr::Arithmetic { .. }
            | Expr::Negate(_) => format!("({text})"),
            _ => text,
        }
    }

    fn joined(&self, items: &[Expr], operator: &str) -> String {
        let part = |e: &Expr| match e {
            Expr::And(_) | Expr::Or(_) | Expr::Xor(..) => format!("({})", self.expr(e)),
            _ => self.expr(e),
        };
        items.iter().map(part).collect::<Vec<_>>().join(operator)
    }

    fn entries(&self, entries: &[(Arc<str>, Expr)]) -> String {
        entries.iter().map(|(key, e)| format!("{key}: {}", self.expr(e))).collect::<Vec<_>>().join(", ")
    }
}

fn label_test(test: &LabelTest) -> String {
    let joined = |tests: &[LabelTest], operator: &str| tests.iter().map(label_test).collect::<Vec<_>>().join(operator);
    match test {
        LabelTest::Is(name) => name.to_string(),
        LabelTest::Any => "%".to_owned(),
        LabelTest::Not(inner) => format!("!{}", label_test(inner)),
        LabelTest::And(tests) => joined(tests, "&"),
        LabelTest::Or(tests) => format!("({})", joined(tests, "|")),
    }
}

//! A short written form of the tree for the tables: brackets show what belongs to what.

use crate::query::ast::*;

fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn name(name: &Name) -> String {
    name.text.to_string()
}

fn maybe<T>(before: &str, item: Option<T>, show: impl Fn(T) -> String) -> String {
    item.map_or(String::new(), |item| format!("{before}{}", show(item)))
}

pub(super) fn expr(e: &Expr) -> String {
    let boxed = |e: &Expr| expr(e);
    let joined =
        |all: &[Expr], word: &str| format!("({})", all.iter().map(expr).collect::<Vec<_>>().join(&format!(" {word} ")));
    match &e.kind {
        ExprKind::Null => "null".into(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Float(value) => format!("{value:?}"),
        ExprKind::String(value) => format!("{value:?}"),
        ExprKind::List(items) => format!("[{}]", list(items, expr)),
        ExprKind::Map(items) => format!("{{{}}}", entries(items)),
        ExprKind::Parameter(name) => format!("${}", name.text),
        ExprKind::Variable(name) => name.text.to_string(),
        ExprKind::Property(owner, key) => format!("{}.{}", expr(owner), key.text),
        ExprKind::Index(list, index) => format!("{}[{}]", expr(list), expr(index)),
        ExprKind::Slice { list, from, to } => {
            format!("{}[{}..{}]", expr(list), maybe("", from.as_deref(), boxed), maybe("", to.as_deref(), boxed))
        }
        ExprKind::And(all) => joined(all, "AND"),
        ExprKind::Or(all) => joined(all, "OR"),
        ExprKind::Xor(all) => joined(all, "XOR"),
        ExprKind::Not(e) => format!("(NOT {})", expr(e)),
        ExprKind::Comparison { first, rest } => {
            let rest: String = rest.iter().map(|(op, e)| format!(" {} {}", compare(*op), expr(e))).collect();
            format!("({}{rest})", expr(first))
        }
        ExprKind::Binary { op, left, right } => format!("({} {} {})", expr(left), binary(*op), expr(right)),
        ExprKind::Negate(e) => format!("(-{})", expr(e)),
        ExprKind::Plus(e) => format!("(+{})", expr(e)),
        ExprKind::IsNull(e) => format!("({} IS NULL)", expr(e)),
        ExprKind::IsNotNull(e) => format!("({} IS NOT NULL)", expr(e)),
        ExprKind::IsTyped(e, test) => format!("({} IS :: {test})", expr(e)),
        ExprKind::HasLabels(e, all) => format!("({}:{})", expr(e), labels(all)),
        ExprKind::Call { function, distinct, args } => {
            format!("{}({}{})", function.text, if *distinct { "DISTINCT " } else { "" }, list(args, expr))
        }
        ExprKind::CountStar => "count(*)".into(),
        ExprKind::Case { subject, branches, otherwise } => {
            let branches: String =
                branches.iter().map(|(when, then)| format!(" WHEN {} THEN {}", expr(when), expr(then))).collect();
            format!(
                "CASE{}{branches}{} END",
                maybe(" ", subject.as_deref(), boxed),
                maybe(" ELSE ", otherwise.as_deref(), boxed)
            )
        }
        ExprKind::CaseOf { subject, branches, otherwise } => {
            let branches: String =
                branches.iter().map(|(when, then)| format!(" WHEN {} THEN {}", expr(when), expr(then))).collect();
            format!("CASE _ = {}{branches}{} END", expr(subject), maybe(" ELSE ", otherwise.as_deref(), boxed))
        }
        ExprKind::Subject => "_".into(),
        ExprKind::ListComprehension { variable, list, predicate, result } => format!(
            "[each {} IN {}{}{}]",
            variable.text,
            expr(list),
            maybe(" WHERE ", predicate.as_deref(), boxed),
            maybe(" | ", result.as_deref(), boxed)
        ),
        ExprKind::PatternComprehension { pattern, predicate, result } => {
            format!("[match {}{} | {}]", path(pattern), maybe(" WHERE ", predicate.as_deref(), boxed), expr(result))
        }
        ExprKind::Quantifier { quantifier, variable, list, predicate } => format!(
            "{quantifier:?}<{} IN {}{}>",
            variable.text,
            expr(list),
            maybe(" WHERE ", predicate.as_deref(), boxed)
        ),
        ExprKind::Reduce { accumulator, initial, variable, list, step } => format!(
            "reduce<{} = {}, {} IN {} | {}>",
            accumulator.text,
            expr(initial),
            variable.text,
            expr(list),
            expr(step)
        ),
        ExprKind::Pattern(pattern) => format!("<{}>", path(pattern)),
        ExprKind::Exists(q) => format!("EXISTS {{ {} }}", query(q)),
        ExprKind::Count(q) => format!("COUNT {{ {} }}", query(q)),
        ExprKind::Collect(q) => format!("COLLECT {{ {} }}", query(q)),
        ExprKind::MapProjection { subject, items } => {
            let item = |item: &MapItem| match item {
                MapItem::Property(key) => format!(".{}", key.text),
                MapItem::AllProperties(_) => ".*".into(),
                MapItem::Entry(key, value) => format!("{}: {}", key.text, expr(value)),
                MapItem::Variable(name) => name.text.to_string(),
            };
            format!("{}{{{}}}", subject.text, list(items, item))
        }
    }
}

fn entries(items: &[(Name, Expr)]) -> String {
    list(items, |(key, value)| format!("{}: {}", key.text, expr(value)))
}

fn compare(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => "=",
        CompareOp::NotEqual => "<>",
        CompareOp::Less => "<",
        CompareOp::LessEqual => "<=",
        CompareOp::Greater => ">",
        CompareOp::GreaterEqual => ">=",
    }
}

fn binary(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Concat => "||",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Modulo => "%",
        BinaryOp::Power => "^",
        BinaryOp::In => "IN",
        BinaryOp::StartsWith => "STARTS WITH",
        BinaryOp::EndsWith => "ENDS WITH",
        BinaryOp::Contains => "CONTAINS",
        BinaryOp::Matches => "=~",
    }
}

pub(super) fn labels(all: &LabelExpr) -> String {
    let joined = |all: &[LabelExpr], sign| format!("({})", all.iter().map(labels).collect::<Vec<_>>().join(sign));
    match all {
        LabelExpr::Label(name) => name.text.to_string(),
        LabelExpr::Any(_) => "%".into(),
        LabelExpr::Not(label, _) => format!("!{}", labels(label)),
        LabelExpr::And(all, _) => joined(all, "&"),
        LabelExpr::Or(all, _) => joined(all, "|"),
    }
}

fn properties(properties: &Properties) -> String {
    match properties {
        Properties::Map(items, _) => format!("{{{}}}", entries(items)),
        Properties::Parameter(name) => format!("${}", name.text),
    }
}

pub(super) fn path(path: &PathPattern) -> String {
    let mut text = format!("{}{}", maybe("", path.variable.as_ref(), |v| format!("{} = ", v.text)), node(&path.start));
    for hop in &path.hops {
        let r = &hop.relationship;
        let length = r.length.map_or(String::new(), |length| match (length.min, length.max) {
            (None, None) => "*".into(),
            (min, max) => format!("*{}..{}", maybe("", min, |n| n.to_string()), maybe("", max, |n| n.to_string())),
        });
        let inner = format!(
            "{}{}{length}{}{}",
            maybe("", r.variable.as_ref(), name),
            maybe(":", r.types.as_ref(), labels),
            maybe(" ", r.properties.as_ref(), properties),
            maybe(" WHERE ", r.predicate.as_ref(), |e| expr(e))
        );
        let (left, right) = match r.direction {
            Direction::Right => ("-", "->"),
            Direction::Left => ("<-", "-"),
            Direction::Either => ("-", "-"),
        };
        text += &format!("{left}[{inner}]{right}{}", node(&hop.node));
    }
    match path.selector {
        PathSelector::All => text,
        PathSelector::Shortest => format!("shortest {text}"),
        PathSelector::AllShortest => format!("all shortest {text}"),
        PathSelector::Cheapest => format!("cheapest {text}"),
    }
}

fn node(node: &NodePattern) -> String {
    format!(
        "({}{}{}{})",
        maybe("", node.variable.as_ref(), name),
        maybe(":", node.labels.as_ref(), labels),
        maybe(" ", node.properties.as_ref(), properties),
        maybe(" WHERE ", node.predicate.as_ref(), |e| expr(e))
    )
}

pub(super) fn query(query: &Query) -> String {
    let word = match query.union {
        Union::All => " UNION ALL ",
        Union::Distinct => " UNION ",
    };
    let part = |part: &SingleQuery| part.clauses.iter().map(clause).collect::<Vec<_>>().join("; ");
    query.parts.iter().map(part).collect::<Vec<_>>().join(word)
}

fn projection(word: &str, p: &Projection) -> String {
    let mut items: Vec<String> = if p.star { vec!["*".into()] } else { Vec::new() };
    items.extend(p.items.iter().map(|item| format!("{} AS `{}`", expr(&item.expr), item.column)));
    let order = list(&p.order, |key| format!("{}{}", expr(&key.expr), if key.descending { " DESC" } else { "" }));
    format!(
        "{word}{} {}{}{}{}",
        if p.distinct { " DISTINCT" } else { "" },
        items.join(", "),
        if order.is_empty() { order } else { format!(" ORDER {order}") },
        maybe(" SKIP ", p.skip.as_ref(), expr),
        maybe(" LIMIT ", p.limit.as_ref(), expr)
    )
}

fn set_item(item: &SetItem) -> String {
    match item {
        SetItem::Dynamic { target, key, value, .. } => format!("{}[{}] := {}", expr(target), expr(key), expr(value)),
        SetItem::Property { target, key, value, .. } => format!("{}.{} := {}", expr(target), key.text, expr(value)),
        SetItem::Replace { variable, value, .. } => format!("{} := {}", variable.text, expr(value)),
        SetItem::Merge { variable, value, .. } => format!("{} += {}", variable.text, expr(value)),
        SetItem::Labels { variable, labels, .. } => format!("{}:{}", variable.text, list(labels, name)),
        SetItem::Salience { variable, value, .. } => format!("SALIENCE {} := {}", variable.text, expr(value)),
    }
}

fn clause(clause: &Clause) -> String {
    let filter = |predicate: &Option<Expr>| maybe(" WHERE ", predicate.as_ref(), expr);
    match clause {
        Clause::Match(c) => format!(
            "{}MATCH {}{}{}",
            if c.optional { "OPTIONAL " } else { "" },
            list(&c.patterns, path),
            match &c.as_of {
                None => String::new(),
                Some(AsOf::Any) => " AT ANY TIME".to_owned(),
                Some(AsOf::At(time)) => format!(" AT TIME {}", expr(time)),
            },
            filter(&c.predicate)
        ),
        Clause::Unwind(c) => format!("UNWIND {} AS {}", expr(&c.list), c.variable.text),
        Clause::With(c) => format!("{}{}", projection("WITH", &c.projection), filter(&c.predicate)),
        Clause::Return(c) => projection("RETURN", c),
        Clause::Create(c) => format!("CREATE {}", list(&c.patterns, path)),
        Clause::Merge(c) => format!(
            "MERGE {} CREATED [{}] MATCHED [{}]",
            path(&c.pattern),
            list(&c.on_create, set_item),
            list(&c.on_match, set_item)
        ),
        Clause::Set(c) => format!("SET {}", list(&c.items, set_item)),
        Clause::Remove(c) => format!(
            "REMOVE {}",
            list(&c.items, |item| match item {
                RemoveItem::Dynamic { target, key, .. } => format!("{}[{}]", expr(target), expr(key)),
                RemoveItem::Property { target, key, .. } => format!("{}.{}", expr(target), key.text),
                RemoveItem::Labels { variable, labels, .. } => format!("{}:{}", variable.text, list(labels, name)),
            })
        ),
        Clause::Delete(c) => format!("{}DELETE {}", if c.detach { "DETACH " } else { "" }, list(&c.exprs, expr)),
        Clause::Call(c) => {
            let yields = match &c.yields {
                Yield::Absent => String::new(),
                Yield::All(_) => " YIELD *".into(),
                Yield::Items(items) => {
                    let item =
                        |item: &YieldItem| format!("{}{}", item.output.text, maybe(" AS ", item.alias.as_ref(), name));
                    format!(" YIELD [{}]", list(items, item))
                }
            };
            format!(
                "{}{}CALL {}{}{yields}{}",
                if c.standalone { "standalone " } else { "" },
                if c.optional { "OPTIONAL " } else { "" },
                c.procedure.text,
                maybe("", c.args.as_ref(), |args| format!("({})", list(args, expr))),
                filter(&c.predicate)
            )
        }
        Clause::Subquery(c) => {
            let imports = maybe("(", c.imports.as_ref(), |imports| match imports {
                Imports::All => "*) ".into(),
                Imports::Names(names) => format!("{}) ", list(names, name)),
            });
            let optional = if c.optional { "OPTIONAL " } else { "" };
            format!("{optional}CALL {imports}{{ {} }}", query(&c.query))
        }
        Clause::Foreach(c) => {
            let inner: Vec<String> = c.clauses.iter().map(self::clause).collect();
            format!("FOREACH ({} IN {} | {})", c.variable.text, expr(&c.list), inner.join("; "))
        }
        Clause::Let(c) => format!("LET {}", entries(&c.items)),
        Clause::Page(c) => {
            let key = |key: &SortItem| format!("{}{}", expr(&key.expr), if key.descending { " DESC" } else { "" });
            format!(
                "PAGE [{}]{}{}",
                list(&c.order, key),
                maybe(" SKIP ", c.skip.as_ref(), expr),
                maybe(" LIMIT ", c.limit.as_ref(), expr)
            )
        }
        Clause::Filter(c) => format!("FILTER {}", expr(&c.predicate)),
        Clause::For(c) => {
            let index = maybe(" WITH ", c.index.as_ref(), |(name, first)| format!("{} FROM {first}", name.text));
            format!("FOR {} IN {}{index}", c.variable.text, expr(&c.list))
        }
        Clause::Finish(_) => "FINISH".into(),
        Clause::Attend(c) => attend(c),
        Clause::Search(c) => format!(
            "SEARCH {} IN {} FOR {}{} LIMIT {}{}{}",
            c.target.text,
            chosen(&c.index),
            expr(&c.query),
            filter(&c.filter),
            expr(&c.limit),
            maybe(" SCORE ", c.score.as_ref(), name),
            maybe(" KEEP ", c.predicate.as_ref(), expr)
        ),
        Clause::Reinforce(c) => format!("REINFORCE {} BY {}", c.target.text, expr(&c.reward)),
        Clause::Cost(c) => format!(
            "COST BY {}{}{}",
            expr(&c.cost),
            maybe(" AS ", c.name.as_ref(), name),
            maybe(" KEEP ", c.predicate.as_ref(), expr)
        ),
        Clause::LoadCsv(c) => format!(
            "LOAD CSV{} {} AS {}{}",
            if c.headers { " WITH HEADERS" } else { "" },
            expr(&c.file),
            c.variable.text,
            maybe(" SEPARATOR ", c.separator, |c| format!("{c:?}"))
        ),
    }
}

fn chosen(chosen: &Chosen) -> String {
    match chosen {
        Chosen::Name(name) => name.text.to_string(),
        Chosen::Parameter(name) => format!("${}", name.text),
    }
}

fn attend(c: &Attend) -> String {
    let option = |word: &str, e: &Option<Expr>| maybe(&format!(" {word}="), e.as_ref(), expr);
    let space =
        |(space, weight): &(Chosen, Option<Expr>)| format!("{}{}", chosen(space), maybe("*", weight.as_ref(), expr));
    let boost = |(e, alias): &(Expr, Option<Name>)| format!("{}{}", expr(e), maybe(" AS ", alias.as_ref(), name));
    let output = |(output, alias): &(AttendOutput, Name)| format!("{} AS {}", output.word(), alias.text);
    [
        format!("ATTEND{} {}", if c.distinct { " DISTINCT" } else { "" }, c.target.text),
        format!(" PER [{}] FOR={}", list(&c.per, name), c.query.as_ref().map_or("-".into(), expr)),
        format!(" ON{}[{}]", if c.on_node { " NODE" } else { "" }, list(&c.spaces, space)),
        option("MASK", &c.mask) + &option("TEMPERATURE", &c.temperature) + &option("HEADS", &c.heads),
        option("PRIOR", &c.prior) + &maybe(" MODEL=", c.model.as_ref(), chosen),
        format!(" BOOSTS [{}]", list(&c.boosts, boost)),
        option("SIMILAR", &c.min_similarity) + &option("WEIGHTY", &c.min_weight) + &option("BEAM", &c.beam),
        if c.length_norm.is_some() { " NORM".into() } else { String::new() },
        option("LIMIT", &c.limit),
        format!(" GIVES [{}]", list(&c.outputs, output)),
        maybe(" KEEP ", c.predicate.as_ref(), expr),
    ]
    .concat()
}

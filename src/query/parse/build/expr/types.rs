//! Types: `INTEGER`, `LIST<STRING NOT NULL> | NULL`. The grammar gives their words and signs as a flat list, so that no depth
//! of lists is recursion of the parser.

use pest::iterators::Pair;

use super::{Tall, above, wrap};
use crate::{
    Span,
    query::{
        ast::ExprKind,
        parse::{
            build::{Builder, Result, Rule, fail, first_token, unexpected},
            words::code,
        },
        suggest,
        value_type::{NAMES, TypeKind, TypeTest},
    },
};

/// The deepest type: as deep as anybody nests anything.
const LISTS_MAX: usize = 128;

/// The types between two signs of a union, inside one pair of angle brackets or outside all.
#[derive(Default)]
struct Frame {
    before: Vec<TypeTest>,
    last: Option<TypeTest>,
    /// Whether null is of those before, where one of them says so.
    nullable: Option<bool>,
    /// The brackets are those of `ANY<...>`, not of a list.
    of_any: bool,
}

impl Builder<'_> {
    /// Returns `value IS [NOT] TYPED type`.
    pub(super) fn type_test(&mut self, (value, height): Tall, pair: Pair<'_, Rule>) -> Result<Tall> {
        let span = value.span.to(self.span(&pair));
        let negated = self.code(&pair) == code::NOT;
        let test = self.type_of(pair)?;
        let typed = above(ExprKind::IsTyped(value, test), span, height)?;
        if negated { wrap(typed, ExprKind::Not, |span| span) } else { Ok(typed) }
    }

    /// Returns the type that a pair's words and signs spell.
    fn type_of(&self, pair: Pair<'_, Rule>) -> Result<TypeTest> {
        let whole = self.span(&pair);
        let mut outer: Vec<Frame> = Vec::new();
        let mut frame = Frame::default();
        for piece in pair.into_inner() {
            let span = self.span(&piece);
            match piece.as_rule() {
                Rule::type_words | Rule::type_more => {
                    frame.last = Some(self.type_words(&piece, frame.last.take(), span)?)
                }
                Rule::type_or => frame.union(span)?,
                Rule::type_open => {
                    let of_any = match frame.last.take() {
                        Some(TypeTest { is: TypeKind::Any, admits_null: true }) => true,
                        Some(TypeTest { is: TypeKind::List(item), .. }) if *item == TypeTest::any() => false,
                        _ => return fail(unexpected("only LIST and ANY have a type in angle brackets", span)),
                    };
                    if outer.len() == LISTS_MAX {
                        return fail(unexpected(format!("a type of more than {LISTS_MAX} lists in each other"), whole));
                    }
                    outer.push(std::mem::replace(&mut frame, Frame { of_any, ..Frame::default() }));
                }
                Rule::type_close => {
                    let Some(outside) = outer.pop() else {
                        return fail(
                            unexpected("this closes no type", span)
                                .hint("put the test in parentheses to compare its result: (x IS :: INTEGER) > y"),
                        );
                    };
                    let inside = std::mem::replace(&mut frame, outside);
                    let of_any = inside.of_any;
                    let inner = inside.finish(span)?;
                    frame.last = Some(if of_any { inner } else { inner.listed() });
                }
                _ => match &mut frame.last {
                    Some(TypeTest { is: TypeKind::Union(_), .. }) => {
                        return fail(
                            unexpected("a union cannot be NOT NULL as a whole", span)
                                .hint("each of its types can: INTEGER NOT NULL | FLOAT NOT NULL"),
                        );
                    }
                    Some(test) => test.admits_null = false,
                    None => return fail(unexpected("a type is missing before NOT NULL", span)),
                },
            }
        }
        if !outer.is_empty() {
            return fail(unexpected("the type in angle brackets is not closed", whole).hint("close it with `>`"));
        }
        frame.finish(whole)
    }

    /// Returns the type of a name of one word or some, with `LIST` or `ARRAY` behind it or not; or of lists of `before`.
    fn type_words(&self, pair: &Pair<'_, Rule>, before: Option<TypeTest>, span: Span) -> Result<TypeTest> {
        let from = first_token(pair);
        let n_tokens = pair.as_span().as_str().len() / 2;
        let words: Vec<String> =
            (from..from + n_tokens).map(|at| self.tokens.text(self.text, at).to_ascii_uppercase()).collect();
        let is_list = |word: &String| matches!(word.as_str(), "LIST" | "ARRAY");
        let n_lists = words.iter().rev().take_while(|word| is_list(word)).count();
        let name = words[..words.len() - n_lists].join(" ");
        if n_lists > LISTS_MAX {
            return fail(unexpected(format!("a type of more than {LISTS_MAX} lists in each other"), span));
        }
        let test = match before {
            Some(before) if name.is_empty() => before,
            None if name.is_empty() => TypeTest::any(),
            None if name == "ANY LIST" || name == "ANY ARRAY" => TypeTest::any(),
            None => match TypeTest::named(&name) {
                Some(test) => test,
                None => return fail(no_type(&name, span)),
            },
            Some(_) => return fail(unexpected(format!("`{name}` behind a type means nothing"), span)),
        };
        Ok((0..n_lists).fold(test, |test, _| test.listed()))
    }
}

impl Frame {
    /// Ends one type of a union.
    fn union(&mut self, span: Span) -> Result<()> {
        let Some(last) = self.last.take() else { return fail(unexpected("a type is missing", span)) };
        let types = match last.is {
            TypeKind::Union(types) => types,
            _ => vec![last],
        };
        for test in types {
            if test.is != TypeKind::Nothing && *self.nullable.get_or_insert(test.admits_null) != test.admits_null {
                let message = "of the types of a union either all or none are NOT NULL, as null is of no type alone";
                return fail(unexpected(message, span));
            }
            self.before.push(test);
        }
        Ok(())
    }

    fn finish(mut self, span: Span) -> Result<TypeTest> {
        if self.before.is_empty() {
            return self.last.map_or_else(|| fail(unexpected("a type is missing", span)), Ok);
        }
        self.union(span)?;
        let admits_null = self.before.iter().any(|test| test.admits_null);
        Ok(TypeTest { is: TypeKind::Union(self.before), admits_null })
    }
}

fn no_type(name: &str, span: Span) -> crate::QueryError {
    let names = NAMES.iter().map(|(name, _)| *name).chain(["LIST", "ARRAY"]);
    let hint = match name {
        "TIME" => Some("write LOCAL TIME or ZONED TIME".to_owned()),
        "DATETIME" | "TIMESTAMP" => Some("write LOCAL DATETIME or ZONED DATETIME".to_owned()),
        _ => suggest::hint(name, names),
    };
    let error = unexpected(format!("there is no type {name}"), span);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

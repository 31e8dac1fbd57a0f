//! Whole questions.

use super::*;

const PLAIN: Question<'_> = Question {
    candidates: 0,
    heads: 1,
    spaces: &[],
    temperature: 1.0,
    prior: 0.0,
    saliences: &[],
    biases: &[],
    boosts: &[],
    selection: None,
    similarity_min: None,
};

/// Answers on every path, and compares with the twin; weights within `near`, as logits are rounded.
fn check_answer(question: &Question<'_>, near: f64) -> Vec<Vec<(u32, f32)>> {
    let truth = naive::answer(question);
    let masked = |i: usize| truth.logits[0][i] == f64::NEG_INFINITY;
    let mut of_paths = Vec::new();
    // One attention for all: what a question leaves behind must not reach the next.
    let mut attention = Attention::default();
    for path in Path::available() {
        attention.answer(path, question);
        let weights: Vec<(u32, f32)> = attention.weights().collect();
        let unmasked: Vec<u32> = (0..question.candidates).filter(|i| !masked(*i)).map(|i| i as u32).collect();
        assert_eq!(weights.iter().map(|(i, _)| *i).collect::<Vec<_>>(), unmasked, "{path:?}");
        for (i, weight) in &weights {
            let want = truth.weights[*i as usize];
            assert!((f64::from(*weight) - want).abs() <= near, "{path:?} candidate {i}: {weight} is not {want}");
        }
        for i in 0..question.candidates {
            check_candidate(&attention, question, &truth, i, near);
        }
        check_top(&attention, &weights);
        of_paths.push(weights);
    }
    of_paths
}

fn check_candidate(attention: &Attention, question: &Question<'_>, truth: &naive::Answer, i: usize, near: f64) {
    let candidate = i as u32;
    match (attention.similarity(candidate), truth.similarities[i]) {
        (Some(got), Some(want)) => assert!((f64::from(got) - want).abs() <= near * (1.0 + want.abs()), "{got} {want}"),
        (got, want) => assert_eq!(got.is_some(), want.is_some(), "similarity of {i}"),
    }
    if truth.logits[0][i] == f64::NEG_INFINITY {
        assert!(attention.logit(candidate).is_none() && attention.parts(question, candidate).is_none());
        return;
    }
    let heads = question.heads as f64;
    let mean: f64 = truth.logits.iter().map(|logits| logits[i]).sum::<f64>() / heads;
    let logit = f64::from(attention.logit(candidate).unwrap());
    assert!((logit - mean).abs() <= near * (1.0 + mean.abs()), "logit of {i}: {logit} is not {mean}");

    let parts: Vec<HeadParts<'_>> = attention.parts(question, candidate).unwrap().collect();
    assert_eq!(parts.len(), question.heads);
    let mut weight = 0.0;
    for (h, head) in parts.iter().enumerate() {
        let spaces: f64 = head.spaces().map(|(part, _)| f64::from(part)).sum();
        let boosts: f64 = head.boosts().map(f64::from).sum();
        let sum = spaces + boosts + f64::from(head.prior) + f64::from(head.bias);
        assert!((sum - f64::from(head.logit)).abs() <= 1e-6 * (1.0 + sum.abs()), "parts of {i} in head {h}");
        assert!((sum - truth.logits[h][i]).abs() <= near * (1.0 + sum.abs()), "logit of {i} in head {h}");
        for ((_, lacks), space) in head.spaces().zip(question.spaces) {
            assert_eq!(lacks, space.rows.is_empty(i));
        }
        weight += f64::from(head.weight) / heads;
    }
    let (_, got) = attention.weights().find(|(at, _)| *at == candidate).unwrap();
    assert!((weight - f64::from(got)).abs() <= 1e-6, "heads of {i} average to {weight}, not {got}");
}

fn check_top(attention: &Attention, weights: &[(u32, f32)]) {
    let scores: Vec<f32> = weights.iter().map(|(_, weight)| *weight).collect();
    for k in [0, 1, 10, weights.len()] {
        let want: Vec<u32> = naive::top(&scores, k).iter().map(|at| weights[*at as usize].0).collect();
        assert_eq!(attention.top(k).iter().map(|ranked| ranked.index).collect::<Vec<_>>(), want);
    }
}

fn space<'a>(metric: Metric, query: &'a [f32], rows: Rows<'a>) -> Space<'a> {
    Space { metric, weight: 1.0, gain: 1.0, query, folded: None, rows }
}

#[test]
fn one_space_by_heads() {
    let mut random = Random::new(41);
    for (d, heads) in [(1, 1), (7, 1), (64, 8), (384, 12), (768, 12), (130, 2)] {
        for n in [0, 1, 3, 50, 65] {
            let query = random.vector(d);
            let rows: Vec<Vec<f32>> = (0..n).map(|_| random.vector(d)).collect();
            for owned in &Owned::all(&rows)[..2] {
                for metric in METRICS {
                    owned.with(|rows| {
                        let spaces = [Space { gain: 3.0, ..space(metric, &query, rows) }];
                        check_answer(
                            &Question { candidates: n, heads, spaces: &spaces, temperature: 2.0, ..PLAIN },
                            2e-5,
                        );
                    });
                }
            }
        }
    }
}

/// Two spaces in different storages, some candidates lacking one or both, with everything a question may have.
#[test]
fn everything_at_once() {
    let mut random = Random::new(42);
    for round in 0..60 {
        let n = random.below(70);
        let heads = [1, 2, 4][random.below(3)];
        let (d, e) = (4 * (1 + random.below(20)), 4 * (1 + random.below(9)));
        let mut lists = |d: usize| -> Vec<Vec<f32>> {
            (0..n).map(|_| if random.below(5) == 0 { Vec::new() } else { random.vector(d) }).collect()
        };
        let (texts, images) = (lists(d), lists(e));
        let (text, image) = (random.vector(d), random.vector(e));
        let folded = random.vector(e * heads);
        let saliences: Vec<f32> = (0..n).map(|_| random.unit().abs() + 1e-3).collect();
        let (biases, near, nearer) = (random.vector(n), random.vector(n), random.vector(n));
        let selection = [random.bits(), random.bits()];
        let [_, texts, _] = Owned::all(&texts);
        let [images, ..] = Owned::all(&images);
        texts.with(|texts| {
            images.with(|images| {
                let spaces = [
                    Space { weight: 0.7, gain: 2.0, ..space(METRICS[round % 3], &text, texts) },
                    Space {
                        weight: 0.3,
                        gain: 0.5,
                        folded: Some(&folded),
                        ..space(METRICS[round % 2], &image, images)
                    },
                ];
                let question = Question {
                    candidates: n,
                    heads,
                    spaces: &spaces,
                    temperature: 0.7,
                    prior: 0.5,
                    saliences: &saliences,
                    biases: &biases,
                    boosts: &[&near, &nearer],
                    selection: (round % 2 == 0).then_some(&selection),
                    similarity_min: None,
                };
                check_answer(&question, 1e-4);
                // A threshold between two similarities, where no rounding of one can cross it.
                let mut similarities: Vec<f64> = naive::answer(&question).similarities.into_iter().flatten().collect();
                similarities.sort_by(f64::total_cmp);
                if let Some(pair) = similarities.windows(2).nth(similarities.len() / 2)
                    && pair[1] - pair[0] > 1e-4
                {
                    let least = Some(((pair[0] + pair[1]) / 2.0) as f32);
                    check_answer(&Question { similarity_min: least, ..question }, 1e-4);
                }
            });
        });
    }
}

#[test]
fn without_a_query_prior_and_boosts_rank() {
    let question = Question { candidates: 3, prior: 1.0, saliences: &[0.5, 1.0, 0.25], ..PLAIN };
    let weights = check_answer(&question, 1e-6);
    assert!((weights[0][1].1 - 1.0 / 1.75).abs() < 1e-6, "a prior of weight 1 is a share of salience");
    check_answer(
        &Question { boosts: &[&[0.0, 1.0, 2.0], &[1.0, 0.0, -5.0]], biases: &[0.1, 0.2, 0.3], ..question },
        1e-6,
    );
    check_answer(&Question { candidates: 4, ..PLAIN }, 1e-6);
}

#[test]
fn no_salience_is_the_smallest_there_is() {
    let question = Question { candidates: 4, prior: 1.0, saliences: &[0.0, -1.0, f32::MIN_POSITIVE, 1.0], ..PLAIN };
    let mut attention = Attention::default();
    attention.answer(Path::best(), &question);
    for candidate in 0..3 {
        assert_eq!(attention.logit(candidate), Some(f32::MIN_POSITIVE.ln()), "candidate {candidate}");
    }
}

#[test]
fn all_masked_is_no_weight_at_all() {
    let (query, row) = ([1.0, 0.0], [0.5, 0.5]);
    let rows: [&[f32]; 3] = [&row; 3];
    let spaces = [space(Metric::Cosine, &query, Rows::F32(&rows))];
    let question = Question { candidates: 3, spaces: &spaces, ..PLAIN };
    for masked in [Question { selection: Some(&[0]), ..question }, Question { similarity_min: Some(0.9), ..question }] {
        for weights in check_answer(&masked, 1e-6) {
            assert_eq!(weights, []);
        }
    }
    // All lack the space: nothing to be compared by, so all are equal; with a minimum, none is.
    let empty: [&[f32]; 3] = [&[]; 3];
    let spaces = [space(Metric::Cosine, &query, Rows::F32(&empty))];
    let lacking = Question { spaces: &spaces, ..question };
    assert!(check_answer(&lacking, 1e-6).iter().all(|weights| weights.len() == 3));
    assert!(check_answer(&Question { similarity_min: Some(-1.0), ..lacking }, 1e-6).iter().all(Vec::is_empty));
}

/// Logits beyond f32 are the largest that it has; nothing becomes not a number.
#[test]
fn huge_logits_stay_numbers() {
    let rows: [&[f32]; 4] = [&[3e38, 3e38], &[-3e38, -3e38], &[0.0, 0.0], &[3e38, -3e38]];
    for path in Path::available() {
        for metric in METRICS {
            for temperature in [1.0, f32::MIN_POSITIVE, 1e-45, f32::MAX] {
                let spaces = [
                    Space { gain: 1e30, ..space(metric, &[3e38, 3e38], Rows::F32(&rows)) },
                    Space { gain: -1e30, ..space(metric, &[3e38, -3e38], Rows::F32(&rows)) },
                ];
                let question = Question {
                    candidates: 4,
                    spaces: &spaces,
                    temperature,
                    prior: f32::MAX,
                    saliences: &[0.0, 1e-45, f32::INFINITY, f32::NAN],
                    biases: &[f32::MAX, f32::MIN, f32::INFINITY, f32::NAN],
                    boosts: &[&[f32::NEG_INFINITY, f32::INFINITY, f32::MIN, f32::MAX]],
                    ..PLAIN
                };
                let mut attention = Attention::default();
                attention.answer(path, &question);
                let sum: f32 = attention.weights().map(|(_, weight)| weight).sum();
                assert!((sum - 1.0).abs() < 1e-6, "{path:?} {metric:?}: weights sum to {sum}");
                assert_eq!(attention.top(4).len(), 4);
                assert!((0..4).all(|i| attention.logit(i).is_some_and(f32::is_finite)));
                assert!((0..4).all(|i| attention.similarity(i).is_some_and(f32::is_finite)));
            }
        }
    }
}

#[test]
fn logits_add_up_to_the_largest_number_at_most() {
    let rows: [&[f32]; 2] = [&[3e38, 3e38], &[-3e38, -3e38]];
    let spaces = [space(Metric::Dot, &[3e38, 3e38], Rows::F32(&rows))];
    let question = Question { candidates: 2, spaces: &spaces, biases: &[f32::MAX, f32::MIN], ..PLAIN };
    for path in Path::available() {
        let mut attention = Attention::default();
        attention.answer(path, &question);
        assert_eq!([attention.logit(0), attention.logit(1)], [Some(f32::MAX), Some(f32::MIN)], "{path:?}");
    }
}

#[test]
fn equal_candidates_have_equal_weights_and_go_by_index() {
    let mut random = Random::new(43);
    let (query, row) = (random.vector(48), random.vector(48));
    let rows: Vec<&[f32]> = vec![&row; 37];
    let spaces = [space(Metric::Dot, &query, Rows::F32(&rows))];
    let question = Question { candidates: 37, heads: 3, spaces: &spaces, ..PLAIN };
    for weights in check_answer(&question, 1e-6) {
        assert!(weights.iter().all(|(_, weight)| *weight == weights[0].1));
    }
}

#[test]
fn many_questions_are_each_question() {
    let mut random = Random::new(44);
    let rows: Vec<Vec<f32>> = (0..300).map(|_| random.vector(32)).collect();
    let queries: Vec<Vec<f32>> = (0..40).map(|_| random.vector(32)).collect();
    let slices: Vec<Vec<&[f32]>> = (0..40).map(|at| rows[..300 - at * 7].iter().map(Vec::as_slice).collect()).collect();
    let spaces: Vec<[Space<'_>; 1]> =
        queries.iter().zip(&slices).map(|(query, rows)| [space(Metric::Cosine, query, Rows::F32(rows))]).collect();
    let questions: Vec<Question<'_>> =
        spaces.iter().map(|spaces| Question { candidates: spaces[0].rows.len(), heads: 4, spaces, ..PLAIN }).collect();
    for path in Path::available() {
        let together = attend_many(path, &questions, |at, attention| (at, attention.top(5)));
        for (at, question) in questions.iter().enumerate() {
            let mut alone = Attention::default();
            alone.answer(path, question);
            assert_eq!(together[at], (at, alone.top(5)), "{path:?}");
        }
    }
}

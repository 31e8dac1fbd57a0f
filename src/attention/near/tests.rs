//! What a walk finds beside what there is.

use std::convert::Infallible;

use super::*;
use crate::attention::{similarity, top};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn row(&mut self, d: usize) -> Vec<f32> {
        let clump = self.next() % 20;
        let mut centre = Random(clump);
        let part = |random: &mut Self| (random.next() >> 40) as f32 / (1 << 23) as f32 - 1.0;
        (0..d).map(|_| 2.0 * part(&mut centre) + part(self)).collect()
    }
}

fn built(metric: Metric, rows: &[Vec<f32>], room: &mut Room) -> Near {
    let longest = rows.iter().map(|row| row.iter().map(|x| x * x).sum::<f32>()).fold(0.0, f32::max).sqrt();
    let mut near = Near::new(Path::best(), metric, rows[0].len(), longest);
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(near.insert(row, room) as usize, at);
    }
    near.secure(0, rows.len(), 64, room);
    near.secured();
    near
}

fn slots(found: &[Found]) -> Vec<u32> {
    found.iter().map(|found| found.slot).collect()
}

#[test]
fn walks_find_what_a_scan_finds() {
    for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
        for d in [1, 3, 24, 65, 128] {
            let (random, room) = (&mut Random(d as u64), &mut Room::default());
            let rows: Vec<Vec<f32>> = (0..1500).map(|_| random.row(d)).collect();
            let near = built(metric, &rows, room);
            let (mut hits, mut n) = (0, 0);
            for _ in 0..50 {
                let query = random.row(d);
                let scores: Vec<f32> = rows.iter().map(|row| similarity(Path::best(), metric, &query, row)).collect();
                let found = near.search(&query, 64, room);
                assert!(found.is_sorted_by(|a, b| a.distance <= b.distance) && found.len() == 64);
                let worst = top(&scores, 10)[9].score;
                // As good as the tenth, but for the rounding of the codes.
                hits += found.iter().filter(|found| scores[found.slot as usize] >= worst).count().min(10);
                n += 10;
            }
            assert!(hits * 100 >= n * 95, "{metric:?} of {d}: {hits} of {n}");
        }
    }
}

#[test]
fn what_is_removed_is_never_found_and_all_else_is() {
    let (random, room) = (&mut Random(1), &mut Room::default());
    let rows: Vec<Vec<f32>> = (0..1200).map(|_| random.row(16)).collect();
    let mut near = built(Metric::Cosine, &rows, room);
    assert!(!near.is_worn());
    for slot in (0..1200).filter(|slot| slot % 3 > 0) {
        near.remove(slot);
        near.remove(slot);
    }
    assert_eq!((near.len(), near.n_slots(), near.is_worn()), (400, 1200, true));
    assert!(near.n_unsecured() == 800 && near.holds(0, &rows[0]) && !near.holds(0, &rows[1]));
    for slot in (0..1200).step_by(3) {
        let found = slots(&near.search(&rows[slot as usize], 64, room));
        assert_eq!(found[0], slot);
        assert!(found.iter().all(|slot| slot % 3 == 0));
    }
    let first = near.insert(&rows[1], room);
    assert_eq!(slots(&near.search(&rows[1], 1, room)), [first]);
}

#[test]
fn filters_are_asked_on_the_way() {
    let (random, room) = (&mut Random(2), &mut Room::default());
    let rows: Vec<Vec<f32>> = (0..2000).map(|_| random.row(16)).collect();
    let near = built(Metric::Euclidean, &rows, room);
    let query = random.row(16);
    let mut asked = 0;
    let mut accept = |slots: &[u32], bits: u32| {
        asked += bits.count_ones();
        let takes = |at: &u32| bits >> at & 1 != 0 && slots[*at as usize].is_multiple_of(50);
        Ok::<_, Infallible>((0..slots.len() as u32).filter(takes).fold(0, |all, at| all | 1 << at))
    };
    let Ok(found) = near.search_where(&query, 10, usize::MAX, room, &mut accept);
    let found = slots(&found.expect("no limit"));
    let scores: Vec<f32> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| match at % 50 {
            0 => similarity(Path::best(), Metric::Euclidean, &query, row),
            _ => f32::NEG_INFINITY,
        })
        .collect();
    let wanted = top(&scores, 10);
    assert!(found.len() == 10 && found.iter().all(|slot| slot.is_multiple_of(50)));
    assert!(wanted.iter().filter(|ranked| found.contains(&ranked.index)).count() >= 9);
    assert!(asked < 2000);
    let Ok(found) = near.search_where(&query, 10, 100, room, &mut |_, _| Ok::<_, Infallible>(0));
    assert_eq!(found, None, "too many were looked at in vain");
    let failed = near.search_where(&query, 10, 100, room, &mut |_, _| Err("no"));
    assert_eq!(failed, Err("no"));
}

#[test]
fn rows_that_are_alike_are_all_found() {
    let (random, room) = (&mut Random(3), &mut Room::default());
    let (same, zeros) = (random.row(8), vec![0.0; 8]);
    let mut rows: Vec<Vec<f32>> = (0..600).map(|_| random.row(8)).collect();
    rows.extend((0..700).map(|_| same.clone()));
    rows.extend((0..300).map(|_| zeros.clone()));
    let mut near = built(Metric::Cosine, &rows, room);
    assert!(near.n_loose() < 20, "{} loose rows", near.n_loose());
    let found = slots(&near.search(&same, 700, room));
    assert!(found.len() == 700 && found.iter().filter(|slot| (600..1300).contains(*slot)).count() == 700);
    // The one that is linked goes; the others stay.
    near.remove(600);
    assert!(near.search(&same, 10, room).iter().all(|found| (601..1300).contains(&found.slot)));
    let mut only = |slots: &[u32], bits: u32| {
        let takes = |at: &u32| bits >> at & 1 != 0 && slots[*at as usize] == 1234;
        Ok::<_, Infallible>((0..slots.len() as u32).filter(takes).fold(0, |all, at| all | 1 << at))
    };
    let Ok(found) = near.search_where(&same, 1, usize::MAX, room, &mut only);
    assert_eq!(slots(&found.expect("no limit")), [1234]);
    let none = Near::new(Path::best(), Metric::Dot, 4, 1.0);
    assert_eq!(none.search(&[1.0; 4], 5, room), []);
}

//! What may tell whether a relationship is attended soon: the signals, each a byte.
use super::{
    frame::{By, Frame, NONE},
    state::{RelState, SCALES},
};

/// A signal's family, as `reflect` tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Frequency,
    Recency,
    Sources,
    Endpoints,
    Type,
    Pair,
    Neighbours,
    Flow,
    Shape,
    Similarity,
}

/// What is summed over groups on one scale.
struct Scale {
    own: Vec<f32>,
    mean: f32,
    sums: [Vec<f32>; 6],
    /// by entity, either role
    entity: Vec<f32>,
    sib_h: Vec<f32>,
    sib_t: Vec<f32>,
    sib_max: Vec<f32>,
    /// per slot
    choice: Vec<f32>,
}

pub(crate) struct Signals<'a> {
    frame: &'a Frame,
    now: f64,
    scales: Vec<Scale>,
    states: Vec<RelState>,
    last_h: Vec<f32>,
    last_t: Vec<f32>,
    flows: Vec<Vec<f32>>,
    choices: Vec<Vec<f32>>,
}

pub(crate) struct Row<'b> {
    out: &'b mut Vec<u8>,
    names: Option<&'b mut Vec<String>>,
}
impl Row<'_> {
    fn ln(&mut self, name: impl Fn() -> String, x: f32) {
        self.raw(name, x.max(1e-6).ln());
    }
    fn raw(&mut self, name: impl Fn() -> String, x: f32) {
        self.out.push(((x + 12.5) * 10.0).round().clamp(0.0, 255.0) as u8);
        if let Some(names) = &mut self.names {
            names.push(name());
        }
    }
}

impl<'a> Signals<'a> {
    pub(crate) fn new(frame: &'a Frame, state: impl Fn(u32) -> RelState, now: f64) -> Signals<'a> {
        let n = frame.len();
        let states: Vec<RelState> = frame.ids.iter().map(|id| state(*id)).collect();
        let mut scales = Vec::new();
        let ne = frame.n_entities;
        for k in 0..SCALES {
            let own: Vec<f32> = states.iter().map(|s| s.strengths_at(now)[k]).collect();
            let total: f32 = own.iter().map(|x| f64::from(*x)).sum::<f64>() as f32;
            let mean = (total / n.max(1) as f32).max(1e-9);
            let sums: [Vec<f32>; 6] = std::array::from_fn(|w| frame.groups[w].sums(&own));
            let mut entity = vec![0.0; ne];
            for (s, x) in own.iter().enumerate() {
                entity[frame.heads[s] as usize] += x;
                entity[frame.tails[s] as usize] += x;
            }
            let mut sc = Scale {
                own,
                mean,
                sums,
                entity,
                sib_h: vec![0.0; ne],
                sib_t: vec![0.0; ne],
                sib_max: vec![-12.0; ne],
                choice: vec![],
            };
            for s in 0..n {
                let (h, t) = (frame.heads[s] as usize, frame.tails[s] as usize);
                let lt = sc.rate(frame, By::TailType, s).ln();
                let lh = sc.rate(frame, By::HeadType, s).ln();
                sc.sib_h[h] += lt;
                sc.sib_t[t] += lh;
                sc.sib_max[h] = sc.sib_max[h].max(lt);
            }
            // attraction of tails among a head's
            let mut att = vec![0.5f32; ne];
            for s in 0..n {
                att[frame.tails[s] as usize] += sc.own[s];
            }
            let mut z = vec![0.0f32; ne];
            for s in 0..n {
                z[frame.heads[s] as usize] += att[frame.tails[s] as usize];
            }
            sc.choice = (0..n).map(|s| att[frame.tails[s] as usize] / z[frame.heads[s] as usize]).collect();
            scales.push(sc);
        }
        let mut last_h = vec![0.0f32; ne];
        let mut last_t = vec![0.0f32; ne];
        for s in 0..n {
            let l = ((states[s].last + 256.0) / (now + 256.0)) as f32;
            if states[s].total > 0.0 {
                let h = &mut last_h[frame.heads[s] as usize];
                *h = h.max(l);
                let t = &mut last_t[frame.tails[s] as usize];
                *t = t.max(l);
            }
        }
        // flows
        let mut flows = Vec::new();
        let mut choices = Vec::new();
        for wt in 0..3 {
            let own = &scales[0].own;
            let mut p: Vec<f32> = match wt {
                0 => vec![1.0; n],
                1 => (0..n).map(|s| scales[0].choice[s] * 1000.0 + 0.0 * own[s]).collect(),
                _ => (0..n)
                    .map(|s| {
                        let t = frame.tails[s] as usize;
                        0.5 + scales[0].sums[By::Tail as usize][frame.groups[1].of[s] as usize]
                            + 5.0 * own[s]
                            + 0.0 * t as f32
                    })
                    .collect(),
            };
            let mut z = vec![0.0f32; ne];
            for s in 0..n {
                z[frame.heads[s] as usize] += p[s];
            }
            for s in 0..n {
                p[s] /= z[frame.heads[s] as usize];
            }
            let mut start = vec![if wt == 0 { 0.01f32 } else { 1.0 }; ne];
            if wt == 0 {
                for s in 0..n {
                    start[frame.heads[s] as usize] += own[s];
                }
            }
            let sum: f32 = start.iter().map(|x| f64::from(*x)).sum::<f64>() as f32;
            start.iter_mut().for_each(|x| *x /= sum);
            let mut x = start.clone();
            for _ in 0..12 {
                let mut y = vec![0.0f32; ne];
                for s in 0..n {
                    y[frame.tails[s] as usize] += x[frame.heads[s] as usize] * p[s];
                }
                let arrived: f32 = y.iter().map(|x| f64::from(*x)).sum::<f64>() as f32;
                for e in 0..ne {
                    x[e] = 0.7 * y[e] + (0.3 + 0.7 * (1.0 - arrived)) * start[e];
                }
            }
            flows.push(x);
            choices.push(p);
        }
        // both ways
        {
            let own = &scales[1].own;
            let mut start = vec![0.001f32; ne];
            for s in 0..n {
                start[frame.heads[s] as usize] += own[s];
                start[frame.tails[s] as usize] += own[s];
            }
            let sum: f32 = start.iter().map(|x| f64::from(*x)).sum::<f64>() as f32;
            start.iter_mut().for_each(|x| *x /= sum);
            let d: Vec<f32> = (0..ne).map(|e| 1.0 / (frame.outs[e] + frame.ins[e]) as f32).collect();
            let mut x = start.clone();
            for _ in 0..12 {
                let mut y = vec![0.0f32; ne];
                for s in 0..n {
                    let (h, t) = (frame.heads[s] as usize, frame.tails[s] as usize);
                    y[t] += x[h] * d[h];
                    y[h] += x[t] * d[t];
                }
                for e in 0..ne {
                    x[e] = 0.7 * y[e] + 0.3 * start[e];
                }
            }
            choices.push((0..n).map(|s| d[frame.heads[s] as usize]).collect());
            flows.push(x);
        }
        Signals { frame, now, scales, states, last_h, last_t, flows, choices }
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let (mut out, mut names) = (Vec::new(), Vec::new());
        if self.frame.len() > 0 {
            self.write(0, &mut Row { out: &mut out, names: Some(&mut names) });
        }
        names
    }
    pub(crate) fn row(&self, s: usize, out: &mut Vec<u8>) {
        self.write(s, &mut Row { out, names: None });
    }

    fn write(&self, s: usize, r: &mut Row) {
        let f = self.frame;
        let (h, t) = (f.heads[s] as usize, f.tails[s] as usize);
        let st = &self.states[s];
        for (k, sc) in self.scales.iter().enumerate() {
            r.ln(|| format!("own{k}"), sc.own[s] + 0.02);
            r.ln(|| format!("ownr{k}"), sc.own[s] / sc.mean + 0.01);
            let tot = sc.mean * f.len() as f32 / 1e4;
            for (w, nm) in ["h", "t", "r", "hr", "rt", "ht"].iter().enumerate() {
                let g = f.groups[w].of[s] as usize;
                if w != 2 {
                    r.ln(|| format!("sum_{nm}{k}"), sc.sums[w][g] / tot + 0.01);
                }
                r.ln(|| format!("rate_{nm}{k}"), sc.rate_w(f, w, s));
            }
            r.ln(|| format!("raw_h{k}"), sc.sums[0][f.groups[0].of[s] as usize] + 0.02);
            r.ln(|| format!("raw_t{k}"), sc.sums[1][f.groups[1].of[s] as usize] + 0.02);
            r.ln(
                || format!("rev{k}"),
                if f.reverse[s] == NONE { 0.0 } else { sc.sums[5][f.reverse[s] as usize] / tot + 0.01 },
            );
            r.ln(|| format!("ent_h{k}"), sc.entity[h] / tot + 0.01);
            r.ln(|| format!("ent_t{k}"), sc.entity[t] / tot + 0.01);
            r.raw(|| format!("sib_h{k}"), 3.0 * sc.sib_h[h] / f.outs[h].max(1) as f32);
            r.raw(|| format!("sib_t{k}"), 3.0 * sc.sib_t[t] / f.ins[t].max(1) as f32);
            r.raw(|| format!("sib_max{k}"), 2.0 * sc.sib_max[h]);
            r.raw(|| format!("sib_sum{k}"), sc.sib_h[h].signum() * sc.sib_h[h].abs().sqrt());
            r.ln(|| format!("choice{k}"), sc.choice[s]);
            r.ln(|| format!("flow{k}"), sc.choice[s] * (sc.sums[0][f.groups[0].of[s] as usize] + 0.5) / sc.mean);
        }
        let age = |x: f64| (1.0 - (x + 256.0) / (self.now + 256.0)) as f32;
        let seen = st.total > 0.0;
        r.raw(|| "rec".into(), if seen { 12.0 * age(st.last) } else { 12.9 });
        r.raw(|| "age".into(), if seen { 12.0 * age(st.first) } else { 12.9 });
        r.raw(|| "rec_h".into(), 12.0 * (1.0 - self.last_h[h]));
        r.raw(|| "rec_t".into(), 12.0 * (1.0 - self.last_t[t]));
        r.raw(|| "act".into(), st.activation(self.now).map_or(-12.4, |x| 2.0 * x as f32));
        r.ln(|| "src".into(), st.distinct_sources() + 0.01);
        r.ln(|| "deg_ho".into(), f.outs[h] as f32);
        r.ln(|| "deg_hi".into(), f.ins[h] as f32);
        r.ln(|| "deg_to".into(), f.outs[t] as f32);
        r.ln(|| "deg_ti".into(), f.ins[t] as f32);
        for (w, nm) in [(3, "hr"), (4, "rt"), (5, "ht")] {
            r.ln(|| format!("deg_{nm}"), f.groups[w].sizes[f.groups[w].of[s] as usize] as f32);
        }
        for k in 0..4 {
            let (x, p) = (&self.flows[k], &self.choices[k]);
            r.ln(|| format!("ppr_rel{k}"), x[h] * p[s] * f.len() as f32);
            r.ln(|| format!("ppr_h{k}"), x[h] * f.n_entities as f32);
            r.ln(|| format!("ppr_t{k}"), x[t] * f.n_entities as f32);
        }
    }
}

impl Scale {
    fn rate(&self, f: &Frame, by: By, s: usize) -> f32 {
        self.rate_w(f, by as usize, s)
    }
    fn rate_w(&self, f: &Frame, w: usize, s: usize) -> f32 {
        let g = f.groups[w].of[s] as usize;
        (self.sums[w][g] / self.mean + 2.0) / (f.groups[w].sizes[g] as f32 + 2.0)
    }
}

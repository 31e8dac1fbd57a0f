//! The judge as numbers, to be stored: `[version, parts…]`, each list after its length. What comes back gives the same bits.

use super::{
    model::{Calibration, Judge},
    reflect::{Bin, Report},
    signals::SIGNALS,
    trees::{Node, Trees},
};

/// Raised whenever the numbers, or the signals that trees refer to, change their meaning: what was learnt before is then
/// learnt anew.
const VERSION: f64 = 1.0;

impl Judge {
    /// Returns the numbers that [`Judge::from_numbers`] turns back into this judge.
    pub(crate) fn to_numbers(&self) -> Vec<f64> {
        let mut all = vec![VERSION, SIGNALS as f64, self.calibration.offset, self.calibration.slope];
        all.push(self.reports.len() as f64);
        for report in &self.reports {
            all.extend([report.at, report.length, report.rows]);
            all.extend(report.kept);
            all.extend([report.calibration.offset, report.calibration.slope]);
            all.extend(report.bins.iter().flat_map(|bin| [bin.n, bin.foreseen, bin.attended]));
            all.extend(report.families);
        }
        let Some(trees) = &self.trees else { return all };
        all.push(trees.base);
        all.extend(&trees.gains);
        all.push(trees.trees.len() as f64);
        for tree in &trees.trees {
            all.push(tree.len() as f64);
            for Node { signal, at_most, left, right, value } in tree {
                let test = [f64::from(*signal), f64::from(*at_most), f64::from(*left), f64::from(*right)];
                all.extend(test.into_iter().chain([f64::from(*value)]));
            }
        }
        all
    }

    /// Returns the judge that these numbers are; `None` where they are of another version or of none.
    pub(crate) fn from_numbers(numbers: &[f64]) -> Option<Judge> {
        let mut reader = Reader(numbers);
        if reader.array()? != [VERSION, SIGNALS as f64] {
            return None;
        }
        let calibration = reader.calibration()?;
        let n_reports = reader.length(Report::KEPT_MAX)?;
        let reports = (0..n_reports).map(|_| reader.report()).collect::<Option<Vec<Report>>>()?;
        let trees = if reader.0.is_empty() { None } else { Some(reader.trees()?) };
        reader.0.is_empty().then_some(Judge { trees, calibration, reports })
    }
}

/// The numbers that are left.
struct Reader<'a>(&'a [f64]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[f64; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn length(&mut self, most: usize) -> Option<usize> {
        let [length] = self.array()?;
        (length >= 0.0 && length <= most as f64 && length.fract() == 0.0).then_some(length as usize)
    }

    fn calibration(&mut self) -> Option<Calibration> {
        let [offset, slope] = self.array()?;
        Some(Calibration { offset, slope })
    }

    fn report(&mut self) -> Option<Report> {
        let [at, length, rows] = self.array()?;
        let (kept, calibration) = (self.array()?, self.calibration()?);
        let mut bins: [Bin; _] = Report::default().bins;
        for bin in &mut bins {
            let [n, foreseen, attended] = self.array()?;
            *bin = Bin { n, foreseen, attended };
        }
        Some(Report { at, length, rows, kept, calibration, bins, families: self.array()? })
    }

    fn trees(&mut self) -> Option<Trees> {
        let [base] = self.array()?;
        let gains = self.array::<SIGNALS>()?.to_vec();
        let n = self.length(4096)?;
        let trees = (0..n).map(|_| self.tree()).collect::<Option<_>>()?;
        Some(Trees { base, trees, gains })
    }

    /// Reads a tree whose nodes lead only to later ones, so that every way down ends.
    fn tree(&mut self) -> Option<Vec<Node>> {
        let n = self.length(usize::from(u16::MAX)).filter(|n| *n > 0)?;
        let whole = |number: f64, below: usize| {
            (number >= 0.0 && number < below as f64 && number.fract() == 0.0).then_some(number as u16)
        };
        let mut tree = Vec::with_capacity(n.min(64));
        for at in 0..n {
            let [signal, at_most, left, right, value] = self.array()?;
            let (signal, at_most) = (whole(signal, SIGNALS)?, whole(at_most, 256)? as u8);
            let (left, right) = (whole(left, n)?, whole(right, n)?);
            let leaf = left == 0 && right == 0;
            if !leaf && (usize::from(left) <= at || usize::from(right) <= at) {
                return None;
            }
            tree.push(Node { signal, at_most, left, right, value: value as f32 });
        }
        Some(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{frame::tests::ring, learner::Learner, learner::tests::use_ring},
        *,
    };

    #[test]
    fn numbers_give_the_same_back_and_broken_ones_nothing() {
        let mut learner = Learner::default();
        use_ring(&mut learner, &ring(400), 5000);
        let numbers = learner.judge.to_numbers();
        assert_eq!(Judge::from_numbers(&numbers).as_ref(), Some(&learner.judge));
        assert_eq!(Judge::from_numbers(&Judge::default().to_numbers()), Some(Judge::default()));
        for broken in (0..numbers.len()).step_by(7) {
            assert_eq!(Judge::from_numbers(&numbers[..broken]), None, "cut at {broken}");
        }
        let mut other = numbers.clone();
        other[0] = 2.0;
        assert_eq!(Judge::from_numbers(&other), None);
        let tree = numbers.len() - 5 * learner.judge.trees.as_ref().map_or(0, |trees| trees.trees[99].len());
        for (at, to) in [(tree + 2, 1e6), (tree, SIGNALS as f64), (tree + 2, -1.0)] {
            let mut other = numbers.clone();
            other[at] = to;
            assert_eq!(Judge::from_numbers(&other), None, "{at} made {to}");
        }
    }
}

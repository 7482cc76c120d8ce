//! Samples in turns, and what they say.

use std::time::Duration;

use crate::body::Work;
use crate::load::Load;
use crate::peers::{Contender, Sample};
use crate::shapes::Deps;

/// All samples of one contender, in the order of the turns; none where it cannot run.
pub type Series = Vec<Sample>;

/// Takes one sample of each contender in turn, `turns` times: A B C A B C and so on, so that a slow
/// moment of the machine hits all of them.
pub fn in_turns(contenders: &mut [Box<dyn Contender>], load: &Load, turns: usize) -> Vec<Series> {
    let mut series = vec![Series::new(); contenders.len()];
    for _ in 0..turns {
        for (contender, series) in contenders.iter_mut().zip(&mut series) {
            series.extend(contender.sample(load));
        }
    }
    series
}

/// The median of what `part` takes of each sample, in ns.
pub fn nanos(series: &[Sample], part: fn(&Sample) -> Duration) -> Option<f64> {
    median(series.iter().map(|sample| part(sample).as_nanos() as f64))
}

/// How long `part` takes, compared with the other series: the median of the ratios of each turn.
pub fn ratio(series: &[Sample], to: &[Sample], part: fn(&Sample) -> Duration) -> Option<f64> {
    let ratio = |(a, b)| part(a).as_secs_f64() / part(b).as_secs_f64();
    median(series.iter().zip(to).map(ratio))
}

/// The median, if there is anything.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

/// The geometric mean, if there is anything.
pub fn geometric_mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let logs: Vec<f64> = values.into_iter().map(f64::ln).collect();
    (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp())
}

/// The least part of the serial time in which `workers` can do the works: an equal share, or the
/// longest path if that takes longer. Only for works that last.
pub fn ideal_share(deps: &Deps, works: &[Work], workers: usize) -> f64 {
    let mut ends: Vec<u64> = Vec::with_capacity(works.len());
    for (work, row) in works.iter().zip(deps.rows()) {
        let start = row.iter().map(|&dep| ends[dep as usize]).max().unwrap_or(0);
        ends.push(start + u64::from(work.nanos));
    }
    let longest = ends.into_iter().max().unwrap_or(0) as f64;
    let total: u64 = works.iter().map(|work| u64::from(work.nanos)).sum();
    (longest / total as f64).max(1.0 / workers as f64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{geometric_mean, ideal_share, in_turns, median, nanos, ratio};
    use crate::body::Body;
    use crate::load::Load;
    use crate::peers::{Contender, Sample};
    use crate::shapes::Shape;

    fn sample(nanos: u64) -> Sample {
        Sample { build: Duration::ZERO, run: Duration::from_nanos(nanos) }
    }

    #[test]
    fn medians() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0]), Some(3.0));
        assert_eq!(median([9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([9.0, 1.0, 2.0, 4.0]), Some(3.0));
        assert_eq!(nanos(&[sample(5), sample(1), sample(900)], |sample| sample.run), Some(5.0));
    }

    #[test]
    fn geometric_means() {
        assert_eq!(geometric_mean([]), None);
        assert!((geometric_mean([0.5, 2.0]).unwrap() - 1.0).abs() < 1e-12);
        assert!((geometric_mean([1.0, 10.0, 100.0]).unwrap() - 10.0).abs() < 1e-12);
    }

    #[test]
    fn a_ratio_compares_samples_of_the_same_turn() {
        // the second turn met a slow machine, and the third a hiccup of one contender
        let (a, b) = ([sample(10), sample(100), sample(10)], [sample(20), sample(200), sample(900)]);
        assert_eq!(ratio(&a, &b, |sample| sample.run), Some(0.5));
        assert_eq!(ratio(&[], &b, |sample| sample.run), None);
    }

    #[test]
    fn the_ideal_is_an_equal_share_or_the_longest_path() {
        let share = |shape: Shape, n, workers| {
            let deps = shape.edges(n);
            ideal_share(&deps, &Body::Spin(Duration::from_micros(1)).works(deps.tasks()), workers)
        };
        assert_eq!(share(Shape::Chain, 10, 4), 1.0);
        assert_eq!(share(Shape::Ladder, 301, 2), 201.0 / 301.0);
        assert_eq!(share(Shape::Grid, 10_000, 2), 0.5);
        assert_eq!(share(Shape::Fan, 4, 8), 0.75);
    }

    #[test]
    fn contenders_take_turns_and_may_pass() {
        struct Counts(std::rc::Rc<std::cell::Cell<u64>>);
        impl Contender for Counts {
            fn sample(&mut self, _: &Load) -> Option<Sample> {
                self.0.set(self.0.get() + 1);
                Some(sample(self.0.get()))
            }
        }
        struct Passes;
        impl Contender for Passes {
            fn sample(&mut self, _: &Load) -> Option<Sample> {
                None
            }
        }
        let turn = std::rc::Rc::default();
        let mut contenders: Vec<Box<dyn Contender>> =
            vec![Box::new(Counts(std::rc::Rc::clone(&turn))), Box::new(Passes), Box::new(Counts(turn))];
        let series = in_turns(&mut contenders, &Load::new(Shape::Chain.edges(1), Body::Empty), 2);
        assert_eq!(series, [vec![sample(1), sample(3)], vec![], vec![sample(2), sample(4)]]);
    }
}

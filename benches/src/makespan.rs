//! How much sooner runs end where it is known how long jobs take, in simulation.
//!
//! The graphs are those of the other benches, the durations log-normal: most jobs are short, a few are long. Each run is
//! compared with what no order could be better than: the longer of the longest way through the graph and of all work
//! shared evenly.

use std::time::Duration;

use dojobber::testkit::Simulation;
use dojobber::{Graph, Plan, Report};

use crate::random::Random;
use crate::shapes::{Deps, Shape};
use crate::table::Table;

/// How much longer runs take than the bound, as geometric means over several draws of the durations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratios {
    /// What has become ready first begins first.
    pub fifo: f64,
    /// The longest way begins first.
    pub timed: f64,
}

/// Runs of `tasks` tasks on so many workers.
pub fn ratios(shape: Shape, tasks: u32, workers: usize, draws: u64) -> Ratios {
    let deps = shape.edges(tasks);
    let logs = (0..draws).map(|seed| {
        let case = Case::new(&deps, seed);
        let bound = case.bound(workers);
        [case.makespan(workers, None), case.makespan(workers, Some(&case.earlier))]
            .map(|time| (time / bound).ln())
    });
    let [fifo, timed] = logs.fold([0.0; 2], |sums, logs| [sums[0] + logs[0], sums[1] + logs[1]]);
    Ratios { fifo: (fifo / draws as f64).exp(), timed: (timed / draws as f64).exp() }
}

/// A table of all shapes, and of the geometric mean of each column.
pub fn table(tasks: u32, workers: &[usize], draws: u64) -> Table {
    let header =
        workers.iter().flat_map(|workers| [format!("{workers}: FIFO"), format!("{workers}: timings")]);
    let mut table = Table::new(std::iter::once("shape, workers".to_owned()).chain(header));
    let mut logs = vec![0.0; 2 * workers.len()];
    for shape in Shape::ALL {
        let ratios = workers.iter().map(|workers| ratios(shape, tasks, *workers, draws));
        let ratios: Vec<f64> = ratios.flat_map(|ratios| [ratios.fifo, ratios.timed]).collect();
        logs.iter_mut().zip(&ratios).for_each(|(sum, ratio)| *sum += ratio.ln());
        table.push(std::iter::once(shape.name().to_owned()).chain(ratios.into_iter().map(number)));
    }
    let means = logs.into_iter().map(|sum| number((sum / Shape::ALL.len() as f64).exp()));
    table.push(std::iter::once("geometric mean".to_owned()).chain(means));
    table
}

fn number(ratio: f64) -> String {
    format!("{ratio:.4}")
}

/// One graph with durations.
struct Case {
    deps: Deps,
    times: Vec<Duration>,
    plan: Plan<'static>,
    /// A simulated run, from which the durations are known.
    earlier: Report,
}

impl Case {
    fn new(deps: &Deps, seed: u64) -> Self {
        let mut random = Random::seeded(seed);
        let times: Vec<Duration> = (0..deps.tasks()).map(|_| log_normal(&mut random)).collect();
        let names: Vec<String> = (0..deps.tasks()).map(|task| task.to_string()).collect();
        let mut graph = Graph::new();
        for ((name, row), time) in names.iter().zip(deps.rows()).zip(times.iter().copied()) {
            let after = row.iter().map(|task| &names[*task as usize]);
            graph = graph.job(name).after(after).run_only(move |cx| cx.sleep(time));
        }
        let plan = graph.compile().expect("the names and the shapes are sound");
        let earlier = Simulation::new(seed).run(&plan, ()).into_report();
        Self { deps: deps.clone(), times, plan, earlier }
    }

    /// In seconds.
    fn makespan(&self, workers: usize, earlier: Option<&Report>) -> f64 {
        let takes = |name: &str| self.times[name.parse::<usize>().expect("names are numbers")];
        Simulation::new(0).workers(workers).timings(earlier).makespan(&self.plan, takes).as_secs_f64()
    }

    /// No run is shorter, in seconds.
    fn bound(&self, workers: usize) -> f64 {
        let mut ends = vec![0.0_f64; self.times.len()];
        for (task, row) in self.deps.rows().enumerate() {
            let begin = row.iter().map(|on| ends[*on as usize]).fold(0.0, f64::max);
            ends[task] = begin + self.times[task].as_secs_f64();
        }
        let work: f64 = self.times.iter().map(Duration::as_secs_f64).sum();
        ends.into_iter().fold(work / workers as f64, f64::max)
    }
}

/// The median is a second; one in six takes less than 0.37 s, and one in six more than 2.7 s.
fn log_normal(random: &mut Random) -> Duration {
    let mut uniform = || (random.next() >> 11) as f64 / (1_u64 << 53) as f64;
    let (radius, angle) = ((1.0 - uniform()).ln(), uniform() * std::f64::consts::TAU);
    Duration::from_secs_f64(((-2.0 * radius).sqrt() * angle.cos()).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timings_are_better_than_first_in_first_out_and_near_the_bound() {
        let mut log = 0.0;
        let workers = [2, 4, 16];
        for shape in Shape::ALL {
            for workers in workers {
                let Ratios { fifo, timed } = ratios(shape, 1_000, workers, 1);
                let is_bound = fifo < 1.000_001; // no order is better
                assert!(
                    timed >= 0.999_999 && (timed < fifo || is_bound),
                    "{shape} {workers}: {timed} {fifo}"
                );
                log += timed.ln();
            }
        }
        let mean = (log / (Shape::ALL.len() * workers.len()) as f64).exp();
        assert!(mean <= 1.05, "{mean}");
    }
}

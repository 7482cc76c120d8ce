//! What a task does: nothing, or spinning for a while.

use std::hint::black_box;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::random::Random;
use crate::shapes::Deps;

/// How long the tasks of a graph spin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Not at all: the clock is not even read.
    Empty,
    /// Each for the same time.
    Spin(Duration),
    /// From 0.1 us to 12.8 us, doubling eight times, each as likely as the others: 3.2 us on average.
    Uneven,
}

/// What one task does. It is copied into a contender's closure, which thus captures 16 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// How long it spins.
    pub nanos: u32,
    /// Its number.
    pub task: u32,
    /// Where it leaves its mark, in tests of a contender.
    pub trace: Option<&'static Trace>,
}

/// In which order the tasks of one graph were done.
#[derive(Debug)]
pub struct Trace {
    done: AtomicU32,
    places: Vec<AtomicU32>,
}

impl Body {
    /// The work of `tasks` tasks.
    pub fn works(self, tasks: u32) -> Vec<Work> {
        (0..tasks).map(|task| Work { nanos: self.nanos(task), task, trace: None }).collect()
    }

    fn nanos(self, task: u32) -> u32 {
        match self {
            Self::Empty => 0,
            Self::Spin(time) => time.as_nanos() as u32,
            Self::Uneven => 100 << Random::seeded(u64::from(task)).below(8),
        }
    }

    /// The name in tables and arguments.
    pub fn name(self) -> String {
        match self {
            Self::Empty => "empty".to_owned(),
            Self::Spin(time) => format!("{}us", time.as_micros()),
            Self::Uneven => "uneven".to_owned(),
        }
    }
}

impl FromStr for Body {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let micros =
            || name.strip_suffix("us")?.parse().ok().filter(|micros| (1..=1_000_000).contains(micros));
        match name {
            "empty" => Ok(Self::Empty),
            "uneven" => Ok(Self::Uneven),
            _ => micros()
                .map(|micros| Self::Spin(Duration::from_micros(micros)))
                .ok_or_else(|| format!("there is no body {name}: use empty, uneven, or 1us to 1000000us")),
        }
    }
}

impl Work {
    /// Does it.
    pub fn run(self) {
        let nanos = black_box(self.nanos);
        if nanos > 0 {
            spin(nanos);
        }
        if let Some(trace) = self.trace {
            trace.mark(self.task);
        }
    }
}

impl Trace {
    /// An empty trace that lives to the end, since some contenders take only what does.
    pub fn leaked(tasks: u32) -> &'static Self {
        let places = (0..tasks).map(|_| AtomicU32::new(0)).collect();
        Box::leak(Box::new(Self { done: AtomicU32::new(0), places }))
    }

    /// Notes that `task` was done just now.
    pub fn mark(&self, task: u32) {
        let place = self.done.fetch_add(1, Ordering::AcqRel) + 1;
        self.places[task as usize].store(place, Ordering::Release);
    }

    /// Asserts that there was a run, and that the last one did every task once and none before one
    /// that it depends on.
    ///
    /// # Panics
    ///
    /// If this is not so.
    #[track_caller]
    pub fn check(&self, deps: &Deps) {
        let done = self.done.load(Ordering::Acquire);
        assert!(done > 0 && done.is_multiple_of(deps.tasks()), "{done} tasks done of {}", deps.tasks());
        let place = |task: u32| self.places[task as usize].load(Ordering::Acquire);
        for (task, row) in (0..).zip(deps.rows()) {
            assert!(place(task) > done - deps.tasks(), "task {task} is missing in the last run");
            for &dep in row {
                assert!(place(dep) < place(task), "task {task} was done before its dependency {dep}");
            }
        }
    }
}

#[inline(never)] // an empty body should not even save registers for it
fn spin(nanos: u32) {
    let time = Duration::from_nanos(u64::from(nanos));
    let start = Instant::now();
    while start.elapsed() < time {}
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Body, Trace, Work};
    use crate::shapes::Shape;

    #[test]
    fn works_are_numbered_and_last_as_long_as_the_body_says() {
        let works = Body::Spin(Duration::from_micros(10)).works(3);
        assert_eq!(
            works.iter().map(|work| (work.task, work.nanos)).collect::<Vec<_>>(),
            [(0, 10_000), (1, 10_000), (2, 10_000)]
        );
        assert!(Body::Empty.works(3).iter().all(|work| work.nanos == 0));
    }

    #[test]
    fn uneven_works_are_the_same_every_time_and_average_as_documented() {
        let nanos: Vec<u32> = Body::Uneven.works(10_000).iter().map(|work| work.nanos).collect();
        let again: Vec<u32> = Body::Uneven.works(10_000).iter().map(|work| work.nanos).collect();
        assert_eq!(nanos, again);
        assert_eq!((nanos.iter().min(), nanos.iter().max()), (Some(&100), Some(&12_800)));
        let mean = nanos.iter().sum::<u32>() / 10_000;
        assert!((3_000..3_400).contains(&mean), "{mean}");
    }

    #[test]
    fn a_work_captures_sixteen_bytes() {
        assert_eq!(size_of::<Work>(), 16);
    }

    #[test]
    fn names_are_read_back() {
        for body in [Body::Empty, Body::Uneven, Body::Spin(Duration::from_micros(10))] {
            assert_eq!(body.name().parse(), Ok(body));
        }
        assert!("0us".parse::<Body>().is_err());
        assert!("long".parse::<Body>().is_err());
    }

    fn traced(order: &[u32]) -> &'static Trace {
        let trace = Trace::leaked(3);
        order.iter().for_each(|&task| trace.mark(task));
        trace
    }

    #[test]
    fn a_trace_accepts_runs_in_order() {
        traced(&[0, 1, 2]).check(&Shape::Chain.edges(3));
        traced(&[0, 1, 2, 0, 1, 2]).check(&Shape::Chain.edges(3));
    }

    #[test]
    #[should_panic(expected = "task 2 was done before its dependency 1")]
    fn a_trace_refuses_a_task_before_its_dependency() {
        traced(&[0, 2, 1]).check(&Shape::Chain.edges(3));
    }

    #[test]
    #[should_panic(expected = "task 0 is missing")]
    fn a_trace_refuses_a_missing_task() {
        traced(&[1, 1, 2]).check(&Shape::Chain.edges(3));
    }
}

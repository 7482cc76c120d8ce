//! The machine on which the figures were taken.

use std::fmt;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use crate::measure::median;

/// The processor and how many threads it runs at once, as far as the system tells.
pub fn description() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {threads} hardware threads", model(&info).unwrap_or("unknown processor"))
}

fn model(info: &str) -> Option<&str> {
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

/// How many ns a cache line takes to another core and back.
#[derive(Clone, Copy, Debug)]
pub struct RoundTrip {
    /// The fastest of several rallies between two threads.
    pub fastest: f64,
    /// Their median: far above the fastest, the machine is busy and no figure is to be trusted.
    pub median: f64,
}

/// Measures it. Where figures of two runs differ, look here first.
pub fn round_trip() -> RoundTrip {
    let rallies = rallies(50, 2_000);
    RoundTrip {
        fastest: rallies.iter().copied().fold(f64::INFINITY, f64::min),
        median: median(rallies).unwrap_or(f64::NAN),
    }
}

impl fmt::Display for RoundTrip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cache-line round trip {:.0} ns (fastest {:.0})", self.median, self.fastest)
    }
}

/// How busy others keep the machine from a moment on, in ticks of the system's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watch {
    /// All that passed, on all processors.
    total: u64,
    /// Ticks in which a processor did something, or was lent to another virtual machine.
    busy: u64,
    /// Ticks used by this process and its children.
    own: u64,
}

impl Watch {
    /// From now on; `None` where the system does not tell.
    pub fn start() -> Option<Self> {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self::parse(&read("/proc/stat"), &read("/proc/self/stat"))
    }

    /// The part of the machine that others took since the start, from 0 to 1. A good table has been
    /// taken where this is nearly 0.
    pub fn taken_by_others(&self) -> Option<f64> {
        Some(self.until(Self::start()?))
    }

    fn until(&self, end: Self) -> f64 {
        let total = end.total.saturating_sub(self.total).max(1);
        let others = end.busy.saturating_sub(self.busy).saturating_sub(end.own - self.own);
        others as f64 / total as f64
    }

    fn parse(machine: &str, process: &str) -> Option<Self> {
        const IDLE: [usize; 2] = [3, 4];
        const OWN: std::ops::Range<usize> = 11..15;
        // user, nice, system, idle, waiting, interrupts (two kinds), stolen; guests are in user
        let line = machine.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<u64> = numbers(line).take(8).collect();
        let total = ticks.iter().sum();
        // the name of the program stands in parentheses and may have spaces; the state follows
        let own = numbers(process.rsplit_once(") ")?.1).collect::<Vec<_>>();
        Some(Self {
            total,
            busy: total - IDLE.iter().map(|&place| ticks.get(place)).sum::<Option<u64>>()?,
            own: own.get(OWN)?.iter().sum(),
        })
    }
}

/// The words of a line as numbers, with 0 for what is none.
fn numbers(line: &str) -> impl Iterator<Item = u64> {
    line.split_whitespace().map(|word| word.parse().unwrap_or(0))
}

/// A counter in a cache line of its own, and of the one that is fetched along with it.
#[derive(Default)]
#[repr(align(128))]
struct Line(AtomicU32);

/// Two threads send numbers to each other, each by its own line; returns ns per number and answer
/// for each rally. They stay the same for all of them, since at first both may share a processor.
fn rallies(count: u32, strokes: u32) -> Vec<f64> {
    let (there, back) = (Line::default(), Line::default());
    let wait = |line: &Line, stroke| while line.0.load(Ordering::Acquire) != stroke {};
    let rally = |rally| {
        let start = Instant::now();
        for stroke in rally * strokes + 1..=(rally + 1) * strokes {
            there.0.store(stroke, Ordering::Release);
            wait(&back, stroke);
        }
        start.elapsed().as_nanos() as f64 / f64::from(strokes)
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            for stroke in 1..=count * strokes {
                wait(&there, stroke);
                back.0.store(stroke, Ordering::Release);
            }
        });
        (0..count).map(rally).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{Watch, model, rallies};

    #[test]
    fn the_model_is_read() {
        let info = "processor\t: 0\nmodel name\t: A Processor 9000\nflags\t: fpu\n";
        assert_eq!(model(info), Some("A Processor 9000"));
        assert_eq!(model(""), None);
    }

    #[test]
    fn what_others_take_is_what_is_busy_without_us() {
        let watch = |machine: &str, own: &str| {
            Watch::parse(machine, &format!("7 (a (b) c) S 1 1 1 0 -1 0 0 0 0 0 {own} 20 0")).unwrap()
        };
        let start = watch("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1", "10 5 0 0");
        let end = watch("cpu  160 10 60 890 60 0 0 20 0 0\ncpu0 1", "30 15 10 10");
        assert_eq!(start, Watch { total: 1_000, busy: 150, own: 15 });
        // 200 ticks passed, 100 of them busy, 50 of those with our work
        assert_eq!(start.until(end), 0.25);
        assert_eq!(Watch::parse("", ""), None);
    }

    #[test]
    fn every_rally_comes_to_its_end() {
        let rallies = rallies(3, 2);
        assert_eq!(rallies.len(), 3);
        assert!(rallies.iter().all(|&nanos| nanos > 0.0), "{rallies:?}");
    }
}

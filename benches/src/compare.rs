//! Contenders side by side: one load after the other, and tables of ns per task and of ratios.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::body::Body;
use crate::load::Load;
use crate::machine::{self, Watch};
use crate::measure::{Series, geometric_mean, ideal_share, in_turns, nanos, ratio};
use crate::peers::{Contender, Sample, Serial, contender};
use crate::shapes::Shape;
use crate::table::{Table, number};

/// The contenders, and last, without a name, a plain loop.
pub struct Field {
    names: Vec<String>,
    contenders: Vec<Box<dyn Contender>>,
    workers: usize,
}

/// The samples of several contenders, for the same number of tasks in several shapes.
#[derive(Debug)]
pub struct Comparison {
    /// The contenders that took part; the others are compared with the first.
    pub names: Vec<String>,
    /// How many tasks were asked for.
    pub size: u32,
    /// On how many threads.
    pub workers: usize,
    /// What the tasks did.
    pub body: Body,
    columns: Vec<Column>,
    circumstances: String,
}

/// One column of a table.
#[derive(Debug)]
struct Column {
    shape: Shape,
    tasks: f64,
    ideal_share: f64,
    /// The series of the contenders, in their order.
    series: Vec<Series>,
}

/// A line of a table: something of each shape, where there is something.
pub type Line = Vec<Option<f64>>;

impl Field {
    /// The contenders that can be had, and why the others cannot.
    pub fn new(names: &[impl AsRef<str>], workers: usize, dir: &Path) -> (Self, Vec<String>) {
        let (mut field, mut skipped) =
            (Self { names: Vec::new(), contenders: Vec::new(), workers }, Vec::new());
        for name in names.iter().map(AsRef::as_ref) {
            match contender(name, workers, dir) {
                Ok(contender) => {
                    field.names.push(name.to_owned());
                    field.contenders.push(contender);
                }
                Err(reason) => skipped.push(format!("{name} is skipped: {reason}")),
            }
        }
        field.contenders.push(Box::new(Serial));
        (field, skipped)
    }

    /// Takes so many samples of each, in turns.
    pub fn compare(&mut self, shapes: &[Shape], size: u32, body: Body, samples: usize) -> Comparison {
        let round_trip = machine::round_trip();
        let watch = Watch::start();
        let columns = shapes.iter().map(|&shape| self.column(shape, size, body, samples)).collect();
        let others = watch.and_then(|watch| watch.taken_by_others()).unwrap_or(f64::NAN);
        Comparison {
            names: self.names.clone(),
            size,
            workers: self.workers,
            body,
            columns,
            circumstances: format!("{round_trip}, others took {:.0} % of the machine", 100.0 * others),
        }
    }

    fn column(&mut self, shape: Shape, size: u32, body: Body, samples: usize) -> Column {
        let load = Load::new(shape.edges(size), body);
        Column {
            shape,
            tasks: f64::from(load.deps.tasks()),
            ideal_share: ideal_share(&load.deps, &load.works, self.workers),
            series: in_turns(&mut self.contenders, &load, samples),
        }
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Comparison {
    /// The title: tasks, workers and body.
    pub fn title(&self) -> String {
        let workers = if self.workers == 1 { "worker" } else { "workers" };
        format!("{} tasks, {} {workers}, body: {}", self.size, self.workers, self.body.name())
    }

    /// The shapes of the columns.
    pub fn shapes(&self) -> impl Iterator<Item = Shape> {
        self.columns.iter().map(|column| column.shape)
    }

    /// ns per task of a run.
    pub fn run_nanos(&self, name: &str) -> Option<Line> {
        self.per_task(name, run)
    }

    /// ns per task of building.
    pub fn build_nanos(&self, name: &str) -> Option<Line> {
        self.per_task(name, |sample| sample.build)
    }

    /// The time of a run, compared with that of another contender.
    pub fn run_ratio(&self, name: &str, to: &str) -> Option<Line> {
        let (place, to) = (self.place(name)?, self.place(to)?);
        Some(self.columns.iter().map(|c| ratio(&c.series[place], &c.series[to], run)).collect())
    }

    /// One line for each shape, contender and part: to be read by programs.
    pub fn csv(&self) -> String {
        let mut text = String::new();
        for column in &self.columns {
            for (place, name) in self.names.iter().enumerate() {
                for (part, of) in [("build", build as fn(&Sample) -> Duration), ("run", run)] {
                    let Some(nanos) = nanos(&column.series[place], of) else { continue };
                    let (size, workers, body) = (self.size, self.workers, self.body.name());
                    let (shape, nanos) = (column.shape, nanos / column.tasks);
                    text += &format!("{size},{workers},{body},{shape},{name},{part},{nanos:.3}\n");
                }
            }
        }
        text
    }

    /// What [`csv`](Self::csv) has in its columns.
    pub const CSV_HEADER: &str = "tasks,workers,body,shape,contender,part,ns per task\n";

    fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| other == name)
    }

    fn per_task(&self, name: &str, part: fn(&Sample) -> Duration) -> Option<Line> {
        let place = self.place(name)?;
        Some(self.columns.iter().map(|c| Some(nanos(&c.series[place], part)? / c.tasks)).collect())
    }

    fn run_table(&self) -> Table {
        let mut table = self.table(run);
        if self.body != Body::Empty {
            let serial = self.names.len();
            let ideal = |c: &Column| Some(nanos(&c.series[serial], run)? * c.ideal_share / c.tasks);
            push(&mut table, "ideal", self.columns.iter().map(ideal).collect(), None);
            for (place, name) in self.names.iter().enumerate() {
                let to_ideal =
                    |c: &Column| Some(ratio(&c.series[place], &c.series[serial], run)? / c.ideal_share);
                let ratios = self.columns.iter().map(to_ideal).collect();
                push_ratios(&mut table, &format!("{name} / ideal"), ratios);
            }
        }
        table
    }

    fn build_table(&self) -> Table {
        self.table(|sample| sample.build + sample.run)
    }

    /// The times of all, and the ratios of all but the first to it.
    fn table(&self, part: fn(&Sample) -> Duration) -> Table {
        let mut table = table_of(self.shapes());
        for (place, name) in self.names.iter().enumerate() {
            let per_task = |c: &Column| Some(nanos(&c.series[place], part)? / c.tasks);
            push(&mut table, name, self.columns.iter().map(per_task).collect(), None);
        }
        for (place, name) in self.names.iter().enumerate().skip(1) {
            let to_first = |c: &Column| ratio(&c.series[place], &c.series[0], part);
            let ratios = self.columns.iter().map(to_first).collect();
            push_ratios(&mut table, &format!("{name} / {}", self.names[0]), ratios);
        }
        table
    }
}

/// All of it, as Markdown.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n\n{}\n", self.title(), self.circumstances)?;
        writeln!(f, "Run, ns per task:\n\n{}", self.run_table())?;
        writeln!(f, "Build and run, ns per task:\n\n{}", self.build_table())
    }
}

/// A table with a column for each shape, and one for their mean.
pub fn table_of(shapes: impl IntoIterator<Item = Shape>) -> Table {
    let shapes = shapes.into_iter().map(|shape| shape.name());
    Table::new([""].into_iter().chain(shapes).chain(["geometric mean"]))
}

/// Adds a line of ratios with its geometric mean over the shapes that there are.
pub fn push_ratios(table: &mut Table, name: &str, values: Line) {
    let mean = geometric_mean(values.iter().copied().flatten());
    push(table, name, values, mean);
}

/// Adds a line, and its mean if it has one.
pub fn push(table: &mut Table, name: &str, values: Line, mean: Option<f64>) {
    let mean = mean.map(|mean| number(Some(mean)));
    table.push([name.to_owned()].into_iter().chain(values.into_iter().map(number)).chain(mean));
}

fn run(sample: &Sample) -> Duration {
    sample.run
}

fn build(sample: &Sample) -> Duration {
    sample.build
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Field;
    use crate::body::Body;
    use crate::shapes::Shape;

    #[test]
    fn whoever_cannot_be_had_is_told() {
        let (_, skipped) = Field::new(&["rayon", "nobody"], 1, Path::new(""));
        assert_eq!(skipped.len(), 1);
        assert!(skipped[0].starts_with("nobody is skipped: "), "{skipped:?}");
    }

    #[test]
    fn a_comparison_is_told_to_people_and_to_programs() {
        let (mut field, _) = Field::new(&["rayon", "dojobber-sat"], 1, Path::new(""));
        let comparison = field.compare(&[Shape::Chain, Shape::Fan], 10, Body::Empty, 1);
        assert_eq!(comparison.title(), "10 tasks, 1 worker, body: empty");
        let text = comparison.to_string();
        assert!(text.contains("| dojobber-sat / rayon |"), "{text}");
        let csv = comparison.csv();
        assert_eq!(csv.lines().count(), 8); // two shapes, two contenders, build and run
        assert!(csv.starts_with("10,1,empty,chain,rayon,build,"), "{csv}");
        assert!(comparison.run_ratio("dojobber-sat", "rayon").unwrap().iter().all(Option::is_some));
        assert!(comparison.run_ratio("dojobber-sat", "onetbb").is_none());
    }
}

//! This library: each task is a job, whose check or run does the work.

use dojobber::{Graph, Plan, Runner};

use super::{Contender, Load, Sample, repeatedly};

/// Runs each task as a job.
#[derive(Debug)]
pub(super) struct Dojobber {
    runner: Runner,
    mode: Mode,
}

/// Which phases the jobs have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mode {
    /// The check does the work and passes.
    Satisfied,
    /// The check fails without a text, the run does nothing, and the recheck does the work and passes.
    Changed,
}

impl Dojobber {
    pub(super) fn new(mode: Mode, threads: usize) -> Self {
        Self { runner: Runner::builder().threads(threads).build(), mode }
    }
}

impl Contender for Dojobber {
    fn sample(&mut self, load: &Load) -> Option<Sample> {
        let names: Vec<String> = (0..load.deps.tasks()).map(|task| task.to_string()).collect();
        let mode = self.mode;
        let run = |plan: &mut Plan<'_>| drop(std::hint::black_box(self.runner.run(plan, ())));
        Some(repeatedly(load, || plan(load, &names, mode), run))
    }
}

fn plan<'env>(load: &'env Load, names: &'env [String], mode: Mode) -> Plan<'env> {
    let mut graph = Graph::new();
    for ((name, row), work) in names.iter().zip(load.deps.rows()).zip(&load.works) {
        let open = graph.job(name).after(row.iter().map(|&task| &names[task as usize]));
        graph = match mode {
            Mode::Satisfied => open
                .check(move |_| {
                    work.run();
                    true
                })
                .run(|_| ()),
            Mode::Changed => open
                .check(move |cx| {
                    let recheck = cx.phase() == dojobber::Phase::Recheck;
                    if recheck {
                        work.run();
                    }
                    recheck
                })
                .run(|_| ()),
        };
    }
    graph.compile().expect("the names and the shapes are sound")
}

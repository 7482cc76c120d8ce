//! The graphs as plans of this library: each task is a job.

use dojobber::{Graph, Phase, Plan};

use crate::load::Load;

/// Which phases the jobs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The check does the work and passes.
    Satisfied,
    /// The check fails without a text, the run does nothing, and the recheck does the work and passes.
    Changed,
}

/// The names of the jobs, which are not a part of building.
pub fn names(tasks: u32) -> Vec<String> {
    (0..tasks).map(|task| task.to_string()).collect()
}

/// Builds and compiles.
///
/// # Panics
///
/// If there are fewer names than tasks, or two that are alike.
pub fn plan<'env>(load: &Load, names: &[String], mode: Mode) -> Plan<'env> {
    let mut graph = Graph::new();
    for ((name, row), &work) in names.iter().zip(load.deps.rows()).zip(&load.works) {
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
                    let recheck = cx.phase() == Phase::Recheck;
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

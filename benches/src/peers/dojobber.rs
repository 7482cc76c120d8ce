//! This library: each task is a job, whose check or recheck does the work.

use dojobber::{Plan, Runner};

use super::contender::{Contender, Sample};
use super::timing::repeatedly;
use crate::load::Load;
use crate::plans::{Mode, names, plan};

#[derive(Debug)]
pub(super) struct Dojobber {
    runner: Runner,
    mode: Mode,
}

impl Dojobber {
    pub(super) fn new(mode: Mode, threads: usize) -> Self {
        Self { runner: Runner::builder().threads(threads).build(), mode }
    }
}

impl Contender for Dojobber {
    fn sample(&mut self, load: &Load) -> Option<Sample> {
        let names = names(load.deps.tasks());
        let run = |plan: &mut Plan<'_>| drop(std::hint::black_box(self.runner.run(plan, ())));
        Some(repeatedly(load, || plan(load, &names, self.mode), run))
    }
}

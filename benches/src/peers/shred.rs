//! The crate shred: systems in stages, on a rayon pool.

use std::fmt;
use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};
use shred::{Dispatcher, DispatcherBuilder, System, World};

use super::contender::{Contender, Sample};
use super::timing::repeatedly;
use crate::body::Work;
use crate::load::Load;

/// Building compares each system with all stages before: a million would take hours.
const MOST_TASKS: u32 = 20_000;

pub(super) struct Shred {
    pool: Arc<ThreadPool>,
    world: World,
}

struct Node(Work);

impl Shred {
    pub(super) fn new(threads: usize) -> Self {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        Self { pool: Arc::new(pool.expect("a few threads can be started")), world: World::empty() }
    }
}

impl Contender for Shred {
    fn sample(&mut self, load: &Load) -> Option<Sample> {
        let possible = load.deps.tasks() <= MOST_TASKS;
        let build = || build(load, self.pool.clone());
        possible.then(|| repeatedly(load, build, |dispatcher| dispatcher.dispatch(&self.world)))
    }
}

impl System<'_> for Node {
    type SystemData = ();

    fn run(&mut self, (): ()) {
        self.0.run();
    }
}

fn build(load: &Load, pool: Arc<ThreadPool>) -> Dispatcher<'static, 'static> {
    let names: Vec<String> = (0..load.deps.tasks()).map(|task| task.to_string()).collect();
    let mut builder = DispatcherBuilder::new().with_pool(pool);
    for ((&work, name), deps) in load.works.iter().zip(&names).zip(load.deps.rows()) {
        let deps: Vec<&str> = deps.iter().map(|&dep| names[dep as usize].as_str()).collect();
        builder.add(Node(work), name, &deps);
    }
    builder.build()
}

impl fmt::Debug for Shred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shred").field("pool", &self.pool).finish_non_exhaustive()
    }
}

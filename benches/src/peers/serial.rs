//! A plain loop on the calling thread: what the bodies alone cost.

use super::contender::{Contender, Sample};
use super::timing::repeatedly;
use crate::load::Load;

/// Calls the tasks one after another, in the order of their numbers, whatever the threads.
#[derive(Debug)]
pub struct Serial;

impl Contender for Serial {
    fn sample(&mut self, load: &Load) -> Option<Sample> {
        let build = || load.works.iter().map(|&work| Box::new(move || work.run()) as Box<dyn Fn()>);
        Some(repeatedly(load, || build().collect::<Vec<_>>(), |tasks| tasks.iter().for_each(|task| task())))
    }
}

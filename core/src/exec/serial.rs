//! The driver for one worker: the caller's thread, and an order that is known beforehand.

use crate::exec::attempt::Worker;
use crate::exec::progress::{Next, Progress};
use crate::exec::{Finished, Live};

pub(super) fn execute<'env, A: Send + Sync>(live: &Live<'env, A>) -> Finished<'env, A> {
    let mut progress = Progress::new(live.graph());
    let mut worker = Worker::new(live, 0);
    loop {
        match progress.next(|| live.now()) {
            Next::Try(turn) => {
                let end = worker.attempt(turn);
                let blocked = progress.settle(live.graph(), turn, end);
                worker.tell_blocked(&blocked);
            }
            Next::WaitUntil(due) => std::thread::sleep(live.world.clock.until(due)),
            Next::Nothing => break,
        }
    }
    Finished { statuses: progress.into_statuses(), log: worker.into_log() }
}

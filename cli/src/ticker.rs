//! A thread that does something now and then while a run goes on.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The thread; it has ended once this is dropped.
pub(crate) struct Ticker {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Calls `tick` after `first`, and then always so long after the last time as that has said.
    pub(crate) fn start(
        first: Duration,
        mut tick: impl FnMut() -> Duration + Send + 'static,
    ) -> io::Result<Self> {
        let (end, ended) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name("dojobber-progress".into()).spawn(move || {
            let mut pause = first;
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                pause = tick();
            }
        })?;
        Ok(Ticker { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // if it has panicked, nothing is told any more
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ticks_until_it_is_dropped() {
        let (tell, told) = mpsc::channel();
        let mut count = 0;
        let ticker = Ticker::start(Duration::ZERO, move || {
            count += 1;
            let _ = tell.send(count);
            Duration::from_millis(1)
        });
        assert_eq!([told.recv(), told.recv(), told.recv()], [Ok(1), Ok(2), Ok(3)]);
        drop(ticker.unwrap());
        while told.try_recv().is_ok() {}
        assert!(told.recv().is_err(), "its thread has ended");
    }
}

//! What a fake may say and ask from inside of a phase: where it could be cut, what it touches, what the time is.
//!
//! A simulation is known to its phases by their thread. So what is called here from another thread that a phase has
//! started itself, or outside of any simulation, does nothing.

use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::clock::Clock;
use crate::faults::baton::Baton;
use crate::faults::process::Process;
use crate::faults::record::{Call, Touch};
use crate::faults::{Access, Fault};
use crate::process::answering;

/// A point at which a phase could be cut: the process may be killed there.
///
/// A fake calls it wherever the real thing could be left half done, such as between the two halves of a write. The
/// checks of the test kit then kill the process at each of these points, and [`explore`](crate::testkit::explore) lets
/// other jobs go on there. Outside of a simulation it does nothing.
///
/// Hold no lock while you call it: another job may need it meanwhile, and a process that is killed here unwinds, which
/// poisons the lock.
///
/// ```
/// # use std::sync::Mutex;
/// # use dojobber_core::testkit::interruption;
/// /// Writes a file in two steps, as a disk does.
/// fn write(file: &Mutex<String>, text: &str) {
///     *file.lock().unwrap() = text[..text.len() / 2].to_owned();
///     interruption();
///     *file.lock().unwrap() = text.to_owned();
/// }
/// # write(&Mutex::default(), "text");
/// ```
pub fn interruption() {
    if let Some(inside) = Inside::current() {
        inside.interrupt();
    }
}

/// Says that the phase that calls this reads or writes a thing that other jobs may use, too.
///
/// Two jobs without an order between them that touch one thing, of which one writes it, are a finding of
/// [`explore`](crate::testkit::explore) and its kind: with both names, after one run. It is none where a
/// [`Pool`](crate::Pool) has no room for both at once: then any order will do, which is tried. The name of a thing is
/// free: a path, a table, the address of a service. Outside of a simulation this does nothing.
///
/// ```
/// use dojobber_core::testkit::{Access, touches};
///
/// fn read(path: &str) -> String {
///     touches(path, Access::Read);
///     # String::new()
///     // ..
/// }
/// # read("/etc/hosts");
/// ```
pub fn touches(thing: impl AsRef<str>, access: Access) {
    let Some(inside) = Inside::current() else { return };
    let touch = Touch { call: inside.call, thing: thing.as_ref().into(), access };
    inside.process.recorder.touch(touch);
}

/// What the system does when the simulated process dies: a lock is released, a connection is closed.
///
/// `hook` is called when the process is killed, and when another one takes its place after its run, but not when the
/// body is over. The last hook is called first. Outside of a simulation this does nothing.
///
/// ```
/// # use std::sync::{Arc, atomic::{AtomicBool, Ordering::SeqCst}};
/// # use dojobber_core::testkit::on_exit;
/// struct Lock(Arc<AtomicBool>);
///
/// impl Lock {
///     fn take(&self) -> bool {
///         let lock = Arc::clone(&self.0);
///         on_exit(move || lock.store(false, SeqCst));
///         !self.0.swap(true, SeqCst)
///     }
/// }
/// # assert!(Lock(Arc::default()).take());
/// ```
pub fn on_exit(hook: impl FnOnce() + Send + 'static) {
    if let Some(inside) = Inside::current() {
        inside.process.recorder.on_exit(Box::new(hook));
    }
}

/// The time of the world: virtual time since the first run of the body began, or of the simulation where there is no
/// body. It goes on from one run to the next, where `Context::now` starts anew. Zero outside of a simulation.
///
/// ```
/// assert_eq!(dojobber_core::testkit::world_time(), std::time::Duration::ZERO);
/// ```
pub fn world_time() -> Duration {
    Inside::current().map_or(Duration::ZERO, |inside| {
        Duration::from_nanos(inside.process.recorder.elapsed().saturating_add(inside.clock.now()))
    })
}

/// Whether the simulated process was killed, and what is executed is only the end of a phase that is unwound, or the
/// destructor of something that belonged to that process: the struct of a job, a value in a store, what closures hold of
/// a plan that is [made anew](crate::testkit::Simulation::run_anew).
///
/// A real process would not get there: a fake ignores what it is told then, as by a guard that wants to remove a file.
pub fn is_killed() -> bool {
    DEAD.get() || Inside::current().is_some_and(|inside| inside.process.is_killed())
}

/// Whether this is called from a phase that is simulated. A fake does not wait for a thread or a socket there: time is
/// not real, and what only the outside could wake is never woken.
///
/// ```
/// assert!(!dojobber_core::testkit::is_simulated());
/// ```
pub fn is_simulated() -> bool {
    Inside::current().is_some_and(|inside| inside.clock.is_virtual())
}

/// The phase that this thread is inside of.
#[derive(Debug, Clone)]
pub(super) struct Inside {
    pub(super) process: Arc<Process>,
    pub(super) call: Call,
    pub(super) clock: Clock,
    /// Where the phase may be left for others to go on.
    pub(super) baton: Option<Arc<Baton>>,
    /// Whether it is no phase, but code that is called beside one, and cannot be cut.
    pub(super) is_beside: bool,
}

thread_local! {
    /// The innermost is the last: a job may run a plan of its own.
    static INSIDE: RefCell<Vec<Inside>> = const { RefCell::new(Vec::new()) };

    /// Whether the process that this thread executes was killed. What is left to do are destructors.
    static DEAD: Cell<bool> = const { Cell::new(false) };
}

/// While it is there, this thread executes another simulated process, which lives at first.
pub(crate) struct OtherProcess {
    was_dead: bool,
}

impl OtherProcess {
    pub(crate) fn begin() -> Self {
        OtherProcess { was_dead: DEAD.replace(false) }
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        DEAD.set(self.was_dead);
    }
}

/// The process that this thread executes was killed.
pub(super) fn be_dead() {
    DEAD.set(true);
}

/// What a killed process unwinds with.
struct Killed;

impl Inside {
    /// Calls `code`, which may ask for the phase that it is. The phase may be entered again: it goes on where it was.
    pub(super) fn enter<T>(&mut self, code: impl FnOnce() -> T) -> T {
        struct Leave<'i>(&'i mut Call);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                if let Some(inside) = INSIDE.with_borrow_mut(Vec::pop) {
                    *self.0 = inside.call;
                }
            }
        }
        let answers = self.process.answers.clone();
        INSIDE.with_borrow_mut(|all| all.push(self.clone()));
        let _leave = Leave(&mut self.call);
        answering(answers, code)
    }

    fn current() -> Option<Inside> {
        INSIDE.with_borrow(|all| all.last().cloned())
    }

    /// The next interruption point of the phase has come.
    fn interrupt(self) {
        if thread::panicking() || self.is_beside {
            return; // a destructor: what unwinds cannot be cut once more
        }
        if self.process.is_killed() {
            die();
        }
        let call = INSIDE.with_borrow_mut(|all| {
            let call = &mut all.last_mut().expect("it was there just now").call;
            call.step.part += 1;
            *call
        });
        if self.baton.as_ref().is_some_and(|baton| !baton.pause()) || self.process.is_killed() {
            die();
        }
        match self.process.fault(call, self.process.recorder.push(call)) {
            Some(Fault::Crash) => {
                self.process.kill();
                die();
            }
            // no panic hook has anything to say about it
            Some(Fault::Panic) => resume_unwind(Box::new("injected panic".to_owned())),
            _ => {}
        }
    }
}

/// Leaves the phase: nothing of it is executed any more but destructors.
fn die() -> ! {
    resume_unwind(Box::new(Killed))
}

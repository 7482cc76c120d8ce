//! What a simulated process still does after it was killed, and would not in reality: destructors, which fakes ignore, and
//! code beside phases, which is not called at all.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use dojobber::testkit::{
    Answer, Disk, Fault, Faults, Simulation, check_convergent, is_killed, is_simulated, on_exit,
};
use dojobber::{Context, Graph, Job, Key, Phase, Result, ensure};

use crate::kit::check;

/// Takes the lock file away when it is dropped: a process that is killed leaves it behind.
struct Guard {
    disk: Arc<Disk>,
    is_held: AtomicBool,
}

impl Guard {
    fn of(disk: &Arc<Disk>) -> Self {
        Guard { disk: Arc::clone(disk), is_held: AtomicBool::new(false) }
    }

    fn take(&self, bug: bool) -> Result {
        ensure(!(bug && self.disk.exists("lock")), "it is locked")?;
        self.is_held.store(true, SeqCst);
        self.disk.append("lock", "");
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if *self.is_held.get_mut() {
            self.disk.remove("lock");
        }
    }
}

/// The kit finds that `work` cannot be done any more after a crash; the twin does not mind a lock that was left.
#[track_caller]
fn finds_the_lock(graph: impl Fn(&Arc<Disk>, bool) -> Graph<'static>) {
    check("work", "after a crash in `work`.run at its interruption point 1", |bug| {
        check_convergent(1, |simulation: &Simulation| {
            let disk = Arc::new(Disk::new());
            let _ = simulation.run_anew(|| graph(&disk, bug), ());
            let mut files = disk.files();
            files.remove("lock");
            files
        })
    });
}

fn after_work(graph: Graph<'static>, disk: &Arc<Disk>) -> Graph<'static> {
    let (looked, written) = (Arc::clone(disk), Arc::clone(disk));
    graph
        .job("end")
        .after("work")
        .check(move |_| looked.is("end", "yes"))
        .run(move |_| written.write("end", "yes"))
}

#[test]
fn a_guard_in_a_closure() {
    finds_the_lock(|disk, bug| {
        let guard = Guard::of(disk);
        after_work(Graph::new().job("work").tries(1).run_only(move |_| guard.take(bug)), disk)
    });
}

const LOCK: Key<Guard> = Key::new("lock");

#[test]
fn a_guard_in_a_store() {
    for is_local in [true, false] {
        finds_the_lock(|disk, bug| {
            let taken = Arc::clone(disk);
            let work = Graph::new().job("work").tries(1).run_only(move |cx| {
                let store = if is_local { cx.local() } else { cx.shared() };
                store.set(&LOCK, Guard::of(&taken));
                store.require(&LOCK)?.take(bug)
            });
            after_work(work, disk)
        });
    }
}

#[test]
fn a_guard_in_a_struct() {
    struct Work(Guard, bool);
    impl Job for Work {
        type Output = ();
        fn check(&mut self, _: &Context) -> Result {
            ensure(self.0.disk.exists("work"), "it is not done")
        }
        fn run(&mut self, _: &Context) -> Result {
            self.0.take(self.1)?;
            self.0.disk.append("work", "done");
            Ok(())
        }
    }
    finds_the_lock(|disk, bug| {
        let owned = Arc::clone(disk);
        Graph::new().job("work").tries(1).with_new(move |_| Ok(Work(Guard::of(&owned), bug)))
    });
}

/// The future is dropped where it stands.
#[test]
fn a_guard_in_a_future() {
    finds_the_lock(|disk, bug| {
        let owned = Arc::clone(disk);
        let work = Graph::new().job("work").tries(1).run_only_async(move |_| {
            let guard = Guard::of(&owned);
            async move { guard.take(bug) }
        });
        after_work(work, disk)
    });
}

/// What the system does is done, though the process is dead; and the next process lives again.
#[test]
fn the_system_goes_on() {
    let disk = Arc::new(Disk::new().with("lock", ""));
    let log = Arc::new(Mutex::new(Vec::new()));
    struct Dropped(Arc<Mutex<Vec<(&'static str, bool)>>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(("dropped", is_killed()));
        }
    }
    let faults = Faults::none().on("end", Phase::Run, Fault::Crash);
    let run = Simulation::new(0).faults(faults).run_anew(
        || {
            let (dropped, disk, log) = (Dropped(Arc::clone(&log)), Arc::clone(&disk), Arc::clone(&log));
            Graph::new()
                .job("work")
                .run_only(move |_| {
                    let _held = &dropped;
                    let (disk, log) = (Arc::clone(&disk), Arc::clone(&log));
                    log.lock().unwrap().push(("works", is_killed()));
                    on_exit(move || {
                        log.lock().unwrap().push(("exits", is_killed()));
                        disk.remove("lock");
                    });
                })
                .job("end")
                .after("work")
                .run_only(|_| ())
        },
        (),
    );
    assert!(run.success());
    assert!(!disk.exists("lock"));
    drop(run);
    let seen = std::mem::take(&mut *log.lock().unwrap());
    let expected =
        [("works", false), ("dropped", true), ("exits", false), ("works", false), ("dropped", false)];
    assert_eq!(seen, expected);
    assert!(!is_killed());
}

/// What describes a run belongs to its check: it is simulated, its commands are answered, and a dead process calls it no
/// more.
#[test]
fn what_describes_a_run_is_inside_of_the_check() {
    let described = AtomicU32::new(0);
    let answered = Arc::new(AtomicU32::new(0));
    let run = |faults: Faults| {
        let (described, answered) = (&described, Arc::clone(&answered));
        let graph = || {
            Graph::new()
                .job("work")
                .describe_run(move |cx| {
                    assert!(is_simulated());
                    described.fetch_add(1, SeqCst);
                    cx.command("/no/such/program").read()
                })
                .check(|cx| cx.phase() == Phase::Recheck)
                .run(|_| ())
        };
        let answer = move |_: &str| {
            answered.fetch_add(1, SeqCst);
            Answer::ok().stdout("as a fake says")
        };
        let simulation = Simulation::new(0).dry_run(true).commands(answer).faults(faults);
        simulation.run_anew(graph, ()).job("work").unwrap().description_of_run().map(str::to_owned)
    };
    assert_eq!(run(Faults::none()).as_deref(), Some("as a fake says"));
    assert_eq!((described.load(SeqCst), answered.load(SeqCst)), (1, 1));
    // killed in the check: only the process that follows describes it
    assert_eq!(run(Faults::none().on("work", Phase::Check, Fault::Crash)).as_deref(), Some("as a fake says"));
    assert_eq!((described.load(SeqCst), answered.load(SeqCst)), (2, 2));
}

/// A job may run a plan of its own in a simulation: what dies in there is not the process around it.
#[test]
fn a_process_within_a_process() {
    let seen = Mutex::new(BTreeMap::new());
    let inner = || {
        let plan = Graph::new().job("inner").run_only(|_| ()).compile().unwrap();
        let faults = Faults::none().on("inner", Phase::Run, Fault::Crash);
        Simulation::new(0).faults(faults).run(&plan, ()).success()
    };
    let plan = Graph::new().job("outer").run_only(|_| {
        let before = is_killed();
        assert!(inner());
        seen.lock().unwrap().insert("outer", (before, is_killed()));
    });
    assert!(Simulation::new(0).run(&plan.compile().unwrap(), ()).success());
    assert_eq!(seen.lock().unwrap()["outer"], (false, false));
}

//! What the test kit asks of processes that die, of every moment of a run, of one error, of a dry run anywhere, and of
//! a run without a fault: a bug each, and the same graph mended.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dojobber::testkit::{
    Answer, Clock, Convergence, Disk, Fault, Faults, Idempotence, Simulation, assert_idempotent,
    check_absorbs, check_always, check_cleans_up, check_convergent, check_dry_run_is_pure, check_idempotent,
    check_order_independent, explore, interruption, on_exit, try_explore, world_time,
};
use dojobber::{Context, Graph, Phase, Plan, ensure, sh};

use crate::kit::{check, on_a_disk};

/// A flag of the process says that the directory is there. A new process does not know, and does not look.
#[test]
fn a_flag_that_dies_with_the_process() {
    fn graph<'d>(disk: &'d Disk, bug: bool) -> Graph<'d> {
        let made = Arc::new(AtomicBool::new(false));
        let knows = Arc::clone(&made);
        Graph::new()
            .job("directory")
            .check(|_| disk.exists("dir"))
            .run(move |_| {
                made.store(true, Ordering::SeqCst);
                disk.write("dir", "");
            })
            .job("file")
            .after("directory")
            .check(|_| disk.exists("dir/file"))
            .run(move |_| {
                let may_write = if bug { knows.load(Ordering::SeqCst) } else { disk.exists("dir") };
                ensure(may_write, "the directory is not there")?;
                disk.write("dir/file", "");
                Ok(())
            })
    }
    check("file", "running again does not help: it fails at job `file`", |bug| {
        check_convergent(1, on_a_disk(move |disk| graph(disk, bug)))
    });
    // a plan that outlives its process hides the bug
    let kept = |simulation: &Simulation| {
        let disk = Disk::new();
        let _ = simulation.run(&graph(&disk, true).compile().unwrap(), ());
        disk.into_files()
    };
    check_convergent(1, kept).unwrap();
}

/// A lock that the system releases when its holder dies, and one that nobody releases.
#[test]
fn a_lock_that_outlives_its_holder() {
    check("migrate", "the lock is taken", |bug| {
        check_convergent(1, move |simulation: &Simulation| {
            let (lock, version) = (Arc::new(AtomicBool::new(false)), AtomicU32::new(0));
            let plan = || -> Plan<'_> {
                Graph::new()
                    .job("migrate")
                    .tries(1)
                    .check(|_| version.load(Ordering::SeqCst) == 2)
                    .run(|_| {
                        ensure(!lock.swap(true, Ordering::SeqCst), "the lock is taken")?;
                        if !bug {
                            let held = Arc::clone(&lock);
                            on_exit(move || held.store(false, Ordering::SeqCst));
                        }
                        version.fetch_add(1, Ordering::SeqCst);
                        dojobber::testkit::interruption();
                        version.store(2, Ordering::SeqCst);
                        lock.store(false, Ordering::SeqCst);
                        Ok(())
                    })
                    .compile()
                    .unwrap()
            };
            let _ = simulation.run_anew(plan, ());
            version.load(Ordering::SeqCst)
        })
    });
}

/// What a first crash has left is taken care of; what a crash leaves while that is done is not.
#[test]
fn a_second_crash() {
    let body = |bug: bool| {
        on_a_disk(move |disk| {
            Graph::new()
                .job("recover")
                .check(|_| !disk.exists("journal"))
                .run(move |_| {
                    let Some(text) = disk.read("journal") else { return };
                    if bug {
                        disk.remove("journal"); // too early
                    }
                    disk.write("file", &text);
                    disk.remove("journal");
                })
                .job("file")
                .after("recover")
                .check(|_| disk.exists("file"))
                .run(|_| {
                    disk.write("journal.new", "text");
                    disk.rename("journal.new", "journal");
                    disk.write("file", "text");
                    disk.remove("journal");
                })
        })
    };
    check_convergent(1, body(true)).unwrap();
    check("recover", "then a crash in `recover`.run", |bug| Convergence::new(1).crashes(2).check(body(bug)));
}

/// A cleanup that is right when all went well takes away too early what a stopped run still needs.
#[test]
fn a_run_that_is_stopped() {
    check("stage", "after a stop at `stage`.run", |bug| {
        Convergence::new(1).stops(true).check(move |simulation: &Simulation| {
            let disk = Disk::new().with("old", "data");
            let graph = || {
                Graph::new()
                    .job("stage")
                    .check(|_| disk.is("staged", "code"))
                    .cleanup(|_| {
                        if bug || disk.is("live", "data") {
                            disk.remove("old");
                        }
                    })
                    .run(|_| disk.write("staged", "code"))
                    .job("activate")
                    .after("stage")
                    .check(|_| disk.exists("live"))
                    .run(|_| {
                        disk.write("live.new", &disk.read("old").unwrap_or_default());
                        disk.rename("live.new", "live");
                    })
            };
            let _ = simulation.run_anew(graph, ());
            disk.read("live")
        })
    });
}

/// The time of a process starts anew; that of the world does not.
#[test]
fn a_certificate_that_expires_between_two_runs() {
    const HOUR: Duration = Duration::from_secs(3600);
    let clock = Clock::at(HOUR);
    let seen = Mutex::new(Vec::new());
    let plan = Graph::new()
        .job("wait")
        .tries(2)
        .retry_delay(HOUR)
        .check_only(|cx| {
            seen.lock().unwrap().push((cx.now().as_secs(), clock.now().as_secs(), world_time().as_secs()));
            cx.attempt() == 2
        })
        .job("crash")
        .after("wait")
        .run_only(|_| ())
        .compile()
        .unwrap();
    let faults = Faults::none().on("crash", Phase::Run, Fault::Crash);
    assert!(Simulation::new(0).faults(faults).run(&plan, ()).success());
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen, [(0, 3600, 0), (3600, 7200, 3600), (0, 7200, 3600), (3600, 10800, 7200)]);
    assert_eq!(clock.now(), HOUR);
}

/// A process that dies leaves a lease behind, which is over after a while: by the time of the world, not of the next process.
#[test]
fn a_lease_that_outlives_its_process() {
    const HOUR: Duration = Duration::from_secs(3600);
    check("work", "it is leased", |bug| {
        check_convergent(1, move |simulation: &Simulation| {
            let (lease, done) = (Mutex::new(None), AtomicBool::new(false));
            let now = |cx: &Context| if bug { cx.now() } else { world_time() };
            let graph = || {
                Graph::new()
                    .job("wait")
                    .tries(2)
                    .retry_delay(20 * HOUR)
                    .check_only(|cx| cx.attempt() == 2)
                    .job("work")
                    .after("wait")
                    .tries(2)
                    .retry_delay(HOUR)
                    .check(|_| done.load(Ordering::SeqCst))
                    .run(|cx| {
                        let until = lease.lock().unwrap().replace(now(cx) + 10 * HOUR);
                        if until.is_some_and(|until| until > now(cx)) {
                            *lease.lock().unwrap() = until;
                            return Err("it is leased".into());
                        }
                        interruption();
                        done.store(true, Ordering::SeqCst);
                        *lease.lock().unwrap() = None;
                        Ok(())
                    })
            };
            let _ = simulation.run_anew(graph, ());
            done.load(Ordering::SeqCst)
        })
    });
}

/// A command that adds a line each time, and one that looks first.
#[test]
fn a_command_that_is_not_idempotent() {
    check("hosts", "`hosts` is run 2 times, not 1", |bug| {
        check_convergent(1, move |simulation: &Simulation| {
            let disk = Arc::new(Disk::new());
            let shell = {
                let disk = Arc::clone(&disk);
                move |line: &str| match line {
                    "sh -ec -- 'grep -q db hosts'" => Answer::status(u8::from(!disk.exists("hosts"))),
                    "sh -ec -- 'echo db >> hosts'" => {
                        disk.append("hosts", "db;");
                        Answer::ok()
                    }
                    _ => Answer::status(127),
                }
            };
            let graph = || {
                let open = Graph::new().job("hosts");
                match bug {
                    true => open.run_only(sh("echo db >> hosts")),
                    false => open.check(sh("grep -q db hosts")).run(sh("echo db >> hosts")),
                }
            };
            let _ = simulation.clone().commands(shell).run_anew(graph, ());
            disk.files()
        })
    });
}

/// In the end a server runs, but for a while none did.
#[test]
fn what_must_hold_all_the_time() {
    check("stop", "what must always hold does not hold after `stop`.run", |bug| {
        let body = move |simulation: &Simulation| {
            let disk = Disk::new().with("servers/old", "");
            let graph = || {
                let [stop, start] = if bug { ["old", "stop"] } else { ["start", "old"] };
                Graph::new()
                    .job("old")
                    .check_only(|_| true)
                    .job("stop")
                    .after(stop)
                    .check(|_| !disk.exists("servers/old"))
                    .run(|_| _ = disk.remove("servers/old"))
                    .job("start")
                    .after(start)
                    .check(|_| disk.exists("servers/new"))
                    .run(|_| disk.write("servers/new", ""))
            };
            let _ = simulation.run_anew(graph, ());
            disk.into_files()
        };
        check_always(2, body, |files| ensure(!files.is_empty(), "nobody serves"))
    });
}

/// One error in a try is a matter of the next try; but what was half done makes that fail.
#[test]
fn one_error_that_a_run_does_not_absorb() {
    check("create", "after an error at the end of `create`.run", |bug| {
        check_absorbs(
            1,
            on_a_disk(move |disk| {
                Graph::new()
                    .job("create")
                    .tries(3)
                    .run_only(move |_| {
                        ensure(!bug || !disk.exists("database"), "it exists already")?;
                        disk.write("database", "");
                        Ok(())
                    })
                    .job("once")
                    .after("create")
                    .tries(1)
                    .run_only(|_| disk.write("once", ""))
            }),
        )
    });
    // what an error in the midst of a run leaves behind
    check("install", "after a panic in `install`.run at its interruption point 1", |bug| {
        check_absorbs(1, move |simulation: &Simulation| {
            let (disk, lock) = (Disk::new(), AtomicBool::new(false));
            let graph = || {
                Graph::new().job("install").check(|_| disk.is("package", "1.0")).run(|_| {
                    ensure(!lock.swap(true, Ordering::SeqCst) || !bug, "the lock is taken")?;
                    disk.write("package", "1.0");
                    lock.store(false, Ordering::SeqCst);
                    Ok(())
                })
            };
            let _ = simulation.run_anew(graph, ());
            disk.files()
        })
    });
    // it succeeds, and leads to something else
    check("mail", "a run that has absorbed one error leads to something else", |bug| {
        check_absorbs(
            1,
            on_a_disk(move |disk| {
                Graph::new().job("mail").run_only(move |_| match bug {
                    true => disk.append("mails", "hello;"),
                    false => disk.write("mails", "hello;"),
                })
            }),
        )
    });
}

/// On an empty world its check fails at once; later it has something to look into, and takes notes.
#[test]
fn a_check_that_is_pure_only_in_the_beginning() {
    check("index", "a dry run changes something: `index`.check does", |bug| {
        check_dry_run_is_pure(
            2,
            on_a_disk(move |disk| {
                Graph::new()
                    .job("page")
                    .check(|_| disk.exists("page"))
                    .run(|_| disk.write("page", "text"))
                    .job("index")
                    .after("page")
                    .check(move |_| {
                        if bug && disk.exists("page") {
                            disk.write("index.cache", "");
                        }
                        disk.exists("index")
                    })
                    .run(|_| {
                        disk.write("index.cache", "");
                        disk.write("index", "page");
                    })
            }),
        )
    });
}

/// A limit that only shows when more than four are at it.
#[test]
fn a_limit_of_five() {
    check("upload 3", "it makes a difference whether `upload 3`", |bug| {
        let body = move |simulation: &Simulation| {
            let (open, refused) = (AtomicU32::new(0), AtomicU32::new(0));
            let plan = Graph::new()
                .each(0..8, |graph, at| {
                    let (open, refused) = (&open, &refused);
                    let after = if bug || at < 5 { None } else { Some(format!("upload {}", at - 5)) };
                    graph
                        .job(format!("upload {at}"))
                        .after(after)
                        .check(move |cx| {
                            if cx.phase() == Phase::Check && open.fetch_add(1, Ordering::SeqCst) >= 5 {
                                refused.fetch_add(1, Ordering::SeqCst);
                            }
                            cx.phase() == Phase::Recheck
                        })
                        .run(move |_| _ = open.fetch_sub(1, Ordering::SeqCst))
                })
                .compile()
                .unwrap();
            let _ = simulation.run(&plan, ());
            refused.load(Ordering::SeqCst) > 0
        };
        try_explore(200, body) // which of them comes sixth is chance
    });
}

/// It fails in whatever order: every check that runs it says so.
#[test]
fn a_run_that_fails_in_every_order() {
    let body = |bug: bool| {
        on_a_disk(move |disk| {
            Graph::new()
                .job("fine")
                .check(|_| disk.exists("fine"))
                .run(|_| disk.write("fine", ""))
                .job("wrong")
                .after("fine")
                .tries(1)
                .check(move |_| disk.exists(if bug { "wrong" } else { "right" }))
                .run(|_| disk.write("right", ""))
        })
    };
    let words = "a run without a fault fails at job `wrong`";
    check("wrong", words, |bug| try_explore(10, body(bug)));
    check("wrong", words, |bug| check_order_independent(10, body(bug)));
    check("wrong", words, |bug| check_always(1, body(bug), |_| true));
    check("wrong", words, |bug| check_idempotent(1, body(bug)));
    check("wrong", words, |bug| check_absorbs(1, body(bug)));
    check("wrong", words, |bug| check_convergent(1, body(bug)));
    check("wrong", words, |bug| check_dry_run_is_pure(1, body(bug)));
    check("wrong", words, |bug| {
        check_cleans_up(1, |simulation: &Simulation| {
            body(bug)(simulation);
        })
    });
}

/// The same leftovers in every order.
#[test]
fn leftovers_of_every_run() {
    check("unpack", "cleanups leave the world another than it was before", |bug| {
        let body = on_a_disk(move |disk| {
            Graph::new()
                .job("unpack")
                .cleanup(move |_| disk.remove_all(if bug { "tmp/a" } else { "tmp/" }))
                .run_only(|_| ["tmp/a", "tmp/b"].iter().for_each(|file| disk.write(file, "")))
                .job("install")
                .after("unpack")
                .check(|_| disk.exists("program"))
                .run(|_| disk.write("program", ""))
        });
        check_cleans_up(1, move |simulation: &Simulation| {
            let mut files = body(simulation);
            files.retain(|file, _| file.starts_with("tmp/"));
            files
        })
    });
}

/// A cleanup that fails in every run is a run that fails.
#[test]
fn a_cleanup_that_always_fails() {
    check("mount", "the cleanup of `mount` fails", |bug| {
        try_explore(
            10,
            on_a_disk(move |disk| {
                Graph::new()
                    .job("mount")
                    .cleanup(move |_| ensure(disk.remove("mount") && !bug, "busy"))
                    .run_only(|_| disk.write("mount", ""))
            }),
        )
    });
}

/// A sweep has something to do again after a crash: once, and that is no bug.
#[test]
fn a_sweep_with_a_check() {
    check("sweep", "was done, and has to be done again", |bug| {
        check_convergent(
            2,
            on_a_disk(move |disk| {
                Graph::new()
                    .job("sweep")
                    .check(|_| disk.list("tmp/").is_empty())
                    .run(|_| disk.remove_all("tmp/"))
                    .job("build")
                    .after("sweep")
                    .check(|_| disk.exists("program"))
                    .run(move |_| {
                        disk.write("tmp/object", "");
                        disk.write("program", "");
                        if !bug {
                            disk.remove("tmp/object");
                        }
                    })
                    .job("later")
                    .after("build")
                    .run_only(|_| ())
            }),
        )
    });
}

/// What a failed cleanup has left is swept by the next run, once; where that leaves something itself, it is a bug.
#[test]
fn a_sweep_after_a_failed_cleanup() {
    check("sweep", "was done, and has to be done again", |bug| {
        check_convergent(
            1,
            on_a_disk(move |disk| {
                Graph::new()
                    .job("sweep")
                    .check(|_| disk.list("tmp/").is_empty())
                    .run(|_| {
                        disk.remove_all("tmp/");
                        disk.write("swept", "");
                    })
                    .job("note")
                    .after("sweep")
                    .check(|_| !disk.exists("swept"))
                    .run(move |_| {
                        disk.remove("swept");
                        if bug {
                            disk.write("tmp/note", ""); // for the next run to sweep
                        }
                    })
                    .job("build")
                    .after("note")
                    .check(|_| disk.exists("program"))
                    .cleanup(|_| disk.remove_all("tmp/"))
                    .run(|_| {
                        disk.write("tmp/object", "");
                        disk.write("program", "");
                    })
            }),
        )
    });
}

/// A run_only that may run as often as one likes is left out by name, and the world must still look the same.
#[test]
fn a_run_only_that_is_exempt() {
    check("reload", "a second run leads to something else", |bug| {
        let body = on_a_disk(move |disk| {
            Graph::new().job("reload").run_only(move |_| match bug {
                true => disk.append("loaded", "new;"),
                false => disk.write("loaded", "new;"),
            })
        });
        Idempotence::new(1).exempt(["reload"]).check(body)
    });
}

#[test]
#[should_panic(expected = "`relaod` is to be exempt, and is no run_only of any plan of the body")]
fn a_job_that_cannot_be_exempt() {
    let body = on_a_disk(|disk| Graph::new().job("reload").run_only(|_| disk.write("loaded", "new;")));
    let _ = Idempotence::new(1).exempt(["relaod"]).check(body);
}

/// What is seen is what a calm run leaves, whichever check it is.
#[test]
fn every_check_returns_what_the_body_sees() {
    let body = on_a_disk(|disk| {
        Graph::new().job("file").check(|_| disk.is("file", "text")).run(|_| disk.write("file", "text"))
    });
    let seen = explore(10, &body);
    assert_eq!(seen["file"], "text");
    assert_eq!(check_order_independent(10, &body).unwrap(), seen);
    assert_eq!(check_always(1, &body, |_| true).unwrap(), seen);
    assert_eq!(assert_idempotent(1, &body), seen);
    assert_eq!(check_absorbs(1, &body).unwrap(), seen);
    assert_eq!(check_convergent(1, &body).unwrap(), seen);
    assert!(check_dry_run_is_pure(1, &body).unwrap().is_empty());
}

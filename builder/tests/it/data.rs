//! Arguments, stores, outputs, commands.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use dojobber::{Command, CommandError, Context, Graph, Job, Key, Phase, Result, Store, ensure, sh};

use crate::support::{Notes, runner};

#[test]
fn arguments_are_shared_by_all_closures() {
    struct Args {
        wanted: u32,
    }
    struct Seen(Notes);
    impl Job<Args> for Seen {
        type Output = ();
        fn check(&mut self, cx: &Context<Args>) -> Result {
            self.0.add(format!("struct {}", cx.args().wanted));
            Ok(())
        }
        fn run(&mut self, _: &Context<Args>) -> Result {
            Ok(())
        }
    }
    let notes = Notes::default();
    let note = |what: &str, cx: &Context<Args>| notes.add(format!("{what} {}", cx.args().wanted));
    let plan = Graph::with_args::<Args>()
        .job("a")
        .cleanup(|cx| note("cleanup", cx))
        .check(|cx| {
            note("check", cx);
            cx.phase() == Phase::Recheck
        })
        .run(|cx| note("run", cx))
        .job("b")
        .with_new(|cx: &Context<Args>| {
            note("new", cx);
            Ok(Seen(notes.clone()))
        })
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, Args { wanted: 5 });
    assert!(run.success());
    assert_eq!(notes.take(), "check 5 run 5 check 5 new 5 struct 5 cleanup 5");
    assert_eq!(run.args().wanted, 5);
    let args: Arc<Args> = Arc::clone(run.args());
    assert!(runner(1).run(&plan, args).success()); // an `Arc` is taken as it is
}

const NUMBER: Key<u32> = Key::new("x");
const TEXT: Key<String> = Key::new("x");

#[test]
fn a_slot_is_a_name_and_a_type() {
    let store = Store::default();
    store.set(&NUMBER, 1);
    store.set(&TEXT, "one".to_owned());
    store.set(Key::named("y"), 2_u32);
    assert_eq!(
        (store.get(&NUMBER).as_deref(), store.get(&TEXT).as_deref()),
        (Some(&1), Some(&"one".to_owned()))
    );
    assert!(store.get(Key::<u64>::new("x")).is_none());
    store.set(&NUMBER, 3);
    assert_eq!(*store.require(&NUMBER).unwrap(), 3);
    assert_eq!(store.take(&TEXT).as_deref(), Some("one"));
    assert!(!store.contains(&TEXT) && store.contains(&NUMBER));
    assert_eq!(store.require(&TEXT).unwrap_err().name(), "x");
    let missing = store.require(&TEXT).unwrap_err();
    assert_eq!(missing.to_string(), "no value of type alloc::string::String is stored under `x`");
}

#[test]
fn what_was_read_stays_valid() {
    let store = Store::default();
    store.set(&NUMBER, 1);
    let before = store.get(&NUMBER).unwrap();
    store.set(&NUMBER, 2);
    assert_eq!((*before, *store.get(&NUMBER).unwrap()), (1, 2));
}

#[test]
fn what_someone_holds_is_not_taken() {
    let store = Store::default();
    store.set(&NUMBER, 1);
    let held = store.get(&NUMBER);
    assert_eq!(store.take(&NUMBER), None);
    assert!(store.contains(&NUMBER));
    drop(held);
    assert_eq!(store.take(&NUMBER), Some(1));
    assert_eq!(store.take(&NUMBER), None);
}

#[test]
fn an_update_counts_only_if_it_returns() {
    let store = Store::default();
    assert_eq!(
        store.update(&NUMBER, |n| {
            *n += 5;
            *n * 2
        }),
        10
    );
    let panicking = || {
        store.update(&NUMBER, |n| {
            *n = 99;
            panic!("in the middle")
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
    assert_eq!(*store.get(&NUMBER).unwrap(), 5);
    store.update(&NUMBER, |n| *n += 1); // no lock is poisoned
    assert_eq!(*store.get(&NUMBER).unwrap(), 6);
}

#[test]
fn a_panic_in_an_update_fails_its_phase_alone() {
    let plan = Graph::new()
        .job("a")
        .tries(2)
        .run_only(|cx| {
            let first = cx.attempt() == 1;
            cx.shared().update(&NUMBER, |n| {
                *n += 1;
                assert!(!first, "first try")
            });
        })
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    assert!(run.success());
    assert_eq!(run.shared().get(&NUMBER).as_deref(), Some(&1));
}

#[test]
fn updates_of_many_jobs_add_up() {
    let plan = Graph::new()
        .each(0..100, |graph, at| {
            graph.job(format!("{at}")).run_only(|cx| cx.shared().update(&NUMBER, |n| *n += 1))
        })
        .compile()
        .unwrap();
    let run = runner(8).run(&plan, ());
    assert_eq!(run.shared().get(&NUMBER).as_deref(), Some(&100));
}

#[test]
fn the_local_store_lives_as_long_as_a_try() {
    let notes = Notes::default();
    let told = |cx: &Context| {
        let value = cx.local().get(&NUMBER).map_or("-".to_owned(), |n| n.to_string());
        notes.add(format!("{}{}:{value}", cx.phase(), cx.attempt()));
    };
    let plan = Graph::new()
        .job("a")
        .tries(2)
        .cleanup(told)
        .check(|cx| {
            told(cx);
            cx.phase() == Phase::Recheck && cx.attempt() == 2
        })
        .run(|cx| cx.local().set(&NUMBER, cx.attempt()))
        .job("b")
        .after("a")
        .run_only(told)
        .compile()
        .unwrap();
    assert!(runner(1).run(&plan, ()).success());
    assert_eq!(notes.text(), "check1:- recheck1:1 check2:- recheck2:2 run1:- cleanup2:2 cleanup1:1");
}

#[test]
fn the_shared_store_lives_as_long_as_a_run() {
    let plan = Graph::new()
        .job("a")
        .run_only(|cx| {
            let tries = cx.shared().update(&NUMBER, |n| {
                *n += 1;
                *n
            });
            ensure(tries == 3, "not yet")
        })
        .job("b")
        .after("a")
        .check_only(|cx| Ok(*cx.shared().require(&NUMBER)? == 3))
        .job("c")
        .after("a")
        .tries(1)
        .check_only(|cx| Ok(cx.shared().require(&TEXT)?.is_empty()))
        .compile()
        .unwrap();
    for _ in 0..2 {
        let run = runner(1).run(&plan, ());
        assert!(run.status("b").unwrap().is_done());
        let error = run.error("c").unwrap().to_string();
        assert_eq!(error, "no value of type alloc::string::String is stored under `x`");
    }
}

const VERSION: Key<String> = Key::new("version");

#[test]
fn outputs_are_read_by_direct_dependants() {
    let plan = Graph::new()
        .job(VERSION)
        .check_only(|_| Ok("1.2.3".to_owned()))
        .job(Key::<usize>::new("length"))
        .after(VERSION)
        .run_only(|cx| Ok(cx.output(&VERSION)?.len()))
        .job("both")
        .after(VERSION)
        .after("length")
        .check(|cx| Ok(format!("{} {}", cx.output(&VERSION)?, cx.output(Key::<usize>::new("length"))?)))
        .run(|_| ())
        .compile()
        .unwrap();
    for threads in [1, 2, 8] {
        let run = runner(threads).run(&plan, ());
        assert_eq!(run.output(&VERSION).map(String::as_str), Some("1.2.3"));
        assert_eq!(run.output(Key::<String>::new("both")).map(String::as_str), Some("1.2.3 5"));
        assert_eq!(run.output(Key::<u8>::new("version")), None);
        assert_eq!(run.output(Key::<u8>::new("nowhere")), None);
    }
}

/// What a struct hands on, and what each kind does.
#[test]
fn whose_output_it_is() {
    #[derive(Clone)]
    struct Five;
    impl<A> Job<A> for Five {
        type Output = u32;
        fn check(&mut self, cx: &Context<A>) -> Result<u32> {
            if cx.phase() == Phase::Recheck { Ok(5) } else { Err("no".into()) }
        }
        fn run(&mut self, _: &Context<A>) -> Result {
            Ok(())
        }
    }
    let key = |name: &str| Key::<u32>::named(name);
    let plan = Graph::new()
        .job(key("struct"))
        .with(Five)
        .job(key("made"))
        .with_new(|_| Ok(Five))
        .job(key("recheck"))
        .check(|cx| if cx.attempt() == 1 { Err("no".into()) } else { Ok(cx.attempt()) })
        .run(|_| Ok(9_u8))
        .job("failed")
        .tries(1)
        .run_only(|_| -> Result<u32> { Err("no".into()) })
        .job("group")
        .after("struct")
        .group()
        .job("bool")
        .check_only(|_| true)
        .job("run")
        .check(|cx| cx.phase() == Phase::Recheck)
        .run(|_| Ok(7_u32))
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    let outputs: Vec<Option<&u32>> = plan.names().map(|name| run.output(key(name))).collect();
    assert_eq!(outputs, [Some(&5), Some(&5), Some(&2), None, None, None, None]);
}

/// The same error in every run: it does not matter who happens to have ended.
#[test]
fn a_forgotten_edge() {
    let plan = Graph::new()
        .job(VERSION)
        .check_only(|_| Ok("1".to_owned()))
        .job("other")
        .group()
        .job("reader")
        .after("other")
        .tries(1)
        .run_only(|cx| Ok(cx.output(&VERSION)?.len()))
        .job("beside")
        .tries(1)
        .run_only(|cx| Ok(cx.output(&VERSION)?.len()))
        .compile()
        .unwrap();
    for threads in [1, 1, 2, 3, 8] {
        let run = runner(threads).run(&plan, ());
        for job in ["reader", "beside"] {
            assert_eq!(
                run.error(job).unwrap().to_string(),
                format!(
                    "job `{job}` reads the output of `version`, but does not depend on it: add `.after(\"version\")`"
                )
            );
        }
    }
}

/// What `reader` reads under the name `x` in a plan whose jobs of that name return their own whole name.
#[track_caller]
fn check_reads(graph: Graph<'_>, reader: &str, expected: Result<&str, &str>) {
    let plan = graph.compile().unwrap();
    for plan in [plan.select(reader).unwrap(), plan] {
        let run = runner(2).run(&plan, ());
        let read = run.output(Key::<String>::named(reader)).map(String::as_str);
        let error = run.error(reader).map(|error| error.to_string());
        assert_eq!(read.ok_or(error.as_deref().unwrap_or("nothing")), expected);
    }
}

const X: Key<String> = Key::new("x");

/// A job that reads `x`.
fn reader(graph: Graph<'static>, name: &str, after: &[&str]) -> Graph<'static> {
    graph.job(Key::<String>::named(name)).after(after).tries(1).run_only(|cx| Ok(cx.output(X)?.clone()))
}

/// A job `x`, or whatever it is called.
fn source(graph: Graph<'static>, name: &str) -> Graph<'static> {
    graph.job(Key::<String>::named(name)).run_only(|cx| Ok(cx.job().to_owned()))
}

#[test]
fn outputs_are_read_from_all_that_a_job_depends_on() {
    let x = || source(Graph::new(), "x");
    check_reads(reader(x(), "r", &["x"]), "r", Ok("x"));
    check_reads(reader(x().job("a").after("x").group(), "r", &["a"]), "r", Ok("x"));
    check_reads(
        reader(x().job("a").after("x").group().job("b").after("a").run_only(|_| ()), "r", &["b"]),
        "r",
        Ok("x"),
    );
    // by way of nests: what the nest around it waits for, and what ends one that it is after
    let nest = |after: &[&str]| Graph::new().job("in").nest(reader(Graph::new(), "r", after));
    check_reads(x().job("n").after("x").nest(nest(&[])), "n/in/r", Ok("x"));
    check_reads(x().job("a").after("x").group().job("n").after("a").nest(nest(&[])), "n/in/r", Ok("x"));
    check_reads(
        x().job("y").after("x").nest(Graph::new().job("z").group()).job("n").nest(nest(&["y"])),
        "n/in/r",
        Ok("x"),
    );
    let first = reader(Graph::new().job("first").group(), "r", &["first"]);
    check_reads(x().job("n").after("x").nest(first), "n/r", Ok("x"));
    check_reads(
        x().job("n").nest(reader(Graph::new(), "r", &[])),
        "n/r",
        Err("job `n/r` reads the output of `x`, but does not depend on it: add `.after(\"x\")`"),
    );
}

#[test]
fn keys_are_looked_up_as_the_names_of_dependencies_are() {
    let x = || source(Graph::new(), "x");
    let not_after = |job: &str| {
        format!("job `{job}` reads the output of `x`, but does not depend on it: add `.after(\"x\")`")
    };
    // inside first
    let inside = || reader(x(), "r", &["x"]);
    check_reads(Graph::new().job("n").nest(inside()), "n/r", Ok("n/x"));
    check_reads(x().job("n").after("x").nest(inside()), "n/r", Ok("n/x"));
    check_reads(x().job("o").nest(Graph::new().job("n").nest(inside())), "o/n/r", Ok("o/n/x"));
    // then outside, level by level
    let deep = || Graph::new().job("n").nest(reader(Graph::new(), "r", &["x"]));
    check_reads(x().job("o").nest(deep()), "o/n/r", Ok("x"));
    check_reads(x().job("o").nest(deep().merge(x())), "o/n/r", Ok("o/x"));
    // the nearest decides, though the job is not after that one; in a subgraph of the plan as well, which has it no more
    let hidden = reader(x(), "r", &[]);
    check_reads(x().job("n").after("x").nest(hidden), "n/r", Err(&not_after("n/r")));
    // a slash in a name makes no level
    check_reads(
        source(x(), "n/x").job("n").after("x").nest(reader(Graph::new(), "r", &["x"])),
        "n/r",
        Ok("x"),
    );
    check_reads(reader(source(x(), "a/x"), "a/r", &["a/x", "x"]), "a/r", Ok("x"));
    // from outside only by the whole name
    let error = "job `r` reads the output of `x`, but there is no such job";
    check_reads(reader(Graph::new().job("n").nest(x()), "r", &["n"]), "r", Err(error));
}

#[test]
fn keys_are_taken_by_value_and_by_reference() {
    const SUM: Key<u32> = Key::new("sum");
    let made = Key::<u32>::named("made");
    let keys = [made.clone()];
    let plan = Graph::new()
        .job(&made)
        .run_only(|cx| {
            cx.local().set(SUM, 1);
            cx.local().update(&SUM, |sum| *sum += 1);
            cx.shared().set(&made, 5);
            Ok(*cx.local().require(SUM)? + cx.local().take(&SUM).unwrap_or_default())
        })
        .job(SUM)
        .after(keys.iter())
        .run_only(|cx| Ok(cx.output(&made)? + cx.output(made.clone())? + *cx.shared().require(&made)?))
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    assert_eq!((run.output(SUM), run.output(&SUM), run.output(&made)), (Some(&9), Some(&9), Some(&2)));
    assert_eq!((run.status(SUM), run.status(&made)), (run.status("sum"), run.status(&made)));
    assert!(plan.depends(SUM, &made) && plan.select(&made).is_ok());
}

#[test]
fn outputs_that_are_not_there() {
    let read = |key: Key<u32>| move |cx: &Context| Ok(*cx.output(&key)?);
    let plan = Graph::new()
        .job(VERSION)
        .check_only(|_| Ok("1".to_owned()))
        .job("group")
        .group()
        .job("other type")
        .after(VERSION)
        .tries(1)
        .run_only(read(Key::new("version")))
        .job("nothing")
        .after("group")
        .tries(1)
        .run_only(read(Key::new("group")))
        .job("no job")
        .tries(1)
        .run_only(read(Key::new("elsewhere")))
        .job("own")
        .tries(1)
        .run_only(read(Key::new("own")))
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    let check = |job: &str, expected: &str| {
        assert_eq!(
            run.error(job).unwrap().to_string(),
            format!("job `{job}` reads the output of {expected}")
        );
    };
    check("other type", "`version`, which is not a u32: name that job with the same key");
    check("nothing", "`group`, which returns nothing: let its check or run return the value");
    check("no job", "`elsewhere`, but there is no such job");
    check("own", "`own`, but does not depend on it: add `.after(\"own\")`");

    let error = Context::detached(()).output(&NUMBER).unwrap_err();
    assert_eq!((error.reader(), error.read()), ("detached", "x"));
}

/// What `reads` says and how many tries and runs there were, with all tries that a job has if it says nothing.
#[track_caller]
fn check_once(graph: Graph<'_>, tries: u32, phases: &str, why: &str) {
    let plan = graph.compile().unwrap();
    for threads in [1, 3] {
        let run = dojobber::Runner::builder().threads(threads).default_retry_delay(std::time::Duration::ZERO);
        let run = run.build().run(&plan, ());
        let job = run.job("reads").unwrap();
        let executed: Vec<String> = job.phases().iter().map(|phase| phase.phase().to_string()).collect();
        assert_eq!((job.tries(), executed.join(" ").as_str()), (tries, phases));
        let error = job.error().unwrap();
        assert!(error.to_string().contains(why), "{error}");
    }
}

/// To ask again cannot help, whoever asks and however it is passed on; and no run follows.
#[test]
fn an_output_that_cannot_be_had_is_asked_for_once() {
    const NOWHERE: Key<u32> = Key::new("nowhere");
    let reads = || Graph::new().job(NUMBER).run_only(|_| Ok(1)).job("reads");
    check_once(reads().run_only(|cx| Ok(*cx.output(NUMBER)?)), 1, "run", "does not depend on it");
    check_once(reads().check_only(|cx| Ok(*cx.output(NUMBER)? == 1)), 1, "check", "does not depend on it");
    check_once(reads().check(|cx| Ok(*cx.output(NUMBER)? == 1)).run(|_| ()), 1, "check", "does not depend");
    check_once(reads().after(NUMBER).run_only(|cx| Ok(*cx.output(NOWHERE)?)), 1, "run", "no such job");
    let other_type = |cx: &Context| Ok(cx.output(Key::<String>::new("x"))?.len());
    check_once(reads().after(NUMBER).run_only(other_type), 1, "run", "is not a alloc::string::String");
    let grouped = Graph::new().job("nowhere").group().job("reads").after("nowhere");
    check_once(grouped.run_only(|cx| Ok(*cx.output(NOWHERE)?)), 1, "run", "returns nothing");
    // in the words of another library, and of a future
    let wrapped = |cx: &Context| {
        let read: Result<u32, anyhow::Error> =
            cx.output(NUMBER).copied().map_err(|error| anyhow::Error::from(error).context("cannot add"));
        Ok(read?)
    };
    check_once(reads().run_only(wrapped), 1, "run", "cannot add");
    check_once(reads().run_only_async(async |cx| Ok(*cx.output(NUMBER)?)), 1, "run", "does not depend on it");
    // another error is tried again
    check_once(reads().run_only(|_| Err::<(), dojobber::BoxError>("busy".into())), 3, "run run run", "busy");
}

#[test]
fn keys_are_equal_by_name() {
    let keys: HashSet<Key<u32>> = [NUMBER, Key::named("x"), Key::named("y")].into();
    assert_eq!(keys.len(), 2);
    assert!(keys.contains(&Key::new("y")) && !keys.contains(&Key::new("z")));
    assert_eq!(format!("{NUMBER} {NUMBER:?}"), "x Key<u32>(\"x\")");
}

#[test]
fn the_key_drives_inference() {
    const NUMBERS: Key<Vec<u8>> = Key::new("numbers");
    let plan = Graph::new()
        .job(NUMBERS)
        .check_only(|_| Ok("1 2".split(' ').map(str::parse).collect::<Result<_, _>>()?))
        .job(Key::<u64>::new("one"))
        .run_only(|_| Ok(1))
        .job(Key::<BTreeMap<u8, u8>>::new("map"))
        .check_only(|_| Ok(Default::default()))
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    assert_eq!(run.output(&NUMBERS).unwrap(), &[1, 2]);
    assert_eq!(run.output(Key::<u64>::new("one")), Some(&1));
}

#[test]
fn where_a_phase_stands() {
    let notes = Notes::default();
    let plan = Graph::new()
        .job("a")
        .tries(2)
        .check(|cx| {
            notes.add(format!("{}:{}:{}/{}", cx.job(), cx.phase(), cx.attempt(), cx.max_tries().unwrap()));
            assert_eq!(cx.cwd(), std::env::current_dir()?);
            Ok(cx.attempt() == 2)
        })
        .run(|_| ())
        .job("b")
        .after("a")
        .run_only(|cx| notes.add(format!("{}:{}/{}", cx.phase(), cx.attempt(), cx.max_tries().unwrap())))
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    assert!(run.success(), "{}", run.report());
    assert_eq!(notes.text(), "a:check:1/2 a:recheck:1/2 a:check:2/2 run:1/3");
}

/// What a shell does that a job starts.
#[track_caller]
fn command(make: impl Fn(Command) -> Result<String> + Send + Sync, expected: Result<&str, &str>) {
    const OUT: Key<String> = Key::new("out");
    let plan = Graph::new().job(OUT).tries(1).run_only(|cx| make(cx.command("sh"))).compile().unwrap();
    let run = runner(1).run(&plan, ());
    let error = run.error(OUT).map(ToString::to_string);
    let result = error.as_deref().map_or_else(|| Ok(run.output(&OUT).unwrap().as_str()), Err);
    assert_eq!(result, expected);
}

#[test]
fn commands() {
    command(|sh| sh.args(["-c", "echo one; echo two"]).read(), Ok("one\ntwo"));
    command(|sh| sh.args(["-c", "printf 'a\\r\\n'"]).read(), Ok("a"));
    command(|sh| sh.args(["-c", "cat"]).read(), Ok("")); // standard input is closed
    command(|sh| sh.arg("-c").arg("echo $X").env("X", "5").read(), Ok("5"));
    command(|sh| sh.args(["-c", "pwd"]).current_dir("/").read(), Ok("/"));
    command(|sh| Ok(sh.args(["-c", "exit 3"]).succeeds()?.to_string()), Ok("false"));
    command(|sh| Ok(sh.args(["-c", "exit 0"]).succeeds()?.to_string()), Ok("true"));
    command(
        |sh| sh.args(["-c", "echo on out; echo 'no space' >&2; exit 3"]).read(),
        Err("`sh -c 'echo on out; echo '\\''no space'\\'' >&2; exit 3'` ended with exit status: 3: no space"),
    );
    command(|sh| sh.args(["-c", "exit 1"]).read(), Err("`sh -c 'exit 1'` ended with exit status: 1"));
    command(
        |sh| sh.args(["-c", "kill -9 $$"]).run().map(|()| String::new()),
        Err("`sh -c 'kill -9 $$'` ended with signal: 9 (SIGKILL)"),
    );
}

#[test]
fn only_the_end_of_what_a_process_complains_about_is_quoted() {
    let plan = Graph::new()
        .job("a")
        .tries(1)
        .run_only(sh("i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1"))
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    let text = run.error("a").unwrap().to_string();
    assert!(
        text.ends_with("line 1998\nline 1999") && text.len() < 2_300 && !text.contains("line 5\n"),
        "{text}"
    );
}

#[test]
fn a_process_that_does_not_start() {
    let plan =
        Graph::new().job("a").tries(1).run_only(|cx| cx.command("/nowhere/program").arg("x").run()).compile();
    let run = runner(1).run(&plan.unwrap(), ());
    let error = run.error("a").unwrap().downcast_ref::<CommandError>().unwrap();
    assert_eq!(
        (error.to_string().as_str(), error.line()),
        ("`/nowhere/program x` did not start", "/nowhere/program x")
    );
    assert_eq!(error.status(), None);
    assert_eq!(run.report().error("a").unwrap().causes(), ["No such file or directory (os error 2)"]);
}

#[test]
fn a_phase_may_be_a_script() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("made");
    let script = |line: &str| sh(line.replace("FILE", &file.display().to_string()));
    let plan =
        Graph::new().job("file").check(script("test -e FILE")).run(script("false\ntouch FILE")).compile();
    let failed = runner(1).run(&plan.unwrap(), ());
    assert!(failed.failure(), "the first command that fails ends a script");
    let plan =
        Graph::new().job("file").check(script("test -e FILE")).run(script("touch FILE")).compile().unwrap();
    let run = runner(1).run(&plan, ());
    assert!(run.success() && Path::new(&file).exists(), "{}", run.report());
    assert!(!runner(1).run(&plan, ()).changed());
}

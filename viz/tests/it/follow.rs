//! Runs that go on, drawn from their journals.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, mpsc};
use std::thread;

use clap::Parser;
use dojobber::{Graph, Runner, ensure};
use dojobber_core::Journal;
use dojobber_viz::cli::{RenderArgs, on_one_line};

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    render: RenderArgs,
}

fn render(journal: &Path, options: &[&str], picture: &Path) -> RenderArgs {
    let words = ["render"].iter().chain(options).map(OsString::from);
    let words = words.chain([journal.into(), "-o".into(), picture.into()]);
    Program::try_parse_from(words).unwrap().render
}

const RELOADS: &str = "<meta http-equiv=\"refresh\"";

#[test]
fn a_page_reloads_itself_until_the_run_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (path, page) = (folder.path().join("run.jsonl"), folder.path().join("page.html"));
    let (go_on, wait) = mpsc::channel();
    let wait = Mutex::new(wait);
    let plan = Graph::new()
        .job("done")
        .run_only(|_| ())
        .job("goes on")
        .after("done")
        .run_only(|_| Ok(wait.lock().unwrap().recv()?))
        .job("to come")
        .after("goes on")
        .check_only(|_| ensure(false, "never"))
        .compile()
        .unwrap();
    let seen = || fs::read_to_string(&page).unwrap_or_default();
    thread::scope(|scope| {
        // the journal is not there yet
        let following = scope.spawn(|| render(&path, &["--follow"], &page).render());
        let runner =
            Runner::builder().threads(1).default_tries(1).observer(Journal::create(&path).unwrap()).build();
        let running = scope.spawn(move || runner.run(&plan, ()).counts());
        while !seen().contains("goes on (run ..)") {
            thread::yield_now();
        }
        assert!(seen().contains(RELOADS), "{}", seen());
        go_on.send(()).unwrap();
        assert_eq!(running.join().unwrap().to_string(), "2 changed, 1 failed");
        following.join().unwrap().unwrap();
    });
    let last = seen();
    assert!(!last.contains(RELOADS) && !last.contains("(run ..)") && last.contains("never"), "{last}");
}

#[test]
fn a_run_whose_process_has_ended_is_drawn_once() {
    let folder = tempfile::tempdir().unwrap();
    let (path, text) = (folder.path().join("run.jsonl"), folder.path().join("run.txt"));
    let plan = Graph::new().job("a").run_only(|_| ()).job("b").after("a").run_only(|_| ()).compile().unwrap();
    let runner = Runner::builder().threads(1).observer(Journal::create(&path).unwrap()).build();
    assert!(runner.run(&plan, ()).success());
    drop(runner);
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    fs::write(&path, lines[..5].concat()).unwrap(); // b has begun
    if cfg!(unix) {
        render(&path, &["--follow"], &text).render().unwrap();
        let drawn = fs::read_to_string(&text).unwrap();
        assert!(drawn.starts_with("2 jobs: 1 changed\n") && drawn.contains("b (run ..)"), "{drawn}");
    }
    // and as any report
    render(&path, &[], &text).render().unwrap();
    assert!(fs::read_to_string(&text).unwrap().starts_with("2 jobs: 1 changed, 1 cancelled\n"));

    fs::write(&path, lines[0].replace(":1,", ":9,")).unwrap();
    let error = on_one_line(&render(&path, &["--follow"], &text).render().unwrap_err());
    assert!(error.contains("the first line of the journal is damaged"), "{error}");
}

//! The movie, run as a user runs it: a program with a command line.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use dojobber::{Kind, Report, Status};

use crate::programs::example;
use crate::support::untimed;

/// Every step that the original prints with `-v` and its defaults, in one of many legal orders.
const ORIGINAL: &str = include_str!("data/movie-v.txt");

fn movie(args: &[&str]) -> Output {
    example("movie").args(args).output().unwrap()
}

/// Runs the movie and reads back the report that it wrote.
#[track_caller]
fn report(args: &[&str]) -> Report {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("report.json");
    example("movie").args(args).arg("--report").arg(&path).output().unwrap();
    let names: Vec<PathBuf> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names, [&*path], "nothing else is left there");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

fn sorted(lines: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = lines.lines().collect();
    lines.sort_unstable();
    lines
}

const DONE: [&str; 16] = [
    "FriendsArrive",
    "InviteFriends",
    "Invite Wendell Bagg",
    "Invite Lawyer Cat",
    "DetermineDetails",
    "ValidateMovie",
    "PickTimeAndDate",
    "InsertDVD",
    "PrepareRoom",
    "CleanCouch",
    "FluffPillows",
    "FindTVRemote",
    "Food",
    "Popcorn",
    "PopcornBowl",
    "Pizza",
];

#[track_caller]
fn check_statuses(report: &Report, expected: &[(Status, &[&str])]) {
    let mut left: BTreeMap<&str, Status> = report.jobs().map(|job| (job.name(), job.status())).collect();
    for (status, names) in expected {
        for name in *names {
            assert_eq!(left.remove(name), Some(*status), "{name}");
        }
    }
    assert_eq!(left, BTreeMap::new(), "not expected");
}

#[test]
fn by_default_two_jobs_fail_and_two_are_blocked() {
    let report = report(&[]);
    assert_eq!((report.graph().len(), report.graph().edges()), (20, 23));
    let changed = [
        "Invite Wendell Bagg",
        "Invite Lawyer Cat",
        "PickTimeAndDate",
        "CleanCouch",
        "FluffPillows",
        "Popcorn",
        "PopcornBowl",
        "Pizza",
    ];
    let satisfied: Vec<&str> = DONE.into_iter().filter(|name| !changed.contains(name)).collect();
    check_statuses(
        &report,
        &[
            (Status::Satisfied, &satisfied),
            (Status::Changed, &changed),
            (Status::Failed, &["TurnOnTV", "SitOnCouch"]),
            (Status::Blocked, &["StartMovie", "WatchMovie"]),
        ],
    );
    for (name, tries) in
        [("TurnOnTV", 3), ("PopcornBowl", 8), ("Popcorn", 5), ("Pizza", 3), ("StartMovie", 0)]
    {
        assert_eq!(report.job(name).unwrap().tries(), tries, "{name}");
    }
    let causes = report.root_causes("WatchMovie");
    assert_eq!(causes.iter().map(|job| job.name()).collect::<Vec<_>>(), ["SitOnCouch", "TurnOnTV"]);
}

#[test]
fn what_depends_on_what() {
    let report = report(&[]);
    let graph = report.graph();
    let check = |job: &str, kind: Kind, after: &[&str]| {
        let id = graph.find(job).unwrap();
        assert_eq!(graph.kind(id), kind, "{job}");
        let mut names: Vec<&str> = graph.after(id).iter().map(|on| graph.name(*on)).collect();
        let mut expected = after.to_vec();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected, "{job}");
    };
    check("WatchMovie", Kind::Job, &["StartMovie"]);
    let needed = ["FriendsArrive", "PrepareRoom", "TurnOnTV", "InsertDVD", "SitOnCouch", "Food"];
    check("StartMovie", Kind::Job, &needed);
    check("FriendsArrive", Kind::Job, &["InviteFriends"]);
    check("InviteFriends", Kind::Group, &["DetermineDetails", "Invite Wendell Bagg", "Invite Lawyer Cat"]);
    check("Invite Wendell Bagg", Kind::Job, &["DetermineDetails"]);
    check("Invite Lawyer Cat", Kind::Job, &["DetermineDetails"]);
    check("DetermineDetails", Kind::Group, &["ValidateMovie", "PickTimeAndDate"]);
    check("ValidateMovie", Kind::CheckOnly, &[]);
    check("PickTimeAndDate", Kind::Job, &[]);
    check("InsertDVD", Kind::Job, &["ValidateMovie"]);
    check("PrepareRoom", Kind::Group, &["CleanCouch", "FluffPillows"]);
    check("CleanCouch", Kind::Job, &[]);
    check("FluffPillows", Kind::RunOnly, &[]);
    check("SitOnCouch", Kind::Job, &["PrepareRoom"]);
    check("TurnOnTV", Kind::Job, &["FindTVRemote"]);
    check("FindTVRemote", Kind::Job, &[]);
    check("Food", Kind::Group, &["Popcorn", "Pizza"]);
    check("Popcorn", Kind::Job, &["PopcornBowl"]);
    check("PopcornBowl", Kind::Job, &[]);
    check("Pizza", Kind::RunOnly, &[]);
}

#[test]
fn its_lines_are_those_of_the_original() {
    for threads in ["1", "2", "8"] {
        let output = movie(&["-v", "--threads", threads]);
        assert_eq!(sorted(stderr(&output)), sorted(ORIGINAL), "{threads} threads");
    }
}

#[test]
fn what_it_says_and_its_exit_status() {
    let check = |args: &[&str], code: i32, said: &[&str]| {
        let output = movie(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        let text = untimed(stdout(&output));
        said.iter().for_each(|line| assert!(text.contains(line), "{args:?}: {text}"));
        assert_eq!(stderr(&output), "", "{args:?}");
    };
    let invited =
        "To Lawyer Cat <lawyercat@example.com>: Come and watch Noises Off at 2099-09-14 16:57 UTC with me!";
    check(
        &[],
        1,
        &[
            invited,
            "I fluff the pillows.\n",
            "I put the feather duster back.\n",
            "16 jobs: 4 satisfied, 8 changed, 2 failed, 2 blocked\n",
            "`TurnOnTV` failed after 3 tries: Remote batteries are dead.\n",
            "`SitOnCouch` failed after 3 tries: No space on couch.\n",
        ],
    );
    let fine = ["--battery-state", "charged", "--couch-space"];
    check(&fine, 0, &["16 jobs: 8 satisfied, 8 changed\n"]);
    check(&[&fine[..], &["--movie", "Babylon 5"]].concat(), 0, &["Come and watch Babylon 5 at"]);
    check(
        &[&fine[..], &["--pizza-success-try", "4"]].concat(),
        1,
        &["`Pizza` failed after 3 tries: Giordano's"],
    );
    check(
        &[&fine[..], &["--pop-success-try", "6"]].concat(),
        1,
        &["`Popcorn` failed after 5 tries: Still popping"],
    );
    check(
        &[&fine[..], &["--bowl-success-try", "9"]].concat(),
        1,
        &["`PopcornBowl` failed after 8 tries: Dishw"],
    );
}

#[test]
fn a_movie_that_is_not_on_the_shelf() {
    let report = report(&["--movie", "Zardoz", "--battery-state", "charged", "--couch-space"]);
    let error = report.error("ValidateMovie").unwrap();
    assert_eq!(error.message(), "Zardoz not one of the available movies.");
    let blocked = [
        "DetermineDetails",
        "Invite Wendell Bagg",
        "Invite Lawyer Cat",
        "InviteFriends",
        "FriendsArrive",
        "InsertDVD",
        "StartMovie",
        "WatchMovie",
    ];
    for job in report.jobs() {
        assert_eq!(job.status() == Status::Blocked, blocked.contains(&job.name()), "{}", job.name());
    }
}

#[test]
fn an_earlier_success_takes_fewer_tries() {
    let report = report(&["--pop-success-try", "2", "--bowl-success-try", "1", "--pizza-success-try", "1"]);
    for (name, tries) in [("Popcorn", 2), ("PopcornBowl", 1), ("Pizza", 1)] {
        assert_eq!(report.job(name).unwrap().tries(), tries, "{name}");
        assert_eq!(report.status(name), Some(Status::Changed), "{name}");
    }
}

#[test]
fn a_dry_run_looks_and_does_nothing() {
    for flag in ["-n", "--no-act", "--dry-run"] {
        let report = report(&[flag, "--couch-space"]);
        assert!(report.dry_run());
        let due = ["PickTimeAndDate", "CleanCouch", "FluffPillows", "TurnOnTV", "PopcornBowl", "Pizza"];
        let satisfied = ["ValidateMovie", "FindTVRemote", "InsertDVD"];
        for job in report.jobs() {
            let expected = match job.name() {
                name if due.contains(&name) => Status::WouldRun,
                name if satisfied.contains(&name) => Status::Satisfied,
                _ => Status::Blocked,
            };
            assert_eq!(job.status(), expected, "{}", job.name());
        }
    }
    let output = movie(&["-n"]);
    let due = "would run: PickTimeAndDate, CleanCouch, FluffPillows, TurnOnTV, PopcornBowl, Pizza";
    let text = untimed(stdout(&output));
    assert!(text.starts_with(&format!("16 jobs: 3 satisfied, 7 blocked, 6 would run\n{due}\n")), "{text}");
    assert!(text.contains("\nSitOnCouch: blocked by CleanCouch\n"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn debug_shows_errors_below_their_lines() {
    let output = movie(&["-d", "--threads", "1"]);
    let lines: Vec<&str> = stderr(&output).lines().collect();
    let at = lines.iter().position(|line| *line == "TurnOnTV.check: fail").unwrap();
    assert_eq!(lines[at + 1], "  Remote batteries are dead.");
    assert!(lines.contains(&"CleanCouch.cleanup: pass"));
}

#[test]
fn wrong_input_is_told_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let nowhere = dir.path().join("nowhere").join("report.json");
    let output = movie(&["--report", nowhere.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("error: cannot write {}: ", nowhere.display());
    assert!(stderr(&output).starts_with(&expected), "{}", stderr(&output));
    assert!(!stdout(&output).is_empty(), "the run itself is not lost");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);

    let output = movie(&["--pizza-success-try", "0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("invalid value '0' for '--pizza-success-try <TRY>'"),
        "{}",
        stderr(&output)
    );
}

/// `NAME.PHASE: VERDICT`, and the error where a try has ended.
fn is_line(line: &str) -> bool {
    let phases = ["check", "run", "recheck", "cleanup"];
    let Some((step, verdict)) = line.split_once(": ") else { return false };
    let Some((name, phase)) = step.rsplit_once('.') else { return false };
    let known =
        DONE.contains(&name) || ["TurnOnTV", "SitOnCouch", "StartMovie", "WatchMovie"].contains(&name);
    let error = || verdict.strip_prefix("fail \"")?.strip_suffix('"').filter(|error| !error.contains('"'));
    let ends = (verdict == "pass" || verdict == "fail") || (phase == "recheck" && error().is_some());
    known && phases.contains(&phase) && ends
}

#[test]
fn lines_never_mix() {
    assert!(is_line("Invite Lawyer Cat.check: pass") && is_line("Pizza.recheck: fail \"no\""));
    assert!(!is_line("Pizza.recheck: fail \"no") && !is_line("Pizza.check: faPizza.check: fail"));
    let expected = sorted(ORIGINAL);
    for _ in 0..200 {
        let output = movie(&["-v", "--threads", "8"]);
        assert!(stderr(&output).ends_with('\n'));
        stderr(&output).lines().for_each(|line| assert!(is_line(line), "{line:?}"));
        assert_eq!(sorted(stderr(&output)), expected);
    }
}

#[test]
fn nobody_has_to_listen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("report.json");
    let closed = || {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader); // every write fails
        Stdio::from(writer)
    };
    let run = |mut movie: Command| {
        let status =
            movie.args(["-v", "-d", "--battery-state", "charged", "--couch-space", "--report"]).arg(&path);
        assert_eq!(status.status().unwrap().code(), Some(0));
        let report: Report = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(report.counts().to_string(), "8 satisfied, 8 changed");
        fs::remove_file(&path).unwrap();
    };
    let mut to_closed_stderr = example("movie");
    to_closed_stderr.stderr(closed()).stdout(Stdio::null());
    run(to_closed_stderr);
    let mut to_closed_both = example("movie");
    to_closed_both.stderr(closed()).stdout(closed());
    run(to_closed_both);
}

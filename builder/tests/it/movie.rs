//! The movie: DoJobber's own example, whole.

use std::collections::BTreeMap;

use dojobber::{Console, DryRun, Kind, Report, RunnerBuilder, Status};

use crate::support::{Notes, quick, untimed};

#[path = "../../../cli/examples/movie/graph.rs"]
mod graph;

use graph::{Evening, House};

/// Every step that the original prints with `-v` and its defaults, in one of many legal orders.
const ORIGINAL: &str = include_str!("data/movie-v.txt");

fn watch(evening: Evening, runner: RunnerBuilder) -> Report {
    let (house, friends) = (House::new(&|_| ()), graph::friends());
    let plan = graph::graph(&house, &friends).compile().unwrap();
    runner.build().run(&plan, evening).into_report()
}

fn report() -> Report {
    watch(Evening::default(), quick())
}

/// The lines of a console.
fn lines(console: Console, threads: usize) -> String {
    let notes = Lines::default();
    watch(Evening::default(), quick().threads(threads).observer(console.to(notes.clone())));
    notes.0.lock().unwrap().clone()
}

#[derive(Clone, Default)]
struct Lines(std::sync::Arc<std::sync::Mutex<String>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().push_str(str::from_utf8(bytes).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
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
    let report = report();
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
    let report = report();
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
    for threads in [1, 2, 8] {
        assert_eq!(sorted(&lines(Console::verbose(), threads)), sorted(ORIGINAL), "{threads} threads");
    }
}

#[test]
fn what_it_says() {
    let said = Notes::default();
    let say = |text: &str| said.add(text);
    let (house, friends) = (House::new(&say), graph::friends());
    let plan = graph::graph(&house, &friends).compile().unwrap();
    let run = quick().build().run(&plan, Evening::default());
    let invited =
        "To Lawyer Cat <lawyercat@example.com>: Come and watch Noises Off at 2099-09-14 16:57 UTC with me!";
    for line in [invited, "I fluff the pillows.", "I put the feather duster back."] {
        assert!(said.text().contains(line), "{}", said.text());
    }
    let text = untimed(run.report());
    assert!(text.starts_with("16 jobs: 4 satisfied, 8 changed, 2 failed, 2 blocked\n"), "{text}");
    assert!(text.contains("`TurnOnTV` failed after 3 tries: Remote batteries are dead.\n"), "{text}");
    assert!(text.contains("`SitOnCouch` failed after 3 tries: No space on couch.\n"), "{text}");
}

fn fine() -> Evening {
    Evening { battery_state: "charged".to_owned(), couch_space: true, ..Evening::default() }
}

#[test]
fn a_fine_evening() {
    assert_eq!(untimed(watch(fine(), quick())).lines().next(), Some("16 jobs: 8 satisfied, 8 changed"));
}

#[test]
fn a_movie_that_is_not_on_the_shelf() {
    let report = watch(Evening { movie: "Zardoz".to_owned(), ..fine() }, quick());
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
    let evening = Evening {
        pop_success_try: Some(2),
        bowl_success_try: Some(1),
        pizza_success_try: Some(1),
        ..Evening::default()
    };
    let report = watch(evening, quick());
    for (name, tries) in [("Popcorn", 2), ("PopcornBowl", 1), ("Pizza", 1)] {
        assert_eq!(report.job(name).unwrap().tries(), tries, "{name}");
        assert_eq!(report.status(name), Some(Status::Changed), "{name}");
    }
}

#[test]
fn a_dry_run_looks_and_does_nothing() {
    let report = watch(Evening { couch_space: true, ..Evening::default() }, quick().dry_run(true));
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
    let due = "would run: PickTimeAndDate, CleanCouch, FluffPillows, TurnOnTV, PopcornBowl, Pizza";
    let text = untimed(&report);
    assert!(text.starts_with(&format!("16 jobs: 3 satisfied, 7 blocked, 6 would run\n{due}\n")), "{text}");
    assert!(text.contains("\nSitOnCouch: blocked by CleanCouch\n"), "{text}");
}

#[test]
fn a_dry_run_that_goes_through_names_all_that_changes() {
    let plan = watch(fine(), quick().dry_run(DryRun::Through));
    let names = |report: &Report, status: Status| -> Vec<String> {
        report.jobs().filter(|job| job.status() == status).map(|job| job.name().to_owned()).collect()
    };
    assert_eq!(names(&plan, Status::WouldRun), names(&watch(fine(), quick()), Status::Changed));
    assert_eq!((plan.count(Status::Failed), plan.count(Status::Blocked)), (0, 0), "{plan}");
}

#[test]
fn debug_shows_errors_below_their_lines() {
    let text = lines(Console::debug(), 1);
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| *line == "TurnOnTV.check: fail").unwrap();
    assert_eq!(lines[at + 1], "  Remote batteries are dead.");
    assert!(lines.contains(&"CleanCouch.cleanup: pass"));
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
        let text = lines(Console::verbose(), 8);
        assert!(text.ends_with('\n'));
        text.lines().for_each(|line| assert!(is_line(line), "{line:?}"));
        assert_eq!(sorted(&text), expected);
    }
}

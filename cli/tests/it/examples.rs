//! The examples, as their users run them.

use std::fs;

use dojobber::{Kind, Report, Status};

use crate::program::{program, run};

/// A page that one wants to read: what it is, its own options, and those of all graphs, each with a line.
#[test]
fn help_is_a_page() {
    for (name, about) in [
        ("movie", "Friends come over to watch a movie"),
        ("machine", "Set up a machine, which is a folder here"),
        ("release", "Release what is in a folder"),
        ("spinup", "Bring up a small stack on this machine, and try it"),
        ("fleet", "Bring up a fleet of hosts"),
        ("site", "Make a small web site"),
    ] {
        let output = program(name).arg("--help").output().unwrap();
        let help = str::from_utf8(&output.stdout).unwrap();
        assert_eq!(help.lines().next(), Some(about));
        for heading in ["Usage: ", "Options:", "What to do:", "How to run:", "What to say:", "What to write:"]
        {
            assert!(help.lines().any(|line| line.starts_with(heading)), "{name}: {heading}: {help}");
        }
        let most = help.lines().map(|line| line.chars().count()).max();
        assert!(most.is_some_and(|most| most <= 100), "{name}: {most:?}: {help}");
    }
}

const RELEASE: &str = "would  notes        write the notes
would  build linux  build app-1.2.3-linux.tar       not built
would  build macos  build app-1.2.3-macos.tar       not built
then   checksums    sum up what was built           after build macos
then   tag          tag v1.2.3                      after checksums
then   publish      publish the notes and the sums  after tag

Plan: 3 would run, then 3. 1 is satisfied. Nothing was changed.";

#[test]
fn a_plan_of_the_release_names_what_is_done_then() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run("release", folder.path(), "--plan --detailed-exitcode");
    let expected =
        "FAILED  version  read the file VERSION  no VERSION file: No such file or directory (os error 2)";
    assert_eq!((refused.code, refused.stdout.lines().next()), (Some(1), Some(expected)));

    fs::write(folder.path().join("VERSION"), "1.2.3\n").unwrap();
    for (arguments, code) in [("--plan", 0), ("--plan --detailed-exitcode", 2)] {
        let said = run("release", folder.path(), arguments);
        assert_eq!((said.stdout.as_str(), said.stderr.as_str(), said.code), (RELEASE, "", Some(code)));
    }
    assert!(include_str!("../../README.md").contains(RELEASE), "cli/README.md shows another plan");
    let named = |report: &Report| {
        let due = report.jobs().filter(|job| job.status() == Status::WouldRun);
        due.map(|job| job.name().to_owned()).collect::<Vec<_>>()
    };
    let changed = |report: &Report| {
        report.jobs().filter(|job| job.changed()).map(|job| job.name().to_owned()).collect::<Vec<_>>()
    };
    let report = |arguments: &str| -> Report {
        assert_eq!(run("release", folder.path(), &format!("{arguments} -q --report run.json")).code, Some(0));
        serde_json::from_slice(&fs::read(folder.path().join("run.json")).unwrap()).unwrap()
    };
    // twice: the second time all is there but for what is done every time
    for due in [6, 3] {
        let plan = report("--plan");
        assert_eq!((named(&plan).len(), named(&plan)), (due, changed(&report(""))));
        assert_eq!(fs::read_to_string(folder.path().join("tags")).unwrap(), "v1.2.3");
    }
    let said = run(
        "release",
        folder.path(),
        "--plan --detailed-exitcode --no-publish --exclude notes --exclude checksums",
    );
    assert_eq!((said.stdout.as_str(), said.code), ("Nothing to do: 3 jobs are satisfied.", Some(0)));
}

#[test]
fn a_machine_is_set_up_once() {
    let folder = tempfile::tempdir().unwrap();
    let plan = run("machine", folder.path(), "--plan");
    assert_eq!(
        (plan.code, plan.stdout.lines().count(), plan.stderr.as_str()),
        (Some(0), 9, ""),
        "{}",
        plan.stdout
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let first = run("machine", folder.path(), "");
    assert!(first.stderr.ends_with("7 jobs in T: 7 changed"), "{}", first.stderr);
    let again = run("machine", folder.path(), "");
    assert_eq!(again.stderr, "machine: 7 jobs, 1 thread\n7 jobs in T: all satisfied");
    let other = run("machine", folder.path(), "--domain example.org");
    assert!(other.stderr.contains("changed    1  web/nginx.conf\n"), "{}", other.stderr);
}

#[test]
fn the_movie_has_its_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let movie = |arguments: &str| run("movie", folder.path(), arguments);
    let bad = movie("");
    assert_eq!(bad.code, Some(1));
    assert!(
        bad.stderr.contains("FAILED     1  TurnOnTV: Remote batteries are dead., after 3 tries in T"),
        "{}",
        bad.stderr
    );
    assert!(
        bad.stderr.contains("\n16 jobs in T: 4 satisfied, 8 changed, 2 failed, 2 blocked\n"),
        "{}",
        bad.stderr
    );
    assert!(bad.stdout.contains("To Lawyer Cat <lawyercat@example.com>: Come and watch Noises Off at 2099"));
    let fine = "--battery-state charged --couch-space";
    let good = movie(fine);
    assert_eq!(good.code, Some(0));
    assert!(good.stderr.ends_with("16 jobs in T: 8 satisfied, 8 changed"), "{}", good.stderr);
    for (option, failed) in [
        ("--pizza-success-try 4", "Pizza: Giordano's"),
        ("--pop-success-try 6", "Popcorn: Still popping"),
        ("--bowl-success-try 9", "PopcornBowl: Dishw"),
    ] {
        let said = movie(&format!("{fine} {option}"));
        assert_eq!(said.code, Some(1), "{option}");
        assert!(said.stderr.contains(&format!("FAILED     1  {failed}")), "{}", said.stderr);
    }
    let wrong = movie("--pizza-success-try 0");
    assert_eq!(wrong.code, Some(64));
    assert!(wrong.stderr.contains("invalid value '0' for '--pizza-success-try <TRY>'"), "{}", wrong.stderr);
    let dry = movie("-n --couch-space --report run.json");
    assert_eq!(dry.code, Some(1));
    let report: Report = serde_json::from_slice(&fs::read(folder.path().join("run.json")).unwrap()).unwrap();
    let due = report.jobs().filter(|job| job.status() == Status::WouldRun && job.kind() != Kind::Group);
    let due: Vec<&str> = due.map(|job| job.name()).collect();
    assert_eq!(due, ["PickTimeAndDate", "CleanCouch", "FluffPillows", "TurnOnTV", "PopcornBowl", "Pizza"]);
}

/// 300 hosts of which three never come up, on one thread; and what the same program says without jobs.
#[test]
fn a_fleet_comes_up_but_for_three() {
    let folder = tempfile::tempdir().unwrap();
    let said = run("fleet", folder.path(), "--report report.json -q");
    assert_eq!(said.code, Some(1));
    let report: Report =
        serde_json::from_str(&fs::read_to_string(folder.path().join("report.json")).unwrap()).unwrap();
    let names = |status: Status| {
        let of = report.jobs().filter(|job| job.status() == status && job.kind() != Kind::Group);
        of.map(|job| job.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(Status::Failed), ["eu075/up", "eu150/up", "eu225/up"]);
    assert_eq!(report.counts().to_string(), "594 satisfied, 597 changed, 3 failed, 6 blocked");
    assert!(report.jobs().flat_map(|job| job.phases()).all(|phase| phase.worker() == 0), "it has one thread");
    let plain = run("fleet_plain", folder.path(), "");
    let counts = "1200 jobs in ";
    let last = plain.stdout.lines().last().unwrap_or_default();
    assert!(
        last.starts_with(counts) && last.ends_with("594 satisfied, 597 changed, 3 failed, 6 blocked"),
        "{last}"
    );
    assert_eq!(plain.code, Some(1));
    let twin = run("fleet_joinset", folder.path(), "");
    let failed = "300 hosts: 297 up, 3 failed\neu075: it does not answer\neu150: it does not answer\neu225: it does not answer";
    let mut lines: Vec<_> = twin.stdout.lines().collect();
    lines[1..].sort_unstable();
    assert_eq!((lines.join("\n").as_str(), twin.code), (failed, Some(1)));
}

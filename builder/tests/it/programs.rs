//! The other example programs, as a user runs them.

use std::path::PathBuf;
use std::process::Command;

use crate::support::untimed;

/// An example, which `cargo test` has built beside this test.
#[track_caller]
pub(crate) fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let built: PathBuf = test.parent().and_then(|deps| deps.parent()).unwrap().join("examples").join(name);
    let program = built.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "{} is not there: `cargo test` builds it, and so does `cargo build --examples`",
        program.display()
    );
    Command::new(program)
}

#[track_caller]
fn check(name: &str, expected: &str) {
    let output = example(name).output().unwrap();
    assert_eq!(str::from_utf8(&output.stderr).unwrap(), "");
    assert_eq!(untimed(str::from_utf8(&output.stdout).unwrap()), expected);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn hosts() {
    check(
        "hosts",
        "db1/packages   Changed
db1/reboot     Changed
db1/replica    Changed
db1            Satisfied
db2/packages   Changed
db2/reboot     Changed
db2/replica    Changed
db2            Satisfied
web1/packages  Changed

db1/packages   Satisfied
db1/reboot     Satisfied
db1/replica    Satisfied
db1            Satisfied
db2/packages   Satisfied
db2/reboot     Satisfied
db2/replica    Satisfied
db2            Satisfied
web1/packages  Satisfied
web1/reboot    Changed
web1           Satisfied

",
    );
}

#[cfg(feature = "testkit")]
#[test]
fn forgotten_edge() {
    check(
        "forgotten_edge",
        "it makes a difference whether `start` or `config` comes first
  `config`.run, then `start`.run: Some(\"port 443\")
  `start`.run, then `config`.run: Some(\"port 80\")
  neither is after the other: if one needs what the other does, say so with `.after(..)`
  an order that shows it: `user`.check, `user`.run, `user`.recheck, `config`.check, `start`.check, `start`.run, `config`.run
  found after 18 simulated runs

with the edge, all orders lead to Some(\"port 443\")
",
    );
}

#[cfg(feature = "testkit")]
#[test]
fn agreement() {
    let output = example("agreement").arg("200").output().unwrap();
    assert_eq!(str::from_utf8(&output.stderr).unwrap(), "");
    let said = str::from_utf8(&output.stdout).unwrap();
    assert!(
        said.starts_with("200 random graphs of 20 jobs: simulation, drivers and judge agree\n"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[cfg(feature = "testkit")]
#[test]
fn property() {
    let output = example("property").output().unwrap();
    assert_eq!(str::from_utf8(&output.stdout).unwrap(), "64 cases pass\n");
    let found = str::from_utf8(&output.stderr).unwrap();
    assert!(found.contains("it makes a difference whether `b` or `a` comes first"), "{found}");
    assert_eq!(output.status.code(), Some(0));
}

/// The same evening as the whole movie, told in fewer lines.
#[test]
fn movie_outline() {
    let output = example("movie_outline").arg("-v").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let lines = |bytes: &[u8]| {
        let mut lines: Vec<String> = str::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(lines(&output.stderr), lines(include_bytes!("data/movie-v.txt")));
    let said = [
        "16 jobs: 4 satisfied, 8 changed, 2 failed, 2 blocked",
        "I am fluffing the pillows.",
        "Putting away the feather duster.",
        "WatchMovie, StartMovie: blocked by TurnOnTV",
        "`SitOnCouch` failed after 3 tries: No space on couch.",
        "`TurnOnTV` failed after 3 tries: Remote batteries are dead.",
        "bagg@example.com: Come and watch Noises Off at 2099-09-14 16:57 UTC with me!",
        "changed: Invite Wendell Bagg, Invite Lawyer Cat, PickTimeAndDate, CleanCouch, FluffPillows, Pizza, Popcorn, \
         PopcornBowl",
        "lawyercat@example.com: Come and watch Noises Off at 2099-09-14 16:57 UTC with me!",
    ];
    let output = untimed(str::from_utf8(&output.stdout).unwrap());
    assert_eq!(lines(output.as_bytes()), said);
}

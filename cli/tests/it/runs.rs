//! What is said of a run, and how the program ends.

use std::process::Stdio;

use dojobber::{Report, StopReason};

use crate::program::{program, run, said};

#[track_caller]
fn check(arguments: &str, code: i32, stderr: &str) {
    let folder = tempfile::tempdir().unwrap();
    let said = run("trouble", folder.path(), arguments);
    assert_eq!(said.stderr, stderr, "{arguments}");
    assert_eq!((said.code, said.stdout.as_str()), (Some(code), ""), "{arguments}");
}

#[test]
fn a_line_for_each_job_that_did_something() {
    check("", 0, "trouble: 1 job, 1 thread\n1 job in T: all satisfied");
    let flaky = "trouble: 2 jobs, 1 thread
T  changed  flaky  works at the second try (T)
changed    1  flaky

2 jobs in T: 1 satisfied, 1 changed";
    check("flaky", 0, flaky);
    let broken = "trouble: 3 jobs, 1 thread
T  FAILED   broken  there is no disk (2 tries in T)
FAILED     1  broken: there is no disk, after 2 tries in T
its run failed before: no room
blocked    1  behind (behind broken)

3 jobs in T: 1 satisfied, 1 failed, 1 blocked
again: trouble broken --threads 1 -d --only broken";
    check("broken", 1, broken);
    let cleanup = "trouble: 2 jobs, 1 thread
T  changed  cleanup  (T)
T  cleanup  cleanup  the bucket is gone
changed    1  cleanup
cleanup    1  cleanup: the bucket is gone

2 jobs in T: 1 satisfied, 1 changed";
    check("cleanup", 1, cleanup);
}

#[test]
fn quiet_says_what_is_wrong_alone() {
    check("--quiet", 0, "");
    check("-q flaky", 0, "");
    let command = "FAILED     1  command: `sh -c 'echo one >&2; echo two >&2; exit 3'` ended with exit status: 3: one, after T
| two

2 jobs in T: 1 satisfied, 1 failed";
    check("-q command", 1, command);
}

#[test]
fn build_servers_fold_what_belongs_together() {
    let said = |variable: &str, arguments: &[&str]| {
        let mut program = program("trouble");
        program.args(["broken", "--threads", "1"]).args(arguments).env(variable, "true");
        String::from_utf8(program.output().unwrap().stderr).unwrap()
    };
    let annotation = "\n::error title=broken failed::there is no disk\n";
    let github = said("GITHUB_ACTIONS", &["-v"]);
    assert!(
        github.contains("\n::group::broken: failed after ") && github.contains("\n::endgroup::\n"),
        "{github}"
    );
    assert!(github.ends_with(annotation), "{github}");
    let brief = said("GITHUB_ACTIONS", &[]);
    assert!(brief.ends_with(annotation) && !brief.contains("::group::"), "{brief}");
    let gitlab = said("GITLAB_CI", &["-v"]);
    assert!(gitlab.contains("section_start:") && !gitlab.contains("::error"), "{gitlab}");
}

const VERBOSE: &str = "T  2 jobs on 1 thread
T  fine.check: pass
T  flaky.check: due \"not yet\"
T  flaky.run: works at the second try
T  flaky.run: pass
T  flaky.recheck: fail \"not yet\"
T  flaky: again in T, try 2 of 2
T  flaky.check: due \"not yet\" (try 2)
T  flaky.run: works at the second try (try 2)
T  flaky.run: pass (try 2)
T  flaky.recheck: pass (try 2)
changed    1  flaky

2 jobs in T: 1 satisfied, 1 changed";

#[test]
fn verbose_says_each_phase() {
    for arguments in ["-v flaky", "flaky --verbose"] {
        let folder = tempfile::tempdir().unwrap();
        let said = run("trouble", folder.path(), arguments);
        // phases tell their time if it is long enough
        let stderr = said.stderr.replace(" (T)", "").replace(", T)", ")");
        assert_eq!((said.code, stderr.as_str()), (Some(0), VERBOSE), "{arguments}");
    }
}

#[test]
fn debug_says_all_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    for option in ["-d", "--debug", "-vv", "-v -v"] {
        let said = run("trouble", folder.path(), &format!("command {option}"));
        let end = "ended with exit status: 3: one\\ntwo\"";
        let at = said.stderr.find(end).unwrap_or_else(|| panic!("{}", said.stderr));
        let details: Vec<&str> = said.stderr[at..].lines().skip(1).take(2).collect();
        assert_eq!(details[1], "two", "{}", said.stderr);
    }
}

#[test]
fn colours() {
    let painted = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut program = program("trouble");
        program.arg("broken").args(arguments).envs(variables.iter().copied());
        String::from_utf8(program.output().unwrap().stderr).unwrap().contains("\u{1b}[")
    };
    assert!(!painted(&[], &[]));
    assert!(painted(&["--color", "always"], &[]));
    assert!(painted(&["--color=always"], &[("NO_COLOR", "1")]));
    assert!(painted(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!painted(&["--color=never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!painted(&["--color=auto"], &[("NO_COLOR", "1")]));
}

#[test]
fn progress_may_be_shown_anywhere() {
    let written = |arguments: &[&str]| {
        let output =
            program("trouble").args(["endless", "--timeout", "600ms"]).args(arguments).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let always = written(&["--progress", "always"]);
    assert!(always.contains("  endless  run  ") && always.contains("1/3"), "{always:?}");
    for when in ["auto", "never"] {
        let lines = written(&["--progress", when]);
        assert!(lines.starts_with("trouble: 3 jobs, ") && !lines.contains('\u{1b}'), "{lines:?}");
    }
}

#[test]
fn threads() {
    let folder = tempfile::tempdir().unwrap();
    let said = run("trouble", folder.path(), "--threads 3");
    assert!(said.stderr.starts_with("trouble: 1 job, 3 threads\n"), "{}", said.stderr);
    let said = run("trouble", folder.path(), "--threads 0");
    assert!(said.stderr.starts_with("trouble: 1 job, "), "{}", said.stderr);
}

/// The longest way begins first: of two jobs the one that took long.
#[test]
fn timings() {
    let folder = tempfile::tempdir().unwrap();
    let site = |arguments: &str| run("site", folder.path(), arguments);
    assert_eq!(site("--page a --page b --report run.json -q").code, Some(0));
    let path = folder.path().join("run.json");
    let mut report: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    // b is said to have taken a second
    report["elapsed_ns"] = 10_000_000_000_u64.into();
    for job in report["jobs"].as_array_mut().unwrap() {
        if job["name"] == "pages/b" {
            job["phases"][0]["length_ns"] = 1_000_000_000_u64.into();
            job["phases"][0]["start_ns"] = 0.into();
        }
    }
    std::fs::write(&path, report.to_string()).unwrap();
    std::fs::remove_dir_all(folder.path().join("site")).unwrap();
    let said = site("--page a --page b --timings run.json").stderr;
    assert!(said.find("changed  pages/b").unwrap() < said.find("changed  pages/a").unwrap(), "{said}");
    let other = run("trouble", folder.path(), "--timings run.json");
    let expected = "error: run.json is the report of another plan: it has none of these jobs";
    assert_eq!((other.code, other.stderr.as_str()), (Some(64), expected));
    report["elapsed_ns"] = 0.into();
    std::fs::write(&path, report.to_string()).unwrap();
    let wrong = site("--timings run.json");
    let begin = "error: invalid value 'run.json' for '--timings <FILE>': it is no saved report: the report does not fit";
    assert!(wrong.code == Some(64) && wrong.stderr.starts_with(begin), "{}", wrong.stderr);
    let missing = site("--timings none.json");
    assert!(
        missing.code == Some(64) && missing.stderr.contains(": it cannot be read: "),
        "{}",
        missing.stderr
    );
}

#[test]
fn the_run_ends_at_the_first_failure() {
    let fast = "FAILED     1  panic: panicked: the house burns, after T
cancelled  1  cleanup (not begun)

3 jobs in T: 1 satisfied, 1 failed, 1 cancelled; stopped: too many jobs had failed";
    let end = |arguments: &str| {
        let folder = tempfile::tempdir().unwrap();
        let said = run("trouble", folder.path(), arguments);
        let at = said.stderr.find("FAILED  ").expect("something failed");
        (said.code, said.stderr[at..].to_owned())
    };
    assert_eq!(end("-q --fail-fast panic cleanup"), (Some(1), fast.to_owned()));
    assert_eq!(end("-q --max-failures 1 panic cleanup"), (Some(1), fast.to_owned()));
    let (code, both) = end("-q --max-failures 2 panic cleanup");
    assert_eq!((code, both.contains("cancelled")), (Some(1), false), "{both}");
}

#[test]
fn the_run_ends_when_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let said = run("trouble", folder.path(), "-q endless --timeout 100ms --report run.json");
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    let report: Report =
        serde_json::from_slice(&std::fs::read(folder.path().join("run.json")).unwrap()).unwrap();
    assert_eq!(report.stop_reason(), Some(StopReason::TimedOut));
    let said = run("trouble", folder.path(), "--timeout 1h30m");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
}

#[test]
fn nobody_has_to_listen() {
    let mut child = program("trouble").args(["-d", "broken"]).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(said(&child.wait_with_output().unwrap()).code, Some(1));
}

#[cfg(unix)]
#[test]
fn streams_may_be_closed() {
    for (streams, arguments) in [(">&-", "flaky --list"), ("2>&-", "flaky -d"), (">&- 2>&-", "flaky --plan")]
    {
        let line = format!("exec \"$0\" {arguments} {streams}");
        let program = program("trouble");
        let mut shell = std::process::Command::new("sh");
        let status = shell.arg("-c").arg(line).arg(program.get_program()).stdin(Stdio::null()).status();
        assert_eq!(status.unwrap().code(), Some(0), "{streams}");
    }
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let first = run("site", folder.path(), "-q");
    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
    let again = run("site", folder.path(), "");
    assert_eq!(again.stderr, "site: 4 jobs, 1 thread\n4 jobs in T: all satisfied");
    let more = run("site", folder.path(), "-q --page index --page new --report report.json");
    assert_eq!(more.code, Some(0));
    let report = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    assert_eq!(report.matches("\"changed\"").count(), 2, "{report}");
}

/// Reads from a pipe whenever that is nearly full, so that a program which writes to it finds it full again and again.
#[cfg(target_os = "linux")]
fn read_late(mut pipe: std::io::PipeReader, child: &mut std::process::Child) -> String {
    use std::io::Read as _;

    const NEARLY: u64 = 50_000; // a pipe holds 65,536 bytes
    let (mut text, mut piece) = (Vec::new(), [0; 16 * 1024]);
    loop {
        if rustix::io::ioctl_fionread(&pipe).unwrap() < NEARLY && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
            continue;
        }
        match pipe.read(&mut piece).unwrap() {
            0 => return String::from_utf8(text).unwrap(),
            read => text.extend(&piece[..read]),
        }
    }
}

/// As Node.js and ssh leave them: they take what fits, and do not wait.
#[cfg(target_os = "linux")]
#[test]
fn streams_that_do_not_wait_lose_nothing() {
    use rustix::fs::{OFlags, fcntl_setfl};

    const PAGES: usize = 3_000;
    let page = |at: usize| {
        format!("--page=a-page-with-a-long-name-so-that-a-stream-is-soon-full-{at}{}", "-".repeat(40))
    };
    let written = |arguments: &[&str], is_stdout: bool| {
        let folder = tempfile::tempdir().unwrap();
        let (reads, writes) = std::io::pipe().unwrap();
        fcntl_setfl(&writes, OFlags::NONBLOCK).unwrap();
        let mut command = program("site");
        command.args(arguments).args((0..PAGES).map(page)).current_dir(&folder).stdout(Stdio::null());
        if is_stdout {
            command.stdout(writes)
        } else {
            command.stderr(writes)
        };
        let mut child = command.spawn().unwrap();
        drop(command); // and with it our copy of its end
        let text = read_late(reads, &mut child);
        assert!(child.wait().unwrap().success(), "{arguments:?}");
        text
    };
    // every page has one of these lines, and no line has two of them
    let check = |text: &str, is_one: fn(&str) -> bool| {
        assert_eq!(text.lines().filter(|line| line.contains("pages/a-page") && is_one(line)).count(), PAGES);
        assert_eq!(text.lines().find(|line| line.matches("pages/a-page").count() > 1), None);
    };
    check(&written(&["--list"], true), |line| line.starts_with("pages/") && line.ends_with("after folder"));
    check(&written(&["--plan"], true), |line| line.starts_with("then   pages/"));
    check(&written(&[], false), |line| line.contains("  changed  pages/"));
    check(&written(&["-v"], false), |line| line.contains(".recheck: pass"));
}

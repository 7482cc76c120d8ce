//! The command that tries again what has failed.

use dojobber::{Kind, Report, Status, StopReason};

use crate::args::{RunArgs, Words};

/// More names than this make no command that one wants to copy.
const MOST: usize = 10;

/// `fleet --hosts 300 -d --only dead042`: the same call for the jobs that failed alone, with all that is known. `call`
/// is the program's, its name first. A run that was stopped from outside goes on with the same call. A journal that is there
/// is not written again, so the next call has none. `None` if there is nothing of that kind to say.
pub(crate) fn again(args: &RunArgs, report: &Report, call: &[String]) -> Option<String> {
    let is_stopped = report.stop_reason().is_some_and(|reason| reason != StopReason::MaxFailures);
    if is_stopped && report.failure() && args.words() != Words::Quiet {
        let but = if args.journal.is_some() { ", with another journal," } else { "" };
        return Some(format!("again: the same command{but} goes on from here"));
    }
    let failed = report.jobs().filter(|job| job.status() == Status::Failed && job.kind() != Kind::Group);
    let failed: Vec<&str> = failed.map(|job| job.name()).take(MOST + 1).collect();
    if failed.is_empty() || failed.len() > MOST || !args.only.is_empty() || args.words() == Words::Quiet {
        return None;
    }
    let mut words = without_journal(call);
    if args.words() != Words::Debug {
        words.push("-d".to_owned());
    }
    for name in failed {
        words.extend(["--only".to_owned(), quoted(name)]);
    }
    Some(format!("again: {}", words.join(" ")))
}

/// The words of a call but for `--journal FILE`, for a shell.
fn without_journal(call: &[String]) -> Vec<String> {
    let is_of_journal = |at: usize| {
        let is_its_file = at > 0 && call[at - 1] == "--journal";
        is_its_file || call[at] == "--journal" || call[at].starts_with("--journal=")
    };
    (0..call.len()).filter(|at| !is_of_journal(*at)).map(|at| quoted(&call[at])).collect()
}

/// As a shell reads it as one word.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_./=:,+@%".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::{CancelToken, Graph, Runner};

    #[track_caller]
    fn check(args: &RunArgs, failing: usize, expected: Option<&str>) {
        let graph = (0..failing).fold(Graph::new().job("good").check_only(|_| true), |graph, job| {
            graph.job(format!("bad {job}")).tries(1).check_only(|_| false)
        });
        let run = graph.compile().unwrap().run(());
        let call = ["fleet".to_owned(), "it's".to_owned(), "--hosts=3".to_owned()];
        assert_eq!(again(args, &run, &call).as_deref(), expected);
    }

    #[test]
    fn what_failed_is_tried_again() {
        let args = RunArgs::default();
        check(&args, 0, None);
        check(&args, 1, Some(r"again: fleet 'it'\''s' --hosts=3 -d --only 'bad 0'"));
        check(&args, 2, Some(r"again: fleet 'it'\''s' --hosts=3 -d --only 'bad 0' --only 'bad 1'"));
        check(&args, 11, None);
        let debug = RunArgs { debug: true, ..RunArgs::default() };
        check(&debug, 1, Some(r"again: fleet 'it'\''s' --hosts=3 --only 'bad 0'"));
        check(&RunArgs { quiet: true, ..RunArgs::default() }, 1, None);
        let call =
            ["fleet", "--journal", "a.log", "-n", "--journal=b c.log", "--journals"].map(str::to_owned);
        assert_eq!(without_journal(&call), ["fleet", "-n", "--journals"]);
        check(&RunArgs { only: vec!["bad 0".to_owned()], ..RunArgs::default() }, 1, None);
    }

    #[test]
    fn what_was_stopped_goes_on() {
        let token = CancelToken::new();
        token.cancel();
        let plan = Graph::new().job("a").run_only(|_| ()).compile().unwrap();
        let run = Runner::builder().cancel_token(&token).build().run(&plan, ());
        let told = |args: &RunArgs| again(args, &run, &["fleet".to_owned()]);
        let same = Some("again: the same command goes on from here".to_owned());
        assert_eq!(told(&RunArgs::default()), same);
        assert_eq!(told(&RunArgs { quiet: true, ..RunArgs::default() }), None);
        let but = Some("again: the same command, with another journal, goes on from here".to_owned());
        assert_eq!(told(&RunArgs { journal: Some("a.log".into()), ..RunArgs::default() }), but);
    }
}

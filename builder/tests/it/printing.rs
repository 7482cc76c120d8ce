//! What reaches a terminal: characters that act in place of showing are escaped everywhere, and errors print for people.

use std::error::Error;

use dojobber::{BoxError, Cleanup, Console, Graph, Key, Report, Runner, printable};

use crate::support::Notes;

/// An escape sequence, a bell, a carriage return, a separator and a turn of direction: what is said, and as it is shown.
const SAID: &str = "\u{1b}]0;title\u{7}50%\r100%\u{2028}\u{202e}gpj.exe";
const SHOWN: &str = "\\u{1b}]0;title\\u{7}50%\\r100%\\u{2028}\\u{202e}gpj.exe";

/// Whether nothing in it acts but line breaks.
#[track_caller]
fn check_shown(text: &str) {
    assert!(text.contains(SHOWN), "{text:?}");
    let acts = |c: char| c != '\n' && printable(c.encode_utf8(&mut [0; 4])).to_string() != c.to_string();
    assert!(!text.contains(acts), "{text:?}");
}

fn fails(text: &'static str) -> impl Fn(&dojobber::Context) -> dojobber::Result + Send + Sync {
    move |_| Err(text.into())
}

#[test]
fn nothing_acts_in_the_console() {
    for console in [Console::verbose(), Console::debug()] {
        let notes = Notes::default();
        let caused = |_: &dojobber::Context| {
            Err::<(), _>(anyhow::anyhow!("{SAID}").context(SAID).context("cannot write").into())
        };
        let graph = Graph::new().job("a").check(fails(SAID)).run(fails(SAID)).job("b").run_only(fails(SAID));
        let graph =
            graph.job("c").cleanup(fails(SAID)).run_only(|_| ()).job("d").check_only(|_| panic!("{SAID}"));
        let plan = graph.job("e").run_only(caused).compile().unwrap();
        let builder = Runner::builder().observer(console.to(notes.clone())).default_tries(1);
        assert!(builder.build().run(&plan, ()).failure());
        check_shown(&notes.text());
    }
}

#[test]
fn nothing_acts_in_a_report() {
    let caused = |_: &dojobber::Context| Err::<(), _>(anyhow::anyhow!("{SAID}").context("cannot").into());
    let graph =
        Graph::new().job("a").check(fails(SAID)).run(fails(SAID)).job("b").check_only(|_| panic!("{SAID}"));
    let plan = graph.job("c").cleanup(fails(SAID)).run_only(caused).compile().unwrap();
    let runner = Runner::builder().default_tries(1).build();
    let run = runner.run(&plan, ());
    check_shown(&run.to_string());
    check_shown(&run.report().to_string());
    check_shown(&run.job("a").unwrap().error().unwrap().to_string());
    check_shown(&format!("{:#}", run.job("c").unwrap().error().unwrap()));
    assert_eq!(run.job("a").unwrap().error().unwrap().message(), SAID, "kept as it came");
    let failed = run.into_result().unwrap_err();
    check_shown(&failed.to_string());
    check_shown(&format!("{failed:?}"));
}

#[test]
fn nothing_acts_in_the_mistakes_of_a_graph() {
    let check = |graph: Graph<'_>| {
        let errors = graph.compile().unwrap_err();
        check_shown(&errors.to_string());
        check_shown(&format!("{errors:?}"));
    };
    check(Graph::new().job(SAID).group());
    check(Graph::new().job("a").after(SAID).group());
    check(Graph::new().job("a").before(SAID).group());
    check(Graph::new().job(SAID).after("b").group().job("b").after(SAID).group());
    check(Graph::new().job(SAID).group().job(SAID).group());
    let plan = Graph::new().job("a").group().compile().unwrap();
    check_shown(&plan.select(SAID).unwrap_err().to_string());
}

#[test]
fn names_are_seen() {
    let refused = |name: &str| Graph::new().job(name).group().compile().unwrap_err().to_string();
    let turned = "the name \"\\u{202e}gpj\" holds a character that turns text round or breaks it: \
                  names are one line of text";
    assert_eq!(refused("\u{202e}gpj"), turned);
    for name in ["a\u{2028}", "\u{2066}a\u{2069}", "\u{200f}x", "\u{61c}"] {
        assert!(refused(name).contains("turns text round or breaks it"), "{name:?}");
    }
    let unseen = "nothing of the name \"\\u{200b}\\u{feff}\" can be seen: give the job another";
    assert_eq!(refused("\u{200b}\u{feff}"), unseen);
    for name in ["\u{200d}", "\u{2060}\u{2060}", "\u{ad}", "\u{fe0f}"] {
        assert!(refused(name).starts_with("nothing of the name"), "{name:?}");
    }
    for name in ["👩‍🚀", "/etc/hosts", "می‌خواهم", " ", "x\u{200b}"] {
        assert!(Graph::new().job(name).group().compile().is_ok(), "{name:?}");
    }
}

/// A report of one group, and perhaps a nest, that has been given another name.
fn report(name: &str) -> Result<Report, String> {
    let plan = Graph::new().job("the name").group().compile().unwrap();
    let saved = serde_json::to_string(plan.run(()).report()).unwrap();
    let renamed = saved.replace("\"the name\"", &serde_json::to_string(name).unwrap());
    serde_json::from_str(&renamed).map_err(|error| error.to_string())
}

#[test]
fn names_are_seen_in_a_report_that_is_read() {
    for name in ["a", "/etc/hosts", "👩‍🚀", " "] {
        assert!(report(name).is_ok(), "{name:?}");
    }
    let does_not_fit = "the report does not fit together: job";
    assert_eq!(report("").unwrap_err(), format!("{does_not_fit} \"\" has an empty name"));
    for (name, shown) in
        [("a\nb", "a\\nb"), ("\u{1b}[2J", "\\u{1b}[2J"), ("\u{202e}x", "\\u{202e}x"), ("\u{7}", "\\u{7}")]
    {
        let reason = "has a name with a character that does not show, but acts";
        assert_eq!(report(name).unwrap_err(), format!("{does_not_fit} \"{shown}\" {reason}"));
    }
    let unseen = format!("{does_not_fit} \"\\u{{200b}}\" has a name of which nothing can be seen");
    assert_eq!(report("\u{200b}").unwrap_err(), unseen);
}

/// `{:?}` is what a `main` prints that returns it.
#[track_caller]
fn check_printed(error: impl Error, expected: &str) {
    assert_eq!((error.to_string().as_str(), format!("{error:?}").as_str()), (expected, expected));
}

#[test]
fn errors_that_a_main_may_return_print_for_people() {
    let runner = || Runner::builder().default_tries(1);
    let plan = Graph::new().job("a").cleanup(fails("stuck")).run_only(fails("no")).compile().unwrap();
    let run = runner().build().run(&plan, ());
    let text = run.to_string();
    check_printed(run.into_result().unwrap_err(), &text);
    check_printed(
        runner().cleanup(Cleanup::ByHand).build().run(&plan, ()).cleanup().remove(0),
        "cleanup of `a` failed: stuck",
    );
    let errors = Graph::new().job("a").after("b").group().compile().unwrap_err();
    check_printed(errors.iter().next().unwrap().clone(), "job `a` is after `b`, which does not exist");
    check_printed(errors, "job `a` is after `b`, which does not exist");
    let missing = dojobber::Store::default().require(Key::<u8>::new("n")).unwrap_err();
    check_printed(missing, "no value of type u8 is stored under `n`");
    let plan = Graph::new().job("a").run_only(|cx| Ok(*cx.output(Key::<u8>::new("b"))?)).compile().unwrap();
    let run = runner().build().run(&plan, ());
    let error: &BoxError = &run.error("a").unwrap().to_string().into();
    let text = error.to_string();
    assert!(text.starts_with("job `a` reads the output of `b`"), "{text}");
    let read = run.error("a").unwrap();
    assert_eq!(format!("{read:?}"), text);
}

/// Errors that wrap another, and errors that have causes: each text once.
#[test]
fn errors_with_causes_print_all_of_them() {
    use dojobber::{Panicked, ensure, permanent, retry_after, unknown};
    use std::time::Duration;

    let shown = |error: &dyn Error| format!("{error:?}");
    let io = || std::io::Error::other("disk full");
    assert_eq!(shown(&permanent(io())), "disk full");
    assert_eq!(shown(&unknown("no route")), "no route");
    assert_eq!(shown(&retry_after(Duration::from_secs(1), SAID)), SHOWN);
    assert_eq!(shown(&*ensure(false, "not yet").unwrap_err()), "not yet");
    assert_eq!(shown(&permanent(anyhow::anyhow!("inner").context("outer"))), "outer: inner");

    let plan = Graph::new().job("a").run_only(|_| panic!("smoke")).compile().unwrap();
    let run = Runner::builder().default_tries(1).build().run(&plan, ());
    assert!(run.error("a").unwrap().is::<Panicked>());
    assert_eq!(format!("{:?}", run.error("a").unwrap()), "smoke");

    let mount =
        |_: &dojobber::Context| Err::<(), _>(anyhow::anyhow!("in use").context("/mnt is busy").into());
    let plan = Graph::new().job("a").cleanup(mount).run_only(|_| ()).compile().unwrap();
    let mut run = Runner::builder().cleanup(Cleanup::ByHand).build().run(&plan, ());
    assert_eq!(format!("{:?}", run.cleanup()[0]), "cleanup of `a` failed: /mnt is busy: in use");
}

#[cfg(unix)]
#[test]
fn commands_print_for_people() {
    let failed = |script: &str| {
        let script = script.to_owned();
        let run = move |cx: &dojobber::Context| cx.command("sh").args(["-c", &script]).run();
        let plan = Graph::new().job("a").run_only(run).compile().unwrap();
        let run = Runner::builder().default_tries(1).build().run(&plan, ());
        (run.error("a").unwrap().to_string(), format!("{:?}", run.error("a").unwrap()))
    };
    let (text, debug) = failed("printf 'one\\033[2J\\ntwo\\007\\r' >&2; exit 3");
    assert_eq!(debug, text);
    let why = "ended with exit status: 3: one\\u{1b}[2J\ntwo\\u{7}";
    assert!(text.contains(why), "{text:?}");
    let (text, _) = failed("exit 4 # \u{1b}]0;title\u{7}");
    assert!(text.contains("\\u{1b}]0;title\\u{7}") && !text.contains('\u{1b}'), "{text:?}");

    let missing = |cx: &dojobber::Context| cx.command("no-such-program-anywhere").run();
    let plan = Graph::new().job("a").run_only(missing).compile().unwrap();
    let run = Runner::builder().default_tries(1).build().run(&plan, ());
    let debug = format!("{:?}", run.error("a").unwrap());
    assert!(debug.starts_with("`no-such-program-anywhere` did not start: "), "{debug}");
}

//! Errors that say more than their text, as users of other error types return them.

use std::time::Duration;

use anyhow::Context as _;
use dojobber::{BoxError, ErrorClass, Graph, Unmet, ensure, permanent, retry_after, unknown};

use crate::support::runner;

/// `fails` is called as one of a user's functions, and its error becomes a phase's.
#[track_caller]
fn check<E: Into<BoxError> + 'static>(fails: fn() -> Result<(), E>, expected: (&str, ErrorClass)) {
    let plan =
        Graph::new().job("a").tries(1).check_only(move |_| fails().map_err(Into::into)).compile().unwrap();
    let run = runner(1).run(&plan, ());
    let job = run.job("a").unwrap();
    let error = job.error().unwrap();
    assert_eq!((format!("{error:#}").as_str(), error.class()), expected);
    assert_eq!(ErrorClass::of(run.error("a").unwrap()), expected.1);
}

#[test]
fn classes_pass_through_the_error_types_of_users() {
    use ErrorClass::*;
    check(|| Ok::<_, BoxError>(Err(permanent("never"))?), ("never", Permanent));
    check(|| Ok::<_, anyhow::Error>(Err(permanent("never"))?), ("never", Permanent));
    check(|| Ok::<_, anyhow::Error>(Err(unknown(anyhow::anyhow!("dark")))?), ("dark", Unknown));
    check(|| Err(permanent("never")).context("uploading"), ("uploading: never", Permanent));
    check(
        || Err(anyhow::Error::new(permanent("never"))).context("uploading"),
        ("uploading: never", Permanent),
    );
    check(|| Err(std::io::Error::other(unknown("dark"))), ("dark", Unknown));
    check(|| Err(retry_after(Duration::from_secs(1), permanent("gone"))), ("gone", Permanent));
    check(|| Err(anyhow::anyhow!("plain")), ("plain", Plain));
}

#[test]
fn what_says_no_is_unmet() {
    let plan = Graph::new()
        .job("false")
        .tries(1)
        .check_only(|_| false)
        .job("inside")
        .tries(1)
        .check_only(|_| Ok(false))
        .job("ensure")
        .tries(1)
        .check_only(|_| ensure(false, "not yet"))
        .job("error")
        .tries(1)
        .check_only(|_| Err::<(), _>("broken".into()))
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    let says = |name: &str| {
        let error = run.error(name).unwrap();
        (error.is::<Unmet>(), error.to_string())
    };
    assert_eq!(says("false"), (true, "returned false".to_owned()));
    assert_eq!(says("inside"), (true, "returned false".to_owned()));
    assert_eq!(says("ensure"), (true, "not yet".to_owned()));
    assert_eq!(says("error"), (false, "broken".to_owned()));
}

#[cfg(feature = "serde")]
#[test]
fn a_saved_report_keeps_the_class() {
    let plan =
        Graph::new().job("a").tries(1).check_only(|_| Err::<(), _>(permanent("never").into())).compile();
    let run = runner(1).run(&plan.unwrap(), ());
    let saved = serde_json::to_string(run.report()).unwrap();
    assert!(saved.contains(r#""message":"never","class":"permanent""#), "{saved}");
    let read: dojobber::Report = serde_json::from_str(&saved).unwrap();
    assert_eq!(read.job("a").unwrap().error().unwrap().class(), ErrorClass::Permanent);
}

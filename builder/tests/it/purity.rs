//! Dry runs that change something: wherever the real run stands, and also behind what would run.

use dojobber::testkit::{Disk, check_dry_run_is_pure, explore};
use dojobber::{Context, Graph, Job, Key, Result, ensure};

use crate::kit::{check, on_a_disk};

const BEHIND: &str = "it is called before what it depends on is done, as by a dry run that goes through";

/// The kit blames `schema`, which a dry run calls though `db` is not there yet.
#[track_caller]
fn finds_schema(words: &str, schema: impl for<'d> Fn(Graph<'d>, &'d Disk, bool) -> Graph<'d>) {
    check("schema", words, |bug| {
        let body = on_a_disk(|disk| {
            let graph =
                Graph::new().job("db").check(|_| disk.exists("db")).run(|_| disk.append("db", "made"));
            schema(graph, disk, bug)
        });
        check_dry_run_is_pure(1, body)
    });
}

/// To open it is to create it.
fn open(disk: &Disk, bug: bool) -> bool {
    if bug && !disk.exists("db") {
        disk.append("db", "");
    }
    disk.exists("schema")
}

#[test]
fn a_check_that_opens_what_is_not_there() {
    finds_schema(BEHIND, |graph, disk, bug| {
        let schema = graph.job("schema").after("db");
        schema.check(move |_| open(disk, bug)).run(|_| disk.append("schema", ""))
    });
}

#[test]
fn an_async_check_that_opens_what_is_not_there() {
    finds_schema(BEHIND, |graph, disk, bug| {
        let schema = graph.job("schema").after("db");
        schema
            .check_async(move |_| std::future::ready(open(disk, bug)))
            .run_async(async |_| disk.append("schema", ""))
    });
}

#[test]
fn a_check_only_that_opens_what_is_not_there() {
    finds_schema(BEHIND, |graph, disk, bug| {
        graph.job("schema").after("db").check_only(move |_| {
            open(disk, bug);
            disk.exists("db")
        })
    });
}

#[test]
fn a_constructor_that_opens_what_is_not_there() {
    struct Schema<'d>(&'d Disk);
    impl Job for Schema<'_> {
        type Output = ();
        fn check(&mut self, _: &Context) -> Result {
            ensure(self.0.exists("schema"), "there is no schema")
        }
        fn run(&mut self, _: &Context) -> Result {
            self.0.append("schema", "");
            Ok(())
        }
    }
    finds_schema(BEHIND, |graph, disk, bug| {
        graph.job("schema").after("db").with_new(move |_| {
            open(disk, bug);
            Ok(Schema(disk))
        })
    });
}

/// Three levels down, in a nest.
#[test]
fn a_check_far_behind() {
    check("deep/schema", BEHIND, |bug| {
        let body = on_a_disk(|disk| {
            let nest = Graph::new()
                .job("user")
                .check(|_| disk.exists("user"))
                .run(|_| disk.append("user", ""))
                .job("schema")
                .after("user")
                .check(move |_| open(disk, bug))
                .run(|_| disk.append("schema", ""));
            let graph =
                Graph::new().job("db").check(|_| disk.exists("db")).run(|_| disk.append("db", "made"));
            graph.job("deep").after("db").nest(nest)
        });
        check_dry_run_is_pure(1, body)
    });
}

/// It is a part of the check, and blamed as that.
#[test]
fn what_describes_a_run_and_changes_something() {
    finds_schema("a dry run changes something: `schema`.check does", |graph, disk, bug| {
        let schema = graph.job("schema").after("db").describe_run(move |_| {
            if bug {
                disk.append("plan.txt", "a schema");
            }
            "makes the schema"
        });
        schema.check(|_| disk.exists("schema")).run(|_| disk.append("schema", ""))
    });
}

/// A job that is called where it always is: nobody speaks of what stands before it.
#[test]
fn a_first_job_that_changes_something() {
    let body = on_a_disk(|disk| {
        Graph::new()
            .job("first")
            .check(|_| {
                disk.append("log", ".");
                disk.exists("first")
            })
            .run(|_| disk.append("first", ""))
    });
    let finding = check_dry_run_is_pure(1, body).unwrap_err();
    assert_eq!(finding.jobs(), ["first"]);
    assert!(!finding.to_string().contains(BEHIND), "{finding}");
}

const VERSION: Key<String> = Key::new("version");

/// Outputs that are not there yet are an error of what asks for them, and no finding.
#[test]
fn outputs_that_are_not_there_yet() {
    let body = on_a_disk(|disk| {
        Graph::new()
            .job(VERSION)
            .check(|_| disk.read("version").ok_or_else(|| "there is none".into()))
            .run(|_| disk.append("version", "1.2"))
            .job("tag")
            .after(VERSION)
            .check(|cx| Ok(disk.is("tag", cx.output(&VERSION)?)))
            .run(|cx| {
                disk.append("tag", cx.output(&VERSION)?);
                Ok(())
            })
    });
    assert_eq!(check_dry_run_is_pure(2, &body).unwrap().len(), 0);
    assert_eq!(explore(20, &body)["tag"], "1.2");
}

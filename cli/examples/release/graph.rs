//! The jobs of a release, without a word about how they are run.

use std::collections::BTreeMap;

use anyhow::Result;
use dojobber::{Graph, Key, ensure};
use semver::Version;

pub(crate) const VERSION: Key<Version> = Key::new("version");
const NOTES: Key<String> = Key::new("notes");
const SUMS: Key<BTreeMap<String, u64>> = Key::new("checksums");

const TARGETS: [&str; 2] = ["linux", "macos"];

/// What a release changes: a directory, or a fake in a test.
pub(crate) trait Repo: Sync {
    /// What is to be released.
    fn version(&self) -> Result<Version>;
    /// Whether a file was built.
    fn is_built(&self, file: &str) -> bool;
    /// Builds a file for a target: it is there as a whole, or not at all.
    fn build(&self, file: &str, target: &str) -> Result<()>;
    /// The sum of the bytes of a file.
    fn sum(&self, file: &str) -> Result<u64>;
    /// Whether there is such a tag.
    fn has_tag(&self, tag: &str) -> Result<bool>;
    /// Adds a tag.
    fn push_tag(&self, tag: &str) -> Result<()>;
    /// Shows it to the world. It may be shown again.
    fn publish(&self, notes: &str, sums: &BTreeMap<String, u64>) -> Result<()>;
}

fn artefact(target: &str) -> Key<String> {
    Key::named(format!("build {target}"))
}

pub(crate) fn release(repo: &dyn Repo, publish: bool) -> Graph<'_> {
    let file = |version: &Version, target: &str| format!("app-{version}-{target}.tar"); // shared by check and run
    let graph = Graph::new()
        .job(VERSION)
        .description("read the file VERSION")
        .check_only(|_| Ok(repo.version()?))
        .job(NOTES)
        .after(VERSION)
        .description("write the notes")
        .run_only(|cx| Ok(format!("# {}\nMany things.", cx.output(&VERSION)?)))
        .each(TARGETS, |graph, target| {
            graph
                .job(artefact(target))
                .after(VERSION)
                .describe_run(move |cx| Ok(format!("build {}", file(cx.output(&VERSION)?, target))))
                .check(move |cx| {
                    let file = file(cx.output(&VERSION)?, target);
                    ensure(repo.is_built(&file), "not built")?;
                    Ok(file)
                })
                .run(move |cx| Ok(repo.build(&file(cx.output(&VERSION)?, target), target)?))
        })
        .job(SUMS)
        .after(TARGETS.map(artefact))
        .description("sum up what was built")
        .run_only(|cx| {
            let sum = |target: &str| Ok((target.to_owned(), repo.sum(cx.output(artefact(target))?)?));
            TARGETS.into_iter().map(sum).collect::<dojobber::Result<_>>()
        })
        .job("tag")
        .after(VERSION)
        .after(SUMS)
        .describe_run(|cx| Ok(format!("tag v{}", cx.output(&VERSION)?)))
        .check(|cx| Ok(repo.has_tag(&format!("v{}", cx.output(&VERSION)?))?))
        .run(|cx| Ok(repo.push_tag(&format!("v{}", cx.output(&VERSION)?))?));
    if publish {
        let publish = graph.job("publish").after("tag").after(NOTES).after(SUMS);
        let publish = publish.description("publish the notes and the sums");
        publish.run_only(|cx| Ok(repo.publish(cx.output(&NOTES)?, cx.output(&SUMS)?)?))
    } else {
        graph
    }
}

//! `--only` and `--exclude`: a subgraph of the plan, by names and patterns.

use dojobber::{JobGraph, JobId, Kind, Plan, PlanError};
use globset::{GlobBuilder, GlobMatcher};

use crate::text::listed;

/// What stands in a name for a `/` that is no level of nested jobs; no name has it.
const NO_LEVEL: &str = "\0";

/// What makes a pattern of a name.
const WILDCARDS: [char; 4] = ['*', '?', '[', '{'];

/// A subgraph of a plan as a plan, and what to tell about it.
pub(crate) struct Subgraph<'env, A> {
    pub(crate) plan: Plan<'env, A>,
    /// What was excluded, in a line.
    pub(crate) excluded: Option<String>,
}

/// The subgraph that is wanted. What goes wrong is told in a text.
pub(crate) fn subgraph<'env, A>(
    plan: Plan<'env, A>,
    only: &[String],
    exclude: &[String],
) -> Result<Subgraph<'env, A>, String> {
    if only.is_empty() && exclude.is_empty() {
        return Ok(Subgraph { plan, excluded: None });
    }
    let wanted = names(&plan, only)?;
    let unwanted = names(&plan, exclude)?;
    // an unknown name is told with what was meant in the whole plan
    let _known = plan.exclude(&unwanted).map_err(|error| error.to_string())?;
    let chosen =
        if only.is_empty() { plan } else { plan.select(wanted).map_err(|error| error.to_string())? };
    let rest = chosen.exclude(&unwanted).map_err(|error| error.to_string())?;
    if jobs(rest.graph()).next().is_none() {
        return Err("nothing is left to do: `--only` and `--exclude` leave no job".to_owned());
    }
    let excluded = fallen(chosen.graph(), rest.graph(), &unwanted);
    Ok(Subgraph { plan: rest, excluded })
}

/// The jobs that do something, in order of declaration.
pub(crate) fn jobs(graph: &JobGraph) -> impl Iterator<Item = JobId> {
    graph.ids().filter(|job| graph.kind(*job) != Kind::Group)
}

/// What the patterns stand for: a name for itself, a pattern for all names that it matches.
fn names<A>(plan: &Plan<'_, A>, patterns: &[String]) -> Result<Vec<String>, String> {
    let (graph, mut names) = (plan.graph(), Vec::new());
    for pattern in patterns {
        let is_name = graph.find(pattern).is_some() || graph.find_nest(pattern).is_some();
        if is_name || !pattern.contains(WILDCARDS) {
            names.push(pattern.clone()); // an unknown one is told with what was probably meant
            continue;
        }
        let before = names.len();
        let glob = Pattern::new(pattern)?;
        names.extend(
            graph.ids().filter(|job| glob.matches(graph, *job)).map(|job| graph.name(job).to_owned()),
        );
        if names.len() == before {
            return Err(nothing_matches(plan, pattern));
        }
    }
    Ok(names)
}

/// With what was probably meant: the same at any depth, or behind a name that is spelled otherwise.
fn nothing_matches<A>(plan: &Plan<'_, A>, pattern: &str) -> String {
    let graph = plan.graph();
    let matches = |glob: Pattern| graph.ids().any(|job| glob.matches(graph, job));
    let meant = std::iter::once(format!("**/{pattern}")).chain(respelled(plan, pattern));
    match meant.into_iter().find(|meant| Pattern::new(meant).is_ok_and(matches)) {
        Some(meant) => format!("no job matches `{pattern}`; did you mean `{meant}`?"),
        None => format!("no job matches `{pattern}`"),
    }
}

/// The pattern with the name before its first wildcard as it is spelled in the plan.
fn respelled<A>(plan: &Plan<'_, A>, pattern: &str) -> Option<String> {
    let (name, _) = pattern.split_at(pattern.find(WILDCARDS)?);
    let name = name.trim_end_matches('/');
    let unknown = plan.exclude([name]).err()?;
    let nearest = unknown.iter().find_map(|error| match error {
        PlanError::UnknownJob { nearest, .. } => nearest.as_deref(),
        _ => None,
    })?;
    Some(format!("{nearest}{}", &pattern[name.len()..]))
}

struct Pattern(GlobMatcher);

impl Pattern {
    fn new(pattern: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build();
        let glob = glob.map_err(|error| format!("`{pattern}` is no pattern: {}", error.kind()))?;
        Ok(Pattern(glob.compile_matcher()))
    }

    /// Whether it matches a name, as it is or by its levels: a job `/etc/hosts` is of one level.
    fn matches(&self, graph: &JobGraph, job: JobId) -> bool {
        self.0.is_match(graph.name(job)) || self.0.is_match(by_levels(graph, job))
    }
}

/// The name, in which each `/` that is left stands between two levels.
fn by_levels(graph: &JobGraph, job: JobId) -> String {
    let name = graph.name(job);
    let mut nests = Vec::new();
    let mut nest = graph.nest_of(job);
    while let Some(inside) = nest {
        nests.push(inside.name());
        nest = inside.parent();
    }
    nests.reverse();
    let (mut levels, mut begin) = (Vec::new(), 0);
    for nest in nests {
        if let Some(level) = name.get(begin..nest.len()) {
            levels.push(level.replace('/', NO_LEVEL));
            begin = nest.len() + 1;
        }
    }
    levels.push(name.get(begin..).unwrap_or_default().replace('/', NO_LEVEL));
    levels.join("/")
}

/// `excluded: tests, and what depends on it: tag, notes`
fn fallen(before: &JobGraph, after: &JobGraph, named: &[String]) -> Option<String> {
    let has_gone = |job: &JobId| after.find(before.name(*job)).is_none();
    let is_named = |job: &JobId| {
        let is = |name: &String| {
            name == before.name(*job) || before.find_nest(name).is_some_and(|nest| nest.contains(*job))
        };
        named.iter().any(is)
    };
    let gone: Vec<JobId> = jobs(before).filter(has_gone).collect();
    let (own, behind): (Vec<JobId>, Vec<JobId>) = gone.into_iter().partition(is_named);
    let list = |jobs: &[JobId]| listed(jobs.iter().map(|job| before.name(*job)));
    let it = if own.len() == 1 { "it" } else { "them" };
    match (own.is_empty(), behind.is_empty()) {
        (true, true) => None,
        (_, true) => Some(format!("excluded: {}", list(&own))),
        (true, _) => Some(format!("excluded: {}", list(&behind))),
        (..) => Some(format!("excluded: {}, and what depends on {it}: {}", list(&own), list(&behind))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::Graph;

    /// A `web` and an `api` that are built and tested, files, and a `release` of all of it.
    fn plan() -> Plan<'static> {
        let inner = || Graph::new().job("build").run_only(|_| ()).job("test").after("build").run_only(|_| ());
        let plan = Graph::new()
            .job("web")
            .nest(inner().job("deep").nest(inner()))
            .job("api")
            .after("/etc/hosts")
            .nest(inner())
            .job("/etc/hosts")
            .run_only(|_| ())
            .job("a[1]")
            .run_only(|_| ())
            .job("release")
            .after(["web", "api"])
            .run_only(|_| ());
        plan.compile().unwrap()
    }

    #[track_caller]
    fn check(only: &[&str], exclude: &[&str], expected: &str) {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let found = match subgraph(plan(), &texts(only), &texts(exclude)) {
            Ok(subgraph) => {
                let graph = subgraph.plan.graph();
                let names: Vec<&str> = jobs(graph).map(|job| graph.name(job)).collect();
                let excluded = subgraph.excluded.map(|line| format!("; {line}")).unwrap_or_default();
                format!("{}{excluded}", names.join(" "))
            }
            Err(error) => error,
        };
        assert_eq!(found, expected, "only {only:?}, without {exclude:?}");
    }

    #[test]
    fn exact_names() {
        let web = "web/build web/test web/deep/build web/deep/test";
        check(&["web/test"], &[], "web/build web/test");
        check(&["web"], &[], web);
        check(&["api/build"], &[], "api/build /etc/hosts");
        check(&["a[1]"], &[], "a[1]");
        check(&["web/test", "a[1]"], &[], "web/build web/test a[1]");
    }

    #[test]
    fn patterns_stop_at_a_level() {
        check(&["*/test"], &[], "web/build web/test api/build api/test /etc/hosts");
        check(&["web/*/test"], &[], "web/deep/build web/deep/test");
        check(
            &["**/test"],
            &[],
            "web/build web/test web/deep/build web/deep/test api/build api/test /etc/hosts",
        );
        check(&["*hosts"], &[], "/etc/hosts");
        check(&["/etc/*"], &[], "/etc/hosts");
        check(&["a[[]1]"], &[], "a[1]");
        check(&["{a\\[1],b*}"], &[], "a[1]");
    }

    #[test]
    fn what_falls_away_is_told() {
        let rest = "/etc/hosts a[1]";
        let api = "api/build api/test /etc/hosts a[1]";
        check(
            &[],
            &["web"],
            &format!(
                "{api}; excluded: web/build, web/test, web/deep/build, web/deep/test, \
                 and what depends on them: release"
            ),
        );
        check(
            &[],
            &["*/build", "web"],
            &format!(
                "{rest}; excluded: web/build, web/test, web/deep/build, web/deep/test, api/build, \
                 and what depends on them: api/test, release"
            ),
        );
        check(&["a*1]"], &["release"], "a[1]");
        check(&["api/test"], &["/etc/hosts", "a[1]"], NOTHING);
        check(
            &[],
            &["release"],
            &format!("web/build web/test web/deep/build web/deep/test {api}; excluded: release"),
        );
    }

    const NOTHING: &str = "nothing is left to do: `--only` and `--exclude` leave no job";

    #[test]
    fn what_matches_nothing_is_told() {
        check(&["relase"], &[], "there is no job `relase`; did you mean `release`?");
        check(&[], &["relase"], "there is no job `relase`; did you mean `release`?");
        check(&["x*"], &[], "no job matches `x*`");
        check(&["deep/*"], &[], "no job matches `deep/*`; did you mean `**/deep/*`?");
        check(&["?eep/build"], &[], "no job matches `?eep/build`; did you mean `**/?eep/build`?");
        check(&["relase*"], &[], "no job matches `relase*`; did you mean `release*`?");
        check(&["wbe/deep/*"], &[], "no job matches `wbe/deep/*`; did you mean `web/deep/*`?");
        check(&[], &["web/biuld*"], "no job matches `web/biuld*`; did you mean `web/build*`?");
        check(&["release"], &["*/nothing"], "no job matches `*/nothing`");
        check(
            &["{a"],
            &[],
            "`{a` is no pattern: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
        );
        check(&["*"], &["**"], NOTHING);
    }
}

//! Graphs, names, mistakes.

use std::sync::Arc;
use std::time::Duration;

use dojobber::{
    Context, Done, Elsewhere, Graph, Job, JobForm, JobOption, Key, Kind, Order, Plan, PlanError, PlanErrors,
    Pool, Result, Runner, Status, judge,
};

use crate::support::{Notes, Trace, runner, untimed};

/// Every mistake of a graph, in its exact words.
#[track_caller]
fn refused(graph: Graph<'_>, mistakes: &[&str]) {
    let errors = graph.compile().unwrap_err();
    assert_eq!(errors.to_string(), mistakes.join("\n"));
    assert_eq!(errors.count(), mistakes.len());
}

/// A plan as `job: what it is after`, in order of declaration.
fn shape<A>(plan: &Plan<'_, A>) -> Vec<String> {
    let graph = plan.graph();
    let row = |id| {
        let after: Vec<&str> = graph.after(id).iter().map(|on| graph.name(*on)).collect();
        format!("{}: {}", graph.name(id), after.join(", "))
    };
    graph.ids().map(row).collect()
}

#[track_caller]
fn check<A>(graph: Graph<'_, A>, expected: &[&str]) {
    assert_eq!(shape(&graph.compile().unwrap()), expected);
}

#[derive(Clone)]
struct Nothing;

impl<A> Job<A> for Nothing {
    type Output = ();
    fn check(&mut self, _: &Context<A>) -> Result {
        Ok(())
    }
    fn run(&mut self, _: &Context<A>) -> Result {
        Ok(())
    }
}

#[test]
fn names_that_cannot_be() {
    refused(Graph::new().job("").group(), &["job 1 has an empty name: give it one"]);
    refused(Graph::new().job("a").group().job("").group(), &["job 2 has an empty name: give it one"]);
    for (name, shown) in [("a\nb", "a\\nb"), ("\t", "\\t"), ("\u{7f}", "\\u{7f}"), ("\u{85}", "\\u{85}")] {
        let expected = format!("the name \"{shown}\" holds a control character: names are one line of text");
        refused(Graph::new().job(name).group(), &[&expected]);
    }
    check(Graph::new().job(" ").group().job("ünï 界").group(), &[" : ", "ünï 界: "]);
}

#[test]
fn a_name_is_declared_once() {
    let twice = "job `a` is declared more than once: give each its own name";
    refused(Graph::new().job("a").group().job("a").group(), &[twice]);
    refused(Graph::new().job("a").group().merge(Graph::new().job("a").group()), &[twice]);
    refused(
        Graph::new().job("n/a").group().job("n").nest(Graph::new().job("a").group()),
        &["job `n/a` is declared more than once: give each its own name"],
    );
}

#[test]
fn dependencies_that_do_not_exist() {
    let check = |wanted: &str, hint: &str| {
        let graph = Graph::new().job("compile").group().job("link").group().job("x").after(wanted).group();
        let shown = wanted.escape_debug();
        refused(graph, &[&format!("job `x` is after `{shown}`, which does not exist{hint}")]);
    };
    check("compil", "; did you mean `compile`?");
    check("Compile", "; did you mean `compile`?");
    check("copmile", "; did you mean `compile`?");
    check("lnk", "; did you mean `link`?");
    check("deploy", "");
    check("", ""); // nothing is like nothing
    check("y", "");
    check("xx", ""); // never itself
    check("a\nb", "");
    refused(
        Graph::new().job("x").before("lnik").group().job("link").group(),
        &["job `x` is before `lnik`, which does not exist; did you mean `link`?"],
    );
}

#[test]
fn a_nested_job_is_known_by_the_last_part_of_its_name() {
    let steps = || Graph::new().job("install").group().job("start").after("install").group();
    let check = |wanted: &str, hint: &str| {
        let graph =
            Graph::new().job("db").nest(steps()).job("tcp/ip").group().job("web").after(wanted).group();
        refused(graph, &[&format!("job `web` is after `{wanted}`, which does not exist{hint}")]);
    };
    check("install", "; did you mean `db/install`?");
    check("strat", "; did you mean `db/start`?");
    check("db/instal", "; did you mean `db/install`?");
    check("ip", ""); // a slash in a name makes no nest
    let inner = Graph::new().job("a").after("strat").group();
    refused(
        Graph::new().job("db").nest(steps()).job("n").nest(inner),
        &["job `n/a` is after `strat`, which does not exist; did you mean `db/start`?"],
    );
    let plan = Graph::new().job("db").nest(steps()).compile().unwrap();
    let error = plan.select("install").unwrap_err().to_string();
    assert_eq!(error, "there is no job `install`; did you mean `db/install`?");
}

#[test]
fn names_that_look_alike_are_told_apart() {
    let check = |there: &str, wanted: &str, expected: &str| {
        let graph = Graph::new().job(there).group().job("x").after(wanted).group();
        refused(graph, &[&format!("job `x` is after {expected}")]);
        let plan = Graph::new().job(there).group().compile().unwrap();
        let told = plan.select(wanted).unwrap_err().to_string();
        assert_eq!(told, format!("there is no job {}", expected.replace(", which does not exist", "")));
    };
    check(
        "caf\u{e9} au lait",
        "cafe\u{301} au lait",
        "`cafe\\u{301} au lait`, which does not exist; did you mean `caf\\u{e9} au lait`?",
    );
    check("caf\u{e9}", "cafe\u{301}", "`cafe\\u{301}`, which does not exist; did you mean `caf\\u{e9}`?");
    check("data", "d\u{430}ta", "`d\\u{430}ta`, which does not exist; did you mean `data`?");
    check("a", "\u{430}", "`\\u{430}`, which does not exist; did you mean `a`?");
    check("log\u{200b}s", "logs", "`logs`, which does not exist; did you mean `log\\u{200b}s`?");
    check(
        "two\u{a0}words",
        "two words",
        "`two words`, which does not exist; did you mean `two\\u{a0}words`?",
    );
    check("データ1", "データ2", "`データ2`, which does not exist; did you mean `データ1`?");
    check("café", "cafe", "`cafe`, which does not exist; did you mean `café`?");
}

/// All searches for the names that were meant have one budget of steps: where many long names lead nowhere, the last ones are
/// told without.
#[test]
fn wrong_names_share_one_search() {
    let long = |letter: &str, at: usize| format!("{} {at:09}", letter.repeat(170));
    let jobs = || {
        (0..10_000).fold(Graph::new(), |graph, at| graph.job(long("x", at)).group()).job("compile").group()
    };
    let misses = |count: usize| (0..count).map(|at| long("y", at)).collect::<Vec<_>>();
    let hint = "`compil`, which does not exist; did you mean `compile`?";
    let told = |graph: Graph<'_>| graph.compile().unwrap_err().to_string().contains(hint);
    assert!(told(jobs().job("user").after("compil").group()));
    assert!(told(jobs().job("user").after(misses(2)).after("compil").group()));
    assert!(!told(jobs().job("user").after(misses(90)).after("compil").group()));
    // wherever they are said: by many jobs, from the other side, inside of nests, of merged graphs
    let each = misses(90).into_iter().enumerate();
    let each = each.fold(jobs(), |graph, (at, name)| graph.job(format!("user {at}")).after(name).group());
    assert!(!told(each.job("last").after("compil").group()));
    assert!(!told(jobs().job("user").before(misses(90)).before("compil").group()));
    let inside = Graph::new().job("user").after(misses(90)).group();
    assert!(!told(jobs().job("n").nest(inside).job("last").after("compil").group()));
    let merged = Graph::new().job("user").after(misses(90)).group();
    assert!(!told(jobs().merge(merged).job("last").after("compil").group()));
    // and those that are to be selected
    let plan = jobs().compile().unwrap();
    let selected = |count: usize| {
        let names: Vec<String> = misses(count).into_iter().chain(["compil".to_owned()]).collect();
        [plan.select(&names), plan.exclude(&names)]
            .map(|plan| plan.unwrap_err().to_string().contains("did you mean"))
    };
    assert_eq!((selected(2), selected(90)), ([true; 2], [false; 2]));
}

#[test]
fn names_of_nested_jobs_are_looked_at_without_that_of_the_nest() {
    let nest = |name: &str| Graph::new().job("n").nest(Graph::new().job(name).group());
    refused(nest(""), &["job 1 has an empty name: give it one"]);
    refused(nest("\u{200b}"), &["nothing of the name \"n/\\u{200b}\" can be seen: give the job another"]);
    let control = "the name \"n\\n\" holds a control character: names are one line of text";
    refused(Graph::new().job("n\n").nest(Graph::new().job("a").group().job("b").group()), &[control]);
}

#[test]
fn the_mistake_as_a_value() {
    let errors = Graph::new().job("tea").after("watre").group().job("water").group().compile().unwrap_err();
    let [PlanError::UnknownDependency { job, name, nearest, .. }] = errors.iter().collect::<Vec<_>>()[..]
    else {
        panic!("{errors:?}")
    };
    assert_eq!((&**job, &**name, nearest.as_deref()), ("tea", "watre", Some("water")));
}

#[test]
fn a_job_cannot_depend_on_itself() {
    let expected = "job `a` depends on itself: remove that edge";
    refused(Graph::new().job("a").after("a").group(), &[expected]);
    refused(Graph::new().job("a").before("a").group(), &[expected]);
}

#[test]
fn cycles() {
    let check = |edges: &[(&str, &str)], expected: &[&str]| {
        let graph =
            Graph::new().each(edges, |graph, (job, on)| graph.job(job).after(on.split_whitespace()).group());
        let told = |path| {
            format!(
                "jobs depend on each other in a cycle: {path} (each is after the next: remove one of these edges)"
            )
        };
        let expected: Vec<String> = expected.iter().map(told).collect();
        refused(graph, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    };
    check(&[("a", "b"), ("b", "a")], &["a -> b -> a"]);
    check(&[("c", "a"), ("b", "c"), ("a", "b")], &["c -> a -> b -> c"]); // from the first declared
    check(&[("a", "b c"), ("b", "c"), ("c", "a")], &["a -> c -> a"]); // the shortest
    check(&[("a", "b"), ("b", "a"), ("c", "d"), ("d", "c a")], &["a -> b -> a", "c -> d -> c"]); // one for each
    check(&[("top", "a"), ("a", "b"), ("b", "a"), ("low", "")], &["a -> b -> a"]); // not what is behind it
}

#[test]
fn a_long_cycle_is_told_by_its_ends() {
    let name = |at: usize| format!("j{at}");
    let graph =
        (0..100).fold(Graph::new(), |graph, at| graph.job(name(at)).after(name((at + 1) % 100)).group());
    refused(
        graph,
        &["jobs depend on each other in a cycle: j0 -> j1 -> j2 -> j3 -> j4 -> j5 -> .. 89 more .. -> \
           j95 -> j96 -> j97 -> j98 -> j99 -> j0 (each is after the next: remove one of these edges)"],
    );
}

/// Executes nothing.
struct NoMachine;

impl Elsewhere for NoMachine {
    fn begin(&self, _: &Order<'_>, _: Done) {}
}

/// The mistakes of a job `a` of each form, with some options, as an error for each option.
fn unfit(options: &[JobOption], form: JobForm) -> Vec<String> {
    let mut job = Graph::new().job("a");
    for option in options {
        job = match option {
            JobOption::Tries => job.tries(2),
            JobOption::RetryDelay => job.retry_delay(Duration::ZERO),
            JobOption::RetryFor => job.retry_for(Duration::ZERO),
            JobOption::RetryIf => job.retry_if(|_| true),
            JobOption::UnknownIf => job.unknown_if(|_| true),
            JobOption::Timeout => job.timeout(Duration::MAX),
            JobOption::Uses => job.uses(Pool::new("pool", 1)),
            JobOption::Priority => job.priority(1),
            JobOption::Cleanup => job.cleanup(|_| ()),
            JobOption::DescribeRun => job.describe_run(|_| "a"),
            JobOption::On => job.on(Arc::new(NoMachine) as Arc<dyn Elsewhere>),
            _ => panic!("{option:?}: how is it said?"),
        };
    }
    let graph = match form {
        JobForm::Job => job.check(|_| true).run(|_| ()),
        JobForm::Struct => job.with(Nothing),
        JobForm::RunOnly => job.run_only(|_| ()),
        JobForm::CheckOnly => job.check_only(|_| true),
        JobForm::Group => job.group(),
        JobForm::Nest => job.nest(Graph::new().job("in").group()),
        _ => panic!("{form:?}: how is it made?"),
    };
    let told = graph.compile().map_or_else(|errors| errors.to_string(), |_| String::new());
    told.lines().map(|line| line.strip_prefix("job `a` ").unwrap_or(line).to_owned()).collect()
}

/// The table of all options and forms: `+` fits, `-` is a mistake.
#[test]
fn options_that_a_kind_cannot_have() {
    use JobForm::{CheckOnly, Group, Job, Nest, RunOnly, Struct};
    assert_eq!(JobForm::ALL, [Job, Struct, RunOnly, CheckOnly, Group, Nest]);
    let table = |option: &JobOption| match option {
        JobOption::Tries | JobOption::RetryDelay | JobOption::RetryFor | JobOption::RetryIf => "++++--",
        JobOption::Timeout | JobOption::Uses | JobOption::Priority => "++++--",
        JobOption::UnknownIf => "++----",
        JobOption::Cleanup => "+-+---",
        JobOption::DescribeRun => "+++---",
        JobOption::On => "++++-+",
        _ => panic!("{option:?}: which forms does it fit?"),
    };
    for option in JobOption::ALL {
        for (form, fits) in JobForm::ALL.iter().zip(table(option).chars()) {
            let told = unfit(&[*option], *form);
            assert_eq!(told.is_empty(), fits == '+', "{option} of a {form}: {told:?}");
            assert!(told.iter().all(|told| told.starts_with(&format!("is a {form}, which "))), "{told:?}");
        }
    }
    // several at once, each in its own words
    let said = [JobOption::Tries, JobOption::Timeout, JobOption::UnknownIf, JobOption::Cleanup];
    let nothing = "does nothing that could be tried again";
    let no_phase = "has nothing to execute";
    let no_decision = "which has no run that a check decides about: remove `.unknown_if(..)`";
    let no_run = "which has no run to clean up after: remove `.cleanup(..)`";
    assert_eq!(
        unfit(&said, Group),
        [
            format!("is a group, which {nothing}: remove `.tries(..)`"),
            format!("is a group, {no_decision}"),
            format!("is a group, which {no_phase}: remove `.timeout(..)`"),
            format!("is a group, {no_run}"),
        ]
    );
    let inside = |option| format!("say `{option}` of the jobs inside, or of all with `.defaults(..)`");
    assert_eq!(
        unfit(&said, Nest),
        [
            format!("is a nest, which {nothing}: {}", inside(".tries(..)")),
            format!("is a nest, {no_decision}"),
            format!("is a nest, which {no_phase}: {}", inside(".timeout(..)")),
            format!("is a nest, {no_run}"),
        ]
    );
    let alone = "is a nest, which has nothing to execute: say `.uses(..)` of the jobs inside";
    assert_eq!(unfit(&[JobOption::Uses], Nest), [alone]);
    let check_only = [format!("is a check_only, {no_decision}"), format!("is a check_only, {no_run}")];
    assert_eq!(unfit(&said, CheckOnly), check_only);
    let own = "is a struct, which has its own cleanup: write `fn cleanup` in its `impl Job`";
    assert_eq!(unfit(&said, Struct), [own]);
    // a nest of nothing is a nest
    refused(
        Graph::new().job("a").tries(2).nest(Graph::new()),
        &[&format!("job `a` is a nest, which {nothing}: {}", inside(".tries(..)"))],
    );
    // a struct that is made; and no tries at all
    refused(Graph::new().job("a").cleanup(|_| ()).with_new(|_| Ok(Nothing)), &[&format!("job `a` {own}")]);
    let at_least = "job `a` has `tries(0)`: it needs at least 1";
    refused(Graph::new().job("a").tries(0).run_only(|_| ()), &[at_least]);
    refused(
        Graph::new().job("a").tries(0).group(),
        &[&format!("job `a` is a group, which {nothing}: remove `.tries(..)`")],
    );
}

#[test]
fn defaults_of_a_graph() {
    let tries = |name: &str| Key::<u32>::named(name);
    let job =
        |graph: Graph<'static>, name: &str| graph.job(tries(name)).run_only(|cx| Ok(cx.max_tries().unwrap()));
    let own = |graph: Graph<'static>, name: &str| {
        graph.job(tries(name)).tries(9).run_only(|cx| Ok(cx.max_tries().unwrap()))
    };
    let check = |graph: Graph<'static>, expected: &[(&str, u32)]| {
        let plan = graph.compile().unwrap();
        let run = Runner::builder().default_tries(7).build().run(&plan, ());
        let seen: Vec<Option<u32>> =
            expected.iter().map(|(name, _)| run.output(tries(name)).copied()).collect();
        assert_eq!(seen, expected.iter().map(|(_, tries)| Some(*tries)).collect::<Vec<_>>());
    };
    let five = |graph: Graph<'static>| graph.defaults(|job| job.tries(5));
    // what was declared before, and after; what says it itself
    check(job(five(job(Graph::new(), "a")), "b"), &[("a", 5), ("b", 5)]);
    check(own(five(Graph::new()), "a"), &[("a", 9)]);
    check(job(Graph::new(), "a"), &[("a", 7)]);
    // a nest has its own, then those around it
    let nest = |graph: Graph<'static>, inner| graph.job("n").nest(inner);
    check(nest(job(Graph::new(), "a"), job(five(Graph::new()), "x")), &[("a", 7), ("n/x", 5)]);
    check(nest(job(five(Graph::new()), "a"), job(Graph::new(), "x")), &[("a", 5), ("n/x", 5)]);
    let two = job(Graph::new(), "x").defaults(|job| job.tries(2));
    check(
        nest(five(Graph::new()), nest(own(two, "y"), job(Graph::new(), "z"))),
        &[("n/x", 2), ("n/y", 9), ("n/n/z", 2)],
    );
    // what is merged keeps its own
    let merged = job(five(Graph::new()), "a").merge(job(Graph::new().defaults(|job| job.tries(2)), "b"));
    check(merged.merge(job(Graph::new(), "c")), &[("a", 5), ("b", 2), ("c", 5)]);
    // the last word counts, for each option alone; groups are not concerned
    let later = five(Graph::new()).defaults(|job| job.retry_delay(Duration::ZERO)).job("g").group();
    check(job(later, "a"), &[("a", 5)]);
    check(job(five(Graph::new()).defaults(|job| job.tries(6)), "a"), &[("a", 6)]);
    refused(
        job(Graph::new().defaults(|job| job.tries(0)), "a"),
        &["job `a` has `tries(0)`: it needs at least 1"],
    );
}

/// A delay is kept, too: in virtual time.
#[cfg(feature = "testkit")]
#[test]
fn default_delays_of_a_graph() {
    use dojobber::testkit::Simulation;
    let inner = Graph::new().job("x").check_only(|cx| cx.now() >= Duration::from_secs(20));
    let graph = Graph::new().job("n").nest(inner.defaults(|job| job.retry_delay(Duration::from_secs(20))));
    let run = Simulation::new(1).run(&graph.compile().unwrap(), ());
    assert_eq!((run.success(), run.job("n/x").unwrap().tries()), (true, 2));
}

#[test]
fn every_mistake_is_told_at_once() {
    refused(
        Graph::new()
            .job("")
            .group()
            .job("a")
            .after("nowhere")
            .tries(0)
            .run_only(|_| ())
            .job("a")
            .group()
            .job("b")
            .after(["b", "c"])
            .group()
            .job("c")
            .after("b")
            .cleanup(|_| ())
            .check_only(|_| true)
            .job("d\0")
            .before("elsewhere")
            .group(),
        &[
            "job `a` is declared more than once: give each its own name",
            "job 1 has an empty name: give it one",
            "job `a` has `tries(0)`: it needs at least 1",
            "job `a` is after `nowhere`, which does not exist",
            "job `b` depends on itself: remove that edge",
            "job `c` is a check_only, which has no run to clean up after: remove `.cleanup(..)`",
            "the name \"d\\0\" holds a control character: names are one line of text",
            "job `d\\0` is before `elsewhere`, which does not exist",
            "jobs depend on each other in a cycle: b -> c -> b (each is after the next: remove one of these edges)",
        ],
    );
}

#[test]
fn a_list_of_mistakes_stops_at_a_hundred() {
    let graph = (0..103).fold(Graph::new(), |graph, at| graph.job(format!("job {at}")).after("x").group());
    let errors = graph.compile().unwrap_err();
    assert_eq!((errors.iter().len(), errors.count()), (PlanErrors::LIMIT, 103));
    let text = errors.to_string();
    assert_eq!(text.lines().count(), 101);
    assert!(text.ends_with("\njob `job 99` is after `x`, which does not exist\n.. and 3 more"), "{text}");
}

#[test]
fn edges_from_either_side() {
    check(Graph::new().job("b").after("a").group().job("a").group(), &["b: a", "a: "]);
    check(Graph::new().job("a").before("b").group().job("b").group(), &["a: ", "b: a"]);
    check(
        Graph::new().job("goal").after("x").group().job("x").group().job("y").before("goal").group(),
        &["goal: x, y", "x: ", "y: "],
    );
}

#[test]
fn the_same_edge_twice_is_one() {
    let graph =
        Graph::new().job("a").before("b").before(["b", "b"]).group().job("b").after(["a", "a"]).after("a");
    check(graph.group(), &["a: ", "b: a"]);
}

#[test]
fn whatever_is_a_name() {
    const KEY: Key<u32> = Key::new("key");
    let owned = [String::from("s"), String::from("t")];
    let nothing: [&str; 0] = [];
    let graph = Graph::new()
        .job(String::from("s"))
        .group()
        .job(&owned[1])
        .group()
        .job(KEY)
        .check_only(|_| Ok(5))
        .job(Key::<u8>::named("key ".to_owned() + "2"))
        .run_only(|_| Ok(1))
        .job("all")
        .after("s")
        .after(&owned[1])
        .after(&owned)
        .after(owned.iter().map(String::as_str).rev())
        .after(Some("s"))
        .after(nothing)
        .after(KEY)
        .after(&KEY)
        .after([Key::<u8>::named("key 2")])
        .after(("s", KEY))
        .after((&KEY, &owned, Some("t"), [Key::<u8>::named("key 2")]))
        .group();
    check(graph, &["s: ", "t: ", "key: ", "key 2: ", "all: s, t, key, key 2"]);
}

#[test]
fn the_kinds() {
    let plan = Graph::new()
        .job("job")
        .description("text")
        .check(|_| true)
        .run(|_| ())
        .job("run_only")
        .run_only(|_| ())
        .job("check_only")
        .check_only(|_| true)
        .job("group")
        .group()
        .job("struct")
        .with(Nothing)
        .job("made")
        .with_new(|_| Ok(Nothing))
        .compile()
        .unwrap();
    let graph = plan.graph();
    let kinds: Vec<Kind> = graph.ids().map(|id| graph.kind(id)).collect();
    assert_eq!(kinds, [Kind::Job, Kind::RunOnly, Kind::CheckOnly, Kind::Group, Kind::Job, Kind::Job]);
    let descriptions: Vec<Option<&str>> = graph.ids().map(|id| graph.description(id)).collect();
    assert_eq!(descriptions, [Some("text"), None, None, None, None, None]);
}

#[test]
fn one_settled_type() {
    fn part<'a>(graph: Graph<'a>, name: &'a str) -> Graph<'a> {
        if name.is_empty() { graph } else { graph.job(name).group() }
    }
    let mut graph = Graph::default();
    for name in ["a", "", "b"] {
        graph = part(graph, name);
    }
    let graph = ["c", "d"].into_iter().fold(graph, part);
    check(graph.each(["e", "f"], part), &["a: ", "b: ", "c: ", "d: ", "e: ", "f: "]);
}

#[test]
fn graphs_of_graphs() {
    let one = |name: &str, after: &str| Graph::new().job(name).after(after.split_whitespace()).group();
    check(one("a", "b").merge(one("b", "")), &["a: b", "b: "]);
    let mut extended = one("a", "c");
    extended.extend([one("b", "a"), one("c", "")]);
    check(extended, &["a: c", "b: a", "c: "]);
    check([one("a", ""), one("b", "a")].into_iter().collect::<Graph<'_>>(), &["a: ", "b: a"]);
    check(Graph::new().merge(Graph::new()), &[]);
    let before = Graph::new().job("x").group().job("y").before("z").group();
    check(one("z", "").merge(before), &["z: y", "x: ", "y: "]);
}

#[test]
fn a_graph_as_a_job() {
    let steps = || Graph::new().job("a").group().job("b").after("a").group().job("c").group();
    check(
        Graph::new().job("net").group().job("db").after("net").before("web").nest(steps()).job("web").group(),
        &["net: ", "db/a: net", "db/b: db/a", "db/c: net", "db: db/b, db/c", "web: db"],
    );
    // a name inside is looked up inside first, then outside
    let inner = Graph::new().job("a").after("b").group().job("b").after("out").before("last").group();
    check(
        Graph::new().job("n").nest(inner).job("b").group().job("out").group().job("last").group(),
        &["n/a: n/b", "n/b: out", "n: n/a", "b: ", "out: ", "last: n/b"],
    );
    // inside each other, and empty
    let outer = Graph::new().job("i").nest(steps()).job("after").after("i").group();
    check(
        Graph::new().job("o").nest(outer),
        &["o/i/a: ", "o/i/b: o/i/a", "o/i/c: ", "o/i: o/i/b, o/i/c", "o/after: o/i", "o: o/after"],
    );
    check(Graph::new().job("x").group().job("n").after("x").nest(Graph::new()), &["x: ", "n: x"]);
}

/// The same edge, declared by each of its ends: equal plans, in the words of either.
#[track_caller]
fn check_edge(graph: impl Fn(&str, &str) -> Graph<'static>, expected: &[&str]) {
    let (by_after, by_before) =
        (graph("after", "").compile().unwrap(), graph("", "before").compile().unwrap());
    assert_eq!(shape(&by_after), expected);
    assert_eq!(by_after.graph(), by_before.graph());
}

#[test]
fn an_edge_to_a_nest_holds_back_all_in_it() {
    let steps = || Graph::new().job("a").group().job("b").after("a").group().job("c").group();
    let some = |name: &'static str, said: &str| (!said.is_empty()).then_some(name);
    // a job before a nest
    check_edge(
        |after, before| {
            let nest = Graph::new().job("db").after(some("x", after)).nest(steps());
            nest.job("x").before(some("db", before)).group()
        },
        &["db/a: x", "db/b: db/a", "db/c: x", "db: db/b, db/c", "x: "],
    );
    // a nest before a job, and before a nest, declared before it
    check_edge(
        |after, before| {
            let first = Graph::new().job("x").after(some("db", after)).nest(Graph::new().job("in").group());
            first.job("db").before(some("x", before)).nest(steps()).job("y").after("x").group()
        },
        &["x/in: db", "x: x/in", "db/a: ", "db/b: db/a", "db/c: ", "db: db/b, db/c", "y: x"],
    );
    // inside of a nest: a job and a nest beside it, one of which is after something outside
    check_edge(
        |after, before| {
            let inner = Graph::new().job("deep").after(some("side", after)).after("out").nest(steps());
            let inner = inner.job("side").before(some("deep", before)).group();
            Graph::new().job("n").nest(inner).job("out").group()
        },
        &[
            "n/deep/a: n/side, out",
            "n/deep/b: n/deep/a",
            "n/deep/c: n/side, out",
            "n/deep: n/deep/b, n/deep/c",
            "n/side: ",
            "n: n/deep",
            "out: ",
        ],
    );
    // a name from inside: the nest that stands outside, and a job that is inside of it
    check_edge(
        |after, before| {
            let inner = Graph::new().job("y").after(some("db", after)).before("db/c").group();
            let db = Graph::new().job("db").before(some("n/y", before)).nest(Graph::new().job("a").group());
            db.job("db/c").group().job("n").nest(inner)
        },
        &["db/a: ", "db: db/a", "db/c: n/y", "n/y: db", "n: n/y"],
    );
    // merged
    check_edge(
        |after, before| {
            let one = Graph::new().job("x").before(some("db", before)).group();
            one.merge(Graph::new().job("db").after(some("x", after)).nest(steps()))
        },
        &["x: ", "db/a: x", "db/b: db/a", "db/c: x", "db: db/b, db/c"],
    );
    // an empty nest is a group
    check_edge(
        |after, before| {
            let nest = Graph::new().job("n").after(some("x", after)).nest(Graph::new());
            nest.job("x").before(some("n", before)).group().job("y").after("n").group()
        },
        &["n: x", "x: ", "y: n"],
    );
}

#[test]
fn all_in_nests_waits_for_what_each_of_them_is_after() {
    let deep = Graph::new().job("x").group().job("y").after("x").group();
    let mid = Graph::new().job("deep").after("b").nest(deep).job("z").after("deep").group();
    let graph = Graph::new().job("a").group().job("b").group().job("top").after("a").nest(mid);
    let plan = graph.compile().unwrap();
    assert_eq!(
        shape(&plan),
        [
            "a: ",
            "b: ",
            "top/deep/x: a, b",
            "top/deep/y: top/deep/x",
            "top/deep: top/deep/y",
            "top/z: top/deep",
            "top: top/z"
        ]
    );
    let graph = plan.graph();
    let before: Vec<&str> =
        graph.before(graph.find("a").unwrap()).iter().map(|job| graph.name(*job)).collect();
    assert_eq!(before, ["top/deep/x"]);
    let nests: Vec<_> = graph
        .nests()
        .map(|nest| (nest.name(), nest.parent().map(|nest| nest.name()), nest.jobs().len()))
        .collect();
    assert_eq!(nests, [("top", None, 4), ("top/deep", Some("top"), 2)]);
    let order: Vec<&str> = plan.order().map(|job| graph.name(job)).collect();
    assert_eq!(order, ["a", "b", "top/deep/x", "top/deep/y", "top/deep", "top/z", "top"]);
}

#[test]
fn jobs_after_a_nest_cost_what_both_have() {
    let stage = |jobs: usize| (0..jobs).fold(Graph::new(), |graph, i| graph.job(format!("{i}")).group());
    let edges = |graph: Graph<'_>| graph.compile().unwrap().graph().edges();
    let (n, m) = (300, 200);
    // m jobs lead to the end of the first; the start of the second waits for it, and n jobs for that; and its end
    assert_eq!(edges(Graph::new().job("a").nest(stage(m)).job("b").after("a").nest(stage(n))), m + 1 + n + n);
    assert_eq!(
        edges(Graph::new().job("a").before("b").nest(stage(m)).job("b").nest(stage(n))),
        m + 1 + n + n
    );
    // the same by the names of all that are in the first
    let names: Vec<String> = (0..m).map(|i| format!("a/{i}")).collect();
    assert_eq!(
        edges(Graph::new().job("a").nest(stage(m)).job("b").after(&names).nest(stage(n))),
        m + m + n + n
    );
    let single = |graph: Graph<'static>, i| graph.job(format!("x{i}")).after("a").group();
    assert_eq!(edges((0..n).fold(Graph::new().job("a").nest(stage(m)), single)), m + n);
}

#[test]
fn cycles_through_nests() {
    let told = |path: &str| {
        format!(
            "jobs depend on each other in a cycle: {path} (each is after the next: remove one of these edges)"
        )
    };
    let one = || Graph::new().job("a").group();
    refused(Graph::new().job("n").after("n/a").nest(one()), &[&told("n/a -> (nest n) -> n/a")]);
    refused(
        Graph::new().job("n").nest(Graph::new().job("a").before("n").group()),
        &[&told("n/a -> (nest n) -> n/a")],
    );
    refused(
        Graph::new().job("n").nest(Graph::new().job("a").after("n").group()),
        &[&told("n/a -> n -> n/a")],
    );
    refused(
        Graph::new().job("n").after("x").nest(one()).job("x").after("n/a").group(),
        &[&told("n/a -> (nest n) -> x -> n/a")],
    );
    // the shortest, though `b` waits for the nest by way of `a` as well
    let two = Graph::new().job("b").after("a").group().job("a").group();
    refused(
        Graph::new().job("n").after("x").nest(two).job("x").after("n/b").group(),
        &[&told("n/b -> (nest n) -> x -> n/b")],
    );
    refused(Graph::new().job("n").after("n").nest(one()), &["job `n` depends on itself: remove that edge"]);
}

#[test]
fn a_subgraph_keeps_its_nests() {
    let steps = || Graph::new().job("a").group().job("b").after("a").group();
    let plan =
        Graph::new().job("x").group().job("n").after("x").nest(steps()).job("y").group().compile().unwrap();
    let check = |name: &str, expected: &[&str], jobs: usize, end: bool| {
        let part = plan.select(name).unwrap();
        assert_eq!(shape(&part), expected);
        let nest = part.graph().nests().next().unwrap();
        assert_eq!((nest.name(), nest.jobs().len(), nest.job().is_some()), ("n", jobs, end));
    };
    check("n/a", &["x: ", "n/a: x"], 1, false);
    check("n/b", &["x: ", "n/a: x", "n/b: n/a"], 2, false);
    check("n", &["x: ", "n/a: x", "n/b: n/a", "n: n/b"], 2, true);
    assert_eq!(plan.select("y").unwrap().graph().nests().len(), 0);
}

/// The run, and not only the plan: what is in the nest begins after what the nest is after, or is blocked by it.
#[test]
fn a_nest_waits_when_it_is_run() {
    let check = |threads: usize, passes: bool| {
        let (notes, trace) = (Notes::default(), Trace::default());
        let deep = Graph::new().job("drop").run_only(|_| notes.add("drop")).job("log").after("drop").group();
        let inner = Graph::new().job("deep").nest(deep).job("side").run_only(|_| ());
        let graph = Graph::new().job("db").nest(inner).job("backup").before("db").tries(1).run_only(|_| {
            notes.add("backup");
            passes
        });
        let plan = graph.compile().unwrap();
        let run = Runner::builder().threads(threads).observer(trace.clone()).build().run(&plan, ());
        assert_eq!(judge(&plan, &trace.events()), Ok(()));
        assert_eq!(run.jobs().len(), 6);
        let words = if passes { "backup drop" } else { "backup" };
        assert_eq!(notes.take(), words);
        let status = if passes { Status::Satisfied } else { Status::Blocked };
        assert_eq!(["db/deep/log", "db/deep", "db"].map(|job| run.status(job)), [Some(status); 3]);
        let causes: Vec<&str> = run.root_causes("db/deep/log").iter().map(|job| job.name()).collect();
        assert_eq!(causes, if passes { vec![] } else { vec!["backup"] });
    };
    for threads in [1, 4] {
        check(threads, true);
        check(threads, false);
    }
}

#[test]
fn mistakes_inside_a_nested_graph_have_its_name() {
    let inner = Graph::new().job("a").after("nowhere").group().job("b").after("b").group();
    refused(
        Graph::new().job("n").nest(inner),
        &[
            "job `n/a` is after `nowhere`, which does not exist",
            "job `n/b` depends on itself: remove that edge",
        ],
    );
}

#[test]
fn a_subgraph_of_a_plan() {
    let plan = Graph::new()
        .job("top")
        .after(["left", "right"])
        .group()
        .job("left")
        .after("low")
        .group()
        .job("right")
        .after("low")
        .group()
        .job("low")
        .group()
        .job("beside")
        .group()
        .compile()
        .unwrap();
    let check = |names: &[&str], expected: &[&str]| assert_eq!(shape(&plan.select(names).unwrap()), expected);
    check(&["left"], &["left: low", "low: "]);
    check(&["right", "left"], &["left: low", "right: low", "low: "]);
    check(&["beside", "low", "low"], &["low: ", "beside: "]);
    check(&["top"], &["top: left, right", "left: low", "right: low", "low: "]);
    check(&[], &[]);
    assert_eq!(
        plan.select(["lft", "top", "nowhere"]).unwrap_err().to_string(),
        "there is no job `lft`; did you mean `left`?\nthere is no job `nowhere`"
    );
    // names of the whole plan are known afterwards, too
    let part = plan.select("left").unwrap();
    assert_eq!(shape(&part.select(["right", "low"]).unwrap()), ["low: "]);
    assert_eq!(shape(&part.exclude("right").unwrap()), ["left: low", "low: "]);
    assert_eq!(part.select("nowhere").unwrap_err().to_string(), "there is no job `nowhere`");
}

#[test]
fn a_plan_without_some_jobs() {
    let steps = || Graph::new().job("a").group().job("b").after("a").group().job("c").group();
    let graph = Graph::new().job("x").group().job("n").after("x").nest(steps()).job("y").after("n/a").group();
    let plan = graph.job("z").group().compile().unwrap();
    let check = |plan: &Plan<'static>, names: &[&str], expected: &str| {
        let part = plan.exclude(names).unwrap();
        assert_eq!(part.names().collect::<Vec<_>>().join(" "), expected, "{names:?}");
        part
    };
    check(&plan, &[], "x n/a n/b n/c n y z");
    check(&plan, &["z"], "x n/a n/b n/c n y");
    check(&plan, &["x"], "z"); // all in the nest depends on it
    check(&plan, &["n/b"], "x n/a n/c y z");
    check(&plan, &["n/a", "z"], "x n/c");
    check(&plan, &["n"], "x z"); // all that is in it
    let part = check(&plan, &["n/c"], "x n/a n/b y z");
    assert_eq!(shape(&part), ["x: ", "n/a: x", "n/b: n/a", "y: n/a", "z: "]);
    // afterwards, a nest is what is left of it; and names of the whole plan are known
    check(&part, &["n"], "x z");
    check(&part, &["n/c"], "x n/a n/b y z");
    assert_eq!(part.select("n").unwrap().names().collect::<Vec<_>>(), ["x", "n/a", "n/b"]);
    assert_eq!(part.select(("n/c", "y")).unwrap().names().collect::<Vec<_>>(), ["x", "n/a", "y"]);
    assert_eq!(
        plan.exclude(["n/d", "zz"]).unwrap_err().to_string(),
        "there is no job `n/d`; did you mean `n/a`?\nthere is no job `zz`; did you mean `z`?"
    );
    let run = runner(1).run(&part, ());
    assert!(run.success() && run.jobs().len() == 5);
}

#[test]
fn why_a_job_depends_on_another() {
    let steps = || Graph::new().job("a").group().job("b").after("a").group();
    let graph =
        Graph::new().job("x").group().job("n").after("x").nest(steps()).job("y").after(["n", "n/b"]).group();
    let plan = graph.job("o").after("y").nest(Graph::new().job("i").nest(steps())).compile().unwrap();
    let check = |job: &str, on: &str, expected: Option<&str>| {
        let way = plan.why_depends(job, on).map(|way| way.join(" > "));
        assert_eq!(way.as_deref(), expected);
        assert_eq!(plan.depends(job, on), expected.is_some());
    };
    check("y", "x", Some("y > n/b > n/a > x"));
    check("n", "x", Some("n > n/b > n/a > x"));
    check("n/a", "x", Some("n/a > x")); // because the nest is
    check("o/i/a", "y", Some("o/i/a > y")); // because the nest around the nest is
    check("o/i/b", "n/a", Some("o/i/b > o/i/a > y > n/b > n/a"));
    check("x", "y", None);
    check("y", "y", None);
    check("y", "nowhere", None);
    check("nowhere", "y", None);
}

#[test]
fn a_subgraph_of_a_subgraph_does_what_its_jobs_do() {
    let notes = Notes::default();
    let jobs = Graph::new().each(["a", "b", "c", "d"], |graph, name| {
        let after = (name == "d").then_some("b");
        let open = graph.job(name).after(after).description(format!("what {name} does"));
        open.run_only(|cx| notes.add(cx.job()))
    });
    let plan = jobs.compile().unwrap();
    let part = plan.select(["c", "d"]).unwrap();
    let check = |plan: &Plan<'_>, expected: &str| {
        assert!(runner(1).run(plan, ()).success());
        assert_eq!(notes.take(), expected);
        let graph = plan.graph();
        for job in graph.ids() {
            assert_eq!(graph.description(job), Some(&*format!("what {} does", graph.name(job))));
        }
    };
    check(&plan, "a b c d");
    check(&part, "b c d");
    check(&part.select("d").unwrap(), "b d");
    check(&part.select("c").unwrap(), "c");
}

#[test]
fn what_depends_on_what() {
    let plan = Graph::new()
        .job("a")
        .after("b")
        .group()
        .job("b")
        .after("c")
        .group()
        .job("c")
        .group()
        .compile()
        .unwrap();
    assert!(plan.depends("a", "b") && plan.depends("a", "c") && plan.depends("b", "c"));
    assert!(
        !plan.depends("c", "a")
            && !plan.depends("a", "a")
            && !plan.depends("a", "x")
            && !plan.depends("x", "a")
    );
    assert_eq!(plan.names().rev().collect::<Vec<_>>(), ["c", "b", "a"]);
    assert_eq!((plan.len(), plan.is_empty(), plan.graph().edges()), (3, false, 2));
}

#[test]
fn an_empty_graph_succeeds() {
    let plan = Graph::new().compile().unwrap();
    assert!(plan.is_empty());
    let run = runner(2).run(&plan, ());
    assert!(run.success() && !run.partial_success() && !run.failure() && !run.changed());
    assert_eq!(untimed(run.report()), "0 jobs");
}

#[test]
fn closures_may_borrow_what_outlives_the_plan() {
    let limit = vec![1, 2, 3];
    let plan = Graph::new().job("a").check(|_| limit.len() == 3).run(|_| ()).compile().unwrap();
    assert!(runner(1).run(&plan, ()).success());
    drop(plan);
    drop(limit);
}

#[test]
fn a_graph_in_a_static() {
    static PLAN: std::sync::LazyLock<Plan<'static>> =
        std::sync::LazyLock::new(|| Graph::new().job("a").check_only(|_| true).compile().unwrap());
    assert!(runner(1).run(&PLAN, ()).success());
}

#[test]
fn what_a_graph_looks_like_while_it_is_built() {
    let graph = Graph::new().job("a").group().job("b").tries(2).retry_delay(Duration::from_secs(1));
    let text = format!("{graph:?}");
    assert!(text.contains(r#""a""#) && text.contains("tries: Some(2)"), "{text}");
}

#[test]
fn handles_travel_between_threads() {
    fn travels<T: Send + Sync>() {}
    travels::<Plan<'_, String>>();
    travels::<dojobber::Run<'_, String>>();
    travels::<dojobber::Runner>();
    travels::<dojobber::Report>();
    travels::<PlanErrors>();
    travels::<dojobber::RunFailed>();
    travels::<Graph<'_, String>>();
}

//! `docs/report.schema.json`, checked against reports, and against what the library knows.
//!
//! The few keywords that the schema uses are followed here; one that is not known is a failure of the test.

use serde_json::{Value, json};

use dojobber::{DryRun, Graph, Kind, Phase, Report, Runner, Status, permanent};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/report.schema.json")).unwrap()
}

/// What of `value` does not fit `schema`, by path; nothing if all does.
fn misfits(root: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            found.push(format!("{path}: {what}"));
        }
    };
    let mut inner = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" | "format" | "properties" => {}
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                inner.extend(misfits(root, &root["$defs"][name], value, path));
            }
            "type" => expect(
                match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_u64() || value.is_i64(),
                    other => panic!("{other} is no type of this schema"),
                },
                "type",
            ),
            "const" => expect(rule == value, "const"),
            "enum" => expect(rule.as_array().unwrap().contains(value), "enum"),
            "minimum" => {
                expect(value.as_i64().is_none_or(|value| value >= rule.as_i64().unwrap()), "minimum")
            }
            "minLength" => {
                let least = rule.as_u64().unwrap() as usize;
                expect(value.as_str().is_none_or(|text| text.chars().count() >= least), "minLength");
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    expect(value.get(name.as_str().unwrap()).is_some(), &format!("required {name}"));
                }
            }
            "additionalProperties" => {
                assert_eq!(rule, &json!(false));
                for (name, value) in value.as_object().into_iter().flatten() {
                    match schema["properties"].get(name) {
                        Some(rules) => inner.extend(misfits(root, rules, value, &format!("{path}.{name}"))),
                        None => expect(false, &format!("additional {name}")),
                    }
                }
            }
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    inner.extend(misfits(root, rule, item, &format!("{path}[{at}]")));
                }
            }
            other => panic!("{other} is no keyword that this test knows"),
        }
    }
    found.extend(inner);
    found
}

fn sample() -> Value {
    let nest = Graph::new().job("b").check_only(|_| panic!("p")).job("c").description("d").run_only(|_| ());
    let plan = Graph::new()
        .job("a")
        .cleanup(|_| false)
        .run_only(|cx| {
            (0..21).for_each(|line| cx.log(line));
            cx.progress(1, 0);
        })
        .job("nest")
        .after("a")
        .nest(nest)
        .job("d")
        .check(|_| Err::<(), _>(permanent(anyhow::anyhow!("inner").context("outer")).into()))
        .run(|_| ())
        .job("e")
        .after("nest")
        .group()
        .compile()
        .unwrap();
    let report = Runner::builder().default_tries(1).build().run(&plan, ()).into_report();
    serde_json::to_value(report).unwrap()
}

#[test]
fn reports_fit() {
    let schema = schema();
    let check = |report: &Value| assert_eq!(misfits(&schema, &schema, report, ""), [""; 0]);
    check(&sample());
    let plan =
        Graph::new().job("a").describe_run(|_| "a").run_only(|_| ()).job("b").after("a").check_only(|_| true);
    let through =
        Runner::builder().dry_run(DryRun::Through).build().run(&plan.compile().unwrap(), ()).into_report();
    check(&serde_json::to_value(through).unwrap());
    check(&serde_json::to_value(Graph::new().compile().unwrap().run(()).report()).unwrap());
    for text in [
        include_str!("../reports/v1-kitchen.json"),
        include_str!("../reports/v1-kitchen-dry.json"),
        include_str!("../reports/v1-movie.json"),
    ] {
        let report: Report = serde_json::from_str(text).unwrap(); // it is saved as version 2
        check(&serde_json::to_value(&report).unwrap());
    }
}

/// What the sample becomes by `change` fits neither the schema nor the library.
#[track_caller]
fn check_refused(change: impl FnOnce(&mut Value), misfit: &str) {
    let schema = schema();
    let mut report = sample();
    change(&mut report);
    assert_eq!(misfits(&schema, &schema, &report, ""), [misfit]);
    assert!(serde_json::from_value::<Report>(report).is_err());
}

#[test]
fn what_is_no_report_does_not_fit() {
    check_refused(|report| report["color"] = json!("red"), ": additional color");
    check_refused(|report| report["dojobber_report"] = json!(3), ".dojobber_report: const");
    check_refused(|report| report["elapsed_ns"] = json!(-1), ".elapsed_ns: minimum");
    check_refused(|report| report["dry_run"] = json!("no"), ".dry_run: type");
    check_refused(|report| report["host"] = json!(""), ".host: minLength");
    check_refused(
        |report| _ = report["jobs"][0].as_object_mut().unwrap().remove("after"),
        ".jobs[0]: required \"after\"",
    );
    check_refused(|report| report["jobs"][0]["name"] = json!(""), ".jobs[0].name: minLength");
    check_refused(|report| report["jobs"][0]["kind"] = json!("task"), ".jobs[0].kind: enum");
    check_refused(|report| report["jobs"][0]["status"] = json!("fine"), ".jobs[0].status: enum");
    check_refused(
        |report| report["jobs"][0]["phases"][0]["attempt"] = json!(0),
        ".jobs[0].phases[0].attempt: minimum",
    );
    check_refused(
        |report| report["jobs"][0]["phases"][0]["sequence"] = json!(0),
        ".jobs[0].phases[0].sequence: minimum",
    );
    check_refused(|report| report["nests"][0]["jobs"] = json!(0), ".nests[0].jobs: minimum");
}

/// Words of the library and of the schema are the same, in the same order.
#[test]
fn the_words_are_those_of_the_library() {
    let schema = schema();
    let words = |path: &str| schema.pointer(path).unwrap().clone();
    assert_eq!(words("/$defs/job/properties/kind/enum"), serde_json::to_value(Kind::ALL).unwrap());
    assert_eq!(words("/$defs/job/properties/status/enum"), serde_json::to_value(Status::ALL).unwrap());
    assert_eq!(words("/$defs/phase/properties/phase/enum"), serde_json::to_value(Phase::ALL).unwrap());
    let page = include_str!("../../../docs/report.md");
    let named = |words: Value| {
        words.as_array().unwrap().iter().all(|word| page.contains(&format!("`{}`", word.as_str().unwrap())))
    };
    assert!(
        named(serde_json::to_value(Kind::ALL).unwrap()) && named(serde_json::to_value(Status::ALL).unwrap())
    );
    assert!(named(serde_json::to_value(Phase::ALL).unwrap()));
    for fields in
        ["/properties", "/$defs/job/properties", "/$defs/phase/properties", "/$defs/error/properties"]
    {
        for field in words(fields).as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{field}`")), "{field} is not on the page");
        }
    }
}

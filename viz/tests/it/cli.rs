//! What the command line writes, and what it says about mistakes.

use std::fs;
use std::path::Path;

use clap::Parser;
use dojobber_viz::cli::{RenderArgs, on_one_line};

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    render: RenderArgs,
}

/// What becomes of the arguments in a folder with a few files: the names of what was written, or the complaint.
fn render(arguments: &str) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let saved = serde_json::to_string(&crate::features::report()).unwrap();
    for (name, content) in [("run.json", saved.as_str()), ("half.json", &saved[..200]), ("no.json", "<svg>")]
    {
        fs::write(folder.path().join(name), content).unwrap();
    }
    // a name with a dot in it is that of a file
    let in_folder = |word: &str| match word.contains('.') {
        true => folder.path().join(word).display().to_string(),
        false => word.to_owned(),
    };
    let words = arguments.split_whitespace().map(in_folder);
    let program = Program::try_parse_from(["render".to_owned()].into_iter().chain(words)).unwrap();
    let name = |path: &Path| path.strip_prefix(folder.path()).unwrap().display().to_string();
    match program.render.render() {
        Ok(written) => {
            let files = written.files;
            assert!(files.iter().all(|file| fs::metadata(file).unwrap().len() > 0), "{files:?}");
            Ok(files.iter().map(|file| name(file)).collect())
        }
        Err(error) => {
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing was written");
            Err(on_one_line(&error).replace(&format!("{}/", folder.path().display()), ""))
        }
    }
}

#[track_caller]
fn check(arguments: &str, files: &[&str]) {
    assert_eq!(render(arguments).unwrap(), files);
}

#[track_caller]
fn check_complaint(arguments: &str, expected: &str) {
    let complaint = render(arguments).unwrap_err();
    assert!(complaint.starts_with(expected), "{complaint}");
}

#[test]
fn files_are_written() {
    check("run.json -o a.svg -o b.HTML -o c.txt -o d.mmd", &["a.svg", "b.HTML", "c.txt", "d.mmd"]);
    check("run.json -T svg", &["run.svg"]);
    check("run.json -T svg -o picture.of-it", &["picture.of-it"]);
    check("run.json -o a.svg --boxes --times --only-failed --reduce --rankdir lr", &["a.svg"]);
    check("run.json -o a.svg --collapse api --collapse web --no-legend", &["a.svg"]);
}

#[test]
fn reports_that_are_none_are_told_apart() {
    check_complaint("none.json", "cannot read the report none.json: ");
    check_complaint("half.json", "cannot read the report half.json: it is not whole: EOF while parsing ");
    check_complaint(
        "no.json",
        "cannot read the report no.json: it is not JSON: expected value at line 1 column 1",
    );
}

#[test]
fn nothing_is_written_in_an_unknown_format() {
    let known = "its extension names no format of pictures; there are svg, html, ";
    check_complaint("run.json -o a.svg -o b.xyz", &format!("cannot write b.xyz: {known}"));
    check_complaint("run.json -T jpeg", "there is no format `jpeg` of pictures; there are svg, html, ");
}

#[cfg(not(feature = "png"))]
#[test]
fn what_was_left_out_is_known() {
    let complaint = render("run.json -o b.png").unwrap_err();
    assert!(complaint.ends_with("dot, mmd, txt, and with the feature `png` also that"), "{complaint}");
}

#[cfg(feature = "dot")]
#[test]
fn graphviz_needs_a_format() {
    check_complaint("run.json --engine dot -o -", "Graphviz must be told a format");
}

#[test]
fn what_cannot_be_collapsed_is_named() {
    let why = "no jobs were nested under that name";
    check_complaint("run.json -o a.svg --collapse apu", &format!("cannot collapse `apu`: {why}"));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_to_is_named() {
    check_complaint("run.json -o none.d/a.svg", "cannot write none.d/a.svg: No such file or directory");
}

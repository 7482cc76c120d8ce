//! What others read of the files that dojobber-cli writes: JUnit files and traces, read by tools that are not ours.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::util::{cargo, execute, target};

/// A schema validator, and a parser that counts.
const PARSERS: [&str; 2] = ["xmlschema==4.3.2", "junitparser==5.0.3"];
/// Its sources hold the schema that Jenkins publishes.
const WITH_SCHEMA: &str = "pytest==8.4.2";
const SCHEMA: &str = "pytest-8.4.2/testing/example_scripts/junit-10.xsd";
/// Perfetto's own; it downloads its trace processor the first time.
const PERFETTO: &str = "perfetto==0.59.1";
const MODEL: &str = "@tracerbench/trace-model@8.0.0";

/// Runs that end in all ways that a job can: an example, and its arguments.
const RUNS: [(&str, &[&str]); 5] = [
    ("trouble", &[]),
    ("trouble", &["flaky", "broken", "command", "panic", "cleanup"]),
    ("trouble", &["flaky", "broken", "--plan"]),
    ("trouble", &["flaky", "cleanup", "-n", "--threads", "2"]),
    ("fleet", &["--hosts", "30"]),
];

/// Lets them read what a few runs have written. Says so where a tool cannot be had.
pub(crate) fn run(root: &Path) -> Result<()> {
    let readers = Readers { folder: target(root).join("readers"), scripts: root.join("xtask/readers") };
    std::fs::create_dir_all(&readers.folder)?;
    cargo(root, "build --quiet --package dojobber-cli --all-features --example trouble --example fleet")?;
    let (junit, model) = (readers.fetch_parsers(), readers.fetch_model());
    let perfetto = junit && readers.pip(&["install", PERFETTO]);
    for (is_there, what) in
        [(junit, "JUnit files: pip has no parsers"), (model, "traces: npm has no model of them")]
    {
        if !is_there {
            println!("    skipped {what}");
        }
    }
    let mut has_processor = perfetto;
    for (number, (example, arguments)) in RUNS.into_iter().enumerate() {
        let files = readers.write(&target(root), number, example, arguments)?;
        if junit {
            readers.read(
                root,
                readers.python(),
                "junit.py",
                &[&SCHEMA.into(), &files.junit, &files.report],
            )?;
        }
        if model {
            let mut node = Command::new("node");
            node.env("NODE_PATH", readers.folder.join("node_modules"));
            readers.read(root, node, "trace.js", &[&files.trace, &files.report])?;
        }
        has_processor = has_processor && readers.processed(&files)?;
    }
    if !has_processor {
        println!("    skipped Perfetto: its trace processor cannot be downloaded");
    }
    Ok(())
}

struct Readers {
    folder: PathBuf,
    scripts: PathBuf,
}

/// What one run has written.
struct Files {
    junit: PathBuf,
    trace: PathBuf,
    report: PathBuf,
}

impl Readers {
    fn python(&self) -> Command {
        let mut python = Command::new(self.folder.join("python/bin/python"));
        python.current_dir(&self.folder);
        python
    }

    fn fetch_parsers(&self) -> bool {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "python"]);
        if !self.python_is_there() && !self.succeeds(venv) {
            return false;
        }
        let mut unpack = Command::new("tar");
        unpack.args(["-xzf", "pytest-8.4.2.tar.gz", SCHEMA]);
        let download = ["download", "--no-deps", "--no-binary", ":all:", WITH_SCHEMA];
        let has_schema = self.folder.join(SCHEMA).exists() || self.pip(&download) && self.succeeds(unpack);
        has_schema && self.pip(&["install", PARSERS[0], PARSERS[1]])
    }

    fn python_is_there(&self) -> bool {
        self.folder.join("python/bin/python").exists()
    }

    fn fetch_model(&self) -> bool {
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--fetch-retries=1",
            "--prefix",
            ".",
            MODEL,
        ]);
        self.folder.join("node_modules/@tracerbench/trace-model").exists() || self.succeeds(npm)
    }

    fn pip(&self, arguments: &[&str]) -> bool {
        let mut pip = self.python();
        pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "--retries=1"]).args(arguments);
        self.succeeds(pip)
    }

    fn succeeds(&self, mut command: Command) -> bool {
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Runs an example, which may fail: that is what is to be read.
    fn write(&self, target: &Path, number: usize, example: &str, arguments: &[&str]) -> Result<Files> {
        let file = |name: &str| self.folder.join(format!("{number}.{name}"));
        let files = Files { junit: file("xml"), trace: file("trace.json"), report: file("report.json") };
        let mut program = Command::new(target.join("debug/examples").join(example));
        program.args(arguments).arg("-q").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        program.arg("--junit").arg(&files.junit).arg("--trace").arg(&files.trace);
        program.arg("--report").arg(&files.report);
        let status = program.status().with_context(|| format!("the example {example} cannot be run"))?;
        match status.code() {
            Some(0 | 1) => Ok(files),
            _ => bail!("the example {example} ended with {status}"),
        }
    }

    fn read(&self, root: &Path, mut reader: Command, script: &str, paths: &[&PathBuf]) -> Result<()> {
        reader.arg(self.scripts.join(script)).args(paths.iter().map(|path| self.folder.join(path)));
        execute(root, reader)
    }

    /// `false`: its trace processor is not there.
    fn processed(&self, files: &Files) -> Result<bool> {
        let mut python = self.python();
        python.arg(self.scripts.join("slices.py")).arg(&files.trace).arg(&files.report);
        let output = python.stdin(Stdio::null()).output()?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(3) => Ok(false),
            _ => bail!("Perfetto reads something else: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }
}

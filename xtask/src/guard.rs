//! The guard against slow regressions: it counts instructions, which a busy machine does not change.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::util::{cargo, target};

/// The file with the counts that were accepted.
const BASELINE: &str = "benches/guard.txt";

/// How much more than accepted is still accepted, in hundredths.
const TOLERANCE: u64 = 5;

/// Counts, and compares with what was accepted; or accepts what it counts.
pub(crate) fn run(root: &Path, accept: bool) -> Result<()> {
    if let Some(missing) = missing() {
        println!("    skipped: {missing}");
        return Ok(());
    }
    let now = Counts { rustc: rustc(root)?, scenarios: count(root)? };
    let path = root.join(BASELINE);
    if accept {
        fs::write(&path, now.to_text()).with_context(|| format!("{BASELINE} cannot be written"))?;
        print!("{}", now.to_text());
        return Ok(());
    }
    let accepted = fs::read_to_string(&path).with_context(|| format!("{BASELINE} cannot be read"))?;
    let accepted = Counts::parse(&accepted).with_context(|| format!("in {BASELINE}"))?;
    let Comparison { table, complaints } = now.compare(&accepted);
    print!("{table}");
    ensure!(
        complaints.is_empty(),
        "{}\nif it has to be so: cargo xtask guard --accept, and say why in the commit",
        complaints.join("\n")
    );
    Ok(())
}

/// The tool that is needed and not there, if any.
fn missing() -> Option<&'static str> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Some("the counts are those of x86-64 and Linux");
    }
    let mut valgrind = Command::new("valgrind");
    valgrind.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    let found = valgrind.status().is_ok_and(|status| status.success());
    (!found).then_some("valgrind is not there")
}

fn rustc(root: &Path) -> Result<String> {
    let version = Command::new("rustc").arg("--version").current_dir(root).output();
    let version = version.context("rustc cannot be started")?;
    Ok(String::from_utf8_lossy(&version.stdout).trim().to_owned())
}

/// Builds the scenarios, and counts each.
fn count(root: &Path) -> Result<Vec<(String, u64)>> {
    cargo(root, "build --quiet --release --package dojobber-benches --bin guard")?;
    let program = target(root).join("release/guard");
    let list = Command::new(&program).output().context("the scenarios cannot be listed")?;
    let names = String::from_utf8(list.stdout)?;
    names.lines().map(|name| Ok((name.to_owned(), instructions(&program, name)?))).collect()
}

/// Counts the instructions of one scenario, without its set-up. The environment is empty, for it stands on the stack and moves it.
fn instructions(program: &Path, scenario: &str) -> Result<u64> {
    let file: PathBuf = program.with_file_name("guard.callgrind");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*guard::counted*"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .arg(scenario)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .output()
        .context("valgrind cannot be started")?;
    ensure!(output.status.success(), "valgrind failed: {}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(&file).context("valgrind left no counts")?;
    total(&text).with_context(|| format!("nothing was counted in {scenario}"))
}

/// The sum in a file of callgrind's.
fn total(callgrind: &str) -> Option<u64> {
    let totals = callgrind.lines().find_map(|line| line.strip_prefix("totals: "))?;
    totals.trim().parse().ok().filter(|count| *count > 0)
}

/// Instructions of each scenario, and by which compiler they were made.
#[derive(Debug, PartialEq)]
struct Counts {
    rustc: String,
    scenarios: Vec<(String, u64)>,
}

struct Comparison {
    table: String,
    complaints: Vec<String>,
}

impl Counts {
    fn to_text(&self) -> String {
        let mut text = format!("{}\n", self.rustc);
        for (name, count) in &self.scenarios {
            writeln!(text, "{name} {count}").expect("a string takes all");
        }
        text
    }

    fn parse(text: &str) -> Result<Self> {
        let (rustc, lines) = text.split_once('\n').context("there is nothing in it")?;
        let scenario = |line: &str| match line.split_once(' ') {
            Some((name, count)) => Ok((name.to_owned(), count.parse().context("a count is no number")?)),
            None => bail!("`{line}` has no count"),
        };
        Ok(Counts { rustc: rustc.to_owned(), scenarios: lines.lines().map(scenario).collect::<Result<_>>()? })
    }

    fn of(&self, scenario: &str) -> Option<u64> {
        self.scenarios.iter().find(|(name, _)| name == scenario).map(|(_, count)| *count)
    }

    fn compare(&self, accepted: &Counts) -> Comparison {
        let (mut table, mut complaints) = (String::new(), Vec::new());
        if self.rustc != accepted.rustc {
            complaints.push(format!("accepted with {}, but this is {}", accepted.rustc, self.rustc));
        }
        for (name, now) in &self.scenarios {
            let Some(before) = accepted.of(name) else {
                complaints.push(format!("{name} was never accepted"));
                continue;
            };
            let change = 100.0 * (*now as f64 / before as f64 - 1.0);
            writeln!(table, "    {name:<16} {now:>12}  accepted {before:>12}  {change:+.2} %")
                .expect("a string takes all");
            if 100 * now > (100 + TOLERANCE) * before {
                complaints.push(format!("{name} takes {change:.1} % more instructions than accepted"));
            }
        }
        let gone = accepted.scenarios.iter().filter(|(name, _)| self.of(name).is_none());
        complaints.extend(gone.map(|(name, _)| format!("{name} was accepted, but is not there")));
        Comparison { table, complaints }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(rustc: &str, scenarios: &[(&str, u64)]) -> Counts {
        let scenarios = scenarios.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        Counts { rustc: rustc.to_owned(), scenarios }
    }

    #[track_caller]
    fn check(now: &Counts, expected: &[&str]) {
        let accepted = counts("rustc 1", &[("chain", 1_000), ("fan", 2_000)]);
        assert_eq!(now.compare(&accepted).complaints, expected);
    }

    #[test]
    fn five_in_a_hundred_are_tolerated_and_no_more() {
        check(&counts("rustc 1", &[("chain", 1_050), ("fan", 1)]), &[]);
        let slower = "chain takes 6.0 % more instructions than accepted";
        check(&counts("rustc 1", &[("chain", 1_060), ("fan", 2_000)]), &[slower]);
    }

    #[test]
    fn what_cannot_be_compared_is_told() {
        let all = [
            "accepted with rustc 1, but this is rustc 2",
            "grid was never accepted",
            "fan was accepted, but is not there",
        ];
        check(&counts("rustc 2", &[("chain", 1_000), ("grid", 1)]), &all);
    }

    #[test]
    fn all_figures_are_shown() {
        let now = counts("rustc 1", &[("chain", 990)]);
        let table = now.compare(&counts("rustc 1", &[("chain", 1_000)])).table;
        assert_eq!(table, "    chain                     990  accepted         1000  -1.00 %\n");
    }

    #[test]
    fn accepted_counts_are_read_back() {
        let some = counts("rustc 1.2.3 (abc 2024-01-01)", &[("chain", 1), ("fan", 22)]);
        assert_eq!(Counts::parse(&some.to_text()).unwrap(), some);
        assert!(Counts::parse("").is_err());
        assert!(Counts::parse("rustc\nchain").is_err());
        assert!(Counts::parse("rustc\nchain x").is_err());
    }

    #[test]
    fn the_total_is_found() {
        assert_eq!(total("version: 1\nfn=(1) a\n1 2\ntotals: 345\n"), Some(345));
        assert_eq!(total("totals: 0\n"), None);
        assert_eq!(total(""), None);
    }
}

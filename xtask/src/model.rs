//! What the workers of a run share, in every order there can be; and mistakes in it, each of which that must find.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::util::{cargo, execute, target, this_cargo};

/// A line of the executor, and how it would be wrong.
struct Mistake {
    what: &'static str,
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
}

const MISTAKES: &[Mistake] = &[
    Mistake {
        what: "a try that is woken while it is polled is not woken again",
        file: "hall.rs",
        right: "            self.schedule.wake(job); // it was rung during the poll\n",
        wrong: "",
    },
    Mistake {
        what: "a ring is laid aside although it was rung",
        file: "hall.rs",
        right: "state.compare_exchange(LISTENED_TO, ASIDE, Ordering::AcqRel, Ordering::Acquire).is_ok()",
        wrong: "state.swap(ASIDE, Ordering::AcqRel) <= RUNG",
    },
    Mistake {
        what: "a try forgets that a stop came while it was polled",
        file: "schedule.rs",
        right: "self.advance(job, State::Rung);",
        wrong: "",
    },
    Mistake {
        what: "a stop does not wake a try that is about to be pending",
        file: "schedule.rs",
        right: "            self.wake(job);\n        }\n    }",
        wrong: "            if self.state(job) == State::Pending { self.wake(job); }\n        }\n    }",
    },
    Mistake {
        what: "the schedule knows that a try is pending before it is in its slot",
        file: "flights.rs",
        right: "*self.slot(job) = Some(flight);\n        self.hall.lock().suspend(job, &ringer.ring, deadline);",
        wrong: "self.hall.lock().suspend(job, &ringer.ring, deadline);\n        *self.slot(job) = Some(flight);",
    },
    Mistake {
        what: "whoever lets the last waker go tells nobody",
        file: "hall.rs",
        right: "                inside.forsaken.insert(job);\n            }\n            is_pending && inside.schedule.wake(job)",
        wrong: "            }\n            false",
    },
    Mistake {
        what: "wakers of earlier phases count",
        file: "hall.rs",
        right: "inside.rings.get(job.index()) == Some(&self.number) && act(",
        wrong: "act(",
    },
    Mistake {
        what: "a waker calls no sleeper",
        file: "hall.rs",
        right: "            self.hall.call(&mut inside);\n",
        wrong: "",
    },
    Mistake {
        what: "a sleeper that was called is not told so",
        file: "hall.rs",
        right: "            inside.called += 1;\n",
        wrong: "",
    },
    Mistake {
        what: "who keeps the alarm is not called",
        file: "hall.rs",
        right: "            self.alarm.notify_one();\n        }\n        inside.has_keeper",
        wrong: "        }\n        inside.has_keeper",
    },
    Mistake {
        what: "who keeps the alarm sleeps through the end of the run",
        file: "hall.rs",
        right: "        self.alarm.notify_all();\n",
        wrong: "",
    },
];

/// Checks the executor as it is, and then with each of the mistakes.
pub(crate) fn run(root: &Path) -> Result<()> {
    let folder = target(root).join("model");
    cargo(root, &format!("test --manifest-path core/model/Cargo.toml --target-dir {}", folder.display()))?;
    let copy = target(root).join("model-mistakes");
    for mistake in MISTAKES {
        mistake.is_found(root, &copy, &folder).with_context(|| mistake.what)?;
    }
    Ok(())
}

impl Mistake {
    fn is_found(&self, root: &Path, copy: &Path, folder: &Path) -> Result<()> {
        println!("    planted: {}", self.what);
        copy_tree(&root.join("core/src"), &copy.join("core/src"))?;
        copy_tree(&root.join("core/model"), &copy.join("core/model"))?;
        let file = copy.join("core/src/exec").join(self.file);
        fs::write(&file, self.made(&fs::read_to_string(&file)?)?)?;
        let test = |last: &[&str]| {
            let mut test = Command::new(this_cargo());
            test.args(["test", "--quiet", "--offline", "--manifest-path"])
                .arg(copy.join("core/model/Cargo.toml"));
            test.arg("--target-dir").arg(folder).args(last);
            test
        };
        execute(root, test(&["--no-run"]))?; // or else what does not compile would pass for found
        let mut found = test(&["--", "wakers"]);
        let status = found.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        ensure!(!status.success(), "the checks do not find it");
        Ok(())
    }

    fn made(&self, text: &str) -> Result<String> {
        let count = text.matches(self.right).count();
        ensure!(count == 1, "{} has it {count} times, not once: {}", self.file, self.right);
        Ok(text.replacen(self.right, self.wrong, 1))
    }
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if !path.is_dir() {
            fs::copy(&path, &to)?;
        } else if entry.file_name() != "target" {
            copy_tree(&path, &to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_can_be_made() {
        let folder = crate::util::workspace_root().join("core/src/exec");
        for mistake in MISTAKES {
            let text = fs::read_to_string(folder.join(mistake.file)).unwrap();
            assert_ne!(mistake.made(&text).unwrap(), text, "{}", mistake.what);
        }
    }
}

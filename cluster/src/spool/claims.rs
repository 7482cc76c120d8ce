//! Units that pilots take for themselves: files whose names say all, and which are renamed.
//!
//! A file in `ready` is renamed to one in `held` by the pilot that takes the unit, and to one in `over` when it has ended.
//! A rename happens once, so a unit has one pilot.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::engine::Tag;

/// The units of one run, as far as pilots are concerned.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    run: PathBuf,
}

/// A unit that waits for a pilot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) tag: Tag,
    /// The only machine where it belongs.
    pub(crate) node: Option<String>,
}

/// A unit that a pilot has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) tag: Tag,
    /// What the engine calls its pilot.
    pub(crate) pilot: String,
    /// How long it may take.
    pub(crate) time: Option<Duration>,
}

/// How a unit of a pilot has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HowEnded {
    Code(i32),
    Signal(i32),
    /// It was ended, because its time was over.
    Overdue,
    /// It was ended, because it was asked for.
    Cancelled,
    /// Its program did not start.
    NotStarted,
}

const FOLDERS: [&str; 5] = ["ready", "held", "over", "cancel", "tmp"];

impl Claims {
    pub(crate) fn new(run: &Path) -> Self {
        Claims { run: run.to_owned() }
    }

    /// Makes its folders.
    pub(crate) fn create(&self) -> io::Result<()> {
        FOLDERS.iter().try_for_each(|folder| fs::create_dir_all(self.run.join(folder)))
    }

    /// Lets pilots take a unit: on that machine alone, if there is one, and for so long at most.
    pub(crate) fn offer(&self, open: &Open, time: Option<Duration>) -> io::Result<()> {
        let time = time.map_or(String::new(), |time| time.as_millis().to_string());
        let beside = self.run.join("tmp").join(format!("ready.{}", open.tag));
        fs::write(&beside, time)?; // whole before a pilot can take it, which then reads its limit
        fs::rename(beside, self.ready(open))
    }

    /// Takes an offer back. Returns whether no pilot was faster.
    pub(crate) fn withdraw(&self, open: &Open) -> bool {
        fs::remove_file(self.ready(open)).is_ok()
    }

    /// Takes a unit for a pilot, unless another one was faster.
    pub(crate) fn take(&self, open: &Open, pilot: &str) -> Option<Held> {
        let held = self.held(&open.tag, pilot);
        fs::rename(self.ready(open), &held).ok()?;
        let time = fs::read_to_string(&held).ok().and_then(|text| text.parse().ok());
        Some(Held { tag: open.tag.clone(), pilot: pilot.to_owned(), time: time.map(Duration::from_millis) })
    }

    /// A unit has ended.
    pub(crate) fn end(&self, held: &Held, how: HowEnded) -> io::Result<()> {
        let over = self.run.join("over").join(format!("{}.{how}", held.tag));
        fs::rename(self.held(&held.tag, &held.pilot), over)
    }

    /// Asks the pilot of the unit with that name to end it.
    pub(crate) fn ask_to_cancel(&self, name: &str) -> io::Result<()> {
        fs::write(self.run.join("cancel").join(name), "")
    }

    pub(crate) fn is_to_cancel(&self, tag: &Tag) -> bool {
        self.run.join("cancel").join(tag.to_string()).exists()
    }

    /// All that wait, in order.
    pub(crate) fn open(&self) -> Vec<Open> {
        let open = |name: &str| {
            let (tag, node) = match name.split_once('@') {
                Some((tag, node)) => (tag, Some(node.to_owned())),
                None => (name, None),
            };
            Some(Open { tag: self.tag(tag)?, node })
        };
        let mut all: Vec<Open> = self.names("ready").iter().filter_map(|name| open(name)).collect();
        all.sort_by(|one, other| one.tag.cmp(&other.tag));
        all
    }

    /// All that pilots have taken and not told the end of.
    pub(crate) fn all_held(&self) -> Vec<(Tag, String)> {
        self.tagged("held")
    }

    /// All that have ended.
    pub(crate) fn all_over(&self) -> Vec<(Tag, HowEnded)> {
        let over = |(tag, how): (Tag, String)| Some((tag, HowEnded::of(&how)?));
        self.tagged("over").into_iter().filter_map(over).collect()
    }

    /// The files of a folder whose names are a tag, and a word about it behind that.
    fn tagged(&self, folder: &str) -> Vec<(Tag, String)> {
        let split = |name: &String| {
            let (at, _) = name.match_indices('.').nth(1)?;
            Some((self.tag(&name[..at])?, name[at + 1..].to_owned()))
        };
        self.names(folder).iter().filter_map(split).collect()
    }

    fn ready(&self, open: &Open) -> PathBuf {
        let node = open.node.as_ref().map_or(String::new(), |node| format!("@{node}"));
        self.run.join("ready").join(format!("{}{node}", open.tag))
    }

    fn held(&self, tag: &Tag, pilot: &str) -> PathBuf {
        self.run.join("held").join(format!("{tag}.{pilot}"))
    }

    fn tag(&self, name: &str) -> Option<Tag> {
        Tag::of_order(&self.run.join("order").join(name))
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.run.join(folder)).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }
}

impl HowEnded {
    fn of(text: &str) -> Option<Self> {
        let (word, number) = text.split_at_checked(1)?;
        Some(match (word, number) {
            ("e", number) => HowEnded::Code(number.parse().ok()?),
            ("s", number) => HowEnded::Signal(number.parse().ok()?),
            ("t", "") => HowEnded::Overdue,
            ("c", "") => HowEnded::Cancelled,
            ("n", "") => HowEnded::NotStarted,
            _ => return None,
        })
    }
}

/// As it stands in the name of a file.
impl std::fmt::Display for HowEnded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HowEnded::Code(code) => write!(f, "e{code}"),
            HowEnded::Signal(signal) => write!(f, "s{signal}"),
            HowEnded::Overdue => f.write_str("t"),
            HowEnded::Cancelled => f.write_str("c"),
            HowEnded::NotStarted => f.write_str("n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_has_one_pilot() {
        let folder = tempfile::tempdir().unwrap();
        let claims = Claims::new(&folder.path().join("r-1"));
        claims.create().unwrap();
        let open = |index, node: Option<&str>| Open {
            tag: Tag { run: "r-1".to_owned(), batch: 0, index },
            node: node.map(str::to_owned),
        };
        let (first, second) = (open(0, None), open(10, Some("n1.site")));
        claims.offer(&second, None).unwrap();
        claims.offer(&first, Some(Duration::from_secs(2))).unwrap();
        assert_eq!(claims.open(), [first.clone(), second.clone()]);

        let held = claims.take(&first, "7_1").unwrap();
        assert_eq!((held.time, claims.take(&first, "8")), (Some(Duration::from_secs(2)), None));
        assert_eq!(claims.all_held(), [(first.tag.clone(), "7_1".to_owned())]);
        assert!(claims.withdraw(&second) && !claims.withdraw(&second) && !claims.withdraw(&first));
        claims.ask_to_cancel(&first.tag.to_string()).unwrap();
        assert!(claims.is_to_cancel(&first.tag) && !claims.is_to_cancel(&second.tag));
        claims.end(&held, HowEnded::Code(3)).unwrap();
        assert!(claims.end(&held, HowEnded::Code(0)).is_err() && claims.all_held().is_empty());
        assert_eq!(claims.all_over(), [(first.tag, HowEnded::Code(3))]);
    }

    #[test]
    fn ends_are_names_and_back() {
        use HowEnded::{Cancelled, Code, NotStarted, Overdue, Signal};
        for how in [Code(0), Code(127), Signal(9), Overdue, Cancelled, NotStarted] {
            assert_eq!(HowEnded::of(&how.to_string()), Some(how));
        }
        for other in ["", "e", "x", "t1", "é"] {
            assert_eq!(HowEnded::of(other), None, "{other}");
        }
    }
}

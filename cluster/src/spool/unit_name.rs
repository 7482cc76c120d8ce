//! The names of units.

use std::fmt;
use std::str::FromStr;

/// One try of a job, its cleanup, or a nest: what a record belongs to, however often it is submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct UnitName {
    /// The job, by its place in the graph; the first one of a nest.
    pub(crate) job: u32,
    pub(crate) attempt: u32,
    pub(crate) kind: UnitKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum UnitKind {
    Try,
    Nest,
    Cleanup,
}

impl UnitKind {
    fn suffix(self) -> &'static str {
        match self {
            UnitKind::Try => "",
            UnitKind::Nest => ".n",
            UnitKind::Cleanup => ".c",
        }
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}{}", self.job, self.attempt, self.kind.suffix())
    }
}

impl FromStr for UnitName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        let mut number = || parts.next().and_then(|part| part.parse().ok()).ok_or(());
        let (job, attempt) = (number()?, number()?);
        let kind = match (parts.next(), parts.next()) {
            (None, _) => UnitKind::Try,
            (Some("n"), None) => UnitKind::Nest,
            (Some("c"), None) => UnitKind::Cleanup,
            _ => return Err(()),
        };
        Ok(UnitName { job, attempt, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_back() {
        for kind in [UnitKind::Try, UnitKind::Nest, UnitKind::Cleanup] {
            let unit = UnitName { job: 7, attempt: 2, kind };
            assert_eq!(unit.to_string().parse(), Ok(unit));
        }
        for other in ["", "7", "7.", "7.x", "7.2.x", "7.2.c.c", "-1.2", "7.2.c.n"] {
            assert_eq!(other.parse::<UnitName>(), Err(()), "{other}");
        }
    }
}

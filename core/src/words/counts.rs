//! How many jobs there are of each status.

use std::fmt;

use super::Status;

/// How many jobs ended in which way.
///
/// It prints those that there are, in the order of [`Status::ALL`]; with `{:#}` behind the number of all of them.
///
/// ```
/// use dojobber_core::{Counts, Status};
///
/// let counts: Counts = [Status::Failed, Status::Changed, Status::Changed].into_iter().collect();
/// assert_eq!((counts.of(Status::Changed), counts.of(Status::Blocked), counts.total()), (2, 0, 3));
/// assert_eq!(counts.to_string(), "2 changed, 1 failed");
/// assert_eq!(format!("{counts:#}"), "3 jobs: 2 changed, 1 failed");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([usize; Status::ALL.len()]);

impl Counts {
    /// How many jobs ended so.
    pub fn of(&self, status: Status) -> usize {
        self.0[status as usize]
    }

    /// How many jobs there are in all.
    pub fn total(&self) -> usize {
        self.0.iter().sum()
    }

    /// Counts those of others, too.
    pub fn add(&mut self, others: &Counts) {
        self.0.iter_mut().zip(others.0).for_each(|(own, other)| *own += other);
    }

    /// Each status that at least one job has, with their number, in the order of [`Status::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Status, usize)> + use<> {
        Status::ALL.iter().copied().zip(self.0).filter(|(_, count)| *count > 0)
    }
}

impl FromIterator<Status> for Counts {
    fn from_iter<I: IntoIterator<Item = Status>>(statuses: I) -> Self {
        let mut counts = Counts::default();
        counts.extend(statuses);
        counts
    }
}

impl Extend<Status> for Counts {
    fn extend<I: IntoIterator<Item = Status>>(&mut self, statuses: I) {
        statuses.into_iter().for_each(|status| self.0[status as usize] += 1);
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if f.alternate() {
            let jobs = self.total();
            write!(f, "{jobs} {}", if jobs == 1 { "job" } else { "jobs" })?;
            separator = ": ";
        }
        for (status, count) in self.iter() {
            write!(f, "{separator}{count} {status}")?;
            separator = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(statuses: &[Status], short: &str, long: &str) {
        let counts: Counts = statuses.iter().copied().collect();
        assert_eq!((counts.to_string().as_str(), format!("{counts:#}").as_str()), (short, long));
        assert_eq!(counts.total(), statuses.len());
    }

    #[test]
    fn they_print_what_there_is() {
        check(&[], "", "0 jobs");
        check(&[Status::WouldRun], "1 would run", "1 job: 1 would run");
        check(
            &[Status::Failed, Status::Satisfied, Status::Failed],
            "1 satisfied, 2 failed",
            "3 jobs: 1 satisfied, 2 failed",
        );
        let each: Vec<String> = Status::ALL.iter().map(|status| format!("1 {status}")).collect();
        check(Status::ALL, &each.join(", "), &format!("{} jobs: {}", each.len(), each.join(", ")));
    }

    #[test]
    fn each_status_is_counted_for_itself() {
        for (at, &status) in Status::ALL.iter().enumerate() {
            let counts: Counts = std::iter::repeat_n(status, at + 1).collect();
            assert_eq!(counts.iter().collect::<Vec<_>>(), [(status, at + 1)]);
            for &other in Status::ALL {
                assert_eq!(counts.of(other), if other == status { at + 1 } else { 0 });
            }
        }
    }
}

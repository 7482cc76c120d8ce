//! Which option fits which job.

use std::fmt;

use crate::job::options::{JobOption, Need};
use crate::words::words;

words! {
    /// What a job is made of, as far as it decides which options it may have.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum JobForm {
        /// A check and a run.
        Job => "job",
        /// A struct with a check, a run and a cleanup of its own.
        Struct => "struct",
        /// A run alone.
        RunOnly => "run_only",
        /// A check alone.
        CheckOnly => "check_only",
        /// A name for what it depends on.
        Group => "group",
        /// The end of a graph inside of the graph.
        Nest => "nest",
    }
}

impl JobForm {
    fn has(self, need: Need) -> bool {
        match self {
            JobForm::Job | JobForm::Struct => true,
            JobForm::RunOnly => need != Need::CheckAndRun,
            JobForm::CheckOnly => matches!(need, Need::Tries | Need::Phases),
            JobForm::Group | JobForm::Nest => false,
        }
    }
}

/// An option that a job of its form cannot have. It prints what the job is and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit {
    option: JobOption,
    form: JobForm,
}

impl Unfit {
    /// Whether an option does not fit a form.
    pub(crate) fn of(option: JobOption, form: JobForm) -> Option<Unfit> {
        let has_its_own = (option, form) == (JobOption::Cleanup, JobForm::Struct);
        let as_a_whole = (option, form) == (JobOption::On, JobForm::Nest);
        let fits = (form.has(option.need().0) || as_a_whole) && !has_its_own;
        (!fits).then_some(Unfit { option, form })
    }

    /// The option.
    pub fn option(&self) -> JobOption {
        self.option
    }

    /// What the job is.
    pub fn form(&self) -> JobForm {
        self.form
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unfit { option, form } = self;
        let (need, lacks) = option.need();
        write!(f, "is a {form}, which ")?;
        match (form, need) {
            (JobForm::Struct, _) => write!(f, "has its own cleanup: write `fn cleanup` in its `impl Job`"),
            (JobForm::Nest, Need::Tries | Need::Phases) => {
                write!(f, "{lacks}: say `{option}` of the jobs inside{}", option.or_all())
            }
            _ => write!(f, "{lacks}: remove `{option}`"),
        }
    }
}

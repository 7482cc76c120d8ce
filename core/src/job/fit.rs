//! Which option fits which kind of job: one table for all of them.

use std::fmt;

/// Declares an enum with the list of its variants and a text for each.
macro_rules! listed {
    ($(#[$about:meta])* pub enum $Name:ident {
        $($(#[$meaning:meta])* $Variant:ident => $text:literal,)*
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $Name {
            $($(#[$meaning])* $Variant,)*
        }

        impl $Name {
            /// Each of them once, in the order of their declaration.
            pub const ALL: &'static [$Name] = &[$($Name::$Variant),*];
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $($Name::$Variant => $text,)* })
            }
        }
    };
}

listed! {
    /// What a job may say of itself that does not fit every job. It prints as it is written.
    pub enum JobOption {
        /// How many tries it may use.
        Tries => ".tries(..)",
        /// The least time between two of them.
        RetryDelay => ".retry_delay(..)",
        /// For how long it is tried again.
        RetryFor => ".retry_for(..)",
        /// Which errors are worth another try.
        RetryIf => ".retry_if(..)",
        /// Which errors of its check mean that the state could not be seen.
        UnknownIf => ".unknown_if(..)",
        /// How long each of its phases may take.
        Timeout => ".timeout(..)",
        /// The pools of which it takes slots.
        Uses => ".uses(..)",
        /// Its place among the jobs that may begin.
        Priority => ".priority(..)",
        /// What is called after all jobs have ended, for each try that executed the run.
        Cleanup => ".cleanup(..)",
        /// What says what its run would do.
        DescribeRun => ".describe_run(..)",
    }
}

listed! {
    /// What a job is made of, as far as it decides which options it may have.
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

/// What an option is about; a job that has nothing of the kind cannot have the option.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Tries of its own.
    Tries,
    /// Phases of its own.
    Phases,
    /// A check, and a run that it decides about.
    CheckAndRun,
    /// A run of its own.
    Run,
}

impl JobOption {
    /// What a job must have for this option, and what is to be said of one that has not.
    fn need(self) -> (Need, &'static str) {
        match self {
            JobOption::Tries | JobOption::RetryDelay | JobOption::RetryFor | JobOption::RetryIf => {
                (Need::Tries, "does nothing that could be tried again")
            }
            JobOption::Timeout | JobOption::Uses | JobOption::Priority => {
                (Need::Phases, "has nothing to execute")
            }
            JobOption::UnknownIf => (Need::CheckAndRun, "has no run that a check decides about"),
            JobOption::Cleanup => (Need::Run, "has no run to clean up after"),
            JobOption::DescribeRun => (Need::Run, "has no run to describe"),
        }
    }
}

impl JobOption {
    /// What else is to be said of one that all jobs of a graph may have.
    fn or_all(self) -> &'static str {
        match self {
            JobOption::Tries | JobOption::RetryDelay | JobOption::Timeout => {
                ", or of all with `.defaults(..)`"
            }
            _ => "",
        }
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
        let fits = form.has(option.need().0) && !has_its_own;
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

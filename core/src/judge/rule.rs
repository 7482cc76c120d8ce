//! All rules, by subject.

use std::fmt;

use crate::judge::cleanups::CleanupRule;
use crate::judge::limits::LimitRule;
use crate::judge::order::OrderRule;
use crate::judge::queues::QueueRule;
use crate::judge::run::RunRule;
use crate::judge::slots::SlotRule;
use crate::judge::stops::StopRule;
use crate::judge::tries::TryRule;
use crate::judge::workers::WorkerRule;

/// A rule that a trace breaks. It prints what is wrong, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// About the life of a run as a whole.
    Run(RunRule),
    /// About the tries of a job: phases, number, delays, and what they come to.
    Try(TryRule),
    /// About what depends on what.
    Order(OrderRule),
    /// About workers.
    Worker(WorkerRule),
    /// About the slots of pools.
    Slot(SlotRule),
    /// About which of several ready jobs begins first.
    Queue(QueueRule),
    /// About the numbers of runs, and the cleanups that follow from these.
    Cleanup(CleanupRule),
    /// About what may begin in a run that is stopped.
    Stop(StopRule),
    /// About the time that phases take, where all of them pay attention.
    Limit(LimitRule),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Run(rule) => rule.fmt(f),
            Rule::Try(rule) => rule.fmt(f),
            Rule::Order(rule) => rule.fmt(f),
            Rule::Worker(rule) => rule.fmt(f),
            Rule::Slot(rule) => rule.fmt(f),
            Rule::Queue(rule) => rule.fmt(f),
            Rule::Cleanup(rule) => rule.fmt(f),
            Rule::Stop(rule) => rule.fmt(f),
            Rule::Limit(rule) => rule.fmt(f),
        }
    }
}

macro_rules! from {
    ($($subject:ident: $rule:ident,)+) => {
        $(impl From<$rule> for Rule {
            fn from(rule: $rule) -> Self {
                Rule::$subject(rule)
            }
        })+
    };
}

from! {
    Run: RunRule,
    Try: TryRule,
    Order: OrderRule,
    Worker: WorkerRule,
    Slot: SlotRule,
    Queue: QueueRule,
    Cleanup: CleanupRule,
    Stop: StopRule,
    Limit: LimitRule,
}

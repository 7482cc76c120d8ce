//! Which units wait to be submitted, which are away, and what is known of them. No file, thread or engine is touched here.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Instant;

use dojobber::{Done, JobId, Portable};

use crate::engine::{End, State, Tag};
use crate::needs::Needs;
use crate::spool::{Order, UnitName};

/// A unit that is to be executed.
pub(crate) struct Unit {
    pub(crate) name: UnitName,
    pub(crate) needs: Needs,
    pub(crate) order: Order,
    /// Its jobs.
    pub(crate) ids: Vec<JobId>,
    pub(crate) done: Done,
    /// How the outputs of its jobs travel.
    pub(crate) portable: Vec<(JobId, Portable)>,
    /// How often it was lost because of a machine.
    pub(crate) losses: u32,
    /// A submission before has begun its run.
    pub(crate) ran: bool,
    /// The submission that has told how far it is.
    pub(crate) told_by: Option<Tag>,
}

/// A unit that was submitted.
pub(crate) struct Flying {
    pub(crate) unit: Unit,
    pub(crate) since: Instant,
    pub(crate) ticket: Option<String>,
    pub(crate) seen: Option<State>,
    /// Since when it is known to be over, although it has no record, and how it ended.
    pub(crate) over: Option<Over>,
    /// In how many surveys in a row it was missing.
    pub(crate) missing: u32,
    /// When its progress was read last.
    pub(crate) looked_at: Option<Instant>,
    /// Since when it waits and needs help.
    pub(crate) stuck_since: Option<Instant>,
}

/// How a unit ended of which no record is there.
#[derive(Debug, Clone)]
pub(crate) struct Over {
    pub(crate) since: Instant,
    pub(crate) why: String,
    pub(crate) end: End,
}

/// All units of a run that have not come back.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) queue: VecDeque<Unit>,
    /// By tag: what is looked at comes in a fixed order.
    pub(crate) flying: BTreeMap<Tag, Flying>,
    tags: HashMap<UnitName, Tag>,
    /// Units of an earlier coordinator of this run that its engine still has.
    pub(crate) orphans: HashMap<UnitName, Tag>,
    pub(crate) next_batch: u32,
}

impl Books {
    pub(crate) fn new(orphans: HashMap<UnitName, Tag>, next_batch: u32) -> Self {
        Books { orphans, next_batch, ..Books::default() }
    }

    /// Takes units that need the same from the queue, up to that many. The others keep their places.
    pub(crate) fn take_batch(&mut self, limit: usize) -> Vec<Unit> {
        let (mut batch, mut others) = (Vec::<Unit>::new(), Vec::new());
        while batch.len() < limit
            && let Some(unit) = self.queue.pop_front()
        {
            let is_alike = batch.first().is_none_or(|first| first.needs == unit.needs);
            if is_alike { batch.push(unit) } else { others.push(unit) }
        }
        others.into_iter().rev().for_each(|unit| self.queue.push_front(unit));
        batch
    }

    pub(crate) fn fly(&mut self, tag: Tag, unit: Unit) {
        self.tags.insert(unit.name, tag.clone());
        let flying = Flying {
            unit,
            since: Instant::now(),
            ticket: None,
            seen: None,
            over: None,
            missing: 0,
            looked_at: None,
            stuck_since: None,
        };
        self.flying.insert(tag, flying);
    }

    pub(crate) fn tag_of(&self, unit: UnitName) -> Option<&Tag> {
        self.tags.get(&unit)
    }

    pub(crate) fn land(&mut self, tag: &Tag) -> Option<Flying> {
        let flying = self.flying.remove(tag)?;
        self.tags.remove(&flying.unit.name);
        Some(flying)
    }

    /// A unit that waits for its next submission, because an earlier one was lost.
    pub(crate) fn take_queued(&mut self, unit: UnitName) -> Option<Unit> {
        let at = self.queue.iter().position(|queued| queued.name == unit)?;
        self.queue.remove(at)
    }
}

impl Unit {
    /// Whether another submission than this one has told how far it is.
    pub(crate) fn is_another(&self, tag: &str) -> bool {
        self.told_by.as_ref().is_some_and(|told_by| told_by.to_string() != tag)
    }
}

impl Flying {
    /// It has ended, as far as is known, and no record was there. That a machine, a limit or a person has ended it says more
    /// than how its program did.
    pub(crate) fn note_over(&mut self, why: impl Into<String>, end: End) {
        let since = self.over.as_ref().map_or_else(Instant::now, |over| over.since);
        if self.over.as_ref().is_none_or(|over| over.end == End::Program && end != End::Program) {
            self.over = Some(Over { since, why: why.into(), end });
        }
    }
}

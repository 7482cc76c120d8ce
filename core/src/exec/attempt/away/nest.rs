//! A nest that is away: how each of its jobs has ended.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use crate::cancel::StopLevel;
use crate::clock::{Stamp, nanos};
use crate::elsewhere::{JobDone, Lost, PhaseDone, UnitDone};
use crate::error::Reported;
use crate::exec::attempt::away::seen::{NOWHERE, Seen};
use crate::exec::attempt::mend::whole_try;
use crate::exec::attempt::worker::Worker;
use crate::exec::tries::Try;
use crate::graph::JobId;
use crate::report::Head;
use crate::words::{Kind, Phase, Status};

/// A nest that has come home.
struct Home {
    node: String,
    /// When it began, by the run's clock.
    origin: u64,
    /// What is said of jobs that it does not tell of.
    why: String,
    /// Its workers, as lanes of this run.
    lanes: BTreeMap<u16, Seen>,
    ends: HashMap<JobId, Status>,
    /// When each of them ended, by the run's clock.
    ended_at: HashMap<JobId, u64>,
}

impl<'r, 'env, A> Worker<'r, 'env, A> {
    /// The report of a nest has come, or why there is none. How its jobs have ended, in the given order.
    pub(super) fn finish_nest(
        &mut self,
        order: Vec<JobId>,
        sent_at: u64,
        done: UnitDone,
    ) -> Vec<(JobId, Head)> {
        let UnitDone { node, jobs, lost, said, .. } = done;
        let node = if node.is_empty() { NOWHERE.to_owned() } else { node };
        let total = jobs.iter().flat_map(|job| &job.phases).map(|phase| phase.start + phase.length).max();
        let origin = self.ledger.now().saturating_sub(nanos(total.unwrap_or_default())).max(sent_at);
        let why = lost.map_or_else(|| "its unit has told nothing of it".to_owned(), |Lost { why, .. }| why);
        let mut home = Home {
            node,
            origin,
            why,
            lanes: BTreeMap::new(),
            ends: HashMap::new(),
            ended_at: HashMap::new(),
        };
        let mut told: HashMap<JobId, JobDone> = jobs.into_iter().map(|job| (job.job, job)).collect();
        let is_stopped = self.live.level() > StopLevel::None;
        let mut ends = Vec::new();
        for job in order {
            let done = told.remove(&job).filter(|done| is_stopped || done.status != Status::Cancelled);
            let head = self.end_inner(job, done, &mut home);
            let status = head.status().expect("a job that has ended has a status");
            home.ends.insert(job, status);
            ends.push((job, head));
        }
        said.iter().for_each(|said| _ = self.hear_there(said, 1, origin, 0));
        home.lanes.into_iter().for_each(|(_, seen)| self.leave_lane(seen));
        self.look_at_the_clock();
        ends
    }

    /// One job of a nest: told with all its phases, after those that it depends on.
    fn end_inner(&mut self, job: JobId, done: Option<JobDone>, home: &mut Home) -> Head {
        let mut attempt = Try::first(job);
        let kind = self.enter(&attempt).kind();
        let graph = self.live.plan.graph();
        let after = graph.after(job);
        let is_open = |on: &&JobId| home.ends.get(on).is_some_and(|status| !status.is_done());
        let because = after.iter().find(is_open).copied();
        let JobDone { status, phases, output, .. } =
            done.unwrap_or_else(|| self.lost_inner(job, kind, because, &home.why));
        let (cleanups, tries): (Vec<_>, Vec<_>) =
            phases.into_iter().partition(|done| done.phase == Phase::Cleanup);
        let begin = after.iter().filter_map(|on| home.ended_at.get(on)).copied().max().unwrap_or(home.origin);
        self.ledger.look_back(Stamp(begin));
        self.record_inner(&mut attempt, &tries, home);
        home.ended_at.insert(job, self.ledger.stamp().0);
        self.live.world.outputs.set(job, output.map(|output| output.0));
        if let Some(error) = tries.last().and_then(|last| last.error.as_ref()).filter(|_| !status.is_done()) {
            self.leftovers.errors.push((job, Reported::of(error)));
        }
        self.ledger.tell_job_ended(job, status, because.filter(|_| status == Status::Blocked));
        if status == Status::Failed {
            self.live.bounds.iter().for_each(|bounds| bounds.count_failure());
        }
        self.record_inner(&mut attempt, &cleanups, home);
        attempt.head.ended(status)
    }

    /// What becomes of a job that its unit has told nothing of.
    fn lost_inner(&self, job: JobId, kind: Kind, because: Option<JobId>, why: &str) -> JobDone {
        let is_stopped = self.live.level() >= StopLevel::Cancel;
        let status = match (because, kind) {
            _ if is_stopped => Status::Cancelled,
            (Some(_), _) => Status::Blocked,
            (None, Kind::Group) => Status::Satisfied,
            (None, _) => Status::Failed,
        };
        let lost = Lost::finally(why);
        let phases = (status == Status::Failed).then(|| whole_try(kind, 1, Vec::new(), false, Some(&lost)));
        JobDone { job, status, phases: phases.unwrap_or_default(), output: None }
    }

    fn record_inner(&mut self, attempt: &mut Try, phases: &[PhaseDone], home: &mut Home) {
        for (at, done) in phases.iter().enumerate() {
            let Home { node, origin, lanes, .. } = home;
            let seen = match lanes.entry(done.worker) {
                Entry::Occupied(seen) => seen.into_mut(),
                Entry::Vacant(place) => {
                    let Some(lane) = self.placement().take_lane(node, *origin) else { return };
                    place.insert(Seen::new(lane, *origin))
                }
            };
            seen.phases.clear();
            seen.last = *origin; // jobs come in order, and not by time
            attempt.attempt = done.attempt;
            self.record_phases(attempt, seen, std::slice::from_ref(done));
            if let Some(next) = phases.get(at + 1).filter(|next| next.attempt > done.attempt) {
                let due = seen.at(next.start, self.ledger.now());
                self.ledger.tell_retry(attempt, due, 0, self.allowed_tries());
            }
        }
    }
}

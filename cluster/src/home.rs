//! What a record is to the run that it comes home to.

use std::time::Duration;

use dojobber::{JobDone, JobId, Lost, Phase, Portable, UnitDone};

use crate::spool::{Record, RecordedJob, RecordedLost, RecordedPhase, RunFolder, Value, open};

/// What a unit has come to, by its record.
pub(crate) fn unit_done(
    record: Record,
    portable: &[(JobId, Portable)],
    ids: &[JobId],
    folder: &RunFolder,
    ran: bool,
) -> UnitDone {
    let Record { node, jobs, lost, said, pause_ns, .. } = record;
    let mut lost = lost.map(RecordedLost::lost);
    let has_run = jobs.iter().flat_map(|job| &job.phases).any(|phase| phase.phase == Phase::Run);
    let mut done = Vec::with_capacity(jobs.len());
    for RecordedJob { job, status, phases, output } in jobs {
        let Some(id) = known(job, ids) else {
            continue;
        };
        let output = match output.map(|value| read(&value, id, portable, folder)).transpose() {
            Ok(output) => output.flatten(),
            Err(why) => {
                lost.get_or_insert(Lost::finally(format!("what it has returned cannot be read: {why}")));
                None
            }
        };
        let phases = phases.into_iter().map(RecordedPhase::done).collect();
        done.push(JobDone { job: id, status, phases, output });
    }
    let said = said.into_iter().filter_map(|said| Some((known(said.job, ids)?, said)));
    let said = said.map(|(id, said)| said.told(id)).collect();
    let (ran_before, pause) = (ran && !has_run, Duration::from_nanos(pause_ns));
    UnitDone { node, jobs: done, lost, ran_before, is_another: false, said, pause }
}

/// A job of a unit, by its place in the graph.
fn known(job: u32, ids: &[JobId]) -> Option<JobId> {
    ids.iter().copied().find(|id| id.index() == job as usize)
}

fn read(
    value: &Value,
    job: JobId,
    portable: &[(JobId, Portable)],
    folder: &RunFolder,
) -> Result<Option<dojobber::Carried>, String> {
    let Some((_, portable)) = portable.iter().find(|(other, _)| *other == job) else {
        return Ok(None);
    };
    open(*portable, &folder.text_of(value)?).map(Some)
}

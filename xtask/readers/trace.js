// Reads a trace as others do: by TracerBench's model of Chrome's traces.
//
// trace.js TRACE REPORT: the report is that of the same run, by which the events are judged.
const assert = require('assert');
const fs = require('fs');
const { buildModel } = require('@tracerbench/trace-model');

const [trace, report] = process.argv.slice(2).map((path) => JSON.parse(fs.readFileSync(path)));
const [program] = buildModel(trace.traceEvents).processes.filter((one) => one.name);
assert.strictEqual(program.name, trace.otherData.program);

const phases = report.jobs.flatMap((job) => job.phases.map((phase) => ({ job: job.name, ...phase })));
const bars = program.threads.flatMap((thread) => thread.events).filter((event) => event.ph === 'X');
const begun = program.events.filter((event) => event.ph === 'b' && event.traceEvent.cat !== 'delay');
assert.strictEqual(bars.length + begun.length, phases.length, 'each phase is a bar');
for (const bar of bars) {
  const isIt = (phase) => phase.job === bar.name && phase.phase === bar.traceEvent.cat
    && phase.start_ns / 1000 === bar.start && phase.length_ns / 1000 === bar.traceEvent.dur;
  assert(phases.some(isIt), `${bar.name} has no such ${bar.traceEvent.cat}`);
}
const workers = program.threads.filter((thread) => (thread.name || '').startsWith('worker '));
assert.strictEqual(workers.length, 1 + Math.max(-1, ...phases.map((phase) => phase.worker)));

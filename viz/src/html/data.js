// What the page knows, and small helpers.

const data = JSON.parse(document.getElementById("data").textContent);
const { jobs, nests, nodes, edges, texts } = data;
const byId = (id) => document.getElementById(id);

// An element with text in it; text is never read as HTML.
function element(tag, text, properties) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  return Object.assign(made, properties);
}

function svgElement(tag, attributes, text) {
  const made = document.createElementNS("http:" + "//www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// A length of time in nanoseconds as people say it.
function duration(ns) {
  if (ns < 1e3) return ns + " ns";
  if (ns < 1e6) return Math.floor(ns / 1e3) + " µs";
  if (ns < 1e9) return Math.floor(ns / 1e6) + " ms";
  const seconds = Math.floor(ns / 1e9);
  if (seconds < 60) return (Math.floor(ns / 1e7) / 100).toFixed(2) + " s";
  if (seconds < 3600) return Math.floor(seconds / 60) + " min " + (seconds % 60) + " s";
  return Math.floor(seconds / 3600) + " h " + (Math.floor(seconds / 60) % 60) + " min";
}

// The tries of a job: phases that belong together, cleanups aside.
function triesOf(job) {
  const tries = [];
  for (const phase of job.phases) {
    if (phase.phase === "cleanup") continue;
    const last = tries[tries.length - 1];
    if (last && last[0].try === phase.try) last.push(phase);
    else tries.push([phase]);
  }
  return tries;
}

// A try has failed if the phase that ended it has. In a dry run, a check that fails only says what is to be done.
function hasFailed(job, phases) {
  return phases[phases.length - 1].error !== undefined && job.status !== "would run";
}

// How long a job took: all of it, and how much of that was waiting for its next try.
const took = jobs.map((job) => {
  const phases = job.phases.filter((phase) => phase.phase !== "cleanup");
  if (!phases.length) return { all: 0, waiting: 0 };
  const all = phases[phases.length - 1].end - phases[0].start;
  const busy = phases.reduce((sum, phase) => sum + phase.end - phase.start, 0);
  return { all, waiting: Math.max(0, all - busy) };
});
const critical = new Set(data.critical || []);
nodes.forEach((node) => { if (node.name === undefined) node.name = jobs[node.job].name; });
const nodeOfJob = new Map();
nodes.forEach((node, index) => { if (node.job !== undefined) nodeOfJob.set(node.job, index); });

// What each job depends on, and what depends on it: as numbers of jobs, and behind these of nests, since what a nest is
// after holds back everything inside.
const start = (nest) => jobs.length + nest;
const below = jobs.map((job) => job.after.concat(job.nest === undefined ? [] : [start(job.nest)]));
nests.forEach((nest) => below.push((nest.after || []).concat(nest.parent === undefined ? [] : [start(nest.parent)])));
const above = below.map(() => []);
below.forEach((list, from) => list.forEach((on) => above[on].push(from)));

// All jobs that can be reached from some, these included; as a byte for each.
function reach(from, next) {
  const seen = new Uint8Array(below.length);
  const open = [...from];
  for (const job of open) seen[job] = 1;
  while (open.length) {
    for (const on of next[open.pop()]) {
      if (!seen[on]) {
        seen[on] = 1;
        open.push(on);
      }
    }
  }
  return seen;
}

// The jobs directly before or behind one; what a nest waits for counts for what is inside.
function direct(job, next) {
  const found = new Set();
  const open = [...next[job]];
  while (open.length) {
    const on = open.pop();
    if (on < jobs.length) found.add(on);
    else open.push(...next[on]);
  }
  return [...found].sort((a, b) => a - b);
}

// without a run there is no timeline, and more room for the drawing
const hasRun = jobs.some((job) => job.phases.length);
byId("times").hidden = !hasRun;

const statusOf = (name) => data.statuses.find((status) => status.name === name);
// Whether a job that ended so is not done, for another reason than one above it.
const isTrouble = (name) => name !== undefined && statusOf(name).severity > statusOf("blocked").severity;
const statusOfNode = (node) => node.worst || (node.job === undefined ? undefined : jobs[node.job].status);

// A badge in the colour of a status, with its mark.
function badge(tag, status, text) {
  const made = element(tag, undefined, { className: "chip " + status.class });
  const svg = svgElement("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" });
  const paint = status.filled ? { fill: "currentColor" } : { fill: "none", stroke: "currentColor", "stroke-width": 2 };
  svg.append(svgElement("path", { d: status.mark, ...paint }));
  made.append(svg, text);
  return made;
}

// Called when another job, or another nest, is chosen.
const listeners = [];
let chosen;
function choose(node) {
  chosen = node;
  listeners.forEach((listener) => listener(node));
}


// What the page knows, and small helpers.

const data = JSON.parse(document.getElementById("data").textContent);
const { jobs, nodes, edges } = data;
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

const busy = jobs.map((job) => job.phases.reduce((sum, phase) => sum + phase.end - phase.start, 0));
const critical = new Set(data.critical || []);
const nodeOfJob = new Map();
nodes.forEach((node, index) => { if (node.job !== undefined) nodeOfJob.set(node.job, index); });

const before = jobs.map(() => []);
jobs.forEach((job, index) => job.after.forEach((on) => before[on].push(index)));

// without a run there is no timeline, and more room for the drawing
const hasRun = jobs.some((job) => job.phases.length);
byId("times").hidden = !hasRun;

const statusOf = (name) => data.statuses.find((status) => status.name === name);

// A badge in the colour of a status, with its mark.
function badge(tag, status, text) {
  const made = element(tag, undefined, { className: "chip " + status.class });
  const svg = svgElement("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" });
  const paint = status.filled ? { fill: "currentColor" } : { fill: "none", stroke: "currentColor", "stroke-width": 2 };
  svg.append(svgElement("path", { d: status.mark, ...paint }));
  made.append(svg, text);
  return made;
}

// Whoever wants to know that another job was chosen.
const listeners = [];
let chosen;
function choose(job) {
  chosen = job;
  listeners.forEach((listener) => listener(job));
}


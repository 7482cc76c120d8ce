// What is known of the chosen job.

const details = byId("details");
const MOST_LINKS = 60;

// The jobs that failed, or would run, above a blocked one.
function rootCauses(start) {
  const causes = [];
  const seen = new Set([start]);
  const open = [start];
  while (open.length) {
    const job = open.pop();
    if (job !== start && ["failed", "would run"].includes(jobs[job].status)) causes.push(job);
    if (jobs[job].status !== "blocked") continue;
    for (const on of jobs[job].after) {
      if (!seen.has(on)) {
        seen.add(on);
        open.push(on);
      }
    }
  }
  return causes.sort((a, b) => a - b);
}

function links(title, list, id) {
  if (!list.length) return [];
  const box = element("div", undefined, { className: "links", id });
  for (const job of list.slice(0, MOST_LINKS)) {
    const link = element("button", jobs[job].name, { type: "button" });
    link.addEventListener("click", () => {
      choose(job);
      if (nodeOfJob.has(job)) center(nodeOfJob.get(job));
    });
    box.append(link);
  }
  if (list.length > MOST_LINKS) box.append(element("span", `and ${list.length - MOST_LINKS} more`));
  return [element("h3", title), box];
}

const KINDS = { Job: "check, run, recheck", RunOnly: "runs every time", CheckOnly: "only a check", Group: "a group" };

function phaseTable(job) {
  const table = element("table", undefined, { id: "phases" });
  const head = element("tr");
  for (const title of ["try", "phase", "worker", "start", "time", ""]) head.append(element("th", title));
  table.append(head);
  for (const phase of job.phases) {
    const row = element("tr", undefined, { className: phase.error === undefined ? "" : "bad" });
    const cells = [phase.try, phase.phase, phase.worker, duration(phase.start), duration(phase.end - phase.start)];
    for (const cell of cells) row.append(element("td", String(cell)));
    row.append(element("td", phase.error === undefined ? "passed" : "failed", { title: phase.error || "" }));
    table.append(row);
  }
  return table;
}

function describe(index) {
  const job = jobs[index];
  const status = statusOf(job.status);
  const parts = [element("h2", job.name)];
  const line = element("p");
  if (status) line.append(badge("span", status, status.name));
  const facts = [KINDS[job.kind]];
  if (job.tries) facts.push(job.tries === 1 ? "1 try" : `${job.tries} tries`);
  if (job.phases.length) facts.push(duration(busy[index]));
  if (critical.has(index)) facts.push("on the critical path");
  line.append(" " + facts.filter(Boolean).join(", "));
  parts.push(line);
  if (job.description) parts.push(element("p", job.description));
  if (job.status === "blocked") parts.push(...links("Blocked because of", rootCauses(index), "causes"));
  if (job.error) parts.push(element("h3", "Error"), element("pre", job.error, { id: "error" }));
  // a run may fail and the job be done all the same
  for (const phase of job.phases) {
    if (phase.error && phase.error !== job.error && phase.phase !== "check") {
      parts.push(element("h3", `Error of ${phase.phase}, try ${phase.try}`), element("pre", phase.error));
    }
  }
  if (job.phases.length) parts.push(element("h3", "Phases"), phaseTable(job));
  parts.push(...links("Depends on", job.after, "depends"), ...links("Blocks", before[index], "blocks"));
  return parts;
}

function overview() {
  const hint = element("p", "Choose a job to see what happened to it. Hover to see what it depends on and what it blocks.");
  const failed = [...jobs.keys()].filter((job) => jobs[job].status === "failed");
  return [hint, ...links("Failed", failed, "failures")];
}

listeners.push((job) => {
  details.replaceChildren(...(job === undefined ? overview() : describe(job)));
  details.scrollTop = 0;
});
details.replaceChildren(...overview());


// What is known of the chosen job, or of the chosen nest.

const details = byId("details");
// The first of a long list are enough: no more than can be looked over at once.
const MOST_LINKS = 30;

// The jobs that failed, were cancelled, or would run, above one that did not begin.
function rootCauses(from) {
  const causes = [];
  const seen = new Set([from]);
  const open = [from];
  while (open.length) {
    const job = open.pop();
    const status = job < jobs.length ? jobs[job].status : "blocked";
    if (job !== from && isTrouble(status)) causes.push(job);
    if (!["blocked", "cancelled"].includes(status)) continue;
    for (const on of below[job]) {
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
  const box = element("div", undefined, { className: "links", id: id || "" });
  for (const job of list.slice(0, MOST_LINKS)) {
    const link = element("button", jobs[job].name, { type: "button" });
    link.addEventListener("click", () => goTo(nodeOfJob.get(job)));
    box.append(link);
  }
  if (list.length > MOST_LINKS) box.append(element("span", `and ${list.length - MOST_LINKS} more`));
  return [element("h3", title), box];
}

const KINDS = { Job: "check, run, recheck", RunOnly: "runs every time", CheckOnly: "only a check", Group: "a group" };

function phaseTable(job) {
  const table = element("table", undefined, { id: "phases" });
  const head = element("tr");
  for (const title of ["try", "phase", "worker", "start", "time", ""]) head.append(element("th", title, { scope: "col" }));
  table.append(head);
  let last = 0;
  for (const phase of job.phases) {
    if (phase.try > last + 1) {
      const row = element("tr");
      row.append(element("td", `${phase.try - last - 1} tries are not listed`, { colSpan: 6 }));
      table.append(row);
    }
    last = phase.try;
    const row = element("tr", undefined, { className: phase.error === undefined ? "" : "bad" });
    const cells = [phase.try, phase.phase, phase.node === undefined ? phase.worker : `${phase.worker} on ${phase.node}`, duration(phase.start), duration(phase.end - phase.start)];
    for (const cell of cells) row.append(element("td", String(cell)));
    row.append(element("td", phase.error === undefined ? "passed" : "failed", { title: phase.error === undefined ? "" : texts[phase.error] }));
    table.append(row);
  }
  return table;
}

// What the job has said, with the time since the run began.
function logTable(job) {
  const table = element("table", undefined, { id: "log" });
  if (job.logLeftOut) {
    const row = element("tr");
    row.append(element("td", `${job.logLeftOut} earlier lines are not kept`, { colSpan: 3 }));
    table.append(row);
  }
  for (const line of job.log) {
    const row = element("tr");
    row.append(element("td", duration(line.at)), element("td", line.phase), element("td", texts[line.text], { className: "text" }));
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
  const { all, waiting } = took[index];
  if (job.phases.length) facts.push(duration(all) + (waiting > all / 100 ? `, of which ${duration(waiting)} waiting` : ""));
  if (critical.has(index)) facts.push("on the critical path");
  line.append(" " + facts.filter(Boolean).join(", "));
  parts.push(line);
  if (job.behind) parts.push(element("p", "It stands behind a job that would run: what is known of it may be another after that run.", { id: "behind" }));
  if (job.description) parts.push(element("p", job.description));
  if (job.run !== undefined) parts.push(element("h3", job.status === "would run" ? "What its run would do" : "What its run does"), element("pre", texts[job.run], { id: "run" }));
  if (job.status === "blocked" || job.status === "cancelled") parts.push(...links("Because of", rootCauses(index), "causes"));
  if (job.error !== undefined) parts.push(element("h3", "Error"), element("pre", texts[job.error], { id: "error" }));
  // a run may fail and the job be done all the same; equal errors are told once
  const told = new Set([job.error]);
  for (const phase of job.phases) {
    if (phase.error !== undefined && !told.has(phase.error) && phase.phase !== "check") {
      told.add(phase.error);
      parts.push(element("h3", `Error of ${phase.phase}, try ${phase.try}`), element("pre", texts[phase.error]));
    }
  }
  if (job.log) parts.push(element("h3", "Log"), logTable(job));
  if (job.phases.length) parts.push(element("h3", "Phases"), phaseTable(job));
  parts.push(...links("Depends on", direct(index, below), "depends"), ...links("Blocks", direct(index, above), "blocks"));
  return parts;
}

function describeNest(node) {
  const inside = jobsIn(node).filter((job) => job !== nodes[node].job);
  const parts = [element("h2", nodes[node].name)];
  const line = element("p", undefined, { id: "nest" });
  const status = statusOf(statusOfNode(nodes[node]));
  if (status) line.append(badge("span", status, status.name));
  line.append(` a nest of ${nodes[node].inside} jobs${nodes[node].says ? ": " + nodes[node].says : ""} (${isOpen(node) ? "open" : "closed"})`);
  parts.push(line);
  const failed = inside.filter((job) => isTrouble(jobs[job].status));
  parts.push(...links("Did not go well", failed, "failures"), ...links("Inside", inside, "inside"));
  if (nodes[node].job !== undefined) {
    const { job } = nodes[node];
    const isInside = new Set(inside);
    parts.push(...links("Depends on", [...new Set(inside.concat(job).flatMap((one) => direct(one, below)))].filter((on) => !isInside.has(on) && on !== job), "depends"));
    parts.push(...links("Blocks", direct(job, above), "blocks"));
  }
  return parts;
}

function overview() {
  const hint = element("p", "Choose a job to see what happened to it. Hover to see what it depends on and what it blocks." + (hasNests ? " A click opens and closes a nest." : ""));
  const failed = [...jobs.keys()].filter((job) => jobs[job].status === "failed");
  return [hint, ...links("Failed", failed, "failures"), ...links("Critical path", data.critical || [], "path")];
}

function explain(node) {
  if (node === undefined) return overview();
  return isNest(node) ? describeNest(node) : describe(nodes[node].job);
}

listeners.push((node) => {
  details.replaceChildren(...explain(node));
  details.scrollTop = 0;
});
details.replaceChildren(...overview());


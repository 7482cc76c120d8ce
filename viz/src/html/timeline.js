// When what happened, by worker; and which jobs took longest.

if (hasRun) {
  const LANE = 20;
  const AXIS = 18;
  const LEFT = 78;
  const MOST_WAITING = 8;
  const MOST_TOGETHER = 12;
  const host = byId("timeline");
  const span = Math.max(data.elapsed, 1);
  const shown = { from: 0, to: span };

  // ---- what there is to draw ----

  // a try that waits for something outside holds no worker: where phases of one worker overlap, they have lanes of their own
  const bars = [];
  const waits = [];
  jobs.forEach((job, index) => {
    const tries = triesOf(job);
    tries.forEach((phases, number) => {
      const failed = hasFailed(job, phases);
      for (const phase of phases) bars.push({ job: index, phase, failed });
      const next = tries[number + 1];
      if (next) waits.push({ job: index, start: phases[phases.length - 1].end, end: next[0].start, number: number + 1 });
    });
    for (const phase of job.phases) {
      if (phase.phase === "cleanup") bars.push({ job: index, phase, failed: phase.error !== undefined });
    }
  });
  bars.sort((a, b) => a.phase.start - b.phase.start);
  // the first lane that is free at that time; the last one may hold what has no other place
  function take(free, most, from, to) {
    let lane = free.findIndex((end) => end <= from);
    if (lane < 0) lane = free.length < most ? free.push(0) - 1 : most - 1;
    free[lane] = Math.max(free[lane], to);
    return lane;
  }
  const workers = [...new Set(bars.map((bar) => bar.phase.worker))].sort((a, b) => a - b);
  const laneOfWorker = new Map(workers.map((worker, lane) => [worker, lane + 1]));
  // a worker that ended another phase meanwhile was not held by this one: so all that did hold it, in the order of their ends, find
  // it free
  const busyUntil = new Map();
  const byEnd = [...bars].sort((a, b) => a.phase.end - b.phase.end || b.phase.start - a.phase.start);
  for (const item of byEnd) {
    const { worker, start, end } = item.phase;
    if (start < (busyUntil.get(worker) || 0)) continue;
    if (start < end) busyUntil.set(worker, end);
    item.lane = laneOfWorker.get(worker);
  }
  const together = [];
  for (const item of bars) {
    if (item.lane === undefined) item.lane = 1 + workers.length + take(together, MOST_TOGETHER, item.phase.start, item.phase.end);
  }
  const free = [];
  waits.sort((a, b) => a.start - b.start);
  for (const wait of waits) wait.lane = 1 + workers.length + together.length + take(free, MOST_WAITING, wait.start, wait.end);
  const nodeOfWorker = new Map(bars.map((bar) => [bar.phase.worker, bar.phase.node]));
  const lanes = ["critical", ...workers.map((worker) => nodeOfWorker.get(worker) || `worker ${worker}`), ...together.map((_, lane) => (lane ? "" : "async")),
    ...free.map((_, lane) => (lane ? "" : "waiting"))];
  const path = (data.critical || []).map((job) => {
    const phases = jobs[job].phases.filter((phase) => phase.phase !== "cleanup");
    return { job, start: phases.length ? phases[0].start : 0, end: phases.length ? phases[phases.length - 1].end : 0 };
  });
  byId("critical").textContent =
    `critical path: ${duration(data.criticalLength)} of ${duration(data.elapsed)}, ${path.length} ${path.length === 1 ? "job" : "jobs"}`;

  // ---- drawing it ----

  const svg = svgElement("svg", { height: AXIS + LANE * lanes.length });
  const pattern = svgElement("pattern", { id: "hatched", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(svgElement("line", { x1: 0, y1: 0, x2: 0, y2: 6, stroke: "#98a2ab", "stroke-width": 2 }));
  const definitions = svgElement("defs", {});
  definitions.append(pattern);
  host.append(svg);

  const drawn = new Map();
  function bar(item, start, end, lane, name, title, x, right) {
    const [left, stop] = [Math.max(x(start), LEFT), Math.min(x(end), right)];
    if (stop < LEFT || left > right) return [];
    const width = Math.max(stop - left, 1);
    // of bars that share a pixel the first is enough, unless one has failed
    if (stop <= (drawn.get(lane) || 0) && !item.failed) return [];
    drawn.set(lane, Math.floor(left + width));
    const classes = ["bar", name];
    if (critical.has(item.job) && name !== "path") classes.push("critical");
    if (nodeOfJob.get(item.job) === chosen) classes.push("chosen");
    const y = AXIS + LANE * lane + 3;
    const rect = svgElement("rect", { class: classes.join(" "), x: left, y, width, height: LANE - 6, "data-job": item.job });
    rect.append(svgElement("title", {}, title));
    const label = jobs[item.job].name;
    if (width < 7 * Math.min(label.length, 12)) return [rect];
    return [rect, svgElement("text", { class: "on-" + name, x: left + 3, y: y + 11 }, label.slice(0, Math.floor(width / 7)))];
  }

  // A moment in the unit that its axis has, with as many decimals as its steps need.
  function moment(time, step) {
    if (step >= 6e10) return duration(Math.round(time));
    const [unit, name] = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]].find(([unit]) => step >= unit / 10 && time >= unit) || [1, "ns"];
    const decimals = step % unit === 0 ? 0 : Math.min(3, Math.ceil(-Math.log10(step / unit)));
    return `${(time / unit).toFixed(decimals)} ${name}`;
  }

  function axis(x, width) {
    const rough = (shown.to - shown.from) / Math.max(2, (width - LEFT) / 110);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = Math.max(1, power * [1, 2, 5, 10].find((factor) => power * factor >= rough));
    const parts = [];
    for (let time = Math.ceil(shown.from / step) * step; time <= shown.to; time += step) {
      parts.push(svgElement("line", { class: "axis", x1: x(time), x2: x(time), y1: 12, y2: AXIS + LANE * lanes.length }));
      // the last one stands before its line, or it would be cut off
      const [at, anchor] = x(time) > width - 60 ? [x(time) - 2, "end"] : [x(time) + 2, "start"];
      parts.push(svgElement("text", { class: "name", x: at, y: 10, "text-anchor": anchor }, time ? moment(time, step) : "0"));
    }
    lanes.forEach((name, lane) => parts.push(svgElement("text", { class: "name", x: 0, y: AXIS + LANE * lane + 14 }, name)));
    return parts;
  }

  function draw() {
    const width = Math.max(host.clientWidth, 200);
    const x = (time) => LEFT + ((time - shown.from) / (shown.to - shown.from)) * (width - LEFT - 4);
    drawn.clear();
    const parts = [definitions, ...axis(x, width)];
    for (const step of path) {
      const title = `${jobs[step.job].name}: ${duration(step.end - step.start)}`;
      parts.push(...bar(step, step.start, step.end, 0, "path", title, x, width));
    }
    for (const item of bars) {
      const { phase, job } = item;
      const title = `${jobs[job].name}: ${phase.phase}, try ${phase.try}, ${duration(phase.end - phase.start)}` +
        (phase.node === undefined ? "" : ` on ${phase.node}`) +
        (phase.error === undefined ? "" : `\n${texts[phase.error].slice(0, 400)}`);
      const name = item.failed ? "failed" : phase.phase;
      parts.push(...bar(item, phase.start, phase.end, item.lane, name, title, x, width));
    }
    for (const wait of waits) {
      const title = `${jobs[wait.job].name}: waits ${duration(wait.end - wait.start)} after try ${wait.number}`;
      parts.push(...bar(wait, wait.start, wait.end, wait.lane, "wait", title, x, width));
    }
    svg.replaceChildren(...parts);
  }

  let asked = false;
  function redraw() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  }

  // ---- looking closer ----

  function look(from, to) {
    const length = Math.min(span, Math.max(to - from, 1000));
    shown.from = Math.min(Math.max(0, from), span - length);
    shown.to = shown.from + length;
    redraw();
  }
  const timeAt = (event) => {
    const { left, width } = svg.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - left - LEFT) / (width - LEFT - 4)));
    return shown.from + share * (shown.to - shown.from);
  };
  host.addEventListener("wheel", (event) => {
    if (event.shiftKey || (Math.abs(event.deltaX) > Math.abs(event.deltaY))) {
      event.preventDefault();
      const by = ((event.deltaX || event.deltaY) / host.clientWidth) * (shown.to - shown.from);
      return look(shown.from + by, shown.to + by);
    }
    // many workers scroll as any page does; with the key for it, or where there is nothing to scroll, time is zoomed
    if (!event.ctrlKey && host.scrollHeight > host.clientHeight) return undefined;
    event.preventDefault();
    const factor = Math.exp(event.deltaY * 0.002);
    const at = timeAt(event);
    return look(at - (at - shown.from) * factor, at + (shown.to - at) * factor);
  }, { passive: false });
  let hold;
  host.addEventListener("pointerdown", (event) => { hold = { x: event.clientX, from: shown.from, to: shown.to }; });
  window.addEventListener("pointermove", (event) => {
    if (!hold || Math.abs(event.clientX - hold.x) < 4) return;
    const by = ((hold.x - event.clientX) / (host.clientWidth - LEFT)) * (hold.to - hold.from);
    look(hold.from + by, hold.to + by);
  });
  window.addEventListener("pointerup", () => { hold = undefined; });
  byId("all-times").addEventListener("click", () => look(0, span));

  const jobAt = (target) => (target.dataset && target.dataset.job !== undefined ? Number(target.dataset.job) : undefined);
  host.addEventListener("click", (event) => {
    const job = jobAt(event.target);
    if (job === undefined) return;
    goTo(nodeOfJob.get(job));
  });
  host.addEventListener("pointerover", (event) => {
    const job = jobAt(event.target);
    if (nodeOfJob.has(job)) light(representatives()[nodeOfJob.get(job)]);
    else relight();
  });
  host.addEventListener("pointerleave", relight);
  listeners.push((node) => {
    svg.querySelectorAll(".chosen").forEach((rect) => rect.classList.remove("chosen"));
    const job = node === undefined ? undefined : nodes[node].job;
    if (job !== undefined) svg.querySelectorAll(`[data-job="${job}"]`).forEach((rect) => rect.classList.add("chosen"));
  });
  new ResizeObserver(redraw).observe(host);
  draw();

  // ---- which took longest ----

  const rows = byId("slowest").tBodies[0];
  const slowest = [...jobs.keys()].filter((job) => jobs[job].phases.length).sort((a, b) => took[b].all - took[a].all || a - b);
  for (const job of slowest.slice(0, 25)) {
    const row = element("tr");
    const { all, waiting } = took[job];
    const link = element("button", jobs[job].name, { type: "button" });
    link.addEventListener("click", () => goTo(nodeOfJob.get(job)));
    const name = element("td");
    name.append(link);
    row.append(name);
    const status = statusOf(jobs[job].status);
    const mark = element("td");
    if (status) {
      const sign = badge("span", status, "");
      sign.title = status.name;
      sign.setAttribute("role", "img");
      sign.setAttribute("aria-label", status.name);
      mark.append(sign);
    }
    row.append(mark);
    for (const cell of [jobs[job].tries, duration(all), waiting ? duration(waiting) : ""]) row.append(element("td", String(cell)));
    rows.append(row);
  }
}

// The drawing: pan, zoom, search, and what belongs together.

const pane = byId("graph");
const drawing = pane.querySelector("svg");
const content = drawing.querySelector(".graph");
const groups = nodes.map((_, index) => byId("node" + (index + 1)));
const lines = edges.map((_, index) => byId("edge" + (index + 1)));
const size = { width: drawing.viewBox.baseVal.width, height: drawing.viewBox.baseVal.height };
const indexOf = new Map(groups.map((group, index) => [group, index]));

// ---- where we look ----

const view = { x: 0, y: 0, scale: 1 };

function show() {
  drawing.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
}

function fit() {
  const { clientWidth: width, clientHeight: height } = pane;
  view.scale = Math.min(1.5, width / size.width, height / size.height) || 1;
  view.x = (width - size.width * view.scale) / 2;
  view.y = (height - size.height * view.scale) / 2;
  show();
}

function zoom(factor, x = pane.clientWidth / 2, y = pane.clientHeight / 2) {
  const scale = Math.min(8, Math.max(0.01, view.scale * factor));
  view.x = x - (x - view.x) * (scale / view.scale);
  view.y = y - (y - view.y) * (scale / view.scale);
  view.scale = scale;
  show();
}

function center(node) {
  const { x, y, width, height } = groups[node].getBBox();
  view.scale = Math.max(view.scale, 0.8);
  view.x = pane.clientWidth / 2 - (x + width / 2 + 4) * view.scale;
  view.y = pane.clientHeight / 2 - (y + height / 2 + 4) * view.scale;
  show();
}

pane.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { left, top } = pane.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - left, event.clientY - top);
}, { passive: false });

let drag;
pane.addEventListener("pointerdown", (event) => {
  if (event.button === 0) drag = { x: event.clientX - view.x, y: event.clientY - view.y, from: event, moved: false };
});
window.addEventListener("pointermove", (event) => {
  if (!drag) return;
  // a hand that trembles still clicks
  drag.moved ||= Math.hypot(event.clientX - drag.from.clientX, event.clientY - drag.from.clientY) > 4;
  if (!drag.moved) return;
  pane.classList.add("dragged");
  view.x = event.clientX - drag.x;
  view.y = event.clientY - drag.y;
  show();
});
let wasDragged = false;
window.addEventListener("pointerup", () => {
  wasDragged = Boolean(drag && drag.moved);
  drag = undefined;
  pane.classList.remove("dragged");
});
byId("zoom-in").addEventListener("click", () => zoom(1.3));
byId("zoom-out").addEventListener("click", () => zoom(1 / 1.3));
byId("fit").addEventListener("click", fit);
window.addEventListener("resize", fit);

// ---- what belongs together ----

const below = nodes.map(() => []);
const above = nodes.map(() => []);
edges.forEach(([a, b], index) => {
  below[a].push([b, index]);
  above[b].push([a, index]);
});

// All that can be reached from a node, as nodes and edges.
function reach(start, next) {
  const found = { nodes: new Set([start]), edges: new Set() };
  const open = [start];
  while (open.length) {
    for (const [node, edge] of next[open.pop()]) {
      found.edges.add(edge);
      if (!found.nodes.has(node)) {
        found.nodes.add(node);
        open.push(node);
      }
    }
  }
  return found;
}

// The groups that stand out, and the classes that make them. Only what changes is touched: styling thousands of elements
// anew takes longer than a frame.
let lit = new Map();

function standOut(next, others = "faded") {
  for (const [group, classes] of lit) if (next.get(group) !== classes) group.classList.remove(...classes.split(" "));
  for (const [group, classes] of next) if (lit.get(group) !== classes) group.classList.add(...classes.split(" "));
  content.classList.toggle("lit", others === "faded");
  lit = next;
}

const unlight = () => standOut(new Map(), "as usual");
const lightOnly = (some) => standOut(new Map(some.map((node) => [groups[node], "on"])));

function light(node) {
  const next = new Map([[groups[node], "on"]]);
  const add = (group, name) => next.set(group, (next.get(group) || "on") + " " + name);
  for (const [ways, name] of [[below, "below"], [above, "above"]]) {
    const found = reach(node, ways);
    found.nodes.delete(node);
    found.nodes.forEach((other) => add(groups[other], name));
    found.edges.forEach((edge) => add(lines[edge], name));
  }
  standOut(next);
}

const nodeAt = (target) => indexOf.get(target.closest && target.closest(".node, .box"));

let hovered;
content.addEventListener("pointerover", (event) => {
  const node = nodeAt(event.target);
  if (drag || node === hovered) return;
  hovered = node;
  if (node === undefined) relight();
  else light(node);
});
content.addEventListener("pointerleave", () => {
  hovered = undefined;
  relight();
});

pane.addEventListener("click", (event) => {
  if (wasDragged) return;
  const node = nodeAt(event.target);
  choose(node === undefined ? undefined : nodes[node].job);
});

listeners.push((job) => {
  const node = nodeOfJob.get(job);
  drawing.querySelectorAll(".chosen").forEach((group) => group.classList.remove("chosen"));
  if (node !== undefined) groups[node].classList.add("chosen");
  if (hovered === undefined) relight();
});

// ---- search ----

const search = byId("search");
let matches;
let at = -1;
let pressed;

// What is lit while nothing is hovered: what was found, a status, or what belongs to the chosen job.
function relight() {
  const node = nodeOfJob.get(chosen);
  if (matches) lightOnly(matches);
  else if (pressed) lightOnly([...nodes.keys()].filter((index) => statusOfNode(index) === pressed));
  else if (node !== undefined) light(node);
  else unlight();
}

const statusOfNode = (index) => nodes[index].job === undefined ? undefined : jobs[nodes[index].job].status;

function find() {
  const text = search.value.trim().toLowerCase();
  at = -1;
  matches = text ? [...nodes.keys()].filter((index) => nodes[index].name.toLowerCase().includes(text)) : undefined;
  byId("found").textContent = matches ? `${matches.length} of ${nodes.length}` : "";
  relight();
}
search.addEventListener("input", find);
search.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    search.value = "";
    find();
    search.blur();
  }
  if (event.key !== "Enter" || !matches || !matches.length) return;
  at = (at + (event.shiftKey ? matches.length - 1 : 1)) % matches.length;
  byId("found").textContent = `${at + 1} of ${matches.length}`;
  center(matches[at]);
  choose(nodes[matches[at]].job);
});
document.addEventListener("keydown", (event) => {
  if (event.target === search || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape") choose(undefined);
  else if (event.key === "f") fit();
  else if (event.key === "+") zoom(1.3);
  else if (event.key === "-") zoom(1 / 1.3);
});

// ---- the statuses that there are ----

byId("heading").textContent = `${jobs.length} ${jobs.length === 1 ? "job" : "jobs"}` +
  (data.elapsed === undefined ? "" : ` in ${duration(data.elapsed)}`) + (data.dryRun ? ", dry run" : "");
for (const status of data.statuses) {
  const count = jobs.filter((job) => job.status === status.name).length;
  if (!count) continue;
  const chip = badge("button", status, `${count} ${status.name}`);
  chip.type = "button";
  chip.setAttribute("aria-pressed", "false");
  chip.addEventListener("click", () => {
    pressed = pressed === status.name ? undefined : status.name;
    for (const other of byId("chips").children) other.setAttribute("aria-pressed", String(other === chip && pressed !== undefined));
    relight();
  });
  byId("chips").append(chip);
}

groups.forEach((group, index) => {
  group.setAttribute("tabindex", "0");
  group.setAttribute("role", "button");
  group.addEventListener("keydown", (event) => {
    if (event.key === "Enter") choose(nodes[index].job);
  });
});
fit();


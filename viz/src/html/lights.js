// What belongs together stands out. The drawing itself is not touched, as styling thousands of elements anew takes longer
// than a frame: it fades as a whole, and what is lit is drawn once more above it.

const lights = byId("lights");
const MOST_COPIES = 120;
let lit; // the nodes that stand out, by number: "on", "below" or "above"
let litEdges;

function jobsIn(node) {
  const found = nodes[node].job === undefined ? [] : [nodes[node].job];
  const inner = levels.get(node);
  return inner ? found.concat(inner.nodes.flatMap(jobsIn)) : found;
}

// Lights a node with all that it depends on and all that depends on it.
function light(node) {
  const own = jobsIn(node);
  const [down, up] = [reach(own, below), reach(own, above)];
  const seen = representatives();
  const marks = [new Uint8Array(nodes.length), new Uint8Array(nodes.length), new Uint8Array(nodes.length)];
  const mark = (which, job) => {
    // the boxes around a lit job are lit, too
    for (let at = seen[nodeOfJob.get(job)]; at !== OUTSIDE && !marks[which][at]; at = levelOf(at)) marks[which][at] = 1;
  };
  for (const job of own) mark(0, job);
  for (let job = 0; job < jobs.length; job += 1) {
    if (down[job]) mark(1, job);
    if (up[job]) mark(2, job);
  }
  const next = new Map();
  for (let index = 0; index < nodes.length; index += 1) {
    if (marks[0][index]) continue;
    if (marks[1][index]) next.set(index, "below");
    else if (marks[2][index]) next.set(index, "above");
  }
  next.set(node, "on");
  const found = [];
  edges.forEach(([a, b], edge) => {
    if (marks[1][a] && marks[1][b]) found.push([edge, "below"]);
    else if (marks[2][a] && marks[2][b]) found.push([edge, "above"]);
  });
  standOut(next, found);
}

const lightOnly = (some) => standOut(new Map([...some].map((node) => [representatives()[node], "on"])), []);
const unlight = () => standOut(undefined, []);

function standOut(next, found) {
  lit = next;
  litEdges = found;
  pane.classList.toggle("lit", lit !== undefined);
  draw();
}

// Draws what is lit, level by level.
function draw() {
  if (!lit) {
    if (lights.firstChild) lights.replaceChildren();
    return;
  }
  if (lights.getAttribute("width") !== String(size.width)) lights.setAttribute("width", size.width);
  if (lights.getAttribute("height") !== String(size.height)) lights.setAttribute("height", size.height);
  const parts = new Map();
  const groupAt = (box) => {
    if (!parts.has(box)) parts.set(box, { lines: { below: [], above: [] }, heads: { below: [], above: [] }, shapes: [], fills: new Map() });
    return parts.get(box);
  };
  const seenLevels = new Map();
  const isSeen = (box) => {
    if (!seenLevels.has(box)) seenLevels.set(box, box === OUTSIDE || (isOpen(box) && isVisible(box)));
    return seenLevels.get(box);
  };
  for (const [edge, way] of litEdges) {
    const box = levelOf(edges[edge][0]);
    if (!isSeen(box)) continue;
    const { lines, heads } = groupAt(box);
    lines[way].push(curvesOf(level(box))[placeOfEdge[edge]]);
    heads[way].push(level(box).arrows[placeOfEdge[edge]]);
  }
  const all = [...lit].filter(([node]) => isSeen(levelOf(node)));
  const isInSight = sight();
  const seen = all.length > MOST_COPIES ? all.filter(([node]) => isInSight(node)) : all;
  const copies = seen.length <= MOST_COPIES;
  for (const [node, way] of seen) {
    const group = groupAt(levelOf(node));
    if (copies || (isNest(node) && isOpen(node))) group.shapes.push(shape(node, way));
    else {
      const fill = (statusOf(statusOfNode(nodes[node])) || { fill: "#f2f2f2" }).fill;
      if (!group.fills.has(fill)) group.fills.set(fill, []);
      group.fills.get(fill).push(shapes[node] ||= outline(node));
    }
  }
  const made = [...parts].map(([box, { lines, heads, shapes: copied, fills }]) => {
    const group = svgElement("g", { transform: `translate(${origin(box).map(short).join(" ")})` });
    for (const way of ["below", "above"]) {
      if (!lines[way].length) continue;
      group.append(svgElement("path", { class: "line " + way, d: lines[way].join("") }));
      group.append(svgElement("path", { class: "head " + way, d: heads[way].join("") }));
    }
    for (const [fill, outlines] of fills) group.append(svgElement("path", { class: "many", fill, d: outlines.join("") }));
    group.append(...copied);
    return group;
  });
  lights.replaceChildren(...made);
}

// Whether a node is inside of what the pane shows.
function sight() {
  const [width, height] = [pane.clientWidth / view.scale, pane.clientHeight / view.scale];
  const [left, top] = [-view.x / view.scale, -view.y / view.scale];
  return (node) => {
    const { x, y, w, h } = current[node];
    const [fromX, fromY] = origin(levelOf(node));
    return Math.abs(fromX + x - left - width / 2) < (w + width) / 2 && Math.abs(fromY + y - top - height / 2) < (h + height) / 2;
  };
}

// What is drawn of a lit node: a frame around what is inside of it, or a copy.
function shape(node, way) {
  const marks = { class: way, "data-node": node };
  if (isNest(node) && isOpen(node)) {
    const { x, y, w, h } = current[node];
    return svgElement("rect", { ...marks, class: way + " frame", x: short(x - w / 2), y: short(y - h / 2), width: short(w), height: short(h), rx: 10 });
  }
  return svgElement("use", { ...marks, href: "#node" + (node + 1) });
}

// Where copies would be too many, the shape alone.
function outline(node) {
  const { x, y, w, h } = current[node];
  if (isNest(node)) return `M${short(x - w / 2)},${short(y - h / 2)}h${short(w)}v${short(h)}h${short(-w)}Z`;
  const [rx, ry] = [short(w / 2), short(h / 2)];
  return `M${short(x - w / 2)},${short(y)}a${rx},${ry} 0 1 1 ${short(w)},0a${rx},${ry} 0 1 1 ${short(-w)},0Z`;
}

// where copies depend on what is in sight, they follow it
let waits = false;
moves.push(() => {
  if (!lit || lit.size <= MOST_COPIES || waits) return;
  waits = true;
  requestAnimationFrame(() => {
    waits = false;
    draw();
  });
});

const indexOf = (target) => {
  const group = target.closest && target.closest(".node, .nest");
  return group && drawing.contains(group) ? Number(group.id.slice(4)) - 1 : undefined;
};

// What the pointer is on says what it is, as soon as it is there.
function say(node) {
  const title = groupOf(node).querySelector(":scope > title");
  const job = nodes[node].job === undefined ? undefined : jobs[nodes[node].job];
  const lines = [nodes[node].name];
  const status = statusOfNode(nodes[node]);
  if (status) lines.push(status);
  if (isNest(node)) lines.push(`${nodes[node].inside} jobs${nodes[node].says ? ": " + nodes[node].says : ""}`);
  if (job && job.tries) lines.push(job.tries === 1 ? "1 try" : `${job.tries} tries`);
  if (job && took[nodes[node].job].all) lines.push(duration(took[nodes[node].job].all));
  if (job && job.error !== undefined) lines.push(texts[job.error].slice(0, 400));
  title.textContent = lines.join("\n");
}

// the first hover need not wait for what later ones find done
(window.requestIdleCallback || setTimeout)(() => curvesOf(level(OUTSIDE)));

let hovered;
content.addEventListener("pointerover", (event) => {
  const node = indexOf(event.target);
  if (drag || node === hovered) return;
  hovered = node;
  if (node === undefined) relight();
  else {
    say(node);
    light(node);
  }
});
content.addEventListener("pointerleave", () => {
  hovered = undefined;
  relight();
});

pane.addEventListener("click", (event) => {
  if (wasDragged) return;
  const node = indexOf(event.target);
  choose(node);
  if (node !== undefined && isNest(node)) toggle([node], !isOpen(node), node);
});

let marked;
listeners.push((node) => {
  if (marked) marked.classList.remove("chosen");
  marked = node === undefined || !isVisible(node) ? undefined : groupOf(node);
  if (marked) marked.classList.add("chosen");
  if (hovered === undefined) relight();
});


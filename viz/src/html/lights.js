// What belongs together stands out. The drawing itself is not touched, as styling thousands of elements anew takes longer
// than a frame: it fades as a whole, and what is lit is drawn once more above it.

const lights = byId("lights");
// With more nodes in sight than this, their shapes are enough; with more edges, lines from joint to joint, which have heads
// only where these are large enough to be seen.
const MOST_COPIES = 120;
const MOST_EXACT = 600;
const SMALLEST_HEADS = 0.4;
// Where all is drawn smaller than this, nobody can read a copy: a few have one, so that their borders are seen.
const SMALLEST_COPIES = 0.25;
const FEW_COPIES = 20;
let lit; // the nodes that stand out, by number: "on", "below" or "above"
let litEdges; // the edges that do, by way

// What is asked for each edge and each node at every hover, in rows of numbers.
const upperEnds = Int32Array.from(edges, (edge) => edge[0]);
const lowerEnds = Int32Array.from(edges, (edge) => edge[1]);
const boxes = Int32Array.from(nodes, (_, node) => levelOf(node));
const nodesOfJobs = Int32Array.from(jobs, (_, job) => nodeOfJob.get(job));
const fills = nodes.map((node) => (statusOf(statusOfNode(node)) || { fill: "#f2f2f2" }).fill);

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
    for (let at = seen[nodesOfJobs[job]]; at !== OUTSIDE && !marks[which][at]; at = boxes[at]) marks[which][at] = 1;
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
  const found = { below: [], above: [] };
  const [, isBelow, isAbove] = marks;
  for (let edge = 0; edge < edges.length; edge += 1) {
    const [a, b] = [upperEnds[edge], lowerEnds[edge]];
    if (isBelow[a] && isBelow[b]) found.below.push(edge);
    else if (isAbove[a] && isAbove[b]) found.above.push(edge);
  }
  standOut(next, found);
}

const NO_EDGES = { below: [], above: [] };
const lightOnly = (some) => standOut(new Map([...some].map((node) => [representatives()[node], "on"])), NO_EDGES);
const unlight = () => standOut(undefined, NO_EDGES);
const countOf = ({ below: down, above: up }) => down.length + up.length;

function standOut(next, found) {
  lit = next;
  litEdges = found;
  pane.classList.toggle("lit", lit !== undefined);
  draw();
}

// Draws what is lit, level by level. Where it is very much, only what is in sight, and that in few strokes.
function draw() {
  if (!lit) {
    if (lights.firstChild) lights.replaceChildren();
    layers.clear();
    return;
  }
  setChanged(lights, "width", String(size.width));
  setChanged(lights, "height", String(size.height));
  const wanted = new Map();
  const at = (box) => {
    if (!wanted.has(box)) wanted.set(box, { box, curves: { below: [], above: [] }, copies: [], fills: new Map() });
    return wanted.get(box);
  };
  const seenLevels = new Map();
  const isSeen = (box) => {
    if (!seenLevels.has(box)) seenLevels.set(box, box === OUTSIDE || (isOpen(box) && isVisible(box)));
    return seenLevels.get(box);
  };
  const isInSight = sight();
  const isMuch = countOf(litEdges) > MOST_EXACT;
  let shown = 0;
  for (const way of ["below", "above"]) {
    // edges of one level follow each other
    let [box, curves, isMeant] = [undefined, undefined, undefined];
    for (const edge of litEdges[way]) {
      if (boxes[upperEnds[edge]] !== box) {
        box = boxes[upperEnds[edge]];
        curves = isSeen(box) ? at(box).curves[way] : undefined;
        isMeant = isMuch && curves ? isInSight.edges(box) : undefined;
      }
      if (!curves || (isMeant && !isMeant(placeOfEdge[edge]))) continue;
      curves.push(placeOfEdge[edge]);
      shown += 1;
    }
  }
  const isExact = shown <= MOST_EXACT;
  const all = [...lit].filter(([node]) => isSeen(boxes[node]));
  const seen = all.length > MOST_COPIES ? all.filter(([node]) => isInSight.node(node)) : all;
  const areCopied = seen.length <= (view.scale < SMALLEST_COPIES ? FEW_COPIES : MOST_COPIES);
  for (const [node, way] of seen) {
    const part = at(boxes[node]);
    if (areCopied || (isNest(node) && isOpen(node))) part.copies.push(shape(node, way));
    else {
      const fill = fills[node];
      if (!part.fills.has(fill)) part.fills.set(fill, []);
      part.fills.get(fill).push(shapes[node] ||= outline(node));
    }
  }
  for (const [box, layer] of layers) {
    if (wanted.has(box)) continue;
    layer.group.remove();
    layers.delete(box);
  }
  for (const part of wanted.values()) drawLayer(part, isExact);
}

// The elements that are there for each level: they stay, as new ones would be styled and laid out anew.
const layers = new Map();
function layerAt(box) {
  if (layers.has(box)) return layers.get(box);
  const group = svgElement("g", {});
  const path = (name) => group.appendChild(svgElement("path", { class: name }));
  const layer = {
    group,
    lines: { below: path("line below"), above: path("line above") },
    heads: { below: path("head below"), above: path("head above") },
    fills: group.appendChild(svgElement("g", {})),
    copies: group.appendChild(svgElement("g", {})),
  };
  lights.append(group);
  layers.set(box, layer);
  return layer;
}

function drawLayer({ box, curves, copies, fills }, isExact) {
  const one = level(box);
  const layer = layerAt(box);
  setChanged(layer.group, "transform", `translate(${origin(box).map(short).join(" ")})`);
  const exact = curvesOf(one);
  for (const way of ["below", "above"]) {
    const line = curves[way].map((index) => (isExact ? exact[index] : jointsOf(one, index))).join("");
    const hasHeads = isExact || view.scale > SMALLEST_HEADS;
    setChanged(layer.lines[way], "d", line);
    setChanged(layer.heads[way], "d", hasHeads ? curves[way].map((index) => one.arrows[index]).join("") : "");
  }
  layer.fills.replaceChildren(...[...fills].map(([fill, outlines]) => svgElement("path", { class: "many", fill, d: outlines.join("") })));
  layer.copies.replaceChildren(...copies);
}

// Whether a node, or an edge of a level, is inside of what the pane shows.
function sight() {
  const [width, height] = [room.width / view.scale, room.height / view.scale];
  const [left, top] = [-view.x / view.scale, -view.y / view.scale];
  const node = (index) => {
    const { x, y, w, h } = current[index];
    const [fromX, fromY] = origin(levelOf(index));
    return Math.abs(fromX + x - left - width / 2) < (w + width) / 2 && Math.abs(fromY + y - top - height / 2) < (h + height) / 2;
  };
  const edgesOf = (box) => {
    const one = level(box);
    pointsOf(one);
    const { bounds } = one;
    const [fromX, fromY] = origin(box);
    const [minX, minY, maxX, maxY] = [left - fromX, top - fromY, left - fromX + width, top - fromY + height];
    return (index) => {
      const at = 4 * index;
      return bounds[at] < maxX && bounds[at + 2] > minX && bounds[at + 1] < maxY && bounds[at + 3] > minY;
    };
  };
  return { node, edges: edgesOf };
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
  if (!lit || (lit.size <= MOST_COPIES && countOf(litEdges) <= MOST_EXACT) || waits) return;
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
  if (status) lines.push(status + (job && job.behind ? ", behind a job that would run" : ""));
  if (isNest(node)) lines.push(`${nodes[node].inside} jobs${nodes[node].says ? ": " + nodes[node].says : ""}`);
  if (job && job.tries) lines.push(job.tries === 1 ? "1 try" : `${job.tries} tries`);
  if (job && took[nodes[node].job].all) lines.push(duration(took[nodes[node].job].all));
  if (job && job.run !== undefined) lines.push("run: " + texts[job.run].slice(0, 400));
  if (job && job.log) lines.push("log: " + texts[job.log[job.log.length - 1].text].slice(0, 400));
  if (job && job.error !== undefined) lines.push(texts[job.error].slice(0, 400));
  title.textContent = lines.join("\n");
}

// the first hover need not wait for what later ones find done
const idle = window.requestIdleCallback || ((work) => setTimeout(work, 50));
idle(() => pointsOf(level(OUTSIDE)));
idle(() => level(OUTSIDE).edges.forEach((_, index) => jointsOf(level(OUTSIDE), index)));
idle(() => level(OUTSIDE).nodes.forEach((node) => { shapes[node] ||= outline(node); }));
idle(() => allNests.forEach(facesOf));

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
  // a finger cannot tell what is small: it brings it near first
  if (event.pointerType === "touch" && view.scale < READABLE) zoomAt(READ_WITH_EASE / view.scale, event);
  else if (node !== undefined && isNest(node)) toggle([node], !isOpen(node), node);
  choose(node);
});

let marked;
listeners.push((node) => {
  if (marked) marked.classList.remove("chosen");
  marked = node === undefined || !isVisible(node) ? undefined : groupOf(node);
  if (marked) marked.classList.add("chosen");
  if (hovered === undefined) relight();
});


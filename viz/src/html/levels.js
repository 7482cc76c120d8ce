// Nests open and close. What stands in a nest, or outside of all, is a level: it was laid out once, and where a nest on it
// grows or shrinks, the rest of the level is moved apart or together, without anything changing sides.

const pane = byId("graph");
const drawing = pane.querySelector("#world > svg:not(#lights)");
const content = drawing.querySelector(".graph");
const MARGIN = 4;
const size = { width: drawing.viewBox.baseVal.width, height: drawing.viewBox.baseVal.height };
const isNest = (index) => nodes[index].inside !== undefined;
const OUTSIDE = -1;

// Where each node is on its level now, and where it was when the level was laid out.
const hasNests = nodes.some((node) => node.inside !== undefined);
const places = nodes.map((node) => ({ x: node.place[0] / 100, y: node.place[1] / 100, w: node.place[2] / 100, h: node.place[3] / 100 }));
const current = places.map((place) => ({ ...place }));

const levels = new Map();
function levelOf(node) {
  return nodes[node].parent === undefined ? OUTSIDE : nodes[node].parent;
}
function level(box) {
  if (!levels.has(box)) {
    const content = box === OUTSIDE ? undefined : nodes[box].content.map((length) => length / 100);
    const extent = content ? { w: content[0], h: content[1] } : { w: size.width - 2 * MARGIN, h: size.height - 2 * MARGIN };
    levels.set(box, { box, nodes: [], edges: [], reference: extent, size: extent });
  }
  return levels.get(box);
}
level(OUTSIDE);
nodes.forEach((_, index) => level(levelOf(index)).nodes.push(index));
// the place of each edge among those of its level
const placeOfEdge = edges.map(([a], index) => level(levelOf(a)).edges.push(index) - 1);
const isOpen = (node) => nodes[node].open === true;
const isVisible = (node) => {
  for (let box = levelOf(node); box !== OUTSIDE; box = levelOf(box)) if (!isOpen(box)) return false;
  return true;
};

const groups = [];
const groupOf = (node) => (groups[node] ||= byId("node" + (node + 1)));
const groupOfLevel = (box) => (box === OUTSIDE ? content : facesOf(box).inside);

// The parts of a nest, which are asked for by the thousand: they stand in the order in which they are written.
const faces = [];
function facesOf(nest) {
  if (!faces[nest]) {
    const [, closed, box, inside] = groupOf(nest).children;
    faces[nest] = { closed, frame: box.firstElementChild, corner: box.lastElementChild, inside };
  }
  return faces[nest];
}

// The curves and arrow heads of the edges of a level, as they were drawn.
function curvesOf(one) {
  if (one.curves) return one.curves;
  const group = groupOfLevel(one.box).lastElementChild;
  one.lines = [...group.querySelectorAll(":scope > .line")];
  one.heads = [...group.querySelectorAll(":scope > .arrows")];
  const split = (paths) => paths.flatMap((path) => path.getAttribute("d").split(/(?=M)/));
  one.curves = split(one.lines);
  one.arrows = split(one.heads);
  one.counts = [one.lines, one.heads].map((paths) => paths.map((path) => path.getAttribute("d").split("M").length - 1));
  return one.curves;
}

const numbersOf = (text) => text.match(/-?[\d.]+/g).map(Number);
// A length with at most two decimals; whole numbers become text much faster than others.
function short(number) {
  const hundredths = Math.round(number * 100);
  const whole = Math.trunc(hundredths / 100);
  const rest = Math.abs(hundredths - whole * 100);
  if (!rest) return String(whole);
  return `${hundredths < 0 && !whole ? "-" : ""}${whole}.${rest < 10 ? "0" : ""}${rest}`;
}

// A map from old to new places in one direction: where things have grown, it is stretched by as much as the one that has
// grown most; what lies beside them keeps its extent.
function stretch(intervals) {
  const ends = [...new Set(intervals.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const at = new Map(ends.map((end, index) => [end, index]));
  const plain = new Int32Array(ends.length + 1);
  const factors = new Float64Array(ends.length);
  for (const { from, to, factor } of intervals) {
    if (Math.abs(factor - 1) < 1e-9) {
      plain[at.get(from)] += 1;
      plain[at.get(to)] -= 1;
    } else {
      for (let index = at.get(from); index < at.get(to); index += 1) factors[index] = Math.max(factors[index], factor);
    }
  }
  const mapped = [ends[0]];
  let covered = 0;
  for (let index = 0; index + 1 < ends.length; index += 1) {
    covered += plain[index];
    const factor = covered ? Math.max(1, factors[index]) : factors[index] || 1;
    mapped.push(mapped[index] + (ends[index + 1] - ends[index]) * factor);
  }
  return (value) => {
    if (!ends.length) return value;
    if (value <= ends[0]) return mapped[0] + value - ends[0];
    let [low, high] = [0, ends.length - 1];
    if (value >= ends[high]) return mapped[high] + value - ends[high];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (ends[middle] <= value) low = middle;
      else high = middle;
    }
    return mapped[low] + ((value - ends[low]) / (ends[high] - ends[low])) * (mapped[high] - mapped[low]);
  };
}

// Puts everything on a level where it belongs, now that its nests have the sizes in `current`.
function arrange(one) {
  const interval = (node, axis, extent) => {
    const place = places[node];
    return { from: place[axis] - place[extent] / 2, to: place[axis] + place[extent] / 2, factor: current[node][extent] / place[extent] };
  };
  const mapX = stretch(one.nodes.map((node) => interval(node, "x", "w")));
  const mapY = stretch(one.nodes.map((node) => interval(node, "y", "h")));
  for (const node of one.nodes) {
    const [place, now] = [places[node], current[node]];
    now.x = (mapX(place.x - place.w / 2) + mapX(place.x + place.w / 2)) / 2;
    now.y = (mapY(place.y - place.h / 2) + mapY(place.y + place.h / 2)) / 2;
    put(node);
    shapes[node] = undefined;
  }
  origins.clear();
  moveEdges(one, mapX, mapY);
  one.size = { w: mapX(one.reference.w), h: mapY(one.reference.h) };
}

function setChanged(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

// The shapes of nodes as paths, until they change.
const shapes = [];

function put(node) {
  const [place, now] = [places[node], current[node]];
  const group = groupOf(node);
  const by = `translate(${short(now.x - place.x)} ${short(now.y - place.y)})`;
  if (!isNest(node)) {
    setChanged(group, "transform", by);
    return;
  }
  group.classList.toggle("open", isOpen(node));
  const { closed, frame, corner } = facesOf(node);
  setChanged(closed, "transform", by);
  if (!isOpen(node)) return;
  const [left, top] = [now.x - now.w / 2, now.y - now.h / 2];
  const sides = { x: left, y: top, width: now.w, height: now.h };
  for (const [name, value] of Object.entries(sides)) frame.setAttribute(name, short(value));
  corner.setAttribute("transform", `translate(${short(left)} ${short(top)})`);
  const [right, down] = data.corner.map((length) => length / 100);
  groupOfLevel(node).setAttribute("transform", `translate(${short(left + right)} ${short(top + down)})`);
}

// The points of the edges of a level as they were laid out: those of the curve, and behind them those of the arrow head.
function pointsOf(one) {
  if (!one.points) {
    curvesOf(one);
    one.points = one.edges.map((_, index) => Float64Array.from(numbersOf(one.curves[index] + " " + one.arrows[index])));
    one.curveLengths = one.edges.map((_, index) => numbersOf(one.curves[index]).length);
    one.moved = one.points.map((points) => points.slice());
    one.joints = [];
    one.bounds = new Float32Array(4 * one.points.length);
    one.points.forEach((points, index) => setBounds(one, index, points));
  }
  return one.points;
}

// What an edge is inside of: left, top, right, bottom.
function setBounds(one, index, points) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < points.length; at += 2) {
    if (points[at] < left) left = points[at];
    if (points[at] > right) right = points[at];
    if (points[at + 1] < top) top = points[at + 1];
    if (points[at + 1] > bottom) bottom = points[at + 1];
  }
  one.bounds.set([left, top, right, bottom], 4 * index);
  one.joints[index] = undefined;
}

// An edge in few letters: straight from joint to joint of its curves.
function jointsOf(one, index) {
  pointsOf(one);
  if (one.joints[index] === undefined) {
    const points = one.moved[index];
    let joints = `M${Math.round(points[0])},${Math.round(points[1])}L`;
    for (let at = 6; at < one.curveLengths[index]; at += 6) joints += `${at > 6 ? " " : ""}${Math.round(points[at])},${Math.round(points[at + 1])}`;
    one.joints[index] = joints;
  }
  return one.joints[index];
}

function moveEdges(one, mapX, mapY) {
  const all = pointsOf(one);
  const changed = [new Set(), new Set()];
  const chunkOf = (counts) => counts.flatMap((count, chunk) => new Array(count).fill(chunk));
  one.chunks ||= one.counts.map(chunkOf);
  one.edges.forEach((edge, index) => {
    const [a, b] = edges[edge];
    const points = all[index];
    const length = one.curveLengths[index];
    const [from, to, fromNow, toNow] = [places[a], places[b], current[a], current[b]];
    // what is on the border of a node stays there
    const tipX = points[length + 2];
    const tipY = points[length + 3];
    const tipByX = toNow.x + ((tipX - to.x) * toNow.w) / to.w - tipX;
    const tipByY = toNow.y + ((tipY - to.y) * toNow.h) / to.h - tipY;
    const startByX = fromNow.x + ((points[0] - from.x) * fromNow.w) / from.w - mapX(points[0]);
    const startByY = fromNow.y + ((points[1] - from.y) * fromNow.h) / from.h - mapY(points[1]);
    const endByX = points[length - 2] + tipByX - mapX(points[length - 2]);
    const endByY = points[length - 1] + tipByY - mapY(points[length - 1]);
    const next = new Float64Array(points.length);
    for (let at = 0; at < length; at += 2) {
      const byX = at <= 2 ? startByX : at >= length - 4 ? endByX : 0;
      const byY = at <= 2 ? startByY : at >= length - 4 ? endByY : 0;
      next[at] = mapX(points[at]) + byX;
      next[at + 1] = mapY(points[at + 1]) + byY;
    }
    for (let at = length; at < points.length; at += 2) {
      next[at] = points[at] + tipByX;
      next[at + 1] = points[at + 1] + tipByY;
    }
    const last = one.moved[index];
    if (next.every((value, at) => Math.abs(value - last[at]) < 0.005)) return;
    one.moved[index] = next;
    setBounds(one, index, next);
    let curve = `M${short(next[0])},${short(next[1])}C`;
    for (let at = 2; at < length; at += 2) curve += `${at > 2 ? " " : ""}${short(next[at])},${short(next[at + 1])}`;
    let arrow = "M";
    for (let at = length; at < next.length; at += 2) arrow += `${at > length ? "L" : ""}${short(next[at])},${short(next[at + 1])}`;
    one.curves[index] = curve;
    one.arrows[index] = arrow + "Z";
    changed.forEach((chunks, kind) => chunks.add(one.chunks[kind][index]));
  });
  [[one.lines, one.curves, 0], [one.heads, one.arrows, 1]].forEach(([paths, all, kind]) => {
    let at = 0;
    paths.forEach((path, chunk) => {
      const end = at + one.counts[kind][chunk];
      if (changed[kind].has(chunk)) path.setAttribute("d", all.slice(at, end).join(""));
      at = end;
    });
  });
}

// Makes a nest as large as it is now, open or closed.
function measure(node) {
  const { closed, least } = nodes[node];
  if (!isOpen(node)) [current[node].w, current[node].h] = closed.map((length) => length / 100);
  else {
    const { w, h } = level(node).size;
    const [right, down] = data.corner.map((length) => length / 100);
    // the same room at the right and below as at the left
    current[node].w = Math.max(w + 2 * right, least[0] / 100 - 2 * right);
    current[node].h = Math.max(h + right + down, least[1] / 100 - right - down);
  }
}

// Arranges the levels around nests that were opened or closed, the innermost first.
function arrangeAround(changed) {
  const boxes = new Set();
  for (const node of changed) for (let at = node; at !== OUTSIDE; at = levelOf(at)) boxes.add(levelOf(at));
  const depth = (box) => (box === OUTSIDE ? 0 : 1 + depth(levelOf(box)));
  const inner = [...boxes].filter((box) => box === OUTSIDE || (isOpen(box) && isVisible(box))).sort((a, b) => depth(b) - depth(a));
  for (const node of changed) if (isVisible(node)) measure(node);
  for (const box of inner) {
    arrange(level(box));
    if (box !== OUTSIDE) measure(box);
  }
  const { w, h } = level(OUTSIDE).size;
  size.width = w + 2 * MARGIN;
  size.height = h + 2 * MARGIN;
}

// The drawing may be larger than its element, which is given the right size only where that matters: the browser would lay
// all of it out anew.
window.addEventListener("beforeprint", () => {
  drawing.setAttribute("width", size.width);
  drawing.setAttribute("height", size.height);
  drawing.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
});

function bringIn(node) {
  const parts = facesOf(node);
  if (parts.inside) return;
  const template = byId("inside" + (node + 1));
  parts.inside = template.content.firstElementChild.firstElementChild;
  groupOf(node).append(parts.inside);
  template.remove();
}

// Opens or closes nests. What is inside of a closed one is taken out of sight, not away.
function setOpen(list, open) {
  const changed = list.filter((node) => isNest(node) && isOpen(node) !== open);
  if (!changed.length) return;
  for (const node of changed) {
    nodes[node].open = open;
    if (open) bringIn(node);
  }
  arrangeAround(changed);
  for (const node of changed) groupOf(node).setAttribute("aria-expanded", String(open));
  reps = undefined;
}

// What is seen of each node: itself, or the outermost closed nest around it.
let reps;
function representatives() {
  if (reps) return reps;
  reps = new Int32Array(nodes.length).fill(-1);
  const find = (node) => {
    if (reps[node] >= 0) return reps[node];
    const box = levelOf(node);
    if (box === OUTSIDE) reps[node] = node;
    else {
      const outer = find(box);
      reps[node] = outer === box && isOpen(box) ? node : outer;
    }
    return reps[node];
  };
  for (let node = 0; node < nodes.length; node += 1) find(node);
  return reps;
}

// Where a level begins, from the corner of the drawing.
const origins = new Map();
function origin(box) {
  if (!origins.has(box)) origins.set(box, findOrigin(box));
  return origins.get(box);
}
function findOrigin(box) {
  let [x, y] = [MARGIN, MARGIN];
  const [right, down] = data.corner.map((length) => length / 100);
  for (let at = box; at !== OUTSIDE; at = levelOf(at)) {
    x += current[at].x - current[at].w / 2 + right;
    y += current[at].y - current[at].h / 2 + down;
  }
  return [x, y];
}

// Where a visible node is, from the corner of the drawing.
function placeOf(node) {
  const [x, y] = origin(levelOf(node));
  return { ...current[node], x: x + current[node].x, y: y + current[node].y };
}


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
    const [, closed, opened] = groupOf(nest).children;
    const [box, inside] = opened.children;
    faces[nest] = { closed, opened, frame: box.firstElementChild, inside };
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
  return (hundredths < 0 && !whole ? "-" : "") + whole + (rest < 10 ? ".0" : ".") + rest;
}

// A map from old to new places in one direction: where things have grown, it is stretched by as much as the one that has
// grown most; what lies beside them keeps its extent. Each of `intervals` has its two ends and a factor.
function stretch(intervals) {
  const count = intervals.length / 3;
  const ends = new Float64Array(2 * count);
  for (let at = 0; at < count; at += 1) ends.set([intervals[3 * at], intervals[3 * at + 1]], 2 * at);
  ends.sort();
  let last = 0;
  for (let at = 1; at < ends.length; at += 1) if (ends[at] !== ends[last]) ends[(last += 1)] = ends[at];
  if (!count) return (value) => value;
  // the last of the ends, up to a number of them, that is not behind a place
  const before = (value, high) => {
    let low = 0;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (ends[middle] <= value) low = middle;
      else high = middle;
    }
    return low;
  };
  const plain = new Int32Array(last + 2);
  const factors = new Float64Array(last + 1);
  for (let at = 0; at < intervals.length; at += 3) {
    const [from, to] = [before(intervals[at], last + 1), before(intervals[at + 1], last + 1)];
    const factor = intervals[at + 2];
    if (Math.abs(factor - 1) < 1e-9) {
      plain[from] += 1;
      plain[to] -= 1;
    } else {
      for (let index = from; index < to; index += 1) if (factors[index] < factor) factors[index] = factor;
    }
  }
  const mapped = new Float64Array(last + 1);
  mapped[0] = ends[0];
  let covered = 0;
  for (let index = 0; index < last; index += 1) {
    covered += plain[index];
    const factor = covered ? Math.max(1, factors[index]) : factors[index] || 1;
    mapped[index + 1] = mapped[index] + (ends[index + 1] - ends[index]) * factor;
  }
  return (value) => {
    if (value <= ends[0]) return mapped[0] + value - ends[0];
    if (value >= ends[last]) return mapped[last] + value - ends[last];
    const low = before(value, last);
    return mapped[low] + ((value - ends[low]) / (ends[low + 1] - ends[low])) * (mapped[low + 1] - mapped[low]);
  };
}

// Puts everything on a level where it belongs, now that its nests have the sizes in `current`.
function arrange(one) {
  const [across, down] = [new Float64Array(3 * one.nodes.length), new Float64Array(3 * one.nodes.length)];
  one.nodes.forEach((node, index) => {
    const { x, y, w, h } = places[node];
    across.set([x - w / 2, x + w / 2, current[node].w / w], 3 * index);
    down.set([y - h / 2, y + h / 2, current[node].h / h], 3 * index);
  });
  const [mapX, mapY] = [stretch(across), stretch(down)];
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
  if (isNest(node) && isOpen(node)) {
    const { opened, frame } = facesOf(node);
    setChanged(opened, "transform", `translate(${short(now.x - now.w / 2)} ${short(now.y - now.h / 2)})`);
    setChanged(frame, "width", short(now.w));
    setChanged(frame, "height", short(now.h));
  } else {
    const face = isNest(node) ? facesOf(node).closed : groupOf(node);
    setChanged(face, "transform", `translate(${short(now.x - place.x)} ${short(now.y - place.y)})`);
  }
}

// The points of the edges of a level, as they were laid out and as they are now, all in one row: for each edge those of its
// curve, and behind them those of its arrow head.
function pointsOf(one) {
  if (one.points) return one.points;
  curvesOf(one);
  one.starts = new Int32Array(one.edges.length + 1);
  one.curveLengths = new Int32Array(one.edges.length);
  const points = [];
  one.edges.forEach((_, index) => {
    for (const number of numbersOf(one.curves[index])) points.push(number);
    one.curveLengths[index] = points.length - one.starts[index];
    for (const number of numbersOf(one.arrows[index])) points.push(number);
    one.starts[index + 1] = points.length;
  });
  one.points = Float64Array.from(points);
  one.moved = one.points.slice();
  one.joints = [];
  one.bounds = new Float32Array(4 * one.edges.length);
  one.edges.forEach((_, index) => setBounds(one, index));
  return one.points;
}

// What an edge is inside of: left, top, right, bottom.
function setBounds(one, index) {
  const points = one.moved;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = one.starts[index]; at < one.starts[index + 1]; at += 2) {
    if (points[at] < left) left = points[at];
    if (points[at] > right) right = points[at];
    if (points[at + 1] < top) top = points[at + 1];
    if (points[at + 1] > bottom) bottom = points[at + 1];
  }
  one.bounds[4 * index] = left;
  one.bounds[4 * index + 1] = top;
  one.bounds[4 * index + 2] = right;
  one.bounds[4 * index + 3] = bottom;
  one.joints[index] = undefined;
}

// An edge in few letters: straight from joint to joint of its curves.
function jointsOf(one, index) {
  pointsOf(one);
  if (one.joints[index] === undefined) {
    const points = one.moved;
    const [start, end] = [one.starts[index], one.starts[index] + one.curveLengths[index]];
    let joints = `M${Math.round(points[start])},${Math.round(points[start + 1])}L`;
    for (let at = start + 6; at < end; at += 6) joints += `${at > start + 6 ? " " : ""}${Math.round(points[at])},${Math.round(points[at + 1])}`;
    one.joints[index] = joints;
  }
  return one.joints[index];
}

// Moves the points of an edge to where they belong now, and says whether that is elsewhere.
const scratch = [];
function movePoints(one, index, mapX, mapY) {
  const { points, moved } = one;
  const [a, b] = edges[one.edges[index]];
  const [from, to, fromNow, toNow] = [places[a], places[b], current[a], current[b]];
  const start = one.starts[index];
  const end = one.starts[index + 1];
  const length = one.curveLengths[index];
  const next = scratch;
  for (let at = 0; at < length; at += 2) {
    next[at] = mapX(points[start + at]);
    next[at + 1] = mapY(points[start + at + 1]);
  }
  // what is on the border of a node stays there
  const [firstX, firstY] = [points[start], points[start + 1]];
  const [tipX, tipY] = [points[start + length + 2], points[start + length + 3]];
  const startByX = fromNow.x + ((firstX - from.x) * fromNow.w) / from.w - next[0];
  const startByY = fromNow.y + ((firstY - from.y) * fromNow.h) / from.h - next[1];
  const tipByX = toNow.x + ((tipX - to.x) * toNow.w) / to.w - tipX;
  const tipByY = toNow.y + ((tipY - to.y) * toNow.h) / to.h - tipY;
  const endByX = points[start + length - 2] + tipByX - next[length - 2];
  const endByY = points[start + length - 1] + tipByY - next[length - 1];
  for (let at = 0; at <= 2; at += 2) {
    next[at] += startByX;
    next[at + 1] += startByY;
    next[length - 4 + at] += endByX;
    next[length - 3 + at] += endByY;
  }
  for (let at = length; start + at < end; at += 2) {
    next[at] = points[start + at] + tipByX;
    next[at + 1] = points[start + at + 1] + tipByY;
  }
  let isElsewhere = false;
  for (let at = start; at < end; at += 1) {
    isElsewhere ||= Math.abs(next[at - start] - moved[at]) >= 0.005;
    moved[at] = next[at - start];
  }
  return isElsewhere;
}

function moveEdges(one, mapX, mapY) {
  pointsOf(one);
  const points = one.moved;
  const changed = [new Uint8Array(one.lines.length), new Uint8Array(one.heads.length)];
  const chunkOf = (counts) => counts.flatMap((count, chunk) => new Array(count).fill(chunk));
  one.chunks ||= one.counts.map(chunkOf);
  const pair = (at) => short(points[at]) + "," + short(points[at + 1]);
  one.edges.forEach((_, index) => {
    if (!movePoints(one, index, mapX, mapY)) return;
    setBounds(one, index);
    const start = one.starts[index];
    const end = one.starts[index + 1];
    const middle = start + one.curveLengths[index];
    let curve = "M" + pair(start) + "C" + pair(start + 2);
    for (let at = start + 4; at < middle; at += 2) curve += " " + pair(at);
    let arrow = "M" + pair(middle);
    for (let at = middle + 2; at < end; at += 2) arrow += "L" + pair(at);
    one.curves[index] = curve;
    one.arrows[index] = arrow + "Z";
    changed[0][one.chunks[0][index]] = 1;
    changed[1][one.chunks[1][index]] = 1;
  });
  [[one.lines, one.curves, 0], [one.heads, one.arrows, 1]].forEach(([paths, all, kind]) => {
    let at = 0;
    paths.forEach((path, chunk) => {
      const end = at + one.counts[kind][chunk];
      if (changed[kind][chunk]) path.setAttribute("d", all.slice(at, end).join(""));
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
    current[node].w = Math.max(w + 2 * right, least[0] / 100);
    current[node].h = Math.max(h + right + down, least[1] / 100);
  }
}

// The levels on which a nest was opened or closed since they were arranged. Those that are out of sight wait until they are
// seen.
const stale = new Set();

// Arranges the levels around nests that were opened or closed, the innermost first.
function arrangeAround(changed) {
  for (const node of changed) {
    stale.add(OUTSIDE);
    for (let box = levelOf(node); box !== OUTSIDE; box = levelOf(box)) stale.add(box);
  }
  const depth = (box) => (box === OUTSIDE ? 0 : 1 + depth(levelOf(box)));
  const isSeen = (box) => box === OUTSIDE || (isOpen(box) && isVisible(box));
  for (const box of [...stale].filter(isSeen).sort((a, b) => depth(b) - depth(a))) {
    for (const node of level(box).nodes) if (isNest(node)) measure(node);
    arrange(level(box));
    stale.delete(box);
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

// Opens or closes nests. What is inside of a closed one is taken out of sight, not away.
function setOpen(list, open) {
  const changed = list.filter((node) => isNest(node) && isOpen(node) !== open);
  if (!changed.length) return;
  for (const node of changed) nodes[node].open = open;
  arrangeAround(changed);
  for (const node of changed) groupOf(node).classList.toggle("open", open);
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


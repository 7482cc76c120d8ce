// Where we look: pan and zoom.

const world = byId("world");
const view = { x: 0, y: 0, scale: 1 };
const moves = [];

// How large the pane is: asking the pane itself would make the browser lay out whatever has just changed.
const room = {};
function measurePane() {
  room.width = pane.clientWidth;
  room.height = pane.clientHeight;
}
// On a narrow screen the pane is no higher than a drawing as wide as the screen.
const LEAST_HIGH = 240;
function adaptPane() {
  pane.style.setProperty("--high", `${Math.max(LEAST_HIGH, (pane.clientWidth * size.height) / size.width)}px`);
  measurePane();
}
adaptPane();
new ResizeObserver(measurePane).observe(pane);

function show() {
  world.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  moves.forEach((listener) => listener());
}

// What is seen whole does not touch the borders.
const AROUND = 6;
function fit() {
  const { width, height } = room;
  const scale = Math.min((width - 2 * AROUND) / size.width, (height - 2 * AROUND) / size.height);
  view.scale = scale > 0 ? Math.min(1.5, scale) : 1;
  view.x = (width - size.width * view.scale) / 2;
  view.y = (height - size.height * view.scale) / 2;
  show();
}

function zoom(factor, x = room.width / 2, y = room.height / 2) {
  const scale = Math.min(8, Math.max(0.005, view.scale * factor));
  view.x = x - (x - view.x) * (scale / view.scale);
  view.y = y - (y - view.y) * (scale / view.scale);
  view.scale = scale;
  show();
}

// Smaller than this, labels cannot be read; from the other one on, they are read with ease.
const READABLE = 0.5;
const READ_WITH_EASE = 0.8;

// Opens what a node is in, and brings it to the middle.
function reveal(node) {
  const boxes = [];
  for (let box = levelOf(node); box !== OUTSIDE; box = levelOf(box)) boxes.unshift(box);
  setOpen(boxes, true);
  center(node);
}

function center(node) {
  const { x, y } = placeOf(node);
  view.scale = Math.max(view.scale, READ_WITH_EASE);
  view.x = room.width / 2 - x * view.scale;
  view.y = room.height / 2 - y * view.scale;
  show();
}

// Opens or closes nests, and keeps a node where it is on the screen.
function toggle(list, open, still) {
  const before = still === undefined ? undefined : placeOf(still);
  setOpen(list, open);
  if (before) {
    const after = placeOf(still);
    view.x += (before.x - before.w / 2 - after.x + after.w / 2) * view.scale;
    view.y += (before.y - before.h / 2 - after.y + after.h / 2) * view.scale;
    show();
  } else fit();
  relight();
}

// What is under the pointer stays there.
function zoomAt(factor, { clientX, clientY }) {
  const { left, top } = pane.getBoundingClientRect();
  zoom(factor, clientX - left, clientY - top);
}
pane.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoomAt(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event);
}, { passive: false });

// One pointer drags; two fingers zoom, and what is between them stays there.
let drag;
let wasDragged = false;
const fingers = new Map();
function startDrag({ clientX, clientY }, moved) {
  drag = { x: clientX - view.x, y: clientY - view.y, from: { clientX, clientY }, moved };
}
pane.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  if (event.pointerType === "touch") fingers.set(event.pointerId, event);
  if (fingers.size > 1) drag = undefined;
  else startDrag(event, false);
});
window.addEventListener("pointermove", (event) => {
  if (fingers.has(event.pointerId) && fingers.size > 1) return pinch(event);
  if (!drag) return;
  // a hand that trembles still clicks
  drag.moved ||= Math.hypot(event.clientX - drag.from.clientX, event.clientY - drag.from.clientY) > 4;
  if (!drag.moved) return;
  pane.classList.add("dragged");
  view.x = event.clientX - drag.x;
  view.y = event.clientY - drag.y;
  show();
});
function pinch(event) {
  const { left, top } = pane.getBoundingClientRect();
  const between = () => {
    const [a, b] = [...fingers.values()];
    const [x, y] = [(a.clientX + b.clientX) / 2 - left, (a.clientY + b.clientY) / 2 - top];
    return { x, y, apart: Math.max(1, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY)) };
  };
  const before = between();
  fingers.set(event.pointerId, event);
  const now = between();
  view.x += now.x - before.x;
  view.y += now.y - before.y;
  zoom(now.apart / before.apart, now.x, now.y);
  wasDragged = true;
}
function letGo(event) {
  const pinched = fingers.size > 1;
  fingers.delete(event.pointerId);
  wasDragged = pinched || Boolean(drag && drag.moved);
  drag = undefined;
  pane.classList.remove("dragged");
  // the finger that stays goes on dragging
  if (pinched && fingers.size === 1) startDrag([...fingers.values()][0], true);
}
window.addEventListener("pointerup", letGo);
window.addEventListener("pointercancel", letGo);
byId("zoom-in").addEventListener("click", () => zoom(1.3));
byId("zoom-out").addEventListener("click", () => zoom(1 / 1.3));
byId("fit").addEventListener("click", fit);
window.addEventListener("resize", () => {
  adaptPane();
  fit();
});

const allNests = [...nodes.keys()].filter(isNest);
for (const [id, open] of [["open-all", true], ["close-all", false]]) {
  byId(id).hidden = !allNests.length;
  byId(id).addEventListener("click", () => toggle(allNests, open));
}


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

function fit() {
  const { width, height } = room;
  view.scale = Math.min(1.5, width / size.width, height / size.height) || 1;
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

// Opens what a node is in, and brings it to the middle.
function reveal(node) {
  const boxes = [];
  for (let box = levelOf(node); box !== OUTSIDE; box = levelOf(box)) boxes.unshift(box);
  setOpen(boxes, true);
  center(node);
}

function center(node) {
  const { x, y } = placeOf(node);
  view.scale = Math.max(view.scale, 0.8);
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
window.addEventListener("resize", () => {
  adaptPane();
  fit();
});

const allNests = [...nodes.keys()].filter(isNest);
for (const [id, open] of [["open-all", true], ["close-all", false]]) {
  byId(id).hidden = !allNests.length;
  byId(id).addEventListener("click", () => toggle(allNests, open));
}


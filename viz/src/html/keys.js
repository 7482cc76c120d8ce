// Keys: from job to job, into nests and out of them.

function nearest(from, isMeant) {
  const here = placeOf(from);
  let best;
  for (const node of level(levelOf(from)).nodes) {
    if (node === from) continue;
    const there = placeOf(node);
    const [x, y] = [there.x - here.x, there.y - here.y];
    if (!isMeant(x, y)) continue;
    const distance = Math.hypot(x, y);
    if (!best || distance < best.distance) best = { node, distance };
  }
  return best && best.node;
}

// The first node of the level that an arrow key leads to: along an edge if there is one, else the nearest in sight.
const WAYS = {
  ArrowDown: (node) => edges.find(([a, b]) => a === node && b !== node)?.[1] ?? nearest(node, (x, y) => y > Math.abs(x)),
  ArrowUp: (node) => edges.find(([a, b]) => b === node && a !== node)?.[0] ?? nearest(node, (x, y) => -y > Math.abs(x)),
  ArrowLeft: (node) => nearest(node, (x, y) => -x > Math.abs(y)),
  ArrowRight: (node) => nearest(node, (x, y) => x > Math.abs(y)),
};

function goTo(node) {
  if (node === undefined) return;
  reveal(node);
  choose(node);
}

pane.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const way = WAYS[event.key];
  if (way && nodes.length) {
    event.preventDefault();
    const seen = representatives();
    goTo(chosen === undefined ? seen[0] : way(seen[chosen]));
  } else if (event.key === "Enter" && chosen !== undefined && isNest(chosen)) {
    event.preventDefault();
    toggle([chosen], !isOpen(chosen), chosen);
    if (isOpen(chosen)) goTo(level(chosen).nodes[0]);
    else choose(chosen);
  } else if (event.key === "Backspace" && chosen !== undefined && levelOf(chosen) !== OUTSIDE) {
    event.preventDefault();
    goTo(levelOf(chosen));
  }
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
window.addEventListener("beforeprint", fit);
fit();


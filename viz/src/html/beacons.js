// Where all is drawn small, rings say where jobs have failed: they have the same size at any scale.

const beacons = byId("beacons");
const SMALL = 0.16;
const MOST_BEACONS = 60;
let beaconsFor;

function drawBeacons() {
  const seen = representatives();
  if (beaconsFor === seen) return;
  beaconsFor = seen;
  const failed = [...nodes.keys()].filter((node) => nodes[node].job !== undefined && jobs[nodes[node].job].status === "failed");
  const places = [...new Set(failed.map((node) => seen[node]))];
  const circle = (node) => {
    const { x, y } = placeOf(node);
    return svgElement("circle", { cx: short(x), cy: short(y) });
  };
  beacons.replaceChildren(...(places.length > MOST_BEACONS ? [] : places.map(circle)));
}

moves.push(() => {
  const isSmall = view.scale < SMALL;
  if (isSmall) {
    drawBeacons();
    beacons.style.setProperty("--scale", view.scale);
  }
  if (beacons.hasAttribute("hidden") === isSmall) beacons.toggleAttribute("hidden", !isSmall);
});

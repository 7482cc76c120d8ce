// Search, the statuses that there are, and the critical path.

const search = byId("search");
let matches;
let at = -1;
let pressed;
let showsWay = false;

// What is lit while nothing is hovered: what was found, a status, the critical path, or what belongs to what is chosen.
function relight() {
  if (matches) lightOnly(matches);
  else if (pressed) lightOnly([...nodes.keys()].filter((node) => statusOfNode(nodes[node]) === pressed));
  else if (showsWay) lightOnly((data.critical || []).map((job) => nodeOfJob.get(job)));
  else if (chosen !== undefined) light(chosen);
  else unlight();
}

// A part of a name, or `is:` and a status; several words must all be true.
const lowered = nodes.map((node) => node.name.toLowerCase());
function find() {
  const words = search.value.trim().toLowerCase().split(/\s+(?=is:)|(?<=is:\S+)\s+/).filter(Boolean);
  const tests = words.map((word) => {
    const status = word.startsWith("is:") ? word.slice(3).replaceAll("-", " ") : undefined;
    if (status !== undefined) return (node) => status !== "" && (statusOfNode(nodes[node]) || "").startsWith(status);
    return (node) => lowered[node].includes(word);
  });
  at = -1;
  matches = words.length ? [...nodes.keys()].filter((node) => tests.every((test) => test(node))) : undefined;
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
  reveal(matches[at]);
  choose(matches[at]);
});

byId("heading").textContent = `${data.total} ${data.total === 1 ? "job" : "jobs"}` +
  (data.elapsed === undefined ? "" : ` in ${duration(data.elapsed)}`) + (data.dryRun ? ", dry run" : "");
if (data.word) {
  byId("word").hidden = false;
  byId("word").textContent = data.word;
}

const counted = data.counts || data.statuses.map((status) => ({
  status: status.name,
  count: jobs.filter((job) => job.status === status.name && !job.group).length,
}));
for (const { status: name, count } of counted) {
  if (!count) continue;
  const chip = badge("button", statusOf(name), `${count} ${name}`);
  chip.type = "button";
  chip.setAttribute("aria-pressed", "false");
  chip.addEventListener("click", () => {
    pressed = pressed === name ? undefined : name;
    for (const other of byId("chips").children) other.setAttribute("aria-pressed", String(other === chip && pressed !== undefined));
    relight();
  });
  byId("chips").append(chip);
}

byId("way").hidden = !(data.critical || []).length;
byId("way").addEventListener("click", () => {
  showsWay = !showsWay;
  byId("way").setAttribute("aria-pressed", String(showsWay));
  relight();
});


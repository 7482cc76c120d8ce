// Does what a person would do with the page, and writes down what it sees.

addEventListener("load", () => {
  const seen = {};
  const named = (name) => [...document.querySelectorAll(".node")].find((node) => node.querySelector("title").textContent === name);
  const lit = () => [...document.querySelectorAll(".node.on")].map((node) => node.querySelector("title").textContent).sort().join();
  const search = document.getElementById("search");
  const type = (text) => { search.value = text; search.dispatchEvent(new Event("input")); };
  try {
    type("pa");
    seen.found = lit() + " " + document.getElementById("found").textContent;
    type("");
    named("paint").dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
    seen.hovered = lit();
    named("paint").dispatchEvent(new MouseEvent("click", { bubbles: true }));
    seen.error = document.getElementById("error").textContent;
    seen.phases = document.querySelectorAll("#phases tr").length - 1;
    named("move in").dispatchEvent(new MouseEvent("click", { bubbles: true }));
    seen.causes = document.getElementById("causes").textContent;
    seen.bars = document.querySelectorAll("#timeline *").length > 5;
    seen.slowest = document.querySelectorAll("#slowest tbody tr").length;
  } catch (error) {
    wrong.push(String(error));
  }
  seen.injected = document.title === "injected";
  seen.wrong = wrong.join("; ");
  const result = document.createElement("pre");
  result.id = "seen";
  result.textContent = Object.entries(seen).map((pair) => pair.join(": ")).join("\n");
  document.body.append(result);
});

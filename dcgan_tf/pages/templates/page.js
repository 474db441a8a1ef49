// Draws a report, or a live page, from its JSON: see dcgan_tf/pages/report.py and page.py.
"use strict";

const EVERY_MS = 2000; // a live page looks for what is new
const FRAME_MS = 300; // of the player
// Classes of which a confusion matrix has numbers, and names; a cell's tooltip has both.
const MOST_NUMBERED = 20, MOST_NAMED = 60;
const MOST_CONFUSIONS = 10; // the largest, which a matrix without numbers has beside it
// Seconds without news until a run is called silent: an evaluation takes minutes, and before
// the first log entry nothing tells how long one takes.
const LEAST_SILENCE = 600, UNKNOWN_SILENCE = 1800;
const count = (number) => number.toLocaleString("en");
let written = null; // what is shown was

// Shows the JSON of a page; live.js calls it, every EVERY_MS.
async function show(page) {
  showHeader(page);
  if (page.written === written) return;
  written = page.written;
  const sections = page.live ? [notices, pictures]
    : [pictures, notices, curves, figures, classes, settings];
  const main = make("main", page.live ? "live" : {}, sections.flatMap((section) => section(page)));
  // The old images stay until the new ones are there.
  await Promise.all([...main.querySelectorAll("img")].map((image) => image.decode().catch(() => null)));
  for (const image of main.querySelectorAll(".frames img")) {
    const ratio = image.naturalWidth / image.naturalHeight || 1;
    image.closest("figure").style.setProperty("--ratio", ratio);
    image.closest("figure").classList.add(ratio > 1.4 ? "broad" : ratio > 0.6 ? "square" : "tall");
  }
  document.querySelector("main").replaceWith(main);
  turnTitles();
}

// Titles that are wider than their columns run upwards.
function turnTitles() {
  for (const titles of document.querySelectorAll(".titles")) {
    titles.classList.remove("long");
    const wider = [...titles.children].some((title) => title.scrollWidth > title.clientWidth);
    titles.classList.toggle("long", wider);
  }
}
addEventListener("resize", turnTitles);

const head = (text) => make("h2", {}, text);
const isSeveral = (page) => page.runs.length > 1;

// --- What a run is, and how it stands

function showHeader({ runs, live, written }) {
  const name = runs.map((run) => run.name).join(" and ");
  const state = live && silentState(live, Date.now() / 1000 - written);
  document.title = live ? `${unitsOf(live).join("/")} ${name}` : `${name}: report`;
  document.querySelector("header").replaceChildren(
    make("h1", {}, name),
    ...runs.map((run, number) => make("p", "subject",
      runs.length > 1 ? make("span", { class: "swatch", style: `background: ${colour(number)}` }) : null,
      (runs.length > 1 ? `${run.name}: ` : "") + run.subject,
      live ? make("span", `state ${state}`, state) : null)),
    ...(live ? [
      make("progress", { value: live.step, max: live.end, "aria-label": "steps done" }),
      make("p", { class: "muted", id: "place" }, placeText(live, state, Date.now() / 1000 - written)),
    ] : []));
}

// The epochs, or steps, that are completed, and all of them.
const unitsOf = (live) => [live.step, live.end].map((step) => Math.floor(step / live.per_unit));

// "silent" for "training" where a run has said nothing for long.
function silentState(live, seconds) {
  const limit = live.pace
    ? Math.max(3 * live.pace * live.log_every, LEAST_SILENCE) : UNKNOWN_SILENCE;
  return live.state === "training" && seconds > limit ? "silent" : live.state;
}

function placeText(live, state, seconds) {
  const parts = [`${live.unit} ${unitsOf(live).map(count).join(" of ")}`];
  if (live.unit !== "step") parts.push(`step ${count(live.step)}`);
  if (state === "silent") {
    parts.push(`no news for ${duration(seconds)}` + (live.pace
      ? `, though a log entry takes about ${duration(live.pace * live.log_every)}: the process may have been killed`
      : ": the process may have been killed, or its first log entry takes long"));
  } else if (state === "training") {
    const left = live.pace * (live.end - live.step) - seconds;
    parts.push(live.pace === null
      ? `started ${duration(seconds)} ago, waiting for the first log entry`
      : `about ${duration(Math.max(left, 0))} left`);
  } else if (state === "stopped") {
    parts.push("the same command goes on from its checkpoint");
  }
  if (live.message) parts.push(live.message);
  return parts.join(" · ");
}

function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function notices(page) {
  return page.runs.flatMap((run) => [["Warnings", "", run.warnings], ["Missing", "quiet", run.missing]]
    .filter(([, , lines]) => lines.length)
    .map(([title, kind, lines]) => make("div", `card notice ${kind}`,
      make("h3", {}, isSeveral(page) ? `${run.name}: ${title.toLowerCase()}` : title),
      make("ul", {}, lines.map((line) => make("li", {}, line))))));
}

function tiles(page) {
  if (!page.table) return null;
  const real = page.table.references.indexOf("real training");
  return make("div", "tiles", page.table.rows.filter((row) => row.is_tile).map((row) =>
    make("div", "card tile", make("b", {}, row.cells[0]), row.title,
      make("div", "muted", `real images: ${row.references[real] ?? "-"}`))));
}

// --- Images, and what stands beside them

function pictures(page) {
  const cards = page.runs.filter((run) => run.frames.length).map((run) => frameCard(run, page));
  if (page.live) return [make("div", "grid", cards, charts(page))];
  if (!isSeveral(page)) {
    return [make("div", "beside", cards, make("div", {}, tiles(page), facts(page, page.facts)))];
  }
  const differing = page.settings.filter((row) => row.differs).map((row) => ({ ...row, help: "" }));
  return [
    ...(cards.length ? [head("Images"), make("div", "wide grid", cards)] : []),
    head("What was trained"), facts(page, page.facts),
    ...(differing.length
      ? [head("Settings that differ"), make("div", "card", settingsTable(page, differing))] : []),
  ];
}

function frameCard(run, page) {
  const last = run.frames.length - 1;
  const image = make("img");
  const output = make("output");
  const button = make("button", { type: "button" }, "Play");
  const slider = make("input", { type: "range", min: 0, max: last, "aria-label": "frame" });
  const go = (number) => {
    const frame = run.frames[number];
    slider.value = number;
    image.src = frame.image;
    image.alt = `images of the generator, ${frame.caption}`;
    output.textContent = frame.caption;
  };
  let timer = null;
  const stop = () => {
    timer = clearInterval(timer);
    button.textContent = "Play";
  };
  slider.oninput = () => { stop(); go(+slider.value); };
  button.onclick = () => {
    if (timer) return stop();
    if (+slider.value === last) go(0);
    button.textContent = "Pause";
    timer = setInterval(() => {
      go(+slider.value + 1);
      if (+slider.value === last) stop();
    }, FRAME_MS);
  };
  slider.hidden = button.hidden = !last;
  go(last);
  const titles = run.real ? [...run.titles, ...run.titles] : run.titles;
  return make("figure", "card frames",
    isSeveral(page) ? make("h3", {}, run.name) : null,
    make("div", "sheet",
      make("div", "titles", titles.map((title) => make("span", { title }, title))),
      image),
    make("div", "controls", button, slider, output),
    make("figcaption", {}, "Always the same latents" +
      (run.titles.length ? ": a column for each class, a row for each latent vector." : ".") +
      (run.real ? " On the right real images." : "")));
}

// Rows of a name and a value for each run; of a value that is a list each line is a command.
function facts(page, facts) {
  const value = (held) => Array.isArray(held) ? held.map((line) => make("pre", {}, line)) : held;
  const rows = facts.filter(([, values]) => values.some((held) => held.length));
  return make("div", "card scroll", make("table", "facts",
    isSeveral(page) ? runNames(page) : null,
    make("tbody", {}, rows.map(([name, values]) => make("tr", {},
      make("th", { scope: "row" }, name), values.map((held) => make("td", {}, value(held))))))));
}

const runNames = (page, ...more) => make("thead", {}, make("tr", {}, make("td"),
  page.runs.map((run) => make("th", { scope: "col" }, run.name)), more));

function settingsTable(page, rows) {
  return make("div", "scroll", make("table", {},
    isSeveral(page) ? runNames(page) : null,
    make("tbody", {}, rows.map(({ name, values, help }) => make("tr", {},
      make("th", { scope: "row" }, make("code", {}, name)),
      values.map((value) => make("td", {}, value)),
      help ? make("td", "meaning", help) : null)))));
}

// --- Curves and figures

const charts = (page) => page.charts.map((chart) => chartCard(chart, page.runs));

function curves(page) {
  if (!page.charts.length) return [];
  return [head(`Curves over the ${page.charts[0].unit}s`), make("div", "grid", charts(page))];
}

function figures({ table }) {
  if (!table) return [];
  const column = (kind) => (name) => make("th", { class: kind, scope: "col" }, name);
  return [head("Figures of the evaluation"), make("div", "card",
    make("div", "scroll", make("table", "figures",
      make("thead", {}, make("tr", {}, make("td"), table.columns.map(column("number")),
        table.references.map(column("number reference")), column("")("what it means"))),
      make("tbody", {}, table.rows.map((row) => make("tr", {},
        make("th", { scope: "row" }, row.title),
        row.cells.map((cell, number) =>
          make("td", "number", number === row.best ? make("b", {}, cell) : cell)),
        row.references.map((cell) => make("td", "number reference", cell)),
        make("td", "meaning", row.meaning)))))),
    make("p", "muted", "↑ higher is better, ↓ lower is better." +
      (table.rows.some((row) => row.best !== null) ? " Bold: the best." : "")),
    make("p", "muted", table.compared ?
      `${count(table.compared.images)} images, compared with ${count(table.compared.test_images)} ` +
      `real test images of ${table.compared.dataset}. Real training images and memorised ones are ` +
      "measured in the same way: what can be reached, and what a generator without variety would get."
      : "The runs were measured with other images, other numbers of them, or one with the EMA of " +
      "its generator and one without: their figures do not compare."),
    table.notes.map((note) => make("p", "muted", note)))];
}

// --- Classes, copies, settings

function classes(page) {
  const title = (run, text) =>
    make("h3", {}, isSeveral(page) ? `${run.name}: ${text.toLowerCase()}` : text);
  const cards = page.runs.flatMap((run) => [
    run.confusion && make("figure", `card${many(run.confusion.names)}`,
      title(run, "Which class was requested, which one seen"),
      make("div", "matrix", make("div", "scroll", confusion(run.confusion)),
        largestConfusions(run.confusion)),
      make("figcaption", {}, "Row: the requested class. Column: the class that the classifier " +
        "sees. In % of the row; blue is right, orange is wrong.")),
    run.nearest && make("figure", `card${many(run.nearest.distances)}`,
      title(run, "Nearest training images"),
      make("div", "scroll", make("div", { style: `min-width: ${2 * run.nearest.distances.length}rem` },
        make("div", "titles", run.nearest.labels.map((label) => make("span", { title: label }, label))),
        make("img", { src: run.nearest.image, alt: "generated images over their nearest training images" }),
        make("div", "pairs", run.nearest.distances.map((distance) => make("span", {}, distance.toFixed(1)))))),
      make("figcaption", {}, "Above: the generated images that are nearest to a training image" +
        (run.nearest.labels.length ? ", each of another class" : "") + ". Below: that training image. " +
        "Numbers: the distance, in grey levels of 255." + nearCopies(run.nearest))),
  ]).filter(Boolean);
  return cards.length ? [head("Classes and copies"), make("div", "wide grid", cards)] : [];
}

function nearCopies({ near_copies: share, near_copy_distance: distance }) {
  if (share === null) return "";
  return ` ${(100 * share).toFixed(2)}% of the generated images are near copies: closer than ` +
    `${+distance.toPrecision(6)} grey levels, as 1% of real test images are.`;
}

const many = (items) => items.length > MOST_NUMBERED ? " broad" : "";

function confusion({ names, rows }) {
  const [numbered, named] = [MOST_NUMBERED, MOST_NAMED].map((most) => names.length <= most);
  const long = names.some((name) => name.length > 3);
  const cell = (share, row, column) => make("td", share ? {
    class: share > 0.4 ? "strong" : null,
    title: `${names[row]}, seen as ${names[column]}: ${valueText(share, true)}`,
    style: `background: color-mix(in srgb, ${colour(row === column ? 0 : 1)} ${100 * share ** 0.5}%, transparent)`,
  } : {}, numbered && share ? (share < 0.9995 ? (100 * share).toFixed(1) : "100") : "");
  return make("table", `confusion${numbered ? "" : named ? " small" : " dense"}${long ? " long" : ""}`,
    named ? make("thead", {}, make("tr", {}, make("td"),
      names.map((name) => make("th", { scope: "col" }, name)))) : null,
    make("tbody", {}, shares(rows).map((row, number) =>
      make("tr", {}, named ? make("th", { scope: "row" }, names[number]) : null,
        row.map((share, column) => cell(share, number, column))))));
}

const shares = (rows) => rows.map((row) => {
  const sum = row.reduce((total, images) => total + images, 0) || 1;
  return row.map((images) => images / sum);
});

function largestConfusions({ names, rows }) {
  if (names.length <= MOST_NUMBERED) return null;
  const wrong = shares(rows).flatMap((row, requested) => row
    .map((share, seen) => ({ share, requested, seen }))
    .filter(({ share, seen }) => share && seen !== requested));
  const largest = wrong.sort((a, b) => b.share - a.share).slice(0, MOST_CONFUSIONS);
  return make("div", {}, make("b", {}, "The largest confusions"), make("ol", {},
    largest.map(({ share, requested, seen }) => make("li", {},
      `${names[requested]}, seen as ${names[seen]}: ${valueText(share, true)}`))));
}

function settings(page) {
  return [
    make("details", "card", make("summary", {}, "All settings"), settingsTable(page, page.settings)),
    head("Machine"), facts(page, page.machine),
    make("footer", "muted", page.footer),
  ];
}

function load(script) { // a page that is opened as a file may load no data but by a script
  const element = make("script", { src: `${script}?${Date.now()}` });
  element.onload = element.onerror = () => {
    element.remove();
    setTimeout(load, EVERY_MS, script);
  };
  document.head.append(element);
}

const given = JSON.parse(document.getElementById("data").textContent);
if (given.script) {
  document.querySelector("header").append(make("p", "muted",
    `This page reads ${given.script} beside it, which a run writes.`));
  load(given.script);
} else {
  show(given);
}

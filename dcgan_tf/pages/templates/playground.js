// The three parts of the page: what a user chooses in them, and which pictures follow.
"use strict";

const MOST_PICTURES = 100;
const REACH = 3; // of the pad and the sliders, each way, in standard deviations of the latents
const MAP = 2 * REACH + 1; // pictures of the map, each way
const STAGES = 7; // pictures in the strip
const SEEDS = 1000000;

const start = page.digits && page.classes === 10 ? [2, 0, 2, 6]
  : Array.from({ length: Math.min(6, Math.max(1, page.names.length)) }, (_, number) => number);
const state = {
  seed: 1,
  chosen: start, // classes, `copies` pictures of each
  copies: Math.floor(6 / start.length),
  classes: [], // of the pictures
  truncation: 1, // which the latents are multiplied by
  shift: new Array(page.direction_count).fill(0), // in standard deviations of the latents
  between: 0.5,
  ends: [{ seed: 1, class: start[0] }, { seed: 2, class: start[1] ?? 0 }],
};

const truncated = (...given) => sampleLatents(...given).map((value) => state.truncation * value);

// The latents of a picture in the row, moved along the directions of its class.
function shownLatents(index, shift = state.shift) {
  const latents = truncated(state.seed, byId("shared").checked ? 0 : index);
  const deviation = page.latent_prior === "normal" ? 1 : 1 / Math.sqrt(3);
  let at = (state.classes[index] ?? 0) * page.direction_count * page.latent_dim;
  at %= directions.length; // where all classes have the same
  for (const by of shift) {
    latents.forEach((_, i) => (latents[i] += deviation * by * directions[at + i]));
    at += page.latent_dim;
  }
  return latents;
}

// --- Draw

let pictures = [];

function showPictures() {
  for (const picture of pictures) waiting.now.delete(picture.draw);
  const count = state.chosen.length * state.copies;
  state.classes = Array.from({ length: Math.min(count, MOST_PICTURES) },
    (_, index) => state.chosen[Math.floor(index / state.copies)]);
  pictures = state.classes.map((number, index) => makePicture(
    () => shownLatents(index), () => classWeights(number), page.names[number] ?? "",
    () => `picture-${index + 1}-seed-${state.seed}`));
  byId("pictures").replaceChildren(...pictures.map((picture) => picture.figure));
  byId("pictures").style.setProperty("--columns", columnCount());
  byId("pictures").classList.toggle("many", pictures.length > 4);
  byId("save").disabled = !pictures.length;
  byId("dropped").textContent = count > MOST_PICTURES
    ? `The first ${MOST_PICTURES} of ${count} pictures are shown.` : "";
  redrawAll();
}

// A row for each class, where there are several pictures of each.
function columnCount() {
  if (state.chosen.length > 1 && state.copies > 1) return Math.min(state.copies, 10);
  return Math.min(pictures.length, pictures.length > 24 ? 10 : 6);
}

function redrawAll() {
  redraw(pictures.map((picture) => picture.draw));
  redrawSteered();
  redraw(mapDrawings, waiting.later);
}

function setSeed(seed) {
  state.seed = seed;
  byId("seed").value = seed;
  redrawAll();
}

const randomSeed = () => Math.floor(Math.random() * SEEDS);

function choose(classes) {
  state.chosen = classes;
  byId("text").value = classes.join("");
  showPictures();
}

function setUpDraw() {
  document.title = `Playground: ${page.title}`;
  byId("title").textContent = page.title;
  byId("latent_dim").textContent = page.latent_dim;
  document.body.classList.toggle("unconditional", !page.names.length);
  byId("text-field").hidden = !page.digits;
  if (!page.names.length) byId("copies-title").textContent = "Pictures";
  byId("copies").value = state.copies;
  byId("copies").addEventListener("input", () => {
    state.copies = Math.max(1, Math.floor(byId("copies").valueAsNumber) || 1);
    showPictures();
  });
  byId("text").addEventListener("input", () => {
    const typed = [...byId("text").value];
    choose(typed.filter((digit) => page.names.includes(digit)).map(Number));
  });
  page.names.forEach((name, number) => {
    if (page.digits) return;
    const chip = element(byId("chips"), "button", name);
    chip.addEventListener("click", () => choose([...state.chosen, number]));
  });
  byId("remove").addEventListener("click", () => choose(state.chosen.slice(0, -1)));
  byId("clear").addEventListener("click", () => choose([]));
  byId("save").addEventListener("click", () => savePng(pictures, columnCount(), `pictures-seed-${state.seed}`));
  byId("truncation").addEventListener("input", () => {
    state.truncation = byId("truncation").valueAsNumber;
    byId("times").textContent = state.truncation;
    redrawAll();
    redrawMorph();
  });
  byId("new-latents").addEventListener("click", () => setSeed(randomSeed()));
  byId("seed").addEventListener("input", () => {
    const seed = byId("seed").valueAsNumber;
    if (seed >= 0 && seed < SEEDS) {
      state.seed = Math.floor(seed);
      redrawAll();
    }
  });
  byId("shared").addEventListener("change", redrawAll);
}

// --- Steer

const firstWeights = () => classWeights(state.classes[0] ?? 0);
const drawSteered = () => paint(byId("steered"), shownLatents(0), firstWeights());
const mapDrawings = Array.from({ length: MAP * MAP }, (_, i) => () => {
  const [column, row] = [i % MAP, Math.floor(i / MAP)];
  const shift = [column - REACH, REACH - row, ...state.shift.slice(2)];
  paint(byId("map"), shownLatents(0, shift), firstWeights(), column * width, row * height);
});

function redrawSteered() {
  redraw([drawSteered]);
  const [x, y] = state.shift;
  byId("dot").style.left = `${(100 * (x + MAP / 2)) / MAP}%`;
  byId("dot").style.top = `${(100 * (MAP / 2 - y)) / MAP}%`;
  byId("pad").setAttribute("aria-valuenow", x.toFixed(1));
  byId("pad").setAttribute("aria-valuetext", `${x.toFixed(1)} across, ${y.toFixed(1)} up`);
}

// Moves along some directions, by number; the map is of the first two alone.
function steer(changes) {
  for (const [direction, value] of Object.entries(changes)) {
    state.shift[direction] = Math.max(-REACH, Math.min(REACH, value));
  }
  redraw(pictures.map((picture) => picture.draw));
  redrawSteered();
  if (Object.keys(changes).some((direction) => direction > 1)) {
    redraw(mapDrawings, waiting.later);
  }
}

// Calls move(x, y), both in [0, 1] from the left and from the top, while a pointer is down.
function onDrag(target, move) {
  const follow = (event) => {
    const box = target.getBoundingClientRect();
    const share = (value) => Math.max(0, Math.min(1, value));
    move(share((event.clientX - box.left) / box.width), share((event.clientY - box.top) / box.height));
  };
  target.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    target.setPointerCapture(event.pointerId);
    follow(event);
  });
  target.addEventListener("pointermove", (event) => {
    if (target.hasPointerCapture(event.pointerId)) follow(event);
  });
}

function setUpSteer() {
  sized(byId("map"), MAP, MAP);
  sized(byId("steered"));
  onDrag(byId("pad"), (x, y) => steer({ 0: MAP * (x - 0.5), 1: MAP * (0.5 - y) }));
  byId("pad").setAttribute("aria-valuemin", -REACH);
  byId("pad").setAttribute("aria-valuemax", REACH);
  const keys = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 1], ArrowDown: [1, -1] };
  byId("pad").addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    const [direction, sign] = keys[event.key];
    steer({ [direction]: state.shift[direction] + 0.2 * sign });
  });
  const sliders = state.shift.slice(2).map((_, i) => {
    const label = element(byId("sliders"), "label", `Direction ${i + 3}`);
    const slider = element(label, "input");
    Object.assign(slider, { type: "range", min: -REACH, max: REACH, step: 0.1, value: 0 });
    slider.addEventListener("input", () => steer({ [i + 2]: slider.valueAsNumber }));
    return slider;
  });
  byId("centre").addEventListener("click", () => {
    sliders.forEach((slider) => (slider.value = 0));
    steer(state.shift.map(() => 0));
  });
}

// --- Morph

function morphInputs(share) {
  const [from, to] = state.ends;
  const seeds = [from.seed, byId("same-latents").checked ? from.seed : to.seed];
  const [start, end] = seeds.map((seed) => truncated(seed));
  return [betweenLatents(start, end, share), classWeights(from.class, to.class, share)];
}

const stageDrawings = Array.from({ length: STAGES }, (_, i) => () =>
  paint(byId("stages"), ...morphInputs(i / (STAGES - 1)), i * width, 0));
const morphed = makePicture(() => morphInputs(state.between)[0], () => morphInputs(state.between)[1], "",
  () => "morph");

function setBetween(share) {
  state.between = share;
  byId("between").value = 100 * share;
  // The middles of the first and of the last picture are the ends.
  byId("mark").style.left = `${(100 * (0.5 + share * (STAGES - 1))) / STAGES}%`;
  redraw([morphed.draw]);
}

function redrawMorph() {
  byId("to-latents").hidden = byId("same-latents").checked;
  redraw([morphed.draw]);
  redraw(stageDrawings, waiting.later);
}

function setUpMorph() {
  sized(byId("stages"), STAGES);
  byId("between-picture").append(morphed.figure);
  byId("same-latents").checked = page.names.length > 1;
  byId("same-latents").addEventListener("change", redrawMorph);
  ["from", "to"].forEach((name, i) => {
    const select = byId(`${name}-class`);
    page.names.forEach((text, number) => select.add(new Option(text, number)));
    select.value = state.ends[i].class;
    select.addEventListener("change", () => {
      state.ends[i].class = Number(select.value);
      redrawMorph();
    });
    byId(`${name}-latents`).addEventListener("click", () => {
      state.ends[i].seed = randomSeed();
      redrawMorph();
    });
  });
  onDrag(byId("strip"), (x) => {
    setBetween(Math.max(0, Math.min(1, (x * STAGES - 0.5) / (STAGES - 1))));
  });
  byId("between").addEventListener("input", () => setBetween(byId("between").valueAsNumber / 100));
  setBetween(state.between);
  redrawMorph();
}

setUpDraw();
setUpSteer();
byId("seed").value = state.seed;
choose(start);
setUpMorph();

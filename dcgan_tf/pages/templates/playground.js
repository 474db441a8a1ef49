// The three parts of the page: what a user chooses in them, and which pictures follow.
"use strict";

const MOST_PICTURES = 12;
const REACH = 3; // of the pad and the sliders, each way, in standard deviations of the noise
const MAP = 2 * REACH + 1; // pictures of the map, each way
const STAGES = 7; // pictures in the strip
const SEEDS = 1000000;

const start = page.digits && page.classes === 10 ? [2, 0, 2, 6]
  : Array.from({ length: 6 }, (_, number) => number % Math.max(1, page.names.length));
const state = {
  seed: 1,
  classes: start,
  shift: new Array(page.direction_count).fill(0), // in standard deviations of the noise
  between: 0.5,
  ends: [{ seed: 1, class: start[0] }, { seed: 2, class: start[1] ?? 0 }],
};

// The latents of a picture in the row, moved along the directions of its class.
function shownLatents(index, shift = state.shift) {
  const latents = sampleLatents(state.seed, byId("shared").checked ? 0 : index);
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
  pictures = state.classes.map((number, index) =>
    makePicture(() => shownLatents(index), () => classWeights(number), page.names[number] ?? ""));
  byId("pictures").replaceChildren(...pictures.map((picture) => picture.figure));
  byId("pictures").style.setProperty("--columns", Math.min(pictures.length, 6));
  byId("pictures").classList.toggle("many", pictures.length > 4);
  redrawAll();
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

function chooseClasses(classes) {
  state.classes = classes.slice(-MOST_PICTURES);
  showPictures();
}

function setUpDraw() {
  document.title = `Playground: ${page.title}`;
  byId("title").textContent = page.title;
  byId("latent_dim").textContent = page.latent_dim;
  document.body.classList.toggle("unconditional", !page.names.length);
  byId("text-field").hidden = !page.digits;
  byId("choice").hidden = page.digits || !page.names.length;
  byId("text").maxLength = MOST_PICTURES;
  byId("text").value = state.classes.join("");
  byId("text").addEventListener("input", () => {
    const known = [...byId("text").value].filter((digit) => page.names.includes(digit));
    chooseClasses(known.map(Number));
  });
  page.names.forEach((name, number) => {
    if (page.digits) return;
    const chip = element(byId("chips"), "button", name);
    chip.addEventListener("click", () => chooseClasses([...state.classes, number]));
  });
  byId("remove").addEventListener("click", () => chooseClasses(state.classes.slice(0, -1)));
  byId("new-noise").addEventListener("click", () => setSeed(randomSeed()));
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
  const seeds = [from.seed, byId("one-noise").checked ? from.seed : to.seed];
  const [start, end] = seeds.map((seed) => sampleLatents(seed));
  return [betweenLatents(start, end, share), classWeights(from.class, to.class, share)];
}

const stageDrawings = Array.from({ length: STAGES }, (_, i) => () =>
  paint(byId("stages"), ...morphInputs(i / (STAGES - 1)), i * width, 0));
const morphed = makePicture(() => morphInputs(state.between)[0], () => morphInputs(state.between)[1], "");

function setBetween(share) {
  state.between = share;
  byId("between").value = 100 * share;
  // The middles of the first and of the last picture are the ends.
  byId("mark").style.left = `${(100 * (0.5 + share * (STAGES - 1))) / STAGES}%`;
  redraw([morphed.draw]);
}

function redrawMorph() {
  byId("to-noise").hidden = byId("one-noise").checked;
  redraw([morphed.draw]);
  redraw(stageDrawings, waiting.later);
}

function setUpMorph() {
  sized(byId("stages"), STAGES);
  byId("between-picture").append(morphed.figure);
  byId("one-noise").checked = page.names.length > 1;
  byId("one-noise").addEventListener("change", redrawMorph);
  ["from", "to"].forEach((name, i) => {
    const select = byId(`${name}-class`);
    page.names.forEach((text, number) => select.add(new Option(text, number)));
    select.value = state.ends[i].class;
    select.addEventListener("change", () => {
      state.ends[i].class = Number(select.value);
      redrawMorph();
    });
    byId(`${name}-noise`).addEventListener("click", () => {
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
showPictures();
setUpMorph();

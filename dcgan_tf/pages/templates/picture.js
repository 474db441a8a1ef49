// Latents, class weights, and pictures that a network draws of them.
"use strict";

const page = JSON.parse(document.getElementById("data").textContent);
const [height, width, channels] = page.shape;
document.body.classList.toggle("alpha", channels === 4);
const generate = makeNetwork(page.generator);
const directions = unpacked(page.directions); // [classes or 1, direction_count, latent_dim]

const FRAME_MS = 12; // to draw in, of the 16 that a frame of the screen has
const ENLARGED = 8; // times, in a file
const MOST_SIDE = 4096; // pixels of a file, which all browsers can make
const byId = (id) => document.getElementById(id);

// Uniform numbers in [0, 1) by a seed: mulberry32.
function uniformNumbers(seed) {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function sampleLatents(seed, index = 0) {
  const uniform = uniformNumbers(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b));
  const normal = () => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  };
  const one = page.latent_prior === "normal" ? normal : () => 2 * uniform() - 1;
  return Float32Array.from({ length: page.latent_dim }, one);
}

// Normal latents lie near a sphere, and so do those between; uniform ones lie in a cube.
function betweenLatents(from, to, share) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  const cosine = dot(from, to) / Math.sqrt(dot(from, from) * dot(to, to));
  const angle = Math.acos(Math.max(-1, Math.min(1, cosine)));
  let [p, q] = [1 - share, share];
  if (page.latent_prior === "normal" && Math.sin(angle) > 1e-3) {
    [p, q] = [p, q].map((part) => Math.sin(part * angle) / Math.sin(angle));
  }
  return from.map((value, i) => p * value + q * to[i]);
}

function classWeights(from, to = from, share = 0) {
  const weights = new Float32Array(page.classes);
  weights[from] += 1 - share;
  weights[to] += share;
  return weights;
}

// What has changed is drawn in the next frames, the oldest change first.
const waiting = { now: new Set(), later: new Set() };
let frame = 0;

function redraw(drawings, queue = waiting.now) {
  for (const draw of drawings) queue.add(draw);
  frame ||= requestAnimationFrame(drawWaiting);
}

function drawWaiting() {
  frame = 0; // first, so that an error in a drawing does not keep all others waiting
  const end = performance.now() + FRAME_MS;
  for (const queue of [waiting.now, waiting.later]) {
    for (const draw of queue) {
      queue.delete(draw);
      draw();
      if (performance.now() > end) {
        frame ||= requestAnimationFrame(drawWaiting);
        return;
      }
    }
  }
}

function paint(canvas, latents, weights, left = 0, top = 0) {
  const image = generate(latents, weights);
  const pixels = new ImageData(width, height);
  pixels.data.fill(255);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < Math.max(channels, 3); c++) {
      // In [-1, 1]; a clamped array rounds.
      pixels.data[4 * i + c] = (image[i * channels + Math.min(c, channels - 1)] + 1) * 127.5;
    }
  }
  canvas.getContext("2d").putImageData(pixels, left, top);
}

function sized(canvas, columns = 1, rows = 1) {
  canvas.width = columns * width;
  canvas.height = rows * height;
  return canvas;
}

// A picture on the page, which a click saves: {figure, canvas, draw}.
function makePicture(latents, weights, caption, fileName) {
  const figure = document.createElement("figure");
  const button = element(figure, "button");
  button.className = "picture";
  button.setAttribute("aria-label", `generated ${caption || "picture"}: save as PNG`);
  const canvas = sized(element(button, "canvas"));
  if (caption) element(figure, "figcaption", caption);
  const picture = { figure, canvas, draw: () => paint(canvas, latents(), weights()) };
  button.addEventListener("click", () => savePng([picture], 1, fileName()));
  return picture;
}

// Each pixel becomes ENLARGED squared, or fewer where a side would pass MOST_SIDE.
function savePng(pictures, columns, name) {
  const rows = Math.ceil(pictures.length / columns);
  const fitting = Math.floor(MOST_SIDE / Math.max(columns * width, rows * height));
  const times = Math.max(1, Math.min(ENLARGED, fitting));
  const sheet = sized(document.createElement("canvas"), times * columns, times * rows);
  const context = sheet.getContext("2d");
  context.imageSmoothingEnabled = false;
  pictures.forEach(({ canvas, draw }, i) => {
    draw(); // which may still wait
    const [left, top] = [(i % columns) * width, Math.floor(i / columns) * height];
    context.drawImage(canvas, ...[left, top, width, height].map((side) => times * side));
  });
  sheet.toBlob((blob) => {
    const link = document.createElement("a");
    Object.assign(link, { href: URL.createObjectURL(blob), download: `${name}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });
}

function element(parent, tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  parent.append(made);
  return made;
}

// Elements of a page, and a chart of curves over the epochs or steps.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 340, HEIGHT = 190;
const AREA = { left: 44, right: WIDTH - 8, top: 8, bottom: HEIGHT - 24 };
const COLOURS = 8; // in style.css
const DASHES = [null, "7 4", "2 3"];
const FEW_POINTS = 20; // of a curve; each has a dot
const WIDE = 30; // largest value over smallest: from there on an axis is logarithmic

// An element of a class, or with attributes.  Text is never read as HTML; null is left out.
function make(tag, given = {}, ...children) {
  const drawn = ["svg", "path", "circle", "text"].includes(tag);
  const made = drawn ? document.createElementNS(SVG, tag) : document.createElement(tag);
  const attributes = typeof given === "string" ? { class: given } : given;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null));
  return made;
}

const colour = (number) => `var(--s${(number % COLOURS) + 1})`;

// One run: a colour for each curve.  Several: a colour for each run, a dash for each curve.
function styleOf(curve, several) {
  const dash = several ? DASHES[curve.number % DASHES.length] : null;
  return { stroke: colour(several ? curve.run : curve.number), "stroke-dasharray": dash };
}

// {title, caption, unit, share, wide, curves: [{label, run, number, points, reference}]}
function chartCard(chart, runs) {
  const several = runs.length > 1;
  const values = chart.curves.flatMap((curve) => curve.points.map(([, value]) => value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const logarithmic = chart.wide && low > 0 && high > WIDE * low;
  const references = chart.curves.some((curve) => curve.reference !== null);
  return make("figure", "card chart",
    make("h3", {}, chart.title),
    make("div", "legend", chart.curves.map((curve) => make("span", {},
      make("svg", { viewBox: "0 0 22 8", "aria-hidden": true },
        make("path", { d: "M0 4H22", ...styleOf(curve, several) })),
      (several ? `${runs[curve.run].name}, ` : "") + `${curve.label} ` +
        valueText(curve.points.at(-1)[1], chart.share)))),
    drawing(chart, several, logarithmic),
    make("figcaption", {}, chart.caption + (logarithmic ? " Logarithmic axis." : "") +
      (references ? " Dotted: real training images." : "")));
}

function valueText(value, share) {
  return share ? `${(100 * value).toFixed(1)}%` : String(+value.toPrecision(3));
}

function drawing(chart, several, logarithmic) {
  const scale = logarithmic ? Math.log10 : (value) => value;
  const references = chart.curves.filter(
    ({ reference }) => reference !== null && !(logarithmic && reference <= 0));
  const points = chart.curves.flatMap((curve) => curve.points);
  const along = points.map(([place]) => place);
  const up = [...points.map(([, value]) => value), ...references.map((curve) => curve.reference)];
  const [first, last] = [Math.min(...along), Math.max(...along)];
  let [low, high] = chart.share ? [0, 1] : [Math.min(...up), Math.max(...up)];
  if (!chart.share && !logarithmic) {
    const room = (high - low || Math.abs(high) || 1) * 0.08;
    [low, high] = [low - room, high + room];
  }
  const x = (place) =>
    AREA.left + ((place - first) / (last - first || 1)) * (AREA.right - AREA.left);
  const y = (value) => AREA.bottom -
    ((scale(value) - scale(low)) / (scale(high) - scale(low) || 1)) * (AREA.bottom - AREA.top);
  const across = (value) => `M${AREA.left} ${y(value).toFixed(1)}H${AREA.right}`;
  const text = (at, top, anchor, content) =>
    make("text", { x: at, y: top, "text-anchor": anchor }, content);
  return make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": chart.title },
    (logarithmic ? powers(low, high) : ticks(low, high)).flatMap((value) => [
      make("path", { d: across(value), class: "gridline" }),
      text(AREA.left - 6, y(value) + 4, "end",
        chart.share ? `${Math.round(100 * value)}%` : String(+value.toPrecision(6))),
    ]),
    ticks(first, last, last - first >= 1).map((place) =>
      text(x(place), HEIGHT - 8, "middle", place.toLocaleString("en"))),
    text(2, HEIGHT - 8, "start", chart.unit),
    references.map((curve) => make("path", {
      d: across(curve.reference), stroke: styleOf(curve, several).stroke, class: "reference" })),
    chart.curves.flatMap((curve) => {
      const places = curve.points.map(([place, value]) => [x(place), y(value)]);
      const style = styleOf(curve, several);
      const dots = places.length > FEW_POINTS ? [] : places;
      return [
        make("path", { d: `M${places.map((at) => at.map((a) => a.toFixed(1))).join("L")}`, ...style }),
        ...dots.map(([cx, cy]) => make("circle", { cx, cy, r: 2.5, fill: style.stroke })),
      ];
    }));
}

// About five round numbers from low to high.
function ticks(low, high, whole = false) {
  let step = 10 ** Math.floor(Math.log10((high - low) / 3 || 1));
  step *= [1, 2, 5, 10].find((times) => (high - low) / (step * times) <= 5);
  if (whole) step = Math.max(1, Math.round(step));
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, number) => +((first + number) * step).toPrecision(10));
}

// 1 and 3 times the powers of ten.
function powers(low, high) {
  return Array.from({ length: 25 }, (_, number) => [1, 3].map((digit) => digit * 10 ** (number - 12)))
    .flat().filter((value) => low <= value && value <= high);
}

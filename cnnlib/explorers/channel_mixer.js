// The channels of a picture: turn each up and down, exchange them, lay the picture on a background.
import { ground, mixChannels, tensor } from "./core.js";
import { Board, Stage, gray, make, number } from "./view.js";

const NAMES = ["red", "green", "blue"];
const HINT = "Point at a pixel, or use the arrow keys, to read its numbers.";

const hex = (colour) => `#${colour.map((level) => Math.round(level).toString(16).padStart(2, "0")).join("")}`;
const levels = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));

function render({ model, el }) {
  const stage = new Stage(el, "Channel mixer", model);
  const shown = new Set(model.get("controls"));
  const setting = (name) => model.get(name);
  let image, index, below, mixed, place;

  // Boards: the picture before and after, its alpha, and its channels as grey images.

  const board = (title, cell) =>
    new Board(stage, { title, cell, least: 2, point: (row, column) => goTo([row, column]), help: HINT });
  const before = board("as it is");
  const opaque = board("alpha");
  const after = board("mixed");
  const channels = NAMES.map((name) => board(name));

  // Controls

  const change = (traits) => {
    stage.push(traits);
    update();
  };
  const setScale = (c, factor) => change({ scale: setting("scale").map((now, i) => (i === c ? factor : now)) });
  const sliders = NAMES.map((name, c) =>
    stage.slider(`${name} ×`, { min: 0, max: 2, step: 0.1, value: 1, change: (factor) => setScale(c, factor) }),
  );
  const switches = NAMES.map((name, c) =>
    stage.toggle(`show ${name}`, { value: true, change: (on) => setScale(c, on ? 1 : 0) }),
  );
  const order = stage.toggle("exchange red and blue", {
    value: false,
    change: (on) => change({ order: on ? "BGR" : "RGB" }),
  });
  const reset = stage.button("As it was", () => change({ scale: [1, 1, 1], order: "RGB" }));
  const opacity = stage.slider("opacity", { min: 0, max: 1, step: 0.05, value: 1, change: (value) => change({ opacity: value }) });
  const checks = stage.toggle("checkerboard", { value: false, change: (on) => change({ checkerboard: on }) });
  const picker = make("input", { type: "color" });
  stage.on(picker, "input", () => change({ background: levels(picker.value), checkerboard: false }));

  function goTo(next) {
    place = next;
    stage.push({ position: next });
    draw();
  }

  // What is computed and drawn

  function read() {
    image = tensor(setting("image"));
    const [height, width] = image.shape;
    // Boards hold one number per cell: the pixel's number, by which its colour is found.
    index = { shape: [height, width], data: Float64Array.from({ length: height * width }, (_, i) => i) };
    place = setting("position").map((at, axis) => Math.min(at, image.shape[axis] - 1));
    const large = Math.max(2, Math.min(10, Math.floor(320 / width)));
    for (const part of [before, opaque, after]) part.cell = image.shape[2] === 4 ? Math.min(7, large) : large;
    for (const part of channels) part.cell = Math.max(2, Math.floor(large / 2));
    opaque.figure.hidden = image.shape[2] !== 4;
  }

  function update() {
    const [height, width] = image.shape;
    const scale = setting("scale");
    const colour = setting("checkerboard") ? null : setting("background");
    below = ground(height, width, colour);
    mixed = mixChannels(image, scale, setting("order"), setting("opacity"), below);
    sliders.forEach((slider, c) => (slider.value = scale[c]));
    switches.forEach((toggle, c) => (toggle.value = scale[c] > 0));
    order.value = setting("order") === "BGR";
    opacity.value = setting("opacity");
    checks.value = setting("checkerboard");
    picker.value = hex(setting("background"));
    draw();
  }

  function draw() {
    const [, , depth] = image.shape;
    const window = { row: place[0] - 2, column: place[1] - 2, height: 5, width: 5 };
    const scale = setting("scale");
    const show = (part, colour, title) => {
      part.cursor = [...place];
      part.show({ values: index, colour, window, title });
    };
    const source = (i) => [0, 1, 2].map((c) => image.data[depth * i + c]);
    show(before, source, depth === 4 ? "the colours alone" : "as it is");
    show(after, (i) => [0, 1, 2].map((c) => mixed.data[3 * i + c]), depth === 4 ? "over the background" : "mixed");
    if (depth === 4) show(opaque, (i) => gray((setting("opacity") * image.data[4 * i + 3]) / 255), "alpha");
    if (shown.has("channels")) {
      channels.forEach((part, c) => show(part, (i) => gray((scale[c] * image.data[depth * i + c]) / 255)));
    }
    stage.say(`Row ${place[0]}, column ${place[1]}: ${sentence(place[0] * image.shape[1] + place[1])}.`);
  }

  /** The numbers of one pixel before and after, with the sum where it is a mixture. */
  function sentence(i) {
    const [, , depth] = image.shape;
    const scale = setting("scale");
    const old = [0, 1, 2].map((c) => image.data[depth * i + c]);
    const now = [0, 1, 2].map((c) => mixed.data[3 * i + c]);
    const named = (colour) => colour.map((level, c) => `${NAMES[c]} ${number(level)}`).join(", ");
    const share = setting("opacity") * (depth === 4 ? image.data[4 * i + 3] / 255 : 1);
    const stopped = NAMES.filter((_, c) => scale[c] * old[c] > 255);
    const limit = stopped.length ? `; ${stopped.join(" and ")} would pass 255 and stops there` : "";
    if (depth < 4 && share === 1) return `${named(old)} → ${named(now)}${limit}`;
    // The channel in which the background counts most is worked out, the others are only named.
    const behind = [0, 1, 2].map((c) => below.data[3 * i + c]);
    const c = behind.indexOf(Math.max(...behind));
    const from = setting("order") === "BGR" ? 2 - c : c;
    const colour = number(Math.min(255, scale[from] * old[from]));
    const alpha = depth === 4 ? image.data[4 * i + 3] / 255 : null;
    const factors = [["alpha", alpha], ["opacity", setting("opacity")]].filter(
      ([name, value]) => value !== null && !(name === "opacity" && alpha !== null && value === 1));
    const weights = factors.map(([name, value]) => `${name} ${number(value)}`).join(" · ");
    const others = [0, 1, 2].filter((other) => other !== c).map((other) => `${NAMES[other]} ${number(now[other])}`);
    const name = NAMES[c][0].toUpperCase() + NAMES[c].slice(1);
    return `${weights}${factors.length > 1 ? ` = ${number(share)}` : ""}. ${name} ${number(share)} · ${colour} + ` +
      `${number(1 - share)} · ${number(behind[c])} = ${number(now[c])}; ${others.join(", ")}${limit}`;
  }

  read();
  stage.row(before.figure, opaque.figure, after.figure).classList.add("cnx-top", "cnx-edge");
  stage.say("");
  if (shown.has("channels")) {
    stage.row(...NAMES.map((_, c) =>
      make("div", { className: "cnx-channel" }, channels[c].figure, switches[c].field, sliders[c].field),
    )).classList.add("cnx-top");
    stage.row(order.field, reset);
  }
  if (shown.has("alpha")) {
    stage.row(opacity.field, make("label", { className: "cnx-field" }, make("span", {}, "background"), picker), checks.field);
  }
  stage.pull(["image", "scale", "order", "opacity", "background", "checkerboard", "position"], () => {
    read();
    update();
  });
  update();
  return () => stage.ending.abort();
}

export default { render };

// Paint a kernel, see its response at every place of a picture, and where the response is largest.
import { argmax, lessMean, map, nested, plane, resized, responseMap, tensor, zeros } from "./core.js";
import { Board, Stage, gray, number, signed } from "./view.js";

const PRESETS = {
  circle: [[0, 1, 1, 1, 0], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [0, 1, 1, 1, 0]],
  X: [[1, -1, 1], [-1, 1, -1], [1, -1, 1]],
  blur: [[1, 2, 1], [2, 4, 2], [1, 2, 1]].map((row) => row.map((weight) => weight / 16)),
  sharpen: [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
  outline: [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
  "left to right": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
  "top to bottom": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
  "vertical line": [[-1, 2, -1], [-1, 2, -1], [-1, 2, -1]],
  "all 0": [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
};

const largest = ({ data }) => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;

function render({ model, el }) {
  const stage = new Stage(el, "Filter painter", model);
  const setting = (name) => model.get(name);
  const scene = setting("image");
  let image, kernel, used, response;
  let place = null; // the place looked at; the best one where it is null

  const change = (traits) => {
    stage.push(traits);
    place = null;
    update();
  };

  // Boards

  const picture = new Board(stage, {
    title: "picture",
    least: 3,
    press: (row, column) => paintPixel(row, column),
    help: "Press to paint. Keys: arrows move, Enter paints.",
  });
  const painted = new Board(stage, {
    title: "kernel",
    press: (row, column) => paintWeight(row, column),
    key: (key, row, column) => typed(key, row, column),
    help: "Press to paint. Keys: arrows move, Enter paints, + and − change the number.",
  });
  const centred = new Board(stage, { title: "less its mean" });
  const answers = new Board(stage, {
    title: "response",
    least: 3,
    point: (row, column) => lookAt([row, column]),
    help: "Point at a place, or use the arrow keys, to see its window.",
  });

  // A stroke paints one value from its first cell to its last; begun on that value, it takes it away.
  let stroke = null;
  stage.on(stage.root, "pointerup pointercancel keyup", () => (stroke = null));

  function paintPixel(row, column) {
    const at = row * image.shape[1] + column;
    stroke ??= image.data[at] === 255 ? 0 : 255;
    image.data[at] = stroke;
    change({ image: bytes(image) });
  }
  function paintWeight(row, column) {
    stroke ??= kernel.data[row * kernel.shape[1] + column] === brush.value ? 0 : brush.value;
    setWeight(row, column, stroke);
  }
  function setWeight(row, column, value) {
    kernel.data[row * kernel.shape[1] + column] = Math.max(-9, Math.min(9, value));
    change({ kernel: nested(kernel) });
    return true;
  }
  function typed(key, row, column) {
    const now = kernel.data[row * kernel.shape[1] + column];
    if (key === "+") return setWeight(row, column, Math.min(Math.max(now, 1), now + 0.5));
    if (key === "-") return setWeight(row, column, Math.max(Math.min(now, -1), now - 0.5));
    return key === "0" && setWeight(row, column, 0);
  }
  function lookAt(next) {
    place = next;
    draw();
  }

  // Controls

  const brush = stage.slider("paint with", { min: -1, max: 1, step: 0.5, value: 1, format: (value) => number(value), change: () => {} });
  const presets = stage.choice("kernel", {
    options: [["", "choose"], ...Object.keys(PRESETS).map((name) => [name, name])],
    value: "",
    change: (name) => name && change({ kernel: PRESETS[name] }),
  });
  const size = stage.slider("size", {
    min: 3,
    max: 5,
    value: 5,
    format: (value) => `${value} × ${value}`,
    change: (value) => change({ kernel: nested(resized(kernel, value)) }),
  });
  const digits = tensor(setting("digits"));
  const pictures = stage.choice("picture", {
    options: [["", "choose"], ["scene", "as at first"], ["photo", "photograph"], ["empty", "empty, to draw on"],
      ...Array.from({ length: digits.shape[0] }, (_, i) => [String(i), `digit ${i}`])],
    value: "",
    change: (name) => name && change({ image: chosen(name) }),
  });
  function chosen(name) {
    if (name === "scene") return scene;
    if (name === "photo") return setting("photo");
    return bytes(name === "empty" ? zeros([20, 20]) : plane(digits, Number(name)));
  }
  const centring = stage.toggle("subtract the kernel's mean", {
    value: setting("zero_sum"),
    change: (on) => change({ zero_sum: on }),
  });
  const light = stage.slider("add brightness", { min: 0, max: 1, step: 0.1, value: 0, change: (value) => change({ brightness: value }) });
  const best = stage.button("Best place", () => lookAt(null), "Go back to the largest response");

  // What is computed and drawn

  function read() {
    image = tensor(setting("image"));
    kernel = tensor(setting("kernel"));
  }

  function update() {
    read();
    used = setting("zero_sum") ? lessMean(kernel) : kernel;
    const brightness = setting("brightness");
    response = responseMap(map(image, (level) => level / 255 + brightness), used);
    size.value = Math.max(3, Math.min(5, kernel.shape[0]));
    centring.value = setting("zero_sum");
    light.value = brightness;
    draw();
  }

  function draw() {
    const [height, width] = image.shape;
    const [kH, kW] = kernel.shape;
    const [rows, columns] = response.shape;
    const cell = Math.max(3, Math.min(14, Math.floor(210 / Math.max(width, height))));
    const brightness = setting("brightness");
    const rounded = response.data.map((value) => Math.round(value * 1e9)); // rounding decides no tie
    const first = argmax(rounded);
    const [row, column] = place ?? [Math.floor(first / columns), first % columns];
    picture.cell = answers.cell = cell;
    picture.show({
      values: image,
      colour: (level) => gray(level / 255 + brightness),
      window: { row, column, height: kH, width: kW },
    });
    const weights = (board, values) => board.show({ values, colour: (value) => signed(value / largest(values) / 3), text: number });
    painted.cell = centred.cell = Math.floor(128 / Math.max(kH, kW));
    weights(painted, kernel);
    centred.figure.hidden = !setting("zero_sum");
    weights(centred, used);
    const scale = largest(response);
    answers.show({
      values: response,
      colour: (value) => signed(value / scale),
      window: { row, column, height: 1, width: 1 },
      title: `response ${rows} × ${columns}`,
    });
    const sum = Math.round(used.data.reduce((total, value) => total + value, 0) * 1e9) / 1e9;
    const flat = sum === 0
      ? "The kernel sums to 0, so flat patches give 0 at any brightness."
      : `The kernel sums to ${number(sum)}, so a flat patch of brightness 1 gives ${number(sum)}.`;
    const value = number(response.data[row * columns + column]);
    if (!place && response.data.every((answer) => answer === 0)) stage.say(`Every place responds 0. ${flat}`);
    else stage.say(`${place ? "Place" : "Best place"} at row ${row}, column ${column}: response ${value}. ${flat}`);
    best.disabled = !place;
  }

  stage.row(picture.figure, painted.figure, centred.figure, answers.figure).classList.add("cnx-top", "cnx-edge");
  stage.say("");
  stage.row(centring.field, light.field, best);
  stage.row(pictures.field, presets.field, size.field, brush.field);
  stage.pull(["image", "kernel", "zero_sum", "brightness"], () => {
    place = null;
    update();
  });
  update();
  return () => stage.ending.abort();
}

/** A tensor of whole numbers from 0 to 255 as Python receives it. */
function bytes({ shape, data }) {
  return { shape, dtype: "uint8", base64: btoa(String.fromCharCode(...data)) };
}

export default { render };

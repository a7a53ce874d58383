// Draw on a canvas, and a net says for every pixel what it belongs to.
import {
  brushed, forward, forwardAround, labelMap, map, packed, placed, plane, random, readNet, tensor, zeros,
} from "./core.js";
import { Board, Pad, Questions, Stage, make, gray, number, thousands } from "./view.js";

// Matplotlib's tab10, as in notebook 09; class 0 is none.
const PALETTE = [
  [0, 0, 0], [31, 119, 180], [255, 127, 14], [44, 160, 44], [214, 39, 40], [148, 103, 189], [140, 86, 75],
  [227, 119, 194], [127, 127, 127], [188, 189, 34], [23, 190, 207],
];
const NAMES = ["none", ..."0123456789"];
const BRUSH = 1.5; // strokes about as thick as those of a digit of 28 pixels

function render({ model, el }) {
  const stage = new Stage(el, "Segmentation brush", model);
  const [net] = model.get("nets").map(readNet);
  const examples = tensor(model.get("examples"));
  let drawing, image, outputs, found;

  const pad = new Pad(stage, {
    title: "draw here",
    cell: 4,
    stroke(from, to) {
      const before = drawing;
      drawing = brushed(drawing, from, to, BRUSH);
      draw(changed(before, drawing));
    },
    moved: () => look(),
  });
  const mask = new Board(stage, {
    title: "label map",
    cell: 4,
    least: 3,
    point: (row, column) => aboutPixel(row, column),
    help: "Point at a pixel to see its class and probability.",
  });
  const questions = new Questions(stage, () => update());

  /** The smallest window that holds all pixels in which two drawings differ. */
  function changed(before, after) {
    const [height, width] = after.shape;
    let [top, left, bottom, right] = [height, width, -1, -1];
    after.data.forEach((value, i) => {
      if (value === before.data[i]) return;
      const [row, column] = [Math.floor(i / width), i % width];
      [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
      [left, right] = [Math.min(left, column), Math.max(right, column)];
    });
    return { row: top, column: left, height: bottom - top + 1, width: right - left + 1 };
  }

  function draw(window = null) {
    const traits = { drawing: packed(drawing) };
    if (questions.open) questions.ask(traits);
    else stage.push(traits);
    update(window);
  }

  /** With a window: only what lies in it is new. */
  function update(window = null) {
    const { shape, data } = drawing;
    image = { shape: [1, ...shape], data: data.map((value) => value / 255) };
    if (window?.height === 0) return look();
    if (net) outputs = window && outputs ? forwardAround(net, image, outputs, window) : forward(net, image);
    found = net ? labelMap(outputs.at(-1)) : answer();
    show();
  }

  function answer() {
    const reply = model.get("_reply");
    return reply && !questions.waiting ? { labels: tensor(reply.labels), chances: tensor(reply.chances) } : null;
  }

  function look() {
    pad.board.show({
      values: drawing,
      colour: (value) => gray(value / 255),
      window: document.activeElement === pad.board.canvas && !pad.mouse
        ? { row: pad.board.cursor[0] - 1, column: pad.board.cursor[1] - 1, height: 3, width: 3 }
        : null,
      title: pad.down ? "draw here: brush down" : "draw here",
      cursor: false,
    });
  }

  const label = (i) => (found.chances.data[i] >= model.get("threshold") ? found.labels.data[i] : 0);

  function show() {
    look();
    mask.figure.hidden = !found;
    if (!found) {
      const asking = questions.waiting ? "Asking Python." : "Python has the net: run the cell to ask it.";
      return stage.say(asking);
    }
    const counts = NAMES.map(() => 0);
    const labels = map(found.labels, (_) => 0);
    labels.data.forEach((_, i) => counts[(labels.data[i] = label(i))]++);
    mask.show({ values: labels, colour: (value) => PALETTE[value] });
    keys.forEach((key, k) => key.classList.toggle("cnx-absent", k > 0 && !counts[k]));
    const parts = counts.flatMap((count, k) => (k && count ? [`${NAMES[k]}: ${thousands(count)}`] : []));
    const by = net ? "" : " Computed by Python.";
    return stage.say(`Pixels by class: ${[...parts, `none: ${thousands(counts[0])}`].join(", ")}.${by}`);
  }

  function aboutPixel(row, column) {
    mask.draw();
    const i = row * drawing.shape[1] + column;
    const best = found.labels.data[i];
    const chance = `${NAMES[best]}, ${number(100 * found.chances.data[i], 1)} %`;
    const cut = best && !label(i) ? ", below the threshold: none" : "";
    stage.say(`Row ${row}, column ${column}: ${chance}${cut}.`);
  }

  /** The colours, with their classes. */
  const keys = NAMES.map((name, k) => {
    const colour = make("span", { className: "cnx-swatch", "aria-hidden": "true" });
    colour.style.background = `rgb(${PALETTE[k]})`;
    return make("span", { className: "cnx-key" }, colour, name);
  });

  const threshold = stage.slider("threshold", {
    min: 0,
    max: 1,
    step: 0.01,
    value: model.get("threshold"),
    change: (value) => {
      stage.push({ threshold: value });
      show();
    },
  });
  const clear = stage.button("Clear", () => {
    pad.lift();
    drawing = zeros(drawing.shape);
    draw();
  });
  let seed = 0;
  const example = stage.button("Example", () => {
    const uniform = random((seed += 1));
    const below = (n) => Math.floor(n * uniform());
    const free = below(4); // three of four quarters get a digit, as in training
    drawing = zeros(drawing.shape);
    for (let quarter = 0; quarter < 4; quarter++) {
      if (quarter === free) continue;
      const corner = [32 * Math.floor(quarter / 2) + below(5), 32 * (quarter % 2) + below(5)];
      const digit = placed(plane(examples, below(examples.shape[0])), corner, drawing.shape);
      drawing = map(drawing, (value, i) => Math.max(value, digit.data[i]));
    }
    draw();
  }, "Lay other sample digits on the canvas");

  stage.row(pad.board.figure, mask.figure).classList.add("cnx-top");
  stage.say("");
  stage.root.append(make("p", { className: "cnx-row cnx-small" }, ...keys));
  stage.row(clear, example, threshold.field);
  stage.pull(["drawing", "threshold"], () => {
    drawing = tensor(model.get("drawing"));
    threshold.value = model.get("threshold");
    update();
  });
  drawing = tensor(model.get("drawing"));
  update();
  return () => stage.ending.abort();
}

export default { render };

// Draw on a canvas, and a net says for every pixel what it belongs to.
import {
  brushed, forward, forwardAround, labelMap, map, packed, placed, plane, random, readNet, tensor, zeros,
} from "./core.js";
import { Board, Pad, Questions, Stage, colourKey, gray, make, number, thousands } from "./view.js";

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
  let drawing, outputs, found;

  const pad = new Pad(stage, {
    title: "draw here",
    cell: 5,
    stroke(from, to) {
      drawing = brushed(drawing, from, to, BRUSH);
      const reach = Math.ceil(BRUSH);
      draw(clipped(around(...[from, to].map(([row, column]) => (
        { row: row - reach, column: column - reach, height: 2 * reach + 1, width: 2 * reach + 1 })))));
    },
    moved: () => look(),
  });
  const mask = new Board(stage, {
    title: "label map",
    cell: 5,
    least: 3,
    point: (row, column) => aboutPixel(row, column),
    help: "Point at a pixel to see its class and probability.",
  });
  const questions = new Questions(stage, () => update());

  /** The stroke is drawn at once, the mask at most once per frame: forty million products would keep a hand waiting. */
  let pending = null; // what has changed since the mask was computed
  function draw(window) {
    const traits = { drawing: packed(drawing) };
    if (questions.open) questions.ask(traits);
    else stage.push(traits);
    look();
    if (!pending) requestAnimationFrame(() => pending && !stage.signal.aborted && update(pending));
    pending = pending ? around(pending, window) : window;
  }

  /** The smallest window that holds two. */
  function around(a, b) {
    const [row, column] = [Math.min(a.row, b.row), Math.min(a.column, b.column)];
    const height = Math.max(a.row + a.height, b.row + b.height) - row;
    const width = Math.max(a.column + a.width, b.column + b.width) - column;
    return { row, column, height, width };
  }

  /** With a window: only what lies in it is new. */
  function update(window = null) {
    pending = null;
    const { shape, data } = drawing;
    const image = { shape: [1, ...shape], data: data.map((value) => value / 255) };
    if (net) outputs = window ? forwardAround(net, image, outputs, window) : forward(net, image);
    found = net ? labelMap(outputs.at(-1)) : answer();
    show();
  }

  function answer() {
    const reply = model.get("_reply");
    return reply && !questions.waiting ? { labels: tensor(reply.labels), chances: tensor(reply.chances) } : null;
  }

  const clipped = ({ row, column, height, width }) => {
    const [top, left] = [Math.max(0, row), Math.max(0, column)];
    const [bottom, right] = [Math.min(drawing.shape[0], row + height), Math.min(drawing.shape[1], column + width)];
    return { row: top, column: left, height: bottom - top, width: right - left };
  };
  const everything = () => ({ row: 0, column: 0, height: drawing.shape[0], width: drawing.shape[1] });

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
    keys.forEach(({ lastChild: text }, k) => {
      text.textContent = counts[k] || !k ? `${NAMES[k]}, ${thousands(counts[k])}\u00a0px` : NAMES[k];
    });
    const digits = [...counts.keys()].filter((k) => k && counts[k]).sort((a, b) => counts[b] - counts[a]);
    const by = net ? "" : " Computed by Python.";
    const names = digits.map((k) => NAMES[k]).join(", ");
    return stage.say(`${names ? `Digits found, by pixels: ${names}.` : "No digit found."}${by}`);
  }

  function aboutPixel(row, column) {
    mask.draw();
    const i = row * drawing.shape[1] + column;
    const best = found.labels.data[i];
    const chance = `${NAMES[best]}, ${number(100 * found.chances.data[i], 1)}\u00a0%`;
    const cut = best && !label(i) ? ", below the threshold: none" : "";
    stage.say(`Row ${row}, column ${column}: ${chance}${cut}.`);
  }

  /** The colours, with their classes and how many pixels each has. */
  const keys = NAMES.map((name, k) => {
    const key = colourKey(PALETTE[k], name);
    key.style.minWidth = "7em"; // so that no other moves when a count grows
    return key;
  });

  const threshold = stage.slider("threshold", {
    min: 0,
    max: 0.95,
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
    draw(everything());
  });
  let seed = 0;
  const example = stage.button("Other digits", () => {
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
    draw(everything());
  }, "Lay other sample digits on the canvas");

  stage.row(make("div", {}, pad.board.figure, threshold.field), mask.figure).classList.add("cnx-top");
  stage.say("");
  stage.root.append(make("p", { className: "cnx-row cnx-small" }, ...keys));
  stage.row(clear, example);
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

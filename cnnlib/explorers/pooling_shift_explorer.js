// A digit moves by single pixels: which values stay the same behind a convolution, pooling, strides, global pooling.
import {
  agreement, avgPool2d, conv2d, globalAvgPool, globalMaxPool, maxPool2d, nested, pad, plane, relu, shifted, tensor,
} from "./core.js";
import { Board, Stage, colourKey, gray, make, number } from "./view.js";

const MARGIN = 8;
const EDGES = {
  "vertical edge": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
  "horizontal edge": [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
  slope: [[0, 1, 2], [-1, 0, 1], [-2, -1, 0]],
};
const STAYED = [86, 180, 233];
const CHANGED = [242, 162, 0];
// What is made of the response and of the response at stride 2; how many pixels one place is wide, 0: one place only.
const OUTPUTS = [
  ["convolution", 1, (x) => x],
  ["max pooling", 2, (x) => maxPool2d(x, 2)],
  ["average pooling", 2, (x) => avgPool2d(x, 2)],
  ["strided convolution", 2, (x, strided) => strided],
  ["global maximum", 0, globalMaxPool],
  ["global average", 0, globalAvgPool],
];
const NAMES = OUTPUTS.map(([name]) => name);

const share = ({ equal, counted }) => (counted ? equal / counted : NaN);
const percent = (value) => (Number.isNaN(value) ? "–" : `${number(100 * value, 0)}\u00a0%`);
const way = (pixels, forward, back) => `${Math.abs(pixels)} ${pixels < 0 ? back : forward}`;

/** A board whose arrow keys move the image instead of a cursor. */
class Mover extends Board {
  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.key(event.key)) return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab would act on it
  }
}

function render({ model, el }) {
  const stage = new Stage(el, "Pooling and shift explorer", model);
  let canvas, kernel, before;

  function outputs(image) {
    const response = (stride) => relu(conv2d(image, { shape: [1, 1, 3, 3], data: kernel.data }, null, { stride }));
    const [x, strided] = [response(1), response(2)];
    return OUTPUTS.map(([, , build]) => build(x, strided));
  }
  function read() {
    const image = tensor(model.get("image"));
    kernel = tensor(model.get("kernel"));
    canvas = pad({ shape: [1, ...image.shape], data: image.data }, MARGIN);
    before = outputs(canvas);
  }

  // What the reader does

  const inside = (pixels) => Math.max(-MARGIN, Math.min(MARGIN, pixels));
  function shiftTo(down, right) {
    stage.push({ shift: [inside(down), inside(right)] });
    update();
    return true;
  }
  function key(name) {
    const [down, right] = model.get("shift");
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[name];
    if (step) return shiftTo(down + step[0], right + step[1]);
    return name === "Home" && shiftTo(0, 0);
  }
  let held = null; // where a drag began, and the shift it began with
  function drag(row, column, event) {
    if (event.type === "pointerdown") held = { row, column, shift: model.get("shift") };
    if (held) shiftTo(held.shift[0] + row - held.row, held.shift[1] + column - held.column);
  }

  // What is shown

  const picture = new Mover(stage, {
    title: "the digit: drag it",
    label: "the digit",
    cell: 4,
    least: 3,
    press: drag,
    key,
    help: "Drag, or use the arrow keys; Home puts it back.",
  });
  const boards = NAMES.map((title) => new Board(stage, { title, cell: 4, least: 3 }));
  const cells = NAMES.map(() => [make("td"), make("td")]);
  const heads = ["the same", "at the same place", "moved along"];
  const lines = NAMES.map((name, index) => make("tr", {}, make("th", { scope: "row" }, name), ...cells[index]));
  const table = make("table", { className: "cnx-shares" },
    make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...lines));

  function update() {
    const [down, right] = model.get("shift");
    const moved = shifted(canvas, [down, right]);
    const after = outputs(moved);
    const brightest = Math.max(1, ...canvas.data);
    const wide = (stage.root.clientWidth || 800) > 420 ? 4 : 3; // two boards side by side on a phone
    picture.cell = wide;
    picture.show({
      values: plane(moved, 0), colour: (value) => gray(value / brightest), cursor: false, say: "the digit",
    });
    after.forEach((output, index) => {
      const [old, now] = [plane(before[index], 0), plane(output, 0)];
      const [rows, columns] = now.shape;
      const most = Math.max(1e-9, ...old.data);
      boards[index].cell = rows === 1 ? 16 * wide : Math.floor((42 * wide) / Math.max(rows, columns));
      boards[index].show({
        values: now,
        colour: (value, row, column) => {
          const earlier = old.data[row * columns + column];
          const level = value || earlier ? 0.35 + (0.65 * value) / most : 0;
          return (value === earlier ? STAYED : CHANGED).map((part) => Math.round(Math.min(1, level) * part));
        },
        text: (value) => number(value, 1),
        title: rows === 1 ? NAMES[index] : `${NAMES[index]} ${rows} × ${columns}`,
      });
    });
    const same = after.map((output, index) => share(agreement(before[index], output)));
    const along = after.map((output, index) => {
      const step = OUTPUTS[index][1];
      const by = [down, right].map((pixels) => (step ? Math.floor(pixels / step) : 0));
      return share(agreement(shifted(before[index], by), output));
    });
    cells.forEach((pair, index) => [same, along].forEach((shares, column) => {
      const bar = make("span", { className: "cnx-share" });
      bar.style.width = `${100 * (shares[index] || 0)}%`;
      pair[column].replaceChildren(percent(shares[index]), bar);
    }));
    sliders.forEach((slider, axis) => (slider.value = [down, right][axis]));
    const found = Object.entries(EDGES).find(([, weights]) => String(weights) === String(kernel.data));
    edges.value = found ? found[0] : "";
    stage.say(`Moved ${way(right, "right", "left")}, ${way(down, "down", "up")}: ` +
      `max pooling keeps ${percent(same[1])} at its place, average pooling ${percent(same[2])}.`);
  }

  const sliders = ["down", "right"].map((label, axis) => stage.slider(label, {
    min: -MARGIN,
    max: MARGIN,
    value: 0,
    change: (value) => shiftTo(...model.get("shift").map((now, index) => (index === axis ? value : now))),
  }));
  const edges = stage.choice("kernel", {
    options: [["", "choose"], ...Object.keys(EDGES).map((name) => [name, name])],
    value: "",
    change: (name) => {
      if (!name) return;
      kernel = tensor(EDGES[name]);
      stage.push({ kernel: nested(kernel) });
      before = outputs(canvas);
      update();
    },
  });

  read();
  stage.row(picture.figure, ...boards.map(({ figure }) => figure));
  stage.root.append(table);
  stage.root.append(make("p", { className: "cnx-small" }, "Moved along: the output moves along only in whole strides."));
  const legend = [[STAYED, "as before at this place"], [CHANGED, "not as before"], [[0, 0, 0], "0 both times"]];
  stage.row(...legend.map((entry) => colourKey(...entry)), "brighter: larger").classList.add("cnx-small");
  stage.say("");
  const back = stage.button("Back", () => shiftTo(0, 0), "Move the digit back");
  stage.row(sliders[1].field, sliders[0].field, back, edges.field);
  stage.pull(["image", "kernel", "shift"], () => {
    read();
    update();
  });
  update();
  return () => stage.ending.abort();
}

export default { render };

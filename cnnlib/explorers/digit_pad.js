// Draw a digit: its form as MNIST has it, and what a net makes of it, layer by layer.
import {
  argmax, brushed, forward, map, packed, plane, readNet, receptiveWindow, softmax, tensor, tiled, toMnist, upsampleNearest,
  zeros,
} from "./core.js";
import { Bars, Board, Pad, Questions, Stage, gray, held, make, number, signed } from "./view.js";

const BRUSH = 2.5; // pixels of the pad: strokes about as thick as MNIST's
const MOSAIC = { first: 490, all: 264 }; // widths on the screen

function render({ model, el }) {
  const stage = new Stage(el, "Digit pad", model);
  const [net] = model.get("nets").map(readNet);
  const examples = tensor(model.get("examples"));
  let drawing, form, outputs, scores;
  let unit = null; // {index, place: [row, column], map}

  const pad = new Pad(stage, {
    title: "draw here",
    cell: 5,
    stroke(from, to) {
      drawing = brushed(drawing, from, to, BRUSH);
      draw();
    },
    moved: () => look(),
  });
  const cropped = new Board(stage, { title: "1. cut out", cell: 4, least: 2 });
  const scaled = new Board(stage, { title: "2. longer side: 20", cell: 7 });
  for (const { figure } of [cropped, scaled]) figure.style.minWidth = "144px"; // so that nothing jumps while it grows
  const [steps, all] = [model.get("steps"), Boolean(net) && model.get("maps") === "all"];
  const image = new Board(stage, { title: "28 × 28", cell: steps ? 5 : 7, least: 3 });
  for (const { figure } of [cropped, scaled, image]) figure.classList.add("cnx-edge"); // a full box is all white
  const bars = new Bars(stage, { title: "probability", names: [..."0123456789"] });
  const mosaics = (net ? shownLayers(net, model.get("maps")) : []).map(([index, title]) => mosaic(index, title));
  const questions = new Questions(stage, () => update());

  /** Push the drawing, to Python if it has the net, and show what comes of it. */
  function draw() {
    unit = null;
    const traits = { drawing: packed(drawing), unit: [] };
    if (questions.open) questions.ask(traits);
    else stage.push(traits);
    update();
  }

  function read() {
    drawing = tensor(model.get("drawing"));
    const [index, channel, row, column] = model.get("unit");
    const known = mosaics.find((shown) => shown.index === index);
    unit = known && column !== undefined ? { index, map: channel, place: [row, column] } : null;
  }

  function update() {
    form = toMnist(map(drawing, (value) => value / 255));
    outputs = net ? forward(net, { shape: [1, 28, 28], data: form.image.data }) : [];
    scores = net ? outputs.at(-1) : answer();
    show();
  }

  /** Python's scores, if they are of this drawing. */
  function answer() {
    const reply = model.get("_reply");
    return reply && !questions.waiting ? tensor(reply.scores) : null;
  }

  function show() {
    look();
    const blank = !form.window;
    if (steps) {
      const empty = zeros([1, 1]);
      for (const { canvas } of [cropped, scaled]) canvas.style.visibility = blank ? "hidden" : "";
      cropped.cell = Math.max(2, Math.floor(140 / Math.max(...(form.cropped ?? empty).shape)));
      cropped.show({ values: form.cropped ?? empty });
      scaled.show({ values: form.scaled ?? empty });
    }
    const chances = scores && softmax(scores).data;
    bars.figure.hidden = !chances;
    if (chances && blank) bars.show(chances.map(() => 0), { format: () => "–" });
    else if (chances) bars.show(chances, { highlight: argmax(chances) });
    for (const shown of mosaics) shown.show();
    point();
  }

  /** The pad, with the brush where the keys have it. */
  function look() {
    const [row, column] = pad.board.cursor;
    const half = Math.floor(BRUSH);
    const brush = { row: row - half, column: column - half, height: 2 * half + 1, width: 2 * half + 1 };
    const keys = document.activeElement === pad.board.canvas && !pad.mouse;
    pad.board.show({
      values: drawing,
      colour: (value) => gray(value / 255),
      window: keys ? brush : null,
      title: pad.down ? "draw here: brush down" : "draw here",
      cursor: false,
    });
  }

  /** What the unit under the pointer sees, and the sentence. */
  function point() {
    const window = unit && form.window && receptiveWindow(net, unit.index, unit.place, [28, 28]);
    if (all) image.cell = stage.root.clientWidth < 500 ? 3 : 4; // it takes room that the maps need
    image.show({ values: form.image, window, title: steps ? "3. centred in 28 × 28" : all ? "28 × 28" : "28 × 28: what a net gets" });
    stage.say(window ? aboutUnit(window) : aboutDigit());
  }

  function aboutUnit({ row, column, height, width }) {
    const { index, map: channel, place } = unit;
    const output = outputs[index];
    const value = output.data[output.shape.length < 3 ? channel : (channel * output.shape[1] + place[0]) * output.shape[2] + place[1]];
    const where = output.shape.length < 3 ? `unit ${channel}` : `map ${channel}, row ${place[0]}, column ${place[1]}`;
    const field = height === 28 && width === 28
      ? "the whole picture"
      : `rows ${row} to ${row + height - 1}, columns ${column} to ${column + width - 1}`;
    return `${net[index].kind}, ${where}: ${number(value, 3)}. It sees ${field}.`;
  }

  function aboutDigit() {
    if (!form.window) return "The pad is empty: draw a digit.";
    const { height, width } = form.window;
    const [top, left] = form.corner;
    const size = `${height} × ${width}`;
    const way = `The ink, ${size}, becomes ${form.scaled.shape.join(" × ")}, from row ${top}, column ${left} on.`;
    if (!scores) {
      if (questions.waiting) return "Asking Python.";
      return model.get("asks_python") ? `${way} Python has the net: run the cell to ask it.` : way;
    }
    const chances = softmax(scores).data;
    const best = argmax(chances);
    const second = argmax(chances.map((chance, digit) => (digit === best ? -1 : chance)));
    const percent = (digit) => `${number(100 * chances[digit], 1)}\u00a0%`;
    const by = net ? "" : " Computed by Python.";
    const reading = `Read as ${best}, ${percent(best)}; next ${second}, ${percent(second)}.${by}`;
    return steps ? `${way} ${reading}` : reading;
  }

  /** One board with all maps of a layer. */
  function mosaic(index, title) {
    let tiles;
    const board = new Board(stage, {
      title,
      least: 1,
      gap: (row, column) => !tiles.at(row, column),
      point(row, column) {
        const found = tiles.at(row, column);
        unit = found && { index, ...found };
        stage.push({ unit: unit ? [index, unit.map, ...unit.place] : [] });
        for (const shown of mosaics) shown.mark();
        point();
      },
      help: "Point at a cell, or use the arrow keys, to see what it sees.",
    });
    board.cursor = [1, 1];
    const marked = () => (unit?.index === index ? { ...tiles.place(unit), height: 1, width: 1 } : null);
    return {
      index,
      board,
      show() {
        board.canvas.style.visibility = form.window ? "" : "hidden"; // flat maps of no digit
        const output = outputs[index];
        const maps = output.shape.length === 3 ? output : { shape: [output.data.length, 1, 1], data: output.data };
        const columns = Math.min(maps.shape[0], maps.shape[2] > 1 ? 8 : 32);
        tiles = tiled(maps, columns);
        board.cell = Math.max(1, Math.min(10, Math.floor(MOSAIC[model.get("maps")] / tiles.values.shape[1])));
        const most = maps.data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) || 1;
        const negative = maps.data.some((value) => value < 0);
        board.show({
          values: tiles.values,
          colour: negative ? (value) => signed(value / most) : (value) => gray(value / most),
          window: marked(),
          title: `${title}: ${output.shape.join(" × ")}`,
          cursor: false,
        });
      },
      mark() {
        board.look.window = marked();
        board.draw();
      },
    };
  }

  const clear = stage.button("Clear", () => {
    pad.lift();
    drawing = zeros(drawing.shape);
    draw();
  });
  let next = 0;
  const example = stage.button("Example", () => {
    const { shape, data } = upsampleNearest(plane3(examples, next), drawing.shape[0] / 28);
    drawing = { shape: shape.slice(1), data };
    next = (next + 1) % examples.shape[0];
    draw();
  }, "Lay the next sample digit on the pad");

  const column = (...parts) => make("div", {}, ...parts);
  const flow = [...(steps ? [column(cropped.figure, scaled.figure)] : []), ...(all ? [] : [image.figure])];
  stage.row(column(pad.board.figure, make("div", { className: "cnx-row" }, clear, example)), ...flow, bars.figure)
    .classList.add("cnx-top");
  if (all) held(stage, make("div", { className: "cnx-held" }, image.figure, stage.line));
  else stage.say("");
  if (mosaics.length) stage.row(...mosaics.map(({ board }) => board.figure)).classList.add("cnx-top");
  stage.pull(["drawing", "unit"], () => {
    read();
    update();
  });
  read();
  update();
  return () => stage.ending.abort();
}

/** Channel c of (C, H, W) as (1, H, W). */
const plane3 = (x, c) => {
  const { shape, data } = plane(x, c);
  return { shape: [1, ...shape], data };
};

/** [index, title] of the layers whose maps are shown, counted without Flatten, which has none. */
function shownLayers(net, which) {
  const mapped = [...net.keys()].filter((index) => net[index].kind !== "Flatten");
  if (which === "all") return mapped.map((index, i) => [index, `${i + 1}. ${net[index].kind}`]);
  const first = net.findIndex(({ kind }) => kind === "Conv2d");
  return which === "first" && first >= 0 ? [[first, "the first layer's maps"]] : [];
}

export default { render };

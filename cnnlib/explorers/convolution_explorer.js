// A kernel slides over an image: edit both, look at any place. In the view "size", one axis and its formula.
import { conv2d, nested, outputSize, pad, plane, reads, resized, stack, tensor, unread, zeros } from "./core.js";
import { Board, Stage, gray, make, number, signed } from "./view.js";

const KERNELS = {
  slope: [[0, 1, 2], [-1, 0, 1], [-2, -1, 0]],
  cross: [[1, -1, 1], [-1, 1, -1], [1, -1, 1]],
  "vertical edge": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
  "horizontal edge": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
  "1 to 9": [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
  "one in the middle": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
};
const IMAGES = {
  "small 7": [
    [0, 0, 0, 0, 0, 0, 0], [0, 2, 3, 3, 3, 1, 0], [0, 0, 0, 1, 3, 0, 0], [0, 0, 0, 3, 1, 0, 0],
    [0, 0, 1, 3, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0],
  ],
  "one bright pixel": [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]],
  "edge": [[0, 0, 0, 4, 4, 4, 4], [0, 0, 0, 4, 4, 4, 4], [0, 0, 0, 4, 4, 4, 4], [0, 0, 0, 4, 4, 4, 4], [0, 0, 0, 4, 4, 4, 4]],
};
const MODES = ["zeros", "reflect", "replicate", "circular"];
const CHANNELS = ["red", "green", "blue"];

function render({ model, el }) {
  const stage = new Stage(el, "Convolution explorer", model);
  (model.get("view") === "size" ? sizeView : slideView)(stage, model);
  return () => stage.ending.abort();
}

const amber = (value) => [242, 205, 120].map((level) => Math.round(level * (0.45 + 0.55 * Math.min(1, Math.max(0, value)))));
const same = (a, b) => String(a.shape) === String(b.shape) && a.data.every((value, i) => value === b.data[i]);
const largest = ({ data }) => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;

/** "2·1 + 3·(−2) = −4": the pixels times the weights whose product is not 0. */
function sum(factors, total, channels) {
  if (channels.length > 1) {
    // One number per channel: with so many products only their sums can be followed.
    const parts = channels.map((value, c) => `${CHANNELS[c]} ${value < 0 ? `(${number(value)})` : number(value)}`);
    return `${parts.join(" + ")} = ${number(total)}.`;
  }
  const used = factors.filter(([pixel, weight]) => pixel * weight !== 0);
  if (!used.length) return "every product is 0, so the sum is 0.";
  if (used.length > 9) return `${used.length} products that are not 0 add up to ${number(total)}.`;
  const factor = (value) => (value < 0 ? `(${number(value)})` : number(value));
  return `${used.map((pair) => pair.map(factor).join("·")).join(" + ")} = ${number(total)}.`;
}

const lacking = ({ message, missing }) => `${message} It would take ${missing} more.`;

function slideView(stage, model) {
  const shown = new Set(model.get("controls"));
  const digit = model.get("digit");
  let image, kernel, place, padded, output, problem, stop;
  let scale; // the pixel drawn white; it stays while the reader paints, so that the others keep their grey

  const setting = (name) => model.get(name);
  const read = () => {
    image = tensor(model.get("image"));
    kernel = tensor(model.get("kernel"));
    place = [...model.get("position")];
  };

  // One row per channel: image, kernel, products. The output stands beside them.
  let boards = [];
  const rows = make("div");
  const total = new Board(stage, {
    title: "output",
    point: (row, column) => goTo([row, column]),
    help: "Point at a cell, or use the arrow keys, to see its window.",
  });

  function build() {
    const channels = image.shape[0];
    boards = Array.from({ length: channels }, (_, c) => {
      const of = channels > 1 ? ` ${CHANNELS[c]}` : "";
      return {
        image: new Board(stage, {
          title: `input${of}`,
          press: (row, column) => paint(c, row, column),
          point: (row, column) => windowAt(row, column),
          key: (key, row, column) => /^\d$/.test(key) && setPixel(c, row, column, Number(key)),
          help: "Press to paint. Keys: arrows move, 0 to 9 set the pixel.",
        }),
        kernel: new Board(stage, {
          title: `kernel${of}`,
          press: (row, column, event) => turn(c, row, column, event.shiftKey || event.button === 2 ? -1 : 1),
          key: (key, row, column) => typed(c, row, column, key),
          help: "A press adds 1 (with Shift: takes 1); after 3 comes −3. Keys: arrows move, 0 to 9 set, − changes the sign.",
        }),
        products: new Board(stage, { title: "products" }),
      };
    });
    rows.replaceChildren(
      ...boards.map(({ image: a, kernel: b, products: c }) =>
        make(
          "div",
          { className: "cnx-row" },
          a.figure,
          make("div", { className: "cnx-row" }, sign("×"), b.figure, sign("="), c.figure),
        ),
      ),
    );
  }
  const sign = (text) => make("span", { className: "cnx-sign", "aria-hidden": "true" }, text);

  // What the reader does

  function setPixel(c, row, column, value) {
    const [, height, width] = image.shape;
    const [y, x] = [row - setting("padding"), column - setting("padding")];
    if (y < 0 || x < 0 || y >= height || x >= width) return false;
    image.data[(c * height + y) * width + x] = value;
    pictures.value = "own";
    stage.push({ image: nested(image) });
    update();
    return true;
  }
  let last = null; // the value that the present stroke paints
  function paint(c, row, column) {
    const [, height, width] = padded.shape;
    const now = padded.data[(c * height + row) * width + column];
    last ??= now === brush.value ? 0 : brush.value;
    if (!setPixel(c, row, column, last)) windowAt(row, column);
  }
  stage.on(stage.root, "pointerup pointercancel keyup", () => (last = null));

  function setWeight(c, row, column, value) {
    const [, kH, kW] = kernel.shape;
    kernel.data[(c * kH + row) * kW + column] = Math.max(-9, Math.min(9, value));
    filters.value = "own";
    stage.push({ kernel: nested(kernel) });
    update();
    return true;
  }
  const weight = (c, row, column) => kernel.data[(c * kernel.shape[1] + row) * kernel.shape[2] + column];
  function turn(c, row, column, by) {
    const next = weight(c, row, column) + by;
    setWeight(c, row, column, next > 3 ? -3 : next < -3 ? 3 : next);
  }
  function typed(c, row, column, key) {
    if (/^\d$/.test(key)) return setWeight(c, row, column, Number(key));
    if (key === "-") return setWeight(c, row, column, -weight(c, row, column));
    return false;
  }

  /** Move to the output cell whose window begins nearest to this pixel of the padded image. */
  function windowAt(row, column) {
    if (problem) return;
    const [, kH, kW] = kernel.shape;
    const [s, d] = [setting("stride"), setting("dilation")];
    const nearest = (pixel, k, size) =>
      Math.max(0, Math.min(size - 1, Math.round((pixel - (d * (k - 1)) / 2) / s)));
    goTo([nearest(row, kH, output.shape[1]), nearest(column, kW, output.shape[2])]);
  }
  function goTo(next) {
    place = next;
    total.cursor = next;
    stage.push({ position: next });
    draw();
  }
  function step(by) {
    if (problem) return false;
    const [, height, width] = output.shape;
    const next = (place[0] * width + place[1] + by + height * width) % (height * width);
    goTo([Math.floor(next / width), next % width]);
    return true;
  }

  // What is computed and drawn

  function update() {
    const [padding, stride, dilation, mode] = ["padding", "stride", "dilation", "padding_mode"].map(setting);
    problem = "";
    try {
      padded = pad(image, padding, mode);
    } catch (error) {
      problem = error.message;
      padded = pad(image, padding);
    }
    try {
      const bank = { shape: [1, ...kernel.shape], data: kernel.data };
      output = conv2d(padded, bank, null, { stride, dilation });
      place = place.map((at, axis) => Math.min(at, output.shape[axis + 1] - 1));
    } catch (error) {
      problem ||= lacking(error);
    }
    draw();
  }

  function draw() {
    const [padding, stride, dilation] = ["padding", "stride", "dilation"].map(setting);
    const [, height, width] = padded.shape;
    const [channels, kH, kW] = kernel.shape;
    const outside = (row, column) =>
      row < padding || column < padding || row >= height - padding || column >= width - padding;
    const [down, across] = problem
      ? [null, null]
      : [reads(height, kH, stride, 0, dilation), reads(width, kW, stride, 0, dilation)];
    const [top, left] = [place[0] * stride, place[1] * stride];
    const reach = (k) => dilation * (k - 1) + 1;
    const window = problem ? null : { row: top, column: left, height: reach(kH), width: reach(kW) };
    const most = [scale, largest(kernel)];
    const size = Math.max(8, Math.min(30, Math.floor(290 / width)));
    const copied = setting("padding_mode") !== "zeros";
    const products = zeros([kH, kW]);
    const factors = [];
    const sums = [];
    for (let c = 0; c < channels; c++) {
      const taps = { shape: [kH, kW], data: plane(kernel, c).data };
      const pixels = plane(padded, c);
      for (let i = 0; !problem && i < kH; i++) {
        for (let j = 0; j < kW; j++) {
          const pixel = pixels.data[(top + i * dilation) * width + left + j * dilation];
          products.data[i * kW + j] = pixel * taps.data[i * kW + j];
          factors.push([pixel, taps.data[i * kW + j]]);
        }
      }
      sums.push(products.data.reduce((a, b) => a + b, 0));
      const board = boards[c];
      board.image.cell = size;
      const negative = pixels.data.some((value) => value < 0);
      board.image.show({
        values: pixels,
        // Padding is amber: plain where zeros come in, shaded by the pixel where it is a copy.
        colour: (value, row, column) =>
          copied && outside(row, column)
            ? amber(value / most[0])
            : negative
              ? signed(value / most[0] / 3)
              : gray(value / most[0]),
        text: number,
        window,
        tint: copied ? undefined : outside,
        marks: problem ? undefined : (row, column) => down[row] === 0 || across[column] === 0,
      });
      board.kernel.show({ values: taps, colour: (value) => signed(value / most[1] / 3), text: number });
      board.products.show({
        values: problem ? { shape: [kH, kW], data: products.data.fill(NaN) } : { shape: [kH, kW], data: products.data.slice() },
        colour: (value) => signed(value / (most[0] * most[1]) / 3),
        text: number,
        title: channels > 1 && !problem ? `products, sum ${number(sums[c])}` : "products",
      });
    }
    if (problem) {
      total.show({ values: { shape: [1, 1], data: Float64Array.of(NaN) }, title: "no output", cursor: false });
      stage.say(problem);
      return;
    }
    const result = plane(output, 0);
    total.cell = Math.max(8, Math.min(30, Math.floor(290 / result.shape[1])));
    const strongest = largest(result);
    total.show({
      values: result,
      colour: (value) => signed(value / strongest / (result.shape[1] > 16 ? 1 : 3)),
      text: number,
      window: { row: place[0], column: place[1], height: 1, width: 1 },
      title: `output ${result.shape[0]} × ${result.shape[1]}`,
    });
    total.cursor = [...place];
    const value = result.data[place[0] * result.shape[1] + place[1]];
    stage.say(`Output row ${place[0]}, column ${place[1]}: ${sum(factors, value, sums)}`);
  }

  // Controls

  const brush = stage.slider("paint with", { min: 0, max: 9, value: 3, change: () => {} });
  const first = { image: tensor(model.get("image")), kernel: tensor(model.get("kernel")) };
  /** A menu of ready images or kernels; "as at first" brings back what the explorer began with. */
  const menu = (name, ready, put) =>
    stage.choice(name, {
      options: [["first", "as at first"], ...Object.keys(ready).map((key) => [key, key]), ["own", "your own"]],
      value: "first",
      change: (key) => {
        if (key === "own") return;
        const channels = image.shape[0];
        const planes = Array.from({ length: channels }, (_, c) =>
          key === "first" ? plane(first[name], Math.min(c, first[name].shape[0] - 1)) : tensor(ready[key]),
        );
        put(stack(planes));
        update();
      },
    });
  const pictures = menu("image", { ...IMAGES, ...(digit ? { "a digit": digit } : {}) }, (chosen) => {
    image = chosen;
    scale = largest(image);
    stage.push({ image: nested(image) });
  });
  const filters = menu("kernel", KERNELS, (chosen) => {
    kernel = chosen;
    sizes.value = kernel.shape[1];
    stage.push({ kernel: nested(kernel) });
  });
  const sliders = Object.fromEntries(
    [["stride", 1, 4], ["padding", 0, 3], ["dilation", 1, 3]].map(([name, min, max]) => [
      name,
      stage.slider(name, {
        min,
        max,
        value: setting(name),
        change: (value) => {
          stage.push({ [name]: value });
          update();
        },
      }),
    ]),
  );
  const modes = stage.choice("padding mode", {
    options: MODES.map((mode) => [mode, mode]),
    value: setting("padding_mode"),
    change: (value) => {
      stage.push({ padding_mode: value });
      update();
    },
  });
  const sizes = stage.slider("kernel size", {
    min: 1,
    max: 5,
    value: 3,
    change: (size) => {
      kernel = resized(kernel, size);
      if (size === 1 && kernel.data.every((value) => value === 0)) kernel.data.fill(1); // else all is 0
      stage.push({ kernel: nested(kernel) });
      update();
    },
  });
  const channels = stage.choice("channels", {
    options: [["1", "1"], ["3", "3"]],
    value: String(tensor(model.get("image")).shape[0]),
    change: (value) => {
      const planes = (x) => Array.from({ length: Number(value) }, (_, c) => plane(x, Math.min(c, x.shape[0] - 1)));
      image = stack(planes(image));
      kernel = stack(planes(kernel));
      build();
      stage.push({ image: nested(image), kernel: nested(kernel) });
      update();
    },
  });
  const speed = stage.slider("speed", { min: 1, max: 10, value: 3, format: (value) => `${value} a second`, change: () => {} });
  const play = stage.button("Play", () => (stop ? pause() : start()), "Move over all places, one after the other");
  function start() {
    stop = stage.repeat(() => step(1), () => 1000 / speed.value);
    play.textContent = "Pause";
  }
  function pause() {
    stop?.();
    stop = null;
    play.textContent = "Play";
  }
  const halt = (by) => () => {
    pause();
    step(by);
  };

  read();
  scale = largest(image);
  build();
  const used = [["stride", sliders.stride], ["padding", sliders.padding], ["padding_mode", modes],
    ["dilation", sliders.dilation], ["kernel_size", sizes], ["channels", channels]];
  const arrow = make("span", { className: "cnx-sign", "aria-hidden": "true" }, "sum →");
  stage.row(rows, make("div", { className: "cnx-row" }, arrow, total.figure));
  stage.say("");
  // Without motion the reader goes step by step.
  stage.row(...(stage.quiet ? [] : [play]), stage.button("Back", halt(-1)), stage.button("Step", halt(1)),
    ...(stage.quiet ? [] : [speed.field]));
  stage.row(pictures.field, brush.field, filters.field);
  const settings = used.filter(([name]) => shown.has(name)).map(([, control]) => control.field);
  if (settings.length) stage.row(...settings);
  stage.pull(["image", "kernel", "stride", "padding", "dilation", "padding_mode", "position"], () => {
    const before = image.shape[0];
    read();
    scale = Math.max(scale, largest(image));
    if (image.shape[0] !== before) build();
    for (const [name, slider] of Object.entries(sliders)) slider.value = setting(name);
    modes.value = setting("padding_mode");
    channels.value = String(image.shape[0]);
    sizes.value = kernel.shape[1];
    update();
  });
  sizes.value = kernel.shape[1];
  update();
}

function sizeView(stage, model) {
  const names = { size: ["n, pixels", 1, 16], kernel_size: ["k, kernel", 1, 7], stride: ["s, stride", 1, 5],
    padding: ["p, padding", 0, 4], dilation: ["d, dilation", 1, 3] };
  const formula = make("p", { className: "cnx-formula" });
  const axis = new Board(stage, { title: "the axis", cell: 34, least: 12 });
  const windows = new Board(stage, { title: "one row per place: the pixels its window reads", cell: 34, least: 12 });
  const sliders = Object.fromEntries(
    Object.entries(names).map(([name, [label, min, max]]) => [
      name,
      stage.slider(label, {
        min,
        max,
        value: model.get(name),
        change: (value) => {
          stage.push({ [name]: value });
          update();
        },
      }),
    ]),
  );

  function update() {
    const [n, k, s, p, d] = Object.keys(names).map((name) => model.get(name));
    const [length, reach] = [n + 2 * p, d * (k - 1) + 1];
    const outside = (_, pixel) => pixel < p || pixel >= n + p;
    const left = length - reach;
    let [places, missed, problem] = [0, [], ""];
    try {
      places = outputSize(n, k, s, p, d);
      missed = unread(n, k, s, p, d);
    } catch (error) {
      problem = lacking(error);
    }
    const pixels = Float64Array.from({ length }, (_, i) => (outside(0, i) ? NaN : i - p));
    axis.show({
      values: { shape: [1, length], data: pixels },
      colour: () => [255, 255, 255],
      text: number,
      tint: outside,
      marks: (_, pixel) => missed.includes(pixel - p),
      title: p ? "the axis; padding is amber" : "the axis",
      cursor: false,
    });
    const rows = Math.max(1, places);
    const wide = Math.max(length, reach);
    const read = (row, pixel) => pixel >= row * s && pixel < row * s + reach && (pixel - row * s) % d === 0;
    const taps = { shape: [rows, wide], data: Float64Array.from({ length: rows * wide },
      (_, i) => (read(Math.floor(i / wide), i % wide) ? 1 : 0)) };
    windows.show({
      values: taps,
      colour: (value) => (value ? (problem ? [138, 138, 138] : [0, 114, 178]) : [255, 255, 255]),
      window: Array.from({ length: rows }, (_, row) => ({ row, column: row * s, height: 1, width: reach })),
      cursor: false,
    });
    formula.textContent =
      `⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1 = ⌊(${n} + 2·${p} − ${d}·(${k} − 1) − 1) / ${s}⌋ + 1 = ` +
      (problem ? `⌊${number(left)} / ${s}⌋ + 1` : `⌊${left} / ${s}⌋ + 1 = ${places}`);
    const lost = missed.length ? `never read: ${missed.join(", ")}` : "every pixel is read";
    stage.say(problem || `${places} ${places === 1 ? "place" : "places"}, remainder ${left % s}; ${lost}.`);
  }

  stage.row(...Object.values(sliders).map(({ field }) => field));
  stage.root.append(formula);
  stage.say("");
  stage.row(axis.figure).classList.add("cnx-left");
  stage.row(windows.figure).classList.add("cnx-left");
  stage.pull(Object.keys(names), () => {
    for (const name of Object.keys(names)) sliders[name].value = model.get(name);
    update();
  });
  update();
}

export default { render };

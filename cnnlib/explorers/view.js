// What every explorer is made of: its frame, controls, boards of cells, and text. No arithmetic here.

const RED_TO_BLUE = [
  [103, 0, 31], [178, 24, 43], [214, 96, 77], [244, 165, 130], [253, 219, 199], [247, 247, 247],
  [209, 229, 240], [146, 197, 222], [67, 147, 195], [33, 102, 172], [5, 48, 97],
];
const TINT = [253, 235, 194];
const ACCENT = "#f2a200";
const MARK = [242, 162, 0];
const SERIES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#8a8a8a"]; // Okabe and Ito, 2008
const INK = "#1a1a1a";

/** Grey of a value between 0 (black) and 1 (white). */
export function gray(value) {
  const level = Math.round(255 * Math.min(1, Math.max(0, value)));
  return [level, level, level];
}

/** Red below 0, white at 0, blue above, in full colour at -1 and 1: as cnnlib.plot draws kernels. */
export function signed(value) {
  const place = 5 + 5 * Math.min(1, Math.max(-1, value));
  const low = Math.min(9, Math.floor(place));
  return RED_TO_BLUE[low].map((level, i) => Math.round(level + (place - low) * (RED_TO_BLUE[low + 1][i] - level)));
}

/** A number in at most `digits` decimals, with a real minus sign. */
export function number(value, digits = 2) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "" : value > 0 ? "∞" : "−∞";
  const text = String(Number(value.toFixed(digits)));
  return text === "-0" ? "0" : text.replace("-", "−");
}

/** Any count with separators: 1,234,567. */
export const thousands = (value) => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");

/** An element with properties, attributes (names with a dash, `role`, `for`) and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A colour [r, g, b] and what it means. */
export function colourKey(colour, words) {
  const swatch = make("span", { className: "cnx-swatch", "aria-hidden": "true" });
  swatch.style.background = `rgb(${colour})`;
  return make("span", { className: "cnx-key" }, swatch, make("span", {}, words));
}

/** The frame of one explorer: its parts, the line that is read aloud, and what ends when it is taken away. */
export class Stage {
  constructor(el, label, model) {
    this.model = model;
    this.ending = new AbortController();
    this.signal = this.ending.signal;
    this.root = make("section", { className: "cnx", "aria-label": label });
    this.line = make("p", { className: "cnx-line", role: "status", "aria-live": "polite" });
    el.replaceChildren(this.root);
    this.quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.followTheme();
  }

  /** Tell Python (or the page) what the reader did. */
  push(traits) {
    this.pushing = true;
    for (const [name, value] of Object.entries(traits)) this.model.set(name, value);
    this.pushing = false;
    this.model.save_changes();
  }

  /** Call `update` when one of the traits is changed from outside. */
  pull(names, update) {
    const changed = () => !this.pushing && update();
    for (const name of names) {
      this.model.on(`change:${name}`, changed);
      this.signal.addEventListener("abort", () => this.model.off(`change:${name}`, changed));
    }
  }

  /** A row of parts that wraps in narrow windows. */
  row(...parts) {
    const row = make("div", { className: "cnx-row" }, ...parts);
    this.root.append(row);
    return row;
  }

  /** Say in one sentence what is selected; a screen reader speaks it when it has changed. */
  say(text) {
    if (!this.line.parentNode) this.root.append(this.line);
    if (this.line.textContent !== text) this.line.textContent = text;
  }

  on(target, events, listener, options = {}) {
    for (const event of events.split(" ")) target.addEventListener(event, listener, { signal: this.signal, ...options });
  }

  /** Call `step` every `wait()` milliseconds until it returns false; returns a function that stops it. */
  repeat(step, wait) {
    let timer;
    const next = () => {
      timer = setTimeout(() => !this.signal.aborted && step() !== false && next(), wait());
    };
    next();
    return () => clearTimeout(timer);
  }

  /** Light or dark as the ground we stand on, whoever painted it: JupyterLab, Colab, VS Code, a web page. */
  followTheme() {
    const look = () => {
      let ground = this.root.parentElement;
      let colour = "";
      for (; ground; ground = ground.parentElement ?? ground.getRootNode().host) {
        colour = getComputedStyle(ground).backgroundColor;
        if (colour && !/^transparent$|, 0\)$/.test(colour)) break;
      }
      const levels = ground ? colour.match(/[\d.]+/g).map(Number) : null;
      const dark = levels
        ? 0.299 * levels[0] + 0.587 * levels[1] + 0.114 * levels[2] < 128
        : matchMedia("(prefers-color-scheme: dark)").matches;
      this.root.classList.toggle("cnx-dark", dark);
      if (ground) this.root.style.setProperty("--cnx-page", colour);
    };
    const watch = new MutationObserver(look);
    for (const element of [document.documentElement, document.body]) watch.observe(element, { attributes: true });
    this.on(matchMedia("(prefers-color-scheme: dark)"), "change", look);
    this.signal.addEventListener("abort", () => watch.disconnect());
    requestAnimationFrame(look); // by then we are attached to the page
    look();
  }

  // Controls: each returns an object whose `value` can be read and set without calling back.

  slider(label, { min, max, step = 1, value, format = number, change }) {
    const input = make("input", { type: "range", min, max, step, value: String(value) });
    const output = make("output", {}, format(value));
    const field = make("label", { className: "cnx-field" }, make("span", {}, label), input, output);
    this.on(input, "input", () => {
      output.textContent = format(Number(input.value));
      change(Number(input.value));
    });
    return {
      field,
      input,
      get value() { return Number(input.value); },
      set value(now) {
        input.value = now;
        output.textContent = format(now);
      },
    };
  }

  /** `options` are [value, words] pairs. */
  choice(label, { options, value, change }) {
    const select = make("select", {}, ...options.map(([key, words]) => make("option", { value: key }, words)));
    select.value = value;
    this.on(select, "change", () => change(select.value));
    return {
      field: make("label", { className: "cnx-field" }, make("span", {}, label), select),
      input: select,
      get value() { return select.value; },
      set value(now) { select.value = now; },
    };
  }

  toggle(label, { value, change }) {
    const input = make("input", { type: "checkbox", checked: value });
    this.on(input, "change", () => change(input.checked));
    return {
      field: make("label", { className: "cnx-field" }, input, make("span", {}, label)),
      input,
      get value() { return input.checked; },
      set value(now) { input.checked = now; },
    };
  }

  button(label, press, title = "") {
    const button = make("button", { type: "button", className: "cnx-button", title }, label);
    this.on(button, "click", press);
    return button;
  }
}

/**
 * A board of square cells: numbers, pixels, or both, with one cell under the cursor.
 *
 * Mouse, touch and arrow keys move the cursor and call `point(row, column)`. A press or a drag with the button down, or
 * Enter or Space, calls `press(row, column, event)`; other keys `key(name, row, column)`, which returns true if used.
 * Where `gap(row, column)` is true there is no cell: keys skip it.
 */
export class Board {
  constructor(stage, { title, label = title, cell = 30, least = 6, point, press, key, gap, help = "" }) {
    Object.assign(this, { stage, cell, least, label, point, press, key, gap });
    this.cursor = [0, 0];
    const touched = point || press || key;
    this.canvas = make("canvas", touched
      ? { tabIndex: 0, role: "application", "aria-roledescription": "board of cells" }
      : { role: "img" });
    if (help) this.canvas.title = help;
    this.title = make("figcaption", {}, title);
    this.figure = make("figure", { className: "cnx-board" }, this.title, this.canvas);
    if (press) this.canvas.classList.add("cnx-paint");
    if (touched) this.listen();
    const watch = new ResizeObserver(() => this.look && this.room() !== this.drawnRoom && this.draw());
    watch.observe(stage.root);
    stage.signal.addEventListener("abort", () => watch.disconnect());
  }

  listen() {
    const { stage, canvas } = this;
    const under = (event) => {
      const box = canvas.getBoundingClientRect();
      const [rows, columns] = this.look.values.shape;
      const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
      const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
      return [Math.min(rows - 1, Math.max(0, row)), Math.min(columns - 1, Math.max(0, column))];
    };
    let down = false;
    let over = ""; // the cell the pointer was last seen on
    stage.on(canvas, "pointerdown", (event) => {
      down = true;
      if (this.press) canvas.setPointerCapture(event.pointerId);
      over = String(under(event));
      this.move(under(event), event, true);
      canvas.focus({ preventScroll: true });
      if (this.press) event.preventDefault();
    });
    stage.on(canvas, "pointerup pointercancel", () => (down = false));
    stage.on(canvas, "pointerleave", () => (over = ""));
    stage.on(canvas, "contextmenu", (event) => this.press && event.preventDefault());
    stage.on(canvas, "pointermove", (event) => {
      const cell = under(event);
      if (over !== String(cell)) this.move(cell, event, down);
      over = String(cell);
    });
    stage.on(canvas, "keydown", (event) => this.onKey(event));
    stage.on(canvas, "focus blur", () => this.draw());
  }

  move(cell, event, pressed) {
    if (!this.gap?.(...cell)) this.cursor = cell;
    if (this.press && pressed) this.press(...cell, event);
    else if (this.point) this.point(...cell);
    else this.draw();
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const [rows, columns] = this.look.values.shape;
    const [row, column] = this.cursor;
    if (step) {
      const inside = ([i, j]) => i >= 0 && j >= 0 && i < rows && j < columns;
      const onward = (from) => from.map((value, axis) => value + step[axis]);
      let next = onward(this.cursor);
      while (inside(next) && this.gap?.(...next)) next = onward(next);
      this.move(inside(next) ? next : this.cursor, event, false);
    } else if (this.press && (event.key === "Enter" || event.key === " ")) {
      this.press(row, column, event);
    } else if (!this.key?.(event.key, row, column)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation(); // JupyterLab would act on it
  }

  room() {
    return Math.max(120, (this.stage.root.clientWidth || 800) - 4);
  }

  /**
   * Draw `values` (H, W). `colour(value)` gives [r, g, b]; `text(value)` what is written if the cell is large enough;
   * `window` {row, column, height, width, dilation} is outlined; `tint` and `marks` are functions of (row, column) that
   * say which cells are amber, as padding, and which are struck out; `cursor` false hides the cursor; `say` describes
   * the board to a screen reader.
   */
  show(look) {
    this.look = { colour: (value) => gray(value), ...look };
    const [rows, columns] = look.values.shape;
    this.cursor = [Math.min(this.cursor[0], rows - 1), Math.min(this.cursor[1], columns - 1)];
    if (look.title !== undefined) this.title.textContent = look.title;
    this.canvas.setAttribute("aria-label", `${look.say ?? look.title ?? this.label}, ${rows} rows, ${columns} columns`);
    this.draw();
  }

  draw() {
    if (!this.look) return;
    const { values, colour, window: outlined, tint, cursor = true } = this.look;
    const [rows, columns] = values.shape;
    this.drawnRoom = this.room();
    const cell = Math.max(this.least, Math.min(this.cell, Math.floor(this.drawnRoom / columns)));
    const scale = globalThis.devicePixelRatio || 1;
    const { canvas } = this;
    const [width, height] = [columns * cell, rows * cell];
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const ground = (row, column, value) =>
      tint?.(row, column) ? TINT : Number.isNaN(value) ? [255, 255, 255] : colour(value, row, column);
    if (cell < 14) this.pixels(pen, cell, ground);
    else this.cells(pen, cell, ground);
    for (const frame of outlined ? [outlined].flat() : []) this.outline(pen, cell, frame);
    if (cursor && document.activeElement === canvas) {
      const [row, column] = this.cursor;
      pen.setLineDash([3, 2]);
      this.outline(pen, cell, { row, column, height: 1, width: 1, colour: "#0072b2" });
      pen.setLineDash([]);
    }
  }

  /** Small cells: one pixel each, enlarged. */
  pixels(pen, cell, ground) {
    const { values: { shape: [rows, columns], data }, marks } = this.look;
    const picture = new ImageData(columns, rows);
    for (let i = 0; i < rows * columns; i++) {
      const [row, column] = [Math.floor(i / columns), i % columns];
      picture.data.set(marks?.(row, column) ? MARK : ground(row, column, data[i]), 4 * i);
      picture.data[4 * i + 3] = 255;
    }
    this.scratch ??= document.createElement("canvas");
    Object.assign(this.scratch, { width: columns, height: rows });
    this.scratch.getContext("2d").putImageData(picture, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(this.scratch, 0, 0, columns * cell, rows * cell);
  }

  /** Large cells: each with its border, its number, and a stroke through it if it is marked. */
  cells(pen, cell, ground) {
    const { values: { shape: [rows, columns], data }, text, marks } = this.look;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const value = data[row * columns + column];
        const [r, g, b] = ground(row, column, value);
        pen.fillStyle = `rgb(${r},${g},${b})`;
        pen.fillRect(column * cell, row * cell, cell, cell);
        pen.strokeStyle = "#b5b5b5";
        pen.lineWidth = 1;
        pen.strokeRect(column * cell + 0.5, row * cell + 0.5, cell - 1, cell - 1);
        const written = text && cell >= 18 && !Number.isNaN(value) ? text(value) : "";
        if (written) {
          pen.fillStyle = 0.299 * r + 0.587 * g + 0.114 * b < 124 ? "#ffffff" : INK;
          pen.font = `${Math.min(14, cell * 0.48, (cell * 1.5) / Math.max(2, written.length))}px sans-serif`;
          pen.fillText(written, (column + 0.5) * cell, (row + 0.53) * cell);
        }
        if (marks?.(row, column)) {
          pen.strokeStyle = ACCENT;
          pen.lineWidth = 2;
          pen.beginPath();
          pen.moveTo(column * cell, (row + 1) * cell);
          pen.lineTo((column + 1) * cell, row * cell);
          pen.stroke();
        }
      }
    }
  }

  outline(pen, cell, { row, column, height, width, colour = ACCENT }) {
    const line = Math.max(1.5, Math.min(3, cell / 6));
    for (const [style, thick] of [["#ffffff", line + 2], [colour, line]]) {
      pen.strokeStyle = style;
      pen.lineWidth = thick;
      pen.strokeRect(column * cell + line / 2 + 1, row * cell + line / 2 + 1, width * cell - line - 2, height * cell - line - 2);
    }
  }
}

/** The whole numbers from bottom to top, at most five, 0 among them. */
function wholes(bottom, top) {
  const step = Math.max(1, Math.ceil((top - bottom) / 4));
  const first = Math.ceil(bottom / step);
  return Array.from({ length: Math.floor(top / step) - first + 1 }, (_, i) => (first + i) * step);
}

const svg = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

/** Curves over 0, 1, 2, ...; on a logarithmic scale with `log`. */
export class Lines {
  constructor(stage, { title, width = 320, height = 150, log = false, x = "" }) {
    Object.assign(this, { width, height, log, x });
    this.picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "cnx-lines" });
    this.picture.style.width = `${width}px`;
    this.title = make("figcaption", {}, title);
    this.figure = make("figure", { className: "cnx-board" }, this.title, this.picture);
  }

  /**
   * `series` is [{name, values}]; `low` and `high` bound the scale unless the values decide, and a curve that leaves it is
   * cut off; `say` describes it.
   */
  show({ series, low, high, say = this.title.textContent, marks = false }) {
    const { width, height, log } = this;
    const scale = log ? (value) => Math.log10(Math.max(value, 1e-300)) : (value) => value;
    const all = series.flatMap(({ values }) => values.filter((value) => Number.isFinite(value) && (!log || value > 0)));
    let [bottom, top] = [low ?? Math.min(...all), high ?? Math.max(...all)].map(scale);
    if (log) [bottom, top] = [Math.floor(bottom), Math.ceil(top)];
    if (!(top > bottom)) [bottom, top] = [bottom - 1, bottom + 1];
    const longest = Math.max(2, ...series.map(({ values }) => values.length));
    const [left, right, above, below] = [46, width - 8, series.some(({ name }) => name) ? 24 : 8, height - 22];
    const at = (index, value) => [
      left + ((right - left) * index) / (longest - 1),
      below - ((below - above) * (scale(value) - bottom)) / (top - bottom),
    ];
    const label = (value) => (log ? `1e${number(value)}` : number(value, 3));
    const ticks = log ? wholes(bottom, top) : [bottom, (bottom + top) / 2, top];
    const parts = ticks.flatMap((value) => {
      const y = at(0, log ? 10 ** value : value)[1];
      return [
        svg("line", { x1: left, x2: right, y1: y, y2: y, class: "cnx-rule" }),
        svg("text", { x: left - 4, y: y + 4, "text-anchor": "end" }, label(value)),
      ];
    });
    parts.push(svg("text", { x: right, y: height - 4, "text-anchor": "end" }, `${this.x} ${longest - 1}`));
    const edge = 3; // room for a mark on the border
    const [x, y, wide, tall] = [left - edge, above - edge, right - left + 2 * edge, below - above + 2 * edge];
    const inside = svg("svg", { x, y, width: wide, height: tall, viewBox: `${x} ${y} ${wide} ${tall}`, overflow: "hidden" });
    const between = Math.min(140, (right - left) / series.length); // names in the legend
    parts.push(inside);
    series.forEach(({ name, values }, index) => {
      const colour = SERIES[index % SERIES.length];
      const points = values.map((value, i) => (Number.isNaN(value) ? null : at(i, value))).filter(Boolean);
      const own = { color: colour, class: `cnx-series-${index}` };
      inside.append(svg("polyline", { points: points.map((point) => point.join(",")).join(" "), stroke: "currentColor", ...own }));
      if (marks) inside.append(...points.map(([cx, cy]) => svg("circle", { cx, cy, r: 2.5, fill: "currentColor", ...own })));
      const start = left + 6 + index * between;
      if (name) parts.push(
        svg("line", { x1: start, x2: start + 14, y1: 10, y2: 10, stroke: "currentColor", "stroke-width": 3, ...own }),
        svg("text", { x: start + 18, y: 14, class: "cnx-name" }, name));
    });
    this.picture.setAttribute("aria-label", say);
    this.picture.replaceChildren(...parts);
  }
}

/** One horizontal bar per name, for values between 0 and 1. */
export class Bars {
  constructor(stage, { title, names }) {
    this.rows = names.map((name) => {
      const fill = make("span", { className: "cnx-fill" });
      const value = make("span", { className: "cnx-value" });
      const row = make("div", { className: "cnx-bar" }, make("span", {}, name), make("span", { className: "cnx-track" }, fill), value);
      return { row, fill, value };
    });
    this.figure = make("figure", { className: "cnx-board" }, make("figcaption", {}, title), ...this.rows.map(({ row }) => row));
  }

  show(values, { highlight = -1, format = (value) => `${number(100 * value, 1)} %` } = {}) {
    this.rows.forEach(({ row, fill, value }, index) => {
      fill.style.width = `${100 * Math.min(1, Math.max(0, values[index]))}%`;
      value.textContent = format(values[index]);
      row.classList.toggle("cnx-best", index === highlight);
    });
  }
}

/**
 * A board to draw on: a drag or a touch draws, arrow keys move the brush, Space lowers and lifts it.
 *
 * Calls `stroke(from, to)` with [row, column] pairs; a single dot has both the same.
 */
export class Pad {
  constructor(stage, { title, cell, stroke, moved = () => {} }) {
    Object.assign(this, { stroke, moved, down: false, last: [0, 0], mouse: false });
    this.board = new Board(stage, {
      title,
      cell,
      least: 3,
      press: (row, column, event) => this.press([row, column], event),
      point: (row, column) => this.point([row, column]),
      help: "Draw with the mouse or a finger. Keys: arrows move the brush, Space lowers or lifts it.",
    });
    stage.on(this.board.canvas, "pointermove", () => (this.mouse = true), { capture: true });
    stage.on(this.board.canvas, "keydown", () => (this.mouse = false), { capture: true });
    stage.on(this.board.canvas, "blur", () => this.lift());
  }

  lift() {
    this.down = false;
  }

  press(place, event) {
    if (event.type === "pointermove") {
      this.stroke(this.last, place);
    } else {
      this.down = event.type === "keydown" && !this.down;
      if (this.down || event.type === "pointerdown") this.stroke(place, place);
      else this.moved(place);
    }
    this.last = place;
  }

  point(place) {
    if (this.down && !this.mouse) this.stroke(this.last, place);
    else if (this.mouse) this.board.draw();
    else this.moved(place);
    this.last = place;
  }
}

/**
 * Keep `part` in sight, at the top of what its window shows of the explorer.
 *
 * CSS does it, except where a frontend puts a box of its own with `overflow` around outputs: there it is moved.
 */
export function held(stage, part) {
  stage.root.append(part);
  const follow = () => {
    part.style.transform = "";
    const [own, whole] = [part.getBoundingClientRect(), stage.root.getBoundingClientRect()];
    let top = 0; // of what is seen
    for (let box = stage.root.parentElement; box && box !== document.body; box = box.parentElement) {
      if (getComputedStyle(box).overflowY !== "visible") top = Math.max(top, box.getBoundingClientRect().top);
    }
    const by = Math.min(top - own.top, whole.bottom - own.bottom);
    if (by > 1) part.style.transform = `translateY(${by}px)`;
  };
  stage.on(document, "scroll", follow, { capture: true, passive: true });
}

/** Asks Python, one question at a time: `ask(traits)` sends them, and `answered(reply)` gets what comes back. */
export class Questions {
  constructor(stage, answered) {
    Object.assign(this, { stage, answered, waiting: 0, later: null });
    stage.pull(["_reply"], () => this.receive());
  }

  /** Whether there is a Python that answers. */
  get open() {
    return Boolean(this.stage.model.get("_reply"));
  }

  ask(traits) {
    if (this.waiting) {
      this.later = traits;
      return;
    }
    this.waiting = (this.stage.model.get("_asked") ?? 0) + 1;
    this.stage.push({ ...traits, _asked: this.waiting });
  }

  receive() {
    if (!this.open) return;
    const reply = this.stage.model.get("_reply");
    const later = this.later;
    if (reply.asked === this.waiting) this.waiting = 0;
    if (!this.waiting && later) {
      this.later = null;
      this.ask(later);
    }
    this.answered(reply);
  }
}

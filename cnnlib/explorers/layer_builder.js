// A stack of layers, built row by row: what comes out of each and what it costs; the code of the whole.
import { LAYER_DEFAULTS, stackCosts } from "./core.js";
import { Stage, make, number, thousands } from "./view.js";

const MOST_LAYERS = 12;
const NARROW = 600; // pixels: below, the table is abbreviated
// The settings a reader edits: name, least, most; and what a layer is when it is added.
const SETTINGS = {
  Conv2d: [["out_channels", 1, 2048], ["kernel_size", 1, 31], ["stride", 1, 31], ["padding", 0, 31],
    ["dilation", 1, 15], ["groups", 1, 2048]],
  MaxPool2d: [["kernel_size", 1, 31], ["stride", 1, 31], ["padding", 0, 15]],
  AvgPool2d: [["kernel_size", 1, 31], ["stride", 1, 31], ["padding", 0, 15]],
  Linear: [["out_features", 1, 100000]],
};
const NEW = {
  Conv2d: { out_channels: 32, kernel_size: 3 },
  MaxPool2d: { kernel_size: 2 },
  AvgPool2d: { kernel_size: 2 },
  Linear: { out_features: 10 },
};
const KINDS = {
  "": ["Conv2d", "ReLU", "Flatten", "Linear"],
  pooling: ["MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d"],
  normalisation: ["BatchNorm2d"],
};

const times = (sizes) => sizes.map(thousands).join(" × ");
const counted = (value, word) => `${thousands(value)} ${word}${value === 1 ? "" : "s"}`;

/** A layer with all its settings, and with only those that torch must be told. */
const full = ({ layer, ...given }) => {
  const all = { ...LAYER_DEFAULTS[layer], ...given };
  if ("stride" in all) all.stride ??= all.kernel_size;
  return all;
};
const short = (layer, all) => {
  const usual = full({ layer, kernel_size: all.kernel_size });
  const told = Object.entries(all).filter(([name, value]) => name === "kernel_size" || value !== usual[name]);
  return { layer, ...Object.fromEntries(told) };
};

/** The constructor call of one layer, as a reader would write it, behind an output of this shape. */
function call({ layer, ...given }, [inputs]) {
  const { out_channels: outputs, kernel_size: kernel, out_features: features, ...rest } = given;
  const first = {
    Conv2d: [inputs, outputs], BatchNorm2d: [inputs], Linear: [inputs, features], AdaptiveAvgPool2d: [1],
  };
  const parts = [...(first[layer] ?? [])];
  if (kernel !== undefined) parts.push(`kernel_size=${kernel}`);
  for (const name of Object.keys(LAYER_DEFAULTS[layer])) if (name in rest) parts.push(`${name}=${rest[name]}`);
  return `${layer}(${parts.join(", ")})`;
}

/** What one layer does and costs, with the numbers filled in. */
function sentence(layer, before, after, seen) {
  const { layer: name } = layer;
  const { out_channels: outputs, kernel_size: k, groups, out_features: features } = full(layer);
  const values = counted(after.shape.reduce((a, b) => a * b), "value");
  const looks = seen ? ` Each value sees ${times(after.field)} pixels of the image.` : "";
  if (name === "Conv2d") {
    const weights = `${before.shape[0]}${groups > 1 ? ` / ${groups}` : ""} · ${k} · ${k}`;
    return `${outputs} · (${weights} + 1) = ${counted(after.parameters, "parameter")}; ` +
      `${after.shape.join(" · ")} · ${weights} = ${counted(after.macs, "MAC")}.${looks}`;
  }
  if (name === "Linear") {
    const inputs = before.shape[0];
    return `(${thousands(inputs)} + 1) · ${features} = ${counted(after.parameters, "parameter")}; ` +
      `${thousands(inputs)} · ${features} = ${counted(after.macs, "MAC")}.${looks}`;
  }
  if (name === "Flatten") return `the same ${values} in one row; nothing is computed or copied.${looks}`;
  if (name === "BatchNorm2d") return `2 parameters for each of ${before.shape[0]} channels; ${values}.${looks}`;
  return `no parameters; ${values}.${looks}`;
}

function render({ model, el }) {
  const stage = new Stage(el, "Layer builder", model);
  const shown = new Set(model.get("controls"));
  const sees = shown.has("receptive_field");
  const columns = [["layer"], ["output"], ...(sees ? [["receptive field", "field"]] : []), ["parameters", "params"], ["MACs"],
    ["memory, bytes", "kB"]];
  const layers = () => model.get("layers");
  const chosen = () => Math.min(model.get("selected"), layers().length - 1);

  // What the reader does

  function put(next, selected) {
    stage.push({ layers: next, selected: Math.max(0, Math.min(selected, next.length - 1)) });
    update();
  }
  function add(layer) {
    if (layers().length >= MOST_LAYERS) return;
    const at = chosen() + 1;
    put([...layers().slice(0, at), { layer, ...NEW[layer] }, ...layers().slice(at)], at);
  }
  function remove() {
    const at = chosen();
    if (layers().length) put(layers().filter((_, index) => index !== at), at);
  }
  function move(by) {
    const [from, to] = [chosen(), chosen() + by];
    if (to < 0 || to >= layers().length) return;
    const next = [...layers()];
    [next[from], next[to]] = [next[to], next[from]];
    put(next, to);
  }
  function edit(name, value) {
    const layer = layers()[chosen()];
    const all = full(layer);
    // A pooling's stride follows its window until it is set to something else.
    if (name === "kernel_size" && layer.layer !== "Conv2d" && !("stride" in layer)) all.stride = value;
    const [at, next] = [chosen(), short(layer.layer, { ...all, [name]: value })];
    put(layers().map((now, index) => (index === at ? next : now)), at);
  }
  function select(index) {
    stage.push({ selected: Math.max(0, Math.min(index, layers().length - 1)) });
    update();
  }

  // The parts

  /** A native number field that calls back while what stands in it is allowed. */
  function entry(label, least, most, change) {
    const input = make("input", { type: "number", min: least, max: most, step: 1 });
    let now = least;
    stage.on(input, "input", () => {
      const value = Number(input.value);
      if (!Number.isInteger(value) || value < least || value > most) return;
      now = value;
      change(value);
    });
    stage.on(input, "blur", () => (input.value = now));
    return {
      field: make("label", { className: "cnx-field" }, make("span", {}, label), input),
      set value(next) {
        now = next;
        if (Number(input.value) !== next || input.value === "") input.value = next;
      },
    };
  }

  const shape = ["channels", "height", "width"].map((name, axis) =>
    entry(name, 1, axis ? 1024 : 2048, (value) => {
      stage.push({ in_shape: model.get("in_shape").map((now, index) => (index === axis ? value : now)) });
      update();
    }));
  const body = make("tbody");
  const foot = columns.map((_, i) => make(i ? "td" : "th", i ? {} : { scope: "row" }));
  const heads = columns.map(() => make("th", { scope: "col" }));
  const table = make("table", { className: "cnx-layers", "aria-label": "The layers, the image first" },
    make("thead", {}, make("tr", {}, ...heads)), body, make("tfoot", {}, make("tr", {}, ...foot)));
  const scroller = make("div", { className: "cnx-wide" }, table);
  const shaded = make("div", { className: "cnx-shaded" }, scroller); // its edge is dark where the table goes on

  let narrow = false;
  function fit() {
    const now = stage.root.clientWidth > 0 && stage.root.clientWidth < NARROW;
    if (now !== narrow) {
      narrow = now;
      update();
    }
    edge();
  }
  const edge = () =>
    shaded.classList.toggle("cnx-more", scroller.scrollLeft + scroller.clientWidth < scroller.scrollWidth - 1);
  const memory = (bytes) => (narrow ? number(bytes / 1000, 1) : thousands(bytes));
  const sized = (sizes) => (narrow ? times(sizes).replaceAll(" ", "") : times(sizes));

  const rows = []; // kept, so that the focus stays where it is
  function row(index) {
    if (rows[index]) return rows[index];
    const pick = make("button", { type: "button", className: "cnx-pick" });
    const name = make("th", { scope: "row" });
    name.style.fontWeight = "normal";
    const cells = columns.slice(1).map(() => make("td"));
    const line = make("tr", {}, name, ...cells);
    if (index) {
      name.append(pick);
      stage.on(line, "click", () => select(index - 1));
      stage.on(pick, "keydown", (event) => key(event, index - 1));
    } else {
      name.append("image");
    }
    body.append(line);
    return (rows[index] = { line, pick, cells });
  }
  function key(event, index) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.ctrlKey || event.metaKey || event.shiftKey || !(step || event.key === "Delete")) return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab would act on it
    select(index);
    if (event.key === "Delete") remove();
    else if (event.altKey) move(step);
    else select(index + step);
    rows[chosen() + 1]?.pick.focus();
  }

  const editors = Object.fromEntries(Object.entries(SETTINGS).map(([layer, settings]) => {
    const fields = settings.map(([name, ...range]) => [name, entry(name, ...range, (value) => edit(name, value))]);
    return [layer, { fields, part: make("div", { className: "cnx-row" }, ...fields.map(([, { field }]) => field)) }];
  }));
  const settings = make("div");
  const editor = make("div", { role: "group" });
  const which = make("span");
  const moves = [
    stage.button("Up", () => move(-1), "Move the chosen layer up"),
    stage.button("Down", () => move(1), "Move the chosen layer down"),
    stage.button("Remove", remove, "Remove the chosen layer"),
  ];
  const adds = Object.entries(KINDS).flatMap(([control, kinds]) => (!control || shown.has(control) ? kinds : []))
    .map((layer) => stage.button(`+ ${layer}`, () => add(layer), "Add it below the chosen layer"));
  const code = make("pre", { tabIndex: 0, role: "region", "aria-label": "The code of the stack" });
  const copy = stage.button("Copy", copied, "Copy the code");
  async function copied() {
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch { // where the page may not use the clipboard
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    copy.textContent = "Copied";
  }

  // What is shown

  function cell(target, text, share) {
    const bar = make("span", { className: "cnx-share" });
    bar.style.width = `${100 * share}%`;
    target.replaceChildren(text, ...(share > 0 ? [bar] : []));
  }

  function update() {
    const [list, at] = [layers(), chosen()];
    const costs = stackCosts(model.get("in_shape"), list);
    const broken = costs.problem ? costs.rows.length - 1 : -1; // the layer that cannot follow
    const most = (name) => Math.max(1, ...costs.rows.map((cost) => cost[name]));
    const [parameters, macs, bytes] = ["parameters", "macs", "bytes"].map(most);
    table.classList.toggle("cnx-narrow", narrow);
    heads.forEach((head, i) => (head.textContent = columns[i].at(narrow ? -1 : 0)));
    const lines = ["import torch", "from torch import nn", "", "model = nn.Sequential("];
    [{}, ...list].forEach((layer, index) => {
      const { line, pick, cells } = row(index);
      const cost = costs.rows[index];
      const shape = costs.rows[index - 1]?.shape;
      line.classList.toggle("cnx-chosen", index === at + 1);
      line.hidden = false;
      pick.setAttribute("aria-pressed", index === at + 1);
      const [start, ...rest] = (layer.layer ? call(layer, cost ? shape : ["…"]) : "").split("(");
      pick.replaceChildren(...(rest.length ? [`${start}(`, make("wbr"), rest.join("(")] : []));
      cells[0].colSpan = index - 1 === broken && broken >= 0 ? cells.length : 1;
      cells.slice(1).forEach((part) => (part.hidden = index - 1 === broken && broken >= 0));
      cells[0].className = cells[0].colSpan > 1 ? "cnx-wrong" : "";
      if (!cost) {
        cells.forEach((part) => part.replaceChildren());
        if (index - 1 === broken) cells[0].textContent = `Impossible: ${costs.problem}.`;
        return;
      }
      cells[0].textContent = sized(cost.shape);
      if (sees) cells[1].textContent = sized(cost.field);
      const [parametersCell, macsCell, bytesCell] = cells.slice(-3);
      cell(parametersCell, thousands(cost.parameters), cost.parameters / parameters);
      cell(macsCell, thousands(cost.macs), cost.macs / macs);
      cell(bytesCell, memory(cost.bytes), cost.bytes / bytes);
      if (index) lines.push(`    nn.${call(layer, shape)},`);
    });
    rows.slice(list.length + 1).forEach(({ line }) => (line.hidden = true));
    ["in all", "", ...(sees ? [""] : []), thousands(costs.parameters), thousands(costs.macs), memory(costs.bytes)]
      .forEach((text, i) => (foot[i].textContent = broken < 0 || i < 1 ? text : ""));
    if (broken >= 0) lines.push(`    # ${list[broken].layer}, layer ${broken + 1}, cannot follow here`);
    code.textContent = [...lines, ")"].join("\n");
    copy.textContent = "Copy";

    model.get("in_shape").forEach((size, axis) => (shape[axis].value = size));
    const layer = list[at];
    const part = editors[layer?.layer]?.part ??
      make("p", { className: "cnx-small" }, layer ? `${layer.layer} has nothing to set.` : "Add a layer.");
    if (settings.firstChild !== part) settings.replaceChildren(part);
    editor.setAttribute("aria-label", layer ? `Layer ${at + 1}, ${layer.layer}` : "No layer");
    for (const [name, field] of editors[layer?.layer]?.fields ?? []) field.value = full(layer)[name];
    which.textContent = layer ? `layer ${at + 1}:` : "no layer:";
    moves[0].disabled = at <= 0;
    moves[1].disabled = at >= list.length - 1;
    moves[2].disabled = !list.length;
    adds.forEach((button) => (button.disabled = list.length >= MOST_LAYERS));

    if (broken >= 0) stage.say(`Layer ${broken + 1}, ${list[broken].layer}, is impossible: ${costs.problem}.`);
    else if (!layer) stage.say("No layers yet: add one.");
    else stage.say(`Layer ${at + 1}, ${layer.layer}: ${sentence(layer, costs.rows[at], costs.rows[at + 1], sees)}`);
    edge();
  }

  stage.row(make("span", {}, "image:"), ...shape.map(({ field }) => field));
  stage.root.append(shaded);
  stage.on(scroller, "scroll", edge);
  const watch = new ResizeObserver(fit);
  watch.observe(stage.root);
  stage.signal.addEventListener("abort", () => watch.disconnect());
  stage.say("");
  editor.append(settings, make("div", { className: "cnx-row" }, which, ...moves));
  stage.root.append(editor);
  stage.row(make("span", {}, "add below:"), ...adds);
  stage.root.append(code);
  stage.row(copy);
  stage.pull(["in_shape", "layers", "selected"], update);
  update();
  fit();
  return () => stage.ending.abort();
}

export default { render };

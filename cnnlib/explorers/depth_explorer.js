// Signal forward and gradient backward through a deep net with random weights, layer by layer.
import { firstWeights, normal, plane, random, signalAndGradient } from "./core.js";
import { Lines, Stage, make, number } from "./view.js";

const INITS = [["small", "normal, 0.01"], ["default", "PyTorch's default"], ["he", "He"]];
const [WIDE, SAMPLES, MOST] = [64, 16, 30]; // units a layer, inputs, layers
const [LOW, HIGH] = [1e-15, 1e9]; // the same axis for all settings, so that slopes can be compared

/** 0.31, or 6.4e−11 where that is shorter. */
function short(value) {
  if (value >= 0.01 && value < 10000) return number(Number(value.toPrecision(2)), 3);
  const [digits, power] = value.toExponential(1).split("e");
  return `${digits}e${number(Number(power))}`;
}

/** What becomes of the first of these values on the way to the last. */
function verdict(values) {
  const ratios = values.map((value) => value / values[0]);
  if (Math.min(...ratios) >= 0.1 && Math.max(...ratios) <= 10) return "stays within a factor of ten";
  const ratio = ratios.at(-1);
  return ratio < 1 ? `shrinks by a factor of ${short(1 / ratio)}` : `grows by a factor of ${short(ratio)}`;
}

function render({ model, el }) {
  const stage = new Stage(el, "Depth explorer", model);
  const setting = (name) => model.get(name);
  let [drawn, input, grad, weights] = [];

  const change = (traits) => {
    stage.push(traits);
    update();
  };
  const layers = stage.slider("layers", { min: 2, max: MOST, value: setting("layers"), change: (value) => change({ layers: value }) });
  const init = stage.choice("first weights", { options: INITS, value: setting("init"), change: (value) => change({ init: value }) });
  const norm = stage.toggle("normalise each layer", { value: setting("norm"), change: (on) => change({ norm: on }) });
  const skip = stage.toggle("skip connections", { value: setting("skip"), change: (on) => change({ skip: on }) });
  const chart = (title) => new Lines(stage, { title, width: 330, height: 190, log: true, x: "layer" });
  const forward = chart("signal, going forward");
  const backward = chart("gradient, coming back");

  /** The random numbers last until the seed changes. */
  function draw(seed) {
    if (drawn === seed) return;
    const both = normal([2, SAMPLES, WIDE], random(2 * seed));
    [input, grad] = [plane(both, 0), plane(both, 1)];
    weights = {};
    drawn = seed;
  }

  function update() {
    const [count, kind, seed] = ["layers", "init", "seed"].map(setting);
    draw(seed);
    layers.value = count;
    init.value = kind;
    norm.value = setting("norm");
    skip.value = setting("skip");
    const all = (weights[kind] ??= firstWeights(kind, MOST, WIDE, 2 * seed + 1));
    const used = { shape: [count, WIDE, WIDE], data: all.data.subarray(0, count * WIDE * WIDE) };
    const { signal, gradient } = signalAndGradient(input, grad, used, { norm: norm.value, skip: skip.value });
    const show = (lines, values, say) => lines.show({ series: [{ values }], low: LOW, high: HIGH, marks: true, say });
    const there = `Signal: ${short(signal[0])} at the input, ${short(signal[count])} after layer ${count}, it ` +
      `${verdict([...signal])}.`;
    const back = `Gradient: ${short(gradient[count])} at layer ${count}, ${short(gradient[0])} at the input, it ` +
      `${verdict([...gradient].reverse())}.`;
    show(forward, signal, there);
    show(backward, gradient, back);
    stage.say(`${there} ${back}`);
  }

  stage.row(layers.field, init.field, norm.field, skip.field);
  stage.row(forward.figure, backward.figure).classList.add("cnx-top");
  stage.say("");
  stage.root.append(make("p", { className: "cnx-small" },
    `${WIDE} units a layer, ReLU, random weights, ${SAMPLES} random inputs. Signal: spread over the inputs. ` +
    "Gradient: root mean square."));
  stage.pull(["layers", "init", "norm", "skip", "seed"], update);
  update();
  return () => stage.ending.abort();
}

export default { render };

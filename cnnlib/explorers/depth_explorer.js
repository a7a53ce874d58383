// Signal forward and gradient backward through a deep net with random weights, layer by layer.
import { firstWeights, normal, plane, random, signalAndGradient } from "./core.js";
import { Lines, Stage, make, number } from "./view.js";

const INITS = [["small", "normal, 0.01"], ["default", "PyTorch's default"], ["he", "He"]];
const [WIDE, SAMPLES, MOST] = [64, 16, 30]; // units a layer, inputs, layers

/** 0.31, or 6.4e−11 where that is shorter. */
function short(value) {
  if (value >= 0.01 && value < 10000) return number(Number(value.toPrecision(2)), 3);
  const [digits, power] = value.toExponential(1).split("e");
  return `${digits}e${number(Number(power))}`;
}

function verdict(ratio) {
  if (ratio < 1e-3) return "vanishes";
  if (ratio > 1e3) return "explodes";
  return ratio < 0.05 ? "shrinks" : ratio > 20 ? "grows" : "keeps its size";
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
    const both = [...signal, ...gradient];
    const high = Math.max(1e6, ...both, ...both.map((value) => 1 / value)); // 1 stands in the middle of both charts
    const show = (lines, values, say) => lines.show({ series: [{ values }], low: 1 / high, high, marks: true, say });
    const there = `Signal: ${short(signal[0])} at the input, ${short(signal[count])} after layer ${count}, it ` +
      `${verdict(signal[count] / signal[0])}.`;
    const back = `Gradient: ${short(gradient[count])} at layer ${count}, ${short(gradient[0])} at the input, it ` +
      `${verdict(gradient[0] / gradient[count])}.`;
    show(forward, signal, there);
    show(backward, gradient, back);
    stage.say(`${there} ${back}`);
  }

  stage.row(layers.field, init.field, norm.field, skip.field);
  stage.row(forward.figure, backward.figure).classList.add("cnx-top");
  stage.say("");
  stage.root.append(make("p", { className: "cnx-small" },
    `A net of ${WIDE} units a layer with random weights and ReLU, without biases, on ${SAMPLES} random inputs. Signal: ` +
    "the standard deviation of a unit over the inputs, averaged over the layer. Gradient: the root mean square of the " +
    "loss's gradient at the layer's output, for a loss whose gradient at the last layer is random."));
  stage.pull(["layers", "init", "norm", "skip", "seed"], update);
  update();
  return () => stage.ending.abort();
}

export default { render };

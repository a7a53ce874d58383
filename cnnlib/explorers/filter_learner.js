// Gradient descent finds a hidden 3x3 kernel from an image of noise and its response.
import { conv2d, conv2dWeightGrad, map, nested, plane, squaredError, tensor, zeros } from "./core.js";
import { Board, Lines, Stage, make, number, signed } from "./view.js";

const MOST_STEPS = 200;
const STRIDE = 16; // steps at once, and Play stops behind as many
const TOO_FAR = 1e12; // a loss that nobody will come back from
const FOUND = 1e-9; // a largest error that is none

const bank = ({ shape, data }) => ({ shape: [1, 1, ...shape], data });
const most = ({ data }) => data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
const difference = (a, b) => ({ shape: [...a.shape], data: a.data.map((value, i) => value - b.data[i]) });
/** At most two decimals, fewer for large numbers, so that they fit into a cell. */
const short = (value) => number(value, Math.abs(value) < 9.995 ? 2 : Math.abs(value) < 99.95 ? 1 : 0);
const digits = (value) => {
  if (value === 0) return "0";
  const [mantissa, power] = value.toExponential(1).split("e").map(Number);
  return power < -3 || power > 4 ? `${mantissa}e${power}` : String(Number(value.toPrecision(2)));
};

function render({ model, el }) {
  const stage = new Stage(el, "Filter learner", model);
  let image, hidden, target, kernel, losses, now, stop;
  let rates = []; // those of the present run
  let previous = null; // losses and rates of the run before the last reset, to compare with

  function read() {
    image = tensor(model.get("image"));
    image = { shape: [1, ...image.shape], data: image.data };
    hidden = tensor(model.get("hidden"));
    kernel = tensor(model.get("kernel"));
    losses = [...model.get("losses")];
    rates = losses.length > 1 ? [model.get("learning_rate")] : [];
    target = conv2d(image, bank(hidden));
    look();
    if (!losses.length) losses = [now.loss];
  }

  /** The response of the present kernel, its loss, and the loss's gradient at the kernel. */
  function look() {
    const response = conv2d(image, bank(kernel));
    const { loss, error, grad } = squaredError(response, target);
    const gradient = conv2dWeightGrad(grad, image);
    now = { response, loss, error, gradient: { shape: kernel.shape, data: gradient.data } };
  }

  // What the reader does

  const finished = () => losses.length > MOST_STEPS || now.loss > TOO_FAR;
  function step() {
    if (finished()) return false;
    const rate = model.get("learning_rate");
    kernel = { shape: kernel.shape, data: kernel.data.map((value, i) => value - rate * now.gradient.data[i]) };
    look();
    losses.push(now.loss);
    if (!rates.includes(rate)) rates.push(rate);
    tell();
    return !finished() && most(difference(kernel, hidden)) > FOUND;
  }
  function reset() {
    pause();
    if (losses.length > 1) previous = { losses, rates };
    rates = [];
    kernel = zeros(kernel.shape);
    look();
    losses = [now.loss];
    tell();
  }
  function tell() {
    stage.push({ kernel: nested(kernel), losses: [...losses] });
    draw();
  }
  function start() {
    if (finished()) return;
    stop = stage.repeat(() => (step() && (losses.length - 1) % STRIDE ? true : pause()), () => 150);
    play.textContent = "Pause";
  }
  function pause() {
    stop?.();
    stop = null;
    play.textContent = "Play";
    return false;
  }

  // What is shown

  const board = (cell) => ([name, title]) => [name, new Board(stage, { title, cell, least: 4 })];
  const boards = Object.fromEntries([
    ...[["image", "image of noise"], ["target", "wanted response"], ["response", "response now"],
      ["error", "now − wanted"]].map(board(6)),
    ...[["kernel", "kernel now"], ["gradient", "gradient of the loss"], ["hidden", "hidden kernel"],
      ["difference", "now − hidden"]].map(board(44)),
  ]);
  const curve = new Lines(stage, { title: "loss after each step", width: 340, height: 170, log: true, x: "step" });

  function draw() {
    const size = most(hidden) || 1;
    const scale = most(target) || 1;
    const weights = (value) => signed(value / size);
    boards.image.show({ values: plane(image, 0), colour: (value) => signed(value / 3) });
    for (const [name, values] of [["target", target], ["response", now.response], ["error", now.error]]) {
      boards[name].show({ values: plane(values, 0), colour: (value) => signed(value / scale) });
    }
    boards.kernel.show({ values: kernel, colour: weights, text: short });
    boards.gradient.show({ values: now.gradient, colour: (value) => signed(value / size / 2), text: short });
    boards.hidden.show({ values: hidden, colour: weights, text: short });
    boards.difference.show({ values: difference(kernel, hidden), colour: weights, text: short });

    const done = losses.length - 1;
    const all = [...losses, ...(previous?.losses ?? [])];
    const named = (name, used) =>
      `${name}, ${used.length > 1 ? "several rates" : `rate ${used[0].toFixed(2)}`}`;
    const small = (values) => values.map((value) => Math.max(value, 1e-15));
    const before = previous ? [{ name: named("before", previous.rates), values: small(previous.losses) }] : [];
    curve.show({
      series: [{ name: named("now", rates.length ? rates : [model.get("learning_rate")]), values: small(losses) }, ...before],
      low: Math.max(1e-15, Math.min(1e-2, ...all)),
      high: Math.max(100, ...all),
      say: `Loss after each of ${done} steps, on a logarithmic scale: from ${digits(losses[0])} to ${digits(now.loss)}`,
    });
    for (const button of [play, one, many]) button.disabled = finished();
    stage.say(`Step ${done}: loss ${digits(now.loss)}, largest error of the kernel ` +
      `${digits(most(difference(kernel, hidden)))}.${verdict(done)}`);
  }

  function verdict(done) {
    if (now.loss > TOO_FAR) return " It diverges: stopped. Reset, and take a smaller learning rate.";
    const grows = done > 0 && now.loss > losses[done - 1] && now.loss > 1e-20; // below, only rounding is left
    if (grows) return " The loss grows: it diverges, the steps are too large.";
    if (most(difference(kernel, hidden)) < FOUND) return " The hidden kernel is found.";
    return done >= MOST_STEPS ? ` Stopped after ${MOST_STEPS} steps.` : "";
  }

  const play = stage.button("Play", () => (stop ? pause() : start()), `Step after step, up to ${STRIDE}, ${2 * STRIDE} and so on`);
  const one = stage.button("Step", () => (pause(), step()), "One step of gradient descent");
  const many = stage.button(`${STRIDE} steps`, () => {
    pause();
    for (let i = 0; i < STRIDE && step(); i++);
  }, "As many steps at once");
  const rate = stage.slider("learning rate", {
    min: 0.01,
    max: 1.2,
    step: 0.01,
    value: model.get("learning_rate"),
    change: (value) => {
      stage.push({ learning_rate: value });
      draw();
    },
  });

  read();
  const names = Object.keys(boards);
  const rows = [names.slice(0, 4), names.slice(4)].map((part) =>
    make("div", { className: "cnx-row cnx-top cnx-even" }, ...part.map((name) => boards[name].figure)));
  stage.row(make("div", {}, ...rows), curve.figure);
  stage.say("");
  const again = stage.button("Reset", reset, "Begin again with zeros");
  stage.row(rate.field, ...(stage.quiet ? [] : [play]), one, many, again);
  stage.pull(["learning_rate"], () => {
    rate.value = model.get("learning_rate");
    draw();
  });
  stage.pull(["image", "hidden", "kernel"], () => {
    pause();
    stage.push({ losses: [] }); // a new problem or a new place: the curve begins again
    read();
    draw();
  });
  draw();
  return () => stage.ending.abort();
}

export default { render };

// Digits whose pixels change places, in one order for all or each in its own, and their nearest neighbours.
import { permuted, plane, random, randomOrder, ring, squaredDistance, tensor } from "./core.js";
import { Board, Stage, gray, make, thousands } from "./view.js";

let groups = 0; // radio buttons of one group share a name that no other group on the page has

function render({ model, el }) {
  const stage = new Stage(el, "Pixel shuffler", model);
  const setting = (name) => model.get(name);
  let images, labels, orders, drawn, shuffled, chosen;

  const change = (traits) => {
    stage.push(traits);
    update();
  };

  // All images in a row of radio buttons: the arrow keys choose among them.
  const group = `cnx-digits-${groups++}`;
  const picks = make("div", { className: "cnx-picks", role: "radiogroup", "aria-label": "the digits, shuffled" });
  let pick = [];
  function build() {
    pick = images.map((_, i) => {
      const canvas = make("canvas", { width: images[i].shape[1], height: images[i].shape[0], "aria-hidden": "true" });
      const input = make("input", { type: "radio", name: group, value: String(i) });
      stage.on(input, "change", () => change({ digit: i }));
      return { canvas, input, label: make("label", {}, input, canvas) };
    });
    picks.replaceChildren(...pick.map(({ label }) => label));
  }

  const amount = stage.slider("shuffled", {
    min: 0,
    max: 100,
    step: 5,
    value: setting("amount"),
    format: (value) => `${value} %`,
    change: (value) => change({ amount: value }),
  });
  const own = stage.toggle("each image in an order of its own", {
    value: setting("own"),
    change: (on) => change({ own: on }),
  });
  const again = stage.button("Another order", () => change({ seed: (setting("seed") + 1) % 2 ** 31 }));
  const board = (title) => new Board(stage, { title, cell: 5, least: 3 });
  const [before, after, near, found] = ["the digit", "shuffled", "nearest, shuffled", "nearest"].map(board);

  function read() {
    const digits = tensor(setting("digits"));
    images = Array.from({ length: digits.shape[0] }, (_, i) => plane(digits, i));
    labels = tensor(setting("labels")).data;
    drawn = null;
    if (pick.length !== images.length) build();
  }

  /** Order 0 is the one for all, the others belong to one image each; they last until the seed changes. */
  function draw(seed) {
    if (drawn === seed) return;
    const uniform = random(seed);
    orders = Array.from({ length: images.length + 1 }, () => randomOrder(images[0].data.length, uniform));
    drawn = seed;
  }

  /** The number of the other image with the smallest squared distance, and that distance. */
  function nearest(data, i) {
    let best = { at: -1, distance: Infinity };
    data.forEach((other, at) => {
      const distance = at === i ? Infinity : squaredDistance(data[i], other);
      if (distance < best.distance) best = { at, distance };
    });
    return best;
  }

  function update() {
    draw(setting("seed"));
    chosen = Math.min(setting("digit"), images.length - 1);
    amount.value = setting("amount");
    own.value = setting("own");
    const moved = Math.floor((setting("amount") * images[0].data.length + 50) / 100);
    const all = ring(orders[0], moved);
    shuffled = images.map(({ data }, i) => permuted(data, setting("own") ? ring(orders[i + 1], moved) : all));
    const answers = shuffled.map((_, i) => nearest(shuffled, i));
    const right = answers.map(({ at }, i) => labels[at] === labels[i]);
    show(answers[chosen], right);
  }

  function show({ at, distance }, right) {
    const colour = (value) => gray(value / 255);
    const { shape } = images[0];
    const picture = (data) => ({ values: { shape, data }, colour, cursor: false });
    before.show({ ...picture(images[chosen].data), title: `the digit, a ${labels[chosen]}` });
    after.show(picture(shuffled[chosen]));
    near.show(picture(shuffled[at]));
    found.show({ ...picture(images[at].data), title: `the nearest, a ${labels[at]}` });
    pick.forEach(({ canvas, input, label }, i) => {
      const pixels = new ImageData(shape[1], shape[0]);
      shuffled[i].forEach((value, j) => pixels.data.set([value, value, value, 255], 4 * j));
      canvas.getContext("2d").putImageData(pixels, 0, 0);
      input.checked = i === chosen;
      input.setAttribute("aria-label", `${labels[i] === 8 ? "an" : "a"} ${labels[i]}, read ${right[i] ? "right" : "wrong"}`);
      label.classList.toggle("cnx-wrong", !right[i]);
    });
    const first = nearest(images.map(({ data }) => data), chosen);
    const count = right.filter(Boolean).length;
    const one = (label) => (label === 8 ? "an 8" : `a ${label}`);
    stage.say(
      `The nearest to this ${labels[chosen]} is ${one(labels[at])}, ${right[chosen] ? "right" : "wrong"}: squared distance ` +
      `${thousands(distance)}, unshuffled ${thousands(first.distance)}. Read right: ${count} of ${images.length}.`,
    );
  }

  read();
  stage.row(amount.field, own.field, again);
  stage.root.append(picks);
  stage.row(before.figure, after.figure, near.figure, found.figure).classList.add("cnx-top", "cnx-edge");
  stage.say("");
  stage.pull(["digits", "labels", "digit", "amount", "own", "seed"], () => {
    read();
    update();
  });
  update();
  return () => stage.ending.abort();
}

export default { render };

// Shift a digit over a canvas, and see how sure two nets stay.
import { argmax, forward, map, placed, plane, readNet, softmax, tensor, zeros } from "./core.js";
import { Bars, Board, Questions, Stage, colourKey, gray, make } from "./view.js";

const SIZE = 44;
const MARGIN = 8;
const PLACES = 2 * MARGIN + 1; // on each axis
const GREY = [190, 190, 190];
const COLOURS = [[217, 142, 0], [0, 114, 178]]; // wrong, right
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function render({ model, el }) {
  const stage = new Stage(el, "Shift race", model);
  const nets = model.get("nets").map(readNet);
  const names = model.get("names");
  const digits = tensor(model.get("digits"));
  const labels = tensor(model.get("labels")).data;
  let shift, chosen;
  const tried = new Map(); // of each digit: for each net what it said at every shift, NaN where not tried
  let held = null; // the cell at which the digit is held, and where it was then

  const board = new Board(stage, {
    title: `${SIZE} × ${SIZE} pixels`,
    cell: 6,
    least: 4,
    press(row, column, event) {
      if (event.type === "pointerdown") held = { at: [row, column], from: shift };
      if (held) moveTo(held.from.map((value, axis) => value + [row, column][axis] - held.at[axis]));
    },
    help: "Drag the digit, or move it with the arrow keys.",
  });
  board.canvas.style.cursor = "grab";
  stage.on(board.canvas, "pointerup pointercancel", () => (held = null));
  // Here arrows move the digit, not a cursor.
  stage.on(board.canvas, "keydown", (event) => {
    const move = MOVES[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    moveTo(shift.map((value, axis) => value + move[axis]));
  }, { capture: true });
  const answers = names.map((name) => new Bars(stage, { title: name, names: [..."0123456789"] }));
  const records = names.map(() => new Board(stage, { title: "no shift tried yet", cell: 7 }));
  const questions = new Questions(stage, () => update());

  function moveTo(wanted) {
    const next = wanted.map((value) => Math.max(-MARGIN, Math.min(MARGIN, value)));
    if (String(next) !== String(shift)) tell({ shift: next });
  }

  function tell(traits) {
    ({ shift = shift, chosen = chosen } = traits);
    if (questions.open) questions.ask({ shift, chosen });
    else stage.push(traits);
    update();
  }

  function update() {
    const canvas = onCanvas(chosen, shift);
    board.show({ values: canvas, colour: gray, cursor: false });
    const image = { shape: [1, SIZE, SIZE], data: canvas.data };
    const scores = nets.length ? nets.map((net) => forward(net, image).at(-1)) : answer();
    for (const { figure } of [...answers, ...records]) figure.hidden = !scores;
    const label = labels[chosen];
    const where = `${label === 8 ? "An" : "A"} ${label}, shifted ${words(shift[0], "down", "up")} and ${words(shift[1], "right", "left")}`;
    if (!scores) {
      stage.say(questions.waiting ? "Asking Python." : `${where}. Python has the nets: run the cell to ask it.`);
      return;
    }
    const record = recorded();
    const said = scores.map(softmax).map(({ data }, i) => {
      const best = argmax(data);
      record[i].data[at(shift)] = best === label ? 1 : 0;
      answers[i].show(data, { highlight: best });
      const verdict = `${names[i]}: ${best}, ${best === label ? "right" : "wrong"}`;
      answers[i].figure.firstChild.textContent = verdict;
      showRecord(i, record[i]);
      return verdict;
    });
    const verdicts = said.join("; ");
    const by = nets.length ? "" : " Computed by Python.";
    stage.say(`${where}. ${verdicts[0].toUpperCase()}${verdicts.slice(1)}.${firstWrong(record)}${by}`);
  }

  const at = ([down, right]) => (MARGIN + down) * PLACES + MARGIN + right;

  function recorded() {
    const fresh = () => names.map(() => map(zeros([PLACES, PLACES]), () => NaN));
    if (!tried.has(chosen)) tried.set(chosen, fresh());
    return tried.get(chosen);
  }

  function showRecord(i, values) {
    const seen = values.data.filter((value) => !Number.isNaN(value));
    const right = seen.filter(Boolean).length;
    records[i].show({
      values: map(values, (value) => (Number.isNaN(value) ? -1 : value)),
      colour: (value) => COLOURS[value] ?? GREY,
      window: { row: MARGIN + shift[0] - 1, column: MARGIN + shift[1] - 1, height: 3, width: 3, colour: "#1a1a1a" },
      title: `right at ${right} of ${seen.length}\u00a0${seen.length === 1 ? "shift" : "shifts"}`,
      cursor: false,
    });
  }

  /** Where each net fails first on the way from the middle through here, as far as that way has been tried. */
  function firstWrong(record) {
    const [down, right] = shift.map(Math.sign);
    if (!down && !right) return "";
    if (down && right && Math.abs(shift[0]) !== Math.abs(shift[1])) return ""; // no way in whole pixels
    const found = record.flatMap(({ data }, i) => {
      let by = 0;
      while (by <= MARGIN && data[at([by * down, by * right])] === 1) by++;
      return by > 0 && by <= MARGIN && data[at([by * down, by * right])] === 0 ? [`${names[i]} at ${by}\u00a0px`] : [];
    });
    const way = [["up", "", "down"][down + 1], ["to the left", "", "to the right"][right + 1]].filter(Boolean);
    return found.length ? ` First wrong ${way.join(" and ")}: ${found.join(", ")}.` : "";
  }

  const words = (by, forwards, backwards) => `${Math.abs(by)} ${by < 0 ? backwards : forwards}`;

  function answer() {
    const reply = model.get("_reply");
    return reply && !questions.waiting ? reply.scores.map(tensor) : null;
  }

  /** The next digit that both nets read right in the middle: with any other the race is over before it starts. */
  function next() {
    const count = digits.shape[0];
    const following = Array.from({ length: count }, (_, i) => (chosen + 1 + i) % count);
    return following.find(fair) ?? following[0];
  }

  function fair(digit) {
    if (!nets.length) return model.get("_reply")?.fair?.includes(digit) ?? true;
    const image = { shape: [1, SIZE, SIZE], data: onCanvas(digit, [0, 0]).data };
    return nets.every((net) => argmax(forward(net, image).at(-1).data) === labels[digit]);
  }

  const onCanvas = (digit, by) =>
    placed(map(plane(digits, digit), (value) => value / 255), by.map((value) => MARGIN + value), [SIZE, SIZE]);

  const other = stage.button("Another digit", () => tell({ chosen: next(), shift: [0, 0] }));
  const middle = stage.button("To the middle", () => moveTo([0, 0]));
  const columns = answers.map(({ figure }, i) => make("div", {}, figure, records[i].figure));
  stage.row(board.figure, ...columns).classList.add("cnx-top");
  const keys = [colourKey(COLOURS[1], "right"), colourKey(COLOURS[0], "wrong"), colourKey(GREY, "not tried")];
  stage.root.append(make("p", { className: "cnx-row cnx-small" }, "Shifts tried:", ...keys));
  stage.say("");
  stage.row(other, middle);
  const pulled = () => {
    [shift, chosen] = [[...model.get("shift")], Math.min(model.get("chosen"), digits.shape[0] - 1)];
    update();
  };
  stage.pull(["shift", "chosen"], pulled);
  pulled();
  return () => stage.ending.abort();
}

export default { render };

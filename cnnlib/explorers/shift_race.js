// Shift a digit over a canvas, and see how sure two nets stay.
import { argmax, forward, map, placed, plane, readNet, softmax, tensor } from "./core.js";
import { Bars, Board, Questions, Stage, gray, number } from "./view.js";

const SIZE = 44;
const MARGIN = 8;
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function render({ model, el }) {
  const stage = new Stage(el, "Shift race", model);
  const nets = model.get("nets").map(readNet);
  const names = model.get("names");
  const digits = tensor(model.get("digits"));
  const labels = tensor(model.get("labels")).data;
  let shift, chosen;
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
    const corner = shift.map((value) => MARGIN + value);
    const canvas = placed(map(plane(digits, chosen), (value) => value / 255), corner, [SIZE, SIZE]);
    board.show({ values: canvas, colour: gray, cursor: false });
    const image = { shape: [1, SIZE, SIZE], data: canvas.data };
    const scores = nets.length ? nets.map((net) => forward(net, image).at(-1)) : answer();
    answers.forEach(({ figure }) => (figure.hidden = !scores));
    const label = labels[chosen];
    const where = `Shifted ${words(shift[0], "down", "up")}, ${words(shift[1], "right", "left")}. This is a ${label}.`;
    if (!scores) {
      stage.say(questions.waiting ? "Asking Python." : `${where} Python has the nets: run the cell to ask it.`);
      return;
    }
    const said = scores.map(softmax).map(({ data }, i) => {
      const best = argmax(data);
      const verdict = best === label ? "right" : "wrong";
      answers[i].show(data, { highlight: best });
      answers[i].figure.firstChild.textContent = `${names[i]}: ${best}, ${verdict}`;
      return `${names[i]}: ${best}, ${number(100 * data[best], 1)} %, ${verdict}`;
    });
    stage.say(`${where} ${said.join("; ")}.${nets.length ? "" : " Computed by Python."}`);
  }

  const words = (by, forwards, backwards) => `${Math.abs(by)} ${by < 0 ? backwards : forwards}`;

  function answer() {
    const reply = model.get("_reply");
    return reply && !questions.waiting ? reply.scores.map(tensor) : null;
  }

  const other = stage.button("Another digit", () => tell({ chosen: (chosen + 1) % digits.shape[0] }));
  const middle = stage.button("To the middle", () => moveTo([0, 0]));
  stage.row(board.figure, ...answers.map(({ figure }) => figure)).classList.add("cnx-top");
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

// Explorers on a plain page, without Python: `show(el, {name, traits})`, the content of a stored notebook's
// application/vnd.cnnlib.explorer+json output. `model` stands for what a notebook's frontend hands to a widget.

const file = (name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();

/** The state of one explorer: get, set and listeners, as anywidget's model. */
export function model(traits) {
  const state = { ...traits };
  const listeners = new Map();
  return {
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      for (const listener of listeners.get(`change:${name}`) ?? []) listener();
    },
    on(event, listener) {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener));
    },
    off(event, listener) {
      listeners.get(event)?.delete(listener);
    },
    save_changes() {},
  };
}

/** Draw an explorer into `el`; returns its model and a function that takes it away. */
export async function show(el, { name, traits }) {
  const explorer = await import(`./${file(name)}.js`);
  const state = model(traits);
  return { model: state, remove: explorer.default.render({ model: state, el }) };
}

// What the pages do beyond being read: explorers come alive near the window, pictures open large, code can be copied.

const AWAKE = "800px 0px"; // before it is seen
const here = new URL(".", import.meta.url);

async function wake(place) {
  const [{ show }, answer] = await Promise.all([
    import(new URL("explorers/page.js", here)),
    fetch(place.dataset.settings),
  ]);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.url}`);
  const stage = document.createElement("div");
  place.append(stage);
  try {
    const { model } = await show(stage, await answer.json());
    place.model = model;
  } catch (error) {
    stage.remove();
    throw error;
  }
  place.classList.add("live");
}

function fall(place, error) {
  place.classList.add("failed");
  place.querySelector("figcaption").textContent = "This explorer could not be loaded, so here is its picture.";
  console.info(`${place.dataset.settings}: ${error.message}`);
}

const watch = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watch.unobserve(target);
      wake(target).catch((error) => fall(target, error));
    }
  },
  { rootMargin: AWAKE },
);
for (const place of document.querySelectorAll(".explorer")) watch.observe(place);

// Pictures: the link leads to the picture itself; here it opens over the page.

const large = document.createElement("dialog");
large.className = "large";
large.setAttribute("aria-label", "Picture, enlarged");
large.addEventListener("click", () => large.close());
document.body.append(large);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.zoom");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const picture = link.querySelector("img").cloneNode();
  picture.loading = "eager";
  const close = document.createElement("button");
  close.textContent = "Close";
  close.autofocus = true;
  large.replaceChildren(close, picture);
  large.showModal();
});

// Code

for (const block of document.querySelectorAll(".highlight-python pre, .highlight-ipython3 pre, .highlight-bash pre, .cell_input pre")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const text = block.textContent.replace(/\n$/, "");
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(block); // the reader's own keys copy it
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  block.parentElement.append(button);
}

// Sets formulas with MathJax when the site is built, so that no reader's browser has to.
// One JSON line {tex, display} in, one JSON line of HTML out. Argument: MathJax's node-main.js.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { default: mathjax } = await import(pathToFileURL(process.argv[2]));
const MathJax = await mathjax.init({
  loader: { load: ["input/tex", "output/svg", "a11y/assistive-mml"] },
  svg: { fontCache: "local" },
});
for await (const line of createInterface({ input: process.stdin })) {
  const { tex, display } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(MathJax.startup.adaptor.outerHTML(MathJax.tex2svg(tex, { display })))}\n`);
}

// Drops the rules that no page can use from the theme's style sheets: most of them.
// Arguments: PurgeCSS's module, the folder of the built site.
import { writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [library, site] = process.argv.slice(2);
const { PurgeCSS } = await import(pathToFileURL(library));
const found = await new PurgeCSS().purge({
  // Scripts too: what they add to a page while it is read stands in them as a word.
  content: [`${site}/**/*.html`, `${site}/**/*.js`],
  css: ["styles/*.css", "basic.css", "mystnb.*.css"].map((name) => `${site}/_static/${name}`),
  variables: false,
});
// site.css draws the few icons; the theme's icon fonts are not on the site, and no page may ask for them.
const FONTS = /@font-face\{[^}]*Font Awesome[^}]*\}/g;
await Promise.all(found.map(({ css, file }) => writeFile(file, css.replace(FONTS, ""))));

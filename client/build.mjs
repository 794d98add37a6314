// Builds the pages' scripts and styles into server/static, and holds them to their sizes.
// Every folder of src/ with a main.ts is a room of its own and becomes <room>.js; every file of
// styles/ becomes the file of that name; what lies in assets/ goes along as it is. Nothing is
// written when one of them is too big.

import { mkdirSync, readdirSync, readFileSync, rmSync, existsSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const STATIC = join(HERE, "..", "server", "static");
// Of gzip. A page of the audience's loads one script at first (tests/e2e/test_page.py holds it to
// that), and must be there at once; what is needed seldom is a script of its own that it fetches then.
const KILOBYTES = { "reader.js": 10, ".css": 10 };

function entries() {
  const rooms = readdirSync(join(HERE, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(HERE, "src", entry.name, "main.ts")))
    .map((entry) => ({ in: join(HERE, "src", entry.name, "main.ts"), out: entry.name }));
  const styles = readdirSync(join(HERE, "styles"))
    .filter((name) => name.endsWith(".css"))
    .map((name) => ({ in: join(HERE, "styles", name), out: basename(name, ".css") }));
  return [...rooms, ...styles];
}

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: entries(),
    outdir: STATIC,
    bundle: true,
    format: "esm",
    target: "es2021",
    minify: true,
    legalComments: "none",
    external: ["/static/*"],
    logLevel: "warning",
    write: false,
  });
  return outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }));
}

function assets() {
  const folder = join(HERE, "assets");
  return readdirSync(folder).map((name) => ({ name, contents: readFileSync(join(folder, name)) }));
}

function measured({ name, contents }) {
  const size = gzipSync(contents, { level: 9 }).length / 1000;
  const limit = Object.entries(KILOBYTES).find(([ending]) => name.endsWith(ending))?.[1] ?? Infinity;
  const note = limit === Infinity ? "" : ` of ${limit}`;
  console.log(`${name.padEnd(12)} ${size.toFixed(1).padStart(5)} kB gzip${note}`);
  return size <= limit;
}

function write(files) {
  mkdirSync(STATIC, { recursive: true });
  for (const { name, contents } of files) writeFileSync(join(STATIC, name), contents);
  const built = new Set(files.map(({ name }) => name));
  for (const name of readdirSync(STATIC)) {
    if (!built.has(name)) rmSync(join(STATIC, name), { recursive: true });
  }
}

const files = [...(await bundle()), ...assets()];
const tooBig = files.filter((file) => !measured(file));
if (tooBig.length > 0) {
  console.error(`too big: ${tooBig.map(({ name }) => name).join(", ")}; nothing was written`);
  process.exit(1);
}
write(files);

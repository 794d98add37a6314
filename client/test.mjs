// Runs tests/*.test.ts by Node's own test runner: bundled to a folder that is removed afterwards,
// since Node 20 reads no TypeScript.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const TESTS = fileURLToPath(new URL("tests", import.meta.url));

const sources = readdirSync(TESTS)
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => join(TESTS, name));
if (sources.length === 0) {
  console.error("client/tests holds no *.test.ts: nothing was tested");
  process.exit(1);
}

const outdir = mkdtempSync(join(tmpdir(), "liveblog-client-tests-"));
try {
  await build({
    entryPoints: sources,
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
  });
  const bundles = readdirSync(outdir).map((name) => join(outdir, name));
  const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...bundles], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(outdir, { recursive: true });
}

/** What a user would install is exactly what a user needs. `npm run test:packed` installs and uses it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestOf, packAll, packComplaints, publishedFolders } from "./pack-lists.js";
import type { PackedPackage } from "./pack-lists.js";

const packed = packAll({});

test("every published workspace packs what users need and nothing else", () => {
  assert.deepEqual(packed.map(({ folder }) => folder).sort(), publishedFolders().sort());
  assert.deepEqual(packed.flatMap(packComplaints), []);
});

test("the command line is installed with everything that it needs to build agents", () => {
  const cli = manifestOf("apps/cli");
  assert.ok(
    packed.some(
      ({ name, files }) => name === cli.name && files.some(({ path }) => path === "schema/engine.v1.json"),
    ),
  );
  for (const sdk of ["assemblyscript", "c", "javascript"])
    assert.ok(cli.dependencies?.[`@wasm-engine/sdk-${sdk}`], sdk);
  const base = packed.find(({ name }) => name === "@wasm-engine/sdk-javascript");
  assert.ok(base?.files.some(({ path }) => path === "assets/quickjs-agent-base.wasm"));
});

test("parts depend on parts of the same version, and all of them are published", () => {
  const versions = new Map(
    publishedFolders().map((folder) => [manifestOf(folder).name, manifestOf(folder).version]),
  );
  for (const folder of publishedFolders()) {
    for (const [name, range] of Object.entries(manifestOf(folder).dependencies ?? {})) {
      if (name.startsWith("@wasm-engine/")) assert.equal(range, versions.get(name), `${folder}: ${name}`);
    }
  }
});

test("the checks of packed files can fail", () => {
  const wrong: PackedPackage = {
    name: "wasm-engine",
    filename: "",
    folder: "apps/cli",
    unpackedSize: 0,
    files: ["dist/x.test.js", "dist/main.js", "dist/testing/project.js"].map((path) => ({ path, size: 1 })),
  };
  const complaints = packComplaints(wrong).join("\n");
  for (const expected of [
    /x\.test\.js is not for users/,
    /LICENSE is missing/,
    /bin\/wasm-engine\.js is named/,
    /map .* is not packed/,
  ])
    assert.match(complaints, expected);
});

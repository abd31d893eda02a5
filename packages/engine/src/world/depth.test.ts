import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { diverText } from "../testing/guest-text.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";

const folder = freshFolder("depth");

test("[G2] [G6] endless recursion ends at the same place in every compiler tier", async () => {
  const heads = new Set<string>();
  for (const v8Flags of [[], ["--liftoff-only"], ["--no-liftoff"]]) {
    const directory = join(folder, `tier${v8Flags.join("")}`);
    const sample = await sampleWorld({
      directory,
      text: diverText,
      records: 10,
      span: 10,
      stop: { when: "inputs-done" },
    });
    await using world = await Engine.open(sample, { v8Flags });
    const result = await world.run();
    assert.equal(result.faults, 6, "every agent faults once, on its start message, and is stopped");
    heads.add(`${result.chainHead} ${result.fuel}`);
  }
  assert.equal(heads.size, 1);
});

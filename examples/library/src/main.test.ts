import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./main.js", import.meta.url));

test("[S14.send] [S14.replay] the library example sends, receives, asks and replays", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: "utf8" });
  assert.equal(stderr, "");
  assert.equal(status, 0);
  const run = /^run: +(\S+)$/m.exec(stdout)?.[1];
  assert.ok(run !== undefined, stdout);
  rmSync(run, { recursive: true });
  assert.deepEqual(
    stdout.match(/^(sent|received|answered|replay)/gm)?.join(" "),
    [
      ...Array.from({ length: 4 }, () => "sent"),
      ...Array.from({ length: 4 }, () => "received"),
      "answered",
      "replay",
    ].join(" "),
  );
  assert.match(stdout, /received summit: \{"readings":2,"celsius":0.25\}/);
  assert.match(stdout, /answered summit: \{"readings":2,"celsius":0.25\}/);
  assert.match(stdout, /replay: +identical \(\d+ ticks, \d+ turns executed\)/);
});

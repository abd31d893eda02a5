import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nodeHasher } from "../crypto/node-crypto.js";
import { seededRandom } from "../testing/fault-file-system.js";
import { LogScript } from "../testing/log-script.js";
import { recoverLog, verifyRunLog, type LogPlace } from "./event-log-reader.js";
import { nodeFileSystem } from "./file-system.js";

const kills = 20;
const child = new URL("../testing/log-child.js", import.meta.url).pathname;

/** Runs the child until it has printed `lines` lines, kills it, and returns the last line it had printed. */
function killAfter(runFolder: string, lines: number): Promise<readonly [number, number]> {
  return new Promise((resolve, reject) => {
    const running = spawn(process.execPath, [child, runFolder], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    running.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.split("\n").length > lines) running.kill("SIGKILL");
    });
    running.once("close", (code, signal) => {
      const whole = text.split("\n").slice(0, -1);
      if (signal !== "SIGKILL") {
        const end = `${code ?? signal}: ${text.slice(-200)}`;
        return reject(new Error(`the child ended by itself, what it says is above; ${end}`));
      }
      const [seq = 0, tick = -1] = (whole.at(-1) ?? "").split(" ").map(Number);
      resolve([seq, tick]);
    });
  });
}

test(`[G3] ${kills} kills of a process with a log thread: everything acknowledged is there, once`, async () => {
  const runFolder = mkdtempSync(join(tmpdir(), "wasm-engine-kill-"));
  const place: LogPlace = {
    system: nodeFileSystem,
    hasher: nodeHasher,
    runFolder,
    logFolder: join(runFolder, "log"),
    markPath: join(runFolder, "synced"),
  };
  const seed = 20_010_101;
  const random = seededRandom(seed);
  try {
    for (let kill = 1; kill <= kills; kill += 1) {
      const [seq, tick] = await killAfter(runFolder, 1 + Math.floor(random() * 60));
      const label = `kill ${kill} of seed ${seed}`;
      const recovered = recoverLog(place);
      assert.ok(
        recovered.lastSeq >= seq,
        `${label}: input ${seq} was acknowledged, ${recovered.lastSeq} is the last`,
      );
      assert.ok(
        recovered.tick >= tick,
        `${label}: tick ${tick} was acknowledged, ${recovered.tick} is the last`,
      );
    }
    const recovered = recoverLog(place);
    const seqs = [...recovered.ticks()].flatMap((entry) => entry.inputs.map((input) => input.seq));
    assert.deepEqual(
      seqs,
      Array.from({ length: recovered.lastSeq }, (_, index) => index + 1),
    );
    const script = new LogScript(nodeHasher);
    for (let tick = 0; tick <= recovered.tick; tick += 1) script.tick(tick);
    assert.deepEqual(Buffer.from(script.chainHead), Buffer.from(recovered.chainHead));
    assert.equal(verifyRunLog(place).ok, true);
    assert.ok(recovered.tick > kills, "every life made progress");
  } finally {
    rmSync(runFolder, { recursive: true });
  }
});

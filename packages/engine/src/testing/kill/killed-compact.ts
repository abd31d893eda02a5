/** One `compact` in a process of its own, killed at a random moment after it has begun. */

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Random } from "../fault-file-system.js";

const program = fileURLToPath(new URL("./compact-program.js", import.meta.url));
/** About as long as a compact of these runs takes, and some more. */
const spanMs = 40;

/** True where it was killed, false where it had ended by itself. @throws AssertionError where it failed */
export async function killCompact(dir: string, random: Random): Promise<boolean> {
  const child = fork(program, [dir], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let errors = "";
  child.stderr?.setEncoding("utf8");
  child.stderr?.on("data", (text: string) => (errors += text));
  const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) => {
    child.once("close", (code, signal) => resolve([code, signal]));
  });
  await Promise.race([new Promise((resolve) => child.once("message", resolve)), ended]);
  const timer = setTimeout(() => child.kill("SIGKILL"), random() * spanMs);
  const [code, signal] = await ended;
  clearTimeout(timer);
  assert.ok(code === 0 || signal === "SIGKILL", `compact failed: ${errors}`);
  return signal !== null;
}

/** Keys, lines and endings of `dev`, without a process. */

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import type { DevCycle, DevEvent, RunDifference, RunResult } from "@wasm-engine/engine";
import { listenForKeys } from "./dev/dev-keys.js";
import { outcomeOf } from "./dev/dev-outcome.js";
import { linesOf } from "./dev/dev-view.js";
import { paintFor } from "./dev/paint.js";

const plain = paintFor({ isTTY: false }, {});
const agentId = "critic" as AgentId; // test data

class Terminal extends EventEmitter {
  isTTY = true;
  isRaw = false;
  isReading = false;
  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw;
  }
  resume(): void {
    this.isReading = true;
  }
  pause(): void {
    this.isReading = false;
  }
}

test("[S14.dev] single keys in a raw terminal, which is given back; elsewhere nothing is read", () => {
  const terminal = new Terminal();
  const pressed: string[] = [];
  const release = listenForKeys(terminal, (key) => pressed.push(key));
  assert.deepEqual([terminal.isRaw, terminal.isReading], [true, true]);
  terminal.emit("data", Buffer.from("rFx"));
  terminal.emit("data", Buffer.from("tq\u0003"));
  assert.deepEqual(pressed, ["again", "fork", "tests", "quit", "interrupt"]);
  release();
  assert.deepEqual([terminal.isRaw, terminal.isReading, terminal.listenerCount("data")], [false, false, 0]);
  const pipe = Object.assign(new Terminal(), { isTTY: false });
  listenForKeys(pipe, () => undefined)();
  assert.deepEqual([pipe.isReading, pipe.listenerCount("data")], [false, 0]);
});

test("colours only on a terminal, and never with NO_COLOR", () => {
  assert.equal(plain("red", "x"), "x");
  assert.equal(paintFor({ isTTY: true }, { NO_COLOR: "1" })("red", "x"), "x");
  assert.equal(paintFor({ isTTY: true }, {})("red", "x"), "\u001b[31mx\u001b[39m");
});

function text(event: DevEvent): string {
  return linesOf(event, { paint: plain, directory: "/project", hasKeys: true }).join("\n");
}

test("a difference is compact: long ones are cut and counted, steering characters are spelled out", () => {
  const entry = (tick: number, said: string) =>
    ({ tick, agentId, kind: "said", about: "info", text: said }) as const;
  const entries = Array.from({ length: 40 }, (_, tick) => ({ after: entry(tick, `line ${tick}`) }));
  const difference: RunDifference = {
    equal: false,
    firstTick: 0,
    agents: [
      { agentId, only: "after", entries: [{ before: entry(0, "\u001b[2J") }, ...entries], states: [] },
    ],
    cutAfter: 50,
  };
  const lines = text({ kind: "difference", difference, comparedTo: "run" }).split("\n");
  assert.deepEqual(lines.slice(0, 4), [
    "differs   from the run before, from tick 0",
    "  critic (new)",
    "    - tick 0 said info: \\x1b[2J",
    "    + tick 0 said info: line 0",
  ]);
  assert.deepEqual(lines.slice(-2), [
    "    and 29 more",
    "  after tick 50 nothing was compared: too much happened",
  ]);
  const same = text({ kind: "difference", difference: { equal: true, agents: [] }, comparedTo: "run" });
  assert.equal(same, "same      as the run before");
});

test("faults, exits and dropped lines are told with tick and agent; exits with 0 are not", () => {
  const fault = {
    tick: 3,
    agentId,
    code: "GUEST_ERROR",
    guestCode: -1,
    detail: "Error: no\n    at f (critic.ts:7)",
  };
  const told = text({
    kind: "observed",
    observed: {
      tick: 3,
      dropped: 12,
      lines: [{ agentId, level: "warn", text: "careful" }],
      faults: [fault],
      exits: [
        { agentId, code: 0 },
        { agentId, code: 4 },
      ],
    },
  });
  assert.deepEqual(told.split("\n"), [
    "        and 12 lines more; logs shows them",
    "     3  critic  warn: careful",
    "     3  critic  fault GUEST_ERROR -1: Error: no",
    "              at f (critic.ts:7)",
    "     3  critic  ended with code 4",
  ]);
});

const once = { error: undefined, isOnce: true, isFollowing: false };

function cycle(more: Partial<DevCycle>): { readonly cycles: readonly DevCycle[] } {
  return { cycles: [{ cycle: 1, changed: [], built: [], failures: [], ...more }] };
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return EngineError.is(error) ? `${error.code} ${error.exitCode}` : String(error);
  }
  return "none";
}

test("[G10] [S14.dev] endings: failed runs with --once, a replay that differs, an interrupted run", () => {
  const failure = { kind: "exit", agentId, tick: 4, before: 3, code: "2", detail: "" } as const;
  assert.equal(
    codeOf(() => outcomeOf(cycle({ failures: [failure] }), once)),
    "WE_DEV_FAILED 1",
  );
  assert.equal(
    codeOf(() => outcomeOf(cycle({ replay: "diverged" }), once)),
    "WE_DEV_DIVERGED 3",
  );
  const quiet = outcomeOf(cycle({ failures: [failure] }), { ...once, isOnce: false });
  assert.deepEqual([quiet.exitCode, quiet.streamed], [undefined, false]);
  const interrupted = { ticks: 5, dir: "somewhere" } as RunResult; // what the error names
  assert.equal(
    codeOf(() => outcomeOf({ cycles: [], interrupted }, once)),
    "WE_CLI_INTERRUPTED 130",
  );
});

test("a replay that differs is loud and names the place", () => {
  const replay = { verified: false, ticks: 9, firstDivergence: { tick: 4, agent: agentId, what: "state" } };
  // The view reads no more of a report than this.
  const told = text({ kind: "verified", replay } as unknown as DevEvent);
  assert.match(told, /^replay {4}DIVERGED at tick 4, agent critic: state\n/);
});

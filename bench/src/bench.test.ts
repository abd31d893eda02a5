/** The benchmarks work and prove what they measure; their figures are nobody's business here. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { instrument } from "@wasm-engine/wasm";
import type { AgentDocument } from "./agent-bench.js";
import { checkRing } from "./ring-check.js";
import { messageWords, simulateRing } from "./ring.js";
import { COSTS } from "../../packages/wasm/dist/cost-table.js";
import { assemble } from "../../packages/wasm/dist/testing/assemble.js";
import { controlProbes } from "./fuel/control-probes.js";
import type { FuelDocument } from "./fuel/fuel-bench.js";
import { hostileProbes } from "./fuel/hostile-probes.js";
import { instructionProbes } from "./fuel/instruction-probes.js";
import type { LogDocument } from "./log-bench.js";
import type { InputDocument } from "./input-bench.js";
import type { MeteringDocument } from "./metering-bench.js";
import type { MessageDocument } from "./message-bench.js";
import { prebuiltDigests, sourceDigests } from "./prebuilt-modules.js";
import type { TickDocument } from "./tick-bench.js";
import type { BitDocument } from "./bits-bench.js";
import type { InferenceDocument } from "./inference-bench.js";
import type { TravelDocument } from "./travel-bench.js";

function document(program: string, ...words: string[]): unknown {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, "--quick", "--json", ...words], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
}

test("bench:messages proves its run and compares it with what has no engine", () => {
  const { ok, messagesPerSecond, ratioToPostMessage, sizes, limits } = document(
    "./messages.js",
  ) as MessageDocument; // its own format
  assert.ok(ok);
  assert.ok(messagesPerSecond > 0);
  assert.ok(ratioToPostMessage > 0);
  assert.equal(limits.length, 5);
  const [size] = sizes;
  assert.deepEqual(size?.checks, { simulation: "equal", replay: "identical", oneWorker: "equal" });
  assert.equal(size?.windowMessages, size.windowTicks * size.agents);
});

test("bench:ticks executes exactly the ticks that have work", () => {
  const { ok, worlds } = document("./ticks.js") as TickDocument; // its own format
  assert.ok(ok);
  assert.equal(worlds.length, 3);
  for (const { p50Micros, p99Micros } of worlds) assert.ok(p50Micros > 0 && p50Micros <= p99Micros);
});

test("bench:agents measures the same agent in every language", () => {
  const { ok, figures } = document("./agents.js", "--sizes", "4") as AgentDocument; // its own format
  assert.ok(ok, JSON.stringify(figures));
  assert.equal(figures.length, 5);
  for (const { messageMicros, replay } of figures) assert.ok(messageMicros > 0 && replay === "identical");
  for (const { bare } of figures.slice(0, 4)) assert.ok(bare !== undefined && bare.invocationMicros > 0);
});

test("the compiled agents of smoke tests are those of their sources", () => {
  assert.deepEqual(prebuiltDigests(), sourceDigests(), "run: node bench/dist/prebuilt-modules.js");
});

test("bench:inputs counts what it was acknowledged", () => {
  const { ok, world } = document("./inputs.js") as InputDocument; // its own format
  assert.ok(ok, JSON.stringify(world));
  assert.deepEqual([world.counted, world.replay], ["equal", "identical"]);
  for (const { name, inputs, p50Ms, p99Ms } of world.figures)
    assert.ok(inputs > 0 && p50Ms > 0 && p50Ms <= p99Ms, name);
});

test("bench:log keeps conversations whole and within the aims", () => {
  const { ok, bytesPerTick, conversations } = document("./log.js") as LogDocument; // its own format
  assert.ok(ok, JSON.stringify({ bytesPerTick, conversations }));
  assert.ok(bytesPerTick > 0 && bytesPerTick <= 64);
  for (const { name, bytes, steps } of conversations) assert.ok(bytes > 0 && steps === 4, name);
});

test("bench:travel looks at the ticks and finds the byte that it says", () => {
  const { ok, diff, jump } = document("./travel.js", "--only", "jump,diff") as TravelDocument; // its own format
  assert.ok(ok, JSON.stringify({ diff, jump }));
  assert.match(diff?.found ?? "", /^tick 177, input, agent s2, memory byte \d+$/);
  assert.ok((jump?.p50Ms ?? 0) > 0);
});

test("bench:inference counts only texts with the same tokens and the same bits", () => {
  const words = ["--no-peer", "--native", import.meta.dirname, "--only", "concurrent8", "--formats", "q4"];
  const { ok, bitEqual, formats, ratioToRawBatchedLoop } = document(
    "./inference.js",
    ...words,
  ) as InferenceDocument; // its own format
  assert.ok(ok && bitEqual, JSON.stringify(formats));
  assert.deepEqual(
    formats.map(({ format, sameTokens }) => [format, sameTokens]),
    [["q4", true]],
  );
  assert.ok(ratioToRawBatchedLoop > 0);
});

test("bench:bits compares every text with the same alone, and expects refusals", () => {
  const words = ["--providers", "wasm", "--only", "int8 with GQA", "--tokens", "3"];
  const { ok, rows } = document("./bits.js", ...words) as BitDocument; // its own format
  assert.ok(ok, JSON.stringify(rows));
  assert.deepEqual(
    rows.map(({ batchMode, compared, different }) => [batchMode, compared, different]),
    [["serial", 24, 0]],
  );
});

test("bench:metering compares equal work in every form and tier", () => {
  const { geomean, worst, quickjs, kernels, tiers, nodes } = document(
    "./metering.js",
    ...["--kernel", "fib,vector,strings,quickjs", "--tiers", "default,liftoff"],
  ) as MeteringDocument; // its own format
  assert.deepEqual(
    kernels.map(({ name }) => name),
    ["fib", "vector", "strings", "quickjs"],
  );
  for (const { name, baseMs, ratio, sizeRatio, checksum, tiers: figures } of kernels) {
    assert.ok(baseMs > 0 && ratio > 0 && ratio <= worst, name);
    assert.ok(sizeRatio > 1 && checksum !== "", name);
    assert.deepEqual(Object.keys(figures), ["default", "liftoff"]);
  }
  assert.ok(geomean > 0 && geomean <= worst);
  assert.equal(quickjs, kernels[3]?.ratio);
  assert.ok((kernels[3]?.agentRatio ?? 0) > 0, "the agent form is measured too");
  assert.equal(tiers.default, geomean);
  assert.deepEqual(nodes, []);
});

test("bench:metering refuses a kernel that is not there", () => {
  const path = fileURLToPath(new URL("./metering.js", import.meta.url));
  const result = spawnSync(process.execPath, [path, "--quick", "--kernel", "unknown"], { encoding: "utf8" });
  assert.equal(result.status, 2);
  assert.match(result.stderr, /^--kernel takes sha256, json, .*, not "unknown"/);
});

test("bench:fuel times every instruction of a class in both tiers", () => {
  const { classes, hostile, overall, probes } = document(
    "./fuel.js",
    "--probe",
    "call_indirect",
  ) as FuelDocument; // its own format
  assert.deepEqual(
    probes.map(({ name }) => name),
    ["call_indirect", "call_indirect of 256 functions at random"],
  );
  for (const { liftoff, turbofan } of probes) assert.ok(liftoff > 0 && turbofan > 0);
  assert.deepEqual(
    classes.map(({ cost }) => cost),
    ["call-indirect"],
  );
  assert.equal(hostile.length, 1);
  assert.ok(overall.ratio >= 1 && overall.spread === 1);
});

test("every class of the cost table has a fuel probe that instruments", () => {
  const probes = [...instructionProbes(), ...controlProbes, ...hostileProbes];
  const classes = new Set<string>(probes.map(({ cost }) => cost));
  assert.deepEqual(
    Object.keys(COSTS).filter((cost) => !classes.has(cost)),
    ["free"], // they become no code
  );
  assert.equal(new Set(probes.map(({ name }) => name)).size, probes.length, "names are unique");
  for (const { text } of probes) assert.ok(instrument(assemble(text)).bytes.length > 0);
});

test("the ring's check sees a lost message, a changed one and a wrong station", () => {
  const stations = 5;
  const { counts, checksums, messages } = simulateRing(stations, () => 7);
  const report = (change: (words: Uint32Array, number: number) => Uint32Array | undefined, add = 0): string =>
    checkRing(stations, {
      agents: Array.from({ length: stations }, (_, station) => {
        const words = change(messages.slice(station * messageWords, (station + 1) * messageWords), station);
        const payload = Buffer.from(words?.buffer ?? new ArrayBuffer(0)).toString("base64");
        return {
          agentId: `s${station}`,
          describe: { count: counts[station] ?? 0, checksum: (checksums[station] ?? 0) + add },
          mailbox: words === undefined ? [] : [{ payload }],
        };
      }),
    } as unknown as Parameters<typeof checkRing>[1]); // the parts of a report that are looked at
  assert.equal(
    report((words) => words),
    "equal",
  );
  assert.match(
    report((words, number) => (number === 3 ? undefined : words)),
    /4 messages in flight/,
  );
  assert.match(
    report((words) => words.map((word, index) => (index === 9 ? word + 1 : word))),
    /as word 9/,
  );
  assert.match(
    report((words) => words, 1),
    /station 0/,
  );
});

/**
 * `npm run bench:peers`: the ring on what people would use instead. Every peer is an npm project of its own in
 * bench/peers, with its own lock file, installed on first use; one that cannot be installed or run here is named,
 * with the reason, and fails nothing. Peers do different amounts of work: see docs/benchmarks.md before comparing.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { benchOptions, finish, sayTo } from "./bench-options.js";
import { figureTable, rate } from "./figure-table.js";
import type { LimitFigure } from "./limits/timed-ring.js";
import { machineFacts, machineLine } from "./machine.js";
import { firstLine, installPeer, peersFolder } from "./peer-project.js";

interface PeerOutcome {
  readonly peer: string;
  readonly figures: readonly LimitFigure[];
  /** Why there are none. */
  readonly skipped?: string;
}

/** Peers without a project here, and why. */
const absent: readonly PeerOutcome[] = [
  { peer: "bullmq", figures: [], skipped: "needs a Redis server, which nothing here starts" },
  { peer: "extism", figures: [], skipped: "version 1.0.3 fails for good at a plugin's call 16,384" },
];

const runner = fileURLToPath(new URL("./peer-runner.js", import.meta.url));
const options = benchOptions({ sizes: [50, 1000, 10_000] });
const say = sayTo(options);
const machine = machineFacts();
say(`peers: ${machineLine(machine)}`);

const outcomes: PeerOutcome[] = [];
for (const entry of readdirSync(peersFolder, { withFileTypes: true })) {
  if (!entry.isDirectory() || !existsSync(join(peersFolder, entry.name, "ring.mjs"))) continue;
  const outcome = measurePeer(entry.name);
  outcomes.push(outcome);
  if (outcome.skipped !== undefined) say(`  SKIPPED ${entry.name}: ${outcome.skipped}`);
}
for (const outcome of absent) say(`  SKIPPED ${outcome.peer}: ${outcome.skipped ?? ""}`);
outcomes.push(...absent);

const measured = outcomes.flatMap(({ figures }) => figures);
const names = [...new Set(measured.map(({ name }) => name))];
const counts = [...new Set(measured.map(({ agents }) => agents))].sort((left, right) => left - right);
const rows = names.map((name) => [
  name,
  ...counts.map((agents) => {
    const figure = measured.find((candidate) => candidate.name === name && candidate.agents === agents);
    return figure?.ok === false ? "WRONG" : rate(figure?.messagesPerSecond);
  }),
]);
say(`\n${figureTable(["messages per second", ...counts.map((agents) => `${agents} agents`)], rows)}`);
finish(options, { bench: "peers", machine, outcomes, ok: measured.every(({ ok }) => ok) });

function measurePeer(peer: string): PeerOutcome {
  const folder = join(peersFolder, peer);
  const problem = installPeer({ name: peer }, say);
  if (problem !== undefined) return { peer, figures: [], skipped: problem };
  const quick = options.quick ? ["1", "20"] : ["2000"];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [runner, join(folder, "ring.mjs"), ...quick],
    { encoding: "utf8" },
  );
  const figures = stdout
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as LimitFigure])); // peer-runner.ts
  return { peer, figures, ...(status === 0 ? {} : { skipped: `ended early: ${firstLine(stderr)}` }) };
}

/**
 * `npm run bench:metering`: what metering costs. `--kernel A,B`, `--tiers default,liftoff,turbofan,engine`, `--nodes 20,24` or
 * `--node PATH`, `--repeat N`, `--quick`, `--json`; with `--check` missed limits are exit 1.
 */

import { parseArgs } from "node:util";
import { finish, sayTo } from "./bench-options.js";
import { kernelNames } from "./kernel.js";
import { machineFacts, machineLine } from "./machine.js";
import { measureMetering, meteringLimits, meteringTable, tierFlags } from "./metering-bench.js";
import type { Tier } from "./metering-bench.js";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    kernel: { type: "string", default: kernelNames().join(",") },
    tiers: { type: "string", default: Object.keys(tierFlags).join(",") },
    nodes: { type: "string", default: process.versions.node.split(".")[0] ?? "" },
    node: { type: "string" },
    repeat: { type: "string" },
  },
});
const { json, quick, check } = values;
const tiers = values.tiers.split(",").map(tierOf);
const repeat = Number(values.repeat ?? (quick ? 1 : 9));
if (!(repeat >= 1 && repeat % 1 === 0)) throw new RangeError("--repeat takes a whole number of at least 1");
const say = sayTo({ json });
const facts = machineLine(machineFacts());
say(`metering: ${facts}${quick ? "; quick: figures mean nothing" : ""}`);
const { kernel, nodes, node } = values;
const measured = await measureMetering(
  {
    kernels: kernel.split(","),
    tiers,
    nodes: nodes.split(","),
    node,
    repeat,
    targetMs: quick ? 2 : 300,
  },
  say,
);
for (const figures of [measured, ...measured.nodes]) say(meteringTable(figures));
const limits = Object.entries(meteringLimits).map(([name, limit]) => `${name} ${limit}`);
const verdict = measured.withinLimits ? "within" : "NOT within";
say(`\n  load ${measured.load.join(" to ")}; ${verdict} the limits: ${limits.join(", ")}`);
finish({ json }, { ...measured, quick, ok: !check || measured.withinLimits });

function tierOf(name: string): Tier {
  if (Object.hasOwn(tierFlags, name)) return name as Tier; // one of its own keys
  throw new RangeError(`--tiers takes ${Object.keys(tierFlags).join(", ")}, not "${name}"`);
}

/**
 * `npm run bench:metering`: what metering costs. `--kernel A,B`, `--tiers default,liftoff,turbofan,engine`, `--nodes 20,24` or
 * `--node PATH`, `--repeat N`, `--quick`, `--json`; with `--check` missed limits are exit 1.
 */

import {
  chosenNames,
  programOptions,
  wholeNumber,
} from "../../packages/wasm/dist/testing/program-options.js";
import { commandName, finish, sayTo } from "./bench-options.js";
import { kernelNames } from "./kernel.js";
import { headLine, machineFacts } from "./machine.js";
import { measureMetering, meteringLimits, meteringTable, tierFlags } from "./metering-bench.js";
import type { Tier } from "./metering-bench.js";

const tierNames = Object.keys(tierFlags) as Tier[]; // its own keys
const { values } = programOptions({
  usage: `${commandName()} [--kernel ${kernelNames().join(",")}]
  [--tiers ${tierNames.join(",")}] [--nodes 20,24 | --node PATH] [--repeat N] [--check] [--quick] [--json]`,
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    kernel: { type: "string" },
    tiers: { type: "string" },
    nodes: { type: "string", default: process.versions.node.split(".")[0] ?? "" },
    node: { type: "string" },
    repeat: { type: "string" },
  },
});
const { json, quick, check } = values;
const tiers = chosenNames("tiers", values.tiers, tierNames);
const kernels = chosenNames("kernel", values.kernel, kernelNames());
const repeat = wholeNumber("repeat", values.repeat ?? (quick ? "1" : "9"), 1);
const say = sayTo({ json });
const machine = machineFacts();
say(headLine("metering", machine, { quick }));
const { nodes, node } = values;
const measured = await measureMetering(
  {
    kernels,
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

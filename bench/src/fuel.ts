/**
 * `npm run bench:fuel`: nanoseconds per unit of fuel for every instruction in both tiers, and what an attacker would
 * write. `--probe PART` chooses by name, `--node PATH` another Node, `--quick`, `--json`. See docs/fuel-calibration.md.
 */

import { programOptions } from "../../packages/wasm/dist/testing/program-options.js";
import { commandName, finish, sayTo } from "./bench-options.js";
import { fuelTables, measureFuel } from "./fuel/fuel-bench.js";
import { headLine, machineFacts } from "./machine.js";

const { values } = programOptions({
  usage: `${commandName()} [--probe PART] [--node PATH] [--quick] [--json]`,
  options: {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    probe: { type: "string", default: "" },
    node: { type: "string", default: process.execPath },
  },
});
const { quick, node, probe } = values;
const say = sayTo(values);
say(headLine("fuel", machineFacts(), { quick }));
const options = quick ? { targetMs: 0.05, repeat: 1 } : { targetMs: 4, repeat: 9 };
const measured = measureFuel({ ...options, node, part: probe }, say);
say(fuelTables(measured));
say(`\n  load ${measured.load.map((load) => load.toFixed(1)).join(" to ")}`);
finish(values, { ...measured, quick });

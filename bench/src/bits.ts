/**
 * `npm run bench:bits`: whether any text of a language model gets another bit because of what is asked beside it, as the
 * table of docs/models.md. `--every N` takes each Nth size of batches, `--tokens N` that many tokens a text, `--seed N`
 * other requests, `--only q4,int8` models by parts of their names, `--providers cpu,wasm` those alone.
 */

import { fileURLToPath } from "node:url";
import { programOptions, wholeNumber } from "../../packages/wasm/dist/testing/program-options.js";
import { commandName, finish, sayTo } from "./bench-options.js";
import { bitTable, measureBits } from "./bits-bench.js";

const { values } = programOptions({
  usage:
    `${commandName()} [--every 1] [--tokens 8] [--seed 1] [--only NAMES] ` +
    "[--providers wasm,cpu] [--native FOLDER] [--quick] [--json]",
  options: {
    every: { type: "string", default: "1" },
    tokens: { type: "string", default: "8" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    providers: { type: "string", default: "wasm,cpu" },
    native: { type: "string", default: fileURLToPath(new URL("../../.wasm-engine/native", import.meta.url)) },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const say = sayTo(values);
const document = await measureBits(
  values,
  {
    every: wholeNumber("every", values.every, 1),
    tokens: wholeNumber("tokens", values.tokens, 1),
    seed: wholeNumber("seed", values.seed, 1),
    native: values.native,
    providers: (["wasm", "cpu"] as const).filter((name) => values.providers.split(",").includes(name)),
    ...(values.only === undefined ? {} : { only: values.only.split(",") }),
  },
  say,
);
say(`\n${bitTable(document)}`);
if (!document.ok) say(`\nAGAIN: ${commandName()} --seed ${document.seed}`);
finish(values, document);

/**
 * `npm run bench:inference`: texts of a language model, one alone and eight at a time, beside transformers.js and a bare
 * loop over the same runtime. `--formats fp32,q4`, `--threads 1,2` (each contestant's best counts), `--repeats N`,
 * `--no-peer`, `--only single,concurrent8,equal8`, `--clock processor` (ratios of processor time, for a busy machine and
 * one thread); `--check` ends with 1 where an aim is missed.
 */

import { fileURLToPath } from "node:url";
import { programOptions, wholeNumber } from "../../packages/wasm/dist/testing/program-options.js";
import { commandName, finish, sayTo } from "./bench-options.js";
import { inferenceLimits, measureInference } from "./inference-bench.js";
import type { ModelFormat } from "./inference/bench-model.js";

const { values } = programOptions({
  usage:
    `${commandName()} [--formats fp32,q4] [--threads 1,2] [--repeats 5] [--no-peer] [--only single] ` +
    "[--clock wall|processor] [--check] [--quick] [--json]",
  options: {
    formats: { type: "string", default: "fp32,q4" },
    threads: { type: "string", default: "1" },
    repeats: { type: "string" },
    "no-peer": { type: "boolean", default: false },
    native: { type: "string", default: fileURLToPath(new URL("../../.wasm-engine/native", import.meta.url)) },
    only: { type: "string" },
    clock: { type: "string", default: "wall" },
    check: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const say = sayTo(values);
const known: readonly ModelFormat[] = ["fp32", "q4"];
const document = await measureInference(
  values,
  {
    formats: known.filter((format) => values.formats.split(",").includes(format)),
    threads: values.threads.split(",").map((text) => wholeNumber("threads", text, 1)),
    repeats: wholeNumber("repeats", values.repeats ?? (values.quick ? "1" : "5"), 1),
    peer: !values["no-peer"],
    native: values.native,
    clock: values.clock === "processor" ? "processor" : "wall",
    ...(values.only === undefined ? {} : { only: values.only.split(",") }),
  },
  say,
);
const { single, concurrent8, ratioToRawBatchedLoop, bitEqual } = document;
const shown = (ratio: number | undefined): string =>
  ratio === undefined ? "not measured" : `${ratio.toFixed(2)} ×`;
say(
  `\n  bits ${bitEqual ? "equal" : "DIFFERENT"}; one text ${shown(single.ratioToTransformersJs)} transformers.js ` +
    `(aim ${inferenceLimits.single}), eight ${shown(concurrent8.ratioToTransformersJs)} ` +
    `(aim ${inferenceLimits.concurrent8}), ${shown(ratioToRawBatchedLoop)} the bare loop (aim ${inferenceLimits.rawLoop})`,
);
finish(values, {
  ...document,
  ok: document.ok && (!values.check || document.isWithin),
});

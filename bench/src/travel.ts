/**
 * `npm run bench:travel`: what it takes to be at another tick: a look at any tick, replay against the live run, the first
 * byte in which two long runs differ, and many futures of one moment. Fails where an aim of DESIGN is missed.
 * `--only jump,diff,replay,futures` chooses, `--futures N` makes fewer than 200.
 */

import {
  chosenNames,
  programOptions,
  wholeNumber,
} from "../../packages/wasm/dist/testing/program-options.js";
import { benchOptions, finish, sayTo } from "./bench-options.js";
import { measureTravel, travelParts, travelTables } from "./travel-bench.js";

const own = new Set(["--only", "--futures"]);
const words = process.argv.slice(2);
const mine = words.flatMap((word, at) => (own.has(word) ? [word, words[at + 1] ?? ""] : []));
const others = words.filter((word, at) => !own.has(word) && !own.has(words[at - 1] ?? ""));
const more = ` [--only ${travelParts.join(",")}] [--futures N]`;
const { values } = programOptions({
  usage: `npm run bench:travel --${more}`,
  args: mine,
  options: { only: { type: "string" }, futures: { type: "string", default: "200" } },
});
const parts = chosenNames("only", values.only, travelParts);
const futures = wholeNumber("futures", values.futures, 1);
const options = { ...benchOptions({ sizes: [], args: others, more }), parts, futures };
const say = sayTo(options);
const document = await measureTravel(options, say);
say(travelTables(document));
finish(options, document);

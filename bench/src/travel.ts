/**
 * `npm run bench:travel`: what it takes to be at another tick: a look at any tick, replay against the live run, the first
 * byte in which two long runs differ, and many futures of one moment. Fails where an aim of DESIGN is missed.
 * `--only jump,diff,replay,futures` chooses, `--futures N` makes fewer than 200.
 */

import { parseArgs } from "node:util";
import { benchOptions, finish, sayTo } from "./bench-options.js";
import { measureTravel, travelParts, travelTables } from "./travel-bench.js";
import type { TravelPart } from "./travel-bench.js";

const isPart = (name: string): name is TravelPart => travelParts.some((part) => part === name);

const own = new Set(["--only", "--futures"]);
const words = process.argv.slice(2);
const mine = words.flatMap((word, at) => (own.has(word) ? [word, words[at + 1] ?? ""] : []));
const others = words.filter((word, at) => !own.has(word) && !own.has(words[at - 1] ?? ""));
const { values } = parseArgs({
  args: mine,
  options: { only: { type: "string" }, futures: { type: "string", default: "200" } },
});
const names = values.only?.split(",") ?? travelParts;
if (!names.every(isPart)) throw new RangeError(`--only takes ${travelParts.join(", ")} with commas between`);
const futures = Number(values.futures);
if (!Number.isSafeInteger(futures) || futures < 1)
  throw new RangeError("--futures takes a whole number from 1");
const options = { ...benchOptions({ sizes: [], args: others }), parts: names, futures };
const say = sayTo(options);
const document = await measureTravel(options, say);
say(travelTables(document));
finish(options, document);

/**
 * `npm run bench:talk`: what a slow model costs a world that must keep up with the clock. `--check` ends with 1 where a
 * limit is missed; `--seconds=30` talks for less than the two minutes that count.
 */

import { benchOptions, finish, sayTo } from "./bench-options.js";
import { measureTalk, measuredSeconds, talkTable } from "./talk-bench.js";

const words = process.argv.slice(2);
const isChecked = words.includes("--check");
const lengths = words.filter((word) => /^--seconds=[1-9][0-9]{0,3}$/.test(word));
const seconds = Number(lengths.at(-1)?.slice("--seconds=".length) ?? measuredSeconds);
const args = words.filter((word) => word !== "--check" && !lengths.includes(word));
const options = benchOptions({ sizes: [1000], args, more: " [--check] [--seconds=N]" });
const say = sayTo(options);
const document = await measureTalk({ ...options, seconds }, say);
say(talkTable(document));
finish(options, isChecked ? { ...document, ok: document.ok && document.withinLimits } : document);

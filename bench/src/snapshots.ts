/**
 * `npm run bench:snapshots`: what snapshots cost a world that must keep up with the clock. `--check` ends with 1 where a
 * limit is missed.
 */

import { benchOptions, finish, sayTo } from "./bench-options.js";
import { measureSnapshots, snapshotTable } from "./snapshot-bench.js";

const words = process.argv.slice(2);
const isChecked = words.includes("--check");
const options = benchOptions({ sizes: [1000], args: words.filter((word) => word !== "--check") });
const say = sayTo(options);
const document = await measureSnapshots(options, say);
say(snapshotTable(document));
finish(options, isChecked ? { ...document, ok: document.ok && document.withinLimits } : document);

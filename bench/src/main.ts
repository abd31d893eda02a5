/** `npm run bench`: every benchmark of this repository as tables, or with `--json` as one document. */

import { benchOptions, finish, sayTo } from "./bench-options.js";
import { measureMessages, messageTables } from "./message-bench.js";
import { measureAllTicks, tickTables } from "./tick-bench.js";

const options = benchOptions({ sizes: [50, 1000, 10_000] });
const say = sayTo(options);
const ticks = await measureAllTicks(options, say);
say(`${tickTables(ticks)}\n`);
const messages = await measureMessages(options, say);
say(messageTables(messages));
say("\n  peers: npm run bench:peers; how to read this: docs/benchmarks.md");
finish(options, { ok: ticks.ok && messages.ok, ticks, messages });

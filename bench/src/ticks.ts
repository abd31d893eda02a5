/** `npm run bench:ticks`: what a tick costs. */

import { benchOptions, finish, sayTo } from "./bench-options.js";
import { measureAllTicks, tickTables } from "./tick-bench.js";

const options = benchOptions({ sizes: [] });
const say = sayTo(options);
const document = await measureAllTicks(options, say);
say(tickTables(document));
finish(options, document);

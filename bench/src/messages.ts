/**
 * `npm run bench:messages`: messages per second through the whole engine, beside what the same machine can do without
 * it, in one run. Fails where a run is not what it claims to be: see ring-world.ts.
 */

import { benchOptions, finish, sayTo } from "./bench-options.js";
import { measureMessages, messageTables } from "./message-bench.js";

const options = benchOptions({ sizes: [50, 1000, 10_000] });
const say = sayTo(options);
const document = await measureMessages(options, say);
say(messageTables(document));
finish(options, document);

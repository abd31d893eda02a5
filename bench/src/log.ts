/**
 * `npm run bench:log`: bytes of log per tick, bytes and processor time of a world that has nothing to do, and the bytes of
 * one conversation beside those of LangGraph.js. Fails where an aim of DESIGN is missed.
 */

import { benchOptions, finish, sayTo } from "./bench-options.js";
import { logTables, measureLog } from "./log-bench.js";

const options = benchOptions({ sizes: [] });
const say = sayTo(options);
const document = await measureLog(options, say);
say(logTables(document));
finish(options, document);

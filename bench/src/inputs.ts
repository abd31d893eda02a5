/**
 * `npm run bench:inputs`: durable inputs per second and how long one waits for its acknowledgement, over the control
 * socket and by the library, beside SQLite in the same run. Fails where what was acknowledged is not what was counted.
 */

import { benchOptions, finish, sayTo } from "./bench-options.js";
import { inputTables, measureInputs } from "./input-bench.js";

const options = benchOptions({ sizes: [] });
const say = sayTo(options);
const document = await measureInputs(options, say);
say(inputTables(document));
finish(options, document);

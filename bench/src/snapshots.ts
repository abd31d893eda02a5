/** `npm run bench:snapshots`: what snapshots cost a world that must keep up with the clock. */

import { benchOptions, finish, sayTo } from "./bench-options.js";
import { measureSnapshots, snapshotTable } from "./snapshot-bench.js";

const options = benchOptions({ sizes: [1000] });
const say = sayTo(options);
const document = await measureSnapshots(options, say);
say(snapshotTable(document));
finish(options, document);

/** `npm run bench:agents`: what an agent costs in TypeScript, AssemblyScript and C. */

import { agentTables, measureAgents } from "./agent-bench.js";
import { benchOptions, finish, sayTo } from "./bench-options.js";

const options = benchOptions({ sizes: [100] });
const say = sayTo(options);
const document = await measureAgents(options, say);
say(agentTables(document));
finish(options, document);

/** Child process of the NaN tests: prints one report as JSON. Argument: `raw` leaves NaN bits alone. */

import { probeNans } from "./nan-probe.js";

process.stdout.write(JSON.stringify(probeNans(process.argv[2] !== "raw", 3)));

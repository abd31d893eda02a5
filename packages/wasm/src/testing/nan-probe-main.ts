/** Child process of the NaN tests: prints the report of one probe run as JSON. Argument: `raw` leaves NaN bits alone. */

import { probeNans } from "./nan-probe.js";

process.stdout.write(JSON.stringify(probeNans(process.argv[2] !== "raw", 3)));

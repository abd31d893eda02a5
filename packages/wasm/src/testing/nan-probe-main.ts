/** Child process of the NaN tests: prints one report as JSON. Argument: `raw` leaves NaN bits alone. */

import { instrument } from "../instrument.js";
import { probeNans } from "./nan-probe.js";

const canonicalizeNan = process.argv[2] !== "raw";
const report = probeNans({ instrument, canonicalizeNan, rounds: 3, stride: 1, loopCount: 2_000_000 });
process.stdout.write(JSON.stringify(report));

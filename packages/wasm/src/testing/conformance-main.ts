/** The official suite in a process of its own, for other Node versions and tiers: paths in, one JSON document out. */

import { readSuite } from "./conformance.js";
import { suiteFileReport } from "./suite-report.js";

const suites = process.argv.slice(2).map((path) => {
  const files = readSuite(path).map((file) => suiteFileReport(file, false));
  return { path, files };
});
process.stdout.write(JSON.stringify({ node: process.version, suites }));

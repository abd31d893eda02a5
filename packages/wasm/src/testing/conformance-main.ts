/** The official suite in a process of its own, for other Node versions and tiers: paths in, one JSON document out. */

import { readSuite } from "./conformance.js";
import { compareWithInterpreter } from "./interpreter/suite-interpretation.js";
import { suiteFileReport } from "./suite-report.js";
import type { SuiteFileReport } from "./suite-report.js";
import type { ConformanceFile } from "./conformance.js";

/** Files whose modules all run are interpreted too. */
function report(file: ConformanceFile): SuiteFileReport {
  const found = suiteFileReport(file, false);
  if (found.modules === 0 || Object.keys(found.refused).length > 0) return found;
  const { differences } = compareWithInterpreter(file);
  return { ...found, failures: [...found.failures, ...differences] };
}

const suites = process.argv.slice(2).map((path) => {
  const files = readSuite(path).map(report);
  return { path, files };
});
process.stdout.write(JSON.stringify({ node: process.version, suites }));

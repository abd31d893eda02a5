/** Program of the kill harness: compacts the run in the folder that it is given, and says when it begins. */

import { EngineError } from "@wasm-engine/abi";
import { compactFolder } from "../../upkeep/compact-run.js";

const [, , dir = ""] = process.argv;
process.send?.("begins");
try {
  compactFolder(dir);
} catch (error) {
  // A run that was killed early has nothing to begin with yet.
  if (!EngineError.is(error) || error.code !== "WE_COMPACT_SNAPSHOT") throw error;
}
process.disconnect();

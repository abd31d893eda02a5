/** Which generated file holds what. The generator writes them, the test compares them. */

import { readFileSync } from "node:fs";
import { assemblyScriptConstants, javaScriptConstants, withCConstants } from "./sdk-constants.js";

/** One file of an SDK that is generated wholly or in part. */
export interface SdkFile {
  /** Relative to the repository's root. */
  readonly path: string;
  readonly text: string;
}

/** Every generated file with the text it should have. `root` ends without a slash. */
export function sdkFiles(root: string): readonly SdkFile[] {
  const header = "sdk/c/wasm_engine.h";
  return [
    { path: "sdk/assemblyscript/assembly/abi.ts", text: assemblyScriptConstants() },
    { path: header, text: withCConstants(readFileSync(`${root}/${header}`, "utf8")) },
    { path: "sdk/javascript/guest/constants.js", text: javaScriptConstants() },
  ];
}

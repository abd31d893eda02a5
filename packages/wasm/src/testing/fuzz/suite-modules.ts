/** Modules of the official suite, as sources of mutations. */

import { CONFORMANCE_ABSENT, readConformance } from "../conformance.js";

let modules: readonly Uint8Array[] | undefined;

/** True where the suite lies beside the repository. */
export function suiteIsPresent(): boolean {
  return readConformance("webassembly-spec-2.0-half") !== undefined;
}

/** The valid modules of the suite. */
export function suiteModules(): readonly Uint8Array[] {
  modules ??= readSuite();
  return modules;
}

function readSuite(): Uint8Array[] {
  const files = readConformance("webassembly-spec-2.0-half");
  if (files === undefined) throw new Error(CONFORMANCE_ABSENT);
  return files.flatMap((file) =>
    file.commands.flatMap(({ type, filename }) => {
      const bytes = type === "module" && filename !== undefined ? file.module(filename) : new Uint8Array();
      return bytes.length > 8 ? [bytes] : [];
    }),
  );
}

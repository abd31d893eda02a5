/**
 * Thread that tries mutants, one per message, until a check notices. It tells what it begins, so that a hang has a
 * name.
 */

import { parentPort, workerData } from "node:worker_threads";
import { loadMutant } from "./mutant-build.js";
import { MUTANTS } from "./mutants.js";
import { MUTATION_CHECKS } from "./mutation-check.js";

/** What the thread reports. */
export type MutationReport =
  | { readonly kind: "begins"; readonly check: string }
  | { readonly kind: "caught"; readonly check: string; readonly how: string }
  | { readonly kind: "done" };

const { folder } = workerData as { readonly folder: string }; // given by mutation-run.ts

function report(message: MutationReport): void {
  parentPort?.postMessage(message);
}

async function attempt(name: string | undefined): Promise<void> {
  const mutant = MUTANTS.find((candidate) => candidate.name === name);
  report({ kind: "begins", check: "loading" });
  try {
    const instrument = await loadMutant(folder, mutant);
    let noticed = false;
    for (const check of MUTATION_CHECKS) {
      if (noticed) break;
      report({ kind: "begins", check: check.name });
      try {
        check.run(instrument);
      } catch (error) {
        const [line = ""] = String(error).split("\n");
        report({ kind: "caught", check: check.name, how: line });
        noticed = true;
      }
    }
  } catch (error) {
    report({ kind: "caught", check: "loading", how: String(error) });
  }
  report({ kind: "done" });
}

parentPort?.on("message", (name: string | undefined) => void attempt(name));

/** Tries mutants in threads. One that never answers is ended and counts as caught by the check that it hangs in. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { prepareMutantFolder } from "./mutant-build.js";
import type { MutationReport } from "./mutation-worker.js";

/** What became of one mutant. */
export interface MutantResult {
  /** `undefined`: the unchanged build. */
  readonly mutant: string | undefined;
  /** Checks that noticed, and how. */
  readonly caught: readonly { readonly check: string; readonly how: string }[];
}

/** A check takes milliseconds. Longer than this is endless. */
const hangMs = 60_000;

/** Tries every mutant, several at a time, in the order given. */
export async function tryMutants(
  mutants: readonly (string | undefined)[],
  threads: number,
): Promise<MutantResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "wasm-mutants-"));
  const waiting = [...mutants.entries()];
  const results: MutantResult[] = [];
  const lane = async (): Promise<void> => {
    let worker = startWorker(folder);
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, mutant] = next;
      const { caught, hung } = await tryOne(worker, mutant);
      results[index] = { mutant, caught };
      if (!hung) continue;
      await worker.terminate();
      worker = startWorker(folder);
    }
    await worker.terminate();
  };
  try {
    prepareMutantFolder(folder);
    await Promise.all(Array.from({ length: threads }, lane));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

function startWorker(folder: string): Worker {
  const resourceLimits = { stackSizeMb: 16 };
  return new Worker(new URL("./mutation-worker.js", import.meta.url), {
    workerData: { folder },
    resourceLimits,
  });
}

function tryOne(
  worker: Worker,
  mutant: string | undefined,
): Promise<{ caught: { check: string; how: string }[]; hung: boolean }> {
  return new Promise((resolve) => {
    const caught: { check: string; how: string }[] = [];
    let check = "loading";
    let timer: NodeJS.Timeout | undefined;
    const finish = (hung: boolean): void => {
      clearTimeout(timer);
      worker.off("message", listen).off("error", crash);
      resolve({ caught, hung });
    };
    const fails = (how: string): void => {
      caught.push({ check, how });
      finish(true);
    };
    const wind = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => fails("hangs"), hangMs);
    };
    const crash = (error: unknown): void => fails(`thread ended: ${String(error)}`);
    const listen = (report: MutationReport): void => {
      if (report.kind === "done") return finish(false);
      if (report.kind === "caught") caught.push({ check: report.check, how: report.how });
      else check = report.check;
      wind();
    };
    worker.on("message", listen).on("error", crash);
    wind();
    worker.postMessage(mutant);
  });
}

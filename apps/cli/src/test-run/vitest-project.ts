/** Tells projects whose tests are vitest's: they depend on it and configure it. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const configurations = ["vitest.config", "vite.config"].flatMap((name) =>
  ["ts", "mts", "js", "mjs"].map((extension) => `${name}.${extension}`),
);

export function usesVitest(project: string): boolean {
  return configurations.some((name) => existsSync(join(project, name))) && dependsOnVitest(project);
}

function dependsOnVitest(project: string): boolean {
  try {
    const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as Readonly<
      Record<"dependencies" | "devDependencies", Readonly<Record<string, string>> | undefined>
    >; // npm's format
    return "vitest" in { ...manifest.dependencies, ...manifest.devDependencies };
  } catch {
    // No manifest, or none that can be read: nothing is depended on.
    return false;
  }
}

/** A copy of the stage of the examples, whose runs can be killed, forked and compared without touching the example. */

import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { repositoryRoot } from "./tidy/source-tree.js";

export interface StageProject {
  readonly project: string;
  readonly configuration: string;
  /** What the players have said, as of the last run. */
  readonly script: () => string;
  /** What goes on has to write its texts again. */
  readonly forgetTexts: () => void;
}

/** @param folder fresh */
export function stageProject(folder: string): StageProject {
  const project = join(folder, "examples", "stage");
  mkdirSync(join(folder, "examples"));
  cpSync(join(repositoryRoot, "examples/stage"), project, {
    recursive: true,
    filter: (path) => !["out", ".wasm-engine"].includes(basename(path)),
  });
  for (const shared of ["assets", "node_modules"])
    symlinkSync(join(repositoryRoot, shared), join(folder, shared));
  return {
    project,
    configuration: join(project, "engine.yaml"),
    script: () => readFileSync(join(project, "out/script.jsonl"), "utf8"),
    forgetTexts: () => {
      rmSync(join(project, ".wasm-engine", "answers"), { recursive: true, force: true });
    },
  };
}

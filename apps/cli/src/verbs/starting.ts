/** Verbs that somebody new begins with. */

import type { CommandDefinition } from "../command.js";
import { templates } from "../init/template.js";

export const startingVerbs: readonly CommandDefinition[] = [
  {
    name: "init",
    summary: "Make a new project of a template",
    description:
      "Writes a small working world into a new or empty folder and installs its packages with npm: agents, engine.yaml, tests, scripts start, dev, test and build. Asks what is not given where it runs on a terminal; with --yes, --json or --quiet, or elsewhere, the defaults are taken. Overwrites nothing.",
    arguments: [{ name: "folder", summary: "new or empty folder (default: my-world)", optional: true }],
    options: [
      {
        flags: "--template <name>",
        summary: `${templates.map(({ name }) => name).join(", ")} (default: typescript)`,
        values: templates.map(({ name }) => name),
      },
      { flags: "--name <name>", summary: "name in package.json and engine.yaml (default: the folder's)" },
      { flags: "--no-install", summary: "write the files, install nothing" },
      { flags: "-y, --yes", summary: "ask nothing" },
    ],
    examples: ["wasm-engine init", "wasm-engine init demo --yes", "wasm-engine init demo --template c"],
    exitCodes:
      "0 ok, 2 a folder that is not empty, a bad name or template, 4 not writable or npm install failed, 130 interrupted",
    load: async () => (await import("../commands/init.js")).init,
  },
  {
    name: "completions",
    summary: "Print a script that completes commands in a shell",
    description:
      "Prints to standard output what bash, zsh or fish needs to complete verbs, options, their values, runs of the project and files.",
    arguments: [{ name: "shell", summary: "bash, zsh or fish", values: ["bash", "zsh", "fish"] }],
    options: [],
    examples: [
      'eval "$(wasm-engine completions bash)"',
      "wasm-engine completions zsh > ~/.zfunc/_wasm-engine",
      "wasm-engine completions fish > ~/.config/fish/completions/wasm-engine.fish",
    ],
    exitCodes: "0 ok, 2 another shell",
    load: async () => (await import("../commands/completions.js")).completions,
  },
];

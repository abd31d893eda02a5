/** Verbs that make modules and say whose they are. */

import type { CommandDefinition } from "../command.js";

export const modulesVerbs: readonly CommandDefinition[] = [
  {
    name: "build",
    summary: "Build and sign a module",
    description:
      "Compiles a source (AssemblyScript .ts, C .c, JavaScript .js) or takes a .wasm, checks it, attaches its manifest and signs it with the project's development key.",
    arguments: [{ name: "source", summary: "path of the source or module" }],
    options: [
      {
        flags: "--out <file>",
        summary: "where to write the signed module (default: beside the source, .wasm)",
      },
      { flags: "--name <name>", summary: "name in the manifest (default: the file's)" },
    ],
    examples: ["wasm-engine build agents/airport.ts --out airport.wasm"],
    exitCodes: "0 ok, 1 compilation failed, 2 usage, 4 compiler missing",
    load: async () => (await import("../commands/build.js")).build,
  },
  {
    name: "keygen",
    summary: "Make a pair of signing keys",
    description:
      "Makes an Ed25519 pair in the wasmsign2 form: NAME.key, readable by its owner only, and NAME.pub. Overwrites nothing.",
    arguments: [],
    options: [
      {
        flags: "--out <path>",
        summary:
          "folder for the two files, or the secret key's file ending in .key (default: the working directory)",
      },
      { flags: "--name <name>", summary: "name of the files (default: signing)" },
    ],
    examples: ["wasm-engine keygen --out keys --name vendor"],
    exitCodes: "0 ok, 2 usage or a key that exists, 4 not writable",
    load: async () => (await import("../commands/keygen.js")).keygen,
  },
  {
    name: "sign",
    summary: "Add signatures to a module",
    description:
      "Signs a module with one or more secret keys. Signatures that it carries stay, and so does its digest, which is over everything but signatures.",
    arguments: [{ name: "module", summary: "path of the .wasm file" }],
    options: [
      { flags: "--key <file>", summary: "secret key; may be repeated", type: "list" },
      { flags: "--out <file>", summary: "where the result goes (default: the module itself, or MODULE.sig)" },
      { flags: "--detached", summary: "write the signatures into a file of their own; those in it stay" },
    ],
    examples: [
      "wasm-engine sign agent.wasm --key keys/vendor.key",
      "wasm-engine sign agent.wasm --key keys/audit.key --detached --out agent.sig",
    ],
    exitCodes: "0 ok, 1 no module or signed before, 2 usage or a wrong key, 4 not readable or writable",
    load: async () => (await import("../commands/sign.js")).sign,
  },
  {
    name: "verify",
    summary: "Check the signatures of a module",
    description:
      "Says which keys signed a module as a whole, which are missing, and whether that is enough: all given keys, --threshold of them, or what `trust` of an engine.yaml requires (default: the project's that the module lies in). --rebuild also compares with what a source builds to.",
    arguments: [{ name: "module", summary: "path of the .wasm file" }],
    options: [
      {
        flags: "--key <file>",
        summary: "public key, or 64 hexadecimal digits; may be repeated",
        type: "list",
      },
      {
        flags: "--threshold <n>",
        summary: "how many of the keys are enough (default: all)",
        type: "integer",
      },
      { flags: "--policy <config>", summary: "engine.yaml whose `trust` decides" },
      { flags: "--signature <file>", summary: "detached signature of a module that carries none" },
      { flags: "--rebuild <source>", summary: "source that must build to the same module, signatures apart" },
    ],
    examples: [
      "wasm-engine verify agent.wasm --key keys/vendor.pub",
      "wasm-engine verify agent.wasm --policy engine.yaml --json",
      "wasm-engine verify agent.wasm --key keys/vendor.pub --rebuild src/agent.ts",
    ],
    exitCodes: "0 verified, 1 malformed, 2 usage or a wrong key, 3 not signed as required, 4 not readable",
    load: async () => (await import("../commands/verify.js")).verify,
  },
];

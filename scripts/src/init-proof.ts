/**
 * `npm run test:init`: what somebody new does, for every template: `npx wasm-engine init`, `npm start`, `npm test`. The
 * packed workspaces come from a throw-away registry on loopback. Each template has an empty folder, an empty home, an
 * empty npm cache and no .npmrc; where the system can, the repository is hidden. Prints how long each step took. Needs
 * the registry that npm is configured for.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands } from "wasm-engine";
import { canHide, hiding, npmSetting } from "./hidden-repository.js";
import { packAll, packComplaints } from "./pack-lists.js";
import { startRegistry } from "./registry/throw-away-registry.js";
import type { ThrowAwayRegistry } from "./registry/throw-away-registry.js";
import { repositoryRoot } from "./tidy/source-tree.js";
import { programOptions } from "../../packages/wasm/dist/testing/program-options.js";

programOptions({ usage: "npm run test:init", options: {} });

const workshop = realpathSync(mkdtempSync(join(tmpdir(), "wasm-engine-init-proof-")));
const hides = canHide();
const failures: string[] = [];

interface Step {
  readonly line: string;
  /** Below the template's folder. */
  readonly below: string;
}

interface Outcome {
  readonly status: number;
  readonly text: string;
  readonly seconds: number;
}

function check(what: string, ok: boolean, detail = ""): void {
  console.log(`  ${ok ? "ok     " : "FAILED "} ${what}${ok || detail === "" ? "" : `\n${detail}`}`);
  if (!ok) failures.push(what);
}

/** A command line as it would be typed, in a world where this machine's settings do not exist. */
function type(line: string, folder: string, environment: NodeJS.ProcessEnv): Promise<Outcome> {
  const [program = "", ...rest] = hides ? hiding(["sh", "-c", line]) : ["sh", "-c", line];
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, rest, { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    child.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (text += bytes.toString()));
    child.once("close", (code) => {
      resolve({ status: code ?? -1, text, seconds: (performance.now() - began) / 1000 });
    });
  });
}

/** The templates, as the verb itself lists them. */
function templateNames(): readonly string[] {
  const init = commands.find(({ name }) => name === "init");
  return init?.options.find(({ flags }) => flags.startsWith("--template"))?.values ?? [];
}

const verbs = new Set(commands.map(({ name }) => name));

async function prove(template: string, registry: ThrowAwayRegistry): Promise<void> {
  const folder = join(workshop, template);
  const home = join(workshop, `${template}-home`);
  mkdirSync(folder);
  mkdirSync(home);
  const environment = {
    PATH: process.env["PATH"],
    HOME: home,
    npm_config_registry: registry.address,
    npm_config_globalconfig: join(home, "no-npmrc"),
  };
  const steps: readonly Step[] = [
    { line: `npx --yes wasm-engine init demo --template ${template} --yes`, below: "" },
    { line: "npm start", below: "demo" },
    ...(verbs.has("test") ? [{ line: "npm test", below: "demo" }] : []),
    { line: "npx wasm-engine replay @last", below: "demo" },
    // As a colleague does after cloning: with everything that npm has to say.
    { line: "npm ci", below: "demo" },
  ];
  for (const { line, below } of steps) {
    const { status, text, seconds } = await type(line, join(folder, below), environment);
    check(`${template}: ${line} (${seconds.toFixed(1)} s)`, status === 0, text);
    if (status !== 0) return;
    const noise = text.split("\n").filter((each) => /\bwarn|deprecat|vulnerab|ERR!/i.test(each));
    check(`${template}: it says nothing that worries`, noise.length === 0, noise.join("\n"));
    if (line === "npm start")
      check(`${template}: a chain head and a next step`, /chain head \w{64}\n[^]*\nnext /.test(text), text);
  }
  const lock = readFileSync(join(folder, "demo/package-lock.json"), "utf8");
  const isForeign = !lock.includes(repositoryRoot) && !lock.includes('"link": true');
  check(`${template}: nothing installed from the repository`, isForeign);
  const isBare = !existsSync(join(home, ".npmrc")) && !existsSync(join(folder, "demo/.npmrc"));
  check(`${template}: no .npmrc anywhere`, isBare);
}

/** The whole first encounter as one line, with the default template, timed. */
async function firstEncounter(registry: ThrowAwayRegistry): Promise<void> {
  const home = join(workshop, "line-home");
  const folder = join(workshop, "line");
  mkdirSync(home);
  mkdirSync(folder);
  const test = verbs.has("test") ? " && npm test" : "";
  const line = `npx --yes wasm-engine init demo --yes && cd demo && npm start${test}`;
  const environment = { PATH: process.env["PATH"], HOME: home, npm_config_registry: registry.address };
  const { status, text, seconds } = await type(line, folder, environment);
  check(`${line} (${seconds.toFixed(1)} s)`, status === 0, text);
}

console.log(`proof of init: projects in ${workshop}`);
if (!hides)
  console.log("  the repository stays visible to the projects: this system cannot hide it (unshare)");
mkdirSync(join(workshop, "tarballs"));
const packed = packAll({ destination: join(workshop, "tarballs") });
const complaints = packed.flatMap(packComplaints);
check(`${packed.length} tarballs hold what they should`, complaints.length === 0, complaints.join("\n"));
const registry = await startRegistry({
  packed,
  tarballs: join(workshop, "tarballs"),
  upstream: npmSetting("registry"),
});
try {
  for (const template of templateNames()) await prove(template, registry);
  await firstEncounter(registry);
  check(
    "every package that was asked for exists",
    registry.unknown.length === 0,
    registry.unknown.join("\n"),
  );
} finally {
  await registry.close();
}

if (failures.length === 0) rmSync(workshop, { recursive: true, force: true });
else console.log(`\n${failures.length} failed; the projects are kept in ${workshop}`);
console.log(
  failures.length === 0 ? "\nproof of init: ok" : `\nproof of init: FAILED: ${failures.join("; ")}`,
);
process.exitCode = failures.length === 0 ? 0 : 1;

/**
 * `npm run test:packed`: packs every published workspace, installs the tarballs in projects outside the repository with
 * an empty home and without any .npmrc, hides the repository where the system can, and uses what was installed: doctor,
 * a world of two languages, replay, the library from TypeScript. Once with the native inference runtime, once
 * without, once without the AssemblyScript compiler. Takes one to three minutes and needs the package registry that
 * npm is configured for.
 */

import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { canHide, hiding, npmSetting } from "./hidden-repository.js";
import { packAll, packComplaints } from "./pack-lists.js";
import type { PackedPackage } from "./pack-lists.js";
import { expectedSums, modelSource, projectFiles } from "./packed-project.js";
import { repositoryRoot } from "./tidy/source-tree.js";
import { programOptions } from "../../packages/wasm/dist/testing/program-options.js";

programOptions({ usage: "npm run test:packed", options: {} });

/** What users install. */
const published = "wasm-engine";

interface Project {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const workshop = realpathSync(mkdtempSync(join(tmpdir(), "wasm-engine-packed-")));
const failures: string[] = [];
const forecasts: string[] = [];
const hides = canHide();

function check(what: string, ok: boolean, detail = ""): void {
  console.log(`  ${ok ? "ok     " : "FAILED "} ${what}${ok || detail === "" ? "" : `\n${detail}`}`);
  if (!ok) failures.push(what);
}

/** Runs a command in the project; the repository does not exist for it where that can be done. */
function runIn({ folder, environment }: Project, command: readonly string[]): Outcome {
  const [program = "", ...rest] = hides ? hiding(command) : command;
  const shell = process.platform === "win32";
  const result = spawnSync(program, rest, { cwd: folder, env: environment, encoding: "utf8", shell });
  return { status: result.status ?? -1, stdout: result.stdout, stderr: result.stderr };
}

/** Nothing of this machine's configuration but where packages come from and where they are cached. */
function emptyEnvironment(name: string): NodeJS.ProcessEnv {
  const home = join(workshop, `${name}-home`);
  mkdirSync(home);
  return {
    PATH: process.env["PATH"],
    HOME: home,
    npm_config_registry: npmSetting("registry"),
    npm_config_cache: npmSetting("cache"),
    npm_config_update_notifier: "false",
    npm_config_fund: "false",
    npm_config_audit: "false",
  };
}

interface Installation {
  readonly name: string;
  readonly packed: readonly PackedPackage[];
  /** Development dependencies that the repository has pinned. */
  readonly tools: readonly string[];
  readonly flags: readonly string[];
}

function install({ name, packed, tools, flags }: Installation): Project {
  const project = { folder: join(workshop, name), environment: emptyEnvironment(name) };
  for (const [path, text] of Object.entries(projectFiles)) {
    mkdirSync(dirname(join(project.folder, path)), { recursive: true });
    writeFileSync(join(project.folder, path), text);
  }
  cpSync(join(repositoryRoot, modelSource), join(project.folder, "models/delay"), { recursive: true });
  const root = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  }; // npm's format
  const tarball = (part: string): string =>
    `file:${join(workshop, "tarballs", packed.find((entry) => entry.name === part)?.filename ?? "missing")}`;
  const manifest = {
    name: `consumer-${name}`,
    private: true,
    type: "module",
    dependencies: { [published]: tarball(published) },
    // The parts are on no registry yet: only those that something depends on are installed.
    overrides: Object.fromEntries(
      packed.filter((entry) => entry.name !== published).map((entry) => [entry.name, tarball(entry.name)]),
    ),
    devDependencies: Object.fromEntries(tools.map((tool) => [tool, root.devDependencies[tool]])),
  };
  writeFileSync(join(project.folder, "package.json"), JSON.stringify(manifest, undefined, 2));
  const { status, stderr } = runIn(project, ["npm", "install", "--loglevel=error", ...flags]);
  check(`${name}: npm install ${flags.join(" ")}`, status === 0, stderr);
  return project;
}

/** The one document of a verb. */
function verb(
  project: Project,
  words: readonly string[],
): { readonly status: number; readonly document: Document } {
  const { status, stdout, stderr } = runIn(project, ["npx", "--no", "wasm-engine", ...words, "--json"]);
  try {
    return { status, document: JSON.parse(stdout) as Document }; // the command line's contract
  } catch {
    return { status, document: { text: `${stdout}${stderr}` } };
  }
}

interface Document {
  readonly ok?: boolean;
  readonly verified?: boolean;
  readonly chainHead?: string;
  readonly faults?: number;
  readonly models?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
  readonly text?: string;
}

function useCommandLine(name: string, project: Project): void {
  const doctor = verb(project, ["doctor"]);
  check(`${name}: doctor`, doctor.status === 0 && doctor.document.ok === true, JSON.stringify(doctor));
  const run = verb(project, ["run", "engine.yaml"]);
  check(
    `${name}: run, agents in two languages`,
    run.status === 0 && run.document.faults === 0,
    JSON.stringify(run),
  );
  const sums = existsSync(join(project.folder, "out/sums.jsonl"))
    ? readFileSync(join(project.folder, "out/sums.jsonl"), "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : [];
  const found = sums.map((line) => (JSON.parse(line) as { payload: { sum: number } }).payload.sum); // our own output
  check(`${name}: outputs`, JSON.stringify(found) === JSON.stringify(expectedSums), sums.join("\n"));
  const replay = verb(project, ["replay", "@last"]);
  const isSame = replay.document.verified === true && replay.document.chainHead === run.document.chainHead;
  check(`${name}: replay`, replay.status === 0 && isSame, JSON.stringify(replay));
}

function useLibrary(name: string, project: Project): void {
  const types = runIn(project, ["node", "node_modules/typescript/lib/tsc.js"]);
  check(`${name}: types of the library, strict`, types.status === 0, types.stdout);
  const { stdout, stderr } = runIn(project, ["node", "dist/main.js"]);
  const expected = {
    sent: true,
    durability: "sync",
    answer: {},
    verified: true,
    ran: true,
    code: "WE_CONFIG_MISSING",
  };
  const said = stdout.startsWith("{") ? (JSON.parse(stdout) as typeof expected) : undefined; // src/main.ts
  const isAnswered = typeof (said?.answer as { sum?: number } | undefined)?.sum === "number";
  const isRight = isAnswered && JSON.stringify({ ...said, answer: {} }) === JSON.stringify(expected);
  check(`${name}: the library opens, sends, asks, replays`, isRight, `${stdout}${stderr}`);
}

/** A world that asks an ONNX model, with the provider that needs no native package. */
function useModel(name: string, project: Project): void {
  const run = verb(project, ["run", "model.yaml"]);
  const path = join(project.folder, "out/forecast.jsonl");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const isForecast = /"probability":0\.\d+/.test(text);
  check(`${name}: a model answers`, run.status === 0 && isForecast, `${JSON.stringify(run)}\n${text}`);
  forecasts.push(text.slice(text.indexOf('"probability"')));
  const replay = verb(project, ["replay", "@last"]);
  const isSame = replay.document.verified === true && replay.document.chainHead === run.document.chainHead;
  check(`${name}: its replay`, isSame, JSON.stringify(replay));
}

/** The native runtime is never installed by itself (ADR 0026): the verb that fetches it, then a world that uses it. */
function addNative(name: string, project: Project): void {
  const setup = verb(project, ["setup", "native"]);
  if (setup.document.error?.code === "WE_NATIVE_INSTALL") {
    console.log(
      `  note    ${name}: the native runtime cannot be fetched here: ${setup.document.error.message}`,
    );
    return preferNative(name, project, "wasm");
  }
  check(`${name}: setup native`, setup.status === 0, JSON.stringify(setup));
  preferNative(name, project, "cpu");
}

/** A world that names both providers takes the native one where it is installed. */
function preferNative(name: string, project: Project, expected: string): void {
  const run = verb(project, ["run", "native.yaml"]);
  const isUsed = JSON.stringify(run.document.models ?? []).includes(`"${expected}"`);
  check(`${name}: [cpu, wasm] is answered by ${expected}`, run.status === 0 && isUsed, JSON.stringify(run));
}

/** What the installation must not have taken from the repository. */
function lookAround(name: string, project: Project): void {
  const lock = readFileSync(join(project.folder, "package-lock.json"), "utf8");
  check(
    `${name}: nothing installed from the repository`,
    !lock.includes(repositoryRoot) && !lock.includes('"link": true'),
  );
}

function withoutCompiler(packed: readonly PackedPackage[]): void {
  const name = "no-compiler";
  const project = install({ name, packed, tools: [], flags: ["--omit=optional"] });
  const run = verb(project, ["run", "engine.yaml"]);
  const { code, hint = "" } = run.document.error ?? {};
  const isClear = run.status === 4 && code === "WE_BUILD_TOOL_MISSING" && hint.includes("assemblyscript@");
  check(`${name}: the missing compiler is named with its command`, isClear, JSON.stringify(run));
  const alone = verb(project, ["run", "javascript-only.yaml", "--ticks", "5"]);
  check(`${name}: a world in JavaScript needs none`, alone.status === 0, JSON.stringify(alone));
}

console.log(`packed consumer: projects in ${workshop}`);
if (!hides)
  console.log("  the repository stays visible to the projects: this system cannot hide it (unshare)");
mkdirSync(join(workshop, "tarballs"));
const packed = packAll({ destination: join(workshop, "tarballs") });
const complaints = packed.flatMap(packComplaints);
// The files put beside the packages are gone again by now: only what was packed counts.
check(`${packed.length} tarballs hold what they should`, complaints.length === 0, complaints.join("\n"));
const tools = ["assemblyscript", "typescript", "@types/node"];
for (const [name, flags] of [
  ["complete", []],
  ["without-optional", ["--omit=optional"]],
] as const) {
  const project = install({ name, packed, tools, flags });
  lookAround(name, project);
  useCommandLine(name, project);
  useLibrary(name, project);
  useModel(name, project);
  if (name === "complete") addNative(name, project);
  else preferNative(name, project, "wasm");
}
const isOneForecast = new Set(forecasts).size === 1 && forecasts[0] !== "";
check("the model's answer is the same with and without native packages", isOneForecast, forecasts.join(""));
withoutCompiler(packed);

if (failures.length === 0) rmSync(workshop, { recursive: true, force: true });
else console.log(`\n${failures.length} failed; the projects are kept in ${workshop}`);
console.log(
  failures.length === 0 ? "\npacked consumer: ok" : `\npacked consumer: FAILED: ${failures.join("; ")}`,
);
process.exitCode = failures.length === 0 ? 0 : 1;

/** The projects that `init` can make: folders of this package, read whole. Knows nothing of where they go. */

import { readFileSync, readdirSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { fail } from "./errors.js";

export interface Template {
  readonly name: string;
  readonly summary: string;
}

/** The first is the default. */
export const templates: readonly Template[] = [
  { name: "typescript", summary: "agents in TypeScript with await" },
  {
    name: "assemblyscript",
    summary: "agents in AssemblyScript: small, fast modules, compiled ahead of time",
  },
  { name: "c", summary: "an agent in freestanding C, with its module built" },
];

/** A file of a project: its path with slashes, and its content. */
export interface ProjectFile {
  readonly path: string;
  readonly content: Uint8Array;
}

const templatesFolder = fileURLToPath(new URL("../../templates/", import.meta.url));
/** Files of every project. */
const sharedFolder = "shared";
/** Under its own name it would not be packed: npm takes it for a list of what to leave out. */
const ignoreFile = { packed: "gitignore", written: ".gitignore" };
/** How templates call their project, so that each of them is a working one. */
const nameInTemplates = "my-world";
const textFile = /\.(c|js|json|jsonl|md|ts|txt|yaml)$/;

/** @throws {WE_INIT_TEMPLATE} */
export function templateNamed(name: string): Template {
  const template = templates.find((known) => known.name === name);
  if (template !== undefined) return template;
  const known = templates.map((each) => each.name).join(", ");
  throw fail("WE_INIT_TEMPLATE", { template: JSON.stringify(name), templates: known });
}

/** Files of the template, sorted, with the project's name in place of the template's. */
export function filesOfTemplate(template: Template, projectName: string): ProjectFile[] {
  const files = [...filesBelow(sharedFolder), ...filesBelow(template.name)];
  return files
    .map(({ path, content }) => ({
      path,
      content: textFile.test(path) ? named(content, projectName) : content,
    }))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

function filesBelow(folder: string): ProjectFile[] {
  const root = join(templatesFolder, folder);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => {
      const path = join(parentPath, name).slice(root.length + 1);
      const written = path === ignoreFile.packed ? ignoreFile.written : path.split(sep).join("/");
      return { path: written, content: readFileSync(join(parentPath, name)) };
    });
}

function named(content: Uint8Array, projectName: string): Uint8Array {
  return Buffer.from(Buffer.from(content).toString("utf8").replaceAll(nameInTemplates, projectName));
}

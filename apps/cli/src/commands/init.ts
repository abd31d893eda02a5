/** `init [FOLDER]`: a new project of a template, with its packages installed. */

import { relative, resolve } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import type { CommandFunction, Parsed } from "../command.js";
import { flagOption, textOption } from "../command.js";
import { usageError } from "../errors.js";
import { fail } from "../init/errors.js";
import { installPackages } from "../init/package-install.js";
import { packageSource } from "../init/package-source.js";
import { checkedName, nameOfFolder } from "../init/project-name.js";
import { checkFolder, withDependency, writeProject } from "../init/project-writer.js";
import { askQuestions } from "../init/questions.js";
import type { Answers } from "../init/questions.js";
import { filesOfTemplate, templateNamed, templates } from "../init/template.js";

const defaults: Answers = { folder: "my-world", template: templates[0]?.name ?? "", install: true };

export const init: CommandFunction = async (context) => {
  const { parsed, reporter, signal } = context;
  // What is wrong with the command line is told before anything is asked.
  const given = givenAnswers(parsed);
  if (given.folder !== undefined) checkFolder(resolve(given.folder));
  const answers = isAsking(parsed)
    ? await askQuestions(
        { given, defaults, refusal: refusalOf },
        { input: process.stdin, output: process.stderr, signal },
      )
    : { ...defaults, ...given };
  const folder = resolve(answers.folder);
  const template = templateNamed(answers.template);
  const name = projectName(parsed, folder);
  checkFolder(folder);
  const source = packageSource();
  const files = filesOfTemplate(template, name).map((file) => withDependency(file, source));
  if (signal.aborted) throw fail("WE_INIT_INTERRUPTED");
  writeProject(folder, files);
  const place = shellWord(relative(process.cwd(), folder));
  const enter = place === "" ? [] : [`cd ${place}`];
  reporter.note(`${files.length} files of template ${template.name} in ${folder}`);
  const resume = [...enter, "npm install"].join(" && ");
  if (answers.install) reporter.note(await installPackages(folder, { reporter, signal, resume }));
  const next = [
    ...enter,
    ...(answers.install ? [] : ["npm install"]),
    "npm start",
    "npm test",
    "npm run dev",
  ];
  const document = {
    folder,
    name,
    template: template.name,
    files: files.map(({ path }) => path),
    wasmEngine: source.specifier,
    installed: answers.install,
    next,
  };
  return {
    document,
    text: [`made ${name} in ${folder}`, "next", ...next.map((line) => `  ${line}`)].join("\n"),
  };
};

/** Only people at a terminal are asked, and only where they have not said --yes. */
function isAsking(parsed: Parsed): boolean {
  const isSilent = flagOption(parsed, "yes") || flagOption(parsed, "json") || flagOption(parsed, "quiet");
  return !isSilent && process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Why a project cannot be made in that folder. */
function refusalOf(folder: string): string | undefined {
  try {
    checkFolder(resolve(folder));
    return undefined;
  } catch (error) {
    if (!EngineError.is(error)) throw error;
    return error.message;
  }
}

function givenAnswers(parsed: Parsed): Partial<Answers> {
  const [folder] = parsed.arguments;
  const template = textOption(parsed, "template");
  const name = textOption(parsed, "name");
  if (name !== undefined) checkedName(name);
  // Taken as a path it would be the working directory, which nobody has named.
  if (folder === "") throw usageError("init", "the folder has no name; . is the working directory");
  return {
    ...(folder === undefined ? {} : { folder }),
    ...(template === undefined ? {} : { template: templateNamed(template).name }),
    // commander: absent is true, --no-install false.
    ...(parsed.options["install"] === false ? { install: false } : {}),
  };
}

function projectName(parsed: Parsed, folder: string): string {
  const name = textOption(parsed, "name");
  return name === undefined ? nameOfFolder(folder) : checkedName(name);
}

/** As it can be pasted into a shell. */
function shellWord(path: string): string {
  return /^[\w@%+=:,./-]*$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

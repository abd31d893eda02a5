/** `model add | show | rm`, and `model list` of a project: the models that were added, without a configuration. */

import { resolve } from "node:path";
import type { ModelLock } from "@wasm-engine/core";
import { dtypeNames, openModelStore } from "@wasm-engine/inference";
import type { AddOptions, AddedModel, ModelStore } from "@wasm-engine/inference";
import type { CommandContext, Outcome } from "../command.js";
import { textOption } from "../command.js";
import { usageError } from "../errors.js";
import { sizeOf } from "../size-text.js";
import { textTable } from "../table.js";
import { visible } from "../visible.js";

function storeOf({ parsed, reporter, signal }: CommandContext): ModelStore {
  let told = "";
  return openModelStore({
    folder: resolve(textOption(parsed, "dir") ?? "."),
    signal,
    onProgress: (path, bytes, total) => {
      const size = total === undefined ? sizeOf(bytes) : `${sizeOf(bytes)} of ${sizeOf(total)}`;
      const line = `${visible(path)} ${size}`;
      if (line !== told) reporter.progress(line);
      told = line;
    },
  });
}

/** Without a source: every model of models.lock is made whole. */
export async function addModel(context: CommandContext, source: string | undefined): Promise<Outcome> {
  const { signal } = context;
  const options = addOptions(context);
  if (source === undefined && Object.keys(options).length > 0)
    throw usageError("model", "--name, --dtype and --file belong to a source: model add SOURCE");
  if (options.dtype !== undefined && !dtypeNames.includes(options.dtype))
    throw usageError("model", `--dtype is one of ${dtypeNames.join(", ")}`);
  const store = storeOf(context);
  try {
    if (source === undefined) {
      const models = await store.restore();
      return { document: { models }, text: models.map(addedText).join("\n") };
    }
    const model = await store.add(source, options);
    const next = `next       name it in engine.yaml: models: { ${model.name}: ${model.folder} }`;
    return { document: model, text: `${addedText(model)}\n${next}` };
  } catch (cause) {
    if (!signal.aborted) throw cause;
    const text = "stopped; the same command goes on where this one ended";
    return { document: { interrupted: true }, text, exitCode: 130 };
  }
}

function addOptions({ parsed }: CommandContext): AddOptions {
  const [name, dtype, file] = ["name", "dtype", "file"].map((option) => textOption(parsed, option));
  return {
    ...(name === undefined ? {} : { name }),
    ...(dtype === undefined ? {} : { dtype }),
    ...(file === undefined ? {} : { file }),
  };
}

function addedText({ name, folder, file, digest, wasPresent, fetchedBytes, files }: AddedModel): string {
  const bytes = files.reduce((sum, next) => sum + next.bytes, 0);
  const how = wasPresent ? "is there and whole" : `was added, ${sizeOf(fetchedBytes)} fetched`;
  return `${name} ${how}: ${folder}, ${file}, ${sizeOf(bytes)}, digest ${digest.slice(0, 12)}`;
}

export async function listAdded(context: CommandContext): Promise<Outcome> {
  const models = [...(await storeOf(context).list())];
  const rows = models.map(([name, { source, revision = "", file, digest, files }]) => [
    name,
    visible(source),
    revision.slice(0, 12),
    file,
    sizeOf(files.reduce((sum, { bytes }) => sum + bytes, 0)),
    digest.slice(0, 12),
  ]);
  const header = ["model", "source", "revision", "file", "size", "digest"];
  const text = rows.length === 0 ? "no model was added here" : textTable(header, rows);
  return { document: { models: models.map(([name, model]) => ({ name, ...model })) }, text };
}

/** One model, and whether its files still are what they were. */
export async function showAdded(context: CommandContext, name: string | undefined): Promise<Outcome> {
  if (name === undefined) throw usageError("model", "model show needs the NAME of a model");
  const store = storeOf(context);
  const changed = await store.verify(name);
  const model = entryOf(await store.list(), name);
  const rows = model.files.map(({ path, bytes, sha256 }) => [
    path,
    sizeOf(bytes),
    sha256.slice(0, 12),
    changed.find((file) => file.path === path)?.found ?? "whole",
  ]);
  const lines = [
    `model      ${name}`,
    `source     ${visible(model.source)}${model.revision === undefined ? "" : ` at ${model.revision}`}`,
    `runs       ${model.file}, digest ${model.digest}`,
    textTable(["file", "size", "sha256", ""], rows),
    ...(changed.length === 0
      ? []
      : [`next       wasm-engine model add ${visible(model.source)} --name ${name}`]),
  ];
  const document = { name, ...model, ok: changed.length === 0, changed };
  return { document, text: lines.join("\n"), exitCode: changed.length === 0 ? 0 : 3 };
}

export async function removeAdded(context: CommandContext, name: string | undefined): Promise<Outcome> {
  if (name === undefined) throw usageError("model", "model rm needs the NAME of a model");
  const model = await storeOf(context).remove(name);
  return { document: { name, ...model }, text: `${name} was removed: ${model.folder}` };
}

function entryOf(models: ModelLock, name: string) {
  const model = models.get(name);
  if (model === undefined) throw usageError("model", `${name} was removed in this moment`);
  return model;
}

/**
 * Which file of a folder is the model, where no manifest says so; and what to do with a folder that holds a model in
 * another format. Knows names, never contents.
 */

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { inferenceError } from "../errors.js";

/** Files of Hugging Face folders, in this order. */
const STANDARD = ["onnx/model.onnx", "model.onnx"] as const;

/** Formats that are no ONNX, by the ends of their files' names. */
const FORMATS: readonly (readonly [string, RegExp])[] = [
  ["safetensors", /\.safetensors(\.index\.json)?$/],
  ["GGUF", /\.gguf$/],
  ["PyTorch", /(\.pt|\.pth|\.ckpt|(^|\/)pytorch_model.*\.bin(\.index\.json)?)$/],
  ["TensorFlow", /(\.h5|\.pb|\.tflite|\.msgpack)$/],
];

export interface OtherFormat {
  readonly format: string;
  readonly file: string;
}

/** The first file of another format, in the order of formats that convert best; undefined where there is none. */
export function otherFormat(files: readonly string[]): OtherFormat | undefined {
  for (const [format, pattern] of FORMATS) {
    const file = [...files].sort().find((name) => pattern.test(name));
    if (file !== undefined) return { format, file };
  }
  return undefined;
}

/** A word for a POSIX shell: as it is where nothing in it has a meaning there, else between quotes. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Commands that make an ONNX folder of `from` (a name at the hub or a folder). GGUF holds quantised weights without a
 * graph: they are read by the library of their origin first.
 */
export function conversionCommand({ format, file }: OtherFormat, from: string, into: string): string {
  const install = 'pip install "optimum-onnx[onnxruntime]"';
  const target = shellWord(into);
  const exported = (source: string, task = ""): string =>
    `optimum-cli export onnx --model ${source}${task} ${target}`;
  if (format !== "GGUF") return `${install} && ${exported(shellWord(from))}`;
  const plain = shellWord(`${into}-plain`);
  const program =
    "import sys, transformers as t; f, g, d = sys.argv[1:]; " +
    "t.AutoModelForCausalLM.from_pretrained(f, gguf_file=g).save_pretrained(d); " +
    "t.AutoTokenizer.from_pretrained(f, gguf_file=g).save_pretrained(d)";
  const read = `python -c "${program}" ${shellWord(from)} ${shellWord(file)} ${plain}`;
  return `${install} gguf && ${read} && ${exported(plain, " --task text-generation-with-past")}`;
}

/**
 * Path of the model within `dir`, with / between its parts: a standard name, else the only `.onnx` file.
 * @throws {WE_MODEL_FORMAT} @throws {WE_MODEL_FOLDER}
 */
export async function modelFileOf(model: string, dir: string): Promise<string> {
  const files = await filesOf(dir);
  const refuse = (reason: string): Error => inferenceError("WE_MODEL_FOLDER", { model, path: dir, reason });
  if (files === undefined) throw refuse("there is no such folder");
  const standard = STANDARD.find((name) => files.includes(name));
  if (standard !== undefined) return standard;
  const graphs = files.filter((name) => name.endsWith(".onnx"));
  const [only, second] = graphs;
  if (only !== undefined && second === undefined) return only;
  if (only !== undefined)
    throw refuse(`it holds several models (${graphs.slice(0, 12).join(", ")}) and nothing says which`);
  const other = otherFormat(files);
  if (other === undefined) throw refuse("there is no model.json and no model.onnx");
  throw inferenceError("WE_MODEL_FORMAT", {
    model,
    path: dir,
    ...other,
    command: conversionCommand(other, dir, join("models", `${basename(dir)}-onnx`)),
  });
}

/** Names at the top and in `onnx`; undefined where there is no such folder. */
async function filesOf(dir: string): Promise<readonly string[] | undefined> {
  const names = async (folder: string, prefix: string): Promise<readonly string[]> =>
    (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => `${prefix}${name}`)
      .sort();
  const top = await names(dir, "").catch(() => undefined);
  if (top === undefined) return undefined;
  return [...(await names(join(dir, "onnx"), "onnx/").catch(() => [])), ...top];
}

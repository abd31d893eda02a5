/** Which files of a source make up the model that is meant: its graph, its weights, what explains them. By name. */

import { basename } from "node:path";
import { inferenceError } from "../errors.js";
import { conversionCommand, otherFormat } from "../model/model-file.js";

/** Types of numbers, and how exporters end the names of their files. */
const DTYPES: ReadonlyMap<string, readonly string[]> = new Map([
  ["fp32", [""]],
  ["fp16", ["_fp16"]],
  ["q8", ["_quantized", "_q8", "_int8"]],
  ["int8", ["_int8"]],
  ["uint8", ["_uint8"]],
  ["q4", ["_q4"]],
  ["q4f16", ["_q4f16"]],
  ["bnb4", ["_bnb4"]],
]);

export const dtypeNames: readonly string[] = [...DTYPES.keys()];

/** Files that say what a model is and how it is asked. */
const DESCRIPTIONS = [
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|modules)\.json$/,
  /^(sentence_bert_config|config_sentence_transformers|preprocessor_config|model)\.json$/,
  /^chat_template\.(jinja|json)$/,
  /^\d_Pooling\/config\.json$/,
  /^(LICEN[CS]E|README|NOTICE)(\.(md|txt))?$/i,
];

export interface Wanted {
  /** Name that the model gets. */
  readonly model: string;
  /** The source as it was written. */
  readonly source: string;
  /** What an exporter would be given in place of it. */
  readonly exportFrom: string;
  readonly dtype?: string;
  /** Path of the `.onnx` file in the source. */
  readonly file?: string;
}

/** Path of the graph. @throws {WE_MODEL_DTYPE} @throws {WE_MODEL_FORMAT} */
export function chosenGraph(paths: readonly string[], wanted: Wanted): string {
  const { model, source, dtype, file } = wanted;
  const graphs = paths.filter((path) => path.endsWith(".onnx")).sort();
  if (graphs.length === 0) throw noGraph(paths, wanted);
  const asked = file ?? (dtype === undefined ? "its source alone" : `--dtype ${dtype}`);
  const refuse = (): Error =>
    inferenceError("WE_MODEL_DTYPE", { source, asked, known: graphs.slice(0, 24).join(", "), model });
  if (file !== undefined) {
    if (graphs.includes(file)) return file;
    throw refuse();
  }
  for (const ending of DTYPES.get(dtype ?? "fp32") ?? []) {
    for (const stem of ["model", "decoder_model_merged"])
      for (const folder of ["onnx/", ""]) {
        const path = `${folder}${stem}${ending}.onnx`;
        if (graphs.includes(path)) return path;
      }
  }
  const [only, second] = graphs;
  if (dtype === undefined && only !== undefined && second === undefined) return only;
  throw refuse();
}

/** Whether a graph that was chosen earlier is the one that is meant now. */
export function isMeantBy(graph: string, { dtype, file }: Pick<Wanted, "dtype" | "file">): boolean {
  if (file !== undefined) return graph === file;
  if (dtype === undefined) return true;
  const stem = basename(graph, ".onnx").replace(/^(model|decoder_model_merged)/, "");
  return DTYPES.get(dtype)?.includes(stem) === true;
}

/** Paths besides the graph: descriptions, and files of weights by the names that exporters give them. */
export function filesBeside(paths: readonly string[], graph: string): readonly string[] {
  return paths.filter(
    (path) =>
      path !== graph &&
      (DESCRIPTIONS.some((pattern) => pattern.test(path)) ||
        path.startsWith(`${graph}_data`) ||
        path.startsWith(`${graph}.data`)),
  );
}

function noGraph(paths: readonly string[], { model, source, exportFrom }: Wanted): Error {
  const other = otherFormat(paths);
  if (other === undefined)
    return inferenceError("WE_MODEL_FOLDER", { model, path: source, reason: "there is no .onnx file" });
  const command = conversionCommand(other, exportFrom, `models/${basename(model)}`);
  return inferenceError("WE_MODEL_FORMAT", { model, path: source, ...other, command });
}

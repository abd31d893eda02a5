/** What the files beside an encoder say: its tokenizer, how long a text may be, how vectors are pooled, and classes. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { inferenceError } from "../errors.js";
import { encoderContextDefault, tokenizerBytesMax } from "../limits.js";
import { isFile, readBounded } from "../model/model-folder.js";
import { readTextEncoding } from "../text/tokenizer.js";
import type { TextEncoding } from "../text/tokenizer.js";

export type Pooling = "mean" | "cls" | "last";

/** How scores become shares: of one class out of all, of each class by itself, or not at all. */
export type ClassRule = "softmax" | "sigmoid" | "raw";

export interface EncoderSettings {
  readonly encoding: TextEncoding;
  /** Tokens of a text, those at its ends included. */
  readonly context: number;
  /** Ids below this number have tokens. */
  readonly vocabulary: number;
  readonly padding: number;
  readonly pooling: Pooling;
  readonly normalize: boolean;
  /** In the order of the scores. */
  readonly labels: readonly string[];
  readonly classRule: ClassRule;
  /** Hex SHA-256 over everything above, as the files say it. */
  readonly digest: string;
}

type Members = Readonly<Record<string, unknown>>;

const FILES = [
  "tokenizer.json",
  "tokenizer_config.json",
  "config.json",
  "1_Pooling/config.json",
  "modules.json",
  "sentence_bert_config.json",
] as const;

/** @throws {WE_TEXT_TOKENIZER} @throws {WE_MODEL_UNSUPPORTED} */
export async function readEncoderSettings(model: string, dir: string): Promise<EncoderSettings> {
  const texts = await Promise.all(
    FILES.map(async (name) => {
      const path = join(dir, ...name.split("/"));
      if (!(await isFile(path))) return undefined;
      return Buffer.from(await readBounded(model, path, tokenizerBytesMax)).toString("utf8");
    }),
  );
  const [tokenizer = "", tokenizerText, configText, poolingText, modulesText, sentenceText] = texts;
  const tokenizerFiles = {
    tokenizer,
    ...(tokenizerText === undefined ? {} : { config: tokenizerText }),
  };
  const config = membersOf(configText);
  const pooling = poolingOf(membersOf(poolingText));
  if (pooling === undefined)
    throw inferenceError("WE_MODEL_UNSUPPORTED", {
      model,
      path: dir,
      reason: "1_Pooling/config.json asks for a pooling other than mean, cls and lasttoken",
      advice: "ask for another with the member pooling of a model.json, or export the pooling with the model",
    });
  const modules: unknown = modulesText === undefined ? undefined : parsed(modulesText);
  const normalize = !Array.isArray(modules) || JSON.stringify(modules).includes("Normalize");
  const { pad_token_id: padding, vocab_size: vocabulary } = config;
  return {
    encoding: readTextEncoding(model, tokenizerFiles),
    context: contextOf(config, membersOf(tokenizerText), membersOf(sentenceText)),
    vocabulary: isCount(vocabulary) ? vocabulary : 2,
    padding: isCount(padding) ? padding : 0,
    pooling,
    normalize,
    labels: labelsOf(config),
    classRule: classRuleOf(config),
    digest: createHash("sha256")
      .update(JSON.stringify(texts.map((text) => text ?? null)))
      .digest("hex"),
  };
}

function poolingOf(config: Members): Pooling | undefined {
  const asked = Object.entries(config).filter(
    ([name, value]) => name.startsWith("pooling_mode_") && value === true,
  );
  const [only, second] = asked;
  if (only === undefined) return "mean";
  if (second !== undefined) return undefined;
  if (only[0] === "pooling_mode_mean_tokens") return "mean";
  if (only[0] === "pooling_mode_cls_token") return "cls";
  return only[0] === "pooling_mode_lasttoken" ? "last" : undefined;
}

/** The least of what is stated. Models in the manner of RoBERTa count positions from the padding's on. */
function contextOf(config: Members, tokenizer: Members, sentence: Members): number {
  const positions = config["max_position_embeddings"];
  const isShifted = /roberta|camembert|mpnet/.test(textOf(config["model_type"]));
  const own = isCount(positions) && isShifted ? positions - 2 : positions;
  const stated = [own, tokenizer["model_max_length"], sentence["max_seq_length"]].filter(
    (value): value is number => isCount(value) && value >= 2,
  );
  return stated.length === 0 ? encoderContextDefault : Math.min(...stated);
}

function labelsOf(config: Members): readonly string[] {
  const named = config["id2label"];
  if (typeof named !== "object" || named === null) return [];
  const entries = Object.entries(named).sort(([left], [right]) => Number(left) - Number(right));
  return entries.map(([, label]) => String(label));
}

function classRuleOf(config: Members): ClassRule {
  const problem = config["problem_type"];
  if (problem === "regression") return "raw";
  const count = labelsOf(config).length;
  return problem === "multi_label_classification" || count === 1 ? "sigmoid" : "softmax";
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function membersOf(text: string | undefined): Members {
  const value = text === undefined ? undefined : parsed(text);
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap ? (value as Members) : {}; // an object, as the line above has shown
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a request may say about how tokens are chosen, and the limits of each member. */

import { inferenceError } from "../errors.js";

export interface Sampling {
  /** 0 takes the best token, the default; larger values flatten the distribution. At most 100. */
  readonly temperature?: number;
  /** Only so many best tokens; 0, the default, keeps all. */
  readonly topK?: number;
  /** Only the best tokens that together have this probability; default 1. */
  readonly topP?: number;
  /** Only tokens at least this many times as likely as the best; default 0. */
  readonly minP?: number;
  /** Divides scores of tokens that stand in prompt or answer where they are positive, else multiplies; default 1. */
  readonly repetitionPenalty?: number;
  /** Added to scores, by token id: from -100 to 100. */
  readonly logitBias?: Readonly<Record<number, number>>;
}

/** Every member has a value. */
export interface SamplingRule {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly logitBias: readonly (readonly [id: number, bias: number])[];
}

/** @throws {WE_TEXT_PARAMETER} for a member outside of its limits. */
export function samplingRule(sampling: Sampling, vocabulary: number): SamplingRule {
  const { temperature = 0, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1, logitBias = {} } = sampling;
  check("temperature", temperature, temperature >= 0 && temperature <= 100, "a number from 0 to 100");
  check("topK", topK, Number.isSafeInteger(topK) && topK >= 0, "a whole number from 0");
  check("topP", topP, topP > 0 && topP <= 1, "a number above 0 and up to 1");
  check("minP", minP, minP >= 0 && minP <= 1, "a number from 0 to 1");
  const penaltyFits = repetitionPenalty >= 0.01 && repetitionPenalty <= 100;
  check("repetitionPenalty", repetitionPenalty, penaltyFits, "a number from 0.01 to 100");
  const biases = Object.entries(logitBias).map(([text, bias]): readonly [number, number] => {
    const id = Number(text);
    const known = Number.isInteger(id) && id >= 0 && id < vocabulary;
    check("logitBias", text, known, `by token ids from 0 to ${vocabulary - 1}`);
    check(`logitBias[${text}]`, bias, bias >= -100 && bias <= 100, "a number from -100 to 100");
    return [id, bias];
  });
  return { temperature, topK, topP, minP, repetitionPenalty, logitBias: biases };
}

function check(name: string, value: unknown, fits: boolean, expected: string): void {
  if (!fits) throw inferenceError("WE_TEXT_PARAMETER", { name, value: String(value), expected });
}

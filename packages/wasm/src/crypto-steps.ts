/**
 * Cryptography as steps that somebody else performs: code that signs and verifies is written once and runs over a
 * synchronous port (node:crypto) as well as over an asynchronous one (WebCrypto). Nothing is computed here.
 */

import { assert, unreachable } from "@wasm-engine/abi";
import type { AsyncSignatureCrypto, SignatureCrypto } from "./wasm-contract.js";

const DIGEST_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** One operation of a {@link SignatureCrypto}. */
type CryptoStep =
  | { readonly kind: "sha256"; readonly bytes: Uint8Array }
  | { readonly kind: "sign"; readonly message: Uint8Array; readonly secretKey: Uint8Array }
  | {
      readonly kind: "verify";
      readonly message: Uint8Array;
      readonly signature: Uint8Array;
      readonly publicKey: Uint8Array;
    };
type CryptoAnswer = Uint8Array | boolean;

/** A computation that asks for cryptography and ends with a result. */
export type CryptoSteps<Result> = Generator<CryptoStep, Result, CryptoAnswer>;

export function* sha256Step(bytes: Uint8Array): CryptoSteps<Uint8Array> {
  return bytesOf(yield { kind: "sha256", bytes }, DIGEST_BYTES);
}

export function* signStep(message: Uint8Array, secretKey: Uint8Array): CryptoSteps<Uint8Array> {
  return bytesOf(yield { kind: "sign", message, secretKey }, SIGNATURE_BYTES);
}

export function* verifyStep(
  message: Uint8Array,
  { signature, publicKey }: { readonly signature: Uint8Array; readonly publicKey: Uint8Array },
): CryptoSteps<boolean> {
  const isValid = yield { kind: "verify", message, signature, publicKey };
  assert(typeof isValid === "boolean", "the crypto port says yes or no");
  return isValid;
}

function bytesOf(answer: CryptoAnswer, count: number): Uint8Array {
  assert(typeof answer !== "boolean" && answer.length === count, `the crypto port gives ${count} bytes`);
  return answer;
}

/** Performs the steps at once. */
export function performSteps<Result>(steps: CryptoSteps<Result>, crypto: SignatureCrypto): Result {
  let next = steps.next();
  while (next.done !== true) next = steps.next(answerOf(next.value, crypto));
  return next.value;
}

/** Performs one step after the other. */
export async function performStepsAsync<Result>(
  steps: CryptoSteps<Result>,
  crypto: AsyncSignatureCrypto,
): Promise<Result> {
  let next = steps.next();
  while (next.done !== true) next = steps.next(await answerOf(next.value, crypto));
  return next.value;
}

function answerOf(step: CryptoStep, crypto: SignatureCrypto): CryptoAnswer;
function answerOf(step: CryptoStep, crypto: AsyncSignatureCrypto): Promise<CryptoAnswer>;
function answerOf(
  step: CryptoStep,
  crypto: SignatureCrypto | AsyncSignatureCrypto,
): CryptoAnswer | Promise<CryptoAnswer> {
  switch (step.kind) {
    case "sha256":
      return crypto.sha256(step.bytes);
    case "sign":
      return crypto.sign(step.message, step.secretKey);
    case "verify":
      return crypto.verify(step.message, step.signature, step.publicKey);
    default:
      return unreachable(step);
  }
}

/**
 * Values of secrets, in the thread that uses them and nowhere else: reads them where the configuration says, and takes
 * them out of whatever is about to leave the thread, in the forms in which code usually writes them.
 */

import { readFileSync, statSync } from "node:fs";
import { Encoding, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type { AdapterAnswer, AdapterSetup, SecretSource } from "./contract.js";
import { adapterError } from "./errors.js";
import { secretBytesMax, secretCharsMin } from "./limits.js";

/** Reads every secret of an adapter; `known` values win over sources. @throws {WE_SECRET_MISSING} */
export function readSecrets(
  { name, serves, secrets }: AdapterSetup,
  environment: NodeJS.ProcessEnv,
  known: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const user = `${serves === "tool" ? "Tool" : "Model"} ${name}`;
  const values = Object.entries(secrets).map(([secret, source]) => {
    const { value, cause = complaint(value) } = valueOf(source, environment, known.get(secret));
    if (cause !== undefined) {
      const advice = known.has(secret) ? "give a longer one among the secrets" : adviceFor(source);
      throw adapterError("WE_SECRET_MISSING", { user, name: secret, cause, advice });
    }
    return [secret, value] as const;
  });
  return new Map(values);
}

/** A secret, or why there is none; then the value is empty. */
interface FoundSecret {
  readonly value: string;
  readonly cause?: string;
}

function valueOf(
  source: SecretSource,
  environment: NodeJS.ProcessEnv,
  known: string | undefined,
): FoundSecret {
  if (known !== undefined) return { value: known };
  if ("file" in source) return fileText(source.file);
  const value = environment[source.env];
  return value === undefined ? { value: "", cause: "it is not there" } : { value };
}

function fileText(path: string): FoundSecret {
  const none = (cause: string): FoundSecret => ({ value: "", cause });
  try {
    const status = statSync(path);
    // Reading a pipe waits for its writer, and a device may have no end.
    if (!status.isFile()) return none("what is there is no file");
    if (status.size > secretBytesMax) return none(`its file has ${status.size} bytes`);
    const text = decodeUtf8(readFileSync(path));
    return text === undefined ? none("its file is not UTF-8") : { value: text.replace(/\r?\n$/, "") };
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException; // errors of node:fs have a code
    return none(code === "ENOENT" ? "it is not there" : `its file cannot be read: ${code}`);
  }
}

function complaint(value: string): string | undefined {
  if (value.length >= secretCharsMin) return undefined;
  return `it has ${value.length} characters; fewer than ${secretCharsMin} cannot be kept out of answers`;
}

function adviceFor(source: SecretSource): string {
  return "env" in source
    ? `set the environment variable ${source.env} where the world is started`
    : `write it into the file ${source.file}: UTF-8, at most ${secretBytesMax} bytes`;
}

/** Takes the values of secrets out of answers. */
export class Redaction {
  /** Longest forms first, so that none leaves a rest of another. */
  readonly #forms: readonly (readonly [string, string])[];

  /** Names and values; a name may be there for several values. */
  constructor(secrets: readonly (readonly [string, string])[]) {
    this.#forms = secrets
      .flatMap(([name, value]) => formsOf(value).map((form) => [form, `[secret ${name}]`] as const))
      .sort((left, right) => right[0].length - left[0].length);
  }

  text(text: string): string {
    return this.#forms.reduce((rest, [form, mark]) => rest.replaceAll(form, mark), text);
  }

  answer(answer: AdapterAnswer): AdapterAnswer {
    if (this.#forms.length === 0) return answer;
    if (answer.ok) return { ...answer, payload: this.payload(answer.encoding, answer.payload) };
    return { ...answer, code: this.text(answer.code), message: this.text(answer.message) };
  }

  /** JSON stays JSON: its texts and names are changed, and numbers that are a secret become texts. */
  payload(encoding: Encoding, payload: Uint8Array): Uint8Array {
    if (this.#forms.length === 0) return payload;
    const text = decodeUtf8(payload);
    if (text === undefined) return this.#bytes(payload);
    const value = encoding === Encoding.JSON ? parsed(text) : undefined;
    // Bytes of JSON that holds no secret stay as they were written.
    const before = value === undefined ? text : JSON.stringify(value.json);
    const clean = value === undefined ? this.text(text) : JSON.stringify(this.#value(value.json));
    return clean === before ? payload : encodeUtf8(clean);
  }

  #value(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "number") {
      const text = String(value);
      const clean = this.text(text);
      return clean === text ? value : clean;
    }
    if (Array.isArray(value)) return value.map((item) => this.#value(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [this.text(name), this.#value(item)]),
    );
  }

  /** Bytes that are no text, one character each. */
  #bytes(payload: Uint8Array): Uint8Array {
    let text = Buffer.from(payload).toString("latin1");
    for (const [form, mark] of this.#forms) {
      text = text.replaceAll(Buffer.from(form).toString("latin1"), mark);
    }
    return new Uint8Array(Buffer.from(text, "latin1"));
  }
}

function parsed(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** As it is, as part of an address or of JSON, in hexadecimal digits, in base64 at any place of a longer text. */
function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const digits = bytes.toString("hex");
  const forms = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), digits];
  const shifted = [0, 1, 2].map((shift) => base64At(bytes, shift));
  const wide = shifted.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"));
  // A stretch of base64 that short occurs by accident.
  const based = [...shifted, ...wide].filter((form) => form.length >= secretCharsMin);
  return [...new Set([...forms, digits.toUpperCase(), ...based])];
}

/** The characters of base64 that depend on the value alone where it begins `shift` bytes after a group. */
function base64At(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
  const start = Math.ceil((shift * 8) / 6);
  const end = Math.floor(((shift + bytes.length) * 8) / 6);
  return text.slice(start, end);
}

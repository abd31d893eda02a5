/**
 * Holds bodies that people send against what the receiver's module declares in its manifest. Only what comes over the
 * control socket is checked: inputs of a configuration reach agents as they are.
 */

import { Encoding } from "@wasm-engine/abi";
import type { ModuleDigest } from "@wasm-engine/abi";
import type { Genesis, Json } from "@wasm-engine/core";
import { readManifest } from "@wasm-engine/wasm";
import { nodeHasher } from "../crypto/node-crypto.js";
import { RunFolder } from "../storage/run-folder.js";
import { readablePayload } from "../world/payload.js";
import { fail } from "./errors.js";
import type { CheckValue } from "./schema-problem.js";

type Messages = Readonly<Record<string, unknown>>;

/** @throws where it is no schema */
type Compile = (schema: Json) => CheckValue;

export interface CheckedMessage {
  readonly to: string;
  readonly topic: string;
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
}

export class MessageCheck {
  readonly #declared: ReadonlyMap<ModuleDigest, Messages>;
  readonly #checks = new Map<string, CheckValue>();

  readonly #compile: Compile;

  constructor(declared: ReadonlyMap<ModuleDigest, Messages>, compile: Compile) {
    this.#declared = declared;
    this.#compile = compile;
  }

  /** What the modules of a run declare. Worlds whose modules declare nothing load no compiler. */
  static async of(dir: string, genesis: Genesis): Promise<MessageCheck> {
    const folder = RunFolder.open(dir, nodeHasher);
    const digests = [...new Set(Object.values(genesis.modules))];
    const all = digests.map((digest) => [digest, messagesOf(folder, digest)] as const);
    const declared = all.filter(([, messages]) => Object.keys(messages).length > 0);
    if (declared.length === 0) return new MessageCheck(new Map(), () => () => undefined);
    const { compileSchema } = await import("./message-schema.js");
    return new MessageCheck(new Map(declared), compileSchema);
  }

  /** False where no module declares anything: nobody has to be asked who the receiver is. */
  get isNeeded(): boolean {
    return this.#declared.size > 0;
  }

  /** Topics that a module does not declare take anything. @throws {WE_MESSAGE_SCHEMA} */
  check(module: ModuleDigest, { to, topic, encoding, payload }: CheckedMessage): void {
    const messages = this.#declared.get(module) ?? {};
    if (!Object.hasOwn(messages, topic) || encoding !== Encoding.JSON) return;
    const problems = this.#checkOf(`${module} ${topic}`, messages[topic])(readablePayload(encoding, payload));
    if (problems !== undefined) throw fail("WE_MESSAGE_SCHEMA", { topic, agent: to, problems });
  }

  #checkOf(name: string, schema: unknown): CheckValue {
    let check = this.#checks.get(name);
    if (check === undefined) this.#checks.set(name, (check = compiledOrNothing(this.#compile, schema)));
    return check;
  }
}

/** A schema that nobody can compile says nothing about a body: the agent answers for itself. */
function compiledOrNothing(compile: Compile, schema: unknown): CheckValue {
  try {
    return compile(schema as Json); // a member of a manifest, which is JSON
  } catch {
    return () => undefined;
  }
}

/** Empty for modules without manifest: a program may vouch for those itself. */
function messagesOf(folder: RunFolder, digest: ModuleDigest): Messages {
  try {
    const bytes = folder.readModule(digest);
    return bytes === undefined ? {} : (readManifest(bytes).messages ?? {});
  } catch {
    return {};
  }
}

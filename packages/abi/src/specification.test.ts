/** spec/abi.md and spec/vectors/abi.json say what this package says. WRITE_VECTORS=1 writes both. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { EffectKind, LogLevel, decodeEffects, encodeEffect } from "./effect.js";
import type { Effect } from "./effect.js";
import {
  ABI_VERSION,
  ENTRY_POINTS,
  FaultCode,
  HOST_FUNCTIONS,
  HOST_MODULE,
  Instrumented,
  InstrumentedStatus,
  Refusal,
} from "./host-function.js";
import type { HostFunction } from "./host-function.js";
import { handleOfChild, handleOfId } from "./identity.js";
import type { AgentHandle, AgentId } from "./identity.js";
import * as limits from "./limits.js";
import { Encoding, MessageFlag, MessageKind, decodeMessage, encodeMessage } from "./message.js";
import type { Message } from "./message.js";
import { encodeUtf8 } from "./text.js";

const writes = process.env["WRITE_VECTORS"] === "1";
const pageFile = new URL("../../../spec/abi.md", import.meta.url);
const vectorFile = new URL("../../../spec/vectors/abi.json", import.meta.url);
const hostFunctions: readonly (readonly [string, HostFunction])[] = Object.entries(HOST_FUNCTIONS);

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function numbered(head: string, table: Readonly<Record<string, number>>): string[] {
  return [
    `| ${head} |`,
    "|---|---|",
    ...Object.entries(table).map(([name, value]) => `| ${name} | ${value} |`),
  ];
}

/** One row per function: types only where they are not all i32. */
function hostFunctionRows(): string[] {
  const rows = hostFunctions.map(([name, { names, parameters, result, capability, summary }]) => {
    const types = parameters.map((type, index) =>
      type === "i32" ? names[index] : `${names[index]}: ${type}`,
    );
    const given = result === "i32" ? "" : ` -> ${result}`;
    return `| \`${name}(${types.join(", ")})${given}\` | ${capability ?? ""} | ${summary} |`;
  });
  return ["| function | capability | |", "|---|---|---|", ...rows];
}

interface Signature {
  readonly parameters: readonly string[];
  readonly result: string | undefined;
}

function entryPointRows(): string[] {
  const rows = (kind: "required" | "optional"): string[] =>
    Object.entries<Signature>(ENTRY_POINTS[kind]).map(([name, { parameters, result }]) =>
      `| \`${name}\` | ${parameters.join(", ")} | ${result ?? ""} | ${kind} |`.replaceAll("|  |", "| |"),
    );
  return [
    "| export | parameters | result | |",
    "|---|---|---|---|",
    ...rows("required"),
    ...rows("optional"),
  ];
}

function instrumentedRows(): string[] {
  const meanings: Record<keyof typeof Instrumented, string> = {
    fuel: "global, mut i64: fuel left",
    depth: "global, mut i32: bytes of logical stack left",
    status: `global, mut i32: why a trap was made: ${statusText()}`,
    charge: "global, mut i32: fuel that a host function asks its thunk to charge",
    pagesMax: "global, mut i32: quota of memory in pages of 64 KiB",
    stateSave: "function (i32): writes mutable globals and segment flags to a pointer",
    stateLoad: "function (i32): reads them back",
    start: "function (): the module's start function; absent where there was none",
    slice: "import, function () -> i32: a slice is used up",
  };
  const keys = Object.keys(Instrumented) as (keyof typeof Instrumented)[]; // own keys of a constant
  return ["| name | |", "|---|---|", ...keys.map((key) => `| \`${Instrumented[key]}\` | ${meanings[key]} |`)];
}

function statusText(): string {
  return Object.entries(InstrumentedStatus)
    .map(([name, value]) => `${value} ${name}`)
    .join(", ");
}

function limitRows(): string[] {
  const rows = Object.entries(limits).map(
    ([name, value]) => `| \`${name}\` | ${value.toLocaleString("en-US")} |`,
  );
  return ["| limit | value |", "|---|---|", ...rows];
}

const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  "entry points": entryPointRows(),
  kinds: numbered("kind | number", MessageKind),
  encodings: numbered("encoding | number", Encoding),
  flags: numbered("flag | bit value", MessageFlag),
  "host functions": hostFunctionRows(),
  refusals: numbered("refusal | number", Refusal),
  effects: numbered("effect | number", EffectKind),
  instrumented: instrumentedRows(),
  limits: limitRows(),
};

function between(page: string, name: string): { readonly start: number; readonly end: number } {
  const [begin, end] = [`<!-- ${name}: begin -->\n`, `<!-- ${name}: end -->`];
  const start = page.indexOf(begin);
  assert.ok(start >= 0, `spec/abi.md has a section "${name}"`);
  return { start: start + begin.length, end: page.indexOf(end, start) };
}

for (const [name, rows] of Object.entries(SECTIONS)) {
  test(`spec/abi.md: the table of ${name} equals the constants`, () => {
    let page = readFileSync(pageFile, "utf8");
    if (writes) {
      const { start, end } = between(page, name);
      page = `${page.slice(0, start)}${rows.join("\n")}\n${page.slice(end)}`;
      writeFileSync(pageFile, page);
    }
    const { start, end } = between(page, name);
    // Formatting may pad cells: what counts is what they say.
    assert.deepEqual(plain(page.slice(start, end)), plain(rows.join("\n")));
  });
}

function plain(table: string): string[] {
  return table
    .trim()
    .split("\n")
    .filter((row) => !/^[|\s:-]+$/.test(row))
    .map((row) =>
      row
        .split("|")
        .map((cell) => cell.trim())
        .join("|"),
    );
}

test("spec/abi.md: every fault has its number", () => {
  const page = readFileSync(pageFile, "utf8");
  const { start, end } = between(page, "faults");
  const [, ...table] = plain(page.slice(start, end));
  const rows = table.map((row) => row.split("|").slice(1, 3));
  assert.deepEqual(
    rows,
    Object.entries(FaultCode).map(([name, value]) => [name, String(value)]),
  );
});

test("spec/abi.md: every host function has a section of its own or shares one", () => {
  const headings = [...readFileSync(pageFile, "utf8").matchAll(/^### (.+)$/gm)].flatMap(([, text]) =>
    (text ?? "").split(", "),
  );
  for (const [name] of hostFunctions) assert.ok(headings.includes(name), name);
});

const MESSAGES: readonly Message[] = [
  messageOf({}),
  messageOf({ topic: encodeUtf8("t"), payload: Uint8Array.of(1, 2, 3) }),
  messageOf({ topic: encodeUtf8("12345678"), payload: encodeUtf8("{}"), encoding: Encoding.JSON }),
  messageOf({
    kind: MessageKind.ANSWER,
    flags: MessageFlag.LAST_PART | MessageFlag.ERROR,
    messageId: 2 ** 53 - 1,
    correlationId: 2 ** 32,
    peer: 2 ** 52 + 1,
    tick: 2 ** 40,
    topic: encodeUtf8("größe"),
  }),
];

function messageOf(fields: Partial<Message>): Message {
  const none = new Uint8Array(0);
  const zero = { messageId: 0, correlationId: 0, peer: 0, tick: 0, flags: 0, topic: none, payload: none };
  return { kind: MessageKind.MESSAGE, encoding: Encoding.BYTES, ...zero, ...fields };
}

const EFFECTS: readonly Effect[] = [
  {
    kind: EffectKind.LOG,
    level: LogLevel.WARN,
    invocation: 3,
    requestId: 0,
    ticks: 0,
    body: encodeUtf8("hello"),
  },
  { kind: EffectKind.CANCEL, level: 0, invocation: 65_535, requestId: 7, ticks: 0, body: new Uint8Array(0) },
  {
    kind: EffectKind.INFER,
    level: 0,
    invocation: 0,
    requestId: 1,
    ticks: -1,
    body: encodeMessage(messageOf({})),
  },
];

function computedVectors(): unknown {
  const ids = ["a", "ORD", "agent-0", "x".repeat(63)];
  return {
    abi: ABI_VERSION,
    module: HOST_MODULE,
    hostFunctions: hostFunctions.map(([name, { parameters, result, names, capability }]) => ({
      name,
      parameters,
      result,
      names,
      ...(capability === undefined ? {} : { capability }),
    })),
    refusals: Refusal,
    faults: FaultCode,
    messages: MESSAGES.map((message) => ({
      ...message,
      topic: hex(message.topic),
      payload: hex(message.payload),
      bytes: hex(encodeMessage(message)),
    })),
    effects: EFFECTS.map((effect) => ({
      ...effect,
      body: hex(effect.body),
      bytes: hex(encodeEffect(effect)),
    })),
    handles: ids.map((id) => ({ id, handle: handleOfId(sha256, id as AgentId) })), // valid ids
    children: [1, 2, 2 ** 32].map((counter) => {
      const parent = handleOfId(sha256, "a" as AgentId); // a valid id
      return { parent, counter, handle: handleOfChild(sha256, parent, counter) };
    }),
    limits: { ...limits },
  };
}

test("[G1] spec/vectors/abi.json: constants, messages, effects and handles", () => {
  const computed = JSON.parse(JSON.stringify(computedVectors())) as unknown; // as a reader of the file sees it
  if (writes) writeFileSync(vectorFile, `${JSON.stringify(computed, null, 2)}\n`);
  assert.deepEqual(JSON.parse(readFileSync(vectorFile, "utf8")), computed);
});

test("[G1] messages and effects are read back as they were written", () => {
  for (const message of MESSAGES) assert.deepEqual(decodeMessage(encodeMessage(message)), message);
  const bytes = new Uint8Array(Buffer.concat(EFFECTS.map((effect) => encodeEffect(effect))));
  assert.deepEqual(decodeEffects(bytes), EFFECTS);
});

test("[G1] handles have 53 bits and are never that of the outside", () => {
  for (let index = 0; index < 2000; index += 1) {
    const handle: AgentHandle = handleOfId(sha256, `agent-${index}` as AgentId); // a valid id
    assert.ok(Number.isSafeInteger(handle) && handle > 0, String(handle));
  }
  const zero = (): Uint8Array => new Uint8Array(32);
  assert.equal(handleOfId(zero, "a" as AgentId), 1); // a valid id
});

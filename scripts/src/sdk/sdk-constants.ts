/**
 * Renders the constants and host function declarations of every guest SDK from `packages/abi`, so that no SDK
 * repeats a number by hand. Knows the three target languages; decides nothing about the contract and writes no file.
 */

import {
  ABI_VERSION,
  Encoding,
  HOST_FUNCTIONS,
  HOST_MODULE,
  LogLevel,
  MESSAGE_HEADER_BYTES,
  MessageField,
  MessageFlag,
  MessageKind,
  Refusal,
  SIZED_BLOCK_HEADER_BYTES,
  TensorType,
  assert,
  limits,
  type HostFunction,
} from "@wasm-engine/abi";

const columnsMax = 108;

/** A group of constants under one name, as the contract groups them. */
interface ConstantGroup {
  readonly name: string;
  readonly summary: string;
  readonly values: Readonly<Record<string, number>>;
}

/** Groups in the order of the specification. */
const groups: readonly ConstantGroup[] = [
  { name: "MessageKind", summary: "What a message is.", values: MessageKind },
  { name: "Encoding", summary: "How a payload is encoded.", values: Encoding },
  { name: "TensorType", summary: "Element types of tensors, numbered as in ONNX.", values: TensorType },
  { name: "MessageFlag", summary: "Bits of a message's flags.", values: MessageFlag },
  { name: "LogLevel", summary: "Levels of console lines.", values: LogLevel },
  { name: "Refusal", summary: "Typed refusals: negative results of host functions.", values: Refusal },
  { name: "MessageField", summary: "Byte offsets in the message header.", values: upperKeys(MessageField) },
  {
    name: "Limit",
    summary: "Limits of the contract; configuration may lower them.",
    values: {
      MESSAGE_HEADER_BYTES,
      SIZED_BLOCK_HEADER_BYTES,
      MESSAGE_BYTES_MAX: limits.messageBytesMax,
      TOPIC_BYTES_MAX: limits.topicBytesMax,
      LOG_LINE_BYTES_MAX: limits.logLineBytesMax,
      RANDOM_BYTES_MAX: limits.randomBytesMax,
      STREAM_NAME_BYTES_MAX: limits.streamNameBytesMax,
      DESCRIBE_BYTES_MAX: limits.describeBytesMax,
    },
  },
];

const functions: readonly (readonly [string, HostFunction])[] = Object.entries(HOST_FUNCTIONS);

/** `sdk/assemblyscript/assembly/abi.ts`. */
export function assemblyScriptConstants(): string {
  const lines = [
    "// Generated from packages/abi by scripts/src/generate-sdk.ts; do not edit.",
    "// Numbers and host functions of the guest contract, as AssemblyScript.",
    "",
    `export const ABI_MAJOR: i32 = ${ABI_VERSION.major};`,
    `export const ABI_MINOR: i32 = ${ABI_VERSION.minor};`,
  ];
  for (const group of groups) {
    lines.push("", `/** ${group.summary} */`, `export enum ${group.name} {`);
    for (const [key, value] of Object.entries(group.values)) lines.push(`  ${key} = ${value},`);
    lines.push("}");
  }
  for (const [name, host] of functions) {
    const parameters = host.names.map((parameter, index) => {
      const type = parameter.endsWith("_ptr") ? "usize" : (host.parameters[index] ?? "i32");
      return `${camelCase(parameter)}: ${type}`;
    });
    lines.push(
      "",
      ...comment(host.summary, "/** "),
      `@external("${HOST_MODULE}", "${name}")`,
      `export declare function host_${name}(${parameters.join(", ")}): ${host.result};`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** Marks of the generated block inside `sdk/c/wasm_engine.h`. */
export const C_BLOCK_BEGIN =
  "/* ---- generated from packages/abi by scripts/src/generate-sdk.ts: begin ---- */";
export const C_BLOCK_END = "/* ---- generated from packages/abi by scripts/src/generate-sdk.ts: end ---- */";

/** The generated block of `sdk/c/wasm_engine.h`, marks included. */
export function cConstants(): string {
  const lines = [
    C_BLOCK_BEGIN,
    `#define WE_ABI_MAJOR ${ABI_VERSION.major}`,
    `#define WE_ABI_MINOR ${ABI_VERSION.minor}`,
  ];
  for (const group of groups) {
    lines.push("", `/* ${group.summary} */`, "enum {");
    const prefix = group.name === "Limit" ? "WE" : `WE_${snakeCase(group.name)}`;
    for (const [key, value] of Object.entries(group.values)) lines.push(`  ${prefix}_${key} = ${value},`);
    lines.push("};");
  }
  lines.push("");
  for (const [name, host] of functions) {
    const parameters = host.names.map((parameter, index) => {
      if (parameter.endsWith("_out_ptr") || parameter === "out_ptr") return `void *${parameter}`;
      if (parameter.endsWith("_ptr")) return `const void *${parameter}`;
      return `${cType(host.parameters[index] ?? "i32")} ${parameter}`;
    });
    lines.push(
      ...comment(host.summary, "/* "),
      `__attribute__((import_module("${HOST_MODULE}"), import_name("${name}")))`,
      `${cType(host.result)} we_host_${name}(${parameters.join(", ") || "void"});`,
    );
  }
  lines.push(C_BLOCK_END);
  return lines.join("\n");
}

/** Replaces the generated block of a C header. */
export function withCConstants(header: string): string {
  const begin = header.indexOf(C_BLOCK_BEGIN);
  const end = header.indexOf(C_BLOCK_END);
  assert(begin >= 0 && end > begin, "the header has a generated block");
  return header.slice(0, begin) + cConstants() + header.slice(end + C_BLOCK_END.length);
}

/** `sdk/javascript/guest/constants.js`: the first part of the prelude that runs inside QuickJS. */
export function javaScriptConstants(): string {
  const lines = [
    "// Generated from packages/abi by scripts/src/generate-sdk.ts; do not edit.",
    "// Numbers of the guest contract for the prelude that runs inside QuickJS.",
  ];
  for (const group of groups) {
    if (["MessageField", "Limit"].includes(group.name)) continue;
    lines.push("", `/** ${group.summary} */`, `const ${group.name} = Object.freeze({`);
    for (const [key, value] of Object.entries(group.values)) lines.push(`  ${key}: ${value},`);
    lines.push("});");
  }
  return `${lines.join("\n")}\n`;
}

function upperKeys(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [snakeCase(key), value]));
}

function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z])([A-Z])/g, "_$1").toUpperCase();
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
}

/** A block comment, broken at words where it is wider than a line. */
function comment(text: string, opening: string): string[] {
  const lines: string[] = [];
  let line = opening;
  for (const word of text.split(" ")) {
    if (line.length + word.length > columnsMax) {
      lines.push(line.trimEnd());
      line = " * ";
    }
    line += `${word} `;
  }
  return [...lines, `${line}*/`];
}

function cType(type: string): string {
  return type === "i64" ? "int64_t" : "int32_t";
}

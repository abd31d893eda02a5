/**
 * Puts another value in the place of a node's first input, or of inputs of the graph, in the bytes of a model that
 * exists, whatever wrote it. All other bytes stay as they are. Knows nothing of what operators compute.
 */

import { assert, decodeUtf8 } from "@wasm-engine/abi";
import { MessageWriter, readFields } from "./protobuf.js";
import type { Field } from "./protobuf.js";

/** A node of the graph, as far as its connections go. */
export interface NodeLinks {
  /** `domain:operator`, or the operator alone for ONNX's own. */
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The nodes of a model's graph, in file order; `model` is one that `readOnnxHeader` could read. */
export function nodeLinks(model: Uint8Array): readonly NodeLinks[] {
  const links: NodeLinks[] = [];
  for (const graph of readFields(model))
    if (graph.number === graphField)
      for (const node of readFields(graph.bytes))
        if (node.number === nodeField) links.push(linksOf(node.bytes));
  return links;
}

/** `model` with `input` as the first input of the node that makes `output`. */
export function withFirstInput(model: Uint8Array, output: string, input: string): Uint8Array {
  const root = new MessageWriter();
  let changed = 0;
  copyFields(model, root, (graph) => {
    if (graph.number !== graphField || !holdsNode(graph.bytes, output)) return undefined;
    const inner = new MessageWriter();
    copyFields(graph.bytes, inner, (node) => {
      if (node.number !== nodeField || !linksOf(node.bytes).outputs.includes(output)) return undefined;
      changed += 1;
      return new MessageWriter().message(nodeField, renamed(node.bytes, input));
    });
    return new MessageWriter().message(graphField, inner);
  });
  assert(changed === 1, `one node makes "${output}"`);
  return root.finish();
}

/** `model` without these inputs; nodes that make values of their names must be added. */
export function withoutInputs(model: Uint8Array, names: ReadonlySet<string>): Uint8Array {
  const root = new MessageWriter();
  copyFields(model, root, (graph) => {
    if (graph.number !== graphField) return undefined;
    const inner = new MessageWriter();
    copyFields(graph.bytes, inner, (field) =>
      field.number === inputField && names.has(valueName(field.bytes)) ? new MessageWriter() : undefined,
    );
    return new MessageWriter().message(graphField, inner);
  });
  return root.finish();
}

const graphField = 7;
const nodeField = 1;
const inputField = 11;

function valueName(value: Uint8Array): string {
  for (const { number, bytes } of readFields(value)) if (number === 1) return text(bytes);
  return "";
}

function holdsNode(graph: Uint8Array, output: string): boolean {
  for (const node of readFields(graph))
    if (node.number === nodeField && linksOf(node.bytes).outputs.includes(output)) return true;
  return false;
}

/** Copies a message, but what `change` replaces. */
function copyFields(
  message: Uint8Array,
  target: MessageWriter,
  change: (field: Field) => MessageWriter | undefined,
): void {
  // A field begins where the one before it ends: what stands between is its tag and its length.
  let kept = 0;
  for (const field of readFields(message)) {
    const replaced = field.wire === 2 ? change(field) : undefined;
    if (replaced === undefined) continue;
    const end = field.bytes.byteOffset - message.byteOffset + field.bytes.length;
    target.raw(message.subarray(kept, field.start)).append(replaced);
    kept = end;
  }
  target.raw(message.subarray(kept));
}

function renamed(node: Uint8Array, input: string): MessageWriter {
  const message = new MessageWriter();
  let inputs = 0;
  copyFields(node, message, (field) => {
    if (field.number !== 1) return undefined;
    inputs += 1;
    return inputs === 1 ? new MessageWriter().text(1, input) : undefined;
  });
  return message;
}

function linksOf(node: Uint8Array): NodeLinks {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let operator = "";
  let domain = "";
  for (const { number, bytes } of readFields(node)) {
    if (number === 1) inputs.push(text(bytes));
    else if (number === 2) outputs.push(text(bytes));
    else if (number === 4) operator = text(bytes);
    else if (number === 7) domain = text(bytes);
  }
  const isOwn = domain === "" || domain === "ai.onnx";
  return { operator: isOwn ? operator : `${domain}:${operator}`, inputs, outputs };
}

function text(bytes: Uint8Array): string {
  const decoded = decodeUtf8(bytes);
  assert(decoded !== undefined, "the header of the model has been read");
  return decoded;
}

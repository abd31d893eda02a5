/** Canonical form of the genesis and of agent specifications: field names are those of the model. */

import { isAgentId, type ModuleDigest } from "@wasm-engine/abi";
import type { AgentSpec, Genesis, Json, ModuleLimits } from "../model.js";
import { decodeCanonical, encodeCanonical, type CborValue } from "./cbor.js";
import {
  decodeShape,
  dictionary,
  encodeShape,
  flag,
  integer,
  list,
  oneOf,
  optional,
  record,
  shapeError,
  text,
  textLike,
  wideInteger,
  type Shape,
  type Trail,
} from "./shape.js";

const digestPattern = /^[0-9a-f]{64}$/;

export const agentIdShape: Shape<AgentSpec["id"]> = textLike("an agent id", isAgentId);
export const moduleDigestShape: Shape<ModuleDigest> = textLike(
  "64 lower-case hex digits",
  (value): value is ModuleDigest => digestPattern.test(value),
);

/** JSON values: what CBOR offers beyond them (bytes, wide integers) is refused. */
export const jsonShape: Shape<Json> = { encode: requireJson, decode: requireJson };

function requireJson(value: CborValue, trail: Trail): Json & CborValue {
  if (
    value === null ||
    typeof value === "boolean" ||
    typeof value === "number" ||
    typeof value === "string"
  ) {
    return value;
  }
  if (typeof value === "bigint" || value instanceof Uint8Array || typeof value !== "object") {
    throw shapeError("a JSON value", value, trail);
  }
  for (const [key, entry] of Object.entries(value)) {
    trail.push(key);
    requireJson(entry, trail);
    trail.pop();
  }
  return value as Json & CborValue; // every leaf was checked above
}

const texts = list(text);

export const agentSpecShape: Shape<AgentSpec> = record<AgentSpec>({
  id: agentIdShape,
  module: moduleDigestShape,
  args: jsonShape,
  tenant: text,
  priority: integer(Number.MIN_SAFE_INTEGER),
  every: integer(),
  capabilities: record<AgentSpec["capabilities"]>({
    send: texts,
    topics: texts,
    models: texts,
    tools: texts,
    spawn: texts,
  }),
  limits: record<AgentSpec["limits"]>({
    fuelPerSlice: integer(1),
    fuelPerTurnMax: integer(1),
    memoryBytes: integer(),
    mailboxMessages: integer(),
    messagesPerTurnMax: integer(),
  }),
  onFault: record<AgentSpec["onFault"]>({
    strategy: oneOf("restart", "stop", "escalate"),
    from: oneOf("good", "fresh"),
    max: integer(),
    withinTicks: integer(),
  }),
  channels: texts,
});

export const genesisShape: Shape<Genesis> = record<Genesis>({
  semantics: integer(1),
  name: text,
  seed: integer(),
  epochNanos: wideInteger(-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn),
  tickNanos: wideInteger(1n, 0x7fff_ffff_ffff_ffffn),
  policy: oneOf("fifo", "priority", "round-robin"),
  stride: integer(),
  shards: integer(1),
  stateHashEvery: integer(1),
  turnsPerTickMax: integer(1),
  retainTicks: integer(),
  agentsMax: integer(),
  depthBytes: integer(1),
  modules: dictionary(moduleDigestShape),
  moduleLimits: optional(
    dictionary(record<ModuleLimits>({ fuelPerSlice: optional(integer()), memoryBytes: optional(integer()) })),
  ),
  tenants: list(
    record<Genesis["tenants"][number]>({
      name: text,
      fuelPerTick: integer(),
      turnsPerTick: integer(),
      messagesPerTick: integer(),
      agentsMax: integer(),
      elastic: flag,
    }),
  ),
  agents: list(agentSpecShape),
  models: texts,
  tools: texts,
});

/** Canonical bytes of a genesis. @throws {WE_CODEC_SHAPE} @throws {WE_CBOR_REFUSED} */
export function encodeGenesis(genesis: Genesis): Uint8Array {
  return encodeCanonical(encodeShape(genesisShape, "genesis", genesis));
}

/** @throws {WE_CODEC_SHAPE} @throws {WE_CBOR_MALFORMED} */
export function decodeGenesis(bytes: Uint8Array): Genesis {
  return decodeShape(genesisShape, "genesis", decodeCanonical(bytes));
}

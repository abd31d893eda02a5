/**
 * Identities of the world. An id is text; a handle is its 53-bit number in the ABI (a u64 field whose top
 * eleven bits are zero), so that it is exact as a JavaScript number. Handles are derived in `core`.
 */

import { encodeUtf8 } from "./text.js";
import { writeU64 } from "./message.js";

/** Text id of an agent. */
export type AgentId = string & { readonly __brand: "AgentId" };
/** 53-bit number that stands for an agent in the ABI; 0 is the outside of the world. */
export type AgentHandle = number & { readonly __brand: "AgentHandle" };
/** SHA-256 of a module's bytes without signature sections, 64 lower-case hex digits. */
export type ModuleDigest = string & { readonly __brand: "ModuleDigest" };

/** Sender of external inputs and receiver of answers that leave the world. */
export const OUTSIDE: AgentHandle = 0 as AgentHandle; // brand: the one constant handle

const agentIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** True for `[A-Za-z0-9][A-Za-z0-9._-]{0,62}`. */
export function isAgentId(text: string): text is AgentId {
  return agentIdPattern.test(text);
}

/** Order of ids everywhere: by UTF-8 bytes, which for this alphabet is code unit order. */
export function compareIds(left: string, right: string): -1 | 0 | 1 {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** SHA-256 as a function; handles are derived on both sides of the core/executor boundary. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

const rootDomain = encodeUtf8("wasm-engine/agent\0");
const childDomain = encodeUtf8("wasm-engine/child\0");

/** Handle of an agent that the world or an input starts: 53 bits of SHA-256("wasm-engine/agent\0" ‖ id). Never 0. */
export function handleOfId(sha256: Sha256, id: AgentId): AgentHandle {
  return handleOf(sha256, rootDomain, encodeUtf8(id));
}

/** Handle of a child: 53 bits of SHA-256("wasm-engine/child\0" ‖ u64 parent ‖ u64 counter), counter from 1. */
export function handleOfChild(sha256: Sha256, parent: AgentHandle, spawnCounter: number): AgentHandle {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  writeU64(view, 0, parent);
  writeU64(view, 8, spawnCounter);
  return handleOf(sha256, childDomain, body);
}

function handleOf(sha256: Sha256, domain: Uint8Array, body: Uint8Array): AgentHandle {
  const bytes = new Uint8Array(domain.length + body.length);
  bytes.set(domain, 0);
  bytes.set(body, domain.length);
  const digest = sha256(bytes);
  const view = new DataView(digest.buffer, digest.byteOffset, 8);
  const handle = (view.getUint32(4, true) & 0x1f_ffff) * 0x1_0000_0000 + view.getUint32(0, true);
  return (handle === 0 ? 1 : handle) as AgentHandle; // brand: the only place that makes handles
}

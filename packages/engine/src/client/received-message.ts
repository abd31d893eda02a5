/** A message that left the world, as programs receive it. */

import type { AgentId, Encoding } from "@wasm-engine/abi";
import type { WorldMessage } from "../world/control.js";
import { decodePayload } from "../world/payload.js";
import type { Payload } from "../world/payload.js";

/** In the shape of the founding interface. */
export interface ReceivedMessage {
  readonly tick: number;
  readonly agentId: AgentId;
  readonly topic: string;
  /** JSON and text decoded, everything else bytes. */
  readonly payload: Payload;
  readonly encoding: Encoding;
  /** Virtual time, RFC 3339. */
  readonly timestamp: string;
}

export function receivedMessage(message: WorldMessage): ReceivedMessage {
  const { tick, agentId, topic, encoding, timestamp } = message;
  return { tick, agentId, topic, encoding, timestamp, payload: decodePayload(encoding, message.payload) };
}

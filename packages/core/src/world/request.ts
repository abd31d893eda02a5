/** Requests that wait for their one last answer. `sinceTick` is for people: no rule looks at it. */

import type { AgentHandle, Encoding } from "@wasm-engine/abi";

export type PendingRequest =
  | {
      readonly kind: "send";
      readonly requestId: number;
      readonly sinceTick: number;
      /** First tick at which it is answered TIMEOUT; 0 = never. */
      readonly deadlineTick: number;
      readonly messageId: number;
      readonly target: AgentHandle;
    }
  | {
      readonly kind: "timer";
      readonly requestId: number;
      readonly sinceTick: number;
      /** Tick at which the message comes back. */
      readonly deadlineTick: number;
      readonly topic: Uint8Array;
      readonly encoding: Encoding;
      readonly payload: Uint8Array;
    }
  | {
      readonly kind: "task";
      readonly requestId: number;
      readonly sinceTick: number;
      readonly deadlineTick: 0;
      readonly taskKey: string;
    }
  | {
      readonly kind: "inference" | "tool";
      readonly requestId: number;
      readonly sinceTick: number;
      readonly deadlineTick: number;
      readonly name: string;
    };

/** What a method of the control socket is made of. */

import type { Genesis, Json } from "@wasm-engine/core";
import type { ControlRequest } from "../world/control.js";

export type MethodParams = Readonly<Record<string, unknown>>;

export interface ConnectionMethod {
  /** JSON Schema of the params. */
  readonly params: Json;
}

export interface ControlMethod extends ConnectionMethod {
  /** What the world is asked, one after the other; the answer of the last one is the answer. @throws coded errors */
  readonly requests: (params: MethodParams, genesis: Genesis) => readonly ControlRequest[];
  /** Takes time by the number of agents: one at a time, so that the world ticks between them. */
  readonly isHeavy?: true;
  /** The body is held against what the receiver's module declares, unless `check` is false. */
  readonly checksMessage?: true;
}

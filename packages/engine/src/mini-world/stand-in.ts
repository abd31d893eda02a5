/**
 * An agent that only says what it was told to say: who plays the others where a test is about one agent. It is a module
 * like any other, so that forks, snapshots and the chain hold for it too.
 */

import type { Json } from "@wasm-engine/core";
import type { AgentOptions } from "./world-options.js";

/** A message of a stand-in. */
export interface StandInMessage {
  /** Tick in which it is sent; it is received in the next one. */
  readonly tick: number;
  readonly to: string;
  readonly topic?: string;
  readonly body: Json | Uint8Array;
  /** The receiver may answer; nobody hears the answer. */
  readonly answerWanted?: boolean;
}

/** An answer of a stand-in; null: none. `afterTicks` counts from the tick in which it is asked. */
export type StandInAnswer =
  | { readonly body: Json | Uint8Array; readonly afterTicks?: number }
  | { readonly error: { readonly code: string; readonly message: string }; readonly afterTicks?: number }
  | null;

export interface StandInScript {
  /** In the order of their ticks. */
  readonly says?: readonly StandInMessage[];
  /** One after the other, to whoever asks. */
  readonly answers?: readonly StandInAnswer[];
}

/** Stands for the module of {@link standIn}; never the name of a file. */
export const standInModule = "wasm-engine.stand-in";

/**
 * An agent that plays a script.
 *
 * @example agents: { writer: "./agents/writer.ts", critic: standIn({ answers: [{ body: { verdict: "weak" } }] }) }
 */
export function standIn(script: StandInScript): AgentOptions {
  const args = JSON.parse(JSON.stringify(script, withBase64)) as Json; // JSON.parse gives nothing else
  return { module: standInModule, args, limits: { messagesPerTurnMax: 100_000 } };
}

function withBase64(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { $base64: Buffer.from(value).toString("base64") } : value;
}

const head = 'import { defineAgent } from "wasm-engine/agent";';

/** Its source. It is built in the project of the test like every module. */
export const standInSource = `${head}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function bodyOf(body) {
  const text = body?.$base64;
  if (typeof text !== "string") return body;
  const bytes = [];
  let bits = 0;
  let held = 0;
  for (const digit of text.replace(/=+$/, "")) {
    held = (held << 6) | digits.indexOf(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 255);
    }
  }
  return Uint8Array.from(bytes);
}

let answers = [];

export const agent = defineAgent({
  reentrant: true,
  state: { said: 0, asked: 0 },
  async onStart(message, ctx) {
    answers = message.body.answers ?? [];
    for (const { tick, to, topic = "", body, answerWanted } of message.body.says ?? []) {
      if (tick > ctx.tick) await ctx.sleep(tick - ctx.tick);
      ctx.state.said += 1;
      if (answerWanted) ctx.ask(to, bodyOf(body), { topic, timeoutTicks: 0 }).catch(() => undefined);
      else ctx.send(to, bodyOf(body), { topic });
    }
  },
  async onMessage(message, ctx) {
    if (!message.answerWanted) return;
    const answer = answers[ctx.state.asked];
    ctx.state.asked += 1;
    if (answer === undefined || answer === null) return;
    if (answer.afterTicks > 0) await ctx.sleep(answer.afterTicks);
    if (answer.error === undefined) message.reply(bodyOf(answer.body));
    else message.replyError(answer.error.code, answer.error.message);
  },
});
`;

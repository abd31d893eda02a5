/** `send AGENT JSON`: one logged input, or a question whose answer is printed. */

import { EngineError } from "@wasm-engine/abi";
import type { ConnectedSendOptions, ConnectedWorld, Payload, ReceivedMessage } from "@wasm-engine/engine";
import type { CommandContext, CommandFunction, Outcome } from "../command.js";
import { flagOption, integerOption, textOption } from "../command.js";
import { fail, usageError } from "../errors.js";
import { acknowledged, jsonArgument, withLiveWorld } from "../live-world.js";
import { visible } from "../visible.js";

/** An agent that never answers must not hold a terminal for ever. */
const timeoutSecondsDefault = 60;

export const send: CommandFunction = async (context) => {
  const { parsed, signal } = context;
  const [agent = "", json = ""] = parsed.arguments;
  const waits = flagOption(parsed, "wait");
  if (!waits && integerOption(parsed, "timeout") !== undefined)
    throw usageError("send", "--timeout needs --wait");
  const body = (await jsonArgument("send", json)) as Payload; // JSON.parse gives JSON
  const topic = textOption(parsed, "topic");
  const key = textOption(parsed, "id");
  const options: ConnectedSendOptions = {
    ...(topic === undefined ? {} : { topic }),
    ...(key === undefined ? {} : { key }),
    check: parsed.options["check"] !== false,
    signal,
  };
  return withLiveWorld(parsed, async (world) =>
    waits
      ? ask(context, world, { agent, body, options })
      : acknowledged(await world.send(agent, body, options)),
  );
};

/** @throws {WE_CLI_NO_ANSWER} {WE_ASK_FAILED} */
async function ask(
  { parsed, signal }: CommandContext,
  world: ConnectedWorld,
  question: { readonly agent: string; readonly body: Payload; readonly options: ConnectedSendOptions },
): Promise<Outcome> {
  const { agent, body, options } = question;
  const seconds = integerOption(parsed, "timeout") ?? timeoutSecondsDefault;
  const deadline = new AbortController();
  const timer = seconds === 0 ? undefined : setTimeout(() => deadline.abort(), seconds * 1000);
  try {
    const both = AbortSignal.any([signal, deadline.signal]);
    return answered(await world.ask(agent, body, { ...options, signal: both }));
  } catch (error) {
    const isLate = EngineError.is(error) && error.code === "WE_WORLD_ABORTED" && deadline.signal.aborted;
    throw isLate ? fail("WE_CLI_NO_ANSWER", { agent, seconds }) : error;
  } finally {
    clearTimeout(timer);
  }
}

function answered({ tick, agentId, topic, timestamp, payload }: ReceivedMessage): Outcome {
  const content = payload instanceof Uint8Array ? Buffer.from(payload).toString("base64") : payload;
  const text = typeof content === "string" ? content : JSON.stringify(content, undefined, 2);
  return { document: { tick, agentId, topic, timestamp, payload: content }, text: visible(text, "") };
}

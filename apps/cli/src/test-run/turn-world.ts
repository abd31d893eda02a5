/** The world of a test in which one agent lives a turn of a run again: everyone else plays what was recorded. */

import { limits } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { AgentHistory, AskedOutside, AskedOfPeer, ReceivedFromOthers } from "@wasm-engine/engine";
import type { StandInAnswer, StandInMessage, StandInScript } from "@wasm-engine/engine/testing";

/** Options of `createWorld`, with the calls that they are written with still apart. */
export interface TurnWorld {
  readonly options: {
    readonly name: string;
    readonly seed: number;
    readonly tickMs: number;
    readonly epoch: string;
    readonly policy?: AgentHistory["world"]["policy"];
    readonly inputs?: readonly OutsideMessage[];
  };
  /** The agent that is tested, without its module. */
  readonly agent: Readonly<Record<string, unknown>>;
  /** Names of modules that it starts children from. */
  readonly modules: readonly string[];
  readonly standIns: ReadonlyMap<string, StandInScript>;
  readonly models: ReadonlyMap<string, RecordedAnswers>;
  readonly tools: ReadonlyMap<string, RecordedAnswers>;
  /** The tick of the run as that of the test: there the agent starts at tick 0. */
  readonly tick: number;
}

type Body = Json | Uint8Array;

interface OutsideMessage {
  readonly tick: number;
  readonly to: string;
  readonly topic?: string;
  readonly body: Body;
  readonly answerWanted?: true;
}

/** Answers in order; undefined: none has come. */
export interface RecordedAnswers {
  readonly answers: readonly AskedOutside["answer"][];
  readonly latencyTicks: readonly number[];
}

export function turnWorld(history: AgentHistory): TurnWorld {
  const { agent, world, firstTick, tick, received } = history;
  const { name, seed, policy, tickNanos, epochNanos } = world;
  const shifted = received.map((message) => ({ ...message, tick: message.tick - firstTick }));
  // Nobody in the world can send before tick 0: what waited for a child when it started comes from outside.
  const isOutside = (message: ReceivedFromOthers): boolean => message.from === null || message.tick < 1;
  const inputs = shifted.filter(isOutside).map((message): OutsideMessage => {
    const { answerWanted } = message;
    return { ...messageOf(message, agent), tick: message.tick, ...(answerWanted ? { answerWanted } : {}) };
  });
  const startNanos = epochNanos + BigInt(firstTick) * tickNanos;
  return {
    options: {
      name,
      seed,
      tickMs: Number(tickNanos) / 1e6,
      epoch: new Date(Number(startNanos / 1_000_000n)).toISOString(),
      ...(policy === "fifo" ? {} : { policy }),
      ...(inputs.length === 0 ? {} : { inputs }),
    },
    agent: agentOf(history),
    modules: [...new Set(history.spawned.map(({ module }) => module))],
    standIns: standInsOf(
      history,
      shifted.filter((message) => !isOutside(message)),
    ),
    models: answersOf(world.models, history.requests, "inference"),
    tools: answersOf(world.tools, history.requests, "tool"),
    tick: tick - firstTick,
  };
}

function messageOf(
  { topic, body }: ReceivedFromOthers,
  to: string,
): Pick<OutsideMessage, "to" | "topic" | "body"> {
  return { to, ...(topic === "" ? {} : { topic }), body: body as Body }; // decoded from JSON, text or bytes
}

/** Members that differ from what `createWorld` would give by itself. */
function agentOf({ spec }: AgentHistory): Readonly<Record<string, unknown>> {
  const { args, capabilities, priority, every, channels, onFault } = spec;
  const granted = Object.entries(capabilities).filter(
    ([, names]: [string, readonly string[]]) => names.length > 0,
  );
  const { fuelPerSlice, fuelPerTurnMax, memoryBytes, mailboxMessages, messagesPerTurnMax } = spec.limits;
  const own = {
    ...(fuelPerSlice === limits.fuelPerSliceDefault ? {} : { fuelPerSlice }),
    ...(fuelPerTurnMax === fuelPerSlice ? {} : { fuelPerTurnMax }),
    ...(memoryBytes === limits.memoryBytesMaxDefault ? {} : { memoryBytes }),
    ...(mailboxMessages === limits.mailboxMessagesMaxDefault ? {} : { mailboxMessages }),
    ...(messagesPerTurnMax === limits.messagesPerTurnMaxDefault ? {} : { messagesPerTurnMax }),
  };
  return {
    ...(args === null ? {} : { args }),
    capabilities: { send: [], ...Object.fromEntries(granted) },
    ...(Object.keys(own).length === 0 ? {} : { limits: own }),
    ...(onFault.strategy === "stop" ? {} : { onFault }),
    ...(priority === 0 ? {} : { priority }),
    ...(every === 0 ? {} : { every }),
    ...(channels.length === 0 ? {} : { channels }),
  };
}

/** Everybody whom the agent has heard or asked, except for itself and its children, who live again. */
function standInsOf(
  { agent, asked, spawned }: AgentHistory,
  received: readonly ReceivedFromOthers[],
): ReadonlyMap<string, StandInScript> {
  const living = new Set([agent, ...spawned.map(({ id }) => id)]);
  const names = [...received.map(({ from }) => from ?? ""), ...asked.map(({ to }) => to)];
  const others = [...new Set(names)]
    .filter((name) => name !== "" && !living.has(name) && !name.startsWith("#"))
    .sort();
  return new Map(
    others.map((other) => {
      const says = received
        .filter(({ from }) => from === other)
        .map((message): StandInMessage => {
          const { answerWanted } = message;
          return {
            tick: message.tick - 1,
            ...messageOf(message, agent),
            ...(answerWanted ? { answerWanted } : {}),
          };
        });
      const answers = asked.filter(({ to }) => to === other).map(standInAnswer);
      const script = { ...(says.length === 0 ? {} : { says }), ...(answers.length === 0 ? {} : { answers }) };
      return [other, script];
    }),
  );
}

/** Asked in a tick, a stand-in hears it in the next one, and its answer is heard in the one after. */
function standInAnswer({ tick, answer }: AskedOfPeer): StandInAnswer {
  if (answer === undefined) return null;
  const late = answer.tick - tick - 2;
  const afterTicks = late > 0 ? { afterTicks: late } : {};
  if (answer.ok) return { body: answer.body as Body, ...afterTicks }; // decoded from JSON, text or bytes
  const { code, message } = answer;
  return { error: { code, message }, ...afterTicks };
}

function answersOf(
  names: readonly string[],
  requests: readonly AskedOutside[],
  kind: AskedOutside["kind"],
): ReadonlyMap<string, RecordedAnswers> {
  return new Map(
    names.map((name) => {
      const own = requests.filter((request) => request.kind === kind && request.name === name);
      const last = own.findLastIndex(({ answer }) => answer !== undefined);
      const answered = own.slice(0, last + 1);
      return [
        name,
        {
          answers: answered.map(({ answer }) => answer),
          latencyTicks: answered.map(({ tick, answer }) => Math.max(1, (answer?.tick ?? tick + 1) - tick)),
        },
      ];
    }),
  );
}

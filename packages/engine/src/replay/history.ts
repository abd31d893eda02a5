/** The job `history`: replays a run up to a tick and gathers what one agent received, asked and was answered. */

import { EffectKind, MessageFlag, MessageKind, decodeMessage, decodeUtf8, isAgentId } from "@wasm-engine/abi";
import type { AgentHandle, AgentId, Message } from "@wasm-engine/abi";
import { World } from "@wasm-engine/core";
import type { AgentSpec, Input, WorldContract } from "@wasm-engine/core";
import { decodePayload } from "../world/payload.js";
import { nodeHasher } from "../crypto/node-crypto.js";
import { requestKey } from "../inference/request-key.js";
import { WorldRecord } from "../observed/world-record.js";
import { observeTurns } from "../observed/turn-observer.js";
import type { ExecutedTurn } from "../observed/turn-observer.js";
import type { TestAnswer } from "../observed/observations.js";
import { singleThread } from "../threads/machine.js";
import { fail } from "../world/errors.js";
import { FaultLog } from "../world/fault-log.js";
import { agentMessagesMax } from "../world/limits.js";
import type { AgentHistory, AskedOfPeer, HistoryJob, ReceivedFromOthers } from "./history-contract.js";
import { compareCommits, lastTick } from "./play.js";
import type { RecordedRun } from "./track.js";

/** Answers that the engine gives by itself, and will give again. */
const ownAnswers: ReadonlySet<string> = new Set(["TIMEOUT", "CANCELLED", "REFUSED"]);

interface Ask {
  readonly key: string;
  readonly tick: number;
  readonly to: string;
}

/** @throws {WE_RUN_TICK} {WE_AGENT_UNKNOWN} {WE_RUN_DIVERGED} {WE_HISTORY_TOO_MANY} */
export function agentHistory(run: RecordedRun, job: HistoryJob): AgentHistory {
  const tick = lastTick(run, job.tick);
  const { agent } = job;
  if (!isAgentId(agent)) throw fail("WE_AGENT_UNKNOWN", { agent, tick });
  const gatherer = new Gatherer(run, agent);
  try {
    for (const entry of run.log.ticks(-1)) {
      if (entry.commit === undefined || entry.tick > tick) break;
      const difference = compareCommits(entry.commit, gatherer.play(entry.tick, entry.inputs));
      if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: run.dir });
    }
    return gatherer.history({ ...job, tick });
  } finally {
    gatherer.close();
  }
}

class Gatherer {
  readonly #run: RecordedRun;
  readonly #agent: AgentId;
  readonly #world: WorldContract;
  readonly #record = new WorldRecord();
  readonly #faults: FaultLog;
  readonly #close: () => void;
  readonly #received: ReceivedFromOthers[] = [];
  readonly #asks: Ask[] = [];
  readonly #answers = new Map<string, TestAnswer>();
  readonly #spawned: { readonly id: string; readonly module: string }[] = [];
  #turns: readonly ExecutedTurn[] = [];
  #handle: AgentHandle | undefined;
  #spec: AgentSpec | undefined;
  #firstTick = -1;

  constructor(run: RecordedRun, agent: AgentId) {
    this.#run = run;
    this.#agent = agent;
    this.#faults = new FaultLog(run.stacks);
    const started = singleThread.start({
      genesis: run.genesis,
      modules: run.modules,
      onFaultDetail: (detail) => this.#faults.hear(detail),
    });
    this.#close = () => started.close({ wait: true });
    const executors = observeTurns(started.executor, {
      onTurns: (turns) => (this.#turns = turns),
      onReceived: (handle, message) => this.#note(handle, message),
    });
    this.#world = World.create(run.genesis, { hasher: nodeHasher, executors });
    this.#record.names.learn(this.#world);
    this.#look();
  }

  /** Executes a recorded tick. */
  play(tick: number, inputs: readonly Input[]): ReturnType<WorldContract["step"]>["commit"] {
    this.#turns = [];
    const result = this.#world.step(tick, inputs);
    const faults = this.#faults.note(tick, result);
    const { stacks } = this.#run;
    this.#record.note(this.#world, { inputs, turns: this.#turns, result, faults, stacks });
    const own = this.#turns.filter(({ agent }) => agent === this.#handle);
    if (own.length > 0 && this.#firstTick < 0) this.#firstTick = tick;
    for (const turn of own) this.#noteTurn(turn);
    this.#look();
    return result.commit;
  }

  close(): void {
    this.#close();
  }

  history({ agent, tick }: HistoryJob): AgentHistory {
    const { genesis, runId, baseDirectory } = this.#run;
    const spec = this.#spec;
    if (spec === undefined) throw fail("WE_AGENT_UNKNOWN", { agent, tick });
    const { name, seed, epochNanos, tickNanos, policy, models, tools } = genesis;
    const moduleName =
      Object.entries(genesis.modules).find(([, digest]) => digest === spec.module)?.[0] ?? "";
    return {
      runId,
      agent,
      tick,
      firstTick: this.#firstTick,
      spec,
      moduleName,
      module: this.#run.moduleBytes(spec.module),
      baseDirectory,
      world: { name, seed, epochNanos, tickNanos, policy, models, tools },
      received: this.#received,
      asked: this.#asks.map((ask) => this.#answered(ask)),
      requests: this.#record.requests
        .filter((request) => request.agent === agent)
        .map(({ tick: at, kind, name: of, answer }) => {
          return { tick: at, kind, name: of, ...(answer === undefined ? {} : { answer }) };
        }),
      spawned: this.#spawned,
      faults: this.#record.faults.filter((fault) => fault.agent === agent && fault.tick === tick),
      emitted: this.#record.messages.filter((message) => message.from === agent && message.tick === tick),
      tookTurn: this.#turns.some((turn) => turn.agent === this.#handle && turn.tick === tick),
    };
  }

  #answered({ key, tick, to }: Ask): AskedOfPeer {
    const answer = this.#answers.get(key);
    const isOwn = answer === undefined || (!answer.ok && ownAnswers.has(answer.code));
    return isOwn ? { tick, to } : { tick, to, answer };
  }

  /** The agent as it lives now; what it was is kept when it has ended. */
  #look(): void {
    const view = this.#world.agent(this.#agent);
    if (view === undefined) return;
    this.#handle = view.handle;
    this.#spec = view.spec;
  }

  #noteTurn({ agent, tick, effects }: ExecutedTurn): void {
    for (const { kind, requestId, body } of effects) {
      if (kind === EffectKind.SEND && requestId > 0) {
        const to = this.#record.names.idOf(decodeMessage(body).peer) ?? "";
        this.#asks.push({ key: requestKey(agent, requestId), tick, to });
      }
      if (kind === EffectKind.SPAWN) this.#noteSpawn(body.subarray(8));
    }
  }

  #noteSpawn(bytes: Uint8Array): void {
    try {
      const spec = JSON.parse(decodeUtf8(bytes) ?? "") as {
        readonly id?: unknown;
        readonly module?: unknown;
      }; // a guest's
      const { id, module } = spec;
      if (typeof id === "string" && typeof module === "string") this.#spawned.push({ id, module });
    } catch {
      // A guest may write anything: such a child was refused.
    }
  }

  #note(handle: AgentHandle, bytes: Uint8Array): void {
    if (handle !== this.#handle) return;
    const message = decodeMessage(bytes);
    if (message.kind === MessageKind.ANSWER) return this.#noteAnswer(handle, message);
    if (message.kind !== MessageKind.MESSAGE) return;
    if (this.#received.length >= agentMessagesMax) {
      const parameters = { agent: this.#agent, messagesMax: agentMessagesMax };
      throw fail("WE_HISTORY_TOO_MANY", parameters);
    }
    this.#received.push({
      tick: message.tick,
      from: this.#record.names.idOf(message.peer),
      topic: decodeUtf8(message.topic) ?? "",
      body: decodePayload(message.encoding, message.payload.slice()),
      answerWanted: (message.flags & MessageFlag.ANSWER_WANTED) !== 0,
    });
  }

  /** The last part counts. */
  #noteAnswer(handle: AgentHandle, { tick, flags, correlationId, encoding, payload }: Message): void {
    const body = decodePayload(encoding, payload.slice());
    const isError = (flags & MessageFlag.ERROR) !== 0;
    const failure = body as { readonly code?: unknown; readonly message?: unknown }; // as error answers are written
    const answer: TestAnswer = isError
      ? { tick, ok: false, code: String(failure.code), message: String(failure.message) }
      : { tick, ok: true, body };
    this.#answers.set(requestKey(handle, correlationId), answer);
  }
}

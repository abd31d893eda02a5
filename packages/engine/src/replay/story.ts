/**
 * Gathers what a run did while it is replayed: deeds by agent, when agents could be given another module, and what they
 * say about themselves at the end. Messages are read from mailboxes after each tick, so nothing is added to the world.
 */

import { Encoding, MessageKind, OUTSIDE, decodeMessage, decodeUtf8 } from "@wasm-engine/abi";
import type { AgentHandle, AgentId } from "@wasm-engine/abi";
import type { AgentView, Input, Json, TickResult, WorldContract } from "@wasm-engine/core";
import { sha256Hex } from "../crypto/node-crypto.js";
import type { StackMap } from "../modules/stack-map.js";
import type { FaultReport } from "../world/control.js";
import { storyAgentsMax, storyEntriesMax, storyTextCharactersMax } from "../world/limits.js";
import { levelName } from "../world/observation.js";
import { readablePayload } from "../world/payload.js";
import { requestKey } from "../inference/request-key.js";
import { replay } from "./replay.js";
import type { ReplaySurroundings } from "./replay.js";
import type { Story, StoryAgent, StoryEntry, StoryReport } from "./story-contract.js";
import type { RecordedRun, Track } from "./track.js";

/** The job `story`. A divergence is in the report; what was gathered before it is kept. */
export function tellStory(run: RecordedRun, surroundings: ReplaySurroundings): StoryReport {
  let teller = new StoryTeller(run.stacks);
  const report = replay(
    run,
    { kind: "replay", dir: run.dir },
    {
      ...surroundings,
      onStart: () => {
        teller = new StoryTeller(run.stacks);
      },
      onTick: (tick, result, track, inputs) => teller.note({ tick, result, track, inputs }),
      onEnd: (track) => teller.end(track),
    },
  );
  return { replay: report, story: teller.story };
}

interface Scene {
  readonly tick: number;
  readonly result: TickResult;
  readonly track: Track;
  readonly inputs: readonly Input[];
}

interface AgentTrace {
  readonly handle: AgentHandle;
  module: string;
  readonly since: number;
  until: number | undefined;
  readonly quiet: [number, number][];
  isQuiet: boolean;
  state: Json | undefined;
}

class StoryTeller {
  readonly #stacks: StackMap;
  readonly #entries: StoryEntry[] = [];
  readonly #agents = new Map<AgentId, AgentTrace>();
  readonly #names = new Map<AgentHandle, AgentId>();
  /** Requests under way: what was asked, by agent and request id. */
  readonly #asked = new Map<string, string>();
  #tick = -1;
  #cutAfter: number | undefined;

  constructor(stacks: StackMap) {
    this.#stacks = stacks;
  }

  get story(): Story {
    const agents = [...this.#agents].map(([agentId, trace]): StoryAgent => {
      const { module, since, until, state } = trace;
      const quiet = trace.quiet.map(([first, last]) => [first, last] as const);
      const end = until === undefined ? {} : { until };
      return { agentId, module, since, quiet, ...end, ...(state === undefined ? {} : { state }) };
    });
    const cut = this.#cutAfter === undefined ? {} : { cutAfter: this.#cutAfter };
    return { entries: this.#entries, agents, tick: this.#tick, ...cut };
  }

  note(scene: Scene): void {
    const { tick, result, track, inputs } = scene;
    this.#tick = tick;
    const isTelling = this.#entries.length < storyEntriesMax;
    if (!isTelling) this.#cutAfter ??= tick - 1;
    const views = track.world.agents();
    // Before those who ended in this tick are forgotten, and after newcomers are known: mail names both.
    for (const { handle, agentId } of views) this.#names.set(handle, agentId);
    if (isTelling) {
      this.#tellAnswers(tick, inputs);
      this.#tellRequests(tick, result);
      if (views.length <= storyAgentsMax) this.#tellMail(tick, result, views);
      this.#tellConsole(tick, result, track.faults.note(tick, result));
    }
    this.#trace(tick, views);
  }

  end(track: Track): void {
    if (this.#agents.size > storyAgentsMax) return;
    for (const { agentId, handle } of track.world.agents()) {
      const trace = this.#agents.get(agentId);
      if (trace !== undefined) trace.state = track.describe(handle);
    }
  }

  #trace(tick: number, views: readonly AgentView[]): void {
    const living = new Set<AgentId>();
    for (const view of views) {
      living.add(view.agentId);
      const trace = this.#traceOf(view, tick);
      trace.module = view.spec.module;
      const isQuiet =
        view.status !== "busy" && view.pendingRequests.length === 0 && !view.mailbox.some(isAwaited);
      const stretch = trace.quiet.at(-1);
      // Between two executed ticks nothing changes: a stretch goes on over empty ones.
      if (stretch !== undefined && trace.isQuiet) stretch[1] = isQuiet ? tick : tick - 1;
      else if (isQuiet) trace.quiet.push([tick, tick]);
      trace.isQuiet = isQuiet;
    }
    for (const [agentId, trace] of this.#agents) {
      if (living.has(agentId) || trace.until !== undefined) continue;
      trace.until = tick - 1;
      const stretch = trace.quiet.at(-1);
      if (stretch !== undefined && trace.isQuiet) stretch[1] = tick - 1;
    }
  }

  #traceOf({ agentId, handle, spec }: AgentView, tick: number): AgentTrace {
    const known = this.#agents.get(agentId);
    if (known !== undefined) {
      known.until = undefined;
      return known;
    }
    const { module } = spec;
    const trace = {
      handle,
      module,
      since: tick,
      until: undefined,
      quiet: [],
      isQuiet: false,
      state: undefined,
    };
    this.#agents.set(agentId, trace);
    return trace;
  }

  #tellAnswers(tick: number, inputs: readonly Input[]): void {
    for (const { body } of inputs) {
      if (body.kind !== "result" || !body.last) continue;
      const agentId = this.#names.get(body.agent);
      if (agentId === undefined) continue;
      const key = requestKey(body.agent, body.requestId);
      const about = `${this.#asked.get(key) ?? body.source}${body.ok ? "" : ", failed"}`;
      this.#asked.delete(key);
      this.#add({ tick, agentId, kind: "heard", about, text: textOf(body.encoding, body.payload) });
    }
  }

  #tellRequests(tick: number, { requests }: TickResult): void {
    for (const { agent, requestId, kind, name, encoding, payload } of requests) {
      const agentId = this.#names.get(agent);
      const about = `${kind === "tool" ? "tool" : "model"} ${name}`;
      this.#asked.set(requestKey(agent, requestId), about);
      if (agentId === undefined) continue;
      this.#add({ tick, agentId, kind: "asked", about, text: textOf(encoding, payload) });
    }
  }

  #tellMail(tick: number, { departures }: TickResult, views: readonly AgentView[]): void {
    const mail = new Map<string, StoryEntry & { readonly to: string[] }>();
    for (const { agentId: receiver, mailbox } of views) {
      for (const { sender, messageId, topic, text } of newMail(mailbox, tick)) {
        const agentId = this.#names.get(sender);
        if (agentId === undefined) continue;
        const key = `${agentId}:${messageId}:${topic}`;
        const known = mail.get(key);
        if (known === undefined)
          mail.set(key, { tick, agentId, kind: "sent", about: topic, text, to: [receiver] });
        else known.to.push(receiver);
      }
    }
    for (const { to, about, ...entry } of mail.values())
      this.#add({ ...entry, about: `${to.join(", ")}${about === "" ? "" : `, ${about}`}` });
    for (const { agentId, kind, topic, encoding, payload } of departures) {
      const deed = kind === "answer" ? "replied" : "published";
      this.#add({ tick, agentId, kind: deed, about: topic, text: textOf(encoding, payload) });
    }
  }

  #tellConsole(tick: number, result: TickResult, faults: readonly FaultReport[]): void {
    for (const { agentId, level, text } of result.console)
      this.#add({ tick, agentId, kind: "said", about: levelName(level), text: cut(this.#stacks.map(text)) });
    for (const { agentId, code, detail } of faults)
      this.#add({ tick, agentId, kind: "fault", about: code, text: cut(detail) });
    for (const { agentId, code } of result.exits)
      this.#add({ tick, agentId, kind: "exit", about: `code ${code}`, text: "" });
  }

  #add(entry: StoryEntry): void {
    this.#entries.push(entry);
  }
}

interface Mail {
  readonly sender: AgentHandle;
  readonly messageId: number;
  readonly topic: string;
  readonly text: string;
}

/** What agents sent in `tick`: it lies at the end of the mailbox, to be read in the next one. */
function newMail(mailbox: WorldMailbox, tick: number): readonly Mail[] {
  const found: Mail[] = [];
  for (let index = mailbox.length - 1; index >= 0; index -= 1) {
    const bytes = mailbox[index];
    const message = bytes === undefined ? undefined : decodeMessage(bytes);
    if (message === undefined || message.tick <= tick) break;
    const isMail = message.kind === MessageKind.MESSAGE || message.kind === MessageKind.ANSWER;
    if (!isMail || message.peer === OUTSIDE) continue;
    const text = textOf(message.encoding, message.payload);
    const sender = message.peer as AgentHandle; // brand: mail of agents names its sender
    const { messageId } = message;
    const topic = message.kind === MessageKind.ANSWER ? "answer" : (decodeUtf8(message.topic) ?? "");
    found.unshift({ sender, messageId, topic, text });
  }
  return found;
}

/** An answer on its way: its request is over, and the promise behind it is not. */
function isAwaited(bytes: Uint8Array): boolean {
  return decodeMessage(bytes).correlationId !== 0;
}

type WorldMailbox = ReturnType<WorldContract["agents"]>[number]["mailbox"];

function textOf(encoding: Encoding, payload: Uint8Array): string {
  const value = readablePayload(encoding, payload);
  return cut(encoding === Encoding.TEXT && typeof value === "string" ? value : JSON.stringify(value));
}

/** Long texts differ where their digests do. */
function cut(text: string): string {
  if (text.length <= storyTextCharactersMax) return text;
  const digest = sha256Hex(Buffer.from(text)).slice(0, 12);
  return `${text.slice(0, storyTextCharactersMax)}… (${text.length} characters, ${digest})`;
}

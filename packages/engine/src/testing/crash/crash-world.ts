/**
 * The world of the crash enumeration: agents with cadences, random draws and mail, agents that ask a model, records of
 * a file, one output, snapshots; and what a client sends to it after which tick.
 */

import type { AgentId } from "@wasm-engine/abi";
import { Encoding, encodeUtf8 } from "@wasm-engine/abi";
import type { InputBody } from "@wasm-engine/core";
import type { ResolvedWorld } from "../../world/contract.js";
import { askerText } from "../guest-text.js";
import { sampleModule, sampleSpec, sampleWorld } from "../sample-world.js";

/** Ticks that the scripted world executes. */
export const crashTicks = 200;

/** Paths on the disk that fails. */
export const crashDir = "/run";
export const crashOutput = "/out/out.jsonl";

export interface ScriptedInput {
  readonly key: string;
  /** Sent when this tick is executed. */
  readonly afterTick: number;
  readonly body: InputBody;
}

/** `directory`: a folder of this machine for the input file, which is no part of the run. */
export async function crashWorld(directory: string): Promise<ResolvedWorld> {
  const sample = await sampleWorld({ directory, agents: 3, records: 40, span: 190, snapshotEvery: 23 });
  const [digest, module] = await sampleModule("asker", askerText);
  const capabilities = { send: ["*"], topics: ["*"], models: ["m"], tools: [], spawn: [] };
  const askers = ["q1", "q2"].map((id) => sampleSpec(id, digest, { capabilities }));
  const { genesis } = sample;
  return {
    ...sample,
    genesis: {
      ...genesis,
      // Every tick has work: a client can say after which tick it sends.
      agents: [
        ...genesis.agents.map((agent, index) => (index === 0 ? { ...agent, every: 1 } : agent)),
        ...askers,
      ],
      modules: { ...genesis.modules, asker: digest },
      models: ["m"],
    },
    modules: new Map([...sample.modules, [digest, module]]),
    outputs: [{ topic: "score", path: crashOutput }],
    stop: { when: "never" },
  };
}

/** Inputs of one client, in the order in which it sends them: single ones and several at once. */
export function scriptedInputs(): readonly ScriptedInput[] {
  const inputs: ScriptedInput[] = [];
  for (let afterTick = -1; afterTick < crashTicks - 2; afterTick += 6) {
    const count = afterTick % 4 === 3 ? 3 : 1;
    for (let index = 0; index < count; index += 1) {
      const receivers = ["a1", "q1", "a2", "q2", "sink"];
      const to = receivers[inputs.length % receivers.length] as AgentId; // ids of the world above
      const payload = encodeUtf8(`${inputs.length} ${"x".repeat((inputs.length * 37) % 300)}`);
      const body: InputBody = {
        kind: "message",
        to,
        topic: "outside",
        encoding: Encoding.TEXT,
        payload,
        answerWanted: false,
      };
      inputs.push({ key: `key-${inputs.length}`, afterTick, body });
    }
  }
  return inputs;
}

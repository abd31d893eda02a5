/** What an author extends, and how deliveries reach it. */

import { MessageKind } from "./abi";
import { JsonWriter } from "./json-writer";
import { Message } from "./message";

/** An agent. Override what it needs; its fields are its state. */
export abstract class Agent {
  /** First message, with the arguments of the agent's specification as JSON. */
  onStart(_message: Message): void {}

  /** A message from another agent, a topic or the outside. */
  onMessage(_message: Message): void {}

  /** Answer to a request, a model's or tool's result, a token: `correlationId` is the request id. */
  onAnswer(_answer: Message): void {}

  /** A message that `after` scheduled. */
  onTimer(_message: Message): void {}

  /** A due task; its topic is the task id. */
  onTask(_task: Message): void {}

  /** The agent's cadence (`every`) is due. */
  onCadence(_context: Message): void {}

  /** The world asks the agent to stop; `onShutdown` follows within `shutdownTicks`. */
  onStop(_message: Message): void {}

  /** Last call of a graceful stop. */
  onShutdown(): void {}

  /** Describes the agent to inspectors. Runs on a copy: changes are lost. */
  describe(_json: JsonWriter): void {}

  /** State for an upgraded module; used only with `entry-with-state`. */
  exportState(): Uint8Array {
    return new Uint8Array(0);
  }

  /** Takes over what the former module exported; false refuses the upgrade. */
  importState(_state: Uint8Array): bool {
    return true;
  }
}

let current: Agent | null = null;
let failure: i32 = 0;

/** Names the agent of this module. Called once, at the top level. */
export function run(agent: Agent): void {
  assert(current === null, "a module has one agent");
  current = agent;
}

/** Makes the running invocation fault with GUEST_ERROR: its effects and changes are discarded. `code` is positive. */
export function fail(code: i32): void {
  failure = -max(1, code);
}

export function currentAgent(): Agent {
  const agent = current;
  assert(agent !== null, "call run(new YourAgent()) at the top level of the module");
  return agent!;
}

/** Result of the invocation that ends. */
export function takeFailure(): i32 {
  const code = failure;
  failure = 0;
  return code;
}

export function deliver(message: Message): i32 {
  const agent = currentAgent();
  switch (<i32>message.kind) {
    case MessageKind.MESSAGE:
      agent.onMessage(message);
      break;
    case MessageKind.ANSWER:
    case MessageKind.INFERENCE:
    case MessageKind.TOKEN:
    case MessageKind.TOOL:
      agent.onAnswer(message);
      break;
    case MessageKind.TIMER:
      agent.onTimer(message);
      break;
    case MessageKind.START:
      agent.onStart(message);
      break;
    case MessageKind.STOP:
      agent.onStop(message);
      break;
    case MessageKind.TASK:
      agent.onTask(message);
      break;
    case MessageKind.CADENCE:
      agent.onCadence(message);
      break;
    default:
      fail(1);
  }
  return takeFailure();
}

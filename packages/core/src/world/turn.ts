/** What a turn consists of: which work it covers when it is planned, its invocations, and what its landing consumes. */

import { Encoding, MessageKind, assert, encodeUtf8 } from "@wasm-engine/abi";
import { invocationsPerTurnMax } from "../limits.js";
import type { Invocation, TurnOutcome } from "../ports.js";
import { dueTasks, touch, type Agent, type TurnRecord, type TurnWork } from "./agent.js";
import { engineMessage } from "./delivery.js";
import { canonicalJson } from "./json-text.js";
import type { Task } from "./task.js";
import { taskMessage } from "./task-table.js";
import { NO_BYTES } from "./world-state.js";

/** The work of a turn at `tick`. Nothing is consumed; tasks are marked as running. */
export function takeWork(agent: Agent, tick: number): TurnWork {
  const { needsInit: init, needsStart: start } = agent;
  let left = invocationsPerTurnMax - (init ? 1 : 0) - (start ? 1 : 0);
  const mailCount = Math.min(left - 1, agent.mailbox.length);
  left -= mailCount;
  // The stop message is the last that a stopping agent may receive from others: all mail taken means it is among it.
  if (agent.stopTick >= 0 && mailCount === agent.mailbox.length)
    return { init, start, mailCount, taskKeys: [], cadence: false, shutdown: true };
  const tasks = dueTasks(agent, tick).slice(0, left - 1);
  for (const task of tasks) task.running = true;
  const cadence = agent.cadenceTick >= 0 && agent.cadenceTick <= tick;
  return { init, start, mailCount, taskKeys: tasks.map((task) => task.key), cadence, shutdown: false };
}

/** Invocations of `work`, in the order in which they run. */
export function invocationsOf(agent: Agent, work: TurnWork, tick: number): Invocation[] {
  const invocations: Invocation[] = [];
  if (work.init) invocations.push({ entry: "init" });
  if (work.start) invocations.push({ entry: "receive", message: startMessage(agent, tick) });
  for (let index = 0; index < work.mailCount; index += 1)
    invocations.push({ entry: "receive", message: agent.mailbox.at(index) });
  for (const key of work.taskKeys) {
    const task = agent.tasks.get(key);
    assert(task !== undefined, "a running task stays in its table");
    invocations.push({ entry: "step", message: taskMessage(task, tick) });
  }
  if (work.cadence)
    invocations.push({ entry: "step", message: engineMessage({ kind: MessageKind.CADENCE, tick }) });
  if (work.shutdown) invocations.push({ entry: "shutdown" });
  return invocations;
}

/** The first message of an agent's life. */
function startMessage(agent: Agent, tick: number): Uint8Array {
  return engineMessage({
    kind: MessageKind.START,
    encoding: Encoding.JSON,
    peer: agent.parent,
    tick,
    payload: encodeUtf8(canonicalJson(agent.spec.args)),
  });
}

/** What the landing of a turn consumed. */
export interface Landing {
  readonly tasksDone: readonly Task[];
  /** The task of the faulting invocation. */
  readonly taskFailed: Task | undefined;
  /** Message or task context of the faulting invocation; empty for init, cadence and shutdown. */
  readonly faultMessage: Uint8Array;
  readonly initialised: boolean;
  readonly cadenceRan: boolean;
  /** `shutdown` was called, with whatever result. */
  readonly shutDown: boolean;
}

/** Consumes what the turn has worked off; what it did not reach stays where it is, at the head of the mailbox. */
export function land(agent: Agent, record: TurnRecord): Landing {
  const { work, outcome } = record;
  const reached = outcome.completed + (outcome.fault === undefined ? 0 : 1);
  assertOutcome(work, outcome);
  let index = 0;
  const faultIndex = outcome.fault?.invocation ?? -1;
  let faultMessage = NO_BYTES;
  const initialised = work.init && outcome.completed > 0;
  if (work.init) index += 1;
  if (work.start && index < reached) {
    if (index === faultIndex) faultMessage = startMessage(agent, record.plannedTick);
    agent.needsStart = false;
  }
  if (work.start) index += 1;
  const mailReached = Math.max(0, Math.min(work.mailCount, reached - index));
  if (faultIndex >= index && faultIndex < index + work.mailCount)
    faultMessage = agent.mailbox.at(faultIndex - index);
  agent.mailbox.dropFirst(mailReached);
  index += work.mailCount;
  const { tasksDone, taskFailed } =
    work.taskKeys.length === 0 ? NO_TASKS : landTasks(agent, work, reached - index, faultIndex - index);
  if (taskFailed !== undefined) faultMessage = taskMessage(taskFailed, record.plannedTick);
  index += work.taskKeys.length;
  if (initialised) agent.needsInit = false;
  const beyond = index < reached;
  touch(agent);
  const cadenceRan = work.cadence && beyond;
  const shutDown = work.shutdown && beyond;
  return { tasksDone, taskFailed, faultMessage, initialised, cadenceRan, shutDown };
}

type LandedTasks = Pick<Landing, "tasksDone" | "taskFailed">;

const NO_TASKS: LandedTasks = { tasksDone: [], taskFailed: undefined };

function landTasks(agent: Agent, work: TurnWork, reachedCount: number, faultIndex: number): LandedTasks {
  const tasksDone: Task[] = [];
  let taskFailed: Task | undefined;
  work.taskKeys.forEach((key, index) => {
    const task = agent.tasks.get(key);
    assert(task !== undefined, "a running task stays in its table");
    task.running = false;
    if (index === faultIndex) taskFailed = task;
    else if (index < reachedCount) tasksDone.push(task);
  });
  return { tasksDone, taskFailed };
}

function assertOutcome(work: TurnWork, outcome: TurnOutcome): void {
  const count =
    (work.init ? 1 : 0) +
    (work.start ? 1 : 0) +
    work.mailCount +
    work.taskKeys.length +
    (work.cadence ? 1 : 0) +
    (work.shutdown ? 1 : 0);
  assert(outcome.completed <= count, "an outcome completes at most the planned invocations");
  if (outcome.fault !== undefined) {
    assert(
      outcome.fault.invocation === outcome.completed,
      "the fault is that of the first incomplete invocation",
    );
    assert(outcome.completed < count, "a faulted invocation was planned");
  }
}

/** What a turn consists of: which work it covers when it is planned, its invocations, and what its landing consumes. */

import { EntryCode, Encoding, MessageKind, assert, encodeUtf8, type TurnRegion } from "@wasm-engine/abi";
import { invocationsPerTurnMax } from "../limits.js";
import { dueTasks, touch, type Agent } from "./agent.js";
import { engineMessage } from "./delivery.js";
import { canonicalJson } from "./json-text.js";
import type { Task } from "./task.js";
import { taskMessage } from "./task-table.js";
import {
  CADENCE,
  CADENCE_RAN,
  MAIL_ONLY,
  NOTHING_ELSE,
  type Landing,
  type TurnRecord,
} from "./turn-record.js";
import { NO_BYTES } from "./world-state.js";

/** Fills in the work of a turn at `tick`. Nothing is consumed; tasks are marked as running. */
export function takeWork(agent: Agent, tick: number): void {
  const { needsInit: init, needsStart: start, stopTick, cadenceTick, record } = agent;
  let left = invocationsPerTurnMax - (init ? 1 : 0) - (start ? 1 : 0);
  // What waits for an upgrade stands last.
  record.mailCount = Math.min(left - 1, agent.mailbox.length - Math.max(0, agent.heldCount));
  left -= record.mailCount;
  if (!init && !start && stopTick < 0 && agent.tasks.size === 0) {
    const isDue = agent.heldCount < 0 && cadenceTick >= 0 && cadenceTick <= tick;
    record.work = isDue ? CADENCE : MAIL_ONLY;
    return;
  }
  // The stop message is the last that a stopping agent may receive from others: all mail taken means it is among it.
  const shutdown = stopTick >= 0 && record.mailCount === agent.mailbox.length;
  const taskKeys = shutdown ? [] : takeTasks(agent, tick, left - 1);
  const cadence = !shutdown && agent.heldCount < 0 && cadenceTick >= 0 && cadenceTick <= tick;
  record.work = { init, start, taskKeys, cadence, shutdown };
}

function takeTasks(agent: Agent, tick: number, countMax: number): string[] {
  const tasks = dueTasks(agent, tick).slice(0, countMax);
  for (const task of tasks) task.running = true;
  return tasks.map((task) => task.key);
}

/** What every agent is told whose cadence is due at `tick`. */
export function cadenceMessage(tick: number): Uint8Array {
  return engineMessage({ kind: MessageKind.CADENCE, tick });
}

/**
 * Writes the invocations of the agent's turn, in the order in which they run.
 * @param cadence of the tick, where the turn covers one
 */
export function writeTurn(agent: Agent, turns: TurnRegion, cadence?: Uint8Array): void {
  const { work, mailCount, plannedTick: tick, planIndex } = agent.record;
  turns.beginTurn(agent.handle, planIndex);
  if (work === MAIL_ONLY) {
    agent.mailbox.writeInvocations(turns, mailCount);
    return;
  }
  if (work.init) turns.invoke(EntryCode.INIT);
  if (work.start) turns.invokeWithMessage(EntryCode.RECEIVE, startMessage(agent, tick));
  agent.mailbox.writeInvocations(turns, mailCount);
  for (const key of work.taskKeys) {
    const task = agent.tasks.get(key);
    assert(task !== undefined, "a running task stays in its table");
    turns.invokeWithMessage(EntryCode.STEP, taskMessage(task, tick));
  }
  if (work.cadence) {
    assert(cadence !== undefined, "a cadence has its message");
    turns.invokeWithMessage(EntryCode.STEP, cadence);
  }
  if (work.shutdown) turns.invoke(EntryCode.SHUTDOWN);
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

/** Consumes what the turn has worked off; what it did not reach stays where it is, at the head of the mailbox. */
export function land(agent: Agent, record: TurnRecord): void {
  const { work, mailCount, completed, faultCode } = record;
  assertOutcome(record);
  touch(agent);
  if (work === MAIL_ONLY && faultCode === 0) {
    agent.mailbox.dropFirst(completed);
    record.landing = NOTHING_ELSE;
    return;
  }
  if (work === CADENCE && faultCode === 0) {
    agent.mailbox.dropFirst(Math.min(mailCount, completed));
    record.landing = completed > mailCount ? CADENCE_RAN : NOTHING_ELSE;
    return;
  }
  const reached = completed + (faultCode === 0 ? 0 : 1);
  const faultIndex = faultCode === 0 ? -1 : completed;
  let faultMessage = NO_BYTES;
  const initialised = work.init && completed > 0;
  let index = work.init ? 1 : 0;
  if (work.start && index < reached) {
    if (index === faultIndex) faultMessage = startMessage(agent, record.plannedTick);
    agent.needsStart = false;
  }
  if (work.start) index += 1;
  const mailReached = Math.max(0, Math.min(mailCount, reached - index));
  if (faultIndex >= index && faultIndex < index + mailCount)
    faultMessage = agent.mailbox.at(faultIndex - index);
  agent.mailbox.dropFirst(mailReached);
  index += mailCount;
  const { tasksDone, taskFailed } = landTasks(agent, record, index);
  if (taskFailed !== undefined) faultMessage = taskMessage(taskFailed, record.plannedTick);
  index += work.taskKeys.length;
  if (initialised) agent.needsInit = false;
  const cadenceRan = work.cadence && index < reached;
  const shutDown = work.shutdown && index < reached;
  record.landing = { tasksDone, taskFailed, faultMessage, initialised, cadenceRan, shutDown };
}

/** `firstIndex`: that of the first task among the invocations. */
function landTasks(
  agent: Agent,
  record: TurnRecord,
  firstIndex: number,
): Pick<Landing, "tasksDone" | "taskFailed"> {
  const tasksDone: Task[] = [];
  let taskFailed: Task | undefined;
  record.work.taskKeys.forEach((key, offset) => {
    const task = agent.tasks.get(key);
    assert(task !== undefined, "a running task stays in its table");
    task.running = false;
    const index = firstIndex + offset;
    if (index < record.completed) tasksDone.push(task);
    else if (index === record.completed && record.faultCode !== 0) taskFailed = task;
  });
  return { tasksDone, taskFailed };
}

function assertOutcome({ work, mailCount, completed, faultCode }: TurnRecord): void {
  const count =
    (work.init ? 1 : 0) +
    (work.start ? 1 : 0) +
    mailCount +
    work.taskKeys.length +
    (work.cadence ? 1 : 0) +
    (work.shutdown ? 1 : 0);
  assert(completed <= count, "an outcome completes at most the planned invocations");
  if (faultCode !== 0) assert(completed < count, "a faulted invocation was planned");
}

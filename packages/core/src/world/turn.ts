/** What a turn consists of: which work it covers when it is planned, its invocations, and what its landing consumes. */

import { EntryCode, Encoding, MessageKind, assert, encodeUtf8, type TurnRegion } from "@wasm-engine/abi";
import { invocationsPerTurnMax } from "../limits.js";
import { dueTasks, touch, type Agent } from "./agent.js";
import { engineMessage } from "./delivery.js";
import { canonicalJson } from "./json-text.js";
import type { Task } from "./task.js";
import { taskMessage } from "./task-table.js";
import { NO_KEYS, NO_TASKS, type TurnRecord } from "./turn-record.js";
import { NO_BYTES } from "./world-state.js";

/** Fills in the work of a turn at `tick`. Nothing is consumed; tasks are marked as running. */
export function takeWork(agent: Agent, tick: number): void {
  const { needsInit: init, needsStart: start } = agent;
  const { work } = agent.record;
  let left = invocationsPerTurnMax - (init ? 1 : 0) - (start ? 1 : 0);
  const mailCount = Math.min(left - 1, agent.mailbox.length);
  left -= mailCount;
  work.init = init;
  work.start = start;
  work.mailCount = mailCount;
  // The stop message is the last that a stopping agent may receive from others: all mail taken means it is among it.
  work.shutdown = agent.stopTick >= 0 && mailCount === agent.mailbox.length;
  work.taskKeys = work.shutdown || agent.tasks.size === 0 ? NO_KEYS : takeTasks(agent, tick, left - 1);
  work.cadence = !work.shutdown && agent.cadenceTick >= 0 && agent.cadenceTick <= tick;
}

function takeTasks(agent: Agent, tick: number, countMax: number): string[] {
  const tasks = dueTasks(agent, tick).slice(0, countMax);
  for (const task of tasks) task.running = true;
  return tasks.map((task) => task.key);
}

/** Writes the invocations of the agent's turn, in the order in which they run. */
export function writeTurn(agent: Agent, turns: TurnRegion): void {
  const { work, plannedTick: tick, planIndex } = agent.record;
  turns.beginTurn(agent.handle, planIndex);
  if (work.init) turns.invoke(EntryCode.INIT);
  if (work.start) turns.invokeWithMessage(EntryCode.RECEIVE, startMessage(agent, tick));
  agent.mailbox.writeInvocations(turns, work.mailCount);
  for (const key of work.taskKeys) {
    const task = agent.tasks.get(key);
    assert(task !== undefined, "a running task stays in its table");
    turns.invokeWithMessage(EntryCode.STEP, taskMessage(task, tick));
  }
  if (work.cadence)
    turns.invokeWithMessage(EntryCode.STEP, engineMessage({ kind: MessageKind.CADENCE, tick }));
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
  const { work, completed, landing } = record;
  const hasFaulted = record.faultCode !== 0;
  const reached = completed + (hasFaulted ? 1 : 0);
  const faultIndex = hasFaulted ? completed : -1;
  assertOutcome(record);
  landing.faultMessage = NO_BYTES;
  landing.initialised = work.init && completed > 0;
  let index = work.init ? 1 : 0;
  if (work.start && index < reached) {
    if (index === faultIndex) landing.faultMessage = startMessage(agent, record.plannedTick);
    agent.needsStart = false;
  }
  if (work.start) index += 1;
  const mailReached = Math.max(0, Math.min(work.mailCount, reached - index));
  if (faultIndex >= index && faultIndex < index + work.mailCount)
    landing.faultMessage = agent.mailbox.at(faultIndex - index);
  agent.mailbox.dropFirst(mailReached);
  index += work.mailCount;
  landTasks(agent, record, index);
  index += work.taskKeys.length;
  if (landing.initialised) agent.needsInit = false;
  const isBeyond = index < reached;
  touch(agent);
  landing.cadenceRan = work.cadence && isBeyond;
  landing.shutDown = work.shutdown && isBeyond;
}

/** `firstIndex`: that of the first task among the invocations. */
function landTasks(agent: Agent, record: TurnRecord, firstIndex: number): void {
  const { work, landing, completed } = record;
  landing.tasksDone = NO_TASKS;
  landing.taskFailed = undefined;
  if (work.taskKeys.length === 0) return;
  const tasksDone: Task[] = [];
  work.taskKeys.forEach((key, offset) => {
    const task = agent.tasks.get(key);
    assert(task !== undefined, "a running task stays in its table");
    task.running = false;
    const index = firstIndex + offset;
    if (index < completed) tasksDone.push(task);
    else if (index === completed && record.faultCode !== 0) landing.taskFailed = task;
  });
  landing.tasksDone = tasksDone;
  if (landing.taskFailed !== undefined)
    landing.faultMessage = taskMessage(landing.taskFailed, record.plannedTick);
}

function assertOutcome({ work, completed, faultCode }: TurnRecord): void {
  const count =
    (work.init ? 1 : 0) +
    (work.start ? 1 : 0) +
    work.mailCount +
    work.taskKeys.length +
    (work.cadence ? 1 : 0) +
    (work.shutdown ? 1 : 0);
  assert(completed <= count, "an outcome completes at most the planned invocations");
  if (faultCode !== 0) assert(completed < count, "a faulted invocation was planned");
}

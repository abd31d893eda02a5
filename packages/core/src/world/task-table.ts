/**
 * Tasks and what they wait for. Submissions of one stage (the inputs of a tick, the commit of a tick) are
 * decided together, so that they may name each other in any order: unknown dependencies and cycles are
 * refused, and so is what depends on them.
 *
 * A dependency that did not end `done` has failed for those that wait for it: `fail` fails the task with a
 * dead letter and answer FAILED, `skip` ends it quietly with answer CANCELLED, `run` runs it nevertheless.
 */

import { Encoding, MessageFlag, MessageKind, assert, encodeUtf8 } from "@wasm-engine/abi";
import type { AgentHandle, AnswerErrorCode } from "@wasm-engine/abi";
import { dependenciesPerTaskMax, taskIdBytesMax, tasksPerAgentMax } from "../limits.js";
import { hasSpace, touch, type Agent } from "./agent.js";
import { answerError, engineMessage, enqueue, isReachable, wakeIfWork } from "./delivery.js";
import { closeRequest, openRequest } from "./request-table.js";
import type { DeadLetter } from "../model.js";
import { taskKeyOf, type Task, type TaskEnd } from "./task.js";
import { deadLetter, type TaskSubmission, type TickScope, type WorldState } from "./world-state.js";

interface Candidate {
  readonly submission: TaskSubmission;
  readonly target: Agent;
  readonly key: string;
  readonly dependsOn: readonly string[];
}

/** Decides all collected submissions. */
export function decideSubmissions(world: WorldState, scope: TickScope): void {
  if (scope.submissions.length === 0) return;
  const candidates = new Map<string, Candidate>();
  for (const submission of scope.submissions.splice(0)) {
    const candidate = candidateOf(world, submission);
    if (isSeparated(world, submission)) refuse(world, scope, submission, "UNDELIVERABLE", "CUT");
    else if (typeof candidate === "string") refuse(world, scope, submission, candidate);
    else if (isTaken(world, candidate.key) || candidates.has(candidate.key))
      refuse(world, scope, submission, "REFUSED");
    else candidates.set(candidate.key, candidate);
  }
  const accepted = acceptable(world, candidates);
  for (const candidate of candidates.values()) {
    if (accepted.has(candidate.key)) admit(world, scope, candidate, accepted);
    else refuse(world, scope, candidate.submission, "REFUSED");
  }
  for (const candidate of candidates.values()) {
    if (accepted.has(candidate.key)) settle(world, scope, candidate);
  }
}

function candidateOf(world: WorldState, submission: TaskSubmission): Candidate | AnswerErrorCode {
  const { spec, owner } = submission;
  const target = world.agents.byId(spec.agentId);
  if (!isReachable(target)) return "UNDELIVERABLE";
  const idBytes = encodeUtf8(spec.taskId).length;
  if (idBytes === 0 || idBytes > taskIdBytesMax) return "REFUSED";
  if (spec.dependsOn.length > dependenciesPerTaskMax) return "REFUSED";
  const tenant = (owner ?? target).tenant.name;
  const dependsOn = [...new Set(spec.dependsOn)].map((taskId) => taskKeyOf(tenant, taskId));
  return { submission, target, key: taskKeyOf(tenant, spec.taskId), dependsOn };
}

/** True where who gives the task and who is to run it may not reach each other. */
function isSeparated({ agents, cuts }: WorldState, { owner, spec }: TaskSubmission): boolean {
  return !cuts.isEmpty && agents.byId(spec.agentId) !== undefined && cuts.separates(owner?.id, spec.agentId);
}

function isTaken(world: WorldState, key: string): boolean {
  return world.taskTargets.has(key) || world.endedTasks.has(key);
}

/** Keys whose dependencies all exist and lead to no cycle: Kahn's algorithm over the candidates. */
function acceptable(world: WorldState, candidates: ReadonlyMap<string, Candidate>): Set<string> {
  const accepted = new Set<string>();
  const missing = new Map<string, number>();
  const waiters = new Map<string, string[]>();
  const ready: string[] = [];
  for (const { key, dependsOn } of candidates.values()) {
    const open = dependsOn.filter((dependency) => !isTaken(world, dependency));
    missing.set(key, open.length);
    if (open.length === 0) ready.push(key);
    for (const dependency of open) {
      const list = waiters.get(dependency);
      if (list === undefined) waiters.set(dependency, [key]);
      else list.push(key);
    }
  }
  for (let key = ready.pop(); key !== undefined; key = ready.pop()) {
    accepted.add(key);
    for (const waiter of waiters.get(key) ?? []) {
      const left = (missing.get(waiter) ?? 0) - 1;
      missing.set(waiter, left);
      if (left === 0) ready.push(waiter);
    }
  }
  return accepted;
}

function admit(world: WorldState, scope: TickScope, candidate: Candidate, accepted: Set<string>): void {
  const { submission, target, key } = candidate;
  const { spec, owner, requestId } = submission;
  const request = { kind: "task", requestId, sinceTick: scope.tick, deadlineTick: 0, taskKey: key } as const;
  const full = target.tasks.size >= tasksPerAgentMax || !hasSpace(target, spec.payload.length);
  if (full || (owner !== undefined && !openRequest(world, owner, request))) {
    // What depends on it is admitted and finds the dependency failed: the number of live tasks is decided in order.
    world.endedTasks.set(key, scope.tick + world.genesis.retainTicks, "failed");
    accepted.delete(key);
    return refuse(world, scope, submission, "REFUSED");
  }
  const task: Task = {
    key,
    taskId: spec.taskId,
    target: target.handle,
    owner: owner?.handle ?? (0 as AgentHandle), // brand: the outside
    requestId,
    priority: spec.priority,
    encoding: spec.encoding,
    payload: spec.payload,
    onDependencyFailure: spec.onDependencyFailure,
    notBefore: Math.max(spec.notBefore, scope.mailTick),
    timed: spec.notBefore > scope.mailTick,
    waitingFor: new Set(),
    running: false,
  };
  addTask(world, target, task, scope.tick);
}

/** Adds a task to the tables; also after a restore, where `waitingFor` is complete. */
export function addTask(world: WorldState, target: Agent, task: Task, tick: number): void {
  assert(!world.taskTargets.has(task.key), "task keys are unique");
  world.taskTargets.set(task.key, target.handle);
  target.tasks.set(task.key, task);
  target.plannedBytes += task.payload.length;
  if (task.timed && task.notBefore > tick) world.timers.add(task.notBefore, target.handle, 0);
  for (const dependency of task.waitingFor) awaitTask(world, dependency, task);
  touch(target);
}

function awaitTask(world: WorldState, dependency: string, task: Task): void {
  let waiting = world.dependents.get(dependency);
  if (waiting === undefined) {
    waiting = new Map();
    world.dependents.set(dependency, waiting);
  }
  waiting.set(task.key, task.target);
}

/** Links an admitted task to its dependencies, or ends it where one of them has failed already. */
function settle(world: WorldState, scope: TickScope, candidate: Candidate): void {
  const task = candidate.target.tasks.get(candidate.key);
  if (task === undefined) return;
  for (const dependency of candidate.dependsOn) {
    const end = world.endedTasks.get(dependency);
    const live = world.taskTargets.has(dependency);
    if (live) {
      task.waitingFor.add(dependency);
      awaitTask(world, dependency, task);
    } else if (end !== "done" && task.onDependencyFailure !== "run") {
      return endTask(world, scope, task, { end: failedEnd(task) });
    }
  }
  wakeIfWork(world, candidate.target, scope.mailTick);
}

export interface TaskEnding {
  readonly end: TaskEnd;
  /** Code of the owner's answer where it does not follow from `end`. */
  readonly code?: AnswerErrorCode;
  /** The caller has written the dead letter. */
  readonly reported?: boolean;
}

/** Ends a task and, one after the other, everything that its end decides. */
export function endTask(world: WorldState, scope: TickScope, task: Task, ending: TaskEnding): void {
  const ends: { readonly task: Task; readonly ending: TaskEnding }[] = [{ task, ending }];
  for (let next = ends.pop(); next !== undefined; next = ends.pop()) {
    const { key } = next.task;
    if (!world.taskTargets.has(key)) continue;
    reportEnd(world, scope, next.task, next.ending);
    removeTask(world, scope, next.task);
    world.endedTasks.set(key, scope.tick + world.genesis.retainTicks, next.ending.end);
    answerOwner(world, scope, next.task, next.ending);
    const failed = next.ending.end !== "done";
    for (const waiter of takeDependents(world, key)) {
      waiter.task.waitingFor.delete(key);
      touch(waiter.agent);
      if (!failed || waiter.task.onDependencyFailure === "run")
        wakeIfWork(world, waiter.agent, scope.mailTick);
      else ends.push({ task: waiter.task, ending: { end: failedEnd(waiter.task) } });
    }
  }
}

function reportEnd(world: WorldState, scope: TickScope, task: Task, ending: TaskEnding): void {
  if (ending.end !== "failed" || ending.reported === true) return;
  const target = world.agents.byHandle(task.target);
  deadLetter(scope, target?.id ?? "", "TASK_FAILED", taskMessage(task, scope.tick));
}

function failedEnd(task: Task): TaskEnd {
  return task.onDependencyFailure === "fail" ? "failed" : "skipped";
}

function removeTask(world: WorldState, scope: TickScope, task: Task): void {
  const target = world.agents.byHandle(task.target);
  assert(target !== undefined, "a live task has a live agent");
  world.taskTargets.delete(task.key);
  target.tasks.delete(task.key);
  target.plannedBytes -= task.payload.length;
  if (task.timed && task.notBefore > scope.tick) world.timers.remove(task.notBefore);
  touch(target);
  for (const dependency of task.waitingFor) {
    const waiting = world.dependents.get(dependency);
    waiting?.delete(task.key);
    if (waiting?.size === 0) world.dependents.delete(dependency);
  }
}

function takeDependents(world: WorldState, key: string): { readonly agent: Agent; readonly task: Task }[] {
  const waiting = world.dependents.get(key);
  world.dependents.delete(key);
  const sorted = [...(waiting ?? [])].sort(([left], [right]) => (left < right ? 1 : -1));
  return sorted.flatMap(([waiterKey, handle]) => {
    const agent = world.agents.byHandle(handle);
    const task = agent?.tasks.get(waiterKey);
    return agent === undefined || task === undefined ? [] : [{ agent, task }];
  });
}

function answerOwner(world: WorldState, scope: TickScope, task: Task, ending: TaskEnding): void {
  const { end, code } = ending;
  const owner = world.agents.byHandle(task.owner);
  if (owner === undefined || owner.ending) return;
  if (closeRequest(world, owner, task.requestId, scope.tick) === undefined) return;
  const failure: AnswerErrorCode | undefined =
    code ?? (end === "done" ? undefined : end === "failed" ? "FAILED" : "CANCELLED");
  if (failure !== undefined) {
    answerError(world, scope, owner, { requestId: task.requestId, code: failure, peer: task.target });
    return;
  }
  const answer = engineMessage({
    kind: MessageKind.ANSWER,
    encoding: Encoding.JSON,
    flags: MessageFlag.LAST_PART,
    correlationId: task.requestId,
    peer: task.target,
    tick: scope.mailTick,
    topic: encodeUtf8(task.taskId),
    payload: encodeUtf8(JSON.stringify({ taskId: task.taskId })),
  });
  enqueue(world, scope, owner, answer);
}

/** The context of the `step` that runs the task. */
export function taskMessage(task: Task, tick: number): Uint8Array {
  return engineMessage({
    kind: MessageKind.TASK,
    encoding: task.encoding,
    peer: task.owner,
    tick,
    topic: encodeUtf8(task.taskId),
    payload: task.payload,
  });
}

function refuse(
  world: WorldState,
  scope: TickScope,
  submission: TaskSubmission,
  code: AnswerErrorCode,
  reason: DeadLetter["reason"] = code === "UNDELIVERABLE" ? "UNDELIVERABLE" : "TASK_FAILED",
): void {
  const { spec, owner, requestId } = submission;
  const message = engineMessage({
    kind: MessageKind.TASK,
    encoding: spec.encoding,
    peer: owner?.handle ?? 0,
    tick: scope.mailTick,
    topic: encodeUtf8(spec.taskId.slice(0, taskIdBytesMax)),
    payload: spec.payload,
  });
  deadLetter(scope, spec.agentId, reason, message);
  if (owner !== undefined) answerError(world, scope, owner, { requestId, code });
}

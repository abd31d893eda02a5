// Runs once inside QuickJS, before the agent's source, and stays: turns deliveries into handlers and promises.
// The file is an expression: a function of `native`, the one door to the host functions (see glue.c). What it
// returns is called by the glue. Files of declarations are placed before it: constants, tensors, plain data, checks of
// message types, and what the platform lacks (web-*.js).
//
// Life of a request: native.* gives an id > 0 - the id and its promise wait in `pending` - the answer with that
// correlationId settles the promise - the rest of the async function runs as a microtask of the same invocation.
(native) => {
  "use strict";

  /** Requests waiting for an answer, by id: {resolve, reject, onPart, what, when, stack}; the last three are for people. */
  const pending = new Map();
  /** Deliveries that wait for the running handler. */
  const queue = [];
  let definition;
  let context;
  let state;
  let running = 0;

  /** An answer that is an error, or a refusal of a host function. Match `code`. */
  class AgentError extends Error {
    constructor(code, message, details) {
      super(message);
      this.name = "AgentError";
      this.code = code;
      this.retryable = details?.retryable === true;
      this.details = details;
    }
  }

  const refusalNames = new Map(Object.entries(Refusal).map(([name, value]) => [value, name]));

  /** Result of a host function; refusals are thrown. */
  function accepted(result, what) {
    if (result >= 0) return result;
    const code = refusalNames.get(result) ?? String(result);
    throw new AgentError(code, `${what} was refused: ${code}`, { refusal: result });
  }

  /** [encoding, payload] of a value: bytes stay bytes, tensors are tensors, everything else is JSON. */
  function encoded(body) {
    if (body instanceof Uint8Array) return [Encoding.BYTES, body];
    const tensors = tensorsOf(body);
    if (tensors !== undefined) return [Encoding.TENSOR, tensorPayload(tensors)];
    const text = JSON.stringify(body === undefined ? null : body);
    if (text === undefined) throw new TypeError("a body is data: it has no JSON form");
    return [Encoding.JSON, text];
  }

  function decoded(encoding, payload) {
    if (encoding === Encoding.JSON) return payload === "" ? undefined : JSON.parse(payload);
    if (encoding === Encoding.TENSOR) return tensorBody(payload);
    return payload;
  }

  function handleOf(to) {
    if (typeof to === "number") return to;
    const handle = native.lookup(String(to).toWellFormed());
    if (handle < 0) throw new AgentError("NOT_FOUND", `there is no agent "${to}"`, { to });
    return handle;
  }

  /** One message to the host: `call` is one of send, publish, schedule, infer, call_tool. */
  function post(
    call,
    { kind = MessageKind.MESSAGE, flags = 0, correlationId = 0, peer = 0, topic = "", body, ticks = -1 },
  ) {
    const [encoding, payload] = encoded(body);
    const result = native.post(
      call,
      kind,
      flags,
      correlationId,
      peer,
      String(topic).toWellFormed(),
      encoding,
      payload,
      ticks,
    );
    return result >= 0 ? result : accepted(result, topic === "" ? call : `${call} "${topic}"`);
  }

  /** Callers that a place tells: each costs as much fuel as a tenth of a delivery. */
  const askedFramesMax = 3;
  const AnyError = Error;

  /** Where `method` of the context was called, as text of a stack. Kept while a request waits: its failure comes later. */
  function placeOf(method) {
    const asked = {};
    const { stackTraceLimit } = AnyError;
    AnyError.stackTraceLimit = askedFramesMax;
    try {
      AnyError.captureStackTrace(asked, method);
    } finally {
      AnyError.stackTraceLimit = stackTraceLimit;
    }
    return asked.stack;
  }

  /**
   * Promise of the answer to the request that `begin` makes, with `cancel()`. Whatever happens to a request, its one last
   * answer settles the promise; cancelling makes that answer CANCELLED. `from` is the method that the author has called.
   */
  function request(what, { signal, onPart, when, from } = {}, begin, pick = (message) => message) {
    let id = 0;
    const answered = new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const stack = from && placeOf(from);
      id = begin();
      pending.set(id, { resolve, reject, onPart, what, when: when ?? `since tick ${native.tick()}`, stack });
    });
    const promise = answered.then(pick);
    promise.cancel = () => {
      if (pending.has(id)) native.cancel(id);
    };
    if (id > 0) signal?.addEventListener("abort", promise.cancel, { once: true });
    return promise;
  }

  function ticksOf(options) {
    const ticks = options?.timeoutTicks;
    return ticks === undefined ? -1 : Math.trunc(ticks);
  }

  const ticksMax = 2 ** 31 - 1;

  function sleep(what, ticks, options, from) {
    const delay = Math.min(ticksMax, Math.max(1, Math.trunc(ticks)));
    const when = `until tick ${native.tick() + delay}`;
    const begin = () => post("schedule", { kind: MessageKind.TIMER, body: null, ticks: delay });
    return request(what, { signal: options?.signal, when, from }, begin, () => undefined);
  }

  function bodyOf(message) {
    return message.body;
  }

  function askModel(what, { model, input, options, from }) {
    const begin = () => post("infer", { topic: model, body: input, ticks: ticksOf(options) });
    return request(what, { ...options, from }, begin, bodyOf);
  }

  function makeContext() {
    const own = {
      /** Plain data: what inspectors see and upgrades carry over. */
      get state() {
        return state;
      },
      get tick() {
        return native.tick();
      },
      /** Virtual time in milliseconds, like Date.now(). */
      get now() {
        return Math.floor(native.time());
      },
      send(to, body, options) {
        post("send", { peer: handleOf(to), topic: options?.topic ?? "", body });
      },
      /** Promise of the answer's message. */
      ask(to, body, options) {
        const topic = options?.topic ?? "";
        const flags = MessageFlag.ANSWER_WANTED;
        const begin = () => post("send", { flags, peer: handleOf(to), topic, body, ticks: ticksOf(options) });
        return request(`ask ${to}`, { ...options, from: own.ask }, begin);
      },
      publish(topic, body) {
        post("publish", { topic, body });
      },
      join(topic) {
        accepted(native.join(String(topic).toWellFormed()), `join "${topic}"`);
      },
      leave(topic) {
        accepted(native.leave(String(topic).toWellFormed()), `leave "${topic}"`);
      },
      /** Promise that resolves after `ticks`, at least 1. */
      sleep(ticks, options) {
        return sleep("sleep", ticks, options, own.sleep);
      },
      /** Promise of the task's result. */
      task(task, options) {
        const begin = () =>
          post("schedule", { kind: MessageKind.TASK, body: task, ticks: options?.delayTicks ?? 0 });
        return request(`task ${task?.taskId}`, { ...options, from: own.task }, begin, bodyOf);
      },
      /** Promise of a model's answer; `onPart` sees the tokens before. */
      infer(model, input, options) {
        return askModel(`infer ${model}`, { model, input, options, from: own.infer });
      },
      /** Promise of what a language model answers to a conversation: `{text, …}`; `onPart` sees the parts before. */
      chat(model, messages, { timeoutTicks, onPart, signal, ...parameters } = {}) {
        // Whoever answers makes no parts unless somebody sees them: each is a logged input and a turn.
        const input = { messages, ...parameters, ...(onPart === undefined ? {} : { stream: true }) };
        const options = { timeoutTicks, onPart, signal };
        return askModel(`chat ${model}`, { model, input, options, from: own.chat });
      },
      tool(name, input, options) {
        const begin = () => post("call_tool", { topic: name, body: input, ticks: ticksOf(options) });
        return request(`tool ${name}`, { ...options, from: own.tool }, begin, bodyOf);
      },
      /** Handle of a child, addressable at once; `started` settles with its first tick. */
      spawn(spec) {
        const id = accepted(native.spawn(JSON.stringify(spec).toWellFormed()), "spawn");
        const started = request(`spawn ${spec?.id}`, { from: own.spawn }, () => id);
        started.catch(() => {});
        return { handle: native.spawned(), started };
      },
      /** Handle of an agent, or undefined. */
      lookup(id) {
        const handle = native.lookup(String(id).toWellFormed());
        return handle < 0 ? undefined : handle;
      },
      /** A number in [0, 1) of the agent's stream of that name. */
      random(stream = "default") {
        return native.random(String(stream));
      },
      randomBytes(length, stream = "default") {
        return native.randomBytes(String(stream), length);
      },
      log(...values) {
        log(LogLevel.INFO, values);
      },
      /** Ends this agent at the seal of this turn. */
      exit(code = 0) {
        native.exit(code | 0);
      },
    };
    return Object.freeze(own);
  }

  /** What handlers see of a delivery. */
  class Message {
    #flags;
    #payload;
    #body;
    #parsed = false;
    constructor(kind, encoding, flags, id, correlationId, sender, tick, topic, payload) {
      this.kind = kind;
      this.encoding = encoding;
      this.id = id;
      this.correlationId = correlationId;
      this.sender = sender;
      this.tick = tick;
      this.topic = topic;
      this.#flags = flags;
      this.#payload = payload;
    }
    /** JSON as a value, text as a string, everything else as bytes. */
    get body() {
      if (!this.#parsed) {
        this.#body = decoded(this.encoding, this.#payload);
        this.#parsed = true;
      }
      return this.#body;
    }
    get answerWanted() {
      return (this.#flags & MessageFlag.ANSWER_WANTED) !== 0;
    }
    get isError() {
      return (this.#flags & MessageFlag.ERROR) !== 0;
    }
    get isLast() {
      return (this.#flags & MessageFlag.LAST_PART) !== 0;
    }
    /** Looks at the body with `check`, which gives {value} to go on with or {issues}. */
    static check(message, check) {
      const result = check(message.body);
      if (result.issues === undefined) message.#body = result.value;
      return result.issues;
    }
    reply(body) {
      answer(this, MessageFlag.LAST_PART, body);
    }
    /** One part of an answer; `reply` ends it. */
    replyPart(body) {
      answer(this, 0, body);
    }
    replyError(code, message, details) {
      answer(this, MessageFlag.LAST_PART | MessageFlag.ERROR, {
        code,
        message,
        retryable: false,
        ...details,
      });
    }
  }

  function answer(message, flags, body) {
    post("send", { kind: MessageKind.ANSWER, flags, correlationId: message.id, peer: message.sender, body });
  }

  const answerKinds = new Set([
    MessageKind.ANSWER,
    MessageKind.INFERENCE,
    MessageKind.TOKEN,
    MessageKind.TOOL,
    MessageKind.TIMER,
  ]);

  /** Settles the request that a delivery answers; false where none waits for it. */
  function settle(message) {
    const request = pending.get(message.correlationId);
    if (request === undefined) return false;
    const isPart =
      !message.isLast &&
      !message.isError &&
      (message.kind === MessageKind.TOKEN || message.kind === MessageKind.ANSWER) &&
      request.onPart !== undefined;
    if (isPart) {
      request.onPart(message.body);
      return true;
    }
    // A token that nobody wants is not the answer.
    if (message.kind === MessageKind.TOKEN && !message.isLast && !message.isError) return true;
    pending.delete(message.correlationId);
    if (message.isError) {
      const details = message.body ?? {};
      const text = `${request.what}: ${details.message ?? details.code}`;
      const error = new AgentError(details.code ?? "FAILED", text, details);
      // Where it was asked: what is on the stack now is nobody's.
      error.stack = request.stack ?? "";
      request.reject(error);
    } else request.resolve(message);
    return true;
  }

  /** Refuses a message that is not of the type that its topic declares: with an answer where one is wanted. */
  function isAccepted(message) {
    const types = definition.messages;
    if (message.kind !== MessageKind.MESSAGE || types === undefined || !Object.hasOwn(types, message.topic))
      return true;
    let issues;
    try {
      issues = Message.check(message, (body) => checkedBody(types[message.topic], body));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      issues = [{ path: "body", message: "not JSON" }];
    }
    if (issues === undefined) return true;
    const [{ path, message: what }] = issues;
    const text = `"${message.topic}" is not of its declared type: ${path}: ${what}`;
    if (message.answerWanted) message.replyError("BAD_MESSAGE", text, { issues });
    else log(LogLevel.WARN, [text]);
    return false;
  }

  function handlerOf(kind) {
    if (kind === MessageKind.START) return definition.onStart;
    if (kind === MessageKind.STOP) return definition.onStop;
    if (kind === MessageKind.TASK) return definition.onTask;
    if (kind === MessageKind.CADENCE) return definition.onCadence;
    return definition.onMessage;
  }

  /** Starts handlers until one does not end in this invocation. One that is not asynchronous costs no promise. */
  function pump() {
    while (queue.length > 0 && (running === 0 || definition.reentrant === true)) {
      const message = queue.shift();
      const result = handlerOf(message.kind)?.call(definition, message, context);
      if (typeof result?.then !== "function") continue;
      running += 1;
      void ended(result);
    }
  }

  /** What a handler rejects with is nobody's to catch: it faults the invocation. */
  async function ended(result) {
    await result;
    running -= 1;
    pump();
  }

  function log(level, values) {
    native.log(level, values.map(printed).join(" ").toWellFormed());
  }

  function printed(value) {
    if (typeof value === "string") return value;
    if (value instanceof Error) return stackOf(value);
    try {
      return JSON.stringify(value) ?? String(value);
    } catch {
      return String(value);
    }
  }

  function stackOf(error) {
    // Frames of this file have no place: nobody who writes an agent can do anything about them, nor about what they call.
    const frames = typeof error.stack === "string" ? error.stack.trimEnd().split("\n") : [];
    const isOwn = (frame) => frame?.includes("<null>:0") === true;
    const isNative = (frame) => frame.endsWith("(native)");
    const stack = frames
      .filter((frame, index) => !isOwn(frame) && !(isNative(frame) && isOwn(frames[index + 1])))
      .join("\n");
    return stack === "" ? String(error) : `${String(error)}\n${stack}`;
  }

  function refused(what) {
    throw new AgentError("REFUSED", what);
  }

  globalThis.console = Object.freeze({
    debug: (...values) => log(LogLevel.DEBUG, values),
    log: (...values) => log(LogLevel.INFO, values),
    info: (...values) => log(LogLevel.INFO, values),
    warn: (...values) => log(LogLevel.WARN, values),
    error: (...values) => log(LogLevel.ERROR, values),
  });
  Math.random = () => native.random("Math.random");

  const { noteMoment } = installPlatform({ native, sleep, refused });

  /** Declares the agent of this module. Called once, while the module loads. */
  function defineAgent(agent) {
    if (definition !== undefined) throw new TypeError("a module defines one agent");
    if (typeof agent !== "object" || agent === null) throw new TypeError("defineAgent takes an object");
    definition = agent;
    state = agent.state ?? {};
    context = makeContext();
    return agent;
  }

  globalThis[Symbol.for("wasm-engine.agent")] = Object.freeze({ defineAgent, AgentError, MessageKind });

  /** Level of the line by which the builder learns what the agent declares. */
  const declarationLevel = 100;

  /** What stands between this agent and an upgrade: pending requests, then messages that wait for them. */
  function waiting() {
    return [...pending.values()].map(({ what, when }) => `${what} ${when}`);
  }

  const versionOf = () => definition.version ?? 0;

  return {
    /** Bits of what the agent declares, as glue.c numbers them. Called once, after the source. */
    capabilities() {
      if (definition === undefined) throw new TypeError("the module does not call defineAgent");
      let mask = 0;
      for (const name of definition.capabilities ?? []) {
        const bit = ["topics", "models", "tools", "spawn"].indexOf(name);
        if (bit < 0) throw new TypeError(`capability "${name}": known are topics, models, tools and spawn`);
        mask |= 1 << bit;
      }
      if (definition.messages !== undefined) {
        const published = Object.entries(definition.messages).map(([topic, schema]) => [
          topic,
          publishedSchema(schema),
        ]);
        native.log(
          declarationLevel,
          JSON.stringify({ messages: Object.fromEntries(published) }).toWellFormed(),
        );
      }
      return mask;
    },
    deliver(kind, encoding, flags, id, correlationId, sender, tick, topic, payload) {
      noteMoment();
      const message = new Message(kind, encoding, flags, id, correlationId, sender, tick, topic, payload);
      if (answerKinds.has(kind)) {
        if (!settle(message)) log(LogLevel.WARN, [`nobody waits for the answer to request ${correlationId}`]);
        return;
      }
      if (!isAccepted(message)) return;
      queue.push(message);
      if (running === 0 || definition.reentrant === true) pump();
    },
    shutdown: () => definition.onShutdown?.(context),
    describe() {
      const own = definition.describe?.(context) ?? { state };
      return JSON.stringify({ ...own, waiting: waiting(), queued: queue.length }).toWellFormed();
    },
    /** The state as text, for the version that comes. Nothing may be suspended: a promise is no data. */
    exportState() {
      if (running > 0 || pending.size > 0 || queue.length > 0) {
        const names = pending.size > 0 ? waiting().join(", ") : "a promise that no request settles";
        refused(`not while something is suspended: ${names}`);
      }
      const found = notPlain(state, "state");
      if (found !== undefined) refused(`the state is not plain data: ${found}`);
      return JSON.stringify({ version: versionOf(), state }).toWellFormed();
    },
    /** Takes over the state of another version; members that it lacks keep what this one starts with. */
    importState(text) {
      const { version, state: old } = JSON.parse(text);
      if (version !== versionOf() && definition.migrate === undefined)
        refused(
          `the state is of version ${version}, this is version ${versionOf()}: define migrate(state, fromVersion)`,
        );
      const taken = version === versionOf() ? old : definition.migrate(old, version);
      const isMembers = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
      state = isMembers(taken) && isMembers(state) ? { ...state, ...taken } : taken;
    },
    printed,
  };
};

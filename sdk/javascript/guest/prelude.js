// Runs once inside QuickJS, before the agent's source, and stays: turns deliveries into handlers and promises.
// The file is an expression: a function of `native`, the one door to the host functions (see glue.c). What it
// returns is called by the glue. Constants come from constants.js, tensors from tensor.js, both placed before it.
//
// Life of a request: native.* gives an id > 0 - the id and its promise wait in `pending` - the answer with that
// correlationId settles the promise - the rest of the async function runs as a microtask of the same invocation.
(native) => {
  "use strict";

  /** Requests waiting for an answer, by id: {resolve, reject, onPart, what, since}. */
  const pending = new Map();
  /** Deliveries that wait for the running handler. */
  const queue = [];
  let definition;
  let context;
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
    return [Encoding.JSON, text.toWellFormed()];
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
    return accepted(result, topic === "" ? call : `${call} "${topic}"`);
  }

  function promised(requestId, what, onPart) {
    return new Promise((resolve, reject) => {
      pending.set(requestId, { resolve, reject, onPart, what, since: native.tick() });
    });
  }

  function ticksOf(options) {
    const ticks = options?.timeoutTicks;
    return ticks === undefined ? -1 : Math.trunc(ticks);
  }

  function makeContext(state) {
    return Object.freeze({
      state,
      get tick() {
        return native.tick();
      },
      /** Virtual time in milliseconds, like Date.now(). */
      get now() {
        return native.time();
      },
      send(to, body, options) {
        post("send", { peer: handleOf(to), topic: options?.topic ?? "", body });
      },
      /** Promise of the answer's message. */
      async ask(to, body, options) {
        const topic = options?.topic ?? "";
        const flags = MessageFlag.ANSWER_WANTED;
        const id = post("send", { flags, peer: handleOf(to), topic, body, ticks: ticksOf(options) });
        return await promised(id, `ask ${to}`, options?.onPart);
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
      async sleep(ticks) {
        const id = post("schedule", {
          kind: MessageKind.TIMER,
          body: null,
          ticks: Math.max(1, Math.trunc(ticks)),
        });
        await promised(id, `sleep ${ticks}`);
      },
      /** Promise of the task's result. */
      async task(task, options) {
        const id = post("schedule", { kind: MessageKind.TASK, body: task, ticks: options?.delayTicks ?? 0 });
        return (await promised(id, `task ${task?.taskId}`)).body;
      },
      /** Promise of a model's answer; `onPart` sees the tokens before. */
      async infer(model, input, options) {
        const id = post("infer", { topic: model, body: input, ticks: ticksOf(options) });
        return (await promised(id, `infer ${model}`, options?.onPart)).body;
      },
      async tool(name, input, options) {
        const id = post("call_tool", { topic: name, body: input, ticks: ticksOf(options) });
        return (await promised(id, `tool ${name}`)).body;
      },
      /** Handle of a child, addressable at once; `started` settles with its first tick. */
      spawn(spec) {
        const id = accepted(native.spawn(JSON.stringify(spec).toWellFormed()), "spawn");
        const started = promised(id, `spawn ${spec?.id}`);
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
    });
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
    pending.delete(message.correlationId);
    if (message.isError) {
      const error = message.body ?? {};
      request.reject(
        new AgentError(error.code ?? "FAILED", `${request.what}: ${error.message ?? error.code}`, error),
      );
    } else request.resolve(message);
    return true;
  }

  function handlerOf(kind) {
    if (kind === MessageKind.START) return definition.onStart;
    if (kind === MessageKind.STOP) return definition.onStop;
    if (kind === MessageKind.TASK) return definition.onTask;
    if (kind === MessageKind.CADENCE) return definition.onCadence;
    return definition.onMessage;
  }

  /** Starts handlers until one does not end in this invocation. */
  async function pump() {
    while (queue.length > 0 && (running === 0 || definition.reentrant === true)) {
      const message = queue.shift();
      const handler = handlerOf(message.kind);
      if (handler === undefined) continue;
      running += 1;
      if (definition.reentrant === true) run(handler, message);
      else await run(handler, message);
    }
  }

  async function run(handler, message) {
    try {
      await handler.call(definition, message, context);
    } finally {
      running -= 1;
    }
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
    const stack = typeof error.stack === "string" ? error.stack.trimEnd() : "";
    return stack === "" ? String(error) : `${String(error)}\n${stack}`;
  }

  globalThis.console = Object.freeze({
    debug: (...values) => log(LogLevel.DEBUG, values),
    log: (...values) => log(LogLevel.INFO, values),
    info: (...values) => log(LogLevel.INFO, values),
    warn: (...values) => log(LogLevel.WARN, values),
    error: (...values) => log(LogLevel.ERROR, values),
  });
  Math.random = () => native.random("Math.random");

  /** Declares the agent of this module. Called once, while the module loads. */
  function defineAgent(agent) {
    if (definition !== undefined) throw new TypeError("a module defines one agent");
    if (typeof agent !== "object" || agent === null) throw new TypeError("defineAgent takes an object");
    definition = agent;
    context = makeContext(agent.state ?? {});
    return agent;
  }

  globalThis[Symbol.for("wasm-engine.agent")] = Object.freeze({ defineAgent, AgentError, MessageKind });

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
      return mask;
    },
    deliver(kind, encoding, flags, id, correlationId, sender, tick, topic, payload) {
      const message = new Message(kind, encoding, flags, id, correlationId, sender, tick, topic, payload);
      if (answerKinds.has(kind)) {
        if (!settle(message)) log(LogLevel.WARN, [`nobody waits for the answer to request ${correlationId}`]);
        return;
      }
      queue.push(message);
      if (running === 0 || definition.reentrant === true) return pump();
    },
    shutdown: () => definition.onShutdown?.(context),
    describe() {
      const own = definition.describe?.(context) ?? { state: context.state };
      const waiting = [...pending.values()].map(({ what, since }) => ({ what, since }));
      return JSON.stringify({ ...own, pending: waiting, queued: queue.length }).toWellFormed();
    },
    printed,
  };
};

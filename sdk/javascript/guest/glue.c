/*
 * Makes an ABI 1.0 agent of the QuickJS reactor: exports the entry points, answers the reactor's imports, and is the
 * one door (`native`) from JavaScript to the host functions. Owns the order of an invocation: call the prelude, drain
 * every microtask, then look for rejections that nobody handled. Knows nothing of what messages mean.
 *
 * Memory: its own stack and statics lie in the lowest 128 KiB, at the far end of the reactor's shadow stack, which
 * is never used that deep because QuickJS stops at STACK_BYTES.
 */
#include <stdint.h>

__attribute__((import_module("quickjs"), import_name("wasm_malloc"))) void *wasm_malloc(uint32_t);
#define WE_ALLOCATE wasm_malloc
#include "../../c/wasm_engine.h"

#define QUICKJS(result, name, ...) \
  __attribute__((import_module("quickjs"), import_name(#name))) result name(__VA_ARGS__)

typedef struct value value; /* a JavaScript value on the reactor's heap */

QUICKJS(void, _initialize, void);
QUICKJS(int32_t, qjs_init, void);
QUICKJS(void, qjs_set_max_stack_size, uint32_t);
QUICKJS(void, qjs_set_promise_rejection_handler, int32_t);
QUICKJS(void, qjs_set_module_loader, int32_t);
QUICKJS(void, qjs_run_gc, void);
QUICKJS(uint8_t *, qjs_compile, const char *, uint32_t, const char *, int32_t, int32_t, uint32_t *);
QUICKJS(value *, qjs_eval_bytecode, const uint8_t *, uint32_t);
QUICKJS(value *, qjs_call, value *, value *, int32_t, value **);
QUICKJS(value *, qjs_new_host_function, const char *, uint32_t, int32_t);
QUICKJS(value *, qjs_new_string, const char *, uint32_t);
QUICKJS(value *, qjs_new_number, double);
QUICKJS(value *, qjs_new_object, void);
QUICKJS(value *, qjs_new_uint8_array, const void *, uint32_t);
QUICKJS(value *, qjs_new_error, void);
QUICKJS(value *, qjs_throw, value *);
QUICKJS(value *, qjs_get_undefined, void);
QUICKJS(value *, qjs_get_typed_array_buffer, value *, uint32_t *, uint32_t *, uint32_t *);
QUICKJS(const uint8_t *, qjs_get_array_buffer, value *, uint32_t *);
QUICKJS(const char *, qjs_get_string_len, value *, uint32_t *);
QUICKJS(void, qjs_free_cstring, const char *);
QUICKJS(int32_t, qjs_is_string, value *);
QUICKJS(int32_t, qjs_is_exception, value *);
QUICKJS(int32_t, qjs_get_bool, value *);
QUICKJS(double, qjs_get_float64, value *);
QUICKJS(value *, qjs_get_prop_string, value *, const char *);
QUICKJS(int32_t, qjs_set_prop_string, value *, const char *, value *);
QUICKJS(value *, qjs_dup_value, value *);
QUICKJS(void, qjs_free_value, value *);
QUICKJS(void *, qjs_get_value_ptr, value *);
QUICKJS(int32_t, qjs_execute_pending_job, void);
QUICKJS(value *, qjs_get_exception, void);
QUICKJS(int32_t, qjs_promise_state, value *);
QUICKJS(value *, qjs_promise_result, value *);
QUICKJS(void, wasm_free, void *);

/*
 * Of the reactor's 1 MiB shadow stack; deeper recursion is a RangeError of the script. Twice as much would meet the
 * budget of call depth first, which no script can catch.
 */
#define STACK_BYTES (384 * 1024)
#define EVAL_MODULE 1
#define STRIP_SOURCE (1 << 4)
#define STRIP_DEBUG (1 << 5)
#define REJECTIONS_MAX 32
#define UNCAUGHT (-1)
#define UNHANDLED_REJECTION (-2)
#define STATE_REFUSED (-3)

/* Not constant: it is cleared where its compiled form is loaded, and is no part of any agent. */
static char prelude[] = {
#include "prelude.inc"
};
_Static_assert(sizeof prelude < 80 * 1024, "statics lie between 32 and 128 KiB: see pre-initialiser.ts");

static const char sdk_module[] =
    "const sdk = globalThis[Symbol.for('wasm-engine.agent')];"
    "export const defineAgent = sdk.defineAgent, AgentError = sdk.AgentError, MessageKind = sdk.MessageKind;";
static const char sdk_module_name[] = "wasm-engine/agent";

/* While the module loads there is no agent: the clock stands, randomness is a fixed sequence, other calls throw. */
static bool loading;
static uint64_t loading_random;
static value *undefined, *deliver, *shutdown, *describe, *capabilities, *printed, *export_state, *import_state;
/* Capabilities that the module declares. The imports of the others are renamed away, so they must never be called. */
static int32_t declared;
enum { TOPICS = 1, MODELS = 2, TOOLS = 4, SPAWN = 8 };
static uint64_t spawned_handle;

static struct {
  value *promise;
  value *reason;
} rejections[REJECTIONS_MAX];
static int32_t rejection_count;

/* ---- what the reactor imports ---- */

WE_EXPORT("host_get_timezone_offset") int32_t host_get_timezone_offset(int32_t low, int32_t high) {
  (void)low, (void)high;
  return 0;
}
WE_EXPORT("host_interrupt") int32_t host_interrupt(void) { return 0; }
WE_EXPORT("fd_close") int32_t fd_close(int32_t file) { return (void)file, 8; }
WE_EXPORT("fd_fdstat_get") int32_t fd_fdstat_get(int32_t file, int32_t out) { return (void)file, (void)out, 8; }
WE_EXPORT("fd_seek") int32_t fd_seek(int32_t file, int64_t offset, int32_t whence, int32_t out) {
  return (void)file, (void)offset, (void)whence, (void)out, 8;
}
WE_EXPORT("fd_write") int32_t fd_write(int32_t file, int32_t parts, int32_t count, int32_t out) {
  return (void)file, (void)parts, (void)count, (void)out, 8;
}

WE_EXPORT("clock_time_get") int32_t clock_time_get(int32_t clock, int64_t precision, int64_t *out) {
  (void)clock, (void)precision;
  *out = loading ? 0 : we_time();
  return 0;
}

static void fill_random(const char *stream, uint32_t stream_bytes, uint8_t *out, uint32_t bytes) {
  if (!loading) {
    if (we_host_random(stream, (int32_t)stream_bytes, out, (int32_t)bytes) < 0) WE_TRAP();
    return;
  }
  for (uint32_t i = 0; i < bytes; i++) {
    loading_random = loading_random * 6364136223846793005ULL + 1442695040888963407ULL;
    out[i] = (uint8_t)(loading_random >> 56);
  }
}

WE_EXPORT("random_get") int32_t random_get(uint8_t *out, uint32_t bytes) {
  fill_random("quickjs", 7, out, bytes);
  return 0;
}

/* Takes over both values. A rejection is forgotten as soon as somebody handles it. */
WE_EXPORT("host_promise_rejection") void host_promise_rejection(value *promise, value *reason, int32_t is_handled) {
  int32_t index = 0;
  while (index < rejection_count && qjs_get_value_ptr(rejections[index].promise) != qjs_get_value_ptr(promise)) index++;
  if (is_handled && index < rejection_count) {
    qjs_free_value(rejections[index].promise);
    qjs_free_value(rejections[index].reason);
    rejections[index] = rejections[--rejection_count];
  }
  if (!is_handled && index == rejection_count && rejection_count < REJECTIONS_MAX) {
    rejections[rejection_count].promise = promise;
    rejections[rejection_count++].reason = reason;
    return;
  }
  qjs_free_value(promise);
  qjs_free_value(reason);
}

static char *copied(const char *text, uint32_t bytes) {
  char *copy = wasm_malloc(bytes + 1);
  if (!copy) WE_TRAP();
  memcpy(copy, text, bytes);
  copy[bytes] = 0;
  return copy;
}

WE_EXPORT("host_module_normalize") char *host_module_normalize(const char *base, const char *name) {
  (void)base;
  return copied(name, (uint32_t)strlen(name));
}

WE_EXPORT("host_module_load") char *host_module_load(const char *name, uint32_t *bytes) {
  if (!we_text_is(we_text_of(name), sdk_module_name)) return 0;
  *bytes = sizeof sdk_module - 1;
  return copied(sdk_module, sizeof sdk_module - 1);
}

/* ---- from JavaScript to the host: native.* ---- */

/* An argument as UTF-8 or bytes; release with `drop`. */
typedef struct {
  const char *bytes;
  uint32_t length;
  value *buffer; /* of a typed array; else the text is a C string of the reactor */
} content;

static content take(value *argument) {
  content result = {"", 0, 0};
  if (qjs_is_string(argument)) {
    result.bytes = qjs_get_string_len(argument, &result.length);
    return result;
  }
  uint32_t offset = 0, length = 0, element = 0, whole = 0;
  result.buffer = qjs_get_typed_array_buffer(argument, &offset, &length, &element);
  const uint8_t *start = qjs_get_array_buffer(result.buffer, &whole);
  result.bytes = (const char *)start + offset;
  result.length = length;
  return result;
}

static void drop(content taken) {
  if (taken.buffer) qjs_free_value(taken.buffer);
  else qjs_free_cstring(taken.bytes);
}

/* What a call needs; 0 for what every agent may do. */
static int32_t needed(char name, value **arguments) {
  if (name == 'j' || name == 'v') return TOPICS;
  if (name == 's') return SPAWN;
  if (name != 'p') return 0;
  content call = take(arguments[0]);
  char letter = call.length ? call.bytes[0] : 0;
  drop(call);
  return letter == 'p' ? TOPICS : letter == 'i' ? MODELS : letter == 'c' ? TOOLS : 0;
}

static int32_t post(value **arguments) {
  content call = take(arguments[0]), topic = take(arguments[5]), payload = take(arguments[7]);
  we_envelope envelope = {(int32_t)qjs_get_float64(arguments[1]), (int32_t)qjs_get_float64(arguments[2]),
                          (uint64_t)qjs_get_float64(arguments[3]), (uint64_t)qjs_get_float64(arguments[4])};
  we_payload body = {{payload.bytes, payload.length}, (int32_t)qjs_get_float64(arguments[6])};
  int32_t ticks = (int32_t)qjs_get_float64(arguments[8]), result = WE_REFUSAL_TOO_LARGE;
  const uint8_t *message = we_compose(envelope, (we_text){topic.bytes, topic.length}, body);
  we_text name = {call.bytes, call.length};
  if (message) {
    if (we_text_is(name, "send")) result = we_host_send(message, ticks);
    else if (we_text_is(name, "publish")) result = we_host_publish(message);
    else if (we_text_is(name, "schedule")) result = we_host_schedule(message, ticks);
    else if (we_text_is(name, "infer")) result = we_host_infer(message, ticks);
    else result = we_host_call_tool(message, ticks);
  }
  drop(payload);
  drop(topic);
  drop(call);
  return result;
}

static value *random_bytes(content stream, double length) {
  if (!(length >= 0 && length <= 1048576)) return qjs_get_undefined();
  uint32_t bytes = (uint32_t)length;
  uint8_t *target = wasm_malloc(bytes + 1);
  if (!target) WE_TRAP();
  for (uint32_t at = 0; at < bytes; at += WE_RANDOM_BYTES_MAX) {
    uint32_t part = bytes - at < WE_RANDOM_BYTES_MAX ? bytes - at : WE_RANDOM_BYTES_MAX;
    fill_random(stream.bytes, stream.length, target + at, part);
  }
  value *array = qjs_new_uint8_array(target, bytes);
  wasm_free(target);
  return array;
}

static value *random_number(content stream) {
  uint64_t bits;
  fill_random(stream.bytes, stream.length, (uint8_t *)&bits, 8);
  return qjs_new_number((double)(bits >> 11) * (1.0 / 9007199254740992.0));
}

static value *call_with_text(char name, content text, value **arguments) {
  switch (name) {
    case 'l': return qjs_new_number(we_host_log((int32_t)qjs_get_float64(arguments[0]), text.bytes, (int32_t)text.length));
    case 'j': return qjs_new_number(we_host_join(text.bytes, (int32_t)text.length));
    case 'v': return qjs_new_number(we_host_leave(text.bytes, (int32_t)text.length));
    case 's': return qjs_new_number(we_host_spawn(text.bytes, (int32_t)text.length, &spawned_handle));
    case 'r': return random_number(text);
    case 'b': return random_bytes(text, qjs_get_float64(arguments[1]));
    default: {
      uint64_t handle = we_lookup((we_text){text.bytes, text.length});
      return qjs_new_number(handle == WE_NO_AGENT ? -1 : (double)handle);
    }
  }
}

static value *thrown(const char *text) {
  value *error = qjs_new_error();
  qjs_set_prop_string(error, "message", qjs_new_string(text, (uint32_t)strlen(text)));
  qjs_throw(error);
  qjs_free_value(error);
  return 0;
}

/* Names are one letter; the prelude is the only caller and gives every argument. */
WE_EXPORT("host_call") value *host_call(const char *names, uint32_t length, value *self, int32_t count, value **arguments) {
  (void)length, (void)self, (void)count;
  char name = names[0];
  if (name == 't') return qjs_new_number(loading ? 0 : (double)we_tick());
  if (name == 'm') return qjs_new_number(loading ? 0 : (double)we_time() / 1000000);
  if (loading && name != 'r' && name != 'b' && name != 'l')
    return thrown("host functions are there only in handlers, not while the module loads");
  if (needed(name, arguments) & ~declared)
    return thrown("this function needs a capability: name it in `capabilities` of defineAgent (topics, models, tools, spawn)");
  if (name == 'p') return qjs_new_number(post(arguments));
  if (name == 'h') return qjs_new_number((double)spawned_handle);
  if (name == 'c') return qjs_new_number(we_host_cancel((int32_t)qjs_get_float64(arguments[0])));
  if (name == 'x') return qjs_new_number(we_host_exit((int32_t)qjs_get_float64(arguments[0])));
  content text = take(arguments[name == 'l' ? 1 : 0]);
  value *result = call_with_text(name, text, arguments);
  drop(text);
  return result;
}

static value *native_object(void) {
  static const struct {
    const char *name;
    const char *letter;
  } functions[] = {{"log", "l"},    {"post", "p"},    {"join", "j"},        {"leave", "v"}, {"spawn", "s"},
                   {"spawned", "h"}, {"lookup", "f"}, {"random", "r"},      {"randomBytes", "b"}, {"tick", "t"},
                   {"time", "m"},   {"exit", "x"},    {"cancel", "c"}};
  value *native = qjs_new_object();
  for (uint32_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    value *function = qjs_new_host_function(functions[i].letter, 1, 0);
    qjs_set_prop_string(native, functions[i].name, function);
    qjs_free_value(function);
  }
  return native;
}

/* ---- invocations ---- */

static void report(const char *what, value *error) {
  char line[WE_LOG_LINE_BYTES_MAX];
  value *arguments[] = {error};
  value *text = qjs_call(printed, undefined, 1, arguments);
  uint32_t length = 0, prefix = (uint32_t)strlen(what);
  const char *bytes = qjs_get_string_len(text, &length);
  if (length > sizeof line - prefix) length = sizeof line - prefix;
  memcpy(line, what, prefix);
  memcpy(line + prefix, bytes, length);
  we_host_log(WE_LOG_LEVEL_ERROR, line, (int32_t)(prefix + length));
  qjs_free_cstring(bytes);
  qjs_free_value(text);
}

static int32_t uncaught(void) {
  value *error = qjs_get_exception();
  report("uncaught ", error);
  qjs_free_value(error);
  return UNCAUGHT;
}

/* Runs every microtask, then counts what nobody handled. */
static int32_t settle(void) {
  for (;;) {
    int32_t result = qjs_execute_pending_job();
    if (result < 0) return uncaught();
    if (result == 0) break;
  }
  if (rejection_count == 0) return 0;
  while (rejection_count > 0) {
    rejection_count--;
    report("unhandled rejection: ", rejections[rejection_count].reason);
    qjs_free_value(rejections[rejection_count].promise);
    qjs_free_value(rejections[rejection_count].reason);
  }
  return UNHANDLED_REJECTION;
}

static int32_t invoke(value *function, int32_t count, value **arguments) {
  value *result = qjs_call(function, undefined, count, arguments);
  if (qjs_is_exception(result)) return uncaught();
  qjs_free_value(result);
  return settle();
}

static int32_t delivered(const we_message *message) {
  bool is_text = message->encoding == WE_ENCODING_JSON || message->encoding == WE_ENCODING_TEXT;
  we_text payload = message->payload;
  value *arguments[] = {qjs_new_number(message->kind),
                        qjs_new_number(message->encoding),
                        qjs_new_number(message->flags),
                        qjs_new_number((double)message->id),
                        qjs_new_number((double)message->correlation_id),
                        qjs_new_number((double)message->peer),
                        qjs_new_number((double)message->tick),
                        qjs_new_string(message->topic.bytes, message->topic.length),
                        is_text ? qjs_new_string(payload.bytes, payload.length)
                                : qjs_new_uint8_array(payload.bytes, payload.length)};
  int32_t code = invoke(deliver, 9, arguments);
  for (int32_t i = 0; i < 9; i++) qjs_free_value(arguments[i]);
  return code;
}

static int32_t delivery_code;
static void on_any(const we_message *message) { delivery_code = delivered(message); }
static const we_agent handlers = {.on_start = on_any, .on_message = on_any, .on_answer = on_any, .on_timer = on_any,
                                  .on_task = on_any, .on_cadence = on_any, .on_stop = on_any};

WE_EXPORT("agent_receive") int32_t agent_receive(const void *message) {
  int32_t unknown = we_deliver(&handlers, message);
  return unknown < 0 ? unknown : delivery_code;
}
WE_EXPORT("agent_step") int32_t agent_step(const void *context) { return agent_receive(context); }
WE_EXPORT("agent_init") int32_t agent_init(void) { return 0; }
WE_EXPORT("agent_shutdown") int32_t agent_shutdown(void) { return invoke(shutdown, 0, 0); }

static void *scratch;
WE_EXPORT("agent_alloc") void *agent_alloc(uint32_t bytes) {
  wasm_free(scratch);
  scratch = wasm_malloc(bytes);
  if (!scratch) WE_TRAP();
  return scratch;
}

/* A string as a sized block; frees it. */
static const void *sized_block(value *text) {
  uint32_t length = 0;
  const char *bytes = qjs_get_string_len(text, &length);
  uint8_t *block = agent_alloc(length + WE_SIZED_BLOCK_HEADER_BYTES);
  memcpy(block, &length, 4);
  memcpy(block + WE_SIZED_BLOCK_HEADER_BYTES, bytes, length);
  qjs_free_cstring(bytes);
  qjs_free_value(text);
  return block;
}

WE_EXPORT("agent_describe") const void *agent_describe(void) {
  value *text = qjs_call(describe, undefined, 0, 0);
  if (qjs_is_exception(text)) {
    uncaught();
    WE_TRAP();
  }
  return sized_block(text);
}

/* A refusal is a negative pointer, after a console line that says why. */
WE_EXPORT("agent_export_state") const void *agent_export_state(void) {
  value *text = qjs_call(export_state, undefined, 0, 0);
  if (!qjs_is_exception(text)) return sized_block(text);
  uncaught();
  return (const void *)STATE_REFUSED;
}

WE_EXPORT("agent_import_state") int32_t agent_import_state(const uint8_t *block) {
  uint32_t length = 0;
  memcpy(&length, block, 4);
  value *text = qjs_new_string((const char *)block + WE_SIZED_BLOCK_HEADER_BYTES, length);
  int32_t code = invoke(import_state, 1, &text);
  qjs_free_value(text);
  return code < 0 ? STATE_REFUSED : 0;
}

/* ---- loading, at build time; these exports are removed from the finished module ---- */

/*
 * Two instances: one compiles and is thrown away, the other loads the bytecode and becomes the agent. So neither the texts nor
 * what the parser left behind is in the agent's memory.
 */

/* Room for a text and its terminator, or for bytecode. */
WE_EXPORT("load_alloc") char *load_alloc(uint32_t bytes) { return wasm_malloc(bytes + 1); }

static int32_t start(void) {
  loading = true;
  loading_random = 1;
  _initialize();
  if (qjs_init() != 0) return UNCAUGHT;
  qjs_set_max_stack_size(STACK_BYTES);
  qjs_set_promise_rejection_handler(1);
  qjs_set_module_loader(1);
  undefined = qjs_get_undefined();
  return 0;
}

static uint32_t compiled_bytes;
WE_EXPORT("load_compiled_bytes") uint32_t load_compiled_bytes(void) { return compiled_bytes; }

/* Bytecode of the prelude, without lines. */
WE_EXPORT("load_compile_prelude") const uint8_t *load_compile_prelude(void) {
  if (start() != 0) return 0;
  const char *name = "wasm-engine/prelude.js";
  return qjs_compile(prelude, sizeof prelude - 1, name, 0, STRIP_SOURCE | STRIP_DEBUG, &compiled_bytes);
}

/* Bytecode of an agent, with lines and without text; 0 after a console line that says why. The prelude comes first. */
WE_EXPORT("load_compile") const uint8_t *load_compile(const char *source, uint32_t bytes, const char *name) {
  const uint8_t *code = qjs_compile(source, bytes, name, EVAL_MODULE, STRIP_SOURCE, &compiled_bytes);
  if (code) return code;
  value *error = qjs_get_exception();
  value *stack = qjs_get_prop_string(error, "stack");
  uint32_t length = 0;
  const char *message = qjs_get_string_len(error, &length);
  we_host_log(WE_LOG_LEVEL_ERROR, message, (int32_t)length);
  const char *trace = qjs_get_string_len(stack, &length);
  we_host_log(WE_LOG_LEVEL_ERROR, trace, (int32_t)length);
  return 0;
}

static value *evaluated(uint8_t *code, uint32_t bytes) {
  value *result = qjs_eval_bytecode(code, bytes);
  memset(code, 0, bytes);
  wasm_free(code);
  return result;
}

static int32_t load_prelude(uint8_t *code, uint32_t bytes) {
  memset(prelude, 0, sizeof prelude);
  value *factory = evaluated(code, bytes);
  if (qjs_is_exception(factory)) return UNCAUGHT;
  value *native = native_object();
  value *arguments[] = {native};
  value *calls = qjs_call(factory, undefined, 1, arguments);
  if (qjs_is_exception(calls)) return UNCAUGHT;
  deliver = qjs_get_prop_string(calls, "deliver");
  shutdown = qjs_get_prop_string(calls, "shutdown");
  describe = qjs_get_prop_string(calls, "describe");
  capabilities = qjs_get_prop_string(calls, "capabilities");
  printed = qjs_get_prop_string(calls, "printed");
  export_state = qjs_get_prop_string(calls, "exportState");
  import_state = qjs_get_prop_string(calls, "importState");
  qjs_free_value(calls);
  qjs_free_value(native);
  qjs_free_value(factory);
  return 0;
}

static int32_t load_source(uint8_t *code, uint32_t bytes) {
  value *done = evaluated(code, bytes);
  if (qjs_is_exception(done)) return uncaught();
  int32_t result = settle();
  if (result < 0) return result;
  if (qjs_promise_state(done) == 0) {
    we_log("the module waits for something at its top level; await belongs into handlers");
    return UNCAUGHT;
  }
  qjs_free_value(done);
  value *mask = qjs_call(capabilities, undefined, 0, 0);
  if (qjs_is_exception(mask)) return uncaught();
  declared = (int32_t)qjs_get_float64(mask);
  qjs_free_value(mask);
  return declared;
}

/* Evaluates prelude and agent once; the capabilities declared, or a negative code after a console line that says why. */
WE_EXPORT("load") int32_t load(uint8_t *first, uint32_t first_bytes, uint8_t *second, uint32_t second_bytes) {
  int32_t code = start();
  if (code == 0) code = load_prelude(first, first_bytes);
  if (code == 0) code = load_source(second, second_bytes);
  qjs_run_gc();
  loading = false;
  return code;
}

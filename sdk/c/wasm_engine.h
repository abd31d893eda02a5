/*
 * wasm_engine.h: agents in freestanding C, one header, nothing to link.
 *
 *   #include "wasm_engine.h"
 *   static void on_message(const we_message *message) { ... we_reply(message, we_json_done(&json)); }
 *   WE_AGENT(.on_message = on_message)
 *
 *   clang --target=wasm32 -std=c11 -Os -ffreestanding -nostdlib -mbulk-memory -Wl,--no-entry -Wl,--strip-all \
 *     -Wl,--stack-first -Wl,-z,stack-size=65536 agent.c -o agent.wasm
 *
 * Static variables are the agent's state. Include it in one translation unit. Results below 0 are refusals.
 */
#ifndef WASM_ENGINE_H
#define WASM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- generated from packages/abi by scripts/src/generate-sdk.ts: begin ---- */
#define WE_ABI_MAJOR 1
#define WE_ABI_MINOR 0

/* What a message is. */
enum {
  WE_MESSAGE_KIND_MESSAGE = 0,
  WE_MESSAGE_KIND_ANSWER = 1,
  WE_MESSAGE_KIND_INFERENCE = 2,
  WE_MESSAGE_KIND_TOKEN = 3,
  WE_MESSAGE_KIND_TOOL = 4,
  WE_MESSAGE_KIND_TIMER = 5,
  WE_MESSAGE_KIND_START = 6,
  WE_MESSAGE_KIND_STOP = 7,
  WE_MESSAGE_KIND_TASK = 8,
  WE_MESSAGE_KIND_CADENCE = 9,
};

/* How a payload is encoded. */
enum {
  WE_ENCODING_BYTES = 0,
  WE_ENCODING_JSON = 1,
  WE_ENCODING_CBOR = 2,
  WE_ENCODING_TENSOR = 3,
  WE_ENCODING_TEXT = 4,
};

/* Element types of tensors, numbered as in ONNX. */
enum {
  WE_TENSOR_TYPE_FLOAT32 = 1,
  WE_TENSOR_TYPE_UINT8 = 2,
  WE_TENSOR_TYPE_INT8 = 3,
  WE_TENSOR_TYPE_INT16 = 5,
  WE_TENSOR_TYPE_INT32 = 6,
  WE_TENSOR_TYPE_INT64 = 7,
  WE_TENSOR_TYPE_BOOL = 9,
  WE_TENSOR_TYPE_FLOAT16 = 10,
  WE_TENSOR_TYPE_FLOAT64 = 11,
};

/* Bits of a message's flags. */
enum {
  WE_MESSAGE_FLAG_ANSWER_WANTED = 1,
  WE_MESSAGE_FLAG_LAST_PART = 2,
  WE_MESSAGE_FLAG_ERROR = 4,
};

/* Levels of console lines. */
enum {
  WE_LOG_LEVEL_DEBUG = 0,
  WE_LOG_LEVEL_INFO = 1,
  WE_LOG_LEVEL_WARN = 2,
  WE_LOG_LEVEL_ERROR = 3,
};

/* Typed refusals: negative results of host functions. */
enum {
  WE_REFUSAL_BAD_POINTER = -1,
  WE_REFUSAL_BAD_MESSAGE = -2,
  WE_REFUSAL_TOO_LARGE = -3,
  WE_REFUSAL_DENIED = -4,
  WE_REFUSAL_LIMIT = -5,
  WE_REFUSAL_NOT_FOUND = -6,
  WE_REFUSAL_BAD_TEXT = -7,
  WE_REFUSAL_BAD_ARGUMENT = -8,
};

/* Byte offsets in the message header. */
enum {
  WE_MESSAGE_FIELD_HEADER_BYTES = 0,
  WE_MESSAGE_FIELD_KIND = 4,
  WE_MESSAGE_FIELD_ENCODING = 6,
  WE_MESSAGE_FIELD_FLAGS = 7,
  WE_MESSAGE_FIELD_MESSAGE_ID = 8,
  WE_MESSAGE_FIELD_CORRELATION_ID = 16,
  WE_MESSAGE_FIELD_PEER = 24,
  WE_MESSAGE_FIELD_TICK = 32,
  WE_MESSAGE_FIELD_TOPIC_BYTES = 40,
  WE_MESSAGE_FIELD_PAYLOAD_BYTES = 44,
};

/* Limits of the contract; configuration may lower them. */
enum {
  WE_MESSAGE_HEADER_BYTES = 48,
  WE_SIZED_BLOCK_HEADER_BYTES = 4,
  WE_MESSAGE_BYTES_MAX = 1048576,
  WE_TOPIC_BYTES_MAX = 255,
  WE_LOG_LINE_BYTES_MAX = 16384,
  WE_RANDOM_BYTES_MAX = 65536,
  WE_STREAM_NAME_BYTES_MAX = 63,
  WE_DESCRIBE_BYTES_MAX = 1048576,
};

/* Writes a line to the agent's console (`logs`). */
__attribute__((import_module("wasm_engine"), import_name("log")))
int32_t we_host_log(int32_t level, const void *text_ptr, int32_t text_bytes);
/* Sends a message (kind MESSAGE) or an answer (kind ANSWER, correlationId = the request's messageId) to
 * `peer`. With flag ANSWER_WANTED: a request id > 0; else 0. */
__attribute__((import_module("wasm_engine"), import_name("send")))
int32_t we_host_send(const void *message_ptr, int32_t timeout_ticks);
/* Publishes to the members of `topic`, the publisher excepted. */
__attribute__((import_module("wasm_engine"), import_name("publish")))
int32_t we_host_publish(const void *message_ptr);
/* Subscribes to a topic from the next tick on. */
__attribute__((import_module("wasm_engine"), import_name("join")))
int32_t we_host_join(const void *topic_ptr, int32_t topic_bytes);
/* Ends a subscription from the next tick on. */
__attribute__((import_module("wasm_engine"), import_name("leave")))
int32_t we_host_leave(const void *topic_ptr, int32_t topic_bytes);
/* Kind TIMER: the message comes back after max(1, delay) ticks. Kind TASK: payload is a JSON task {taskId,
 * agentId?, priority?, payload?, dependsOn?, onDependencyFailure?}; answered when it completes. A request
 * id > 0. */
__attribute__((import_module("wasm_engine"), import_name("schedule")))
int32_t we_host_schedule(const void *message_ptr, int32_t delay_ticks);
/* Cancels any pending request of this agent; it is then answered CANCELLED. */
__attribute__((import_module("wasm_engine"), import_name("cancel")))
int32_t we_host_cancel(int32_t request_id);
/* Asks the model named by `topic`. A request id > 0. */
__attribute__((import_module("wasm_engine"), import_name("infer")))
int32_t we_host_infer(const void *message_ptr, int32_t timeout_ticks);
/* Calls the tool named by `topic`. A request id > 0. */
__attribute__((import_module("wasm_engine"), import_name("call_tool")))
int32_t we_host_call_tool(const void *message_ptr, int32_t timeout_ticks);
/* Starts a child from a JSON AgentSpec; writes its u64 handle, addressable at once. A request id > 0. */
__attribute__((import_module("wasm_engine"), import_name("spawn")))
int32_t we_host_spawn(const void *spec_ptr, int32_t spec_bytes, void *handle_out_ptr);
/* Writes the u64 handle of an agent id as of the last tick; 0, or NOT_FOUND. */
__attribute__((import_module("wasm_engine"), import_name("lookup")))
int32_t we_host_lookup(const void *id_ptr, int32_t id_bytes, void *handle_out_ptr);
/* Fills bytes from this agent's named random stream. */
__attribute__((import_module("wasm_engine"), import_name("random")))
int32_t we_host_random(const void *stream_ptr, int32_t stream_bytes, void *out_ptr, int32_t out_bytes);
/* The current tick. */
__attribute__((import_module("wasm_engine"), import_name("tick")))
int64_t we_host_tick(void);
/* Virtual time in nanoseconds since 1970-01-01T00:00:00Z. */
__attribute__((import_module("wasm_engine"), import_name("time")))
int64_t we_host_time(void);
/* Ends this agent at the seal of this turn. */
__attribute__((import_module("wasm_engine"), import_name("exit")))
int32_t we_host_exit(int32_t code);
/* ---- generated from packages/abi by scripts/src/generate-sdk.ts: end ---- */

#define WE_FUNCTION static inline __attribute__((unused))
#define WE_EXPORT(name) __attribute__((export_name(name)))
#define WE_TRAP() __builtin_trap()

/* The world's default timeout of a request, and none. */
#define WE_TIMEOUT_DEFAULT (-1)
#define WE_TIMEOUT_NEVER 0
/* Result of we_lookup where there is no such agent. */
#define WE_NO_AGENT UINT64_MAX

/* ---- what a compiler calls on its own ---- */

__attribute__((weak)) size_t strlen(const char *text) {
  const char *end = text;
  while (*(const volatile char *)end) end++;
  return (size_t)(end - text);
}

#ifdef __wasm_bulk_memory__
__attribute__((weak)) void *memcpy(void *to, const void *from, size_t bytes) { return __builtin_memcpy(to, from, bytes); }
__attribute__((weak)) void *memmove(void *to, const void *from, size_t bytes) { return __builtin_memmove(to, from, bytes); }
__attribute__((weak)) void *memset(void *to, int byte, size_t bytes) { return __builtin_memset(to, byte, bytes); }
#else
/* `volatile` keeps the compiler from turning the loops into calls of themselves. */
__attribute__((weak)) void *memmove(void *to, const void *from, size_t bytes) {
  volatile uint8_t *target = to;
  const uint8_t *source = from;
  if ((uintptr_t)to <= (uintptr_t)from) for (size_t i = 0; i < bytes; i++) target[i] = source[i];
  else while (bytes-- > 0) target[bytes] = source[bytes];
  return to;
}
__attribute__((weak)) void *memcpy(void *to, const void *from, size_t bytes) { return memmove(to, from, bytes); }
__attribute__((weak)) void *memset(void *to, int byte, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) ((volatile uint8_t *)to)[i] = (uint8_t)byte;
  return to;
}
#endif
__attribute__((weak)) int memcmp(const void *left, const void *right, size_t bytes) {
  const uint8_t *a = left, *b = right;
  for (size_t i = 0; i < bytes; i++) if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

/* ---- text ---- */

/* Bytes with a length; not terminated. */
typedef struct {
  const char *bytes;
  uint32_t length;
} we_text;

/* Text of a string literal or a terminated string. */
WE_FUNCTION we_text we_text_of(const char *terminated) { return (we_text){terminated, (uint32_t)strlen(terminated)}; }

WE_FUNCTION bool we_text_equal(we_text left, we_text right) {
  return left.length == right.length && memcmp(left.bytes, right.bytes, left.length) == 0;
}

WE_FUNCTION bool we_text_is(we_text text, const char *terminated) { return we_text_equal(text, we_text_of(terminated)); }

/* ---- memory that is never given back ---- */

#ifdef WE_ALLOCATE
/* The program has an allocator of its own that owns the end of memory; 0 where there is no more. */
WE_FUNCTION void *we_allocate(uint32_t bytes) {
  void *start = WE_ALLOCATE(bytes);
  if (!start) WE_TRAP();
  return start;
}
#else
extern uint8_t __heap_base;

/* 16-byte aligned, zeroed memory for the life of the agent. Traps where the memory quota is reached. */
WE_FUNCTION void *we_allocate(uint32_t bytes) {
  static uintptr_t next;
  if (next == 0) next = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
  uintptr_t start = next;
  uint64_t end = (uint64_t)start + (((uint64_t)bytes + 15) & ~(uint64_t)15);
  uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) << 16;
  if (end > have && (end > UINT32_MAX || __builtin_wasm_memory_grow(0, (end - have + 65535) >> 16) == (size_t)-1)) WE_TRAP();
  next = (uintptr_t)end;
  return (void *)start;
}
#endif

/* A region that only grows, by doubling: what it outgrows is lost, at most as much again as the largest. */
typedef struct {
  uint8_t *start;
  uint32_t capacity;
} we_region;

WE_FUNCTION uint8_t *we_reserve(we_region *region, uint32_t bytes) {
  if (bytes > region->capacity) {
    uint32_t capacity = region->capacity < 1024 ? 1024 : region->capacity;
    while (capacity < bytes) capacity *= 2;
    region->start = we_allocate(capacity);
    region->capacity = capacity;
  }
  return region->start;
}

/* ---- messages in ---- */

/* A message as delivered. `topic` and `payload` are there until the handler returns. */
typedef struct {
  int32_t kind;     /* WE_MESSAGE_KIND_... */
  int32_t encoding; /* WE_ENCODING_... */
  int32_t flags;    /* WE_MESSAGE_FLAG_... */
  uint64_t id;
  uint64_t correlation_id;
  uint64_t peer;
  uint64_t tick;
  we_text topic;
  we_text payload;
} we_message;

/* A checked JSON value inside a text; {0, 0} is no value. */
typedef struct {
  const char *start;
  const char *end;
} we_json;

/* Writes one JSON value into a buffer of the caller. */
typedef struct {
  char *buffer;
  uint32_t capacity;
  uint32_t length;
  uint32_t depth;
  uint64_t arrays; /* bit d: the bracket at depth d is an array */
  bool first;
  bool overflow;
} we_json_writer;

/* What an agent answers to; every member may be absent. */
typedef struct {
  void (*on_init)(void);
  void (*on_start)(const we_message *message);
  void (*on_message)(const we_message *message);
  /* Answers, inference results, tokens and tool results. */
  void (*on_answer)(const we_message *answer);
  void (*on_timer)(const we_message *message);
  void (*on_task)(const we_message *task);
  void (*on_cadence)(const we_message *context);
  void (*on_stop)(const we_message *message);
  void (*on_shutdown)(void);
  /* For inspectors, on a copy: the writer stands in an open object. */
  void (*describe)(we_json_writer *json);
} we_agent;

WE_FUNCTION bool we_answer_wanted(const we_message *message) { return message->flags & WE_MESSAGE_FLAG_ANSWER_WANTED; }
WE_FUNCTION bool we_is_last(const we_message *message) { return message->flags & WE_MESSAGE_FLAG_LAST_PART; }
WE_FUNCTION bool we_is_error(const we_message *message) { return message->flags & WE_MESSAGE_FLAG_ERROR; }

/* ---- messages out ---- */

/* What is sent: bytes and how they are encoded. */
typedef struct {
  we_text content;
  int32_t encoding;
} we_payload;

WE_FUNCTION we_payload we_bytes(const void *bytes, uint32_t length) {
  return (we_payload){{bytes, length}, WE_ENCODING_BYTES};
}
WE_FUNCTION we_payload we_plain(const char *terminated) {
  return (we_payload){we_text_of(terminated), WE_ENCODING_TEXT};
}
/* JSON text as it stands. */
WE_FUNCTION we_payload we_json_text_payload(we_text json) { return (we_payload){json, WE_ENCODING_JSON}; }
/* The payload of a message as it came. */
WE_FUNCTION we_payload we_forward(const we_message *message) {
  return (we_payload){message->payload, message->encoding};
}

typedef struct {
  int32_t kind;
  int32_t flags;
  uint64_t correlation_id;
  uint64_t peer;
} we_envelope;

WE_FUNCTION void we_put(uint8_t *at, const void *value, uint32_t bytes) { memcpy(at, value, bytes); }

/* A whole message in the outgoing region; 0 where it is larger than any message may be. */
WE_FUNCTION const uint8_t *we_compose(we_envelope envelope, we_text topic, we_payload payload) {
  static we_region outgoing;
  uint64_t body = ((uint64_t)WE_MESSAGE_HEADER_BYTES + topic.length + 7) & ~(uint64_t)7;
  uint64_t bytes = body + payload.content.length;
  if (bytes > WE_MESSAGE_BYTES_MAX || payload.encoding < 0) return 0;
  uint8_t *at = we_reserve(&outgoing, (uint32_t)bytes);
  memset(at, 0, (size_t)body);
  uint32_t header = WE_MESSAGE_HEADER_BYTES;
  we_put(at + WE_MESSAGE_FIELD_HEADER_BYTES, &header, 4);
  we_put(at + WE_MESSAGE_FIELD_KIND, &envelope.kind, 2);
  at[WE_MESSAGE_FIELD_ENCODING] = (uint8_t)payload.encoding;
  at[WE_MESSAGE_FIELD_FLAGS] = (uint8_t)envelope.flags;
  we_put(at + WE_MESSAGE_FIELD_CORRELATION_ID, &envelope.correlation_id, 8);
  we_put(at + WE_MESSAGE_FIELD_PEER, &envelope.peer, 8);
  we_put(at + WE_MESSAGE_FIELD_TOPIC_BYTES, &topic.length, 4);
  we_put(at + WE_MESSAGE_FIELD_PAYLOAD_BYTES, &payload.content.length, 4);
  memcpy(at + WE_MESSAGE_HEADER_BYTES, topic.bytes, topic.length);
  memcpy(at + body, payload.content.bytes, payload.content.length);
  return at;
}

#define WE_WITH_MESSAGE(call)                                                                                          \
  const uint8_t *message_ptr = we_compose(envelope, topic, payload);                                                   \
  return message_ptr ? (call) : WE_REFUSAL_TOO_LARGE

/* Sends to an agent. 0, or a refusal. */
WE_FUNCTION int32_t we_send(uint64_t to, const char *topic_name, we_payload payload) {
  we_text topic = we_text_of(topic_name);
  we_envelope envelope = {WE_MESSAGE_KIND_MESSAGE, 0, 0, to};
  if (to == WE_NO_AGENT) return WE_REFUSAL_NOT_FOUND;
  WE_WITH_MESSAGE(we_host_send(message_ptr, WE_TIMEOUT_DEFAULT));
}

/* Asks an agent. A request id > 0: the answer has it as correlation_id. */
WE_FUNCTION int32_t we_request(uint64_t to, const char *topic_name, we_payload payload, int32_t timeout_ticks) {
  we_text topic = we_text_of(topic_name);
  we_envelope envelope = {WE_MESSAGE_KIND_MESSAGE, WE_MESSAGE_FLAG_ANSWER_WANTED, 0, to};
  if (to == WE_NO_AGENT) return WE_REFUSAL_NOT_FOUND;
  WE_WITH_MESSAGE(we_host_send(message_ptr, timeout_ticks));
}

/* Answers message `id` of `peer`: for a request that was kept as two numbers. */
WE_FUNCTION int32_t we_answer(uint64_t peer, uint64_t id, int32_t flags, we_payload payload) {
  we_text topic = {"", 0};
  we_envelope envelope = {WE_MESSAGE_KIND_ANSWER, flags, id, peer};
  WE_WITH_MESSAGE(we_host_send(message_ptr, WE_TIMEOUT_DEFAULT));
}

WE_FUNCTION int32_t we_reply(const we_message *message, we_payload payload) {
  return we_answer(message->peer, message->id, WE_MESSAGE_FLAG_LAST_PART, payload);
}

WE_FUNCTION int32_t we_reply_error(const we_message *message, we_payload payload) {
  return we_answer(message->peer, message->id, WE_MESSAGE_FLAG_LAST_PART | WE_MESSAGE_FLAG_ERROR, payload);
}

WE_FUNCTION int32_t we_publish(const char *topic_name, we_payload payload) {
  we_text topic = we_text_of(topic_name);
  we_envelope envelope = {WE_MESSAGE_KIND_MESSAGE, 0, 0, 0};
  WE_WITH_MESSAGE(we_host_publish(message_ptr));
}

/* Comes back to on_timer after `delay_ticks`, at least 1. A request id > 0. */
WE_FUNCTION int32_t we_after(int32_t delay_ticks, const char *topic_name, we_payload payload) {
  we_text topic = we_text_of(topic_name);
  we_envelope envelope = {WE_MESSAGE_KIND_TIMER, 0, 0, 0};
  WE_WITH_MESSAGE(we_host_schedule(message_ptr, delay_ticks));
}

/* Schedules a task, described as JSON {taskId, agentId?, priority?, payload?, dependsOn?, onDependencyFailure?}. */
WE_FUNCTION int32_t we_schedule_task(we_payload payload, int32_t delay_ticks) {
  we_text topic = {"", 0};
  we_envelope envelope = {WE_MESSAGE_KIND_TASK, 0, 0, 0};
  WE_WITH_MESSAGE(we_host_schedule(message_ptr, delay_ticks));
}

WE_FUNCTION int32_t we_infer(const char *model, we_payload payload, int32_t timeout_ticks) {
  we_text topic = we_text_of(model);
  we_envelope envelope = {WE_MESSAGE_KIND_MESSAGE, 0, 0, 0};
  WE_WITH_MESSAGE(we_host_infer(message_ptr, timeout_ticks));
}

WE_FUNCTION int32_t we_call_tool(const char *tool, we_payload payload, int32_t timeout_ticks) {
  we_text topic = we_text_of(tool);
  we_envelope envelope = {WE_MESSAGE_KIND_MESSAGE, 0, 0, 0};
  WE_WITH_MESSAGE(we_host_call_tool(message_ptr, timeout_ticks));
}

WE_FUNCTION int32_t we_join(const char *topic) { return we_host_join(topic, (int32_t)strlen(topic)); }
WE_FUNCTION int32_t we_leave(const char *topic) { return we_host_leave(topic, (int32_t)strlen(topic)); }
WE_FUNCTION int32_t we_cancel(int32_t request_id) { return we_host_cancel(request_id); }

/* Starts a child from a JSON AgentSpec; `*handle` is addressable at once. A request id > 0. */
WE_FUNCTION int32_t we_spawn(we_text spec, uint64_t *handle) {
  return we_host_spawn(spec.bytes, (int32_t)spec.length, handle);
}

/* Handle of an agent; WE_NO_AGENT where there was none at the last tick. */
WE_FUNCTION uint64_t we_lookup(we_text id) {
  uint64_t handle = 0;
  return we_host_lookup(id.bytes, (int32_t)id.length, &handle) < 0 ? WE_NO_AGENT : handle;
}

/* Sends to the agent of that id. */
WE_FUNCTION int32_t we_send_to(const char *id, const char *topic, we_payload payload) {
  return we_send(we_lookup(we_text_of(id)), topic, payload);
}

WE_FUNCTION void we_log_text(int32_t level, we_text text) { we_host_log(level, text.bytes, (int32_t)text.length); }
WE_FUNCTION void we_log(const char *text) { we_log_text(WE_LOG_LEVEL_INFO, we_text_of(text)); }

/* Fills bytes from this agent's stream of that name; at most WE_RANDOM_BYTES_MAX. */
WE_FUNCTION int32_t we_random_bytes(const char *stream, void *target, uint32_t bytes) {
  return we_host_random(stream, (int32_t)strlen(stream), target, (int32_t)bytes);
}

/* A number in [0, 1) with 53 random bits. */
WE_FUNCTION double we_random(void) {
  uint64_t bits = 0;
  if (we_random_bytes("default", &bits, 8) < 0) WE_TRAP();
  return (double)(bits >> 11) * (1.0 / 9007199254740992.0);
}

WE_FUNCTION uint64_t we_tick(void) { return (uint64_t)we_host_tick(); }
/* Virtual time: nanoseconds since 1970-01-01T00:00:00Z. */
WE_FUNCTION int64_t we_time(void) { return we_host_time(); }
/* Ends this agent at the seal of this turn. */
WE_FUNCTION void we_exit(int32_t code) { we_host_exit(code); }

static int32_t we_failure;
/* Makes the running invocation fault with GUEST_ERROR: nothing of it counts. `code` is positive. */
WE_FUNCTION void we_fail(int32_t code) { we_failure = code > 0 ? -code : -1; }

/* ---- numbers as text, exactly ---- */

/* Digits that can decide a rounding; one more stands for whatever follows. */
#define WE_DIGITS_MAX 800
#define WE_LIMBS_MAX 256

/* A large natural number, little endian. */
typedef struct {
  uint32_t limbs[WE_LIMBS_MAX];
  int32_t count;
} we_natural;

WE_FUNCTION void we_natural_multiply_add(we_natural *number, uint32_t factor, uint32_t summand) {
  uint64_t carry = summand;
  for (int32_t i = 0; i < number->count; i++) {
    carry += (uint64_t)number->limbs[i] * factor;
    number->limbs[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry) number->limbs[number->count++] = (uint32_t)carry;
}

/* Divides in place; the remainder. */
WE_FUNCTION uint32_t we_natural_divide(we_natural *number, uint32_t divisor) {
  uint64_t rest = 0;
  for (int32_t i = number->count - 1; i >= 0; i--) {
    rest = (rest << 32) | number->limbs[i];
    number->limbs[i] = (uint32_t)(rest / divisor);
    rest %= divisor;
  }
  while (number->count > 0 && number->limbs[number->count - 1] == 0) number->count--;
  return (uint32_t)rest;
}

WE_FUNCTION void we_natural_shift(we_natural *number, int32_t limbs) {
  memmove(number->limbs + limbs, number->limbs, (size_t)number->count * 4);
  memset(number->limbs, 0, (size_t)limbs * 4);
  number->count += limbs;
}

WE_FUNCTION double we_double_of_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, 8);
  return value;
}

WE_FUNCTION uint64_t we_bits_of_double(double value) {
  uint64_t bits;
  memcpy(&bits, &value, 8);
  return bits;
}

/* number * 2^-shift as the nearest double, ties to even; `more`: a little more is meant. */
WE_FUNCTION double we_natural_round(const we_natural *number, int32_t shift, bool more) {
  int32_t count = number->count;
  const uint32_t *limbs = number->limbs;
  int32_t zeros = __builtin_clz(limbs[count - 1]);
  uint64_t top = (uint64_t)limbs[count - 1] << 32;
  if (count > 1) top |= limbs[count - 2];
  uint32_t below = count > 2 ? limbs[count - 3] : 0;
  if (zeros > 0) {
    top = (top << zeros) | ((uint64_t)below >> (32 - zeros));
    below <<= zeros;
  }
  more = more || below != 0;
  for (int32_t i = count - 4; i >= 0 && !more; i--) more = limbs[i] != 0;
  int32_t exponent = count * 32 - zeros - 1 - shift;
  if (exponent > 1023) return __builtin_inf();
  int32_t precision = exponent >= -1022 ? 53 : 53 + 1022 + exponent;
  if (precision < 0) return 0;
  int32_t dropped = 64 - precision;
  uint64_t kept = dropped == 64 ? 0 : top >> dropped;
  uint64_t half = (uint64_t)1 << (dropped - 1);
  uint64_t rest = dropped == 64 ? top : top & ((half << 1) - 1);
  if (rest > half || (rest == half && (more || (kept & 1)))) kept++;
  return we_double_of_bits(exponent < -1022 ? kept : ((uint64_t)(exponent + 1022) << 52) + kept);
}

WE_FUNCTION double we_decimal_exactly(const char *at, const char *end, int32_t digits, int32_t scale) {
  static we_natural number;
  int32_t taken = 0;
  number.count = 0;
  for (; at < end; at++) {
    if (*at == '.' || (taken == 0 && *at == '0')) continue;
    if (++taken <= WE_DIGITS_MAX) we_natural_multiply_add(&number, 10, (uint32_t)(*at - '0'));
  }
  if (taken > WE_DIGITS_MAX) we_natural_multiply_add(&number, 10, 1);
  if (digits > WE_DIGITS_MAX) scale += digits - WE_DIGITS_MAX - 1;
  bool more = false;
  int32_t shift = 0;
  if (scale < 0) {
    shift = ((-scale * 10 / 3 + 96) >> 5) << 5;
    we_natural_shift(&number, shift >> 5);
    for (; scale < 0; scale++) if (we_natural_divide(&number, 10)) more = true;
  }
  for (; scale > 0; scale--) we_natural_multiply_add(&number, 10, 0);
  return we_natural_round(&number, shift, more);
}

/* Exact up to 22; more would round. */
static const double we_powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                          1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Reads a checked JSON number to the nearest double. */
WE_FUNCTION double we_decimal_to_double(const char *start, const char *end) {
  const char *at = start;
  bool negative = *at == '-', fraction = false;
  if (negative) at++;
  const char *first = at;
  uint64_t mantissa = 0;
  int32_t digits = 0, scale = 0;
  for (; at < end && (*at == '.' || (*at >= '0' && *at <= '9')); at++) {
    if (*at == '.') {
      fraction = true;
      continue;
    }
    if (mantissa != 0 || *at != '0') digits++;
    if (digits < 20) mantissa = mantissa * 10 + (uint64_t)(*at - '0');
    if (fraction) scale--;
  }
  const char *last = at;
  if (at < end) {
    bool down = *++at == '-';
    if (down || *at == '+') at++;
    int32_t exponent = 0;
    for (; at < end; at++) if (exponent < 100000000) exponent = exponent * 10 + (*at - '0');
    scale += down ? -exponent : exponent;
  }
  double value;
  if (mantissa == 0) value = 0;
  else if (digits < 20 && mantissa <= 0x20000000000000 && scale >= -22 && scale <= 22)
    value = scale < 0 ? (double)mantissa / we_powers_of_ten[-scale] : (double)mantissa * we_powers_of_ten[scale];
  else if (digits + scale > 310) value = __builtin_inf();
  else if (digits + scale < -330) value = 0;
  else value = we_decimal_exactly(first, last, digits, scale);
  return negative ? -value : value;
}

/* The `precision` (at most 17) leading digits of a positive finite value, rounded; the power of ten of the last one. */
WE_FUNCTION int32_t we_leading_digits(double value, int32_t precision, uint64_t *digits) {
  static we_natural number;
  uint64_t bits = we_bits_of_double(value), limit = 1;
  int32_t exponent = (int32_t)(bits >> 52) & 2047;
  uint64_t mantissa = (bits & 0xfffffffffffffULL) | (exponent ? 0x10000000000000ULL : 0);
  int32_t binary = (exponent ? exponent : 1) - 1075;
  for (int32_t i = 0; i < precision; i++) limit *= 10;
  /* At most one too small: then there is a digit too many. */
  int32_t power = (int32_t)__builtin_floor((63 - __builtin_clzll(mantissa) + binary) * 0.30102999566398120) - precision + 1;
  for (;; power++) {
    /* number * 2^-shift is the wanted integer and its fraction; at least one bit of fraction decides the rounding. */
    int32_t shift = binary < 0 ? -binary : 1;
    bool more = false;
    number.limbs[0] = (uint32_t)mantissa;
    number.limbs[1] = (uint32_t)(mantissa >> 32);
    number.count = number.limbs[1] ? 2 : 1;
    for (int32_t i = binary + 1; i > 0; i -= 16) we_natural_multiply_add(&number, i >= 16 ? 65536 : 1u << i, 0);
    for (int32_t i = power; i < 0; i++) we_natural_multiply_add(&number, 10, 0);
    for (int32_t i = 0; i < power; i++) if (we_natural_divide(&number, 10)) more = true;
    for (int32_t i = number.count; i <= (shift >> 5) + 2; i++) number.limbs[i] = 0;
    int32_t limb = shift >> 5, bit = shift & 31, below = shift - 1;
    bool half = (number.limbs[below >> 5] >> (below & 31)) & 1;
    for (int32_t i = 0; i < below && !more; i++) more = (number.limbs[i >> 5] >> (i & 31)) & 1;
    uint64_t whole = ((uint64_t)number.limbs[limb + 1] << 32) | number.limbs[limb];
    if (bit) whole = (whole >> bit) | ((uint64_t)number.limbs[limb + 2] << (64 - bit));
    if (half && (more || (whole & 1))) whole++;
    if (whole < limit) {
      *digits = whole;
      return power;
    }
  }
}

WE_FUNCTION uint32_t we_write_unsigned(char *at, uint64_t value) {
  uint32_t length = 1;
  for (uint64_t rest = value; rest >= 10; rest /= 10) length++;
  for (uint32_t i = length; i-- > 0; value /= 10) at[i] = (char)('0' + value % 10);
  return length;
}

/* Digits times ten to the power, as JavaScript writes numbers. At most 26 bytes. */
WE_FUNCTION uint32_t we_write_decimal(char *at, uint64_t digits, int32_t power) {
  char text[20];
  for (; digits % 10 == 0; digits /= 10) power++;
  int32_t count = (int32_t)we_write_unsigned(text, digits), point = count + power;
  char *to = at;
  if (point > 21 || point < -5) {
    *to++ = text[0];
    if (count > 1) *to++ = '.';
    for (int32_t i = 1; i < count; i++) *to++ = text[i];
    *to++ = 'e';
    *to++ = point > 0 ? '+' : '-';
    return (uint32_t)(to - at) + we_write_unsigned(to, (uint64_t)(point > 0 ? point - 1 : 1 - point));
  }
  if (point <= 0) {
    *to++ = '0';
    *to++ = '.';
    for (int32_t i = point; i < 0; i++) *to++ = '0';
  }
  for (int32_t i = 0; i < count || i < point; i++) {
    if (i == point && point > 0) *to++ = '.';
    *to++ = i < count ? text[i] : '0';
  }
  return (uint32_t)(to - at);
}

/* Shortest of 15, 16 or 17 digits that reads back as the same number; "null" where it is not finite. At most 32 bytes. */
WE_FUNCTION uint32_t we_write_double(char *at, double value) {
  uint64_t digits;
  if (value - value != 0) {
    memcpy(at, "null", 4);
    return 4;
  }
  char *to = at;
  if (value < 0) *to++ = '-';
  value = __builtin_fabs(value);
  if (value <= 9007199254740992.0 && (double)(uint64_t)value == value)
    return (uint32_t)(to - at) + we_write_unsigned(to, (uint64_t)value);
  for (int32_t precision = 15;; precision++) {
    int32_t power = we_leading_digits(value, precision, &digits);
    uint32_t length = we_write_decimal(to, digits, power);
    if (precision == 17 || we_decimal_to_double(to, to + length) == value) return (uint32_t)(to - at) + length;
  }
}

/* ---- JSON in ---- */

/* Deeper nesting is malformed: the checker is recursive. */
#define WE_JSON_DEPTH_MAX 64

WE_FUNCTION const char *we_json_space(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
  return at;
}

WE_FUNCTION int32_t we_hex_unit(const char *at) {
  int32_t unit = 0;
  for (int32_t i = 0; i < 4; i++) {
    char lower = (char)(at[i] | 0x20);
    if (at[i] >= '0' && at[i] <= '9') unit = (unit << 4) | (at[i] - '0');
    else if (lower >= 'a' && lower <= 'f') unit = (unit << 4) | (lower - 'a' + 10);
    else return -1;
  }
  return unit;
}

/* The functions below give one past what starts at `at`, 0 where it is malformed. */

WE_FUNCTION const char *we_json_skip_text(const char *at, const char *end) {
  for (at++; at < end; at++) {
    if (*at == '"') return at + 1;
    if ((uint8_t)*at < 0x20) return 0;
    if (*at != '\\') continue;
    if (++at >= end) return 0;
    if (*at == 'u') {
      if (end - at < 5 || we_hex_unit(at + 1) < 0) return 0;
      at += 4;
    } else if (*at != '"' && *at != '\\' && *at != '/' && *at != 'b' && *at != 'f' && *at != 'n' && *at != 'r' && *at != 't')
      return 0;
  }
  return 0;
}

WE_FUNCTION const char *we_json_digits(const char *at, const char *end) {
  while (at < end && *at >= '0' && *at <= '9') at++;
  return at;
}

WE_FUNCTION const char *we_json_skip_number(const char *at, const char *end) {
  if (*at == '-') at++;
  const char *digits = at;
  at = we_json_digits(at, end);
  if (at == digits || (*digits == '0' && at - digits > 1)) return 0;
  if (at < end && *at == '.') {
    const char *fraction = at + 1;
    at = we_json_digits(fraction, end);
    if (at == fraction) return 0;
  }
  if (at < end && (*at | 0x20) == 'e') {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    const char *exponent = at;
    at = we_json_digits(exponent, end);
    if (at == exponent) return 0;
  }
  return at;
}

static const char *we_json_skip(const char *at, const char *end, int32_t depth);

WE_FUNCTION const char *we_json_skip_members(const char *at, const char *end, int32_t depth) {
  bool array = *at == '[';
  char closer = array ? ']' : '}';
  at = we_json_space(at + 1, end);
  if (at < end && *at == closer) return at + 1;
  while (at < end) {
    if (!array) {
      if (*at != '"' || !(at = we_json_skip_text(at, end))) return 0;
      at = we_json_space(at, end);
      if (at >= end || *at != ':') return 0;
      at = we_json_space(at + 1, end);
    }
    if (!(at = we_json_skip(at, end, depth + 1))) return 0;
    at = we_json_space(at, end);
    if (at >= end) return 0;
    if (*at == closer) return at + 1;
    if (*at != ',') return 0;
    at = we_json_space(at + 1, end);
  }
  return 0;
}

static __attribute__((unused)) const char *we_json_skip(const char *at, const char *end, int32_t depth) {
  if (at >= end || depth > WE_JSON_DEPTH_MAX) return 0;
  if (*at == '{' || *at == '[') return we_json_skip_members(at, end, depth);
  if (*at == '"') return we_json_skip_text(at, end);
  if (*at == 't') return end - at >= 4 && memcmp(at, "true", 4) == 0 ? at + 4 : 0;
  if (*at == 'n') return end - at >= 4 && memcmp(at, "null", 4) == 0 ? at + 4 : 0;
  if (*at == 'f') return end - at >= 5 && memcmp(at, "false", 5) == 0 ? at + 5 : 0;
  return we_json_skip_number(at, end);
}

/* Checks a text; {0, 0} where it is not one JSON value. Nothing is copied. */
WE_FUNCTION we_json we_json_parse(we_text text) {
  const char *end = text.bytes + text.length;
  const char *start = we_json_space(text.bytes, end);
  const char *last = we_json_skip(start, end, 0);
  if (!last || we_json_space(last, end) != end) return (we_json){0, 0};
  return (we_json){start, last};
}

WE_FUNCTION bool we_json_exists(we_json value) { return value.start != 0; }
WE_FUNCTION bool we_json_is_object(we_json value) { return value.start && *value.start == '{'; }
WE_FUNCTION bool we_json_is_array(we_json value) { return value.start && *value.start == '['; }
WE_FUNCTION bool we_json_is_text(we_json value) { return value.start && *value.start == '"'; }
WE_FUNCTION bool we_json_is_null(we_json value) { return value.start && *value.start == 'n'; }
WE_FUNCTION bool we_json_is_boolean(we_json value) { return value.start && (*value.start == 't' || *value.start == 'f'); }
WE_FUNCTION bool we_json_is_number(we_json value) {
  return value.start && (*value.start == '-' || (*value.start >= '0' && *value.start <= '9'));
}

/* Steps through an object or array: `while (we_json_next(list, &cursor, &key, &value))`, cursor 0 at first. */
WE_FUNCTION bool we_json_next(we_json list, const char **cursor, we_json *key, we_json *value) {
  if (!we_json_is_object(list) && !we_json_is_array(list)) return false;
  const char *at = we_json_space(*cursor ? *cursor : list.start + 1, list.end);
  if (*cursor && *at == ',') at = we_json_space(at + 1, list.end);
  if (at >= list.end - 1) return false;
  *key = (we_json){0, 0};
  if (*list.start == '{') {
    *key = (we_json){at, we_json_skip_text(at, list.end)};
    at = we_json_space(we_json_space(key->end, list.end) + 1, list.end);
  }
  *value = (we_json){at, we_json_skip(at, list.end, 0)};
  *cursor = value->end;
  return true;
}

WE_FUNCTION uint32_t we_put_utf8(char *at, uint32_t point) {
  if (point < 0x80) {
    at[0] = (char)point;
    return 1;
  }
  uint32_t extra = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  static const uint8_t marks[] = {0, 0xc0, 0xe0, 0xf0};
  at[0] = (char)(marks[extra] | (point >> (6 * extra)));
  for (uint32_t i = 1; i <= extra; i++) at[i] = (char)(0x80 | ((point >> (6 * (extra - i))) & 0x3f));
  return extra + 1;
}

/* One character of the text at `*at` (behind its quote), escapes resolved; lone surrogates become U+FFFD. Its bytes. */
WE_FUNCTION uint32_t we_json_character(const char **at, char *target) {
  static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
  const char *here = *at;
  if (*here != '\\') {
    *target = *here;
    *at = here + 1;
    return 1;
  }
  *at = here + 2;
  if (here[1] != 'u') {
    *target = here[1];
    for (int32_t i = 0; i < 5; i++) if (here[1] == from[i]) *target = to[i];
    return 1;
  }
  uint32_t point = (uint32_t)we_hex_unit(here + 2);
  *at = here + 6;
  if (point >= 0xd800 && point < 0xdc00 && here[6] == '\\' && here[7] == 'u') {
    uint32_t low = (uint32_t)we_hex_unit(here + 8);
    if (low >= 0xdc00 && low < 0xe000) {
      *at = here + 12;
      return we_put_utf8(target, 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00));
    }
  }
  return we_put_utf8(target, point >= 0xd800 && point < 0xe000 ? 0xfffd : point);
}

/* Copies a text value, escapes resolved, cut where the buffer ends; its bytes. */
WE_FUNCTION uint32_t we_json_copy_text(we_json value, char *buffer, uint32_t capacity) {
  if (!we_json_is_text(value)) return 0;
  uint32_t length = 0;
  for (const char *at = value.start + 1; at < value.end - 1;) {
    char character[4];
    uint32_t bytes = we_json_character(&at, character);
    if (length + bytes > capacity) break;
    memcpy(buffer + length, character, bytes);
    length += bytes;
  }
  return length;
}

/* True where the text value is `terminated`. */
WE_FUNCTION bool we_json_text_is(we_json value, const char *terminated) {
  if (!we_json_is_text(value)) return false;
  for (const char *at = value.start + 1; at < value.end - 1;) {
    char character[4];
    uint32_t bytes = we_json_character(&at, character);
    for (uint32_t i = 0; i < bytes; i++) if (*terminated == 0 || *terminated++ != character[i]) return false;
  }
  return *terminated == 0;
}

/* Member of an object; {0, 0} where there is none. The last of equal keys wins, as in JavaScript. */
WE_FUNCTION we_json we_json_get(we_json object, const char *name) {
  we_json found = {0, 0}, key, value;
  const char *cursor = 0;
  if (we_json_is_object(object)) while (we_json_next(object, &cursor, &key, &value)) if (we_json_text_is(key, name)) found = value;
  return found;
}

WE_FUNCTION double we_json_as_number(we_json value, double fallback) {
  return we_json_is_number(value) ? we_decimal_to_double(value.start, value.end) : fallback;
}

WE_FUNCTION double we_json_number(we_json object, const char *name, double fallback) {
  return we_json_as_number(we_json_get(object, name), fallback);
}

WE_FUNCTION bool we_json_boolean(we_json object, const char *name, bool fallback) {
  we_json value = we_json_get(object, name);
  return we_json_is_boolean(value) ? *value.start == 't' : fallback;
}

/* Copies a text member, cut where the buffer ends; its bytes, 0 where there is none. */
WE_FUNCTION uint32_t we_json_text(we_json object, const char *name, char *buffer, uint32_t capacity) {
  return we_json_copy_text(we_json_get(object, name), buffer, capacity);
}

/* ---- JSON out ---- */

WE_FUNCTION void we_json_put(we_json_writer *json, const void *bytes, uint32_t length) {
  if (length > json->capacity - json->length) json->overflow = true;
  if (json->overflow) return;
  memcpy(json->buffer + json->length, bytes, length);
  json->length += length;
}

WE_FUNCTION void we_json_put_text(we_json_writer *json, we_text text) {
  static const char hex[] = "0123456789abcdef";
  we_json_put(json, "\"", 1);
  for (uint32_t i = 0; i < text.length; i++) {
    uint8_t byte = (uint8_t)text.bytes[i];
    if (byte == '"' || byte == '\\') we_json_put(json, (char[]){'\\', (char)byte}, 2);
    else if (byte < 0x20) we_json_put(json, (char[]){'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]}, 6);
    else we_json_put(json, &byte, 1);
  }
  we_json_put(json, "\"", 1);
}

/* Comma and key; a null key inside arrays. */
WE_FUNCTION void we_json_key(we_json_writer *json, const char *name) {
  if (!json->first) we_json_put(json, ",", 1);
  json->first = false;
  if (!name) return;
  we_json_put_text(json, we_text_of(name));
  we_json_put(json, ":", 1);
}

WE_FUNCTION void we_json_open(we_json_writer *json, bool array) {
  if (json->depth == 63) WE_TRAP();
  json->depth++;
  json->arrays = (json->arrays & ~((uint64_t)1 << json->depth)) | ((uint64_t)array << json->depth);
  json->first = true;
  we_json_put(json, array ? "[" : "{", 1);
}

/* Opens an object in the caller's buffer. What does not fit makes the whole an overflow: sending it is refused. */
WE_FUNCTION we_json_writer we_json_object(char *buffer, uint32_t capacity) {
  we_json_writer json = {buffer, capacity, 0, 0, 0, true, false};
  we_json_open(&json, false);
  return json;
}

WE_FUNCTION we_json_writer we_json_array(char *buffer, uint32_t capacity) {
  we_json_writer json = {buffer, capacity, 0, 0, 0, true, false};
  we_json_open(&json, true);
  return json;
}

/* Closes the innermost object or array. */
WE_FUNCTION void we_json_end(we_json_writer *json) {
  if (json->depth == 0) WE_TRAP();
  we_json_put(json, (json->arrays >> json->depth) & 1 ? "]" : "}", 1);
  json->depth--;
  json->first = false;
}

WE_FUNCTION void we_json_begin_object(we_json_writer *json, const char *name) {
  we_json_key(json, name);
  we_json_open(json, false);
}

WE_FUNCTION void we_json_begin_array(we_json_writer *json, const char *name) {
  we_json_key(json, name);
  we_json_open(json, true);
}

WE_FUNCTION void we_json_add_number(we_json_writer *json, const char *name, double value) {
  char text[32];
  uint32_t length = we_write_double(text, value);
  we_json_key(json, name);
  we_json_put(json, text, length);
}

WE_FUNCTION void we_json_add_integer(we_json_writer *json, const char *name, int64_t value) {
  char text[20];
  uint32_t length = we_write_unsigned(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
  we_json_key(json, name);
  if (value < 0) we_json_put(json, "-", 1);
  we_json_put(json, text, length);
}

WE_FUNCTION void we_json_add_text(we_json_writer *json, const char *name, we_text value) {
  we_json_key(json, name);
  we_json_put_text(json, value);
}

WE_FUNCTION void we_json_add_boolean(we_json_writer *json, const char *name, bool value) {
  we_json_key(json, name);
  we_json_put(json, value ? "true" : "false", value ? 4 : 5);
}

WE_FUNCTION void we_json_add_null(we_json_writer *json, const char *name) {
  we_json_key(json, name);
  we_json_put(json, "null", 4);
}

/* A member that is JSON text already. */
WE_FUNCTION void we_json_add_raw(we_json_writer *json, const char *name, we_text value) {
  we_json_key(json, name);
  we_json_put(json, value.bytes, value.length);
}

/* Closes everything that is open; the payload to send. An overflow is refused by every sending function. */
WE_FUNCTION we_payload we_json_done(we_json_writer *json) {
  while (json->depth > 0) we_json_end(json);
  return (we_payload){{json->buffer, json->length}, json->overflow ? -1 : WE_ENCODING_JSON};
}

/* ---- tensors: what a model takes and answers ---- */

enum { WE_TENSORS_MAX = 64, WE_TENSOR_RANK_MAX = 8, WE_TENSOR_NAME_BYTES_MAX = 255 };

/* One tensor of a payload; name and data lie in the message. The first dimension is the batch. */
typedef struct {
  we_text name; /* empty: the model's only input or output */
  int32_t type; /* WE_TENSOR_TYPE_... */
  uint32_t rank;
  uint32_t dimensions[WE_TENSOR_RANK_MAX];
  uint32_t count; /* elements, row by row */
  const uint8_t *data;
} we_tensor;

/* Writes a payload of tensors into a buffer of the caller. */
typedef struct {
  uint8_t *buffer;
  uint32_t capacity;
  uint32_t length;
  uint32_t count;
  bool overflow;
} we_tensor_writer;

/* Bytes of one element; 0 where the type is not known. */
WE_FUNCTION uint32_t we_tensor_element_bytes(int32_t type) {
  switch (type) {
    case WE_TENSOR_TYPE_UINT8:
    case WE_TENSOR_TYPE_INT8:
    case WE_TENSOR_TYPE_BOOL: return 1;
    case WE_TENSOR_TYPE_INT16:
    case WE_TENSOR_TYPE_FLOAT16: return 2;
    case WE_TENSOR_TYPE_FLOAT32:
    case WE_TENSOR_TYPE_INT32: return 4;
    case WE_TENSOR_TYPE_INT64:
    case WE_TENSOR_TYPE_FLOAT64: return 8;
    default: return 0;
  }
}

/* Bytes of that many elements, or more than any message where they do not fit one. */
WE_FUNCTION uint32_t we_tensor_data_bytes(int32_t type, uint32_t rank, const uint32_t *dimensions) {
  uint64_t bytes = we_tensor_element_bytes(type);
  for (uint32_t axis = 0; axis < rank; axis++) {
    bytes *= dimensions[axis];
    if (bytes > WE_MESSAGE_BYTES_MAX) return WE_MESSAGE_BYTES_MAX + 1;
  }
  return (uint32_t)bytes;
}

/* Begins a payload in `buffer`, which is 8-byte aligned. */
WE_FUNCTION we_tensor_writer we_tensor_begin(void *buffer, uint32_t capacity) {
  we_tensor_writer writer = {buffer, capacity, 8, 0, capacity < 8};
  if (!writer.overflow) memset(buffer, 0, 8);
  return writer;
}

/* Adds a tensor of zeros; its elements, 8-byte aligned, for the caller to fill. 0 where it does not fit. */
WE_FUNCTION void *we_tensor_add(we_tensor_writer *writer, const char *name, int32_t type, uint32_t rank,
                                const uint32_t *dimensions) {
  we_text text = we_text_of(name);
  uint32_t data_bytes = rank <= WE_TENSOR_RANK_MAX ? we_tensor_data_bytes(type, rank, dimensions) : 0;
  uint32_t data_at = (8 + rank * 4 + text.length + 7) & ~7u;
  bool wrong = rank > WE_TENSOR_RANK_MAX || we_tensor_element_bytes(type) == 0 || writer->count == WE_TENSORS_MAX ||
               text.length > WE_TENSOR_NAME_BYTES_MAX || data_bytes > WE_MESSAGE_BYTES_MAX;
  uint64_t end = (uint64_t)writer->length + ((data_at + data_bytes + 7) & ~7u);
  if (writer->overflow || wrong || end > writer->capacity) {
    writer->overflow = true;
    return 0;
  }
  uint8_t *at = writer->buffer + writer->length;
  memset(at, 0, (size_t)(end - writer->length));
  at[0] = (uint8_t)type;
  at[1] = (uint8_t)rank;
  we_put(at + 2, &text.length, 2);
  we_put(at + 4, &data_bytes, 4);
  we_put(at + 8, dimensions, rank * 4);
  we_put(at + 8 + rank * 4, text.bytes, text.length);
  writer->length = (uint32_t)end;
  writer->count++;
  return at + data_at;
}

/* One row of float32, dimensions [1, count]: the usual input of a small model. */
WE_FUNCTION void we_tensor_add_row(we_tensor_writer *writer, const char *name, const float *values, uint32_t count) {
  uint32_t dimensions[2] = {1, count};
  void *data = we_tensor_add(writer, name, WE_TENSOR_TYPE_FLOAT32, 2, dimensions);
  if (data) memcpy(data, values, (size_t)count * 4);
}

/* The payload to send. An overflow is refused by every sending function. */
WE_FUNCTION we_payload we_tensor_done(we_tensor_writer *writer) {
  if (!writer->overflow) we_put(writer->buffer, &writer->count, 4);
  return (we_payload){{(const char *)writer->buffer, writer->length}, writer->overflow ? -1 : WE_ENCODING_TENSOR};
}

/* Reads the tensor at `offset` of a payload; where the next one begins, or 0 where it is none. */
WE_FUNCTION uint32_t we_tensor_read(we_text payload, uint32_t offset, we_tensor *tensor) {
  const uint8_t *at = (const uint8_t *)payload.bytes + offset;
  uint32_t data_bytes = 0;
  if ((uint64_t)offset + 8 > payload.length) return 0;
  *tensor = (we_tensor){.type = at[0], .rank = at[1]};
  memcpy(&tensor->name.length, at + 2, 2);
  memcpy(&data_bytes, at + 4, 4);
  bool wrong = tensor->rank > WE_TENSOR_RANK_MAX || tensor->name.length > WE_TENSOR_NAME_BYTES_MAX ||
               we_tensor_element_bytes(tensor->type) == 0 || data_bytes > WE_MESSAGE_BYTES_MAX;
  if (wrong) return 0;
  uint32_t data_at = (8 + tensor->rank * 4 + tensor->name.length + 7) & ~7u;
  uint64_t end = (uint64_t)offset + ((data_at + data_bytes + 7) & ~7u);
  if (end > payload.length) return 0;
  memcpy(tensor->dimensions, at + 8, tensor->rank * 4);
  if (we_tensor_data_bytes(tensor->type, tensor->rank, tensor->dimensions) != data_bytes) return 0;
  tensor->name.bytes = (const char *)at + 8 + tensor->rank * 4;
  tensor->count = data_bytes / we_tensor_element_bytes(tensor->type);
  tensor->data = at + data_at;
  return (uint32_t)end;
}

/* Reads up to `max` tensors of a message; how many it holds, or -1 where it is no whole payload of tensors. */
WE_FUNCTION int32_t we_tensors(const we_message *message, we_tensor *tensors, uint32_t max) {
  uint32_t count = 0, offset = 8;
  if (message->encoding != WE_ENCODING_TENSOR || message->payload.length < 8) return -1;
  memcpy(&count, message->payload.bytes, 4);
  if (count > WE_TENSORS_MAX) return -1;
  for (uint32_t index = 0; index < count; index++) {
    we_tensor tensor;
    offset = we_tensor_read(message->payload, offset, &tensor);
    if (offset == 0) return -1;
    if (index < max) tensors[index] = tensor;
  }
  return offset == message->payload.length ? (int32_t)count : -1;
}

/* The tensor of that name, or the only one where it has none. False where there is none. */
WE_FUNCTION bool we_tensor_find(const we_message *message, const char *name, we_tensor *tensor) {
  we_tensor tensors[WE_TENSORS_MAX];
  int32_t count = we_tensors(message, tensors, WE_TENSORS_MAX);
  for (int32_t index = 0; index < count; index++) {
    *tensor = tensors[index];
    if (we_text_is(tensor->name, name) || (count == 1 && tensor->name.length == 0)) return true;
  }
  return false;
}

/* Element `index` of a tensor of float32 or float64; 0 where there is none. */
WE_FUNCTION double we_tensor_number(const we_tensor *tensor, uint32_t index) {
  double wide = 0;
  float narrow = 0;
  if (index >= tensor->count) return 0;
  if (tensor->type == WE_TENSOR_TYPE_FLOAT64) memcpy(&wide, tensor->data + index * 8, 8);
  if (tensor->type == WE_TENSOR_TYPE_FLOAT32) {
    memcpy(&narrow, tensor->data + index * 4, 4);
    wide = narrow;
  }
  return wide;
}

/* Element `index` of a tensor of integers or booleans; 0 where there is none. */
WE_FUNCTION int64_t we_tensor_integer(const we_tensor *tensor, uint32_t index) {
  int64_t wide = 0;
  int32_t word = 0;
  int16_t half = 0;
  if (index >= tensor->count) return 0;
  switch (tensor->type) {
    case WE_TENSOR_TYPE_INT64: memcpy(&wide, tensor->data + index * 8, 8); return wide;
    case WE_TENSOR_TYPE_INT32: memcpy(&word, tensor->data + index * 4, 4); return word;
    case WE_TENSOR_TYPE_INT16: memcpy(&half, tensor->data + index * 2, 2); return half;
    case WE_TENSOR_TYPE_INT8: return (int8_t)tensor->data[index];
    case WE_TENSOR_TYPE_UINT8:
    case WE_TENSOR_TYPE_BOOL: return tensor->data[index];
    default: return 0;
  }
}

/* ---- mathematics, the same bits everywhere ---- */

WE_FUNCTION double we_sqrt(double value) { return __builtin_sqrt(value); }

/* Natural logarithm; error below 2 units in the last place. -inf for 0, NaN below. */
WE_FUNCTION double we_ln(double value) {
  if (value == 0) return -__builtin_inf();
  if (!(value > 0) || value == __builtin_inf()) return value < 0 ? __builtin_nan("") : value;
  int32_t exponent = 0;
  if (value < 2.2250738585072014e-308) {
    value *= 18014398509481984.0;
    exponent = -54;
  }
  uint64_t bits = we_bits_of_double(value);
  exponent += (int32_t)(bits >> 52) - 1023;
  double mantissa = we_double_of_bits((bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL);
  if (mantissa > 1.4142135623730951) {
    mantissa *= 0.5;
    exponent++;
  }
  /* ln m = 2 artanh((m - 1) / (m + 1)) = f - s (f - series), with f = m - 1: the small part is added last. */
  double f = mantissa - 1, s = f / (2 + f), square = s * s, series = 0;
  for (int32_t k = 23; k >= 3; k -= 2) series = (series + 2.0 / k) * square;
  double small = s * (f - series) - exponent * 1.90821492927058770002e-10;
  return exponent * 6.93147180369123816490e-01 - (small - f);
}

/* e to the power; error below 2 units in the last place. */
WE_FUNCTION double we_exp(double value) {
  if (value != value) return value;
  if (value > 709.782712893384) return __builtin_inf();
  if (value < -745.2) return 0;
  int32_t power = (int32_t)__builtin_floor(value * 1.4426950408889634 + 0.5);
  double rest = (value - power * 6.93147180369123816490e-01) - power * 1.90821492927058770002e-10;
  double sum = 1;
  for (int32_t k = 18; k >= 1; k--) sum = 1 + rest * sum / k;
  int32_t half = power / 2;
  return sum * we_double_of_bits((uint64_t)(half + 1023) << 52) * we_double_of_bits((uint64_t)(power - half + 1023) << 52);
}

/* ---- entry points ---- */

static we_region we_scratch, we_description;

WE_FUNCTION int32_t we_take_failure(void) {
  int32_t code = we_failure;
  we_failure = 0;
  return code;
}

WE_FUNCTION void we_call(void (*handler)(const we_message *), const we_message *message) {
  if (handler) handler(message);
}

WE_FUNCTION int32_t we_deliver(const we_agent *agent, const uint8_t *at) {
  we_message message = {0};
  memcpy(&message.kind, at + WE_MESSAGE_FIELD_KIND, 2);
  message.encoding = at[WE_MESSAGE_FIELD_ENCODING];
  message.flags = at[WE_MESSAGE_FIELD_FLAGS];
  memcpy(&message.id, at + WE_MESSAGE_FIELD_MESSAGE_ID, 8);
  memcpy(&message.correlation_id, at + WE_MESSAGE_FIELD_CORRELATION_ID, 8);
  memcpy(&message.peer, at + WE_MESSAGE_FIELD_PEER, 8);
  memcpy(&message.tick, at + WE_MESSAGE_FIELD_TICK, 8);
  memcpy(&message.topic.length, at + WE_MESSAGE_FIELD_TOPIC_BYTES, 4);
  memcpy(&message.payload.length, at + WE_MESSAGE_FIELD_PAYLOAD_BYTES, 4);
  message.topic.bytes = (const char *)at + WE_MESSAGE_HEADER_BYTES;
  message.payload.bytes = (const char *)(((uintptr_t)message.topic.bytes + message.topic.length + 7) & ~(uintptr_t)7);
  switch (message.kind) {
    case WE_MESSAGE_KIND_MESSAGE: we_call(agent->on_message, &message); break;
    case WE_MESSAGE_KIND_START: we_call(agent->on_start, &message); break;
    case WE_MESSAGE_KIND_STOP: we_call(agent->on_stop, &message); break;
    case WE_MESSAGE_KIND_TIMER: we_call(agent->on_timer, &message); break;
    case WE_MESSAGE_KIND_TASK: we_call(agent->on_task, &message); break;
    case WE_MESSAGE_KIND_CADENCE: we_call(agent->on_cadence, &message); break;
    case WE_MESSAGE_KIND_ANSWER:
    case WE_MESSAGE_KIND_INFERENCE:
    case WE_MESSAGE_KIND_TOKEN:
    case WE_MESSAGE_KIND_TOOL: we_call(agent->on_answer, &message); break;
    default: we_fail(1);
  }
  return we_take_failure();
}

WE_FUNCTION const void *we_describe(const we_agent *agent) {
  uint8_t *block = we_reserve(&we_description, 65536);
  we_json_writer json = we_json_object((char *)block + WE_SIZED_BLOCK_HEADER_BYTES, 65536 - WE_SIZED_BLOCK_HEADER_BYTES);
  if (agent->describe) agent->describe(&json);
  we_payload text = we_json_done(&json);
  uint32_t bytes = json.overflow ? 2 : text.content.length;
  if (json.overflow) memcpy(block + WE_SIZED_BLOCK_HEADER_BYTES, "{}", 2);
  memcpy(block, &bytes, 4);
  return block;
}

/* Exports the entry points of an agent with these handlers: `WE_AGENT(.on_message = on_message)`. */
#define WE_AGENT(...)                                                                                                  \
  static const we_agent we_this_agent = {__VA_ARGS__};                                                                 \
  WE_EXPORT("agent_alloc") void *agent_alloc(uint32_t bytes) { return we_reserve(&we_scratch, bytes); }                \
  WE_EXPORT("agent_init") int32_t agent_init(void) {                                                                   \
    if (we_this_agent.on_init) we_this_agent.on_init();                                                                \
    return we_take_failure();                                                                                          \
  }                                                                                                                    \
  WE_EXPORT("agent_receive") int32_t agent_receive(const void *at) { return we_deliver(&we_this_agent, at); }          \
  WE_EXPORT("agent_step") int32_t agent_step(const void *at) { return we_deliver(&we_this_agent, at); }                \
  WE_EXPORT("agent_shutdown") int32_t agent_shutdown(void) {                                                           \
    if (we_this_agent.on_shutdown) we_this_agent.on_shutdown();                                                        \
    return we_take_failure();                                                                                          \
  }                                                                                                                    \
  WE_EXPORT("agent_describe") const void *agent_describe(void) { return we_describe(&we_this_agent); }                 \
  _Static_assert(sizeof(we_agent) > 0, "")

#endif

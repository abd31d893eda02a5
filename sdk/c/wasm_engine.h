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

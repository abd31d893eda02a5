/* Counts a message and sends it on to its peer, in C. echo-c.wasm is this file compiled: see build-c-modules.js. */
#include "wasm_engine.h"

static uint64_t peer;
static int64_t count;

static void on_start(const we_message *message) {
  static const uint8_t first[64];
  char name[64];
  uint32_t length = we_json_text(we_json_parse(message->payload), "peer", name, sizeof name);
  peer = we_lookup((we_text){name, length});
  if (we_send(peer, "", we_bytes(first, sizeof first)) < 0) we_fail(1);
}

static void on_message(const we_message *message) {
  count++;
  if (we_send(peer, "", we_forward(message)) < 0) we_fail(2);
}

static void describe(we_json_writer *json) { we_json_add_integer(json, "count", count); }

WE_AGENT(.on_start = on_start, .on_message = on_message, .describe = describe);

/* Exercises the C SDK; the test compares what it says. */
#include "../../c/wasm_engine.h"

static char buffer[1 << 20];
static int64_t seen;

static void copy_value(we_json_writer *json, const char *name, we_json value) {
  if (we_json_is_number(value)) we_json_add_number(json, name, we_json_as_number(value, 0));
  else if (we_json_is_null(value)) we_json_add_null(json, name);
  else if (we_json_is_boolean(value)) we_json_add_boolean(json, name, *value.start == 't');
  else if (we_json_is_text(value)) {
    char text[4096];
    we_json_add_text(json, name, (we_text){text, we_json_copy_text(value, text, sizeof text)});
  } else {
    bool array = we_json_is_array(value);
    we_json key, member;
    const char *cursor = 0;
    if (array) we_json_begin_array(json, name);
    else we_json_begin_object(json, name);
    while (we_json_next(value, &cursor, &key, &member)) {
      char text[257];
      text[we_json_copy_text(key, text, 256)] = 0;
      copy_value(json, array ? 0 : text, member);
    }
    we_json_end(json);
  }
}

static void rewrite(const we_message *message) {
  we_json value = we_json_parse(message->payload);
  we_json_writer json = we_json_object(buffer, sizeof buffer);
  if (!we_json_exists(value)) {
    we_json_add_text(&json, "code", we_text_of("FAILED"));
    we_reply_error(message, we_json_done(&json));
    return;
  }
  copy_value(&json, "copy", value);
  we_json_add_number(&json, "a", we_json_number(value, "a", -1));
  we_reply(message, we_json_done(&json));
}

static void reverse(const we_message *message) {
  for (uint32_t i = 0; i < message->payload.length; i++) buffer[i] = message->payload.bytes[message->payload.length - 1 - i];
  we_reply(message, we_bytes(buffer, message->payload.length));
}

static void mathematics(const we_message *message) {
  we_json value = we_json_parse(message->payload);
  double x = we_json_number(value, "x", 0);
  we_json_writer json = we_json_object(buffer, sizeof buffer);
  we_json_add_number(&json, "ln", we_ln(x));
  we_json_add_number(&json, "exp", we_exp(x));
  we_json_add_number(&json, "sqrt", we_sqrt(x));
  we_reply(message, we_json_done(&json));
}

static void calls(void) {
  uint64_t critic = we_lookup(we_text_of("critic")), child = 0;
  we_json_writer json = we_json_object(buffer, sizeof buffer);
  we_json_add_number(&json, "x", 0.5);
  int32_t id = we_request(critic, "frage", we_json_done(&json), 30);
  we_send(critic, "text", we_plain("grüße 🦆"));
  we_publish("news", we_json_text_payload(we_text_of("[1,2]")));
  we_join("news");
  we_leave("news");
  we_after(12, "later", we_plain("tea"));
  we_schedule_task(we_json_text_payload(we_text_of("{\"taskId\":\"t1\"}")), 3);
  we_cancel(id);
  we_infer("delay", we_bytes("\0\0\0", 3), WE_TIMEOUT_NEVER);
  we_call_tool("search", we_json_text_payload(we_text_of("{\"q\":1}")), WE_TIMEOUT_DEFAULT);
  we_spawn(we_text_of("{\"id\":\"child\"}"), &child);
  we_log_text(WE_LOG_LEVEL_ERROR, we_text_of(child == 4242 ? "handle 4242" : "?"));
  double first = we_random();
  we_log(first >= 0 && first < 1 && we_random() != first ? "random" : "not random");
  we_log(we_tick() == 7 && we_time() == 978307200000000000LL ? "time" : "no time");
  json = we_json_object(buffer, 4);
  we_json_add_text(&json, "a", we_text_of("too long"));
  we_log(we_publish("news", we_json_done(&json)) == WE_REFUSAL_TOO_LARGE ? "overflow" : "?");
  we_log(we_send_to("nobody", "x", we_plain("")) == WE_REFUSAL_NOT_FOUND ? "nobody" : "?");
  we_exit(3);
}

static void ask_model(void) {
  static uint64_t region[32];
  we_tensor_writer row = we_tensor_begin(region, sizeof region);
  we_tensor_add_row(&row, "", (float[]){0.5f, -2}, 2);
  we_infer("delay", we_tensor_done(&row), WE_TIMEOUT_DEFAULT);
  we_tensor_writer two = we_tensor_begin(region, sizeof region);
  int64_t *tokens = we_tensor_add(&two, "tokens", WE_TENSOR_TYPE_INT64, 3, (uint32_t[]){2, 1, 2});
  for (int64_t i = 0; tokens && i < 4; i++) tokens[i] = i - 1;
  double *wide = we_tensor_add(&two, "größe", WE_TENSOR_TYPE_FLOAT64, 0, 0);
  if (wide) *wide = 0.1;
  we_infer("delay", we_tensor_done(&two), 9);
  we_tensor_writer small = we_tensor_begin(region, 24);
  we_tensor_add_row(&small, "", (float[]){1, 2, 3}, 3);
  we_log(we_infer("delay", we_tensor_done(&small), 0) == WE_REFUSAL_TOO_LARGE ? "overflow" : "?");
}

/* Answers with the tensors as they came, written anew; what they hold as JSON on the console. */
static void relay_tensors(const we_message *message) {
  static we_tensor tensors[WE_TENSORS_MAX];
  static uint64_t region[1 << 14];
  static char text[1 << 12];
  int32_t count = we_tensors(message, tensors, WE_TENSORS_MAX);
  if (count < 0) {
    we_log("none");
    return;
  }
  we_tensor_writer writer = we_tensor_begin(region, sizeof region);
  we_json_writer json = we_json_object(text, sizeof text);
  for (int32_t i = 0; i < count; i++) {
    const we_tensor *tensor = &tensors[i];
    char name[WE_TENSOR_NAME_BYTES_MAX + 1] = {0};
    memcpy(name, tensor->name.bytes, tensor->name.length);
    uint32_t bytes = tensor->count * we_tensor_element_bytes(tensor->type);
    void *data = we_tensor_add(&writer, name, tensor->type, tensor->rank, tensor->dimensions);
    if (data) memcpy(data, tensor->data, bytes);
    bool real = tensor->type == WE_TENSOR_TYPE_FLOAT32 || tensor->type == WE_TENSOR_TYPE_FLOAT64;
    we_json_begin_array(&json, name);
    for (uint32_t at = 0; at < tensor->count; at++) {
      if (real) we_json_add_number(&json, 0, we_tensor_number(tensor, at));
      else we_json_add_integer(&json, 0, we_tensor_integer(tensor, at));
    }
    we_json_end(&json);
  }
  we_tensor found;
  we_json_add_boolean(&json, "found", we_tensor_find(message, "i64", &found) && found.count == 2);
  we_log_text(WE_LOG_LEVEL_INFO, we_json_done(&json).content);
  we_reply(message, we_tensor_done(&writer));
}

static void on_start(const we_message *message) {
  char text[64];
  uint32_t length = we_json_text(we_json_parse(message->payload), "name", text, sizeof text);
  we_log_text(WE_LOG_LEVEL_INFO, (we_text){text, length});
}

static void on_message(const we_message *message) {
  seen++;
  if (we_text_is(message->topic, "echo")) we_reply(message, we_forward(message));
  else if (we_text_is(message->topic, "json")) rewrite(message);
  else if (we_text_is(message->topic, "bytes")) reverse(message);
  else if (we_text_is(message->topic, "math")) mathematics(message);
  else if (we_text_is(message->topic, "calls")) calls();
  else if (we_text_is(message->topic, "ask model")) ask_model();
  else if (we_text_is(message->topic, "tensors")) relay_tensors(message);
  else if (we_text_is(message->topic, "fail")) we_fail(3);
}

static void on_answer(const we_message *answer) {
  we_log(answer->correlation_id == 5 && we_is_last(answer) && we_is_error(answer) ? "error answer" : "answer");
}

static void on_timer(const we_message *message) { we_log_text(WE_LOG_LEVEL_INFO, message->payload); }
static void on_task(const we_message *task) { we_log_text(WE_LOG_LEVEL_INFO, task->topic); }
static void on_cadence(const we_message *context) { we_log(context->tick == 1099511627776 ? "cadence" : "?"); }
static void on_stop(const we_message *message) { we_log(we_answer_wanted(message) ? "?" : "stop"); }
static void on_shutdown(void) { we_log("shutdown"); }
static void describe(we_json_writer *json) { we_json_add_integer(json, "seen", -seen); }

WE_AGENT(.on_start = on_start, .on_message = on_message, .on_answer = on_answer, .on_timer = on_timer,
         .on_task = on_task, .on_cadence = on_cadence, .on_stop = on_stop, .on_shutdown = on_shutdown,
         .describe = describe);

/* Writes 64 KiB of JSON once, then parses it per round into a tree in an arena and folds the tree: bytes and branches. */
#include "kernel.h"

typedef enum { NUL, TRUE, FALSE, NUMBER, STRING, ARRAY, OBJECT } kind;
typedef struct node {
  kind kind;
  uint32_t length; /* of a string, in bytes */
  const char *text;
  double number;
  struct node *child, *next, *key;
} node;

static char text[80000];
static uint32_t text_bytes;
static node arena[40000];
static uint32_t arena_used;
static const char *cursor;

static void put(char c) { text[text_bytes++] = c; }
static void put_text(const char *s) { while (*s) put(*s++); }
static void put_number(uint32_t value) {
  char digits[10];
  int count = 0;
  do digits[count++] = (char)('0' + value % 10); while ((value /= 10) != 0);
  while (count > 0) put(digits[--count]);
}

static void generate(void) {
  uint32_t random = 2463534242u;
  text_bytes = 0;
  put('[');
  for (int i = 0; text_bytes < 65000; i++) {
    if (i > 0) put_text(", ");
    put_text("{\"id\": "), put_number((uint32_t)i);
    put_text(", \"name\": \"agent\\n"), put_number(next_random(&random) % 1000);
    put_text("\", \"active\": "), put_text(next_random(&random) & 1 ? "true" : "false");
    put_text(", \"position\": [-"), put_number(next_random(&random) % 100000), put('.'), put_number(next_random(&random) % 1000);
    put_text(", "), put_number(next_random(&random) % 50), put_text("e-2], \"parent\": null}");
  }
  put(']'), put(0);
}

static node *new_node(kind kind) {
  node *made = &arena[arena_used++];
  made->kind = kind, made->child = made->next = made->key = NULL, made->length = 0;
  return made;
}

static void skip_space(void) { while (*cursor == ' ' || *cursor == '\n' || *cursor == '\t' || *cursor == '\r') cursor++; }

static node *parse_string(void) {
  node *made = new_node(STRING);
  made->text = ++cursor;
  while (*cursor != '"') cursor += *cursor == '\\' ? 2 : 1;
  made->length = (uint32_t)(cursor++ - made->text);
  return made;
}

static node *parse_number(void) {
  node *made = new_node(NUMBER);
  double value = 0, scale = 1;
  int negative = *cursor == '-' ? (cursor++, 1) : 0;
  while (*cursor >= '0' && *cursor <= '9') value = value * 10 + (*cursor++ - '0');
  if (*cursor == '.') {
    cursor++;
    while (*cursor >= '0' && *cursor <= '9') value = value * 10 + (*cursor++ - '0'), scale *= 10;
  }
  if (*cursor == 'e') {
    int down = *++cursor == '-' ? (cursor++, 1) : 0, exponent = 0;
    while (*cursor >= '0' && *cursor <= '9') exponent = exponent * 10 + (*cursor++ - '0');
    while (exponent-- > 0) down ? (scale *= 10) : (value *= 10);
  }
  made->number = (negative ? -value : value) / scale;
  return made;
}

static node *parse_value(void);

static node *parse_members(kind kind, char close) {
  node *made = new_node(kind), **tail = &made->child;
  cursor++, skip_space();
  while (*cursor != close) {
    node *key = NULL;
    if (kind == OBJECT) key = parse_string(), skip_space(), cursor++;
    node *value = parse_value();
    value->key = key, *tail = value, tail = &value->next;
    skip_space();
    if (*cursor == ',') cursor++, skip_space();
  }
  cursor++;
  return made;
}

static node *parse_value(void) {
  skip_space();
  switch (*cursor) {
    case '{': return parse_members(OBJECT, '}');
    case '[': return parse_members(ARRAY, ']');
    case '"': return parse_string();
    case 't': cursor += 4; return new_node(TRUE);
    case 'f': cursor += 5; return new_node(FALSE);
    case 'n': cursor += 4; return new_node(NUL);
    default: return parse_number();
  }
}

static uint32_t fold(const node *value, uint32_t hash) {
  for (; value != NULL; value = value->next) {
    hash = mix(hash, value->kind);
    if (value->key != NULL)
      for (uint32_t i = 0; i < value->key->length; i++) hash = mix(hash, (uint8_t)value->key->text[i]);
    if (value->kind == NUMBER) hash = mix_double(hash, value->number);
    for (uint32_t i = 0; i < value->length; i++) hash = mix(hash, (uint8_t)value->text[i]);
    hash = fold(value->child, hash);
  }
  return hash;
}

ROUND uint32_t parse_once(uint32_t seed) {
  arena_used = 0, cursor = text;
  return fold(parse_value(), seed);
}

EXPORT(run) uint32_t run(uint32_t rounds) {
  uint32_t hash = 2166136261u;
  generate();
  for (uint32_t round = 0; round < rounds; round++) hash = parse_once(hash);
  return hash;
}

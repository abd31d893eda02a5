/* A hash map with chains, filled, asked and emptied per round: loads that wait for loads. */
#include "kernel.h"

enum { buckets = 4096, entries = 16384 };
typedef struct entry { struct entry *next; uint32_t key, value; } entry;
static entry *heads[buckets], pool[entries], *free_entries;

static uint32_t bucket_of(uint32_t key) { return (key * 2654435761u) >> 20; }

static entry *find(uint32_t key) {
  entry *at = heads[bucket_of(key)];
  while (at != NULL && at->key != key) at = at->next;
  return at;
}

static void add(uint32_t key, uint32_t value) {
  entry *at = find(key);
  if (at == NULL) {
    if (free_entries == NULL) return;
    at = free_entries, free_entries = at->next;
    at->key = key, at->next = heads[bucket_of(key)], heads[bucket_of(key)] = at;
    at->value = 0;
  }
  at->value += value;
}

static void remove_key(uint32_t key) {
  entry **at = &heads[bucket_of(key)];
  while (*at != NULL && (*at)->key != key) at = &(*at)->next;
  if (*at == NULL) return;
  entry *gone = *at;
  *at = gone->next, gone->next = free_entries, free_entries = gone;
}

ROUND uint32_t use_map(uint32_t seed) {
  uint32_t random = seed | 1, hash = 2166136261u;
  for (int i = 0; i < 20000; i++) add(next_random(&random) % 30000, (uint32_t)i);
  for (int i = 0; i < 40000; i++) {
    entry *found = find(next_random(&random) % 30000);
    if (found != NULL) hash = mix(hash, found->value);
  }
  for (int i = 0; i < 20000; i++) remove_key(next_random(&random) % 30000);
  return hash;
}

EXPORT(run) uint32_t run(uint32_t rounds) {
  uint32_t hash = 1;
  free_entries = NULL;
  for (int i = 0; i < buckets; i++) heads[i] = NULL;
  for (int i = 0; i < entries; i++) pool[i].next = free_entries, free_entries = &pool[i];
  for (uint32_t round = 0; round < rounds; round++) hash = use_map(hash);
  return hash;
}

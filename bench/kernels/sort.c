/* Quicksort and heapsort of the same 32,768 numbers per round: comparisons that nobody can predict. */
#include "kernel.h"

enum { count = 32768 };
static int32_t quick[count], heap[count];

static void quicksort(int32_t *values, int32_t low, int32_t high) {
  while (low < high) {
    int32_t pivot = values[low + (high - low) / 2], i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      int32_t swap = values[i];
      values[i++] = values[j], values[j--] = swap;
    }
    if (j - low < high - i) quicksort(values, low, j), low = i;
    else quicksort(values, i, high), high = j;
  }
}

static void sift(int32_t *values, int32_t root, int32_t end) {
  int32_t value = values[root];
  for (int32_t child; (child = 2 * root + 1) < end; root = child) {
    if (child + 1 < end && values[child] < values[child + 1]) child++;
    if (value >= values[child]) break;
    values[root] = values[child];
  }
  values[root] = value;
}

static void heapsort(int32_t *values, int32_t length) {
  for (int32_t root = length / 2 - 1; root >= 0; root--) sift(values, root, length);
  for (int32_t end = length - 1; end > 0; end--) {
    int32_t swap = values[0];
    values[0] = values[end], values[end] = swap;
    sift(values, 0, end);
  }
}

ROUND uint32_t sort_once(uint32_t seed) {
  uint32_t random = seed | 1, hash = 2166136261u;
  for (int i = 0; i < count; i++) quick[i] = heap[i] = (int32_t)next_random(&random);
  quicksort(quick, 0, count - 1);
  heapsort(heap, count);
  for (int i = 0; i < count; i += 64) hash = mix(hash, (uint32_t)quick[i] + (quick[i] == heap[i]));
  return hash;
}

EXPORT(run) uint32_t run(uint32_t rounds) {
  uint32_t hash = 1;
  for (uint32_t round = 0; round < rounds; round++) hash = sort_once(hash);
  return hash;
}

/* Fibonacci by recursion: nothing but calls. */
#include "kernel.h"

__attribute__((noinline)) static uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

EXPORT(run) uint32_t run(uint32_t rounds) {
  uint32_t hash = 2166136261u;
  for (uint32_t round = 0; round < rounds; round++) hash = mix(hash, fib(22 + (round & 1)));
  return hash;
}

/* A small machine whose instructions are functions in a table: one call_indirect each, and hardly any work. */
#include "kernel.h"

typedef struct { uint32_t registers[8], memory[256], counter, steps; } machine;
typedef struct { uint8_t code, a, b, c; } instruction;
typedef void (*operation)(machine *, instruction);

static void op_add(machine *m, instruction i) { m->registers[i.a] = m->registers[i.b] + m->registers[i.c]; }
static void op_xor(machine *m, instruction i) { m->registers[i.a] = m->registers[i.b] ^ m->registers[i.c]; }
static void op_multiply(machine *m, instruction i) { m->registers[i.a] = m->registers[i.b] * (m->registers[i.c] | 1); }
static void op_shift(machine *m, instruction i) { m->registers[i.a] = m->registers[i.b] >> (m->registers[i.c] & 31); }
static void op_load(machine *m, instruction i) { m->registers[i.a] = m->memory[(m->registers[i.b] + i.c) & 255]; }
static void op_store(machine *m, instruction i) { m->memory[(m->registers[i.b] + i.c) & 255] = m->registers[i.a]; }
static void op_constant(machine *m, instruction i) { m->registers[i.a] = (uint32_t)i.b << 8 | i.c; }
static void op_skip(machine *m, instruction i) { if (m->registers[i.a] & 1) m->counter += i.b & 3; }

static const operation operations[8] = {op_add, op_xor, op_multiply, op_shift, op_load, op_store, op_constant, op_skip};
static instruction program[512];
static machine state;

ROUND uint32_t execute(uint32_t seed) {
  state.counter = 0, state.registers[0] = seed;
  for (uint32_t step = 0; step < 50000; step++) {
    instruction next = program[state.counter++ & 511];
    operations[next.code](&state, next);
  }
  return state.registers[1] ^ state.registers[5];
}

EXPORT(run) uint32_t run(uint32_t rounds) {
  uint32_t random = 424242, hash = 2166136261u;
  state = (machine){0};
  for (int i = 0; i < 512; i++) {
    uint32_t r = next_random(&random);
    program[i] = (instruction){r & 7, r >> 3 & 7, r >> 6 & 7, r >> 9 & 7};
  }
  for (uint32_t round = 0; round < rounds; round++) hash = mix(hash, execute(hash));
  return hash;
}

#include "core/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/poison.h"

#define ALIGNMENT 64

struct lossd_arena_block {
  alignas(ALIGNMENT) struct lossd_arena_block *next;
  size_t bytes; /* of the whole block, this header included */
  size_t used;
};

static void *heap_take(void *context, size_t bytes) {
  (void)context;
  return aligned_alloc(ALIGNMENT, bytes);
}

static void heap_give(void *context, void *block, size_t bytes) {
  (void)context;
  (void)bytes;
  free(block);
}

static const struct lossd_memory heap = {.take = heap_take, .give = heap_give};

void lossd_arena_init(struct lossd_arena *arena, const struct lossd_memory *memory) {
  *arena = (struct lossd_arena){.memory = memory ? memory : &heap};
}

/* Adds a block with room for bytes behind its header; one that is full at once leaves the block
 * in use first. */
static struct lossd_arena_block *add_block(struct lossd_arena *arena, size_t bytes) {
  const size_t needed = bytes + sizeof(struct lossd_arena_block);
  const bool full = needed >= LOSSD_ARENA_BLOCK;
  const size_t whole = full ? needed : LOSSD_ARENA_BLOCK;
  struct lossd_arena_block *block = arena->memory->take(arena->memory->context, whole);
  if (!block) return NULL;
  *block = (struct lossd_arena_block){.bytes = whole, .used = sizeof *block};
  arena->held += whole;
  ASAN_POISON_MEMORY_REGION(block + 1, whole - sizeof *block);
  if (full && arena->blocks) {
    block->next = arena->blocks->next;
    arena->blocks->next = block;
  } else {
    block->next = arena->blocks;
    arena->blocks = block;
  }
  return block;
}

void *lossd_arena_alloc(struct lossd_arena *arena, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 4) return NULL;
  const size_t asked = bytes;
  bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  struct lossd_arena_block *block = arena->blocks;
  if (!block || bytes > block->bytes - block->used) block = add_block(arena, bytes);
  if (!block) return NULL;
  void *memory = (char *)block + block->used;
  block->used += bytes;
  ASAN_UNPOISON_MEMORY_REGION(memory, asked);
  return memory;
}

void *lossd_arena_grow(struct lossd_arena *arena, void *items, size_t count, size_t more, size_t *capacity,
                       size_t size) {
  size_t needed, grown = items ? *capacity * 2 : *capacity;
  if (items && more <= *capacity - count) return items;
  if (__builtin_add_overflow(count, more, &needed)) return NULL;
  if (grown < needed) grown = needed;
  void *moved = lossd_arena_alloc(arena, grown, size);
  if (!moved) return NULL;
  if (items) memcpy(moved, items, count * size);
  *capacity = grown;
  return moved;
}

void lossd_arena_reset(struct lossd_arena *arena) {
  while (arena->blocks) {
    struct lossd_arena_block *block = arena->blocks;
    arena->blocks = block->next;
    ASAN_UNPOISON_MEMORY_REGION(block, block->bytes);
    arena->memory->give(arena->memory->context, block, block->bytes);
  }
  arena->held = 0;
}

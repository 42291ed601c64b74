/* Arena: every allocation of one request, freed at once. Owned and used by one thread at a time; the memory
 * it returns is aligned to 64 bytes, uninitialised, and lives until lossd_arena_reset. */
#ifndef LOSSD_CORE_ARENA_H
#define LOSSD_CORE_ARENA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of the blocks that small allocations share. */
#define LOSSD_ARENA_BLOCK ((size_t)16384)

/* Where an arena gets blocks: large ones may come from a cache. take returns NULL when there is no memory. */
struct lossd_memory {
  void *(*take)(void *context, size_t bytes);
  void (*give)(void *context, void *block, size_t bytes);
  void *context;
};

struct lossd_arena {
  struct lossd_arena_block *blocks;
  const struct lossd_memory *memory;
  size_t held; /* bytes taken from memory */
};

/* memory may be NULL: malloc and free. It must outlive the arena. Allocates nothing yet. */
void lossd_arena_init(struct lossd_arena *arena, const struct lossd_memory *memory);
/* NULL when there is no memory, or count x size overflows. Zero bytes give a valid pointer. */
void *lossd_arena_alloc(struct lossd_arena *arena, size_t count, size_t size);
/* Room for `more` items of that size behind the count that are at items, which are moved where *capacity is
 * too small. At first items is NULL and *capacity a guess. NULL as above; items stays as it is, here and
 * where it is moved from. */
void *lossd_arena_grow(struct lossd_arena *arena, void *items, size_t count, size_t more, size_t *capacity,
                       size_t size);
/* Gives everything back; the arena can be used again. */
void lossd_arena_reset(struct lossd_arena *arena);

#ifdef __cplusplus
}
#endif

#endif

/* Memory that runs out after so many blocks, for tests of what is done then. */
#ifndef LOSSD_TESTS_SCARCE_MEMORY_H
#define LOSSD_TESTS_SCARCE_MEMORY_H

#include <stdlib.h>

#include "core/arena.h"

static inline void *scarce_take(void *left, size_t bytes) {
  return (*(int *)left)-- > 0 ? aligned_alloc(64, bytes) : NULL;
}

static inline void scarce_give(void *left, void *block, size_t bytes) {
  (void)left;
  (void)bytes;
  free(block);
}

/* *left: how many blocks there still are; the caller's, as long as the memory is in use. */
static inline struct lossd_memory scarce_memory(int *left) {
  return (struct lossd_memory){scarce_take, scarce_give, left};
}

#endif

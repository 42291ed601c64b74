/* Memory and CPUs of the process: how much it may use, and a cache of large buffers.
 *
 * Fresh large memory costs more than what is computed in it (page faults), so blocks from LOSSD_MEMORY_LARGE
 * up are kept when given back and handed out again as they are: not zeroed. A block handed out belongs to the
 * taker until it is given back with the same size. Idle blocks and those handed out are together never more
 * than what was in use at once lately, so keeping them does not raise the peak. Any thread may call; a lock
 * is held for a bounded, small number of steps and never around a system call. */
#ifndef LOSSD_SERVER_MEMORY_H
#define LOSSD_SERVER_MEMORY_H

#include "core/arena.h"

/* Bytes from which a block comes from the cache. */
#define LOSSD_MEMORY_LARGE ((size_t)256 << 10)

/* Bytes the process may use: the least of the machine's RAM, its cgroup's limits and its
 * address space limit. */
size_t lossd_memory_limit(void);
/* CPUs the process may use: the least of its affinity and its cgroup's quota (rounded up); at least 1. */
int lossd_cpu_limit(void);

/* The process's cache: smaller blocks come from the C library, aligned to 64. take returns NULL when there is
 * no memory. A fresh large block starts at a page, one of 4 MiB or more at a huge page. */
const struct lossd_memory *lossd_memory_cache(void);
/* So many idle bytes may stay for good, beside what trim frees; frees what is over, 0 everything. Starts at
 * 64 MiB. */
void lossd_memory_cache_cap(size_t bytes);
/* To be called every few seconds: frees blocks that nobody took since the last call, down to the cap. */
void lossd_memory_cache_trim(void);

/* What the cache does, in bytes of whole blocks and numbers of blocks. */
struct lossd_memory_counts {
  size_t idle_bytes;  /* kept for later */
  size_t taken_bytes; /* large blocks handed out */
  size_t reused;      /* large takes served from the cache */
  size_t fresh;       /* large takes served by the system */
};
struct lossd_memory_counts lossd_memory_cache_counts(void);

#endif

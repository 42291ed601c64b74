#include "server/memory.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/poison.h"
#include "server/cgroup.h"

/* ---- Limits ---- */

static size_t physical_memory(void) {
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? (size_t)pages * (size_t)page : SIZE_MAX;
}

static size_t address_space(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < SIZE_MAX ? (size_t)limit.rlim_cur : SIZE_MAX;
}

size_t lossd_memory_limit(void) {
  size_t limits[] = {physical_memory(), address_space(), lossd_cgroup_memory("")}, least = SIZE_MAX;
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    if (limits[i] < least) least = limits[i];
  return least;
}

static int affinity_cpus(void) {
  enum { MOST_CPUS = 8192 };
  cpu_set_t *set = CPU_ALLOC(MOST_CPUS);
  size_t bytes = CPU_ALLOC_SIZE(MOST_CPUS);
  if (!set) return 1;
  int cpus = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 1;
  CPU_FREE(set);
  return cpus > 0 ? cpus : 1;
}

int lossd_cpu_limit(void) {
  int affinity = affinity_cpus(), quota = lossd_cgroup_cpus("");
  return quota < affinity ? quota : affinity;
}

/* ---- Size classes: four to a doubling, so that at most a fifth of a block is unused. ---- */

enum { STEPS = 4, SMALLEST_LOG2 = 18, LARGEST_LOG2 = 46, CLASSES = STEPS * (LARGEST_LOG2 - SMALLEST_LOG2) };

static size_t class_bytes(int index) {
  size_t base = (size_t)1 << (SMALLEST_LOG2 + index / STEPS);
  return base + base / STEPS * (size_t)(index % STEPS);
}

/* The smallest class that holds bytes (>= LOSSD_MEMORY_LARGE), or -1. */
static int class_of(size_t bytes) {
  if (bytes > class_bytes(CLASSES - 1)) return -1;
  int log2 = 63 - __builtin_clzll((unsigned long long)bytes);
  int index = (log2 - SMALLEST_LOG2) * STEPS;
  while (class_bytes(index) < bytes) index++;
  return index;
}

/* ---- Blocks of the system ---- */

/* Huge pages make the first touch of 4 MiB and more 3 to 16 times faster; smaller blocks gain nothing. */
static const size_t HUGE_PAGE = (size_t)2 << 20, HUGE_FROM = (size_t)4 << 20;

static void *map(size_t bytes) {
  void *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return block == MAP_FAILED ? NULL : block;
}

/* Of a block whose first user asks for less: the rest gets no huge page, of which a part would be wasted. */
static void *map_huge(size_t bytes, size_t asked) {
  char *start = map(bytes + HUGE_PAGE);
  if (!start) return NULL;
  size_t before = (HUGE_PAGE - (uintptr_t)start % HUGE_PAGE) % HUGE_PAGE;
  if (before > 0) munmap(start, before);
  munmap(start + before + bytes, HUGE_PAGE - before);
  madvise(start + before, asked / HUGE_PAGE * HUGE_PAGE,
          MADV_HUGEPAGE); /* a kernel without them serves as well, slower */
  return start + before;
}

static void *map_class(int index, size_t asked) {
  size_t bytes = class_bytes(index);
  return bytes >= HUGE_FROM ? map_huge(bytes, asked) : map(bytes);
}

static void unmap_class(void *block, int index) {
  ASAN_UNPOISON_MEMORY_REGION(block, class_bytes(index));
  munmap(block, class_bytes(index));
}

/* ---- The cache: a stack of idle blocks for each class, linked through their first bytes. ---- */

struct idle {
  struct idle *next;
};

static struct {
  pthread_mutex_t lock;
  struct idle *idle[CLASSES];
  size_t depth[CLASSES], least[CLASSES]; /* idle blocks of a class: now, and fewest since the last trim */
  unsigned long long touched[CLASSES];   /* when a class was last used */
  unsigned long long clock;
  size_t cap;
  size_t most; /* bytes that were in use at once, or kept, since the last trim */
  struct lossd_memory_counts counts;
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER, .cap = (size_t)64 << 20};

static struct idle *pop(int index) {
  struct idle *block = cache.idle[index];
  if (!block) return NULL;
  ASAN_UNPOISON_MEMORY_REGION(block, sizeof *block);
  cache.idle[index] = block->next;
  if (--cache.depth[index] < cache.least[index]) cache.least[index] = cache.depth[index];
  cache.counts.idle_bytes -= class_bytes(index);
  return block;
}

static void push(void *memory, int index) {
  struct idle *block = memory;
  block->next = cache.idle[index];
  cache.idle[index] = block;
  cache.depth[index]++;
  cache.counts.idle_bytes += class_bytes(index);
  ASAN_POISON_MEMORY_REGION(memory, class_bytes(index));
}

/* The class with idle blocks whose last use is longest ago, or -1. */
static int stalest(void) {
  int found = -1;
  for (int i = 0; i < CLASSES; i++)
    if (cache.idle[i] && (found < 0 || cache.touched[i] < cache.touched[found])) found = i;
  return found;
}

/* Blocks taken out of the cache under the lock, unmapped after it. */
enum { MOST_EVICTED = 8 };
struct evicted {
  void *block[MOST_EVICTED];
  int index[MOST_EVICTED];
  int count;
};

static void evict(struct evicted *out, int index) {
  out->block[out->count] = pop(index);
  out->index[out->count++] = index;
}

/* Makes room for idle bytes beside what is taken by evicting a few stale blocks; false when that was not
 * enough. Idle blocks never make the process larger than what it needed at once. */
static bool make_room(size_t bytes, struct evicted *out) {
  const size_t room = cache.most > cache.cap ? cache.most : cache.cap;
  while (cache.counts.taken_bytes + cache.counts.idle_bytes + bytes > room) {
    int index = out->count < MOST_EVICTED ? stalest() : -1;
    if (index < 0) return false;
    evict(out, index);
  }
  return true;
}

static void unmap_evicted(const struct evicted *evicted) {
  for (int i = 0; i < evicted->count; i++) unmap_class(evicted->block[i], evicted->index[i]);
}

static void *take_large(int index, size_t bytes) {
  struct evicted evicted = {.count = 0};
  pthread_mutex_lock(&cache.lock);
  void *block = pop(index);
  const bool reused = block != NULL;
  cache.touched[index] = ++cache.clock;
  cache.counts.reused += reused;
  cache.counts.fresh += !reused;
  cache.counts.taken_bytes += class_bytes(index);
  if (cache.counts.taken_bytes > cache.most) cache.most = cache.counts.taken_bytes;
  if (!reused) make_room(0, &evicted);
  pthread_mutex_unlock(&cache.lock);
  unmap_evicted(&evicted);
  if (!reused && !(block = map_class(index, bytes))) {
    pthread_mutex_lock(&cache.lock);
    cache.counts.taken_bytes -= class_bytes(index);
    pthread_mutex_unlock(&cache.lock);
    return NULL;
  }
  ASAN_UNPOISON_MEMORY_REGION(block, bytes);
  ASAN_POISON_MEMORY_REGION((char *)block + bytes, class_bytes(index) - bytes);
  return block;
}

static void give_large(void *block, int index) {
  struct evicted evicted = {.count = 0};
  ASAN_UNPOISON_MEMORY_REGION(block, class_bytes(index));
  pthread_mutex_lock(&cache.lock);
  cache.counts.taken_bytes -= class_bytes(index);
  cache.touched[index] = ++cache.clock;
  bool kept = make_room(class_bytes(index), &evicted);
  if (kept) push(block, index);
  pthread_mutex_unlock(&cache.lock);
  unmap_evicted(&evicted);
  if (!kept) unmap_class(block, index);
}

static void *take(void *context, size_t bytes) {
  (void)context;
  if (bytes >= LOSSD_MEMORY_LARGE) {
    int index = class_of(bytes);
    return index < 0 ? NULL : take_large(index, bytes);
  }
  return aligned_alloc(64, (bytes + 64) / 64 * 64);
}

static void give(void *context, void *block, size_t bytes) {
  (void)context;
  if (!block || bytes < LOSSD_MEMORY_LARGE)
    free(block);
  else
    give_large(block, class_of(bytes));
}

const struct lossd_memory *lossd_memory_cache(void) {
  static const struct lossd_memory memory = {.take = take, .give = give};
  return &memory;
}

void lossd_memory_cache_cap(size_t bytes) {
  for (bool fits = false; !fits;) {
    struct evicted evicted = {.count = 0};
    pthread_mutex_lock(&cache.lock);
    cache.cap = bytes;
    cache.most = 0;
    fits = make_room(0, &evicted);
    pthread_mutex_unlock(&cache.lock);
    unmap_evicted(&evicted);
  }
}

/* A class with a block that has been idle since the last trim, or -1. */
static int unused(void) {
  for (int i = CLASSES - 1; i >= 0; i--)
    if (cache.least[i] > 0) return i;
  return -1;
}

void lossd_memory_cache_trim(void) {
  for (bool more = true; more;) {
    struct evicted evicted = {.count = 0};
    int index = -1;
    pthread_mutex_lock(&cache.lock);
    while (evicted.count < MOST_EVICTED && cache.counts.idle_bytes > cache.cap && (index = unused()) >= 0) {
      cache.least[index]--; /* pop lowers it only where it must */
      evict(&evicted, index);
    }
    more = evicted.count == MOST_EVICTED;
    if (!more) {
      memcpy(cache.least, cache.depth, sizeof cache.least);
      cache.most = cache.counts.taken_bytes + cache.counts.idle_bytes;
    }
    pthread_mutex_unlock(&cache.lock);
    unmap_evicted(&evicted);
  }
}

struct lossd_memory_counts lossd_memory_cache_counts(void) {
  pthread_mutex_lock(&cache.lock);
  struct lossd_memory_counts counts = cache.counts;
  pthread_mutex_unlock(&cache.lock);
  return counts;
}

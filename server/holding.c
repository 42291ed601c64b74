#include "server/holding.h"

/* Admission is asked for in steps of this, unless that is much of what there is. */
#define STEP ((size_t)65536)
/* The block that is kept: an arena's first. */
#define SPARE_BYTES LOSSD_ARENA_BLOCK

bool lossd_reserve(struct lossd_holding *holding, size_t bytes) {
  struct lossd_admission *admission = holding->admission;
  size_t admitted = atomic_load_explicit(&holding->admitted, memory_order_relaxed);
  if (bytes <= admitted) return true;
  size_t more = bytes - admitted;
  if (more < STEP && admission->max_bytes >= 64 * STEP) more = STEP;
  if (!lossd_admit_bytes(admission, more)) {
    atomic_store(&holding->refusal, bytes > admission->max_bytes ? LOSSD_NEVER_FITS : LOSSD_NO_ROOM);
    return false;
  }
  atomic_fetch_add_explicit(&holding->admitted, more, memory_order_relaxed);
  return true;
}

bool lossd_hold(struct lossd_holding *holding, size_t bytes) {
  size_t held = atomic_fetch_add_explicit(&holding->held, bytes, memory_order_relaxed) + bytes;
  if (lossd_reserve(holding, held)) return true;
  lossd_let_go(holding, bytes);
  return false;
}

void lossd_let_go(struct lossd_holding *holding, size_t bytes) {
  atomic_fetch_sub_explicit(&holding->held, bytes, memory_order_relaxed);
}

static void *take(void *context, size_t bytes) {
  struct lossd_holding *holding = context;
  const struct lossd_memory *inner = holding->inner;
  void *block = bytes == SPARE_BYTES ? atomic_exchange(&holding->spare, NULL) : NULL;
  if (block) return block;
  if (bytes > LOSSD_ARENA_BLOCK && !lossd_hold(holding, bytes)) return NULL;
  block = inner->take(inner->context, bytes);
  if (!block && bytes > LOSSD_ARENA_BLOCK) lossd_let_go(holding, bytes);
  return block;
}

static void give(void *context, void *block, size_t bytes) {
  struct lossd_holding *holding = context;
  const struct lossd_memory *inner = holding->inner;
  if (bytes > LOSSD_ARENA_BLOCK) lossd_let_go(holding, bytes);
  if (bytes == SPARE_BYTES) block = atomic_exchange(&holding->spare, block);
  if (block) inner->give(inner->context, block, bytes);
}

void lossd_holding_init(struct lossd_holding *holding, const struct lossd_memory *inner,
                        struct lossd_admission *admission) {
  *holding = (struct lossd_holding){.inner = inner, .admission = admission};
  holding->memory = (struct lossd_memory){.take = take, .give = give, .context = holding};
}

void lossd_holding_begin(struct lossd_holding *holding) {
  atomic_store_explicit(&holding->refusal, LOSSD_NOT_REFUSED, memory_order_relaxed);
}

void lossd_holding_end(struct lossd_holding *holding) {
  lossd_release_bytes(holding->admission, atomic_exchange(&holding->admitted, 0));
}

void lossd_holding_free(struct lossd_holding *holding) {
  void *spare = atomic_exchange(&holding->spare, NULL);
  if (spare) holding->inner->give(holding->inner->context, spare, SPARE_BYTES);
}

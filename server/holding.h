/* What one request holds: its body, its arena, the scratch of its slices. Each block is counted against what
 * the server admits (server/limits.h) before it is taken, so the sum of all requests is true whatever they
 * compute. Blocks up to LOSSD_ARENA_BLOCK are neither counted nor refused: a request line and a refusal need
 * one too.
 *
 * `memory` is given to the request's arena and workers; any thread may use it. The other functions belong to
 * the owner of the request. A small block is kept from one request to the next. */
#ifndef LOSSD_SERVER_HOLDING_H
#define LOSSD_SERVER_HOLDING_H

#include <stdatomic.h>

#include "core/arena.h"
#include "server/limits.h"

enum lossd_refusal {
  LOSSD_NOT_REFUSED,
  LOSSD_NO_ROOM,    /* others hold what there is */
  LOSSD_NEVER_FITS, /* this one alone is over the limit */
};

struct lossd_holding {
  struct lossd_memory memory;
  const struct lossd_memory *inner;
  struct lossd_admission *admission;
  atomic_size_t held;     /* now */
  atomic_size_t admitted; /* counted in admission: at least held */
  atomic_int refusal;     /* enum lossd_refusal: why take gave NULL, unless the system had none */
  _Atomic(void *) spare;
};

/* Once; then begin and end for each request; then free. */
void lossd_holding_init(struct lossd_holding *holding, const struct lossd_memory *inner,
                        struct lossd_admission *admission);
void lossd_holding_begin(struct lossd_holding *holding);
/* Everything taken was given back. */
void lossd_holding_end(struct lossd_holding *holding);
void lossd_holding_free(struct lossd_holding *holding);

/* Counts bytes that are not taken from `memory`; false: refused. */
bool lossd_hold(struct lossd_holding *holding, size_t bytes);
void lossd_let_go(struct lossd_holding *holding, size_t bytes);
/* Admits as much as will be held in all, so that what was begun can be finished; false: refused. */
bool lossd_reserve(struct lossd_holding *holding, size_t bytes);

#endif

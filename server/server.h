/* What all I/O threads share. Made by serve.c before they start and unmade after they ended; only the atomics
 * and what has a lock of its own change in between. */
#ifndef LOSSD_SERVER_SERVER_H
#define LOSSD_SERVER_SERVER_H

#include <stdatomic.h>

#include "server/config.h"
#include "server/limits.h"
#include "server/pool.h"

/* Draining: everything is still served, but not ready and without keeping connections. Finishing: only what
 * has begun. */
enum lossd_phase { LOSSD_PHASE_SERVING, LOSSD_PHASE_DRAINING, LOSSD_PHASE_FINISHING };

struct lossd_tokens;

struct lossd_server {
  const struct lossd_config *config;
  struct lossd_limits limits; /* of one exchange */
  struct lossd_admission admission;
  struct lossd_workers workers;
  const struct lossd_memory *memory;
  struct lossd_tokens *tokens; /* NULL: none is needed */
  atomic_int phase;            /* enum lossd_phase */
  bool inherited; /* the listening sockets: what comes after us waits there for the next server */
};

#endif

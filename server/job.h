/* A job: one evaluation on its way through the workers. It owns the exchange, its arena and its deadline.
 *
 *   submit -> decode -> slices (any number of workers) -> encode -> done
 *
 * A large job goes through more stages. Those with a star are shared by any number of workers; where there is
 * nothing in one, it is passed over:
 *
 *   submit -> scan -> read* -> decode -> slices* -> finish -> pieces* -> encode -> done
 *
 * A tiny job goes the same way at once, on the loop's thread (server/pool.h).
 *
 * There is one way out: whatever fails or is cancelled on the way becomes the exchange's problem, the steps
 * after it do nothing, and encode writes it as the answer. The loop owns a job before it is submitted and
 * after it is done; in between the workers do. Only `cancelled` may be set by the loop at any time. */
#ifndef LOSSD_SERVER_JOB_H
#define LOSSD_SERVER_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "api/exchange.h"
#include "core/arena.h"
#include "server/holding.h"
#include "server/scheduling.h"

/* Why nobody waits for the answer any more. */
enum lossd_cancellation { LOSSD_WANTED, LOSSD_DEADLINE_PASSED, LOSSD_CLIENT_GONE };

enum lossd_stage {
  LOSSD_STAGE_SCAN,
  LOSSD_STAGE_READ,
  LOSSD_STAGE_DECODE,
  LOSSD_STAGE_SLICES,
  LOSSD_STAGE_FINISH,
  LOSSD_STAGE_PIECES,
  LOSSD_STAGE_ENCODE,
  LOSSD_STAGE_DONE
};

struct lossd_job {
  struct lossd_job *next; /* in whichever queue it is */
  struct lossd_exchange exchange;
  struct lossd_arena arena;
  struct lossd_holding *holding; /* what it may take; its memory is the arena's */
  uint64_t admitted_nanoseconds; /* of work, counted in admission */
  atomic_int cancelled;          /* enum lossd_cancellation */
  enum lossd_stage stage;
  bool parsed;              /* the first half of decoding is done */
  bool large;               /* goes one stage at a time through the lane of large jobs */
  bool queued;              /* in the lane's queue */
  int helpers;              /* workers that are on it now */
  atomic_size_t next_slice; /* or what else a shared stage consists of */
  lossd_cpus cpus;          /* of the workers that share a stage */
  atomic_bool starved;      /* no memory for a slice or piece */
  uv_mutex_t order;         /* of the answer's pieces, with the next; there while ordered */
  uv_cond_t moved;
  size_t placed; /* pieces that have their place */
  bool ordered;
  _Atomic uint64_t deadline; /* this and the next are uv_hrtime, nanoseconds */
  uint64_t submitted, started, decoded, computed, encoded;
  uint64_t parse_nanoseconds; /* where parsing came before waiting; part of decoding */
  /* Whether its client is gone, asked by the worker that begins with it after a wait; NULL:
   * nobody can know. */
  bool (*is_abandoned)(const struct lossd_job *job);
  void (*done)(struct lossd_job *job); /* called on the loop's thread */
};

void lossd_job_init(struct lossd_job *job, struct lossd_holding *holding);
/* Gives the arena back, and what was admitted; the job may be initialised again. */
void lossd_job_reset(struct lossd_job *job);
/* Sets the reason, unless there is one. */
void lossd_job_cancel(struct lossd_job *job, enum lossd_cancellation reason);

/* The steps. parse, the first half of decode, is bounded by the body's length and may run on the loop's
 * thread; decode does the rest, or both. */
void lossd_job_parse(struct lossd_job *job);
/* Counts the job's work against what is admitted, as far as it is known; where there is too much, that is the
 * job's problem. */
void lossd_job_admit(struct lossd_job *job);
void lossd_job_decode(struct lossd_job *job);
/* What comes before decode for a large job: finds what there is to read. */
void lossd_job_scan(struct lossd_job *job);
/* In a shared stage: runs slices (reads, writes pieces) until none is left, the job is cancelled, or
 * *wanted_elsewhere is not zero. */
void lossd_job_slices(struct lossd_job *job, const atomic_int *wanted_elsewhere);
/* Those that no worker has taken. */
size_t lossd_job_slices_left(const struct lossd_job *job);
/* Whether one worker alone may be on them. */
bool lossd_job_is_serial(const struct lossd_job *job);
/* From a stage to the one after it; nobody may be on the job. */
void lossd_job_next_stage(struct lossd_job *job);
/* Before the pieces of a large answer. */
void lossd_job_finish(struct lossd_job *job);
void lossd_job_encode(struct lossd_job *job);

#endif

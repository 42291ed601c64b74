/* The pool: hands jobs to libuv's workers; nothing else does. One pool a loop, used on the loop's thread; the
 * workers themselves are shared by all loops.
 *
 * libuv's queue is first in, first out, without priorities. So what goes into it is kept small: the small
 * jobs of one turn of the loop go in together, as one item; a large job goes in stage by stage, its slices
 * spread over the workers, unless only its body is large and it is computed sooner than handed over. Stages
 * that cannot be interrupted (decode, encode) leave one worker free where there are two; slices give way as
 * soon as a small job waits. */
#ifndef LOSSD_SERVER_POOL_H
#define LOSSD_SERVER_POOL_H

#include <uv.h>

#include "server/job.h"

/* What is below both of these is tiny: it takes less time than handing it to a worker and back, and is run
 * at once on the loop's thread. The time is the plan's estimate, so broadcasting counts. */
#define LOSSD_TINY_BODY ((size_t)4096)
#define LOSSD_TINY_NANOSECONDS 10000.0
/* Bodies up to this size are small; so are evaluations of up to so many slices and nanoseconds. */
#define LOSSD_SMALL_BODY ((size_t)65536)
#define LOSSD_SMALL_NANOSECONDS 1e6
#define LOSSD_SMALL_SLICES 4
#define LOSSD_MAX_LOOPS 64

/* What the pools of all loops share. */
struct lossd_workers {
  int count;
  int long_limit;        /* uninterruptible items at once */
  atomic_int long_items; /* now */
  atomic_int small_waiting;
  int pools;
  struct lossd_pool *pool[LOSSD_MAX_LOOPS];
};

struct lossd_batch;
struct lossd_item;

struct lossd_pool {
  uv_loop_t *loop;
  struct lossd_workers *workers;
  uv_work_t first;
  uv_async_t wake; /* another loop's lane gave a place back */
  struct lossd_batch *turn, *spare_batches;
  struct lossd_job *lane, **lane_end; /* large jobs that want a worker */
  struct lossd_item *spare_items;
  int items; /* of the lane, now in libuv's queue or running */
};

/* Before any pool: sets how many threads libuv will start. False: the system does not let so many start. */
bool lossd_workers_init(struct lossd_workers *workers, int count);
/* Before any loop runs. Nonzero: a libuv error. */
int lossd_pool_init(struct lossd_pool *pool, uv_loop_t *loop, struct lossd_workers *workers);
/* Nothing may be under way. The loop must run once more for the handle to close. */
void lossd_pool_close(struct lossd_pool *pool);

/* Runs a tiny job here and now. False: it is not tiny, nothing but parsing was done, and it is to be
 * submitted. */
bool lossd_run_tiny(struct lossd_job *job, size_t body_bytes);
/* Takes the job until job->done is called. body_bytes tells small from large. False: no memory, the job stays
 * the caller's. */
bool lossd_pool_submit(struct lossd_pool *pool, struct lossd_job *job, size_t body_bytes);
/* At the end of a turn of the loop: hands over what was submitted in it. */
void lossd_pool_flush(struct lossd_pool *pool);
/* Takes a large job that no worker is on out of the queue; it then encodes its problem here and is done. */
void lossd_pool_withdraw(struct lossd_pool *pool, struct lossd_job *job);

#endif

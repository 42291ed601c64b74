#include "server/pool.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/scheduling.h"

/* Small jobs of one turn, until their bodies are together as large as this. */
#define BATCH_BYTES ((size_t)262144)

struct lossd_batch {
  uv_work_t work;
  struct lossd_pool *pool;
  struct lossd_batch *next;
  struct lossd_job *first, **end;
  size_t bytes;
  int jobs;
};

struct lossd_item {
  uv_work_t work;
  struct lossd_pool *pool;
  struct lossd_item *next;
  struct lossd_job *job;
  bool is_long;
};

static void wait_for(void *end) {
  uv_sem_wait(end);
}

/* How many of `count` threads the system lets start. */
static int startable(int count) {
  uv_thread_t *threads = calloc((size_t)count, sizeof *threads);
  uv_sem_t end;
  int started = 0;
  if (threads && uv_sem_init(&end, 0) == 0) {
    while (started < count && uv_thread_create(&threads[started], wait_for, &end) == 0) started++;
    for (int i = 0; i < started; i++) uv_sem_post(&end);
    for (int i = 0; i < started; i++) uv_thread_join(&threads[i]);
    uv_sem_destroy(&end);
  }
  free(threads);
  return started;
}

/* libuv aborts the process where it cannot start its threads. */
bool lossd_workers_init(struct lossd_workers *workers, int count) {
  char text[16];
  snprintf(text, sizeof text, "%d", count);
  setenv("UV_THREADPOOL_SIZE", text, 1);
  *workers = (struct lossd_workers){.count = count, .long_limit = count > 1 ? count - 1 : 1};
  return startable(count) == count;
}

static void nothing(uv_work_t *work) {
  (void)work;
}

static void start_items(struct lossd_pool *pool);

static void on_wake(uv_async_t *wake) {
  start_items(wake->data);
}

int lossd_pool_init(struct lossd_pool *pool, uv_loop_t *loop, struct lossd_workers *workers) {
  *pool = (struct lossd_pool){.loop = loop, .workers = workers};
  pool->lane_end = &pool->lane;
  pool->wake.data = pool;
  for (int i = 0; i < workers->count; i++) {
    struct lossd_item *item = malloc(sizeof *item);
    if (!item) return UV_ENOMEM;
    item->next = pool->spare_items;
    pool->spare_items = item;
  }
  workers->pool[workers->pools++] = pool;
  uv_queue_work(loop, &pool->first, nothing, NULL); /* libuv starts its threads: now, not under load */
  return uv_async_init(loop, &pool->wake, on_wake);
}

void lossd_pool_close(struct lossd_pool *pool) {
  uv_close((uv_handle_t *)&pool->wake, NULL);
  while (pool->spare_batches) {
    struct lossd_batch *batch = pool->spare_batches;
    pool->spare_batches = batch->next;
    free(batch);
  }
  while (pool->spare_items) {
    struct lossd_item *item = pool->spare_items;
    pool->spare_items = item->next;
    free(item);
  }
}

/* ---- Large jobs ---- */

static void enqueue(struct lossd_pool *pool, struct lossd_job *job) {
  if (job->queued) return;
  job->queued = true;
  job->next = NULL;
  *pool->lane_end = job;
  pool->lane_end = &job->next;
}

static void dequeue(struct lossd_pool *pool, struct lossd_job **link) {
  struct lossd_job *job = *link;
  *link = job->next;
  if (pool->lane_end == &job->next) pool->lane_end = link;
  job->queued = false;
}

static bool take_long_place(struct lossd_workers *workers) {
  if (atomic_fetch_add(&workers->long_items, 1) < workers->long_limit) return true;
  atomic_fetch_sub(&workers->long_items, 1);
  return false;
}

static void give_long_place(struct lossd_pool *pool) {
  struct lossd_workers *workers = pool->workers;
  atomic_fetch_sub(&workers->long_items, 1);
  for (int i = 0; i < workers->pools; i++)
    if (workers->pool[i] != pool) uv_async_send(&workers->pool[i]->wake);
}

/* Several workers may be on it at once. */
static bool is_shared(enum lossd_stage stage) {
  return stage == LOSSD_STAGE_READ || stage == LOSSD_STAGE_SLICES || stage == LOSSD_STAGE_PIECES;
}

/* Whether handing over what is left of a shared stage takes less than doing it. */
static bool is_worth_sharing(const struct lossd_job *job) {
  enum { FEW = 4 }; /* stretches and pieces: some tens of microseconds each */
  const size_t left = lossd_job_slices_left(job);
  if (job->stage != LOSSD_STAGE_SLICES) return left > FEW;
  return left > 1 && job->exchange.plan.nanoseconds > LOSSD_SMALL_NANOSECONDS;
}

/* A stage that is one worker's, and those after it, until there is something to share. */
static void work_alone(struct lossd_job *job) {
  while (job->stage != LOSSD_STAGE_DONE) {
    switch (job->stage) {
    case LOSSD_STAGE_SCAN: lossd_job_scan(job); break;
    case LOSSD_STAGE_DECODE: lossd_job_decode(job); break;
    case LOSSD_STAGE_FINISH: lossd_job_finish(job); break;
    case LOSSD_STAGE_ENCODE: lossd_job_encode(job); return; /* which is its last */
    default:
      if (is_worth_sharing(job)) return;
      lossd_job_slices(job, NULL);
    }
    lossd_job_next_stage(job);
  }
}

static void work_on_item(uv_work_t *work) {
  struct lossd_item *item = work->data;
  struct lossd_job *job = item->job;
  lossd_schedule_after_loops();
  if (is_shared(job->stage))
    lossd_job_slices(job, &item->pool->workers->small_waiting);
  else
    work_alone(job);
}

/* Moves a job whose slices are all taken on; false while workers are still on them, and when all is done. */
static bool advance(struct lossd_job *job) {
  if (is_shared(job->stage) && !lossd_job_slices_left(job)) {
    if (job->helpers > 0) return false;
    lossd_job_next_stage(job);
  }
  return job->stage != LOSSD_STAGE_DONE;
}

static void after_item(uv_work_t *work, int status) {
  (void)status;
  struct lossd_item *item = work->data;
  struct lossd_pool *pool = item->pool;
  struct lossd_job *job = item->job;
  if (item->is_long) give_long_place(pool);
  item->next = pool->spare_items;
  pool->spare_items = item;
  pool->items--;
  job->helpers--;
  if (advance(job))
    enqueue(pool, job);
  else if (job->stage == LOSSD_STAGE_DONE)
    job->done(job);
  start_items(pool);
}

static void start_item(struct lossd_pool *pool, struct lossd_job *job, bool is_long) {
  struct lossd_item *item = pool->spare_items; /* there is one for each worker */
  pool->spare_items = item->next;
  *item = (struct lossd_item){.pool = pool, .job = job, .is_long = is_long, .work.data = item};
  pool->items++;
  job->helpers++;
  uv_queue_work(pool->loop, &item->work, work_on_item, after_item);
}

/* Of a job in a shared stage; in the other stages the worker may be changing it. */
static bool wants_another_worker(const struct lossd_pool *pool, const struct lossd_job *job) {
  return !lossd_job_is_serial(job) && job->helpers < pool->workers->count &&
         lossd_job_slices_left(job) > (size_t)job->helpers;
}

/* Gives workers to the queue's jobs in order. A job whose slices more than one worker may share goes back to
 * the end, so that all jobs get their turn. */
static void start_items(struct lossd_pool *pool) {
  struct lossd_job **link = &pool->lane;
  while (*link && pool->items < pool->workers->count) {
    struct lossd_job *job = *link;
    if (!advance(job)) {
      dequeue(pool, link); /* its last slices are running: the worker that ends last comes back with it */
      continue;
    }
    bool is_long = !is_shared(job->stage);
    if (is_long && !take_long_place(pool->workers)) {
      link = &job->next;
      continue;
    }
    dequeue(pool, link);
    start_item(pool, job, is_long);
    if (!is_long && wants_another_worker(pool, job)) enqueue(pool, job);
  }
}

void lossd_pool_withdraw(struct lossd_pool *pool, struct lossd_job *job) {
  if (!job->large || !job->queued || job->helpers > 0) return;
  struct lossd_job **link = &pool->lane;
  while (*link != job) link = &(*link)->next;
  dequeue(pool, link);
  if (!job->started) job->started = job->decoded = uv_hrtime();
  lossd_job_encode(job);
  job->done(job);
}

/* ---- Small jobs ---- */

/* Decodes; the rest too, unless the job is small only in bytes: the lane then goes on with it. */
static void run_small(struct lossd_job *job) {
  lossd_job_decode(job);
  job->stage = LOSSD_STAGE_SLICES;
  if (job->exchange.slices > LOSSD_SMALL_SLICES) return;
  lossd_job_slices(job, NULL);
  lossd_job_encode(job);
}

static void work_on_batch(uv_work_t *work) {
  struct lossd_batch *batch = work->data;
  lossd_schedule_after_loops();
  atomic_fetch_sub(&batch->pool->workers->small_waiting, 1);
  for (struct lossd_job *job = batch->first; job; job = job->next) run_small(job);
}

static void after_batch(uv_work_t *work, int status) {
  (void)status;
  struct lossd_batch *batch = work->data;
  struct lossd_pool *pool = batch->pool;
  struct lossd_job *job = batch->first;
  batch->next = pool->spare_batches;
  pool->spare_batches = batch;
  while (job) {
    struct lossd_job *next = job->next;
    job->large = job->stage != LOSSD_STAGE_DONE;
    if (job->large)
      enqueue(pool, job);
    else
      job->done(job);
    job = next;
  }
  start_items(pool);
}

static bool submit_small(struct lossd_pool *pool, struct lossd_job *job, size_t bytes) {
  if (pool->turn && pool->turn->bytes + bytes > BATCH_BYTES) lossd_pool_flush(pool);
  if (!pool->turn) {
    struct lossd_batch *batch = pool->spare_batches;
    if (batch)
      pool->spare_batches = batch->next;
    else
      batch = malloc(sizeof *batch);
    if (!batch) return false;
    *batch = (struct lossd_batch){.pool = pool, .work.data = batch};
    batch->end = &batch->first;
    pool->turn = batch;
  }
  job->next = NULL;
  *pool->turn->end = job;
  pool->turn->end = &job->next;
  pool->turn->bytes += bytes;
  return true;
}

void lossd_pool_flush(struct lossd_pool *pool) {
  struct lossd_batch *batch = pool->turn;
  if (!batch) return;
  pool->turn = NULL;
  atomic_fetch_add(&pool->workers->small_waiting, 1);
  uv_queue_work(pool->loop, &batch->work, work_on_batch, after_batch);
}

bool lossd_run_tiny(struct lossd_job *job, size_t body_bytes) {
  if (body_bytes > LOSSD_TINY_BODY || job->exchange.gzip) return false;
  lossd_job_parse(job);
  if (!job->exchange.problem.status && job->exchange.plan.nanoseconds > LOSSD_TINY_NANOSECONDS) return false;
  run_small(job);
  return true;
}

bool lossd_pool_submit(struct lossd_pool *pool, struct lossd_job *job, size_t body_bytes) {
  job->large = body_bytes > LOSSD_SMALL_BODY || job->exchange.gzip ||
               job->exchange.plan.nanoseconds > LOSSD_SMALL_NANOSECONDS;
  if (!job->large) return submit_small(pool, job, body_bytes);
  enqueue(pool, job);
  start_items(pool);
  return true;
}

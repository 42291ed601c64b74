#include "server/job.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "server/metrics.h"

enum {
  ALIGNMENT = 64, /* of the scratch of a run */
  BEGINNING = 8   /* slices: the workers that share a job have begun with it by then */
};

void lossd_job_init(struct lossd_job *job, struct lossd_holding *holding) {
  *job = (struct lossd_job){.stage = LOSSD_STAGE_SCAN, .holding = holding};
  lossd_arena_init(&job->arena, &holding->memory);
  lossd_exchange_init(&job->exchange, &job->arena);
  job->exchange.cancelled = &job->cancelled;
}

void lossd_job_reset(struct lossd_job *job) {
  lossd_release_work(job->holding->admission, job->admitted_nanoseconds);
  lossd_arena_reset(&job->arena);
}

void lossd_job_cancel(struct lossd_job *job, enum lossd_cancellation reason) {
  int wanted = LOSSD_WANTED;
  atomic_compare_exchange_strong(&job->cancelled, &wanted, (int)reason);
}

/* Looks at the clock too: the loop, which sets `cancelled`, looks only now and then. */
static bool is_cancelled(struct lossd_job *job, uint64_t now) {
  if (now > job->deadline) lossd_job_cancel(job, LOSSD_DEADLINE_PASSED);
  return atomic_load_explicit(&job->cancelled, memory_order_relaxed) != LOSSD_WANTED;
}

/* What an Open Inference request asked for, in its own time. */
static void shorten_deadline(struct lossd_job *job) {
  int64_t microseconds = job->exchange.timeout_microseconds;
  if (microseconds <= 0 || (uint64_t)microseconds > (job->deadline - job->submitted) / 1000) return;
  job->deadline = job->submitted + (uint64_t)microseconds * 1000;
}

static void fail_cancelled(struct lossd_job *job) {
  if (!job->exchange.problem.status) lossd_fail_cancelled(&job->exchange.problem);
  job->exchange.slices = job->exchange.pieces = job->exchange.reads = 0;
}

void lossd_job_parse(struct lossd_job *job) {
  const uint64_t began = uv_hrtime();
  lossd_exchange_parse(&job->exchange);
  shorten_deadline(job);
  job->parsed = true;
  job->parse_nanoseconds = uv_hrtime() - began;
}

/* Decoding and encoding cost about this a byte, whatever the format. */
#define NANOSECONDS_A_BYTE 2

void lossd_job_admit(struct lossd_job *job) {
  struct lossd_exchange *x = &job->exchange;
  uint64_t work = (uint64_t)x->plan.nanoseconds + x->body_length * NANOSECONDS_A_BYTE + 1;
  if (x->problem.status || work <= job->admitted_nanoseconds) return;
  if (lossd_admit_work(job->holding->admission, job->admitted_nanoseconds,
                       work - job->admitted_nanoseconds)) {
    job->admitted_nanoseconds = work;
    return;
  }
  lossd_metrics_rejection("queue_time");
  lossd_fail(&x->problem, LOSSD_OVERLOADED, NULL,
             "the evaluations under way are estimated to take longer than the queue may");
  lossd_hint(&x->problem, "try again later");
}

/* Nanoseconds after which a client may have lost its patience. */
#define LONG_WAIT 1000000

static void start(struct lossd_job *job) {
  uint64_t now = uv_hrtime();
  job->started = now - job->parse_nanoseconds;
  const bool waited = now - job->submitted > LONG_WAIT;
  if (waited && job->is_abandoned && job->is_abandoned(job)) lossd_job_cancel(job, LOSSD_CLIENT_GONE);
  if (is_cancelled(job, now)) fail_cancelled(job);
}

void lossd_job_scan(struct lossd_job *job) {
  start(job);
  if (!job->parsed) lossd_exchange_scan(&job->exchange);
}

void lossd_job_decode(struct lossd_job *job) {
  if (!job->started) start(job);
  if (is_cancelled(job, uv_hrtime())) fail_cancelled(job);
  if (!job->parsed) {
    lossd_job_parse(job);
    lossd_job_admit(job);
  }
  lossd_exchange_plan(&job->exchange);
  if (job->exchange.problem.status) job->exchange.slices = 0;
  job->decoded = uv_hrtime();
}

/* What a stage that workers share is made of. */
struct shared {
  size_t count, scratch_bytes;
  void (*run)(struct lossd_job *job, size_t i, void *scratch);
  bool serial; /* by one worker, in order */
};

static void read_stretch(struct lossd_job *job, size_t i, void *scratch) {
  (void)scratch;
  lossd_exchange_read(&job->exchange, i);
}

static void run_slice(struct lossd_job *job, size_t i, void *scratch) {
  lossd_exchange_run(&job->exchange, i, scratch);
}

/* Each worker that took a piece writes it, so none waits for ever. */
static void write_piece(struct lossd_job *job, size_t i, void *scratch) {
  const size_t length = lossd_exchange_piece(&job->exchange, i, scratch);
  uv_mutex_lock(&job->order);
  while (job->placed != i) uv_cond_wait(&job->moved, &job->order);
  char *const place = lossd_exchange_place(&job->exchange, length);
  job->placed++;
  uv_cond_broadcast(&job->moved);
  uv_mutex_unlock(&job->order);
  memcpy(place, scratch, length);
}

static struct shared shared_of(const struct lossd_job *job) {
  const struct lossd_exchange *x = &job->exchange;
  switch (job->stage) {
  case LOSSD_STAGE_READ: return (struct shared){x->reads, 0, read_stretch, false};
  case LOSSD_STAGE_PIECES: return (struct shared){x->pieces, x->piece_bytes, write_piece, false};
  default: return (struct shared){x->slices, x->scratch_bytes, run_slice, x->plan.serial};
  }
}

size_t lossd_job_slices_left(const struct lossd_job *job) {
  const size_t count = shared_of(job).count;
  const size_t taken = atomic_load_explicit(&job->next_slice, memory_order_relaxed);
  const bool stopped = atomic_load_explicit(&job->starved, memory_order_relaxed) ||
                       atomic_load_explicit(&job->cancelled, memory_order_relaxed) != LOSSD_WANTED;
  return taken < count && !stopped ? count - taken : 0;
}

bool lossd_job_is_serial(const struct lossd_job *job) {
  return shared_of(job).serial;
}

static void run_slices(struct lossd_job *job, const atomic_int *wanted_elsewhere, char *scratch) {
  const struct shared slices = shared_of(job);
  const bool shared = wanted_elsewhere && !slices.serial;
  const uint64_t cpu = shared ? lossd_schedule_apart(&job->cpus) : 0;
  for (;;) {
    size_t slice = atomic_fetch_add_explicit(&job->next_slice, 1, memory_order_relaxed);
    if (slice >= slices.count) break;
    slices.run(job, slice, scratch);
    if (shared && slice < BEGINNING) lossd_schedule_let_others_begin();
    if (wanted_elsewhere && atomic_load_explicit(wanted_elsewhere, memory_order_relaxed) > 0) break;
    if (is_cancelled(job, uv_hrtime())) break;
  }
  lossd_schedule_end(&job->cpus, cpu);
}

static void run_slices_in_block(struct lossd_job *job, const atomic_int *wanted_elsewhere) {
  const struct lossd_memory *memory = job->arena.memory;
  size_t bytes = shared_of(job).scratch_bytes + ALIGNMENT;
  char *block = memory->take(memory->context, bytes);
  if (!block) {
    atomic_store(&job->starved, true);
    return;
  }
  run_slices(job, wanted_elsewhere, block + (ALIGNMENT - (uintptr_t)block % ALIGNMENT) % ALIGNMENT);
  memory->give(memory->context, block, bytes);
}

void lossd_job_slices(struct lossd_job *job, const atomic_int *wanted_elsewhere) {
  alignas(ALIGNMENT) char small[40960]; /* what tiny jobs and pieces of JSON need: the heap would keep more */
  if (!lossd_job_slices_left(job)) return;
  if (shared_of(job).scratch_bytes <= sizeof small)
    run_slices(job, wanted_elsewhere, small);
  else
    run_slices_in_block(job, wanted_elsewhere);
}

void lossd_job_next_stage(struct lossd_job *job) {
  if (job->stage == LOSSD_STAGE_READ) job->exchange.was_read = true;
  job->stage++;
  atomic_store(&job->next_slice, 0);
}

/* Where memory was refused rather than missing, the answer says so. */
static bool explain_memory(struct lossd_job *job) {
  struct lossd_problem *problem = &job->exchange.problem;
  int refusal = atomic_load(&job->holding->refusal);
  if (problem->status != LOSSD_OUT_OF_MEMORY || refusal == LOSSD_NOT_REFUSED) return false;
  if (refusal == LOSSD_NEVER_FITS) {
    lossd_metrics_rejection("never_fits");
    lossd_fail(problem, LOSSD_TOO_MANY_ELEMENTS, NULL,
               "the evaluation alone needs more memory than all together may hold (--max-inflight-bytes)");
    lossd_hint(problem, "send it in parts; numerators and denominators add up");
  } else {
    lossd_metrics_rejection("inflight_bytes");
    lossd_fail(problem, LOSSD_OVERLOADED, NULL, "the requests under way hold all the memory they may");
    lossd_hint(problem, "try again later");
  }
  return true;
}

/* The answer of a job that was cancelled says why. */
static bool explain_cancellation(struct lossd_job *job) {
  struct lossd_exchange *x = &job->exchange;
  if (x->problem.status != LOSSD_CANCELLED || atomic_load(&job->cancelled) != LOSSD_DEADLINE_PASSED)
    return false;
  lossd_fail(&x->problem, LOSSD_DEADLINE_EXCEEDED, NULL, "the evaluation took longer than the request may");
  lossd_hint(&x->problem, "send a smaller request, or raise --request-timeout");
  return true;
}

void lossd_job_finish(struct lossd_job *job) {
  job->computed = uv_hrtime();
  if (!is_cancelled(job, job->computed) && !atomic_load(&job->starved)) lossd_exchange_finish(&job->exchange);
  if (!job->exchange.pieces) return;
  job->ordered = !uv_mutex_init(&job->order);
  if (job->ordered && uv_cond_init(&job->moved)) {
    uv_mutex_destroy(&job->order);
    job->ordered = false;
  }
  if (!job->ordered) job->exchange.pieces = 0; /* encode writes them */
}

static void forget_order(struct lossd_job *job) {
  if (!job->ordered) return;
  uv_cond_destroy(&job->moved);
  uv_mutex_destroy(&job->order);
  job->ordered = false;
}

void lossd_job_encode(struct lossd_job *job) {
  struct lossd_exchange *x = &job->exchange;
  const uint64_t now = uv_hrtime();
  forget_order(job);
  if (!job->computed) job->computed = now;
  if (is_cancelled(job, now)) fail_cancelled(job);
  if (atomic_load(&job->starved) && !x->problem.status)
    lossd_fail(&x->problem, LOSSD_OUT_OF_MEMORY, NULL, "there is no memory for this evaluation now");
  explain_cancellation(job);
  explain_memory(job);
  lossd_exchange_encode(x);
  if (explain_cancellation(job) || explain_memory(job)) lossd_exchange_encode(x);
  job->stage = LOSSD_STAGE_DONE;
  job->encoded = uv_hrtime();
}

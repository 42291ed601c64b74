#include "server/job.h"

#include <stdlib.h>
#include <uv.h>

void lossd_job_init(struct lossd_job *job, const struct lossd_memory *memory) {
  *job = (struct lossd_job){.stage = LOSSD_STAGE_DECODE};
  lossd_arena_init(&job->arena, memory);
  lossd_exchange_init(&job->exchange, &job->arena);
  job->exchange.cancelled = &job->cancelled;
}

void lossd_job_reset(struct lossd_job *job) {
  lossd_arena_reset(&job->arena);
}

void lossd_job_cancel(struct lossd_job *job, enum lossd_cancellation reason) {
  int wanted = LOSSD_WANTED;
  atomic_compare_exchange_strong(&job->cancelled, &wanted, (int)reason);
}

/* Looks at the clock too: the loop, which sets `cancelled`, looks only now and then. */
static bool is_cancelled(struct lossd_job *job) {
  if (uv_hrtime() > job->deadline) lossd_job_cancel(job, LOSSD_DEADLINE_PASSED);
  return atomic_load_explicit(&job->cancelled, memory_order_relaxed) != LOSSD_WANTED;
}

/* What an Open Inference request asked for, in its own time. */
static void shorten_deadline(struct lossd_job *job) {
  int64_t microseconds = job->exchange.timeout_microseconds;
  if (microseconds <= 0 || (uint64_t)microseconds > (job->deadline - job->submitted) / 1000) return;
  job->deadline = job->submitted + (uint64_t)microseconds * 1000;
}

static void fail_cancelled(struct lossd_job *job) {
  if (!job->exchange.problem.status)
    lossd_fail(&job->exchange.problem, LOSSD_CANCELLED, NULL, "nobody waits for the answer any more");
  job->exchange.slices = 0;
}

void lossd_job_decode(struct lossd_job *job) {
  job->started = uv_hrtime();
  if (is_cancelled(job)) fail_cancelled(job);
  if (!job->exchange.problem.status) lossd_exchange_decode(&job->exchange);
  shorten_deadline(job);
  if (job->exchange.problem.status) job->exchange.slices = 0;
  job->decoded = uv_hrtime();
}

bool lossd_job_has_slices(const struct lossd_job *job) {
  return atomic_load_explicit(&job->next_slice, memory_order_relaxed) < job->exchange.slices &&
         !atomic_load_explicit(&job->starved, memory_order_relaxed) &&
         atomic_load_explicit(&job->cancelled, memory_order_relaxed) == LOSSD_WANTED;
}

void lossd_job_slices(struct lossd_job *job, const struct lossd_memory *memory,
                      const atomic_int *wanted_elsewhere) {
  enum { ALIGNMENT = 64 };
  if (!lossd_job_has_slices(job)) return;
  size_t bytes = job->exchange.scratch_bytes + ALIGNMENT;
  char *block = memory->take(memory->context, bytes);
  if (!block) {
    atomic_store(&job->starved, true);
    return;
  }
  char *scratch = block + (ALIGNMENT - (uintptr_t)block % ALIGNMENT) % ALIGNMENT;
  while (!is_cancelled(job)) {
    size_t slice = atomic_fetch_add_explicit(&job->next_slice, 1, memory_order_relaxed);
    if (slice >= job->exchange.slices) break;
    lossd_exchange_run(&job->exchange, slice, scratch);
    if (wanted_elsewhere && atomic_load_explicit(wanted_elsewhere, memory_order_relaxed) > 0) break;
  }
  memory->give(memory->context, block, bytes);
}

/* The answer of a job that was cancelled says why. */
static void explain_cancellation(struct lossd_job *job) {
  struct lossd_exchange *x = &job->exchange;
  if (x->problem.status != LOSSD_CANCELLED || atomic_load(&job->cancelled) != LOSSD_DEADLINE_PASSED) return;
  lossd_fail(&x->problem, LOSSD_DEADLINE_EXCEEDED, NULL, "the evaluation took longer than the request may");
  lossd_hint(&x->problem, "send a smaller request, or raise --request-timeout");
}

void lossd_job_encode(struct lossd_job *job) {
  struct lossd_exchange *x = &job->exchange;
  job->computed = uv_hrtime();
  if (is_cancelled(job)) fail_cancelled(job);
  if (atomic_load(&job->starved) && !x->problem.status)
    lossd_fail(&x->problem, LOSSD_OUT_OF_MEMORY, NULL, "there is no memory for this evaluation now");
  explain_cancellation(job);
  lossd_exchange_encode(x);
  if (x->problem.status == LOSSD_CANCELLED && atomic_load(&job->cancelled) == LOSSD_DEADLINE_PASSED) {
    explain_cancellation(job);
    lossd_exchange_encode(x);
  }
  job->stage = LOSSD_STAGE_DONE;
  job->encoded = uv_hrtime();
}

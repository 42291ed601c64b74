#include "cli/compute.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS 1024

struct work {
  struct lossd_exchange *x;
  atomic_size_t next, done;
  atomic_bool no_memory;
};

static void *work_on(void *context) {
  struct work *work = context;
  void *scratch = aligned_alloc(64, (work->x->scratch_bytes + 127) / 64 * 64);
  if (!scratch) {
    atomic_store(&work->no_memory, true);
    return NULL;
  }
  for (size_t slice; (slice = atomic_fetch_add(&work->next, 1)) < work->x->slices;) {
    lossd_exchange_run(work->x, slice, scratch);
    atomic_fetch_add(&work->done, 1);
  }
  free(scratch);
  return NULL;
}

/* ---- Progress ---- */

static void draw(struct work *work) {
  enum { WIDTH = 40 };
  const size_t done = atomic_load(&work->done), all = work->x->slices;
  char bar[WIDTH + 1];
  for (size_t i = 0; i < WIDTH; i++) bar[i] = i * all < done * WIDTH ? '=' : ' ';
  bar[WIDTH] = 0;
  fprintf(stderr, "\r%3zu%% [%s]", done * 100 / all, bar);
  fflush(stderr);
}

static void wait_for(struct work *work, pthread_t thread, bool shown) {
  struct timespec until;
  int waited = ETIMEDOUT;
  while (shown && waited == ETIMEDOUT) {
    draw(work);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 100000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    waited = pthread_timedjoin_np(thread, NULL, &until);
  }
  if (!shown) pthread_join(thread, NULL);
}

void lossd_compute(struct lossd_exchange *x, int workers) {
  struct work work = {.x = x};
  pthread_t threads[MOST_THREADS];
  const bool shown = x->slices > 0 && x->plan.elements >= LOSSD_PROGRESS_ELEMENTS && isatty(STDERR_FILENO);
  size_t count = 0, wanted = x->plan.serial ? 1 : (size_t)workers;
  if (wanted > x->slices) wanted = x->slices;
  if (wanted > MOST_THREADS) wanted = MOST_THREADS;
  while ((shown || wanted > 1) && count < wanted &&
         pthread_create(&threads[count], NULL, work_on, &work) == 0)
    count++;
  if (count == 0) work_on(&work);
  for (size_t i = 0; i < count; i++) wait_for(&work, threads[i], shown);
  if (shown) fputs("\r\033[K", stderr);
  if (atomic_load(&work.done) < x->slices && atomic_load(&work.no_memory))
    lossd_fail(&x->problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory to compute in");
}

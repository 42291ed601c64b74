#include "server/scheduling.h"

#include <sched.h>
#include <stdbool.h>
#include <unistd.h>

#ifdef __linux__

/* Added to the process's own niceness. */
#define WORKER_NICE 10

void lossd_schedule_after_loops(void) {
  static _Thread_local bool is_set;
  if (!is_set) (void)!nice(WORKER_NICE); /* of this thread alone: Linux differs from POSIX here */
  is_set = true;
}

static uint64_t bit_of(int cpu) {
  return cpu < 0 ? 0 : (uint64_t)1 << cpu % 64;
}

/* To one of the allowed CPUs on which none began; afterwards all are allowed again. */
static void move(uint64_t taken) {
  cpu_set_t allowed, others;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  others = allowed;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (taken & bit_of(cpu)) CPU_CLR((size_t)cpu, &others);
  if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0)
    sched_setaffinity(0, sizeof allowed, &allowed);
}

uint64_t lossd_schedule_apart(lossd_cpus *cpus) {
  uint64_t own = bit_of(sched_getcpu());
  const uint64_t taken = atomic_fetch_or(cpus, own);
  if (!(taken & own)) return own;
  move(taken);
  own = bit_of(sched_getcpu()) & ~taken;
  atomic_fetch_or(cpus, own);
  return own;
}

#else /* not Linux */

void lossd_schedule_after_loops(void) {}
uint64_t lossd_schedule_apart(lossd_cpus *cpus) {
  (void)cpus;
  return 0;
}

#endif

void lossd_schedule_let_others_begin(void) {
  sched_yield();
}

void lossd_schedule_end(lossd_cpus *cpus, uint64_t own) {
  atomic_fetch_and(cpus, ~own);
}

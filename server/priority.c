#include "server/priority.h"

#ifdef __linux__

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A thread that wakes up takes the CPU from one with longer turns at once (Linux 6.12 and later); otherwise
 * it would wait for the end of a turn, milliseconds. This is the shortest that there is. */
#define LOOP_TURN_NANOSECONDS 100000
/* Added to the process's own. A worker that competes with a loop gets a third of the CPU. */
#define WORKER_NICE 5

/* turn_nanoseconds 0: the system's. Only of threads with the ordinary policies: others were set on purpose.
 */
static void set(int more_nice, unsigned long turn_nanoseconds) {
  struct sched_attr now = {.size = sizeof now};
  if (syscall(SYS_sched_getattr, 0, &now, sizeof now, 0) != 0) return;
  if (now.sched_policy != SCHED_NORMAL && now.sched_policy != SCHED_BATCH) return;
  now.sched_nice = now.sched_nice + more_nice > 19 ? 19 : now.sched_nice + more_nice;
  now.sched_runtime = turn_nanoseconds;
  (void)syscall(SYS_sched_setattr, 0, &now, 0);
}

void lossd_priority_of_loop(void) {
  set(0, LOOP_TURN_NANOSECONDS);
}

void lossd_priority_of_worker(void) {
  static _Thread_local bool is_set; /* a worker inherits what started it, a loop: once is enough */
  if (!is_set) set(WORKER_NICE, 0);
  is_set = true;
}

#else

void lossd_priority_of_loop(void) {}
void lossd_priority_of_worker(void) {}

#endif

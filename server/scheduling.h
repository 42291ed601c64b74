/* Scheduling: what the system should know of a worker. Each function is about the calling thread and does
 * nothing where the system cannot (Linux can); no privilege is needed. */
#ifndef LOSSD_SERVER_SCHEDULING_H
#define LOSSD_SERVER_SCHEDULING_H

#include <stdatomic.h>
#include <stdint.h>

/* The thread computes: loops go before it. Any number of times. */
void lossd_schedule_after_loops(void);

/* Of threads that share one task. The system now and then puts two of them on one CPU, where they take turns
 * of milliseconds while another CPU has nothing to do. Each calls apart as it begins: the later one goes to
 * another CPU. Each calls let_others_begin soon after, so that who waits behind it for its CPU gets to call
 * apart. And each gives what apart returned to end. */
typedef _Atomic uint64_t lossd_cpus; /* a bit for each CPU, modulo 64, on which one of them is */
uint64_t lossd_schedule_apart(lossd_cpus *cpus);
void lossd_schedule_let_others_begin(void);
void lossd_schedule_end(lossd_cpus *cpus, uint64_t own);

#endif

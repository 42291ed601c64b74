/* Priority: the loops go before the workers. Each of these sets the calling thread, where the system can
 * (Linux); where it cannot, nothing happens. No privilege is needed. */
#ifndef LOSSD_SERVER_PRIORITY_H
#define LOSSD_SERVER_PRIORITY_H

/* Of a thread that runs a loop, before it runs: short turns, which come at once. */
void lossd_priority_of_loop(void);
/* Of a thread that computes: whatever a loop does comes first. Any number of times. */
void lossd_priority_of_worker(void);

#endif

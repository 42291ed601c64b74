/* Names of requests: W3C Trace Context (level 1) and X-Request-Id. Random parts come from the kernel, a few
 * hundred bytes at a time for each thread. Any thread. */
#ifndef LOSSD_SERVER_TRACE_H
#define LOSSD_SERVER_TRACE_H

enum { LOSSD_TRACE_PARENT = 56, LOSSD_REQUEST_ID = 65 }; /* bytes with the final zero */

/* The traceparent of our own work: the caller's trace and sampling flag where `in` is a valid header, else a
 * new trace that is not sampled; always with a new parent id. in may be NULL. */
void lossd_trace_parent(const char *in, char out[LOSSD_TRACE_PARENT]);
/* The caller's id where it has 1 to 64 letters, digits and any of "._:/+=@-", else 32 new hexadecimal digits.
 * in may be NULL. */
void lossd_request_id(const char *in, char out[LOSSD_REQUEST_ID]);

#endif

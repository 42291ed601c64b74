/* Logs: one line an event on standard error, JSON (RFC 8259), text (key=value) or none.
 *
 * A line is safe whatever strings are in it: control characters (C1 and U+2028 too), quotes and backslashes
 * are escaped, invalid UTF-8 is replaced, every string is bounded, so a line is at most LOSSD_LOG_LINE bytes
 * and a pipe takes it whole. A line is written by one write(2) and never waits: where standard error does not
 * take it at once it is dropped, and the next line that gets through is preceded by a log_dropped event with
 * the number lost. Nothing is allocated.
 *
 * lossd_log_init once, before there are threads; the rest from any thread. The process
 * must ignore SIGPIPE. */
#ifndef LOSSD_SERVER_LOG_H
#define LOSSD_SERVER_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum { LOSSD_LOG_LINE = 4096 /* PIPE_BUF of Linux: such a write to a pipe is not split */ };

/* X(symbol, name), in the order of the enums. A level includes those before it. */
#define LOSSD_LOG_FORMATS(X) X(JSON, "json") X(TEXT, "text") X(NONE, "none")
#define LOSSD_LOG_LEVELS(X) X(ERROR, "error") X(WARN, "warn") X(INFO, "info") X(DEBUG, "debug")

#define X(symbol, name) LOSSD_LOG_##symbol,
enum lossd_log_format { LOSSD_LOG_FORMATS(X) };
enum lossd_log_level { LOSSD_LOG_LEVELS(X) };
#undef X

/* One answered request. Strings that are NULL and numbers that are negative are left out of the line. */
struct lossd_log_request {
  const char *request_id, *traceparent;
  const char *method, *route; /* route: the template, "/v1/losses/{loss}" */
  const char *loss, *dtype;
  const char *remote;     /* the client's address */
  const char *error_code; /* of api/problem.def */
  long long elements;
  int status;
  size_t request_bytes, response_bytes;
  double queue_ms, decode_ms, compute_ms, encode_ms, total_ms;
};

/* Writes to standard error from now on. Starts as JSON at level info. */
void lossd_log_init(int format, int level);
/* Writes to another file, for tests. */
void lossd_log_descriptor(int file);

/* The line of a request. Its level: error for 500, warn for 503 and 504, debug for good answers of probes and
 * /metrics, else info. */
void lossd_log_request(const struct lossd_log_request *request);
/* Whether it would be written: its identifiers need not be made otherwise. */
bool lossd_log_wants(const struct lossd_log_request *request);
/* Any other event ("start", "reload"), with a message for people, cut at 512 bytes. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void lossd_log(int level, const char *event, const char *format, ...);

#endif

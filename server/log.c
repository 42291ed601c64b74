#include "server/log.h"

#include "server/log_line.h"
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAME(symbol, name) name,
static const char *const level_names[] = {LOSSD_LOG_LEVELS(NAME)};
#undef NAME

static struct {
  int format, level, file;
  pthread_mutex_t lock;
  unsigned long long dropped;
} state = {LOSSD_LOG_JSON, LOSSD_LOG_INFO, STDERR_FILENO, PTHREAD_MUTEX_INITIALIZER, 0};

void lossd_log_init(int format, int level) {
  state.format = format;
  state.level = level;
}

void lossd_log_descriptor(int file) {
  state.file = file;
}

static bool enabled(int level) {
  return state.format != LOSSD_LOG_NONE && level <= state.level;
}

/* "2026-01-31T23:59:59.123Z" (RFC 3339). */
static void now(char out[32]) {
  struct timespec time;
  struct tm parts;
  clock_gettime(CLOCK_REALTIME, &time);
  gmtime_r(&time.tv_sec, &parts);
  size_t length = strftime(out, 24, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(out + length, 32 - length, ".%03dZ", (int)(time.tv_nsec / 1000000));
}

static void begin(struct lossd_log_line *line, int level, const char *event) {
  char time[32];
  now(time);
  lossd_line_begin(line, state.format == LOSSD_LOG_JSON);
  lossd_line_string(line, "time", time, 32);
  lossd_line_string(line, "level", level_names[level], 8);
  lossd_line_string(line, "event", event, 32);
}

/* One write that does not wait: a pipe or socket that polls writable takes LOSSD_LOG_LINE bytes at once. */
static bool write_now(const struct lossd_log_line *line) {
  struct pollfd file = {.fd = state.file, .events = POLLOUT};
  if (poll(&file, 1, 0) != 1 || file.revents != POLLOUT) return false;
  return write(state.file, line->text, line->length) == (ssize_t)line->length;
}

static bool write_dropped(unsigned long long dropped) {
  struct lossd_log_line line;
  begin(&line, LOSSD_LOG_WARN, "log_dropped");
  lossd_line_integer(&line, "lines", (long long)dropped);
  lossd_line_end(&line);
  return write_now(&line);
}

static void finish(struct lossd_log_line *line) {
  lossd_line_end(line);
  pthread_mutex_lock(&state.lock);
  if (state.dropped > 0 && write_dropped(state.dropped)) state.dropped = 0;
  if (state.dropped > 0 || !write_now(line)) state.dropped++;
  pthread_mutex_unlock(&state.lock);
}

/* Probes and scrapes come every few seconds: their good answers are noise. */
static bool is_quiet(const char *route) {
  static const char *const quiet[] = {"/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"};
  for (size_t i = 0; route && i < sizeof quiet / sizeof *quiet; i++)
    if (strcmp(route, quiet[i]) == 0) return true;
  return false;
}

static int level_of(const struct lossd_log_request *request) {
  if (request->status == 500) return LOSSD_LOG_ERROR;
  if (request->status == 503 || request->status == 504) return LOSSD_LOG_WARN;
  return request->status < 400 && is_quiet(request->route) ? LOSSD_LOG_DEBUG : LOSSD_LOG_INFO;
}

bool lossd_log_wants(const struct lossd_log_request *request) {
  return enabled(level_of(request));
}

void lossd_log_request(const struct lossd_log_request *request) {
  /* Escaped at six bytes a byte, the longest strings together stay well under LOSSD_LOG_LINE. */
  const struct {
    const char *name, *value;
    size_t most;
  } strings[] = {{"request_id", request->request_id, 64}, {"traceparent", request->traceparent, 64},
                 {"remote", request->remote, 64},         {"method", request->method, 32},
                 {"route", request->route, 96},           {"loss", request->loss, 64},
                 {"dtype", request->dtype, 32},           {"error", request->error_code, 64}};
  const struct {
    const char *name;
    long long value;
  } integers[] = {{"status", request->status},
                  {"elements", request->elements},
                  {"request_bytes", (long long)request->request_bytes},
                  {"response_bytes", (long long)request->response_bytes}};
  const struct {
    const char *name;
    double value;
  } times[] = {{"queue_ms", request->queue_ms},
               {"decode_ms", request->decode_ms},
               {"compute_ms", request->compute_ms},
               {"encode_ms", request->encode_ms},
               {"total_ms", request->total_ms}};
  struct lossd_log_line line;
  int level = level_of(request);
  if (!enabled(level)) return;
  begin(&line, level, "request");
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
    if (strings[i].value) lossd_line_string(&line, strings[i].name, strings[i].value, strings[i].most);
  for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
    if (integers[i].value >= 0) lossd_line_integer(&line, integers[i].name, integers[i].value);
  for (size_t i = 0; i < sizeof times / sizeof *times; i++)
    if (times[i].value >= 0) lossd_line_milliseconds(&line, times[i].name, times[i].value);
  finish(&line);
}

void lossd_log(int level, const char *event, const char *format, ...) {
  enum { MOST_MESSAGE = 512 };
  struct lossd_log_line line;
  char message[MOST_MESSAGE + 8];
  if (!enabled(level)) return;
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  begin(&line, level, event);
  lossd_line_string(&line, "message", message, MOST_MESSAGE);
  finish(&line);
}

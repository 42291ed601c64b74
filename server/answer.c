#include "server/answer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/pages.h"

#define DATE_TEXT 80

void lossd_answer_header(struct lossd_request *request, const char *name, const char *value) {
  struct lossd_answer *answer = &request->answer;
  if (answer->header_count < LOSSD_ANSWER_HEADERS)
    answer->headers[answer->header_count++] = (struct lossd_header){name, value};
}

/* When the work under way is estimated to be done. */
static void add_retry_after(struct lossd_request *request) {
  const struct lossd_server *server = request->server;
  uint64_t nanoseconds = atomic_load_explicit(&server->admission.nanoseconds, memory_order_relaxed);
  double seconds = ceil((double)nanoseconds / 1e9 / server->config->workers);
  snprintf(request->retry_after, sizeof request->retry_after, "%.0f", fmin(fmax(seconds, 1), 3600));
  lossd_answer_header(request, "Retry-After", request->retry_after);
}

static void add_problem_headers(struct lossd_request *request) {
  switch (request->answer.status) {
  case 401: lossd_answer_header(request, "WWW-Authenticate", "Bearer"); break;
  case 405: lossd_answer_header(request, "Allow", request->match.allow); break;
  case 415:
    if (request->guard.values[LOSSD_FIELD_CONTENT_ENCODING] && !request->job.exchange.gzip)
      lossd_answer_header(request, "Accept-Encoding", "gzip"); /* of this cause alone: RFC 9110, 12.5.3 */
    break;
  case 429: lossd_answer_header(request, "Retry-After", "1"); break;
  case 503: add_retry_after(request); break;
  default: break;
  }
}

static void add_common_headers(struct lossd_request *request) {
  const struct lossd_config *config = request->server->config;
  lossd_answer_header(request, "Server", "lossd/" LOSSD_VERSION);
  if (request->guard.values[LOSSD_FIELD_REQUEST_ID])
    lossd_answer_header(request, "X-Request-Id", request->request_id);
  /* A connection over a limit stays so: a retry needs a new one, which is counted anew. */
  if (request->verdict != LOSSD_CONNECTION_FINE ||
      atomic_load_explicit(&request->server->phase, memory_order_relaxed) != LOSSD_PHASE_SERVING)
    lossd_answer_header(request, "Connection", "close");
  if (!config->cors_origin) return;
  lossd_answer_header(request, "Access-Control-Allow-Origin", config->cors_origin);
  lossd_answer_header(
      request, "Access-Control-Expose-Headers",
      "Lossd-Tensors, Lossd-Id, Server-Timing, Retry-After, Inference-Header-Content-Length, X-Request-Id");
  lossd_answer_header(request, "Timing-Allow-Origin", config->cors_origin);
  if (strcmp(config->cors_origin, "*") != 0) lossd_answer_header(request, "Vary", "Origin");
}

void lossd_answer_problem(struct lossd_request *request) {
  const struct lossd_problem *problem = &request->job.exchange.problem;
  enum lossd_error_style style = request->inference ? LOSSD_ERROR_OPEN_INFERENCE : LOSSD_ERROR_PROBLEM;
  struct lossd_answer *answer = &request->answer;
  answer->status = lossd_status_row(problem->status)->http;
  answer->header_count = 0;
  add_common_headers(request);
  add_problem_headers(request);
  answer->content_type = lossd_problem_content_type(style);
  answer->body = lossd_problem_body(problem, style, &request->job.arena, &answer->length);
}

void lossd_answer_page(struct lossd_request *request) {
  request->answer.status = 200;
  add_common_headers(request);
  lossd_page(request);
  if (request->answer.status == 503 && !request->job.exchange.problem.status)
    lossd_answer_header(request, "Retry-After", "1");
}

void lossd_answer_preflight(struct lossd_request *request) {
  request->answer.status = 204;
  add_common_headers(request);
  lossd_answer_header(request, "Access-Control-Allow-Methods", request->match.allow);
  lossd_answer_header(
      request, "Access-Control-Allow-Headers",
      "Accept, Authorization, Content-Encoding, Content-Type, Inference-Header-Content-Length, X-Request-Id, "
      "traceparent");
  lossd_answer_header(request, "Access-Control-Max-Age", "600");
}

/* Appends "label;dur=1.234": printf's way costs a tenth of a tiny request. */
static char *put_duration(char *to, const char *label, uint64_t from, uint64_t until) {
  char digits[24];
  int count = 0;
  uint64_t microseconds = from && until > from ? (until - from + 500) / 1000 : 0;
  for (; count < 4 || microseconds; microseconds /= 10) {
    if (count == 3) digits[count++] = '.';
    digits[count++] = (char)('0' + microseconds % 10);
  }
  to = stpcpy(stpcpy(to, label), ";dur=");
  while (count) *to++ = digits[--count];
  *to = 0;
  return to;
}

static void add_server_timing(struct lossd_request *request) {
  const struct lossd_job *job = &request->job;
  char *to = request->server_timing; /* has room for four times 2^64 ns */
  if (request->server->config->no_server_timing) return;
  to = put_duration(to, "queue", job->submitted, job->started);
  to = put_duration(to, ", decode", job->started, job->decoded);
  to = put_duration(to, ", compute", job->decoded, job->computed);
  put_duration(to, ", encode", job->computed, job->encoded);
  lossd_answer_header(request, "Server-Timing", request->server_timing);
}

void lossd_answer_evaluation(struct lossd_request *request) {
  const struct lossd_exchange *x = &request->job.exchange;
  struct lossd_answer *answer = &request->answer;
  answer->status = x->http_status;
  answer->content_type = x->content_type;
  answer->body = x->answer;
  answer->length = x->answer_length;
  add_common_headers(request);
  add_problem_headers(request);
  add_server_timing(request);
  for (int i = 0; i < x->header_count; i++)
    lossd_answer_header(request, x->headers[i].name, x->headers[i].value);
}

/* As HTTP has it, in English whatever the locale. */
static void put_date(char out[DATE_TEXT]) {
  static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  snprintf(out, DATE_TEXT, "%.3s, %02d %.3s %d %02d:%02d:%02d GMT", days + 3 * utc.tm_wday, utc.tm_mday,
           months + 3 * utc.tm_mon, 1900 + utc.tm_year, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

const char *lossd_answer_message(struct lossd_request *request, size_t *length) {
  const struct lossd_answer *answer = &request->answer;
  const int status = request->job.exchange.problem.status;
  size_t room = answer->length + 4096, used = 0;
  char date[DATE_TEXT];
  char *text = lossd_arena_alloc(&request->job.arena, room, 1);
  if (!text) return NULL;
  put_date(date);
  used += (size_t)snprintf(
      text, room,
      "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
      answer->status, status ? lossd_status_row(status)->title : "OK", date, answer->content_type,
      answer->length);
  for (int i = 0; i < answer->header_count && used < room; i++)
    if (strcmp(answer->headers[i].name, "Connection") != 0)
      used += (size_t)snprintf(text + used, room - used, "%s: %s\r\n", answer->headers[i].name,
                               answer->headers[i].value);
  if (used + 2 + answer->length > room) return NULL;
  memcpy(text + used, "\r\n", 2);
  memcpy(text + used + 2, answer->body, answer->length);
  *length = used + 2 + answer->length;
  return text;
}

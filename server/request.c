#include "server/request.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "server/answer.h"
#include "server/checks.h"
#include "server/log.h"
#include "server/metrics.h"

/* The buffer of a chunked body begins with this and doubles. */
#define BODY_STEP ((size_t)65536)

struct lossd_request *lossd_request_new(struct lossd_server *server) {
  struct lossd_request *request = malloc(sizeof *request);
  if (request) lossd_holding_init(&request->holding, server->memory, &server->admission);
  return request;
}

void lossd_request_free(struct lossd_request *request) {
  lossd_holding_free(&request->holding);
  free(request);
}

bool lossd_request_begin(struct lossd_request *request, struct lossd_server *server, const char *uri) {
  memset(request, 0, offsetof(struct lossd_request, holding));
  request->server = server;
  request->began = uv_hrtime();
  lossd_holding_begin(&request->holding);
  lossd_job_init(&request->job, &request->holding);
  request->job.exchange.limits = &server->limits;
  request->uri_place = uri;
  size_t given = strlen(uri), kept = given <= LOSSD_MAX_URI ? given : LOSSD_MAX_URI + 1;
  request->uri_length = kept;
  request->uri = lossd_arena_alloc(&request->job.arena, kept + 1, 1);
  if (!request->uri) return false;
  memcpy(request->uri, uri, kept);
  request->uri[kept] = 0;
  lossd_metrics_active(1);
  return true;
}

static void free_body(struct lossd_request *request) {
  const struct lossd_memory *memory = request->server->memory;
  if (request->body) memory->give(memory->context, request->body, request->body_capacity);
  request->body = NULL;
  request->body_capacity = 0;
}

/* What is left then is small and goes with the request. */
static void drop_body(struct lossd_request *request) {
  free_body(request);
  lossd_let_go(&request->holding, request->held_bytes);
  request->held_bytes = 0;
}

static double milliseconds(uint64_t from, uint64_t to) {
  return from && to > from ? (double)(to - from) / 1e6 : 0;
}

static const char *route_of(const struct lossd_request *request) {
  return request->match.route ? request->match.route->path : "";
}

static const char *error_code_of(const struct lossd_request *request) {
  int status = request->job.exchange.problem.status;
  return status ? lossd_status_row(status)->code : NULL;
}

static void report_evaluation(const struct lossd_request *request, struct lossd_log_request *line) {
  const struct lossd_job *job = &request->job;
  const struct lossd_evaluation *evaluation = &job->exchange.evaluation;
  line->queue_ms = milliseconds(job->submitted, job->started);
  line->decode_ms = milliseconds(job->started, job->decoded);
  line->compute_ms = milliseconds(job->decoded, job->computed);
  line->encode_ms = milliseconds(job->computed, job->encoded);
  if (!evaluation->loss) return;
  line->loss = evaluation->loss->name;
  if (job->exchange.problem.status) return;
  line->dtype = lossd_dtype_name(job->exchange.plan.compute);
  line->elements = job->exchange.plan.elements;
  lossd_metrics_compute(line->loss, line->dtype, line->compute_ms / 1e3, line->elements);
}

/* Identifiers that only the log shows are made here. */
static void log_line(struct lossd_request *request, struct lossd_log_request *line) {
  if (!request->request_id[0]) lossd_request_id(NULL, request->request_id);
  lossd_trace_parent(request->guard.values[LOSSD_FIELD_TRACEPARENT], request->traceparent);
  lossd_log_request(line);
}

/* Of the answer's body: HEAD and 304 say its length alone. */
static size_t sent_bytes(const struct lossd_request *request) {
  const bool head = request->method && strcmp(request->method, "HEAD") == 0;
  return head || request->answer.status == 304 ? 0 : request->answer.length;
}

static void report(struct lossd_request *request) {
  double seconds = (double)(uv_hrtime() - request->began) / 1e9;
  struct lossd_log_request line = {.request_id = request->request_id,
                                   .traceparent = request->traceparent,
                                   .method = request->method ? request->method : "",
                                   .route = route_of(request),
                                   .remote = request->remote,
                                   .status = request->answer.status,
                                   .request_bytes = request->body_length + (size_t)request->swallowed,
                                   .response_bytes = sent_bytes(request),
                                   .elements = -1,
                                   .queue_ms = -1,
                                   .decode_ms = -1,
                                   .compute_ms = -1,
                                   .encode_ms = -1,
                                   .total_ms = seconds * 1e3,
                                   .error_code = error_code_of(request)};
  if (request->job.stage == LOSSD_STAGE_DONE) report_evaluation(request, &line);
  lossd_metrics_request(line.method, line.route, line.status, seconds, line.request_bytes,
                        line.response_bytes, line.error_code);
  if (lossd_log_wants(&line)) log_line(request, &line);
}

void lossd_request_release(struct lossd_request *request) {
  if (request->headed) report(request);
  if (request->admitted) lossd_release_job(&request->server->admission);
  drop_body(request);
  lossd_job_reset(&request->job);
  lossd_holding_end(&request->holding);
  lossd_metrics_active(-1);
}

/* ---- Steps that are refused, and the last ---- */

static void answer_problem(struct lossd_request *request) {
  drop_body(request);
  lossd_answer_problem(request);
}

bool lossd_request_refused(const struct lossd_request *request) {
  return request->job.exchange.problem.status != 0;
}

void lossd_request_refuse(struct lossd_request *request, int status, const char *detail, const char *hint) {
  lossd_fail(&request->job.exchange.problem, status, NULL, "%s", detail);
  lossd_hint(&request->job.exchange.problem, "%s", hint);
  answer_problem(request);
}

bool lossd_request_admit_work(struct lossd_request *request) {
  lossd_job_admit(&request->job);
  if (!lossd_request_refused(request)) return true;
  answer_problem(request);
  return false;
}

void lossd_request_finish(struct lossd_request *request) {
  lossd_metrics_queue_wait(milliseconds(request->job.submitted, request->job.started) / 1e3);
  free_body(request);
  lossd_answer_evaluation(request);
}

/* ---- From the header section to the job ---- */

static bool is_preflight(const struct lossd_request *request) {
  return request->server->config->cors_origin && strcmp(request->method, "OPTIONS") == 0 &&
         request->guard.values[LOSSD_FIELD_ORIGIN] && request->guard.values[LOSSD_FIELD_PREFLIGHT_METHOD] &&
         request->match.allow[0];
}

static void read_length(struct lossd_request *request) {
  const char *length = request->guard.values[LOSSD_FIELD_CONTENT_LENGTH];
  request->chunked = request->guard.values[LOSSD_FIELD_TRANSFER_ENCODING] != NULL;
  request->declared = length ? strtoull(length, NULL, 10) : 0; /* ULLONG_MAX when it overflows */
}

bool lossd_request_head(struct lossd_request *request) {
  size_t length;
  request->headed = true;
  const char *given = request->guard.values[LOSSD_FIELD_REQUEST_ID];
  if (given) lossd_request_id(given, request->request_id);
  const char *path = lossd_route_path(request->uri, request->uri_length, &length);
  request->inference = lossd_route_is_inference(path, length);
  if (lossd_request_refused(request)) {
    request->framing = true;
    answer_problem(request);
    return false;
  }
  lossd_route_match(request->method, path, length, &request->match);
  read_length(request);
  if (is_preflight(request) || !lossd_check_head(request)) return true;
  answer_problem(request);
  return false;
}

/* A client that waits for 100 (Continue) gets the refusal in its place. */
bool lossd_request_must_close(const struct lossd_request *request) {
  return lossd_request_refused(request) &&
         (request->framing || request->declared > LOSSD_SWALLOW ||
          ((request->declared || request->chunked) && lossd_request_expects_continue(request)));
}

static bool grow(struct lossd_request *request, size_t needed) {
  const struct lossd_memory *memory = request->server->memory;
  size_t capacity = request->body_capacity ? request->body_capacity
                    : request->chunked     ? BODY_STEP
                                           : request->declared;
  while (capacity < needed) capacity *= 2;
  if (capacity == request->body_capacity) return true;
  char *body = memory->take(memory->context, capacity);
  if (!body) return false;
  if (request->body) {
    memcpy(body, request->body, request->body_length);
    memory->give(memory->context, request->body, request->body_capacity);
  }
  request->body = body;
  request->body_capacity = capacity;
  return true;
}

static void refuse_overload(struct lossd_request *request, const char *reason, const char *detail) {
  lossd_metrics_rejection(reason);
  lossd_request_refuse(request, LOSSD_OVERLOADED, detail, "try again later");
}

static void take_body(struct lossd_request *request, const char *data, size_t length) {
  const struct lossd_server *server = request->server;
  const size_t needed = request->body_length + length;
  if (needed > server->limits.max_body_bytes) {
    lossd_metrics_rejection("body_too_large");
    lossd_request_refuse(request, LOSSD_BODY_TOO_LARGE, "the body is larger than the limit",
                         "raise --max-body-bytes, or split the request");
    return;
  }
  if (needed > server->admission.max_bytes) {
    lossd_never_fits(request);
    answer_problem(request);
    return;
  }
  if (!lossd_hold(&request->holding, length)) {
    refuse_overload(request, "inflight_bytes", "the requests under way hold all the memory they may");
    return;
  }
  request->held_bytes += length;
  if (!grow(request, needed)) {
    refuse_overload(request, "no_memory", "there is no memory for this body now");
    return;
  }
  memcpy(request->body + request->body_length, data, length);
  request->body_length = needed;
}

bool lossd_request_body(struct lossd_request *request, const char *data, size_t length) {
  bool wanted = !lossd_request_refused(request) && lossd_route_evaluates(request->match.route);
  if (wanted) take_body(request, data, length);
  if (wanted && !lossd_request_refused(request)) return true;
  request->swallowed += length;
  if (request->swallowed <= LOSSD_SWALLOW) return true;
  if (!lossd_request_refused(request))
    lossd_request_refuse(request, LOSSD_BODY_TOO_LARGE, "this path takes no body", "");
  return false;
}

/* What decoding and computing will hold with the body, roughly; never more than there is, so that a
 * request that is alone gets its chance. */
static bool admit_evaluation(struct lossd_request *request) {
  const struct lossd_format *format = request->job.exchange.request_format;
  bool text = format == &lossd_format_json || format == &lossd_format_open_inference;
  size_t needed = request->body_length * (text ? 3 : 2);
  if (needed / 2 < request->body_length || needed > request->server->admission.max_bytes)
    needed = request->server->admission.max_bytes;
  return lossd_reserve(&request->holding, needed);
}

static void prepare_job(struct lossd_request *request) {
  struct lossd_exchange *x = &request->job.exchange;
  const char *query = strchr(request->uri, '?');
  x->loss_name = request->match.loss;
  x->loss_name_length = strlen(request->match.loss);
  x->query = query ? query + 1 : NULL;
  x->query_length = query ? strlen(query + 1) : 0;
  x->body = request->body ? request->body : "";
  x->body_length = request->body_length;
  x->inference_header_length = request->guard.values[LOSSD_FIELD_INFERENCE_LENGTH];
  x->model_version = request->match.version[0] ? request->match.version : NULL;
  request->job.submitted = uv_hrtime();
  request->job.deadline = request->job.submitted + (uint64_t)(request->server->config->request_timeout * 1e9);
}

bool lossd_request_end(struct lossd_request *request) {
  if (lossd_request_refused(request)) return true;
  if (!lossd_route_evaluates(request->match.route)) {
    if (is_preflight(request))
      lossd_answer_preflight(request);
    else
      lossd_answer_page(request);
    return true;
  }
  if (!admit_evaluation(request)) {
    refuse_overload(request, "inflight_bytes", "the requests under way hold all the memory they may");
    return true;
  }
  request->admitted = lossd_admit_job(&request->server->admission);
  if (!request->admitted) {
    refuse_overload(request, "queue_full", "the queue is full");
    return true;
  }
  prepare_job(request);
  return false;
}

#include "server/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/metrics.h"
#include "server/tokens.h"

static struct lossd_problem *problem_of(struct lossd_request *request) {
  return &request->job.exchange.problem;
}

static const char *field(const struct lossd_request *request, enum lossd_field name) {
  return request->guard.values[name];
}

static int check_method(struct lossd_request *request) {
  if (lossd_route_knows_method(request->method)) return 0;
  return lossd_fail(problem_of(request), LOSSD_NOT_IMPLEMENTED, NULL, "this method is not known");
}

static int check_certificate(struct lossd_request *request) {
  const struct lossd_route *route = request->match.route;
  if (!request->stranger || (route && route->access == LOSSD_ACCESS_PROBE)) return 0;
  lossd_metrics_rejection("unauthorized");
  return lossd_fail(problem_of(request), LOSSD_CERTIFICATE_REQUIRED, NULL,
                    "the client gave no certificate, or none that the server trusts");
}

static int check_token(struct lossd_request *request) {
  const struct lossd_route *route = request->match.route;
  struct lossd_server *server = request->server;
  if (!server->tokens || (route && route->access >= LOSSD_ACCESS_OPEN)) return 0;
  if (route && route->access == LOSSD_ACCESS_METRICS && !server->config->metrics_token) return 0;
  if (lossd_tokens_accept(server->tokens, field(request, LOSSD_FIELD_AUTHORIZATION))) return 0;
  lossd_metrics_rejection("unauthorized");
  bool given = field(request, LOSSD_FIELD_AUTHORIZATION) != NULL;
  lossd_fail(problem_of(request), LOSSD_UNAUTHORIZED, NULL,
             given ? "the token is not valid here" : "no token was given");
  lossd_hint(problem_of(request), "send the field \"Authorization: Bearer TOKEN\"");
  return LOSSD_UNAUTHORIZED;
}

/* The hint is the path that is meant, if that can be told. */
static int unknown_path(struct lossd_request *request) {
  const char *fixed[64], *nearest;
  char quoted[LOSSD_QUOTE_TEXT];
  size_t count = 0, length;
  struct lossd_match shorter;
  const char *path = lossd_route_path(request->uri, request->uri_length, &length);
  for (int i = 0; i < lossd_route_count && count < sizeof fixed / sizeof *fixed; i++)
    if (!strchr(lossd_routes[i].path, '{')) fixed[count++] = lossd_routes[i].path;
  lossd_fail(problem_of(request), LOSSD_NOT_FOUND, NULL, "there is nothing at the path \"%s\"",
             lossd_quote(path, length, quoted));
  lossd_route_match(request->method, path, length - (length > 1 && path[length - 1] == '/'), &shorter);
  if (shorter.allow[0])
    lossd_hint(problem_of(request), "leave the last / out");
  else if ((nearest = lossd_nearest(path, length, fixed, count)))
    lossd_hint(problem_of(request), "did you mean %s?", nearest);
  else
    lossd_hint(problem_of(request), "evaluate with POST /v1/losses/{loss}; /docs has all paths");
  return LOSSD_NOT_FOUND;
}

static int check_path(struct lossd_request *request) {
  const struct lossd_match *match = &request->match;
  if (!match->allow[0]) return unknown_path(request);
  if (match->loss[0]) request->loss = lossd_find(match->loss, strlen(match->loss), problem_of(request));
  if (match->loss[0] && !request->loss) return problem_of(request)->status;
  if (match->version[0] && strcmp(match->version, "1") != 0)
    return lossd_fail(problem_of(request), LOSSD_NOT_FOUND, NULL, "the only version of a model is 1");
  return 0;
}

static int check_allowed(struct lossd_request *request) {
  if (request->match.route) return 0;
  return lossd_fail(problem_of(request), LOSSD_METHOD_NOT_ALLOWED, NULL, "this path takes %s",
                    request->match.allow);
}

static int check_length(struct lossd_request *request) {
  const char *length = field(request, LOSSD_FIELD_CONTENT_LENGTH);
  bool takes_body = lossd_route_evaluates(request->match.route);
  size_t limit = takes_body ? request->server->limits.max_body_bytes : LOSSD_SWALLOW;
  if (takes_body && !length && !request->chunked) {
    lossd_fail(problem_of(request), LOSSD_LENGTH_REQUIRED, NULL,
               "neither Content-Length nor Transfer-Encoding is given");
    return LOSSD_LENGTH_REQUIRED;
  }
  if (request->declared <= limit) return 0;
  lossd_fail(problem_of(request), LOSSD_BODY_TOO_LARGE, NULL, "the body has %llu bytes, the limit is %zu",
             (unsigned long long)request->declared, limit);
  if (takes_body) lossd_hint(problem_of(request), "raise --max-body-bytes, or split the request");
  lossd_metrics_rejection("body_too_large");
  return LOSSD_BODY_TOO_LARGE;
}

bool lossd_request_expects_continue(const struct lossd_request *request) {
  const char *expect = field(request, LOSSD_FIELD_EXPECT);
  return expect && strcasecmp(expect, "100-continue") == 0;
}

static int check_expectation(struct lossd_request *request) {
  if (!field(request, LOSSD_FIELD_EXPECT) || lossd_request_expects_continue(request)) return 0;
  return lossd_fail(problem_of(request), LOSSD_EXPECTATION_FAILED, NULL,
                    "the only expectation is 100-continue");
}

static int check_encoding(struct lossd_request *request) {
  const char *encoding = field(request, LOSSD_FIELD_CONTENT_ENCODING);
  char quoted[LOSSD_QUOTE_TEXT];
  if (!lossd_route_evaluates(request->match.route) || !encoding) return 0;
  request->job.exchange.gzip = strcasecmp(encoding, "gzip") == 0 || strcasecmp(encoding, "x-gzip") == 0;
  if (request->job.exchange.gzip) return 0;
  lossd_fail(problem_of(request), LOSSD_UNSUPPORTED_MEDIA_TYPE, NULL,
             "Content-Encoding is \"%s\", expected gzip, or none of it",
             lossd_quote(encoding, strlen(encoding), quoted));
  lossd_hint(problem_of(request),
             "send the body as it is without Content-Encoding, or compress it with gzip");
  return LOSSD_UNSUPPORTED_MEDIA_TYPE;
}

static const char formats[] = "application/json, application/octet-stream or application/vnd.safetensors";

static int unknown_format(struct lossd_request *request, int status, const char *name, const char *value,
                          const char *expected) {
  char quoted[LOSSD_QUOTE_TEXT], found[LOSSD_QUOTE_TEXT + 8] = "missing";
  if (value) snprintf(found, sizeof found, "\"%s\"", lossd_quote(value, strlen(value), quoted));
  return lossd_fail(problem_of(request), status, NULL, "%s is %s, expected %s", name, found, expected);
}

static int check_type(struct lossd_request *request) {
  static const char form[] = "application/x-www-form-urlencoded";
  struct lossd_exchange *x = &request->job.exchange;
  const char *type = field(request, LOSSD_FIELD_CONTENT_TYPE);
  if (!lossd_route_evaluates(request->match.route)) return 0;
  if (request->match.route->kind == LOSSD_ROUTE_INFER) { /* whose clients name no type, or another */
    x->request_format = x->answer_format = &lossd_format_open_inference;
    return 0;
  }
  const struct lossd_format *format = type ? lossd_format_of_content_type(type) : NULL;
  x->request_format = format;
  if (format) return 0;
  unknown_format(request, LOSSD_UNSUPPORTED_MEDIA_TYPE, "Content-Type", type, formats);
  if (type && strncasecmp(type, form, sizeof form - 1) == 0)
    lossd_hint(problem_of(request), "curl says this of itself: add -H 'Content-Type: application/json'");
  return LOSSD_UNSUPPORTED_MEDIA_TYPE;
}

static int check_accept(struct lossd_request *request) {
  struct lossd_exchange *x = &request->job.exchange;
  const char *accept = field(request, LOSSD_FIELD_ACCEPT);
  const char *expected = formats;
  if (!lossd_route_evaluates(request->match.route)) return 0;
  if (x->answer_format) { /* Open Inference: which of the two it is, its outputs decide */
    if (lossd_accepts(accept, &lossd_format_json) || lossd_accepts(accept, &lossd_format_raw)) return 0;
    expected = "application/json and application/octet-stream";
  } else {
    x->answer_format = lossd_format_of_accept(accept, x->request_format);
    if (x->answer_format) return 0;
  }
  return unknown_format(request, LOSSD_NOT_ACCEPTABLE, "Accept", accept, expected);
}

static int overloaded(struct lossd_request *request, int status, const char *reason, const char *detail) {
  lossd_metrics_rejection(reason);
  return lossd_fail(problem_of(request), status, NULL, "%s", detail);
}

int lossd_never_fits(struct lossd_request *request) {
  overloaded(request, LOSSD_TOO_MANY_ELEMENTS, "never_fits",
             "the request alone is larger than all requests together may be (--max-inflight-bytes)");
  lossd_hint(problem_of(request), "split the request, or raise --max-inflight-bytes");
  return LOSSD_TOO_MANY_ELEMENTS;
}

/* Liveness never depends on load, nor does what shows the load. */
static int check_load(struct lossd_request *request) {
  struct lossd_server *server = request->server;
  if (request->match.route->access >= LOSSD_ACCESS_METRICS) return 0;
  if (request->verdict == LOSSD_TOO_MANY_OF_CLIENT)
    return overloaded(request, LOSSD_TOO_MANY_REQUESTS, "connections_per_client",
                      "this client has too many connections");
  if (request->verdict == LOSSD_TOO_MANY_CONNECTIONS)
    return overloaded(request, LOSSD_OVERLOADED, "connections", "there are too many connections");
  if (atomic_load(&server->phase) == LOSSD_PHASE_FINISHING && !server->inherited)
    return overloaded(request, LOSSD_DRAINING, "draining", "the server is shutting down");
  if (!lossd_route_evaluates(request->match.route)) return 0;
  if (!lossd_admission_has_room(&server->admission))
    return overloaded(request, LOSSD_OVERLOADED, "queue_full", "the queue is full");
  return request->declared > server->admission.max_bytes ? lossd_never_fits(request) : 0;
}

int lossd_check_head(struct lossd_request *request) {
  static int (*const checks[])(struct lossd_request *) = {
      check_method,      check_certificate, check_token, check_path,   check_allowed, check_length,
      check_expectation, check_encoding,    check_type,  check_accept, check_load};
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
    int status = checks[i](request);
    if (status) return status;
  }
  return 0;
}

#include "server/pages.h"

#include <string.h>

#include "api/catalogue.h"
#include "api/open_inference.h"
#include "api/openapi.h"
#include "server/assets.h"
#include "server/metrics.h"

static const char text_plain[] = "text/plain; charset=utf-8";
static const char json[] = "application/json";

static void constant(struct lossd_request *request, const char *type, const char *body) {
  request->answer.content_type = type;
  request->answer.body = body;
  request->answer.length = strlen(body);
}

static void readiness(struct lossd_request *request) {
  bool ready = atomic_load(&request->server->phase) == LOSSD_PHASE_SERVING;
  constant(request, text_plain, ready ? "ready\n" : "draining\n");
  if (!ready) request->answer.status = 503;
}

static void metrics(struct lossd_request *request) {
  const char *accept = request->guard.values[LOSSD_FIELD_ACCEPT];
  bool open = accept && strstr(accept, "application/openmetrics-text");
  struct lossd_answer *answer = &request->answer;
  answer->body = lossd_metrics_text(open, &request->job.arena, &answer->length);
  answer->content_type = open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                              : "text/plain; version=0.0.4; charset=utf-8";
}

static void document(struct lossd_request *request, const char *type, const char *body, size_t length) {
  request->answer.content_type = type;
  request->answer.body = body;
  request->answer.length = length;
}

static void add_header(struct lossd_answer *answer, const char *name, const char *value) {
  if (answer->header_count < LOSSD_ANSWER_HEADERS)
    answer->headers[answer->header_count++] = (struct lossd_header){name, value};
}

static void asset(struct lossd_request *request) {
  const struct lossd_asset *found = lossd_asset_find(request->match.route->path);
  if (!found) return;
  document(request, found->content_type, found->body, *found->length);
  add_header(&request->answer, "Content-Security-Policy", LOSSD_CONTENT_SECURITY_POLICY);
  add_header(&request->answer, "X-Content-Type-Options", "nosniff");
  add_header(&request->answer, "Referrer-Policy", "no-referrer");
}

void lossd_page(struct lossd_request *request) {
  struct lossd_arena *arena = &request->job.arena;
  const struct lossd_loss *loss = request->loss;
  const char *body;
  size_t length = 0;
  switch (request->match.route->kind) {
  case LOSSD_ROUTE_CATALOGUE:
    body = lossd_catalogue(arena, &length);
    document(request, json, body, length);
    break;
  case LOSSD_ROUTE_CATALOGUE_LOSS:
    body = lossd_catalogue_loss(loss, arena, &length);
    document(request, json, body, length);
    break;
  case LOSSD_ROUTE_INFERENCE_SERVER:
    body = lossd_open_inference_server(arena, &length);
    document(request, json, body, length);
    break;
  case LOSSD_ROUTE_INFERENCE_MODEL:
    body = lossd_open_inference_model(loss, arena, &length);
    document(request, json, body, length);
    break;
  case LOSSD_ROUTE_OPENAPI_JSON:
    document(request, json, lossd_openapi_json, lossd_openapi_json_length);
    break;
  case LOSSD_ROUTE_OPENAPI_YAML:
    document(request, "application/yaml", lossd_openapi_yaml, lossd_openapi_yaml_length);
    break;
  case LOSSD_ROUTE_ASSET: asset(request); break;
  case LOSSD_ROUTE_LIVE: constant(request, text_plain, "ok\n"); break;
  case LOSSD_ROUTE_READY: readiness(request); break;
  case LOSSD_ROUTE_METRICS: metrics(request); break;
  case LOSSD_ROUTE_INFERENCE_LIVE:
  case LOSSD_ROUTE_INFERENCE_MODEL_READY: constant(request, json, "{}"); break;
  case LOSSD_ROUTE_INFERENCE_READY:
    readiness(request);
    constant(request, json, "{}");
    break;
  default: break;
  }
  if (!request->answer.body)
    lossd_request_refuse(request, LOSSD_OUT_OF_MEMORY, "there is no memory for this answer", "");
}

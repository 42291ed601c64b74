#include "server/pages.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "api/catalogue.h"
#include "api/open_inference.h"
#include "api/openapi.h"
#include "server/answer.h"
#include "server/assets.h"
#include "server/metrics.h"

static const char text_plain[] = "text/plain; charset=utf-8";
static const char json[] = "application/json";

static void constant(struct lossd_request *request, const char *type, const char *body) {
  request->answer.content_type = type;
  request->answer.body = body;
  request->answer.length = strlen(body);
}

/* ---- Health and metrics ---- */

static void live(struct lossd_request *request) {
  constant(request, text_plain, "ok\n");
}

static void ready(struct lossd_request *request) {
  const bool serving = atomic_load(&request->server->phase) == LOSSD_PHASE_SERVING;
  constant(request, text_plain, serving ? "ready\n" : "draining\n");
  if (!serving) request->answer.status = 503;
}

static void inference_live(struct lossd_request *request) {
  constant(request, json, "{}");
}

static void inference_ready(struct lossd_request *request) {
  ready(request);
  inference_live(request);
}

static void metrics(struct lossd_request *request) {
  const char *accept = request->guard.values[LOSSD_FIELD_ACCEPT];
  bool open = accept && strstr(accept, "application/openmetrics-text");
  struct lossd_answer *answer = &request->answer;
  lossd_metrics_queue_depth(lossd_admission_waiting(&request->server->admission));
  answer->body = lossd_metrics_text(open, &request->job.arena, &answer->length);
  answer->content_type = open ? LOSSD_METRICS_OPENMETRICS : LOSSD_METRICS_PROMETHEUS;
}

/* What only another build changes: 304 for who has it. The tag is of the bytes that are sent, compressed or
 * not; quotes stand around a tag and nowhere else, so it is in the list where it is in the text. */
static void document(struct lossd_request *request, const char *type, const char *body, size_t length) {
  struct lossd_answer *answer = &request->answer;
  const char *held = request->guard.values[LOSSD_FIELD_IF_NONE_MATCH];
  if (!body) return;
  answer->content_type = type;
  answer->body = body;
  answer->length = length;
  snprintf(request->etag, sizeof request->etag, "\"%08lx-%zx\"", crc32(0, (const Bytef *)body, (uInt)length),
           length);
  lossd_answer_header(request, "ETag", request->etag);
  lossd_answer_header(request, "Cache-Control", "no-cache");
  if (!held || (strcmp(held, "*") != 0 && !strstr(held, request->etag))) return;
  answer->status = 304;
  answer->content_type = NULL;
}

/* ---- Files and errors ---- */

static void not_found(struct lossd_request *request, const char *hint) {
  lossd_request_refuse(request, LOSSD_NOT_FOUND, "there is nothing at this path", hint);
}

static void add_page_headers(struct lossd_request *request) {
  lossd_answer_header(request, "Content-Security-Policy", LOSSD_CONTENT_SECURITY_POLICY);
  lossd_answer_header(request, "X-Content-Type-Options", "nosniff");
  lossd_answer_header(request, "Referrer-Policy", "no-referrer");
}

static void asset(struct lossd_request *request) {
  char path[sizeof request->match.name + 8];
  const char *name = request->match.name;
  snprintf(path, sizeof path, "/ui/%s", name);
  const struct lossd_asset *found = lossd_asset_find(name[0] ? path : request->match.route->path);
  if (!found) {
    not_found(request, "the pages are / and /docs");
    return;
  }
  size_t length = *found->length;
  const bool gzip = lossd_accepts_gzip(request->guard.values[LOSSD_FIELD_ACCEPT_ENCODING]);
  const char *body = gzip ? found->body : lossd_asset_inflate(found, &request->job.arena, &length);
  document(request, lossd_asset_type(found), body, length);
  add_page_headers(request);
  lossd_answer_header(request, "Vary", "Accept-Encoding");
  if (gzip && request->answer.status == 200) lossd_answer_header(request, "Content-Encoding", "gzip");
}

/* What a problem's `type` leads to. */
static const char error_page[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n"
    "<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/ui/style.css\">\n"
    "<body class=\"page\">\n<h1>%s</h1>\n<p>Status %d, code <code>%s</code>.</p>\n<p>%s</p>\n"
    "<p>The problem's <code>detail</code> says what was found and what was expected, its <code>hint</code> "
    "what to do.</p>\n<p><a href=\"/docs\">The API</a>, <a href=\"/\">the playground</a></p>\n";

static void explain_error(struct lossd_request *request) {
  const struct lossd_status_row *row = lossd_status_of_slug(request->match.name);
  if (!row) {
    not_found(request, "the OpenAPI document lists the codes");
    return;
  }
  const size_t room = sizeof error_page + 1024;
  char *text = lossd_arena_alloc(&request->job.arena, room, 1);
  if (!text) return;
  const int length =
      snprintf(text, room, error_page, row->title, row->title, row->http, row->code, row->hint);
  document(request, "text/html; charset=utf-8", text, (size_t)length);
  add_page_headers(request);
}

/* ---- Documents ---- */

static void catalogue(struct lossd_request *request) {
  size_t length;
  const char *body = lossd_catalogue(&request->job.arena, &length);
  document(request, json, body, length);
}

static void catalogue_loss(struct lossd_request *request) {
  size_t length;
  const char *body = lossd_catalogue_loss(request->loss, &request->job.arena, &length);
  document(request, json, body, length);
}

static void inference_server(struct lossd_request *request) {
  size_t length;
  const char *body = lossd_open_inference_server(&request->job.arena, &length);
  document(request, json, body, length);
}

static void inference_model(struct lossd_request *request) {
  size_t length;
  const char *body = lossd_open_inference_model(request->loss, &request->job.arena, &length);
  document(request, json, body, length);
}

static void openapi_json(struct lossd_request *request) {
  document(request, json, lossd_openapi_json, lossd_openapi_json_length);
}

static void openapi_yaml(struct lossd_request *request) {
  document(request, "application/yaml", lossd_openapi_yaml, lossd_openapi_yaml_length);
}

/* ---- All pages ---- */

static void (*const pages[])(struct lossd_request *) = {
    [LOSSD_ROUTE_CATALOGUE] = catalogue,
    [LOSSD_ROUTE_CATALOGUE_LOSS] = catalogue_loss,
    [LOSSD_ROUTE_LIVE] = live,
    [LOSSD_ROUTE_READY] = ready,
    [LOSSD_ROUTE_METRICS] = metrics,
    [LOSSD_ROUTE_OPENAPI_JSON] = openapi_json,
    [LOSSD_ROUTE_OPENAPI_YAML] = openapi_yaml,
    [LOSSD_ROUTE_ASSET] = asset,
    [LOSSD_ROUTE_ERROR] = explain_error,
    [LOSSD_ROUTE_INFERENCE_SERVER] = inference_server,
    [LOSSD_ROUTE_INFERENCE_LIVE] = inference_live,
    [LOSSD_ROUTE_INFERENCE_READY] = inference_ready,
    [LOSSD_ROUTE_INFERENCE_MODEL] = inference_model,
    [LOSSD_ROUTE_INFERENCE_MODEL_READY] = inference_ready,
};

void lossd_page(struct lossd_request *request) {
  pages[request->match.route->kind](request);
  if (!request->answer.body)
    lossd_request_refuse(request, LOSSD_OUT_OF_MEMORY, "there is no memory for this answer", "");
}

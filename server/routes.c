#include "server/routes.h"

#include <string.h>
#include <strings.h>

const struct lossd_route lossd_routes[] = {
    {"POST", "/v1/losses/{loss}", LOSSD_ROUTE_EVALUATE, LOSSD_ACCESS_TOKEN},
    {"GET", "/v1/losses/{loss}", LOSSD_ROUTE_CATALOGUE_LOSS, LOSSD_ACCESS_TOKEN},
    {"GET", "/v1/losses", LOSSD_ROUTE_CATALOGUE, LOSSD_ACCESS_TOKEN},
    {"GET", "/livez", LOSSD_ROUTE_LIVE, LOSSD_ACCESS_PROBE},
    {"GET", "/readyz", LOSSD_ROUTE_READY, LOSSD_ACCESS_PROBE},
    {"GET", "/metrics", LOSSD_ROUTE_METRICS, LOSSD_ACCESS_METRICS},
    {"GET", "/openapi.json", LOSSD_ROUTE_OPENAPI_JSON, LOSSD_ACCESS_TOKEN},
    {"GET", "/openapi.yaml", LOSSD_ROUTE_OPENAPI_YAML, LOSSD_ACCESS_TOKEN},
    {"POST", "/v2/models/{loss}/infer", LOSSD_ROUTE_INFER, LOSSD_ACCESS_TOKEN},
    {"POST", "/v2/models/{loss}/versions/{version}/infer", LOSSD_ROUTE_INFER, LOSSD_ACCESS_TOKEN},
    {"GET", "/v2", LOSSD_ROUTE_INFERENCE_SERVER, LOSSD_ACCESS_TOKEN},
    {"GET", "/v2/", LOSSD_ROUTE_INFERENCE_SERVER, LOSSD_ACCESS_TOKEN},
    {"GET", "/v2/models/{loss}", LOSSD_ROUTE_INFERENCE_MODEL, LOSSD_ACCESS_TOKEN},
    {"GET", "/v2/models/{loss}/versions/{version}", LOSSD_ROUTE_INFERENCE_MODEL, LOSSD_ACCESS_TOKEN},
    {"GET", "/", LOSSD_ROUTE_ASSET, LOSSD_ACCESS_OPEN},
    {"GET", "/docs", LOSSD_ROUTE_ASSET, LOSSD_ACCESS_OPEN},
    {"GET", "/ui/{name}", LOSSD_ROUTE_ASSET, LOSSD_ACCESS_OPEN},
    {"GET", "/errors/{name}", LOSSD_ROUTE_ERROR, LOSSD_ACCESS_OPEN},
    {"GET", "/examples/digits.json", LOSSD_ROUTE_ASSET, LOSSD_ACCESS_OPEN},
    {"GET", "/v2/health/live", LOSSD_ROUTE_INFERENCE_LIVE, LOSSD_ACCESS_PROBE},
    {"GET", "/v2/health/ready", LOSSD_ROUTE_INFERENCE_READY, LOSSD_ACCESS_PROBE},
    {"GET", "/v2/models/{loss}/ready", LOSSD_ROUTE_INFERENCE_MODEL_READY, LOSSD_ACCESS_OPEN},
    {"GET", "/v2/models/{loss}/versions/{version}/ready", LOSSD_ROUTE_INFERENCE_MODEL_READY,
     LOSSD_ACCESS_OPEN},
};
const int lossd_route_count = sizeof lossd_routes / sizeof *lossd_routes;

/* In place of a path's Allow where CONNECT names a host. */
static const char any_method[] = "GET, HEAD, POST";

static int hex(char c) {
  return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* Decodes the segment up to the next slash, cut where it is longer than any name; the rest of the path. */
static const char *next_segment(const char *path, const char *end, char out[LOSSD_ROUTE_SEGMENT]) {
  size_t used = 0;
  for (; path < end && *path != '/'; path++) {
    char c = *path;
    if (c == '%' && end - path > 2) {
      c = (char)(hex(path[1]) * 16 + hex(path[2]));
      path += 2;
    }
    if (used + 1 < LOSSD_ROUTE_SEGMENT) out[used++] = c;
  }
  out[used] = 0;
  return path;
}

static bool segment_matches(const char *pattern, size_t length, const char *segment,
                            struct lossd_match *match) {
  char *parameter = pattern[0] != '{'   ? NULL
                    : pattern[1] == 'l' ? match->loss
                    : pattern[1] == 'v' ? match->version
                                        : match->name;
  if (!parameter) return strlen(segment) == length && memcmp(pattern, segment, length) == 0;
  if (!segment[0]) return false;
  memcpy(parameter, segment, LOSSD_ROUTE_SEGMENT);
  return true;
}

static bool path_matches(const char *pattern, const char *path, const char *end, struct lossd_match *match) {
  char segment[LOSSD_ROUTE_SEGMENT];
  match->loss[0] = match->version[0] = match->name[0] = 0;
  while (*pattern == '/' && path < end && *path == '/') {
    size_t length = strcspn(++pattern, "/");
    path = next_segment(path + 1, end, segment);
    if (!segment_matches(pattern, length, segment, match)) return false;
    pattern += length;
  }
  return !*pattern && path == end;
}

static void allow(struct lossd_match *match, const char *method) {
  if (match->allow[0]) strcat(match->allow, ", ");
  strcat(match->allow, strcmp(method, "GET") == 0 ? "GET, HEAD" : method);
}

void lossd_route_match(const char *method, const char *path, size_t length, struct lossd_match *match) {
  match->route = NULL;
  match->allow[0] = match->loss[0] = match->version[0] = match->name[0] = 0;
  const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method, *known = NULL;
  for (int i = 0; i < lossd_route_count; i++) {
    if (!path_matches(lossd_routes[i].path, path, path + length, match)) continue;
    known = lossd_routes[i].path;
    allow(match, lossd_routes[i].method);
    if (strcmp(wanted, lossd_routes[i].method) != 0) continue;
    match->route = &lossd_routes[i];
    return;
  }
  if (known)
    path_matches(known, path, path + length, match); /* an unknown loss comes before its method */
  else if (strcmp(method, "CONNECT") == 0)
    memcpy(match->allow, any_method, sizeof any_method);
}

bool lossd_route_knows_method(const char *method) {
  static const char *const methods[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
    if (strcmp(method, methods[i]) == 0) return true;
  return false;
}

bool lossd_route_evaluates(const struct lossd_route *route) {
  return route && (route->kind == LOSSD_ROUTE_EVALUATE || route->kind == LOSSD_ROUTE_INFER);
}

const char *lossd_route_path(const char *uri, size_t uri_length, size_t *length) {
  const char *end = uri + uri_length;
  size_t scheme = strncasecmp(uri, "http://", 7) == 0 ? 7 : strncasecmp(uri, "https://", 8) == 0 ? 8 : 0;
  if (scheme) {
    uri += scheme;
    while (uri < end && *uri != '/' && *uri != '?') uri++;
  }
  const char *query = memchr(uri, '?', (size_t)(end - uri));
  *length = (size_t)((query ? query : end) - uri);
  if (scheme && *length == 0) {
    *length = 1;
    return "/";
  }
  return uri;
}

bool lossd_route_is_inference(const char *path, size_t length) {
  return length >= 3 && memcmp(path, "/v2", 3) == 0 && (length == 3 || path[3] == '/');
}

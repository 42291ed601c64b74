/* The table of paths: what is served where, by which method, and who may ask. Pure functions, any thread. */
#ifndef LOSSD_SERVER_ROUTES_H
#define LOSSD_SERVER_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

enum lossd_route_kind {
  LOSSD_ROUTE_EVALUATE,
  LOSSD_ROUTE_INFER,
  LOSSD_ROUTE_CATALOGUE,
  LOSSD_ROUTE_CATALOGUE_LOSS,
  LOSSD_ROUTE_LIVE,
  LOSSD_ROUTE_READY,
  LOSSD_ROUTE_METRICS,
  LOSSD_ROUTE_OPENAPI_JSON,
  LOSSD_ROUTE_OPENAPI_YAML,
  LOSSD_ROUTE_ASSET,
  LOSSD_ROUTE_ERROR,
  LOSSD_ROUTE_INFERENCE_SERVER,
  LOSSD_ROUTE_INFERENCE_LIVE,
  LOSSD_ROUTE_INFERENCE_READY,
  LOSSD_ROUTE_INFERENCE_MODEL,
  LOSSD_ROUTE_INFERENCE_MODEL_READY,
};

/* Where a token is needed when there are tokens, and, but for probes, a certificate when there is a client
 * CA. */
enum lossd_route_access { LOSSD_ACCESS_TOKEN, LOSSD_ACCESS_METRICS, LOSSD_ACCESS_OPEN, LOSSD_ACCESS_PROBE };

struct lossd_route {
  const char *method; /* GET stands for HEAD too */
  const char *path;   /* "{loss}", "{version}" and "{name}" match one segment */
  enum lossd_route_kind kind;
  enum lossd_route_access access;
};

extern const struct lossd_route lossd_routes[];
extern const int lossd_route_count;

#define LOSSD_ROUTE_SEGMENT 128
#define LOSSD_ALLOW_TEXT 48

struct lossd_match {
  const struct lossd_route *route; /* NULL: nothing is served here by this method */
  char loss[LOSSD_ROUTE_SEGMENT];  /* percent-decoded, whatever the method; "" when the path has none */
  char version[LOSSD_ROUTE_SEGMENT];
  char name[LOSSD_ROUTE_SEGMENT]; /* of a file or an error */
  char allow[LOSSD_ALLOW_TEXT];   /* for the field Allow; "": there is no such path */
};

/* path: as it came, without the query. Segments are decoded one by one, so an encoded
 * slash never separates. */
void lossd_route_match(const char *method, const char *path, size_t length, struct lossd_match *match);
/* A method that HTTP knows (RFC 9110, PATCH and QUERY). */
bool lossd_route_knows_method(const char *method);
/* Whether the route takes an evaluation; NULL does not. */
bool lossd_route_evaluates(const struct lossd_route *route);
/* The path of a URI as it came: strips "http://host" of an absolute form and the query. Sets its length. */
const char *lossd_route_path(const char *uri, size_t uri_length, size_t *length);
/* True when the path belongs to the Open Inference Protocol, whose errors look different. */
bool lossd_route_is_inference(const char *path, size_t length);

#endif

/* The files of the pages: the playground at /, the API page at /docs, and what they load. Gzipped and
 * embedded while building (cmake/LossdAssets.cmake); constant bytes, any thread. */
#ifndef LOSSD_SERVER_ASSETS_H
#define LOSSD_SERVER_ASSETS_H

#include <stddef.h>

#include "core/arena.h"

/* What pages may do: load and call this server alone, run no inline script, be framed by nobody. */
#define LOSSD_CONTENT_SECURITY_POLICY                                                                        \
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; "           \
  "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

struct lossd_asset {
  const char *path; /* "/ui/style.css" */
  const char *body; /* gzip data */
  const size_t *length;
};

/* The asset of a path; NULL where there is none. */
const struct lossd_asset *lossd_asset_find(const char *path);
/* The media type, by the end of the path. */
const char *lossd_asset_type(const struct lossd_asset *asset);
/* The bytes for a reader that takes no gzip, allocated in the arena; NULL: no memory. */
const char *lossd_asset_inflate(const struct lossd_asset *asset, struct lossd_arena *arena, size_t *length);

#endif

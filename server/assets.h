/* The files of the pages: the playground at /, the API page at /docs, and what they load. Embedded from
 * server/ui and examples while building; constant bytes, any thread. */
#ifndef LOSSD_SERVER_ASSETS_H
#define LOSSD_SERVER_ASSETS_H

#include <stddef.h>

/* What pages may do: load and call this server alone, run no inline script, be framed by nobody. */
#define LOSSD_CONTENT_SECURITY_POLICY                                                                        \
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "      \
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

struct lossd_asset {
  const char *path; /* of its route */
  const char *content_type;
  const char *body;
  const size_t *length;
};

/* The asset of a route's path; NULL where there is none. */
const struct lossd_asset *lossd_asset_find(const char *path);

#endif

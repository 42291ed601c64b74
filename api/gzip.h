/* Inflating gzip bodies within a limit. Memory is the exchange's arena. One thread at a time. */
#ifndef LOSSD_API_GZIP_H
#define LOSSD_API_GZIP_H

#include "api/exchange.h"

/* Replaces x->body, which is gzip data (one member or several), by what it holds, allocated in x->arena.
 * Problems: BAD_GZIP, BODY_TOO_LARGE past limits->max_body_bytes, OUT_OF_MEMORY, CANCELLED. */
int lossd_gzip_inflate(struct lossd_exchange *x);

#endif

/* What formats whose tensors come as bytes share when they read. Pure functions; any thread. */
#ifndef LOSSD_API_BINARY_INPUT_H
#define LOSSD_API_BINARY_INPUT_H

#include "api/exchange.h"

/* Reads digits, without leading zeros, below 2^63. Returns the byte after them, or NULL. */
const char *lossd_read_whole(const char *text, const char *end, int64_t *value);
/* UNKNOWN_MEMBER: a tensor that the loss does not take; the detail lists those it takes. */
int lossd_unknown_input(struct lossd_exchange *x, const char *name, size_t length);

#endif

/* Bearer tokens: kept only as SHA-256 digests, compared in constant time. Any thread may ask while another
 * reloads. */
#ifndef LOSSD_SERVER_TOKENS_H
#define LOSSD_SERVER_TOKENS_H

#include <stdbool.h>

#include "server/config.h"

struct lossd_tokens;

/* Reads the file: one token a line; blank lines and lines that begin with # do not count. NULL, with the
 * reason in error, when it cannot be read or holds no token. path is borrowed. */
struct lossd_tokens *lossd_tokens_new(const char *path, char error[LOSSD_ERROR_TEXT]);
void lossd_tokens_free(struct lossd_tokens *tokens);
/* Reads the file again. False: the old tokens stay in force. */
bool lossd_tokens_reload(struct lossd_tokens *tokens, char error[LOSSD_ERROR_TEXT]);
/* authorization: the field's value, "Bearer TOKEN", or NULL. */
bool lossd_tokens_accept(struct lossd_tokens *tokens, const char *authorization);

#endif

/* Base64 of RFC 4648, strict: the standard alphabet, padded, no white space, no stray bits.
 * Pure, any thread. */
#ifndef LOSSD_API_BASE64_H
#define LOSSD_API_BASE64_H

#include <stddef.h>

/* Characters that encode so many bytes. */
static inline size_t lossd_base64_length(size_t bytes) {
  return bytes / 3 * 4 + (bytes % 3 ? 4 : 0);
}
/* Decodes into out, which has exactly `bytes`; length must be lossd_base64_length(bytes). Returns NULL when
 * done, else the character at fault. */
const char *lossd_base64_decode(const char *text, size_t length, void *out, size_t bytes);

#endif

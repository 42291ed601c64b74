#include "api/gzip.h"

#include <string.h>
#include <zlib.h>

#define STEP 65536         /* bytes out between two looks at cancelled */
#define TRAILER 8          /* at the end of a member: checksum and size */
#define LARGEST_RATIO 1032 /* of deflate */
#define GZIP_ONLY 16       /* added to the window's bits */

struct output {
  char *data;
  size_t length, capacity;
};

/* A member ends with its inflated size modulo 2^32, which need not be true: a first guess, kept within
 * reason. */
static size_t guess(const struct lossd_exchange *x) {
  const size_t most = x->limits->max_body_bytes, possible = x->body_length * LARGEST_RATIO + STEP;
  uint32_t size = 0;
  if (x->body_length >= TRAILER) memcpy(&size, x->body + x->body_length - sizeof size, sizeof size);
  size_t capacity = size < possible ? size : possible;
  return (capacity < most ? capacity : most) + 1;
}

static int too_large(struct lossd_exchange *x) {
  return lossd_fail(&x->problem, LOSSD_BODY_TOO_LARGE, NULL, "the inflated body is larger than %zu bytes",
                    x->limits->max_body_bytes);
}

static int make_room(struct lossd_exchange *x, struct output *out) {
  if (out->length < out->capacity) return LOSSD_OK;
  size_t capacity = out->data ? out->capacity * 2 : guess(x);
  if (capacity > x->limits->max_body_bytes) capacity = x->limits->max_body_bytes + 1;
  char *data = lossd_exchange_alloc(x, capacity, NULL);
  if (!data) return x->problem.status;
  if (out->data) memcpy(data, out->data, out->length);
  out->data = data;
  out->capacity = capacity;
  return LOSSD_OK;
}

static int bad(struct lossd_exchange *x, const z_stream *stream) {
  const size_t at = x->body_length - stream->avail_in;
  lossd_fail(&x->problem, LOSSD_BAD_GZIP, NULL, "the gzip data is %s at byte %zu",
             stream->avail_in ? "damaged" : "cut short", at);
  x->problem.offset = (long long)at;
  return x->problem.status;
}

/* One step of inflating; done: the data ends here, well. */
static int step(struct lossd_exchange *x, z_stream *stream, struct output *out, bool *done) {
  if (lossd_exchange_cancelled(x)) return lossd_fail_cancelled(&x->problem);
  if (make_room(x, out)) return x->problem.status;
  const size_t room = out->capacity - out->length;
  const uInt most = room < STEP ? (uInt)room : STEP;
  stream->next_out = (Bytef *)out->data + out->length;
  stream->avail_out = most;
  const int result = inflate(stream, Z_NO_FLUSH);
  out->length += most - stream->avail_out;
  if (out->length > x->limits->max_body_bytes) return too_large(x);
  if (result == Z_MEM_ERROR)
    return lossd_fail(&x->problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory to inflate the body");
  *done = result == Z_STREAM_END && stream->avail_in == 0;
  if (result == Z_STREAM_END && stream->avail_in)
    return inflateReset(stream) == Z_OK ? LOSSD_OK : bad(x, stream);
  const bool stuck = result == Z_BUF_ERROR && stream->avail_out == most;
  return stuck || (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) ? bad(x, stream)
                                                                                      : LOSSD_OK;
}

static int inflate_all(struct lossd_exchange *x, z_stream *stream, struct output *out) {
  bool done = false;
  while (!done)
    if (step(x, stream, out, &done)) return x->problem.status;
  return LOSSD_OK;
}

int lossd_gzip_inflate(struct lossd_exchange *x) {
  z_stream stream = {0};
  struct output out = {0};
  /* zlib counts input in 32 bits; a body limit beyond that is met in one piece only where it fits. */
  if (x->body_length > UINT32_MAX) return too_large(x);
  stream.next_in = (Bytef *)(uintptr_t)x->body;
  stream.avail_in = (uInt)x->body_length;
  if (inflateInit2(&stream, MAX_WBITS + GZIP_ONLY) != Z_OK)
    return lossd_fail(&x->problem, LOSSD_OUT_OF_MEMORY, NULL, "no memory to inflate the body");
  if (!inflate_all(x, &stream, &out)) {
    x->body = out.data;
    x->body_length = out.length;
  }
  inflateEnd(&stream);
  return x->problem.status;
}

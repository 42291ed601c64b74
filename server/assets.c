#include "server/assets.h"

#include <string.h>
#include <zlib.h>

#define X(symbol, path)                                                                                      \
  extern const char symbol[];                                                                                \
  extern const size_t symbol##_length;
#include "server/assets.inc"
#undef X

static const struct lossd_asset assets[] = {
#define X(symbol, path) {path, symbol, &symbol##_length},
#include "server/assets.inc"
#undef X
};

static const struct {
  const char *end, *type;
} types[] = {
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".txt", "text/plain; charset=utf-8"},
    {".woff2", "font/woff2"},
    {"", "text/html; charset=utf-8"},
};

const struct lossd_asset *lossd_asset_find(const char *path) {
  for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
    if (strcmp(assets[i].path, path) == 0) return &assets[i];
  return NULL;
}

const char *lossd_asset_type(const struct lossd_asset *asset) {
  const size_t length = strlen(asset->path);
  size_t i = 0;
  for (;; i++) {
    const size_t end = strlen(types[i].end);
    if (end <= length && strcmp(asset->path + length - end, types[i].end) == 0) return types[i].type;
  }
}

/* A gzip file ends with its inflated length, little-endian. */
static size_t inflated_length(const struct lossd_asset *asset) {
  const unsigned char *end = (const unsigned char *)asset->body + *asset->length;
  return (size_t)end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 | (size_t)end[-1] << 24;
}

const char *lossd_asset_inflate(const struct lossd_asset *asset, struct lossd_arena *arena, size_t *length) {
  *length = inflated_length(asset);
  char *body = lossd_arena_alloc(arena, *length + 1, 1);
  if (!body) return NULL;
  z_stream z = {.next_in = (z_const Bytef *)asset->body,
                .avail_in = (uInt)*asset->length,
                .next_out = (Bytef *)body,
                .avail_out = (uInt)*length + 1};
  if (inflateInit2(&z, 15 + 16) != Z_OK) return NULL;
  const int ended = inflate(&z, Z_FINISH);
  inflateEnd(&z);
  return ended == Z_STREAM_END ? body : NULL;
}

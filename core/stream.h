/* Copies past the cache, a cache line at a time: for numbers that it could not keep, and whose old contents
 * it would first read. Pieces that are no whole line are written plainly. What is streamed is seen by other
 * threads after stream_finish. No state; compiled in each variant. */
#ifndef LOSSD_CORE_STREAM_H
#define LOSSD_CORE_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#define STREAM_LINE 64

/* One line, to an address aligned to it: in as few writes as the machine can, since several cost as much
 * more. */
static inline void stream_line(char *to, const char *from) {
#if defined(__AVX512F__)
  _mm512_stream_si512((__m512i *)(void *)to, _mm512_loadu_si512(from));
#elif defined(__AVX__)
  for (size_t i = 0; i < STREAM_LINE; i += 32)
    _mm256_stream_si256((__m256i *)(void *)(to + i),
                        _mm256_loadu_si256((const __m256i *)(const void *)(from + i)));
#elif defined(__SSE2__)
  for (size_t i = 0; i < STREAM_LINE; i += 16)
    _mm_stream_si128((__m128i *)(void *)(to + i), _mm_loadu_si128((const __m128i *)(const void *)(from + i)));
#else
  memcpy(to, from, STREAM_LINE);
#endif
}

static inline void stream_copy(char *to, const char *from, size_t bytes) {
  const size_t before = (STREAM_LINE - (uintptr_t)to % STREAM_LINE) % STREAM_LINE;
  size_t i = before < bytes ? before : bytes;
  memcpy(to, from, i);
  for (; i + STREAM_LINE <= bytes; i += STREAM_LINE) stream_line(to + i, from + i);
  memcpy(to + i, from + i, bytes - i);
}

static inline void stream_finish(void) {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

#endif

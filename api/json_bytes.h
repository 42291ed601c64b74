/* 64 bytes of text as bit masks, one bit a byte, the first byte the lowest bit. Private to the sources that
 * are compiled once for each instruction set. */
#ifndef LOSSD_API_JSON_BYTES_H
#define LOSSD_API_JSON_BYTES_H

#include <stdint.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512BW__)

typedef struct {
  __m512i part;
} bytes64;

static inline bytes64 load_bytes(const char *text) {
  return (bytes64){_mm512_loadu_si512(text)};
}

static inline uint64_t equal(bytes64 bytes, char c) {
  return _mm512_cmpeq_epi8_mask(bytes.part, _mm512_set1_epi8(c));
}

/* Bytes from first on, count of them. */
static inline uint64_t in_range(bytes64 bytes, char first, char count) {
  return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes.part, _mm512_set1_epi8(first)),
                                _mm512_set1_epi8(count));
}

static inline bytes64 lower_case(bytes64 bytes) {
  return (bytes64){_mm512_or_si512(bytes.part, _mm512_set1_epi8(0x20))};
}

#elif defined(__SSE2__)

/* The widest vectors that have a comparison of bytes. */
#if defined(__AVX2__)
typedef __m256i vector;
#define V(name) _mm256_##name
#define LOAD(text) _mm256_loadu_si256((const __m256i *)(const void *)(text))
#define OR _mm256_or_si256
enum { VECTOR = 32 };
#else
typedef __m128i vector;
#define V(name) _mm_##name
#define LOAD(text) _mm_loadu_si128((const __m128i *)(const void *)(text))
#define OR _mm_or_si128
enum { VECTOR = 16 };
#endif
enum { VECTORS = 64 / VECTOR };

typedef struct {
  vector part[VECTORS];
} bytes64;

static inline bytes64 load_bytes(const char *text) {
  bytes64 bytes;
  for (int i = 0; i < VECTORS; i++) bytes.part[i] = LOAD(text + i * VECTOR);
  return bytes;
}

static inline uint64_t equal(bytes64 bytes, char c) {
  uint64_t mask = 0;
  for (int i = 0; i < VECTORS; i++)
    mask |= (uint64_t)(uint32_t)V(movemask_epi8)(V(cmpeq_epi8)(bytes.part[i], V(set1_epi8)(c))) << i * VECTOR;
  return mask;
}

/* Bytes from first on, count of them: first becomes the least signed byte, so that one
 * comparison finds all. */
static inline uint64_t in_range(bytes64 bytes, char first, char count) {
  uint64_t mask = 0;
  for (int i = 0; i < VECTORS; i++) {
    const vector lowest = V(add_epi8)(bytes.part[i], V(set1_epi8)((char)(0x80 - first)));
    const vector matches = V(cmpgt_epi8)(V(set1_epi8)((char)(0x80 + count)), lowest);
    mask |= (uint64_t)(uint32_t)V(movemask_epi8)(matches) << i * VECTOR;
  }
  return mask;
}

static inline bytes64 lower_case(bytes64 bytes) {
  for (int i = 0; i < VECTORS; i++) bytes.part[i] = OR(bytes.part[i], V(set1_epi8)(0x20));
  return bytes;
}

#undef V
#undef LOAD
#undef OR

#endif
#endif

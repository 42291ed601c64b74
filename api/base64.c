#include "api/base64.h"

#include <stdint.h>
#include <string.h>

#define NONE 0x80

/* The six bits that a character stands for, or NONE. */
static const uint8_t sextets[256] = {
#define NONE8 NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE
    NONE8, NONE8, NONE8, NONE8, NONE8,                      /* to 0x27 */
    NONE,  NONE,  NONE,  62,    NONE,  NONE,  NONE,  63,    /* '+', '/' */
    52,    53,    54,    55,    56,    57,    58,    59,    /* '0' */
    60,    61,    NONE,  NONE,  NONE,  NONE,  NONE,  NONE,  /* '8' */
    NONE,  0,     1,     2,     3,     4,     5,     6,     /* 'A' */
    7,     8,     9,     10,    11,    12,    13,    14,    /* 'H' */
    15,    16,    17,    18,    19,    20,    21,    22,    /* 'P' */
    23,    24,    25,    NONE,  NONE,  NONE,  NONE,  NONE,  /* 'X' */
    NONE,  26,    27,    28,    29,    30,    31,    32,    /* 'a' */
    33,    34,    35,    36,    37,    38,    39,    40,    /* 'h' */
    41,    42,    43,    44,    45,    46,    47,    48,    /* 'p' */
    49,    50,    51,    NONE,  NONE,  NONE,  NONE,  NONE,  /* 'x' */
    NONE8, NONE8, NONE8, NONE8, NONE8, NONE8, NONE8, NONE8, /* 0x80 */
    NONE8, NONE8, NONE8, NONE8, NONE8, NONE8, NONE8, NONE8, /* 0xC0 */
};

static const char *first_bad(const char *text, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (sextets[(unsigned char)text[i]] & NONE) return text + i;
  return NULL;
}

/* Four characters: 24 bits, or more where one of them is none of the alphabet. */
static uint32_t group(const char *text) {
  uint32_t bits = 0, bad = 0;
  for (int i = 0; i < 4; i++) {
    const uint32_t sextet = sextets[(unsigned char)text[i]];
    bits = bits << 6 | (sextet & 63);
    bad |= sextet & NONE;
  }
  return bits | bad << 24;
}

/* The last group, of 1 or 2 bytes. */
static const char *decode_rest(const char *text, uint8_t *out, size_t bytes) {
  char padded[4] = {text[0], text[1], 'A', 'A'};
  if (bytes == 2) padded[2] = text[2];
  const uint32_t bits = group(padded);
  if (bits >> 24) return first_bad(text, bytes + 1);
  if (memcmp(text + bytes + 1, "==", 3 - bytes)) return text + bytes + 1;
  if (bits & (bytes == 1 ? 0xFFFF : 0xFF)) return text + bytes;
  out[0] = (uint8_t)(bits >> 16);
  if (bytes == 2) out[1] = (uint8_t)(bits >> 8);
  return NULL;
}

const char *lossd_base64_decode(const char *text, size_t length, void *out, size_t bytes) {
  uint8_t *to = out;
  const char *const end = text + length;
  for (; bytes >= 3; bytes -= 3, text += 4, to += 3) {
    const uint32_t bits = group(text);
    if (bits >> 24) return first_bad(text, 4);
    to[0] = (uint8_t)(bits >> 16);
    to[1] = (uint8_t)(bits >> 8);
    to[2] = (uint8_t)bits;
  }
  return text == end ? NULL : decode_rest(text, to, bytes);
}

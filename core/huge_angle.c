#include "core/huge_angle.h"

#include <math.h>
#include <string.h>

/* 64 zeros, then the binary digits of 2/pi. */
static const uint64_t two_over_pi[] = {
    0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
    0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41,
    0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
    0xf0cfbc209af4361d};

typedef unsigned __int128 wide;

static uint64_t digits_at(int position) {
  const int word = position / 64, shift = position % 64;
  return shift ? two_over_pi[word] << shift | two_over_pi[word + 1] >> (64 - shift) : two_over_pi[word];
}

/* (x 2/pi mod 4) 2^126, for x = mantissa 2^exponent. Digits of 2/pi that only add multiples of 4 are left
 * out. */
static wide turns(uint64_t mantissa, int exponent) {
  const int first = 64 + exponent - 2;
  const wide low = (wide)mantissa * digits_at(first + 128);
  const wide middle = (wide)mantissa * digits_at(first + 64) + (uint64_t)(low >> 64);
  const uint64_t high = mantissa * digits_at(first) + (uint64_t)(middle >> 64);
  return (wide)high << 64 | (uint64_t)middle;
}

/* fraction 2^-128 pi/2 in two doubles */
static struct angle in_radians(wide fraction, uint64_t quadrant, double sign) {
  if (fraction == 0) return (struct angle){0, 0, quadrant};
  const uint64_t high = (uint64_t)(fraction >> 64);
  const int zeros = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)fraction);
  fraction <<= zeros;
  const double unit = ldexp(sign, -128 - zeros);
  /* The leading 26 digits and the rest, so that the leading products are exact. */
  const double lead = (double)(uint64_t)(fraction >> 102) * 0x1p102 * unit;
  const double rest = (double)(uint64_t)(fraction >> 49 & ((UINT64_C(1) << 53) - 1)) * 0x1p49 * unit;
  const double a = lead * 0x1.921fb58000000p+0; /* pi/2 to 26 digits */
  const double b = lead * -0x1.dde973dcb3b3ap-27 + rest * 0x1.921fb54442d18p+0;
  const double hi = a + b;
  return (struct angle){hi, b - (hi - a), quadrant};
}

struct angle lossd_huge_angle(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  const int biased = (int)(bits >> 52 & 0x7ff);
  if (biased == 0x7ff) return (struct angle){(double)NAN, 0, 0};
  const uint64_t mantissa = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
  const wide turned = turns(mantissa, biased - 1075);
  uint64_t quadrant = (uint64_t)(turned >> 126);
  wide fraction = turned << 2;
  double sign = 1;
  if (fraction >> 127) { /* nearer to the next quadrant */
    quadrant++;
    fraction = -fraction;
    sign = -1;
  }
  if (bits >> 63) return in_radians(fraction, (0 - quadrant) & 3, -sign);
  return in_radians(fraction, quadrant & 3, sign);
}

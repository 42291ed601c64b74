/* The functions of vector_math.h that have an algorithm for each precision. vector_math.h includes this file
 * once for float and once for double, with what is undefined again at its end:
 * - F(name): the function's name in this precision
 * - T, U: the number type, and the unsigned integer of its width
 * - POINT, BIAS: bits of the mantissa that are stored, and the bias of the exponent
 * - SMALLEST_NORMAL: the smallest number that is not denormal
 * - LN2_HI, LN2_LO: log 2 in two parts; products of the first with an exponent are exact
 * - EXP_LOW, EXP_HIGH: where exp has long become 0 or overflowed
 * - EXPM1_LOW, TANH_ONE: where expm1 has become -1, and tanh 1
 *
 * Range reductions as in P.-T. P. Tang, "Table-driven implementation of the exponential function" (1989)
 * without the table, and in fdlibm's log: log(1 + f) from s = f / (2 + f). */

#define ONE_BITS ((U)BIAS << POINT)
#define MANTISSA (((U)1 << POINT) - 1)
#define SIGN ((U)1 << (sizeof(U) * 8 - 1))
#define BLOCK ((T)((U)1 << POINT)) /* 2^POINT: its unit in the last place is 1 */
#define ROUND ((T)1.5 * BLOCK)     /* adding it rounds to an integer, left in the lowest bits */
#define ROUND_BITS F(bits)(ROUND)

/* condition ? x : y, by masks: gcc moves what callers do with a conditional result into its arms, where
 * comparisons no longer vectorise. */
static inline T F(select)(int condition, T x, T y) {
  const U mask = (U)(condition == 0) - 1;
  return F(from_bits)((F(bits)(x) & mask) | (F(bits)(y) & ~mask));
}

/* x + low = k log 2 + r + lost, |r| <= log(2)/2; e^r = 1 + (r + rest); shifted is ROUND + k */
struct F(exp_parts) {
  T shifted, r, lost, rest;
};

static inline struct F(exp_parts) F(exp_parts)(T x, T low) {
  const T shifted = x * (T)1.44269504088896340736 + ROUND;
  const T k = shifted - ROUND;
  const T high = x - k * LN2_HI, tail = k * LN2_LO - low;
  const T r = high - tail;
  return (struct F(exp_parts)){shifted, r, (high - r) - tail, r * r * F(exp_rest)(r)};
}

/* x 2^k with one rounding where the result is denormal; shifted = ROUND + k, k from -2 BIAS to BIAS + 1 */
static inline T F(scale)(T x, T shifted) {
  const U k = F(bits)(shifted) - ROUND_BITS + 2 * BIAS;
  const U half = k >> 1;
  return x * F(from_bits)(half << POINT) * F(from_bits)((k - half) << POINT);
}

/* e^(x + low), low tiny */
static inline T F(exp_of_sum)(T x, T low) {
  x = F(select)(x < EXP_LOW, EXP_LOW, x);
  x = F(select)(x > EXP_HIGH, EXP_HIGH, x);
  const struct F(exp_parts) e = F(exp_parts)(x, low);
  return F(scale)(1 + (e.r + e.rest), e.shifted);
}

static inline T F(exp)(T x) {
  return F(exp_of_sum)(x, 0);
}

/* e^-|x|, in [0, 1]: what sigmoid and softplus share. 2^(k + 64) is a normal number, whose exponent the
 * constant that rounds leaves in the lowest bits; what follows rounds once where the result is denormal. */
static inline T F(exp_neg_abs)(T x) {
  x = -F(abs)(x);
  x = EXP_LOW > x ? EXP_LOW : x;
  const T round = ROUND + (BIAS + 64), shifted = x * (T)1.44269504088896340736 + round, k = shifted - round;
  const T r = (x - k * LN2_HI) - k * LN2_LO;
  const T y = 1 + (r + r * r * F(exp_rest)(r));
  return y * F(from_bits)(F(bits)(shifted) << POINT) * (T)0x1p-64;
}

/* expm1 where EXPM1_LOW <= x <= EXP_HIGH, but for the sign of zero. 1 - 2^-k and r are added without loss. */
static inline T F(expm1_bounded)(T x) {
  const struct F(exp_parts) e = F(exp_parts)(x, 0);
  const U k = F(bits)(e.shifted) - ROUND_BITS;
  const T base = 1 - (x > -EXPM1_LOW ? 0 : F(from_bits)(ONE_BITS - (k << POINT)));
  const T sum = base + e.r, lost = e.r - (sum - base);
  return (sum + (lost + (e.rest + e.lost))) * 2 * F(from_bits)(ONE_BITS + ((k - 1) << POINT));
}

static inline T F(expm1)(T x) {
  T y = F(select)(x < EXPM1_LOW, EXPM1_LOW, x);
  y = F(select)(y > EXP_HIGH, EXP_HIGH, y);
  return F(from_bits)(F(bits)(F(expm1_bounded)(y)) | (F(bits)(x) & SIGN));
}

static inline T F(tanh)(T x) {
  const T z = x * x;
  const T near = x + x * (z * F(tanh_rest)(z));
  T y = F(abs)(x);
  y = y > TANH_ONE ? TANH_ONE : y;
  const T e = F(expm1_bounded)(2 * y);
  return F(from_bits)(F(bits)(y < (T)0.5 ? near : e / (e + 2)) | (F(bits)(x) & SIGN));
}

/* log(2^k (1 + f)), sqrt(1/2) <= 1 + f <= sqrt(2) */
static inline T F(log_parts)(T k, T f) {
  const T s = f / (2 + f), z = s * s;
  const T square = (T)0.5 * f * f;
  const T rest = s * (square + z * F(log_rest)(z));
  return k * LN2_HI - ((square - (rest + k * LN2_LO)) - f);
}

/* x > 0, normal: x = 2^k m, sqrt(1/2) <= m < sqrt(2) */
struct F(split) {
  T k, m;
};

static inline struct F(split) F(split)(T x) {
  const U root = F(bits)((T)0.70710678118654752440);
  const U shifted = F(bits)(x) + (ONE_BITS - root);
  const U exponent = (shifted >> POINT) | F(bits)(BLOCK);
  return (struct F(split)){F(from_bits)(exponent) - (BLOCK + BIAS),
                           F(from_bits)((shifted & MANTISSA) + root)};
}

/* the same where x may be denormal */
static inline struct F(split) F(split_any)(T x) {
  const struct F(split) p = F(split)(x < SMALLEST_NORMAL ? x * (4 * BLOCK) : x);
  return (struct F(split)){p.k - (x < SMALLEST_NORMAL ? POINT + 2 : 0), p.m};
}

/* 0 < x < infinity, normal */
static inline T F(log_normal)(T x) {
  const struct F(split) p = F(split)(x);
  return F(log_parts)(p.k, p.m - 1);
}

static inline T F(log)(T x) {
  const struct F(split) p = F(split_any)(x);
  const T special = x == 0 ? -(T)INFINITY : x < 0 ? (T)NAN : x;
  return F(select)((x > 0) & (x < (T)INFINITY), F(log_parts)(p.k, p.m - 1), special);
}

static inline T F(log1p)(T x) {
  const T u = 1 + x, part = u - 1;
  const T lost = (1 - (u - part)) + (x - part); /* 1 + x - u, exactly */
  const struct F(split) p = F(split)(u);
  const T inverse = F(from_bits)(F(bits)(p.m) - F(bits)(u) + ONE_BITS); /* 2^-k */
  const T f = (p.m - 1) + (u < 4 * BLOCK ? lost * inverse : 0);
  const T signed_log = F(from_bits)(F(bits)(F(log_parts)(p.k, f)) | (F(bits)(x) & SIGN));
  const T special = x == -1 ? -(T)INFINITY : x < -1 ? (T)NAN : x;
  return F(select)((x > -1) & (x < (T)INFINITY), signed_log, special);
}

/* log1p for 0 <= x <= 1, half the price */
static inline T F(log1p_unit)(T x) {
  const T s = x / (2 + x), z = s * s;
  const T square = (T)0.5 * x * x;
  return x - (square - s * (square + z * F(log1p_unit_rest)(z)));
}

/* 1 / (1 + e^-x) from e = exp_neg_abs(x); no digit is lost where x is very negative. */
static inline T F(sigmoid_from)(T x, T e) {
  return (x < 0 ? e : 1) / (1 + e);
}

#undef F
#undef T
#undef U
#undef POINT
#undef BIAS
#undef SMALLEST_NORMAL
#undef LN2_HI
#undef LN2_LO
#undef EXP_LOW
#undef EXP_HIGH
#undef EXPM1_LOW
#undef TANH_ONE
#undef ONE_BITS
#undef MANTISSA
#undef SIGN
#undef BLOCK
#undef ROUND
#undef ROUND_BITS

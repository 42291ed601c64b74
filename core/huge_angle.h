/* Angles modulo pi/2, to the last digit (M. Payne, R. Hanek, "Radian reduction for trigonometric functions",
 * 1983). Pure function, any thread. */
#ifndef LOSSD_CORE_HUGE_ANGLE_H
#define LOSSD_CORE_HUGE_ANGLE_H

#include <stdint.h>

/* x = quadrant pi/2 + hi + lo, |hi| <= pi/4 within rounding; quadrant counts modulo 4. */
struct angle {
  double hi, lo;
  uint64_t quadrant;
};

/* For |x| >= 2^20; infinities and NaN give NaN. */
struct angle lossd_huge_angle(double x);

#endif

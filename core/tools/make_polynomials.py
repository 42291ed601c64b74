#!/usr/bin/env python3
"""Writes core/vector_math_polynomials.h: the minimax polynomials of core/vector_math*.h.

    python3 core/tools/make_polynomials.py > core/vector_math_polynomials.h      (needs mpmath)

Each row of POLYNOMIALS is a function g on [0 or -a, a] with a weight w; the coefficients minimise max w |g - p| (Remez
exchange); the error that is printed includes their rounding.
"""
import sys

from mpmath import mp, mpf

mp.prec = 200
GRID = 400  # points on which the extrema are searched


def grid(low, high):
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle - half * mp.cos(mp.pi * (i + mpf(1) / 2) / GRID) for i in range(GRID)]


def extrema(error, count):
    """The grid indices of `count` alternating extrema of the error, the largest that there are."""
    found = []
    for i, e in enumerate(error):
        if found and (e > 0) == (error[found[-1]] > 0):
            if abs(e) > abs(error[found[-1]]):
                found[-1] = i
        else:
            found.append(i)
    while len(found) > count:
        found.pop(0 if abs(error[found[0]]) < abs(error[found[-1]]) else -1)
    return found


def minimax(points, values, weights, degree):
    """Coefficients of the polynomial whose largest weighted error is the smallest."""
    count = degree + 2
    at = [round(i * (GRID - 1) / (count - 1)) for i in range(count)]
    for _ in range(40):
        matrix, right = mp.matrix(count, count), mp.matrix(count, 1)
        for row, i in enumerate(at):
            for power in range(degree + 1):
                matrix[row, power] = points[i] ** power
            matrix[row, count - 1] = (-1) ** row / weights[i]
            right[row] = values[i]
        solution = mp.lu_solve(matrix, right)
        coefficients = [solution[k] for k in range(count - 1)]
        error = [w * (v - mp.polyval(coefficients[::-1], x)) for x, v, w in zip(points, values, weights)]
        moved = extrema(error, count)
        if len(moved) < count or max(abs(e) for e in error) <= abs(solution[count - 1]) * mpf("1.0001"):
            break
        at = moved
    return coefficients


def rounded(x, bits):
    mantissa, exponent = mp.frexp(x)
    return mp.ldexp(mp.nint(mp.ldexp(mantissa, bits)), exponent - bits)


def fit(function, weight, low, high, degree, bits):
    points = grid(mpf(low), mpf(high))
    values, weights = [function(x) for x in points], [weight(x) for x in points]
    exact = minimax(points, values, weights, degree)
    coefficients = [rounded(c, bits) for c in exact]
    error = max(abs(w * (v - mp.polyval(coefficients[::-1], x))) for x, v, w in zip(points, values, weights))
    return coefficients, error


def hexadecimal(x, bits):
    return float(x).hex() + ("f" if bits == 24 else "")


def estrin(coefficients, power=1):
    """The polynomial as a tree, so that its terms do not wait for each other. x2 is x^2, x4 is x^4 ..."""
    if len(coefficients) == 1:
        return coefficients[0], power // 2
    x = "x" if power == 1 else f"x{power}"
    pairs = [f"({a} + {b} * {x})" for a, b in zip(coefficients[::2], coefficients[1::2])]
    return estrin(pairs + coefficients[len(pairs) * 2:], 2 * power)


def write(name, comment, coefficients, error, bits):
    kind, suffix = ("float", "f32") if bits == 24 else ("double", "f64")
    print(f"/* {comment}; weighted error 2^{float(mp.log(error, 2)):.1f} */")
    print(f"static inline {kind} {name}_{suffix}({kind} x) {{")
    expression, highest = estrin([hexadecimal(c, bits) for c in coefficients])
    power = 2
    while power <= highest:
        half = "x" if power == 2 else f"x{power // 2}"
        print(f"  const {kind} x{power} = {half} * {half};")
        power *= 2
    print(f"  return {expression[1:-1]};\n}}")


def exp_rest(r):
    return mp.hyp1f1(1, 3, r) / 2


def atanh_rest(z):
    """(2 atanh(s) / s - 2) / s^2 with z = s^2"""
    return mpf(2) / 3 * mp.hyp2f1(1, mpf(3) / 2, mpf(5) / 2, z)


def tanh_rest(z):
    """(tanh(s) / s - 1) / z with z = s^2"""
    s = mp.sqrt(z)
    return (mp.tanh(s) / s - 1) / z


def sin_rest(z):
    """(sin(s) / s - 1) / z with z = s^2"""
    return -mp.hyp1f2(1, 2, mpf(5) / 2, -z / 4) / 6


def cos_rest(z):
    """(cos(s) - 1 + z / 2) / z^2 with z = s^2"""
    return mp.hyp1f2(1, mpf(5) / 2, 3, -z / 4) / 24


def atan_rest(z):
    """(atan(s) / s - 1) / z with z = s^2"""
    return -mp.hyp2f1(1, mpf(3) / 2, mpf(5) / 2, -z) / 3


def lgamma_rest(d):
    return mp.loggamma(2 + d) / d


PSI_ZERO = mp.findroot(mp.digamma, mpf("1.4616"))


def digamma_rest(d):
    """digamma(x) / (x - PSI_ZERO) with d = x - 1.5"""
    return mp.digamma(d + 1.5) / (d + 1.5 - PSI_ZERO)


def stirling_rest(z):
    """x (lgamma(x) - (x - 1/2) log x + x - log(2 pi) / 2) with z = 1 / x^2"""
    x = 1 / mp.sqrt(z)
    return x * (mp.loggamma(x) - (x - 0.5) * mp.log(x) + x - mp.log(2 * mp.pi) / 2)


def digamma_stirling_rest(z):
    """x^2 (log x - 1 / (2 x) - digamma(x)) with z = 1 / x^2"""
    x = 1 / mp.sqrt(z)
    return x**2 * (mp.log(x) - 1 / (2 * x) - mp.digamma(x))


HALF_LN2 = mp.log(2) / 2 * mpf("1.0001")
LOG_Z = (3 - 2 * mp.sqrt(2)) ** 2 * mpf("1.0001")
TRIG_Z = (mp.pi / 4) ** 2 * mpf("1.0001")
ATAN_Z = (mp.sqrt(2) - 1) ** 2 * mpf("1.0001")

# name, comment, function, weight, low, high, degree in float64, degree in float32 (None: float64 only)
POLYNOMIALS = [
    ("exp_rest", "(exp(x) - 1 - x) / x^2, |x| <= log(2)/2", exp_rest,
     lambda r: r**2 / abs(mp.expm1(r)), -HALF_LN2, HALF_LN2, 10, 4),
    ("exp_quarter_rest", "(exp(x / 4) - 1) / x, |x| <= log(2)/2", lambda r: mp.expm1(r / 4) / r,
     lambda r: abs(r) * mp.exp(-r / 4), -HALF_LN2, HALF_LN2, 6, None),
    ("log_rest", "(2 atanh(s) / s - 2) / s^2, x = s^2, s <= 3 - sqrt(8)", atanh_rest,
     lambda z: z / 2, 0, LOG_Z, 6, 2),
    ("log1p_unit_rest", "the same for s <= 1/3", atanh_rest,
     lambda z: z / 2, 0, mpf(1) / 9, 9, 3),
    ("tanh_rest", "(tanh(s) / s - 1) / s^2, x = s^2, s <= 1/2", tanh_rest,
     lambda z: z, 0, mpf(1) / 4, 9, 4),
    ("sin_rest", "(sin(s) / s - 1) / s^2, x = s^2, s <= pi/4", sin_rest,
     lambda z: z, 0, TRIG_Z, 5, None),
    ("cos_rest", "(cos(s) - 1 + s^2 / 2) / s^4, x = s^2, s <= pi/4", cos_rest,
     lambda z: z**2, 0, TRIG_Z, 5, None),
    ("atan_rest", "(atan(s) / s - 1) / s^2, x = s^2, s <= sqrt(2) - 1", atan_rest,
     lambda z: z, 0, ATAN_Z, 10, None),
    ("lgamma_rest", "lgamma(2 + x) / x, |x| <= 1/2", lgamma_rest,
     lambda d: 1 / lgamma_rest(d), mpf("-0.5001"), mpf("0.5001"), 18, None),
    ("digamma_rest", "digamma(3/2 + x) / (3/2 + x - its zero), |x| <= 1/2", digamma_rest,
     lambda d: 1 / digamma_rest(d), mpf("-0.5001"), mpf("0.5001"), 21, None),
    ("stirling_rest", "s (lgamma(s) - (s - 1/2) log s + s - log(2 pi) / 2), x = 1 / s^2, s >= 8", stirling_rest,
     lambda z: 1, mpf("1e-9"), mpf(1) / 64, 5, None),
    ("digamma_stirling_rest", "s^2 (log s - 1 / (2 s) - digamma(s)), x = 1 / s^2, s >= 8", digamma_stirling_rest,
     lambda z: 1, mpf("1e-9"), mpf(1) / 64, 6, None),
]


def main():
    print("/* Minimax polynomials of core/vector_math*.h, written by core/tools/make_polynomials.py. */")
    print("#ifndef LOSSD_CORE_VECTOR_MATH_POLYNOMIALS_H\n#define LOSSD_CORE_VECTOR_MATH_POLYNOMIALS_H\n")
    for name, comment, function, weight, low, high, double, single in POLYNOMIALS:
        for degree, bits in ((double, 53), (single, 24)):
            if degree is not None:
                write(name, comment, *fit(function, weight, low, high, degree, bits), bits)
                print(f"{name} {bits} degree {degree}", file=sys.stderr)
    print("\n#endif")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes tests/golden/vector_math.def: hard points of the elementary functions, in high precision.

    python3 tests/golden/make_vector_math.py > tests/golden/vector_math.def      (needs mpmath)

Arguments are float32 numbers, so that one table serves both precisions.
"""
import struct

from mpmath import mp, mpf

mp.prec = 2000


def float32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def log_of_one_plus_exp(x):
    return mp.log1p(mp.exp(x))


ZERO_OF_DIGAMMA = 1.4616321325302124
FUNCTIONS = {
    "exp": (mp.exp, [-103, -87.5, -20, -0.34657, -1e-9, 1e-30, 0.34658, 1, 10.5, 88]),
    "exp_neg_abs": (lambda x: mp.exp(-abs(x)), [-103, -87.5, -1, 1e-9, 0.5, 3, 40, 100]),
    "expm1": (mp.expm1, [-50, -1, -0.3466, -1e-20, 1e-30, 0.05, 0.3466, 0.5, 1.04, 20, 88]),
    "log": (mp.log, [1e-45, 1e-38, 0.70710677, 0.70710684, 0.99999994, 1.0000001, 1.4142135, 2, 3e38]),
    "log1p": (mp.log1p, [-0.99999994, -0.5, -1e-20, 1e-30, 0.41421354, 0.4142136, 1, 1e8, 3e38]),
    "log1p_unit": (mp.log1p, [1e-40, 1e-9, 0.1, 0.5, 0.99999994, 1]),
    "tanh": (mp.tanh, [-20, -0.50000006, 1e-30, 0.1, 0.49999997, 0.5, 1, 5, 9]),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), [-100, -20, -1, -1e-9, 0.5, 2, 20]),
    "softplus": (log_of_one_plus_exp, [-100, -20, -1, 1e-9, 0.5, 2, 20, 1e30]),
    "sin": (mp.sin, [-3.1415927, 1e-30, 0.78539819, 1.5707964, 3.1415927, 355, 1048575.9, 1048577, 1e22, 3e38]),
    "cos": (mp.cos, [1e-30, 0.78539819, 1.5707964, 4.712389, 11, 1048577, 16367173 * 2.0**72, 1e22, 3e38]),
    "tan": (mp.tan, [-1.5707964, 1e-30, 0.78539819, 1.5707964, 3.1415927, 22, 1048577, 1e22, 3e38]),
    "atan": (mp.atan, [-1e30, 1e-30, 0.41421354, 0.4142136, 1, 2.4142134, 2.4142137, 1e9]),
    "sinh": (mp.sinh, [-1, 1e-30, 0.05, 0.5, 21.9, 22.1, 89]),
    "cosh": (mp.cosh, [1e-30, 0.5, 1, 21.9, 22.1, 89]),
    "lgamma": (mp.loggamma, [1e-30, 0.1, 0.49999997, 0.5, 0.99999994, 1.0000001, 1.4999999, 1.5, 1.9999999, 2.0000002,
                             2.4999998, 2.5, 3, 7.9999995, 8, 100, 1e30]),
    "digamma": (mp.digamma, [1e-30, 0.1, 0.99999994, 1, ZERO_OF_DIGAMMA, 1.9999999, 2, 7.9999995, 8, 100, 1e30, -0.5, -7.3]),
}


def main():
    print("/* X(function, argument, value), written by make_vector_math.py. */")
    for name, (function, arguments) in FUNCTIONS.items():
        for argument in map(float32, arguments):
            print(f"X({name}, {argument.hex()}, {float(function(mpf(argument))).hex()})")


if __name__ == "__main__":
    main()

/* cmocka with what it needs before it. */
#ifndef LOSSD_TESTS_UNIT_H
#define LOSSD_TESTS_UNIT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#endif

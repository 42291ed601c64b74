/* The kernels of one variant, in the order of the zoo. Compiled in each variant. */
#include "core/tile.h"

#define LOSS(name, file) extern const struct lossd_kernel LOSSD_IN_VARIANT(name);
#include "core/zoo.def"
#undef LOSS

extern const struct lossd_kernel *const LOSSD_IN_VARIANT(kernels)[];
const struct lossd_kernel *const LOSSD_IN_VARIANT(kernels)[] = {
#define LOSS(name, file) &LOSSD_IN_VARIANT(name),
#include "core/zoo.def"
#undef LOSS
};

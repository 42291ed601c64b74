/* The zoo: which kernel serves which loss. Constant tables; any thread. */
#ifndef LOSSD_CORE_ZOO_H
#define LOSSD_CORE_ZOO_H

#include "core/loss.h"

struct lossd_kernel;

/* The kernel of a loss that computes in FLOAT64 or FLOAT32, for the instruction set in use. */
const struct lossd_kernel *lossd_kernel_of(const struct lossd_loss *loss, enum lossd_dtype precision);

#endif

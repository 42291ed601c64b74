/* The choice of json_block.h's functions. */
#include <string.h>

#include "api/json_block.h"
#include "core/loss.h"

extern const struct lossd_json_kernel lossd_json_baseline;
#if defined(__x86_64__)
extern const struct lossd_json_kernel lossd_json_avx2, lossd_json_avx512;
#endif

const struct lossd_json_kernel *lossd_json_kernel(void) {
  static const struct lossd_json_kernel *const kernels[] = {
#if defined(__x86_64__)
    &lossd_json_avx512,
    &lossd_json_avx2,
#endif
    &lossd_json_baseline
  };
  const size_t baseline = sizeof kernels / sizeof kernels[0] - 1;
  const char *const name = lossd_instruction_set();
  size_t i = 0;
  while (i < baseline && strcmp(kernels[i]->instruction_set, name) != 0) i++;
  return kernels[i];
}

/* Any bytes as a .npy file: what is read lies within the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct lossd_tensor tensor;
  struct lossd_problem problem = {0};
  size_t bytes;
  char *copy = malloc(size + !size); /* of exactly its size */
  if (!copy) abort();
  if (size) memcpy(copy, data, size);
  const int status = lossd_npy_read(copy, size, "/input", &tensor, &problem);
  if (status != problem.status) abort();
  if (!status) {
    if (!lossd_shape_bytes(tensor.dtype, &tensor.shape, &bytes)) abort();
    if ((const char *)tensor.data < copy || (const char *)tensor.data + bytes != copy + size) abort();
  }
  free(copy);
  return 0;
}

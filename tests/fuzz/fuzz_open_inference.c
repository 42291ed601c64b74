/* Any bytes as an Open Inference request: the text, if there is any, is Inference-Header-Content-Length. */
#include "tests/fuzz/exchange.h"

static void set_length(struct lossd_exchange *x, const struct fuzz_request *request) {
  if (request->text_length) x->inference_header_length = request->text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_exchange(&lossd_format_open_inference, data, size, set_length);
  return 0;
}

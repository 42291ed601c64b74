/* Any bytes as a raw request: the text is its query. */
#include "tests/fuzz/exchange.h"

static void set_query(struct lossd_exchange *x, const struct fuzz_request *request) {
  x->query = request->text;
  x->query_length = request->text_length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_exchange(&lossd_format_raw, data, size, set_query);
  return 0;
}

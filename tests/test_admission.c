/* Admission of connections: what one client has is told apart from what others have, however
 * many there are. */
#include "unit.h"

#include "server/config.h"
#include "server/limits.h"

static void begin(struct lossd_admission *admission, int connections, int per_client) {
  const struct lossd_config config = {.workers = 1,
                                      .queue_depth = 1,
                                      .max_connections = connections,
                                      .max_connections_per_client = per_client};
  assert_true(lossd_admission_init(admission, &config));
}

static void a_client_has_as_many_as_it_may(void **state) {
  (void)state;
  enum { ONE = 1, OTHER = 65 }; /* of one slot */
  struct lossd_admission admission;
  begin(&admission, 16, 2);
  for (int i = 0; i < 2; i++)
    assert_int_equal(lossd_admit_connection(&admission, ONE), LOSSD_CONNECTION_FINE);
  const enum lossd_connection_verdict third = lossd_admit_connection(&admission, ONE);
  assert_int_equal(third, LOSSD_TOO_MANY_OF_CLIENT);
  assert_int_equal(lossd_admit_connection(&admission, OTHER), LOSSD_CONNECTION_FINE);
  lossd_release_connection(&admission, ONE, third);
  assert_int_equal(lossd_admit_connection(&admission, ONE), LOSSD_TOO_MANY_OF_CLIENT);
  lossd_release_connection(&admission, ONE, LOSSD_CONNECTION_FINE);
  assert_int_equal(lossd_admit_connection(&admission, ONE), LOSSD_CONNECTION_FINE);
  lossd_admission_destroy(&admission);
}

/* Each from an address of its own; the last finds no place in the table. */
static void a_flood_leaves_no_client_more_than_it_may(void **state) {
  (void)state;
  enum { MOST = 16, FLOOD = 64 };
  enum lossd_connection_verdict verdict[FLOOD + 2];
  struct lossd_admission admission;
  begin(&admission, MOST, 1);
  for (uint64_t client = 1; client <= FLOOD + 1; client++)
    verdict[client] = lossd_admit_connection(&admission, client);
  assert_int_equal(verdict[MOST], LOSSD_CONNECTION_FINE);
  assert_int_equal(verdict[MOST + 1], LOSSD_TOO_MANY_CONNECTIONS);
  assert_int_equal(verdict[FLOOD + 1], LOSSD_TOO_MANY_OF_CLIENT);
  for (uint64_t client = 1; client <= FLOOD + 1; client++)
    lossd_release_connection(&admission, client, verdict[client]);
  assert_int_equal(lossd_admit_connection(&admission, FLOOD + 1), LOSSD_CONNECTION_FINE);
  assert_int_equal(lossd_admit_connection(&admission, FLOOD + 1), LOSSD_TOO_MANY_OF_CLIENT);
  lossd_admission_destroy(&admission);
}

/* Unix sockets have no address. */
static void nobody_in_particular_has_no_limit(void **state) {
  (void)state;
  struct lossd_admission admission;
  begin(&admission, 3, 1);
  for (int i = 0; i < 3; i++) assert_int_equal(lossd_admit_connection(&admission, 0), LOSSD_CONNECTION_FINE);
  assert_int_equal(lossd_admit_connection(&admission, 0), LOSSD_TOO_MANY_CONNECTIONS);
  lossd_admission_destroy(&admission);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_client_has_as_many_as_it_may),
                                     cmocka_unit_test(a_flood_leaves_no_client_more_than_it_may),
                                     cmocka_unit_test(nobody_in_particular_has_no_limit)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

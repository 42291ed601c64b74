/* Memory: the limits a container sets, and the cache of large buffers. */
#include "server/cgroup.h"
#include "server/memory.h"
#include "tests/unit.h"
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Limits: each case is a small tree of files that stands for a machine. ---- */

struct machine_file {
  const char *path, *text;
};
struct machine {
  const char *name;
  struct machine_file files[6];
  size_t memory;
  int cpus;
};

#define V2 "/sys/fs/cgroup"
static const struct machine machines[] = {
    {"no cgroups at all", {{NULL, NULL}}, SIZE_MAX, INT_MAX},
    {"v2 without limits",
     {{"/proc/self/cgroup", "0::/\n"}, {V2 "/memory.max", "max\n"}, {V2 "/cpu.max", "max 100000\n"}},
     SIZE_MAX,
     INT_MAX},
    {"v2 container with its own namespace",
     {{"/proc/self/cgroup", "0::/\n"}, {V2 "/memory.max", "536870912\n"}, {V2 "/cpu.max", "150000 100000\n"}},
     536870912,
     2},
    {"v2: a parent's limit binds",
     {{"/proc/self/cgroup", "0::/a/b\n"},
      {V2 "/a/memory.max", "1000000\n"},
      {V2 "/a/b/memory.max", "max\n"},
      {V2 "/a/cpu.max", "100000 100000\n"},
      {V2 "/a/b/cpu.max", "400000 100000\n"}},
     1000000,
     1},
    {"v2: memory.high binds below memory.max",
     {{"/proc/self/cgroup", "0::/x\n"}, {V2 "/x/memory.max", "2000\n"}, {V2 "/x/memory.high", "1500\n"}},
     1500,
     INT_MAX},
    {"v1 with its path",
     {{"/proc/self/cgroup", "9:cpu,cpuacct:/p\n4:memory:/p\n"},
      {V2 "/memory/p/memory.limit_in_bytes", "268435456\n"},
      {V2 "/cpu/p/cpu.cfs_quota_us", "50000\n"},
      {V2 "/cpu/p/cpu.cfs_period_us", "100000\n"}},
     268435456,
     1},
    {"v1 in a container that sees only the mount's root",
     {{"/proc/self/cgroup", "4:memory:/docker/abc\n3:cpuacct,cpu:/docker/abc\n"},
      {V2 "/memory/memory.limit_in_bytes", "1073741824\n"},
      {V2 "/cpu/cpu.cfs_quota_us", "300000\n"},
      {V2 "/cpu/cpu.cfs_period_us", "100000\n"}},
     1073741824,
     3},
    {"v1 without limits",
     {{"/proc/self/cgroup", "4:memory:/\n3:cpu:/\n"},
      {V2 "/memory/memory.limit_in_bytes", "9223372036854771712\n"},
      {V2 "/cpu/cpu.cfs_quota_us", "-1\n"},
      {V2 "/cpu/cpu.cfs_period_us", "100000\n"}},
     SIZE_MAX,
     INT_MAX},
    {"cpuset is not cpu",
     {{"/proc/self/cgroup", "3:cpuset:/\n"},
      {V2 "/cpu/cpu.cfs_quota_us", "100000\n"},
      {V2 "/cpu/cpu.cfs_period_us", "100000\n"}},
     SIZE_MAX,
     INT_MAX},
};

static void write_file(const char *root, const struct machine_file *file) {
  char path[512];
  snprintf(path, sizeof path, "%s%s", root, file->path);
  for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
    *slash = 0;
    assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
  }
  FILE *out = fopen(path, "w");
  assert_non_null(out);
  fputs(file->text, out);
  fclose(out);
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *walk) {
  (void)status, (void)flag, (void)walk;
  return remove(path);
}

static void container_limits_are_the_least_up_the_tree(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
    char root[] = "/tmp/lossd-cgroup-XXXXXX";
    assert_non_null(mkdtemp(root));
    for (const struct machine_file *file = machines[i].files; file->path; file++) write_file(root, file);
    size_t memory = lossd_cgroup_memory(root);
    int cpus = lossd_cgroup_cpus(root);
    nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    if (memory != machines[i].memory || cpus != machines[i].cpus)
      fail_msg("%s: memory %zu cpus %d", machines[i].name, memory, cpus);
  }
}

static void this_process_has_some_of_both(void **state) {
  (void)state;
  assert_in_range(lossd_memory_limit(), 1 << 20, SIZE_MAX - 1);
  assert_in_range(lossd_cpu_limit(), 1, 8192);
}

/* ---- Cache ---- */

static void *take(size_t bytes) {
  return lossd_memory_cache()->take(lossd_memory_cache()->context, bytes);
}
static void give(void *block, size_t bytes) {
  lossd_memory_cache()->give(lossd_memory_cache()->context, block, bytes);
}

#define MIB ((size_t)1 << 20)

static int empty_cache(void **state) {
  (void)state;
  lossd_memory_cache_cap(0);
  lossd_memory_cache_cap(16 * MIB);
  return 0;
}

static void a_large_block_is_reused_as_it_was(void **state) {
  (void)state;
  struct lossd_memory_counts before = lossd_memory_cache_counts();
  char *block = take(MIB);
  block[MIB - 1] = 'x';
  give(block, MIB);
  assert_int_equal(lossd_memory_cache_counts().idle_bytes, MIB);
  char *again = take(MIB - 1000);
  assert_ptr_equal(again, block);
  struct lossd_memory_counts after = lossd_memory_cache_counts();
  assert_int_equal(after.fresh - before.fresh, 1);
  assert_int_equal(after.reused - before.reused, 1);
  assert_int_equal(after.idle_bytes, 0);
  give(again, MIB - 1000);
}

static void a_block_holds_what_was_asked_and_wastes_little(void **state) {
  (void)state;
  for (size_t bytes = LOSSD_MEMORY_LARGE; bytes < 40 * MIB; bytes += bytes / 7 + 1) {
    size_t before = lossd_memory_cache_counts().taken_bytes;
    char *block = take(bytes);
    assert_non_null(block);
    size_t held = lossd_memory_cache_counts().taken_bytes - before;
    assert_in_range(held, bytes, bytes + bytes / 4);
    block[0] = block[bytes - 1] = 1;
    assert_int_equal((uintptr_t)block % (bytes >= 4 * MIB ? 2 * MIB : 4096), 0);
    give(block, bytes);
    assert_int_equal(lossd_memory_cache_counts().taken_bytes, before);
  }
}

static void small_blocks_bypass_the_cache_and_are_aligned(void **state) {
  (void)state;
  struct lossd_memory_counts before = lossd_memory_cache_counts();
  for (size_t bytes = 0; bytes < LOSSD_MEMORY_LARGE; bytes = bytes * 3 + 1) {
    char *block = take(bytes);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 64, 0);
    memset(block, 1, bytes);
    give(block, bytes);
  }
  struct lossd_memory_counts after = lossd_memory_cache_counts();
  assert_memory_equal(&before, &after, sizeof before);
}

static void use_at_once(int count, size_t bytes) {
  void *block[40];
  for (int i = 0; i < count; i++) block[i] = take(bytes);
  for (int i = 0; i < count; i++) give(block[i], bytes);
}

static void what_was_in_use_at_once_is_kept(void **state) {
  (void)state;
  use_at_once(40, MIB);
  assert_int_equal(lossd_memory_cache_counts().idle_bytes, 40 * MIB);
  assert_int_equal(lossd_memory_cache_counts().taken_bytes, 0);
}

static void idle_blocks_make_room_for_a_new_one_that_is_larger(void **state) {
  (void)state;
  use_at_once(1, 20 * MIB);
  void *block = take(32 * MIB);
  assert_int_equal(lossd_memory_cache_counts().idle_bytes, 0);
  give(block, 32 * MIB);
  assert_int_equal(lossd_memory_cache_counts().idle_bytes, 32 * MIB);
}

static void what_goes_unused_is_freed_down_to_the_cap(void **state) {
  (void)state;
  use_at_once(40, MIB);
  lossd_memory_cache_trim();
  assert_int_equal(lossd_memory_cache_counts().idle_bytes, 40 * MIB);
  use_at_once(24, MIB);
  lossd_memory_cache_trim();
  assert_int_equal(lossd_memory_cache_counts().idle_bytes, 24 * MIB);
  lossd_memory_cache_trim();
  assert_int_equal(lossd_memory_cache_counts().idle_bytes, 16 * MIB);
}

static void new_sizes_push_out_stale_ones(void **state) {
  (void)state;
  void *old[4];
  for (int i = 0; i < 4; i++) old[i] = take(4 * MIB);
  for (int i = 0; i < 4; i++) give(old[i], 4 * MIB);
  give(take(8 * MIB), 8 * MIB);
  assert_int_equal(lossd_memory_cache_counts().idle_bytes, 16 * MIB);
  size_t reused = lossd_memory_cache_counts().reused;
  void *block = take(8 * MIB);
  assert_int_equal(lossd_memory_cache_counts().reused, reused + 1);
  give(block, 8 * MIB);
}

static void lowering_the_cap_frees(void **state) {
  (void)state;
  void *block[16];
  for (int i = 0; i < 16; i++) block[i] = take(MIB);
  for (int i = 0; i < 16; i++) give(block[i], MIB);
  lossd_memory_cache_cap(3 * MIB);
  assert_in_range(lossd_memory_cache_counts().idle_bytes, 1, 3 * MIB);
  lossd_memory_cache_cap(0);
  assert_int_equal(lossd_memory_cache_counts().idle_bytes, 0);
}

static void what_no_machine_has_is_refused(void **state) {
  (void)state;
  assert_null(take(SIZE_MAX));
  assert_null(take(SIZE_MAX / 2));
  assert_null(take((size_t)1 << 47));
  assert_int_equal(lossd_memory_cache_counts().taken_bytes, 0);
}

static void *churn(void *argument) {
  unsigned seed = *(unsigned *)argument;
  for (int i = 0; i < 300; i++) {
    seed = seed * 1103515245u + 12345u;
    size_t bytes = LOSSD_MEMORY_LARGE + seed % (2 * MIB);
    unsigned *block = take(bytes);
    if (!block) return (void *)1;
    block[0] = block[bytes / 4 - 1] = seed;
    sched_yield();
    if (block[0] != seed || block[bytes / 4 - 1] != seed) return (void *)1;
    give(block, bytes);
  }
  return NULL;
}

static void threads_never_share_a_block(void **state) {
  (void)state;
  pthread_t thread[4];
  unsigned seed[4] = {1, 2, 3, 4};
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&thread[i], NULL, churn, &seed[i]), 0);
  for (int i = 0; i < 4; i++) {
    void *failed = NULL;
    pthread_join(thread[i], &failed);
    assert_null(failed);
  }
  assert_int_equal(lossd_memory_cache_counts().taken_bytes, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(container_limits_are_the_least_up_the_tree),
      cmocka_unit_test(this_process_has_some_of_both),
      cmocka_unit_test_setup(a_large_block_is_reused_as_it_was, empty_cache),
      cmocka_unit_test_setup(a_block_holds_what_was_asked_and_wastes_little, empty_cache),
      cmocka_unit_test_setup(small_blocks_bypass_the_cache_and_are_aligned, empty_cache),
      cmocka_unit_test_setup(what_was_in_use_at_once_is_kept, empty_cache),
      cmocka_unit_test_setup(idle_blocks_make_room_for_a_new_one_that_is_larger, empty_cache),
      cmocka_unit_test_setup(what_goes_unused_is_freed_down_to_the_cap, empty_cache),
      cmocka_unit_test_setup(new_sizes_push_out_stale_ones, empty_cache),
      cmocka_unit_test_setup(lowering_the_cap_frees, empty_cache),
      cmocka_unit_test_setup(what_no_machine_has_is_refused, empty_cache),
      cmocka_unit_test_setup(threads_never_share_a_block, empty_cache),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

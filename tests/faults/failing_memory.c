/* Memory that runs out on command: preloaded into a server, it fails the n-th allocation from now on, or all
 * from the n-th on. Counts what is allocated and not freed, too. The file that LOSSD_FAULTS names holds
 * struct faults; the test maps it as well. glibc only. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct faults {
  atomic_llong countdown; /* n: the n-th allocation fails; <= 0: none does */
  atomic_llong lasting;   /* nonzero: so do all after it */
  atomic_llong failed;    /* allocations that did */
  atomic_llong live;      /* blocks allocated and not freed */
};

static struct faults idle, *faults = &idle;

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *block);

__attribute__((constructor)) static void open_faults(void) {
  const char *path = getenv("LOSSD_FAULTS");
  const int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *shared =
      (void *)syscall(SYS_mmap, NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0L);
  close(file);
  if (shared != MAP_FAILED) faults = shared;
}

static bool fails(void) {
  if (atomic_load(&faults->countdown) <= 0) return false;
  const long long left = atomic_fetch_sub(&faults->countdown, 1);
  if (left > 1) return false;
  if (atomic_load(&faults->lasting)) atomic_store(&faults->countdown, 1);
  atomic_fetch_add(&faults->failed, 1);
  errno = ENOMEM;
  return true;
}

static void *count(void *block) {
  if (block) atomic_fetch_add(&faults->live, 1);
  return block;
}

void *malloc(size_t bytes) {
  return fails() ? NULL : count(__libc_malloc(bytes));
}

void *calloc(size_t number, size_t bytes) {
  return fails() ? NULL : count(__libc_calloc(number, bytes));
}

void *realloc(void *block, size_t bytes) {
  if (fails()) return NULL;
  void *moved = __libc_realloc(block, bytes);
  if (block && (moved || bytes == 0)) atomic_fetch_sub(&faults->live, 1);
  return count(moved);
}

void *memalign(size_t alignment, size_t bytes) {
  return fails() ? NULL : count(__libc_memalign(alignment, bytes));
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  return memalign(alignment, bytes);
}

int posix_memalign(void **block, size_t alignment, size_t bytes) {
  void *made = memalign(alignment, bytes);
  if (made) *block = made;
  return made ? 0 : ENOMEM;
}

void free(void *block) {
  if (block) atomic_fetch_sub(&faults->live, 1);
  __libc_free(block);
}

/* Of the program and its libraries; glibc's own maps do not come by here. */
void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset) {
  if ((flags & MAP_ANONYMOUS) && fails()) return MAP_FAILED;
  return (void *)syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
}

void *mmap64(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
    __attribute__((alias("mmap")));

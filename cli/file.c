#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Reading ---- */

static bool read_to_end(struct lossd_file *file, int fd) {
  size_t capacity = 0;
  char *data = NULL;
  for (;;) {
    if (file->length == capacity) {
      capacity = capacity ? 2 * capacity : 65536;
      char *larger = realloc(data, capacity);
      if (!larger) return false;
      file->data = data = larger;
    }
    const ssize_t got = read(fd, data + file->length, capacity - file->length);
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    if (got > 0) file->length += (size_t)got;
  }
}

static bool map(struct lossd_file *file, int fd, size_t length) {
  void *data = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return false;
  madvise(data, length, MADV_WILLNEED);
  *file = (struct lossd_file){data, length, true};
  return true;
}

bool lossd_file_open(struct lossd_file *file, const char *path) {
  struct stat status;
  *file = (struct lossd_file){0};
  const int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
  if (fd < 0) return false;
  bool done = fstat(fd, &status) == 0;
  if (done && S_ISREG(status.st_mode) && status.st_size > 0 && fd != STDIN_FILENO)
    done = map(file, fd, (size_t)status.st_size);
  else if (done)
    done = read_to_end(file, fd);
  const int error = errno;
  if (fd != STDIN_FILENO) close(fd);
  errno = error;
  return done;
}

void lossd_file_close(struct lossd_file *file) {
  if (file->mapped)
    munmap((void *)file->data, file->length);
  else
    free((void *)file->data);
  *file = (struct lossd_file){0};
}

/* ---- Writing ---- */

/* Writes all and closes. */
static bool write_to(int fd, const char *data, size_t length) {
  if (fd < 0) return false;
  while (length > 0) {
    const ssize_t wrote = write(fd, data, length);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) break;
    data += wrote;
    length -= (size_t)wrote;
  }
  const int error = errno;
  const bool closed = close(fd) == 0;
  if (length > 0) errno = error;
  return length == 0 && closed;
}

/* As the file that it replaces, or as a new one. */
static void set_mode(int fd, const struct stat *old) {
  const mode_t mask = umask(0);
  umask(mask);
  if (old && fchown(fd, old->st_uid, old->st_gid)) errno = 0; /* a file of our own will do */
  fchmod(fd, old ? old->st_mode & 0777 : 0666 & ~mask);
}

/* Writes a file beside path, which then takes its name. *placed: false where there can be no such file. */
static bool replace(const char *path, const struct stat *old, const char *data, size_t length, bool *placed) {
  char beside[PATH_MAX];
  const int size = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
  const int fd = size < (int)sizeof beside ? mkostemp(beside, O_CLOEXEC) : -1;
  *placed = fd >= 0;
  if (!*placed) return false;
  set_mode(fd, old);
  bool done = write_to(fd, data, length);
  if (done && rename(beside, path)) *placed = done = false; /* onto a mount, say */
  const int error = errno;
  if (!done) unlink(beside);
  errno = error;
  return done;
}

/* Whether there is nothing at path, or a file that may be written; *target is its name behind links. */
static bool is_replaceable(const char *path, struct stat *status, bool *exists, char target[PATH_MAX]) {
  *exists = lstat(path, status) == 0;
  if (!*exists) return snprintf(target, PATH_MAX, "%s", path) < PATH_MAX;
  return realpath(path, target) && !stat(target, status) && S_ISREG(status->st_mode) && !access(target, W_OK);
}

bool lossd_file_write(const char *path, const char *data, size_t length) {
  char target[PATH_MAX];
  struct stat status;
  bool exists, placed = false;
  if (is_replaceable(path, &status, &exists, target)) {
    const bool done = replace(target, exists ? &status : NULL, data, length, &placed);
    if (placed) return done;
  }
  return write_to(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), data, length);
}

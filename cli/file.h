/* Files as bytes. Regular files are mapped and used in place; pipes and "-" (standard input) are read to
 * their end. The bytes belong to the file until lossd_file_close. */
#ifndef LOSSD_CLI_FILE_H
#define LOSSD_CLI_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct lossd_file {
  const char *data;
  size_t length;
  bool mapped;
};

/* False with errno. lossd_file_close is due in any case. */
bool lossd_file_open(struct lossd_file *file, const char *path);
void lossd_file_close(struct lossd_file *file);
/* Writes a new file, or replaces one when all is written: where that fails, the old one is left. What is no
 * regular file (a pipe, a device) is written as it is. False with errno. */
bool lossd_file_write(const char *path, const char *data, size_t length);

#endif

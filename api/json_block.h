/* Numbers of a JSON array, 64 bytes at a time: part of json_array.c. Pure function, any thread. */
#ifndef LOSSD_API_JSON_BLOCK_H
#define LOSSD_API_JSON_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#define LOSSD_JSON_BLOCK 64
#else
#define LOSSD_JSON_BLOCK 0
#endif

/* text points to LOSSD_JSON_BLOCK bytes and to where a value is due. Returns the length of as many whole
 * numbers with their commas as begin the text, and adds how many they are to *count; 0 where there is none,
 * or anything unusual among them, wrong or not. Numbers may have one space before them. */
size_t lossd_json_skip_block(const char *text, int64_t *count);

#endif

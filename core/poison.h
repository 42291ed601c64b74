/* AddressSanitizer's marks on memory that is ours but not to be touched: idle blocks, the gaps of an arena.
 * Nothing in other builds. */
#ifndef LOSSD_CORE_POISON_H
#define LOSSD_CORE_POISON_H

#if defined(__SANITIZE_ADDRESS__)
#define LOSSD_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOSSD_ASAN 1
#endif
#endif

#ifdef LOSSD_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, bytes) ((void)(start), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(start, bytes) ((void)(start), (void)(bytes))
#endif

#endif

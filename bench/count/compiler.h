#ifndef CB_COUNT_COMPILER_H
#define CB_COUNT_COMPILER_H

/* What compiles this file, as baselines are named by it: "gcc-12.2.0". */
#define CB_TEXT_OF(number) #number
#define CB_VERSION_OF(a, b, c) CB_TEXT_OF(a) "." CB_TEXT_OF(b) "." CB_TEXT_OF(c)
#ifdef __clang__
#define CB_COUNT_COMPILER "clang-" CB_VERSION_OF(__clang_major__, __clang_minor__, __clang_patchlevel__)
#else
#define CB_COUNT_COMPILER "gcc-" CB_VERSION_OF(__GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__)
#endif

#endif

#ifndef FUZZ_DRIVER_H
#define FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

typedef int (*swl_fuzz_input)(const uint8_t *bytes, size_t count);

/// Runs libFuzzer, which calls `input` again and again; `arguments` are its own, after the program's name.
int swl_fuzz_run(int count, char **arguments, swl_fuzz_input input);

/// Begins to count what is allocated and the thread's time.
void swl_fuzz_begin(void);
/// The most bytes that were allocated at once since `swl_fuzz_begin`, beyond those allocated then.
size_t swl_fuzz_peak_bytes(void);
/// Nanoseconds of this thread's processor time since `swl_fuzz_begin`.
uint64_t swl_fuzz_nanoseconds(void);

#endif

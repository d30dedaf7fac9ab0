#pragma once
// Every integer kernel, once. Its declaration and its place in a table (swl_int8.h, kernel_tables.c), the checks of
// tools/check-kernels.c and the table of Kernels.md (tools/kernel-support) follow from here: a new kernel is a line of
// its instruction set's list, and its file.

/// OPERATOR(field of a table, arguments, what it computes)
#define SWL_OPERATORS(OPERATOR)                                                                                    \
  OPERATOR(conv, (const swl_conv_args *), "convolution, dense layer")                                              \
  OPERATOR(dense, (const swl_conv_args *), "dense layer, where it has a kernel of its own")                        \
  OPERATOR(narrow, (const swl_conv_args *), "convolution of up to four filters")                                   \
  OPERATOR(four_bit, (const swl_conv_args *), "dense layer of four-bit weights")                                   \
  OPERATOR(sparse, (const swl_sparse_args *), "block-sparse convolution, dense layer")                             \
  OPERATOR(depthwise, (const swl_depthwise_args *), "depthwise convolution")                                       \
  OPERATOR(winograd2x2, (const swl_winograd_args *), "3x3 convolution by tiles of 2x2 outputs")                    \
  OPERATOR(winograd4x4, (const swl_winograd_args *), "3x3 convolution by tiles of 4x4 outputs")                    \
  OPERATOR(max_pool, (const swl_pool_args *), "max pool")                                                          \
  OPERATOR(mean_pool, (const swl_pool_args *), "average pool")                                                     \
  OPERATOR(add, (const swl_add_args *), "addition")                                                                \
  OPERATOR(interleave, (const uint8_t *, ptrdiff_t, ptrdiff_t, uint8_t *), "rows of an image interleaved")         \
  OPERATOR(widen, SWL_WIDEN_ARGUMENTS, "an image widened to s16")

/// KERNEL(operator, function, instruction set, packing of the weights, output channels in a vector, most vectors)
#define SWL_KERNELS_portable(KERNEL)                                 \
  KERNEL(conv, conv_u8s8, portable, PAIRS, 4, 2)                     \
  KERNEL(sparse, sparse_u8s8, portable, PAIRS, 4, 4)                 \
  KERNEL(depthwise, depthwise_u8s16, portable, TAPS, 0, 0)           \
  KERNEL(max_pool, maxpool_u8, portable, NONE, 0, 0)                 \
  KERNEL(mean_pool, meanpool_u8, portable, NONE, 0, 0)               \
  KERNEL(add, add_u8, portable, NONE, 0, 0)

#define SWL_KERNELS_avx2(KERNEL)                                     \
  KERNEL(conv, conv_u8s8, avx2, WIDENED, 8, 2)                       \
  KERNEL(dense, dense_u8s8, avx2, BYTES, 8, 4)                       \
  KERNEL(sparse, sparse_u8s8, avx2, PAIRS, 8, 2)                     \
  KERNEL(depthwise, depthwise_u8s16, avx2, TAPS, 0, 0)               \
  KERNEL(winograd2x2, winograd2x2_u8s8, avx2, TRANSFORMED, 8, 2)     \
  KERNEL(winograd4x4, winograd4x4_u8s8, avx2, TRANSFORMED, 8, 2)     \
  KERNEL(max_pool, maxpool_u8, avx2, NONE, 0, 0)                     \
  KERNEL(mean_pool, meanpool_u8, avx2, NONE, 0, 0)                   \
  KERNEL(add, add_u8, avx2, NONE, 0, 0)                              \
  KERNEL(widen, widen_u8s16, avx2, NONE, 0, 0)

#define SWL_KERNELS_avx512vnni(KERNEL)                               \
  KERNEL(conv, conv_u8s8, avx512vnni, BYTES, 16, 4)                  \
  KERNEL(narrow, few_u8s8, avx512vnni, RUNS, 4, 1)                   \
  KERNEL(four_bit, dense_u8s4, avx512vnni, NIBBLES, 16, 4)           \
  KERNEL(sparse, sparse_u8s8, avx512vnni, BYTES, 16, 1)              \
  KERNEL(depthwise, depthwise_u8s8, avx512vnni, QUADS, 0, 0)         \
  KERNEL(winograd4x4, winograd4x4_u8s8, avx512vnni, TRANSFORMED, 16, 2) \
  KERNEL(max_pool, maxpool_u8, avx512vnni, NONE, 0, 0)               \
  KERNEL(mean_pool, meanpool_u8, avx512vnni, NONE, 0, 0)             \
  KERNEL(add, add_u8, avx512vnni, NONE, 0, 0)                        \
  KERNEL(interleave, words_u8, avx512vnni, NONE, 0, 0)

#define SWL_KERNELS_neon(KERNEL)                                     \
  KERNEL(conv, conv_u8s8, neon, ROWS, 4, 4)                          \
  KERNEL(sparse, sparse_u8s8, neon, ROWS, 4, 4)                      \
  KERNEL(depthwise, depthwise_u8s16, neon, TAPS, 0, 0)               \
  KERNEL(max_pool, maxpool_u8, neon, NONE, 0, 0)                     \
  KERNEL(mean_pool, meanpool_u8, neon, NONE, 0, 0)                   \
  KERNEL(add, add_u8, neon, NONE, 0, 0)

#define SWL_KERNELS_neondot(KERNEL)                                  \
  KERNEL(conv, conv_u8s8, neondot, BYTES, 4, 4)                      \
  KERNEL(sparse, sparse_u8s8, neondot, BYTES, 4, 4)                  \
  KERNEL(depthwise, depthwise_u8s16, neon, TAPS, 0, 0)               \
  KERNEL(max_pool, maxpool_u8, neon, NONE, 0, 0)                     \
  KERNEL(mean_pool, meanpool_u8, neon, NONE, 0, 0)                   \
  KERNEL(add, add_u8, neon, NONE, 0, 0)

/// TABLE(instruction set, what the CPU must have, whether its convolutions flip the activations' top bit), fastest first.
#define SWL_TABLES_X86(TABLE) TABLE(avx512vnni, SWL_CPU_AVX512VNNI, false) TABLE(avx2, SWL_CPU_AVX2, false)
#define SWL_TABLES_ARM(TABLE) TABLE(neondot, SWL_CPU_NEONDOT, true) TABLE(neon, SWL_CPU_NEON, false)
#define SWL_TABLES_ALL(TABLE) TABLE(portable, 0, false)

/// The tables of this build.
#if defined(__x86_64__)
#define SWL_TABLES(TABLE) SWL_TABLES_X86(TABLE) SWL_TABLES_ALL(TABLE)
#elif defined(__aarch64__)
#define SWL_TABLES(TABLE) SWL_TABLES_ARM(TABLE) SWL_TABLES_ALL(TABLE)
#else
#define SWL_TABLES(TABLE) SWL_TABLES_ALL(TABLE)
#endif

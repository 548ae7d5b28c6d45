/* SPDX-License-Identifier: MIT */
/* Four rows of a matrix times a vector: nearly all the time of the denoiser is spent in here.
 *
 * Weights are int8, inputs int16. Two rows share a halfword, 256 * upper + lower, and two columns a
 * word, so that one instruction multiplies four weights. The sums of both rows come apart again:
 *
 *     both = sum (256 * upper + lower) * x        64 bits: nothing is lost
 *     lower sum = sum lower * x                   the lower byte, sign-extended
 *     upper sum = (both - lower sum) / 256        exact
 *
 * Four rows are a tile, which is read in one stream; `lstm-se export` packs it. It has
 *
 *     three words for rows 0 and 1, and three for rows 2 and 3, with which the sums begin: the lower
 *     row's bias, and the same of both, which has 64 bits, the low ones first;
 *     for each two columns a word of weights of rows 0 and 1, and one of rows 2 and 3.
 */
#ifndef SE_KERNELS_H
#define SE_KERNELS_H

#include <stdint.h>

#include "se_compiler.h"
#include "se_weights.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SE_TILE(columns) (6 + (columns)) /* words */

#define SE_KERNEL_C 0    /* plain C, for any processor */
#define SE_KERNEL_ACLE 1 /* C with the intrinsics of Arm's DSP extension */
#define SE_KERNEL_ASM 2  /* assembler for the same instructions: as fast at -O0 as at -O3 */
#define SE_KERNEL_SSE2 3 /* C with the intrinsics that every x86-64 has: for PCs */
#define SE_KERNEL_AVX2 4 /* and with those that most have: twice as wide */

#ifndef SE_KERNEL
#if SE_HAVE_DSP
#define SE_KERNEL SE_KERNEL_ASM
#elif SE_HAVE_AVX2
#define SE_KERNEL SE_KERNEL_AVX2
#elif SE_HAVE_SSE2
#define SE_KERNEL SE_KERNEL_SSE2
#else
#define SE_KERNEL SE_KERNEL_C
#endif
#endif

/* sums[r] = bias[r] + sum over columns of weight[r][column] * x[column], for r = 0 ... 3.
 *
 * tile:    SE_TILE(columns) words, aligned to 4 bytes
 * x:       inputs, aligned to 4 bytes
 * columns: a multiple of 8, at most 516 where |weight| <= 127: no sum leaves the range of int32
 */
void se_rows_c(const uint32_t *tile, const int16_t *x, int32_t columns, int32_t sums[4]);
#if SE_HAVE_DSP
void se_rows_acle(const uint32_t *tile, const int16_t *x, int32_t columns, int32_t sums[4]);
void se_rows_asm(const uint32_t *tile, const int16_t *x, int32_t columns, int32_t sums[4]);
#endif

#if SE_HAVE_SSE2
void se_rows_sse2(const uint32_t *tile, const int16_t *x, int32_t columns, int32_t sums[4]);
#endif

#if SE_HAVE_AVX2
void se_rows_avx2(const uint32_t *tile, const int16_t *x, int32_t columns, int32_t sums[4]);
#endif

#if SE_KERNEL == SE_KERNEL_ASM
#define se_rows se_rows_asm
#elif SE_KERNEL == SE_KERNEL_ACLE
#define se_rows se_rows_acle
#elif SE_KERNEL == SE_KERNEL_AVX2
#define se_rows se_rows_avx2
#elif SE_KERNEL == SE_KERNEL_SSE2
#define se_rows se_rows_sse2
#else
#define se_rows se_rows_c
#endif

#if SE_SUBBANDS

/* Weights that sub-bands share are read once in each, so they are unpacked once for all, by the export:
 * one in a halfword, and nothing but loads and products is left. A wide tile has the biases of four
 * rows, then for each two columns a word of each row. */
#define SE_WIDE_TILE(columns) (4 + 2 * (columns)) /* words */

/* As above, for `rows` rows: a multiple of 4. */
void se_wide_rows_c(const uint32_t *tiles, const int16_t *x, int32_t columns, int32_t *sums,
                    int32_t rows);
#if SE_HAVE_DSP
void se_wide_rows_asm(const uint32_t *tiles, const int16_t *x, int32_t columns, int32_t *sums,
                      int32_t rows);
#endif

#if SE_HAVE_SSE2
void se_wide_rows_sse2(const uint32_t *tiles, const int16_t *x, int32_t columns, int32_t *sums,
                       int32_t rows);
#endif

#if SE_KERNEL == SE_KERNEL_ASM
#define se_wide_rows se_wide_rows_asm
#elif SE_KERNEL == SE_KERNEL_AVX2 || SE_KERNEL == SE_KERNEL_SSE2
#define se_wide_rows se_wide_rows_sse2
#else
#define se_wide_rows se_wide_rows_c
#endif

#endif

#ifdef __cplusplus
}
#endif

#endif

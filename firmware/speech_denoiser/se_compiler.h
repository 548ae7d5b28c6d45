/* SPDX-License-Identifier: MIT */
/* What has to be asked of the compiler: macros only, for C and for the assembler. */
#ifndef SE_COMPILER_H
#define SE_COMPILER_H

/* Checked by the compiler, in C99 and in C++. */
#define SE_STATIC_ASSERT(condition, name) \
    typedef char se_static_assert_##name[(condition) ? 1 : -1]

/* Whether the processor multiplies two pairs of int16 at once; words have the first column below. */
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && !defined(__ARM_BIG_ENDIAN)
#define SE_HAVE_DSP 1
#else
#define SE_HAVE_DSP 0
#endif

/* Whether it multiplies four pairs, as every PC's does. */
#ifdef __SSE2__
#define SE_HAVE_SSE2 1
#else
#define SE_HAVE_SSE2 0
#endif

/* Whether it multiplies eight, as most PCs' do: compilers have to be told, as by -march=native. */
#ifdef __AVX2__
#define SE_HAVE_AVX2 1
#else
#define SE_HAVE_AVX2 0
#endif

/* Where code and tables lie: the linker script's choice, unless these name other sections of it, as
 * tcm.ld does for the fast memories of a Cortex-M7.
 *
 *     -DSE_FAST_SECTION='".se_itcm"'       what runs in every frame; give it to the assembler too
 *     -DSE_FAST_DATA_SECTION='".se_dtcm"'  tables that every frame reads, 9 KB
 *     -DSE_SHARED_SECTION='".se_dtcm"'     weights that every frame reads once in each sub-band
 *     -DSE_RODATA_SECTION='".qspi"'        weights, and what has no section of its own
 */
#ifdef SE_FAST_SECTION
#define SE_FAST_CODE __attribute__((section(SE_FAST_SECTION)))
#else
#define SE_FAST_CODE
#endif

#ifdef SE_RODATA_SECTION
#define SE_RODATA __attribute__((section(SE_RODATA_SECTION)))
#else
#define SE_RODATA
#endif

#ifdef SE_FAST_DATA_SECTION
#define SE_FAST_DATA __attribute__((section(SE_FAST_DATA_SECTION)))
#else
#define SE_FAST_DATA SE_RODATA
#endif

#ifdef SE_SHARED_SECTION
#define SE_SHARED_DATA __attribute__((section(SE_SHARED_SECTION)))
#else
#define SE_SHARED_DATA SE_RODATA
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* Ways to the same four sums; see se_kernels.h for how the weights lie. */
#include "se_kernels.h"

#include "se_compiler.h"

SE_STATIC_ASSERT((-1 >> 1) == -1, right_shifts_are_arithmetic);

/* The number whose two's complement are the lower 8 or 16 bits. */
static SE_FAST_CODE int32_t signed8(uint32_t bits) {
    return (int32_t)((bits & 0xFFu) ^ 0x80u) - 0x80;
}

static SE_FAST_CODE int32_t signed16(uint32_t bits) {
    return (int32_t)((bits & 0xFFFFu) ^ 0x8000u) - 0x8000;
}

/* The upper row's sum, out of that of both. */
static SE_FAST_CODE int32_t upper_of(int64_t both, int32_t lower) {
    return (int32_t)((both - lower) >> 8);
}

/* What the sum of both begins with, of the three words that two rows begin with. */
static SE_FAST_CODE int64_t first_both(const uint32_t first[3]) {
    return (int64_t)((uint64_t)first[2] << 32 | first[1]);
}

static SE_FAST_CODE void begin(const uint32_t first[3], int32_t sums[2]) {
    sums[0] = (int32_t)first[0];
    sums[1] = upper_of(first_both(first), sums[0]);
}

/* One word: two rows, two columns. */
static inline SE_FAST_CODE void add_word(uint32_t word, int32_t x0, int32_t x1, int32_t sums[2]) {
    const int32_t lower0 = signed8(word), lower1 = signed8(word >> 16);
    sums[0] += lower0 * x0 + lower1 * x1;
    sums[1] += ((signed16(word) - lower0) >> 8) * x0 + ((signed16(word >> 16) - lower1) >> 8) * x1;
}

SE_FAST_CODE void se_rows_c(const uint32_t *tile, const int16_t *x, int32_t columns,
                            int32_t sums[4]) {
    const uint32_t *words = tile + SE_TILE(0);
    int32_t low[2], high[2]; /* of rows 0 and 1, 2 and 3: compilers vectorise this */
    begin(tile, low);
    begin(tile + 3, high);
    for (int32_t column = 0; column < columns; column += 2) {
        add_word(words[column], x[column], x[column + 1], low);
        add_word(words[column + 1], x[column], x[column + 1], high);
    }
    sums[0] = low[0];
    sums[1] = low[1];
    sums[2] = high[0];
    sums[3] = high[1];
}

#if SE_SUBBANDS

SE_FAST_CODE void se_wide_rows_c(const uint32_t *tiles, const int16_t *x, int32_t columns,
                                 int32_t *sums, int32_t rows) {
    for (; rows > 0; rows -= 4, sums += 4) {
        for (int row = 0; row < 4; row++) {
            sums[row] = (int32_t)*tiles++;
        }
        for (int32_t column = 0; column < columns; column += 2) {
            for (int row = 0; row < 4; row++) {
                const uint32_t word = *tiles++;
                sums[row] += signed16(word) * x[column] + signed16(word >> 16) * x[column + 1];
            }
        }
    }
}

#endif

/* From here on not C99, but that of the compilers which have these intrinsics. */

#if SE_HAVE_SSE2

#include <emmintrin.h>

/* The bias, and sums of rows 0, 2, 0, 2 and 1, 3, 1, 3. */
static inline SE_FAST_CODE void add_found(const uint32_t *tile, __m128i lower, __m128i upper,
                                          int32_t sums[4]) {
    int32_t found[8];
    _mm_storeu_si128((__m128i *)found, _mm_unpacklo_epi32(lower, upper));
    _mm_storeu_si128((__m128i *)(found + 4), _mm_unpackhi_epi32(lower, upper));
    begin(tile, sums);
    begin(tile + 3, sums + 2);
    for (int row = 0; row < 4; row++) {
        sums[row] += found[row] + found[row + 4];
    }
}

SE_FAST_CODE void se_rows_sse2(const uint32_t *tile, const int16_t *x, int32_t columns,
                               int32_t sums[4]) {
    const uint32_t *words = tile + SE_TILE(0);
    const __m128i half = _mm_set1_epi16(128); /* the upper weight is the halfword / 256, rounded */
    __m128i lower = _mm_setzero_si128(), upper = lower; /* of rows 0, 2, 0, 2 and 1, 3, 1, 3 */
    for (int32_t column = 0; column < columns; column += 4) {
        const __m128i both = _mm_loadu_si128((const __m128i *)(words + column));
        const __m128i four = _mm_loadl_epi64((const __m128i *)(x + column));
        const __m128i pairs = _mm_unpacklo_epi32(four, four); /* each for two words */
        const __m128i low = _mm_srai_epi16(_mm_slli_epi16(both, 8), 8);
        const __m128i high = _mm_srai_epi16(_mm_add_epi16(both, half), 8);
        lower = _mm_add_epi32(lower, _mm_madd_epi16(low, pairs));
        upper = _mm_add_epi32(upper, _mm_madd_epi16(high, pairs));
    }
    add_found(tile, lower, upper, sums);
}

#if SE_HAVE_AVX2

#include <immintrin.h>

SE_FAST_CODE void se_rows_avx2(const uint32_t *tile, const int16_t *x, int32_t columns,
                               int32_t sums[4]) {
    const uint32_t *words = tile + SE_TILE(0);
    const __m256i half = _mm256_set1_epi16(128), twice = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
    __m256i lower = _mm256_setzero_si256(), upper = lower;
    for (int32_t column = 0; column < columns; column += 8) {
        const __m256i both = _mm256_loadu_si256((const __m256i *)(words + column));
        const __m128i eight = _mm_loadu_si128((const __m128i *)(x + column));
        const __m256i pairs = _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(eight), twice);
        const __m256i low = _mm256_srai_epi16(_mm256_slli_epi16(both, 8), 8);
        const __m256i high = _mm256_srai_epi16(_mm256_add_epi16(both, half), 8);
        lower = _mm256_add_epi32(lower, _mm256_madd_epi16(low, pairs));
        upper = _mm256_add_epi32(upper, _mm256_madd_epi16(high, pairs));
    }
    const __m128i lower_end = _mm256_extracti128_si256(lower, 1);
    const __m128i upper_end = _mm256_extracti128_si256(upper, 1);
    add_found(tile, _mm_add_epi32(_mm256_castsi256_si128(lower), lower_end),
              _mm_add_epi32(_mm256_castsi256_si128(upper), upper_end), sums);
}

#endif

#if SE_SUBBANDS

SE_FAST_CODE void se_wide_rows_sse2(const uint32_t *tiles, const int16_t *x, int32_t columns,
                                    int32_t *sums, int32_t rows) {
    for (; rows > 0; rows -= 4, sums += 4) {
        __m128i sum = _mm_loadu_si128((const __m128i *)tiles);
        const uint32_t *words = tiles + SE_WIDE_TILE(0);
        for (int32_t column = 0; column < columns; column += 4, words += 8) {
            const __m128i four = _mm_loadl_epi64((const __m128i *)(x + column));
            const __m128i one = _mm_loadu_si128((const __m128i *)words);
            const __m128i two = _mm_loadu_si128((const __m128i *)(words + 4));
            sum = _mm_add_epi32(sum, _mm_madd_epi16(one, _mm_shuffle_epi32(four, 0x00)));
            sum = _mm_add_epi32(sum, _mm_madd_epi16(two, _mm_shuffle_epi32(four, 0x55)));
        }
        _mm_storeu_si128((__m128i *)sums, sum);
        tiles += SE_WIDE_TILE(columns);
    }
}

#endif

#endif

#if SE_HAVE_DSP

#include <arm_acle.h>

SE_FAST_CODE void se_rows_acle(const uint32_t *tile, const int16_t *x, int32_t columns,
                               int32_t sums[4]) {
    int32_t lower[2] = {(int32_t)tile[0], (int32_t)tile[3]};
    int64_t both[2] = {first_both(tile), first_both(tile + 3)};
    const uint32_t *words = tile + SE_TILE(0);
    for (int32_t column = 0; column < columns; column += 2, words += 2) {
        int16x2_t pair; /* columns c and c + 1, by one load: a union takes two */
        __builtin_memcpy(&pair, x + column, sizeof pair);
        for (int i = 0; i < 2; i++) {
            both[i] = __smlald((int16x2_t)words[i], pair, both[i]);
            lower[i] = __smlad(__sxtb16((int8x4_t)words[i]), pair, lower[i]);
        }
    }
    for (int i = 0; i < 2; i++) {
        sums[2 * i] = lower[i];
        sums[2 * i + 1] = upper_of(both[i], lower[i]);
    }
}

#endif

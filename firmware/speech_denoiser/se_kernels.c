/* Three ways to the same four sums; see se_kernels.h for how the weights lie. */
#include "se_kernels.h"

#include "se_static_assert.h"

SE_STATIC_ASSERT((-1 >> 1) == -1, right_shifts_are_arithmetic);

/* The number whose two's complement are the lower 8 or 16 bits. */
static int32_t signed8(uint32_t bits) { return (int32_t)((bits & 0xFFu) ^ 0x80u) - 0x80; }
static int32_t signed16(uint32_t bits) { return (int32_t)((bits & 0xFFFFu) ^ 0x8000u) - 0x8000; }

/* One halfword, two rows, one column. */
static void add_pair(uint32_t halfword, int32_t x, int32_t sums[2]) {
    const int32_t lower = signed8(halfword);
    const int32_t upper = (signed16(halfword) - lower) / 256;
    sums[0] += lower * x;
    sums[1] += upper * x;
}

void se_rows_c(const uint32_t *words, const int16_t *x, int32_t columns, int32_t sums[4]) {
    sums[0] = sums[1] = sums[2] = sums[3] = 0;
    for (int32_t column = 0; column < columns; column += 2, words += 2)
        for (int32_t row = 0; row < 4; row += 2) {
            add_pair(words[row / 2], x[column], sums + row);
            add_pair(words[row / 2] >> 16, x[column + 1], sums + row);
        }
}

#if SE_HAVE_DSP

#include <arm_acle.h>

void se_rows_acle(const uint32_t *words, const int16_t *x, int32_t columns, int32_t sums[4]) {
    int64_t both[2] = {0, 0};
    int32_t lower[2] = {0, 0};
    for (int32_t column = 0; column < columns; column += 2, words += 2) {
        int16x2_t pair; /* columns c and c + 1 */
        __builtin_memcpy(&pair, x + column, sizeof pair);
        for (int i = 0; i < 2; i++) {
            both[i] = __smlald((int16x2_t)words[i], pair, both[i]);
            lower[i] = __smlad(__sxtb16((int8x4_t)words[i]), pair, lower[i]);
        }
    }
    for (int i = 0; i < 2; i++) {
        sums[2 * i] = lower[i];
        sums[2 * i + 1] = (int32_t)((both[i] - lower[i]) >> 8);
    }
}

/* Arguments in r0 to r3. Sums of both rows in r4:r5 and r6:r7, of the lower rows in r8 and r9. */
#define SE_STEP(X)                     \
    "ldrd r10, r11, [r0], #8 \n"       \
    "smlald r4, r5, r10, " X " \n"     \
    "smlald r6, r7, r11, " X " \n"     \
    "sxtb16 r10, r10 \n"               \
    "sxtb16 r11, r11 \n"               \
    "smlad r8, r10, " X ", r8 \n"      \
    "smlad r9, r11, " X ", r9 \n"
#define SE_TILE "ldrd r12, lr, [r1], #8 \n" SE_STEP("r12") SE_STEP("lr")

/* A whole function in assembler: inline assembler would have to share its registers with what the
 * compiler keeps in them at -O0. */
__asm__(".syntax unified \n"
        ".thumb \n"
        ".section .text.se_rows_asm, \"ax\", %progbits \n"
        ".balign 4 \n"
        ".global se_rows_asm \n"
        ".type se_rows_asm, %function \n"
        ".thumb_func \n"
        "se_rows_asm: \n"
        "push {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr} \n"
        "mov r12, r2 \n"
        "add r2, r1, r2, lsl #1 \n" /* end of x */
        "movs r4, #0 \n"
        "movs r5, #0 \n"
        "movs r6, #0 \n"
        "movs r7, #0 \n"
        "mov r8, #0 \n"
        "mov r9, #0 \n"
        "lsls r12, r12, #28 \n" /* an odd number of eights starts with the second half */
        "bmi 2f \n"
        "1: \n" SE_TILE SE_TILE
        "2: \n" SE_TILE SE_TILE
        "cmp r1, r2 \n"
        "bne 1b \n"
        "subs r4, r4, r8 \n" /* upper = (both - lower) / 256 */
        "sbc r5, r5, r8, asr #31 \n"
        "subs r6, r6, r9 \n"
        "sbc r7, r7, r9, asr #31 \n"
        "lsrs r4, r4, #8 \n"
        "lsrs r6, r6, #8 \n"
        "orr r4, r4, r5, lsl #24 \n"
        "orr r6, r6, r7, lsl #24 \n"
        "strd r8, r4, [r3] \n"
        "strd r9, r6, [r3, #8] \n"
        "pop {r3, r4, r5, r6, r7, r8, r9, r10, r11, pc} \n"
        ".size se_rows_asm, . - se_rows_asm \n"
        ".text \n");

#endif

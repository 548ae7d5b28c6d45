/* SPDX-License-Identifier: MIT */
/* se_rows of se_kernels.h in assembler: as fast at -O0 as at -O3. No assembler is needed where the
 * processor is another one: this file is empty there.
 *
 * It has no C file's name, for some build systems would give both the same object file. */
#include "se_compiler.h"

#if SE_HAVE_DSP

    .syntax unified
    .thumb
#ifdef SE_FAST_SECTION
    .section SE_FAST_SECTION, "ax", %progbits
#else
    .section .text.se_rows_asm, "ax", %progbits
#endif
    .balign 4
    .global se_rows_asm
    .type se_rows_asm, %function
    .thumb_func

/* Two columns, four rows. The lower row's sum is in r4, that of both in r5:r6; r7 and r8:r9 are those of
 * the other two rows. */
.macro two_columns w01 w23 x
    smlald r5, r6, \w01, \x
    smlald r8, r9, \w23, \x
    sxtb16 \w01, \w01
    sxtb16 \w23, \w23
    smlad r4, \w01, \x, r4
    smlad r7, \w23, \x, r7
.endm

.macro eight_columns
.rept 2
    ldmia r0!, {r2, r3, r10, r11}
    ldrd r12, lr, [r1], #8
    two_columns r2, r3, r12
    two_columns r10, r11, lr
.endr
.endm

/* r0: tile, r1: x, r2: columns, r3: sums */
se_rows_asm:
    add r12, r1, r2, lsl #1     /* end of x */
    push {r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}
    ldmia r0!, {r4, r5, r6, r7, r8, r9}
    ubfx r2, r2, #3, #3         /* eights beside whole rounds of eight of them: begin with these */
    tbh [pc, r2, lsl #1]
9:
    .hword (8f - 9b) / 2, (1f - 9b) / 2, (2f - 9b) / 2, (3f - 9b) / 2
    .hword (4f - 9b) / 2, (5f - 9b) / 2, (6f - 9b) / 2, (7f - 9b) / 2
8:  eight_columns
7:  eight_columns
6:  eight_columns
5:  eight_columns
4:  eight_columns
3:  eight_columns
2:  eight_columns
1:  eight_columns
    ldr r2, [sp, #36]
    cmp r1, r2
    bne 8b
    pop {r3}
    subs r5, r5, r4             /* upper = (both - lower) / 256 */
    sbc r6, r6, r4, asr #31
    subs r8, r8, r7
    sbc r9, r9, r7, asr #31
    lsrs r5, r5, #8
    lsr r8, r8, #8
    orr r5, r5, r6, lsl #24
    orr r8, r8, r9, lsl #24
    stmia r3, {r4, r5, r7, r8}
    pop {r4, r5, r6, r7, r8, r9, r10, r11, r12, pc}
    .size se_rows_asm, . - se_rows_asm

#endif

#ifdef __linux__
    .section .note.GNU-stack, "", %progbits /* without it the stack could be executed */
#endif

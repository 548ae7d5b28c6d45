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

/* Two columns, four rows. Sums of both rows are in r4:r5 and r6:r7, of the lower ones in r8, r9. */
.macro two_columns x
    ldrd r10, r11, [r0], #8
    smlald r4, r5, r10, \x
    smlald r6, r7, r11, \x
    sxtb16 r10, r10
    sxtb16 r11, r11
    smlad r8, r10, \x, r8
    smlad r9, r11, \x, r9
.endm

.macro four_columns
    ldrd r12, lr, [r1], #8
    two_columns r12
    two_columns lr
.endm

/* r0: words, r1: x, r2: columns, r3: sums */
se_rows_asm:
    push {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}
    mov r12, r2
    add r2, r1, r2, lsl #1      /* end of x */
    movs r4, #0
    movs r5, #0
    movs r6, #0
    movs r7, #0
    mov r8, #0
    mov r9, #0
    lsls r12, r12, #28          /* an odd number of eights starts with the second half */
    bmi 2f
1:
    four_columns
    four_columns
2:
    four_columns
    four_columns
    cmp r1, r2
    bne 1b
    subs r4, r4, r8             /* upper = (both - lower) / 256 */
    sbc r5, r5, r8, asr #31
    subs r6, r6, r9
    sbc r7, r7, r9, asr #31
    lsrs r4, r4, #8
    lsrs r6, r6, #8
    orr r4, r4, r5, lsl #24
    orr r6, r6, r7, lsl #24
    strd r8, r4, [r3]
    strd r9, r6, [r3, #8]
    pop {r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}
    .size se_rows_asm, . - se_rows_asm

#endif

#ifdef __linux__
    .section .note.GNU-stack, "", %progbits /* without it the stack could be executed */
#endif

/* SPDX-License-Identifier: MIT */
/* se_rows and others of se_kernels.h and se_lstm.h in assembler: as fast at -O0 as at -O3. No assembler is needed where the
 * processor is another one: this file is empty there.
 *
 * It has no C file's name, for some build systems would give both the same object file. */
#include "se_compiler.h"
#include "se_weights.h"

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

#if SE_SUBBANDS

#ifndef SE_FAST_SECTION
    .section .text.se_wide_rows_asm, "ax", %progbits
#endif
    .balign 4
    .global se_wide_rows_asm
    .type se_wide_rows_asm, %function
    .thumb_func

.macro two_wide_columns x
    ldmia r0!, {r8, r9, r10, r11}
    smlad r4, r8, \x, r4
    smlad r5, r9, \x, r5
    smlad r6, r10, \x, r6
    smlad r7, r11, \x, r7
.endm

.macro eight_wide_columns
.rept 2
    ldrd r2, lr, [r1], #8
    two_wide_columns r2
    two_wide_columns lr
.endr
.endm

/* r0: tiles, r1: x, r2: columns, r3: sums, on the stack: rows */
se_wide_rows_asm:
    push {r4, r5, r6, r7, r8, r9, r10, r11, lr}
    ldr r5, [sp, #36]
    ubfx r12, r2, #3, #3        /* as above */
    add r4, r1, r2, lsl #1      /* end of x */
    add r5, r3, r5, lsl #2      /* end of sums */
    mov r6, r1
    push {r4, r5, r6}
10: ldmia r0!, {r4, r5, r6, r7}
    tbh [pc, r12, lsl #1]
9:
    .hword (8f - 9b) / 2, (1f - 9b) / 2, (2f - 9b) / 2, (3f - 9b) / 2
    .hword (4f - 9b) / 2, (5f - 9b) / 2, (6f - 9b) / 2, (7f - 9b) / 2
8:  eight_wide_columns
7:  eight_wide_columns
6:  eight_wide_columns
5:  eight_wide_columns
4:  eight_wide_columns
3:  eight_wide_columns
2:  eight_wide_columns
1:  eight_wide_columns
    ldrd r2, lr, [sp]
    cmp r1, r2
    bne 8b
    stmia r3!, {r4, r5, r6, r7}
    ldr r1, [sp, #8]            /* the next four rows read the same x */
    cmp r3, lr
    bne 10b
    add sp, sp, #12
    pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}
    .size se_wide_rows_asm, . - se_wide_rows_asm

#ifndef __PIC__

#ifndef SE_FAST_SECTION
    .section .text.se_lstm_units_asm, "ax", %progbits
#endif
    .balign 4
    .global se_lstm_units_asm
    .type se_lstm_units_asm, %function
    .thumb_func

/* Sigmoids of two numbers, times 256; the second one may be doubled. Side by side, for loads take time. */
.macro two_sigmoids x y shift=0
    ssat \x, #16, \x
    ssat \y, #16, \y, lsl #\shift
    asr r8, \x, #8
    asr r10, \y, #8
    add r8, r12, r8, lsl #3
    add r10, r12, r10, lsl #3
    ldrd r8, r9, [r8]
    ldrd r10, r11, [r10]
    mla \x, \x, r9, r8
    mla \y, \y, r11, r10
.endm

/* r0: sums, r1: multipliers, r2: cells, r3: outputs, on the stack: units. As se_lstm_unit in C. */
se_lstm_units_asm:
    push {r4, r5, r6, r7, r8, r9, r10, r11, lr}
    ldr r4, [sp, #36]
    add r4, r0, r4, lsl #4      /* end of sums */
    push {r4}
    movw lr, #SE_CELL_CLIP
    movw r12, #:lower16:(se_sigmoid_pieces + 1024)
    movt r12, #:upper16:(se_sigmoid_pieces + 1024)
1:  ldmia r0!, {r4, r5, r6, r7}
    ldmia r1!, {r8, r9, r10, r11}
    smmulr r4, r4, r8
    smmulr r5, r5, r9
    smmulr r6, r6, r10
    smmulr r7, r7, r11
    two_sigmoids r5, r4
    two_sigmoids r7, r6, 1
    ldrsh r8, [r2]
    asr r5, r5, #8              /* f */
    asr r4, r4, #8              /* i */
    asr r6, r6, #8
    sub r6, r6, #16384          /* half of g */
    mul r5, r5, r8
    mul r4, r4, r6
    add r5, r5, #16384
    add r4, r4, #131072
    asr r5, r5, #15
    add r5, r5, r4, asr #18     /* cell state */
    cmp r5, lr
    it gt
    movgt r5, lr
    cmn r5, lr
    it lt
    rsblt r5, lr, #0
    strh r5, [r2], #2
    ssat r5, #16, r5, lsl #2    /* twice two: from Q4.11 to Q3.12, and half of tanh */
    asr r8, r5, #8
    add r8, r12, r8, lsl #3
    ldrd r8, r9, [r8]
    asr r7, r7, #8              /* o */
    ldr r4, [sp]
    mla r5, r5, r9, r8
    asr r5, r5, #8
    sub r5, r5, #16384
    mul r7, r7, r5
    cmp r0, r4
    add r7, r7, #8192
    asr r7, r7, #14
    strh r7, [r3], #2
    bne 1b
    add sp, sp, #4
    pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}
    .size se_lstm_units_asm, . - se_lstm_units_asm

#endif

#endif

#endif

#ifdef __linux__
    .section .note.GNU-stack, "", %progbits /* without it the stack could be executed */
#endif

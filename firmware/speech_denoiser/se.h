/* SPDX-License-Identifier: MIT */
/* A speech denoiser for microcontrollers: 16 kHz, mono, 16 ms at a time, no memory but its state.
 *
 *     static se_state state;
 *     se_init(&state);
 *     for (;;) { read(in, SE_HOP); se_process(&state, in, out); write(out, SE_HOP); }
 *
 * Portable C99: no heap, no libm, no operating system, no vendor's library. Several states may be
 * used side by side, each by one thread at a time. After se_init no call can fail.
 *
 * One model a binary: its weights, and the size of the state, are those of se_weights.h.
 */
#ifndef SE_H
#define SE_H

#include <stdint.h>

#include "se_weights.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SE_VERSION_MAJOR 0
#define SE_VERSION_MINOR 1
#define SE_VERSION_PATCH 0

#define SE_SAMPLE_RATE 16000
#define SE_HOP 256             /* samples in and out of each call: 16 ms */
#define SE_LATENCY_SAMPLES 256 /* by which the output lags the input */
#define SE_NO_LIMIT 97         /* dB: such a gain is less than half a step of Q0.15 */

/* All that the denoiser remembers, and its scratch memory. Its size is known at compile time; where
 * it lies is the caller's business. */
typedef struct {
    float spectrum[2 * SE_HOP];              /* scratch: one frame, in time or in frequency */
    float overlap[SE_HOP];                   /* second half of the last frame, to be added */
    float power[SE_HOP + 1];                 /* scratch: of each bin */
    float level_sum, level_weight;           /* running mean of the logarithmic features */
    int16_t heard[SE_HOP];                   /* the hop before this one */
    int16_t inputs[SE_INPUTS];               /* of each recurrent layer: features or outputs of the
                                                layer below, then its own last outputs; of the mask */
    int16_t cells[SE_CELLS];                 /* cell states, Q4.11 */
#if SE_SUBBANDS
    int16_t outputs[SE_BLOCKS][SE_SUBBANDS * SE_CHANNELS]; /* last ones of the LSTMs over time */
    int16_t memory[SE_BLOCKS][SE_SUBBANDS * SE_CHANNELS];  /* their cell states */
    int16_t rows[SE_SUBBANDS * SE_ROW];      /* scratch: what the layers of each sub-band read */
    int16_t bins[SE_HOP + 8];                /* scratch: features of each bin */
    float logs[SE_BANDS];                    /* scratch: of each band */
#endif
    int16_t mask[SE_MASK_SIZE];              /* scratch, then gain of each bin, Q0.15 */
    int16_t least_gain;                      /* no gain is below it, Q0.15 */
} se_state;

/* Start from silence, with no limit. */
void se_init(se_state *state);

/* Forget everything, the limit too; the same as se_init, whatever the memory holds. */
void se_reset(se_state *state);

/* Turn no frequency down by more than so many dB, from the next hop on: 12 leaves some of the noise
 * and hides less of the speech, 0 lets all sound through, SE_NO_LIMIT or more leaves it to the
 * network. To be called after se_init, se_reset or se_selftest, and between any two hops. */
void se_set_limit(se_state *state, int decibels);

/* Denoise SE_HOP samples. `in` and `out` may be the same array. */
void se_process(se_state *state, const int16_t in[SE_HOP], int16_t out[SE_HOP]);

/* Denoise a second of a known sound and compare all bits of the result with what the model gives in
 * Python. Uses and resets `state`. Returns 1 if all is well: a wrong compiler option, a damaged flash
 * or an unknown processor give 0. */
int se_selftest(se_state *state);

/* Version of this code and the first digits of the SHA-256 of the model it was built with. */
const char *se_version(void);

#ifdef __cplusplus
}
#endif

#endif

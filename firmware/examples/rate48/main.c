/* rate48 < in.raw > out.raw: int16 of 48 kHz, mono, through the denoiser of 16 kHz. On a chip, call
 * rate48_process for each 768 samples. Inert unless SE_EXAMPLE_RATE48 is defined.
 *
 * The output lags by RATE48_LATENCY samples, 18 ms: the two filters and the denoiser. What lies
 * above 8 kHz is gone.
 */
#ifdef SE_EXAMPLE_RATE48

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../speech_denoiser/se.h"
#include "../../speech_denoiser/se_fixed.h"
#include "taps.h"

#define RATIO 3
#define BLOCK (RATIO * SE_HOP) /* samples of 48 kHz in and out of each call */
#define PHASE (TAPS / RATIO)   /* taps that a sample of 48 kHz is made with */
#define RATE48_LATENCY (2 * DELAY + RATIO * SE_LATENCY_SAMPLES)

typedef struct {
    se_state denoiser;
    int16_t fast[TAPS - 1 + BLOCK];   /* of 48 kHz: some that were heard before, and the block */
    int16_t slow[PHASE - 1 + SE_HOP]; /* of 16 kHz, denoised: the same */
} rate48_state;

static void rate48_init(rate48_state *state) {
    memset(state, 0, sizeof *state);
    se_init(&state->denoiser);
}

/* Sum of products of every `step`-th tap with samples, the newest first. */
static int32_t filtered(const int16_t *tap, int step, int count, const int16_t *newest) {
    int32_t sum = 0;
    for (int k = 0; k < count; k++) {
        sum += tap[step * k] * newest[-k];
    }
    return sum;
}

static int16_t rounded(int32_t sum) {
    return (int16_t)se_saturate(se_rounded_shift(sum, TAP_BITS));
}

static void rate48_process(rate48_state *state, const int16_t in[BLOCK], int16_t out[BLOCK]) {
    int16_t *fast = state->fast, *slow = state->slow;
    int16_t *hop = slow + PHASE - 1;
    memcpy(fast + TAPS - 1, in, BLOCK * sizeof *in);
    for (int n = 0; n < SE_HOP; n++) {
        hop[n] = rounded(filtered(taps, 1, TAPS, fast + TAPS - 1 + RATIO * n));
    }
    se_process(&state->denoiser, hop, hop);
    for (int n = 0; n < BLOCK; n++) { /* two taps of three would meet zeros: they are left out */
        out[n] = rounded(RATIO * filtered(taps + n % RATIO, RATIO, PHASE, hop + n / RATIO));
    }
    memmove(fast, fast + BLOCK, (TAPS - 1) * sizeof *fast);
    memmove(slow, slow + SE_HOP, (PHASE - 1) * sizeof *slow);
}

int main(void) {
    static rate48_state state;
    int16_t block[BLOCK];
    size_t count;
    rate48_init(&state);
    fprintf(stderr, "the output lags by %d samples\n", RATE48_LATENCY);
    while ((count = fread(block, sizeof *block, BLOCK, stdin)) > 0) {
        memset(block + count, 0, (BLOCK - count) * sizeof *block);
        rate48_process(&state, block, block);
        if (fwrite(block, sizeof *block, count, stdout) != count) {
            break;
        }
    }
    if (ferror(stdout) || fclose(stdout)) {
        fprintf(stderr, "error: the output cannot be written\n");
        return 2;
    }
    return 0;
}

#else
typedef int se_rate48_is_inert; /* C allows no empty file */
#endif

/* SPDX-License-Identifier: MIT */
/* The denoiser from samples to samples. */
#include "se.h"

#include "se_compiler.h"
#include "se_fixed.h"
#include "se_network.h"
#include "se_stft.h"

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)

void se_init(se_state *state) {
    unsigned char *byte = (unsigned char *)state;
    for (uint32_t i = 0; i < sizeof *state; i++) { /* all zeros is 0.0f too */
        byte[i] = 0;
    }
}

void se_reset(se_state *state) { se_init(state); }

void se_set_limit(se_state *state, int decibels) {
    state->least_gain = (int16_t)se_least_gain(decibels);
}

static SE_FAST_CODE void raise_gains(int16_t *mask, int16_t least) {
    for (int k = 0; k < SE_MASK_OUTPUTS; k++) {
        if (mask[k] < least) {
            mask[k] = least;
        }
    }
}

SE_FAST_CODE void se_process(se_state *state, const int16_t in[SE_HOP], int16_t out[SE_HOP]) {
    se_analyse(state, in);
    se_features(state, state->inputs);
    se_network(state);
    if (state->least_gain) {
        raise_gains(state->mask, state->least_gain);
    }
    se_apply_mask(state);
    se_synthesise(state, out);
}

const char *se_version(void) {
    return NUMBER(SE_VERSION_MAJOR) "." NUMBER(SE_VERSION_MINOR) "." NUMBER(SE_VERSION_PATCH)
        " model " SE_MODEL_SHA256;
}

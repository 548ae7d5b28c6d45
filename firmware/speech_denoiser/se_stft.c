/* SPDX-License-Identifier: MIT */
/* Twin of lstm_se/chip/stft.py, bit for bit: float32, one operation after the other. */
#include "se_float.h"

#include "se_stft.h"

#include "se_fft.h"
#include "se_fixed.h"
#include "se_tables.h"

SE_STATIC_ASSERT(SE_MASK_OUTPUTS == SE_HOP + 1, every_bin_has_a_gain);
SE_STATIC_ASSERT(SE_BANDS <= SE_HOP + 1, bands_fit_where_the_bins_were);

SE_FAST_CODE void se_analyse(se_state *state, const int16_t in[SE_HOP]) {
    float *z = state->spectrum;
    for (int i = 0; i < SE_HOP; i++) {
        z[i] = (float)state->heard[i] * se_window[i];
        z[SE_HOP + i] = (float)in[i] * se_window[SE_HOP + i];
        state->heard[i] = in[i];
    }
    se_fft_forward(z);
}

static SE_FAST_CODE void compute_power(const float *z, float *power) {
    power[0] = z[0] * z[0];
    power[SE_HOP] = z[1] * z[1];
    for (int k = 1; k < SE_HOP; k++) {
        const float re = z[2 * k], im = z[2 * k + 1];
        power[k] = re * re + im * im;
    }
}

/* Logarithm to base 2 of a positive number: exponent and polynomial of the mantissa. */
static SE_FAST_CODE float log2_of(float x) {
    union {
        float value;
        uint32_t bits;
    } number = {x};
    const float exponent = (float)((int32_t)(number.bits >> 23) - 127);
    number.bits = (number.bits & 0x7FFFFFu) | 0x3F800000u;
    const float t = number.value - 1.0f;
    float sum = se_log2_polynomial[0];
    for (int i = 1; i < SE_LOG2_TERMS; i++) {
        sum = sum * t + se_log2_polynomial[i];
    }
    return sum * t + exponent;
}

/* Nearest integer of a number, saturated. Adding 32768 first makes truncation a floor. No sample and
 * no feature is so large that an int32 would not hold it. */
static SE_FAST_CODE int16_t to_int16(float x) {
    return (int16_t)se_saturate((int32_t)(x + 32768.5f) - 32768);
}

SE_FAST_CODE void se_features(se_state *state, int16_t features[SE_BANDS]) {
#if SE_SUBBANDS
    float *power = state->power, *logs = state->logs;
#else
    float *power = state->power, *logs = state->power; /* a band never starts below its number */
#endif
    compute_power(state->spectrum, power);
    const float *weight = se_band_weights;
    float total = 0.0f;
    for (int band = 0; band < SE_BANDS; band++) {
        const float *bin = power + se_band_first[band];
        float energy = 0.0f;
        for (int i = se_band_bins[band]; i > 0; i--) {
            energy = energy + *bin++ * *weight++;
        }
        const float value = log2_of(energy + SE_FLOOR) * SE_LOG_SCALE;
        logs[band] = value;
        total = total + value;
    }
    state->level_sum = state->level_sum * SE_LEVEL_DECAY + total * SE_BAND_SHARE;
    state->level_weight = state->level_weight * SE_LEVEL_DECAY + 1.0f;
    const float level = state->level_sum / state->level_weight;
    for (int band = 0; band < SE_BANDS; band++) {
        features[band] = to_int16((logs[band] - level) * SE_FEATURE_UNIT);
    }
#if SE_SUBBANDS
    for (int k = 0; k <= SE_HOP; k++) {
        const float value = log2_of(power[k] + SE_FLOOR) * SE_LOG_SCALE;
        state->bins[k] = to_int16((value - level) * SE_FEATURE_UNIT);
    }
#endif
}

SE_FAST_CODE void se_apply_mask(se_state *state) {
    float *z = state->spectrum;
    z[0] = z[0] * ((float)state->mask[0] * SE_MASK_STEP);
    z[1] = z[1] * ((float)state->mask[SE_HOP] * SE_MASK_STEP);
    for (int k = 1; k < SE_HOP; k++) {
        const float gain = (float)state->mask[k] * SE_MASK_STEP;
        z[2 * k] = z[2 * k] * gain;
        z[2 * k + 1] = z[2 * k + 1] * gain;
    }
}

SE_FAST_CODE void se_synthesise(se_state *state, int16_t out[SE_HOP]) {
    float *z = state->spectrum;
    se_fft_inverse(z);
    for (int i = 0; i < SE_HOP; i++) {
        const float sum = state->overlap[i] + z[i] * se_window[i];
        out[i] = to_int16(sum * SE_OUTPUT_UNIT);
        state->overlap[i] = z[SE_HOP + i] * se_window[SE_HOP + i];
    }
}

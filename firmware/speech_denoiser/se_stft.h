/* SPDX-License-Identifier: MIT */
/* Between samples and the network: frames, their spectra, features, and back. */
#ifndef SE_STFT_H
#define SE_STFT_H

#include "se.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Spectrum of the last hop and this one. */
void se_analyse(se_state *state, const int16_t in[SE_HOP]);

/* Level-free logarithmic features of the spectrum, Q2.13; for sub-bands, those of the bins go to
 * state->bins. */
void se_features(se_state *state, int16_t features[SE_BANDS]);

/* Spectrum times mask. */
void se_apply_mask(se_state *state);

/* Back to samples, added to the second half of the frame before. */
void se_synthesise(se_state *state, int16_t out[SE_HOP]);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* Real Fourier transform of 512 points and its inverse, in float32 in a fixed order of operations. */
#ifndef SE_FFT_H
#define SE_FFT_H

#ifdef __cplusplus
extern "C" {
#endif

/* In: 512 real numbers. Out, in the same place: X[0] and X[256], which are real, in z[0] and z[1];
 * then real and imaginary part of X[1] ... X[255]. */
void se_fft_forward(float z[512]);

/* Back from the same order, 512 times as large as the input of the forward transform was. */
void se_fft_inverse(float z[512]);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* Radix-4 decimation in time: twin of lstm_se/chip/fft.py, bit for bit. */
#include "se_float.h"

#include "se_fft.h"

#include <stdint.h>

#include "se_tables.h"

#define POINTS 256u /* complex */

/* Order of decimation in time: the four base-4 digits of each place reversed. */
static SE_FAST_CODE void reorder(float *z) {
    for (uint32_t i = 0; i < 2 * SE_EXCHANGES; i += 2) {
        float *p = z + 2 * se_exchanged[i], *q = z + 2 * se_exchanged[i + 1];
        const float re = p[0], im = p[1];
        p[0] = q[0];
        p[1] = q[1];
        q[0] = re;
        q[1] = im;
    }
}

/* Transform of the four points a, b, c, d into the places of z, `apart` floats from each other. */
static inline SE_FAST_CODE void butterfly(float *z, uint32_t apart, float br, float bi, float cr,
                                          float ci, float dr, float di) {
    float *z1 = z + apart, *z2 = z1 + apart, *z3 = z2 + apart;
    const float ar = z[0], ai = z[1];
    const float even_r = ar + cr, even_i = ai + ci, odd_r = ar - cr, odd_i = ai - ci;
    const float sum_r = br + dr, sum_i = bi + di, gap_r = br - dr, gap_i = bi - di;
    z[0] = even_r + sum_r;
    z[1] = even_i + sum_i;
    z1[0] = odd_r + gap_i;
    z1[1] = odd_i - gap_r;
    z2[0] = even_r - sum_r;
    z2[1] = even_i - sum_i;
    z3[0] = odd_r - gap_i;
    z3[1] = odd_i + gap_r;
}

/* Transforms of `size` points into transforms of four times as many, all `POINTS / size / 4`.
 * Returns where the next stage's twiddles begin. */
static inline SE_FAST_CODE const float *stage(float *z, uint32_t size, const float *w) {
    const uint32_t apart = 2 * size;
    for (uint32_t k = 0; k < size; k++, w += 6) {
        const float r1 = w[0], i1 = w[1], r2 = w[2], i2 = w[3], r3 = w[4], i3 = w[5];
        for (float *a = z + 2 * k; a < z + 2 * POINTS; a += 4 * apart) {
            const float *b = a + apart, *c = b + apart, *d = c + apart;
            const float b0 = b[0], b1 = b[1], c0 = c[0], c1 = c[1], d0 = d[0], d1 = d[1];
            butterfly(a, apart, b0 * r1 - b1 * i1, b0 * i1 + b1 * r1, c0 * r2 - c1 * i2,
                      c0 * i2 + c1 * r2, d0 * r3 - d1 * i3, d0 * i3 + d1 * r3);
        }
    }
    return w;
}

/* Complex transform of 256 points, not scaled. */
static SE_FAST_CODE void transform(float *z) {
    reorder(z);
    for (float *a = z; a < z + 2 * POINTS; a += 8) { /* the first stage turns nothing */
        butterfly(a, 2, a[2], a[3], a[4], a[5], a[6], a[7]);
    }
    const float *w = stage(z, 4, se_twiddles);
    w = stage(z, 16, w);
    (void)stage(z, 64, w);
}

SE_FAST_CODE void se_fft_forward(float z[512]) {
    transform(z); /* even samples as real part, odd ones as imaginary part */
    const float first_r = z[0], first_i = z[1];
    z[0] = first_r + first_i;
    z[1] = first_r - first_i;
    for (uint32_t k = 1; k < POINTS / 2; k++) {
        float *p = z + 2 * k, *q = z + 2 * (POINTS - k);
        const float cosine = se_half_twiddles[2 * k], sine = se_half_twiddles[2 * k + 1];
        const float even_r = 0.5f * (p[0] + q[0]), even_i = 0.5f * (p[1] - q[1]);
        const float odd_r = 0.5f * (p[1] + q[1]), odd_i = 0.5f * (q[0] - p[0]);
        const float turned_r = odd_r * cosine - odd_i * sine;
        const float turned_i = odd_r * sine + odd_i * cosine;
        p[0] = even_r + turned_r;
        p[1] = even_i + turned_i;
        q[0] = even_r - turned_r;
        q[1] = turned_i - even_i;
    }
    z[POINTS + 1] = -z[POINTS + 1];
}

SE_FAST_CODE void se_fft_inverse(float z[512]) {
    const float first = z[0], last = z[1];
    z[0] = first + last;
    z[1] = last - first; /* conjugates throughout: then the forward transform goes backwards */
    for (uint32_t k = 1; k < POINTS / 2; k++) {
        float *p = z + 2 * k, *q = z + 2 * (POINTS - k);
        const float cosine = se_half_twiddles[2 * k], sine = se_half_twiddles[2 * k + 1];
        const float even_r = p[0] + q[0], even_i = p[1] - q[1];
        const float gap_r = p[0] - q[0], gap_i = p[1] + q[1];
        const float turned_r = gap_r * cosine + gap_i * sine;
        const float turned_i = gap_i * cosine - gap_r * sine;
        p[0] = even_r - turned_i;
        p[1] = -(even_i + turned_r);
        q[0] = even_r + turned_i;
        q[1] = even_i - turned_r;
    }
    z[POINTS] = 2.0f * z[POINTS];
    z[POINTS + 1] = 2.0f * z[POINTS + 1];
    transform(z);
    for (uint32_t i = 1; i < 2 * POINTS; i += 2) {
        z[i] = -z[i];
    }
}

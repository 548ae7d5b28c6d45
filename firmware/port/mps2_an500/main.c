/* Keeps every function of the denoiser in the image, for an emulator to call. */
#ifdef SE_EXAMPLE_MPS2_AN500

#include "../../speech_denoiser/se.h"
#include "../../speech_denoiser/se_kernels.h"
#include "semihosting.h"

static se_state state;
static int16_t hop[SE_HOP];

typedef void (*kernel)(const uint32_t *, const int16_t *, int32_t, int32_t[4]);
static const kernel volatile kernels[] = {se_rows_c, se_rows_acle, se_rows_asm};

int main(void) {
    static const uint32_t tile[SE_TILE(8)];
    int32_t sums[4];
    for (int i = 0; i < 3; i++) {
        kernels[i](tile, hop, 8, sums);
    }
    se_reset(&state);
    se_set_limit(&state, SE_NO_LIMIT);
    se_process(&state, hop, hop);
    host_print(se_version());
    return !se_selftest(&state);
}

#else
typedef int se_main_is_inert; /* C allows no empty file */
#endif

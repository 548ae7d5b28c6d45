/* The denoiser for WebAssembly: one state and its two buffers, which the caller finds by address.
 * Built by `lstm-se export --to wasm`. */
#ifdef SE_EXAMPLE_WASM

#include "se.h" /* of the model that is built: the compiler is told its folder */

#define EXPORT(name) __attribute__((export_name(name)))

static se_state state;
static int16_t noisy[SE_HOP], enhanced[SE_HOP];
static int limit = SE_NO_LIMIT;

EXPORT("input") int16_t *wasm_input(void);
EXPORT("output") int16_t *wasm_output(void);
EXPORT("mask") int16_t *wasm_mask(void);
EXPORT("reset") void wasm_reset(void);
EXPORT("set_limit") void wasm_set_limit(int decibels);
EXPORT("process") void wasm_process(void);
EXPORT("selftest") int wasm_selftest(void);
EXPORT("version") const char *wasm_version(void);

/* Addresses of SE_HOP samples in and out, and of the mask of the last frame, Q0.15. */
int16_t *wasm_input(void) { return noisy; }
int16_t *wasm_output(void) { return enhanced; }
int16_t *wasm_mask(void) { return state.mask; }

/* Start from silence; the limit stays. The memory is all zeros at first, which is the same. */
void wasm_reset(void) {
    se_init(&state);
    se_set_limit(&state, limit);
}

/* No frequency is turned down by more dB from the next hop on, see se_set_limit. */
void wasm_set_limit(int decibels) {
    limit = decibels;
    se_set_limit(&state, limit);
}

void wasm_process(void) { se_process(&state, noisy, enhanced); }

/* Starts from silence afterwards. */
int wasm_selftest(void) {
    const int passed = se_selftest(&state);
    wasm_reset();
    return passed;
}

/* Address of a string that ends in a zero. */
const char *wasm_version(void) { return se_version(); }

#else
typedef int se_wasm_is_inert; /* C allows no empty file */
#endif

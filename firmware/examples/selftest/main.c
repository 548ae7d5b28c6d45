/* Prints whether this build computes what the model computes in Python. Works wherever there is a
 * host_print: see port/. Inert unless SE_EXAMPLE_SELFTEST is defined. */
#ifdef SE_EXAMPLE_SELFTEST

#include "../../port/mps2_an500/semihosting.h"
#include "../../speech_denoiser/se.h"

static se_state state;

int main(void) {
    const int passed = se_selftest(&state);
    host_print(se_version());
    host_print(passed ? "\nself-test passed\n" : "\nself-test FAILED\n");
    return !passed;
}

#else
typedef int se_selftest_is_inert; /* C allows no empty file */
#endif

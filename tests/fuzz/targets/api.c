/* se_process, se_reset and se_set_limit: two denoisers give the same bits, whatever they hear. */
#define SE_EXAMPLE_FUZZ
#define main random_sound
#include "../../../firmware/examples/fuzz/main.c"

#define HOPS 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint32_t sum;
    chosen = data;
    chosen_size = size;
    if (!compare(HOPS, &sum)) abort();
    return 0;
}

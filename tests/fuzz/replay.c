/* Runs a target on each file that is named, once: with any compiler, where no fuzzer is. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int count, char **paths) {
    for (int i = 1; i < count; i++) {
        FILE *file = fopen(paths[i], "rb");
        uint8_t *data = malloc(1 << 20); /* each anew: what is read behind its end is noticed */
        size_t size = fread(data, 1, 1 << 20, file);
        data = realloc(data, size + !size);
        LLVMFuzzerTestOneInput(data, size);
        free(data);
        fclose(file);
    }
    return 0;
}

/*
 * Calls a door without libFuzzer: replay ROUNDS FILE..., each file whole, cut off at its first and
 * last bytes and at some between, and ROUNDS times with one to four bytes changed. Prints how many
 * inputs were no error.
 */
#include "doors.h"

enum { EDGE = 24, BETWEEN = 24, MOST = 16 << 20 };

/* xorshift64*. Source: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t draw(uint64_t below) {
    static uint64_t state = 9;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * UINT64_C(2685821657736338717) >> 16) % below;
}

int main(int count, char **arguments) {
    static uint8_t file[MOST], copy[MOST];
    for (int i = 2; i < count; i++) {
        FILE *stream = fopen(arguments[i], "rb");
        if (stream == NULL) {
            perror(arguments[i]);
            return 2;
        }
        const size_t size = fread(file, 1, sizeof file, stream);
        fclose(stream);
        LLVMFuzzerTestOneInput(file, size);
        for (size_t cut = 0; cut < size; cut++) {
            if (cut < EDGE || size - cut < EDGE || cut % (size / BETWEEN + 1) == 0) {
                LLVMFuzzerTestOneInput(file, cut);
            }
        }
        for (long round = atol(arguments[1]); round > 0 && size > 0; round--) {
            memcpy(copy, file, size);
            for (uint64_t changes = 1 + draw(4); changes > 0; changes--) {
                copy[draw(size)] = (uint8_t)draw(256);
            }
            LLVMFuzzerTestOneInput(copy, size);
        }
    }
    printf("%zu\n", taken);
    return 0;
}

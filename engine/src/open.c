/*
 * The door: the bytes of a file become a network, and that a model.
 */
#include "failure.h"
#include "model.h"
#include "readers.h"

/* The root table's place, then the identifier. Source: FlatBuffers, schema of TFLite. */
static bool is_tflite(const uint8_t *file, size_t size) {
    return size >= 8 && __builtin_memcmp(file + 4, "TFL3", 4) == 0;
}

edgernn_status edgernn_open(const void *file, size_t size, edgernn_level level,
                            const edgernn_allocator *allocator, edgernn_model **model,
                            edgernn_error *error) {
    *model = NULL;
    arena arena = {.allocator = allocator};
    network *network = arena_take(&arena, 1, sizeof *network);
    if (network == NULL) {
        return failed(error, EDGERNN_NO_MEMORY, "no memory for the network");
    }
    const bool tflite = is_tflite(file, size);
    edgernn_status status = (tflite ? read_tflite : read_onnx)(file, size, &arena, network, error);
    if (status == EDGERNN_OK) {
        status = open_network(network, level, allocator, model, error);
    }
    arena_release(&arena);
    return status;
}

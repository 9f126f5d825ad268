#include "readers.h"

#include "failure.h"

edgernn_status read_onnx(const uint8_t *file, size_t size, arena *arena, network *network,
                         edgernn_error *error) {
    (void)file, (void)size, (void)arena, (void)network;
    return failed(error, EDGERNN_UNSUPPORTED, "this engine does not read ONNX files yet");
}

edgernn_status read_tflite(const uint8_t *file, size_t size, arena *arena, network *network,
                           edgernn_error *error) {
    (void)file, (void)size, (void)arena, (void)network;
    return failed(error, EDGERNN_UNSUPPORTED, "this engine does not read TFLite files yet");
}

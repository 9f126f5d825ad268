/*
 * Readers: bytes in, network out. Each checks all it reads, never trusts a size, and refuses what
 * is not exactly a graph that edgernn writes.
 */
#ifndef EDGERNN_READERS_H
#define EDGERNN_READERS_H

#include "arena.h"
#include "network.h"

edgernn_status read_onnx(const uint8_t *file, size_t size, arena *arena, network *network,
                         edgernn_error *error);
edgernn_status read_tflite(const uint8_t *file, size_t size, arena *arena, network *network,
                           edgernn_error *error);

#endif

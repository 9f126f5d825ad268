/*
 * An open model, and the way from a network to one.
 */
#ifndef EDGERNN_MODEL_H
#define EDGERNN_MODEL_H

#include "level.h"

struct edgernn_model {
    edgernn_allocator allocator;
    arena arena; /* of the plan and its weights */
    edgernn_level level;
    const struct level *code;
    plan *plan;
    int32_t ids, outputs;
    size_t shortest;
};

/* The second half of `edgernn_open`; the network may be released afterwards. */
edgernn_status open_network(const network *network, edgernn_level level,
                            const edgernn_allocator *allocator, edgernn_model **model,
                            edgernn_error *error);

#endif

/* For tests alone: a door that takes a network, as a reader makes it of a file. */
#include "../../engine/src/model.h"

EDGERNN_API size_t edgernn_test_network_size(void);
EDGERNN_API edgernn_status edgernn_test_open(const network *network, edgernn_level level,
                                             const edgernn_allocator *allocator,
                                             edgernn_model **model, edgernn_error *error);

size_t edgernn_test_network_size(void) { return sizeof(network); }

edgernn_status edgernn_test_open(const network *network, edgernn_level level,
                                 const edgernn_allocator *allocator, edgernn_model **model,
                                 edgernn_error *error) {
    return open_network(network, level, allocator, model, error);
}

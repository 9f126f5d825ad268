/*
 * Errors for people: one line, and the status that goes with it.
 */
#ifndef EDGERNN_FAILURE_H
#define EDGERNN_FAILURE_H

#include "../include/edgernn.h"

static inline edgernn_status failed(edgernn_error *error, edgernn_status status,
                                    const char *message) {
    if (error != NULL) {
        size_t at = 0;
        for (; message[at] != 0 && at + 1 < sizeof error->message; at++) {
            error->message[at] = message[at];
        }
        error->message[at] = 0;
    }
    return status;
}

#endif

/*
 * Memory from Linux itself: the library is linked with nothing, C's library neither.
 */
#ifndef EDGERNN_PAGES_H
#define EDGERNN_PAGES_H

#include <stddef.h>

/* Returns zeroed memory, aligned for any type; NULL where there is none. */
void *take_pages(void *context, size_t size);

/* Gives back what `take_pages` returned. */
void give_pages(void *context, void *memory);

#endif

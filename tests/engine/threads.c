/*
 * Scores the same texts in several threads at once: threads MODEL. For ThreadSanitizer; exit code 1
 * if a thread's bits are not those of the first call.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../engine/include/edgernn.h"

enum { THREADS = 4, TEXTS = 30, IDS = 1500, MOST_OUTPUTS = 16 };

typedef struct job {
    const edgernn_model *model;
    float found[TEXTS * MOST_OUTPUTS];
} job;

static int32_t ids[IDS];
static int64_t offsets[TEXTS + 1];

static void *take(void *context, size_t size) {
    (void)context;
    return malloc(size);
}

static void give_back(void *context, void *memory) {
    (void)context;
    free(memory);
}

static void *run(void *given) {
    job *job = given;
    const size_t size = edgernn_scratch_size(job->model, IDS);
    void *scratch = malloc(size);
    if (edgernn_score(job->model, ids, offsets, TEXTS, job->found, scratch, size) != EDGERNN_OK) {
        abort();
    }
    free(scratch);
    return NULL;
}

int main(int count, char **arguments) {
    static char bytes[16 << 20];
    FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
    if (file == NULL) {
        return 2;
    }
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    const edgernn_allocator allocator = {.allocate = take, .release = give_back};
    edgernn_model *model;
    edgernn_error error;
    if (edgernn_open(bytes, size, EDGERNN_LEVEL_AUTO, &allocator, &model, &error) != EDGERNN_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 2;
    }
    for (int32_t at = 0; at < IDS; at++) {
        ids[at] = at * 7 % edgernn_vocabulary_size(model);
    }
    for (int32_t text = 0; text <= TEXTS; text++) {
        offsets[text] = text == TEXTS ? IDS : text * (text + 10);
    }
    static job jobs[THREADS + 1];
    pthread_t threads[THREADS];
    for (int at = 0; at <= THREADS; at++) {
        jobs[at].model = model;
    }
    run(&jobs[THREADS]);
    for (int at = 0; at < THREADS; at++) {
        pthread_create(&threads[at], NULL, run, &jobs[at]);
    }
    int wrong = 0;
    for (int at = 0; at < THREADS; at++) {
        pthread_join(threads[at], NULL);
        wrong |= memcmp(jobs[at].found, jobs[THREADS].found, sizeof jobs[at].found) != 0;
    }
    edgernn_close(model);
    return wrong;
}

/*
 * Between Java and the two doors of the engine: the functions of org.edgernn.NativeEngine.
 *
 * What Java gives is taken for what its types say and no more: lengths are asked of Java, ranges
 * are checked by the engine. Whether a model is still open, NativeClassifier knows.
 */
#include "../../../engine/include/edgernn.h"
#include "jni_types.h"
#include "pages.h"

#define NAME(method) Java_org_edgernn_NativeEngine_##method

static jsize length_of(JNIEnv *env, jobject array) {
    return ((jsize(*)(JNIEnv *, jobject))(*env)[JNI_GET_ARRAY_LENGTH])(env, array);
}

static edgernn_model *model_at(jlong model) { return (edgernn_model *)(intptr_t)model; }

/* Writes what is wrong into a Java array of bytes, which ends with a zero. */
static void tell(JNIEnv *env, jobject message, const edgernn_error *error) {
    const jsize room = length_of(env, message);
    const jsize size = (jsize)sizeof error->message;
    ((void (*)(JNIEnv *, jobject, jsize, jsize, const jbyte *))(*env)[JNI_SET_BYTE_ARRAY_REGION])(
        env, message, 0, size < room ? size : room, (const jbyte *)error->message);
}

/*
 * Opens the bytes of a file. Returns the model, or 0 with `message` written; `level` is of
 * edgernn_level.
 */
JNIEXPORT jlong NAME(open)(JNIEnv *env, jobject class, jobject file, jint level, jobject message) {
    (void)class;
    edgernn_error error = {.message = "no memory for the file"};
    edgernn_model *model = NULL;
    const jsize size = length_of(env, file);
    /* A copy while it is read: Java may move its own. */
    void *bytes = take_pages(NULL, (size_t)size);
    if (bytes != NULL) {
        const edgernn_allocator allocator = {.allocate = take_pages, .release = give_pages};
        ((void (*)(JNIEnv *, jobject, jsize, jsize, jbyte *))(*env)[JNI_GET_BYTE_ARRAY_REGION])(
            env, file, 0, size, bytes);
        edgernn_open(bytes, (size_t)size, (edgernn_level)level, &allocator, &model, &error);
        give_pages(NULL, bytes);
    }
    if (model == NULL) {
        tell(env, message, &error);
    }
    return (jlong)(intptr_t)model;
}

JNIEXPORT void NAME(close)(JNIEnv *env, jobject class, jlong model) {
    (void)env;
    (void)class;
    edgernn_close(model_at(model));
}

/* Outputs, ids, level, shortest text, in this order. */
JNIEXPORT jint NAME(fact)(JNIEnv *env, jobject class, jlong model, jint which) {
    (void)env;
    (void)class;
    switch (which) {
    case 0: return edgernn_outputs(model_at(model));
    case 1: return edgernn_vocabulary_size(model_at(model));
    case 2: return (jint)edgernn_level_of(model_at(model));
    default: return (jint)edgernn_shortest_text(model_at(model));
    }
}

static size_t rounded(size_t size) { return (size + 63) / 64 * 64; }

/*
 * Bytes of memory that `score` needs for texts that together have so many ids. It holds offsets,
 * ids, what is given, and the engine's own; -1 where that is more than a buffer of Java's can hold.
 */
JNIEXPORT jint NAME(memory)(JNIEnv *env, jobject class, jlong model, jint texts, jint ids) {
    (void)env;
    (void)class;
    const size_t outputs = (size_t)edgernn_outputs(model_at(model));
    const uint64_t all = (uint64_t)rounded(((size_t)texts + 1) * sizeof(int64_t)) +
                         rounded((size_t)ids * sizeof(int32_t)) +
                         (uint64_t)texts * outputs * sizeof(float) + 128 +
                         edgernn_scratch_size(model_at(model), (size_t)ids);
    return all > INT32_MAX ? -1 : (jint)all;
}

/*
 * Scores texts whose ids lie one behind the other; `lengths` has how many each has. Returns an
 * edgernn_status; `memory`, a direct buffer, is this call's alone.
 */
JNIEXPORT jint NAME(score)(JNIEnv *env, jobject class, jlong model, jobject ids, jobject lengths,
                           jobject probabilities, jobject memory) {
    (void)class;
    unsigned char *room =
        ((void *(*)(JNIEnv *, jobject))(*env)[JNI_GET_DIRECT_BUFFER_ADDRESS])(env, memory);
    const jlong capacity =
        ((jlong(*)(JNIEnv *, jobject))(*env)[JNI_GET_DIRECT_BUFFER_CAPACITY])(env, memory);
    const jsize count = length_of(env, lengths), total = length_of(env, ids);
    const size_t outputs = (size_t)edgernn_outputs(model_at(model));
    if (room == NULL || (uint64_t)length_of(env, probabilities) != (uint64_t)count * outputs) {
        return EDGERNN_BAD_CALL;
    }
    const size_t padding = -(uintptr_t)room % 64;
    const size_t for_offsets = rounded(((size_t)count + 1) * sizeof(int64_t));
    const size_t for_ids = rounded((size_t)total * sizeof(int32_t));
    const size_t for_given = rounded((size_t)count * outputs * sizeof(float));
    const uint64_t taken = (uint64_t)padding + for_offsets + for_ids + for_given;
    if (capacity < 0 || taken > (uint64_t)capacity) {
        return EDGERNN_BAD_CALL;
    }
    int64_t *offsets = (int64_t *)(room + padding);
    int32_t *own_ids = (int32_t *)((unsigned char *)offsets + for_offsets);
    float *given = (float *)((unsigned char *)own_ids + for_ids);
    void *scratch = (unsigned char *)given + for_given;
    void (*copy)(JNIEnv *, jobject, jsize, jsize, jint *) =
        (void (*)(JNIEnv *, jobject, jsize, jsize, jint *))(*env)[JNI_GET_INT_ARRAY_REGION];
    int64_t at = 0;
    for (jsize text = 0; text < count; text++) {
        jint length;
        copy(env, lengths, text, 1, &length);
        offsets[text] = at;
        at += length;
        if (length <= 0 || at > total) {
            return EDGERNN_BAD_CALL;
        }
    }
    offsets[count] = at;
    if (at != total) {
        return EDGERNN_BAD_CALL;
    }
    copy(env, ids, 0, total, own_ids);
    const edgernn_status status =
        edgernn_score(model_at(model), own_ids, offsets, (size_t)count, given, scratch,
                      (size_t)((uint64_t)capacity - taken));
    if (status == EDGERNN_OK) {
        ((void (*)(JNIEnv *, jobject, jsize, jsize, const jfloat *))(
            *env)[JNI_SET_FLOAT_ARRAY_REGION])(env, probabilities, 0, (jsize)(count * outputs),
                                               given);
    }
    return (jint)status;
}

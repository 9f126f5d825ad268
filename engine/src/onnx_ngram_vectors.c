/*
 * N-grams that have a vector a bucket in an ONNX graph: their sum goes through a kernel.
 */
#include "onnx_match.h"

static const int64_t FIRST[] = {1}, SECOND[] = {2}, THIRD[] = {3};

/* The vectors of those n-grams whose check is the bucket's: [batch, time, longest, units]. */
static bool match_vectors(reading *reading, operation *operation) {
    const value *found = operation->inputs[0], *alike = operation->inputs[1];
    if (!takes_two(operation, FOUND, COUNTS_EACH) || found->constant->rank != 2 ||
        !is_weights(found->constant)) {
        return false;
    }
    ngrams *ngrams = counted_ngrams(reading, found, alike);
    value *value = give(operation, VECTORS, NULL);
    value->ngrams = ngrams;
    value->constant = found->constant;
    value->of = alike->of;
    return ngrams != NULL;
}

/* The sum over the tokens over the root of their number, as the mean times that root. */
static bool match_vector(operation *operation) {
    if (is(operation, "ReduceSum") && takes_two(operation, VECTORS, CONSTANT)) {
        becomes(operation, VECTORS_SUM);
        return is_int64(operation, 1, 1, SECOND) && has_integer(operation, "keepdims", 0);
    }
    if (is(operation, "MatMul") && takes_two(operation, SHARES, VECTORS_SUM)) {
        *operation->outputs[0] = *operation->inputs[1];
        operation->outputs[0]->kind = VECTORS_MEAN;
        return operation->inputs[0]->steps == NULL;
    }
    if (is(operation, "ReduceMean") && takes_one(operation, VECTORS_SUM)) {
        becomes(operation, VECTORS_MEAN);
        return operation->is_one && has_integers(operation, "axes", 1, FIRST) &&
               has_integer(operation, "keepdims", 1);
    }
    if (is(operation, "Squeeze") && takes_two(operation, VECTORS_MEAN, CONSTANT)) {
        becomes(operation, VECTOR);
        return is_int64(operation, 1, 1, FIRST);
    }
    becomes(operation, ROOTED);
    return is(operation, "Mul") && takes_two(operation, VECTOR, ROOT);
}

/* The product with the kernel. */
static bool match_kernel(operation *operation) {
    if (!is(operation, "MatMul") || !takes_two(operation, ROOTED, CONSTANT)) {
        return false;
    }
    const stored *kernel = operation->inputs[1]->constant;
    becomes(operation, LOGITS)->with = operation->inputs[1];
    return kernel->rank == 2 && is_weights(kernel);
}

static bool match_added(reading *reading, operation *operation) {
    if (!is(operation, "Add") || !takes_two(operation, STATE, LOGITS)) {
        return false;
    }
    const value *added = operation->inputs[1];
    stored *kernel = added->with->constant;
    const size_t units = (size_t)kernel->dims[0], outputs = (size_t)kernel->dims[1];
    const found_ngrams found = {
        .ngrams = added->ngrams,
        .table = added->constant,
        .checks = added->of->constant,
        .kernel = {kernel, 0, {1, units, outputs}, {0, outputs, 1}},
    };
    return give_state(operation, plus_ngrams(reading, operation->inputs[0]->state, &found));
}

bool match_onnx_ngram_vectors(reading *reading, operation *operation) {
    if (is(operation, "Unsqueeze")) {
        becomes(operation, COUNTS_EACH);
        return takes_two(operation, COUNTS, CONSTANT) && is_int64(operation, 1, 1, THIRD);
    }
    return (is(operation, "Mul") && match_vectors(reading, operation)) || match_vector(operation) ||
           match_kernel(operation) || match_added(reading, operation);
}

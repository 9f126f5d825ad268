/*
 * Metadata and signatures of a .tflite file: an engine acts on some, of which an export has none.
 */
#include "tflite_model.h"
#include "tflite_schema.h"

enum { MOST_ENTRIES = 64 };

static const char *const METADATA[] = {"CONVERSION_METADATA", "TFLITE_METADATA",
                                       "min_runtime_version", "reduced_precision_support"};

static bool is_known(text name) {
    for (size_t i = 0; i < sizeof METADATA / sizeof *METADATA; i++) {
        if (is_text(name, METADATA[i])) {
            return true;
        }
    }
    return false;
}

/* Whether names stand for just these tensors. */
static bool are_named(reading *reading, const table *signature, size_t field,
                      const int32_t *numbers, size_t count) {
    const vector named = field_vector(reading, signature, field, 4);
    bool are_same = named.count == count;
    for (size_t i = 0; i < count && are_same; i++) {
        const table name = vector_table(reading, signature, named, i);
        are_same = field_integer(reading, &name, TENSOR_MAP_INDEX, 4, 0) == numbers[i];
    }
    return are_same;
}

bool check_tflite_names(reading *reading, const table *root, const tflite_graph *main,
                        size_t buffers) {
    const vector metadata = field_vector(reading, root, MODEL_METADATA, 4);
    const vector signatures = field_vector(reading, root, MODEL_SIGNATURES, 4);
    if (metadata.count > MOST_ENTRIES || signatures.count > MOST_ENTRIES) {
        return unsupported(reading, "more metadata or signatures than an export has");
    }
    for (size_t i = 0; i < metadata.count && reading->status == EDGERNN_OK; i++) {
        const table entry = vector_table(reading, root, metadata, i);
        const text name = field_text(reading, &entry, METADATA_NAME);
        const int64_t buffer = field_integer(reading, &entry, METADATA_BUFFER, 4, 0);
        if (!is_known(name) || (uint64_t)buffer >= buffers) {
            return unsupported(reading, "metadata that no export has");
        }
    }
    for (size_t i = 0; i < signatures.count && reading->status == EDGERNN_OK; i++) {
        const table signature = vector_table(reading, root, signatures, i);
        if (field_integer(reading, &signature, SIGNATURE_SUBGRAPH, 4, 0) != 0 ||
            !are_named(reading, &signature, SIGNATURE_INPUTS, main->inputs, main->input_count) ||
            !are_named(reading, &signature, SIGNATURE_OUTPUTS, main->outputs, main->output_count)) {
            return unsupported(reading, "a signature of other inputs or outputs than the graph's");
        }
    }
    return reading->status == EDGERNN_OK;
}

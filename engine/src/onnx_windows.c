/*
 * Convolution and max pooling along time in an ONNX graph, and how many steps they leave.
 *
 * Source: ONNX operators Conv (opset 11) and MaxPool (opset 12).
 */
#include "onnx_match.h"

enum { MOST_STEPS = 4096 }; /* of a window, its stride and dilation */

static const axis FEATURES_FIRST[] = {AXIS_BATCH, AXIS_FEATURE, AXIS_TIME};

/* An attribute of one number in a range; 0 if it is not. */
static int32_t window_of(operation *operation, const char *name) {
    const onnx_attribute *attribute = find_attribute(operation, name, ATTRIBUTE_INTS);
    const bool is_one = attribute != NULL && attribute->count == 1 && attribute->integers[0] >= 1 &&
                        attribute->integers[0] <= MOST_STEPS;
    return is_one ? (int32_t)attribute->integers[0] : 0;
}

/* The steps behind a layer that cuts some off and keeps every one of a few. */
static const steps *steps_after(reading *reading, const steps *steps, int32_t cut, int32_t stride) {
    if (cut > 0) {
        steps = more_steps(reading, steps, STEPS_CUT, cut);
    }
    if (stride > 1) {
        steps = more_steps(reading, steps, STEPS_ADDED, stride - 1);
        steps = more_steps(reading, steps, STEPS_DIVIDED, stride);
    }
    return steps;
}

static bool match_conv(reading *reading, operation *operation) {
    if (!takes(operation, 3, (const kind[]){STATE, CONSTANT, CONSTANT})) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    stored *kernel = operation->inputs[1]->constant, *bias = operation->inputs[2]->constant;
    if (!has_axes(before, 3, FEATURES_FIRST) || kernel->type != ELEMENT_FLOAT32 ||
        kernel->rank != 3 || kernel->dims[1] != before->features || bias->rank != 1 ||
        bias->type != ELEMENT_FLOAT32 || bias->dims[0] != kernel->dims[0]) {
        return false;
    }
    const int32_t width = window_of(operation, "kernel_shape");
    const int32_t stride = window_of(operation, "strides");
    const int32_t dilation = window_of(operation, "dilations");
    if (width == 0 || width != kernel->dims[2] || stride == 0 || dilation == 0) {
        return false;
    }
    const int64_t reach = (int64_t)(width - 1) * dilation;
    padding padding;
    if (has_integers(operation, "pads", 2, (const int64_t[]){0, 0})) {
        padding = PAD_VALID;
    } else if (has_integers(operation, "pads", 2, (const int64_t[]){reach, 0})) {
        padding = PAD_CAUSAL;
    } else if (has_integers(operation, "pads", 2,
                            (const int64_t[]){reach / 2, reach - reach / 2})) {
        padding = PAD_SAME;
    } else {
        return false;
    }
    /* Zeros stand behind a text's end where windows reach beyond it. */
    const bool is_masked = padding == PAD_SAME && !operation->is_one;
    if ((is_masked ? !before->is_masked || before->other != 0 : before->is_masked) ||
        (padding != PAD_VALID && stride != 1)) {
        return false;
    }
    state *state = after(reading, before, MADE_CONV);
    if (state == NULL) {
        return false;
    }
    const size_t inputs = (size_t)kernel->dims[1], row = inputs * (size_t)width;
    state->features = kernel->dims[0];
    state->kernel = (view){
        kernel, 0, {(size_t)width, inputs, (size_t)state->features}, {1, (size_t)width, row}};
    state->second = bias;
    state->steps = padding == PAD_VALID
                       ? steps_after(reading, before->steps, (int32_t)reach, stride)
                       : before->steps;
    state->layer.kind = LAYER_CONV;
    state->layer.conv = (conv){.width = width,
                               .inputs = before->features,
                               .filters = state->features,
                               .stride = stride,
                               .dilation = dilation,
                               .padding = padding};
    return give_state(operation, state);
}

static bool match_max_pool(reading *reading, operation *operation) {
    if (!takes_one(operation, STATE)) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    const int32_t size = window_of(operation, "kernel_shape");
    const int32_t stride = window_of(operation, "strides");
    if (!has_axes(before, 3, FEATURES_FIRST) || size == 0 || stride == 0) {
        return false;
    }
    const bool is_whole = has_integers(operation, "pads", 2, (const int64_t[]){0, 0});
    /* Numbers below all others stand behind a text's end where windows reach beyond it. */
    const bool is_same = operation->is_one ? !is_whole : before->is_masked;
    if (is_same) {
        const bool is_lowest = !before->is_masked || before->other == -__FLT_MAX__;
        if (stride != size || !is_lowest ||
            !has_integers(operation, "pads", 2, (const int64_t[]){0, size - 1})) {
            return false;
        }
    } else if (!is_whole) {
        return false;
    }
    state *state = after(reading, before, MADE_MAX_POOL);
    if (state == NULL) {
        return false;
    }
    state->steps = steps_after(reading, before->steps, is_same ? 0 : size - 1, stride);
    state->layer.kind = LAYER_MAX_POOL;
    state->layer.max_pool =
        (max_pool){.size = size, .stride = stride, .padding = is_same ? PAD_SAME : PAD_VALID};
    return give_state(operation, state);
}

bool match_onnx_windows(reading *reading, operation *operation) {
    return is(operation, "Conv")      ? match_conv(reading, operation)
           : is(operation, "MaxPool") ? match_max_pool(reading, operation)
                                      : false;
}

/* ids[:, start:], or ids[:, start::stride], as many columns as there are steps. */
static bool match_slice(reading *reading, operation *operation) {
    const size_t count = operation->node->input_count;
    if ((count != 4 && count != 5) || operation->inputs[0]->kind != IDS) {
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        const value *value = operation->inputs[i];
        if (value->kind != CONSTANT || value->constant->rank != 1 || value->constant->count != 2 ||
            value->constant->type != (count == 4 ? ELEMENT_INT64 : ELEMENT_INT32)) {
            return false;
        }
    }
    const stored *start = operation->inputs[1]->constant;
    const int64_t cut = stored_integer(start, 1), open = count == 4 ? INT32_MAX : 1000000000;
    const int64_t stride = count == 4 ? 1 : stored_integer(operation->inputs[4]->constant, 1);
    if (stored_integer(start, 0) != 0 || cut < 0 || cut > (int64_t)MOST_STEPS * MOST_STEPS ||
        stored_integer(operation->inputs[2]->constant, 0) != open ||
        stored_integer(operation->inputs[2]->constant, 1) != open ||
        stored_integer(operation->inputs[3]->constant, 0) != 0 ||
        stored_integer(operation->inputs[3]->constant, 1) != 1 ||
        (count == 5 && stored_integer(operation->inputs[4]->constant, 0) != 1) || stride < 1 ||
        stride > MOST_STEPS) {
        return false;
    }
    give(operation, IDS,
         steps_after(reading, operation->inputs[0]->steps, (int32_t)cut, (int32_t)stride));
    return true;
}

/* Ids as columns, and lengths, of the steps behind a window. */
bool match_onnx_steps(reading *reading, operation *operation) {
    if (is(operation, "Slice")) {
        return match_slice(reading, operation);
    }
    if (!takes(operation, 2, (const kind[]){LENGTHS, CONSTANT})) {
        return false;
    }
    const stored *number = operation->inputs[1]->constant;
    const int kind = is(operation, "Sub")   ? STEPS_CUT
                     : is(operation, "Add") ? STEPS_ADDED
                     : is(operation, "Div") ? STEPS_DIVIDED
                                            : -1;
    if (kind < 0 || number->type != ELEMENT_INT32 || number->rank != 1 || number->count != 1) {
        return false;
    }
    const int64_t by = stored_integer(number, 0);
    if (by < 1 || by > (int64_t)MOST_STEPS * MOST_STEPS) {
        return false;
    }
    give(operation, LENGTHS, more_steps(reading, operation->inputs[0]->steps, kind, (int32_t)by));
    return true;
}

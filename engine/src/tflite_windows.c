/*
 * Convolution and max pooling along time in a TFLite graph: of steps as a picture one number wide.
 */
#include "tflite_match.h"

enum { MOST_STEPS = 4096 }; /* of a window, its stride and dilation */

static const axis WIDE_PICTURE[] = {AXIS_BATCH, AXIS_ONE, AXIS_TIME, AXIS_FEATURE};
static const axis HIGH_PICTURE[] = {AXIS_BATCH, AXIS_TIME, AXIS_ONE, AXIS_FEATURE};

/* Steps as a picture: [1, 1, time, features] to convolve, [1, time, 1, features] to pool. */
static bool match_picture(reading *reading, operation *operation) {
    if (!takes_two(operation, STATE, CONSTANT) ||
        !has_options(reading, operation, OPTIONS_EXPAND_DIMS, 0)) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    const bool is_wide = is_int32(operation, 1, 0, 1, (const int64_t[]){1});
    if (!has_axes(before, 3, STEPS_OF_TEXTS) || before->is_reversed ||
        (!is_wide && !is_int32(operation, 1, 0, 1, (const int64_t[]){2}))) {
        return false;
    }
    state *state = copy_state(reading, before);
    if (state == NULL) {
        return false;
    }
    state->rank = 4;
    __builtin_memcpy(state->axes, is_wide ? WIDE_PICTURE : HIGH_PICTURE, sizeof WIDE_PICTURE);
    return give_state(operation, state);
}

/* A picture as steps again: [1, -1, features]. */
static bool match_steps(reading *reading, operation *operation) {
    if (!takes_two(operation, STATE, CONSTANT) || !has_options(reading, operation, 0, 0)) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    if ((!has_axes(before, 4, WIDE_PICTURE) && !has_axes(before, 4, HIGH_PICTURE)) ||
        !is_int32(operation, 1, 1, 3, (const int64_t[]){1, -1, before->features})) {
        return false;
    }
    state *state = copy_state(reading, before);
    if (state == NULL) {
        return false;
    }
    state->rank = 3;
    __builtin_memcpy(state->axes, STEPS_OF_TEXTS, sizeof STEPS_OF_TEXTS);
    return give_state(operation, state);
}

/* Whether the second half of a window [width] reads nothing: numbers [filter, place, input]. */
static bool is_causal(reading *reading, stored *kernel, bool *is_it) {
    if (!may_look(reading, kernel->count)) {
        return false;
    }
    const float *values = stored_values(reading, kernel);
    const size_t width = (size_t)kernel->dims[2], inputs = (size_t)kernel->dims[3];
    *is_it = width > 1 && width % 2 == 1;
    if (values == NULL) {
        return false;
    }
    for (size_t filter = 0; filter < (size_t)kernel->dims[0] && *is_it; filter++) {
        const float *behind = values + (filter * width + width / 2 + 1) * inputs;
        for (size_t i = 0; i < width / 2 * inputs && *is_it; i++) {
            *is_it = behind[i] == 0;
        }
    }
    return true;
}

static int32_t steps_of(reading *reading, const operation *operation, size_t field) {
    const int64_t steps = option(reading, operation, field, 4);
    return steps < 1 || steps > MOST_STEPS ? 0 : (int32_t)steps;
}

/* Options: padding, stride of width and height, activation, dilations, a bias in integers. */
static bool match_conv(reading *reading, operation *operation) {
    if (!takes(operation, 3, (const kind[]){STATE, CONSTANT, CONSTANT}) ||
        !has_options(reading, operation, OPTIONS_CONV_2D, 7)) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    stored *kernel = operation->inputs[1]->constant, *bias = operation->inputs[2]->constant;
    const bool is_valid = option(reading, operation, 0, 1) == PADDING_VALID;
    const int32_t stride = steps_of(reading, operation, 1);
    const table *options = &operation->operator->options;
    const int64_t dilation = field_integer(reading, options, 4, 4, 1);
    if (!has_axes(before, 4, WIDE_PICTURE) || !kernel->is_decoded || kernel->rank != 4 ||
        kernel->dims[1] != 1 || kernel->dims[3] != before->features || !bias->is_decoded ||
        bias->rank != 1 || bias->dims[0] != kernel->dims[0] || kernel->dims[2] > MOST_STEPS ||
        stride == 0 || option(reading, operation, 2, 4) != 1 || dilation < 1 ||
        dilation > MOST_STEPS || field_integer(reading, options, 5, 4, 1) != 1 ||
        option(reading, operation, 6, 1) != 0 ||
        (!is_valid && (option(reading, operation, 0, 1) != PADDING_SAME || stride != 1))) {
        return false;
    }
    bool causal = false;
    if (!is_valid && !is_causal(reading, kernel, &causal)) {
        return false;
    }
    state *state = after(reading, before, MADE_CONV);
    if (state == NULL) {
        return false;
    }
    const size_t inputs = (size_t)kernel->dims[3], row = inputs * (size_t)kernel->dims[2];
    const int32_t width = causal ? kernel->dims[2] / 2 + 1 : kernel->dims[2];
    state->features = kernel->dims[0];
    state->kernel =
        (view){kernel, 0, {(size_t)width, inputs, (size_t)state->features}, {inputs, 1, row}};
    state->second = bias;
    state->layer.kind = LAYER_CONV;
    state->layer.conv = (conv){.width = width,
                               .inputs = before->features,
                               .filters = state->features,
                               .stride = stride,
                               .dilation = (int32_t)dilation,
                               .padding = is_valid ? PAD_VALID
                                          : causal ? PAD_CAUSAL
                                                   : PAD_SAME};
    return give_state(operation, fused(reading, state, option(reading, operation, 3, 1)));
}

/* Options: padding, stride of width and height, size of width and height, activation. */
static bool match_max_pool(reading *reading, operation *operation) {
    if (!takes_one(operation, STATE) || !has_options(reading, operation, OPTIONS_POOL_2D, 6)) {
        return false;
    }
    const state *before = operation->inputs[0]->state;
    const int64_t padding = option(reading, operation, 0, 1);
    const int32_t stride = steps_of(reading, operation, 2), size = steps_of(reading, operation, 4);
    if (!has_axes(before, 4, HIGH_PICTURE) || stride == 0 || size == 0 ||
        option(reading, operation, 1, 4) != 1 || option(reading, operation, 3, 4) != 1 ||
        option(reading, operation, 5, 1) != FUSED_NONE ||
        (padding != PADDING_VALID && padding != PADDING_SAME)) {
        return false;
    }
    /* TFLite centres larger windows, where a network has the last one cut off. */
    if (padding == PADDING_SAME && (stride != size || size > 2)) {
        return false;
    }
    state *state = after(reading, before, MADE_MAX_POOL);
    if (state == NULL) {
        return false;
    }
    state->layer.kind = LAYER_MAX_POOL;
    state->layer.max_pool = (max_pool){
        .size = size, .stride = stride, .padding = padding == PADDING_SAME ? PAD_SAME : PAD_VALID};
    return give_state(operation, state);
}

bool match_tflite_windows(reading *reading, operation *operation) {
    switch (operation->operator->code) {
    case OP_EXPAND_DIMS: return match_picture(reading, operation);
    case OP_RESHAPE: return match_steps(reading, operation);
    case OP_CONV_2D: return match_conv(reading, operation);
    case OP_MAX_POOL_2D: return match_max_pool(reading, operation);
    default: return false;
    }
}

/*
 * Functions of each number by itself, and those that are made of several operators.
 */
#include "state.h"

/* Of Klambauer et al., 2017, as Keras has them. */
static const float SELU_ALPHA = (float)1.6732632423543772;
const float SELU_SCALE = (float)1.0507009873554805;

const axis STEPS_OF_TEXTS[3] = {AXIS_BATCH, AXIS_TIME, AXIS_FEATURE};
const axis VECTORS_OF_TEXTS[2] = {AXIS_BATCH, AXIS_FEATURE};

state *copy_state(reading *reading, const state *from) {
    state *copy = scratch(reading, 1, sizeof *copy);
    if (copy != NULL) {
        *copy = *from;
    }
    return copy;
}

state *after(reading *reading, const state *before, made made) {
    state *found = scratch(reading, 1, sizeof *found);
    if (found != NULL) {
        found->of = before;
        found->made = made;
        found->rank = before->rank;
        __builtin_memcpy(found->axes, before->axes, sizeof found->axes);
        found->features = before->features;
        found->directions = before->directions;
        found->steps = before->steps;
    }
    return found;
}

const steps *more_steps(reading *reading, const steps *of, int kind, int32_t number) {
    steps *found = scratch(reading, 1, sizeof *found);
    if (found != NULL) {
        *found = (steps){.of = of, .kind = kind, .number = number};
    }
    return found;
}

bool same_steps(const steps *a, const steps *b) {
    while (a != b) {
        if (a == NULL || b == NULL || a->kind != b->kind || a->number != b->number) {
            return false;
        }
        a = a->of;
        b = b->of;
    }
    return true;
}

static bool has_direction(const state *state) {
    for (int32_t i = 0; i < state->rank; i++) {
        if (state->axes[i] == AXIS_DIRECTION) {
            return true;
        }
    }
    return false;
}

/* Whether a function of each number may follow. */
static bool is_plain(const state *state) {
    return !state->is_masked && !state->is_reversed && !has_direction(state);
}

/* Whether a constant has a number for each feature, which are along the last axis. */
static bool is_by_feature(const state *of, const stored *constant) {
    return is_plain(of) && of->axes[of->rank - 1] == AXIS_FEATURE && is_weights(constant) &&
           constant->rank == 1 && constant->dims[0] == of->features;
}

static bool is_function(const state *state, function function) {
    return state->made == MADE_ACTIVATION && state->layer.activation.function == function;
}

static state *activation_of(reading *reading, const state *of, function function, float slope) {
    state *found = after(reading, of, MADE_ACTIVATION);
    if (found != NULL) {
        found->layer.kind = LAYER_ACTIVATION;
        found->layer.activation = (activation){.function = function, .slope = slope};
    }
    return found;
}

const state *apply_function(reading *reading, const state *of, function function, float slope) {
    return is_plain(of) ? activation_of(reading, of, function, slope) : NULL;
}

const state *apply_abs(reading *reading, const state *of) {
    return is_plain(of) ? after(reading, of, MADE_ABS) : NULL;
}

const state *times_constant(reading *reading, const state *of, stored *constant) {
    if (is_function(of, ELU) && of->of->made == MADE_LEAST && is_number(constant, SELU_ALPHA)) {
        return after(reading, of->of->of, MADE_SELU_BELOW);
    }
    if (of->made == MADE_SELU_SUM && is_number(constant, SELU_SCALE)) {
        return activation_of(reading, of->of, SELU, 0);
    }
    if (!is_by_feature(of, constant)) {
        return NULL;
    }
    state *found = after(reading, of, MADE_TIMES);
    if (found != NULL) {
        found->first = constant;
    }
    return found;
}

const state *plus_constant(reading *reading, const state *of, stored *constant) {
    if (of->made == MADE_ABS && is_number(constant, 1)) {
        return after(reading, of->of, MADE_ABS_AND_ONE);
    }
    if (!is_by_feature(of, constant) || (of->made != MADE_PRODUCT && of->made != MADE_TIMES)) {
        return NULL;
    }
    state *found = copy_state(reading, of);
    if (found != NULL) {
        found->second = constant;
        found->made = of->made == MADE_TIMES ? MADE_SCALE : MADE_DENSE;
        if (of->made == MADE_TIMES) {
            found->layer.kind = LAYER_SCALE;
            found->layer.scale = (scale){.features = of->features};
        }
    }
    return found;
}

const state *least_of_constant(reading *reading, const state *of, stored *constant) {
    if (is_function(of, RELU) && is_number(constant, 6)) {
        return activation_of(reading, of->of, RELU6, 0);
    }
    return is_plain(of) && is_number(constant, 0) ? after(reading, of, MADE_LEAST) : NULL;
}

const state *times_state(reading *reading, const state *a, const state *b) {
    return is_function(b, SIGMOID) && b->of == a ? activation_of(reading, a, SILU, 0) : NULL;
}

/* Whether two states are one: TFLite's converter writes a dense layer twice for a fused relu. */
static bool is_same_layer(const state *a, const state *b) {
    return a == b || ((a->made == MADE_DENSE || a->made == MADE_CONV) && a->made == b->made &&
                      a->of == b->of && a->kernel.of == b->kernel.of && a->second == b->second);
}

const state *unscaled_selu(reading *reading, const state *of) {
    return of->made == MADE_SELU_SUM ? activation_of(reading, of->of, SELU, 0) : NULL;
}

const state *plus_state(reading *reading, const state *a, const state *b) {
    if (is_function(a, RELU) && b->made == MADE_SELU_BELOW && is_same_layer(a->of, b->of)) {
        return after(reading, a->of, MADE_SELU_SUM);
    }
    return NULL;
}

const state *divided_by_state(reading *reading, const state *a, const state *b) {
    return b->made == MADE_ABS_AND_ONE && b->of == a ? activation_of(reading, a, SOFTSIGN, 0)
                                                     : NULL;
}

/*
 * What the glue needs of Java's native interface: types, and places in the table of functions.
 * A JDK's jni.h would do as well; a phone's comes with the NDK alone, and this library is compiled
 * without one. tests/android compares both.
 * Source: Java Native Interface Specification, chapters 3 and 4, version 1.6.
 */
#ifndef EDGERNN_JNI_TYPES_H
#define EDGERNN_JNI_TYPES_H

#include <stdint.h>

typedef int32_t jint;
typedef int64_t jlong;
typedef int8_t jbyte;
typedef float jfloat;
typedef void *jobject;
typedef jint jsize;

/* The table of functions, by place. A JNIEnv is a pointer to a pointer to it. */
typedef void *const *JNIEnv;

enum {
    JNI_GET_ARRAY_LENGTH = 171,
    JNI_GET_BYTE_ARRAY_REGION = 200,
    JNI_GET_INT_ARRAY_REGION = 203,
    JNI_SET_BYTE_ARRAY_REGION = 208,
    JNI_SET_FLOAT_ARRAY_REGION = 213,
    JNI_GET_DIRECT_BUFFER_ADDRESS = 230,
    JNI_GET_DIRECT_BUFFER_CAPACITY = 231
};

#define JNIEXPORT __attribute__((visibility("default"), used))

#endif

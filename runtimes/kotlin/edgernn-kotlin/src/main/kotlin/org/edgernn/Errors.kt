package org.edgernn

/**
 * A model file is refused.
 *
 * @param message one line for people: what is wrong with which part of the file.
 */
class ModelException(message: String) : Exception(message)

/**
 * A text cannot be scored: it is empty, or no token is left of it. Other texts can.
 *
 * @param message one line for people.
 */
class TextException(message: String) : Exception(message)

package org.edgernn

/**
 * A model file is refused.
 *
 * @param message one line for people: what is wrong with which part of the file.
 * @property reason what kind of problem it is, for an app that says so in its own words.
 */
public class ModelException
@JvmOverloads
constructor(message: String, public val reason: Reason = Reason.FILE) : Exception(message) {
    /** Kinds of problems. */
    public enum class Reason {
        /** The bytes are no sound model file: cut short, altered, too large, or something else. */
        FILE,

        /** Its text contract or its vocabulary is broken, or has rules that the library does not know. */
        RULES,

        /** Its graph is one that no export has, or that the engine does not run. */
        GRAPH,

        /** The engine is not in this app. */
        ENGINE,

        /** The engine failed on a text, or gave what are no probabilities. */
        SCORE,

        /** It has no golden vectors, or scores other than they say. */
        PROOF,
    }
}

/** Gives what [action] throws another reason. */
internal inline fun <T> because(reason: ModelException.Reason, action: () -> T): T =
    try {
        action()
    } catch (error: ModelException) {
        throw ModelException(error.message.orEmpty(), reason)
    }

/**
 * A text cannot be scored: it is empty, or no token is left of it. Other texts can.
 *
 * @param message one line for people.
 * @property reason which of the two, for an app that says so in its own words.
 */
public class TextException(message: String, public val reason: Reason) : Exception(message) {
    /** Why there is nothing to score. */
    public enum class Reason {
        /** The text is empty, or nothing but white space. */
        EMPTY,

        /** It has characters, and none that the model's rules keep. */
        NO_TOKENS,
    }
}

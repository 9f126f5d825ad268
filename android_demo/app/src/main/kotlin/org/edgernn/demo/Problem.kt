package org.edgernn.demo

import android.content.Context
import java.io.IOException
import org.edgernn.ModelException
import org.edgernn.TextException

/**
 * What went wrong: a kind, of which people read in their language, and the exact words for developers.
 *
 * @property name the file that it is about; null where it is about none.
 * @property detail in English, as the library or the system says it.
 */
class Problem(val kind: Kind, val name: String?, val detail: String) {
    /** Kinds of problems; [message] takes the name of the file. */
    enum class Kind(val message: Int) {
        FILE(R.string.problem_file),
        RULES(R.string.problem_rules),
        GRAPH(R.string.problem_graph),
        ENGINE(R.string.problem_engine),
        SCORE(R.string.problem_score),
        PROOF(R.string.problem_proof),
        UNREADABLE(R.string.problem_unreadable),
        MEMORY(R.string.problem_memory),
        EMPTY_TEXT(R.string.problem_empty_text),
        NO_TOKENS(R.string.problem_no_tokens),
        OTHER(R.string.problem_other),
    }

    /** Returns what people read. */
    fun message(context: Context): String = context.getString(kind.message, context.isolated(name.orEmpty()))

    companion object {
        /** What a failure means; the library says of its own what kind they are. */
        fun of(failure: Throwable, name: String? = null): Problem =
            when (failure) {
                is ModelException -> Problem(kind(failure.reason), name, failure.message.orEmpty())
                is TextException -> Problem(kind(failure.reason), name, failure.message.orEmpty())
                is IOException -> Problem(Kind.UNREADABLE, name, "$failure")
                is OutOfMemoryError -> Problem(Kind.MEMORY, name, "$failure")
                // An app that was built without this runtime, or without this phone's kind of processor.
                is LinkageError -> Problem(Kind.ENGINE, name, "$failure")
                else -> Problem(Kind.OTHER, name, "$failure")
            }

        private fun kind(reason: ModelException.Reason): Kind =
            when (reason) {
                ModelException.Reason.FILE -> Kind.FILE
                ModelException.Reason.RULES -> Kind.RULES
                ModelException.Reason.GRAPH -> Kind.GRAPH
                ModelException.Reason.ENGINE -> Kind.ENGINE
                ModelException.Reason.SCORE -> Kind.SCORE
                ModelException.Reason.PROOF -> Kind.PROOF
            }

        private fun kind(reason: TextException.Reason): Kind =
            when (reason) {
                TextException.Reason.EMPTY -> Kind.EMPTY_TEXT
                TextException.Reason.NO_TOKENS -> Kind.NO_TOKENS
            }
    }
}

package org.edgernn

import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import org.edgernn.bundle.oneLine

/**
 * A model file of either format in edgernn's own engine, which runs graphs that edgernn exports and refuses
 * every other one. docs/engine.md says how it works.
 *
 * Nothing of the file's bytes is needed once it is open, and [open] keeps none. Several threads score at
 * once, each on its own; a text's probabilities are the same bits alone and beside others.
 *
 * @param file a file whose bytes were not released.
 * @throws ModelException the engine is not in this app, or does not run the graph.
 */
public class NativeClassifier internal constructor(override val file: ModelFile, level: Int) : Classifier {
    @Throws(ModelException::class)
    public constructor(file: ModelFile) : this(file, NativeEngine.AUTO)

    override val runtime: String = "native"
    override val runtimeVersion: String? = null

    /** The instructions that its arithmetic uses, such as `avx2`; `plain` on a phone. */
    override val options: String

    private val model: Long
    private val outputs: Int
    private val shortest: Int
    private val lock = Any()
    private var calls = 0
    private var closed = false

    /** Memory of calls that have ended, for the next ones. */
    private val memories = ConcurrentLinkedQueue<ByteBuffer>()

    init {
        NativeEngine.problem?.let {
            val line = "${file.name}: edgernn's engine is not in this app: ${oneLine(it)}"
            throw ModelException(line, ModelException.Reason.ENGINE)
        }
        val message = ByteArray(NativeEngine.MESSAGE_BYTES)
        model = NativeEngine.open(file.bytes, level, message)
        if (model == 0L) {
            val reason = String(message, 0, message.indexOf(0), Charsets.UTF_8)
            val line = "${file.name}: edgernn's engine does not run it: ${oneLine(reason)}"
            throw ModelException(line, ModelException.Reason.GRAPH)
        }
        outputs = NativeEngine.fact(model, NativeEngine.OUTPUTS)
        shortest = NativeEngine.fact(model, NativeEngine.SHORTEST)
        options = NativeEngine.LEVELS[NativeEngine.fact(model, NativeEngine.LEVEL)]
        val ids = NativeEngine.fact(model, NativeEngine.IDS)
        // The contract's ids would be refused one by one otherwise.
        if (outputs != file.contract.outputs || ids < file.contract.vocabularySize) {
            NativeEngine.close(model)
            throw ModelException(
                "${file.name}: its graph takes $ids ids and gives $outputs probabilities, the contract says " +
                    "${file.contract.vocabularySize} and ${file.contract.outputs}",
                ModelException.Reason.GRAPH,
            )
        }
    }

    override fun probabilities(ids: IntArray): FloatArray {
        requireIds(ids, file)
        return checkedProbabilities(run(ids, intArrayOf(ids.size)), file)
    }

    override fun together(texts: List<IntArray>): List<FloatArray> {
        texts.forEach { requireIds(it, file) }
        val found = ArrayList<FloatArray>(texts.size)
        var first = 0
        while (first < texts.size) {
            var end = first
            var size = 0
            while (end < texts.size && (end == first || size + texts[end].size <= MOST_IDS)) size += texts[end++].size
            val part = texts.subList(first, end)
            val ids = IntArray(size)
            var at = 0
            for (text in part) {
                text.copyInto(ids, at)
                at += text.size
            }
            val all = run(ids, IntArray(part.size) { part[it].size })
            for (row in part.indices) {
                found += checkedProbabilities(all.copyOfRange(row * outputs, (row + 1) * outputs), file)
            }
            first = end
        }
        return found
    }

    /** Closes it. Calls that have begun end as they would have; later ones are refused. */
    override fun close() {
        synchronized(lock) {
            if (!closed) {
                closed = true
                if (calls == 0) NativeEngine.close(model)
            }
        }
        memories.clear()
    }

    private fun run(ids: IntArray, lengths: IntArray): FloatArray {
        synchronized(lock) {
            check(!closed) { "the classifier is closed" }
            calls++
        }
        try {
            return score(ids, lengths)
        } finally {
            synchronized(lock) {
                calls--
                if (closed && calls == 0) NativeEngine.close(model)
            }
        }
    }

    private fun score(ids: IntArray, lengths: IntArray): FloatArray {
        lengths.minOrNull()?.let {
            if (it < shortest) {
                throw failed("a text of $it ids is too short: the network reads $shortest at once")
            }
        }
        val found = FloatArray(lengths.size * outputs)
        val needed = NativeEngine.memory(model, lengths.size, ids.size)
        if (needed < 0) throw failed("a text needs more than 2 GB of memory")
        val memory = memories.poll()?.takeIf { it.capacity() >= needed } ?: ByteBuffer.allocateDirect(needed)
        val status = NativeEngine.score(model, ids, lengths, found, memory)
        memories.add(memory)
        if (status != NativeEngine.OK) {
            throw failed("edgernn's engine failed on a text (status $status)")
        }
        return found
    }

    private fun failed(line: String) = ModelException("${file.name}: $line", ModelException.Reason.SCORE)

    public companion object {
        /** Ids of one call of the engine for several texts. */
        private const val MOST_IDS = 1 shl 14

        /**
         * Reads a model file and opens it; nothing of the file's bytes is kept.
         *
         * @param stream is read to its end, and stays open.
         * @param name what to call the file in an error.
         * @throws ModelException the file is refused, by [ModelFile.read] or by the engine.
         * @throws IOException it cannot be read.
         */
        @JvmStatic
        @Throws(ModelException::class, IOException::class)
        public fun open(stream: InputStream, name: String, unicode: Unicode): NativeClassifier =
            opened(ModelFile.read(stream, name, unicode))

        /**
         * Does the same with the bytes of a file, of which it keeps no copy.
         *
         * @throws ModelException as from a stream.
         */
        @JvmStatic
        @Throws(ModelException::class)
        public fun open(bytes: ByteArray, name: String, unicode: Unicode): NativeClassifier =
            opened(ModelFile.read(bytes, name, unicode))

        private fun opened(file: ModelFile): NativeClassifier = NativeClassifier(file).also { file.release() }

        /** Whether the engine is in this app, for this processor. */
        @JvmStatic
        public val isInstalled: Boolean
            get() = NativeEngine.problem == null
    }
}

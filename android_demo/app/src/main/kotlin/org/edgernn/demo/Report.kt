package org.edgernn.demo

import android.content.Context
import java.io.File
import java.io.IOException
import org.json.JSONException
import org.json.JSONObject

/** A finished benchmark: the JSON that `edgernn bench --merge` takes. */
class Report(val json: String) {
    /** The median of one length of text; [runtime] is what ran a file of which format. */
    class Median(val runtime: String, val tokens: Int, val milliseconds: Double)

    /** Why a model could not be measured. */
    class Problem(val runtime: String, val line: String)

    /** The medians, in the order of the file. */
    val medians = ArrayList<Median>()

    /** The problems, in the order of the file. */
    val problems = ArrayList<Problem>()

    init {
        try {
            read(JSONObject(json))
        } catch (problem: JSONException) {
            throw IllegalStateException("the benchmark's own JSON cannot be read: ${problem.message}", problem)
        }
    }

    private fun read(report: JSONObject) {
        val rows = report.getJSONArray("rows")
        for (i in 0 until rows.length()) {
            val row = rows.getJSONObject(i)
            // One engine may have run a file of each format.
            val runtime = "${row.getString("runtime")}, ${row.getJSONObject("model").getString("format")}"
            if (!row.isNull("problem")) problems.add(Problem(runtime, row.getString("problem")))
            val latency = row.getJSONArray("latency")
            for (j in 0 until latency.length()) {
                val measured = latency.getJSONObject(j)
                medians.add(Median(runtime, measured.getInt("tokens"), measured.getDouble("p50_ms")))
            }
        }
    }

    /**
     * Writes the file that [ReportProvider] hands out, in place of an older one.
     *
     * @throws IOException there is no room.
     */
    fun save(context: Context) {
        val file = file(context)
        val folder = checkNotNull(file.parentFile)
        if (!folder.isDirectory && !folder.mkdirs()) throw IOException("$folder cannot be made")
        val part = File(folder, "$NAME.part")
        part.writeText(json)
        if (!part.renameTo(file)) throw IOException("$file cannot be written")
    }

    companion object {
        /** The name that a receiver sees. */
        const val NAME = "edgernn-bench.json"

        /** Where the last report lies; the system may empty that folder. */
        fun file(context: Context): File = File(File(context.cacheDir, "reports"), NAME)
    }
}

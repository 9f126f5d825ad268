package org.edgernn.demo

import android.content.Context
import java.io.File
import java.io.IOException
import org.json.JSONException
import org.json.JSONObject

/** A finished benchmark: the JSON that `edgernn bench --merge` takes. */
class Report(val json: String) {
    /** The median of one length of text. */
    class Median(val tokens: Int, val milliseconds: Double)

    /**
     * One model.
     *
     * @property name of its file.
     * @property problem why it could not be measured; null where it was.
     */
    class Row(val name: String, val runtime: String, val problem: String?, val medians: List<Median>)

    /** The models, in the order of the file. */
    val rows = ArrayList<Row>()

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
            val latency = row.getJSONArray("latency")
            val medians = (0 until latency.length()).map { latency.getJSONObject(it) }.map {
                Median(it.getInt("tokens"), it.getDouble("p50_ms"))
            }
            val problem = if (row.isNull("problem")) null else row.getString("problem")
            this.rows.add(Row(row.getJSONObject("model").getString("name"), row.getString("runtime"), problem, medians))
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

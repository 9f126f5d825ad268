package org.edgernn.demo

import android.content.res.ColorStateList
import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.ProgressBar
import android.widget.TextView
import kotlin.math.min
import kotlin.math.roundToInt
import org.edgernn.Score

/**
 * All labels of a model as bars, the likeliest first; those beyond the first few when asked for.
 *
 * @param list where the bars stand.
 * @param more the button that asks.
 */
class LabelBars(private val list: ViewGroup, private val more: Button) {
    private val context = list.context

    /** Shows the first [count] labels of a score; nothing where there is none. */
    fun show(score: Score?, count: Int) {
        val total = score?.labels?.size ?: 0
        val shown = min(count, total)
        val inflater = LayoutInflater.from(context)
        while (list.childCount < shown) list.addView(inflater.inflate(R.layout.label, list, false))
        // What is left over from a longer list is used again.
        for (i in 0 until list.childCount) list.getChildAt(i).visibility = if (i < shown) View.VISIBLE else View.GONE
        list.visibility = if (score == null) View.GONE else View.VISIBLE
        more.visibility = if (total > FEW) View.VISIBLE else View.GONE
        if (score == null) return
        val hidden = min(MORE, total - shown)
        more.text =
            if (hidden > 0) context.getString(R.string.labels_more, hidden) else context.getString(R.string.labels_fewer)
        score.ranking().take(shown).forEachIndexed { i, label -> put(list.getChildAt(i), score, label) }
    }

    private fun put(row: View, score: Score, label: Int) {
        val name = score.labels[label]
        val percent = context.percent(score.probabilities[label].toDouble())
        val isGiven = name in score.given
        val color = context.getColor(if (isGiven) R.color.accent else R.color.text_quiet)
        row.contentDescription =
            context.getString(if (isGiven) R.string.label_given_spoken else R.string.label_spoken, name, percent)
        val title: TextView = row.findViewById(R.id.label_name)
        title.text = if (isGiven) context.getString(R.string.label_given, name) else name
        title.setTextColor(color)
        row.findViewById<TextView>(R.id.label_percent).text = percent
        val bar: ProgressBar = row.findViewById(R.id.label_bar)
        bar.progress = (score.probabilities[label] * bar.max).roundToInt()
        bar.progressTintList = ColorStateList.valueOf(color)
    }

    companion object {
        /** How many labels are shown unasked. */
        const val FEW = 5

        private const val MORE = 20

        /** Returns how many are shown after the button was tapped: some more, or the few again. */
        fun afterTap(count: Int, total: Int): Int = if (count < total) count + MORE else FEW
    }
}

/** The numbers of all labels, the likeliest first. */
fun Score.ranking(): List<Int> = labels.indices.sortedByDescending { probabilities[it] }

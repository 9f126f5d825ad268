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
 * The likeliest labels of a model as bars.
 *
 * @param list where the bars stand.
 * @param more the button that opens the list of all, where there are more.
 */
class LabelBars(private val list: ViewGroup, private val more: Button) {
    /** Shows the first labels of a score; nothing where there is none. */
    fun show(score: Score?) {
        val total = score?.labels?.size ?: 0
        val shown = min(FEW, total)
        val inflater = LayoutInflater.from(list.context)
        while (list.childCount < shown) list.addView(inflater.inflate(R.layout.label, list, false))
        for (i in 0 until list.childCount) list.getChildAt(i).visibility = if (i < shown) View.VISIBLE else View.GONE
        list.visibility = if (score == null) View.GONE else View.VISIBLE
        more.visibility = if (total > FEW) View.VISIBLE else View.GONE
        if (score == null) return
        more.text = more.resources.getQuantityString(R.plurals.labels_all, total, total)
        score.ranking().take(shown).forEachIndexed { i, label -> list.getChildAt(i).showLabel(score, label) }
    }

    companion object {
        /** How many labels are shown beside the answer. */
        const val FEW = 5
    }
}

/** Shows a label of a score in a view of layout/label.xml. */
fun View.showLabel(score: Score, label: Int) {
    val name = context.isolated(score.labels[label])
    val percent = context.percent(score.probabilities[label].toDouble())
    val isGiven = score.labels[label] in score.given
    val color = context.getColor(if (isGiven) R.color.accent else R.color.text_quiet)
    contentDescription =
        context.getString(if (isGiven) R.string.label_given_spoken else R.string.label_spoken, name, percent)
    val title: TextView = findViewById(R.id.label_name)
    title.text = if (isGiven) context.getString(R.string.label_given, name) else name
    title.setTextColor(color)
    findViewById<TextView>(R.id.label_percent).text = percent
    val bar: ProgressBar = findViewById(R.id.label_bar)
    bar.progress = (score.probabilities[label] * bar.max).roundToInt()
    bar.progressTintList = ColorStateList.valueOf(color)
}

/** The numbers of all labels, the likeliest first. */
fun Score.ranking(): List<Int> = labels.indices.sortedByDescending { probabilities[it] }

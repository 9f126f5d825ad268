package org.edgernn.demo

import android.content.Context
import android.text.TextPaint
import android.util.AttributeSet
import android.util.TypedValue
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.LinearLayout
import android.widget.RadioGroup
import android.widget.TextView
import java.text.BreakIterator
import kotlin.math.ceil

/** A row that puts its children below each other where a word of one would not fit beside the others. */
class FittingRow(context: Context, attributes: AttributeSet) : LinearLayout(context, attributes) {
    private val fitting = Fitting(this)

    override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) {
        fitting.arrange(widthMeasureSpec)
        super.onMeasure(widthMeasureSpec, heightMeasureSpec)
    }
}

/** The same of choices. */
class FittingRadioGroup(context: Context, attributes: AttributeSet) : RadioGroup(context, attributes) {
    private val fitting = Fitting(this)

    override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) {
        fitting.arrange(widthMeasureSpec)
        super.onMeasure(widthMeasureSpec, heightMeasureSpec)
    }
}

/** A text whose letters get smaller where its longest word is wider than there is room: no word is broken. */
class WholeWords(context: Context, attributes: AttributeSet) : TextView(context, attributes) {
    private var wanted = textSize

    override fun setTextAppearance(style: Int) {
        super.setTextAppearance(style)
        wanted = textSize
    }

    override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) {
        val room = View.MeasureSpec.getSize(widthMeasureSpec) - totalPaddingLeft - totalPaddingRight
        if (View.MeasureSpec.getMode(widthMeasureSpec) != View.MeasureSpec.UNSPECIFIED && room > 0) {
            val longest = longestWord(TextPaint(paint).also { it.textSize = wanted })
            val size = if (longest <= room) wanted else maxOf(wanted * room / longest, wanted / SMALLEST)
            if (size != textSize) setTextSize(TypedValue.COMPLEX_UNIT_PX, size)
        }
        super.onMeasure(widthMeasureSpec, heightMeasureSpec)
    }

    private companion object {
        /** A word that is longer still is broken after all. */
        const val SMALLEST = 2.5f
    }
}

/** Decides for a row whether its children stand beside each other, and how each of them lies then. */
private class Fitting(private val row: LinearLayout) {
    /** What the layout file says of the children. */
    private val beside = HashMap<View, LinearLayout.LayoutParams>()

    fun arrange(widthMeasureSpec: Int) {
        val children = (0 until row.childCount).map(row::getChildAt).filter { it.visibility != View.GONE }
        for (child in children) {
            if (child !in beside) beside[child] = LinearLayout.LayoutParams(child.layoutParams as LinearLayout.LayoutParams)
        }
        val known = View.MeasureSpec.getMode(widthMeasureSpec) != View.MeasureSpec.UNSPECIFIED
        val room = View.MeasureSpec.getSize(widthMeasureSpec) - row.paddingLeft - row.paddingRight
        val fits = !known || fit(children, room)
        row.orientation = if (fits) LinearLayout.HORIZONTAL else LinearLayout.VERTICAL
        children.forEachIndexed { i, child ->
            val place = child.layoutParams as LinearLayout.LayoutParams
            val own = beside.getValue(child)
            place.width = if (fits || own.weight == 0f) own.width else ViewGroup.LayoutParams.MATCH_PARENT
            place.height = if (fits) own.height else ViewGroup.LayoutParams.WRAP_CONTENT
            place.weight = if (fits) own.weight else 0f
            place.marginEnd = if (fits) own.marginEnd else 0
            // The gap between two is above the second then, a small one within what is read as one.
            val gap = if (i == 0) 0 else beside.getValue(children[i - 1]).marginEnd
            place.topMargin = if (fits) own.topMargin else if (child is Button) gap else gap / 4
        }
    }

    private fun fit(children: List<View>, room: Int): Boolean {
        val weights = children.map { beside.getValue(it).weight }
        var left = room
        children.forEachIndexed { i, child ->
            left -= beside.getValue(child).marginEnd
            if (weights[i] == 0f) left -= least(child)
        }
        return children.indices.all { weights[it] == 0f || least(children[it]) <= left * weights[it] / weights.sum() } &&
            left >= 0
    }

    private fun least(view: View): Int {
        if (view is TextView && beside.getValue(view).weight > 0) {
            val words = ceil(view.longestWord()).toInt() + view.totalPaddingLeft + view.totalPaddingRight
            return maxOf(words, view.minimumWidth)
        }
        view.measure(View.MeasureSpec.UNSPECIFIED, View.MeasureSpec.UNSPECIFIED)
        return view.measuredWidth
    }
}

/** The width of the longest part of a text that a line break would tear, in pixels. */
private fun TextView.longestWord(paint: TextPaint = this.paint): Float {
    val shown = text.toString()
    val breaks = BreakIterator.getLineInstance(resources.configuration.locales[0])
    breaks.setText(shown)
    var longest = 0f
    var start = breaks.first()
    var end = breaks.next()
    while (end != BreakIterator.DONE) {
        longest = maxOf(longest, paint.measureText(shown.substring(start, end).trimEnd()))
        start = end
        end = breaks.next()
    }
    return longest
}

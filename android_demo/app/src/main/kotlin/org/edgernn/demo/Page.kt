package org.edgernn.demo

import android.annotation.TargetApi
import android.app.Activity
import android.content.Context
import android.graphics.Insets
import android.graphics.Rect
import android.os.Build
import android.text.BidiFormatter
import android.view.View
import android.view.ViewGroup
import android.view.WindowInsets
import android.widget.TextView
import java.text.NumberFormat
import java.util.Locale

/** The app, from one of its pages. */
val Activity.demo: DemoApplication
    get() = application as DemoApplication

/** The language in which the page is. */
val Context.locale: Locale
    get() = resources.configuration.locales[0]

/** A name, label or line of a file so that it stays in one piece in a sentence of the other direction. */
fun Context.isolated(text: String): String = BidiFormatter.getInstance(locale).unicodeWrap(text)

/** What people call a runtime, which a bench names shortly. */
fun Context.runtimeName(runtime: String): String =
    when (runtime) {
        "native" -> getString(R.string.runtime_engine)
        "onnxruntime" -> getString(R.string.runtime_onnxruntime)
        else -> getString(R.string.runtime_tensorflow)
    }

/** How many milliseconds, as people read it. */
fun Context.milliseconds(value: Double, digits: Int): String =
    getString(R.string.milliseconds, String.format(locale, "%.${digits}f", value))

/** Adds a line with a name and a value. */
fun Activity.addFact(list: ViewGroup, fact: Fact) {
    val row = layoutInflater.inflate(R.layout.fact, list, false)
    row.findViewById<TextView>(R.id.fact_name).text = isolated(fact.name)
    row.findViewById<TextView>(R.id.fact_value).text = isolated(fact.value)
    list.addView(row)
}

/** Shows what went wrong in two lines: for people, and for whoever mends it. */
fun Activity.showProblem(problem: Problem?, message: TextView, detail: TextView) {
    message.showOrHide(problem?.message(this))
    detail.showOrHide(problem?.let { isolated(it.detail) })
}

/** A share as people read it, with one digit behind the point at most. */
fun Context.percent(share: Double): String =
    NumberFormat.getPercentInstance(locale).run {
        maximumFractionDigits = 1
        format(share)
    }

/** Shows a line, or takes the view away where there is none. */
fun TextView.showOrHide(line: CharSequence?) {
    if (text.toString() != (line ?: "").toString()) text = line
    visibility = if (line.isNullOrEmpty()) View.GONE else View.VISIBLE
}

/**
 * Keeps what can be read and tapped clear of status bar, navigation bar, camera hole and keyboard: from
 * Android 15 on, pages reach from edge to edge of the screen.
 */
fun View.padForSystemBars() {
    val own = Rect(paddingLeft, paddingTop, paddingRight, paddingBottom)
    setOnApplyWindowInsetsListener { view, insets ->
        val bars = systemBars(insets)
        view.setPadding(
            own.left + bars.left,
            own.top + bars.top,
            own.right + bars.right,
            own.bottom + bars.bottom,
        )
        insets
    }
}

private fun systemBars(insets: WindowInsets): Rect =
    if (Build.VERSION.SDK_INT >= ANDROID_11) newSystemBars(insets) else oldSystemBars(insets)

/**
 * Not `VERSION_CODES.R`: Robolectric's Android, against which Maven compiles, has no constants there
 * but variables, and a phone with an older Android has no such variable.
 */
private const val ANDROID_11 = 30

@TargetApi(ANDROID_11)
private fun newSystemBars(insets: WindowInsets): Rect {
    val bars: Insets = insets.getInsets(
        WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout() or WindowInsets.Type.ime(),
    )
    return Rect(bars.left, bars.top, bars.right, bars.bottom)
}

@Suppress("DEPRECATION") // The only way before Android 11.
private fun oldSystemBars(insets: WindowInsets): Rect = Rect(
    insets.systemWindowInsetLeft,
    insets.systemWindowInsetTop,
    insets.systemWindowInsetRight,
    insets.systemWindowInsetBottom,
)

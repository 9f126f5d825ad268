package org.edgernn.demo

import android.annotation.TargetApi
import android.app.Activity
import android.content.Context
import android.graphics.Insets
import android.graphics.Rect
import android.os.Build
import android.view.View
import android.view.WindowInsets
import android.widget.TextView
import java.text.NumberFormat
import org.edgernn.Format

/** The app, from one of its pages. */
val Activity.demo: DemoApplication
    get() = application as DemoApplication

/** The name of the runtime that a format needs, for people. */
val Format.runtimeName: Int
    get() = when (this) {
        Format.ONNX -> R.string.runtime_onnx
        Format.TFLITE -> R.string.runtime_tflite
    }

/** A share as people read it, with one digit behind the point at most. */
fun Context.percent(share: Double): String =
    NumberFormat.getPercentInstance(resources.configuration.locales[0]).run {
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

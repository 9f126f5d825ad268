package org.edgernn.demo

import android.app.Activity
import android.content.ClipData
import android.content.Intent
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.TextView
import org.edgernn.Benchmark
import org.edgernn.Format

/** Times the models on this phone by the protocol of `edgernn bench`, and shares the result. */
class BenchmarkActivity : Activity() {
    private val changed = Runnable { render() }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.activity_benchmark)
        findViewById<View>(R.id.page).padForSystemBars()
        findViewById<TextView>(R.id.title).setText(R.string.benchmark_title)
        findViewById<View>(R.id.back).setOnClickListener { finish() }
        findViewById<View>(R.id.start).setOnClickListener { start() }
        findViewById<View>(R.id.stop).setOnClickListener { demo.benchmark.stop() }
        findViewById<View>(R.id.share).setOnClickListener { share() }
        demo.benchmark.listener = changed
        demo.store.listen(changed)
        render()
    }

    override fun onDestroy() {
        // After a rotation the next page has put its own listener there already.
        if (demo.benchmark.listener === changed) demo.benchmark.listener = null
        demo.store.ignore(changed)
        super.onDestroy()
    }

    private fun start() {
        val app = demo
        val classifiers = app.store.ready
        if (classifiers.isEmpty()) return
        app.benchmark.start { progress ->
            val json = Benchmark(classifiers, phone(app, classifiers), app.benchmarkSettings).run(progress)
            Report(json).also { it.save(app) }
        }
    }

    private fun render() {
        val state = demo.benchmark.state
        val opening = Format.values().any { demo.store.slot(it) is Slot.Opening }
        findViewById<Button>(R.id.start).isEnabled =
            demo.store.ready.isNotEmpty() && !opening && !demo.benchmark.running
        findViewById<Button>(R.id.stop).isEnabled = demo.benchmark.running
        findViewById<View>(R.id.page).keepScreenOn = demo.benchmark.running
        val progress: TextView = findViewById(R.id.progress)
        // A screen reader says that it begins and how it ends, not each of the rounds, some a second.
        progress.accessibilityLiveRegion =
            if (state is Work.State.Running && state.line != null) {
                View.ACCESSIBILITY_LIVE_REGION_NONE
            } else {
                View.ACCESSIBILITY_LIVE_REGION_POLITE
            }
        progress.showOrHide(
            when (state) {
                is Work.State.Idle -> whyNot()
                is Work.State.Running -> state.line ?: getString(R.string.benchmark_running)
                is Work.State.Done -> getString(if (state.stopped) R.string.benchmark_stopped else R.string.benchmark_done)
                is Work.State.Failed -> getString(R.string.failure, state.message)
            },
        )
        val report = (state as? Work.State.Done)?.value
        findViewById<TextView>(R.id.result).showOrHide(report?.let(::lines))
        findViewById<View>(R.id.share).visibility = if (report == null) View.GONE else View.VISIBLE
    }

    /** Returns the messages of the models that cannot be measured, and null where there are none. */
    private fun whyNot(): String? {
        if (demo.store.chosen == null) return getString(R.string.no_model)
        return Format.values().mapNotNull { (demo.store.slot(it) as? Slot.Broken)?.message }
            .joinToString("\n").ifEmpty { null }
    }

    private fun lines(report: Report): String {
        val locale = resources.configuration.locales[0]
        val medians = report.medians.map {
            getString(R.string.benchmark_row, it.runtime, it.tokens, String.format(locale, "%.2f", it.milliseconds))
        }
        val problems = report.problems.map { getString(R.string.benchmark_problem, it.runtime, it.line) }
        return (medians + problems).joinToString("\n")
    }

    private fun share() {
        val report = (demo.benchmark.state as? Work.State.Done)?.value ?: return
        val address = ReportProvider.address(this)
        val send = Intent(Intent.ACTION_SEND)
            .setType("text/plain")
            .putExtra(Intent.EXTRA_SUBJECT, getString(R.string.benchmark_share_subject, Report.NAME))
            .putExtra(Intent.EXTRA_STREAM, address)
            .addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        // Some receivers take text alone. What one app hands to another has to stay far below 1 MB.
        if (report.json.length <= MOST_TEXT) send.putExtra(Intent.EXTRA_TEXT, report.json)
        // The grant goes with the clip data, through the chooser too.
        send.clipData = ClipData.newUri(contentResolver, Report.NAME, address)
        startActivity(Intent.createChooser(send, getString(R.string.benchmark_share)))
    }

    private companion object {
        const val MOST_TEXT = 100_000
    }
}

package org.edgernn.demo

import android.app.Activity
import android.content.ClipData
import android.content.Intent
import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.TextView
import org.edgernn.Benchmark
import org.edgernn.Format

/** Times the models on this phone by the protocol of `edgernn bench`, and shares the result. */
class BenchmarkActivity : Activity() {
    private val changed = Runnable { render() }
    private var shown: Report? = null

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
        findViewById<TextView>(R.id.progress).showOrHide(
            when (state) {
                is Work.State.Idle -> whyNot()
                is Work.State.Running -> getString(R.string.benchmark_running)
                is Work.State.Done -> getString(if (state.stopped) R.string.benchmark_stopped else R.string.benchmark_done)
                is Work.State.Failed -> state.problem.message(this)
            },
        )
        // A screen reader says that it begins and how it ends, not each of the rounds, some a second.
        findViewById<TextView>(R.id.step).showOrHide(
            when (state) {
                is Work.State.Running -> state.line?.let(::isolated)
                is Work.State.Failed -> isolated(state.problem.detail)
                else -> null
            },
        )
        val report = (state as? Work.State.Done)?.value
        if (report !== shown) showReport(report)
        findViewById<View>(R.id.share).visibility = if (report == null) View.GONE else View.VISIBLE
    }

    /** Returns the messages of the models that cannot be measured, and null where there are none. */
    private fun whyNot(): String? {
        if (demo.store.current is Slot.Absent) return getString(R.string.no_model)
        return Format.values().mapNotNull { (demo.store.slot(it) as? Slot.Broken)?.problem?.message(this) }
            .joinToString("\n").ifEmpty { null }
    }

    private fun showReport(report: Report?) {
        shown = report
        val list = findViewById<ViewGroup>(R.id.result)
        list.removeAllViews()
        list.visibility = if (report?.rows.isNullOrEmpty()) View.GONE else View.VISIBLE
        for (row in report?.rows.orEmpty()) {
            val title = layoutInflater.inflate(R.layout.section, list, false) as TextView
            title.text = getString(R.string.benchmark_model, isolated(row.name), runtimeName(row.runtime))
            list.addView(title)
            for (median in row.medians) {
                val tokens = resources.getQuantityString(R.plurals.tokens, median.tokens, median.tokens)
                addFact(list, Fact(tokens, milliseconds(median.milliseconds, 2)))
            }
            row.problem?.let { addFact(list, Fact(getString(R.string.benchmark_problem), it)) }
        }
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

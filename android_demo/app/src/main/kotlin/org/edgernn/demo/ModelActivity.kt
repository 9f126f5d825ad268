package org.edgernn.demo

import android.app.Activity
import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.TextView
import java.text.NumberFormat
import java.util.Locale
import org.edgernn.Classifier
import org.edgernn.Verification
import org.edgernn.Verified

/** What the model file in use is, read from the file; and whether it answers here as it should. */
class ModelActivity : Activity() {
    private lateinit var verify: Work<Verified>
    private val changed = Runnable { render() }
    private var shown: Classifier? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.activity_model)
        findViewById<View>(R.id.page).padForSystemBars()
        findViewById<TextView>(R.id.title).setText(R.string.model_title)
        findViewById<View>(R.id.back).setOnClickListener { finish() }
        @Suppress("UNCHECKED_CAST") // What onRetainNonConfigurationInstance below gave.
        verify = lastNonConfigurationInstance as Work<Verified>? ?: Work(demo.background, demo.main)
        verify.listener = changed
        demo.store.listen(changed)
        findViewById<View>(R.id.verify).setOnClickListener {
            val slot = demo.store.current
            if (slot is Slot.Ready) verify.start { Verification.run(slot.classifier) }
        }
        render()
    }

    override fun onRetainNonConfigurationInstance(): Any = verify

    override fun onDestroy() {
        verify.listener = null
        demo.store.ignore(changed)
        super.onDestroy()
    }

    private fun render() {
        val slot = demo.store.current
        val classifier = (slot as? Slot.Ready)?.classifier
        val problem: TextView = findViewById(R.id.problem)
        problem.showOrHide(
            when (slot) {
                is Slot.Ready -> null
                is Slot.Opening -> getString(R.string.opening, isolated(demo.store.currentName.orEmpty()))
                is Slot.Broken -> slot.problem.message(this)
                is Slot.Absent -> getString(R.string.no_model)
            },
        )
        problem.setTextColor(getColor(if (slot is Slot.Broken) R.color.problem else R.color.text_quiet))
        findViewById<View>(R.id.problem_card).visibility = problem.visibility
        findViewById<TextView>(R.id.problem_detail)
            .showOrHide((slot as? Slot.Broken)?.let { isolated(it.problem.detail) })
        findViewById<View>(R.id.verify_card).visibility = if (classifier == null) View.GONE else View.VISIBLE
        findViewById<Button>(R.id.verify).isEnabled = classifier?.file?.golden != null && !verify.running
        showVerified(classifier)
        if (classifier != null && classifier !== shown) showFacts(classifier)
        shown = classifier
    }

    private fun showVerified(classifier: Classifier?) {
        val state = verify.state
        val line: TextView = findViewById(R.id.verified)
        val detail: TextView = findViewById(R.id.verified_detail)
        detail.showOrHide(
            when (state) {
                is Work.State.Failed -> isolated(state.problem.detail)
                is Work.State.Done -> failures(state.value)
                else -> null
            },
        )
        line.showOrHide(
            when (state) {
                is Work.State.Running -> getString(R.string.verify_running)
                is Work.State.Failed -> state.problem.message(this)
                is Work.State.Done -> verdict(state.value)
                is Work.State.Idle ->
                    if (classifier != null && classifier.file.golden == null) getString(R.string.verify_nothing) else null
            },
        )
        val bad = state is Work.State.Failed || (state is Work.State.Done && !state.value.passed)
        line.setTextColor(getColor(if (bad) R.color.problem else R.color.text))
    }

    private fun verdict(verified: Verified): String {
        if (verified.passed) {
            return resources.getQuantityString(
                R.plurals.verify_passed,
                verified.vectors,
                verified.vectors,
                tiny(verified.largestDifference),
                tiny(verified.tolerance),
            )
        }
        return resources.getQuantityString(R.plurals.verify_failed, verified.failures.size, verified.failures.size)
    }

    /** A number as programs write it, in one piece everywhere. */
    private fun tiny(number: Float): String = isolated(String.format(Locale.ROOT, "%.1e", number))

    /** Which golden vectors came out differently, in the library's words. */
    private fun failures(verified: Verified): String {
        val more = if (verified.failures.size > MOST_FAILURES) listOf("…") else emptyList()
        return (verified.failures.take(MOST_FAILURES) + more).joinToString("\n", transform = ::isolated)
    }

    private fun showFacts(classifier: Classifier) {
        val file = classifier.file
        val list = findViewById<ViewGroup>(R.id.facts)
        list.removeAllViews()
        val runtime = runtimeName(classifier.runtime)
        val version = classifier.runtimeVersion?.let { " $it" }.orEmpty()
        val bytes = NumberFormat.getIntegerInstance(locale).format(file.size)
        add(
            list,
            FactSection(
                getString(R.string.section_file),
                listOf(
                    Fact(getString(R.string.row_name), file.name),
                    Fact(getString(R.string.row_format), file.format.name.lowercase()),
                    Fact(getString(R.string.row_size), resources.getQuantityString(R.plurals.bytes, file.size, bytes)),
                    Fact(getString(R.string.row_sha256), file.sha256),
                    Fact(getString(R.string.row_runtime), runtime + version),
                ),
            ),
        )
        val writer = FactWriter(
            getString(R.string.value_none),
            getString(R.string.value_yes),
            getString(R.string.value_no),
        )
        writer.card(file.card, getString(R.string.section_card)).forEach { add(list, it) }
        add(list, FactSection(getString(R.string.section_contract), writer.contract(file.contract.fields)))
    }

    private fun add(list: ViewGroup, section: FactSection) {
        val title = layoutInflater.inflate(R.layout.section, list, false) as TextView
        title.text = section.title.replaceFirstChar { it.titlecase() }
        list.addView(title)
        for (fact in section.facts) {
            addFact(list, fact)
        }
    }

    private companion object {
        const val MOST_FAILURES = 10
    }
}

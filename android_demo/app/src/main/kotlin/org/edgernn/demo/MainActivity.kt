package org.edgernn.demo

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.content.res.ColorStateList
import android.os.BadParcelableException
import android.os.Bundle
import android.text.Editable
import android.text.InputFilter
import android.text.TextWatcher
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.ProgressBar
import android.widget.RadioButton
import android.widget.RadioGroup
import android.widget.TextView
import android.widget.Toast
import kotlin.math.roundToInt
import org.edgernn.Format
import org.edgernn.Score

/** Type, paste, share or tap a text, and see its label. */
class MainActivity : Activity() {
    private lateinit var scoring: ScoringModel
    private lateinit var input: EditText
    private lateinit var bars: LabelBars
    private val modelChanged = Runnable { render() }
    private val radios: Map<Format, RadioButton> by lazy {
        mapOf(
            Format.ONNX to findViewById(R.id.runtime_onnx),
            Format.TFLITE to findViewById(R.id.runtime_tflite),
        )
    }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.activity_main)
        findViewById<View>(R.id.page).padForSystemBars()
        scoring = lastNonConfigurationInstance as ScoringModel?
            ?: ScoringModel(demo.store, demo.background, demo.main, clock = demo.clock)
        if (resources.getBoolean(R.bool.side_by_side)) putSideBySide()
        connectInput()
        connectModels()
        connectLabels()
        addSamples()
        open(R.id.open_model, ModelActivity::class.java)
        open(R.id.open_benchmark, BenchmarkActivity::class.java)
        if (savedInstanceState == null) takeShared(intent)
        scoring.listener = modelChanged
        demo.store.listen(modelChanged)
        render()
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        setIntent(intent)
        takeShared(intent)
    }

    override fun onResume() {
        super.onResume()
        render() // A benchmark may have been started or have ended.
    }

    override fun onRetainNonConfigurationInstance(): Any = scoring

    override fun onDestroy() {
        demo.store.ignore(modelChanged)
        scoring.listener = null
        if (!isChangingConfigurations) scoring.close()
        super.onDestroy()
    }

    private fun putSideBySide() {
        val columns: LinearLayout = findViewById(R.id.columns)
        columns.orientation = LinearLayout.HORIZONTAL
        for (index in 0 until columns.childCount) {
            val place = columns.getChildAt(index).layoutParams as LinearLayout.LayoutParams
            place.width = 0
            place.weight = 1f
            if (index > 0) place.marginStart = resources.getDimensionPixelSize(R.dimen.gap)
        }
    }

    private fun connectInput() {
        input = findViewById(R.id.input)
        input.filters = arrayOf(InputFilter.LengthFilter(MOST_CHARACTERS))
        input.addTextChangedListener(object : TextWatcher {
            override fun beforeTextChanged(text: CharSequence, start: Int, count: Int, after: Int) = Unit

            override fun onTextChanged(text: CharSequence, start: Int, before: Int, count: Int) = Unit

            override fun afterTextChanged(text: Editable) = scoring.type(text.toString())
        })
        findViewById<View>(R.id.clear).setOnClickListener { input.setText("") }
    }

    private fun connectModels() {
        showModels()
        // Not the group's listener, which also tells of what showModels does.
        for ((format, radio) in radios) radio.setOnClickListener { demo.store.choose(format) }
        findViewById<View>(R.id.runtime_picked).setOnClickListener { demo.store.choosePicked() }
        val pick = findViewById<View>(R.id.pick)
        // Other runtimes may not be given files from anywhere.
        pick.visibility = if (demo.takesPicked) View.VISIBLE else View.GONE
        pick.setOnClickListener { pick() }
    }

    private fun showModels() {
        val store = demo.store
        for ((format, radio) in radios) {
            radio.visibility = if (store.slot(format) is Slot.Absent) View.GONE else View.VISIBLE
        }
        findViewById<RadioButton>(R.id.runtime_picked).showOrHide(store.pickedName?.let(::isolated))
        val group: RadioGroup = findViewById(R.id.runtimes)
        group.check(if (store.usesPicked) R.id.runtime_picked else radios[store.chosen]?.id ?: View.NO_ID)
        group.visibility = if (store.currentName == null) View.GONE else View.VISIBLE
        findViewById<TextView>(R.id.picking).showOrHide(if (store.picking) getString(R.string.picking) else null)
        findViewById<View>(R.id.refused).visibility = if (store.refusal == null) View.GONE else View.VISIBLE
        showProblem(store.refusal, findViewById(R.id.refused_message), findViewById(R.id.refused_detail))
        findViewById<TextView>(R.id.refused_kept).showOrHide(
            store.currentName?.takeIf { store.refusal != null }?.let { getString(R.string.pick_kept, isolated(it)) },
        )
    }

    private fun pick() {
        val anyFile = Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("*/*")
        try {
            startActivityForResult(anyFile, PICK)
        } catch (problem: ActivityNotFoundException) {
            // Some televisions and cars have none.
            Toast.makeText(this, R.string.pick_impossible, Toast.LENGTH_LONG).show()
        }
    }

    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        super.onActivityResult(requestCode, resultCode, data)
        val address = data?.data
        if (requestCode != PICK || resultCode != RESULT_OK || address == null) return
        val resolver = applicationContext.contentResolver
        demo.store.pick(getString(R.string.picked_file)) { PickedFile.read(resolver, address) }
    }

    private fun connectLabels() {
        bars = LabelBars(findViewById(R.id.labels), findViewById(R.id.more))
        findViewById<View>(R.id.more).setOnClickListener {
            demo.listed = (scoring.answer as? Answer.Scored)?.score
            startActivity(Intent(this, LabelsActivity::class.java))
        }
    }

    private fun addSamples() {
        val list = findViewById<ViewGroup>(R.id.samples)
        for (sample in resources.getStringArray(R.array.samples)) {
            val button = layoutInflater.inflate(R.layout.sample, list, false) as Button
            button.text = sample
            button.setOnClickListener { put(sample) }
            list.addView(button)
        }
    }

    private fun open(button: Int, page: Class<out Activity>) {
        findViewById<View>(button).setOnClickListener { startActivity(Intent(this, page)) }
    }

    private fun takeShared(intent: Intent) {
        if (intent.action != Intent.ACTION_SEND) return
        val shared = try {
            intent.getCharSequenceExtra(Intent.EXTRA_TEXT)
        } catch (problem: BadParcelableException) {
            null // Another app sent an object that is not text and that this one cannot read.
        }
        if (shared != null) {
            put(shared.toString())
        } else {
            // A file of text, for example: of that the sender gives an address alone.
            Toast.makeText(this, R.string.share_in_no_text, Toast.LENGTH_LONG).show()
        }
    }

    private fun put(text: String) {
        input.setText(text)
        input.setSelection(input.length())
    }

    private fun render() {
        showModels()
        val slot = demo.store.current
        val answer = scoring.answer
        val line: TextView = findViewById(R.id.answer)
        val held = demo.benchmark.running && scoring.pending
        val scored = (answer as? Answer.Scored).takeIf { slot is Slot.Ready && !held }
        showScored(scored)
        if (scored == null) {
            val problem = (slot as? Slot.Broken)?.problem ?: (answer as? Answer.Refused)?.problem
            line.contentDescription = null
            say(line, problem?.message(this) ?: stateLine(slot))
            line.setTextAppearance(if (problem != null) R.style.Problem else R.style.Hint)
            // What a text is refused for needs no other words.
            val detail = problem?.takeIf { it.kind != Problem.Kind.EMPTY_TEXT && it.kind != Problem.Kind.NO_TOKENS }
            findViewById<TextView>(R.id.details).showOrHide(detail?.let { isolated(it.detail) })
        }
        line.alpha = if (scoring.pending) STALE else 1f
        val full = scoring.text.length >= MOST_CHARACTERS - 1 // A pair of surrogates is not cut in two.
        findViewById<TextView>(R.id.cut).showOrHide(
            if (full) getString(R.string.text_cut, MOST_CHARACTERS) else null,
        )
    }

    private fun stateLine(slot: Slot): String = when {
        slot is Slot.Absent && demo.store.picking -> getString(R.string.picking)
        slot is Slot.Absent -> getString(R.string.no_model)
        demo.benchmark.running && scoring.pending -> getString(R.string.waiting_benchmark)
        slot is Slot.Opening -> getString(R.string.opening, isolated(demo.store.currentName.orEmpty()))
        scoring.pending -> getString(R.string.waiting)
        else -> getString(R.string.nothing_typed)
    }

    private fun showScored(scored: Answer.Scored?) {
        val score = scored?.score
        val probability = score?.probability
        for (id in intArrayOf(R.id.probability, R.id.ends)) {
            findViewById<View>(id).visibility = if (probability == null) View.GONE else View.VISIBLE
        }
        val details: TextView = findViewById(R.id.details)
        details.visibility = if (score == null) View.GONE else View.VISIBLE
        bars.show(score.takeIf { probability == null })
        findViewById<TextView>(R.id.unread).showOrHide(scored?.unread?.let(::unreadLine))
        if (scored == null || score == null) return
        val tokens = resources.getQuantityString(R.plurals.tokens, score.tokens, score.tokens)
        val time = milliseconds(scored.milliseconds, 1)
        if (probability == null) {
            showSeveral(score)
            details.text = getString(R.string.answer_details_labels, tokens, time)
        } else {
            val percent = percent(probability.toDouble())
            showTwo(score, probability, percent)
            details.text = getString(R.string.answer_details, isolated(score.labels[1]), percent, tokens, time)
        }
    }

    private fun unreadLine(unread: Unread): String =
        resources.getQuantityString(
            if (unread.first) R.plurals.reads_first else R.plurals.reads_last,
            unread.tokens,
            unread.tokens,
            unread.read,
        )

    /** Shows one of two labels, and on a bar how far from the other it is. */
    private fun showTwo(score: Score, probability: Float, percent: String) {
        val (first, second) = score.labels.map(::isolated)
        val color = when (score.label) {
            null -> R.color.text_quiet
            score.labels[1] -> R.color.label_second
            else -> R.color.label_first
        }
        val label = score.label?.let(::isolated) ?: getString(R.string.no_label)
        answer(label, getString(R.string.answer_spoken, label, second, percent), color)
        val bar = findViewById<ProgressBar>(R.id.probability)
        bar.progress = (probability * bar.max).roundToInt()
        bar.progressTintList = ColorStateList.valueOf(getColor(color))
        bar.contentDescription = getString(R.string.answer_bar, second, percent)
        findViewById<TextView>(R.id.first_label).text = first
        findViewById<TextView>(R.id.second_label).text = second
    }

    /** Shows the labels given, the likeliest first; bars below have all of them. */
    private fun showSeveral(score: Score) {
        val ranked = score.ranking()
        val names = score.given.toSet()
        val given = ranked.filter { score.labels[it] in names }
        fun spoken(label: Int) =
            getString(
                R.string.label_spoken,
                isolated(score.labels[label]),
                percent(score.probabilities[label].toDouble()),
            )

        if (given.isEmpty()) {
            answer(getString(R.string.no_label), getString(R.string.no_label_spoken, spoken(ranked[0])), R.color.text_quiet)
            return
        }
        val few = given.take(LabelBars.FEW)
        val more = given.size - few.size
        fun line(pair: Int, names: List<String>): String {
            val all = names.reduce { before, name -> getString(pair, before, name) }
            return if (more == 0) all else resources.getQuantityString(R.plurals.answer_several, more, all, more)
        }
        answer(
            line(R.string.list_pair, few.map { isolated(score.labels[it]) }),
            line(R.string.list_pair_spoken, few.map(::spoken)),
            R.color.accent,
        )
    }

    private fun answer(label: String, spoken: String, color: Int) {
        val line: TextView = findViewById(R.id.answer)
        line.setTextAppearance(R.style.Answer)
        line.setTextColor(getColor(color))
        line.contentDescription = spoken
        say(line, label)
    }

    /** Sets a text where it is another one: a live region speaks each time it is set. */
    private fun say(view: TextView, line: String) {
        if (view.text.toString() != line) view.text = line
    }

    companion object {
        /** The most characters of a text; longer ones are cut. A network reads some hundred tokens. */
        const val MOST_CHARACTERS = 20_000

        private const val STALE = 0.6f
        private const val PICK = 1
    }
}

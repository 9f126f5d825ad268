package org.edgernn.demo

import android.app.Activity
import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.widget.BaseAdapter
import android.widget.ListView
import android.widget.TextView
import org.edgernn.Score

/** All labels of a model with their probabilities for a text, the likeliest first, however many there are. */
class LabelsActivity : Activity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        val score = demo.listed
        if (score == null) {
            // The system has ended the app since; the page below scores its text again.
            finish()
            return
        }
        setContentView(R.layout.activity_labels)
        findViewById<View>(R.id.page).padForSystemBars()
        // For screen readers, too.
        title = resources.getQuantityString(R.plurals.labels_title, score.labels.size, score.labels.size)
        findViewById<TextView>(R.id.title).text = title
        findViewById<View>(R.id.back).setOnClickListener { finish() }
        findViewById<ListView>(R.id.labels).adapter = Labels(score)
    }

    /** Of a thousand labels there are as many views as fit the screen. */
    private inner class Labels(private val score: Score) : BaseAdapter() {
        private val ranking = score.ranking()

        override fun getCount(): Int = ranking.size

        override fun getItem(position: Int): String = score.labels[ranking[position]]

        override fun getItemId(position: Int): Long = ranking[position].toLong()

        override fun getView(position: Int, used: View?, parent: ViewGroup): View {
            val view = used ?: layoutInflater.inflate(R.layout.label, parent, false)
            view.showLabel(score, ranking[position])
            return view
        }
    }
}
